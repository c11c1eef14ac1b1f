# Sets: a key with valid_until ends by the clock.  No row is there later than a
# second after the end, in one long statement, under a snapshot that is older, from
# a plan that was kept, from a cursor, by an index, and in a set over the set; and
# as long as it holds, it is there.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use Test::More;
use Time::HiRes qw(time sleep);

my $node = start_node('main', 'fsync = off');
my $admin = $node->safe_psql('postgres', 'SELECT current_user');
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE share (k integer, who text, until timestamptz);
CREATE TABLE folder (id integer, parent integer);
CREATE TABLE doc (id integer PRIMARY KEY, k integer);
INSERT INTO doc SELECT i, 1 + i % 3 FROM generate_series(1, 60) i;
INSERT INTO doc SELECT i, 99 FROM generate_series(61, 3000) i;
INSERT INTO folder VALUES (10, 1);
CREATE INDEX ON doc (k);
CREATE TABLE paper AS TABLE doc;
CREATE INDEX ON paper (k);
SELECT authz.watch('share'), authz.watch('folder');
CREATE VIEW timed AS SELECT k, until AS valid_until FROM share WHERE who = authz.user_id();
CREATE VIEW below AS SELECT f.id AS k FROM unnest(authz.set_keys('timed', NULL::integer)) r JOIN folder f ON f.parent = r UNION ALL SELECT k FROM folder, LATERAL (SELECT 4 AS k) x WHERE authz.in_set('timed', parent);
CREATE VIEW over AS SELECT k FROM unnest(authz.set_keys('timed', NULL::integer)) k;
CREATE VIEW mine AS SELECT k FROM share WHERE who = authz.user_id() AND authz.authenticated_within('3 s');
CREATE FUNCTION slow(id integer) RETURNS integer VOLATILE COST 100000 LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.15); RETURN id; END $$;
CREATE FUNCTION late(key integer, seconds float8) RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(seconds); RETURN authz.in_set('timed', key); END $$;
CREATE FUNCTION asks() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) > 0 FROM doc WHERE authz.in_set('timed', k)); END $$;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.in_set('timed', k));
CREATE ROLE app LOGIN;
GRANT SELECT ON doc, paper, share, timed, below, over, mine, folder TO app;
ANALYZE;
SQL
my $wire = AzWire->new($node, user => 'app');
my $token = mint();

sub ask { return grep { length } map { $wire->query($_)->answers } @_; }

# From now on key 1 holds for that many seconds, key 2 has ended, key 3 never ends.
sub give
{
	my ($seconds) = @_;
	$node->safe_psql('postgres', "BEGIN; DELETE FROM share; INSERT INTO share VALUES (1, 'ann', clock_timestamp() + interval '$seconds s'), (1, 'ann', now() - interval '1 h'), " .
		"(2, 'ann', now() - interval '1 s'), (3, 'ann', NULL), (3, 'ann', now() - interval '1 h'); COMMIT");
	return ($node->safe_psql('postgres', 'SELECT extract(epoch FROM max(until)) FROM share WHERE k = 1'));
}

sub wait_for { my ($end) = @_; my $left = $end + 1 - time; sleep $left if $left > 0; return; }

ask("SELECT authz.set_token('$token')");
my %way = (
	'the check' => "SELECT authz.in_set('timed', 1)",
	'all keys' => "SELECT 1 = ANY (authz.set_keys('timed', NULL::integer))",
	'the policy' => 'SELECT count(*) > 0 FROM doc WHERE k = 1',
	'a function' => 'SELECT asks() AND late(1, 0)',
	'the outer set' => "SELECT authz.in_set('below', 10) AND authz.in_set('below', 4)",
	'a kept plan' => 'EXECUTE kept', 'a plan for all' => 'EXECUTE general');
ask("PREPARE kept AS SELECT count(*) > 0 FROM doc WHERE authz.in_set('timed', k) AND k = 1", 'SET plan_cache_mode = force_generic_plan',
	"PREPARE general AS SELECT count(*) > 0 FROM doc, generate_series(1, 1) WHERE authz.in_set('timed', k) AND k = 1", 'EXECUTE general', 'RESET plan_cache_mode');

# ---- statements before and after the end ----

for my $level ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	for my $index ('off', 'on')
	{
		my $end = give(1.5);
		ask("SET enable_seqscan = $index", "BEGIN ISOLATION LEVEL $level");
		my %got = map { $_ => (ask($way{$_}))[0] } sort keys %way;
		my $begun = time < $end;
		is_deeply(\%got, { map { $_ => 't' } keys %way }, "$level, seqscan $index: it holds") if $begun;
		ok($begun, 'the answers came before its end');
		wait_for($end);
		%got = map { $_ => (ask($way{$_}))[0] } sort keys %way;
		is_deeply(\%got, { map { $_ => 'f' } keys %way }, "$level, seqscan $index: it has ended");
		is_deeply([ ask("SELECT authz.set_keys('timed', NULL::integer)", "SELECT authz.in_set('timed', 3)", "SELECT authz.in_set('timed', 2)") ], [ '{3}', 't', 'f' ], 'what never ends, and what has ended long ago');
		ask('COMMIT');
	}
}
ask('RESET enable_seqscan');

# ---- within one statement ----

# Rows that came later than a second after the end, and those that came in time.
my @plans = (
	[ 'Index', 'SET enable_seqscan = off', 'SET enable_bitmapscan = off' ],
	[ 'Index', 'over' ],
	[ 'Bitmap', 'SET enable_seqscan = off', 'SET enable_indexscan = off', 'SET enable_bitmapscan = on' ],
	[ 'Seq', 'SET enable_indexscan = off', 'SET enable_bitmapscan = off', 'SET enable_seqscan = on' ]);
for my $plan (@plans)
{
	my ($scan, @settings) = @$plan;
	my $set = $settings[0] eq 'over' ? shift @settings : 'timed';
	my $end = give(1.2);
	ask(@settings);
	my $rows = "SELECT k, CASE k WHEN 1 THEN slow(id) END, extract(epoch FROM clock_timestamp()) AS at FROM paper WHERE authz.in_set('$set', k) OFFSET 0";
	my $plan = join ' ', ask("EXPLAIN (COSTS OFF) $rows");
	like($plan, qr/$scan.*Scan/, "by a scan: $scan");
	like($plan, qr/Index Cond: .*set_keys/, 'by the keys') if $scan ne 'Seq';
	my ($got) = ask("SELECT count(*) FILTER (WHERE k = 1 AND at > $end + 1.0) || ' late, ' || (count(*) FILTER (WHERE k = 1 AND at < $end) > 2) || ' in time, ' || count(*) FILTER (WHERE k = 3) FROM ($rows) x");
	is($got, '0 late, true in time, 20', "one statement: $set, $scan");
}
ask('RESET enable_seqscan', 'RESET enable_indexscan', 'RESET enable_bitmapscan');
{
	my $end = give(1);
	my @got = ask("SELECT authz.in_set('timed', 1), pg_sleep(2.1), authz.in_set('timed', 1), authz.set_keys('timed', NULL::integer)", "SELECT late(3, 0), late(1, 0)");
	is_deeply(\@got, [ 't||f|{3}', 't|f' ], 'one expression');
	$end = give(1);
	is_deeply([ ask("SELECT late(1, 0), late(1, 2.1), late(3, 0)") ], [ 't|f|t' ], 'a function that asks late');
	$end = give(1);
	is_deeply([ ask("SELECT n, authz.in_set('timed', 1), authz.in_set('below', 10), 1 * n = ANY (SELECT n * unnest(authz.set_keys('timed', NULL::integer))), pg_sleep(0.7) FROM generate_series(1, 4) n") ]->[3], '4|f|f|f|', 'a row that comes late');
}

# ---- cursors ----

for my $plan (@plans)
{
	my ($scan, @settings) = @$plan;
	next if $settings[0] eq 'over';
	my $end = give(1.2);
	ask(@settings, 'BEGIN', "DECLARE c CURSOR FOR SELECT k FROM paper WHERE authz.in_set('timed', k) ORDER BY k, id",
		"DECLARE d CURSOR FOR SELECT k FROM paper WHERE authz.in_set('timed', k)");
	ok((grep { $_ == 1 } ask('FETCH 2 FROM d')) > 0, "cursor, before its end: $scan");
	wait_for($end);
	is_deeply([ grep { $_ != 3 } ask('FETCH 100 FROM d') ], [], "cursor, after its end: $scan");
	is_deeply([ ask('FETCH 100 FROM c') ], [ (3) x 20 ], "cursor, fetched from after its end: $scan");
	ask('COMMIT');
}
ask('RESET ALL', "SELECT authz.set_token('$token')");

# ---- an end that is put off, and one that is brought forward ----

{
	my $end = give(1);
	ask('SELECT asks()');
	$node->safe_psql('postgres', "UPDATE share SET until = until + interval '1 h' WHERE k = 1 AND until > now()");
	wait_for($end);
	is((ask("SELECT authz.in_set('timed', 1)"))[0], 't', 'an end that was put off');
	$node->safe_psql('postgres', "UPDATE share SET until = now()");
	is((ask("SELECT authz.in_set('timed', 1)"))[0], 'f', 'an end that was brought forward');
	$node->safe_psql('postgres', "UPDATE share SET until = CASE k WHEN 1 THEN 'infinity' ELSE '-infinity' END::timestamptz");
	is((ask("SELECT authz.set_keys('timed', NULL::integer)"))[0], '{1}', 'no end, and no beginning');
}

# ---- what the identity's own time decides ----

{
	give(100);
	my $login = mint(auth_time => '+0');
	ask("SELECT authz.set_token('$login')", 'PREPARE mine AS SELECT authz.in_set(\'mine\', 1), 1 IN (SELECT k FROM mine)');
	is((ask('EXECUTE mine'))[0], 't|t', 'a login of just now');
	sleep 4.1;
	is((ask('EXECUTE mine'))[0], 'f|f', 'is none of just now later');
}

$node->stop;
done_testing();
