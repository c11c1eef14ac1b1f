# Sessions that a token has opened walk at random through logins, failed logins,
# logouts, resets, transactions, savepoints, prepared transactions, changes of
# login_identity, revocation and inactive subjects, and are at each step who a model of
# the rules says.
#
# The work is done by test/pools/login_walk.  DBMI_SEED repeats a run, DBMI_STEPS makes a
# longer one, DBMI_LONG=1 one of ten times the length.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $library = server_directory('pkglibdir') . '/login_token_walk.so';
build_library('hooks/login_token.c', $library);
END { my $status = $?; unlink $library; $? = $status; }

my $steps = $ENV{DBMI_STEPS} // ($ENV{DBMI_LONG} ? 20000 : 2000);
my $seed = $ENV{DBMI_SEED} // int(rand(1e6));
my $node = start_node('main', 'fsync = off', 'max_prepared_transactions = 2', "session_preload_libraries = 'dbmi_authz, login_token_walk'");
my $super = $node->safe_psql('postgres', 'SELECT current_user');
people($node, 'postgres');
$node->safe_psql('postgres', 'GRANT SET ON PARAMETER dbmi_authz.login_identity TO app');
my $files = PostgreSQL::Test::Utils::tempdir();

my %walks = (
	plain => [],
	'generic plans' => [ '--setting', 'plan_cache_mode=force_generic_plan' ],
	'without folding' => [ '--setting', 'dbmi_authz.plan_folding=off' ],
	'scope "transaction"' => [ '--scope', 'transaction' ]);
for my $walk (sort keys %walks)
{
	my $scope = $walk =~ /^scope/ ? 'transaction' : 'session';
	$node->safe_psql('postgres', "ALTER ROLE app SET dbmi_authz.token_scope = '$scope'");
	my $out = '';
	my $ok = IPC::Run::run([ '/usr/bin/python3', "$FindBin::RealBin/../pools/login_walk", '--socket', $node->host . '/.s.PGSQL.' . $node->port,
			'--files', $files, '--superuser', $super, '--steps', $steps, '--seed', $seed++, @{ $walks{$walk} } ], '<', '/dev/null', '>', \$out, '2>&1');
	ok($ok, $walk) or diag($out);
	note($out);
}

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|terminated by signal|TRAP/, 'nothing crashed');
$node->stop;
done_testing();
