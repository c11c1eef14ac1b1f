-- lint() names roles that log in and that no policy binds.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\set ECHO all
CREATE SCHEMA lint_roles;
CREATE TABLE lint_roles."my notes" (id integer, owner text);
CREATE INDEX ON lint_roles."my notes" (owner);
CREATE TABLE lint_roles.open (id integer);
CREATE ROLE lint_roles_owner;
CREATE TABLE lint_roles.letters (id integer);
ALTER TABLE lint_roles.letters OWNER TO lint_roles_owner;
ALTER TABLE lint_roles."my notes" ENABLE ROW LEVEL SECURITY;
ALTER TABLE lint_roles.letters ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON lint_roles."my notes" USING (authz.is_owner(owner));
CREATE FUNCTION mint.found(who text, OUT code text, OUT level text, OUT object text) RETURNS SETOF record LANGUAGE sql AS
$$ SELECT code, level, object FROM authz.lint(ARRAY['lint_roles']) WHERE object LIKE '%' || who || '%' OR code = 'not_checked' ORDER BY object, code $$;

-- superuser: the bootstrap superuser is none, nor is one that nobody logs in as
SELECT count(*) FROM authz.lint() WHERE code = 'superuser' AND object = 'role ' || quote_ident(10::oid::regrole::text);
CREATE ROLE lint_roles_super SUPERUSER;
SELECT * FROM mint.found('lint_roles_super');
ALTER ROLE lint_roles_super LOGIN;
SELECT * FROM mint.found('lint_roles_super');
ALTER ROLE lint_roles_super NOLOGIN;
CREATE ROLE "lint_roles ""x" LOGIN;
SELECT * FROM mint.found('lint_roles');
GRANT lint_roles_super TO "lint_roles ""x";
SELECT code, level, object, detail, hint FROM authz.lint(ARRAY['lint_roles']) WHERE object ~ 'lint_roles "';
-- by way of another role
REVOKE lint_roles_super FROM "lint_roles ""x";
CREATE ROLE lint_roles_between;
GRANT lint_roles_super TO lint_roles_between;
GRANT lint_roles_between TO "lint_roles ""x";
SELECT * FROM mint.found('lint_roles "');
REVOKE lint_roles_super FROM lint_roles_between;
SELECT * FROM mint.found('lint_roles "');

-- BYPASSRLS: with a privilege on a protected table, and not without
CREATE ROLE lint_roles_bypass LOGIN BYPASSRLS;
GRANT SELECT ON lint_roles.open TO lint_roles_bypass;
SELECT * FROM mint.found('bypass');
GRANT SELECT (id) ON lint_roles."my notes" TO lint_roles_bypass;
SELECT code, level, object, detail, hint FROM authz.lint(ARRAY['lint_roles']) WHERE object ~ 'bypass';
-- one that cannot log in, or whom somebody can become who does
ALTER ROLE lint_roles_bypass NOLOGIN;
SELECT * FROM mint.found('lint_roles_bypass');
GRANT lint_roles_bypass TO lint_roles_between;
SELECT * FROM mint.found('lint_roles "');
REVOKE lint_roles_bypass FROM lint_roles_between;
-- a policy that is for it
CREATE POLICY vain ON lint_roles."my notes" TO lint_roles_bypass USING (false);
SELECT * FROM mint.found('vain');
ALTER ROLE lint_roles_bypass NOBYPASSRLS;
SELECT * FROM mint.found('vain');

-- CREATEROLE and REPLICATION
CREATE ROLE lint_roles_creates LOGIN CREATEROLE;
CREATE ROLE lint_roles_replicates LOGIN REPLICATION;
SELECT code, object FROM mint.found('creates');
SELECT * FROM mint.found('replicates');
GRANT DELETE ON lint_roles."my notes" TO lint_roles_replicates;
SELECT * FROM mint.found('replicates');
ALTER ROLE lint_roles_creates NOCREATEROLE;
ALTER ROLE lint_roles_replicates NOREPLICATION;
SELECT * FROM mint.found('cates');

-- membership in an owner of protected tables: another's is none
CREATE ROLE lint_roles_other;
GRANT lint_roles_other TO "lint_roles ""x";
SELECT * FROM mint.found('lint_roles "');
GRANT lint_roles_owner TO lint_roles_between;
SELECT code, level, object, detail, hint FROM authz.lint(ARRAY['lint_roles']) WHERE object ~ 'lint_roles "';
-- without INHERIT it can still become the owner
ALTER ROLE lint_roles_between NOINHERIT;
SELECT * FROM mint.found('lint_roles "');
ALTER TABLE lint_roles.letters DISABLE ROW LEVEL SECURITY;
SELECT * FROM mint.found('lint_roles "');
ALTER TABLE lint_roles.letters ENABLE ROW LEVEL SECURITY;
REVOKE lint_roles_owner FROM lint_roles_between;
-- nor can it where 16 and later have taken both away
DO $$ BEGIN
	IF current_setting('server_version_num')::int >= 160000 THEN
		EXECUTE 'GRANT lint_roles_owner TO lint_roles_between WITH INHERIT FALSE, SET FALSE';
	END IF;
END $$;
SELECT * FROM mint.found('lint_roles "');
-- the owner that logs in is another finding
ALTER ROLE lint_roles_owner LOGIN;
SELECT * FROM mint.found('role lint_roles_owner');

-- the files of the server
GRANT pg_read_server_files TO lint_roles_between;
SELECT * FROM mint.found('lint_roles "');
REVOKE pg_read_server_files FROM lint_roles_between;

-- a role that may not connect to this database
CREATE ROLE lint_roles_far LOGIN SUPERUSER;
ALTER ROLE lint_roles_far NOSUPERUSER REPLICATION;
SELECT * FROM mint.found('far');
DO $$ BEGIN EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database()); END $$;
SELECT * FROM mint.found('far');
DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO PUBLIC', current_database()); END $$;

SET client_min_messages = warning;
DROP FUNCTION mint.found;
DROP SCHEMA lint_roles CASCADE;
DROP ROLE lint_roles_owner, lint_roles_super, "lint_roles ""x", lint_roles_between, lint_roles_bypass, lint_roles_creates,
	lint_roles_replicates, lint_roles_other, lint_roles_far;
CALL mint.go_home();
