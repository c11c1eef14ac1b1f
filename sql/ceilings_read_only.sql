-- An actor that only reads, statement by statement: what PostgreSQL refuses in a read-only transaction, and nothing else; and no road around it.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
SET client_min_messages = warning;
CREATE TABLE only_doc (id integer PRIMARY KEY, owner text);
INSERT INTO only_doc VALUES (1, 'ann'), (2, 'bob');
CREATE TABLE only_part (doc integer, CONSTRAINT fk FOREIGN KEY (doc) REFERENCES only_doc DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE only_log (what text);
CREATE TABLE only_keyed (id integer GENERATED ALWAYS AS IDENTITY, what text);
CREATE MATERIALIZED VIEW only_seen AS SELECT id FROM only_doc;
CREATE TYPE only_type AS (n integer);
CREATE SEQUENCE only_seq;
CREATE FUNCTION only_token(actor text) RETURNS text LANGUAGE sql RETURN
	mint.person('tG', jsonb '{"permissions": ["MANAGE"], "email": "ann@example.com"}' || CASE WHEN actor IS NULL THEN '{}' ELSE jsonb_build_object('act', jsonb_build_object('sub', actor)) END);
CREATE FUNCTION only_writes() RETURNS integer LANGUAGE sql AS 'INSERT INTO only_part VALUES (2) RETURNING doc';
CREATE PROCEDURE only_write() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO only_part VALUES (2); END $$;
CREATE FUNCTION only_rule(integer) RETURNS boolean STABLE LANGUAGE sql RETURN true;
CREATE TEMP TABLE only_temp (n integer);
CREATE EXTENSION postgres_fdw;
CREATE SERVER only_far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '/no/such/directory');
CREATE USER MAPPING FOR PUBLIC SERVER only_far;
CREATE SERVER only_near FOREIGN DATA WRAPPER postgres_fdw;
CREATE SCHEMA authz_foreign;
CREATE FOREIGN TABLE authz_foreign.only_near (destination text, challenge text, assertion text) SERVER only_near;
SELECT lo_create(77001), authz.add_issuer('https://people.keys.example', '{keys}'), authz.add_issuer('https://people.gone.example', '{gone}'), authz.add_key('https://people.keys.example', '{"kty": "OKP", "crv": "Ed25519", "kid": "old", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'),
	authz.alter_issuer('https://people.example', '{"admin_permissions": ["MANAGE"], "client": "app"}'),
	authz.revoke_token('https://people.example', 'old', now()), authz.add_cluster_key('old') IS NOT NULL, authz.set_actor_ceiling('https://people.example', 'old'), authz.register_access('only.old', 'only_doc', 'user', 'only_rule(integer)'), authz.protect('only_log', admin => true), authz.watch('only_log'),
	authz.set_actor_ceiling('https://people.example', 'bot', admin => true), authz.set_actor_ceiling('https://people.example', 'writer', admin => true, read_only => false) \g /dev/null
INSERT INTO authz.item_permission (client, email, item, permission) VALUES ('app', 'ann@example.com', 'i', 'VIEW');
PREPARE only_insert AS INSERT INTO only_part VALUES (1);
PREPARE only_select AS SELECT count(*) FROM only_doc;
CREATE TABLE only_statement (n serial, statement text);
CREATE FUNCTION only_outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE statement; RETURN 'done'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
CREATE FUNCTION only_outcomes() RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	result text[];
	s text;
BEGIN
	FOREACH s IN ARRAY (SELECT array_agg(statement ORDER BY n) FROM only_statement) LOOP
		result := result || only_outcome(s);
	END LOOP;
	RETURN result;
END $$;
CREATE FUNCTION only_compare(person text[], core text[], agent text[]) RETURNS TABLE (statement text, refused boolean, person text, differs text) LANGUAGE sql AS $$
	SELECT statement, agent[i] = '25006', person[i], nullif(agent[i], core[i]) FROM (SELECT statement, row_number() OVER (ORDER BY n) AS i FROM only_statement) s ORDER BY i
$$;
\set ECHO all
RESET client_min_messages;

-- C1.9: what PostgreSQL refuses in a read-only transaction is refused.  accept: the rest, and all of it from the person
INSERT INTO only_statement (statement) VALUES
	('SELECT count(*) FROM only_doc'), ('INSERT INTO only_part VALUES (1)'), ('UPDATE only_doc SET owner = owner'), ('DELETE FROM only_part'),
	('MERGE INTO only_part USING only_doc ON doc = id WHEN NOT MATCHED THEN INSERT VALUES (id)'), ('WITH w AS (DELETE FROM only_part RETURNING 1) SELECT count(*) FROM w'),
	('SELECT id FROM only_doc WHERE id = 1 FOR UPDATE'), ('SELECT id FROM only_doc WHERE id = 1 FOR KEY SHARE'), ('SELECT only_writes()'), ('CALL only_write()'), ('DO ''BEGIN INSERT INTO only_part VALUES (2); END'''),
	('EXECUTE only_insert'), ('EXECUTE only_select'), ('EXPLAIN INSERT INTO only_part VALUES (1)'), ('EXPLAIN ANALYZE INSERT INTO only_part VALUES (1)'), ('DECLARE only_cursor CURSOR FOR SELECT id FROM only_doc FOR UPDATE'),
	('INSERT INTO only_keyed (what) VALUES (NULL)'), ('SELECT nextval(''only_seq'')'), ('SELECT setval(''only_seq'', 100)'), ('ALTER SEQUENCE only_seq RESTART'), ('DO ''DECLARE n bigint; BEGIN n := nextval(''''only_seq''''); END'''),
	('COPY only_part FROM PROGRAM ''echo 1'''), ('COPY only_part TO PROGRAM ''cat >/dev/null'''), ('COPY (DELETE FROM only_part RETURNING doc) TO PROGRAM ''cat >/dev/null'''), ('TRUNCATE only_log'),
	('INSERT INTO only_temp VALUES (1)'), ('UPDATE only_temp SET n = 2'), ('SELECT n FROM only_temp FOR UPDATE'), ('COPY only_temp FROM PROGRAM ''echo 1'''), ('TRUNCATE only_temp'), ('CREATE TEMP TABLE only_more ()'), ('CREATE TABLE only_more ()'),
	('CREATE TABLE only_copy AS SELECT 1'), ('CREATE INDEX ON only_log (what)'), ('ALTER TABLE only_log ADD more integer'), ('COMMENT ON TABLE only_doc IS NULL'), ('GRANT SELECT ON only_doc TO PUBLIC'),
	('DROP TABLE only_keyed'), ('CREATE ROLE only_role'), ('REFRESH MATERIALIZED VIEW only_seen'), ('CREATE FUNCTION only_f() RETURNS integer LANGUAGE sql RETURN 1'), ('ALTER TYPE only_type ADD ATTRIBUTE m integer'),
	('ANALYZE only_doc'), ('REINDEX TABLE only_log'), ('LOCK TABLE only_part IN ACCESS SHARE MODE'), ('LOCK TABLE only_part IN ROW EXCLUSIVE MODE'), ('LOCK TABLE only_part IN ACCESS EXCLUSIVE MODE'),
	('NOTIFY only_channel'), ('SELECT pg_notify(''only_channel'', '''')'), ('LISTEN only_channel'), ('UNLISTEN *'), ('SET CONSTRAINTS ALL IMMEDIATE'), ('SELECT pg_advisory_xact_lock(1)'), ('SELECT lo_get(77001)'),
	('SELECT authz.add_issuer(''https://people.new.example'', ''{new}'')'), ('SELECT authz.alter_issuer(''https://people.keys.example'', ''{}'')'), ('SELECT authz.drop_issuer(''https://people.gone.example'')'),
	('SELECT authz.set_jwks(''https://people.keys.example'', ''{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'')'),
	('SELECT authz.add_key(''https://people.keys.example'', ''{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'')'),
	('SELECT authz.add_pem(''https://people.keys.example'', E''-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n'', ''p'')'),
	('SELECT authz.add_secret(''https://people.example'', mint.secret(''b''), ''s'')'), ('SELECT authz.drop_key(''https://people.keys.example'', ''old'')'),
	('SELECT authz.revoke_token(''https://people.example'', ''x'')'), ('SELECT authz.revoke_subject(''https://people.example'', ''x'')'), ('SELECT authz.revoke_session(''https://people.example'', ''x'')'), ('SELECT authz.revoke_actor(''https://people.example'', ''x'')'),
	('SELECT authz.prune_revocations()'), ('SELECT authz.prune_trust_log(''2001-01-01'')'), ('SELECT authz.set_actor_ceiling(''https://people.example'', ''bot'', read_only => false)'), ('SELECT authz.drop_actor_ceiling(''https://people.example'', ''old'')'),
	('SELECT authz.grant_item_permission(''bob@example.com'', ''i'')'), ('SELECT authz.revoke_item_permission(''ann@example.com'', ''i'')'), ('SELECT authz.grant_profile_permission(''bob@example.com'', ''i'')'),
	('SELECT authz.register_access(''only.new'', ''only_doc'', ''user'', ''only_rule(integer)'')'), ('SELECT authz.unregister_access(''only.old'', ''only_doc'', ''user'')'), ('SELECT authz.accept_rules()'),
	('SELECT authz.protect(''only_part'', admin => true)'), ('SELECT authz.unprotect(''only_log'')'), ('SELECT authz.watch(''only_part'')'), ('SELECT authz.sharing_view(''only_shared'', ''shares'', shares => ''only_keyed'', share_key => ''id'', share_subject => ''what'', dry_run => false)'), ('SELECT authz.unwatch(''only_log'')'), ('SELECT authz.audit(''only_part'')'), ('SELECT authz.unaudit(''only_log'')'), ('SELECT authz.seal_audit()'), ('SELECT authz.prune_audit(now())'),
	('SELECT authz.add_cluster_key(''k'')'), ('SELECT authz.add_cluster_key_public(''p'', ''{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'')'), ('SELECT authz.drop_cluster_key(''old'')'),
	('SELECT authz.import_trust(authz.export_trust())'), ('SELECT authz.foreign_login(''only_far'')'), ('SELECT authz.drop_foreign_login(''only_near'')'), ('DELETE FROM authz.actor_ceiling');
-- every function of ours that writes is among them, but for the one that writes no row
SELECT proname FROM pg_proc WHERE pronamespace = 'authz'::regnamespace AND provolatile = 'v' AND proname !~ '^(require|(try_)?set_token|clear_token|verify_token|stamp_owner$|trust_guard$|set_changed$|export_login_trust$|sets$|hand_over_offer$|take_hand_over$|lint$|simulate$|access_review$|policy_(state|changes)$|audit_change$|verify_audit$|export_trust$|spread_trust$|cluster_key_guard$|stat_(get|reset)|sessions$)|_support$' AND NOT EXISTS (SELECT FROM only_statement WHERE statement LIKE '%authz.' || proname || '(%');
SELECT authz.set_token(only_token(NULL));
BEGIN;
SELECT only_outcomes() AS person \gset
ROLLBACK;
BEGIN READ ONLY;
SELECT only_outcomes() AS core \gset
ROLLBACK;
SELECT authz.set_token(only_token('bot'));
BEGIN;
SELECT only_outcomes() AS agent \gset
ROLLBACK;
SELECT authz.set_token(only_token('writer'));
BEGIN;
SELECT only_outcomes() AS writer \gset
ROLLBACK;
SELECT left(statement, 120) AS statement, refused, person, differs FROM only_compare(:'person', :'core', :'agent');
-- an actor that may write is as the person
SELECT statement FROM only_compare(:'writer', :'person', :'writer') WHERE differs IS NOT NULL;
-- large objects, as far as the release refuses (15 does not)
TRUNCATE only_statement;
INSERT INTO only_statement (statement) VALUES ('SELECT lo_create(0)'), ('SELECT lo_creat(-1)'), ('SELECT lo_from_bytea(0, ''x'')'), ('SELECT lo_put(77001, 0, ''x'')'), ('SELECT lo_open(77001, x''20000''::integer)'), ('SELECT lo_open(77001, x''40000''::integer)'),
	('SELECT lowrite(lo_open(77001, x''60000''::integer), ''x'')'), ('SELECT lo_truncate(lo_open(77001, x''60000''::integer), 0)'), ('SELECT lo_unlink(77001)');
SELECT authz.set_token(only_token(NULL));
BEGIN;
SELECT only_outcomes() AS person \gset
ROLLBACK;
BEGIN READ ONLY;
SELECT only_outcomes() AS core \gset
ROLLBACK;
SELECT authz.set_token(only_token('bot'));
BEGIN;
SELECT only_outcomes() AS agent \gset
ROLLBACK;
SELECT statement, person, differs FROM only_compare(:'person', :'core', :'agent');

-- Roads on which an actor logs in: each in a transaction of its own that the person begins
SELECT authz.clear_token() \g /dev/null
\set ECHO none
SET client_min_messages = warning;
CREATE FUNCTION only_login(token text) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN PERFORM authz.set_token(token); RETURN 0; END $$;
CREATE FUNCTION only_block(token text) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN BEGIN PERFORM authz.set_token(token); EXCEPTION WHEN division_by_zero THEN NULL; END; RETURN 0; END $$;
CREATE FUNCTION only_failed(token text) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN BEGIN PERFORM authz.set_token(token); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END; RETURN 0; END $$;
CREATE FUNCTION only_deep(token text) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		NOTIFY only_channel, 'outer';
		BEGIN
			NOTIFY only_channel, 'inner';
			PERFORM only_block(token), only_failed(token);
			RAISE division_by_zero;
		EXCEPTION WHEN division_by_zero THEN
			BEGIN NOTIFY only_channel, 'handler'; EXCEPTION WHEN division_by_zero THEN NULL; END;
			PERFORM authz.clear_token();
		END;
	EXCEPTION WHEN division_by_zero THEN
		NULL;
	END;
	RETURN 0;
END $$;
-- 15 lets a function save the setting, and anybody reset it
CREATE FUNCTION only_saved(token text) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN PERFORM authz.set_token(token); RETURN 0; END $$;
DO 'BEGIN IF current_setting(''server_version_num'')::integer < 160000 THEN ALTER FUNCTION only_saved SET transaction_read_only = on; END IF; END';
CREATE FUNCTION only_resets() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN IF current_setting('server_version_num')::integer < 160000 THEN PERFORM set_config('transaction_read_only', NULL, true); END IF; RETURN 0; END $$;
CREATE FUNCTION only_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM authz.set_token(TG_ARGV[0]); RETURN NEW; END $$;
CREATE FUNCTION only_next(integer) RETURNS bigint LANGUAGE sql AS 'SELECT $1 + nextval(''only_seq'')';
CREATE PROCEDURE only_take(bigint) LANGUAGE plpgsql AS 'BEGIN END';
CREATE TEMP TABLE only_road (n serial, road text, actor text, done boolean, moved bigint, state text);
CREATE PROCEDURE only_travel(roads text[]) LANGUAGE plpgsql AS $$
DECLARE
	r record;
	outcome text;
	before bigint;
BEGIN
	FOR r IN SELECT road, actor FROM unnest(roads) WITH ORDINALITY u (road, n), unnest('{bot,writer}'::text[]) actor ORDER BY n, actor LOOP
		PERFORM authz.set_token(only_token(NULL));
		COMMIT;
		before := nextval('only_seq');
		outcome := only_outcome(format(replace(r.road, 'NEXT', 'nextval(''only_seq'')'), only_token(r.actor)));
		INSERT INTO only_road (road, actor, done, moved, state) SELECT r.road, r.actor, outcome = 'done', last_value - before, authz.token_state() FROM only_seq;
		IF outcome NOT IN ('done', '25006') THEN
			RAISE NOTICE '%: %', r.road, outcome;
		END IF;
		COMMIT;
	END LOOP;
END $$;
CREATE TEMP VIEW only_map AS SELECT rtrim(b.road) AS road, b.done, b.moved, b.state, w.done AS writer, w.moved AS more FROM only_road b JOIN only_road w USING (road) WHERE b.actor = 'bot' AND w.actor = 'writer' ORDER BY b.n;
RESET client_min_messages;
\set ECHO all
-- C1.9: a sequence is refused, however the expression that moves it came to be.  accept: for an actor that writes
CALL only_travel(ARRAY['SELECT only_login(%L), NEXT', 'SELECT NEXT, only_login(%L), NEXT', 'SELECT only_block(%L), NEXT', 'SELECT only_failed(%L), NEXT', 'SELECT only_deep(%L), NEXT', 'SELECT only_saved(%L), NEXT',
	'SELECT only_login(%L), only_resets(), NEXT', 'SELECT only_block(%L), only_resets(), NEXT', 'SELECT only_block(%L) + NEXT', 'SELECT sum(NEXT) FROM generate_series(only_block(%L), 1)', 'SELECT only_next(only_block(%L))', 'SELECT setval(''only_seq'', only_deep(%L) + 900)',
	'DO $d$ DECLARE x bigint; BEGIN x := only_block(%L) + NEXT; END $d$', 'DO $d$ DECLARE x bigint; BEGIN IF only_deep(%L) = 0 AND NEXT > 0 THEN x := NEXT; END IF; END $d$', 'CALL only_take(only_block(%L) + NEXT)',
	'DO $d$ DECLARE x bigint; BEGIN FOR i IN 1..2 LOOP x := NEXT; IF i = 1 THEN BEGIN PERFORM authz.set_token(%L); EXCEPTION WHEN division_by_zero THEN x := 0; END; END IF; END LOOP; END $d$',
	'DO $d$ DECLARE x bigint; BEGIN FOR i IN 1..2 LOOP x := NEXT; IF i = 1 THEN x := only_failed(%L); END IF; END LOOP; END $d$',
	'DO $d$ DECLARE x bigint; BEGIN FOR i IN 1..2 LOOP x := NEXT; IF i = 1 THEN x := only_saved(%L); END IF; END LOOP; END $d$',
	'DO $d$ DECLARE x bigint; BEGIN FOR i IN 1..2 LOOP x := NEXT; IF i = 1 THEN x := only_login(%L); x := only_resets(); END IF; END LOOP; END $d$',
	'DO $d$ DECLARE c refcursor; x bigint; BEGIN OPEN c FOR SELECT NEXT FROM generate_series(1, 9); FETCH c INTO x; PERFORM only_deep(%L); FETCH c INTO x; END $d$']);
SELECT * FROM only_map;
TRUNCATE only_road;
-- C1.9: refused within a query or a statement that writes, by any road; nobody is left.  accept: for an actor that writes
CALL only_travel(ARRAY['INSERT INTO only_log SELECT only_login(%L)', 'INSERT INTO only_log VALUES (authz.set_token(%L)::text)', 'INSERT INTO only_log VALUES (authz.try_set_token(%L))', 'INSERT INTO only_log VALUES (set_config(''dbmi_authz.token'', %L, true))',
	'INSERT INTO only_keyed (what) SELECT only_block(%L)', 'UPDATE only_doc SET owner = only_login(%L)::text WHERE id = 2', 'DELETE FROM only_log WHERE only_login(%L) = 1', 'MERGE INTO only_log USING only_doc ON what = owner WHEN NOT MATCHED THEN INSERT VALUES (only_login(%L))',
	'WITH w AS (INSERT INTO only_log VALUES (1) RETURNING 1) SELECT only_login(%L)', 'INSERT INTO only_log SELECT 1 RETURNING only_login(%L)', 'EXPLAIN ANALYZE INSERT INTO only_log SELECT only_login(%L)', 'COPY (INSERT INTO only_log SELECT only_login(%L) RETURNING 1) TO PROGRAM ''cat >/dev/null''',
	'SELECT only_login(%L) FROM only_doc FOR UPDATE', 'CREATE TABLE only_made AS SELECT only_login(%L)', 'ALTER TABLE only_log ALTER what TYPE text USING only_login(%L)',
	'CREATE TRIGGER t BEFORE INSERT ON only_log FOR EACH ROW EXECUTE FUNCTION only_trigger(%L); INSERT INTO only_log VALUES (1); DROP TRIGGER t ON only_log', 'CREATE TRIGGER t AFTER INSERT ON only_log EXECUTE FUNCTION only_trigger(%L); INSERT INTO only_log VALUES (1); DROP TRIGGER t ON only_log',
	'CREATE TRIGGER t BEFORE INSERT ON only_log FOR EACH ROW EXECUTE FUNCTION only_trigger(%L); COPY only_log FROM PROGRAM ''echo 1''; DROP TRIGGER t ON only_log']);
SELECT * FROM only_map;
SELECT authz.set_token(only_token(NULL));
INSERT INTO only_log SELECT authz.try_set_token(only_token('bot'));
SELECT authz.token_state(), authz.last_error() - 'at' AS last_error;
-- accept: a temporary table
INSERT INTO only_temp SELECT 1 WHERE authz.try_set_token(only_token('bot'));
-- refuse: a cursor that locks rows goes on
SELECT authz.set_token(only_token(NULL));
BEGIN;
DECLARE only_locks CURSOR FOR SELECT id FROM only_doc ORDER BY id FOR UPDATE;
DECLARE only_looks CURSOR FOR SELECT id FROM only_doc ORDER BY id;
FETCH only_locks;
SELECT authz.set_token(only_token('bot'), true);
FETCH only_looks;
SAVEPOINT s;
FETCH only_locks;
ROLLBACK TO s;
DELETE FROM only_doc WHERE CURRENT OF only_looks;
ROLLBACK;
-- accept
BEGIN;
DECLARE only_locks CURSOR FOR SELECT id FROM only_doc ORDER BY id FOR UPDATE;
FETCH only_locks;
SELECT authz.set_token(only_token('writer'), true);
FETCH only_locks;
ROLLBACK;
-- refuse: what is left for the end of the transaction, though nobody is in force by then
CREATE FUNCTION only_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO only_log VALUES (NEW.id); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON only_doc DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION only_late();
BEGIN;
UPDATE only_doc SET owner = owner;
SELECT authz.set_token(only_token('bot'), true), authz.clear_token();
COMMIT;
BEGIN;
UPDATE only_doc SET owner = owner;
SELECT authz.set_token(only_token('bot'), true);
PREPARE TRANSACTION 'only';
BEGIN;
DECLARE only_held CURSOR WITH HOLD FOR SELECT nextval('only_seq');
SELECT authz.set_token(only_token('bot'), true), authz.clear_token();
COMMIT;
-- accept
SELECT authz.clear_token();
BEGIN;
UPDATE only_doc SET owner = owner;
DECLARE only_held CURSOR WITH HOLD FOR SELECT nextval('only_seq') > 0 AS moved;
SELECT authz.set_token(only_token('writer'), true), authz.clear_token();
COMMIT;
FETCH only_held;
CLOSE only_held;
BEGIN;
UPDATE only_doc SET owner = owner;
PREPARE TRANSACTION 'only';
-- accept, as PostgreSQL does: it was written by somebody else
SELECT authz.set_token(only_token('bot'));
COMMIT PREPARED 'only';
SELECT authz.clear_token();
-- a transaction that is chained takes the characteristics over, as of any that is read-only
BEGIN;
SELECT authz.set_token(only_token('bot'), true);
COMMIT AND CHAIN;
SELECT authz.token_state();
INSERT INTO only_log VALUES (1);
ROLLBACK;
BEGIN;
SELECT authz.set_token(only_token('bot'), true);
COMMIT AND CHAIN;
SET TRANSACTION READ WRITE;
INSERT INTO only_log VALUES (1);
COMMIT;
-- refuse: the transactions of a procedure, while the actor is in force.  accept: the next one
CREATE PROCEDURE only_steps(actor text, is_local boolean) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.set_token(only_token(actor), is_local);
	COMMIT;
	INSERT INTO only_log VALUES (1);
END $$;
CALL only_steps('bot', false);
SELECT authz.clear_token();
CALL only_steps('bot', true);
CALL only_steps('writer', false);
-- refuse: what EXPLAIN ANALYZE runs, though PostgreSQL itself does not look.  accept: what it only explains
SELECT authz.set_token(only_token('bot'));
EXPLAIN ANALYZE CREATE TABLE only_explained AS SELECT 1;
EXPLAIN ANALYZE SELECT 1 INTO only_explained;
EXPLAIN (COSTS OFF) CREATE TABLE only_explained AS SELECT 1;
-- refuse: a token that was set before the library was there counts for the first query, and its first call
SELECT only_token('bot') AS bot, only_token('writer') AS writer, last_value AS last FROM only_seq \gset
\c -
SET dbmi_authz.token = :'bot';
LOAD 'dbmi_authz';
SELECT nextval('only_seq');
\c -
SET dbmi_authz.token = :'bot';
LOAD 'dbmi_authz';
COPY only_log FROM PROGRAM 'echo 1';
\c -
SET dbmi_authz.token = :'bot';
LOAD 'dbmi_authz';
SELECT nextval('only_seq'), authz.set_token(:'writer');
\c -
SET dbmi_authz.token = :'bot';
LOAD 'dbmi_authz';
INSERT INTO only_log SELECT authz.set_token(:'writer');
SELECT last_value - :last AS moved FROM only_seq;
-- accept
\c -
SET dbmi_authz.token = :'writer';
LOAD 'dbmi_authz';
SELECT nextval('only_seq') - :last AS moved;
\c -
SET dbmi_authz.token = :'bot';
LOAD 'dbmi_authz';
SELECT authz.set_token(:'writer');
SELECT nextval('only_seq') - :last AS moved;

\set ECHO none
SET client_min_messages = warning;
CALL mint.go_home();
DELETE FROM authz.actor_ceiling;
DELETE FROM authz.item_permission WHERE client = 'app';
SELECT lo_unlink(77001), authz.unregister_access('only.old', 'only_doc', 'user') \g /dev/null
DROP SCHEMA authz_foreign CASCADE;
DROP EXTENSION postgres_fdw CASCADE;
DROP TABLE only_doc, only_part, only_log, only_keyed, only_statement, only_made CASCADE;
DROP SEQUENCE only_seq;
DROP TYPE only_type;
SELECT format('DROP %s %s', CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, oid::regprocedure) FROM pg_proc WHERE proname ~ '^only_' \gexec
