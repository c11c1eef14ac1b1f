# Whoever acts for somebody within a ceiling is told no more than that person and
# the ceiling allow: by no function, and under no policy that takes nothing away
# from what is held against somebody.
#
# The work is done by test/ceilings/functions and test/ceilings/policies, at once.
# DBMI_SEED repeats a run, DBMI_LONG=1 makes one of twenty times the length.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use IPC::Run ();
use Test::More;

# C1.10: every function, and random policies
my $times = $ENV{DBMI_LONG} ? 20 : 1;
my $seed = $ENV{DBMI_SEED} // int(rand(1e9));
my $node = start_node('main', 'fsync = off');

local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;
my @runs;
for ([ 'functions', '--rounds', 200 * $times ], [ 'policies', '--worlds', 300 * $times ])
{
	my ($program, @options) = @$_;
	my $run = { name => $program, out => '' };
	$run->{process} = IPC::Run::start([ '/usr/bin/python3', "$FindBin::RealBin/../ceilings/$program", @options, '--seed', $seed ],
		'<', '/dev/null', '>', \$run->{out}, '2>&1');
	push @runs, $run;
}
for my $run (@runs)
{
	tell_results($run, "test/ceilings/$run->{name}", "$run->{name}: ");
}

$node->stop;
done_testing();
