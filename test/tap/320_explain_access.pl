# explain_access() says of rows what happens to them, under random policies and for
# random people.
#
# Of a row that policies hide nothing is told: not by the log, and not by a lock.
#
# The random part is done by test/explain/verdicts.  DBMI_SEED repeats a run, DBMI_LONG=1
# makes one of twenty times the length.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $times = $ENV{DBMI_LONG} ? 20 : 1;
my $seed = $ENV{DBMI_SEED} // int(rand(1e9));
my $node = start_node('main', 'fsync = off');

run_beside($node, [ '', 'explain/verdicts', '--worlds', 40 * $times, '--seed', $seed ]);

# a hidden row, one over which a policy raises, one that does not exist, and no key
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE FUNCTION touchy(id integer) RETURNS boolean STABLE LANGUAGE plpgsql AS $$
BEGIN
	IF id = 3 THEN RAISE EXCEPTION 'row three is here'; END IF;
	RETURN id = 1;
END $$;
CREATE TABLE doc (id integer PRIMARY KEY);
INSERT INTO doc VALUES (1), (2), (3);
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (touchy(id));
GRANT SELECT, DELETE ON doc TO app;
SQL

my $login = "SET dbmi_authz.token = '" . mint() . "'; SET dbmi_authz.log_denials = log";
my $settings = 'SET log_min_messages = debug1; SET log_min_error_statement = debug1';
my $seen = -s $node->logfile;

# What it says of a key, what psql says besides, and the row locks that are held.
sub said
{
	my ($command, $key) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', "$settings; $login; SET ROLE app; BEGIN;"
		. "SELECT authz.explain_access('doc', '$command', '$key') LIMIT 1;"
		. "SELECT pg_current_xact_id_if_assigned() IS NULL, count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('tuple', 'transactionid');"
		. 'COMMIT');
	return join '|', $rc, $out, $err;
}

for my $command ('SELECT', 'DELETE')
{
	like(said($command, 1), qr/^0\|\S+ (sees|may delete) the row: .*\nt\|0\|$/, "$command: of a row that is shown");
	my %said = map { said($command, $_) => 1 } 2, 3, 4, 'x', '';
	is_deeply([ keys %said ], [ "0|There is no row with this key, or none that you may see.\nt|0|" ],
		"$command: the same of all others, and no row is locked");
}
is(substr(slurp_file($node->logfile), $seen), '', 'nothing in the log');
$node->psql('postgres', "$settings; SET ROLE app; SELECT count(*) FROM doc");
like(substr(slurp_file($node->logfile), $seen), qr/row three is here/, 'but what a query raises');

# What turns the text round, or breaks the line, is told by its code.
my $turning = mint(sub => "ann\x{202e}bob\x{2028}");
my $words = $node->safe_psql('postgres', "SET dbmi_authz.token = '$turning'; SET ROLE app; SELECT authz.explain_access('doc') LIMIT 1");
like($words, qr/ann\\u202ebob\\u2028/, 'claims are printed in printable characters');

$node->stop;
done_testing();
