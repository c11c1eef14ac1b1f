# Tokens are covered in what shows a statement, and never in what is read of it: random
# statements have the same answers, errors and positions, whatever is logged and whoever
# else reads the texts; and no byte of a token is in the log, in pg_stat_activity or, of
# what takes one, in pg_stat_statements.
#
# DBMI_SEED repeats a run, DBMI_STEPS makes a longer one.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzCluster;
use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{DBMI_SEED} // int(rand(1e6));
my $steps = $ENV{DBMI_STEPS} // 36;
srand $seed;
note("DBMI_SEED=$seed");

my %tokens = (good => mint(), forged => forge(), claims => mint(roles => [ 'a' .. 'z' ]), assertion => assertion(nonce => sender('b') . '.1'));

# ----------------------------------------------------------------
# Statements
# ----------------------------------------------------------------

sub any { return $_[ rand @_ ]; }

# What is read again must come to the same words: comments next to what is covered, long
# names with dots that are none of a token's, dollar quotes, escapes.
my @comments = ('', '', "/*%t*/ ", "/* app.LongModuleName/SomeController.ActionOfThatOne/keyJoin.SomeController*/ ", "--%t it's\n", "/* 'it''s */ ", "/*/%t/*/**/*/ ");
my $long = 'keyJoinOfSomethingThatHasALongName';
my @froms = ('', " FROM (SELECT 1 AS \"OtherColumn\", 2 AS OtherColumnOfIt) $long WHERE $long.OtherColumnOfIt = 2",
	" FROM (VALUES (1)) AS eyJhbGciOiJFUzI1NiIsImtpZCI6(ColumnOfAToken) WHERE eyJhbGciOiJFUzI1NiIsImtpZCI6.ColumnOfAToken+1=2--eyJhbGciOiJFUzI1NiIsImtpZCI6.ColumnOfAToken isn't",
	' WHERE 5 /eyJhbGciOiJFUzI1NiIsImtpZCI6(1).ColumnOfAToken/*OfAToken*/ = 1');
my @literals = ("'%t'", "'%t'", "E'%t\\x21'", '$eyJ$%t$eyJ$', "'%t'::text", "('%t'||'')", "U&'%t'");
my @ends = ('', '', '', ' 1', ' + nothing', ' ORDER BY 7', "; SELECT '%t'", "; SELECT 1/0, '%t'", "; SELEC '%t'", "; SELECT length('%t')");

# what, and after it; each a session's
my @statements = (
	["%cSELECT authz.set_token(%l)%f%e"],
	["%cSELECT authz.try_set_token(%l)%f%e", 'SELECT authz.is_authenticated()'],
	["%cSELECT authz.verify_token(%l) IS NULL%f%e"],
	["%cSET dbmi_authz.token = '%t'", 'SELECT authz.is_authenticated()'],
	["%cBEGIN; SET LOCAL dbmi_authz.token = '%t'; SELECT authz.is_authenticated(); COMMIT%e", 'ROLLBACK'],
	["%cSELECT set_config('dbmi_authz.token', %l, false)%e"],
	["%cSELECT set_config('my.token', %l, false)%f", "SELECT current_setting('my.token')"],
	["%cSET my.token = '%t'", 'SHOW my.token'],
	["%cSELECT %l%f%e"],
	["%cSELECT length(%l), md5(%l), %l = '%t'%f%e"],
	["%cPREPARE p AS %cSELECT length(%l), (SELECT count(*) FROM doc)%f", 'EXECUTE p', 'CREATE INDEX ON doc (id); ANALYZE doc', 'EXECUTE p', 'SET search_path = public, pg_catalog', 'EXECUTE p'],
	["%cPREPARE q(text) AS SELECT authz.try_set_token(\$1), '%t'", "%cEXECUTE q(%l)", "EXECUTE q('x')%e"],
	["%cPREPARE r AS SELECT authz.set_token(%l)%f", 'EXECUTE r', 'RESET dbmi_authz.token', 'EXECUTE r'],
	["%cDO \$do\$ BEGIN PERFORM authz.set_token(%l); END \$do\$%e"],
	["%cDO \$do\$ DECLARE t text := %l; BEGIN EXECUTE 'SELECT authz.try_set_token(\$1), ''%t''' USING t; EXECUTE 'SET my.token = ''%t'''; END \$do\$", "SELECT current_setting('my.token')"],
	["%cDO \$do\$ BEGIN EXECUTE 'SELECT %t'; END \$do\$"],
	["%cDO \$do\$ BEGIN PERFORM length(%l), nothing; END \$do\$"],
	["%cDO \$do\$ BEGIN FOR i IN 1 .. 2 LOOP EXECUTE 'SET LOCAL dbmi_authz.token = ''%t'''; END LOOP; END \$do\$"],
	["%cCREATE FUNCTION f() RETURNS text LANGUAGE sql AS \$f\$ %cSELECT %l%f \$f\$", 'SELECT f()', "SELECT prosrc FROM pg_proc WHERE proname = 'f'", 'SELECT f() || f()', 'DROP FUNCTION f()'],
	["%cCREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS \$f\$ BEGIN RETURN (SELECT %l); END \$f\$", 'SELECT f()', "SELECT prosrc FROM pg_proc WHERE proname = 'f'", 'DROP FUNCTION f()'],
	["%cCREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''%t'' nothing nothing'"],
	["%cCREATE FUNCTION f() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT %l; END", 'SELECT f()', 'SELECT pg_get_functiondef(\'f\'::regproc)', 'DROP FUNCTION f()'],
	["%cCREATE VIEW v AS SELECT %l AS t", 'SELECT t FROM v', "SELECT pg_get_viewdef('v')", 'DROP VIEW v'],
	["%cCREATE TABLE d (id int, t text DEFAULT %l)", 'INSERT INTO d VALUES (1)', 'SELECT t FROM d', 'DROP TABLE d'],
	["%cCREATE TEMP TABLE d AS SELECT %l AS t", 'SELECT t FROM d'],
	["%cBEGIN; DECLARE c CURSOR FOR SELECT %l AS t, id FROM doc ORDER BY id; FETCH c", 'FETCH c', 'FETCH ALL c', 'COMMIT'],
	["%cCOPY (SELECT %l%f) TO STDOUT"],
	["%cEXPLAIN (COSTS off) SELECT authz.try_set_token(%l)%f%e"],
	["%cEXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT id FROM doc WHERE owner <> %l"],
	["%cCALL nothing(%l)"],
	["%cCALL keeps(%l)", 'SELECT count(*), max(t) FROM kept', 'TRUNCATE kept'],
	["%cINSERT INTO kept VALUES (%l)", 'SELECT t FROM kept', 'TRUNCATE kept'],
	["%cSELECT count(*) FROM big WHERE owner <> %l%e"],
	["%cCOMMENT ON TABLE doc IS '%t'", "SELECT obj_description('doc'::regclass)"]);

# The same choice for all servers.
sub choose
{
	my ($statement) = @_;
	my @out;
	my $token = $tokens{ any(sort keys %tokens) };
	for my $text (@$statement)
	{
		my $made = $text;
		1 while $made =~ s/%([clef])/any($1 eq 'c' ? @comments : $1 eq 'l' ? @literals : $1 eq 'f' ? @froms : @ends)/e;
		push @out, $made =~ s/%t/$token/gr;
	}
	return ($token, @out);
}

# ----------------------------------------------------------------
# Servers
# ----------------------------------------------------------------

my @libraries = ('pg_stat_statements', 'auto_explain');
push @libraries, 'pgaudit' if glob server_directory('sharedir') . '/extension/pgaudit.control';

sub server
{
	my ($name, @conf) = @_;
	my $node = start_node($name, 'track_activity_query_size = 8192', @conf);
	trust($node, 'postgres');
	take_assertions($node, 'postgres');
	$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
GRANT ALL ON SCHEMA public TO app;
SET ROLE app;
CREATE TABLE doc (id int, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob');
CREATE TABLE big AS SELECT i AS id, 'o' || i AS owner FROM generate_series(1, 2000) i;
CREATE TABLE kept (t text);
CREATE PROCEDURE keeps(t text) LANGUAGE plpgsql AS 'BEGIN INSERT INTO kept VALUES (t); COMMIT; INSERT INTO kept VALUES (t); END';
RESET ROLE;
ANALYZE;
SQL
	return $node;
}

my @loud = ("auto_explain.log_min_duration = 0", 'auto_explain.log_nested_statements = on', 'auto_explain.log_analyze = on', 'auto_explain.log_verbose = on', "pg_stat_statements.track = all",
	'log_duration = on', 'log_min_duration_statement = 0', 'log_parameter_max_length_on_error = -1', 'compute_query_id = on',
	(grep { /pgaudit/ } @libraries) ? ("pgaudit.log = 'all'", 'pgaudit.log_parameter = on', 'pgaudit.log_relation = on') : ());
my $quiet = server('quiet', "log_min_messages = panic", 'log_min_error_statement = panic', 'log_statement = none', "shared_preload_libraries = 'dbmi_authz'");
my %servers = (
	bare => server('bare', "shared_preload_libraries = 'dbmi_authz'", 'log_statement = all', 'log_min_duration_statement = 0'),
	before => server('before', @loud, "shared_preload_libraries = '" . join(', ', @libraries, 'dbmi_authz') . "'"),
	after => server('after', @loud, "shared_preload_libraries = '" . join(', ', 'dbmi_authz', reverse @libraries) . "'"));
for my $name ('before', 'after')
{
	$servers{$name}->safe_psql('postgres', 'CREATE EXTENSION pg_stat_statements');
}

# A report's context and inner query are covered as the log has them.
sub covered
{
	my ($field) = @_;
	return $field unless $field =~ /^[Wq]/;
	return $field =~ s{[\w.-]{16,}\.[\w.-]{8,}}{$& =~ tr/A-Za-z0-9_/x/r}gre;
}

# All that the client is told, positions included.
sub told
{
	my ($node, $how, $pid, @texts) = @_;
	my $wire = AzWire->new($node, user => 'app');
	($$pid) = $wire->query('SELECT pg_backend_pid()')->answers;
	$wire->heard;
	my @told;
	for my $text (@texts)
	{
		push @told, $how eq 'simple' ? $wire->query($text)->answers :
			$wire->parse('', $text)->bind('', '')->execute('')->bind('', '')->execute('')->sync->answers;
		# where in core it is raised, its line and its function, is nobody's
		push @told, map { join "\n", map { covered($_) } grep { !/^[FLR]/ } split /\0/ } $wire->heard;
	}
	return ($wire, join "\n--\n", @told);
}

my $failed = 0;

sub compare
{
	my ($name, $level, $how, $want, $token, @texts) = @_;
	my $node = $servers{$name};
	my $pid;
	my ($wire, $told) = told($node, $how, \$pid, @texts);
	my $other = AzWire->new($node, user => 'app');
	my ($shown) = $other->query("SELECT query FROM pg_stat_activity WHERE pid = $pid")->answers;
	if ($told ne $want)
	{
		fail("$name, $level, $how: the same answers");
		diag("statements: @texts\nwant: $want\ngot: $told");
		$failed++;
	}
	# what does not take one is none of ours, once it is over
	if ($texts[-1] =~ /authz\.(try_)?set_token|^\W*SET dbmi/ && holds_token($shown // '', $token))
	{
		fail("$name, $level, $how: pg_stat_activity");
		diag($shown);
		$failed++;
	}
	return;
}

for my $level ('debug5', 'debug2', 'warning')
{
	for my $node (values %servers)
	{
		$node->safe_psql('postgres', "ALTER ROLE app SET log_min_messages = $level; ALTER ROLE app SET log_min_error_statement = $level; ALTER ROLE app SET log_statement = '" . any('all', 'none', 'mod') . "'");
	}
	my @left = @statements;
	for my $step (1 .. $steps)
	{
		# each of them once, then any
		my ($token, @texts) = choose(shift @left // any(@statements));
		for my $how ('simple', 'extended')
		{
			my ($wire, $want) = told($quiet, $how, \my $pid, @texts);
			compare($_, $level, $how, $want, $token, @texts) for sort keys %servers;
		}
		last if $failed > 5;
	}
	is($failed, 0, "$level: the same answers");
}

# ----------------------------------------------------------------
# What is left of them
# ----------------------------------------------------------------

# As holds_token() does, of all of them at once.
my %pieces;
for my $token (values %tokens)
{
	for my $segment ((split /\./, $token)[ 1, 2 ])
	{
		$pieces{ substr $segment, $_, 12 } = 1 for 0 .. length($segment) - 12;
	}
}

sub holds_any
{
	my ($text) = @_;
	for my $run ($text =~ /[\w-]{12,}/g)
	{
		next if $run =~ /^[x-]*$/;
		return 1 if grep { $pieces{ substr $run, $_, 12 } } 0 .. length($run) - 12;
	}
	return 0;
}

for my $name (sort keys %servers)
{
	my $log = slurp_file($servers{$name}->logfile);
	# what an error or a function says is the client's
	my @lines = grep { !/^\S+ (?:ERROR|NOTICE|WARNING): / && holds_any($_) } split /^\d{4}-\S+ \S+ \w+ \[\d+\] /m, $log;
	is(scalar @lines, 0, "$name: no byte of a token in the log") or diag(join "\n", @lines[ 0 .. ($#lines < 5 ? $#lines : 5) ]);
	like($log, qr/set_token\('x+\.x[x-]+\.x/, "$name: the rest of the statements is there");
	unlike($log, qr/PANIC|terminated by signal|TRAP/, "$name: nothing crashed");
	next if $name eq 'bare';
	# Definitions have it for good, SET of another setting is none of ours, and comments
	# remain.  What is loaded after this library sees what a utility statement is, first.
	my @queries = grep { !/CREATE|COMMENT|SET my\.token|--|\/\*/ && ($name eq 'before' || /^SELECT/) && holds_any($_) } split /\n\n/, $servers{$name}->safe_psql('postgres', "SELECT query || E'\\n' FROM pg_stat_statements");
	is(scalar @queries, 0, "$name: none in pg_stat_statements") or diag(join "\n", @queries);
}

$_->stop for $quiet, values %servers;
done_testing();
