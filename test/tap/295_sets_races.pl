# Sets, while others commit: who asks in_set() sees in one statement what a
# sub-select sees, also while a commit can be seen and has not been told of, on a
# hot standby, and when it is the apply worker of logical replication that writes.
#
# 12,000 questions of each kind; DBMI_READS=1000000 asks for more, DBMI_LONG=1 for a
# million in all.  DBMI_SEED repeats a run.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time sleep);

my $reads = $ENV{DBMI_READS} // ($ENV{DBMI_LONG} ? 430000 : 12000);
my $seed = $ENV{DBMI_SEED} // int(rand(1e9));
diag("seed $seed");

# Makes commits slow.
my $slow_commit = PostgreSQL::Test::Utils::tempdir() . '/slow_commit.so';
build_library('hooks/slow_commit.c', $slow_commit);

my $node = init_node('main', allows_streaming => 'logical');
$node->append_conf('postgresql.conf', join "\n", 'fsync = off', 'max_connections = 60', 'max_prepared_transactions = 10', 'log_min_messages = warning', 'log_statement = none', 'hot_standby_feedback = on', 'max_standby_streaming_delay = -1', 'jit = off', '');
$node->start;
$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
my $admin = $node->safe_psql('postgres', 'SELECT current_user');

# Shares, folders below them, and documents that are in a folder: in each committed
# state a document is either secret or in no folder that is shared.
my $schema = <<'SQL';
CREATE TABLE share (id integer PRIMARY KEY, who text NOT NULL, folder integer);
CREATE TABLE folder (id integer PRIMARY KEY, parent integer);
CREATE TABLE team (member text, team text, PRIMARY KEY (member, team));
CREATE TABLE part (id integer PRIMARY KEY, who text, folder integer) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (5);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (5) TO (100);
CREATE TABLE doc (id integer PRIMARY KEY, folder integer, hits integer DEFAULT 0);
CREATE INDEX ON doc (folder);
SQL
my $sets = <<'SQL';
CREATE VIEW roots AS
	SELECT folder FROM share WHERE who = authz.user_id() OR who IN (SELECT team FROM team WHERE member = authz.user_id())
	UNION ALL SELECT folder FROM part WHERE who = authz.user_id();
CREATE VIEW below AS
	WITH RECURSIVE r(id) AS (
		SELECT folder FROM share WHERE who = authz.user_id()
		UNION SELECT f.id FROM r, LATERAL (SELECT id FROM folder WHERE parent = r.id OFFSET 0) f)
	SELECT id FROM r;
CREATE VIEW nested AS
	WITH RECURSIVE r(id) AS (
		SELECT k FROM unnest(authz.set_keys('roots', NULL::integer)) k
		UNION SELECT f.id FROM r JOIN folder f ON f.parent = r.id)
	SELECT id FROM r;
CREATE VIEW items AS SELECT id FROM folder WHERE authz.has_item_permission('f' || id, 'view');
SELECT authz.watch(t) FROM unnest('{share,folder,team,part}'::regclass[]) t;
CREATE FUNCTION held(folder integer) RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN authz.in_set('below', folder); END $$;
CREATE VIEW eq_roots AS SELECT count(*) FILTER (WHERE authz.in_set('roots', folder) <> (folder IN (TABLE roots))) AS n FROM doc;
CREATE VIEW eq_below AS SELECT count(*) FILTER (WHERE authz.in_set('below', folder) <> (folder IN (TABLE below))) AS n FROM doc;
CREATE VIEW eq_nested AS SELECT count(*) FILTER (WHERE authz.in_set('nested', folder) <> (folder IN (TABLE nested))) AS n FROM doc;
CREATE VIEW eq_items AS SELECT count(*) FILTER (WHERE authz.in_set('items', folder) <> (folder IN (TABLE items))) AS n FROM doc;
CREATE VIEW eq_held AS SELECT count(*) FILTER (WHERE held(folder) <> (folder IN (TABLE below))) AS n FROM doc WHERE id < 5;
CREATE VIEW equal AS SELECT r.n AS roots, b.n AS below, t.n AS nested, i.n AS items FROM eq_roots r, eq_below b, eq_nested t, eq_items i;
CREATE VIEW chosen AS
	SELECT (SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM doc WHERE authz.in_set('below', folder)) IS DISTINCT FROM
		   (SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM doc WHERE folder IN (TABLE below)) AS below,
		   authz.set_keys('roots', NULL::integer) IS DISTINCT FROM
		   (SELECT coalesce(array_agg(DISTINCT folder ORDER BY folder), '{}') FROM roots WHERE folder IS NOT NULL) AS keys;
CREATE FUNCTION equal_volatile() RETURNS SETOF eq_nested LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY TABLE eq_nested; END $$;
CREATE FUNCTION equal_stable() RETURNS SETOF eq_below STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY TABLE eq_below; END $$;
CREATE FUNCTION equal_sql() RETURNS SETOF eq_roots LANGUAGE sql AS $$ SELECT pg_sleep(0); TABLE eq_roots $$;
SQL
my $rows = <<'SQL';
INSERT INTO folder SELECT i, CASE WHEN i > 4 THEN i % 4 + 1 END FROM generate_series(1, 12) i;
INSERT INTO share SELECT i, (ARRAY['ann', 'bob', 'team'])[1 + i % 3], i FROM generate_series(1, 4) i;
INSERT INTO part SELECT i, (ARRAY['ann', 'bob'])[1 + i % 2], i FROM generate_series(1, 8) i;
INSERT INTO team VALUES ('ann', 'team');
INSERT INTO doc SELECT i, i % 14 FROM generate_series(1, 28) i;
SQL
my %token = (ann => mint(email => 'ann@example.com'), bob => mint(sub => 'bob', email => 'bob@example.com'));
my @levels = ('READ COMMITTED', 'READ COMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');

sub any { return $_[ int rand @_ ]; }

sub set_up
{
	my ($db, $data) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $db") unless $db eq 'postgres';
	trust($node, $db);
	$node->safe_psql($db, "SELECT authz.alter_issuer('https://id.example', '{\"client\": \"app\"}');\n$schema $data $sets");
	return;
}

# ---- those who write ----

sub changes
{
	my $n = 1 + int rand 4;
	my $m = 1 + int rand 8;
	my $who = any('ann', 'bob', 'team');
	return any(
		"UPDATE share SET who = '$who' WHERE id = $n", "UPDATE share SET folder = 1 + (folder + 1) % 12 WHERE id = $n",
		"UPDATE share SET folder = CASE WHEN folder IS NULL THEN $n END WHERE id = $n",
		"DELETE FROM share WHERE id = $n", "INSERT INTO share VALUES ($n, '$who', $m) ON CONFLICT (id) DO UPDATE SET who = EXCLUDED.who",
		"INSERT INTO share VALUES ($n, '$who', $m) ON CONFLICT DO NOTHING", "UPDATE folder SET parent = $n WHERE id = 4 + $m",
		"UPDATE folder SET parent = NULL WHERE id = 4 + $m",
		"DELETE FROM team", "INSERT INTO team VALUES ('ann', 'team') ON CONFLICT DO NOTHING",
		"UPDATE part SET who = '$who' WHERE id = $m", "UPDATE part_1 SET folder = $m WHERE id = $n", "UPDATE part SET id = (id + 5) % 10 + 10 * (id / 10) WHERE id = $m",
		"UPDATE share SET who = CASE who WHEN 'ann' THEN 'bob' ELSE 'ann' END; UPDATE doc SET folder = $m WHERE id = $n",
		"SAVEPOINT a; DELETE FROM share; ROLLBACK TO a; UPDATE share SET who = '$who' WHERE id = $n",
		"SAVEPOINT a; UPDATE share SET who = '$who' WHERE id = $n; RELEASE a",
		"INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('$who\@example.com', 'app', 'f$m', 'view') ON CONFLICT DO NOTHING",
		"DELETE FROM authz.item_permission WHERE item = 'f$m'");
}

# ... until they are told to end
sub writer
{
	my ($db, $told, $more) = @_;
	my $wire = AzWire->new($node, user => $admin, db => $db);
	my %seen;
	$wire->query($_)->answers for "LOAD '$slow_commit'", "SET lock_timeout = '20ms'";
	while (!-e $told)
	{
		$wire->query('SET slow_commit.delay = ' . (rand() < 0.4 ? int rand 4 : 0))->answers;
		my @sql = ('BEGIN ISOLATION LEVEL ' . any(@levels), $more && rand() < 0.02 ? any(@$more) : changes());
		push @sql, rand() < 0.05 ? 'ROLLBACK' : rand() < 0.05 ? ("PREPARE TRANSACTION 'w$$'", "COMMIT PREPARED 'w$$'") : 'COMMIT';
		for (@sql)
		{
			my ($error) = grep { /^[0-9A-Z]{5}: / } $wire->query($_)->answers;
			next unless $error;
			$seen{ $error =~ /^(40001|40P01|23505|55P03)/ ? 'changes undone' : $error }++;
			$wire->query('ROLLBACK')->answers;
			last;
		}
		# what is dead would soon be all that a reader reads
		$wire->query('VACUUM share, folder, team, part, doc')->answers if ++$seen{changes} % 100 == 0;
		sleep rand 0.002;
	}
	return %seen;
}

# ---- those who read ----

my @ways = ((map { "TABLE eq_$_" } qw(roots below below nested nested items held)), 'TABLE equal', 'TABLE chosen', 'EXECUTE q', 'EXECUTE q', 'EXECUTE shared', 'EXECUTE c',
	'SELECT * FROM equal_volatile()', 'SELECT * FROM equal_stable()', 'SELECT * FROM equal_sql()', 'SELECT e.*, s.* FROM eq_below e, equal_stable() s',
	'SELECT count(*) FROM doc WHERE authz.in_set(\'nested\', folder) <> (folder IN (TABLE nested))');
# looks again at a row that somebody else has changed meanwhile
my @writing_ways = ("WITH u AS (UPDATE doc SET hits = hits + 1 WHERE id < 6 AND authz.in_set('below', folder) RETURNING folder) SELECT count(*) FROM u WHERE folder NOT IN (TABLE below)",
	"SELECT count(*) FROM (SELECT folder FROM doc WHERE id < 9 AND authz.in_set('nested', folder) FOR UPDATE) u WHERE folder NOT IN (TABLE nested)");
my $retry = qr/^(40001|40P01|28000: identity has changed since the query was planned|25P02|55P03)/;

sub reader
{
	my ($count, $where, $db) = @_;
	my $wire = AzWire->new($where, user => $admin, db => $db);
	my $writes = $where == $node;
	my @possible = grep { $writes || !/SERIALIZABLE/ } @levels;
	my (%seen, $asked);
	my $ask = sub {
		my ($sql) = @_;
		my @got = grep { length } $wire->query($sql)->answers;
		for (@got)
		{
			if (/$retry/) { $seen{ '(' . substr($_, 0, 5) . ')' }++; }
			elsif (/^[0-9A-Z]{5}: /) { $seen{$_}++ unless /^34000/; }
			elsif (/t|[1-9]/) { $seen{"UNEQUAL $sql: $_"}++; }
			else { $asked++; }
		}
	};
	$wire->query($_)->answers for "SET lock_timeout = '20ms'", "SELECT authz.set_token('$token{ann}')", 'PREPARE q AS TABLE eq_nested', 'PREPARE c AS TABLE chosen',
		'SET plan_cache_mode = force_generic_plan', 'PREPARE shared AS SELECT e.* FROM eq_below e, doc LIMIT 1', 'EXECUTE shared', 'RESET plan_cache_mode';
	while (($asked // 0) < $count)
	{
		$wire->query("SELECT authz.set_token('$token{ any('ann', 'bob') }')")->answers if rand() < 0.02;
		$wire->query('SET enable_seqscan = ' . any('on', 'off'))->answers if rand() < 0.05;
		if (rand() < 0.6)
		{
			$ask->(any(@ways)) for 1 .. 8;
			$ask->(any(@writing_ways)) if $writes && rand() < 0.3;
			next;
		}
		$wire->query('BEGIN ISOLATION LEVEL ' . any(@possible))->answers;
		$wire->query('SELECT 1 FROM doc LIMIT 0')->answers if rand() < 0.5;
		if (rand() < 0.3)
		{
			$wire->query('DECLARE c CURSOR FOR SELECT e.* FROM eq_below e, doc')->answers;
			$ask->('FETCH c');
		}
		for (1 .. 1 + int rand 5)
		{
			sleep rand 0.003 if rand() < 0.3;
			$ask->(any(@ways));
			$ask->('FETCH c') if rand() < 0.2;
		}
		if ($writes && rand() < 0.2)
		{
			$wire->query($_)->answers for 'SAVEPOINT a', changes();
			$ask->(any(@ways));
			$wire->query('ROLLBACK TO a')->answers;
			$ask->(any(@ways));
		}
		$wire->query(any('COMMIT', 'ROLLBACK'))->answers;
	}
	$seen{asked} = $asked;
	return %seen;
}

# ---- both at once ----

# Forks one for each, waits until those who read are done, and adds up.
sub race
{
	my ($what, $readers, $writers) = @_;
	my $told = PostgreSQL::Test::Utils::tempdir_short() . '/told';
	my (@children, %seen);
	my $n = 0;
	for my $job ((map { [ $_, 1 ] } @$readers), map { [ $_, 0 ] } @$writers)
	{
		$n++;
		pipe my $from, my $to;
		my $pid = fork // die "fork: $!";
		if ($pid == 0)
		{
			srand $seed + $n;
			my %got = eval { $job->[0]->($told) };
			%got = ("died: $@" => 1) if $@;
			syswrite $to, join '', map { s/\n/ /gr . "\t$got{$_}\n" } keys %got;
			POSIX::_exit(0);
		}
		close $to;
		push @children, [ $pid, $from, $job->[1] ];
	}
	for (@children)
	{
		my ($pid, $from, $reads) = @$_;
		append_to_file($told, 'end') unless $reads;
		while (<$from>)
		{
			my ($what, $count) = /^(.*)\t(\d+)$/ or next;
			$seen{$what} += $count;
		}
		waitpid $pid, 0;
	}
	diag("$what: " . join ', ', map { "$_: $seen{$_}" } grep { /^(asked|changes|\()/ } sort keys %seen);
	cmp_ok($seen{changes} // 0, '>', 50, "$what: changes");
	cmp_ok(($seen{'(40001)'} // 0) + ($seen{'(28000)'} // 0), '<', ($seen{asked} // 0) / 4, "$what: few had to be asked again");
	is_deeply([ grep { !/^(asked|changes|\()/ } sort keys %seen ], [], "$what: $seen{asked} answers, none is unequal");
	return;
}

set_up('postgres', $rows);

# ---- one commit that takes long ----

{
	my ($writes, $reads) = map { AzWire->new($node, user => $admin) } 1, 2;
	$reads->query($_)->answers for "SELECT authz.set_token('$token{ann}')", 'PREPARE q AS TABLE equal', 'EXECUTE q', 'TABLE chosen';
	$writes->query($_)->answers for "LOAD '$slow_commit'", "SET slow_commit.delay = '2s'";
	for my $round (1 .. 2)
	{
		my $who = $round == 1 ? 'ann' : 'bob';
		$writes->query("UPDATE share SET who = '$who'")->send_all;
		my $begin = time;
		sleep 0.01 while time < $begin + 10 && ($reads->query("SELECT bool_and(who = '$who') FROM share")->answers)[0] ne 't';
		my @got = map { $reads->query($_)->answers } 'TABLE equal', 'EXECUTE q', 'EXECUTE q', 'SELECT * FROM equal_volatile()', 'SELECT * FROM equal_stable()', 'TABLE chosen';
		@got = grep { !/^40001/ } @got;
		cmp_ok(time - $begin, '<', 1.9, 'it was not told yet');
		is_deeply([ grep { !/^(0(\|0)*|f\|f)$/ } @got ], [], ($round == 1 ? 'a share' : 'its end') . ' that can be seen counts before it is told');
		cmp_ok(scalar @got, '>', 3, 'most were answered');
		$writes->answers;
		is_deeply([ map { $reads->query($_)->answers } 'EXECUTE q', 'TABLE chosen' ], [ '0|0|0|0', 'f|f' ], 'and afterwards');
	}
}

# ---- definitions that change, and an index that goes ----

# While a commit can be seen and has not been told: what somebody who knows no set
# does to a table without the triggers, and what makes a table another's child.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE parent (k integer, who text);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE bare (k integer, who text);
CREATE TABLE divided (k integer, who text) PARTITION BY LIST (k);
CREATE TABLE divided_1 PARTITION OF divided FOR VALUES IN (1);
CREATE TABLE divided_2 PARTITION OF divided FOR VALUES IN (2);
CREATE TABLE indexed (k integer, who text);
CREATE INDEX indexed_who ON indexed (who);
CREATE INDEX indexed_k ON indexed (k);
INSERT INTO parent VALUES (1, 'ann');
INSERT INTO child VALUES (2, 'ann');
INSERT INTO bare VALUES (1, 'ann'), (2, 'ann');
INSERT INTO divided VALUES (1, 'ann'), (2, 'ann');
INSERT INTO indexed VALUES (1, 'ann'), (2, 'ann');
SELECT authz.watch(t) FROM unnest('{parent,bare,divided,indexed}'::regclass[]) t;
CREATE VIEW of_parent AS SELECT k FROM parent WHERE who = authz.user_id();
CREATE VIEW of_bare AS SELECT k FROM bare WHERE who = authz.user_id();
CREATE VIEW of_divided AS SELECT k FROM divided WHERE who = authz.user_id();
CREATE VIEW of_indexed AS SELECT k FROM indexed WHERE who = authz.user_id();
SQL
sub both
{
	my ($set) = @_;
	return "SELECT bool_and(authz.in_set('$set', k) = (k IN (TABLE $set))), array_agg(k ORDER BY k) FILTER (WHERE k IN (TABLE $set)) FROM generate_series(1, 5) k";
}
my $reads_it = AzWire->new($node, user => $admin);
$reads_it->query("SELECT authz.set_token('$token{ann}')")->answers;
for (
	[ 'a table that is a child no more', 'of_parent', 'pg_inherits', 'ALTER TABLE child NO INHERIT parent' ],
	[ 'one that is again', 'of_parent', 'pg_inherits', 'ALTER TABLE child INHERIT parent' ],
	[ 'a partition that is detached', 'of_divided', 'pg_inherits', 'ALTER TABLE divided DETACH PARTITION divided_2' ],
	[ 'one that is attached', 'of_divided', 'pg_inherits', 'ALTER TABLE divided ATTACH PARTITION divided_2 FOR VALUES IN (2)' ],
	[ 'rows changed while the triggers were disabled', 'of_bare', 'bare', 'ALTER TABLE bare DISABLE TRIGGER USER', 'DELETE FROM bare WHERE k = 2',
		'ALTER TABLE bare ENABLE ALWAYS TRIGGER authz_watch', 'ALTER TABLE bare ENABLE ALWAYS TRIGGER authz_watch_truncate' ],
	[ 'rows changed while it was not watched', 'of_bare', 'bare', "SELECT authz.unwatch('bare')", 'DELETE FROM bare', "SELECT authz.watch('bare')" ],
	[ 'another view', 'of_bare', 'bare', 'CREATE OR REPLACE VIEW of_bare AS SELECT k FROM bare WHERE k = 5', "INSERT INTO bare VALUES (5, 'x')" ])
{
	my ($what, $set, $shows, @sql) = @$_;
	my $writes = AzWire->new($node, user => $admin);
	my $seen = "SELECT count(*), sum(hashtext(t::text)) FROM $shows t";
	my ($before) = map { $reads_it->query($_)->answers } both($set), both($set);
	my ($old) = $reads_it->query($seen)->answers;
	my @errors = grep { /^\w{5}: / } map { $writes->query($_)->answers } "LOAD '$slow_commit'", 'BEGIN', @sql, "SET LOCAL slow_commit.delay = '2s'";
	is_deeply(\@errors, [], "$what: done");
	$writes->query('COMMIT')->send_all;
	my $begin = time;
	sleep 0.01 while time < $begin + 0.8 && ($reads_it->query($seen)->answers)[0] eq $old;
	my ($within) = $reads_it->query(both($set))->answers;
	$writes->answers;
	my ($after) = $reads_it->query(both($set))->answers;
	like($_, qr/^t/, $what) for $before, $within, $after;
	isnt($after, $before, 'and it did change something');
}

# A writer that knows an index which is on its way out tells of its change; one who
# has heard that the index goes must listen all the same.
{
	my ($first, $second, $third, $drops) = map { AzWire->new($node, user => $admin) } 1 .. 4;
	$first->query($_)->answers for 'BEGIN', "INSERT INTO indexed VALUES (6, 'x')";
	$drops->query('DROP INDEX CONCURRENTLY indexed_who')->send_all;
	my $waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'DROP INDEX CONCURRENTLY%'";
	$node->poll_query_until('postgres', $waits, '1') or die 'it does not wait';
	$second->query($_)->answers for 'BEGIN', 'DELETE FROM indexed WHERE k = 2';
	$third->query($_)->answers for 'BEGIN', "INSERT INTO indexed VALUES (7, 'x')";
	$first->query('COMMIT')->answers;
	$node->poll_query_until('postgres', "SELECT NOT indislive FROM pg_index WHERE indexrelid = 'indexed_who'::regclass") or die 'it is alive';
	is(($reads_it->query(both('of_indexed'))->answers)[0], 't|{1,2}', 'an index that is being dropped');
	$second->query('COMMIT')->answers;
	is(($reads_it->query(both('of_indexed'))->answers)[0], 't|{1}', 'a change that was told by it');
	$third->query('COMMIT')->answers;
	$drops->answers;
	is(($reads_it->query(both('of_indexed'))->answers)[0], 't|{1}', 'and when it is gone');
}

# One transaction tells of each of its tables, also of two whose numbers look alike.
$node->safe_psql('postgres', <<'SQL');
DO $$
DECLARE
	n integer := 0;
BEGIN
	LOOP
		n := n + 1;
		EXECUTE format('CREATE TABLE alike_%s (k integer, who text)', n);
		EXIT WHEN (SELECT count(*) > 1 FROM pg_class WHERE relname LIKE 'alike%' GROUP BY oid::bigint % 64 ORDER BY 1 DESC LIMIT 1);
		EXECUTE 'CREATE TABLE filler (); DROP TABLE filler';
	END LOOP;
END $$;
CREATE TABLE pair AS SELECT array_agg(relname ORDER BY oid) AS names FROM pg_class WHERE relname LIKE 'alike%' GROUP BY oid::bigint % 64 HAVING count(*) > 1;
SELECT authz.watch(name::regclass) FROM pair, unnest(names) name;
SELECT set_config('x.sql', format('CREATE VIEW of_alike AS SELECT k FROM %I WHERE who = authz.user_id()', names[2]), false) FROM pair;
DO $$ BEGIN EXECUTE current_setting('x.sql'); END $$;
SQL
{
	my ($one, $other) = split / /, $node->safe_psql('postgres', "SELECT array_to_string(names, ' ') FROM pair");
	my $writes = AzWire->new($node, user => $admin);
	is(($reads_it->query(both('of_alike'))->answers)[0], 't|', 'two tables alike');
	$writes->query($_)->answers for 'BEGIN', "INSERT INTO $one VALUES (1, 'ann')", "INSERT INTO $other VALUES (2, 'ann')", 'COMMIT';
	is(($reads_it->query(both('of_alike'))->answers)[0], 't|{2}', 'the second one, too, is told of');
}

# ---- all of them ----

$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
my $each = int($reads / 3) + 1;
race('primary', [ map { sub { return reader($each, $node, 'postgres') } } 1 .. 3 ], [ map { sub { return writer('postgres', @_) } } 1 .. 3 ]);
race('standby', [ map { sub { return reader($each, $standby, 'postgres') } } 1 .. 3 ], [ map { sub { return writer('postgres', @_) } } 1 .. 2 ]);

# ---- the apply worker of logical replication writes ----

set_up('subscriber', '');
$node->safe_psql('postgres', 'CREATE PUBLICATION p FOR TABLE share, folder, team, part, doc');
$node->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('s', 'pgoutput')");
$node->safe_psql('subscriber', "CREATE SUBSCRIPTION s CONNECTION '" . $node->connstr . " dbname=postgres' PUBLICATION p WITH (create_slot = false, slot_name = 's')");
$node->wait_for_subscription_sync($node, 's', 'subscriber') if $node->can('wait_for_subscription_sync');
$node->poll_query_until('subscriber', "SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate NOT IN ('r', 's')") or die 'no synchronisation';
race('subscriber', [ map { sub { return reader(int($reads / 6) + 1, $node, 'subscriber') } } 1 .. 2 ], [ map { sub { return writer('postgres', @_) } } 1 .. 2 ]);
$node->wait_for_catchup('s');
my $same = 'SELECT (SELECT string_agg(s::text, \'\' ORDER BY id) FROM share s), (SELECT string_agg(f::text, \'\' ORDER BY id) FROM folder f)';
is($node->safe_psql('subscriber', $same), $node->safe_psql('postgres', $same), 'what was written has come');
$node->safe_psql('subscriber', 'DROP SUBSCRIPTION s');

$standby->stop;
$node->stop;
done_testing();
