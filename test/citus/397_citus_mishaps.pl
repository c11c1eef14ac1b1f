# On Citus, nodes that lack something, nodes that go, and what may be read of assertions:
# a clear error, and nothing that says who is in force.
#
# Runs where the server has Citus (make check-citus).

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../tap";

use AzCitus;
use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'this server has no Citus' unless has_citus();

my @nodes = start_cluster(conf => [ 'log_statement = all', 'log_min_duration_statement = 0', 'log_min_messages = debug2', 'log_error_verbosity = verbose' ]);
my ($coordinator, $one, $two) = @nodes;
my %tokens = (ann => pool_token(4, 'a'), bob => pool_token(6, 'b'), carl => pool_token(7, 'c'));
trust_pool(@nodes);
make_tables($coordinator);
spread(@nodes);
my $seen = 'SELECT (SELECT count(*) FROM doc), (SELECT count(*) FROM memo)';

sub on { my ($node, $sql, %opt) = @_; return join ' ', session($node, $sql, db => 'clinic', tokens => \%tokens, %opt); }
sub says { my ($node, $name, $sql, $wanted, %opt) = @_; my $got = on($node, $sql, %opt); return ref $wanted ? like($got, $wanted, $name) : is($got, $wanted, $name); }
sub as { my ($who, @sql) = @_; return "BEGIN; SELECT authz.set_token(\$1, true) \\bind '%{$who}' \\g\n" . join('; ', @sql) . '; COMMIT;'; }
sub alone { my ($node, $sql) = @_; return $node->safe_psql('clinic', "SET client_min_messages = error; SET citus.enable_ddl_propagation = off; SET citus.enable_metadata_sync = off; $sql"); }

says($coordinator, 'all is well', as('ann', $seen), '5|5');

# ---- what a reader of views and logs learns ----

my $shown = q{SELECT count(*) FROM pg_stat_activity WHERE query ~ 'e[y]J'};
is(on($coordinator, as('ann', $seen, q{SELECT count(*) FROM (SELECT * FROM citus_stat_activity OFFSET 0) a WHERE query ~ 'e[y]J'})), '5|5 0', 'citus_stat_activity shows no token');
{
	my $wire = AzWire->new($coordinator, db => 'clinic');
	$wire->query('BEGIN')->answers;
	$wire->query("SELECT authz.set_token('$tokens{ann}', true)")->answers;
	$wire->query('SELECT count(*) FROM memo')->answers;
	is(join('', map { $_->safe_psql('clinic', $shown) } @nodes), '000', 'pg_stat_activity of no node does, while the transaction is open');
	$wire->query('ROLLBACK')->answers;
}
# the client binds its token, so that one in the log is an assertion
$coordinator->safe_psql('clinic', q{SET client_min_messages = error; CREATE FUNCTION loud() RETURNS bigint LANGUAGE plpgsql SET citus.log_remote_commands = on AS $$BEGIN RETURN (SELECT count(*) FROM memo); END$$;
	CREATE FUNCTION quiet() RETURNS bigint LANGUAGE plpgsql SET citus.log_remote_commands = off AS $$BEGIN RETURN (SELECT count(*) FROM memo WHERE id = 40); END$$});
my ($loud, $many) = ('SET LOCAL citus.log_remote_commands = on', 'SET LOCAL citus.force_max_query_parallelization = on');
my %loud = (
	'before' => [ "SET citus.log_remote_commands = on; SET client_min_messages = error; " . as('ann', $seen), '5|5' ],
	'after' => [ as('ann', 'SELECT count(*) FROM memo WHERE id = 40', $loud, $many, $seen), '1 5|5' ],
	'in the same query' => [ as('ann', 'SELECT count(*) FROM memo WHERE id = 40', $many, q{SELECT count(*) FROM memo, (SELECT set_config('citus.log_remote_commands', 'on', true) OFFSET 0) s WHERE s.set_config = 'on'}), '1 5' ],
	'in a function' => [ as('ann', 'SELECT count(*) FROM memo WHERE id = 40', $many, 'SELECT loud()'), '1 5' ],
	'back from a function' => [ as('ann', $loud, $many, 'SELECT quiet(), quiet(), (SELECT count(*) FROM memo)', $seen), '1|1|5 5|5' ],
	'back from a savepoint' => [ as('ann', $loud, $many, 'SAVEPOINT s', 'SET LOCAL citus.log_remote_commands = off', 'SELECT quiet()', 'ROLLBACK TO s', $seen), '1 5|5' ],
	'in another person\'s stead' => [ as('ann', $loud, 'SELECT quiet()', q{SELECT authz.set_token('%{bob}', true)}, $many, $seen), '1 2|2' ],
	'CREATE TABLE' => [ as('ann', 'SELECT quiet()', $loud, $many, 'CREATE TABLE fresh (id int)', q{SELECT 1 WHERE create_distributed_table('fresh', 'id') IS NULL}) =~ s/COMMIT/ROLLBACK/r, '1' ]);
$coordinator->safe_psql('clinic', 'SET client_min_messages = error; GRANT CREATE ON SCHEMA public TO app');
for my $case (sort keys %loud)
{
	my ($size) = log_size($coordinator);
	my ($sql, $wanted) = @{ $loud{$case} };
	my @lines = session($coordinator, "SET citus.max_cached_conns_per_worker = 0; $sql", db => 'clinic', tokens => \%tokens);
	is(join(' ', grep { !/^NOTICE/ } @lines), $wanted, "right, when Citus is to tell its commands, set on $case");
	is(scalar(grep { /eyJ/ } @lines), 0, 'it tells the client of no assertion');
	is(scalar(grep { /issuing.*eyJ/ } split /\n/, logs_since([$coordinator], $size)), 0, 'nor the log');
}
says($coordinator, 'after the transaction it is as it was set', 'SET citus.log_remote_commands = on; ' . as('ann', 'SHOW citus.log_remote_commands', 'SELECT quiet()', 'SHOW citus.log_remote_commands', 'SET LOCAL citus.log_remote_commands = off', 'SHOW citus.log_remote_commands') . ' SHOW citus.log_remote_commands; SET client_min_messages = notice; SELECT count(*) FROM open_doc WHERE id = 40;', qr/on 1 on off on .*issuing/);
my $log = logs_since(\@nodes, map { 0 } @nodes);
# the coordinator's, where tokens were bound and once written out by the client
my @lines = grep { /eyJ/ } split /\n/, join '', map { slurp_file($_->logfile) } $one, $two;
is(scalar @lines, 0, 'no node logs an assertion, whatever it logs') or diag(substr $lines[0], 0, 200);

# ---- a node that lacks something ----

alone($two, 'ALTER SCHEMA authz RENAME TO elsewhere');
says($coordinator, 'a node without the functions: an error', as('ann', 'SELECT count(*) FROM memo'), qr/^[0-9A-Z]{5}: /);
alone($two, 'ALTER SCHEMA elsewhere RENAME TO authz');
says($coordinator, 'its twin', as('ann', $seen), '5|5');

alone($two, q{SELECT authz.drop_cluster_key('node0')});
says($coordinator, 'a node without the key: an error', as('ann', 'SELECT count(*) FROM memo'), qr/^28000: /);
says($coordinator, 'also when it is asked first in a savepoint', as('ann', q{SELECT count(*) FROM open_doc}, 'SAVEPOINT s', 'SELECT count(*) FROM memo'), qr/^600 28000: /);
my $jwk = $coordinator->safe_psql('clinic', q{SELECT jwk FROM authz.cluster_keys() WHERE kid = 'node0'});
alone($two, qq{SELECT authz.add_cluster_key_public('node0', '$jwk')});
says($coordinator, 'its twin', as('ann', $seen), '5|5');

# rotation: a new key is known everywhere before it signs
my $next = alone($coordinator, q{SELECT authz.add_cluster_key('next')});
says($coordinator, 'a new key that no node knows: an error', as('ann', 'SELECT count(*) FROM memo'), qr/^28000: /);
alone($_, qq{SELECT authz.add_cluster_key_public('next', '$next')}) for $one, $two;
says($coordinator, 'known to all: right', as('ann', $seen), '5|5');
alone($_, q{SELECT authz.drop_cluster_key('node0')}) for @nodes;
says($coordinator, 'the old one is gone', as('ann', $seen), '5|5');

alone($two, q{DELETE FROM authz.issuer_key; DELETE FROM authz.issuer}) if 0;
alone($two, q{SELECT authz.drop_issuer('pool')});
says($coordinator, 'a node that does not know the issuer: an error', as('ann', 'SELECT count(*) FROM memo'), qr/^[0-9A-Z]{5}: /);
trust_pool($two);
says($coordinator, 'its twin', as('ann', $seen), '5|5');
alone($two, q{SELECT authz.alter_issuer('pool', '{"leeway_seconds": 7}')});
says($coordinator, 'a node with other options of the issuer: an error, or right', as('ann', 'SELECT count(*) FROM memo'), qr/^(5|[0-9A-Z]{5}: .*)$/);
alone($two, q{SELECT authz.drop_issuer('pool')});
trust_pool($two);

# ---- time ----

$tokens{soon} = pool_token(4, 's', expires => 3);
says($coordinator, 'a transaction that outlives its token', as('soon', $seen, 'SELECT pg_sleep(3.2)', $seen), qr/^5\|5 28000: /);

# ---- nodes that go ----

{
	my $wire = AzWire->new($coordinator, db => 'clinic');
	my $ask = sub { return join ' ', map { my @got = grep { length } $wire->query($_)->answers; @got } @_ };
	$ask->('BEGIN', "SELECT authz.set_token('$tokens{ann}', true)");
	like($ask->('SELECT count(*) FROM memo'), qr/5/, 'a transaction over all nodes');
	$two->restart;
	unlike($ask->('SELECT count(*) FROM memo'), qr/\b[0-4]\b/, 'a node that was restarted: an error, or all rows');
	$ask->('ROLLBACK');
	my $got = '';
	for (1 .. 5)
	{
		$ask->('BEGIN', "SELECT authz.set_token('$tokens{ann}', true)");
		$got = $ask->('SELECT count(*) FROM memo');
		$ask->('ROLLBACK');
		last if $got =~ /\b5\b/;
		unlike($got, qr/\b[0-4]\b/, 'never fewer rows');
		sleep 1;			# what was made in the second in which it began may have been used
	}
	like($got, qr/\b5\b/, 'and right again');
	$two->stop('immediate');
	unlike($ask->('BEGIN', "SELECT authz.set_token('$tokens{ann}', true)", 'SELECT count(*) FROM memo'), qr/\b[0-4]\b/, 'a node that is away: an error');
	$ask->('ROLLBACK');
	$two->start;
	sleep 2;
}
says($coordinator, 'and back', as('ann', $seen), '5|5');

# ---- moving shards, another table, another node ----

$coordinator->safe_psql('clinic', 'SET client_min_messages = error; ALTER TABLE memo FORCE ROW LEVEL SECURITY; SELECT citus_move_shard_placement(shardid, nodename, nodeport, ' .
	sprintf(q{'%s', %d, 'force_logical') FROM citus_shards WHERE table_name = 'memo'::regclass AND nodeport = %d ORDER BY shardid LIMIT 1}, $one->host, $one->port, $two->port));
is($coordinator->safe_psql('clinic', 'SELECT count(*) FROM memo'), 600, 'moving a shard by logical replication lost no row of a table with FORCE');
says($coordinator, 'and each sees what is theirs', as('ann', $seen) . as('carl', $seen), '5|5 600|600');

# FORCE binds the owner: what Citus copies by INSERT ... SELECT as the owner is what the owner may see
$coordinator->safe_psql('clinic', 'SET client_min_messages = error; GRANT CREATE ON SCHEMA public TO app; ALTER TABLE memo OWNER TO app');
says($coordinator, 'undistribute_table with row_security off: an error instead of lost rows', q{SET client_min_messages = error; SET row_security = off; SELECT undistribute_table('memo')}, qr/^42501: query would be affected by row-level security policy/);
is($coordinator->safe_psql('clinic', 'SELECT count(*) FROM memo'), 600, 'all rows are there');

my $all = logs_since(\@nodes, map { 0 } @nodes);
unlike($all, qr/PANIC|TRAP|terminated by signal/, 'nothing crashed');
$_->stop for @nodes;
done_testing();
