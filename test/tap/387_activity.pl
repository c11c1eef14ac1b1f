# A token that stands in a statement is taken out of what others can see of the
# statement: pg_stat_activity, for sessions of the same role, pg_stat_statements and the
# log.  Seen by a second session once the statement is over, whatever became of it.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzCluster;
use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', "shared_preload_libraries = 'pg_stat_statements, auto_explain, dbmi_authz'", 'pg_stat_statements.track = all',
	'auto_explain.log_min_duration = 0', 'auto_explain.log_nested_statements = on', 'auto_explain.log_analyze = on',
	'log_statement = all', 'log_min_duration_statement = 0', 'track_activity_query_size = 8192');
trust($node, 'postgres');
take_assertions($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION pg_stat_statements;
CREATE ROLE app LOGIN;
CREATE FUNCTION log_in(token text) RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM authz.set_token(token); END';
CREATE TABLE t (token text);
GRANT ALL ON t TO app, node;
SQL

my %tokens = (good => mint(), forged => forge(), assertion => assertion(nonce => sender('a') . '.1'), stale => assertion(nonce => sender('a') . '.2', iat => '-60', exp => '-1'));

# As a driver might write it: in pieces, with capitals of its own, encoded.
sub pieces
{
	my ($token) = @_;
	my @pieces = unpack '(A40)*', $token;
	return join ' || ', map { "'$_'" } @pieces;
}

# what, user, simple protocol, what stays to be read of it
my @statements = (
	[ "SELECT authz.set_token('%s')", 'authz.set_token' ],
	[ "SELECT authz.set_token('%s', true)", 'authz.set_token' ],
	[ "SELECT authz.try_set_token('%s')", 'try_set_token' ],
	[ "SELECT authz.verify_token('%s')", 'verify_token' ],
	[ "SET dbmi_authz.token = '%s'", 'SET dbmi_authz.token' ],
	[ "SET LOCAL dbmi_authz.token = '%s'", 'SET LOCAL' ],
	[ "SET dbmi_authz.token TO %s", undef ],
	[ "SELECT set_config('dbmi_authz.token', '%s', false)", 'set_config' ],
	[ "SELECT 1; SELECT authz.set_token('%s'); SELECT 2", 'SELECT 2' ],
	[ "BEGIN; SET LOCAL dbmi_authz.token = '%s'; COMMIT", 'COMMIT' ],
	[ q{DO $$ BEGIN PERFORM authz.set_token('%s'); END $$}, 'PERFORM' ],
	[ q{DO $$ BEGIN EXECUTE 'SET dbmi_authz.token = ''%s'''; END $$}, 'EXECUTE' ],
	[ "SELECT log_in('%s')", 'log_in' ],
	[ "PREPARE p AS SELECT authz.set_token('%s')", 'PREPARE' ],
	[ "PREPARE q(text) AS SELECT authz.set_token(\$1); EXECUTE q('%s')", 'EXECUTE' ],
	[ "EXPLAIN SELECT authz.set_token('%s')", 'EXPLAIN' ],
	[ "EXPLAIN (ANALYZE, VERBOSE) SELECT authz.set_token('%s')", 'EXPLAIN' ],
	[ "SELECT authz.set_token(E'%s')", 'authz.set_token' ],
	[ "SELECT authz.set_token('Bearer %s')", 'Bearer' ],
	[ "SELECT authz.set_token(t) FROM (VALUES ('%s')) v (t)", 'VALUES' ],
	[ "WITH t AS MATERIALIZED (SELECT '%s' AS token) SELECT authz.set_token(token) FROM t", 'MATERIALIZED' ],
	[ "SELECT authz.set_token('%s'), 1 / (random() * 0)::int", 'random' ],
	[ 'SELECT authz.set_token(%p)', '<a statement with a token>' ],
	[ 'SELECT set_config(\'dbmi_authz.token\', %p, false)', '<a statement with a token>' ]);

my $other = AzWire->new($node, user => 'app');
my $seen = 0;

sub shown
{
	my ($pid) = @_;
	my ($text) = grep { defined } $other->query("SELECT query FROM pg_stat_activity WHERE pid = $pid")->answers;
	return $text // '';
}

for my $kind (sort keys %tokens)
{
	my $user = $kind =~ /assertion|stale/ ? 'node' : 'app';
	$other = AzWire->new($node, user => $user);
	for my $statement (@statements)
	{
		my ($sql, $left) = @$statement;
		my $pieces = pieces($tokens{$kind});
		my $text = $sql =~ s/%s/$tokens{$kind}/gr =~ s/%p/$pieces/gr;
		for my $how ('simple', 'extended')
		{
			next if $how eq 'extended' && $text =~ /;.*(SELECT|SET|EXECUTE|COMMIT)/;
			my $wire = AzWire->new($node, user => $user);
			my ($pid) = $wire->query('SELECT pg_backend_pid()')->answers;
			if ($how eq 'simple') { $wire->query($text)->answers; }
			else { $wire->parse('', $text)->bind('', '')->execute('')->sync->answers; }
			my $now = shown($pid);
			ok(!holds_token($now, $tokens{$kind}), "$kind, $how: $sql: pg_stat_activity") or diag $now;
			like($now, qr/\Q$left\E/, "$kind, $how: $sql: the rest is there") if defined $left && $left !~ /^</;
			is($now, $left, "$kind, $how: $sql: nothing of it is there") if defined $left && $left =~ /^</;
		}
	}
}

# What has no token stays as it is.
my $wire = AzWire->new($node, user => 'app');
my ($pid) = $wire->query('SELECT pg_backend_pid()')->answers;
my $plain = 'SELECT some_long_table_name.column_of_it FROM (SELECT 1 AS column_of_it) some_long_table_name';
$wire->query($plain)->answers;
$other = AzWire->new($node, user => 'app');
is(shown($pid), $plain, 'a statement without a token');
$wire->parse('', 'SELECT authz.set_token($1)')->bind('', '', $tokens{good})->execute('')->sync->answers;
is(shown($pid), 'SELECT authz.set_token($1)', 'a bound token leaves its statement alone');
my $java = "COMMENT ON TABLE nothing IS 'org.example.ThisIsAClassName.itsMethodWithAName'";
$wire->query($java)->answers;
is(shown($pid), $java, 'nor what looks like one, and is none');

my $statements = $node->safe_psql('postgres', 'SELECT query FROM pg_stat_statements');
like($statements, qr/SET dbmi_authz\.token/, 'pg_stat_statements has the statements');
my $log = slurp_file($node->logfile);
like($log, qr/LOG:  statement: SELECT authz\.set_token\('[x.-]+'\)/, 'the log has them, too');
like($log, qr/itsMethodWithAName/, 'and other texts as they are');
for my $kind (sort keys %tokens)
{
	ok(!holds_token($statements, $tokens{$kind}), "$kind: no token in pg_stat_statements");
	# in pieces it cannot be recognized there
	my $whole = join "\n", grep { !/\|\|/ } split /\n/, $log;
	ok(!holds_token($whole, $tokens{$kind}), "$kind: none in the log");
}
$node->stop;
done_testing();
