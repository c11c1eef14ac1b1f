# What 110_pools.pl leaves open of PgBouncer: prepared statements that it keeps,
# names that it tracks, statement mode, and where nothing ends a login.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
BAIL_OUT('no pgbouncer: run "make deps"') unless $pgbouncer;
my ($major, $minor) = `$pgbouncer --version` =~ /^PgBouncer (\d+)\.(\d+)/ or BAIL_OUT('pgbouncer has no version');
my $prepares = $major > 1 || $minor >= 21;

my $node = start_node('main', "session_preload_libraries = 'dbmi_authz'");
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE TABLE doc (id int, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob'), (3, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
GRANT ALL ON doc TO app;
SQL

# One server connection for each database, so that clients share it.
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $server = "host=@{[ $node->host ]} port=@{[ $node->port ]} dbname=postgres user=app pool_size=1";
append_to_file("$dir/ini", <<"INI");
[databases]
session = $server pool_mode=session
transaction = $server pool_mode=transaction
statement = $server pool_mode=statement
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = $dir
auth_type = any
logfile = $dir/log
pidfile = $dir/pid
server_reset_query = DISCARD ALL
INI
append_to_file("$dir/ini", "max_prepared_statements = 20\ntrack_extra_parameters = IntervalStyle\n") if $prepares;
my $pool = IPC::Run::start([ $pgbouncer, "$dir/ini" ], '<', '/dev/null', '>', '/dev/null', '2>', '/dev/null');
for (1 .. 100)
{
	last if -S "$dir/.s.PGSQL.6432";
	sleep 0.1;
}
my $front = bless {}, 'Front';
sub Front::host { return $dir; }
sub Front::port { return 6432; }
sub through { return AzWire->new($front, db => $_[0]); }

my %tokens = (ann => mint(), bob => mint(sub => 'bob'));
my $ask = "SELECT coalesce(authz.subject(), 'nobody'), count(*) FROM doc";
sub on
{
	my ($wire, @sql) = @_;
	my @got;
	for my $sql (@sql)
	{
		(my $text = $sql eq '?' ? $ask : $sql) =~ s/%\{(\w+)\}/$tokens{$1}/g;
		push @got, grep { length } eval { $wire->query($text)->answers };
		push @got, 'cut' if $@;
	}
	return @got;
}
my %login = map { $_ => "SELECT authz.set_token('%{$_}')" } keys %tokens;
my %local = map { $_ => "SELECT authz.set_token('%{$_}', true)" } keys %tokens;
my ($ann, $bob, $nobody) = ('ann|1', 'bob|2', 'nobody|0');

# Session mode: a client that leaves without a word
my $c = through('session');
is_deeply([ on($c, $login{ann}, '?') ], [$ann], 'session mode');
undef $c;
is_deeply([ on(through('session'), '?') ], [$nobody], 'the next client is nobody');

# Transaction mode, token_scope "session": nothing ends the login, which is what must not be
$c = through('transaction');
on($c, $login{ann});
my $next = through('transaction');
is_deeply([ on($next, '?') ], [$ann], 'transaction mode with token_scope "session": the next client is ann');
is_deeply([ on($next, 'BEGIN', $local{bob}, '?', 'COMMIT', '?') ], [ $bob, $ann ], 'also after a block of its own');
on($next, 'DISCARD ALL');

# token_scope "transaction"
$node->safe_psql('postgres', "ALTER SYSTEM SET dbmi_authz.token_scope = 'transaction'");
$node->reload;
$node->poll_query_until('postgres', "SELECT current_setting('dbmi_authz.token_scope') = 'transaction'");
sleep 0.2;
like((on($c, $login{ann}))[0], qr/^22023: /, 'token_scope "transaction": a login outside of a block');
is_deeply([ on($next, '?') ], [$nobody], 'is nobody\'s');
is_deeply([ on($c, 'BEGIN', $local{ann}, '?', 'COMMIT', '?'), on($next, 'BEGIN', $local{bob}, '?', 'ROLLBACK', '?') ], [ $ann, $nobody, $bob, $nobody ], 'in blocks, one after the other');
on($c, 'BEGIN', $local{ann}, '?');
undef $c;
is_deeply([ on($next, '?') ], [$nobody], 'a client that vanishes in its block leaves nobody');

# Statements that PgBouncer prepares, on the one connection, for whoever asks
SKIP:
{
	skip 'PgBouncer prepares since 1.21', 3 unless $prepares;
	$node->safe_psql('postgres', "ALTER ROLE app SET plan_cache_mode = force_generic_plan");
	my %client = map { $_ => through('transaction') } 'ann', 'bob';
	$client{$_}->parse('q', $ask)->sync->answers for sort keys %client;
	my @got;
	for my $who (qw(ann bob ann ann bob), '', 'bob')
	{
		my $wire = $client{ $who || 'ann' };
		on($wire, 'BEGIN', $who ? $local{$who} : ());
		push @got, $wire->bind('', 'q')->execute('')->sync->answers;
		on($wire, 'COMMIT');
	}
	is_deeply(\@got, [ $ann, $bob, $ann, $ann, $bob, $nobody, $bob ], 'a statement that is prepared once answers for who is in force');
	is((on($client{ann}, 'SELECT count(*) > 0 FROM pg_prepared_statements'))[0], 't', 'it is kept on the server connection');
	$client{ann}->parse('q2', 'SELECT authz.set_token($1, true)')->sync->answers;
	on($client{ann}, 'BEGIN');
	$client{ann}->bind('', 'q2', $tokens{ann})->execute('')->sync->answers;
	is_deeply([ on($client{ann}, '?', 'COMMIT', '?') ], [ $ann, $nobody ], 'and so is the login');
}

# Names that it tracks
my ($name, $odd) = map { through('transaction') } 1, 2;
on($odd, "SET application_name = 'citus_internal gpid=1'");
is_deeply([ on($odd, 'BEGIN', $local{ann}, '?', 'COMMIT', '?') ], [ $ann, $nobody ], 'a name as Citus has it takes nothing from a block');
on($name, "SET application_name = 'web'");
is_deeply([ on($name, 'BEGIN', $local{bob}, 'SHOW application_name', '?', 'COMMIT') ], [ 'web', $bob ], 'and the next has its own name');

# Statement mode
$c = through('statement');
like(join(' ', on($c, 'BEGIN')), qr/transaction blocks not allowed in statement pooling mode|cut/, 'statement mode: no blocks');
$c = through('statement');
is_deeply([ on($c, $local{ann}, '?') ], [$nobody], 'and a login for the transaction ends with its statement');

my $log = slurp_file("$dir/log");
ok(!holds_token($log, $_), 'no token in the log of PgBouncer') for values %tokens;
unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|eyJ/, 'nothing crashed, and no token in the log');
$pool->signal('KILL');		# since 1.23 TERM waits for all clients to leave
$pool->finish;
$node->stop;
done_testing();
