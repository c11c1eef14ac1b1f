# The file of trust, on every version: who may write it, what stands in it and what
# never does, several databases at once, a standby, and what the linter says of it.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $json = JSON::PP->new->utf8->canonical;
my $id = 'https://id.example';
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "log_min_messages = warning\nlog_statement = none\nmax_connections = 40\n");
$node->start;
my $path = $node->data_dir . '/dbmi_authz_login_trust.json';
my $fixtures = "$FindBin::RealBin/../fixtures";
my $secret = unpack 'H*', slurp_file("$fixtures/hs32.bin");
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE ROLE landlord LOGIN CREATEDB;
CREATE DATABASE one OWNER landlord;
CREATE DATABASE two;
CREATE DATABASE three ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;
SQL
trust($node, $_) for qw(one two three);

sub issuers
{
	my ($issuers) = @_;
	my $before = $node->safe_psql('postgres', 'SELECT pg_conf_load_time()');
	$node->append_conf('postgresql.conf', "dbmi_authz_oauth.issuers = '$issuers'");
	$node->reload;
	return $node->poll_query_until('postgres', "SELECT pg_conf_load_time() > '$before'");
}
sub file { return $json->decode(slurp_file($path)); }
# The issuers of a database in the file, and how many keys each has.
sub in_file
{
	my ($db) = @_;
	my ($section) = grep { $_->{name} eq $db } @{ file()->{databases} };
	return $section ? join(' ', map { "$_->{issuer}:" . @{ $_->{keys} } } @{ $section->{issuers} }) : 'none';
}
sub export_in { return $node->psql($_[0], 'SELECT authz.export_login_trust()'); }
my $export = "SELECT authz.export_login_trust();";

# C8.5, C8.7: who may write it
my ($result, $out, $err) = export_in('one');
is($out, '0', 'no issuer is named: nobody');
like($err, qr/NOTICE:  no token opens a connection to this database.*"dbmi_authz_oauth.issuers" names no issuer/s, 'which is said');
is(in_file('one'), '', 'an empty section');
issuers("$id, https://secret.example,https://Upper.example/Path , \"https://comma.example/a,b\", $id");
is_deeply([ session($node, $export, db => 'one') ], ['42501: permission denied for function export_login_trust'], 'refuse: anybody');
is_deeply([ session($node, $export, db => 'one', user => 'landlord') ], ['42501: permission denied for function export_login_trust'], 'refuse: the owner of the database');
$node->safe_psql('one', 'GRANT EXECUTE ON FUNCTION authz.export_login_trust() TO landlord');
is_deeply([ session($node, $export, db => 'one', user => 'landlord') ], ['42501: permission denied for function export_login_trust'], 'refuse: whoever the function was granted to');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
is_deeply([ session($node, "SET dbmi_authz_oauth.issuers = 'https://evil.example';\n$export\nSELECT authz.token_state();", db => 'one', user => $super) ],
	[ 'WARNING:  55P02: parameter "dbmi_authz_oauth.issuers" cannot be changed now', '1', 'none' ], 'what a session has set before the library came is dropped')
  or diag(slurp_file($path));
is(in_file('one'), "$id:1", 'the issuer that the file of the server names');
is_deeply([ session($node, "$export\nSET dbmi_authz_oauth.issuers = 'https://evil.example';", db => 'one', user => $super) ],
	[ '1', '55P02: parameter "dbmi_authz_oauth.issuers" cannot be changed now' ], 'nobody sets it in a session');
is_deeply([ session($node, "BEGIN;\nSELECT authz.add_pem('$id', '" . slurp_file("$fixtures/p256_b.pub.pem") . "', 'k2', 'ES256') \\g /dev/null\n$export\nROLLBACK;", db => 'one', user => $super) ],
	['25001: export_login_trust() cannot run in a transaction that has written'], 'refuse: what may be rolled back');
is($node->safe_psql('one', "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; $export COMMIT"), '1', 'accept: a transaction that only reads');
($result, $out, $err) = export_in('postgres');
like($err, qr/schema "authz" does not exist/, 'a database without the extension');

# C8.7: what stands in it
is(sprintf('%04o', (stat $path)[2] & 07777), '0600', 'the mode');
my $first = (stat $path)[1];
export_in('one');
isnt((stat $path)[1], $first, 'it is another file each time, in the place of the other');
$node->safe_psql('one', <<"SQL");
SELECT authz.add_issuer('https://secret.example', '{clinic}', options => '{"algorithms": ["HS256", "RS256"]}');
SELECT authz.add_secret('https://secret.example', '\\x$secret', 's');
SELECT authz.add_issuer('https://Upper.example/Path', '{a,b}', options => '{"algorithms": ["ES256", "HS256"], "role_claims": ["r\\u00e4\\""]}');
SELECT authz.add_pem('https://Upper.example/Path', '@{[ slurp_file("$fixtures/p256_a.pub.pem") ]}', 'k1', 'ES256');
SELECT authz.add_secret('https://Upper.example/Path', '\\x$secret', 's');
SELECT authz.add_issuer('https://comma.example/a,b', NULL, 'propelauth');
SELECT authz.add_pem('https://comma.example/a,b', '@{[ slurp_file("$fixtures/rsa_a.pub.pem") ]}', 'r1', 'RS256');
SELECT authz.add_issuer('https://unlisted.example', '{clinic}');
SELECT authz.add_pem('https://unlisted.example', '@{[ slurp_file("$fixtures/p256_a.pub.pem") ]}', 'k1', 'ES256');
SQL
($result, $out, $err) = export_in('one');
is($out, '3', 'those that have public keys and are named');
like($err, qr/WARNING:  issuer "https:\/\/secret.example" is left out\nDETAIL:  It has no public key, and secrets do not leave the database/, 'one with secrets alone is left out');
is(in_file('one'), "https://Upper.example/Path:1 https://comma.example/a,b:1 $id:1", 'sorted, each once');
my ($section) = grep { $_->{name} eq 'one' } @{ file()->{databases} };
is($section->{database}, $node->safe_psql('one', "SELECT oid FROM pg_database WHERE datname = 'one'"), 'a section bears the OID');
is_deeply($section->{issuers}[0]{audience}, [ 'a', 'b' ], 'audiences');
is($section->{issuers}[1]{audience}, undef, 'and none');
is_deeply($section->{issuers}[0]{options}{role_claims}, ["r\x{e4}\""], 'options as they were');
is_deeply([ sort keys %{ $section->{issuers}[2]{keys}[0]{jwk} } ], [qw(alg crv kid kty x y)], 'a public key');
my $text = slurp_file($path);
unlike($text, qr/"k":|"oct"|"d":|\Q$secret\E|unlisted/, 'no secret, and no issuer that is not named');

# C8.7: several databases
is($node->safe_psql($_, 'SELECT authz.export_login_trust()'), '1', "export from $_") for qw(two three);
is(in_file('one'), "https://Upper.example/Path:1 https://comma.example/a,b:1 $id:1", 'the section of another database stays');
is(in_file($_), "$id:1", "$_ has its own") for qw(two three);
is_deeply((grep { $_->{name} eq 'one' } @{ file()->{databases} })[0], $section, 'as it was');
$node->safe_psql('postgres', 'DROP DATABASE three');
is(in_file('three'), "$id:1", 'that of a database that is gone');
$node->safe_psql('two', $export);
is(in_file('three'), 'none', 'goes with the next export');
$node->safe_psql('postgres', 'ALTER DATABASE two RENAME TO second');
is($node->safe_psql('second', $export), '1', 'a database with another name');
is(in_file('two') . ' ' . in_file('second'), "none $id:1", 'has one section');

# At once, and one of them held up: none is lost.
unlink $path;
$node->safe_psql('postgres', "CREATE DATABASE d$_ TEMPLATE second") for 1 .. 4;
my @runs = map {
	my $sql = $export x 25;
	my $run = { out => '', in => $sql };
	$run->{process} = IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr("d$_") ], '<', \$run->{in}, '>', \$run->{out}, '2>&1');
	$run
} 1 .. 4;
$_->{process}->finish for @runs;
is($_->{out}, "1\n" x 25, 'exported by one of four') for @runs;
is_deeply([ sort map { $_->{name} } @{ file()->{databases} } ], [qw(d1 d2 d3 d4)], 'four databases at once: all have a section');

# C8.6, C8.7: when it cannot be written
my $kept = slurp_file($path);
mkdir "$path.new";
($result, $out, $err) = export_in('one');
like($err, qr/ERROR:  could not remove file "dbmi_authz_login_trust.json.new"/, 'an error');
is(slurp_file($path), $kept, 'the file stays as it was');
rmdir "$path.new";
append_to_file("$path.new", 'what a crash has left');
chmod 0666, "$path.new";
is($node->safe_psql('one', $export), '3', 'what a crash has left is no obstacle');
is(sprintf('%04o', (stat $path)[2] & 07777), '0600', 'nor does its mode stay');
chmod 0644, $path;
($result, $out, $err) = export_in('one');
like($err, qr/WARNING:  file "dbmi_authz_login_trust.json" is written again\nDETAIL:  Other users of the system have rights on it/, 'a file that others could write is not gone by');
is(join(' ', map { $_->{name} } @{ file()->{databases} }), 'one', 'not even for other databases');

# C8.9: the linter
my $lint = "SELECT code, level, object, detail FROM authz.lint() WHERE code LIKE 'login%' ORDER BY 3;";
sub lints { return [ session($node, $lint, db => $_[0], user => $_[1] // 'landlord') ]; }
is_deeply(lints('one'), [], 'nothing to say after an export');
is_deeply(lints('second', $super), [], 'nor of a database that has exported nothing');
$node->safe_psql('one', "SELECT authz.add_pem('$id', '" . slurp_file("$fixtures/p256_b.pub.pem") . "', 'k2', 'ES256'); SELECT authz.drop_issuer('https://comma.example/a,b')");
is_deeply(lints('one'), [
		'login_trust_differs|warning|issuer https://comma.example/a,b|The file of trust still has it, although it is no longer to be exported.',
		"login_trust_differs|warning|issuer $id|The file of trust has other keys or options of it: those in this database do not count yet when somebody logs in." ],
	'a key and an issuer, told to the owner');
$node->safe_psql('one', "SELECT authz.drop_key('$id', 'k2'); SELECT authz.alter_issuer('$id', '{\"leeway_seconds\": 3}');");
is(scalar @{ lints('one') }, 2, 'an option');
$node->safe_psql('one', $export);
is_deeply(lints('one'), [], 'nothing after another export');
issuers("$id");
is_deeply(lints('one'), ['login_trust_differs|warning|issuer https://Upper.example/Path|The file of trust still has it, although it is no longer to be exported.'], 'an issuer that the setting does not name any more');
my $good = slurp_file($path);
append_to_file($path, 'x');
is_deeply(lints('one'), ['login_trust_unreadable|warning|file dbmi_authz_login_trust.json|Nobody logs in by token.  It is not valid JSON.'], 'a broken file');
unlink $path;
is_deeply(lints('one'), [], 'no file');

# ---- a standby and a backup ----
$node->safe_psql('one', $export);
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
my $there = $standby->data_dir . '/dbmi_authz_login_trust.json';
is(slurp_file($there), slurp_file($path), 'a base backup has the file');
is(sprintf('%04o', (stat $node->backup_dir . '/copy/dbmi_authz_login_trust.json')[2] & 07777), '0600', 'with its mode');
$standby->start;
unlink $there;
is($standby->safe_psql('one', $export), '1', 'a standby writes its own');
is(slurp_file($there), slurp_file($path), 'which says the same');

done_testing();
