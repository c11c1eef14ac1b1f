-- Tables are believed only when they are the extension's own, and have the columns it knows.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
SELECT mint.person('tX0') AS token \gset
SET client_min_messages = warning;
-- What comes of a login after the trust was looked at anew.
CREATE FUNCTION forged_login(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	UPDATE authz.issuer SET issuer = issuer;
	RETURN coalesce(nullif(mint.outcome(format('SELECT authz.set_token(%L)', token)), ''), 'ok');
END $$;

-- accept
SELECT forged_login(:'token');

-- refuse: a table that is not a member of the extension
BEGIN;
ALTER EXTENSION dbmi_authz DROP TABLE authz.item_permission;
SELECT forged_login(:'token');
ALTER EXTENSION dbmi_authz ADD TABLE authz.item_permission;
SELECT forged_login(:'token');
ROLLBACK;

-- refuse: a member with fewer columns; nobody can say what is not revoked
BEGIN;
ALTER EXTENSION dbmi_authz DROP TABLE authz.revocation;
ALTER TABLE authz.revocation RENAME TO revocation_old;
CREATE TABLE authz.revocation (issuer text);
ALTER EXTENSION dbmi_authz ADD TABLE authz.revocation;
SELECT forged_login(:'token');
ROLLBACK;

-- refuse: all tables, with everything in them, but no extension
BEGIN;
CREATE SCHEMA forged;
SELECT format('CREATE TABLE forged.%I AS TABLE authz.%1$I', t)
  FROM unnest(ARRAY['profile', 'issuer', 'issuer_key', 'revocation', 'inactive_subject', 'item_permission', 'permission_implies']) t \gexec
DROP EXTENSION dbmi_authz CASCADE;
DROP SCHEMA IF EXISTS authz CASCADE;
ALTER SCHEMA forged RENAME TO authz;
SELECT set_config('dbmi_authz.token', :'token', false);
ROLLBACK;

-- the extension made anew, more often than functions are watched: plans follow the identity as before
BEGIN;
DO $$
BEGIN
	FOR i IN 1..9 LOOP
		DROP EXTENSION dbmi_authz CASCADE;
		CREATE EXTENSION dbmi_authz;
		EXECUTE 'SELECT count(*) FROM pg_namespace WHERE authz.has_scope(''read:data'')';
	END LOOP;
END $$;
SELECT mint.trust('https://people.axioms.example', '{my-api}', 'axioms') \g /dev/null
PREPARE forged_plan AS SELECT count(*) FROM pg_namespace WHERE nspname = 'authz' AND authz.has_scope('read:data');
EXECUTE forged_plan;
SELECT authz.set_token(:'token') \g /dev/null
EXECUTE forged_plan;
SELECT authz.clear_token() \g /dev/null
EXECUTE forged_plan;
DEALLOCATE forged_plan;
ROLLBACK;

-- accept: everything is as it was
SELECT forged_login(:'token');
-- and of all that was read only what is in use is kept
SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'dbmi_authz issuer';
DROP FUNCTION forged_login;
CALL mint.go_home();
