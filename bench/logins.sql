-- Who logs in: the owners of the first notes, with what each may hand over.
-- Every twentieth is an administrator.
CREATE TABLE bench.login AS
SELECT id, bench.uuid('sub', id) AS sub, claims, token
  FROM generate_series(1, 10000) id,
	   LATERAL (SELECT replace(bench.claims(id, bench.groups('RS256')), 'records:write',
							   CASE id % 20 WHEN 0 THEN 'records:admin' ELSE 'records:write' END) AS claims) c,
	   LATERAL bench.mint('RS256', claims) m;
ALTER TABLE bench.login ADD PRIMARY KEY (id);
VACUUM ANALYZE bench.login;
GRANT SELECT ON bench.login TO PUBLIC;
