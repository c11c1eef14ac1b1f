-- lint() finds tables whose policies do not bind, commands without a policy, grants that no policy limits.
\set ECHO none
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS dbmi_authz;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\set ECHO all
CREATE ROLE lint_tables_owner;
CREATE ROLE lint_tables_login LOGIN;
CREATE ROLE lint_tables_dba LOGIN;
CREATE ROLE lint_tables_between;
CREATE ROLE lint_tables_app LOGIN;
CREATE ROLE lint_tables_web LOGIN;
CREATE ROLE lint_tables_team;
CREATE ROLE lint_tables_nobody;
CREATE ROLE "lint_tables ""%s'
é" LOGIN;
GRANT lint_tables_team TO lint_tables_app, lint_tables_web;
CREATE SCHEMA lint_tables;
GRANT ALL ON SCHEMA lint_tables TO lint_tables_owner, lint_tables_login;
CREATE FUNCTION lint_tables.found(VARIADIC codes text[]) RETURNS SETOF text LANGUAGE sql AS
$$SELECT concat_ws(' | ', code, level, object, detail, hint) FROM authz.lint(ARRAY['lint_tables'])
  WHERE code = ANY (codes || 'not_checked'::text) ORDER BY code COLLATE "C", object COLLATE "C"$$;
SET search_path = lint_tables;

--
-- Row security that is off, or does not bind the owner
--
SET ROLE lint_tables_owner;
CREATE TABLE forced (id integer, owner text);
ALTER TABLE forced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON forced USING (authz.is_owner(owner));
CREATE TABLE unforced (id integer, owner text);
ALTER TABLE unforced ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON unforced USING (authz.is_owner(owner));
SET ROLE lint_tables_login;
CREATE TABLE "a ""table"" of 'ours', 100%
Über" (id integer, owner text);
ALTER TABLE "a ""table"" of 'ours', 100%
Über" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "p ""%s" ON "a ""table"" of 'ours', 100%
Über" USING (authz.is_owner(owner));
RESET ROLE;
CREATE TABLE off (id integer, owner text);
CREATE POLICY own ON off USING (authz.is_owner(owner));
CREATE TABLE plain (id integer);
CREATE TEMP TABLE lint_tables_temp (id integer);
CREATE POLICY own ON lint_tables_temp USING (true);
CREATE TABLE of_superuser (id integer, owner text);
ALTER TABLE of_superuser ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON of_superuser USING (authz.is_owner(owner));
-- nobody who logs in has the rights of the owner of "unforced"
SELECT found('row_security_off', 'not_forced');
-- a member, by another role, does
GRANT lint_tables_owner TO lint_tables_between;
GRANT lint_tables_between TO lint_tables_dba;
SELECT found('not_forced');
-- also where the rights have to be taken
ALTER ROLE lint_tables_dba NOINHERIT;
SELECT count(*) FROM found('not_forced') WHERE found LIKE '%unforced%';
-- whom no policy binds anyway, FORCE does not bind
ALTER ROLE lint_tables_login BYPASSRLS;
SELECT count(*) FROM found('not_forced') WHERE found LIKE '%ours%';
ALTER ROLE lint_tables_login NOBYPASSRLS;
REVOKE lint_tables_owner FROM lint_tables_between;
DROP TABLE off, of_superuser, "a ""table"" of 'ours', 100%
Über";
ALTER TABLE unforced FORCE ROW LEVEL SECURITY;
SELECT found('row_security_off', 'not_forced');

--
-- No policy, none for a command, or only restrictive ones
--
CREATE TABLE closed (id integer);
ALTER TABLE closed ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE TABLE closed_to_all (LIKE closed);
ALTER TABLE closed_to_all ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT ON closed TO lint_tables_app, "lint_tables ""%s'
é";
GRANT UPDATE (id) ON closed TO PUBLIC;
SELECT found('no_policies');
CREATE TABLE covered (id integer, gone integer, owner text);
ALTER TABLE covered DROP COLUMN gone;
ALTER TABLE covered ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY by_team ON covered FOR SELECT TO lint_tables_team USING (authz.is_owner(owner));
CREATE POLICY by_app ON covered FOR UPDATE TO lint_tables_app USING (authz.is_owner(owner));
CREATE POLICY by_both ON covered FOR DELETE TO lint_tables_app, lint_tables_web USING (authz.is_owner(owner));
-- a member of the team is covered, and a team whose members all are
GRANT SELECT ON covered TO lint_tables_app, lint_tables_web;
GRANT DELETE ON covered TO lint_tables_team;
SELECT found('no_policies', 'no_policy_for_command', 'only_restrictive');
-- what is held and not covered: by a role, by a team of which one is not, by everybody, by a column
GRANT UPDATE ON covered TO lint_tables_team;
GRANT SELECT ON covered TO "lint_tables ""%s'
é";
GRANT INSERT (id) ON covered TO PUBLIC;
SELECT found('no_policies', 'no_policy_for_command', 'only_restrictive');
CREATE POLICY everybody ON covered USING (authz.is_owner(owner));
SELECT found('no_policies', 'no_policy_for_command', 'only_restrictive');
CREATE TABLE limited (id integer);
ALTER TABLE limited ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY few ON limited AS RESTRICTIVE FOR UPDATE USING (authz.is_authenticated());
CREATE POLICY all_see ON limited FOR SELECT USING (authz.is_authenticated());
SELECT found('no_policies', 'no_policy_for_command', 'only_restrictive');
-- a restrictive one for all commands is there to limit those that others let through
DROP POLICY few ON limited;
CREATE POLICY few ON limited AS RESTRICTIVE USING (authz.is_authenticated());
SELECT found('no_policies', 'no_policy_for_command', 'only_restrictive');
DROP POLICY all_see ON limited;
SELECT count(*) FROM found('only_restrictive');
DROP TABLE limited;

--
-- TRUNCATE, TRIGGER, REFERENCES
--
GRANT TRUNCATE, TRIGGER, REFERENCES ON forced TO lint_tables_nobody;
GRANT TRUNCATE ON plain TO PUBLIC;
SELECT found('truncate_granted', 'trigger_granted', 'references_granted');
GRANT lint_tables_nobody TO lint_tables_web;
GRANT TRIGGER ON forced TO PUBLIC;
GRANT REFERENCES (owner) ON covered TO lint_tables_app;
SELECT found('truncate_granted', 'trigger_granted', 'references_granted');
REVOKE ALL ON forced, covered, closed, plain FROM PUBLIC, lint_tables_nobody, lint_tables_app;
-- given on by who may: the hint takes it from whoever gave it
GRANT USAGE ON SCHEMA lint_tables TO lint_tables_nobody;
GRANT TRUNCATE ON forced TO lint_tables_nobody WITH GRANT OPTION;
SET ROLE lint_tables_nobody;
GRANT TRUNCATE ON forced TO lint_tables_app;
RESET ROLE;
SELECT object, hint FROM authz.lint(ARRAY['lint_tables']) WHERE code = 'truncate_granted' ORDER BY object COLLATE "C";
BEGIN;
SELECT hint FROM authz.lint(ARRAY['lint_tables']) WHERE code = 'truncate_granted' AND object ~ 'app$' \gexec
SELECT object FROM authz.lint(ARRAY['lint_tables']) WHERE code = 'truncate_granted';
ROLLBACK;
REVOKE ALL ON forced FROM lint_tables_nobody CASCADE;
REVOKE USAGE ON SCHEMA lint_tables FROM lint_tables_nobody;

--
-- Open tables, beside protected ones
--
GRANT SELECT (id) ON plain TO lint_tables_app;
CREATE TABLE unseen (id integer);
CREATE TABLE written (id integer);
GRANT INSERT ON written TO lint_tables_app;
SELECT found('open_table');
SELECT count(*) FROM authz.lint(ARRAY['lint_tables'], ARRAY(SELECT fingerprint FROM authz.lint(ARRAY['lint_tables']) WHERE code = 'open_table'))
  WHERE code = 'open_table';
-- not in a schema of others
CREATE SCHEMA lint_tables_other;
CREATE TABLE lint_tables_other.open (id integer);
GRANT SELECT ON lint_tables_other.open TO PUBLIC;
SELECT count(*) FROM authz.lint(ARRAY['lint_tables_other']) WHERE code = 'open_table';
DROP SCHEMA lint_tables_other CASCADE;

--
-- Publications; never committed, for tables that are published cannot be written to without a key
--
BEGIN;
CREATE PUBLICATION "lint_tables ""%s" FOR TABLE authz.issuer_key, forced, covered;
-- without the column of the keys
CREATE PUBLICATION lint_tables_names FOR TABLE authz.issuer_key (issuer, kid), plain;
SELECT found('keys_published', 'protected_published');
ROLLBACK;
BEGIN;
CREATE PUBLICATION lint_tables_schema FOR TABLES IN SCHEMA authz;
SELECT found('keys_published', 'protected_published', 'stranger_in_schema');
ROLLBACK;
BEGIN;
CREATE PUBLICATION lint_tables_all FOR ALL TABLES;
SELECT code, object, hint FROM authz.lint(ARRAY['lint_tables']) WHERE code LIKE '%published';
ROLLBACK;

RESET search_path;
DROP SCHEMA lint_tables CASCADE;
DROP ROLE lint_tables_owner, lint_tables_login, lint_tables_dba, lint_tables_between, lint_tables_app, lint_tables_web,
  lint_tables_team, lint_tables_nobody, "lint_tables ""%s'
é";
