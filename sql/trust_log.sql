-- The record of the trust: a row for each change of whom the database believes, whoever makes it and however, and no byte of a key.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
SET client_min_messages = error;
\pset format unaligned
\pset footer off
\set VERBOSITY terse
\set ECHO all
CREATE ROLE tlog_admin;
CREATE ROLE tlog_writer;
GRANT pg_write_all_data, pg_read_all_data TO tlog_writer;
CREATE FUNCTION tlog_row(r json) RETURNS text LANGUAGE sql RETURN
	regexp_replace(r::text, '"(added_at|revoked_at|issued_before|thumbprint|rule_owner)":"[^"]*"', '"\1":"..."', 'g');
-- What has been recorded since the last look
\set look 'SELECT relation, command, rows, tlog_row(old_row) AS old, tlog_row(new_row) AS new FROM authz.trust_log ORDER BY at; TRUNCATE authz.trust_log;'
TRUNCATE authz.trust_log;

-- Functions
SELECT authz.add_issuer('https://tlog.example', '{api}', options => '{"algorithms": ["EdDSA", "HS256"]}');
SELECT authz.alter_issuer('https://tlog.example', '{"algorithms": ["EdDSA", "HS256"], "leeway_seconds": 5}');
SELECT authz.add_key('https://tlog.example', '{"kty": "OKP", "crv": "Ed25519", "kid": "public", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}') \g /dev/null
SELECT authz.add_secret('https://tlog.example', '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', 'secret') \g /dev/null
SELECT authz.revoke_token('https://tlog.example', 'J1'), authz.revoke_subject('https://tlog.example', 'ann'), authz.revoke_session('https://tlog.example', 'S1'), authz.revoke_actor('https://tlog.example', 'bot');
SELECT authz.set_actor_ceiling('https://tlog.example', 'bot', scopes => '{a}');
SELECT authz.drop_actor_ceiling('https://tlog.example', 'bot');
CREATE TABLE tlog_doc (id int PRIMARY KEY, owner text);
CREATE FUNCTION tlog_rule(id int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
SELECT authz.register_access('tlog.see', 'tlog_doc', 'user', 'tlog_rule(integer)');
SELECT authz.unregister_access('tlog.see', 'tlog_doc', 'user');
SELECT authz.watch('tlog_doc'), authz.unwatch('tlog_doc');
SELECT authz.protect('tlog_doc', 'owner', dry_run => true) IS NULL AS nothing;
SELECT authz.protect('tlog_doc', 'owner') IS NULL AS nothing;
SELECT authz.unprotect('tlog_doc');
:look

-- By hand: the same
INSERT INTO authz.inactive_subject VALUES ('https://tlog.example', 'bob');
UPDATE authz.inactive_subject SET subject = 'bobby' WHERE subject = 'bob';
DELETE FROM authz.inactive_subject;
UPDATE authz.issuer_key SET kid = 'other' WHERE kid = 'secret';
INSERT INTO authz.permission_implies VALUES ('tlog', 'edit', 'view');
DELETE FROM authz.permission_implies;
-- a column that holds a secret under another name is not told
ALTER TABLE authz.issuer_key RENAME jwk TO kept;
UPDATE authz.issuer_key SET source = 'hand' WHERE kid = 'other';
ALTER TABLE authz.issuer_key RENAME kept TO jwk;
:look
-- no row: a statement that changes nothing, permissions on items
UPDATE authz.issuer SET audience = '{x}' WHERE issuer = 'https://nobody.example';
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('a@example.com', 'tlog', 'i', 'VIEW');
DELETE FROM authz.item_permission;
SELECT authz.watch(NULL), authz.prune_revocations();
:look

-- COPY is one row, and so is pruning
COPY authz.revocation (issuer, kind, value, until) FROM STDIN;
https://tlog.example	token	T1	2001-01-01
https://tlog.example	token	T2	2001-01-01
https://tlog.example	token	T3	2001-01-01
\.
COPY authz.revocation (issuer, kind, value, until) FROM STDIN;
\.
INSERT INTO authz.revocation (issuer, kind, value) VALUES ('https://tlog.example', 'token', 'T4'), ('https://tlog.example', 'token', 'T5');
SELECT authz.prune_revocations();
DELETE FROM authz.revocation WHERE value = 'T5';
:look
-- one that fails leaves nothing behind, nor for the next
COPY authz.revocation (issuer, kind, value, until) FROM STDIN;
https://tlog.example	token	T6	2001-01-01
https://tlog.example	nothing	T7	2001-01-01
\.
COPY authz.revocation (issuer, kind, value, until) FROM STDIN;
https://tlog.example	token	T8	2001-01-01
\.
-- what a trigger of the owner's writes meanwhile has rows of its own
CREATE FUNCTION tlog_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.value = 'T9' THEN
		INSERT INTO authz.revocation (issuer, kind, value) VALUES (NEW.issuer, 'token', 'more');
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER more AFTER INSERT ON authz.revocation FOR EACH ROW EXECUTE FUNCTION tlog_more();
COPY authz.revocation (issuer, kind, value, until) FROM STDIN;
https://tlog.example	token	T9	2001-01-01
https://tlog.example	token	T10	2001-01-01
\.
DROP TRIGGER more ON authz.revocation;
TRUNCATE authz.revocation;
:look

-- In the transaction: what was rolled back was not
BEGIN;
SELECT authz.revoke_token('https://tlog.example', 'J2');
SAVEPOINT a;
SELECT authz.revoke_token('https://tlog.example', 'J3');
ROLLBACK TO a;
COMMIT;
BEGIN;
SELECT authz.revoke_token('https://tlog.example', 'J4');
ROLLBACK;
SELECT count(DISTINCT transaction) AS transactions FROM authz.trust_log;
:look

-- Who: roles outside of functions, and the identity
SELECT current_user AS me, current_database() AS db \gset
ALTER DATABASE :"db" OWNER TO tlog_admin;
SELECT authz.set_token(mint.hs256((mint.claims('tG') || '{"sub": "ann", "jti": "J1", "act": {"sub": "bot"}}')::json)) \g /dev/null
TRUNCATE authz.trust_log;
SET ROLE tlog_admin;
SELECT authz.revoke_token('https://tlog.example', 'J5');
CREATE FUNCTION public.tlog_definer() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ SELECT authz.revoke_token('https://tlog.example', 'J6') $$;
RESET ROLE;
SELECT tlog_definer();
SELECT command, session_role = :'me' AS me, CASE role WHEN :'me' THEN 'me' ELSE role END AS role, issuer, subject, actor, token_id,
	   application LIKE '%trust_log' AS application, replicated, now() - at < interval '1 minute' AS now
  FROM authz.trust_log ORDER BY at;
SELECT authz.clear_token();

-- The owner reads, writes and prunes it, and nobody else, whatever they hold
SET ROLE tlog_admin;
SELECT count(*) FROM authz.trust_log;
UPDATE authz.trust_log SET subject = 'carl';
SELECT authz.prune_trust_log(now() - interval '1 hour'), authz.prune_trust_log('infinity');
SELECT relation, command, rows FROM authz.trust_log;
SELECT authz.prune_trust_log(NULL);
SET ROLE tlog_writer;
INSERT INTO authz.trust_log (at, transaction, relation, command, replicated) VALUES (now(), '1', 'issuer', 'INSERT', false);
DELETE FROM authz.trust_log;
SELECT authz.prune_trust_log(now());
RESET ROLE;

-- No byte of a key anywhere
SELECT authz.add_secret('https://tlog.example', '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'two') \g /dev/null
SELECT authz.set_jwks('https://tlog.example', '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "set", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}') \g /dev/null
DELETE FROM authz.issuer_key;
SELECT authz.drop_issuer('https://tlog.example');
SELECT count(*) AS rows, count(*) FILTER (WHERE l::text ~ 'AAECAwQ|000102|ABEiM|001122|11qYAYKx') AS with_keys,
	   count(*) FILTER (WHERE relation = 'issuer_key' AND coalesce(new_row, old_row) ->> 'alg' = 'HS256' AND coalesce(new_row, old_row) ->> 'thumbprint' IS NOT NULL) AS of_secrets,
	   count(*) FILTER (WHERE coalesce(new_row, old_row) ->> 'alg' = 'Ed25519' AND coalesce(new_row, old_row) ->> 'thumbprint' IS NOT NULL) > 0 AS of_public_keys
  FROM authz.trust_log l;

ALTER DATABASE :"db" OWNER TO :"me";
DROP TABLE tlog_doc;
DROP FUNCTION tlog_rule, tlog_row, tlog_more, tlog_definer;
REVOKE ALL ON SCHEMA public FROM tlog_admin;
DROP OWNED BY tlog_admin, tlog_writer;
DROP ROLE tlog_admin, tlog_writer;
CALL mint.go_home();
