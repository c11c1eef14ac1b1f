package AzTest;

# What the TAP tests share: a server with an issuer that it trusts, tokens
# made by test/mint, and sessions whose answers come back line by line.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Copy qw(copy);
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More ();

our @EXPORT = qw(start_node init_node server_directory build_library old_version trust people mint forge session pgbench_bind parallel_on holds_token run_beside log_since said_on);

my $tests = dirname(dirname(abs_path(__FILE__)));
my $json = JSON::PP->new->canonical->ascii;

# The parameter that forces parallel plans has changed its name in 16.
sub parallel_on
{
	my ($node) = @_;
	my $force =
	  $node->safe_psql('postgres', 'SHOW server_version_num') >= 160000
	  ? 'debug_parallel_query'
	  : 'force_parallel_mode';
	return <<"SQL";
SET $force = on \\g /dev/null
SET parallel_setup_cost = 0 \\g /dev/null
SET parallel_tuple_cost = 0 \\g /dev/null
SET min_parallel_table_scan_size = 0 \\g /dev/null
SET max_parallel_workers_per_gather = 2 \\g /dev/null
SET parallel_leader_participation = off \\g /dev/null
SQL
}

# initdb takes a second of a processor, and every node would have the same: what
# test/suites made once ($CLUSTER_TEMPLATE) is copied.  In UTF-8 whatever the locale:
# elsewhere 18 offers no collations of ICU.  Releases differ in whether and how their
# init() copies, so an initdb that does stands before the server's in the path.
sub init_node
{
	my ($name, %how) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	local $ENV{PATH} = "$tests/tap/copied:$ENV{PATH}" if $ENV{CLUSTER_TEMPLATE};
	$node->init(%how, extra => [ '--encoding=UTF8', '--no-locale' ]);
	return $node;
}

# A server of its own whose log holds what a default one holds.  With FORCED=1
# (make check-forced) a plan that is kept is kept for all from the first time on.
sub start_node
{
	my ($name, @conf) = @_;
	my $node = init_node($name);
	$node->append_conf('postgresql.conf', join("\n",
		'log_statement = none', 'log_min_messages = warning',
		'max_connections = 40', 'max_worker_processes = 16', 'max_parallel_workers = 8',
		($ENV{FORCED} ? 'plan_cache_mode = force_generic_plan' : ()), @conf, ''));
	$node->start;
	return $node;
}

# One of the directories that pg_config knows: "pkglibdir".
sub server_directory
{
	my ($which) = @_;
	my $dir = `pg_config --$which`;
	chomp $dir;
	return $dir;
}

# Statements on a connection, and all their answers: "?" is the question, "%{name}" a
# token; "cut" where the connection is.
sub said_on
{
	my ($wire, $ask, $tokens, @sql) = @_;
	my @got;
	for my $sql (@sql)
	{
		(my $text = $sql eq '?' ? $ask : $sql) =~ s/%\{(\w+)\}/$tokens->{$1}/g;
		push @got, grep { length } eval { $wire->query($text)->answers };
		push @got, 'cut' if $@;
	}
	return @got;
}

# What the server has logged behind that place, which moves on.
sub log_since
{
	my ($node, $place) = @_;
	my $log = substr slurp_file($node->logfile), $$place;
	$$place += length $log;
	return $log;
}

# Compile a source of test/, "hooks/hooks.c", as a library that the server can load.
sub build_library
{
	my ($source, $library, @options) = @_;
	my $include = server_directory('includedir-server');
	# a copied pg_config puts a directory of its own in front
	$include =~ s{^/[^/]*}{} while length $include && !-d $include;
	system_or_bail((split ' ', $ENV{CC} // 'cc'), '-O2', '-Wall', '-fPIC', '-shared', "-I$include", @options,
		"$tests/$source", '-o', $library);
	return;
}

# Have CREATE EXTENSION ... VERSION '1.0' find the script of that version.
sub old_version
{
	my $dir = server_directory('sharedir');
	copy($_, "$dir/extension/") or die "$_: $!" for glob "$tests/upgrade/*.sql";
	return;
}

# The extension, and the issuer whose tokens mint() makes, in a database.
sub trust
{
	my ($node, $db) = @_;
	my $pem = slurp_file("$tests/fixtures/p256_a.pub.pem");
	$node->safe_psql($db, <<"SQL");
CREATE EXTENSION dbmi_authz;
SELECT authz.add_issuer('https://id.example', '{clinic}');
SELECT authz.add_pem('https://id.example', '$pem', 'k1', 'ES256');
SQL
	return;
}

# The extension, and those of whom test/pools/people.py knows the tokens and
# the rows.  The policy of doc folds, that of memo never does.
sub people
{
	my ($node, $db) = @_;
	my $secret = unpack 'H*', slurp_file("$tests/fixtures/hs32.bin");
	$node->safe_psql($db, <<"SQL");
CREATE EXTENSION dbmi_authz;
CREATE ROLE app LOGIN;
SELECT authz.add_issuer('pool', '{clinic}', options => '{"algorithms": ["HS256"]}');
SELECT authz.add_secret('pool', '\\x$secret', 'pool');
CREATE TABLE doc (id int, owner text, hits bigint DEFAULT 0);
CREATE INDEX ON doc (owner);
INSERT INTO doc SELECT n * 10 + k, 'u' || n FROM generate_series(0, 199) n, generate_series(0, n % 5) k;
CREATE TABLE memo AS SELECT id, owner FROM doc;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE memo ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
CREATE POLICY p ON memo USING (authz.has_scope(CASE WHEN id >= 0 THEN 'admin' END) OR authz.is_owner(owner || ''));
GRANT ALL ON doc, memo TO app;
ANALYZE;
SQL
	return;
}

sub token
{
	my ($key, %claims) = @_;
	my ($out, $err);
	IPC::Run::run(
		[ "$tests/mint", '--key', "$tests/fixtures/$key", '--alg', 'ES256', '--kid', 'k1', '-' ],
		'<', \$json->encode({
				iss => 'https://id.example', aud => 'clinic', sub => 'ann', exp => '+3600', %claims }),
		'>', \$out, '2>', \$err) or die "test/mint: $err";
	chomp $out;
	return $out;
}

# A token of the trusted issuer; ann's unless the claims say otherwise.
sub mint { return token('p256_a.pem', @_); }

# The same, signed by somebody else.
sub forge { return token('p256_b.pem', @_); }

# Run SQL in one new session; its answers as a list of lines.  Rows without
# padding, errors as "SQLSTATE: message", details and hints left out unless
# details => 1.  %{name} in the SQL stands for the token of that name.
sub session
{
	my ($node, $sql, %opt) = @_;
	my %tokens = %{ $opt{tokens} // {} };
	$sql =~ s/%\{(\w+)\}/$tokens{$1} \/\/ die "no token $1"/ge;
	local $ENV{PGOPTIONS} = $opt{options} if defined $opt{options};
	my $out = '';
	IPC::Run::run(
		[ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d',
			$node->connstr($opt{db} // 'postgres') . ' user=' . ($opt{user} // 'app') ],
		'<', \$sql, '>', \$out, '2>&1');
	my @lines;
	for (split /\n/, $out)
	{
		next if /^(LOCATION|CONTEXT|PL\/pgSQL|SQL statement|SQL function|STATEMENT|LINE \d|QUERY|\s+\^)/;
		next if /^(DETAIL|HINT):/ && !$opt{details};
		s/^(psql:\S*:? )?(ERROR|FATAL):  //;
		push @lines, $_ if length;
	}
	return @lines;
}

# One statement with the token as a bind parameter, which psql only offers
# since 16.  Returns what the client saw.
sub pgbench_bind
{
	my ($node, $token, $sql, %opt) = @_;
	my $script = PostgreSQL::Test::Utils::tempdir_short() . '/script';
	append_to_file($script, $sql);
	local $ENV{PGOPTIONS} = $opt{options} if defined $opt{options};
	my $out = '';
	IPC::Run::run(
		[ 'pgbench', '-n', '-t', '1', '-M', 'extended', '-D', "token=$token", '-f', $script,
			'-h', $node->host, '-p', $node->port, '-U', $opt{user} // 'app', 'postgres' ],
		'>', \$out, '2>&1');
	return $out;
}

# Does the text hold any 12 characters in a row of the token's claims or
# signature?
sub holds_token
{
	my ($text, $token) = @_;
	for my $segment ((split /\./, $token)[ 1, 2 ])
	{
		for my $at (0 .. length($segment) - 12)
		{
			return 1 if index($text, substr($segment, $at, 12)) >= 0;
		}
	}
	return 0;
}

# Programs of test/ that find the server as psql does, at once: each a prefix of
# what it says, its name and its options.
sub run_beside
{
	my ($node, @programs) = @_;
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @runs;
	for (@programs)
	{
		my ($prefix, $name, @options) = @$_;
		my $run = { prefix => $prefix, program => "test/$name", out => '' };
		$run->{process} = IPC::Run::start([ '/usr/bin/python3', "$tests/$name", @options ],
			'<', '/dev/null', '>', \$run->{out}, '2>&1');
		push @runs, $run;
	}
	tell_results($_) for @runs;
	return;
}

# A program that prints "ok - ..." and "not ok - ...", and says the rest to whoever
# reads: its lines are tests here.  It ends with 1 when one has failed, and only then:
# so does Python with a program that breaks off.
sub tell_results
{
	my ($run) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	IPC::Run::finish($run->{process});
	my $status = $run->{process}->full_result;
	my $failed = 0;
	for my $line (split /\n/, $run->{out})
	{
		if ($line =~ /^(not )?ok - (.*)$/)
		{
			Test::More::ok(!$1, "$run->{prefix}$2") or $failed = 1;
		}
		else
		{
			Test::More::diag($line =~ s/^# ?//r);
		}
	}
	Test::More::is($status >> 8, $failed, "$run->{program} came to its end");
	Test::More::is($status & 127, 0, 'and no signal ended it');
	return;
}

1;
