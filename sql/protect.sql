-- protect() writes readable policies that do what they say, for every owner of the table, and unprotect() removes exactly those.
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
CREATE EXTENSION IF NOT EXISTS citext;
CREATE ROLE protect_owner;
CREATE ROLE protect_app;
ALTER DATABASE :"db" OWNER TO protect_owner;
GRANT ALL ON SCHEMA mint TO protect_owner;
CREATE SCHEMA protect AUTHORIZATION protect_owner;
RESET client_min_messages;
SET ROLE protect_owner;
GRANT USAGE ON SCHEMA protect TO protect_app;
SET search_path = protect, public;
CREATE TABLE article (id integer PRIMARY KEY, author_id text, org_id uuid, title text);
CREATE INDEX ON article (author_id);
CREATE INDEX ON article (org_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON article TO protect_app;
INSERT INTO article VALUES (1, 'user123', '1189c444-8a2d-4c41-8b4b-ae43ce79a492', 'mine'),
	(2, 'user456', '1189c444-8a2d-4c41-8b4b-ae43ce79a492', 'another''s'), (3, NULL, '2299d555-8a2d-4c41-8b4b-ae43ce79a492', 'nobody''s');
-- What there is of policies on a table.
CREATE FUNCTION policies(rel regclass) RETURNS TABLE (cmd text, name name, roles name[], permissive text, qual text, with_check text, comment text)
LANGUAGE sql AS $$
SELECT p.cmd, p.policyname, p.roles, p.permissive, p.qual, p.with_check, obj_description(o.oid, 'pg_policy')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_policies p ON p.schemaname = n.nspname AND p.tablename = c.relname
  JOIN pg_catalog.pg_policy o ON o.polrelid = c.oid AND o.polname = p.policyname WHERE c.oid = rel
UNION ALL SELECT 'TABLE', relname, NULL, CASE WHEN relrowsecurity THEN 'enabled' END || CASE WHEN relforcerowsecurity THEN ', forced' ELSE '' END, NULL, NULL, NULL FROM pg_class WHERE oid = rel
ORDER BY 1, 2 $$;
-- What each command does for whoever is logged in; all of it is undone.  
CREATE FUNCTION allowed(rel regclass, new_row text) RETURNS TABLE (command text, result text) LANGUAGE plpgsql AS $$
DECLARE
	statement text;
	n bigint;
BEGIN
	FOREACH statement IN ARRAY ARRAY['SELECT FROM %s', 'INSERT INTO %s VALUES %s', 'UPDATE %s SET title = title', 'DELETE FROM %s'] LOOP
		command := split_part(statement, ' ', 1);
		BEGIN
			EXECUTE format(statement, rel, new_row);
			GET DIAGNOSTICS n = ROW_COUNT;
			RAISE SQLSTATE 'RR000';
		EXCEPTION WHEN SQLSTATE 'RR000' THEN
			result := n;
		WHEN OTHERS THEN
			result := SQLSTATE;
		END;
		RETURN NEXT;
	END LOOP;
END $$;
-- The same on one line, as the application.
CREATE FUNCTION app(rel regclass, new_row text DEFAULT '(9, ''user123'')') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	SET LOCAL ROLE protect_app;
	SELECT string_agg(a.command || ' ' || a.result, ', ') INTO result FROM protect.allowed(rel, new_row) a;
	SET LOCAL ROLE protect_owner;
	RETURN result;
END $$;

--
-- Modes
--
-- row 59: owner or read-only
SELECT authz.protect('article', owner => 'author_id', mode => 'owner_or_read');
SELECT * FROM policies('article');
-- accept: all rows, and to write one's own
CALL mint.login('tX0');
SELECT app('article');
SET ROLE protect_app;
SELECT count(*) FROM article;
UPDATE article SET title = 'still mine' WHERE id = 1;
INSERT INTO article VALUES (4, 'user123');
DELETE FROM article WHERE id = 4;
-- refuse: another's row
UPDATE article SET title = 'mine now' WHERE id = 2;
DELETE FROM article WHERE id = 2;
UPDATE article SET author_id = 'user456' WHERE id = 1;
INSERT INTO article VALUES (4, 'user456');
\echo :LAST_ERROR_SQLSTATE
-- refuse: without token there is nothing
CALL mint.logout();
SELECT count(*) FROM article;
INSERT INTO article VALUES (4, 'user123');
\echo :LAST_ERROR_SQLSTATE
-- refuse: the owner of the table is bound too
SET ROLE protect_owner;
SELECT count(*) FROM article;

-- row 60: read-only
SELECT authz.protect('article', mode => 'read_only');
SELECT * FROM policies('article');
-- accept, refuse: to read; INSERT is an error, UPDATE and DELETE find nothing
CALL mint.login('tX0');
SELECT app('article');
CALL mint.logout();
SELECT app('article');

-- row 61: everybody reads, whoever is logged in writes
CREATE TABLE note (id integer, title text);
GRANT SELECT, INSERT, UPDATE, DELETE ON note TO protect_app;
INSERT INTO note VALUES (1, 'one');
SELECT authz.protect('note', admin => true) \g /dev/null
CREATE POLICY readable ON note FOR SELECT USING (true);
CREATE POLICY writable ON note FOR INSERT WITH CHECK (authz.is_authenticated());
-- refuse, accept
SELECT app('note', '(9, ''x'')');
CALL mint.login('tX0');
SELECT app('note', '(9, ''x'')');

-- row 63: rules per command
SELECT authz.protect('article', select_any_permissions => '{sample:read}', insert_any_permissions => '{sample:create}',
					 update_any_permissions => '{sample:update}', delete_all_permissions => '{sample:update,sample:delete}');
SELECT * FROM policies('article');
-- accept, refuse
SELECT app('article');
CALL mint.login('tX0', '{"permissions": ["sample:read", "sample:create", "sample:update"]}');
SELECT app('article');
CALL mint.login('tX0', '{"permissions": ["sample:read", "sample:update", "sample:delete"]}');
SELECT app('article');
CALL mint.login('tX0', '{"permissions": ["sample:create"]}');
SELECT app('article');
-- a command without a rule is refused
SELECT authz.protect('article', select_any_permissions => '{sample:read}', delete_any_roles => '{editor}') \g /dev/null
SELECT cmd, qual FROM policies('article');
CALL mint.login('tX0');
SELECT app('article');

-- row 64: roles AND scopes, in one policy and by a restrictive one
-- accept
SELECT authz.protect('article', select_any_roles => '{editor}', select_all_scopes => '{openid,profile}') \g /dev/null
SELECT app('article');
-- refuse
CALL mint.login('tX0', '{"scope": "openid"}');
SELECT app('article');
CALL mint.login('tX0', '{"roles": ["admin"]}');
SELECT app('article');
SELECT authz.protect('article', select_any_roles => '{editor}') \g /dev/null
CREATE POLICY also ON article AS RESTRICTIVE USING (authz.has_scope('read:data'));
CALL mint.login('tX0', '{"scope": "openid profile"}');
SELECT app('article');
-- accept
CALL mint.login('tX0');
SELECT app('article');
DROP POLICY also ON article;

-- an owner only; the default with an owner
SELECT authz.protect('article', 'author_id') \g /dev/null
SELECT cmd, qual, with_check FROM policies('article');
SELECT app('article');
SELECT app('article', '(9, ''user456'')');
-- organisations
SELECT authz.protect('article', org => 'org_id') \g /dev/null
SELECT cmd, qual, with_check FROM policies('article');
-- accept, refuse
CALL mint.login('tPM');
SELECT app('article', '(9, ''x'', ''1189c444-8a2d-4c41-8b4b-ae43ce79a492'')');
SELECT app('article', '(9, ''x'', ''3300E666-8a2d-4c41-8b4b-ae43ce79a492'')');
CALL mint.login('tPA');
SELECT app('article');
SELECT authz.protect('article', org => 'org_id', org_permission => 'can_view_billing', mode => 'read_only') \g /dev/null
SELECT cmd, qual, with_check FROM policies('article');
CALL mint.login('tPM');
SELECT app('article', '(9, ''x'', ''1189c444-8a2d-4c41-8b4b-ae43ce79a492'')');
-- both, and lists: all must hold
SELECT authz.protect('article', owner => 'author_id', org => 'org_id', mode => 'owner_or_read', select_any_roles => '{r,s}', delete_all_groups => '{g}') \g /dev/null
SELECT cmd, qual, with_check FROM policies('article');
CALL mint.login('tPM', '{"user_id": "user123", "roles": ["s"]}');
SELECT app('article', '(9, ''user123'', ''1189c444-8a2d-4c41-8b4b-ae43ce79a492'')');
SELECT app('article', '(9, ''user123'', NULL)');
CALL mint.login('tPM', '{"user_id": "user123", "roles": ["s"], "groups": ["g"]}');
SELECT app('article', '(9, ''user456'', ''1189c444-8a2d-4c41-8b4b-ae43ce79a492'')');
CALL mint.login('tPM', '{"user_id": "user123"}');
SELECT app('article', '(9, ''user123'', ''1189c444-8a2d-4c41-8b4b-ae43ce79a492'')');
-- each list makes its call
SELECT authz.protect('article', select_any_scopes => '{a}', select_all_scopes => '{b}', select_any_roles => '{c}', select_all_roles => '{d}',
	select_any_permissions => '{e}', select_all_permissions => '{f}', select_any_groups => '{g}', select_all_groups => '{h}',
	insert_any_scopes => '{a}', insert_all_scopes => '{b}', insert_any_roles => '{c}', insert_all_roles => '{d}',
	insert_any_permissions => '{e}', insert_all_permissions => '{f}', insert_any_groups => '{g}', insert_all_groups => '{h}',
	update_any_scopes => '{a}', update_all_scopes => '{b}', update_any_roles => '{c}', update_all_roles => '{d}',
	update_any_permissions => '{e}', update_all_permissions => '{f}', update_any_groups => '{g}', update_all_groups => '{h}',
	delete_any_scopes => '{a}', delete_all_scopes => '{b}', delete_any_roles => '{c}', delete_all_roles => '{d}',
	delete_any_permissions => '{e}', delete_all_permissions => '{f}', delete_any_groups => '{g}', delete_all_groups => '{h}');
-- administrators
SELECT authz.protect('article', owner => 'author_id', admin => true, update_any_scopes => '{x}') \g /dev/null
SELECT cmd, qual, with_check FROM policies('article');
CALL mint.login('tD0');
SELECT app('article');
CALL mint.login('tD1g');
SELECT app('article');
SELECT authz.protect('article', mode => 'read_only', admin => true, org => 'org_id') \g /dev/null
SELECT cmd, qual, with_check FROM policies('article');
SELECT app('article');
SELECT authz.protect('article', select_any_scopes => '{x}', admin => true) \g /dev/null
SELECT cmd, qual, with_check FROM policies('article');
SELECT authz.protect('article', admin => true) \g /dev/null
SELECT cmd, qual, with_check FROM policies('article');
SELECT app('article');
CALL mint.logout();
SELECT app('article');

--
-- The text is what was run
--
SELECT md5(string_agg(p::text, E'\n')) AS picture FROM policies('article') p \gset
-- dry_run changes nothing
SELECT authz.protect('article', owner => 'author_id', dry_run => true) AS dry \gset
SELECT md5(string_agg(p::text, E'\n')) = :'picture' AS same FROM policies('article') p;
-- it says what a run would do
BEGIN;
SELECT authz.protect('article', owner => 'author_id') AS wet, md5(string_agg(p::text, E'\n')) AS wet_picture FROM policies('article') p \gset
SELECT md5(string_agg(p::text, E'\n')) AS wet_picture FROM policies('article') p \gset
ROLLBACK;
SELECT :'dry' = :'wet' AS same;
-- all in one step: nothing of it is left
SELECT md5(string_agg(p::text, E'\n')) = :'picture' AS same FROM policies('article') p;
-- run by hand: on this table, and on one that has nothing yet
BEGIN;
:wet
SELECT md5(string_agg(p::text, E'\n')) = :'wet_picture' AS same FROM policies('article') p;
ROLLBACK;
CREATE TABLE "Odd ""table\" (id integer, "user" text, "it's \ ""odd""" text, org citext, title text, "select" uuid);
CREATE INDEX ON "Odd ""table\" ("it's \ ""odd""");
CREATE INDEX ON "Odd ""table\" (org);
CREATE FUNCTION odd() RETURNS text LANGUAGE sql
RETURN (SELECT string_agg(p::text, ' ') FROM policies('"Odd ""table\"') p);
BEGIN;
SELECT authz.protect('"Odd ""table\"', owner => 'it''s \ "odd"', org => 'org', org_permission => E'it''s "\\ \n $$ odd',
	select_any_scopes => ARRAY[E'a\\', 'b''', '"c"', '{d}', 'é', ''], admin => true) AS odd;
SELECT authz.protect('"Odd ""table\"', owner => 'it''s \ "odd"', org => 'org', org_permission => E'it''s "\\ \n $$ odd',
	select_any_scopes => ARRAY[E'a\\', 'b''', '"c"', '{d}', 'é', '']) AS odd \gset
SELECT * FROM policies('"Odd ""table\"');
SELECT odd() AS odd_picture \gset
ROLLBACK;
-- the text of a run gives the same policies
BEGIN;
:odd
SELECT odd() = :'odd_picture' AS same;
ROLLBACK;
-- with the old rule for strings
SET escape_string_warning = off;
SET standard_conforming_strings = off;
BEGIN;
SELECT authz.protect('"Odd ""table\\"', owner => 'it''s \\ "odd"', org => 'org', org_permission => E'it''s "\\ \n $$ odd',
	select_any_scopes => ARRAY[E'a\\', 'b''', '"c"', '{d}', 'é', '']) AS odd \gset
SET LOCAL standard_conforming_strings = on;
SELECT odd() = :'odd_picture' AS same;
ROLLBACK;
BEGIN;
:odd
SET LOCAL standard_conforming_strings = on;
SELECT odd() = :'odd_picture' AS same;
ROLLBACK;
SET standard_conforming_strings = on;
RESET escape_string_warning;
BEGIN;
:odd
SELECT odd() = :'odd_picture' AS same;
ROLLBACK;
-- columns whose names are key words
SELECT authz.protect('"Odd ""table\"', owner => 'user', org => 'select', dry_run => true) ~ 'is_owner\("user"\) AND authz.in_org\("select"\)' AS quoted;

--
-- Again, and away
--
SELECT authz.protect('article', 'author_id') \g /dev/null
CREATE POLICY mine ON article FOR SELECT USING (true);
CREATE POLICY narrower ON article AS RESTRICTIVE USING (true);
COMMENT ON POLICY mine ON article IS 'Written by authz.protect().';
-- what widens is told; other policies stay
SELECT authz.protect('article', select_any_scopes => '{a}');
SELECT cmd, name, permissive, qual FROM policies('article');
SELECT authz.unprotect('article');
SELECT * FROM policies('article');
SELECT authz.unprotect('article');
DROP POLICY mine ON article;
DROP POLICY narrower ON article;
-- nothing was opened by it
CALL mint.login('tX0');
SELECT app('article');
-- a policy of our name that is somebody else's
CREATE POLICY authz_protect_delete ON article FOR DELETE USING (authz.has_role('x'));
-- refuse
SELECT authz.protect('article', 'author_id');
\echo :LAST_ERROR_SQLSTATE
COMMENT ON POLICY authz_protect_delete ON article IS 'written by authz.protect()';
SELECT authz.protect('article', select_any_scopes => '{a}', dry_run => true);
SELECT authz.unprotect('article');
SELECT cmd, name, qual, comment FROM policies('article');
DROP POLICY authz_protect_delete ON article;
-- accept: one of ours that was altered by hand is ours
SELECT authz.protect('article', 'author_id') \g /dev/null
ALTER POLICY authz_protect_select ON article USING (true);
-- one that was renamed is not
ALTER POLICY authz_protect_delete ON article RENAME TO keep;
SELECT authz.unprotect('article');
SELECT cmd, name, qual, comment FROM policies('article');
DROP POLICY keep ON article;
-- no privilege is given
SELECT a.grantee::regrole, string_agg(a.privilege_type, ' ' ORDER BY a.privilege_type) FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = 'article'::regclass AND a.grantee <> c.relowner GROUP BY 1;

--
-- Mistakes
--
CREATE FUNCTION try(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text; detail text; hint text;
BEGIN
	EXECUTE format('SELECT authz.protect(%s)', arguments) INTO message;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''), nullif(hint, ''));
END $$;
CREATE VIEW article_view AS SELECT * FROM article;
CREATE MATERIALIZED VIEW article_kept AS SELECT 1 AS id;
CREATE SEQUENCE article_seq;
CREATE TYPE composite AS (id integer);
CREATE DOMAIN email AS citext CHECK (value ~ '@');
CREATE DOMAIN moment AS timestamptz;
CREATE TABLE kinds (t text, v varchar(5), n name, c citext, u uuid, i2 smallint, i4 integer, i8 bigint, d email,
	ch char(5), ts timestamptz, dm moment, j jsonb, a text[], k composite, o oid, f float8, b boolean, gone text);
ALTER TABLE kinds DROP COLUMN gone;
SET client_min_messages = warning;
-- refuse
SELECT arguments, try(arguments) FROM unnest(ARRAY[
	$$NULL$$, $$NULL, 'author_id'$$, $$'article'$$, $$'article', NULL, NULL, NULL, NULL, NULL$$, $$'article', dry_run => true$$, $$'article', admin => false$$,
	$$'article', mode => 'owner'$$, $$'article', mode => 'owner_or_read'$$, $$'article', mode => 'owner', org => 'org_id'$$,
	$$'article', mode => 'Owner', owner => 'author_id'$$, $$'article', mode => ''$$, $$'article', mode => 'owner', owner => 'author_id', org_permission => 'x'$$,
	$$'article', org => 'org_id', org_permission => ''$$, $$'article', mode => 'read_only', owner => 'author_id'$$, $$'article', org_permission => 'x', mode => 'read_only'$$,
	$$'article', mode => 'read_only', insert_any_scopes => '{a}'$$, $$'article', mode => 'read_only', update_all_roles => '{a}'$$,
	$$'article', mode => 'read_only', delete_any_groups => '{a}', select_any_scopes => '{b}'$$,
	$$'article', select_any_scopes => '{}'$$, $$'article', 'author_id', update_all_permissions => '{}'$$, $$'article', delete_all_groups => '{a,NULL}'$$, $$'article', insert_any_roles => '{NULL}'$$,
	$$'article', 'none'$$, $$'article', ''$$, $$'article', 'Author_id'$$, $$'article', 'ctid'$$, $$'article', 'tableoid'$$, $$'article', org => 'none', dry_run => true$$,
	$$'article', 'article'$$, $$'kinds', '........pg.dropped.19........'$$, $$'kinds', 'gone'$$, $$'no_such_table', 'x'$$, $$0, 'x'$$, $$999999, 'x'$$,
	$$'article_view', 'author_id'$$, $$'article_kept', 'id'$$, $$'article_seq', 'last_value'$$, $$'composite', 'id'$$, $$'article_pkey', 'id'$$,
	$$'pg_class', 'relname'$$, $$'pg_authid', 'rolname', dry_run => true$$, $$'authz.issuer', 'issuer'$$, $$'authz.issuer_key', 'kid', dry_run => true$$]) arguments;
SELECT arguments, try(arguments) FROM (SELECT format('''kinds'', owner => %L', a.attname), format('''kinds'', org => %L, dry_run => true', a.attname)
	FROM pg_attribute a WHERE attrelid = 'kinds'::regclass AND attnum > 9 AND NOT attisdropped ORDER BY attnum) k (owner, org) CROSS JOIN LATERAL (VALUES (owner), (org)) v (arguments);
-- none of it left a trace
SELECT name, permissive FROM policies('article') UNION ALL SELECT name, permissive FROM policies('kinds');
-- accept
SELECT arguments, try(arguments) FROM (SELECT format('''kinds'', owner => %1$L, org => %1$L', a.attname)
	FROM pg_attribute a WHERE attrelid = 'kinds'::regclass AND attnum BETWEEN 1 AND 9 ORDER BY attnum) k (arguments);
SELECT arguments, try(arguments) FROM unnest(ARRAY[$$'article', 'author_id', NULL, NULL, NULL, NULL, dry_run => NULL$$, $$'article', mode => 'read_only', select_any_scopes => '{{a},{b}}'$$]) arguments;
SELECT cmd, qual FROM policies('article');
-- refuse: tables of others, system catalogs and ours as a superuser too
RESET ROLE;
CREATE TABLE protect.not_yours (id integer, owner text);
SELECT arguments, protect.try(arguments) FROM unnest(ARRAY[$$'pg_class', 'relname'$$, $$'authz.issuer', 'issuer'$$, $$'authz.profile', 'profile', dry_run => true$$]) arguments;
SET ROLE protect_owner;
SELECT arguments, try(arguments) FROM unnest(ARRAY[$$'not_yours', 'owner'$$, $$'not_yours', 'owner', dry_run => true$$]) arguments;
SELECT authz.unprotect('not_yours');
SELECT authz.unprotect(NULL);
SELECT authz.unprotect('article_view');
SELECT authz.unprotect('authz.issuer');
-- refuse: who does not own the database
SET ROLE protect_app;
SELECT authz.protect('article', 'author_id');
SELECT authz.unprotect('article');
SET ROLE protect_owner;
RESET client_min_messages;

--
-- Partitions and children; indexes
--
CREATE TABLE visit (id integer, owner text, year integer, title text) PARTITION BY LIST (year);
CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES IN (2025);
CREATE INDEX ON visit (id);
CREATE INDEX ON visit (owner) WHERE id > 0;
GRANT SELECT, INSERT, UPDATE, DELETE ON visit, visit_2025 TO protect_app;
INSERT INTO visit VALUES (1, 'user123', 2025), (2, 'user456', 2025);
SELECT authz.protect('visit', 'owner') IS NULL AS ran;
CREATE INDEX ON visit (owner);
SELECT app('visit', '(9, ''user123'', 2025)');
-- the policies of a partition are its own
SELECT app('visit_2025', '(9, ''user456'', 2025)');
SELECT authz.protect('visit_2025', 'owner') IS NULL AS ran;
SELECT app('visit_2025', '(9, ''user456'', 2025)');
SELECT authz.protect('visit', 'owner', dry_run => true) IS NULL AS ran;
CREATE TABLE parent (owner text PRIMARY KEY);
CREATE TABLE child () INHERITS (parent);
SELECT authz.protect('parent', 'owner') IS NULL AS ran;

-- WITH CHECK does not bind rows that go to a foreign table: refused, however deep it is
RESET ROLE;
CREATE FOREIGN DATA WRAPPER protect_wrapper;
CREATE SERVER protect_server FOREIGN DATA WRAPPER protect_wrapper;
GRANT USAGE ON FOREIGN SERVER protect_server TO protect_owner;
SET ROLE protect_owner;
CREATE TABLE trip (id integer, owner text, year integer) PARTITION BY LIST (year);
CREATE TABLE trip_old PARTITION OF trip FOR VALUES IN (1, 2) PARTITION BY LIST (year);
CREATE TABLE trip_1 PARTITION OF trip_old FOR VALUES IN (1);
SELECT authz.protect('trip', 'owner') IS NULL AS ran;
SELECT authz.unprotect('trip');
CREATE FOREIGN TABLE trip_2 PARTITION OF trip_old FOR VALUES IN (2) SERVER protect_server;
SELECT authz.protect('trip', 'owner');
SELECT authz.protect('trip_old', 'owner', dry_run => true);
SELECT authz.protect('trip_1', 'owner') IS NULL AS ran;
CREATE FOREIGN TABLE child_far () INHERITS (parent) SERVER protect_server;
SELECT authz.protect('parent', 'owner');
SELECT authz.unprotect('parent');
-- without it, accepted; what is attached later lint() names, and unprotect() still works
ALTER TABLE trip_old DETACH PARTITION trip_2;
SELECT authz.protect('trip', 'owner') IS NULL AS ran;
ALTER TABLE trip_old ATTACH PARTITION trip_2 FOR VALUES IN (2);
RESET ROLE;
SELECT object FROM authz.lint() WHERE code = 'foreign_partition' ORDER BY 1;
SET ROLE protect_owner;
SELECT authz.protect('trip', 'owner');
SELECT authz.unprotect('trip');
RESET ROLE;
DROP FOREIGN DATA WRAPPER protect_wrapper CASCADE;
SET ROLE protect_owner;

--
-- A hostile search_path changes nothing
--
-- what a policy refers to: only what is in authz
SELECT authz.protect('article', owner => 'author_id', org => 'org_id', org_permission => 'p', admin => true, select_any_scopes => '{a}', delete_all_groups => '{g}') \g /dev/null
CREATE FUNCTION refers(rel regclass) RETURNS TABLE (class oid, id oid, sub integer) LANGUAGE sql AS $$
SELECT DISTINCT d.refclassid, d.refobjid, d.refobjsubid FROM pg_depend d JOIN pg_catalog.pg_policy p ON p.oid = d.objid
 WHERE d.classid = 'pg_catalog.pg_policy'::regclass AND p.polrelid = rel ORDER BY 1, 2, 3 $$;
CREATE TEMP TABLE before AS SELECT ARRAY(SELECT r::text FROM refers('article') r) AS refers, ARRAY(SELECT p::text FROM policies('article') p) AS policies;
SELECT pg_describe_object(class, id, sub) FROM refers('article') ORDER BY 1;
RESET ROLE;
CREATE SCHEMA protect_evil;
GRANT ALL ON SCHEMA protect_evil TO PUBLIC;
SET ROLE protect_app;
SET search_path = protect_evil;
CREATE FUNCTION protect_evil.always(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION protect_evil.always(oid, oid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION protect_evil.always(int2, int2) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION protect_evil.always(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR protect_evil.= (FUNCTION = protect_evil.always, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR protect_evil.= (FUNCTION = protect_evil.always, LEFTARG = oid, RIGHTARG = oid);
CREATE OPERATOR protect_evil.= (FUNCTION = protect_evil.always, LEFTARG = int2, RIGHTARG = int2);
CREATE OPERATOR protect_evil.= (FUNCTION = protect_evil.always, LEFTARG = name, RIGHTARG = name);
CREATE FUNCTION protect_evil.is_owner(text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION protect_evil.is_admin() RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION protect_evil.obj_description(oid, name) RETURNS text LANGUAGE sql AS 'SELECT ''Written by authz.protect().''';
CREATE DOMAIN protect_evil.text AS pg_catalog.text DEFAULT 'evil';
CREATE DOMAIN protect_evil.regclass AS pg_catalog.text;
CREATE VIEW protect_evil.pg_policy AS SELECT 1 AS nothing;
CREATE VIEW protect_evil.pg_index AS SELECT 1 AS nothing;
CREATE TABLE protect_evil.article (author_id pg_catalog.text);
GRANT ALL ON ALL TABLES IN SCHEMA protect_evil TO PUBLIC;
SET ROLE protect_owner;
SET search_path = protect_evil, pg_temp, pg_catalog;
CREATE TEMP TABLE article (author_id pg_catalog.text);
CREATE TEMP VIEW pg_policy AS SELECT 1 AS nothing;
CREATE FUNCTION pg_temp.has_any_scope(VARIADIC pg_catalog.text[]) RETURNS boolean LANGUAGE sql AS 'SELECT true';
SELECT authz.protect('protect.article', owner => 'author_id', org => 'org_id', org_permission => 'p', admin => true, select_any_scopes => '{a}', delete_all_groups => '{g}') \g /dev/null
RESET search_path;
SELECT refers = ARRAY(SELECT r::text FROM protect.refers('protect.article') r) AS same, policies = ARRAY(SELECT p::text FROM protect.policies('protect.article') p) AS same FROM before;
SET search_path = protect_evil, pg_temp, pg_catalog;
SELECT authz.unprotect('protect.article');
-- a temporary table is a table
SELECT authz.protect('pg_temp.article', 'author_id') OPERATOR(pg_catalog.~) 'POLICY authz_protect_select ON pg_temp.article ' AS temporary;
SELECT authz.unprotect('pg_temp.article');
-- a policy named alike, with a comment that only looks like ours
RESET search_path;
CREATE POLICY authz_protect_select ON protect.article USING (true);
SET search_path = protect_evil, pg_temp, pg_catalog;
SELECT authz.unprotect('protect.article');
SELECT authz.protect('protect.article', 'author_id');
RESET search_path;

-- while the table is in use
CREATE FUNCTION protect.in_use() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	i record;
BEGIN
	FOR i IN SELECT id FROM protect.visit_2025 LOOP
		PERFORM authz.protect('protect.visit_2025', 'owner');
	END LOOP;
	RETURN 'ran';
END $$;
CALL mint.login('tX0');
SELECT protect.in_use();

CALL mint.go_home();
RESET ROLE;
CALL mint.go_home();
\set ECHO none
SET client_min_messages = warning;
DROP SCHEMA protect, protect_evil CASCADE;
REVOKE ALL ON SCHEMA mint FROM protect_owner;
ALTER DATABASE :"db" OWNER TO :"installer";
DROP OWNED BY protect_owner, protect_app;
DROP ROLE protect_owner, protect_app;
