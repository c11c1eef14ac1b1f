# Sessions that walk at random through logins and through changes of the trust,
# of their own and of others, answer at each step what a model of the rules
# says: who is in force, which tokens are accepted, and why others are not.
#
# The work is done by test/trust/walk.  DBMI_SEED repeats a run, DBMI_STEPS makes
# a longer one.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $steps = $ENV{DBMI_STEPS} // 2000;
my $seed = $ENV{DBMI_SEED} // int(rand(1e6));
my $node = start_node('main', 'fsync = off', 'autovacuum = off');

# Q27: with few issuers everything meets; with many, some are forgotten while
# they are in force; plans that are kept, and none that folds
my @walks = (
	[ 'few issuers', 1 ],
	[ 'many issuers', 1 / 3, '--issuers', 120 ],
	[ 'generic plans', 1 / 6, '--setting', 'plan_cache_mode=force_generic_plan' ],
	[ 'without folding', 1 / 6, '--setting', 'dbmi_authz.plan_folding=off' ]);
for my $walk (@walks)
{
	my ($name, $share, @options) = @$walk;
	my ($database, $out) = ($name =~ s/ /_/gr, '');
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	my $ok = IPC::Run::run([ '/usr/bin/python3', "$FindBin::RealBin/../trust/walk", '--socket', $node->host . '/.s.PGSQL.' . $node->port,
			'--database', $database, '--steps', int($steps * $share), '--seed', $seed++, @options ], '<', '/dev/null', '>', \$out, '2>&1');
	ok($ok, $name) or diag($out);
	note($out);
	my %count = $out =~ /\b(valid|changes|overrun) (\d+)/g;
	is(grep({ !$count{$_} } qw(valid changes overrun)), 0, "$name: all of it was met") or diag($out);
}

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|terminated by signal/, 'nothing crashed');
unlike($log, qr/eyJ/, 'no token in the log');
$node->stop;
done_testing();
