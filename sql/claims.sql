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

-- Z15: a string holds words; who asks for all of it asks claim_is()
CALL mint.login('tG', '{"department": "Sales Support", "team": "Sales", "blank": " Sales ", "empty": "", "email_verified": true, "off": false, "level": 3, "ratio": 1.50, "big": 1e3,
						"list": ["Sales"], "one": {"Sales": "Sales"}, "nothing": null, "realm": {"unit": {"name": "Über Sales\u0009A"}}, "a.b": "x", "roles": "night shift"}');
-- accept
SELECT authz.claim_is('{department}', 'Sales Support') AS whole, authz.claim_is('{team}', 'Sales') AS one_word, authz.claim_is('{blank}', ' Sales ') AS with_blanks, authz.claim_is('{empty}', '') AS empty,
	   authz.claim_is('{email_verified}', 'true') AS boolean, authz.claim_is('{off}', 'false') AS off, authz.claim_is('{level}', '3') AS number,
	   authz.claim_is('{realm,unit,name}', E'Über Sales\tA') AS path, authz.claim_is('{a.b}', 'x') AS dotted, authz.claim_is('{sub}', authz.subject()) AS subject;
-- refuse: what has_claim() takes for a word of it
SELECT authz.has_claim('{department}', 'Sales') AS word, authz.claim_is('{department}', 'Sales') AS not_whole, authz.claim_is('{department}', 'Support') AS nor_the_other,
	   authz.has_claim('{blank}', 'Sales') AS word_in_blanks, authz.claim_is('{blank}', 'Sales') AS not_trimmed, authz.has_claim('{department}', 'Sales Support') AS words_hold_no_blank;
-- refuse: another case, more, less, a list, an object, null, an absent one, another spelling of a number
SELECT authz.claim_is('{department}', 'sales support') AS in_lower_case, authz.claim_is('{department}', 'Sales  Support') AS two_blanks, authz.claim_is('{department}', 'Sales Support ') AS longer, authz.claim_is('{department}', '') AS nothing,
	   authz.claim_is('{list}', 'Sales') AS list, authz.claim_is('{list}', '["Sales"]') AS list_text, authz.claim_is('{one}', 'Sales') AS object, authz.claim_is('{one}', '{"Sales":"Sales"}') AS object_text,
	   authz.claim_is('{nothing}', 'null') AS json_null, authz.claim_is('{nothing}', '') AS json_null_empty, authz.claim_is('{absent}', '') AS absent, authz.claim_is('{list,0}', 'Sales') AS index,
	   authz.claim_is('{a,b}', 'x') AS dotted, authz.claim_is('{email_verified}', 'True') AS capital, authz.claim_is('{email_verified}', 't') AS t, authz.claim_is('{level}', '3.0') AS decimal, authz.claim_is('{level}', '03') AS leading_zero,
	   authz.claim_is('{team}', 'Sales' || chr(160)) AS no_break_space \gx
-- refuse: NULL, an empty path
SELECT authz.claim_is(NULL, 'Sales') AS path, authz.claim_is('{team}', NULL) AS value, authz.claim_is('{NULL}', 'Sales') AS element, authz.claim_is('{team,NULL}', 'Sales') AS second, authz.claim_is('{}', 'Sales') AS empty, authz.claim_is(NULL, NULL) AS both;
-- a number is spelled as has_claim() spells it, whatever that is
SELECT bool_and(authz.claim_is(path, value) = authz.has_claim(path, value)) AS alike, count(*) FILTER (WHERE authz.claim_is(path, value)) AS spellings
  FROM unnest('{3,3.0,1.5,1.50,1000,1e3,1000.0,1E3,true,false}'::text[]) value, (VALUES ('{level}'::text[]), ('{ratio}'), ('{big}'), ('{off}'), ('{email_verified}')) v (path);
-- the lists of the identity are lists of words too
SELECT authz.has_role('night') AS word, authz.has_role('night shift') AS whole, authz.claim_is('{roles}', 'night shift') AS claim;
-- over a column, in a policy, negated
CREATE TABLE claims_row (need text);
INSERT INTO claims_row VALUES ('Sales'), ('Sales Support'), (NULL);
SELECT need, authz.claim_is('{department}', need), NOT authz.claim_is('{department}', need) AS negated FROM claims_row ORDER BY need;
CREATE ROLE claims_app;
GRANT SELECT ON claims_row TO claims_app;
ALTER TABLE claims_row ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON claims_row USING (authz.claim_is('{department}', need));
SET ROLE claims_app;
SELECT need FROM claims_row;
CALL mint.login('tG', '{"department": "Sales"}');
SELECT need FROM claims_row;
RESET ROLE;
ALTER POLICY p ON claims_row USING (authz.claim_is('{department}', 'Sales'));
SET ROLE claims_app;
SELECT count(*) FROM claims_row;
CALL mint.login('tG', '{"department": "Sales Support"}');
SELECT count(*) FROM claims_row;
RESET ROLE;
CALL mint.logout();
SELECT authz.claim_is('{department}', 'Sales Support') AS nobody;
DROP TABLE claims_row;
DROP ROLE claims_app;

-- without identity
CALL mint.logout();
SELECT authz.claims() IS NULL AS claims, authz.claim('sub') IS NULL AS claim, authz.claim_text('sub') IS NULL AS claim_text,
	   authz.subject() IS NULL AS subject, authz.user_id() IS NULL AS user_id, authz.email() IS NULL AS email,
	   authz.username() IS NULL AS username, authz.issuer() IS NULL AS issuer, authz.client_id() IS NULL AS client_id,
	   authz.token_id() IS NULL AS token_id, authz.audience() IS NULL AS audience, authz.scopes() IS NULL AS scopes,
	   authz.roles() IS NULL AS roles, authz.permissions() IS NULL AS permissions, authz.groups() IS NULL AS groups;

CALL mint.go_home();
