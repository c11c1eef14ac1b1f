-- lint() names rules of object permissions that decide nothing or too much, and sets that are not kept.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\set ECHO all
CREATE SCHEMA lint_access;
SET search_path = lint_access;
CREATE ROLE lint_access_thief;
CREATE FUNCTION mint.found(OUT code text, OUT level text, OUT object text, OUT hint text) RETURNS SETOF record LANGUAGE sql AS
$$ SELECT code, level, object, hint FROM authz.lint(ARRAY['lint_access']) WHERE object ~ '^(rule|set) ' OR code = 'not_checked' ORDER BY object, code $$;
CREATE TABLE "my notes" (id integer PRIMARY KEY, owner text);
CREATE TABLE shares (note integer, who text);
ALTER TABLE "my notes" ENABLE ROW LEVEL SECURITY;

-- a rule that only reads another table
CREATE FUNCTION shared(integer) RETURNS boolean STABLE LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM lint_access.shares WHERE note = $1) $$;
SELECT authz.register_access('see', '"my notes"', 'user', 'shared(integer)');
CREATE POLICY see ON "my notes" FOR SELECT USING (authz.has_object_perm('see', 'lint_access."my notes"', id::text));
SELECT * FROM mint.found();
-- one that reads the table whose policies ask it
CREATE OR REPLACE FUNCTION shared(integer) RETURNS boolean STABLE LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM lint_access."my notes" WHERE id = $1) $$;
SELECT code, level, object, detail, hint FROM authz.lint(ARRAY['lint_access']) WHERE object ~ '^rule';
CREATE OR REPLACE FUNCTION shared(integer) RETURNS boolean STABLE LANGUAGE sql RETURN EXISTS (SELECT FROM lint_access."my notes" WHERE id = $1);
SELECT * FROM mint.found();
-- as somebody whom those policies do not bind, or for a permission that they do not ask
ALTER FUNCTION shared SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
SELECT * FROM mint.found();
ALTER TABLE "my notes" FORCE ROW LEVEL SECURITY;
ALTER FUNCTION shared OWNER TO lint_access_thief;
ALTER TABLE "my notes" OWNER TO lint_access_thief;
SET client_min_messages = warning;
SELECT authz.accept_rules();
RESET client_min_messages;
SELECT * FROM mint.found();
ALTER TABLE "my notes" NO FORCE ROW LEVEL SECURITY;
SELECT * FROM mint.found();
ALTER FUNCTION shared SECURITY INVOKER;
ALTER POLICY see ON "my notes" USING (true);
CREATE POLICY change ON "my notes" FOR UPDATE USING (authz.has_object_perm('see', 'lint_access."my notes"', id::text));
SELECT * FROM mint.found();
DROP POLICY see ON "my notes";
DROP POLICY change ON "my notes";
CREATE POLICY see ON "my notes" FOR SELECT USING (authz.has_object_perm('another', 'lint_access."my notes"', id::text));
SELECT * FROM mint.found();

-- marks of the function
ALTER FUNCTION shared SECURITY DEFINER;
ALTER FUNCTION shared RESET search_path;
ALTER FUNCTION shared VOLATILE;
SELECT * FROM mint.found();
ALTER FUNCTION shared SECURITY INVOKER STABLE;
-- Z8: another one's, another one, none
ALTER FUNCTION shared OWNER TO CURRENT_USER;
SELECT code, level, object, replace(hint, quote_ident(current_user), 'me') FROM mint.found();
SET client_min_messages = warning;
SELECT authz.accept_rules();
RESET client_min_messages;
SELECT * FROM mint.found();
ALTER TABLE "my notes" DROP CONSTRAINT "my notes_pkey";
SELECT * FROM mint.found();
ALTER TABLE "my notes" ADD PRIMARY KEY (id);
ALTER FUNCTION shared RENAME TO renamed;
SELECT * FROM mint.found();
CREATE FUNCTION shared(integer) RETURNS integer STABLE LANGUAGE sql RETURN 1;
SELECT code, level, object, detail, hint FROM authz.lint(ARRAY['lint_access']) WHERE object ~ '^rule';
-- rows that register_access() would not have written
ALTER TABLE authz.object_access DROP CONSTRAINT object_access_pkey, DROP CONSTRAINT object_access_kind_check, ALTER perm DROP NOT NULL, ALTER rel DROP NOT NULL, ALTER kind DROP NOT NULL, ALTER rule DROP NOT NULL;
DELETE FROM authz.object_access;
INSERT INTO authz.object_access VALUES (NULL, '"my notes"', 'user', 'x(integer)', NULL), ('p', NULL, 'user', 'x(integer)', NULL), ('p', '"my notes"', NULL, 'x(integer)', NULL),
	('q', '"my notes"', 'nobody', 'x(integer)', NULL), ('p', '"my notes"', 'user', NULL, NULL), ('r''s', '"my notes"', 'user', E'"no\nsense', NULL), ('p', 4294967295, 'user', 'lint_access.gone(integer)', 'x'),
	('t', '"my notes"', 'group', 'lint_access.renamed(integer)', NULL);
SELECT * FROM mint.found();
DELETE FROM authz.object_access;
ALTER TABLE authz.object_access ADD PRIMARY KEY (perm, rel, kind), ALTER rule SET NOT NULL, ADD CHECK (kind IN ('user', 'group'));

-- sets: that one may be kept, which nobody watches, and when it is
CREATE TABLE docs (id integer, team integer);
CREATE TABLE teams (id integer, member text) PARTITION BY LIST (id);
CREATE TABLE teams_1 PARTITION OF teams FOR VALUES IN (1);
CREATE VIEW my_teams AS SELECT id FROM teams WHERE authz.is_owner(member);
CREATE VIEW "my docs" AS SELECT d.id FROM docs d JOIN my_teams t ON t.id = d.team;
CREATE TABLE letters (doc integer);
CREATE POLICY docs ON letters USING (authz.in_set('lint_access."my docs"', doc));
SELECT code, level, object, detail, hint FROM authz.lint(ARRAY['lint_access']) WHERE object ~ '^set ';
SELECT authz.watch('docs'), authz.watch('teams');
SELECT * FROM mint.found();
CREATE TABLE teams_2 PARTITION OF teams FOR VALUES IN (2);
SELECT * FROM mint.found();
SELECT kept, reason FROM authz.sets() AS s (name, owner, tables, kept, reason) WHERE name = '"my docs"'::regclass;
SELECT authz.watch('teams');
ALTER TABLE docs DISABLE TRIGGER USER;
SELECT * FROM mint.found();
SELECT authz.watch('docs');
-- a function, of which nobody tells when it returns something else; it is not called
CREATE FUNCTION loud() RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE 'called'; END $$;
CREATE OR REPLACE VIEW my_teams AS SELECT loud() AS id WHERE authz.has_scope('x');
SELECT * FROM mint.found();
-- PostgreSQL's own, on which nothing depends in the catalogs
CREATE OR REPLACE VIEW my_teams AS SELECT id FROM teams WHERE authz.is_owner(member) AND now() < 'infinity';
SELECT code, level, object, detail, hint FROM authz.lint(ARRAY['lint_access']) WHERE object ~ '^set ' AND code <> 'set_unwatched';
CREATE OR REPLACE VIEW my_teams AS SELECT id FROM teams WHERE authz.is_owner(member) AND current_date < '2100-01-01' AND lower(member) || id <> 'x1';
SELECT code, level, object, detail FROM authz.lint(ARRAY['lint_access']) WHERE object ~ '^set ' AND code <> 'set_unwatched';
CREATE OR REPLACE VIEW my_teams AS SELECT id FROM teams WHERE authz.is_owner(member) AND EXISTS (SELECT WHERE random() < 2);
SELECT code, level, object, detail, hint FROM authz.lint(ARRAY['lint_access']) WHERE object ~ '^set ' AND code <> 'set_unwatched';
CREATE OR REPLACE VIEW my_teams AS SELECT id FROM teams WHERE authz.is_owner(member) AND lower(member) || id <> 'x1';
SELECT code FROM authz.lint(ARRAY['lint_access']) WHERE object ~ '^set ' AND code <> 'set_unwatched';
-- no policy asks it
DROP POLICY docs ON letters;
SELECT * FROM mint.found();
CREATE POLICY docs ON letters USING (doc IN (SELECT id FROM "my docs"));
SELECT * FROM mint.found();

SET client_min_messages = warning;
RESET search_path;
DROP FUNCTION mint.found;
DROP SCHEMA lint_access CASCADE;
DROP ROLE lint_access_thief;
CALL mint.go_home();
