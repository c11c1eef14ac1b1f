-- Every kind of statement, with folding on, beside a table whose policy never
-- folds (S9, S11, S13, S14, S15 and S24 of test/attacks.md).
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
\set ECHO all
\set VERBOSITY terse
CREATE ROLE fold_app;
CREATE TABLE fold_doc (id integer PRIMARY KEY, owner text DEFAULT authz.user_id(), body text, n integer DEFAULT 0);
CREATE TABLE fold_oracle (LIKE fold_doc INCLUDING ALL);
ALTER TABLE fold_doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE fold_oracle ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON fold_doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
CREATE POLICY p ON fold_oracle USING (authz.has_scope(CASE WHEN id IS NOT NULL THEN 'admin' END) OR authz.is_owner(owner || ''));
GRANT ALL ON fold_doc, fold_oracle TO fold_app;
GRANT CREATE ON SCHEMA public TO fold_app;

-- One statement as somebody on both tables, rows from anew each time: what it
-- returned, or its error, and the rows that stand there then.
CREATE FUNCTION fold_rows(source regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('DELETE FROM %s', source);
	EXECUTE format($q$INSERT INTO %s SELECT i, CASE WHEN i <= 2 THEN 'ann' WHEN i = 3 THEN 'bob' WHEN i = 4 THEN NULL ELSE 'carl' END, 'b' || i, 0
		FROM generate_series(1, 5) i$q$, source);
END $$;
CREATE FUNCTION fold_one(who text, source text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	returned text;
	found text[] := '{}';
	r record;
BEGIN
	PERFORM fold_rows(source::regclass);
	CALL mint.become(who);
	SET LOCAL ROLE fold_app;
	BEGIN
		IF statement ~ '^(SELECT|WITH)|RETURNING' THEN
			FOR r IN EXECUTE mint.prepared(replace(statement, '@', source)) LOOP found := found || r::text; END LOOP;
		ELSE
			EXECUTE mint.prepared(replace(statement, '@', source));
		END IF;
		returned := (SELECT string_agg(f, '' ORDER BY f) FROM unnest(found) f);
	EXCEPTION WHEN OTHERS THEN
		returned := SQLSTATE;
	END;
	RESET ROLE;
	EXECUTE format('SELECT concat(%L, '' -> '', string_agg(concat_ws('','', id, owner, body, nullif(n, 0)), '' '' ORDER BY id)) FROM %s', coalesce(returned, ''), source) INTO returned;
	RETURN returned;
END $$;
CREATE FUNCTION fold_compare(statement text, VARIADIC people text[] DEFAULT '{boss,ann,bob,nobody}') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	who text;
	folded text;
	unfolded text;
BEGIN
	FOREACH who IN ARRAY people LOOP
		folded := fold_one(who, 'fold_doc', statement);
		unfolded := fold_one(who, 'fold_oracle', statement);
		RETURN NEXT who || ': ' || CASE WHEN folded = unfolded THEN folded ELSE 'FOLDED ' || folded || ' UNFOLDED ' || unfolded END;
	END LOOP;
END $$;
CALL mint.become('ann');
SET ROLE fold_app;
SELECT p FROM mint.plan('UPDATE fold_doc SET n = 1') p WHERE p ~ 'Filter';
SELECT count(*) FROM mint.plan('UPDATE fold_oracle SET n = 1') p WHERE p ~ 'authz';
RESET ROLE;

-- C5.1: every statement that writes
-- S11: INSERT, and its default
SELECT fold_compare('INSERT INTO @ VALUES (10, ''ann'', ''new'') RETURNING id, owner');
SELECT fold_compare('INSERT INTO @ (id, body) VALUES (11, ''mine'') RETURNING id, owner');
SELECT fold_compare('INSERT INTO @ (id, owner) SELECT id + 100, owner FROM @ RETURNING id');
-- UPDATE and DELETE
SELECT fold_compare('UPDATE @ SET n = n + 1 RETURNING id, n');
SELECT fold_compare('UPDATE @ SET owner = ''bob'' WHERE id < 3 RETURNING id');
SELECT fold_compare('UPDATE @ a SET n = b.id FROM @ b WHERE b.id = a.id + 1 RETURNING a.id');
SELECT fold_compare('DELETE FROM @ WHERE id <> 1 RETURNING id, owner');
SELECT fold_compare('DELETE FROM @ WHERE NOT authz.is_owner(owner) RETURNING id');
-- S24: ON CONFLICT, whose index condition is no place for a check
SELECT fold_compare('INSERT INTO @ VALUES (1, ''ann'', ''again''), (3, ''ann'', ''again'') ON CONFLICT (id) DO UPDATE SET body = EXCLUDED.body RETURNING id, body');
SELECT fold_compare('INSERT INTO @ VALUES (3, ''ann'', ''again'') ON CONFLICT DO NOTHING RETURNING id');
SELECT fold_compare('INSERT INTO @ VALUES (1, ''ann'', ''again'') ON CONFLICT (id) DO UPDATE SET body = ''c'' WHERE authz.is_owner(@.owner) RETURNING id, body');
SELECT fold_compare('INSERT INTO @ VALUES (1, ''ann'', ''again'') ON CONFLICT (n) WHERE authz.has_scope(''admin'') DO NOTHING', 'boss', 'ann');
-- MERGE
SELECT fold_compare('MERGE INTO @ USING (VALUES (1), (3), (9)) v (k) ON @.id = v.k WHEN MATCHED AND @.n = 0 THEN UPDATE SET n = 7 WHEN NOT MATCHED THEN INSERT (id, owner) VALUES (v.k + 20, ''ann'')');
SELECT fold_compare('MERGE INTO @ USING (VALUES (1), (3)) v (k) ON @.id = v.k WHEN MATCHED AND authz.is_owner(@.owner) THEN DELETE WHEN NOT MATCHED THEN DO NOTHING');
-- CTEs that modify
SELECT fold_compare('WITH d AS (DELETE FROM @ WHERE id < 4 RETURNING *), u AS (UPDATE @ SET n = 5 WHERE id > 3 RETURNING *) SELECT (SELECT count(*) FROM d), (SELECT count(*) FROM u), count(*) FROM @');
SELECT fold_compare('WITH d AS (DELETE FROM @ RETURNING *) SELECT 1 AS one');
-- rows locked
SELECT fold_compare('SELECT id FROM @ FOR UPDATE');
SELECT fold_compare('WITH l AS (SELECT id FROM @ ORDER BY id FOR SHARE) UPDATE @ SET n = 1 FROM l WHERE l.id = @.id RETURNING @.id');
-- views: plain with a check of its own, barrier, the caller's
CREATE VIEW fold_plain AS SELECT * FROM fold_doc WHERE authz.is_owner(owner);
CREATE VIEW fold_barrier WITH (security_barrier) AS SELECT * FROM fold_doc WHERE authz.is_owner(owner) WITH CHECK OPTION;
CREATE VIEW fold_invoker WITH (security_invoker) AS SELECT * FROM fold_doc;
GRANT ALL ON fold_plain, fold_barrier, fold_invoker TO fold_app;
CREATE FUNCTION fold_views(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	who text;
	v text;
	folded text;
	unfolded text;
BEGIN
	FOREACH v IN ARRAY ARRAY['fold_plain', 'fold_barrier', 'fold_invoker'] LOOP
		FOREACH who IN ARRAY ARRAY['ann', 'nobody'] LOOP
			folded := fold_one(who, 'fold_doc', replace(statement, '@', v));
			PERFORM set_config('dbmi_authz.plan_folding', 'off', true);
			unfolded := fold_one(who, 'fold_doc', replace(statement, '@', v));
			PERFORM set_config('dbmi_authz.plan_folding', 'on', true);
			RETURN NEXT concat_ws(' ', v, who, folded, CASE WHEN folded <> unfolded THEN 'UNFOLDED ' || unfolded END);
		END LOOP;
	END LOOP;
END $$;
SELECT fold_views('SELECT id FROM @ WHERE body < ''b3''');
SELECT fold_views('UPDATE @ SET n = 4 RETURNING id');
SELECT fold_views('INSERT INTO @ (id, owner) VALUES (12, ''bob'') RETURNING id');
SELECT fold_views('DELETE FROM @ RETURNING id');

-- S11: a BEFORE ROW trigger that logs in as somebody else in the middle is refused, an AFTER trigger too
SELECT fold_rows('fold_doc');
CREATE FUNCTION fold_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM authz.set_token(mint.token_of(TG_ARGV[0])); RETURN NEW; END $$;
CREATE TRIGGER b BEFORE UPDATE ON fold_doc FOR EACH ROW EXECUTE FUNCTION fold_trigger('boss');
CALL mint.become('ann');
SET ROLE fold_app;
UPDATE fold_doc SET n = 1;
SELECT authz.subject();
RESET ROLE;
DROP TRIGGER b ON fold_doc;
CREATE TRIGGER a AFTER UPDATE ON fold_doc FOR EACH ROW EXECUTE FUNCTION fold_trigger('boss');
SET ROLE fold_app;
UPDATE fold_doc SET n = 1;
SELECT authz.subject(), sum(n) FROM fold_doc;
RESET ROLE;
DROP TRIGGER a ON fold_doc;
-- S14: a trigger that looks at the identity, in its condition and its body
CREATE TABLE fold_log (what text, n integer);
GRANT ALL ON fold_log TO fold_app;
CREATE FUNCTION fold_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO fold_log SELECT TG_OP || ' ' || coalesce(authz.subject(), 'nobody') || ' ' || authz.is_owner(NEW.owner), count(*) FROM fold_doc; RETURN NULL; END $$;
CREATE TRIGGER n AFTER INSERT OR UPDATE ON fold_doc FOR EACH ROW WHEN (authz.is_owner(NEW.owner) OR authz.has_scope('admin')) EXECUTE FUNCTION fold_note();
SET ROLE fold_app;
UPDATE fold_doc SET n = 2 WHERE id = 1;
CALL mint.become('boss');
UPDATE fold_doc SET n = 2 WHERE id IN (1, 3);
CALL mint.become('bob');
UPDATE fold_doc SET n = 2;
TABLE fold_log;
RESET ROLE;
DROP TRIGGER n ON fold_doc;
-- C5.6: triggers at COMMIT
-- S13: a deferred one runs as who is there at COMMIT [core]
CREATE CONSTRAINT TRIGGER d AFTER UPDATE ON fold_doc DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fold_note();
TRUNCATE fold_log;
SET ROLE fold_app;
BEGIN;
CALL mint.become('ann');
UPDATE fold_doc SET n = 3 WHERE id = 1;
SAVEPOINT s;
SELECT authz.set_token(mint.token_of('bob'), true) \g /dev/null
UPDATE fold_doc SET n = 3;
RELEASE s;
COMMIT;
TABLE fold_log;
RESET ROLE;
DROP TRIGGER d ON fold_doc;

-- C5.4: COPY
-- S9: COPY of a query and of the table, CREATE TABLE AS, EXPLAIN ANALYZE EXECUTE
SET ROLE fold_app;
SET plan_cache_mode = force_generic_plan;
PREPARE fold_q AS SELECT id, owner FROM fold_doc ORDER BY id;
CALL mint.become('ann');
COPY (SELECT id, owner FROM fold_doc ORDER BY id) TO STDOUT;
COPY fold_doc (id, owner) TO STDOUT;
CREATE TEMP TABLE fold_t1 AS EXECUTE fold_q;
CALL mint.become('bob');
COPY (SELECT id, owner FROM fold_doc ORDER BY id) TO STDOUT;
COPY (UPDATE fold_doc SET n = 8 RETURNING id) TO STDOUT;
CREATE TEMP TABLE fold_t2 AS EXECUTE fold_q;
SELECT p FROM (SELECT regexp_replace(p, '\(actual rows=(\d+).*', '\1') AS p FROM mint.explain_analyze('EXECUTE fold_q') p) s WHERE p ~ 'fold_doc|  Filter';
SELECT (SELECT string_agg(owner, ' ') FROM fold_t1), (SELECT string_agg(owner, ' ') FROM fold_t2);
SELECT * INTO TEMP fold_t3 FROM fold_doc;
SELECT count(*) FROM fold_t3;
-- COPY FROM: a default, a domain, a policy that refuses it
CREATE DOMAIN fold_mine AS text CHECK (authz.is_owner(VALUE) OR VALUE = 'x');
CREATE TABLE fold_in (a fold_mine, b text DEFAULT authz.subject());
COPY fold_in (a) FROM STDIN;
bob
x
\.
COPY fold_in (a) FROM STDIN;
ann
\.
TABLE fold_in;
-- Q3: no data in line, which psql takes for statements before 15.19 when COPY is refused
\copy fold_doc (id, owner) FROM '/dev/null'
RESET plan_cache_mode;

-- cursors: rows there and back, updated where they stand, and held beyond the end
CALL mint.become('ann');
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM fold_doc ORDER BY id;
FETCH ALL c;
FETCH BACKWARD 1 c;
DECLARE u CURSOR FOR SELECT id FROM fold_doc FOR UPDATE;
FETCH u;
UPDATE fold_doc SET n = 9 WHERE CURRENT OF u RETURNING id, n;
CALL mint.become('bob');
UPDATE fold_doc SET n = 9 WHERE CURRENT OF u RETURNING id, n;
ROLLBACK;
CALL mint.become('ann');
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM fold_doc ORDER BY id;
COMMIT;
FETCH 1 h;
CLOSE h;

-- joins of two protected tables, folded and not, and of one with itself
RESET ROLE;
SELECT fold_rows('fold_oracle');
SET ROLE fold_app;
SELECT who, q.* FROM unnest('{boss,ann,bob,nobody}'::text[]) who, LATERAL (SELECT mint.as_somebody(who, query) FROM unnest(ARRAY[
	'SELECT count(*) FROM fold_doc a JOIN fold_doc b USING (owner)', 'SELECT count(*) FROM fold_doc a JOIN fold_oracle b USING (id)', 'SELECT count(*) FROM fold_doc a LEFT JOIN fold_oracle b ON a.id = b.id + 1',
	'SELECT count(*) FROM fold_doc a FULL JOIN fold_doc b ON a.id = b.id + 1', 'SELECT count(*) FROM fold_doc a, fold_doc b WHERE authz.is_owner(a.owner) OR authz.is_owner(b.owner)']) query) q;
CALL mint.become('ann');
SELECT count(*) FROM mint.plan('SELECT * FROM fold_doc a JOIN fold_doc b USING (owner)') p WHERE p ~ 'authz';
SELECT count(*) FROM mint.plan('SELECT * FROM fold_doc a JOIN fold_doc b USING (owner)') p WHERE p ~ '''ann''';

-- C5.5: rules
-- rules of an owner who is bound by policies, and of one who is not
RESET ROLE;
CREATE TABLE fold_seen (who text, n bigint);
CREATE TABLE fold_entry (id integer);
CREATE TABLE fold_entry_app (id integer);
GRANT ALL ON fold_seen TO fold_app;
ALTER TABLE fold_entry_app OWNER TO fold_app;
GRANT ALL ON fold_entry TO fold_app;
CREATE RULE r AS ON INSERT TO fold_entry DO ALSO INSERT INTO fold_seen SELECT authz.subject(), count(*) FROM fold_doc;
SET ROLE fold_app;
CREATE RULE r AS ON INSERT TO fold_entry_app DO ALSO INSERT INTO fold_seen SELECT authz.subject(), count(*) FROM fold_doc WHERE NOT authz.is_owner(owner) OR id = NEW.id;
CREATE PROCEDURE fold_enter(who text) LANGUAGE plpgsql AS $$ BEGIN CALL mint.become(who); INSERT INTO fold_entry VALUES (3); INSERT INTO fold_entry_app VALUES (3); END $$;
BEGIN;
CALL fold_enter('boss');
CALL fold_enter('bob');
CALL fold_enter('nobody');
CALL fold_enter('boss');
COMMIT;
TABLE fold_seen;

-- S15: foreign keys between tables whose owner is bound by policies
RESET ROLE;
CREATE TABLE fold_parent (id integer PRIMARY KEY, owner text);
CREATE TABLE fold_child (id integer REFERENCES fold_parent ON DELETE CASCADE ON UPDATE CASCADE, owner text);
INSERT INTO fold_parent SELECT i, CASE i % 2 WHEN 0 THEN 'ann' ELSE 'bob' END FROM generate_series(1, 4) i;
ALTER TABLE fold_parent OWNER TO fold_app;
ALTER TABLE fold_child OWNER TO fold_app;
ALTER TABLE fold_parent ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON fold_parent USING (authz.is_owner(owner)) WITH CHECK (true);
SET ROLE fold_app;
CALL mint.become('ann');
INSERT INTO fold_child VALUES (2, 'ann');
INSERT INTO fold_child VALUES (9, 'ann');
CALL mint.become('bob');
INSERT INTO fold_child VALUES (1, 'bob');
DELETE FROM fold_parent RETURNING id;
CALL mint.become('ann');
UPDATE fold_parent SET id = id + 10 RETURNING id;
TABLE fold_child;

RESET ROLE;
CALL mint.become('nobody');
CALL mint.go_home();
SET client_min_messages = warning;
DROP OWNED BY fold_app CASCADE;
DROP VIEW fold_plain, fold_barrier, fold_invoker;
DROP FUNCTION fold_views, fold_compare, fold_one, fold_rows, fold_trigger, fold_note CASCADE;
DROP TABLE fold_doc, fold_oracle, fold_log, fold_entry, fold_seen;
DROP ROLE fold_app;
