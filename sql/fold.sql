-- What each check becomes in a plan, for whom, and what is left as it stands.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
\set ECHO all
CREATE TABLE fold_row (id integer, owner text, n integer, org text, org_key uuid, need text);

-- accept: what constant arguments settle
SELECT who, call, result FROM (VALUES
	(1, 'boss', $$authz.has_scope('admin')$$), (2, 'boss', $$authz.has_scope('nothing')$$), (3, 'boss', $$authz.has_scope(NULL)$$),
	(4, 'boss', $$authz.has_any_scope('x', 'reader')$$), (5, 'boss', $$authz.has_all_scopes('admin', 'x')$$),
	(6, 'ann', $$authz.has_role('editor')$$), (7, 'ann', $$authz.has_any_role('x', 'y')$$), (8, 'ann', $$authz.has_all_roles('editor')$$),
	(9, 'ann', $$authz.has_permission('p')$$), (10, 'ann', $$authz.has_any_permission('p', 'q')$$), (11, 'ann', $$authz.has_all_permissions('p', 'q')$$),
	(12, 'ann', $$authz.has_group('g')$$), (13, 'ann', $$authz.has_any_group('h', 'g')$$), (14, 'ann', $$authz.has_all_groups('g', NULL)$$),
	(15, 'ann', $$authz.has_claim('{sub}', 'ann')$$), (16, 'ann', $$authz.has_any_claim('{sub}', 'ann', 'bob')$$), (17, 'ann', $$authz.has_all_claims('{sub}', 'ann', 'bob')$$),
	(18, 'ann', $$authz.is_owner('ann')$$), (19, 'ann', $$authz.is_owner('ann@example.com', 'email')$$), (20, 'ann', $$authz.is_owner_or_admin('bob')$$),
	(21, 'dbmi', 'authz.is_admin()'), (22, 'dbmi admin', 'authz.is_admin()'),
	(23, 'ann', 'authz.subject()'), (24, 'ann', 'authz.user_id()'), (25, 'ann', 'authz.email()'), (26, 'ann', 'authz.username()'), (27, 'ann', 'authz.issuer()'),
	(28, 'ann', 'authz.roles()'), (29, 'ann', 'authz.scopes()'), (30, 'ann', $$authz.claim_text('sub')$$), (31, 'ann', $$authz.claim('roles')$$),
	(32, 'orgs', 'authz.org_ids()'), (33, 'orgs', $$authz.org_ids_with_permission('can_view_billing')$$), (34, 'orgs', $$authz.org_id_by_name('Beta Ltd')$$),
	(35, 'orgs', 'authz.active_org_id()'), (36, 'active', 'authz.active_org_id()'), (37, 'active', $$authz.has_active_org_role('Admin')$$),
	(38, 'active', $$authz.has_active_org_permission('can_view_billing')$$), (39, 'orgs', $$authz.in_org('1189c444-8a2d-4c41-8b4b-ae43ce79a492'::uuid)$$),
	(40, 'nobody', $$authz.has_scope('admin')$$), (41, 'nobody', 'authz.subject()'), (42, 'nobody', 'authz.org_ids()'), (43, 'nobody', 'authz.is_authenticated()'),
	(44, 'ann', 'upper(authz.subject())'), (45, 'ann', $$authz.has_scope('admin') OR authz.has_role('editor')$$), (46, 'ann', $$authz.claim_is('{sub}', 'ann')$$), (47, 'ann', $$authz.claim_is('{sub}', 'an')$$),
	(48, 'ann', $$authz.claim_is(NULL, NULL)$$), (49, 'nobody', $$authz.claim_is('{sub}', 'ann')$$)) v (n, who, call)
	CROSS JOIN LATERAL (SELECT mint.folds_to(who, call, 'fold_row') AS result) r ORDER BY n;

-- accept: what becomes of a column
SELECT who, call, result FROM (VALUES
	(1, 'ann', 'authz.is_owner(owner)'), (2, 'ann', $$authz.is_owner(owner, 'email')$$), (3, 'ann', $$authz.is_owner(owner, 'none such')$$),
	(4, 'ann', 'authz.is_owner(owner, NULL)'), (5, 'ann', 'authz.is_owner_or_admin(owner)'), (6, 'dbmi admin', 'authz.is_owner_or_admin(owner)'),
	(7, 'num', 'authz.is_owner(n)'), (8, 'ann', 'authz.is_owner(n)'),
	(9, 'orgs', 'authz.in_org(org)'), (10, 'orgs', 'authz.in_org(org_key)'), (11, 'ann', 'authz.in_org(org)'), (12, 'active', 'authz.in_org(org)'),
	(13, 'orgs', $$authz.has_org_role(org, 'Admin')$$), (14, 'orgs', $$authz.has_org_role(org, 'Nobody')$$), (15, 'orgs', 'authz.has_org_role(org, NULL)'),
	(16, 'orgs', $$authz.is_at_least_org_role(org, 'Member')$$), (17, 'orgs', $$authz.has_org_permission(org, 'can_view_billing')$$),
	(18, 'orgs', $$authz.has_any_org_permission(org, 'x', 'can_view_billing')$$), (19, 'orgs', $$authz.has_all_org_permissions(org_key, 'can_view_billing', 'ProductA::CanCreate')$$),
	(20, 'orgs', $$authz.has_all_org_permissions(org, 'can_view_billing', 'x')$$), (21, 'orgs', 'authz.has_any_org_permission(org, VARIADIC NULL)'),
	(22, 'active', 'authz.in_active_org(org)'), (23, 'orgs', 'authz.in_active_org(org)'),
	(24, 'nobody', 'authz.is_owner(owner)'), (25, 'nobody', 'authz.is_owner_or_admin(owner)'), (26, 'nobody', 'authz.in_org(org)'),
	(27, 'nobody', $$authz.has_org_permission(org, 'x')$$), (28, 'ann', 'NOT authz.is_owner(owner)'), (29, 'ann', 'authz.is_owner(owner) IS NULL')) v (n, who, call)
	CROSS JOIN LATERAL (SELECT mint.folds_to(who, call, 'fold_row') AS result) r ORDER BY n;

-- P3: refuse: not constant, not a column, nothing to compare with
SELECT who, call, result FROM (VALUES
	(1, 'boss', 'authz.has_scope(need)'), (2, 'boss', 'authz.has_any_scope(need)'), (3, 'boss', $$authz.has_any_scope('admin', need)$$),
	(4, 'ann', 'authz.is_owner(lower(owner))'), (5, 'ann', 'authz.is_owner(owner, need)'), (6, 'ann', $$authz.is_owner(owner || '')$$),
	(7, 'ann', 'authz.is_owner(coalesce(owner, need))'), (8, 'num', 'authz.is_owner(n + 0)'), (9, 'orgs', 'authz.has_org_role(org, need)'),
	(10, 'orgs', 'authz.has_any_org_permission(org, need)'), (11, 'orgs', $$authz.has_org_role(CASE WHEN id > 0 THEN org END, 'Admin')$$),
	(12, 'ann', $$authz.claim_is('{sub}', need)$$)) v (n, who, call)
	CROSS JOIN LATERAL (SELECT mint.folds_to(who, call, 'fold_row') AS result) r ORDER BY n;
-- an empty list is an error when the query runs, for nobody too, and EXPLAIN is not (R3)
SELECT call, mint.folds_to('ann', call, 'fold_row'), mint.both('SELECT ' || call || ' FROM (VALUES (''x'')) v (org)'),
	mint.folds_to('nobody', call, 'fold_row'), mint.both('SELECT ' || call || ' FROM (VALUES (''x'')) v (org)')
  FROM unnest(ARRAY['authz.has_any_scope(VARIADIC ''{}'')', 'authz.has_all_claims(''{sub}'', VARIADIC ''{}'')',
					'authz.has_any_org_permission(org, VARIADIC ''{}'')']) call;
-- no answer of a type that is not supported, whoever asks (42804)
CREATE TYPE fold_enum AS ENUM ('ann');
CREATE TABLE fold_odd (e fold_enum, d date, c char(8), v text[]);
INSERT INTO fold_odd VALUES ('ann', '2001-01-01', 'ann', '{ann}');
SELECT who, call, mint.folds_to(who, call, 'fold_odd'), mint.both('SELECT ' || call || ' FROM fold_odd')
  FROM unnest(ARRAY['authz.is_owner(e)', 'authz.is_owner(c)', 'authz.is_owner_or_admin(d)', 'authz.is_owner_or_admin(v)', 'authz.in_org(e)']) call,
	unnest(ARRAY['ann', 'dbmi admin', 'nobody']) who;
-- nor does the planner try one
SELECT call, mint.folds_to('ann', call, 'fold_odd'), mint.both('SELECT ' || call || ' FROM fold_odd')
  FROM unnest(ARRAY['authz.is_owner(''ann''::fold_enum)', 'authz.is_owner(NULL::date, ''sub'')', 'authz.in_org(1.5)', 'authz.org_role(''ann''::char(8))']) call;
-- what builds the answer over other things than identity and argument
SELECT call, mint.folds_to('orgs', call, 'fold_row')
  FROM unnest(ARRAY['authz.org_role(org)', 'authz.org_permissions(org)', 'authz.token_state()', 'authz.is_authenticated()']) call;

-- where no table is read, calls stay: such an expression may outlive an identity
CALL mint.become('boss');
EXPLAIN (VERBOSE, COSTS OFF) SELECT authz.has_scope('admin');
EXPLAIN (VERBOSE, COSTS OFF) SELECT authz.has_scope('admin') FROM generate_series(1, 2);
EXPLAIN (VERBOSE, COSTS OFF) SELECT authz.has_scope('admin') FROM (VALUES (1), (2)) v;
-- a sub-select of a query that reads one counts
SELECT query, (SELECT count(*) FROM mint.plan('VERBOSE ' || query) p WHERE p ~ 'has_scope') AS calls
  FROM unnest(ARRAY['SELECT (SELECT authz.has_scope(''admin'')) FROM fold_row', 'SELECT x FROM fold_row, (SELECT authz.has_scope(''admin'') AS x OFFSET 0) s',
		'SELECT id FROM fold_row WHERE EXISTS (SELECT FROM generate_series(1, 2) g WHERE authz.has_scope(''admin'') AND g = id)']) query;
-- so does a view or sub-select that may read one
CREATE VIEW fold_barrier WITH (security_barrier) AS SELECT * FROM fold_row;
CALL mint.become('ann');
EXPLAIN (COSTS OFF) SELECT id FROM fold_barrier WHERE authz.is_owner(owner);
EXPLAIN (COSTS OFF) SELECT id FROM (SELECT * FROM fold_row OFFSET 0) s WHERE authz.is_owner(owner);
EXPLAIN (COSTS OFF) WITH c AS MATERIALIZED (SELECT * FROM fold_row) SELECT id FROM c WHERE authz.is_owner(owner);
-- not with grouping sets, but below them
EXPLAIN (COSTS OFF) SELECT n, count(*) FROM fold_row WHERE authz.is_owner(owner) GROUP BY ROLLUP (n);
EXPLAIN (COSTS OFF) SELECT n, count(*) FROM (SELECT * FROM fold_row WHERE authz.is_owner(owner) OFFSET 0) s GROUP BY ROLLUP (n);
-- not when switched off
SET dbmi_authz.plan_folding = off;
EXPLAIN (COSTS OFF) SELECT id FROM fold_row WHERE authz.is_owner(owner) AND authz.has_scope('admin');
RESET dbmi_authz.plan_folding;
-- parameters: folded in custom plans, left in generic ones
PREPARE fold_scope(text) AS SELECT id FROM fold_row WHERE authz.has_scope($1);
SET plan_cache_mode = force_custom_plan;
EXPLAIN (COSTS OFF) EXECUTE fold_scope('admin');
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE fold_scope('admin');
RESET plan_cache_mode;

-- estimates of what stays: a check over a column is taken for an equality, and
-- a condition that an index serves goes first
CREATE TABLE fold_many AS SELECT i AS id, 'u' || i AS owner FROM generate_series(1, 10000) i;
CREATE INDEX ON fold_many (id);
ANALYZE fold_many;
CREATE FUNCTION fold_estimate(condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) SELECT * FROM fold_many WHERE ' || condition INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;
CALL mint.become('ann');
SELECT condition, fold_estimate(condition) FROM unnest(ARRAY['authz.is_owner(lower(owner))', 'authz.in_org(lower(owner))', 'authz.is_owner(owner)', 'NOT authz.is_owner(owner)']) condition;
EXPLAIN (COSTS OFF) SELECT * FROM fold_many WHERE authz.is_owner(lower(owner)) AND id = 7;

-- a kept plan is made anew when folding is turned off
SET plan_cache_mode = force_generic_plan;
PREPARE fold_kept AS SELECT id FROM fold_many WHERE authz.is_owner(owner);
EXPLAIN (COSTS OFF) EXECUTE fold_kept;
SET dbmi_authz.plan_folding = off;
EXPLAIN (COSTS OFF) EXECUTE fold_kept;
RESET dbmi_authz.plan_folding;
EXPLAIN (COSTS OFF) EXECUTE fold_kept;
DEALLOCATE fold_kept;
RESET plan_cache_mode;
CALL mint.become('nobody');
CALL mint.go_home();
DROP VIEW fold_barrier;
DROP FUNCTION fold_estimate;
DROP TABLE fold_row, fold_odd, fold_many;
DROP TYPE fold_enum;
