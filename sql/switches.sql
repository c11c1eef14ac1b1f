-- Whose rights a statement runs with has no say in who is asking; nobody logs in where another's code runs with them by PostgreSQL's own doing.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\pset format unaligned
\pset footer off
\pset tuples_only on
\set ECHO all
\set VERBOSITY terse
SELECT current_user AS installer \gset
CREATE ROLE switch_owner;
CREATE ROLE switch_app;
CREATE ROLE switch_other;
CREATE ROLE switch_bypass BYPASSRLS;
GRANT switch_other TO switch_app;
GRANT CREATE ON SCHEMA public TO switch_app, switch_owner;
CREATE TABLE switch_row (id integer, owner text);
INSERT INTO switch_row SELECT i, CASE WHEN i <= 5 THEN 'user123' ELSE 'u2' END FROM generate_series(1, 10) i;
ALTER TABLE switch_row OWNER TO switch_owner;
GRANT SELECT ON switch_row TO switch_app, switch_other, switch_bypass;
ALTER TABLE switch_row ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON switch_row USING (authz.is_owner(owner));
CREATE TABLE switch_token AS SELECT 'u2' AS who, mint.person('tX0', '{"sub": "u2"}') AS token UNION ALL SELECT 'user123', mint.person('tX0');
GRANT SELECT ON switch_token TO PUBLIC;
\set who 'SELECT current_user, authz.subject(), count(*) FROM switch_row;'

-- C2.1: the identity is the session's: no switch of roles changes it, and no login changes the role
CALL mint.login('tX0');
SET ROLE switch_app;
:who
SET ROLE switch_other;
:who
SET ROLE NONE;
SELECT authz.subject(), count(*) FROM switch_row;
SET SESSION AUTHORIZATION switch_app;
:who
SET ROLE switch_other;
:who
RESET ROLE;
:who
BEGIN;
SET LOCAL ROLE switch_other;
:who
SAVEPOINT s;
SET LOCAL SESSION AUTHORIZATION switch_bypass;
:who
ROLLBACK TO s;
-- Q3: before the mend of CVE-2024-10978 SET ROLE NONE came back, not the role of before
SELECT mint.since(150009, 160005, 170001, 180000) AS goes_back \gset
SELECT current_user = CASE WHEN :'goes_back' THEN 'switch_other' ELSE 'switch_app' END, authz.subject(), count(*) FROM switch_row;
SELECT set_config('role', 'switch_app', true);
SELECT authz.set_token((SELECT token FROM switch_token WHERE who = 'u2'), true) \g /dev/null
:who
COMMIT;
:who
BEGIN;
SET SESSION AUTHORIZATION DEFAULT;
SET SESSION AUTHORIZATION switch_bypass;
:who
ROLLBACK;
:who
-- a function that switches for itself
CREATE FUNCTION switch_as() RETURNS SETOF text LANGUAGE sql SET role = switch_other AS 'SELECT concat_ws(''|'', current_user, authz.subject(), count(*)) FROM switch_row';
SELECT switch_as();
:who
-- RESET ALL and DISCARD ALL forget the identity; only DISCARD ALL goes back to the role of the connection
SET ROLE switch_other;
RESET ALL;
:who
CALL mint.login('tX0');
:who
DISCARD ALL;
SELECT current_user = :'installer', authz.subject() IS NULL;
-- a role that is renamed, and one that is not there
CALL mint.login('tX0');
SET ROLE switch_app;
RESET ROLE;
ALTER ROLE switch_app RENAME TO switch_renamed;
SET ROLE switch_renamed;
:who
SET ROLE switch_app;
:who
RESET ROLE;
ALTER ROLE switch_renamed RENAME TO switch_app;

-- C2.2: policies go by the role, checks by the identity, in each kind of function and nested
CREATE FUNCTION switch_invoker() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN concat_ws('|', current_user, authz.subject(), authz.is_owner('user123'), (SELECT count(*) FROM switch_row)); END $$;
CREATE FUNCTION switch_definer() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN concat_ws('|', current_user, authz.subject(), authz.is_owner('user123'), (SELECT count(*) FROM switch_row)); END $$;
CREATE FUNCTION switch_both() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	RETURN NEXT switch_invoker();
	RETURN NEXT switch_definer();
	PERFORM authz.set_token((SELECT token FROM switch_token WHERE who = 'u2'));
	RETURN NEXT switch_invoker();
	RETURN NEXT switch_definer();
END $$;
ALTER FUNCTION switch_definer OWNER TO switch_owner;
ALTER FUNCTION switch_both OWNER TO switch_other;
SET ROLE switch_app;
SELECT switch_invoker();
SELECT switch_definer();
SELECT switch_both();
SELECT switch_invoker();
-- what a definer logs in stays, unless it is for the transaction
SELECT authz.subject();
RESET ROLE;

-- C2.7: a plan that is kept goes with the role, its policies with the identity
ALTER TABLE switch_row ADD kind text;
CREATE POLICY other ON switch_row TO switch_other USING (id > 8);
CREATE VIEW switch_view WITH (security_invoker) AS SELECT * FROM switch_row;
GRANT SELECT ON switch_view TO switch_app, switch_other, switch_bypass, switch_owner;
CREATE FUNCTION switch_sql() RETURNS bigint LANGUAGE sql STABLE SET search_path = public AS 'SELECT count(*) FROM switch_view';
CALL mint.login('tX0');
PREPARE switch_plan AS SELECT current_user, (SELECT count(*) FROM switch_row) AS direct, (SELECT count(*) FROM switch_view) AS by_view, switch_sql() AS by_function;
SET plan_cache_mode = force_generic_plan;
SELECT format('SET ROLE %I; EXECUTE switch_plan;', r) FROM unnest(ARRAY['switch_owner', 'switch_app', 'switch_other', 'switch_bypass', 'switch_app', 'switch_owner']) r \gexec
SET ROLE switch_other;
SET row_security = off;
EXECUTE switch_plan;
RESET row_security;
EXECUTE switch_plan;
RESET ROLE;
SET SESSION AUTHORIZATION switch_app;
EXECUTE switch_plan;
SET ROLE switch_other;
EXECUTE switch_plan;
RESET SESSION AUTHORIZATION;
-- and what the role has become
REVOKE switch_other FROM switch_app;
SET ROLE switch_app;
EXECUTE switch_plan;
RESET ROLE;
-- Q3: before the mend of CVE-2026-14666 a plan outlives what its role may do; what is planned anew is right
SELECT mint.since(150019, 160015, 170011, 180006) AS replans \gset
-- (functions in SQL keep plans since 18)
SELECT :'replans' OR NOT mint.since(180000) AS replans_function \gset
ALTER ROLE switch_app BYPASSRLS;
SET ROLE switch_app;
EXECUTE switch_plan \gset
SELECT :direct = CASE WHEN :'replans' THEN 10 ELSE 5 END, :by_view = CASE WHEN :'replans' THEN 10 ELSE 5 END,
	   :by_function = CASE WHEN :'replans_function' THEN 10 ELSE 5 END;
DISCARD PLANS;
EXECUTE switch_plan;
RESET ROLE;
ALTER ROLE switch_app NOBYPASSRLS;
SET ROLE switch_app;
EXECUTE switch_plan \gset
SELECT :direct = CASE WHEN :'replans' THEN 5 ELSE 10 END, :by_view = CASE WHEN :'replans' THEN 5 ELSE 10 END,
	   :by_function = CASE WHEN :'replans_function' THEN 5 ELSE 10 END;
DISCARD PLANS;
EXECUTE switch_plan;
RESET ROLE;
RESET plan_cache_mode;
DEALLOCATE switch_plan;
DROP POLICY other ON switch_row;

-- C2.3: no change of the identity while PostgreSQL runs somebody's code with the rights of a table's owner
CREATE FUNCTION switch_do() RETURNS void VOLATILE LANGUAGE plpgsql AS $$ BEGIN EXECUTE current_setting('switch.how'); END $$;
CREATE FUNCTION switch_trap(id integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM public.switch_do(); RETURN id; END $$;
CREATE FUNCTION switch_tell() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN concat_ws(' ', current_user, authz.subject(), authz.token_state()); END $$;
SET switch.how = 'SELECT';
CREATE TABLE switch_trapped (id integer);
INSERT INTO switch_trapped VALUES (1);
ALTER TABLE switch_trapped OWNER TO switch_owner;
CREATE INDEX switch_index ON switch_trapped (switch_trap(id));
CREATE MATERIALIZED VIEW switch_stored AS SELECT switch_trap(1) AS id, switch_tell() AS told;
ALTER MATERIALIZED VIEW switch_stored OWNER TO switch_owner;
GRANT CREATE ON SCHEMA public TO switch_owner;
SELECT format('SET dbmi_authz.token = %L', token) AS by_set, format('SET LOCAL dbmi_authz.token = %L', token) AS by_set_local,
	   format('SELECT set_config(''dbmi_authz.token'', %L, false)', token) AS by_config FROM switch_token WHERE who = 'u2' \gset
CREATE TABLE switch_how (n serial, name text, how text);
INSERT INTO switch_how (name, how) VALUES ('set_token', 'SELECT authz.set_token((SELECT token FROM public.switch_token WHERE who = ''u2''))'),
	('for the transaction', 'SELECT authz.set_token((SELECT token FROM public.switch_token WHERE who = ''u2''), true)'),
	('try_set_token', 'SELECT authz.try_set_token((SELECT token FROM public.switch_token WHERE who = ''u2''))'), ('bad', 'SELECT authz.try_set_token(''nonsense'')'),
	('clear_token', 'SELECT authz.clear_token()'), ('SET', :'by_set'), ('SET LOCAL', :'by_set_local'), ('set_config', :'by_config'), ('RESET', 'RESET dbmi_authz.token'),
	('RESET ALL', 'RESET ALL'), ('set_config to NULL', 'SELECT set_config(''dbmi_authz.token'', NULL, false)');
-- The statement with each of them: what comes of it, and who is there then.
CREATE FUNCTION switch_all(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	h record;
	outcome text;
	outcomes text[] := '{}';
BEGIN
	FOR h IN SELECT * FROM switch_how ORDER BY n LOOP
		PERFORM set_config('switch.how', h.how, true);
		BEGIN
			EXECUTE statement;
			outcome := 'ok';
		EXCEPTION WHEN OTHERS THEN
			outcome := concat_ws(' ', SQLSTATE, CASE WHEN SQLERRM !~ 'cannot change the identity within a security-restricted operation' THEN SQLERRM END);
		END;
		outcomes := outcomes || concat_ws(' ', h.name, outcome, authz.subject(), authz.token_state());
	END LOOP;
	RETURN array_to_string(outcomes, ', ');
END $$;
CALL mint.login('tX0');
-- refuse; set_config() to NULL asks nobody, and is undone with the operation
SELECT switch_all('CREATE INDEX ON switch_trapped (switch_trap(id))');
SELECT switch_all('REINDEX INDEX switch_index');
SELECT switch_all('CLUSTER switch_trapped USING switch_index');
SELECT switch_all('ANALYZE switch_trapped');
SELECT switch_all('CREATE MATERIALIZED VIEW switch_made AS SELECT switch_trap(2)');
SELECT switch_all('REFRESH MATERIALIZED VIEW switch_stored');
-- accept: what such code may ask, it is told
SET switch.how = 'SELECT';
REFRESH MATERIALIZED VIEW switch_stored;
SELECT told FROM switch_stored;
-- accept: a trigger, a rule and a definer of somebody else run in the session: it is for who uses a table to trust its owner
CREATE FUNCTION switch_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM authz.set_token((SELECT token FROM public.switch_token WHERE who = 'u2')); RETURN NULL; END $$;
CREATE TABLE switch_lure (id integer);
CREATE TRIGGER t AFTER INSERT ON switch_lure FOR EACH ROW EXECUTE FUNCTION switch_trigger();
INSERT INTO switch_lure VALUES (1);
SELECT authz.subject();
CALL mint.login('tX0');
-- refuse: not while a query that asked is running
INSERT INTO switch_lure SELECT 1 WHERE authz.is_owner('user123');
SELECT authz.subject();
DROP TRIGGER t ON switch_lure;
CREATE RULE r AS ON INSERT TO switch_lure DO ALSO SELECT authz.set_token(token) IS NULL FROM switch_token WHERE who = 'u2';
INSERT INTO switch_lure VALUES (1);
SELECT authz.subject();

CALL mint.go_home();
SET client_min_messages = warning;
DROP TABLE switch_trapped, switch_lure, switch_how;
DROP MATERIALIZED VIEW switch_stored, switch_made;
DROP VIEW switch_view;
DROP FUNCTION switch_sql, switch_as, switch_invoker, switch_definer, switch_both, switch_do, switch_trap, switch_tell, switch_all, switch_trigger;
DROP TABLE switch_row, switch_token;
DROP OWNED BY switch_owner, switch_app, switch_other, switch_bypass;
DROP ROLE switch_owner, switch_app, switch_other, switch_bypass;
