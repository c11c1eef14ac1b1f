-- Attacks on plans that outlive an identity, by users who may run SQL and no more.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
SET client_min_messages = warning;
INSERT INTO mint.kept SELECT 'in ' || n, mint.person('tPM', jsonb_build_object('user_id', 'in ' || n, 'org_id_to_org_member_info',
	(SELECT coalesce(jsonb_object_agg(id, mint.org('O1') || jsonb_build_object('org_id', id)), '{}')
	   FROM (SELECT '1189c444-8a2d-4c41-8b4b-ae43ce79a4' || (91 + i) FROM generate_series(1, n) i) o (id))))
	FROM unnest(ARRAY[0, 1, 2, 8, 9, 12]) n;
CREATE ROLE share_app NOINHERIT;
CREATE ROLE share_other;
GRANT share_other TO share_app;
GRANT ALL ON SCHEMA public TO share_app, share_other;
CREATE TABLE share_doc (id int PRIMARY KEY, owner text, org text, n int, body jsonb);
INSERT INTO share_doc SELECT i, (ARRAY['ann', 'bob', 'carl', 'kim', 'lea', 'root', '42', NULL])[1 + i % 8],
	CASE i % 4 WHEN 0 THEN '1189c444-8a2d-4c41-8b4b-ae43ce79a492' WHEN 1 THEN '1189c444-8a2d-4c41-8b4b-ae43ce79a493' WHEN 2 THEN '1189c444-8a2d-4c41-8b4b-ae43ce79a4103' END,
	i % 10, jsonb_build_object('o', 'bob', 'n', i % 3) FROM generate_series(1, 80) i;
CREATE INDEX ON share_doc (owner);
ANALYZE share_doc;
CREATE TABLE share_row (LIKE share_doc INCLUDING ALL);
INSERT INTO share_row TABLE share_doc;
ALTER TABLE share_row ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON share_row USING (authz.is_owner_or_admin(owner) OR authz.in_org(org) OR authz.has_scope('reader') AND n < 3);
CREATE TABLE share_part (id int, owner text, org text, n int) PARTITION BY LIST (owner);
CREATE TABLE share_part_1 PARTITION OF share_part FOR VALUES IN ('ann', 'bob');
CREATE TABLE share_part_2 PARTITION OF share_part DEFAULT;
INSERT INTO share_part SELECT id, owner, org, n FROM share_doc;
CREATE VIEW share_view WITH (security_barrier) AS SELECT * FROM share_doc WHERE authz.is_owner(owner) OR authz.in_org(org) WITH CHECK OPTION;
GRANT ALL ON share_doc, share_row, share_part, share_part_1, share_part_2, share_view TO share_app, share_other;

-- What runs while something is planned: what share.act says, and nothing within that.
CREATE FUNCTION share_act() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	act text := current_setting('share.act', true);
BEGIN
	IF act <> '' THEN
		PERFORM set_config('share.act', '', false);
		EXECUTE act;
	END IF;
END $$;
CREATE FUNCTION share_imm(what text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	PERFORM share_act();
	RETURN what;
END $$;
CREATE FUNCTION share_be(who text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	CALL mint.become(who);
	RETURN coalesce(authz.user_id(), 'nobody');
END $$;

-- A statement in one session, its plan shared, for one person after the other: does it say what it
-- says without folding?  How many different answers there were, or what differs.
CREATE FUNCTION share_same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	who text;
	answers text[] := '{}';
	got text;
	due text;
BEGIN
	EXECUTE 'PREPARE share_same AS SELECT string_agg(q::text, '' '') FROM (' || query || ') q';
	FOREACH who IN ARRAY ARRAY['bob', 'boss', 'in 1', 'nobody', 'in 2', 'lea', 'in 12', 'dbmi admin', 'in 8', 'bob', 'in 9', 'max', 'in 0', 'num', 'boss', 'in 2', 'nobody'] LOOP
		CALL mint.become(who);
		EXECUTE 'EXECUTE share_same' INTO got;
		PERFORM set_config('dbmi_authz.plan_folding', 'off', true);
		EXECUTE 'SELECT string_agg(q::text, '' '') FROM (' || query || ') q' INTO due;
		PERFORM set_config('dbmi_authz.plan_folding', 'on', true);
		IF got IS DISTINCT FROM due THEN
			DEALLOCATE share_same;
			RETURN format('%s: %s, NOT %s', who, got, due);
		END IF;
		-- the switch has thrown plans away; share them again, and ask again
		EXECUTE 'EXECUTE share_same' INTO got;
		IF got IS DISTINCT FROM due THEN
			DEALLOCATE share_same;
			RETURN format('%s, again: %s, NOT %s', who, got, due);
		END IF;
		answers := answers || coalesce(got, 'NULL');
	END LOOP;
	DEALLOCATE share_same;
	RETURN (SELECT count(DISTINCT a) FROM unnest(answers) a);
END $$;
-- The same without the switch, which throws plans away: the answers of without folding come first.
CREATE FUNCTION share_kept(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	people text[] := ARRAY['bob', 'boss', 'in 1', 'nobody', 'in 2', 'lea', 'in 12', 'dbmi admin', 'in 8', 'bob', 'in 9', 'max', 'in 0', 'num', 'boss', 'in 2', 'nobody'];
	who text;
	due jsonb := '{}';
	got text;
	different int := 0;
BEGIN
	query := 'SELECT string_agg(q::text, '' '') FROM (' || query || ') q';
	PERFORM set_config('dbmi_authz.plan_folding', 'off', true);
	FOREACH who IN ARRAY people LOOP
		CALL mint.become(who);
		EXECUTE query INTO got;
		due := due || jsonb_build_object(who, got);
	END LOOP;
	PERFORM set_config('dbmi_authz.plan_folding', 'on', true);
	EXECUTE 'PREPARE share_kept AS ' || query;
	FOREACH who IN ARRAY people || people LOOP
		CALL mint.become(who);
		EXECUTE 'EXECUTE share_kept' INTO got;
		IF got IS DISTINCT FROM due ->> who THEN
			DEALLOCATE share_kept;
			RETURN format('%s: %s, NOT %s', who, got, due ->> who);
		END IF;
	END LOOP;
	DEALLOCATE share_kept;
	RETURN (SELECT count(DISTINCT value) FROM jsonb_each_text(due));
END $$;
SET SESSION AUTHORIZATION share_app;
SET plan_cache_mode = force_generic_plan;
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
\set ECHO all

-- whatever the place of a check, its plan says for each person what the call does: how many answers there are
SELECT n, share_same(query), share_kept(query) FROM (VALUES
	(1, 'SELECT id FROM share_row ORDER BY id'),
	(2, 'SELECT id, authz.is_owner(owner), NOT authz.is_owner_or_admin(owner), authz.in_org(org) IS NULL FROM share_doc ORDER BY id'),
	(3, 'SELECT a.id, b.owner, authz.is_owner(b.owner) FROM share_doc a LEFT JOIN share_doc b ON a.id = b.id + 30 WHERE NOT authz.is_owner(b.owner) ORDER BY 1'),
	(4, 'SELECT a.id, b.id FROM share_row a FULL JOIN share_doc b ON a.id = b.id + 1 AND authz.is_owner(b.owner) ORDER BY 1, 2'),
	(5, 'SELECT a.id FROM share_doc a LEFT JOIN (SELECT * FROM share_doc WHERE authz.is_owner(owner)) b USING (id) WHERE b.id IS NULL AND authz.is_owner_or_admin(a.owner) IS FALSE ORDER BY 1'),
	(6, 'SELECT CASE WHEN authz.is_owner(owner) THEN 1 WHEN NOT authz.in_org(org) THEN 2 ELSE 3 END, count(*) FROM share_doc GROUP BY 1 ORDER BY 1'),
	(7, 'SELECT id FROM share_doc WHERE coalesce(authz.is_owner(owner), true) AND NOT (authz.in_org(org) AND n > 3) ORDER BY id'),
	(8, 'SELECT id FROM share_doc WHERE CASE WHEN authz.has_scope(''reader'') THEN authz.has_scope(''admin'') ELSE authz.is_owner(owner) END ORDER BY id'),
	(9, 'SELECT id FROM share_doc d WHERE NOT EXISTS (SELECT FROM share_row r WHERE r.id = d.id) ORDER BY id'),
	(10, 'SELECT id FROM share_doc WHERE id NOT IN (SELECT id FROM share_view) ORDER BY id'),
	(11, 'SELECT id FROM share_doc WHERE (id, authz.is_owner(owner)) IN (SELECT id, authz.in_org(org) FROM share_part) ORDER BY id'),
	(12, 'SELECT id FROM share_doc d WHERE EXISTS (SELECT FROM share_part WHERE authz.is_owner(d.owner)) OR authz.has_scope(''admin'') ORDER BY id'),
	(13, 'SELECT id, (SELECT count(*) FROM share_row r WHERE r.n = d.n), EXISTS (SELECT FROM share_view v WHERE v.id = d.id) FROM share_doc d WHERE n < 3 ORDER BY id'),
	(14, 'SELECT max(id), min(id), bool_and(authz.is_owner(owner)), count(*) FILTER (WHERE authz.in_org(org)) FROM share_row'),
	(15, 'SELECT max(id), min(id) FROM share_doc WHERE authz.is_owner(owner)'),
	(16, 'SELECT owner, authz.user_id(), count(*) FROM share_row GROUP BY owner, authz.user_id() ORDER BY 1'),
	(17, 'SELECT grouping(owner, n), owner, n, count(*) FROM share_doc WHERE authz.in_org(org) GROUP BY ROLLUP (owner, n) ORDER BY 1, 2, 3'),
	(18, 'SELECT owner, count(*) FILTER (WHERE authz.is_owner(owner)) FROM share_doc GROUP BY GROUPING SETS ((owner), ()) ORDER BY 1'),
	(19, 'SELECT id, sum(n) OVER (PARTITION BY authz.in_org(org) ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM share_row ORDER BY id'),
	(20, 'SELECT DISTINCT ON (authz.is_owner(owner), n) id, n FROM share_doc ORDER BY authz.is_owner(owner), n, id'),
	(21, 'WITH c AS MATERIALIZED (SELECT * FROM share_row WHERE authz.has_scope(''reader'') OR n > 2) SELECT d.id, c.owner FROM share_part d LEFT JOIN c USING (id) ORDER BY 1'),
	(22, 'WITH RECURSIVE w AS (SELECT id FROM share_row WHERE id < 10 UNION ALL SELECT r.id FROM w JOIN share_row r ON r.id = w.id + 20) SELECT id FROM w ORDER BY id'),
	(23, '(SELECT id FROM share_row UNION SELECT id + 1000 FROM share_doc WHERE authz.is_owner(owner)) EXCEPT SELECT id FROM share_view ORDER BY 1'),
	(24, 'SELECT d.id, l.id FROM share_doc d, LATERAL (SELECT r.id FROM share_row r WHERE r.owner = d.owner AND r.id > d.id ORDER BY r.id LIMIT 1) l ORDER BY 1'),
	(25, 'SELECT id FROM share_doc, jsonb_to_record(body) AS b (o text) WHERE authz.is_owner(b.o) OR authz.in_org(org) ORDER BY id'),
	(26, 'SELECT id FROM share_doc WHERE owner = authz.subject() OR org = ANY (authz.org_ids()) ORDER BY id'),
	(27, 'SELECT authz.user_id(), cardinality(authz.org_ids()), authz.has_scope(''reader'')'),
	(28, 'SELECT t.o FROM (VALUES (authz.subject()), (''ann'')) t (o) JOIN share_doc d ON d.owner = t.o ORDER BY 1'),
	(29, 'SELECT id FROM share_doc ORDER BY authz.is_owner(owner) DESC, authz.in_org(org), id LIMIT 9'),
	(30, 'SELECT id FROM share_doc WHERE authz.is_owner(owner) = authz.has_scope(''reader'') ORDER BY id'),
	(31, 'SELECT id FROM share_doc WHERE authz.is_owner(owner) IS DISTINCT FROM authz.in_org(org) ORDER BY id'),
	(32, 'SELECT id FROM (SELECT id, n, authz.is_owner(owner) AS mine FROM share_doc OFFSET 0) q WHERE mine OR n = 3 ORDER BY id'),
	(33, 'SELECT id FROM share_part WHERE authz.is_owner(owner) OR authz.has_scope(''admin'') ORDER BY id'),
	(34, 'SELECT id FROM share_row TABLESAMPLE system (100) WHERE NOT authz.is_authenticated() OR n < 5 ORDER BY id'),
	(35, 'SELECT id FROM share_doc WHERE authz.is_owner(owner, ''email'') OR authz.is_owner(owner, NULL) OR authz.has_org_role(org, ''Admin'') AND n = 1 ORDER BY id')) v (n, query) ORDER BY n;

-- what is written is what is written without folding: how many different tables come of it
CREATE FUNCTION share_write(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	mode text;
	who text;
	outcome text;
	got text[] := '{}';
	due text[];
BEGIN
	FOREACH mode IN ARRAY ARRAY['off', 'on'] LOOP
		due := got;
		got := '{}';
		PERFORM set_config('dbmi_authz.plan_folding', mode, false);
		EXECUTE 'PREPARE share_write AS ' || statement;
		FOREACH who IN ARRAY ARRAY['bob', 'boss', 'in 2', 'nobody', 'in 9', 'carl', 'dbmi admin', 'bob'] LOOP
			PERFORM share_be(who);
			BEGIN
				EXECUTE 'EXECUTE share_write';
				SELECT md5(string_agg(d::text, '' ORDER BY d::text)) INTO outcome FROM (TABLE share_doc UNION ALL SELECT *, NULL FROM share_part) d;
				RAISE 'back' USING errcode = 'AA000';
			EXCEPTION
				WHEN SQLSTATE 'AA000' THEN NULL;
				WHEN OTHERS THEN outcome := SQLSTATE;
			END;
			got := got || coalesce(outcome, 'empty');
		END LOOP;
		DEALLOCATE share_write;
	END LOOP;
	IF got <> due THEN
		RETURN got::text || ', NOT ' || due::text;
	END IF;
	RETURN (SELECT count(DISTINCT g) || coalesce(' ' || min(g) FILTER (WHERE length(g) = 5), '') FROM unnest(got) g);
END $$;
SELECT n, share_write(statement) FROM (VALUES
	(1, 'UPDATE share_doc SET n = 0 WHERE authz.is_owner(owner)'),
	(2, 'DELETE FROM share_doc d USING share_row r WHERE r.id = d.id AND NOT authz.is_owner(d.owner)'),
	(3, 'UPDATE share_view SET owner = ''kim'', org = NULL WHERE n = 1 OR authz.has_scope(''reader'')'),
	(4, 'UPDATE share_row SET n = 0 WHERE n > 2'),
	(5, 'INSERT INTO share_doc SELECT id + 1000, authz.subject(), org, n FROM share_row'),
	(6, 'INSERT INTO share_row (id, owner) VALUES (1, ''bob''), (2000, ''bob'') ON CONFLICT (id) DO UPDATE SET n = 7 WHERE authz.is_owner(share_row.owner)'),
	(7, 'MERGE INTO share_doc USING (SELECT * FROM share_row WHERE n < 6) r ON share_doc.id = r.id AND authz.is_owner(share_doc.owner) WHEN MATCHED AND authz.has_scope(''admin'') THEN DELETE WHEN MATCHED THEN UPDATE SET n = 9 WHEN NOT MATCHED AND NOT authz.in_org(r.org) THEN INSERT (id, owner) VALUES (r.id + 3000, ''x'')'),
	(8, 'WITH d AS (DELETE FROM share_part WHERE authz.is_owner(owner) RETURNING *) INSERT INTO share_doc SELECT id + 4000, owner, org, n FROM d WHERE NOT authz.has_scope(''admin'')'),
	(9, 'UPDATE share_part SET owner = ''bob'' WHERE authz.is_owner(owner) OR authz.in_org(org)')) v (n, statement) ORDER BY n;

-- a function that runs while a plan, or another one of a shared statement, is made: the rows are those of who is in force when it starts
PREPARE p AS SELECT authz.user_id(), count(*) FROM share_doc WHERE (authz.is_owner(owner) OR authz.has_scope('reader') AND n < 2) AND share_imm('x') = 'x';
SELECT share_be('bob');
EXECUTE p;
-- logs in, out, as one of the same kind
SELECT share_be('boss'); SET share.act = $$SELECT share_be('carl')$$; EXECUTE p; EXECUTE p;
SELECT share_be('max'); SET share.act = $$SELECT share_be('nobody')$$; DISCARD PLANS; EXECUTE p; EXECUTE p;
SELECT share_be('carl'); SET share.act = $$SELECT share_be('boss')$$; EXECUTE p; EXECUTE p; SELECT share_be('lea'); EXECUTE p;
-- logs in and is rolled back
SET share.act = $act$DO $$ BEGIN PERFORM share_be('kim'); RAISE 'x'; EXCEPTION WHEN OTHERS THEN NULL; END $$ $act$; SELECT share_be('carl'); DISCARD PLANS; EXECUTE p; EXECUTE p;
SET share.act = $act$DO $$ BEGIN PERFORM share_be('kim'); RAISE 'x'; EXCEPTION WHEN OTHERS THEN NULL; END $$ $act$; SELECT share_be('boss'); EXECUTE p; EXECUTE p;
-- raises, once and more often than alternates are kept
SET share.act = $$SELECT 1 / 0$$; SELECT share_be('bob'); DISCARD PLANS; EXECUTE p; EXECUTE p;
CREATE FUNCTION share_raise(times int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	n int := 0;
BEGIN
	FOR i IN 1 .. times LOOP
		BEGIN
			PERFORM set_config('share.act', 'SELECT 1 / 0', true);
			EXECUTE 'EXECUTE p';
		EXCEPTION WHEN division_by_zero THEN
			n := n + 1;
		END;
	END LOOP;
	RETURN n;
END $$;
SELECT share_be('max'); SELECT share_raise(20); SET share.act = ''; EXECUTE p; SELECT share_be('bob'); EXECUTE p;
-- runs the same statement, drops it, drops all plans
SELECT share_be('boss'); DISCARD PLANS; SET share.act = 'EXECUTE p'; EXECUTE p; SELECT share_be('bob'); SET share.act = 'EXECUTE p'; EXECUTE p; EXECUTE p;
SELECT share_be('boss'); SET share.act = 'DISCARD PLANS'; EXECUTE p; EXECUTE p;
CREATE FUNCTION share_count() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT count(*) FROM share_doc WHERE (authz.is_owner(owner) OR authz.has_scope('reader') AND n < 2) AND share_imm('x') = 'x');
END $$;
SELECT share_be('boss'); SELECT share_count(); SELECT share_be('bob'); SET share.act = 'SELECT share_count()'; SELECT share_count(); SELECT share_count();
SELECT share_be('boss'); SET share.act = 'CREATE OR REPLACE FUNCTION share_count() RETURNS int LANGUAGE sql AS ''SELECT 0'''; DISCARD PLANS; SELECT share_count(); SELECT share_count();
-- changes the table
CREATE TABLE share_own AS TABLE share_doc;
PREPARE o AS SELECT count(*) FROM share_own WHERE (authz.is_owner(owner) OR authz.has_scope('reader') AND n < 2) AND share_imm('x') = 'x';
SELECT share_be('bob'); EXECUTE o; SELECT share_be('boss'); SET share.act = 'CREATE INDEX ON share_own (n)'; EXECUTE o; EXECUTE o;
SELECT share_be('lea'); SET share.act = 'ALTER TABLE share_own DROP COLUMN body'; EXECUTE o; EXECUTE o;
SELECT share_be('max'); DISCARD PLANS; SET share.act = 'SET dbmi_authz.plan_folding = off'; EXECUTE o; SET dbmi_authz.plan_folding = on; EXECUTE o;
DEALLOCATE o;
DROP TABLE share_own;

-- cursors over plans that are thrown away, and over another plan of the same statement that was made meanwhile
CREATE FUNCTION share_open(c refcursor) RETURNS refcursor LANGUAGE plpgsql AS $$
BEGIN
	OPEN c FOR SELECT id, authz.user_id() FROM share_doc WHERE (authz.is_owner(owner) OR authz.has_scope('reader') AND n < 5) AND share_imm('x') = 'x' ORDER BY id;
	RETURN c;
END $$;
SELECT share_be('bob');
BEGIN; SELECT share_open('a'); FETCH 1 FROM a; COMMIT;
SELECT share_be('boss');
SET share.act = $$SELECT share_open('inner')$$;
BEGIN; SELECT share_open('outer'); FETCH 2 FROM "outer"; FETCH 2 FROM "inner"; DISCARD PLANS; FETCH 1 FROM "outer"; SELECT share_open('b'); FETCH 1 FROM b; CREATE OR REPLACE FUNCTION share_open(c refcursor) RETURNS refcursor LANGUAGE sql AS 'SELECT c'; FETCH 1 FROM "inner"; FETCH BACKWARD 2 FROM "inner"; SELECT share_be('bob'); FETCH 1 FROM "outer"; COMMIT;
-- a loop whose cursor is kept when a transaction within it ends; a cursor that is fetched backwards over an alternate that cannot
CREATE PROCEDURE share_loop(who text, INOUT ids text DEFAULT '') LANGUAGE plpgsql AS $$
DECLARE
	r record;
BEGIN
	FOR r IN SELECT id FROM share_doc WHERE authz.is_owner(owner) OR authz.has_scope('reader') AND n = 1 ORDER BY id LIMIT 4 LOOP
		ids := concat_ws(' ', ids, r.id);
		COMMIT;
		PERFORM share_be(who);
	END LOOP;
END $$;
SELECT share_be('bob'); CALL share_loop('boss'); CALL share_loop('nobody'); CALL share_loop('bob');
CREATE FUNCTION share_scroll() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	c SCROLL CURSOR FOR SELECT id FROM share_doc WHERE authz.has_scope('reader') AND n = 1;
	a int;
	b int;
BEGIN
	OPEN c;
	FETCH LAST FROM c INTO a;
	FETCH FIRST FROM c INTO b;
	CLOSE c;
	RETURN concat_ws(' ', a > b, 'rows');
END $$;
SELECT share_be('boss'); SELECT share_scroll(); SELECT share_be('bob'); SELECT share_scroll(); SELECT share_be('max'); SELECT share_scroll();

-- Z5: a statement that is planned for one execution does not show a token that is bound to a parameter
SELECT token FROM mint.kept WHERE who = 'ann' \gset
PREPARE t (text) AS SELECT $1 || id, $2 FROM share_doc WHERE authz.has_scope('reader') AND share_imm('x') = 'x' AND owner <> $1;
SELECT share_be('bob'); EXPLAIN (VERBOSE, COSTS OFF) EXECUTE t (:'token', 'x');
SELECT share_be('boss'); SET share.act = $$SELECT share_be('carl')$$; EXPLAIN (VERBOSE, COSTS OFF) EXECUTE t (:'token', 'x');
SELECT share_be('max'); EXPLAIN (VERBOSE, COSTS OFF) EXECUTE t (:'token', 'x');

-- Z2: what a role may not execute is an error for each person and in each plan, until it may
PREPARE z1 AS SELECT count(*) FROM share_doc WHERE authz.is_owner(owner) OR authz.has_scope('reader') AND n < 2;
PREPARE z2 AS SELECT count(*) FROM share_doc WHERE authz.is_owner(owner) AND false;
SELECT share_be('bob'); EXECUTE z1; EXECUTE z2; SELECT share_be('boss'); EXECUTE z1;
\set ECHO none
RESET SESSION AUTHORIZATION;
REVOKE EXECUTE ON FUNCTION authz.has_scope(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION authz.has_scope(text) TO share_other;
SET SESSION AUTHORIZATION share_app;
\set ECHO all
EXECUTE z1; EXECUTE z2; SELECT share_be('bob'); EXECUTE z1; SELECT share_be('max'); EXECUTE z1; SELECT share_be('nobody'); EXECUTE z1;
SET ROLE share_other;
EXECUTE z1; SELECT share_be('boss'); EXECUTE z1;
RESET ROLE;
EXECUTE z1; SELECT share_be('bob'); EXECUTE z1;
\set ECHO none
RESET SESSION AUTHORIZATION;
GRANT EXECUTE ON FUNCTION authz.has_scope(text) TO PUBLIC;
REVOKE EXECUTE ON FUNCTION authz.has_scope(text) FROM share_other;
SET SESSION AUTHORIZATION share_app;
\set ECHO all
EXECUTE z1; SELECT share_be('boss'); EXECUTE z1;

-- a policy and a view that change between two executions, and a path that leads elsewhere, while alternates are there
PREPARE r AS SELECT count(*) FROM share_row;
PREPARE v AS SELECT count(*) FROM share_view;
SELECT share_be('bob'); EXECUTE r; EXECUTE v; SELECT share_be('boss'); EXECUTE r; EXECUTE v; SELECT share_be('in 9'); EXECUTE r; EXECUTE v;
\set ECHO none
RESET SESSION AUTHORIZATION;
ALTER POLICY p ON share_row USING (authz.is_owner(owner));
CREATE OR REPLACE VIEW share_view AS SELECT * FROM share_doc WHERE authz.has_scope('reader');
CREATE SCHEMA share_a;
CREATE SCHEMA share_b;
CREATE FUNCTION share_a.mine(owner text) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT authz.is_owner(owner)';
CREATE FUNCTION share_b.mine(owner text) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT NOT authz.is_owner(owner)';
GRANT USAGE ON SCHEMA share_a, share_b TO share_app;
SET SESSION AUTHORIZATION share_app;
\set ECHO all
EXECUTE r; EXECUTE v; SELECT share_be('boss'); EXECUTE r; EXECUTE v; SELECT share_be('bob'); EXECUTE r; EXECUTE v;
SET search_path = share_a, public;
PREPARE w AS SELECT count(*) FROM share_doc WHERE mine(owner) OR authz.has_scope('reader');
EXECUTE w; SELECT share_be('boss'); EXECUTE w; SELECT share_be('carl'); EXECUTE w;
SET search_path = share_b, public;
EXECUTE w; SELECT share_be('boss'); EXECUTE w; SELECT share_be('bob'); EXECUTE w;
SET search_path = share_a, public;
EXECUTE w;

RESET search_path;
-- many cursors, over more alternates than are kept; then the statements go, and the rest of the rows comes
CREATE FUNCTION share_flood(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	c refcursor;
	r record;
	result text := '';
	rows int := 0;
BEGIN
	FOR i IN 1 .. n LOOP
		EXECUTE format('CREATE FUNCTION pg_temp.flood_%s(c refcursor) RETURNS refcursor LANGUAGE plpgsql AS $f$ BEGIN OPEN c FOR SELECT id FROM share_doc WHERE n <> %s + 100 AND (authz.is_owner(owner) OR authz.has_scope(''reader'') AND n < 2) ORDER BY id; RETURN c; END $f$', i, i);
	END LOOP;
	PERFORM share_be('bob');
	FOR i IN 1 .. n LOOP
		EXECUTE format('SELECT pg_temp.flood_%s(%L)', i, 'first ' || i);
	END LOOP;
	PERFORM share_be('boss');
	FOR i IN 1 .. n LOOP
		EXECUTE format('SELECT pg_temp.flood_%s(%L)', i, 'flood ' || i) INTO c;
		FETCH c INTO r;
	END LOOP;
	DISCARD PLANS;
	FOR i IN 1 .. n BY 2 LOOP
		EXECUTE format('DROP FUNCTION pg_temp.flood_%s', i);
	END LOOP;
	FOR i IN 1 .. n LOOP
		c := 'flood ' || i;
		LOOP
			FETCH c INTO r;
			EXIT WHEN NOT FOUND;
			rows := rows + 1;
		END LOOP;
		CLOSE c;
	END LOOP;
	RETURN rows / n || ' ' || rows % n;
END $$;
SELECT share_flood(300);
SELECT count(*) - 1 AS due FROM share_doc WHERE owner = 'root' OR n < 2;

\set ECHO none
RESET SESSION AUTHORIZATION;
RESET search_path;
SET client_min_messages = warning;
DROP VIEW share_view;
DROP TABLE share_doc, share_row, share_part;
DROP SCHEMA share_a, share_b CASCADE;
DROP OWNED BY share_app, share_other;
DROP FUNCTION share_be, share_same, share_kept, share_imm, share_act;
DROP ROLE share_app, share_other;
CALL mint.go_home();
