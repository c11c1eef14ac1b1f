# Keys of a cluster: in no dump and no publication, decoded by nobody, kept through
# a crash, on a standby and after its promotion; two who add wait for each other;
# every session learns of a change; no log shows one.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

my $d = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A';
my $private = qq({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "$d"});
my $node = start_node('main', 'wal_level = logical', 'max_wal_senders = 10', 'max_replication_slots = 10', 'log_min_duration_statement = -1');
$node->safe_psql('postgres', 'CREATE DATABASE shop');
sub run { return $node->safe_psql('shop', @_); }
run('CREATE EXTENSION dbmi_authz');
my $super = run('SELECT current_user');
my $keys = "SELECT string_agg(concat_ws(' ', kid, signs, thumbprint), ',' ORDER BY added_at) FROM authz.cluster_keys()";

# Logical decoding and publications
run("SELECT pg_create_logical_replication_slot('watching', 'test_decoding')");
run('CREATE PUBLICATION everything FOR ALL TABLES');
run(qq(SELECT authz.add_cluster_key('brought', '$private')));
run(q(SELECT authz.add_cluster_key('made')));
run(q(SELECT authz.add_cluster_key('short'))); run(q(SELECT authz.drop_cluster_key('short')));
my $before = run($keys);
like($before, qr/^brought f \S+,made t \S+$/, 'there are two keys, and the last one signs');
my $decoded = run(q(SELECT data FROM pg_logical_slot_get_changes('watching', NULL, NULL)));
like($decoded, qr/table authz\.trust_log: INSERT/, 'decoding sees what is written beside them');
unlike($decoded, qr/\Q$d\E|private_jwk|table authz\.cluster_key: (?!DELETE: \(no-tuple-data\)$)/m, 'and nothing of the keys, nor of one that is dropped');
run(q(SELECT pg_drop_replication_slot('watching')));
is(run(q(SELECT count(*) FROM pg_publication_tables WHERE tablename = 'cluster_key')), 0, 'no publication of all tables has them');
my ($status, $out, $err) = $node->psql('shop', 'CREATE PUBLICATION schema FOR TABLES IN SCHEMA authz');
is(run(q(SELECT count(*) FROM pg_publication_tables WHERE tablename = 'cluster_key')), 0, 'nor one of the schema');

# Dumps
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
for my $options ([], ['--schema=authz'], ['--table=authz.cluster_key'], [ '--data-only', '--inserts' ], [ '--binary-upgrade', '--schema-only' ], undef)
{
	my @command = $options ? ('pg_dump', @$options, '--dbname=' . $node->connstr('shop')) : ('pg_dumpall', '--dbname=' . $node->connstr('postgres'));
	my $name = join ' ', grep { !/dbname/ } @command;
	command_ok([@command, '-f', $dump], "$name works");
	unlike(slurp_file($dump), qr/\Q$d\E|11qYAYKxCrf/, 'and has no key');
}
$node->safe_psql('postgres', 'CREATE DATABASE copy');
command_ok([ 'pg_dump', '-Fc', '-f', "$dump.c", $node->connstr('shop') ], 'a dump');
command_ok([ 'pg_restore', '-d', $node->connstr('copy'), "$dump.c" ], 'is restored');
is($node->safe_psql('copy', 'SELECT count(*) FROM authz.cluster_keys()'), 0, 'a restored database has no key');
is($node->safe_psql('copy', 'SELECT relispopulated FROM pg_class WHERE oid = $$authz.cluster_key$$::regclass'), 'f', 'nor can it be read');

# Every session learns of a change; a change that is rolled back is none
sub ask
{
	my ($wire, $sql) = @_;
	return join ',', $wire->query($sql)->answers;
}
my $other = AzWire->new($node, db => 'shop', user => $super);
my $writer = AzWire->new($node, db => 'shop', user => $super);
my $count = 'SELECT count(*) FROM authz.cluster_keys()';
is(ask($other, $count), 2, 'a session sees two');
ask($writer, 'BEGIN');
ask($writer, q(SELECT authz.drop_cluster_key('made')));
is(ask($other, $count), 2, 'another one has not committed');
ask($writer, 'ROLLBACK');
is(ask($writer, $count), 2, 'and did not');

# Two who add come one after the other: numbers, and which one signs, are clear
ask($writer, 'BEGIN');
ask($writer, q(SELECT authz.add_cluster_key('first')));
$other->query(q(SELECT authz.add_cluster_key('second')));
$other->send_all;
$node->poll_query_until('shop', q(SELECT count(*) = 1 FROM pg_locks WHERE relation = 'authz.cluster_key'::regclass AND NOT granted AND mode = 'ShareRowExclusiveLock')) or die;
pass('the second one waits');
is(run($count), 2, 'who only reads does not');
ask($writer, 'COMMIT');
$other->answers;
is(ask($other, $count), 4, 'both are there');
like(run($keys), qr/second t \S+$/, 'and the one that was added last signs');
run(q(SELECT authz.drop_cluster_key('first'), authz.drop_cluster_key('second')));
is(ask($other, $count), 2, 'the session learns that they went');

# A crash, VACUUM, a standby, its promotion
$before = run($keys);
$node->stop('immediate');
$node->start;
is(run($keys), $before, 'a crash takes none');
run('VACUUM (FULL, FREEZE, ANALYZE) authz.cluster_key');
run('VACUUM (FREEZE, ANALYZE)');
$node->restart;
is(run($keys), $before, 'nor do VACUUM and a restart');
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
run(q(SELECT authz.add_cluster_key('later')));
$node->wait_for_catchup($standby);
is($standby->safe_psql('shop', $keys), run($keys), 'a standby has them, and those that come');
($status, $out, $err) = $standby->psql('shop', q(SELECT authz.add_cluster_key('here')));
like($err, qr/cannot execute add_cluster_key\(\)/, 'it writes none');
run(q(SELECT authz.drop_cluster_key('later')));
$node->wait_for_catchup($standby);
is($standby->safe_psql('shop', $keys), $before, 'and learns what goes');
$node->stop;
$standby->promote;
is($standby->safe_psql('shop', $keys), $before, 'promotion takes none');
is($standby->safe_psql('shop', q(SELECT authz.add_cluster_key('promoted') IS NOT NULL)), 't', 'and adding goes on');

# Nobody empties it, nor a member of pg_maintain, where the library is loaded
my $maintains = $standby->safe_psql('shop', 'SELECT current_setting($$server_version_num$$)::int >= 170000') eq 't';
$standby->safe_psql('shop', 'CREATE ROLE upkeep LOGIN');
$standby->safe_psql('shop', 'GRANT pg_maintain TO upkeep') if $maintains;
$before = $standby->safe_psql('shop', $keys);
for my $role ($super, $maintains ? 'upkeep' : ())
{
	for my $how ('', ' WITH NO DATA')
	{
		($status, $out, $err) = $standby->psql('shop', "SELECT authz.token_state(); SET ROLE $role; REFRESH MATERIALIZED VIEW authz.cluster_key$how");
		like($err, qr/authz\.cluster_key cannot be refreshed/, "REFRESH$how by $role is refused");
	}
	# a plain one takes none either
	$standby->safe_psql('shop', "SET ROLE $role; VACUUM FULL authz.cluster_key; ANALYZE authz.cluster_key; REINDEX TABLE authz.cluster_key");
}
is($standby->safe_psql('shop', $keys), $before, 'upkeep takes no key');
is($standby->safe_psql('shop', q(SELECT count(*) FROM pg_stats WHERE tablename = 'cluster_key' AND attname LIKE '%jwk' AND (most_common_vals IS NOT NULL OR histogram_bounds IS NOT NULL))), 0, 'nor do statistics have one');
$standby->safe_psql('shop', 'SET allow_system_table_mods = on; REFRESH MATERIALIZED VIEW authz.cluster_key WITH NO DATA');
is($standby->safe_psql('shop', $keys), '', 'a superuser who means it removes all');
$standby->safe_psql('shop', q(SELECT authz.add_cluster_key('again')));

# Logs: nothing of a key that was passed, also by what fails
my $log = slurp_file($node->logfile);
unlike($log, qr/\Q$d\E/, 'no line of the log has the key');

done_testing();
