-- Q9: an error says what to do next; it may name what was configured, and never holds a byte of a token.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\pset format unaligned
\pset footer off
CREATE FUNCTION hint_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
	piece text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	-- a claim of the tokens below
	IF concat(message, detail, hint) ~ 'secret-' THEN
		RETURN 'a claim is in the error';
	END IF;
	RETURN concat_ws(E'\n  ', concat_ws(' ', SQLSTATE, message), nullif(detail, ''), coalesce('HINT: ' || nullif(hint, ''), 'NO HINT'));
END $$;
CREATE FUNCTION hint_of_token(token text) RETURNS text LANGUAGE sql
RETURN hint_of(format('SELECT authz.set_token(%L)', token));
CREATE FUNCTION hint_of_claims(changes jsonb, without text[] DEFAULT '{}') RETURNS text LANGUAGE sql
RETURN hint_of_token(mint.person('tG', changes, without));
CREATE FUNCTION hint_of_header(header json) RETURNS text LANGUAGE sql
RETURN hint_of_token(mint.hs256(mint.claims('tG')::json, header => header));
\set ECHO all

--
-- Tokens that are refused
--
-- accept
SELECT hint_of_claims('{}');
SELECT hint_of_token(NULL);
SELECT hint_of_token(repeat('a', 100000));
SELECT hint_of_token('a');
SELECT hint_of_token('a.b.c.d.e');
SELECT hint_of_token('e30.e30.e3!');
SELECT hint_of_token('e30.e30.e');
SELECT hint_of_token('W10.e30.e30');
SELECT hint_of_token('e30.W10.e30');
SELECT hint_of_header('{"alg":"HS256","crit":["secret-"]}');
SELECT hint_of_header('{"alg":"HS256","typ":1}');
SELECT hint_of_header('{}');
SELECT hint_of_header('{"alg":"secret-"}');
SELECT hint_of_header('{"alg":"HS256","kid":"secret-"}');
SELECT hint_of_claims('{"iss": "https://secret-.example"}');
SELECT hint_of_token(mint.hs256(mint.claims('tG')::json, mint.secret('other')));
SELECT hint_of_claims('{"aud": "secret-"}');
SELECT hint_of_claims('{}', '{exp}');
SELECT hint_of_claims('{"exp": "secret-"}');
SELECT hint_of_claims('{"exp": "-60"}');
SELECT hint_of_claims('{"nbf": "secret-"}');
SELECT hint_of_claims('{"nbf": "+600"}');
SELECT hint_of_claims('{"iat": "secret-"}');
SELECT hint_of_claims('{"iat": "+600"}');
SELECT hint_of_claims('{}', '{sub}');
SELECT hint_of_claims('{"jti": ["secret-"]}');
SELECT hint_of_claims('{"act": "secret-"}');
SELECT hint_of_claims('{"act": {"sub": "x", "iss": "secret- "}}');
SELECT authz.alter_issuer('https://people.example', '{"actors": ["bot"], "ceiling_required": true}');
SELECT hint_of_claims('{"act": {"sub": "secret-"}}');
SELECT hint_of_claims('{"act": {"sub": "bot"}}');
SELECT authz.alter_issuer('https://people.example', '{"actors": null, "ceiling_required": null}');
SELECT authz.revoke_token('https://people.example', 'secret-jti');
SELECT hint_of_claims('{"jti": "secret-jti"}');
SELECT authz.alter_issuer('https://people.example', '{"token_types": ["at+jwt"], "max_age_seconds": 60, "key_id_required": false}');
SELECT hint_of_header('{"alg":"HS256","typ":"secret-"}');
SELECT hint_of_token(mint.hs256((mint.claims('tG') || '{"iat": "-600"}')::json, header => '{"alg":"HS256"}'));
SELECT authz.alter_issuer('https://people.example', '{"token_types": null, "max_age_seconds": null, "key_id_required": true}');
SELECT hint_of_claims('{}');
SELECT authz.alter_issuer('https://people.example', '{"key_id_required": false}');

--
-- Nobody, and somebody whose identity has ended
--
CALL mint.logout();
SELECT hint_of('SELECT authz.require_authenticated()');
CALL mint.login('tG', '{"jti": "ends"}');
SELECT hint_of('SELECT authz.require_authenticated()');
SELECT authz.revoke_token('https://people.example', 'ends');
SELECT hint_of('SELECT authz.require_authenticated()');
CALL mint.login('tG');
SELECT authz.alter_issuer('https://people.example', '{"leeway_seconds": 0}');
SELECT hint_of('SELECT authz.require_authenticated()');
SELECT hint_of($$ALTER ROLE CURRENT_USER SET dbmi_authz.token = 'x'$$);
CALL mint.logout();
SELECT hint_of($$SELECT authz.has_any_scope(VARIADIC '{}')$$);

--
-- Whom to trust
--
-- which profiles there are
SELECT hint_of($$SELECT authz.add_issuer('https://hint.example', '{a}', 'Auth0')$$);
SELECT hint_of($$SELECT authz.add_issuer('https://hint.example', NULL)$$);
SELECT hint_of($$SELECT authz.add_issuer('https://hint.example', '{}')$$);
-- which options
SELECT hint_of($$SELECT authz.add_issuer('https://hint.example', '{a}', options => '{"Algorithms": ["HS256"]}')$$);
SELECT hint_of($$SELECT authz.alter_issuer('https://people.example', '{"scopes": null}')$$);
-- which element, and which algorithms
SELECT hint_of($$SELECT authz.add_issuer('https://hint.example', '{a}', options => '{"algorithms": ["ES256", "HS265"]}')$$);
SELECT hint_of($$SELECT authz.add_issuer('https://hint.example', '{a}', options => '{"algorithms": ["ES256", "ES256"]}')$$);
SELECT hint_of($$SELECT authz.add_issuer('https://hint.example', '{a}', options => '{"algorithms": []}')$$);
SELECT hint_of($$SELECT authz.add_issuer('https://hint.example', '{a}', options => '{"required_claims": ["sub", "", "exp"]}')$$);
SELECT hint_of($$SELECT authz.add_issuer('https://hint.example', '{a}', options => '{"role_claims": ["roles", ["realm", 1]]}')$$);
SELECT hint_of($$SELECT authz.add_issuer('https://hint.example', '{a}', options => '{"leeway_seconds": "5"}')$$);
SELECT hint_of($$SELECT authz.add_issuer('https://people.example', '{a}')$$);
SELECT hint_of($$SELECT authz.alter_issuer('https://People.example', '{}')$$);
SELECT hint_of($$SELECT authz.drop_issuer('https://People.example')$$);
-- keys
SELECT hint_of($$SELECT authz.add_secret('https://people.example', mint.secret(), 'k', 'HS265')$$);
SELECT hint_of($$SELECT authz.add_key('https://people.example', '{"kty": "oct", "k": "AAAA", "alg": "none"}')$$);
SELECT hint_of($$SELECT authz.add_secret('https://people.example', mint.secret())$$);
SELECT authz.add_secret('https://people.example', mint.secret('b'), 'k');
SELECT hint_of($$SELECT authz.add_secret('https://people.example', mint.secret('c'), 'k')$$);
SELECT hint_of($$SELECT authz.drop_key('https://people.example', 'K')$$);
SELECT hint_of($$SELECT authz.set_jwks('https://people.example', '{"keys": [{"kty": "EC"}]}')$$);
SELECT hint_of($$SELECT authz.set_jwks('https://people.example', '{"keys": []}')$$);
SELECT hint_of($$SELECT authz.add_key('https://people.example', '{"kty": "RSA"}')$$);
SELECT hint_of($$SELECT authz.add_pem('https://people.example', 'a key')$$);
SELECT hint_of($$SELECT authz.add_secret('https://people.example', 'short')$$);
SELECT hint_of($$SELECT authz.add_issuer('https://hint.example', '{a}', options => '[]')$$);

-- rows that are not believed
INSERT INTO authz.issuer VALUES ('people 1', '{x}', 'Auth0', '{}'), ('people 2', '{x}', 'generic', '[]'), ('people 3', '{x}', 'generic', '{"leeway_seconds": -1}');
INSERT INTO authz.issuer_key (issuer, kid, alg, jwk, thumbprint, source)
	VALUES ('https://people.example', 'odd', 'ES256', '{}', '', ''), ('https://people.example', NULL, 'ES256', '{}', '', '');
SELECT authz.try_set_token('');
SELECT hint_of_claims(jsonb_build_object('iss', 'people ' || n)) FROM generate_series(1, 3) n;
SELECT hint_of_claims('{}');
\set ECHO none
CALL mint.go_home();
