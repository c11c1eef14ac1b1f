-- A table of the extension whose changes would not be felt, or would not last, or whose texts compare in another way, counts as missing, and a session is told, once.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\pset format unaligned
\pset footer off
\set ECHO all
SELECT current_database() AS db \gset
SET client_min_messages = error;
CREATE TABLE tables_question (id integer PRIMARY KEY);
CREATE FUNCTION tables_rule(integer) RETURNS boolean LANGUAGE sql RETURN true;
INSERT INTO tables_question VALUES (1);
SELECT authz.register_access('polls.see', 'tables_question', 'user', 'tables_rule(integer)'), authz.revoke_token('people dbmi', 'J1') \g /dev/null
INSERT INTO authz.inactive_subject VALUES ('people dbmi', 'somebody');
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('user@example.com', 'my-client', 'ward', 'VIEW');
INSERT INTO authz.permission_implies VALUES ('my-client', 'VIEW', 'LIST');
-- What a session finds: may it log in, as whom, and what may it do.
CREATE FUNCTION tables_ask() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	question text;
	answer text;
BEGIN
	FOREACH question IN ARRAY ARRAY['authz.try_set_token(mint.person(''tD0'', ''{"https://authorization.dbmi.hms.harvard.edu": {"permissions": ["polls.see"]}}''))', 'authz.token_state()', 'authz.email()', 'authz.has_item_permission(''ward'', ''list'')',
		'(SELECT count(*) FROM authz.item_permissions())', 'authz.has_object_perm(''polls.see'', ''tables_question'', ''1'')'] LOOP
		answer := concat_ws(', ', answer, mint.outcome('SELECT ' || question));
	END LOOP;
	RETURN answer;
END $$;
-- The same after that was done to a table, which is then undone.
CREATE FUNCTION tables_after(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE statement;
	answer := tables_ask();
	RAISE EXCEPTION USING ERRCODE = 'ZZ999';
EXCEPTION
	WHEN SQLSTATE 'ZZ999' THEN RETURN answer;
	WHEN OTHERS THEN RETURN concat_ws(' ', SQLSTATE, SQLERRM);
END $$;
CREATE VIEW tables_name AS SELECT n, t FROM unnest(ARRAY['profile', 'issuer', 'issuer_key', 'revocation', 'inactive_subject', 'item_permission', 'permission_implies', 'object_access']) WITH ORDINALITY u(t, n);

-- accept
SELECT tables_ask();
-- Z13: accept: triggers switched off and on as they were, and a trigger more
SELECT done, array_agg(DISTINCT tables_after(format(done, t))) FROM tables_name, unnest(ARRAY[
	'ALTER TABLE authz.%1$I DISABLE TRIGGER USER, ENABLE ALWAYS TRIGGER guard, ENABLE ALWAYS TRIGGER changed',
	'ALTER TABLE authz.%1$I DISABLE TRIGGER USER; ALTER TABLE authz.%1$I ENABLE TRIGGER USER, ENABLE ALWAYS TRIGGER changed; ALTER TABLE authz.%1$I ENABLE ALWAYS TRIGGER guard',
	'ALTER TRIGGER changed ON authz.%1$I RENAME TO tells',
	'CREATE TRIGGER more BEFORE UPDATE ON authz.%1$I FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger(); ALTER TABLE authz.%1$I DISABLE TRIGGER more']) done GROUP BY done ORDER BY done;
-- Z13: refuse: each of the eight tables, whose rows replication would bring without a word
SELECT t, tables_after(format('ALTER TABLE authz.%1$I DISABLE TRIGGER USER; ALTER TABLE authz.%1$I ENABLE TRIGGER USER', t)) FROM tables_name ORDER BY n;
-- Z13: the same by other ways
SELECT done, tables_after(format(done, t)) FROM unnest(ARRAY['issuer', 'revocation', 'inactive_subject', 'item_permission']) t, unnest(ARRAY[
	'ALTER TABLE authz.%1$I DISABLE TRIGGER ALL',
	'ALTER TABLE authz.%1$I DISABLE TRIGGER changed',
	'ALTER TABLE authz.%1$I ENABLE TRIGGER changed',
	'ALTER TABLE authz.%1$I ENABLE REPLICA TRIGGER changed',
	'ALTER TABLE authz.%1$I ENABLE TRIGGER guard',
	'DROP TRIGGER changed ON authz.%1$I',
	'DROP TRIGGER changed ON authz.%1$I; CREATE TRIGGER changed AFTER INSERT OR UPDATE ON authz.%1$I FOR EACH ROW EXECUTE FUNCTION authz.trust_guard(); ALTER TABLE authz.%1$I ENABLE ALWAYS TRIGGER changed',
	'DROP TRIGGER changed ON authz.%1$I; CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON authz.%1$I FOR EACH ROW WHEN (false) EXECUTE FUNCTION authz.trust_guard(); ALTER TABLE authz.%1$I ENABLE ALWAYS TRIGGER changed',
	'DROP TRIGGER changed ON authz.%1$I; CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON authz.%1$I FOR EACH STATEMENT EXECUTE FUNCTION authz.trust_guard(); ALTER TABLE authz.%1$I ENABLE ALWAYS TRIGGER changed',
	'CREATE FUNCTION tables_guard() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NULL; END''; DROP TRIGGER changed ON authz.%1$I; CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON authz.%1$I FOR EACH ROW EXECUTE FUNCTION tables_guard(); ALTER TABLE authz.%1$I ENABLE ALWAYS TRIGGER changed'
	]) done;

-- Z19: refuse: texts that compare in another way, times that are rounded
SELECT done, tables_after('ALTER TABLE authz.' || done) FROM unnest(ARRAY[
	'profile ALTER profile TYPE text COLLATE "default"', 'profile ALTER profile TYPE text COLLATE "POSIX"', 'profile ALTER chosen_by TYPE text COLLATE "C"',
	'issuer ALTER issuer TYPE text COLLATE "default"', 'issuer ALTER audience TYPE text[] COLLATE "POSIX"', 'issuer ALTER profile TYPE text COLLATE "default"',
	'issuer_key ALTER issuer TYPE text COLLATE "default"', 'issuer_key ALTER kid TYPE text COLLATE "default"', 'issuer_key ALTER thumbprint TYPE text COLLATE "POSIX"', 'issuer_key ALTER added_at TYPE timestamptz(0)',
	'revocation ALTER issuer TYPE text COLLATE "default"', 'revocation ALTER kind TYPE text COLLATE "POSIX"', 'revocation ALTER value TYPE text COLLATE "default"', 'revocation ALTER issued_before TYPE timestamptz(0)',
	'inactive_subject ALTER issuer TYPE text COLLATE "default"', 'inactive_subject ALTER subject TYPE text COLLATE "POSIX"',
	'item_permission ALTER client TYPE text COLLATE "default"', 'item_permission ALTER email TYPE text COLLATE "POSIX"', 'item_permission ALTER item TYPE text COLLATE "default"', 'item_permission ALTER granted_at TYPE timestamptz(0)',
	'permission_implies ALTER client TYPE text COLLATE "default"', 'permission_implies ALTER implies TYPE text COLLATE "POSIX"',
	'object_access ALTER perm TYPE text COLLATE "default"', 'object_access ALTER rule TYPE text COLLATE "POSIX"']) done;
-- Z19: refuse: columns that have changed places; who writes by their names writes elsewhere
SELECT done, tables_after(done) FROM unnest(ARRAY[
	'ALTER TABLE authz.revocation RENAME kind TO x; ALTER TABLE authz.revocation RENAME value TO kind; ALTER TABLE authz.revocation RENAME x TO value',
	'ALTER TABLE authz.inactive_subject RENAME subject TO x; ALTER TABLE authz.inactive_subject RENAME issuer TO subject; ALTER TABLE authz.inactive_subject RENAME x TO issuer',
	'ALTER TABLE authz.permission_implies RENAME permission TO x; ALTER TABLE authz.permission_implies RENAME implies TO permission; ALTER TABLE authz.permission_implies RENAME x TO implies',
	'ALTER TABLE authz.issuer_key RENAME alg TO "select"']) done;
-- Z19: accept: mended; and what changes no column of ours
SELECT done, tables_after('ALTER TABLE authz.' || done) FROM unnest(ARRAY[
	'revocation ALTER value TYPE text COLLATE "default"; ALTER TABLE authz.revocation ALTER value TYPE text COLLATE "C"',
	'item_permission ALTER granted_at TYPE timestamptz(0); ALTER TABLE authz.item_permission ALTER granted_at TYPE timestamptz',
	'revocation ADD more text COLLATE "POSIX"; ALTER TABLE authz.revocation DROP more; CREATE INDEX ON authz.revocation (value COLLATE "default")']) done;
-- Z19: an index of the name, but sorted otherwise, or over some of the rows: nothing is known, so nothing is granted
SELECT done, tables_after('DROP INDEX authz.item_permission_key; CREATE INDEX item_permission_key ON authz.item_permission ' || done) FROM unnest(ARRAY[
	'(client, lower(email))',
	'(client, lower(email COLLATE "POSIX"))', '(client COLLATE "default", lower(email))', '(client text_pattern_ops, lower(email))',
	'(client, lower(email)) WHERE permission <> ''VIEW''']) done;
SELECT tables_after($$UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'authz.item_permission_key'::regclass$$);
-- Z19: refuse: rows that would be gone after a crash
SELECT t, tables_after(format('ALTER TABLE authz.%I SET UNLOGGED', t)) FROM tables_name ORDER BY n;
-- accept: what the owner may do to a table without a session noticing
SELECT done, array_agg(DISTINCT tables_after(format(done, t))) FROM tables_name, unnest(ARRAY[
	'ALTER TABLE authz.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', 'ALTER TABLE authz.%I DISABLE ROW LEVEL SECURITY', 'CREATE RULE r AS ON DELETE TO authz.%I DO ALSO NOTHING',
	'CREATE TABLE tables_child () INHERITS (authz.%I)', 'CREATE TABLE tables_parent (); ALTER TABLE authz.%I INHERIT tables_parent', 'ALTER TABLE authz.%I SET (fillfactor = 50)', 'ALTER TABLE authz.%I ADD CHECK (true)']) done GROUP BY done ORDER BY done;

-- Z13: what replication does, in a session of its own: the revocation counts, whatever the triggers
SET session_replication_role = replica;
SELECT authz.set_token(mint.person('tD0', '{"jti": "J9"}')) \g /dev/null
INSERT INTO authz.revocation (issuer, kind, value) VALUES ('people dbmi', 'token', 'J9');
SELECT authz.token_state();
DELETE FROM authz.revocation WHERE value = 'J9';
SELECT authz.set_token(mint.person('tD0', '{"jti": "J8"}')) \g /dev/null
BEGIN;
ALTER TABLE authz.revocation DISABLE TRIGGER USER;
ALTER TABLE authz.revocation ENABLE TRIGGER USER;
INSERT INTO authz.revocation (issuer, kind, value) VALUES ('people dbmi', 'token', 'J8');
SELECT authz.token_state();
ROLLBACK;
RESET session_replication_role;

-- A session is told, once for each table, with what to run.
\c :db
SET client_min_messages = warning;
BEGIN;
ALTER TABLE authz.revocation DISABLE TRIGGER USER, ENABLE TRIGGER USER;
SELECT authz.try_set_token(mint.person('tD0')), authz.try_set_token(mint.person('tD0'));
SELECT authz.try_set_token(mint.person('tD0'));
ALTER TABLE authz.revocation ENABLE ALWAYS TRIGGER guard, ENABLE ALWAYS TRIGGER changed;
SELECT authz.try_set_token(mint.person('tD0'));
ALTER TABLE authz.inactive_subject ALTER subject TYPE text COLLATE "POSIX";
SELECT authz.is_authenticated();
ALTER TABLE authz.inactive_subject ALTER COLUMN subject TYPE text COLLATE pg_catalog."C";
SELECT authz.is_authenticated();
ALTER TABLE authz.object_access DISABLE TRIGGER changed;
SELECT authz.try_set_token(mint.person('tD0', '{"https://authorization.dbmi.hms.harvard.edu": {"permissions": ["polls.see"]}}'));
SELECT authz.has_object_perm('polls.see', 'tables_question', '1');
ROLLBACK;

-- clean up
DROP VIEW tables_name;
SELECT authz.unregister_access('polls.see', 'tables_question', 'user') \g /dev/null
DELETE FROM authz.revocation WHERE issuer = 'people dbmi';
DELETE FROM authz.inactive_subject;
DELETE FROM authz.item_permission;
DELETE FROM authz.permission_implies;
DROP TABLE tables_question;
DROP FUNCTION tables_ask, tables_after, tables_rule;
CALL mint.go_home();
