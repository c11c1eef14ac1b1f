/* dbmi_authz--1.0--1.1.sql: what 1.1 changes in a database that has 1.0 */

\echo Use "ALTER EXTENSION dbmi_authz UPDATE TO '1.1'" to load this file. \quit

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
