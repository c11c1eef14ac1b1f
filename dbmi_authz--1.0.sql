/* dbmi_authz--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION dbmi_authz" to load this file. \quit

--
-- The schema
--
-- A role that may create schemas can prepare one before the extension is
-- installed.  Objects planted there would stand beside ours, so the schema
-- must be empty and belong to whom the installer may trust.
--
DO $$
DECLARE
	namespace	pg_catalog.pg_namespace;
	installer	pg_catalog.oid;
	grantee		pg_catalog.oid;
BEGIN
	SELECT n.* INTO STRICT namespace
	  FROM pg_catalog.pg_namespace n
	 WHERE n.nspname OPERATOR(pg_catalog.=) 'authz';
	SELECT e.extowner INTO STRICT installer
	  FROM pg_catalog.pg_extension e
	 WHERE e.extname OPERATOR(pg_catalog.=) 'dbmi_authz';
	IF namespace.nspowner OPERATOR(pg_catalog.<>) installer
	   AND NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r
				 WHERE r.oid OPERATOR(pg_catalog.=) namespace.nspowner) THEN
		RAISE EXCEPTION 'schema "authz" belongs to role %',
						namespace.nspowner::pg_catalog.regrole
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  HINT = 'Drop the schema, or have it owned by a superuser or by the role that installs the extension.';
	END IF;
	IF EXISTS (SELECT FROM pg_catalog.pg_depend d
				WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
				  AND d.refobjid OPERATOR(pg_catalog.=) namespace.oid
				  AND d.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_extension'::pg_catalog.regclass) THEN
		RAISE EXCEPTION 'schema "authz" is not empty'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  HINT = 'Drop the schema; the extension creates it.';
	END IF;
	FOR grantee IN
		SELECT DISTINCT a.grantee FROM pg_catalog.aclexplode(namespace.nspacl) a
		 WHERE a.grantee OPERATOR(pg_catalog.<>) namespace.nspowner
	LOOP
		EXECUTE pg_catalog.concat('REVOKE ALL ON SCHEMA authz FROM ',
			CASE WHEN grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
				 ELSE grantee::pg_catalog.regrole::pg_catalog.text END, ' CASCADE');
	END LOOP;
END
$$;

GRANT USAGE ON SCHEMA authz TO PUBLIC;

--
-- Trust
--

-- Presets: what an issuer's options start from.
CREATE TABLE authz.profile (
	profile text COLLATE "C" PRIMARY KEY,
	chosen_by text NOT NULL CHECK (chosen_by IN ('iss', 'aud')),
	audience_required boolean NOT NULL,
	options json NOT NULL
);

CREATE TABLE authz.issuer (
	issuer text COLLATE "C" PRIMARY KEY,
	audience text[],
	profile text COLLATE "C" NOT NULL,
	options json NOT NULL DEFAULT '{}'
);

CREATE TABLE authz.issuer_key (
	issuer text COLLATE "C" NOT NULL
		REFERENCES authz.issuer ON DELETE CASCADE ON UPDATE RESTRICT,
	kid text COLLATE "C",
	alg text NOT NULL,
	jwk json NOT NULL,
	thumbprint text COLLATE "C" NOT NULL,
	source text NOT NULL,
	added_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
CREATE UNIQUE INDEX issuer_key_kid ON authz.issuer_key (issuer, kid)
	WHERE kid IS NOT NULL;
CREATE UNIQUE INDEX issuer_key_thumbprint ON authz.issuer_key (issuer, thumbprint, alg)
	WHERE kid IS NULL;

-- kind: 'token' (value is jti), 'subject' (sub, else the user id claim) or
-- 'session' (sid)
CREATE TABLE authz.revocation (
	issuer text COLLATE "C" NOT NULL,
	kind text COLLATE "C" NOT NULL CHECK (kind IN ('token', 'subject', 'session')),
	value text COLLATE "C" NOT NULL,
	issued_before timestamptz,
	until timestamptz,
	revoked_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	PRIMARY KEY (issuer, kind, value),
	CHECK ((kind = 'subject') = (issued_before IS NOT NULL))
);

--
-- Session
--

CREATE FUNCTION authz.identity_support(internal) RETURNS internal
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_identity_support'
	STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION authz.identity_support(internal) FROM PUBLIC;
COMMENT ON FUNCTION authz.identity_support(internal) IS
'Planner support of every function that asks for the identity.';

CREATE FUNCTION authz.set_token(token text, is_local boolean DEFAULT false)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_set_token'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.set_token(text, boolean) IS
'Verify a signed JWT (RFC 7519, compact JWS) and adopt its identity for the session or, with is_local, for the transaction.  One leading "Bearer " or "JWT " (any case) and spaces around are removed first.  Raises 28000 when the token is refused, also for NULL and the empty string; no identity remains then.  55000 while a query that asked for the identity is running, 42501 in a security-restricted operation (these change nothing), 22023 without is_local where dbmi_authz.token_scope is "transaction".';

CREATE FUNCTION authz.try_set_token(token text, is_local boolean DEFAULT false)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_try_set_token'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.try_set_token(text, boolean) IS
'As set_token(), but false instead of an error about the token; no identity remains then and last_error() says why.  Never NULL.';

CREATE FUNCTION authz.clear_token() RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_clear_token'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.clear_token() IS
'Forget the identity.  As every change of a setting it is undone by a rollback.  Also ends the state "rejected" and forgets last_error().  55000 while a query that asked for the identity is running, 42501 in a security-restricted operation.';

CREATE FUNCTION authz.verify_token(token text) RETURNS jsonb
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_verify_token'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.verify_token(text) IS
'Verify a token as set_token() does and return its claims, without adopting or changing anything.  Raises 28000 when the token is refused, also for NULL.';

CREATE FUNCTION authz.token_state() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_token_state'
	STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.token_state() IS
'How the session stands: "none", "valid", "expired", "revoked" (also: the key or the issuer is gone or was altered) or "rejected" (the last login failed).  Never NULL, never raises.';

CREATE FUNCTION authz.is_authenticated() RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_authenticated'
	STABLE LEAKPROOF PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.is_authenticated() IS
'Is there an identity that counts: token_state() is "valid".  Never NULL, never raises.';

CREATE FUNCTION authz.require_authenticated() RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_authenticated'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_authenticated() IS
'Raises 28000 unless there is an identity that counts.';

CREATE FUNCTION authz.expires_at() RETURNS timestamptz
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_expires_at'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.expires_at() IS
'The claim "exp" of the identity (RFC 7519, 4.1.4), without leeway.  NULL without identity; 28000 when it has expired or was revoked.';

CREATE FUNCTION authz.last_error() RETURNS jsonb
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_last_error'
	STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.last_error() IS
'The last failure since the last successful login, clear_token(), RESET or DISCARD ALL: {"error", "error_description", "sqlstate", "at"} as in RFC 6750, 3.1; "error" is null when there was no token.  NULL when there was none.  Never raises.';

CREATE FUNCTION authz.www_authenticate() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_www_authenticate'
	STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.www_authenticate() IS
'The challenge for last_error(), for the header WWW-Authenticate (RFC 6750, 3).  NULL when there was no failure.  Never raises.';
