-- policy_changes() is silent about no row that somebody sees or writes after a change and did not before, nor the other way round.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\pset format unaligned
\set ECHO all
CREATE SCHEMA changes_random;
SET search_path = changes_random, public;
CREATE ROLE changes_one;
CREATE ROLE changes_two;
GRANT USAGE ON SCHEMA changes_random TO changes_one, changes_two;
CREATE TABLE doc (id integer, owner text, grp integer, open boolean);
INSERT INTO doc SELECT i, (ARRAY['ann', 'bob', NULL])[1 + i % 3], nullif(i % 4, 3), nullif(i % 5, 4) < 2 FROM generate_series(1, 20) i;
CREATE TABLE token AS SELECT i, mint.person('tG', jsonb_build_object('sub', CASE WHEN i % 2 = 0 THEN 'ann' ELSE 'bob' END,
	'scope', (ARRAY['', 'a', 'b', 'a b'])[1 + i / 2])) AS token FROM generate_series(0, 7) i;
CREATE FUNCTION one_of(VARIADIC choices text[]) RETURNS text LANGUAGE sql RETURN choices[1 + floor(random() * cardinality(choices))];
CREATE FUNCTION condition(depth integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	IF depth = 0 OR random() < 0.3 THEN
		RETURN one_of('authz.has_scope(''a'')', 'authz.has_scope(''b'')', 'authz.is_owner(owner)', 'grp = 1', 'open', 'owner IS NULL',
			'true', 'false', 'grp IN (1, 2)', 'id BETWEEN 3 AND 9', 'NULL::boolean', 'owner = '' AND ''', 'grp = ANY (ARRAY[1, 2])');
	END IF;
	RETURN format(one_of('(%s AND %s)', '(%s OR %s)', 'NOT (%s) AND %s', 'NOT (%s OR %s)'), condition(depth - 1), condition(depth - 1));
END $$;
-- Also a condition that somebody has changed in one place.
CREATE FUNCTION other_condition(before text) RETURNS text LANGUAGE sql RETURN
	format(one_of('%s', '%s', '%s OR %s', '%s AND %s', 'NOT (%s)', '%2$s'), before, condition(1));
CREATE FUNCTION roles() RETURNS text LANGUAGE sql RETURN one_of('PUBLIC', 'PUBLIC', 'changes_one', 'changes_two', 'changes_one, changes_two');
CREATE FUNCTION policy(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	command text := one_of('ALL', 'ALL', 'SELECT', 'SELECT', 'INSERT', 'DELETE');
BEGIN
	RETURN format('CREATE POLICY %I ON doc AS %s FOR %s TO %s', name, one_of('PERMISSIVE', 'PERMISSIVE', 'PERMISSIVE', 'RESTRICTIVE'), command, roles())
		|| CASE WHEN command <> 'INSERT' THEN format(' USING (%s)', condition(2)) ELSE '' END
		|| CASE WHEN command = 'INSERT' OR command = 'ALL' AND random() < 0.5 THEN format(' WITH CHECK (%s)', condition(2)) ELSE '' END;
END $$;
CREATE FUNCTION change() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	old record;
BEGIN
	SELECT polname, polcmd, pg_get_expr(polqual, polrelid) AS qual, pg_get_expr(polwithcheck, polrelid) AS "check"
	  INTO old FROM pg_policy WHERE polrelid = 'doc'::regclass ORDER BY random() LIMIT 1;
	RETURN CASE floor(random() * CASE WHEN old.polname IS NULL THEN 3 ELSE 12 END)
		WHEN 0 THEN one_of('ALTER TABLE doc DISABLE ROW LEVEL SECURITY', 'ALTER TABLE doc ENABLE ROW LEVEL SECURITY', 'ALTER TABLE doc ENABLE ROW LEVEL SECURITY')
		WHEN 1 THEN one_of('GRANT', 'GRANT', 'REVOKE') || ' x'
		WHEN 2 THEN policy('p' || floor(random() * 1000000))
		WHEN 3 THEN format('DROP POLICY %I ON doc', old.polname)
		WHEN 4 THEN format('ALTER POLICY %I ON doc TO %s', old.polname, roles())
		WHEN 5 THEN one_of('GRANT changes_two TO changes_one', 'REVOKE changes_two FROM changes_one')
		WHEN 6 THEN format('DROP POLICY %1$I ON doc; %2$s', old.polname, policy(old.polname))
		ELSE format('ALTER POLICY %I ON doc', old.polname)
			|| CASE WHEN old.qual IS NOT NULL THEN format(' USING (%s)', other_condition(old.qual)) ELSE '' END
			|| CASE WHEN old."check" IS NOT NULL THEN format(' WITH CHECK (%s)', other_condition(old."check")) ELSE '' END
	END;
END $$;
CREATE FUNCTION right_change() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	what text := change();
BEGIN
	RETURN CASE WHEN what LIKE '% x' THEN split_part(what, ' ', 1) || ' ' || one_of('SELECT', 'INSERT', 'DELETE', 'SELECT (id)') || ' ON doc '
		|| CASE WHEN what LIKE 'GRANT%' THEN 'TO ' ELSE 'FROM ' END || one_of('PUBLIC', 'changes_one', 'changes_two') ELSE what END;
END $$;
-- Who may what with which row.  What is not allowed at all is no row.
CREATE TABLE decision (round integer, role text, person integer, command text, id integer);
CREATE PROCEDURE try(round integer, role text, person integer, command text, statement text) LANGUAGE plpgsql AS $$
DECLARE
	ids integer[];
BEGIN
	BEGIN
		EXECUTE format('SET LOCAL ROLE %I', role);
		EXECUTE statement INTO ids;
		RAISE EXCEPTION USING ERRCODE = 'AZ000', MESSAGE = coalesce(ids, '{}')::text;
	EXCEPTION
		WHEN SQLSTATE 'AZ000' THEN ids := SQLERRM::integer[];
		WHEN insufficient_privilege THEN ids := NULL;
	END;
	INSERT INTO decision SELECT round, role, person, command, i FROM unnest(ids) i;
END $$;
CREATE PROCEDURE decide(round integer) LANGUAGE plpgsql AS $$
DECLARE
	t record;
	r text;
	i integer;
BEGIN
	FOR t IN SELECT * FROM token LOOP
		PERFORM authz.set_token(t.token);
		FOREACH r IN ARRAY ARRAY['changes_one', 'changes_two'] LOOP
			CALL try(round, r, t.i, 'SELECT', 'SELECT array_agg(id) FROM doc');
			CALL try(round, r, t.i, 'DELETE', 'WITH d AS (DELETE FROM doc RETURNING id) SELECT array_agg(id) FROM d');
			FOREACH i IN ARRAY ARRAY[3, 14] LOOP
				CALL try(round, r, t.i, 'INSERT', format('WITH d AS (INSERT INTO doc VALUES (%s, %L, %s, %L)) SELECT ARRAY[%1$s]',
					i, (ARRAY['ann', 'bob', NULL])[1 + i % 3], coalesce(nullif(i % 4, 3)::text, 'NULL'), nullif(i % 5, 4) < 2));
			END LOOP;
		END LOOP;
	END LOOP;
	PERFORM authz.clear_token();
END $$;
CREATE TABLE change (round integer, statement text, line text);
CREATE PROCEDURE walk(rounds integer) LANGUAGE plpgsql AS $$
DECLARE
	before json := authz.policy_state('doc');
	after json;
	statement text;
BEGIN
	CALL decide(0);
	FOR n IN 1 .. rounds LOOP
		statement := right_change();
		EXECUTE statement;
		after := authz.policy_state('doc');
		INSERT INTO change SELECT n, statement, line FROM authz.policy_changes(before, after) line;
		before := after;
		CALL decide(n);
	END LOOP;
END $$;
SET client_min_messages = error;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, DELETE ON doc TO changes_one, changes_two;
-- Another seed: psql -v seed=0.2
\if :{?seed}
\else
\set seed 0.15
\endif
SELECT setseed(:seed) \g /dev/null
CALL walk(100);
-- Rows that came or went, and whether a line tells of them: of the command, or of SELECT, without which nobody deletes what RETURNING shows.
CREATE VIEW told AS
SELECT d.round, d.way, d.role, d.command, EXISTS (
	SELECT FROM change c WHERE c.round = d.round
	   AND (starts_with(c.line, d.way) OR starts_with(c.line, 'changed'))
	   AND c.line ~ format('(everybody|role %s|role changes_two)', d.role)
	   AND c.line ~ format('on [A-Z, ]*(%s|SELECT)|all commands', d.command)) AS told
  FROM (SELECT n.round, 'wider' AS way, n.role, n.command FROM decision n WHERE n.round > 0 AND NOT EXISTS (
			SELECT FROM decision o WHERE (o.round, o.role, o.person, o.command, o.id) = (n.round - 1, n.role, n.person, n.command, n.id))
		UNION
		SELECT o.round + 1, 'narrower', o.role, o.command FROM decision o WHERE o.round < 100 AND NOT EXISTS (
			SELECT FROM decision n WHERE (n.round, n.role, n.person, n.command, n.id) = (o.round + 1, o.role, o.person, o.command, o.id))) d;
ANALYZE;
SELECT t.*, c.statement, c.line FROM told t LEFT JOIN change c USING (round) WHERE NOT told ORDER BY 1, 2, 3, 4;
-- It was about something: both ways, each command, and more than "changed" was said.
SELECT way, command, count(*) > 3 AS often FROM told GROUP BY 1, 2 ORDER BY 1, 2;
SELECT split_part(line, ' ', 1) AS said, count(*) > 10 AS often FROM change GROUP BY 1 ORDER BY 1;
RESET client_min_messages;
\set VERBOSITY terse
DROP SCHEMA changes_random CASCADE;
DROP ROLE changes_one, changes_two;
CALL mint.go_home();
