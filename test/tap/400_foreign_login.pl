# foreign_login(): what queries ask of a server of postgres_fdw they ask there for who is
# in force here, within the transaction, its savepoints, and no longer.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzForeign;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN; CREATE ROLE node LOGIN; CREATE ROLE stranger LOGIN');
my $key = make_near($node, 'postgres');
make_far($node, $_, $key) for 'far', 'far2';
make_server($node, 'postgres', @$_) for [ 'f', $node, 'far' ], [ 'g', $node, 'far2' ], [ '"S ""é.x"', $node, 'far' ];
my %tokens = (ann => mint(), bob => mint(sub => 'bob'));
my $parallel = parallel_on($node);

sub gives
{
	my ($what, $script, @expected) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @lines = map { exists $tokens{$_} ? "SELECT authz.set_token('%{$_}') \\g /dev/null" : /\\g|\\\.$/ ? $_ : "$_;" } @$script;
	# 18 counts rows in fractions
	is_deeply([ map { s/\(actual rows=\d+\K\.00//r } grep { !/^COPY \w+, line/ } session($node, join("\n", @lines), tokens => \%tokens) ], \@expected, $what);
	return;
}
my $admin = sub { return session($node, $_[0], user => $super, details => 1); };
my $who = 'SELECT coalesce(authz.subject(), $$nobody$$), subject, state FROM f.who';
my $n = 'SELECT count(*), min(owner), max(owner) FROM';
my $logout = 'RESET dbmi_authz.token';

# Before it is called, an identity stays here (130_foreign.pl).
gives('without a login nobody is there', [ 'ann', $who, "$n f.doc" ], 'ann|nobody|none', '0||');

# What it makes, and who may.
is_deeply([ session($node, "SELECT authz.foreign_login('f');") ], ['42501: permission denied for function foreign_login'], 'others do not decide where identities go');
is_deeply([ $admin->("SELECT authz.foreign_login('nowhere');") ], ['42704: server "nowhere" does not exist'], 'a server that is not there');
is_deeply([ $admin->("SELECT authz.foreign_login(NULL);") ], ['22023: server must not be null'], 'nor NULL') or diag explain [ $admin->("SELECT authz.foreign_login(NULL);") ];
is_deeply([ $admin->("SELECT authz.foreign_login('f');\nSELECT authz.foreign_login('g'); SELECT authz.foreign_login('S \"é.x');") ], [], 'it says nothing when it went well');
is_deeply([ $admin->("SELECT authz.foreign_login('f');") ], ['NOTICE:  00000: foreign server "f" had a login, which is replaced'], 'again: pinned anew');
like($node->safe_psql('postgres', "SELECT string_agg(pg_get_expr(adbin, adrelid), ' ') FROM pg_attrdef WHERE adrelid = 'authz_foreign.f'::regclass"),
	qr{^'\d+/far'::text$}, 'the destination is pinned, in what a dump has');

# Whom the other side sees.
gives('who is in force here is in force there', [ 'ann', $who, "$n f.doc", "$n f.memo", "$n f.free" ], 'ann|ann|valid', '10|ann|ann', '10|ann|ann', '100|ann|zoe');
gives('nobody is nobody', [ $who, "$n f.doc", 'ann', $who, $logout, $who, "$n f.doc" ], 'nobody|nobody|none', '0||', 'ann|ann|valid', 'nobody|nobody|none', '0||');
gives('each statement on its own', [ 'ann', "$n f.doc", 'bob', "$n f.doc", 'ann', "$n f.memo" ], '10|ann|ann', '20|bob|bob', '10|ann|ann');
gives('a name of any characters', [ 'ann', 'SELECT subject FROM "S ""é.x".who', 'SELECT count(*) FROM "S ""é.x".doc' ], 'ann', 10);
gives('two servers in one query', [ 'ann', 'SELECT f.subject, g.subject FROM f.who f, g.who g', 'SELECT count(*) FROM f.doc JOIN g.doc USING (id)' ], 'ann|ann', 10);
gives('a join that runs there', [ 'bob', 'SELECT count(*) FROM f.doc a JOIN f.memo b USING (id)' ], 20);
gives('in a transaction', [ 'BEGIN', 'ann', $who, 'bob', $who, $logout, $who, 'ann', "$n f.doc", 'COMMIT', "$n f.doc" ],
	'ann|ann|valid', 'bob|bob|valid', 'nobody|nobody|none', '10|ann|ann', '10|ann|ann');

# Savepoints: postgres_fdw makes its own, and what was told follows them.
gives('rolled back to a savepoint', [ 'BEGIN', 'ann', $who, 'SAVEPOINT a', 'bob', $who, 'ROLLBACK TO a', $who, "$n f.doc", 'COMMIT' ],
	'ann|ann|valid', 'bob|bob|valid', 'ann|ann|valid', '10|ann|ann');
gives('released', [ 'BEGIN', 'ann', 'SAVEPOINT a', 'bob', $who, 'RELEASE a', $who, "$n f.doc", 'ROLLBACK' ], 'bob|bob|valid', 'bob|bob|valid', '20|bob|bob');
gives('first told within one that is rolled back', [ 'BEGIN', 'ann', 'SAVEPOINT a', $who, 'ROLLBACK TO a', $who, "$n f.doc", 'COMMIT' ], 'ann|ann|valid', 'ann|ann|valid', '10|ann|ann');
gives('nobody after it', [ 'BEGIN', 'SAVEPOINT a', 'ann', $who, 'ROLLBACK TO a', $who, "$n f.doc", 'COMMIT' ], 'ann|ann|valid', 'nobody|nobody|none', '0||');
gives('nested, and an error', [ 'BEGIN', 'ann', 'SAVEPOINT a', 'SAVEPOINT b', 'bob', $who, 'SELECT 1/0', 'ROLLBACK TO b', $who, 'RELEASE b', 'bob', 'RELEASE a', $who, 'COMMIT' ],
	'bob|bob|valid', '22012: division by zero', 'ann|ann|valid', 'bob|bob|valid');
gives('nothing is left behind', [ 'BEGIN', 'ann', $who, 'COMMIT', $logout, $who, 'DISCARD ALL', $who ], 'ann|ann|valid', 'nobody|nobody|none', 'nobody|nobody|none');

# Roads to the other side.
gives('writing', [ 'ann', 'BEGIN', 'UPDATE f.doc SET note = $$x$$', 'INSERT INTO f.doc (id, owner) VALUES (200, $$ann$$)', 'bob', 'DELETE FROM f.doc WHERE id < 15', 'ann',
		'SELECT owner, count(*), count(note) FROM f.doc GROUP BY 1', 'bob', "$n f.doc", 'INSERT INTO f.doc (id, owner) VALUES (201, $$ann$$)', 'ROLLBACK' ],
	'ann|11|10', '16|bob|bob', '42501: new row violates row-level security policy for table "doc"');
gives('row by row', [ 'ann', 'BEGIN', 'UPDATE f.doc SET note = random()::text', 'bob', 'SELECT count(note) FROM f.doc', 'ROLLBACK' ], 0);
gives('COPY', [ 'BEGIN', 'bob', $who, 'ann', "COPY f.doc (id, owner) FROM STDIN;\n300\tann\n\\.", 'SELECT max(id) FROM f.doc', 'ROLLBACK' ], 'bob|bob|valid', 300);
gives('COPY of somebody else\'s', [ 'ann', "COPY f.doc (id, owner) FROM STDIN;\n300\tbob\n\\." ], '42501: new row violates row-level security policy for table "doc"');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE split (id int, owner text, note text) PARTITION BY LIST (owner);
CREATE TABLE split_near PARTITION OF split FOR VALUES IN ('zoe');
CREATE TABLE split_sub PARTITION OF split FOR VALUES IN ('ann', 'bob') PARTITION BY LIST (owner);
CREATE FOREIGN TABLE split_far PARTITION OF split_sub FOR VALUES IN ('ann') SERVER f OPTIONS (schema_name 'public', table_name 'doc');
CREATE FOREIGN TABLE split_far2 PARTITION OF split_sub FOR VALUES IN ('bob') SERVER g OPTIONS (schema_name 'public', table_name 'doc');
CREATE VIEW seen AS SELECT f.subject AS f, g.subject AS g FROM f.who f, g.who g;
CREATE FUNCTION asks() RETURNS text LANGUAGE sql STABLE AS 'SELECT subject FROM f.who';
CREATE FUNCTION loops() RETURNS int LANGUAGE plpgsql AS $$
DECLARE n int := 0; s text;
BEGIN
	FOR i IN 1..20 LOOP
		BEGIN
			SELECT subject INTO s FROM f.who;
			IF s IS DISTINCT FROM authz.subject() THEN RAISE 'wrong: %', s; END IF;
			n := n + 1;
			PERFORM 1 / (i % 2);
		EXCEPTION WHEN division_by_zero THEN NULL;
		END;
	END LOOP;
	RETURN n;
END $$;
CREATE MATERIALIZED VIEW copied AS SELECT subject FROM f.who WITH NO DATA;
GRANT ALL ON split, seen TO app;
SQL
gives('partitions, where rows are routed', [ 'ann', 'BEGIN', 'INSERT INTO split VALUES (400, $$ann$$)', 'SELECT count(*) FROM split', 'INSERT INTO split VALUES (401, $$bob$$)', 'ROLLBACK' ],
	21, '42501: new row violates row-level security policy for table "doc"');
gives('and by COPY', [ 'ann', 'BEGIN', "COPY split (id, owner) FROM STDIN;\n400\tann\n\\.", 'SELECT count(*) FROM split', 'ROLLBACK' ], 21);
$node->safe_psql('postgres', "ALTER SERVER f OPTIONS (ADD async_capable 'true'); ALTER SERVER g OPTIONS (ADD async_capable 'true')");
like(join(' ', session($node, 'EXPLAIN SELECT * FROM split;')), qr/Async Foreign Scan/, 'it is');
# both partitions show all rows of whoever asks: PostgreSQL does not compare them with the key
gives('an Append that is asynchronous', [ 'bob', 'SELECT count(*), min(owner) FROM split', 'ann', 'SELECT count(*), min(owner) FROM split' ], '40|bob', '20|ann');
gives('views, functions, sub-selects', [ 'ann', 'SELECT * FROM seen', 'SELECT asks()', 'SELECT (SELECT subject FROM g.who)', 'WITH x AS MATERIALIZED (SELECT * FROM f.who) SELECT subject FROM x', 'SELECT loops()' ],
	'ann|ann', 'ann', 'ann', 'ann', 20);
$node->safe_psql('postgres', 'CREATE TABLE large AS SELECT generate_series(1, 20000) AS id; ANALYZE large; GRANT ALL ON large TO app');
like(join(' ', session($node, $parallel . 'EXPLAIN SELECT count(*) FROM large l JOIN f.doc d USING (id);')), qr/Gather.*Foreign Scan|Foreign Scan.*Gather/, 'it is parallel');
gives('beside parallel workers', [ $parallel, 'ann', 'SELECT count(*) FROM large l JOIN f.doc d USING (id)', 'SELECT count(*), count(DISTINCT (SELECT subject FROM f.who)) FROM f.doc', 'SELECT asks()' ], 10, '10|1', 'ann');
gives('prepared statements', [ map { ("SET plan_cache_mode = $_", 'PREPARE q AS ' . "$n f.doc", 'PREPARE w AS ' . $who,
			'ann', 'EXECUTE q', 'EXECUTE w', 'bob', 'EXECUTE q', 'EXECUTE w', $logout, 'EXECUTE q', 'EXECUTE w', 'DEALLOCATE ALL') } qw(auto force_generic_plan force_custom_plan) ],
	('10|ann|ann', 'ann|ann|valid', '20|bob|bob', 'bob|bob|valid', '0||', 'nobody|nobody|none') x 3);
gives('a cursor is for who opened it, though nothing is asked here', [ 'BEGIN', 'ann', 'DECLARE c CURSOR FOR SELECT id FROM f.free', 'FETCH c', 'SAVEPOINT a', 'bob', 'FETCH c', 'ROLLBACK TO a', 'COMMIT' ],
	1, '28000: identity has changed since the query was planned');
gives('also one that was opened before the library was loaded', [ 'BEGIN', 'DECLARE c CURSOR FOR SELECT id FROM f.free', 'FETCH c', 'ann', 'FETCH c', 'COMMIT' ],
	1, '28000: identity has changed since the query was planned');
gives('its twin goes on', [ 'BEGIN', 'ann', 'DECLARE c CURSOR FOR SELECT id FROM f.free', 'FETCH c', $who, 'FETCH c', 'COMMIT' ], 1, 'ann|ann|valid', 2);
gives('EXPLAIN tells nobody of anybody', [ 'ann', 'BEGIN', 'EXPLAIN (COSTS OFF) SELECT * FROM f.doc \\g /dev/null', 'COMMIT', 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT * FROM f.doc' ],
	'Foreign Scan on doc (actual rows=10 loops=1)');
gives('a transaction that only reads', [ 'BEGIN READ ONLY', 'ann', $who, "$n f.doc", 'bob', "$n f.doc", $logout, $who, 'COMMIT' ], 'ann|ann|valid', '10|ann|ann', '20|bob|bob', 'nobody|nobody|none');
gives('SERIALIZABLE READ ONLY', [ 'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY', 'ann', "$n f.doc", 'COMMIT' ], '10|ann|ann');
gives('a hostile search_path', [ 'CREATE TEMP TABLE f (x int)', 'SET search_path = pg_temp', 'ann', $who ], 'ann|ann|valid');

# What has ended is not handed over.
$tokens{short} = mint(exp => '+3');
gives('one that has expired', [ 'short', $who, 'SELECT pg_sleep(3.2) \\g /dev/null', $who, "$n f.free" ], 'ann|ann|valid',
	('28000: token has expired') x 2);
my $simulated = "SELECT authz.simulate('{\"iss\": \"https://id.example\", \"sub\": \"ann\"}') \\g /dev/null";
is_deeply([ (session($node, "BEGIN;\n$simulated\n$who;", user => $super))[0] ], ['55000: a simulated identity cannot be handed to other servers'], 'one that is simulated');

# A new server of the same name; one that is renamed; a dump.
$node->safe_psql('postgres', 'ALTER SERVER f RENAME TO h');
gives('renamed', [ 'ann', $who ], 'ann|ann|valid');
$node->safe_psql('postgres', 'ALTER SERVER h RENAME TO f');
$node->command_ok([ 'pg_dump', '-f', "$PostgreSQL::Test::Utils::tmp_check/dump.sql", $node->connstr('postgres') ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', "$PostgreSQL::Test::Utils::tmp_check/dump.sql", $node->connstr('copy') ], 'and restore');
my @without = session($node, "SELECT authz.set_token('%{ann}') \\g /dev/null\n$who;", tokens => \%tokens, db => 'copy', details => 1);
is($without[0], '55000: this database has no cluster key', 'the login is there, and a key must be made');
like(join(' ', @without), qr/HINT:  .*authz.add_cluster_key/, 'as it says');
my $copied = $node->safe_psql('copy', q{SELECT authz.add_cluster_key('copy')});
$node->safe_psql($_, "SELECT authz.add_cluster_key_public('copy', '$copied')") for 'far', 'far2';
is_deeply([ session($node, "SELECT authz.set_token('%{ann}') \\g /dev/null\n$who;", tokens => \%tokens, db => 'copy') ], ['ann|ann|valid'], 'then it goes on');

is_deeply([ $admin->("SELECT authz.drop_foreign_login('f');\nSELECT authz.drop_foreign_login('f');") ], ['42704: foreign server "f" has no login'], 'dropped, once');
gives('nobody again, and a prepared plan notices', [ 'ann', $who, "$n f.doc", 'SELECT subject FROM g.who' ], 'ann|nobody|none', '0||', 'ann');

unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal/, 'nothing crashed');
$node->stop;
done_testing();
