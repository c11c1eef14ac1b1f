-- Teams of teams: night shift (3) in ward (2) in clinic (1); ann owns them, bob manages 3, cat is in it, dan is nowhere.
INSERT INTO team SELECT i, 'team ' || i, CASE WHEN i < 4 THEN 'ann' ELSE 'boss' END FROM generate_series(1, 1000) i;
INSERT INTO team_in_team VALUES (3, 2), (2, 1);
INSERT INTO team_in_team SELECT i, i - 1 FROM generate_series(102, 1000) i;
INSERT INTO team_member VALUES ('ann', 1, true), ('bob', 3, true), ('cat', 3, false);
INSERT INTO team_member SELECT 'user' || i, 10 + i % 900 FROM generate_series(1, 2000) i;
INSERT INTO documents (id, owner, team_id) VALUES (1, 'x', 1), (2, 'x', 2), (3, 'x', 3), (4, 'x', 4), (5, 'dan', NULL), (6, 'cat', 3);
INSERT INTO documents (id, owner, team_id) SELECT i, 'user' || i, 10 + i % 900 FROM generate_series(1000, 6000) i;
SELECT setval('team_id_seq', 2000), setval('documents_id_seq', 30000) \g /dev/null
ANALYZE team, team_in_team, team_member, documents;
SET ROLE app;

-- who sees what
SELECT authz.set_token(:'ann') \g /dev/null
SELECT array_agg(id ORDER BY id) AS documents, (SELECT array_agg(id ORDER BY id) FROM team) AS teams FROM documents;
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) AS documents, (SELECT array_agg(id ORDER BY id) FROM team) AS teams FROM documents;
SELECT authz.set_token(:'cat') \g /dev/null
SELECT array_agg(id ORDER BY id) AS documents, (SELECT array_agg(id ORDER BY id) FROM team) AS teams FROM documents;
SELECT authz.set_token(:'dan') \g /dev/null
SELECT array_agg(id ORDER BY id) AS documents, (SELECT array_agg(id ORDER BY id) FROM team) AS teams FROM documents;
SELECT authz.clear_token() \g /dev/null
SELECT count(*) FROM documents;

-- who may add people: a manager to his team, its owner, nobody else
SELECT authz.set_token(:'cat') \g /dev/null
INSERT INTO team_member VALUES ('dan', 3);
INSERT INTO team_member VALUES ('cat', 1);
UPDATE team_member SET manager = true WHERE user_id = 'cat';
DELETE FROM team_member WHERE user_id = 'bob' RETURNING *;
SELECT authz.set_token(:'bob') \g /dev/null
INSERT INTO team_member VALUES ('bob', 2);
INSERT INTO team_member VALUES ('dan', 3) RETURNING *;
SELECT authz.set_token(:'dan') \g /dev/null
INSERT INTO team_member VALUES ('dan', 2);
SELECT count(*) FROM documents;

-- who may put a team into another: the manager of the outer one
SELECT authz.set_token(:'bob') \g /dev/null
INSERT INTO team_in_team VALUES (3, 4);
INSERT INTO team_in_team VALUES (2, 3) RETURNING *;
SELECT authz.set_token(:'cat') \g /dev/null
INSERT INTO team_in_team VALUES (4, 3);
DELETE FROM team_in_team RETURNING *;

-- two teams that contain each other: no walk without end
SELECT array_agg(id ORDER BY id) FROM documents;

-- a team of one's own
SELECT authz.set_token(:'dan') \g /dev/null
INSERT INTO team (name, owner) VALUES ('mine', 'ann');
INSERT INTO team (name) VALUES ('mine') RETURNING owner;
UPDATE team SET owner = 'dan';
UPDATE team SET name = 'ours' RETURNING owner, name;

-- a document goes only where its owner is
SELECT authz.set_token(:'cat') \g /dev/null
INSERT INTO documents (id, team_id) VALUES (7, 4);
INSERT INTO documents (id, team_id) VALUES (7, 2) RETURNING id, owner;
INSERT INTO documents (id, owner, team_id) VALUES (8, 'ann', 2);
UPDATE documents SET team_id = 4 WHERE id = 7;
UPDATE documents SET owner = 'cat' WHERE id = 1;
UPDATE documents SET title = 'new' WHERE id IN (1, 7) RETURNING id;
DELETE FROM documents WHERE id = 1 RETURNING id;

-- whoever leaves sees nothing with the next statement, be it in another session
SELECT authz.set_token(:'dan') \g /dev/null
SELECT count(*) FROM documents;
DELETE FROM team_member WHERE user_id = 'dan' RETURNING team_id;
SELECT count(*) FROM documents;
SELECT authz.set_token(:'cat') \g /dev/null
SELECT count(*) FROM documents;
\! psql -Xqc "DELETE FROM team_member WHERE user_id = 'cat'"
SELECT count(*) FROM documents;
\! psql -Xqc "INSERT INTO team_member VALUES ('cat', 2)"
SELECT count(*) FROM documents;

-- the plans
SELECT scans('SELECT * FROM documents');
RESET ROLE;
SELECT scans('SELECT * FROM my_teams');
-- in many teams too
INSERT INTO team_member SELECT 'cat', 100 + i FROM generate_series(1, 500) i;
ANALYZE team_member;
SELECT scans('SELECT * FROM my_teams');

\set table documents
\set another :dan
