-- Z8: a rule counts while it belongs to the role to which it belonged when it was registered; Q31: one that asks itself for ever.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
\pset format unaligned
\pset footer off
SET client_min_messages = warning;
SET check_function_bodies = off;
CREATE ROLE owners_maker;
CREATE ROLE "Owners.""Other";
CREATE ROLE owners_app;
CREATE SCHEMA owners_shop;
GRANT USAGE ON SCHEMA owners_shop TO owners_app;
GRANT USAGE, CREATE ON SCHEMA owners_shop TO owners_maker, "Owners.""Other";
CREATE TABLE owners_doc (id integer PRIMARY KEY, author text);
INSERT INTO owners_doc SELECT i, CASE WHEN i = 1 THEN 'ann' ELSE 'bob' END FROM generate_series(1, 5) i;
ALTER TABLE owners_doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON owners_doc USING (authz.has_object_perm('d.see', 'owners_doc', id::text));
GRANT SELECT ON owners_doc TO owners_app;
CREATE TABLE owners_author AS SELECT * FROM owners_doc;
GRANT SELECT ON owners_author TO PUBLIC;
-- what everybody who asks is told
CREATE FUNCTION owners_told(pk text DEFAULT '2', OUT has boolean, OUT has_all boolean, OUT listed boolean, OUT required text, OUT why text) LANGUAGE plpgsql AS $$
BEGIN
	has := authz.has_object_perm('d.see', 'owners_doc', pk);
	has_all := authz.has_object_perms('{d.see}', 'owners_doc', pk);
	listed := EXISTS (SELECT FROM authz.object_permissions('owners_doc', pk) p WHERE p = 'd.see');
	required := left(mint.outcome(format('SELECT authz.require_object_perm(%L, %L, %L)', 'd.see', 'owners_doc', pk)), 5);
	why := (SELECT string_agg(l, '; ') FROM authz.explain_perm('d.see', 'owners_doc', pk, 1) l WHERE l LIKE '%rule%');
END $$;
SET ROLE owners_maker;
CREATE FUNCTION owners_shop.own(integer) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM public.owners_author WHERE id = $1 AND author = authz.subject())';
RESET ROLE;
SELECT authz.register_access('d.see', 'owners_doc', 'user', 'owners_shop.own(integer)');
SELECT perm, rel, kind, rule, rule_owner FROM authz.object_access;
CALL mint.login('tG0', '{"permissions": ["d.see", "d.ask"]}');
PREPARE owners_rows AS SELECT string_agg(id::text, ' ' ORDER BY id) AS rows FROM owners_doc;
-- accept
SELECT * FROM owners_told('1');
SET ROLE owners_app;
EXECUTE owners_rows;
RESET ROLE;
-- refuse
SELECT * FROM owners_told();
-- a setting of the session that asks does not change what the rule is called
SET quote_all_identifiers = on;
SELECT * FROM owners_told('1');
SELECT * FROM owners_told();
SELECT authz.unregister_access('d.see', 'owners_doc', 'user');
SELECT authz.register_access('d.see', 'owners_doc', 'user', 'owners_shop.own(integer)');
RESET quote_all_identifiers;
SELECT perm, rel, kind, rule, rule_owner FROM authz.object_access;
SELECT * FROM owners_told('1');

-- dropped, and made anew by somebody who may create in the schema: closed, and not open by default
DROP FUNCTION owners_shop.own(integer);
SELECT mint.outcome('SELECT owners_told()') AS gone;
SET ROLE "Owners.""Other";
CREATE FUNCTION owners_shop.own(integer) RETURNS boolean LANGUAGE sql AS 'SELECT true';
RESET ROLE;
-- refuse
SELECT * FROM owners_told('1');
SET ROLE owners_app;
EXECUTE owners_rows;
SELECT authz.has_object_perm('d.see', 'owners_doc', '1');
RESET ROLE;
-- the other rule goes on deciding
SET ROLE owners_maker;
CREATE FUNCTION owners_shop.third(integer) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = 3';
RESET ROLE;
SELECT authz.register_access('d.see', 'owners_doc', 'group', 'owners_shop.third(integer)');
SET ROLE owners_app;
EXECUTE owners_rows;
RESET ROLE;
SELECT authz.unregister_access('d.see', 'owners_doc', 'group');
-- accept: once the owner of the database has accepted it
SET client_min_messages = notice;
SELECT authz.accept_rules();
SELECT authz.accept_rules() AS again;
SET client_min_messages = warning;
SELECT rule, rule_owner FROM authz.object_access;
SET ROLE owners_app;
EXECUTE owners_rows;
RESET ROLE;

-- every other way to change hands, and back
CREATE FUNCTION owners_after(change text, back text) RETURNS TABLE (what text, answer text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE change;
	RETURN QUERY SELECT change, mint.outcome($q$SELECT authz.has_object_perm('d.see', 'owners_doc', '1')$q$);
	EXECUTE back;
	RETURN QUERY SELECT back, mint.outcome($q$SELECT authz.has_object_perm('d.see', 'owners_doc', '1')$q$);
END $$;
SELECT o.* FROM (VALUES
	('ALTER FUNCTION owners_shop.own OWNER TO owners_maker', 'ALTER FUNCTION owners_shop.own OWNER TO "Owners.""Other"'),
	('REASSIGN OWNED BY "Owners.""Other" TO owners_maker', 'ALTER FUNCTION owners_shop.own OWNER TO "Owners.""Other"'),
	('ALTER ROLE "Owners.""Other" RENAME TO owners_other', 'ALTER ROLE owners_other RENAME TO "Owners.""Other"'),
	('ALTER FUNCTION owners_shop.own SECURITY DEFINER; ALTER FUNCTION owners_shop.own OWNER TO owners_maker', 'ALTER FUNCTION owners_shop.own OWNER TO "Owners.""Other"; ALTER FUNCTION owners_shop.own SECURITY INVOKER'),
	('UPDATE authz.object_access SET rule_owner = NULL', 'UPDATE authz.object_access SET rule_owner = ''Owners."Other'''),
	('UPDATE authz.object_access SET rule_owner = ''owners."other''', 'UPDATE authz.object_access SET rule_owner = ''Owners."Other''')) AS ways (change, back), owners_after(change, back) o;
-- accept: the same owner replaces it, a superuser does, it becomes SECURITY DEFINER, an overload stands beside it
SELECT o.* FROM (VALUES
	('CREATE OR REPLACE FUNCTION owners_shop.own(integer) RETURNS boolean LANGUAGE sql AS ''SELECT $1 = 1''', 'ALTER FUNCTION owners_shop.own(integer) SECURITY DEFINER'),
	('SET LOCAL ROLE owners_maker; CREATE FUNCTION owners_shop.own(bigint) RETURNS boolean LANGUAGE sql AS ''SELECT true''; RESET ROLE', 'DROP FUNCTION owners_shop.own(bigint)')) AS ways (change, back), owners_after(change, back) o;
-- within one transaction, and one function: the next question already knows
DO $$
BEGIN
	ASSERT authz.has_object_perm('d.see', 'owners_doc', '1');
	ALTER FUNCTION owners_shop.own(integer) OWNER TO owners_maker;
	ASSERT NOT authz.has_object_perm('d.see', 'owners_doc', '1');
	BEGIN
		PERFORM authz.accept_rules('owners_doc');
		ASSERT authz.has_object_perm('d.see', 'owners_doc', '1');
		RAISE EXCEPTION SQLSTATE 'ZZ000';
	EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
		ASSERT NOT authz.has_object_perm('d.see', 'owners_doc', '1'), 'it was rolled back';
	END;
	ALTER FUNCTION owners_shop.own(integer) OWNER TO "Owners.""Other";
	ASSERT authz.has_object_perm('d.see', 'owners_doc', '1');
END $$;

-- a rule over a type: dropped with it, and both made anew by somebody else
SET ROLE owners_maker;
CREATE TYPE owners_shop.kind AS ENUM ('a', 'b');
CREATE FUNCTION owners_shop.of_kind(owners_shop.kind) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = ''a''';
RESET ROLE;
CREATE TABLE owners_kind (id owners_shop.kind PRIMARY KEY);
SELECT authz.register_access('d.see', 'owners_kind', 'user', 'owners_shop.of_kind(owners_shop.kind)');
SELECT authz.has_object_perm('d.see', 'owners_kind', 'a') AS a, authz.has_object_perm('d.see', 'owners_kind', 'b') AS b;
DROP TYPE owners_shop.kind CASCADE;
SET ROLE "Owners.""Other";
CREATE TYPE owners_shop.kind AS ENUM ('a', 'b');
CREATE FUNCTION owners_shop.of_kind(owners_shop.kind) RETURNS boolean LANGUAGE sql AS 'SELECT true';
RESET ROLE;
ALTER TABLE owners_kind ADD id owners_shop.kind PRIMARY KEY;
SELECT authz.has_object_perm('d.see', 'owners_kind', 'a') AS a, authz.has_object_perm('d.see', 'owners_kind', 'b') AS b;

-- accepting: one table or all; what is gone stays gone; for who administers
SET client_min_messages = notice;
SELECT authz.register_access('d.ask', 'owners_doc', 'user', 'owners_shop.own(integer)'), authz.register_access('d.ask', 'owners_doc', 'group', 'owners_shop.third(integer)');
DROP FUNCTION owners_shop.third;
UPDATE authz.object_access SET rule_owner = NULL;
SELECT authz.accept_rules('owners_kind');
SELECT authz.accept_rules('owners_doc');
SELECT authz.accept_rules('owners_author') AS none, authz.accept_rules(4711) AS no_table, authz.accept_rules(NULL) AS all_again;
SELECT perm, rel, kind, rule, rule_owner FROM authz.object_access ORDER BY perm, rel::text, kind;
SET client_min_messages = warning;
SELECT mint.outcome($$SELECT authz.has_object_perm('d.ask', 'owners_doc', '2')$$) AS gone;
SELECT authz.unregister_access('d.ask', 'owners_doc', 'group');
SET ROLE owners_app;
SELECT mint.outcome($$SELECT authz.accept_rules()$$);
RESET ROLE;
-- a function whose role got the name of the one before is its function: roles are told apart by their names
ALTER FUNCTION owners_shop.own(integer) OWNER TO owners_maker;
ALTER ROLE "Owners.""Other" RENAME TO owners_former;
ALTER ROLE owners_maker RENAME TO "Owners.""Other";
SELECT authz.has_object_perm('d.see', 'owners_doc', '1');
-- many rows, one warning for each place that asks
ALTER FUNCTION owners_shop.own(integer) OWNER TO owners_former;
SELECT count(*) FROM owners_author WHERE authz.has_object_perm('d.see', 'owners_doc', id::text);
ALTER FUNCTION owners_shop.own(integer) OWNER TO "Owners.""Other";

-- Q31: a rule over the table whose policy asks it
ALTER POLICY p ON owners_doc USING (authz.has_object_perm('d.ask', 'owners_doc', id::text));
CREATE OR REPLACE FUNCTION owners_shop.own(integer) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM public.owners_doc WHERE id = $1 AND author = authz.subject())';
ALTER FUNCTION owners_shop.own(integer) SECURITY INVOKER;
SET ROLE owners_app;
-- refuse
SELECT mint.outcome('SELECT count(*) FROM owners_doc');
SELECT mint.outcome($$SELECT authz.has_object_perm('d.ask', 'owners_doc', '1')$$);
SELECT mint.outcome($$SELECT authz.has_object_perm('d.ask', 'owners_doc', '99')$$);
RESET ROLE;
-- accept: it reads as a role that the policies do not bind
ALTER FUNCTION owners_shop.own(integer) SECURITY DEFINER;
ALTER TABLE owners_doc OWNER TO "Owners.""Other";
SET ROLE owners_app;
EXECUTE owners_rows;
RESET ROLE;
-- refuse: they bind the owner too
ALTER TABLE owners_doc FORCE ROW LEVEL SECURITY;
SET ROLE owners_app;
SELECT mint.outcome('SELECT count(*) FROM owners_doc');
RESET ROLE;
-- accept: a role with BYPASSRLS; a rule that asks about other rows, and once about its own
ALTER ROLE "Owners.""Other" BYPASSRLS;
SET ROLE owners_app;
EXECUTE owners_rows;
RESET ROLE;
CREATE OR REPLACE FUNCTION owners_shop.own(integer) RETURNS boolean LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
	IF current_setting('owners.seen', true) = $1::text THEN RETURN true; END IF;
	PERFORM set_config('owners.seen', $1::text, true);
	RETURN authz.has_object_perm('d.ask', 'owners_doc', CASE WHEN $1 < 60 THEN $1 + 1 ELSE $1 END::text);
END $$;
SELECT authz.has_object_perm('d.ask', 'owners_doc', '1') AS sixty_rows;
SELECT authz.has_object_perm('d.ask', 'owners_doc', '60') AS once_about_its_own;
-- and an error in a rule is forgotten with it
SELECT mint.outcome('SELECT count(*) FROM owners_doc WHERE authz.has_object_perm(''d.ask'', ''owners_doc'', (1 / (id - 1))::text)');
SELECT authz.has_object_perm('d.ask', 'owners_doc', '60') AS again;

CALL mint.logout();
DEALLOCATE owners_rows;
DELETE FROM authz.object_access;
DROP TABLE owners_doc, owners_author, owners_kind;
DROP FUNCTION owners_told, owners_after;
DROP SCHEMA owners_shop CASCADE;
DROP ROLE "Owners.""Other", owners_former, owners_app;
CALL mint.go_home();
