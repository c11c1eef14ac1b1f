/* dbmi_authz--1.0--1.1.sql: what 1.1 changes in a database that has 1.0 */

\echo Use "ALTER EXTENSION dbmi_authz UPDATE TO '1.1'" to load this file. \quit

--
-- A bound token is no constant of a plan
--

CREATE FUNCTION authz.token_support(internal) RETURNS internal
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_token_support'
	STRICT PARALLEL SAFE;
COMMENT ON FUNCTION authz.token_support(internal) IS
'Planner support of the functions that take a token: a bound one is no constant of a plan.';
REVOKE ALL ON FUNCTION authz.token_support(internal) FROM PUBLIC;

ALTER FUNCTION authz.set_token(text, boolean) SUPPORT authz.token_support;
ALTER FUNCTION authz.try_set_token(text, boolean) SUPPORT authz.token_support;
ALTER FUNCTION authz.verify_token(text) SUPPORT authz.token_support;

--
-- Object permissions: whose function a rule is
--
ALTER TABLE authz.object_access ADD COLUMN rule_owner name;
COMMENT ON COLUMN authz.object_access.rule_owner IS
'The role to which it belonged when it was registered or accepted; a function of anybody else grants nothing.';
CREATE FUNCTION authz.accept_rules(rel regclass DEFAULT NULL)
	RETURNS integer
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_accept_rules'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.accept_rules(regclass) IS
'Have the rules of a table, or of all, count as functions of their owners of now; returns how many changed.';
REVOKE ALL ON FUNCTION authz.accept_rules(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION authz.accept_rules(regclass) TO pg_database_owner;

-- 1.0 did not record it.  Rules go on as they are, and are compared from now on.
SELECT authz.accept_rules();

--
-- Claims: compared whole
--
CREATE FUNCTION authz.claim_is(path text[], value text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_claim_is'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.claim_is(text[], text) IS
'Whether a claim is just this value: a string whole, a number or boolean as its JSON text, no array or object.';
GRANT EXECUTE ON FUNCTION authz.claim_is(text[], text) TO PUBLIC;
COMMENT ON FUNCTION authz.has_claim(text[], text) IS
'Whether a claim holds a value; a string counts by its words, so claim_is() is there to compare it whole.';
COMMENT ON FUNCTION authz.has_any_claim(text[], VARIADIC text[]) IS
'Whether a claim holds one of these values; a string counts by its words, not whole.';
COMMENT ON FUNCTION authz.has_all_claims(text[], VARIADIC text[]) IS
'Whether a claim holds all of these values; a string counts by its words, not whole.';
