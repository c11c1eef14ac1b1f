-- A server of a cluster of its own: an issuer, two tables of 10,000 rows each with two
-- policies, a role for each way to say who the user is.
-- Variables: public_key (it signs the token that is handed over), sub (whose it is).
CREATE EXTENSION dbmi_authz;
SELECT authz.add_issuer('https://id.example', '{api}', options => '{"client": "bench"}');
SELECT authz.add_pem('https://id.example', :'public_key', 'RS256', 'RS256');

CREATE TABLE doc (id integer PRIMARY KEY, owner text NOT NULL, body text NOT NULL);
INSERT INTO doc
	SELECT n, md5('sub' || n % 1000)::uuid, 'A note.' FROM generate_series(1, 10000) n;
CREATE INDEX ON doc (owner);
CREATE TABLE memo (LIKE doc INCLUDING ALL);
INSERT INTO memo SELECT * FROM doc;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE memo ENABLE ROW LEVEL SECURITY;

CREATE ROLE cluster NOLOGIN;
CREATE ROLE ours LOGIN IN ROLE cluster;
CREATE ROLE literal LOGIN IN ROLE cluster;
GRANT SELECT ON doc, memo TO PUBLIC;
CREATE POLICY ours ON doc TO ours USING (authz.is_owner(owner));
CREATE POLICY ours ON memo TO ours USING (authz.is_owner(owner));
CREATE POLICY literal ON doc TO literal USING (owner = :'sub');
CREATE POLICY literal ON memo TO literal USING (owner = :'sub');

VACUUM FREEZE ANALYZE;
CHECKPOINT;
