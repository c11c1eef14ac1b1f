-- The Auth0 role sample: public, protected and admin messages.
\getenv here PG_ABS_SRCDIR
\set app auth0
\set setup :here '/setup.sql'
\set jwks `cat "$PG_ABS_SRCDIR"/../fixtures/jwks.json`
\set user `"$PG_ABS_SRCDIR"/token auth0/user`
\set admin `"$PG_ABS_SRCDIR"/token auth0/admin`
\set machine `"$PG_ABS_SRCDIR"/token auth0/machine`
\set trap `"$PG_ABS_SRCDIR"/token auth0/trap`
\set other_api `"$PG_ABS_SRCDIR"/token auth0/other_api`
\set ECHO none
\i :setup
\set ECHO all
SET ROLE messages_app;

-- GET /api/messages/... without a token
SELECT body FROM message ORDER BY id;
SELECT protected_message();
\echo :LAST_ERROR_SQLSTATE
SELECT admin_message();
\echo :LAST_ERROR_SQLSTATE
SELECT authz.www_authenticate();

-- a user without permissions.  A scope is no permission, and what a token
-- says about staff and superusers counts for nothing
SELECT authz.set_token('Bearer ' || :'user') \g /dev/null
SELECT authz.subject(), authz.client_id(), authz.audience(), authz.permissions();
SELECT authz.has_scope('read:admin-messages') AS scope, authz.has_permission('read:admin-messages') AS permission, authz.is_admin();
SELECT body FROM message ORDER BY id;
SELECT protected_message();
SELECT admin_message();
\echo :LAST_ERROR_SQLSTATE
SELECT authz.www_authenticate();
INSERT INTO message (audience, body) VALUES ('public', 'Hello');

-- a user with the role that holds the permission
SELECT authz.set_token('Bearer ' || :'admin') \g /dev/null
SELECT body FROM message ORDER BY id;
SELECT admin_message();
-- no policy is no permission
INSERT INTO message (audience, body) VALUES ('public', 'Hello');
DELETE FROM message RETURNING body;

-- a machine, by client credentials
SELECT authz.set_token('Bearer ' || :'machine') \g /dev/null
SELECT authz.subject(), authz.claim_text('gty') AS grant_type;
INSERT INTO message (audience, body) VALUES ('public', 'The machine was here.') RETURNING body;
SELECT admin_message();
\echo :LAST_ERROR_SQLSTATE

-- a claim that is a string is no place to search in
SELECT authz.set_token('Bearer ' || :'trap') \g /dev/null
SELECT authz.permissions(), authz.has_permission('read:admin-messages');
SELECT admin_message();

-- a token for another API, and one that is none: 401, also for the public messages of who sends it
SELECT authz.set_token('Bearer ' || :'other_api');
\echo :LAST_ERROR_SQLSTATE
SELECT authz.set_token('Bearer ' || 'abc.def.ghi');
\echo :LAST_ERROR_SQLSTATE
SELECT authz.last_error() ->> 'error' AS error, authz.www_authenticate();
SELECT authz.clear_token() \g /dev/null
SELECT body FROM message ORDER BY id;
RESET ROLE;
-- lint() finds nothing wrong with it
\set lint :here '/lint.sql'
\set schema messages_api
\i :lint
