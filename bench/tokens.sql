-- Tokens to be verified, "count" for each algorithm, and their signatures as
-- OpenSSL takes them.  RSA signs some 1500 in a second.
CREATE TABLE bench.token (alg text, id integer, token text);
CREATE TABLE bench.signature (alg text, id integer, public_key text, msg bytea, sig bytea);

WITH made AS MATERIALIZED (
	SELECT k.alg, id, public_key, m.*
	  FROM bench.key k, generate_series(1, :count) id,
		   bench.mint(k.alg, bench.claims(id, bench.groups(k.alg))) m),
first AS (
	INSERT INTO bench.token SELECT alg, id, token FROM made)
INSERT INTO bench.signature SELECT alg, id, public_key, msg, sig FROM made;

ALTER TABLE bench.token ADD PRIMARY KEY (alg, id);
ALTER TABLE bench.signature ADD PRIMARY KEY (alg, id);
VACUUM ANALYZE bench.token, bench.signature;
