# pgpool-II in front of a primary and a standby, with Debian's package: where a
# login and the query after it go, which settings bring both to the same server,
# what its cached connections keep, and whose rows its query cache hands out.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my ($pgpool) = grep { -x } map { "$_/pgpool" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'no pgpool: run "make deps"' unless $pgpool;

my $primary = init_node('primary', allows_streaming => 1);
$primary->append_conf('postgresql.conf', <<'CONF');
max_connections = 60
fsync = off
log_min_messages = warning
log_statement = none
session_preload_libraries = 'dbmi_authz'
CONF
$primary->start;
my $super = $primary->safe_psql('postgres', 'SELECT current_user');
# pgpool keeps no connections to a database of the name "postgres"
$primary->safe_psql('postgres', 'CREATE DATABASE shop');
trust($primary, 'shop');
$primary->safe_psql('shop', <<'SQL');
CREATE ROLE app LOGIN;
CREATE TABLE doc (id int, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob'), (3, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
CREATE VIEW mine AS SELECT id, owner FROM doc;
ALTER VIEW mine OWNER TO app;
CREATE TABLE later (id int, owner text);
INSERT INTO later TABLE doc;
GRANT ALL ON doc, later TO app;
-- STABLE, so that pgpool takes it for a question
CREATE FUNCTION place() RETURNS text STABLE LANGUAGE plpgsql
AS 'BEGIN RETURN CASE WHEN pg_is_in_recovery() THEN ''standby'' ELSE ''primary'' END; END';
SQL
$primary->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'b', has_streaming => 1);
$standby->start;

sub replayed { $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert')); return; }
replayed();

# A pgpool of our own on a private socket.  All that may go to the standby goes there.
my $started = 0;
# 4.4 has given the setting another name
my ($major, $minor) = `$pgpool --version 2>&1` =~ /version (\d+)\.(\d+)/ or die "no version of pgpool";
my $socket_dir = $major * 100 + $minor >= 404 ? 'unix_socket_directories' : 'socket_dir';
sub start_pool
{
	my (%conf) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir_short();
	my $port = 9990 + ++$started;
	mkdir "$dir/oids";
	%conf = (
		backend_clustering_mode => 'streaming_replication',
		listen_addresses => '', port => $port, $socket_dir => $dir,
		pcp_listen_addresses => '', pcp_port => $port + 100, pcp_socket_dir => $dir,
		backend_hostname0 => $primary->host, backend_port0 => $primary->port, backend_weight0 => 0,
		backend_hostname1 => $standby->host, backend_port1 => $standby->port, backend_weight1 => 1,
		backend_flag0 => 'DISALLOW_TO_FAILOVER', backend_flag1 => 'DISALLOW_TO_FAILOVER',
		backend_data_directory0 => $dir, backend_data_directory1 => $dir,
		sr_check_user => $super, sr_check_database => 'shop', sr_check_period => 1,
		enable_pool_hba => 'off', pool_passwd => '',
		pid_file_name => "$dir/pid", logdir => $dir, memqcache_oiddir => "$dir/oids",
		num_init_children => 1, max_pool => 4, %conf);
	append_to_file("$dir/conf", join '', map { "$_ = '$conf{$_}'\n" } sort keys %conf);
	append_to_file("$dir/$_", '') for 'hba', 'pcp';
	my $run = IPC::Run::start([ $pgpool, '-n', '-D', '-f', "$dir/conf", '-a', "$dir/hba", '-F', "$dir/pcp" ],
		'<', '/dev/null', '>', "$dir/log", '2>&1');
	my $pool = bless { dir => $dir, port => $port, run => $run }, 'Pool';
	for (1 .. 100)
	{
		last if -S "$dir/.s.PGSQL.$port" && slurp_file("$dir/log") =~ /find_primary_node: primary node is 0/;
		sleep 0.1;
	}
	return $pool;
}
sub Pool::host { return $_[0]{dir}; }
sub Pool::port { return $_[0]{port}; }
sub Pool::connect { return AzWire->new($_[0], db => 'shop'); }
sub Pool::stop
{
	my ($self) = @_;
	$self->{run}->signal('INT');
	$self->{run}->finish;
	return;
}

my %tokens = (ann => mint(), bob => mint(sub => 'bob'));
my $ask = "SELECT place(), coalesce(authz.subject(), 'nobody'), count(*) FROM doc";
my $login = "SELECT authz.set_token('%{ann}')";
my $other = "SELECT authz.set_token('%{bob}')";
my $set = "SET dbmi_authz.token = '%{ann}'";

sub on { my ($wire, @sql) = @_; return said_on($wire, $ask, \%tokens, @sql); }

sub gives
{
	my ($what, $wire, $sql, @expected) = @_;
	is_deeply([ on($wire, @$sql) ], \@expected, $what);
	return;
}

# As a client that ends in good order: only then pgpool keeps the connections.
sub leave
{
	$_[0]->send_message('X', '')->send_all;
	undef $_[0];
	return;
}

sub scope
{
	my ($scope) = @_;
	$primary->safe_psql('postgres', $scope ? "ALTER DATABASE shop SET dbmi_authz.token_scope = '$scope'" : 'ALTER DATABASE shop RESET dbmi_authz.token_scope');
	replayed();
	return;
}

# As pgpool is installed.
my $pool = start_pool();
my $c = $pool->connect;
gives('a question goes to the standby', $c, ['?'], 'standby|nobody|0');
gives('a login by function goes to the primary, and the question after it to the standby: no rows', $c, [ $login, '?' ], 'standby|nobody|0');
gives('a login by SET goes to both', $c, [ 'DISCARD ALL', $set, '?' ], 'standby|ann|1');
gives('then a function for somebody else: bob gets the rows of ann', $c, [ $other, '?' ], 'standby|ann|1');
gives('and one that logs out leaves her there', $c, [ 'SELECT authz.clear_token()', '?' ], 'standby|ann|1');
gives('RESET goes to both', $c, [ 'RESET dbmi_authz.token', '?' ], 'standby|nobody|0');
gives('a login for the transaction: all of the block is the primary\'s', $c, [ 'BEGIN', "SELECT authz.set_token('%{bob}', true)", '?', 'COMMIT', '?' ],
	'primary|bob|2', 'standby|nobody|0');
gives('the same by SET LOCAL', $c, [ 'BEGIN', "SET LOCAL dbmi_authz.token = '%{ann}'", '?', 'COMMIT', '?' ], 'primary|ann|1', 'standby|nobody|0');
gives('a question before the login, in the block', $c, [ 'BEGIN', '?', "SELECT authz.set_token('%{bob}', true)", '?', 'COMMIT' ], 'standby|nobody|0', 'primary|bob|2');
gives('rolled back', $c, [ 'BEGIN', "SELECT authz.set_token('%{bob}', true)", 'ROLLBACK', '?' ], 'standby|nobody|0');
gives('with parameters', $c, [ 'BEGIN' ]);
$c->parse('', 'SELECT authz.set_token($1, true)')->bind('', '', $tokens{bob})->execute('')->sync->answers;
gives('the block is the primary\'s', $c, [ '?', '?', 'COMMIT' ], 'primary|bob|2', 'primary|bob|2');

# The next client of the cached connections
gives('left logged in on both', $c, [ $set, '?' ], 'standby|ann|1');
leave($c);
$c = $pool->connect;
gives('DISCARD ALL in reset_query_list: the next client is nobody', $c, ['?'], 'standby|nobody|0');

# What the server insists on holds behind pgpool, too.
leave($c);
scope('transaction');
$pool->stop;
$pool = start_pool();
$c = $pool->connect;
like((on($c, $other))[0], qr/^22023: /, 'token_scope "transaction": a login outside of a block is refused');
gives('by SET it is over at once', $c, [ $set, '?' ], 'standby|nobody|0');
gives('in a block it counts', $c, [ 'BEGIN', "SELECT authz.set_token('%{bob}', true)", '?', 'COMMIT', '?' ], 'primary|bob|2', 'standby|nobody|0');
leave($c);
$pool->stop;
scope('');

# The settings that bring a session's login and its questions to one server
$pool = start_pool(disable_load_balance_on_write => 'always');
$c = $pool->connect;
gives('disable_load_balance_on_write "always": by function', $c, [ '?', $login, '?', $other, '?', 'SELECT authz.clear_token()', '?' ],
	'standby|nobody|0', 'primary|ann|1', 'primary|bob|2', 'primary|nobody|0');
gives('by SET, and then by function', $c, [ $set, '?', $other, '?' ], 'primary|ann|1', 'primary|bob|2');
leave($c);
$pool->stop;
$pool = start_pool(load_balance_mode => 'off');
$c = $pool->connect;
gives('load_balance_mode "off"', $c, [ '?', $login, '?', $other, '?' ], 'primary|nobody|0', 'primary|ann|1', 'primary|bob|2');
leave($c);
$pool->stop;
$pool = start_pool(write_function_list => 'set_token,authz[.]set_token,try_set_token,authz[.]try_set_token', disable_load_balance_on_write => 'always');
$c = $pool->connect;
gives('with a list of functions', $c, [ $login, '?', $other, '?' ], 'primary|ann|1', 'primary|bob|2');
leave($c);
$pool->stop;

# And those that part them
$pool = start_pool(disable_load_balance_on_write => 'off');
$c = $pool->connect;
gives('disable_load_balance_on_write "off": no rows, in a block too', $c, [ 'BEGIN', "SELECT authz.set_token('%{bob}', true)", '?', 'COMMIT' ], 'standby|nobody|0');
gives('but by SET LOCAL', $c, [ 'BEGIN', "SET LOCAL dbmi_authz.token = '%{ann}'", '?', 'COMMIT', '?' ], 'standby|ann|1', 'standby|nobody|0');
leave($c);
$pool->stop;
$pool = start_pool(read_only_function_list => '.*');
$c = $pool->connect;
gives('read_only_function_list that takes in the logins: they go to the standby', $c, [ $login, '?', 'INSERT INTO later VALUES (4, authz.subject()) RETURNING owner IS NULL' ],
	'standby|ann|1', 't');
leave($c);
$pool->stop;
$pool = start_pool(reset_query_list => 'ABORT');
$c = $pool->connect;
gives('left logged in', $c, [ $set, '?' ], 'standby|ann|1');
leave($c);
$c = $pool->connect;
gives('no DISCARD ALL in reset_query_list: the next client is ann', $c, ['?'], 'standby|ann|1');
leave($c);

# A standby that does not know yet what the primary knows
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
$primary->safe_psql('shop', "SELECT authz.add_issuer('https://new.example', '{clinic}'), authz.add_pem('https://new.example', '$pem', 'k1', 'ES256')");
$tokens{new} = mint(iss => 'https://new.example', sub => 'bob');
$c = $pool->connect;
gives('a token that one of both refuses: the connection is cut', $c, [ "SET dbmi_authz.token = '%{new}'", '?' ], 'cut', 'cut');
ok(holds_token(slurp_file("$pool->{dir}/log"), $tokens{new}), 'and pgpool writes the statement of SET to its log, token and all');
undef $c;
$c = $pool->connect;
gives('by function, in a block, the standby is not asked', $c, [ 'BEGIN', "SELECT authz.set_token('%{new}', true)", '?', 'COMMIT' ], 'primary|bob|2');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
replayed();
leave($c);
$pool->stop;

# The query cache: it knows the role and the statement, and no identity.
sub for_both
{
	my ($query, $after) = @_;
	return map { [ on($c, "SET dbmi_authz.token = '%{$_}'", $query) ] } 'ann', 'bob';
}
my ($list, $view) = map { "SELECT id, owner FROM $_ ORDER BY id" } 'doc', 'mine';
my $right = [ ['1|ann'], [ '2|bob', '3|bob' ] ];
$pool = start_pool(memory_cache_enabled => 'on', cache_safe_memqcache_table_list => 'mine');
$c = $pool->connect;
is_deeply([ for_both($list) ], $right, 'query cache: tables with row security are not kept, since CVE-2024-45624');
is_deeply([ for_both($_) ], [ ['1'], [ '2', '3' ] ], "nor in $_")
	for 'SELECT id FROM (SELECT id FROM doc) x', 'WITH x AS (SELECT id FROM doc) SELECT id FROM x', 'SELECT id FROM later WHERE id IN (SELECT id FROM doc)';
is_deeply([ for_both($view) ], [ ['1|ann'], ['1|ann'] ], 'a view that is listed as safe: bob gets the rows of ann');
leave($c);
$c = $pool->connect;
gives('and so does a client that never logged in', $c, [$view], '1|ann');
gives('a table without policies', $c, ['SELECT count(*) FROM later'], 4);
$primary->safe_psql('shop', 'ALTER TABLE later ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON later USING (authz.is_owner(owner))');
replayed();
gives('which is protected later, not through pgpool: nobody gets what was kept', $c, ['SELECT count(*) FROM later'], 4);
is_deeply([ for_both('SELECT id, owner FROM later ORDER BY id') ], [ ['1|ann'], ['1|ann'] ], 'and bob the rows of ann: pgpool does not look again');
leave($c);
$pool->stop;
$pool = start_pool(memory_cache_enabled => 'on');
$c = $pool->connect;
is_deeply([ for_both($_) ], $right, "no list of what is safe, and started after the last table was protected: $_") for $list, $view, 'SELECT id, owner FROM later ORDER BY id';
leave($c);
$pool->stop;
$pool = start_pool();
$c = $pool->connect;
is_deeply([ for_both($_) ], $right, "no cache: $_") for $list, $view;
leave($c);
$pool->stop;

# Three servers, and another one for each statement
my $third = PostgreSQL::Test::Cluster->new('third');
$third->init_from_backup($primary, 'b', has_streaming => 1);
$third->start;
$primary->wait_for_catchup($third, 'replay', $primary->lsn('insert'));
my %third = (backend_hostname2 => $third->host, backend_port2 => $third->port, backend_weight2 => 1,
	backend_flag2 => 'DISALLOW_TO_FAILOVER', backend_data_directory2 => '/nowhere');
$pool = start_pool(%third, statement_level_load_balance => 'on');
$c = $pool->connect;
my $where = "SELECT current_setting('port'), authz.subject(), count(*) FROM doc";
my %seen;
$seen{$_}++ for map { on($c, $set, $where, $where) } 1 .. 30;
is_deeply([ sort keys %seen ], [ map { $_->port . '|ann|1' } sort { $a->port <=> $b->port } $standby, $third ],
	'statement_level_load_balance: SET reaches all that are asked') or diag(explain(\%seen));
%seen = ();
$seen{$_}++ for map { on($c, 'BEGIN', "SELECT authz.set_token('%{bob}', true)", '?', '?', 'COMMIT') } 1 .. 30;
is_deeply(\%seen, { 'primary|bob|2' => 60 }, 'in a block all of them');
leave($c);
$pool->stop;

for my $node ($primary, $standby, $third)
{
	my $log = slurp_file($node->logfile);
	unlike($log, qr/PANIC|terminated by signal/, $node->name . ': nothing crashed');
	ok(!holds_token($log, $_), $node->name . ': no token in the log') for values %tokens;
	$node->stop;
}
done_testing();
