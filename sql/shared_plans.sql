-- Plans that are kept and made for all users: each gets the answers of the identity in force, in every way that a plan is kept.
-- What changes while one of them waits for a lock is in test/isolation/specs/shared_plans.spec; random ones are in test/plans.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
SET client_min_messages = warning;
INSERT INTO mint.kept SELECT 'orgs' || n, mint.person('tPM', jsonb_build_object('org_id_to_org_member_info',
	(SELECT jsonb_object_agg('o' || i, mint.org('O2') || jsonb_build_object('org_id', 'o' || i)) FROM generate_series(1, n) i)))
  FROM unnest('{1,3,8,9,12}'::int[]) n;
\set ECHO all
\set VERBOSITY terse
CREATE ROLE shared_app;
-- nothing but this test makes a plan stale: what core would do with a statement that is deallocated while core plans it is not tried here
CREATE TABLE shared_doc (id integer PRIMARY KEY, owner text, org text, n integer DEFAULT 0) WITH (autovacuum_enabled = off);
CREATE TABLE shared_truth (LIKE shared_doc INCLUDING ALL);
CREATE TABLE shared_free (LIKE shared_doc INCLUDING ALL);
INSERT INTO shared_doc SELECT i, (ARRAY['ann', 'bob', 'carl', 'u-1'])[i % 5], 'o' || i % 14, i % 10 FROM generate_series(1, 140) i;
INSERT INTO shared_truth TABLE shared_doc;
INSERT INTO shared_free TABLE shared_doc;
CREATE INDEX ON shared_doc (owner);
CREATE INDEX ON shared_doc (org);
ALTER TABLE shared_doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE shared_truth ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON shared_doc USING (authz.has_scope('admin') OR authz.is_owner(owner) OR authz.in_org(org));
CREATE POLICY p ON shared_truth USING (authz.has_scope(CASE WHEN id IS NOT NULL THEN 'admin' END) OR authz.is_owner(owner || '') OR authz.in_org(org || ''));
GRANT ALL ON shared_doc, shared_truth, shared_free TO shared_app;
ANALYZE shared_doc, shared_truth, shared_free;

-- Somebody's answer: that of a kept statement "@" over shared_doc, and that over the table whose policy never folds.  What writes is undone.
CREATE FUNCTION shared_one(who text, kept text, truth text, peek text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	statement text;
	source text;
	answers text[] := '{}';
	answer text;
	rows text[];
	r record;
BEGIN
	FOREACH statement IN ARRAY ARRAY[kept, truth] LOOP
		CALL mint.become(who);
		SET LOCAL ROLE shared_app;
		answer := '';
		BEGIN
			IF truth ~ 'RETURNING|^SELECT|^WITH' THEN
				rows := '{}';
				FOR r IN EXECUTE statement LOOP rows := rows || r::text; END LOOP;
				answer := (SELECT string_agg(w, '' ORDER BY w COLLATE "C") FROM unnest(rows) w);
			ELSE
				EXECUTE statement;
			END IF;
			IF peek IS NOT NULL THEN
				RESET ROLE;
				source := CASE statement WHEN kept THEN 'shared_doc' ELSE 'shared_truth' END;
				EXECUTE replace(peek, '@', source) INTO source;
				answer := concat(answer, ' -> ', source);
				RAISE EXCEPTION USING ERRCODE = 'UE001';
			END IF;
		EXCEPTION WHEN SQLSTATE 'UE001' THEN NULL;
			WHEN OTHERS THEN answer := SQLSTATE;
		END;
		answers := answers || concat(answer);
		RESET ROLE;
	END LOOP;
	RETURN CASE WHEN answers[1] = answers[2] THEN answers[1] ELSE format('KEPT %s TRUTH %s', answers[1], answers[2]) END;
END $$;
CREATE FUNCTION shared_people() RETURNS text[] LANGUAGE sql RETURN '{ann,bob,boss,nobody,orgs1,orgs3,orgs8,orgs9,orgs12,lea,ann,nobody,boss,carl}'::text[];
-- The statement is prepared once, and the people come in turn; "lines" shows each of them.
CREATE FUNCTION shared_turns(statement text, peek text DEFAULT NULL, lines boolean DEFAULT false) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	who text;
	answer text;
	wrong text[] := '{}';
	different text[] := '{}';
BEGIN
	EXECUTE 'PREPARE shared_q AS ' || replace(statement, '@', 'shared_doc');
	FOREACH who IN ARRAY shared_people() LOOP
		answer := shared_one(who, 'EXECUTE shared_q', replace(statement, '@', 'shared_truth'), peek);
		IF answer ~ '^KEPT' THEN wrong := wrong || (who || ': ' || answer); END IF;
		IF NOT answer = ANY (different) THEN different := different || answer; END IF;
		IF lines THEN RETURN NEXT who || ': ' || answer; END IF;
	END LOOP;
	DEALLOCATE shared_q;
	RETURN NEXT format('%s answers, %s different ones, wrong: %s', cardinality(shared_people()), cardinality(different), wrong);
END $$;
SET plan_cache_mode = force_generic_plan;
\pset format unaligned
\pset tuples_only on

-- The invariant: a plan depends on the identity by the answers that were recorded and by values that are set when it starts.  So whoever it was made for, it serves everybody.
CREATE FUNCTION shared_pairs(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	maker text;
	who text;
	answer text;
	wrong text[] := '{}';
BEGIN
	FOREACH maker IN ARRAY (shared_people())[:10] LOOP
		EXECUTE 'PREPARE shared_q AS ' || replace(statement, '@', 'shared_doc');
		CALL mint.become(maker);
		SET LOCAL ROLE shared_app;
		EXECUTE 'EXECUTE shared_q';
		RESET ROLE;
		FOREACH who IN ARRAY (shared_people())[:10] LOOP
			answer := shared_one(who, 'EXECUTE shared_q', replace(statement, '@', 'shared_truth'));
			IF answer ~ '^KEPT' THEN wrong := wrong || format('made for %s, run for %s: %s', maker, who, answer); END IF;
		END LOOP;
		DEALLOCATE shared_q;
	END LOOP;
	RETURN 'wrong: ' || wrong::text;
END $$;
SELECT shared_turns('SELECT count(*), min(id) FROM @', lines => true);
SELECT shared_pairs('SELECT count(*), min(id) FROM @');
SELECT shared_pairs('SELECT id, authz.is_owner(owner), authz.in_org(org), authz.subject() FROM @ WHERE n < 3');
SELECT shared_pairs('SELECT id FROM shared_free f WHERE NOT authz.is_owner(owner) AND EXISTS (SELECT FROM @ d WHERE d.org = f.org AND authz.in_org(d.org))');
SELECT shared_pairs('SELECT f.id, authz.is_owner(d.owner), coalesce(authz.in_org(d.org), true) FROM shared_free f LEFT JOIN @ d ON d.id = f.id AND d.n > 7');
SELECT shared_pairs('SELECT count(*), authz.org_ids(), authz.email(), authz.is_authenticated() FROM @ WHERE org = ANY (authz.org_ids()) OR owner = authz.user_id() OR authz.has_scope(''reader'')');
SELECT shared_pairs('SELECT CASE WHEN authz.has_any_scope(''admin'', ''k1'') THEN authz.is_owner(owner) ELSE authz.in_org(org) END AS c, count(*) FROM @ GROUP BY 1 ORDER BY 1');
-- the same check asked of different things: each has a value of its own
SELECT shared_pairs('SELECT count(*), authz.claim_text(''sub'') AS a, authz.claim_text(''email'') AS b FROM @ WHERE authz.is_owner(owner, ''sub'') AND NOT authz.is_owner(owner, ''email'')');

-- Every kind of statement, by people in turn.
-- row 95: what writes, with what it returns and what stands there then
\set peek 'SELECT count(*) || '' '' || sum(n) || '' '' || md5(string_agg(concat_ws('','', id, owner, org, n), '' '' ORDER BY id)) FROM @'
SELECT shared_turns('INSERT INTO @ VALUES (1000, ''ann'', ''o1'') RETURNING id', :'peek');
SELECT shared_turns('INSERT INTO @ SELECT id + 1000, owner, org FROM @ WHERE n < 5', :'peek');
SELECT shared_turns('INSERT INTO @ VALUES (1, ''bob'', ''o5'') ON CONFLICT (id) DO UPDATE SET n = 77 RETURNING id', :'peek');
SELECT shared_turns('UPDATE @ SET n = n + 1 RETURNING id, authz.is_owner(owner)', :'peek');
SELECT shared_turns('UPDATE @ SET owner = ''bob'', org = ''o2'' WHERE id < 9 RETURNING id', :'peek');
SELECT shared_turns('DELETE FROM @ WHERE NOT authz.in_org(org) RETURNING id', :'peek');
SELECT shared_turns('MERGE INTO @ t USING shared_free f ON t.id = f.id WHEN MATCHED AND authz.is_owner(t.owner) THEN DELETE WHEN MATCHED THEN UPDATE SET n = 50', :'peek');
SELECT shared_turns('WITH d AS (DELETE FROM @ WHERE n < 5 RETURNING *) SELECT count(*) FROM d', :'peek');
SELECT shared_turns('SELECT id FROM @ WHERE n = 1 FOR UPDATE');
-- functions of both languages, loops, cursors, blocks that are undone
CREATE FUNCTION shared_static(source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r record;
	c CURSOR FOR SELECT d.id FROM shared_doc d ORDER BY d.id;
	n bigint := (SELECT count(*) FROM shared_doc);
	a bigint := 0;
BEGIN
	IF source = 'shared_truth' THEN
		SELECT count(*), coalesce(sum(t.id), 0) INTO n, a FROM shared_truth t;
		RETURN concat_ws(' ', n, a, a, n, n);
	END IF;
	FOR r IN SELECT d.id FROM shared_doc d LOOP a := a + r.id; END LOOP;
	DECLARE
		b bigint := 0;
		undone bigint;
	BEGIN
		FOR r IN c LOOP b := b + r.id; END LOOP;
		FOR i IN 1..2 LOOP
			BEGIN
				IF i = 1 THEN PERFORM authz.set_token(mint.token_of('boss'), true); END IF;
				undone := (SELECT count(*) FROM shared_doc);
				IF i = 1 THEN RAISE division_by_zero; END IF;
			EXCEPTION WHEN division_by_zero THEN NULL;
			END;
		END LOOP;
		CREATE TEMP TABLE shared_made AS SELECT d.id FROM shared_doc d;
		RETURN concat_ws(' ', n, a, b, undone, (SELECT count(*) FROM shared_made));
	END;
END $$;
CREATE FUNCTION shared_static_undone(source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	answer := shared_static(source);
	DROP TABLE IF EXISTS shared_made;
	RETURN answer;
END $$;
SET client_min_messages = warning;
SELECT shared_turns('SELECT shared_static_undone(''@'')');
RESET client_min_messages;
CREATE FUNCTION shared_sql() RETURNS bigint LANGUAGE sql STABLE SET work_mem = '4MB' AS 'SELECT count(*) FROM shared_doc';
CREATE FUNCTION shared_sql_truth() RETURNS bigint LANGUAGE sql STABLE SET work_mem = '4MB' AS 'SELECT count(*) FROM shared_truth';
CREATE FUNCTION shared_called(who text) RETURNS text LANGUAGE sql AS $$ SELECT shared_one(who, 'SELECT * FROM shared_sql()', 'SELECT * FROM shared_sql_truth()') $$;
SELECT string_agg(shared_called(who), ' ') FROM unnest(shared_people()) who;
-- a parameter that is asked about, and one that is a value
PREPARE shared_p(text, text) AS SELECT count(*) FROM shared_free WHERE authz.has_scope($1) AND authz.is_owner(owner) OR owner = $2;
CREATE FUNCTION shared_parameters(who text, VARIADIC p text[]) RETURNS text LANGUAGE sql AS $$
	SELECT shared_one(who, format('EXECUTE shared_p(%L, %L)', p[1], p[2]), format('SELECT count(*) FROM shared_free WHERE authz.has_scope(concat(%L, substr(owner, 100))) AND authz.is_owner(concat(owner)) OR owner = %L', p[1], p[2])) $$;
SELECT string_agg(shared_parameters(who, p, q), ' ') FROM unnest(shared_people()) who, unnest('{admin,reader}'::text[]) p, unnest('{bob,x}'::text[]) q;
DEALLOCATE shared_p;
-- a cursor goes on for the one who opened it; EXPLAIN ANALYZE and CREATE TABLE AS execute it too
PREPARE shared_p AS SELECT id FROM shared_doc ORDER BY id;
GRANT CREATE ON SCHEMA public TO shared_app;
CREATE FUNCTION shared_as(who text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	CALL mint.become(who);
	SET LOCAL ROLE shared_app;
	EXECUTE 'EXPLAIN (ANALYZE) EXECUTE shared_p';
	EXECUTE 'CREATE TABLE shared_made AS EXECUTE shared_p';
	EXECUTE 'CREATE TABLE shared_rows AS SELECT (SELECT count(*) FROM shared_made) AS made, (SELECT count(*) FROM shared_truth) AS truth';
	RETURN (SELECT CASE WHEN made = truth THEN made::text ELSE format('KEPT %s TRUTH %s', made, truth) END FROM shared_rows);
END $$;
CREATE FUNCTION shared_as_undone(who text, OUT answer text) LANGUAGE plpgsql AS $$
BEGIN
	answer := shared_as(who);
	RESET ROLE;
	DROP TABLE shared_made, shared_rows;
END $$;
SELECT string_agg(shared_as_undone(who), ' ') FROM unnest(shared_people()) who;
CALL mint.become('ann');
SET ROLE shared_app;
BEGIN;
DECLARE shared_c CURSOR FOR SELECT id FROM shared_doc ORDER BY id;
FETCH 2 FROM shared_c;
SELECT authz.set_token(mint.token_of('boss')) \g /dev/null
FETCH 2 FROM shared_c;
ROLLBACK;
RESET ROLE;
DEALLOCATE shared_p;
-- parts of a table, the one that is asked for alone, and all of them in parallel
CREATE TABLE shared_part (LIKE shared_doc) PARTITION BY LIST (owner);
CREATE TABLE shared_part_a PARTITION OF shared_part FOR VALUES IN ('ann');
CREATE TABLE shared_part_b PARTITION OF shared_part FOR VALUES IN ('bob', 'carl');
CREATE TABLE shared_part_d PARTITION OF shared_part DEFAULT;
INSERT INTO shared_part TABLE shared_doc;
GRANT SELECT ON shared_part TO shared_app;
CREATE FUNCTION shared_parts() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT shared_one(who, 'EXECUTE shared_q', 'SELECT count(*), sum(id) FROM shared_free WHERE authz.is_owner(owner || '''') OR authz.has_scope(CASE WHEN id > 0 THEN ''k1'' END) AND authz.in_org(org || '''')') FROM unnest(shared_people()) who $$;
PREPARE shared_q AS SELECT count(*), sum(id) FROM shared_part WHERE authz.is_owner(owner) OR authz.has_scope('k1') AND authz.in_org(org);
SELECT string_agg(p, ' ') FROM shared_parts() p;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET enable_indexscan = off; SET enable_bitmapscan = off;
SELECT string_agg(p, ' ') FROM shared_parts() p;
ALTER TABLE shared_part DETACH PARTITION shared_part_b;
INSERT INTO shared_part SELECT * FROM shared_part_b;
SELECT string_agg(p, ' ') FROM shared_parts() p;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET enable_indexscan; RESET enable_bitmapscan;
DEALLOCATE shared_q;

-- How often a statement is planned: what is IMMUTABLE is called for it.  It does what it is told to, once.
CREATE SEQUENCE shared_planned;
GRANT USAGE, SELECT, UPDATE ON shared_planned TO shared_app;
CREATE FUNCTION shared_do(what text) RETURNS void VOLATILE SECURITY DEFINER LANGUAGE plpgsql AS $$
BEGIN
	CASE split_part(what, ' ', 1)
		WHEN 'login' THEN CALL mint.become(split_part(what, ' ', 2));
		WHEN 'raise' THEN RAISE division_by_zero;
		WHEN '' THEN NULL;
		ELSE EXECUTE what;
	END CASE;
END $$;
CREATE FUNCTION shared_planning() RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$
DECLARE
	what text := coalesce(current_setting('shared.do', true), '');
BEGIN
	PERFORM set_config('shared.do', '', false), nextval('shared_planned');
	PERFORM shared_do(what);
	RETURN true;
END $$;
CREATE FUNCTION shared_plannings(mode text, VARIADIC people text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before bigint := nextval('shared_planned');
	who text;
	wrong text := '';
BEGIN
	PERFORM set_config('plan_cache_mode', mode, true);
	PREPARE shared_q AS SELECT count(*), sum(id) FROM shared_doc WHERE shared_planning();
	FOREACH who IN ARRAY people LOOP
		wrong := concat(wrong, substring(shared_one(who, 'EXECUTE shared_q', 'SELECT count(*), sum(id) FROM shared_truth') FROM '^KEPT.*'));
	END LOOP;
	DEALLOCATE shared_q;
	RETURN format('planned %s times%s', nextval('shared_planned') - before - 1, wrong);
END $$;
VACUUM (FULL, ANALYZE) shared_doc, shared_truth;
-- One plan for all users, another one for an administrator, none for who comes again.
SELECT shared_plannings('force_generic_plan', VARIADIC array_fill('ann'::text, '{9}'));
SELECT shared_plannings('force_generic_plan', 'ann', 'bob', 'carl', 'orgs1', 'ann', 'bob', 'carl', 'orgs1');
SELECT shared_plannings('force_generic_plan', 'ann', 'boss', 'bob', 'boss', 'ann', 'boss', 'bob', 'boss');

-- The additions of an attack on a prototype.
-- 1, 2: a function that runs while a plan is made for another kind of people logs in, ends what is kept, executes the same, or raises: then the answer of who is in force, or an error; and the next one is right
CREATE FUNCTION shared_while(what text, maker text, who text, again text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	first text;
	next text;
BEGIN
	PERFORM set_config('shared.do', '', false);
	PREPARE shared_q AS SELECT count(*), sum(id) FROM shared_doc WHERE shared_planning();
	first := shared_one(maker, 'EXECUTE shared_q', 'SELECT count(*), sum(id) FROM shared_truth');
	PERFORM set_config('shared.do', what, false);
	first := regexp_replace(shared_one(who, 'EXECUTE shared_q', 'SELECT count(*), sum(id) FROM shared_truth'), '^KEPT (\S+) TRUTH .*', '\1');
	PERFORM set_config('shared.do', '', false);
	IF NOT EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'shared_q') THEN
		PREPARE shared_q AS SELECT count(*), sum(id) FROM shared_doc WHERE shared_planning();
	END IF;
	next := shared_one(coalesce(again, who), 'EXECUTE shared_q', 'SELECT count(*), sum(id) FROM shared_truth');
	DEALLOCATE shared_q;
	RETURN format('%s, then %s', first, next);
END $$;
SET plan_cache_mode = force_generic_plan;
SELECT shared_while('login bob', 'ann', 'boss');
SELECT shared_while('login nobody', 'ann', 'boss');
SELECT shared_while('login boss', 'ann', 'orgs12');
SELECT shared_while('login ann', 'ann', 'boss', 'nobody');
SELECT shared_while('login boss', 'ann', 'ann', 'bob');
SELECT shared_while('DISCARD PLANS', 'ann', 'boss');
SELECT shared_while('DEALLOCATE shared_q', 'ann', 'boss');
SELECT shared_while('DEALLOCATE ALL', 'ann', 'boss');
SELECT shared_while('EXECUTE shared_q', 'ann', 'boss');
SELECT shared_while('raise', 'ann', 'boss');
SELECT shared_while('SET dbmi_authz.plan_folding = off', 'ann', 'boss');
SET dbmi_authz.plan_folding = on;
-- 7: or has another statement planned
CREATE FUNCTION shared_other() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PREPARE shared_r AS SELECT count(*) FROM shared_doc WHERE authz.is_owner(owner) AND shared_planning();
	EXECUTE 'EXECUTE shared_r';
	DEALLOCATE shared_r;
END $$;
SELECT shared_while('SELECT shared_other()', 'ann', 'boss');
SELECT shared_while('SELECT shared_other()', 'boss', 'orgs3', 'ann');
-- 8: or changes the check that is being described, or a table
SELECT shared_while('ALTER FUNCTION authz.has_scope(text) COST 3', 'ann', 'boss');
ALTER FUNCTION authz.has_scope(text) COST 1;
SELECT shared_while('ALTER TABLE shared_free ALTER n SET DEFAULT 1', 'ann', 'boss');

-- 3: as many queries in one statement as a rule makes of it: each has a plan of its own, which stays
CREATE TABLE shared_log (rule text, id integer);
GRANT ALL ON shared_log TO shared_app;
CREATE FUNCTION shared_rules(source text, change text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	question text;
	n integer := 0;
BEGIN
	FOREACH question IN ARRAY ARRAY['authz.has_scope(''admin'')', 'authz.is_owner(NEW.owner)', 'authz.in_org(NEW.org)', 'authz.is_authenticated()', 'authz.subject() = NEW.owner',
		'NOT authz.is_owner(NEW.owner)', 'authz.has_scope(''reader'')', 'authz.is_admin()', 'authz.user_id() IS NULL'] LOOP
		n := n + 1;
		EXECUTE format('CREATE RULE r%s AS ON INSERT TO %s DO ALSO INSERT INTO shared_log SELECT ''r%s'', NEW.id WHERE %s', n, source, n, regexp_replace(question, 'NEW\.\w+', change));
	END LOOP;
END $$;
SELECT shared_rules('shared_doc', '\&'), shared_rules('shared_truth', '(\& || '''')');
SELECT shared_turns('INSERT INTO @ SELECT i, ''ann'', ''o1'' FROM generate_series(2000, 2002) i',
	'SELECT (SELECT string_agg(rule || count, '' '' ORDER BY rule) FROM (SELECT rule, count(*) FROM shared_log GROUP BY 1) l) FROM @ LIMIT 1', true);
DO $$ BEGIN FOR i IN 1..9 LOOP EXECUTE format('DROP RULE r%s ON shared_doc', i); EXECUTE format('DROP RULE r%s ON shared_truth', i); END LOOP; END $$;
-- 3: what has become stale takes no memory
PREPARE shared_q AS SELECT count(*) FROM shared_doc WHERE n < 100;
CREATE FUNCTION shared_memory(rounds integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	who text;
BEGIN
	FOR i IN 1..rounds LOOP
		ALTER POLICY p ON shared_doc USING (authz.has_scope('admin') OR authz.is_owner(owner) OR authz.in_org(org));
		FOREACH who IN ARRAY '{ann,boss,orgs3,nobody}'::text[] LOOP
			PERFORM shared_one(who, 'EXECUTE shared_q', 'SELECT 1');
		END LOOP;
	END LOOP;
	RETURN (SELECT sum(total_bytes) FROM pg_backend_memory_contexts);
END $$;
SELECT shared_memory(10) AS before \gset
SELECT CASE WHEN after < :before + 300000 THEN 'no more' ELSE 'more: ' || after - :before END FROM shared_memory(50) after;
DEALLOCATE shared_q;

-- 4: folding that is switched off and on counts at once, also for what is kept
PREPARE shared_q AS SELECT count(*), sum(id) FROM shared_doc;
SELECT shared_one(who, 'EXECUTE shared_q', 'SELECT count(*), sum(id) FROM shared_truth') FROM unnest('{ann,boss}'::text[]) who;
SET dbmi_authz.plan_folding = off;
CALL mint.become('ann');
SET ROLE shared_app;
SELECT count(*) > 0 AS asks_per_row FROM mint.plan('EXECUTE shared_q') p WHERE p ~ 'is_owner';
RESET ROLE;
SELECT shared_one(who, 'EXECUTE shared_q', 'SELECT count(*), sum(id) FROM shared_truth') FROM unnest('{ann,boss}'::text[]) who;
SET dbmi_authz.plan_folding = on;
CALL mint.become('ann');
SET ROLE shared_app;
SELECT count(*) > 0 AS asks_per_row FROM mint.plan('EXECUTE shared_q') p WHERE p ~ 'is_owner';
RESET ROLE;
SELECT shared_one(who, 'EXECUTE shared_q', 'SELECT count(*), sum(id) FROM shared_truth') FROM unnest('{ann,boss}'::text[]) who;
DEALLOCATE shared_q;

-- 5: who has too many values for a plan of all has one of their own, which stays while they are there
SELECT shared_plannings('force_generic_plan', VARIADIC '{ann}'::text[] || array_fill('orgs12'::text, '{8}')) ~ '^planned [23] times$' AS "of 9";

-- 6: whoever comes when a statement has been planned often enough, users share a plan from then on
SELECT shared_plannings('auto', VARIADIC string_to_array(concat('ann,bob,ann,bob,ann,boss,', repeat('bob,ann,', 10), 'bob'), ',')) ~ '^planned \d times$' AS "of 27";
SELECT shared_plannings('auto', VARIADIC string_to_array(concat('ann,bob,ann,bob,ann,carl,', repeat('bob,ann,', 10), 'bob'), ',')) ~ '^planned \d times$' AS "of 27";
SELECT shared_plannings('auto', VARIADIC array_fill('ann'::text, '{20}'));

-- a cursor that core takes for one that goes backward, by the plan that it has kept, does so with the plan of somebody else
CREATE FUNCTION shared_opens() RETURNS refcursor LANGUAGE plpgsql AS $$
DECLARE
	c refcursor := 'shared_c';
BEGIN
	OPEN c FOR SELECT id FROM shared_doc;
	RETURN c;
END $$;
SET enable_seqscan = off;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
CALL mint.become('boss');
SET ROLE shared_app;
BEGIN;
SELECT shared_opens();
FETCH 3 FROM shared_c;
FETCH BACKWARD 2 FROM shared_c;
COMMIT;
CALL mint.become('ann');
BEGIN;
SELECT shared_opens();
FETCH 3 FROM shared_c;
FETCH BACKWARD 2 FROM shared_c;
COMMIT;
RESET ROLE;
RESET enable_seqscan;
RESET enable_indexscan;
RESET enable_indexonlyscan;
DROP FUNCTION shared_opens;
-- 9: no check is STRICT: of a strict one, NULL would be the answer to NULL
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.prosupport = 'authz.identity_support(internal)'::regprocedure AND (p.proisstrict OR p.provolatile <> 's');
SELECT count(*) > 60 AS of_many FROM pg_proc p WHERE p.prosupport = 'authz.identity_support(internal)'::regprocedure;

-- 10: what is no query by itself, in PL/pgSQL: CREATE TABLE AS is above; COPY
DO $$ BEGIN EXECUTE format('CREATE FUNCTION shared_copy() RETURNS text LANGUAGE plpgsql AS $f$ BEGIN COPY (SELECT count(*), sum(id) FROM shared_free WHERE authz.is_owner(owner) OR authz.in_org(org)) TO %L; RETURN trim(pg_read_file(''shared_copy''), chr(10)); END $f$',
	current_setting('data_directory') || '/shared_copy'); END $$;
CREATE FUNCTION shared_copied(who text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	copied text;
BEGIN
	CALL mint.become(who);
	copied := shared_copy();
	RETURN (SELECT CASE concat_ws(E'\t', count(*), coalesce(sum(id)::text, '\N')) WHEN copied THEN replace(copied, E'\t', ',') ELSE 'KEPT ' || copied END
		FROM shared_free WHERE authz.is_owner(owner || '') OR authz.in_org(org || ''));
END $$;
SELECT string_agg(shared_copied(who), ' ') FROM unnest(shared_people()) who;

-- 11: a view that is replaced, dropped and made anew under what is kept
CREATE VIEW shared_view WITH (security_invoker) AS SELECT id FROM shared_doc;
GRANT SELECT ON shared_view TO shared_app;
PREPARE shared_q AS SELECT count(*), sum(id) FROM shared_view;
CREATE FUNCTION shared_viewed(condition text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(shared_one(who, 'EXECUTE shared_q', 'SELECT count(*), sum(id) FROM shared_truth WHERE ' || condition), ' ') FROM unnest(shared_people()) who $$;
SELECT shared_viewed('true');
CREATE OR REPLACE VIEW shared_view WITH (security_invoker) AS SELECT id FROM shared_doc WHERE n < 5;
SELECT shared_viewed('n < 5');
DROP VIEW shared_view;
CREATE VIEW shared_view WITH (security_invoker) AS SELECT id FROM shared_doc WHERE authz.is_owner(owner);
SELECT shared_one('ann', 'EXECUTE shared_q', 'SELECT 1');
GRANT SELECT ON shared_view TO shared_app;
SELECT shared_viewed('authz.is_owner(owner || '''')');
-- and a policy, an index and a right
ALTER POLICY p ON shared_doc USING (authz.in_org(org));
SELECT shared_viewed('authz.is_owner(owner || '''') AND authz.in_org(org || '''')');
ALTER POLICY p ON shared_doc USING (authz.has_scope('admin') OR authz.is_owner(owner) OR authz.in_org(org));
DROP INDEX shared_doc_owner_idx;
SELECT shared_viewed('authz.is_owner(owner || '''')');
REVOKE SELECT ON shared_doc FROM shared_app;
SELECT shared_one('ann', 'EXECUTE shared_q', 'SELECT 1'), shared_one('boss', 'EXECUTE shared_q', 'SELECT 1');
GRANT SELECT ON shared_doc TO shared_app;
SELECT shared_viewed('authz.is_owner(owner || '''')');
DEALLOCATE shared_q;

-- An identity that changes in a savepoint that is rolled back, and one for the transaction only.
CALL mint.become('ann');
PREPARE shared_q AS SELECT count(*) FROM shared_doc;
SET ROLE shared_app;
EXECUTE shared_q;
BEGIN;
SAVEPOINT s;
SELECT authz.set_token(mint.token_of('boss')) \g /dev/null
EXECUTE shared_q;
ROLLBACK TO s;
EXECUTE shared_q;
SELECT authz.set_token(mint.token_of('orgs3'), true) \g /dev/null
EXECUTE shared_q;
COMMIT;
EXECUTE shared_q;
RESET ROLE;
-- somebody who is inactive from now on, and is not
INSERT INTO authz.inactive_subject SELECT authz.issuer(), authz.subject();
SET ROLE shared_app;
EXECUTE shared_q;
RESET ROLE;
DELETE FROM authz.inactive_subject;
SET ROLE shared_app;
EXECUTE shared_q;
RESET ROLE;
DEALLOCATE shared_q;
\set ECHO none
RESET plan_cache_mode;
SET client_min_messages = warning;
DROP VIEW shared_view;
DROP TABLE shared_doc, shared_truth, shared_free, shared_log, shared_part, shared_part_b;
DROP FUNCTION shared_one, shared_people, shared_turns, shared_pairs, shared_static, shared_static_undone, shared_sql, shared_sql_truth, shared_called, shared_parameters, shared_as,
	shared_as_undone, shared_parts, shared_do, shared_planning, shared_plannings, shared_while, shared_other, shared_rules, shared_memory, shared_copy, shared_copied, shared_viewed;
DROP SEQUENCE shared_planned;
REVOKE CREATE ON SCHEMA public FROM shared_app;
DROP ROLE shared_app;
CALL mint.go_home();
