-- lint() on what policies call: names, settings, costs, functions in SQL, hostile names.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA lint_calls;
CREATE SCHEMA lint_other;
SET search_path = lint_calls;
CREATE TABLE t (id integer PRIMARY KEY, owner text, published boolean, number numeric UNIQUE, value jsonb);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION codes_of(condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE format('CREATE POLICY p ON t FOR SELECT USING (%s)', condition);
	SELECT string_agg(code || CASE level WHEN 'error' THEN '!' WHEN 'warning' THEN '' ELSE '?' END, ' ' ORDER BY code COLLATE "C")
		INTO found
		FROM authz.lint(ARRAY['lint_calls'])
		WHERE object = 'policy p on lint_calls.t' OR code = 'not_checked';
	DROP POLICY p ON t;
	RETURN coalesce(found, 'clean');
END $$;
-- the same of many, each on a table of its own, by one run of the linter
CREATE FUNCTION codes_of_each(conditions text[]) RETURNS TABLE (condition text, codes text) LANGUAGE plpgsql AS $$
BEGIN
	FOR n IN 1 .. cardinality(conditions) LOOP
		EXECUTE format('CREATE TABLE t%s (LIKE t INCLUDING ALL)', n);
		EXECUTE format('ALTER TABLE t%s ENABLE ROW LEVEL SECURITY', n);
		EXECUTE format('CREATE POLICY p ON t%s FOR SELECT USING (%s)', n, conditions[n]);
	END LOOP;
	RETURN QUERY
		WITH found AS MATERIALIZED (SELECT f.code, f.level, f.object FROM authz.lint(ARRAY['lint_calls']) f)
		SELECT c, coalesce((SELECT string_agg(f.code || CASE f.level WHEN 'error' THEN '!' WHEN 'warning' THEN '' ELSE '?' END, ' ' ORDER BY f.code COLLATE "C") FROM found f
				WHERE f.object = format('policy p on lint_calls.t%s', n) OR f.code = 'not_checked'), 'clean')
			FROM unnest(conditions) WITH ORDINALITY u (c, n) ORDER BY n;
	FOR n IN 1 .. cardinality(conditions) LOOP
		EXECUTE format('DROP TABLE t%s', n);
	END LOOP;
END $$;
\set ECHO all
--
-- Names
--
-- functions and operators of others, called as ours and as core's own
CREATE FUNCTION has_scope(text) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION has_role(text) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT authz.has_role($1)';
CREATE FUNCTION subject() RETURNS text STABLE LANGUAGE sql AS $$SELECT current_setting('my.subject')$$;
CREATE FUNCTION user_id() RETURNS text STABLE LANGUAGE sql RETURN authz.user_id();
CREATE FUNCTION lower(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION is_mine(text) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT authz.is_owner($1)';
CREATE FUNCTION same(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR lint_other.= (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
CREATE TYPE mood AS ENUM ('sad');
CREATE FUNCTION same(mood, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR lint_other.= (LEFTARG = mood, RIGHTARG = text, FUNCTION = same);
SELECT * FROM codes_of_each(ARRAY[
	$$lint_calls.has_scope('x')$$, $$lint_calls.subject() = owner$$, $$owner OPERATOR(lint_other.=) authz.subject()$$,
	$$lint_calls.lower(owner) = authz.subject()$$]);
-- near misses: stands for ours, another name, core's own, a type of one's own
SELECT * FROM codes_of_each(ARRAY[
	$$lint_calls.has_role('x')$$, $$lint_calls.user_id() = owner$$, $$is_mine(owner)$$, $$pg_catalog.lower(owner) = authz.subject()$$,
	$$'sad'::mood OPERATOR(lint_other.=) owner AND authz.is_owner(owner)$$]);
-- in our schema
SELECT count(*) FROM authz.lint(ARRAY['lint_calls']) WHERE code = 'foreign_function';
CREATE FUNCTION authz.has_scopes(text) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT true';
SELECT codes_of($$authz.has_scopes('x')$$);
SELECT code, level, object, hint FROM authz.lint(ARRAY['lint_calls']) WHERE code = 'foreign_function';
DROP FUNCTION authz.has_scopes(text);
--
-- Settings
--
SELECT * FROM codes_of_each(ARRAY[
	$$owner = current_setting('app.user')$$, $$owner = current_setting('app.user', true)$$, $$owner = current_setting('application_name')$$,
	$$owner = current_setting('APP.' || 'user')$$, $$owner = (SELECT current_setting('request.jwt.claims', true)::json ->> 'sub')$$]);
SELECT * FROM codes_of_each(ARRAY[
	$$owner = current_setting('server_version')$$, $$owner = current_setting('session_preload_libraries')$$,
	$$current_setting('is_superuser') = 'on'$$]);
--
-- What is called for each row
--
CREATE FUNCTION volatile_sql(text) RETURNS boolean LANGUAGE sql AS 'SELECT $1 IS NOT NULL';
CREATE FUNCTION definer_sql(text) RETURNS boolean STABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT authz.is_owner($1)';
CREATE FUNCTION plain_plpgsql(text) RETURNS boolean STABLE LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE FUNCTION of_nothing() RETURNS boolean STABLE LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE FUNCTION fixed() RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE FUNCTION with_set(text) RETURNS boolean STABLE SET search_path = pg_catalog LANGUAGE sql AS 'SELECT authz.is_owner($1)';
CREATE FUNCTION over_table(text) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM lint_calls.t WHERE t.owner = $1)';
CREATE FUNCTION of_two(text) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT 1; SELECT authz.is_owner($1)';
SELECT * FROM codes_of_each(ARRAY[
	'volatile_sql(owner)', 'definer_sql(owner)', 'plain_plpgsql(owner)', 'of_nothing()', 'with_set(owner)', 'of_two(owner)',
	'over_table(owner)', 'id > random()']);
SELECT * FROM codes_of_each(ARRAY[
	'is_mine(owner)', 'fixed() AND authz.is_owner(owner)', 'authz.is_owner(owner) AND (SELECT of_nothing())',
	$$authz.is_owner(owner) AND upper(owner) = 'X'$$]);
--
-- Functions in SQL are looked into
--
CREATE FUNCTION is_banned() RETURNS boolean STABLE LANGUAGE sql AS $$SELECT authz.has_role('banned')$$;
CREATE FUNCTION is_banned_atomic() RETURNS boolean STABLE LANGUAGE sql BEGIN ATOMIC SELECT authz.has_role('banned'); END;
CREATE FUNCTION not_banned(ok boolean DEFAULT true) RETURNS boolean STABLE LANGUAGE sql RETURN ok AND NOT is_banned();
CREATE FUNCTION may(who text, scope text) RETURNS boolean STABLE LANGUAGE sql
	AS 'SELECT authz.is_authenticated() AND NOT authz.has_role($2) AND authz.is_owner($1)';
CREATE FUNCTION everybody() RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true;
CREATE FUNCTION twice(text) RETURNS boolean STABLE STRICT LANGUAGE sql AS 'SELECT authz.is_owner($1)';
CREATE FUNCTION around(text) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT true';
CREATE OR REPLACE FUNCTION around(text) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT lint_calls.around($1)';
CREATE FUNCTION broken() RETURNS boolean STABLE LANGUAGE sql AS 'SELECT true';
SET check_function_bodies = off;
CREATE OR REPLACE FUNCTION broken() RETURNS boolean STABLE LANGUAGE sql AS 'SELECT no_such_function(';
RESET check_function_bodies;
SELECT * FROM codes_of_each(ARRAY[
	'NOT is_banned()', 'NOT is_banned_atomic()', 'not_banned()', 'not_banned(published)', 'everybody()', $$is_mine(owner) OR not_banned(ok => published)$$,
	'broken()', 'around(owner)', $$NOT definer_sql(owner)$$]);
SELECT * FROM codes_of_each(ARRAY[
	'authz.is_authenticated() AND NOT is_banned()', $$may(owner, 'banned')$$, $$is_banned()$$, 'twice(owner)']);
-- nothing of others is run, nor what would be when a body is analysed
CREATE FUNCTION trap(text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE WARNING 'sprung'; RETURN true; END$$;
CREATE DOMAIN trapped AS text CHECK (trap(VALUE));
CREATE TYPE pair AS (a trapped, b integer);
CREATE FUNCTION of_pair(pair) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT $1 IS NOT NULL';
SET check_function_bodies = off;
CREATE FUNCTION trap_array() RETURNS boolean STABLE LANGUAGE sql AS $$SELECT NOT authz.has_role('x') AND '{x}'::trapped[] IS NOT NULL$$;
CREATE FUNCTION trap_row() RETURNS boolean STABLE LANGUAGE sql AS $$SELECT NOT authz.has_role('x') AND '(x,1)'::pair IS NOT NULL$$;
CREATE FUNCTION trap_call() RETURNS boolean STABLE LANGUAGE sql AS $$SELECT NOT authz.has_role('x') AND of_pair('(x,1)')$$;
RESET check_function_bodies;
SELECT of_pair('(x,1)');
SELECT * FROM codes_of_each(ARRAY['trap_array()', 'trap_row()', 'trap_call()', $$authz.is_owner(owner) AND trap(owner)$$]);
--
-- Beside a policy
--
CREATE POLICY own ON t USING (authz.is_owner(owner));
CREATE INDEX value_index ON t USING gin (value jsonb_path_ops);
CREATE INDEX owner_index ON t (owner, id);
SELECT code, level, object, detail FROM authz.lint(ARRAY['lint_calls']) WHERE code = 'operator_not_leakproof';
ALTER TABLE t DISABLE ROW LEVEL SECURITY;
SELECT count(*) FROM authz.lint(ARRAY['lint_calls']) WHERE code = 'operator_not_leakproof';
--
-- Hostile names, whole rows, partitions, domains
--
CREATE SCHEMA "lint ""%s""; ä";
SET search_path = "lint ""%s""; ä";
CREATE TABLE "a""b
c%n'ö" (id integer, "ow""ner %s" text, "thisisacolumnwhosenameisaslongasanameofpostgresqlmaybesixtythree" text) PARTITION BY LIST (id);
CREATE TABLE one PARTITION OF "a""b
c%n'ö" FOR VALUES IN (1);
CREATE DOMAIN "do main" AS text CHECK (lint_calls.plain_plpgsql(VALUE));
CREATE FUNCTION "is ""ours"" %d"(record) RETURNS boolean STABLE LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE POLICY "p""; DROP TABLE %s" ON "a""b
c%n'ö" USING ("is ""ours"" %d"("a""b
c%n'ö") AND NOT authz.is_owner("ow""ner %s") AND authz.has_scope(E'a ''%s\n'));
CREATE POLICY cast_to ON one USING (authz.is_owner("thisisacolumnwhosenameisaslongasanameofpostgresqlmaybesixtythree"::"do main") OR NOT (one IS NULL));
SELECT code, level, object, detail, hint FROM authz.lint(ARRAY['lint "%s"; ä']) WHERE object LIKE 'policy%';
SELECT code, object, fingerprint FROM authz.lint(ARRAY['lint "%s"; ä']) WHERE object LIKE 'policy%';
-- the hint mends it
CREATE POLICY "neg""%s" ON "a""b
c%n'ö" FOR SELECT USING (NOT authz.has_role('%s ''"ö') OR EXISTS (SELECT FROM one WHERE one.id = "a""b
c%n'ö".id));
SELECT code, hint FROM authz.lint(ARRAY['lint "%s"; ä']) WHERE object LIKE 'policy "neg%' AND level = 'error';
SELECT hint FROM authz.lint(ARRAY['lint "%s"; ä']) WHERE object LIKE 'policy "neg%' AND level = 'error' \gexec
SELECT count(*) FROM authz.lint(ARRAY['lint "%s"; ä']) WHERE object LIKE 'policy "neg%' AND level = 'error';
-- the same whatever the path, and nothing of others was run
CREATE TABLE lint_calls.told AS SELECT * FROM authz.lint(ARRAY['lint "%s"; ä']) WHERE object LIKE 'policy%';
SET search_path = lint_calls;
SELECT count(*) FROM (SELECT * FROM told EXCEPT SELECT * FROM authz.lint(ARRAY['lint "%s"; ä'])) different;
\set ECHO none
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA lint_calls, lint_other, "lint ""%s""; ä" CASCADE;
CALL mint.go_home();
