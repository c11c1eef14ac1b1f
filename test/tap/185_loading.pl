# The library is loaded once, whole or not at all: memory runs out at each of
# its allocations, the query is cancelled wherever PostgreSQL looks for that.
# Whatever was raised, the same session then loads it and answers right, and
# can be ended.
#
# test/faults/faults.c, in LD_PRELOAD, is what fails.  Of a first check that
# verifies a token there are 1,800 moments, most of them OpenSSL's; when the first
# 150 have been tried, one in DBMI_EVERY is.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

my $every = $ENV{DBMI_EVERY} // 13;

# What hangs is a failure, not a test that never ends.
$SIG{ALRM} = sub { BAIL_OUT('a session does not answer') };
alarm 900;

my $faults = PostgreSQL::Test::Utils::tempdir() . '/faults.so';
my $include = `pg_config --includedir-server`;
chomp $include;
# a copied pg_config puts a directory of its own in front
$include =~ s{^/[^/]*}{} while length $include && !-d $include;
my @compiler = split ' ', $ENV{CC} // 'cc';
system_or_bail(@compiler, '-O2', '-Wall', '-fPIC', '-shared', "-I$include", "$FindBin::RealBin/../faults/faults.c", '-o', $faults);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "fsync = off\nlog_statement = none\nlog_min_messages = warning\nmax_connections = 100");
{
	local $ENV{LD_PRELOAD} = $faults;
	$node->start;
}
trust($node, 'postgres');
my %tokens = (ann => mint(), bob => mint(sub => 'bob'), forged => forge(sub => 'eve'));
$node->safe_psql('postgres', <<"SQL");
CREATE ROLE app LOGIN;
CREATE ROLE scoped LOGIN;
ALTER ROLE scoped SET dbmi_authz.token_scope = 'transaction';
ALTER ROLE scoped SET dbmi_authz.olp_default = 'closed';
ALTER ROLE scoped SET dbmi_authz.max_token_size = '2kB';
CREATE TABLE doc (owner text);
INSERT INTO doc SELECT 'ann' FROM generate_series(1, 3);
INSERT INTO doc SELECT 'bob' FROM generate_series(1, 5);
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON doc USING (authz.is_owner(owner));
GRANT SELECT ON doc TO app, scoped;
CREATE SCHEMA faults;
GRANT USAGE ON SCHEMA faults TO app, scoped;
CREATE FUNCTION faults.fail_allocations(int, boolean) RETURNS void LANGUAGE c AS '$faults';
CREATE FUNCTION faults.cancel_at(int) RETURNS void LANGUAGE c AS '$faults';
CREATE FUNCTION faults.counted_before() RETURNS int LANGUAGE c AS '$faults';
SQL
my $admin = AzWire->new($node, user => $node->safe_psql('postgres', 'SELECT current_user'));

# on(CONNECTION, STATEMENT...): the answers of all of them, one after the other.
sub on
{
	my ($wire, @statements) = @_;
	s/%\{(\w+)\}/$tokens{$1}/g for @statements;
	return map { $wire->query($_)->answers } @statements;
}

# End these sessions, and see them go.
sub end_all
{
	my ($user) = @_;
	on($admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '$user'");
	return $node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE usename = '$user')");
}

my %faults = (
	'memory runs out once' => sub { "faults.fail_allocations($_[0], false)" },
	'memory has run out' => sub { "faults.fail_allocations($_[0], true)" },
	'cancelled' => sub { "faults.cancel_at($_[0])" });

my $who = "SELECT coalesce(authz.subject(), 'nobody'), authz.token_state(), (SELECT count(*) FROM doc)";

# try_all(WHAT, [STATEMENT...], QUESTION, [ANSWER...], OPTION...): a session
# runs the statements, and then asks while something fails; in the end it
# answers so.  "then" is run before that.  "verifies": OpenSSL, where memory
# runs out in it, stays unable to verify anything, and then there is nobody.
sub try_all
{
	my ($what, $before, $question, $expected, %opt) = @_;
	my $user = $opt{user} // 'app';
	my @then = @{ $opt{then} // [] };
	for my $fault (sort keys %faults)
	{
		my $wire = AzWire->new($node, user => $user);
		on($wire, @$before);
		on($wire, 'SELECT ' . $faults{$fault}->(0) . "; $question");
		my ($n) = on($wire, 'SELECT faults.counted_before()');
		my ($failed, $wrong, $closed, $ended, @open) = (0, 0, 0, 1);
		for (my $i = 1; $i <= $n; $i += $i < 150 ? 1 : $every)
		{
			$wire = AzWire->new($node, user => $user);
			push @open, $wire;
			on($wire, @$before);
			my @got = eval { on($wire, 'SELECT ' . $faults{$fault}->($i) . "; $question") };
			$failed++ if !@got || grep { /^(?:53200|57014|58P01|28000)/ } @got;
			my @now = eval { on($wire, @then); on($wire, @$expected[ map { $_ * 2 } 0 .. $#$expected / 2 ]) };
			my @due = @$expected[ map { $_ * 2 + 1 } 0 .. $#$expected / 2 ];
			my $right = 0;
			for my $j (0 .. $#due)
			{
				$right++ if $now[$j] eq $due[$j] || $opt{verifies} && $now[$j] =~ /^28000: token was refused|^nobody\|rejected\|0$/;
			}
			if (@now != @due || $right != @due)
			{
				$wrong++;
				diag("$what, $fault at $i of $n: @got, then @now") if $wrong < 4;
			}
			$closed++ if "@now" ne "@due";
			if (@open == 50)
			{
				$ended &&= end_all($user);
				@open = ();
			}
		}
		cmp_ok($n, '>', 0, "$what, $fault: $n moments, $failed raised something");
		is($wrong, 0, "$what, $fault: afterwards all is as it must be") and note("$closed closed");
		ok($ended && end_all($user), "$what, $fault: the sessions can be ended");
	}
	return;
}

# Z1: loading is whole or not at all, whatever raises in it
my @logs_in = ("SELECT authz.set_token('%{bob}')", '', $who, 'bob|valid|5');
try_all('nothing set', [], 'SELECT authz.token_state()', [ $who, 'nobody|none|0', @logs_in ]);
try_all('set early', [ "SET dbmi_authz.token = '%{ann}'" ], 'SELECT authz.subject()', [ $who, 'ann|valid|3', @logs_in ], verifies => 1);
try_all('a bad one set early', [ "SET dbmi_authz.token = '%{forged}'" ], 'SELECT authz.subject()', [ $who, 'nobody|rejected|0', @logs_in ], verifies => 1);
try_all('other settings', [ "SET dbmi_authz.token_scope = 'bogus'", "SET dbmi_authz.nonsense = 1", 'SET dbmi_authz.plan_folding = off' ],
	"SELECT authz.has_scope('x')", [ $who, 'nobody|none|0', 'SHOW dbmi_authz.token_scope', 'session', 'SHOW dbmi_authz.plan_folding', 'off', @logs_in ]);
try_all("a role's settings", [ "SET dbmi_authz.token_scope = 'session'", "SET dbmi_authz.token = '%{ann}'" ],
	'SELECT authz.subject()', [ 'SHOW dbmi_authz.token_scope', 'transaction', 'SHOW dbmi_authz.olp_default', 'closed', 'SHOW dbmi_authz.max_token_size', '2kB' ], user => 'scoped', then => ['SELECT authz.token_state()']);

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|terminated by signal|server process .* exited|TRAP/, 'nothing crashed');
ok(!holds_token($log, $_), 'no token in the log') for values %tokens;
$node->stop('fast');
done_testing();
