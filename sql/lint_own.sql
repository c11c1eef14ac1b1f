-- lint() compares the extension's schema and tables with what its script installed.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\set ECHO all
CREATE SCHEMA lint_own;
CREATE ROLE lint_own_role;
CREATE FUNCTION mint.found(OUT code text, OUT level text, OUT object text, OUT hint text) RETURNS SETOF record LANGUAGE sql AS
$$ SELECT code, level, object, hint FROM authz.lint(ARRAY['lint_own']) WHERE object ~ ' authz\M|^extension|^server' OR code = 'not_checked' ORDER BY object, code, hint $$;
-- as it was installed
SELECT * FROM mint.found() WHERE code <> 'known_hole';

-- the extension: its version, its owner
BEGIN;
UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'dbmi_authz';
SELECT * FROM mint.found() WHERE code <> 'known_hole';
ROLLBACK;
BEGIN;
UPDATE pg_extension SET extowner = 'lint_own_role'::regrole WHERE extname = 'dbmi_authz';
SELECT code, level, object FROM mint.found() WHERE code <> 'known_hole';
-- the rights of the owner are enough
DO $$ BEGIN EXECUTE format('GRANT %I TO lint_own_role', (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database())); END $$;
SELECT * FROM mint.found() WHERE code <> 'known_hole';
ROLLBACK;

-- the schema: its owner, who may create, what stands there
BEGIN;
ALTER SCHEMA authz OWNER TO lint_own_role;
SELECT * FROM mint.found() WHERE code <> 'known_hole';
ROLLBACK;
BEGIN;
GRANT CREATE ON SCHEMA authz TO pg_database_owner, PUBLIC, lint_own_role;
SELECT * FROM mint.found() WHERE code <> 'known_hole';
ROLLBACK;
BEGIN;
GRANT USAGE ON SCHEMA authz TO lint_own_role;
SELECT * FROM mint.found() WHERE code <> 'known_hole';
CREATE TABLE authz."my ""table" (a integer PRIMARY KEY, b serial);
CREATE VIEW authz.my_view AS SELECT 1 AS x;
CREATE TYPE authz.my_type AS ENUM ('x');
CREATE DOMAIN authz.my_domain AS integer;
CREATE FUNCTION lint_own.same(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN true;
CREATE OPERATOR authz.= (LEFTARG = text, RIGHTARG = text, FUNCTION = lint_own.same);
ALTER DEFAULT PRIVILEGES IN SCHEMA authz GRANT SELECT ON TABLES TO lint_own_role;
SELECT code, level, replace(object, current_user, 'me') FROM mint.found() WHERE code <> 'known_hole';
-- what the operator would have been asked
SELECT count(*) FROM authz.lint(ARRAY['lint_own']) WHERE code = 'not_checked';
ROLLBACK;

-- tables: owner, privileges, row security, policies, triggers, rules, shape
BEGIN;
ALTER TABLE authz.revocation OWNER TO lint_own_role;
SELECT code, level, object, hint FROM mint.found() WHERE code = 'trust_owner';
ROLLBACK;
BEGIN;
GRANT SELECT ON authz.item_permission, authz.issuer, authz.jwks_status TO lint_own_role;
SELECT * FROM mint.found() WHERE code <> 'known_hole';
GRANT INSERT, UPDATE ON authz.issuer TO lint_own_role;
GRANT UPDATE (audience) ON authz.issuer TO PUBLIC;
GRANT SELECT (jwk) ON authz.issuer_key TO lint_own_role;
GRANT TRIGGER ON authz.profile TO lint_own_role;
SELECT * FROM mint.found() WHERE code <> 'known_hole';
ROLLBACK;
BEGIN;
ALTER TABLE authz.issuer_key DISABLE ROW LEVEL SECURITY;
ALTER TABLE authz.item_permission DISABLE ROW LEVEL SECURITY;
CREATE POLICY "all" ON authz.issuer_key USING (true);
CREATE POLICY more ON authz.item_permission USING (true);
CREATE FUNCTION lint_own.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER swallow BEFORE INSERT ON authz.revocation FOR EACH ROW EXECUTE FUNCTION lint_own.nothing();
CREATE RULE quiet AS ON DELETE TO authz.issuer DO INSTEAD NOTHING;
SELECT * FROM mint.found() WHERE code <> 'known_hole';
ROLLBACK;
BEGIN;
ALTER TABLE authz.issuer DISABLE TRIGGER changed;
ALTER TABLE authz.revocation ENABLE TRIGGER guard;
ALTER TABLE authz.permission_implies SET UNLOGGED;
ALTER TABLE authz.inactive_subject ALTER subject TYPE text COLLATE "POSIX";
ALTER TABLE authz.item_permission DROP COLUMN granted_by;
ALTER TABLE authz.actor_ceiling ADD COLUMN note text;
SELECT * FROM mint.found() WHERE code <> 'known_hole';
ROLLBACK;

SET client_min_messages = warning;
DROP FUNCTION mint.found;
DROP SCHEMA lint_own CASCADE;
DROP ROLE lint_own_role;
CALL mint.go_home();
