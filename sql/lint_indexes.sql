-- lint() finds columns that policies compare and no index serves.
\set ECHO none
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS dbmi_authz;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\set ECHO all
CREATE SCHEMA lint_indexes;
SET search_path = lint_indexes, public;
CREATE FUNCTION found(VARIADIC codes text[]) RETURNS SETOF text LANGUAGE sql AS
$$SELECT concat_ws(' | ', code, level, object, detail, hint) FROM authz.lint(ARRAY['lint_indexes'])
  WHERE code = ANY (codes || 'not_checked'::text) ORDER BY code COLLATE "C", object COLLATE "C"$$;
-- A table with policies, and what else is said of it.
CREATE FUNCTION make(name text, columns text, VARIADIC statements text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	statement text;
BEGIN
	EXECUTE format('CREATE TABLE %I (%s)', name, columns);
	EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
	FOREACH statement IN ARRAY statements LOOP
		EXECUTE format(statement, name);
	END LOOP;
END $$;
-- The tables whose name says that they are at fault and are not found, or the other way round.
CREATE FUNCTION wrong(like_code text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT c.relname FROM pg_class c
	  WHERE c.relnamespace = 'lint_indexes'::regnamespace AND c.relkind IN ('r', 'p') AND c.relrowsecurity
	  AND (c.relname ^@ 'bad_') <> EXISTS (SELECT FROM authz.lint(ARRAY['lint_indexes']) l
		WHERE l.code ~ like_code AND l.object ^@ (format('policy p on lint_indexes.%I,', c.relname)))
	ORDER BY 1$$;
CREATE FUNCTION mine(o text) RETURNS boolean LANGUAGE sql STABLE RETURN authz.is_owner(o) AND NOT authz.has_role('suspended');
CREATE FUNCTION mine_of_mine(o text, n integer) RETURNS boolean LANGUAGE sql STABLE RETURN mine(o);
CREATE FUNCTION mine_as_text(text) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT authz.is_owner($1) OR authz.has_role(''auditor'')';
CREATE FUNCTION mine_by_name(n integer, o text) RETURNS boolean LANGUAGE sql AS 'SELECT mine_by_name.o = authz.subject()';
CREATE FUNCTION mine_stays(o text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER RETURN authz.is_owner(o);
CREATE FUNCTION mine_strict(o text) RETURNS boolean LANGUAGE sql STABLE STRICT RETURN authz.is_owner(o);
CREATE FUNCTION mine_pl(o text) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN authz.is_owner(o); END';
CREATE VIEW set_of_keys AS SELECT 1 AS id WHERE authz.is_authenticated();
-- whatever is looked at, none of it runs
CREATE FUNCTION loud(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF current_setting('lint_indexes.loud', true) = 'yes' THEN
		RAISE 'it ran';
	END IF;
	RETURN $1;
END $$;
CREATE FUNCTION loud_check(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN lint_indexes.loud($1) IS NOT NULL; END $$;
CREATE DOMAIN loud_domain AS text;
CREATE TYPE loud_type AS (d loud_domain);
CREATE FUNCTION loud_literal(o text) RETURNS boolean LANGUAGE sql STABLE AS $$SELECT authz.is_owner(o) AND '("x")'::lint_indexes.loud_type IS NOT NULL$$;
ALTER DOMAIN loud_domain ADD CHECK (lint_indexes.loud_check(VALUE));

--
-- Which index serves
--
DO $$
DECLARE
	own CONSTANT text := 'CREATE POLICY p ON %I USING (authz.is_owner(owner))';
	any_text CONSTANT text := 'id integer, gone integer, owner text';
BEGIN
	PERFORM make('bad_none', any_text, own),
		make('good_first', any_text, own, 'CREATE INDEX ON %I (owner, id)'),
		make('good_pattern', any_text, own, 'CREATE INDEX ON %I (owner text_pattern_ops DESC)'),
		make('good_hash', 'id integer, owner varchar(20)', own, 'CREATE INDEX ON %I USING hash (owner)'),
		make('good_key', 'owner text PRIMARY KEY', own),
		make('good_dropped', any_text, own, 'ALTER TABLE %I DROP COLUMN gone', 'CREATE INDEX ON %I (owner)'),
		make('bad_second', any_text, own, 'CREATE INDEX ON %I (id, owner)'),
		make('bad_included', any_text, own, 'CREATE INDEX ON %I (id) INCLUDE (owner)'),
		make('bad_collation', any_text, own, 'CREATE INDEX ON %I (owner COLLATE "POSIX")'),
		make('bad_brin', any_text, own, 'CREATE INDEX ON %I USING brin (owner)'),
		make('bad_expression', any_text, own, 'CREATE INDEX ON %I (lower(owner))'),
		make('bad_loud', any_text, own, 'CREATE INDEX ON %I (loud(owner))', 'CREATE INDEX ON %I (loud(''x''), owner)',
			'CREATE INDEX ON %I (owner) WHERE loud_check(''x'')'),
		make('good_not_null', any_text, own, 'CREATE INDEX ON %I (owner) WHERE owner IS NOT NULL'),
		make('bad_partial', any_text, own, 'CREATE INDEX ON %I (owner) WHERE id > 5'),
		make('bad_partly', any_text, own, 'CREATE INDEX ON %I (owner) WHERE owner IS NOT NULL AND gone IS NULL'),
		make('good_implied', any_text, 'CREATE POLICY p ON %I USING (gone IS NULL AND authz.is_owner(owner))',
			'CREATE INDEX ON %I (owner) WHERE owner IS NOT NULL AND gone IS NULL');
	-- another comparison than that of a column
	PERFORM make('good_lower', any_text, 'CREATE POLICY p ON %I USING (lower(owner) = authz.email())', 'CREATE INDEX ON %I (lower(owner))'),
		make('bad_lower', any_text, 'CREATE POLICY p ON %I USING (authz.email() = lower(owner))', 'CREATE INDEX ON %I (owner)'),
		make('good_cast', 'owner uuid', 'CREATE POLICY p ON %I USING (owner::text = authz.user_id())', 'CREATE INDEX ON %I ((owner::text))'),
		make('bad_cast', 'owner uuid', 'CREATE POLICY p ON %I USING (owner::text = authz.user_id())', 'CREATE INDEX ON %I (owner)'),
		make('good_other_cast', 'owner uuid', 'CREATE POLICY p ON %I USING (authz.user_id()::uuid = owner)', 'CREATE INDEX ON %I (owner)'),
		make('bad_any', 'org text', 'CREATE POLICY p ON %I USING (org = ANY (authz.org_ids()))'),
		make('good_any', 'org text', 'CREATE POLICY p ON %I USING (org = ANY (authz.org_ids()))', 'CREATE INDEX ON %I (org)'),
		make('bad_org', 'org uuid', 'CREATE POLICY p ON %I FOR DELETE USING (authz.has_org_role(org, ''Admin''))'),
		make('good_org', 'org uuid', 'CREATE POLICY p ON %I FOR DELETE USING (authz.has_org_role(org, ''Admin''))', 'CREATE INDEX ON %I (org)'),
		make('bad_set', 'k integer', 'CREATE POLICY p ON %I USING (authz.in_set(''set_of_keys'', k))'),
		make('good_set', 'k integer', 'CREATE POLICY p ON %I USING (authz.in_set(''set_of_keys'', k))', 'CREATE INDEX ON %I (k)'),
		make('good_new_rows_only', any_text, 'CREATE POLICY p ON %I FOR INSERT WITH CHECK (authz.is_owner(owner))'),
		make('good_no_identity', any_text, 'CREATE POLICY p ON %I USING (owner = ''public'' OR id > 5 AND authz.is_authenticated())');
	-- AND needs one, OR all
	PERFORM make('good_and', 'owner text, org integer', 'CREATE POLICY p ON %I USING (authz.is_owner(owner) AND authz.in_org(org))', 'CREATE INDEX ON %I (org)'),
		make('bad_or', 'owner text, org integer', 'CREATE POLICY p ON %I USING (authz.is_owner(owner) OR authz.in_org(org))', 'CREATE INDEX ON %I (org)'),
		make('good_or', 'owner text, org integer', 'CREATE POLICY p ON %I USING (authz.is_owner(owner) OR authz.in_org(org))', 'CREATE INDEX ON %I (org)', 'CREATE INDEX ON %I (owner)'),
		make('good_or_role', any_text, 'CREATE POLICY p ON %I USING (authz.is_owner(owner) OR authz.has_role(''auditor'') OR owner IS NULL)', 'CREATE INDEX ON %I (owner)'),
		make('bad_or_public', 'owner text, is_public boolean', 'CREATE POLICY p ON %I USING (authz.is_owner(owner) OR is_public)', 'CREATE INDEX ON %I (owner)'),
		make('good_or_public', 'owner text, is_public boolean', 'CREATE POLICY p ON %I USING (authz.is_owner(owner) OR is_public)', 'CREATE INDEX ON %I (owner)', 'CREATE INDEX ON %I (owner) WHERE is_public'),
		-- no index can be made of what the identity has a part in
		make('good_accessor', 'owner text, org integer', 'CREATE POLICY p ON %I USING (authz.is_owner(owner) OR authz.org_role(org) = ''Admin'' OR authz.org_role(org) = authz.subject() OR authz.org_role(org) IS NULL)', 'CREATE INDEX ON %I (owner)'),
		make('bad_beside', 'owner text, audience text', 'CREATE POLICY p ON %I FOR SELECT USING (audience = ''public'')', 'CREATE POLICY q ON %I USING (authz.is_owner(owner))', 'CREATE INDEX ON %I (owner)'),
		make('good_beside', 'owner text, audience text', 'CREATE POLICY p ON %I FOR SELECT USING (audience = ''public'')', 'CREATE POLICY q ON %I USING (authz.is_owner(owner))', 'CREATE INDEX ON %I (owner)', 'CREATE INDEX ON %I (audience)'),
		make('good_limited', 'owner text, org integer', own, 'CREATE POLICY r ON %I AS RESTRICTIVE USING (authz.in_org(org))', 'CREATE INDEX ON %I (org)'),
		make('good_limiting', 'owner text, org integer', own, 'CREATE POLICY r ON %I AS RESTRICTIVE USING (authz.in_org(org))', 'CREATE INDEX ON %I (owner)'),
		make('bad_limiting', 'owner text, org integer', 'CREATE POLICY q ON %I USING (authz.has_role(''x''))', 'CREATE POLICY p ON %I AS RESTRICTIVE USING (authz.in_org(org))');
	-- functions that the planner puts the body of in place of the call
	PERFORM make('bad_mine', any_text, 'CREATE POLICY p ON %I USING (mine(owner))'),
		make('good_mine', any_text, 'CREATE POLICY p ON %I USING (mine(owner))', 'CREATE INDEX ON %I (owner)'),
		make('bad_mine_of_mine', any_text, 'CREATE POLICY p ON %I USING (mine_of_mine(owner, 3))'),
		make('good_mine_of_mine', any_text, 'CREATE POLICY p ON %I USING (mine_of_mine(owner, 3))', 'CREATE INDEX ON %I (owner)'),
		make('bad_mine_as_text', any_text, 'CREATE POLICY p ON %I USING (mine_as_text(owner))'),
		make('good_mine_as_text', any_text, 'CREATE POLICY p ON %I USING (mine_as_text(owner))', 'CREATE INDEX ON %I (owner)'),
		make('bad_mine_by_name', any_text, 'CREATE POLICY p ON %I USING (mine_by_name(id, owner))', 'CREATE INDEX ON %I (id)'),
		make('good_mine_by_name', any_text, 'CREATE POLICY p ON %I USING (mine_by_name(id, owner))', 'CREATE INDEX ON %I (owner)'),
		-- what stays a call is not served by any
		make('good_stays', any_text, 'CREATE POLICY p ON %I USING (mine_stays(owner) AND mine_strict(owner) AND mine_pl(owner))'),
		-- the body is read, and its literal is not
		make('bad_literal', any_text, 'CREATE POLICY p ON %I USING (loud_literal(owner))');
END $$;
SET lint_indexes.loud = 'yes';
SELECT wrong('no_index');
-- they would be heard
SELECT loud_check('x');
SELECT '("x")'::loud_type;
SELECT * FROM found('no_index') LIMIT 4;
SELECT split_part(found, ' | ', 3), split_part(found, ' | ', 5) FROM found('no_index') WHERE found ~ 'bad_(cast|lower|or|or_public|beside),';

--
-- Names, and parts
--
SELECT make('bad "names" %s', '"Ow""ner %s
é" text', 'CREATE POLICY "p ''%% ""
" ON %I USING (authz.is_owner("Ow""ner %%s
é"))');
SELECT * FROM found('no_index') WHERE found LIKE '%names%';
DROP TABLE "bad ""names"" %s";
CREATE TABLE bad_parts (gone integer, id integer, owner text) PARTITION BY LIST (id);
ALTER TABLE bad_parts DROP COLUMN gone;
ALTER TABLE bad_parts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON bad_parts USING (authz.is_owner(owner));
CREATE TABLE part_1 (owner text, id integer);
CREATE INDEX ON part_1 (owner);
ALTER TABLE bad_parts ATTACH PARTITION part_1 FOR VALUES IN (1);
CREATE TABLE "Part 2" PARTITION OF bad_parts FOR VALUES IN (2);
SELECT * FROM found('no_index') WHERE found LIKE '%parts%';
CREATE INDEX ON "Part 2" (owner);
SELECT * FROM found('no_index') WHERE found LIKE '%parts%';
DROP INDEX part_1_owner_idx;
-- of the parent alone, and so not valid
CREATE INDEX bad_parts_owner ON ONLY bad_parts (owner);
SELECT count(*) FROM found('no_index') WHERE found LIKE '%parts%';
DROP INDEX bad_parts_owner;
CREATE INDEX ON bad_parts (owner);
SELECT count(*) FROM found('no_index') WHERE found LIKE '%parts%';
CREATE TABLE parent (id integer, owner text);
CREATE INDEX ON parent (owner);
ALTER TABLE parent ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON parent USING (authz.is_owner(owner));
CREATE TABLE child () INHERITS (parent);
SELECT * FROM found('no_index') WHERE found LIKE '%parent%';

RESET search_path;
DROP SCHEMA lint_indexes CASCADE;
