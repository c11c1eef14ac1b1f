/* dbmi_authz--1.1.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION dbmi_authz" to load this file. \quit

--
-- The schema
--
-- It belongs to pg_database_owner, and nobody may create anything in it: an
-- object of somebody else would stand beside ours, and calls might find it.
--
-- A role that may create schemas can prepare one before the extension is
-- installed.  It must be empty.  What its owner has not committed yet cannot
-- be seen from here, so a schema that stood before this transaction is
-- replaced: whatever still arrives is in the old one, which nobody finds.
-- Where the owner is somebody whom nobody has a reason to trust, there must
-- be no transaction that could have begun such a thing.
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

	-- not those whom an earlier question in this transaction has seen
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
-- Issuers that tokens choose by audience are looked up by profile.
CREATE INDEX issuer_profile ON authz.issuer (profile);

-- No foreign key: pg_restore may load the tables in any order, or at once.
-- trust_guard() does what one would do.
CREATE TABLE authz.issuer_key (
	issuer text COLLATE "C" NOT NULL,
	kid text COLLATE "C",
	alg text NOT NULL,
	jwk json NOT NULL,
	thumbprint text COLLATE "C" NOT NULL,
	source text NOT NULL,
	added_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
-- For keys without kid as well: they are looked up by issuer.
CREATE UNIQUE INDEX issuer_key_kid ON authz.issuer_key (issuer, kid);
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

-- Subjects that count as nobody, whatever their tokens say.
CREATE TABLE authz.inactive_subject (
	issuer text COLLATE "C" NOT NULL,
	subject text COLLATE "C" NOT NULL,
	PRIMARY KEY (issuer, subject)
);

--
-- Item permissions
--
-- lower() of these columns goes by their collation, so it changes letters of
-- ASCII only, as the checks do.  The indexes are read by their names.
--
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

CREATE TABLE authz.permission_implies (
	client text COLLATE "C" NOT NULL,
	permission text COLLATE "C" NOT NULL,
	implies text COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX permission_implies_key ON authz.permission_implies
	(client, pg_catalog.lower(permission), pg_catalog.lower(implies));

--
-- Object permissions: which rules are asked
--
-- rel is a regclass, so that a rule follows a table that is renamed.  rule is
-- text, because pg_upgrade refuses columns of type regprocedure.  rule_owner is
-- the name of a role, because an OID would be another one after a restore.
CREATE TABLE authz.object_access (
	perm text COLLATE "C" NOT NULL,
	rel regclass NOT NULL,
	kind text COLLATE "C" NOT NULL CHECK (kind IN ('user', 'group')),
	rule text COLLATE "C" NOT NULL,
	PRIMARY KEY (perm, rel, kind),
	rule_owner name
);

--
-- Trust: whom it belongs to
--
-- The owner of the database may dump and administer these tables also when
-- it is no superuser.
--
ALTER TABLE authz.profile OWNER TO pg_database_owner;
ALTER TABLE authz.issuer OWNER TO pg_database_owner;
ALTER TABLE authz.issuer_key OWNER TO pg_database_owner;
ALTER TABLE authz.revocation OWNER TO pg_database_owner;
ALTER TABLE authz.inactive_subject OWNER TO pg_database_owner;
ALTER TABLE authz.item_permission OWNER TO pg_database_owner;
ALTER TABLE authz.permission_implies OWNER TO pg_database_owner;
ALTER TABLE authz.object_access OWNER TO pg_database_owner;

REVOKE ALL ON TABLE authz.profile, authz.issuer, authz.issuer_key, authz.revocation,
		authz.inactive_subject, authz.item_permission, authz.permission_implies, authz.object_access
	FROM pg_database_owner;

-- There is no policy: whoever is not the owner reads no key, whatever
-- privileges it has come by (pg_read_all_data).  HMAC keys are secrets.
ALTER TABLE authz.issuer_key ENABLE ROW LEVEL SECURITY;

-- A key without kid has no name that could be a primary key.  In a publication
-- of all tables a key must be removable all the same.  An index over
-- expressions is no identity either.
ALTER TABLE authz.issuer_key REPLICA IDENTITY FULL;
ALTER TABLE authz.item_permission REPLICA IDENTITY FULL;
ALTER TABLE authz.permission_implies REPLICA IDENTITY FULL;

SELECT pg_catalog.pg_extension_config_dump('authz.issuer'::pg_catalog.regclass, '');
SELECT pg_catalog.pg_extension_config_dump('authz.issuer_key'::pg_catalog.regclass, '');
SELECT pg_catalog.pg_extension_config_dump('authz.revocation'::pg_catalog.regclass, '');
SELECT pg_catalog.pg_extension_config_dump('authz.inactive_subject'::pg_catalog.regclass, '');
SELECT pg_catalog.pg_extension_config_dump('authz.item_permission'::pg_catalog.regclass, '');
SELECT pg_catalog.pg_extension_config_dump('authz.permission_implies'::pg_catalog.regclass, '');
-- The number of a table that is gone may be another table's elsewhere.
SELECT pg_catalog.pg_extension_config_dump('authz.object_access'::pg_catalog.regclass,
	'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) rel)');

COMMENT ON TABLE authz.profile IS
'Presets: what the options of an issuer start from.';
COMMENT ON COLUMN authz.profile.profile IS
'Name, as add_issuer() takes it.';
COMMENT ON COLUMN authz.profile.chosen_by IS
'How a token finds its issuer: "iss" by that claim, "aud" by its audience.';
COMMENT ON COLUMN authz.profile.audience_required IS
'Whether an issuer must have an audience.';
COMMENT ON COLUMN authz.profile.options IS
'As authz.issuer.options, which override them one by one.';

COMMENT ON TABLE authz.issuer IS
'Whose tokens this database believes.  Written by add_issuer(), alter_issuer(), drop_issuer().';
COMMENT ON COLUMN authz.issuer.issuer IS
'Exactly the claim "iss"; where the profile goes by audience, any name.';
COMMENT ON COLUMN authz.issuer.audience IS
'A token must name one of these in "aud"; NULL: "aud" is not looked at.';
COMMENT ON COLUMN authz.issuer.profile IS
'A row of authz.profile.';
COMMENT ON COLUMN authz.issuer.options IS
'What differs from the profile, as add_issuer() describes it.';

COMMENT ON TABLE authz.issuer_key IS
'The keys that tokens of an issuer may be signed with.  Written by set_jwks(), add_key(), add_pem(), add_secret(), drop_key().';
COMMENT ON COLUMN authz.issuer_key.issuer IS
'A row of authz.issuer; a key of another name is not looked at.';
COMMENT ON COLUMN authz.issuer_key.kid IS
'Key ID; NULL: the key has none.  Names one key of an issuer.';
COMMENT ON COLUMN authz.issuer_key.alg IS
'The one algorithm that the key is bound to.';
COMMENT ON COLUMN authz.issuer_key.jwk IS
'The key (RFC 7517).  A secret where alg is HS256, HS384 or HS512.';
COMMENT ON COLUMN authz.issuer_key.thumbprint IS
'RFC 7638, SHA-256, base64url.';
COMMENT ON COLUMN authz.issuer_key.source IS
'The function that added it; set_jwks() replaces its own keys only.';
COMMENT ON COLUMN authz.issuer_key.added_at IS
'When it was added.';

COMMENT ON TABLE authz.revocation IS
'Tokens that are refused although they verify.  A revocation holds as long as its row stands.  Written by revoke_token(), revoke_subject(), revoke_session(), prune_revocations().';
COMMENT ON COLUMN authz.revocation.issuer IS
'The issuer of the tokens.  Stays when the issuer is dropped.';
COMMENT ON COLUMN authz.revocation.kind IS
'What value is: "token" a jti, "subject" a sub or else the user id claim, "session" a sid.';
COMMENT ON COLUMN authz.revocation.value IS
'What is revoked, exactly as the token has it.';
COMMENT ON COLUMN authz.revocation.issued_before IS
'Of a subject: tokens with "iat" at or before this, or without "iat", are refused.';
COMMENT ON COLUMN authz.revocation.until IS
'From then on prune_revocations() may remove the row; NULL: never.';
COMMENT ON COLUMN authz.revocation.revoked_at IS
'When it was first revoked.';

COMMENT ON TABLE authz.inactive_subject IS
'Subjects that count as nobody: every check is false, every accessor NULL, what requires an identity raises 28000.  Felt by running sessions at their next query.  Written by the owner of the database.';
COMMENT ON COLUMN authz.inactive_subject.issuer IS
'The issuer of the tokens, as in authz.issuer.';
COMMENT ON COLUMN authz.inactive_subject.subject IS
'A "sub", else the user id claim, exactly as the tokens have it.';

COMMENT ON TABLE authz.item_permission IS
'Permissions on items, by e-mail address (django-dbmi-client, SciAuthZ).  Written by grant_item_permission(), revoke_item_permission(), grant_profile_permission() and by the owner of the database.  Who is given SELECT sees their own rows, those of items that they manage and, as an administrator, those of the application.';
COMMENT ON COLUMN authz.item_permission.email IS
'Whose permission it is: the e-mail claim of the token, in any case of ASCII letters.';
COMMENT ON COLUMN authz.item_permission.client IS
'The application: exactly the option "client" of the issuer.';
COMMENT ON COLUMN authz.item_permission.item IS
'A path, names with dots between them, in any case of ASCII letters.';
COMMENT ON COLUMN authz.item_permission.permission IS
'Its name, in any case of ASCII letters.';
COMMENT ON COLUMN authz.item_permission.granted_by IS
'The e-mail address of who granted it; NULL: the owner of the database.';
COMMENT ON COLUMN authz.item_permission.granted_at IS
'When it was granted.';

COMMENT ON TABLE authz.permission_implies IS
'Which item permissions hold where another one does, also by way of a third.  Empty: none implies another.  Written by the owner of the database.';
COMMENT ON COLUMN authz.permission_implies.client IS
'The application: exactly the option "client" of the issuer.';
COMMENT ON COLUMN authz.permission_implies.permission IS
'Who holds this one on an item, in any case of ASCII letters,';
COMMENT ON COLUMN authz.permission_implies.implies IS
'holds this one too.';

COMMENT ON TABLE authz.object_access IS
'The rules of object permissions.  Written by register_access(), unregister_access().';
COMMENT ON COLUMN authz.object_access.perm IS
'The permission.';
COMMENT ON COLUMN authz.object_access.rel IS
'The table of the objects.  Stays when the table is dropped.';
COMMENT ON COLUMN authz.object_access.kind IS
'"user": asked first; "group": asked when that does not grant.';
COMMENT ON COLUMN authz.object_access.rule IS
'The function, as PostgreSQL writes its signature with all schemas.';
COMMENT ON COLUMN authz.object_access.rule_owner IS
'The role to which it belonged when it was registered or accepted; a function of anybody else grants nothing.';

--
-- Profiles
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
	"required_claims": ["iss", "aud", "exp", "sub"],
	"owner_claim": "sub",
	"user_id_claim": "sub"
}');

--
-- The guard of the tables
--
CREATE FUNCTION authz.trust_guard() RETURNS trigger
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_trust_guard'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.trust_guard() IS
'Trigger function of the tables that hold the trust: refuses (42501) who is neither a superuser nor has the rights of the database owner, and has every session look at the trust anew after a row was written.  When a row of authz.issuer goes or changes its name, the keys of that name go.';

CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON authz.profile
	FOR EACH STATEMENT EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON authz.issuer
	FOR EACH STATEMENT EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON authz.issuer_key
	FOR EACH STATEMENT EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON authz.revocation
	FOR EACH STATEMENT EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON authz.inactive_subject
	FOR EACH STATEMENT EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON authz.item_permission
	FOR EACH STATEMENT EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON authz.permission_implies
	FOR EACH STATEMENT EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON authz.object_access
	FOR EACH STATEMENT EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON authz.profile
	FOR EACH ROW EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON authz.issuer
	FOR EACH ROW EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON authz.issuer_key
	FOR EACH ROW EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON authz.revocation
	FOR EACH ROW EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON authz.inactive_subject
	FOR EACH ROW EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON authz.item_permission
	FOR EACH ROW EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON authz.permission_implies
	FOR EACH ROW EXECUTE FUNCTION authz.trust_guard();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON authz.object_access
	FOR EACH ROW EXECUTE FUNCTION authz.trust_guard();
-- also under session_replication_role, and for logical replication
ALTER TABLE authz.profile ENABLE ALWAYS TRIGGER guard;
ALTER TABLE authz.issuer ENABLE ALWAYS TRIGGER guard;
ALTER TABLE authz.issuer_key ENABLE ALWAYS TRIGGER guard;
ALTER TABLE authz.revocation ENABLE ALWAYS TRIGGER guard;
ALTER TABLE authz.object_access ENABLE ALWAYS TRIGGER guard;
ALTER TABLE authz.profile ENABLE ALWAYS TRIGGER changed;
ALTER TABLE authz.issuer ENABLE ALWAYS TRIGGER changed;
ALTER TABLE authz.issuer_key ENABLE ALWAYS TRIGGER changed;
ALTER TABLE authz.revocation ENABLE ALWAYS TRIGGER changed;
ALTER TABLE authz.inactive_subject ENABLE ALWAYS TRIGGER guard;
ALTER TABLE authz.inactive_subject ENABLE ALWAYS TRIGGER changed;
ALTER TABLE authz.item_permission ENABLE ALWAYS TRIGGER guard;
ALTER TABLE authz.item_permission ENABLE ALWAYS TRIGGER changed;
ALTER TABLE authz.permission_implies ENABLE ALWAYS TRIGGER guard;
ALTER TABLE authz.permission_implies ENABLE ALWAYS TRIGGER changed;
ALTER TABLE authz.object_access ENABLE ALWAYS TRIGGER changed;

--
-- Administering the trust
--
-- For NULL and, where a text is asked for, the empty string: 22023.  For
-- callers without the rights of the database owner: 42501.
--
CREATE FUNCTION authz.add_issuer(issuer text, audience text[],
		profile text DEFAULT 'generic', options json DEFAULT '{}')
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_add_issuer'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.add_issuer(text, text[], text, json) IS
'Trust tokens whose "iss" is exactly issuer.  One of the values of audience must be in "aud"; NULL, where the profile allows it, leaves "aud" unchecked.  options overrides single fields of the profile: algorithms, leeway_seconds, max_age_seconds, required_claims, token_types, key_id_required, scope_claims, role_claims, permission_claims, group_claims, org_claims, owner_claim, email_claim, user_id_claim, admin_groups, admin_permissions, client, jwks_uri.  22023 for one that is not recognized or not valid, 42710 when the issuer exists, or another issuer of a profile that goes by audience has one of the audiences.';

CREATE FUNCTION authz.alter_issuer(issuer text, options json DEFAULT NULL,
		audience text[] DEFAULT NULL)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_alter_issuer'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.alter_issuer(text, json, text[]) IS
'Change an issuer; NULL keeps what is there.  The members of options replace those of the same name, a JSON null removes one.  Identities adopted before end as revoked.  42704 when there is no such issuer; otherwise as add_issuer().';

CREATE FUNCTION authz.drop_issuer(issuer text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_drop_issuer'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.drop_issuer(text) IS
'Trust an issuer no more; its keys go, its revocations stay.  Its identities end as revoked.  42704 when there is no such issuer.';

CREATE FUNCTION authz.set_jwks(issuer text, jwks json)
	RETURNS integer
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_set_jwks'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.set_jwks(text, json) IS
'Replace the keys that an earlier call put there by those of a JWK set (RFC 7517, 5), in one step; other keys stay, and so does a key that is in both sets, untouched.  Returns how many signature keys the set holds.  Entries that are not for signatures or of an unsupported type are skipped; a malformed or weak key of a supported type, a private or symmetric key, or no usable key at all refuses the whole set (22023, DETAIL says which key).  42710 for a kid that a key added otherwise has, 42704 when there is no such issuer.';

CREATE FUNCTION authz.add_key(issuer text, jwk json)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_add_key'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.add_key(text, json) IS
'Add one key, given as a JWK (RFC 7517): public, or symmetric with "alg".  Without "alg", EC and OKP keys are bound by their curve, RSA keys to the only RSA algorithm that the issuer accepts, else to RS256.  22023 for a malformed, weak or private key, 42710 when the issuer has its kid (without kid: the key) already, 42704 when there is no such issuer.';

CREATE FUNCTION authz.add_pem(issuer text, pem text, kid text DEFAULT NULL,
		alg text DEFAULT NULL)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_add_pem'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.add_pem(text, text, text, text) IS
'Add one public key, given as a PEM block PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE (its dates and signature are not looked at).  kid NULL: none; alg NULL: as in add_key().  Errors as there.';

CREATE FUNCTION authz.add_secret(issuer text, secret bytea, kid text DEFAULT NULL,
		alg text DEFAULT 'HS256')
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_add_secret'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.add_secret(text, bytea, text, text) IS
'Add the secret of HS256, HS384 or HS512, at least as long as the hash (RFC 7518, 3.2).  Pass it as a bind parameter: a literal ends up wherever statements do.  Errors as in add_key().';

CREATE FUNCTION authz.drop_key(issuer text, kid text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_drop_key'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.drop_key(text, text) IS
'Remove the key with that kid, else the key without kid that has this thumbprint (RFC 7638).  Its identities end as revoked.  42704 when there is no such issuer or key.';

CREATE FUNCTION authz.revoke_token(issuer text, jti text, until timestamptz DEFAULT NULL)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_revoke_token'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.revoke_token(text, text, timestamptz) IS
'Refuse the token with that "jti" from now on, also in sessions that have adopted it.  A revocation holds as long as its row stands; until (give the "exp" of the token) says when prune_revocations() may remove it, NULL never.  Repeated, the later until holds.  42704 when there is no such issuer.';

CREATE FUNCTION authz.revoke_subject(issuer text, subject text,
		issued_before timestamptz DEFAULT pg_catalog.now())
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_revoke_subject'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.revoke_subject(text, text, timestamptz) IS
'Refuse the tokens whose "sub", else whose user id claim, is subject, and whose "iat" is at or before issued_before or absent.  Repeated, the later time holds.  42704 when there is no such issuer.';

CREATE FUNCTION authz.revoke_session(issuer text, sid text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_revoke_session'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.revoke_session(text, text) IS
'Refuse the tokens with that "sid", the session at the issuer.  42704 when there is no such issuer.';

CREATE FUNCTION authz.prune_revocations()
	RETURNS bigint
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_prune_revocations'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.prune_revocations() IS
'Remove the revocations whose until has passed, and return how many there were.';

--
-- The library
--

CREATE FUNCTION authz.version() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_version'
	STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.version() IS
'The version of the library, of the PostgreSQL it was built for, and of the OpenSSL and jansson it runs with.';

--
-- Session
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
'Planner support of the functions that take a token: a bound one is no constant of a plan.';

CREATE FUNCTION authz.set_token(token text, is_local boolean DEFAULT false)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_set_token'
	VOLATILE PARALLEL UNSAFE SUPPORT authz.token_support;
COMMENT ON FUNCTION authz.set_token(text, boolean) IS
'Verify a signed JWT (RFC 7519, compact JWS) and adopt its identity for the session or, with is_local, for the transaction.  One leading "Bearer " or "JWT " (any case) and spaces around are removed first.  Raises 28000 when the token is refused, also for NULL and the empty string; no identity remains then.  55000 while a query that asked for the identity is running, 42501 in a security-restricted operation (these change nothing), 22023 without is_local where dbmi_authz.token_scope is "transaction".';

CREATE FUNCTION authz.try_set_token(token text, is_local boolean DEFAULT false)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_try_set_token'
	VOLATILE PARALLEL UNSAFE SUPPORT authz.token_support;
COMMENT ON FUNCTION authz.try_set_token(text, boolean) IS
'As set_token(), but false instead of an error about the token; no identity remains then and last_error() says why.  Never NULL.';

CREATE FUNCTION authz.clear_token() RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_clear_token'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.clear_token() IS
'Forget the identity.  As every change of a setting it is undone by a rollback.  Also ends the state "rejected" and forgets last_error().  55000 while a query that asked for the identity is running, 42501 in a security-restricted operation.';

CREATE FUNCTION authz.verify_token(token text) RETURNS jsonb
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_verify_token'
	VOLATILE PARALLEL UNSAFE SUPPORT authz.token_support;
COMMENT ON FUNCTION authz.verify_token(text) IS
'Verify a token as set_token() does and return its claims, without adopting or changing anything.  Raises 28000 when the token is refused, also for NULL.';

CREATE FUNCTION authz.token_state() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_token_state'
	STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.token_state() IS
'How the session stands: "none", "valid", "expired", "revoked" (also: the key or the issuer is gone or was altered) or "rejected" (the last login failed).  Never NULL, never raises.';

CREATE FUNCTION authz.is_authenticated() RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_authenticated'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
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

--
-- Questions
--
-- How the functions below are marked, once for all:
--
-- * None is STRICT: R2 (an error when the token has ended) comes before
--   everything else, and a check answers false, never NULL.
-- * STABLE: one query sees one identity.  PARALLEL RESTRICTED: only the leader
--   has one.
-- * require_* are VOLATILE.  The planner drops a stable call whose result is
--   not used (SELECT FROM (SELECT authz.require_role('x')) s), calls one while
--   it estimates, so that EXPLAIN would raise, and may move it before or behind
--   other conditions.  Who writes require_* wants it called where it stands.
-- * LEAKPROOF: only where the sole error possible is R2, which depends on no
--   argument.  Marked: has_scope, has_role, has_permission, has_group, has_claim,
--   claim_is, has_active_org_role, has_active_org_permission, org_id_by_name, and the
--   accessors of one text and is_impersonated, which take no argument.  Not
--   marked: has_any_*, has_all_* and require_* (R3), everything over
--   "anycompatible" (42804), what builds arrays or jsonb, and is_admin, which
--   takes no argument and gains nothing.

--
-- The claims
--

CREATE FUNCTION authz.claims() RETURNS jsonb
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_claims'
	STABLE PARALLEL RESTRICTED COST 50 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.claims() IS
'All claims of the token.  NULL without identity.  28000 when it has expired or was revoked.  RFC 7519, section 4.';

CREATE FUNCTION authz.claim(VARIADIC path text[]) RETURNS jsonb
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_claim'
	STABLE PARALLEL RESTRICTED COST 10 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.claim(VARIADIC text[]) IS
'The claim at a path of object keys, e.g. authz.claim(''realm_access'', ''roles'').  NULL without identity, when a key is absent, when the path is NULL, empty or holds a NULL, and for a JSON null; arrays are not entered.  28000 when it has expired or was revoked.  RFC 7519, section 4.';

CREATE FUNCTION authz.claim_text(VARIADIC path text[]) RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_claim_text'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.claim_text(VARIADIC text[]) IS
'The claim at a path of object keys as text: strings without quotes, numbers and booleans as their JSON text, arrays and objects as JSON.  NULL where authz.claim is NULL.  28000 when it has expired or was revoked.  RFC 7519, section 4.';

CREATE FUNCTION authz.subject() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_subject'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.subject() IS
'The claim sub (RFC 7519, section 4.1.2).  NULL without identity or when absent.  28000 when it has expired or was revoked.';

CREATE FUNCTION authz.user_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_user_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.user_id() IS
'The user, from the claim that the issuer''s user_id_claim names: sub, for PropelAuth user_id.  NULL without identity.  28000 when it has expired or was revoked.';

CREATE FUNCTION authz.email() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_email'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.email() IS
'The e-mail address, from the claim that the issuer''s email_claim names (OpenID Connect Core, section 5.1).  NULL without identity or when absent.  28000 when it has expired or was revoked.';

CREATE FUNCTION authz.username() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_username'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.username() IS
'The claim username, else preferred_username (OpenID Connect Core, section 5.1).  NULL without identity or when absent.  28000 when it has expired or was revoked.';

CREATE FUNCTION authz.issuer() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_issuer'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.issuer() IS
'The trusted issuer of the token (RFC 7519, section 4.1.1).  NULL without identity.  28000 when it has expired or was revoked.';

CREATE FUNCTION authz.client_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_client_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.client_id() IS
'The application that the token was issued to: azp (OpenID Connect Core, section 2), else client_id (RFC 9068, section 2.2), else for django-dbmi-client the matching aud.  NULL without identity or when absent.  28000 when it has expired or was revoked.';

CREATE FUNCTION authz.token_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_token_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.token_id() IS
'The claim jti (RFC 7519, section 4.1.7).  NULL without identity or when absent.  28000 when it has expired or was revoked.';

CREATE FUNCTION authz.audience() RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_audience'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.audience() IS
'The claim aud as a list (RFC 7519, section 4.1.3), empty when absent.  NULL without identity.  28000 when it has expired or was revoked.';

CREATE FUNCTION authz.scopes() RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_scopes'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.scopes() IS
'The scopes of the token in its order, each once; empty when it carries none.  The first of the issuer''s scope_claims that is present and not null counts: an array of strings, or a string split on white space.  Each member is split on white space.  NULL without identity.  28000 when it has expired or was revoked.  RFC 6749, section 3.3, RFC 8693, section 4.2.';

CREATE FUNCTION authz.roles() RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_roles'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.roles() IS
'The roles of the token in its order, each once; empty when it carries none.  The first of the issuer''s role_claims that is present and not null counts: an array of strings, or a string split on white space.  NULL without identity.  28000 when it has expired or was revoked.  RFC 9068, section 2.2.3.1, axioms and django-dbmi-client.';

CREATE FUNCTION authz.permissions() RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_permissions'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.permissions() IS
'The permissions of the token in its order, each once; empty when it carries none.  The first of the issuer''s permission_claims that is present and not null counts: an array of strings, or a string split on white space.  NULL without identity.  28000 when it has expired or was revoked.  Auth0, axioms and django-dbmi-client.';

CREATE FUNCTION authz.groups() RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_groups'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.groups() IS
'The groups of the token in its order, each once; empty when it carries none.  The first of the issuer''s group_claims that is present and not null counts: an array of strings, or a string split on white space.  NULL without identity.  28000 when it has expired or was revoked.  RFC 9068, section 2.2.3.1, and django-dbmi-client.';

--
-- Scopes, roles, permissions, groups
--

CREATE FUNCTION authz.has_scope(scope text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_scope'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_scope(text) IS
'Whether the token holds this scope, compared byte by byte.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  RFC 6749, section 3.3, RFC 8693, section 4.2.';

CREATE FUNCTION authz.has_any_scope(VARIADIC scopes text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_scope'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_scope(VARIADIC text[]) IS
'Whether the token holds one of these scopes at least.  A NULL element never matches, a NULL array is false, an empty one is an error (22023), with or without identity.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  RFC 6749, section 3.3, RFC 8693, section 4.2.';

CREATE FUNCTION authz.has_all_scopes(VARIADIC scopes text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_all_scopes'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_all_scopes(VARIADIC text[]) IS
'Whether the token holds all of these scopes.  A NULL element fails, a NULL array is false, an empty one is an error (22023), with or without identity.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  RFC 6749, section 3.3, RFC 8693, section 4.2.';

CREATE FUNCTION authz.has_role(role text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_role'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_role(text) IS
'Whether the token holds this role, compared byte by byte.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  RFC 9068, section 2.2.3.1, axioms and django-dbmi-client.';

CREATE FUNCTION authz.has_any_role(VARIADIC roles text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_role'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_role(VARIADIC text[]) IS
'Whether the token holds one of these roles at least.  A NULL element never matches, a NULL array is false, an empty one is an error (22023), with or without identity.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  RFC 9068, section 2.2.3.1, axioms and django-dbmi-client.';

CREATE FUNCTION authz.has_all_roles(VARIADIC roles text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_all_roles'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_all_roles(VARIADIC text[]) IS
'Whether the token holds all of these roles.  A NULL element fails, a NULL array is false, an empty one is an error (22023), with or without identity.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  RFC 9068, section 2.2.3.1, axioms and django-dbmi-client.';

CREATE FUNCTION authz.has_permission(permission text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_permission'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_permission(text) IS
'Whether the token holds this permission, compared byte by byte.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  Auth0, axioms and django-dbmi-client.';

CREATE FUNCTION authz.has_any_permission(VARIADIC permissions text[])
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_permission'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_permission(VARIADIC text[]) IS
'Whether the token holds one of these permissions at least.  A NULL element never matches, a NULL array is false, an empty one is an error (22023), with or without identity.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  Auth0, axioms and django-dbmi-client.';

CREATE FUNCTION authz.has_all_permissions(VARIADIC permissions text[])
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_all_permissions'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_all_permissions(VARIADIC text[]) IS
'Whether the token holds all of these permissions.  A NULL element fails, a NULL array is false, an empty one is an error (22023), with or without identity.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  Auth0, axioms and django-dbmi-client.';

CREATE FUNCTION authz.has_group(group_name text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_group'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_group(text) IS
'Whether the token holds this group, compared byte by byte.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  RFC 9068, section 2.2.3.1, and django-dbmi-client.';

CREATE FUNCTION authz.has_any_group(VARIADIC groups text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_group'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_group(VARIADIC text[]) IS
'Whether the token holds one of these groups at least.  A NULL element never matches, a NULL array is false, an empty one is an error (22023), with or without identity.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  RFC 9068, section 2.2.3.1, and django-dbmi-client.';

CREATE FUNCTION authz.has_all_groups(VARIADIC groups text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_all_groups'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_all_groups(VARIADIC text[]) IS
'Whether the token holds all of these groups.  A NULL element fails, a NULL array is false, an empty one is an error (22023), with or without identity.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  RFC 9068, section 2.2.3.1, and django-dbmi-client.';

--
-- Any other claim
--

CREATE FUNCTION authz.has_claim(path text[], value text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_claim'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_claim(text[], text) IS
'Whether a claim holds a value; a string counts by its words, so claim_is() is there to compare it whole.';

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
-- Ownership and administration
--

CREATE FUNCTION authz.is_owner(owner anycompatible) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_owner'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_owner(anycompatible) IS
'Whether the value equals the claim that the issuer''s owner_claim names.  The value is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804); the claim is read as a value of that type and compared with its default equality, text byte by byte; one that is no value of the type, or neither string nor number, matches nothing.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  django-dbmi-client and axioms.';

CREATE FUNCTION authz.is_owner(owner anycompatible, claim text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_owner'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_owner(anycompatible, text) IS
'Whether the value equals the top-level claim of that name, compared as by is_owner(owner).  The value is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804).  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  django-dbmi-client and axioms.';

CREATE FUNCTION authz.is_owner_or_admin(owner anycompatible) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_owner_or_admin'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_owner_or_admin(anycompatible) IS
'is_owner(owner) OR is_admin().  The value is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804).  A NULL owner is nobody''s; an administrator passes.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  django-dbmi-client.';

CREATE FUNCTION authz.is_admin() RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_admin'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_admin() IS
'Whether the token holds one of the issuer''s admin_groups or admin_permissions, or one of the latter is granted on the item that is the application itself.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  django-dbmi-client.';

--
-- Organisations
--
-- A membership is an object of PropelAuth's shape.  Checks are false and facts
-- are NULL for an organisation of which the identity is no member.

CREATE FUNCTION authz.in_org(org anycompatible) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_in_org'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.in_org(anycompatible) IS
'Whether the identity is a member of the organisation.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.has_org_role(org anycompatible, role text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_org_role'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_org_role(anycompatible, text) IS
'Whether this role was assigned in the organisation, as the only one or, with the structure multi_role, as an additional one; inherited roles do not count.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.is_at_least_org_role(org anycompatible, role text)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_at_least_org_role'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_at_least_org_role(anycompatible, text) IS
'Whether the role in the organisation is this one or includes it, by the list of inherited roles in the token; with the structure multi_role nothing is inherited.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.has_org_permission(org anycompatible, permission text)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_org_permission'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_org_permission(anycompatible, text) IS
'Whether the token holds this permission in the organisation, compared byte by byte.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.has_any_org_permission(org anycompatible, VARIADIC permissions text[])
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_org_permission'
	STABLE PARALLEL RESTRICTED COST 3 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_org_permission(anycompatible, VARIADIC text[]) IS
'Whether the token holds one of these permissions at least in the organisation.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  A NULL element never matches, a NULL array is false, an empty one is an error (22023).  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.has_all_org_permissions(org anycompatible, VARIADIC permissions text[])
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_all_org_permissions'
	STABLE PARALLEL RESTRICTED COST 3 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_all_org_permissions(anycompatible, VARIADIC text[]) IS
'Whether the token holds all of these permissions in the organisation.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  A NULL element fails, a NULL array is false, an empty one is an error (22023).  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.org_ids() RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_ids'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_ids() IS
'The ids of the organisations of which the identity is a member, in the order of the token; empty when there are none.  NULL without identity.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.org_ids_with_permission(permission text) RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_ids_with_permission'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_ids_with_permission(text) IS
'The ids of the organisations in which the token holds this permission, in the order of the token; empty when there are none.  NULL without identity and for NULL.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.orgs()
	RETURNS TABLE (org_id text, org_name text, url_safe_org_name text,
		legacy_org_id text, role text, role_structure text, inherited_roles text[],
		additional_roles text[], permissions text[], metadata jsonb)
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_orgs'
	STABLE PARALLEL RESTRICTED COST 50 ROWS 10 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.orgs() IS
'The memberships of the identity in the order of the token.  What is absent or of the wrong JSON type is NULL, a list then is empty.  No rows without identity.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.org_id_by_name(name text) RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_id_by_name'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_id_by_name(text) IS
'The id of the organisation of that name, compared byte by byte; of several, the smallest id.  NULL without identity, for NULL, and when there is none.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.org_role(org anycompatible) RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_role'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_role(anycompatible) IS
'The role assigned in the organisation.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  NULL without identity, for NULL, and when the identity is no member.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.org_roles(org anycompatible) RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_roles'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_roles(anycompatible) IS
'The roles held in the organisation: the assigned one and those it includes or, with the structure multi_role, the assigned and the additional ones.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  NULL without identity, for NULL, and when the identity is no member.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.org_permissions(org anycompatible) RETURNS text[]
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_permissions'
	STABLE PARALLEL RESTRICTED COST 5 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_permissions(anycompatible) IS
'The permissions held in the organisation.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  NULL without identity, for NULL, and when the identity is no member.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.org_role_structure(org anycompatible) RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_role_structure'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_role_structure(anycompatible) IS
'The structure of roles as the token has it, single_role_in_hierarchy when it does not say; any other than multi_role behaves like that.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  NULL without identity, for NULL, and when the identity is no member.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.org_metadata(org anycompatible) RETURNS jsonb
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_org_metadata'
	STABLE PARALLEL RESTRICTED COST 10 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.org_metadata(anycompatible) IS
'The metadata of the organisation.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  NULL also when there is none.  NULL without identity, for NULL, and when the identity is no member.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.active_org_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_active_org_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.active_org_id() IS
'The id of the one organisation that the token is for.  NULL without identity, and when the token is not for one organisation.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.in_active_org(org anycompatible) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_in_active_org'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.in_active_org(anycompatible) IS
'Whether this is the one organisation that the token is for.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.has_active_org_role(role text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_active_org_role'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_active_org_role(text) IS
'has_org_role for the one organisation that the token is for; false when it is not for one.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.has_active_org_permission(permission text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_active_org_permission'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_active_org_permission(text) IS
'has_org_permission for the one organisation that the token is for; false when it is not for one.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  PropelAuth.';

--
-- Item permissions
--

CREATE FUNCTION authz.item_client()
	RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_item_client'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.item_client() IS
'The application whose item permissions count for the identity: the option "client" of its issuer.  NULL without identity and when the option is not set.  28000 when it has expired or was revoked.  django-dbmi-client.';

CREATE FUNCTION authz.has_item_permission(item text, permission text, check_parents boolean DEFAULT false)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_item_permission'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_item_permission(text, text, boolean) IS
'Whether authz.item_permission grants the permission on this very item or, with check_parents, on it or one above it, to the e-mail address of the token within the application of its issuer; claims do not count.  Items are paths of names with dots; a malformed one is an error (22023), with or without identity.  Items, permissions and addresses compare in any case of ASCII letters, nothing else does.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  django-dbmi-client.';

CREATE FUNCTION authz.has_any_item_permission(item text, permissions text[], check_parents boolean DEFAULT false)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_any_item_permission'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_any_item_permission(text, text[], boolean) IS
'Whether one of these permissions is held on the item, as has_item_permission() says.  A NULL element never matches, a NULL array is false, an empty one is an error (22023), with or without identity.  Items are paths of names with dots; a malformed one is an error (22023), with or without identity.  Items, permissions and addresses compare in any case of ASCII letters, nothing else does.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  django-dbmi-client.';

CREATE FUNCTION authz.has_app_permission(permission text)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_app_permission'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_app_permission(text) IS
'Whether the token holds this permission (byte by byte), or it is granted on the item that is the application itself (in any case of ASCII letters).  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  django-dbmi-client.';

CREATE FUNCTION authz.manages_item(item text, check_parents boolean DEFAULT true)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_manages_item'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.manages_item(text, boolean) IS
'Whether MANAGE is granted on the item or, with check_parents, on one above it.  Items are paths of names with dots; a malformed one is an error (22023), with or without identity.  Items, permissions and addresses compare in any case of ASCII letters, nothing else does.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  SciAuthZ.';

CREATE FUNCTION authz.item_permissions(item text DEFAULT NULL, children boolean DEFAULT false)
	RETURNS SETOF authz.item_permission
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_item_permissions'
	STABLE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION authz.item_permissions(text, boolean) IS
'What is granted to the identity: its rows of authz.item_permission within the application, all of them, those on this very item or, with children, on it and what is below it.  Implied permissions have no row.  Items are paths of names with dots; a malformed one is an error (22023), with or without identity.  Items, permissions and addresses compare in any case of ASCII letters, nothing else does.  No row without identity.  28000 when it has expired or was revoked.  django-dbmi-client.';

CREATE FUNCTION authz.managed_items()
	RETURNS SETOF text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_managed_items'
	STABLE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION authz.managed_items() IS
'The items on which MANAGE is granted to the identity; what is below them is managed as well.  No row without identity.  28000 when it has expired or was revoked.  SciAuthZ.';

CREATE FUNCTION authz.item_grantees(item text, permission text)
	RETURNS SETOF text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_item_grantees'
	STABLE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION authz.item_grantees(text, text) IS
'The e-mail addresses to which this permission is granted on this very item.  Managers of the item and administrators see all of them, others their own only.  Items are paths of names with dots; a malformed one is an error (22023), with or without identity.  Items, permissions and addresses compare in any case of ASCII letters, nothing else does.  No row without identity and for NULL.  28000 when it has expired or was revoked.  SciAuthZ.';

CREATE FUNCTION authz.grant_item_permission(email text, item text, permission text DEFAULT 'VIEW')
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_grant_item_permission'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.grant_item_permission(text, text, text) IS
'Grant a permission on an item within the application of the identity.  False when it was there already.  Whoever manages the item (manages_item()) may, and an administrator; MANAGE, what makes an administrator, and what implies one of these only an administrator may grant.  42501 for others, 28000 without identity, 22023 for NULL, the empty string and a malformed item.  SciAuthZ.';

CREATE FUNCTION authz.revoke_item_permission(email text, item text, permission text DEFAULT 'VIEW')
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_revoke_item_permission'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.revoke_item_permission(text, text, text) IS
'Take a permission on an item back.  P0002 when it was not granted.  Who may, and errors, as grant_item_permission().  SciAuthZ.';

CREATE FUNCTION authz.grant_profile_permission(email text, item text)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_grant_profile_permission'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.grant_profile_permission(text, text) IS
'Let somebody view the own profile of an item: grants VIEW on SciReg.<item>.profile.<e-mail address of the identity>.  False when it was granted already.  22023 for NULL, the empty string, a malformed item and one with a component "profile".  28000 without identity, 42501 when it has no e-mail address or no application.  SciAuthZ.';

--
-- The user
--

CREATE FUNCTION authz.user_property(name text) RETURNS jsonb
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_user_property'
	STABLE PARALLEL RESTRICTED COST 10 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.user_property(text) IS
'The member of that name in the claim properties.  NULL without identity, for NULL, when absent, and for a JSON null.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.legacy_user_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_legacy_user_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.legacy_user_id() IS
'The claim legacy_user_id.  NULL without identity or when absent.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.is_impersonated() RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_is_impersonated'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.is_impersonated() IS
'Whether somebody acts for the user: the claim impersonator_user_id is there and not null, be it empty.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.impersonator_user_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_impersonator_user_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.impersonator_user_id() IS
'Who acts for the user, from the claim impersonator_user_id.  NULL without identity or when absent.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.login_method() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_login_method'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.login_method() IS
'How the user logged in: password, magic_link, social_sso, email_confirmation_link, saml_sso, impersonation, generated_from_backend_api; "unknown" for any other and when the token does not say.  NULL without identity.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.login_provider() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_login_provider'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.login_provider() IS
'The provider of the login, as the token has it.  NULL without identity or when absent.  28000 when it has expired or was revoked.  PropelAuth.';

CREATE FUNCTION authz.login_org_id() RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_login_org_id'
	STABLE LEAKPROOF PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.login_org_id() IS
'The organisation of the login.  NULL without identity or when absent.  28000 when it has expired or was revoked.  PropelAuth.';

--
-- Object permissions
--
-- What may run a rule needs a subtransaction, which no parallel operation may
-- begin before PostgreSQL 17.

CREATE FUNCTION authz.has_perm(perm text) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_perm'
	STABLE PARALLEL RESTRICTED SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_perm(text) IS
'Whether the token holds this permission, or the identity is an administrator, who holds every one.  False for NULL.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  djem.';

CREATE FUNCTION authz.has_perms(perms text[]) RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_perms'
	STABLE PARALLEL RESTRICTED COST 2 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_perms(text[]) IS
'Whether has_perm() is true of all of these.  False for NULL and with a NULL element, an empty array is an error (22023).  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  djem.';

CREATE FUNCTION authz.register_access(perm text, rel regclass, kind text, fn regprocedure)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_register_access'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.register_access(text, regclass, text, regprocedure) IS
'Have a function asked whether somebody has the permission on a row of the table.  It takes one argument of the type of the table''s primary key, returns boolean, and runs with the rights of who asks.  kind is "user" or "group": the user rule is asked first, the group rule when that does not grant.  22023 for NULL, another kind, and a function that is no such rule, F0000 for a table without primary key, 0A000 for a key of several columns, 42809 for what is no table, 42710 when there is a rule of that kind.  djem: _user_can_x() and _group_can_x().';

CREATE FUNCTION authz.unregister_access(perm text, rel regclass, kind text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_unregister_access'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.unregister_access(text, regclass, text) IS
'Undo register_access().  Without any rule the permission on the table is open to whoever holds it (dbmi_authz.olp_default).  A table that is gone is named by its OID.  22023 for NULL and another kind, 42704 when no such rule is registered.';

CREATE FUNCTION authz.accept_rules(rel regclass DEFAULT NULL)
	RETURNS integer
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_accept_rules'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.accept_rules(regclass) IS
'Have the rules of a table, or of all, count as functions of their owners of now; returns how many changed.';

CREATE FUNCTION authz.has_object_perm(perm text, rel regclass, pk text)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_object_perm'
	STABLE PARALLEL UNSAFE COST 50 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_object_perm(text, regclass, text) IS
'Whether the identity has the permission on the row of the table with that primary key, given as text.  Administrators have, unless dbmi_authz.universal_olp is on.  Others need has_perm(perm) and the word of a rule: the user rule, else the group rule; where none is registered, dbmi_authz.olp_default decides, by default "open".  A rule that answers NULL or raises 42501 does not grant; its other errors propagate.  Whether the row exists is not looked at, but text that is no value of the key''s type is false.  A permission with rules on other tables only is denied here, with a warning.  False for NULL.  F0000 when a rule or the primary key is gone, 0A000 when the key has several columns.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  djem: has_perm(perm, obj).';

CREATE FUNCTION authz.has_object_perms(perms text[], rel regclass, pk text)
	RETURNS boolean
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_has_object_perms'
	STABLE PARALLEL UNSAFE COST 100 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.has_object_perms(text[], regclass, text) IS
'Whether has_object_perm() is true of all of these permissions; they are asked in order, up to the first that is not.  False for NULL and with a NULL element, an empty array is an error (22023).  Errors as there.  False without identity, so negated it passes for anonymous sessions: write authz.is_authenticated() AND NOT ...  28000 when it has expired or was revoked.  djem: has_perms(perms, obj).';

CREATE FUNCTION authz.object_permissions(rel regclass, pk text, source text DEFAULT 'all')
	RETURNS SETOF text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_object_permissions'
	STABLE PARALLEL UNSAFE COST 500 ROWS 10 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.object_permissions(regclass, text, text) IS
'The permissions that the identity has on that row, of those in its token and those with a rule on the table; sorted by their bytes.  source "user" or "group" asks only rules of that kind, and where there is none the default decides, whatever the other kind would say; "all" is has_object_perm().  22023 for another source and NULL for it.  No rows without identity and for NULL.  28000 when it has expired or was revoked, other errors as has_object_perm().  djem: get_all_permissions(), get_user_permissions(), get_group_permissions().';

CREATE FUNCTION authz.explain_perm(perm text, rel regclass DEFAULT NULL, pk text DEFAULT NULL,
		verbosity integer DEFAULT 2)
	RETURNS SETOF text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_explain_perm'
	STABLE PARALLEL UNSAFE COST 500 ROWS 10 SUPPORT authz.identity_support;
COMMENT ON FUNCTION authz.explain_perm(text, regclass, text, integer) IS
'Why has_perm(perm) or, with a table and a row, has_object_perm(perm, rel, pk) says what it says, line by line; the last line is "RESULT: Permission Granted" or "RESULT: Permission Denied".  verbosity 2: what is asked, for whom, an empty line, and how it was decided; 1: the latter only; 0: nothing; else and for NULL 22023.  A NULL argument is denied.  28000 when the identity has expired or was revoked, other errors as has_object_perm().  djem: DJEM_PERM_LOG_VERBOSITY.';

--
-- Raising twins
--
-- 42501 when denied, 28000 without identity or when it has expired or was
-- revoked, each with the body of RFC 6750, section 3 as DETAIL.

CREATE FUNCTION authz.require_scope(VARIADIC scopes text[]) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_scope'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_scope(VARIADIC text[]) IS
'Raises 42501 (insufficient_scope) unless the token holds all of these scopes; a NULL array or element is denied, an empty array is an error (22023), with or without identity.  28000 without identity, or when it has expired or was revoked.  RFC 6750, section 3.1.  RFC 6749, section 3.3, RFC 8693, section 4.2.';

CREATE FUNCTION authz.require_role(VARIADIC roles text[]) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_role'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_role(VARIADIC text[]) IS
'Raises 42501 (insufficient_scope) unless the token holds all of these roles; a NULL array or element is denied, an empty array is an error (22023), with or without identity.  28000 without identity, or when it has expired or was revoked.  RFC 6750, section 3.1.  RFC 9068, section 2.2.3.1, axioms and django-dbmi-client.';

CREATE FUNCTION authz.require_permission(VARIADIC permissions text[])
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_permission'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_permission(VARIADIC text[]) IS
'Raises 42501 (insufficient_scope) unless the token holds all of these permissions; a NULL array or element is denied, an empty array is an error (22023), with or without identity.  28000 without identity, or when it has expired or was revoked.  RFC 6750, section 3.1.  Auth0, axioms and django-dbmi-client.';

CREATE FUNCTION authz.require_group(VARIADIC groups text[]) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_group'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_group(VARIADIC text[]) IS
'Raises 42501 (insufficient_scope) unless the token holds all of these groups; a NULL array or element is denied, an empty array is an error (22023), with or without identity.  28000 without identity, or when it has expired or was revoked.  RFC 6750, section 3.1.  RFC 9068, section 2.2.3.1, and django-dbmi-client.';

CREATE FUNCTION authz.require_org(org anycompatible) RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_org'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_org(anycompatible) IS
'Raises 42501 (insufficient_scope) unless in_org(org); NULL is denied.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  28000 without identity, or when it has expired or was revoked.  RFC 6750, section 3.1.  PropelAuth.';

CREATE FUNCTION authz.require_org_role(org anycompatible, role text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_org_role'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_org_role(anycompatible, text) IS
'Raises 42501 (insufficient_scope) unless has_org_role(org, role); NULL is denied.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  28000 without identity, or when it has expired or was revoked.  RFC 6750, section 3.1.  PropelAuth.';

CREATE FUNCTION authz.require_org_permission(org anycompatible, permission text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_org_permission'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_org_permission(anycompatible, text) IS
'Raises 42501 (insufficient_scope) unless has_org_permission(org, permission); NULL is denied.  The organisation is text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and equals an id that reads as a value of that type.  28000 without identity, or when it has expired or was revoked.  RFC 6750, section 3.1.  PropelAuth.';

CREATE FUNCTION authz.require_admin() RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_admin'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_admin() IS
'Raises 42501 (insufficient_scope) unless is_admin().  28000 without identity, or when it has expired or was revoked.  RFC 6750, section 3.1.  django-dbmi-client.';

CREATE FUNCTION authz.require_item_permission(item text, permission text, check_parents boolean DEFAULT false)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_item_permission'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require_item_permission(text, text, boolean) IS
'Raises 42501 (insufficient_scope) unless has_item_permission() of the same arguments; NULL is denied, a malformed item is an error (22023), with or without identity.  28000 without identity, or when it has expired or was revoked.  RFC 6750, section 3.1.  django-dbmi-client.';

CREATE FUNCTION authz.require_object_perm(perm text, rel regclass, pk text)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require_object_perm'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.require_object_perm(text, regclass, text) IS
'Raises P0002 unless there is a row of the table with that primary key, as far as the caller may see (its privileges and the policies of the table count), then 42501 (insufficient_scope) unless has_object_perm(perm, rel, pk); with dbmi_authz.hide_forbidden that too is P0002.  NULL for the table or the row is P0002, for the permission denied.  28000 without identity, or when it has expired or was revoked.  RFC 6750, section 3.1.  djem: permission_required.';

CREATE FUNCTION authz.require(condition boolean, message text DEFAULT NULL)
	RETURNS void
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_require'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.require(boolean, text) IS
'Raises 42501 (insufficient_scope) unless the condition is true; NULL is denied.  The message, if any, becomes error_description.  28000 without identity, whatever the condition, or when it has expired or was revoked.  RFC 6750, section 3.1.';

--
-- Policies in one line
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
	dry_run boolean DEFAULT false) RETURNS text
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_protect'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.protect IS
'Enables and forces row-level security on a table of the caller and writes policies authz_protect_select, _insert, _update, _delete, replacing those that it wrote before (told by name and comment); grants nothing, returns the SQL that it ran; with dry_run it only checks and returns it.  owner: column for is_owner(); org: column for in_org(), with org_permission for has_org_permission(); both: both must hold.  mode: owner (the default with an owner) for all commands; owner_or_read: whoever is logged in, or in the organisation, reads, owners write; read_only: nobody writes.  The lists name what a command needs besides: one (any) or all of them.  Without owner, org and mode only commands with a list are allowed.  admin: is_admin() passes as well.  NULL is the same as leaving a parameter out.  22023 for a combination without sense, an empty list or a NULL in one; 42703, 42804 for a column that is not there or cannot be compared with a claim; 42809 for what is no table; 42501 for tables of others, of PostgreSQL and of this extension; 42710 when a policy of that name is somebody else''s.';

CREATE FUNCTION authz.unprotect(rel regclass) RETURNS integer
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_unprotect'
	VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION authz.unprotect(regclass) IS
'Drops the policies that protect() wrote for the table, and no others; returns how many.  Row-level security stays enabled and forced, so nothing is opened by it.  22023 for NULL, 42809 for what is no table, 42501 for tables of others.';

CREATE FUNCTION authz.stamp_owner() RETURNS trigger
	LANGUAGE C AS 'MODULE_PATHNAME', 'authz_stamp_owner'
	VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION authz.stamp_owner() IS
'Trigger function, BEFORE INSERT OR UPDATE FOR EACH ROW, EXECUTE FUNCTION authz.stamp_owner(''owner_column'' [, ''modified_column'']).  INSERT fills a NULL owner with the claim that the issuer''s owner_claim names, read as a value of the column''s type, and refuses another''s (42501); UPDATE refuses to change the owner (42501); both write the same claim to modified_column.  42501 also when the claim is no value of the column.  28000 without identity, unless dbmi_authz.require_user_on_write is off, which takes rows as they are, and when it has expired or was revoked.  Columns are text, varchar, name, citext, uuid, smallint, integer, bigint or a domain over one of these (else 42804), and neither generated nor identity columns (428C9).  djem and axioms.';

--
-- Who sees item permissions
--
-- Whoever the owner of the database gives SELECT to.  There is no policy to
-- write: that is left to the functions.
--
ALTER TABLE authz.item_permission ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON authz.item_permission FOR SELECT
	USING (client OPERATOR(pg_catalog.=) authz.item_client()
		   AND (pg_catalog.lower(email) OPERATOR(pg_catalog.=) pg_catalog.lower(authz.email() COLLATE "C")
				OR authz.manages_item(item)
				OR authz.is_admin()));

--
-- Functions: whom they belong to
--
-- The bootstrap superuser, as whom PostgreSQL runs this script for a role that
-- is no superuser, and also where another superuser installs.
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
		   AND c.relkind OPERATOR(pg_catalog.=) 'r'
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

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA authz TO PUBLIC;
REVOKE ALL ON FUNCTION
	authz.identity_support(internal),
	authz.token_support(internal),
	authz.trust_guard(),
	authz.add_issuer(text, text[], text, json),
	authz.alter_issuer(text, json, text[]),
	authz.drop_issuer(text),
	authz.set_jwks(text, json),
	authz.add_key(text, json),
	authz.add_pem(text, text, text, text),
	authz.add_secret(text, bytea, text, text),
	authz.drop_key(text, text),
	authz.revoke_token(text, text, timestamptz),
	authz.revoke_subject(text, text, timestamptz),
	authz.revoke_session(text, text),
	authz.prune_revocations(),
	authz.protect,
	authz.unprotect(regclass),
	authz.register_access(text, regclass, text, regprocedure),
	authz.unregister_access(text, regclass, text),
	authz.accept_rules(regclass)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
	authz.add_issuer(text, text[], text, json),
	authz.alter_issuer(text, json, text[]),
	authz.drop_issuer(text),
	authz.set_jwks(text, json),
	authz.add_key(text, json),
	authz.add_pem(text, text, text, text),
	authz.add_secret(text, bytea, text, text),
	authz.drop_key(text, text),
	authz.revoke_token(text, text, timestamptz),
	authz.revoke_subject(text, text, timestamptz),
	authz.revoke_session(text, text),
	authz.prune_revocations(),
	authz.protect,
	authz.unprotect(regclass),
	authz.register_access(text, regclass, text, regprocedure),
	authz.unregister_access(text, regclass, text),
	authz.accept_rules(regclass)
TO pg_database_owner;
