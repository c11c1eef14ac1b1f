# Folded queries give the rows of unfolded ones: thousands of random policies,
# people and queries, planned and executed in every way.
#
# The work is done by test/equivalence/run, which tells what it compares; two of
# them at once, each with its half of the cases.  DBMI_SEED repeats a run,
# DBMI_CASES=1000000 makes a long one, DBMI_LONG=1 one of 600,000.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use Test::More;

my $cases = $ENV{DBMI_CASES} // ($ENV{DBMI_LONG} ? 600000 : 24000);
my $seed = $ENV{DBMI_SEED} // int(rand(1e9));
my $node = start_node('main', 'fsync = off');

run_beside($node, map { [ '', 'equivalence/run', '--cases', int($cases / 2), '--seed', $seed + $_ ] } 0, 1);

$node->stop;
done_testing();
