# sessions() says who is logged in: after each step of sessions that walk at random through
# logins, failed logins, transactions, savepoints, simulation, revocation, expiry and exits,
# it shows what each session says of itself; and never half of one identity and half of another.
#
# DBMI_SEED repeats a walk, DBMI_STEPS makes a longer one.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $steps = $ENV{DBMI_STEPS} // 1200;
my $seed = $ENV{DBMI_SEED} // int(rand(1e6));
srand($seed);
my $node = start_node('main', "shared_preload_libraries = 'dbmi_authz'", 'fsync = off', 'autovacuum = off');
trust($node, 'postgres');
$node->safe_psql('postgres', 'CREATE DATABASE other');
trust($node, 'other');
my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
$node->safe_psql('postgres', <<"SQL");
CREATE ROLE app LOGIN;
CREATE ROLE one LOGIN IN ROLE app;
CREATE ROLE two LOGIN;
CREATE ROLE monitor LOGIN IN ROLE pg_monitor;
ALTER DATABASE postgres OWNER TO one;
ALTER DATABASE other OWNER TO two;
SELECT authz.add_issuer('https://second.example', '{clinic}'), authz.add_pem('https://second.example', '$pem', 'k1', 'ES256');
SQL
my $watcher = AzWire->new($node, user => 'one');
my $columns = "issuer, subject, actor, since <= clock_timestamp(), expires > '2020-01-01', state";
sub shown
{
	my ($pid) = @_;
	return join ' ; ', $watcher->query("SELECT $columns FROM authz.sessions() WHERE pid = $pid")->answers;
}
sub pid_of { return ($_[0]->query('SELECT pg_backend_pid()')->answers)[0]; }

# ---- one session, step by step ----
my %tokens = (ann => mint(jti => 'A'), bob => mint(sub => 'bob', jti => 'B'), agent => mint(sub => 'cay', act => { sub => 'robot' }), bad => forge(),
	second => mint(iss => 'https://second.example', sub => 'eve'),
	long => mint(sub => ("\x{e4}" x 300)), odd => mint(sub => "x\ny'\x{20ac}\x{1f600}"));
my $wire = AzWire->new($node);
my $pid = pid_of($wire);
my $ann = 'https://id.example|ann||t|t|valid';
sub after { my ($sql) = @_; $sql =~ s/%(\w+)/$tokens{$1}/g; $wire->query($sql)->answers; return shown($pid); }
is(shown($pid), '', 'nobody is logged in');
is(after("SELECT authz.set_token('%ann')"), $ann, 'a login');
is(after("SELECT authz.set_token('%agent')"), 'https://id.example|cay|robot|t|t|valid', 'another one, who acts for somebody');
is(after("SET dbmi_authz.token = '%ann'"), $ann, 'and again without actor, by SET');
is(after('SELECT 1'), $ann, 'it stays');
is(after("BEGIN; SELECT authz.set_token('%bob', true)"), 'https://id.example|bob||t|t|valid', 'one for the transaction');
is(after('ROLLBACK'), $ann, 'and the one before again');
is(after("BEGIN; SELECT authz.set_token('%bob', true); COMMIT"), $ann, 'also after a commit');
is(after("BEGIN; SET TRANSACTION READ ONLY; SELECT 1 / 0"), $ann, 'in a transaction that failed');
is(after('ROLLBACK'), $ann, 'and after it');
is(after("SELECT authz.try_set_token('%bad')"), '', 'a refused login leaves nobody');
is(after("SELECT authz.set_token('%second')"), 'https://second.example|eve||t|t|valid', 'another issuer');
is(after('DISCARD ALL'), '', 'DISCARD ALL');
is(after("SELECT authz.set_token('%ann')"), $ann, 'a login');
is(after('RESET dbmi_authz.token'), '', 'RESET');
is(after("SET dbmi_authz.token = '%ann'; SELECT authz.clear_token()"), '', 'clear_token()');
my $umlauts = "\xc3\xa4" x 126;
is(after("SELECT authz.set_token('%long')"), "https://id.example|$umlauts...||t|t|valid", 'a long name is cut between characters, and marked');
is(after("SELECT authz.set_token('%odd')"), "https://id.example|x\ny'\xe2\x82\xac\xf0\x9f\x98\x80||t|t|valid", 'an odd one is whole');
is(join('', $watcher->query("SELECT expires BETWEEN now() + interval '3000 s' AND now() + interval '3700 s' FROM authz.sessions() WHERE pid = $pid")->answers), 't', 'when it expires');

# as token_state() would say it: the clock is everybody's, what the session has not looked at is not
$tokens{short} = mint(sub => 'dan', exp => '+5');
is(after("SELECT authz.set_token('%short')"), 'https://id.example|dan||t|t|valid', 'not expired');
sleep 5.2;
is(shown($pid), 'https://id.example|dan||t|t|expired', 'expired, while the session did nothing');
is(($wire->query('SELECT authz.token_state()')->answers)[0], 'expired', 'as it says itself');
after("SELECT authz.set_token('%ann')");
$node->safe_psql('postgres', "SELECT authz.revoke_token('https://id.example', 'A')");
is(($wire->query('SELECT authz.token_state()')->answers)[0], 'revoked', 'revoked');
is(shown($pid), 'https://id.example|ann||t|t|revoked', 'and shown so once the session has looked');
$node->safe_psql('postgres', "DELETE FROM authz.revocation; INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'bob')");
is(after("SELECT authz.set_token('%bob')"), 'https://id.example|bob||t|t|inactive', 'a subject that counts as nobody');
$node->safe_psql('postgres', 'DELETE FROM authz.inactive_subject');
is(after('SELECT authz.subject()'), 'https://id.example|bob||t|t|valid', 'and is somebody again');

# who is simulated is not logged in
my $owner = AzWire->new($node, user => 'one');
my $owners = pid_of($owner);
$owner->query("SELECT authz.set_token('$tokens{second}')")->answers;
$owner->query("BEGIN; SELECT authz.simulate('{\"sub\": \"zoe\", \"iss\": \"https://id.example\"}')")->answers;
is(($owner->query('SELECT authz.subject()')->answers)[0], 'zoe', 'somebody is simulated');
is(shown($owners), '', 'and nobody shown');
$owner->query('ROLLBACK')->answers;
is(shown($owners), 'https://second.example|eve||t|t|valid', 'who is logged in is shown again');

# since: the statement that logged in
is(join('', $watcher->query("SELECT count(*) FROM authz.sessions() s JOIN pg_stat_activity a USING (pid) WHERE pid = $pid AND since >= backend_start AND since <= query_start")->answers), 1, 'since when');
my ($before) = $watcher->query("SELECT since FROM authz.sessions() WHERE pid = $pid")->answers;
after("BEGIN; SELECT authz.set_token('%ann', true); ROLLBACK");
is(($watcher->query("SELECT since FROM authz.sessions() WHERE pid = $pid")->answers)[0], $before, 'a rollback brings the time back, too');

# a token that counts in its transaction only
$wire->query("SELECT authz.clear_token()")->answers;
$node->safe_psql('postgres', "ALTER ROLE app SET dbmi_authz.token_scope = 'transaction'");
my $scoped = AzWire->new($node);
my $scoped_pid = pid_of($scoped);
$scoped->query("BEGIN; SET LOCAL dbmi_authz.token = '$tokens{ann}'")->answers;
is(shown($scoped_pid), $ann, 'scope "transaction": within it');
$scoped->query('COMMIT')->answers;
is(shown($scoped_pid), '', 'and not behind it');
$scoped->query("SET dbmi_authz.token = '$tokens{ann}'")->answers;
is(shown($scoped_pid), '', 'nor if it was set for longer');
$node->safe_psql('postgres', 'ALTER ROLE app RESET dbmi_authz.token_scope');

# ---- who sees it ----
# C7.11: the owner of the database, of that database
after("SELECT authz.set_token('%ann')");
my $ask = 'SELECT subject FROM authz.sessions() ORDER BY subject;';
is_deeply([ session($node, $ask, user => 'one') ], [ 'ann', 'eve' ], 'the owner of the database');
is_deeply([ session($node, $ask) ], ['42501: permission denied for function sessions'], 'not everybody');
is_deeply([ session($node, $ask, user => 'monitor') ], ['42501: permission denied for function sessions'], 'nor pg_monitor: these are people');
is_deeply([ session($node, $ask, user => 'two', db => 'other') ], [], 'the owner of another database sees nobody of this one');
my $there = AzWire->new($node, db => 'other');
$there->query("SELECT authz.set_token('$tokens{bob}')")->answers;
is_deeply([ session($node, $ask, user => 'two', db => 'other') ], ['bob'], 'but those of that one');
is_deeply([ session($node, $ask, user => 'one') ], [ 'ann', 'eve' ], 'who are none of this one');
undef $there;

# ---- an end ----
# C7.11: in the midst of a transaction, and by a signal, too
$wire->query("BEGIN; SELECT authz.set_token('$tokens{bob}', true)")->answers;
undef $wire;
$_ = undef for $owner, $scoped;
ok($node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM authz.sessions()'), 'who has gone is not shown');
my $ended = AzWire->new($node);
$ended->query("SELECT authz.set_token('$tokens{ann}')")->answers;
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(' . pid_of($ended) . ')');
ok($node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM authz.sessions()'), 'nor who was terminated');

# ---- a random walk ----
my %walk = (map({ $_ => mint(sub => $_, jti => $_, act => { sub => "agent of $_" }) } qw(u1 u2)), map({ $_ => mint(sub => $_) } qw(u3 u4)),
	second => mint(iss => 'https://second.example', sub => 'u5'));
my @names = sort keys %walk;
my @walkers;
sub walker { my $w = AzWire->new($node, user => 'one'); return { wire => $w, pid => pid_of($w), trail => [] }; }
sub any { return $walk{ $names[ rand @names ] }; }
my @moves = (
	sub { return "SELECT authz.set_token('" . any() . "')" },
	sub { return "SELECT authz.set_token('" . any() . "', true)" },
	sub { return "SELECT authz.try_set_token('" . any() . "')" },
	sub { return "SET dbmi_authz.token = '" . any() . "'" },
	sub { return "SET LOCAL dbmi_authz.token = '" . any() . "'" },
	sub { return "SELECT authz.try_set_token('$tokens{bad}')" },
	sub { return "SELECT authz.set_token('$tokens{bad}')" },
	sub { return 'SELECT authz.clear_token()' },
	sub { return 'RESET dbmi_authz.token' },
	sub { return 'DISCARD ALL' },
	sub { return "SELECT authz.simulate('{\"sub\": \"zoe\", \"iss\": \"https://id.example\"}')" },
	sub { return "DO \$\$ BEGIN PERFORM authz.set_token('" . any() . "'); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN END \$\$" },
	(sub { return 'BEGIN' }) x 4, (sub { return 'SAVEPOINT s' }) x 3, (sub { return 'ROLLBACK TO s' }) x 3, sub { return 'RELEASE s' },
	(sub { return 'COMMIT' }) x 3, (sub { return 'ROLLBACK' }) x 3, sub { return 'SELECT 1 / 0' });
# What a session says of itself; undef where it cannot.
my $self = q{SELECT CASE WHEN authz.is_simulated() OR NOT authz.is_authenticated() THEN '' ELSE concat_ws('|', authz.issuer(), authz.subject(), coalesce(authz.actor(), ''), 'valid') END};
sub itself
{
	my ($walker) = @_;
	my ($said) = $walker->{wire}->query($self)->answers;
	return $said =~ /^25P02/ ? undef : $said;
}
my ($compared, $people, $wrong) = (0, 0, 0);
for my $step (1 .. $steps)
{
	push @walkers, walker() while @walkers < 4;
	my $i = int rand @walkers;
	my $walker = $walkers[$i];
	if (rand() < 0.01)
	{
		splice @walkers, $i, 1;
		next;
	}
	my $move = $moves[ rand @moves ]->();
	push @{ $walker->{trail} }, $move =~ s/eyJ[\w.-]{20,}(.{4})/...$1/r;
	shift @{ $walker->{trail} } if @{ $walker->{trail} } > 12;
	$walker->{wire}->query($move)->answers;
	# first, for what a session is asked it also looks at
	my ($seen) = $watcher->query("SELECT concat_ws('|', issuer, subject, coalesce(actor, ''), state) FROM authz.sessions() WHERE pid = $walker->{pid}")->answers;
	my $said = itself($walker);
	next unless defined $said;
	$compared++;
	$people++ if length $said;
	next if ($seen // '') eq $said;
	$wrong++;
	diag("seed $seed, step $step: shown \"" . ($seen // '') . "\", is \"$said\" after\n" . join("\n", @{ $walker->{trail} }));
	last if $wrong > 2;
}
is($wrong, 0, "a random walk, seed $seed");
cmp_ok($compared, '>', $steps / 3, 'of many steps');
cmp_ok($people, '>', $compared / 8, 'with somebody logged in at many of them');
@walkers = ();
ok($node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM authz.sessions()'), 'nobody is left');

# ---- readers beside writers ----
# C7.11: each row is of one identity
my %a = (iss => 'https://id.example', sub => 'a' x 200, act => { sub => 'a' x 240 });
my %b = (iss => 'https://second.example', sub => 'b' x 250, act => { iss => 'https://second.example', sub => 'b' x 100 });
my ($a, $b) = (mint(%a), mint(%b));
my $dir = PostgreSQL::Test::Utils::tempdir();
append_to_file("$dir/write", "DO \$\$ BEGIN FOR i IN 1 .. 400 LOOP PERFORM authz.set_token('$a'); PERFORM authz.set_token('$b'); END LOOP; END \$\$;\n");
append_to_file("$dir/read", <<'SQL');
DO $$
DECLARE
	bad text;
	seen int := 0;
	n int;
BEGIN
	FOR i IN 1 .. 1500 LOOP
		SELECT count(*), min(s::text) FILTER (WHERE (issuer = 'https://id.example' AND subject = repeat('a', 200) AND actor = repeat('a', 240)
			OR issuer = 'https://second.example' AND subject = repeat('b', 250) AND actor = repeat('b', 100)) IS NOT TRUE) INTO n, bad FROM authz.sessions() s;
		IF bad IS NOT NULL THEN
			RAISE 'half and half: %', bad;
		END IF;
		seen := seen + n;
	END LOOP;
	IF seen < 100 THEN
		RAISE 'nobody was seen: %', seen;
	END IF;
END $$;
SQL
my @bench = ('pgbench', '-n', '-h', $node->host, '-p', $node->port);
my @outs = ('', '');
my $writers = IPC::Run::start([ @bench, '-c', 2, '-T', 4, '-U', 'app', '-f', "$dir/write", 'postgres' ], '<', \undef, '>', \$outs[0], '2>&1');
sleep 0.3;
my $readers = IPC::Run::start([ @bench, '-c', 2, '-t', 3, '-U', 'one', '-f', "$dir/read", 'postgres' ], '<', \undef, '>', \$outs[1], '2>&1');
IPC::Run::finish($readers);
unlike($outs[1], qr/ERROR|aborted/, 'no row is half of one and half of another') or diag($outs[1]);
IPC::Run::finish($writers);
unlike($outs[0], qr/ERROR|aborted/, 'while they logged in') or diag($outs[0]);

unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal/, 'nothing crashed');
$node->stop;
done_testing();
