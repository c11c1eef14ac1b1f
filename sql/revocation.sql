-- A revoked token is refused, in every session that has adopted it, from the next query on; nothing else is.
\getenv abs_srcdir PG_ABS_SRCDIR
\set mint :abs_srcdir '/test/sql/mint.sql'
\set ECHO none
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dbmi_authz;
\i :mint
RESET client_min_messages;
\pset format unaligned
\pset footer off
\set ECHO all
CREATE FUNCTION revocation_try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''));
END $$;
CREATE FUNCTION revocation_login(claims jsonb) RETURNS boolean LANGUAGE sql
	RETURN authz.try_set_token(mint.token(jsonb '{"iss": "https://rev.example"}' || claims));
CREATE VIEW revocation_shown AS
	SELECT issuer, kind, value, issued_before, until FROM authz.revocation
	 WHERE issuer LIKE 'https://rev%.example' ORDER BY issuer, kind, value;
CREATE FUNCTION revocation_written() RETURNS text LANGUAGE sql
	RETURN (SELECT string_agg(concat(xmin, ctid), ' ' ORDER BY kind, value) FROM authz.revocation WHERE issuer = 'https://rev.example');
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT authz.add_issuer(i, '{clinic}', options => '{"algorithms": ["HS256"]}'), authz.add_secret(i, mint.secret())
  FROM unnest('{https://rev.example,https://rev2.example}'::text[]) i;

--
-- revoke_token: by jti
--
-- accept
SELECT revocation_login('{"jti": "J1"}');
SELECT authz.revoke_token('https://rev.example', 'J2');
SELECT authz.revoke_token('https://rev2.example', 'J1');
SELECT authz.token_state();
-- refuse
SELECT authz.revoke_token('https://rev.example', 'J1', '2100-01-01');
SELECT authz.token_state(), authz.is_authenticated();
SELECT revocation_try('SELECT authz.expires_at()');
SELECT revocation_login('{"jti": "J1"}') AS revoked, authz.last_error() ->> 'error_description' AS why;
-- accept: by one byte, and without jti
SELECT revocation_login('{"jti": "j1"}') AS lower, revocation_login('{"jti": "J1 "}') AS longer, revocation_login('{}') AS none;
-- accept: rolled back, it was not revoked
BEGIN;
SELECT authz.revoke_token('https://rev.example', 'J3');
SELECT revocation_login('{"jti": "J3"}');
ROLLBACK;
SELECT revocation_login('{"jti": "J3"}');
-- repeated: the later end holds, for ever is the latest
TABLE revocation_shown;
SELECT authz.revoke_token('https://rev.example', 'J1', '2101-01-01');
SELECT authz.revoke_token('https://rev.example', 'J1', '2000-01-01');
SELECT until FROM revocation_shown WHERE (issuer, value) = ('https://rev.example', 'J1');
SELECT authz.revoke_token('https://rev.example', 'J1');
SELECT until FROM revocation_shown WHERE (issuer, value) = ('https://rev.example', 'J1');
SELECT revocation_written() AS before \gset
SELECT authz.revoke_token('https://rev.example', 'J1', '2102-01-01');
SELECT authz.revoke_token('https://rev.example', 'J1', NULL);
SELECT until, revocation_written() = :'before' AS untouched FROM revocation_shown WHERE (issuer, value) = ('https://rev.example', 'J1');
-- refuse: NULL, empty, another issuer
SELECT revocation_try($$SELECT authz.revoke_token(NULL, 'J1')$$);
SELECT revocation_try($$SELECT authz.revoke_token('', 'J1')$$);
SELECT revocation_try($$SELECT authz.revoke_token('https://rev.example', NULL)$$);
SELECT revocation_try($$SELECT authz.revoke_token('https://rev.example', '')$$);
SELECT revocation_try($$SELECT authz.revoke_token('https://REV.example', 'J1')$$);
SELECT revocation_try($$SELECT authz.revoke_token('https://rev.example/', 'J1', '2100-01-01')$$);

--
-- revoke_session: by sid
--
-- accept
SELECT revocation_login('{"sid": "S1"}');
SELECT authz.revoke_session('https://rev.example', 's1');
SELECT authz.revoke_session('https://rev2.example', 'S1');
SELECT authz.token_state();
-- refuse
SELECT authz.revoke_session('https://rev.example', 'S1');
SELECT authz.revoke_session('https://rev.example', 'S1');
SELECT authz.token_state();
SELECT revocation_login('{"sid": "S1"}') AS revoked, revocation_login('{"sid": "S2"}') AS other, revocation_login('{"jti": "S1"}') AS jti;
-- refuse
SELECT revocation_try($$SELECT authz.revoke_session(NULL, 'S1')$$);
SELECT revocation_try($$SELECT authz.revoke_session('', 'S1')$$);
SELECT revocation_try($$SELECT authz.revoke_session('https://rev.example', NULL)$$);
SELECT revocation_try($$SELECT authz.revoke_session('https://rev.example', '')$$);
SELECT revocation_try($$SELECT authz.revoke_session('https://nobody.example', 'S1')$$);

--
-- revoke_subject: by sub, issued at or before a time
--
-- accept: 1700000000 is 2023-11-14 22:13:20
SELECT revocation_login('{"sub": "bob", "iat": 1700000000}');
SELECT authz.revoke_subject('https://rev.example', 'Bob', '2100-01-01');
SELECT authz.revoke_subject('https://rev2.example', 'bob', '2100-01-01');
SELECT authz.revoke_subject('https://rev.example', 'bob', '2023-11-14 22:13:19.999999');
SELECT authz.token_state();
-- refuse: what has no iat; the same second
SELECT revocation_login('{"sub": "bob"}') AS no_iat, revocation_login('{"sub": "bob", "iat": 1699999999}') AS earlier,
	   revocation_login('{"sub": "bob", "iat": 1700000000.5}') AS later;
SELECT revocation_login('{"sub": "bob", "iat": 1700000000}');
SELECT authz.revoke_subject('https://rev.example', 'bob', '2023-11-14 22:13:20');
SELECT authz.token_state(), revocation_login('{"sub": "bob", "iat": 1700000000}') AS same, revocation_login('{"sub": "bob", "iat": 1700000001}') AS later;
-- repeated: the later time holds
SELECT authz.revoke_subject('https://rev.example', 'bob', '2000-01-01');
SELECT issued_before FROM revocation_shown WHERE (issuer, value) = ('https://rev.example', 'bob');
SELECT authz.revoke_subject('https://rev.example', 'bob', '2024-01-01');
SELECT issued_before FROM revocation_shown WHERE (issuer, value) = ('https://rev.example', 'bob');
SELECT revocation_login('{"sub": "bob", "iat": 1700000001}') AS later;
-- by default now: everything so far
SELECT revocation_login('{"sub": "eve", "iat": "-5"}');
SELECT authz.revoke_subject('https://rev.example', 'eve');
SELECT authz.token_state(), revocation_login('{"sub": "eve", "iat": "-5"}') AS before;
SELECT pg_sleep(1.1);
SELECT revocation_login('{"sub": "eve", "iat": "-0"}') AS after;
-- for good, and of nothing but what has no iat
SELECT authz.revoke_subject('https://rev.example', 'dan', 'infinity');
SELECT authz.revoke_subject('https://rev.example', 'dora', '-infinity');
SELECT revocation_login('{"sub": "dan", "iat": "-0"}') AS dan, revocation_login('{"sub": "dora", "iat": 1}') AS dora,
	   revocation_login('{"sub": "dora"}') AS dora_no_iat;
-- refuse
SELECT revocation_try($$SELECT authz.revoke_subject(NULL, 'bob')$$);
SELECT revocation_try($$SELECT authz.revoke_subject('', 'bob')$$);
SELECT revocation_try($$SELECT authz.revoke_subject('https://rev.example', NULL)$$);
SELECT revocation_try($$SELECT authz.revoke_subject('https://rev.example', '')$$);
SELECT revocation_try($$SELECT authz.revoke_subject('https://rev.example', 'bob', NULL)$$);
SELECT revocation_try($$SELECT authz.revoke_subject('https://nobody.example', 'bob')$$);
-- without sub the user id claim counts
SELECT authz.add_issuer('https://rev3.example', NULL, 'propelauth', '{"algorithms": ["HS256"]}'),
	   authz.add_secret('https://rev3.example', mint.secret());
-- accept
SELECT authz.try_set_token(mint.hs256('{"iss": "https://rev3.example", "user_id": "u-1", "iat": "-5", "exp": "+60"}'));
SELECT authz.revoke_subject('https://rev3.example', 'u-2');
SELECT authz.token_state();
-- refuse
SELECT authz.revoke_subject('https://rev3.example', 'u-1');
SELECT authz.token_state();
-- accept: sub comes first
SELECT authz.try_set_token(mint.hs256('{"iss": "https://rev3.example", "sub": "s-1", "user_id": "u-1", "iat": "-5", "exp": "+60"}'));

-- accept: a token without any of the three
SELECT authz.alter_issuer('https://rev3.example', '{"required_claims": ["exp"]}') \g /dev/null
SELECT authz.try_set_token(mint.hs256('{"iss": "https://rev3.example", "exp": "+60", "iat": "-5"}'));

--
-- Felt at the next query, in the middle of a transaction, under REPEATABLE READ too
--
SELECT revocation_login('{"jti": "J4"}');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT authz.token_state();
SELECT authz.revoke_token('https://rev.example', 'J4');
SELECT authz.token_state();
COMMIT;
-- an expression of PL/pgSQL is no query that could be compared
CREATE FUNCTION revocation_asks() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN authz.is_owner('ann'::text); END $$;
-- what has ended stays so for who had adopted it, also when the revocation is rolled back; logging in anew asks anew
SELECT revocation_login('{"jti": "J8"}');
BEGIN;
SELECT authz.revoke_token('https://rev.example', 'J8');
SELECT authz.token_state();
ROLLBACK;
SELECT revocation_try('SELECT revocation_asks()');
SELECT authz.token_state(), revocation_login('{"jti": "J8"}');
SELECT authz.token_state();
-- and ends nobody else's: the one of before the savepoint
BEGIN;
SAVEPOINT s;
SELECT revocation_login('{"jti": "J9"}');
SELECT authz.revoke_token('https://rev.example', 'J9');
SELECT authz.token_state();
ROLLBACK TO s;
SELECT authz.token_state();
COMMIT;
-- rows written by hand, truncated and all; also where no trigger should fire
SELECT revocation_login('{"jti": "J6"}');
SET session_replication_role = replica;
INSERT INTO authz.revocation (issuer, kind, value) VALUES ('https://rev.example', 'token', 'J6');
SELECT authz.token_state();
UPDATE authz.revocation SET value = 'J7' WHERE value = 'J6';
SELECT revocation_login('{"jti": "J6"}');
DELETE FROM authz.revocation WHERE value = 'J4';
SELECT revocation_login('{"jti": "J4"}');
RESET session_replication_role;
BEGIN;
TRUNCATE authz.revocation;
SELECT revocation_login('{"jti": "J7"}');
ROLLBACK;
SELECT revocation_login('{"jti": "J7"}');

--
-- Z10: what has ended stays so for that adoption, whoever else was adopted meanwhile
--
DELETE FROM authz.revocation WHERE issuer LIKE 'https://rev%.example';
SELECT revocation_login('{"jti": "Z1", "sub": "z-1", "sid": "zs"}');
SELECT authz.revoke_token('https://rev.example', 'Z1');
SELECT authz.token_state();
DELETE FROM authz.revocation WHERE value = 'Z1';
-- refuse: somebody else logs in, and is rolled back
BEGIN;
SELECT revocation_login('{"jti": "Z2"}');
SELECT authz.token_state();
ROLLBACK;
SELECT authz.token_state();
SELECT revocation_try('SELECT authz.subject()');
-- refuse: for the transaction only, in savepoints, many
BEGIN;
SELECT authz.set_token(mint.token('{"iss": "https://rev.example", "jti": "Z3"}'), true);
SELECT authz.token_state();
COMMIT;
SELECT authz.token_state();
BEGIN;
SAVEPOINT a;
SELECT count(*) FROM generate_series(1, 100) i WHERE authz.try_set_token(mint.token(jsonb_build_object('iss', 'https://rev.example', 'jti', 'Z4-' || i)));
SELECT authz.token_state();
ROLLBACK TO a;
SELECT authz.token_state();
SAVEPOINT b;
SELECT authz.clear_token();
SELECT authz.token_state();
ROLLBACK TO b;
SELECT authz.token_state();
COMMIT;
-- refuse: both have ended, the inner one and the outer one
BEGIN;
SELECT revocation_login('{"jti": "Z5"}');
SELECT authz.revoke_token('https://rev.example', 'Z5');
SELECT authz.token_state();
DELETE FROM authz.revocation WHERE value = 'Z5';
SAVEPOINT c;
SELECT revocation_login('{"jti": "Z6"}');
ROLLBACK TO c;
SELECT authz.token_state();
ROLLBACK;
SELECT authz.token_state();
-- accept: the same token, adopted anew, is another adoption; and one that never was looked at while it was revoked
SELECT revocation_login('{"jti": "Z1", "sub": "z-1", "sid": "zs"}');
SELECT authz.token_state();
BEGIN;
SELECT revocation_login('{"jti": "Z7"}');
SELECT authz.revoke_token('https://rev.example', 'Z1');
DELETE FROM authz.revocation WHERE value = 'Z1';
ROLLBACK;
SELECT authz.token_state();
-- refuse: the other ways to end
SELECT authz.revoke_subject('https://rev.example', 'z-1'), authz.token_state();
DELETE FROM authz.revocation WHERE value = 'z-1';
BEGIN;
SELECT revocation_login('{"jti": "Z8"}');
ROLLBACK;
SELECT authz.token_state();
SELECT revocation_login('{"jti": "Z9", "sid": "zs"}'), authz.token_state();
SELECT authz.revoke_session('https://rev.example', 'zs');
SELECT authz.token_state();
DELETE FROM authz.revocation WHERE value = 'zs';
BEGIN;
SELECT revocation_login('{"jti": "Z8"}');
ROLLBACK;
SELECT authz.token_state();
SELECT revocation_login('{"jti": "Z9"}');
CREATE TEMP TABLE revocation_key AS SELECT * FROM authz.issuer_key WHERE issuer = 'https://rev.example';
DELETE FROM authz.issuer_key WHERE issuer = 'https://rev.example';
SELECT authz.token_state();
INSERT INTO authz.issuer_key TABLE revocation_key;
BEGIN;
SELECT revocation_login('{"jti": "Z8"}');
ROLLBACK;
SELECT authz.token_state();

--
-- prune_revocations: what has ended, and no more
--
DELETE FROM authz.revocation WHERE issuer LIKE 'https://rev%.example';
SELECT authz.prune_revocations() >= 0;
SELECT authz.revoke_token('https://rev.example', 'ended', now() - interval '1 second'),
	   authz.revoke_token('https://rev.example', 'ending', now() + interval '1 hour'),
	   authz.revoke_token('https://rev.example', 'never'),
	   authz.revoke_token('https://rev.example', 'infinite', 'infinity'),
	   authz.revoke_session('https://rev.example', 'session'),
	   authz.revoke_subject('https://rev.example', 'subject', '2000-01-01');
-- refuse: it holds as long as its row stands
SELECT revocation_login('{"jti": "ended"}');
-- accept
SELECT authz.prune_revocations();
SELECT authz.prune_revocations();
SELECT revocation_login('{"jti": "ended"}');
SELECT kind, value FROM revocation_shown;

-- clean up
SELECT authz.clear_token();
SELECT count(authz.drop_issuer(issuer)::text) FROM authz.issuer WHERE issuer LIKE 'https://rev%.example';
-- dropping keeps the revocations, and they count again when the issuer comes back
SELECT count(*) FROM revocation_shown;
SELECT authz.add_issuer('https://rev.example', '{clinic}', options => '{"algorithms": ["HS256"]}'), authz.add_secret('https://rev.example', mint.secret());
SELECT revocation_login('{"jti": "never"}') AS never, revocation_login('{"jti": "ended"}') AS ended;
SELECT authz.clear_token(), authz.drop_issuer('https://rev.example');
DELETE FROM authz.revocation WHERE issuer LIKE 'https://rev%.example';
DROP VIEW revocation_shown;
DROP FUNCTION revocation_try, revocation_login, revocation_written, revocation_asks;
