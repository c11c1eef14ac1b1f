-- A row is mine exactly when its column, as a value of its type, equals my claim.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
RESET client_min_messages;

-- row 41: an administrator by group
-- accept
CALL mint.login('tD1g');
SELECT authz.is_admin();
-- refuse
CALL mint.login('tD0');
SELECT authz.is_admin();
CALL mint.login('tD0', '{"https://authorization.dbmi.hms.harvard.edu": {"groups": ["my-client-admins", "My-client-admin"]}, "groups": ["my-client-admin"]}');
SELECT authz.is_admin();

-- row 42: an administrator by permission
-- accept
CALL mint.login('tD1p');
SELECT authz.is_admin();
-- refuse
CALL mint.login('tD0', '{"https://authorization.dbmi.hms.harvard.edu": {"permissions": ["manage"], "roles": ["MANAGE"]}}');
SELECT authz.is_admin();

-- row 57: the owner by sub
CREATE TABLE owner_row (id integer, owner text, ci citext, num integer);
INSERT INTO owner_row VALUES (1, 'user123', 'USER123', 42), (2, 'user456', 'user456', 43), (3, NULL, NULL, NULL),
	(4, 'USER123', 'user1234', 42), (5, 'user123 ', ' user123', -42), (6, '', '', 0);
CALL mint.login('tX0');
-- accept: 1
SELECT id FROM owner_row WHERE authz.is_owner(owner, 'sub') ORDER BY id;
SELECT id FROM owner_row WHERE authz.is_owner(owner) ORDER BY id;
-- accept: 1, in any case of letters
SELECT id FROM owner_row WHERE authz.is_owner(ci, 'sub') ORDER BY id;
-- a policy hides the others, the row without owner too
ALTER TABLE owner_row ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON owner_row USING (authz.is_owner(owner));
CREATE ROLE owner_reader;
GRANT SELECT ON owner_row TO owner_reader;
SET ROLE owner_reader;
SELECT id FROM owner_row ORDER BY id;
CALL mint.login('tX0', '{"sub": "None"}');
SELECT count(*) AS none_is_nobody FROM owner_row;
RESET ROLE;
ALTER TABLE owner_row DISABLE ROW LEVEL SECURITY;
-- a number in the column
-- accept
CALL mint.login('tX0', '{"sub": "42"}');
SELECT id FROM owner_row WHERE authz.is_owner(num, 'sub') ORDER BY id;
CALL mint.login('tX0', '{"sub": "-42"}');
SELECT id FROM owner_row WHERE authz.is_owner(num, 'sub') ORDER BY id;
CALL mint.login('tX0', '{"sub": "0"}');
SELECT id FROM owner_row WHERE authz.is_owner(num, 'sub') ORDER BY id;
-- refuse: not canonical decimal
DO $$
DECLARE
	wrong text;
BEGIN
	FOREACH wrong IN ARRAY ARRAY['042', '+42', '42.0', '42 ', ' 42', '4 2', '0x2a', '4294967338', '18446744073709551658',
								 '-0', '00', '-', '--42', '4_2', '4e1', '42a', E'\u0664\u0662', 'user123', 'NaN'] LOOP
		PERFORM authz.set_token(mint.person('tX0', jsonb_build_object('sub', wrong)));
		IF EXISTS (SELECT FROM owner_row WHERE authz.is_owner(num, 'sub')) THEN
			RAISE WARNING '"%" was taken for a number', wrong;
		END IF;
	END LOOP;
END $$;

-- the limits of the integer types
CREATE TABLE owner_number (small smallint, medium integer, big bigint);
INSERT INTO owner_number VALUES (32767, 2147483647, 9223372036854775807), (-32768, -2147483648, -9223372036854775808);
CREATE FUNCTION owner_matches(sub text) RETURNS TABLE (small boolean, medium boolean, big boolean) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.set_token(mint.person('tX0', jsonb_build_object('sub', sub)));
	RETURN QUERY SELECT bool_or(authz.is_owner(n.small)), bool_or(authz.is_owner(n.medium)), bool_or(authz.is_owner(n.big)) FROM owner_number n;
END $$;
-- accept: one type each
SELECT s, m.* FROM unnest(ARRAY['32767', '-32768', '2147483647', '-2147483648', '9223372036854775807', '-9223372036854775808']) s, owner_matches(s) m;
-- refuse
SELECT s, m.* FROM unnest(ARRAY['32768', '-32769', '2147483648', '9223372036854775808', '-9223372036854775809', '98303', '-1']) s, owner_matches(s) m;

-- a claim that is a number, and claims that name nobody
CALL mint.login('tG', '{"account": 42, "ratio": 42.0, "flag": true, "none": null, "list": ["x"], "object": {"x": "x"}, "empty": "", "word": "x"}');
-- accept
SELECT authz.is_owner(42, 'account') AS int4, authz.is_owner(42::smallint, 'account') AS int2, authz.is_owner(42::bigint, 'account') AS int8,
	   authz.is_owner('42', 'account') AS text, authz.is_owner('42.0', 'ratio') AS ratio_text, authz.is_owner('x', 'word') AS word;
-- refuse
SELECT authz.is_owner(43, 'account') AS other, authz.is_owner(42, 'ratio') AS ratio, authz.is_owner('true', 'flag') AS flag,
	   authz.is_owner('null', 'none') AS none, authz.is_owner('x', 'list') AS list, authz.is_owner('x', 'object') AS object,
	   authz.is_owner('', 'empty') AS empty, authz.is_owner('', 'absent') AS absent, authz.is_owner('x', 'WORD') AS upper,
	   authz.is_owner('x', 'object.x') AS path, authz.is_owner(NULL, 'none') AS null_none, authz.is_owner(NULL) AS isnull,
	   authz.is_owner('x', NULL) AS null_claim, authz.is_owner(NULL::integer, 'account') AS null_integer;

-- every supported type, and domains over them
CREATE DOMAIN owner_text AS varchar(50) CHECK (length(VALUE) > 0);
CREATE DOMAIN owner_text_2 AS owner_text;
CREATE DOMAIN owner_uuid AS uuid NOT NULL;
CREATE DOMAIN owner_int AS bigint CHECK (VALUE > 0);
CREATE DOMAIN owner_citext AS citext;
CALL mint.login('tX0');
-- accept
SELECT authz.is_owner('user123'::text) AS text, authz.is_owner('user123'::varchar(10)) AS varchar, authz.is_owner('user123'::name) AS name,
	   authz.is_owner('USER123'::citext) AS citext, authz.is_owner('user123'::owner_text) AS domain, authz.is_owner('user123'::owner_text_2) AS domain_2,
	   authz.is_owner('User123'::owner_citext) AS domain_citext;
-- refuse
SELECT authz.is_owner('USER123'::text) AS text, authz.is_owner('user12'::varchar(6)) AS varchar, authz.is_owner('user1234'::name) AS name,
	   authz.is_owner('user1234'::citext) AS citext, authz.is_owner('x'::owner_text) AS domain, authz.is_owner('x'::owner_text_2) AS domain_2,
	   authz.is_owner('User124'::owner_citext) AS domain_citext;
-- a collation does not change the comparison of text
CREATE COLLATION owner_ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT authz.is_owner('user123' COLLATE owner_ci) AS accept, authz.is_owner('USER123' COLLATE owner_ci) AS refuse;
-- a name holds 63 bytes; a longer claim is none
CALL mint.login('tX0', jsonb_build_object('sub', repeat('n', 63)));
SELECT authz.is_owner(repeat('n', 63)::name) AS accept, authz.is_owner(repeat('n', 62)::name) AS refuse;
CALL mint.login('tX0', jsonb_build_object('sub', repeat('n', 70)));
SELECT authz.is_owner(repeat('n', 70)::name) AS refuse;

-- a uuid, in whatever spelling
CALL mint.login('tX0', '{"sub": "31C41C16-C281-44AE-9602-8A047E3BF33D", "braces": "{31c41c16c28144ae96028a047e3bf33d}", "four": "31c4-1c16-c281-44ae-9602-8a04-7e3b-f33d",
	"short": "31c41c16-c281-44ae-9602-8a047e3bf33", "long": "31c41c16-c281-44ae-9602-8a047e3bf33d0", "open": "{31c41c16-c281-44ae-9602-8a047e3bf33d",
	"close": "31c41c16-c281-44ae-9602-8a047e3bf33d}", "odd": "3-1c41c16-c281-44ae-9602-8a047e3bf33d", "tail": "31c41c16-c281-44ae-9602-8a047e3bf33d-",
	"double": "31c41c16--c281-44ae-9602-8a047e3bf33d", "space": " 31c41c16-c281-44ae-9602-8a047e3bf33d", "hex": "g1c41c16-c281-44ae-9602-8a047e3bf33d",
	"zero": "", "brace": "{", "braced": "{}"}');
-- accept
SELECT c AS claim, authz.is_owner('31c41c16-c281-44ae-9602-8a047e3bf33d'::uuid, c) AS uuid,
	   authz.is_owner('31c41c16-c281-44ae-9602-8a047e3bf33d'::owner_uuid, c) AS domain
  FROM unnest(ARRAY['sub', 'braces', 'four']) c;
-- what uuid_in thinks of the others: exactly the same
SELECT c AS claim, authz.is_owner('31c41c16-c281-44ae-9602-8a047e3bf33d'::uuid, c) AS refuse,
	   mint.outcome(format('SELECT %L::uuid', authz.claim_text(c))) AS uuid_in
  FROM unnest(ARRAY['short', 'long', 'open', 'close', 'odd', 'tail', 'double', 'space', 'hex', 'zero', 'brace', 'braced']) c;
-- refuse
SELECT authz.is_owner('31c41c16-c281-44ae-9602-8a047e3bf33e'::uuid) AS other, authz.is_owner('31c41c16-c281-44ae-9602-8a047e3bf33d'::text) AS as_text;

-- refuse: any other type, logged in or not, NULL or not
CREATE TYPE owner_enum AS ENUM ('user123');
CREATE TYPE owner_record AS (a text);
CREATE DOMAIN owner_char AS char(8);
CALL mint.login('tX0');
SELECT v, mint.outcome(format('SELECT authz.is_owner(%s)', v))
  FROM unnest(ARRAY['''user123''::char(8)', '''user123''::owner_char', '''user123''::owner_enum', '''(x)''::owner_record', 'ROW(1, 2)', '''{user123}''::text[]',
		'42::numeric', '42::oid', '42::real', 'true', '''"user123"''::jsonb', '''x''::bytea', '''x''::"char"', 'now()', 'NULL::owner_enum', 'NULL::text[]']) v;
SELECT mint.outcome('SELECT authz.is_owner(''user123''::owner_enum, ''sub'')'), mint.outcome('SELECT authz.is_owner_or_admin(''user123''::owner_enum)');
CALL mint.logout();
SELECT mint.outcome('SELECT authz.is_owner(''user123''::owner_enum)'), mint.outcome('SELECT authz.is_owner_or_admin(ROW(1, 2))');
SELECT authz.is_owner('user123'::owner_enum);

-- the same through a cast that anybody may create over his type
CREATE CAST (owner_enum AS boolean) WITH FUNCTION authz.is_owner(anycompatible) AS ASSIGNMENT;
CREATE CAST (owner_record AS boolean) WITH FUNCTION authz.is_owner(anycompatible) AS ASSIGNMENT;
CREATE FUNCTION owner_cast_enum(e owner_enum) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN e; END';
CREATE FUNCTION owner_cast_record(r owner_record) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN r; END';
CALL mint.login('tX0');
SELECT mint.outcome('SELECT owner_cast_enum(''user123'')'), mint.outcome('SELECT owner_cast_record(ROW(''user123''))');
SELECT mint.outcome('SELECT ''user123''::owner_enum::boolean'), mint.outcome('SELECT ARRAY[''user123''::owner_enum]::boolean[]');
-- an enum that is called citext is none
CREATE SCHEMA owner_fake;
CREATE TYPE owner_fake.citext AS ENUM ('user123');
SELECT mint.outcome('SELECT authz.is_owner(''user123''::owner_fake.citext)');
ALTER EXTENSION citext ADD TYPE owner_fake.citext;
SELECT mint.outcome('SELECT authz.is_owner(''user123''::owner_fake.citext)');
ALTER EXTENSION citext DROP TYPE owner_fake.citext;
-- behind an operator the type is known all the same
CREATE OPERATOR === (leftarg = anycompatible, rightarg = text, function = authz.is_owner);
CREATE OPERATOR !@ (rightarg = anycompatible, function = authz.is_owner);
SELECT 'user123'::text === 'sub'::text AS accept, !@ 'user123'::name AS accept, !@ 'user124'::name AS refuse;
SELECT mint.outcome('SELECT !@ ''user123''::owner_enum');

-- row 58: the owner or an administrator, by claims
CALL mint.login('tD0');
-- accept
SELECT authz.is_owner_or_admin('user@example.com');
-- refuse
SELECT authz.is_owner_or_admin('other@example.com'), authz.is_owner_or_admin(NULL);
-- accept
CALL mint.login('tD1p');
SELECT authz.is_owner_or_admin('other@example.com'), authz.is_owner_or_admin('user@example.com');
CALL mint.login('tD1g');
SELECT authz.is_owner_or_admin('other@example.com'), authz.is_owner_or_admin(NULL) AS nobodys, authz.is_owner_or_admin(NULL::uuid) AS nobodys_uuid;

-- the e-mail address of dbmi is exact, a citext column is not
CALL mint.login('tD0');
-- accept
SELECT authz.is_owner('user@example.com'), authz.is_owner('User@Example.com'::citext), authz.is_owner('User@Example.com'::citext, 'email');
-- refuse
SELECT authz.is_owner('User@Example.com'), authz.is_owner('User@Example.com', 'email');

-- a long value out of line, many rows
INSERT INTO owner_row SELECT g, CASE WHEN g % 2 = 0 THEN repeat(md5('owner'), 400) ELSE repeat(md5('other'), 400) END, NULL, g
  FROM generate_series(100, 299) g;
CALL mint.login('tX0', jsonb_build_object('sub', repeat(md5('owner'), 400)));
SELECT count(*) FILTER (WHERE authz.is_owner(owner)) AS accept, count(*) FILTER (WHERE NOT authz.is_owner(owner)) AS refuse FROM owner_row;

-- without identity
CALL mint.logout();
SELECT authz.is_owner('x'), authz.is_owner('x', 'sub'), authz.is_owner_or_admin('x'), authz.is_admin(), authz.is_owner(NULL), authz.is_owner('');

CALL mint.go_home();
DROP OPERATOR === (anycompatible, text);
DROP OPERATOR !@ (NONE, anycompatible);
DROP CAST (owner_enum AS boolean);
DROP CAST (owner_record AS boolean);
DROP FUNCTION owner_cast_enum, owner_cast_record, owner_matches;
DROP TABLE owner_row, owner_number;
DROP DOMAIN owner_text_2, owner_text, owner_uuid, owner_int, owner_citext, owner_char;
DROP TYPE owner_enum, owner_record, owner_fake.citext;
DROP SCHEMA owner_fake;
DROP COLLATION owner_ci;
DROP ROLE owner_reader;
