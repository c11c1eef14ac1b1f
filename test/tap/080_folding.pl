# Attacks on folding that take new connections, workers, protocols or time; the
# others are in sql/folding_attacks.sql, folding_errors.sql and folding_safe.sql.
# The marks T1, E15 and so on are those of test/attacks.md.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use Test::More;

my $node = start_node('main', 'track_activity_query_size = 16384');
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
GRANT CREATE ON SCHEMA public TO app;
CREATE TABLE big AS SELECT i AS id FROM generate_series(1, 20000) i;
CREATE TABLE doc AS SELECT i AS id, CASE i % 100 WHEN 0 THEN 'ann' WHEN 1 THEN 'bob' ELSE 'u' || i END AS owner FROM generate_series(1, 20000) i;
CREATE INDEX ON doc (owner);
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
-- the oracle: a policy that never folds
CREATE TABLE oracle AS TABLE doc;
ALTER TABLE oracle ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON oracle USING (authz.has_scope(CASE WHEN id > 0 THEN 'admin' END) OR authz.is_owner(owner || ''));
ANALYZE;
GRANT ALL ON doc, oracle, big TO app;
CREATE FUNCTION seen() RETURNS bigint LANGUAGE sql STABLE SET search_path = public AS 'SELECT count(*) FROM doc';
CREATE FUNCTION seen_by_definer() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT count(*) FROM doc WHERE authz.is_owner(owner)';
-- what nobody should write: not safe at all
CREATE FUNCTION probe(i int) RETURNS text LANGUAGE plpgsql PARALLEL SAFE AS 'BEGIN RETURN seen(); END';
CREATE FUNCTION probe_login(i int, token text) RETURNS text LANGUAGE plpgsql PARALLEL SAFE
AS 'BEGIN PERFORM set_config(''dbmi_authz.token'', token, true); RETURN seen(); END';
SQL
my %tokens = (
	ann => mint(), bob => mint(sub => 'bob'), root => mint(sub => 'root', scope => 'admin'), bad => forge());
my $parallel = parallel_on($node);
my $changed = '28000: identity has changed since the query was planned';

# A line of a script: ann, bob, root and bad log in or try to; all else is SQL.
sub script
{
	my %short = map { $_ => "SELECT authz.set_token('%{$_}') \\g /dev/null" } qw(ann bob root);
	$short{bad} = "SELECT authz.try_set_token('%{bad}') \\g /dev/null";
	return join "\n", map { $short{$_} // (/;\s*$/ ? $_ : "$_;") } @_;
}

sub gives
{
	my ($what, $script, @expected) = @_;
	# of workers it cannot be told how many complained
	my @got = grep { !/^(parallel worker$|WARNING: .*parallel operation)/ } session($node, script(@$script), tokens => \%tokens);
	my $same = @got == @expected;
	for my $i (0 .. $#expected)
	{
		$same &&= ref $expected[$i] ? $got[$i] =~ $expected[$i] : $got[$i] eq $expected[$i];
	}
	ok($same, $what) or diag("got:\n  ", join("\n  ", @got), "\nexpected:\n  ", join("\n  ", @expected));
	return;
}

# Workers
#
# C4.3: a worker answers nobody's question
# T1: a plan that a worker makes itself answers nobody's question.
my $refused = qr/^\w{5}: .*parallel worker has no identity/;
for my $who ('ann', 'root', 'SELECT 1')
{
	my @first = $who eq 'SELECT 1' ? ('1') : ();
	gives("T1: a worker that plans a query over a protected table, $who",
		[ $who, $parallel, 'SELECT max(probe(id)) FROM big' ], @first, $refused);
}
gives('T1: a worker that logs in', [ 'ann', $parallel, "SELECT max(probe_login(id, '%{root}')) FROM big" ], qr/^\w{5}: .*parallel/);
gives('T1: in the leader the same function is right', [ 'ann', 'SELECT max(probe(id)) FROM (SELECT * FROM big LIMIT 5) b', 'bob', 'SELECT seen()' ], 200, 200);

# T6: a folded plan runs in workers, with the rows of the serial one; an
# identity that a failed login ended has no rows there either.
my $count = '(SELECT count(*) FROM doc) FROM (SELECT count(*) FROM doc, big WHERE doc.id = big.id) x (n)';
gives('folded plans in workers', [ $parallel, 'root', 'SELECT count(*) FROM doc', 'ann', 'SELECT count(*) FROM doc', 'SELECT count(*) FROM oracle' ], 20000, 200, 200);
my $plan = join "\n", session($node, script($parallel, 'ann', 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM doc'), tokens => \%tokens);
like($plan, qr/Workers Launched: [12]/, 'workers were launched');
unlike($plan, qr/authz/, 'and the calls are folded');
gives('T6: rejected, in workers', [ 'root', 'bad', $parallel, 'SELECT count(*) FROM doc', 'SELECT count(*) FROM oracle', 'SELECT authz.token_state()' ], 0, 0, 'rejected');
gives('T6: rejected between two executions of a parallel plan', [ $parallel, "SET plan_cache_mode = force_generic_plan", 'PREPARE q AS SELECT count(*) FROM doc', 'root', 'EXECUTE q', 'bad', 'EXECUTE q' ],
	20000, 0);

# Protocols
sub wire
{
	my ($what, $expected, @steps) = @_;
	my $wire = AzWire->new($node);
	my @got;
	for my $step (@steps)
	{
		$step->($wire);
		push @got, $wire->answers;
	}
	is_deeply(\@got, $expected, $what) or diag(explain(\@got));
	return;
}
my %login = map { $_ => "SELECT authz.set_token('$tokens{$_}')" } keys %tokens;
my $rows = 'SELECT id FROM doc WHERE id <= 300 ORDER BY id';

# C4.2: portals, too
# E15, E16: one that goes on as somebody else, or was bound before a login
wire('E16: a portal that a limit suspended goes on as the same',
	[ '', 100, 200, 'suspended', 300 ],
	sub { $_[0]->run('BEGIN')->run($login{ann})->parse('', $rows)->bind('p', '')->execute('p', 2)->execute('p', 0)->sync });
wire('E16: and not as another',
	[ '', 100, 'suspended', '', $changed ],
	sub { $_[0]->run('BEGIN')->run($login{ann})->parse('', $rows)->bind('p', '')->execute('p', 1)->run($login{bob})->execute('p', 1)->sync });
wire('E16: nor as nobody',
	[ '', 100, 'suspended', $changed ],
	sub { $_[0]->run('BEGIN')->run($login{ann})->parse('', $rows)->bind('p', '')->execute('p', 1)->run('RESET dbmi_authz.token')->execute('p', 1)->sync });
wire('E15: two portals, of which the first logs in',
	[ '', '', $changed ],
	sub {
		$_[0]->run('BEGIN')->run($login{root})->parse('a', $login{ann})->parse('b', $rows)->bind('pa', 'a')->bind('pb', 'b')
		  ->execute('pa')->execute('pb')->sync;
	});
wire('a statement parsed as one and bound as another',
	[ '', '', 100, 200, 300, '', 1, 101, 201 ],
	sub { $_[0]->run($login{root})->parse('q', $rows)->run($login{ann})->bind('p', 'q')->execute('p')->sync },
	sub { $_[0]->run($login{bob})->bind('p', 'q')->execute('p')->sync });

# T15 [core]: rows that were returned by a write stand in a store; the write
# happened as ann, and its rows are hers
wire('T15: the rest of what a write returned',
	[ '', 100, 'suspended', '', 200, 300 ],
	sub {
		$_[0]->run('BEGIN')->run($login{ann})->parse('', 'UPDATE doc SET id = id WHERE id <= 300 RETURNING id')->bind('p', '')->execute('p', 1)
		  ->run($login{bob})->execute('p', 0)->run('ROLLBACK')->sync;
	});

# S5: several statements in one message, and in one Sync
wire('S5: a string of several statements', [ '', 200, '', 200, '', 20000 ],
	sub { $_[0]->query("$login{ann}; SELECT count(*) FROM doc; $login{bob}; SELECT count(*) FROM doc; $login{root}; SELECT count(*) FROM oracle") });
wire('S5: a pipeline', [ '', 200, '', 200, '', 20000, 20000 ],
	sub { $_[0]->run($login{ann})->run('SELECT count(*) FROM doc')->run($login{bob})->run('SELECT count(*) FROM doc')->run($login{root})->run('SELECT count(*) FROM doc')->run('SELECT count(*) FROM oracle')->sync });
wire('S5: SET LOCAL in a pipeline ends with it', [ 200, 0 ],
	sub { $_[0]->run('BEGIN')->run("SET LOCAL dbmi_authz.token = '$tokens{ann}'")->run('SELECT count(*) FROM doc')->run('COMMIT')->run('SELECT count(*) FROM doc')->sync });
wire('S5: a pipeline that fails takes its login along', [ '', 200, '22012: division by zero', 0 ],
	sub { $_[0]->run($login{ann})->run('SELECT count(*) FROM doc')->run('SELECT 1 / 0')->run('SELECT count(*) FROM doc')->sync },
	sub { $_[0]->run('SELECT count(*) FROM doc')->sync });

# Time
#
# C1.5, C1.6: and within a procedure that commits
# T16: a procedure that commits for long notices that the identity has ended.
$tokens{late} = mint(exp => '+3');
gives('T16: expiry within one DO', [ <<'SQL', 'SELECT authz.token_state()' ], qr/^NOTICE: .*: 200 t$/, 'expired', qr/^28000: token has expired/, 'expired');
SET client_min_messages = notice;
SELECT authz.set_token('%{late}') \g /dev/null
DO $$ BEGIN
	RAISE NOTICE '% %', (SELECT count(*) FROM doc), authz.has_claim('{sub}', 'ann');
	COMMIT;
END $$;
SELECT pg_sleep(3.2) \g /dev/null
SELECT authz.token_state();
DO $$ BEGIN
	COMMIT;
	RAISE NOTICE '%', (SELECT count(*) FROM doc);
END $$;
SQL
$tokens{late} = mint(exp => '+3');
gives('T16: and in the middle of it', [ <<'SQL' ], qr/^NOTICE: .*: 200$/, qr/^28000: token has expired/, 'expired');
SET client_min_messages = notice;
SELECT authz.set_token('%{late}') \g /dev/null
DO $$ BEGIN
	RAISE NOTICE '%', (SELECT count(*) FROM doc);
	PERFORM pg_sleep(3.2);
	COMMIT;
	RAISE NOTICE '%', (SELECT count(*) FROM doc);
END $$;
SELECT authz.token_state();
SQL

# Settings that are there before the library is
#
# T17: no token for a role or a database; one that lies there is no login.
for my $alter ('ALTER ROLE app SET', 'ALTER DATABASE postgres SET', 'ALTER ROLE app IN DATABASE postgres SET')
{
	is_deeply([ session($node, "SELECT authz.token_state();\n$alter dbmi_authz.token = '%{root}';", tokens => \%tokens, user => $node->safe_psql('postgres', 'SELECT current_user')) ],
		[ 'none', '22023: parameter "dbmi_authz.token" can only be set within a session' ], "T17: $alter");
}
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_db_role_setting WHERE setconfig::text LIKE '%dbmi_authz.token%'"), 0, 'T17: nothing lies in the catalog');
$node->safe_psql('postgres', "ALTER ROLE app SET dbmi_authz.token = '$tokens{root}'");
gives('T17: one that came there past the library logs nobody in', [ 'SELECT count(*) FROM doc', "SELECT authz.has_scope('admin'), authz.token_state()", 'SELECT count(*) FROM doc' ],
	qr/^WARNING/, 0, 'f|rejected', 0);
$node->safe_psql('postgres', 'ALTER ROLE app RESET ALL');

# T18: nor in a function, which only a superuser could bring past the library.
gives('T18: before the library is there', [ "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SET dbmi_authz.token = '%{root}' AS 'SELECT count(*) FROM doc'" ], qr/^42501: /);
gives('T18: after', [ 'ann', "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SET dbmi_authz.token = '%{root}' AS 'SELECT count(*) FROM doc'",
		"CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM doc'", "ALTER FUNCTION f SET dbmi_authz.token = ''", 'SELECT f()' ],
	('22023: parameter "dbmi_authz.token" can only be set within a session') x 2, 200);

# F5, F6: the first use of the library is in a restricted place.
my $set = "SET dbmi_authz.token = '%{bob}'";
gives('F5: in a new materialized view', [ $set, 'CREATE MATERIALIZED VIEW mv AS SELECT * FROM doc WHERE authz.is_owner(owner)', 'SELECT count(*) FROM mv', 'SELECT count(*) FROM doc' ], 200, 200);
gives('F5: in its refresh', [ $set, 'REFRESH MATERIALIZED VIEW mv', 'SELECT count(*) FROM mv', 'SELECT count(*) FROM doc', 'DROP MATERIALIZED VIEW mv' ], 200, 200);
gives('F6: in a SECURITY DEFINER function', [ $set, 'SELECT seen_by_definer()', 'SELECT count(*) FROM doc' ], 200, 200);
# F7: or in a worker, which has no identity and says so
gives('F7: in a worker', [ $set, $parallel, 'SELECT max(probe(id)) FROM big', 'SELECT count(*) FROM doc' ], $refused, 200);
# S19: what the setting shows is no token, before the library is there either
gives('S19: what the setting shows, typed before the library is there', [ "SET dbmi_authz.token = 'token accepted'", 'SELECT count(*) FROM doc', 'SELECT authz.token_state()' ],
	qr/^WARNING/, 0, 'rejected');
gives('S19: the same in a worker', [ "SET dbmi_authz.token = 'token accepted'", $parallel, 'SELECT max(probe(id)) FROM big' ], $refused);

# S20: the extension is dropped and made anew while a session keeps its plans.
$node->safe_psql('postgres', 'CREATE DATABASE anew');
trust($node, 'anew');
$node->safe_psql('anew', 'CREATE TABLE doc AS SELECT i AS id, CASE WHEN i < 4 THEN \'ann\' ELSE \'bob\' END AS owner FROM generate_series(1, 10) i');
my $pem = PostgreSQL::Test::Utils::slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
my $again = <<"SQL";
DROP EXTENSION dbmi_authz;
CREATE EXTENSION dbmi_authz;
SELECT authz.add_issuer('https://id.example', '{clinic}'), authz.add_pem('https://id.example', '$pem', 'k1', 'ES256') \\g /dev/null
SQL
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
is_deeply([ session($node, script(<<'SQL', 'ann', 'EXECUTE q', 'bob', 'EXECUTE q', 'BEGIN', $again, 'ann', 'EXECUTE q', 'ROLLBACK', 'bob', 'EXECUTE q', $again, 'ann', 'EXECUTE q', 'bob', 'EXECUTE q', ($again, 'ann', 'EXECUTE q', 'bob', 'EXECUTE q') x 9), tokens => \%tokens, db => 'anew', user => $superuser) ],
SET plan_cache_mode = force_generic_plan;
PREPARE q AS SELECT count(*) FROM doc WHERE authz.is_owner(owner);
SQL
	[ 3, 7, 3, 7, 3, 7, (3, 7) x 9 ], 'S20: DROP and CREATE EXTENSION in one session');

# T10 [core]: a foreign column that compares otherwise than it is declared here
# compares so with a value that is sent there; declare its collation.
$node->safe_psql('postgres', <<"SQL");
CREATE EXTENSION postgres_fdw;
CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '@{[ $node->host ]}', port '@{[ $node->port ]}', dbname 'postgres');
CREATE USER MAPPING FOR PUBLIC SERVER loop OPTIONS (user '$superuser', password_required 'false');
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE far (id int, owner text COLLATE ci);
INSERT INTO far VALUES (1, 'ann'), (2, 'ANN'), (3, 'bob');
CREATE FOREIGN TABLE wrong (id int, owner text) SERVER loop OPTIONS (table_name 'far');
CREATE FOREIGN TABLE near (id int, owner text COLLATE ci) SERVER loop OPTIONS (table_name 'far');
GRANT SELECT ON wrong, near TO app;
SQL
my $mine = 'SELECT string_agg(id::text, \' \' ORDER BY id) FROM %s WHERE authz.is_owner(owner)';
gives('T10: declared otherwise, folded and not', [ 'ann', sprintf($mine, 'wrong'), 'SET dbmi_authz.plan_folding = off', sprintf($mine, 'wrong') ], '1 2', '1');
gives('T10: declared as it is, folded and not', [ 'ann', sprintf($mine, 'near'), 'SET dbmi_authz.plan_folding = off', sprintf($mine, 'near') ], '1', '1');

$node->stop;
done_testing();
