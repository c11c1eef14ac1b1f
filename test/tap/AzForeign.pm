package AzForeign;

# Databases that other databases reach by postgres_fdw, and hand identities to.

use strict;
use warnings;

use Exporter qw(import);

use AzTest;

our @EXPORT = qw(make_near make_far make_server);

# The database that people log in to, and that signs; its public key is returned.
sub make_near
{
	my ($node, $db) = @_;
	trust($node, $db);
	$node->safe_psql($db, 'CREATE EXTENSION postgres_fdw');
	return $node->safe_psql($db, q{SELECT authz.add_cluster_key('near')});
}

# One that takes identities from it on connections of the role "node".  Of 100 rows of
# doc ten are ann's, twenty bob's, and the others nobody's; memo is the same under a policy that never
# folds.  who tells whom this session is for; free is asked by everybody.
sub make_far
{
	my ($node, $db, $key) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	trust($node, $db);
	$node->safe_psql($db, <<"SQL");
SELECT authz.add_cluster_key_public('near', '$key');
ALTER DATABASE $db SET dbmi_authz.cluster_role = 'node';
CREATE TABLE doc (id int, owner text DEFAULT authz.subject(), note text);
INSERT INTO doc SELECT i, CASE WHEN i <= 10 THEN 'ann' WHEN i <= 30 THEN 'bob' ELSE 'zoe' END FROM generate_series(1, 100) i;
CREATE TABLE memo AS TABLE doc;
CREATE TABLE free AS TABLE doc;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE memo ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
CREATE POLICY p ON memo USING (authz.is_owner(owner || ''));
CREATE VIEW who AS SELECT coalesce(authz.subject(), 'nobody') AS subject, authz.token_state() AS state, pg_backend_pid() AS pid;
GRANT ALL ON doc, memo, free, who TO node;
SQL
	return;
}

# A foreign server, and its tables in a schema of its name.
sub make_server
{
	my ($near, $db, $server, $far, $far_db) = @_;
	my ($host, $port) = ($far->host, $far->port);
	$near->safe_psql($db, <<"SQL");
CREATE SERVER $server FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname '$far_db');
CREATE USER MAPPING FOR PUBLIC SERVER $server OPTIONS (user 'node', password_required 'false');
CREATE SCHEMA $server;
CREATE FOREIGN TABLE $server.doc (id int, owner text, note text) SERVER $server OPTIONS (schema_name 'public');
CREATE FOREIGN TABLE $server.memo (id int, owner text, note text) SERVER $server OPTIONS (schema_name 'public');
CREATE FOREIGN TABLE $server.free (id int, owner text, note text) SERVER $server OPTIONS (schema_name 'public');
CREATE FOREIGN TABLE $server.who (subject text, state text, pid int) SERVER $server OPTIONS (schema_name 'public');
GRANT USAGE ON SCHEMA $server TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA $server TO PUBLIC;
SQL
	return;
}

1;
