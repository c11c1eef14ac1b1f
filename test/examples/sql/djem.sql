-- djem: polls, with access methods for each object.
\getenv here PG_ABS_SRCDIR
\set app djem
\set setup :here '/setup.sql'
\set jwks `cat "$PG_ABS_SRCDIR"/../fixtures/jwks.json`
\set ann `"$PG_ABS_SRCDIR"/token djem/ann`
\set ben `"$PG_ABS_SRCDIR"/token djem/ben`
\set cat `"$PG_ABS_SRCDIR"/token djem/cat`
\set dan `"$PG_ABS_SRCDIR"/token djem/dan`
\set root `"$PG_ABS_SRCDIR"/token djem/root`
\set ECHO none
\i :setup
\set ECHO all
SET ROLE polls_app;

-- {% ifperm user 'polls.vote_on_question' question %}, for everybody
CREATE TEMP VIEW can AS SELECT q.id, authz.has_object_perm('polls.view_question', 'polls_question', q.id::text) AS view,
	authz.has_object_perm('polls.vote_on_question', 'polls_question', q.id::text) AS vote,
	authz.has_object_perm('polls.change_question', 'polls_question', q.id::text) AS change,
	authz.has_object_perm('polls.delete_question', 'polls_question', q.id::text) AS delete
  FROM generate_series(1, 3) q(id);
SELECT * FROM can ORDER BY id;

-- Ann wrote questions 1 and 3, and is a member.  The user method of 3 raises; that is a no
SELECT authz.set_token(:'ann') \g /dev/null
SELECT id, question_text FROM polls_question ORDER BY id;
SELECT * FROM can ORDER BY id;
-- accept
UPDATE polls_question SET question_text = question_text || '!' RETURNING id, question_text;
INSERT INTO polls_question (question_text) VALUES ('Open to all?') RETURNING user_created, question_text;
SELECT vote(1, 'tea');
-- refuse
DELETE FROM polls_question RETURNING id;
INSERT INTO polls_question (user_created, question_text) VALUES ('ben', 'Forged?');
INSERT INTO polls_vote (question_id, voter, choice) VALUES (1, 'ben', 'coffee');
SELECT vote(2, 'home');
\echo :LAST_ERROR_SQLSTATE
SELECT vote(3, 'me');
\echo :LAST_ERROR_SQLSTATE
SELECT vote(99, 'x');
\echo :LAST_ERROR_SQLSTATE

-- Ben is a member of the board
SELECT authz.set_token(:'ben') \g /dev/null
SELECT * FROM can ORDER BY id;
SELECT vote(1, 'coffee'), vote(2, 'Rome');
SELECT question_id, voter, choice FROM polls_vote ORDER BY 1;
DELETE FROM polls_question WHERE id = 4 RETURNING question_text;
-- get_all_permissions(question), and by source
SELECT p AS all FROM authz.object_permissions('polls_question', '1') p ORDER BY 1;
SELECT p AS by_user FROM authz.object_permissions('polls_question', '1', 'user') p ORDER BY 1;
SELECT p AS by_group FROM authz.object_permissions('polls_question', '1', 'group') p ORDER BY 1;

-- Cat belongs to the group and lacks the model-level permission: methods are not asked
SELECT authz.set_token(:'cat') \g /dev/null
SELECT * FROM can ORDER BY id;
SELECT vote(1, 'milk');
\echo :LAST_ERROR_SQLSTATE
SELECT line FROM authz.explain_perm('polls.vote_on_question', 'polls_question', '1') WITH ORDINALITY e(line, n) ORDER BY n;

-- Dan has the permission and no group
SELECT authz.set_token(:'dan') \g /dev/null
SELECT * FROM can ORDER BY id;
SELECT line FROM authz.explain_perm('polls.vote_on_question', 'polls_question', '1', 1) WITH ORDINALITY e(line, n) ORDER BY n;
SELECT authz.has_perm('polls.vote_on_question'), authz.has_perms('{polls.vote_on_question,polls.add_question}') AS both, authz.has_perm('fail') AS no_dot;

-- a superuser holds everything
SELECT authz.set_token(:'root') \g /dev/null
SELECT * FROM can ORDER BY id;
SELECT authz.has_perm('polls.anything');
-- DJEM_UNIVERSAL_OLP = True: the methods have the last word with superusers too
RESET ROLE;
SET dbmi_authz.universal_olp = on;
SET ROLE polls_app;
SELECT * FROM can ORDER BY id;
SELECT authz.has_perm('polls.anything');
RESET ROLE;
RESET dbmi_authz.universal_olp;
-- is_active = False
INSERT INTO authz.inactive_subject (issuer, subject) VALUES ('https://login.example.com/polls', 'root');
SET ROLE polls_app;
SELECT * FROM can ORDER BY id;

-- nobody is logged in
SELECT authz.clear_token() \g /dev/null
SELECT vote(1, 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM polls_question;
RESET ROLE;
-- lint() finds nothing wrong with it
\set lint :here '/lint.sql'
\set schema polls
\i :lint
