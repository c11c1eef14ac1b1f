# The SQL tests once more: in databases of other encodings, with parallel plans
# forced on every query, with generic plans, with JIT, on a server that preloads the
# library.  Then what an encoding itself must do to a token.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use Encode qw(encode);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

# On a server that the extension warns of (test/quiet).
my @launcher = grep { $_ } $ENV{REGRESS_LAUNCHER};
my $root = "$FindBin::RealBin/../..";
my @all = map { m{([^/]+)\.sql$} } sort glob "$root/sql/*.sql";

# Roles belong to all databases of a server, so what runs beside another run
# has a server of its own.  Autovacuum would now and then stand in the way of a test
# that locks tables.
my @conf = ('fsync = off', 'max_prepared_transactions = 4', 'autovacuum = off');
my @nodes = (start_node('main', @conf, $ENV{DBMI_LONG} ? () : "shared_preload_libraries = 'dbmi_authz'"), start_node('other', @conf));
my $node = $nodes[0];
is($node->safe_psql('postgres', 'SHOW shared_preload_libraries'), $ENV{DBMI_LONG} ? '' : 'dbmi_authz', 'the first of them preloads the library');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
my $parallel = parallel_on($node) =~ /^SET (\w+)/ ? $1 : die;

# begin_run(NODE, NAME, %how): every file of sql/, or "only" those, but for those
# whose text or plans that server cannot give, in a database of its own.
sub begin_run
{
	my ($node, $name, %how) = @_;
	my %without = map { $_ => 1 } @{ $how{without} // [] };
	my @tests = grep { !$without{$_} } @{ $how{only} // \@all };
	my $encoding = $how{encoding} // 'UTF8';
	my $dir = "$PostgreSQL::Test::Utils::tmp_check/$name";
	mkdir $dir;
	# With --encoding, pg_regress would give it to psql too: the files are UTF-8.
	$node->safe_psql('postgres', <<"SQL");
CREATE DATABASE $name ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
ALTER DATABASE $name SET client_encoding = 'UTF8';
ALTER DATABASE $name SET lc_messages = 'C';
SQL
	local $ENV{PGOPTIONS} = join ' ', map { "-c $_" } @{ $how{settings} // [] };
	my $run = { name => $name, dir => $dir, tests => \@tests, out => '' };
	$run->{process} = IPC::Run::start([ $ENV{PG_REGRESS}, "--inputdir=$root", "--outputdir=$dir", '--use-existing', "--dbname=$name",
			'--host=' . $node->host, '--port=' . $node->port, "--user=$super", @launcher, @tests ], '<', '/dev/null', '>', \$run->{out}, '2>&1');
	return $run;
}

sub end_run
{
	my ($run) = @_;
	IPC::Run::finish($run->{process});
	my ($name, $dir, $out) = @$run{qw(name dir out)};
	my @tests = @{ $run->{tests} };
	my %passed;
	$passed{$1} = 1 while $out =~ /^(?:test|ok +\d+ +[-+]?) +(\w+) +(?:\.\.\. ok )?/mg;
	delete $passed{$1} while $out =~ /^test (\w+) +\.\.\. FAILED/mg;
	delete $passed{$1} while $out =~ /^not ok +\d+ +[-+]? +(\w+)/mg;
	ok($passed{$_}, "$name: $_") for @tests;
	diag(-e "$dir/regression.diffs" ? substr(slurp_file("$dir/regression.diffs"), 0, 20000) : $out) if keys %passed < @tests;
	return;
}

# These take long, and a worker has no part in what they are about: the linter's and
# policy_state()'s own queries have none, and planning, where nothing may raise, is
# done before there are any.
my @long = $ENV{DBMI_LONG} ? () : ((grep { /^lint_/ } @all), qw(policy_state policy_changes_random folding_raises));

# C4.10: kept plans, parallel ones, compiled ones
# What is left out holds Cyrillic, Polish and dashes that are not in LATIN1 ...
my @not_latin1 = qw(issuer items keys owner);
# ... or \u escapes, ICU collations and lengths in characters, which SQL_ASCII lacks.
my @not_ascii = qw(claims fold_types owner stamp);
# "regress" hides the Gather node.  folding_errors asks a worker for a setting
# that workers do not have.
my @in_parallel = (settings => ["$parallel=regress"]);
my @not_in_parallel = ('folding_errors');
# rls prints the setting.
my @generic = (settings => ['plan_cache_mode=force_generic_plan']);
my @not_generic = ('rls');
# Each query is compiled, which takes its time.  How well LLVM optimizes what it
# compiles, which takes five times as long, is its own matter: nothing of ours
# is inlined (Makefile).
my $optimized = $ENV{DBMI_LONG} ? 0 : -1;
my @compiled = (settings => [ 'jit=on', 'jit_above_cost=0', "jit_optimize_above_cost=$optimized" ], only => [qw(claims fold nulls items)]);

# Two servers at once; each entry is a run.
my @not_only_ascii = grep { slurp_file("$root/sql/$_.sql") =~ /[^\x00-\x7f]|\\u[[:xdigit:]]{4}|\bU&['"]/ } @all;
my @queues;
if ($ENV{DBMI_LONG})
{
	@queues = ([ [ 'latin1', encoding => 'LATIN1', without => \@not_latin1 ], [ 'in_parallel', @in_parallel, without => \@not_in_parallel ] ],
		[ [ 'sql_ascii', encoding => 'SQL_ASCII', without => \@not_ascii ], [ 'generic', @generic, without => \@not_generic ], [ 'compiled', @compiled ] ]);
}
else
{
	# An encoding changes texts, a mode of planning changes plans, the first of the
	# servers has the library from the start, and each file has the same output
	# under all of them.  So a run that has one of each fails where one of them
	# alone would: no file loses a setting, and what they cannot be run with together
	# is run with some of them.  SQL_ASCII is for the files that say anything else
	# than ASCII.  With DBMI_LONG 075_preloaded_by_server.pl preloads.
	my @plans = (settings => [ @{ $generic[1] }, @{ $in_parallel[1] } ]);
	my @not_with_plans = (@not_generic, @not_in_parallel);
	@queues = ([ [ 'latin1_plans', encoding => 'LATIN1', @plans, without => [ @not_latin1, @not_with_plans, @long ] ],
			[ 'latin1', encoding => 'LATIN1', only => \@not_with_plans ] ],
		[ [ 'plans', @plans, only => \@not_latin1 ], [ 'compiled', @compiled ],
			[ 'sql_ascii', encoding => 'SQL_ASCII', only => \@not_only_ascii, without => \@not_ascii ] ]);
}
my @running = map { begin_run($nodes[$_], @{ shift @{ $queues[$_] } }) } 0 .. $#queues;
while (grep { defined } @running)
{
	for my $i (grep { defined $running[$_] } 0 .. $#queues)
	{
		my $process = $running[$i]->{process};
		# it may end between the two
		eval { $process->pump_nb if $process->pumpable };
		next if $process->pumpable;
		end_run($running[$i]);
		$running[$i] = @{ $queues[$i] } ? begin_run($nodes[$i], @{ shift @{ $queues[$i] } }) : undef;
	}
	sleep 0.1;
}
$nodes[1]->stop;

# Encodings themselves.
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN');
my $latin = mint(sub => "Ren\x{e9}e", scope => "caf\x{e9}:read", groups => [ "\x{fc}ber" ]);
my $polish = mint(sub => "za\x{17c}\x{f3}\x{142}\x{107}");
my $smile = mint(sub => 'ann', groups => [ 'staff', "\x{1f600}" ]);
my $key = mint(sub => 'ann', "\x{142}" => 1);

sub ask
{
	my ($db, $token, $sql) = @_;
	return session($node, "SELECT authz.set_token('$token') IS NOT NULL;\n$sql", db => $db);
}

for my $db ('latin', 'ascii')
{
	my $encoding = $db eq 'latin' ? 'LATIN1' : 'SQL_ASCII';
	my $client = $db eq 'latin' ? 'SET client_encoding = \'UTF8\' \g /dev/null' : '';
	$node->safe_psql('postgres', "CREATE DATABASE $db ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
	trust($node, $db);
	my $e = encode('UTF-8', "\x{e9}");
	my $u = encode('UTF-8', "\x{fc}");
	my $eq = "$client\nSELECT authz.subject() = 'Ren${e}e', authz.is_owner('Ren${e}e'), authz.has_scope('caf${e}:read'), authz.has_group('${u}ber'),\n"
	  . "authz.is_owner('Rene${e}'), authz.claim_text('sub') = authz.subject(), authz.claims()->>'sub' = authz.subject(), octet_length(authz.subject());";
	my @got = ask($db, $latin, $eq);
	is($got[-1], 't|t|t|t|f|t|t|' . ($db eq 'latin' ? 5 : 6), "$encoding: a subject outside ASCII");
	@got = ask($db, $latin, "CREATE TEMP TABLE doc (o text);$client\nINSERT INTO doc VALUES ('Ren${e}e'), ('Renee'), (NULL);\n"
		. "SELECT count(*) FROM doc WHERE authz.is_owner(o);");
	is($got[-1], 1, "$encoding: and its row, by a condition");

	# Q14: a key ID that does not fit is an entry that cannot be used; a set of which nothing is left is refused
	my ($point, $other) = map { "{\"kty\": \"EC\", \"crv\": \"P-256\", $_" } '"x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"',
		'"x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"';
	my $polish_key = encode('UTF-8', qq($point, "kid": "\x{142}"}));
	my $set = $db eq 'latin' ? $polish_key =~ s/"kid": "\K[^"]+/\\u0142/r : $polish_key;
	$node->safe_psql($db, "SELECT authz.add_issuer('https://sets.example', '{clinic}')");
	@got = session($node, "SELECT authz.set_jwks('https://sets.example', '{\"keys\": [$set, $other, \"kid\": \"k\"}]}'); SELECT skipped FROM authz.jwks_status;\n"
		  . "SELECT authz.set_jwks('https://sets.example', '{\"keys\": [$set]}');", db => $db, user => $super, details => 1);
	if ($db eq 'latin')
	{
		my $fault = 'the database encoding cannot represent the key ID';
		is_deeply(\@got, [ 'WARNING:  01000: skipping a key of issuer "https://sets.example"', "DETAIL:  Key 1, counted from 1, without key ID: $fault.",
			'HINT:  Tokens signed with it are refused; the other keys of the set are in force.', '1',
			qq([{"position": 1, "kid": null, "reason": "$fault"}]), '22023: invalid JWK set', "DETAIL:  Key 1, counted from 1, without key ID: $fault.",
			'HINT:  The keys that were there stay.  Have the issuer correct its set, or pass the other keys alone.' ], "$encoding: a key ID that does not fit");
	}
	else
	{
		is_deeply(\@got, [ 2, '[]', 1 ], "$encoding: any key ID fits");
	}
	$node->safe_psql($db, "SELECT authz.drop_issuer('https://sets.example')");

	# so that revocations are looked up, by texts that do not fit
	$node->safe_psql($db, "SELECT authz.revoke_subject(issuer, 'somebody') FROM authz.issuer");
	$node->safe_psql($db, "INSERT INTO authz.inactive_subject SELECT issuer, 'somebody' FROM authz.issuer");
	for my $case ([ $polish, 'a subject' ], [ $smile, 'one of several groups' ], [ $key, 'a claim that nothing reads' ])
	{
		my ($token, $what) = @$case;
		@got = ask($db, $token, 'SELECT authz.token_state(), authz.subject() IS NULL, authz.claims() IS NULL;');
		if ($db eq 'latin')
		{
			like($got[0], qr/^28000: token was refused/, "$encoding: $what that does not fit is refused");
			is($got[-1], 'rejected|t|t', 'and nobody is left');
		}
		else
		{
			is($got[-1], 'valid|f|f', "$encoding: $what is kept as it is");
		}
	}
}

$node->stop;
done_testing();
