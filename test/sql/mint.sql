-- Tokens for tests, made in SQL: HS256, HS384 and HS512 by the server's own
-- hash functions, nothing else needed.  To be read at the head of a test:
--
--   \getenv abs_srcdir PG_ABS_SRCDIR
--   \set mint :abs_srcdir '/test/sql/mint.sql'
--   \i :mint
--
-- Everything is in schema "mint".  In a payload "exp", "nbf" and "iat" may be
-- strings like "+3600" or "-60": seconds from this instant.
SET client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS mint;
GRANT USAGE ON SCHEMA mint TO PUBLIC;
RESET client_min_messages;

CREATE OR REPLACE FUNCTION mint.b64url(data bytea) RETURNS text
IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN rtrim(translate(encode(data, 'base64'), E'+/\n', '-_'), '=');

CREATE OR REPLACE FUNCTION mint.b64url(value text) RETURNS text
IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN mint.b64url(convert_to(value, 'UTF8'));

CREATE OR REPLACE FUNCTION mint.hash(bits text, data bytea) RETURNS bytea
IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN CASE bits WHEN '256' THEN sha256(data)
				 WHEN '384' THEN sha384(data)
				 WHEN '512' THEN sha512(data) END;

-- Every byte of data, exclusive-or pad.
CREATE OR REPLACE FUNCTION mint.padded(data bytea, pad integer) RETURNS bytea
IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN (SELECT decode(string_agg(lpad(to_hex(get_byte(data, i) # pad), 2, '0'), '' ORDER BY i), 'hex')
		  FROM generate_series(0, length(data) - 1) i);

-- RFC 2104
CREATE OR REPLACE FUNCTION mint.hmac(bits text, data bytea, secret bytea) RETURNS bytea
IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql AS $$
DECLARE
	block integer := CASE bits WHEN '256' THEN 64 ELSE 128 END;
	key bytea := CASE WHEN length(secret) > block THEN mint.hash(bits, secret) ELSE secret END;
BEGIN
	key := key || decode(repeat('00', block - length(key)), 'hex');
	RETURN mint.hash(bits, mint.padded(key, 92) ||
						   mint.hash(bits, mint.padded(key, 54) || data));
END $$;

-- Header and payload are signed as they stand, right or wrong.
CREATE OR REPLACE FUNCTION mint.sign(header text, payload text, secret bytea, bits text DEFAULT '256')
RETURNS text IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql AS $$
DECLARE
	input text := mint.b64url(header) || '.' || mint.b64url(payload);
BEGIN
	RETURN input || '.' || mint.b64url(mint.hmac(bits, convert_to(input, 'UTF8'), secret));
END $$;

-- Times relative to now become numbers; the rest of the text is untouched.
CREATE OR REPLACE FUNCTION mint.times(payload text) RETURNS text
VOLATILE STRICT LANGUAGE plpgsql AS $$
DECLARE
	pattern text := '("(?:exp|nbf|iat|auth_time)"\s*:\s*)"([+-][0-9.]+)"';
	found text[];
BEGIN
	LOOP
		found := regexp_match(payload, pattern);
		EXIT WHEN found IS NULL;
		payload := regexp_replace(payload, pattern, '\1' ||
			(floor(extract(epoch FROM clock_timestamp())) + found[2]::numeric)::text);
	END LOOP;
	RETURN payload;
END $$;

-- The secret of test/fixtures/hs32.bin and so on would do as well.
CREATE OR REPLACE FUNCTION mint.secret(name text DEFAULT 'a') RETURNS bytea
IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN sha512(convert_to('dbmi_authz test secret ' || name, 'UTF8'));

CREATE OR REPLACE FUNCTION mint.hs256(payload json, secret bytea DEFAULT mint.secret(),
									  header json DEFAULT '{"alg":"HS256","typ":"JWT"}')
RETURNS text VOLATILE STRICT LANGUAGE sql
RETURN mint.sign(header::text, mint.times(payload::text), secret, '256');

CREATE OR REPLACE FUNCTION mint.hs384(payload json, secret bytea DEFAULT mint.secret(),
									  header json DEFAULT '{"alg":"HS384","typ":"JWT"}')
RETURNS text VOLATILE STRICT LANGUAGE sql
RETURN mint.sign(header::text, mint.times(payload::text), secret, '384');

CREATE OR REPLACE FUNCTION mint.hs512(payload json, secret bytea DEFAULT mint.secret(),
									  header json DEFAULT '{"alg":"HS512","typ":"JWT"}')
RETURNS text VOLATILE STRICT LANGUAGE sql
RETURN mint.sign(header::text, mint.times(payload::text), secret, '512');

-- An HS256 token of https://id.example for audience "clinic", good for an
-- hour; the claims given are added and win.
CREATE OR REPLACE FUNCTION mint.token(claims jsonb DEFAULT '{}', secret bytea DEFAULT mint.secret(),
									  header json DEFAULT '{"alg":"HS256","typ":"JWT"}')
RETURNS text VOLATILE STRICT LANGUAGE sql
RETURN mint.hs256((jsonb '{"iss": "https://id.example", "aud": "clinic", "sub": "ann", "exp": "+3600"}'
				   || claims)::json, secret, header);

-- Does the server behave as these minor releases do, one for each version that
-- changed in one, and as every later version?
CREATE OR REPLACE FUNCTION mint.since(VARIADIC releases integer[]) RETURNS boolean
STABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN (SELECT coalesce(bool_or(now >= release) FILTER (WHERE now / 10000 = release / 10000), now / 10000 > max(release) / 10000)
		  FROM unnest(releases) release, CAST(current_setting('server_version_num') AS integer) now GROUP BY now);
