-- Organisations: folders 1 and 2 are of Hillside (ann, who may invite, and bob), 3 of Lakeside (gus).
\set hillside 11111111-1111-4111-8111-111111111111
\set lakeside 22222222-2222-4222-8222-222222222222
INSERT INTO folder VALUES (1, :'hillside'), (2, :'hillside'), (3, :'lakeside');
INSERT INTO folder SELECT i, gen_random_uuid() FROM generate_series(1000, 3000) i;
INSERT INTO folder_guest SELECT 'user' || id, id, org_id FROM folder WHERE id >= 1000;
INSERT INTO documents (id, folder_id, org_id) SELECT id, id, org_id FROM folder;
INSERT INTO documents (id, folder_id, org_id) SELECT id * 10 + i, id, org_id FROM folder, generate_series(0, 2) i WHERE id >= 1000;
SELECT setval('folder_id_seq', 10000), setval('documents_id_seq', 50000) \g /dev/null
ANALYZE folder, folder_guest, documents;
SET ROLE app;

-- members see their organisation, and no other
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) AS documents, (SELECT array_agg(id ORDER BY id) FROM folder) AS folders FROM documents;
SELECT authz.set_token(:'gus') \g /dev/null
SELECT array_agg(id ORDER BY id) AS documents, (SELECT array_agg(id ORDER BY id) FROM folder) AS folders FROM documents;
SELECT authz.clear_token() \g /dev/null
SELECT count(*) FROM documents;

-- who may invite: by the permission in the organisation of the folder
SELECT authz.set_token(:'bob') \g /dev/null
INSERT INTO folder_guest VALUES ('gus', 1, :'hillside');
SELECT authz.set_token(:'gus') \g /dev/null
INSERT INTO folder_guest VALUES ('gus', 1, :'hillside');
\set VERBOSITY sqlstate
INSERT INTO folder_guest VALUES ('gus', 1, :'lakeside');
\set VERBOSITY terse
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO folder_guest VALUES ('gus', 1, :'hillside') RETURNING folder_id;

-- a guest sees that folder, with the next statement, and changes nothing
SELECT authz.set_token(:'gus') \g /dev/null
SELECT array_agg(id ORDER BY id) AS documents, (SELECT array_agg(id ORDER BY id) FROM folder) AS folders FROM documents;
INSERT INTO documents (folder_id, org_id) VALUES (1, :'hillside');
\set VERBOSITY sqlstate
INSERT INTO documents (folder_id, org_id) VALUES (1, :'lakeside');
\set VERBOSITY terse
UPDATE documents SET title = 'seen' RETURNING id;
DELETE FROM documents WHERE id = 1 RETURNING id;
UPDATE documents SET org_id = :'lakeside' WHERE id = 1;
UPDATE folder SET name = 'seen' RETURNING id;
INSERT INTO folder_guest VALUES ('gus', 2, :'hillside');
UPDATE folder_guest SET valid_until = NULL;
SELECT user_id, folder_id FROM folder_guest;

-- members write where they are
SELECT authz.set_token(:'bob') \g /dev/null
INSERT INTO documents (id, folder_id, org_id) VALUES (4, 1, :'hillside') RETURNING id;
INSERT INTO documents (id, folder_id, org_id) VALUES (5, 3, :'lakeside');
INSERT INTO folder (org_id) VALUES (:'hillside');

-- the end of an invitation, by the host, by the guest, by the clock
SELECT authz.set_token(:'bob') \g /dev/null
DELETE FROM folder_guest RETURNING user_id;
SELECT authz.set_token(:'gus') \g /dev/null
DELETE FROM folder_guest RETURNING folder_id;
SELECT array_agg(id ORDER BY id) FROM documents;
\! psql -Xqc "INSERT INTO folder_guest VALUES ('gus', 2, '11111111-1111-4111-8111-111111111111', clock_timestamp() + interval '3 seconds')"
SELECT array_agg(id ORDER BY id) FROM documents;
SELECT pg_sleep(4) \g /dev/null
SELECT array_agg(id ORDER BY id) FROM documents;

-- the plans
SELECT scans('SELECT * FROM documents');
RESET ROLE;
SELECT scans('SELECT * FROM my_guest_folders');

\set table documents
\set another :gus
