# contrib/update-keys fetches the key sets of issuers, keeps good keys whatever
# fails, says by its status and metrics what did, and lets no issuer hold up another.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzUpdateKeys;
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = start_node('main');
my $files = PostgreSQL::Test::Utils::tempdir();
own_database($node);
my $provider = provider();
my $here = "127.0.0.1:$provider->{port}";
my @allow = ('--allow-host', $here);
my ($k1, $k2) = (jwk('k1'), jwk('k2', 'rsa_a.pem', 'RS256'));

sub add
{
	my ($issuer, $path) = @_;
	as_owner("SELECT authz.add_issuer(\$i\$$issuer\$i\$, '{api}', options => '{\"jwks_uri\": \"http://$here$path\"}')");
	return;
}

sub next_due
{
	my ($issuer) = @_;
	return as_owner("SELECT round(extract(epoch FROM next_due - last_attempt)) FROM authz.jwks_status WHERE issuer = '$issuer'");
}

# nobody to fetch
says('no issuer', 0, qr/^\z/, '--all');

# accept
add('good', '/good');
tells($provider, '/good' => { body => set_of($k1), etag => '"one"', headers => { 'Cache-Control' => 'public, max-age=1000', Age => 400 } });
says('a set', 0, qr/^good: keys: 1, skipped: 0\n\z/, @allow, '-v');
is(key_of('good'), 'k1', 'its key is there');
is(status_of('good'), 'ok', 'and its status');
is(next_due('good'), 600, 'it is due again when max-age less Age has passed');
is((asked($provider))[0]{headers}{host}, $here, 'the host that was asked');
is((asked($provider))[0]{headers}{'if-none-match'}, undef, 'the first time without an ETag');

# when it is due
says('not due', 0, qr/^good: not due\n\z/, @allow, '-v');
is(scalar(asked($provider)), 1, 'nobody was asked');
as_owner("UPDATE authz.jwks_status SET next_due = now() - interval '1 s'");
says('due', 0, qr/^good: unchanged \(304\)\n\z/, @allow, '-v');
says('all, due or not', 0, qr/^good: unchanged/, @allow, '-v', '--all');
says('one, due or not', 0, qr/^good: unchanged/, @allow, '-v', '--issuer', 'good');
as_owner("UPDATE authz.jwks_status SET next_due = 'infinity'");
says('a clock that was wrong', 0, qr/^good: unchanged/, @allow, '-v');
as_owner("UPDATE authz.jwks_status SET next_due = now() + interval '1 year', last_attempt = now() + interval '1 year'");
says('and one that has jumped back', 0, qr/^good: unchanged/, @allow, '-v');
is(next_due('good'), 600, 'the time is right again');
as_owner("SELECT authz.set_jwks('good', (SELECT json_build_object('keys', json_agg(jwk)) FROM authz.issuer_key))");
says('what was handed over by hand changes no date', 0, qr/not due/, @allow, '-v');

# Cache-Control within limits
for my $case (
	[ 'none', undef, 3600 ], [ 'short', 'max-age=1', 300 ], [ 'long', 'max-age=999999', 3600 ], [ 'no-cache', 'no-cache', 300 ], [ 'no-store', 'max-age=800, no-store', 300 ],
	[ 'in quotes', 'max-age="700"', 700 ], [ 'negative', 'max-age=-5', 3600 ], [ 'no number', 'max-age=x', 3600 ], [ 'huge', 'max-age=99999999999999999999', 3600 ])
{
	my ($name, $header, $wait) = @$case;
	tells($provider, '/good' => { body => set_of($k1), headers => { defined $header ? ('Cache-Control' => $header) : () } });
	says("Cache-Control, $name", 0, qr/keys: 1/, @allow, '-v', '--all');
	is(next_due('good'), $wait, "Cache-Control, $name: next due");
}
says('other limits', 0, qr/keys: 1/, @allow, '-v', '--all', '--min-interval', 10, '--max-interval', 50);
is(next_due('good'), 50, 'other limits: next due');
says('limits the wrong way round', 2, qr/min-interval is 60 and more than --max-interval, 50/, '--min-interval', 60, '--max-interval', 50);

# ETags: an unchanged set is not sent again, and one that is missing is
tells($provider, '/good' => { body => set_of($k1), etag => '"two"' });
says('a new ETag', 0, qr/keys: 1/, @allow, '-v', '--all');
as_owner("UPDATE authz.jwks_status SET last_success = '2001-01-01', last_error = 'timeout'");
says('an unchanged set', 0, qr/unchanged/, @allow, '-v', '--all');
is((asked($provider))[-1]{headers}{'if-none-match'}, '"two"', 'If-None-Match');
is(as_owner("SELECT last_success > now() - interval '1 min', last_error IS NULL FROM authz.jwks_status"), 't|t', '304 is a success');
as_owner("SELECT authz.drop_key('good', 'k1')");
says('a key that was lost comes back', 0, qr/keys: 1/, @allow, '-v', '--all');
is(key_of('good'), 'k1', 'in spite of the ETag');
as_owner(q(SELECT authz.alter_issuer('good', '{"algorithms": ["ES256", "RS256"]}')));
says('options change what a set gives', 0, qr/keys: 1/, @allow, '-v', '--all');
says('another state directory', 0, qr/keys: 1/, @allow, '-v', '--all', '--state-dir', "$files/other/dir");
says('and its ETag', 0, qr/unchanged/, @allow, '-v', '--all', '--state-dir', "$files/other/dir");
append_to_file("$files/plain", "not a directory\n");
{
	my ($status, $out, $err) = update_keys(@allow, '-v', '--all', '--state-dir', "$files/plain");
	is($status, 0, 'without a state directory: exit status');
	like($err, qr/^update-keys: could not write .*plain.*; sets are fetched whole$/, 'without one it says so');
	local $ENV{XDG_STATE_HOME} = "$files/plain";
	says('without one that was asked for', 0, qr/keys: 1/, @allow, '-v', '--all');
}
for my $broken ('{', '[]', '{"x": 1}', '{"x": ["y", "z"]}', '{"x": [1, 2]}', '7', "\xff")
{
	unlink "$files/other/dir/etags.json";
	append_to_file("$files/other/dir/etags.json", $broken);
	says("a state file of $broken", 0, qr/keys: 1/, @allow, '-v', '--all', '--state-dir', "$files/other/dir");
}
tells($provider, '/good' => { status => 304, body => '' });
says('304 that nobody asked for', 1, qr/"good": http_status: .* it answers 304$/, @allow, '--all', '--state-dir', "$files/new");

# refuse: whatever fails, the good keys stay, and the error is one of the list
add('bad', '/bad');
tells($provider, '/bad' => { body => set_of($k2) }, '/good' => { body => set_of($k1) });
says('first a good set', 0, qr/bad: keys: 1/, @allow, '-v', '--all');
my $private = { %$k1, d => 'AAAA' };
my @deep = (body => ('[' x 50000) . (']' x 50000));
for my $case (
	[ http_status => { status => 500, body => 'oops SECRET' }, qr/it answers 500/ ], [ http_status => { status => 503, body => set_of($k2) }, qr/answers 503/ ],
	[ http_status => { status => 204, body => '' }, qr/answers 204/ ], [ http_status => { status => 404, body => '' }, qr/answers 404/ ],
	[ redirect => { status => 302, headers => { Location => "http://$here/else" }, body => '' }, qr/answers 302: redirects are not followed/ ],
	[ redirect => { status => 308, headers => { Location => 'https://SECRET/' }, body => '' }, qr/answers 308/ ],
	[ too_large => { size => 10_000_000 }, qr/larger than 1048576 bytes/ ], [ not_json => { body => '<!DOCTYPE html><p>SECRET' }, qr/expected JSON, got HTML/ ],
	[ not_json => { body => '' }, qr/got something else/ ], [ not_json => { body => '{"keys": [SECRET' }, qr/got something else/ ], [ not_json => {@deep}, qr/got something else/ ],
	[ not_json => { body => '{"keys": NaN}' }, qr/something else/ ], [ not_json => { body => "{\"keys\": \"\x01\"}" }, qr/something else/ ],
	[ not_json => { body => set_of($k2), headers => { 'Content-Encoding' => 'gzip' } }, qr/compressed/ ],
	[ refused_keys => { body => set_of($k1, $private) }, qr/invalid JWK set: Key 2, counted from 1, with key ID "k1": / ],
	[ refused_keys => { body => { keys => [] } }, qr/invalid JWK set: The set holds no key/ ], [ refused_keys => { body => [] }, qr/invalid JWK set/ ],
	[ refused_keys => { body => '"x"' }, qr/malformed JWK set/ ], [ refused_keys => { body => '{"keys": [], "keys": []}' }, qr/malformed JWK set/ ],
	[ too_large => { flood => "HTTP/1.1 100 Continue\r\nX: " . 'x' x 1000 . "\r\n\r\n" }, qr/it does not end/ ],
	[ too_large => { raw => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", flood => 'x' x 10000 }, qr/it does not end/ ],
	[ unreachable => { close => JSON::PP::true }, qr/closed connection/ ], [ unreachable => { body => 'x', headers => { 'X-Long' => 'y' x 70000 } }, qr/no HTTP \(LineTooLong\)/ ])
{
	my ($code, $answer, $pattern) = @$case;
	tells($provider, '/bad' => $answer);
	my $err = says("$code $pattern", 1, qr/^update-keys: issuer "bad": $code: http:\/\/\Q$here\E\/bad: (?-s:.*)$pattern(?-s:.*)\n\z/, @allow, '--all');
	unlike($err, qr/SECRET|$k1->{x}|AAAA/, "$code: nothing of the answer is shown");
	is(status_of('bad') . ' ' . key_of('bad'), "$code k2", "$code: the good key stays");
	is(next_due('bad'), 300, "$code: it is tried again soon");
	is(as_owner("SELECT last_success < last_attempt FROM authz.jwks_status WHERE issuer = 'bad'"), 't', "$code: no success");
	is(status_of('good'), 'ok', "$code: the other issuer is fetched");
	tells($provider, '/bad' => { body => set_of($k2) });
	says("$code: and well again", 0, qr/bad: keys: 1/, @allow, '-v', '--all');
	is(status_of('bad'), 'ok', "$code: no error is left");
}
tells($provider, '/bad' => { status => 429, headers => { 'Retry-After' => 900 }, body => '' });
says('Retry-After', 1, qr/answers 429/, @allow, '--all');
is(next_due('bad'), 900, 'Retry-After within the limits');
says('a smaller limit of size', 1, qr/"good": too_large: /, @allow, '--issuer', 'good', '--max-size', 20);

# slow issuers: the limit is for all of it, and holds up no other
tells($provider, '/bad' => { hang => JSON::PP::true }, '/good' => { body => set_of($k1) });
add('slow', '/slow');
tells($provider, '/slow' => { body => set_of($k2), drip => 0.4 });
my $began = time;
my $err = says('one that hangs, one that drips', 1, qr/"bad": timeout: .*\/bad: not answered within 2 seconds/, @allow, '--all', '--timeout', 2, '--jobs', 1);
like($err, qr/"slow": timeout: /, 'a byte now and then is no progress');
cmp_ok(time - $began, '<', 30, 'the limit of time holds over the whole');
is(status_of('bad') . status_of('slow') . status_of('good'), 'timeouttimeoutok', 'the others go on');
tells($provider, '/slow' => { body => set_of($k2), delay => 1 });
says('slow, but in time', 0, qr/slow: keys: 1/, @allow, '-v', '--issuer', 'slow');
as_owner("SELECT authz.drop_issuer('slow')");
tells($provider, '/bad' => { body => set_of($k2) });

# nobody listens
as_owner(q(SELECT authz.add_issuer('down', '{api}', options => '{"jwks_uri": "http://127.0.0.1:9/"}')));
says('connection refused', 1, qr/"down": unreachable: http:\/\/127\.0\.0\.1:9\/: Connection refused\n\z/, @allow, '--allow-host', '127.0.0.1:9', '--all');
is(status_of('good') . status_of('down'), 'okunreachable', 'the others go on');
as_owner("SELECT authz.drop_issuer('down')");

# Q5: a set of more than 150 kB, and one issuer that answers 503
my @many = map { { %{ jwk("many-$_") }, 'x-note' => 'x' x 2000 } } 1;
@many = map { { %{ $many[0] }, kid => "many-$_" } } 1 .. 100;
add('large', '/large');
tells($provider, '/large' => { body => set_of(@many) }, '/bad' => { status => 503, body => '' });
$began = IPC::Run::start([ "$FindBin::RealBin/../../contrib/update-keys", @allow, '-v', '--all' ], '<', \undef, '>', \my $out, '2>', \$err);
my ($looked, $leaked) = (0, '');
while ($began->pumpable)
{
	for my $file (glob '/proc/[0-9]*/cmdline')
	{
		open my $handle, '<', $file or next;
		my $line = do { local $/; <$handle> } // '';
		next unless $line =~ /^[^\0]*psql\0-X\0-q\0-A\0-t\0-w\0/;
		$looked++;
		$leaked .= $line if $line =~ /many|kty|\Q$k1->{x}\E|keys/;
	}
	select undef, undef, undef, 0.005;
	$began->pump_nb;
}
$began->finish;
is($began->full_result >> 8, 1, 'one of three failed');
like($out, qr/^large: keys: 100, skipped: 0$/m, 'a large set is taken');
is(status_of('bad') . status_of('good') . status_of('large'), 'http_statusokok', 'those before and behind it, too');
cmp_ok($looked, '>', 0, 'psql was seen at work');
is($leaked, '', 'and no key in its arguments');
as_owner("SELECT authz.drop_issuer('large')");

# entries that cannot be used
tells($provider, '/bad' => { body => set_of($k2, { kty => 'new', kid => "odd\n" }, { %$k1, use => 'enc', kid => "\x{20ac}\x{1f600}" }) });
says('what is skipped is counted', 0, qr/^bad: keys: 1, skipped: 2$/m, @allow, '-v', '--all');
is(as_owner("SELECT skipped -> 1 ->> 'kid' FROM authz.jwks_status WHERE issuer = 'bad'"), "\xe2\x82\xac\xf0\x9f\x98\x80", 'a kid goes through as it is');
tells($provider, '/bad' => { body => "\x{feff}" . '{"keys": [' . JSON::PP->new->encode($k2) . ']}' });
says('a mark of byte order', 0, qr/^bad: keys: 1/m, @allow, '-v', '--all');

# odd names
my @odd = (q('; DROP TABLE notes; --), q("\\"), q($$), "a\nb", "tab\there", '\N', '\.', '', "\x1b[31mred", "\xe2\x80\xaegnp.exe", ':name :\'x\'', 'a b', '{x}', '%s @rows@', "b\\nc");
my $odd = 0;
for my $name (grep { length } @odd)
{
	add($name, "/odd" . ++$odd);
	tells($provider, "/odd$odd" => $odd % 2 ? { body => set_of($k1) } : { status => 500, body => '' });
}
my $status;
($status, $out, $err) = update_keys(@allow, '-v', '--all', '--metrics', "$files/odd.prom");
is($status, 1, 'odd names: exit status');
unlike($out . $err, qr/[^\x20-\x7e\n]/, 'nothing that a terminal obeys is printed');
is(() = $err =~ /^update-keys: issuer ".*": http_status: /mg, 7, 'those that fail');
is(as_owner("SELECT count(*) FILTER (WHERE last_error IS NULL), count(*) FILTER (WHERE last_error = 'http_status') FROM authz.jwks_status WHERE issuer NOT IN ('good', 'bad')"), '7|7', 'each by its name');
for my $name (q('; DROP TABLE notes; --), "a\nb", '\N')
{
	my (undef, $said, $failed) = update_keys(@allow, '-v', '--issuer', $name);
	is(scalar(() = "$said$failed" =~ /: (?:keys|http_status): /g), 1, 'one by its odd name alone');
}

# metrics
my $metrics = slurp_file("$files/odd.prom");
my (%seen, @broken);
for (split /\n/, $metrics)
{
	next if /^# (HELP|TYPE) [a-z_]+ ./;
	my ($series, $value) = /^([a-z_]+\{(?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+\}) (-?[0-9.e+]+)$/;
	push @broken, $_ if !defined $series || $seen{$series}++;
}
is("@broken", '', 'each line of the metrics can be read, and no series stands there twice');
like($metrics, qr/^dbmi_authz_issuer_keys_error\{database="shop",issuer="\\"\\\\\\\\\\"",error="http_status"\} 1$/m, 'an odd name in them');
like($metrics, qr/^dbmi_authz_issuer_keys_failing\{database="shop",issuer="good"\} 0$/m, 'one that is well');
like($metrics, qr/^dbmi_authz_issuer_keys\{database="shop",issuer="good"\} 1$/m, 'its keys');
like($metrics, qr/^dbmi_authz_issuer_keys_last_success_timestamp_seconds\{database="shop",issuer="good"\} \d+\.\d+$/m, 'and when');
like($metrics, qr/^dbmi_authz_update_keys_exit_status\{file="odd\.prom"\} 1$/m, 'how the run ended');
is((stat "$files/odd.prom")[2] & 0777, 0644, 'others may read them');
is(join(' ', grep { !/plain|other|new|odd\.prom/ } map { s{.*/}{}r } grep { !m{/(state|resolver|port|tls)} } glob "$files/.update* $files/*"), '', 'nothing else is left there');
{
	local $ENV{PGDATABASE} = 'nosuch';
	says('no database', 3, qr/^update-keys: .*database "nosuch" does not exist\n\z/, '--metrics', "$files/odd.prom");
}
my $kept = slurp_file("$files/odd.prom");
like($kept, qr/^dbmi_authz_issuer_keys_failing\{database="shop",issuer="good"\} 0$/m, 'then what is known of issuers is kept');
like($kept, qr/^dbmi_authz_update_keys_exit_status\{file="odd\.prom"\} 3$/m, 'and the run told');
is(scalar(() = $kept =~ /exit_status\{/g), 1, 'once');
says('a directory that is not there', 1, qr/could not write .*no\/x\.prom: No such file or directory$/m, @allow, '--issuer', 'good', '--metrics', "$files/no/x.prom");
as_owner("SELECT authz.drop_issuer(issuer) FROM authz.issuer WHERE issuer NOT IN ('good', 'bad')");

# two runs at once: each issuer is fetched once, and the older answer never wins
tells($provider, '/good' => { body => set_of($k1), delay => 2 }, '/bad' => { body => set_of($k2) });
as_owner('UPDATE authz.jwks_status SET next_due = NULL');
my $before = asked($provider);
my @runs = map { my $said = ''; [ IPC::Run::start([ "$FindBin::RealBin/../../contrib/update-keys", @allow, '-v' ], '<', \undef, '>', \$said, '2>&1'), \$said ] } 1 .. 4;
$_->[0]->finish for @runs;
is(join(' ', map { $_->[0]->full_result >> 8 } @runs), '0 0 0 0', 'four runs at once: all end well');
is(scalar(asked($provider)) - $before, 2, 'and ask each issuer once');
$before = scalar(asked($provider));
tells($provider, '/good' => { body => set_of(jwk('old')), delay => 4 });
my $old_said = '';
my $old = IPC::Run::start([ "$FindBin::RealBin/../../contrib/update-keys", @allow, '-v', '--issuer', 'good' ], '<', \undef, '>', \$old_said, '2>&1');
wait_for(sub { scalar(asked($provider)) > $before });
tells($provider, '/good' => { body => set_of(jwk('new')) });
says('a younger run', 0, qr/good: keys: 1/, @allow, '-v', '--issuer', 'good');
$old->finish;
like($old_said, qr/^good: left alone: it, its keys or its options have changed meanwhile$/, 'the older one leaves it alone');
is(key_of('good'), 'new', 'the younger set holds');
tells($provider, '/good' => { body => set_of($k1), delay => 4 });
$before = scalar(asked($provider));
$old = IPC::Run::start([ "$FindBin::RealBin/../../contrib/update-keys", @allow, '-v', '--issuer', 'good' ], '<', \undef, '>', \$old_said, '2>&1');
wait_for(sub { scalar(asked($provider)) > $before });
as_owner("SELECT authz.drop_issuer('good')");
$old->finish;
is($old->full_result >> 8, 0, 'an issuer that is dropped meanwhile');
is(as_owner("SELECT count(*) FROM authz.jwks_status WHERE issuer = 'good'"), '0', 'leaves nothing');

# what was asked for before the owner has dropped a key does not bring it back
add('good', '/good');
tells($provider, '/good' => { body => set_of($k1) });
says('a key', 0, qr/good: keys: 1/, @allow, '-v', '--issuer', 'good');
tells($provider, '/good' => { body => set_of($k1), delay => 3 });
$before = scalar(asked($provider));
$old_said = '';
$old = IPC::Run::start([ "$FindBin::RealBin/../../contrib/update-keys", @allow, '-v', '--issuer', 'good' ], '<', \undef, '>', \$old_said, '2>&1');
wait_for(sub { scalar(asked($provider)) > $before });
as_owner(q(BEGIN; SELECT authz.alter_issuer('good', '{"jwks_uri": "https://stopped.invalid"}'); SELECT authz.drop_key('good', 'k1'); COMMIT));
$old->finish;
is($old->full_result >> 8, 0, 'the fetch ends well');
like($old_said, qr/^good: left alone/, 'and comes to nothing');
says('the next one goes nowhere', 1, qr/"good": forbidden_host/, @allow, '--issuer', 'good');
is(key_of('good'), '', 'the key does not come back');
as_owner("SELECT authz.drop_issuer('good')");

# a run that is killed
tells($provider, '/good' => { body => set_of($k1), delay => 4 });
add('good', '/good');
$before = scalar(asked($provider));
$old = IPC::Run::start([ "$FindBin::RealBin/../../contrib/update-keys", @allow ], '<', \undef, '>', \$old_said, '2>&1');
wait_for(sub { scalar(asked($provider)) > $before });
$old->kill_kill(grace => 0);
tells($provider, '/good' => { body => set_of($k1) });
says('it is not due at once', 0, qr/^good: not due$/m, @allow, '-v');
as_owner("UPDATE authz.jwks_status SET next_due = next_due - interval '300 s', last_attempt = last_attempt - interval '300 s'");
says('and fetched when the shortest interval has passed', 0, qr/^good: keys: 1/m, @allow, '-v');

done_testing();
