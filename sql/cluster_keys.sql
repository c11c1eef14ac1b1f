-- Keys of a cluster: added, listed and dropped by the owner of the database; no statement reads them, and no error quotes them.
\set ECHO none
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dbmi_authz;
RESET client_min_messages;
\pset format unaligned
\pset footer off
\set ECHO all
\set d 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A'
\set x '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
SELECT format('{"kty": "OKP", "crv": "Ed25519", "x": "%s"}', :'x') AS public, format('{"kty": "OKP", "crv": "Ed25519", "x": "%s", "d": "%s"}', :'x', :'d') AS private \gset
-- What comes of a statement; everything that an error says is looked at.
CREATE FUNCTION cluster_try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
	context text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
	IF concat(message, detail, hint, context) ~ 'nWGxne' THEN
		RETURN 'the key is in the error';
	END IF;
	RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''));
END $$;

--
-- Adding
--
-- accept: a key that is made here, one that is brought along, and a public one
SELECT r ->> 'kid' AS kid, r ->> 'crv' AS crv, length(r ->> 'x') AS x, r -> 'd' IS NULL AS public FROM authz.add_cluster_key('made') r;
SELECT authz.add_cluster_key('brought', :'private');
SELECT kid, length(thumbprint), signs, added_at BETWEEN now() - interval '1 hour' AND clock_timestamp() AS now, jwk ->> 'x' = :'x' AS x, jwk -> 'd' IS NULL AS public FROM authz.cluster_keys();
SELECT authz.drop_cluster_key('brought');
SELECT authz.add_cluster_key_public('other', :'public');
-- the one that was added last and has a private key signs
SELECT kid, signs FROM authz.cluster_keys();
SELECT authz.drop_cluster_key('other');
-- refuse
SELECT what, cluster_try(statement) FROM (VALUES
	(1, 'no name', 'SELECT authz.add_cluster_key(NULL)'),
	(2, 'empty name', $$SELECT authz.add_cluster_key('')$$),
	(3, 'long name', $$SELECT authz.add_cluster_key(repeat('k', 201))$$),
	(4, 'control character', $$SELECT authz.add_cluster_key(E'a\tb')$$),
	(5, 'the same name', $$SELECT authz.add_cluster_key('made')$$),
	(6, 'the same name, public', format('SELECT authz.add_cluster_key_public(%L, %L)', 'made', :'public')),
	(7, 'public for private', format('SELECT authz.add_cluster_key(%L, %L)', 'p', :'public')),
	(8, 'private for public', format('SELECT authz.add_cluster_key_public(%L, %L)', 'p', :'private')),
	(9, 'd that is not of x', format('SELECT authz.add_cluster_key(%L, %L)', 'p', replace(:'private', 'nWG', 'nWH'))),
	(10, 'another kid', format('SELECT authz.add_cluster_key(%L, %L)', 'p', replace(:'private', '}', ', "kid": "q"}'))),
	(11, 'another kid, public', format('SELECT authz.add_cluster_key_public(%L, %L)', 'p', replace(:'public', '}', ', "kid": "q"}'))),
	(12, 'another curve', $$SELECT authz.add_cluster_key_public('p', '{"kty": "OKP", "crv": "Ed448", "x": "X9dEm1m0Yf0s54fsYWrUah2hNCSFpw4fig6nXYDpZ3jt8SR2m0bHBhvWeD3x5Q9s0foavq_oJWGA"}')$$),
	(13, 'a secret', $$SELECT authz.add_cluster_key_public('p', '{"kty": "oct", "alg": "HS256", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}')$$),
	(14, 'for encryption', format('SELECT authz.add_cluster_key_public(%L, %L)', 'p', replace(:'public', '}', ', "use": "enc"}'))),
	(15, 'no JWK', $$SELECT authz.add_cluster_key_public('p', NULL)$$),
	(16, 'an array', $$SELECT authz.add_cluster_key('p', '[]')$$),
	(17, 'a member twice', format('SELECT authz.add_cluster_key(%L, %L)', 'p', replace(:'private', '}', ', "crv": "Ed25519"}'))),
	(18, 'dropping none', $$SELECT authz.drop_cluster_key('p')$$),
	(19, 'dropping NULL', 'SELECT authz.drop_cluster_key(NULL)')) t (n, what, statement) ORDER BY n;
SELECT authz.add_cluster_key_public('one', :'public');
SELECT cluster_try(format('SELECT authz.add_cluster_key_public(%L, %L)', 'two', :'public')) AS the_same_key;
SELECT authz.drop_cluster_key('one');
-- 64 of them, and no more
SELECT count(authz.add_cluster_key('k' || i)) FROM generate_series(1, 63) i;
SELECT cluster_try($$SELECT authz.add_cluster_key('last')$$);
SELECT count(authz.drop_cluster_key('k' || i)) FROM generate_series(1, 63) i;
SELECT kid, signs FROM authz.cluster_keys();

--
-- With the transaction
--
BEGIN;
SELECT authz.drop_cluster_key('made');
SELECT count(*) FROM authz.cluster_keys();
SAVEPOINT s;
SELECT authz.add_cluster_key('again') IS NOT NULL;
SELECT kid, signs FROM authz.cluster_keys();
ROLLBACK TO s;
SELECT count(*) FROM authz.cluster_keys();
ROLLBACK;
SELECT kid, signs FROM authz.cluster_keys();
-- nothing is written where nothing may be
SELECT cluster_try(statement) FROM unnest(ARRAY[$$SET LOCAL transaction_read_only = on; SELECT authz.add_cluster_key('r')$$,
	$$SET LOCAL transaction_read_only = on; SELECT authz.drop_cluster_key('made')$$]) statement;

--
-- Nobody reads the table
--
-- refuse: a superuser neither
SELECT statement, cluster_try(statement) FROM unnest(ARRAY[
	'TABLE authz.cluster_key', 'SELECT kid FROM authz.cluster_key', 'SELECT count(*) FROM authz.cluster_key', 'COPY (TABLE authz.cluster_key) TO PROGRAM ''cat >/dev/null''',
	'CREATE TABLE stolen AS TABLE authz.cluster_key', 'SELECT query_to_xml(''TABLE authz.cluster_key'', true, true, '''')', 'DELETE FROM authz.cluster_key', 'UPDATE authz.cluster_key SET kid = kid',
	'INSERT INTO authz.cluster_key (kid) VALUES (''x'')', 'TRUNCATE authz.cluster_key', 'REFRESH MATERIALIZED VIEW authz.cluster_key', 'CREATE TRIGGER t AFTER INSERT ON authz.cluster_key FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
	'ALTER MATERIALIZED VIEW authz.cluster_key ALTER private_jwk TYPE text', 'CREATE PUBLICATION p FOR TABLE authz.cluster_key', 'DROP MATERIALIZED VIEW authz.cluster_key']) statement;
-- roles that read everything, and the owner of the database
CREATE ROLE cluster_reader IN ROLE pg_read_all_data;
CREATE ROLE cluster_owner;
SELECT current_database() AS db, datdba::regrole AS owner FROM pg_database WHERE datname = current_database() \gset
ALTER DATABASE :"db" OWNER TO cluster_owner;
SET ROLE cluster_reader;
SELECT statement, cluster_try(statement) FROM unnest(ARRAY['TABLE authz.cluster_key', $$SELECT authz.add_cluster_key('mine')$$, 'SELECT authz.cluster_keys()', 'SELECT authz.export_trust()', 'SELECT authz.cluster_key_guard()']) statement;
RESET ROLE;
SET ROLE cluster_owner;
SELECT statement, cluster_try(statement) FROM unnest(ARRAY['TABLE authz.cluster_key', 'REFRESH MATERIALIZED VIEW authz.cluster_key', 'REFRESH MATERIALIZED VIEW authz.cluster_key WITH NO DATA',
	'CREATE INDEX ON authz.cluster_key ((private_jwk::text))', 'CREATE STATISTICS cluster_stat ON (private_jwk::text) FROM authz.cluster_key', 'CREATE OR REPLACE RULE "_RETURN" AS ON SELECT TO authz.cluster_key DO INSTEAD SELECT 1',
	'ALTER MATERIALIZED VIEW authz.cluster_key OWNER TO cluster_owner', 'ALTER MATERIALIZED VIEW authz.cluster_key REPLICA IDENTITY FULL', 'ALTER EXTENSION dbmi_authz DROP MATERIALIZED VIEW authz.cluster_key',
	'GRANT SELECT ON authz.cluster_key TO PUBLIC', 'SELECT authz.cluster_key_guard()', $$SELECT authz.add_cluster_key('owner')$$, $$SELECT authz.drop_cluster_key('owner')$$]) statement;
RESET ROLE;
ALTER DATABASE :"db" OWNER TO :owner;
-- what maintains tables takes nothing away, and statistics know no key
ANALYZE authz.cluster_key;
VACUUM (FREEZE) authz.cluster_key;
VACUUM FULL authz.cluster_key;
SELECT kid, signs FROM authz.cluster_keys();
SELECT attname, most_common_vals IS NULL AND histogram_bounds IS NULL AS nothing FROM pg_stats WHERE tablename = 'cluster_key' AND attname ~ 'jwk' ORDER BY attname COLLATE "C";
SELECT relispopulated, relreplident, relpersistence FROM pg_class WHERE oid = 'authz.cluster_key'::regclass;
-- a superuser who makes it readable makes it useless: no key is written or counts while it is
BEGIN;
CREATE INDEX cluster_index ON authz.cluster_key (kid);
SELECT cluster_try($$SELECT authz.add_cluster_key('indexed')$$);
SELECT count(*) FROM authz.cluster_keys();
SELECT object, detail FROM authz.lint(ARRAY['authz'], ARRAY[]::text[]) WHERE code = 'trust_altered';
ROLLBACK;
SELECT kid FROM authz.cluster_keys();

--
-- On record: names, and nothing of the key
--
SELECT authz.add_cluster_key('told', :'private') IS NOT NULL;
SELECT authz.drop_cluster_key('told');
SELECT relation, command, coalesce(new_row, old_row) ->> 'kid' AS kid, coalesce(new_row, old_row) ->> 'private' AS private, length(coalesce(new_row, old_row) ->> 'thumbprint')
  FROM authz.trust_log WHERE relation = 'cluster_key' AND coalesce(new_row, old_row) ->> 'kid' = 'told' ORDER BY at;
SELECT count(*) FROM authz.trust_log t WHERE t::text ~ 'nWGxne';

--
-- The linter
--
BEGIN;
SET LOCAL dbmi_authz.cluster_role = 'cluster_reader';
SELECT code, level, object FROM authz.lint(ARRAY['authz'], ARRAY[]::text[]) WHERE code ~ '^cluster_';
SET LOCAL dbmi_authz.cluster_role = 'cluster_nobody';
SELECT code, level, object FROM authz.lint(ARRAY['authz'], ARRAY[]::text[]) WHERE code ~ '^cluster_';
ALTER ROLE cluster_reader BYPASSRLS;
ALTER ROLE cluster_owner SET dbmi_authz.cluster_role = 'cluster_reader';
SET LOCAL dbmi_authz.cluster_role = 'pg_monitor';
SELECT code, level, object FROM authz.lint(ARRAY['authz'], ARRAY[]::text[]) WHERE code ~ '^cluster_' AND code <> 'cluster_role_member' ORDER BY code COLLATE "C";
ROLLBACK;

\set ECHO none
SET client_min_messages = warning;
SELECT count(authz.drop_cluster_key(kid)) AS n FROM authz.cluster_keys() \gset
DROP ROLE cluster_reader, cluster_owner;
DROP FUNCTION cluster_try;
DROP EXTENSION dbmi_authz CASCADE;
