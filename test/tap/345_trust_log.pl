# The record of the trust where more than one session sees it: the server's log,
# dumps, restores with several jobs, a second database, replication; and no byte of
# a key in any of it.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = init_node('main', allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "log_min_messages = warning\nlog_statement = none\nmax_connections = 40\n");
$node->start;
trust($node, 'postgres');
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN');
my $json = JSON::PP->new->utf8;
my $seen = -s $node->logfile;
my $secret = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';
my $text = 'ABEiM0RVZneImaq7zN3u_wARIjNEVWZ3iJmqu8zd7v8';

sub lines
{
	my $all = slurp_file($node->logfile);
	my $new = substr $all, $seen;
	$seen = length $all;
	unlike($new, qr/\Q$secret\E|\Q$text\E|ABEiM0RV|MFkwEwYH/, 'no key in the log');
	unlike($new, qr/LOG:  trust: [^\n]*\n[^\n]*(?:STATEMENT|CONTEXT):/, 'no statement, no context');
	return map { $json->decode($_) } $new =~ /LOG:  trust: ([\x20-\x7e]*)$/mg;
}

# ---- the server's log ----
my $add = "SELECT authz.alter_issuer('https://id.example', '{\"algorithms\": [\"ES256\", \"HS256\"]}'), authz.add_secret('https://id.example', '\\x$secret', 's')";
$node->safe_psql('postgres', $add);
is_deeply([ lines() ], [], 'off, as it is by default');
$node->safe_psql('postgres', "SELECT authz.drop_key('https://id.example', 's')");
is_deeply([ session($node, "SELECT authz.token_state() \\g /dev/null\nSET dbmi_authz.log_trust = on;") ],
	['42501: permission denied to set parameter "dbmi_authz.log_trust"'], 'not for everybody to set');
$node->append_conf('postgresql.conf', 'dbmi_authz.log_trust = on');
$node->reload;
$node->safe_psql('postgres', $add);
my @lines = lines();
is_deeply([ map { "$_->{relation} $_->{command}" } @lines ], [ 'issuer UPDATE', 'issuer_key INSERT' ], 'a line for each');
is_deeply($lines[0]{new_row}{options}, { algorithms => [ 'ES256', 'HS256' ] }, 'rows are JSON');
delete $lines[1]{new_row}{added_at};
is_deeply($lines[1]{new_row}, { issuer => 'https://id.example', kid => 's', alg => 'HS256', source => 'add_secret' }, 'a secret goes by its names');
my ($row) = map { $json->decode($_) } $node->safe_psql('postgres',
	q{SELECT to_json(l) FROM authz.trust_log l WHERE relation = 'issuer_key' ORDER BY at DESC LIMIT 1});
is_deeply([ sort keys %{ $lines[1] } ], [ sort keys %$row ], 'the members are the columns');
is_deeply([ map { $lines[1]{$_} } qw(session_role role application transaction) ], [ map { $row->{$_} } qw(session_role role application transaction) ], 'and say the same');

# Whatever it holds: one line, nothing forged.
my $odd = "a\nLOG:  trust: {}\r\t\x1b[31m\x7f\"\\\x{e9}\x{202e}\x{1f600}";
my $sql = "SELECT authz.revoke_subject('https://id.example', '$odd')";
utf8::encode($sql);
session($node, "SET client_encoding = 'UTF8';\n$sql;", user => $superuser);
(my $line) = lines();
is($line->{new_row}{value}, $odd, 'odd characters');
session($node, "SELECT authz.alter_issuer('https://id.example', E'{\\n\\t\"algorithms\":\\r\\n[\"ES256\", \"HS256\"]}');", user => $superuser);
($line) = lines();
is_deeply($line->{new_row}{options}, { algorithms => [ 'ES256', 'HS256' ] }, 'white space');
my $token = mint();
session($node, "SELECT authz.revoke_token('https://id.example', '$token');", user => $superuser);
($line) = lines();
is($line->{new_row}, '(in the table)', 'a token that was taken for its jti');
ok(!holds_token(slurp_file($node->logfile), $token), 'no token in the log');
session($node, "SELECT authz.revoke_token('https://id.example', repeat('long ', 3000));", user => $superuser);
($line) = lines();
is($line->{new_row}, '(in the table)', 'a long row');
session($node, "BEGIN;\nSELECT authz.revoke_token('https://id.example', 'undone');\nROLLBACK;", user => $superuser);
($line) = lines();
is($line->{new_row}{value}, 'undone', 'a line stays when the transaction does not');
is($node->safe_psql('postgres', q{SELECT count(*) FROM authz.trust_log WHERE new_row ->> 'value' = 'undone'}), 0, 'the row does not');

# ---- dumps and restores ----
$node->safe_psql('postgres', "SELECT authz.set_actor_ceiling('https://id.example', 'bot'); INSERT INTO authz.revocation (issuer, kind, value) SELECT 'https://id.example', 'token', g::text FROM generate_series(1, 50) g");
my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fd', '-f', $dump, '-d', $node->connstr('postgres') ], 'pg_dump');
my $state = q{SELECT count(*), md5(string_agg(l::text, ',' ORDER BY l::text)) FROM authz.trust_log l WHERE command <> 'COPY'};
for my $jobs (1, 3)
{
	$node->safe_psql('postgres', "CREATE DATABASE restored$jobs TEMPLATE template0");
	$node->command_ok([ 'pg_restore', '-j', $jobs, '-d', $node->connstr("restored$jobs"), $dump ], "pg_restore, $jobs jobs");
	is($node->safe_psql("restored$jobs", $state), $node->safe_psql('postgres', $state), "$jobs jobs: the record is restored");
	is($node->safe_psql("restored$jobs", q{SELECT string_agg(relation || ' ' || rows, ', ' ORDER BY relation) FROM authz.trust_log WHERE command = 'COPY'}),
		'actor_ceiling 1, issuer 1, issuer_key 2, revocation 53', "$jobs jobs: each table that was filled is one row");
	is($node->safe_psql("restored$jobs", 'SELECT count(*) FROM authz.revocation'), 53, "$jobs jobs: all is there");
}
lines();

# ---- replication: what it brings is marked ----
$node->safe_psql('postgres', 'CREATE DATABASE target TEMPLATE template0');
$node->safe_psql('target', 'CREATE EXTENSION dbmi_authz');
$node->safe_psql('postgres', q{CREATE PUBLICATION trust FOR TABLE authz.inactive_subject; SELECT pg_create_logical_replication_slot('trust', 'pgoutput')});
my $connect = $node->connstr('postgres');
$connect =~ s/'/''/g;
$node->safe_psql('target', "CREATE SUBSCRIPTION trust CONNECTION '$connect' PUBLICATION trust WITH (create_slot = false, slot_name = 'trust')");
$node->safe_psql('postgres', "INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'ann')");
ok($node->poll_query_until('target', 'SELECT count(*) = 1 FROM authz.inactive_subject'), 'replicated');
is($node->safe_psql('target', q{SELECT relation, command, rows, replicated, new_row ->> 'subject' FROM authz.trust_log}), 'inactive_subject|INSERT||t|ann', 'and marked');
is($node->safe_psql('postgres', q{SELECT replicated FROM authz.trust_log WHERE relation = 'inactive_subject'}), 'f', 'where it came from it is not');
$node->safe_psql('target', 'ALTER SUBSCRIPTION trust DISABLE; ALTER SUBSCRIPTION trust SET (slot_name = NONE); DROP SUBSCRIPTION trust');

$node->stop;
done_testing();
