-- PropelAuth: members of organisations see what their role and permissions there allow.
\getenv here PG_ABS_SRCDIR
\set app propelauth
\set setup :here '/setup.sql'
\set verifier_key `cat "$PG_ABS_SRCDIR"/../fixtures/rsa_a.pub.pem`
\set ann `"$PG_ABS_SRCDIR"/token propelauth/ann`
\set ann_at_acme `"$PG_ABS_SRCDIR"/token propelauth/ann_at_acme`
\set staff_as_olga `"$PG_ABS_SRCDIR"/token propelauth/staff_as_olga`
\set ben `"$PG_ABS_SRCDIR"/token propelauth/ben`
\set cleo `"$PG_ABS_SRCDIR"/token propelauth/cleo`
\set acme '\'1189c444-8a2d-4c41-8b4b-ae43ce79a492\''
\set beta '\'2299d555-8a2d-4c41-8b4b-ae43ce79a492\''
\set other '\'3300e666-8a2d-4c41-8b4b-ae43ce79a492\''
\set ECHO none
\i :setup
\set ECHO all
SET ROLE saas_app;

-- without a token there is nothing to see
SELECT name FROM project;

-- Ann is an Admin of Acme and a Member of Beta
SELECT authz.set_token('Bearer ' || :'ann') \g /dev/null
SELECT authz.user_id(), authz.email(), authz.claim_text('first_name') AS first_name, authz.login_method(), authz.login_provider();
SELECT org_id, org_name, role, permissions FROM authz.orgs();
SELECT name, authz.org_role(org_id) FROM project ORDER BY id;
-- accept: she creates in Acme, and changes there
INSERT INTO project (org_id, name) VALUES (:acme, 'Anvils') RETURNING name, created_by;
UPDATE project SET name = name || '!' RETURNING name;
-- refuse: not in Beta, not elsewhere; an Admin is no Owner
INSERT INTO project (org_id, name) VALUES (:beta, 'Mine');
INSERT INTO project (org_id, name) VALUES (:other, 'Mine');
UPDATE project SET org_id = :other WHERE name = 'Anvils!';
DELETE FROM project RETURNING name;
-- billing: she reads Acme's, pays nothing
SELECT amount, paid FROM invoice;
UPDATE invoice SET paid = true RETURNING amount;
SELECT pay(1, :acme);
\echo :LAST_ERROR_SQLSTATE
SELECT pay(3, :other);
\echo :LAST_ERROR_SQLSTATE
SELECT authz.last_error() ->> 'error_description' AS why;
-- the plan is in the metadata of the organisation
SELECT title FROM report;

-- Ben has several roles in Beta: what Owner includes does not count, Billing does
SELECT authz.set_token('Bearer ' || :'ben') \g /dev/null
SELECT authz.org_roles(:beta), authz.org_role_structure(:beta), authz.is_at_least_org_role(:beta, 'Admin') AS at_least_admin,
	   authz.is_at_least_org_role(:beta, 'Billing') AS at_least_billing;
SELECT name FROM project;
UPDATE project SET name = 'Ships' RETURNING name;
-- accept
DELETE FROM project RETURNING name;
SELECT pay(2, :beta);
SELECT amount, paid, paid_by FROM invoice;

-- Ann has chosen Acme: the token is for this organisation alone
SELECT authz.set_token('Bearer ' || :'ann_at_acme') \g /dev/null
SELECT authz.active_org_id(), authz.in_org(:beta) AS in_beta, authz.has_active_org_permission('can_view_billing') AS billing;
INSERT INTO project (name) VALUES ('Paint') RETURNING name, org_id;
SELECT name FROM project ORDER BY id;

-- Olga is an Owner of Acme; staff looks at it as she does, and changes nothing
SELECT authz.set_token('Bearer ' || :'staff_as_olga') \g /dev/null
SELECT authz.user_id(), authz.is_impersonated(), authz.impersonator_user_id();
SELECT name FROM project ORDER BY id;
INSERT INTO project (org_id, name) VALUES (:acme, 'Ours');
UPDATE project SET name = 'Ours' RETURNING name;
DELETE FROM project RETURNING name;
UPDATE invoice SET paid = true RETURNING amount;

-- Cleo belongs to no organisation
SELECT authz.set_token('Bearer ' || :'cleo') \g /dev/null
SELECT authz.is_authenticated(), authz.org_ids();
SELECT count(*) FROM project;
SELECT pay(1, :acme);
\echo :LAST_ERROR_SQLSTATE

-- require_user, optional_user
SELECT authz.set_token('Bearer nonsense');
\echo :LAST_ERROR_SQLSTATE
SELECT authz.try_set_token(NULL) AS optional_user;
SELECT pay(1, :acme);
\echo :LAST_ERROR_SQLSTATE
SELECT authz.clear_token() \g /dev/null
RESET ROLE;
-- lint() finds nothing wrong with it
\set lint :here '/lint.sql'
\set schema saas
\i :lint
