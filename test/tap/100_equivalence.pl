# Folded queries give the rows of unfolded ones: thousands of random policies,
# people and queries, planned and executed in every way.
#
# The work is done by test/equivalence/run, which tells what it compares.
# DBMI_SEED repeats a run, DBMI_CASES=1000000 makes a long one, DBMI_LONG=1 one
# of ten times the length.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use Test::More;

my $node = start_node('main', 'fsync = off');

$ENV{DBMI_CASES} //= 600000 if $ENV{DBMI_LONG};
local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;
open(my $run, '-|', 'python3', "$FindBin::RealBin/../equivalence/run")
  or die "test/equivalence/run: $!";
while (my $line = <$run>)
{
	chomp $line;
	if ($line =~ /^(not )?ok - (.*)$/)
	{
		ok(!$1, $2);
	}
	else
	{
		diag($line =~ s/^# ?//r);
	}
}
close($run);
cmp_ok($? >> 8, '<=', 1, 'test/equivalence/run came to its end');
is($? & 127, 0, 'and no signal ended it');

$node->stop;
done_testing();
