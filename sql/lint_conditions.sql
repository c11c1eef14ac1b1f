-- lint() on the conditions of policies: each fault is named, and its near miss is not.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA lint_conditions;
SET search_path = lint_conditions;
CREATE ROLE lint_conditions_app;
CREATE DOMAIN owned AS text CHECK (VALUE <> 'x');
-- a table with one policy of that condition, and others beside it
CREATE PROCEDURE make_table(condition text, command text DEFAULT 'SELECT', clause text DEFAULT 'USING',
	kind text DEFAULT 'PERMISSIVE', role text DEFAULT 'PUBLIC', beside text DEFAULT '')
LANGUAGE plpgsql AS $$
BEGIN
	CREATE TABLE t (id integer PRIMARY KEY, owner text NOT NULL, org uuid, published boolean, gone text,
		author owned, number numeric, at timestamptz, named name, tags text[], folder integer, value jsonb);
	ALTER TABLE t DROP COLUMN gone;
	CREATE TABLE m (team integer, who text);
	ALTER TABLE t ENABLE ROW LEVEL SECURITY;
	EXECUTE format('CREATE POLICY p ON t AS %s FOR %s TO %s %s (%s)', kind, command, role, clause, condition);
	EXECUTE beside;
END $$;
CREATE FUNCTION shown(code text, level text) RETURNS text LANGUAGE sql
	RETURN code || CASE level WHEN 'error' THEN '!' WHEN 'warning' THEN '' ELSE '?' END;
-- what one condition of a policy gives: its codes, and the details where asked for
CREATE FUNCTION codes_of(condition text, command text DEFAULT 'SELECT', clause text DEFAULT 'USING',
	kind text DEFAULT 'PERMISSIVE', role text DEFAULT 'PUBLIC', beside text DEFAULT '') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	CALL make_table(condition, command, clause, kind, role, beside);
	SELECT string_agg(shown(code, level), ' ' ORDER BY code COLLATE "C")
		INTO found
		FROM authz.lint(ARRAY['lint_conditions'])
		WHERE object = 'policy p on lint_conditions.t' OR code = 'not_checked';
	DROP TABLE t, m CASCADE;
	RETURN coalesce(found, 'clean');
END $$;
-- the same of many, each in a schema of its own, by one run of the linter
CREATE FUNCTION codes_of_each(conditions text[], before text DEFAULT '') RETURNS TABLE (condition text, codes text)
LANGUAGE plpgsql AS $$
BEGIN
	FOR n IN 1 .. cardinality(conditions) LOOP
		EXECUTE format('CREATE SCHEMA lint_conditions_%s', n);
		PERFORM set_config('search_path', format('lint_conditions_%s, lint_conditions', n), true);
		CALL make_table(before || conditions[n]);
	END LOOP;
	PERFORM set_config('search_path', 'lint_conditions', true);
	RETURN QUERY
		WITH found AS MATERIALIZED (
			SELECT f.code, f.level, f.object
				FROM authz.lint(ARRAY(SELECT format('lint_conditions_%s', n) FROM generate_subscripts(conditions, 1) n)) f)
		SELECT c, coalesce((SELECT string_agg(shown(f.code, f.level), ' ' ORDER BY f.code COLLATE "C") FROM found f
				WHERE f.object = format('policy p on lint_conditions_%s.t', n) OR f.code = 'not_checked'), 'clean')
			FROM unnest(conditions) WITH ORDINALITY u (c, n) ORDER BY n;
	FOR n IN 1 .. cardinality(conditions) LOOP
		EXECUTE format('DROP SCHEMA lint_conditions_%s CASCADE', n);
	END LOOP;
END $$;
\set ECHO all
--
-- Who has no token passes: "!" is an error, "?" worth knowing
--
-- found
SELECT * FROM codes_of_each(ARRAY[
	$$NOT authz.has_role('banned')$$,
	$$authz.has_role('banned') = false$$,
	$$false = authz.has_role('banned')$$,
	$$authz.has_role('banned') <> true$$,
	$$authz.has_role('banned') IS NOT TRUE$$,
	$$authz.has_role('banned') IS FALSE$$,
	$$authz.has_role('banned') IS DISTINCT FROM true$$,
	$$coalesce(NOT authz.has_role('banned'), false)$$,
	$$CASE WHEN authz.has_role('banned') THEN false ELSE true END$$,
	$$CASE authz.has_role('banned') WHEN true THEN false ELSE published END$$,
	$$NOT (authz.has_role('banned') AND published)$$,
	$$published AND NOT authz.has_role('banned')$$,
	$$NOT (authz.is_authenticated() AND authz.has_role('banned'))$$,
	$$NOT (authz.has_role('banned') OR NOT published)$$,
	$$authz.is_authenticated() OR NOT authz.has_role('banned')$$,
	$$(authz.is_authenticated() AND published) OR NOT authz.has_role('banned')$$,
	$$NOT authz.is_owner(owner)$$,
	$$coalesce(authz.subject(), '') <> owner$$,
	$$coalesce(authz.subject(), '') = owner$$,
	$$authz.subject() IS NULL OR authz.subject() = owner$$,
	$$authz.subject() IS DISTINCT FROM owner$$,
	$$NOT EXISTS (SELECT FROM m WHERE m.who = authz.subject())$$,
	$$owner NOT IN (SELECT who FROM m WHERE authz.is_owner(who))$$,
	$$owner <> ALL (ARRAY(SELECT who FROM m WHERE who = authz.subject()))$$,
	$$(SELECT NOT authz.has_role('banned'))$$,
	$$(SELECT count(*) FROM m WHERE who = authz.subject()) = 0$$,
	$$(SELECT count(*) FROM m WHERE who = authz.subject()) < 5$$,
	$$NOT (authz.subject() = ANY (tags))$$,
	$$published = authz.has_role('banned')$$,
	$$authz.token_state() <> 'rejected'$$,
	$$authz.token_state() IN ('valid', 'none')$$,
	$$owner IN (SELECT authz.subject() UNION ALL SELECT 'everybody')$$,
	$$owner = ANY (ARRAY[authz.subject(), 'everybody'])$$,
	$$authz.subject() NOT IN (SELECT who FROM m)$$,
	$$NOT authz.is_authenticated()$$]);
-- near misses
SELECT * FROM codes_of_each(ARRAY[
	$$authz.is_authenticated() AND NOT authz.has_role('banned')$$,
	$$NOT authz.has_role('banned') AND authz.has_scope('read')$$,
	$$NOT authz.has_role('banned') AND (published AND authz.has_scope('read'))$$,
	$$NOT (NOT authz.is_authenticated() OR authz.has_role('banned'))$$,
	$$NOT (NOT authz.is_authenticated()) AND NOT authz.has_role('banned')$$,
	$$NOT (NOT authz.has_role('admin'))$$,
	$$authz.is_authenticated() AND authz.has_role('banned') = false$$,
	$$authz.has_role('admin') = true$$,
	$$authz.has_role('admin') IS TRUE$$,
	$$published OR authz.has_role('admin')$$,
	$$published$$,
	$$owner <> authz.subject()$$,
	$$NOT (owner = authz.subject())$$,
	$$NOT (authz.subject() = ANY (ARRAY['a', 'b']))$$,
	$$authz.subject() IS NOT NULL AND coalesce(authz.subject(), '') <> owner$$,
	$$owner = authz.subject()$$,
	$$lower(owner) = lower(authz.email())$$,
	$$authz.is_authenticated() AND NOT EXISTS (SELECT FROM m WHERE m.team = t.folder)$$,
	$$EXISTS (SELECT FROM m WHERE m.team = t.folder AND m.who = t.owner)$$,
	$$org::text = ANY (authz.org_ids())$$,
	$$owner IN (authz.subject(), authz.email())$$,
	$$owner = nullif(authz.subject(), '')$$,
	$$owner NOT IN (authz.subject(), 'everybody')$$,
	$$owner = ANY (string_to_array(authz.claim_text('owners'), ','))$$,
	$$authz.subject() IN (SELECT who FROM m WHERE m.team = t.folder)$$,
	$$authz.token_state() = 'valid' AND NOT authz.has_role('banned')$$,
	$$NOT ('valid' <> authz.token_state()) AND NOT authz.has_role('banned')$$,
	$$CASE WHEN authz.has_role('admin') THEN true ELSE false END$$]);
-- in a sub-select nobody passes these either: worth knowing for another reason
SELECT * FROM codes_of_each(ARRAY[
	$$EXISTS (SELECT FROM m WHERE m.team = t.folder AND m.who = authz.subject())$$,
	$$folder IN (SELECT team FROM m WHERE authz.is_owner(who))$$,
	$$owner IN (SELECT authz.subject() UNION ALL SELECT authz.email())$$,
	$$org::text IN (SELECT unnest(authz.org_ids()))$$,
	$$org::text IN (SELECT o.org_id FROM authz.orgs() o)$$,
	$$(owner, folder) IN (SELECT authz.subject(), team FROM m)$$,
	$$folder IN (SELECT team FROM m WHERE who = authz.subject() UNION SELECT team FROM m WHERE authz.is_owner(who))$$,
	$$folder = ANY (ARRAY(SELECT team FROM m WHERE who = authz.subject()))$$,
	$$folder = (SELECT max(team) FROM m WHERE who = authz.subject())$$,
	$$(SELECT count(*) FROM m WHERE who = authz.subject()) > 0$$,
	$$authz.is_authenticated() AND NOT EXISTS (SELECT FROM m WHERE m.who = authz.subject())$$]);
-- restrictive policies, WITH CHECK
SELECT codes_of($$NOT authz.has_role('banned')$$, kind => 'RESTRICTIVE');
SELECT codes_of($$authz.is_authenticated() AND NOT authz.has_role('banned')$$, kind => 'RESTRICTIVE');
SELECT codes_of($$NOT authz.has_role('banned')$$, command => 'INSERT', clause => 'WITH CHECK');
SELECT codes_of($$authz.has_role('banned') IS NOT TRUE$$, command => 'UPDATE', clause => 'USING (authz.is_owner(owner)) WITH CHECK');
SELECT codes_of($$authz.is_owner(owner) AND NOT authz.has_role('banned')$$, command => 'INSERT', clause => 'WITH CHECK');
-- another policy keeps nobody out: for the same command and role, or not
SELECT beside, codes_of($$NOT authz.has_role('banned')$$, beside => beside) FROM unnest(ARRAY[
	'CREATE POLICY q ON t AS RESTRICTIVE USING (authz.is_authenticated())',
	'CREATE POLICY q ON t AS RESTRICTIVE FOR SELECT USING (authz.is_authenticated() AND published)',
	'CREATE POLICY q ON t AS RESTRICTIVE FOR UPDATE USING (authz.is_authenticated())',
	'CREATE POLICY q ON t AS RESTRICTIVE TO lint_conditions_app USING (authz.is_authenticated())',
	'CREATE POLICY q ON t AS RESTRICTIVE USING (published)',
	'CREATE POLICY q ON t USING (authz.is_authenticated())']) WITH ORDINALITY u (beside, n) ORDER BY n;
-- a table that hides rows by itself
SELECT codes_of('NOT EXISTS (SELECT FROM m WHERE m.team = t.folder)', beside => 'ALTER TABLE m ENABLE ROW LEVEL SECURITY');
SELECT codes_of('EXISTS (SELECT FROM m WHERE m.team = t.folder)', beside => 'ALTER TABLE m ENABLE ROW LEVEL SECURITY');
--
-- Everybody passes
--
SELECT * FROM codes_of_each(ARRAY[
	'true', 'NOT false', 'published OR true', 'owner = owner', 'id >= id', 'published OR NOT published',
	'org IS NULL OR org IS NOT NULL', 'id > 3 OR id <= 3', 'coalesce(NULL, true)', $$authz.is_owner(owner) OR true$$,
	'id IS NOT DISTINCT FROM id', 'abs(id) = abs(id)', 'authz.is_authenticated() OR NOT authz.is_authenticated()', '1 = 1', '1 < 2', $$now() > '2020-01-01'$$, 'random() < 2']);
-- near misses
SELECT * FROM codes_of_each(ARRAY[
	'false', 'published AND true', 'id < id', 'published OR false', 'published OR NOT authz.is_authenticated() AND authz.is_authenticated()',
	'authz.subject() = authz.subject()', 'owner IS NOT NULL', 'current_user = owner', $$pg_has_role('pg_monitor', 'MEMBER')$$, 'at < now()', 'EXISTS (SELECT FROM m)']);
SELECT codes_of('published IS TRUE OR published IS NOT TRUE');
-- for whom, and for what
SELECT codes_of('true', role => 'lint_conditions_app');
SELECT codes_of('1 < 2', role => 'lint_conditions_app');
SELECT codes_of('true', command => 'INSERT', clause => 'WITH CHECK');
SELECT codes_of('true', command => 'UPDATE', clause => 'USING (authz.is_owner(owner)) WITH CHECK');
SELECT codes_of('authz.is_owner(owner)', command => 'UPDATE', clause => 'USING (authz.is_owner(owner)) WITH CHECK');
SELECT codes_of('true', kind => 'RESTRICTIVE');
SELECT beside, codes_of('true', command => 'ALL', beside => beside) FROM unnest(ARRAY[
	'CREATE POLICY q ON t AS RESTRICTIVE USING (authz.is_owner(owner))',
	'CREATE POLICY q ON t AS RESTRICTIVE USING (true)',
	'CREATE POLICY q ON t AS RESTRICTIVE FOR SELECT USING (authz.is_owner(owner))',
	'CREATE POLICY q ON t AS RESTRICTIVE TO lint_conditions_app USING (authz.is_owner(owner))']) WITH ORDINALITY u (beside, n) ORDER BY n;
SELECT command, codes_of('authz.is_authenticated()', command => command, clause => CASE command WHEN 'INSERT' THEN 'WITH CHECK' ELSE 'USING' END)
	FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'ALL']) command;
--
-- Ceilings
--
SELECT codes_of($$authz.is_authenticated() AND NOT authz.has_role('banned')$$) AS "without actors";
SELECT authz.set_actor_ceiling('people dbmi', 'bot "1" %s', roles => '{reader}', groups => '{}', keep => '{banned}');
SELECT * FROM codes_of_each(ARRAY[
	$$NOT authz.has_role('banned')$$, $$NOT authz.has_role('reader')$$, $$NOT authz.has_role('trial')$$,
	$$NOT authz.has_any_role('banned', 'trial')$$, $$NOT authz.has_any_role('banned', 'reader')$$, $$authz.has_role('trial')$$,
	$$NOT authz.has_scope('trial')$$, $$NOT authz.has_group('trial')$$, $$authz.has_group('trial') = false$$,
	$$NOT authz.is_delegated() AND NOT authz.has_group('trial')$$, $$NOT authz.is_admin()$$, $$NOT ('trial' = ANY (authz.roles()))$$,
	$$'trial' = ANY (authz.roles())$$, $$'trial' <> ALL (authz.groups())$$, $$NOT authz.is_owner(owner)$$,
	$$NOT authz.has_claim('{groups}', 'trial')$$, $$NOT authz.claim_is('{realm_access,roles}', 'trial')$$,
	$$NOT authz.has_claim('{department}', 'trial')$$, $$NOT authz.is_owner(owner, 'groups')$$, $$authz.has_claim('{groups}', 'trial')$$,
	$$(NOT authz.has_scope('x') OR NOT authz.has_role('trial'))$$], 'authz.is_authenticated() AND ');
SELECT authz.set_actor_ceiling('people dbmi', 'bot 2', roles => '{}', item_permissions => '{view}');
SELECT * FROM codes_of_each(ARRAY[
	$$NOT authz.has_role('banned')$$, $$NOT authz.has_item_permission('a.b', 'VIEW')$$, $$NOT authz.manages_item('a.b')$$], 'authz.is_authenticated() AND ');
SELECT authz.drop_actor_ceiling('people dbmi', actor) FROM authz.actor_ceiling;
--
-- What folds
--
SELECT * FROM codes_of_each(ARRAY[
	$$(SELECT authz.has_scope('x'))$$,
	$$owner = (SELECT authz.subject())$$,
	$$EXISTS (SELECT 1 WHERE authz.has_scope('x'))$$,
	$$authz.is_owner(lower(owner))$$,
	$$authz.is_owner(named)$$,
	$$authz.is_owner(coalesce(owner, 'x'))$$,
	$$authz.has_scope(owner)$$,
	$$authz.has_scope(owner || 'x')$$,
	$$authz.has_scope(to_char(now(), 'YYYY'))$$,
	$$authz.has_scope((SELECT 'x'))$$,
	$$authz.has_item_permission(owner, 'VIEW')$$,
	$$authz.org_metadata(org) ->> 'plan' = 'gold'$$,
	$$CASE WHEN published THEN authz.is_owner(owner) ELSE false END$$,
	$$authz.is_authenticated() AND NOT authz.is_owner(owner)$$,
	$$coalesce(authz.is_owner(owner), false)$$,
	$$authz.has_object_perm('x', 't', id::text)$$]);
-- near misses
SELECT * FROM codes_of_each(ARRAY[
	$$authz.has_any_scope('a', 'b') AND authz.has_any_role(VARIADIC ARRAY['a', 'b']) AND authz.has_any_role(VARIADIC '{a,b}')$$,
	$$authz.is_owner(owner) OR authz.is_owner(author) OR authz.in_org(org) OR authz.is_owner(folder)$$,
	$$authz.has_scope(lower('X'))$$,
	$$authz.has_scope('x' || 'y')$$,
	$$authz.has_item_permission('a.b', 'VIEW', check_parents => true)$$,
	$$authz.has_item_permission(permission => 'VIEW', item => 'a.b')$$,
	$$authz.has_item_permission(lower('A.b'), 'VIEW')$$,
	$$authz.is_owner(owner, 'sub') AND authz.has_org_role(org, 'Owner')$$,
	$$authz.authenticated_within('5 minutes') AND authz.is_owner_or_admin(owner)$$,
	$$org = authz.subject()::uuid$$]);
SELECT codes_of('authz.is_owner(owner) AND NOT authz.is_simulated()');
-- altered
ALTER FUNCTION authz.has_acr(text) STRICT;
SELECT codes_of($$authz.has_acr('x')$$);
ALTER FUNCTION authz.has_acr(text) CALLED ON NULL INPUT;
SELECT codes_of($$authz.has_acr('x')$$);
--
-- Arguments
--
SELECT * FROM codes_of_each(ARRAY[
	$$authz.has_scope('read write')$$,
	$$authz.has_any_scope('read', E'a\tb')$$,
	$$authz.is_authenticated() AND NOT authz.has_all_scopes('a b')$$,
	$$authz.has_role('')$$,
	$$authz.has_role(NULL)$$,
	$$authz.has_any_role(VARIADIC '{}')$$,
	$$authz.has_any_role(VARIADIC ARRAY[]::text[])$$,
	$$authz.has_item_permission('a..b', 'VIEW')$$,
	$$authz.is_owner(number)$$,
	$$authz.in_org(at)$$]);
SELECT * FROM codes_of_each(ARRAY[
	$$authz.has_scope('read:write')$$, $$authz.has_role('Content Editor')$$, $$authz.claim_is('{department}', '')$$,
	$$authz.has_claim('{a,b}', 'x y')$$]);
\set ECHO none
RESET search_path;
DROP SCHEMA lint_conditions CASCADE;
DROP ROLE lint_conditions_app;
CALL mint.go_home();
