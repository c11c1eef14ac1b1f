-- What the planner makes of in_set(): a hash table, or the index of the column; no keys in plans, and plans of the right size.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
RESET client_min_messages;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\set ECHO all
CREATE SCHEMA plans;
SET search_path = plans, public;
CREATE TABLE share (folder integer, who text, until timestamptz);
CREATE INDEX ON share (who);
INSERT INTO share SELECT i * (20000 / n), 'n' || n FROM unnest(ARRAY[1, 10, 900, 2000, 15000]) n, generate_series(0, n - 1) i;
CREATE TABLE doc (id integer PRIMARY KEY, folder integer, owner text, made integer, body text DEFAULT repeat('x', 100)) WITH (autovacuum_enabled = off);
INSERT INTO doc SELECT i, (i * 7919) % 20000, 'o' || i % 500, i FROM generate_series(1, 60000) i;
CREATE INDEX doc_folder ON doc (folder);
CREATE INDEX doc_made_folder ON doc (made, folder);
CREATE INDEX doc_owner ON doc (owner);
VACUUM ANALYZE doc, share;
CREATE VIEW mine AS SELECT folder FROM share WHERE who = authz.user_id();
CREATE VIEW lent AS SELECT folder, until AS valid_until FROM share WHERE who = authz.user_id();
CREATE VIEW of_mine AS SELECT unnest(authz.set_keys('mine', NULL::int)) AS folder;
SELECT authz.watch('share');
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || query;
END $$;
-- the root of a plan, how it filters, and how it looks into indexes
CREATE FUNCTION shape(query text) RETURNS text LANGUAGE sql
	RETURN (SELECT string_agg(btrim(line), ' / ') FROM plan(query) line WHERE line ~ '(Scan|Cond:|Filter:|BitmapOr)' AND line !~ 'One-Time');
CREATE FUNCTION estimate(query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	found json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO found;
	RETURN found -> 0 -> 'Plan' -> 'Plan Rows';
END $$;

-- few keys: the index; exact, so nothing is asked again for each row
CALL mint.login('tX0', '{"sub": "n10"}');
SELECT shape('SELECT * FROM doc WHERE authz.in_set(''mine'', folder)');
SET enable_bitmapscan = off;
SELECT shape('SELECT * FROM doc WHERE authz.in_set(''mine'', folder)');
-- of keys that end it is asked again, for a scan may take long; so is a set of sets
SELECT shape('SELECT * FROM doc WHERE authz.in_set(''lent'', folder)');
SELECT shape('SELECT * FROM doc WHERE authz.in_set(''of_mine'', folder)');
RESET enable_bitmapscan;
-- beside other conditions, in one arm of an OR, under a policy
SELECT shape('SELECT * FROM doc WHERE authz.in_set(''mine'', folder) AND made > 100');
SELECT shape('SELECT * FROM doc WHERE authz.in_set(''mine'', folder) OR owner = ''o1''');
CREATE ROLE plans_app;
GRANT USAGE ON SCHEMA plans TO plans_app;
GRANT SELECT ON doc TO plans_app;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner) OR authz.in_set('mine', folder));
SET ROLE plans_app;
SELECT shape('SELECT * FROM doc');
SELECT count(*) FROM doc;
SELECT shape('SELECT * FROM doc ORDER BY id DESC LIMIT 50');
-- whoever may not execute set_keys() gets along without the index
RESET ROLE;
REVOKE EXECUTE ON FUNCTION authz.set_keys FROM PUBLIC;
SET ROLE plans_app;
SELECT shape('SELECT * FROM doc');
SELECT count(*) FROM doc;
RESET ROLE;
GRANT EXECUTE ON FUNCTION authz.set_keys TO PUBLIC;
-- and whoever may not execute in_set() is told, index or not
REVOKE EXECUTE ON FUNCTION authz.in_set FROM PUBLIC;
SET ROLE plans_app;
SELECT shape('SELECT * FROM doc');
SELECT count(*) FROM doc;
RESET ROLE;
GRANT EXECUTE ON FUNCTION authz.in_set TO PUBLIC;
ALTER TABLE doc DISABLE ROW LEVEL SECURITY;
-- as large a part of the table: no index, whatever core thinks of an array that it does not know
CALL mint.login('tX0', '{"sub": "n15000"}');
SELECT shape('SELECT * FROM doc WHERE authz.in_set(''mine'', folder)');
CALL mint.login('tX0', '{"sub": "n900"}');
SELECT shape('SELECT * FROM doc WHERE authz.in_set(''mine'', folder)');
-- how many rows: near what there are
SELECT who, abs(ln(estimate(format('SELECT * FROM doc WHERE authz.in_set(''mine'', folder) AND %L = %1$L', who)) / n)) < ln(1.5) AS near
  FROM (VALUES ('n900', 2700)) v (who, n);
CALL mint.login('tX0', '{"sub": "n15000"}');
SELECT abs(ln(estimate('SELECT * FROM doc WHERE authz.in_set(''mine'', folder)') / 45000)) < ln(1.2) AS near;
CALL mint.login('tX0', '{"sub": "n10"}');
SELECT abs(ln(estimate('SELECT * FROM doc WHERE authz.in_set(''mine'', folder)') / 30)) < ln(1.5) AS near;
CALL mint.login('tX0', '{"sub": "none"}');
SELECT estimate('SELECT * FROM doc WHERE authz.in_set(''mine'', folder)');
-- nobody reaches nothing, and that needs no set
SELECT authz.clear_token();
SELECT plan('SELECT * FROM doc WHERE authz.in_set(''mine'', folder)');

-- an index that begins with another column is in another order: it is not asked for the keys
DROP INDEX doc_folder;
CALL mint.login('tX0', '{"sub": "n10"}');
SET enable_seqscan = off;
SELECT shape('SELECT made FROM doc WHERE authz.in_set(''mine'', folder) ORDER BY made LIMIT 5');
SELECT made FROM doc WHERE authz.in_set('mine', folder) ORDER BY made LIMIT 5;
SELECT made FROM doc WHERE folder IN (SELECT folder FROM mine) ORDER BY made LIMIT 5;
RESET enable_seqscan;
CREATE INDEX doc_folder ON doc (folder);
ANALYZE doc;

-- types: the index of each, also of another width, of a domain, of another order and collation
CREATE DOMAIN positive AS bigint CHECK (VALUE >= 0);
CREATE TABLE typed (i2 smallint, i8 bigint, dom positive, t text, tc text COLLATE "C", v varchar(20), ci citext, u uuid, n name) WITH (autovacuum_enabled = off);
INSERT INTO typed SELECT i % 20000, i, i, 'k' || i, 'k' || i, 'k' || i, 'K' || i, md5(i::text)::uuid, 'k' || i FROM generate_series(0, 39999) i;
CREATE INDEX ON typed (i2);
CREATE INDEX ON typed (i8);
CREATE INDEX ON typed (dom);
CREATE INDEX ON typed (t text_pattern_ops);
CREATE INDEX ON typed (tc);
CREATE INDEX ON typed (v);
CREATE INDEX ON typed (ci);
CREATE INDEX ON typed (u);
CREATE INDEX ON typed (n);
ANALYZE typed;
CREATE VIEW texts AS SELECT 'k' || folder AS k FROM share WHERE who = authz.user_id();
CREATE VIEW cis AS SELECT ('k' || folder)::citext AS k FROM share WHERE who = authz.user_id();
CREATE VIEW uuids AS SELECT md5(folder::text)::uuid AS k FROM share WHERE who = authz.user_id();
SET enable_bitmapscan = off;
SELECT c, shape(format('SELECT * FROM typed WHERE authz.in_set(%L, %I)', set, c)) FROM (VALUES ('i2', 'mine'), ('i8', 'mine'), ('dom', 'mine'), ('t', 'texts'), ('tc', 'texts'), ('v', 'texts'), ('ci', 'cis'), ('u', 'uuids'), ('n', 'texts')) v (c, set);
RESET enable_bitmapscan;
SELECT (SELECT count(*) FROM typed WHERE authz.in_set('mine', i2)), (SELECT count(*) FROM typed WHERE authz.in_set('mine', i8)), (SELECT count(*) FROM typed WHERE authz.in_set('mine', dom)),
	(SELECT count(*) FROM typed WHERE authz.in_set('texts', t)), (SELECT count(*) FROM typed WHERE authz.in_set('texts', tc)), (SELECT count(*) FROM typed WHERE authz.in_set('texts', v)),
	(SELECT count(*) FROM typed WHERE authz.in_set('cis', ci)), (SELECT count(*) FROM typed WHERE authz.in_set('uuids', u)), (SELECT count(*) FROM typed WHERE authz.in_set('texts', n));

-- a kept plan bears no keys: what is shared later shows, nothing is planned anew, and nothing is raised
CALL mint.login('tX0', '{"sub": "n10"}');
PREPARE kept AS SELECT count(*) FROM doc WHERE authz.in_set('mine', folder);
SET plan_cache_mode = force_generic_plan;
EXECUTE kept;
EXECUTE kept;
INSERT INTO share VALUES (1, 'n10');
EXECUTE kept;
SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = 'kept';
BEGIN ISOLATION LEVEL REPEATABLE READ;
EXECUTE kept;
DELETE FROM share WHERE folder = 1 AND who = 'n10';
EXECUTE kept;
COMMIT;
-- another identity, another size
CALL mint.login('tX0', '{"sub": "n15000"}');
EXECUTE kept;
SELECT shape('EXECUTE kept');
CALL mint.login('tX0', '{"sub": "n10"}');
EXECUTE kept;
SELECT shape('EXECUTE kept');
-- of the same one: this plan once more, and then another one
RESET plan_cache_mode;
DEALLOCATE kept;
PREPARE kept AS SELECT count(*) FROM doc WHERE authz.in_set('mine', folder) AND $1 = 1;
SET dbmi_authz.plan_folding = on;
SELECT shape('EXECUTE kept(1)');
INSERT INTO share SELECT i, 'n10' FROM generate_series(0, 19999) i;
SELECT shape('EXECUTE kept(1)');
EXECUTE kept(1);
SELECT shape('EXECUTE kept(1)');
DELETE FROM share WHERE who = 'n10';
EXECUTE kept(1);
EXECUTE kept(1);

-- without folding it is a call and no more
SET dbmi_authz.plan_folding = off;
CALL mint.login('tX0', '{"sub": "n900"}');
SELECT shape('SELECT * FROM doc WHERE authz.in_set(''mine'', folder)');
RESET dbmi_authz.plan_folding;

-- a set that cannot be read is an error of the query, planned or not; one that may not be asked tells the planner nothing
CREATE VIEW broken AS SELECT 1 / (folder - folder) AS folder FROM share WHERE who = authz.user_id();
SELECT mint.outcome('SELECT count(*) FROM doc WHERE authz.in_set(''broken'', folder)');
CREATE VIEW closed AS SELECT folder FROM share;
GRANT SELECT ON doc TO plans_app;
SET ROLE plans_app;
SELECT mint.outcome('SELECT count(*) FROM plans.doc WHERE authz.in_set(''plans.closed'', folder)');
SELECT estimate('SELECT * FROM doc WHERE authz.in_set(''closed'', folder)') = 300 AS as_any_equality;
RESET ROLE;

-- Everything that was made here goes.
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA plans CASCADE;
DROP ROLE plans_app;
CALL mint.go_home();
