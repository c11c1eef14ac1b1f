-- An issuer is trusted exactly as it was added and altered; whatever does not fit is refused by name and changes nothing.
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
CREATE FUNCTION issuer_try(statement text) RETURNS text LANGUAGE plpgsql AS $$
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
-- add_issuer() with these options, and the issuer gone again
CREATE FUNCTION issuer_option(options text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text := issuer_try(format('SELECT authz.add_issuer(%L, %L, options => %L)',
									 'https://option.example', '{a}', options));
BEGIN
	IF result = 'ok' THEN
		PERFORM authz.drop_issuer('https://option.example');
	END IF;
	RETURN result;
END $$;

--
-- The profiles
--
SELECT profile, chosen_by, audience_required, jsonb_pretty(options::jsonb) AS options
  FROM authz.profile ORDER BY profile;

--
-- add_issuer: issuer, audience, profile
--
-- accept
SELECT authz.add_issuer('https://a.example', '{clinic}');
SELECT authz.add_issuer('https://b.example', '{clinic,lab}', 'auth0', '{"leeway_seconds": 5, "client": null}');
SELECT authz.add_issuer('https://c.example', NULL, 'propelauth');
SELECT authz.add_issuer('https://d.example', ARRAY['clinic'], options => '{}', profile => 'axioms');
SELECT issuer, audience, profile, options::jsonb FROM authz.issuer
 WHERE issuer ~ '^https://[a-d].example' ORDER BY issuer;
-- refuse: it exists, with whatever else
SELECT issuer_try($$SELECT authz.add_issuer('https://a.example', '{clinic}')$$);
SELECT issuer_try($$SELECT authz.add_issuer('https://a.example', NULL, 'propelauth')$$);
-- accept: others, by one byte
SELECT issuer_try($$SELECT authz.add_issuer('https://a.example/', '{clinic}')$$),
	   issuer_try($$SELECT authz.add_issuer('https://A.example', '{clinic}')$$),
	   issuer_try($$SELECT authz.add_issuer(' https://a.example', '{clinic}')$$);
-- refuse: NULL and empty
SELECT issuer_try($$SELECT authz.add_issuer(NULL, '{clinic}')$$);
SELECT issuer_try($$SELECT authz.add_issuer('', '{clinic}')$$);
SELECT issuer_try($$SELECT authz.add_issuer('https://e.example', '{clinic}', NULL)$$);
SELECT issuer_try($$SELECT authz.add_issuer('https://e.example', '{clinic}', '')$$);
SELECT issuer_try($$SELECT authz.add_issuer('https://e.example', '{clinic}', options => NULL)$$);
-- refuse: a profile that is not one
SELECT issuer_try($$SELECT authz.add_issuer('https://e.example', '{clinic}', 'keycloak')$$);
SELECT issuer_try($$SELECT authz.add_issuer('https://e.example', '{clinic}', 'Generic')$$);
-- refuse: no audience, where the profile wants one
SELECT profile, issuer_try(format('SELECT authz.add_issuer(%L, NULL, %L)', 'https://e.example', profile))
  FROM authz.profile WHERE audience_required ORDER BY profile;
-- refuse, for whatever profile: an audience that names nothing
SELECT issuer_try($$SELECT authz.add_issuer('https://e.example', '{}', 'propelauth')$$);
SELECT issuer_try($$SELECT authz.add_issuer('https://e.example', '{}')$$);
SELECT issuer_try($$SELECT authz.add_issuer('https://e.example', ARRAY['clinic', NULL])$$);
SELECT issuer_try($$SELECT authz.add_issuer('https://e.example', ARRAY['clinic', ''])$$);
SELECT issuer_try($$SELECT authz.add_issuer('https://e.example', '{{clinic,lab},{a,b}}')$$);

--
-- add_issuer: options
--
-- accept: every option there is
SELECT options, issuer_option(options) FROM (VALUES
	('{"algorithms": ["HS256"]}'),
	('{"algorithms": ["EdDSA", "Ed25519", "ES256K", "ML-DSA-65"]}'),
	('{"leeway_seconds": 0}'), ('{"leeway_seconds": 86400}'),
	('{"max_age_seconds": 3600}'),
	('{"required_claims": []}'), ('{"required_claims": ["jti", "email"]}'),
	('{"skew_seconds": 300}'), ('{"session_claim": "session_id"}'), ('{"token_type_required": true}'),
	('{"bound_tokens": "ignore"}'), ('{"groups_overage": "raise"}'),
	('{"audience_claims": ["client_id", ["a", "b"]]}'), ('{"unnamed": false}'),
	('{"claim_values": [{"claim": "azp", "values": ["my-app"]}, {"claim": ["a", "b"], "absent": true}]}'),
	('{"token_types": ["at+jwt"]}'),
	('{"key_id_required": true}'),
	('{"scope_claims": []}'), ('{"scope_claims": ["scp", ["a", "b"]]}'),
	('{"role_claims": [["realm_access", "roles"]]}'), ('{"role_claims": [{"path": ["a", "b"], "keys": true}]}'),
	('{"merge_claims": true}'),
	('{"permission_claims": ["https://x.example/permissions"]}'),
	('{"group_claims": ["cognito:groups"]}'),
	('{"org_claims": ["orgs"]}'), ('{"org_shape": "single"}'), ('{"org_id_claim": ["o", "id"], "org_name_claim": "org_slug"}'),
	('{"org_role_claims": ["org_role"], "org_permission_claims": []}'), ('{"application": "my-client"}'),
	('{"owner_claim": "email"}'), ('{"owner_claim": ["person", "id"]}'),
	('{"email_claim": "mail"}'), ('{"user_id_claim": "uid"}'),
	('{"admin_groups": ["admins"]}'), ('{"admin_permissions": []}'),
	('{"client": "my-client"}'),
	('{"jwks_uri": "https://a.example/jwks.json"}'),
	('{"leeway_seconds": null}')) v(options);
-- refuse: the same, wrong
SELECT options, issuer_option(options) FROM (VALUES
	('{"algorithms": []}'), ('{"algorithms": "RS256"}'), ('{"algorithms": ["none"]}'),
	('{"algorithms": ["rs256"]}'), ('{"algorithms": ["RS256", "RS256"]}'), ('{"algorithms": [256]}'),
	('{"leeway_seconds": -1}'), ('{"leeway_seconds": "60"}'), ('{"leeway_seconds": 86401}'), ('{"leeway_seconds": 1.5}'),
	('{"max_age_seconds": -1}'), ('{"max_age_seconds": true}'),
	('{"required_claims": "jti"}'), ('{"required_claims": [""]}'), ('{"required_claims": [["a"]]}'),
	('{"skew_seconds": 301}'), ('{"session_claim": []}'), ('{"token_type_required": "JWT"}'),
	('{"bound_tokens": "accept"}'), ('{"groups_overage": true}'),
	('{"audience_claims": []}'), ('{"audience_claims": "aud"}'), ('{"unnamed": 1}'),
	('{"claim_values": {"azp": "my-app"}}'), ('{"claim_values": [{"claim": "azp", "values": []}]}'),
	('{"claim_values": [{"claim": "azp", "values": ["a"]}, {"claim": "azp", "absent": true}]}'),
	('{"token_types": "JWT"}'),
	('{"key_id_required": 1}'), ('{"key_id_required": "true"}'),
	('{"scope_claims": "scp"}'), ('{"scope_claims": [[]]}'), ('{"scope_claims": [""]}'), ('{"scope_claims": [1]}'),
	('{"role_claims": {}}'), ('{"permission_claims": [["a", ""]]}'), ('{"group_claims": [["a", 1]]}'),
	('{"org_shape": "flat"}'), ('{"org_id_claim": []}'), ('{"org_name_claim": 1}'), ('{"org_role_claims": "org_role"}'), ('{"org_permission_claims": [1]}'),
	('{"application": ""}'), ('{"application": "a", "client": "b"}'),
	('{"role_claims": [{"path": "a"}]}'), ('{"merge_claims": "yes"}'),
	('{"org_claims": false}'), ('{"org_claims": [{"path": "a", "keys": true}]}'),
	('{"owner_claim": ""}'), ('{"owner_claim": []}'), ('{"email_claim": 1}'), ('{"user_id_claim": {}}'),
	('{"admin_groups": "admins"}'), ('{"admin_permissions": [null]}'),
	('{"client": ""}'), ('{"client": ["a"]}'),
	('{"jwks_uri": "file:///etc/passwd"}'), ('{"jwks_uri": "https://"}')) v(options);
-- refuse: names that are not recognized, whatever the value
SELECT options, issuer_option(options) FROM (VALUES
	('{"leeway": 5}'), ('{"Algorithms": ["RS256"]}'), ('{"algorithms ": ["RS256"]}'), ('{"": 1}'), ('{"x": null}'),
	('{"ключ": 1}'),
	('{"' || repeat('x', 300) || '": 1}')) v(options);
-- refuse: no object, or one that json_in() takes and nobody should
SELECT left(options, 60) AS options, issuer_option(options) FROM (VALUES
	('[]'), ('null'), ('"x"'), ('5'), ('[{"client": "a"}]'),
	('{"client": "a", "client": "b"}'), ('{"client": "a", "\u0063lient": "b"}'),
	('{"client": "a\u0000b"}'), ('{"client": "\ud800"}'), ('{"leeway_seconds": 1e999}'),
	('{"leeway_seconds": 123456789012345678901234567890}'),
	('{"client": ' || repeat('[', 40) || repeat(']', 40) || '}')) v(options);
-- accept: a name spelled with an escape is that name
SELECT issuer_option('{"\u0063lient": "a"}');

-- What was refused left nothing.
SELECT issuer FROM authz.issuer WHERE issuer IN ('https://e.example', 'https://option.example');

--
-- Where the audience chooses the issuer, it chooses one
--
-- accept
SELECT authz.add_issuer('dbmi one', '{clientA,clientB}', 'dbmi');
SELECT authz.add_issuer('dbmi two', '{clientC}', 'dbmi');
-- accept: elsewhere "iss" chooses
SELECT authz.add_issuer('https://f.example', '{clientA}');
-- refuse
SELECT issuer_try($$SELECT authz.add_issuer('dbmi three', '{clientD,clientB}', 'dbmi')$$);
SELECT issuer_try($$SELECT authz.alter_issuer('dbmi two', audience => '{clientC,clientA}')$$);
-- accept: its own, and by one byte
SELECT authz.alter_issuer('dbmi one', audience => '{clientB,clientA,clienta}');
-- accept: free again
SELECT authz.alter_issuer('dbmi one', audience => '{clientB}');
SELECT authz.add_issuer('dbmi three', '{clientD,clientA}', 'dbmi');
SELECT issuer, audience FROM authz.issuer WHERE profile = 'dbmi' AND issuer LIKE 'dbmi %' ORDER BY issuer;

--
-- alter_issuer
--
CREATE FUNCTION issuer_shown(name text) RETURNS text LANGUAGE sql
	RETURN (SELECT concat(i.audience, ' ', i.options::jsonb) FROM authz.issuer i WHERE i.issuer = name);
CREATE FUNCTION issuer_written(name text) RETURNS text LANGUAGE sql
	RETURN (SELECT concat(i.xmin, i.ctid) FROM authz.issuer i WHERE i.issuer = name);
SELECT authz.add_issuer('https://g.example', '{a}', options => '{"leeway_seconds": 5, "client": "one", "required_claims": ["jti"]}');
-- accept: members are put over those of the same name, the others stay
SELECT authz.alter_issuer('https://g.example', '{"leeway_seconds": 6, "token_types": ["JWT"]}');
SELECT issuer_shown('https://g.example');
-- accept: null removes; the profile's value holds again
SELECT authz.alter_issuer('https://g.example', '{"client": null, "token_types": null, "max_age_seconds": null}');
SELECT issuer_shown('https://g.example');
SELECT authz.alter_issuer('https://g.example', audience => '{b,c}');
SELECT issuer_shown('https://g.example');
SELECT authz.alter_issuer('https://g.example', '{"\u0063lient": "two"}', '{d}');
SELECT issuer_shown('https://g.example');
-- accept: nothing given, nothing written
SELECT issuer_written('https://g.example') AS before \gset
SELECT authz.alter_issuer('https://g.example');
SELECT authz.alter_issuer('https://g.example', NULL, NULL);
SELECT issuer_written('https://g.example') = :'before' AS untouched;
-- accept: something given counts as altered, also when it is what was there
SELECT authz.alter_issuer('https://g.example', '{}');
SELECT issuer_written('https://g.example') = :'before' AS untouched;
-- refuse, and nothing changes
SELECT issuer_try($$SELECT authz.alter_issuer('https://nobody.example')$$);
SELECT issuer_try($$SELECT authz.alter_issuer('https://nobody.example', '{"client": "a"}')$$);
SELECT issuer_try($$SELECT authz.alter_issuer('https://G.example', '{"client": "a"}')$$);
SELECT issuer_try($$SELECT authz.alter_issuer(NULL, '{"client": "a"}')$$);
SELECT issuer_try($$SELECT authz.alter_issuer('', '{"client": "a"}')$$);
SELECT issuer_try($$SELECT authz.alter_issuer('https://g.example', '{"client": "three", "leeway": 1}')$$);
SELECT issuer_try($$SELECT authz.alter_issuer('https://g.example', '{"leeway": null}')$$);
SELECT issuer_try($$SELECT authz.alter_issuer('https://g.example', '{"leeway_seconds": "6"}')$$);
SELECT issuer_try($$SELECT authz.alter_issuer('https://g.example', '{"client": "a", "client": null}')$$);
SELECT issuer_try($$SELECT authz.alter_issuer('https://g.example', '[]')$$);
SELECT issuer_try($$SELECT authz.alter_issuer('https://g.example', 'null')$$);
SELECT issuer_try($$SELECT authz.alter_issuer('https://g.example', '{"client": "x"}', '{}')$$);
SELECT issuer_try($$SELECT authz.alter_issuer('https://g.example', audience => ARRAY[NULL]::text[])$$);
SELECT issuer_shown('https://g.example');
-- What somebody wrote by hand is judged with the rest, and can be mended.
UPDATE authz.issuer SET options = '{"leeway_seconds": "six", "client": "two"}' WHERE issuer = 'https://g.example';
-- refuse
SELECT issuer_try($$SELECT authz.alter_issuer('https://g.example', '{"client": "three"}')$$);
SELECT issuer_try($$SELECT authz.alter_issuer('https://g.example', audience => '{e}')$$);
SELECT issuer_try(format('SELECT authz.add_key(%L, %L)', 'https://g.example', :'jwk_rs256'));
-- accept
SELECT authz.alter_issuer('https://g.example', '{"leeway_seconds": null}');
SELECT issuer_shown('https://g.example');

--
-- The same of tokens: what options say is what holds, from the next query on
--
SELECT authz.add_issuer('https://id.example', '{clinic}');
SELECT authz.add_key('https://id.example', :'jwk_rs256');
-- accept
SELECT authz.set_token(:'token_rs256');
SELECT authz.token_state(), authz.is_authenticated();
-- altered: the identity ends, a new login is judged by the new options
SELECT authz.alter_issuer('https://id.example', '{"required_claims": ["iss", "aud", "exp", "sub", "email"]}');
SELECT authz.token_state();
SELECT issuer_try('SELECT authz.expires_at()');
SELECT authz.try_set_token(:'token_rs256'), authz.last_error() ->> 'error_description';
SELECT authz.alter_issuer('https://id.example', '{"required_claims": null}');
SELECT authz.try_set_token(:'token_rs256');
-- altered with nothing: the identity stays
SELECT authz.alter_issuer('https://id.example');
SELECT authz.token_state();
SELECT authz.alter_issuer('https://id.example', audience => '{lab}');
SELECT authz.token_state(), authz.try_set_token(:'token_rs256');
SELECT authz.alter_issuer('https://id.example', audience => '{lab,clinic}');
SELECT authz.try_set_token(:'token_rs256');
-- an alteration that is rolled back was none
BEGIN;
SELECT authz.alter_issuer('https://id.example', '{"leeway_seconds": 9}');
ROLLBACK;
SELECT authz.token_state();

--
-- drop_issuer: the keys go, the revocations stay
--
SELECT authz.revoke_token('https://id.example', 'J2');
SELECT authz.drop_issuer('https://id.example');
SELECT authz.token_state(), authz.try_set_token(:'token_rs256');
SELECT (SELECT count(*) FROM authz.issuer_key WHERE issuer = 'https://id.example') AS keys,
	   (SELECT count(*) FROM authz.revocation WHERE issuer = 'https://id.example') AS revocations;
-- refuse
SELECT issuer_try($$SELECT authz.drop_issuer('https://id.example')$$);
SELECT issuer_try($$SELECT authz.drop_issuer('https://B.example')$$);
SELECT issuer_try($$SELECT authz.drop_issuer(NULL)$$);
SELECT issuer_try($$SELECT authz.drop_issuer('')$$);
-- accept: it may come back, without its keys
SELECT authz.add_issuer('https://id.example', '{clinic}');
SELECT authz.try_set_token(:'token_rs256');
-- The same by hand: there is no foreign key that pg_restore would stumble over,
-- but keys go with the name of their issuer.
SELECT authz.add_key('https://id.example', :'jwk_rs256');
SELECT authz.set_token(:'token_rs256');
UPDATE authz.issuer SET issuer = issuer WHERE issuer = 'https://id.example';
SELECT count(*) AS keys FROM authz.issuer_key WHERE issuer = 'https://id.example';
BEGIN;
UPDATE authz.issuer SET issuer = 'https://renamed.example' WHERE issuer = 'https://id.example';
SELECT count(*) AS keys FROM authz.issuer_key WHERE issuer = 'https://id.example';
SELECT authz.token_state();
ROLLBACK;
BEGIN;
TRUNCATE authz.issuer;
SELECT count(*) AS keys FROM authz.issuer_key;
SELECT authz.add_issuer('https://id.example', '{clinic}');
SELECT authz.try_set_token(:'token_rs256');
ROLLBACK;
SELECT count(*) AS keys FROM authz.issuer_key WHERE issuer = 'https://id.example';
DELETE FROM authz.issuer WHERE issuer = 'https://id.example';
SELECT count(*) AS keys FROM authz.issuer_key WHERE issuer = 'https://id.example';
-- a key that waits for an issuer verifies nothing, and is not inherited
SELECT authz.add_key('https://c.example', :'jwk_rs256');
INSERT INTO authz.issuer_key (issuer, kid, alg, jwk, thumbprint, source)
SELECT 'https://id.example', kid, alg, jwk, thumbprint, source FROM authz.issuer_key WHERE issuer = 'https://c.example';
SELECT count(*) FROM authz.issuer_key WHERE issuer = 'https://id.example';
SELECT authz.try_set_token(:'token_rs256');
SELECT authz.add_issuer('https://id.example', '{clinic}');
SELECT authz.try_set_token(:'token_rs256'), authz.last_error() ->> 'error_description';

-- clean up
SELECT authz.clear_token();
DELETE FROM authz.revocation WHERE issuer = 'https://id.example';
SELECT count(authz.drop_issuer(issuer)::text) FROM authz.issuer
 WHERE issuer ~ '^ ?https://([a-gA]|id).example' OR issuer LIKE 'dbmi %';
DROP FUNCTION issuer_try, issuer_option, issuer_shown, issuer_written;
