# A plan that reaches nodes of a cluster: for whom it is made, whom the nodes are told
# of, and what is refused.  Citus's part is played by hooks/cluster_scan.c.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzCitus;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($coordinator, @nodes) = start_cluster(2, after => 'pg_stat_statements', conf => [
	'pg_stat_statements.track = all',
	'log_statement = all', 'log_min_duration_statement = 0', 'compute_query_id = on' ]);
$coordinator->safe_psql('postgres', <<'SQL');
CREATE FUNCTION reads() RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT owner FROM doc ORDER BY id; END $$;
CREATE FUNCTION tries(again int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	FOR i IN 1..again LOOP
		BEGIN
			SELECT owner FROM memo LIMIT 1 INTO found;
			PERFORM 1 / (i % 2) FROM generate_series(1, 1);
		EXCEPTION WHEN division_by_zero THEN NULL;
		END;
	END LOOP;
	SELECT owner FROM memo LIMIT 1 INTO found;
	RETURN found;
END $$;
CREATE PROCEDURE far(int) LANGUAGE plpgsql AS 'BEGIN END';
CREATE PROCEDURE near(int) LANGUAGE plpgsql AS 'BEGIN END';
SET allow_system_table_mods = on;
CREATE TABLE pg_catalog.pg_dist_object (classid oid, objid oid, objsubid int, colocationid int);
INSERT INTO pg_catalog.pg_dist_object
	VALUES ('pg_proc'::regclass, 'who()'::regprocedure, 0, 1), ('pg_proc'::regclass, 'far(int)'::regprocedure, 0, 1),
		('pg_proc'::regclass, 'near(int)'::regprocedure, 0, NULL);
SQL
my %tokens = (
	ann => mint(),
	bob => mint(sub => 'bob'),
	root => mint(sub => 'root', scope => 'admin', jti => 'r1'),
	bad => forge());

# "ann" on a line of its own logs her in; answers of one query on one line
sub gives
{
	my ($what, $sql, @expected) = @_;
	$sql =~ s/^(ann|bob|root|short)$/SELECT authz.set_token('%{$1}') \\g \/dev\/null/mg;
	# whichever node comes first
	my @got = map { /^[\d ]+$/ ? join ' ', sort { $a <=> $b } split : $_ }
		session($coordinator, "\\pset recordsep ' '\n$sql", tokens => \%tokens);
	my $same = @got == @expected;
	for my $i (0 .. $#expected)
	{
		$same &&= ref $expected[$i] ? $got[$i] =~ $expected[$i] : $got[$i] eq $expected[$i];
	}
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($same, $what) or diag("got:\n  ", join("\n  ", @got), "\nexpected:\n  ", join("\n  ", @expected));
	return;
}

my $doc = 'SELECT id FROM doc;';
my $memo = 'SELECT id FROM memo;';
my ($ann, $bob) = ('1 2 3 4 5', '6 7 8 9 10');
my $block = '25P01: an identity reaches other nodes only within a transaction block';

# outside of a transaction block
gives('nobody needs no block', "$doc\n$memo\nSELECT count(*) FROM plain WHERE owner = 'ann';", '5');
gives('somebody does', "ann\n$doc\n$memo", $block, $block);
gives('not for a query that does not ask', "ann\nSELECT count(*) FROM plain WHERE owner = 'ann';", '5');
gives('nor for EXPLAIN', "ann\nEXPLAIN (COSTS off) $doc", 'Custom Scan (Citus Adaptive)');
gives('EXPLAIN ANALYZE runs it', "ann\nEXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) $doc", $block);
gives('a query in a function does', "ann\nSELECT reads();", $block);
gives('a function that nodes call does', "SELECT who();\nann\nSELECT who();", 'nobody', $block);
gives('and is told of them in a block', "ann\nBEGIN;\nSELECT who();\nCOMMIT;", 'ann');
gives('a procedure that nodes call does', "CALL far(1);\nann\nCALL far(1);\nCALL near(1);\nBEGIN;\nCALL far(1);\nCOMMIT;", $block);
gives('COPY does', "COPY memo FROM STDIN;\n\\.\nann\nCOPY doc FROM STDIN;\n\\.\nCOPY plain FROM STDIN;\n\\.\n",
	qr/^0A000/, qr/^0A000/);
gives('several statements in one message are a block', "ann\nSELECT id FROM memo \\; SELECT 1;", $ann, 1);

# within
gives('router query, query of all nodes', "ann\nBEGIN;\n$doc\n$memo\nCOMMIT;\nBEGIN;\n$memo\n$doc\nCOMMIT;", $ann, $ann, $ann, $ann);
gives('another one', "BEGIN;\nann\n$memo\nbob\n$memo\n$doc\nCOMMIT;", $ann, $bob, $bob);
gives('nobody after somebody', "BEGIN;\nann\n$memo\nRESET dbmi_authz.token;\n$memo\n$doc\nann\n$memo\nCOMMIT;\n$memo", $ann, $ann, $block);
gives('a failed login after somebody', "BEGIN;\nann\n$memo\nSELECT authz.try_set_token('%{bad}');\n$memo\n$doc\nCOMMIT;", $ann, 'f');
gives('nobody in the next transaction', "BEGIN;\nann\n$memo\nCOMMIT;\nRESET dbmi_authz.token;\nBEGIN;\n$memo\nCOMMIT;\n$memo", $ann);
gives('SET LOCAL ends with its transaction', "BEGIN;\nSET LOCAL dbmi_authz.token = '%{ann}';\n$memo\nCOMMIT;\n$memo\nBEGIN;\n$memo\n$doc\nCOMMIT;", $ann);
gives('a function that reads', "ann\nBEGIN;\nSELECT reads();\nCOMMIT;", 'ann ann ann ann ann');
gives('one with subtransactions', "ann\nBEGIN;\nSELECT tries(1);\nSELECT tries(2);\nSELECT tries(7);\n$memo\nCOMMIT;", 'ann', 'ann', 'ann', $ann);
gives('a procedure that ends its transaction is in no block', "ann\nDO \$\$ BEGIN PERFORM * FROM doc; COMMIT; END \$\$;", $block);

# savepoints
gives('told in one that is released', "BEGIN;\nann\nSAVEPOINT a;\n$doc\nRELEASE a;\n$memo\nCOMMIT;", $ann, $ann);
gives('another one in it, released', "BEGIN;\nann\n$doc\nSAVEPOINT a;\nbob\n$doc\nRELEASE a;\n$memo\n$doc\nCOMMIT;", $ann, $bob, $bob, $bob);
gives('another one in it, rolled back', "BEGIN;\nSET LOCAL dbmi_authz.token = '%{ann}';\n$doc\nSAVEPOINT a;\nSET LOCAL dbmi_authz.token = '%{bob}';\n$memo\nROLLBACK TO a;\n$memo\n$doc\nCOMMIT;", $ann, $bob, $ann, $ann);
gives('nobody in it, rolled back', "BEGIN;\nSET LOCAL dbmi_authz.token = '%{ann}';\n$memo\nSAVEPOINT a;\nSET LOCAL dbmi_authz.token TO DEFAULT;\n$memo\nROLLBACK TO a;\n$memo\nCOMMIT;", $ann, $ann);
gives('an error in it', "BEGIN;\nann\nSAVEPOINT a;\n$memo\nSELECT 1/0;\nROLLBACK TO a;\n$memo\n$doc\nCOMMIT;", $ann, '22012: division by zero', $ann, $ann);

# whose token the nodes see: an assertion, whatever Citus was told to forward
gives('SET LOCAL is not forwarded', "SET citus.propagate_set_commands = 'local';\nBEGIN;\nSELECT count(*) FROM plain WHERE owner = 'ann';\nSET LOCAL dbmi_authz.token = '%{root}';\nRESET dbmi_authz.token;\n$memo\nCOMMIT;", '5');
gives('RESET ALL that is', "SET citus.propagate_set_commands = 'local';\nBEGIN;\nann\n$memo\nSAVEPOINT a;\nSET citus.propagate_set_commands = 'local';\nRESET ALL;\n$memo\nann\n$memo\nCOMMIT;", $ann, $ann);
gives('the setting is as it was', "BEGIN;\nann\n$memo\nSHOW citus.propagate_set_commands;\nCOMMIT;\nSHOW citus.propagate_set_commands;", $ann, 'none', 'none');

# cursors, which ask late
gives('a cursor', "BEGIN;\nann\nDECLARE c CURSOR FOR $memo\nFETCH 2 c;\nFETCH 2 c;\nCOMMIT;", '2 4', '1 3');
gives('one whose rows are fetched when what was told is forgotten',
	"BEGIN;\nann\nSAVEPOINT a;\nDECLARE c CURSOR FOR $memo\nRELEASE a;\nSAVEPOINT b;\nFETCH 9 c;\nCOMMIT;", $ann);
gives('it is not another one\'s', "BEGIN;\nann\nDECLARE c CURSOR FOR $memo\nbob\nFETCH 9 c;\nROLLBACK;", qr/^28000: identity has changed/);
gives('nor goes on for another one', "BEGIN;\nann\nDECLARE c CURSOR FOR $memo\nFETCH 1 c;\nRESET dbmi_authz.token;\nFETCH 9 c;\nROLLBACK;", '2', qr/^28000: identity has changed/);
gives('one that outlives the transaction', "BEGIN;\nann\nDECLARE c CURSOR WITH HOLD FOR $memo\nCOMMIT;\nFETCH 9 c;", $ann);

# prepared statements over changes of identity
for my $mode (qw(auto force_custom_plan force_generic_plan))
{
	my $rounds = join "\n", map { "$_\nEXECUTE d;\nEXECUTE m;\nEXECUTE e('ann');" } qw(ann bob ann bob), ('ann') x 8, 'bob';
	gives("prepared, $mode",
		"SET plan_cache_mode = $mode;\nPREPARE d AS $doc\nPREPARE m AS $memo\nPREPARE e(text) AS SELECT id FROM memo WHERE owner = \$1;\n" .
		"BEGIN;\nEXECUTE d;\n$rounds\nRESET dbmi_authz.token;\nEXECUTE d;\nEXECUTE m;\nCOMMIT;\nBEGIN;\nbob\nEXECUTE d;\nEXECUTE m;\nCOMMIT;\nEXECUTE d;",
		map({ $_ eq 'a' ? ($ann, $ann, $ann) : ($bob, $bob) } qw(a b a b), ('a') x 8, 'b'), $bob, $bob, $block);
}
gives('prepared, no value is folded', "SET dbmi_authz.plan_folding = off;\nSET plan_cache_mode = force_generic_plan;\nPREPARE d AS $doc\nBEGIN;\nann\nEXECUTE d;\nbob\nEXECUTE d;\nCOMMIT;", $ann, $bob);

# what has ended, and what cannot be told
gives('a revocation is noticed', "BEGIN;\nroot\nSELECT id FROM memo WHERE owner = 'ann';\nCOMMIT;\n\\! psql -XAtqc \"SELECT authz.revoke_token('https://id.example', 'r1')\" -d '" . $coordinator->connstr('postgres') . "' >/dev/null\nBEGIN;\n$memo\nROLLBACK;", $ann, qr/^28000: /);
$tokens{short} = mint(sub => 'ann', exp => '+3');
gives('an end is noticed', "BEGIN;\nshort\n$memo\nSELECT pg_sleep(3.2) \\g /dev/null\n$memo\nROLLBACK;", $ann, qr/^28000: /);
gives('reads that open no transaction are refused', "SET citus.select_opens_transaction_block = off;\nBEGIN;\n$memo\nann\n$memo\nROLLBACK;",
	'55000: the identity cannot be handed to other nodes');
is_deeply([ session($coordinator, "BEGIN;\nSELECT authz.simulate('{\"iss\": \"https://id.example\", \"sub\": \"ann\"}') \\g /dev/null\nSELECT count(*) FROM plain WHERE owner = 'ann';\nSET ROLE app;\n$doc", user => $coordinator->safe_psql('postgres', 'SELECT current_user')) ],
	[ 5, '55000: a simulated identity cannot be handed to other servers' ], 'nor is who is simulated');

# writing
gives('writes', "BEGIN;\nann\nINSERT INTO doc VALUES (101, 'ann') RETURNING id;\nINSERT INTO doc VALUES (102, 'bob');\nROLLBACK;\nBEGIN;\nann\nUPDATE memo SET id = id + 1000 RETURNING id;\nDELETE FROM memo;\n$memo\nROLLBACK;\nBEGIN;\nann\n$memo\nCOMMIT;",
	'101', '42501: new row violates row-level security policy for table "doc"', '1001 1002 1003 1004 1005', $ann);

# nothing of it is seen here
my $log = slurp_file($coordinator->logfile);
$log =~ s/set_token\('[^']*'\)|dbmi_authz.token = '[^']*'//g;
unlike($log, qr/eyJ|SET LOCAL dbmi_authz.token = /, 'no assertion is in the log of the coordinator');
$coordinator->safe_psql('postgres', 'CREATE EXTENSION pg_stat_statements');
my $statements = $coordinator->safe_psql('postgres', 'SELECT string_agg(query, E\'\n\') FROM pg_stat_statements');
like($statements, qr/FROM memo/, 'pg_stat_statements has the queries');
unlike($statements =~ s/dbmi_authz.token = '[^']*'//gr, qr/eyJ|^SELECT authz\.version/m, 'and no assertion');

# without a key
$coordinator->safe_psql('postgres', "SELECT authz.drop_cluster_key('c1')");
gives('without a key it is an error', "$memo\nBEGIN;\nann\nSELECT count(*) FROM plain WHERE owner = 'ann';\n$memo\nROLLBACK;\nEXPLAIN (COSTS off) $memo",
	'5', '55000: this database has no cluster key', 'Custom Scan (Citus Adaptive)');

done_testing;
