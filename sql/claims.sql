-- The accessors give what the token says, where the issuer's options look for it.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all

-- row 22: who it is
CALL mint.login('tD0');
SELECT authz.subject(), authz.email(), authz.user_id(), authz.username(), authz.issuer(),
	   authz.client_id(), authz.token_id(), authz.audience();
CALL mint.login('tPM', '{"email": "t@example.com", "username": "ann", "jti": "J1"}');
SELECT authz.subject(), authz.email(), authz.user_id(), authz.username(), authz.issuer(),
	   authz.client_id(), authz.token_id(), authz.audience();
CALL mint.login('tX0', '{"preferred_username": "u", "azp": "app", "client_id": "other", "aud": ["x", "my-api"]}');
SELECT authz.subject(), authz.username(), authz.client_id(), authz.audience();
CALL mint.login('tX0', '{"username": "v", "preferred_username": "u", "client_id": "other"}');
SELECT authz.username(), authz.client_id();
SELECT authz.claim('nope'), authz.claim_text('nope');

-- row 23: claims that must be there
-- accept
SELECT authz.try_set_token(mint.person('tPM'));
SELECT authz.try_set_token(mint.person('tX0'));
SELECT authz.try_set_token(mint.person('tD0'));
-- refuse
SELECT authz.try_set_token(mint.person('tPM', without => '{user_id}'));
SELECT authz.last_error() - 'at' AS last_error, authz.token_state(), authz.user_id();
SELECT authz.try_set_token(mint.person('tX0', without => '{sub}'));
SELECT authz.last_error() - 'at' AS last_error;
SELECT authz.try_set_token(mint.person('tX0', '{"sub": ""}'));
SELECT authz.last_error() - 'at' AS last_error;
SELECT authz.try_set_token(mint.person('tD0', without => '{email}'));
SELECT authz.last_error() - 'at' AS last_error;

-- the whole payload, and any part of it
CALL mint.login('tG', '{"exp": 4102444800, "s": "a\"b\u00e9", "n": [1, -2, 1.5, 1e2, 9007199254740993], "t": true, "f": false, "z": null,
						"o": {"b": 1, "a": {"deep": [{"x": []}, {}]}}, "": "no name"}');
SELECT authz.claims();
-- the same as jsonb of the payload
SELECT authz.claims() = mint.claims('tG') || '{"exp": 4102444800, "s": "a\"b\u00e9", "n": [1, -2, 1.5, 1e2, 9007199254740993], "t": true, "f": false, "z": null,
						"o": {"b": 1, "a": {"deep": [{"x": []}, {}]}}, "": "no name"}' AS same;
SELECT authz.claim('s') AS s, authz.claim('n') AS n, authz.claim('t') AS t, authz.claim('o', 'a') AS o_a,
	   authz.claim('o', 'a', 'deep') AS deep, authz.claim('') AS noname, authz.claim(VARIADIC '{{o},{b}}') AS two_dimensions;
SELECT authz.claim_text('s') AS s, authz.claim_text('n') AS n, authz.claim_text('t') AS t, authz.claim_text('f') AS f,
	   authz.claim_text('o', 'b') AS o_b, authz.claim_text('o', 'a') AS o_a, authz.claim_text('') AS noname;
SELECT jsonb_typeof(authz.claim('s')), jsonb_typeof(authz.claim('t')), jsonb_typeof(authz.claim('o', 'b')), pg_typeof(authz.claim_text('s'));
-- nothing there: a JSON null, a path that leads nowhere, no path, a NULL in it, an index
SELECT authz.claim('z') IS NULL AS null_claim, authz.claim_text('z') IS NULL AS null_text,
	   authz.claim('o', 'c') IS NULL AS no_key, authz.claim('s', 'x') IS NULL AS no_object,
	   authz.claim('n', '0') IS NULL AS index, authz.claim('O') IS NULL AS upper,
	   authz.claim(VARIADIC '{}') IS NULL AS empty, authz.claim(VARIADIC NULL) IS NULL AS no_path,
	   authz.claim('o', NULL) IS NULL AS null_key, authz.claim_text(VARIADIC '{}') IS NULL AS empty_text;
-- a number keeps its JSON text as text, and its value as jsonb
CALL mint.login('tG', '{"i": 12345678901234567, "d": 0.1, "m": -0.5}');
SELECT authz.claim_text('i') AS i, authz.claim('i') AS i_json, authz.claim_text('d') AS d, authz.claim('d') AS d_json,
	   authz.claim_text('m') AS m, authz.claim('m') AS m_json;

-- row 29: scopes, split on white space, also inside a list
CALL mint.login('tG', '{"scope": "a  b\tc"}');
SELECT authz.scopes();
CALL mint.login('tG', '{"scp": ["a", "b c"]}');
SELECT authz.scopes();
CALL mint.login('tG', '{"scope": " a\nb a "}');
SELECT authz.scopes() AS once_each;
CALL mint.login('tG');
SELECT authz.scopes() AS absent;

-- row 30: the first location that is present wins, even when it is empty
-- accept
CALL mint.login('tG', '{"scope": null, "scp": ["a"]}');
SELECT authz.has_scope('a');
-- refuse
CALL mint.login('tG', '{"scope": "", "scp": ["a"]}');
SELECT authz.has_scope('a');
CALL mint.login('tG', '{"scope": 5, "scp": ["a"]}');
SELECT authz.has_scope('a');

-- row 31: a namespaced claim, where the issuer's options say so
SELECT authz.alter_issuer('https://people.example', '{"role_claims": ["https://example.com/claims/roles", ["realm_access", "roles"]]}') \g /dev/null
-- accept
CALL mint.login('tG', '{"https://example.com/claims/roles": ["admin"]}');
SELECT authz.has_role('admin'), authz.roles();
CALL mint.login('tG', '{"realm_access": {"roles": ["admin"]}}');
SELECT authz.has_role('admin'), authz.roles();
-- refuse
CALL mint.login('tG', '{"roles": ["admin"]}');
SELECT authz.has_role('admin'), authz.roles();
CALL mint.login('tX0', '{"https://example.com/claims/roles": ["boss"]}');
SELECT authz.has_role('boss'), authz.roles();

-- row 32: a colon in a name is part of it
SELECT authz.alter_issuer('https://people.example', '{"group_claims": ["cognito:groups"]}') \g /dev/null
-- accept
CALL mint.login('tG', '{"cognito:groups": ["g1"]}');
SELECT authz.has_group('g1'), authz.groups();
-- refuse
CALL mint.login('tG', '{"cognito_groups": ["g1"]}');
SELECT authz.has_group('g1'), authz.groups();

-- each list in the order of the token, each value once
CALL mint.login('tX0', '{"roles": ["z", "a", "z", "m"], "permissions": "q p q"}');
SELECT authz.roles(), authz.permissions(), authz.groups();

-- every kind of list, whatever the claim is: the values it holds, and never an error
SELECT authz.alter_issuer('https://people.example', '{"role_claims": null, "group_claims": null}') \g /dev/null
CREATE FUNCTION claims_lists(shape jsonb, OUT scopes text[], OUT roles text[], OUT permissions text[], OUT groups text[], OUT org_permissions text[])
LANGUAGE plpgsql AS $$
DECLARE
	lists jsonb := CASE WHEN shape IS NULL THEN '{}' ELSE jsonb_build_object('scope', shape, 'roles', shape, 'permissions', shape, 'groups', shape) END;
	member jsonb := jsonb '{"user_role": "Member"}' || CASE WHEN shape IS NULL THEN '{}' ELSE jsonb_build_object('user_permissions', shape) END;
BEGIN
	PERFORM authz.set_token(mint.person('tG', lists || jsonb_build_object('org_id_to_org_member_info', jsonb_build_object('o', member))));
	SELECT authz.scopes(), authz.roles(), authz.permissions(), authz.groups(), authz.org_permissions('o') INTO scopes, roles, permissions, groups, org_permissions;
END $$;
SELECT shape, l.* FROM unnest(ARRAY[NULL, 'null', '[]', '""', '"a b"', '["a b"]', '5', 'true', '{"a": 1}', '[1, "a"]', '["A"]', '[["a"], {"a": "a"}, null]']::jsonb[]) shape,
	   claims_lists(shape) l;
DROP FUNCTION claims_lists;

-- without identity
CALL mint.logout();
SELECT authz.claims() IS NULL AS claims, authz.claim('sub') IS NULL AS claim, authz.claim_text('sub') IS NULL AS claim_text,
	   authz.subject() IS NULL AS subject, authz.user_id() IS NULL AS user_id, authz.email() IS NULL AS email,
	   authz.username() IS NULL AS username, authz.issuer() IS NULL AS issuer, authz.client_id() IS NULL AS client_id,
	   authz.token_id() IS NULL AS token_id, authz.audience() IS NULL AS audience, authz.scopes() IS NULL AS scopes,
	   authz.roles() IS NULL AS roles, authz.permissions() IS NULL AS permissions, authz.groups() IS NULL AS groups;

CALL mint.go_home();
