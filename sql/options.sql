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
-- one of several: what tells the access tokens of two versions from the ID tokens of both
SELECT claims, optioned('{"claim_values": [{"any": [{"claim": "azp", "present": true}, {"claim": "appid", "values": ["my-app"]}]}]}', claims)
  FROM unnest(ARRAY[
	-- accept
	'{"azp": "x"}', '{"appid": "my-app"}', '{"azp": "x", "appid": "y"}',
	-- refuse
	'{"azp": null, "appid": "y"}', '{}']::jsonb[]) claims;

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
-- in either place, or in none
SELECT options, claims, optioned(options, claims, without => '{aud}')
  FROM unnest(ARRAY['{"audience_claims": ["ext", "azp"]}', '{"audience_claims": ["ext", "azp"], "audience_optional": true}']::json[]) options,
	   unnest(ARRAY['{"ext": "account", "azp": "people"}', '{"ext": ["people"], "azp": "x"}', '{"ext": "account", "azp": "x"}', '{}']::jsonb[]) claims;
-- and the client's name
SELECT optioned('{"client_id_claims": ["cid"]}', '{"cid": "c", "azp": "x"}');
SELECT authz.client_id();

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
SELECT optioned('{}', '{}');
SET standard_conforming_strings = off;
SELECT mint.outcome('SELECT authz.alter_issuer(''https://people.options.example'', ''{"unnamed": true}'')');
RESET standard_conforming_strings;
UPDATE authz.issuer SET options = '{"unnamed": false}' WHERE issuer = 'https://people.second.example';
SELECT optioned('{"unnamed": true}', '{}', without => '{iss}');
SELECT optioned('{"unnamed": true, "required_claims": ["iss"]}', '{}', without => '{iss}');

--
-- Q18: the type of the token
--
SELECT header, optioned('{"token_types": ["at+jwt"], "token_type_required": true}', '{}', header)
  FROM unnest(ARRAY['{"alg":"HS256","typ":"at+jwt"}', '{"alg":"HS256","typ":"Application/AT+JWT"}',
	'{"alg":"HS256","typ":"JWT"}', '{"alg":"HS256","typ":""}', '{"alg":"HS256"}']::json[]) header;
SELECT optioned('{"token_types": ["application/at+jwt"]}', '{}', '{"alg":"HS256","typ":"at+jwt"}'), optioned('{"token_types": ["at+jwt"]}', '{}');

--
-- Q23: a clock that runs ahead; exp is exact
--
SELECT claims, optioned('{}', claims) AS by_default, optioned('{"skew_seconds": 0}', claims) AS exact, optioned('{"skew_seconds": 120}', claims) AS two_minutes
  FROM unnest(ARRAY['{"iat": "+3"}', '{"nbf": "+3"}', '{"iat": "+60"}', '{"nbf": "+60"}', '{"exp": "-3"}']::jsonb[]) claims;
-- auth_time too
SELECT optioned('{"skew_seconds": 120}', '{"auth_time": "+60"}');
SELECT authz.authenticated_within('1 hour');
SELECT optioned('{"skew_seconds": 0}', '{"auth_time": "+60"}');
SELECT authz.authenticated_within('1 hour');

--
-- Q30: the session's id
--
SELECT optioned('{"session_claim": "session_id"}', '{"session_id": "s-1", "sid": "s-2"}');
SELECT authz.revoke_session('https://people.options.example', 's-2');
SELECT authz.token_state();
SELECT authz.revoke_session('https://people.options.example', 's-1');
SELECT authz.token_state();
SELECT optioned('{"session_claim": ["x", "session_id"]}', '{"x": {"session_id": "s-1"}}'), optioned('{"session_claim": "session_id"}', '{"session_id": "s-3", "sid": "s-1"}'),
	   optioned('{}', '{"session_id": "s-1", "sid": "s-3"}'), optioned('{}', '{"sid": "s-1"}');

--
-- Q22: tokens that are bound to a key
--
SELECT claims, optioned('{}', claims) AS by_default, optioned('{"bound_tokens": "ignore"}', claims) AS ignored
  FROM unnest(ARRAY['{"cnf": {"jkt": "x"}}', '{"cnf": {"x5t#S256": "x"}}', '{"cnf": null}', '{}']::jsonb[]) claims;

--
-- Q20: groups that are elsewhere
--
SELECT claims, optioned('{}', claims) AS by_default, optioned('{"groups_overage": "ignore"}', claims) AS ignored, optioned('{"groups_overage": "raise"}', claims) AS raised
  FROM unnest(ARRAY['{"hasgroups": true}', '{"_claim_names": {"groups": "src1"}}', '{"_claim_names": {"address": "src1"}}', '{"hasgroups": false}']::jsonb[]) claims;
SELECT optioned('{"groups_overage": "ignore"}', '{"hasgroups": true}');
SELECT authz.groups() IS NULL, authz.has_group('a');
-- raise: the login holds, and every question about groups is an error
CREATE TABLE folder (id int, owner text, team text);
INSERT INTO folder VALUES (1, 'ann', 'a'), (2, 'bob', 'a'), (3, 'bob', 'b');
CREATE INDEX ON folder (owner);
ALTER TABLE folder ENABLE ROW LEVEL SECURITY;
CREATE POLICY suspended ON folder USING (authz.is_authenticated() AND NOT authz.has_group('suspended'));
CREATE TABLE paper (LIKE folder);
INSERT INTO paper TABLE folder;
ALTER TABLE paper ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON paper USING (authz.is_owner(owner) OR authz.has_role('admin'));
GRANT SELECT ON folder, paper TO PUBLIC;
CREATE ROLE options_reader;
SET ROLE options_reader;
PREPARE folders AS SELECT count(*) FROM folder;
PREPARE papers AS SELECT count(*) FROM paper;
SET plan_cache_mode = force_generic_plan;
RESET ROLE;
CREATE FUNCTION as_reader(statement text) RETURNS text LANGUAGE plpgsql SET ROLE = options_reader AS $$
BEGIN
	RETURN mint.outcome(statement);
END $$;
SELECT optioned('{"groups_overage": "raise"}', '{"groups": ["b"]}');
SELECT as_reader('EXECUTE folders'), as_reader('EXECUTE papers'), as_reader('SELECT count(*) FROM folder');
SELECT optioned('{"groups_overage": "raise"}', '{"hasgroups": true, "groups": ["b"]}');
SELECT authz.token_state(), authz.is_authenticated(), authz.is_admin();
SELECT as_reader('EXECUTE folders') AS kept, as_reader('SELECT count(*) FROM folder') AS planned;
SELECT as_reader('EXECUTE papers') AS kept, as_reader('SELECT count(*) FROM paper') AS planned;
SELECT question, mint.outcome('SELECT ' || question) FROM unnest(ARRAY[
	$$authz.has_group('b')$$, $$authz.has_any_group('b', 'c')$$, $$authz.has_all_groups('b')$$, $$authz.require_group('b')$$, $$authz.groups()$$,
	$$CASE WHEN authz.has_role('x') THEN authz.has_group('b') END$$, $$authz.has_claim('{groups}', 'b')$$, $$authz.has_any_claim('{groups}', 'b', 'c')$$, $$authz.has_all_claims('{groups,0}', 'b')$$, $$authz.claim_is('{groups}', 'b')$$, $$authz.is_owner('b', 'groups')$$,
	$$authz.claim('groups')$$, $$authz.has_claim('{hasgroups}', 'true')$$, $$authz.subject()$$]) question;
-- planning asks nothing
EXPLAIN (COSTS OFF) SELECT FROM folder WHERE authz.has_group('b');
SELECT authz.last_error() ->> 'error_description';
-- nobody is an administrator by groups that are not all
SELECT optioned('{"groups_overage": "raise", "admin_groups": ["b"]}', '{"hasgroups": true, "groups": ["b"]}');
SELECT authz.is_admin(), authz.is_owner_or_admin('x');
SELECT optioned('{"groups_overage": "raise", "admin_groups": ["b"]}', '{"groups": ["b"]}');
SELECT authz.is_admin();
SELECT optioned('{"groups_overage": "raise"}', '{"groups": ["b"]}');
SELECT as_reader('EXECUTE folders'), as_reader('EXECUTE papers'), authz.groups();
DEALLOCATE ALL;
RESET plan_cache_mode;
DROP TABLE folder, paper;
DROP FUNCTION as_reader;
DROP ROLE options_reader;

--
-- Organisations in other shapes: the same functions answer
--
CREATE TABLE project (id int, org text);
INSERT INTO project VALUES (1, 'o1'), (2, 'o2'), (3, 'acme');
SELECT optioned('{"org_shape": "single", "org_role_claims": ["org_role", "org_roles"], "org_permission_claims": ["permissions"]}',
				'{"org_id": "o1", "org_name": "Acme", "org_role": "admin", "permissions": ["read", "write"]}');
SELECT authz.active_org_id(), authz.org_ids(), authz.in_org('o1'), authz.in_org('o2'), authz.in_active_org('o1'), authz.org_id_by_name('Acme');
SELECT authz.has_org_role('o1', 'admin'), authz.has_org_role('o1', 'member'), authz.has_org_permission('o1', 'write'), authz.has_active_org_role('admin'), authz.has_active_org_permission('delete');
SELECT authz.org_role('o1'), authz.org_roles('o1'), authz.org_permissions('o1'), authz.org_role_structure('o1'), authz.org_metadata('o1'), authz.is_at_least_org_role('o1', 'admin');
SELECT * FROM authz.orgs();
SELECT id FROM project WHERE authz.has_org_permission(org, 'write');
EXPLAIN (COSTS OFF) SELECT id FROM project WHERE authz.has_org_permission(org, 'write');
SELECT optioned('{"org_shape": "single"}', '{"org_role": "admin"}');
SELECT authz.active_org_id(), authz.org_ids(), authz.in_org('o1');
SELECT optioned('{"org_shape": "map", "org_claims": ["organization"], "org_id_claim": "id", "org_role_claims": ["roles"]}',
				'{"organization": {"acme": {"id": "o1", "roles": ["owner", "dev"]}, "beta": {"id": "o2"}, "gamma": {}}}');
SELECT * FROM authz.orgs();
SELECT authz.org_id_by_name('acme'), authz.active_org_id(), authz.has_org_role('o1', 'dev'), authz.has_org_role('o2', 'dev');
SELECT id FROM project WHERE authz.has_org_role(org, 'dev');
SELECT optioned('{"org_shape": "map", "org_claims": ["orgs"]}', '{"orgs": {"acme": ["dev"], "o2": {"org_role": "dev"}, "o1": "dev"}}');
SELECT id FROM project WHERE authz.has_org_role(org, 'dev');
-- two of one id are none
SELECT optioned('{"org_shape": "map", "org_claims": ["orgs"], "org_id_claim": "id"}', '{"orgs": {"a": {"id": "o1"}, "b": {"id": "o1"}}}');
SELECT authz.org_ids();
-- PropelAuth's shape is another one
SELECT optioned('{}', '{"org_id": "o1", "org_role": "admin"}');
SELECT authz.org_ids();
DROP TABLE project;

--
-- The application by either name
--
SELECT optioned('{"application": "shop"}', '{}');
SELECT authz.item_client();
SELECT optioned('{"client": "shop"}', '{}');
SELECT authz.item_client();
SELECT mint.outcome($$SELECT authz.alter_issuer('https://people.options.example', '{"application": "other"}')$$);
SELECT mint.outcome($$SELECT authz.alter_issuer('https://people.options.example', '{"application": "other", "client": null}')$$);
SELECT options::jsonb - 'algorithms' - 'key_id_required' FROM authz.issuer WHERE issuer = 'https://people.options.example';

CALL mint.go_home();
