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
	PERFORM authz.set_token(mint.hs256(((mint.claims('tG') || '{"iss": "https://people.options.example"}' || claims) - without)::json, header => header));
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

--
-- Q12: where the audience is; what it replaces is not demanded
--
SELECT claims, optioned('{"audience_claims": ["client_id", ["ext", "app"]]}', claims, without => '{aud}')
  FROM unnest(ARRAY['{"client_id": "people"}', '{"client_id": null, "ext": {"app": ["x", "people"]}}',
	'{"client_id": "other"}', '{"client_id": "other", "ext": {"app": "people"}}', '{}']::jsonb[]) claims;
SELECT optioned('{"audience_claims": ["client_id"]}', '{"aud": "people"}');
SELECT optioned('{}', '{"client_id": "people"}', without => '{aud}');
SELECT optioned('{"audience_claims": ["client_id"], "required_claims": ["aud"]}', '{"client_id": "people"}', without => '{aud}');

--
-- Q13: tokens without iss
--
CALL mint.logout();
SELECT authz.drop_issuer(issuer) FROM authz.issuer WHERE issuer = 'people dbmi';
SELECT optioned('{"unnamed": true}', '{}', without => '{iss}');
SELECT authz.issuer(), authz.subject();
SELECT optioned('{"unnamed": true}', '{}');
SELECT optioned('{"unnamed": true}', '{"iss": null}');
SELECT optioned('{"unnamed": true}', '{"iss": ""}');
SELECT optioned('{"unnamed": true, "required_claims": ["sub"]}', '{}', without => '{iss}');
SELECT optioned('{"unnamed": false}', '{}', without => '{iss}');
-- others are not concerned
SELECT optioned('{"unnamed": true}', '{"iss": "https://people.example"}');
SELECT optioned('{"unnamed": true, "audience_claims": ["azp"]}', '{"azp": "people"}', without => '{iss,aud}');
-- only one, and none beside those that are chosen by audience
SELECT mint.outcome($$SELECT authz.add_issuer('https://people.second.example', '{a}', options => '{"unnamed": true}')$$);
SELECT mint.outcome($$SELECT authz.alter_issuer('https://people.example', '{"unnamed": true}')$$);
SELECT mint.outcome($$SELECT authz.alter_issuer('https://people.example', '{"unnamed": false}')$$);
SELECT mint.outcome($$SELECT authz.add_issuer('people dbmi', '{clientA}', 'dbmi')$$);
SELECT mint.outcome($$SELECT authz.alter_issuer('https://people.options.example', '{"leeway_seconds": 1}')$$);
SELECT mint.outcome($$SELECT authz.alter_issuer('https://people.options.example', '{"unnamed": null}')$$);
SELECT mint.outcome($$SELECT authz.add_issuer('people dbmi', '{clientA}', 'dbmi')$$);
SELECT mint.outcome($$SELECT authz.alter_issuer('https://people.options.example', '{"unnamed": true}')$$);
SELECT mint.outcome($$SELECT authz.add_issuer('https://people.second.example', '{a}', options => '{"unnamed": true}')$$);
SELECT mint.outcome($$SELECT authz.add_issuer('people two', '{clientB}', 'dbmi', '{"unnamed": true}')$$);
SELECT mint.outcome($$SELECT authz.add_issuer('people two', '{clientB}', 'dbmi', '{"audience_claims": ["azp"]}')$$);
SELECT authz.drop_issuer('people dbmi');
-- options that contradict each other
SELECT mint.outcome($$SELECT authz.add_issuer('https://people.second.example', '{a}', options => '{"unnamed": true, "required_claims": ["iss"]}')$$);
SELECT mint.outcome($$SELECT authz.add_issuer('https://people.second.example', '{a}', options => '{"claim_values": [{"claim": "sub", "absent": true}]}')$$);
SELECT mint.outcome($$SELECT authz.alter_issuer('https://people.example', '{"claim_values": [{"claim": "aud", "absent": true}]}')$$);
-- written by hand: two are none, and what contradicts itself is not believed
SELECT optioned('{"unnamed": true}', '{}', without => '{iss}');
INSERT INTO authz.issuer VALUES ('https://people.second.example', '{people}', 'generic', '{"\u0075nnamed": true}');
SELECT optioned('{"unnamed": true}', '{}', without => '{iss}');
UPDATE authz.issuer SET options = '{"unnamed": false}' WHERE issuer = 'https://people.second.example';
SELECT optioned('{"unnamed": true}', '{}', without => '{iss}');
SELECT optioned('{"unnamed": true, "required_claims": ["iss"]}', '{}', without => '{iss}');

CALL mint.go_home();
