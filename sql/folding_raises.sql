-- Nothing raises while a query is planned: a call that no row reaches is no error, whatever it is asked, and for every user.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
RESET client_min_messages;
\set ECHO all
\set VERBOSITY terse
CREATE TYPE raises_enum AS ENUM ('ann');
CREATE TYPE raises_row AS (a text, b boolean);
CREATE DOMAIN raises_boolean AS boolean;
CREATE DOMAIN raises_text AS text;
CREATE TABLE raises_doc (id integer, owner text, flag boolean, flags boolean[]);
INSERT INTO raises_doc VALUES (1, 'ann', true, '{t}');

-- Z9: the example, and its twin that is reached
CALL mint.become('ann');
SELECT mint.both('SELECT CASE WHEN id < 0 THEN authz.is_owner(true) END FROM raises_doc') AS never,
	   mint.both('SELECT authz.is_owner(true) FROM raises_doc') AS reached,
	   mint.both('SELECT CASE WHEN id < 0 THEN authz.is_owner(''ann''::text) END FROM raises_doc') AS never,
	   mint.both('SELECT authz.is_owner(''ann''::text) FROM raises_doc') AS reached;
EXPLAIN (COSTS OFF) SELECT id FROM raises_doc WHERE CASE WHEN id < 0 THEN authz.is_owner(true) END;
SELECT mint.both('SELECT id FROM raises_doc WHERE CASE WHEN id < 0 THEN authz.in_org(ARRAY[''a'']) END') AS never,
	   mint.both('SELECT id FROM raises_doc WHERE id < 0 AND authz.is_owner(flag)') AS never,
	   mint.both('SELECT id FROM raises_doc WHERE id > 0 AND authz.is_owner(flag)') AS reached;
-- in plans that are kept, with parameters too
PREPARE raises_boolean(boolean) AS SELECT CASE WHEN id < 0 THEN authz.is_owner($1) END FROM raises_doc;
SET plan_cache_mode = force_custom_plan;
EXECUTE raises_boolean(true);
EXECUTE raises_boolean(NULL);
SET plan_cache_mode = force_generic_plan;
EXECUTE raises_boolean(true);
RESET plan_cache_mode;
DEALLOCATE raises_boolean;

-- Z9: the whole kind: every function that the planner may answer, each argument of every sort, right and wrong
CREATE TABLE raises_value (value text);
INSERT INTO raises_value VALUES ('''ann'''), ('''ann''::text'), ('NULL'), ('NULL::text'), ('''ann''::varchar(3)'), ('''x''::raises_text'), ('''ann''::name'), ('''ANN''::citext'), ('NULL::citext'),
	('7::smallint'), ('7'), ('7::bigint'), ('''00000000-0000-0000-0000-000000000000''::uuid'),
	('true'), ('NULL::boolean'), ('true::raises_boolean'), ('1.5'), ('now()'), ('''2001-01-01''::date'), ('''x''::char(3)'), ('''x''::"char"'), ('''ann''::raises_enum'), ('NULL::raises_enum'),
	('''{}''::jsonb'), ('''{}''::json'), ('ARRAY[1]'), ('ARRAY[''a'']'), ('''{}''::text[]'), ('NULL::text[]'), ('ROW(1, 2)'), ('NULL::raises_row'), ('''x''::bytea'), ('1::oid'), ('''pg_class''::regclass'),
	('1::float8'), ('int4range(1, 2)'), ('point(1, 1)'), ('interval ''1 day'''), ('B''1'''), ('1::money'), ('''1.1.1.1''::inet'), ('''a''::tsvector'), ('''1/2''::pg_lsn');
CREATE TABLE raises_call AS
SELECT DISTINCT format('authz.%I(%s)', p.proname,
	(SELECT string_agg(CASE WHEN p.provariadic <> 0 AND n = p.pronargs THEN 'VARIADIC ' ELSE '' END ||
			CASE type::regtype::text WHEN 'anycompatible' THEN value WHEN 'anyelement' THEN 'NULL::text' WHEN 'text' THEN word WHEN 'text[]' THEN list WHEN 'boolean' THEN flag ELSE 'NULL' END, ', ' ORDER BY n)
		FROM unnest(p.proargtypes) WITH ORDINALITY a (type, n))) AS call
  FROM pg_proc p, raises_value, (VALUES
	($$'a..b'$$, $$'{}'::text[]$$, 'true'), ($$'a.b'$$, $$'{NULL}'::text[]$$, 'NULL'), ('NULL', 'NULL::text[]', 'false'), ($$''$$, $$'{{a,b},{c,NULL}}'::text[]$$, 'true'), ($$'.'$$, $$'{a..b}'::text[]$$, 'NULL')) v (word, list, flag)
 WHERE p.pronamespace = 'authz'::regnamespace AND p.prosupport = 'authz.identity_support(internal)'::regprocedure AND NOT p.proretset;
SELECT count(*) > 1500 AS many, count(DISTINCT substring(call, '\w+\.\w+')) > 60 AS of_all FROM raises_call;
-- accept: nothing is raised where nothing is called
CREATE FUNCTION raises_unreached(who text) RETURNS TABLE (outcome text, calls bigint, one_of_them text) LANGUAGE plpgsql AS $$
BEGIN
	CALL mint.become(who);
	RETURN QUERY SELECT o, count(*), min(call COLLATE "C")
		FROM (SELECT call, mint.rows_of(format('SELECT CASE WHEN id < 0 THEN (%s)::text END FROM raises_doc', call)) AS o FROM raises_call) c
		GROUP BY 1 HAVING count(*) > 1500 OR o <> '()';
END $$;
SELECT who, outcome, calls > 1500 AS all, CASE WHEN outcome <> '()' THEN one_of_them END AS instance
  FROM unnest(ARRAY['ann', 'orgs', 'dbmi admin', 'nobody']) who, raises_unreached(who);
-- refuse: where they are called, they say the same, folded or not
SELECT who, call, outcome FROM unnest(ARRAY['ann', 'active', 'nobody']) who, LATERAL (SELECT call, mint.as_somebody(who, format('SELECT (%s)::text FROM raises_doc', call)) AS outcome FROM raises_call OFFSET 0) c
 WHERE outcome LIKE 'FOLDED%';
SELECT DISTINCT substring(mint.rows_of(format('SELECT (%s)::text FROM raises_doc', call)), '^\d{5} [^:]*') AS error FROM raises_call ORDER BY 1;

CALL mint.become('nobody');
CALL mint.go_home();
SET client_min_messages = warning;
DROP TABLE raises_doc, raises_value, raises_call;
DROP FUNCTION raises_unreached;
DROP TYPE raises_enum, raises_row;
DROP DOMAIN raises_boolean, raises_text;
