-- Who logs in: the owners of the first notes, with what each may hand over.
-- Variable: count.
CREATE TABLE bench.login AS
SELECT id, bench.uuid('sub', id) AS sub, claims, token
  FROM generate_series(1, :count) id,
	   LATERAL (SELECT bench.claims(id, bench.groups('RS256')) AS claims) c,
	   LATERAL bench.mint('RS256', claims) m;
ALTER TABLE bench.login ADD PRIMARY KEY (id);
VACUUM ANALYZE bench.login;

-- Of each backend, when it has finished.
CREATE UNLOGGED TABLE bench.lap (lap bigint[]);
GRANT SELECT ON bench.login TO PUBLIC;
GRANT INSERT ON bench.lap TO PUBLIC;
