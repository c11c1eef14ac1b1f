-- protect() by sets: who reads, who writes, where a new row may lie, and what keeps the view alive.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\pset format unaligned
\pset footer off
\set ECHO all
-- The owner of the database, no superuser, owns tables and sets; the application owns nothing.
SELECT current_database() AS db, current_user AS installer \gset
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE ROLE protect_set_owner;
CREATE ROLE protect_set_app;
ALTER DATABASE :"db" OWNER TO protect_set_owner;
GRANT ALL ON SCHEMA mint TO protect_set_owner;
CREATE SCHEMA protect_set AUTHORIZATION protect_set_owner;
RESET client_min_messages;
SET ROLE protect_set_owner;
GRANT USAGE ON SCHEMA protect_set TO protect_set_app;
SET search_path = protect_set, public;
-- user123 edits folder 1, reads folder 2, and knows nothing of folder 3
CREATE TABLE folder_share (person text, folder_id integer, level text, valid_until timestamptz);
INSERT INTO folder_share VALUES ('user123', 1, 'edit'), ('user123', 2, 'view'), ('user456', 1, 'view'), ('user456', 3, 'edit');
CREATE VIEW my_folders AS SELECT folder_id FROM folder_share WHERE person = authz.user_id();
CREATE VIEW my_edited_folders AS SELECT folder_id FROM folder_share WHERE person = authz.user_id() AND level = 'edit';
SELECT authz.watch('folder_share');
CREATE TABLE document (id integer PRIMARY KEY, author_id text, folder_id integer, org_id text, title text);
CREATE INDEX ON document (author_id);
CREATE INDEX ON document (folder_id);
CREATE INDEX ON document (org_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON document TO protect_set_app;
INSERT INTO document VALUES (1, 'user456', 1), (2, 'user456', 2), (3, 'user456', 3), (4, 'user123', 3), (5, 'user123', NULL), (6, 'user123', 1), (7, 'user456', NULL);
-- What there is of policies on a table.
CREATE FUNCTION policies(rel regclass) RETURNS TABLE (cmd text, qual text, with_check text) LANGUAGE sql AS $$
SELECT p.cmd, p.qual, p.with_check FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_policies p ON p.schemaname = n.nspname AND p.tablename = c.relname WHERE c.oid = rel ORDER BY 1 $$;
-- The rows that each command finds and, of both owners, in which folders a new row may lie; all of it is undone.
CREATE FUNCTION rows_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	BEGIN
		EXECUTE format('WITH done AS (%s) SELECT string_agg(id::text, '','' ORDER BY id) FROM done', statement) INTO result;
		RAISE SQLSTATE 'RR000';
	EXCEPTION WHEN SQLSTATE 'RR000' THEN
		RETURN coalesce(result, '-');
	WHEN OTHERS THEN
		RETURN SQLSTATE;
	END;
END $$;
CREATE FUNCTION app() RETURNS TABLE (command text, result text) LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL ROLE protect_set_app;
	RETURN QUERY SELECT 'reads', protect_set.rows_of('SELECT id FROM document');
	RETURN QUERY SELECT 'changes ' || id, protect_set.rows_of(format('UPDATE document SET title = ''new'' WHERE id = %s RETURNING id', id)) FROM generate_series(1, 7) id;
	RETURN QUERY SELECT 'deletes', protect_set.rows_of('DELETE FROM document RETURNING id');
	RETURN QUERY SELECT format('puts %s''s into %s', a, coalesce(f::text, 'none')),
		protect_set.rows_of(format('INSERT INTO document VALUES (9, %L, %L) RETURNING id', a, f))
		FROM unnest('{user123,user456}'::text[]) a, unnest('{1,2,3,NULL}'::integer[]) f;
	RETURN QUERY SELECT format('moves %s to %s', d, coalesce(f::text, 'none')),
		protect_set.rows_of(format('UPDATE document SET folder_id = %L WHERE id = %s RETURNING id', f, d))
		FROM unnest('{1,6}'::integer[]) d, unnest('{1,2,3,NULL}'::integer[]) f;
	SET LOCAL ROLE protect_set_owner;
END $$;
-- The same on one line for what is written alone.
CREATE FUNCTION reads() RETURNS text LANGUAGE sql AS $$ SELECT result FROM app() WHERE command = 'reads' $$;

--
-- An owner, and a set
--
SELECT authz.protect('document', owner => 'author_id', set => 'my_folders', set_column => 'folder_id');
SELECT * FROM policies('document');
-- accept: one's own, and what the set reaches, to read; one's own to write, in folders that one reaches or in none
-- refuse: another's to write; into a folder that one does not reach
CALL mint.login('tX0');
SELECT * FROM app();
-- refuse: nobody
CALL mint.logout();
SELECT * FROM app();
-- a share that is given or taken counts for the next query
CALL mint.login('tX0');
DELETE FROM folder_share WHERE person = 'user123' AND folder_id = 2;
SELECT reads();
INSERT INTO folder_share VALUES ('user123', 2, 'view');
SELECT reads();

--
-- A set to write by
--
SELECT authz.protect('document', owner => 'author_id', set => 'my_folders', set_column => 'folder_id', write_set => 'my_edited_folders') \g /dev/null
SELECT * FROM policies('document');
-- accept: what lies in folder 1, whoever owns it; refuse: to put something into folder 2, which is only read, or in another's name
SELECT * FROM app();

--
-- Without an owner
--
-- a set gives reading
SELECT authz.protect('document', set => 'my_folders', set_column => 'folder_id') \g /dev/null
SELECT * FROM policies('document');
SELECT * FROM app() WHERE result <> '42501';
-- and writing where there is one for it
SELECT authz.protect('document', set => 'my_folders', set_column => 'folder_id', write_set => 'my_edited_folders') \g /dev/null
SELECT * FROM policies('document');
SELECT * FROM app() WHERE result <> '42501';
-- a rule for a command counts within the set
SELECT authz.protect('document', set => 'my_folders', set_column => 'folder_id', insert_any_roles => '{editor}', delete_any_roles => '{nobody}') \g /dev/null
SELECT * FROM policies('document');
SELECT * FROM app() WHERE result <> '42501';

--
-- Beside other rules
--
SELECT authz.protect('document', owner => 'author_id', org => 'org_id', set => 'my_folders', set_column => 'folder_id', write_set => 'my_edited_folders',
	admin => true, select_any_scopes => '{profile}', update_all_scopes => '{x,y}') \g /dev/null
SELECT * FROM policies('document');
SELECT authz.protect('document', org => 'org_id', set => 'my_folders', set_column => 'folder_id', admin => true) \g /dev/null
SELECT * FROM policies('document');
SELECT authz.protect('document', owner => 'author_id', set => 'my_folders', set_column => 'folder_id', write_set => 'my_edited_folders', admin => true) \g /dev/null
SELECT * FROM policies('document');
SELECT authz.protect('document', mode => 'read_only', set => 'my_folders', set_column => 'folder_id') \g /dev/null
SELECT * FROM policies('document');
-- a column that is never NULL needs no word about it
BEGIN;
CREATE TABLE filed (author_id text, folder_id integer NOT NULL);
SELECT authz.protect('filed', owner => 'author_id', set => 'my_folders', set_column => 'folder_id', write_set => 'my_edited_folders', dry_run => true);
-- a column may be owner and key, and is told of once
SELECT authz.protect('filed', owner => 'folder_id', set => 'my_folders', set_column => 'folder_id', dry_run => true) IS NULL AS ran;
CREATE INDEX ON filed (folder_id);
SELECT authz.protect('filed', set => 'my_folders', set_column => 'folder_id') IS NULL AS ran;
-- run by hand the text gives the same policies
SELECT authz.protect('filed', owner => 'author_id', set => 'my_folders', set_column => 'folder_id') AS wet, array_agg(p) AS picture FROM policies('filed') p \gset
SELECT array_agg(p) AS picture FROM policies('filed') p \gset
SELECT authz.unprotect('filed');
SET LOCAL search_path = '';
:wet
SET LOCAL search_path = protect_set;
SELECT array_agg(p)::text = :'picture' AS same FROM policies('filed') p;
ROLLBACK;

--
-- Child tables, by the set of their parent's rows
--
CREATE VIEW my_documents AS SELECT id FROM document WHERE folder_id IN (SELECT unnest(authz.set_keys('my_folders', NULL::integer)));
CREATE TABLE comment (id integer, document_id integer NOT NULL, author text, body text);
CREATE INDEX ON comment (document_id);
CREATE INDEX ON comment (author);
GRANT SELECT, INSERT, UPDATE, DELETE ON comment TO protect_set_app;
INSERT INTO comment VALUES (1, 1, 'user456'), (2, 2, 'user456'), (3, 3, 'user456'), (4, 3, 'user123');
SELECT authz.watch('document');
SELECT authz.protect('comment', owner => 'author', set => 'my_documents', set_column => 'document_id') \g /dev/null
SELECT * FROM policies('comment');
SET ROLE protect_set_app;
-- accept: comments on what one may read, and one's own
SELECT id FROM comment ORDER BY id;
INSERT INTO comment VALUES (5, 2, 'user123');
-- refuse: on a document that one does not reach, and in another's name
INSERT INTO comment VALUES (6, 3, 'user123');
INSERT INTO comment VALUES (6, 2, 'user456');
-- the parent goes with its share, and the comments with the parent
SET ROLE protect_set_owner;
DELETE FROM folder_share WHERE person = 'user123' AND folder_id = 2;
SET ROLE protect_set_app;
SELECT id FROM comment ORDER BY id;
SET ROLE protect_set_owner;
INSERT INTO folder_share VALUES ('user123', 2, 'view');

--
-- The view stays alive
--
-- refuse
DROP VIEW my_documents;
-- accept: it may be renamed, moved, and made anew
CREATE SCHEMA protect_set_sets;
GRANT USAGE ON SCHEMA protect_set_sets TO protect_set_app;
ALTER VIEW my_documents RENAME TO "My ""documents\";
ALTER VIEW "My ""documents\" SET SCHEMA protect_set_sets;
SELECT qual FROM policies('comment') WHERE cmd = 'SELECT';
SET ROLE protect_set_app;
SELECT id FROM comment ORDER BY id;
SET ROLE protect_set_owner;
-- by its odd name, too, and whatever the rule for strings
SELECT authz.protect('comment', set => 'protect_set_sets."My ""documents\"', set_column => 'document_id') AS odd \gset
\echo :odd
SET escape_string_warning = off;
SET standard_conforming_strings = off;
:odd
SET standard_conforming_strings = on;
RESET escape_string_warning;
SELECT qual FROM policies('comment');
-- a CASCADE takes the policies along, and closes the table
BEGIN;
SET LOCAL client_min_messages = warning;
DROP VIEW protect_set_sets."My ""documents\" CASCADE;
SELECT count(*) FROM policies('comment');
SET LOCAL ROLE protect_set_app;
SELECT count(*) FROM comment;
ROLLBACK;
SELECT authz.unprotect('comment');
DROP VIEW protect_set_sets."My ""documents\";

--
-- Keys that end by the clock, and of each type
--
CREATE VIEW my_timed_folders AS SELECT folder_id, valid_until FROM folder_share WHERE person = authz.user_id();
SELECT authz.protect('document', set => 'my_timed_folders', set_column => 'folder_id') \g /dev/null
SELECT reads();
UPDATE folder_share SET valid_until = '2001-01-01' WHERE folder_id = 2;
SELECT reads();
UPDATE folder_share SET valid_until = '2100-01-01' WHERE folder_id = 2;
SELECT reads();
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
CREATE DOMAIN email AS citext CHECK (value ~ '@');
CREATE TABLE kinds (i2 smallint, i4 integer, i8 bigint, u uuid, t text, v varchar(5), n name, c citext, d email, b boolean, ts timestamptz, f float8);
SET client_min_messages = warning;
SELECT format('CREATE VIEW of_%1$s AS SELECT %1$s FROM kinds', attname) FROM pg_attribute WHERE attrelid = 'kinds'::regclass AND attnum > 0 \gexec
-- accept: within integers, texts and uuids; refuse: across, and what no set has
SELECT v.attname AS key, string_agg(left(try(format('''kinds'', set => ''of_%s'', set_column => %L, dry_run => true', v.attname, k.attname)), 5), ' ' ORDER BY k.attnum) AS of_each_column
  FROM pg_attribute v, pg_attribute k WHERE v.attrelid = 'kinds'::regclass AND k.attrelid = v.attrelid AND v.attnum > 0 AND k.attnum > 0 GROUP BY v.attnum, v.attname ORDER BY v.attnum;

--
-- A set over the table that it protects
--
CREATE TABLE folder (id integer PRIMARY KEY, parent integer);
GRANT SELECT ON folder TO protect_set_app;
INSERT INTO folder VALUES (1, NULL), (2, NULL), (3, NULL), (11, 1), (31, 3);
CREATE VIEW my_tree AS WITH RECURSIVE tree (id) AS (
	SELECT folder_id FROM folder_share WHERE person = authz.user_id() AND folder_id = 1 UNION
	SELECT f.id FROM folder f JOIN tree t ON f.parent = t.id) SELECT id FROM tree;
SELECT authz.protect('folder', set => 'my_tree', set_column => 'id') \g /dev/null
-- refuse: it would have to know itself first
SET ROLE protect_set_app;
SELECT mint.outcome('SELECT string_agg(id::text, '','' ORDER BY id) FROM protect_set.folder');
-- accept: read by a role that no policy binds
RESET ROLE;
CREATE ROLE protect_set_tree BYPASSRLS;
GRANT USAGE ON SCHEMA protect_set TO protect_set_tree;
GRANT SELECT ON protect_set.folder, protect_set.folder_share TO protect_set_tree;
ALTER VIEW protect_set.my_tree OWNER TO protect_set_tree;
GRANT SELECT ON protect_set.my_tree TO protect_set_app;
SET ROLE protect_set_app;
SELECT mint.outcome('SELECT string_agg(id::text, '','' ORDER BY id) FROM protect_set.folder');
SET ROLE protect_set_owner;

--
-- Mistakes
--
CREATE VIEW volatile_keys AS SELECT folder_id FROM folder_share WHERE random() < 2;
CREATE VIEW no_column AS SELECT;
CREATE VIEW three_columns AS SELECT folder_id, valid_until, 1 AS third FROM folder_share;
CREATE VIEW two_texts AS SELECT folder_id, level FROM folder_share;
CREATE MATERIALIZED VIEW kept_folders AS SELECT folder_id FROM folder_share;
SELECT arguments, try('''document'', ' || arguments) FROM unnest(ARRAY[
	$$set => 'my_folders'$$, $$set_column => 'folder_id'$$, $$owner => 'author_id', set_column => 'folder_id'$$,
	$$owner => 'author_id', write_set => 'my_folders'$$, $$owner => 'author_id', write_set => 'my_folders', set_column => 'folder_id'$$,
	$$owner => 'author_id', mode => 'owner_or_read', set => 'my_folders', set_column => 'folder_id'$$,
	$$mode => 'read_only', set => 'my_folders', set_column => 'folder_id', write_set => 'my_edited_folders'$$,
	$$set => 'my_folders', set_column => 'none'$$, $$set => 'my_folders', set_column => 'ctid'$$, $$set => 'my_folders', set_column => 'title'$$,
	$$set => 'my_folders', set_column => 'folder_id', write_set => 'of_u'$$, $$set => 'my_folders', set_column => 'folder_id', write_set => 'folder_share'$$,
	$$set => 'folder_share', set_column => 'folder_id'$$, $$set => 'kept_folders', set_column => 'folder_id'$$, $$set => 'document_pkey', set_column => 'folder_id'$$,
	$$set => 'no_column', set_column => 'folder_id'$$, $$set => 'three_columns', set_column => 'folder_id'$$, $$set => 'two_texts', set_column => 'folder_id', dry_run => true$$, $$set => 'volatile_keys', set_column => 'folder_id'$$,
	$$set => 0, set_column => 'folder_id'$$, $$set => 999999, set_column => 'folder_id'$$, $$set => 'no_such_view', set_column => 'folder_id'$$]) arguments;
RESET client_min_messages;
-- none of it left a trace
SELECT * FROM policies('document');
-- a function of somebody else that would fit better is not asked
RESET ROLE;
CREATE FUNCTION authz.in_set(regclass, integer) RETURNS boolean LANGUAGE sql RETURN true;
SET ROLE protect_set_owner;
SELECT mint.outcome($$SELECT authz.protect('document', set => 'my_folders', set_column => 'folder_id')$$);
SELECT mint.outcome($$SELECT authz.protect('document', set => 'my_folders', set_column => 'folder_id', dry_run => true)$$);
RESET ROLE;
DROP FUNCTION authz.in_set(regclass, integer);
CALL mint.go_home();
