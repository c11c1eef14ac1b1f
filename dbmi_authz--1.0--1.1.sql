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

-- 1.0 did not record it.  Rules go on as they are, and are compared from now on.
-- Called with the argument's own type: until now others could create functions
-- in the schema, and none of theirs can match that better.
SELECT authz.accept_rules(NULL::pg_catalog.regclass);

--
-- Claims: compared whole
--
CREATE FUNCTION authz.claim_is(path text[], value text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_claim_is'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.claim_is(text[], text) IS
'Whether a claim is just this value: a string whole, a number or boolean as its JSON text, no array or object.';
COMMENT ON FUNCTION authz.has_claim(text[], text) IS
'Whether a claim holds a value; a string counts by its words, so claim_is() is there to compare it whole.';
COMMENT ON FUNCTION authz.has_any_claim(text[], VARIADIC text[]) IS
'Whether a claim holds one of these values; a string counts by its words, not whole.';
COMMENT ON FUNCTION authz.has_all_claims(text[], VARIADIC text[]) IS
'Whether a claim holds all of these values; a string counts by its words, not whole.';
-- The schema belongs to pg_database_owner, and nobody may create anything in
-- it: an object of somebody else would stand beside ours, and calls might
-- find it.
--
ALTER SCHEMA authz OWNER TO pg_database_owner;

DO $$
DECLARE
	grantee		pg_catalog.oid;
BEGIN
	FOR grantee IN
		SELECT DISTINCT a.grantee
		  FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
		 WHERE n.nspname OPERATOR(pg_catalog.=) 'authz'
		   AND a.privilege_type OPERATOR(pg_catalog.=) 'CREATE'
	LOOP
		EXECUTE pg_catalog.concat('REVOKE CREATE ON SCHEMA authz FROM ',
			CASE WHEN grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
				 ELSE grantee::pg_catalog.regrole::pg_catalog.text END, ' CASCADE');
	END LOOP;
END
$$;

--
-- The library
--

CREATE FUNCTION authz.version() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_version'
	STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.version() IS
'The version of the library, of the PostgreSQL it was built for, and of the OpenSSL and jansson it runs with.';

--
-- The functions belong to the bootstrap superuser, also where another one
-- installed them.  ALTER FUNCTION does not look at what pg_dump compares the
-- privileges with, and a GRANT here would count those of users among it.
--
-- Only what a superuser has made is given to one: whoever owns the extension
-- can add functions to it.
--
DO $$
DECLARE
	function	pg_catalog.pg_proc;
BEGIN
	FOR function IN
		SELECT p.* FROM pg_catalog.pg_proc p, pg_catalog.pg_language l,
			   pg_catalog.pg_depend d, pg_catalog.pg_extension e
		 WHERE e.extname OPERATOR(pg_catalog.=) 'dbmi_authz'
		   AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
		   AND d.refobjid OPERATOR(pg_catalog.=) e.oid
		   AND d.deptype OPERATOR(pg_catalog.=) 'e'
		   AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
		   AND d.objid OPERATOR(pg_catalog.=) p.oid
		   AND l.oid OPERATOR(pg_catalog.=) p.prolang
		   AND l.lanname OPERATOR(pg_catalog.=) 'c'
		   AND p.proowner OPERATOR(pg_catalog.<>) 10::pg_catalog.oid
	LOOP
		EXECUTE pg_catalog.format('ALTER FUNCTION %s OWNER TO %s',
								  function.oid::pg_catalog.regprocedure,
								  10::pg_catalog.oid::pg_catalog.regrole);
		UPDATE pg_catalog.pg_init_privs
		   SET initprivs = ARRAY(
				SELECT pg_catalog.makeaclitem(
						CASE WHEN a.grantee OPERATOR(pg_catalog.=) function.proowner
							 THEN 10::pg_catalog.oid ELSE a.grantee END,
						10::pg_catalog.oid, a.privilege_type, a.is_grantable)
				  FROM pg_catalog.aclexplode(initprivs) WITH ORDINALITY a
				 ORDER BY a.ordinality)
		 WHERE classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
		   AND objoid OPERATOR(pg_catalog.=) function.oid;
		-- PostgreSQL 17 and later remember the roles that are named there
		DELETE FROM pg_catalog.pg_shdepend
		 WHERE dbid OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d
				WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
		   AND classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
		   AND objid OPERATOR(pg_catalog.=) function.oid
		   AND refobjid OPERATOR(pg_catalog.=) function.proowner
		   AND deptype OPERATOR(pg_catalog.=) 'i';
	END LOOP;
END
$$;

--
-- Privileges
--
-- Of what is new, and as the install script has them, so that what ALTER
-- DEFAULT PRIVILEGES gave or took does not count.
--
DO $$
DECLARE
	function	record;
	grantee		pg_catalog.oid;
BEGIN
	FOR function IN
		SELECT f.signature::pg_catalog.regprocedure AS oid, f.granted
		  FROM (VALUES
				('authz.token_support(internal)', NULL),
				('authz.accept_rules(regclass)', 'pg_database_owner'),
				('authz.claim_is(text[],text)', 'PUBLIC'),
				('authz.version()', 'PUBLIC')) f (signature, granted)
	LOOP
		FOR grantee IN
			SELECT DISTINCT a.grantee
			  FROM pg_catalog.pg_proc p,
				   pg_catalog.aclexplode(COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
			 WHERE p.oid OPERATOR(pg_catalog.=) function.oid
			   AND a.grantee OPERATOR(pg_catalog.<>) p.proowner
		LOOP
			EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM %s CASCADE', function.oid,
				CASE WHEN grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
					 ELSE grantee::pg_catalog.regrole::pg_catalog.text END);
		END LOOP;
		IF function.granted IS NOT NULL THEN
			EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %s', function.oid, function.granted);
		END IF;
	END LOOP;
END
$$;
