# dbmi_authz_keys and the server around it: the server stops at once while a fetch
# hangs, databases can be dropped, renamed and copied, come later and hold no extension
# or an old one, settings change, processes are ended, workers run out, and a standby
# fetches nothing until it is promoted.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzKeys;
use AzTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $provider = provider();
my $at = "http://$provider->{at}";
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', <<"CONF");
shared_preload_libraries = 'dbmi_authz, dbmi_authz_keys'
max_worker_processes = 16
log_min_messages = log
dbmi_authz_keys.databases = 'postgres, Late, latin'
dbmi_authz_keys.allowed_hosts = '$provider->{at}'
dbmi_authz_keys.naptime = 1
restart_after_crash = on
dbmi_authz_keys.timeout = '60s'
CONF
$node->start;
my $set = key_set(jwk('p256_a.pem', 'a'));
control($provider, '/keys' => { body => $set }, '/hang' => { hang => 1 });
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
sub workers { my ($type) = @_; return $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'dbmi_authz_keys $type'"); }
sub logged { my ($pattern) = @_; my @found = log_of($node) =~ /$pattern/g; return scalar @found; }

# C11.7: databases that are not there, come later, and have other letters
until_true(sub { logged(qr/LOG:  database "Late" in parameter "dbmi_authz_keys.databases" does not exist/) }, 'a database that is not there is told');
sleep 2.5;
is(logged(qr/"Late" in parameter/), 1, 'once');
is(workers('worker'), 0, 'nobody stays connected');
$node->safe_psql('postgres', 'CREATE DATABASE "Late"');
$node->safe_psql('postgres', "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
$node->safe_psql($_, 'CREATE EXTENSION dbmi_authz') for 'Late', 'latin';
add_issuer($node, 'https://keys.example', "$at/keys", 'Late');
my $token = token_of('https://keys.example', 'p256_a.pem', 'a');
until_true(sub { login($node, $token, db => 'Late') eq 'ann' }, 'one that comes later, and its extension later still');
control($provider, '/odd' => { body => { keys => [ @{ $set->{keys} }, { kty => 'XX', kid => "\x{20ac}" } ], note => "\x{1f600}" } });
add_issuer($node, 'https://keys.example', "$at/odd", 'latin');
until_true(sub { login($node, $token, db => 'latin') eq 'ann' }, 'a set that the database has no letters for');
is($node->safe_psql('latin', 'SELECT json_array_length(skipped) FROM authz.jwks_status'), 1, 'an odd entry is skipped');

# C11.7: somebody needs the database for himself
sub hang
{
	my ($db) = @_;
	my $before = requests($provider, '/hang');
	add_issuer($node, "https://hang$before.example", "$at/hang", $db);
	until_true(sub { requests($provider, '/hang') > $before }, "a fetch hangs in $db");
	return "https://hang$before.example";
}
hang('Late');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'dbmi_authz_keys worker' AND application_name = 'dbmi_authz_keys' AND state = 'active' AND query LIKE 'fetching the keys of issuer \"https://hang%'"), 1, 'pg_stat_activity shows what it does');
my $begin = time;
$node->safe_psql('postgres', 'ALTER DATABASE "Late" RENAME TO later');
cmp_ok(time - $begin, '<', 20, 'a database is renamed while a fetch hangs');
until_true(sub { logged(qr/"Late" in parameter/) == 2 }, 'and is another one then');
$node->safe_psql('postgres', 'ALTER DATABASE later RENAME TO "Late"');
hang('Late');
$begin = time;
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE "Late"');
$node->safe_psql('postgres', 'DROP DATABASE "Late"');
cmp_ok(time - $begin, '<', 40, 'copied, and dropped');
is(logged(qr/FATAL:  terminating background worker/), 0, 'for which nobody was ended');

# C11.7: the extension comes and goes
$node->safe_psql('postgres', 'CREATE EXTENSION dbmi_authz');
add_issuer($node, 'https://keys.example', "$at/keys");
until_true(sub { login($node, $token) eq 'ann' }, 'the extension is made');
$node->safe_psql('postgres', 'DROP EXTENSION dbmi_authz; DROP SCHEMA IF EXISTS authz');
sleep 1.5;
old_version();
$node->safe_psql('postgres', "CREATE EXTENSION dbmi_authz VERSION '1.0'");
until_true(sub { logged(qr/extension "dbmi_authz" has version 1\.0/) }, 'objects of 1.0: told');
$node->safe_psql('postgres', "DROP EXTENSION dbmi_authz; DROP SCHEMA IF EXISTS authz; CREATE EXTENSION dbmi_authz");
add_issuer($node, 'https://keys.example', "$at/keys");
until_true(sub { login($node, $token) eq 'ann' }, 'dropped, and made again');

# C11.7: processes are ended and killed
my ($pid) = $node->safe_psql('postgres', "SELECT pg_terminate_backend(pid), pid FROM pg_stat_activity WHERE backend_type = 'dbmi_authz_keys launcher'") =~ /(\d+)/;
like(login($node, token_of('https://keys.example', 'p256_b.pem', 'gone')), qr/No matching key/, 'a login meanwhile');
until_true(sub { workers('launcher') == 1 }, 'a launcher that is ended comes back');
hang('postgres');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'dbmi_authz_keys worker'");
until_true(sub { workers('worker') == 0 }, 'a worker that is ended');
is($node->safe_psql('postgres', 'SELECT count(*) FROM authz.issuer_key'), 1, 'the keys are there');
hang('postgres');
$pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'dbmi_authz_keys worker'");
kill 'KILL', $pid;
until_true(sub { logged(qr/terminated by signal 9/) }, 'one that is killed: the server starts anew, as always,');
until_true(sub { my ($ret, $out) = $node->psql('postgres', 'SELECT 1'); $ret == 0 && workers('launcher') == 1 }, 'and so does the launcher');
is(login($node, $token), 'ann', 'the keys are there');

# C11.7: settings change
my $hanging = hang('postgres');
$node->append_conf('postgresql.conf', "dbmi_authz_keys.databases = ''\n");
$node->reload;
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'dbmi_authz_keys worker'");
$node->safe_psql('postgres', "SELECT authz.drop_issuer(issuer) FROM authz.issuer WHERE issuer LIKE 'https://hang%'");
forget($provider);
control($provider, '/keys' => { body => key_set(jwk('p256_a.pem', 'a'), jwk('p256_b.pem', 'b')) }, '/hang' => { hang => 1 });
$node->safe_psql('postgres', 'UPDATE authz.jwks_status SET next_due = now()');
sleep 2.5;
unlike(login($node, token_of('https://keys.example', 'p256_b.pem', 'b')), qr/being fetched/, 'no database is listed: no hint');
is(scalar requests($provider), 0, 'and no fetch');
$node->append_conf('postgresql.conf', "dbmi_authz_keys.databases = 'postgres'\n");
$node->reload;
until_true(sub { login($node, token_of('https://keys.example', 'p256_b.pem', 'b')) eq 'ann' }, 'listed again');

# C11.7: the server stops
for my $mode (qw(smart fast immediate))
{
	hang('postgres');
	$begin = time;
	$node->stop($mode);
	cmp_ok(time - $begin, '<', 20, "$mode shutdown while a fetch hangs");
	$node->start;
	$node->safe_psql('postgres', "SELECT authz.drop_issuer(issuer) FROM authz.issuer WHERE issuer LIKE 'https://hang%'");
}

# C11.8: a standby, and its promotion
$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
forget($provider);
control($provider, '/keys' => { body => key_set(map { jwk('p256_a.pem', $_) } qw(a s)) });
my $next = token_of('https://keys.example', 'p256_a.pem', 's');
is(login($standby, $token), 'ann', 'a standby knows the keys');
unlike(login($standby, $next), qr/being fetched/, 'and fetches none');
sleep 1.5;
is(scalar requests($provider), 0, 'no request');
$node->stop('immediate');
$standby->promote;
until_true(sub { login($standby, $next) =~ /being fetched/ }, 'promoted, it does');
until_true(sub { login($standby, $next) eq 'ann' }, 'accepted');

# C11.7: no workers are left
$standby->append_conf('postgresql.conf', "max_worker_processes = 2\n");
$standby->restart;	# the launcher of logical replication is the other one
until_true(sub { log_of($standby) =~ /could not start a worker to fetch keys: too many background workers\n.*HINT:  Increase the parameter "max_worker_processes"/ }, 'no room for a worker: told');
sleep 2.5;
is(scalar(() = log_of($standby) =~ /could not start a worker/g), 1, 'once');
unlike(login($standby, token_of('https://keys.example', 'p256_b.pem', 'x')), qr/being fetched/, 'and no hint that would not come true');

# C11.7: a launcher that is started again is not stuck because the last one was
$standby->append_conf('postgresql.conf', "max_worker_processes = 3\ndbmi_authz_keys.databases = 'postgres, latin'\n");
$standby->restart;
control($provider, '/hang' => { hang => 1 });
add_issuer($standby, 'https://stuck.example', "$at/hang", 'latin');
until_true(sub { requests($provider, '/hang') }, 'one worker hangs, and there is room for no other');
$standby->append_conf('postgresql.conf', "dbmi_authz_keys.databases = 'postgres'\n");
$standby->reload;
until_true(sub { (() = log_of($standby) =~ /could not start a worker/g) > 1 }, 'told');
sub end_of { my ($type) = @_; return $standby->safe_psql('postgres', "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'dbmi_authz_keys $type'"); }
is(end_of('launcher'), 1, 'the launcher is ended');
until_true(sub { end_of('launcher') eq '0' });
is(end_of('worker'), 1, 'then the worker');
my $lost = token_of('https://keys.example', 'p256_b.pem', 'lost');
until_true(sub { login($standby, $lost) =~ /being fetched/ }, 'the next launcher takes wishes');
unlike(log_of($node) . log_of($standby), qr/PANIC|TRAP|signal 11|signal 6/, 'nothing has crashed');

done_testing();
