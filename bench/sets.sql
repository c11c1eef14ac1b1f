-- Documents in 100,000 folders, and people to whom folders are shared.
-- Variable: documents.
--
-- Folders are a forest: one tree of 54,957, then trees of 279, then single
-- ones; each has seven below it.  The k-th folder bears a number that says
-- nothing of its place, and the documents lie in them at random.
CREATE FUNCTION bench.folder(k integer) RETURNS integer
	IMMUTABLE STRICT LANGUAGE sql
	RETURN (k::bigint * 7919 % 100003)::integer;

CREATE FUNCTION bench.above(k integer) RETURNS integer
	IMMUTABLE STRICT LANGUAGE sql
	RETURN CASE WHEN k <= 54957 THEN 0 WHEN k <= 54957 + 161 * 279 THEN 54957 + (k - 54958) / 279 * 279 END +
		CASE WHEN k <= 54957 THEN nullif(k, 1) - 2 ELSE nullif((k - 54958) % 279, 0) - 1 END / 7 + 1;

CREATE TABLE bench.folder (id integer PRIMARY KEY, parent_id integer);
INSERT INTO bench.folder SELECT bench.folder(k), bench.folder(bench.above(k)) FROM generate_series(1, 100000) k;
CREATE INDEX ON bench.folder (parent_id);

CREATE TABLE bench.folder_closure (ancestor integer, descendant integer, PRIMARY KEY (ancestor, descendant));
INSERT INTO bench.folder_closure
	WITH RECURSIVE below AS (
		SELECT id AS ancestor, id AS descendant FROM bench.folder
		UNION ALL
		SELECT b.ancestor, f.id FROM below b JOIN bench.folder f ON f.parent_id = b.descendant)
	SELECT * FROM below;

-- Who has how many folders, or one with others below it; their documents are
-- in the first of these.
CREATE TABLE bench.reaching (name text PRIMARY KEY, sub uuid, first integer, shares integer, token text);
INSERT INTO bench.reaching
SELECT name, bench.uuid('sub', n)::uuid, first, shares, token
  FROM (VALUES ('10 keys', 900001, 90001, 10),
			   ('1,000 keys', 900002, 80001, 1000),
			   ('10,000 keys', 900003, 60001, 10000),
			   ('50,000 keys', 900004, 10001, 50000),
			   ('279 below one', 900005, 54958, 1),
			   ('54,957 below one', 900006, 1, 1)) v (name, n, first, shares),
	   LATERAL bench.mint('ES256', bench.claims(n, 14));

-- Folders are shared to these, to a hundred who ask in the storm, each a tree
-- of 279, and to 5,000 others, two hundred each.
CREATE TABLE bench.folder_share (user_id uuid, folder_id integer, PRIMARY KEY (user_id, folder_id));
INSERT INTO bench.folder_share
SELECT sub, bench.folder(k) FROM bench.reaching, generate_series(first, first + shares - 1) k
UNION ALL
SELECT bench.uuid('sub', n)::uuid, bench.folder(54958 + n * 279) FROM generate_series(1, 100) n
UNION ALL
SELECT bench.uuid('sub', 1000 + n)::uuid, bench.folder(1 + (n * 200 + i) * 37 % 100000)
  FROM generate_series(1, 5000) n, generate_series(1, 200) i;
CREATE INDEX ON bench.folder_share (folder_id);

-- What those reach: the folders themselves, and with all that is below them
-- by a table of pairs, by a recursion as it comes to mind, by one that asks
-- the index for each folder, and by one that begins with another set.
CREATE VIEW bench.my_roots AS
	SELECT folder_id FROM bench.folder_share WHERE authz.is_owner(user_id);
CREATE VIEW bench.my_closure AS
	SELECT c.descendant AS folder_id FROM bench.folder_share s JOIN bench.folder_closure c ON c.ancestor = s.folder_id
	 WHERE authz.is_owner(s.user_id);
CREATE VIEW bench.my_recursive AS
	WITH RECURSIVE mine AS (
		SELECT folder_id FROM bench.folder_share WHERE authz.is_owner(user_id)
		UNION
		SELECT f.id FROM mine JOIN bench.folder f ON f.parent_id = mine.folder_id)
	SELECT folder_id FROM mine;
CREATE VIEW bench.my_lateral AS
	WITH RECURSIVE mine AS (
		SELECT folder_id FROM bench.folder_share WHERE authz.is_owner(user_id)
		UNION
		SELECT f.id FROM mine, LATERAL (SELECT id FROM bench.folder WHERE parent_id = mine.folder_id OFFSET 0) f)
	SELECT folder_id FROM mine;
CREATE VIEW bench.my_nested AS
	WITH RECURSIVE mine AS (
		SELECT unnest(authz.set_keys('bench.my_roots', NULL::integer)) AS folder_id
		UNION
		SELECT f.id FROM mine JOIN bench.folder f ON f.parent_id = mine.folder_id)
	SELECT folder_id FROM mine;
-- Keys of another type.
CREATE VIEW bench.all_people AS SELECT DISTINCT user_id FROM bench.folder_share;
SELECT authz.watch('bench.folder_share'), authz.watch('bench.folder'), authz.watch('bench.folder_closure');

-- The same as helpers, asked for each row: is the folder shared, and is one
-- shared that it is in?
CREATE FUNCTION bench.is_shared(asked integer) RETURNS boolean
	STABLE SECURITY DEFINER LANGUAGE plpgsql AS $$
BEGIN
	RETURN EXISTS (SELECT FROM bench.folder_share s WHERE authz.is_owner(s.user_id) AND s.folder_id = asked);
END $$;
CREATE FUNCTION bench.is_below_shared(asked integer) RETURNS boolean
	STABLE SECURITY DEFINER LANGUAGE plpgsql AS $$
BEGIN
	RETURN EXISTS (
		WITH RECURSIVE upwards AS (
			SELECT id, parent_id FROM bench.folder WHERE id = asked
			UNION ALL
			SELECT f.id, f.parent_id FROM upwards JOIN bench.folder f ON f.id = upwards.parent_id)
		SELECT FROM upwards JOIN bench.folder_share s ON s.folder_id = upwards.id WHERE authz.is_owner(s.user_id));
END $$;

-- One after another as they were created.  Ten of each owner; ten in a folder,
-- more where there are more than a million.
CREATE UNLOGGED TABLE bench.document (
	id integer PRIMARY KEY,
	owner uuid NOT NULL,
	folder_id integer NOT NULL,
	created timestamptz NOT NULL,
	body text NOT NULL
);
INSERT INTO bench.document
SELECT id, bench.uuid('sub', (hashint4extended(id, 1) & 1073741823)::integer % (:documents / 10))::uuid,
	   bench.folder(1 + (hashint4extended(id, 2) & 1073741823)::integer % 100000),
	   timestamptz '2020-01-01' + interval '10 s' * id, 'A document.'
  FROM generate_series(1, :documents) id;
-- the readers own what the first owners would have
UPDATE bench.document d SET owner = r.sub
  FROM (SELECT sub, row_number() OVER (ORDER BY name) - 1 AS n FROM bench.reaching) r
 WHERE d.owner = bench.uuid('sub', r.n::integer)::uuid;
CREATE INDEX ON bench.document (owner);
CREATE INDEX ON bench.document (folder_id);
CREATE INDEX ON bench.document (created);
ALTER TABLE bench.document ENABLE ROW LEVEL SECURITY;
-- Reads without a policy.
CREATE ROLE bench_hand LOGIN BYPASSRLS;
GRANT SELECT ON ALL TABLES IN SCHEMA bench TO PUBLIC;
VACUUM ANALYZE bench.folder, bench.folder_closure, bench.folder_share, bench.document;
