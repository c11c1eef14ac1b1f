-- axioms: articles with scopes for each action, comments that belong to whoever wrote them.
\getenv here PG_ABS_SRCDIR
\set app axioms
\set setup :here '/setup.sql'
\set jwks `cat "$PG_ABS_SRCDIR"/../fixtures/jwks.json`
\set author `"$PG_ABS_SRCDIR"/token axioms/author`
\set editor `"$PG_ABS_SRCDIR"/token axioms/editor`
\set reader `"$PG_ABS_SRCDIR"/token axioms/reader`
\set ECHO none
\i :setup
\set ECHO all
SET ROLE articles_app;

-- the author: reads, creates, deletes what is his, updates nothing
SELECT authz.set_token('Bearer ' || :'author') \g /dev/null
SELECT authz.subject(), authz.scopes(), authz.roles();
SELECT id, title FROM article ORDER BY id;
-- accept: the author is filled in, as perform_create did
INSERT INTO article (title) VALUES ('On roles') RETURNING author_sub, title;
DELETE FROM article WHERE title = 'On tokens' RETURNING author_sub, title;
-- refuse: in another name, another's, and without the scope
INSERT INTO article (author_sub, title) VALUES ('user456', 'On forging');
DELETE FROM article WHERE author_sub = 'user456' RETURNING title;
UPDATE article SET title = 'On everything' RETURNING title;

-- the editor: scopes in "scp", the role under a name of its own
SELECT authz.set_token('Bearer ' || :'editor') \g /dev/null
SELECT authz.scopes(), authz.roles();
-- accept
UPDATE article SET title = title || ' (edited)' RETURNING author_sub, title;
SELECT publish(2);
SELECT title FROM article WHERE id = 2;
-- refuse
INSERT INTO article (title) VALUES ('On editing');
DELETE FROM article RETURNING title;

-- the reader has the scope to update and not the role: both are needed
SELECT authz.set_token('Bearer ' || :'reader') \g /dev/null
SELECT authz.has_scope('article:update') AS scope, authz.has_any_role('editor', 'admin') AS role;
UPDATE article SET title = 'On reading' RETURNING title;
SELECT publish(2);
\echo :LAST_ERROR_SQLSTATE
SELECT authz.last_error() - 'at' AS last_error, authz.www_authenticate();

-- comments: everybody who is logged in reads, the owner writes
SELECT "user", body FROM comment ORDER BY id;
-- accept
INSERT INTO comment (article_id, body) VALUES (2, 'Thank you.') RETURNING "user", body;
UPDATE comment SET body = body || '!' RETURNING "user", body;
-- refuse
INSERT INTO comment (article_id, "user", body) VALUES (2, 'user123', 'Not mine.');
DELETE FROM comment WHERE "user" = 'user123' RETURNING body;
UPDATE comment SET "user" = 'user123';
-- accept
DELETE FROM comment RETURNING "user", body;

-- tags are there to be read
SELECT name FROM tag ORDER BY name;
INSERT INTO tag VALUES ('mine');
UPDATE tag SET name = 'mine' RETURNING name;
DELETE FROM tag RETURNING name;

-- without a token: feedback, and nothing else
SELECT authz.clear_token() \g /dev/null
INSERT INTO feedback (body) VALUES ('Nice.');
SELECT count(*) FROM feedback;
SELECT (SELECT count(*) FROM article) AS articles, (SELECT count(*) FROM comment) AS comments, (SELECT count(*) FROM tag) AS tags;
INSERT INTO comment (article_id, "user", body) VALUES (2, 'None', 'str(None)');
SELECT publish(2);
\echo :LAST_ERROR_SQLSTATE
SELECT authz.set_token('Bearer ' || :'reader') \g /dev/null
SELECT body FROM feedback;

-- the error bodies: no header, no token in it, a bad one
SELECT authz.set_token(NULL);
SELECT authz.set_token('Bearer');
SELECT authz.set_token('Bearer ' || left(:'reader', -8) || 'AAAAAAAA');
\echo :LAST_ERROR_SQLSTATE
SELECT authz.last_error() - 'at' AS last_error;
SELECT authz.clear_token() \g /dev/null
RESET ROLE;
-- lint() finds nothing wrong with it
\set lint :here '/lint.sql'
\set schema articles_api
\i :lint
