-- Z14: what others grant to somebody, and what implies what, takes time and memory in proportion, and can be interrupted.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
-- Memory that this session keeps for grants, and what one identity may need.
CREATE VIEW limits_memory AS SELECT coalesce(sum(total_bytes), 0) AS kept FROM pg_backend_memory_contexts
 WHERE name LIKE 'dbmi_authz%grants%';

-- the answers are those of a query over the tables, for random grants and implications
CREATE FUNCTION limits_path(n integer) RETURNS text VOLATILE LANGUAGE sql AS
$$SELECT string_agg(('{a,b,aa,ab,A,a-,long-name-of-nine,B,é}'::text[])[1 + floor(random() * 9)::int], '.') FROM generate_series(1, 1 + floor(random() * n)::int)$$;
CREATE FUNCTION limits_granted(item text, permission text, parents boolean) RETURNS boolean LANGUAGE sql AS $$
WITH RECURSIVE giver(p) AS (
	SELECT lower($2 COLLATE "C")
	UNION SELECT lower(i.permission) FROM authz.permission_implies i, giver g WHERE lower(i.implies) = g.p AND i.client = 'my-client')
SELECT EXISTS (SELECT FROM authz.item_permission p WHERE p.client = 'my-client' AND lower(p.email) = 'user@example.com' AND lower(p.permission) IN (SELECT p FROM giver)
	AND (lower(p.item) = lower($1 COLLATE "C") OR ($3 AND starts_with(lower($1 COLLATE "C"), lower(p.item) || '.'))))
$$;
CALL mint.login('tD0');
SELECT setseed(0.14);
CREATE TABLE limits_asked (round integer, item text, permission text, parents boolean, ours boolean, theirs boolean);
DO $$
BEGIN
	FOR round IN 1..40 LOOP
		DELETE FROM authz.item_permission;
		DELETE FROM authz.permission_implies;
		INSERT INTO authz.permission_implies SELECT 'my-client', concat('p', floor(random() * 8)), concat('P', floor(random() * 8)) FROM generate_series(1, floor(random() * 10)::int) ON CONFLICT DO NOTHING;
		INSERT INTO authz.item_permission (email, client, item, permission)
		SELECT 'User@Example.com', 'my-client', limits_path(4), concat('p', floor(random() * 8)) FROM generate_series(1, floor(random() * random() * 120)::int) ON CONFLICT DO NOTHING;
		INSERT INTO limits_asked SELECT round, limits_path(5), concat('p', floor(random() * 9)), random() < 0.7 FROM generate_series(1, 50);
		UPDATE limits_asked a SET ours = authz.has_item_permission(item, permission, parents), theirs = limits_granted(item, permission, parents) WHERE a.round = limits_asked.round AND ours IS NULL;
	END LOOP;
END $$;
SELECT count(*) AS asked, count(*) FILTER (WHERE ours) > 200 AS many_held, count(*) FILTER (WHERE NOT ours) > 200 AS many_not, count(*) FILTER (WHERE ours IS DISTINCT FROM theirs) AS wrong FROM limits_asked;
TRUNCATE authz.item_permission, authz.permission_implies;

-- a long chain, and permissions all along it
INSERT INTO authz.permission_implies SELECT 'my-client', concat('P', i), concat('P', i + 1) FROM generate_series(1, 20000) i;
INSERT INTO authz.item_permission (email, client, item, permission) SELECT 'user@example.com', 'my-client', concat('y.', i), concat('P', i * 100) FROM generate_series(1, 100) i;
SET statement_timeout = '20s';
SELECT authz.has_item_permission('y.1', 'P20001') AS the_end, authz.has_item_permission('y.1', 'P100') AS itself, authz.has_item_permission('y.1', 'P99') AS before,
	   authz.has_item_permission('y.100', 'P9999') AS not_yet, authz.has_item_permission('y.100', 'VIEW') AS another;
SELECT count(*) AS held FROM generate_series(1, 100) i WHERE authz.has_item_permission(concat('y.', i), 'P5000');
SELECT count(*) AS managed FROM authz.managed_items();
-- and one who grants is judged by all that it implies
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('user@example.com', 'my-client', 'mine', 'MANAGE');
SELECT authz.grant_item_permission('bob@example.com', 'mine', 'P1') AS granted;
INSERT INTO authz.permission_implies VALUES ('my-client', 'P20001', 'manage');
SELECT mint.outcome($$SELECT authz.grant_item_permission('bob@example.com', 'mine', 'P1')$$);
-- everything implies everything
TRUNCATE authz.permission_implies;
INSERT INTO authz.permission_implies SELECT 'my-client', concat('P', i), concat('P', k) FROM generate_series(1, 200) i, generate_series(1, 200) k WHERE i <> k;
SELECT authz.has_item_permission('y.1', 'P200') AS implied, authz.has_item_permission('y.3', 'P200') AS not_implied;

-- many grants of permissions that imply many: they do not multiply
TRUNCATE authz.item_permission;
INSERT INTO authz.item_permission (email, client, item, permission) SELECT 'user@example.com', 'my-client', concat('z.', i), 'P1' FROM generate_series(1, 30000) i;
SELECT count(*) AS held FROM generate_series(1, 30000) i WHERE authz.has_item_permission(concat('z.', i, '.part'), concat('P', 1 + i % 7), true);
SELECT kept > 0 AS something, kept < 8 * 1024 * 1024 AS in_proportion FROM limits_memory;
-- many on one item
TRUNCATE authz.item_permission, authz.permission_implies;
INSERT INTO authz.item_permission (email, client, item, permission) SELECT 'user@example.com', 'my-client', 'z', concat('Q', i) FROM generate_series(1, 30000) i;
SELECT count(*) AS held FROM generate_series(1, 60000) i WHERE authz.has_item_permission('z.part', concat('q', i), true);
-- deep ones, of which none is what is asked for
TRUNCATE authz.item_permission;
INSERT INTO authz.item_permission (email, client, item, permission) SELECT 'user@example.com', 'my-client', concat(repeat('a.', i * 10), 'a'), 'VIEW' FROM generate_series(1, 500) i;
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('user@example.com', 'my-client', 'b', 'EDIT');
SELECT count(*) AS held FROM generate_series(1, 20) i WHERE authz.has_item_permission(concat(repeat('a.', 100000), i), 'EDIT', true);
SELECT authz.has_item_permission(concat(repeat('a.', 100000), 'x'), 'VIEW', true) AS held;
RESET statement_timeout;

-- there is an end: more than that is an error, for whom it is granted to
-- refuse
TRUNCATE authz.item_permission;
INSERT INTO authz.item_permission (email, client, item, permission) SELECT 'user@example.com', 'my-client', concat(i, repeat('x', 180000)), 'VIEW' FROM generate_series(1, 400) i;
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('bob@example.com', 'my-client', 'a', 'VIEW'), ('user@example.com', 'my-client', 'a', 'VIEW');
SELECT authz.has_item_permission('a', 'VIEW');
SELECT authz.is_authenticated(), authz.email(), kept < 8 * 1024 * 1024 AS nothing_kept FROM limits_memory;
-- accept: somebody else, and less
CALL mint.login('tD0', '{"email": "bob@example.com"}');
SELECT authz.has_item_permission('a', 'VIEW');
CALL mint.login('tD0');
DELETE FROM authz.item_permission WHERE item ~ '^[3-9]';
SELECT authz.has_item_permission('a', 'VIEW'), authz.has_item_permission(concat(1, repeat('x', 180000), '.y'), 'view', true) AS long, authz.has_item_permission(concat(2, repeat('x', 179999)), 'view') AS shorter;
-- two people need no more than one may
UPDATE authz.item_permission SET email = 'carl@example.com' WHERE email = 'user@example.com';
CALL mint.login('tD0', '{"email": "carl@example.com"}');
SELECT authz.has_item_permission('a', 'VIEW');
SELECT kept > 32 * 1024 * 1024 AS one, kept < 64 * 1024 * 1024 AS not_two FROM limits_memory;
TRUNCATE authz.item_permission;

-- and nobody but an administrator can bring anybody there
INSERT INTO authz.item_permission (email, client, item, permission, granted_by)
SELECT 'Victim@example.com', 'my-client', concat('mine.', i), 'VIEW', 'User@example.com' FROM generate_series(1, 9999) i;
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('user@example.com', 'my-client', 'mine', 'MANAGE'), ('bob@example.com', 'my-client', 'mine', 'MANAGE');
CALL mint.login('tD0');
-- accept: the last one, and those that are there
SELECT authz.grant_item_permission('victim@example.com', 'mine.last') AS last, authz.grant_item_permission('victim@example.com', 'mine.1') AS again;
-- refuse
SELECT mint.outcome($$SELECT authz.grant_item_permission('victim@example.com', 'mine.more')$$);
SELECT mint.outcome($$SELECT authz.grant_item_permission('VICTIM@example.com', 'mine.more', 'EDIT')$$);
SELECT mint.outcome($$SELECT authz.grant_profile_permission('victim@example.com', 'more')$$);
-- accept: to somebody else, by somebody else, after one was taken back, by an administrator
SELECT authz.grant_item_permission('carl@example.com', 'mine.more') AS to_another;
CALL mint.login('tD0', '{"email": "bob@example.com"}');
SELECT authz.grant_item_permission('victim@example.com', 'mine.more') AS by_another;
CALL mint.login('tD0');
SELECT authz.revoke_item_permission('victim@example.com', 'mine.1'), authz.grant_item_permission('victim@example.com', 'mine.one') AS one_more;
CALL mint.login('tD1g');
SELECT authz.grant_item_permission('victim@example.com', 'mine.much') AS by_administrator;

-- long lists of what is asked for are interrupted
SELECT jsonb_build_object('list', jsonb_agg(concat('m', i))) AS list FROM generate_series(1, 5000) i \gset
CALL mint.login('tX0', :'list');
SELECT clock_timestamp() AS began \gset
SET statement_timeout = '300ms';
SELECT authz.has_any_claim('{list}', VARIADIC array_fill('x'::text, ARRAY[10000000]));
RESET statement_timeout;
SELECT clock_timestamp() - :'began' < interval '15 s' AS soon;

TRUNCATE authz.item_permission;
CALL mint.logout();
DROP VIEW limits_memory;
DROP TABLE limits_asked;
DROP FUNCTION limits_path, limits_granted;
CALL mint.go_home();
