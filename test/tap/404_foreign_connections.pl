# foreign_login(): after each end of a transaction no connection that postgres_fdw keeps is
# anybody's, whatever was done before; and each way to reach the other side is told.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzForeign;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', 'max_prepared_transactions = 5');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN; CREATE ROLE own LOGIN; CREATE ROLE node LOGIN; CREATE ROLE node2 LOGIN IN ROLE node; GRANT own TO app');
my $key = make_near($node, 'postgres');
make_far($node, $_, $key) for 'far', 'far2';
make_server($node, 'postgres', @$_) for [ 'f', $node, 'far' ], [ 'g', $node, 'far2' ], [ 'once', $node, 'far' ], [ 'twin', $node, 'far' ];
my $major = $node->safe_psql('postgres', 'SHOW server_version_num') / 10000;
my %tokens = (ann => mint(), bob => mint(sub => 'bob'));
for my $db ('far', 'far2')
{
	$node->safe_psql($db, <<'SQL');
CREATE TABLE kept (id int PRIMARY KEY, owner text DEFAULT authz.subject(), note text);
INSERT INTO kept VALUES (1, 'ann'), (2, 'bob');
ALTER TABLE kept ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON kept USING (authz.is_owner(owner));
CREATE VIEW bad AS SELECT id / (id - 5) AS x, authz.subject() AS subject FROM doc ORDER BY id;
CREATE VIEW slow AS SELECT pg_sleep(5) IS NULL AS x;
CREATE TABLE emptied AS SELECT 1 AS id;
CREATE FUNCTION only_ann() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF authz.subject() IS DISTINCT FROM 'ann' THEN RAISE 'not ann but %', authz.subject(); END IF; RETURN NULL; END$$;
CREATE TRIGGER only_ann BEFORE TRUNCATE ON emptied EXECUTE FUNCTION only_ann();
GRANT ALL ON kept, bad, slow, emptied TO node;
SQL
}
for my $server ('f', 'g', 'once', 'twin')
{
	$node->safe_psql('postgres', <<"SQL");
CREATE USER MAPPING FOR own SERVER $server OPTIONS (user 'node2', password_required 'false');
CREATE FOREIGN TABLE $server.kept (id int, owner text, note text) SERVER $server OPTIONS (schema_name 'public');
CREATE FOREIGN TABLE $server.insert_only (id int, note text) SERVER $server OPTIONS (schema_name 'public', table_name 'kept');
CREATE FOREIGN TABLE $server.bad (x int, subject text) SERVER $server OPTIONS (schema_name 'public');
CREATE FOREIGN TABLE $server.slow (x boolean) SERVER $server OPTIONS (schema_name 'public');
CREATE FOREIGN TABLE $server.emptied (id int) SERVER $server OPTIONS (schema_name 'public');
GRANT ALL ON ALL TABLES IN SCHEMA $server TO PUBLIC;
SELECT authz.foreign_login('$server');
SQL
}
$node->safe_psql('postgres', "ALTER SERVER once OPTIONS (ADD keep_connections 'off')");
$node->safe_psql('postgres', "ALTER SERVER g OPTIONS (ADD parallel_commit 'true')") if $major >= 15;
$node->safe_psql('postgres', "ALTER SERVER $_ OPTIONS (ADD parallel_abort 'true')") for $major >= 16 ? ('g', 'twin') : ();
$node->safe_psql('postgres', <<'SQL');
CREATE VIEW of_own AS SELECT subject FROM f.who; ALTER VIEW of_own OWNER TO own;
CREATE VIEW both_mappings AS SELECT o.subject AS own, w.subject AS app FROM of_own o, twin.who w;
CREATE FUNCTION definer() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN (SELECT subject FROM f.who); END';
ALTER FUNCTION definer() OWNER TO own;
CREATE FUNCTION handles() RETURNS text LANGUAGE plpgsql AS $$
DECLARE s text; n int;
BEGIN
	BEGIN SELECT count(*) INTO n FROM (SELECT x FROM f.bad OFFSET 0) x WHERE x > 0; EXCEPTION WHEN division_by_zero THEN NULL; END;
	SELECT subject INTO s FROM f.who;
	BEGIN PERFORM authz.set_token(current_setting('test.bob')); PERFORM * FROM f.bad; EXCEPTION WHEN division_by_zero THEN NULL; END;
	RETURN s || ' ' || (SELECT subject FROM f.who) || ' ' || authz.subject();
END $$;
GRANT ALL ON of_own, both_mappings TO app;
SQL

sub gives
{
	my ($what, $script, @expected) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @lines = map { exists $tokens{$_} ? "SELECT authz.set_token('%{$_}') \\g /dev/null" : /\\g|\\\.$|^\\/ ? $_ : "$_;" } @$script;
	# 18 counts rows in fractions
	my @got = map { s/\(actual rows=\d+\K\.00//r } grep { !/^(COPY \w+, line|handing the|remote SQL|NOTICE)/ } session($node, join("\n", @lines), tokens => \%tokens);
	is_deeply(\@got, \@expected, $what) or diag("got:\n  ", join("\n  ", @got));
	return;
}
my $n = 'SELECT count(*), min(owner), max(owner) FROM';

# Every connection that is kept, once the transaction has ended: whom the other side takes it
# for.  Where nobody is in force here, and nobody was told of in the transaction, nothing is sent.
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION look() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE s text; r text := ''; c record; w record;
BEGIN
	FOR s IN SELECT DISTINCT server_name FROM postgres_fdw_get_connections() WHERE server_name IS NOT NULL ORDER BY 1 LOOP
		EXECUTE format('SELECT * FROM %I.who', s) INTO w;
		r := r || format('%s:%s/%s ', s, w.subject, w.state);
		EXECUTE format('SELECT * FROM seen_by_own.%I', s) INTO w;
		r := r || format('%s:%s/%s ', s, w.subject, w.state);
	END LOOP;
	RETURN r;
END $$;
CREATE SCHEMA seen_by_own;
GRANT USAGE ON SCHEMA seen_by_own TO PUBLIC;
CREATE VIEW seen_by_own.f AS SELECT * FROM f.who; CREATE VIEW seen_by_own.g AS SELECT * FROM g.who;
CREATE VIEW seen_by_own.once AS SELECT * FROM once.who; CREATE VIEW seen_by_own.twin AS SELECT * FROM twin.who;
ALTER VIEW seen_by_own.f OWNER TO own; ALTER VIEW seen_by_own.g OWNER TO own; ALTER VIEW seen_by_own.once OWNER TO own; ALTER VIEW seen_by_own.twin OWNER TO own;
SQL
my @looks = ('RESET dbmi_authz.token', 'BEGIN', 'SELECT look()', 'ROLLBACK');
sub nobody_of { return join '', map { "$_:nobody/none $_:nobody/none " } @_; }

my @used = ('SELECT subject FROM f.who', 'SELECT subject FROM g.who', 'SELECT subject FROM twin.who', 'SELECT * FROM of_own', 'SET ROLE own', 'SELECT subject FROM g.who', 'SELECT subject FROM twin.who', 'RESET ROLE');
my @all = nobody_of('f', 'g', 'twin');
for my $end ([ 'COMMIT', [] ], [ 'ROLLBACK', [] ], [ 'an error', [] , 'SELECT 1/0', '22012: division by zero' ], [ 'an error there', [], 'SELECT * FROM f.bad', '22012: division by zero' ],
	[ 'cancelled there', [], 'SET LOCAL statement_timeout = 200', 'SELECT * FROM f.slow', '57014: canceling statement due to statement timeout' ])
{
	my ($what, $before, @fails) = @$end;
	my $says = @fails ? pop @fails : undef;
	my $ends = @fails ? 'ROLLBACK' : $what;
	gives("$what: no connection is anybody's", [ 'ann', 'BEGIN', @used, @fails, $ends, @looks ], ('ann') x 6, $says // (), @all);
	gives("$what, two people and savepoints", [ 'BEGIN', 'ann', @used, 'SAVEPOINT a', 'bob', @used, 'RELEASE a', 'SAVEPOINT b', 'ann', 'SELECT subject FROM f.who', 'ROLLBACK TO b', 'SELECT subject FROM f.who', @fails, $ends, @looks ],
		('ann') x 6, ('bob') x 6, 'ann', 'bob', $says // (), @all);
}
gives('and the next one is told anew, by the challenge that came with the last', [ map { ('ann', 'SELECT subject FROM f.who', 'bob', 'SELECT subject FROM f.who') } 1 .. 5 ], ('ann', 'bob') x 5);
gives('keep_connections off', [ 'ann', 'SELECT subject FROM once.who', 'bob', 'SELECT subject FROM once.who', 'BEGIN', 'SELECT subject FROM once.who', 'ann', 'SELECT subject FROM once.who', 'COMMIT', 'SELECT count(*) FROM postgres_fdw_get_connections()', 'SELECT subject FROM once.who' ],
	'ann', 'bob', 'bob', 'ann', 0, 'ann');
gives('two servers by one address, each told', [ 'ann', 'SELECT f.subject, t.subject, f.pid <> t.pid FROM f.who f, twin.who t', 'bob', 'SELECT subject FROM twin.who' ], 'ann|ann|t', 'bob');
my $kill = "\\! psql -XAtq -d '" . $node->connstr('postgres') . " user=$super' -c \"SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usename IN ('node', 'node2')\" >/dev/null";
gives('idle sessions that are terminated', [ 'ann', 'SELECT subject FROM f.who', $kill, 'SELECT subject FROM f.who', 'bob', $kill, "$n f.doc", $kill, 'BEGIN', 'SELECT subject FROM f.who', 'COMMIT' ], 'ann', 'ann', '20|bob|bob', 'bob');
gives('many times', [ 'ann', map { ($kill, 'SELECT subject FROM f.who', 'SELECT subject FROM f.who') } 1 .. 5 ], ('ann') x 10);
gives('disconnected', [ 'ann', 'SELECT subject FROM f.who', 'SELECT postgres_fdw_disconnect_all()', 'bob', 'SELECT subject FROM f.who' ], 'ann', 't', 'bob');
my $alter = sub { return "\\! psql -XAtq -d '" . $node->connstr('postgres') . " user=$super' -c \"$_[0]\" >/dev/null"; };
gives('led elsewhere in between', [ 'ann', 'SELECT subject FROM f.who', $alter->("ALTER SERVER f OPTIONS (SET dbname 'far2')"), 'SELECT subject FROM f.who', $alter->("ALTER SERVER f OPTIONS (SET dbname 'far')"), 'SELECT subject FROM f.who' ],
	'ann', '55000: foreign server "f" is not the one that identities are to go to', 'ann');
gives('another user there', [ 'ann', 'SELECT subject FROM f.who', $alter->("ALTER USER MAPPING FOR PUBLIC SERVER f OPTIONS (SET user 'node2')"), 'SELECT subject FROM f.who', $alter->("ALTER USER MAPPING FOR PUBLIC SERVER f OPTIONS (SET user 'app')"), 'SELECT count(*) FROM f.free', $alter->("ALTER USER MAPPING FOR PUBLIC SERVER f OPTIONS (SET user 'node')"), 'SELECT subject FROM f.who' ],
	'ann', 'ann', '42501: no identity is taken from another server on this connection', 'ann');
gives('a mapping that is dropped and made again', [ 'ann', 'SELECT subject FROM f.who', $alter->("DROP USER MAPPING FOR PUBLIC SERVER f; CREATE USER MAPPING FOR PUBLIC SERVER f OPTIONS (user 'node', password_required 'false')"), 'bob', 'SELECT subject FROM f.who' ], 'ann', 'bob');

# Whose mapping.
gives('a view of somebody else, and a table of one\'s own', [ 'ann', 'SELECT * FROM both_mappings', 'BEGIN', 'SELECT * FROM of_own', 'SELECT definer()', 'bob', 'SELECT definer()', 'SELECT subject FROM f.who', 'SELECT * FROM of_own', 'COMMIT', @looks ],
	'ann|ann', 'ann', 'ann', 'bob', 'bob', 'bob', nobody_of('f', 'twin'));
gives('errors that PL/pgSQL handles', [ 'ann', "SET test.bob = '$tokens{bob}'", 'SELECT handles()', @looks ], 'ann ann ann', nobody_of('f'));

# Writing.
gives('RETURNING', [ 'BEGIN', 'ann', 'INSERT INTO f.insert_only (id) VALUES (10) RETURNING id', 'UPDATE f.kept SET note = $$x$$ RETURNING owner', 'bob', 'DELETE FROM f.kept RETURNING id', 'INSERT INTO f.insert_only (id) VALUES (11)', 'SELECT owner FROM f.kept', 'ROLLBACK' ],
	10, 'ann', 'ann', 2, 'bob');
gives('ON CONFLICT', [ 'BEGIN', 'ann', 'INSERT INTO f.insert_only (id) VALUES (1), (20) ON CONFLICT DO NOTHING', 'SELECT id, owner FROM f.kept ORDER BY 1', 'bob', 'INSERT INTO f.insert_only (id) VALUES (2), (21) ON CONFLICT DO NOTHING', 'SELECT id, owner FROM f.kept ORDER BY 1', 'ROLLBACK' ],
	'1|ann', '20|ann', '2|bob', '21|bob');
gives('a row that was routed by its new key', [ 'BEGIN', 'ann', 'UPDATE f.kept SET owner = $$bob$$' ], '42501: new row violates row-level security policy for table "kept"');
gives('FOR UPDATE', [ 'BEGIN', 'ann', 'SELECT owner FROM f.kept FOR UPDATE', 'bob', 'SELECT owner FROM f.kept FOR UPDATE', 'ROLLBACK' ], 'ann', 'bob');
gives('TRUNCATE', [ 'bob', 'TRUNCATE f.emptied', 'ann', 'TRUNCATE f.emptied' ], 'P0001: not ann but bob');
gives('COPY TO', [ 'ann', 'COPY (SELECT owner FROM f.kept) TO STDOUT', 'bob', 'COPY (SELECT owner FROM f.kept) TO STDOUT' ], 'ann', 'bob');
gives('CREATE TABLE AS, SELECT INTO', [ 'ann', 'CREATE TEMP TABLE t AS SELECT owner FROM f.kept', 'SELECT owner INTO TEMP u FROM f.kept', 'TABLE t', 'TABLE u' ], 'ann', 'ann');
gives('PREPARE TRANSACTION is refused', [ 'ann', 'BEGIN', 'SELECT subject FROM f.who', "PREPARE TRANSACTION 'x'", @looks ], 'ann', '0A000: cannot PREPARE a transaction that has operated on postgres_fdw foreign tables', nobody_of('f'));
gives('EXPLAIN ANALYZE', [ 'ann', 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT * FROM f.kept', 'BEGIN', 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) UPDATE f.kept SET note = $$y$$', 'bob', 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT * FROM f.doc', 'ROLLBACK' ],
	'Foreign Scan on kept (actual rows=1 loops=1)', 'Update on kept (actual rows=0 loops=1)', '  ->  Foreign Update on kept (actual rows=1 loops=1)', 'Foreign Scan on doc (actual rows=20 loops=1)');
gives('WITH HOLD', [ 'BEGIN', 'ann', 'DECLARE c CURSOR WITH HOLD FOR SELECT owner FROM f.kept', 'COMMIT', 'FETCH c', 'bob', 'SELECT owner FROM f.kept' ], 'ann', 'bob');
gives('a scrollable cursor, read again from its start', [ 'BEGIN', 'ann', 'DECLARE c SCROLL CURSOR FOR SELECT owner FROM f.doc', 'FETCH 1 FROM c', 'MOVE ABSOLUTE 0 c', 'FETCH 1 FROM c', 'SAVEPOINT a', 'bob', 'FETCH ABSOLUTE 1 FROM c', 'ROLLBACK' ], 'ann', 'ann', '28000: identity has changed since the query was planned');
gives('a nested loop that asks again for each row', [ 'SET enable_hashjoin = off', 'SET enable_mergejoin = off', 'SET enable_material = off', 'ann', 'SELECT count(*) FROM generate_series(1, 5) i, LATERAL (SELECT * FROM f.doc WHERE id >= i OFFSET 0) d' ], 40);

# What core does by itself asks for nobody.
is_deeply([ session($node, "SELECT authz.set_token('%{ann}') \\g /dev/null\nBEGIN;\nSELECT subject FROM f.who;\nANALYZE f.doc;\nSELECT reltuples FROM pg_class WHERE oid = 'f.doc'::regclass;\nIMPORT FOREIGN SCHEMA public LIMIT TO (free) FROM SERVER f INTO authz_foreign;\nSELECT count(*) FROM authz_foreign.free;\nROLLBACK;", tokens => \%tokens, user => $super) ],
	[ 'ann', 10, 100 ], 'ANALYZE sees what whoever runs it was told of; IMPORT FOREIGN SCHEMA works') or diag('');

unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal/, 'nothing crashed');
$node->stop;
done_testing();
