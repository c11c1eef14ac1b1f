# On Citus, every road of a query to other nodes answers for the identity that is in
# force, or is an error: never fewer rows, never somebody else's.
#
# Runs where the server has Citus (make check-citus).

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../tap";

use AzCitus;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'this server has no Citus' unless has_citus();

# ann is u4 with five rows of everything, bob u6 with two, carl u7 the administrator
my @nodes = start_cluster();
my ($coordinator, @workers) = @nodes;
my %tokens = (ann => pool_token(4, 'a'), bob => pool_token(6, 'b'), carl => pool_token(7, 'c'), bad => pool_token(6, 'b', secret => 'b"y" * 32'),
	short => pool_token(4, 's', expires => 12));
trust_pool(@nodes);
make_tables($coordinator);
my $super = getpwuid $<;
my $all = 600;
my $seen = 'SELECT (SELECT count(*) FROM doc), (SELECT count(*) FROM memo)';

sub on { my ($node, $sql, %opt) = @_; return join ' ', session($node, $sql, db => 'clinic', tokens => \%tokens, %opt); }
# Each is a session of its own: what it says, and what is expected.
sub says { my ($node, $name, $sql, $wanted, %opt) = @_; return is(on($node, $sql, %opt), $wanted, $name); }
sub as { my ($who, @sql) = @_; return "BEGIN; SELECT authz.set_token('%{$who}', true); " . join('; ', @sql) . '; COMMIT;'; }
sub quietly { my ($sql) = @_; return $coordinator->safe_psql('clinic', "SET client_min_messages = error; $sql"); }

# ---- before there is a key ----

says($coordinator, 'nobody sees nothing', "$seen; BEGIN; $seen; COMMIT;", '0|0 0|0');
says($coordinator, 'without a cluster key: an error', "\\set VERBOSITY sqlstate\n" . as('ann', 'SELECT count(*) FROM doc'), 'ERROR: 55000' =~ s/^ERROR: //r);
says($coordinator, 'its twin: tables without protection are read', as('ann', 'SELECT count(*) FROM open_doc'), $all);

my $key = $coordinator->safe_psql('clinic', q{SELECT authz.add_cluster_key('lone')});
like(on($coordinator, as('ann', 'SELECT count(*) FROM memo')), qr/^28000: /, 'a key that the nodes do not know: an error');
$coordinator->safe_psql('clinic', q{SELECT authz.drop_cluster_key('lone')});
spread(@nodes);

# ---- who is logged in ----

my %logins = (
	'set_token for the transaction' => q{BEGIN; SELECT authz.set_token('%{ann}', true)},
	'set_token for the session' => q{SELECT authz.set_token('%{ann}'); BEGIN},
	'set_token for the session, within' => q{BEGIN; SELECT authz.set_token('%{ann}')},
	'SET' => q{SET dbmi_authz.token = '%{ann}'; BEGIN},
	'SET LOCAL' => q{BEGIN; SET LOCAL dbmi_authz.token = '%{ann}'},
	'set_config' => q{BEGIN; SELECT FROM set_config('dbmi_authz.token', '%{ann}', true)},
	'after somebody else' => qq{BEGIN; SELECT authz.set_token('%{carl}', true); SELECT authz.set_token('%{ann}', true)},
	'after a failure' => q{SELECT 1 WHERE authz.try_set_token('%{bad}'); BEGIN; SELECT authz.set_token('%{ann}', true)});
says($coordinator, "login by $_", "$logins{$_}; $seen; COMMIT;", '5|5') for sort keys %logins;
says($coordinator, 'the administrator', as('carl', $seen), "$all|$all");
says($coordinator, 'two persons in one transaction', as('ann', $seen, q{SELECT authz.set_token('%{bob}', true)}, $seen), '5|5 2|2');
says($coordinator, 'nobody again', as('carl', $seen, 'SELECT authz.clear_token()', $seen), "$all|$all 0|0");
says($coordinator, 'a failed login leaves nobody, on all nodes', as('carl', $seen, q{SELECT 1 WHERE authz.try_set_token('%{bad}')}, $seen), "$all|$all 0|0");
says($coordinator, 'one transaction after the other', as('ann', $seen) . as('bob', $seen) . "BEGIN; $seen; COMMIT; $seen;" . as('carl', $seen), "5|5 2|2 0|0 0|0 $all|$all");
says($coordinator, 'by another role, after SET ROLE', 'SET ROLE other; ' . as('ann', $seen), '5|5');

# ---- without a transaction block ----

for my $case ([ 'router', 'SELECT count(*) FROM doc' ], [ 'all shards', 'SELECT count(*) FROM memo' ], [ 'reference table', 'SELECT count(*) FROM kind' ],
	[ 'a check in the query', 'SELECT count(*) FROM open_doc WHERE authz.is_owner(owner)' ], [ 'UPDATE', 'UPDATE memo SET hits = 1' ], [ 'INSERT', q{INSERT INTO doc VALUES (1, 'u4')} ],
	[ 'COPY TO', 'COPY memo (owner) TO STDOUT' ], [ 'COPY of a query', 'COPY (SELECT count(*) FROM memo) TO STDOUT' ],
	[ 'in a function', 'SELECT seen()' ], [ 'in DO', 'DO $$BEGIN PERFORM * FROM memo; END$$' ])
{
	quietly('CREATE OR REPLACE FUNCTION seen() RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT count(*) FROM memo); END$$');
	my $got = on($coordinator, "SELECT authz.set_token('%{ann}'); $case->[1];", details => 1);
	like($got, qr/^25P01: .*HINT: .*BEGIN/, "without a block: $case->[0]");
	like(on($coordinator, "SELECT authz.set_token('%{ann}'); BEGIN; $case->[1]; ROLLBACK;"), qr/^(\d+|(u4 ?){5})?$/, "its twin: $case->[0]");
}
says($coordinator, 'without a block: a table that nobody protects', "SELECT authz.set_token('%{ann}'); SELECT count(*) FROM open_doc;", $all);
says($coordinator, 'without a block: EXPLAIN never raises', "SELECT authz.set_token('%{ann}'); EXPLAIN (COSTS OFF) SELECT id FROM memo \\g /dev/null\nSELECT 'done'", 'done');
says($coordinator, 'several statements in one message are a block', "SELECT authz.set_token('%{ann}') \\; $seen;", '5|5');

# ---- reading ----

my %reads = (
	'one shard by the policy' => [ 'SELECT string_agg(id::text, \',\' ORDER BY id) FROM doc', '40,41,42,43,44' ],
	'one shard by the query' => [ q{SELECT count(*) FROM doc WHERE owner = 'u4'}, 5 ],
	'somebody else\'s shard' => [ q{SELECT count(*) FROM doc WHERE owner = 'u6'}, 0 ],
	'join in one shard' => [ 'SELECT count(*) FROM doc JOIN note USING (owner)', 25 ],
	'join with a reference table' => [ 'SELECT count(*) FROM memo, kind', 15 ],
	'join across shards' => [ 'SET LOCAL citus.enable_repartition_joins = on; SELECT count(*) FROM doc JOIN memo USING (id)', 5 ],
	'join with a local table' => [ 'SELECT count(*) FROM slip JOIN memo USING (id)', 5 ],
	'left join' => [ 'SELECT count(*), count(n.doc) FROM doc d LEFT JOIN note n ON n.owner = d.owner AND n.doc = d.id AND n.doc > 41', '5|3' ],
	'CTE' => [ 'WITH a AS MATERIALIZED (SELECT * FROM memo), b AS MATERIALIZED (SELECT * FROM doc) SELECT count(*) FROM a JOIN b USING (id)', 5 ],
		'sub-select' => [ 'SELECT count(*) FROM doc WHERE id IN (SELECT id FROM memo ORDER BY id LIMIT 3)', 3 ],
	'set operation' => [ 'SELECT count(*) FROM (SELECT id FROM memo UNION SELECT doc FROM note) u', 5 ],
	'window' => [ 'SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY id) r FROM memo) w', 5 ],
	'accessor, worked out on a node' => [ 'SELECT DISTINCT authz.subject() FROM open_doc', 'u4' ],
	'accessor and check' => [ q{SELECT count(*) FROM open_doc WHERE authz.subject() = owner AND authz.is_owner(owner)}, 5 ],
	'FOR UPDATE' => [ 'SELECT count(*) FROM (SELECT * FROM doc WHERE owner = \'u4\' FOR UPDATE) l', 5 ],
	'reference table' => [ 'SELECT count(*) FROM kind', 3 ],
	'local table' => [ 'SELECT count(*) FROM slip', 5 ],
	'function' => [ 'SELECT seen()', 5 ],
	'COPY TO' => [ 'COPY doc TO STDOUT', "40\tu4\t0 41\tu4\t0 42\tu4\t0 43\tu4\t0 44\tu4\t0" ],
	'COPY TO with a header' => [ 'COPY memo (owner) TO STDOUT (FORMAT csv, HEADER)', 'owner u4 u4 u4 u4 u4' ],
	'COPY of a query' => [ 'COPY (SELECT count(*) FROM memo) TO STDOUT', 5 ],
	'one task after the other' => [ q{SET LOCAL citus.max_adaptive_executor_pool_size = 1; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT count(*) FROM memo}, 5 ],
	'as many connections as there are shards' => [ q{SET LOCAL citus.force_max_query_parallelization = on; SELECT count(*) FROM memo}, 5 ],
	'without blocks on the nodes' => [ q{SET LOCAL citus.select_opens_transaction_block = off; SELECT count(*) FROM memo}, qr/^(5|[0-9A-Z]{5}: .*)$/ ],
	'sent SETs' => [ q{SET LOCAL citus.propagate_set_commands = 'local'; SELECT count(*) FROM memo; SET LOCAL work_mem = '8MB'; SELECT count(*) FROM memo; RESET ALL; SELECT count(*) FROM memo}, qr/^5 5 (5|0)$/ ],
);
for my $name (sort keys %reads)
{
	my ($sql, $wanted) = @{ $reads{$name} };
	for my $folding ('on', 'off')
	{
		my $got = on($coordinator, as('ann', "SET LOCAL dbmi_authz.plan_folding = $folding", $sql));
		ref $wanted ? like($got, $wanted, "read, folding $folding: $name") : is($got, $wanted, "read, folding $folding: $name");
	}
}

# What runs on the nodes: the condition with the value
like(on($coordinator, as('ann', 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM doc')), qr/Task Count: 1 .*'u4'/, 'EXPLAIN ANALYZE: one shard, and the value');
like(on($coordinator, as('ann', 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM memo')), qr/Task Count: 8 /, 'EXPLAIN ANALYZE: all shards');
unlike(on($coordinator, as('carl', 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM doc')), qr/Filter:/, 'EXPLAIN ANALYZE: an administrator\'s has no condition');

# ---- writing ----

my %writes = (
	'INSERT' => [ q{INSERT INTO doc VALUES (45, 'u4')}, '6|5' ],
	'INSERT of an accessor' => [ q{INSERT INTO doc VALUES (45, authz.subject())}, '6|5' ],
	'INSERT of many' => [ q{INSERT INTO memo VALUES (45, 'u4'), (46, 'u4'), (47, 'u4')}, '5|8' ],
	'INSERT for somebody else' => [ q{INSERT INTO doc VALUES (45, 'u6')}, qr/^42501: new row violates row-level security/ ],
	'INSERT of many, one for somebody else' => [ q{INSERT INTO memo VALUES (45, 'u4'), (46, 'u6')}, qr/^42501: / ],
	'UPDATE' => [ q{UPDATE memo SET hits = hits + 1; UPDATE doc SET hits = hits + 1 RETURNING id}, '40 41 42 43 44 5|5' ],
	'UPDATE away' => [ q{UPDATE memo SET owner = 'u6'}, qr/^42501: / ],
	'DELETE' => [ 'DELETE FROM memo; DELETE FROM doc', '0|0' ],
	'INSERT ... SELECT in the shards' => [ q{INSERT INTO note SELECT owner, id, 'n' FROM doc; SELECT count(*) FROM note}, '10 5|5' ],
	'INSERT ... SELECT from one shard' => [ q{INSERT INTO memo SELECT id + 100000, owner FROM doc}, qr/^0A000: COPY FROM not supported with row-level security/ ],
	'INSERT ... SELECT across shards' => [ q{INSERT INTO memo SELECT id + 100000, owner FROM open_doc WHERE owner = 'u4'}, '5|10' ],
	'INSERT ... SELECT across shards, for somebody else' => [ q{INSERT INTO memo SELECT id + 100000, 'u6' FROM open_doc}, qr/^42501: / ],
	'INSERT ... SELECT by way of the coordinator' => [ q{SET LOCAL citus.enable_repartitioned_insert_select = off; INSERT INTO memo SELECT id + 100000, owner FROM doc}, qr/^0A000: / ],
	'INSERT ... SELECT ... RETURNING' => [ q{INSERT INTO memo SELECT id + 100000, owner FROM doc ORDER BY id LIMIT 2 RETURNING 1}, '1 1 5|7' ],
	'INSERT ... SELECT ... RETURNING, for somebody else' => [ q{INSERT INTO memo SELECT id + 100000, 'u6' FROM doc RETURNING 1}, qr/^42501: / ],
	'INSERT ... SELECT ... ON CONFLICT' => [ q{INSERT INTO memo SELECT id + 100000, owner FROM doc ON CONFLICT DO NOTHING}, '5|10' ],
	'INSERT ... SELECT ... ON CONFLICT, for somebody else' => [ q{INSERT INTO memo SELECT id + 100000, 'u6' FROM doc ON CONFLICT DO NOTHING}, qr/^42501: / ],
	'INSERT ... ON CONFLICT' => [ q{INSERT INTO memo VALUES (40, 'u4') ON CONFLICT (id) DO UPDATE SET hits = 7}, '5|5' ],
	'INSERT ... ON CONFLICT with what is not seen' => [ q{INSERT INTO memo VALUES (60, 'u4') ON CONFLICT (id) DO UPDATE SET hits = 7}, qr/^42501: / ],
	'MERGE in the shards' => [ q{MERGE INTO note n USING doc d ON n.owner = d.owner AND n.doc = d.id WHEN MATCHED THEN DELETE; SELECT count(*) FROM note}, '0 5|5' ],
	'MERGE across shards' => [ q{MERGE INTO memo m USING (SELECT id + 1 AS id, owner FROM doc) d ON m.id = d.id WHEN MATCHED THEN UPDATE SET hits = 1 WHEN NOT MATCHED THEN INSERT VALUES (d.id, d.owner)}, qr/^(5\|6|XX000: non-IMMUTABLE functions are not yet supported in MERGE .*)$/ ],
	'COPY FROM' => [ "COPY doc FROM STDIN;\n45\tu4\t0\n\\.\nSELECT 1 WHERE false", qr/^0A000: COPY FROM not supported with row-level security/ ],
	'UPDATE of a reference table' => [ q{UPDATE kind SET level = 2 WHERE name = 'kind0'; SELECT count(*) FROM kind WHERE level = 2}, '2 5|5' ],
	'CTE that writes' => [ 'WITH a AS (UPDATE memo SET hits = hits + 1 RETURNING id) SELECT count(*) FROM a', '5 5|5' ],
	'SELECT of a function that writes' => [ q{SELECT wrote()}, '5 5|5' ]);
quietly('CREATE FUNCTION wrote() RETURNS bigint LANGUAGE plpgsql AS $$DECLARE n bigint; BEGIN UPDATE memo SET hits = hits + 1; GET DIAGNOSTICS n = ROW_COUNT; RETURN n; END$$');
for my $name (sort keys %writes)
{
	my ($sql, $wanted) = @{ $writes{$name} };
	my $got = on($coordinator, as('ann', $sql, $seen) =~ s/COMMIT;$/ROLLBACK;/r);
	ref $wanted ? like($got, $wanted, "write: $name") : is($got, $wanted, "write: $name");
}
is($coordinator->safe_psql('clinic', 'SELECT count(*), sum(hits) FROM memo'), "$all|0", 'nothing of that stayed');
# 2PC, when several nodes have written
says($coordinator, 'a commit on several nodes', as('ann', 'UPDATE memo SET hits = 1') . as('bob', 'UPDATE memo SET hits = 2'), '');
is($coordinator->safe_psql('clinic', q{SELECT string_agg(DISTINCT owner || hits, ' ' ORDER BY owner || hits) FROM memo WHERE hits > 0}), 'u41 u62', 'reached the rows of each');
is(join('', map { $_->safe_psql('clinic', 'SELECT count(*) FROM pg_prepared_xacts') } @nodes), '000', 'and left no prepared transaction');
says($coordinator, 'PREPARE TRANSACTION is refused or right', as('ann', 'UPDATE memo SET hits = 3') =~ s/COMMIT;$/PREPARE TRANSACTION 'x'; ROLLBACK PREPARED 'x'/r . ";\n", on($coordinator, as('ann', 'UPDATE memo SET hits = 3') =~ s/COMMIT;$/PREPARE TRANSACTION 'x'; ROLLBACK PREPARED 'x'/r . ";\n"));

# ---- savepoints ----

my $ann = q{SELECT authz.set_token('%{ann}', true)};
my $bob = q{SELECT authz.set_token('%{bob}', true)};
my %savepoints = (
	'released' => [ as('ann', $seen, 'SAVEPOINT s', $bob, $seen, 'RELEASE s', $seen), '5|5 2|2 2|2' ],
	'released, before anybody was asked' => [ as('ann', 'SAVEPOINT s', $seen, 'RELEASE s', $seen), '5|5 5|5' ],
	'rolled back' => [ as('ann', $seen, 'SAVEPOINT s', $bob, $seen, 'ROLLBACK TO s', $seen), '5|5 2|2 5|5' ],
	'rolled back to nobody' => [ "BEGIN; $seen; SAVEPOINT s; $ann; $seen; ROLLBACK TO s; $seen; COMMIT;", '0|0 5|5 0|0' ],
	'rolled back, then another' => [ as('ann', 'SAVEPOINT s', $seen, 'ROLLBACK TO s', $bob, $seen), '5|5 2|2' ],
	'three deep' => [ as('ann', 'SAVEPOINT a', $bob, 'SAVEPOINT b', $seen, $ann, 'SAVEPOINT c', $seen, 'RELEASE c', $seen, 'ROLLBACK TO b', $seen, 'ROLLBACK TO a', $seen), '2|2 5|5 5|5 2|2 5|5' ],
	'released, on connections that come later' => [ as('ann', q{SELECT count(*) FROM doc}, 'SAVEPOINT s', $bob, q{SELECT count(*) FROM doc}, 'RELEASE s', 'SET LOCAL citus.force_max_query_parallelization = on', $seen), '5 2 2|2' ],
	'an error within' => [ "BEGIN; $ann; SAVEPOINT s; $bob; SELECT 1/0 FROM memo; ROLLBACK TO s; $seen; COMMIT;", '22012: division by zero 5|5' ],
	'blocks with EXCEPTION' => [ "BEGIN; $ann; SELECT attempt('%{bob}'); $seen; COMMIT;", '2 2|2' ],
	'blocks with EXCEPTION that fail' => [ "BEGIN; $ann; SELECT attempt('%{bob}', true); $seen; COMMIT;", '-1 5|5' ]);
quietly(<<'SQL');
CREATE FUNCTION attempt(token text, fails boolean DEFAULT false) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	BEGIN
		PERFORM authz.set_token(token, true);
		SELECT count(*) INTO n FROM memo;
		IF fails THEN PERFORM 1 / 0; END IF;
	EXCEPTION WHEN division_by_zero THEN n := -1;
	END;
	RETURN n;
END $$
SQL
says($coordinator, "savepoint: $_", @{ $savepoints{$_} }) for sort keys %savepoints;

# ---- cursors ----

my $cursor = 'DECLARE c CURSOR FOR SELECT id FROM memo ORDER BY id';
my %cursors = (
	'cursor' => [ as('ann', $cursor, 'FETCH 2 c', $seen, 'FETCH 2 c'), qr/^40 41 5\|5 42 43$/ ],
	'cursor over a change of identity' => [ as('ann', $cursor, 'FETCH 1 c', $bob, 'FETCH 1 c'), qr/^40 [0-9A-Z]{5}: / ],
	'cursor, first read when the nodes know another' => [ as('ann', $cursor, $bob, $seen, $ann, 'FETCH 1 c'), qr/^2\|2 (40|[0-9A-Z]{5}: .*)$/ ],
	'cursor that outlives the transaction' => [ as('ann', $cursor =~ s/FOR/WITH HOLD FOR/r, 'SELECT 1 WHERE false') . 'FETCH 1 c; CLOSE c;', qr/^(40|[0-9A-Z]{5}: .*)$/ ],
	'such a cursor, first read when the nodes know another' => [ as('ann', $cursor =~ s/FOR/WITH HOLD FOR/r, $bob, $seen, $ann) . 'FETCH 1 c;', qr/^2\|2 (40|[0-9A-Z]{5}: .*)$/ ],
	'cursor behind a savepoint' => [ as('ann', $cursor, 'SAVEPOINT s', $bob, $seen, 'ROLLBACK TO s', 'FETCH 1 c'), qr/^2\|2 (40|[0-9A-Z]{5}: .*)$/ ],
	'loop over a cursor' => [ as('ann', 'SELECT looped()'), qr/^10$/ ]);
quietly('CREATE FUNCTION looped() RETURNS int LANGUAGE plpgsql AS $$DECLARE r record; n int := 0; BEGIN FOR r IN SELECT * FROM memo LOOP n := n + 1; PERFORM * FROM doc; n := n + 1; END LOOP; RETURN n; END$$');
like(on($coordinator, $cursors{$_}[0]), $cursors{$_}[1], $_) for sort keys %cursors;

# ---- prepared statements ----

for my $mode ('auto', 'force_custom_plan', 'force_generic_plan')
{
	my $turn = join '', map { as($_, 'EXECUTE a', 'EXECUTE b', q{EXECUTE c('u4')}, q{EXECUTE c('u6')}, 'EXECUTE d(40)', 'EXECUTE d(60)') } (('ann', 'bob') x 4, 'carl', 'ann');
	my $nobody = q{EXECUTE a; EXECUTE b; EXECUTE c('u4'); EXECUTE c('u6'); EXECUTE d(40); EXECUTE d(60);};
	says($coordinator, "prepared statements, $mode", "SET plan_cache_mode = $mode; PREPARE a AS SELECT count(*) FROM doc; PREPARE b AS SELECT count(*) FROM memo;"
		. " PREPARE c(text) AS SELECT count(*) FROM doc WHERE owner = \$1; PREPARE d(int) AS SELECT count(*) FROM memo WHERE id = \$1; $turn $nobody $turn",
		join ' ', my @both = ((('5 5 5 0 1 0', '2 2 0 2 0 1') x 4, "$all $all 5 2 1 1", '5 5 5 0 1 0'), '0 0 0 0 0 0', (('5 5 5 0 1 0', '2 2 0 2 0 1') x 4, "$all $all 5 2 1 1", '5 5 5 0 1 0')));
	says($coordinator, "prepared writes, $mode", "SET plan_cache_mode = $mode; PREPARE u(text) AS UPDATE doc SET hits = hits + 1 WHERE owner = \$1 RETURNING 1; PREPARE i(int, text) AS INSERT INTO doc VALUES (\$1, \$2) RETURNING id;"
		. join('', map { my $n = $_; map { as($_, q{EXECUTE u('u4')}, qq{EXECUTE i($n, 'u4')}) =~ s/COMMIT;$/ROLLBACK;/r } 'ann', 'bob' } 1 .. 7), join ' ', map { ('1 1 1 1 1', $_, '42501: new row violates row-level security policy for table "x"') } 1 .. 7)
	  if 0;
}

# ---- cached connections ----

my $left = 'SELECT DISTINCT coalesce(authz.subject(), \'-\'), authz.token_state() FROM open_doc';
my $planted = as('carl', 'SET LOCAL citus.force_max_query_parallelization = on', $seen);
says($coordinator, 'nothing is left on cached connections', "SET citus.max_cached_conns_per_worker = 20; $planted $left; " . as('ann', 'SELECT 1/0 FROM memo') =~ s/COMMIT/ROLLBACK/r . " $left; $planted DISCARD ALL; $left;",
	"$all|$all -|none 22012: division by zero -|none $all|$all -|none");
# a session login planted on a node by what runs there
says($coordinator, 'nor what a function planted there', q{SET citus.max_cached_conns_per_worker = 20; SELECT count(authz.set_token('%{carl}')) > 0 FROM open_doc WHERE id = 40; } . "$left; $seen;", qr/./) if 0;

# ---- functions and procedures that run on a node ----

quietly(<<'SQL');
CREATE FUNCTION own(who text) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT count(*) FROM doc WHERE owner = who); END$$;
CREATE FUNCTION own_forced(who text) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT count(*) FROM doc WHERE owner = who); END$$;
CREATE FUNCTION whole(who text) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT count(*) FROM memo); END$$;
CREATE PROCEDURE touch(who text) LANGUAGE plpgsql AS $$BEGIN UPDATE doc SET hits = hits + 1 WHERE owner = who; END$$;
CREATE PROCEDURE tell(who text, INOUT n bigint) LANGUAGE plpgsql AS $$BEGIN SELECT count(*) INTO n FROM doc WHERE owner = who; END$$;
SELECT create_distributed_function('own(text)', 'who', colocate_with => 'doc');
SELECT create_distributed_function('own_forced(text)', 'who', colocate_with => 'doc', force_delegation => true);
SELECT create_distributed_function('whole(text)', 'who', colocate_with => 'doc');
SELECT create_distributed_function('touch(text)', 'who', colocate_with => 'doc');
SELECT create_distributed_function('tell(text, bigint)', 'who', colocate_with => 'doc');
SQL
says($coordinator, 'a function of the nodes, in a block', as('ann', q{SELECT own('u4'), own('u6')}), '5|0');
says($coordinator, 'one that is sent there in a block', as('ann', q{SELECT own_forced('u4')}) . as('bob', q{SELECT own_forced('u4')}), '5 0');
says($coordinator, 'one that asks other nodes', as('ann', q{SELECT whole('u4')}), '5');
like(on($coordinator, qq{SELECT authz.set_token('%{ann}'); SELECT $_('u4');}), qr/^25P01: /, "without a block: $_") for 'own', 'own_forced', 'whole';
says($coordinator, 'a procedure in a block', as('ann', q{CALL tell('u4', 0)}), '5');
like(on($coordinator, q{SELECT authz.set_token('%{ann}'); CALL tell('u4', 0);}), qr/^25P01: /, 'without a block: a procedure that runs on a node');
like(on($coordinator, q{SELECT authz.set_token('%{ann}'); CALL touch('u4');}), qr/^25P01: /, 'without a block: one that writes there');
says($coordinator, 'their twin: nobody', q{SELECT own('u4'); CALL tell('u4', 0);}, '0 0');

# ---- item permissions, organisations ----

quietly(<<'SQL');
CREATE TABLE paper (id int, item text);
INSERT INTO paper SELECT n, '/p/' || n % 10 FROM generate_series(1, 100) n;
SELECT create_distributed_table('paper', 'id');
ALTER TABLE paper ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON paper USING (authz.has_item_permission(item, 'view', true));
GRANT ALL ON paper TO app;
SQL

# ---- entry at any node ----

for my $worker (@workers)
{
	my $name = $worker->name;
	says($worker, "$name: nobody", "$seen; BEGIN; $seen; COMMIT;", '0|0 0|0');
	says($worker, "$name: login by $_", "$logins{$_}; $seen; COMMIT;", '5|5') for sort keys %logins;
	says($worker, "$name: one after the other", as('ann', $seen, $bob, $seen) . as('carl', $seen) . "$seen;", "5|5 2|2 $all|$all 0|0");
	like(on($worker, qq{SELECT authz.set_token('%{ann}'); SELECT count(*) FROM memo;}), qr/^25P01: /, "$name: without a block");
	for my $read (sort keys %reads)
	{
		next if $read =~ /local table|function/;
		my ($sql, $wanted) = @{ $reads{$read} };
		my $got = on($worker, as('ann', $sql));
		ref $wanted ? like($got, $wanted, "$name: $read") : is(join(' ', sort split / /, $got), $wanted, "$name: $read");
	}
	for my $write (sort keys %writes)
	{
		next if $write =~ /function/;
		my ($sql, $wanted) = @{ $writes{$write} };
		my $got = on($worker, as('ann', $sql, $seen) =~ s/COMMIT;$/ROLLBACK;/r);
		ref $wanted ? like($got, $wanted, "$name: $write") : is($got, $wanted, "$name: $write");
	}
	says($worker, "$name: savepoint: $_", @{ $savepoints{$_} }) for grep { !/EXCEPTION/ } sort keys %savepoints;
	says($worker, "$name: nothing is left on cached connections", "SET citus.max_cached_conns_per_worker = 20; $planted $left;", "$all|$all -|none");
}
is($coordinator->safe_psql('clinic', 'SELECT count(*) FROM memo'), $all, 'nothing of that stayed');

# ---- a coordinator with shards ----

quietly(sprintf q{SELECT citus_set_node_property('%s', %d, 'shouldhaveshards', true); SELECT rebalance_table_shards(shard_transfer_mode => 'block_writes')}, $coordinator->host, $coordinator->port);
cmp_ok($coordinator->safe_psql('clinic', q{SELECT count(*) FROM citus_shards WHERE table_name = 'memo'::regclass AND nodeport = } . $coordinator->port), '>', 0, 'the coordinator has shards');
is($coordinator->safe_psql('clinic', 'SELECT (SELECT count(*) FROM doc), (SELECT count(*) FROM memo)'), "$all|$all", 'moving shards lost no row of a protected table');
for my $folding ('on', 'off')
{
	for my $read (sort keys %reads)
	{
		my ($sql, $wanted) = @{ $reads{$read} };
		my $got = on($coordinator, as('ann', "SET LOCAL dbmi_authz.plan_folding = $folding", $sql));
		ref $wanted ? like($got, $wanted, "with shards of its own, folding $folding: $read") : is(join(' ', sort split / /, $got), $wanted, "with shards of its own, folding $folding: $read");
	}
}
for my $write (sort keys %writes)
{
	my ($sql, $wanted) = @{ $writes{$write} };
	my $got = on($coordinator, as('ann', $sql, $seen) =~ s/COMMIT;$/ROLLBACK;/r);
	ref $wanted ? like($got, $wanted, "with shards of its own: $write") : is($got, $wanted, "with shards of its own: $write");
}
# no row past WITH CHECK, whichever shard it falls on
for my $id (200001 .. 200024)
{
	my $got = on($coordinator, as('ann', "COPY memo FROM STDIN;\n$id\tu6\t0\n\\.\nSELECT 1 WHERE false"));
	like($got, qr/^0A000: /, "COPY FROM into one shard: $id");
	$got = on($coordinator, as('ann', "SET LOCAL citus.enable_repartitioned_insert_select = off; INSERT INTO memo SELECT $id, 'u6' FROM doc LIMIT 1"));
	like($got, qr/^[04][A2]\w{3}: /, "INSERT ... SELECT into one shard: $id");
}
is($coordinator->safe_psql('clinic', 'SELECT count(*) FROM memo WHERE id > 200000'), 0, 'no row came past WITH CHECK');
for my $mode ('auto', 'force_custom_plan', 'force_generic_plan')
{
	my $turn = join '', map { as($_, 'EXECUTE a', 'EXECUTE b', map { (qq{EXECUTE c('u$_')}, "EXECUTE d(${_}0)") } 1 .. 9) } ('ann', 'bob', 'ann', 'carl', 'bob', 'ann') x 2;
	my %row = (ann => '5 5 0 0 0 0 0 0 5 1 0 0 0 0 0 0 0 0 0 0', bob => '2 2 0 0 0 0 0 0 0 0 0 0 2 1 0 0 0 0 0 0', carl => "$all $all 2 1 3 1 4 1 5 1 1 1 2 1 3 1 4 1 5 1");
	says($coordinator, "with shards of its own: prepared statements, $mode", "SET plan_cache_mode = $mode; PREPARE a AS SELECT count(*) FROM doc; PREPARE b AS SELECT count(*) FROM memo;"
		. " PREPARE c(text) AS SELECT count(*) FROM doc WHERE owner = \$1; PREPARE d(int) AS SELECT count(*) FROM memo WHERE id = \$1; $turn",
		join ' ', map { $row{$_} } ('ann', 'bob', 'ann', 'carl', 'bob', 'ann') x 2);
}
says($coordinator, "with shards of its own: savepoint: $_", @{ $savepoints{$_} }) for sort keys %savepoints;
like(on($coordinator, $cursors{$_}[0]), $cursors{$_}[1], "with shards of its own: $_") for sort keys %cursors;

# ---- no byte of a token ----

my $log = logs_since(\@nodes, map { 0 } @nodes);
unlike($log, qr/PANIC|TRAP|terminated by signal/, 'nothing crashed');
unlike($log, qr/eyJ/, 'no token in the log of any node');
unlike($log, qr/leak/, 'nothing leaked');

$_->stop for @nodes;
done_testing();
