-- What came out wrong on a prototype that folds, comes out right or as an error:
-- rows T, F and X of test/attacks.md, as far as one session can show them.
-- The others are in test/tap/080_folding.pl.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
RESET client_min_messages;
\set ECHO all
\set VERBOSITY terse
CREATE ROLE fold_app;
CREATE TABLE fold_doc (id integer PRIMARY KEY, owner text, need text);
INSERT INTO fold_doc SELECT i, CASE WHEN i <= 3 THEN 'ann' WHEN i <= 5 THEN 'bob' WHEN i = 6 THEN NULL ELSE 'carl' END,
	CASE WHEN i % 2 = 1 THEN 'k1' ELSE 'k2' END FROM generate_series(1, 10) i;
CREATE INDEX ON fold_doc (owner);
ALTER TABLE fold_doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON fold_doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
-- the oracle: the same rows, a policy that never folds
CREATE TABLE fold_oracle AS TABLE fold_doc;
ALTER TABLE fold_oracle ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON fold_oracle USING (authz.has_scope(CASE WHEN id > 0 THEN 'admin' END) OR authz.is_owner(owner || ''));
GRANT ALL ON fold_doc, fold_oracle TO fold_app;
GRANT CREATE ON SCHEMA public TO fold_app;
SET ROLE fold_app;
CALL mint.become('ann');
SELECT p ~ 'authz' AS calls, p FROM mint.plan('SELECT * FROM fold_doc WHERE id < 9') p WHERE p ~ 'Filter';
SELECT p ~ 'authz' AS calls FROM mint.plan('SELECT * FROM fold_oracle') p WHERE p ~ 'Filter';

-- T2: no row is judged by two identities
RESET ROLE;
CREATE TABLE fold_two (id integer, need text);
INSERT INTO fold_two VALUES (1, 'k1'), (2, 'k2'), (3, 'k1');
ALTER TABLE fold_two ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON fold_two USING (authz.has_scope('reader') AND authz.has_scope(need));
GRANT SELECT ON fold_two TO fold_app;
SET ROLE fold_app;
CREATE FUNCTION fold_switch(who text) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$ BEGIN PERFORM authz.set_token(mint.token_of(who)); RETURN 1; END $$;
CALL mint.become('max');
SELECT mint.both('SELECT id FROM fold_two') AS max;
CALL mint.become('kim');
SELECT mint.both('SELECT id FROM fold_two') AS kim;
CALL mint.become('lea');
SELECT mint.both('SELECT id FROM fold_two') AS lea;
CALL mint.become('max');
WITH x AS MATERIALIZED (SELECT set_config('dbmi_authz.token', mint.token_of('kim'), false) AS s) SELECT m.* FROM x, fold_two m WHERE s IS NOT NULL;
WITH x AS MATERIALIZED (SELECT fold_switch('kim') AS s) SELECT m.* FROM x, fold_two m WHERE s IS NOT NULL;
SELECT m.* FROM (SELECT fold_switch('kim') AS s OFFSET 0) x, LATERAL (SELECT * FROM fold_two WHERE s = 1 OFFSET 0) m;
SELECT authz.subject();
-- the part of a query that runs last belongs to it as well
RESET ROLE;
CREATE TABLE fold_log (id integer, what text);
GRANT ALL ON fold_log TO fold_app;
SET ROLE fold_app;
CREATE FUNCTION fold_switch_once(who text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF authz.subject() <> who THEN PERFORM authz.set_token(mint.token_of(who)); END IF;
	RETURN who;
END $$;
WITH late AS (INSERT INTO fold_log SELECT m.id, s FROM (SELECT fold_switch_once('kim') AS s OFFSET 0) x, LATERAL (SELECT * FROM fold_two WHERE s IS NOT NULL OFFSET 0) m)
SELECT 1 AS one;
SELECT authz.subject(), (SELECT count(*) FROM fold_log) AS stolen;
CALL mint.become('lea');
WITH late AS (INSERT INTO fold_log SELECT id, fold_switch('kim')::text FROM fold_two) SELECT 1 AS one;
SELECT authz.subject(), (SELECT count(*) FROM fold_log) AS stolen;
-- nor does a reset on the way change who is asking
CALL mint.become('boss');
SELECT id, set_config('dbmi_authz.token', NULL, false) FROM fold_doc;
SELECT authz.subject();
SELECT id, set_config('dbmi_authz.token', NULL, false) FROM fold_doc LIMIT 1;
SELECT id, set_config('dbmi_authz.token', NULL, false) FROM fold_doc WHERE authz.has_scope(CASE WHEN id > 0 THEN 'admin' END);
SELECT authz.subject();

-- T3: nor through the sub-select that is customary elsewhere
RESET ROLE;
CREATE TABLE fold_sub AS SELECT id, owner FROM fold_doc;
ALTER TABLE fold_sub ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON fold_sub USING ((SELECT authz.has_scope('k1')) AND authz.is_owner(owner));
GRANT SELECT ON fold_sub TO fold_app;
SET ROLE fold_app;
CALL mint.become('ann');
SELECT count(*) AS calls FROM mint.plan('SELECT * FROM fold_sub') p WHERE p ~ 'authz';
SELECT mint.both('SELECT id FROM fold_sub') AS ann;
WITH x AS MATERIALIZED (SELECT set_config('dbmi_authz.token', mint.token_of('kim'), false) AS s) SELECT m.* FROM x, fold_sub m WHERE s IS NOT NULL;
SELECT authz.subject();

-- T4, F1: a check answers false, not NULL, where the column is NULL
CALL mint.become('boss');
SELECT mint.both('SELECT id FROM fold_doc WHERE coalesce(authz.is_owner(owner), true)') AS coalesce,
	mint.both('SELECT id FROM fold_doc WHERE authz.is_owner(owner) IS NOT FALSE') AS not_false,
	mint.both('SELECT id FROM fold_doc WHERE authz.is_owner(owner) IS NULL') AS is_null,
	mint.both('SELECT count(*) FROM fold_doc WHERE NOT authz.is_owner(owner)') AS negated,
	mint.both('SELECT id FROM fold_doc WHERE CASE WHEN authz.is_owner(owner) THEN false WHEN NOT authz.is_owner(owner) THEN false ELSE true END') AS in_case;
RESET ROLE;
CALL mint.become('ann');
SELECT mint.both('SELECT id FROM fold_doc WHERE coalesce(authz.is_owner(owner), true)') AS coalesce,
	mint.both('SELECT id FROM fold_doc WHERE authz.is_owner(owner) IS NOT FALSE') AS not_false,
	mint.both('SELECT id FROM fold_doc WHERE authz.is_owner(owner) IS NULL') AS is_null,
	mint.both('SELECT count(*) FROM fold_doc WHERE NOT authz.is_owner(owner)') AS negated;
SELECT mint.both('SELECT count(*) FROM fold_doc WHERE NOT authz.in_org(owner)') AS negated, mint.output('authz.in_org(owner)', 'fold_doc');
CALL mint.login('tPM', '{"user_id": "ann", "org_id_to_org_member_info": {"ann": {"user_role": "x"}, "bob": {"user_role": "x"}}}');
SELECT mint.both('SELECT count(*) FROM fold_doc WHERE NOT authz.in_org(owner)') AS negated,
	mint.both('SELECT id FROM fold_doc WHERE authz.in_org(owner) IS NOT FALSE') AS not_false, mint.output('authz.in_org(owner)', 'fold_doc');
CALL mint.become('ann');
-- F2, F4: above an outer join
SELECT mint.both('SELECT v.n FROM (VALUES (1), (4), (6), (99)) v (n) LEFT JOIN fold_doc t ON t.id = v.n WHERE NOT authz.is_owner(t.owner)') AS filter,
	mint.both('SELECT v.n, authz.is_owner(t.owner) FROM (VALUES (1), (4), (6), (99)) v (n) LEFT JOIN fold_doc t ON t.id = v.n') AS target,
	mint.both('SELECT v.n, t.id FROM (VALUES (1), (4), (6), (99)) v (n) LEFT JOIN fold_doc t ON t.id = v.n AND NOT authz.is_owner(t.owner)') AS condition;
SELECT p FROM mint.plan('SELECT v.n, authz.is_owner(t.owner) FROM (VALUES (1), (99)) v (n) LEFT JOIN fold_doc t ON t.id = v.n WHERE NOT authz.is_owner(t.owner)') p WHERE p ~ 'Filter|Join';

-- T5, F3: a CHECK constraint with a check is not read as one about the data
CREATE TABLE fold_part (id integer, owner text) PARTITION BY RANGE (id);
CREATE TABLE fold_part_1 PARTITION OF fold_part (CHECK (authz.is_owner(owner))) FOR VALUES FROM (0) TO (1000);
CREATE TABLE fold_part_2 PARTITION OF fold_part FOR VALUES FROM (1000) TO (2000);
CALL mint.become('bob');
INSERT INTO fold_part SELECT i, 'bob' FROM generate_series(1, 1900, 100) i;
CALL mint.become('boss');
SELECT current_setting('constraint_exclusion');
SELECT mint.both('SELECT count(*) FROM fold_part WHERE owner = ''bob''') AS all,
	mint.both('SELECT NOT EXISTS (SELECT FROM fold_part WHERE owner = ''bob'' AND id < 1000) AS none') AS wrong;
SET constraint_exclusion = on;
SELECT mint.both('SELECT count(*) FROM fold_part WHERE owner = ''bob''') AS all,
	mint.both('SELECT count(*) FROM fold_part_1 WHERE owner = ''bob''') AS ten;
RESET constraint_exclusion;
INSERT INTO fold_part VALUES (1, 'bob');

-- T7: an identity that a failed login ends takes its plans along
SET ROLE fold_app;
SET plan_cache_mode = force_generic_plan;
PREPARE fold_count AS SELECT count(*) FROM fold_doc;
CALL mint.become('boss');
EXECUTE fold_count;
SELECT authz.try_set_token('nonsense');
EXECUTE fold_count;
BEGIN;
CALL mint.become('boss');
EXECUTE fold_count;
SELECT authz.try_set_token('nonsense');
EXECUTE fold_count;
ROLLBACK;
EXECUTE fold_count;
CALL mint.become('boss');
EXECUTE fold_count;
RESET plan_cache_mode;

-- T11: a check as an expression of grouping sets.  What HAVING without a column
-- makes of the row of totals is core's, and another since 18: the rows are those
-- that any stable function has there.
RESET ROLE;
CALL mint.become('boss');
SELECT mint.both('SELECT authz.has_scope(''admin''), count(*) FROM fold_doc GROUP BY ROLLUP (authz.has_scope(''admin'')) HAVING authz.has_scope(''admin'')') =
	mint.rows_of('SELECT has_schema_privilege(''fold_app'', ''public'', ''CREATE''), count(*) FROM fold_doc GROUP BY ROLLUP (has_schema_privilege(''fold_app'', ''public'', ''CREATE'')) HAVING has_schema_privilege(''fold_app'', ''public'', ''CREATE'')') AS rollup_as_core,
	mint.both('SELECT authz.is_owner(owner), count(*) FROM fold_doc GROUP BY CUBE (authz.is_owner(owner), need) HAVING NOT authz.is_owner(owner)') AS cube,
	mint.both('SELECT authz.has_scope(''admin''), count(*) FROM fold_doc GROUP BY authz.has_scope(''admin'') HAVING authz.has_scope(''admin'')') AS plain,
	mint.both('SELECT x, count(*) FROM (SELECT authz.has_scope(''admin'') AS x FROM fold_doc) s GROUP BY ROLLUP (x) HAVING x') AS below;
CALL mint.become('ann');
SELECT mint.both('SELECT authz.has_scope(''admin''), count(*) FROM fold_doc GROUP BY ROLLUP (authz.has_scope(''admin'')) HAVING authz.has_scope(''admin'')') AS rollup,
	mint.both('SELECT authz.has_scope(''admin''), count(*) FROM fold_doc GROUP BY ROLLUP (authz.has_scope(''admin'')) HAVING NOT authz.has_scope(''admin'')') =
	mint.rows_of('SELECT has_schema_privilege(''fold_app'', ''authz'', ''CREATE''), count(*) FROM fold_doc GROUP BY ROLLUP (has_schema_privilege(''fold_app'', ''authz'', ''CREATE'')) HAVING NOT has_schema_privilege(''fold_app'', ''authz'', ''CREATE'')') AS rollup_as_core,
	mint.both('SELECT x, count(*) FROM (SELECT authz.has_scope(''admin'') AS x FROM fold_doc) s GROUP BY ROLLUP (x) HAVING x') AS below;
CALL mint.become('boss');

-- T12 [core]: who wraps a check in a function and calls that IMMUTABLE, gets an
-- answer for ever; it is the same without folding
CREATE FUNCTION fold_immutable(s text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT authz.has_scope($1)';
SET plan_cache_mode = force_generic_plan;
PREPARE fold_wrong AS SELECT count(*) FROM fold_oracle WHERE fold_immutable('admin');
EXECUTE fold_wrong;
CALL mint.become('bob');
EXECUTE fold_wrong;
DEALLOCATE fold_wrong;
SET dbmi_authz.plan_folding = off;
CALL mint.become('boss');
PREPARE fold_wrong AS SELECT count(*) FROM fold_oracle WHERE fold_immutable('admin');
EXECUTE fold_wrong;
CALL mint.become('bob');
EXECUTE fold_wrong;
RESET dbmi_authz.plan_folding;
RESET plan_cache_mode;

-- T13 [core]: a WITH HOLD cursor is a result set; a pool has to close it
SET ROLE fold_app;
CALL mint.become('ann');
BEGIN;
DECLARE fold_held CURSOR WITH HOLD FOR SELECT id FROM fold_doc ORDER BY id;
COMMIT;
CALL mint.become('bob');
FETCH ALL fold_held;
DISCARD ALL;
FETCH ALL fold_held;
SET ROLE fold_app;

-- T14 [core]: a loop that commits has its rows from before; the next query has not
CREATE PROCEDURE fold_commits() LANGUAGE plpgsql AS $$
DECLARE
	r record;
	n integer := 0;
BEGIN
	PERFORM authz.set_token(mint.token_of('ann'), true);
	FOR r IN SELECT * FROM fold_doc LOOP
		n := n + 1;
		COMMIT;
	END LOOP;
	RAISE NOTICE '% rows, then % and %', n, (SELECT count(*) FROM fold_doc), authz.token_state();
END $$;
CALL fold_commits();

-- T18: no token in the definition of a function, and no empty one either
CREATE FUNCTION fold_as() RETURNS bigint LANGUAGE sql SET dbmi_authz.token = 'raw.token.x' AS 'SELECT count(*) FROM fold_doc';
CREATE FUNCTION fold_as() RETURNS bigint LANGUAGE sql SET dbmi_authz.token = '' AS 'SELECT count(*) FROM fold_doc';
CALL mint.become('boss');
CREATE FUNCTION fold_as() RETURNS bigint LANGUAGE sql SET dbmi_authz.token FROM CURRENT AS 'SELECT count(*) FROM fold_doc';
SELECT count(*) FROM pg_proc WHERE proname = 'fold_as' OR proconfig::text ~ 'dbmi_authz.token';

-- F8: a token set and a table read in one statement: refused, whoever goes first
SELECT count(*) FROM (SELECT set_config('dbmi_authz.token', mint.token_of('ann'), false) AS s OFFSET 0) x, fold_doc WHERE s IS NOT NULL;
SELECT authz.subject();

-- X1: PL/pgSQL's cached casts plan an expression that belongs to no query
RESET ROLE;
CREATE CAST (citext AS boolean) WITH FUNCTION authz.is_owner(anycompatible) AS ASSIGNMENT;
CREATE FUNCTION fold_cast(c citext) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN c; END';
SELECT fold_cast('ROOT'), fold_cast('ann'), fold_cast(NULL);
CALL mint.become('ann');
SELECT fold_cast('root'), fold_cast('Ann');
-- X2: so can anybody who owns a type, of whatever kind
SET ROLE fold_app;
CREATE TYPE fold_kind AS ENUM ('ann', 'bob');
CREATE CAST (fold_kind AS boolean) WITH FUNCTION authz.is_owner(anycompatible) AS ASSIGNMENT;
CREATE FUNCTION fold_cast(k fold_kind) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN k; END';
SELECT fold_cast('ann'::fold_kind);
SELECT count(*) FROM fold_doc WHERE 'ann'::fold_kind::boolean;
CREATE TABLE fold_kinds (k fold_kind, flag boolean);
INSERT INTO fold_kinds VALUES ('ann', 'ann'::fold_kind);
INSERT INTO fold_kinds VALUES ('ann', true);
SELECT k::boolean FROM fold_kinds;
-- X3: NULL in every place, folded and not
RESET ROLE;
CREATE TABLE fold_null (id integer, t text, a text[], u uuid);
INSERT INTO fold_null VALUES (1, NULL, NULL, NULL);
DO $$
DECLARE
	who text;
	call text;
	n integer := 0;
	outcome text;
BEGIN
	FOREACH who IN ARRAY ARRAY['ann', 'orgs', 'active', 'boss', 'dbmi', 'nobody'] LOOP
		CALL mint.become(who);
		FOREACH call IN ARRAY ARRAY['authz.has_scope(t)', 'authz.has_scope(NULL)', 'authz.has_any_role(VARIADIC a)', 'authz.has_all_groups(t)', 'authz.has_claim(a, t)',
		'authz.has_claim(NULL, NULL)', 'authz.claim_is(a, t)', 'authz.claim_is(NULL, NULL)', 'authz.has_any_claim(NULL, VARIADIC NULL)', 'authz.is_owner(t)', 'authz.is_owner(t, t)', 'authz.is_owner(t, NULL)', 'authz.is_owner(NULL)',
		'authz.is_owner(u)', 'authz.is_owner_or_admin(t)', 'authz.in_org(u)', 'authz.has_org_role(t, NULL)', 'authz.has_org_permission(u, t)',
		'authz.has_any_org_permission(u, VARIADIC a)', 'authz.has_all_org_permissions(t, VARIADIC NULL)', 'authz.in_active_org(t)', 'authz.has_active_org_role(NULL)',
		'authz.claim_text(VARIADIC a) IS NOT NULL', 'authz.org_ids_with_permission(NULL) IS NOT NULL'] LOOP
			n := n + 1;
			outcome := mint.both(format('SELECT %s FROM fold_null', call));
			IF outcome <> '(f)' THEN RAISE NOTICE '% %: %', who, call, outcome; END IF;
		END LOOP;
	END LOOP;
	RAISE NOTICE '% calls', n;
END $$;

RESET ROLE;
CALL mint.become('nobody');
CALL mint.go_home();
SET client_min_messages = warning;
DROP CAST (citext AS boolean);
DROP OWNED BY fold_app CASCADE;
DROP TABLE fold_doc, fold_oracle, fold_two, fold_sub, fold_part, fold_null, fold_log;
DROP FUNCTION fold_immutable, fold_cast(citext);
DROP ROLE fold_app;
