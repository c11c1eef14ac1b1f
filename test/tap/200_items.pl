# Item permissions and inactive subjects, whatever keeps a plan: their end is
# felt at the next query, under an old snapshot never, on a hot standby when it
# has been replayed, by parallel plans, and in a session that sees the extension
# made anew.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = init_node('primary', allows_streaming => 1);
$primary->append_conf('postgresql.conf', "max_connections = 30\nmax_worker_processes = 16\nmax_parallel_workers = 8\nlog_min_messages = warning\nlog_statement = none\n");
$primary->start;
trust($primary, 'postgres');

# The policy of doc is answered by the planner, that of memo is called for each
# row; both let ann see all 100 rows by a grant, and none without.
my $tables = <<'SQL';
CREATE TABLE doc AS SELECT i AS id, 'x'::text AS item FROM generate_series(1, 100) i;
CREATE TABLE memo AS TABLE doc;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE memo ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.has_item_permission('x', 'view'));
CREATE POLICY p ON memo USING (authz.has_item_permission(item, 'view'));
GRANT ALL ON doc, memo TO app;
CREATE FUNCTION seen_sql() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM doc WHERE id > 0';
CREATE FUNCTION seen_plpgsql() RETURNS bigint STABLE LANGUAGE plpgsql AS
'BEGIN RETURN (SELECT count(*) FROM doc) + (SELECT count(*) FROM memo); END';
ANALYZE doc, memo;
SQL
my $client = q{SELECT authz.alter_issuer('https://id.example', '{"client": "app"}')};
$primary->safe_psql('postgres', "CREATE ROLE app LOGIN; $tables $client");
$primary->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'b', has_streaming => 1);
$standby->start;

sub replayed { $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert')); return; }
replayed();

my $ann = mint(email => 'ann@example.com');
my $login = "SELECT authz.set_token('$ann')";
my $ask = 'SELECT (SELECT count(*) FROM doc), (SELECT count(*) FROM memo)';

sub on
{
	my ($wire, @sql) = @_;
	return map { my @got = grep { length } $wire->query($_)->answers; @got } @sql;
}

# One session for each way to keep a plan, and what it does to ask again.
my %again = (
	plain => $ask,
	transaction => $ask,
	snapshot => $ask,
	prepared => 'EXECUTE q',
	unfolded => 'EXECUTE q',
	parallel => 'EXECUTE q',
	'SQL function' => 'SELECT seen_sql(), 2 * seen_sql() - seen_sql()',
	'PL/pgSQL function' => 'SELECT seen_plpgsql() / 2, seen_plpgsql() / 2');
my %before = (
	plain => [],
	transaction => ['BEGIN'],
	snapshot => [ 'BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT 1' ],
	prepared => [ 'SET plan_cache_mode = force_generic_plan', "PREPARE q AS $ask" ],
	unfolded => [ 'SET plan_cache_mode = force_generic_plan', 'SET dbmi_authz.plan_folding = off', "PREPARE q AS $ask" ],
	parallel => [ (grep { length } map { s/ \\g.*//r } split /\n/, parallel_on($primary)), 'SET plan_cache_mode = force_generic_plan', "PREPARE q AS $ask" ],
	'SQL function' => ['BEGIN'],
	'PL/pgSQL function' => ['BEGIN']);
my %node = (primary => $primary, standby => $standby);
my %held;
for my $where (sort keys %node)
{
	for my $way (sort keys %again)
	{
		my $wire = $held{"$where, $way"} = AzWire->new($node{$where});
		on($wire, $login);
		on($wire, @{ $before{$way} });
		is((on($wire, $again{$way}))[-1], '0|0', "$where, $way: nothing is granted");
	}
	# a cursor for each change
	$held{"$where, cursor"} = AzWire->new($node{$where});
	on($held{"$where, cursor"}, $login);
}

sub open_cursors
{
	for my $where (sort keys %node)
	{
		on($held{"$where, cursor"}, 'ROLLBACK', 'BEGIN', 'DECLARE c SCROLL CURSOR FOR SELECT id FROM doc ORDER BY id', 'FETCH c');
	}
	return;
}

my ($yes, $no) = ('100|100', '0|0');

sub all_see
{
	my ($what, $expected, $cursor, @where) = @_;
	my @wrong;
	for my $where (@where)
	{
		for my $way (sort keys %again)
		{
			my ($got) = on($held{"$where, $way"}, $again{$way});
			my $due = $way eq 'snapshot' ? $no : $expected;
			push @wrong, "$where, $way: $got" if $got ne $due;
		}
		next unless defined $cursor;
		my ($got) = on($held{"$where, cursor"}, 'FETCH c');
		push @wrong, "$where, cursor: " . ($got // 'no row') unless ($got // 'no row') eq $cursor;
	}
	is_deeply(\@wrong, [], "$what: all see $expected");
	return;
}

my $grant = "INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('Ann\@Example.com', 'app', 'X', 'VIEW')";
my @changes = (
	[ 'a grant', $grant, $yes ],
	[ 'its end', 'DELETE FROM authz.item_permission', $no ],
	[ 'a grant by COPY', "COPY authz.item_permission (email, client, item, permission) FROM PROGRAM 'echo ann\@example.com,app,x,view' (FORMAT csv)", $yes ],
	[ 'TRUNCATE', 'TRUNCATE authz.item_permission', $no ],
	[ 'another permission', "$grant RETURNING 1; UPDATE authz.item_permission SET permission = 'edit'", $no ],
	[ 'what it implies', "INSERT INTO authz.permission_implies VALUES ('app', 'edit', 'view')", $yes ],
	[ 'that no more', 'DELETE FROM authz.permission_implies', $no ],
	[ 'the permission again', "UPDATE authz.item_permission SET permission = 'view'", $yes ],
	[ 'another person', "UPDATE authz.item_permission SET email = 'bob\@example.com'", $no ],
	[ 'the person again', "UPDATE authz.item_permission SET email = 'ann\@example.com'", $yes ],
	[ 'an inactive subject', "INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'ann')", $no ],
	[ 'another one', "UPDATE authz.inactive_subject SET subject = 'bob'", $yes ],
	[ 'and back', "UPDATE authz.inactive_subject SET subject = 'ann'", $no ],
	[ 'active again', 'TRUNCATE authz.inactive_subject', $yes, '28000: identity has changed since the query was planned' ],
	[ 'its end where triggers are off', 'SET session_replication_role = replica; DELETE FROM authz.item_permission', $no ],
	[ 'an inactive subject where triggers are off', "$grant; SET session_replication_role = replica; INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'ann')", $no ],
	[ 'active again where triggers are off', 'SET session_replication_role = replica; DELETE FROM authz.inactive_subject', $yes ],
	[ 'the table rewritten', 'VACUUM FULL authz.item_permission', $yes ],
	[ 'its indexes made anew', 'REINDEX TABLE authz.item_permission', $yes ]);
my $was = $no;
for my $change (@changes)
{
	my ($what, $sql, $expected, $cursor) = @$change;
	# a cursor goes on with what stood when it was opened; TRUNCATE spares no snapshot
	$cursor //= $was eq $yes ? 2 : 'no row';
	open_cursors();
	$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
	$primary->safe_psql('postgres', $sql);
	all_see("$what, on the primary", $expected, $cursor, 'primary');
	all_see("$what, before it is replayed", $was, undef, 'standby') unless $expected eq $was;
	$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
	replayed();
	all_see("$what, on the standby", $expected, $cursor, 'standby');
	$was = $expected;
}

# What is rolled back was never there; what is prepared is not there yet.
my $admin = AzWire->new($primary, user => $primary->safe_psql('postgres', 'SELECT current_user'));
on($admin, 'BEGIN', 'DELETE FROM authz.item_permission');
all_see('the end of a grant that is not committed', $yes, undef, 'primary');
on($admin, 'ROLLBACK');
all_see('and that is rolled back', $yes, undef, 'primary');

# A walk of one session that changes the grants itself, asks, and takes it back
# at several levels; the kept plan says each time what stands then.
on($admin, 'GRANT app TO CURRENT_USER', $login, 'SET plan_cache_mode = force_generic_plan', "PREPARE own AS SELECT authz.has_item_permission('x', 'view'), count(*) FROM doc GROUP BY 1", 'EXECUTE own');
is_deeply([ on($admin, 'BEGIN', 'EXECUTE own', 'SAVEPOINT a', 'DELETE FROM authz.item_permission', 'EXECUTE own', 'SAVEPOINT b', $grant, 'EXECUTE own',
			"INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'ann')", 'EXECUTE own', 'ROLLBACK TO b', 'EXECUTE own', 'RELEASE a', 'EXECUTE own', 'ROLLBACK', 'EXECUTE own') ],
	[ 't|100', 'f|100', 't|100', 'f|100', 'f|100', 'f|100', 't|100' ], 'savepoints');

# The extension dropped and made anew in a session that keeps a plan.
on($_, 'ROLLBACK') for values %held;
my $me = AzWire->new($primary);
my $name = "SELECT authz.has_item_permission('x', 'view'), authz.token_state() FROM doc LIMIT 1";
on($me, $login, 'SET plan_cache_mode = force_generic_plan', "PREPARE q AS $ask");
is((on($me, 'EXECUTE q'))[0], $yes, 'before the extension is dropped');
my $key = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
$primary->safe_psql('postgres', 'DROP EXTENSION dbmi_authz CASCADE');
$primary->safe_psql('postgres', "DROP TABLE doc, memo; DROP FUNCTION seen_sql, seen_plpgsql; CREATE EXTENSION dbmi_authz; $tables");
like((on($me, $ask))[0] // '', qr/^28000: token is no longer trusted/, 'who was there is nobody to the new one');
$primary->safe_psql('postgres', "SELECT authz.add_issuer('https://id.example', '{clinic}', options => '{\"client\": \"app\"}'), authz.add_pem('https://id.example', '$key', 'k1', 'ES256')");
like((on($me, $ask))[0] // '', qr/^28000: token is no longer trusted/, 'also when it trusts the issuer');
is((on($me, $login, $ask))[-1], $no, 'the grants of the old one are gone');
is((on($me, 'EXECUTE q'))[-1], $no, 'in the kept plan, too');
$primary->safe_psql('postgres', $grant);
is((on($me, 'EXECUTE q'))[-1], $yes, 'one of the new one counts');
$primary->safe_psql('postgres', 'DELETE FROM authz.item_permission');
is((on($me, 'EXECUTE q'))[-1], $no, 'and its end');
replayed();
is((on(AzWire->new($standby), $login, $ask))[-1], $no, 'on the standby as well');

for my $server ($primary, $standby)
{
	my $log = slurp_file($server->logfile);
	unlike($log, qr/PANIC|terminated by signal/, $server->name . ': nothing crashed');
	ok(!holds_token($log, $ann), $server->name . ': no token in the log');
}
$standby->stop;
$primary->stop;
done_testing();
