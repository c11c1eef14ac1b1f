-- How strong the login was: acr and amr (OpenID Connect Core 1.0, 2), and what asks for a stronger one (RFC 9470).
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
\set ECHO all

-- accept: the claims as the issuer writes them
CREATE FUNCTION step_facts(changes jsonb) RETURNS TABLE (claims jsonb, acr text, amr text[]) LANGUAGE plpgsql AS $$
BEGIN
	CALL mint.login('tG', changes);
	RETURN QUERY SELECT changes, authz.acr(), authz.amr();
END $$;
SELECT r.* FROM unnest(ARRAY['{"acr": "gold", "amr": ["pwd", "otp"]}', '{"acr": "urn:mace:incommon:iap:silver", "amr": "pwd"}', '{"acr": "", "amr": []}', '{"amr": ["b", "a", "b"]}', '{"amr": "pwd mfa"}']::jsonb[]) c, step_facts(c) r;
-- refuse: absent, null, of another type
SELECT r.* FROM unnest(ARRAY['{}', '{"acr": null, "amr": null}', '{"acr": 1, "amr": 1}', '{"acr": ["gold"], "amr": {"pwd": true}}', '{"acr": true, "amr": [1, null, ["pwd"]]}']::jsonb[]) c, step_facts(c) r;
CALL mint.logout();
SELECT authz.acr(), authz.amr();

CREATE FUNCTION step_try(VARIADIC calls text[]) RETURNS TABLE (call text, answer text) LANGUAGE sql AS $$
	SELECT c, mint.outcome('SELECT authz.' || c) FROM unnest(calls) c
$$;
CALL mint.login('tG', '{"acr": "gold card", "amr": ["pwd", "otp"]}');
-- accept: an acr whole, a method of the list
SELECT * FROM step_try('has_acr(''gold card'')', 'has_any_acr(''silver'', ''gold card'')', 'has_amr(''otp'')', 'has_any_amr(''hwk'', ''pwd'')', 'has_all_amrs(''otp'', ''pwd'')');
-- refuse: a part, another case, another one, NULL
SELECT * FROM step_try('has_acr(''gold'')', 'has_acr(''Gold card'')', 'has_acr('''')', 'has_acr(NULL)', 'has_any_acr(''gold'', ''card'', NULL)', 'has_any_acr(VARIADIC NULL)',
	'has_amr(''Pwd'')', 'has_amr(''pwd otp'')', 'has_amr(NULL)', 'has_any_amr(''hwk'', NULL)', 'has_any_amr(VARIADIC NULL)', 'has_all_amrs(''pwd'', ''hwk'')', 'has_all_amrs(''pwd'', NULL)');
-- an empty list is a mistake, whoever asks
SELECT * FROM step_try('has_any_acr(VARIADIC ''{}'')', 'has_any_amr(VARIADIC ''{}'')', 'has_all_amrs(VARIADIC ''{}'')');
CALL mint.logout();
SELECT * FROM step_try('has_any_acr(VARIADIC ''{}'')', 'has_any_amr(VARIADIC ''{}'')', 'has_all_amrs(VARIADIC ''{}'')',
	'has_acr(''gold card'')', 'has_any_acr(''gold card'')', 'has_amr(''otp'')', 'has_any_amr(''otp'')', 'has_all_amrs(''otp'')');

-- the planner
CREATE TABLE step_row (id integer, need text);
CALL mint.login('tG', '{"acr": "gold", "amr": ["pwd", "otp"]}');
CREATE FUNCTION step_folds(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) SELECT ' || call || ' FROM step_row' LOOP
		IF line ~ 'Output:' THEN
			RETURN trim(line);
		END IF;
	END LOOP;
END $$;
SELECT c, step_folds(c) FROM unnest(ARRAY['authz.acr()', 'authz.amr()', 'authz.has_acr(''gold'')', 'authz.has_acr(NULL)', 'authz.has_any_acr(''silver'', ''gold'')', 'authz.has_amr(''hwk'')',
	'authz.has_any_amr(''hwk'', ''otp'')', 'authz.has_all_amrs(''hwk'', ''otp'')', 'authz.has_acr(need)', 'authz.has_any_acr(VARIADIC ''{}'')', 'authz.require_step_up(''{gold}'')']) c;

-- a stronger login is wanted
CREATE FUNCTION step_up(changes jsonb, acrs text[], within interval) RETURNS TABLE (outcome text, last_error jsonb, www_authenticate text) LANGUAGE plpgsql AS $$
BEGIN
	CALL mint.login('tG', changes);
	outcome := mint.outcome(format('SELECT authz.require_step_up(%L, %L)', acrs, within));
	last_error := authz.last_error() - 'at';
	www_authenticate := authz.www_authenticate();
	RETURN NEXT;
END $$;
\x on
-- accept
SELECT * FROM step_up('{"acr": "gold"}', '{gold}', NULL);
SELECT * FROM step_up('{"acr": "gold"}', '{silver,NULL,gold}', NULL);
SELECT * FROM step_up('{"auth_time": "-60"}', NULL, '5 minutes');
SELECT * FROM step_up('{"acr": "gold", "auth_time": "-60"}', '{gold}', '5 minutes');
-- refuse: too weak, too long ago, either of both; the challenge names all that is wanted
SELECT * FROM step_up('{"acr": "silver"}', '{gold,urn:example:platinum}', NULL);
SELECT * FROM step_up('{}', '{gold}', NULL);
SELECT * FROM step_up('{"acr": "gold"}', '{NULL}', NULL);
SELECT * FROM step_up('{"auth_time": "-600"}', NULL, '5 minutes');
SELECT * FROM step_up('{}', NULL, '1.7 seconds');
SELECT * FROM step_up('{"auth_time": "+600"}', NULL, '5 minutes');
SELECT * FROM step_up('{"acr": "gold", "auth_time": "-600"}', '{gold}', '5 minutes');
SELECT * FROM step_up('{"acr": "silver", "auth_time": "-60"}', '{gold}', '5 minutes');
-- a list that does not fit into a challenge: as many as do, whole, the preferred first
SELECT length(last_error ->> 'acr_values'), left(last_error ->> 'acr_values', 30), right(last_error ->> 'acr_values', 30), last_error ->> 'acr_values' = substring(www_authenticate FROM 'acr_values="([^"]*)"') AS same
  FROM step_up('{}', ARRAY(SELECT 'urn:example:level:' || n FROM generate_series(1, 100) n), NULL);
\x off

-- the next failure and the next login know nothing of it
CALL mint.login('tG', '{"acr": "silver"}');
SELECT mint.outcome('SELECT authz.require_step_up(''{gold}'', ''1 hour'')') \g /dev/null
SELECT mint.outcome('SELECT authz.require_scope(''x'')') \g /dev/null
SELECT authz.last_error() - 'at' AS last_error, authz.www_authenticate();
CALL mint.login('tG', '{"acr": "gold", "auth_time": "-1"}');
SELECT authz.last_error(), authz.www_authenticate();
SELECT authz.require_step_up(within => '1 hour'), authz.require_step_up('{gold}');

-- mistakes, whoever asks
CREATE FUNCTION step_mistakes() RETURNS TABLE (call text, answer text) LANGUAGE sql AS $$
	SELECT * FROM step_try('require_step_up()', 'require_step_up(NULL, NULL)', 'require_step_up(''{}'')', 'require_step_up(''{}'', ''1 hour'')', 'require_step_up(ARRAY[''''])', 'require_step_up(ARRAY[''gold'', ''a b''])',
		'require_step_up(ARRAY[''say "gold"''])', 'require_step_up(ARRAY[E''a\\b''])', 'require_step_up(ARRAY[''göld''])', 'require_step_up(ARRAY[E''a\nb''])',
		'require_step_up(NULL, ''0'')', 'require_step_up(NULL, ''0.9 seconds'')', 'require_step_up(NULL, ''-1 hour'')')
$$;
SELECT * FROM step_mistakes();
CALL mint.logout();
SELECT count(*), bool_and(answer LIKE '22023 %') AS same FROM step_mistakes();
-- refuse: nobody; somebody who has ended
SELECT * FROM step_try('require_step_up(''{gold}'')', 'require_step_up(within => ''1 hour'')');
CALL mint.login('tG', '{"acr": "gold", "jti": "S1"}');
SELECT authz.revoke_token('https://people.example', 'S1') \g /dev/null
SELECT * FROM step_try('require_step_up(''{gold}'')', 'require_step_up()', 'has_acr(''gold'')', 'has_any_acr(VARIADIC ''{}'')', 'acr()', 'amr()', 'has_amr(''pwd'')');

CALL mint.go_home();
DROP TABLE step_row;
DROP FUNCTION step_facts, step_mistakes, step_try, step_folds, step_up;
