# dbmi_authz.log_logins: each login, by whatever road, is one line of JSON in the
# server's log, with no byte of a token, whatever was presented; and no more of
# them within a second than dbmi_authz.log_rate.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->utf8->canonical;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', join("\n", 'log_statement = none', 'log_min_messages = warning', 'max_connections = 40',
	"log_line_prefix = '%u '", ''));
$node->start;
trust($node, 'postgres');
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE TABLE doc (owner text);
INSERT INTO doc VALUES ('ann');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
CREATE TABLE note (id int);
GRANT ALL ON doc, note TO app;
SELECT authz.set_actor_ceiling('https://id.example', 'bot');
CREATE FUNCTION nested(token text) RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM authz.set_token(token); END';
CREATE FUNCTION caught(token text) RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM authz.set_token(token); EXCEPTION WHEN OTHERS THEN NULL; END';
-- in a security-restricted operation
CREATE FUNCTION within(id int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM authz.set_token(current_setting('my.token')); RETURN id; END $$;
CREATE FUNCTION storm(token text, times int) RETURNS void LANGUAGE plpgsql AS 'BEGIN FOR i IN 1 .. times LOOP PERFORM authz.try_set_token(token); END LOOP; END';
SQL
trust($node, $_) for 'latin', 'ascii';

my $log = $node;
my $seen = -s $node->logfile;

# What was logged since the last call.
sub logged
{
	my $all = slurp_file($log->logfile);
	my $new = substr($all, $seen);
	$seen = length $all;
	return $new;
}

# A token that nobody has signed.
sub shaped
{
	my ($header, $claims, $signature) = @_;
	return join '.', map { encode_base64url($_) } ref $header ? $json->encode($header) : $header,
	  ref $claims ? $json->encode($claims) : $claims, $signature // 'x' x 64;
}

my %token = (ann => mint(jti => 'J1', act => { sub => 'writer' }), bob => mint(sub => 'bob'), bot => mint(act => { sub => 'bot' }),
	old => mint(exp => '-60'), forged => forge(), stranger => mint(iss => 'https://stranger.example'));
my %ann = (issuer => 'https://id.example', subject => 'ann', actor => 'writer', token_id => 'J1');
my %unsaid = (issuer => 'https://id.example', subject => 'ann', actor => undef, token_id => undef);
my %of_ours = (unverified => { iss => 'https://id.example', kid => 'k1' });

# The lines in what was logged: "accepted" or "refused", and what the line says.
sub lines
{
	my ($text) = @_;
	my @lines;
	while ($text =~ /^\S* ?LOG:  login (\w+): (.*)$/mg)
	{
		my ($what, $line) = ($1, $2);
		fail "not printable: $line" if $line =~ /[^\x20-\x7e]/;
		push @lines, [ $what, $json->decode($line) ];
	}
	fail "statement or context in: $text" if $text =~ /LOG:  login [^\n]*\n[^\n]*(?:STATEMENT|CONTEXT|DETAIL):/;
	for my $who (keys %token) { fail "token of $who in: $text" if holds_token($text, $token{$who}); }
	return @lines;
}

# A session, and the lines that it makes.
sub is_logged
{
	my ($sql, $expected, $name, %opt) = @_;
	logged();
	my @client = session($node, $sql, tokens => \%token, %opt);
	my $text = logged();
	is_deeply([ lines($text) ], $expected, $name) or diag $text, join "\n", @client;
	return join "\n", @client;
}

sub refused { return [ 'refused', { error => 'invalid_token', reason => $_[0], %of_ours } ]; }

# C6.5: lines about logins
# ---- when there is a line ----

my $both = "SELECT authz.try_set_token('%{forged}');\nSELECT authz.try_set_token('%{ann}');";
is_logged($both, [], 'off, as it is by default');
is(is_logged("SELECT authz.token_state() \\g /dev/null\nSET dbmi_authz.log_logins = off;\nSET dbmi_authz.log_rate = 1;\nSHOW dbmi_authz.log_rate;", [], 'settings'),
	"42501: permission denied to set parameter \"dbmi_authz.log_logins\"\n42501: permission denied to set parameter \"dbmi_authz.log_rate\"\n100", 'they are not for everybody to set');
$node->append_conf('postgresql.conf', "dbmi_authz.log_logins = failures\ndbmi_authz.log_rate = 1000");
$node->reload;
is_logged($both, [ refused('Invalid token signature') ], 'failures');
$node->append_conf('postgresql.conf', 'dbmi_authz.log_logins = all');
$node->reload;
is_logged($both, [ refused('Invalid token signature'), [ accepted => \%ann ] ], 'all');

# ---- every road ----

# accept, and beside it refuse
for my $road (
	[ 'set_token', "SELECT authz.set_token('%s');" ],
	[ 'set_token, local', "SELECT authz.set_token('%s', true);" ],
	[ 'try_set_token', "SELECT authz.try_set_token('%s');" ],
	[ 'try_set_token, local', "BEGIN\\; SELECT authz.try_set_token('%s', true)\\; COMMIT;" ],
	[ 'SET', "SELECT authz.token_state();\nSET dbmi_authz.token = '%s';" ],
	[ 'SET LOCAL', "SELECT authz.token_state();\nBEGIN;\nSET LOCAL dbmi_authz.token = 'Bearer %s';\nROLLBACK;" ],
	[ 'set_config', "SELECT authz.token_state(), set_config('dbmi_authz.token', ' %s ', false);" ],
	[ 'a function', "SELECT nested('%s');" ],
	[ 'an error that is caught', "SELECT caught('%s');" ],
	[ 'rolled back', "BEGIN;\nSELECT authz.set_token('%s');\nROLLBACK;" ],
	[ 'set early', "SET dbmi_authz.token = '%s';\nSELECT authz.token_state();" ],
	[ 'with a newline', "SELECT authz.set_token('%s' || E'\\n');" ])
{
	my ($name, $sql) = @$road;
	is_logged(sprintf($sql, '%{ann}'), [ [ accepted => \%ann ] ], "$name: accepted");
	is_logged(sprintf($sql, '%{old}'), [ refused('Token has expired') ], "$name: refused");
}
is_logged("SET dbmi_authz.token = '%{ann}';\nSELECT 1;", [], 'set early, and nobody asks');
is_logged("SELECT authz.set_token('%{ann}') FROM generate_series(1, 3);", [ ([ accepted => \%ann ]) x 3 ], 'a token that is known is a login again');
is_logged("SELECT authz.set_token('%{ann}');\nSELECT authz.set_token('%{bob}');",
	[ [ accepted => \%ann ], [ accepted => { %unsaid, subject => 'bob' } ] ], 'another identity');

# What is refused before the token is looked at, and is a login nevertheless.
my %request = (error => 'invalid_request', %of_ours);
my $preload = "-c session_preload_libraries=dbmi_authz";
is_logged('SELECT authz.token_state();', [ [ refused => { %request, reason => 'parameter "dbmi_authz.token" can only be set within a session' } ] ],
	'connection options', options => "-c dbmi_authz.token=$token{ann} $preload", user => $superuser);
$node->safe_psql('postgres', q{LOAD 'dbmi_authz'; ALTER ROLE app SET dbmi_authz.token_scope = 'transaction'});
is_logged("SELECT authz.set_token('%{ann}');\nSELECT authz.try_set_token('%{ann}');\nSELECT authz.set_token('%{ann}', true);",
	[ ([ refused => { %request, reason => 'a token must be set for the transaction' } ]) x 2, [ accepted => \%ann ] ], 'token_scope');
$node->safe_psql('postgres', q{LOAD 'dbmi_authz'; ALTER ROLE app RESET dbmi_authz.token_scope});
my %asks = (error => undef, reason => 'cannot change the identity while a query that asked for it is running', %of_ours);
is_logged("SELECT authz.set_token('%{ann}');\nSELECT authz.set_token('%{bob}') FROM doc;\nSELECT authz.try_set_token('%{bob}') FROM doc;\n"
	  . "SELECT set_config('dbmi_authz.token', '%{bob}', false) FROM doc;\nSELECT authz.subject();", [ [ accepted => \%ann ], ([ refused => \%asks ]) x 3 ],
	'while a query runs that asks') =~ /^ann$/m or fail 'and nothing is changed';
is_logged("SET my.token = '%{ann}';\nCREATE TEMP TABLE n AS SELECT 1 AS id;\nCREATE INDEX ON n (within(id));",
	[ [ refused => { error => undef, reason => 'cannot change the identity within a security-restricted operation', %of_ours } ] ], 'a security-restricted operation');
is_logged("INSERT INTO note SELECT 1 WHERE authz.try_set_token('%{bot}');",
	[ [ refused => { %request, reason => 'cannot log in an actor that only reads while a query that writes is running' } ] ], 'an actor that only reads, while a query writes');
is_logged("SELECT authz.set_token('%{bot}');", [ [ accepted => { %unsaid, actor => 'bot' } ] ], 'the same elsewhere');
is_logged("SELECT authz.try_set_token(NULL);\nSELECT authz.try_set_token('');", [ ([ refused => { error => undef, reason => 'Missing token' } ]) x 2 ], 'no token');
is_logged("SELECT authz.try_set_token(repeat('a.', 40000));", [ [ refused => { error => 'invalid_token', reason => 'Token is too large' } ] ], 'a large one');

# Errors while it is verified: who waits for the table of issuers.
for my $how ([ 'a timeout', 'SET lock_timeout = 200', sub { } ], [ 'a cancel', 'SELECT 1', sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend($_[0])") } ])
{
	my ($name, $before, $happens) = @$how;
	my $holder = AzWire->new($node, user => $superuser);
	my $wire = AzWire->new($node);
	my ($pid) = $wire->query('SELECT pg_backend_pid()')->answers;
	$wire->query("SELECT authz.token_state()")->answers;
	$wire->query($before)->answers;
	$holder->query('BEGIN; LOCK TABLE authz.issuer IN ACCESS EXCLUSIVE MODE')->answers;
	logged();
	$wire->query("SELECT authz.set_token('$token{ann}')")->send_all;
	$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_stat_activity WHERE pid = $pid AND wait_event_type = 'Lock'");
	$happens->($pid);
	$wire->answers;
	is_deeply([ lines(logged()) ], [ refused('Token could not be verified') ], "$name while it is verified");
	$holder->query('ROLLBACK')->answers;
}

# What is no login.
is_logged("SELECT authz.verify_token('%{ann}') IS NOT NULL;\nSELECT authz.verify_token('%{forged}');", [], 'verify_token');
is_logged("SELECT authz.clear_token();\nRESET dbmi_authz.token;\nDISCARD ALL;\nSELECT set_config('dbmi_authz.token', NULL, false);", [], 'the end of a login');
is_logged("SELECT authz.token_state();\nALTER ROLE app SET dbmi_authz.token = '%{ann}';", [], 'a stored value that is refused', user => $superuser);
is_logged("BEGIN;\nSELECT authz.simulate('{\"iss\": \"https://id.example\", \"sub\": \"eve\"}');", [], 'a simulated identity', user => $superuser);

# ---- what was presented ----

# One that is refused, and what the line says of issuer and key; undef: nothing.
sub presents
{
	my ($name, $token, $expected) = @_;
	local $token{presented} = $token;
	logged();
	my $wire = AzWire->new($node);
	$wire->parse('', 'SELECT authz.try_set_token($1)')->bind('', '', $token)->execute('')->sync->answers;
	my @lines = lines(logged());
	is(scalar @lines, 1, "$name: one line");
	is_deeply($lines[0][1]{unverified}, $expected, $name) or diag $json->encode($lines[0][1]);
	return;
}
my %header = (alg => 'ES256', kid => 'k1');
my %claims = (iss => 'https://id.example', exp => 4102444800, sub => 'Tom');
my $thumbprint = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
presents('claims that stay unsaid', shaped(\%header, { %claims, email => 'tom@example.com' }), { iss => 'https://id.example', kid => 'k1' });
presents('a thumbprint', shaped({ %header, kid => $thumbprint }, \%claims), { iss => 'https://id.example', kid => $thumbprint });
presents('neither', shaped({ alg => 'ES256' }, { sub => 'x' }), { iss => undef, kid => undef });
presents('of other types', shaped({ alg => 'ES256', kid => 1 }, { iss => ['x'] }), { iss => undef, kid => undef });
presents('64 bytes', shaped({ %header, kid => 'k' x 64 }, { iss => 'i' x 64 }), { iss => 'i' x 64, kid => 'k' x 64 });
presents('65 bytes', shaped({ %header, kid => 'k' x 65 }, { iss => 'i' x 65 }), { iss => 'i' x 64 . '...', kid => 'k' x 64 . '...' });
presents('64 bytes, within a character', shaped(\%header, { iss => 'i' x 63 . "\x{20ac}" }), { iss => 'i' x 63 . '...', kid => 'k1' });
my $odd = "a\napp LOG:  login accepted: {\"subject\": \"x\"}\r\t\x1b[31m\x7f\"\\\x{85}\x{e9}";
presents('odd characters', shaped({ %header, kid => $odd }, { iss => "\x{2028}\x{202e}\x{1f600}" }), { iss => "\x{2028}\x{202e}\x{1f600}", kid => $odd });
presents('braces and dots', shaped({ %header, kid => '{"a": "b"}.{}' }, { iss => 'a.b.c.d' }), { iss => 'a.b.c.d', kid => '{"a": "b"}.{}' });
# a token, or what may be a part of one
presents('a token as kid', shaped({ %header, kid => $token{ann} }, \%claims), { iss => 'https://id.example', kid => '(a token)' });
presents('a token as issuer', shaped(\%header, { iss => "Bearer $token{ann}" }), { iss => '(a token)', kid => 'k1' });
presents('a header as kid', shaped({ %header, kid => (split /\./, $token{ann})[0] }, \%claims), { iss => 'https://id.example', kid => '(a token)' });
presents('claims as issuer', shaped(\%header, { iss => (split /\./, $token{ann})[1] }), { iss => '(a token)', kid => 'k1' });
presents('a token behind 64 bytes', shaped({ %header, kid => 'k' x 60 . ".$token{ann}" }, \%claims), { iss => 'https://id.example', kid => '(a token)' });
my $signature = '0123456789abcdef' x 4;
presents('its own signature', shaped({ %header, kid => encode_base64url($signature) }, \%claims, $signature), { iss => 'https://id.example', kid => '(a token)' });
presents('a piece of its own signature', shaped({ %header, kid => 'kid ' . substr(encode_base64url($signature), 21, 12) }, \%claims, $signature),
	{ iss => 'https://id.example', kid => '(a token)' });
presents('eight characters of it, wherever they stand', shaped({ %header, kid => 'k' . substr(encode_base64url($signature), 21, 8) }, \%claims, $signature),
	{ iss => 'https://id.example', kid => '(a token)' });
presents('seven', shaped({ %header, kid => 'k' . substr(encode_base64url($signature), 21, 7) }, \%claims, $signature),
	{ iss => 'https://id.example', kid => 'k' . substr(encode_base64url($signature), 21, 7) });
# no shape of a token
presents($_->[0], $_->[1], undef) for [ 'one segment', 'abc' ], [ 'no base64url', 'a!b.c.d' ], [ 'five segments', 'a.b.c.d.e' ],
	[ 'no JSON', shaped('{"kid": "x"', \%claims) ], [ 'no JSON in the payload', shaped(\%header, 'garbage') ], [ 'an array', shaped(\%header, '["x"]') ],
	[ 'invalid UTF-8', shaped("{\"kid\": \"\xff\xfe\"}", \%claims) ], [ 'U+0000', shaped('{"kid": "\u0000"}', \%claims) ],
	[ 'a name twice', shaped('{"kid": "a", "kid": "b"}', \%claims) ], [ 'too deep', shaped(\%header, '{"iss": "x", "a": ' . '[' x 100 . ']' x 100 . '}') ];

# A verified claim may be as odd, and is bounded too.
is_logged("SELECT authz.set_token('%{odd}');", [ [ accepted => { %unsaid, subject => $odd, token_id => 'x' x 255 . '...' } ] ], 'odd claims of a good token',
	tokens => { odd => mint(sub => $odd, jti => 'x' x 300) });

# ---- other encodings ----

for my $db ('latin', 'ascii')
{
	my $accent = "caf\x{e9}";
	is_logged("SELECT authz.set_token('%{accent}');", [ [ accepted => { %unsaid, subject => $accent, actor => $accent, token_id => $accent } ] ],
		"$db: accepted", db => $db, tokens => { accent => mint(sub => $accent, act => { sub => $accent }, jti => $accent) });
	is_logged("SELECT authz.try_set_token('%{strange}');",
		[ [ refused => { error => 'invalid_token', reason => 'Invalid token issuer', unverified => { iss => "\x{e9}\x{20ac}\x{1f600}", kid => 'k1' } } ] ],
		"$db: refused", db => $db, tokens => { strange => mint(iss => "\x{e9}\x{20ac}\x{1f600}") });
}

# ---- how many ----

# So many logins of each kind in one session; the lines that came of them.
sub storm
{
	my ($rate, $refused, $accepted) = @_;
	logged();
	my $wire = AzWire->new($node, user => $superuser, options => "-c dbmi_authz.log_rate=$rate");
	$wire->query("SELECT authz.token_state()")->answers;
	my $start = time;
	$wire->query("SELECT storm('$token{forged}', $refused), storm('$token{ann}', $accepted)")->answers;
	my $seconds = time - $start;
	undef $wire;
	my $text = '';
	my $left;
	for (1 .. 100)
	{
		$text .= logged();
		last if ($left) = $text =~ /LOG:  login lines left out: (.*)/;
		last if $rate == 0;
		sleep 0.1;
	}
	my @lines = lines($text);
	my %left = (accepted => 0, refused => 0);
	for my $out ((map { $_->[1]{left_out} } @lines), $left ? $json->decode($left) : ()) { $left{$_} += $out->{$_} // 0 for keys %left; }
	my $n = () = $text =~ /login lines left out/g;
	return ($seconds, \%left, $n, @lines);
}
my ($seconds, $left, $ends, @lines) = storm(5, 3000, 2000);
cmp_ok(scalar @lines, '<=', 5 * (int($seconds) + 1), 'no more lines than the rate');
cmp_ok(scalar @lines, '>=', 5, 'nor fewer');
is($left->{refused} + (grep { $_->[0] eq 'refused' } @lines), 3000, 'each refusal is a line or counted');
is($left->{accepted} + (grep { $_->[0] eq 'accepted' } @lines), 2000, 'each login is a line or counted');
is($ends, 1, 'the rest is told when the session ends');
($seconds, $left, $ends, @lines) = storm(0, 300, 200);
is(scalar @lines, 500, 'no limit');
is($ends, 0, 'then nothing is left out');
# the next line tells, and then nothing is left to tell
{
	my $wire = AzWire->new($node, user => $superuser, options => '-c dbmi_authz.log_rate=1');
	$wire->query("SELECT authz.token_state()")->answers;
	logged();
	$wire->query("SELECT storm('$token{forged}', 10)")->answers;
	sleep 1.1;
	$wire->query("SELECT storm('$token{ann}', 1)")->answers;
	@lines = lines(logged());
	is(scalar @lines, 2, 'one line in each second');
	is_deeply($lines[1][1]{left_out}, { accepted => 0, refused => 9 }, 'the next one tells how many were left out');
	sleep 1.1;
	$wire->query("SELECT storm('$token{ann}', 1)")->answers;
	is_deeply([ lines(logged()) ], [ [ accepted => \%ann ] ], 'once');
}

# ---- a standby ----

$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
$log = $standby;
$seen = -s $standby->logfile;
session($standby, $both, tokens => \%token);
is_deeply([ lines(logged()) ], [ refused('Invalid token signature'), [ accepted => \%ann ] ], 'a standby');
$standby->stop;
$log = $node;

# ---- formats ----

$node->append_conf('postgresql.conf', "logging_collector = on\nlog_directory = 'formats'\nlog_filename = 'main.log'\nlog_destination = 'stderr, csvlog, jsonlog'");
$node->restart;
session($node, "SELECT authz.try_set_token('%{odd}');", tokens => { odd => mint(sub => $odd) });
session($node, "SELECT authz.try_set_token('%{odd}');", tokens => { odd => shaped({ %header, kid => $odd }, { iss => $odd }) });
$node->stop;
for my $format ('log', 'csv', 'json')
{
	my $text = slurp_file($node->data_dir . "/formats/main.$format");
	my @found = grep { /login (?:accepted|refused)/ } split /\n/, $text;
	is(scalar @found, 2, "$format: one line each");
	is(scalar(grep { /[^\x20-\x7e]/ } @found), 0, "$format: printable");
	like($found[0], qr/subject.*a\\+u000aapp LOG/, "$format: what it says");
}

unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|server process .* exited|TRAP/, 'nothing crashed');
done_testing();
