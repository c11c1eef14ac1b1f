# Many users over a handful of server connections of a PgBouncer, in session
# and in transaction mode: each sees exactly its own rows, also when clients
# abort, time out, cancel and vanish.
#
# The work is done by test/pools/run, which tells what users do.  DBMI_SEED
# repeats a run, DBMI_TRANSACTIONS=100000 makes a long one of about as many,
# DBMI_LONG=1 one of 60,000.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
BAIL_OUT('no pgbouncer: run "make deps"') unless $pgbouncer;

my $total = $ENV{DBMI_TRANSACTIONS} // ($ENV{DBMI_LONG} ? 60000 : 9000);
my $seed = $ENV{DBMI_SEED} // int(rand(1e6));
my $connections = 4;

my $node = start_node('main', 'fsync = off', 'max_connections = 40', "session_preload_libraries = 'dbmi_authz'");
people($node, 'postgres');

# A pool of our own, on a private socket, with one database for each mode.
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $socket = "$dir/.s.PGSQL.6432";
my $server = "host=@{[ $node->host ]} port=@{[ $node->port ]} dbname=postgres user=app pool_size=$connections";
append_to_file("$dir/ini", <<"INI");
[databases]
session = $server pool_mode=session
transaction = $server pool_mode=transaction
unsafe = $server pool_mode=transaction
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = $dir
auth_type = any
logfile = $dir/log
pidfile = $dir/pid
max_client_conn = 900
default_pool_size = $connections
server_reset_query = DISCARD ALL
INI
my $pool = IPC::Run::start([ $pgbouncer, "$dir/ini" ], '<', '/dev/null', '>', '/dev/null', '2>', '/dev/null');
for (1 .. 100)
{
	last if -S $socket;
	sleep 0.1;
}
ok(-S $socket, 'the pool is there') or diag(-e "$dir/log" ? slurp_file("$dir/log") : 'no log');

sub crowd
{
	my ($mode, $users, $transactions) = @_;
	my $out = '';
	IPC::Run::run([ '/usr/bin/python3', "$FindBin::RealBin/../pools/run", '--socket', $socket, '--mode', $mode,
			'--users', $users, '--transactions', $transactions, '--seed', $seed++ ], '>', \$out, '2>&1');
	chomp $out;
	note($out);
	my %count = (leaks => -1, lost => -1, unexpected => -1, transactions => 0);
	$count{$1} = $2 while $out =~ /\b([a-z]+) (\d+)/g;
	$count{out} = $out;
	return \%count;
}

sub none_leaks
{
	my ($mode, $users, $share) = @_;
	my $got = crowd($mode, $users, int($total * $share));
	# three pools; connections of clients that vanished take a moment to end
	my $few = $node->poll_query_until('postgres', "SELECT count(*) <= @{[ 3 * $connections ]} FROM pg_stat_activity WHERE usename = 'app'");
	ok(!grep({ $_ != 0 } @{$got}{qw(leaks lost unexpected)}), "$mode mode, $users users: no leak") or diag($got->{out});
	cmp_ok($got->{transactions}, '>=', int($total * $share), "$mode mode, $users users: $got->{transactions} transactions");
	my ($hung_up, $opened) = map { $got->{out} =~ /\b$_ (\d+)/ ? $1 : 0 } ('hung up', 'connections');
	cmp_ok($hung_up, '<=', $opened / 10, "$mode mode, $users users: the pool hung up on $hung_up") or diag($got->{out});
	ok($few, "$mode mode, $users users: over so few connections");
	return $got;
}

# C1.1, C1.2: through a pool nobody is another one
#
# Session mode: one login for each connection, reset by DISCARD ALL.
none_leaks('session', $_->[0], $_->[1]) for [ 2, 0.05 ], [ 20, 0.15 ], [ 200, 0.2 ];

# Without a reset, the next one is the last one.
$node->safe_psql('postgres', 'SELECT pg_sleep(0.2)');
my $got = crowd('unsafe', 20, 400);
cmp_ok($got->{leaks}, '>', 0, "what must not be done leaks, and is found: $got->{leaks} times") or diag($got->{out});

# Transaction mode, where the server insists on it.
$node->safe_psql('postgres', "ALTER SYSTEM SET dbmi_authz.token_scope = 'transaction'");
$node->reload;
my $scope = '';
for (1 .. 50)
{
	$scope = $node->safe_psql('postgres', 'SHOW dbmi_authz.token_scope');
	last if $scope eq 'transaction';
	sleep 0.1;
}
is($scope, 'transaction', 'token_scope');
none_leaks('transaction', $_->[0], $_->[1]) for [ 2, 0.1 ], [ 20, 0.2 ], [ 200, 0.3 ];

# The unsafe pattern is refused: no user gets far enough to leak.
$got = crowd('unsafe', 20, 200);
is($got->{leaks}, 0, 'token_scope "transaction": what must not be done does not leak') or diag($got->{out});
cmp_ok($got->{unexpected}, '>=', 40, 'it is refused instead');

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|terminated by signal|server process .* exited/, 'nothing crashed');
unlike($log, qr/eyJ/, 'no token in the log');

$pool->signal('TERM');
$pool->finish;
$node->stop;
done_testing();
