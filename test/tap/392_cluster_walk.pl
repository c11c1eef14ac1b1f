# A random walk over a coordinator and its nodes: logins, failed ones, savepoints,
# prepared statements, cursors, revocations, restarts of a node.  Each query over nodes is
# asked again of the same rows here; both must answer the same, and at the end nothing
# is left on a connection that is kept.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzCitus;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{DBMI_SEED} // int rand 1_000_000;
my $walks = $ENV{DBMI_LONG} ? 200 : 12;
srand $seed;

my ($coordinator, @nodes) = start_cluster(2);
my %tokens = (
	(map { $_ => mint(sub => $_) } qw(ann bob cyd dan)),
	root => mint(sub => 'root', scope => 'admin'),
	bad => forge());
my @people = qw(ann bob cyd dan root);

# The same question of tables whose rows are on nodes, and of those here.
my @questions = (
	'SELECT id FROM doc%s ORDER BY id',
	'SELECT id, owner FROM memo%s ORDER BY id',
	"SELECT id FROM memo%s WHERE owner IN ('ann', 'bob') ORDER BY id",
	'SELECT id, owner, authz.subject() FROM memo%s WHERE id > 7 ORDER BY id',
	'SELECT id FROM doc%s WHERE owner = authz.subject() ORDER BY id');

sub pick { return $_[ int rand @_ ]; }

# Rows come from node to node: both answers are sorted before they are compared.
my $n = 0;
my @pairs;
sub pair
{
	my ($make) = @_;
	$n++;
	return join '', "\\echo >$n far\n", $make->(''), "\\echo >$n here\n", $make->('_here'), "\\echo >$n end\n";
}

sub ask { my $question = pick(@questions); return pair(sub { sprintf("$question;\n", $_[0]) }); }

sub execute
{
	my $which = int rand @questions;
	return pair(sub { "EXECUTE q$which$_[0];\n" });
}

# What is fetched is asked for when the cursor may be another transaction's by name.
sub cursor
{
	my $question = pick(@questions);
	my $between = pick('', "SAVEPOINT c;\nRELEASE c;\n", "SAVEPOINT c;\nROLLBACK TO c;\n", ask());
	my $name = 'c' . ++$n;
	return sprintf("DECLARE %s_far CURSOR FOR $question;\nDECLARE %s_here CURSOR FOR $question;\n", $name, '', $name, '_here') .
		$between . pair(sub { 'FETCH ALL ' . $name . ($_[0] || '_far') . ";\n" });
}

sub login
{
	my $who = pick(@people);
	return pick("SELECT authz.set_token('%{$who}') \\g /dev/null\n", "SET LOCAL dbmi_authz.token = '%{$who}';\n",
		"SET dbmi_authz.token = '%{$who}';\n", "SELECT authz.set_token('%{$who}', true) \\g /dev/null\n");
}

sub transaction
{
	my $sql = "BEGIN;\n";
	my $open = 0;
	for (1 .. 3 + int rand 12)
	{
		my $what = rand;
		if ($what < 0.45) { $sql .= pick(\&ask, \&ask, \&execute, \&cursor)->(); }
		elsif ($what < 0.65) { $sql .= login(); }
		elsif ($what < 0.72) { $sql .= pick("RESET dbmi_authz.token;\n", "SET LOCAL dbmi_authz.token TO DEFAULT;\n", "SELECT authz.clear_token() \\g /dev/null\n"); }
		elsif ($what < 0.76) { $sql .= "SELECT authz.try_set_token('%{bad}') \\g /dev/null\n"; }
		elsif ($what < 0.88) { $sql .= "SAVEPOINT s" . ++$open . ";\n"; }
		elsif ($open && $what < 0.94) { $sql .= "RELEASE s" . $open-- . ";\n"; }
		elsif ($open && $what < 0.98) { $sql .= "SELECT 1/0;\n" if rand() < 0.4; $sql .= "ROLLBACK TO s$open;\n"; }
		else { $sql .= "SET plan_cache_mode = " . pick(qw(auto force_custom_plan force_generic_plan)) . ";\n"; }
	}
	return $sql . pick("COMMIT;\n", "COMMIT;\n", "ROLLBACK;\n");
}

sub walk
{
	my $sql = "\\pset tuples_only on\n";
	for my $i (0 .. $#questions)
	{
		$sql .= sprintf("PREPARE q$i AS $questions[$i];\nPREPARE q${i}_here AS $questions[$i];\n", '', '_here');
	}
	$sql .= transaction() for 1 .. 10;
	# nobody, then whoever takes the connection over
	$sql .= "RESET dbmi_authz.token;\n\\echo >kept\nSELECT ask_kept('SELECT authz.is_authenticated() OR current_setting(''dbmi_authz.token'', true) <> ''''');\n" .
		"SELECT ask_kept('SELECT count(*) FROM memo');\nSELECT count(*) FROM doc;\nSELECT count(*) FROM memo;\n";
	return $sql;
}

my ($asked, $wrong, $rows, $left) = (0, 0, 0, 0);
for my $walk (1 .. $walks)
{
	my $sql = walk();
	my (%answers, $pair, $which);
	my @kept;
	for my $line (session($coordinator, $sql, tokens => \%tokens))
	{
		if ($line =~ /^>(\d+) (\w+)$/) { ($pair, $which) = ($1, $2); $answers{$pair}{$_} //= [] for qw(far here); }
		elsif ($line eq '>kept') { $which = 'kept'; }
		elsif (($which // '') eq 'kept') { push @kept, $line; }
		elsif (defined $pair && $which ne 'end') { push @{ $answers{$pair}{$which} }, $line; }
	}
	for my $number (sort { $a <=> $b } keys %answers)
	{
		my ($far, $here) = map { join "\n", sort @{ $answers{$number}{$_} } } qw(far here);
		s/_here|_far//g for $far, $here;
		$asked++;
		$rows += @{ $answers{$number}{here} };
		next if $far eq $here;
		$wrong++;
		diag("seed $seed, walk $walk, question $number: far\n$far\nhere\n$here") if $wrong < 4;
	}
	if (grep { !/^(f|0)(,(f|0))*$/ } @kept or @kept < 4)
	{
		$left++;
		diag("seed $seed, walk $walk, kept: @kept");
	}
	# in the second of its start a node takes no assertion: it may have been used before
	if ($walk % 5 == 0)
	{
		$nodes[ rand @nodes ]->restart;
		sleep 2;
	}
}
is($wrong, 0, "$asked questions, $rows rows: the same on nodes as here (seed $seed)");
cmp_ok($rows, '>', $asked / 4, 'most see something');
is($left, 0, 'nothing is left on any connection');

done_testing;
