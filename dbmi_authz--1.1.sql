/* dbmi_authz--1.1.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION dbmi_authz" to load this file. \quit

--
-- Contents
--
--   The schema
--   Tables: profile, issuer, issuer_key, revocation, inactive_subject,
--       item_permission, permission_implies, object_access
--   The profiles
--   The guard of the tables
--   Functions, by the rooms of src/
--       Planner support     first, because the others name it
--       Session
--       Trust
--       Checks: claims; scopes, roles, permissions, groups; any other claim;
--           ownership and administration; organisations; the user
--       Items
--       Objects
--       Policies
--       Insight
--       Clusters
--   Functions: their owner
--   Privileges
--
-- An object is followed by its COMMENT: one sentence, at most 120 characters.
-- Errors, NULL and the like are in doc/reference/.  dbmi_authz--1.0--1.1.sql
-- has the same COMMENTs, too (test/checks --comments prints them).
--

--
-- The schema
--
-- It belongs to pg_database_owner, and nobody may create anything in it: an
-- object of somebody else would be next to ours, and calls might find it.
--
-- A role that may create schemas can prepare one before the extension is
-- installed.  It must be empty.  What its owner has not committed yet cannot
-- be seen from here, so a schema that stood before this transaction is
-- replaced: whatever is created later is in the old one, which nobody finds.
-- Where the owner of the schema need not be trusted, no transaction may be
-- running that could have created an object in it.
--
DO $$
DECLARE
	extension	pg_catalog.pg_extension;
	schema		pg_catalog.oid;
	owner		pg_catalog.oid;
	was_here	boolean;
	not_empty	boolean;
	comment		pg_catalog.text;
	aside		pg_catalog.text;
	grantee		pg_catalog.oid;
BEGIN
	SELECT e.* INTO STRICT extension
	  FROM pg_catalog.pg_extension e
	 WHERE e.extname OPERATOR(pg_catalog.=) 'dbmi_authz';
	SELECT n.oid, n.nspowner, n.xmin OPERATOR(pg_catalog.<>) pg_catalog.pg_current_xact_id()::pg_catalog.xid
	  INTO STRICT schema, owner, was_here
	  FROM pg_catalog.pg_namespace n
	 WHERE n.nspname OPERATOR(pg_catalog.=) 'authz';

	-- not the transactions that an earlier query of this transaction has seen
	PERFORM pg_catalog.pg_stat_clear_snapshot();
	IF owner OPERATOR(pg_catalog.<>) 'pg_database_owner'::pg_catalog.regrole
	   AND owner OPERATOR(pg_catalog.<>) extension.extowner
	   AND NOT EXISTS (SELECT FROM pg_catalog.pg_database d
						WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
						  AND d.datdba OPERATOR(pg_catalog.=) owner)
	   AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r
						WHERE r.oid OPERATOR(pg_catalog.=) owner AND r.rolsuper)
	   AND (EXISTS (SELECT FROM pg_catalog.pg_locks l, pg_catalog.pg_stat_activity a
					 WHERE a.pid OPERATOR(pg_catalog.=) l.pid
					   AND l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
					   AND l.locktype OPERATOR(pg_catalog.=) 'virtualxid'
					   AND l.mode OPERATOR(pg_catalog.=) 'ExclusiveLock'
					   AND a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
					   AND a.backend_type OPERATOR(pg_catalog.<>) 'autovacuum worker')
			OR EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts x
						WHERE x.database OPERATOR(pg_catalog.=) pg_catalog.current_database())) THEN
		RAISE EXCEPTION 'schema "authz" belongs to role %, and other transactions of this database are open',
						owner::pg_catalog.regrole
			USING ERRCODE = 'object_in_use',
				  DETAIL = 'One of them could leave a function in the schema.',
				  HINT = 'Try again when they have ended (see pg_stat_activity and pg_prepared_xacts), or drop the schema; the extension creates it.';
	END IF;
	not_empty := EXISTS (SELECT FROM pg_catalog.pg_depend d
						  WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
							AND d.refobjid OPERATOR(pg_catalog.=) schema
							AND d.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_extension'::pg_catalog.regclass);
	IF was_here AND NOT not_empty THEN
		comment := pg_catalog.obj_description(schema, 'pg_namespace');
		aside := pg_catalog.concat('authz ', pg_catalog.gen_random_uuid());
		EXECUTE pg_catalog.format('ALTER SCHEMA authz RENAME TO %I', aside);
		CREATE SCHEMA authz;
		EXECUTE pg_catalog.format('COMMENT ON SCHEMA authz IS %L', comment);
		-- as if CREATE EXTENSION had made it: the extension is in the schema,
		-- and the schema is no member
		ALTER EXTENSION dbmi_authz DROP SCHEMA authz;
		UPDATE pg_catalog.pg_extension
		   SET extnamespace = 'authz'::pg_catalog.regnamespace
		 WHERE oid OPERATOR(pg_catalog.=) extension.oid;
		UPDATE pg_catalog.pg_depend
		   SET refobjid = 'authz'::pg_catalog.regnamespace
		 WHERE classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
		   AND objid OPERATOR(pg_catalog.=) extension.oid
		   AND refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
		   AND refobjid OPERATOR(pg_catalog.=) schema;
		BEGIN
			EXECUTE pg_catalog.format('DROP SCHEMA %I', aside);
		EXCEPTION WHEN dependent_objects_still_exist THEN
			not_empty := true;	-- and this transaction looked before that
		END;
	END IF;
	IF not_empty THEN
		RAISE EXCEPTION 'schema "authz" is not empty'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  HINT = 'Drop the schema; the extension creates it.';
	END IF;

	ALTER SCHEMA authz OWNER TO pg_database_owner;
	FOR grantee IN
		SELECT DISTINCT a.grantee
		  FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
		 WHERE n.nspname OPERATOR(pg_catalog.=) 'authz'
	LOOP
		EXECUTE pg_catalog.concat('REVOKE ALL ON SCHEMA authz FROM ',
			CASE WHEN grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
				 ELSE grantee::pg_catalog.regrole::pg_catalog.text END, ' CASCADE');
	END LOOP;
END
$$;

REVOKE ALL ON SCHEMA authz FROM pg_database_owner;
GRANT USAGE ON SCHEMA authz TO pg_database_owner, PUBLIC;

--
-- Tables
--
-- They belong to the owner of the database, who may dump and administer them
-- also without being a superuser.  All but authz.profile are dumped.
--
-- Each has an identity for replication, so that removals reach a subscriber.
-- It is FULL where there is no primary key, because an index over expressions
-- cannot serve as one.
--

-- Not dumped: each version brings its own.
CREATE TABLE authz.profile (
	profile text COLLATE "C" PRIMARY KEY,
	chosen_by text NOT NULL CHECK (chosen_by IN ('iss', 'aud')),
	audience_required boolean NOT NULL,
	options json NOT NULL
);
COMMENT ON TABLE authz.profile IS
'Presets: what the options of an issuer start from.';
COMMENT ON COLUMN authz.profile.profile IS
'Its name, as add_issuer() takes it.';
COMMENT ON COLUMN authz.profile.chosen_by IS
'How a token finds its issuer: "iss" by that claim, "aud" by its audience.';
COMMENT ON COLUMN authz.profile.audience_required IS
'Whether an issuer of this profile must have an audience.';
COMMENT ON COLUMN authz.profile.options IS
'The presets, in the form of authz.issuer.options, which override them one by one.';
ALTER TABLE authz.profile OWNER TO pg_database_owner;

-- Issuers are found by name; those that tokens choose by audience, by their
-- profile.
CREATE TABLE authz.issuer (
	issuer text COLLATE "C" PRIMARY KEY,
	audience text[],
	profile text COLLATE "C" NOT NULL,
	options json NOT NULL DEFAULT '{}'
);
CREATE INDEX issuer_profile ON authz.issuer (profile);
COMMENT ON TABLE authz.issuer IS
'Whose tokens this database believes.';
COMMENT ON COLUMN authz.issuer.issuer IS
'Exactly the claim iss; where the profile goes by audience, or option unnamed is on, any name.';
COMMENT ON COLUMN authz.issuer.audience IS
'A token must name one of these in aud, or where audience_claims says; NULL: the audience is not checked.';
COMMENT ON COLUMN authz.issuer.profile IS
'The row of authz.profile that the options start from.';
COMMENT ON COLUMN authz.issuer.options IS
'What differs from the profile, as add_issuer() describes it.';
ALTER TABLE authz.issuer OWNER TO pg_database_owner;
SELECT pg_catalog.pg_extension_config_dump('authz.issuer'::pg_catalog.regclass, '');

-- No foreign key: pg_restore may load the tables in any order, or at once.
-- trust_guard() does what a foreign key would do.  Keys are looked up by
-- issuer, also those without kid.  id is what replication finds a row by: kid
-- may be NULL, and a whole row cannot be compared, for there is no equality of
-- json.
CREATE TABLE authz.issuer_key (
	issuer text COLLATE "C" NOT NULL,
	kid text COLLATE "C",
	alg text NOT NULL,
	jwk json NOT NULL,
	thumbprint text COLLATE "C" NOT NULL,
	source text NOT NULL,
	added_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	id uuid PRIMARY KEY DEFAULT pg_catalog.gen_random_uuid()
);
CREATE UNIQUE INDEX issuer_key_kid ON authz.issuer_key (issuer, kid, alg);
CREATE UNIQUE INDEX issuer_key_thumbprint ON authz.issuer_key (issuer, thumbprint, alg)
	WHERE kid IS NULL;
COMMENT ON TABLE authz.issuer_key IS
'The keys that tokens of an issuer may be signed with.';
COMMENT ON COLUMN authz.issuer_key.issuer IS
'The row of authz.issuer to which the key belongs; a key of another name is not looked at.';
COMMENT ON COLUMN authz.issuer_key.kid IS
'The key ID, which with alg names one key of an issuer; NULL: the key has none.';
COMMENT ON COLUMN authz.issuer_key.alg IS
'The one algorithm that the key is bound to.';
COMMENT ON COLUMN authz.issuer_key.jwk IS
'The key as a JWK (RFC 7517); a secret where alg is HS256, HS384 or HS512.';
COMMENT ON COLUMN authz.issuer_key.thumbprint IS
'The thumbprint of the key (RFC 7638), of SHA-256, in base64url.';
COMMENT ON COLUMN authz.issuer_key.source IS
'The function that added the key; set_jwks() replaces its own only.';
COMMENT ON COLUMN authz.issuer_key.added_at IS
'When the key was added.';
COMMENT ON COLUMN authz.issuer_key.id IS
'The number by which logical replication finds the row; nothing else uses it.';
ALTER TABLE authz.issuer_key OWNER TO pg_database_owner;
-- There is no policy, so a role that is not the owner reads no key, whatever
-- privileges it has been given (pg_read_all_data).  HMAC keys are secrets.
ALTER TABLE authz.issuer_key ENABLE ROW LEVEL SECURITY;
SELECT pg_catalog.pg_extension_config_dump('authz.issuer_key'::pg_catalog.regclass, '');

-- Not dumped, and not part of the trust: no session reads it.
CREATE TABLE authz.jwks_status (
	issuer text COLLATE "C" PRIMARY KEY,
	last_success timestamptz,
	last_attempt timestamptz,
	last_error text COLLATE "C" CHECK (last_error IN (
		'timeout', 'unreachable', 'certificate', 'proxy', 'http_status', 'redirect', 'too_large',
		'not_json', 'wrong_issuer', 'no_jwks_uri', 'forbidden_url', 'forbidden_host',
		'forbidden_address', 'refused_keys', 'internal')),
	skipped json NOT NULL DEFAULT '[]',
	next_due timestamptz
);
COMMENT ON TABLE authz.jwks_status IS
'How the key set of an issuer was fetched and taken the last time.';
COMMENT ON COLUMN authz.jwks_status.issuer IS
'The row of authz.issuer whose set it was.';
COMMENT ON COLUMN authz.jwks_status.last_success IS
'When set_jwks() last took a set, changed or not.';
COMMENT ON COLUMN authz.jwks_status.last_attempt IS
'When it was last fetched or handed over, with or without success.';
COMMENT ON COLUMN authz.jwks_status.last_error IS
'Why the last attempt failed, one of a closed list; NULL: it did not fail.';
COMMENT ON COLUMN authz.jwks_status.skipped IS
'The entries that gave no key: an array of objects with position (from 1), kid and reason.';
COMMENT ON COLUMN authz.jwks_status.next_due IS
'When it will be fetched again; NULL: nobody has said.';
ALTER TABLE authz.jwks_status OWNER TO pg_database_owner;

CREATE TABLE authz.revocation (
	issuer text COLLATE "C" NOT NULL,
	kind text COLLATE "C" NOT NULL CHECK (kind IN ('token', 'subject', 'session', 'actor')),
	value text COLLATE "C" NOT NULL,
	issued_before timestamptz,
	until timestamptz,
	revoked_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	PRIMARY KEY (issuer, kind, value),
	CHECK ((kind = 'subject') = (issued_before IS NOT NULL))
);
COMMENT ON TABLE authz.revocation IS
'Tokens that are refused although they verify, as long as the row stands.';
COMMENT ON COLUMN authz.revocation.issuer IS
'The issuer of the tokens, which may have been dropped since.';
COMMENT ON COLUMN authz.revocation.kind IS
'What value is: "token" a jti, "subject" a sub or user id, "session" the id of a session, "actor" who acts.';
COMMENT ON COLUMN authz.revocation.value IS
'What is revoked, exactly as the token has it.';
COMMENT ON COLUMN authz.revocation.issued_before IS
'Of a subject: tokens with iat at or before this, or without iat, are refused.';
COMMENT ON COLUMN authz.revocation.until IS
'From then on prune_revocations() may remove the row; NULL: never.';
COMMENT ON COLUMN authz.revocation.revoked_at IS
'When it was first revoked.';
ALTER TABLE authz.revocation OWNER TO pg_database_owner;
SELECT pg_catalog.pg_extension_config_dump('authz.revocation'::pg_catalog.regclass, '');

CREATE TABLE authz.inactive_subject (
	issuer text COLLATE "C" NOT NULL,
	subject text COLLATE "C" NOT NULL,
	PRIMARY KEY (issuer, subject)
);
COMMENT ON TABLE authz.inactive_subject IS
'Subjects that count as nobody, whatever their tokens say.';
COMMENT ON COLUMN authz.inactive_subject.issuer IS
'The issuer of the subject''s tokens, as in authz.issuer.';
COMMENT ON COLUMN authz.inactive_subject.subject IS
'A sub, else the user id claim, exactly as the tokens have it.';
ALTER TABLE authz.inactive_subject OWNER TO pg_database_owner;
SELECT pg_catalog.pg_extension_config_dump('authz.inactive_subject'::pg_catalog.regclass, '');

-- lower() of the columns of this table and the next goes by their collation,
-- so it changes letters of ASCII only, as the checks do.  The indexes are read
-- by their names.
CREATE TABLE authz.item_permission (
	email text COLLATE "C" NOT NULL CHECK (email OPERATOR(pg_catalog.<>) ''),
	client text COLLATE "C" NOT NULL CHECK (client OPERATOR(pg_catalog.<>) ''),
	item text COLLATE "C" NOT NULL
		CHECK (pg_catalog.strpos(pg_catalog.concat('.', item, '.'), '..') OPERATOR(pg_catalog.=) 0),
	permission text COLLATE "C" NOT NULL CHECK (permission OPERATOR(pg_catalog.<>) ''),
	granted_by text,
	granted_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
CREATE UNIQUE INDEX item_permission_key ON authz.item_permission
	(client, pg_catalog.lower(email), pg_catalog.lower(item), pg_catalog.lower(permission));
CREATE INDEX item_permission_item ON authz.item_permission
	(client, pg_catalog.lower(item));
COMMENT ON TABLE authz.item_permission IS
'Permissions on items, by e-mail address and application.';
COMMENT ON COLUMN authz.item_permission.email IS
'Whose permission it is: the e-mail claim of the token, in any case of ASCII letters.';
COMMENT ON COLUMN authz.item_permission.client IS
'The application in which it counts: exactly the option application of the issuer.';
COMMENT ON COLUMN authz.item_permission.item IS
'The item: a path, names with dots between them, in any case of ASCII letters.';
COMMENT ON COLUMN authz.item_permission.permission IS
'The name of the permission, in any case of ASCII letters.';
COMMENT ON COLUMN authz.item_permission.granted_by IS
'The e-mail address of the one who granted it; NULL: the owner of the database.';
COMMENT ON COLUMN authz.item_permission.granted_at IS
'When the permission was granted.';
ALTER TABLE authz.item_permission OWNER TO pg_database_owner;
-- Read by the roles that the owner of the database gives SELECT to, as far as
-- the policy "visible" allows (see "Items").
ALTER TABLE authz.item_permission ENABLE ROW LEVEL SECURITY;
ALTER TABLE authz.item_permission REPLICA IDENTITY FULL;
SELECT pg_catalog.pg_extension_config_dump('authz.item_permission'::pg_catalog.regclass, '');

CREATE TABLE authz.permission_implies (
	client text COLLATE "C" NOT NULL,
	permission text COLLATE "C" NOT NULL,
	implies text COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX permission_implies_key ON authz.permission_implies
	(client, pg_catalog.lower(permission), pg_catalog.lower(implies));
COMMENT ON TABLE authz.permission_implies IS
'Which item permissions hold where another one does, also by way of a third.';
COMMENT ON COLUMN authz.permission_implies.client IS
'The application in which the one implies the other: exactly the issuer''s option application.';
COMMENT ON COLUMN authz.permission_implies.permission IS
'The permission that implies another, in any case of ASCII letters.';
COMMENT ON COLUMN authz.permission_implies.implies IS
'The permission that is implied, in any case of ASCII letters.';
ALTER TABLE authz.permission_implies OWNER TO pg_database_owner;
ALTER TABLE authz.permission_implies REPLICA IDENTITY FULL;
SELECT pg_catalog.pg_extension_config_dump('authz.permission_implies'::pg_catalog.regclass, '');

-- rel is a regclass, so that a rule follows a table that is renamed.  rule is
-- text, because pg_upgrade refuses columns of type regprocedure.  rule_owner is
-- the name of a role, because the OID of a role is different after a restore.
CREATE TABLE authz.object_access (
	perm text COLLATE "C" NOT NULL,
	rel regclass NOT NULL,
	kind text COLLATE "C" NOT NULL CHECK (kind IN ('user', 'group')),
	rule text COLLATE "C" NOT NULL,
	rule_owner name,
	PRIMARY KEY (perm, rel, kind)
);
COMMENT ON TABLE authz.object_access IS
'The rules of object permissions: which function is asked for which permission on which table.';
COMMENT ON COLUMN authz.object_access.perm IS
'The permission that the rule decides on.';
COMMENT ON COLUMN authz.object_access.rel IS
'The table of the objects, or the OID of one that was dropped.';
COMMENT ON COLUMN authz.object_access.kind IS
'When the rule is asked: "user" first, "group" when that one does not grant.';
COMMENT ON COLUMN authz.object_access.rule IS
'The function, as PostgreSQL writes its signature with all schemas.';
COMMENT ON COLUMN authz.object_access.rule_owner IS
'The role to which it belonged when it was registered or accepted; a function of anybody else grants nothing.';
ALTER TABLE authz.object_access OWNER TO pg_database_owner;
-- Only rows whose table still exists are dumped: elsewhere the OID of a
-- dropped table could be that of another table.
SELECT pg_catalog.pg_extension_config_dump('authz.object_access'::pg_catalog.regclass,
	'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) rel)');

CREATE TABLE authz.actor_ceiling (
	issuer text COLLATE "C" NOT NULL,
	actor text COLLATE "C" NOT NULL,
	scopes text[],
	roles text[],
	permissions text[],
	groups text[],
	org_roles text[],
	org_permissions text[],
	item_permissions text[],
	keep text[],
	admin boolean NOT NULL DEFAULT false,
	read_only boolean NOT NULL DEFAULT true,
	PRIMARY KEY (issuer, actor)
);
COMMENT ON TABLE authz.actor_ceiling IS
'What actors may not go beyond, whomever they act for.';
COMMENT ON COLUMN authz.actor_ceiling.issuer IS
'The issuer of the tokens in which it acts, which may have been dropped since.';
COMMENT ON COLUMN authz.actor_ceiling.actor IS
'Who acts, as actor() names it.';
COMMENT ON COLUMN authz.actor_ceiling.scopes IS
'The scopes that are left; NULL: all of them.';
COMMENT ON COLUMN authz.actor_ceiling.roles IS
'The roles that are left; NULL: all of them.';
COMMENT ON COLUMN authz.actor_ceiling.permissions IS
'The permissions that are left, on rows too; NULL: all of them.';
COMMENT ON COLUMN authz.actor_ceiling.groups IS
'The groups that are left; NULL: all of them.';
COMMENT ON COLUMN authz.actor_ceiling.org_roles IS
'The roles in organisations that are left; NULL: all of them.';
COMMENT ON COLUMN authz.actor_ceiling.org_permissions IS
'The permissions in organisations that are left; NULL: all of them.';
COMMENT ON COLUMN authz.actor_ceiling.item_permissions IS
'The item permissions that are left, in any case of ASCII letters; NULL: all of them.';
COMMENT ON COLUMN authz.actor_ceiling.keep IS
'Values of any kind that stay, because policies deny by them.';
COMMENT ON COLUMN authz.actor_ceiling.admin IS
'Whether it may act as an administrator.';
COMMENT ON COLUMN authz.actor_ceiling.read_only IS
'Whether its transactions are read-only.';
ALTER TABLE authz.actor_ceiling OWNER TO pg_database_owner;
SELECT pg_catalog.pg_extension_config_dump('authz.actor_ceiling'::pg_catalog.regclass, '');

--
-- The profiles
--
INSERT INTO authz.profile (profile, chosen_by, audience_required, options) VALUES
('auth0', 'iss', true, '{
	"algorithms": ["RS256"],
	"leeway_seconds": 0,
	"key_id_required": true,
	"required_claims": ["exp", "iss", "aud", "sub"]
}'),
('axioms', 'iss', true, '{
	"algorithms": ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"],
	"leeway_seconds": 0,
	"key_id_required": true,
	"token_types": ["JWT", "jwt", "at+jwt", "application/jwt"],
	"required_claims": ["exp", "aud", "sub"]
}'),
('propelauth', 'iss', false, '{
	"algorithms": ["RS256"],
	"leeway_seconds": 60,
	"required_claims": ["exp", "iat", "iss", "user_id"],
	"owner_claim": "user_id",
	"user_id_claim": "user_id"
}'),
('dbmi', 'aud', true, '{
	"algorithms": ["RS256", "HS256"],
	"leeway_seconds": 120,
	"required_claims": ["exp", "sub", "email"],
	"group_claims": [["https://authorization.dbmi.hms.harvard.edu", "groups"]],
	"role_claims": [["https://authorization.dbmi.hms.harvard.edu", "roles"]],
	"permission_claims": [["https://authorization.dbmi.hms.harvard.edu", "permissions"]],
	"owner_claim": "email",
	"email_claim": "email",
	"user_id_claim": "sub",
	"admin_groups": ["dbmi-admin"],
	"admin_permissions": ["MANAGE"]
}'),
('generic', 'iss', true, '{
	"algorithms": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
				   "EdDSA", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"],
	"leeway_seconds": 0,
	"skew_seconds": 5,
	"required_claims": ["iss", "aud", "exp", "sub"],
	"owner_claim": "sub",
	"user_id_claim": "sub"
}'),
('keycloak', 'iss', true, '{
	"algorithms": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"],
	"skew_seconds": 5,
	"required_claims": ["iss", "exp", "sub"],
	"audience_claims": ["aud", "azp"],
	"claim_values": [{"claim": "typ", "values": ["Bearer"]}],
	"role_claims": [["realm_access", "roles"]],
	"merge_claims": true,
	"org_shape": "list",
	"org_claims": ["organization"]
}'),
('entra', 'iss', true, '{
	"algorithms": ["RS256"],
	"skew_seconds": 5,
	"required_claims": ["iss", "aud", "exp", "sub"],
	"claim_values": [{"any": [{"claim": "azp", "present": true}, {"claim": "appid", "present": true}]},
					 {"any": [{"claim": "scp", "present": true}, {"claim": "roles", "present": true}]}],
	"user_id_claim": "oid",
	"client_id_claims": ["azp", "appid"],
	"org_shape": "single",
	"org_id_claim": "tid"
}'),
('okta', 'iss', true, '{
	"algorithms": ["RS256"],
	"skew_seconds": 5,
	"required_claims": ["iss", "aud", "exp", "sub"],
	"claim_values": [{"any": [{"claim": "cid", "present": true}, {"claim": "scp", "present": true},
							  {"claim": "scope", "present": true}]}],
	"user_id_claim": "uid",
	"client_id_claims": ["cid"]
}'),
('cognito', 'iss', true, '{
	"algorithms": ["RS256"],
	"skew_seconds": 5,
	"required_claims": ["iss", "exp", "sub"],
	"audience_claims": ["client_id"],
	"claim_values": [{"claim": "token_use", "values": ["access"]}],
	"role_claims": ["cognito:roles", "roles"],
	"group_claims": ["cognito:groups", "groups"],
	"session_claim": "origin_jti"
}'),
('clerk', 'iss', true, '{
	"algorithms": ["RS256"],
	"skew_seconds": 5,
	"required_claims": ["iss", "exp", "sub", "sid"],
	"audience_claims": ["azp"],
	"claim_values": [{"any": [{"claim": "sts", "absent": true}, {"claim": "sts", "values": ["active"]}]}],
	"org_shape": "clerk",
	"org_id_claim": [["o", "id"], ["org_id"]],
	"org_name_claim": [["o", "slg"], ["org_slug"]],
	"org_role_claims": [["o", "rol"], "org_role"]
}'),
('workos', 'iss', false, '{
	"algorithms": ["RS256"],
	"skew_seconds": 5,
	"required_claims": ["iss", "exp", "sub", "sid"],
	"audience_claims": ["client_id", "aud"],
	"audience_optional": true,
	"claim_values": [{"claim": "scope", "absent": true}, {"claim": "sub_type", "absent": true}],
	"role_claims": ["roles", "role"],
	"org_shape": "single",
	"org_role_claims": ["roles", "role"],
	"org_permission_claims": ["permissions"]
}'),
('supabase', 'iss', true, '{
	"algorithms": ["ES256", "RS256", "HS256", "EdDSA", "ES512", "RS512"],
	"skew_seconds": 5,
	"required_claims": ["iss", "aud", "exp", "sub"],
	"claim_values": [{"claim": "role", "values": ["authenticated"]}, {"claim": "client_id", "absent": true}],
	"role_claims": [["app_metadata", "roles"], ["app_metadata", "role"], "user_role"],
	"permission_claims": [["app_metadata", "permissions"], "permissions"],
	"group_claims": [["app_metadata", "groups"], "groups"],
	"merge_claims": true,
	"session_claim": "session_id"
}'),
('firebase', 'iss', true, '{
	"algorithms": ["RS256"],
	"skew_seconds": 5,
	"required_claims": ["iss", "aud", "exp", "sub"],
	"role_claims": ["roles", "role"],
	"org_shape": "single",
	"org_id_claim": ["firebase", "tenant"]
}'),
('google', 'iss', true, '{
	"algorithms": ["RS256"],
	"skew_seconds": 5,
	"required_claims": ["iss", "aud", "exp", "sub"],
	"org_shape": "single",
	"org_id_claim": "hd"
}'),
('zitadel', 'iss', true, '{
	"algorithms": ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"],
	"skew_seconds": 5,
	"required_claims": ["iss", "aud", "exp", "sub", "jti"],
	"claim_values": [{"claim": "at_hash", "absent": true}, {"claim": "nonce", "absent": true},
					 {"claim": "events", "absent": true}],
	"role_claims": [{"path": ["urn:zitadel:iam:org:project:roles"], "keys": true}],
	"org_shape": "single",
	"org_id_claim": "urn:zitadel:iam:user:resourceowner:id",
	"org_name_claim": "urn:zitadel:iam:user:resourceowner:name"
}'),
('simplejwt', 'iss', false, '{
	"algorithms": ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
				   "ES256", "ES384", "ES512", "EdDSA"],
	"skew_seconds": 5,
	"unnamed": true,
	"required_claims": ["exp", "user_id"],
	"claim_values": [{"claim": "token_type", "values": ["access"]}],
	"owner_claim": "user_id",
	"user_id_claim": "user_id"
}'),
('postgrest', 'iss', false, '{
	"algorithms": ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
				   "ES256", "ES384", "ES512", "EdDSA"],
	"skew_seconds": 5,
	"unnamed": true,
	"required_claims": ["exp", "role"],
	"role_claims": ["role"]
}');

--
-- The guard of the tables
--
CREATE FUNCTION authz.trust_guard() RETURNS trigger
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_trust_guard'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.trust_guard() IS
'Guards the tables of the extension and makes every session read them again after a change.';

-- ALWAYS: also under session_replication_role, and for logical replication
DO $$
DECLARE
	guarded	pg_catalog.regclass;
BEGIN
	FOREACH guarded IN ARRAY ARRAY[
		'authz.profile', 'authz.issuer', 'authz.issuer_key', 'authz.revocation',
		'authz.inactive_subject', 'authz.item_permission', 'authz.permission_implies',
		'authz.object_access', 'authz.actor_ceiling']::pg_catalog.regclass[]
	LOOP
		EXECUTE pg_catalog.format('CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s
			FOR EACH STATEMENT EXECUTE FUNCTION authz.trust_guard()', guarded);
		EXECUTE pg_catalog.format('CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON %s
			FOR EACH ROW EXECUTE FUNCTION authz.trust_guard()', guarded);
		EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER guard, ENABLE ALWAYS TRIGGER changed', guarded);
	END LOOP;
END
$$;

--
-- Planner support
--

CREATE FUNCTION authz.identity_support(internal) RETURNS internal
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_identity_support'
	STRICT PARALLEL SAFE;
COMMENT ON FUNCTION authz.identity_support(internal) IS
'Planner support of every function that asks for the identity.';

CREATE FUNCTION authz.token_support(internal) RETURNS internal
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_token_support'
	STRICT PARALLEL SAFE;
COMMENT ON FUNCTION authz.token_support(internal) IS
'Planner support of the functions that take a token: a bound token is not made a constant of a plan.';

--
-- How the functions below are marked, once for all:
--
-- * No function is STRICT: R2 (an error when the token has ended) comes before
--   everything else, and a check answers false, never NULL.
-- * STABLE, because one query sees one identity.  PARALLEL RESTRICTED, because
-- only the leader
--   has one.
-- * require_* are VOLATILE.  The planner drops a stable call whose result is
--   not used (SELECT FROM (SELECT authz.require_role('x')) s), calls one while
--   it estimates, so that EXPLAIN would raise, and may move it before or behind
--   other conditions.  A query that names require_* wants it called where it
--   stands.
-- * LEAKPROOF: only where the sole error possible is R2, which depends on no
--   argument.  Marked: has_scope, has_role, has_permission, has_group, has_claim,
--   claim_is, has_active_org_role, has_active_org_permission, org_id_by_name, and the
--   accessors of one text and is_impersonated, which take no argument.  These are not
--   marked: has_any_*, has_all_* and require_* (R3), everything over "anycompatible"
--   (42804), what builds arrays or jsonb, and is_admin, which takes no argument and
--   gains nothing.

--
-- Session
--

CREATE FUNCTION authz.set_token(token text, is_local boolean DEFAULT false)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_set_token'
	VOLATILE PARALLEL UNSAFE SUPPORT authz.token_support;
COMMENT ON FUNCTION authz.set_token(text, boolean) IS
'Verifies a signed JWT and adopts its identity, for the session or for the transaction.';

CREATE FUNCTION authz.try_set_token(token text, is_local boolean DEFAULT false)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_try_set_token'
	VOLATILE PARALLEL UNSAFE SUPPORT authz.token_support;
COMMENT ON FUNCTION authz.try_set_token(text, boolean) IS
'Like set_token(), but returns false instead of raising an error about the token.';

CREATE FUNCTION authz.clear_token() RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_clear_token'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.clear_token() IS
'Forgets the identity and the last failure.';

CREATE FUNCTION authz.verify_token(token text) RETURNS jsonb
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_verify_token'
	VOLATILE PARALLEL UNSAFE SUPPORT authz.token_support;
COMMENT ON FUNCTION authz.verify_token(text) IS
'The claims of a token, which is verified as by set_token() but not adopted.';

CREATE FUNCTION authz.token_state() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_token_state'
	STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.token_state() IS
'How the session stands: "none", "valid", "expired", "revoked" or "rejected".';

CREATE FUNCTION authz.is_authenticated() RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_authenticated'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_authenticated() IS
'Whether somebody is logged in: the token is valid, and its subject is not listed as inactive.';

CREATE FUNCTION authz.require_authenticated() RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_authenticated'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_authenticated() IS
'Raises an error unless is_authenticated().';

CREATE FUNCTION authz.expires_at() RETURNS timestamptz
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_expires_at'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.expires_at() IS
'When the token expires: the claim exp, without the issuer''s leeway.';

CREATE FUNCTION authz.authenticated_at() RETURNS timestamptz
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_authenticated_at'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.authenticated_at() IS
'When the user last proved who they are: the claim auth_time.';

CREATE FUNCTION authz.authenticated_within(interval) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_authenticated_within'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.authenticated_within(interval) IS
'Whether the user proved who they are within this interval, by the claim auth_time.';

CREATE FUNCTION authz.acr() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_acr'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.acr() IS
'How strong the login was: the claim acr.';

CREATE FUNCTION authz.amr() RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_amr'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.amr() IS
'By which methods the user logged in: the claim amr.';

CREATE FUNCTION authz.has_acr(acr text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_acr'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_acr(text) IS
'Whether the claim acr is this one.';

CREATE FUNCTION authz.has_any_acr(VARIADIC acrs text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_acr'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_acr(VARIADIC text[]) IS
'Whether the claim acr is one of these.';

CREATE FUNCTION authz.has_amr(amr text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_amr'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_amr(text) IS
'Whether the user logged in by this method.';

CREATE FUNCTION authz.has_any_amr(VARIADIC amrs text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_amr'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_amr(VARIADIC text[]) IS
'Whether the user logged in by one of these methods at least.';

CREATE FUNCTION authz.has_all_amrs(VARIADIC amrs text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_all_amrs'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_all_amrs(VARIADIC text[]) IS
'Whether the user logged in by all of these methods.';

CREATE FUNCTION authz.require_step_up(acrs text[] DEFAULT NULL, within interval DEFAULT NULL)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_step_up'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_step_up(text[], interval) IS
'Raises an error unless acr is one of these values and the login is no older than the interval.';

CREATE FUNCTION authz.actor() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_actor'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.actor() IS
'Who acts for the user: sub of the claim act, preceded by its iss and a space if that is another issuer.';

CREATE FUNCTION authz.is_delegated() RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_delegated'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_delegated() IS
'Whether somebody acts for the user, by the claim act.';

CREATE FUNCTION authz.has_actor(actor text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_actor'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_actor(text) IS
'Whether this actor acts for the user.';

CREATE FUNCTION authz.has_any_actor(VARIADIC actors text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_actor'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_actor(VARIADIC text[]) IS
'Whether one of these actors acts for the user.';

CREATE FUNCTION authz.last_error() RETURNS jsonb
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_last_error'
	STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.last_error() IS
'The last failure since the last successful login, as RFC 6750 describes it.';

CREATE FUNCTION authz.www_authenticate() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_www_authenticate'
	STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.www_authenticate() IS
'The challenge for last_error(), for the HTTP header WWW-Authenticate.';

--
-- Trust
--Administering it.  A NULL and, where a text is expected, an empty string
--raise 22023.  Callers without the rights of the database owner get 42501.
--

CREATE FUNCTION authz.add_issuer(issuer text, audience text[],
		profile text DEFAULT 'generic', options json DEFAULT '{}')
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_add_issuer'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.add_issuer(text, text[], text, json) IS
'Trusts the tokens of an issuer that name one of these audiences.';

CREATE FUNCTION authz.alter_issuer(issuer text, options json DEFAULT NULL,
		audience text[] DEFAULT NULL)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_alter_issuer'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.alter_issuer(text, json, text[]) IS
'Changes the options or the audience of an issuer and ends the identities that came from it.';

CREATE FUNCTION authz.drop_issuer(issuer text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_drop_issuer'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.drop_issuer(text) IS
'Ends the trust in an issuer; its keys and identities end, its revocations stay.';

CREATE FUNCTION authz.set_jwks(issuer text, jwks json, strict boolean DEFAULT false)
	RETURNS integer
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_set_jwks'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.set_jwks(text, json, boolean) IS
'Replaces the keys of earlier calls by those of a JWK set; returns how many usable keys the set gives.';

CREATE FUNCTION authz.add_key(issuer text, jwk json)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_add_key'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.add_key(text, json) IS
'Adds one key of an issuer, given as a JWK.';

CREATE FUNCTION authz.add_pem(issuer text, pem text, kid text DEFAULT NULL,
		alg text DEFAULT NULL)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_add_pem'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.add_pem(text, text, text, text) IS
'Adds one public key of an issuer, given as a PEM block.';

CREATE FUNCTION authz.add_secret(issuer text, secret bytea, kid text DEFAULT NULL,
		alg text DEFAULT 'HS256')
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_add_secret'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.add_secret(text, bytea, text, text) IS
'Adds a secret of HS256, HS384 or HS512; pass it as a bind parameter.';

CREATE FUNCTION authz.drop_key(issuer text, kid text, alg text DEFAULT NULL)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_drop_key'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.drop_key(text, text, text) IS
'Removes the keys of that kid or, without kid, of that thumbprint; with alg only the one bound to that algorithm.';

CREATE FUNCTION authz.revoke_token(issuer text, jti text, until timestamptz DEFAULT NULL)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_revoke_token'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.revoke_token(text, text, timestamptz) IS
'Refuses the token with that jti from now on.';

CREATE FUNCTION authz.revoke_subject(issuer text, subject text,
		issued_before timestamptz DEFAULT pg_catalog.now())
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_revoke_subject'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.revoke_subject(text, text, timestamptz) IS
'Refuses the tokens of a subject that were issued up to that time.';

CREATE FUNCTION authz.revoke_session(issuer text, sid text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_revoke_session'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.revoke_session(text, text) IS
'Refuses the tokens with that sid, the session at the issuer.';

CREATE FUNCTION authz.revoke_actor(issuer text, actor text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_revoke_actor'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.revoke_actor(text, text) IS
'Refuses the tokens of the issuer in which this actor acts for somebody.';

CREATE FUNCTION authz.set_actor_ceiling(issuer text, actor text,
		scopes text[] DEFAULT NULL, roles text[] DEFAULT NULL,
		permissions text[] DEFAULT NULL, groups text[] DEFAULT NULL,
		org_roles text[] DEFAULT NULL, org_permissions text[] DEFAULT NULL,
		item_permissions text[] DEFAULT NULL, keep text[] DEFAULT NULL,
		admin boolean DEFAULT false, read_only boolean DEFAULT true)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_set_actor_ceiling'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.set_actor_ceiling(text, text, text[], text[], text[], text[],
	text[], text[], text[], text[], boolean, boolean) IS
'Sets what an actor may not go beyond, whomever it acts for.';

CREATE FUNCTION authz.drop_actor_ceiling(issuer text, actor text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_drop_actor_ceiling'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.drop_actor_ceiling(text, text) IS
'Removes the ceiling of an actor.';

CREATE FUNCTION authz.prune_revocations()
	RETURNS bigint
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_prune_revocations'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.prune_revocations() IS
'Removes the revocations whose time has passed and returns how many there were.';

-- For superusers alone, because the one who writes that file decides who logs
-- in.
CREATE FUNCTION authz.export_login_trust() RETURNS integer
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_export_login_trust'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.export_login_trust() IS
'Writes the issuers whose tokens may open connections to the server''s file of trust; for superusers.';

-- What everybody may know about the trust.

CREATE FUNCTION authz.version() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_version'
	STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.version() IS
'The version of the library, of the PostgreSQL it was built for, and of the OpenSSL and jansson it runs with.';

--
-- Checks: claims
--

CREATE FUNCTION authz.claims() RETURNS jsonb
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_claims'
	STABLE PARALLEL RESTRICTED COST 50 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.claims() IS
'All claims of the token.';

CREATE FUNCTION authz.claim(VARIADIC path text[]) RETURNS jsonb
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_claim'
	STABLE PARALLEL RESTRICTED COST 10 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.claim(VARIADIC text[]) IS
'The claim at a path of object keys.';

CREATE FUNCTION authz.claim_text(VARIADIC path text[]) RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_claim_text'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.claim_text(VARIADIC text[]) IS
'The claim at a path of object keys, as text.';

CREATE FUNCTION authz.subject() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_subject'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.subject() IS
'The claim sub.';

CREATE FUNCTION authz.user_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_user_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.user_id() IS
'The user, from the claim that the issuer''s option user_id_claim names.';

CREATE FUNCTION authz.email() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_email'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.email() IS
'The e-mail address, from the claim that the issuer''s option email_claim names.';

CREATE FUNCTION authz.username() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_username'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.username() IS
'The claim username, else preferred_username.';

CREATE FUNCTION authz.issuer() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_issuer'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.issuer() IS
'The trusted issuer of the token.';

CREATE FUNCTION authz.client_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_client_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.client_id() IS
'The application that the token was issued to: azp, else client_id, or what the option client_id_claims names.';

CREATE FUNCTION authz.token_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_token_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.token_id() IS
'The claim jti.';

CREATE FUNCTION authz.audience() RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_audience'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.audience() IS
'The claim aud as a list.';

CREATE FUNCTION authz.scopes() RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_scopes'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.scopes() IS
'The scopes of the token in its order, each once.';

CREATE FUNCTION authz.roles() RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_roles'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.roles() IS
'The roles of the token in its order, each once.';

CREATE FUNCTION authz.permissions() RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_permissions'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.permissions() IS
'The permissions of the token in its order, each once.';

CREATE FUNCTION authz.groups() RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_groups'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.groups() IS
'The groups of the token in its order, each once.';

--
-- Checks: scopes, roles, permissions, groups
--
-- require_* raise 42501 when denied, and 28000 without identity or when it has
-- expired or was revoked, each with the body of RFC 6750, section 3 as DETAIL.
--

CREATE FUNCTION authz.has_scope(scope text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_scope'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_scope(text) IS
'Whether the token holds this scope.';

CREATE FUNCTION authz.has_any_scope(VARIADIC scopes text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_scope'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_scope(VARIADIC text[]) IS
'Whether the token holds one of these scopes at least.';

CREATE FUNCTION authz.has_all_scopes(VARIADIC scopes text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_all_scopes'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_all_scopes(VARIADIC text[]) IS
'Whether the token holds all of these scopes.';

CREATE FUNCTION authz.require_scope(VARIADIC scopes text[]) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_scope'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_scope(VARIADIC text[]) IS
'Raises an error unless the token holds all of these scopes.';

CREATE FUNCTION authz.has_role(role text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_role'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_role(text) IS
'Whether the token holds this role.';

CREATE FUNCTION authz.has_any_role(VARIADIC roles text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_role'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_role(VARIADIC text[]) IS
'Whether the token holds one of these roles at least.';

CREATE FUNCTION authz.has_all_roles(VARIADIC roles text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_all_roles'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_all_roles(VARIADIC text[]) IS
'Whether the token holds all of these roles.';

CREATE FUNCTION authz.require_role(VARIADIC roles text[]) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_role'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_role(VARIADIC text[]) IS
'Raises an error unless the token holds all of these roles.';

CREATE FUNCTION authz.has_permission(permission text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_permission'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_permission(text) IS
'Whether the token holds this permission.';

CREATE FUNCTION authz.has_any_permission(VARIADIC permissions text[])
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_permission'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_permission(VARIADIC text[]) IS
'Whether the token holds one of these permissions at least.';

CREATE FUNCTION authz.has_all_permissions(VARIADIC permissions text[])
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_all_permissions'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_all_permissions(VARIADIC text[]) IS
'Whether the token holds all of these permissions.';

CREATE FUNCTION authz.require_permission(VARIADIC permissions text[])
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_permission'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_permission(VARIADIC text[]) IS
'Raises an error unless the token holds all of these permissions.';

CREATE FUNCTION authz.has_group(group_name text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_group'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_group(text) IS
'Whether the token holds this group.';

CREATE FUNCTION authz.has_any_group(VARIADIC groups text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_group'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_group(VARIADIC text[]) IS
'Whether the token holds one of these groups at least.';

CREATE FUNCTION authz.has_all_groups(VARIADIC groups text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_all_groups'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_all_groups(VARIADIC text[]) IS
'Whether the token holds all of these groups.';

CREATE FUNCTION authz.require_group(VARIADIC groups text[]) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_group'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_group(VARIADIC text[]) IS
'Raises an error unless the token holds all of these groups.';

-- Checks: any condition at all

CREATE FUNCTION authz.require(condition boolean, message text DEFAULT NULL)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require(boolean, text) IS
'Raises an error unless the condition is true; the message, if any, becomes error_description.';

--
-- Checks: any other claim
--

CREATE FUNCTION authz.has_claim(path text[], value text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_claim'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_claim(text[], text) IS
'Whether a claim holds a value; a string counts by its words, and claim_is() compares it whole.';

CREATE FUNCTION authz.has_any_claim(path text[], VARIADIC value_list text[])
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_claim'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_claim(text[], VARIADIC text[]) IS
'Whether a claim holds one of these values; a string counts by its words, not whole.';

CREATE FUNCTION authz.has_all_claims(path text[], VARIADIC value_list text[])
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_all_claims'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_all_claims(text[], VARIADIC text[]) IS
'Whether a claim holds all of these values; a string counts by its words, not whole.';

CREATE FUNCTION authz.claim_is(path text[], value text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_claim_is'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.claim_is(text[], text) IS
'Whether a claim is just this value: a string whole, a number or boolean as its JSON text, no array or object.';

--
-- Checks: ownership and administration
--

CREATE FUNCTION authz.is_owner(owner anycompatible) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_owner'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_owner(anycompatible) IS
'Whether the value equals the claim that the issuer''s option owner_claim names.';

CREATE FUNCTION authz.is_owner(owner anycompatible, claim text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_owner'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_owner(anycompatible, text) IS
'Whether the value equals the top-level claim of that name.';

CREATE FUNCTION authz.is_owner_or_admin(owner anycompatible) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_owner_or_admin'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_owner_or_admin(anycompatible) IS
'Whether is_owner(owner) or is_admin() is true.';

CREATE FUNCTION authz.is_admin() RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_admin'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_admin() IS
'Whether the issuer''s options admin_groups and admin_permissions make this an administrator.';

CREATE FUNCTION authz.require_admin() RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_admin'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_admin() IS
'Raises an error unless is_admin().';

--
-- Checks: organisations
--
-- A membership is an object of PropelAuth's shape.  Checks are false and facts
-- are NULL for an organisation of which the identity is no member.
--

CREATE FUNCTION authz.in_org(org anycompatible) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_in_org'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.in_org(anycompatible) IS
'Whether the identity is a member of the organisation.';

CREATE FUNCTION authz.has_org_role(org anycompatible, role text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_org_role'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_org_role(anycompatible, text) IS
'Whether this role was assigned in the organisation; inherited roles do not count.';

CREATE FUNCTION authz.is_at_least_org_role(org anycompatible, role text)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_at_least_org_role'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_at_least_org_role(anycompatible, text) IS
'Whether the role in the organisation is this one or includes it.';

CREATE FUNCTION authz.has_org_permission(org anycompatible, permission text)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_org_permission'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_org_permission(anycompatible, text) IS
'Whether the token holds this permission in the organisation.';

CREATE FUNCTION authz.has_any_org_permission(org anycompatible, VARIADIC permissions text[])
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_org_permission'
	STABLE PARALLEL RESTRICTED COST 3 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_org_permission(anycompatible, VARIADIC text[]) IS
'Whether the token holds one of these permissions at least in the organisation.';

CREATE FUNCTION authz.has_all_org_permissions(org anycompatible, VARIADIC permissions text[])
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_all_org_permissions'
	STABLE PARALLEL RESTRICTED COST 3 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_all_org_permissions(anycompatible, VARIADIC text[]) IS
'Whether the token holds all of these permissions in the organisation.';

CREATE FUNCTION authz.org_ids() RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_ids'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_ids() IS
'The ids of the organisations of which the identity is a member.';

CREATE FUNCTION authz.org_ids_with_permission(permission text) RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_ids_with_permission'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_ids_with_permission(text) IS
'The ids of the organisations in which the token holds this permission.';

CREATE FUNCTION authz.orgs()
	RETURNS TABLE (org_id text, org_name text, url_safe_org_name text,
		legacy_org_id text, role text, role_structure text, inherited_roles text[],
		additional_roles text[], permissions text[], metadata jsonb)
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_orgs'
	STABLE PARALLEL RESTRICTED COST 50 ROWS 10 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.orgs() IS
'The memberships of the identity in the order of the token.';

CREATE FUNCTION authz.org_id_by_name(name text) RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_id_by_name'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_id_by_name(text) IS
'The id of the organisation of that name; of several, the smallest id.';

CREATE FUNCTION authz.org_role(org anycompatible) RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_role'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_role(anycompatible) IS
'The role assigned in the organisation.';

CREATE FUNCTION authz.org_roles(org anycompatible) RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_roles'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_roles(anycompatible) IS
'The roles held in the organisation: the assigned one, and those it includes or the additional ones.';

CREATE FUNCTION authz.org_permissions(org anycompatible) RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_permissions'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_permissions(anycompatible) IS
'The permissions held in the organisation.';

CREATE FUNCTION authz.org_role_structure(org anycompatible) RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_role_structure'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_role_structure(anycompatible) IS
'The structure of roles in the organisation: "single_role_in_hierarchy" unless the token names another.';

CREATE FUNCTION authz.org_metadata(org anycompatible) RETURNS jsonb
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_metadata'
	STABLE PARALLEL RESTRICTED COST 10 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_metadata(anycompatible) IS
'The metadata of the organisation.';

CREATE FUNCTION authz.active_org_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_active_org_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.active_org_id() IS
'The id of the one organisation that the token is for.';

CREATE FUNCTION authz.in_active_org(org anycompatible) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_in_active_org'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.in_active_org(anycompatible) IS
'Whether this is the one organisation that the token is for.';

CREATE FUNCTION authz.has_active_org_role(role text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_active_org_role'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_active_org_role(text) IS
'Whether has_org_role() is true of the one organisation that the token is for.';

CREATE FUNCTION authz.has_active_org_permission(permission text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_active_org_permission'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_active_org_permission(text) IS
'Whether has_org_permission() is true of the one organisation that the token is for.';

CREATE FUNCTION authz.require_org(org anycompatible) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_org'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_org(anycompatible) IS
'Raises an error unless in_org(org).';

CREATE FUNCTION authz.require_org_role(org anycompatible, role text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_org_role'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_org_role(anycompatible, text) IS
'Raises an error unless has_org_role(org, role).';

CREATE FUNCTION authz.require_org_permission(org anycompatible, permission text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_org_permission'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_org_permission(anycompatible, text) IS
'Raises an error unless has_org_permission(org, permission).';

--
-- Sets
--
-- A set is a view of the keys that the identity reaches.  It is read with the
-- rights of its owner, and kept while no table that it reads changes; watch()
-- makes the triggers that tell of changes.  in_set() raises an error when the
-- type of the column does not fit and whatever the view raises, so it is not
-- LEAKPROOF.
--

CREATE FUNCTION authz.in_set(set regclass, key anycompatible) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_in_set'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.in_set(regclass, anycompatible) IS
'Whether the view shows the key to the identity.';

CREATE FUNCTION authz.set_keys(set regclass, type anyelement) RETURNS anyarray
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_set_keys'
	STABLE PARALLEL RESTRICTED COST 10 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.set_keys(regclass, anyelement) IS
'The keys that the view shows to the identity, sorted, as values of the second argument''s type.';

CREATE FUNCTION authz.require_in_set(set regclass, key anycompatible) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_in_set'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_in_set(regclass, anycompatible) IS
'Raises an error unless in_set(set, key).';

CREATE FUNCTION authz.set_changed() RETURNS trigger
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_set_changed'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.set_changed() IS
'Makes sessions read sets over the table again after a change; watch() makes its triggers.';

CREATE FUNCTION authz.watch(rel regclass) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_watch'
	VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.watch(regclass) IS
'Lets sets that read the table be kept: triggers on it and its partitions tell when it changes.';

CREATE FUNCTION authz.unwatch(rel regclass) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_unwatch'
	VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.unwatch(regclass) IS
'Undoes watch(); sets that read the table are then worked out for each query.';

CREATE FUNCTION authz.sets(
	OUT view regclass, OUT owner name, OUT tables regclass[], OUT kept boolean,
	OUT reason text, OUT times_worked_out bigint, OUT keys bigint, OUT microseconds bigint)
	RETURNS SETOF record
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_sets'
	VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION authz.sets() IS
'The sets that policies or this session ask: what they read, whether they are kept, and what they have cost.';

--
-- Checks: the user
--

CREATE FUNCTION authz.user_property(name text) RETURNS jsonb
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_user_property'
	STABLE PARALLEL RESTRICTED COST 10 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.user_property(text) IS
'The member of that name in the claim properties.';

CREATE FUNCTION authz.legacy_user_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_legacy_user_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.legacy_user_id() IS
'The claim legacy_user_id.';

CREATE FUNCTION authz.is_impersonated() RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_impersonated'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_impersonated() IS
'Whether somebody acts for the user: the claim impersonator_user_id is there and not null.';

CREATE FUNCTION authz.impersonator_user_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_impersonator_user_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.impersonator_user_id() IS
'Who acts for the user, from the claim impersonator_user_id.';

CREATE FUNCTION authz.login_method() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_login_method'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.login_method() IS
'How the user logged in; "unknown" when the token does not say, or names no known method.';

CREATE FUNCTION authz.login_provider() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_login_provider'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.login_provider() IS
'The provider of the login, as the token names it.';

CREATE FUNCTION authz.login_org_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_login_org_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.login_org_id() IS
'The organisation of the login.';

--
-- Items
--

CREATE FUNCTION authz.item_client()
	RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_item_client'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.item_client() IS
'The application whose item permissions count: the option application of the identity''s issuer.';

CREATE FUNCTION authz.has_item_permission(item text, permission text, check_parents boolean DEFAULT false)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_item_permission'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_item_permission(text, text, boolean) IS
'Whether the permission is granted on this very item or, with check_parents, on one above it too.';

CREATE FUNCTION authz.has_any_item_permission(item text, permissions text[], check_parents boolean DEFAULT false)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_item_permission'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_item_permission(text, text[], boolean) IS
'Whether has_item_permission() is true of one of these permissions at least.';

CREATE FUNCTION authz.has_app_permission(permission text)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_app_permission'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_app_permission(text) IS
'Whether the token holds this permission, or it is granted on the item that is the application itself.';

CREATE FUNCTION authz.manages_item(item text, check_parents boolean DEFAULT true)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_manages_item'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.manages_item(text, boolean) IS
'Whether MANAGE is granted on the item or, with check_parents, on one above it too.';

CREATE FUNCTION authz.item_permissions(item text DEFAULT NULL, children boolean DEFAULT false)
	RETURNS SETOF authz.item_permission
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_item_permissions'
	STABLE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION authz.item_permissions(text, boolean) IS
'What is granted to the identity: all of it, on this very item or, with children, below it too.';

CREATE FUNCTION authz.managed_items()
	RETURNS SETOF text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_managed_items'
	STABLE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION authz.managed_items() IS
'The items on which MANAGE is granted to the identity; it manages what is below them as well.';

CREATE FUNCTION authz.item_grantees(item text, permission text)
	RETURNS SETOF text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_item_grantees'
	STABLE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION authz.item_grantees(text, text) IS
'The e-mail addresses to which this permission is granted on this very item, as far as the caller may see them.';

CREATE FUNCTION authz.grant_item_permission(email text, item text, permission text DEFAULT 'VIEW')
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_grant_item_permission'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.grant_item_permission(text, text, text) IS
'Grants a permission on an item to an e-mail address; false when it was granted already.';

CREATE FUNCTION authz.revoke_item_permission(email text, item text, permission text DEFAULT 'VIEW')
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_revoke_item_permission'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.revoke_item_permission(text, text, text) IS
'Revokes a permission on an item from an e-mail address.';

CREATE FUNCTION authz.grant_profile_permission(email text, item text)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_grant_profile_permission'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.grant_profile_permission(text, text) IS
'Lets somebody else view your own profile on an item; false when it was granted already.';

CREATE FUNCTION authz.require_item_permission(item text, permission text, check_parents boolean DEFAULT false)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_item_permission'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_item_permission(text, text, boolean) IS
'Raises an error unless has_item_permission() is true of the same arguments.';

-- Item permissions are visible to the roles that the owner of the database
-- gives SELECT to. There is deliberately no policy for writing: only the
-- functions write.
CREATE POLICY visible ON authz.item_permission FOR SELECT
	USING (client OPERATOR(pg_catalog.=) authz.item_client()
		   AND (pg_catalog.lower(email) OPERATOR(pg_catalog.=) pg_catalog.lower(authz.email() COLLATE "C")
				OR authz.manages_item(item)
				OR authz.is_admin()));
COMMENT ON POLICY visible ON authz.item_permission IS
'Rows of the user, rows of items that the user manages, and for an administrator all of the application.';

--
-- Objects
--A function that may run a rule needs a subtransaction, which no parallel
--operation may
-- begin before PostgreSQL 17.
--

CREATE FUNCTION authz.has_perm(perm text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_perm'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_perm(text) IS
'Whether the token holds this permission, or the identity is an administrator, who holds every one.';

CREATE FUNCTION authz.has_perms(perms text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_perms'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_perms(text[]) IS
'Whether has_perm() is true of all of these permissions.';

CREATE FUNCTION authz.has_object_perm(perm text, rel regclass, pk text)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_object_perm'
	STABLE PARALLEL UNSAFE COST 50 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_object_perm(text, regclass, text) IS
'Whether the identity has the permission on the row of the table with that primary key.';

CREATE FUNCTION authz.has_object_perms(perms text[], rel regclass, pk text)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_object_perms'
	STABLE PARALLEL UNSAFE COST 100 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_object_perms(text[], regclass, text) IS
'Whether has_object_perm() is true of all of these permissions.';

CREATE FUNCTION authz.require_object_perm(perm text, rel regclass, pk text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_object_perm'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.require_object_perm(text, regclass, text) IS
'Raises an error unless there is such a row that the caller can see, and has_object_perm() is true of it.';

CREATE FUNCTION authz.object_permissions(rel regclass, pk text, source text DEFAULT 'all')
	RETURNS SETOF text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_object_permissions'
	STABLE PARALLEL UNSAFE COST 500 ROWS 10 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.object_permissions(regclass, text, text) IS
'The permissions that the identity has on the row of the table with that primary key.';

CREATE FUNCTION authz.explain_perm(perm text, rel regclass DEFAULT NULL, pk text DEFAULT NULL,
		verbosity integer DEFAULT 2)
	RETURNS SETOF text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_explain_perm'
	STABLE PARALLEL UNSAFE COST 500 ROWS 10 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.explain_perm(text, regclass, text, integer) IS
'Why has_perm() or, with a row, has_object_perm() answers as it does, line by line.';

CREATE FUNCTION authz.register_access(perm text, rel regclass, kind text, fn regprocedure)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_register_access'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.register_access(text, regclass, text, regprocedure) IS
'Has a function asked whether the user has the permission on a row of the table.';

CREATE FUNCTION authz.unregister_access(perm text, rel regclass, kind text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_unregister_access'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.unregister_access(text, regclass, text) IS
'Undoes register_access(); without any rule left, dbmi_authz.olp_default decides.';

CREATE FUNCTION authz.accept_rules(rel regclass DEFAULT NULL)
	RETURNS integer
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_accept_rules'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.accept_rules(regclass) IS
'Accepts rules whose functions have changed hands, of one table or all; returns how many registrations changed.';

--
-- Policies
--

CREATE FUNCTION authz.protect(
	rel regclass,
	owner name DEFAULT NULL,
	mode text DEFAULT NULL,
	org name DEFAULT NULL,
	org_permission text DEFAULT NULL,
	admin boolean DEFAULT false,
	select_any_scopes text[] DEFAULT NULL, select_all_scopes text[] DEFAULT NULL,
	select_any_roles text[] DEFAULT NULL, select_all_roles text[] DEFAULT NULL,
	select_any_permissions text[] DEFAULT NULL, select_all_permissions text[] DEFAULT NULL,
	select_any_groups text[] DEFAULT NULL, select_all_groups text[] DEFAULT NULL,
	insert_any_scopes text[] DEFAULT NULL, insert_all_scopes text[] DEFAULT NULL,
	insert_any_roles text[] DEFAULT NULL, insert_all_roles text[] DEFAULT NULL,
	insert_any_permissions text[] DEFAULT NULL, insert_all_permissions text[] DEFAULT NULL,
	insert_any_groups text[] DEFAULT NULL, insert_all_groups text[] DEFAULT NULL,
	update_any_scopes text[] DEFAULT NULL, update_all_scopes text[] DEFAULT NULL,
	update_any_roles text[] DEFAULT NULL, update_all_roles text[] DEFAULT NULL,
	update_any_permissions text[] DEFAULT NULL, update_all_permissions text[] DEFAULT NULL,
	update_any_groups text[] DEFAULT NULL, update_all_groups text[] DEFAULT NULL,
	delete_any_scopes text[] DEFAULT NULL, delete_all_scopes text[] DEFAULT NULL,
	delete_any_roles text[] DEFAULT NULL, delete_all_roles text[] DEFAULT NULL,
	delete_any_permissions text[] DEFAULT NULL, delete_all_permissions text[] DEFAULT NULL,
	delete_any_groups text[] DEFAULT NULL, delete_all_groups text[] DEFAULT NULL,
	dry_run boolean DEFAULT false,
	set regclass DEFAULT NULL, set_column name DEFAULT NULL, write_set regclass DEFAULT NULL)
	RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_protect'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.protect(regclass, name, text, name, text, boolean,
	text[], text[], text[], text[], text[], text[], text[], text[],
	text[], text[], text[], text[], text[], text[], text[], text[],
	text[], text[], text[], text[], text[], text[], text[], text[],
	text[], text[], text[], text[], text[], text[], text[], text[],
	boolean, regclass, name, regclass) IS
'Writes the row-level security policies of a table of the caller and returns their SQL.';

CREATE FUNCTION authz.unprotect(rel regclass) RETURNS integer
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_unprotect'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.unprotect(regclass) IS
'Drops the policies that protect() wrote for the table and returns how many.';

CREATE FUNCTION authz.sharing_view(
	view_name name,
	shape text,
	folders regclass DEFAULT NULL, folder_key name DEFAULT NULL,
	folder_parent name DEFAULT NULL, folder_breaks name DEFAULT NULL,
	shares regclass DEFAULT NULL, share_key name DEFAULT NULL,
	share_subject name DEFAULT NULL, share_team name DEFAULT NULL,
	share_level name DEFAULT NULL, share_deny name DEFAULT NULL,
	share_valid_until name DEFAULT NULL,
	members regclass DEFAULT NULL, member_team name DEFAULT NULL,
	member_subject name DEFAULT NULL, member_valid_until name DEFAULT NULL,
	subteams regclass DEFAULT NULL, subteam name DEFAULT NULL,
	subteam_of name DEFAULT NULL, subteam_valid_until name DEFAULT NULL,
	team_set regclass DEFAULT NULL,
	levels text[] DEFAULT NULL, min_level text DEFAULT NULL,
	claim text DEFAULT NULL,
	view_schema name DEFAULT NULL,
	dry_run boolean DEFAULT true) RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_sharing_view'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.sharing_view(name, text, regclass, name, name, name,
	regclass, name, name, name, name, name, name, regclass, name, name, name,
	regclass, name, name, name, regclass, text[], text, text, name, boolean) IS
'Returns the SQL of a view that is the set of what is shared with the user, and runs it unless dry_run.';

CREATE FUNCTION authz.stamp_owner() RETURNS trigger
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_stamp_owner'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.stamp_owner() IS
'Trigger function that fills in the owner of a new row and keeps it from being changed.';

--
-- Insight: the linter
--

CREATE FUNCTION authz.lint(
	schemas name[] DEFAULT NULL, ignore text[] DEFAULT '{}')
	RETURNS TABLE (code text, level text, object text, detail text, hint text, fingerprint text)
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_lint'
	VOLATILE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION authz.lint(name[], text[]) IS
'Lists what is wrong with policies, rights and trust of this database, the worst first, and how to mend it.';

--
-- Insight: what decides
--

CREATE FUNCTION authz.explain_access(
	rel regclass, command text DEFAULT 'SELECT', pk text DEFAULT NULL)
	RETURNS SETOF text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_explain_access'
	STABLE PARALLEL UNSAFE ROWS 20;
COMMENT ON FUNCTION authz.explain_access(regclass, text, text) IS
'Which rows of a table a command reaches for the identity in force, or why one row, and by which policies.';

CREATE FUNCTION authz.policy_state(rel regclass) RETURNS json
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_policy_state'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.policy_state(regclass) IS
'Returns what in the catalogs decides about a table, sorted: equal states give equal decisions.';

CREATE FUNCTION authz.policy_changes(before json, after json) RETURNS SETOF text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_policy_changes'
	VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION authz.policy_changes(json, json) IS
'Describes what differs between two results of policy_state(): what became wider, and what narrower.';

--
-- Insight: somebody else's eyes
--

CREATE FUNCTION authz.simulate(claims json, issuer text DEFAULT NULL) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_simulate'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.simulate(json, text) IS
'Gives the session the identity of these claims, unsigned, for the rest of a transaction that only reads.';

CREATE FUNCTION authz.is_simulated() RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_simulated'
	STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.is_simulated() IS
'Whether the identity in force was made by simulate(), and not by a verified token.';

CREATE FUNCTION authz.access_review(
	rel regclass, claims json[], as_role name, issuer text DEFAULT NULL, command text DEFAULT 'SELECT')
	RETURNS TABLE (subject text, row_count bigint, condition text)
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_access_review'
	VOLATILE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION authz.access_review(regclass, json[], name, text, text) IS
'For each of these claims: how many rows of the table that person would reach as the role, and by which condition.';

--
-- Clusters: keys
--
-- Keys by which servers tell each other who is logged in.  A materialized view that
-- is never populated: PostgreSQL keeps what the library writes into it as it keeps
-- any table, and refuses every query of it, by superusers too.  No dump and no
-- publication has its rows.  It belongs to the bootstrap superuser, as functions
-- do: its owner could index it by a function, which would be given each row.
--
CREATE FUNCTION authz.cluster_key_guard() RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_cluster_key_guard'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.cluster_key_guard() IS
'Always raises an error: the query of authz.cluster_key calls it, so that REFRESH fails.';

CREATE MATERIALIZED VIEW authz.cluster_key AS
	SELECT NULL::pg_catalog.text COLLATE "C" AS kid,
		   NULL::pg_catalog.text COLLATE "C" AS thumbprint,
		   NULL::pg_catalog.int8 AS number,
		   NULL::pg_catalog.timestamptz AS added_at,
		   NULL::pg_catalog.json AS jwk,
		   NULL::pg_catalog.json AS private_jwk
	 WHERE authz.cluster_key_guard()
	WITH NO DATA;
ALTER MATERIALIZED VIEW authz.cluster_key REPLICA IDENTITY NOTHING;
COMMENT ON MATERIALIZED VIEW authz.cluster_key IS
'Keys by which servers of a cluster tell each other who is logged in; nobody can read it.';
COMMENT ON COLUMN authz.cluster_key.kid IS
'The key ID, which names one key.';
COMMENT ON COLUMN authz.cluster_key.thumbprint IS
'The thumbprint of the key (RFC 7638), of SHA-256, in base64url.';
COMMENT ON COLUMN authz.cluster_key.number IS
'Grows with each key; of the keys that have a private key, the last one signs.';
COMMENT ON COLUMN authz.cluster_key.added_at IS
'When the key was added.';
COMMENT ON COLUMN authz.cluster_key.jwk IS
'The public key as a JWK (RFC 8037).';
COMMENT ON COLUMN authz.cluster_key.private_jwk IS
'The private key as a JWK; NULL: another server signs with it.';

CREATE FUNCTION authz.add_cluster_key(kid text, private_jwk json DEFAULT NULL) RETURNS json
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_add_cluster_key'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.add_cluster_key(text, json) IS
'Adds a key that signs for other servers, a new one where private_jwk is NULL; returns its public JWK.';

CREATE FUNCTION authz.add_cluster_key_public(kid text, jwk json) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_add_cluster_key_public'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.add_cluster_key_public(text, json) IS
'Believes what another server of the cluster signs with that key.';

CREATE FUNCTION authz.drop_cluster_key(kid text) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_drop_cluster_key'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.drop_cluster_key(text) IS
'Removes a cluster key; identities that came by it end.';

CREATE FUNCTION authz.cluster_keys()
	RETURNS TABLE (kid text, thumbprint text, signs boolean, added_at timestamptz, jwk json)
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_cluster_keys'
	STABLE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION authz.cluster_keys() IS
'The cluster keys: names, which one signs, when they were added, and their public JWKs.';

--
-- Clusters: foreign login
--
CREATE FUNCTION authz.foreign_login(server name) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_foreign_login'
	VOLATILE PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION authz.foreign_login(name) IS
'From now on, queries on tables of that postgres_fdw server tell it who is logged in here.';

CREATE FUNCTION authz.drop_foreign_login(server name) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_drop_foreign_login'
	VOLATILE PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION authz.drop_foreign_login(name) IS
'Undoes foreign_login(): queries no longer tell that server who is logged in here.';

--
-- Clusters: an identity is handed over
--
-- A view, so that a foreign table of another server can ask and tell.  It has
-- one row on connections of dbmi_authz.cluster_role, and none on others; its
-- function sees to that.
--
CREATE FUNCTION authz.hand_over_offer(OUT destination text, OUT challenge text, OUT assertion text)
	RETURNS record
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_hand_over_offer'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.hand_over_offer() IS
'The destination and the challenge that the next assertion on this connection must name.';

CREATE VIEW authz.hand_over AS
	SELECT destination, challenge, assertion
	  FROM authz.hand_over_offer();
COMMENT ON VIEW authz.hand_over IS
'Where another server of the cluster hands an identity over, for the transaction.';
COMMENT ON COLUMN authz.hand_over.destination IS
'What the assertion must name as its destination: this server and database.';
COMMENT ON COLUMN authz.hand_over.challenge IS
'What the assertion must name as its nonce; each challenge is good for one assertion.';
COMMENT ON COLUMN authz.hand_over.assertion IS
'Set it to the assertion, or to NULL for nobody; reading it gives NULL.';

CREATE FUNCTION authz.take_hand_over() RETURNS trigger
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_take_hand_over'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.take_hand_over() IS
'Trigger of authz.hand_over: takes the assertion, or raises an error.';

CREATE TRIGGER take INSTEAD OF UPDATE ON authz.hand_over
	FOR EACH ROW EXECUTE FUNCTION authz.take_hand_over();

--
-- Clusters: trust
--
-- The trust of a database as one document, by which another database is made
-- to trust the same.  HMAC secrets and private cluster keys are never in it.
--
CREATE FUNCTION authz.export_trust() RETURNS json
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_export_trust'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.export_trust() IS
'The trust of this database as one document: issuers, public keys, revocations, rights.';

CREATE FUNCTION authz.import_trust(trust json) RETURNS json
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_import_trust'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.import_trust(json) IS
'Makes the trust of this database equal to a document of export_trust(); returns what was changed.';

CREATE FUNCTION authz.spread_trust() RETURNS TABLE (node text, result text)
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_spread_trust'
	VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION authz.spread_trust() IS
'Has all workers of a Citus cluster import the trust of this database.';

--
-- Insight: the record of changes
--

CREATE TABLE authz.audit_event (
	origin bigint NOT NULL,
	xid xid8 NOT NULL,
	number bigint NOT NULL,
	at timestamptz NOT NULL,
	issuer text,
	subject text,
	actor text,
	token_id text,
	login text,
	role text NOT NULL,
	session_role text NOT NULL,
	client inet,
	relation text NOT NULL,
	command text NOT NULL,
	key jsonb,
	columns text[],
	old_values jsonb,
	new_values jsonb,
	PRIMARY KEY (origin, xid, number)
);
COMMENT ON TABLE authz.audit_event IS
'What happened to the rows of tables that audit() was called for, and who did it.';
COMMENT ON COLUMN authz.audit_event.origin IS
'The database that counted the transactions: a database restored from it has another origin.';
COMMENT ON COLUMN authz.audit_event.xid IS
'The top-level transaction, also for changes within savepoints.';
COMMENT ON COLUMN authz.audit_event.number IS
'The place within the transaction, from 1; what was rolled back leaves a gap.';
COMMENT ON COLUMN authz.audit_event.at IS
'The time by the clock when it was recorded.';
COMMENT ON COLUMN authz.audit_event.issuer IS
'The issuer of the token of the login; NULL, as in the next four columns: nobody was logged in.';
COMMENT ON COLUMN authz.audit_event.subject IS
'Whose token it was: its sub, else the user id claim.';
COMMENT ON COLUMN authz.audit_event.actor IS
'Who acted for the subject, as actor() names it.';
COMMENT ON COLUMN authz.audit_event.token_id IS
'The jti of the token.';
COMMENT ON COLUMN authz.audit_event.login IS
'How the login stood when the session last looked: "valid", "ended", "inactive" or "simulated".';
COMMENT ON COLUMN authz.audit_event.role IS
'The role in force, current_user.';
COMMENT ON COLUMN authz.audit_event.session_role IS
'The role of the session, session_user.';
COMMENT ON COLUMN authz.audit_event.client IS
'The address of the client; NULL: a socket of the machine, or no client.';
COMMENT ON COLUMN authz.audit_event.relation IS
'The table, with its schema and as SQL takes it; of a partitioned one the partition.';
COMMENT ON COLUMN authz.audit_event.command IS
'INSERT, UPDATE, DELETE or TRUNCATE.';
COMMENT ON COLUMN authz.audit_event.key IS
'The primary key of the row, by column; of an UPDATE as it was before.';
COMMENT ON COLUMN authz.audit_event.columns IS
'Of an UPDATE: the columns whose values changed, also those of which no values are kept.';
COMMENT ON COLUMN authz.audit_event.old_values IS
'The row before, by column, as far as audit() was told to keep it.';
COMMENT ON COLUMN authz.audit_event.new_values IS
'The row after, by column, as far as audit() was told to keep it.';
ALTER TABLE authz.audit_event OWNER TO pg_database_owner;
-- There is no policy, so pg_read_all_data reads nothing.
ALTER TABLE authz.audit_event ENABLE ROW LEVEL SECURITY;
SELECT pg_catalog.pg_extension_config_dump('authz.audit_event'::pg_catalog.regclass, '');

CREATE TABLE authz.audit_seal (
	seal bigint PRIMARY KEY,
	origin bigint NOT NULL,
	from_xid xid8 NOT NULL,
	before_xid xid8 NOT NULL,
	events bigint NOT NULL,
	last_at timestamptz NOT NULL,
	sealed_at timestamptz NOT NULL,
	content bytea NOT NULL,
	sum bytea NOT NULL,
	pruned boolean NOT NULL DEFAULT false,
	marks bytea
);
COMMENT ON TABLE authz.audit_seal IS
'The chain of seals over authz.audit_event.';
COMMENT ON COLUMN authz.audit_seal.seal IS
'Its place in the chain, from 1.';
COMMENT ON COLUMN authz.audit_seal.origin IS
'The origin of the events that are sealed.';
COMMENT ON COLUMN authz.audit_seal.from_xid IS
'The first transaction whose events are sealed.';
COMMENT ON COLUMN authz.audit_seal.before_xid IS
'The first transaction whose events are no longer sealed by this seal.';
COMMENT ON COLUMN authz.audit_seal.events IS
'How many events are sealed.';
COMMENT ON COLUMN authz.audit_seal.last_at IS
'The latest time at which one of them was recorded.';
COMMENT ON COLUMN authz.audit_seal.sealed_at IS
'When they were sealed.';
COMMENT ON COLUMN authz.audit_seal.content IS
'SHA-256 over the SHA-256 of each event, in order.';
COMMENT ON COLUMN authz.audit_seal.sum IS
'SHA-256 over the sum of the seal before and what this one says: keep it elsewhere.';
COMMENT ON COLUMN authz.audit_seal.pruned IS
'Whether the events were removed by prune_audit().';
COMMENT ON COLUMN authz.audit_seal.marks IS
'Key and first bytes of the SHA-256 of each event, which tell the changed event when the sum differs.';
ALTER TABLE authz.audit_seal ALTER COLUMN marks SET STORAGE EXTERNAL;
ALTER TABLE authz.audit_seal OWNER TO pg_database_owner;
ALTER TABLE authz.audit_seal ENABLE ROW LEVEL SECURITY;
SELECT pg_catalog.pg_extension_config_dump('authz.audit_seal'::pg_catalog.regclass, '');

CREATE FUNCTION authz.audit_change() RETURNS trigger
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_audit_change'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.audit_change() IS
'Records what happens to the rows of a table: the trigger that audit() makes.';

CREATE FUNCTION authz.audit(rel regclass, columns name[] DEFAULT NULL, old_values boolean DEFAULT true)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_audit'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.audit(regclass, name[], boolean) IS
'Has every change of a table recorded in authz.audit_event, from now on.';

CREATE FUNCTION authz.unaudit(rel regclass) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_unaudit'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.unaudit(regclass) IS
'Undoes audit(); what was recorded stays.';

CREATE FUNCTION authz.seal_audit() RETURNS TABLE (seal bigint, events bigint, sum bytea)
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_seal_audit'
	VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION authz.seal_audit() IS
'Seals what transactions older than the oldest running one recorded; returns the sum, to be kept elsewhere.';

CREATE FUNCTION authz.verify_audit(last_seal bigint DEFAULT NULL, last_sum bytea DEFAULT NULL)
	RETURNS TABLE (fault text, seal bigint, origin bigint, xid xid8, number bigint)
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_verify_audit'
	VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION authz.verify_audit(bigint, bytea) IS
'A row for each seal that is not as it was, with what is wrong first; no row: all are as they were.';

CREATE FUNCTION authz.prune_audit(before timestamptz) RETURNS bigint
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_prune_audit'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.prune_audit(timestamptz) IS
'Removes recorded changes from before that time, whole seals from the oldest on; returns how many.';

--
-- Insight: the record of the trust
--

-- No session looks at it.  A row is never changed, so the order of two rows of one
-- time does not matter.
CREATE TABLE authz.trust_log (
	at timestamptz NOT NULL,
	transaction xid8 NOT NULL,
	relation text COLLATE "C" NOT NULL,
	command text COLLATE "C" NOT NULL,
	rows bigint,
	old_row json,
	new_row json,
	session_role text COLLATE "C",
	role text COLLATE "C",
	issuer text COLLATE "C",
	subject text COLLATE "C",
	actor text COLLATE "C",
	token_id text COLLATE "C",
	client_address inet,
	application text COLLATE "C",
	replicated boolean NOT NULL
);
CREATE INDEX trust_log_at ON authz.trust_log (at);
COMMENT ON TABLE authz.trust_log IS
'Who changed issuers, keys, revocations, ceilings, sets and rules.';
COMMENT ON COLUMN authz.trust_log.at IS
'When the row was written.';
COMMENT ON COLUMN authz.trust_log.transaction IS
'The transaction, as pg_current_xact_id() had it.';
COMMENT ON COLUMN authz.trust_log.relation IS
'The table of schema authz that was changed, or else what a function was called for.';
COMMENT ON COLUMN authz.trust_log.command IS
'INSERT, UPDATE or DELETE of a row, TRUNCATE, COPY (which a restore does), or a function.';
COMMENT ON COLUMN authz.trust_log.rows IS
'How many rows a COPY has written or a function has pruned; NULL: one, or all by TRUNCATE.';
COMMENT ON COLUMN authz.trust_log.old_row IS
'The row before; of a key only its names, never what it is made of.';
COMMENT ON COLUMN authz.trust_log.new_row IS
'The row after; of a key only its names, never what it is made of.';
COMMENT ON COLUMN authz.trust_log.session_role IS
'The role that connected.';
COMMENT ON COLUMN authz.trust_log.role IS
'The role after SET ROLE, outside of functions that are SECURITY DEFINER.';
COMMENT ON COLUMN authz.trust_log.issuer IS
'The issuer of the identity that was logged in; NULL: nobody was.';
COMMENT ON COLUMN authz.trust_log.subject IS
'Its subject.';
COMMENT ON COLUMN authz.trust_log.actor IS
'Who acted for it.';
COMMENT ON COLUMN authz.trust_log.token_id IS
'The jti of its token.';
COMMENT ON COLUMN authz.trust_log.client_address IS
'The address of the client; NULL: a local socket or no client.';
COMMENT ON COLUMN authz.trust_log.application IS
'The setting application_name, which the client chooses.';
COMMENT ON COLUMN authz.trust_log.replicated IS
'Whether logical replication brought the change.';
ALTER TABLE authz.trust_log OWNER TO pg_database_owner;
ALTER TABLE authz.trust_log REPLICA IDENTITY FULL;
SELECT pg_catalog.pg_extension_config_dump('authz.trust_log'::pg_catalog.regclass, '');

-- A COPY is one entry, written at its end.  No other role can forge entries.
DO $$
DECLARE
	recorded	pg_catalog.regclass;
BEGIN
	FOREACH recorded IN ARRAY ARRAY[
		'authz.profile', 'authz.issuer', 'authz.issuer_key', 'authz.revocation',
		'authz.inactive_subject', 'authz.permission_implies',
		'authz.object_access', 'authz.actor_ceiling']::pg_catalog.regclass[]
	LOOP
		EXECUTE pg_catalog.format('CREATE TRIGGER copied AFTER INSERT ON %s
			FOR EACH STATEMENT EXECUTE FUNCTION authz.trust_guard()', recorded);
		EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER copied', recorded);
	END LOOP;
END
$$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON authz.trust_log
	FOR EACH STATEMENT EXECUTE FUNCTION authz.trust_guard();
ALTER TABLE authz.trust_log ENABLE ALWAYS TRIGGER guard;

CREATE FUNCTION authz.prune_trust_log(before timestamptz) RETURNS bigint
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_prune_trust_log'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.prune_trust_log(timestamptz) IS
'Removes what the record of the trust holds from before that time and returns how many rows there were.';

--
-- What operators see
--The views run their functions with the rights of the role that reads them,
--and the functions check these rights.
--

CREATE FUNCTION authz.stat_get() RETURNS TABLE (
	datname name,
	scope text,
	tokens_accepted bigint,
	tokens_known bigint,
	tokens_refused bigint,
	tokens_verified bigint,
	verify_us bigint,
	issuers_loaded bigint,
	keys_loaded bigint,
	denials bigint,
	checks_folded bigint,
	checks_called bigint,
	plans_shared bigint,
	plans_made bigint,
	stopped_28000 bigint,
	stopped_40001 bigint,
	stats_reset timestamptz)
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_stat_get'
	VOLATILE PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION authz.stat_get() IS
'What the view stat shows.';

CREATE VIEW authz.stat AS
	SELECT datname, scope, tokens_accepted, tokens_known, tokens_refused, tokens_verified,
		   verify_us, issuers_loaded, keys_loaded, denials, checks_folded, checks_called,
		   plans_shared, plans_made, stopped_28000, stopped_40001, stats_reset
	  FROM authz.stat_get();
COMMENT ON VIEW authz.stat IS
'Counts of what happened in this database.';
COMMENT ON COLUMN authz.stat.datname IS
'The database; NULL: the databases that had to make room for others.';
COMMENT ON COLUMN authz.stat.scope IS
'Whose counts they are: "server" for all sessions, "session" for this one.';
COMMENT ON COLUMN authz.stat.tokens_accepted IS
'Logins.';
COMMENT ON COLUMN authz.stat.tokens_known IS
'Logins with a token that the session had verified before.';
COMMENT ON COLUMN authz.stat.tokens_refused IS
'Logins that were refused; stat_refusals counts them by reason.';
COMMENT ON COLUMN authz.stat.tokens_verified IS
'Tokens that were judged: new ones, known ones after a change of the trust, and those of verify_token().';
COMMENT ON COLUMN authz.stat.verify_us IS
'Microseconds that judging tokens took, including the reading of the trust.';
COMMENT ON COLUMN authz.stat.issuers_loaded IS
'How often a session read an issuer.';
COMMENT ON COLUMN authz.stat.keys_loaded IS
'How often a session read a key.';
COMMENT ON COLUMN authz.stat.denials IS
'Errors raised by require functions and grants, each logged if dbmi_authz.log_denials is on.';
COMMENT ON COLUMN authz.stat.checks_folded IS
'Checks that the planner replaced, in each plan that was made.';
COMMENT ON COLUMN authz.stat.checks_called IS
'Calls of checks and accessors while queries ran.';
COMMENT ON COLUMN authz.stat.plans_shared IS
'Executions of a kept plan that serves all identities of a kind.';
COMMENT ON COLUMN authz.stat.plans_made IS
'Plans with a check that were made.';
COMMENT ON COLUMN authz.stat.stopped_28000 IS
'Queries stopped because the identity ended, is another one than at planning, or an answer changed with time.';
COMMENT ON COLUMN authz.stat.stopped_40001 IS
'Queries stopped because what is granted has changed since they were planned.';
COMMENT ON COLUMN authz.stat.stats_reset IS
'When counting began: at the last reset, or else at the start.';

CREATE FUNCTION authz.stat_get_refusals() RETURNS TABLE (reason text, count bigint)
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_stat_get_refusals'
	VOLATILE PARALLEL RESTRICTED ROWS 45;
COMMENT ON FUNCTION authz.stat_get_refusals() IS
'What the view stat_refusals shows.';

CREATE VIEW authz.stat_refusals AS
	SELECT reason, count
	  FROM authz.stat_get_refusals();
COMMENT ON VIEW authz.stat_refusals IS
'Logins that were refused in this database, by reason.';
COMMENT ON COLUMN authz.stat_refusals.reason IS
'Why; "other": the reason was not about the token, or could not be found out.';
COMMENT ON COLUMN authz.stat_refusals.count IS
'How many logins.';

CREATE FUNCTION authz.stat_get_all() RETURNS TABLE (
	datname name,
	scope text,
	tokens_accepted bigint,
	tokens_known bigint,
	tokens_refused bigint,
	tokens_verified bigint,
	verify_us bigint,
	issuers_loaded bigint,
	keys_loaded bigint,
	denials bigint,
	checks_folded bigint,
	checks_called bigint,
	plans_shared bigint,
	plans_made bigint,
	stopped_28000 bigint,
	stopped_40001 bigint,
	stats_reset timestamptz)
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_stat_get_all'
	VOLATILE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION authz.stat_get_all() IS
'What the view stat_all shows.';

CREATE VIEW authz.stat_all AS
	SELECT datname, scope, tokens_accepted, tokens_known, tokens_refused, tokens_verified,
		   verify_us, issuers_loaded, keys_loaded, denials, checks_folded, checks_called,
		   plans_shared, plans_made, stopped_28000, stopped_40001, stats_reset
	  FROM authz.stat_get_all();
COMMENT ON VIEW authz.stat_all IS
'Counts of what happened, for each database.';
COMMENT ON COLUMN authz.stat_all.datname IS
'The database; NULL: the databases that had to make room for others.';
COMMENT ON COLUMN authz.stat_all.scope IS
'Whose counts they are: "server" for all sessions, "session" for this one.';
COMMENT ON COLUMN authz.stat_all.tokens_accepted IS
'Logins.';
COMMENT ON COLUMN authz.stat_all.tokens_known IS
'Logins with a token that the session had verified before.';
COMMENT ON COLUMN authz.stat_all.tokens_refused IS
'Logins that were refused; stat_refusals counts them by reason.';
COMMENT ON COLUMN authz.stat_all.tokens_verified IS
'Tokens that were judged: new ones, known ones after a change of the trust, and those of verify_token().';
COMMENT ON COLUMN authz.stat_all.verify_us IS
'Microseconds that judging tokens took, including the reading of the trust.';
COMMENT ON COLUMN authz.stat_all.issuers_loaded IS
'How often a session read an issuer.';
COMMENT ON COLUMN authz.stat_all.keys_loaded IS
'How often a session read a key.';
COMMENT ON COLUMN authz.stat_all.denials IS
'Errors raised by require functions and grants, each logged if dbmi_authz.log_denials is on.';
COMMENT ON COLUMN authz.stat_all.checks_folded IS
'Checks that the planner replaced, in each plan that was made.';
COMMENT ON COLUMN authz.stat_all.checks_called IS
'Calls of checks and accessors while queries ran.';
COMMENT ON COLUMN authz.stat_all.plans_shared IS
'Executions of a kept plan that serves all identities of a kind.';
COMMENT ON COLUMN authz.stat_all.plans_made IS
'Plans with a check that were made.';
COMMENT ON COLUMN authz.stat_all.stopped_28000 IS
'Queries stopped because the identity ended, is another one than at planning, or an answer changed with time.';
COMMENT ON COLUMN authz.stat_all.stopped_40001 IS
'Queries stopped because what is granted has changed since they were planned.';
COMMENT ON COLUMN authz.stat_all.stats_reset IS
'When counting began: at the last reset, or else at the start.';

CREATE FUNCTION authz.stat_reset() RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_stat_reset'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.stat_reset() IS
'Sets the counts of this database to zero.';

CREATE FUNCTION authz.sessions() RETURNS TABLE (
	pid integer,
	issuer text,
	subject text,
	actor text,
	since timestamptz,
	expires timestamptz,
	state text)
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_sessions'
	VOLATILE PARALLEL RESTRICTED ROWS 20;
COMMENT ON FUNCTION authz.sessions() IS
'The sessions of this database in which somebody is logged in, in a server that preloads the library.';

--
-- Functions: their owner
--All belong to the bootstrap superuser, also where another superuser installs.
--PostgreSQL runs this script as that role for a role that is not a superuser.
--
DO $$
DECLARE
	function	pg_catalog.regprocedure;
BEGIN
	FOR function IN
		SELECT p.oid FROM pg_catalog.pg_proc p
		 WHERE p.pronamespace OPERATOR(pg_catalog.=) 'authz'::pg_catalog.regnamespace
		   AND p.proowner OPERATOR(pg_catalog.<>) 10::pg_catalog.oid
	LOOP
		EXECUTE pg_catalog.format('ALTER FUNCTION %s OWNER TO %s', function,
								  10::pg_catalog.oid::pg_catalog.regrole);
	END LOOP;
	-- views, too: the owner of the database must not change what they show to
	-- those who monitor
	EXECUTE pg_catalog.format('ALTER VIEW authz.stat OWNER TO %1$s; ALTER VIEW authz.stat_refusals OWNER TO %1$s;
		ALTER VIEW authz.stat_all OWNER TO %1$s; ALTER VIEW authz.hand_over OWNER TO %1$s;
		ALTER MATERIALIZED VIEW authz.cluster_key OWNER TO %1$s',
		10::pg_catalog.oid::pg_catalog.regrole);
END
$$;

--
-- Privileges
--
-- All of them stand here, at the end of the script, so that what ALTER
-- DEFAULT PRIVILEGES gave or took while the objects were created does not
-- count.  Questions are for everybody; what administers is for the owner of
-- the database.
--
REVOKE ALL ON ALL TABLES IN SCHEMA authz FROM pg_database_owner;

DO $$
DECLARE
	given	text;
BEGIN
	FOR given IN
		SELECT pg_catalog.concat('ALL ON TABLE ', c.oid::pg_catalog.regclass, ' FROM ',
								 CASE WHEN a.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
									  ELSE a.grantee::pg_catalog.regrole::pg_catalog.text END)
		  FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
		 WHERE c.relnamespace OPERATOR(pg_catalog.=) 'authz'::pg_catalog.regnamespace
		   AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'v', 'm']::pg_catalog."char"[])
		   AND a.grantee OPERATOR(pg_catalog.<>) c.relowner
		UNION
		SELECT pg_catalog.concat('ALL ON FUNCTION ', p.oid::pg_catalog.regprocedure, ' FROM ',
								 a.grantee::pg_catalog.regrole)
		  FROM pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) a
		 WHERE p.pronamespace OPERATOR(pg_catalog.=) 'authz'::pg_catalog.regnamespace
		   AND a.grantee OPERATOR(pg_catalog.<>) 0
		   AND a.grantee OPERATOR(pg_catalog.<>) p.proowner
	LOOP
		EXECUTE pg_catalog.concat('REVOKE ', given, ' CASCADE');
	END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA authz TO pg_database_owner;
REVOKE ALL ON TABLE authz.stat, authz.stat_refusals, authz.stat_all, authz.cluster_key,
	authz.hand_over FROM pg_database_owner;
GRANT SELECT ON TABLE authz.stat, authz.stat_refusals TO pg_database_owner;
GRANT SELECT ON TABLE authz.stat_all TO pg_monitor;
GRANT SELECT, UPDATE (assertion) ON TABLE authz.hand_over TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA authz TO PUBLIC;

-- functions that only the server calls
REVOKE ALL ON FUNCTION authz.trust_guard, authz.identity_support, authz.token_support,
	authz.cluster_key_guard, authz.take_hand_over FROM PUBLIC;

-- functions for superusers, who need no grant
REVOKE ALL ON FUNCTION authz.export_login_trust FROM PUBLIC;

-- functions that administer
DO $$
DECLARE
	function	pg_catalog.text;
BEGIN
	FOREACH function IN ARRAY ARRAY[
		'add_issuer', 'alter_issuer', 'drop_issuer',
		'set_jwks', 'add_key', 'add_pem', 'add_secret', 'drop_key',
		'revoke_token', 'revoke_subject', 'revoke_session', 'revoke_actor',
		'prune_revocations', 'set_actor_ceiling', 'drop_actor_ceiling',
		'register_access', 'unregister_access', 'accept_rules',
		'protect', 'unprotect', 'sharing_view',
		'lint', 'policy_state', 'policy_changes', 'simulate', 'access_review',
		'audit_change', 'audit', 'unaudit', 'seal_audit', 'verify_audit', 'prune_audit', 'prune_trust_log',
		'add_cluster_key', 'add_cluster_key_public', 'drop_cluster_key', 'cluster_keys',
		'export_trust', 'import_trust', 'spread_trust',
		'foreign_login', 'drop_foreign_login',
		'stat_get', 'stat_get_refusals', 'stat_reset', 'sessions']
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION authz.%I FROM PUBLIC', function);
		EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION authz.%I TO pg_database_owner', function);
	END LOOP;
END
$$;

-- functions and views that monitor
REVOKE ALL ON FUNCTION authz.stat_get_all FROM PUBLIC;
GRANT EXECUTE ON FUNCTION authz.stat_get_all TO pg_monitor;
