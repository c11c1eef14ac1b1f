# What is counted where more than one session counts: in several databases, with sessions
# that come and go, after a crash, on a standby, and in a server that does not preload
# the library.  DBMI_LONG=1 counts in more databases than there is room for.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'dbmi_authz'\nmax_connections = 160\nlog_min_messages = warning\nlog_statement = none\nrestart_after_crash = on\nautovacuum = off\nfsync = off\n");
$node->start;
trust($node, 'postgres');
$node->safe_psql('postgres', 'CREATE DATABASE other');
trust($node, 'other');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE ROLE one LOGIN;
CREATE ROLE two LOGIN;
CREATE ROLE monitor LOGIN IN ROLE pg_monitor;
ALTER DATABASE postgres OWNER TO one;
ALTER DATABASE other OWNER TO two;
CREATE TABLE doc (id int, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob');
GRANT SELECT ON doc TO app;
SQL
my %tokens = (ann => mint(), bob => mint(sub => 'bob'), bad => forge());

# The named counts of a database, as its owner sees them.
sub counts
{
	my ($on, $db, $columns) = @_;
	return join ' ', session($on, "SELECT $columns FROM authz.stat;", db => $db, user => $db eq 'other' ? 'two' : 'one');
}
sub refused
{
	my ($on, $db) = @_;
	return join ' ', session($on, 'SELECT reason, count FROM authz.stat_refusals WHERE count > 0;', db => $db, user => $db eq 'other' ? 'two' : 'one');
}

# ---- sessions of two databases ----
is(counts($node, 'postgres', 'scope, tokens_accepted, tokens_refused'), 'server|0|0', 'nothing has happened');
my $stays = AzWire->new($node);
my $beside = AzWire->new($node, db => 'other');
$stays->query("SELECT authz.set_token('$tokens{ann}')")->answers;
$beside->query("SELECT authz.try_set_token('$tokens{bad}')")->answers;
is(counts($node, 'postgres', 'tokens_accepted, tokens_refused'), '1|0', 'a session that goes on is counted at once');
session($node, "SELECT authz.set_token('%{bob}');\nSELECT authz.try_set_token('%{bad}');", tokens => \%tokens);
is(counts($node, 'postgres', 'tokens_accepted, tokens_known, tokens_refused, keys_loaded'), '2|0|1|2', 'and one that has ended');
is(counts($node, 'other', 'tokens_accepted, tokens_refused'), '0|1', 'another database has counts of its own');
is(refused($node, 'postgres'), 'signature|1', 'refusals by reason');
is(refused($node, 'other'), 'signature|1', 'and there');

# within a transaction that fails, and inside of one that goes on
$stays->query($_)->answers for 'BEGIN', "SELECT authz.try_set_token('$tokens{bad}')", 'SELECT 1 / 0';
is(refused($node, 'postgres'), 'signature|2', 'what has not ended is counted');
$stays->query('ROLLBACK')->answers;
is(refused($node, 'postgres'), 'signature|2', 'what is rolled back was counted');

# who sees what
my $all = 'SELECT datname, scope, tokens_accepted, tokens_refused FROM authz.stat_all ORDER BY datname;';
is_deeply([ session($node, $all, user => 'monitor') ], [ 'other|server|0|1', 'postgres|server|2|2' ], 'pg_monitor sees all databases');
is_deeply([ session($node, $all, user => 'monitor', db => 'other') ], [ 'other|server|0|1', 'postgres|server|2|2' ], 'from any of them');
is_deeply([ session($node, $all, user => 'one') ], ['42501: permission denied for view stat_all'], 'the owner of a database does not');
is_deeply([ session($node, 'SELECT * FROM authz.stat;', user => 'two') ], ['42501: permission denied for view stat'], 'nor the counts of a database of somebody else');
is_deeply([ session($node, 'SELECT authz.stat_reset();', user => 'two') ], ['42501: permission denied for function stat_reset'], 'nor resets them');

# ---- a reset ----
my $since = counts($node, 'postgres', 'stats_reset');
is($since, counts($node, 'other', 'stats_reset'), 'without a reset, since when the server counts');
session($node, 'SELECT authz.stat_reset();', user => 'one');
is(counts($node, 'postgres', "tokens_accepted, tokens_refused, stats_reset > '$since'"), '0|0|t', 'a reset');
is(refused($node, 'postgres'), '', 'of refusals, too');
is(counts($node, 'other', "tokens_refused, stats_reset = '$since'"), '1|t', 'is none of another database');
$stays->query("SELECT authz.try_set_token('$tokens{bad}')")->answers;
is(counts($node, 'postgres', 'tokens_refused'), '1', 'the session that went on counts on');
undef $stays;
$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'app' AND datname = 'postgres'");
is(counts($node, 'postgres', 'tokens_refused'), '1', 'and is not lost when it ends');

# ---- many sessions, none of which waits for another: nothing is lost, nothing counted twice ----
my $dir = PostgreSQL::Test::Utils::tempdir();
append_to_file("$dir/refuse", "SELECT authz.try_set_token('a.b');\nSELECT authz.try_set_token('');\n");
append_to_file("$dir/ask", "SELECT * FROM authz.stat;\nSELECT * FROM authz.stat_refusals;\nSELECT * FROM authz.stat_all;\n");
session($node, 'SELECT authz.stat_reset();', user => 'one');
my @bench = ('pgbench', '-n', '-h', $node->host, '-p', $node->port);
my @runs = map { my $out = ''; { out => \$out, process => IPC::Run::start($_, '<', \undef, '>', \$out, '2>&1') } }
	[ @bench, '-C', '-c', 4, '-t', 50, '-U', 'app', '-f', "$dir/refuse", 'postgres' ], [ @bench, '-c', 4, '-t', 200, '-U', 'app', '-f', "$dir/refuse", 'postgres' ],
	[ @bench, '-c', 2, '-t', 100, '-f', "$dir/ask", 'postgres' ];
ok(IPC::Run::finish($_->{process}), 'sessions at once') or diag(${ $_->{out} }) for @runs;
$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'app' AND datname = 'postgres'");
is(refused($node, 'postgres'), 'token-missing|1000 segment-count|1000', 'each is counted once');
is(counts($node, 'postgres', 'tokens_refused'), '2000', 'and in the sum');

# ---- parallel workers ----
$node->safe_psql('postgres', "CREATE TABLE big AS SELECT g, 'ann' AS owner FROM generate_series(1, 20000) g; GRANT SELECT ON big TO app; ANALYZE big; SELECT authz.stat_reset()");
session($node, parallel_on($node) . "SELECT authz.set_token('%{ann}');\nSELECT count(*) FROM big WHERE authz.is_owner(owner);", tokens => \%tokens);
is(counts($node, 'postgres', 'tokens_accepted, checks_folded, plans_made, checks_called'), '1|1|1|0', 'a parallel plan is one plan');

# ---- 40001: what was granted has changed under the plan of a SQL function, which lives as long as the query around it before 18 ----
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION held() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM doc WHERE authz.has_item_permission('i', 'view') $$;
CREATE FUNCTION granted(n int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('ann@example.com', 'clinic', 'i' || n, 'view'); RETURN n; END $$;
SELECT authz.alter_issuer('https://id.example', '{"application": "clinic"}'), authz.stat_reset();
SQL
my @held = session($node, "SELECT authz.set_token('%{a}') \\g /dev/null\nSELECT held(), granted(n) FROM generate_series(1, 2) n;", tokens => { a => mint(email => 'ann@example.com') });
my ($stopped) = grep { /^40001/ } @held;
is(counts($node, 'postgres', 'stopped_40001, stopped_28000'), ($stopped ? 1 : 0) . '|0', 'a query that is to be tried again');
ok($stopped || $node->safe_psql('postgres', 'SHOW server_version_num') >= 180000, 'there was one') or diag(join "\n", @held);

# ---- a database that is dropped ----
undef $beside;
$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = 'other'");
$node->safe_psql('postgres', 'DROP DATABASE other');
is_deeply([ session($node, 'SELECT datname FROM authz.stat_all;', user => 'monitor') ], ['postgres'], 'a database that is gone');
$node->safe_psql('postgres', 'CREATE DATABASE other');
trust($node, 'other');
is(join(' ', session($node, 'SELECT tokens_refused FROM authz.stat;', db => 'other', user => $node->safe_psql('postgres', 'SELECT current_user'))), '0', 'its name counts anew');

# ---- more databases than have room ----
if ($ENV{DBMI_LONG})
{
	my ($before) = session($node, 'SELECT sum(tokens_refused) FROM authz.stat_all;', user => 'monitor');
	$node->safe_psql('postgres', "CREATE DATABASE db$_") for 1 .. 140;
	session($node, "SET dbmi_authz.token = 'a.b';", db => "db$_") for 1 .. 140;
	my ($sum) = session($node, 'SELECT sum(tokens_refused) FROM authz.stat_all;', user => 'monitor');
	# one refusal was counted in the database that is gone; it has no row, but made room
	is($sum, $before + 140 + 1, 'nothing is lost');
	is(join(' ', session($node, "SELECT tokens_refused FROM authz.stat_all WHERE datname = 'db140';", user => 'monitor')), '1', 'the last has a row of its own');
	is(join(' ', session($node, "SELECT count(*) FROM authz.stat_all WHERE datname IS NULL;", user => 'monitor')), '1', 'those that made room are one row');

	# all that have room have sessions, then they end: a count never goes back
	trust($node, 'db140');
	my $refuse = "SET dbmi_authz.token = 'a.b'";
	my @room = map { my $w = AzWire->new($node, db => "db$_"); $w->query($refuse)->answers; $w } 1 .. 128;
	my $late = AzWire->new($node, db => 'db140', user => $node->safe_psql('postgres', 'SELECT current_user'));
	$late->query($refuse)->answers for 1 .. 5;
	my $of_late = 'SELECT tokens_refused FROM authz.stat';
	is(($late->query($of_late)->answers)[0], 5, 'one that came when there was no room');
	like(($late->query('SELECT authz.stat_reset()')->answers)[0], qr/^54000: this database has no counts of its own/, 'cannot be reset');
	@room = ();
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'app'");
	is(join(' ', $late->query('SELECT authz.stat_reset()')->answers), '', 'but when there is');
	$late->query($refuse)->answers for 1 .. 2;
	undef $late;
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = 'db140'");
	is($node->safe_psql('db140', $of_late), '2', 'and what the session that stood there had counted before does not return');
}

# ---- a standby ----
session($node, 'SELECT authz.stat_reset();', user => 'one');
$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
session($node, "SELECT authz.try_set_token('%{bad}');", tokens => \%tokens);
is(counts($standby, 'postgres', 'scope, tokens_accepted, tokens_refused'), 'server|0|0', 'a standby counts for itself');
session($standby, "SELECT authz.set_token('%{ann}');", tokens => \%tokens);
is(counts($standby, 'postgres', 'tokens_accepted, tokens_refused'), '1|0', 'what happens there');
is(counts($node, 'postgres', 'tokens_accepted, tokens_refused'), '0|1', 'and the primary what happens here');
is(join(' ', session($standby, "SELECT authz.stat_reset();\nSELECT tokens_accepted FROM authz.stat;", user => 'one')), '0', 'a reset on a standby');
$standby->stop;

# ---- a crash of another session: the server begins again, and so do the counts ----
$since = counts($node, 'postgres', 'stats_reset');
my $victim = AzWire->new($node);
my ($pid) = $victim->query('SELECT pg_backend_pid()')->answers;
$victim->query("SELECT authz.try_set_token('$tokens{bad}')")->answers;
kill 'KILL', $pid;
ok($node->poll_query_until('postgres', "SELECT stats_reset > '$since' AND tokens_refused = 0 FROM authz.stat"), 'after a crash it counts from zero, and says since when');
session($node, "SELECT authz.try_set_token('%{bad}');", tokens => \%tokens);
is(counts($node, 'postgres', 'tokens_refused'), '1', 'and goes on');

# ---- a server that does not preload the library ----
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "''");
$node->restart;
is_deeply([ session($node, "SELECT authz.try_set_token('%{bad}');\nSELECT authz.set_token('%{ann}') \\g /dev/null\nSELECT datname, scope, tokens_accepted, tokens_refused FROM authz.stat;\nSELECT reason, count FROM authz.stat_refusals WHERE count > 0;\n"
	. "SELECT authz.stat_reset() \\g /dev/null\nSELECT tokens_accepted, tokens_refused FROM authz.stat;", tokens => \%tokens, user => 'one') ],
	[ 'f', 'postgres|session|1|1', 'signature|1', '0|0' ], 'a session counts for itself');
is(counts($node, 'postgres', 'scope, tokens_accepted, tokens_refused'), 'session|0|0', 'and another one knows nothing of it');
is_deeply([ session($node, $all, user => 'monitor') ], ['postgres|session|0|0'], 'nor does pg_monitor');
is_deeply([ session($node, 'SELECT * FROM authz.sessions();', user => 'one') ], ['55000: sessions do not know of one another'], 'nor is told who is logged in');

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|TRAP|signal 11/, 'nothing else crashed');
$node->stop;
done_testing();
