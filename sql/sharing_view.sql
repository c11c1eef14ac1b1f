-- sharing_view() prints a readable view that is the set of what is shared, with its indexes and watches, whatever names, types and search_path; it runs it when told to.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\pset format unaligned
\pset footer off
\set ECHO all
-- The owner of the database, no superuser, owns the tables as well; the application owns nothing.
SELECT current_database() AS db, current_user AS installer \gset
SET client_min_messages = warning;
SET jit = off;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE ROLE sharing_owner;
CREATE ROLE sharing_app;
ALTER DATABASE :"db" OWNER TO sharing_owner;
CREATE SCHEMA drive AUTHORIZATION sharing_owner;
CREATE SCHEMA hr AUTHORIZATION sharing_owner;
RESET client_min_messages;
SET ROLE sharing_owner;
GRANT USAGE ON SCHEMA drive TO sharing_app;
SET search_path = drive, public;
CREATE TABLE hr.team (id integer PRIMARY KEY, parent_id integer REFERENCES hr.team);
CREATE TABLE hr.member (team_id integer NOT NULL REFERENCES hr.team, person text NOT NULL, valid_until timestamptz, PRIMARY KEY (person, team_id));
CREATE TABLE folder (id integer PRIMARY KEY, parent_id integer REFERENCES folder, private boolean NOT NULL DEFAULT false);
CREATE TABLE folder_share (folder_id integer NOT NULL REFERENCES folder, person text, team_id integer REFERENCES hr.team, level text NOT NULL DEFAULT 'view', denied boolean NOT NULL DEFAULT false, valid_until timestamptz);
CREATE TABLE document (id integer PRIMARY KEY, folder_id integer NOT NULL REFERENCES folder);
INSERT INTO hr.team VALUES (1, NULL), (2, 1), (3, NULL);
INSERT INTO hr.member VALUES (2, 'ann'), (3, 'bob');
-- 10 > 11 > 12, and 13, which inherits nothing, lies in 11; 20 > 21
INSERT INTO folder VALUES (10, NULL, false), (11, 10, false), (12, 11, false), (13, 11, true), (20, NULL, false), (21, 20, false), (30, NULL, false);
INSERT INTO document SELECT id * 10, id FROM folder;
GRANT SELECT ON document TO sharing_app;

--
-- The shapes, as they are printed: nothing is run
--
SELECT authz.sharing_view('my_teams', 'teams', members => 'hr.member', member_team => 'team_id', member_subject => 'person');
SELECT authz.sharing_view('my_teams', 'teams', members => 'hr.member', member_team => 'team_id', member_subject => 'person', member_valid_until => 'valid_until',
	subteams => 'hr.team', subteam => 'id', subteam_of => 'parent_id', view_schema => 'drive');
SELECT authz.sharing_view('my_shares', 'shares', shares => 'folder_share', share_key => 'folder_id', share_subject => 'person', claim => 'it''s \ email');
SELECT authz.sharing_view('my_shares', 'shares', shares => 'folder_share', share_key => 'folder_id', share_subject => 'person', share_team => 'team_id',
	members => 'hr.member', member_team => 'team_id', member_subject => 'person', share_valid_until => 'valid_until');
SELECT authz.sharing_view('my_folders', 'folders', folders => 'folder', folder_key => 'id', folder_parent => 'parent_id', folder_breaks => 'private',
	shares => 'folder_share', share_key => 'folder_id', share_subject => 'person', share_team => 'team_id', share_deny => 'denied',
	share_level => 'level', levels => '{view,comment,edit,own}', min_level => 'edit', share_valid_until => 'valid_until',
	members => 'hr.member', member_team => 'team_id', member_subject => 'person', subteams => 'hr.team', subteam => 'id', subteam_of => 'parent_id') AS dry \gset
\echo :dry
-- one table in two roles, and one column in them: an index and a watch, not two
CREATE TABLE membership (member text, team text);
SELECT authz.sharing_view('my_groups', 'teams', members => 'membership', member_team => 'team', member_subject => 'member', subteams => 'membership', subteam => 'member', subteam_of => 'team');
DROP TABLE membership;
SELECT count(*) AS views FROM pg_views WHERE viewname LIKE 'my\_%' AND schemaname NOT LIKE 'protect%';

--
-- Run: the text is what was run
--
SELECT authz.sharing_view('my_folders', 'folders', folders => 'folder', folder_key => 'id', folder_parent => 'parent_id', folder_breaks => 'private',
	shares => 'folder_share', share_key => 'folder_id', share_subject => 'person', share_team => 'team_id', share_deny => 'denied',
	share_level => 'level', levels => '{view,comment,edit,own}', min_level => 'edit', share_valid_until => 'valid_until',
	members => 'hr.member', member_team => 'team_id', member_subject => 'person', subteams => 'hr.team', subteam => 'id', subteam_of => 'parent_id', dry_run => false) = :'dry' AS same;
-- who owns it, who may read it, what is watched, which indexes there are now
SELECT c.relowner::regrole, c.relacl, obj_description(c.oid) FROM pg_class c WHERE oid = 'my_folders'::regclass;
SELECT DISTINCT tgrelid::regclass::text COLLATE "C" AS watched FROM pg_trigger WHERE NOT tgisinternal AND tgrelid::regclass::text ~ 'folder|team|member' AND tgrelid::regclass::text !~ '^protect' ORDER BY 1;
SELECT indrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid IN ('folder'::regclass, 'folder_share'::regclass, 'hr.member'::regclass, 'hr.team'::regclass) AND NOT indisunique ORDER BY 2;
-- again: the indexes are there
SELECT substring(authz.sharing_view('again', 'folders', folders => 'folder', folder_key => 'id', folder_parent => 'parent_id', shares => 'folder_share', share_key => 'folder_id', share_subject => 'person') FROM 'COMMENT.*');
-- by hand
BEGIN;
DROP VIEW my_folders;
:dry
SELECT count(*) FROM my_folders;
ROLLBACK;

--
-- Meaning, through a policy
--
ALTER TABLE document ENABLE ROW LEVEL SECURITY;
CREATE POLICY shared ON document FOR SELECT USING (authz.in_set('drive.my_folders', folder_id));
CREATE FUNCTION seen() RETURNS text LANGUAGE sql AS $$ SELECT coalesce(string_agg(folder_id::text, ' ' ORDER BY folder_id), 'none') FROM drive.document $$;
CREATE PROCEDURE as_app(who text, INOUT sees text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.set_token(mint.person('tG', jsonb_build_object('sub', who)));
	SET LOCAL ROLE sharing_app;
	sees := drive.seen();
	SET LOCAL ROLE sharing_owner;
END $$;
-- refuse: nothing is shared; the level is not enough
CALL as_app('ann', '');
INSERT INTO folder_share VALUES (10, 'ann', NULL, 'comment');
CALL as_app('ann', '');
-- accept: enough, and what lies in it, up to what inherits nothing; through a team that lies in the team
UPDATE folder_share SET level = 'edit';
CALL as_app('ann', '');
INSERT INTO folder_share VALUES (20, NULL, 1, 'own');
CALL as_app('ann', '');
-- refuse: another person, another's team, a token without subject of that name, nobody
CALL as_app('bob', '');
CALL as_app('ANN', '');
CALL mint.logout();
SET ROLE sharing_app;
SELECT seen();
SET ROLE sharing_owner;
-- a denial wins, also below and through a team; one of a higher level only there
INSERT INTO folder_share VALUES (11, NULL, 2, 'view', true), (20, 'ann', NULL, 'own', true);
CALL as_app('ann', '');
UPDATE folder_share SET level = 'edit' WHERE folder_id = 20 AND denied;
CALL as_app('ann', '');
-- a folder of which nothing is known inherits denials, and no share
ALTER TABLE folder ALTER private DROP NOT NULL;
UPDATE folder SET private = NULL WHERE id = 12;
INSERT INTO folder_share VALUES (12, 'ann', NULL, 'own');
CALL as_app('ann', '');
DELETE FROM folder_share WHERE denied OR folder_id = 12;
CALL as_app('ann', '');
UPDATE folder SET private = false WHERE id = 12;
-- an end
UPDATE folder_share SET valid_until = '2001-01-01' WHERE folder_id = 10;
CALL as_app('ann', '');
UPDATE folder_share SET valid_until = '2100-01-01' WHERE folder_id = 10;
CALL as_app('ann', '');
-- two paths: the later end, and never is the last; within one path the earlier one
INSERT INTO folder_share VALUES (11, 'ann', NULL, 'own', false, '2100-02-02'), (12, 'ann', NULL, 'own', false, NULL);
SELECT id, valid_until AT TIME ZONE 'UTC' AS until FROM my_folders ORDER BY id;
-- it is kept, from query to query
SELECT kept, reason, cardinality(tables) FROM authz.sets() WHERE view = 'my_folders'::regclass;
-- circles come to an end
UPDATE folder SET parent_id = 12 WHERE id = 10;
UPDATE hr.team SET parent_id = 2 WHERE id = 1;
CALL as_app('ann', '');

--
-- Teams of another set: keys as a whole, or with their ends
--
SELECT authz.sharing_view('my_teams', 'teams', members => 'hr.member', member_team => 'team_id', member_subject => 'person', dry_run => false) IS NULL AS ran;
SELECT authz.sharing_view('by_set', 'shares', shares => 'folder_share', share_key => 'folder_id', share_team => 'team_id', team_set => 'hr.my_teams', dry_run => false);
INSERT INTO folder_share VALUES (30, NULL, 2), (13, NULL, 3);
TABLE by_set;
CREATE VIEW ending_teams (team, valid_until) AS SELECT team_id, timestamptz '2100-03-03' FROM hr.member WHERE authz.is_owner(person);
SELECT authz.sharing_view('by_ending_set', 'shares', shares => 'folder_share', share_key => 'folder_id', share_team => 'team_id', team_set => 'ending_teams', dry_run => false);
SELECT folder_id, valid_until AT TIME ZONE 'UTC' AS until FROM by_ending_set;
CALL mint.logout();
TABLE by_set;

--
-- Plans: indexes are used, and no table is read whole or hashed
--
INSERT INTO folder SELECT i, NULL, false FROM generate_series(1001, 20000) i;
UPDATE folder SET parent_id = id / 10 WHERE id > 10010;
INSERT INTO folder_share SELECT i, 'person ' || i, NULL, 'own' FROM generate_series(1001, 20000) i;
ANALYZE folder, folder_share, hr.member, hr.team;
CREATE FUNCTION plan_of(view regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE format('EXPLAIN (COSTS OFF) SELECT * FROM %s', view) LOOP
		plan := plan || line;
	END LOOP;
	RETURN plan;
END $$;
CALL mint.login('tG');
SELECT plan ~ 'Index.* folder_parent_id_idx.*Index.* folder_share_person_idx' OR plan ~ 'folder_share_person_idx.*folder_parent_id_idx' AS "by index", plan ~ 'Seq Scan on folder' AS "read whole", plan ~ 'Hash Join|Merge Join' AS joined
  FROM plan_of('my_folders') plan;

--
-- Names and types
--
CREATE DOMAIN "Wo rd" AS citext;
CREATE TYPE "Le vel" AS ENUM ('a', 'it''s \ "b"');
CREATE SCHEMA "Odd ""schema\";
CREATE TABLE "Odd ""schema\"."Tab le" ("user" "Wo rd", "Key" citext, "select" "Wo rd", "Le vel" "Le vel", valid_until timestamptz(3)) PARTITION BY LIST ("Key");
CREATE TABLE "Odd ""schema\".part PARTITION OF "Odd ""schema\"."Tab le" DEFAULT;
CREATE TABLE "Fold er" ("Key" "Wo rd", "Par ent" citext);
SELECT authz.sharing_view('it''s "odd"', 'folders', folders => '"Fold er"', folder_key => 'Key', folder_parent => 'Par ent',
	shares => '"Odd ""schema\"."Tab le"', share_key => 'Key', share_subject => 'user', share_level => 'Le vel', levels => ARRAY['a', 'it''s \ "b"'], min_level => 'it''s \ "b"',
	share_valid_until => 'valid_until', dry_run => false) AS odd;
INSERT INTO "Fold er" VALUES ('A', NULL), ('b', 'a'), ('C', 'B');
INSERT INTO "Odd ""schema\"."Tab le" VALUES ('ANN', 'B', NULL, 'it''s \ "b"'), ('ann', 'a', NULL, 'a');
CALL mint.login('tG');
SELECT * FROM "it's ""odd""" ORDER BY 1;
DROP VIEW "it's ""odd""";
-- no comment where a name has two lines, which could be run by mistake
SELECT authz.sharing_view(E'two\nlines', 'teams', members => 'hr.member', member_team => 'team_id', member_subject => 'person') LIKE '%--%' AS comment;

--
-- Any search_path, and operators, functions and types that would fit better
--
SELECT authz.sharing_view('safe', 'folders', folders => '"Fold er"', folder_key => 'Key', folder_parent => 'Par ent',
	shares => '"Odd ""schema\"."Tab le"', share_key => 'Key', share_subject => 'user', share_team => 'select', members => '"Odd ""schema\"."Tab le"', member_team => 'select', member_subject => 'Key',
	share_valid_until => 'valid_until') AS safe \gset
CREATE SCHEMA evil;
CREATE FUNCTION evil.always(anyelement, anyelement) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR evil.= (FUNCTION = evil.always, LEFTARG = anyelement, RIGHTARG = anyelement);
CREATE FUNCTION evil.always(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR evil.= (FUNCTION = evil.always, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION evil.max(timestamptz) RETURNS timestamptz LANGUAGE sql AS 'SELECT $1';
CREATE DOMAIN evil.regclass AS text;
CREATE DOMAIN evil.timestamptz AS text;
SET search_path = evil, pg_catalog;
SELECT authz.sharing_view('safe', 'folders', folders => 'drive."Fold er"'::pg_catalog.regclass, folder_key => 'Key', folder_parent => 'Par ent',
	shares => '"Odd ""schema\"."Tab le"'::pg_catalog.regclass, share_key => 'Key', share_subject => 'user', share_team => 'select', members => '"Odd ""schema\"."Tab le"'::pg_catalog.regclass, member_team => 'select', member_subject => 'Key',
	share_valid_until => 'valid_until', dry_run => false) OPERATOR(pg_catalog.=) :'safe'::pg_catalog.text AS same;
SELECT pg_catalog.string_agg(DISTINCT pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0), ', ') AS "of evil"
  FROM pg_depend d JOIN pg_rewrite r ON r.oid OPERATOR(pg_catalog.=) d.objid WHERE r.ev_class OPERATOR(pg_catalog.=) 'drive.safe'::pg_catalog.regclass AND pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0) OPERATOR(pg_catalog.~) 'evil';
SET search_path = drive, public;
DROP VIEW safe;
-- refuse: what somebody has put beside ours, or beside citext's
RESET ROLE;
CREATE FUNCTION authz.is_owner(text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
SET ROLE sharing_owner;
SELECT authz.sharing_view('unsafe', 'teams', members => 'hr.member', member_team => 'team_id', member_subject => 'person');
\echo :LAST_ERROR_SQLSTATE
SELECT authz.sharing_view('unsafe', 'teams', members => 'hr.member', member_team => 'team_id', member_subject => 'person', dry_run => false);
SELECT to_regclass('hr.unsafe');
RESET ROLE;
DROP FUNCTION authz.is_owner(text);
CREATE FUNCTION public.always("Wo rd", "Wo rd") RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR public.= (FUNCTION = public.always, LEFTARG = "Wo rd", RIGHTARG = "Wo rd");
SET ROLE sharing_owner;
SELECT authz.sharing_view('unsafe', 'folders', folders => '"Fold er"', folder_key => 'Key', folder_parent => 'Key', shares => '"Fold er"', share_key => 'Key', share_subject => 'Key', dry_run => false);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
DROP OPERATOR public.= ("Wo rd", "Wo rd");
DROP FUNCTION public.always("Wo rd", "Wo rd");
SET ROLE sharing_owner;

--
-- Indexes: what there is counts if it finds values
--
CREATE TABLE kept (team_id integer, person text);
CREATE FUNCTION indexes() RETURNS text LANGUAGE sql AS $$ SELECT coalesce(substring(authz.sharing_view('x', 'teams', members => 'drive.kept', member_team => 'team_id', member_subject => 'person') FROM 'CREATE INDEX[^;]*'), 'none') $$;
SELECT indexes();
CREATE INDEX partial ON kept (person) WHERE team_id > 0;
CREATE INDEX second ON kept (team_id, person);
CREATE INDEX brin ON kept USING brin (person);
CREATE INDEX lowered ON kept (lower(person));
SELECT indexes();
CREATE INDEX hashed ON kept USING hash (person);
SELECT indexes();
DROP INDEX hashed;
CREATE INDEX first ON kept (person, team_id);
SELECT indexes();

--
-- Mistakes
--
CREATE FUNCTION try(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text; detail text; hint text;
BEGIN
	EXECUTE format('SELECT authz.sharing_view(%s)', arguments) INTO message;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''), nullif(hint, ''));
END $$;
CREATE TABLE kinds (i integer, b bigint, t text, c citext, cc text COLLATE "C", j jsonb, f boolean, ts timestamp, tz timestamptz);
CREATE VIEW three AS SELECT 1 AS a, 2 AS b, 3 AS c;
CREATE VIEW wrong_end AS SELECT 1 AS a, now() AS until;
CREATE VIEW texts AS SELECT 'a' AS a;
CREATE FUNCTION folders(rest text) RETURNS text LANGUAGE sql AS $$ SELECT '''v'', ''folders'', folders => ''folder'', folder_key => ''id'', folder_parent => ''parent_id''' || rest $$;
CREATE FUNCTION shares(rest text) RETURNS text LANGUAGE sql AS $$ SELECT '''v'', ''shares'', shares => ''folder_share'', share_key => ''folder_id''' || rest $$;
CREATE FUNCTION members(rest text) RETURNS text LANGUAGE sql AS $$ SELECT ', members => ''hr.member'', member_team => ''team_id'', member_subject => ''person''' || rest $$;
-- refuse: arguments without sense
SELECT try(a), a FROM unnest(ARRAY[
	$$NULL, 'teams'$$, $$'v', NULL$$, $$'v', ''$$, $$'v', 'Teams'$$, $$'v', 'teams'$$, $$'v', 'shares'$$, $$'v', 'folders'$$, folders(''), folders(members('')),
	$$'v', 'teams', members => 'hr.member'$$, $$'v', 'teams', members => 'hr.member', member_team => 'team_id'$$, $$'v', 'teams', member_team => 'team_id'$$,
	$$'v', 'teams'$$ || members(', shares => ''folder_share'''), $$'v', 'teams'$$ || members(', team_set => ''hr.my_teams'''), $$'v', 'teams'$$ || members(', share_key => ''x'''),
	shares(''), shares(', share_team => ''team_id'''), shares(', share_subject => ''person''' || members('')), shares(', share_subject => ''person'', team_set => ''hr.my_teams'''),
	shares(', share_subject => ''person'', folders => ''folder'', folder_key => ''id'', folder_parent => ''parent_id'''),
	shares(', share_team => ''team_id'', team_set => ''hr.my_teams''' || members('')), shares(', share_team => ''team_id'', team_set => ''hr.my_teams'', claim => ''email'''),
	shares(', share_subject => ''person'', subteams => ''hr.team'', subteam => ''id'', subteam_of => ''parent_id'''), shares(', share_subject => ''person'', claim => '''''),
	shares(', share_subject => ''person'', levels => ''{a}'''), shares(', share_subject => ''person'', share_level => ''level'''), shares(', share_subject => ''person'', share_level => ''level'', levels => ''{a,b}'''),
	shares(', share_subject => ''person'', share_level => ''level'', levels => ''{}'', min_level => ''a'''), shares(', share_subject => ''person'', share_level => ''level'', levels => ''{a,NULL}'', min_level => ''a'''),
	shares(', share_subject => ''person'', share_level => ''level'', levels => ''{a,b,a}'', min_level => ''a'''), shares(', share_subject => ''person'', share_level => ''level'', levels => ''{a,b}'', min_level => ''A''')]) a;
-- refuse: what the catalog does not have, or has otherwise
SELECT try(a), a FROM unnest(ARRAY[
	shares(', share_subject => ''none'''), shares(', share_subject => ''ctid'''), $$'v', 'shares', shares => 'none', share_key => 'x', share_subject => 'y'$$, $$'v', 'shares', shares => 0, share_key => 'x', share_subject => 'y'$$,
	$$'v', 'shares', shares => 'three', share_key => 'a', share_subject => 'b'$$, $$'v', 'shares', shares => 'pg_class', share_key => 'relname', share_subject => 'relname'$$,
	$$'v', 'shares', shares => 'authz.issuer', share_key => 'issuer', share_subject => 'issuer'$$,
	$$'v', 'shares', shares => 'kinds', share_key => 'j', share_subject => 't'$$, $$'v', 'shares', shares => 'kinds', share_key => 'i', share_subject => 'j'$$,
	$$'v', 'shares', shares => 'kinds', share_key => 'i', share_subject => 't', share_deny => 'i'$$, $$'v', 'shares', shares => 'kinds', share_key => 'i', share_subject => 't', share_valid_until => 'ts'$$,
	$$'v', 'shares', shares => 'kinds', share_key => 'i', share_subject => 't', share_level => 'j', levels => '{a}', min_level => 'a'$$, $$'v', 'shares', shares => 'kinds', share_key => 'i', share_subject => 't', share_level => 'i', levels => '{a}', min_level => 'a'$$,
	$$'v', 'folders', folders => 'kinds', folder_key => 'i', folder_parent => 'b', shares => 'kinds', share_key => 'i', share_subject => 't'$$, $$'v', 'folders', folders => 'kinds', folder_key => 't', folder_parent => 't', shares => 'kinds', share_key => 'c', share_subject => 't'$$,
	$$'v', 'folders', folders => 'kinds', folder_key => 't', folder_parent => 'cc', shares => 'kinds', share_key => 't', share_subject => 't'$$, $$'v', 'teams', members => 'kinds', member_team => 't', member_subject => 't', subteams => 'kinds', subteam => 't', subteam_of => 'i'$$,
	$$'v', 'teams', members => 'kinds', member_team => 't', member_subject => 't', subteams => 'kinds', subteam => 'i', subteam_of => 't'$$,
	$$'v', 'shares', shares => 'kinds', share_key => 'i', share_team => 'b'$$ || members(''),
	shares(', share_team => ''team_id'', team_set => ''folder'''), shares(', share_team => ''team_id'', team_set => ''three'''), shares(', share_team => ''team_id'', team_set => ''wrong_end'''), shares(', share_team => ''team_id'', team_set => ''texts'''), shares(', share_team => ''team_id'', team_set => 999999'),
	$$'folder', 'teams', view_schema => 'drive'$$ || members(''), $$'v', 'teams', view_schema => 'none'$$ || members(''), $$'v', 'teams', view_schema => 'authz'$$ || members('')]) a;
-- accept: without a column of ends or levels, and types that can be compared
SELECT try(a), a FROM unnest(ARRAY[shares(', share_subject => ''person''') || ', dry_run => NULL', $$'v', 'shares', shares => 'kinds', share_key => 'i', share_subject => 'b', share_level => 'i', levels => '{1,2}', min_level => '2'$$]) a;
-- refuse: tables of others, a schema of others, and who does not own the database
RESET ROLE;
CREATE TABLE hr.not_yours (team_id integer, person text);
CREATE SCHEMA not_yours;
SET ROLE sharing_owner;
SELECT try(a), a FROM unnest(ARRAY[$$'v', 'teams', members => 'hr.not_yours', member_team => 'team_id', member_subject => 'person'$$, $$'v', 'teams', dry_run => false, view_schema => 'not_yours'$$ || members('')]) a;
SET ROLE sharing_app;
SELECT authz.sharing_view('v', 'teams');
RESET ROLE;
-- none of it left a trace
SELECT relname FROM pg_class WHERE relname = 'v';
CALL mint.go_home();
\set ECHO none
SET client_min_messages = warning;
DROP SCHEMA drive, hr, evil, "Odd ""schema\", not_yours CASCADE;
ALTER DATABASE :"db" OWNER TO :"installer";
DROP OWNED BY sharing_owner, sharing_app;
DROP ROLE sharing_owner, sharing_app;
