-- Items: ann manages scans, of which 1 and 2 are; 3 is another item.
INSERT INTO authz.permission_implies VALUES ('images', 'MANAGE', 'EDIT'), ('images', 'EDIT', 'VIEW');
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('ann@example.com', 'images', 'scans', 'MANAGE');
INSERT INTO catalogue VALUES (1, 'scans.brain'), (2, 'scans.heart'), (3, 'photos');
INSERT INTO catalogue SELECT i, 'other.i' || i FROM generate_series(1000, 3000) i;
INSERT INTO images (id, catalogue_id) SELECT i, i FROM generate_series(1, 3) i;
INSERT INTO images (id, catalogue_id) SELECT i, 1000 + i % 2000 FROM generate_series(1000, 6000) i;
SELECT setval('catalogue_id_seq', 10000), setval('images_id_seq', 50000) \g /dev/null
ANALYZE catalogue, images;
SET ROLE app;

-- who sees what
SELECT authz.set_token(:'ann') \g /dev/null
SELECT array_agg(id ORDER BY id) AS images, (SELECT array_agg(id ORDER BY id) FROM catalogue) AS items FROM images;
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) AS images, (SELECT array_agg(id ORDER BY id) FROM catalogue) AS items FROM images;
SELECT authz.clear_token() \g /dev/null
SELECT count(*) FROM images;

-- who may share: the manager of the item
SELECT authz.set_token(:'bob') \g /dev/null
SELECT authz.grant_item_permission('bob@example.com', 'scans.brain', 'VIEW');
SELECT authz.set_token(:'ann') \g /dev/null
SELECT authz.grant_item_permission('bob@example.com', 'photos', 'VIEW');
SELECT authz.grant_item_permission('bob@example.com', 'scans.brain', 'VIEW') AS granted;

-- what VIEW lets one do, with the next statement
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) FROM images;
UPDATE images SET title = 'By bob' RETURNING id;
INSERT INTO images (catalogue_id) VALUES (1);
SELECT authz.grant_item_permission('bob@example.com', 'scans.brain', 'EDIT');
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('bob@example.com', 'images', 'scans', 'EDIT');

-- what EDIT lets one do, which includes VIEW, and on its item alone
SELECT authz.set_token(:'ann') \g /dev/null
SELECT authz.grant_item_permission('cat@example.com', 'scans.heart', 'EDIT') AS granted;
SELECT authz.set_token(:'cat') \g /dev/null
SELECT array_agg(id ORDER BY id) FROM images;
UPDATE images SET title = 'By cat' RETURNING id;
INSERT INTO images (id, catalogue_id) VALUES (4, 2) RETURNING id;
UPDATE images SET catalogue_id = 1;
INSERT INTO images (id, catalogue_id) VALUES (5, 1);

-- the catalogue: nobody renames an item, its manager adds to it
UPDATE catalogue SET item = 'scans.heart2';
INSERT INTO catalogue (item) VALUES ('scans.lung');
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO catalogue (item) VALUES ('scans.lung') RETURNING item;
INSERT INTO catalogue (item) VALUES ('photos.mine');

-- the next statement sees what is taken back or granted in another session
SELECT authz.revoke_item_permission('bob@example.com', 'scans.brain') \g /dev/null
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) FROM images;
\! psql -Xqc "INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('bob@example.com', 'images', 'scans', 'VIEW')"
SELECT array_agg(id ORDER BY id) FROM images;
\! psql -Xqc "UPDATE catalogue SET item = 'photos.brain' WHERE id = 1"
SELECT array_agg(id ORDER BY id) FROM images;

-- the plans
SELECT scans('SELECT * FROM images');

\set table images
\set another :cat
