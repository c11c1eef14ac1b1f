-- A scope, role, permission, group or claim is held exactly when the token says so.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all

-- row 24: one scope
CALL mint.login('tX0');
-- accept
SELECT authz.has_scope('read:data');
-- refuse
SELECT authz.has_scope('read:dat') AS shorter, authz.has_scope('read:data2') AS longer,
	   authz.has_scope('READ:DATA') AS upper, authz.has_scope('write') AS other,
	   authz.has_scope(' read:data') AS padded, authz.has_scope('openid profile') AS two,
	   authz.has_scope('') AS empty, authz.has_scope(NULL) AS isnull;

-- row 25: any scope
-- accept
SELECT authz.has_any_scope('admin', 'profile');
-- refuse
SELECT authz.has_any_scope('a', 'b');

-- row 26: all scopes
-- accept
SELECT authz.has_all_scopes('openid', 'profile'), authz.has_all_scopes('openid', 'openid') AS repeated;
-- refuse
SELECT authz.has_all_scopes('openid', 'x');

-- row 27: any and all together, in a policy
CREATE TABLE checks_row (id integer, one text, other text);
INSERT INTO checks_row VALUES (1, 'openid', 'profile'), (2, 'openid', 'y');
CREATE POLICY mixed ON checks_row USING
	(authz.has_any_scope('read:data', 'x') AND authz.has_all_scopes(one, other));
ALTER TABLE checks_row ENABLE ROW LEVEL SECURITY;
CREATE ROLE checks_reader;
GRANT SELECT ON checks_row TO checks_reader;
SET ROLE checks_reader;
-- accept: row 1; refuse: row 2
SELECT id FROM checks_row;
RESET ROLE;
DROP TABLE checks_row;

-- row 28: an empty list of requirements is a mistake, anonymous or not
-- refuse
SELECT f, mint.outcome(format('SELECT authz.%s(VARIADIC ''{}'')', f))
  FROM unnest(ARRAY['has_any_scope', 'has_all_scopes', 'has_any_role', 'has_all_roles', 'has_any_permission',
					'has_all_permissions', 'has_any_group', 'has_all_groups']) f;
SELECT mint.outcome($$SELECT authz.has_any_claim('{scope}', VARIADIC '{}')$$);
SELECT mint.outcome($$SELECT authz.has_all_claims('{scope}', VARIADIC '{}')$$);
CALL mint.logout();
SELECT mint.outcome($$SELECT authz.has_any_scope(VARIADIC '{}')$$);
SELECT mint.outcome($$SELECT authz.has_all_claims('{scope}', VARIADIC '{}')$$);
-- without any argument there is no such function
SELECT mint.outcome('SELECT authz.has_any_scope()');

-- a NULL array, NULL elements, several dimensions
CALL mint.login('tX0');
-- accept
SELECT authz.has_any_scope(NULL, 'openid') AS some_null,
	   authz.has_any_scope(VARIADIC '{{a,b},{c,openid}}') AS any_2d,
	   authz.has_all_scopes(VARIADIC '{{openid},{profile}}') AS all_2d,
	   authz.has_any_scope(VARIADIC '[5:6]={a,openid}') AS bounds;
-- refuse
SELECT authz.has_any_scope(NULL) AS any_null, authz.has_any_scope(NULL, NULL) AS nulls,
	   authz.has_all_scopes('openid', NULL) AS all_null,
	   authz.has_any_scope(VARIADIC NULL) AS any_array, authz.has_all_scopes(VARIADIC NULL) AS all_array,
	   authz.has_all_scopes(VARIADIC '{{openid},{NULL}}') AS all_2d,
	   authz.has_any_scope(VARIADIC '{"openid profile"}') AS words;

-- values that arrive packed, compressed, out of line or expanded
CREATE TABLE checks_value (kind text, scope text, scopes text[]);
ALTER TABLE checks_value ALTER scope SET STORAGE EXTERNAL, ALTER scopes SET STORAGE EXTERNAL;
INSERT INTO checks_value VALUES ('packed', 'openid', '{x,openid}'), ('outside', repeat('x', 9000), ARRAY[repeat('x', 9000), 'openid']),
	('null', NULL, NULL);
ALTER TABLE checks_value ALTER scope SET STORAGE MAIN, ALTER scopes SET STORAGE MAIN;
INSERT INTO checks_value VALUES ('compressed', repeat('y', 9000), ARRAY[repeat('y', 9000), 'openid']);
CALL mint.login('tX0', jsonb_build_object('scope', 'openid ' || repeat('x', 9000)));
-- accept: packed, outside; refuse: compressed, null
SELECT kind, authz.has_scope(scope) FROM checks_value;
-- accept: all but null
SELECT kind, authz.has_any_scope(VARIADIC scopes) FROM checks_value;
-- accept: outside; refuse: packed, compressed, null
SELECT kind, authz.has_all_scopes(VARIADIC scopes) FROM checks_value;
-- refuse
SELECT count(*) FROM checks_value, generate_series(1, 5000) WHERE authz.has_all_scopes(scope, repeat('z', 2000));
DROP TABLE checks_value;
DO $$
DECLARE
	list text[] := '{}';
BEGIN
	FOR i IN 1 .. 100 LOOP
		list[i] := 's' || i;
	END LOOP;
	RAISE NOTICE 'refuse: %', authz.has_any_scope(VARIADIC list);
	list[50] := 'openid';
	RAISE NOTICE 'accept: %', authz.has_any_scope(VARIADIC list);
	list[51] := NULL;
	RAISE NOTICE 'accept: %', authz.has_any_scope(VARIADIC list);
	list[50] := NULL;
	RAISE NOTICE 'refuse: %', authz.has_any_scope(VARIADIC list);
END $$;

-- row 33: roles
CALL mint.login('tX0');
-- accept
SELECT authz.has_role('editor'), authz.has_any_role('x', 'admin'), authz.has_all_roles('admin', 'editor');
-- refuse
SELECT authz.has_role('Editor'), authz.has_any_role('x', 'y'), authz.has_all_roles('admin', 'x');
CALL mint.login('tX0', '{"roles": "admin editor"}');
-- accept
SELECT authz.has_role('editor');
-- refuse
SELECT authz.has_role('admin editor');
CALL mint.login('tX0', '{"roles": ["admin editor"]}');
-- accept
SELECT authz.has_role('admin editor');
-- refuse
SELECT authz.has_role('editor');

-- row 34: permissions
CALL mint.login('tA1');
-- accept
SELECT authz.has_permission('read:admin-messages'), authz.has_any_permission('x', 'read:admin-messages'),
	   authz.has_all_permissions('read:admin-messages');
-- refuse
SELECT authz.has_permission('x'), authz.has_any_permission('x', 'y'), authz.has_all_permissions('read:admin-messages', 'x');
CALL mint.login('tA0');
SELECT authz.has_permission('read:admin-messages') AS empty_claim;
CALL mint.login('tA0', without => '{permissions}');
SELECT authz.has_permission('read:admin-messages') AS no_claim;

-- row 35: never a substring
CALL mint.login('tA0', '{"permissions": "read:admin-messages-extra"}');
-- accept
SELECT authz.has_permission('read:admin-messages-extra');
-- refuse
SELECT authz.has_permission('read:admin-messages'), authz.has_permission('');

-- row 36: claims of odd types hold nothing
-- refuse
CALL mint.login('tA0', '{"permissions": 5}');
SELECT authz.has_permission('5'), authz.permissions();
CALL mint.login('tA0', '{"permissions": true}');
SELECT authz.has_permission('true'), authz.permissions();
CALL mint.login('tA0', '{"permissions": {"a": 1}}');
SELECT authz.has_permission('a'), authz.permissions();
CALL mint.login('tA0', '{"permissions": null}');
SELECT authz.has_permission('null'), authz.permissions();
CALL mint.login('tA0', '{"permissions": [1, "a", ["b"], null, true]}');
SELECT authz.has_permission('1'), authz.has_permission('b'), authz.has_permission('true'), authz.permissions();
-- accept
SELECT authz.has_permission('a');

-- row 37: a scope is no permission
CALL mint.login('tA1');
-- accept
SELECT authz.has_scope('read:messages');
-- refuse
SELECT authz.has_permission('read:messages'), authz.has_scope('read:admin-messages');

-- row 39: groups, missing or empty
CALL mint.login('tD1g');
-- accept
SELECT authz.has_group('my-client-admin');
-- refuse
SELECT authz.has_group('x');
CALL mint.login('tD0');
SELECT authz.has_group('my-client-admin') AS no_claim;
CALL mint.login('tD1p');
SELECT authz.has_group('my-client-admin') AS empty_claim;

-- row 40: the check of a group
CALL mint.login('tD1g');
-- accept
SELECT authz.has_group('my-client-admin'), authz.has_any_group('x', 'my-client-admin'), authz.has_all_groups('my-client-admin');
CALL mint.login('tD0', '{"https://authorization.dbmi.hms.harvard.edu": {"groups": "my-client-admin"}}');
SELECT authz.has_group('my-client-admin') AS a_string;
-- refuse
SELECT authz.has_group('my-client'), authz.has_any_group('x', 'y'), authz.has_all_groups('my-client-admin', 'x');
CALL mint.login('tD0');
SELECT authz.has_group('my-client-admin'), authz.has_any_group('x', 'my-client-admin'), authz.has_all_groups('my-client-admin');

-- any other claim
CALL mint.login('tG', '{"email_verified": true, "level": 3, "ratio": 1.50, "amr": ["pwd", "otp", 7, false, null],
						"realm_access": {"roles": ["a b", "c"]}, "dotted.name": "x", "words": "one two", "nothing": null, "empty": ""}');
-- accept
SELECT authz.has_claim('{email_verified}', 'true') AS boolean, authz.has_claim('{level}', '3') AS number,
	   authz.has_claim('{amr}', 'otp') AS member, authz.has_claim('{amr}', '7') AS member_number,
	   authz.has_claim('{amr}', 'false') AS member_boolean, authz.has_claim('{realm_access,roles}', 'a b') AS path,
	   authz.has_claim('{dotted.name}', 'x') AS dotted, authz.has_claim('{words}', 'two') AS word,
	   authz.has_any_claim('{amr}', 'x', 'pwd') AS any_of, authz.has_all_claims('{amr}', 'pwd', 'otp') AS all_of;
-- refuse
SELECT authz.has_claim('{email_verified}', 'True') AS boolean, authz.has_claim('{level}', '3.0') AS number,
	   authz.has_claim('{amr}', 'OTP') AS member, authz.has_claim('{amr}', 'null') AS member_null,
	   authz.has_claim('{realm_access,roles}', 'a') AS path, authz.has_claim('{realm_access}', 'roles') AS object,
	   authz.has_claim('{amr,0}', 'pwd') AS index, authz.has_claim('{dotted,name}', 'x') AS dotted,
	   authz.has_claim('{words}', 'one two') AS words, authz.has_claim('{nothing}', 'null') AS nothing,
	   authz.has_claim('{empty}', '') AS empty, authz.has_claim('{absent}', 'x') AS absent,
	   authz.has_any_claim('{amr}', 'x', NULL) AS any_of, authz.has_all_claims('{amr}', 'pwd', 'x') AS all_of;
-- refuse
SELECT authz.has_claim(NULL, 'x') AS null_path, authz.has_claim('{}', 'x') AS empty_path,
	   authz.has_claim('{NULL}', 'x') AS null_key, authz.has_claim('{amr}', NULL) AS null_value,
	   authz.has_any_claim('{amr}', VARIADIC NULL) AS any_array, authz.has_all_claims('{amr}', VARIADIC NULL) AS all_array,
	   authz.has_any_claim('{absent}', 'x') AS any_absent, authz.has_all_claims(NULL, 'x') AS all_absent;

-- without identity everything is refused
CALL mint.logout();
SELECT authz.has_scope('openid'), authz.has_any_role('admin'), authz.has_all_groups('x'), authz.has_claim('{scope}', 'openid'),
	   authz.has_any_claim('{scope}', 'openid'), authz.has_all_claims('{scope}', 'openid'), authz.has_any_scope(VARIADIC NULL);

CALL mint.go_home();
DROP ROLE checks_reader;
