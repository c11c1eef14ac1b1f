# An actor who acts for somebody within a ceiling is told no more than that person and
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
use Test::More;

# C1.10: every function, and random policies
my $times = $ENV{DBMI_LONG} ? 20 : 1;
my $seed = $ENV{DBMI_SEED} // int(rand(1e9));
my $node = start_node('main', 'fsync = off');

run_beside($node,
	[ 'functions: ', 'ceilings/functions', '--rounds', 200 * $times, '--seed', $seed ],
	[ 'policies: ', 'ceilings/policies', '--worlds', 300 * $times, '--seed', $seed ]);

$node->stop;
done_testing();
