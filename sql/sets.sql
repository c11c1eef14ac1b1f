-- A set is a view of the keys that an identity reaches: in_set() answers as IN (SELECT ... FROM the view) would.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
RESET client_min_messages;
\set VERBOSITY terse
\pset format unaligned
\set ECHO all
CREATE SCHEMA sets;
SET search_path = sets, public;
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	RETURN concat_ws(' ', SQLSTATE, SQLERRM);
END $$;
CREATE TABLE folder (id integer PRIMARY KEY, parent integer REFERENCES folder);
CREATE TABLE share (folder integer REFERENCES folder, who text, PRIMARY KEY (who, folder));
CREATE TABLE doc (id integer PRIMARY KEY, folder integer, owner text);
INSERT INTO folder SELECT i, nullif(i / 3, 0) FROM generate_series(1, 40) i;
INSERT INTO share VALUES (2, 'ann'), (9, 'ann'), (30, 'ann'), (1, 'bob');
INSERT INTO doc SELECT i, 1 + i % 40, (ARRAY['ann', 'bob', 'carl'])[1 + i % 3] FROM generate_series(1, 400) i;
CREATE VIEW mine AS
WITH RECURSIVE reached(id) AS (
	SELECT folder FROM share WHERE who = authz.user_id()
	UNION
	SELECT below.id FROM reached, LATERAL (SELECT id FROM folder WHERE parent = reached.id OFFSET 0) below
)
SELECT id FROM reached;
SELECT authz.watch('folder'), authz.watch('share');
ANALYZE folder, share, doc;

-- R1: false for nobody, for a NULL key, for a NULL set; the type is judged for nobody, too
SELECT authz.in_set('mine', 2) AS nobody, authz.set_keys('mine', NULL::int) AS keys;
SELECT try('SELECT authz.in_set(''mine'', point(1, 2))'), try('SELECT authz.in_set(''mine'', ARRAY[2])'), try('SELECT authz.set_keys(''mine'', 1.5)');
CALL mint.login('tX0', '{"sub": "ann"}');
SELECT authz.in_set('mine', 2) AS shared, authz.in_set('mine', 6) AS below, authz.in_set('mine', 1) AS above,
	authz.in_set('mine', NULL::int) AS null_key, authz.in_set(NULL, 2) AS null_set;
SELECT authz.set_keys('mine', NULL::int), authz.set_keys(NULL, 7::bigint);
-- as the sub-select does
SELECT count(*) FILTER (WHERE authz.in_set('mine', folder)) AS reached,
	count(*) FILTER (WHERE authz.in_set('mine', folder) <> (folder IN (SELECT id FROM mine))) AS unequal FROM doc;
-- the twin
SELECT try('SELECT authz.require_in_set(''mine'', 2)'), try('SELECT authz.require_in_set(''mine'', 1)');
CALL mint.login('tX0', '{"sub": "bob"}');
SELECT cardinality(authz.set_keys('mine', NULL::int));
SELECT authz.clear_token();
SELECT try('SELECT authz.require_in_set(''mine'', 2)');

-- what somebody else shares, and what this session does, shows at once; rolled back it is gone
CALL mint.login('tX0', '{"sub": "carl"}');
SELECT authz.in_set('mine', 2);
INSERT INTO share VALUES (2, 'carl');
SELECT authz.in_set('mine', 2), authz.in_set('mine', 7);
BEGIN;
SELECT authz.in_set('mine', 7);
DELETE FROM share WHERE who = 'carl';
SELECT authz.in_set('mine', 7);
SAVEPOINT s;
INSERT INTO share VALUES (7, 'carl');
SELECT authz.in_set('mine', 7);
ROLLBACK TO s;
SELECT authz.in_set('mine', 7);
ROLLBACK;
SELECT authz.in_set('mine', 7);
BEGIN;
TRUNCATE share;
SELECT authz.in_set('mine', 7);
ROLLBACK;
SELECT authz.in_set('mine', 7);
-- within one statement all is as of its snapshot, and functions that start their own see what it has done
CREATE FUNCTION now_in(key integer) RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
BEGIN
	RETURN authz.in_set('mine', key) AND (SELECT authz.in_set('mine', key));
END $$;
WITH gone AS (DELETE FROM share WHERE who = 'carl' RETURNING folder)
SELECT authz.in_set('mine', 2), count(*) FROM gone;
INSERT INTO share SELECT f, 'carl' FROM unnest(ARRAY[3, 4]) f RETURNING folder, authz.in_set('mine', folder) AS as_it_was, now_in(folder);
SELECT authz.set_keys('mine', NULL::int);
-- a function asks before the trigger of the statement around it has told
CREATE FUNCTION asks_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE WARNING '% reached: %', NEW.folder, now_in(NEW.folder);
	RETURN NEW;
END $$;
CREATE TRIGGER a_first AFTER INSERT ON share FOR EACH ROW EXECUTE FUNCTION asks_first();
SELECT authz.in_set('mine', 20);
INSERT INTO share VALUES (20, 'carl');
\copy share FROM stdin
21	carl
\.
DROP TRIGGER a_first ON share;

-- a query keeps its set
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM folder WHERE authz.in_set('mine', id) ORDER BY id;
FETCH 2 FROM c;
DELETE FROM share WHERE who = 'carl';
FETCH 1 FROM c;
SELECT authz.set_keys('mine', NULL::int);
CALL mint.login('tX0', '{"sub": "bob"}');
SELECT try('FETCH 1 FROM c');
COMMIT;

-- types: what "=" compares
CREATE TABLE key (n bigint, t text, u uuid, PRIMARY KEY (n));
INSERT INTO key SELECT i, 'K' || i, ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid FROM generate_series(1, 3) i;
INSERT INTO key VALUES (70000, '', NULL), (3000000000, repeat('x', 100), NULL);
CREATE VIEW of_bigint AS SELECT n FROM key WHERE authz.is_authenticated();
CREATE VIEW of_int2 AS SELECT n::smallint FROM key WHERE n < 10 AND authz.is_authenticated();
CREATE VIEW of_text AS SELECT t FROM key WHERE authz.is_authenticated();
CREATE VIEW of_varchar AS SELECT t::varchar(200) AS t FROM key WHERE authz.is_authenticated();
CREATE VIEW of_citext AS SELECT t::citext AS t FROM key WHERE authz.is_authenticated();
CREATE VIEW of_uuid AS SELECT u FROM key WHERE authz.is_authenticated();
CREATE VIEW of_name AS SELECT t::name AS t FROM key WHERE length(t) < 60 AND authz.is_authenticated();
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN small AS integer CHECK (VALUE < 100);
CREATE VIEW of_domain AS SELECT n::positive AS n FROM key WHERE n < 10 AND authz.is_authenticated();
SELECT authz.in_set('of_bigint', 2::smallint) AS i2, authz.in_set('of_bigint', 70000) AS i4, authz.in_set('of_bigint', 3000000000) AS i8,
	authz.in_set('of_int2', 3::bigint), authz.in_set('of_int2', 3000000000) AS beyond, authz.in_set('of_domain', 3::positive), authz.in_set('of_domain', 4);
SELECT authz.in_set('of_text', 'K1'), authz.in_set('of_text', 'k1') AS other_case, authz.in_set('of_text', ''::varchar) AS empty,
	authz.in_set('of_varchar', 'K1'::text), authz.in_set('of_text', 'K1'::name), authz.in_set('of_name', 'K2'::text),
	authz.in_set('of_citext', 'k1'::citext), authz.in_set('of_uuid', '00000000-0000-0000-0000-000000000003'::uuid);
SELECT authz.set_keys('of_bigint', NULL::int) AS those_that_fit, authz.set_keys('of_text', NULL::name) AS names, authz.set_keys('of_uuid', NULL::uuid) AS uuids;
SELECT authz.set_keys('of_citext', NULL::citext), authz.set_keys('of_domain', NULL::positive), pg_typeof(authz.set_keys('of_domain', NULL::positive));
SELECT try('SELECT authz.set_keys(''of_bigint'', NULL::small)');
SELECT try(format('SELECT authz.in_set(%L, %s)', set, key)) FROM (VALUES ('of_bigint', '''2'''), ('of_text', '2'), ('of_uuid', '''a'''), ('of_citext', '''k1''::text'), ('of_text', '''k1''::citext')) v (set, key);

-- the narrowest and the widest numbers, all in one set, and only narrow ones
CREATE VIEW of_edges AS SELECT n FROM unnest(ARRAY[-32768, 32767, -2147483648, 2147483647, 0, -1, -9223372036854775808, 9223372036854775807]) n WHERE authz.is_authenticated();
CREATE VIEW of_narrow AS SELECT n::int FROM unnest(ARRAY[-32768, 32767, -2147483648, 2147483647, -1]) n WHERE authz.is_authenticated();
CREATE VIEW of_none AS SELECT 1 AS n WHERE false AND authz.is_authenticated();
SELECT n, authz.in_set('of_edges', n) AS edges, authz.in_set('of_narrow', n) AS narrow, authz.in_set('of_none', n) AS none
  FROM unnest(ARRAY[-32768, 32767, -2147483648, 2147483647, 0, -1, 1, -9223372036854775808, 9223372036854775807, 2147483648, -2147483649, 4294967295, 6442450943]) n;
SELECT authz.set_keys('of_edges', NULL::bigint), authz.set_keys('of_edges', NULL::int), authz.set_keys('of_edges', NULL::smallint), authz.set_keys('of_narrow', NULL::bigint);

-- a call that names another set for each row
SELECT key, authz.in_set(CASE key WHEN 1 THEN 'of_bigint'::regclass WHEN 2 THEN 'of_int2' WHEN 70000 THEN 'of_bigint' ELSE 'of_domain' END, key) FROM unnest(ARRAY[1, 2, 3, 70000, 1]) key;
SELECT try('SELECT authz.in_set(CASE key WHEN 1 THEN ''of_bigint''::regclass ELSE ''of_text'' END, key) FROM generate_series(1, 3) key');
SELECT try('SELECT authz.set_keys(CASE key WHEN 1 THEN ''of_bigint''::regclass ELSE ''of_uuid'' END, NULL::int) FROM generate_series(1, 3) key');
-- numbers that lie close are bits, others stand in a table: every number around them
CREATE VIEW of_close AS SELECT n FROM generate_series(-70, 200, 3) n WHERE n <> 20 AND authz.is_authenticated();
CREATE VIEW of_apart AS SELECT n * n * n AS n FROM generate_series(-40, 40) n WHERE authz.is_authenticated();
SELECT count(*) FILTER (WHERE authz.in_set('of_close', n)) AS close, count(*) FILTER (WHERE authz.in_set('of_close', n) <> (n IN (SELECT n FROM of_close))) AS unequal,
	count(*) FILTER (WHERE authz.in_set('of_apart', n)) AS apart, count(*) FILTER (WHERE authz.in_set('of_apart', n) <> (n IN (SELECT n FROM of_apart))) AS unequal FROM generate_series(-70000, 70000) n;

-- what is no set
CREATE VIEW none AS SELECT FROM folder;
CREATE VIEW two AS SELECT id, parent FROM folder;
CREATE VIEW three AS SELECT id, now() AS valid_until, 1 AS more FROM folder;
CREATE VIEW other_end AS SELECT id, now() AS until FROM folder;
CREATE VIEW date_end AS SELECT id, current_date AS valid_until FROM folder;
CREATE VIEW numbers AS SELECT id::numeric FROM folder;
CREATE VIEW arrays AS SELECT ARRAY[id] AS id FROM folder;
CREATE MATERIALIZED VIEW stored AS SELECT id FROM folder;
CREATE VIEW dice AS SELECT (random() * 6)::int AS id FROM folder;
CREATE VIEW itself AS SELECT 1 AS id;
CREATE OR REPLACE VIEW itself AS SELECT id FROM folder WHERE authz.in_set('itself', id);
CREATE VIEW round AS SELECT 1 AS id;
CREATE VIEW about AS SELECT unnest(authz.set_keys('round', NULL::int)) AS id;
CREATE OR REPLACE VIEW round AS SELECT id FROM folder WHERE authz.in_set('about', id);
CREATE VIEW broken AS SELECT 1 / (id - 1) AS id FROM folder;
CREATE VIEW locks AS SELECT id FROM folder FOR UPDATE;
SELECT name, try(format('SELECT authz.in_set(%L, 1)', name)) FROM unnest(ARRAY['none', 'two', 'three', 'other_end', 'date_end', 'numbers', 'arrays', 'stored', 'folder',
	'folder_pkey', 'dice', 'itself', 'round', 'about', 'broken', 'locks']) name;
SELECT try('SELECT authz.in_set(''no_such'', 1)'), try('SELECT authz.in_set(1::regclass, 1)');
-- and afterwards others answer
SELECT authz.in_set('mine', 1);

-- too large: as an error, not as a part of it
SET dbmi_authz.max_set_size = 40;
CREATE VIEW many AS SELECT id FROM folder UNION ALL SELECT id FROM folder;
SELECT authz.in_set('many', 40);
SET dbmi_authz.max_set_size = 39;
SELECT try('SELECT authz.in_set(''many'', 40)') AS kept, (SELECT count(*) FROM folder WHERE authz.in_set('many', id));
INSERT INTO folder VALUES (41);
SELECT try('SELECT authz.in_set(''many'', 40)');
RESET dbmi_authz.max_set_size;
-- nor do few keys that are long take up any memory
CREATE VIEW long AS SELECT repeat(id::text, 1000000) FROM generate_series(1000, 2000) id WHERE authz.is_authenticated();
SELECT try('SELECT authz.set_keys(''long'', NULL::text)');

-- who may ask: who may read the view; or everybody, where it belongs to who administers and asks for the identity
CREATE ROLE sets_app;
CREATE ROLE sets_owner;
GRANT USAGE, CREATE ON SCHEMA sets TO sets_owner;
GRANT USAGE ON SCHEMA sets TO sets_app;
GRANT SELECT ON share, folder TO sets_owner;
CREATE VIEW plain AS SELECT id FROM folder;
CREATE VIEW of_owner AS SELECT folder FROM share WHERE who = authz.user_id();
ALTER VIEW of_owner OWNER TO sets_owner;
SET ROLE sets_app;
SELECT authz.in_set('mine', 1), try('SELECT authz.in_set(''plain'', 1)'), try('SELECT authz.in_set(''of_owner'', 1)');
RESET ROLE;
GRANT SELECT ON plain, of_owner TO sets_app;
SET ROLE sets_app;
SELECT authz.in_set('plain', 1), authz.in_set('of_owner', 1), try('SELECT * FROM share');
RESET ROLE;
REVOKE SELECT ON plain FROM sets_app;
SET ROLE sets_app;
SELECT try('SELECT authz.in_set(''plain'', 1)');
RESET ROLE;
-- it is read as its owner, whatever the caller has set
REVOKE SELECT ON share FROM sets_owner;
SELECT try('SELECT authz.in_set(''of_owner'', 1)');
GRANT SELECT ON share TO sets_owner;
ALTER TABLE share ENABLE ROW LEVEL SECURITY;
SELECT authz.in_set('of_owner', 1), authz.in_set('mine', 1);
CREATE POLICY p ON share TO sets_owner USING (folder < 100);
SELECT authz.in_set('of_owner', 1);
SET row_security = off;
SELECT authz.in_set('of_owner', 1);
RESET row_security;
DROP POLICY p ON share;
ALTER TABLE share DISABLE ROW LEVEL SECURITY;
CREATE FUNCTION sets_who() RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN concat_ws(' ', current_user, current_setting('search_path')); END $$;
ALTER FUNCTION sets_who() OWNER TO sets_owner;
CREATE VIEW of_whom AS SELECT sets_who() AS who;
ALTER VIEW of_whom OWNER TO sets_owner;
SELECT authz.set_keys('of_whom', NULL::text), current_user, current_setting('search_path');

-- what would answer for the owner of the view is refused: the role, its privileges and search path, and views that go by who asks
CREATE FUNCTION sets_refused(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'CREATE VIEW refused AS ' || query;
	PERFORM authz.in_set('refused', 'x'::text);
	RAISE 'taken';
EXCEPTION WHEN OTHERS THEN
	RETURN concat_ws(' ', SQLSTATE, SQLERRM);
END $$;
CREATE VIEW invoker WITH (security_invoker = true) AS SELECT who FROM share;
CREATE VIEW over_invoker AS SELECT who FROM invoker;
SELECT q, sets_refused(q) FROM unnest(ARRAY['SELECT who FROM share WHERE who = current_user', 'SELECT who FROM share WHERE who = user', 'SELECT current_role::text AS x', 'SELECT current_schema::text AS x',
	'SELECT who FROM share WHERE has_table_privilege(''sets.share'', ''SELECT'')', 'SELECT who FROM share WHERE pg_has_role(''sets_app'', ''MEMBER'')', 'SELECT who FROM share WHERE has_column_privilege(''sets.share'', ''who'', ''SELECT'')',
	'SELECT who FROM share WHERE row_security_active(''sets.share'')', 'SELECT who FROM share WHERE pg_table_is_visible(folder::oid)', 'SELECT who FROM invoker', 'SELECT who FROM over_invoker',
	'SELECT who FROM share WHERE session_user = session_user', 'SELECT who FROM share WHERE has_table_privilege(''sets_owner'', ''sets.share'', ''SELECT'')']) q;
SELECT try('SELECT authz.in_set(''invoker'', ''x''::text)');
-- a setting by which core writes a value as text
CREATE VIEW written AS SELECT (0.1::float8 + 0.2 * folder / folder)::text FROM share WHERE who = authz.user_id();
SELECT authz.set_keys('written', NULL::text);
SET extra_float_digits = 0;
SELECT authz.set_keys('written', NULL::text), authz.in_set('written', '0.3'::text);
RESET extra_float_digits;
SELECT authz.in_set('written', '0.3'::text);

-- which are kept, and why others are not
CREATE TABLE unwatched (id integer PRIMARY KEY);
CREATE FUNCTION lies() RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE VIEW k_unwatched AS SELECT id FROM unwatched;
CREATE VIEW k_catalog AS SELECT oid::bigint FROM pg_class;
CREATE VIEW k_clock AS SELECT id FROM folder WHERE now() > '2000-01-01';
CREATE VIEW k_setting AS SELECT id FROM folder WHERE current_setting('dbmi.x', true) IS NULL;
CREATE VIEW k_role AS SELECT id FROM folder WHERE session_user <> 'x';
CREATE VIEW k_plpgsql AS SELECT lies() AS id;
CREATE VIEW k_sample AS SELECT id FROM folder TABLESAMPLE SYSTEM (100);
CREATE VIEW k_stored AS SELECT id FROM stored;
CREATE VIEW k_time AS SELECT id FROM folder WHERE authz.authenticated_within('1 h');
CREATE VIEW k_items AS SELECT id FROM folder WHERE authz.has_item_permission('f.' || id, 'view');
CREATE VIEW k_oids AS SELECT id FROM folder WHERE 2200::oid <> 'doc'::regclass AND 'public'::regnamespace IS NOT NULL;
CREATE FUNCTION most(a integer, b integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN greatest(a, b); END';
CREATE AGGREGATE most(integer) (sfunc = most, stype = integer);
CREATE VIEW k_aggregate AS SELECT most(id) AS id FROM folder;
CREATE VIEW k_max AS SELECT max(id) AS id FROM folder;
CREATE VIEW k_domain AS SELECT id::small AS id FROM folder;
CREATE VIEW k_text_search AS SELECT id FROM folder WHERE to_tsvector('english'::regconfig, 'a') IS NOT NULL;
CREATE VIEW k_view AS SELECT id FROM plain;
CREATE VIEW k_sets AS SELECT unnest(authz.set_keys('mine', NULL::int)) AS id;
SELECT name, cardinality(authz.set_keys(name::regclass, NULL::bigint)) >= 0 AS read FROM unnest(ARRAY['k_unwatched', 'k_catalog', 'k_clock', 'k_setting', 'k_role', 'k_plpgsql', 'k_sample',
	'k_stored', 'k_time', 'k_items', 'k_oids', 'k_aggregate', 'k_text_search', 'k_max', 'k_domain', 'k_view', 'k_sets']) name;
SELECT view, owner = current_user AS mine, tables, kept, reason FROM authz.sets() WHERE view::text ~ '^k_' ORDER BY view::text;
-- a kept one is worked out once, another one each time
SELECT authz.in_set('k_view', 1), authz.in_set('k_unwatched', 1);
SELECT authz.in_set('k_view', 1), authz.in_set('k_unwatched', 1);
SELECT view, times_worked_out, keys, microseconds > 0 AS took_time FROM authz.sets() WHERE view IN ('k_view'::regclass, 'k_unwatched'::regclass) ORDER BY view::text;
-- item permissions are told of, too
SELECT authz.in_set('k_items', 3);
CALL mint.login('tD0');
SELECT authz.in_set('k_items', 3);
INSERT INTO authz.item_permission (email, client, item, permission) SELECT authz.email(), authz.item_client(), 'f.3', 'view';
SELECT authz.set_keys('k_items', NULL::int);
DELETE FROM authz.item_permission WHERE item = 'f.3';
SELECT authz.set_keys('k_items', NULL::int);

-- watching: only one's own tables; twice is once; what is missing is made good
SELECT try('SELECT authz.watch(''mine'')'), try('SELECT authz.watch(1::regclass)'), authz.watch(NULL);
SET ROLE sets_app;
SELECT try('SELECT authz.watch(''sets.folder'')'), try('SELECT authz.unwatch(''sets.folder'')');
RESET ROLE;
SELECT authz.watch('folder');
SELECT tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'folder'::regclass AND NOT tgisinternal ORDER BY tgname;
CREATE VIEW why AS SELECT kept, reason FROM authz.sets() WHERE view = 'k_view'::regclass;
ALTER TABLE folder DISABLE TRIGGER authz_watch;
SELECT authz.in_set('k_view', 42), (SELECT reason FROM why);
INSERT INTO folder VALUES (42);
SELECT authz.in_set('k_view', 42);
ALTER TABLE folder ENABLE TRIGGER authz_watch;
SELECT reason FROM why;
SELECT authz.watch('folder');
SELECT kept FROM why;
SET session_replication_role = replica;
SELECT authz.in_set('k_view', 43);
INSERT INTO folder VALUES (43);
SELECT authz.in_set('k_view', 43);
RESET session_replication_role;
DROP TRIGGER authz_watch_truncate ON folder;
SELECT reason FROM why;
SELECT authz.watch('folder');
SELECT kept FROM why;
SELECT authz.unwatch('folder');
SELECT reason FROM why;
SELECT authz.unwatch('folder'), authz.watch('folder');
SELECT try('SELECT authz.set_changed()');
-- it is a trigger AFTER something: another one would take rows away
CREATE TABLE dropped (id integer);
CREATE TRIGGER t BEFORE INSERT ON dropped FOR EACH ROW EXECUTE FUNCTION authz.set_changed();
SELECT try('INSERT INTO dropped VALUES (1)');
-- a trigger of that name that is somebody else's stays as it is
CREATE TABLE theirs (id integer);
CREATE TRIGGER authz_watch BEFORE UPDATE ON theirs FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
SELECT try('SELECT authz.watch(''theirs'')'), authz.unwatch('theirs');
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'theirs'::regclass;

-- partitions and children: by whatever name they are written to
CREATE TABLE part (id integer, who text) PARTITION BY LIST (who);
CREATE TABLE part_ann PARTITION OF part FOR VALUES IN ('ann');
CREATE TABLE kin (id integer);
CREATE TABLE kin_child () INHERITS (kin);
CREATE VIEW of_part AS SELECT id FROM part;
CREATE VIEW of_kin AS SELECT id FROM kin;
SELECT authz.watch('part'), authz.watch('kin');
SELECT authz.set_keys('of_part', NULL::int), authz.set_keys('of_kin', NULL::int);
INSERT INTO part_ann VALUES (1, 'ann');
INSERT INTO kin_child VALUES (1);
SELECT authz.set_keys('of_part', NULL::int), authz.set_keys('of_kin', NULL::int);
TRUNCATE part_ann, kin_child;
SELECT authz.set_keys('of_part', NULL::int), authz.set_keys('of_kin', NULL::int);
SELECT view, kept, reason FROM authz.sets() WHERE view IN ('of_part'::regclass, 'of_kin'::regclass) ORDER BY view::text;
-- one that is attached shows, and is not watched for TRUNCATE until watch() is called again
CREATE TABLE part_bob (id integer, who text);
INSERT INTO part_bob VALUES (2, 'bob');
ALTER TABLE part ATTACH PARTITION part_bob FOR VALUES IN ('bob');
SELECT authz.set_keys('of_part', NULL::int);
SELECT reason FROM authz.sets() WHERE view = 'of_part'::regclass;
TRUNCATE part_bob;
SELECT authz.set_keys('of_part', NULL::int);
SELECT authz.watch('part');
SELECT kept FROM authz.sets() WHERE view = 'of_part'::regclass;
INSERT INTO part_bob VALUES (2, 'bob');
SELECT authz.set_keys('of_part', NULL::int);
ALTER TABLE part DETACH PARTITION part_bob;
SELECT authz.set_keys('of_part', NULL::int);
-- a table that is watched is attached to one that is
CREATE TABLE part_carl (id integer, who text);
SELECT authz.watch('part_carl');
ALTER TABLE part ATTACH PARTITION part_carl FOR VALUES IN ('carl');
SELECT kept FROM authz.sets() WHERE view = 'of_part'::regclass;
SELECT authz.set_keys('of_part', NULL::int);
INSERT INTO part VALUES (3, 'carl');
SELECT authz.set_keys('of_part', NULL::int);
ALTER TABLE part DETACH PARTITION part_carl;
SELECT authz.set_keys('of_part', NULL::int);
SELECT string_agg(tgname, ' ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = 'part_carl'::regclass;
-- a child that is dropped, or taken out, and comes back with a rollback
INSERT INTO kin_child VALUES (1);
BEGIN;
DROP TABLE kin_child;
SELECT authz.set_keys('of_kin', NULL::int);
ROLLBACK;
SELECT authz.set_keys('of_kin', NULL::int);
BEGIN;
SAVEPOINT s;
ALTER TABLE kin_child NO INHERIT kin;
SELECT authz.set_keys('of_kin', NULL::int);
ROLLBACK TO s;
SELECT authz.set_keys('of_kin', NULL::int);
COMMIT;
SELECT authz.unwatch('part'), authz.unwatch('kin');
SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'authz_watch%' AND tgrelid::regclass::text ~ '^(part|kin)' AND tgrelid NOT IN ('part_bob'::regclass, 'part_carl'::regclass);

-- the view is replaced, renamed, its table replaced
CREATE OR REPLACE VIEW plain AS SELECT id FROM folder WHERE id < 3;
SELECT authz.set_keys('plain', NULL::int), authz.in_set('k_view', 3);
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner) OR authz.in_set('mine', folder));
ALTER VIEW mine RENAME TO my_folders;
SELECT polname, pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = 'doc'::regclass;
SELECT try('DROP VIEW my_folders');
ALTER TABLE unwatched RENAME TO old_unwatched;
CREATE TABLE unwatched AS SELECT 7 AS id;
SELECT authz.set_keys('k_unwatched', NULL::int);
SELECT try('DROP TABLE old_unwatched');
DROP TABLE old_unwatched CASCADE;
SELECT try('SELECT authz.in_set(''k_unwatched'', 1)');

-- the end of keys
CREATE TABLE lent (folder integer, who text, until timestamptz, PRIMARY KEY (folder, who, until));
INSERT INTO lent VALUES (1, 'ann', 'infinity'), (2, 'ann', '-infinity'), (3, 'ann', '2000-01-01'), (4, 'ann', '2100-01-01'), (4, 'ann', '2000-01-01'), (5, 'ann', clock_timestamp() + interval '1 s');
CREATE VIEW borrowed AS SELECT folder, until AS valid_until FROM lent WHERE who = authz.user_id();
CREATE VIEW below_borrowed AS SELECT id FROM folder WHERE parent = ANY (authz.set_keys('borrowed', NULL::int));
SELECT authz.watch('lent');
CALL mint.login('tX0', '{"sub": "ann"}');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT authz.set_keys('borrowed', NULL::int), authz.set_keys('below_borrowed', NULL::int);
DECLARE c CURSOR FOR SELECT id, authz.in_set('borrowed', id) FROM folder WHERE authz.in_set('below_borrowed', id) OR authz.in_set('borrowed', id) ORDER BY id;
FETCH 4 FROM c;
SELECT pg_sleep(1.1);
FETCH 4 FROM c;
SELECT authz.set_keys('borrowed', NULL::int), authz.set_keys('below_borrowed', NULL::int);
COMMIT;

-- sets of sets: as deep as anybody needs; what is forgotten in between is found again
CREATE VIEW deep_0 AS SELECT id FROM folder WHERE id = 7 AND authz.is_authenticated();
SELECT format('CREATE VIEW deep_%s AS SELECT unnest(authz.set_keys(''deep_%s'', NULL::int)) AS id', n, n - 1) FROM generate_series(1, 17) n \gexec
SELECT authz.set_keys('deep_15', NULL::int), try('SELECT authz.set_keys(''deep_17'', NULL::int)');
SET client_min_messages = warning;
DO $$
BEGIN
	FOR n IN 1 .. 300 LOOP
		EXECUTE format('CREATE VIEW many_%s AS SELECT %s + id AS id FROM folder WHERE authz.is_authenticated()', n, n);
		IF NOT (SELECT authz.in_set(format('many_%s', n)::regclass, n + 7) AND authz.in_set('deep_3', 7)) THEN
			RAISE WARNING 'wrong after %', n;
		END IF;
	END LOOP;
END $$;
DELETE FROM folder WHERE id = 43;
INSERT INTO folder VALUES (43);
UPDATE folder SET id = 107 WHERE id = 43;
SELECT authz.set_keys('deep_3', NULL::int), authz.in_set('many_1', 108), authz.in_set('many_300', 407);

-- Everything that was made here goes.
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA sets CASCADE;
DROP ROLE sets_app, sets_owner;
CALL mint.go_home();
