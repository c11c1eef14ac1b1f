-- django-dbmi-client: projects, profiles and their images, managers who grant.
\getenv here PG_ABS_SRCDIR
\set app dbmi
\set setup :here '/setup.sql'
\set jwks `cat "$PG_ABS_SRCDIR"/../fixtures/jwks.json`
\set user `"$PG_ABS_SRCDIR"/token dbmi/user`
\set mia `"$PG_ABS_SRCDIR"/token dbmi/mia`
\set vera `"$PG_ABS_SRCDIR"/token dbmi/vera`
\set ira `"$PG_ABS_SRCDIR"/token dbmi/ira`
\set admin `"$PG_ABS_SRCDIR"/token dbmi/admin`
\set manage `"$PG_ABS_SRCDIR"/token dbmi/manage`
\set curator `"$PG_ABS_SRCDIR"/token dbmi/curator`
\set ECHO none
\i :setup
\set ECHO all
SET ROLE hypatio_app;

-- nobody is logged in
SELECT (SELECT count(*) FROM project) AS projects, (SELECT count(*) FROM dataset) AS datasets, (SELECT count(*) FROM profile) AS profiles;

-- a user: all projects, no data, the profile and the image that are hers
SELECT authz.set_token('JWT ' || :'user') \g /dev/null
SELECT authz.email(), authz.subject(), authz.client_id(), authz.is_admin();
SELECT name FROM project ORDER BY name;
SELECT file FROM dataset;
SELECT email FROM profile;
SELECT file FROM profile_image;
-- accept
UPDATE profile SET name = 'Ursula' RETURNING email, name;
UPDATE profile_image SET file = 'ursula.png' RETURNING email, file;
-- refuse
SELECT download(1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO project VALUES ('Mine', 'hypatio.mine');
INSERT INTO dataset (item, file) VALUES ('hypatio.n2c2', 'virus.exe');
UPDATE profile SET email = 'mia@example.com';
SELECT authz.grant_item_permission('user@example.com', 'hypatio.n2c2');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('user@example.com', 'hypatio', 'hypatio.n2c2', 'MANAGE');
\echo :LAST_ERROR_SQLSTATE

-- Mia manages a project, and what is below it
SELECT authz.set_token('JWT ' || :'mia') \g /dev/null
SELECT authz.managed_items();
SELECT item, file FROM dataset ORDER BY id;
-- accept
INSERT INTO dataset (item, file) VALUES ('hypatio.n2c2.t3', 'track3.zip') RETURNING item;
UPDATE dataset SET file = 'notes.txt' WHERE file = 'readme.txt' RETURNING item, file;
DELETE FROM dataset WHERE file = 'track1.zip' RETURNING item, file;
-- refuse: elsewhere
INSERT INTO dataset (item, file) VALUES ('hypatio.udn', 'mine.zip');
UPDATE dataset SET item = 'hypatio.udn';
-- she lets the user see one track; to do so again changes nothing
SELECT authz.grant_item_permission('user@example.com', 'hypatio.n2c2.t2') AS created;
SELECT authz.grant_item_permission('USER@example.com', 'hypatio.n2c2.t2', 'view') AS created;
SELECT authz.item_grantees('hypatio.n2c2.t2', 'VIEW');
-- refuse: what she does not manage, and to make managers
SELECT authz.grant_item_permission('user@example.com', 'hypatio.udn');
\echo :LAST_ERROR_SQLSTATE
SELECT authz.grant_item_permission('user@example.com', 'hypatio.n2c2', 'MANAGE');
\echo :LAST_ERROR_SQLSTATE

-- the grant counts at once, with the token that the user had before
SELECT authz.set_token('JWT ' || :'user') \g /dev/null
SELECT item, file FROM dataset;
SELECT download(3);
SELECT email, item, permission FROM authz.item_permissions();
-- she shows Mia her profile, as part of a registration
SELECT authz.grant_profile_permission('mia@example.com', 'n2c2') AS created;
SELECT authz.set_token('JWT ' || :'mia') \g /dev/null
SELECT email, name FROM profile ORDER BY email;
-- and Mia takes the track away again
SELECT authz.revoke_item_permission('user@example.com', 'hypatio.n2c2.t2');
SELECT authz.revoke_item_permission('user@example.com', 'hypatio.n2c2.t2');
\echo :LAST_ERROR_SQLSTATE
SELECT authz.set_token('JWT ' || :'user') \g /dev/null
SELECT count(*) FROM dataset;

-- sub-items: Vera's grant is on "profile", Ira's on "profile.image"
SELECT authz.set_token('JWT ' || :'vera') \g /dev/null
SELECT file FROM profile_image;
SELECT authz.has_item_permission('profile.image', 'view') AS exact, authz.has_item_permission('profile.image', 'view', true) AS with_parents;
SELECT authz.set_token('JWT ' || :'ira') \g /dev/null
SELECT file FROM profile_image ORDER BY file;
SELECT authz.has_item_permission('PROFILE.IMAGE', 'VIEW') AS any_case, authz.has_item_permission('profile', 'view', true) AS parent;

-- a curator: role and permission, both from the claims
SELECT authz.set_token('JWT ' || :'curator') \g /dev/null
INSERT INTO review VALUES (NULL, 'good') RETURNING verdict;
SELECT count(*) FROM review;
SELECT authz.set_token('JWT ' || :'mia') \g /dev/null
INSERT INTO review VALUES (NULL, 'mine');

-- administrators: by group, by permission
SELECT authz.set_token('JWT ' || :'admin') \g /dev/null
SELECT authz.is_admin();
SELECT email FROM profile ORDER BY email;
INSERT INTO project VALUES ('New', 'hypatio.new') RETURNING name;
SELECT authz.grant_item_permission('vera@example.com', 'hypatio.new', 'MANAGE') AS created;
SELECT authz.set_token('JWT ' || :'manage') \g /dev/null
SELECT authz.is_admin(), authz.client_id();
DELETE FROM project WHERE name = 'New' RETURNING name;

-- whoever has no token is sent to the login page
SELECT authz.clear_token() \g /dev/null
SELECT download(3);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
-- lint() finds nothing wrong with it
\set lint :here '/lint.sql'
\set schema hypatio
\i :lint
