-- An identity that another server hands over reaches nobody but connections of the cluster's role: by no road.
\getenv abs_srcdir PG_ABS_SRCDIR
\set mint :abs_srcdir '/test/sql/mint.sql'
\set ECHO none
\i :mint
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dbmi_authz;
RESET client_min_messages;
\pset format unaligned
\pset footer off
\set ECHO all

-- accept: the shape of the view, for everybody to ask
SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a WHERE attrelid = 'authz.hand_over'::regclass AND attnum > 0 ORDER BY attnum;
SELECT has_table_privilege('public', 'authz.hand_over', p) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p;
SELECT attname, has_column_privilege('public', attrelid, attnum, 'UPDATE') FROM pg_attribute WHERE attrelid = 'authz.hand_over'::regclass AND attnum > 0 ORDER BY attnum;

-- refuse: no role is one of the cluster until a superuser says so
SELECT * FROM authz.hand_over;
SHOW dbmi_authz.cluster_role;
SELECT authz.hand_over_offer();
UPDATE authz.hand_over SET assertion = NULL;
UPDATE authz.hand_over SET assertion = 'x' WHERE false;
UPDATE authz.hand_over SET assertion = 'x' RETURNING *;
SELECT authz.take_hand_over();
INSERT INTO authz.hand_over VALUES ('a', 'b', 'c');
DELETE FROM authz.hand_over;
CREATE ROLE hand_app LOGIN;
CREATE ROLE hand_node LOGIN;
SET ROLE hand_app;
SET dbmi_authz.cluster_role = 'hand_app';
ALTER ROLE hand_app SET dbmi_authz.cluster_role = 'hand_app';
UPDATE authz.hand_over SET assertion = 'x';
UPDATE authz.hand_over SET destination = 'x', challenge = 'y';
CREATE TEMP VIEW hand_view AS SELECT NULL::text AS destination, NULL::text AS challenge, NULL::text AS assertion;
CREATE TRIGGER take INSTEAD OF UPDATE ON hand_view FOR EACH ROW EXECUTE FUNCTION authz.take_hand_over();
RESET ROLE;

-- refuse: a superuser, who is a member of every role but was granted none
SET dbmi_authz.cluster_role = 'hand_node';
SELECT count(*) FROM authz.hand_over;
SET SESSION AUTHORIZATION hand_node;
SELECT count(*) FROM authz.hand_over;
SET ROLE hand_node;
SELECT count(*) FROM authz.hand_over;
RESET SESSION AUTHORIZATION;
SET dbmi_authz.cluster_role = 'nobody_at_all';
SELECT count(*) FROM authz.hand_over;

-- accept: whoever is authenticated as a member; that it is who runs this
SELECT current_user AS me \gset
GRANT hand_node TO :"me";
SET dbmi_authz.cluster_role = 'hand_node';
SELECT destination = (SELECT concat(system_identifier, '/', current_database()) FROM pg_control_system()), length(challenge), assertion FROM authz.hand_over;
SET ROLE hand_app;
SELECT count(*) FROM authz.hand_over;
RESET ROLE;
-- one challenge waits, in one session
BEGIN;
SELECT challenge FROM authz.hand_over \gset
SELECT challenge = :'challenge' FROM authz.hand_over;
COMMIT;
SELECT challenge = :'challenge' FROM authz.hand_over;
-- nobody, twice in one statement, and with no row
UPDATE authz.hand_over SET assertion = NULL RETURNING length(challenge), assertion;
UPDATE authz.hand_over SET assertion = NULL FROM generate_series(1, 2);
UPDATE authz.hand_over SET assertion = 'x' WHERE assertion = 'y';
-- refuse: what is none
UPDATE authz.hand_over SET assertion = '';
UPDATE authz.hand_over SET assertion = 'x';
UPDATE authz.hand_over SET assertion = repeat('a', 2000000);
SELECT authz.token_state();
-- refuse: a trigger on a view of another shape, whoever may make one
CREATE TEMP VIEW hand_shape AS SELECT 1 AS a, 2 AS b, 3 AS c;
CREATE TRIGGER take INSTEAD OF UPDATE ON hand_shape FOR EACH ROW EXECUTE FUNCTION authz.take_hand_over();
UPDATE hand_shape SET c = 4;
CREATE TEMP TABLE hand_table (destination text, challenge text, assertion text);
CREATE TRIGGER take BEFORE UPDATE OR INSERT ON hand_table FOR EACH ROW EXECUTE FUNCTION authz.take_hand_over();
INSERT INTO hand_table VALUES (NULL, NULL, NULL);
-- refuse: within a security-restricted operation, and a query that asks
CREATE FUNCTION hand_over(assertion text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN UPDATE authz.hand_over h SET assertion = hand_over.assertion; RETURN true; END $$;
SELECT authz.is_authenticated(), hand_over(NULL) WHERE NOT authz.has_role('x');
CREATE MATERIALIZED VIEW hand_matview AS SELECT hand_over(NULL);

REVOKE hand_node FROM :"me";
SELECT count(*) FROM authz.hand_over;
RESET dbmi_authz.cluster_role;
DROP FUNCTION hand_over;
DROP VIEW hand_view, hand_shape;
DROP TABLE hand_table;
DROP ROLE hand_app, hand_node;
