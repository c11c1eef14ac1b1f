# The library is loaded once, whole or not at all: memory runs out at each of
# its allocations, the query is cancelled wherever PostgreSQL looks for that.
# Whatever was raised, the same session then loads it and answers right, and
# can be ended.
#
# test/faults/faults.c, in LD_PRELOAD, makes them fail.  A first check that
# verifies a token has 1,800 such moments, most of them OpenSSL's: of those after
# the first 150 one in DBMI_EVERY is tried.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

my $every = $ENV{DBMI_EVERY} // 31;

# What hangs is a failure, not a test that never ends.
$SIG{ALRM} = sub { BAIL_OUT('a session does not answer') };

my $faults = PostgreSQL::Test::Utils::tempdir() . '/faults.so';
build_library('faults/faults.c', $faults);

my $node = init_node('main');
$node->append_conf('postgresql.conf', "fsync = off\nlog_statement = none\nlog_min_messages = warning\nlog_min_error_statement = panic\nmax_connections = 100");
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
CREATE ROLE chief SUPERUSER LOGIN;
ALTER ROLE chief SET dbmi_authz.token_scope = 'transaction';
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
my $super = $node->safe_psql('postgres', 'SELECT current_user');
my $admin = AzWire->new($node, user => $super);

# on(CONNECTION, STATEMENT...): the answers of all of them, one after the other.
sub on
{
	my ($wire, @statements) = @_;
	alarm 120;
	s/%\{(\w+)\}/$tokens{$1}/g for @statements;
	return map { $wire->query($_)->answers } @statements;
}

# The same, but nobody waits for the answer.
sub begin
{
	my ($wire, $statement) = @_;
	$wire->query($statement);
	$wire->{socket}->syswrite($wire->{sent});
	$wire->{sent} = '';
	return;
}

sub pid { my ($pid) = on($_[0], 'SELECT pg_backend_pid()'); return $pid; }

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

# try_all(WHAT, [STATEMENT...], QUESTION, [[STATEMENT, ANSWER]...], OPTION...): a session
# runs the statements, and then asks while something fails; in the end it
# answers so.  "then" is run before that.  "closed": or there is nobody, since
# core had no memory to copy a token, or OpenSSL, where it runs out of memory for
# the first time, stays unable to verify any.
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
		my $n = (on($wire, 'ROLLBACK', 'SELECT faults.counted_before()'))[-1];
		my ($failed, $wrong, $closed, $ended, @open) = (0, 0, 0, 1);
		for (my $i = 1; $i <= $n; $i += $i < 150 ? 1 : $every)
		{
			$wire = AzWire->new($node, user => $user);
			push @open, $wire;
			on($wire, @$before);
			my @got = eval { on($wire, 'SELECT ' . $faults{$fault}->($i) . "; $question") };
			$failed++ if !@got || grep { /^(?:53200|57014|58P01|28000)/ } @got;
			my @now = eval { on($wire, @then); on($wire, map { $_->[0] } @$expected) };
			my @due = map { $_->[1] // () } @$expected;
			my $right = 0;
			for my $j (0 .. $#due)
			{
				$right++ if $now[$j] eq $due[$j] || $opt{closed} && $now[$j] =~ /^28000: token was refused|^nobody\|rejected\|0$/;
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
		is($wrong, 0, "$what, $fault: afterwards all is as it must be");
		note("$closed of them closed");
		ok($ended && end_all($user), "$what, $fault: the sessions can be ended");
	}
	return;
}

# Z1: loading is whole or not at all, whatever raises in it
my @logs_in = ([ "SELECT authz.set_token('%{bob}')", '' ], [ $who, 'bob|valid|5' ]);
try_all('nothing set', [], 'SELECT authz.token_state()', [ [ $who, 'nobody|none|0' ], @logs_in ]);
try_all('set early', [ "SET dbmi_authz.token = '%{ann}'" ], 'SELECT authz.subject()', [ [ $who, 'ann|valid|3' ], @logs_in ], closed => 1);
try_all('a bad one set early', [ "SET dbmi_authz.token = '%{forged}'" ], 'SELECT authz.subject()', [ [ $who, 'nobody|rejected|0' ], @logs_in ], closed => 1);
try_all('other settings', [ "SET dbmi_authz.token_scope = 'bogus'", "SET dbmi_authz.nonsense = 1", 'SET dbmi_authz.plan_folding = off' ],
	"SELECT authz.has_scope('x')", [ [ $who, 'nobody|none|0' ], [ 'SHOW dbmi_authz.token_scope', 'session' ], [ 'SHOW dbmi_authz.plan_folding', 'off' ], @logs_in ]);
try_all("a role's settings", [ "SET dbmi_authz.token_scope = 'session'", "SET dbmi_authz.token = '%{ann}'" ], 'SELECT authz.subject()',
	[ [ 'SHOW dbmi_authz.token_scope', 'transaction' ], [ 'SHOW dbmi_authz.olp_default', 'closed' ], [ 'SHOW dbmi_authz.max_token_size', '2kB' ] ],
	user => 'scoped', then => ['SELECT authz.token_state()']);
# the error is caught, and the same statement tries again
try_all('an error that is caught', [ "DO 'BEGIN END'", "SET dbmi_authz.token_scope = 'bogus'", "SET dbmi_authz.token = '%{ann}'" ],
	"DO 'BEGIN PERFORM authz.token_state(); EXCEPTION WHEN OTHERS OR query_canceled THEN PERFORM authz.token_state(); END'",
	[ [ $who, 'ann|valid|3' ], @logs_in ], closed => 1);
# the question is one that does not judge, and always fails
try_all('tokens in savepoints', [ 'BEGIN', "SET dbmi_authz.token = '%{bob}'", 'SAVEPOINT a', "SET LOCAL dbmi_authz.token = '%{ann}'", 'SAVEPOINT b' ],
	"SELECT authz.verify_token('')", [ ['ROLLBACK TO b'], [ $who, 'ann|valid|3' ], ['ROLLBACK TO a'], [ $who, 'bob|valid|5' ], ['ROLLBACK'], [ $who, 'nobody|none|0' ] ], closed => 1);

# The same for a login in a library that is there: one or the other, or nobody.
for my $fault (sort keys %faults)
{
	my ($odd, @open) = (0);
	for my $i (1 .. 40)
	{
		my $wire = AzWire->new($node);
		push @open, $wire;
		on($wire, "SELECT authz.set_token('%{ann}')", $who);
		on($wire, 'SELECT ' . $faults{$fault}->($i) . "; SET dbmi_authz.token = '%{bob}'");
		my ($now) = on($wire, $who);
		$odd++ unless $now =~ /^(?:ann\|valid\|3|bob\|valid\|5|nobody\|rejected\|0)$/;
	}
	is($odd, 0, "a second login, $fault: who is there is somebody whole");
	ok(end_all('app'), "a second login, $fault: the sessions can be ended");
}

# What cannot be put right ends the session: a complaint for which there is no memory.
my ($ended, $kept, $odd, @open) = (0, 0, 0);
my $long = 'x' x 30000;
for my $i (1 .. 60)
{
	my $wire = AzWire->new($node, user => 'chief');
	push @open, $wire;
	on($wire, "SET client_min_messages = error", "SET dbmi_authz.token_scope = '$long'");
	eval { on($wire, 'SELECT ' . $faults{'memory has run out'}->($i) . '; SELECT authz.token_state()') };
	my @got = eval { on($wire, 'SELECT authz.token_state()', 'SHOW dbmi_authz.token_scope') };
	if (!@got) { $ended++ }
	elsif ("@got" eq 'none transaction') { $kept++ }
	else { $odd++; diag("$i: @got") }
}
cmp_ok($ended, '>', 0, "a value that could not be taken over: $ended sessions ended, $kept went on");
is($odd, 0, 'and none with half of the settings');
like(slurp_file($node->logfile), qr/FATAL:  could not take over the values of parameter "dbmi_authz.token_scope"/, 'which the log tells');
undef @open;

# The example of the list of faults: stopped between a warning and the rest.
my $wire = AzWire->new($node);
my @got = on($wire, "SET dbmi_authz.token_scope = 'bogus'", "SET statement_timeout = '100ms'", "SELECT authz.has_scope(md5(lpad('', 100000000, 'x')))",
	'SET statement_timeout = 0', 'SELECT authz.token_state()', 'SELECT 1');
is_deeply(\@got, [ '57014: canceling statement due to statement timeout', 'none', '1' ], 'a timeout in the statement that loads');
ok(end_all('app'), 'and the session can be ended');

# Z11: a first load waits for nobody, the first question does, and can be stopped
my $locker = AzWire->new($node, user => $super);
my %stops = (
	'a timeout' => sub { },
	'a cancelled query' => sub { on($admin, "SELECT pg_cancel_backend($_[0])") },
	'the end of the session' => sub { on($admin, "SELECT pg_terminate_backend($_[0], 10000)") });
for my $table ('authz.issuer', 'authz.issuer_key', 'authz.revocation', 'pg_catalog.pg_parameter_acl')
{
	for my $how (sort keys %stops)
	{
		$wire = AzWire->new($node);
		my $pid = pid($wire);
		on($wire, "SET dbmi_authz.token = '%{ann}'", "SET dbmi_authz.token_scope = 'transaction'");
		on($wire, "SET statement_timeout = '300ms'") if $how eq 'a timeout';
		on($locker, 'BEGIN', "LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
		begin($wire, 'SELECT authz.subject()');
		ok($node->poll_query_until('postgres', "SELECT wait_event_type = 'Lock' OR state = 'idle' FROM pg_stat_activity WHERE pid = $pid"), "$table, $how: the question waits");
		my @stopped = $stops{$how}->($pid);
		if ($how eq 'the end of the session')
		{
			is($stopped[0], 't', "$table, $how: it ends");
			on($locker, 'ROLLBACK');
			next;
		}
		my ($answer) = $wire->answers;
		like($answer, qr/^57014: /, "$table, $how: it stops");
		if ($table ne 'pg_catalog.pg_parameter_acl')
		{
			# judged or not, it is a session like any other
			on($wire, 'SET statement_timeout = 0');
			my @shown = on($wire, 'SHOW dbmi_authz.token', 'SHOW dbmi_authz.token_scope', 'SELECT authz.verify_token(NULL)');
			is($shown[0], 'token not verified yet', "$table, $how: nobody has judged it");
			is($shown[1], 'session', "$table, $how: the settings are there");
		}
		on($locker, 'ROLLBACK');
		on($wire, 'SET statement_timeout = 0');
		is((on($wire, $who))[-1], 'ann|valid|3', "$table, $how: the next question is answered");
	}
}
# accept: what needs no answer from the tables waits for nobody
on($locker, 'BEGIN', 'LOCK TABLE authz.issuer, authz.issuer_key, authz.revocation, authz.inactive_subject IN ACCESS EXCLUSIVE MODE');
$wire = AzWire->new($node);
is_deeply([ on($wire, "SET statement_timeout = '10s'", "SET dbmi_authz.token = '%{ann}'", 'SELECT authz.clear_token()', 'SELECT authz.token_state()') ], [ '', 'none' ], 'logging out waits for nobody');
on($locker, 'ROLLBACK');
ok(end_all('app'), 'the sessions can be ended');

# While parallel workers run nothing can be set, so nothing be taken over.
my $force = $node->safe_psql('postgres', 'SHOW server_version_num') >= 160000 ? 'debug_parallel_query' : 'force_parallel_mode';
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE big AS SELECT i AS id FROM generate_series(1, 20000) i;
GRANT SELECT ON big TO app, scoped;
CREATE FUNCTION asks() RETURNS text LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS 'BEGIN RETURN authz.token_state(); END';
SQL
my @parallel = map { "SET $_" } "$force = on", 'parallel_setup_cost = 0', 'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0';
my $asks = 'SELECT asks() FROM (SELECT count(*) FROM big) b';
$wire = AzWire->new($node, user => 'scoped');
is_deeply([ on($wire, @parallel, $asks, "SELECT authz.token_state()", 'SHOW dbmi_authz.token_scope', $asks) ],
	[ '25000: parameter "dbmi_authz.token_scope" cannot be defined during a parallel operation', 'none', 'transaction', 'none' ],
	'a first call while workers run, with settings to take over: an error, and nothing lost');
$wire = AzWire->new($node);
is_deeply([ on($wire, @parallel, $asks) ], ['none'], 'without, it is loaded');
ok(end_all('app') && end_all('scoped'), 'the sessions can be ended');

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|terminated by signal|server process .* exited|TRAP/, 'nothing crashed');
ok(!holds_token($log, $_), 'no token in the log') for values %tokens;
$node->stop('fast');
done_testing();
