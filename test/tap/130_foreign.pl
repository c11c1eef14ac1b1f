# An identity stays where it is: the sessions that postgres_fdw and dblink open
# have none.  A condition that the planner answered is sent to the other server
# with the value of this query's identity, and with no other.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE DATABASE far; CREATE ROLE app LOGIN');
trust($node, $_) for 'postgres', 'far';
my $tables = <<'SQL';
CREATE TABLE doc AS SELECT i AS id, CASE i % 10 WHEN 0 THEN 'ann' WHEN 1 THEN 'bob' ELSE 'carl' END AS owner FROM generate_series(1, 1000) i;
CREATE TABLE guarded AS TABLE doc;
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON guarded USING (authz.has_scope('admin') OR authz.is_owner(owner));
CREATE VIEW who AS SELECT authz.subject() AS subject, authz.token_state() AS state;
CREATE FUNCTION login(token text) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM authz.set_token(token); RETURN authz.subject(); END';
GRANT ALL ON doc, guarded, who TO app;
SQL
$node->safe_psql('far', $tables);
my ($host, $port) = ($node->host, $node->port);
$node->safe_psql('postgres', <<"SQL");
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION dblink;
-- the worst case: the other server is told that it has our extension as well
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'far', extensions 'dbmi_authz');
CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'postgres');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'app', password_required 'false');
CREATE USER MAPPING FOR PUBLIC SERVER self OPTIONS (user 'app', password_required 'false');
CREATE FOREIGN TABLE far_doc (id int, owner text) SERVER far OPTIONS (table_name 'doc');
CREATE FOREIGN TABLE far_guarded (id int, owner text) SERVER far OPTIONS (table_name 'guarded');
CREATE FOREIGN TABLE far_who (subject text, state text) SERVER far OPTIONS (table_name 'who');
$tables
CREATE FOREIGN TABLE self_guarded (id int, owner text) SERVER self OPTIONS (table_name 'guarded');
CREATE FOREIGN TABLE self_who (subject text, state text) SERVER self OPTIONS (table_name 'who');
CREATE TABLE split (id int, owner text) PARTITION BY RANGE (id);
CREATE TABLE split_near PARTITION OF split FOR VALUES FROM (1001) TO (2000);
CREATE FOREIGN TABLE split_far PARTITION OF split FOR VALUES FROM (1) TO (1001) SERVER far OPTIONS (table_name 'doc');
INSERT INTO split_near SELECT i, CASE i % 10 WHEN 0 THEN 'ann' WHEN 1 THEN 'bob' ELSE 'carl' END FROM generate_series(1001, 1100) i;
ALTER TABLE split ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON split USING (authz.has_scope('admin') OR authz.is_owner(owner));
CREATE VIEW mine WITH (security_barrier) AS SELECT * FROM far_doc WHERE authz.has_scope('admin') OR authz.is_owner(owner);
GRANT ALL ON far_doc, far_guarded, far_who, self_guarded, self_who, split, mine TO app;
SQL

my %tokens = (ann => mint(), bob => mint(sub => 'bob'), root => mint(sub => 'root', scope => 'admin'));
my $parallel = parallel_on($node);

sub gives
{
	my ($what, $script, @expected) = @_;
	my @lines = map { exists $tokens{$_} ? "SELECT authz.set_token('%{$_}') \\g /dev/null" : "$_;" } @$script;
	is_deeply([ session($node, join("\n", @lines), tokens => \%tokens) ], \@expected, $what);
	return;
}

# C5.8: an identity is not passed on
# The session over there is nobody, whoever asks here: at another database, and
# at this very one.
my $who = "SELECT authz.subject(), coalesce(subject, 'nobody'), state FROM ";
for my $server ('far', 'self')
{
	gives("$server: nobody over there", [ 'ann', "$who${server}_who", 'root', "$who${server}_who" ], 'ann|nobody|none', 'root|nobody|none');
	gives("$server: nor within a transaction", [ 'BEGIN', "$who${server}_who", 'ann', "$who${server}_who", 'COMMIT' ], '|nobody|none', 'ann|nobody|none');
	gives("$server: a policy over there shows nothing", [ 'root', "SELECT count(*) FROM ${server}_guarded" ], 0);
}
my $admin = sub { return session($node, $_[0], tokens => \%tokens, user => $super); };
is_deeply([ $admin->(<<"SQL") ], [ 'ann|nobody|none', 'ann|0' ], 'dblink: nobody over there');
SELECT authz.set_token('%{ann}') \\g /dev/null
$who dblink('dbname=far host=$host port=$port user=app', 'SELECT * FROM who') AS x (subject text, state text);
SELECT authz.subject(), n FROM dblink('dbname=far host=$host port=$port user=app', 'SELECT count(*) FROM guarded') AS x (n int);
SQL
like((session($node, "SELECT * FROM dblink('dbname=far host=$host port=$port user=$super', 'SELECT 1') AS x (n int);"))[0], qr/^2F003: /,
	'dblink: the application does not get in as somebody else without a password');

# Conditions: the planner's answer goes there, a call never does.
my $n = 'SELECT count(*) FROM far_doc WHERE ';
my $condition = "authz.has_scope('admin') OR authz.is_owner(owner)";
gives('a condition', [ "$n$condition", 'ann', "$n$condition", 'bob', "$n$condition", 'root', "$n$condition" ], 0, 100, 100, 1000);
gives('left as a call', [ 'SET dbmi_authz.plan_folding = off', "$n$condition", 'ann', "$n$condition", 'root', "$n$condition" ], 0, 100, 1000);
gives('negated', [ "${n}NOT authz.is_owner(owner)", 'ann', "${n}NOT authz.is_owner(owner)" ], 1000, 900);
for my $setting ('on', 'off')
{
	my $plan = join "\n", session($node, "SELECT authz.set_token('%{ann}') \\g /dev/null\nSET dbmi_authz.plan_folding = $setting;\nEXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM far_doc WHERE authz.is_owner(owner);", tokens => \%tokens);
	my ($remote) = $plan =~ /(Remote SQL: .*)/;
	unlike($remote, qr/authz\./, "no call is sent, plan_folding $setting");
	like($remote, $setting eq 'on' ? qr/'ann'/ : qr/^(?!.*ann)/, "and the value only when it is folded, $setting");
}
my $mixed = "authz.is_owner(owner) AND authz.has_scope(CASE WHEN id > 0 THEN 'admin' END)";
gives('half of it a call', [ 'ann', "$n$mixed", 'root', "$n($mixed) IS NOT TRUE" ], 0, 1000);
gives('a barrier view', [ 'ann', 'SELECT count(*) FROM mine', 'bob', 'SELECT count(*), min(owner) FROM mine', 'RESET ALL', 'SELECT count(*) FROM mine' ], 100, '100|bob', 0);
gives('a join over there', [ 'ann', 'SELECT count(*) FROM far_doc a JOIN far_doc b USING (id) WHERE authz.is_owner(a.owner)', 'bob', 'SELECT count(*) FROM far_doc a JOIN far_doc b USING (id) WHERE authz.is_owner(a.owner)' ], 100, 100);
gives('above an outer join', [ 'ann', 'SELECT count(*) FROM far_doc a LEFT JOIN far_doc b ON a.id = b.id AND b.id > 500 WHERE NOT authz.is_owner(b.owner)' ], 950);
gives('an aggregate over there', [ 'ann', "SELECT owner, count(*) FROM far_doc WHERE $condition GROUP BY owner", 'bob', "SELECT owner, count(*) FROM far_doc WHERE $condition GROUP BY owner" ], 'ann|100', 'bob|100');
gives('a policy on a table with a foreign partition', [ 'ann', 'SELECT count(*) FROM split', 'bob', 'SELECT count(*) FROM split', 'RESET ALL', 'SELECT count(*) FROM split', 'root', 'SELECT count(*) FROM split' ],
	110, 110, 0, 1100);
gives('the same in parallel', [ $parallel, 'ann', 'SELECT count(*) FROM split', 'root', 'SELECT count(*) FROM split' ], 110, 1100);

# Writing: what is sent there touches the rows of this identity.
gives('UPDATE and DELETE over there', [ 'ann', 'BEGIN', "UPDATE far_doc SET id = -id WHERE $condition", 'SELECT count(*), min(owner), max(owner) FROM far_doc WHERE id < 0',
		'bob', "DELETE FROM far_doc WHERE $condition", 'SELECT owner, count(*) FROM far_doc GROUP BY 1 ORDER BY 1', 'ROLLBACK' ],
	'100|ann|ann', 'ann|100', 'carl|800');
gives('through the partitioned table', [ 'ann', 'BEGIN', 'UPDATE split SET owner = owner', 'DELETE FROM split', 'root', 'SELECT count(*) FROM split', 'ROLLBACK' ], 990);

# Kept plans and open cursors.
gives('a kept plan', [ 'SET plan_cache_mode = force_generic_plan', "PREPARE q AS SELECT min(owner), count(*) FROM far_doc WHERE $condition",
		'EXECUTE q', 'ann', 'EXECUTE q', 'bob', 'EXECUTE q', 'root', 'EXECUTE q', 'RESET ALL', 'EXECUTE q' ],
	'|0', 'ann|100', 'bob|100', 'ann|1000', '|0');
gives('an open cursor', [ 'BEGIN', 'ann', "DECLARE c CURSOR FOR SELECT owner FROM far_doc WHERE $condition", 'FETCH c', 'bob', 'FETCH c' ],
	'ann', '28000: identity has changed since the query was planned');

# [core] Connections of dblink and postgres_fdw stay open with the session, and
# DISCARD ALL does not close them.  Whoever logs in over there, by hand, is
# there for the next one.
my @kept = ("SELECT dblink_connect('c', 'dbname=far host=$host port=$port user=app') \\g /dev/null",
	"SELECT * FROM dblink('c', \$\$SELECT login('%{ann}')\$\$) AS x (subject text) \\g /dev/null", 'DISCARD ALL;');
my $there = "SELECT coalesce(subject, 'nobody') FROM dblink('c', 'SELECT subject FROM who') AS x (subject text);";
is_deeply([ $admin->(join "\n", @kept, $there) ], ['ann'], 'a connection of dblink outlives DISCARD ALL');
is_deeply([ $admin->(join "\n", @kept, "SELECT dblink_disconnect('c') \\g /dev/null", "SELECT dblink_connect('c', 'dbname=far host=$host port=$port user=app') \\g /dev/null", $there) ],
	['nobody'], 'disconnecting ends it');

unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal/, 'nothing crashed');
$node->stop;
done_testing();
