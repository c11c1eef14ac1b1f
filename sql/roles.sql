-- Everybody may ask, the owner of the database administers, and no other role reads or writes the trust, however it came by its privileges.
\getenv abs_srcdir PG_ABS_SRCDIR
\set mint :abs_srcdir '/test/sql/mint.sql'
\set ECHO none
\i :mint
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dbmi_authz;
-- what another test has left is not counted with ours
SELECT authz.prune_revocations() \g /dev/null
RESET client_min_messages;
\pset format unaligned
\pset footer off
\set ECHO all

--
-- The privileges of every object of the schema
--
-- One line for each, the rights of the role that installed the extension
-- left out; it is "installer" here.
CREATE VIEW roles_acl AS
WITH object(kind, name, owner, acl) AS (
	SELECT 'schema', nspname::text, nspowner, coalesce(nspacl, acldefault('n', nspowner))
	  FROM pg_namespace WHERE nspname = 'authz'
	UNION ALL
	SELECT 'table', relname::text, relowner, coalesce(relacl, acldefault('r', relowner))
	  FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
	 WHERE nspname = 'authz' AND relkind NOT IN ('i', 'I', 't', 'c')
	UNION ALL
	SELECT 'column', concat(relname, '.', attname), relowner, attacl
	  FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
	 WHERE nspname = 'authz' AND attacl IS NOT NULL
	UNION ALL
	SELECT 'function', format('%s(%s)', proname, pg_get_function_identity_arguments(p.oid)), proowner,
		   coalesce(proacl, acldefault('f', proowner))
	  FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'authz')
SELECT o.kind, o.name,
	   CASE WHEN o.owner = e.extowner THEN 'installer' ELSE o.owner::regrole::text END AS owner,
	   (SELECT string_agg(concat(CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, ': ',
								 a.privilege_type, CASE WHEN a.is_grantable THEN '*' END),
						  ', ' ORDER BY a.grantee, a.privilege_type)
		  FROM aclexplode(o.acl) a WHERE a.grantee <> e.extowner) AS privileges
  FROM object o, pg_extension e WHERE e.extname = 'dbmi_authz';
-- C2.6: what PUBLIC may execute is this
SELECT kind, name, owner, privileges FROM roles_acl ORDER BY kind DESC, name COLLATE "C";
-- C3.2: no function runs with the rights of another role, and the extension stays where it is.
SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'authz'::regnamespace AND (prosecdef OR proconfig IS NOT NULL);
SELECT superuser, trusted, relocatable, schema FROM pg_available_extension_versions WHERE name = 'dbmi_authz' AND version = '1.1';
-- C3.4: what takes an internal argument cannot be called.
SELECT oid::regprocedure, proisstrict FROM pg_proc WHERE pronamespace = 'authz'::regnamespace AND 'internal'::regtype IN (SELECT unnest(proargtypes));
-- Q3: the type refuses, and since the mend of CVE-2026-14680 the parser before it
DO $$
DECLARE
	due text := CASE WHEN mint.since(150019, 160015, 170011, 180006) THEN '42883' ELSE '0A000' END;
	argument text;
BEGIN
	FOREACH argument IN ARRAY ARRAY['NULL', '''x'''] LOOP
		BEGIN
			EXECUTE format('SELECT authz.identity_support(%s)', argument);
			RAISE 'it was called';
		EXCEPTION WHEN undefined_function OR feature_not_supported THEN
			RAISE NOTICE '%: refused as is due: %', argument, SQLSTATE = due;
		END;
	END LOOP;
END $$;
-- The triggers of the trust fire always, its keys are behind row-level security.
SELECT c.relname, c.relrowsecurity, string_agg(concat(t.tgname, ' ', t.tgenabled), ', ' ORDER BY t.tgname) AS triggers
  FROM pg_class c LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
 WHERE c.relnamespace = 'authz'::regnamespace AND c.relkind = 'r' GROUP BY c.oid ORDER BY c.relname;
SELECT policyname FROM pg_policies WHERE schemaname = 'authz';

--
-- Who may what
--
-- roles_app is an ordinary role.  roles_all reads and writes all data.
-- roles_given was given, by mistake, whatever reads, writes and executes.
-- roles_owner owns the database and is no superuser.
CREATE ROLE roles_app;
CREATE ROLE roles_all;
GRANT pg_read_all_data, pg_write_all_data, pg_monitor TO roles_all;
CREATE ROLE roles_given;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA authz TO roles_given;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA authz TO roles_given;
CREATE ROLE roles_owner;
SELECT current_database() AS db, current_user AS installer \gset
ALTER DATABASE :"db" OWNER TO roles_owner;
-- Run a statement as that role, under that search_path, and undo it.
CREATE FUNCTION roles_try(role text, statement text, path text DEFAULT 'public') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	message text;
	is_query boolean := statement LIKE 'SELECT%';
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role);
	PERFORM set_config('search_path', path, true);
	IF is_query THEN
		EXECUTE statement INTO result;
	ELSE
		EXECUTE statement;
	END IF;
	RAISE EXCEPTION SQLSTATE 'RR000';
EXCEPTION WHEN SQLSTATE 'RR000' THEN
	RETURN concat_ws(' ', 'ok', nullif(result, ''));
WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
	RETURN concat_ws(' ', SQLSTATE, message);
END $$;
SET client_min_messages = error;
SELECT authz.add_issuer('https://roles.example', '{clinic}', options => '{"algorithms": ["HS256"]}'),
	   authz.add_secret('https://roles.example', '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'one'),
	   authz.revoke_token('https://roles.example', 'J1', '2000-01-01'),
	   authz.set_actor_ceiling('https://roles.example', 'helper'),
	   authz.add_cluster_key('roles_key') IS NULL;
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('ann@example.com', 'clinic', 'ward', 'VIEW');
CREATE TABLE roles_question (id integer PRIMARY KEY);
CREATE FUNCTION roles_rule(integer) RETURNS boolean LANGUAGE sql RETURN true;
SELECT authz.register_access('polls.see', 'roles_question', 'user', 'roles_rule(integer)');

-- Each function that administers
CREATE TABLE roles_function (n serial, statement text);
INSERT INTO roles_function (statement) VALUES
	($$authz.add_issuer('https://roles2.example', '{clinic}')$$),
	($$authz.alter_issuer('https://roles.example', '{"leeway_seconds": 5}')$$),
	($$authz.drop_issuer('https://roles.example')$$),
	($$authz.set_jwks('https://roles.example', '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}')$$),
	($$authz.add_key('https://roles.example', '{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}')$$),
	(E'authz.add_pem(\'https://roles.example\', \'-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMbkVMUuCdQ7Oez81WCfWwqCP5xX1\n0NLint/mwVfp7JT159fjBkH6JMa89QoqgnbZLCDNNp2jfkPXJnK5y+zcjw==\n-----END PUBLIC KEY-----\')'),
	($$authz.add_secret('https://roles.example', '\x202122232425262728292a2b2c2d2e2f101112131415161718191a1b1c1d1e1f', 'two')$$),
	($$authz.drop_key('https://roles.example', 'one')$$),
	($$authz.revoke_token('https://roles.example', 'J2')$$),
	($$authz.revoke_subject('https://roles.example', 'ann')$$),
	($$authz.revoke_session('https://roles.example', 'S1')$$),
	($$authz.revoke_actor('https://roles.example', 'bot')$$),
	($$authz.set_actor_ceiling('https://roles.example', 'bot', scopes => '{a}')$$),
	($$authz.drop_actor_ceiling('https://roles.example', 'helper')$$),
	($$authz.prune_revocations()$$),
	($$authz.prune_trust_log('2001-01-01')$$),
	($$authz.register_access('polls.vote', 'public.roles_question', 'user', 'public.roles_rule(integer)')$$),
	($$authz.unregister_access('polls.see', 'public.roles_question', 'user')$$),
	($$authz.accept_rules()$$),
	($$authz.protect('public.roles_doc', select_any_scopes => '{a}') IS NULL$$),
	($$authz.unprotect('public.roles_doc')$$),
	($$authz.sharing_view('roles_view', 'teams', members => 'public.roles_doc', member_team => 'id', member_subject => 'id') IS NULL$$),
	($$authz.policy_state('public.roles_question') IS NULL$$),
	($$authz.policy_changes(authz.policy_state('public.roles_question'), authz.policy_state('public.roles_question'))$$),
	($$(SELECT count(*) < 0 FROM authz.lint(ARRAY['public'], ARRAY[]::text[]))$$),
	($$authz.simulate('{"sub": "ann"}', 'https://roles.example')$$),
	($$authz.access_review('public.roles_question', ARRAY[]::json[], 'roles_owner', 'https://roles.example') IS NULL$$),
	($$authz.audit('public.roles_doc')$$),
	($$authz.unaudit('public.roles_doc')$$),
	($$authz.seal_audit()$$),
	($$authz.verify_audit(NULL, NULL)$$),
	($$authz.prune_audit('2000-01-01')$$),
	($$authz.add_cluster_key('roles') IS NULL$$),
	($$authz.add_cluster_key_public('roles', '{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}')$$),
	($$authz.drop_cluster_key('roles_key')$$),
	($$authz.cluster_keys() IS NULL$$),
	($$authz.export_trust() IS NULL$$),
	($$authz.import_trust(authz.export_trust()) IS NULL$$),
	($$authz.spread_trust() IS NULL$$),
	($$authz.audit_change()$$),
	($$authz.stat_get() IS NULL$$),
	($$authz.stat_get_refusals() IS NULL$$),
	($$authz.stat_reset()$$);
CREATE TABLE public.roles_doc (id integer);
ALTER TABLE public.roles_doc OWNER TO roles_owner;
GRANT SELECT ON public.roles_question TO roles_owner;
-- simulate(): each of these has written
SET dbmi_authz.simulate_writes = on;
-- all of them: whoever adds one adds it here, but for sessions(), which is in sql/stat.sql,
-- and what needs another server (test/tap/402_foreign_attacks.pl)
SELECT name FROM roles_acl
 WHERE kind = 'function' AND privileges LIKE 'pg_database_owner%'
   AND NOT EXISTS (SELECT FROM roles_function WHERE starts_with(statement, format('authz.%s(', split_part(name, '(', 1))))
 ORDER BY name COLLATE "C";
-- accept
SELECT substring(statement, '\w+\.\w+') AS function, roles_try('roles_owner', 'SELECT ' || statement) AS owner,
	   roles_try(:'installer', 'SELECT ' || statement) AS superuser
  FROM roles_function ORDER BY n;
-- refuse
SELECT substring(statement, '\w+\.\w+') AS function, roles_try('roles_app', 'SELECT ' || statement) AS app,
	   roles_try('roles_all', 'SELECT ' || statement) AS reads_and_writes_all,
	   roles_try('roles_given', 'SELECT ' || statement) AS given
  FROM roles_function ORDER BY n;

-- Each table: to read it, to write it
CREATE TABLE roles_table (n serial, statement text);
INSERT INTO roles_table (statement) VALUES
	($$SELECT count(*) FROM authz.profile$$),
	($$SELECT count(*) FROM authz.issuer WHERE issuer = 'https://roles.example'$$),
	($$SELECT count(*) FROM authz.issuer_key WHERE issuer = 'https://roles.example'$$),
	($$SELECT count(*) FROM authz.revocation WHERE issuer = 'https://roles.example'$$),
	($$SELECT count(*) FROM authz.audit_event$$),
	($$SELECT count(*) FROM authz.audit_seal$$),
	($$DELETE FROM authz.audit_event$$),
	($$TRUNCATE authz.audit_seal$$),
	($$INSERT INTO authz.profile VALUES ('p', 'iss', false, '{}')$$),
	($$INSERT INTO authz.issuer VALUES ('https://roles2.example', '{a}', 'generic', '{}')$$),
	($$INSERT INTO authz.issuer_key VALUES ('https://roles.example', 'k', 'HS256', '{}', 'x', 'add_key')$$),
	($$INSERT INTO authz.revocation VALUES ('https://roles.example', 'token', 'J2')$$),
	($$UPDATE authz.profile SET audience_required = false$$),
	($$UPDATE authz.issuer SET options = '{}' WHERE issuer = 'https://roles.example'$$),
	($$UPDATE authz.issuer_key SET jwk = '{}' WHERE issuer = 'https://roles.example'$$),
	($$UPDATE authz.revocation SET until = NULL WHERE issuer = 'https://roles.example'$$),
	($$INSERT INTO authz.issuer VALUES ('https://roles.example', '{a}', 'generic', '{}') ON CONFLICT (issuer) DO UPDATE SET audience = NULL$$),
	($$MERGE INTO authz.issuer i USING (VALUES (1)) v ON i.issuer = 'https://roles.example' WHEN MATCHED THEN UPDATE SET audience = NULL$$),
	($$DELETE FROM authz.profile WHERE profile = 'dbmi'$$),
	($$DELETE FROM authz.issuer WHERE issuer = 'https://roles.example'$$),
	($$DELETE FROM authz.issuer_key WHERE issuer = 'https://roles.example'$$),
	($$DELETE FROM authz.revocation WHERE issuer = 'https://roles.example'$$),
	($$DELETE FROM authz.revocation WHERE false$$),
	($$SELECT count(*) FROM authz.inactive_subject$$),
	($$SELECT count(*) FROM authz.item_permission$$),
	($$SELECT count(*) FROM authz.permission_implies$$),
	($$INSERT INTO authz.inactive_subject VALUES ('https://roles.example', 'ann')$$),
	($$INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('a', 'c', 'i', 'p')$$),
	($$INSERT INTO authz.permission_implies VALUES ('c', 'p', 'q')$$),
	($$UPDATE authz.item_permission SET permission = 'MANAGE'$$),
	($$DELETE FROM authz.inactive_subject$$),
	($$DELETE FROM authz.item_permission$$),
	($$DELETE FROM authz.permission_implies$$),
	($$SELECT count(*) FROM authz.object_access$$),
	($$INSERT INTO authz.object_access VALUES ('p', 'public.roles_question', 'user', 'f')$$),
	($$UPDATE authz.object_access SET rule = 'public.roles_rule(integer)'$$),
	($$DELETE FROM authz.object_access$$);
-- accept
SELECT statement, roles_try('roles_owner', statement) AS owner, roles_try(:'installer', statement) AS superuser
  FROM roles_table ORDER BY n;
-- refuse; who reads all data reads all but the keys, of which it sees none
SELECT statement, roles_try('roles_app', statement) AS app, roles_try('roles_all', statement) AS reads_and_writes_all,
	   roles_try('roles_given', statement) AS given
  FROM roles_table ORDER BY n;

-- C2.8: what an attribute or any predefined role of this server adds to that: to read all data, and nothing else.  (Files and programs of the server
-- are a superuser's; pg_database_owner has no members.)
CREATE FUNCTION roles_kinds() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT unnest(ARRAY['CREATEROLE', 'CREATEDB', 'REPLICATION']) UNION ALL
	SELECT rolname FROM pg_roles WHERE rolname ~ '^pg_' AND rolname NOT IN ('pg_database_owner', 'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
$$;
SELECT count(*) >= 11 AS enough FROM roles_kinds();
\set ECHO none
SELECT format(CASE WHEN k ~ '^pg_' THEN 'CREATE ROLE %I IN ROLE %s' ELSE 'CREATE ROLE %I %s' END, 'roles ' || k, k) FROM roles_kinds() k \gexec
\set ECHO all
SELECT k, statement, outcome
  FROM roles_kinds() k, (SELECT statement FROM roles_table UNION ALL SELECT 'SELECT ' || statement FROM roles_function) s, roles_try('roles ' || k, statement) outcome
 WHERE outcome !~ '^42501 ' ORDER BY k COLLATE "C", statement COLLATE "C";
-- who may create roles makes nobody the owner; on 15 PostgreSQL lets them become it [core]
SELECT roles_try('roles CREATEROLE', 'GRANT pg_database_owner TO CURRENT_USER') !~ '^ok' AS predefined,
	   roles_try('roles CREATEROLE', 'GRANT roles_owner TO CURRENT_USER') ~ CASE WHEN current_setting('server_version_num')::integer < 160000 THEN '^ok' ELSE '^42501 ' END AS owner;
\set ECHO none
SELECT format('DROP ROLE %I', 'roles ' || k) FROM roles_kinds() k \gexec
\set ECHO all

-- Other ways
CREATE TABLE roles_way (n serial, statement text);
INSERT INTO roles_way (statement) VALUES
	('TRUNCATE authz.revocation'),
	('SET LOCAL row_security = off; SELECT count(*) FROM authz.issuer_key'),
	('SELECT authz.trust_guard()'),
	('ALTER TABLE authz.issuer DISABLE TRIGGER guard'),
	('ALTER TABLE authz.issuer_key DISABLE ROW LEVEL SECURITY'),
	('CREATE POLICY p ON authz.issuer_key USING (true)'),
	('CREATE RULE r AS ON INSERT TO authz.issuer DO ALSO NOTHING'),
	('CREATE TRIGGER t AFTER INSERT ON authz.issuer FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()'),
	('CREATE INDEX ON authz.issuer_key ((jwk::text))'),
	('SELECT count(*) FROM authz.cluster_key'),
	('CREATE INDEX ON authz.cluster_key ((private_jwk::text))'),
	('ALTER MATERIALIZED VIEW authz.cluster_key OWNER TO CURRENT_USER'),
	('REFRESH MATERIALIZED VIEW authz.cluster_key WITH NO DATA'),
	('CREATE TEMP TABLE roles_child () INHERITS (authz.issuer_key)'),
	('ALTER TABLE authz.issuer OWNER TO CURRENT_USER'),
	('CREATE TABLE authz.mine ()'),
	('CREATE FUNCTION authz.has_scope(varchar) RETURNS boolean LANGUAGE sql RETURN true'),
	('DROP FUNCTION authz.is_authenticated()'),
	('DROP EXTENSION dbmi_authz CASCADE'),
	('SET LOCAL session_replication_role = replica');
-- refuse
SELECT statement, roles_try('roles_app', statement) AS app, roles_try('roles_all', statement) AS reads_and_writes_all,
	   roles_try('roles_given', statement) AS given
  FROM roles_way ORDER BY n;
-- C6.4: what tells of tables and functions tells no secret: definitions, comments, defaults, statistics
SELECT jwk ->> 'k' AS secret FROM authz.issuer_key WHERE issuer = 'https://roles.example' \gset
SELECT length(:'secret') > 40 AS known;
ANALYZE authz.issuer_key;
SET ROLE roles_all;
SELECT count(*) FROM pg_stats WHERE schemaname = 'authz' AND tablename = 'issuer_key';
SELECT roles_try('roles_all', format('SELECT count(*) FROM %s t WHERE strpos(t::text, %L) > 0', catalog, :'secret')), catalog FROM unnest(ARRAY['pg_description', 'pg_proc', 'pg_attrdef', 'pg_stats', 'pg_settings', 'pg_views',
	'pg_rewrite', 'pg_constraint', 'pg_index', 'pg_policy', 'pg_trigger', 'pg_db_role_setting', 'pg_prepared_statements', 'pg_extension']) catalog;
RESET ROLE;
SELECT attname, format_type(atttypid, atttypmod), pg_get_expr(adbin, adrelid) FROM pg_attribute a LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum
 WHERE attrelid = 'authz.issuer_key'::regclass AND attnum > 0 ORDER BY attnum;
-- C6.2: no setting holds a key or a token; the one for a token does not show it, and is in no list
SELECT name, context FROM pg_settings WHERE name LIKE 'dbmi\_authz.%' ORDER BY name COLLATE "C";
-- not even a superuser calls the guard
SELECT authz.trust_guard();
-- nobody is made an owner
GRANT pg_database_owner TO roles_app;
-- accept: the owner may hand out one thing, by a function that runs with its rights
CREATE FUNCTION roles_logout(jti text) RETURNS void LANGUAGE sql SECURITY DEFINER
	RETURN authz.revoke_token('https://roles.example', jti);
ALTER FUNCTION roles_logout OWNER TO roles_owner;
SELECT roles_try('roles_app', $$SELECT roles_logout('J3')$$);

--
-- C3.1: a hostile search_path: names planted before ours are not used
--
CREATE SCHEMA roles_evil AUTHORIZATION roles_app;
GRANT USAGE ON SCHEMA roles_evil TO PUBLIC;
SET ROLE roles_app;
SET search_path = roles_evil;
CREATE FUNCTION roles_evil.evil() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked by %', current_user; END $$;
CREATE FUNCTION roles_evil.evil(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT roles_evil.evil()';
CREATE FUNCTION roles_evil.evil(json, json) RETURNS boolean LANGUAGE sql AS 'SELECT roles_evil.evil()';
CREATE FUNCTION roles_evil.evil(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT roles_evil.evil()';
CREATE OPERATOR roles_evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = roles_evil.evil);
CREATE OPERATOR roles_evil.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = roles_evil.evil);
CREATE OPERATOR roles_evil.= (LEFTARG = json, RIGHTARG = json, FUNCTION = roles_evil.evil);
CREATE OPERATOR roles_evil.<= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = roles_evil.evil);
CREATE OPERATOR roles_evil.> (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = roles_evil.evil);
CREATE FUNCTION roles_evil.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN PERFORM roles_evil.evil(); END $$;
CREATE FUNCTION roles_evil.unnest(text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN PERFORM roles_evil.evil(); END $$;
CREATE FUNCTION roles_evil.json_each(json, OUT key text, OUT value json) RETURNS SETOF record LANGUAGE plpgsql AS $$ BEGIN PERFORM roles_evil.evil(); END $$;
CREATE FUNCTION roles_evil.json_typeof(json) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM roles_evil.evil(); END $$;
CREATE DOMAIN roles_evil.text AS pg_catalog.text CHECK (roles_evil.evil());
CREATE DOMAIN roles_evil.json AS pg_catalog.json CHECK (roles_evil.evil());
CREATE TABLE roles_evil.issuer (issuer pg_catalog.text);
RESET ROLE;
RESET search_path;
CREATE TEMP TABLE issuer (issuer pg_catalog.text, profile pg_catalog.text, options pg_catalog.json, audience pg_catalog.text[]);
CREATE TEMP TABLE issuer_key (LIKE authz.issuer_key);
CREATE TEMP TABLE profile (LIKE authz.profile);
CREATE TEMP TABLE revocation (LIKE authz.revocation);
\set evil 'roles_evil, pg_temp, public, pg_catalog'
-- the trap works
SELECT roles_try('roles_owner', $$SELECT 'a'::pg_catalog.text = 'b'::pg_catalog.text$$, :'evil') AS operator,
	   roles_try('roles_owner', 'SELECT now()', :'evil') AS function,
	   roles_try('roles_owner', $$SELECT count(*) FROM issuer$$, :'evil') AS relation,
	   roles_try('roles_owner', $$SELECT 'a'::text$$, :'evil') AS type;
-- accept
SELECT substring(statement, '\w+\.\w+') AS function, roles_try('roles_owner', 'SELECT ' || statement, :'evil') AS owner
  FROM roles_function ORDER BY n;
SELECT roles_try('roles_owner', $$SELECT authz.add_issuer('roles dbmi', '{roles-a}', 'dbmi', '{"client": "a"}')$$, :'evil') AS one,
	   roles_try('roles_owner', $$SELECT authz.add_issuer('roles dbmi', '{roles-a}', 'dbmi'), authz.add_issuer('roles dbmi two', '{roles-a}', 'dbmi')$$, :'evil') AS two;
-- refuse
SELECT substring(statement, '\w+\.\w+') AS function, roles_try('roles_app', 'SELECT ' || statement, :'evil') AS app
  FROM roles_function ORDER BY n;
DROP TABLE pg_temp.issuer, pg_temp.issuer_key, pg_temp.profile, pg_temp.revocation;

--
-- What ALTER DEFAULT PRIVILEGES says where the extension is installed does not count
--
REVOKE ALL ON ALL TABLES IN SCHEMA authz FROM roles_given;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA authz FROM roles_given;
SELECT md5(string_agg(r::text, ' ' ORDER BY r::text COLLATE "C")) AS acl FROM roles_acl r \gset
BEGIN;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO roles_app, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO roles_app WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
DROP EXTENSION dbmi_authz CASCADE;
CREATE EXTENSION dbmi_authz;
SELECT md5(string_agg(r::text, ' ' ORDER BY r::text COLLATE "C")) = :'acl' AS same FROM roles_acl r;
ROLLBACK;
-- C3.2, Q1: a schema that somebody else prepared is taken from them, and one that holds something is refused.
-- (18 adds the whole statement of the script to the context.)
\set SHOW_CONTEXT never
BEGIN;
DROP EXTENSION dbmi_authz CASCADE;
DROP SCHEMA IF EXISTS authz CASCADE;
CREATE SCHEMA authz AUTHORIZATION roles_app;
GRANT ALL ON SCHEMA authz TO roles_given, PUBLIC;
SAVEPOINT prepared;
CREATE EXTENSION dbmi_authz;
SELECT md5(string_agg(r::text, ' ' ORDER BY r::text COLLATE "C")) = :'acl' AS same FROM roles_acl r;
SELECT role, roles_try(role, 'CREATE FUNCTION authz.has_scope(varchar) RETURNS boolean LANGUAGE sql RETURN true') FROM unnest(ARRAY['roles_app', 'roles_given', 'roles_owner']) role;
ROLLBACK TO prepared;
ALTER SCHEMA authz OWNER TO :"installer";
CREATE FUNCTION authz.has_scope(varchar) RETURNS boolean LANGUAGE sql RETURN true;
SAVEPOINT prepared;
CREATE EXTENSION dbmi_authz;
ROLLBACK TO prepared;
DROP FUNCTION authz.has_scope(varchar);
SELECT statement, roles_try(:'installer', concat_ws('; ', statement, 'CREATE EXTENSION dbmi_authz')) FROM unnest(ARRAY['CREATE TABLE authz.issuer (issuer text)', 'CREATE VIEW authz.profile AS SELECT 1', 'CREATE TYPE authz.item_permission AS (email text)',
	'CREATE DOMAIN authz.text AS text', 'CREATE SEQUENCE authz.s', 'CREATE OPERATOR authz.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)', 'CREATE COLLATION authz.c FROM "C"',
	'CREATE AGGREGATE authz.has_any_scope(text) (SFUNC = textcat, STYPE = text)', 'CREATE TEXT SEARCH CONFIGURATION authz.t (COPY = simple)']) statement;
-- nor anything of ours elsewhere
SELECT roles_try(:'installer', 'CREATE EXTENSION dbmi_authz SCHEMA public'), roles_try(:'installer', 'CREATE EXTENSION dbmi_authz; ALTER EXTENSION dbmi_authz SET SCHEMA public');
\set SHOW_CONTEXT errors
-- accept: empty, and its privileges are put right
GRANT ALL ON SCHEMA authz TO roles_app, PUBLIC;
CREATE EXTENSION dbmi_authz;
SELECT md5(string_agg(r::text, ' ' ORDER BY r::text COLLATE "C")) = :'acl' AS same FROM roles_acl r;
ROLLBACK;

-- clean up
SELECT authz.drop_issuer('https://roles.example');
DELETE FROM authz.revocation WHERE issuer = 'https://roles.example';
DELETE FROM authz.item_permission WHERE client = 'clinic';
SELECT authz.unregister_access('polls.see', 'roles_question', 'user');
DROP FUNCTION roles_rule;
DROP TABLE roles_question;
ALTER DATABASE :"db" OWNER TO :"installer";
DROP FUNCTION roles_logout, roles_try, roles_kinds;
DROP TABLE roles_doc, roles_function, roles_table, roles_way;
DROP VIEW roles_acl;
DROP SCHEMA roles_evil CASCADE;
DROP ROLE roles_app, roles_all, roles_given, roles_owner;
