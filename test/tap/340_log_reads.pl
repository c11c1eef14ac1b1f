# dbmi_authz.log_reads: each statement of a client that reads a protected table is
# one line of JSON in the server's log, on every road, with the rows that it sent,
# and nothing else is.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = init_node('main', allows_streaming => 1);
$node->append_conf('postgresql.conf', "max_connections = 40\nmax_worker_processes = 16\nmax_parallel_workers = 8\nlog_min_messages = warning\n"
	  . "log_statement = none\nsession_preload_libraries = 'dbmi_authz'\ncompute_query_id = on\n");
$node->start;
trust($node, 'postgres');
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE ROLE reader LOGIN BYPASSRLS;
CREATE TABLE doc (id int PRIMARY KEY, owner text);
INSERT INTO doc SELECT i, CASE WHEN i <= 10 THEN 'ann' ELSE 'bob' END FROM generate_series(1, 30) i;
CREATE TABLE plain (id int PRIMARY KEY REFERENCES doc ON DELETE CASCADE);
INSERT INTO plain SELECT generate_series(1, 5);
CREATE TABLE open (id int PRIMARY KEY);
INSERT INTO open SELECT generate_series(1, 1000);
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
CREATE TABLE share (id int, member text);
INSERT INTO share VALUES (11, 'ann'), (12, 'ann');
ALTER TABLE share ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON share USING (authz.is_owner(member));
-- no check: it goes on for whoever comes
CREATE TABLE free (id int);
INSERT INTO free SELECT generate_series(1, 20);
ALTER TABLE free ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON free USING (true);
CREATE VIEW doc_view WITH (security_invoker) AS SELECT id FROM doc;
CREATE VIEW shared WITH (security_invoker) AS SELECT id FROM share;
CREATE TABLE part (id int, owner text) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE part2 PARTITION OF part FOR VALUES FROM (10) TO (20);
INSERT INTO part SELECT g, 'ann' FROM generate_series(0, 19) g;
ALTER TABLE part ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON part USING (authz.is_owner(owner));
ALTER TABLE part1 ENABLE ROW LEVEL SECURITY;
CREATE TABLE half (id int) PARTITION BY RANGE (id);
CREATE TABLE half1 PARTITION OF half FOR VALUES FROM (0) TO (10);
CREATE TABLE half2 PARTITION OF half FOR VALUES FROM (10) TO (20);
INSERT INTO half SELECT generate_series(0, 19);
ALTER TABLE half1 ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION in_sql() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT count(*) FROM doc';
CREATE FUNCTION inlined() RETURNS SETOF doc LANGUAGE sql STABLE AS 'SELECT * FROM doc';
CREATE FUNCTION in_plpgsql() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM doc); END';
CREATE FUNCTION planned() RETURNS int STABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(id) FROM doc); END';
CREATE FUNCTION definer() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN (SELECT count(*) FROM doc); END';
CREATE FUNCTION opened() RETURNS refcursor LANGUAGE plpgsql AS $$ DECLARE c refcursor := 'c'; BEGIN OPEN c FOR SELECT id FROM doc; RETURN c; END $$;
CREATE FUNCTION fetches() RETURNS text LANGUAGE plpgsql AS $$ DECLARE c refcursor := 'c'; r record; BEGIN FETCH c INTO r; RETURN r.id; END $$;
CREATE PROCEDURE fetch_all() LANGUAGE plpgsql AS $$ DECLARE c refcursor := 'c'; r record; BEGIN LOOP FETCH c INTO r; EXIT WHEN NOT FOUND; END LOOP; END $$;
CREATE FUNCTION in_worker(v int) RETURNS bigint STABLE PARALLEL SAFE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM doc); END';
CREATE FUNCTION in_worker(v int, w int) RETURNS boolean STABLE PARALLEL SAFE LANGUAGE plpgsql AS 'BEGIN RETURN in_worker(1) > 0; END';
CREATE FUNCTION called_in_worker() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT sum(in_worker(g)) FROM generate_series(1, 3) g); END';
CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = in_worker);
CREATE DOMAIN looked AS int CHECK (in_worker(value) > 0);
CREATE VIEW guarded AS SELECT id FROM open WHERE in_worker(id) > 0;
CREATE FUNCTION logs_in(token text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.set_token(token, true);
	RETURN (SELECT count(*) FROM doc);
END $$;
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM * FROM doc; RETURN NEW; END';
CREATE TABLE fired (id int);
CREATE TRIGGER t AFTER INSERT ON fired FOR EACH ROW EXECUTE FUNCTION fires();
CREATE TRIGGER t AFTER INSERT ON authz.inactive_subject FOR EACH ROW EXECUTE FUNCTION fires();
CREATE PROCEDURE commits() LANGUAGE plpgsql AS 'BEGIN PERFORM * FROM doc; COMMIT; PERFORM * FROM share; END';
CREATE MATERIALIZED VIEW kept AS SELECT * FROM doc;
CREATE TABLE "quo""te" (id int);
ALTER TABLE "quo""te" ENABLE ROW LEVEL SECURITY;
GRANT ALL ON ALL TABLES IN SCHEMA public TO app, reader;
GRANT CREATE ON SCHEMA public TO app;
SQL
$node->append_conf('postgresql.conf', "dbmi_authz.log_reads = protected\n");
$node->reload;

my $json = JSON::PP->new->utf8;
my %token = (ann => mint(jti => 'J1', act => { sub => 'bot' }), bob => mint(sub => 'bob'));
my $log = $node;
my $seen = -s $node->logfile;

# The lines since the last call.
sub lines
{
	my $all = slurp_file($log->logfile);
	my $new = substr $all, $seen;
	$seen = length $all;
	for my $who (keys %token) { fail "token of $who in: $new" if holds_token($new, $token{$who}); }
	fail "statement or context in: $new" if $new =~ /LOG:  read: [^\n]*\n[^\n]*(?:STATEMENT|CONTEXT):/;
	my @lines = $new =~ /LOG:  read: (.*)$/mg;
	fail "not printable: $_" for grep { /[^\x20-\x7e]/ } @lines;
	return map { $json->decode($_) } @lines;
}

# What they say of tables and rows, shortly: "doc, share (nested) 5".
sub shortly
{
	my ($line) = @_;
	my @tables = (map { s/^public\.//r } @{ $line->{tables} }), (map { s/^public\.//r . ' (nested)' } @{ $line->{nested_tables} });
	return join(', ', (sort map { s/^public\.//r } @{ $line->{tables} }), (sort map { s/^public\.//r . ' (nested)' } @{ $line->{nested_tables} }))
	  . " $line->{rows}" . ($line->{failed} ? ' failed' : '');
}

# One session of ann's, and the lines of what comes after the login.
sub reads
{
	my ($sql, %opt) = @_;
	lines();
	my $who = $opt{who} // 'ann';
	my $login = $who ? "SELECT authz.set_token('$token{$who}') \\g /dev/null\n" : '';
	my @client = session($log, "$login$sql", tokens => \%token, %opt);
	# what the end of the session tells comes after psql has gone
	$log->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
	  if $opt{waits};
	return lines();
}

sub is_read
{
	my ($sql, $expected, $name, %opt) = @_;
	is_deeply([ map { shortly($_) } reads($sql, %opt) ], $expected, $name);
	return;
}

# ---- who ----
my ($line) = reads("SET dbmi_authz.purpose = 'care';\nSELECT id FROM doc;");
ok($line->{query_id}, 'query id');
cmp_ok($line->{duration_ms}, '>=', 0, 'duration');
delete @$line{qw(query_id duration_ms)};
is_deeply($line, { database => 'postgres', issuer => 'https://id.example', subject => 'ann', actor => 'bot', token_id => 'J1', session_role => 'app',
		role => 'app', purpose => 'care', command => 'SELECT', tables => ['public.doc'], nested_tables => [], rows => 10, failed => JSON::PP::false },
	'who, what and how much');
($line) = reads("SET ROLE reader;\nSELECT id FROM doc;", who => '', user => $superuser);
is_deeply([ @$line{qw(issuer subject actor token_id session_role role purpose rows)} ], [ (undef) x 4, $superuser, 'reader', undef, 30 ],
	'nobody is logged in; a role that policies do not bind');
($line) = reads("BEGIN;\nSELECT authz.simulate('{\"sub\": \"ann\"}', 'https://id.example') \\g /dev/null\nSET LOCAL ROLE app;\nSELECT id FROM doc;\nCOMMIT;",
	who => '', user => 'postgres');
is_deeply([ @$line{qw(subject simulated session_role role rows)} ], [ 'ann', JSON::PP::true, 'postgres', 'app', 10 ],
	'somebody who was simulated; the member is missing above');
($line) = reads('SELECT definer();');
is($line->{role}, 'app', 'a SECURITY DEFINER function: the role is the statement\'s');
is_read('SELECT id FROM open;', [], 'a table without row-level security');
is_read('SELECT relname FROM pg_class LIMIT 1;', [], 'a catalog');
is_deeply([ session($node, "SELECT 1 \\g /dev/null\nSET dbmi_authz.log_reads = off;") ],
	['42501: permission denied to set parameter "dbmi_authz.log_reads"'], 'not for everybody to set');

# ---- queries ----
is_read('SELECT id FROM doc LIMIT 3;', ['doc 3'], 'LIMIT');
is_read('SELECT count(*) FROM doc;', ['doc 1'], 'an aggregate');
is_read('SELECT * FROM doc WHERE false;', ['doc 0'], 'no row');
is_read('SELECT d.id FROM doc d JOIN doc e USING (id) JOIN open USING (id);', ['doc 10'], 'a table twice');
is_read('WITH c AS MATERIALIZED (SELECT id FROM doc) SELECT id FROM c LIMIT 2;', ['doc 2'], 'CTE');
is_read('SELECT id FROM open WHERE id IN (SELECT id FROM doc) AND EXISTS (SELECT FROM share);', ['doc, share 10'], 'sub-selects');
is_read('SELECT id FROM doc_view;', ['doc 10'], 'a view: the table below');
is_read('SELECT id FROM open WHERE id IN (SELECT id FROM shared);', ['share 2'], 'a view in a sub-select');
is_read('SELECT id FROM part;', ['part 20'], 'partitions: the parent that was asked');
is_read('SELECT id FROM part1;', ['part1 0'], 'one partition');
is_read('SELECT id FROM half;', ['half1 20'], 'a protected partition of a table that is not');
is_read('SELECT count(*) FROM half2;', [], 'the other partition');
is_read('SELECT * FROM "quo""te";', ['"quo""te" 0'], 'a name that is quoted');
is_read("SELECT id FROM doc LIMIT 1\\;SELECT 1\\;SELECT id FROM share;", [ 'doc 1', 'share 2' ], 'several in one message');
is_read('TABLE inlined;SELECT id FROM inlined();', ['doc 10'], 'an SQL function that is inlined');

# ---- writes ----
is_read("INSERT INTO doc VALUES (100, 'ann');", [], 'INSERT reads nothing');
is_read("INSERT INTO doc VALUES (101, 'ann'), (102, 'ann') RETURNING id;", ['doc 2'], 'INSERT ... RETURNING');
is_read('UPDATE doc SET owner = owner WHERE id > 100;', ['doc 0'], 'UPDATE ... WHERE');
is_read('UPDATE doc SET owner = owner WHERE id > 100 RETURNING id;', ['doc 2'], 'UPDATE ... RETURNING');
is_read('INSERT INTO open SELECT 10000 + id FROM doc WHERE id > 100;', ['doc 0'], 'INSERT ... SELECT');
is_read('MERGE INTO open USING doc ON open.id = doc.id WHEN MATCHED THEN DO NOTHING;', ['doc 0'], 'MERGE');
is_read('WITH gone AS (DELETE FROM doc WHERE id > 100 RETURNING id) SELECT id FROM gone;', ['doc 2'], 'a modifying CTE');
is_read('DELETE FROM doc WHERE id = 100 RETURNING id;', ['doc 1'], 'DELETE ... RETURNING');
is_read('INSERT INTO fired VALUES (1), (2);', ['doc (nested) 0'], 'a trigger');
is_read('INSERT INTO fired VALUES (1) RETURNING id;', ['doc (nested) 1'], 'a trigger, RETURNING');
is_read("BEGIN;\nINSERT INTO plain VALUES (20);\nDELETE FROM plain;\nROLLBACK;", [], 'a foreign key');
is_read("INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'x');", ['doc (nested) 0'], 'what the owner has hung on a table of ours', who => '', user => $superuser);
is_read("SELECT authz.set_actor_ceiling('https://id.example', 'x');", [], 'what administers reads for nobody', who => '', user => $superuser);
is_read("COPY fired FROM STDIN;\n1\n\\.\n", ['doc (nested) 0'], 'COPY FROM and a trigger');
is_read('COPY doc FROM STDIN;' . "\n\\.\n", [], 'COPY FROM reads nothing');

# ---- functions ----
is_read('SELECT in_sql();', ['doc (nested) 1'], 'SQL function');
is_read('SELECT in_plpgsql();', ['doc (nested) 1'], 'PL/pgSQL function');
is_read('SELECT in_plpgsql(), id FROM share;', ['share, doc (nested) 2'], 'beside a table');
is_read('SELECT id, in_plpgsql() FROM open WHERE id <= 4;', ['doc (nested) 4'], 'for each row');
is_read('SELECT count(*) FROM open WHERE id <= planned();', ['doc (nested) 1'], 'while the query is planned: no line of its own');
is_read('DO $$ BEGIN PERFORM in_plpgsql(); PERFORM * FROM share; END $$;', ['doc (nested), share (nested) 0'], 'DO');
is_read('CALL commits();', ['doc (nested), share (nested) 0'], 'CALL, with a COMMIT in it');
is_read("SELECT logs_in('%{bob}');", ['doc (nested) 1'], 'a function that logs in');
($line) = reads("SELECT logs_in('%{bob}');");
is($line->{subject}, 'bob', 'and reads as that one');
is_deeply([ map { "$_->{subject} " . shortly($_) } reads("SELECT id, CASE WHEN id = 3 THEN logs_in('%{bob}') END FROM free WHERE id < 5;") ],
	[ 'ann free 2', 'bob free, doc (nested) 2' ], 'after it has read: a line for each person');

# ---- utility statements ----
is_read("PREPARE q AS SELECT id FROM doc LIMIT \$1;\nEXECUTE q(2);\nEXECUTE q(3);", [ 'doc 2', 'doc 3' ], 'EXECUTE');
is_read("PREPARE q AS SELECT id FROM doc;\nEXECUTE q;\nSELECT authz.set_token('%{bob}') \\g /dev/null\nEXECUTE q;", [ 'doc 10', 'doc 20' ],
	'a prepared statement and two people');
is_read('EXPLAIN SELECT * FROM doc;', [], 'EXPLAIN reads nothing');
is_read('EXPLAIN ANALYZE SELECT * FROM doc;', ['doc 0'], 'EXPLAIN ANALYZE');
is_read('EXPLAIN ANALYZE SELECT in_plpgsql();', ['doc (nested) 0'], 'EXPLAIN ANALYZE of a function');
is_read("BEGIN;\nCREATE TABLE new AS SELECT * FROM doc;\nSELECT * INTO new2 FROM share;\nROLLBACK;", [ 'doc 0', 'share 0' ],
	'CREATE TABLE AS, SELECT INTO');
is_read('REFRESH MATERIALIZED VIEW kept;', ['doc 0'], 'REFRESH', who => '', user => $superuser);
is_read('COPY (SELECT id FROM doc LIMIT 4) TO STDOUT;', ['doc 4'], 'COPY of a query');
is_read('COPY doc TO STDOUT;', ['doc 10'], 'COPY of a table');
is_read('COPY doc TO STDOUT;', ['doc 30'], 'COPY without policies', who => '', user => 'reader');
is_read("DO \$\$ BEGIN COPY doc TO '/dev/null'; END \$\$;", ['doc (nested) 0'], 'COPY in a function', who => '', user => $superuser);
is_read('COPY open TO STDOUT;', [], 'COPY of a table that is not protected');

# ---- cursors ----
my $declare = 'BEGIN;DECLARE c SCROLL CURSOR FOR SELECT id FROM doc;';
is_read("$declare FETCH 3 FROM c;MOVE 2 FROM c;FETCH 2 FROM c;FETCH BACKWARD 1 FROM c;CLOSE c;SELECT id FROM share;COMMIT;", [ 'doc 6', 'share 2' ], 'CLOSE');
is_read("$declare FETCH 3 FROM c;COMMIT;", ['doc 3'], 'COMMIT');
is_read("$declare FETCH 3 FROM c;ROLLBACK;", ['doc 3'], 'ROLLBACK');
is_read("$declare FETCH 3 FROM c;", ['doc 3'], 'the client goes', waits => 1);
is_read("$declare FETCH 3 FROM c;SELECT 1/0;ROLLBACK;", ['doc 3'], 'an error beside it');
is_read("BEGIN;SAVEPOINT a;DECLARE c CURSOR FOR SELECT id FROM doc;FETCH 3 FROM c;ROLLBACK TO a;SELECT 1;COMMIT;", ['doc 3'], 'ROLLBACK TO');
is_read("$declare COMMIT;", [], 'no FETCH, no line');
my $hold = 'BEGIN;DECLARE c CURSOR WITH HOLD FOR SELECT id FROM doc;';
is_read("$hold FETCH 2 FROM c;COMMIT;FETCH 3 FROM c;MOVE 1 FROM c;CLOSE c;", ['doc 5'], 'WITH HOLD, CLOSE');
is_read("$hold COMMIT;FETCH 3 FROM c;", ['doc 3'], 'WITH HOLD, the end of the session', waits => 1);
is_read("$hold COMMIT;FETCH 3 FROM c;DISCARD ALL;", ['doc 3'], 'WITH HOLD, DISCARD ALL');
is_read("$hold ROLLBACK;", [], 'WITH HOLD, ROLLBACK');
is_read('BEGIN;SELECT opened();FETCH 4 FROM c;FETCH 2 FROM c;COMMIT;', [ 'doc (nested) 1', 'doc 6' ], 'opened by a function');
is_read("$declare SELECT fetches() FROM generate_series(1, 3);CALL fetch_all();COMMIT;", [ 'doc (nested) 3', 'doc (nested) 0' ], 'fetched from in functions');
is_read("$declare SELECT length(cursor_to_xml('c', 5, true, false, '')::text);FETCH 2 FROM c;COMMIT;", [ 'doc (nested) 1', 'doc 2' ], 'there and here');
is_read('BEGIN;SELECT opened();SELECT fetches();COMMIT;', [ 'doc (nested) 1', 'doc (nested) 1' ], 'opened by one function, fetched from by another');
is_read("$hold COMMIT;SELECT fetches();CLOSE c;", ['doc 0'], 'WITH HOLD: a function fetches from what was kept');
is_deeply([ map { "$_->{subject} " . shortly($_) }
	reads("BEGIN;DECLARE c CURSOR FOR SELECT id FROM free;FETCH 2 FROM c;SELECT authz.set_token('%{bob}') \\g /dev/null\nFETCH 3 FROM c;COMMIT;") ],
	[ 'ann free 2', 'bob free 3' ], 'somebody else goes on: a line for each');
is_deeply([ map { "$_->{subject} " . shortly($_) }
	reads("BEGIN;DECLARE c CURSOR WITH HOLD FOR SELECT id FROM free;FETCH 2 FROM c;COMMIT;SELECT authz.set_token('%{bob}') \\g /dev/null\nFETCH 3 FROM c;CLOSE c;") ],
	[ 'ann free 2', 'bob free 3' ], 'WITH HOLD, too');

# ---- errors ----
is_read('SELECT 1 / (id - 5) FROM doc;', ['doc 4 failed'], 'an error on the way');
is_read('PREPARE q AS SELECT 1 / (id - 5) FROM doc;EXECUTE q;', ['doc 0 failed'], 'EXECUTE: its rows wait for its end');
is_read('COPY (SELECT 1 / (id - 5) FROM doc) TO STDOUT;', ['doc 4 failed'], 'COPY');
is_read('UPDATE doc SET owner = owner WHERE 1 / (id - 5) = 0 RETURNING id;', ['doc 0 failed'], 'RETURNING: as EXECUTE');
is_read('SELECT nowhere FROM doc;', [], 'one that does not start');
is_read('SELECT * FROM authz.issuer_key;', [], 'no right');
is_read('DO $$ BEGIN PERFORM 1 / (id - 5) FROM doc; EXCEPTION WHEN division_by_zero THEN NULL; END $$;', ['doc (nested) 0'], 'caught in a function');
is_read('DO $$ BEGIN PERFORM * FROM doc; PERFORM 1/0; END $$;', ['doc (nested) 0 failed'], 'DO');
is_read("SET statement_timeout = '100ms';\nSELECT id, pg_sleep(CASE WHEN id = 3 THEN 10 ELSE 0 END) FROM doc;", ['doc 2 failed'], 'cancelled');
is_read('SELECT id, pg_terminate_backend(pg_backend_pid()) FROM doc WHERE id < 3;', ['doc 1 failed'], 'terminated', user => $superuser, waits => 1);
is_read('COPY (SELECT id, CASE WHEN id = 5 THEN pg_terminate_backend(pg_backend_pid()) END FROM free) TO STDOUT;', ['free 5 failed'], 'terminated, COPY',
	user => $superuser, waits => 1);
is_read('DO $$ BEGIN PERFORM * FROM doc; PERFORM pg_terminate_backend(pg_backend_pid()); END $$;', ['doc (nested) 0 failed'], 'terminated, DO', user => $superuser, waits => 1);

# ---- the protocol ----
my $wire = AzWire->new($node);
$wire->query("SELECT authz.set_token('$token{ann}')")->answers;
lines();
$wire->query('BEGIN')->answers;
$wire->parse('', 'SELECT id FROM doc')->bind('p', '')->execute('p', 3)->execute('p', 4)->sync->answers;
is_deeply([ lines() ], [], 'a portal that waits');
$wire->query('COMMIT')->answers;
is_deeply([ map { shortly($_) } lines() ], ['doc 7'], 'and is never run to its end');
$wire->run('SELECT id FROM doc')->run('SELECT id FROM share')->sync->answers;
is_deeply([ map { shortly($_) } lines() ], [ 'doc 10', 'share 2' ], 'portals that run to their end');
$wire->parse('', 'SELECT id FROM doc')->bind('', '')->sync->answers;
is_deeply([ lines() ], [], 'one that does not run');

# ---- parallel workers, switches ----
is_read("SET parallel_setup_cost = 0;SET parallel_tuple_cost = 0;SET min_parallel_table_scan_size = 0;SELECT count(*) FROM free;", ['free 1'], 'a parallel query');
# What a worker read nobody would know: the leader runs what users wrote.
my $forced = parallel_on($node);
is_read("${forced}SELECT count(*) FROM open WHERE id < 5;", [], 'no table that is protected, a worker reads it');
is_read("${forced}SELECT in_worker(id) FROM open WHERE id = 1;", ['doc (nested) 1'], 'a function that is PARALLEL SAFE');
is_read("${forced}SELECT in_worker(g) FROM generate_series(1, 3) g;", ['doc (nested) 3'], 'beside no table');
is_read("${forced}SELECT id FROM guarded WHERE id < 2;", ['doc (nested) 1'], 'in a view');
is_read("${forced}SELECT g::looked FROM generate_series(1, 3) g;", ['doc (nested) 3'], 'in the constraint of a domain');
is_read("${forced}SELECT 1 OPERATOR(public.###) g FROM generate_series(1, 3) g;", ['doc (nested) 3'], 'behind an operator');
is_read("${forced}SELECT called_in_worker();", ['doc (nested) 1'], 'in a query of a function');
like(join("\n", session($node, "${forced}EXPLAIN (COSTS off) SELECT count(*) FROM open WHERE id < 5;")), qr/Workers Planned/, 'and workers run the rest');
is_read("BEGIN;SET dbmi_authz.log_reads = off;DECLARE c CURSOR FOR SELECT id FROM free;FETCH 1 FROM c;SET dbmi_authz.log_reads = 'all';FETCH 2 FROM c;SELECT id FROM open LIMIT 1;"
	  . "SET dbmi_authz.log_reads = off;FETCH 4 FROM c;SELECT 1 FROM doc;COMMIT;", [ 'open 1', 'free 6' ], 'switched on and off', user => $superuser);
is_read("SET dbmi_authz.log_reads = 'all';SELECT id FROM open LIMIT 2;SELECT count(*) FROM pg_class;TABLE kept;SELECT count(*) FROM half;SELECT count(*) FROM information_schema.sql_features;",
	[ 'open 2', 'kept 30', 'half 1' ], 'all', user => $superuser);

# ---- whatever it holds ----
my $odd = "a\nLOG:  read: {}\r\t\x1b[31m\x7f\"\\\x{e9}\x{202e}\x{1f600}";
my $name = $odd;
utf8::encode($name);
$token{odd} = mint(sub => $odd, jti => $odd);
$node->safe_psql('postgres', 'CREATE TABLE ' . ('"' . ($name =~ s/"/""/gr) . '"') . ' (id int); ALTER TABLE ' . ('"' . ($name =~ s/"/""/gr) . '"')
	  . ' ENABLE ROW LEVEL SECURITY; GRANT SELECT ON ALL TABLES IN SCHEMA public TO app');
($line) = reads("SET dbmi_authz.purpose = '$name';\nTABLE \"" . ($name =~ s/"/""/gr) . '";', who => 'odd', options => '-c client_encoding=UTF8');
is_deeply([ @$line{qw(subject token_id purpose)}, @{ $line->{tables} } ], [ ($odd) x 3, 'public."' . ($odd =~ s/"/""/gr) . '"' ], 'odd names');
($line) = reads("SET dbmi_authz.purpose = '" . 'x' x 1000 . "';\nSELECT 1 FROM doc;");
is($line->{purpose}, 'x' x 255 . '...', 'a long purpose');
($line) = reads("SET dbmi_authz.purpose = '%{bob}';\nSELECT 1 FROM doc;");
is($line->{purpose}, '(a token)', 'a purpose that is a token');

# ---- on a standby ----
$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
($log, $seen) = ($standby, 0);
is_read("SELECT id FROM doc;BEGIN;DECLARE c CURSOR FOR SELECT id FROM share;FETCH 1 FROM c;COMMIT;COPY doc TO STDOUT;", [ 'doc 10', 'share 1', 'doc 10' ], 'a standby');

$standby->stop;
$node->stop;
done_testing();
