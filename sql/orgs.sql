-- Memberships, roles and permissions in organisations are those of the token.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
\set O1 '\'1189c444-8a2d-4c41-8b4b-ae43ce79a492\''
\set O2 '\'2299d555-8a2d-4c41-8b4b-ae43ce79a492\''
\set XX '\'3300e666-8a2d-4c41-8b4b-ae43ce79a492\''
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
RESET client_min_messages;

-- row 65: membership
CALL mint.login('tPM');
-- accept
SELECT authz.in_org(:O1), authz.in_org(:O2), authz.in_org(:O1::uuid) AS uuid, authz.in_org(upper(:O1)::uuid) AS upper_uuid,
	   authz.in_org(:O1::varchar) AS varchar, authz.in_org(:O1::name) AS name, authz.in_org(upper(:O1)::citext) AS citext;
-- refuse
SELECT authz.in_org(:XX), authz.in_org(upper(:O1)) AS upper, authz.in_org(:XX::uuid) AS uuid, authz.in_org(:XX::citext) AS citext,
	   authz.in_org('') AS empty, authz.in_org(NULL) AS isnull, authz.in_org(NULL::uuid) AS null_uuid, authz.in_org(1) AS integer;
SELECT authz.org_ids();
CALL mint.login('tPM', without => '{org_id_to_org_member_info}');
SELECT authz.in_org(:O1) AS no_map, authz.org_ids();
-- a column, with a policy
CREATE TABLE orgs_record (id integer, org uuid);
INSERT INTO orgs_record VALUES (1, :O1), (2, :O2), (3, :XX), (4, NULL);
ALTER TABLE orgs_record ENABLE ROW LEVEL SECURITY;
CREATE POLICY members ON orgs_record USING (authz.in_org(org));
CREATE ROLE orgs_reader;
GRANT SELECT, UPDATE ON orgs_record TO orgs_reader;
SET ROLE orgs_reader;
CALL mint.login('tPM');
SELECT id FROM orgs_record ORDER BY id;
CALL mint.logout();
SELECT id FROM orgs_record ORDER BY id;
RESET ROLE;

-- row 66: the very role
CALL mint.login('tPM');
-- accept
SELECT authz.has_org_role(:O1, 'Admin'), authz.has_org_role(:O1::uuid, 'Admin'), authz.has_org_role(:O2, 'Member');
-- refuse
SELECT authz.has_org_role(:O1, 'Member') AS inherited, authz.has_org_role(:O1, 'admin') AS lower, authz.has_org_role(:O2, 'Admin') AS other,
	   authz.has_org_role(:XX, 'Admin') AS no_member, authz.has_org_role(:O1, NULL) AS null_role, authz.has_org_role(NULL, 'Admin') AS null_org;

-- row 67: at least that role
-- accept
SELECT authz.is_at_least_org_role(:O1, 'Member'), authz.is_at_least_org_role(:O1, 'Admin'), authz.is_at_least_org_role(:O1::uuid, 'Member');
-- refuse
SELECT authz.is_at_least_org_role(:O1, 'Owner') AS higher, authz.is_at_least_org_role(:O2, 'Admin') AS other,
	   authz.is_at_least_org_role(:XX, 'Member') AS no_member, authz.is_at_least_org_role(:O1, NULL) AS null_role;

-- row 68: several roles, nothing is inherited
CALL mint.login('tPR');
-- accept
SELECT authz.has_org_role(:O1, 'Billing'), authz.is_at_least_org_role(:O1, 'Billing'),
	   authz.has_org_role(:O1, 'Owner'), authz.is_at_least_org_role(:O1, 'Owner'), authz.org_roles(:O1), authz.org_role_structure(:O1);
-- refuse
SELECT authz.has_org_role(:O1, 'Admin'), authz.is_at_least_org_role(:O1, 'Admin'), authz.is_at_least_org_role(:O1, 'Member');
-- with one role, additional ones do not count, nor does a structure that is not known
-- refuse
CALL mint.login('tPR', jsonb_build_object('org_id_to_org_member_info', jsonb_build_object(:O1, mint.org('OR') || '{"org_role_structure": "multi-role"}')));
SELECT authz.has_org_role(:O1, 'Billing'), authz.is_at_least_org_role(:O1, 'Billing');
-- accept
SELECT authz.is_at_least_org_role(:O1, 'Admin'), authz.org_roles(:O1), authz.org_role_structure(:O1);
-- the list of inherited roles decides alone
-- refuse
CALL mint.login('tPR', jsonb_build_object('org_id_to_org_member_info', jsonb_build_object(:O1, mint.org('O1') || '{"inherited_user_roles_plus_current_role": ["Member"]}')));
SELECT authz.is_at_least_org_role(:O1, 'Admin');
-- accept
SELECT authz.has_org_role(:O1, 'Admin'), authz.is_at_least_org_role(:O1, 'Member');

-- row 69: a permission
CALL mint.login('tPM');
-- accept
SELECT authz.has_org_permission(:O1, 'can_view_billing'), authz.has_org_permission(:O1::uuid, 'ProductA::CanCreate');
-- refuse
SELECT authz.has_org_permission(:O1, 'can_view') AS shorter, authz.has_org_permission(:O2, 'can_view_billing') AS other_org,
	   authz.has_org_permission(:O1, 'productA::CanCreate') AS lower, authz.has_org_permission(:O1, '') AS empty,
	   authz.has_org_permission(:O1, NULL) AS null_permission, authz.has_org_permission(NULL, 'can_view_billing') AS null_org,
	   authz.has_org_permission(:XX, 'can_view_billing') AS no_member;
-- a string is no list of characters
CALL mint.login('tPM', jsonb_build_object('org_id_to_org_member_info', jsonb_build_object(:O1, mint.org('O1') || '{"user_permissions": "can_view_billing x"}')));
SELECT authz.has_org_permission(:O1, 'can_view_billing') AS accept, authz.has_org_permission(:O1, 'can_view') AS refuse;

-- row 70: all and any of several permissions
CALL mint.login('tPM');
-- accept
SELECT authz.has_all_org_permissions(:O1, 'can_view_billing', 'ProductA::CanCreate'), authz.has_any_org_permission(:O1, 'x', 'can_view_billing'),
	   authz.has_any_org_permission(:O1::uuid, NULL, 'can_view_billing');
-- refuse
SELECT authz.has_all_org_permissions(:O1, 'can_view_billing', 'x'), authz.has_any_org_permission(:O1, 'x', 'y'),
	   authz.has_any_org_permission(:O2, 'can_view_billing') AS other_org, authz.has_all_org_permissions(:O1, 'can_view_billing', NULL) AS null_element,
	   authz.has_any_org_permission(:O1, VARIADIC NULL) AS null_array, authz.has_all_org_permissions(NULL, 'can_view_billing') AS null_org;
SELECT mint.outcome(format('SELECT authz.has_all_org_permissions(%L, VARIADIC ''{}'')', :O1));
SELECT mint.outcome(format('SELECT authz.has_any_org_permission(%L, VARIADIC ''{}'')', :O1));
CALL mint.logout();
SELECT mint.outcome(format('SELECT authz.has_all_org_permissions(%L, VARIADIC ''{}'')', :O1));

-- row 71: no role, no member; the others stay
CALL mint.login('tPM', jsonb_build_object('org_id_to_org_member_info', jsonb_build_object(
	:O1, mint.org('O1') || '{"user_role": null}', :O2, mint.org('O2'), 'odd', 5, 'none', null)));
-- accept
SELECT authz.in_org(:O2), authz.org_ids();
-- refuse
SELECT authz.in_org(:O1), authz.has_org_permission(:O1, 'can_view_billing'), authz.in_org('odd'), authz.in_org('none');

-- row 72: an incomplete membership is one all the same
CALL mint.login('tPM', jsonb_build_object('org_id_to_org_member_info', jsonb_build_object(:O1, mint.org('O1') - 'user_permissions')));
-- accept
SELECT authz.in_org(:O1), authz.has_org_role(:O1, 'Admin'), authz.org_permissions(:O1);
-- refuse
SELECT authz.has_org_permission(:O1, 'can_view_billing');

-- row 73: the organisation that the token is for
CALL mint.login('tPA');
-- accept
SELECT authz.active_org_id(), authz.in_org(:O1), authz.in_active_org(:O1) AS active, authz.in_active_org(:O1::uuid) AS active_uuid,
	   authz.has_active_org_permission('can_view_billing') AS permission, authz.has_active_org_role('Admin') AS role;
-- refuse
SELECT authz.in_org(:O2), authz.in_active_org(:O2) AS active, authz.in_active_org(NULL) AS null_org, authz.in_active_org(upper(:O1)) AS upper,
	   authz.has_active_org_permission('can_view') AS permission, authz.has_active_org_role('Member') AS role,
	   authz.has_active_org_permission(NULL) AS null_permission, authz.has_active_org_role(NULL) AS null_role;
CALL mint.login('tPM');
SELECT authz.active_org_id(), authz.in_active_org(:O1), authz.has_active_org_permission('can_view_billing'), authz.has_active_org_role('Admin');

-- row 74: both shapes in one token
-- the one organisation counts alone
CALL mint.login('tPA', jsonb_build_object('org_id_to_org_member_info', jsonb_build_object(:O2, mint.org('O2'))));
SELECT authz.org_ids(), authz.active_org_id(), authz.in_org(:O2);
-- an empty object counts as absent
CALL mint.login('tPM', '{"org_member_info": {}}');
SELECT authz.org_ids(), authz.active_org_id(), authz.in_org(:O2);
CALL mint.login('tPM', '{"org_member_info": null}');
SELECT authz.org_ids(), authz.active_org_id();

-- row 75: names and metadata
CALL mint.login('tPM');
-- accept
SELECT authz.org_metadata(:O1) ->> 'plan' AS plan, authz.org_metadata(:O1::uuid) AS metadata, authz.org_metadata(:O2) AS empty,
	   authz.org_id_by_name('Acme Inc') = :O1 AS by_name;
-- refuse
SELECT authz.org_id_by_name('acme inc') IS NULL AS lower, authz.org_id_by_name('') IS NULL AS empty, authz.org_id_by_name(NULL) IS NULL AS isnull,
	   authz.org_metadata(:XX) IS NULL AS no_member, authz.org_metadata(NULL) IS NULL AS null_org;
-- equal names: the smallest id
CALL mint.login('tPM', jsonb_build_object('org_id_to_org_member_info', jsonb_build_object(
	'b', mint.org('O1'), 'aa', mint.org('O1'), 'B', mint.org('O1'), 'c', mint.org('O2'))));
SELECT authz.org_id_by_name('Acme Inc'), authz.org_id_by_name('Beta Ltd'), authz.org_ids();

-- facts about one organisation
CALL mint.login('tPM');
SELECT authz.org_role(:O1), authz.org_roles(:O1), authz.org_permissions(:O1), authz.org_role_structure(:O1), authz.org_role_structure(:O2);
SELECT authz.org_role(:XX), authz.org_roles(:XX), authz.org_permissions(:XX), authz.org_role_structure(:XX), authz.org_role(NULL);
SELECT authz.org_ids_with_permission('can_view_billing') AS one, authz.org_ids_with_permission('x') AS none, authz.org_ids_with_permission(NULL) AS isnull;
-- all at once
SELECT * FROM authz.orgs() \gx
SELECT count(*), count(metadata) FROM authz.orgs() WHERE role = 'Member';
SELECT (authz.orgs()).org_name;
CALL mint.login('tPR');
SELECT role, role_structure, inherited_roles, additional_roles, permissions FROM authz.orgs();
-- odd types are absent
CALL mint.login('tPM', jsonb_build_object('org_id_to_org_member_info', jsonb_build_object('o', '{"user_role": "R", "org_name": 5, "url_safe_org_name": [],
	"org_metadata": "text", "legacy_org_id": {}, "org_role_structure": 1, "inherited_user_roles_plus_current_role": {"a": 1},
	"additional_roles": 7, "user_permissions": true}'::jsonb, 'p', '{"user_role": "R", "org_metadata": null}'::jsonb, 'q', '{"user_role": 5}'::jsonb, 'r', '[]'::jsonb)));
SELECT * FROM authz.orgs();

-- one uuid under several spellings: any of them for a check, the first for a fact
CALL mint.login('tPM', jsonb_build_object('org_id_to_org_member_info', jsonb_build_object(
	:O1, mint.org('O2') || '{"user_role": "lower", "user_permissions": ["l"]}', upper(:O1), mint.org('O2') || '{"user_role": "upper", "user_permissions": ["u"]}')));
-- accept
SELECT authz.has_org_role(:O1::uuid, 'lower') AS lower, authz.has_org_role(:O1::uuid, 'upper') AS upper,
	   authz.has_org_permission(:O1::uuid, 'l') AS l, authz.has_org_permission(:O1::uuid, 'u') AS u,
	   authz.has_org_permission(:O1::citext, 'u') AS citext_u, authz.has_any_org_permission(:O1::uuid, 'x', 'u') AS any_u,
	   authz.has_org_role(:O1, 'lower') AS text_lower, authz.has_org_role(upper(:O1), 'upper') AS text_upper;
-- refuse: what no single membership holds
SELECT authz.has_org_role(:O1, 'upper') AS text_upper, authz.has_org_permission(:O1, 'u') AS text_u,
	   authz.has_all_org_permissions(:O1::uuid, 'l', 'u') AS both, authz.has_org_permission(:XX::uuid, 'u') AS other;
SELECT authz.org_role(:O1::uuid) = authz.org_role((authz.org_ids())[1]) AS first_of_token, authz.org_role(:O1), authz.org_role(upper(:O1));

-- ids that are numbers
CALL mint.login('tPM', jsonb_build_object('org_id_to_org_member_info', jsonb_build_object('42', mint.org('O1'), '007', mint.org('O2'), '-9223372036854775808', mint.org('O2'))));
-- accept
SELECT authz.in_org(42), authz.in_org(42::smallint), authz.in_org(42::bigint), authz.in_org('42'), authz.in_org('007'),
	   authz.in_org('-9223372036854775808'::bigint), authz.has_org_permission(42, 'can_view_billing'), authz.org_role(42);
-- refuse
SELECT authz.in_org(7), authz.in_org(0), authz.in_org(-42), authz.in_org('+42'), authz.in_org(420);

-- refuse: other types, anonymous too
SELECT f, mint.outcome(format('SELECT authz.%s', f)) FROM unnest(ARRAY['in_org(1.5)', 'in_org(''x''::char(8))', 'has_org_role(ARRAY[1], ''x'')',
	'has_org_role(NULL::jsonb, NULL)', 'is_at_least_org_role(true, ''x'')', 'has_org_permission(now(), ''x'')', 'has_any_org_permission(ROW(1), ''x'')',
	'has_all_org_permissions(1.5, VARIADIC NULL)', 'org_role(1.5)', 'org_metadata(''{}''::jsonb)', 'in_active_org(1.5)', 'require_org(1.5)']) f;
CALL mint.logout();
SELECT mint.outcome('SELECT authz.in_org(1.5)'), mint.outcome('SELECT authz.org_roles(''x''::char(8))');

-- row 76: properties of the user
-- accept
CALL mint.login('tPM', '{"properties": {"a": {"b": 1}, "s": "x", "z": null, "f": false}}');
SELECT authz.user_property('a') -> 'b' AS b, authz.user_property('a') AS a, authz.user_property('s') AS s, authz.user_property('f') AS f;
-- refuse
SELECT authz.user_property('missing') IS NULL AS missing, authz.user_property('z') IS NULL AS json_null, authz.user_property('A') IS NULL AS upper,
	   authz.user_property(NULL) IS NULL AS isnull;
CALL mint.login('tPM');
SELECT authz.user_property('a') IS NULL AS no_properties;
CALL mint.login('tPM', '{"properties": ["a"]}');
SELECT authz.user_property('a') IS NULL AS no_object;

-- row 77: impersonation
-- accept
CALL mint.login('tPI');
SELECT authz.is_impersonated(), authz.impersonator_user_id(), authz.user_id();
CALL mint.login('tPM', '{"impersonator_user_id": ""}');
SELECT authz.is_impersonated(), authz.impersonator_user_id();
-- refuse
CALL mint.login('tPM');
SELECT authz.is_impersonated(), authz.impersonator_user_id();
CALL mint.login('tPM', '{"impersonator_user_id": null}');
SELECT authz.is_impersonated(), authz.impersonator_user_id();
-- who acts for somebody reads, and changes nothing
CREATE POLICY not_impersonated ON orgs_record AS RESTRICTIVE FOR UPDATE USING (NOT authz.is_impersonated());
SET ROLE orgs_reader;
CALL mint.login('tPI');
SELECT id FROM orgs_record ORDER BY id;
WITH changed AS (UPDATE orgs_record SET id = id RETURNING id) SELECT count(*) FROM changed;
CALL mint.login('tPM');
WITH changed AS (UPDATE orgs_record SET id = id RETURNING id) SELECT count(*) FROM changed;
RESET ROLE;

-- row 78: how the user logged in
CALL mint.login('tPI');
SELECT authz.login_method(), authz.login_provider(), authz.login_org_id();
CALL mint.login('tPM');
SELECT authz.login_method(), authz.login_provider(), authz.login_org_id();
CALL mint.login('tPM', '{"login_method": {"login_method": "social_sso", "provider": "Google"}}');
SELECT authz.login_method(), authz.login_provider(), authz.login_org_id();
CALL mint.login('tPM', '{"login_method": {"login_method": "social_sso", "provider": "Apple"}}');
SELECT authz.login_method(), authz.login_provider(), authz.login_org_id();
CALL mint.login('tPM', '{"login_method": {"login_method": "saml_sso", "provider": "Okta", "org_id": "o"}}');
SELECT authz.login_method(), authz.login_provider(), authz.login_org_id();
CALL mint.login('tPM', '{"login_method": {"login_method": "carrier_pigeon"}}');
SELECT authz.login_method(), authz.login_provider(), authz.login_org_id();
CALL mint.login('tPM', '{"login_method": null}');
SELECT authz.login_method(), authz.login_provider(), authz.login_org_id();
CALL mint.login('tPM', '{"login_method": "password"}');
SELECT authz.login_method(), authz.login_provider(), authz.login_org_id();
CALL mint.login('tPM', '{"legacy_user_id": "42"}');
SELECT authz.legacy_user_id();

-- without identity
CALL mint.logout();
SELECT authz.in_org(:O1), authz.has_org_role(:O1, 'Admin'), authz.is_at_least_org_role(:O1, 'Member'), authz.has_org_permission(:O1, 'x'),
	   authz.has_any_org_permission(:O1, 'x'), authz.has_all_org_permissions(:O1, 'x'), authz.in_active_org(:O1),
	   authz.has_active_org_role('Admin'), authz.has_active_org_permission('x'), authz.is_impersonated();
SELECT authz.org_ids() IS NULL, authz.org_ids_with_permission('x') IS NULL, authz.org_id_by_name('x') IS NULL, authz.org_role(:O1) IS NULL,
	   authz.org_roles(:O1) IS NULL, authz.org_permissions(:O1) IS NULL, authz.org_role_structure(:O1) IS NULL, authz.org_metadata(:O1) IS NULL,
	   authz.active_org_id() IS NULL, authz.user_property('x') IS NULL, authz.legacy_user_id() IS NULL, authz.impersonator_user_id() IS NULL,
	   authz.login_method() IS NULL, authz.login_provider() IS NULL, authz.login_org_id() IS NULL;
SELECT count(*) FROM authz.orgs();

CALL mint.go_home();
DROP TABLE orgs_record;
DROP ROLE orgs_reader;
