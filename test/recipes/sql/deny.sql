-- Deny: 1 contains 2, which contains 3, which contains 4; 3 does not inherit.  All are ann's; bob and cat are in team 7.
INSERT INTO folder VALUES (1, NULL, 'ann', true), (2, 1, 'ann', true), (3, 2, 'ann', false), (4, 3, 'ann', true);
INSERT INTO folder SELECT i, nullif(i - 1, 999), 'user' || i, true FROM generate_series(1000, 3000) i;
INSERT INTO team_member VALUES ('bob', 7), ('cat', 7);
INSERT INTO team_member SELECT 'user' || i, 10 + i % 900 FROM generate_series(1, 2000) i;
INSERT INTO folder_share (folder_id, user_id) SELECT 1000 + i % 2000, 'user' || i FROM generate_series(1, 2000) i;
INSERT INTO folder_share (folder_id, team_id) SELECT 1000 + i, 10 + i FROM generate_series(1, 900) i;
INSERT INTO documents (id, folder_id) SELECT i, i FROM generate_series(1, 4) i;
INSERT INTO documents (id, folder_id) SELECT i, 1000 + i % 2000 FROM generate_series(1000, 6000) i;
SELECT setval('folder_id_seq', 10000), setval('documents_id_seq', 30000) \g /dev/null
ANALYZE folder, team_member, folder_share, documents;
SET ROLE app;

-- without a deny: shares, and inheritance that is broken
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO folder_share (folder_id, team_id) VALUES (1, 7);
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) FROM documents;
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO folder_share (folder_id, team_id) VALUES (3, 7);
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) FROM documents;

-- a deny to a person wins over a share to his team, from its folder down, past broken inheritance
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO folder_share (folder_id, user_id, deny) VALUES (2, 'bob', true);
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) AS documents, (SELECT array_agg(id ORDER BY id) FROM folder) AS folders FROM documents;
SELECT authz.set_token(:'cat') \g /dev/null
SELECT array_agg(id ORDER BY id) FROM documents;

-- a share to the person does not undo it, on its folder or below
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO folder_share (folder_id, user_id) VALUES (2, 'bob'), (4, 'bob');
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) FROM documents;

-- a deny to a team wins over a share to a person
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO folder_share (folder_id, user_id) VALUES (4, 'cat');
INSERT INTO folder_share (folder_id, team_id, deny) VALUES (4, 7, true);
SELECT authz.set_token(:'cat') \g /dev/null
SELECT array_agg(id ORDER BY id) FROM documents;

-- who may share and deny: the owner; whom it hits cannot lift it or go round it
SELECT authz.set_token(:'bob') \g /dev/null
DELETE FROM folder_share RETURNING id;
UPDATE folder_share SET deny = false;
INSERT INTO folder_share (folder_id, user_id) VALUES (1, 'bob');
UPDATE folder SET parent_id = NULL;
UPDATE folder SET inherits = false WHERE id <> 1 RETURNING id;
INSERT INTO folder (id, parent_id, owner) VALUES (5, 1, 'ann');
INSERT INTO folder (id, parent_id) VALUES (5, 2);
INSERT INTO documents (folder_id) VALUES (2);
UPDATE documents SET title = 'seen' RETURNING id;

-- a folder of one's own below a deny is denied, and is not shared on
INSERT INTO folder (id, parent_id) VALUES (5, 1) RETURNING id;
INSERT INTO documents (id, folder_id) VALUES (5, 5) RETURNING id;
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO folder_share (folder_id, user_id, deny) VALUES (1, 'bob', true);
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) FROM documents;
INSERT INTO folder_share (folder_id, user_id) VALUES (5, 'cat');
DELETE FROM folder WHERE id = 5 RETURNING id;

-- the next statement sees a deny that ends or begins
\! psql -Xqc "DELETE FROM folder_share WHERE deny"
SELECT array_agg(id ORDER BY id) FROM documents;
\! psql -Xqc "INSERT INTO folder_share (folder_id, user_id, deny) VALUES (3, 'bob', true)"
SELECT array_agg(id ORDER BY id) FROM documents;

-- nobody is in no set
SELECT authz.clear_token() \g /dev/null
SELECT count(*) FROM documents;

-- the plans
SELECT authz.set_token(:'bob') \g /dev/null
SELECT scans('SELECT * FROM documents');
RESET ROLE;
SELECT scans('SELECT * FROM my_denied');
SELECT scans('SELECT * FROM my_folders');
-- with many shares too
INSERT INTO folder_share (user_id, folder_id, deny) SELECT 'bob', 1000 + 3 * i, i % 2 = 0 FROM generate_series(1, 500) i;
ANALYZE folder_share;
SELECT scans('SELECT * FROM my_folders');
SELECT scans('SELECT * FROM my_denied');

\set table documents
\set another :cat
