# No byte of a token reaches the server's log, an error or a view through this
# extension (R10), whatever became of the login.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

# and whatever this extension logs of logins
my $node = start_node('main', 'dbmi_authz.log_logins = all', 'dbmi_authz.log_rate = 0', 'dbmi_authz.log_identity = all', 'dbmi_authz.log_denials = log');
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE TABLE big AS SELECT i AS id FROM generate_series(1, 30000) i;
GRANT SELECT ON big TO app;
ANALYZE big;
CREATE FUNCTION in_worker() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE
AS 'BEGIN RETURN authz.subject(); END';
CREATE FUNCTION login_in_worker(token text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE
AS 'BEGIN RETURN authz.try_set_token(token); END';
CREATE FUNCTION nested(token text) RETURNS void LANGUAGE plpgsql
AS 'BEGIN PERFORM authz.set_token(token); END';
SQL

my $parallel = parallel_on($node);
my $old = mint(exp => '-60');
my $broken = mint();
substr($broken, 10, 1) = '!';

# C6.1: what the log, the client and the views get to see
# name => the token, and whether it is good
my %cases = (
	good => [ mint(jti => 'g1'), 1 ],
	forged => [ forge(), 0 ],
	expired => [ $old, 0 ],
	'of a stranger' => [ mint(iss => 'https://stranger.example'), 0 ],
	'for somebody else' => [ mint(aud => 'other'), 0 ],
	'without a subject' => [ mint(sub => ''), 0 ],
	'with a wrong type' => [ mint(exp => 'tomorrow'), 0 ],
	malformed => [ $broken, 0 ],
	'with a tail' => [ mint() . '.tail', 0 ],
	huge => [ mint(pad => 'x' x 70000), 0 ]);

my $seen = 0;

# What was logged since the last call.
#
# Since 18 core says at debug3 where it looks for a library whenever a session
# first calls a function of it, and with it the context, which is PL/pgSQL's
# and quotes a statement in which there is a literal.  We are not asked, so
# these entries are left out, and nothing else.
sub logged
{
	my $all = slurp_file($node->logfile);
	my $new = substr($all, $seen);
	$seen = length $all;
	$new =~ s/^\d[^\n]* DEBUG:  find_in_path: trying "[^"\n]*"\n(?:\d[^\n]* CONTEXT:  [^\n]*\n(?:\t[^\n]*\n)*)?//mg;
	return $new;
}

sub silent
{
	my ($what, $token, $client) = @_;
	my $log = logged();
	ok(!holds_token($log, $token), "$what: nothing in the log") or diag $log;
	ok(!holds_token($client, $token), "$what: nothing for the client") or diag $client;
	return $log;
}

for my $level ('warning', 'debug5')
{
	my $options = "-c log_min_messages=$level";
	$node->safe_psql('postgres', "ALTER SYSTEM SET log_min_messages = $level");
	$node->reload;
	logged();

	for my $name (sort keys %cases)
	{
		my ($token, $good) = @{ $cases{$name} };
		my $t = { t => $token };
		my $what = "$name, $level";
		my $client;

		# As literals: the statement that fails is ours to hide.
		for my $sql (
			"SELECT authz.set_token('%{t}');",
			"SELECT authz.set_token('%{t}', true);",
			"SELECT authz.try_set_token('%{t}');",
			"SELECT authz.verify_token('%{t}') IS NOT NULL;",
			"SET dbmi_authz.token = '%{t}';",
			"SET LOCAL dbmi_authz.token = '%{t}';",
			"SELECT set_config('dbmi_authz.token', '%{t}', false) IS NOT NULL;",
			"SELECT nested('%{t}');",
			"DO \$\$ BEGIN PERFORM authz.set_token('%{t}'); END \$\$;",
			"BEGIN; SELECT authz.set_token('%{t}'); ROLLBACK;")
		{
			# first in a session that has the library, then in one that has not
			for my $before ('SELECT authz.token_state() \g /dev/null', '')
			{
				# Unloaded, core takes any SET without asking: see below.
				next if $before eq '' && $sql =~ /^SET|set_config/;
				$client = join "\n", session($node, "$before\n$sql", tokens => $t, details => 1);
				my ($call) = $sql =~ /(set_token|try_set_token|verify_token|SET LOCAL|SET|set_config|nested|DO)/;
				my $log = silent("$what, $call", $token, $client);
				like($log, qr/ LOG:  login (?:accepted|refused): /, "$what, $call: the login is logged") if $call ne 'verify_token';
				like($client, qr/^28000: /m, "$what, $call: refused") if !$good && $sql !~ /try_set/;
				unlike($client, qr/^28000: /m, "$what, $call: accepted") if $good;
			}
		}

		# Set before the library is there, judged at the first call.
		$client = join "\n", session($node, "SET dbmi_authz.token = '%{t}';\nSELECT authz.token_state();\nSELECT authz.last_error();",
			tokens => $t, details => 1);
		silent("$what, set early", $token, $client);
		like($client, $good ? qr/^valid$/m : qr/^rejected$/m, "$what, set early: judged");

		# As bind parameters.
		for my $sql ('SELECT authz.set_token(:token);', 'SELECT authz.try_set_token(:token);')
		{
			next if length $token > 60000;	# more than one argument of a program holds
			silent("$what, bound", $token, pgbench_bind($node, $token, $sql));
		}

		# What can be read back.
		if ($good)
		{
			$client = join "\n", session($node, <<'SQL', tokens => $t);
SELECT authz.set_token('%{t}');
SHOW dbmi_authz.token;
SELECT current_setting('dbmi_authz.token');
SELECT * FROM pg_settings WHERE name LIKE 'dbmi_authz%';
SHOW ALL;
SELECT authz.last_error(), authz.www_authenticate();
SQL
			silent("$what, read back", $token, $client);
			unlike($client, qr/id\.example/, 'nor do claims show');
		}
	}
}

# A timeout, a cancel and an error elsewhere in the statement: the server logs
# the statement, and a bound token is not in it.
my $token = $cases{good}[0];
logged();
my $client = pgbench_bind($node, $token, 'SELECT authz.set_token(:token), pg_sleep(20);', options => '-c statement_timeout=300');
like($client, qr/statement timeout/, 'a timeout happened');
silent('timeout', $token, $client);

$client = pgbench_bind($node, $token, 'SELECT authz.set_token(:token), pg_sleep(20 / (pg_cancel_backend(pg_backend_pid())::int - 0));');
like($client, qr/user request/, 'a cancel happened');
silent('cancel', $token, $client);

$client = pgbench_bind($node, $token, 'SELECT authz.set_token(:token), 1 / 0 * random();');
like($client, qr/division by zero/, 'an error elsewhere happened');
silent('error elsewhere', $token, $client);

# Workers.
$client = join "\n", session($node, "SET dbmi_authz.token = '%{t}';\n${parallel}SELECT count(*) FROM big WHERE in_worker() IS NULL;",
	tokens => { t => $token }, details => 1);
silent('asked in a worker, the token set early', $token, $client);
unlike($client, qr/^\d+$/m, 'and nobody was answered for');
$client = join "\n", session($node, "SELECT authz.set_token('%{t}') \\g /dev/null\n${parallel}SELECT count(*) FROM big WHERE in_worker() IS NULL;",
	tokens => { t => $token }, details => 1);
silent('asked in a worker', $token, $client);
$client = join "\n", session($node, "PREPARE q(text) AS SELECT count(*) FROM big WHERE login_in_worker(\$1);\n${parallel}EXECUTE q('%{t}');",
	tokens => { t => $token }, details => 1);
unlike($client, qr/^\d+$/m, 'no login in a worker');
ok(!holds_token($client, $token), 'login in a worker: nothing for the client');

# A rule of a table, a view, a catalog: nothing holds it.
is($node->safe_psql('postgres', <<"SQL"), '0', 'no catalog holds it');
SELECT count(*) FROM pg_db_role_setting WHERE array_to_string(setconfig, ' ') ~ 'dbmi_authz.token='
SQL

$node->stop;
done_testing();
