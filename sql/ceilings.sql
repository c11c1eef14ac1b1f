-- What an actor may not go beyond, whomever it acts for.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
\set ECHO all
SELECT authz.alter_issuer('https://people.example', '{"admin_groups": ["admins"], "admin_permissions": ["MANAGE"], "client": "app"}');
CREATE FUNCTION ceiling_facts() RETURNS TABLE (scopes text[], roles text[], permissions text[], groups text[], admin boolean, actor text, subject text) LANGUAGE sql AS $$
	SELECT authz.scopes(), authz.roles(), authz.permissions(), authz.groups(), authz.is_admin(), authz.actor(), authz.subject()
$$;
CREATE PROCEDURE ceiling_login(changes jsonb DEFAULT '{}') LANGUAGE plpgsql AS $$
BEGIN
	CALL mint.login('tG', jsonb '{"act": {"sub": "bot"}, "email": "ann@example.com", "scope": "read write delete", "roles": ["editor", "author"], "permissions": ["b", "a", "c"], "groups": ["staff", "admins"]}'
		|| mint.org_map('O1', 'OR') || changes);
END $$;
-- no ceiling: all of it
CALL ceiling_login();
SELECT * FROM ceiling_facts();
-- a ceiling is felt at the next query, and what is in both is left
SELECT authz.set_actor_ceiling('https://people.example', 'bot', scopes => '{read,write,other}', roles => '{}', permissions => '{c,b}', keep => '{suspended,staff}', groups => '{}', read_only => false);
SELECT * FROM ceiling_facts();
SELECT authz.has_scope('read'), authz.has_any_scope('delete', 'write'), authz.has_permission('b'), authz.has_group('staff'), authz.is_owner('ann'), authz.in_org(mint.org('O1') ->> 'org_id');
SELECT authz.has_scope('delete'), authz.has_scope('other'), authz.has_role('editor'), authz.has_permission('a'), authz.has_group('admins'), authz.has_perm('a');
-- the token as a whole
SELECT authz.claim('scope'), authz.has_claim('{scope}', 'delete'), authz.claim_is('{scope}', 'read write delete'), authz.has_any_claim('{roles}', 'editor'), authz.has_all_claims('{groups}', 'admins'),
	authz.is_owner('read write delete', 'scope'), authz.has_claim('{sub}', 'ann'), authz.claim_is('{act,sub}', 'bot'), authz.is_owner('ann@example.com', 'email');
-- the person is not limited, nor another actor
CALL ceiling_login('{"act": {"sub": "other"}}');
SELECT * FROM ceiling_facts();
CALL mint.login('tG', '{"scope": "delete"}');
SELECT authz.scopes(), authz.has_scope('delete');
-- administrators
CALL ceiling_login();
SELECT authz.set_actor_ceiling('https://people.example', 'bot', permissions => '{a}', read_only => false);
SELECT authz.is_admin(), authz.has_perm('a'), authz.has_perm('z'), authz.has_group('admins');
SELECT authz.set_actor_ceiling('https://people.example', 'bot', permissions => '{a,z}', admin => true, read_only => false);
SELECT authz.is_admin(), authz.has_perm('a'), authz.has_perm('z'), authz.has_perm('y');
-- item permissions
INSERT INTO authz.item_permission (client, email, item, permission) VALUES ('app', 'ann@example.com', 'i', 'VIEW'), ('app', 'ann@example.com', 'i', 'MANAGE'), ('app', 'ann@example.com', 'app', 'MANAGE');
CALL ceiling_login('{"groups": []}');
SELECT authz.set_actor_ceiling('https://people.example', 'bot', item_permissions => '{view}', read_only => false);
SELECT authz.has_item_permission('i', 'View'), authz.has_item_permission('i', 'MANAGE'), authz.manages_item('i'), authz.has_app_permission('MANAGE'), authz.is_admin();
SELECT item, permission FROM authz.item_permissions() ORDER BY 1, 2;
SELECT * FROM authz.managed_items();
SELECT authz.drop_actor_ceiling('https://people.example', 'bot');
SELECT authz.has_item_permission('i', 'View'), authz.has_item_permission('i', 'MANAGE'), authz.manages_item('i'), authz.has_app_permission('MANAGE'), authz.is_admin();
-- organisations
SELECT authz.set_actor_ceiling('https://people.example', 'bot', org_roles => '{Member}', org_permissions => '{can_view_billing}', read_only => false);
CALL ceiling_login(mint.org_map('O1', 'O2'));
SELECT org_id, user_role, inherited_user_roles_plus_current_role, user_permissions FROM authz.orgs() o (org_id, org_name, url_safe_org_name, legacy_org_id, user_role, org_role_structure, inherited_user_roles_plus_current_role, additional_roles, user_permissions, metadata);
SELECT o ->> 'org_name' AS org, authz.in_org(o ->> 'org_id'), authz.org_role(o ->> 'org_id'), authz.has_org_role(o ->> 'org_id', 'Admin') AS admin, authz.is_at_least_org_role(o ->> 'org_id', 'Member') AS member, authz.has_org_permission(o ->> 'org_id', 'can_view_billing') AS billing,
	authz.has_org_permission(o ->> 'org_id', 'ProductA::CanCreate') AS creates FROM unnest(ARRAY[mint.org('O1'), mint.org('O2')]) o;

-- in plans: kept, folded, shared; the same actor for several people
CREATE TABLE ceiling_doc (id integer, owner text);
INSERT INTO ceiling_doc SELECT n, (ARRAY['ann', 'bob'])[1 + n % 2] FROM generate_series(1, 4) n;
CREATE ROLE ceiling_app;
GRANT SELECT ON ceiling_doc TO ceiling_app;
ALTER TABLE ceiling_doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON ceiling_doc USING (authz.has_scope('all') OR authz.is_owner(owner) AND authz.has_scope('own'));
SET ROLE ceiling_app;
PREPARE ceiling_docs AS SELECT count(*) FROM ceiling_doc;
CALL mint.login('tG', '{"scope": "all own", "act": {"sub": "bot"}}');
EXECUTE ceiling_docs;
RESET ROLE;
SELECT authz.set_actor_ceiling('https://people.example', 'bot', scopes => '{own}', read_only => false);
SET ROLE ceiling_app;
EXECUTE ceiling_docs;
EXPLAIN (COSTS OFF) SELECT count(*) FROM ceiling_doc;
CALL mint.login('tG', '{"scope": "all own"}');
EXECUTE ceiling_docs;
CALL mint.login('tG', '{"scope": "all own", "act": {"sub": "bot"}}');
EXECUTE ceiling_docs;
SET plan_cache_mode = force_generic_plan;
PREPARE ceiling_generic AS SELECT count(*) FROM ceiling_doc;
EXECUTE ceiling_generic;
RESET ROLE;
SELECT authz.set_actor_ceiling('https://people.example', 'bot', scopes => '{}', read_only => false);
SET ROLE ceiling_app;
EXECUTE ceiling_generic;
EXECUTE ceiling_docs;
CALL mint.login('tG', '{"scope": "all own", "act": {"sub": "other"}}');
EXECUTE ceiling_generic;
RESET ROLE;
RESET plan_cache_mode;
-- ceiling_required
SELECT authz.alter_issuer('https://people.example', '{"ceiling_required": true}');
CALL mint.login('tG', '{"act": {"sub": "bot"}}');
SELECT authz.token_state();
SELECT authz.drop_actor_ceiling('https://people.example', 'bot');
SELECT authz.token_state(), mint.outcome('SELECT authz.subject()');
SELECT mint.outcome(format('SELECT authz.set_token(%L)', mint.person('tG', '{"act": {"sub": "bot"}}')));

-- refuse: mistakes
CALL mint.logout();
SELECT c, mint.outcome('SELECT authz.' || c) FROM unnest(ARRAY['set_actor_ceiling(NULL, ''bot'')', 'set_actor_ceiling(''https://people.example'', '''')', 'set_actor_ceiling(''https://nobody.example'', ''bot'')',
	'set_actor_ceiling(''https://people.example'', ''bot'', scopes => ''{a,NULL}'')', 'set_actor_ceiling(''https://people.example'', ''bot'', keep => ''{{a},{b}}'')', 'set_actor_ceiling(''https://people.example'', ''bot'', admin => NULL)',
	'set_actor_ceiling(''https://people.example'', ''bot'', read_only => NULL)', 'set_actor_ceiling(''https://people.example'', ''bot'', roles => ARRAY(SELECT n::text FROM generate_series(1, 501) n))',
	'set_actor_ceiling(''https://people.example'', ''bot'', roles => ARRAY[repeat(''x'', 16385)])', 'drop_actor_ceiling(''https://people.example'', ''nobody'')']) c;
-- a row that somebody wrote, and that is too large, lets nobody act
SELECT authz.alter_issuer('https://people.example', '{"ceiling_required": null}');
INSERT INTO authz.actor_ceiling (issuer, actor, scopes) VALUES ('https://people.example', 'bot', ARRAY(SELECT n::text FROM generate_series(1, 501) n)), ('https://people.example', 'odd', '{NULL,read}');
CALL mint.login('tG', '{"scope": "read", "act": {"sub": "bot"}}');
SELECT authz.token_state(), mint.outcome('SELECT authz.subject()');
CALL mint.login('tG', '{"scope": "read write", "act": {"sub": "odd"}}');
SELECT authz.scopes();
CALL mint.logout();
SET ROLE ceiling_app;
SELECT mint.outcome('SELECT authz.set_actor_ceiling(''https://people.example'', ''bot'')'), mint.outcome('TABLE authz.actor_ceiling');
RESET ROLE;

CALL mint.go_home();
DELETE FROM authz.actor_ceiling;
DELETE FROM authz.item_permission WHERE client = 'app';
DROP OWNED BY ceiling_app;
DROP ROLE ceiling_app;
DROP TABLE ceiling_doc;
DROP PROCEDURE ceiling_login;
DROP FUNCTION ceiling_facts;
