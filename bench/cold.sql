-- A cluster of its own: an issuer, a note table of 10,000 rows with two
-- policies, a role for each way to say who the user is.
-- Variable: public_key (it signs the token that is handed over).
CREATE EXTENSION dbmi_authz;
SELECT authz.add_issuer('https://id.example', '{api}', options => '{"client": "bench"}');
SELECT authz.add_pem('https://id.example', :'public_key', 'RS256', 'RS256');

CREATE TABLE note (id integer PRIMARY KEY, owner uuid NOT NULL, body text NOT NULL);
INSERT INTO note
	SELECT n, md5('sub' || n % 1000)::uuid, 'A note.' FROM generate_series(1, 10000) n;
CREATE INDEX ON note (owner);
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON note TO PUBLIC;

CREATE ROLE bare LOGIN;
CREATE ROLE beside LOGIN;
CREATE ROLE setting LOGIN;
CREATE ROLE plain LOGIN;
CREATE ROLE session LOGIN;
CREATE ROLE server LOGIN;
ALTER ROLE session SET session_preload_libraries = 'dbmi_authz';
CREATE POLICY ours ON note TO plain, session, server USING (authz.is_owner(owner));
CREATE POLICY setting ON note TO setting
	USING (owner = (current_setting('app.claims')::jsonb ->> 'sub')::uuid);

-- Catalogs as they are when a server has been at work for some time.
VACUUM FREEZE ANALYZE;
CHECKPOINT;
