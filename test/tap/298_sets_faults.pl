# Working a set out, stopped at any moment: memory runs out at each allocation, the
# query is cancelled wherever PostgreSQL looks for that, the view raises an error.
# The same session then answers what a sub-select answers, as whoever it is, under
# its own role and search path, and hears of the next change; memory stays as it is.
#
# test/faults/faults.c, in LD_PRELOAD, makes it fail.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

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
my $ann = mint();
$node->safe_psql('postgres', <<"SQL");
CREATE ROLE app LOGIN;
CREATE TABLE share (k integer PRIMARY KEY, who text);
CREATE TABLE folder (id integer PRIMARY KEY, parent integer);
INSERT INTO share VALUES (1, 'ann'), (2, 'bob'), (3, 'ann');
INSERT INTO share SELECT i, 'ann' FROM generate_series(1000, 4000) i;
INSERT INTO folder SELECT i, i - 10 FROM generate_series(11, 13) i;
SELECT authz.watch('share'), authz.watch('folder');
CREATE VIEW mine AS SELECT k FROM share WHERE who = authz.user_id();
CREATE VIEW below AS SELECT id FROM folder WHERE parent = ANY (authz.set_keys('mine', NULL::integer)) UNION SELECT k FROM share WHERE authz.in_set('mine', k);
CREATE VIEW broken AS SELECT 1 / (k - 2) AS k FROM share WHERE who = authz.user_id();
CREATE VIEW over_broken AS SELECT id FROM folder WHERE authz.in_set('broken', id);
CREATE VIEW checked AS SELECT k, authz.in_set('below', k) AS held, k IN (SELECT id FROM below) AS found FROM generate_series(1, 20) k;
CREATE SCHEMA faults;
CREATE SCHEMA own;
GRANT USAGE ON SCHEMA faults, own TO app;
GRANT SELECT ON mine, below, broken, over_broken, checked TO app;
CREATE FUNCTION faults.fail_allocations(int, boolean) RETURNS void LANGUAGE c AS '$faults';
CREATE FUNCTION faults.cancel_at(int) RETURNS void LANGUAGE c AS '$faults';
CREATE FUNCTION faults.counted_before() RETURNS int LANGUAGE c AS '$faults';
SQL
my $super = $node->safe_psql('postgres', 'SELECT current_user');
my $admin = AzWire->new($node, user => $super);

sub on
{
	my ($wire, @statements) = @_;
	alarm 120;
	return grep { length } map { $wire->query($_)->answers } @statements;
}

my $state = "SELECT bool_and(held = found), array_agg(k) FILTER (WHERE found), current_user, current_setting('search_path'), authz.subject() FROM checked";
my $shares = 0;

# Somebody else changes a share: what is kept holds no longer.
sub change { on($admin, $shares ? "UPDATE share SET who = 'bob' WHERE k = 2" : "UPDATE share SET who = 'ann' WHERE k = 2"); $shares = !$shares; return; }
sub due { return join '|', 't', $shares ? '{1,2,3,11,12,13}' : '{1,3,11,13}', 'app', 'own, public', 'ann'; }

sub session_of_ann
{
	my $wire = AzWire->new($node);
	# a language that cannot be loaded ends the session
	on($wire, "DO 'BEGIN END'", 'SET search_path = own, public', "SELECT authz.set_token('$ann')");
	return $wire;
}

my %faults = (
	'memory runs out once' => sub { "faults.fail_allocations($_[0], false)" },
	'memory has run out' => sub { "faults.fail_allocations($_[0], true)" },
	'cancelled' => sub { "faults.cancel_at($_[0])" });
my %questions = (
	'a check' => "SELECT authz.in_set('below', 11)",
	'all keys' => "SELECT cardinality(authz.set_keys('below', NULL::integer)) > 0",
	'a check that is planned, within a block that catches' =>
	  "DO 'BEGIN PERFORM count(*) FROM folder_list WHERE authz.in_set(''below'', id); EXCEPTION WHEN OTHERS OR query_canceled THEN PERFORM authz.in_set(''below'', 11); END'");
$node->safe_psql('postgres', 'CREATE VIEW folder_list AS SELECT id FROM folder; GRANT SELECT ON folder_list TO app');

for my $fault (sort keys %faults)
{
	for my $question (sort keys %questions)
	{
		# from the first time on, in a session for each moment; and in one that has asked before
		for my $fresh (1, 0)
		{
			my $wire = session_of_ann();
			on($wire, $state) unless $fresh;
			change();
			on($wire, 'SELECT ' . $faults{$fault}->(0) . "; $questions{$question}");
			my $n = (on($wire, 'SELECT faults.counted_before()'))[-1];
			my ($failed, $wrong, $step) = (0, 0, $n > 120 ? int($n / 60) : 1);
			for (my $i = 1; $i <= $n; $i += $step)
			{
				$wire = session_of_ann() if $fresh;
				change();
				my @got = on($wire, 'SELECT ' . $faults{$fault}->($i) . "; $questions{$question}");
				$failed++ if grep { /^(53200|57014)/ } @got;
				my @now = on($wire, $state);
				change();
				push @now, on($wire, $state);
				next if $now[1] eq due() && $now[0] =~ /^t\|\{1,(2,)?3,11,(12,)?13\}\|app\|own, public\|ann$/ && !grep { /^(f|42P17|XX)/ } @got;
				diag("$fault, $question at $i of $n: @got, then @now") if $wrong++ < 3;
			}
			my $what = "$fault, $question, " . ($fresh ? 'the first one' : 'a later one');
			cmp_ok($failed, '>', 0, "$what: $n moments, $failed raised something");
			is($wrong, 0, "$what: afterwards all is right");
		}
	}
}

# ---- an error in the view ----

{
	my $wire = session_of_ann();
	change() unless $shares;
	is_deeply([ on($wire, "SELECT authz.in_set('broken', 1)", "SELECT authz.in_set('over_broken', 1)", $state) ],
		[ ('22012: division by zero') x 2, due() ], 'an error is raised as it is');
	is((on($wire, "DO 'BEGIN PERFORM authz.in_set(''over_broken'', 1); EXCEPTION WHEN division_by_zero THEN PERFORM authz.in_set(''below'', 1); END'", $state))[0], due(), 'and can be caught');
	change();
	is_deeply([ on($wire, "SELECT authz.in_set('broken', -1)", "SELECT authz.in_set('over_broken', 1)") ], [ 't', 'f' ], 'without its cause it is none');
}

# ---- a timeout, often, and what memory it takes ----

{
	my $wire = AzWire->new($node, user => $super);
	on($wire, "SELECT authz.set_token('$ann')", 'CREATE VIEW slow AS SELECT k FROM share WHERE who = authz.user_id() AND (SELECT count(*) FROM share a, share b) > 0');
	my $used = "SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name <> 'ErrorContext' AND name LIKE 'dbmi_authz%' OR name = 'TopMemoryContext'";
	my (@used, $stopped);
	for my $i (1 .. 60)
	{
		my @got = on($wire, 'SET statement_timeout = ' . (1 + $i % 20), "SELECT authz.in_set('slow', 1)", 'SET statement_timeout = 0');
		$stopped++ if grep { /^57014/ } @got;
		push @used, on($wire, $used) if $i == 20 || $i == 60;
	}
	cmp_ok($stopped // 0, '>', 50, 'each was stopped');
	cmp_ok($used[1], '<=', $used[0] + 65536, "and left nothing: $used[0] bytes, then $used[1]");
	is((on($wire, "SELECT count(*) FROM checked WHERE held <> found"))[0], '0', 'others answer');
}

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|terminated by signal|server process .* exited|TRAP|snapshot reference leak|resource was not closed/, 'nothing crashed, and nothing leaked');
$node->stop('fast');
done_testing();
