-- Options of issuers at work: beside each token that one refuses stands one that it accepts.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\pset format unaligned
\pset footer off
SELECT mint.trust('https://people.options.example', '{people}', 'generic') \g /dev/null
-- What comes of a token with these claims besides iss, aud, exp and sub, under these options.
CREATE FUNCTION optioned(options json, claims jsonb, header json DEFAULT '{"alg":"HS256"}', without text[] DEFAULT '{}')
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	UPDATE authz.issuer i SET options = (jsonb '{"algorithms": ["HS256"], "key_id_required": false}' || optioned.options::jsonb)::json
	 WHERE i.issuer = 'https://people.options.example';
	PERFORM authz.set_token(mint.hs256((mint.claims('tG') || '{"iss": "https://people.options.example"}' || claims - without)::json, header => header));
	RETURN 'ok';
EXCEPTION WHEN invalid_authorization_specification THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat(detail::jsonb ->> 'error_description', ': ', hint);
END $$;
\set ECHO all

--
-- Q11: claims that must have a value
--
SELECT claims, optioned('{"claim_values": [{"claim": "azp", "values": ["my-app", "7"]}, {"claim": ["ext", "kind"], "absent": true}]}', claims)
  FROM unnest(ARRAY[
	-- accept
	'{"azp": "my-app"}', '{"azp": ["x", "my-app"]}', '{"azp": 7}', '{"azp": "my-app", "ext": {"kind": null}}',
	-- refuse
	'{"azp": "another-app"}', '{}', '{"azp": null}', '{"azp": ["x"]}', '{"azp": "x my-app"}', '{"azp": "my-app", "ext": {"kind": "ID"}}']::jsonb[]) claims;
SELECT authz.token_state();

--
-- Q21: all locations together, and the keys of an object
--
SELECT optioned('{"role_claims": [["realm", "roles"], ["app", "roles"], {"path": ["zitadel"], "keys": true}]}',
				'{"realm": {"roles": ["a"]}, "app": {"roles": ["b", "a"]}, "zitadel": {"c": {"1": "x"}}}');
SELECT authz.roles(), authz.has_role('c');
SELECT optioned('{"merge_claims": true, "role_claims": [["realm", "roles"], ["app", "roles"], {"path": ["zitadel"], "keys": true}]}',
				'{"realm": {"roles": ["a"]}, "app": {"roles": ["b", "a"]}, "zitadel": {"c": {"1": "x"}}}');
SELECT authz.roles(), authz.has_role('c');

CALL mint.go_home();
