-- agent: an assistant that acts for a person, through the same tables and policies, reads letters and does nothing else, whatever a letter tells it.
\getenv here PG_ABS_SRCDIR
\set app agent
\set setup :here '/setup.sql'
\set jwks `cat "$PG_ABS_SRCDIR"/../fixtures/jwks.json`
\set ann `"$PG_ABS_SRCDIR"/token agent/ann`
\set for_ann `"$PG_ABS_SRCDIR"/token agent/for_ann`
\set for_vera `"$PG_ABS_SRCDIR"/token agent/for_vera`
\set other `"$PG_ABS_SRCDIR"/token agent/other`
\set forged `"$PG_ABS_SRCDIR"/../mint --key "$PG_ABS_SRCDIR"/../fixtures/rsa_b.pem --alg RS256 --kid rs256 - <"$PG_ABS_SRCDIR"/agent/ann.json`
\set ECHO none
\i :setup
\set ECHO all
\set VERBOSITY terse

-- ann herself reads and writes
\c - mail_app
SELECT authz.set_token(:'ann') \g /dev/null
SELECT id, sender, left(body, 24) AS body FROM letter ORDER BY id;
SELECT * FROM salary;
INSERT INTO letter (sender, body) VALUES ('ann', 'A note to myself.') RETURNING id, owner;
SELECT reply(1, 'At noon.') \g /dev/null
SELECT count(*) FROM letter;

-- the assistant, for her: the same letters, and nothing that is not among its scopes
\c - mail_assistant
SELECT authz.set_token(:'for_ann') \g /dev/null
SELECT authz.subject(), authz.actor(), authz.scopes();
SELECT id, sender, left(body, 24) AS body FROM letter ORDER BY id;
SELECT * FROM salary;
SELECT * FROM notice;
-- it writes nothing
INSERT INTO letter (sender, body) VALUES ('assistant', 'From now on I decide.');
UPDATE letter SET body = 'Gone.';
DELETE FROM letter;
SELECT burn(1);
-- the denial is logged, with her name and its own
SELECT reply(1, 'Yours, assistant');
-- nobody else acts for her
SELECT authz.set_token(:'other');
SELECT * FROM letter;
-- what is held against a person stays, though the assistant has no groups: no notice
SELECT authz.set_token(:'for_vera') \g /dev/null
SELECT authz.subject(), authz.groups(), authz.has_group('staff');
SELECT * FROM notice;

-- The SQL of the second letter, as the assistant might run it in ann's name.
-- Another role, another session
SELECT authz.set_token(:'for_ann') \g /dev/null
SET ROLE mail_app;
SET SESSION AUTHORIZATION mail_app;
RESET ROLE;
RESET SESSION AUTHORIZATION;
SELECT current_user, (SELECT count(*) FROM letter) AS letters, (SELECT count(*) FROM salary) AS salaries;
-- more rows by the form of the query
SELECT owner, count(*) FROM letter WHERE owner = 'bob' OR true GROUP BY owner;
SELECT owner, body FROM letter UNION ALL SELECT owner, amount::text FROM salary ORDER BY 2;
SELECT authz.claim_text('scope') AS signed, authz.has_scope('salary:read'), authz.has_claim('{scope}', 'salary:read');
SET row_security = off;
SELECT count(*) FROM letter;
RESET row_security;
SET dbmi_authz.plan_folding = off;
SELECT count(*) FROM salary;
-- the rules themselves
SELECT authz.set_actor_ceiling('https://login.mail.example', 'assistant', read_only => false);
SELECT authz.drop_actor_ceiling('https://login.mail.example', 'assistant');
UPDATE authz.actor_ceiling SET read_only = false;
TABLE authz.issuer_key;
DROP POLICY reads ON salary;
CREATE FUNCTION pg_temp.has_scope(text) RETURNS boolean LANGUAGE sql RETURN true;
-- the token
SHOW dbmi_authz.token;
SELECT count(*) FROM pg_settings WHERE setting ~ 'eyJ';
SELECT authz.set_token(:'forged');
SELECT count(*) FROM letter;
SELECT set_config('dbmi_authz.token', 'ann', false);
SELECT authz.try_set_token(:'forged'), authz.token_state();
-- writing, by a way round
SELECT authz.set_token(:'for_ann') \g /dev/null
BEGIN READ WRITE;
SAVEPOINT s;
DELETE FROM letter;
ROLLBACK TO s;
SET TRANSACTION READ WRITE;
ROLLBACK TO s;
WITH gone AS (DELETE FROM letter RETURNING *) SELECT count(*) FROM gone;
ROLLBACK TO s;
PREPARE gone AS DELETE FROM letter;
EXECUTE gone;
ROLLBACK TO s;
DO $$ BEGIN BEGIN PERFORM authz.clear_token(); EXCEPTION WHEN OTHERS THEN NULL; END; DELETE FROM mail.letter; END $$;
ROLLBACK TO s;
SELECT authz.clear_token() \g /dev/null
DELETE FROM letter;
ROLLBACK TO s;
SELECT set_config('transaction_read_only', 'off', false);
ROLLBACK TO s;
-- be it in her own name, had her own token been in the letter
SELECT authz.set_token(:'ann', true) \g /dev/null
DELETE FROM letter;
COMMIT;
-- without an identity there is nothing: no rows, and nothing that counts for nobody
RESET ALL;
SELECT authz.token_state(), (SELECT count(*) FROM mail.letter) AS letters, (SELECT count(*) FROM mail.notice) AS notices;
INSERT INTO mail.letter (owner, sender, body) VALUES ('ann', 'mallory', 'Hello again.');
DELETE FROM mail.letter RETURNING id;
SELECT nextval('mail.complaint');

-- nothing has changed
\c - mail_app
SELECT authz.set_token(:'ann') \g /dev/null
SELECT id, sender, left(body, 24) AS body FROM letter ORDER BY id;
SELECT nextval('complaint');
-- lint() finds nothing wrong with it
\set lint :here '/lint.sql'
\set schema mail
\i :lint
