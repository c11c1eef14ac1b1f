-- Tokens by the thousand ("many"), bad ones, and procedures that log in with
-- them, one transaction after another.
CREATE FUNCTION bench.least_claims(n integer) RETURNS text
	IMMUTABLE STRICT LANGUAGE sql
	RETURN format('{"iss":"https://id.example","sub":"%s","aud":"api","exp":4102444800}',
		bench.uuid('sub', n));

CREATE UNLOGGED TABLE bench.many (id integer, token text);
INSERT INTO bench.many
	SELECT id, token FROM generate_series(1, :many) id, bench.mint('EdDSA', bench.claims(id, 14));
ALTER TABLE bench.many ADD PRIMARY KEY (id);

-- Tokens that are refused, each for a reason of its own.
CREATE TABLE bench.bad (id integer GENERATED ALWAYS AS IDENTITY, why text, token text);
INSERT INTO bench.bad (why, token)
WITH good AS MATERIALIZED (
	SELECT c AS claims, (bench.mint('ES256', c)).token FROM bench.claims(1, 14) c)
SELECT 'missing', NULL FROM good
UNION ALL SELECT 'empty', '' FROM good
UNION ALL SELECT 'too large', repeat('A', 70000) FROM good
UNION ALL SELECT 'segments', 'a.b' FROM good
UNION ALL SELECT 'alphabet', token || '=' FROM good
UNION ALL SELECT 'header', 'e30' || substr(token, strpos(token, '.')) FROM good
UNION ALL SELECT 'unsigned', bench.b64url('{"alg":"none"}') || substr(token, strpos(token, '.')) FROM good
UNION ALL SELECT 'algorithm', bench.b64url('{"alg":"RS256","kid":"ES256"}') || substr(token, strpos(token, '.')) FROM good
UNION ALL SELECT 'forged', regexp_replace(token, '[^.]+$', '') || split_part((bench.mint('ES256', '{}')).token, '.', 3) FROM good
UNION ALL SELECT why, (bench.mint('ES256', claims)).token FROM (
	SELECT 'not JSON' AS why, claims || '}' AS claims FROM good
	UNION ALL SELECT 'duplicate', replace(claims, '{"iss"', '{"sub":"x","iss"') FROM good
	UNION ALL SELECT 'too deep', replace(claims, '"api"', repeat('[', 100) || repeat(']', 100)) FROM good
	UNION ALL SELECT 'issuer', replace(claims, 'id.example', 'no.example') FROM good
	UNION ALL SELECT 'audience', replace(claims, '"api"', '["other"]') FROM good
	UNION ALL SELECT 'expired', replace(claims, '4102444800', '1000000000') FROM good
	UNION ALL SELECT 'future', replace(claims, '1700000000', '4102444700') FROM good
	UNION ALL SELECT 'claim missing', replace(claims, '"sub"', '"subject"') FROM good
	UNION ALL SELECT 'claim type', regexp_replace(claims, '"jti":"[^"]*"', '"jti":1') FROM good) wrong;

-- Each is refused, most for a reason that no other has.
DO $$
DECLARE
	bad record;
	reasons text[] := '{}';
BEGIN
	FOR bad IN SELECT why, token FROM bench.bad LOOP
		IF authz.try_set_token(bad.token) THEN
			RAISE EXCEPTION 'accepted a bad token: %', bad.why;
		END IF;
		reasons := reasons || (authz.last_error() ->> 'error_description');
	END LOOP;
	IF (SELECT count(DISTINCT reason) FROM unnest(reasons) reason) < 14 THEN
		RAISE EXCEPTION 'tokens were refused for other reasons than meant: %', reasons;
	END IF;
END $$;

-- Every login fails, and its error is caught; a thousand in a transaction.
CREATE PROCEDURE bench.fail(calls integer) LANGUAGE plpgsql AS $$
DECLARE
	tokens text[] := (SELECT array_agg(token ORDER BY id) FROM bench.bad);
	refused integer := 0;
BEGIN
	FOR i IN 1 .. calls LOOP
		BEGIN
			PERFORM authz.set_token(tokens[i % cardinality(tokens) + 1]);
		EXCEPTION WHEN invalid_authorization_specification THEN
			refused := refused + 1;
		END;
		IF i % 1000 = 0 THEN
			COMMIT;
		END IF;
	END LOOP;
	IF refused <> calls THEN
		RAISE EXCEPTION 'accepted a bad token';
	END IF;
END $$;

CREATE PROCEDURE bench.log_in(calls integer) LANGUAGE plpgsql AS $$
DECLARE
	one text := (SELECT token FROM bench.many WHERE id = 1);
	two text := (SELECT token FROM bench.many WHERE id = 2);
BEGIN
	FOR i IN 1 .. calls LOOP
		PERFORM authz.set_token(CASE i % 2 WHEN 0 THEN one ELSE two END, i % 3 = 0);
		COMMIT;
	END LOOP;
END $$;

-- Every change of the trust has the keys loaded anew.
CREATE PROCEDURE bench.change_trust(first integer, last integer) LANGUAGE plpgsql AS $$
DECLARE
	one text := (SELECT token FROM bench.many WHERE id = 1);
	public_key text := (SELECT k.public_key FROM bench.key k WHERE alg = 'RS256');
BEGIN
	FOR i IN first .. last LOOP
		IF i % 2 = 0 THEN
			PERFORM authz.drop_key('https://id.example', 'extra');
		ELSE
			PERFORM authz.add_pem('https://id.example', public_key, 'extra', 'PS256');
			PERFORM authz.revoke_token('https://id.example', 'nobody-' || i % 100);
		END IF;
		COMMIT;
		PERFORM authz.set_token(one);
		COMMIT;
	END LOOP;
END $$;
