-- The other ways to rows, and what they tell: places where a check cannot stand, policies that are open to nobody in particular, and what PostgreSQL leaves to those who grant.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\pset format unaligned
\pset footer off
\set ECHO all
\set VERBOSITY terse
CREATE ROLE path_app;
CREATE TABLE path_row (id integer PRIMARY KEY, owner text, secret text UNIQUE);
INSERT INTO path_row SELECT i, CASE WHEN i <= 4 THEN 'user123' ELSE 'u2' END, 'secret ' || i FROM generate_series(1, 10) i;
ALTER TABLE path_row ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON path_row USING (authz.is_owner(owner));
GRANT SELECT, INSERT, UPDATE, DELETE ON path_row TO path_app;
GRANT CREATE ON SCHEMA public TO path_app;

-- C4.1: no answer outlives its query: nothing of ours is IMMUTABLE, and no index, partition key, column or publication takes it
SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'authz'::regnamespace AND provolatile = 'i';
SET client_min_messages = error;
-- C5.9: nor does the row filter of a publication
-- refuse
SELECT statement, left(mint.outcome(statement), 5) AS outcome FROM unnest(ARRAY[
	'CREATE INDEX ON path_row (id) WHERE authz.is_owner(owner)', 'CREATE INDEX ON path_row ((authz.is_owner(owner)))', 'CREATE UNIQUE INDEX ON path_row (id) WHERE authz.has_scope(''admin'')',
	'CREATE INDEX ON path_row ((owner = authz.subject()))', 'ALTER TABLE path_row ADD mine boolean GENERATED ALWAYS AS (authz.is_owner(owner)) STORED',
	'ALTER TABLE path_row ADD EXCLUDE USING btree (id WITH =) WHERE (authz.is_owner(owner))', 'CREATE TABLE path_parts (id integer, owner text) PARTITION BY LIST ((authz.is_owner(owner)))',
	'CREATE TABLE path_parts (id integer, owner text) PARTITION BY RANGE ((owner = authz.subject()))', 'CREATE PUBLICATION path_all FOR TABLE path_row WHERE (authz.is_owner(owner))',
	'CREATE PUBLICATION path_all FOR TABLE path_row WHERE (owner = authz.subject())']) statement;
RESET client_min_messages;

-- C4.5: what may be run before a policy: fixed, and nothing whose errors depend on an argument
SELECT string_agg(p.oid::regprocedure::text, ' ' ORDER BY p.oid::regprocedure::text COLLATE "C") AS leakproof FROM pg_proc p WHERE pronamespace = 'authz'::regnamespace AND proleakproof;
-- refuse: an ordinary role adds none
SET ROLE path_app;
CREATE FUNCTION path_tell(t text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 LEAKPROOF AS $$ BEGIN RAISE NOTICE 'saw %', t; RETURN true; END $$;
CREATE FUNCTION path_tell(t text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', t; RETURN true; END $$;
ALTER FUNCTION path_tell LEAKPROOF;
-- a leaky function beside leakproof ones, of which the planner may move some ahead
CALL mint.login('tX0');
SELECT count(*) FROM path_row WHERE authz.has_scope(secret) OR path_tell(secret);
SELECT count(*) FROM path_row WHERE NOT authz.has_scope(secret) AND path_tell(secret) AND authz.subject() IS NOT NULL;
SET dbmi_authz.plan_folding = off;
SELECT count(*) FROM path_row WHERE NOT authz.has_scope(secret) AND path_tell(secret) AND authz.subject() IS NOT NULL;
RESET dbmi_authz.plan_folding;
-- a list of requirements is judged behind the policy: its error would tell of hidden rows
SELECT count(*) FROM path_row WHERE authz.has_any_scope(VARIADIC CASE WHEN owner = 'u2' THEN '{}'::text[] ELSE '{read:data}' END);
RESET ROLE;

-- C4.4: shapes of policies, and what nobody, a failed login, somebody and who has expired see of four rows
CREATE TABLE path_shape (id integer, owner text);
INSERT INTO path_shape VALUES (1, 'user123'), (2, 'u2'), (3, NULL), (4, '');
ALTER TABLE path_shape ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON path_shape USING (false);
GRANT SELECT ON path_shape TO path_app;
CREATE TABLE path_result (n serial, shape text, nobody text, rejected text, somebody text, expired text);
INSERT INTO path_result (shape) SELECT * FROM unnest(ARRAY['authz.is_owner(owner)', 'owner = authz.subject()', 'owner = (SELECT authz.subject())', 'owner = ANY (authz.scopes() || authz.subject())',
	'authz.require_authenticated() IS NOT NULL AND authz.is_owner(owner)', 'authz.is_authenticated() AND NOT authz.is_owner(owner)', 'NOT authz.is_owner(owner)', 'owner <> authz.subject()', 'NOT (owner = authz.subject())',
	'owner IS DISTINCT FROM authz.subject()', 'owner IS NOT DISTINCT FROM authz.subject()', 'authz.subject() IS NULL OR authz.is_owner(owner)', 'owner = coalesce(authz.subject(), '''')',
	'coalesce(owner = authz.subject(), true)', '(owner = authz.subject()) IS NOT FALSE', 'CASE WHEN owner <> authz.subject() THEN false ELSE true END']);
CREATE PROCEDURE path_look(state text) LANGUAGE plpgsql AS $$
DECLARE
	r record;
	seen text;
BEGIN
	FOR r IN SELECT * FROM path_result ORDER BY n LOOP
		EXECUTE format('ALTER POLICY p ON path_shape USING (%s)', r.shape);
		SET LOCAL ROLE path_app;
		seen := mint.outcome('SELECT coalesce(string_agg(id::text, '' '' ORDER BY id), ''-'') FROM path_shape');
		RESET ROLE;
		EXECUTE format('UPDATE path_result SET %I = %L WHERE n = %s', state, CASE WHEN seen ~ '^28000' THEN '28000' ELSE seen END, r.n);
	END LOOP;
END $$;
CALL mint.logout();
CALL path_look('nobody');
SELECT authz.try_set_token('nonsense');
CALL path_look('rejected');
CALL mint.login('tX0');
CALL path_look('somebody');
CALL mint.login('tX0', '{"exp": "+1"}');
SELECT pg_sleep(1.1) \g /dev/null
CALL path_look('expired');
-- The first six are closed to nobody.  The others belong behind is_authenticated(); a comparison that comes to NULL is closed by luck.
SELECT shape, nobody, rejected, somebody, expired FROM path_result ORDER BY n;
DROP TABLE path_shape, path_result;
CALL mint.logout();

-- C4.7: nor do statistics tell of hidden rows
CREATE STATISTICS path_statistics (mcv) ON owner, secret FROM path_row;
ALTER TABLE path_row ALTER secret SET STATISTICS 100;
ANALYZE path_row;
SELECT count(*) > 0 AS there FROM pg_stats WHERE tablename = 'path_row';
SET ROLE path_app;
CALL mint.login('tX0');
SELECT (SELECT count(*) FROM pg_stats WHERE tablename = 'path_row') AS columns, (SELECT count(*) FROM pg_stats_ext WHERE tablename = 'path_row') AS extended, (SELECT count(*) FROM pg_stats_ext_exprs WHERE tablename = 'path_row') AS expressions;
SELECT count(*) FROM pg_statistic;
SELECT count(*) FROM path_row WHERE secret > 'secret 5';
RESET ROLE;
DROP STATISTICS path_statistics;

-- C4.8: a policy is the table's that is named: partitions and children have their own [core]
CREATE TABLE path_parent (id integer, owner text);
CREATE TABLE path_child () INHERITS (path_parent);
INSERT INTO path_parent VALUES (1, 'user123'), (2, 'u2');
INSERT INTO path_child VALUES (3, 'user123'), (4, 'u2');
CREATE TABLE path_list (id integer, owner text) PARTITION BY LIST (owner);
CREATE TABLE path_list_mine PARTITION OF path_list FOR VALUES IN ('user123');
CREATE TABLE path_list_other PARTITION OF path_list FOR VALUES IN ('u2');
INSERT INTO path_list SELECT id, owner FROM path_row;
CREATE POLICY own ON path_parent USING (authz.is_owner(owner));
CREATE POLICY own ON path_list USING (authz.is_owner(owner));
ALTER TABLE path_parent ENABLE ROW LEVEL SECURITY;
ALTER TABLE path_list ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON path_parent, path_child, path_list TO path_app;
SET ROLE path_app;
SELECT (SELECT count(*) FROM path_parent) AS parent, (SELECT count(*) FROM path_child) AS child, (SELECT count(*) FROM path_list) AS partitioned;
-- without a grant a partition is closed, and the table it belongs to is not
SELECT mint.outcome('SELECT count(*) FROM path_list_other');
RESET ROLE;
ALTER TABLE path_child ENABLE ROW LEVEL SECURITY;
SET ROLE path_app;
SELECT (SELECT count(*) FROM path_parent) AS parent, (SELECT count(*) FROM path_child) AS child;
RESET ROLE;
DROP TABLE path_parent, path_child, path_list;

-- C5.1: rows that are hidden are not written either, and what is written must be one's own
CALL mint.login('tX0');
SET ROLE path_app;
INSERT INTO path_row VALUES (11, 'u2', 'secret 11');
UPDATE path_row SET owner = 'u2' WHERE id = 1;
INSERT INTO path_row VALUES (1, 'u2', 'x') ON CONFLICT (id) DO UPDATE SET owner = excluded.owner;
INSERT INTO path_row VALUES (9, 'user123', 'x') ON CONFLICT (id) DO UPDATE SET owner = 'user123';
MERGE INTO path_row r USING (VALUES (1), (9)) v (id) ON r.id = v.id WHEN MATCHED THEN UPDATE SET owner = 'u2' WHEN NOT MATCHED THEN DO NOTHING;
WITH u AS (UPDATE path_row SET secret = secret RETURNING id) SELECT count(*) AS updated FROM u;
WITH d AS (DELETE FROM path_row WHERE owner = 'u2' RETURNING id) SELECT count(*) AS deleted FROM d;
-- C5.2: what tells that a row is there, without a word of it: unique keys, foreign keys [core]
\set VERBOSITY default
WITH i AS (INSERT INTO path_row VALUES (9, 'user123', 'x') ON CONFLICT DO NOTHING RETURNING id) SELECT count(*) AS inserted FROM i;
INSERT INTO path_row VALUES (9, 'user123', 'x');
INSERT INTO path_row VALUES (12, 'user123', 'secret 9');
RESET ROLE;
CREATE TABLE path_reference (id integer REFERENCES path_row);
GRANT ALL ON path_reference TO path_app;
SET ROLE path_app;
INSERT INTO path_reference VALUES (9);
INSERT INTO path_reference VALUES (999);
\set VERBOSITY terse
-- C5.3: TRUNCATE and REFERENCES know no rows: for the application neither is granted
TRUNCATE path_row;
CREATE TABLE path_probe (id integer REFERENCES path_row);
RESET ROLE;
GRANT TRUNCATE, REFERENCES ON path_row TO path_app;
SET ROLE path_app;
CREATE TABLE path_probe (id integer REFERENCES path_row);
BEGIN;
TRUNCATE path_row CASCADE;
RESET ROLE;
SELECT count(*) AS left FROM path_row;
ROLLBACK;
RESET ROLE;
REVOKE TRUNCATE, REFERENCES ON path_row FROM path_app;
-- C5.4: COPY obeys the policies of who copies, and copies into no table that has some
SET ROLE path_app;
COPY path_row (id) TO stdout;
COPY (SELECT count(*) FROM path_row) TO stdout;
-- Q3: no data in line, which psql takes for statements before 15.19 when COPY is refused
\copy path_row FROM '/dev/null'
RESET ROLE;

-- C5.5: views with their owner's eyes and with the caller's; a materialised view is a copy [core]
CREATE VIEW path_owners AS SELECT * FROM path_row;
CREATE VIEW path_callers WITH (security_invoker) AS SELECT * FROM path_row;
CREATE VIEW path_nested AS SELECT * FROM path_callers;
CREATE MATERIALIZED VIEW path_stored AS SELECT * FROM path_row;
GRANT SELECT ON path_owners, path_callers, path_nested, path_stored TO path_app;
SET ROLE path_app;
SELECT (SELECT count(*) FROM path_owners) AS owners, (SELECT count(*) FROM path_callers) AS callers, (SELECT count(*) FROM path_nested) AS nested, (SELECT count(*) FROM path_stored) AS stored;
RESET ROLE;
-- refuse
SELECT left(mint.outcome('CREATE POLICY own ON path_stored USING (authz.is_owner(owner))'), 5) AS outcome;
DROP VIEW path_owners, path_nested, path_callers;
DROP MATERIALIZED VIEW path_stored;

-- C5.6: a trigger that waits for COMMIT finds who is there then; a default is a suggestion
CREATE TABLE path_log (who text, rows bigint);
CREATE TABLE path_note (id integer, owner text DEFAULT authz.subject());
GRANT SELECT, INSERT ON path_log, path_note TO path_app;
CREATE FUNCTION path_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO path_log SELECT coalesce(authz.subject(), 'nobody'), count(*) FROM path_row; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON path_note DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION path_wait();
SET ROLE path_app;
BEGIN;
INSERT INTO path_note VALUES (1);
CALL mint.logout();
COMMIT;
BEGIN;
SELECT authz.set_token(mint.person('tX0'), true) \g /dev/null
INSERT INTO path_note VALUES (2, DEFAULT), (3, 'u2');
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO path_note VALUES (4);
COMMIT;
TABLE path_log;
TABLE path_note;
RESET ROLE;
-- what a foreign key does, its owner does, past the policies
CALL mint.login('tX0');
DELETE FROM path_reference;
ALTER TABLE path_reference ADD owner text, DROP CONSTRAINT path_reference_id_fkey, ADD FOREIGN KEY (id) REFERENCES path_row ON DELETE CASCADE;
INSERT INTO path_reference VALUES (4, 'u2');
ALTER TABLE path_reference ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON path_reference USING (authz.is_owner(owner));
SET ROLE path_app;
SELECT count(*) FROM path_reference;
DELETE FROM path_row WHERE id = 4;
RESET ROLE;
SELECT count(*) FROM path_reference;

CALL mint.go_home();
SET client_min_messages = warning;
DROP OWNED BY path_app CASCADE;
DROP TABLE path_reference, path_row, path_log, path_note;
DROP FUNCTION path_wait;
DROP ROLE path_app;
