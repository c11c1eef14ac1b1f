# Sessions of a cluster's role walk at random through what other servers hand over, good
# and bad, with savepoints, rollbacks and kept plans, and are at each step who a model
# of the rules says; nobody is ever shown fewer rows for what was refused.
#
# The work is done by test/pools/handed_walk.  DBMI_SEED repeats a run, DBMI_STEPS makes a
# longer one, DBMI_LONG=1 one of ten times the length.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzCluster;
use AzTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $steps = $ENV{DBMI_STEPS} // ($ENV{DBMI_LONG} ? 10000 : 1000);
my $seed = $ENV{DBMI_SEED} // int(rand(1e6));
my $node = start_node('main', 'fsync = off', 'max_prepared_transactions = 4', "shared_preload_libraries = 'dbmi_authz'");
my $super = $node->safe_psql('postgres', 'SELECT current_user');
people($node, 'postgres');
take_assertions($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE known AS SELECT generate_series(1, 5) AS id;
ALTER TABLE known ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON known USING (authz.is_authenticated());
GRANT SELECT ON doc, known TO node;
SQL
# numbers that a server took in the second in which it came up are refused
sleep 1;

my %walks = (
	plain => [],
	'generic plans' => [ '--setting', 'plan_cache_mode=force_generic_plan' ],
	'without folding' => [ '--setting', 'dbmi_authz.plan_folding=off' ]);
for my $walk (sort keys %walks)
{
	my $out = '';
	my $ok = IPC::Run::run([ '/usr/bin/python3', "$FindBin::RealBin/../pools/handed_walk", '--socket', $node->host . '/.s.PGSQL.' . $node->port,
			'--superuser', $super, '--steps', $steps, '--seed', $seed++, @{ $walks{$walk} } ], '<', '/dev/null', '>', \$out, '2>&1');
	ok($ok, $walk) or diag($out);
	note($out);
}

unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|TRAP/, 'nothing crashed');
$node->stop;
done_testing();
