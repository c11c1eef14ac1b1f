-- A database of its own with so many issuers ("count") of a profile, three keys
-- each.  Functions of probe.c ("probe"), and the key that signs ("public_key").
CREATE EXTENSION dbmi_authz;
CREATE SCHEMA bench;
CREATE FUNCTION bench.clock() RETURNS text
	LANGUAGE C AS :'probe', 'bench_clock' VOLATILE;
CREATE FUNCTION bench.allocated() RETURNS bigint
	LANGUAGE C AS :'probe', 'bench_allocated' VOLATILE;
CREATE FUNCTION bench.resident() RETURNS bigint
	LANGUAGE C AS :'probe', 'bench_resident' VOLATILE;
CREATE FUNCTION bench.lose_messages() RETURNS void
	LANGUAGE C AS :'probe', 'bench_lose_messages' VOLATILE;

SELECT authz.add_issuer('pattern', '{pattern}', :'profile');
SELECT authz.add_pem('pattern', :'public_key', 'RS256', 'RS256');
INSERT INTO authz.issuer (issuer, audience, profile)
	SELECT 'https://t' || n || '.example', ARRAY['t' || n], :'profile' FROM generate_series(1, :count) n;
INSERT INTO authz.issuer_key (issuer, kid, alg, jwk, thumbprint, source)
	SELECT 'https://t' || n || '.example', kid, alg, (jwk::jsonb || jsonb_build_object('kid', kid))::json, thumbprint, source
	  FROM generate_series(1, :count) n, unnest(ARRAY['RS256', 'next', 'last']) kid,
		   LATERAL (SELECT alg, jwk, thumbprint, source FROM authz.issuer_key WHERE issuer = 'pattern') k;
SELECT authz.drop_issuer('pattern');
VACUUM ANALYZE authz.issuer, authz.issuer_key;
