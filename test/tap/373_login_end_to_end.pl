# Login by token (PostgreSQL 18), from the connection to the row: whoever a token let in
# is there without set_token, in each way of preloading, until it ends; the database has
# the last word about it; and log, counts and records name that person, and no byte of
# the token.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzBearer;
use AzTest;
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my ($major) = `pg_config --version` =~ /(\d+)/;
plan skip_all => "PostgreSQL $major has no login by token: 18 has" if $major < 18;
plan skip_all => 'dbmi_authz_oauth was not built' unless -e server_directory('pkglibdir') . '/dbmi_authz_oauth.so';

my $fixtures = "$FindBin::RealBin/../fixtures";
my $json = JSON::PP->new->utf8->canonical;
my $id = 'https://id.example';
my $pem = slurp_file("$fixtures/p256_a.pub.pem");
my $work = PostgreSQL::Test::Utils::tempdir_short();

# ---- an issuer that psql can ask, if libpq has its part of it ----
my ($issuer, $provider);
if (glob '/usr/lib/*/libpq-oauth*.so')
{
	$provider = IPC::Run::start([ '/usr/bin/python3', "$FindBin::RealBin/../provider/device", "$work/port", "$work/token" ], '<', \undef);
	for (1 .. 600)
	{
		last if -e "$work/port";
		sleep 0.1;
	}
	$issuer = 'http://127.0.0.1:' . (slurp_file("$work/port") =~ /(\d+)/)[0];
}
END { my $status = $?; $provider->kill_kill if $provider; $? = $status; }

# ---- the server ----
my $node = start_node('main', "shared_preload_libraries = ''", "session_preload_libraries = ''", 'log_min_messages = debug5', 'log_connections = on', "oauth_validator_libraries = 'dbmi_authz_oauth'",
	'dbmi_authz_oauth.issuers = \'' . join(', ', $id, $issuer // ()) . '\'', 'dbmi_authz.log_logins = all', 'dbmi_authz.log_identity = all', 'dbmi_authz.log_trust = on');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
my @databases = qw(shop stale partly bare flow);
$node->safe_psql('postgres', join "\n", (map { "CREATE DATABASE $_;" } @databases, 'never'), <<'SQL');
CREATE ROLE ann LOGIN;
CREATE ROLE bob LOGIN;
CREATE ROLE landlord LOGIN;
ALTER DATABASE shop OWNER TO landlord;
SQL
trust($node, $_) for @databases;
$node->safe_psql('shop', <<"SQL");
SELECT authz.add_issuer('https://second.example', '{clinic}'), authz.add_pem('https://second.example', '$pem', 'k1', 'ES256');
CREATE TABLE doc (id int PRIMARY KEY, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob'), (3, 'bob');
CREATE TABLE big AS SELECT i AS id, CASE WHEN i % 100 = 0 THEN 'ann' ELSE 'u' || i END AS owner FROM generate_series(1, 20000) i;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE big ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
CREATE POLICY p ON big USING (authz.has_scope('admin') OR authz.is_owner(owner));
ANALYZE big;
GRANT ALL ON doc, big TO ann, bob;
SELECT authz.audit('doc');
CREATE FUNCTION who() RETURNS text LANGUAGE sql
RETURN coalesce(authz.subject(), 'nobody') || ' ' || authz.token_state() || ' ' || (SELECT count(*) FROM doc);
CREATE FUNCTION wrongly_safe() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS 'BEGIN RETURN authz.subject(); END';
SQL
if ($issuer)
{
	$node->safe_psql('flow', "SELECT authz.add_issuer('$issuer', '{clinic}'), authz.add_pem('$issuer', '$pem', 'k1', 'ES256')");
}
my $second = slurp_file("$fixtures/p256_b.pub.pem");
$node->safe_psql('partly', "SELECT authz.add_pem('$id', '$second', 'k2', 'ES256')");
$node->safe_psql($_, 'SELECT authz.export_login_trust()') for @databases;

# What the databases have changed since.
$node->safe_psql('stale', "SELECT authz.drop_issuer('$id')");
$node->safe_psql('partly', "SELECT authz.drop_key('$id', 'k2')");
$node->safe_psql('bare', 'DROP EXTENSION dbmi_authz');
open my $hba, '>', $node->data_dir . '/pg_hba.conf' or die $!;
print $hba "local all $super trust\n", ($issuer ? "local flow all oauth issuer=\"$issuer\" scope=\"db\"\n" : ()), "local all all oauth issuer=\"$id\" scope=\"db\"\n";
close $hba;

my @tokens;
sub token { push @tokens, mint(scope => 'db', @_); return $tokens[-1]; }
sub token_of_b
{
	my $claims = $json->encode({ iss => $id, aud => 'clinic', sub => 'ann', exp => '+3600', scope => 'db' });
	IPC::Run::run([ "$FindBin::RealBin/../mint", '--key', "$fixtures/p256_b.pem", '--alg', 'ES256', '--kid', 'k2', '-' ], '<', \$claims, '>', \my $out) or die 'test/mint';
	chomp $out;
	push @tokens, $out;
	return $out;
}
push @tokens, my $forged = forge(scope => 'db');
my $ann = token(jti => 'J1');
my %set = (ann => token(jti => 'J2', scope => 'db write'), bob => token(sub => 'bob'), bad => $forged, namesake => token(iss => 'https://second.example'));

my $at = 0;
sub logged
{
	return log_since($node, \$at);
}
sub session_of
{
	my ($token, %opt) = @_;
	my $session = AzBearer->log_in($node, $token, user => 'ann', db => 'shop', %opt);
	return ref $session ? $session : die "not let in: $session";
}

# The answers to statements of a session; "?" asks who is there, a name sets that token.
sub answers
{
	my ($session, @sql) = @_;
	my @answers;
	for (@sql)
	{
		my $sql = $_ eq '?' ? 'SELECT who()' : exists $set{$_} ? "SELECT authz.set_token('$set{$_}')" : $_;
		my @said = $session->query($sql)->answers;
		push @answers, exists $set{$_} ? grep { length } @said : @said;
	}
	return \@answers;
}
sub gives
{
	my ($name, $token, $sql, $expected, %opt) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return is_deeply(answers(session_of($token, %opt), @$sql), $expected, $name);
}
sub as_super { return $node->safe_psql($_[1] // 'shop', $_[0]); }

my $in = 'ann valid 1';
my $bob = 'bob valid 2';
my $nobody = 'nobody none 0';
my $rejected = 'nobody rejected 0';
my $refused = '28000: token was refused';
my $other = '42501: cannot log in another subject than the one who opened the connection';
my $hint = 'It is the token that the connection was opened with: connect again with a new one, or set one.';

# ---- the identity, and what brings it back ----

sub there
{
	my ($way) = @_;
	gives("$way: there without set_token", $ann, [ '?', 'SELECT system_user, authz.token_id(), authz.has_scope(\'db\')', 'SELECT id FROM doc', 'SHOW dbmi_authz.token' ], [ $in, 'oauth:ann|J1|t', 1, 'token accepted' ]);
	gives("$way: the rows first", $ann, ['SELECT id FROM doc'], [1]);
	gives("$way: another one who logs in is that one", $set{bob}, ['?'], [$bob], user => 'bob');
	gives("$way: RESET and DISCARD ALL bring it back", $ann, [ 'bob', '?', 'RESET dbmi_authz.token', '?', 'bob', 'DISCARD ALL', '?', 'bob', 'RESET ALL', '?' ], [ $bob, $in, $in, $in ]);
	gives("$way: clear_token() leaves nobody, RESET ends that", $ann, [ 'SELECT authz.clear_token() IS NULL', '?', 'RESET dbmi_authz.token', '?' ], [ 'f', $nobody, $in ]);
	gives("$way: a refused one leaves nobody, whatever is rolled back", $ann, [ 'BEGIN', 'bad', 'ROLLBACK', '?', 'DISCARD ALL', '?', 'bad', 'bob', '?', 'RESET ALL', '?' ], [ $refused, $rejected, $in, $refused, $bob, $in ]);
	gives("$way: no role is another identity", $ann, [ 'SET ROLE ann', '?', 'SET dbmi_authz.login_identity = off', '?' ], [ $in, '42501: permission denied to set parameter "dbmi_authz.login_identity"', $in ]);
	return;
}

sub identities
{
	my ($way, $known) = @_;
	for my $value (qw(off base only))
	{
		as_super("ALTER ROLE ann SET dbmi_authz.login_identity = '$value'");
		my ($login, $after_bob, @said) = $value eq 'off' ? ($nobody, $bob) : $value eq 'base' ? ($in, $bob) : ($in, $in, $other);
		gives("$way: $value, another person's token", $ann, [ '?', 'bob', '?', 'RESET ALL', '?' ], [ $login, @said, $after_bob, $login ]);
		gives("$way: $value, as the first question", $ann, [ 'bob', '?' ], [ @said, $after_bob ]);
		gives("$way: $value, a newer one of the same person", $ann, [ 'ann', "SELECT authz.has_scope('write')", '?', 'RESET ALL', '?' ], [ 't', $in, $login ]);
		gives("$way: $value, a namesake of another issuer", $ann, [ 'namesake', 'SELECT authz.issuer()' ], $value eq 'only' ? [ $other, $id ] : ['https://second.example']);
		gives("$way: $value, a refused one, and a logout", $ann, [ 'bad', '?', 'bob', 'RESET ALL', 'SELECT authz.clear_token() IS NULL', '?' ], [ $refused, $rejected, @said, 'f', $nobody ]);
		my $session = AzBearer->log_in($node, $ann, user => 'ann', db => 'shop', options => '-c dbmi_authz.login_identity=base');
		is(ref $session ? 'let in' : $session, $known ? '42501: permission denied to set parameter "dbmi_authz.login_identity"' : 'let in', "$way: $value, and the client says another");
		is_deeply(answers($session, 'bob', 'SHOW dbmi_authz.login_identity'), [ $other, 'only' ], "$way: $value, then it is \"only\"") if ref $session;
	}
	as_super('ALTER ROLE ann RESET dbmi_authz.login_identity');
	return;
}

# ---- what ends it ----

sub ends
{
	my ($way, $brief, $expired) = @_;
	my $revocable = session_of(token(jti => "revoked $way"));
	is_deeply(answers($revocable, '?'), [$in], "$way: valid");
	as_super("SELECT authz.revoke_token('$id', 'revoked $way')");
	sleep 0.1 while time < $expired;
	for ([ $brief, 'token has expired', 'expired' ], [ $revocable, 'token was revoked', 'revoked' ])
	{
		my ($session, $message, $state) = @$_;
		$session->heard;
		is_deeply(answers($session, 'SELECT authz.subject()', 'SELECT count(*) FROM doc', 'RESET ALL', 'SELECT authz.subject()', 'SELECT authz.is_authenticated(), authz.token_state()'),
			[ ("28000: $message") x 3, "f|$state" ], "$way: $state during the session");
		is(scalar(grep { index($_, "H$hint\0") >= 0 } $session->heard), 3, "$way: each with a hint");
		is_deeply(answers($session, 'SELECT authz.clear_token() IS NULL', '?', 'RESET ALL', 'SELECT authz.token_state()', 'ann', '?'), [ 'f', $nobody, $state, $in ], "$way: and a newer token");
	}
	as_super("INSERT INTO authz.inactive_subject VALUES ('$id', 'ann')");
	my $inactive = session_of($ann);
	is_deeply(answers($inactive, '?', 'SELECT authz.require_authenticated()'), [ 'nobody valid 0', '28000: subject is inactive' ], "$way: an inactive person logs in, and is nobody");
	as_super('DELETE FROM authz.inactive_subject');
	is_deeply(answers($inactive, '?'), [$in], "$way: and is there when active again");
	return;
}

# ---- the database has the last word ----

sub databases
{
	my ($way) = @_;
	my $ask = 'SELECT coalesce(authz.subject(), \'nobody\'), authz.token_state()';
	gives("$way: an issuer that was dropped since the export", $ann, [ $ask, "SELECT authz.last_error() ->> 'error_description'" ], [ 'nobody|rejected', 'Invalid token issuer' ], db => 'stale');
	my $stale = session_of($ann, db => 'stale');
	answers($stale, $ask, $ask);
	is(scalar(grep { /WARNING/ && /token was refused/ } $stale->heard), 1, "$way: one warning");
	gives("$way: a key that was dropped since", token_of_b(), [ $ask, "SELECT authz.last_error() ->> 'error_description'" ], [ 'nobody|rejected', 'No matching key' ], db => 'partly');
	gives("$way: another key of it", $ann, [$ask], ['ann|valid'], db => 'partly');
	gives("$way: the extension was dropped since", $ann, [ $ask, 'SELECT 1', 'SELECT system_user' ], [ '42883: function authz.subject() does not exist', 1, 'oauth:ann' ], db => 'bare');
	logged();
	is(AzBearer->log_in($node, $ann, user => 'ann', db => 'never'), '28000: OAuth bearer authentication failed for user "ann"', "$way: a database that never exported lets nobody in");
	like(logged(), qr/LOG:  login by token was refused for role "ann"\n.*DETAIL:  File "dbmi_authz_login_trust.json" has no section for the database/, "$way: as the log says");
	return;
}

# ---- parallel workers ----

sub workers
{
	my ($way) = @_;
	my @forced = map { s/ \\g \/dev\/null//r } split /\n/, parallel_on($node);
	my @ask = ('SELECT count(*) FROM big', "SELECT count(*) FROM big WHERE authz.is_owner(owner || '')", 'SELECT count(*) FROM big WHERE authz.subject() IS NOT NULL');
	gives("$way: parallel plans", $ann, [ @forced, @ask ], [ 200, 200, 200 ]);
	my $session = session_of($ann);
	my $plan = join "\n", @{ answers($session, @forced, 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM big') };
	like($plan, qr/Workers Launched: [12]/, "$way: with workers");
	like(answers($session, 'SELECT count(*) FROM big WHERE wrongly_safe() IS NULL')->[0], qr/^\w{5}: .*parallel/, "$way: a worker that is asked does not answer \"nobody\"");
	gives("$way: after a refused token", $ann, [ @forced, 'bad', $ask[0] ], [ $refused, 0 ]);
	return;
}

# ---- what is told of it ----

sub told
{
	my ($way) = @_;
	logged();
	gives("$way: asked several times", $ann, [ '?', '?', 'SELECT 1 / 0', 'DISCARD ALL', '?' ], [ $in, $in, '22012: division by zero', $in ]);
	my $log = logged();
	my @lines = map { $json->decode($_) } $log =~ /LOG:  login accepted: (\{.*\})$/mg;
	my %who = (issuer => $id, subject => 'ann', actor => undef, token_id => 'J1');
	is_deeply(\@lines, [ \%who ], "$way: one line for the login");
	like($log, qr/LOG:  connection authenticated: identity="ann" method=oauth/, "$way: beside that of core");
	my ($identity) = $log =~ /ERROR:  division by zero\n(?:.*DETAIL:  )identity: (\{.*\})$/m;
	is_deeply($json->decode($identity // '{}'), \%who, "$way: its identity behind an error");
	gives("$way: refused by the database", $ann, ["SELECT authz.token_state()"], ['rejected'], db => 'stale');
	is(scalar(() = logged() =~ /LOG:  login refused: .*"reason": "Invalid token issuer"/g), 1, "$way: one line for that");
	gives("$way: counted in a session of its own", $ann, [ '?', '?' ], [ $in, $in ]);

	# the owner of a database changes its trust, and a row that is audited
	my $owner = session_of(token(sub => 'landlord', jti => 'L1'), user => 'landlord');
	is_deeply(answers($owner, "SELECT authz.revoke_token('$id', 'x$way')", "SELECT subject, token_id, session_role FROM authz.trust_log ORDER BY at DESC LIMIT 1"),
		[ '', 'landlord|L1|landlord' ], "$way: trust_log names it");
	gives("$way: a change", $ann, ['UPDATE doc SET id = id WHERE id = 1'], []);
	is(as_super("SELECT subject, token_id, issuer, login, session_role FROM authz.audit_event ORDER BY at DESC LIMIT 1"), "ann|J1|$id|valid|ann", "$way: audit_event names it");
	return $owner;
}

# authz.stat and sessions() of all sessions, where the server preloads the library.
sub counted
{
	my ($way, $owner) = @_;
	as_super('SELECT authz.stat_reset()');
	my $session = session_of($ann);
	my ($pid, $began) = split /\|/, answers($session, 'SELECT pg_backend_pid(), backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()')->[0];
	my $row = "SELECT issuer, subject, actor IS NULL, since = '$began', expires > now() + interval '3000 s', state FROM authz.sessions() WHERE pid = $pid";
	answers($session, '?');
	is_deeply(answers($owner, $row), ["$id|ann|t|t|t|valid"], "$way: sessions() has it, since the connection began");
	is(as_super('SELECT scope, tokens_accepted, tokens_refused FROM authz.stat'), 'server|1|0', "$way: a login is one");
	answers($session, '?', 'bad', '?');
	is_deeply(answers($owner, $row), [], "$way: nobody after a refused token");
	answers($session, 'DISCARD ALL', '?');
	is_deeply(answers($owner, $row), ["$id|ann|t|t|t|valid"], "$way: and again after DISCARD ALL");
	answers($session, 'bob', '?');
	is_deeply(answers($owner, $row =~ s/since = /since > /r), ["$id|bob|t|t|t|valid"], "$way: another token has a time of its own");
	is(as_super('SELECT tokens_accepted, tokens_refused FROM authz.stat'), '2|1', "$way: what was set is counted beside it");
	return;
}

for (
	[ 'not preloaded', '', '' ], [ 'by the session', '', 'dbmi_authz' ], [ 'the validator by the server', 'dbmi_authz_oauth', '' ],
	[ 'both', 'dbmi_authz_oauth, dbmi_authz', '' ], [ 'by the server', 'dbmi_authz', '' ])
{
	my ($way, $server, $session) = @$_;
	$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "'$server'");
	$node->adjust_conf('postgresql.conf', 'session_preload_libraries', "'$session'");
	$node->restart;
	my $brief = session_of(token(exp => '+8'));
	my $expired = time + 8.5;
	is_deeply(answers($brief, '?'), [$in], "$way: a token that expires soon");
	there($way);
	identities($way, $server =~ /\bdbmi_authz\b/);
	ends($way, $brief, $expired);
	databases($way);
	workers($way);
	my $owner = told($way);
	counted($way, $owner) if $server =~ /\bdbmi_authz\b/;
}

# ---- the token is nowhere to be read ----

# Everything that a superuser reads by SQL, while that session is open.  Who asks the view
# hand_over where nothing is handed over is told so.
my $open = session_of($ann);
is_deeply(answers($open, '?', 'SELECT authz.token_id()'), [ $in, 'J1' ], 'a session is open');
my @read = (as_super('SELECT name, setting, reset_val, boot_val FROM pg_settings'), as_super('SELECT * FROM pg_stat_activity'), as_super('SELECT * FROM authz.sessions()'));
push @read, as_super("SELECT * FROM authz.$_") for split /\n/, as_super("SELECT relname FROM pg_class WHERE relnamespace = 'authz'::regnamespace AND relkind IN ('r', 'v') AND relname <> 'hand_over'");
push @read, @{ answers($open, 'SHOW ALL', 'SELECT current_setting(\'dbmi_authz.token\')', 'SELECT * FROM pg_settings', 'SELECT authz.claims()', 'SELECT authz.last_error()', 'SELECT system_user, session_user', 'SELECT * FROM pg_prepared_statements', 'SELECT * FROM pg_cursors', 'SELECT * FROM pg_backend_memory_contexts') };
ok(!(grep { holds_token($_, $ann) } @read), 'nowhere in SQL');

# ---- psql gets a token by itself ----
SKIP:
{
	skip 'libpq-oauth is not installed', 2 unless $issuer;
	my $sql = 'SELECT authz.subject(), authz.issuer(), authz.token_id(), authz.token_state(), current_user, system_user';
	open my $file, '>', "$work/token" or die $!;
	print $file token(iss => $issuer, jti => 'D1');
	close $file;
	local $ENV{PGOAUTHDEBUG} = 'UNSAFE';
	IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr('flow') . " user=ann oauth_issuer=$issuer oauth_client_id=c", '-c', $sql, '-c', 'DISCARD ALL', '-c', $sql ], '<', \undef, '>', \my $out, '2>', \my $err);
	is($out, "ann|$issuer|D1|valid|ann|oauth:ann\n" x 2, 'the device flow: that identity, also after DISCARD ALL') or diag($err);
	unlike($out . $err =~ s/^\[HTTP.*$//mgr, qr/WARNING|ERROR/, 'and nothing else is said');
}

# C8.8: no byte of a token, at debug5
my $log = slurp_file($node->logfile);
my %said;
for my $run ($log =~ /[A-Za-z0-9_-]{12,}/g)
{
	$said{ substr $run, $_, 12 } = 1 for 0 .. length($run) - 12;
}
my @told = grep { my ($claims, $signature) = (split /\./)[ 1, 2 ]; grep { $said{$_} } map { my $part = $_; map { substr $part, $_, 12 } 0 .. length($part) - 12 } $claims, $signature } @tokens;
is(scalar @told, 0, 'no byte of ' . @tokens . ' tokens in the log') or diag(join "\n", map { substr $_, 0, 400 } (grep { holds_token($_, $forged) } split /\n/, $log)[ 0 .. 3 ]);
like($log, qr/DEBUG:  /, 'which says a lot otherwise');
unlike($log, qr/PANIC|TRAP|terminated by signal/, 'nothing crashed');

done_testing();
