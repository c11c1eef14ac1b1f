-- Rules of object permissions: what may be registered, what becomes of it, and where rules run.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
\pset format unaligned
\pset footer off
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TABLE rules_question (id integer PRIMARY KEY, author text);
INSERT INTO rules_question SELECT i, CASE WHEN i % 2 = 0 THEN 'ann' ELSE 'bob' END FROM generate_series(1, 6) i;
CREATE FUNCTION rules_author(integer) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM rules_question WHERE id = $1 AND author = authz.subject())';
CREATE FUNCTION rules_true(integer) RETURNS boolean LANGUAGE sql RETURN true;
CREATE FUNCTION rules_small(smallint) RETURNS boolean LANGUAGE sql RETURN true;
CREATE FUNCTION rules_text(text) RETURNS boolean LANGUAGE sql RETURN true;
CREATE FUNCTION rules_two(integer, integer) RETURNS boolean LANGUAGE sql RETURN true;
CREATE FUNCTION rules_default(integer, integer DEFAULT 1) RETURNS boolean LANGUAGE sql RETURN true;
CREATE FUNCTION rules_text_result(integer) RETURNS text LANGUAGE sql RETURN 't';
CREATE FUNCTION rules_set(integer) RETURNS SETOF boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION rules_any(anyelement) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE PROCEDURE rules_procedure(integer) LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION pg_temp.rules_temporary(integer) RETURNS boolean LANGUAGE sql RETURN true;
CREATE TABLE rules_pair (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE rules_no_key (a integer);
CREATE VIEW rules_view AS SELECT 1 AS id;
CREATE FUNCTION rules_register(rel text, fn text, kind text DEFAULT 'user', perm text DEFAULT 'q.see') RETURNS text LANGUAGE sql AS
$$ SELECT mint.outcome(format('SELECT authz.register_access(%L, %L, %L, %L)', perm, rel, kind, fn)) $$;

-- accept
SELECT rules_register('rules_question', 'rules_author(integer)'), rules_register('rules_question', 'rules_true(integer)', 'group');
SELECT perm, rel, kind, rule FROM authz.object_access ORDER BY kind;
SELECT authz.unregister_access('q.see', 'rules_question', 'group');
-- refuse
SELECT what, regexp_replace(outcome, 'pg_temp_\d+', 'pg_temp') AS outcome FROM (VALUES
	('again', rules_register('rules_question', 'rules_true(integer)')),
	('kind', rules_register('rules_question', 'rules_true(integer)', 'Group')),
	('kind empty', rules_register('rules_question', 'rules_true(integer)', '')),
	('perm empty', rules_register('rules_question', 'rules_true(integer)', perm => '')),
	('another type', rules_register('rules_question', 'rules_small(smallint)', perm => 'q.x')),
	('text', rules_register('rules_question', 'rules_text(text)', perm => 'q.x')),
	('two', rules_register('rules_question', 'rules_two(integer,integer)', perm => 'q.x')),
	('default', rules_register('rules_question', 'rules_default(integer,integer)', perm => 'q.x')),
	('result', rules_register('rules_question', 'rules_text_result(integer)', perm => 'q.x')),
	('set', rules_register('rules_question', 'rules_set(integer)', perm => 'q.x')),
	('polymorphic', rules_register('rules_question', 'rules_any(anyelement)', perm => 'q.x')),
	('procedure', rules_register('rules_question', 'rules_procedure(integer)', perm => 'q.x')),
	('aggregate', rules_register('rules_question', 'bool_and(boolean)', perm => 'q.x')),
	('temporary', rules_register('rules_question', 'pg_temp.rules_temporary(integer)', perm => 'q.x')),
	('no function', rules_register('rules_question', 'rules_none(integer)', perm => 'q.x')),
	('no table', rules_register('rules_none', 'rules_true(integer)', perm => 'q.x')),
	('several columns', rules_register('rules_pair', 'rules_true(integer)', perm => 'q.x')),
	('no key', rules_register('rules_no_key', 'rules_true(integer)', perm => 'q.x')),
	('view', rules_register('rules_view', 'rules_true(integer)', perm => 'q.x')),
	('null perm', mint.outcome($$SELECT authz.register_access(NULL, 'rules_question', 'user', 'rules_true(integer)')$$)),
	('null table', mint.outcome($$SELECT authz.register_access('q.x', NULL, 'user', 'rules_true(integer)')$$)),
	('null rule', mint.outcome($$SELECT authz.register_access('q.x', 'rules_question', 'user', NULL)$$)),
	('unregister nothing', mint.outcome($$SELECT authz.unregister_access('q.see', 'rules_question', 'group')$$)),
	('unregister kind', mint.outcome($$SELECT authz.unregister_access('q.see', 'rules_question', 'any')$$))) v (what, outcome);
SELECT count(*) FROM authz.object_access;

-- keys: every type, odd spellings, what is no value
CREATE DOMAIN rules_positive AS integer CHECK (VALUE > 0);
CREATE TYPE rules_colour AS ENUM ('red', 'green');
CREATE FUNCTION rules_ok_int(integer) RETURNS boolean LANGUAGE sql RETURN $1 = 2;
CREATE FUNCTION rules_ok_bigint(bigint) RETURNS boolean LANGUAGE sql RETURN $1 = 9223372036854775807;
CREATE FUNCTION rules_ok_small(smallint) RETURNS boolean LANGUAGE sql RETURN $1 = -7;
CREATE FUNCTION rules_ok_uuid(uuid) RETURNS boolean LANGUAGE sql RETURN $1 = '6f1c2d3e-4a5b-4c6d-8e7f-a0b1c2d3e4f5';
CREATE FUNCTION rules_ok_text(text) RETURNS boolean LANGUAGE sql RETURN $1 = 'x y';
CREATE FUNCTION rules_ok_citext(citext) RETURNS boolean LANGUAGE sql RETURN $1 = 'ABC';
CREATE FUNCTION rules_ok_date(date) RETURNS boolean LANGUAGE sql RETURN $1 = '2026-11-25';
CREATE FUNCTION rules_ok_colour(rules_colour) RETURNS boolean LANGUAGE sql RETURN $1 = 'green';
CREATE FUNCTION rules_ok_domain(rules_positive) RETURNS boolean LANGUAGE sql RETURN $1 = 3;
DO $$
DECLARE
	k record;
BEGIN
	FOR k IN SELECT * FROM (VALUES ('int', 'integer'), ('bigint', 'bigint'), ('small', 'smallint'), ('uuid', 'uuid'), ('text', 'text'), ('varchar', 'varchar'), ('citext', 'citext'), ('date', 'date'),
			('colour', 'rules_colour'), ('domain', 'rules_positive')) v (name, type) LOOP
		EXECUTE format('CREATE TABLE rules_key_%s (k %s PRIMARY KEY)', k.name, k.type);
		PERFORM authz.register_access('q.key', format('rules_key_%s', k.name)::regclass, 'user',
			format('rules_ok_%s(%s)', CASE k.name WHEN 'varchar' THEN 'text' ELSE k.name END, CASE k.name WHEN 'varchar' THEN 'text' ELSE k.type END)::regprocedure);
	END LOOP;
END $$;
CALL mint.login('tG0', '{"permissions": ["q.key", "q.see", "q.open", "q.ask", "q.login", "q.write", "q.deep"]}');
SELECT name, string_agg(format('%s: %s', pk, authz.has_object_perm('q.key', ('rules_key_' || name)::regclass, pk)), ', ' ORDER BY n) AS answers
  FROM (VALUES ('int', '{2," 2",+2,02,3,2.0,"",x,2147483648,99999999999999999999}'::text[]), ('bigint', '{9223372036854775807,9223372036854775808}'), ('small', '{-7,32768}'),
		('uuid', '{6f1c2d3e-4a5b-4c6d-8e7f-a0b1c2d3e4f5,6F1C2D3E4A5B4C6D8E7FA0B1C2D3E4F5,"{6f1c2d3e-4a5b-4c6d-8e7f-a0b1c2d3e4f5}",6f1c2d3e}'),
		('text', '{x y,"x y "}'), ('varchar', '{x y,x}'), ('citext', '{abc,ab}'), ('date', '{2026-11-25,20261125,2026-13-01,today-ish}'), ('colour', '{green,red,blue}'), ('domain', '{3,4,-1}')) v (name, pks),
	   unnest(pks) WITH ORDINALITY p (pk, n) GROUP BY name ORDER BY name;

-- rules and tables that change while they are registered
-- accept: a table that is renamed and moved keeps its rules
CREATE SCHEMA rules_other;
SELECT authz.has_object_perm('q.see', 'rules_question', '1') AS bobs, authz.has_object_perm('q.see', 'rules_question', '2') AS mine;
BEGIN;
SELECT authz.register_access('q.open', 'rules_question', 'user', 'rules_ok_int(integer)');
ALTER TABLE rules_question RENAME TO rules_renamed;
ALTER TABLE rules_renamed SET SCHEMA rules_other;
SELECT authz.has_object_perm('q.open', 'rules_other.rules_renamed', '1') AS no, authz.has_object_perm('q.open', 'rules_other.rules_renamed', '2') AS yes;
ROLLBACK;
-- accept: a rule that is replaced is asked as it is now, inside one transaction too
BEGIN;
CREATE OR REPLACE FUNCTION rules_author(integer) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT $1 = 1';
SELECT authz.has_object_perm('q.see', 'rules_question', '1') AS bobs, authz.has_object_perm('q.see', 'rules_question', '2') AS mine;
ROLLBACK;
SELECT authz.has_object_perm('q.see', 'rules_question', '1') AS bobs, authz.has_object_perm('q.see', 'rules_question', '2') AS mine;
-- refuse: it is gone, renamed, moved, or no rule any more
BEGIN; DROP FUNCTION rules_author; SELECT mint.outcome($$SELECT authz.has_object_perm('q.see', 'rules_question', '2')$$); ROLLBACK;
BEGIN; ALTER FUNCTION rules_author RENAME TO rules_writer; SELECT mint.outcome($$SELECT authz.has_object_perm('q.see', 'rules_question', '2')$$); ROLLBACK;
BEGIN; ALTER FUNCTION rules_author SET SCHEMA rules_other; SELECT mint.outcome($$SELECT authz.has_object_perm('q.see', 'rules_question', '2')$$); ROLLBACK;
BEGIN; DROP FUNCTION rules_author; CREATE FUNCTION rules_author(integer) RETURNS text LANGUAGE sql RETURN 't'; SELECT mint.outcome($$SELECT authz.has_object_perm('q.see', 'rules_question', '2')$$); ROLLBACK;
BEGIN; ALTER TABLE rules_question ALTER id TYPE bigint; SELECT mint.outcome($$SELECT authz.has_object_perm('q.see', 'rules_question', '2')$$); ROLLBACK;
BEGIN; ALTER TABLE rules_question DROP CONSTRAINT rules_question_pkey; SELECT mint.outcome($$SELECT authz.has_object_perm('q.see', 'rules_question', '2')$$);
SELECT mint.outcome($$SELECT authz.has_object_perm('q.open', 'rules_question', '2')$$) AS without_a_rule; ROLLBACK;
BEGIN; ALTER TABLE rules_question DROP CONSTRAINT rules_question_pkey, ADD PRIMARY KEY (id, author); SELECT mint.outcome($$SELECT authz.has_object_perm('q.see', 'rules_question', '2')$$); ROLLBACK;
SELECT mint.outcome($$SELECT authz.has_object_perm('q.open', 'rules_pair', '2')$$) AS several_columns, mint.outcome($$SELECT authz.require_object_perm('q.open', 'rules_no_key', '2')$$) AS no_key;
-- a table that is dropped: its registration stays, denies its name to no other table, and can be taken back
BEGIN;
CREATE TABLE rules_short (id integer PRIMARY KEY);
SELECT authz.register_access('q.open', 'rules_short', 'user', 'rules_true(integer)');
SELECT 'rules_short'::regclass::oid AS gone \gset
DROP TABLE rules_short;
CREATE TABLE rules_short (id integer PRIMARY KEY);
SELECT authz.has_object_perm('q.open', 'rules_short', '1') AS not_registered_here;
SELECT authz.unregister_access('q.open', :gone, 'user');
SELECT authz.has_object_perm('q.open', 'rules_short', '1') AS open_again;
ROLLBACK;

-- where rules run: in a policy, by an app role, with its rights
CREATE ROLE rules_app;
GRANT SELECT, UPDATE, DELETE ON rules_question TO rules_app;
ALTER TABLE rules_question ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION rules_even(integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
	IF $1 = 4 THEN RAISE insufficient_privilege; END IF;
	RETURN $1 % 2 = 0; END $$;
CREATE POLICY vote ON rules_question USING (authz.has_object_perm('q.ask', 'rules_question', id::text));
SELECT authz.register_access('q.ask', 'rules_question', 'user', 'rules_even(integer)');
SET ROLE rules_app;
SELECT string_agg(id::text, ' ' ORDER BY id) FROM rules_question;
EXPLAIN (COSTS OFF) SELECT * FROM rules_question WHERE id < 5;
WITH d AS (DELETE FROM rules_question RETURNING id) SELECT string_agg(id::text, ' ' ORDER BY id) FROM d;
RESET ROLE;
INSERT INTO rules_question VALUES (2, 'ann'), (6, 'ann');
SET ROLE rules_app;
-- a cursor, a generic plan
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM rules_question ORDER BY id;
FETCH 1 FROM c;
FETCH ALL FROM c;
COMMIT;
RESET ROLE;
SET plan_cache_mode = force_generic_plan;
PREPARE rules_read AS SELECT string_agg(id::text, ' ' ORDER BY id) FROM rules_question WHERE authz.has_object_perm('q.ask', 'rules_question', id::text);
EXECUTE rules_read;
CALL mint.login('tG0');
EXECUTE rules_read;
CALL mint.login('tG0', '{"permissions": ["q.key", "q.see", "q.open", "q.ask", "q.login", "q.write", "q.deep"]}');
EXECUTE rules_read;
RESET plan_cache_mode;
-- EXECUTE on the rule is needed
REVOKE EXECUTE ON FUNCTION rules_even FROM PUBLIC;
SET ROLE rules_app;
SELECT count(*) AS not_executable FROM rules_question;
SELECT * FROM authz.explain_perm('q.ask', 'rules_question', '2', 1);
RESET ROLE;
GRANT EXECUTE ON FUNCTION rules_even TO rules_app;
SET ROLE rules_app;
SELECT count(*) AS executable FROM rules_question;
RESET ROLE;
-- the missing table, behind the caller's own rights
SET ROLE rules_app;
SELECT mint.outcome($$SELECT authz.require_object_perm('q.ask', 'rules_question', '2')$$) AS mine, mint.outcome($$SELECT authz.require_object_perm('q.ask', 'rules_question', '3')$$) AS hidden,
	   mint.outcome($$SELECT authz.require_object_perm('q.key', 'rules_key_int', '2')$$) AS no_privilege;
RESET ROLE;

-- a rule changes things: kept when it answers, undone when it denies
CREATE TABLE rules_log (note text);
CREATE FUNCTION rules_writes(integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO rules_log VALUES ($1);
	PERFORM set_config('rules.seen', $1::text, false);
	IF $1 = 1 THEN RAISE insufficient_privilege; END IF;
	RETURN true; END $$;
SELECT authz.register_access('q.write', 'rules_question', 'user', 'rules_writes(integer)');
SET rules.seen = 'none';
SELECT authz.has_object_perm('q.write', 'rules_question', '1') AS denied, current_setting('rules.seen') AS seen, (SELECT count(*) FROM rules_log) AS logged;
SELECT authz.has_object_perm('q.write', 'rules_question', '2') AS granted;
SELECT current_setting('rules.seen') AS seen, string_agg(note, ' ') AS logged FROM rules_log;
SELECT mint.outcome($$SELECT authz.has_object_perm('q.write', 'rules_question', '3') FROM (SELECT set_config('transaction_read_only', 'on', true)) s$$) AS read_only;
-- a rule that logs in is an error, with a query around it and without, and changes nothing
CREATE FUNCTION rules_login(integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
	PERFORM authz.set_token(mint.person('tD1g')); RETURN true; END $$;
CREATE FUNCTION rules_logout(integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
	PERFORM set_config('dbmi_authz.token', NULL, false); RETURN true; END $$;
SELECT authz.register_access('q.login', 'rules_question', 'user', 'rules_login(integer)'),
	   authz.register_access('q.login', 'rules_question', 'group', 'rules_logout(integer)');
SELECT mint.outcome($$SELECT authz.has_object_perm('q.login', 'rules_question', '1')$$), authz.subject();
DO $$ BEGIN PERFORM authz.has_object_perm('q.login', 'rules_question', '1'); EXCEPTION WHEN OTHERS THEN RAISE WARNING '% %', SQLSTATE, SQLERRM; END $$;
SELECT authz.unregister_access('q.login', 'rules_question', 'user');
SELECT mint.outcome($$SELECT authz.has_object_perm('q.login', 'rules_question', '1')$$), authz.subject();
-- after an error in a rule the query's guard is as it was: one may log in again
SELECT mint.outcome($$SELECT count(*) FROM rules_question WHERE authz.has_object_perm('q.login', 'rules_question', id::text)$$);
CALL mint.login('tG0', '{"sub": "bob", "permissions": ["q.see", "q.deep", "q.ask"]}');
SELECT authz.subject(), string_agg(id::text, ' ' ORDER BY id) FROM rules_question WHERE authz.has_object_perm('q.see', 'rules_question', id::text);
-- a rule that asks: another permission, itself for another row, itself for ever
CREATE FUNCTION rules_deep(integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
	RETURN CASE WHEN $1 > 100 THEN authz.has_object_perm('q.deep', 'rules_question', '200')
				WHEN $1 > 1 THEN authz.has_object_perm('q.deep', 'rules_question', ($1 - 1)::text)
				ELSE authz.has_object_perm('q.see', 'rules_question', $1::text) END; END $$;
SELECT authz.register_access('q.deep', 'rules_question', 'user', 'rules_deep(integer)');
SELECT authz.has_object_perm('q.deep', 'rules_question', '50') AS fifty_deep;
SET max_stack_depth = '500kB';
SELECT left(mint.outcome($$SELECT authz.has_object_perm('q.deep', 'rules_question', '200')$$), 35) AS for_ever;
RESET max_stack_depth;

-- who registers, and a hostile path
SET ROLE rules_app;
SELECT mint.outcome($$SELECT authz.register_access('q.x', 'rules_question', 'user', 'rules_true(integer)')$$),
	   mint.outcome($$SELECT authz.unregister_access('q.ask', 'rules_question', 'user')$$), mint.outcome($$SELECT count(*) FROM authz.object_access$$);
RESET ROLE;
GRANT SELECT, INSERT, UPDATE, DELETE ON authz.object_access TO rules_app;
SET ROLE rules_app;
SELECT mint.outcome($$DELETE FROM authz.object_access$$);
RESET ROLE;
REVOKE ALL ON authz.object_access FROM rules_app;
CREATE SCHEMA rules_trap AUTHORIZATION rules_app;
SET ROLE rules_app;
CREATE FUNCTION rules_trap.rules_even(integer) RETURNS boolean LANGUAGE sql RETURN true;
CREATE FUNCTION rules_trap.wrong(regclass, regclass) RETURNS boolean LANGUAGE sql RETURN true;
CREATE OPERATOR rules_trap.= (LEFTARG = regclass, RIGHTARG = regclass, FUNCTION = rules_trap.wrong);
CREATE TEMP TABLE object_access (perm text, rel regclass, kind text, rule text);
SET search_path = rules_trap, pg_temp, public, pg_catalog;
SELECT public.rules_question.id FROM public.rules_question WHERE authz.has_object_perm('q.ask', 'public.rules_question', id::pg_catalog.text) ORDER BY id;
SELECT mint.outcome($$SELECT authz.require_object_perm('q.ask', 'public.rules_question', '3')$$);
RESET search_path;
RESET ROLE;

-- clean up
CALL mint.logout();
DEALLOCATE rules_read;
DELETE FROM authz.object_access;
DROP VIEW rules_view;
DROP TABLE rules_question, rules_pair, rules_no_key, rules_log, rules_key_int, rules_key_bigint, rules_key_small, rules_key_uuid, rules_key_text, rules_key_varchar, rules_key_citext, rules_key_date, rules_key_colour, rules_key_domain;
DROP FUNCTION rules_author, rules_true, rules_small, rules_text, rules_two, rules_default, rules_text_result, rules_set, rules_any, rules_register, rules_ok_int, rules_ok_bigint, rules_ok_small,
	rules_ok_uuid, rules_ok_text, rules_ok_citext, rules_ok_date, rules_ok_colour, rules_ok_domain, rules_even, rules_writes, rules_login, rules_logout, rules_deep;
DROP PROCEDURE rules_procedure;
DROP DOMAIN rules_positive;
DROP TYPE rules_colour;
DROP SCHEMA rules_other;
DROP OWNED BY rules_app;
DROP ROLE rules_app;
CALL mint.go_home();
