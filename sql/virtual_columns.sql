-- Columns that are worked out when they are read, and constraints that are not enforced (PostgreSQL 18): what is said of them.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\set ECHO all
SET client_min_messages = warning;
CREATE SCHEMA virtual_columns;
GRANT USAGE ON SCHEMA virtual_columns TO PUBLIC;
SET search_path = virtual_columns;
CREATE ROLE virtual_columns_app;
CREATE PROCEDURE login() LANGUAGE sql AS $$ CALL mint.login('tG', '{}', '{}') $$;
-- Whether what there is from 18 on is as it must be; before, it is not asked.
CREATE FUNCTION since_18(statement text, due text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	IF current_setting('server_version_num')::integer < 180000 THEN
		RETURN 'as it must';
	END IF;
	IF due IS NULL THEN
		EXECUTE statement;
		RETURN 'as it must';
	END IF;
	EXECUTE statement INTO answer;
	RETURN CASE answer WHEN due THEN 'as it must' ELSE coalesce(answer, 'NULL') END;
EXCEPTION WHEN OTHERS THEN
	RETURN CASE concat(SQLSTATE, ' ', SQLERRM) WHEN due THEN 'as it must' ELSE concat(SQLSTATE, ' ', SQLERRM) END;
END $$;
SELECT since_18(s) FROM unnest(ARRAY[
	'CREATE TABLE note (id integer PRIMARY KEY, doc jsonb, owner text GENERATED ALWAYS AS (doc ->> ''owner'') VIRTUAL, n integer CONSTRAINT loose CHECK (n > 0) NOT ENFORCED, CONSTRAINT kept CHECK (n < 10))',
	'INSERT INTO note VALUES (1, ''{"owner": "ann"}''), (2, ''{"owner": "bob"}'')',
	'GRANT SELECT, UPDATE ON note TO virtual_columns_app',
	'ALTER TABLE note ENABLE ROW LEVEL SECURITY',
	'CREATE POLICY own ON note USING (authz.is_owner(owner))']) s;
-- an index on what such a column is made of serves it; none can be made on the column
SELECT since_18($$SELECT concat_ws(' ', object, hint) FROM authz.lint('{virtual_columns}') WHERE code = 'no_index'$$,
	$$policy own on virtual_columns.note, expression (doc ->> 'owner'::text) CREATE INDEX ON virtual_columns.note (((doc ->> 'owner'::text)));$$);
SET ROLE virtual_columns_app;
CALL login();
SELECT since_18($$SELECT string_agg(e, ';') FROM authz.explain_access('note') e WHERE e ~ 'index'$$,
	$$  no index serves owner = 'ann', so every row is looked at$$);
RESET ROLE;
SELECT since_18($$CREATE INDEX by_owner ON note ((doc ->> 'owner'))$$);
SELECT since_18($$SELECT count(*) FROM authz.lint('{virtual_columns}') WHERE code = 'no_index'$$, '0');
SET ROLE virtual_columns_app;
SELECT since_18($$SELECT string_agg(e, ';') FROM authz.explain_access('note') e WHERE e ~ 'index'$$, $$  index by_owner serves owner = 'ann'$$);
-- one row
SELECT since_18($$SELECT authz.explain_access('note', 'UPDATE', '1') LIMIT 1$$, $$ann may update the row: permissive policy own lets it through, owner = 'ann'.$$);
SELECT since_18($$SELECT authz.explain_access('note', 'UPDATE', '2') LIMIT 1$$, 'There is no row with this key, or none that you may see.');
RESET ROLE;
SELECT since_18($$SELECT string_agg(r::text, ' ') FROM authz.access_review('note', ARRAY['{"sub": "ann"}', '{"sub": "eve"}']::json[], 'virtual_columns_app', 'https://people.example') r$$,
	$$(ann,1,"(owner = 'ann'::text)") (eve,0,"(owner = 'eve'::text)")$$);
-- what a table keeps is recorded
SELECT since_18($$SELECT authz.audit('note', '{doc, owner}')$$, '0A000 column "owner" of relation "note" cannot be recorded');
SELECT since_18($$SELECT authz.audit('note')$$, '');
SELECT since_18($$UPDATE note SET doc = '{"owner": "eve"}', n = 1 WHERE id = 2$$);
SELECT since_18($$SELECT concat_ws(' ', columns, new_values) FROM authz.audit_event$$, '{doc,n} {"n": 1, "id": 2, "doc": {"owner": "eve"}}');
-- what is not enforced decides nothing
SELECT since_18($$SELECT string_agg(c ->> 'name', ' ') FROM json_array_elements(authz.policy_state('note') -> 'constraints') c$$, 'kept');

RESET search_path;
DROP SCHEMA virtual_columns CASCADE;
DROP ROLE virtual_columns_app;
DELETE FROM authz.audit_event;
CALL mint.go_home();
