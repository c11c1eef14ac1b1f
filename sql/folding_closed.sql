-- What is not known to be safe to fold stays a call, and its plan is tied to all that an answer may depend on.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
\set ECHO all
\set VERBOSITY terse
CREATE TABLE closed_doc (id integer PRIMARY KEY, owner text);
INSERT INTO closed_doc VALUES (1, 'ann'), (2, 'bob');
CALL mint.become('ann');

-- Z16: functions of the same symbol that are not ours.  Only a superuser makes them.
CREATE FUNCTION closed_has_scope(text) RETURNS boolean LANGUAGE c STABLE PARALLEL RESTRICTED AS '$libdir/dbmi_authz', 'authz_has_scope' SUPPORT authz.identity_support;
CREATE FUNCTION closed_is_owner(text, text) RETURNS boolean LANGUAGE c STABLE PARALLEL RESTRICTED AS '$libdir/dbmi_authz', 'authz_is_owner' SUPPORT authz.identity_support;
CREATE FUNCTION closed_token_state() RETURNS text LANGUAGE c STABLE PARALLEL RESTRICTED AS '$libdir/dbmi_authz', 'authz_token_state' SUPPORT authz.identity_support;
CREATE FUNCTION closed_plpgsql(text) RETURNS boolean LANGUAGE plpgsql STABLE SUPPORT authz.identity_support AS $$ BEGIN RETURN authz.has_scope($1); END $$;
-- refuse them, accept the original
SELECT call, mint.output(call, 'closed_doc') FROM unnest(ARRAY[
	'closed_has_scope(''admin'')', 'authz.has_scope(''admin'')', 'closed_is_owner(owner, ''sub'')', 'authz.is_owner(owner, ''sub'')', 'closed_token_state()', 'closed_plpgsql(''admin'')']) call;
-- but their queries are for one identity, as others are
CREATE FUNCTION closed_become(who text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN CALL mint.become(who); RETURN true; END $$;
SELECT query, mint.rows_of(query) FROM unnest(ARRAY[
	'SELECT id FROM closed_doc WHERE CASE WHEN closed_become(''bob'') THEN closed_has_scope(''admin'') END',
	'SELECT id FROM closed_doc WHERE CASE WHEN closed_become(''bob'') THEN closed_token_state() IS NULL END',
	'SELECT id FROM closed_doc WHERE CASE WHEN closed_become(''bob'') THEN closed_plpgsql(''admin'') END',
	'SELECT id FROM closed_doc WHERE CASE WHEN closed_become(''bob'') THEN closed_is_owner(owner, ''sub'') END']) query;
SELECT authz.subject();
-- and a kept plan ends with the identity
SET plan_cache_mode = force_generic_plan;
PREPARE closed_kept AS SELECT id FROM closed_doc WHERE closed_is_owner(owner, 'sub');
EXECUTE closed_kept;
CALL mint.become('bob');
EXECUTE closed_kept;
RESET plan_cache_mode;
DROP FUNCTION closed_has_scope, closed_is_owner, closed_token_state, closed_plpgsql;

-- Z16: nor one of ours that is not as the script made it
CREATE FUNCTION closed_altered(change text, back text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE 'ALTER FUNCTION authz.has_scope(text) ' || change;
	result := mint.output('authz.has_scope(''admin'')', 'closed_doc') || ' ' || mint.rows_of('SELECT authz.has_scope(''admin'') FROM closed_doc');
	EXECUTE 'ALTER FUNCTION authz.has_scope(text) ' || back;
	RETURN result || ', then ' || mint.output('authz.has_scope(''admin'')', 'closed_doc');
END $$;
CALL mint.become('boss');
SELECT change, closed_altered(change, back) FROM (VALUES
	('VOLATILE', 'STABLE'), ('SECURITY DEFINER', 'SECURITY INVOKER'), ('SET search_path = public', 'RESET ALL'), ('STRICT', 'CALLED ON NULL INPUT'),
	('COST 7', 'COST 1'), ('NOT LEAKPROOF', 'LEAKPROOF')) v (change, back);

-- Z16: what is remembered of a function is not another one's, whose OID falls into the same place
CREATE ROLE closed_app;
GRANT SELECT ON closed_doc TO closed_app;
DO $$
DECLARE
	ours bigint := 'authz.has_scope(text)'::regprocedure::oid;
BEGIN
	FOR i IN 1 .. 300 LOOP
		CREATE FUNCTION closed_twin(text) RETURNS boolean LANGUAGE plpgsql STABLE SUPPORT authz.identity_support AS 'BEGIN RETURN true; END';
		EXIT WHEN to_regprocedure('closed_twin(text)')::oid::bigint % 256 = ours % 256;
		DROP FUNCTION closed_twin(text);
	END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION closed_twin(text) FROM PUBLIC;
SET ROLE closed_app;
SELECT count(*) FROM closed_doc WHERE authz.has_scope('admin');
SELECT count(*) FROM closed_doc WHERE authz.has_scope('admin') OR closed_twin('x');
SELECT count(*) FROM closed_doc WHERE closed_twin('x') OR authz.has_scope('admin');
SELECT count(*) FROM closed_doc WHERE authz.has_scope('admin');
EXPLAIN (COSTS OFF) SELECT FROM closed_doc WHERE authz.has_scope('admin');
RESET ROLE;
SELECT count(*) FROM closed_doc WHERE closed_twin('x');
SELECT count(*) FROM closed_doc WHERE authz.has_scope('admin') OR closed_twin('x');
DROP FUNCTION closed_twin(text);

-- a constant that arrives compressed is the same constant
CREATE TABLE closed_name AS SELECT repeat('c', 5000) AS claim;
SELECT pg_column_size(claim) < 1000 AS compressed FROM closed_name;
CREATE FUNCTION closed_owned() RETURNS SETOF integer LANGUAGE plpgsql AS $$
DECLARE
	name text;
BEGIN
	SELECT claim INTO name FROM closed_name;
	RETURN QUERY SELECT id FROM closed_doc WHERE authz.is_owner(owner, name);
END $$;
CALL mint.login('tG', jsonb_build_object(repeat('c', 5000), 'bob'));
SELECT mint.both('SELECT * FROM closed_owned()');

CALL mint.become('nobody');
CALL mint.go_home();
SET client_min_messages = warning;
DEALLOCATE ALL;
DROP FUNCTION closed_become, closed_altered, closed_owned;
DROP TABLE closed_doc, closed_name;
DROP ROLE closed_app;
