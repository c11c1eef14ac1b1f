-- What all programs here share: whom the database trusts, one protected table, and the
-- role as which the programs connect.  Run it as the owner of a new database:
--
--   psql notes -v key="$(cat provider.pub)" -f setup.sql
\set ON_ERROR_STOP on
CREATE EXTENSION dbmi_authz;
SELECT authz.add_issuer('https://id.example', audience => '{notes}') \g /dev/null
SELECT authz.add_pem('https://id.example', :'key', kid => 'key-1') \g /dev/null

CREATE TABLE notes (
	id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	owner text NOT NULL DEFAULT authz.subject(),
	body  text NOT NULL
);
CREATE INDEX ON notes (owner);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read_own ON notes FOR SELECT
	USING (authz.is_owner(owner));
CREATE POLICY write_own ON notes FOR ALL
	USING (authz.is_owner(owner) AND authz.has_scope('notes:write'));

-- One role for all users.  The limits stand here and not in the programs: a pooler in
-- between need not know them, and no program forgets them.
CREATE ROLE notes_app LOGIN;
ALTER ROLE notes_app SET statement_timeout = '5s';
ALTER ROLE notes_app SET idle_in_transaction_session_timeout = '10s';
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO notes_app;
