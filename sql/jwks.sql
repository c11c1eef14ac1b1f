-- A published key set replaces the one before it, in one step or not at all; what did not change is not touched.
\getenv abs_srcdir PG_ABS_SRCDIR
\set mint :abs_srcdir '/test/sql/mint.sql'
\set tokens :abs_srcdir '/test/fixtures/tokens.sql'
\set ECHO none
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dbmi_authz;
\i :mint
\i :tokens
RESET client_min_messages;
\pset format unaligned
\pset footer off
\set ECHO all
CREATE FUNCTION jwks_try(jwks text, issuer text DEFAULT 'https://id.example', strict text DEFAULT 'false') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	message text;
	detail text;
	context text;
BEGIN
	EXECUTE format('SELECT authz.set_jwks(%L, %L, %L)', issuer, jwks, strict) INTO result;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, context = PG_EXCEPTION_CONTEXT;
	IF concat(message, detail, context) ~ 'nWGxne|AAECAwQF' THEN
		RETURN 'the secret is in the error';
	END IF;
	RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''));
END $$;
-- The members of the array as a set.
CREATE FUNCTION jwks_set(VARIADIC keys text[]) RETURNS text LANGUAGE sql
	RETURN '{"keys": [' || array_to_string(keys, ', ') || ']}';
CREATE FUNCTION jwks_without(jwk text, VARIADIC members text[]) RETURNS text LANGUAGE sql
	RETURN (jwk::jsonb - members)::text;
CREATE VIEW jwks_shown AS
	SELECT kid, alg, source, left(thumbprint, 8) AS thumbprint FROM authz.issuer_key WHERE issuer = 'https://id.example' ORDER BY kid, alg, 4;
-- Where the rows are and who wrote them: changes when one is written again.
CREATE VIEW jwks_written AS
	SELECT md5(string_agg(concat(kid, alg, thumbprint, xmin, ctid, added_at), ' ' ORDER BY kid, alg, thumbprint)) AS written
	  FROM authz.issuer_key WHERE issuer = 'https://id.example';
SELECT authz.add_issuer('https://id.example', '{clinic}');

--
-- A set, then another
--
-- accept
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_rs256', :'jwk_es256')::json);
TABLE jwks_shown;
SELECT authz.try_set_token(:'token_rs256') AS rs256, authz.try_set_token(:'token_es256') AS es256,
	   authz.try_set_token(:'token_ed25519') AS ed25519;
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_es256', :'jwk_ed25519')::json);
TABLE jwks_shown;
SELECT authz.try_set_token(:'token_rs256') AS rs256, authz.try_set_token(:'token_es256') AS es256,
	   authz.try_set_token(:'token_ed25519') AS ed25519;
-- accept: what other functions added stays
SELECT authz.add_key('https://id.example', :'jwk_rs512');
SELECT authz.add_pem('https://id.example', :'key_es384');
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_es256')::json);
TABLE jwks_shown;
-- accept: another key under a known kid
SELECT authz.set_token(:'token_es256');
SELECT authz.set_jwks('https://id.example', jwks_set(replace(:'jwk_ed25519', '"ed25519"', '"es256"'))::json);
SELECT authz.token_state(), authz.try_set_token(:'token_es256');
TABLE jwks_shown;

--
-- The same set again writes nothing: identities stay, and nobody reads the trust again
--
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_rs256', :'jwk_es256', jwks_without(:'jwk_ed448', 'kid'))::json);
SELECT authz.set_token(:'token_es256');
SELECT written AS before FROM jwks_written \gset
-- accept: the same, in another order, with other white space, beside keys that are skipped
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_rs256', :'jwk_es256', jwks_without(:'jwk_ed448', 'kid'))::json);
SELECT authz.set_jwks('https://id.example', jwks_set(jwks_without(:'jwk_ed448', 'kid', 'alg'), :'jwk_es256', :'jwk_rs256',
	'{"kty": "RSA", "use": "enc"}')::json);
SELECT written = :'before' AS untouched, authz.token_state() FROM jwks_written;
-- accept: one key goes, one comes, the third is not touched
SELECT xmin, ctid, added_at FROM authz.issuer_key WHERE issuer = 'https://id.example' AND kid = 'es256' \gset
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_ps256', :'jwk_es256')::json);
SELECT concat(xmin, ctid, added_at) = concat(:'xmin', :'ctid', :'added_at') AS untouched, authz.token_state()
  FROM authz.issuer_key WHERE issuer = 'https://id.example' AND kid = 'es256';
-- accept: a row that was spoiled by hand is written again
UPDATE authz.issuer_key SET jwk = '{"kty": "oct"}' WHERE issuer = 'https://id.example' AND kid = 'es256';
SELECT authz.try_set_token(:'token_es256');
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_ps256', :'jwk_es256')::json);
SELECT authz.try_set_token(:'token_es256');
-- and so is one that comes back, within a transaction that is rolled back
BEGIN;
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_rs256')::json);
SELECT authz.try_set_token(:'token_es256') AS es256, authz.try_set_token(:'token_rs256') AS rs256;
ROLLBACK;
SELECT authz.try_set_token(:'token_es256') AS es256, authz.try_set_token(:'token_rs256') AS rs256;

--
-- What is skipped, what counts once, and what a key without alg is bound to
--
SELECT what, jwks_try(jwks) FROM (VALUES
	('not for signatures', jwks_set(:'jwk_es256', '{"kty": "RSA", "use": "enc", "kid": "x"}', '{"kty": "EC", "crv": "P-256", "key_ops": ["deriveKey"]}')),
	('types and algorithms of the future', jwks_set(:'jwk_es256', '{"kty": "XYZ"}', '{"kty": "OKP", "crv": "X25519", "x": "AA"}',
		'{"kty": "RSA", "alg": "RSA-OAEP", "n": "AA", "e": "AQAB"}')),
	('members that we do not know', '{"issued": 5, "keys": [' || :'jwk_es256' || '], "x": {"keys": []}}'),
	('twice, without kid', jwks_set(jwks_without(:'jwk_es256', 'kid'), jwks_without(:'jwk_es256', 'kid', 'alg'))),
	('one key, two kids', jwks_set(:'jwk_es256', replace(:'jwk_es256', '"es256"', '"other"'))),
	('one key, two algorithms', jwks_set(jwks_without(:'jwk_rs256', 'kid'), jwks_without(:'jwk_rs384', 'kid'))),
	('without alg', jwks_set(jwks_without(:'jwk_rs384', 'alg'), jwks_without(:'jwk_es384', 'alg')))) v(what, jwks);
TABLE jwks_shown;

--
-- Q14: what a set is refused for; and with strict, as in 1.0, for one entry
--
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_es256')::json);
SELECT written AS before FROM jwks_written \gset
CREATE TABLE jwks_odd AS SELECT what, jwks FROM (VALUES
	('no object', '[]'),
	('bare', '"keys"'),
	('no keys', '{}'),
	('keys', '{"keys": {}}'),
	('keys', '{"Keys": []}'),
	('a member twice', '{"keys": [], "keys": [' || :'jwk_es256' || ']}'),
	('a member twice', jwks_set(:'jwk_es256', '{"kty": "OKP", "\u006bty": "EC"}')),
	('empty', '{"keys": []}'),
	('nothing usable', jwks_set('{"kty": "RSA", "use": "enc"}', '{"kty": "XYZ"}')),
	('no object in it', jwks_set(:'jwk_rs256', '5')),
	('malformed', jwks_set(:'jwk_rs256', :'jwk_es384', '{"kty": "OKP", "crv": "Ed25519", "kid": "bad", "x": "AA="}')),
	('malformed', jwks_set('{"kty": "RSA", "kid": "Schlüssel 1", "n": "AQAB"}', :'jwk_rs256')),
	('malformed', jwks_set('{"kid": 5, "kty": "RSA"}', :'jwk_rs256')),
	('malformed', jwks_set(:'jwk_rs256', '{"kid": "no kty"}')),
	('weak', jwks_set(:'jwk_es384', replace(:'jwk_rs256', '"AQAB"', '"AQ"'))),
	('private', jwks_set(:'jwk_rs256', '{"kty": "OKP", "crv": "Ed25519", "kid": "p", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}')),
	('private, and not for signatures', jwks_set(:'jwk_rs256', '{"kty": "OKP", "use": "enc", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}')),
	('oct', jwks_set(:'jwk_rs256', '{"kty": "oct", "alg": "HS256", "kid": "s", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}')),
	('oct', jwks_set('{"kty": "oct", "alg": "HS256", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}')),
	('one kid, two keys', jwks_set(:'jwk_rs256', replace(:'jwk_es384', '"es384"', '"rs256"'))),
	('one kid, one key, twice', jwks_set(:'jwk_rs256', :'jwk_rs256')),
	('a long kid', jwks_set('{"kty": "RSA", "kid": "' || repeat('ü', 200) || '"}')),
	('too many', '{"keys": [' || repeat('{"kty": "XYZ"}, ', 1024) || :'jwk_rs256' || ']}'),
	('too deep', jwks_set(:'jwk_rs256', repeat('[', 40) || repeat(']', 40)))) v(what, jwks);
SELECT what, jwks_try(jwks, strict => 'true') FROM jwks_odd;
-- the issuer
SELECT jwks_try(jwks_set(:'jwk_rs256'), 'https://nobody.example');
SELECT jwks_try(jwks_set(:'jwk_rs256'), '');
SELECT jwks_try(jwks_set(:'jwk_rs256'), NULL);
SELECT jwks_try(NULL);
SELECT jwks_try(jwks_set(:'jwk_rs256'), strict => NULL);
-- and nothing changed
SELECT written = :'before' AS untouched FROM jwks_written;

--
-- Q14: what is skipped, each with a WARNING
--
SELECT what, jwks_try(jwks) FROM jwks_odd;
DROP TABLE jwks_odd;
TABLE jwks_shown;
SELECT authz.set_jwks('https://id.example', jwks_set('null', '{"kty": "RSA", "kid": "short", "n": "AQAB", "e": "AQAB"}', :'jwk_es256',
	'{"kid": "no kty"}', '{"kty": "RSA", "use": "enc"}', jwks_without(:'jwk_rs256', 'kid'))::json);
TABLE jwks_shown;
SELECT authz.try_set_token(:'token_es256') AS es256, authz.try_set_token(:'token_rs256') AS rs256;
-- a kid that no index holds
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_es256', '{"kty": "OKP", "crv": "Ed25519", "kid": "' || repeat('x', 2001) || '", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}')::json);
SELECT authz.set_jwks('https://id.example', jwks_set('null', '{"kty": "RSA", "kid": "short", "n": "AQAB", "e": "AQAB"}', :'jwk_es256',
	'{"kid": "no kty"}', '{"kty": "RSA", "use": "enc"}', jwks_without(:'jwk_rs256', 'kid'))::json) \g /dev/null
-- it is kept what was skipped, until the next set
SELECT issuer, last_success = now() AS now, s.* FROM authz.jwks_status j, json_to_recordset(skipped) s(position int, kid text, reason text);
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_es256')::json);
SELECT issuer, skipped FROM authz.jwks_status;
-- refuse: the set before stays, and what is known of it
SELECT jwks_try(jwks_set('null'));
SELECT issuer, skipped FROM authz.jwks_status;
TABLE jwks_shown;
-- accept: numbers with leading zeros are the same key, which is not touched
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_rs256', :'jwk_es256')::json);
SELECT written AS before FROM jwks_written \gset
SELECT authz.set_token(:'token_rs256');
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_es256', (:'jwk_rs256'::jsonb || jsonb_build_object('e', 'AAEAAQ', 'n',
	mint.b64url('\x0000'::bytea || decode(rpad(translate(:'jwk_rs256'::jsonb ->> 'n', '-_', '+/'), 344, '='), 'base64'))))::text)::json);
SELECT written = :'before' AS untouched, authz.token_state() FROM jwks_written;

--
-- Q15: a key is named by kid and algorithm
--
SELECT authz.drop_key('https://id.example', 'rs512');
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_rs256', replace(:'jwk_ps256', '"ps256"', '"rs256"'), replace(:'jwk_es256', '"es256"', '"rs256"'), :'jwk_rs256')::json);
TABLE jwks_shown;
SELECT authz.try_set_token(:'token_rs256') AS rs256;
-- accept: one of them goes, by name
SELECT authz.drop_key('https://id.example', 'rs256', 'ES256');
SELECT kid, alg FROM jwks_shown;
-- refuse: two keys of one kid and algorithm
SELECT jwks_try(jwks_set(:'jwk_es256', replace(replace(:'jwk_rs256', '"rs256"', '"k"'), 'AQAB', 'Aw'), replace(:'jwk_rs256', '"rs256"', '"k"')));
-- refuse: another key of that kid and algorithm stands there, from another function
SELECT authz.add_key('https://id.example', replace(replace(:'jwk_rs256', '"rs256"', '"k"'), 'AQAB', 'Aw')::json);
SELECT jwks_try(jwks_set(:'jwk_es256', replace(:'jwk_rs256', '"rs256"', '"k"')));
SELECT jwks_try(jwks_set(:'jwk_es256', replace(:'jwk_rs256', '"rs256"', '"k"')), strict => 'true');
-- accept: of another algorithm
SELECT jwks_try(jwks_set(:'jwk_es256', replace(:'jwk_ps256', '"ps256"', '"k"')));
SELECT kid, alg, source FROM jwks_shown;
SELECT authz.drop_key('https://id.example', 'k');
SELECT kid, alg, source FROM jwks_shown;

--
-- Q17: the identical key that another function added becomes the set's
--
SELECT authz.add_key('https://id.example', :'jwk_rs256'), authz.add_key('https://id.example', jwks_without(:'jwk_ed25519', 'kid')::json);
SELECT authz.set_token(:'token_rs256');
SELECT added_at AS before FROM authz.issuer_key WHERE issuer = 'https://id.example' AND kid = 'rs256' \gset
SELECT kid, alg, source FROM jwks_shown;
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_rs256', :'jwk_es256', jwks_without(:'jwk_ed25519', 'kid'))::json);
SELECT kid, alg, source FROM jwks_shown;
SELECT authz.token_state(), added_at = :'before' AS as_before FROM authz.issuer_key WHERE issuer = 'https://id.example' AND kid = 'rs256';
-- once
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_rs256', :'jwk_es256', jwks_without(:'jwk_ed25519', 'kid'))::json);
-- and goes with it
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_es256')::json);
SELECT authz.token_state();
SELECT kid, alg, source FROM jwks_shown;
-- refuse: with a row that was spoiled by hand it is not identical
SELECT authz.add_key('https://id.example', :'jwk_rs256');
UPDATE authz.issuer_key SET jwk = '{"kty": "RSA"}' WHERE issuer = 'https://id.example' AND kid = 'rs256';
SELECT jwks_try(jwks_set(:'jwk_rs256'));
SELECT authz.drop_key('https://id.example', 'rs256');

-- accept, with a warning: the issuer lists none of the algorithms
SELECT authz.alter_issuer('https://id.example', '{"algorithms": ["PS256"]}');
SELECT authz.set_jwks('https://id.example', jwks_set(:'jwk_rs256', :'jwk_rs512')::json);
-- without alg an RSA key is now bound otherwise
SELECT jwks_try(jwks_set(jwks_without(:'jwk_rs256', 'alg')));
TABLE jwks_shown;

-- clean up
SELECT authz.clear_token();
SELECT authz.drop_issuer('https://id.example');
SELECT count(*) FROM authz.jwks_status;
DROP VIEW jwks_shown, jwks_written;
DROP FUNCTION jwks_try, jwks_set, jwks_without;
