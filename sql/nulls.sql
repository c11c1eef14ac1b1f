-- NULL in any argument of any function: no crash, and no check answers NULL.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
RESET client_min_messages;

-- Everything that asks for the identity, by what pg_proc says of it.
CREATE VIEW nulls_function AS
	SELECT p.oid, p.proname, p.prorettype::regtype AS result, p.provariadic <> 0 AS spread,
		   ARRAY(SELECT t::regtype::text FROM unnest(p.proargtypes) WITH ORDINALITY a(t, n) ORDER BY n) AS arguments
	  FROM pg_proc p
	 WHERE p.pronamespace = 'authz'::regnamespace AND p.prokind = 'f'
	   AND (p.prosupport = 'authz.identity_support(internal)'::regprocedure
			OR p.proname ~ '^(has|is|in|require)_' OR p.proname = 'require')
	   -- a NULL for how much to tell, or from where, or for all that is wanted, is misuse: objects.sql, step_up.sql
	   AND p.proname NOT IN ('explain_perm', 'object_permissions', 'require_step_up');

-- Literals to try for a type.
CREATE FUNCTION nulls_literals(type text) RETURNS text[] IMMUTABLE LANGUAGE sql RETURN
CASE type
	WHEN 'anycompatible' THEN ARRAY['NULL', '''user123''::text', 'NULL::text', 'NULL::varchar', 'NULL::name', 'NULL::citext', 'NULL::uuid',
								   'NULL::smallint', 'NULL::integer', 'NULL::bigint', '42', '''user123''::citext']
	WHEN 'text[]' THEN ARRAY['NULL::text[]', '''{NULL}''::text[]', '''{scope}''::text[]', '''{openid,NULL}''::text[]', '''{{openid},{NULL}}''::text[]']
	WHEN 'text' THEN ARRAY['NULL::text', '''sub''']
	WHEN 'boolean' THEN ARRAY['NULL::boolean', 'true']
	WHEN 'anyelement' THEN ARRAY['NULL::text', '42']
	ELSE ARRAY[format('NULL::%s', type)]
END;

-- All combinations of them.
CREATE FUNCTION nulls_calls(arguments text[], spread boolean) RETURNS SETOF text LANGUAGE sql AS $$
	WITH RECURSIVE call(n, list) AS (
		SELECT 0, ''
		UNION ALL
		SELECT n + 1, concat_ws(', ', nullif(list, ''),
				CASE WHEN spread AND n + 1 = cardinality(arguments) THEN 'VARIADIC ' ELSE '' END || literal)
		  FROM call, unnest(nulls_literals(arguments[n + 1])) literal
		 WHERE n < cardinality(arguments))
	SELECT list FROM call WHERE n = cardinality(arguments)
$$;

-- What a call may come to: checks answer true or false, require_* answer or
-- raise what they are there to raise.
CREATE PROCEDURE nulls_try(OUT functions bigint, OUT calls bigint) LANGUAGE plpgsql AS $$
DECLARE
	f record;
	list text;
	answer text;
BEGIN
	functions := 0;
	calls := 0;
	FOR f IN SELECT * FROM nulls_function ORDER BY proname, arguments LOOP
		functions := functions + 1;
		FOR list IN SELECT nulls_calls(f.arguments, f.spread) LOOP
			calls := calls + 1;
			answer := mint.outcome(format('SELECT authz.%I(%s)', f.proname, list));
			IF f.result = 'boolean'::regtype AND answer NOT IN ('true', 'false')
			   OR f.proname LIKE 'require%' AND answer !~ '^($|28000 |42501 |P0002 )'
			   OR f.proname NOT LIKE 'require%' AND answer ~ '^[0-9A-Z]{5} ' THEN
				RAISE WARNING '%(%): %', f.proname, list, answer;
			END IF;
		END LOOP;
	END LOOP;
END $$;

-- anonymous, then as an ordinary user, as an administrator and as a member of organisations
DO $$
DECLARE
	functions bigint;
	calls bigint;
	who text;
BEGIN
	CALL nulls_try(functions, calls);
	RAISE NOTICE 'anonymous: enough functions %, enough calls %', functions >= 60, calls > 400;
	FOREACH who IN ARRAY ARRAY['tX0', 'tD1g', 'tPM', 'tPA', 'tG'] LOOP
		PERFORM authz.set_token(mint.person(who));
		CALL nulls_try(functions, calls);
		RAISE NOTICE '%: enough functions %, enough calls %', who, functions >= 60, calls > 400;
	END LOOP;
END $$;

-- every check was among them
SELECT proname FROM pg_proc
 WHERE pronamespace = 'authz'::regnamespace AND prorettype = 'boolean'::regtype
   AND oid NOT IN (SELECT oid FROM nulls_function)
   AND proname NOT IN ('try_set_token', 'cluster_key_guard', 'is_authenticated', 'grant_item_permission', 'grant_profile_permission') ORDER BY 1;

-- C3.4: what is left (but protect() and set_actor_ceiling() with their many: protect.sql, ceilings.sql), which administers, logs in or tells of errors: no call with a NULL does more than PostgreSQL's errors for misuse
CREATE FUNCTION nulls_undone(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE statement INTO result;
	RAISE EXCEPTION SQLSTATE 'RR000';
EXCEPTION WHEN SQLSTATE 'RR000' THEN
	RETURN coalesce(result, 'NULL');
WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
DO $$
DECLARE
	f record;
	list text;
	calls integer := 0;
	functions integer := 0;
	outcome text;
BEGIN
	SET LOCAL client_min_messages = error;
	FOR f IN SELECT p.oid, p.proname, p.provariadic <> 0 AS spread, ARRAY(SELECT t::regtype::text FROM unnest(p.proargtypes) WITH ORDINALITY a(t, n) ORDER BY n) AS arguments
			   FROM pg_proc p WHERE pronamespace = 'authz'::regnamespace AND prokind = 'f' AND prorettype NOT IN ('trigger'::regtype, 'internal'::regtype) AND proname NOT IN ('protect', 'set_actor_ceiling')
				AND p.oid NOT IN (SELECT oid FROM nulls_function) ORDER BY 1 LOOP
		functions := functions + 1;
		FOR list IN SELECT nulls_calls(f.arguments, f.spread) LOOP
			calls := calls + 1;
			outcome := nulls_undone(format('SELECT authz.%I(%s)', f.proname, list));
			IF outcome ~ '^[0-9A-Z]{5} ' AND outcome !~ '^(22023|25001|28000|42704|42501|22P02|42P01|55000) ' THEN
				RAISE EXCEPTION '%(%): %', f.proname, list, outcome;
			END IF;
		END LOOP;
	END LOOP;
	RESET client_min_messages;
	RAISE NOTICE 'enough functions %, enough calls %', functions > 25, calls > 80;
END $$;

-- a NULL that comes from a row, an outer join, a parameter
CALL mint.login('tX0');
CREATE TABLE nulls_row (a text, l text[], u uuid, c citext);
INSERT INTO nulls_row VALUES (NULL, NULL, NULL, NULL);
SELECT authz.has_scope(a), authz.has_any_scope(VARIADIC l), authz.has_claim(l, a), authz.claim_is(l, a), authz.is_owner(a), authz.is_owner(u), authz.is_owner(c),
	   authz.is_owner(u, a), authz.in_org(u), authz.has_org_role(c, a), authz.has_all_org_permissions(u, VARIADIC l) FROM nulls_row;
SELECT authz.has_scope(r.a), authz.is_owner(r.u), authz.in_org(r.c) FROM (VALUES (1)) v LEFT JOIN nulls_row r ON false;
PREPARE nulls_query(text, uuid) AS SELECT authz.has_scope($1), authz.is_owner($2), authz.in_org($2), authz.require(authz.has_scope($1) IS NOT NULL);
EXECUTE nulls_query(NULL, NULL);
SET plan_cache_mode = force_generic_plan;
EXECUTE nulls_query(NULL, NULL);
RESET plan_cache_mode;
DEALLOCATE nulls_query;

CALL mint.go_home();
DROP TABLE nulls_row;
DROP PROCEDURE nulls_try;
DROP FUNCTION nulls_undone, nulls_calls, nulls_literals;
DROP VIEW nulls_function;
