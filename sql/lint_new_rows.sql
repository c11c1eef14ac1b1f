-- lint() finds policies that let rows be written which they would not show.
\set ECHO none
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS dbmi_authz;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\set ECHO all
CREATE ROLE lint_new_rows_app;
CREATE SCHEMA lint_new_rows;
SET search_path = lint_new_rows;
-- A table with policies, and what else is said of it.
CREATE FUNCTION make(name text, VARIADIC statements text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	statement text;
BEGIN
	EXECUTE format('CREATE TABLE %I (gone integer, id integer, "Owner ""%%s" text, org integer)', name);
	EXECUTE format('ALTER TABLE %I DROP COLUMN gone', name);
	EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
	FOREACH statement IN ARRAY statements LOOP
		EXECUTE replace(format(replace(statement, 'OWNED', 'authz.is_owner(OWNER)'), name), 'OWNER', '"Owner ""%s"');
	END LOOP;
END $$;
CREATE FUNCTION found() RETURNS SETOF text LANGUAGE sql AS
$$SELECT concat_ws(' | ', code, level, object, detail, hint) FROM authz.lint(ARRAY['lint_new_rows'])
  WHERE code IN ('new_row_unchecked', 'insert_unchecked', 'not_checked') ORDER BY code COLLATE "C", object COLLATE "C"$$;
DO $$
BEGIN
	PERFORM make('bad_true', 'CREATE POLICY p ON %I USING (OWNED) WITH CHECK (true)'),
		make('bad_other', 'CREATE POLICY p ON %I FOR UPDATE USING (OWNED) WITH CHECK (id > 3)'),
		make('bad_role', 'CREATE POLICY p ON %I FOR UPDATE USING (OWNED) WITH CHECK (authz.has_role(''editor''))'),
		make('bad_one_of_two', 'CREATE POLICY p ON %I FOR UPDATE USING (OWNED AND authz.in_org(org)) WITH CHECK (OWNED)'),
		make('bad_granted', 'CREATE POLICY p ON %I FOR UPDATE USING (OWNED) WITH CHECK (true)', 'GRANT UPDATE (id, OWNER) ON %I TO lint_new_rows_app'),
		make('bad_limited_for_others', 'CREATE POLICY p ON %I FOR UPDATE USING (OWNED) WITH CHECK (true)', 'CREATE POLICY r ON %I AS RESTRICTIVE TO lint_new_rows_app USING (OWNED)'),
		make('bad_stamped_once', 'CREATE POLICY p ON %I USING (OWNED) WITH CHECK (true)', 'CREATE TRIGGER s BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner(''Owner "%%s'')'),
		-- USING is what the new row is checked by where WITH CHECK is left out
		make('good_using', 'CREATE POLICY p ON %I FOR UPDATE USING (OWNED)'),
		make('good_same', 'CREATE POLICY p ON %I USING (OWNED) WITH CHECK (OWNED)'),
		make('good_no_column', 'CREATE POLICY p ON %I USING (authz.has_role(''editor'')) WITH CHECK (true)'),
		make('good_one_of', 'CREATE POLICY p ON %I USING (OWNED OR authz.in_org(org)) WITH CHECK (authz.in_org(org))'),
		make('good_limited', 'CREATE POLICY p ON %I USING (OWNED) WITH CHECK (true)', 'CREATE POLICY r ON %I AS RESTRICTIVE USING (OWNED)'),
		make('good_not_granted', 'CREATE POLICY p ON %I USING (OWNED) WITH CHECK (true)', 'GRANT SELECT, UPDATE (id) ON %I TO lint_new_rows_app'),
		make('good_stamped', 'CREATE POLICY p ON %I USING (OWNED) WITH CHECK (true)', 'CREATE TRIGGER s BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner(''Owner "%%s'')'),
		make('good_sub_select', 'CREATE POLICY p ON %I USING (OWNED) WITH CHECK (EXISTS (SELECT FROM bad_true t WHERE t.id = good_sub_select.id AND good_sub_select.OWNER = authz.subject()))'),
		make('bad_sub_select', 'CREATE POLICY p ON %I USING (OWNED) WITH CHECK (EXISTS (SELECT FROM bad_true t WHERE t.id = bad_sub_select.id AND t.OWNER = authz.subject()))');
	-- by the WITH CHECK of another policy, whose USING shows the row to nobody
	PERFORM make('past_true', 'CREATE POLICY p ON %I USING (OWNED)', 'CREATE POLICY a ON %I USING (authz.has_role(''admin'')) WITH CHECK (true)'),
		make('past_any_user', 'CREATE POLICY p ON %I FOR UPDATE USING (OWNED)', 'CREATE POLICY a ON %I FOR UPDATE USING (false) WITH CHECK (authz.is_authenticated())'),
		make('past_true_for_role', 'CREATE POLICY p ON %I FOR UPDATE USING (OWNED)', 'CREATE POLICY a ON %I FOR UPDATE TO lint_new_rows_app USING (authz.has_role(''admin'')) WITH CHECK (true)'),
		make('good_past_same', 'CREATE POLICY p ON %I USING (OWNED)', 'CREATE POLICY a ON %I USING (authz.has_role(''admin'')) WITH CHECK (authz.has_role(''admin''))'),
		make('good_past_none', 'CREATE POLICY p ON %I USING (OWNED)', 'CREATE POLICY a ON %I USING (authz.has_role(''admin''))'),
		make('good_past_insert', 'CREATE POLICY p ON %I FOR UPDATE USING (OWNED)', 'CREATE POLICY a ON %I FOR INSERT WITH CHECK (authz.is_authenticated())'),
		make('good_past_limited', 'CREATE POLICY p ON %I USING (OWNED)', 'CREATE POLICY a ON %I USING (authz.has_role(''admin'')) WITH CHECK (true)', 'CREATE POLICY r ON %I AS RESTRICTIVE USING (OWNED)'),
		make('good_past_other_role', 'CREATE POLICY p ON %I TO lint_new_rows_app USING (OWNED)', 'CREATE POLICY a ON %I TO pg_monitor USING (authz.has_role(''admin'')) WITH CHECK (true)');
	-- named, and compared with nobody
	PERFORM make('bad_not_null', 'CREATE POLICY p ON %I FOR UPDATE USING (OWNED) WITH CHECK (OWNER IS NOT NULL AND OWNER <> ''x'')'),
		make('good_role_compared', 'CREATE POLICY p ON %I FOR UPDATE USING (OWNED) WITH CHECK (OWNER = current_user)');
	PERFORM make('bad_insert', 'CREATE POLICY p ON %I FOR INSERT WITH CHECK (true)', 'CREATE POLICY q ON %I FOR SELECT USING (OWNED)'),
		make('good_insert', 'CREATE POLICY p ON %I FOR INSERT WITH CHECK (true)', 'CREATE POLICY q ON %I FOR SELECT USING (authz.is_authenticated())'),
		make('good_insert_checked', 'CREATE POLICY p ON %I FOR INSERT WITH CHECK (OWNED)', 'CREATE POLICY q ON %I FOR SELECT USING (OWNED)'),
		make('good_insert_shown_to_all', 'CREATE POLICY p ON %I FOR INSERT WITH CHECK (true)', 'CREATE POLICY q ON %I FOR SELECT USING (true)', 'CREATE POLICY r ON %I USING (OWNED)'),
		make('good_insert_stamped', 'CREATE POLICY p ON %I FOR INSERT WITH CHECK (true)', 'CREATE POLICY q ON %I FOR SELECT USING (OWNED)', 'CREATE TRIGGER s BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner(''Owner "%%s'')');
END $$;
SELECT found();
RESET search_path;
DROP SCHEMA lint_new_rows CASCADE;
DROP ROLE lint_new_rows_app;
