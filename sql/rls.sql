-- What stands around the policies: who reads the trust, what a setting is worth, plans that are kept, and whom policies do not bind.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
CREATE ROLE rls_owner;
CREATE ROLE rls_app;
CREATE ROLE rls_bypass BYPASSRLS;
CREATE TABLE rls_row (id integer, owner text);
ALTER TABLE rls_row OWNER TO rls_owner;
INSERT INTO rls_row VALUES (1, 'user123'), (2, 'u2'), (3, 'u2');
GRANT SELECT ON rls_row TO rls_app, rls_bypass;
CREATE POLICY own ON rls_row USING (authz.is_owner(owner));
ALTER TABLE rls_row ENABLE ROW LEVEL SECURITY;

-- row 93: the application reads no issuer and no key, and its questions are answered all the same
SET ROLE rls_app;
CALL mint.login('tX0');
-- refuse
SELECT * FROM authz.issuer;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM authz.issuer_key;
\echo :LAST_ERROR_SQLSTATE
SELECT t, mint.outcome('SELECT count(*) FROM authz.' || t) FROM unnest(ARRAY['profile', 'revocation']) t;
-- accept
SELECT authz.subject(), authz.has_scope('read:data'), (SELECT string_agg(id::text, ' ') FROM rls_row) AS rows;

-- row 94: a setting is worth what its token is worth
-- refuse
SET dbmi_authz.token = 'root';
\echo :LAST_ERROR_SQLSTATE
SELECT authz.token_state(), authz.subject(), (SELECT count(*) FROM rls_row) AS rows;
SELECT v AS value, mint.outcome(format('SELECT set_config(''dbmi_authz.token'', %L, false)', v))
  FROM unnest(ARRAY['', 'token accepted', '{"sub":"user123"}', mint.b64url('{"alg":"none"}') || '.' || mint.b64url('{"sub":"user123"}') || '.']) v;
SELECT mint.outcome(format('SET dbmi_authz.token = %L', mint.hs256(mint.claims('tX0')::json, mint.secret('other')))) AS forged;
SELECT s AS setting, mint.outcome(format('SELECT set_config(%L, %L, false)', s, v))
  FROM unnest(ARRAY['dbmi_authz.subject', 'dbmi_authz.claims', 'request.jwt.claims', 'request.jwt.claim.sub', 'jwt.claims.sub', 'authz.token', 'authz.subject', 'app.user_id']) s,
	   unnest(ARRAY['user123', '{"sub":"user123","scope":"read:data"}']) v;
SELECT authz.token_state(), authz.subject(), authz.has_scope('read:data'), (SELECT count(*) FROM rls_row) AS rows;
RESET ALL;
SET ROLE rls_app;
-- accept
SELECT format('SET dbmi_authz.token = %L', mint.person('tX0')) AS login \gset
:login;
SELECT authz.token_state(), authz.subject(), (SELECT count(*) FROM rls_row) AS rows;
SHOW dbmi_authz.token;

-- row 95: a plan that is kept, and a parallel one
PREPARE mine AS SELECT authz.subject(), string_agg(id::text, ' ' ORDER BY id) AS rows FROM rls_row;
CREATE PROCEDURE pg_temp.everybody() LANGUAGE plpgsql AS $$
DECLARE
	who text;
	result record;
BEGIN
	FOREACH who IN ARRAY ARRAY['user123', 'u2', 'u3', NULL, 'user123'] LOOP
		PERFORM authz.clear_token();
		IF who IS NOT NULL THEN
			PERFORM authz.set_token(mint.person('tX0', jsonb_build_object('sub', who)));
		END IF;
		EXECUTE 'EXECUTE mine' INTO result;
		RAISE INFO '% %', current_setting('plan_cache_mode'), result;
	END LOOP;
END $$;
SET plan_cache_mode = auto;
CALL pg_temp.everybody();
SET plan_cache_mode = force_generic_plan;
CALL pg_temp.everybody();
SET plan_cache_mode = force_custom_plan;
CALL pg_temp.everybody();
SET plan_cache_mode = auto;
-- the parameter that forces parallel plans has another name since 16
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \g /dev/null
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CALL pg_temp.everybody();
SET plan_cache_mode = force_generic_plan;
CALL pg_temp.everybody();
RESET ALL;
DEALLOCATE mine;
RESET ROLE;
DROP PROCEDURE pg_temp.everybody;

-- C2.4, C2.5: superusers, BYPASSRLS, owners; row_security = off opens nothing
-- row 96: whom policies do not bind
CALL mint.login('tX0');
SET ROLE rls_app;
SELECT count(*) AS app FROM rls_row;
SET ROLE rls_owner;
SELECT count(*) AS owner FROM rls_row;
ALTER TABLE rls_row FORCE ROW LEVEL SECURITY;
SELECT count(*) AS owner_forced FROM rls_row;
SET ROLE rls_bypass;
SELECT count(*) AS bypass FROM rls_row;
RESET ROLE;
SELECT count(*) AS superuser FROM rls_row;
-- whoever is bound can ask not to be answered by half
SET ROLE rls_app;
SET row_security = off;
SELECT count(*) FROM rls_row;
RESET row_security;
RESET ROLE;

CALL mint.go_home();
DROP TABLE rls_row;
DROP ROLE rls_owner, rls_app, rls_bypass;
