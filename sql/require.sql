-- The raising twins raise exactly when the check is false: 28000 without identity, 42501 otherwise.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
\set O1 '\'1189c444-8a2d-4c41-8b4b-ae43ce79a492\''

-- row 38: a permission that is needed
-- accept
CALL mint.login('tA1');
SELECT authz.require_permission('read:admin-messages');
-- refuse
CALL mint.login('tA0');
SELECT authz.require_permission('read:admin-messages');
\echo :LAST_ERROR_SQLSTATE
SELECT authz.last_error() ->> 'sqlstate' AS state, authz.last_error() ->> 'error' AS error;
CALL mint.logout();
SELECT authz.require_permission('read:admin-messages');
\echo :LAST_ERROR_SQLSTATE

-- all of them are needed
CALL mint.login('tX0', '{"groups": ["g", "h"]}');
-- accept
SELECT f, mint.outcome('SELECT authz.' || f) FROM unnest(ARRAY['require_scope(''openid'', ''profile'')', 'require_role(''admin'', ''editor'')',
	'require_permission(''sample:read'')', 'require_group(''g'', ''h'')', 'require(true)', 'require(true, ''why'')']) f;
-- refuse
SELECT f, mint.outcome('SELECT authz.' || f) FROM unnest(ARRAY['require_scope(''openid'', ''x'')', 'require_role(''admin'', NULL)',
	'require_permission(NULL)', 'require_group(VARIADIC NULL)', 'require_admin()', 'require(false)', 'require(NULL)', 'require(false, NULL)',
	'require(false, ''not "today"'')', 'require(NULL, ''why'')']) f;
-- an empty list is a mistake, whoever asks
SELECT f, mint.outcome(format('SELECT authz.%s(VARIADIC ''{}'')', f)) FROM unnest(ARRAY['require_scope', 'require_role', 'require_permission', 'require_group']) f;
CALL mint.logout();
SELECT f, mint.outcome(format('SELECT authz.%s(VARIADIC ''{}'')', f)) FROM unnest(ARRAY['require_scope', 'require_role', 'require_permission', 'require_group']) f;

-- without identity
SELECT f, mint.outcome('SELECT authz.' || f) FROM unnest(ARRAY['require_scope(''openid'')', 'require_role(VARIADIC NULL)', 'require_permission(NULL)', 'require_group(''g'')',
	'require_admin()', 'require_org(''x'')', 'require_org(NULL)', 'require_org_role(''x'', ''y'')', 'require_org_permission(NULL, NULL)', 'require(true)', 'require(false)', 'require(NULL, ''why'')']) f;

-- an administrator
-- accept
CALL mint.login('tD1g');
SELECT mint.outcome('SELECT authz.require_admin()');
-- refuse
CALL mint.login('tD0');
SELECT mint.outcome('SELECT authz.require_admin()');

-- organisations: the descriptions are those of PropelAuth
CALL mint.login('tPM');
-- accept
SELECT f, mint.outcome(format('SELECT authz.' || f, :O1)) FROM unnest(ARRAY['require_org(%L)', 'require_org(%L::uuid)', 'require_org_role(%L, ''Admin'')',
	'require_org_role(%L::uuid, ''Admin'')', 'require_org_permission(%L, ''can_view_billing'')']) f;
-- refuse
SELECT f, mint.outcome(format('SELECT authz.' || f, :O1)) FROM unnest(ARRAY['require_org(''other "one"'')', 'require_org(42)', 'require_org(NULL)',
	'require_org(upper(%L))', 'require_org(NULL::uuid)', 'require_org(''3300E666-8a2d-4c41-8b4b-ae43ce79a492''::uuid)', 'require_org_role(%L, ''Member'')', 'require_org_role(%L, NULL)',
	'require_org_role(''x'', ''Admin'')', 'require_org_role(NULL, ''Admin'')', 'require_org_permission(%L, ''x'')', 'require_org_permission(%L, NULL)',
	'require_org_permission(''x'', ''can_view_billing'')', 'require_org_permission(NULL, NULL)']) f;

-- the planner neither drops nor calls them
CALL mint.login('tX0');
-- refuse
SELECT mint.outcome('SELECT count(*) FROM (SELECT authz.require_role(''x'')) s');
SELECT mint.outcome('SELECT count(*) FROM (SELECT 1 AS one, authz.require_role(''x'') AS needed FROM generate_series(1, 3)) s WHERE one = 1');
-- accept
SELECT mint.outcome('SELECT count(*) FROM (SELECT authz.require_role(''admin'')) s');
-- refuse
SELECT mint.outcome('EXPLAIN SELECT 1 FROM pg_class WHERE relname = authz.require_role(''x'')::text') LIKE '42501%' AS raised_while_planning;

-- in a trigger
CREATE TABLE require_row (id integer);
CREATE FUNCTION require_editor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.require_role('editor');
	PERFORM authz.require(NEW.id > 0, 'id must be positive');
	RETURN NEW;
END $$;
CREATE TRIGGER editors_only BEFORE INSERT ON require_row FOR EACH ROW EXECUTE FUNCTION require_editor();
-- accept
INSERT INTO require_row VALUES (1);
-- refuse
INSERT INTO require_row VALUES (0);
CALL mint.login('tX0', '{"roles": ["admin"]}');
INSERT INTO require_row VALUES (2);
CALL mint.logout();
INSERT INTO require_row VALUES (3);
SELECT id FROM require_row;

-- an identity that has ended: neither a denial nor a mistake in the arguments comes first
CALL mint.login('tX0', '{"jti": "R1"}');
SELECT authz.revoke_token('https://people.axioms.example', 'R1') \g /dev/null
SELECT f, mint.outcome('SELECT authz.' || f) FROM unnest(ARRAY['require_scope(VARIADIC ''{}'')', 'require_role(''admin'')', 'require(true)', 'require_admin()', 'require_org(1.5)',
	'has_scope(''openid'')', 'has_any_scope(VARIADIC ''{}'')', 'is_owner(''x''::char(8))', 'in_org(1.5)', 'subject()', 'claims()', 'orgs()', 'org_ids()', 'is_impersonated()', 'login_method()']) f;
SELECT authz.token_state(), authz.is_authenticated();

CALL mint.go_home();
DROP TABLE require_row;
DROP FUNCTION require_editor();
