# Plans that are kept, in every way there is, while people, rights and tables
# change between executions, answer what a plan answers that nobody has kept.
#
# The work is done by test/plans/walk.  DBMI_SEED repeats a run, DBMI_STEPS makes
# a longer one, DBMI_LONG=1 one of ten times the length.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $steps = $ENV{DBMI_STEPS} // ($ENV{DBMI_LONG} ? 15000 : 1500);
my $seed = $ENV{DBMI_SEED} // int(rand(1e6));
my $node = start_node('main', 'fsync = off', 'autovacuum = off');
my $version = $node->safe_psql('postgres', 'SHOW server_version_num');

# C4.1, C4.2: as core chooses, and with plans that are kept from the first
# execution on; there the memory of a backend is measured too.
# How often core chooses one for everybody, differs much from world to world.
my @walks = (
	[ 'plans as core chooses', 0 ],
	[ 'generic plans', 0.05, '--memory', 40, '--setting', 'plan_cache_mode=force_generic_plan' ]);
for my $walk (@walks)
{
	my ($name, $shared, @options) = @$walk;
	my ($database, $out) = ($name =~ s/ /_/gr, '');
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	my $ok = IPC::Run::run([ '/usr/bin/python3', "$FindBin::RealBin/../plans/walk", '--socket', $node->host . '/.s.PGSQL.' . $node->port,
			'--database', $database, '--version', $version, '--steps', $steps, '--seed', $seed++, @options ],
		'<', '/dev/null', '>', \$out, '2>&1');
	ok($ok, $name) or diag($out);
	note($out);

	# right, and not because nothing was there
	my %count = $out =~ /[,;] ([a-z ]+) (\d+)/g;
	cmp_ok($count{'with rows'} // 0, '>', 0.25 * $count{answers}, "$name: many answers have rows") or diag($out);
	cmp_ok($count{'as another than before'} // 0, '>', 0.4 * $count{answers}, "$name: many are given to another person than the last") or diag($out);
	cmp_ok($count{'of these for everybody'} // 0, '>', $shared * $count{'plans looked at'}, "$name: plans serve everybody") or diag($out);
	is(grep({ !$count{$_} } 'pieces refused', 'pieces of one', 'pipelines', 'races', 'after changes of its own', 'denied', 'ended', 'grants'), 0, "$name: all of it was met") or diag($out);
	$node->safe_psql('postgres', "DROP DATABASE $database; DROP ROLE walk_app, walk_other, walk_view");
}

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|TRAP|terminated by signal/, 'nothing crashed');
unlike($log, qr/leak/, 'nothing leaked');
unlike($log, qr/eyJ/, 'no token in the log');
$node->stop;
done_testing();
