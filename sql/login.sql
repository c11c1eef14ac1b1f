-- A login succeeds exactly when the token is what the issuer's profile asks for, and never leaves anybody else behind.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set fixtures :abs_srcdir '/test/fixtures/tokens.sql'
\set ECHO none
\i :people
\i :fixtures
-- What comes of a login: "ok", or SQLSTATE, message and DETAIL.
CREATE FUNCTION login_outcome(token text) RETURNS text LANGUAGE sql
RETURN coalesce(nullif(mint.outcome(format('SELECT authz.set_token(%L)', token)), ''), 'ok');
CREATE FUNCTION login_as(who text, changes jsonb DEFAULT '{}', without text[] DEFAULT '{}') RETURNS text LANGUAGE sql
RETURN login_outcome(mint.person(who, changes, without));
-- A token with a header of its own.
CREATE FUNCTION login_header(who text, header json) RETURNS text LANGUAGE sql
RETURN login_outcome(mint.hs256(mint.claims(who)::json, header => header));
\set ECHO all

-- row 1: a valid token
-- refuse: nobody yet
SELECT authz.is_authenticated(), authz.subject();
-- accept
SELECT login_as('tX0');
SELECT authz.is_authenticated(), authz.subject();
SELECT who, login_as(who) FROM unnest(ARRAY['tD0', 'tPM', 'tA0', 'tX0', 'tG']) who;

-- Q25: one newline behind the token, as from a file; it is the same token, which is remembered
-- accept
SELECT login_outcome(t || E'\n') AS newline, login_outcome(t || E'\r\n') AS of_windows FROM mint.person('tX0') t;
SELECT t || E'\n' AS line FROM mint.person('tX0') t \gset
SELECT authz.try_set_token(:'line') AS line;
SELECT authz.subject(), authz.token_state();
SET dbmi_authz.token = :'line';
SELECT authz.subject(), current_setting('dbmi_authz.token') LIKE '%eyJ%' AS shows_it;
SELECT authz.verify_token(:'line') ->> 'sub' AS verified;
-- refuse
SELECT login_outcome(t || e) FROM mint.person('tX0') t, unnest(ARRAY[E'\n\n', E'\r', E'\t', E' \n', E'\nx']) e;
SELECT login_outcome(E'\n' || t), login_outcome(E'\n') FROM mint.person('tX0') t;
SELECT login_outcome(replace(t, '.', E'.\n')) FROM mint.person('tX0') t;

-- row 2: a signature by another key
CALL mint.login('tX0');
SELECT login_outcome(mint.hs256(mint.claims('tX0')::json, mint.secret('other')));
SELECT authz.is_authenticated(), authz.token_state();
-- one sextet of the signature changed
SELECT login_outcome(left(t, -5) || CASE substr(t, length(t) - 4, 1) WHEN 'A' THEN 'B' ELSE 'A' END || right(t, 4)) FROM mint.person('tX0') t;
-- the payload changed, the signature kept
SELECT login_outcome(split_part(t, '.', 1) || '.' || mint.b64url(mint.times((mint.claims('tX0') || '{"sub": "root"}')::text)) || '.' || split_part(t, '.', 3))
  FROM mint.person('tX0') t;

-- row 3: no algorithm, and a public key taken for a secret
SELECT authz.add_issuer('https://id.example', '{clinic}', 'axioms'), authz.add_pem('https://id.example', :'key_rs256', 'rs256') \g /dev/null
-- accept
SELECT login_outcome(:'token_rs256');
-- refuse
SELECT alg, signature = '' AS unsigned, login_outcome(concat(mint.b64url(format('{"alg":"%s","kid":"rs256"}', alg)), '.', split_part(:'token_rs256', '.', 2), '.', signature))
  FROM unnest(ARRAY['none', 'None', 'NONE', 'nOnE', '']) alg, unnest(ARRAY['', split_part(:'token_rs256', '.', 3)]) signature;
SELECT login_outcome(mint.sign('{"alg":"HS256","typ":"JWT","kid":"rs256"}', convert_from(decode(rpad(translate(split_part(:'token_rs256', '.', 2), '-_', '+/'),
		(length(split_part(:'token_rs256', '.', 2)) + 3) / 4 * 4, '='), 'base64'), 'UTF8'), secret))
  FROM unnest(ARRAY[convert_to(:'key_rs256', 'UTF8'), convert_to(rtrim(:'key_rs256', E'\n'), 'UTF8')]) secret;
-- nor where HS256 is listed: the key is bound to its algorithm
SELECT authz.alter_issuer('https://id.example', '{"algorithms": ["RS256", "HS256"]}') \g /dev/null
SELECT login_outcome(:'token_rs256') AS accept,
	   login_outcome(mint.sign('{"alg":"HS256","typ":"JWT","kid":"rs256"}', mint.times((mint.claims('tX0') || '{"iss": "https://id.example", "aud": "clinic"}')::text),
							   convert_to(:'key_rs256', 'UTF8'))) AS refuse;

-- row 4: HS256 with the secret of the client
SELECT authz.add_issuer('people dbmi B', '{clientB}', 'dbmi'), authz.add_secret('people dbmi B', mint.secret('B')) \g /dev/null
-- accept
SELECT login_as('tD0') AS client_a, login_outcome(mint.hs256((mint.claims('tD0') || '{"aud": "clientB"}')::json, mint.secret('B'))) AS client_b;
-- refuse
SELECT login_outcome(mint.hs256(mint.claims('tD0')::json, mint.secret('B')));
SELECT login_as('tD0', '{"aud": "clientB"}');

-- row 5: an audience that nobody configured
-- accept
SELECT login_as('tD0'), login_as('tD0', '{"aud": ["zzz", "clientA"]}') AS among_others;
-- refuse
SELECT who, login_as(who, '{"aud": "zzz"}') FROM unnest(ARRAY['tD0', 'tA0', 'tX0']) who;
SELECT login_as('tD0', '{"aud": "clienta"}') AS lower, login_as('tD0', '{"aud": ["clientA", "clientB"]}') AS of_two;

-- row 6: lists of audiences, and odd types
-- accept
SELECT login_as('tA0', '{"aud": ["x", "https://api.example.com"]}');
SELECT authz.audience();
SELECT login_as('tX0', '{"aud": ["my-api", "x"]}');
-- refuse
SELECT aud, login_as('tA0', jsonb_build_object('aud', aud)), login_as('tX0', jsonb_build_object('aud', aud))
  FROM unnest(ARRAY['5', '[1]', '["https://api.example.com", "my-api", 1]', '[]', 'null', 'true', '{"https://api.example.com": "my-api"}', '""',
					'"https://api.example.com my-api"']::jsonb[]) aud;
SELECT who, login_as(who, without => '{aud}') FROM unnest(ARRAY['tD0', 'tA0', 'tX0']) who;

-- row 7: no audience is asked for
-- accept
SELECT login_as('tPM') AS none, login_as('tPM', '{"aud": "anything"}') AS anything, login_as('tPM', '{"aud": ["x", "y"]}') AS list;

-- row 8: the issuer is compared as it stands
-- accept
SELECT login_as('tA0') AS auth0, login_as('tPM') AS propelauth, login_as('tX0') AS axioms;
-- refuse
SELECT login_as('tA0', '{"iss": "https://people.auth0.example"}') AS without_slash, login_as('tPM', '{"iss": "https://people.propel.example/"}') AS with_slash;
SELECT login_as('tX0', '{"iss": "https://PEOPLE.axioms.example"}') AS upper, login_as('tX0', '{"iss": ["https://people.axioms.example"]}') AS list,
	   login_as('tX0', without => '{iss}') AS none;

-- row 9: the end, and each profile's tolerance
SELECT exp, max(outcome) FILTER (WHERE who = 'tD0') AS dbmi, max(outcome) FILTER (WHERE who = 'tPM') AS propelauth,
	   max(outcome) FILTER (WHERE who = 'tA0') AS auth0, max(outcome) FILTER (WHERE who = 'tX0') AS axioms
  FROM unnest(ARRAY['-50', '-100', '-130', '+50']) WITH ORDINALITY e(exp, n), unnest(ARRAY['tD0', 'tPM', 'tA0', 'tX0']) who,
	   LATERAL (SELECT split_part(login_as(who, jsonb_build_object('exp', exp)), ' ', 1) AS outcome) o
 GROUP BY n, exp ORDER BY n;
SELECT login_as('tA0', '{"exp": "-100"}');
SELECT authz.is_authenticated();

-- row 10: no end at all
-- refuse
SELECT who, login_as(who, without => '{exp}') FROM unnest(ARRAY['tD0', 'tPM', 'tA0', 'tX0', 'tG']) who;

-- row 11: not yet
SELECT claim, seconds, max(outcome) FILTER (WHERE who = 'tD0') AS dbmi, max(outcome) FILTER (WHERE who = 'tPM') AS propelauth,
	   max(outcome) FILTER (WHERE who = 'tA0') AS auth0, max(outcome) FILTER (WHERE who = 'tX0') AS axioms
  FROM unnest(ARRAY['nbf', 'nbf', 'nbf', 'iat', 'iat', 'iat'], ARRAY['+300', '+100', '-100', '+300', '+100', '-100']) WITH ORDINALITY c(claim, seconds, n),
	   unnest(ARRAY['tD0', 'tPM', 'tA0', 'tX0']) who,
	   LATERAL (SELECT split_part(login_as(who, jsonb_build_object(claim, seconds)), ' ', 1) AS outcome) o
 GROUP BY n, claim, seconds ORDER BY n;
SELECT login_as('tA0', '{"nbf": "+300"}') AS nbf, login_as('tA0', '{"iat": "+300"}') AS iat;
-- PropelAuth's tokens must say when they were issued
SELECT who, login_as(who, without => '{iat}') FROM unnest(ARRAY['tPM', 'tD0', 'tA0', 'tX0']) who;

-- row 12: a time is a number
-- accept
SELECT login_as('tX0', '{"exp": 1999999999.9}');
SELECT authz.expires_at() AT TIME ZONE 'UTC' AS expires_at;
-- refuse
SELECT exp, login_as('tX0', jsonb_build_object('exp', exp)) FROM unnest(ARRAY['"1999999999"', 'null', 'true', '[1999999999]', '{}', '0', '-1']::jsonb[]) exp;

-- row 13: the end comes while somebody is logged in
CREATE TABLE login_row (owner text);
INSERT INTO login_row VALUES ('user123'), ('u2');
ALTER TABLE login_row ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON login_row USING (authz.is_owner(owner));
CREATE ROLE login_reader;
GRANT SELECT ON login_row TO login_reader;
-- from the beginning of a second, so that there is time for all of this
SELECT pg_sleep(1 - extract(epoch FROM clock_timestamp()) % 1) \g /dev/null
CALL mint.login('tX0', '{"exp": "+1"}');
-- accept
SELECT authz.is_authenticated(), authz.token_state(), authz.has_scope('read:data'), authz.subject();
SET ROLE login_reader;
SELECT owner FROM login_row;
RESET ROLE;
SELECT pg_sleep(2) \g /dev/null
-- refuse
SELECT authz.is_authenticated(), authz.token_state();
SELECT f, mint.outcome('SELECT authz.' || f) FROM unnest(ARRAY['has_scope(''read:data'')', 'has_role(''x'')', 'is_owner(''user123'')', 'is_admin()', 'in_org(''x'')', 'subject()', 'claims()',
	'require_scope(''read:data'')', 'require_authenticated()']) f;
SET ROLE login_reader;
SELECT owner FROM login_row;
RESET ROLE;

-- row 14: which key
SELECT authz.add_issuer('https://people.kid.example', '{my-api}', 'axioms', '{"algorithms": ["HS256"]}'),
	   authz.add_secret('https://people.kid.example', mint.secret(), 'k1') \g /dev/null
CREATE FUNCTION login_kid(header json) RETURNS text LANGUAGE sql
RETURN login_outcome(mint.hs256((mint.claims('tX0') || '{"iss": "https://people.kid.example"}')::json, header => header));
-- accept
SELECT login_kid('{"alg": "HS256", "kid": "k1"}') AS axioms, login_header('tPM', '{"alg": "HS256"}') AS propelauth;
-- refuse
SELECT login_kid('{"alg": "HS256"}') AS no_kid, login_kid('{"alg": "HS256", "kid": "k2"}') AS unknown_kid;
SELECT login_kid('{"alg": "HS256", "kid": "K1"}') AS upper, login_kid('{"alg": "HS256", "kid": ""}') AS empty, login_kid('{"alg": "HS256", "kid": 1}') AS number;
-- a public key, and the profile as it is
-- accept
SELECT authz.alter_issuer('https://id.example', '{"algorithms": null}') \g /dev/null
SELECT login_outcome(:'token_rs256');
-- refuse
SELECT login_outcome(:'nokid_rs256') AS no_kid, login_outcome(:'token_rs384') AS unknown_kid;

-- row 15: the type
-- accept
SELECT typ, login_header('tX0', json_build_object('alg', 'HS256', 'typ', typ)) FROM unnest(ARRAY['at+jwt', 'JWT', 'jwt', 'application/jwt', 'Jwt', 'AT+JWT']) typ;
SELECT login_header('tX0', '{"alg": "HS256"}') AS absent, login_header('tPM', '{"alg": "HS256", "typ": "JOSE"}') AS propelauth;
-- refuse
SELECT typ, login_header('tX0', json_build_object('alg', 'HS256', 'typ', typ)) FROM unnest(ARRAY['JOSE', 'at+jwt ', '']) typ;

-- row 16: malformed tokens
-- refuse
SELECT t AS token, login_outcome(t) FROM unnest(ARRAY['', ' ', 'a', 'a.b', 'a.b.c', 'a.b.c.d', 'a.b.c.d.e', '..', 'e30.e30.e30', 'é.é.é', 'Bearer', 'Bearer ', 'null']) t;
SELECT login_outcome(NULL);
SELECT payload, login_outcome(mint.sign('{"alg":"HS256"}', payload, mint.secret())) FROM unnest(ARRAY['[]', '"x"', '5', 'null', '', '{', '{} {}', '{"sub":"a","sub":"b"}']) payload;
SELECT header, login_outcome(mint.sign(header, mint.times(mint.claims('tX0')::text), mint.secret()))
  FROM unnest(ARRAY['{"alg":"HS256","crit":["exp"]}', '{"alg":"HS256","crit":[]}', '{"alg":"HS256","b64":false}', '{"alg":"HS256","zip":"DEF"}', '{"typ":"JWT"}', '[]', '{"alg":"HS256"']) header;
SELECT authz.is_authenticated(), authz.token_state();

-- row 17: a login that fails ends the one before
CALL mint.login('tX0');
SELECT authz.subject();
SELECT authz.set_token('garbage');
\echo :LAST_ERROR_SQLSTATE
SELECT authz.subject() IS NULL AS nobody, authz.token_state();

-- row 18: a login that may fail
CALL mint.login('tX0');
-- refuse
SELECT authz.try_set_token('garbage');
SELECT authz.is_authenticated(), authz.last_error() ->> 'error' AS error;
SELECT authz.try_set_token(NULL);
SELECT authz.is_authenticated(), authz.last_error() - 'at' AS last_error;
CALL mint.login('tX0');
SELECT authz.try_set_token('');
SELECT authz.is_authenticated(), authz.last_error() - 'at' AS last_error;
-- accept
SELECT authz.try_set_token(mint.person('tX0'));
SELECT authz.is_authenticated(), authz.last_error();

-- row 19: one token after the other
SET ROLE login_reader;
CALL mint.login('tX0');
SELECT authz.subject(), owner FROM login_row;
CALL mint.login('tX0', '{"sub": "u2"}');
SELECT authz.subject(), owner FROM login_row;
RESET ROLE;

-- row 20: for one transaction
CALL mint.logout();
BEGIN;
SELECT authz.set_token(mint.person('tX0'), true) \g /dev/null
SELECT authz.is_authenticated(), authz.subject();
COMMIT;
SELECT authz.is_authenticated(), authz.token_state();

-- verify_token: the same judgement, and nobody comes or goes by it
CALL mint.login('tX0');
-- accept
SELECT authz.verify_token(mint.person('tA0')) ->> 'sub' AS sub, authz.subject();
-- refuse
SELECT mint.outcome(format('SELECT authz.verify_token(%L)', mint.person('tA0', '{"exp": "-150"}')));
SELECT mint.outcome(format('SELECT authz.verify_token(%L)', mint.hs256(mint.claims('tX0')::json, mint.secret('other'))));
SELECT mint.outcome('SELECT authz.verify_token('''')');
SELECT authz.token_state(), authz.subject(), authz.last_error() IS NULL AS no_error;
CALL mint.logout();

-- row 21: the word in front
-- accept
SELECT prefix, login_outcome(concat(prefix, t)) FROM unnest(ARRAY['Bearer ', 'bearer  ', 'JWT ', 'jwt ', 'BEARER ', ' ']) prefix, mint.person('tX0') t;
SELECT login_outcome(concat('Bearer ', mint.person('tX0'), '  ')) AS behind;
-- refuse
SELECT prefix, login_outcome(concat(prefix, t)) FROM unnest(ARRAY['Token ', 'Bearer Bearer ', 'Bearer', 'Bearer: ', 'JWT Bearer ', 'Basic ', 'Digest ', 'JWE ', E'\t']) prefix, mint.person('tX0') t;

-- nor is what lies behind a token in memory read for the end of such a word
CREATE TABLE login_bytes (token text, a "char", b "char", c "char");
INSERT INTO login_bytes VALUES ('Bearer', ' ', ' ', ' '), ('Bear', 'e', 'r', ' ');
SELECT token, authz.try_set_token(token), authz.last_error() ->> 'error_description' AS why FROM login_bytes;

-- within a security-restricted operation nobody comes or goes, and no attempt is a failed login
CALL mint.login('tX0');
SELECT mint.person('tA0') AS somebody \gset
CREATE MATERIALIZED VIEW login_restricted AS
SELECT n, mint.outcome(s) FROM unnest(ARRAY[format('SELECT authz.set_token(%L)', :'somebody'), format('SELECT set_config(''dbmi_authz.token'', %L, false)', :'somebody'),
	'SELECT authz.try_set_token(''bad'')', 'SET dbmi_authz.token = ''bad''', 'SELECT authz.clear_token()', 'RESET dbmi_authz.token', 'RESET ALL']) WITH ORDINALITY r(s, n);
SELECT * FROM login_restricted ORDER BY n;
SELECT authz.token_state(), authz.subject();
DROP MATERIALIZED VIEW login_restricted;
-- but where nobody is, a reset is none of anybody's business
CALL mint.logout();
CREATE FUNCTION login_reset() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RESET ALL; RETURN authz.token_state(); END $$;
CREATE MATERIALIZED VIEW login_restricted AS SELECT login_reset();
SELECT * FROM login_restricted;
DROP MATERIALIZED VIEW login_restricted;

-- a failed login is not forgotten there either
SELECT authz.try_set_token('bad');
CREATE MATERIALIZED VIEW login_restricted AS SELECT mint.outcome('RESET ALL');
SELECT * FROM login_restricted;
DROP MATERIALIZED VIEW login_restricted;
SELECT authz.token_state();

-- what puts the setting back forgets a failed login, and nothing else does
CREATE FUNCTION login_state_after(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.try_set_token('bad');
	EXECUTE statement;
	RETURN authz.token_state();
END $$;
SELECT s AS statement, login_state_after(s) FROM unnest(ARRAY['RESET dbmi_authz.token', 'RESET DBMI_Authz.Token', 'SET dbmi_authz.token TO DEFAULT', 'RESET ALL',
	'SELECT', 'RESET work_mem', 'SET work_mem TO DEFAULT', 'SET work_mem = 1024', 'SET dbmi_authz.plan_folding = on', 'RESET dbmi_authz.plan_folding', 'DISCARD SEQUENCES']) s;
DISCARD ALL;
SELECT authz.token_state();
-- a login does, a rollback to an earlier one does not
SELECT authz.try_set_token('bad');
BEGIN;
SELECT authz.set_token(mint.person('tX0'), true) \g /dev/null
SELECT authz.last_error() IS NULL AS forgotten;
COMMIT;
SELECT authz.token_state();
BEGIN;
SELECT authz.set_token(mint.person('tX0')) \g /dev/null
SAVEPOINT s;
SELECT authz.set_token(mint.person('tA0')) \g /dev/null
SELECT authz.try_set_token('bad');
ROLLBACK TO s;
SELECT authz.token_state(), authz.last_error() IS NULL AS forgotten;
COMMIT;
-- not even in a file of the server's; without the token in the message
ALTER SYSTEM SET dbmi_authz.token = 'a.b.c';
ALTER SYSTEM SET DBMI_Authz.Token = 'a.b.c';


CALL mint.go_home();
DROP TABLE login_bytes;
SELECT authz.drop_issuer('https://id.example') \g /dev/null
DROP FUNCTION login_kid, login_header, login_as, login_outcome, login_reset, login_state_after;
DROP TABLE login_row;
DROP ROLE login_reader;
