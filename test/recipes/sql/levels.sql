-- Levels: ann makes document 1, and shares it with bob to edit, with team 7 (cat) to comment on, by a link to view.
INSERT INTO documents SELECT i, 'user' || i, 'Report ' || i FROM generate_series(1000, 6000) i;
INSERT INTO team_member VALUES ('cat', 7);
INSERT INTO team_member SELECT 'user' || i, 10 + i % 900 FROM generate_series(1, 2000) i;
INSERT INTO document_share (document_id, team_id, level) SELECT i, i, 'view' FROM generate_series(1000, 2000) i;
INSERT INTO comments (document_id, author) SELECT i, 'user' || i FROM generate_series(1000, 6000) i;
SELECT setval('documents_id_seq', 30000), setval('comments_id_seq', 30000) \g /dev/null
ANALYZE documents, team_member, document_share, comments;
SET ROLE app;
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO documents (id, title) VALUES (1, 'Plan') RETURNING owner;
INSERT INTO document_share (document_id, user_id, level) VALUES (1, 'bob', 'edit');
INSERT INTO document_share (document_id, team_id, level) VALUES (1, 7, 'comment');
SELECT make_link(1, 'view', now() + interval '1 hour') AS link \gset
INSERT INTO comments (document_id, body) VALUES (1, 'by the owner') RETURNING id;

-- level own
UPDATE documents SET title = 'Plan' WHERE id = 1 RETURNING title;
SELECT count(*) AS shares, (SELECT count(*) FROM document_link) AS links FROM document_share;

-- level edit: includes view and comment; no share, no end
SELECT authz.set_token(:'bob') \g /dev/null
SELECT id FROM documents;
UPDATE documents SET title = 'Better plan' RETURNING id;
INSERT INTO comments (document_id, body) VALUES (1, 'by bob') RETURNING author;
DELETE FROM documents RETURNING id;
DELETE FROM comments WHERE author = 'ann' RETURNING id;

-- no way from edit to own
INSERT INTO document_share (document_id, user_id, level) VALUES (1, 'bob', 'own');
INSERT INTO document_share (document_id, user_id, level) VALUES (1, 'dan', 'view');
UPDATE document_share SET level = 'own';
DELETE FROM document_share RETURNING id;
UPDATE documents SET owner = 'bob';
INSERT INTO documents (id, owner) VALUES (2, 'ann');
SELECT make_link(1, 'edit');
INSERT INTO document_share (document_id, user_id, level, link_id) VALUES (1, 'bob', 'own', 1);
SELECT share_with_owner();
SELECT document_id, user_id, team_id, level FROM document_share;

-- level comment, through a team
SELECT authz.set_token(:'cat') \g /dev/null
SELECT id, title FROM documents;
INSERT INTO comments (document_id, body) VALUES (1, 'by cat') RETURNING author;
INSERT INTO comments (document_id, author) VALUES (1, 'bob');
UPDATE documents SET title = 'Mine' RETURNING id;
INSERT INTO document_share (document_id, user_id, level) VALUES (1, 'cat', 'view');
SELECT count(*) FROM comments;
INSERT INTO comments (document_id) VALUES (1000);
INSERT INTO team_member VALUES ('cat', 1000);

-- a link: nothing before it is redeemed, its level after that; nobody reads a secret or a hash
SELECT authz.set_token(:'dan') \g /dev/null
SELECT count(*) FROM documents;
SELECT secret_hash FROM document_link;
SELECT id FROM document_link;
SELECT redeem_link('guessed');
SELECT redeem_link(NULL);
SELECT redeem_link(:'link');
SELECT redeem_link(:'link');
SELECT id, title FROM documents;
UPDATE documents SET title = 'Mine' RETURNING id;
INSERT INTO comments (document_id) VALUES (1);
SELECT user_id, level, valid_until IS NOT NULL AS ends FROM document_share;
SELECT authz.clear_token() \g /dev/null
SELECT redeem_link(:'link');
SELECT authz.set_token(:'ann') \g /dev/null
SELECT secret_hash FROM document_link;
SELECT length(:'link') AS characters, (SELECT count(*) FROM document_link) AS links;
SELECT make_link(1, 'own');
SELECT make_link(1000, 'view');

-- a link that is over, and one that is deleted: what it gave ends with it
SELECT make_link(1, 'view', now() - interval '1 second') AS late \gset
SELECT authz.set_token(:'dan') \g /dev/null
SELECT redeem_link(:'late');
SELECT authz.set_token(:'ann') \g /dev/null
DELETE FROM document_link;
SELECT authz.set_token(:'dan') \g /dev/null
SELECT count(*) FROM documents;
SELECT redeem_link(:'link');

-- a share that ends by the clock, and no such owner
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO document_share (document_id, user_id, level, valid_until) VALUES (1, 'dan', 'edit', clock_timestamp() + interval '3 seconds');
INSERT INTO document_share (document_id, user_id, level, valid_until) VALUES (1, 'dan', 'own', now() + interval '1 hour');
SELECT authz.set_token(:'dan') \g /dev/null
UPDATE documents SET title = 'By dan' RETURNING id;
BEGIN;
SELECT count(*) FROM documents;
SELECT pg_sleep(4) \g /dev/null
SELECT count(*) FROM documents;
COMMIT;

-- the next statement sees a share that begins, another level, and the end
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO document_share (document_id, user_id, level) VALUES (1, 'dan', 'view');
SELECT authz.set_token(:'dan') \g /dev/null
SELECT count(*) FROM comments;
UPDATE documents SET title = 'By dan' RETURNING id;
\! psql -Xqc "UPDATE document_share SET level = 'edit' WHERE user_id = 'dan'"
UPDATE documents SET title = 'By dan' RETURNING id;
\! psql -Xqc "DELETE FROM document_share WHERE user_id = 'dan'"
SELECT count(*) FROM documents;
SELECT count(*) FROM comments;

-- the plans
SELECT scans('SELECT * FROM documents');
SELECT scans('SELECT * FROM comments');
RESET ROLE;
SELECT scans('SELECT * FROM my_edit');

\set table documents
\set another :cat
