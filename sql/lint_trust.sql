-- lint() names issuers, keys and rows of the trust that are not what they should be; broken rows stop nothing.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\set ECHO all
CREATE SCHEMA lint_trust;
CREATE FUNCTION mint.found(what text, OUT code text, OUT level text, OUT object text) RETURNS SETOF record LANGUAGE sql AS
$$ SELECT code, level, object FROM authz.lint(ARRAY['lint_trust']) WHERE object ILIKE '%' || what || '%' OR code = 'not_checked' ORDER BY object, code $$;
CREATE FUNCTION mint.told(what text, OUT code text, OUT detail text, OUT hint text) RETURNS SETOF record LANGUAGE sql AS
$$ SELECT code, detail, hint FROM authz.lint(ARRAY['lint_trust']) WHERE code = what AND object ~ 'people|o''brien' ORDER BY object $$;
-- An issuer that nothing is said about: keys, and nobody who acts for others.
CREATE FUNCTION mint.clean(name text, options jsonb DEFAULT '{}', audience text[] DEFAULT '{people}', profile text DEFAULT 'generic') RETURNS void LANGUAGE sql AS
$$ SELECT mint.trust(name, audience, profile, '{"actors": [], "claim_values": [{"claim": "typ", "present": true}]}' || options) $$;
SELECT mint.clean('people/clean');
SELECT * FROM mint.found('people/clean');

-- plain http; the machine itself is not on the way
SELECT mint.clean(name) FROM unnest(ARRAY['http://people.example', 'HTTP://people.example:80', 'http://localhost@people.example', 'http://localhost.people.example',
	'http://127.0.0.1.people.example', 'http://[::1].people.example', 'http://127.people.example', 'https://people.example/http://x']) AS n (name) WHERE name NOT LIKE 'https://people.example%' \g /dev/null
SELECT mint.clean(name) FROM unnest(ARRAY['http://localhost/people', 'http://LOCALHOST:8080/people', 'http://127.0.0.1:80/people', 'http://127.1.2.3/people', 'http://[::1]/people',
	'http://[::1]:8080/people', 'http://x.localhost/people', 'http://u@localhost/people', 'people http://x']) AS n (name) \g /dev/null
SELECT * FROM mint.found('http:');
SELECT mint.clean('people dbmi http', '{"jwks_uri": "http://keys.people.example"}', '{other}', 'dbmi') \g /dev/null
SELECT * FROM mint.found('people dbmi http');
SELECT authz.alter_issuer('people dbmi http', '{"jwks_uri": "http://localhost/keys"}');
SELECT * FROM mint.found('people dbmi http');
SELECT authz.drop_issuer(issuer) FROM authz.issuer WHERE issuer ~* '^http://' OR issuer = 'people http://x' \g /dev/null

-- keys: none, of an algorithm that is refused, of both kinds, known to everybody
SELECT authz.add_issuer('people/bare', '{people}', options => '{"actors": [], "algorithms": ["RS256"], "claim_values": [{"claim": "typ", "values": ["at"]}]}');
SELECT * FROM mint.told('issuer_without_key');
SELECT authz.add_secret('people/bare', mint.secret(), 'k1');
SELECT * FROM mint.found('people/bare');
SELECT * FROM mint.told('key_of_refused_algorithm');
SELECT authz.alter_issuer('people/bare', '{"algorithms": ["RS256", "HS256"]}');
SELECT * FROM mint.found('people/bare');
\set pem `cat "$PG_ABS_SRCDIR"/test/fixtures/rsa_a.pub.pem`
SELECT authz.add_pem('people/bare', :'pem', 'k2');
SELECT * FROM mint.found('people/bare');
SELECT authz.drop_key('people/bare', 'k1');
SELECT * FROM mint.found('people/bare');
-- a phrase, and what 1.0 took for a secret
SELECT mint.clean('people/phrase');
SELECT authz.add_secret('people/phrase', 'this is a phrase of 32 characters and more', 'phrase');
SELECT * FROM mint.found('people/phrase');
UPDATE authz.issuer_key SET (jwk, thumbprint) =
	(json_build_object('kty', 'oct', 'alg', 'HS256', 'k', s.k), rtrim(translate(encode(sha256(convert_to('{"k":"' || s.k || '","kty":"oct"}', 'UTF8')), 'base64'), E'+/\n', '-_'), '='))
	FROM (SELECT rtrim(translate(encode(convert_to(:'pem', 'UTF8'), 'base64'), E'+/\n', '-_'), '=') AS k) s WHERE issuer = 'people/phrase' AND kid = 'phrase';
UPDATE authz.issuer_key SET jwk = (jwk::jsonb || '{"kid": "phrase"}')::json WHERE issuer = 'people/phrase' AND kid = 'phrase';
SELECT * FROM mint.found('people/phrase');
-- more keys without a name than are tried
SELECT mint.clean('people/many');
SELECT authz.add_secret('people/many', sha256(n::text::bytea)) FROM generate_series(1, 7) n \g /dev/null
SELECT * FROM mint.found('people/many');
SELECT authz.add_secret('people/many', sha256('8'));
SELECT * FROM mint.told('too_many_keys');

-- a key set that nobody has fetched for long
SELECT authz.add_issuer('people/set', '{people}', 'auth0', '{"actors": [], "claim_values": [{"claim": "typ", "values": ["at"]}]}');
\set jwks `"$PG_ABS_SRCDIR"/test/mint --jwk --key "$PG_ABS_SRCDIR"/test/fixtures/rsa_a.pem --kid k1 --alg RS256`
SELECT authz.set_jwks('people/set', ('{"keys": [' || :'jwks' || ']}')::json);
SELECT * FROM mint.found('people/set');
UPDATE authz.jwks_status SET last_success = now() - interval '6 days' WHERE issuer = 'people/set';
SELECT * FROM mint.found('people/set');
UPDATE authz.jwks_status SET last_success = '2001-01-01' WHERE issuer = 'people/set';
SELECT * FROM mint.told('keys_not_refreshed');
-- of a dump that has no status: as old as the youngest key
DELETE FROM authz.jwks_status WHERE issuer = 'people/set';
SELECT * FROM mint.found('people/set');
UPDATE authz.issuer_key SET added_at = '2001-02-03' WHERE issuer = 'people/set';
SELECT * FROM mint.told('keys_not_refreshed');
-- where the status cannot be read, that is told, and the rights are again the caller's
BEGIN;
ALTER TABLE authz.jwks_status RENAME last_success TO taken;
SELECT code, level, object, detail FROM authz.lint(ARRAY['lint_trust']) WHERE object = 'issuer people/set';
SELECT current_user = session_user;
ROLLBACK;
-- a key of a set is one of several that the issuer publishes
SELECT authz.alter_issuer('people/set', '{"algorithms": ["ES256"]}');
SELECT * FROM mint.found('people/set');
SELECT authz.alter_issuer('people/set', '{"algorithms": null}');
-- one that was added by hand is not refreshed
UPDATE authz.issuer_key SET source = 'add_pem' WHERE issuer = 'people/set';
SELECT * FROM mint.found('people/set');

-- the audience: not looked at, everybody's, an ID token's
SELECT authz.add_issuer('people/propel', NULL, 'propelauth', '{"actors": []}'), authz.add_pem('people/propel', :'pem') \g /dev/null
SELECT * FROM mint.found('people/propel');
SELECT authz.add_issuer('people/workos', NULL, 'workos', '{"actors": []}'), authz.add_pem('people/workos', :'pem', 'k') \g /dev/null
SELECT * FROM mint.told('audience_unchecked');
SELECT authz.alter_issuer('people/workos', '{"claim_values": [{"claim": "client_id", "values": ["mine"]}]}');
SELECT * FROM mint.found('people/workos');
SELECT mint.clean('people/simplejwt', '{"unnamed": false}', NULL, 'simplejwt');
SELECT * FROM mint.found('people/simplejwt');
SELECT authz.alter_issuer('people/simplejwt', '{"claim_values": null}');
SELECT * FROM mint.found('people/simplejwt');
SELECT authz.drop_issuer('people/simplejwt');
SELECT authz.add_issuer('people/keycloak', '{api, account}', 'keycloak', '{"actors": []}'), authz.add_pem('people/keycloak', :'pem', 'k') \g /dev/null
SELECT * FROM mint.found('people/keycloak');
SELECT authz.alter_issuer('people/keycloak', audience => '{api, accounts}');
SELECT * FROM mint.found('people/keycloak');
SELECT authz.add_issuer('people/ids', '{app}', options => '{"actors": []}'), authz.add_pem('people/ids', :'pem', 'k') \g /dev/null
SELECT * FROM mint.told('id_tokens_accepted');
SELECT authz.alter_issuer('people/ids', '{"token_types": ["at+jwt"]}');
SELECT * FROM mint.found('people/ids');
SELECT authz.alter_issuer('people/ids', '{"token_type_required": true}');
SELECT * FROM mint.found('people/ids');
SELECT authz.alter_issuer('people/ids', '{"token_types": null, "token_type_required": null, "required_claims": ["sub", "nonce"]}');
SELECT * FROM mint.found('people/ids');
SELECT authz.alter_issuer('people/ids', '{"required_claims": ["sub", "scope"]}');
SELECT * FROM mint.found('people/ids');
-- two that are told apart by audience, and cannot be
SELECT mint.clean('people dbmi 1', '{}', '{one, both}', 'dbmi'), mint.clean('people dbmi 2', '{}', '{two}', 'dbmi'), mint.clean('people/both', '{}', '{both}') \g /dev/null
SELECT * FROM mint.found('audience ');
UPDATE authz.issuer SET audience = '{both, two}' WHERE issuer = 'people dbmi 2';
SELECT code, level, object, detail, hint FROM authz.lint(ARRAY['lint_trust']) WHERE object ~ 'audience';
-- two without a name
UPDATE authz.issuer SET options = (options::jsonb || '{"unnamed": true, "required_claims": ["sub"]}')::json WHERE issuer IN ('people/clean', 'people/many');
SELECT * FROM mint.found('people/clean');
UPDATE authz.issuer SET options = (options::jsonb || '{"unnamed": false}')::json WHERE issuer IN ('people/clean', 'people/many');
SELECT * FROM mint.found('people/clean');

-- leeway, and what is let pass
SELECT authz.alter_issuer('people/clean', '{"leeway_seconds": 300, "groups_overage": "raise"}');
SELECT * FROM mint.found('people/clean');
SELECT authz.alter_issuer('people/clean', '{"leeway_seconds": 301, "bound_tokens": "ignore", "groups_overage": "ignore"}');
SELECT * FROM mint.found('people/clean');
SELECT authz.alter_issuer('people/clean', '{"leeway_seconds": null, "bound_tokens": null, "groups_overage": null}');

-- who acts for others
SELECT authz.alter_issuer('people/clean', '{"actors": null}');
SELECT * FROM mint.found('people/clean');
SELECT authz.set_actor_ceiling('people/clean', 'helper');
SELECT * FROM mint.told('delegation_without_ceiling') WHERE hint ~ 'people/clean';
-- a hint that begins with a statement is SQL to its end
SELECT count(*) > 5, count(*) FILTER (WHERE regexp_replace(hint, ' *-- .*', '') !~ ';$') FROM authz.lint() WHERE hint ~ '^(ALTER|CREATE|DROP|GRANT|REVOKE|SELECT|RESET|SET) ';
SELECT * FROM mint.found('people/clean');
SELECT authz.alter_issuer('people/clean', '{"actors": ["helper"]}');
SELECT * FROM mint.found('people/clean');
SELECT authz.alter_issuer('people/clean', '{"actors": ["helper", "other"]}');
SELECT * FROM mint.told('delegation_without_ceiling') WHERE hint ~ 'people/clean';
SELECT authz.alter_issuer('people/clean', '{"actors": ["helper", "other"], "ceiling_required": true}');
SELECT * FROM mint.found('people/clean');

-- rows that the functions would not have written, one beside the other
ALTER TABLE authz.issuer DROP CONSTRAINT issuer_pkey, ALTER issuer DROP NOT NULL, ALTER profile DROP NOT NULL, ALTER options DROP NOT NULL;
ALTER TABLE authz.issuer_key ALTER issuer DROP NOT NULL, ALTER jwk DROP NOT NULL, ALTER alg DROP NOT NULL, ALTER thumbprint DROP NOT NULL;
ALTER TABLE authz.revocation DROP CONSTRAINT revocation_pkey, ALTER issuer DROP NOT NULL, ALTER kind DROP NOT NULL, ALTER value DROP NOT NULL, DROP CONSTRAINT revocation_kind_check, DROP CONSTRAINT revocation_check;
ALTER TABLE authz.inactive_subject DROP CONSTRAINT inactive_subject_pkey, ALTER issuer DROP NOT NULL, ALTER subject DROP NOT NULL;
ALTER TABLE authz.actor_ceiling DROP CONSTRAINT actor_ceiling_pkey, ALTER issuer DROP NOT NULL, ALTER actor DROP NOT NULL;
INSERT INTO authz.issuer (issuer, audience, profile, options) VALUES
	('people/b1', '{}', 'generic', '{}'), ('people/b2', '{x}', 'nosuch', '{}'), ('people/b3', '{x}', 'generic', '[]'), ('people/b4', '{x}', NULL, '{}'),
	('people/b5', '{x}', 'generic', NULL), ('people/b6', '{{x},{y}}', 'generic', '{}'), ('people/b7', '{NULL}', 'generic', '{}'), ('people/b8', NULL, 'generic', '{}'),
	('people/b9', '{x}', 'generic', '{"leeway_seconds": -1}'), ('people/bA', '{x}', 'generic', '{"nonsense": 1}'), ('people/twice', '{x}', 'generic', '{}'),
	('people/twice', '{y}', 'generic', '{}'), (NULL, '{x}', 'generic', '{}'), (E'o''brien\n"people" %s \\', '{}', 'generic', '{}');
INSERT INTO authz.issuer_key (issuer, kid, alg, jwk, thumbprint, source) VALUES
	('people/ids', 'b1', 'RS256', '{"kty": "RSA", "n": "abc", "e": "AQAB"}', 'x', 'add_key'), ('people/ids', 'b2', 'RS256', '7', 'x', 'add_key'),
	('people/ids', 'b3', NULL, NULL, NULL, 'add_key'), ('people/ids', NULL, 'none', '{"kty": "none"}', NULL, 'add_key'), ('people/ids', E'b''\n4', 'HS256', '{"kty": "oct", "k": ""}', 'x', 'add_key'),
	('people/gone', 'k', 'RS256', '{}', 'x', 'add_key'), (NULL, 'k', 'RS256', '{}', 'x', 'add_key');
INSERT INTO authz.revocation (issuer, kind, value, until) VALUES
	(NULL, 'token', 'people 1', NULL), ('people/clean', NULL, 'people 2', NULL), ('people/clean', 'nonsense', 'people 3', NULL), ('people/clean', 'token', NULL, NULL), ('people/clean', 'token', 'good', '2001-01-01');
INSERT INTO authz.inactive_subject VALUES (NULL, 'people 5'), ('people/clean', NULL), ('people/clean', 'good');
INSERT INTO authz.actor_ceiling (issuer, actor) VALUES (NULL, 'people 6'), ('people/clean', NULL), ('people/gone', 'people 7');
INSERT INTO authz.profile VALUES ('people', 'aud', true, '[]');
SELECT * FROM mint.found('people');
SELECT * FROM mint.told('bad_issuer');
SELECT * FROM mint.told('bad_key');
SELECT code, level, object, hint FROM authz.lint(ARRAY['lint_trust']) WHERE object LIKE 'table authz.%' OR object = 'issuer NULL';
-- what they hide is seen again when they are gone
DELETE FROM authz.issuer WHERE issuer IS NULL OR issuer LIKE 'people/b_' OR issuer = 'people/twice' OR issuer ~ 'brien';
DELETE FROM authz.issuer_key WHERE issuer IS NULL OR issuer = 'people/gone' OR issuer = 'people/ids';
DELETE FROM authz.revocation; DELETE FROM authz.inactive_subject; DELETE FROM authz.actor_ceiling; DELETE FROM authz.profile WHERE profile = 'people';
SELECT code, level, object FROM authz.lint(ARRAY['lint_trust']) WHERE code ~ '^bad_|^not_checked|prune|without_issuer';

-- fingerprints are those of code and name
CREATE TABLE lint_trust.seen AS SELECT fingerprint FROM authz.lint(ARRAY['lint_trust']) WHERE object ~ 'people';
SELECT count(*) > 0 FROM lint_trust.seen;
SELECT object FROM authz.lint(ARRAY['lint_trust'], ARRAY(SELECT fingerprint FROM lint_trust.seen)) WHERE object ~ 'people';

SET client_min_messages = warning;
ALTER TABLE authz.issuer ADD PRIMARY KEY (issuer), ALTER profile SET NOT NULL, ALTER options SET NOT NULL;
ALTER TABLE authz.issuer_key ALTER issuer SET NOT NULL, ALTER jwk SET NOT NULL, ALTER alg SET NOT NULL, ALTER thumbprint SET NOT NULL;
ALTER TABLE authz.revocation ADD PRIMARY KEY (issuer, kind, value), ADD CHECK (kind IN ('token', 'subject', 'session', 'actor')), ADD CHECK ((kind = 'subject') = (issued_before IS NOT NULL));
ALTER TABLE authz.inactive_subject ADD PRIMARY KEY (issuer, subject);
ALTER TABLE authz.actor_ceiling ADD PRIMARY KEY (issuer, actor);
DROP FUNCTION mint.found, mint.told, mint.clean;
DROP SCHEMA lint_trust CASCADE;
CALL mint.go_home();
