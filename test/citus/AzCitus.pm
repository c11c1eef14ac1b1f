package AzCitus;

# A cluster of Citus: a coordinator and two workers, each of which takes queries, with
# the extension on all of them, and tables whose rows people.py knows.
#
# Nothing of Citus is in this tree: the server that runs the tests must have it.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use IPC::Run ();
use lib dirname(dirname(abs_path(__FILE__))) . '/tap';

use AzTest;
use PostgreSQL::Test::Utils;
use Test::More ();

our @EXPORT = qw(has_citus start_cluster add_worker on_all spread trust_pool make_tables pool_token log_size logs_since);

my $tests = dirname(dirname(abs_path(__FILE__)));
my $db = 'clinic';

sub has_citus { return -e server_directory('sharedir') . '/extension/citus.control'; }

# Servers that know each other by their sockets: no port is opened.
sub start_server
{
	my ($name, @conf) = @_;
	my $node = init_node($name, allows_streaming => 'logical');
	$node->append_conf('postgresql.conf', join("\n",
		q{shared_preload_libraries = 'citus, dbmi_authz'}, q{dbmi_authz.cluster_role = 'cluster'},
		'wal_level = logical', 'max_prepared_transactions = 60', 'max_connections = 120', 'max_worker_processes = 30', 'max_wal_senders = 10', 'max_replication_slots = 20',
		'fsync = off', 'log_statement = none', 'log_min_messages = warning', 'log_min_duration_statement = -1',
		q{citus.local_hostname = '} . $node->host . q{'}, q{citus.node_conninfo = 'sslmode=prefer'}, 'citus.shard_count = 8',
		'citus.recover_2pc_interval = 1s', 'citus.stat_tenants_track = none', 'citus.show_shards_for_app_name_prefixes = psql', @conf, ''));
	$node->start;
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, q{SET client_min_messages = error; CREATE EXTENSION citus});
	# everywhere, before the cluster is one
	$node->safe_psql($db, 'SET citus.enable_ddl_propagation = off; CREATE ROLE cluster');
	return $node;
}

sub add_worker
{
	my ($coordinator, $worker) = @_;
	$coordinator->safe_psql($db, sprintf "SELECT citus_add_node('%s', %d)", $worker->host, $worker->port);
	return;
}

# Coordinator and workers; "shards" has the coordinator hold shards itself.
sub start_cluster
{
	my (%opt) = @_;
	my @nodes = map { start_server($_, @{ $opt{conf} // [] }) } 'coordinator', map { "worker$_" } 1 .. $opt{workers} // 2;
	my ($coordinator, @workers) = @nodes;
	$coordinator->safe_psql($db, sprintf "SELECT citus_set_coordinator_host('%s', %d)", $coordinator->host, $coordinator->port);
	# propagated, also to the nodes that come
	$coordinator->safe_psql($db, 'CREATE EXTENSION dbmi_authz');
	add_worker($coordinator, $_) for @workers;
	$coordinator->safe_psql($db, 'CREATE ROLE app LOGIN; CREATE ROLE other LOGIN; GRANT cluster TO app, other; GRANT other TO app');
	return @nodes;
}

# The same statement on each node by itself.
sub on_all
{
	my ($nodes, $sql) = @_;
	return map { $_->safe_psql($db, $sql) } @$nodes;
}

# The issuer whose tokens people.py makes, with its secret: where logins are taken.
sub trust_pool
{
	my (@nodes) = @_;
	my $secret = unpack 'H*', slurp_file("$tests/fixtures/hs32.bin");
	on_all(\@nodes, qq{SELECT authz.add_issuer('pool', '{clinic}', options => '{"algorithms": ["HS256"]}'); SELECT authz.add_secret('pool', '\\x$secret', 'pool')});
	return;
}

# A key for each node, and its public half for the others.
sub spread
{
	my (@nodes) = @_;
	for my $n (0 .. $#nodes)
	{
		my $jwk = $nodes[$n]->safe_psql($db, "SELECT authz.add_cluster_key('node$n')");
		$nodes[$_]->safe_psql($db, "SELECT authz.add_cluster_key_public('node$n', \$jwk\$$jwk\$jwk\$)") for grep { $_ != $n } 0 .. $#nodes;
	}
	return;
}

# doc and memo are those of people.py; the policy of doc folds, so that it says which
# shards there are to ask, that of memo never does.
sub make_tables
{
	my ($coordinator) = @_;
	$coordinator->safe_psql($db, <<'SQL');
CREATE TABLE doc (id int, owner text, hits bigint DEFAULT 0);
CREATE TABLE memo (id int PRIMARY KEY, owner text, hits bigint DEFAULT 0);
CREATE TABLE note (owner text, doc int, body text);
CREATE TABLE kind (name text PRIMARY KEY, level int);
CREATE TABLE slip (id int, owner text);
CREATE TABLE open_doc (id int, owner text);
INSERT INTO doc SELECT n * 10 + k, 'u' || n FROM generate_series(0, 199) n, generate_series(0, n % 5) k;
INSERT INTO memo SELECT id, owner FROM doc;
INSERT INTO note SELECT owner, id, 'about ' || id FROM doc;
INSERT INTO kind SELECT 'kind' || n, n FROM generate_series(0, 4) n;
INSERT INTO slip SELECT id, owner FROM doc;
INSERT INTO open_doc SELECT id, owner FROM doc;
SET client_min_messages = warning;
SELECT create_distributed_table('doc', 'owner');
SELECT create_distributed_table('memo', 'id');
SELECT create_distributed_table('note', 'owner', colocate_with => 'doc');
SELECT create_distributed_table('open_doc', 'id');
SELECT create_reference_table('kind');
SELECT truncate_local_data_after_distributing_table(t) FROM unnest('{doc,memo,note,open_doc,kind}'::regclass[]) t;
CREATE INDEX ON doc (owner);
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE memo ENABLE ROW LEVEL SECURITY;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
ALTER TABLE kind ENABLE ROW LEVEL SECURITY;
ALTER TABLE slip ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
CREATE POLICY p ON memo USING (authz.has_scope(CASE WHEN id >= 0 THEN 'admin' END) OR authz.is_owner(owner || ''));
CREATE POLICY p ON note USING (authz.has_scope('admin') OR authz.is_owner(owner));
CREATE POLICY p ON kind USING (authz.has_scope('admin') OR level < 3 AND authz.is_authenticated());
CREATE POLICY p ON slip USING (authz.has_scope('admin') OR authz.is_owner(owner));
GRANT ALL ON doc, memo, note, kind, slip, open_doc TO app, other;
ANALYZE;
SQL
	return;
}

my $python = '/usr/bin/python3';

# The token of person n, as people.py makes it.
sub pool_token
{
	my ($n, $jti, %opt) = @_;
	my $out = '';
	my $more = join ', ', map { "$_=$opt{$_}" } sort keys %opt;
	IPC::Run::run([ $python, '-c', "import sys; sys.path.insert(0, '$tests/pools'); from people import token; print(token($n, '$jti'" . ($more ? ", $more" : '') . '))' ],
		'>', \$out) or die 'people.py';
	chomp $out;
	return $out;
}

sub log_size { return map { -s $_->logfile } @_; }

# What the logs of the nodes say since then.
sub logs_since
{
	my ($nodes, @sizes) = @_;
	return join '', map { slurp_file($nodes->[$_]->logfile, $sizes[$_]) } 0 .. $#$nodes;
}

1;
