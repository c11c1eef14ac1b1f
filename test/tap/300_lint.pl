# Where the linter is silent about a policy, a session without a token sees no row
# that somebody with one does not see: random conditions, and what the server says.
#
# The work is done by test/lint/conditions.  DBMI_SEED repeats a run, DBMI_LONG=1
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

run_beside($node, [ 'conditions: ', 'lint/conditions', '--worlds', 60 * $times, '--seed', $seed ]);

$node->stop;
done_testing();
