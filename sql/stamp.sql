-- stamp_owner() makes the user who writes a row its owner: nobody writes in another's name, and no row changes hands.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\pset format unaligned
\pset footer off
\set ECHO all
SELECT current_database() AS db, current_user AS installer \gset
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE ROLE stamp_owner;
CREATE ROLE stamp_app;
ALTER DATABASE :"db" OWNER TO stamp_owner;
CREATE SCHEMA stamp AUTHORIZATION stamp_owner;
RESET client_min_messages;
SET ROLE stamp_owner;
GRANT USAGE ON SCHEMA stamp TO stamp_app;
SET search_path = stamp, public;
CREATE TABLE article (id integer PRIMARY KEY, user_created text, title text, user_modified varchar(100));
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON article FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner('user_created', 'user_modified');
GRANT SELECT, INSERT, UPDATE, DELETE, TRIGGER ON article TO stamp_app;

-- row 62: owner stamping
SET ROLE stamp_app;
CALL mint.login('tX0');
-- accept: filled, or one's own
INSERT INTO article VALUES (1) RETURNING *;
INSERT INTO article VALUES (2, 'user123', 'two', 'somebody') RETURNING *;
SELECT bool_and(user_created = authz.subject()) AS all_mine FROM article;
-- refuse: another's name, another's value of mine
INSERT INTO article VALUES (3, 'user456');
\echo :LAST_ERROR_SQLSTATE
SELECT authz.last_error() ->> 'error' AS error, authz.last_error() ->> 'sqlstate' AS state;
INSERT INTO article VALUES (3, 'User123'), (4, NULL);
INSERT INTO article VALUES (3, '');
-- refuse: a row changes hands
UPDATE article SET user_created = 'user456' WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
UPDATE article SET user_created = NULL;
-- accept: the same value, another column
UPDATE article SET user_created = 'user123', title = 'one' WHERE id = 1 RETURNING *;
-- refuse: without token
CALL mint.logout();
INSERT INTO article VALUES (3);
\echo :LAST_ERROR_SQLSTATE
UPDATE article SET title = 'x';
\echo :LAST_ERROR_SQLSTATE
-- who writes a row of somebody else leaves the owner and is the one who modified it
CALL mint.login('tX0', '{"sub": "user456"}');
UPDATE article SET title = 'edited', user_modified = 'user123' WHERE id = 1 RETURNING *;
-- refuse: not even to oneself
UPDATE article SET user_created = 'user456' WHERE id = 1;
-- a row without owner keeps none
SET ROLE stamp_owner;
ALTER TABLE article DISABLE TRIGGER stamp;
INSERT INTO article VALUES (5, NULL, 'nobody''s');
ALTER TABLE article ENABLE TRIGGER stamp;
SET ROLE stamp_app;
UPDATE article SET title = 'nobody''s still' WHERE id = 5 RETURNING *;
UPDATE article SET user_created = 'user456' WHERE id = 5;
DELETE FROM article WHERE id = 5;

--
-- Other ways to write
--
CALL mint.login('tX0');
-- accept
COPY article (id, user_created, title) FROM stdin;
10	\N	copied
11	user123	copied
\.
-- refuse
COPY article (id, user_created, title) FROM stdin;
12	\N	copied
13	user456	copied
\.
-- accept, refuse: the proposed row is judged first, and then the one that is there
INSERT INTO article VALUES (10, NULL, 'again') ON CONFLICT (id) DO UPDATE SET title = excluded.title RETURNING *;
INSERT INTO article VALUES (10, 'user456', 'again') ON CONFLICT (id) DO NOTHING;
INSERT INTO article VALUES (10, NULL, 'again') ON CONFLICT (id) DO UPDATE SET user_created = 'user456';
MERGE INTO article a USING (VALUES (11, 'merged'), (14, 'merged')) v (id, title) ON a.id = v.id
	WHEN MATCHED THEN UPDATE SET title = v.title WHEN NOT MATCHED THEN INSERT VALUES (v.id, NULL, v.title);
SELECT * FROM article WHERE title = 'merged' ORDER BY id;
MERGE INTO article a USING (VALUES (15)) v (id) ON a.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'user456');
WITH w AS (INSERT INTO article VALUES (16, NULL) RETURNING *) SELECT user_created, user_modified FROM w;
DO $$ BEGIN INSERT INTO stamp.article VALUES (17, 'user456'); EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE 'caught: %', SQLERRM; END $$;
-- a default does not replace the trigger, it is overridden by whoever inserts
SET ROLE stamp_owner;
ALTER TABLE article ALTER user_created SET DEFAULT authz.user_id();
SET ROLE stamp_app;
INSERT INTO article (id) VALUES (18) RETURNING *;
INSERT INTO article VALUES (19, 'user456');
-- with policies: the trigger runs before WITH CHECK
SET ROLE stamp_owner;
SELECT authz.protect('article', 'user_created', 'owner_or_read') IS NULL AS ran;
SET ROLE stamp_app;
INSERT INTO article VALUES (20, NULL) RETURNING *;
CALL mint.login('tX0', '{"sub": "user456"}');
UPDATE article SET title = 'x' WHERE id = 20;
SET ROLE stamp_owner;
SELECT authz.unprotect('article');
ALTER TABLE article DISABLE ROW LEVEL SECURITY;
SET ROLE stamp_app;

--
-- Nobody may be let write
--
-- refuse: not everybody says so
SET dbmi_authz.require_user_on_write = off;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SET dbmi_authz.require_user_on_write = off;
SET ROLE stamp_app;
-- accept: rows are taken as they are
CALL mint.logout();
INSERT INTO article VALUES (30, NULL, NULL, NULL), (31, 'imported', NULL, 'somebody') RETURNING *;
UPDATE article SET user_created = 'changed' WHERE id = 31 RETURNING *;
-- refuse: somebody is bound all the same
CALL mint.login('tX0');
INSERT INTO article VALUES (32, 'imported');
UPDATE article SET user_created = 'user123' WHERE id = 31;
-- refuse: and so is somebody who was
CALL mint.login('tX0', '{"jti": "S1"}');
RESET ROLE;
SELECT authz.revoke_token('https://people.axioms.example', 'S1') \g /dev/null
SET ROLE stamp_app;
INSERT INTO article VALUES (32);
\echo :LAST_ERROR_SQLSTATE
UPDATE article SET title = 'x' WHERE id = 1;
-- a failed login is nobody
SELECT authz.try_set_token('x');
INSERT INTO article VALUES (33, 'after a failed login') RETURNING *;
RESET ROLE;
RESET dbmi_authz.require_user_on_write;
-- refuse: an inactive subject is nobody
CALL mint.login('tX0');
INSERT INTO authz.inactive_subject VALUES ('https://people.axioms.example', 'user123');
INSERT INTO stamp.article VALUES (34);
DELETE FROM authz.inactive_subject;
CALL mint.logout();
SET ROLE stamp_app;
INSERT INTO article VALUES (34);
CALL mint.login('tX0', '{"exp": "+1"}');
SELECT pg_sleep(1.1) \g /dev/null
INSERT INTO article VALUES (35);
\echo :LAST_ERROR_SQLSTATE

--
-- Types
--
SET ROLE stamp_owner;
CREATE DOMAIN email AS citext CHECK (value ~ '@');
CREATE DOMAIN short AS varchar(8) COLLATE "C";
CREATE DOMAIN positive AS integer CHECK (value > 0);
CREATE DOMAIN nested AS positive CHECK (value < 100);
CREATE FUNCTION kind(type text, sub text, given text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text; message text; detail text;
BEGIN
	EXECUTE format('CREATE TEMP TABLE kind (owner %s, modified %1$s)', type);
	CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON kind FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner('owner', 'modified');
	CALL mint.login('tG0', '{"sub": "ann"}');
	CALL mint.login('tX0', jsonb_build_object('sub', sub));
	EXECUTE format('INSERT INTO kind VALUES (%L) RETURNING kind', given) INTO result;
	RAISE SQLSTATE 'RR000';
EXCEPTION WHEN SQLSTATE 'RR000' THEN
	RETURN result;
WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' ', SQLSTATE, message, nullif(detail, ''));
END $$;
RESET ROLE;
-- accept
SELECT type, sub, given, stamp.kind(type, sub, given) FROM (VALUES ('text', 'ann', NULL), ('varchar', 'ann', 'ann'), ('varchar(3)', 'ann', NULL), ('varchar(3)', 'äöü', NULL),
	('name', 'ann', NULL), ('name', repeat('x', 63), repeat('x', 63)), ('citext', 'ann', NULL), ('citext', 'ann', 'ANN'),
	('uuid', '1189C444-8a2d-4c41-8b4b-ae43ce79a492', NULL), ('uuid', '{1189C4448a2d4c418b4bae43ce79a492}', '1189c444-8a2d-4c41-8b4b-ae43ce79a492'),
	('smallint', '32767', NULL), ('smallint', '-1', '-1'), ('integer', '42', NULL), ('integer', '2147483647', '2147483647'), ('bigint', '-9223372036854775808', NULL),
	('stamp.email', 'a@b', NULL), ('stamp.email', 'a@b', 'A@b'), ('stamp.short', '12345678', NULL), ('stamp.positive', '42', NULL), ('stamp.nested', '42', '42'),
	('text COLLATE "C" NOT NULL', 'ann', NULL)) v (type, sub, given);
-- refuse: a claim that is no value of the type, by itself or cut to its length
SELECT type, sub, given, stamp.kind(type, sub, given) FROM (VALUES ('varchar(2)', 'ann', NULL), ('varchar(3)', 'ann ', NULL), ('varchar(3)', 'ann ', 'ann'), ('varchar(2)', 'äöü', NULL), ('name', repeat('x', 64), NULL),
	('name', repeat('x', 64), repeat('x', 63)), ('uuid', 'ann', NULL), ('uuid', 'ann', '1189c444-8a2d-4c41-8b4b-ae43ce79a492'), ('smallint', '32768', NULL), ('integer', '042', NULL), ('integer', '042', '42'),
	('integer', '4 2', NULL), ('integer', '1.0', NULL), ('bigint', '9223372036854775808', NULL), ('stamp.short', '123456789', NULL), ('stamp.positive', '1e2', NULL)) v (type, sub, given);
-- refuse: what the domain or the table refuses
SELECT type, sub, given, stamp.kind(type, sub, given) FROM (VALUES ('stamp.email', 'ann', NULL), ('stamp.positive', '0', NULL), ('stamp.nested', '100', NULL), ('stamp.nested', '-5', NULL),
	('text CHECK (length(owner) > 3)', 'ann', NULL)) v (type, sub, given);
-- refuse: types that no claim can have
SELECT type, stamp.kind(type, 'ann') FROM unnest(ARRAY['char(5)', 'timestamptz', 'jsonb', 'text[]', 'boolean', 'oid', 'numeric']) type;
-- refuse, accept: for an UPDATE another spelling is another value
CREATE TEMP TABLE spelled AS SELECT citext 'Ann' AS owner, repeat('x', 100000) AS title;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON spelled FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner('owner');
CALL mint.login('tG0');
UPDATE spelled SET owner = 'ann';
UPDATE spelled SET owner = 'Ann' RETURNING owner;
-- the claim is the issuer's owner_claim, a number too; without one nothing can be written
CREATE TABLE stamp.numbered (owner integer, title text);
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON stamp.numbered FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner('owner');
GRANT SELECT, INSERT, UPDATE ON stamp.numbered TO stamp_app;
SELECT authz.alter_issuer('https://people.example', '{"owner_claim": "user"}') \g /dev/null
SET ROLE stamp_app;
-- accept
CALL mint.login('tG0', '{"user": 42}');
INSERT INTO numbered VALUES (NULL), (42) RETURNING *;
-- refuse
INSERT INTO numbered VALUES (43);
CALL mint.login('tG0', '{"user": ["42"]}');
INSERT INTO numbered VALUES (42);
INSERT INTO numbered VALUES (NULL);
CALL mint.login('tG0', '{"user": ""}');
INSERT INTO numbered VALUES (NULL);
CALL mint.login('tG0');
INSERT INTO numbered VALUES (NULL);
-- accept: nothing need be filled in
UPDATE numbered SET title = 'x' RETURNING *;
RESET ROLE;
SELECT authz.alter_issuer('https://people.example', '{"owner_claim": "sub"}') \g /dev/null

--
-- Partitions
--
SET ROLE stamp_owner;
CREATE TABLE visit (id integer, year integer, owner text) PARTITION BY LIST (year);
CREATE TABLE visit_2025 (owner text, year integer, id integer);
ALTER TABLE visit ATTACH PARTITION visit_2025 FOR VALUES IN (2025);
CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES IN (2026);
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON visit FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner('owner');
GRANT SELECT, INSERT, UPDATE ON visit, visit_2025 TO stamp_app;
SET ROLE stamp_app;
CALL mint.login('tX0');
-- accept
INSERT INTO visit VALUES (1, 2025, NULL), (2, 2026, 'user123') RETURNING tableoid::regclass, *;
UPDATE visit SET year = 2026 WHERE id = 1 RETURNING tableoid::regclass, *;
-- refuse
INSERT INTO visit VALUES (3, 2025, 'user456');
INSERT INTO visit_2025 VALUES ('user456', 2025, 3);
-- refuse: an UPDATE that moves a row of somebody else is an INSERT there
CALL mint.login('tX0', '{"sub": "user456"}');
UPDATE visit SET year = 2025 WHERE id = 1;
UPDATE visit SET id = 10 WHERE id = 1 RETURNING *;
-- the owner as the key of the partitions cannot be filled in
SET ROLE stamp_owner;
CREATE TABLE keyed (owner text) PARTITION BY LIST (owner);
CREATE TABLE keyed_mine PARTITION OF keyed FOR VALUES IN ('user456');
CREATE TABLE keyed_rest PARTITION OF keyed DEFAULT;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON keyed FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner('owner');
INSERT INTO keyed VALUES (NULL);
-- accept
INSERT INTO keyed VALUES ('user456');

--
-- Mistakes
--
CREATE FUNCTION misuse(timing text, level text, arguments text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
BEGIN
	CREATE TEMP TABLE misused (id integer, owner text, j jsonb, gone text,
		made text GENERATED ALWAYS AS ('x') STORED, counted integer GENERATED ALWAYS AS IDENTITY, numbered integer GENERATED BY DEFAULT AS IDENTITY);
	ALTER TABLE misused DROP COLUMN gone;
	INSERT INTO misused VALUES (1);
	EXECUTE format('CREATE TRIGGER stamp %s ON misused FOR EACH %s EXECUTE FUNCTION authz.stamp_owner(%s)', timing, level, arguments);
	EXECUTE statement;
	DROP TABLE misused;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
	RETURN concat_ws(' ', SQLSTATE, message);
END $$;
-- refuse
SELECT v.*, misuse(timing, level, arguments, statement) FROM (VALUES ('AFTER INSERT', 'ROW', '''owner''', 'INSERT INTO misused VALUES (2)'),
	('BEFORE INSERT', 'STATEMENT', '''owner''', 'INSERT INTO misused VALUES (2)'), ('BEFORE DELETE', 'ROW', '''owner''', 'DELETE FROM misused'),
	('BEFORE TRUNCATE', 'STATEMENT', '''owner''', 'TRUNCATE misused'), ('BEFORE INSERT', 'ROW', '', 'INSERT INTO misused VALUES (2)'),
	('BEFORE INSERT', 'ROW', '''owner'', ''owner'', ''owner''', 'INSERT INTO misused VALUES (2)'), ('BEFORE INSERT', 'ROW', '''owner'', ''owner''', 'INSERT INTO misused VALUES (2)'),
	('BEFORE UPDATE', 'ROW', '''Owner''', 'UPDATE misused SET id = 2'), ('BEFORE UPDATE', 'ROW', '''owner'', ''none''', 'UPDATE misused SET id = 2'),
	('BEFORE INSERT', 'ROW', '''ctid''', 'INSERT INTO misused VALUES (2)'), ('BEFORE INSERT', 'ROW', '''gone''', 'INSERT INTO misused VALUES (2)'),
	('BEFORE INSERT', 'ROW', '''........pg.dropped.4........''', 'INSERT INTO misused VALUES (2)'), ('BEFORE INSERT', 'ROW', '''''', 'INSERT INTO misused VALUES (2)'),
	('BEFORE INSERT', 'ROW', '''j''', 'INSERT INTO misused VALUES (2)'), ('BEFORE INSERT', 'ROW', '''owner'', ''j''', 'INSERT INTO misused VALUES (2)'))
	v (timing, level, arguments, statement);
-- refuse: what is computed
SELECT arguments, misuse('BEFORE INSERT OR UPDATE', 'ROW', arguments, 'INSERT INTO misused DEFAULT VALUES'), misuse('BEFORE INSERT OR UPDATE', 'ROW', arguments, 'UPDATE misused SET id = 2')
  FROM unnest(ARRAY['''made''', '''counted''', '''numbered''', '''owner'', ''made''', '''owner'', ''numbered''']) arguments;
SELECT authz.stamp_owner();
\echo :LAST_ERROR_SQLSTATE
CREATE VIEW article_view AS SELECT * FROM article;
CREATE TRIGGER stamp INSTEAD OF INSERT ON article_view FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner('user_created');
INSERT INTO article_view VALUES (40);
DROP VIEW article_view;
-- accept: only for one command, only for some columns
SELECT misuse('BEFORE INSERT', 'ROW', '''owner''', 'INSERT INTO misused VALUES (2)'), misuse('BEFORE UPDATE', 'ROW', '''owner''', 'UPDATE misused SET id = 2'),
	   misuse('BEFORE UPDATE OF owner', 'ROW', '''owner''', 'UPDATE misused SET id = 2');
-- refuse
SELECT misuse('BEFORE UPDATE OF owner', 'ROW', '''owner''', 'UPDATE misused SET owner = ''x''');
-- an application may put it on a table where it may make triggers
SET ROLE stamp_app;
-- accept
CREATE TRIGGER again BEFORE INSERT ON article FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner('user_modified');
INSERT INTO article VALUES (41) RETURNING *;

-- a constraint that logs out while the row is stamped
SET ROLE stamp_owner;
CREATE FUNCTION logs_out(value text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN IF value IS NOT NULL THEN PERFORM authz.clear_token(); END IF; RETURN true; END $$;
CREATE DOMAIN logging_out AS text CHECK (logs_out(value));
CREATE TABLE logged_out (owner logging_out, modified text);
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON logged_out FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner('owner', 'modified');
INSERT INTO logged_out VALUES (NULL) RETURNING *;
-- the next row has nobody's
CALL mint.login('tX0');
INSERT INTO logged_out VALUES (NULL), (NULL);

-- replication, and who may pretend to be it, fires no ordinary trigger
RESET ROLE;
CALL mint.logout();
SET session_replication_role = replica;
INSERT INTO stamp.article VALUES (50, 'replicated') RETURNING user_created;
ALTER TABLE stamp.article ENABLE ALWAYS TRIGGER stamp;
INSERT INTO stamp.article VALUES (51, 'replicated');
RESET session_replication_role;

CALL mint.go_home();
\set ECHO none
SET client_min_messages = warning;
DROP SCHEMA stamp CASCADE;
ALTER DATABASE :"db" OWNER TO :"installer";
DROP OWNED BY stamp_owner, stamp_app;
DROP ROLE stamp_owner, stamp_app;
