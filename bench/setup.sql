-- What all comparisons need: the functions of probe.c, keys that the database
-- trusts, and a mint.  Variables: probe (the compiled module), fixtures (the
-- directory of the keys).
CREATE EXTENSION dbmi_authz;
CREATE SCHEMA bench;
GRANT USAGE ON SCHEMA bench TO PUBLIC;

-- Called like our functions, and doing nothing.
CREATE FUNCTION bench.has_scope(text) RETURNS boolean
	LANGUAGE C AS :'probe', 'bench_empty' STABLE PARALLEL RESTRICTED;
CREATE FUNCTION bench.has_role(text) RETURNS boolean
	LANGUAGE C AS :'probe', 'bench_empty' STABLE PARALLEL RESTRICTED;
CREATE FUNCTION bench.has_group(text) RETURNS boolean
	LANGUAGE C AS :'probe', 'bench_empty' STABLE PARALLEL RESTRICTED;
CREATE FUNCTION bench.has_any_scope(VARIADIC text[]) RETURNS boolean
	LANGUAGE C AS :'probe', 'bench_empty' STABLE PARALLEL RESTRICTED;
CREATE FUNCTION bench.has_claim(text[], text) RETURNS boolean
	LANGUAGE C AS :'probe', 'bench_empty' STABLE PARALLEL RESTRICTED;
CREATE FUNCTION bench.has_item_permission(text, text, boolean DEFAULT false) RETURNS boolean
	LANGUAGE C AS :'probe', 'bench_empty' STABLE PARALLEL RESTRICTED;
CREATE FUNCTION bench.is_owner(anycompatible) RETURNS boolean
	LANGUAGE C AS :'probe', 'bench_empty' STABLE PARALLEL RESTRICTED;
CREATE FUNCTION bench.in_org(anycompatible) RETURNS boolean
	LANGUAGE C AS :'probe', 'bench_empty' STABLE PARALLEL RESTRICTED;
CREATE FUNCTION bench.has_org_permission(anycompatible, text) RETURNS boolean
	LANGUAGE C AS :'probe', 'bench_empty' STABLE PARALLEL RESTRICTED;
CREATE FUNCTION bench.rule(integer) RETURNS boolean
	LANGUAGE C AS :'probe', 'bench_empty' STABLE STRICT;
-- A subtransaction and nothing else: what asking a rule cannot do without.
CREATE FUNCTION bench.subtransaction(integer) RETURNS boolean
	LANGUAGE C AS :'probe', 'bench_subtransaction' STABLE STRICT;
CREATE FUNCTION bench.set_token(text, boolean DEFAULT false) RETURNS void
	LANGUAGE C AS :'probe', 'bench_nothing' VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION bench.empty_verify(alg text, public_key text, msg bytea, sig bytea) RETURNS boolean
	LANGUAGE C AS :'probe', 'bench_empty' VOLATILE STRICT;

-- OpenSSL, called as an ordinary program would.
CREATE FUNCTION bench.verify(alg text, public_key text, msg bytea, sig bytea) RETURNS boolean
	LANGUAGE C AS :'probe', 'bench_verify' VOLATILE STRICT;
CREATE FUNCTION bench.sign(alg text, private_key text, msg bytea) RETURNS bytea
	LANGUAGE C AS :'probe', 'bench_sign' VOLATILE STRICT;
CREATE FUNCTION bench.raw_ecdsa(sig bytea) RETURNS bytea
	LANGUAGE C AS :'probe', 'bench_raw_ecdsa' IMMUTABLE STRICT;
CREATE FUNCTION bench.b64url(data bytea) RETURNS text
	LANGUAGE C AS :'probe', 'bench_b64url' IMMUTABLE STRICT;

CREATE FUNCTION bench.repeat(query text, times integer, planned boolean) RETURNS bigint
	LANGUAGE C AS :'probe', 'bench_repeat' VOLATILE STRICT;
CREATE FUNCTION bench.take_turns(tokens text[], queries text[], times integer) RETURNS bigint
	LANGUAGE C AS :'probe', 'bench_take_turns' VOLATILE STRICT;
CREATE FUNCTION bench.plan(query text, times integer) RETURNS void
	LANGUAGE C AS :'probe', 'bench_plan' VOLATILE STRICT;

CREATE FUNCTION bench.lap() RETURNS bigint[]
	LANGUAGE C AS :'probe', 'bench_lap' VOLATILE;
CREATE FUNCTION bench.clock() RETURNS text
	LANGUAGE C AS :'probe', 'bench_clock' VOLATILE;
CREATE FUNCTION bench.allocated() RETURNS bigint
	LANGUAGE C AS :'probe', 'bench_allocated' VOLATILE;
CREATE FUNCTION bench.resident() RETURNS bigint
	LANGUAGE C AS :'probe', 'bench_resident' VOLATILE;

-- Keys and issuers
CREATE TABLE bench.key (alg text PRIMARY KEY, private_key text, public_key text);
\cd :fixtures
\set rsa `cat rsa_a.pem`
\set rsa_public `cat rsa_a.pub.pem`
\set p256 `cat p256_a.pem`
\set p256_public `cat p256_a.pub.pem`
\set ed25519 `cat ed25519_a.pem`
\set ed25519_public `cat ed25519_a.pub.pem`
INSERT INTO bench.key VALUES
	('RS256', :'rsa', :'rsa_public'),
	('ES256', :'p256', :'p256_public'),
	('EdDSA', :'ed25519', :'ed25519_public');

SELECT authz.add_issuer('https://id.example', '{api}', options => '{"client": "bench"}');
SELECT authz.add_issuer('https://orgs.example', '{api}', 'propelauth', '{"algorithms": ["ES256"]}');
SELECT authz.add_pem('https://id.example', public_key, alg, alg) FROM bench.key;
SELECT authz.add_pem('https://orgs.example', public_key, alg, alg) FROM bench.key WHERE alg = 'ES256';

-- Claims of the n-th user.  With so many groups a token has about 1 kB,
-- whatever the length of its signature.
CREATE FUNCTION bench.uuid(what text, n integer) RETURNS text
	IMMUTABLE STRICT LANGUAGE sql
	RETURN md5(what || n)::uuid;

CREATE FUNCTION bench.claims(n integer, groups integer) RETURNS text
	STABLE STRICT LANGUAGE sql
	RETURN format('{"iss":"https://id.example","sub":"%s","aud":"api","azp":"clinic-web",'
		'"iat":1700000000,"exp":4102444800,"jti":"%s",'
		'"scope":"openid profile email records:read records:write labs:read messages:read",'
		'"roles":["clinician","reviewer"],"email":"user.%s@clinic.example"%s}',
		bench.uuid('sub', n), bench.uuid('jti', n), n,
		(SELECT ',"groups":["' || string_agg('clinic-department-' || i, '","') || '"]'
		   FROM generate_series(1, nullif(groups, 0)) i));

CREATE FUNCTION bench.groups(alg text) RETURNS integer
	IMMUTABLE STRICT LANGUAGE sql
	RETURN CASE alg WHEN 'RS256' THEN 5 ELSE 14 END;

-- Claims of the n-th member of so many organisations, as PropelAuth has them.
CREATE FUNCTION bench.org_claims(n integer, orgs integer) RETURNS text
	STABLE STRICT LANGUAGE sql
	RETURN format('{"iss":"https://orgs.example","user_id":"%s","aud":"api","iat":1700000000,"exp":4102444800,'
		'"email":"user.%s@clinic.example","org_id_to_org_member_info":{%s}}',
		bench.uuid('sub', n), n,
		(SELECT string_agg(format('"%1$s":{"org_id":"%1$s","org_name":"Clinic %2$s","url_safe_org_name":"clinic-%2$s",'
			'"org_metadata":{},"user_role":"Admin","inherited_user_roles_plus_current_role":["Admin","Member"],'
			'"user_permissions":["billing:view","records:export","records:read"]}',
			bench.uuid('org', i), i), ',')
		   FROM generate_series(1, orgs) i));

-- A token, what was signed, and the signature as OpenSSL takes it.
CREATE FUNCTION bench.mint(alg text, claims text, OUT token text, OUT msg bytea, OUT sig bytea)
	VOLATILE LANGUAGE plpgsql AS $$
DECLARE
	input text := bench.b64url(convert_to(format('{"alg":"%s","typ":"JWT","kid":"%s"}', alg, alg), 'UTF8')) ||
		'.' || bench.b64url(convert_to(claims, 'UTF8'));
BEGIN
	msg := convert_to(input, 'UTF8');
	sig := bench.sign(alg, (SELECT private_key FROM bench.key k WHERE k.alg = mint.alg), msg);
	token := input || '.' || bench.b64url(CASE alg WHEN 'ES256' THEN bench.raw_ecdsa(sig) ELSE sig END);
END $$;
