-- policy_state() says all that decides about a table, the same whenever that is the same; policy_changes() says what differs, in words.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set VERBOSITY terse
\pset format unaligned
\pset footer off
\set ECHO all
SET client_min_messages = warning;
CREATE SCHEMA policy_state;
SET search_path = policy_state;
CREATE ROLE state_app LOGIN;
CREATE ROLE state_staff;
CREATE ROLE "state ""PUBLIC""";
CREATE TABLE members (who text, grp integer);
CREATE TABLE notes (id integer PRIMARY KEY, owner text, grp integer, kind varchar);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION deep(text) RETURNS boolean LANGUAGE sql STABLE RETURN $1 BETWEEN 'a' AND 'b' AND $1 IN ('x', 'y');
CREATE FUNCTION shallow(text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN deep($1); END $$;
-- One of another name, whose word does not occur.
CREATE FUNCTION deeper(text) RETURNS boolean LANGUAGE sql STABLE RETURN true;
CREATE FUNCTION same_note(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 = $2;
CREATE OPERATOR === (FUNCTION = same_note, LEFTARG = integer, RIGHTARG = integer);
CREATE POLICY read ON notes FOR SELECT TO state_staff, state_app
	USING (authz.is_owner(owner) OR grp IN (SELECT grp FROM members WHERE who = authz.user_id()));
CREATE POLICY narrow ON notes AS RESTRICTIVE USING (kind IN ('a', 'b') AND shallow(owner) AND id === 1);
GRANT SELECT (id, owner), UPDATE (owner) ON notes TO state_app;
GRANT SELECT ON notes TO state_staff WITH GRANT OPTION;
GRANT state_staff TO state_app;
CREATE VIEW shown AS SELECT id AS number, kind FROM notes WHERE kind IN ('x', 'y');
CREATE VIEW shown_more WITH (security_invoker) AS SELECT number AS n FROM shown UNION SELECT id FROM notes;
ALTER VIEW shown_more RENAME n TO "Number";
CREATE MATERIALIZED VIEW kept AS SELECT count(*) FROM notes;

-- The sections, and those rows that are about this test.  Versions of the server
-- differ in what a view's columns are called by, and from 17 on an owner may MAINTAIN.
CREATE FUNCTION rows_of(section text, rel regclass DEFAULT 'notes') RETURNS SETOF text LANGUAGE sql AS
$$ SELECT regexp_replace(replace(r::text, format('"%s"', current_user), '"ADMIN"'), '"MAINTAIN", |\mnotes\.(?=(id|kind)\M)', '', 'g') FROM json_array_elements(authz.policy_state(rel) -> section) r WHERE r::text ~ 'state' $$;
SELECT key, json_typeof(value) FROM json_each(authz.policy_state('notes'));
SELECT rows_of('relations');
SELECT rows_of('policies');
SELECT rows_of('grants');
SELECT rows_of('schemas');
SELECT r::json ->> 'name' AS name, r::json -> 'security_definer' AS definer, coalesce(r::json ->> 'source', r::json ->> 'body') AS body FROM rows_of('functions') r;
SELECT rows_of('operators');
SELECT rows_of('roles');
SELECT rows_of('members');

-- Nothing of it depends on the session.
CREATE TABLE first AS SELECT authz.policy_state('notes')::text AS state;
SET search_path = pg_catalog;
SET DateStyle = 'German';
SET standard_conforming_strings = off;
SET quote_all_identifiers = on;
SELECT state = authz.policy_state('policy_state.notes')::text AS same FROM policy_state.first;
SHOW search_path;
RESET DateStyle;
RESET standard_conforming_strings;
RESET quote_all_identifiers;
SET search_path = policy_state;
-- What is done and undone leaves no trace; what is done does.
CREATE PROCEDURE is_seen(done text, undone text) LANGUAGE plpgsql AS $$
DECLARE
	before text := authz.policy_state('notes');
	between text;
	after text;
BEGIN
	EXECUTE done;
	between := authz.policy_state('notes');
	EXECUTE undone;
	after := authz.policy_state('notes');
	RAISE WARNING '% %: %', CASE WHEN between <> before THEN 'seen' ELSE 'NOT SEEN' END,
		CASE WHEN after = before THEN 'and undone' ELSE 'NOT UNDONE' END, done;
END $$;
CALL is_seen('ALTER TABLE notes DISABLE ROW LEVEL SECURITY', 'ALTER TABLE notes ENABLE ROW LEVEL SECURITY');
CALL is_seen('ALTER TABLE notes FORCE ROW LEVEL SECURITY', 'ALTER TABLE notes NO FORCE ROW LEVEL SECURITY');
CALL is_seen('ALTER TABLE notes OWNER TO "state ""PUBLIC"""', format('ALTER TABLE notes OWNER TO %I', current_user));
CALL is_seen('GRANT TRUNCATE ON notes TO state_app', 'REVOKE TRUNCATE ON notes FROM state_app');
CALL is_seen('GRANT SELECT ON notes TO PUBLIC', 'REVOKE SELECT ON notes FROM PUBLIC');
CALL is_seen('REVOKE state_staff FROM state_app', 'GRANT state_staff TO state_app');
CALL is_seen('ALTER ROLE state_app BYPASSRLS', 'ALTER ROLE state_app NOBYPASSRLS');
CALL is_seen('ALTER ROLE state_app NOLOGIN', 'ALTER ROLE state_app LOGIN');
CALL is_seen('GRANT pg_read_all_data TO "state ""PUBLIC"""', 'REVOKE pg_read_all_data FROM "state ""PUBLIC"""');
CALL is_seen('GRANT state_app TO "state ""PUBLIC"""', 'REVOKE state_app FROM "state ""PUBLIC"""');
CALL is_seen('GRANT SELECT ON members TO state_app', 'REVOKE SELECT ON members FROM state_app');
CALL is_seen('CREATE POLICY x ON members USING (true)', 'DROP POLICY x ON members');
CALL is_seen('CREATE OR REPLACE FUNCTION deep(text) RETURNS boolean LANGUAGE sql STABLE RETURN true',
	$$CREATE OR REPLACE FUNCTION deep(text) RETURNS boolean LANGUAGE sql STABLE RETURN $1 BETWEEN 'a' AND 'b' AND $1 IN ('x', 'y')$$);
CALL is_seen('ALTER FUNCTION same_note SECURITY DEFINER', 'ALTER FUNCTION same_note SECURITY INVOKER');
CALL is_seen('ALTER FUNCTION shallow SET search_path = policy_state', 'ALTER FUNCTION shallow RESET search_path');
CALL is_seen('REVOKE EXECUTE ON FUNCTION shallow FROM PUBLIC', 'GRANT EXECUTE ON FUNCTION shallow TO PUBLIC');
CALL is_seen('ALTER VIEW shown SET (security_invoker)', 'ALTER VIEW shown RESET (security_invoker)');
CALL is_seen('GRANT SELECT ON shown TO state_app', 'REVOKE SELECT ON shown FROM state_app');
CALL is_seen('CREATE VIEW another AS SELECT * FROM shown_more', 'DROP VIEW another');
CALL is_seen('CREATE FUNCTION all_notes() RETURNS SETOF notes LANGUAGE plpgsql SECURITY DEFINER AS ''BEGIN RETURN QUERY SELECT * FROM NOTES; END''', 'DROP FUNCTION all_notes');
-- a reader that is one by way of a function which is none
CREATE FUNCTION reads() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM notes); END';
CALL is_seen('CREATE FUNCTION asks_reads() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS ''BEGIN RETURN reads(); END''', 'DROP FUNCTION asks_reads');
CREATE FUNCTION reads_more() RETURNS bigint LANGUAGE sql RETURN reads();
CALL is_seen('CREATE FUNCTION asks_reads() RETURNS bigint LANGUAGE sql SECURITY DEFINER RETURN reads_more()', 'DROP FUNCTION asks_reads');
DROP FUNCTION reads_more, reads;
CALL is_seen('CREATE TABLE child () INHERITS (notes)', 'DROP TABLE child');
CALL is_seen('CREATE TRIGGER t BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner(''owner'')', 'DROP TRIGGER t ON notes');
CALL is_seen('CREATE RULE r AS ON DELETE TO notes DO INSTEAD NOTHING', 'DROP RULE r ON notes');
CALL is_seen('ALTER TABLE notes ALTER owner SET DEFAULT authz.user_id()', 'ALTER TABLE notes ALTER owner DROP DEFAULT');
CREATE FUNCTION is_first(integer) RETURNS boolean LANGUAGE sql STABLE RETURN $1 = 1;
CALL is_seen('SELECT authz.register_access(''n.see'', ''notes'', ''user'', ''policy_state.is_first(integer)'')', 'SELECT authz.unregister_access(''n.see'', ''notes'', ''user'')');
CALL is_seen('SELECT authz.add_issuer(''https://state.example'', ''{a}'')', 'SELECT authz.drop_issuer(''https://state.example'')');
CALL is_seen('SELECT authz.alter_issuer(''https://people.example'', ''{"leeway_seconds": 7}'')', 'SELECT authz.alter_issuer(''https://people.example'', ''{"leeway_seconds": null}'')');
CALL is_seen('SELECT authz.set_actor_ceiling(''https://people.example'', ''bot'', scopes => ''{b,a}'')', 'SELECT authz.drop_actor_ceiling(''https://people.example'', ''bot'')');
-- what is done to another table, by whoever may there, is done to these rows
CREATE TABLE grp (id integer PRIMARY KEY);
ALTER TABLE notes ADD CONSTRAINT grp FOREIGN KEY (grp) REFERENCES grp ON DELETE CASCADE;
CALL is_seen('GRANT DELETE ON grp TO state_app', 'REVOKE DELETE ON grp FROM state_app');
ALTER TABLE notes DROP CONSTRAINT grp;
-- a trigger of any kind may refuse
CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
CALL is_seen('CREATE TRIGGER t AFTER UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION refuses()', 'DROP TRIGGER t ON notes');
CALL is_seen('CREATE CONSTRAINT TRIGGER t AFTER INSERT ON notes DEFERRABLE FOR EACH ROW EXECUTE FUNCTION refuses()', 'DROP TRIGGER t ON notes');
CALL is_seen('CREATE TRIGGER t BEFORE DELETE ON notes EXECUTE FUNCTION refuses()', 'DROP TRIGGER t ON notes');
CALL is_seen('CREATE TRIGGER t BEFORE TRUNCATE ON notes EXECUTE FUNCTION refuses()', 'DROP TRIGGER t ON notes');
CALL is_seen('ALTER VIEW shown ALTER kind SET DEFAULT ''z''', 'ALTER VIEW shown ALTER kind DROP DEFAULT');
-- who goes past policies, by a right of everybody's or as a member of a member
CREATE ROLE state_past BYPASSRLS;
CREATE ROLE state_super SUPERUSER;
CREATE ROLE state_between;
GRANT state_super TO state_between;
CALL is_seen('GRANT state_between TO state_past', 'REVOKE state_between FROM state_past');
GRANT SELECT (id) ON notes TO PUBLIC;
CALL is_seen('ALTER ROLE state_past NOBYPASSRLS', 'ALTER ROLE state_past BYPASSRLS');
CALL is_seen('GRANT state_past TO state_staff', 'REVOKE state_past FROM state_staff');
SELECT authz.policy_state('notes') AS state \gset
ALTER ROLE state_past NOBYPASSRLS;
SELECT authz.policy_changes(authz.policy_state('notes'), :'state');
SELECT authz.policy_changes(:'state', authz.policy_state('notes'));
REVOKE SELECT (id) ON notes FROM PUBLIC;
DROP ROLE state_past, state_super, state_between;
-- what a session of the role begins with
CALL is_seen('ALTER ROLE state_app SET session_replication_role = replica', 'ALTER ROLE state_app RESET session_replication_role');
CALL is_seen('ALTER ROLE state_app SET app.who = ann', 'ALTER ROLE state_app RESET app.who');
CALL is_seen('ALTER ROLE state_app SET TimeZone = UTC', 'ALTER ROLE state_app RESET TimeZone');
CALL is_seen('ALTER ROLE state_app SET dbmi_authz.olp_default = closed', 'ALTER ROLE state_app RESET dbmi_authz.olp_default');
-- These decide nothing.
CREATE PROCEDURE is_not_seen(done text) LANGUAGE plpgsql AS $$
DECLARE
	before text := authz.policy_state('notes');
BEGIN
	EXECUTE done;
	RAISE WARNING '%: %', CASE WHEN authz.policy_state('notes')::text = before THEN 'not seen' ELSE 'SEEN' END, done;
END $$;
CALL is_not_seen('INSERT INTO notes VALUES (1)');
CALL is_not_seen('ANALYZE notes');
CALL is_not_seen('COMMENT ON TABLE notes IS ''words''');
CALL is_not_seen('CREATE INDEX ON notes (owner)');
CALL is_not_seen('ALTER TABLE notes ADD gone integer; ALTER TABLE notes DROP gone');
CALL is_not_seen('DROP POLICY read ON notes; CREATE POLICY read ON notes FOR SELECT TO state_app, state_staff'
	' USING (authz.is_owner(owner) OR grp IN (SELECT grp FROM members WHERE who = authz.user_id()))');
CALL is_not_seen('CREATE OR REPLACE FUNCTION deeper(text) RETURNS boolean LANGUAGE sql STABLE RETURN false');
CALL is_not_seen('CREATE FUNCTION no_notes() RETURNS SETOF notes LANGUAGE plpgsql AS ''BEGIN RETURN QUERY SELECT * FROM notes; END''');
CALL is_not_seen('CREATE TABLE unrelated (id integer); GRANT SELECT ON unrelated TO state_app');
CALL is_not_seen('SELECT authz.watch(''notes'')');
CALL is_not_seen('CREATE ROLE state_elsewhere BYPASSRLS');
DROP ROLE state_elsewhere;
SELECT authz.policy_state('notes')::text ~ 'x5c|000102030405' AS key_material;

-- No function of anybody's is called, and none planned.
CREATE FUNCTION trap(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'called'; END $$;
CREATE DOMAIN trapped AS text CHECK (trap(value));
CREATE TABLE trapdoor (id trapped, owner text DEFAULT CASE WHEN trap('x') THEN 'y' END);
CREATE POLICY p ON trapdoor USING (trap('constant') AND owner::trapped = 'x');
CREATE VIEW trapdoors AS SELECT trap('constant') FROM trapdoor;
SELECT r::json ->> 'name' AS name FROM rows_of('functions', 'trapdoor') r;
SELECT rows_of('types', 'trapdoor'), rows_of('constraints', 'trapdoor');
-- Names that are hostile.
CREATE TABLE "a""; DROP TABLE notes; --'" ("a'b" text, "PUBLIC" integer);
CREATE POLICY "$1""';" ON "a""; DROP TABLE notes; --'" TO "state ""PUBLIC""" USING (authz.is_owner("a'b") AND "PUBLIC" = 1);
SELECT rows_of('policies', '"a""; DROP TABLE notes; --''"'), rows_of('roles', '"a""; DROP TABLE notes; --''"');
-- refuse
SELECT authz.policy_state('notes_pkey');
SELECT authz.policy_state(0);
SELECT authz.policy_state(NULL) IS NULL AS null;

--
-- What differs, in words
--
CREATE PROCEDURE says(done text) LANGUAGE plpgsql AS $$
DECLARE
	before json := authz.policy_state('notes');
	line text;
BEGIN
	EXECUTE done;
	RAISE WARNING '%', done;
	FOR line IN SELECT authz.policy_changes(before, authz.policy_state('notes')) LOOP
		RAISE WARNING '  %', replace(line, quote_ident(current_user), 'ADMIN');
	END LOOP;
END $$;
CALL says('ALTER POLICY read ON notes USING (authz.is_owner(owner))');
CALL says('ALTER POLICY read ON notes USING (authz.is_owner(owner) OR authz.has_scope(''admin''))');
CALL says('ALTER POLICY read ON notes USING ((authz.is_owner(owner) OR authz.has_scope(''admin'')) AND kind <> '' OR '')');
CALL says('ALTER POLICY read ON notes USING (kind = ''x'')');
CALL says('ALTER POLICY read ON notes USING (true)');
CALL says('ALTER POLICY read ON notes TO PUBLIC');
CALL says('ALTER POLICY read ON notes TO state_app');
CALL says('ALTER POLICY narrow ON notes USING (kind IN (''a'', ''b''))');
CALL says('DROP POLICY narrow ON notes');
CALL says('DROP POLICY read ON notes');
CALL says('CREATE POLICY read ON notes USING (authz.is_owner(owner)) WITH CHECK (authz.is_owner(owner) AND kind IS NOT NULL)');
CALL says('ALTER POLICY read ON notes WITH CHECK (authz.is_owner(owner))');
CALL says('CREATE POLICY deny ON notes AS RESTRICTIVE FOR DELETE TO state_app USING (false)');
CALL says('DROP POLICY deny ON notes; CREATE POLICY deny ON notes FOR DELETE TO state_app USING (true)');
CALL says('DROP POLICY deny ON notes');
CALL says('GRANT SELECT, DELETE ON notes TO state_app');
CALL says('REVOKE SELECT (id) ON notes FROM state_app');
CALL says('GRANT state_app TO "state ""PUBLIC"""');
CALL says('CREATE POLICY their ON notes AS RESTRICTIVE TO state_app USING (id > 0)');
CALL says('REVOKE state_app FROM "state ""PUBLIC"""');
CALL says('ALTER ROLE state_app BYPASSRLS');
CALL says('ALTER TABLE notes DISABLE ROW LEVEL SECURITY');
CALL says('ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY');
CALL says('ALTER TABLE notes OWNER TO state_staff');
CALL says('CREATE VIEW open_door AS SELECT * FROM notes; GRANT SELECT ON open_door TO state_app');
CALL says('CREATE VIEW closed_door WITH (security_invoker) AS SELECT * FROM notes; GRANT SELECT ON closed_door TO state_app');
CALL says('ALTER VIEW closed_door RESET (security_invoker)');
CALL says('DROP VIEW open_door');
CALL says('CREATE POLICY more ON notes FOR SELECT TO state_staff USING (shallow(owner) AND EXISTS (SELECT FROM members WHERE who = owner))');
CALL says('CREATE OR REPLACE FUNCTION deep(text) RETURNS boolean LANGUAGE sql STABLE RETURN false');
CALL says('GRANT SELECT ON members TO state_staff');
-- Whoever sees more of members may see less of notes.
CALL says('GRANT state_staff TO "state ""PUBLIC"""');
CALL says('ALTER ROLE "state ""PUBLIC""" BYPASSRLS');
CALL says('SELECT authz.alter_issuer(''https://people.example'', ''{"leeway_seconds": 7}'')');
CALL says('SELECT authz.set_actor_ceiling(''https://people.example'', ''bot'', scopes => ''{b,a}'')');
CALL says('SELECT 1');
-- What decides may read the relation itself.
CALL says('CREATE FUNCTION count_notes() RETURNS bigint LANGUAGE sql SECURITY DEFINER STABLE AS ''SELECT count(*) FROM policy_state.notes'';
	CREATE POLICY few ON notes AS RESTRICTIVE TO PUBLIC USING (count_notes() < 10)');
CALL says('ALTER POLICY read ON notes USING (true)');
-- refuse
SELECT authz.policy_changes('{}', '{}');
SELECT authz.policy_changes('[]', authz.policy_state('notes'));
SELECT authz.policy_changes('7', authz.policy_state('notes'));
SELECT authz.policy_changes('{"format": 99, "relation": "x"}', authz.policy_state('notes'));
SELECT authz.policy_changes('{"format": 1, "relation": "policy_state.notes", "policies": {}}', authz.policy_state('notes'));
SELECT authz.policy_changes('{"format": 1, "relation": "policy_state.notes"}', authz.policy_state('notes'));
SELECT authz.policy_changes(replace(authz.policy_state('notes')::text, '"roles": ["PUBLIC"], "using"', '"roles": {}, "using"')::json, authz.policy_state('notes'));
SELECT authz.policy_changes(authz.policy_state('members'), authz.policy_state('notes'));
SELECT authz.policy_changes(replace(authz.policy_state('notes')::text, '"name"', '"nom"')::json, authz.policy_state('notes'));
SELECT authz.policy_changes(NULL, authz.policy_state('notes'));

-- keys by their thumbprints, but for a secret: that of a weak one helps guessing it
SELECT authz.add_secret('https://people.example', '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'secret'),
	authz.add_key('https://people.example', '{"kty": "EC", "crv": "P-256", "kid": "public", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}') \g /dev/null
SELECT k ->> 'alg' AS alg, k ->> 'thumbprint' IS NOT NULL AS thumbprint
  FROM json_array_elements(authz.policy_state('notes') -> 'keys') k WHERE k ->> 'issuer' = 'https://people.example' ORDER BY 1;
SELECT authz.drop_key('https://people.example', 'secret'), authz.drop_key('https://people.example', 'public') \g /dev/null

RESET search_path;
SELECT authz.drop_actor_ceiling('https://people.example', 'bot'), authz.alter_issuer('https://people.example', '{"leeway_seconds": null}') \g /dev/null
DROP SCHEMA policy_state CASCADE;
DROP ROLE state_app, state_staff, "state ""PUBLIC""";
CALL mint.go_home();
