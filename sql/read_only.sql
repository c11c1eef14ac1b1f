-- An actor that may only read: what a read-only transaction refuses is refused, to its end, whatever clears the identity.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
\set ECHO all
CREATE TABLE only_doc (id integer PRIMARY KEY, at timestamptz DEFAULT now());
CREATE TABLE only_part (doc integer REFERENCES only_doc ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
CREATE SEQUENCE only_seq;
INSERT INTO only_doc SELECT n FROM generate_series(1, 3) n;
CREATE FUNCTION only_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO only_part VALUES (NEW.id); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON only_doc DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION only_late();
CREATE FUNCTION only_writes() RETURNS void LANGUAGE sql AS 'INSERT INTO only_part VALUES (2)';
SELECT authz.set_actor_ceiling('https://people.example', 'bot', permissions => '{}'), authz.set_actor_ceiling('https://people.example', 'writer', permissions => '{}', read_only => false);
CREATE FUNCTION only_token(actor text) RETURNS text LANGUAGE sql RETURN mint.person('tG', CASE WHEN actor IS NULL THEN '{}' ELSE jsonb_build_object('act', jsonb_build_object('sub', actor)) END);
CREATE FUNCTION only_try() RETURNS TABLE (call text, outcome text) LANGUAGE sql AS $$
	SELECT c, mint.outcome(c) FROM unnest(ARRAY['SELECT count(*) > 0 FROM only_doc', 'INSERT INTO only_part VALUES (1) RETURNING 1', 'UPDATE only_part SET doc = 1', 'DELETE FROM only_part', 'WITH w AS (INSERT INTO only_part VALUES (1) RETURNING 1) SELECT 1',
		'SELECT 1 FROM only_doc WHERE id = 1 FOR UPDATE', 'SELECT nextval(''only_seq'') > 0', 'SELECT only_writes()', 'CREATE TABLE only_more ()', 'TRUNCATE only_part', 'COPY only_part FROM PROGRAM ''echo 1''',
		'SELECT authz.grant_item_permission(''a@b'', ''i'', ''p'')', 'SELECT authz.revoke_token(''https://people.example'', ''x'')']) c
$$;
-- refuse
SELECT authz.set_token(only_token('bot'));
SELECT * FROM only_try();
-- accept: an actor that may write, and nobody's ceiling
SELECT authz.set_token(only_token('writer'));
BEGIN;
SELECT call, left(outcome, 5) FROM only_try();
ROLLBACK;
SELECT authz.set_token(only_token('other'));
BEGIN;
SELECT call, left(outcome, 5) FROM only_try() WHERE outcome LIKE '25006%';
ROLLBACK;
SELECT authz.set_token(only_token(NULL));
INSERT INTO only_part VALUES (1);

-- refuse: to the end of the transaction, whatever clears the identity
BEGIN;
SELECT authz.set_token(only_token('bot'));
SELECT authz.clear_token();
INSERT INTO only_part VALUES (1);
ROLLBACK;
BEGIN;
SELECT authz.set_token(only_token('bot')), authz.clear_token();
INSERT INTO only_part VALUES (1);
ROLLBACK;
BEGIN;
SELECT set_config('dbmi_authz.token', only_token('bot'), true) \g /dev/null
RESET dbmi_authz.token;
INSERT INTO only_part VALUES (1);
ROLLBACK;
BEGIN;
SELECT authz.set_token(only_token('bot'));
SELECT authz.set_token(only_token('writer'));
INSERT INTO only_part VALUES (1);
ROLLBACK;
BEGIN;
SELECT authz.try_set_token('nonsense'), authz.set_token(only_token('bot')), authz.try_set_token('nonsense');
INSERT INTO only_part VALUES (1);
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT authz.set_token(only_token('bot'));
ROLLBACK TO s;
INSERT INTO only_part VALUES (1);
ROLLBACK;
BEGIN;
SELECT authz.set_token(only_token('bot'), true);
SAVEPOINT s;
SET TRANSACTION READ WRITE;
ROLLBACK TO s;
SET LOCAL transaction_read_only = on;
ROLLBACK TO s;
INSERT INTO only_part VALUES (1);
ROLLBACK;
SELECT authz.set_token(only_token('bot'));
BEGIN READ WRITE;
INSERT INTO only_part VALUES (1);
ROLLBACK;
SET default_transaction_read_only = off;
INSERT INTO only_part VALUES (1);
START TRANSACTION;
SET TRANSACTION READ WRITE;
SELECT only_writes();
ROLLBACK;
-- refuse: a deferred trigger that writes, at the end
SELECT authz.clear_token();
BEGIN;
UPDATE only_doc SET at = at WHERE id = 3;
SELECT authz.set_token(only_token('bot'));
COMMIT;
SELECT count(*) FROM only_part WHERE doc = 3;
-- refuse: within a function, behind a block that failed
SELECT authz.clear_token();
DO $$
BEGIN
	BEGIN
		PERFORM authz.set_token(only_token('bot'));
		RAISE division_by_zero;
	EXCEPTION WHEN division_by_zero THEN
		NULL;
	END;
	INSERT INTO only_part VALUES (1);
END $$;
-- accept: the next transaction of somebody else
SELECT authz.clear_token();
INSERT INTO only_part VALUES (1);
BEGIN;
UPDATE only_doc SET at = at WHERE id = 3;
COMMIT;
SELECT count(*) FROM only_part WHERE doc = 3;
-- a change of the ceiling is felt
SELECT authz.set_token(only_token('bot'));
INSERT INTO only_part VALUES (1);
SELECT authz.clear_token();
SELECT authz.set_token(only_token('writer'));
SELECT authz.set_actor_ceiling('https://people.example', 'writer', permissions => '{}');
INSERT INTO only_part VALUES (1);
-- an identity that has ended does not begin to write
SELECT authz.clear_token();
SELECT authz.set_token(mint.hs256((mint.claims('tG') || '{"exp": "+1", "act": {"sub": "bot"}}')::json));
SELECT pg_sleep(2.1) \g /dev/null
SELECT authz.token_state();
INSERT INTO only_part VALUES (1);
SELECT authz.clear_token();

CALL mint.go_home();
DELETE FROM authz.actor_ceiling;
DROP TABLE only_part, only_doc;
DROP SEQUENCE only_seq;
DROP FUNCTION only_late, only_writes, only_token, only_try;
