-- What the planner makes of item permissions, and that no plan outlives the grants that it was made for.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
\set ECHO all
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('user@example.com', 'my-client', 'x', 'view');
CREATE TABLE fold_items_row (id integer PRIMARY KEY, owner text, item text);
INSERT INTO fold_items_row SELECT i, CASE WHEN i % 100 = 0 THEN 'user@example.com' ELSE 'other' END, concat('x.', i) FROM generate_series(1, 1000) i;
CREATE INDEX fold_items_owner ON fold_items_row (owner);
ANALYZE fold_items_row;

-- folded: constants
SELECT mint.folds_to('dbmi', $$authz.has_item_permission('x', 'view')$$, 'fold_items_row') AS held,
	   mint.folds_to('dbmi', $$authz.has_item_permission('x.y', 'view', true)$$, 'fold_items_row') AS below,
	   mint.folds_to('dbmi', $$authz.has_item_permission('y', 'view')$$, 'fold_items_row') AS not_held,
	   mint.folds_to('dbmi', $$authz.has_any_item_permission('x', '{edit,view}')$$, 'fold_items_row') AS any_held,
	   mint.folds_to('dbmi', $$authz.manages_item('x')$$, 'fold_items_row') AS manages,
	   mint.folds_to('dbmi', $$authz.has_app_permission('MANAGE')$$, 'fold_items_row') AS application,
	   mint.folds_to('dbmi', $$authz.is_admin()$$, 'fold_items_row') AS admin,
	   mint.folds_to('dbmi', $$authz.item_client()$$, 'fold_items_row') AS client,
	   mint.folds_to('nobody', $$authz.has_item_permission('x', 'view')$$, 'fold_items_row') AS nobody,
	   mint.folds_to('dbmi', $$authz.has_item_permission(NULL, 'view')$$, 'fold_items_row') AS of_null \gx
-- not folded: what may raise, a column
SELECT mint.folds_to('dbmi', $$authz.has_item_permission('x..y', 'view')$$, 'fold_items_row') AS malformed,
	   mint.folds_to('dbmi', $$authz.has_any_item_permission('x', '{}')$$, 'fold_items_row') AS empty,
	   mint.folds_to('dbmi', $$authz.has_any_item_permission('.', '{a}')$$, 'fold_items_row') AS any_malformed,
	   mint.folds_to('dbmi', $$authz.manages_item('')$$, 'fold_items_row') AS manages_malformed,
	   mint.folds_to('dbmi', $$authz.has_item_permission(item, 'view')$$, 'fold_items_row') AS "column" \gx

-- a policy
ALTER TABLE fold_items_row ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON fold_items_row USING (authz.has_item_permission('x', 'edit') OR authz.is_owner_or_admin(owner));
CREATE ROLE fold_items_app;
GRANT SELECT ON fold_items_row TO fold_items_app;
GRANT USAGE ON SCHEMA mint TO fold_items_app;
CREATE FUNCTION fold_items_grant(permission text, item text DEFAULT 'x', email text DEFAULT 'user@example.com') RETURNS void LANGUAGE sql AS
'INSERT INTO authz.item_permission (email, client, item, permission) VALUES ($3, ''my-client'', $2, $1)';
CREATE FUNCTION fold_items_revoke(permission text) RETURNS void LANGUAGE sql AS
'DELETE FROM authz.item_permission i WHERE i.permission = $1';
SET plan_cache_mode = force_generic_plan;
PREPARE fold_items_read AS SELECT count(*) FROM fold_items_row;
CALL mint.become('dbmi');
SET ROLE fold_items_app;
EXPLAIN (COSTS OFF) EXECUTE fold_items_read;
EXECUTE fold_items_read;
-- a grant to oneself, by another plan than the one kept
RESET ROLE; SELECT fold_items_grant('edit'); SET ROLE fold_items_app;
EXPLAIN (COSTS OFF) EXECUTE fold_items_read;
EXECUTE fold_items_read;
-- and taken back
RESET ROLE; SELECT fold_items_revoke('edit'); SET ROLE fold_items_app;
EXECUTE fold_items_read;
-- an administrator by a row
RESET ROLE; SELECT fold_items_grant('MANAGE', 'my-client'); SET ROLE fold_items_app;
EXECUTE fold_items_read;
RESET ROLE; SELECT fold_items_revoke('MANAGE'); SET ROLE fold_items_app;
EXECUTE fold_items_read;
-- implied
RESET ROLE; INSERT INTO authz.permission_implies VALUES ('my-client', 'view', 'edit'); SET ROLE fold_items_app;
EXECUTE fold_items_read;
RESET ROLE; DELETE FROM authz.permission_implies; SET ROLE fold_items_app;
EXECUTE fold_items_read;
-- rolled back, savepoints
BEGIN;
RESET ROLE; SELECT fold_items_grant('edit'); SET LOCAL ROLE fold_items_app;
EXECUTE fold_items_read;
SAVEPOINT s;
RESET ROLE; SELECT fold_items_revoke('edit'); SET LOCAL ROLE fold_items_app;
EXECUTE fold_items_read;
ROLLBACK TO s;
EXECUTE fold_items_read;
ROLLBACK;
EXECUTE fold_items_read;
-- identities
CALL mint.become('dbmi admin');
EXECUTE fold_items_read;
CALL mint.become('nobody');
EXECUTE fold_items_read;
CALL mint.become('ann');
EXECUTE fold_items_read;
CALL mint.become('dbmi');
EXECUTE fold_items_read;
RESET ROLE;

-- A function's plan in one transaction: what it kept is for what stood then.
CREATE FUNCTION fold_items_count() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM fold_items_row); END $$;
GRANT EXECUTE ON FUNCTION fold_items_count() TO fold_items_app;
CREATE FUNCTION fold_items_as_app() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	result bigint;
BEGIN
	SET LOCAL ROLE fold_items_app;
	result := fold_items_count();
	RESET ROLE;
	RETURN result;
END $$;
DO $$
BEGIN
	ASSERT fold_items_as_app() = 10;
	PERFORM fold_items_grant('edit');
	ASSERT fold_items_as_app() = 1000, 'granted';
	BEGIN
		PERFORM fold_items_revoke('edit');
		ASSERT fold_items_as_app() = 10, 'revoked';
		RAISE EXCEPTION SQLSTATE 'ZZ000';
	EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
		ASSERT fold_items_as_app() = 1000, 'rolled back';
	END;
	PERFORM fold_items_revoke('edit');
	ASSERT fold_items_as_app() = 10, 'revoked again';
END $$;

-- The same where a query calls the function: what that one sees is not what its statements are planned for.
CREATE FUNCTION fold_items_changes() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	seen text;
BEGIN
	FOR i IN 1..2 LOOP
		seen := concat_ws(' ', seen, (SELECT count(*) FROM fold_items_row WHERE authz.has_item_permission('x', 'edit')));
		IF i = 1 THEN
			PERFORM fold_items_grant('edit');
		END IF;
	END LOOP;
	RETURN seen;
END $$;
BEGIN;
SET LOCAL plan_cache_mode = auto;
SELECT fold_items_changes() FROM fold_items_row WHERE NOT authz.has_item_permission('x', 'edit') LIMIT 1;
ROLLBACK;
DROP FUNCTION fold_items_changes;

-- An open cursor stays with what its snapshot shows.
BEGIN;
SET LOCAL ROLE fold_items_app;
DECLARE fold_items_cursor CURSOR FOR SELECT id FROM fold_items_row ORDER BY id;
FETCH 2 FROM fold_items_cursor;
RESET ROLE; SELECT fold_items_grant('edit', email => 'somebody@example.com'); SET LOCAL ROLE fold_items_app;
FETCH 2 FROM fold_items_cursor;
RESET ROLE; SELECT fold_items_grant('edit'); SET LOCAL ROLE fold_items_app;
FETCH 2 FROM fold_items_cursor;
ROLLBACK;
-- One that only asks per row, too.
ALTER POLICY read ON fold_items_row USING (authz.has_item_permission(item, 'view', true));
BEGIN;
SET LOCAL ROLE fold_items_app;
DECLARE fold_items_cursor CURSOR FOR SELECT id FROM fold_items_row ORDER BY id;
FETCH 2 FROM fold_items_cursor;
RESET ROLE; SELECT fold_items_revoke('view'); SET LOCAL ROLE fold_items_app;
FETCH 2 FROM fold_items_cursor;
ROLLBACK;

-- Grants stand still while a query that asked runs: all rows are judged alike.
CREATE FUNCTION fold_items_meddle(id integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM authz.item_permission;
	RETURN id;
END $$;
BEGIN;
SELECT count(fold_items_meddle(id)), count(*) FILTER (WHERE authz.has_item_permission(item, 'view', true)) AS held FROM fold_items_row;
SELECT count(*) FILTER (WHERE authz.has_item_permission(item, 'view', true)) AS next_query FROM fold_items_row;
ROLLBACK;

-- A query of a volatile function in it has a snapshot of its own, that of a stable one has not.
CREATE FUNCTION fold_items_asks() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN authz.has_item_permission('x', 'view'); END $$;
CREATE FUNCTION fold_items_asks_within(id integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	answer boolean;
BEGIN
	EXECUTE 'SELECT fold_items_asks()' INTO answer;
	RETURN answer;
END $$;
CREATE FUNCTION fold_items_finds_within(id integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN EXISTS (SELECT FROM authz.item_permission); END $$;
CREATE FUNCTION fold_items_asks_stable(id integer) RETURNS boolean STABLE LANGUAGE plpgsql AS $$
DECLARE
	answer boolean;
BEGIN
	EXECUTE 'SELECT authz.has_item_permission(item, ''view'', true) FROM fold_items_row WHERE id = $1' INTO answer USING id;
	RETURN answer;
END $$;
CREATE FUNCTION fold_items_folds_stable(id integer) RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN EXISTS (SELECT FROM fold_items_row r WHERE r.id = $1 AND authz.has_item_permission('x', 'view')); END $$;
BEGIN;
SET LOCAL plan_cache_mode = auto;
SELECT count(fold_items_meddle(id)), count(*) FILTER (WHERE authz.has_item_permission(item, 'view', true)) AS held,
	   count(*) FILTER (WHERE fold_items_asks_within(id)) AS within, count(*) FILTER (WHERE fold_items_finds_within(id)) AS found_within,
	   count(*) FILTER (WHERE fold_items_asks_stable(id)) AS stable, count(*) FILTER (WHERE fold_items_folds_stable(id)) AS folded_stable
  FROM fold_items_row;
SELECT fold_items_asks_within(1) AS next_query, fold_items_folds_stable(1);
ROLLBACK;
SELECT fold_items_folds_stable(1);

-- What a function asks on its own ties no query: it may log in somebody else, who holds nothing of the one before.
SELECT fold_items_grant('audit', 'my-client');
INSERT INTO mint.kept VALUES ('dbmi other', mint.person('tD0', '{"email": "other@example.com"}'));
CREATE DOMAIN fold_items_auditor AS text CHECK (authz.has_app_permission(VALUE));
CREATE FUNCTION fold_items_audits(permission text) RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN permission::fold_items_auditor; END $$;
CREATE FUNCTION fold_items_become(who text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM authz.set_token(mint.token_of(who)); RETURN who; END $$;
-- refuse, although what the domain asks is planned once for all
SELECT fold_items_audits('audit'), fold_items_become('dbmi other'), fold_items_audits('audit');
SELECT authz.has_app_permission('audit') AS held, authz.is_admin();
-- accept the one who holds it, also after the other one
SELECT fold_items_become('dbmi'), fold_items_audits('audit'), fold_items_become('dbmi other'), fold_items_become('dbmi'), fold_items_audits('audit');
DROP FUNCTION fold_items_audits, fold_items_become;
DROP DOMAIN fold_items_auditor;

-- While a statement writes grants, and before that is told, a function in it sees those that are there.
CREATE FUNCTION fold_items_written() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT count(*) FILTER (WHERE authz.has_item_permission('w.' || n, 'view')) || ' = ' || (SELECT count(*) FROM authz.item_permission WHERE item LIKE 'w.%') FROM generate_series(1, 4) n);
END $$;
BEGIN;
UPDATE fold_items_row SET id = 0 WHERE false;
SELECT fold_items_written();
COMMIT;
BEGIN;
INSERT INTO authz.item_permission (email, client, item, permission, granted_by) SELECT 'user@example.com', 'my-client', 'w.' || n, 'view', fold_items_written() FROM generate_series(1, 4) n RETURNING granted_by;
ROLLBACK;
DROP FUNCTION fold_items_written;

-- They change while a query is planned: an error, and no plan with two answers.
CREATE FUNCTION fold_items_meddle_immutable() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN fold_items_meddle(1); END $$;
SELECT count(*) FROM fold_items_row WHERE authz.has_item_permission('x', 'view') AND fold_items_meddle_immutable() = 1 AND NOT authz.has_item_permission('x', 'view');

-- folded and not, the same
SELECT who, mint.as_somebody(who, $$SELECT count(*) FILTER (WHERE authz.has_item_permission('x', 'view')), count(*) FILTER (WHERE NOT authz.has_item_permission('x', 'edit')),
	count(*) FILTER (WHERE authz.has_item_permission(item, 'view', true)), count(*) FILTER (WHERE authz.is_owner_or_admin(owner)),
	count(*) FILTER (WHERE authz.has_any_item_permission('x.y', '{edit,view}', true)), count(*) FILTER (WHERE authz.manages_item('x')) FROM fold_items_row$$)
  FROM unnest(ARRAY['dbmi', 'dbmi admin', 'ann', 'boss', 'nobody']) who;
CALL mint.become('nobody');

DEALLOCATE fold_items_read;
RESET plan_cache_mode;
TRUNCATE authz.item_permission;
DROP FUNCTION fold_items_grant, fold_items_revoke, fold_items_count, fold_items_as_app, fold_items_meddle, fold_items_asks, fold_items_asks_within, fold_items_finds_within, fold_items_asks_stable, fold_items_folds_stable, fold_items_meddle_immutable;
DROP TABLE fold_items_row;
REVOKE ALL ON SCHEMA mint FROM fold_items_app;
DROP ROLE fold_items_app;
CALL mint.go_home();
