# One query, one identity: plans that are kept, open cursors and running
# queries never give another identity's rows (R2, R2b).

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
CREATE TABLE doc (id int PRIMARY KEY, owner text);
INSERT INTO doc SELECT i, CASE WHEN i <= 3 THEN 'ann' WHEN i <= 5 THEN 'bob' ELSE 'carl' END FROM generate_series(1, 1000) i;
CREATE INDEX ON doc (owner);
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
ANALYZE doc;
GRANT ALL ON doc TO app;
GRANT CREATE ON SCHEMA public TO app;

-- a SQL function that is not inlined, and PL/pgSQL that keeps its plans
CREATE FUNCTION seen() RETURNS bigint LANGUAGE sql STABLE SET search_path = public AS 'SELECT count(*) FROM doc';
CREATE FUNCTION seen_plpgsql() RETURNS bigint LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT count(*) FROM doc); END';
CREATE FUNCTION ask() RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN authz.has_scope('admin'); END $$;
CREATE VIEW docs WITH (security_invoker) AS SELECT * FROM doc;
GRANT SELECT ON docs TO app;
CREATE FUNCTION opens() RETURNS refcursor LANGUAGE plpgsql AS $$
DECLARE c refcursor := 'c'; BEGIN OPEN c FOR SELECT id FROM doc ORDER BY id; RETURN c; END $$;
CREATE FUNCTION in_turn(a text, b text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE x bigint; y bigint;
BEGIN
	PERFORM authz.set_token(a); x := seen_plpgsql();
	PERFORM authz.set_token(b); y := seen_plpgsql();
	RETURN x || ' ' || y;
END $$;
CREATE FUNCTION in_turn_sql(a text, b text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE x bigint; y bigint;
BEGIN
	PERFORM authz.set_token(a); x := seen();
	PERFORM authz.set_token(b); y := seen();
	RETURN x || ' ' || y;
END $$;
CREATE FUNCTION loop_over(b text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r record; n int := 0;
BEGIN
	FOR r IN SELECT * FROM doc LOOP
		n := n + 1;
		IF n = 2 THEN PERFORM authz.set_token(b); END IF;
	END LOOP;
	RETURN n::text;
END $$;
SQL

my %tokens = (
	ann => mint(), bob => mint(sub => 'bob'), root => mint(sub => 'root', scope => 'admin'), bad => forge());
my $changed = '28000: identity has changed since the query was planned';

sub gives
{
	my ($what, $sql, @expected) = @_;
	$sql =~ s/^(ann|bob|root|bad)$/SELECT authz.set_token('%{$1}') \\g \/dev\/null/mg;
	$sql =~ s/^clear$/SELECT authz.clear_token() \\g \/dev\/null/mg;
	$sql =~ s/^late$/SELECT authz.set_token('%{late}') \\g \/dev\/null/mg;
	my @got = session($node, $sql, tokens => \%tokens);
	my $same = @got == @expected;
	for my $i (0 .. $#expected)
	{
		$same &&= ref $expected[$i] ? $got[$i] =~ $expected[$i] : $got[$i] eq $expected[$i];
	}
	ok($same, $what) or diag("got:\n  ", join("\n  ", @got), "\nexpected:\n  ", join("\n  ", @expected));
	return;
}

# C4.1: nothing that is kept gives another identity's rows
# row 95: prepared statements, every way that a plan is kept
my $in_turn = "ann\nEXECUTE q;\nbob\nEXECUTE q;\nroot\nEXECUTE q;\nclear\nEXECUTE q;\nann\nEXECUTE q;";
for my $mode ('auto', 'force_generic_plan', 'force_custom_plan')
{
	for my $from ('doc', 'docs')
	{
		gives("PREPARE, $mode, $from", "SET plan_cache_mode = $mode;\nPREPARE q AS SELECT count(*) FROM $from;\n$in_turn",
			3, 2, 1000, 0, 3);
	}
	gives("PREPARE with a parameter, $mode",
		"SET plan_cache_mode = $mode;\nPREPARE q(int) AS SELECT count(*) FROM doc WHERE id <= \$1;\n"
		  . join("\n", map { "$_\nEXECUTE q(4);" } ('ann', 'bob', 'root', 'clear') x 3), (3, 1, 4, 0) x 3);
	gives("a scope as a parameter, $mode",
		"SET plan_cache_mode = $mode;\nPREPARE q(text) AS SELECT count(*) FROM doc WHERE authz.has_scope(\$1);\n"
		  . "root\nEXECUTE q('admin');\nEXECUTE q('x');\nann\nEXECUTE q('admin');", 1000, 0, 0);
	gives("UPDATE, $mode",
		"SET plan_cache_mode = $mode;\nPREPARE q AS UPDATE doc SET id = id RETURNING 1;\nBEGIN;\nbob\nEXECUTE q;\nann\nEXECUTE q;\nROLLBACK;",
		(1) x 5);
	gives("an identity for the transaction, $mode",
		"SET plan_cache_mode = $mode;\nPREPARE q AS SELECT count(*) FROM doc;\nann\nEXECUTE q;\nBEGIN;\nSET LOCAL dbmi_authz.token = '%{root}';\nEXECUTE q;\nCOMMIT;\nEXECUTE q;",
		3, 1000, 3);
}
gives('DISCARD ALL', "PREPARE q AS SELECT count(*) FROM doc;\nann\nEXECUTE q;\nDISCARD ALL;\nSELECT count(*) FROM doc;", 3, 0);
gives('a refused login', "SET plan_cache_mode = force_generic_plan;\nPREPARE q AS SELECT count(*) FROM doc;\nroot\nEXECUTE q;\nbad\nEXECUTE q;",
	1000, qr/^28000/, 0);
gives('rolled back to a savepoint',
	"SET plan_cache_mode = force_generic_plan;\nPREPARE q AS SELECT count(*) FROM doc;\nann\nBEGIN;\nSAVEPOINT s;\nroot\nEXECUTE q;\nROLLBACK TO s;\nEXECUTE q;\nCOMMIT;\nEXECUTE q;",
	1000, 3, 3);

# Functions that keep plans.
gives('PL/pgSQL', "SELECT in_turn('%{root}', '%{ann}');\nSELECT in_turn('%{ann}', '%{root}');", '1000 3', '3 1000');
gives('a SQL function called from PL/pgSQL keeps its plan for the transaction, and stops',
	"SELECT in_turn_sql('%{root}', '%{ann}');", qr/^(\Q$changed\E|1000 3)$/);
gives('across statements of a transaction', "BEGIN;\nroot\nSELECT seen_plpgsql();\nann\nSELECT seen_plpgsql(), seen();\nCOMMIT;", 1000, '3|3');
gives('a loop over a query whose identity goes', "ann\nSELECT loop_over('%{root}');", qr/^(55000|28000): /);

# C4.2: nor does what is open
# Cursors.
gives('a cursor and another identity', "ann\nBEGIN;\nDECLARE c CURSOR FOR SELECT id FROM doc ORDER BY id;\nFETCH c;\nbob\nFETCH c;\nROLLBACK;",
	1, $changed);
gives('a cursor and nobody', "ann\nBEGIN;\nDECLARE c CURSOR FOR SELECT id FROM doc ORDER BY id;\nFETCH c;\nclear\nFETCH c;\nROLLBACK;", 1, $changed);
gives('a cursor of nobody', "BEGIN;\nDECLARE c CURSOR FOR SELECT id FROM doc;\nFETCH c;\nann\nFETCH c;\nROLLBACK;", $changed);
gives('a cursor and a refused login', "ann\nBEGIN;\nDECLARE c CURSOR FOR SELECT id FROM doc ORDER BY id;\nFETCH c;\nSELECT authz.try_set_token('%{bad}');\nFETCH c;\nROLLBACK;",
	1, 'f', qr/^28000: /);
gives('a cursor that was not fetched from yet', "root\nBEGIN;\nDECLARE c CURSOR FOR SELECT id FROM doc ORDER BY id;\nann\nFETCH ALL c;\nROLLBACK;", $changed);
gives('a scrollable cursor', "ann\nBEGIN;\nDECLARE c SCROLL CURSOR FOR SELECT id FROM doc ORDER BY id;\nFETCH 2 c;\nbob\nFETCH BACKWARD 1 c;\nROLLBACK;",
	1, 2, $changed);
gives('a cursor of the same identity', "ann\nBEGIN;\nDECLARE c CURSOR FOR SELECT id FROM doc ORDER BY id;\nFETCH c;\nSAVEPOINT s;\nFETCH c;\nRELEASE s;\nFETCH c;\nROLLBACK;",
	1, 2, 3);
gives('a cursor without checks is nobody\'s business', "ann\nBEGIN;\nDECLARE c CURSOR FOR SELECT * FROM generate_series(1, 3);\nFETCH c;\nbob\nFETCH c;\nROLLBACK;",
	1, 2);
gives('a cursor from a function', "ann\nBEGIN;\nSELECT opens();\nFETCH c;\nbob\nFETCH c;\nROLLBACK;", 'c', 1, $changed);
gives('WITH HOLD is an ordinary result set', "ann\nBEGIN;\nDECLARE c CURSOR WITH HOLD FOR SELECT id FROM doc ORDER BY id;\nCOMMIT;\nbob\nFETCH 2 c;\nCLOSE c;", 1, 2);
gives('WITH HOLD, filled by another at COMMIT', "ann\nBEGIN;\nDECLARE c CURSOR WITH HOLD FOR SELECT id FROM doc ORDER BY id;\nbob\nCOMMIT;\nFETCH c;",
	$changed, qr/^34000: /);
gives('a cursor over a function that asks', "root\nBEGIN;\nDECLARE c CURSOR FOR SELECT ask() FROM generate_series(1, 3);\nFETCH c;\nann\nFETCH c;\nROLLBACK;",
	't', qr/^(f|\Q$changed\E)$/);

# C1.5, C1.6: the clock of the wall counts, in a transaction too
# Expiry.
sub late { $tokens{late} = mint(sub => 'bob', exp => '+4'); return; }
late();
gives('an expired identity ends cursors, plans and checks', <<'SQL', 4, 2, ('28000: token has expired') x 5, 'expired', 'f', 3);
SET plan_cache_mode = force_generic_plan;
PREPARE q AS SELECT count(*) FROM doc;
late
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM doc ORDER BY id;
FETCH c;
EXECUTE q;
SELECT pg_sleep(4.1) \g /dev/null
SAVEPOINT s;
FETCH c;
ROLLBACK TO s;
EXECUTE q;
ROLLBACK TO s;
SELECT count(*) FROM doc;
ROLLBACK TO s;
SELECT authz.subject();
ROLLBACK TO s;
SELECT authz.has_scope('x');
ROLLBACK;
SELECT authz.token_state();
SELECT authz.is_authenticated();
ann
EXECUTE q;
SQL

# While a query that asked is running the identity stands still.
for my $change ("authz.set_token('%{bob}')", "authz.try_set_token('%{bob}')", 'authz.clear_token()',
	"set_config('dbmi_authz.token', '%{bob}', false)")
{
	gives("no change in a running query: $change",
		"ann\nSELECT id, $change FROM doc;\nSELECT authz.subject(), authz.token_state();", qr/^55000: /, 'ann|valid');
	gives("nor where a check was not folded: $change",
		"ann\nSELECT $change FROM generate_series(1, 3) i WHERE authz.has_scope('s' || i) OR i > 0;\nSELECT authz.subject(), authz.token_state();",
		qr/^55000: /, 'ann|valid');
}
gives('a bad token there changes nothing either', "ann\nSELECT id, authz.set_token('%{bad}') FROM doc;\nSELECT authz.subject(), authz.token_state();",
	qr/^55000: /, 'ann|valid');

$node->stop;
done_testing();
