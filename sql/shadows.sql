-- What stands in schema authz beside the extension's own functions is told of once a session, and no policy of protect() asks it.
\set ECHO none
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dbmi_authz;
\pset format unaligned
\pset footer off
\set ECHO all
CREATE TABLE shadows_doc (id integer PRIMARY KEY, owner text, name varchar(20), org uuid, number integer);
CREATE INDEX ON shadows_doc (owner);
CREATE INDEX ON shadows_doc (org);
-- What protect() says beside that object: its error, or which functions the policies depend on, and whether all of them are the extension's.
CREATE FUNCTION shadows_try(object text, arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	detail text;
BEGIN
	EXECUTE object;
	EXECUTE format('SELECT authz.protect(''shadows_doc'', %s)', arguments);
	SELECT string_agg(DISTINCT concat(p.proname, CASE WHEN e.objid IS NULL THEN ' NOT OURS' END), ' ') INTO answer
	  FROM pg_policy o JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = o.oid AND d.refclassid = 'pg_proc'::regclass
	  JOIN pg_proc p ON p.oid = d.refobjid
	  LEFT JOIN pg_depend e ON e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e' AND e.refclassid = 'pg_extension'::regclass
	 WHERE o.polrelid = 'shadows_doc'::regclass;
	RAISE EXCEPTION SQLSTATE 'ZZ999';
EXCEPTION
	WHEN SQLSTATE 'ZZ999' THEN RETURN coalesce(answer, 'no policy');
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
		RETURN concat_ws(' ', SQLSTATE, SQLERRM, detail);
END $$;

-- Z6: accept: nothing beside them, or what no call finds first
SELECT object, shadows_try(object, $$owner => 'owner', org => 'org', admin => true, select_any_scopes => '{a,b}'$$) FROM unnest(ARRAY[
	'SELECT 1',
	'CREATE FUNCTION authz.is_owner(numeric) RETURNS boolean LANGUAGE sql RETURN true',
	'CREATE FUNCTION authz.is_owner(text, text, text) RETURNS boolean LANGUAGE sql RETURN true',
	'CREATE FUNCTION authz.elsewhere(text) RETURNS boolean LANGUAGE sql RETURN true',
	'CREATE FUNCTION public.is_owner(text) RETURNS boolean LANGUAGE sql RETURN true; SET LOCAL search_path = public, authz',
	'CREATE TYPE authz.is_owner AS (a integer)',
	'CREATE DOMAIN authz.in_org AS boolean']) object;
-- Z6: refuse: what is called instead, by an argument that fits better, by a default, by a number of arguments, or as a type
SELECT object, shadows_try(object, $$owner => 'owner', org => 'org', admin => true, select_any_scopes => '{a,b}', insert_all_roles => '{c}'$$) FROM unnest(ARRAY[
	'CREATE FUNCTION authz.is_owner(text) RETURNS boolean LANGUAGE sql RETURN true',
	'CREATE FUNCTION authz.is_owner(text, b integer DEFAULT 1) RETURNS boolean LANGUAGE sql RETURN true',
	'CREATE FUNCTION authz.is_owner(VARIADIC text[]) RETURNS boolean LANGUAGE sql RETURN true',
	'CREATE FUNCTION authz.in_org(uuid) RETURNS boolean LANGUAGE plpgsql AS ''BEGIN RETURN true; END''',
	'CREATE FUNCTION authz.has_any_scope(text, text) RETURNS boolean LANGUAGE sql RETURN true',
	'CREATE FUNCTION authz.has_all_roles(text) RETURNS boolean LANGUAGE sql RETURN true',
	'CREATE FUNCTION authz.is_owner(text) RETURNS boolean LANGUAGE sql RETURN true; ALTER EXTENSION dbmi_authz ADD FUNCTION authz.is_owner(text)',
	'CREATE FUNCTION authz.is_owner(text) RETURNS boolean LANGUAGE internal AS ''texteq''',
	'CREATE DOMAIN authz.is_owner AS boolean',
	'CREATE FUNCTION shadows_open(boolean) RETURNS boolean LANGUAGE sql RETURN true; CREATE DOMAIN authz.is_owner AS boolean CHECK (shadows_open(VALUE))']) object;
-- Z6: the same for other columns, and where nothing is written
SELECT shadows_try('CREATE FUNCTION authz.is_owner(varchar) RETURNS boolean LANGUAGE sql RETURN true', $$owner => 'name'$$) AS varchar,
	   shadows_try('CREATE FUNCTION authz.is_owner(integer) RETURNS boolean LANGUAGE sql RETURN true', $$owner => 'number'$$) AS integer,
	   shadows_try('CREATE FUNCTION authz.has_org_permission(uuid, text) RETURNS boolean LANGUAGE sql RETURN true', $$org => 'org', org_permission => 'p'$$) AS permission;
SELECT shadows_try('SELECT 1', $$owner => 'owner', dry_run => true$$) AS nothing_beside,
	   shadows_try('CREATE FUNCTION authz.is_owner(text) RETURNS boolean LANGUAGE sql RETURN true', $$owner => 'owner', dry_run => true$$) AS function,
	   shadows_try('CREATE DOMAIN authz.is_owner AS boolean', $$owner => 'owner', dry_run => true$$) AS type;
-- a policy that somebody else wrote may ask what it wants
SELECT shadows_try('CREATE FUNCTION authz.open(text) RETURNS boolean LANGUAGE sql RETURN true; CREATE POLICY p ON shadows_doc USING (authz.open(owner))', $$owner => 'owner'$$);

-- Z6: a session is told, once: of functions, procedures, aggregates and types; not of what belongs to the extension, nor of tables
SELECT current_database() AS db \gset
CREATE FUNCTION authz.is_owner(text) RETURNS boolean LANGUAGE sql RETURN true;
CREATE PROCEDURE authz.set_token(text) LANGUAGE sql AS '';
CREATE AGGREGATE authz.has_any_scope(text) (SFUNC = textcat, STYPE = text);
CREATE DOMAIN authz.is_admin AS boolean;
CREATE TABLE authz.something (a integer);
\c :db
SET client_min_messages = warning;
SELECT authz.try_set_token('a.b.c');
SELECT authz.try_set_token('a.b.c');
\c :db
SET client_min_messages = warning;
CREATE TABLE shadows_other (id integer);
SELECT authz.protect('shadows_other', select_any_roles => '{a}') IS NOT NULL AS protected;
-- nor does anything become the extension's own because whoever owns the extension adds it
ALTER EXTENSION dbmi_authz ADD FUNCTION authz.is_owner(text);
ALTER EXTENSION dbmi_authz ADD DOMAIN authz.is_admin;
\c :db
SET client_min_messages = warning;
SELECT authz.try_set_token('a.b.c');
ALTER EXTENSION dbmi_authz DROP FUNCTION authz.is_owner(text);
ALTER EXTENSION dbmi_authz DROP DOMAIN authz.is_admin;
DROP FUNCTION authz.is_owner(text);
DROP PROCEDURE authz.set_token(text);
DROP AGGREGATE authz.has_any_scope(text);
DROP DOMAIN authz.is_admin;
\c :db
SET client_min_messages = warning;
SELECT authz.try_set_token('a.b.c');
-- what only depends on the extension is no member; what is one is the extension's own, however far its OID is
SELECT count(lo_unlink(lo_create(0))) FROM generate_series(1, 150);
CREATE FUNCTION authz.far() RETURNS text LANGUAGE c AS '$libdir/dbmi_authz', 'authz_version';
ALTER FUNCTION authz.far() DEPENDS ON EXTENSION dbmi_authz;
\c :db
SET client_min_messages = warning;
SELECT authz.try_set_token('a.b.c');
ALTER FUNCTION authz.far() NO DEPENDS ON EXTENSION dbmi_authz;
ALTER EXTENSION dbmi_authz ADD FUNCTION authz.far();
\c :db
SET client_min_messages = warning;
SELECT authz.try_set_token('a.b.c');
ALTER EXTENSION dbmi_authz DROP FUNCTION authz.far();
DROP FUNCTION authz.far();
DROP TABLE authz.something, shadows_other, shadows_doc;
DROP FUNCTION shadows_try;
