# explain_access() says of rows what happens to them, under random policies and for
# random people.
#
# The work is done by test/explain/verdicts.  DBMI_SEED repeats a run, DBMI_LONG=1
# makes one of twenty times the length.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use Test::More;

my $times = $ENV{DBMI_LONG} ? 20 : 1;
my $seed = $ENV{DBMI_SEED} // int(rand(1e9));
my $node = start_node('main', 'fsync = off');

run_beside($node, [ '', 'explain/verdicts', '--worlds', 60 * $times, '--seed', $seed ]);

$node->stop;
done_testing();
