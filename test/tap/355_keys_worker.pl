# dbmi_authz_keys: keys come by themselves, ahead of time and when a token names an
# unknown one; many sessions make one fetch; and whatever a provider does, the keys
# that are there stay.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzKeys;
use AzTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $provider = provider();
my $at = "http://$provider->{at}";
my $node = keys_node('main', $provider->{at}, 'log_min_messages = log');
$node->safe_psql('postgres', 'CREATE EXTENSION dbmi_authz');
my $a = jwk('p256_a.pem', 'a');
my $b = jwk('p256_b.pem', 'b');
my $odd = { kty => 'XX', kid => 'odd' };

is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'dbmi_authz_keys launcher' AND state = 'idle'"), 1, 'pg_stat_activity shows the launcher');

# C11.1: an issuer's keys come by themselves, and are asked for again ahead of time
control($provider, '/a' => { body => key_set($a), etag => '"1"', headers => { 'Cache-Control' => 'public, max-age=7200' } });
add_issuer($node, 'https://a.example', "$at/a");
my $token = token_of('https://a.example', 'p256_a.pem', 'a');
until_true(sub { login($node, $token) eq 'ann' }, 'keys come without anybody asking');
is(status_of($node, 'https://a.example'), '-', 'no error');
my $next = $node->safe_psql('postgres', "SELECT extract(epoch FROM next_due - last_success) FROM authz.jwks_status");
cmp_ok($next, '>=', 0.79 * 7200, 'the next time is ahead of the end,');
cmp_ok($next, '<=', 0.96 * 7200, 'and not by much');
is(scalar requests($provider), 1, 'one request');
$node->safe_psql('postgres', 'UPDATE authz.jwks_status SET next_due = now()');
until_true(sub { requests($provider) == 2 }, 'due: asked again');
is((requests($provider))[1]{headers}{'if-none-match'}, '"1"', 'with the ETag');
until_true(sub { $node->safe_psql('postgres', "SELECT next_due > now() + '1 hour' AND last_success > now() - '5 s'::interval FROM authz.jwks_status") eq 't' }, 'not modified is a success');
is((requests($provider))[0]{headers}{'user-agent'}, 'dbmi_authz_keys', 'it says who asks');

# Where somebody has removed a key, the same set must bring it back.
$node->safe_psql('postgres', "SELECT authz.drop_key('https://a.example', 'a'); UPDATE authz.jwks_status SET next_due = NULL");
until_true(sub { login($node, $token) eq 'ann' }, 'a key that was dropped comes back with the same ETag');

# C11.2: an unknown key is fetched at once, whichever road its token comes
forget($provider);
control($provider, '/a' => { body => key_set($a, $b, $odd), etag => '"2"' });
my $new = token_of('https://a.example', 'p256_b.pem', 'b');
my $begin = time;
my $refused = login($node, $new);
like($refused, qr/^28000: token was refused\n.*No matching key.*\nHINT:  The key is being fetched; try again in a second\./s, 'refused at once, with a hint');
until_true(sub { login($node, $new) eq 'ann' }, 'and accepted');
cmp_ok(time - $begin, '<', 20, 'soon');
is(scalar requests($provider), 1, 'by one request');
is($node->safe_psql('postgres', "SELECT json_array_length(skipped) FROM authz.jwks_status"), 1, 'an odd entry is skipped');
unlike(log_of($node), qr/skipping a key/, 'not in the log each time');

# The road does not matter: the setting, try_set_token, verify.
my $fresh = token_of('https://a.example', 'p256_b.pem', 'c');
control($provider, '/a' => { body => key_set($a, $b, { %$b, kid => 'c' }), etag => '"3"' });
like(join("\n", session($node, "SET dbmi_authz.token = '$fresh';", user => $node->{superuser}, details => 1)), qr/being fetched/, 'SET');
until_true(sub { login($node, $fresh) eq 'ann' }, 'accepted');
control($provider, '/a' => { body => key_set($a, { %$b, kid => 'd' }), etag => '"4"' });
$fresh = token_of('https://a.example', 'p256_b.pem', 'd');
is(join("\n", session($node, "SELECT authz.try_set_token('$fresh');", user => $node->{superuser})), 'f', 'try_set_token');
until_true(sub { login($node, $fresh) eq 'ann' }, 'accepted');
like(login($node, $new), qr/No matching key/, 'a key that the provider has taken back has gone');

# C11.1: an ETag is that of one URL
my $moves = "http://$provider->{at}/moves";
sub moves_to { my ($path) = @_; return ('/moves/.well-known/openid-configuration' => { body => { issuer => $moves, jwks_uri => "$at$path" } }); }
control($provider, moves_to('/v1'), '/v1' => { body => key_set($a), etag => '"1"' }, '/v2' => { body => key_set($a, $b), etag => '"1"' });
add_issuer($node, $moves);
until_true(sub { login($node, token_of($moves, 'p256_a.pem', 'a')) eq 'ann' }, 'a set');
control($provider, moves_to('/v2'));
$fresh = token_of($moves, 'p256_b.pem', 'b');
until_true(sub { login($node, $fresh) eq 'ann' }, 'elsewhere the same ETag says nothing');

# C11.1: those that cannot be asked do not keep others waiting
$node->safe_psql('postgres', "SELECT authz.add_issuer('http://nobody' || i || '.example', '{clinic}', options => '{\"algorithms\": [\"ES256\"]}') FROM generate_series(1, 120) i;
	UPDATE authz.jwks_status SET next_due = now() - interval '1 s', last_success = NULL");
until_true(sub { $node->safe_psql('postgres', 'SELECT bool_and(last_success IS NOT NULL) FROM authz.jwks_status') eq 't' }, 'behind a hundred that cannot be asked');
$node->safe_psql('postgres', "SELECT authz.drop_issuer(issuer) FROM authz.issuer WHERE issuer LIKE 'http://nobody%'");

# ---- what nobody can fetch ----
$node->safe_psql('postgres', "SELECT authz.add_issuer('by hand', '{clinic}', options => '{\"algorithms\": [\"ES256\"]}')");
unlike(login($node, token_of('by hand', 'p256_a.pem', 'x')), qr/being fetched/, 'no hint where nothing can be fetched');
unlike(login($node, token_of('https://nobody.example', 'p256_a.pem', 'x')), qr/being fetched/, 'nor for an issuer that is none');

# C11.2: many sessions at once make one fetch
sub burst
{
	my ($token, $connections, $each) = @_;
	my @runs;
	my $sql = "SELECT authz.set_token('$token');\n" x $each;
	for (1 .. $connections)
	{
		my $out = '';
		push @runs, [ \$out, IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$sql, '>', \$out, '2>&1') ];
	}
	$_->[1]->finish for @runs;
	return map { ${ $_->[0] } } @runs;
}
control($provider, '/burst' => { body => key_set($a) });
add_issuer($node, 'https://burst.example', "$at/burst");
my $many = token_of('https://burst.example', 'p256_b.pem', 'e');
until_true(sub { login($node, token_of('https://burst.example', 'p256_a.pem', 'a')) eq 'ann' }, 'another issuer');
forget($provider);
control($provider, '/burst' => { body => key_set($a, { %$b, kid => 'e' }), delay => 0.3 });
my @out = burst($many, 20, 25);
is(scalar requests($provider), 1, '500 sessions with an unknown key make one request');
like(join('', @out), qr/being fetched/, 'and are told');
until_true(sub { login($node, $many) eq 'ann' }, 'accepted');

# C11.3: an attacker's keys that never come
forget($provider);
control($provider, '/burst' => { body => key_set($a, { %$b, kid => 'e' }) });
my $size = length log_of($node);
$begin = time;
my $never = token_of('https://burst.example', 'p256_b.pem', 'never');
@out = burst($never, 20, 25);
is(scalar requests($provider), 1, 'tokens that never will be good: one request');
is(login($node, $many), 'ann', 'those with a good token notice nothing');
like(login($node, $never), qr/HINT:  Load the issuer's current keys/, 'and no hint that it is coming');
burst(token_of('https://burst.example', 'p256_b.pem', "never$_"), 3, 5) for 1 .. 25;
cmp_ok(scalar requests($provider), '<=', 10 * (1 + int((time - $begin) / 60)), 'no more than the limit, however long');
my @lines = grep { !/ERROR|DETAIL|HINT|STATEMENT/ } split /\n/, substr log_of($node), $size;
cmp_ok(scalar @lines, '<', 10, 'no flood in the log') or diag(join "\n", @lines);

# C11.4: whatever a provider does, the keys that are there stay
my %faults = (
	status => [ { status => 500, body => 'no' }, 'http_status' ],
	redirect => [ { status => 302, headers => { Location => "$at/good" } }, 'redirect' ],
	html => [ { body => '<html>' }, 'not_json' ],
	array => [ { body => [] }, 'not_json' ],
	large => [ { size => 10_000_000 }, 'too_large' ],
	empty => [ { body => key_set() }, 'refused_keys' ],
	private => [ { body => key_set({ %$a, d => 'AAAA' }) }, 'refused_keys' ],
	unasked => [ { status => 304, body => '' }, 'http_status' ],
	interim => [ { flood => "HTTP/1.1 100 Continue\r\nX: " . 'x' x 1000 . "\r\n\r\n" }, 'too_large' ],
	hang => [ { hang => 1 }, 'timeout' ],
	drip => [ { body => key_set($a), drip => 0.05 }, 'timeout' ],
	close => [ { close => 1 }, 'unreachable' ]);
$node->append_conf('postgresql.conf', "dbmi_authz_keys.timeout = '1500ms'\n");
$node->reload;
control($provider, '/good' => { body => key_set($a) }, map { ("/$_" => $faults{$_}[0]) } keys %faults);
for my $name (sort keys %faults)
{
	add_issuer($node, "https://$name.example", "$at/$name");
	my $set = JSON::PP->new->encode(key_set($a));
	$node->safe_psql('postgres', "SELECT authz.set_jwks('https://$name.example', '$set'); UPDATE authz.jwks_status SET next_due = now() WHERE issuer = 'https://$name.example'");
}
for my $name (sort keys %faults)
{
	until_true(sub { status_of($node, "https://$name.example") eq $faults{$name}[1] }, "$name: $faults{$name}[1]", 40)
	  or diag(status_of($node, "https://$name.example"));
	is(login($node, token_of("https://$name.example", 'p256_a.pem', 'a')), 'ann', 'the key that was there stays');
}
is($node->safe_psql('postgres', "SELECT count(*) FROM authz.jwks_status WHERE last_error IS NOT NULL AND next_due > last_attempt AND last_success < last_attempt"), scalar keys %faults, 'each is tried again later');
is(scalar requests($provider, '/good'), 0, 'a redirect is not followed');
my $log = log_of($node);
like($log, qr/LOG:  could not refresh the keys of issuer "https:\/\/status.example" in database "postgres": http_status\n.*DETAIL:  HTTP status 500\./, 'the log says so');
unlike($log, qr/<html>|"kty"/, 'and nothing of what was sent');
control($provider, '/status' => { body => key_set($a) });
$node->safe_psql('postgres', "UPDATE authz.jwks_status SET next_due = now() WHERE issuer = 'https://status.example'");
until_true(sub { status_of($node, 'https://status.example') eq '-' }, 'it comes back');

# A key that has leaked and that the provider still publishes: the owner gives another
# address and drops it, and neither a fetch under way nor the thief's token brings it back.
control($provider, '/leak' => { body => key_set($a) });
add_issuer($node, 'https://leak.example', "$at/leak");
my $stolen = token_of('https://leak.example', 'p256_a.pem', 'a');
until_true(sub { login($node, $stolen) eq 'ann' }, 'a key that leaks');
control($provider, '/leak' => { body => key_set($a), delay => 1 });
my $asked = requests($provider, '/leak');
$node->safe_psql('postgres', "UPDATE authz.jwks_status SET next_due = now() WHERE issuer = 'https://leak.example'");
until_true(sub { requests($provider, '/leak') > $asked }, 'is being fetched');
$node->safe_psql('postgres', q(BEGIN; SELECT authz.alter_issuer('https://leak.example', '{"jwks_uri": "https://stopped.invalid"}');
	SELECT authz.drop_key('https://leak.example', 'a'); COMMIT));
my $at_work = q(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'dbmi_authz_keys worker' AND query LIKE '%leak.example%');
until_true(sub { $node->safe_psql('postgres', $at_work) == 0 }, 'that fetch ends,');
is($node->safe_psql('postgres', "SELECT count(*) FROM authz.issuer_key WHERE issuer = 'https://leak.example'"), 0, 'and comes to nothing');
until_true(sub { login($node, $stolen); status_of($node, 'https://leak.example') eq 'forbidden_host' }, 'the next fetch goes nowhere');
like(login($node, $stolen), qr/No matching key/, 'the key does not come back');
is($node->safe_psql('postgres', "SELECT count(*) FROM authz.issuer_key WHERE issuer = 'https://leak.example'"), 0, 'it is not there');
control($provider, '/leak' => { body => key_set({ %$b, kid => 'b' }) });
$node->safe_psql('postgres', "SELECT authz.alter_issuer('https://leak.example', '{\"jwks_uri\": \"$at/leak\"}')");
until_true(sub { login($node, token_of('https://leak.example', 'p256_b.pem', 'b')) eq 'ann' }, 'a new one does, when the address is put back');

done_testing();
