-- Code that the owner of the database has put on the tables of the trust runs, for every administrator, with the owner's rights, never with a superuser's.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\pset format unaligned
\pset footer off
\set ECHO all
CREATE ROLE rights_owner;
SELECT current_database() AS db, current_user AS installer \gset
ALTER DATABASE :"db" OWNER TO rights_owner;
GRANT CREATE ON SCHEMA public TO rights_owner;
SET client_min_messages = error;

SET ROLE rights_owner;
CREATE TABLE rights_seen (place text, who text);
GRANT INSERT ON rights_seen TO PUBLIC;
-- Code of the owner, that says as whom it runs.
CREATE FUNCTION rights_spy(place text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.rights_seen VALUES (place, current_user);
	RETURN true;
END $$;
CREATE FUNCTION rights_spy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM public.rights_spy(concat_ws(' ', TG_WHEN, TG_OP, TG_ARGV[0]));
	RETURN coalesce(new, old);
END $$;
CREATE FUNCTION rights_text(place text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM public.rights_spy(place);
	RETURN place;
END $$;
-- What can be hung on each of the tables.
CREATE TABLE rights_hook (n serial, statement text);
INSERT INTO rights_hook (statement) SELECT format('GRANT TRIGGER ON authz.%1$I TO rights_owner;
	CREATE TRIGGER a_spy BEFORE INSERT OR UPDATE OR DELETE ON authz.%1$I FOR EACH ROW EXECUTE FUNCTION rights_spy();
	CREATE TRIGGER z_spy AFTER INSERT OR UPDATE OR DELETE ON authz.%1$I FOR EACH ROW EXECUTE FUNCTION rights_spy();
	CREATE TRIGGER s_spy AFTER INSERT OR UPDATE OR DELETE ON authz.%1$I FOR EACH STATEMENT EXECUTE FUNCTION rights_spy(''statement'');
	ALTER TABLE authz.%1$I ADD spy text DEFAULT rights_text(''default''), ADD CONSTRAINT spy CHECK (rights_spy(''check'')) NOT VALID, ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t)
  FROM unnest(ARRAY['issuer', 'issuer_key', 'jwks_status', 'revocation', 'actor_ceiling', 'object_access', 'item_permission']) t;
INSERT INTO rights_hook (statement) VALUES
	('CREATE RULE spy AS ON INSERT TO authz.issuer DO ALSO SELECT rights_spy(''rule'')'),
	('CREATE RULE spy AS ON UPDATE TO authz.issuer DO ALSO SELECT rights_spy(''rule'')'),
	('CREATE RULE spy AS ON DELETE TO authz.issuer_key DO ALSO SELECT rights_spy(''rule'')'),
	('GRANT CREATE ON SCHEMA authz TO rights_owner; ALTER TABLE authz.profile RENAME TO profile_of_old; CREATE VIEW authz.profile AS SELECT * FROM authz.profile_of_old WHERE rights_spy(''view''); GRANT ALL ON authz.profile TO PUBLIC'),
	('GRANT CREATE ON SCHEMA authz TO rights_owner; ALTER TABLE authz.issuer RENAME TO issuer_of_old; CREATE VIEW authz.issuer AS SELECT * FROM authz.issuer_of_old WHERE rights_spy(''view''); GRANT ALL ON authz.issuer TO PUBLIC');
RESET ROLE;

CREATE TABLE rights_question (id integer PRIMARY KEY);
CREATE FUNCTION rights_rule(integer) RETURNS boolean LANGUAGE sql RETURN true;
CREATE TABLE rights_function (n serial, statement text);
INSERT INTO rights_function (statement) VALUES
	($$authz.add_issuer('https://rights2.example', '{clinic}')$$),
	($$authz.alter_issuer('https://rights.example', '{"leeway_seconds": 5}')$$),
	($$authz.drop_issuer('https://rights.example')$$),
	($$authz.set_jwks('https://rights.example', '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}')$$),
	($$authz.add_key('https://rights.example', '{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}')$$),
	(E'authz.add_pem(\'https://rights.example\', \'-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMbkVMUuCdQ7Oez81WCfWwqCP5xX1\n0NLint/mwVfp7JT159fjBkH6JMa89QoqgnbZLCDNNp2jfkPXJnK5y+zcjw==\n-----END PUBLIC KEY-----\')'),
	($$authz.add_secret('https://rights.example', '\x202122232425262728292a2b2c2d2e2f101112131415161718191a1b1c1d1e1f', 'two')$$),
	($$authz.drop_key('https://rights.example', 'one')$$),
	($$authz.revoke_token('https://rights.example', 'J2')$$),
	($$authz.revoke_subject('https://rights.example', 'ann')$$),
	($$authz.revoke_session('https://rights.example', 'S1')$$),
	($$authz.revoke_actor('https://rights.example', 'bot')$$),
	($$authz.set_actor_ceiling('https://rights.example', 'bot', scopes => '{a}')$$),
	($$authz.drop_actor_ceiling('https://rights.example', 'helper')$$),
	($$authz.prune_revocations()$$),
	($$authz.register_access('polls.vote', 'rights_question', 'user', 'rights_rule(integer)')$$),
	($$authz.unregister_access('polls.see', 'rights_question', 'user')$$),
	($$authz.grant_item_permission('bob@example.com', 'ward', 'VIEW')$$),
	($$authz.revoke_item_permission('ann@example.com', 'ward', 'VIEW')$$),
	($$authz.grant_profile_permission('bob@example.com', 'ward')$$);
SELECT authz.add_issuer('https://rights.example', '{clinic}', options => '{"algorithms": ["HS256"]}'), authz.add_secret('https://rights.example', mint.secret(), 'one'),
	   authz.revoke_token('https://rights.example', 'J1', '2000-01-01'), authz.set_actor_ceiling('https://rights.example', 'helper'), authz.register_access('polls.see', 'rights_question', 'user', 'rights_rule(integer)') \g /dev/null
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('ann@example.com', 'my-client', 'ward', 'VIEW');
-- Hang that on the tables as the owner, call the function as that role, say what came of it and who was seen, and undo all.
CREATE FUNCTION rights_try(role text, hook text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	seen text;
BEGIN
	SET LOCAL ROLE rights_owner;
	EXECUTE hook;
	RESET ROLE;
	IF call ~ '_permission|token_state' THEN
		PERFORM authz.try_set_token(mint.person('tD1g'));
	END IF;
	DELETE FROM rights_seen;
	EXECUTE format('SET LOCAL ROLE %I', role);
	answer := mint.outcome('SELECT ' || call);
	RESET ROLE;
	SELECT string_agg(DISTINCT place || ' as ' || who, ', ') INTO seen FROM rights_seen;
	RAISE EXCEPTION USING ERRCODE = 'ZZ999';
EXCEPTION
	WHEN SQLSTATE 'ZZ999' THEN RETURN concat_ws(': ', coalesce(nullif(answer, ''), 'ok'), seen);
	WHEN OTHERS THEN RETURN concat_ws(' ', SQLSTATE, SQLERRM);
END $$;

-- Z7: accept: every function and what may be hung on its tables, for a superuser as for the owner; refuse: nothing of it runs as anybody but the owner
WITH tried AS (
	SELECT f.n, substring(f.statement, '\w+\.\w+') AS function, rights_try(r.role, h.statement, f.statement) AS outcome
	  FROM rights_function f, rights_hook h, (VALUES (:'installer'), ('rights_owner')) r(role))
SELECT function, count(*) FILTER (WHERE outcome ~ ' as ') AS seen, count(*) FILTER (WHERE outcome ~ ' as (?!pg_database_owner)') AS as_others,
	   (SELECT string_agg(DISTINCT p[1], ', ' ORDER BY p[1]) FROM regexp_matches(string_agg(outcome, ' '), '(\w[\w ]*) as pg_database_owner', 'g') p) AS what,
	   string_agg(DISTINCT substring(outcome, '^[0-9A-Z]{5} .*'), '; ') AS errors
  FROM tried GROUP BY n, function ORDER BY n;
-- that is as much as there is to see: before, each of them ran as whoever called

-- Z7: nothing stays behind for a superuser: a trigger that is deferred, a setting, a role, a temporary table, a prepared statement, a cursor, an identity
CREATE FUNCTION rights_after(name text) RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', current_setting(name), replace(current_user, session_user, 'installer'), to_regclass('pg_temp.rights_left')) $$;
SELECT replace(body, :'installer', 'installer') AS body, regexp_replace(rights_try(:'installer', format($$CREATE FUNCTION rights_leave() RETURNS trigger LANGUAGE plpgsql AS %L; GRANT TRIGGER ON authz.revocation TO rights_owner;
		CREATE TRIGGER leave AFTER INSERT ON authz.revocation FOR EACH ROW EXECUTE FUNCTION rights_leave()$$, 'BEGIN ' || body || '; RETURN NULL; END'),
		$$concat_ws('|', rights_after('search_path'), authz.revoke_token('https://rights.example', 'J3'), rights_after('search_path'), authz.token_state())$$), '^([0-9A-Z]{5}) .*', '\1') AS outcome
  FROM unnest(ARRAY['PERFORM 1', 'PERFORM set_config(''search_path'', ''rights_evil'', false)', 'SET search_path = rights_evil', 'SET LOCAL search_path = rights_evil', 'SET ROLE rights_owner', format('SET ROLE %I', :'installer'), 'RESET SESSION AUTHORIZATION',
	'CREATE TEMP TABLE rights_left ()', 'EXECUTE ''DECLARE c CURSOR WITH HOLD FOR SELECT 1''', 'EXECUTE ''PREPARE rights_left AS SELECT 1''', 'LISTEN rights_left', 'SET dbmi_authz.token = ''''', 'PERFORM authz.clear_token()',
	'ALTER ROLE rights_owner SUPERUSER', 'CREATE ROLE rights_evil', 'DELETE FROM pg_authid', 'COPY rights_seen TO PROGRAM ''true''', 'UPDATE pg_proc SET prosrc = ''x''']) body;
SELECT kind, t, rights_try(:'installer', format('GRANT TRIGGER ON authz.%I TO rights_owner; CREATE CONSTRAINT TRIGGER leave AFTER INSERT OR UPDATE OR DELETE ON authz.%1$I DEFERRABLE %s FOR EACH ROW EXECUTE FUNCTION rights_spy()', t, kind), call)
  FROM unnest(ARRAY['INITIALLY IMMEDIATE', 'INITIALLY DEFERRED']) kind,
	   (VALUES ('revocation', $$authz.revoke_token('https://rights.example', 'J3')$$), ('issuer', $$authz.drop_issuer('https://rights.example')$$), ('issuer_key', $$authz.drop_issuer('https://rights.example')$$),
			   ('item_permission', $$authz.grant_item_permission('bob@example.com', 'ward', 'VIEW')$$)) f(t, call);

-- Z7: keys that go with an issuer's row do so as the owner, too, though what hangs on the row runs as whoever wrote it by hand
BEGIN;
GRANT TRIGGER ON authz.issuer, authz.issuer_key TO rights_owner;
SET ROLE rights_owner;
CREATE TRIGGER z_spy AFTER DELETE ON authz.issuer_key FOR EACH ROW EXECUTE FUNCTION rights_spy();
RESET ROLE;
DELETE FROM authz.issuer WHERE issuer = 'https://rights.example';
SELECT DISTINCT place, who FROM rights_seen;
ROLLBACK;

-- Z7: protect() and unprotect() write as the owner of the table
SET ROLE rights_owner;
CREATE TABLE rights_doc (id integer, owner text);
RESET ROLE;
BEGIN;
CREATE FUNCTION rights_event() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.rights_spy(tg_tag); END $$;
CREATE EVENT TRIGGER rights_event ON ddl_command_end EXECUTE FUNCTION rights_event();
SELECT authz.protect('rights_doc', owner => 'owner') IS NOT NULL AS protected, authz.unprotect('rights_doc'), current_user = :'installer' AS back;
SELECT place, who, count(*) FROM rights_seen WHERE place ~ 'TABLE|POLICY|COMMENT' GROUP BY place, who ORDER BY 1, 2;
ROLLBACK;

-- refuse: who has EXECUTE, but not the rights of the owner, does not get them by it
CREATE ROLE rights_given;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA authz TO rights_given;
SELECT substring(statement, '\w+\.\w+') AS function, rights_try('rights_given', 'SELECT 1', statement) FROM rights_function WHERE statement !~ 'item_perm|profile_perm' ORDER BY n;

-- clean up
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA authz FROM rights_given;
SELECT authz.drop_issuer('https://rights.example'), authz.unregister_access('polls.see', 'rights_question', 'user') \g /dev/null
DELETE FROM authz.revocation WHERE issuer = 'https://rights.example';
DELETE FROM authz.item_permission WHERE client = 'my-client';
DROP FUNCTION rights_try, rights_after, rights_rule;
DROP TABLE rights_function, rights_question;
ALTER DATABASE :"db" OWNER TO :"installer";
DROP OWNED BY rights_owner;
DROP ROLE rights_owner, rights_given;
CALL mint.go_home();
