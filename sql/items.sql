-- Item permissions: stored for an e-mail address, asked by path, in any case of ASCII letters.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
INSERT INTO authz.item_permission (email, client, item, permission) VALUES
	('user@example.com', 'my-client', 'parent', 'ADmIN'),
	('user@example.com', 'my-client', 'hypatio.p1', 'MANAGE'),
	('user@example.com', 'my-client', 'profile', 'view');
-- One row of answers, each by its name.
CREATE PROCEDURE items_row(item text, client text DEFAULT 'my-client', email text DEFAULT 'user@example.com', permission text DEFAULT 'MANAGE') LANGUAGE sql
AS 'INSERT INTO authz.item_permission (email, client, item, permission) VALUES ($3, $2, $1, $4)';

-- row 43: an administrator by an item row
CALL mint.login('tD0');
-- refuse
SELECT authz.is_admin();
BEGIN;
CALL items_row('my-client', client => 'other-client', permission => 'manage');
SELECT authz.is_admin() AS row_of_another_client;
CALL items_row('my-client', email => 'other@example.com', permission => 'manage');
SELECT authz.is_admin() AS row_of_somebody_else;
CALL items_row('my-client.part', permission => 'manage');
SELECT authz.is_admin() AS row_below_the_application;
CALL items_row('my-client', permission => 'managed');
SELECT authz.is_admin() AS another_permission;
-- accept
CALL items_row('My-Client', permission => 'manage');
SELECT authz.is_admin(), authz.is_owner_or_admin('somebody@example.com'::text), authz.is_owner('somebody@example.com'::text);
SELECT authz.require_admin();
ROLLBACK;
SELECT authz.is_admin() AS rolled_back;

-- row 44: exactly the item
-- accept
SELECT authz.has_item_permission('parent', 'admin') AS parent, authz.has_item_permission('PARENT', 'Admin') AS upper_case;
-- refuse
SELECT authz.has_item_permission('parent', 'read') AS read, authz.has_item_permission('someitem', 'admin') AS someitem,
	   authz.has_item_permission('parent ', 'admin') AS blank, authz.has_item_permission('parent', 'admin ') AS blank_permission,
	   authz.has_item_permission('pparent', 'admin') AS longer, authz.has_item_permission('paren', 'tadmin') AS shifted;

-- row 45: what is below an item needs the flag
-- refuse
SELECT authz.has_item_permission('profile.image', 'view') AS without, authz.has_item_permission('profile.image', 'view', false) AS off,
	   authz.has_item_permission('profile.image', 'view', NULL) AS null_flag;
-- accept
SELECT authz.has_item_permission('profile.image', 'view', true) AS child, authz.has_item_permission('parent.child.grandchild', 'admin', true) AS grandchild,
	   authz.has_item_permission(item => NULL, permission => 'view') AS of_null, authz.has_item_permission('profile', NULL) AS of_null_permission;
SELECT authz.has_item_permission('profile', 'view', true) AS itself, authz.has_item_permission('Profile.Image.x', 'VIEW', check_parents => true) AS upper_case;

-- row 46: a child does not cover its parent
-- refuse
SELECT authz.has_item_permission('hypatio', 'MANAGE', true) AS parent, authz.has_item_permission('profilex', 'view', true) AS prefix,
	   authz.has_item_permission('profilex.image', 'view', true) AS prefix_of_component, authz.has_item_permission('hypatio.p11', 'MANAGE', true) AS longer;
-- accept
SELECT authz.has_item_permission('hypatio.p1', 'MANAGE', true) AS itself, authz.has_item_permission('hypatio.p1.x', 'MANAGE', true) AS below;

-- row 47: any of several permissions
-- accept
SELECT authz.has_any_item_permission('parent', '{admin,read}') AS one, authz.has_any_item_permission('parent', ARRAY[NULL, 'ADMIN']) AS beside_null,
	   authz.has_any_item_permission('parent.x', '{read,admin}', true) AS parents;
-- refuse
SELECT authz.has_any_item_permission('parent', '{write}') AS none, authz.has_any_item_permission('parent', ARRAY[NULL]::text[]) AS null_element,
	   authz.has_any_item_permission('parent', NULL) AS null_array, authz.has_any_item_permission('parent.x', '{admin}') AS no_parents;
-- R3: an empty list is a mistake
SELECT mint.outcome($$SELECT authz.has_any_item_permission('parent', '{}')$$);

-- row 48: malformed paths, with identity and without
SELECT item, mint.outcome(format('SELECT authz.has_item_permission(%L, %L, true)', item, 'x')) AS with_flag,
	   mint.outcome(format('SELECT authz.has_item_permission(%L, %L)', item, 'x')) AS without,
	   mint.outcome(format('SELECT authz.has_any_item_permission(%L, %L)', item, '{x}')) AS "any",
	   mint.outcome(format('SELECT authz.manages_item(%L)', item)) AS manages,
	   mint.outcome(format('SELECT count(*) FROM authz.item_permissions(%L)', item)) AS rows,
	   mint.outcome(format('SELECT count(*) FROM authz.item_grantees(%L, %L)', item, 'x')) AS grantees,
	   mint.outcome(format('SELECT authz.require_item_permission(%L, %L)', item, 'x')) AS require,
	   mint.outcome(format('SELECT authz.grant_item_permission(%L, %L)', 'bob', item)) AS "grant",
	   mint.outcome(format('SELECT authz.grant_profile_permission(%L, %L)', 'bob', item)) AS profile
  FROM unnest(ARRAY['a..b', '.a', '', 'a.', '.', '..']) item \gx
CALL mint.logout();
SELECT mint.outcome($$SELECT authz.has_item_permission('a..b', 'x')$$) AS anonymous,
	   mint.outcome($$SELECT authz.has_any_item_permission('a', '{}')$$) AS anonymous_empty;
SELECT item, split_part(mint.outcome(format('CALL items_row(%L)', item)), ' Failing', 1) AS row_by_hand FROM unnest(ARRAY['a..b', '']) item;
CALL mint.login('tD0');
-- a path is not judged further
SELECT authz.has_item_permission('a b/c;--.x', 'y') AS odd;

-- row 49: claims grant no items
CALL mint.login('tD1p');
SELECT authz.has_item_permission('other', 'MANAGE') AS item, authz.has_app_permission('MANAGE') AS application, authz.manages_item('other') AS manages;
SELECT authz.has_app_permission('manage') AS claims_are_exact;
CALL mint.login('tD0');
SELECT authz.has_app_permission('MANAGE') AS neither;
BEGIN;
CALL items_row('MY-CLIENT', permission => 'edit');
SELECT authz.has_app_permission('EDIT') AS by_row, authz.has_app_permission('edit') AS in_any_case, authz.has_app_permission('view') AS another,
	   authz.has_permission('EDIT') AS no_claim, authz.has_app_permission(NULL) AS of_null;
ROLLBACK;

-- row 50: implied permissions
-- refuse
SELECT authz.has_item_permission('hypatio.p1', 'VIEW') AS by_default;
BEGIN;
INSERT INTO authz.permission_implies VALUES ('my-client', 'MANAGE', 'VIEW');
-- accept
SELECT authz.has_item_permission('hypatio.p1', 'VIEW') AS implied, authz.has_item_permission('hypatio.p1.x', 'view', true) AS below,
	   authz.has_any_item_permission('hypatio.p1', '{write,view}') AS one;
-- refuse: the other way, another item, another client
SELECT authz.has_item_permission('profile', 'MANAGE') AS the_other_way, authz.has_item_permission('hypatio', 'VIEW') AS parent;
-- by way of a third, around in circles, in any case
INSERT INTO authz.permission_implies VALUES ('my-client', 'view', 'List'), ('my-client', 'LIST', 'manage'), ('other-client', 'list', 'fly');
SELECT authz.has_item_permission('profile', 'list') AS step, authz.has_item_permission('profile', 'MANAGE') AS two_steps,
	   authz.has_item_permission('profile', 'fly') AS of_another_client, authz.has_item_permission('profile', 'admin') AS another;
ROLLBACK;
SELECT authz.has_item_permission('hypatio.p1', 'VIEW') AS rolled_back;

-- row 55: what one manages
-- accept
SELECT authz.manages_item('hypatio.p1') AS item, authz.manages_item('Hypatio.P1.x') AS below, authz.manages_item('hypatio.p1', false) AS exactly;
-- refuse
SELECT authz.manages_item('hypatio.p2') AS beside, authz.manages_item('hypatio') AS above, authz.manages_item('hypatio.p1.x', false) AS below_exactly,
	   authz.manages_item('parent') AS another_permission, authz.manages_item(NULL) AS of_null;
SELECT * FROM authz.managed_items();
BEGIN;
CALL items_row('hypatio');
CALL items_row('Zeta');
CALL items_row('zeta', client => 'other-client');
SELECT authz.manages_item('hypatio.p2') AS after_the_row_above;
SELECT * FROM authz.managed_items();
ROLLBACK;

-- row 56: the owner by e-mail address
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
RESET client_min_messages;
CREATE TABLE items_note (id integer, email text, ci citext);
INSERT INTO items_note VALUES (1, 'user@example.com', 'user@example.com'), (2, 'User@Example.com', 'User@Example.com');
ALTER TABLE items_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON items_note USING (authz.is_owner(email));
CREATE ROLE items_app;
GRANT SELECT ON items_note TO items_app;
SET ROLE items_app;
SELECT id FROM items_note ORDER BY id;
RESET ROLE;
ALTER POLICY own ON items_note USING (authz.is_owner(ci));
SET ROLE items_app;
SELECT id FROM items_note ORDER BY id;
RESET ROLE;

-- whose rows count: the address in any case, the application exactly
-- accept
CALL mint.login('tD0', '{"email": "USER@Example.COM"}');
SELECT authz.has_item_permission('parent', 'admin') AS upper_case, authz.item_client();
-- refuse
CALL mint.login('tD0', '{"email": "user@example.com "}');
SELECT authz.has_item_permission('parent', 'admin') AS blank;
CALL mint.login('tD0', '{"email": "other@example.com"}');
SELECT authz.has_item_permission('parent', 'admin') AS somebody_else;
CALL mint.login('tX0', '{"email": "user@example.com"}');
SELECT authz.has_item_permission('parent', 'admin') AS issuer_without_client, authz.item_client(), authz.is_admin();
SELECT authz.alter_issuer('https://people.axioms.example', '{"client": "My-client"}');
CALL mint.login('tX0', '{"email": "user@example.com"}');
SELECT authz.has_item_permission('parent', 'admin') AS client_in_another_case;
SELECT authz.alter_issuer('https://people.axioms.example', '{"client": "my-client"}');
CALL mint.login('tX0');
SELECT authz.has_item_permission('parent', 'admin') AS without_address;
-- accept: any issuer with that client, which vouches for the address
CALL mint.login('tX0', '{"email": "user@example.com"}');
SELECT authz.has_item_permission('parent', 'admin') AS another_issuer;
CALL mint.logout();
-- refuse: nobody
SELECT authz.has_item_permission('parent', 'admin') AS nobody, authz.has_app_permission('MANAGE') AS application, authz.manages_item('hypatio.p1') AS manages, authz.item_client();
SELECT count(*) FROM authz.item_permissions();
SELECT count(*) FROM authz.managed_items();
SELECT mint.outcome($$SELECT authz.require_item_permission('parent', 'admin')$$);

-- lists
CALL mint.login('tD0');
SELECT email, client, item, permission, granted_by, granted_at IS NOT NULL AS dated FROM authz.item_permissions();
SELECT item FROM authz.item_permissions('PARENT');
SELECT item FROM authz.item_permissions('hypatio');
SELECT item FROM authz.item_permissions('Hypatio', true);
SELECT item FROM authz.item_permissions('hypa', true);
SELECT item FROM authz.item_permissions(children => true);
SELECT (authz.item_permissions('profile')).permission;

-- require
-- accept
SELECT authz.require_item_permission('parent', 'admin'), authz.require_item_permission('parent.x', 'admin', true);
-- refuse
SELECT mint.outcome($$SELECT authz.require_item_permission('parent', 'view')$$);
SELECT mint.outcome($$SELECT authz.require_item_permission('parent', NULL)$$);
SELECT mint.outcome($$SELECT authz.require_item_permission(NULL, 'admin')$$);
SELECT mint.outcome($$SELECT authz.require_item_permission('parent.x', 'admin')$$);

-- the next statement sees a grant, and one that is taken back
DO $$
BEGIN
	ASSERT NOT authz.has_item_permission('new', 'view');
	INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('user@example.com', 'my-client', 'new', 'view');
	ASSERT authz.has_item_permission('new', 'view');
	BEGIN
		DELETE FROM authz.item_permission WHERE item = 'new';
		ASSERT NOT authz.has_item_permission('new', 'view');
		RAISE EXCEPTION SQLSTATE 'ZZ000';
	EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
		ASSERT authz.has_item_permission('new', 'view'), 'the deletion was rolled back';
	END;
	UPDATE authz.item_permission SET item = 'newer' WHERE item = 'new';
	ASSERT NOT authz.has_item_permission('new', 'view');
	ASSERT authz.has_item_permission('newer', 'view');
	TRUNCATE authz.item_permission;
	ASSERT NOT authz.has_item_permission('newer', 'view');
	ASSERT NOT authz.has_item_permission('parent', 'admin');
END $$;
SELECT count(*) FROM authz.item_permissions();

-- many, long and odd
INSERT INTO authz.item_permission (email, client, item, permission)
SELECT 'user@example.com', 'my-client', concat('many.', i, '.', repeat('x', i % 300)), concat('p', i % 7) FROM generate_series(1, 2000) i WHERE i % 300 > 0;
INSERT INTO authz.item_permission (email, client, item, permission) VALUES
	('user@example.com', 'my-client', 'Zażółć.é', 'ŁÓDŹ'), ('user@example.com', 'my-client', repeat('deep.', 200) || 'end', 'view');
SELECT count(*) FROM generate_series(1, 2000) i WHERE i % 300 > 0
	AND authz.has_item_permission(concat('MANY.', i, '.', repeat('X', i % 300)), concat('P', i % 7));
SELECT count(*) FROM generate_series(1, 2000) i WHERE i % 300 > 0
	AND authz.has_item_permission(concat('MANY.', i, '.', repeat('X', i % 300)), concat('P', (i + 1) % 7));
-- letters that are not ASCII keep their case
SELECT authz.has_item_permission('zażółć.é', 'łódź') AS lower, authz.has_item_permission('zażółć.é', 'ŁÓDŹ') AS ascii_lower, authz.has_item_permission('zażółć.É', 'ŁÓDŹ') AS upper;
SELECT authz.has_item_permission(repeat('deep.', 200) || 'end.below', 'view', true) AS deep, authz.has_item_permission(repeat('deep.', 199) || 'end.below', 'view', true) AS not_as_deep;

-- two spellings are one grant
SELECT mint.outcome($$CALL items_row('ZAżółć.é', email => 'User@Example.com', permission => 'ŁÓDŹ')$$);

TRUNCATE authz.item_permission;
DROP TABLE items_note;
DROP PROCEDURE items_row;
DROP ROLE items_app;
CALL mint.go_home();
