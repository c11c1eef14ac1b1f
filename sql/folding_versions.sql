-- What PostgreSQL 16, 17 and 18 brought cannot make a check wrong: folded and
-- unfolded agree, and are right.  fold_since() tells a version that has the syntax
-- from one that has not; all else runs on every version.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
\set ECHO all
\set VERBOSITY terse
CREATE ROLE fold_app;
CREATE TABLE fold_doc (id integer PRIMARY KEY, owner text NOT NULL, need text, body text);
INSERT INTO fold_doc SELECT i, CASE WHEN i <= 3 THEN 'ann' WHEN i <= 5 THEN 'bob' ELSE 'carl' END, CASE WHEN i % 2 = 1 THEN 'k1' END, 'body ' || i FROM generate_series(1, 10) i;
CREATE INDEX ON fold_doc (need, owner);
ALTER TABLE fold_doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON fold_doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
CREATE TABLE fold_source (id integer, owner text, body text);
INSERT INTO fold_source VALUES (1, 'ann', 'new 1'), (4, 'bob', 'new 4'), (20, 'ann', 'new 20');
GRANT ALL ON fold_doc, fold_source TO fold_app;
GRANT CREATE ON SCHEMA public TO fold_app;

-- What a statement returns (sorted) and leaves behind, folded and not, and undone.
CREATE FUNCTION fold_all_rows() RETURNS text LANGUAGE sql VOLATILE SECURITY DEFINER AS
$$ SELECT string_agg(concat_ws(' ', id, owner, body), ', ' ORDER BY id) FROM fold_doc WHERE body !~ '^body' OR owner NOT IN ('ann', 'bob', 'carl') $$;
CREATE FUNCTION fold_write(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	mode text;
	line record;
	lines text[];
	got text;
	answers text[] := '{}';
BEGIN
	FOREACH mode IN ARRAY ARRAY['on', 'off'] LOOP
		lines := '{}';
		BEGIN
			PERFORM set_config('dbmi_authz.plan_folding', mode, true);
			FOR line IN EXECUTE statement LOOP
				lines := lines || (line::text || ' ');
			END LOOP;
			got := (SELECT string_agg(l, '' ORDER BY l) FROM unnest(lines) l);
			got := concat(got, 'leaves ', fold_all_rows(), ' of ', (SELECT count(*) FROM fold_doc));
			RAISE EXCEPTION USING ERRCODE = 'ZZ999';
		EXCEPTION
			WHEN SQLSTATE 'ZZ999' THEN NULL;
			WHEN OTHERS THEN got := concat(SQLSTATE, ' ', SQLERRM);
		END;
		answers := answers || got;
	END LOOP;
	RETURN CASE WHEN answers[1] = answers[2] THEN answers[1] ELSE 'FOLDED ' || answers[1] || ', UNFOLDED ' || answers[2] END;
END $$;
-- One answer in the versions from that one on; the older ones have no such thing.
CREATE FUNCTION fold_since(version integer, call text, due text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	IF current_setting('server_version_num')::integer / 10000 < version THEN
		RETURN 'as it must';
	END IF;
	EXECUTE 'SELECT ' || call INTO answer;
	RETURN CASE answer WHEN due THEN 'as it must' ELSE coalesce(answer, 'NULL') END;
END $$;

-- A column that is NOT NULL: since 17 the planner leaves IS NOT NULL out, but not
-- where an outer join puts NULLs there, nor where NULLs were there before.
CALL mint.become('ann');
SELECT mint.both('SELECT v.n, authz.is_owner(t.owner) FROM (VALUES (1), (4), (99)) v (n) LEFT JOIN fold_doc t ON t.id = v.n') AS target,
	mint.both('SELECT v.n FROM (VALUES (1), (4), (99)) v (n) LEFT JOIN fold_doc t ON t.id = v.n WHERE NOT authz.is_owner(t.owner)') AS filter,
	mint.both('SELECT v.n FROM (VALUES (1), (4), (99)) v (n) LEFT JOIN fold_doc t ON t.id = v.n WHERE authz.is_owner(t.owner) IS NULL') AS is_null,
	mint.both('SELECT a.id, b.id FROM fold_doc a FULL JOIN (SELECT * FROM fold_doc WHERE id IN (2, 6)) b ON a.id = b.id WHERE a.id IN (1, 2, 6) AND NOT authz.is_owner(b.owner)') AS full;
CREATE TABLE fold_parent (id integer, owner text NOT NULL);
CREATE TABLE fold_child (CONSTRAINT more CHECK (id > 0)) INHERITS (fold_parent);
INSERT INTO fold_parent VALUES (1, 'ann'), (2, 'bob');
INSERT INTO fold_child VALUES (3, 'ann'), (4, 'bob');
SELECT mint.both('SELECT id FROM fold_parent WHERE NOT authz.is_owner(owner)') AS inherited;
DO $$
BEGIN
	IF current_setting('server_version_num')::integer >= 180000 THEN
		EXECUTE 'CREATE TABLE fold_late (id integer, owner text)';
		EXECUTE 'INSERT INTO fold_late VALUES (1, ''ann''), (2, NULL), (3, ''bob'')';
		EXECUTE 'ALTER TABLE fold_late ADD CONSTRAINT late NOT NULL owner NOT VALID';
		EXECUTE 'CREATE TABLE fold_own (id integer, owner text, CONSTRAINT own NOT NULL owner NO INHERIT)';
		EXECUTE 'CREATE TABLE fold_heir () INHERITS (fold_own)';
		EXECUTE 'INSERT INTO fold_own VALUES (1, ''ann''), (2, ''bob'')';
		EXECUTE 'INSERT INTO fold_heir VALUES (3, ''ann''), (4, NULL)';
		EXECUTE 'CREATE TABLE fold_loose (id integer, owner text, CONSTRAINT loose CHECK (authz.is_owner(owner)) NOT ENFORCED)';
		EXECUTE 'INSERT INTO fold_loose VALUES (1, ''ann''), (2, ''bob''), (3, NULL)';
	END IF;
END $$;
SELECT fold_since(18, $$mint.both('SELECT id FROM fold_late WHERE NOT authz.is_owner(owner)')$$, '(2) (3)') AS not_valid,
	fold_since(18, $$mint.both('SELECT id, authz.is_owner(owner) FROM fold_late')$$, '(1,t) (2,f) (3,f)') AS not_valid_target,
	fold_since(18, $$mint.both('SELECT id FROM fold_own WHERE NOT authz.is_owner(owner)')$$, '(2) (4)') AS no_inherit,
	fold_since(18, $$mint.both('SELECT id FROM fold_own WHERE authz.is_owner(owner) IS NOT TRUE')$$, '(2) (4)') AS no_inherit_not_true,
	fold_since(18, $$mint.both('SELECT id FROM fold_loose WHERE owner = ''bob''')$$, '(2)') AS not_enforced;

-- Grouping, whose columns 18 keeps in a range table entry of their own
CALL mint.become('ann');
SELECT mint.both(q) AS grouped FROM unnest(ARRAY[
	'SELECT authz.is_owner(owner), count(*) FROM fold_doc GROUP BY authz.is_owner(owner) HAVING authz.is_owner(owner)',
	'SELECT authz.is_owner(owner) AND true, count(*) FROM fold_doc GROUP BY authz.is_owner(owner) ORDER BY authz.is_owner(owner)',
	'SELECT authz.is_owner(t.owner), count(*) FROM (VALUES (1), (4), (99)) v (n) LEFT JOIN fold_doc t ON t.id = v.n GROUP BY authz.is_owner(t.owner)',
	'SELECT authz.is_owner(owner), need, count(*) FROM fold_doc GROUP BY GROUPING SETS ((authz.is_owner(owner)), (need)) HAVING authz.is_owner(owner) IS NULL',
	'SELECT authz.is_owner(owner), grouping(authz.is_owner(owner)), count(*) FROM fold_doc GROUP BY ROLLUP (authz.is_owner(owner), need) HAVING count(*) > 1',
	'SELECT authz.is_owner(owner), owner, count(*) FROM fold_doc GROUP BY ROLLUP (authz.is_owner(owner)), ROLLUP (owner)',
	'SELECT (SELECT authz.has_scope(''admin'')), count(*) FROM fold_doc GROUP BY ROLLUP (authz.has_scope(''admin''))',
	'SELECT (SELECT authz.is_owner(d.owner)), count(*) FROM fold_doc d GROUP BY ROLLUP (owner) ORDER BY 2',
	'SELECT owner, (SELECT count(*) FROM fold_doc i WHERE authz.is_owner(i.owner) AND i.owner = d.owner) FROM fold_doc d GROUP BY CUBE (owner)',
	'SELECT DISTINCT authz.is_owner(owner), sum(count(*)) OVER (PARTITION BY authz.is_owner(owner)) FROM fold_doc GROUP BY authz.is_owner(owner), need',
	'SELECT authz.has_scope(''admin''), authz.subject(), count(*) FROM fold_doc GROUP BY authz.has_scope(''admin''), authz.subject()']) q;

-- Self-joins, which 18 removes; OR and VALUES, which it makes arrays of
SELECT mint.both(q) AS joined FROM unnest(ARRAY[
	'SELECT a.id FROM fold_doc a JOIN fold_doc b ON a.id = b.id WHERE authz.is_owner(a.owner) AND NOT authz.is_owner(b.owner)',
	'SELECT a.id, authz.is_owner(b.owner) FROM fold_doc a JOIN fold_doc b ON a.id = b.id WHERE NOT authz.is_owner(a.owner) AND b.need IS NULL',
	'SELECT a.id FROM fold_doc a JOIN fold_doc b USING (id) LEFT JOIN fold_doc c ON c.id = b.id AND authz.is_owner(c.owner) WHERE c.id IS NULL',
	'SELECT id FROM fold_doc WHERE authz.is_owner(owner) OR owner = ''bob'' OR owner = ''dora''',
	'SELECT id FROM fold_doc WHERE NOT (authz.is_owner(owner) OR owner IN (VALUES (''bob''), (''dora'')))',
	'SELECT id FROM fold_doc WHERE need IS NULL AND (authz.is_owner(owner) OR authz.in_org(owner) OR authz.has_scope(''admin''))']) q;
SET ROLE fold_app;
SELECT mint.both(q) AS joined FROM unnest(ARRAY[
	'SELECT a.id, b.owner FROM fold_doc a JOIN fold_doc b ON a.id = b.id',
	'SELECT a.id FROM fold_doc a JOIN fold_doc b ON a.id = b.id AND NOT authz.is_owner(b.owner)',
	'SELECT id FROM fold_doc WHERE owner IN (VALUES (''ann''), (''bob''))',
	'SELECT max(id) FROM fold_doc WHERE need = ''k1'' OR need = ''k2''']) q;
-- an index whose first column is not asked for, which 18 skips over
SET enable_seqscan = off;
SELECT mint.both('SELECT id FROM fold_doc') AS skip, mint.both('SELECT owner, need FROM fold_doc WHERE authz.is_owner(owner)') AS only;
RESET enable_seqscan;

-- 17: MERGE RETURNING, WHEN NOT MATCHED BY SOURCE, MERGE into a view; 18: OLD and NEW
RESET ROLE;
CREATE VIEW fold_view WITH (security_invoker) AS SELECT id, owner, body, 'ann'::text AS always, need IS NULL AS needless FROM fold_doc;
CREATE VIEW fold_barrier WITH (security_barrier) AS SELECT * FROM fold_doc WHERE authz.is_owner(owner);
CREATE VIEW fold_checked WITH (security_invoker) AS SELECT * FROM fold_doc WHERE authz.is_owner(owner) WITH CHECK OPTION;
GRANT ALL ON fold_view, fold_barrier, fold_checked TO fold_app;
SET ROLE fold_app;
CALL mint.become('ann');
SELECT fold_since(17, format('fold_write(%L)', q), due) AS merge FROM (VALUES
	('MERGE INTO fold_doc d USING fold_source s ON d.id = s.id WHEN MATCHED THEN UPDATE SET body = s.body WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING merge_action(), d.id, authz.is_owner(d.owner)',
	 '(DELETE,2,t) (DELETE,3,t) (UPDATE,1,t) leaves 1 ann new 1 of 1'),
	('MERGE INTO fold_doc d USING fold_source s ON d.id = s.id WHEN NOT MATCHED BY SOURCE AND NOT authz.is_owner(d.owner) THEN DELETE RETURNING d.id', 'leaves  of 3'),
	('MERGE INTO fold_doc d USING fold_source s ON d.id = s.id AND d.need IS NOT NULL WHEN NOT MATCHED AND authz.is_owner(s.owner) AND s.id > 4 THEN INSERT VALUES (s.id, s.owner, NULL, s.body) RETURNING d.id, d.body',
	 '(20,"new 20") leaves 20 ann new 20 of 4'),
	('MERGE INTO fold_doc d USING (VALUES (20, ''bob'')) s (id, owner) ON d.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.owner, NULL, ''x'') RETURNING d.*',
	 '42501 new row violates row-level security policy for table "fold_doc"'),
	('MERGE INTO fold_doc d USING fold_source s ON d.id = s.id WHEN MATCHED THEN UPDATE SET owner = ''bob'' RETURNING d.*', '42501 new row violates row-level security policy for table "fold_doc"'),
	('MERGE INTO fold_view d USING fold_source s ON d.id = s.id WHEN MATCHED THEN UPDATE SET body = s.body WHEN NOT MATCHED BY SOURCE AND authz.is_owner(always) THEN DELETE RETURNING d.id, authz.is_owner(d.always)',
	 '(1,t) (2,t) (3,t) leaves 1 ann new 1 of 1'),
	('MERGE INTO fold_checked d USING fold_source s ON d.id = s.id WHEN MATCHED THEN UPDATE SET owner = ''bob'' RETURNING d.id', '42501 new row violates row-level security policy for table "fold_doc"'),
	('WITH m AS (MERGE INTO fold_doc d USING fold_source s ON d.id = s.id WHEN MATCHED THEN DELETE RETURNING d.id, authz.is_owner(d.owner) AS mine) SELECT id, mine, authz.subject() FROM m',
	 '(1,t,ann) leaves  of 2')) AS t (q, due);
SELECT fold_since(18, format('fold_write(%L)', q), due) AS old_and_new FROM (VALUES
	('UPDATE fold_doc SET body = ''x'' WHERE id < 3 RETURNING old.id, authz.is_owner(old.owner), authz.is_owner(new.owner), old.body, new.body',
	 '(1,t,t,"body 1",x) (2,t,t,"body 2",x) leaves 1 ann x, 2 ann x of 3'),
	('INSERT INTO fold_doc VALUES (20, ''ann'', NULL, ''x'') RETURNING authz.is_owner(old.owner), authz.is_owner(new.owner), NOT authz.is_owner(old.owner), coalesce(authz.is_owner(old.owner), true)',
	 '(f,t,t,f) leaves 20 ann x of 4'),
	('DELETE FROM fold_doc RETURNING id, authz.is_owner(old.owner), authz.is_owner(new.owner), authz.is_owner(new.owner) IS NULL', '(1,t,f,f) (2,t,f,f) (3,t,f,f) leaves  of 0'),
	('INSERT INTO fold_doc VALUES (1, ''ann'', NULL, ''x''), (21, ''ann'', NULL, ''y'') ON CONFLICT (id) DO UPDATE SET body = excluded.body RETURNING id, authz.is_owner(old.owner), authz.is_owner(new.owner), old.body',
	 '(1,t,t,"body 1") (21,f,t,) leaves 1 ann x, 21 ann y of 4'),
	('INSERT INTO fold_doc VALUES (4, ''ann'', NULL, ''x'') ON CONFLICT (id) DO UPDATE SET body = excluded.body RETURNING old.body, old.owner',
	 '42501 new row violates row-level security policy (USING expression) for table "fold_doc"'),
	('INSERT INTO fold_view (id, owner, body) VALUES (20, ''ann'', ''x'') RETURNING authz.is_owner(old.always), authz.is_owner(new.always), authz.is_owner(old.owner), old.always', '(f,t,f,) leaves 20 ann x of 4'),
	('DELETE FROM fold_view WHERE id = 1 RETURNING authz.is_owner(old.always), authz.is_owner(new.always), new.always, new.needless', '(t,f,,) leaves  of 2'),
	('MERGE INTO fold_view d USING fold_source s ON d.id = s.id AND authz.is_owner(s.owner) WHEN MATCHED THEN UPDATE SET body = s.body WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN NOT MATCHED AND s.id > 4 THEN INSERT (id, owner, body) VALUES (s.id, s.owner, s.body) RETURNING WITH (OLD AS o, NEW AS n) merge_action(), authz.is_owner(o.always), authz.is_owner(n.always), o.id, n.id',
	 '(DELETE,t,f,2,) (DELETE,t,f,3,) (INSERT,f,t,,20) (UPDATE,t,t,1,1) leaves 1 ann new 1, 20 ann new 20 of 2'),
	('UPDATE fold_barrier SET body = ''x'' WHERE id = 1 RETURNING authz.is_owner(old.owner), (SELECT authz.is_owner(new.owner)), (SELECT count(*) FROM fold_doc i WHERE i.owner = old.owner AND authz.is_owner(i.owner))',
	 '(t,t,3) leaves 1 ann x of 3'),
	('UPDATE fold_doc d SET body = ''x'' FROM fold_doc o WHERE o.id = d.id AND d.id = 1 RETURNING authz.is_owner(old.owner), authz.is_owner(o.owner), o.body', '(t,t,"body 1") leaves 1 ann x of 3')) AS t (q, due);

-- 18: virtual generated columns: the expression is in place before anything folds
RESET ROLE;
DO $$
BEGIN
	IF current_setting('server_version_num')::integer >= 180000 THEN
		EXECUTE 'CREATE TABLE fold_virtual (id integer, raw text, owner text GENERATED ALWAYS AS (raw) VIRTUAL, lower text GENERATED ALWAYS AS (lower(raw)) VIRTUAL, always text GENERATED ALWAYS AS (''ann'') VIRTUAL)';
		EXECUTE 'INSERT INTO fold_virtual VALUES (1, ''ann''), (2, ''ANN''), (3, ''bob''), (4, NULL)';
		EXECUTE 'CREATE TABLE fold_guarded (LIKE fold_virtual INCLUDING GENERATED)';
		EXECUTE 'INSERT INTO fold_guarded SELECT id, raw FROM fold_virtual';
		EXECUTE 'ALTER TABLE fold_guarded ENABLE ROW LEVEL SECURITY';
		EXECUTE 'CREATE POLICY p ON fold_guarded USING (authz.is_owner(lower)) WITH CHECK (authz.is_owner(owner))';
		EXECUTE 'GRANT ALL ON fold_virtual, fold_guarded TO fold_app';
	END IF;
END $$;
SET ROLE fold_app;
SELECT fold_since(18, format('mint.both(%L)', q), due) AS virtual FROM (VALUES
	('SELECT id, authz.is_owner(owner), authz.is_owner(lower), authz.is_owner(always) FROM fold_virtual', '(1,t,t,t) (2,f,t,t) (3,f,f,t) (4,f,f,t)'),
	('SELECT id FROM fold_virtual WHERE NOT authz.is_owner(owner)', '(2) (3) (4)'),
	('SELECT n, authz.is_owner(t.owner), authz.is_owner(t.lower), authz.is_owner(t.always) FROM (VALUES (2), (9)) v (n) LEFT JOIN fold_virtual t ON t.id = v.n', '(2,f,t,t) (9,f,f,f)'),
	('SELECT n FROM (VALUES (1), (9)) v (n) LEFT JOIN fold_virtual t ON t.id = v.n WHERE NOT authz.is_owner(t.always)', '(9)'),
	('SELECT authz.is_owner(owner), count(*) FROM fold_virtual GROUP BY ROLLUP (authz.is_owner(owner))', '(,4) (f,3) (t,1)'),
	('SELECT id, owner FROM fold_guarded', '(1,ann) (2,ANN)'),
	('SELECT a.id FROM fold_guarded a JOIN fold_guarded b ON a.id = b.id WHERE NOT authz.is_owner(b.owner)', '(2)')) AS t (q, due);
SELECT fold_since(18, format('fold_write(%L)', q), due) AS virtual_write FROM (VALUES
	('INSERT INTO fold_guarded VALUES (5, ''ann'') RETURNING owner, lower, authz.is_owner(old.lower), authz.is_owner(new.lower)', '(ann,ann,f,t) leaves  of 3'),
	('INSERT INTO fold_guarded VALUES (5, ''ANN'') RETURNING owner', '42501 new row violates row-level security policy for table "fold_guarded"'),
	('INSERT INTO fold_guarded VALUES (5, NULL) RETURNING owner', '42501 new row violates row-level security policy for table "fold_guarded"'),
	('UPDATE fold_guarded SET raw = ''bob'' RETURNING owner', '42501 new row violates row-level security policy for table "fold_guarded"'),
	('UPDATE fold_guarded SET raw = lower(raw) RETURNING id, authz.is_owner(old.owner), authz.is_owner(new.owner)', '(1,t,t) (2,f,t) leaves  of 3'),
	('DELETE FROM fold_guarded RETURNING id, authz.is_owner(old.always), authz.is_owner(new.always)', '(1,t,f) (2,t,f) leaves  of 3')) AS t (q, due);
-- nobody can write one that asks: not immutable, and no function of a user's own
SELECT fold_since(18, $$mint.outcome('CREATE TABLE fold_v (o text, v boolean GENERATED ALWAYS AS (authz.is_owner(o)) VIRTUAL)')$$, '42P17 generation expression is not immutable');
CREATE FUNCTION fold_always(o text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT authz.is_owner($1)';
SELECT fold_since(18, $$left(mint.outcome('CREATE TABLE fold_v (o text, v boolean GENERATED ALWAYS AS (fold_always(o)) VIRTUAL)'), 55)$$, '0A000 generation expression uses user-defined function ');

-- 18: functions in language SQL keep plans in the plan cache, beyond the transaction
CREATE FUNCTION fold_seen() RETURNS bigint LANGUAGE sql STABLE SET search_path = public AS 'SELECT count(*) FROM fold_doc';
CREATE FUNCTION fold_admin() RETURNS boolean LANGUAGE sql STABLE SET search_path = public AS 'SELECT authz.has_scope(''admin'') FROM fold_doc UNION SELECT authz.has_scope(''admin'')';
CREATE FUNCTION fold_seen_atomic(low integer) RETURNS SETOF integer LANGUAGE sql STABLE SET search_path = public BEGIN ATOMIC SELECT id FROM fold_doc WHERE id >= low ORDER BY id; END;
CREATE FUNCTION fold_seen_of(x anyelement) RETURNS bigint LANGUAGE sql STABLE SET search_path = public AS 'SELECT count(*) FROM fold_doc WHERE authz.is_owner(owner) AND x IS NOT NULL';
CREATE FUNCTION fold_rows_lazy() RETURNS SETOF integer LANGUAGE sql VOLATILE AS 'SELECT id FROM fold_doc ORDER BY id';
CREATE FUNCTION fold_login(who text) RETURNS void LANGUAGE plpgsql AS 'BEGIN CALL mint.become(who); END';
-- in one session, by several: each in a transaction of its own
CALL mint.become('boss');
SELECT fold_seen(), fold_admin(), (SELECT count(*) FROM fold_seen_atomic(2)) AS atomic, fold_seen_of(1) AS of;
CALL mint.become('ann');
SELECT fold_seen(), fold_admin(), (SELECT count(*) FROM fold_seen_atomic(2)) AS atomic, fold_seen_of(1) AS of, fold_seen_of('x'::text) AS of_text;
CALL mint.become('nobody');
SELECT fold_seen(), fold_admin(), (SELECT count(*) FROM fold_seen_atomic(2)) AS atomic, fold_seen_of(1) AS of, fold_seen_of('x'::text) AS of_text;
-- with generic plans, with a failed login, across savepoints and a rollback
SET plan_cache_mode = force_generic_plan;
CALL mint.become('boss');
SELECT fold_seen(), fold_admin(), (SELECT count(*) FROM fold_seen_atomic(2)) AS atomic;
SELECT authz.try_set_token('nonsense');
SELECT fold_seen(), fold_admin(), (SELECT count(*) FROM fold_seen_atomic(2)) AS atomic;
CALL mint.become('ann');
SELECT fold_seen(), fold_admin(), (SELECT count(*) FROM fold_seen_atomic(2)) AS atomic;
BEGIN;
CALL mint.become('boss');
ROLLBACK;
SELECT fold_seen(), fold_admin(), (SELECT count(*) FROM fold_seen_atomic(2)) AS atomic;
-- before 18: an error where the function has a plan of another's in this transaction
CREATE FUNCTION fold_then(VARIADIC people text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	who text;
	seen text := '';
BEGIN
	FOREACH who IN ARRAY people LOOP
		BEGIN
			PERFORM fold_login(who);
			seen := seen || ' ' || who || ' ' || fold_seen() || fold_admin();
			IF who = 'bob' THEN
				RAISE EXCEPTION USING ERRCODE = 'ZZ999';
			END IF;
		EXCEPTION
			WHEN SQLSTATE 'ZZ999' THEN seen := seen || ' back';
		END;
	END LOOP;
	RETURN ltrim(seen || ' ' || authz.subject() || ' ' || fold_seen() || fold_admin());
END $$;
SELECT fold_since(18, $$mint.outcome('SELECT fold_then(''boss'', ''ann'', ''bob'', ''boss'', ''bob'', ''ann'', ''bob'')')$$,
	'boss 10true ann 3false bob 2false back boss 10true bob 2false back ann 3false bob 2false back ann 3false') AS savepoints;
RESET plan_cache_mode;
SELECT fold_since(18, $$mint.outcome('SELECT fold_then(''boss'', ''ann'', ''bob'', ''boss'', ''bob'', ''ann'', ''bob'')')$$,
	'boss 10true ann 3false bob 2false back boss 10true bob 2false back ann 3false bob 2false back ann 3false') AS savepoints;
-- a function within itself, and another identity in each
CREATE FUNCTION fold_nested(people text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT fold_login(people[1]);
	SELECT CASE WHEN cardinality(people) > 1 THEN fold_nested(people[2:]) ELSE '' END;
	SELECT concat_ws(' ', people[1], authz.subject(), (SELECT count(*) FROM fold_doc), (SELECT string_agg(DISTINCT owner, ',') FROM fold_doc));
$$;
SELECT fold_since(18, $$mint.outcome('SELECT fold_nested(''{boss,ann,bob}'')')$$, 'boss bob 2 bob') AS nested;
CALL mint.become('boss');
SELECT fold_since(18, $$mint.outcome('SELECT fold_nested(''{nobody}'')')$$, 'nobody 0') AS nested;
-- one that writes for whom it has logged in
CREATE FUNCTION fold_write_as(who text, i integer, o text) RETURNS SETOF text LANGUAGE sql VOLATILE AS $$
	SELECT fold_login(who);
	INSERT INTO fold_doc VALUES (i, o, NULL, 'written');
	SELECT concat_ws(' ', authz.subject(), id, owner, authz.is_owner(owner)) FROM fold_doc WHERE body = 'written';
$$;
CALL mint.become('boss');
SELECT fold_since(18, $$fold_write('SELECT fold_write_as(''ann'', 30, ''ann'')')$$, '("ann 30 ann t") leaves 30 ann written of 4') AS written;
CALL mint.become('boss');
SELECT fold_since(18, $$fold_write('SELECT fold_write_as(''ann'', 30, ''bob'')')$$, '42501 new row violates row-level security policy for table "fold_doc"') AS refused;
-- lazy rows are stopped, in all versions, when somebody else goes on
CALL mint.become('boss');
BEGIN;
DECLARE c CURSOR FOR SELECT fold_rows_lazy();
FETCH 2 c;
CALL mint.become('ann');
FETCH c;
ROLLBACK;
BEGIN;
DECLARE c CURSOR FOR SELECT fold_rows_lazy();
FETCH 2 c;
CALL mint.become('ann');
CALL mint.become('boss');
FETCH c;
ROLLBACK;
SELECT authz.subject();
-- nor does an old plan come back with an old identity's number
CALL mint.become('ann');
SELECT fold_seen();
CALL mint.become('boss');
SELECT fold_seen();
CALL mint.become('ann');
SELECT fold_seen(), (SELECT count(*) FROM fold_doc);
DISCARD PLANS;
SELECT fold_seen();
RESET dbmi_authz.token;
SELECT fold_seen();

-- 16: EXPLAIN without values, as somebody
CALL mint.become('ann');
SELECT fold_since(16, $$mint.outcome('EXPLAIN (GENERIC_PLAN, COSTS OFF) SELECT * FROM fold_doc WHERE body = $1') ~ 'Seq Scan on fold_doc'$$, 'true') AS generic;

-- 16: who may only SET ROLE to the owner of the database does not administer before
RESET ROLE;
CREATE ROLE fold_dba;
DO $$
BEGIN
	EXECUTE format('ALTER DATABASE %I OWNER TO fold_dba', current_database());
	IF current_setting('server_version_num')::integer >= 160000 THEN
		EXECUTE 'GRANT fold_dba TO fold_app WITH INHERIT FALSE, SET TRUE';
	END IF;
END $$;
GRANT pg_write_all_data TO fold_app;
SET ROLE fold_app;
INSERT INTO authz.issuer (issuer, audience, profile) VALUES ('https://own.example', '{a}', 'generic');
SELECT authz.add_issuer('https://own.example', '{a}');
SET ROLE fold_dba;
BEGIN;
INSERT INTO authz.issuer (issuer, audience, profile) VALUES ('https://own.example', '{a}', 'generic');
SELECT authz.add_issuer('https://other.example', '{a}') IS NOT NULL AS added;
ROLLBACK;
RESET ROLE;
REVOKE pg_write_all_data FROM fold_app;
-- 17: MAINTAIN and pg_maintain read and write nothing
DO $$
BEGIN
	IF current_setting('server_version_num')::integer >= 170000 THEN
		EXECUTE 'GRANT pg_maintain TO fold_app';
	END IF;
END $$;
SET ROLE fold_app;
SELECT fold_since(17, 'mint.outcome(''' || q || ''')', '42501 permission denied for table ' || t) AS maintain FROM (VALUES
	('SELECT count(*) FROM authz.issuer_key', 'issuer_key'), ('DELETE FROM authz.revocation', 'revocation'), ('INSERT INTO authz.issuer VALUES (NULL)', 'issuer')) AS v (q, t);
RESET ROLE;

CALL mint.become('nobody');
DO $$
BEGIN
	EXECUTE format('ALTER DATABASE %I OWNER TO CURRENT_USER', current_database());
END $$;
CALL mint.go_home();
SET client_min_messages = warning;
DROP OWNED BY fold_app CASCADE;
DROP TABLE IF EXISTS fold_late, fold_own, fold_heir, fold_loose, fold_virtual, fold_guarded, fold_parent, fold_child;
DROP VIEW fold_view, fold_barrier, fold_checked;
DROP FUNCTION fold_all_rows, fold_write, fold_since;
DROP TABLE fold_doc, fold_source;
DROP ROLE fold_app, fold_dba;
