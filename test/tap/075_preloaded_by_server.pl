# shared_preload_libraries, as doc/how-to/installing.md recommends: the postmaster loads
# the library, and every process of the server has it, those that never ask too.
# Other tests here that are about processes of the server's own run so, each with
# servers of its own.  So do the SQL tests: in 190_settings.pl, beside other settings;
# with DBMI_LONG here, and nothing else is set.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use Cwd qw(getcwd);
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $preload = "shared_preload_libraries = 'dbmi_authz'\n";
my $config = PostgreSQL::Test::Utils::tempdir() . '/preload.conf';
append_to_file($config, $preload);

# All at once, for they wait more than they work.
my %runs;
sub start
{
	my ($what, @command) = @_;
	my $run = { out => '' };
	$run->{handle} = IPC::Run::start(\@command, '<', \undef, '>', \$run->{out}, '2>&1');
	$runs{$what} = $run;
	return;
}

# parallel workers, a standby and its walsender, pg_upgrade, autovacuum and
# workers of logical replication
for my $name (qw(010_parallel 120_standby 150_pg_upgrade 220_background))
{
	# The same test may run beside this one, with data directories of these names.
	my $dir = PostgreSQL::Test::Utils::tempdir();
	mkdir "$dir/$_" or die $! foreach qw(data log);
	local @ENV{qw(TESTDIR TESTDATADIR TESTLOGDIR)} = ($dir, "$dir/data", "$dir/log");
	local $ENV{TEMP_CONFIG} = $config;
	start($name, $^X, "$FindBin::RealBin/$name.pl");
}

# Autovacuum would now and then stand in the way of a test that locks tables.
my $node = start_node('main', 'log_min_messages = warning', 'max_prepared_transactions = 4', 'autovacuum_naptime = 1s', 'autovacuum = off', $preload);
my $super = $node->safe_psql('postgres', 'SELECT current_user');

# As test/suites runs them, where nothing is preloaded.
my $results = PostgreSQL::Test::Utils::tempdir() . '/regress';
my @tests;
if ($ENV{DBMI_LONG})
{
	mkdir $results or die $!;
	@tests = map { m{([^/]+)\.sql$} } sort glob 'sql/*.sql';
	cmp_ok(scalar @tests, '>', 40, 'there are SQL tests');
	my @launcher = $ENV{REGRESS_LAUNCHER} ? $ENV{REGRESS_LAUNCHER} : ();
	my $bin = `pg_config --bindir`;
	chomp $bin;
	start('the SQL tests', $ENV{PG_REGRESS}, '--inputdir=' . getcwd(), '--dbname=regress', @launcher, "--bindir=$bin", "--outputdir=$results",
		'--host=' . $node->host, '--port=' . $node->port, "--user=$super", '--encoding=UTF8', '--no-locale', @tests);
}

for my $what (sort keys %runs)
{
	ok(IPC::Run::finish($runs{$what}->{handle}), "$what, preloaded") or diag($runs{$what}->{out});
	unlike($runs{$what}->{out}, qr/^not ok|^1\.\.0|FAILED/m, "$what, preloaded: all of it");
}
is(() = $runs{'the SQL tests'}->{out} =~ /^(?:test .*\.\.\. ok|ok +\d)/mg, scalar @tests, 'each of the SQL tests') if @tests;
diag(substr(slurp_file("$results/regression.diffs"), 0, 20000)) if -s "$results/regression.diffs";

# Each session verifies for itself with what OpenSSL has made before the fork.
trust($node, 'postgres');
my %tokens = (ann => mint(), bad => forge());
my $secret = unpack 'H*', slurp_file("$FindBin::RealBin/../fixtures/hs32.bin");
$node->safe_psql('postgres', <<"SQL");
CREATE ROLE app LOGIN;
CREATE ROLE carrier LOGIN;
CREATE TABLE doc (id int, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
GRANT SELECT ON doc TO app, carrier;
SQL
for (1 .. 3)
{
	is_deeply([ session($node, "SELECT count(*) FROM doc;\nSELECT authz.set_token('%{ann}') \\g /dev/null\nSELECT authz.subject(), count(*) FROM doc;", tokens => \%tokens) ],
		[ '0', 'ann|1' ], "session $_");
}
# It is there already.
is_deeply([ session($node, "LOAD 'dbmi_authz';\nSELECT authz.token_state();", user => $super) ], ['none'], 'loaded once more');
# no catalog: where there is no database, and where there is no extension
$node->safe_psql('postgres', 'CREATE DATABASE plain');
is_deeply([ session($node, "SELECT 1;\nSET dbmi_authz.plan_folding = off;\nSHOW dbmi_authz.plan_folding;", db => 'plain') ], [ '1', 'off' ], 'a database without the extension');

# A token that somebody's connection, role or file brings along.
my $options = join "\n", session($node, 'SELECT authz.token_state();', options => "-c dbmi_authz.token=$tokens{ann}");
like($options, qr/parameter "dbmi_authz.token" can only be set within a session/, 'a connection option is refused');
ok(!holds_token($options, $tokens{ann}), 'and is not told');
$node->stop;

# The server by itself, without a postmaster: it loads the library, too.
$node->append_conf('postgresql.conf', "dbmi_authz.token = '$tokens{ann}'");
my $sql = "SELECT authz.token_state()\nSELECT authz.set_token('$tokens{ann}')\nSELECT authz.subject(), count(*) FROM doc\n";
my ($told, $log) = ('', '');
IPC::Run::run([ 'postgres', '--single', '-D', $node->data_dir, 'postgres' ], '<', \$sql, '>', \$told, '2>', \$log);
like($told, qr/subject = "ann".*count = "2"/s, 'single-user mode');

$node->append_conf('postgresql.conf', 'autovacuum = on');
$node->start;
is_deeply([ session($node, "SELECT authz.token_state(), count(*) FROM doc;") ], ['none|0'], 'a token in the configuration file is nobody');
$node->safe_psql('postgres', "INSERT INTO doc SELECT 3, 'bob' FROM generate_series(1, 1000)");
ok($node->poll_query_until('postgres', "SELECT autoanalyze_count > 0 FROM pg_stat_user_tables WHERE relname = 'doc'"), 'autovacuum');

# Stored before the server preloaded anything.
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "''");
$node->restart;
$node->safe_psql('postgres', "ALTER ROLE carrier SET dbmi_authz.token = '$tokens{ann}'");
my $seen = length slurp_file($node->logfile);
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "'dbmi_authz'");
$node->restart;
my @got = session($node, 'SELECT authz.is_authenticated(), count(*) FROM doc;', user => 'carrier');
is($got[-1], 'f|0', 'a stored setting does not log in');
ok(!holds_token(join("\n", @got), $tokens{ann}), 'and is not told');
ok(!holds_token(substr(slurp_file($node->logfile), $seen), $tokens{ann}), 'nor logged');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_settings WHERE name LIKE 'dbmi\\_authz.%' AND name <> 'dbmi_authz.token'"), '18', 'each setting once');
$node->stop;

unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|server process .* exited|TRAP/, 'nothing crashed');
done_testing();
