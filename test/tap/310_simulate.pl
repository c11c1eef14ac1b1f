# simulate() and access_review(): nobody is somebody beyond the transaction, over the
# protocol, in pools, with prepared transactions and workers; who did stands in the
# log, and no claim but iss and sub; and a review says of each what they get who log in.
#
# The last is test/review/run.  DBMI_SEED repeats it, DBMI_WORLDS=5000 makes a long one.

use strict;
use warnings;
use utf8;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', "log_line_prefix = '%u '", 'max_prepared_transactions = 5');
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE ROLE owner LOGIN IN ROLE app;
ALTER DATABASE postgres OWNER TO owner;
CREATE TABLE doc (id int, owner text);
INSERT INTO doc SELECT i, (ARRAY['ann', 'bob', 'cay', 'bob'])[i % 4 + 1] FROM generate_series(1, 400) i;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON doc USING (authz.is_owner(owner));
CREATE TABLE plain (id int);
INSERT INTO plain VALUES (1);
GRANT ALL ON doc, plain TO app;
CREATE FUNCTION be(who text) RETURNS void LANGUAGE sql AS
	$$SELECT authz.simulate(json_build_object('sub', who, 'secret', 'claim-that-is-no-ones', 'iss', 'https://id.example'))$$;
CREATE FUNCTION who() RETURNS text LANGUAGE sql AS
	$$SELECT concat_ws(' ', authz.token_state(), CASE WHEN authz.is_simulated() THEN 'simulated' END, authz.subject())$$;
CREATE FUNCTION asks(text) RETURNS boolean LANGUAGE plpgsql PARALLEL SAFE AS $$ BEGIN RETURN authz.is_owner($1); END $$;
SQL
my $ann = mint();
my $bob = mint(sub => 'bob');

sub owner
{
	my ($sql, %opt) = @_;
	return join(' ; ', session($node, $sql, user => 'owner', %opt));
}

# ---- transactions ----
is(owner("BEGIN; SELECT be('bob'); SELECT who(); PREPARE TRANSACTION 'p'; SELECT who(); COMMIT PREPARED 'p'; SELECT who();"),
	'valid simulated bob ; none ; none', 'a prepared transaction keeps nobody');
is(owner("SET dbmi_authz.token = '$ann'; BEGIN; SELECT be('bob'); SELECT who(); PREPARE TRANSACTION 'p'; SELECT who(); ROLLBACK PREPARED 'p'; SELECT who();"),
	'valid simulated bob ; valid ann ; valid ann', 'who was logged in is again');
is(owner("BEGIN; SELECT be('bob'); SAVEPOINT s; SELECT 1/0; ROLLBACK TO s; SELECT who(); ROLLBACK AND CHAIN; SELECT who(); COMMIT;"),
	'22012: division by zero ; valid simulated bob ; none', 'nor does a chained one');
is(owner("BEGIN; SELECT be('bob'); COMMIT AND CHAIN; SELECT who(); INSERT INTO plain VALUES (0); ROLLBACK; INSERT INTO plain VALUES (0); SELECT who();"),
	'none ; 25006: cannot execute INSERT in a read-only transaction ; none', 'which has the characteristics of the one before, as PostgreSQL has it');
is(owner("SET client_min_messages = error; SELECT be('bob')\\; SELECT who()\\; COMMIT\\; SELECT who();"), 'valid simulated bob ; none', 'statements sent together are one transaction');
is(owner("BEGIN; SELECT be('bob'); SAVEPOINT s; SELECT be('cay'); RELEASE s; RESET ALL; SELECT who(); COMMIT; SELECT who();"),
	'none ; none', 'RESET ALL');
is(owner("SELECT be('bob'); DISCARD ALL; SELECT who();"), 'none', 'DISCARD ALL');

# Another's transaction on the same connection, as of a pool, with its kept plan
my $wire = AzWire->new($node, user => 'owner');
$wire->parse('p', 'SELECT who()')->parse('c', 'SELECT count(*) FROM doc WHERE authz.is_owner(owner)')->sync->answers;
for my $mode ('auto', 'force_generic_plan')
{
	$wire->query("SET plan_cache_mode = $mode")->answers;
	for my $round (1 .. 7)
	{
		$wire->query("BEGIN; SELECT be('bob')")->answers;
		my @rows = $wire->bind('', 'p')->execute('')->bind('', 'c')->execute('')->sync->answers;
		$wire->query('COMMIT')->answers;
		push @rows, $wire->bind('', 'p')->execute('')->bind('', 'c')->execute('')->sync->answers;
		is("@rows", 'valid simulated bob 200 none 0', "$mode, round $round: for that transaction alone");
	}
	$wire->query("BEGIN; SET LOCAL dbmi_authz.token = '$ann'")->answers;
	is(join(' ', $wire->bind('', 'p')->execute('')->bind('', 'c')->execute('')->sync->answers), 'valid ann 100', "$mode: and not for who logs in");
	$wire->query('COMMIT')->answers;
}

# A portal that was opened for somebody else
$wire->query("BEGIN")->answers;
$wire->parse('o', 'SELECT id FROM doc WHERE authz.is_owner(owner)')->bind('o', 'o')->execute('o', 1)->sync->answers;
$wire->query("SELECT be('bob')")->answers;
like(join(' ', $wire->execute('o', 1)->sync->answers), qr/^28000/, 'a portal is stopped');
$wire->query('ROLLBACK')->answers;

# One that locks rows, opened before
$wire->query('BEGIN')->answers;
$wire->parse('l', 'SELECT id FROM plain FOR UPDATE')->bind('l', 'l')->sync->answers;
$wire->query("SELECT be('bob')")->answers;
like(join(' ', $wire->execute('l', 1)->sync->answers), qr/^25006/, 'a portal that would write is stopped');
$wire->query('ROLLBACK')->answers;

# What others do to the trust meanwhile ends a login, and nobody who is simulated
$wire->query("BEGIN; SELECT be('bob')")->answers;
my $login = AzWire->new($node, user => 'owner');
$login->query("SELECT authz.set_token('$bob')")->answers;
is(join(' ', $login->query('SELECT who()')->answers), 'valid bob', 'a login');
$node->safe_psql('postgres', "SELECT authz.revoke_subject('https://id.example', 'bob')");
is(join(' ', $login->query('SELECT authz.token_state()')->answers), 'revoked', 'which is revoked');
is(join(' ', $wire->query('SELECT who()')->answers), 'valid simulated bob', 'one that was simulated is not');
$node->safe_psql('postgres', q(SELECT authz.alter_issuer('https://id.example', '{"leeway_seconds": 3}')));
is(join(' ', $wire->query('SELECT count(*) FROM doc WHERE authz.is_owner(owner)')->answers), '200', 'nor by a change of the issuer');
$node->safe_psql('postgres', "INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'bob')");
is(join(' ', $wire->query('SELECT count(*) FROM doc WHERE authz.is_owner(owner)')->answers), '0', 'what is stored is felt');
$wire->query('COMMIT')->answers;
$node->safe_psql('postgres', 'DELETE FROM authz.inactive_subject; DELETE FROM authz.revocation');

# ---- the setting for tests ----
is(owner("SELECT authz.version() \\g /dev/null\nSET dbmi_authz.simulate_writes = on;"), '42501: permission denied to set parameter "dbmi_authz.simulate_writes"', 'a superuser sets it');
like(owner("SET client_min_messages = error; SET dbmi_authz.simulate_writes = on; BEGIN; INSERT INTO plain VALUES (0); SELECT be('bob'); ROLLBACK;"), qr/^25001/, 'also before the library is loaded');
$node->safe_psql('postgres', 'ALTER ROLE owner SET dbmi_authz.simulate_writes = on');
is(owner("BEGIN; INSERT INTO plain VALUES (2); SELECT be('bob'); SET LOCAL ROLE app; INSERT INTO doc VALUES (0, 'bob') RETURNING owner; INSERT INTO plain VALUES (2); SELECT who(); COMMIT; SELECT who(), count(*) FROM plain WHERE id = 2;"),
	'bob ; valid simulated bob ; none|2', 'for whom it is set');
is(owner("BEGIN; INSERT INTO plain VALUES (0); SELECT be('bob'); PREPARE TRANSACTION 'p'; SELECT who(); COMMIT PREPARED 'p'; SELECT who();"), 'none ; none', 'with what it wrote, prepared');
$node->safe_psql('postgres', 'ALTER ROLE owner RESET ALL; DELETE FROM doc WHERE id <= 0');

# ---- workers ----
my $parallel = parallel_on($node);
is(owner("$parallel BEGIN; SELECT be('bob'); SET LOCAL ROLE app; SELECT count(*) FROM doc; COMMIT;"), '200', 'a worker counts for whom the leader is');
like(owner("$parallel BEGIN; SELECT be('bob'); SELECT count(*) FROM doc WHERE asks(owner); COMMIT;"), qr/a parallel worker has no identity/, 'and is nobody itself');
is(owner("$parallel SELECT row_count FROM authz.access_review('doc', ARRAY['{\"sub\": \"bob\"}']::json[], 'app', 'https://id.example');"), '200', 'a review');

# ---- the log ----
my $json = JSON::PP->new->utf8;
my $seen = length slurp_file($node->logfile);

sub logged
{
	my $new = substr(slurp_file($node->logfile), $seen);
	$seen += length $new;
	return $new;
}

sub is_logged
{
	my ($log, $what, $expected, $name) = @_;
	my @lines = $log =~ /^owner LOG:  $what: (.*)$/mg;
	is(scalar(@lines), 1, "$name: one line") or return diag $log;
	unlike($log, qr/[^\x20-\x7e\n\t]/, "$name: printable ASCII");
	is_deeply($json->decode($lines[0]), { session_user => 'owner', role => 'owner', %$expected }, "$name: what it says");
	unlike($log, qr/claim-that-is-no-ones|STATEMENT|CONTEXT/, "$name: nothing else");
	return;
}

my @hostile = ("ann", "a\\nLOG:  forged", 'q\\"\\\\}', "\\u001b[31m", "é\\ud83d\\ude00", 'x' x 300);
for my $subject (@hostile)
{
	my $plain = $json->decode(qq({"s": "$subject"}) =~ s/é/\xc3\xa9/r)->{s};
	owner(qq(SELECT authz.simulate('{"sub": "$subject", "email": "claim-that-is-no-ones", "jti": "claim-that-is-no-ones"}', 'https://id.example') \\g /dev/null\n));
	is_logged(logged(), 'identity simulated', { issuer => 'https://id.example', subject => length $plain > 255 ? substr($plain, 0, 255) . '...' : $plain }, "sub " . length $plain);
}
owner("SET dbmi_authz.token = '$bob'; SELECT authz.simulate('{\"secret\": \"claim-that-is-no-ones\", \"sub\": \"ann\", \"act\": 1}', 'https://id.example');");
my $log = logged();
unlike($log, qr/claim-that-is-no-ones|identity simulated/, 'claims that cannot be read are nowhere');
like($log, qr/^owner ERROR:  the claims cannot be read: Invalid actor claim$/m, 'why is') or diag $log;
ok(!holds_token($log, $bob), 'nor is a token');
owner(q(SELECT authz.access_review('doc', array_agg(json_build_object('sub', i, 'secret', 'claim-that-is-no-ones')), 'app', 'https://id.example', 'update') FROM generate_series(1, 100) i));
is_logged(logged(), 'access reviewed', { as_role => 'app', table => 'public.doc', command => 'update', subjects => 100 }, 'a review');
is(join(' ', session($node, "SELECT be('ann');", user => 'app')), '42501: permission denied for function simulate', 'who may not');
unlike(logged(), qr/identity simulated/, 'is not logged as who did');
$node->safe_psql('postgres', 'ALTER ROLE owner SET dbmi_authz.log_denials = log');
owner("BEGIN; SELECT be('ann'); SELECT authz.require_scope('s'); ROLLBACK;");
like(logged(), qr/access denied: \{"client": null, "subject": "ann", "simulated": true, "required"/, 'a denial says that nobody was verified');


# ---- the records: what was simulated is nobody's deed ----
$node->safe_psql('postgres', q{ALTER ROLE owner SET dbmi_authz.log_reads = protected; ALTER ROLE owner SET session_preload_libraries = dbmi_authz;
	ALTER ROLE owner SET dbmi_authz.simulate_writes = on; SELECT authz.audit('plain'); GRANT SELECT ON authz.trust_log, authz.audit_event TO owner});
owner("BEGIN; SELECT be('bob'); SELECT count(*) FROM doc; SET LOCAL ROLE app; SELECT count(*) FROM doc; COMMIT; SELECT authz.set_token('$bob'); SELECT count(*) FROM doc;");
is_deeply([ map { my $line = $json->decode($_); "$line->{subject} $line->{simulated} $line->{role}" =~ s/HASH.*? /? /r } logged() =~ /^owner LOG:  read: (.*)$/mg ],
	[ 'bob 1 owner', 'bob 1 app', 'bob  owner' ], 'a read says so, and only of whom nobody has verified');
is(owner("BEGIN; SELECT authz.simulate('{\"sub\": \"bob\", \"exp\": 1}', 'https://id.example'); INSERT INTO plain VALUES (7); SELECT authz.revoke_token('https://id.example', 'x'); COMMIT;"
	. " SELECT subject, login FROM authz.audit_event; SELECT session_role, subject FROM authz.trust_log WHERE relation = 'revocation' ORDER BY at DESC LIMIT 1;"), 'bob|simulated ; owner|', 'so do the others');
$node->safe_psql('postgres', q{ALTER ROLE owner RESET dbmi_authz.log_reads; ALTER ROLE owner RESET dbmi_authz.simulate_writes; SELECT authz.unaudit('plain'); DELETE FROM authz.revocation});

$node->safe_psql('postgres', q{CREATE FUNCTION demands() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM authz.require_scope('s'); RETURN true; END $$;
	CREATE TABLE strict AS SELECT 1 AS id; ALTER TABLE strict ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON strict USING (demands()); GRANT SELECT ON strict TO app});
is(owner(q(SELECT condition FROM authz.access_review('strict', ARRAY['{"sub": "ann"}']::json[], 'app', 'https://id.example'); SHOW dbmi_authz.log_denials;)), 'error 42501: access denied ; log', 'a policy that raises');
unlike(logged(), qr/access denied/, 'denies nothing to anybody in a review');

# ---- what they get who log in ----
run_beside($node, [ '', 'review/run', $ENV{DBMI_SEED} ? ('--seed', $ENV{DBMI_SEED}) : (), '--worlds', $ENV{DBMI_WORLDS} // ($ENV{DBMI_LONG} ? 2000 : 60) ]);

$node->stop;
done_testing();
