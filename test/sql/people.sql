-- The people whom the tests log in: one issuer for each of the systems that
-- this extension replaces, and tokens as those make them.  To be read at the
-- head of a test, its echo switched off:
--
--   \getenv abs_srcdir PG_ABS_SRCDIR
--   \set people :abs_srcdir '/test/sql/people.sql'
--   \set ECHO none
--   \i :people
--   \set ECHO all
--
-- All sign with HS256 here, which none of the profiles but "dbmi" lists, and
-- without a kid.  At the end of the test: CALL mint.go_home();
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dbmi_authz;
\ir mint.sql

CREATE OR REPLACE FUNCTION mint.trust(issuer text, audience text[], profile text, options jsonb DEFAULT '{}')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.add_issuer(issuer, audience, profile,
		(jsonb '{"algorithms": ["HS256"], "key_id_required": false}' || options)::json);
	PERFORM authz.add_secret(issuer, mint.secret());
END $$;

SELECT mint.trust('people dbmi', '{clientA}', 'dbmi',
				  '{"client": "my-client", "admin_groups": ["my-client-admin"]}'),
	   mint.trust('https://people.propel.example', NULL, 'propelauth'),
	   mint.trust('https://people.auth0.example/', '{https://api.example.com}', 'auth0'),
	   mint.trust('https://people.axioms.example', '{my-api}', 'axioms'),
	   mint.trust('https://people.example', '{people}', 'generic') \g /dev/null

CREATE OR REPLACE FUNCTION mint.org(who text) RETURNS jsonb IMMUTABLE LANGUAGE sql RETURN
CASE who
	WHEN 'O1' THEN jsonb '{"org_id": "1189c444-8a2d-4c41-8b4b-ae43ce79a492", "org_name": "Acme Inc", "url_safe_org_name": "acme-inc",
		"org_metadata": {"plan": "gold"}, "legacy_org_id": "L1", "org_role_structure": "single_role_in_hierarchy", "user_role": "Admin",
		"inherited_user_roles_plus_current_role": ["Admin", "Member"], "additional_roles": [],
		"user_permissions": ["can_view_billing", "ProductA::CanCreate"]}'
	WHEN 'O2' THEN jsonb '{"org_id": "2299d555-8a2d-4c41-8b4b-ae43ce79a492", "org_name": "Beta Ltd", "url_safe_org_name": "beta-ltd",
		"org_metadata": {}, "user_role": "Member", "inherited_user_roles_plus_current_role": ["Member"], "user_permissions": []}'
	WHEN 'OR' THEN jsonb '{"org_id": "1189c444-8a2d-4c41-8b4b-ae43ce79a492", "org_name": "Acme Inc", "url_safe_org_name": "acme-inc",
		"org_metadata": {}, "org_role_structure": "multi_role", "user_role": "Owner",
		"inherited_user_roles_plus_current_role": ["Owner", "Admin", "Member"], "additional_roles": ["Billing"],
		"user_permissions": ["View"]}'
END;

CREATE OR REPLACE FUNCTION mint.org_map(VARIADIC who text[]) RETURNS jsonb IMMUTABLE LANGUAGE sql RETURN
(SELECT jsonb_build_object('org_id_to_org_member_info', jsonb_object_agg(mint.org(w) ->> 'org_id', mint.org(w))) FROM unnest(who) w);

CREATE OR REPLACE FUNCTION mint.claims(who text) RETURNS jsonb IMMUTABLE LANGUAGE sql RETURN
CASE
	WHEN who LIKE 'tD%' THEN jsonb '{"iss": "https://dbmi.auth0.com/", "sub": "auth0|u1", "email": "user@example.com", "aud": "clientA", "iat": "+0"}'
	WHEN who LIKE 'tP%' THEN jsonb '{"iss": "https://people.propel.example", "iat": "+0", "user_id": "u-1"}'
	WHEN who LIKE 'tA%' THEN jsonb '{"iss": "https://people.auth0.example/", "aud": "https://api.example.com", "sub": "auth0|1", "iat": "+0"}'
	WHEN who LIKE 'tX%' THEN jsonb '{"iss": "https://people.axioms.example", "aud": "my-api", "sub": "user123", "iat": "+0"}'
	WHEN who LIKE 'tG%' THEN jsonb '{"iss": "https://people.example", "aud": "people", "sub": "ann"}'
END || jsonb '{"exp": "+3600"}' || CASE who
	WHEN 'tD1g' THEN jsonb '{"https://authorization.dbmi.hms.harvard.edu": {"groups": ["my-client-admin"], "roles": ["curator"], "permissions": ["VIEW"]}}'
	WHEN 'tD1p' THEN jsonb '{"https://authorization.dbmi.hms.harvard.edu": {"groups": [], "permissions": ["MANAGE"]}}'
	WHEN 'tPM' THEN mint.org_map('O1', 'O2')
	WHEN 'tPA' THEN jsonb_build_object('org_member_info', mint.org('O1'))
	WHEN 'tPR' THEN mint.org_map('OR')
	WHEN 'tPI' THEN mint.org_map('O1', 'O2') || jsonb '{"impersonator_user_id": "staff-9", "login_method": {"login_method": "impersonation"}}'
	WHEN 'tA0' THEN jsonb '{"permissions": []}'
	WHEN 'tA1' THEN jsonb '{"permissions": ["read:admin-messages"], "scope": "read:messages"}'
	WHEN 'tX0' THEN jsonb '{"scope": "openid profile read:data", "roles": ["admin", "editor"], "permissions": ["sample:read"]}'
	ELSE jsonb '{}'
END;

-- A token of one of them, some claims changed or taken away.
CREATE OR REPLACE FUNCTION mint.person(who text, changes jsonb DEFAULT '{}', without text[] DEFAULT '{}')
RETURNS text VOLATILE LANGUAGE sql
RETURN mint.hs256(((mint.claims(who) || changes) - without)::json);

CREATE OR REPLACE PROCEDURE mint.login(who text, changes jsonb DEFAULT '{}', without text[] DEFAULT '{}')
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.set_token(mint.person(who, changes, without));
END $$;

CREATE OR REPLACE PROCEDURE mint.logout() LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.clear_token();
END $$;

-- What comes of a statement, errors with their SQLSTATE.
CREATE OR REPLACE FUNCTION mint.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	message text;
	detail text;
BEGIN
	EXECUTE statement INTO result;
	RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' ', SQLSTATE, message, nullif(detail, ''));
END $$;

CREATE OR REPLACE PROCEDURE mint.go_home() LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.clear_token();
	PERFORM authz.drop_issuer(i.issuer) FROM authz.issuer i
	  WHERE i.issuer LIKE 'people%' OR i.issuer LIKE 'https://people.%';
END $$;
RESET client_min_messages;
