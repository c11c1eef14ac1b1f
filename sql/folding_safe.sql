-- What was safe stays safe: rows S of test/attacks.md that one session can
-- show.  S5, S19 and S20 are in test/tap/080_folding.pl, S12 in
-- test/isolation/specs/fold_recheck.spec, S23 in fold_types.sql.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
\set ECHO all
\set VERBOSITY terse
CREATE ROLE fold_app;
CREATE ROLE fold_other;
CREATE TABLE fold_doc (id integer PRIMARY KEY, owner text, body text);
INSERT INTO fold_doc SELECT i, CASE WHEN i <= 3 THEN 'ann' WHEN i <= 5 THEN 'bob' ELSE 'carl' END, 'body ' || i FROM generate_series(1, 10) i;
CREATE INDEX ON fold_doc (owner);
ALTER TABLE fold_doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON fold_doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
-- the oracle: the same rows, a policy that never folds
CREATE TABLE fold_oracle AS TABLE fold_doc;
ALTER TABLE fold_oracle ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON fold_oracle USING (authz.has_scope(CASE WHEN id > 0 THEN 'admin' END) OR authz.is_owner(owner || ''));
GRANT ALL ON fold_doc, fold_oracle TO fold_app, fold_other;
GRANT CREATE ON SCHEMA public TO fold_app;
GRANT fold_other TO fold_app;
SET ROLE fold_app;
-- a row of answers, one for each of five
CREATE FUNCTION fold_each(VARIADIC queries text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	who text;
	query text;
	answers text;
BEGIN
	FOREACH query IN ARRAY queries LOOP
		answers := '';
		FOREACH who IN ARRAY ARRAY['boss', 'ann', 'bob', 'kim', 'nobody'] LOOP
			CALL mint.become(who);
			answers := answers || ' ' || mint.both(query);
		END LOOP;
		RETURN NEXT ltrim(answers);
	END LOOP;
END $$;

-- S1: kept plans, over all of them and back
PREPARE fold_q AS SELECT (SELECT count(*) FROM fold_doc) = (SELECT count(*) FROM fold_oracle) AS same, (SELECT count(*) FROM fold_doc);
PREPARE fold_p(text) AS SELECT count(*) FROM fold_doc WHERE authz.has_scope($1) OR id = 1;
CREATE FUNCTION fold_prepared() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	who text;
	same boolean;
	a bigint;
	b bigint;
	c bigint;
BEGIN
	FOREACH who IN ARRAY ARRAY['boss', 'ann', 'boss', 'bob', 'nobody', 'ann', 'boss'] LOOP
		CALL mint.become(who);
		EXECUTE 'EXECUTE fold_q' INTO same, a;
		EXECUTE 'EXECUTE fold_p(''admin'')' INTO b;
		EXECUTE 'EXECUTE fold_p(''x'')' INTO c;
		RETURN NEXT concat_ws(' ', who, same, a, b, c);
	END LOOP;
END $$;
SET plan_cache_mode = force_generic_plan;
SELECT string_agg(p, ', ') FROM fold_prepared() p;
SET plan_cache_mode = force_custom_plan;
SELECT string_agg(p, ', ') FROM fold_prepared() p;
SET plan_cache_mode = auto;
SELECT string_agg(p, ', ') FROM fold_prepared() p, generate_series(1, 2);
DISCARD PLANS;
EXECUTE fold_q;
RESET ALL;
EXECUTE fold_q;
-- S2: savepoints
SET plan_cache_mode = force_generic_plan;
CALL mint.become('ann');
BEGIN;
EXECUTE fold_q;
SAVEPOINT a;
CALL mint.become('boss');
EXECUTE fold_q;
SAVEPOINT b;
SELECT authz.set_token(mint.token_of('bob'), true) \g /dev/null
EXECUTE fold_q;
RELEASE b;
SAVEPOINT c;
SELECT 1 / 0;
ROLLBACK TO c;
EXECUTE fold_q;
ROLLBACK TO a;
EXECUTE fold_q;
SELECT authz.set_token(mint.token_of('carl'), true) \g /dev/null
EXECUTE fold_q;
COMMIT;
EXECUTE fold_q;
RESET plan_cache_mode;

-- S3: PL/pgSQL: static SQL, simple expressions, EXISTS, scalar sub-selects, exceptions
CREATE FUNCTION fold_plpgsql() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	who text;
	n bigint;
	s boolean;
BEGIN
	FOREACH who IN ARRAY ARRAY['boss', 'ann', 'bob', 'nobody', 'boss', 'nobody', 'ann'] LOOP
		BEGIN
			CALL mint.become(who);
			SELECT count(*) INTO n FROM fold_doc;
			s := authz.has_scope('admin');
			RETURN NEXT concat_ws(' ', who, n, s, (SELECT count(*) FROM fold_doc), EXISTS (SELECT FROM fold_doc WHERE id = 4), authz.subject(),
				authz.is_owner('ann'), (SELECT authz.has_scope('admin')));
			IF who = 'bob' THEN RAISE EXCEPTION 'x'; END IF;
		EXCEPTION WHEN raise_exception THEN
			RETURN NEXT concat_ws(' ', 'back', (SELECT count(*) FROM fold_doc), authz.has_scope('admin'), authz.subject());
		END;
	END LOOP;
END $$;
SELECT * FROM fold_plpgsql();
-- S4: two commands in one string
DO $$ BEGIN EXECUTE 'SET dbmi_authz.token = ''' || mint.token_of('bob') || '''; CREATE TABLE fold_copy AS SELECT * FROM fold_doc'; END $$;
SELECT count(*) FROM fold_copy;
-- S6: set-returning functions, inlined and not, and LATERAL
CREATE FUNCTION fold_inlined() RETURNS SETOF fold_doc STABLE LANGUAGE sql AS 'SELECT * FROM fold_doc';
CREATE FUNCTION fold_outlined() RETURNS SETOF fold_doc STABLE LANGUAGE sql SET search_path = public AS 'SELECT * FROM fold_doc';
CREATE FUNCTION fold_above(n integer) RETURNS SETOF fold_doc STABLE LANGUAGE sql AS 'SELECT * FROM fold_doc WHERE id > $1 AND authz.is_owner(owner)';
SELECT fold_each('SELECT count(*) FROM fold_inlined()', 'SELECT count(*) FROM fold_outlined()', 'SELECT count(*) FROM fold_oracle',
	'SELECT count(*) FROM generate_series(1, 4) g, LATERAL (SELECT * FROM fold_doc WHERE id >= g) x', 'SELECT count(*) FROM generate_series(1, 4) g, LATERAL fold_above(g) x',
	'SELECT count(*) FROM generate_series(1, 4) g, LATERAL (SELECT * FROM fold_oracle WHERE id > g AND authz.is_owner(owner)) x');
-- S7: functions and views with their owner's rights, barriers, and views with the caller's
RESET ROLE;
CREATE FUNCTION fold_definer() RETURNS bigint STABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM fold_doc WHERE authz.is_owner(owner)';
CREATE VIEW fold_owners AS SELECT * FROM fold_doc WHERE authz.is_owner(owner);
CREATE VIEW fold_barrier WITH (security_barrier) AS SELECT * FROM fold_doc WHERE authz.is_owner(owner);
CREATE VIEW fold_invoker WITH (security_invoker) AS SELECT * FROM fold_doc;
GRANT SELECT ON fold_owners, fold_barrier, fold_invoker TO fold_app;
SET ROLE fold_app;
SELECT fold_each('SELECT fold_definer()', 'SELECT count(*) FROM fold_owners', 'SELECT count(*) FROM fold_barrier WHERE id < 9', 'SELECT count(*) FROM fold_invoker',
	'SELECT count(*) FROM fold_barrier b LEFT JOIN fold_invoker i USING (id) WHERE authz.is_owner(i.owner)');
PREPARE fold_s AS SELECT fold_definer(), (SELECT count(*) FROM fold_barrier), (SELECT count(*) FROM fold_invoker);
SET plan_cache_mode = force_generic_plan;
CALL mint.become('ann');
EXECUTE fold_s;
CALL mint.become('bob');
EXECUTE fold_s;
CALL mint.become('nobody');
EXECUTE fold_s;
RESET plan_cache_mode;
-- S8: wrappers in a policy
RESET ROLE;
CREATE FUNCTION fold_wrapped(o text) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT authz.has_scope(''admin'') OR authz.is_owner(o)';
CREATE FUNCTION fold_wrapped_plpgsql(o text) RETURNS boolean STABLE LANGUAGE plpgsql AS 'BEGIN RETURN authz.has_scope(''admin'') OR authz.is_owner(o); END';
CREATE TABLE fold_wrap AS TABLE fold_doc;
CREATE TABLE fold_wrap_plpgsql AS TABLE fold_doc;
ALTER TABLE fold_wrap ENABLE ROW LEVEL SECURITY;
ALTER TABLE fold_wrap_plpgsql ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON fold_wrap USING (fold_wrapped(owner));
CREATE POLICY p ON fold_wrap_plpgsql USING (fold_wrapped_plpgsql(owner));
GRANT SELECT ON fold_wrap, fold_wrap_plpgsql TO fold_app;
SET ROLE fold_app;
CALL mint.become('ann');
SELECT mint.plan('SELECT * FROM fold_wrap');
SELECT fold_each('SELECT count(*) FROM fold_wrap', 'SELECT count(*) FROM fold_wrap_plpgsql');
PREPARE fold_w AS SELECT (SELECT count(*) FROM fold_wrap), (SELECT count(*) FROM fold_wrap_plpgsql);
SET plan_cache_mode = force_generic_plan;
EXECUTE fold_w;
CALL mint.become('boss');
EXECUTE fold_w;
RESET plan_cache_mode;

-- C4.1: pruning goes by this query's identity
-- S10: pruning of partitions, kept plans, and min and max by index
RESET ROLE;
CREATE TABLE fold_list (id integer, owner text) PARTITION BY LIST (owner);
CREATE TABLE fold_list_ann PARTITION OF fold_list FOR VALUES IN ('ann');
CREATE TABLE fold_list_bob PARTITION OF fold_list FOR VALUES IN ('bob');
CREATE TABLE fold_list_rest PARTITION OF fold_list DEFAULT;
INSERT INTO fold_list SELECT id, owner FROM fold_doc;
CREATE INDEX ON fold_list (owner, id);
ALTER TABLE fold_list ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON fold_list USING (authz.has_scope('admin') OR authz.is_owner(owner));
GRANT SELECT ON fold_list TO fold_app;
SET ROLE fold_app;
CALL mint.become('ann');
SELECT mint.plan('SELECT * FROM fold_list');
SELECT fold_each('SELECT count(*), min(id), max(id) FROM fold_list');
PREPARE fold_l AS SELECT count(*), min(id), max(id) FROM fold_list;
SET plan_cache_mode = force_generic_plan;
EXECUTE fold_l;
CALL mint.become('bob');
EXECUTE fold_l;
CALL mint.become('boss');
EXECUTE fold_l;
CALL mint.become('nobody');
EXECUTE fold_l;
RESET plan_cache_mode;

-- C4.5: nothing that talks runs on a hidden row
-- S16: functions that tell see only own rows, and so do operators with estimates
CREATE FUNCTION fold_tell(t text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', t; RETURN true; END $$;
CREATE FUNCTION fold_tell(a text, b text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', a; RETURN a = b; END $$;
CREATE OPERATOR ~~~ (leftarg = text, rightarg = text, function = fold_tell, restrict = eqsel);
CALL mint.become('bob');
SELECT count(*) FROM fold_doc WHERE fold_tell(body);
SELECT count(*) FROM fold_doc WHERE body ~~~ 'body 4';
SELECT id FROM fold_doc WHERE owner = 'bob' AND fold_tell(body) ORDER BY fold_tell(owner), id;
SELECT count(*) FROM generate_series(1, 10) g JOIN fold_doc d ON d.id = g AND fold_tell(body);
SELECT (SELECT count(*) FROM fold_doc d WHERE d.id = g AND fold_tell(body)) FROM generate_series(3, 4) g;
SET enable_seqscan = off;
SELECT count(*) FROM fold_doc WHERE fold_tell(body) AND owner > 'a';
RESET enable_seqscan;
CALL mint.become('nobody');
SELECT count(*) FROM fold_doc WHERE fold_tell(body);
-- S17: CASE guards
CALL mint.become('ann');
SELECT mint.both('SELECT id, CASE WHEN authz.has_scope(''admin'') THEN 1 / (id - id) WHEN authz.is_owner(owner) THEN 2 ELSE 3 END FROM fold_doc');
CALL mint.become('boss');
SELECT mint.both('SELECT id, CASE WHEN NOT authz.has_scope(''admin'') THEN 1 / (id - id) WHEN authz.is_owner(owner) THEN 2 ELSE 3 END FROM fold_doc WHERE id < 3');
-- S18: an operator that is planted in front
CREATE FUNCTION fold_equal(a text, b text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR = (leftarg = text, rightarg = text, function = fold_equal);
CALL mint.become('ann');
SET search_path = public, pg_catalog;
SELECT count(*), (SELECT count(*) FROM fold_oracle) FROM fold_doc;
RESET search_path;
DROP OPERATOR public.= (text, text);
-- S21: SET ROLE
CALL mint.become('bob');
SELECT count(*) FROM fold_doc;
SET ROLE fold_other;
EXECUTE fold_q;
CALL mint.become('ann');
EXECUTE fold_q;
SET ROLE fold_app;
EXECUTE fold_q;
-- S22: shapes of queries; a property test has thousands
SELECT fold_each('SELECT id FROM fold_doc WHERE id < 5 AND NOT authz.is_owner(owner) EXCEPT SELECT id FROM fold_oracle WHERE id < 5 AND NOT authz.is_owner(owner || '''')',
	'SELECT count(*) FROM fold_doc a FULL JOIN fold_oracle b ON a.id = b.id AND authz.is_owner(a.owner) WHERE a.id IS NULL OR b.id IS NULL',
	'SELECT count(*) FROM fold_doc d WHERE EXISTS (SELECT FROM fold_doc e WHERE e.id = d.id + 1 AND authz.is_owner(d.owner))',
	'SELECT count(*) FROM fold_doc d WHERE id NOT IN (SELECT id FROM fold_doc WHERE authz.is_owner(owner))',
	'SELECT DISTINCT authz.is_owner(owner) AS mine, count(*) OVER (PARTITION BY authz.is_owner(owner)) FROM fold_doc',
	'SELECT authz.is_owner(owner), count(*) FROM fold_doc GROUP BY 1 HAVING bool_and(authz.is_owner(owner)) OR count(*) > 3',
	'SELECT id FROM fold_doc WHERE id < 3 UNION ALL SELECT -id FROM fold_doc WHERE authz.has_scope(''k1'') OR authz.is_owner(owner) AND id = 4');
-- S25: a function without an identity of its own inside a folded query cannot be made
CREATE FUNCTION fold_nobody() RETURNS bigint LANGUAGE sql SET dbmi_authz.token = '' AS 'SELECT count(*) FROM fold_doc';

RESET ROLE;
CALL mint.become('nobody');
CALL mint.go_home();
SET client_min_messages = warning;
DROP OWNED BY fold_app CASCADE;
DROP VIEW fold_owners, fold_barrier, fold_invoker;
DROP FUNCTION fold_definer;
DROP TABLE fold_doc, fold_oracle, fold_wrap, fold_wrap_plpgsql, fold_list;
DROP FUNCTION fold_wrapped, fold_wrapped_plpgsql;
DROP OWNED BY fold_other;
DROP ROLE fold_app, fold_other;
