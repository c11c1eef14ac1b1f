-- What the owner of the database, who is no superuser, makes of the tables of the extension is at worst not believed: no value is read as what it is not.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\pset format unaligned
\pset footer off
\set ECHO all
CREATE ROLE altered_owner;
SELECT current_database() AS db, current_user AS installer \gset
SET client_min_messages = error;
ALTER DATABASE :"db" OWNER TO altered_owner;
GRANT CREATE ON SCHEMA public TO altered_owner;
BEGIN;
CREATE TEMP TABLE token AS SELECT mint.person('tD0', '{"https://authorization.dbmi.hms.harvard.edu": {"permissions": ["polls.see"]}}') AS token;
GRANT SELECT ON token TO altered_owner;
DROP EXTENSION dbmi_authz CASCADE;
DROP SCHEMA IF EXISTS authz;
SET ROLE altered_owner;
CREATE EXTENSION dbmi_authz;
-- the owner may create nothing in the schema until he allows himself to
GRANT CREATE ON SCHEMA authz TO altered_owner;
SELECT authz.add_issuer('people dbmi', '{clientA}', 'dbmi', '{"client": "my-client"}'), authz.add_secret('people dbmi', mint.secret()) \g /dev/null
SELECT authz.revoke_token('people dbmi', 'J1') \g /dev/null
INSERT INTO authz.inactive_subject VALUES ('people dbmi', 'somebody');
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('user@example.com', 'my-client', 'ward', 'VIEW');
INSERT INTO authz.permission_implies VALUES ('my-client', 'VIEW', 'LIST');
CREATE TABLE altered_question (id integer PRIMARY KEY);
CREATE FUNCTION altered_rule(integer) RETURNS boolean LANGUAGE sql RETURN true;
SELECT authz.register_access('polls.see', 'altered_question', 'user', 'altered_rule(integer)') \g /dev/null
INSERT INTO altered_question VALUES (1);

-- What a session finds: may it log in, as whom, and what may it do.
CREATE FUNCTION altered_ask() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	question text;
	answer text := '';
BEGIN
	FOREACH question IN ARRAY ARRAY['authz.try_set_token((SELECT token FROM token))', 'authz.token_state()', 'authz.email()', 'authz.has_item_permission(''ward'', ''list'')',
		'(SELECT count(*) FROM authz.item_permissions())', 'authz.has_object_perm(''polls.see'', ''altered_question'', ''1'')'] LOOP
		answer := concat_ws(', ', nullif(answer, ''), mint.outcome('SELECT ' || question));
	END LOOP;
	RETURN answer;
END $$;
-- The same after that statement, which is undone.
CREATE FUNCTION altered_by(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE statement;
	answer := altered_ask();
	RAISE EXCEPTION USING ERRCODE = 'ZZ999';
EXCEPTION
	WHEN SQLSTATE 'ZZ999' THEN RETURN answer;
	WHEN OTHERS THEN RETURN concat_ws(' ', SQLSTATE, SQLERRM);
END $$;
-- Another relation in the place of a table, looked up at once: its columns as numbers, or what is no table.
CREATE FUNCTION altered_into(t text, kind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	n integer := (SELECT count(*) FROM pg_attribute WHERE attrelid = ('authz.' || t)::regclass AND attnum > 0);
	columns text := (SELECT string_agg(format('%I bigint', attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = ('authz.' || t)::regclass AND attnum > 0);
	put text := (SELECT string_agg('4242', ', ') FROM generate_series(1, n));
BEGIN
	RETURN altered_by(format('ALTER EXTENSION dbmi_authz DROP TABLE authz.%1$I; ALTER TABLE authz.%1$I RENAME TO formerly; ', t) || CASE kind
		WHEN 'TABLE' THEN format('CREATE TABLE authz.%1$I (%2$s); INSERT INTO authz.%1$I VALUES (%3$s)', t, columns, put)
		WHEN 'VIEW' THEN format('CREATE VIEW authz.%I AS SELECT * FROM authz.formerly', t)
		WHEN 'MATERIALIZED VIEW' THEN format('CREATE MATERIALIZED VIEW authz.%I AS SELECT * FROM authz.formerly', t)
		ELSE format('CREATE TABLE authz.%I (LIKE authz.formerly) PARTITION BY LIST (%s)', t, split_part(columns, ' ', 1))
		END || format('; ALTER EXTENSION dbmi_authz ADD %s authz.%I; ALTER TABLE authz.%I SET (fillfactor = 90)', replace(kind, 'PARTITIONED ', ''), t,
			CASE t WHEN 'issuer' THEN 'issuer_key' ELSE 'issuer' END));
END $$;

-- accept
SELECT altered_ask();
-- accept: columns behind, an index more
SELECT altered_by($$ALTER TABLE authz.issuer ADD more integer DEFAULT 5$$), altered_by($$ALTER TABLE authz.item_permission ADD more integer DEFAULT 5$$),
	   altered_by($$CREATE INDEX ON authz.item_permission (granted_at)$$);

-- C3.5: tables of another shape, as another version of the extension may have them
-- refuse
SELECT t, kind, altered_into(t, kind)
  FROM unnest(ARRAY['profile', 'issuer', 'issuer_key', 'revocation', 'inactive_subject', 'item_permission', 'permission_implies', 'object_access']) t,
	   unnest(ARRAY['TABLE', 'VIEW', 'MATERIALIZED VIEW', 'PARTITIONED TABLE']) kind;
SELECT statement, altered_by('ALTER TABLE authz.' || statement) FROM unnest(ARRAY[
	'profile ALTER options TYPE boolean USING true', 'profile ALTER audience_required TYPE text USING ''x''', 'profile DROP options',
	'issuer ALTER audience TYPE integer[] USING ''{7}''', 'issuer ALTER options DROP DEFAULT, ALTER options TYPE bigint USING 4242', 'issuer ALTER profile TYPE "char" USING ''x''', 'issuer DROP options',
	'issuer_key ALTER jwk TYPE jsonb USING jwk::jsonb', 'issuer_key ALTER jwk TYPE oid USING 7', 'issuer_key ALTER alg TYPE name', 'issuer_key DROP thumbprint',
	'revocation DROP CONSTRAINT revocation_check, ALTER issued_before TYPE text USING ''x''', 'revocation ALTER value TYPE integer USING 7', 'revocation DROP issued_before CASCADE', 'inactive_subject ALTER subject TYPE integer USING 7',
	'permission_implies ALTER implies TYPE varchar', 'object_access ALTER rel TYPE text', 'object_access ALTER rule TYPE integer USING 7', 'object_access DROP rule']) statement;
-- without an index, or with another one of its name
SELECT statement, altered_by(statement) FROM unnest(ARRAY[
	'DROP INDEX authz.item_permission_key',
	'DROP INDEX authz.item_permission_key; CREATE INDEX item_permission_key ON authz.item_permission (client)',
	'DROP INDEX authz.item_permission_key; CREATE INDEX item_permission_key ON authz.item_permission (granted_at, client)',
	'DROP INDEX authz.item_permission_key; CREATE INDEX item_permission_key ON authz.item_permission (client, octet_length(email))',
	'DROP INDEX authz.item_permission_key; CREATE INDEX item_permission_key ON authz.item_permission USING brin (client, lower(email))',
	'DROP INDEX authz.item_permission_key; CREATE INDEX item_permission_key ON authz.profile (profile, chosen_by)',
	'DROP INDEX authz.permission_implies_key; CREATE INDEX permission_implies_key ON authz.permission_implies USING hash (client)',
	'ALTER TABLE authz.revocation DROP CONSTRAINT revocation_pkey']) statement;
-- more than a page of each, so that indexes count: rows that are gone again
INSERT INTO authz.profile (profile, chosen_by, audience_required, options) SELECT 'gone' || n, 'iss', false, '{}' FROM generate_series(1, 300) n;
INSERT INTO authz.issuer (issuer, audience, profile) SELECT 'gone' || n, '{gone}', 'gone' || n FROM generate_series(1, 300) n;
INSERT INTO authz.issuer_key (issuer, kid, alg, jwk, thumbprint, source) SELECT 'gone' || n, kid, alg, jwk, thumbprint, source FROM generate_series(1, 300) n, authz.issuer_key;
INSERT INTO authz.revocation (issuer, kind, value) SELECT 'gone', 'token', 'gone' || n FROM generate_series(1, 300) n;
DELETE FROM authz.issuer WHERE issuer LIKE 'gone%';
DELETE FROM authz.profile WHERE profile LIKE 'gone%';
DELETE FROM authz.revocation WHERE issuer = 'gone';
SELECT relname FROM pg_class WHERE relname IN ('profile', 'issuer', 'issuer_key', 'revocation') AND relnamespace = 'authz'::regnamespace AND pg_relation_size(oid) <= current_setting('block_size')::integer;
-- Q27: a primary key over other columns serves nobody, so all rows are read
-- accept, and refuse what is revoked
SELECT statement, altered_by(statement), altered_by(statement || '; INSERT INTO authz.revocation VALUES (''people dbmi'', ''subject'', ''auth0|u1'', ''2100-01-01 UTC'', NULL, ''epoch'')') AS revoked
  FROM unnest(ARRAY['ALTER TABLE authz.revocation DROP CONSTRAINT revocation_pkey, ADD PRIMARY KEY (value, kind, issuer)',
	'ALTER TABLE authz.revocation DROP CONSTRAINT revocation_pkey, ADD PRIMARY KEY (revoked_at)']) statement;
-- Q27: the same for profiles, issuers and keys
-- accept
SELECT statement, altered_by(statement) FROM unnest(ARRAY[
	'ALTER TABLE authz.profile DROP CONSTRAINT profile_pkey', 'ALTER TABLE authz.issuer DROP CONSTRAINT issuer_pkey', 'DROP INDEX authz.issuer_profile', 'DROP INDEX authz.issuer_key_kid',
	'DROP INDEX authz.issuer_key_kid; CREATE UNIQUE INDEX issuer_key_kid ON authz.issuer_key (issuer, kid) WHERE kid IS NOT NULL',
	'ALTER TABLE authz.issuer DROP CONSTRAINT issuer_pkey; CREATE INDEX ON authz.issuer (issuer) WHERE profile <> ''dbmi''; CREATE INDEX ON authz.issuer (issuer COLLATE "POSIX"); CREATE INDEX ON authz.issuer (lower(issuer)); CREATE INDEX ON authz.issuer USING hash (issuer)'
	]) statement;
-- refuse: a name that is there twice is nobody's
SELECT statement, altered_by(statement) FROM unnest(ARRAY[
	'ALTER TABLE authz.issuer DROP CONSTRAINT issuer_pkey; INSERT INTO authz.issuer SELECT * FROM authz.issuer WHERE issuer = ''people dbmi''',
	'ALTER TABLE authz.profile DROP CONSTRAINT profile_pkey; INSERT INTO authz.profile SELECT * FROM authz.profile WHERE profile = ''dbmi''',
	'UPDATE authz.issuer SET audience = ''{}'' WHERE issuer = ''people dbmi''',
	'UPDATE authz.issuer SET issuer = '''' WHERE issuer = ''people dbmi''; INSERT INTO authz.issuer_key SELECT '''', kid, alg, jwk, thumbprint, source FROM authz.issuer_key']) statement;
-- an issuer without audience: accept where none is required, refuse where that is not known
SELECT required, altered_by('UPDATE authz.issuer SET issuer = ''https://dbmi.auth0.com/'' WHERE issuer = ''people dbmi''; SELECT authz.add_secret(''https://dbmi.auth0.com/'', mint.secret());'
	'ALTER TABLE authz.profile ALTER audience_required DROP NOT NULL; UPDATE authz.issuer SET audience = NULL; UPDATE authz.profile SET chosen_by = ''iss'', audience_required = ' || required)
  FROM unnest(ARRAY['false', 'NULL']) required;
-- what administers finds a NULL or another type where none can be, and what follows an issuer that goes
SELECT statement, altered_by(statement) FROM unnest(ARRAY[
	'ALTER TABLE authz.profile ALTER chosen_by DROP NOT NULL; UPDATE authz.profile SET chosen_by = NULL; SELECT authz.add_issuer(''y'', ''{z}'')',
	'ALTER TABLE authz.profile ALTER audience_required DROP NOT NULL; UPDATE authz.profile SET audience_required = NULL; SELECT authz.add_issuer(''y'', ''{z}'')',
	'ALTER TABLE authz.profile ALTER options DROP NOT NULL; UPDATE authz.profile SET options = NULL; SELECT authz.add_issuer(''y'', ''{z}'')',
	'ALTER TABLE authz.issuer ALTER profile DROP NOT NULL; UPDATE authz.issuer SET profile = NULL; SELECT authz.alter_issuer(''people dbmi'', ''{}'')',
	'ALTER TABLE authz.issuer ALTER options DROP NOT NULL; UPDATE authz.issuer SET options = NULL; SELECT authz.add_secret(''people dbmi'', mint.secret(), ''x'')',
	'ALTER TABLE authz.issuer ALTER options DROP DEFAULT, ALTER options TYPE bigint USING 4242; SELECT authz.alter_issuer(''people dbmi'', ''{}'')',
	'ALTER TABLE authz.issuer_key ALTER alg DROP NOT NULL, ALTER source DROP NOT NULL; UPDATE authz.issuer_key SET alg = NULL, source = NULL; SELECT authz.set_jwks(''people dbmi'', ''{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'')',
	'ALTER TABLE authz.issuer_key ALTER source DROP NOT NULL; UPDATE authz.issuer_key SET source = NULL; SELECT authz.set_jwks(''people dbmi'', ''{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'')',
	'ALTER TABLE authz.issuer ALTER issuer TYPE bigint USING 4242; DELETE FROM authz.issuer',
	'ALTER TABLE authz.issuer RENAME issuer TO name; DELETE FROM authz.issuer',
	'ALTER TABLE authz.issuer DROP CONSTRAINT issuer_pkey, ALTER issuer DROP NOT NULL; UPDATE authz.issuer SET issuer = NULL; SELECT count(*) FROM authz.issuer_key',
	'ALTER TABLE authz.issuer DROP CONSTRAINT issuer_pkey, ALTER issuer DROP NOT NULL; UPDATE authz.issuer SET issuer = NULL; DELETE FROM authz.issuer']) statement;
-- a table that goes, and one that the extension does not own
SELECT statement, altered_by(statement) FROM unnest(ARRAY[
	'ALTER EXTENSION dbmi_authz DROP TABLE authz.issuer; DROP TABLE authz.issuer',
	'ALTER EXTENSION dbmi_authz DROP TABLE authz.revocation',
	'ALTER TABLE authz.inactive_subject SET SCHEMA public']) statement;
-- a function of the library that this one lacks
RESET ROLE;
\set VERBOSITY sqlstate
CREATE FUNCTION authz.future() RETURNS text LANGUAGE C AS 'dbmi_authz', 'authz_future';
\set VERBOSITY default
ROLLBACK;

CALL mint.go_home();
ALTER DATABASE :"db" OWNER TO :"installer";
DROP OWNED BY altered_owner;
DROP ROLE altered_owner;
