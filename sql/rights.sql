-- Folded or not, the same rights: for a role that may not execute a check, the planner does not answer it either.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
RESET client_min_messages;
\set ECHO all
\set VERBOSITY terse
-- rights_app may not execute some of the checks, rights_may may.
CREATE ROLE rights_app;
CREATE ROLE rights_may;
REVOKE EXECUTE ON FUNCTION authz.claims(), authz.is_owner(anycompatible), authz.is_owner(anycompatible, text), authz.has_role(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION authz.claims(), authz.is_owner(anycompatible), authz.is_owner(anycompatible, text), authz.has_role(text) TO rights_may;
CREATE TABLE rights_doc (id integer PRIMARY KEY, owner text);
INSERT INTO rights_doc VALUES (1, 'ann'), (2, 'bob'), (3, NULL);
CREATE TABLE rights_one AS SELECT 1 AS id;
CREATE TABLE rights_mine (id integer PRIMARY KEY, owner text);
INSERT INTO rights_mine TABLE rights_doc;
ALTER TABLE rights_mine ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON rights_mine USING (authz.has_scope('admin') OR authz.is_owner(owner));
CREATE OPERATOR public.%%% (LEFTARG = anycompatible, RIGHTARG = text, FUNCTION = authz.is_owner);
GRANT ALL ON rights_doc, rights_one, rights_mine TO rights_app, rights_may;
GRANT CREATE ON SCHEMA public TO rights_app, rights_may;
-- a query as that role, folded and not
CREATE FUNCTION rights_as(role text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role);
	result := mint.both(query);
	RESET ROLE;
	RETURN result;
END $$;

-- Z2: refuse who has no EXECUTE, accept who has, in whatever place of a query
CALL mint.become('ann');
SELECT n, rights_as('rights_app', query) AS app, rights_as('rights_may', query) AS may, query FROM (VALUES
	(1, $$SELECT authz.claims() ->> 'sub' FROM rights_doc$$),
	(2, $$SELECT id FROM rights_doc WHERE authz.is_owner(owner)$$),
	(3, $$SELECT id FROM rights_doc WHERE authz.has_role('editor')$$),
	(4, $$SELECT id FROM rights_mine$$),
	(5, $$SELECT id FROM rights_doc WHERE (SELECT authz.has_role('editor'))$$),
	(6, $$SELECT d.id FROM rights_doc d LEFT JOIN rights_doc e ON authz.is_owner(e.owner) AND e.id = d.id WHERE e.id IS NULL$$),
	(7, $$WITH w AS MATERIALIZED (SELECT authz.has_role('x') AS x FROM rights_doc) SELECT count(*) FROM w$$),
	(8, $$SELECT count(*) FILTER (WHERE authz.has_role('editor')) FROM rights_doc$$),
	(9, $$SELECT id FROM rights_doc ORDER BY authz.has_role('x'), id DESC LIMIT 1$$),
	(10, $$SELECT id FROM rights_doc WHERE id IN (SELECT id FROM rights_doc WHERE authz.is_owner(owner))$$),
	(11, $$SELECT id FROM rights_doc UNION SELECT id FROM rights_mine$$),
	(12, $$SELECT id FROM rights_doc WHERE owner OPERATOR(public.%%%) 'sub'$$),
	(13, $$SELECT id FROM rights_doc WHERE owner OPERATOR(public.%%%) ANY (ARRAY['sub', 'x'])$$)) v (n, query) ORDER BY n;
-- Whether a row gets there, or another answer makes a call unneeded, is all the same to core, which looks at the calls; so it is here.
SELECT n, rights_as('rights_app', query) AS app, rights_as('rights_may', query) AS may, query FROM (VALUES
	(1, $$SELECT id FROM rights_doc WHERE CASE WHEN id < 0 THEN authz.is_owner(owner) ELSE true END$$),
	(2, $$SELECT id FROM rights_doc WHERE authz.has_scope('admin') AND authz.is_owner(owner)$$),
	(3, $$SELECT id FROM rights_doc WHERE authz.is_owner(owner) AND authz.has_scope('admin')$$),
	(4, $$SELECT id FROM rights_doc WHERE NOT authz.has_scope('admin') OR authz.is_owner(owner)$$),
	(5, $$SELECT id FROM rights_doc WHERE CASE WHEN authz.has_scope('admin') THEN authz.has_role('x') ELSE true END$$),
	(6, $$SELECT id FROM rights_doc WHERE coalesce(authz.has_scope('x'), authz.has_role('x'))$$),
	(7, $$SELECT id FROM rights_mine WHERE NOT authz.has_scope('admin')$$),
	(8, $$SELECT id FROM rights_doc LIMIT CASE WHEN authz.has_scope('admin') THEN length(authz.claims()::text) ELSE 1 END$$),
	-- nor does core look at what constants alone rule out
	(9, $$SELECT id FROM rights_doc WHERE true OR authz.is_owner(owner)$$),
	(10, $$SELECT id FROM rights_doc WHERE CASE WHEN false THEN authz.has_role('x') ELSE authz.has_scope('admin') END$$),
	(11, $$WITH w AS (SELECT authz.claims() FROM rights_doc) SELECT id FROM rights_doc WHERE NOT authz.has_scope('admin')$$)) v (n, query) ORDER BY n;
CALL mint.become('boss');
SELECT rights_as('rights_app', 'SELECT id FROM rights_mine') AS app, rights_as('rights_may', 'SELECT id FROM rights_mine') AS may;
CALL mint.become('nobody');
SELECT rights_as('rights_app', 'SELECT id FROM rights_mine') AS app, rights_as('rights_may', 'SELECT id FROM rights_mine') AS may;
SELECT rights_as('rights_app', 'SELECT authz.claims() FROM rights_doc') AS app, rights_as('rights_may', 'SELECT authz.claims() FROM rights_doc') AS may;
-- nothing is answered in such a plan, and EXPLAIN shows no answer
CALL mint.become('ann');
SET ROLE rights_app;
EXPLAIN (VERBOSE, COSTS OFF) SELECT authz.claims() FROM rights_doc;
EXPLAIN (COSTS OFF) SELECT id FROM rights_doc WHERE authz.is_owner(owner);
\set VERBOSITY default
SELECT authz.claims() FROM rights_doc;
\set VERBOSITY terse
-- what is missing on a table comes first, as for calls
RESET ROLE;
REVOKE ALL ON rights_mine FROM rights_app;
SELECT rights_as('rights_app', 'SELECT authz.claims() FROM rights_mine') AS app;
GRANT ALL ON rights_mine TO rights_app;


-- Z2: what writes
SET ROLE rights_app;
INSERT INTO rights_mine VALUES (4, 'ann');
UPDATE rights_mine SET owner = 'ann';
DELETE FROM rights_mine;
COPY (SELECT authz.claims() FROM rights_doc) TO STDOUT;
CREATE TABLE rights_stolen AS SELECT authz.claims() FROM rights_doc;
BEGIN;
DECLARE c CURSOR FOR SELECT authz.claims() FROM rights_doc;
ROLLBACK;
SET ROLE rights_may;
INSERT INTO rights_mine VALUES (4, 'ann');
UPDATE rights_mine SET owner = 'ann' RETURNING id;
DELETE FROM rights_mine WHERE id = 4;
COPY (SELECT authz.claims() ->> 'sub' FROM rights_doc) TO STDOUT;

-- Z2: a plan that is kept, for whoever runs it
SET plan_cache_mode = force_generic_plan;
PREPARE rights_kept AS SELECT authz.claims() ->> 'sub' AS sub FROM rights_one;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE rights_kept;
EXECUTE rights_kept;
SET ROLE rights_app;
EXECUTE rights_kept;
EXPLAIN (COSTS OFF) EXECUTE rights_kept;
SET ROLE rights_may;
EXECUTE rights_kept;
-- taken and given back between two executions
RESET ROLE;
REVOKE EXECUTE ON FUNCTION authz.claims() FROM rights_may;
SET ROLE rights_may;
EXECUTE rights_kept;
RESET ROLE;
GRANT EXECUTE ON FUNCTION authz.claims() TO rights_may;
SET ROLE rights_may;
EXECUTE rights_kept;
-- by way of a membership
RESET ROLE;
GRANT rights_may TO rights_app;
SET ROLE rights_app;
EXECUTE rights_kept;
RESET ROLE;
REVOKE rights_may FROM rights_app;
SET ROLE rights_app;
EXECUTE rights_kept;
-- by way of an attribute
RESET ROLE;
ALTER ROLE rights_app SUPERUSER;
SET ROLE rights_app;
EXECUTE rights_kept;
RESET ROLE;
ALTER ROLE rights_app NOSUPERUSER;
SET ROLE rights_app;
EXECUTE rights_kept;
-- and of what is rolled back
RESET ROLE;
BEGIN;
GRANT EXECUTE ON FUNCTION authz.claims() TO rights_app;
SET LOCAL ROLE rights_app;
EXECUTE rights_kept;
ROLLBACK;
SET ROLE rights_app;
EXECUTE rights_kept;
-- made by who may not: it has calls, and they answer who may
DEALLOCATE rights_kept;
PREPARE rights_kept AS SELECT authz.claims() ->> 'sub' AS sub FROM rights_one;
EXECUTE rights_kept;
SET ROLE rights_may;
EXECUTE rights_kept;
-- a check that another answer made unneeded when the plan was made
CALL mint.become('boss');
PREPARE rights_unneeded AS SELECT count(*) FROM rights_doc WHERE authz.has_scope('admin') OR authz.is_owner(owner);
EXPLAIN (COSTS OFF) EXECUTE rights_unneeded;
EXECUTE rights_unneeded;
SET ROLE rights_app;
EXECUTE rights_unneeded;
RESET ROLE;
EXECUTE rights_unneeded;
RESET plan_cache_mode;
-- the same of a plan for one identity, in which all was folded before it was planned
RESET ROLE;
PREPARE rights_folded AS SELECT count(*) FROM rights_doc WHERE authz.has_scope('admin') OR authz.is_owner(owner);
EXECUTE rights_folded;
SET ROLE rights_app;
EXECUTE rights_folded;
SET ROLE rights_may;
EXECUTE rights_folded;
RESET ROLE;
DEALLOCATE rights_folded;
CALL mint.become('ann');

-- Z2: functions that keep plans: whose rights count is where they run
RESET ROLE;
CREATE FUNCTION rights_claims() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT authz.claims() ->> 'sub' FROM rights_doc WHERE id = 1); END $$;
CREATE FUNCTION rights_claims_sql() RETURNS text LANGUAGE sql SET search_path = public AS $$ SELECT authz.claims() ->> 'sub' FROM rights_doc WHERE id = 1 $$;
CREATE FUNCTION rights_claims_inlined() RETURNS text LANGUAGE sql STABLE AS $$ SELECT authz.claims() ->> 'sub' $$;
SET ROLE rights_may;
CREATE FUNCTION rights_claims_of_may() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN rights_claims(); END $$;
SET ROLE rights_app;
CREATE FUNCTION rights_claims_of_app() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN rights_claims(); END $$;
RESET ROLE;
SELECT call, rights_as('rights_may', 'SELECT ' || call) AS may, rights_as('rights_app', 'SELECT ' || call) AS app, rights_as('rights_may', 'SELECT ' || call) AS may
  FROM unnest(ARRAY['rights_claims()', 'rights_claims_sql()', 'rights_claims_inlined() FROM rights_doc WHERE id = 1', 'rights_claims_of_may()', 'rights_claims_of_app()']) call;
-- in one transaction, in which a function in language SQL keeps its plan
BEGIN;
SET LOCAL ROLE rights_may;
SELECT rights_claims(), rights_claims_sql();
SAVEPOINT s;
SET LOCAL ROLE rights_app;
SELECT rights_claims_sql();
ROLLBACK TO s;
SET LOCAL ROLE rights_app;
SELECT rights_claims();
ROLLBACK;
-- a cursor is looked at when it is opened, as core does
BEGIN;
SET LOCAL ROLE rights_may;
DECLARE c CURSOR FOR SELECT authz.claims() ->> 'sub' FROM rights_doc;
SET LOCAL ROLE rights_app;
FETCH c;
ROLLBACK;

-- Z2: in a view, functions are called with the rights of whoever reads it
CREATE VIEW rights_view AS SELECT authz.claims() ->> 'sub' AS sub FROM rights_one;
CREATE VIEW rights_view_invoker WITH (security_invoker) AS SELECT authz.claims() ->> 'sub' AS sub FROM rights_one;
CREATE VIEW rights_view_barrier WITH (security_barrier) AS SELECT id, authz.has_role('editor') AS editor FROM rights_doc WHERE authz.is_owner(owner);
CREATE VIEW rights_view_mine AS SELECT * FROM rights_mine;
ALTER VIEW rights_view_mine OWNER TO rights_may;
GRANT SELECT ON rights_view, rights_view_invoker, rights_view_barrier, rights_view_mine TO rights_app, rights_may;
SELECT v AS view, rights_as('rights_app', 'TABLE ' || v) AS app, rights_as('rights_may', 'TABLE ' || v) AS may
  FROM unnest(ARRAY['rights_view', 'rights_view_invoker', 'rights_view_barrier', 'rights_view_mine']) v;

-- Z2: nor does folding ask for a right that the call does not need
REVOKE EXECUTE ON FUNCTION citext_eq(citext, citext) FROM PUBLIC;
CREATE TABLE rights_citext (id integer, owner citext);
INSERT INTO rights_citext VALUES (1, 'ANN'), (2, 'bob');
GRANT SELECT ON rights_citext TO rights_app, rights_may;
SELECT rights_as('rights_may', 'SELECT id FROM rights_citext WHERE authz.is_owner(owner)') AS may, rights_as('rights_app', 'SELECT id FROM rights_citext WHERE authz.is_owner(owner)') AS app;
GRANT EXECUTE ON FUNCTION citext_eq(citext, citext) TO PUBLIC;

CALL mint.become('nobody');
CALL mint.go_home();
SET client_min_messages = warning;
GRANT EXECUTE ON FUNCTION authz.claims(), authz.is_owner(anycompatible), authz.is_owner(anycompatible, text), authz.has_role(text) TO PUBLIC;
REVOKE EXECUTE ON FUNCTION authz.claims(), authz.is_owner(anycompatible), authz.is_owner(anycompatible, text), authz.has_role(text) FROM rights_may;
DEALLOCATE ALL;
DROP VIEW rights_view, rights_view_invoker, rights_view_barrier, rights_view_mine;
DROP OWNED BY rights_app, rights_may CASCADE;
DROP TABLE rights_doc, rights_one, rights_mine, rights_citext;
DROP FUNCTION rights_as, rights_claims, rights_claims_sql, rights_claims_inlined;
DROP OPERATOR public.%%% (anycompatible, text);
DROP ROLE rights_app, rights_may;
