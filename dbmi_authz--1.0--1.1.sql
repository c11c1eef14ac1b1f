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
