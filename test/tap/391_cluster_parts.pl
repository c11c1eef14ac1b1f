# A scan of other nodes somewhere in a plan: below whatever core's planner puts above it,
# and in the plans beside the main one, the nodes are told who is in force, or it is refused.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzCitus;
use AzTest;
use Test::More;

my ($coordinator) = start_cluster(2);
my %tokens = (ann => mint(), bob => mint(sub => 'bob'));
my $settings = "SET cluster_scan.parts = on; SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off; SET max_parallel_workers_per_gather = 0;\n";
my $block = '25P01: an identity reaches other nodes only within a transaction block';

sub runs
{
	my ($sql) = @_;
	$sql =~ s/^(ann|bob)$/SELECT authz.set_token('%{$1}') \\g \/dev\/null/mg;
	return join '; ', session($coordinator, $settings . $sql, tokens => \%tokens);
}

# what, what its plan has, the query, what ann, bob and nobody are given
my @shapes = (
	[ 'the scan itself', qr/^Custom Scan/, 'SELECT string_agg(id::text, $$ $$ ORDER BY id) FROM (SELECT id FROM memo OFFSET 0) m', '1 2 3 4 5', '6 7 8 9 10', '', qr/^Aggregate/ ],
	[ 'Append', qr/Append/, 'SELECT count(*) FROM (SELECT id FROM memo UNION ALL SELECT id FROM doc_here) m', 10, 10, 0 ],
	[ 'Append, second', qr/Append/, 'SELECT count(*) FROM (SELECT id FROM doc_here WHERE id < 0 UNION ALL SELECT id FROM memo) m', 5, 5, 0 ],
	[ 'MergeAppend', qr/Merge Append/, 'SELECT min(id) FROM (SELECT id FROM (SELECT id FROM memo_here ORDER BY id) a UNION ALL SELECT id FROM (SELECT id FROM memo ORDER BY id) b ORDER BY id LIMIT 20) m', 1, 6, '' ],
	[ 'SubqueryScan', qr/Subquery Scan/, 'SELECT count(*) FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM memo) m WHERE n > 2', 3, 3, 0 ],
	[ 'InitPlan', qr/InitPlan/, 'SELECT (SELECT count(*) FROM memo)', 5, 5, 0 ],
	[ 'SubPlan', qr/SubPlan/, 'SELECT sum((SELECT count(*) FROM memo m WHERE m.id <= v)) FROM (VALUES (3), (8)) x (v)', 8, 3, 0 ],
	[ 'hashed SubPlan', qr/hashed SubPlan/, 'SELECT count(*) FROM (VALUES (3), (8)) x (v) WHERE v NOT IN (SELECT id FROM memo)', 1, 1, 2 ],
	[ 'CTE', qr/CTE/, 'WITH m AS MATERIALIZED (SELECT id FROM memo) SELECT count(*) FROM m a, m b', 25, 25, 0 ],
	[ 'recursion', qr/Recursive Union/, 'WITH RECURSIVE r AS (SELECT min(id) AS id FROM memo UNION SELECT m.id FROM r, memo m WHERE m.id = r.id + 1) SELECT count(id) FROM r', 5, 5, 0 ],
	[ 'Hash Join', qr/Hash Join/, 'SET enable_nestloop = off; SET enable_mergejoin = off; SELECT count(*) FROM memo_here h JOIN memo m USING (id)', 5, 5, 0 ],
	[ 'Nested Loop', qr/Nested Loop/, 'SET enable_hashjoin = off; SET enable_mergejoin = off; SELECT count(*) FROM memo_here h LEFT JOIN memo m USING (id) WHERE m.id IS NOT NULL', 5, 5, 0 ],
	[ 'LATERAL', qr/Nested Loop/, 'SELECT sum(n) FROM (VALUES (1), (2)) x (v), LATERAL (SELECT count(*) AS n FROM memo m WHERE m.id > v) m', 7, 10, 0 ],
	[ 'EXISTS', qr/Join/, 'SELECT count(*) FROM memo_here h WHERE EXISTS (SELECT FROM memo m WHERE m.id = h.id)', 5, 5, 0 ],
	[ 'INTERSECT', qr/SetOp|HashSetOp/, 'SELECT count(*) FROM (SELECT id FROM memo INTERSECT SELECT id FROM memo_here) m', 5, 5, 0 ],
	[ 'window, sort, limit', qr/WindowAgg/, 'SELECT max(s) FROM (SELECT sum(id) OVER (ORDER BY id) AS s FROM memo LIMIT 3) m', 6, 21, '' ],
	[ 'GROUP BY ROLLUP', qr/Aggregate/, 'SELECT count(*) FROM (SELECT owner, count(*) FROM memo GROUP BY ROLLUP (owner)) m', 2, 2, 1 ],
	[ 'locked rows beside it', qr/LockRows/, 'SELECT count(*) FROM (SELECT h.id FROM memo_here h JOIN memo m USING (id) FOR UPDATE OF h) m', 5, 5, 0 ],
	[ 'INSERT ... SELECT into a table that is here', qr/Insert on/, 'WITH w AS (INSERT INTO memo_here SELECT id + 100, owner FROM memo RETURNING 1) SELECT count(*) FROM w', 5, 5, 0 ],
	[ 'UPDATE ... FROM', qr/Update on/, 'WITH w AS (UPDATE memo_here h SET owner = m.owner FROM memo m WHERE m.id = h.id RETURNING 1) SELECT count(*) FROM w', 5, 5, 0 ],
	[ 'DELETE with a sub-select', qr/Delete on/, 'WITH w AS (DELETE FROM memo_here WHERE id IN (SELECT id FROM memo) RETURNING 1) SELECT count(*) FROM w', 5, 5, 0 ]);

for my $shape (@shapes)
{
	my ($what, $has, $query, $ann, $bob, $nobody, $alone) = @$shape;
	my ($set, $select) = $query =~ /^((?:SET [^;]*; )*)(.*)$/;
	my $plan = runs("$set\nann\nEXPLAIN (COSTS off) $select;");
	like($plan, $alone // $has, "$what: the plan has it");
	like($plan, qr/Custom Scan \(Citus Adaptive\)/, '... and a scan of nodes');
	is(runs("$set\nBEGIN;\n$select;\nROLLBACK;"), $nobody, '... nobody');
	is(runs("$set\nBEGIN;\nann\n$select;\nROLLBACK;\nBEGIN;\nbob\n$select;\nann\n$select;\nROLLBACK;"), "$ann; $bob; $ann", '... those who are in force');
	is(runs("$set\nann\n$select;"), $block, '... outside of a block');
	for my $mode ('force_custom_plan', 'force_generic_plan')
	{
		is(runs("$set\nSET plan_cache_mode = $mode;\nPREPARE q AS $select;\nBEGIN;\nann\nEXECUTE q;\nbob\nEXECUTE q;\nRESET dbmi_authz.token;\nEXECUTE q;\nROLLBACK;\nann\nEXECUTE q;"),
			join('; ', grep { length } $ann, $bob, $nobody, $block), "... prepared, $mode");
	}
}

done_testing();
