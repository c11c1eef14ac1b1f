# dbmi_authz.log_denials: each denial that raises an error is one line of JSON
# in the server's log, whatever claims and arguments hold, and nothing else is.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', "log_line_prefix = '%u '");
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
SQL
for my $db ('postgres', 'latin', 'ascii')
{
	trust($node, $db);
	$node->safe_psql($db, <<'SQL');
CREATE TABLE doc (id int, owner text, "modified ""by""" text);
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner('owner', 'modified "by"');
CREATE TABLE hidden (owner text);
INSERT INTO hidden VALUES ('bob');
SELECT authz.protect('hidden', 'owner');
GRANT SELECT, INSERT, UPDATE ON doc, hidden TO app;
SQL
}

my $json = JSON::PP->new->utf8;
my $seen = 0;

# What was logged since the last call.
sub logged
{
	my $all = slurp_file($node->logfile);
	my $new = substr($all, $seen);
	$seen = length $all;
	return $new;
}

# What denials became in the log: for each line what follows the prefix.
sub denials
{
	my ($log) = @_;
	return $log =~ /^app LOG:  access denied: (.*)$/mg;
}

sub ask
{
	my ($token, $sql, %opt) = @_;
	logged();
	my $login = defined $token ? "SELECT authz.set_token('$token') \\g /dev/null\n" : '';
	my @client = session($node, "$login$sql;", %opt);
	return (logged(), @client);
}

# Exactly one line, and what it says.
sub is_logged
{
	my ($token, $sql, $expected, $name, %opt) = @_;
	my ($log, @client) = ask($token, $sql, %opt);
	my @lines = denials($log);
	is(scalar(@lines), 1, "$name: one line") or diag $log, @client;
	unlike($lines[0], qr/[^\x20-\x7e]/, "$name: printable ASCII");
	is_deeply($json->decode($lines[0]), { client => 'web', subject => 'ann', %$expected }, "$name: what it says");
	ok(!holds_token($log, $token), "$name: no token") or diag $log;
	unlike($log, qr/LOG:  access denied: [^\n]*\napp (?:STATEMENT|CONTEXT):/, "$name: no statement, no context");
	# Z17: the error itself tells where it happened
	like($log, qr/^app STATEMENT:  /m, "$name: but with the error") if $log =~ /^app ERROR:  /m;
	return ($log, @client);
}

sub is_silent
{
	my ($token, $sql, $name, %opt) = @_;
	my ($log, @client) = ask($token, $sql, %opt);
	unlike($log, qr/access denied: /, "$name: no line");
	return ($log, @client);
}

my $ann = mint(azp => 'web');

# Off, as it is by default.
my (undef, $client) = is_silent($ann, "SELECT authz.require_scope('a')", 'off');
is($client, '42501: access denied', 'and yet it is denied');

# It is the superuser's to set.
is_deeply([ session($node, 'SELECT authz.token_state() \g /dev/null' . "\nSET dbmi_authz.log_denials = on;\nSHOW dbmi_authz.log_denials;") ],
	[ '42501: permission denied to set parameter "dbmi_authz.log_denials"', 'off' ], 'not for everybody to set');
$node->append_conf('postgresql.conf', 'dbmi_authz.log_denials = log');
$node->reload;

# Each function that denies.
is_logged($ann, "SELECT authz.require_scope('a')", { required => { scope => ['a'] } }, 'require_scope');
is_logged($ann, "SELECT authz.require_role('a', NULL, 'c')", { required => { role => [ 'a', undef, 'c' ] } }, 'require_role');
is_logged($ann, "SELECT authz.require_permission(VARIADIC NULL)", { required => { permission => undef } }, 'require_permission');
is_logged($ann, "SELECT authz.require_group('{}')", { required => { group => ['{}'] } }, 'require_group');
is_logged($ann, "SELECT authz.require_admin()", { required => { administrator => JSON::PP::true } }, 'require_admin');
is_logged($ann, "SELECT authz.require(false)", { required => { condition => undef } }, 'require');
is_logged($ann, "SELECT authz.require(NULL, 'is open')", { required => { condition => 'is open' } }, 'require with a message');
is_logged($ann, "SELECT authz.require_org(42)", { required => { org => '42' } }, 'require_org');
is_logged($ann, "SELECT authz.require_org(NULL::uuid)", { required => { org => undef } }, 'require_org, NULL');
is_logged($ann, "SELECT authz.require_org_role('O1', 'Admin')", { required => { org => 'O1', role => 'Admin' } }, 'require_org_role, no member');
my %org = (org_id_to_org_member_info => { O1 => { user_role => 'Member', inherited_user_roles_plus_current_role => ['Member'], user_permissions => [] } });
my $member = mint(azp => 'web', %org);
is_logged($member, "SELECT authz.require_org_role('O1', 'Admin')", { required => { org => 'O1', role => 'Admin' } }, 'require_org_role');
is_logged($member, "SELECT authz.require_org_permission('O1', 'bill')", { required => { org => 'O1', permission => 'bill' } }, 'require_org_permission');
is_logged($ann, "INSERT INTO doc VALUES (1, 'bob')",
	{ required => { table => 'public.doc', column => 'owner', operation => 'INSERT' } }, 'stamp_owner, INSERT');
is_logged($ann, "INSERT INTO doc VALUES (1)\\;UPDATE doc SET owner = 'bob'",
	{ required => { table => 'public.doc', column => 'owner', operation => 'UPDATE' } }, 'stamp_owner, UPDATE');

# R10: what a program passes by mistake; and what only has the look of it
for ([ $ann, '(a token)' ], [ 'DeviceManagementConfiguration.ReadWrite.All' ])
{
	my ($passed, $logged) = ($_->[0], $_->[1] // $_->[0]);
	my ($log) = ask($ann, "SELECT authz.require_scope('$passed')");
	is_deeply([ map { $json->decode($_)->{required} } denials($log) ], [ { scope => [$logged] } ], "$logged as a scope");
	ok(!holds_token($log, $ann), "$logged: no token in the log") or diag $log;
}

# Who it was.
is_logged(mint(client_id => 'cli', sub => 'bob'), "SELECT authz.require_scope('a')",
	{ client => 'cli', subject => 'bob', required => { scope => ['a'] } }, 'another client');
is_logged(mint(), "SELECT authz.require_scope('a')", { client => undef, required => { scope => ['a'] } }, 'no client');

# And who acted for that one.
is_logged(mint(azp => 'web', act => { sub => "b\x{f6}t\n", act => { sub => 'inner' } }), "SELECT authz.require_scope('a')", { actor => "b\x{f6}t\n", required => { scope => ['a'] } }, 'an actor');
is_logged(mint(azp => 'web', act => { sub => 'bot', iss => 'https://agents.example' }), "SELECT authz.require_step_up('{gold}', '1 hour')",
	{ actor => 'https://agents.example bot', required => { acrs => ['gold'], within => '01:00:00' } }, 'require_step_up, an actor of another issuer');

# row 92: item permissions, by user and application
my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
$node->safe_psql('postgres', <<"SQL");
SELECT authz.add_issuer('dbmi', '{clientA}', 'dbmi', '{"algorithms": ["ES256"], "client": "my-client"}'), authz.add_pem('dbmi', '$pem', 'k1', 'ES256');
INSERT INTO authz.item_permission (client, email, item, permission) VALUES ('my-client', 'user\@example.com', 'hypatio.p1', 'MANAGE');
SQL
my $user = mint(iss => 'https://dbmi.auth0.com/', sub => 'auth0|u1', email => 'user@example.com', aud => 'clientA');
my %user = (client => 'clientA', subject => 'auth0|u1', application => 'my-client');
is_logged($user, "SELECT authz.require_item_permission('hypatio.p2', 'view')", { %user, required => { item => 'hypatio.p2', permission => 'view' } },
	'require_item_permission');
is_logged($user, "SELECT authz.grant_item_permission('bob\@example.com', 'hypatio.p2')",
	{ %user, required => { item => 'hypatio.p2', permission => 'MANAGE' } }, 'grant_item_permission');
is_silent($user, "SELECT authz.require_item_permission('hypatio.p1', 'manage')", 'require_item_permission, granted');

# Caught, in functions, in a transaction that is rolled back.
my $caught = 'DO $$ BEGIN PERFORM authz.require_scope($q$a$q$); EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE $q$caught$q$; END $$';
(undef, $client) = is_logged($ann, $caught, { required => { scope => ['a'] } }, 'caught');
is($client, 'NOTICE:  00000: caught', 'it was caught');
is_logged($ann, "BEGIN\\;SELECT authz.require_scope('a')\\;ROLLBACK", { required => { scope => ['a'] } }, 'rolled back');
is_logged($ann, "SELECT authz.require_scope(s) FROM generate_series(1, 3) n, repeat('x', n) s", { required => { scope => ['x'] } }, 'the first row');

# Whatever it holds: one line, nothing forged, nothing for a terminal.
my $odd = "a\napp LOG:  access denied: {\"client\": \"x\"}\r\t\b\f\x1b[31m\x7f\"\\\x{85}\x{e9}\x{2028}\x{202e}\x{1f600}";
my $sql = "SELECT authz.require_scope('$odd')";
utf8::encode($sql);
is_logged(mint(azp => "web\n$odd", sub => $odd), $sql, { client => "web\n$odd", subject => $odd, required => { scope => [$odd] } }, 'odd characters',
	options => '-c client_encoding=UTF8');
# not that much of it
my $long = 'x' x 255 . '...';
my ($log) = is_logged(mint(sub => 'x' x 3000), "SELECT authz.require_role(VARIADIC array_fill(repeat('x', 100000), '{1000}'))",
	{ client => undef, subject => $long, required => { role => [ ($long) x 32, '...' ] } }, 'long');
cmp_ok(length $log, '<', 10000, 'long: the line is not');

# Other encodings.
my $accent = "caf\x{e9}";
is_logged(mint(azp => 'web', sub => $accent), "SELECT authz.require_scope(chr(233))", { subject => $accent, required => { scope => ["\x{e9}"] } },
	'latin1', db => 'latin');
is_logged(mint(azp => 'web', sub => $accent), "SELECT authz.require_scope(E'\\303\\251', E'\\351')",
	{ subject => $accent, required => { scope => [ "\x{e9}", "\x{e9}" ] } }, 'SQL_ASCII', db => 'ascii');

# What is no denial.
my $reader = mint(azp => 'web', scope => 'a');
is_silent($reader, "SELECT authz.require_scope('a')", 'granted');
is_silent($ann, "SELECT authz.has_scope('a')", 'asked only');
is_silent(undef, "SELECT authz.require_scope('a')", 'without token');
is_silent(undef, "INSERT INTO doc VALUES (1)", 'stamp_owner without token');
is_silent($ann, "SELECT authz.require_scope(VARIADIC '{}')", 'misused');
(undef, $client) = is_silent($ann, 'SELECT count(*) FROM hidden', 'rows that a policy hides');
is($client, 0, 'they are hidden');
(undef, $client) = is_silent($ann, "INSERT INTO hidden VALUES ('bob')", 'a row that a policy refuses');
like($client, qr/^42501: new row violates/, 'it is refused');
is_silent(mint(azp => 'web', exp => '-5'), "SELECT authz.require_scope('a')", 'a token that was refused');

# For one role only.
$node->append_conf('postgresql.conf', 'dbmi_authz.log_denials = off');
$node->safe_psql('postgres', q{LOAD 'dbmi_authz'; ALTER ROLE app SET dbmi_authz.log_denials = on});
$node->reload;
is_logged($ann, "SELECT authz.require_scope('a')", { required => { scope => ['a'] } }, 'for one role');

$node->stop;
done_testing();
