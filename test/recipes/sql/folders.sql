-- Folders: 1 contains 2, which contains 3 and 4; 4 does not inherit, and contains 5.  All are ann's.
INSERT INTO folder VALUES (1, NULL, 'ann', true), (2, 1, 'ann', true), (3, 2, 'ann', true), (4, 2, 'ann', false), (5, 4, 'ann', true);
INSERT INTO folder SELECT i, nullif(i - 1, 999), 'user' || i FROM generate_series(1000, 3000) i;
INSERT INTO folder_share SELECT 'user' || i, 1000 + i % 2000 FROM generate_series(1, 2000) i;
INSERT INTO documents (id, owner, folder_id) SELECT i, 'ann', i FROM generate_series(1, 5) i;
INSERT INTO documents (id, owner, folder_id) SELECT i, 'user' || i, 1000 + i % 2000 FROM generate_series(1000, 6000) i;
INSERT INTO attachments (id, document_id, folder_id) SELECT id, id, folder_id FROM documents;
SELECT setval('folder_id_seq', 10000), setval('documents_id_seq', 30000), setval('attachments_id_seq', 30000) \g /dev/null
ANALYZE folder, folder_share, documents, attachments;
SET ROLE app;

-- who sees what
SELECT authz.set_token(:'ann') \g /dev/null
SELECT array_agg(id ORDER BY id) AS documents, (SELECT array_agg(id ORDER BY id) FROM folder) AS folders FROM documents;
INSERT INTO folder_share VALUES ('bob', 1), ('cat', 4);
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) AS documents, (SELECT array_agg(id ORDER BY id) FROM folder) AS folders FROM documents;
SELECT authz.set_token(:'cat') \g /dev/null
SELECT array_agg(id ORDER BY id) AS documents, (SELECT array_agg(id ORDER BY id) FROM folder) AS folders FROM documents;
SELECT authz.clear_token() \g /dev/null
SELECT count(*) FROM documents;

-- a child table goes by the folder of its parent
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) FROM attachments;
INSERT INTO attachments (document_id, folder_id) VALUES (5, 5);
INSERT INTO attachments (document_id, folder_id) VALUES (5, 1);
INSERT INTO attachments (document_id, folder_id) VALUES (3, 3) RETURNING id;

-- who may share: the owner of the folder, nobody with whom it is shared
INSERT INTO folder_share VALUES ('cat', 1);
INSERT INTO folder_share VALUES ('bob', 4);
UPDATE folder_share SET folder_id = 4;
SELECT * FROM folder_share;

-- who changes a folder: its owner
UPDATE folder SET inherits = true WHERE id = 4 RETURNING id;
UPDATE folder SET owner = 'bob' WHERE id = 2;
UPDATE folder SET name = 'my' WHERE id = 2 RETURNING id;
DELETE FROM folder WHERE id = 3 RETURNING id;

-- a folder is made, or moved, where one is
INSERT INTO folder (id, parent_id, owner) VALUES (6, 1, 'ann');
INSERT INTO folder (id, parent_id) VALUES (6, 4);
INSERT INTO folder (id, parent_id) VALUES (6, 2) RETURNING id, owner;
UPDATE folder SET parent_id = 5 WHERE id = 6;
UPDATE folder SET parent_id = 1 WHERE id = 6 RETURNING id;

-- a document is made, or moved, where one is
INSERT INTO documents (id, folder_id) VALUES (6, 4);
INSERT INTO documents (id, folder_id, owner) VALUES (6, 2, 'ann');
INSERT INTO documents (id, folder_id) VALUES (6, 2) RETURNING id, owner;
UPDATE documents SET folder_id = 4 WHERE id = 6;
UPDATE documents SET owner = 'bob' WHERE id = 1;
UPDATE documents SET folder_id = 6 WHERE id IN (1, 6) RETURNING id;
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO documents (id, folder_id) VALUES (7, 4) RETURNING id;

-- inheritance that is broken, and mended, is seen by the next statement
SELECT authz.set_token(:'ann') \g /dev/null
UPDATE folder SET inherits = false WHERE id = 2;
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) FROM documents;
\! psql -Xqc "UPDATE folder SET inherits = true WHERE id IN (2, 4)"
SELECT array_agg(id ORDER BY id) FROM documents;

-- so is a share that ends or begins
\! psql -Xqc "DELETE FROM folder_share WHERE user_id = 'bob'"
SELECT array_agg(id ORDER BY id) FROM documents;
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO folder_share VALUES ('bob', 4);
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) FROM documents;

-- folders in a circle: no walk without end
RESET ROLE;
UPDATE folder SET parent_id = 5 WHERE id = 4;
SELECT array_agg(id ORDER BY id) FROM my_folders;
SET ROLE app;
SELECT array_agg(id ORDER BY id) FROM documents;

-- the plans
SELECT scans('SELECT * FROM documents');
SELECT scans('SELECT * FROM attachments');
RESET ROLE;
SELECT scans('SELECT * FROM my_roots');
SELECT scans('SELECT * FROM my_folders');
-- with many shares too
INSERT INTO folder_share SELECT 'bob', 1000 + 3 * i FROM generate_series(1, 500) i;
ANALYZE folder_share;
SELECT scans('SELECT * FROM my_folders');

\set table documents
\set another :cat
