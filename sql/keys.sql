-- An issuer's keys: what is public, strong and fit is added and verifies, anything else is refused, and no secret is ever shown.
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
-- What comes of a statement; everything that an error says is looked at.
CREATE FUNCTION keys_try(statement text, secret text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
	context text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
	IF position(left(secret, 12) IN concat(message, detail, hint, context)) > 0 THEN
		RETURN 'the secret is in the error';
	END IF;
	RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''));
END $$;
CREATE FUNCTION keys_add(issuer text, jwk text) RETURNS text LANGUAGE sql
	RETURN keys_try(format('SELECT authz.add_key(%L, %L)', issuer, jwk));
CREATE VIEW keys_shown AS
	SELECT issuer, kid, alg, source, thumbprint, jwk ->> 'kty' AS kty,
		   jwk ->> 'kid' IS NOT DISTINCT FROM kid AND jwk ->> 'alg' = alg AS agrees
	  FROM authz.issuer_key;
SELECT authz.add_issuer('https://id.example', '{clinic}', options =>
	'{"algorithms": ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
					 "ES256", "ES384", "ES512", "ES256K", "EdDSA"]}');
SELECT authz.add_issuer('https://other.example', '{clinic}');

--
-- add_key: every type of key, each with the token that it verifies
--
-- refuse: no key yet
SELECT authz.try_set_token(:'token_rs256');
-- accept
SELECT authz.add_key('https://id.example', :'jwk_rs256'), authz.add_key('https://id.example', :'jwk_rs384'),
	   authz.add_key('https://id.example', :'jwk_rs512'), authz.add_key('https://id.example', :'jwk_ps256'),
	   authz.add_key('https://id.example', :'jwk_ps384'), authz.add_key('https://id.example', :'jwk_ps512'),
	   authz.add_key('https://id.example', :'jwk_es256'), authz.add_key('https://id.example', :'jwk_es384'),
	   authz.add_key('https://id.example', :'jwk_es512'), authz.add_key('https://id.example', :'jwk_es256k'),
	   authz.add_key('https://id.example', :'jwk_ed25519'), authz.add_key('https://id.example', :'jwk_ed448'),
	   authz.add_key('https://id.example', :'jwk_hs256'), authz.add_key('https://id.example', :'jwk_hs384'),
	   authz.add_key('https://id.example', :'jwk_hs512');
SELECT kid, alg, kty, source, length(thumbprint), agrees FROM keys_shown WHERE issuer = 'https://id.example' ORDER BY kid;
SELECT authz.try_set_token(:'token_rs256') AS rs256, authz.try_set_token(:'token_rs384') AS rs384,
	   authz.try_set_token(:'token_rs512') AS rs512, authz.try_set_token(:'token_ps256') AS ps256,
	   authz.try_set_token(:'token_ps384') AS ps384, authz.try_set_token(:'token_ps512') AS ps512,
	   authz.try_set_token(:'token_es256') AS es256, authz.try_set_token(:'token_es384') AS es384,
	   authz.try_set_token(:'token_es512') AS es512, authz.try_set_token(:'token_es256k') AS es256k,
	   authz.try_set_token(:'token_ed25519') AS ed25519, authz.try_set_token(:'token_ed448') AS ed448,
	   authz.try_set_token(:'token_hs256') AS hs256, authz.try_set_token(:'token_hs384') AS hs384,
	   authz.try_set_token(:'token_hs512') AS hs512;
-- refuse: signed by another key
SELECT authz.try_set_token(:'forged_rs256') AS rs256, authz.try_set_token(:'forged_ps256') AS ps256,
	   authz.try_set_token(:'forged_es256') AS es256, authz.try_set_token(:'forged_ed25519') AS ed25519,
	   authz.try_set_token(:'forged_hs256') AS hs256;
-- refuse: one kid and one algorithm name one key
SELECT keys_add('https://id.example', :'jwk_rs256');
SELECT keys_add('https://id.example', replace(:'jwk_rs256', 'AQAB', 'Aw'));
-- Q15, accept: another algorithm, of another key and of the same
SELECT keys_add('https://id.example', replace(:'jwk_es256', '"es256"', '"rs256"')),
	   keys_add('https://id.example', replace(:'jwk_ps256', '"ps256"', '"rs256"'));
SELECT authz.try_set_token(:'token_rs256') AS rs256, authz.try_set_token(:'forged_rs256') AS forged;
SELECT authz.drop_key('https://id.example', 'rs256', 'ES256'), authz.drop_key('https://id.example', 'rs256', 'PS256');
-- accept: the same key under another kid, another kid by one byte, another issuer's
SELECT keys_add('https://id.example', replace(:'jwk_rs256', '"rs256"', '"RS256"')),
	   keys_add('https://id.example', replace(:'jwk_rs256', '"rs256"', '" rs256"')),
	   keys_add('https://other.example', :'jwk_rs256');
-- refuse: the issuer
SELECT keys_add('https://nobody.example', :'jwk_rs256');
SELECT keys_add('', :'jwk_rs256');
SELECT keys_add(NULL, :'jwk_rs256');
SELECT keys_add('https://id.example', NULL);
-- only what defines the key is kept, and what its own alg says
SELECT keys_add('https://other.example', '{"kid": "key \"1\" – Schlüssel", "alg": "EdDSA", "use": "sig", "key_ops": ["verify"],
	"x5t": "abc", "x5u": "https://evil.example/", "note": {"a": [1, 2]}, "kty": "OKP", "crv": "Ed25519",
	"x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}');
SELECT kid, alg, jwk, thumbprint FROM authz.issuer_key WHERE issuer = 'https://other.example' AND kid LIKE 'key%';

--
-- add_key: what an RSA, EC or OKP key without alg is bound to
--
SELECT authz.add_issuer('https://ps.example', '{clinic}', options => '{"algorithms": ["PS384", "ES256", "HS256"]}');
CREATE FUNCTION keys_without_alg(jwk text, kid text) RETURNS json LANGUAGE sql
	RETURN ((jwk::jsonb - 'alg') || jsonb_build_object('kid', kid))::json;
-- accept
SELECT authz.add_key('https://ps.example', keys_without_alg(:'jwk_rs256', 'rsa, one listed')),
	   authz.add_key('https://other.example', keys_without_alg(:'jwk_rs256', 'rsa, many listed')),
	   authz.add_key('https://other.example', keys_without_alg(:'jwk_es256', 'P-256')),
	   authz.add_key('https://other.example', keys_without_alg(:'jwk_es384', 'P-384')),
	   authz.add_key('https://other.example', keys_without_alg(:'jwk_es512', 'P-521')),
	   authz.add_key('https://other.example', keys_without_alg(:'jwk_ed25519', 'Ed25519')),
	   authz.add_key('https://other.example', keys_without_alg(:'jwk_ed448', 'Ed448'));
SELECT kid, alg FROM authz.issuer_key WHERE kid ~ '^(rsa,|P-|Ed)' ORDER BY kid;
-- accept, with a warning: the issuer does not list it
SELECT authz.add_key('https://other.example', keys_without_alg(:'jwk_es256k', 'secp256k1'));
SELECT authz.add_secret('https://other.example', '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hmac');
-- refuse: nothing to bind it to
SELECT keys_add('https://ps.example', keys_without_alg(:'jwk_hs256', 'oct')::text);

--
-- add_key: what is no key to trust
--
\set x '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
SELECT what, keys_add('https://other.example', replace(jwk, '@x', :'x')) FROM (VALUES
	('accept: good', '{"kty": "OKP", "crv": "Ed25519", "x": "@x"}'),
	('an array', '[{"kty": "OKP"}]'),
	('a bare value', '"x"'),
	('a member twice', '{"kty": "OKP", "kty": "oct", "crv": "Ed25519", "x": "@x"}'),
	('U+0000', '{"kty": "OKP", "crv": "Ed25519", "kid": "a\u0000b", "x": "@x"}'),
	('nothing', '{}'),
	('kty', '{"kty": "okp", "crv": "Ed25519", "x": "@x"}'),
	('kty', '{"kty": ["OKP"], "crv": "Ed25519", "x": "@x"}'),
	('crv', '{"kty": "OKP", "x": "@x"}'),
	('crv', '{"kty": "OKP", "crv": "X25519", "x": "@x"}'),
	('crv', '{"kty": "EC", "crv": "P-256K", "x": "@x", "y": "@x"}'),
	('kid', '{"kty": "OKP", "crv": "Ed25519", "kid": 1, "x": "@x"}'),
	('kid', '{"kty": "OKP", "crv": "Ed25519", "kid": "", "x": "@x"}'),
	('alg', '{"kty": "OKP", "crv": "Ed25519", "alg": "HS256", "x": "@x"}'),
	('alg', '{"kty": "OKP", "crv": "Ed25519", "alg": "none", "x": "@x"}'),
	('alg', '{"kty": "OKP", "crv": "Ed25519", "alg": null, "x": "@x"}'),
	('alg', '{"kty": "OKP", "crv": "Ed25519", "alg": "Ed448", "x": "@x"}'),
	('use', '{"kty": "OKP", "crv": "Ed25519", "use": "enc", "x": "@x"}'),
	('key_ops', '{"kty": "OKP", "crv": "Ed25519", "key_ops": ["sign"], "x": "@x"}'),
	('key_ops', '{"kty": "OKP", "crv": "Ed25519", "key_ops": "verify", "x": "@x"}'),
	('x', '{"kty": "OKP", "crv": "Ed25519"}'),
	('x', '{"kty": "OKP", "crv": "Ed25519", "x": "@x="}'),
	('x', '{"kty": "OKP", "crv": "Ed25519", "x": "11qY"}'),
	('low order', '{"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}'),
	('off curve', replace(:'jwk_es256', '"y":"9efX', '"y":"9ffX')),
	('e = 1', replace(:'jwk_rs256', '"AQAB"', '"AQ"')),
	('e = 2', replace(:'jwk_rs256', '"AQAB"', '"Ag"')),
	('small', '{"kty": "RSA", "e": "AQAB", "n": "tfNE2L0bRDlDn3wciT4-42Z5Matr2sL5Jqwemnftun3TE0bFBFiLz84t4VMZFD-g5nPaCUQlKdnj8QTVEseJ2EWJpfxZFutj5iXgzq-Sv4IZJNW50ZsuH3O_oq7q6lRjH5mvx5qQ9MLN7zCrHZkMcdfwLTzR4UfBPaAQ3rM5qT8"}'))
	v(what, jwk);
-- refuse: private keys (RFC 7517, A.2; RFC 8037, A.1), without a word of them
\set d '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE'
SELECT keys_try(format('SELECT authz.add_key(%L, %L)', 'https://other.example', replace(:'jwk_es256', '}', ', "d": "' || :'d' || '"}')), :'d');
SELECT keys_try(format('SELECT authz.add_key(%L, %L)', 'https://other.example', replace(:'jwk_rs256', '}', ', "oth": []}')));
\set d 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A'
SELECT keys_try(format('SELECT authz.add_key(%L, %L)', 'https://other.example',
	replace(replace('{"kty": "OKP", "crv": "Ed25519", "d": "@d", "x": "@x"}', '@d', :'d'), '@x', :'x')), :'d');
-- refuse: symmetric, too short for its algorithm, or with none
\set k 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
SELECT what, keys_try(format('SELECT authz.add_key(%L, %L)', 'https://ps.example', replace(jwk, '@k', :'k')), :'k') FROM (VALUES
	('accept: good', '{"kty": "oct", "alg": "HS256", "kid": "oct", "k": "@k"}'),
	('for 384 bits', '{"kty": "oct", "alg": "HS384", "kid": "oct2", "k": "@k"}'),
	('no alg', '{"kty": "oct", "kid": "oct2", "k": "@k"}'),
	('alg', '{"kty": "oct", "alg": "RS256", "kid": "oct2", "k": "@k"}'),
	('padding', '{"kty": "oct", "alg": "HS256", "kid": "oct2", "k": "@k="}'),
	('empty', '{"kty": "oct", "alg": "HS256", "kid": "oct2", "k": ""}'),
	('its kid', '{"kty": "oct", "alg": "HS256", "kid": "oct", "k": "@k"}'),
	('a member twice', '{"kty": "oct", "alg": "HS256", "alg": "HS512", "k": "@k"}')) v(what, jwk);

--
-- add_pem
--
\set certificate '-----BEGIN CERTIFICATE-----\nMIIBdDCCARugAwIBAgIUMdBYLft5K9zvleq5/7tB7eN8JrUwCgYIKoZIzj0EAwIw\nDzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjIwMzQ4NThaGA8yMTI2MTAyOTAzNDg1\nOFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDG5\nFTFLgnUOzns/NVgn1sKgj+cV9dDS4p7f5sFX6eyU9efX4wZB+iTGvPUKKoJ22Swg\nzTado35D1yZyucvs3I+jUzBRMB0GA1UdDgQWBBSU7K0ZQx01Irt8jHSQRl8jKU94\nxzAfBgNVHSMEGDAWgBSU7K0ZQx01Irt8jHSQRl8jKU94xzAPBgNVHRMBAf8EBTAD\nAQH/MAoGCCqGSM49BAMCA0cAMEQCIAQIO01uV0mAbXGeHIaCRdKt+znYJL9qdxNP\nG4fUpJcbAiBtHinYDSiIIcR/KJbp0AlR0YJM166CFqx/JWO47dDATg==\n-----END CERTIFICATE-----\n'
\set private '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEILG8OY5e5NoNK7tKKXF/Lm+0xk06WutjD0QnEuqSHXVz\n-----END PRIVATE KEY-----\n'
\set small '-----BEGIN PUBLIC KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC180TYvRtEOUOffByJPj7jZnkx\nq2vawvkmrB6ad+26fdMTRsUEWIvPzi3hUxkUP6Dmc9oJRCUp2ePxBNUSx4nYRYml\n/FkW62PmJeDOr5K/ghkk1bnRmy4fc7+riurqVGMfma/HmpD0ws3vMKsdmQxx1/At\nPNHhR8E9oBDeszmpPwIDAQAB\n-----END PUBLIC KEY-----\n'
SELECT authz.add_issuer('https://pem.example', '{clinic}', options => '{"algorithms": ["RS512", "ES256", "EdDSA"]}');
-- accept: with and without kid and alg
SELECT authz.add_pem('https://pem.example', :'key_rs256'),
	   authz.add_pem('https://pem.example', :'key_rs256', 'one', 'RS512'),
	   authz.add_pem('https://pem.example', :'key_es256', 'two'),
	   authz.add_pem('https://pem.example', :'certificate', 'three', 'ES256'),
	   authz.add_pem('https://pem.example', E'\n' || :'key_ed25519' || E'\n', alg => 'EdDSA', kid => 'four'),
	   authz.add_pem('https://pem.example', :'key_ed448', NULL, NULL);
SELECT kid, alg, kty, source, thumbprint, agrees FROM keys_shown WHERE issuer = 'https://pem.example' ORDER BY kid, alg;
-- refuse
SELECT keys_try(format('SELECT authz.add_pem(%L, %L)', 'https://pem.example', :'key_rs256'));
SELECT keys_try(format('SELECT authz.add_pem(%L, %L, %L)', 'https://pem.example', :'certificate', 'two'));
SELECT keys_try(format('SELECT authz.add_pem(%L, %L, %L)', 'https://pem.example', :'key_es256', ''));
SELECT keys_try(format('SELECT authz.add_pem(%L, %L, %L, %L)', 'https://pem.example', :'key_es256', 'five', ''));
SELECT keys_try(format('SELECT authz.add_pem(%L, %L, %L, %L)', 'https://pem.example', :'key_es256', 'five', 'RS256'));
SELECT keys_try(format('SELECT authz.add_pem(%L, %L, %L, %L)', 'https://pem.example', :'key_rs256', 'five', 'HS256'));
SELECT keys_try(format('SELECT authz.add_pem(%L, %L, %L, %L)', 'https://pem.example', :'key_es256', 'five', 'none'));
SELECT keys_try(format('SELECT authz.add_pem(%L, %L)', 'https://nobody.example', :'key_es256'));
SELECT keys_try(format('SELECT authz.add_pem(%L, %L)', NULL, :'key_es256'));
SELECT keys_try(format('SELECT authz.add_pem(%L, %L)', 'https://pem.example', NULL));
-- Q25: text around one block is taken
SELECT what, keys_try(format('SELECT authz.add_pem(%L, %L, %L)', 'https://pem.example', pem, what),
					  'MC4CAQAwBQYDK2VwBCIEILG8OY5e5NoNK7tKKXF') FROM (VALUES
	('empty', ''),
	('no PEM', 'hello'),
	('private', :'private'),
	('small', :'small'),
	('two', :'key_es256' || :'key_es256'),
	('accept: text before', E'subject=CN = test\nissuer=CN = test\n' || :'certificate'),
	('accept: in the same line', 'key: ' || :'key_es256'),
	('accept: text behind', :'key_es256' || 'x'),
	('a private key behind', :'key_es256' || :'private'),
	('a private key in text', E'x\n' || :'private' || 'x'),
	('cut', left(:'key_es256', 100)),
	('another name', replace(:'key_es256', 'PUBLIC KEY', 'PUBLIC CAT')),
	('accept: good', :'key_es256')) v(what, pem);

--
-- add_secret
--
\set secret '\\x9f7c6e5d4c3b2a190807f6e5d4c3b2a19f7c6e5d4c3b2a190807f6e5d4c3b2a1'
-- accept
SELECT authz.add_issuer('https://hs.example', '{clinic}', options => '{"algorithms": ["HS256", "HS512"]}');
SELECT authz.add_secret('https://hs.example', :'secret'),
	   authz.add_secret('https://hs.example', :'secret', 'one'),
	   authz.add_secret('https://hs.example', mint.secret(), 'two', 'HS512'),
	   authz.add_secret('https://hs.example', mint.secret(), alg => 'HS512');
SELECT kid, alg, kty, source, length(thumbprint), agrees FROM keys_shown WHERE issuer = 'https://hs.example' ORDER BY kid, alg;
SELECT authz.try_set_token(mint.token('{"iss": "https://hs.example"}', :'secret', '{"alg": "HS256", "kid": "one"}'));
SELECT authz.try_set_token(mint.hs512('{"iss": "https://hs.example", "aud": "clinic", "sub": "ann", "exp": "+60"}'));
-- accept, with a warning: it is long enough, and could be guessed
SELECT authz.add_secret('https://hs.example', 'a secret of printable characters', 'three');
BEGIN;
SELECT authz.add_key('https://hs.example', '{"kty": "oct", "alg": "HS256", "kid": "printable", "k": "YSBzZWNyZXQgb2YgcHJpbnRhYmxlIGNoYXJhY3RlcnM"}');
-- accept, without: one byte is not printable
SELECT authz.add_secret('https://hs.example', 'a secret of printable characters\177', 'not printable');
SELECT authz.add_key('https://hs.example', '{"kty": "oct", "alg": "HS256", "kid": "not printable either", "k": "ASBzZWNyZXQgb2YgcHJpbnRhYmxlIGNoYXJhY3RlcnM"}');
ROLLBACK;
-- refuse
SELECT what, keys_try(format('SELECT authz.add_secret(%L, %L, %L, %L)', issuer, secret, kid, alg), :'secret') FROM (VALUES
	('issuer', 'https://nobody.example', :'secret', 'four', 'HS256'),
	('issuer', NULL, :'secret', 'four', 'HS256'),
	('secret', 'https://hs.example', NULL, 'four', 'HS256'),
	('empty', 'https://hs.example', '', 'four', 'HS256'),
	('short', 'https://hs.example', left(:'secret', -2), 'four', 'HS256'),
	('short', 'https://hs.example', :'secret', 'four', 'HS512'),
	('kid', 'https://hs.example', :'secret', 'one', 'HS256'),
	('kid', 'https://hs.example', :'secret', NULL, 'HS256'),
	('kid', 'https://hs.example', :'secret', '', 'HS256'),
	('alg', 'https://hs.example', :'secret', 'four', NULL),
	('alg', 'https://hs.example', :'secret', 'four', ''),
	('alg', 'https://hs.example', :'secret', 'four', 'hs256'),
	('alg', 'https://hs.example', :'secret', 'four', 'RS256'),
	('alg', 'https://hs.example', :'secret', 'four', 'none'),
	('accept: good', 'https://hs.example', :'secret', 'four', 'HS256')) v(what, issuer, secret, kid, alg);
-- Q19, refuse: what reads as a public key, a certificate or a JWK, also in the ways in which it is handed around
SELECT what, keys_try(format('SELECT authz.add_secret(%L, %L, %L)', 'https://hs.example', secret, 'four'), left(encode(secret, 'escape'), 30)) FROM (VALUES
	('PEM', convert_to(:'key_rs256', 'UTF8')),
	('PEM', convert_to(E'\n' || :'key_ed25519', 'UTF8')),
	('certificate', convert_to(:'certificate', 'UTF8')),
	('JWK', convert_to(:'jwk_rs256', 'UTF8')),
	('JWK set', convert_to('{"keys": [' || :'jwk_es256' || ']}', 'UTF8')),
	('DER', decode(regexp_replace(:'key_rs256', '-----[^-]*-----|\s', '', 'g'), 'base64')),
	('DER', decode(regexp_replace(:'certificate', '-----[^-]*-----|\s', '', 'g'), 'base64')),
	('PEM without its lines', convert_to(regexp_replace(:'key_rs256', '-----[^-]*-----', '', 'g'), 'UTF8')),
	('PEM in base64', convert_to(encode(convert_to(:'key_rs256', 'UTF8'), 'base64'), 'UTF8')),
	('OpenSSH', convert_to('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJGxvMZ5Lm3Yc0kUGvW0Y9FJ2sPm0uE me', 'UTF8'))) v(what, secret);
SELECT keys_try(format('SELECT authz.add_key(%L, %L)', 'https://hs.example',
	json_build_object('kty', 'oct', 'alg', 'HS256', 'kid', 'four', 'k', mint.b64url(convert_to(:'key_rs256', 'UTF8')))));
-- accept: one that was added before 1.1 did not take it goes on
BEGIN;
UPDATE authz.issuer_key SET jwk = json_build_object('alg', 'HS256', 'k', mint.b64url(convert_to(:'jwk_es256', 'UTF8')), 'kid', 'one', 'kty', 'oct'),
	thumbprint = mint.b64url(sha256(convert_to(format('{"k":"%s","kty":"oct"}', mint.b64url(convert_to(:'jwk_es256', 'UTF8'))), 'UTF8')))
 WHERE issuer = 'https://hs.example' AND kid = 'one';
SELECT authz.try_set_token(mint.token('{"iss": "https://hs.example"}', convert_to(:'jwk_es256', 'UTF8'), '{"alg": "HS256", "kid": "one"}'));
ROLLBACK;
-- neither do errors of the server itself show it
BEGIN;
ALTER TABLE authz.issuer_key ADD CONSTRAINT keys_no_five CHECK (kid <> 'five') NOT VALID;
SELECT keys_try(format('SELECT authz.add_secret(%L, %L, %L)', 'https://hs.example', :'secret', 'five'),
				mint.b64url(:'secret'::bytea)) AS constrained;
SET LOCAL transaction_read_only = on;
SELECT keys_try(format('SELECT authz.add_secret(%L, %L, %L)', 'https://hs.example', :'secret', 'six'), :'secret') AS read_only;
ROLLBACK;

--
-- drop_key
--
-- accept: by kid
SELECT authz.set_token(:'token_es256');
SELECT authz.drop_key('https://id.example', 'es384');
SELECT authz.token_state();
SELECT authz.drop_key('https://id.example', 'es256');
SELECT authz.token_state(), authz.try_set_token(:'token_es256');
-- accept: the token never named a kid, and a key without kid serves it
SELECT authz.try_set_token(:'nokid_es256');
SELECT authz.add_pem('https://id.example', :'key_es256');
SELECT authz.try_set_token(:'nokid_es256');
-- accept: by thumbprint, since it has no kid
SELECT thumbprint FROM authz.issuer_key WHERE issuer = 'https://id.example' AND kid IS NULL \gset
SELECT authz.drop_key('https://id.example', :'thumbprint');
SELECT authz.token_state(), authz.try_set_token(:'nokid_es256');
CREATE FUNCTION keys_both(bits text) RETURNS boolean LANGUAGE sql
	RETURN authz.try_set_token(mint.sign(format('{"alg":"HS%s","kid":"both"}', bits), mint.times('{"iss": "https://hs.example", "aud": "clinic", "sub": "ann", "exp": "+60"}'),
		mint.secret('b'), bits));
-- Q15, accept: one algorithm of a kid, then all of it; one of a thumbprint
SELECT authz.add_secret('https://hs.example', mint.secret('b'), 'both'), authz.add_secret('https://hs.example', mint.secret('b'), 'both', 'HS512');
SELECT keys_both('256'), keys_both('512');
SELECT keys_try($$SELECT authz.drop_key('https://hs.example', 'both', 'HS384')$$);
SELECT keys_try($$SELECT authz.drop_key('https://hs.example', 'both', '')$$);
SELECT authz.drop_key('https://hs.example', 'both', 'HS256');
SELECT keys_both('256'), keys_both('512');
SELECT authz.add_secret('https://hs.example', mint.secret('b'), 'both');
SELECT authz.drop_key('https://hs.example', 'both');
SELECT authz.add_secret('https://hs.example', mint.secret('b')), authz.add_secret('https://hs.example', mint.secret('b'), alg => 'HS512');
SELECT thumbprint FROM authz.issuer_key WHERE issuer = 'https://hs.example' AND alg = 'HS256' ORDER BY added_at DESC LIMIT 1 \gset
SELECT authz.drop_key('https://hs.example', :'thumbprint', 'HS512');
SELECT alg, kid FROM authz.issuer_key WHERE issuer = 'https://hs.example' AND thumbprint = :'thumbprint';
SELECT authz.drop_key('https://hs.example', :'thumbprint', NULL);
SELECT count(*) FROM authz.issuer_key WHERE issuer = 'https://hs.example' AND thumbprint = :'thumbprint';
-- accept: EdDSA is the name of two
SELECT authz.add_key('https://id.example', jsonb_set(:'jwk_ed25519', '{kid}', '"ed"')::json), authz.add_key('https://id.example', jsonb_set(:'jwk_ed448', '{kid}', '"ed"')::json);
SELECT keys_try($$SELECT authz.drop_key('https://id.example', 'ed', 'RS256')$$);
SELECT authz.drop_key('https://id.example', 'ed', 'EdDSA');
SELECT count(*) FROM authz.issuer_key WHERE kid = 'ed';
-- a kid that no index holds
SELECT keys_try(format($$SELECT authz.add_key('https://id.example', %L)$$, jsonb_set(:'jwk_ed25519', '{kid}', to_jsonb(repeat('x', 2001)))));
SELECT keys_try(format($$SELECT authz.add_secret('https://hs.example', mint.secret('b'), %L)$$, repeat('x', 2001)));
-- refuse: a key that has a kid goes by that alone
SELECT thumbprint FROM authz.issuer_key WHERE issuer = 'https://id.example' AND kid = 'ed448' \gset
SELECT keys_try(format('SELECT authz.drop_key(%L, %L)', 'https://id.example', :'thumbprint'));
-- refuse
SELECT keys_try($$SELECT authz.drop_key('https://id.example', 'es256')$$);
SELECT keys_try($$SELECT authz.drop_key('https://id.example', 'ED448')$$);
SELECT keys_try($$SELECT authz.drop_key('https://nobody.example', 'ed448')$$);
SELECT keys_try($$SELECT authz.drop_key('https://id.example', NULL)$$);
SELECT keys_try($$SELECT authz.drop_key('https://id.example', '')$$);
SELECT keys_try($$SELECT authz.drop_key(NULL, 'ed448')$$);
SELECT keys_try($$SELECT authz.drop_key('https://id.example', 'ed448')$$);

--
-- Q16: which key of several it is
--
SELECT authz.add_issuer('https://rotated.example', '{clinic}', options => '{"algorithms": ["HS256", "HS384"]}');
CREATE FUNCTION keys_login(secret text, header json DEFAULT '{"alg": "HS256"}') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN authz.try_set_token(mint.token('{"iss": "https://rotated.example"}', mint.secret(secret), header))
		THEN 'accepted' ELSE authz.last_error() ->> 'error_description' END;
END $$;
-- the documented rotation: tokens without kid, a second key beside the first
SELECT authz.add_secret('https://rotated.example', mint.secret('1'), '1');
SELECT keys_login('1'), keys_login('2');
SELECT authz.add_secret('https://rotated.example', mint.secret('2'), '2');
SELECT keys_login('1'), keys_login('2'), keys_login('3');
-- a kid that a key has is still that key
SELECT keys_login('1', '{"alg": "HS256", "kid": "1"}'), keys_login('1', '{"alg": "HS256", "kid": "2"}'), keys_login('1', '{"alg": "HS256", "kid": "3"}');
-- one that no key has: those without kid
SELECT authz.add_secret('https://rotated.example', mint.secret(s)) FROM unnest('{3,4}'::text[]) s \g /dev/null
SELECT keys_login(s, '{"alg": "HS256", "kid": "other"}') FROM unnest('{1,3,4,5}'::text[]) s;
-- and not one of another algorithm, whatever its secret
SELECT keys_login('1', '{"alg": "HS384"}'), keys_login('3', '{"alg": "HS384", "kid": "other"}'), keys_login('1', '{"alg": "HS384", "kid": "1"}');
-- eight are tried
SELECT authz.add_secret('https://rotated.example', mint.secret(s::text), s::text), authz.add_secret('https://rotated.example', mint.secret(s::text), alg => 'HS384')
  FROM generate_series(5, 8) s \g /dev/null
SELECT string_agg(keys_login(s::text), ', ' ORDER BY s) FROM generate_series(1, 9) s;
-- and of nine none, where no key is named
SELECT authz.add_secret('https://rotated.example', mint.secret('9'), '9');
SELECT keys_login('9'), keys_login('1'), keys_login('9', '{"alg": "HS256", "kid": "9"}'), keys_login('3', '{"alg": "HS256", "kid": "other"}');
-- those that are not believed do not count
UPDATE authz.issuer_key SET jwk = '{}' WHERE issuer = 'https://rotated.example' AND kid = '5';
SELECT keys_login('9'), keys_login('5');
SELECT authz.drop_key('https://rotated.example', '5');
-- the one added last is the token's: it goes, and the identity with it
SELECT authz.add_secret('https://rotated.example', mint.secret('1'), 'a');
SELECT authz.drop_key('https://rotated.example', '8');
SELECT keys_login('1');
SELECT authz.drop_key('https://rotated.example', '1');
SELECT authz.token_state();
SELECT authz.drop_key('https://rotated.example', 'a');
SELECT authz.token_state(), keys_login('1');
-- also where the token was seen before: it has the answer that a new connection would give
SELECT authz.add_secret('https://rotated.example', mint.secret('1'), '1');
SELECT keys_login('1');
SELECT authz.add_secret('https://rotated.example', mint.secret('1'), 'a');
SELECT authz.token_state(), keys_login('1');
SELECT authz.drop_key('https://rotated.example', '1');
SELECT authz.token_state();
SELECT authz.alter_issuer('https://rotated.example', '{"key_id_required": true}');
SELECT keys_login('1'), keys_login('1', '{"alg": "HS256", "kid": "a"}'), keys_login('3', '{"alg": "HS256", "kid": "other"}');
DROP FUNCTION keys_login;

-- an identity goes by the very key that verified it: what comes instead, under its name or not, is another one
SELECT authz.add_issuer(i, '{clinic}', options => '{"algorithms": ["HS256", "HS512"]}') FROM unnest(ARRAY['https://again.example', 'https://next.example']) i \g /dev/null
CREATE FUNCTION keys_replaced(kid text, secret bytea, new_kid text, alg text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM authz.issuer_key k WHERE k.issuer IN ('https://again.example', 'https://next.example');
	PERFORM authz.add_secret('https://again.example', mint.secret(), kid), authz.add_secret('https://next.example', secret, new_kid, alg);
	PERFORM authz.set_token(mint.token('{"iss": "https://again.example"}', header => json_strip_nulls(json_build_object('alg', 'HS256', 'kid', kid))));
	-- in one statement: what has ended stays so
	UPDATE authz.issuer_key k SET kid = n.kid, alg = n.alg, jwk = n.jwk, thumbprint = n.thumbprint FROM authz.issuer_key n
	 WHERE k.issuer = 'https://again.example' AND n.issuer = 'https://next.example';
	RETURN authz.token_state();
END $$;
SELECT what, keys_replaced(kid, secret, new_kid, alg) FROM (VALUES
	('accept: the same', 'one', mint.secret(), 'one', 'HS256'),
	('accept: the same, without kid', NULL, mint.secret(), NULL, 'HS256'),
	('secret', 'one', mint.secret('b'), 'one', 'HS256'),
	('secret, without kid', NULL, mint.secret('b'), NULL, 'HS256'),
	('alg', 'one', mint.secret(), 'one', 'HS512'),
	('kid', 'one', mint.secret(), 'two', 'HS256'),
	('no kid', 'one', mint.secret(), NULL, 'HS256'),
	('a kid', NULL, mint.secret(), 'one', 'HS256')) v(what, kid, secret, new_kid, alg);

-- a statement that removes a key, and has the trust read again before it has done so
CREATE TEMP TABLE keys_asked (state text);
CREATE FUNCTION keys_ask() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	asked text;
BEGIN
	INSERT INTO keys_asked VALUES (NULL);
	UPDATE keys_asked SET state = authz.token_state() RETURNING state INTO asked;
	RETURN asked;
END $$;
SELECT authz.set_token(:'token_es512');
BEGIN;
DELETE FROM authz.issuer_key WHERE issuer = 'https://id.example' AND kid = 'es512' AND keys_ask() = 'valid';
SELECT authz.token_state(), authz.try_set_token(:'token_es512');
COMMIT;

-- clean up
SELECT authz.clear_token();
DROP TABLE keys_asked;
SELECT count(authz.drop_issuer(issuer)::text) FROM authz.issuer
 WHERE issuer ~ '^https://(id|other|ps|pem|hs|again|next|rotated).example$';
DROP VIEW keys_shown;
DROP FUNCTION keys_try, keys_add, keys_without_alg, keys_both, keys_replaced, keys_ask;
