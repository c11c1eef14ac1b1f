-- The trust of a database as one document: another that imports it believes the same, or nothing is changed.
\set ECHO none
SELECT current_database() AS db \gset
SET client_min_messages = warning;
DROP DATABASE IF EXISTS cluster_trust;
CREATE DATABASE cluster_trust;
\c cluster_trust
SET client_min_messages = warning;
CREATE EXTENSION dbmi_authz;
\pset format unaligned
\pset footer off
\set ECHO all
CREATE FUNCTION trust_try(document json) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	message text;
	answer json;
BEGIN
	answer := authz.import_trust(document);
	RETURN concat('ok ', answer);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, message = MESSAGE_TEXT;
	RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''));
END $$;
-- an empty trust names no profile: none that the extension brings is told
SELECT authz.export_trust() AS empty \gset
SELECT key, value FROM json_each(:'empty');

-- all of it
INSERT INTO authz.profile VALUES ('mine', 'iss', false, '{"skew_seconds": 7}');
SELECT authz.add_issuer('https://id.example', '{api}'), authz.add_issuer('https://mine.example', NULL, 'mine', '{"algorithms": ["EdDSA", "HS256"]}');
SELECT authz.add_key('https://id.example', '{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "k"}');
SELECT authz.add_key('https://mine.example', '{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}');
SELECT authz.add_secret('https://mine.example', '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 's');
SELECT authz.revoke_subject('https://id.example', 'joe', '2001-02-03 04:05:06+00'), authz.revoke_token('https://id.example', 't1', '2100-01-01 00:00:00+00');
SELECT authz.set_actor_ceiling('https://id.example', 'bot', scopes => '{read,"a b"}', keep => '{}');
INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'gone');
INSERT INTO authz.item_permission VALUES ('Ann@example.com', 'clinic', 'ward.One', 'VIEW', NULL, '2001-01-01 00:00:00+00'), ('bob@example.com', 'clinic', 'ward', 'MANAGE', 'ann@example.com', '2001-01-01 00:00:00+00');
INSERT INTO authz.permission_implies VALUES ('clinic', 'MANAGE', 'VIEW');
CREATE TABLE trust_doc (id integer PRIMARY KEY);
CREATE FUNCTION trust_rule(integer) RETURNS boolean LANGUAGE sql RETURN true;
SELECT authz.register_access('docs.see', 'trust_doc', 'user', 'trust_rule(integer)');
SELECT authz.add_cluster_key('here') IS NOT NULL;
SELECT authz.add_cluster_key_public('there', '{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}');
SELECT authz.export_trust() AS full \gset
SELECT key, json_array_length(value) FROM json_each(:'full') WHERE key <> 'version';
-- no secret, and no private key
SELECT :'full' ~ '"oct"' AS secret, :'full' ~ '"d"' AS private;
-- equal: nothing is written
SELECT trust_try(:'full');
SELECT count(*) AS logged FROM authz.trust_log \gset
SELECT trust_try(:'full');
SELECT count(*) = :logged AS nothing_written FROM authz.trust_log;

-- away with it, but for what the document cannot hold; and back
SELECT trust_try(:'empty');
SELECT count(*) FROM authz.issuer_key;
SELECT kid, signs FROM authz.cluster_keys();
SELECT trust_try(:'full');
SELECT authz.export_trust()::text = :'full' AS the_same;
-- a secret of an issuer that stays is left, and what was changed is put back
SELECT authz.add_secret('https://mine.example', '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 's');
UPDATE authz.issuer SET options = '{"leeway_seconds": 1}' WHERE issuer = 'https://id.example';
UPDATE authz.item_permission SET granted_by = 'eve' WHERE email = 'bob@example.com';
UPDATE authz.profile SET options = '{}' WHERE profile = 'generic';
DELETE FROM authz.issuer_key WHERE kid = 'k';
SELECT authz.add_key('https://id.example', '{"kty": "OKP", "crv": "Ed25519", "x": "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw", "kid": "k2"}') IS NULL;
SELECT trust_try(:'full');
SELECT issuer, kid, alg, source FROM authz.issuer_key ORDER BY 1, 2;
SELECT authz.export_trust()::text = :'full' AS the_same;

-- refuse, and nothing is changed
SELECT what, trust_try(document::json) FROM (VALUES
	(1, 'NULL', NULL),
	(2, 'an array', '[]'),
	(3, 'another version', replace(:'full', '"version": 1', '"version": 2')),
	(4, 'no version', replace(:'full', '"version": 1', '"v": 1')),
	(5, 'a list is missing', replace(:'full', '"revocations"', '"revocation"')),
	(6, 'another list', replace(:'full', '"version": 1', '"version": 1, "more": []')),
	(7, 'a list twice', replace(:'full', '"version": 1', '"version": 1, "issuers": []')),
	(8, 'another member', replace(:'full', '"subject":"gone"', '"subject":"gone","since":1')),
	(9, 'a member is missing', replace(:'full', '"subject":"gone"', '"sub":"gone"')),
	(10, 'another type', replace(:'full', '"subject":"gone"', '"subject":7')),
	(11, 'an empty name', replace(:'full', '"subject":"gone"', '"subject":""')),
	(12, 'an option', replace(:'full', '"skew_seconds": 7', '"skew": 7')),
	(13, 'an audience', replace(:'full', '["api"]', '[]')),
	(14, 'no audience', replace(:'full', '["api"]', 'null')),
	(15, 'a profile', replace(:'full', '"profile": "mine", "options"', '"profile": "yours", "options"')),
	(16, 'an issuer twice', replace(:'full', '"issuer": "https://mine.example"', '"issuer": "https://id.example"')),
	(17, 'a private key', replace(:'full', '"kid": "k", ', '"kid": "k", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", ')),
	(18, 'a secret', replace(:'full', '{"alg": "Ed25519", "crv": "Ed25519", "kid": "k", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}, "source"', '{"kty": "oct", "alg": "HS256", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}, "source"')),
	(19, 'a kind', replace(:'full', '"kind":"token"', '"kind":"tokens"')),
	(20, 'a time', replace(:'full', '2100-01-01', '2100-13-01')),
	(21, 'a path', replace(:'full', 'ward.One', 'ward..One')),
	(22, 'a permission twice', replace(:'full', '"email":"bob@example.com","client":"clinic","item":"ward","permission":"MANAGE"', '"email":"ANN@example.com","client":"clinic","item":"WARD.one","permission":"view"')),
	(23, 'a rule of another kind', replace(:'full', '"kind":"user"', '"kind":"role"')),
	(24, 'two cluster keys of one name', replace(:'full', '"kid": "there"', '"kid": "here"')),
	(26, 'a cluster key of a name that signs here', replace(replace(:'full', '"kid": "here"', '"kid": "away"'), '"kid": "there"', '"kid": "here"')),
	(25, 'a cluster key without name', replace(:'full', '"kid": "there", ', ''))) t (n, what, document) ORDER BY n;
-- more cluster keys than can be: refused before each is compared with all others
SELECT trust_try(replace(:'empty', '"cluster_keys": []', concat('"cluster_keys": [', (SELECT string_agg(format('{"kid": "k%s"}', n), ',') FROM generate_series(1, 300000) n), ']'))::json);
SELECT authz.export_trust()::text = :'full' AS the_same;
-- tokens that would belong to two issuers
SELECT trust_try(replace(replace(:'full', '"profile": "mine", "options": {', '"profile": "mine", "options": {"unnamed": true, '), '"profile": "generic", "options": {}', '"profile": "generic", "options": {"unnamed": true}')::json);
-- a table and a rule that are not here: nothing becomes open by that
RESET client_min_messages;
SELECT trust_try(replace(:'full', 'trust_rule', 'trust_gone')::json);
SELECT trust_try(replace(:'full', 'public.trust_doc', 'public.trust_gone')::json);
SELECT perm, rel, kind, rule FROM authz.object_access;
SELECT authz.export_trust() -> 'object_access' AS access;
SET client_min_messages = warning;
SELECT trust_try(:'full');
-- what counts as absent here is left out
RESET client_min_messages;
BEGIN;
UPDATE authz.issuer SET options = '{"no_such_option": 1}' WHERE issuer = 'https://mine.example';
UPDATE authz.issuer_key SET jwk = '{}' WHERE kid = 'k';
SELECT json_array_length(authz.export_trust() -> 'issuers') AS issuers;
ROLLBACK;
-- where there is no Citus
SELECT authz.spread_trust();

\set ECHO none
\c :db
DROP DATABASE cluster_trust;
