# Sessions at every node of a Citus cluster walk at random through logins, savepoints,
# prepared statements, cursors, revocations and restarts, and each answer is the one that
# a model of the rules gives.
#
# The work is done by test/citus/walk.  DBMI_SEED repeats a run, DBMI_STEPS asks for so many
# answers in all, DBMI_LONG=1 for 20,000.  Runs where the server has Citus (make check-citus).

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../tap";

use AzCitus;
use AzTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'this server has no Citus' unless has_citus();

my $answers = $ENV{DBMI_STEPS} || ($ENV{DBMI_LONG} ? 20000 : 2000);
my $seed = $ENV{DBMI_SEED} || int(rand(1e6));
my @nodes = start_cluster();
my $coordinator = $nodes[0];
trust_pool(@nodes);
spread(@nodes);
make_tables($coordinator);
$coordinator->safe_psql('clinic', <<'SQL');
SET client_min_messages = error;
ALTER ROLE app SET lock_timeout = '1s';		-- on all nodes: a lock that is waited for there, too
CREATE FUNCTION seen() RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT count(*) FROM memo); END$$;
CREATE FUNCTION attempt(token text, fails boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	BEGIN
		PERFORM authz.set_token(token, true);
		SELECT count(*) INTO n FROM memo;
		IF fails THEN PERFORM 1 / 0; END IF;
	EXCEPTION WHEN division_by_zero THEN n := -1;
	END;
	RETURN n;
END $$;
SQL
my $super = getpwuid $<;

# The last with shards on the coordinator.
my @walks = (
	[ 'plans as core chooses' ],
	[ 'generic plans', '--setting', 'plan_cache_mode=force_generic_plan' ],
	[ 'without folding', '--setting', 'dbmi_authz.plan_folding=off' ],
	[ 'many cached connections', '--setting', 'citus.max_cached_conns_per_worker=8', '--setting', 'citus.force_max_query_parallelization=on' ],
	[ 'with shards on the coordinator', '--setting', 'citus.max_cached_conns_per_worker=4' ]);
for my $walk (@walks)
{
	my ($name, @options) = @$walk;
	my $out = '';
	if ($name =~ /shards/)
	{
		$coordinator->safe_psql('clinic', sprintf q{SET client_min_messages = error; SELECT citus_set_node_property('%s', %d, 'shouldhaveshards', true); SELECT rebalance_table_shards(shard_transfer_mode => 'block_writes')},
			$coordinator->host, $coordinator->port);
	}
	my $ok = IPC::Run::run([ '/usr/bin/python3', "$FindBin::RealBin/walk", '--superuser', $super, '--seed', $seed++, '--answers', int($answers / @walks),
			(map { ('--node', join ':', $_->name, $_->host . '/.s.PGSQL.' . $_->port, $_->data_dir) } @nodes), @options ],
		'<', '/dev/null', '>', \$out, '2>&1');
	ok($ok, $name) or diag($out);
	note($out);
	my %count = $out =~ /[,;] ([a-z ]+) (\d+)/g;
	cmp_ok($count{'with rows'} // 0, '>', 0.1 * $answers / @walks, "$name: many answers have rows") or diag($out);
}

my $log = join '', map { slurp_file($_->logfile), (-e $_->data_dir . '/../walk.log' ? slurp_file($_->data_dir . '/../walk.log') : '') } @nodes;
unlike($log, qr/PANIC|TRAP|terminated by signal (?!3|9)/, 'nothing crashed');
unlike($log, qr/leak/, 'nothing leaked');
unlike($log, qr/eyJ/, 'no token in the log of any node');
for my $node (@nodes)
{
	# pg_ctl gave it another process
	$node->_update_pid(1);
	$node->stop('fast');
}
done_testing();
