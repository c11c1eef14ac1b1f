# row 95: a parallel plan gives the rows of the serial one, for every user; workers
# have no identity of their own and say so.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use Test::More;

my $node = start_node('main');
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE TABLE big AS SELECT i AS id, 'pad ' || i AS pad FROM generate_series(1, 30000) i;
CREATE TABLE doc AS SELECT i AS id, CASE i % 100 WHEN 0 THEN 'ann' WHEN 1 THEN 'bob' ELSE 'u' || i END AS owner
  FROM generate_series(1, 20000) i;
CREATE INDEX ON doc (owner);
CREATE INDEX ON doc (id);
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
ANALYZE big, doc;
GRANT SELECT ON big, doc TO app;

-- What nobody should write: not safe at all.
CREATE FUNCTION wrongly_safe() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE
AS 'BEGIN RETURN authz.subject(); END';
CREATE FUNCTION wrongly_safe_check(who text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE
AS 'BEGIN RETURN authz.is_owner(who); END';
SQL

my %tokens = (
	ann => mint(),
	bob => mint(sub => 'bob'),
	root => mint(sub => 'root', scope => 'admin'),
	bad => forge(sub => 'bob'));
my $parallel = parallel_on($node);

my %roads = (
	ann => "SELECT authz.set_token('%{ann}') \\g /dev/null\n",
	bob => "SET dbmi_authz.token = '%{bob}' \\g /dev/null\n",
	root => "SELECT set_config('dbmi_authz.token', '%{root}', false) \\g /dev/null\n",
	nobody => '',
	rejected => "SELECT authz.set_token('%{ann}'), authz.try_set_token('%{bad}') \\g /dev/null\n");
my %rows = (ann => 200, bob => 200, root => 20000, nobody => 0, rejected => 0);

my @queries = (
	'SELECT count(*) FROM doc',
	'SELECT (SELECT sum(id) FROM big), (SELECT count(*) FROM doc)',
	'SELECT count(*), sum(length(pad)) FROM doc JOIN big USING (id)',
	'SELECT count(*) FROM big WHERE EXISTS (SELECT FROM doc WHERE doc.id = big.id)',
	'SELECT count(*) FROM big LEFT JOIN doc USING (id) WHERE doc.id IS NULL',
	'SELECT count(*) FROM (SELECT id FROM doc UNION ALL SELECT id FROM big) x',
	'SELECT owner, count(*) FROM doc WHERE id <= 201 GROUP BY owner ORDER BY 2 DESC, 1 LIMIT 3',
	'WITH m AS MATERIALIZED (SELECT * FROM doc) SELECT count(*) FROM m WHERE authz.is_owner(owner)',
	"SELECT count(*) FROM big WHERE authz.is_owner('ann') AND id % 2 = 0",
	'SELECT count(*) FROM big WHERE authz.subject() IS NOT NULL');

for my $who (sort keys %roads)
{
	my @serial = session($node, $roads{$who} . "SET max_parallel_workers_per_gather = 0;\n" . join(";\n", @queries) . ';',
		tokens => \%tokens);
	my @forced = session($node, $roads{$who} . $parallel . join(";\n", @queries) . ';', tokens => \%tokens);
	is($serial[0], $rows{$who}, "rows of $who");
	is_deeply(\@forced, \@serial, "forced parallel plans give $who the same");

	my @prepared = session($node, $parallel . "SET plan_cache_mode = force_generic_plan;\nPREPARE q AS $queries[1];\n"
		  . "SELECT authz.set_token('%{bob}') \\g /dev/null\nEXECUTE q;\nSELECT authz.clear_token() \\g /dev/null\n"
		  . "$roads{$who}EXECUTE q;", tokens => \%tokens);
	is_deeply(\@prepared, [ '450015000|200', $serial[1] ], "a generic parallel plan, bob first, then $who");
}

# C4.3: the rows are those of the serial plan
# Workers do run beside a policy.
my $plan = join "\n", session($node, $roads{ann} . $parallel
	  . "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $queries[1];", tokens => \%tokens);
like($plan, qr/Workers Launched: [12]/, 'workers were launched');

# SET LOCAL, savepoints and rollback between parallel queries.
is_deeply([ session($node, $parallel . <<"SQL", tokens => \%tokens) ],
SELECT authz.set_token('%{ann}') \\g /dev/null
BEGIN;
SET LOCAL dbmi_authz.token = '%{root}' \\g /dev/null
$queries[1];
SAVEPOINT s;
SELECT authz.set_token('%{bob}', true) \\g /dev/null
$queries[1];
ROLLBACK TO s;
$queries[1];
COMMIT;
$queries[1];
SQL
	[ '450015000|20000', '450015000|200', '450015000|20000', '450015000|200' ],
	'transaction-local identities');

# An identity that has ended ends parallel queries too.
is_deeply([ session($node, <<"SQL", tokens => { %tokens, late => mint(sub => 'bob', exp => '+4') }) ],
SELECT authz.set_token('%{late}') \\g /dev/null
$parallel
$queries[1];
SELECT pg_sleep(4.1) \\g /dev/null
$queries[1];
SQL
	[ '450015000|200', '28000: token has expired' ], 'expiry between parallel queries');

# A worker that is asked all the same does not answer "nobody".
for my $call ("wrongly_safe() IS NULL", "NOT wrongly_safe_check(pad)", "wrongly_safe_check('ann')")
{
	my $answer = join "\n", session($node, $roads{ann} . $parallel . "SELECT count(*) FROM big WHERE $call;",
		tokens => \%tokens, details => 1);
	like($answer, qr/^\w{5}: .*parallel.*^HINT:/ms, "a call in a worker is an error with a hint: $call");
	unlike($answer, qr/^\d+$/m, 'and gives no row');
}

# Nothing of ours is marked safe, and what changes the session is unsafe.
is($node->safe_psql('postgres', <<'SQL'), '', 'no function is marked PARALLEL SAFE');
SELECT p.oid::regprocedure FROM pg_proc p
 WHERE pronamespace = 'authz'::regnamespace AND proparallel = 's' AND prorettype <> 'trigger'::regtype
   AND prorettype <> 'internal'::regtype
SQL
is($node->safe_psql('postgres', <<'SQL'), 'clear_token,set_token,try_set_token', 'what changes the session is unsafe');
SELECT string_agg(proname, ',' ORDER BY proname) FROM pg_proc
 WHERE pronamespace = 'authz'::regnamespace AND proparallel = 'u'
   AND proname IN ('set_token', 'try_set_token', 'clear_token')
SQL

$node->stop;
done_testing();
