-- Tokens and claims of who reads.
CREATE TABLE bench.reader (name text PRIMARY KEY, claims text, token text);
INSERT INTO bench.reader
SELECT name, claims, token
  FROM (VALUES ('user', bench.claims(0, 14)),
			   ('admin', replace(bench.claims(0, 14), 'records:write', 'records:admin')),
			   ('member of 1', bench.org_claims(0, 1)),
			   ('member of 20', bench.org_claims(0, 20)),
			   ('member of 1000', bench.org_claims(0, 1000))) v (name, claims),
	   bench.mint('ES256', claims);
