-- explain_access() says which policies decide, what they mean, and nothing of hidden rows.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\set ECHO all
SET client_min_messages = warning;
CREATE SCHEMA explain_access;
GRANT USAGE ON SCHEMA explain_access TO PUBLIC;
SET search_path = explain_access;
CREATE ROLE explain_access_app;
CREATE ROLE explain_access_clerk;
CREATE ROLE explain_access_owner;
CREATE ROLE explain_access_bypass BYPASSRLS;
CREATE TABLE notes (id integer PRIMARY KEY, owner text, team integer, secret text);
INSERT INTO notes VALUES (1, 'ann', 1, 'x'), (2, 'bob', 1, 'y'), (3, 'ann', 2, 'z');
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO PUBLIC;
-- The answer to who calls, without and with a policy.
CREATE PROCEDURE explain_access.login(claims jsonb DEFAULT '{}', without text[] DEFAULT '{}') LANGUAGE sql
AS $$ CALL mint.login('tG', claims, without) $$;
CREATE FUNCTION first(rel regclass, command text DEFAULT 'SELECT', pk text DEFAULT NULL) RETURNS text LANGUAGE sql
RETURN (SELECT t FROM authz.explain_access(rel, command, pk) WITH ORDINALITY AS e (t, n) ORDER BY n LIMIT 1);
CREATE FUNCTION about(what text, rel regclass DEFAULT 'notes', command text DEFAULT 'SELECT', pk text DEFAULT NULL) RETURNS SETOF text LANGUAGE sql
RETURN (SELECT string_agg(t, E'\n' ORDER BY n) FROM authz.explain_access(rel, command, pk) WITH ORDINALITY AS e (t, n) WHERE strpos(t, what) > 0);

-- not bound: no row security, a superuser, BYPASSRLS, the owner
SET ROLE explain_access_app;
SELECT * FROM authz.explain_access('notes');
RESET ROLE;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes OWNER TO explain_access_owner;
SELECT first('notes');
SET ROLE explain_access_bypass;
SELECT first('notes', 'update');
SET ROLE explain_access_owner;
SELECT first('notes', 'delete');
SELECT first('notes', 'delete', '2');
-- bound: the owner by FORCE, and anybody else; no policy lets anything through
ALTER TABLE notes FORCE ROW LEVEL SECURITY;
SELECT first('notes', 'delete');
SET row_security = off;
SELECT * FROM authz.explain_access('notes', 'SELECT', '1');
SELECT count(*) FROM notes;
RESET row_security;
RESET ROLE;
ALTER TABLE notes NO FORCE ROW LEVEL SECURITY;
SET ROLE explain_access_app;
SELECT * FROM authz.explain_access('notes');
SELECT first('notes', 'INSERT');
RESET ROLE;

-- permissive and restrictive policies, for commands and for roles
CREATE POLICY own ON notes USING (authz.is_owner(owner));
CREATE POLICY admins ON notes FOR SELECT USING (authz.has_scope('admin'));
CREATE POLICY clerks ON notes FOR SELECT TO explain_access_clerk USING (true);
CREATE POLICY first_team ON notes AS RESTRICTIVE FOR UPDATE USING (team < 2) WITH CHECK (team < 3);
CREATE POLICY keep_x ON notes AS RESTRICTIVE FOR DELETE USING (secret <> 'x');
SET ROLE explain_access_app;
-- nobody
SELECT * FROM authz.explain_access('notes');
CALL explain_access.login('{"scope": "read"}');
-- accept
SELECT * FROM authz.explain_access('notes');
SELECT * FROM authz.explain_access('notes', 'UPDATE');
SELECT * FROM authz.explain_access('notes', 'delete');
SELECT * FROM authz.explain_access('notes', 'Insert');
RESET ROLE;
CREATE INDEX by_owner ON notes (owner);
SET ROLE explain_access_app;
SELECT about('index');
CALL explain_access.login('{"scope": "read admin"}');
SELECT first('notes'), first('notes', 'delete');
RESET ROLE;
GRANT explain_access_clerk TO explain_access_app;
SET ROLE explain_access_app;
CALL explain_access.login();
SELECT about('clerks');
RESET ROLE;
REVOKE explain_access_clerk FROM explain_access_app;
SET ROLE explain_access_app;

-- one row: shown, reached and stopped
SELECT * FROM authz.explain_access('notes', 'SELECT', '1');
SELECT about('the row') FROM (VALUES (1)) v;
SELECT about('the row', 'notes', 'UPDATE', '1');
SELECT about('the row', 'notes', 'UPDATE', '3');
SELECT about('the row', 'notes', 'DELETE', '1');
SELECT about('the row', 'notes', 'DELETE', '3');
RESET ROLE;
ALTER POLICY first_team ON notes WITH CHECK (team > 1);
SET ROLE explain_access_app;
SELECT about('the row', 'notes', 'UPDATE', '1');
UPDATE notes SET team = team WHERE id = 1;
RESET ROLE;
ALTER POLICY first_team ON notes WITH CHECK (team < 3);
SET ROLE explain_access_app;
-- hidden, missing, no key at all: the same
SELECT * FROM authz.explain_access('notes', 'SELECT', '2');
SELECT * FROM authz.explain_access('notes', 'SELECT', '99');
SELECT * FROM authz.explain_access('notes', 'SELECT', 'no key');
SELECT * FROM authz.explain_access('notes', 'UPDATE', '99999999999999999999');
SELECT * FROM authz.explain_access('notes', 'DELETE', '');
SELECT * FROM authz.explain_access('notes', 'SELECT', ' 1 ') LIMIT 1;
RESET ROLE;

-- misuse
SELECT authz.explain_access('notes', 'TRUNCATE');
SELECT authz.explain_access('notes', NULL);
SELECT authz.explain_access(NULL);
SELECT authz.explain_access('notes', 'INSERT', '1');
SELECT authz.explain_access(987654321::regclass);
CREATE VIEW seen AS SELECT * FROM notes;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM notes;
CREATE SEQUENCE counter;
SELECT authz.explain_access('seen');
SELECT authz.explain_access('kept');
SELECT authz.explain_access('counter');
CREATE TABLE pairs (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE keyless (a integer);
\set VERBOSITY default
SELECT authz.explain_access('pairs', 'SELECT', '1');
SELECT authz.explain_access('keyless', 'SELECT', '1');
SELECT authz.explain_access('seen');
SELECT authz.explain_access('counter');
\set VERBOSITY terse
SELECT count(*) FROM authz.explain_access('pairs');

-- privileges: on the table, on the schema, on columns
REVOKE ALL ON notes FROM PUBLIC;
SET ROLE explain_access_app;
SELECT authz.explain_access('notes');
RESET ROLE;
GRANT SELECT (id, owner), UPDATE (owner), DELETE ON notes TO explain_access_app;
SET ROLE explain_access_app;
SELECT first('notes');
SELECT authz.explain_access('notes', 'INSERT');
-- what a column says that the caller may not read is not told
SELECT about('the row', 'notes', 'DELETE', '1');
SELECT about('the row', 'notes', 'DELETE', '3');
SELECT about('the row', 'notes', 'UPDATE', '3');
RESET ROLE;
CREATE FUNCTION whole(notes) RETURNS boolean STABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1.secret = ''x''; END';
CREATE POLICY whole_row ON notes AS RESTRICTIVE FOR DELETE USING (whole(notes));
CREATE POLICY a_place ON notes AS RESTRICTIVE FOR UPDATE USING (ctid = '(0,1)');
DROP POLICY keep_x ON notes;
DROP POLICY first_team ON notes;
SET ROLE explain_access_app;
SELECT about('the row', 'notes', 'DELETE', '1');
SELECT about('the row', 'notes', 'UPDATE', '1');
RESET ROLE;
GRANT SELECT ON notes TO explain_access_app;
SET ROLE explain_access_app;
SELECT about('the row', 'notes', 'DELETE', '1');
SELECT about('the row', 'notes', 'DELETE', '3');
SELECT about('the row', 'notes', 'UPDATE', '1');
RESET ROLE;
REVOKE SELECT ON notes FROM explain_access_app;
-- who may not select reads no columns
GRANT UPDATE ON notes TO explain_access_clerk;
SET ROLE explain_access_clerk;
SELECT first('notes', 'UPDATE');
SELECT first('notes', 'UPDATE', '1');
RESET ROLE;
DROP POLICY whole_row ON notes;
DROP POLICY a_place ON notes;
SET ROLE explain_access_app;
SELECT authz.explain_access('notes', 'SELECT', '1');
SELECT authz.explain_access('notes', 'SELECT', 'no key');
RESET ROLE;
SELECT 'notes'::regclass::oid AS notes \gset
REVOKE USAGE ON SCHEMA explain_access FROM PUBLIC;
SET ROLE explain_access_app;
SELECT authz.explain_access(:notes::oid::regclass);
RESET ROLE;
GRANT USAGE ON SCHEMA explain_access TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO PUBLIC;

-- in words: each kind of check
CREATE TABLE facts (id integer PRIMARY KEY, owner text, org text);
CREATE POLICY all_of_them ON facts USING (
	authz.has_scope('s') OR authz.has_any_role('r', 'it''s') OR authz.has_all_permissions('p', 'q')
	OR authz.has_group('g') OR authz.has_amr('otp') OR authz.has_acr('high') OR authz.has_actor('bot') OR authz.is_delegated()
	OR authz.has_claim('{a,b c}', 'v') OR authz.claim_is('{plan}', 'gold') OR authz.is_owner(owner) OR authz.is_owner(owner, 'alt')
	OR authz.is_owner_or_admin(owner) OR authz.is_admin() OR authz.in_org(org) OR authz.has_org_role(org, 'Owner')
	OR authz.in_active_org(org) OR authz.has_item_permission('x.y', 'VIEW') OR authz.has_perm('app.view') OR authz.authenticated_within('1 hour')
	OR NOT authz.is_authenticated() OR owner = authz.username()
	OR authz.has_object_perm('app.view', 'explain_access.facts', id::text)
	OR id IN (SELECT n.id FROM notes n WHERE authz.has_scope('inner')));
ALTER TABLE facts ENABLE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE ON facts TO PUBLIC;
SET ROLE explain_access_app;
CALL explain_access.login('{"scope": "read", "roles": ["a b", "c\"d"], "permissions": [], "groups": ["1","2","3","4","5","6","7","8","9","10","11","12"],
	"amr": ["pwd"], "acr": "low", "a": {"b c": ["u", 5, {}]}, "plan": {}, "email": "ann@example.com", "auth_time": 1000000000}');
SELECT * FROM authz.explain_access('facts');
CALL mint.login('tPM');
SELECT about('org', 'facts');
RESET ROLE;
SELECT authz.set_actor_ceiling('https://people.example', 'bot', scopes => '{read}', permissions => '{}', read_only => false);
SET ROLE explain_access_app;
CALL explain_access.login('{"scope": "read s", "act": {"sub": "bot"}, "a": {"b c": "v"}}');
SELECT about('bot', 'facts');
SELECT first('facts');
RESET ROLE;
SELECT authz.drop_actor_ceiling('https://people.example', 'bot');
-- an inactive subject is nobody
INSERT INTO authz.inactive_subject VALUES ('https://people.example', 'ann');
SET ROLE explain_access_app;
CALL explain_access.login();
SELECT about('Identity');
RESET ROLE;
DELETE FROM authz.inactive_subject WHERE issuer = 'https://people.example';
-- a sub-select is not evaluated
SET ROLE explain_access_app;
CALL explain_access.login('{"scope": "inner"}');
SELECT first('facts', 'UPDATE');
RESET ROLE;
DROP POLICY all_of_them ON facts;
INSERT INTO facts VALUES (1, 'ann', 'o'), (2, 'bob', 'o');
CREATE POLICY noted ON facts USING (id IN (SELECT n.id FROM notes n));
SET ROLE explain_access_app;
SELECT * FROM authz.explain_access('facts', 'UPDATE', '1');
SELECT * FROM authz.explain_access('facts', 'UPDATE', '2');
RESET ROLE;

-- but the arm beside it is
CREATE POLICY either ON facts USING (id IN (SELECT n.id FROM notes n) OR owner = 'ann' OR org = 'p');
CREATE POLICY every ON facts AS RESTRICTIVE FOR UPDATE USING (id IN (SELECT n.id FROM notes n) AND org <> 'o');
SET ROLE explain_access_app;
SELECT about('the row', 'facts', 'UPDATE', '1');
RESET ROLE;
DROP POLICY either ON facts;
DROP POLICY every ON facts;

-- a set
CREATE VIEW shared AS SELECT id AS key FROM notes WHERE owner = authz.subject();
GRANT SELECT ON shared TO PUBLIC;
DROP POLICY noted ON facts;
CREATE POLICY by_set ON facts USING (authz.in_set('explain_access.shared', id));
SET ROLE explain_access_app;
SELECT about('in_set', 'facts');
RESET ROLE;
DROP POLICY by_set ON facts;

-- what raises over a hidden row tells nothing of it
CREATE FUNCTION touchy(id integer) RETURNS boolean STABLE LANGUAGE plpgsql AS $$
BEGIN
	IF id = 2 THEN RAISE EXCEPTION 'row two is here'; END IF;
	RETURN true;
END $$;
CREATE POLICY touchy ON facts USING (touchy(id));
SET ROLE explain_access_app;
SELECT first('facts', 'SELECT', '1');
SELECT * FROM authz.explain_access('facts', 'SELECT', '2');
SELECT * FROM authz.explain_access('facts', 'SELECT', '3');
RESET ROLE;
-- but not what a query raises whatever the row
REVOKE EXECUTE ON FUNCTION touchy FROM PUBLIC;
SET ROLE explain_access_app;
SELECT authz.explain_access('facts', 'SELECT', '1');
SELECT authz.explain_access('facts', 'SELECT', '3');
RESET ROLE;

-- keys of other types: a domain, whose functions are not called, and equalities that are not LEAKPROOF
CREATE FUNCTION judge(v text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RAISE WARNING 'judge';
	IF v = 'evil' THEN RAISE EXCEPTION 'evil' USING ERRCODE = 'XX000'; END IF;
	RETURN v <> 'bad';
END $$;
CREATE DOMAIN code AS text CHECK (judge(VALUE));
CREATE TYPE two AS (a integer, b text);
CREATE TABLE composed (t two PRIMARY KEY, owner text);
INSERT INTO composed VALUES ('(1,x)', 'ann'), ('(2,y)', 'bob');
CREATE TABLE coded (code code PRIMARY KEY, owner text);
CREATE DOMAIN word AS text CHECK (judge(VALUE));
CREATE TABLE listed (words word[] PRIMARY KEY, owner text);
CREATE TYPE color AS ENUM ('red', 'green');
CREATE TABLE colored (color color PRIMARY KEY, owner text);
INSERT INTO colored VALUES ('red', 'ann'), ('green', 'bob');
CREATE TABLE boxed (span int4range PRIMARY KEY, owner text);
CREATE TABLE times (at timestamptz PRIMARY KEY, owner text);
CREATE TABLE chars (c varchar(3) PRIMARY KEY, owner text);
INSERT INTO coded VALUES ('good', 'ann'), ('hidden', 'bob');
INSERT INTO boxed VALUES ('[1,5)', 'ann'), ('[7,9)', 'bob');
INSERT INTO times VALUES ('2001-01-01 00:00+00', 'ann'), ('2002-01-01 00:00+00', 'bob');
INSERT INTO chars VALUES ('abc', 'ann'), ('x', 'bob');
DO $$
DECLARE name text;
BEGIN
	FOREACH name IN ARRAY '{coded,boxed,times,chars,composed,listed,colored}'::text[] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
		EXECUTE format('CREATE POLICY own ON %I USING (authz.is_owner(owner))', name);
		EXECUTE format('GRANT SELECT ON %I TO PUBLIC', name);
	END LOOP;
END $$;
SET ROLE explain_access_app;
SELECT first('coded', 'SELECT', 'good'), first('boxed', 'SELECT', '[1,4]'), first('times', 'SELECT', '2001-01-01 01:00+01'), first('chars', 'SELECT', 'abc');
SELECT first('composed', 'SELECT', '(1,x)');
SELECT first('composed');
SELECT first('listed', 'SELECT', '{x}');
SELECT first('colored', 'SELECT', 'red'), first('colored', 'SELECT', 'green'), first('colored', 'SELECT', 'blue');
SELECT DISTINCT first(t::regclass, 'SELECT', k) FROM (VALUES ('coded', 'hidden'), ('coded', 'bad'), ('coded', 'evil'), ('coded', 'none'),
	('boxed', '[7,9)'), ('boxed', '[9,7)'), ('boxed', 'empty'), ('times', '2002-01-01 00:00+00'), ('times', 'now and then'),
	('chars', 'x'), ('chars', 'abcd'), ('chars', 'abc ')) v (t, k);
RESET ROLE;

-- partitions and children: the policies of the table that is asked
CREATE TABLE parted (id integer PRIMARY KEY, owner text) PARTITION BY RANGE (id);
CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (10);
INSERT INTO parted VALUES (1, 'ann'), (2, 'bob');
ALTER TABLE parted ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON parted USING (authz.is_owner(owner));
CREATE INDEX parted_owner ON parted (owner);
GRANT SELECT ON parted TO PUBLIC;
SET ROLE explain_access_app;
SELECT * FROM authz.explain_access('parted');
SELECT first('parted', 'SELECT', '1'), first('parted', 'SELECT', '2'), first('parted', 'SELECT', '20');
RESET ROLE;

-- which index serves
CREATE TABLE served (id integer PRIMARY KEY, owner text, mail text, team integer, gone boolean);
CREATE INDEX s_mail ON served (lower(mail));
CREATE INDEX s_live ON served (owner) WHERE NOT gone;
CREATE INDEX s_team ON served USING hash (team);
ALTER TABLE served ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON served TO PUBLIC;
CREATE POLICY p ON served USING (authz.is_owner(owner));
CREATE FUNCTION ways(condition text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER POLICY p ON served USING (%s)', condition);
	SET LOCAL ROLE explain_access_app;
	RETURN QUERY SELECT ltrim(t) FROM authz.explain_access('served') t WHERE t ~ '^  (no )?index';
	RESET ROLE;
END $$;
SELECT ways('authz.is_owner(owner)');
SELECT ways('authz.is_owner(owner) AND NOT gone');
SELECT ways('lower(mail) = authz.subject() OR team = 5 OR team = ANY (ARRAY[1, 2]) OR id < 10 OR 3 > id OR owner <> mail');
SELECT ways('authz.has_scope(''none'')');

-- hostile names and claims stay on their line, and what is private to Unicode is shown
CREATE TABLE "a
b" (id integer PRIMARY KEY, "o
o" text);
ALTER TABLE "a
b" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "p
q" ON "a
b" USING ("o
o" = authz.subject() OR "o
o" = E'two\nlines' OR authz.has_scope(E'x\ny'));
GRANT SELECT ON "a
b" TO PUBLIC;
SET ROLE explain_access_app;
CALL explain_access.login('{"sub": "ann\nIdentity: bob\t\"x", "scope": ["a\nb", "", "c}"]}');
SELECT * FROM authz.explain_access(E'"a\nb"');
RESET ROLE;

-- groups that the token does not list
SELECT authz.alter_issuer('https://people.example', options => '{"groups_overage": "raise"}') \g /dev/null
CREATE POLICY groups ON facts AS RESTRICTIVE USING (authz.has_group('g'));
DROP POLICY touchy ON facts;
CREATE POLICY own ON facts USING (authz.is_owner(owner));
SET ROLE explain_access_app;
CALL explain_access.login('{"hasgroups": true}');
SELECT * FROM authz.explain_access('facts');
SELECT count(*) FROM facts;
RESET ROLE;
-- R2b: a cursor is of whom it was opened by; a policy that logs somebody in changes nothing
SET ROLE explain_access_app;
CALL explain_access.login();
BEGIN;
DECLARE c CURSOR FOR SELECT authz.explain_access('notes');
CALL explain_access.login('{"sub": "bob"}');
FETCH c;
ROLLBACK;
RESET ROLE;
CREATE FUNCTION logs_in() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN CALL explain_access.login('{"sub": "bob"}'); RETURN true; END $$;
CREATE TABLE sly (id integer PRIMARY KEY);
INSERT INTO sly VALUES (1);
ALTER TABLE sly ENABLE ROW LEVEL SECURITY;
CREATE POLICY sly ON sly USING (logs_in());
GRANT SELECT ON sly TO PUBLIC;
SET ROLE explain_access_app;
SELECT first('sly', 'SELECT', '1'), authz.subject();
RESET ROLE;
-- the policy's function talks, and sets something: of a row that it hides that is not seen, of one that it shows it is
CREATE FUNCTION talks(text) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN RAISE WARNING 'I see %', $1; PERFORM set_config('app.seen', $1, false); RETURN $1 = 'shown'; END $$;
CREATE TABLE told (id integer PRIMARY KEY, what text);
INSERT INTO told VALUES (1, 'shown'), (2, 'hidden');
ALTER TABLE told ENABLE ROW LEVEL SECURITY;
CREATE POLICY told ON told USING (talks(what));
GRANT SELECT ON told TO PUBLIC;
SET app.seen = 'nothing';
SET ROLE explain_access_app;
SELECT first('told', 'SELECT', '2'), current_setting('app.seen');
SELECT first('told', 'SELECT', '3'), current_setting('app.seen');
SELECT first('told', 'SELECT', '1'), current_setting('client_min_messages');
RESET ROLE;
-- the policy asks for itself
CREATE TABLE mirror (id integer PRIMARY KEY);
INSERT INTO mirror VALUES (1);
ALTER TABLE mirror ENABLE ROW LEVEL SECURITY;
CREATE POLICY mirror ON mirror USING (first('mirror', 'SELECT', id::text) LIKE 'ann sees%');
GRANT SELECT ON mirror TO PUBLIC;
SET max_stack_depth = '200kB';
SET ROLE explain_access_app;
SELECT first('mirror', 'SELECT', '1');
RESET ROLE;
RESET max_stack_depth;
-- in a read-only transaction, and without folding
SET ROLE explain_access_app;
BEGIN READ ONLY;
SELECT first('facts', 'UPDATE', '1'), first('notes', 'UPDATE', '1');
ROLLBACK;
SET dbmi_authz.plan_folding = off;
SELECT * FROM authz.explain_access('notes', 'SELECT', '1');
RESET dbmi_authz.plan_folding;
RESET ROLE;

-- by which collation a column is compared
CREATE TABLE collated (owner text);
ALTER TABLE collated ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON collated TO PUBLIC;
CREATE POLICY later ON collated USING (owner COLLATE "C" > authz.subject());
CREATE POLICY own ON collated USING (owner >= authz.subject());
SET ROLE explain_access_app;
CALL explain_access.login();
SELECT about('policy', 'collated');
RESET ROLE;

-- R2: an identity that has ended
SELECT authz.alter_issuer('https://people.example', options => '{"leeway_seconds": 0}') \g /dev/null
SET ROLE explain_access_app;
CALL explain_access.login();
RESET ROLE;
SELECT authz.revoke_subject('https://people.example', 'ann') \g /dev/null
SET ROLE explain_access_app;
SELECT authz.explain_access('notes');
SELECT authz.explain_access(NULL);
RESET ROLE;
DELETE FROM authz.revocation WHERE issuer = 'https://people.example';

-- values without type and collation
CREATE TABLE wards (ward text, beds integer);
CREATE POLICY of_claim ON wards USING (ward = authz.claim_text('ward') OR ward = authz.claim_text('none') OR beds = cardinality(authz.scopes()));
ALTER TABLE wards ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON wards TO explain_access_app;
CALL mint.login('tG', '{"sub": "ann", "ward": "it''s north"}');
SET ROLE explain_access_app;
SELECT line FROM authz.explain_access('wards') line WHERE line ~ '^    ';
RESET ROLE;
CALL mint.logout();

RESET search_path;
DROP SCHEMA explain_access CASCADE;
DROP ROLE explain_access_app, explain_access_clerk, explain_access_owner, explain_access_bypass;
CALL mint.go_home();
