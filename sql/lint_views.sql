-- lint() finds views, functions, rules, foreign tables and parts of tables that go past policies.
\set ECHO none
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS dbmi_authz;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\set ECHO all
CREATE ROLE lint_views_owner;
CREATE ROLE lint_views_other;
CREATE ROLE lint_views_app LOGIN;
CREATE ROLE lint_views_super SUPERUSER;
CREATE SCHEMA "lint_views ""é";
GRANT ALL ON SCHEMA "lint_views ""é" TO lint_views_owner, lint_views_other;
SET search_path = "lint_views ""é";
CREATE FUNCTION found(VARIADIC codes text[]) RETURNS SETOF text LANGUAGE sql AS
$$SELECT replace(concat_ws(' | ', code, level, object, detail, hint), '"lint_views ""é".', '') FROM authz.lint(ARRAY['lint_views "é'])
  WHERE code = ANY (codes || 'not_checked'::text) ORDER BY code COLLATE "C", object COLLATE "C"$$;
SET ROLE lint_views_owner;
CREATE TABLE notes (id integer, owner text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (authz.is_owner(owner));
CREATE TABLE forced (id integer, owner text);
ALTER TABLE forced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON forced USING (authz.is_owner(owner));
CREATE TABLE "%s
""notes" (id integer);
ALTER TABLE "%s
""notes" ENABLE ROW LEVEL SECURITY;
CREATE TABLE plain (id integer);
GRANT SELECT ON notes, forced, plain TO lint_views_app, lint_views_other;

--
-- Views
--
CREATE VIEW "bad % view" AS SELECT * FROM notes, "%s
""notes" w (other_id);
CREATE VIEW bad_column AS SELECT id, owner FROM notes;
CREATE VIEW bad_below AS SELECT * FROM notes;
CREATE VIEW bad_above WITH (security_invoker = true) AS SELECT * FROM bad_below;
CREATE VIEW bad_to_write AS SELECT * FROM notes;
GRANT SELECT ON "bad % view", bad_above TO lint_views_app;
GRANT SELECT (id) ON bad_column TO PUBLIC;
GRANT DELETE ON bad_to_write TO lint_views_app;
-- nobody but the owner yet
CREATE VIEW bad_soon AS SELECT id FROM plain WHERE id IN (SELECT id FROM notes);
-- policies bind whose rights it has
CREATE VIEW good_forced AS SELECT * FROM forced;
CREATE VIEW good_invoker WITH (security_invoker = on) AS SELECT * FROM notes;
-- what it reads is read with the rights of who asks: so says the view below
CREATE VIEW good_above AS SELECT * FROM good_invoker;
CREATE VIEW good_plain AS SELECT * FROM plain;
GRANT SELECT ON good_forced, good_invoker, good_above, good_plain TO lint_views_app;
-- a view that decides itself; and a set, which is to
CREATE VIEW asks AS SELECT * FROM notes WHERE authz.is_owner(owner);
GRANT SELECT ON asks TO lint_views_app;
CREATE VIEW good_set AS SELECT id FROM notes WHERE authz.is_owner(owner);
CREATE VIEW shown_set AS SELECT id FROM notes WHERE authz.is_owner(owner);
GRANT SELECT ON shown_set TO lint_views_app;
CREATE POLICY by_set ON forced USING (authz.in_set('good_set', id) OR authz.in_set('shown_set', id));
CREATE MATERIALIZED VIEW bad_kept AS SELECT * FROM forced;
GRANT SELECT ON bad_kept TO lint_views_app;
CREATE MATERIALIZED VIEW bad_kept_soon AS SELECT * FROM notes;
-- a view that reads for its reader reads for whoever refreshes
CREATE VIEW good_invoker_above WITH (security_invoker = true) AS SELECT id FROM good_invoker;
CREATE VIEW good_invoker_plain WITH (security_invoker = true) AS SELECT * FROM plain;
CREATE MATERIALIZED VIEW bad_kept_through AS SELECT * FROM good_invoker_above;
CREATE MATERIALIZED VIEW good_kept AS SELECT plain.* FROM plain, good_invoker_plain;
GRANT SELECT ON bad_kept_through TO lint_views_app;
GRANT SELECT ON good_kept TO lint_views_app;
RESET ROLE;
SET ROLE lint_views_other;
CREATE VIEW good_of_other AS SELECT * FROM notes;
GRANT SELECT ON good_of_other TO lint_views_app;
RESET ROLE;
SET ROLE lint_views_super;
CREATE VIEW bad_of_superuser AS SELECT * FROM forced;
GRANT SELECT ON bad_of_superuser TO lint_views_app;
RESET ROLE;
SELECT found('view_past_policies', 'materialized_view', 'view_with_other_policies');
-- the owner sees more than who reads the view
CREATE POLICY wide ON notes TO lint_views_other USING (true);
SELECT found('view_with_other_policies');
DROP POLICY wide ON notes;
CREATE POLICY narrow ON notes AS RESTRICTIVE TO lint_views_app USING (id > 3);
SELECT found('view_with_other_policies');
DROP POLICY narrow ON notes;

--
-- Functions
--
SET ROLE lint_views_owner;
CREATE FUNCTION bad_text(n integer) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'select count(*) from "lint_views ""é".NOTES';
CREATE FUNCTION bad_parsed() RETURNS bigint LANGUAGE sql SECURITY DEFINER RETURN (SELECT count(*) FROM notes);
CREATE FUNCTION bad_dynamic() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE 'DELETE FROM "%s
""notes"'; END $$;
CREATE PROCEDURE bad_procedure() LANGUAGE plpgsql SECURITY DEFINER SET search_path = "lint_views ""é" AS $$ BEGIN DELETE FROM notes; END $$;
CREATE FUNCTION asks() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'select count(*) from notes where authz.is_owner(owner)';
CREATE FUNCTION good_invoker() RETURNS bigint LANGUAGE sql AS 'select count(*) from notes';
CREATE FUNCTION bad_through() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'select count(*) from good_invoker';
CREATE FUNCTION bad_parsed_through() RETURNS bigint LANGUAGE sql SECURITY DEFINER RETURN (SELECT count(*) FROM good_invoker_above);
CREATE FUNCTION good_through() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'select count(*) from good_invoker_plain';
CREATE FUNCTION good_forced() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'select count(*) from forced';
CREATE FUNCTION good_comment() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ select 1 -- of notes
	/* notes * **/ $$;
CREATE FUNCTION good_variable() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE notes integer := 1; BEGIN RETURN notes + 1; END $$;
CREATE FUNCTION bad_formatted() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE format('DELETE FROM %I', 'notes'); END $$;
CREATE FUNCTION bad_list() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'select count(*) FROM plain p , Only notes';
CREATE FUNCTION good_other_schema() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN (SELECT count(*) FROM elsewhere.notes); END';
CREATE FUNCTION good_other_path() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = elsewhere AS 'BEGIN RETURN (SELECT count(*) FROM notes); END';
CREATE FUNCTION good_trigger() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN DELETE FROM notes; RETURN NULL; END';
CREATE FUNCTION good_own() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'select count(*) from notes';
REVOKE EXECUTE ON FUNCTION good_own() FROM PUBLIC;
RESET ROLE;
SELECT found('definer_past_policies');

--
-- Rules
--
SET ROLE lint_views_owner;
CREATE RULE "bad 'toward'" AS ON INSERT TO plain DO ALSO DELETE FROM notes;
CREATE RULE good_toward AS ON INSERT TO plain DO ALSO DELETE FROM forced;
CREATE RULE bad_on AS ON DELETE TO forced DO ALSO INSERT INTO plain VALUES (old.id);
CREATE RULE good_nothing AS ON UPDATE TO forced DO INSTEAD NOTHING;
RESET ROLE;
SELECT found('rule_past_policies', 'rule_on_protected');

--
-- Foreign tables
--
CREATE FOREIGN DATA WRAPPER lint_views_wrapper;
CREATE SERVER lint_views_here FOREIGN DATA WRAPPER lint_views_wrapper OPTIONS (host 'localhost');
CREATE SERVER lint_views_far FOREIGN DATA WRAPPER lint_views_wrapper OPTIONS (host 'db.example');
CREATE SERVER lint_views_other FOREIGN DATA WRAPPER lint_views_wrapper OPTIONS (dbname 'another');
CREATE FOREIGN TABLE bad_foreign (id integer) SERVER lint_views_here OPTIONS (schema_name 'lint_views "é', table_name 'notes');
CREATE FOREIGN TABLE good_foreign (id integer) SERVER lint_views_here OPTIONS (schema_name 'lint_views "é', table_name 'plain');
CREATE FOREIGN TABLE good_far (id integer) SERVER lint_views_far OPTIONS (schema_name 'lint_views "é', table_name 'notes');
CREATE FOREIGN TABLE good_other (id integer) SERVER lint_views_other OPTIONS (schema_name 'lint_views "é', table_name 'notes');
SELECT found('foreign_table_past_policies');

--
-- Partitions and children
--
SET ROLE lint_views_owner;
CREATE TABLE parts (gone integer, id integer, owner text) PARTITION BY LIST (id);
ALTER TABLE parts DROP COLUMN gone;
ALTER TABLE parts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON parts USING (authz.is_owner(owner) AND EXISTS (SELECT FROM forced f WHERE f.owner = parts.owner));
CREATE POLICY few ON parts AS RESTRICTIVE USING (authz.has_role('x'));
CREATE TABLE bad_part PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE good_part PARTITION OF parts FOR VALUES IN (2);
CREATE TABLE parts_below PARTITION OF parts FOR VALUES IN (3, 4) PARTITION BY LIST (id);
CREATE TABLE bad_part_below PARTITION OF parts_below FOR VALUES IN (3);
CREATE TABLE good_same (owner text, id integer);
ALTER TABLE good_same ENABLE ROW LEVEL SECURITY;
CREATE POLICY other_name ON good_same USING (authz.is_owner(owner) AND EXISTS (SELECT FROM forced f WHERE f.owner = good_same.owner));
CREATE POLICY few ON good_same AS RESTRICTIVE USING (authz.has_role('x'));
ALTER TABLE parts ATTACH PARTITION good_same FOR VALUES IN (5);
CREATE TABLE good_closed PARTITION OF parts FOR VALUES IN (6);
ALTER TABLE good_closed ENABLE ROW LEVEL SECURITY;
CREATE TABLE bad_wider PARTITION OF parts FOR VALUES IN (7);
ALTER TABLE bad_wider ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON bad_wider USING (authz.is_owner(owner));
CREATE TABLE bad_unlimited PARTITION OF parts FOR VALUES IN (8);
ALTER TABLE bad_unlimited ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON bad_unlimited USING (authz.is_owner(owner) AND EXISTS (SELECT FROM forced f WHERE f.owner = bad_unlimited.owner));
GRANT SELECT (id) ON bad_part TO PUBLIC;
GRANT UPDATE ON bad_part_below TO lint_views_app;
GRANT SELECT ON good_same, good_closed, bad_wider, bad_unlimited TO lint_views_app;
CREATE TABLE bad_child () INHERITS (notes);
GRANT SELECT ON bad_child TO lint_views_app;
RESET ROLE;
CREATE FOREIGN TABLE bad_far_part PARTITION OF parts FOR VALUES IN (9) SERVER lint_views_far;
SELECT found('child_without_row_security', 'child_with_other_policies', 'foreign_partition');

RESET search_path;
DROP SCHEMA "lint_views ""é" CASCADE;
DROP FOREIGN DATA WRAPPER lint_views_wrapper CASCADE;
DROP ROLE lint_views_owner, lint_views_other, lint_views_app, lint_views_super;
