# Sets: in_set() answers what a sub-select over the view answers in the same
# statement, whatever several sessions do in turn, and set_keys() has just those keys.
#
# The work is done by test/sets/run, two of them at once, each with its half of
# the statements.  DBMI_SEED repeats a run, DBMI_STATEMENTS=1000000 makes a long
# one, DBMI_LONG=1 one of ten times the length.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use Test::More;

my $statements = $ENV{DBMI_STATEMENTS} // ($ENV{DBMI_LONG} ? 100000 : 10000);
my $seed = $ENV{DBMI_SEED} // int(rand(1e9));
my $node = start_node('main', 'fsync = off', 'max_prepared_transactions = 20');

run_beside($node, map { [ '', 'sets/run', '--statements', int($statements / 2), '--seed', $seed + $_ ] } 0, 1);

$node->stop;
done_testing();
