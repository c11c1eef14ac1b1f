-- Z3: an e-mail address in the path of an item is one component, so no part of it stands above it.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
CREATE ROLE addresses_app;
-- eve holds VIEW and MANAGE on an item; what each function then says of another one
CREATE FUNCTION addresses_asked(held text, asked text, OUT "has" boolean, OUT has_any boolean, OUT manages boolean, OUT require boolean,
								OUT listed boolean, OUT may_grant boolean, OUT may_revoke boolean, OUT sees boolean, OUT grantees boolean, OUT folded boolean)
LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM authz.item_permission;
	INSERT INTO authz.item_permission (email, client, item, permission)
	SELECT email, 'my-client', i, permission
	  FROM (VALUES ('eve@evil.example', held, 'VIEW'), ('eve@evil.example', held, 'MANAGE'), ('else@mail.com', asked, 'VIEW')) AS rows (email, i, permission);
	"has" := authz.has_item_permission(asked, 'VIEW', true);
	has_any := authz.has_any_item_permission(asked, '{EDIT,VIEW}', true);
	manages := authz.manages_item(asked);
	require := mint.outcome(format('SELECT authz.require_item_permission(%L, %L, true)', asked, 'VIEW')) NOT LIKE '42501%';
	folded := mint.outcome(format('SELECT 1 / count(*) FROM authz.profile WHERE authz.has_item_permission(%L, %L, true)', asked, 'VIEW')) NOT LIKE '22012%';
	PERFORM set_config('role', 'addresses_app', true);
	sees := EXISTS (SELECT FROM authz.item_permission WHERE item = asked AND email = 'else@mail.com');
	PERFORM set_config('role', 'none', true);
	grantees := EXISTS (SELECT FROM authz.item_grantees(asked, 'VIEW') e WHERE e = 'else@mail.com');
	may_grant := mint.outcome(format('SELECT authz.grant_item_permission(%L, %L)', 'new@mail.com', asked)) NOT LIKE '42501%';
	may_revoke := mint.outcome(format('SELECT authz.revoke_item_permission(%L, %L)', 'else@mail.com', asked)) NOT LIKE '42501%';
	-- what is below an item as item_permissions() lists it
	INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('eve@evil.example', 'my-client', asked, 'VIEW') ON CONFLICT DO NOTHING;
	listed := EXISTS (SELECT FROM authz.item_permissions(held, true) p WHERE p.item = asked);
END $$;
GRANT SELECT ON authz.item_permission TO addresses_app;
CALL mint.login('tD0', '{"email": "eve@evil.example"}');
SET plan_cache_mode = force_custom_plan;

-- the example of the fault: ann lets eve see her profile, and that is all that eve sees
CALL mint.login('tD0', '{"email": "ann@mail.com"}');
SELECT authz.grant_profile_permission('eve@evil.example', 'study1');
CALL mint.login('tD0', '{"email": "eve@evil.example"}');
-- accept
SELECT authz.has_item_permission('SciReg.study1.profile.ann@mail.com', 'VIEW', true) AS ann, authz.has_item_permission('SCIREG.study1.Profile.ANN@mail.COM', 'view') AS in_another_case;
-- refuse
SELECT authz.has_item_permission('SciReg.study1.profile.ann@mail.com.br', 'VIEW', true) AS br, authz.has_item_permission('SciReg.study1.profile.ann@mail.com.BR', 'VIEW', true) AS in_another_case,
	   authz.has_item_permission('SciReg.study1.profile.ann@mail.com.consents', 'VIEW', true) AS what_could_be_below;

-- accept: an item itself, and what is below names; every function says the same
SELECT held, asked, addresses_asked(held, asked) FROM (VALUES
	('SciReg.study1.profile.ann@mail.com', 'SciReg.study1.profile.ann@mail.com'),
	('SciReg.study1.profile', 'SciReg.study1.profile.ann@mail.com.br'),
	('SciReg.study1', 'SciReg.study1.profile.ann@mail.com'),
	('SciReg', 'SciReg.study1.profile.ann.lee@mail.com'),
	('sciREG.study1.PROFILE', 'SciReg.study1.profile.ann.lee@mail.com'),
	('SciReg.study1.profile', 'SciReg.study1.profile.profile.ann@mail.com'),
	('SciReg.study1.profile', 'SciReg.study1.profile.ann'),
	('SciReg.study1.profile', 'SciReg.study1.profile."a.b@c.d"@mail.com'),
	('SciReg.hypatio.n2c2-t2', 'SciReg.hypatio.n2c2-t2.profile.ann@mail.com'),
	('profile', 'profile.ann@mail.com'),
	('team.profile', 'team.profile.ann.lee@mail.com'),
	('ann@mail.com', 'ann@mail.com'),
	('team.ann@mail.com.notes', 'team.ann@mail.com.notes'),
	('profile.image', 'profile.image.small'),
	('team.profile', 'team.profile.image.small')) AS accepted (held, asked);

-- refuse: whatever stands before a dot of an address, or may do so; every function says the same
SELECT held, asked, addresses_asked(held, asked) FROM (VALUES
	-- the domain
	('SciReg.study1.profile.ann@mail', 'SciReg.study1.profile.ann@mail.com'),
	('SciReg.study1.profile.ann@mail.com', 'SciReg.study1.profile.ann@mail.com.br'),
	('SciReg.study1.profile.ann@localhost', 'SciReg.study1.profile.ann@localhost.example'),
	('SCIREG.STUDY1.PROFILE.ANN@MAIL.COM', 'SciReg.study1.profile.ann@mail.com.br'),
	('SciReg.study1.profile.ann@mail.com', 'SciReg.study1.profile.ann@mail.com.profile.x'),
	('team.ann@mail.com', 'team.ann@mail.com.br'),
	('team.ann@mail.com', 'team.ann@mail.com.notes'),
	('ann@mail.com', 'ann@mail.com.br'),
	('profile.ann@mail.com', 'profile.ann@mail.com.br'),
	('team.ann@[192.168.0', 'team.ann@[192.168.0.1]'),
	-- the local part
	('SciReg.study1.profile.ann', 'SciReg.study1.profile.ann.lee@mail.com'),
	('SciReg.study1.profile.ann.lee', 'SciReg.study1.profile.ann.lee.x@mail.com'),
	('SciReg.study1.profile.profile', 'SciReg.study1.profile.profile.ann@mail.com'),
	('team.ann', 'team.ann.lee@mail.com'),
	('ann', 'ann.lee@mail.com'),
	('profile.ann', 'profile.ann.lee@mail.com'),
	-- where it begins only "profile" tells
	('team', 'team.ann@mail.com'),
	('users.profiles', 'users.profiles.ann@mail.com'),
	-- an address without a domain, which only SciReg's paths tell
	('SciReg.study1.profile.ann', 'SciReg.study1.profile.ann.lee'),
	('scireg.a.b.PROFILE.ann', 'SciReg.a.b.profile.ann.lee'),
	-- several "@", and quotes
	('SciReg.study1.profile.a@b', 'SciReg.study1.profile.a@b.c@d'),
	('SciReg.study1.profile."a', 'SciReg.study1.profile."a.b"@mail.com'),
	('SciReg.study1.profile."a@b', 'SciReg.study1.profile."a@b.c"@mail.com'),
	('team."a', 'team."a.b"@mail.com'),
	('team."a@b', 'team."a@b.c"@mail.com'),
	-- in a path of somebody else's choice
	('SciReg.ann@mail', 'SciReg.ann@mail.com.profile.bob@mail.com'),
	('SciReg.ann@mail.com.profile', 'SciReg.ann@mail.com.profile.bob@mail.com'),
	('SciReg.ann@mail.com.profile.bob', 'SciReg.ann@mail.com.profile.bob.lee@mail.com'),
	('ann@mail.com.profile', 'ann@mail.com.profile.bob@mail.com'),
	-- letters beyond ASCII
	('SciReg.study1.profile.ñóüé@mail', 'SciReg.study1.profile.ñóüé@mail.com'),
	('SciReg.study1.profile.ñóüé', 'SciReg.study1.profile.ñóüé.ó@mail.com'),
	-- and names are what they were
	('SciReg.study', 'SciReg.study1.profile.ann@mail.com'),
	('SciReg.study1.profile', 'SciReg.study1.profileann@mail.com'),
	('profile.imag', 'profile.image.small')) AS refused (held, asked);

-- over a column, and under a policy
DELETE FROM authz.item_permission;
CALL mint.login('tD0', '{"email": "ann@mail.com"}');
SELECT authz.grant_profile_permission('eve@evil.example', 'study1');
CALL mint.login('tD0', '{"email": "chief@mail.com"}');
INSERT INTO authz.item_permission (email, client, item, permission) VALUES
	('chief@mail.com', 'my-client', 'SciReg.study1', 'VIEW'), ('eve@evil.example', 'my-client', 'team', 'VIEW');
CREATE TABLE addresses_profile (item text, note text);
INSERT INTO addresses_profile SELECT concat('SciReg.study1.profile.', address), address
  FROM unnest('{ann@mail.com,ann@mail.com.br,ann@mail.co,ann.lee@mail.com,ann,bob@mail.com}'::text[]) address;
INSERT INTO addresses_profile VALUES ('team.plan', 'plan');
ALTER TABLE addresses_profile ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON addresses_profile USING (authz.has_item_permission(item, 'VIEW', check_parents => true));
GRANT SELECT ON addresses_profile TO addresses_app;
SET ROLE addresses_app;
SELECT note FROM addresses_profile ORDER BY 1;
CALL mint.login('tD0', '{"email": "eve@evil.example"}');
SELECT note FROM addresses_profile ORDER BY 1;
RESET ROLE;

-- what a user may choose, the own address and an item, never makes the path of another's profile, nor one above or below it
CREATE TABLE addresses_path (email text, item text, path text);
DO $$
DECLARE
	names text[] := '{ann,lee,profile,Profile,"ann@mail","a@b",com,"\"a",SciReg,"profile@x",x}';
	who record;
	what text;
BEGIN
	FOR who IN SELECT a AS email FROM unnest(names) a UNION SELECT concat(a, '.', b) FROM unnest(names) a, unnest(names) b LOOP
		CALL mint.login('tD0', jsonb_build_object('email', who.email));
		FOREACH what IN ARRAY '{study1,study1.profile,profile,ann@mail.com,a.profilex,profile@x.y}'::text[] LOOP
			DELETE FROM authz.item_permission;
			BEGIN
				PERFORM authz.grant_profile_permission('eve@evil.example', what);
			EXCEPTION WHEN invalid_parameter_value THEN
				CONTINUE;
			END;
			INSERT INTO addresses_path SELECT who.email, what, item FROM authz.item_permission;
		END LOOP;
	END LOOP;
END $$;
SELECT count(*) > 400 AS many, count(DISTINCT lower(path)) = count(DISTINCT (lower(email), item)) AS everybody_s_own FROM addresses_path;
DELETE FROM authz.item_permission;
INSERT INTO authz.item_permission (email, client, item, permission)
SELECT 'eve@evil.example', 'my-client', path, permission FROM addresses_path, unnest('{VIEW,MANAGE}'::text[]) permission WHERE email ~ '^[a-m]' ON CONFLICT DO NOTHING;
CALL mint.login('tD0', '{"email": "eve@evil.example"}');
-- accept
SELECT count(*) > 200 AS many, bool_and(authz.has_item_permission(path, 'VIEW', true) AND authz.manages_item(path)) AS own FROM addresses_path WHERE email ~ '^[a-m]';
-- refuse
SELECT count(*) > 100 AS many, bool_or(authz.has_item_permission(path, 'VIEW', true) OR authz.manages_item(path)) AS others FROM addresses_path
 WHERE NOT EXISTS (SELECT FROM addresses_path own WHERE own.email ~ '^[a-m]' AND lower(own.path) = lower(addresses_path.path));

RESET plan_cache_mode;
DROP TABLE addresses_profile, addresses_path;
DROP FUNCTION addresses_asked;
TRUNCATE authz.item_permission;
DROP OWNED BY addresses_app;
DROP ROLE addresses_app;
CALL mint.go_home();
