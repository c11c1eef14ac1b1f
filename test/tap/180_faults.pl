# What happens to a session in the middle of a login: timeouts, cancelled
# queries, ended backends, errors in savepoints.  Afterwards it is who the rules
# say, and memory does not grow however often somebody logs in.
#
# DBMI_CALLS=1000000 makes the last part longer (make check-endurance),
# DBMI_LONG=1 five times as long.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $calls = $ENV{DBMI_CALLS} // ($ENV{DBMI_LONG} ? 300000 : 60000);
my $node = start_node('main', "fsync = off\nlog_min_error_statement = panic\ndbmi_authz.log_logins = all\ndbmi_authz.log_identity = all");
trust($node, 'postgres');
my $ann = mint();
my $bob = mint(sub => 'bob');
my $forged = forge(sub => 'eve');
my @secrets = ($ann, $bob, $forged);
$node->safe_psql('postgres', <<"SQL");
CREATE ROLE app LOGIN;
CREATE TABLE doc (owner text);
INSERT INTO doc SELECT 'ann' FROM generate_series(1, 3);
INSERT INTO doc SELECT 'bob' FROM generate_series(1, 5);
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON doc USING (authz.is_owner(owner));
GRANT SELECT ON doc TO app;
CREATE TABLE bearer (name text, token text);
INSERT INTO bearer VALUES ('ann', '$ann'), ('bob', '$bob'), ('forged', '$forged');
GRANT SELECT ON bearer TO app;
-- Logs in again and again, so that whatever comes comes in the middle of it.  A
-- refusal is never remembered: each one is verified.
CREATE FUNCTION storm(who text, times int DEFAULT 100000000) RETURNS void LANGUAGE plpgsql AS \$\$
DECLARE
	t text := (SELECT token FROM bearer WHERE name = who);
BEGIN
	FOR i IN 1 .. times LOOP
		PERFORM authz.try_set_token(t);
	END LOOP;
END \$\$;
SQL

my $who = "SELECT coalesce(authz.subject(), 'nobody'), authz.token_state(), (SELECT count(*) FROM doc)";

# on(CONNECTION, STATEMENT...): the answers of all of them, one after the other.
sub on
{
	my ($wire, @statements) = @_;
	return map { $wire->query($_)->answers } @statements;
}

# C7.3: interrupts at any moment of a login
# A statement timeout at every moment of a login.
my $wire = AzWire->new($node);
my ($wrong, $stopped) = (0, 0);
for my $i (1 .. 60)
{
	my $ms = 1 + $i % 20;
	on($wire, "SELECT authz.set_token('$ann')");
	my @got = on($wire, "SET statement_timeout = $ms", "SELECT storm('bob')", 'SET statement_timeout = 0', $who);
	$stopped++ if grep { /^57014/ } @got;
	# the transaction that logged bob in has failed: ann is back
	$wrong++ if $got[-1] ne 'ann|valid|3';
	@got = on($wire, "SET statement_timeout = $ms", "SELECT storm('forged')", 'SET statement_timeout = 0', $who);
	$stopped++ if grep { /^57014/ } @got;
	# a failed login leaves nobody, whatever is rolled back; or it came to none
	$wrong++ if $got[-1] ne 'nobody|rejected|0' && $got[-1] ne 'ann|valid|3';
}
is($stopped, 120, 'each was stopped');
is($wrong, 0, 'and each time the session is who it must be');

# The same in savepoints.
$wrong = 0;
for my $i (1 .. 40)
{
	my $ms = 1 + $i % 15;
	my @got = on($wire, 'RESET ALL', "SELECT authz.set_token('$ann')", 'BEGIN', "SELECT authz.set_token('$bob', true)", 'SAVEPOINT s', "SET LOCAL statement_timeout = $ms",
		"SELECT storm('ann')", 'ROLLBACK TO s', $who, "SET LOCAL statement_timeout = $ms", "SELECT storm('forged')", 'ROLLBACK TO s', $who, 'ROLLBACK', $who);
	my @states = grep { /\|/ } @got;
	$wrong++ unless $states[0] eq 'bob|valid|5';
	$wrong++ unless $states[1] eq 'nobody|rejected|0' || $states[1] eq 'bob|valid|5';
	$wrong++ unless $states[2] eq ($states[1] =~ /^nobody/ ? 'nobody|rejected|0' : 'ann|valid|3');
}
is($wrong, 0, 'in savepoints too');

# Cancelled by somebody else.
$wrong = 0;
for my $i (1 .. 20)
{
	on($wire, 'RESET ALL', "SELECT authz.set_token('$ann')");
	my ($pid) = on($wire, 'SELECT pg_backend_pid()');
	$wire->query("SELECT storm('bob')");
	$wire->{socket}->syswrite($wire->{sent});
	$wire->{sent} = '';
	sleep 0.002 * $i;
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	my ($error) = $wire->answers;
	my ($state) = on($wire, $who);
	$wrong++ if $error !~ /^57014/ || $state ne 'ann|valid|3';
}
is($wrong, 0, 'a cancelled query leaves who was there before it');

# Ended, between login and commit, and in the middle of a login.
for my $how ("SELECT authz.set_token('$ann')", "SELECT storm('bob')", "SELECT storm('forged')")
{
	my $victim = AzWire->new($node);
	my ($pid) = on($victim, 'SELECT pg_backend_pid()');
	on($victim, 'BEGIN');
	$victim->query($how);
	$victim->{socket}->syswrite($victim->{sent});
	sleep 0.05;
	is($node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 5000)"), 't', 'the backend ends');
	my ($state) = on(AzWire->new($node), $who);
	is($state, 'nobody|none|0', 'and nobody inherits from it');
}
# A client that vanishes there.
my $gone = AzWire->new($node);
my ($pid) = on($gone, 'SELECT pg_backend_pid()');
on($gone, 'BEGIN', "SELECT authz.set_token('$ann')");
close $gone->{socket};
ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)"), 'the backend of a client that vanished goes');

# Errors in the middle of things: what was there stays, what failed is over.
is_deeply([ on($wire, 'RESET ALL', "SELECT authz.set_token('$ann')", "SELECT authz.set_token('$bob'), 1 / (random() * 0)::int", $who) ],
	[ '', '22012: division by zero', 'ann|valid|3' ], 'an error in the statement that logs in');
is_deeply([ on($wire, "SELECT authz.set_token('$ann')", "SELECT authz.try_set_token('$forged'), 1 / (random() * 0)::int", $who) ],
	[ '', '22012: division by zero', 'nobody|rejected|0' ], 'an error after a failed login');
is_deeply([ on($wire, "SELECT authz.set_token('$ann')", 'BEGIN', 'SELECT 1 / 0', "SELECT authz.set_token('$bob')", 'COMMIT', $who) ],
	[ '', '22012: division by zero', '25P02: current transaction is aborted, commands ignored until end of transaction block', 'ann|valid|3' ], 'in an aborted transaction');

# C7.1, C7.5: nothing is left behind by logins, good and bad
# Memory: good tokens, known and new, bad ones of many kinds.
my $dir = "$FindBin::RealBin/../sql";
$node->safe_psql('postgres', slurp_file("$dir/mint.sql"));
my $resident = "substring(pg_read_file('/proc/self/status') FROM 'VmRSS:\\s+(\\d+)')::int";
my ($before, $after, $good, $bad) = split /\|/, $node->safe_psql('postgres', <<"SQL");
SET client_min_messages = error;
DO \$\$ BEGIN PERFORM authz.add_issuer('https://many.example', '{clinic}', options => '{"algorithms": ["HS256"]}');
PERFORM authz.add_secret('https://many.example', mint.secret()); END \$\$;
CREATE TEMP TABLE many AS SELECT i, mint.token(jsonb_build_object('iss', 'https://many.example', 'jti', i::text, 'groups', array_fill('group' || i, ARRAY[i % 40 + 1]))) AS token
  FROM generate_series(1, 300) i;
INSERT INTO many SELECT 1000 + i, CASE i % 6 WHEN 0 THEN token || 'x' WHEN 1 THEN left(token, -7) WHEN 2 THEN replace(token, '.', '..') WHEN 3 THEN repeat(token, 100)
	WHEN 4 THEN mint.token('{"iss": "https://many.example", "exp": 1}') ELSE mint.token('{"iss": "https://many.example", "sub": 7}') END FROM many;
CREATE TEMP TABLE seen (resident int, good bigint, bad bigint);
DO \$\$
DECLARE
	tokens text[] := (SELECT array_agg(token ORDER BY md5(i::text)) FROM many);
	n int := cardinality(tokens);
	good bigint := 0;
	bad bigint := 0;
BEGIN
	FOR i IN 1 .. $calls LOOP
		IF authz.try_set_token(tokens[i % n * 7919 % n + 1]) THEN
			good := good + 1;
		ELSE
			bad := bad + 1;
		END IF;
		IF i % ($calls / 10) = 0 THEN
			INSERT INTO seen VALUES ($resident, good, bad);
		END IF;
	END LOOP;
END \$\$;
SELECT (array_agg(resident ORDER BY good + bad))[3], (array_agg(resident ORDER BY good + bad))[10], max(good), max(bad) FROM seen;
SQL
cmp_ok($good, '>', $calls / 3, "$good logins succeed");
cmp_ok($bad, '>', $calls / 3, "$bad are refused");
cmp_ok($after, '<=', $before + 512, "memory stays as it is: $before kB after three tenths, $after kB in the end");

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|terminated by signal|server process .* exited/, 'nothing crashed');
ok(!holds_token($log, $_), 'no token in the log') for @secrets;
$node->stop;
done_testing();
