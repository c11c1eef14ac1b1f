-- audit(): what becomes of a table's rows is recorded, whichever way it is written, and who did it.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
RESET client_min_messages;
\set VERBOSITY terse
\pset format unaligned
\pset footer off
\pset null NULL
-- transactions by their order
CREATE VIEW audit_record AS
	SELECT dense_rank() OVER (ORDER BY xid) AS transaction, number, relation, command, key, columns, old_values, new_values
	  FROM authz.audit_event;
CREATE VIEW audit_who AS
	SELECT subject, actor, token_id, login, nullif(role, session_user) AS role, session_role = session_user AS session, relation, command, key
	  FROM authz.audit_event ORDER BY xid, number;
CREATE PROCEDURE audit_show() LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN SELECT concat_ws(' ', transaction, number, relation, command, key, columns, old_values, '->', new_values)
				  FROM audit_record ORDER BY transaction, number LOOP
		RAISE INFO '%', line;
	END LOOP;
	DELETE FROM authz.audit_event;
END $$;
\set ECHO all
CREATE SCHEMA audit;
SET search_path = audit, public;

--
-- Every way of writing
--
CREATE TABLE note (id int PRIMARY KEY, owner text, body text DEFAULT '-', made int GENERATED ALWAYS AS (id * 2) STORED, gone int);
ALTER TABLE note DROP COLUMN gone;
SELECT authz.audit('note');
INSERT INTO note (id, owner) VALUES (1, 'ann'), (2, NULL);
UPDATE note SET body = 'x', owner = owner WHERE id = 1;
-- that changes nothing
UPDATE note SET body = body;
-- a row gets another key
UPDATE note SET id = 5 WHERE id = 2;
DELETE FROM note WHERE id = 5;
CALL audit_show();
-- an upsert records what it did
INSERT INTO note (id, owner) VALUES (1, 'bob'), (3, 'bob') ON CONFLICT (id) DO UPDATE SET owner = excluded.owner;
INSERT INTO note (id, owner) VALUES (1, 'eve') ON CONFLICT DO NOTHING;
CALL audit_show();
MERGE INTO note n USING (VALUES (1, 'merged'), (3, NULL), (4, 'new')) v(id, owner) ON n.id = v.id
	WHEN MATCHED AND v.owner IS NULL THEN DELETE
	WHEN MATCHED THEN UPDATE SET owner = v.owner
	WHEN NOT MATCHED THEN INSERT (id, owner) VALUES (v.id, v.owner);
CALL audit_show();
COPY note (id, owner, body) FROM stdin;
10	copied	a
11	\N	b
\.
CALL audit_show();
-- with a CTE, a function, a rule and a view
WITH d AS (DELETE FROM note WHERE id = 10 RETURNING id) INSERT INTO note (id, owner) SELECT id + 10, 'cte' FROM d;
CREATE FUNCTION put(id int) RETURNS void LANGUAGE sql AS 'INSERT INTO note (id) VALUES (id)';
SELECT put(30);
CREATE VIEW notes AS SELECT id, owner FROM note;
UPDATE notes SET owner = 'view' WHERE id = 30;
CREATE RULE swap AS ON DELETE TO notes DO INSTEAD UPDATE note SET owner = NULL WHERE id = OLD.id;
DELETE FROM notes WHERE id = 30;
CALL audit_show();
-- savepoints: what was taken back is gone, and leaves a gap
BEGIN;
INSERT INTO note (id) VALUES (40);
SAVEPOINT a;
INSERT INTO note (id) VALUES (41);
ROLLBACK TO a;
INSERT INTO note (id) VALUES (42);
RELEASE a;
COMMIT;
BEGIN;
INSERT INTO note (id) VALUES (43);
ROLLBACK;
DO $$ BEGIN INSERT INTO note (id) VALUES (44); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $$;
CALL audit_show();
-- triggers of others: what they make of a row is recorded, and what they do besides
CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.body := upper(NEW.body); RETURN NEW; END $$;
CREATE TRIGGER zz BEFORE INSERT OR UPDATE ON note FOR EACH ROW EXECUTE FUNCTION loud();
CREATE FUNCTION twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE note SET owner = 'twice' WHERE id = NEW.id; RETURN NULL; END $$;
CREATE TRIGGER aa AFTER INSERT ON note FOR EACH ROW EXECUTE FUNCTION twice();
CREATE TRIGGER zzz AFTER INSERT ON note FOR EACH ROW EXECUTE FUNCTION twice();
INSERT INTO note (id, body) VALUES (50, 'shout');
CALL audit_show();
DROP TRIGGER aa ON note;
DROP TRIGGER zzz ON note;
DROP TRIGGER zz ON note;
-- a replica applies: ALWAYS
SET session_replication_role = replica;
INSERT INTO note (id) VALUES (60);
RESET session_replication_role;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'note'::regclass AND NOT tgisinternal ORDER BY 1;
TRUNCATE note;
CALL audit_show();

--
-- Foreign keys, partitions, children
--
CREATE ROLE audit_owner;
CREATE ROLE audit_app;
GRANT ALL ON SCHEMA audit TO audit_owner, audit_app;
CREATE TABLE folder (id int PRIMARY KEY);
CREATE TABLE doc (id int PRIMARY KEY, folder int REFERENCES folder ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
				  CONSTRAINT own FOREIGN KEY (id) REFERENCES folder DEFERRABLE);
ALTER TABLE doc DROP CONSTRAINT own;
ALTER TABLE doc OWNER TO audit_owner;
GRANT SELECT, UPDATE, DELETE ON folder TO audit_app;
GRANT SELECT, UPDATE ON folder TO audit_owner;
SELECT authz.audit('folder'), authz.audit('doc');
INSERT INTO folder VALUES (1), (2);
INSERT INTO doc VALUES (10, 1), (11, 2);
DELETE FROM authz.audit_event;
SET ROLE audit_app;
UPDATE folder SET id = 3 WHERE id = 1;
DELETE FROM folder WHERE id = 2;
RESET ROLE;
-- core cascades as the owner of the table; from 18 on a trigger fires as who made it due
SELECT subject, login, session, relation, command, key,
	   role = CASE WHEN relation = 'audit.doc' AND current_setting('server_version_num')::int >= 180000 THEN 'audit_owner' ELSE 'audit_app' END AS as_it_must
  FROM audit_who;
CALL audit_show();
TRUNCATE folder CASCADE;
CALL audit_show();
CREATE TABLE part (id int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE part_a PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE part_b (v text, junk int, id int NOT NULL);
ALTER TABLE part_b DROP COLUMN junk;
SELECT authz.audit('part', ARRAY['v']);
-- attached later
ALTER TABLE part ATTACH PARTITION part_b FOR VALUES FROM (10) TO (20);
INSERT INTO part VALUES (1, 'a'), (11, 'b');
-- from one to the other
UPDATE part SET id = 12 WHERE id = 1;
UPDATE part_b SET v = 'direct' WHERE id = 11;
SET session_replication_role = replica;
DELETE FROM part WHERE id = 12;
RESET session_replication_role;
TRUNCATE part;
CALL audit_show();
-- one that has a trigger of its own is recorded once, by that
CREATE TABLE part_c (id int NOT NULL, v text);
SELECT authz.audit('part_c', ARRAY['id']);
ALTER TABLE part ATTACH PARTITION part_c FOR VALUES FROM (20) TO (30);
INSERT INTO part VALUES (21, 'c');
CALL audit_show();
-- of all of them again; the one that came later has its trigger for TRUNCATE from now on
SELECT authz.audit('part');
TRUNCATE part_b;
INSERT INTO part VALUES (22, 'c');
ALTER TABLE part DETACH PARTITION part_c;
INSERT INTO part_c VALUES (23, 'not recorded');
CALL audit_show();
SELECT authz.unaudit('part_a');
SELECT authz.unaudit('part');
SELECT count(*) FROM pg_trigger WHERE tgfoid = 'authz.audit_change'::regproc AND tgrelid IN ('part'::regclass, 'part_a'::regclass, 'part_b'::regclass);
INSERT INTO part VALUES (1, 'silent');
CREATE TABLE parent (id int);
CREATE TABLE child (more int) INHERITS (parent);
SELECT authz.audit('parent');
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (2, 3);
UPDATE parent SET id = id + 1;
CALL audit_show();

--
-- What is kept: columns, old values; audit() again replaces
--
CREATE TABLE person (id int, tenant int, name text, secret text, PRIMARY KEY (tenant, id) DEFERRABLE);
SELECT authz.audit('person', ARRAY['name']::name[]);
INSERT INTO person VALUES (1, 7, 'Ann', 'pst');
UPDATE person SET secret = 'psst', name = 'Anna';
UPDATE person SET secret = 'hush';
UPDATE person SET id = 2;
SELECT authz.audit('person', ARRAY['name', 'id', 'name'], false);
UPDATE person SET name = 'A', id = 3;
SELECT authz.audit('person', '{}');
DELETE FROM person;
SELECT authz.audit('person', old_values => false);
INSERT INTO person VALUES (1, 7, 'Ann', 'pst');
UPDATE person SET name = NULL;
DELETE FROM person;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'person'::regclass AND NOT tgisinternal;
SELECT authz.unaudit('person'), authz.unaudit('person');
INSERT INTO person VALUES (9, 9);
CALL audit_show();
-- a column that is listed and gone stops the writer
SELECT authz.audit('person', ARRAY['name']);
ALTER TABLE person RENAME name TO called;
\set VERBOSITY default
INSERT INTO person VALUES (8, 8);
\set VERBOSITY terse
SELECT authz.audit('person', ARRAY['called']);
INSERT INTO person VALUES (8, 8);
CALL audit_show();

--
-- Values: those of to_jsonb(), whatever the settings of who writes
--
CREATE TYPE mood AS ENUM ('good', 'so so');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE DOMAIN two AS pair;
CREATE TYPE deep AS (p pair[], gone int, j json, t two, n numeric[], d date[]);
ALTER TYPE deep DROP ATTRIBUTE gone;
CREATE TABLE anything (b bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, n2 numeric(10, 3), t text, vc varchar(9), bc char(5),
	nm name, c "char", by bytea, d date, ts timestamp, tz timestamptz, tm time, ttz timetz, iv interval, u uuid, ip inet, m mood, p pair, po positive,
	tw two, ia int[], ta text[][], pa pair[], r int4range, rs daterange, j json, jb jsonb, x xid8, mo money, bits bit(3), pt point, tv tsvector, o oid,
	fa float8[], ba bytea[], tza timestamptz[], ja json[], rc regclass, iva interval[], deep deep[], v2 int2vector, pts point[]);
SELECT authz.audit('anything');
INSERT INTO anything VALUES (true, -1, 2, 9223372036854775807, 1.1, 0.1, 1.10, 1.5, E'q"\\\nä', 'v', 'c', 'n', 'c', '\x00ff', '2026-02-03',
	'2026-02-03 04:05:06.7', '2026-02-03 04:05:06+00', '01:02', '01:02+03', '1 year 2 days 00:00:01', '00000000-0000-0000-0000-00000000000a',
	'10.0.0.1/8', 'so so', (1, 'x'), 5, (2, NULL), '[0:1]={1,NULL}', '{{a,b},{c,d}}', ARRAY[(1, 'x')::pair, NULL], '[1,5)', '[2026-01-01,2026-02-01)',
	'{"b": 1, "a": [1, {"k": null}]}', '{"b": 1, "a": [1, {"k": null}]}', '77', '1.50', '101', '(1,2)', 'a b', 4294967295);
INSERT INTO anything (b, i2, i4, i8, f4, f8, n) VALUES (false, NULL, NULL, NULL, 'NaN', '-Infinity', 'NaN'), (NULL, NULL, NULL, NULL, 'Infinity', 1e-300, '-Infinity');
INSERT INTO anything (fa, ba, tza, ja, iva, v2, pts) VALUES ('{0.1,NULL,NaN}', '{"\\x00ff"}', '{2026-02-03 04:05:06.7+00,infinity}', ARRAY['{"a": [1]}', NULL]::json[], '{1 day}', '1 2', '{"(1,2)"}'), ('{}', '{}', NULL, NULL, '[3:4][0:0]={{1 s},{NULL}}', '', NULL);
INSERT INTO anything (rc, deep) VALUES ('pg_class', ARRAY[(ARRAY[(1, 'x')::pair, NULL], '{"b": 1.0}', (2, NULL), '{1.10,NaN,NULL}', '{2026-02-03}')::deep, NULL]);
INSERT INTO anything (d, ts, tz) VALUES ('infinity', '-infinity', 'infinity'), ('0044-03-15 BC', '0044-03-15 BC', '0044-03-15 BC');
INSERT INTO anything (j, jb) VALUES ('[]', '[]'), ('"s"', '"s"'), ('null', 'null'), ('1.0', '1.0'), ('{"a": 1, "a": 2}', '{}');
SET datestyle = ISO;
SET intervalstyle = postgres;
SELECT count(*), count(*) FILTER (WHERE new_values = to_jsonb(a)) AS same, count(DISTINCT new_values)
  FROM authz.audit_event FULL JOIN anything a ON to_jsonb(a) = new_values;
DELETE FROM authz.audit_event;
-- json of which jsonb can make nothing is kept as its text
INSERT INTO anything (j) VALUES ('"\u0000"'), ('{"n": 1e99999999}'), ('"\ud800"'), ('"\ude00\ud83d"'), ('"\\ud83d\ude00"');
SELECT new_values -> 'j' FROM authz.audit_event ORDER BY xid, number;
INSERT INTO anything (j) SELECT format('{"n": 0.%se-%s}', repeat('1', digits), exponent)::json FROM (VALUES (6000, 9999), (9999, 9999), (6000, 0)) v(digits, exponent);
SELECT jsonb_typeof(new_values -> 'j') FROM authz.audit_event WHERE new_values ->> 'j' LIKE '%{"n": 0.%' ORDER BY xid, number;
DELETE FROM authz.audit_event;
-- nobody leaves digits or schemas out
SET extra_float_digits = -15;
SET intervalstyle = iso_8601;
SET bytea_output = escape;
SET datestyle = German;
INSERT INTO anything (f4, f8, iv, by, d, rs) VALUES (1.234567, 1.23456789012345, '1 day', '\x00ff', '2026-01-02', '[2026-01-02,2026-01-03)');
SET quote_all_identifiers = on;
INSERT INTO anything (pa, fa, rc) VALUES (ARRAY[(1, 'x')::pair], '{1.234567}', 'anything');
SELECT jsonb_strip_nulls(new_values) FROM authz.audit_event;
SHOW intervalstyle;
RESET ALL;
SET search_path = audit, public;
SET client_min_messages = notice;
DELETE FROM authz.audit_event;
-- 1.0 becomes 1.00; a value out of line; one that stays there
CREATE TABLE big (id int PRIMARY KEY, n numeric, body text, fixed int DEFAULT 1);
ALTER TABLE big ALTER body SET STORAGE EXTERNAL;
SELECT authz.audit('big');
INSERT INTO big VALUES (1, 1.0, repeat('x', 100000));
UPDATE big SET n = 1.00;
UPDATE big SET body = body || 'y';
ALTER TABLE big ADD later int DEFAULT 7;
UPDATE big SET fixed = 2;
SELECT command, columns, length(old_values ->> 'body') AS before, length(new_values ->> 'body') AS after, old_values -> 'later' AS later FROM authz.audit_event ORDER BY xid;
DELETE FROM authz.audit_event;

--
-- Who
--
CREATE TABLE plain (v int);
GRANT ALL ON plain TO audit_app;
SELECT authz.audit('plain');
INSERT INTO plain VALUES (1);
CALL mint.login('tG1', '{"jti": "T1"}');
INSERT INTO plain VALUES (2);
CALL mint.login('tG1', '{"sub": "agent''s \"user\"", "act": {"sub": "bot"}}');
SET ROLE audit_app;
INSERT INTO plain VALUES (3);
RESET ROLE;
-- the identity ends in the middle: the writer goes on
CALL mint.login('tG1');
BEGIN;
SELECT authz.revoke_subject('https://people.example', 'ann', now() + interval '1 day');
SELECT authz.token_state();
INSERT INTO plain VALUES (4);
ROLLBACK;
CALL mint.login('tG1');
BEGIN;
INSERT INTO plain VALUES (5);
SELECT authz.revoke_subject('https://people.example', 'ann', now() + interval '1 day');
INSERT INTO plain VALUES (6);
SELECT authz.token_state();
INSERT INTO plain VALUES (7);
COMMIT;
DELETE FROM authz.revocation;
-- a query that writes is tied to nobody by being recorded
CALL mint.login('tG1');
CREATE FUNCTION change(who text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN CALL mint.login('tG1', jsonb_build_object('sub', who)); RETURN 8; END $$;
INSERT INTO plain SELECT change('cid');
-- nobody is left when the deferred ones fire
BEGIN;
DELETE FROM authz.audit_event WHERE relation <> 'audit.plain';
INSERT INTO folder VALUES (1);
INSERT INTO doc VALUES (1, 1);
CALL mint.logout();
COMMIT;
TABLE audit_who;
SELECT count(*) FROM authz.audit_event WHERE issuer = 'https://people.example';
DELETE FROM authz.audit_event;
-- a token that nobody has judged yet, the trigger being what loads the library; and one that is none
SELECT mint.person('tG1', '{"sub": "early"}') AS token \gset
\c -
SET search_path = audit, public;
SET dbmi_authz.token = :'token';
INSERT INTO plain VALUES (9);
\c -
SET search_path = audit, public;
SET client_min_messages = error;
-- refused at once where the library is preloaded
DO $$ BEGIN PERFORM set_config('dbmi_authz.token', 'no token', false); EXCEPTION WHEN invalid_authorization_specification THEN NULL; END $$;
INSERT INTO plain VALUES (10);
RESET client_min_messages;
TABLE audit_who;
DELETE FROM authz.audit_event;

--
-- Bad input, and who may
--
SELECT authz.audit(NULL);
SELECT authz.audit('plain', NULL, NULL);
SELECT authz.audit('plain', ARRAY['nothing']);
SELECT authz.audit('plain', ARRAY['ctid']);
SELECT authz.audit('plain', ARRAY[NULL]::name[]);
SELECT authz.audit('notes');
SELECT authz.audit(1::oid::regclass);
SELECT authz.audit('pg_class');
SELECT authz.audit('authz.audit_event');
CREATE TEMP TABLE brief (v int);
SELECT authz.audit('brief');
CREATE MATERIALIZED VIEW mat AS SELECT 1 AS x;
SELECT authz.audit('mat');
SELECT authz.audit('plain_seq');
CREATE FOREIGN DATA WRAPPER audit_fdw;
CREATE SERVER audit_server FOREIGN DATA WRAPPER audit_fdw;
CREATE FOREIGN TABLE far (v int) SERVER audit_server;
SELECT authz.audit('far');
CREATE FOREIGN TABLE far_child () INHERITS (parent) SERVER audit_server;
SELECT authz.audit('parent');
DROP FOREIGN DATA WRAPPER audit_fdw CASCADE;
SELECT authz.unaudit('notes');
-- the trigger does not work otherwise
SELECT authz.audit_change();
CREATE TRIGGER early BEFORE INSERT ON plain FOR EACH ROW EXECUTE FUNCTION authz.audit_change();
INSERT INTO plain VALUES (1);
DROP TRIGGER early ON plain;
CREATE TRIGGER statement AFTER INSERT ON plain FOR EACH STATEMENT EXECUTE FUNCTION authz.audit_change();
INSERT INTO plain VALUES (1);
DROP TRIGGER statement ON plain;
CREATE TABLE unasked (v int);
CREATE TRIGGER mine AFTER INSERT ON unasked FOR EACH ROW EXECUTE FUNCTION authz.audit_change();
INSERT INTO unasked VALUES (1);
DROP TABLE unasked;
-- a trigger of that name is somebody else's
CREATE TABLE taken (v int);
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER "!authz_audit" AFTER INSERT ON taken FOR EACH ROW EXECUTE FUNCTION nothing();
SELECT authz.audit('taken');
SELECT authz.unaudit('taken');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'taken'::regclass;
-- the owner of a table does not make records, the owner of the database not of others' tables
SET ROLE audit_owner;
SELECT authz.audit('doc');
CREATE TRIGGER forged AFTER INSERT ON doc FOR EACH ROW EXECUTE FUNCTION authz.audit_change();
SELECT count(*) FROM authz.audit_event;
RESET ROLE;
CREATE ROLE audit_dba;
GRANT USAGE ON SCHEMA audit TO audit_dba;
SELECT current_database() AS db, datdba::regrole AS dba FROM pg_database WHERE datname = current_database() \gset
ALTER DATABASE :"db" OWNER TO audit_dba;
SET ROLE audit_dba;
SELECT authz.audit('audit.doc');
SELECT authz.unaudit('audit.doc');
SELECT count(*) >= 0 FROM authz.audit_event;
RESET ROLE;
ALTER DATABASE :"db" OWNER TO :"dba";
-- whoever reads everything does not read this
GRANT pg_read_all_data TO audit_app;
INSERT INTO plain VALUES (1);
SET ROLE audit_app;
SELECT count(*) FROM authz.audit_event;
RESET ROLE;
-- what is hung on the table does not run with others' rights; a table that was altered takes nothing
CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'I am %', current_user; END $$;
CREATE TRIGGER steal BEFORE INSERT ON authz.audit_event FOR EACH ROW EXECUTE FUNCTION steal();
INSERT INTO plain VALUES (1);
DROP TRIGGER steal ON authz.audit_event;
CREATE FUNCTION spy(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE INFO 'I am %', current_user; RETURN $1; END $$;
CREATE INDEX spy ON authz.audit_event (spy(relation)) WHERE command <> 'DELETE';
INSERT INTO plain VALUES (1);
SET enable_seqscan = off;
SELECT count(*) FROM authz.audit_event WHERE spy(relation) = 'audit.plain' AND command <> 'DELETE';
RESET enable_seqscan;
DROP INDEX authz.spy;
BEGIN;
ALTER TABLE authz.audit_event ADD more int NOT NULL DEFAULT 1;
INSERT INTO plain VALUES (1);
ROLLBACK;
BEGIN;
ALTER TABLE authz.audit_event RENAME TO aside;
INSERT INTO plain VALUES (1);
ROLLBACK;
BEGIN;
ALTER TABLE authz.audit_event ADD more int;
INSERT INTO plain VALUES (1);
ROLLBACK;
-- a cast of a type's owner gets nobody's rights: it is not asked
CREATE TYPE odd AS ENUM ('a');
CREATE FUNCTION odd_json(odd) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE INFO 'I am %', current_user; RETURN '"odd"'; END $$;
CREATE CAST (odd AS json) WITH FUNCTION odd_json(odd);
CREATE TABLE odds (v odd[], w odd);
ALTER TABLE odds OWNER TO audit_owner;
SELECT authz.audit('odds');
DELETE FROM authz.audit_event;
INSERT INTO odds VALUES ('{a}', 'a');
CALL audit_show();

--
-- Hostile names
--
CREATE SCHEMA "au""dit";
CREATE TABLE "au""dit"."Ta'b.le\" ("Id" int PRIMARY KEY, "a""b" text, "c\'" text, "select" int, "äöüx" int);
SELECT authz.audit('"au""dit"."Ta''b.le\"', ARRAY['a"b', 'c\''', 'äöüx']);
INSERT INTO "au""dit"."Ta'b.le\" VALUES (1, 'x', E'\\', 1, 2);
UPDATE "au""dit"."Ta'b.le\" SET "c\'" = '', "select" = 3;
CALL audit_show();
SET standard_conforming_strings = off;
SELECT authz.audit(oid, ARRAY[E'c\\''']) FROM pg_class WHERE relname LIKE 'Ta_b.le_';
RESET standard_conforming_strings;
DELETE FROM "au""dit"."Ta'b.le\";
CALL audit_show();

\set ECHO none
DROP SCHEMA "au""dit", audit CASCADE;
REVOKE pg_read_all_data FROM audit_app;
DROP OWNED BY audit_owner, audit_app, audit_dba;
DROP ROLE audit_owner, audit_app, audit_dba;
DROP PROCEDURE audit_show;
DROP VIEW audit_record, audit_who;
CALL mint.go_home();
