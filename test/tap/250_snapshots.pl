# Z20, R14: what is stored for an identity is what a sub-select over the tables
# would find in the same statement: item permissions, inactive subjects, ceilings.
# Some sessions change them at random, together with rows, and others compare, at
# every isolation level, in whatever way a query is planned and run; also while a
# commit can be seen and has not been told, and on a hot standby.
#
# Ten seconds; DBMI_LONG=1 makes it ten minutes.  DBMI_SEED repeats a run.

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

my $seconds = $ENV{DBMI_LONG} ? 600 : 10;
my $seed = $ENV{DBMI_SEED} // int(rand(1e9));
my ($readers, $writers) = (6, 2);	# two of those who read on the standby
diag("seed $seed");

# Makes commits slow.
my $slow_commit = PostgreSQL::Test::Utils::tempdir() . '/slow_commit.so';
build_library('hooks/slow_commit.c', $slow_commit);

my $node = init_node('main', allows_streaming => 1);
$node->append_conf('postgresql.conf', join "\n", 'fsync = off', 'max_connections = 40', 'max_prepared_transactions = 10', 'log_min_messages = warning', 'log_statement = none', 'hot_standby_feedback = on', '');
$node->start;
$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
my $admin = $node->safe_psql('postgres', 'SELECT current_user');
trust($node, 'postgres');

# In each committed state a secret is either there or granted.  What is granted,
# who is active and what the actor may: as anybody would write it by hand.
$node->safe_psql('postgres', <<'SQL');
SELECT authz.alter_issuer('https://id.example', '{"client": "app"}');
CREATE TABLE secret (id int PRIMARY KEY, item text NOT NULL);
CREATE TABLE name (item text PRIMARY KEY);
INSERT INTO name SELECT 's' || i FROM generate_series(1, 4) i;
INSERT INTO secret SELECT i, 's' || i FROM generate_series(1, 4) i;
INSERT INTO authz.permission_implies VALUES ('app', 'edit', 'view');
SELECT authz.set_actor_ceiling('https://id.example', 'bot', scopes => '{a}', item_permissions => '{view}', read_only => false);
CREATE VIEW granted AS
	SELECT g.item FROM authz.item_permission g
	 WHERE g.client = 'app' AND g.email = 'ann@example.com' AND
		   (g.permission = 'view' OR
			EXISTS (SELECT FROM authz.permission_implies i WHERE i.client = 'app' AND i.permission = g.permission AND i.implies = 'view')) AND
		   NOT EXISTS (SELECT FROM authz.inactive_subject);
-- by rows, by a constant, by what a token and its ceiling hold
CREATE VIEW equal AS
	SELECT (SELECT count(*) FROM secret WHERE authz.has_item_permission(item, 'view')) =
		   (SELECT count(*) FROM secret WHERE item IN (TABLE granted)) AS rows_held,
		   (SELECT count(*) FROM name WHERE authz.has_item_permission('s1', 'view')) =
		   (SELECT count(*) FROM name WHERE 's1' IN (TABLE granted)) AS one,
		   (SELECT count(*) FROM name WHERE authz.has_item_permission(item, 'view')) =
		   (SELECT count(*) FROM name WHERE item IN (TABLE granted)) AS all_of,
		   (SELECT count(*) FROM name WHERE authz.is_authenticated()) =
		   (SELECT count(*) FROM name WHERE NOT EXISTS (SELECT FROM authz.inactive_subject)) AS active,
		   (SELECT count(*) FROM name WHERE authz.has_scope('a')) =
		   (SELECT count(*) FROM name WHERE NOT EXISTS (SELECT FROM authz.inactive_subject)) AS scope;
CREATE VIEW bot_equal AS
	SELECT (SELECT count(*) FROM name WHERE authz.has_scope('a')) =
		   (SELECT count(*) FROM name, authz.actor_ceiling WHERE 'a' = ANY (scopes) AND NOT EXISTS (SELECT FROM authz.inactive_subject)) AS scope,
		   (SELECT count(*) FROM name WHERE authz.has_item_permission(item, 'view')) =
		   (SELECT count(*) FROM name, authz.actor_ceiling WHERE 'view' = ANY (item_permissions) AND item IN (TABLE granted)) AS all_of;
CREATE FUNCTION equal_volatile() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT equal FROM equal); END $$;
CREATE FUNCTION equal_stable() RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT equal FROM equal); END $$;
CREATE FUNCTION equal_sql() RETURNS text LANGUAGE sql AS $$ SELECT pg_sleep(0); SELECT equal::text FROM equal $$;
-- outside of any query: one snapshot for both
CREATE FUNCTION held(item text) RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN authz.has_item_permission(item, 'view'); END $$;
CREATE FUNCTION found(item text) RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN item IN (TABLE granted); END $$;
CREATE FUNCTION flip(n int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM secret WHERE id = n;
	IF FOUND THEN
		INSERT INTO authz.item_permission (email, client, item, permission)
			VALUES ('ann@example.com', 'app', 's' || n, CASE WHEN random() < 0.5 THEN 'view' ELSE 'edit' END);
	ELSE
		DELETE FROM authz.item_permission WHERE item = 's' || n;
		INSERT INTO secret VALUES (n, 's' || n);
	END IF;
END $$;
SQL

my %token = (ann => mint(email => 'ann@example.com', scope => 'a'), bot => mint(email => 'ann@example.com', scope => 'a', act => { sub => 'bot' }));
my @levels = ('READ COMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');

# ---- those who write ----

sub any { return $_[ int rand @_ ]; }

# What one transaction changes.
sub changes
{
	my $n = 1 + int rand 4;
	return any(
		("SELECT flip($n)") x 6,
		"SELECT flip($n), flip(" . (1 + $n % 4) . ')',
		"SAVEPOINT a; SELECT flip($n); ROLLBACK TO a; SELECT flip(" . (1 + $n % 4) . ')',
		"INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'ann') ON CONFLICT DO NOTHING",
		'DELETE FROM authz.inactive_subject',
		"UPDATE authz.actor_ceiling SET scopes = '{}'",
		"UPDATE authz.actor_ceiling SET scopes = '{a}'",
		"UPDATE authz.actor_ceiling SET item_permissions = '{}'",
		"UPDATE authz.actor_ceiling SET item_permissions = '{view}'",
		'DELETE FROM authz.permission_implies',
		"INSERT INTO authz.permission_implies VALUES ('app', 'edit', 'view') ON CONFLICT DO NOTHING",
		"COPY authz.item_permission (email, client, item, permission) FROM PROGRAM 'echo bob\@example.com,app,s$n,view$$' (FORMAT csv)");
}

sub writer
{
	my ($until) = @_;
	my $wire = AzWire->new($node, user => $admin);
	my %seen;
	$wire->query("LOAD '$slow_commit'")->answers;
	while (time < $until)
	{
		my $how = rand;
		$wire->query('SET slow_commit.delay = ' . (rand() < 0.5 ? int rand 5 : 0))->answers;
		my @sql = ('BEGIN ISOLATION LEVEL ' . any(@levels), changes());
		push @sql, $how < 0.1 ? 'ROLLBACK' : $how < 0.2 ? ("PREPARE TRANSACTION 'w$$'", "COMMIT PREPARED 'w$$'") : 'COMMIT';
		for (@sql)
		{
			my ($error) = grep { /^[0-9A-Z]{5}: / } $wire->query($_)->answers;
			next unless $error;
			$seen{ $error =~ /^(40001|40P01|23505)/ ? 'changes undone' : $error }++;
			$wire->query('ROLLBACK')->answers;
			last;
		}
		$seen{changes}++;
		sleep rand 0.004;
	}
	return %seen;
}

# ---- those who read ----

# Ways to ask once; what comes back holds an "f" if something is unequal.
my %ways = (
	ann => [
		'SELECT equal FROM equal', 'EXECUTE q', 'EXECUTE q', 'EXECUTE shared', 'SELECT equal_volatile()', 'SELECT equal_stable()', 'SELECT equal_sql()',
		"SELECT count(*) FROM secret WHERE authz.has_item_permission('s2', 'view') AND item = 's2' HAVING count(*) > 0",
		"SELECT 'f' FROM name WHERE held(item) <> found(item)",
		"SELECT 'f' FROM name WHERE held(item) <> (item IN (TABLE granted))",
		'SELECT equal, equal_volatile(), equal_stable() FROM equal' ],
	bot => [ 'SELECT bot_equal FROM bot_equal', 'EXECUTE q', 'EXECUTE shared' ]);

# An error that says that something has changed, and that leaves nothing wrong.
my $retry = qr/^(40001|40P01|28000: identity has changed since the query was planned|25P02)/;

sub reader
{
	my ($until, $who, $where) = @_;
	my $wire = AzWire->new($where, user => $admin);
	my $writes = $where == $node;
	my @possible = grep { $writes || !/SERIALIZABLE/ } @levels;
	my %seen;
	my $view = $who eq 'ann' ? 'equal' : 'bot_equal';
	$wire->query("SELECT authz.set_token('$token{$who}')")->answers;
	$wire->query($_)->answers
	  for "PREPARE q AS SELECT $view FROM $view", 'SET plan_cache_mode = force_generic_plan', "PREPARE shared AS SELECT $view FROM $view, name LIMIT 1", 'EXECUTE shared', 'RESET plan_cache_mode';
	my $ask = sub {
		my ($sql) = @_;
		my @got = $wire->query($sql)->answers;
		for (grep { length } @got)
		{
			if (/$retry/) { $seen{ '(' . substr($_, 0, 5) . ')' }++; }
			elsif (/^[0-9A-Z]{5}: /) { $seen{$_}++; }
			elsif (/f|^[1-9]\d*$/) { $seen{"UNEQUAL $sql: $_"}++; }
		}
		$seen{ $writes ? 'asked' : 'asked on the standby' }++;
	};
	while (time < $until)
	{
		if (rand() < 0.2)
		{
			$ask->(any(@{ $ways{$who} })) for 1 .. 5;
			next;
		}
		$wire->query('BEGIN ISOLATION LEVEL ' . any(@possible))->answers;
		$wire->query('SELECT 1 FROM secret LIMIT 0')->answers if rand() < 0.5;
		if (rand() < 0.3)
		{
			$wire->query("DECLARE c CURSOR FOR SELECT $view FROM $view, name")->answers;
			$ask->('FETCH c');
		}
		for (1 .. 1 + int rand 4)
		{
			sleep rand 0.006;
			$ask->(any(@{ $ways{$who} }));
			$ask->('FETCH c') if rand() < 0.2;
		}
		if ($writes && rand() < 0.2)
		{
			$wire->query($_)->answers for 'SAVEPOINT a', changes();
			$ask->(any(@{ $ways{$who} }));
			$wire->query('ROLLBACK TO a')->answers;
			$ask->(any(@{ $ways{$who} }));
		}
		$wire->query(any('COMMIT', 'ROLLBACK'))->answers;
	}
	# a cursor that is not there was not declared, for an error
	delete @seen{ grep { /^34000/ } keys %seen };
	return %seen;
}

# ---- one commit that takes long ----

{
	my ($writes, $reads) = map { AzWire->new($node, user => $admin) } 1, 2;
	my $granted = "SELECT count(*) FROM authz.item_permission WHERE item = 's1'";
	$reads->query($_)->answers for "SELECT authz.set_token('$token{ann}')", 'PREPARE q AS SELECT equal FROM equal', 'EXECUTE q';
	$writes->query($_)->answers for "LOAD '$slow_commit'", "SET slow_commit.delay = '2s'";
	for my $round (1, 0)
	{
		$writes->query('SELECT flip(1)')->send_all;
		my $begin = time;
		sleep 0.01 while time < $begin + 10 && ($reads->query($granted)->answers)[0] ne $round;
		# a plan that was kept is refused once, for nobody has ended it yet
		my @got = map { $reads->query($_)->answers } 'SELECT equal FROM equal', 'EXECUTE q', 'EXECUTE q', 'SELECT equal_volatile()', 'SELECT equal_stable()';
		@got = grep { !/^40001: item permissions have changed/ } @got;
		cmp_ok(time - $begin, '<', 1.9, 'it was not told yet');
		is_deeply([ grep { length } @got ], [ ('(t,t,t,t,t)') x @got ], ($round ? 'a grant' : 'its end') . ' that can be seen counts before it is told');
		cmp_ok(scalar @got, '>', 2, 'most were answered');
		$writes->answers;
		is_deeply([ grep { length } map { $reads->query($_)->answers } 'EXECUTE q', 'EXECUTE q' ], [ ('(t,t,t,t,t)') x 2 ], 'and afterwards');
	}
}

# ---- a snapshot of a transaction that is prepared then ----

# Its own number was not among those that ran for it, and is for the next one:
# in the place of another that has ended meanwhile.
{
	my ($ann, $grants) = map { AzWire->new($node, user => $admin) } 1, 2;
	my $granted = "SELECT count(*) FROM authz.item_permission WHERE item = 's1'";
	my $held = "SELECT authz.has_item_permission('s1', 'view') = ('s1' IN (TABLE granted)) FROM name LIMIT 1";
	$ann->query($_)->answers for "SELECT authz.set_token('$token{ann}')", 'BEGIN', "INSERT INTO name VALUES ('s9')";
	$grants->query($_)->answers for "LOAD '$slow_commit'", "SET slow_commit.delay = '2s'", 'BEGIN', 'SELECT flip(1)';
	$node->safe_psql('postgres', 'CREATE TABLE later ()');
	is(($ann->query($held)->answers)[0], 't', 'before it is prepared');
	$ann->query("PREPARE TRANSACTION 'p'")->answers;
	$grants->query('COMMIT')->send_all;
	my $begin = time;
	sleep 0.01 while time < $begin + 10 && ($ann->query($granted)->answers)[0] ne '1';
	is(($ann->query($held)->answers)[0], 't', 'afterwards');
	cmp_ok(time - $begin, '<', 1.9, 'it was not told yet');
	$grants->answers;
	$grants->query($_)->answers for 'SELECT flip(1)', "ROLLBACK PREPARED 'p'";
}

# ---- a snapshot of somebody else, and plans that are kept ----

{
	my ($exports, $imports) = map { AzWire->new($node, user => $admin) } 1, 2;
	my $count = '(SELECT count(*) FROM name';
	my $kept = "SELECT $count WHERE authz.has_item_permission('s1', 'view')) = $count WHERE 's1' IN (TABLE granted)) AND (SELECT count(*) > 0 FROM name)";
	$exports->query("CREATE FUNCTION kept() RETURNS boolean LANGUAGE plpgsql AS \$\$ BEGIN RETURN ($kept); END \$\$")->answers;
	my ($id) = grep { length } map { $exports->query($_)->answers } 'BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT pg_export_snapshot()';
	$imports->query($_)->answers for "SELECT authz.set_token('$token{ann}')", 'SELECT kept()';
	$node->safe_psql('postgres', 'SELECT flip(1)');
	my @old = ('BEGIN ISOLATION LEVEL REPEATABLE READ', "SET TRANSACTION SNAPSHOT '$id'", 'SELECT kept()', 'SELECT kept()', 'COMMIT');
	is_deeply([ grep { length } map { $imports->query($_)->answers } 'SELECT kept()', @old, @old, 'SELECT kept()', @old, 'SELECT kept()' ], [ ('t') x 9 ], 'a snapshot that was imported');
	$exports->query($_)->answers for 'COMMIT', 'DROP FUNCTION kept()', 'SELECT flip(1)';
}

# ---- all of them ----

$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
my $until = time + $seconds;
my @children;
for my $n (1 .. $readers + $writers)
{
	pipe my $from, my $to;
	my $pid = fork // die "fork: $!";
	if ($pid == 0)
	{
		srand $seed + $n;
		my %seen = eval { $n > $readers ? writer($until) : reader($until, $n % 2 ? 'ann' : 'bot', $n > 4 ? $standby : $node) };
		%seen = ("died: $@" => 1) if $@;
		syswrite $to, join '', map { s/\n/ /r . "\t$seen{$_}\n" } keys %seen;
		POSIX::_exit(0);
	}
	close $to;
	push @children, [ $pid, $from ];
}
my %seen;
for (@children)
{
	my ($pid, $from) = @$_;
	while (<$from>)
	{
		my ($what, $count) = /^(.*)\t(\d+)$/ or next;
		$seen{$what} += $count;
	}
	waitpid $pid, 0;
}
diag(join ', ', map { "$_: $seen{$_}" } grep { /^(asked|changes|\()/ } sort keys %seen);
cmp_ok($seen{asked} // 0, '>', 50 * $seconds, 'questions');
cmp_ok($seen{'asked on the standby'} // 0, '>', 10 * $seconds, 'and on the standby');
cmp_ok($seen{changes} // 0, '>', 20 * $seconds, 'changes');
cmp_ok(($seen{'(40001)'} // 0) + ($seen{'(28000)'} // 0), '<', ($seen{asked} // 0) / 4, 'few had to be asked again');
is_deeply([ grep { !/^(asked|changes|\()/ } sort keys %seen ], [], 'none is unequal');
$standby->stop;
$node->stop;
done_testing();
