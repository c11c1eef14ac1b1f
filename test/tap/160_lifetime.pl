# Sessions that walk at random through logins, failed logins, transactions,
# savepoints, exception blocks, errors, timeouts and resets are at each step
# exactly who a model of the rules says.
#
# The work is done by test/pools/walk.  DBMI_SEED repeats a run, DBMI_STEPS makes
# a longer one, DBMI_LONG=1 one of ten times the length.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $steps = $ENV{DBMI_STEPS} // ($ENV{DBMI_LONG} ? 20000 : 2000);
my $seed = $ENV{DBMI_SEED} // int(rand(1e6));
my $node = start_node('main', 'fsync = off');
people($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION blocks(good text[], fails boolean[], bad boolean, level int DEFAULT 1) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.set_token(good[level], true);
	IF level < 3 THEN
		PERFORM blocks(good, fails, bad, level + 1);
	ELSIF bad THEN
		BEGIN
			PERFORM authz.set_token('not a token', true);
		EXCEPTION WHEN invalid_authorization_specification THEN
		END;
	END IF;
	IF fails[level] THEN
		RAISE division_by_zero;
	END IF;
EXCEPTION WHEN division_by_zero THEN
END $$;
SQL

my $force = $node->safe_psql('postgres', 'SHOW server_version_num') >= 160000 ? 'debug_parallel_query' : 'force_parallel_mode';
my @parallel = map { ('--setting', $_) } "$force=on", 'parallel_setup_cost=0', 'parallel_tuple_cost=0', 'min_parallel_table_scan_size=0', 'max_parallel_workers_per_gather=2';

# C1.4, C1.3: plain, with kept plans, without folding, with parallel plans, and
# for tokens that count in their transaction only.
my %walks = (
	plain => [],
	'generic plans' => [ '--setting', 'plan_cache_mode=force_generic_plan' ],
	'without folding' => [ '--setting', 'dbmi_authz.plan_folding=off' ],
	'parallel plans' => [ @parallel, '--steps', $steps / 4 ],
	'scope "transaction"' => [ '--scope', 'transaction' ]);
for my $walk (sort keys %walks)
{
	my $scope = $walk =~ /^scope/ ? 'transaction' : 'session';
	$node->safe_psql('postgres', "ALTER ROLE app SET dbmi_authz.token_scope = '$scope'");
	my $out = '';
	my $ok = IPC::Run::run([ '/usr/bin/python3', "$FindBin::RealBin/../pools/walk", '--socket', $node->host . '/.s.PGSQL.' . $node->port,
			'--steps', $steps, '--seed', $seed++, @{ $walks{$walk} } ], '<', '/dev/null', '>', \$out, '2>&1');
	ok($ok, $walk) or diag($out);
	note($out);
}

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|terminated by signal/, 'nothing crashed');
$node->stop;
done_testing();
