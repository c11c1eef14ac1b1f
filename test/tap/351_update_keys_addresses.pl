# Where contrib/update-keys goes: the host of the issuer's own name, by https, at a
# public address that was looked at, with its certificate; and nowhere else, whatever
# the database, a provider or a resolver says.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzUpdateKeys;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');
own_database($node);
my $tls = make_certificates();
my $public = '93.184.216.34';
my $other = '8.8.8.8';
my $id = 'https://id.example';
my ($k1, $k2) = (jwk('k1'), jwk('k2'));
my %providers = map { $_ => provider(tls => [ "$tls/$_.pem", "$tls/$_.key" ]) } qw(good local other expired self);
my $provider = $providers{good};
my $plain = provider();
my @ca = ('--ca-file', "$tls/ca.pem");
my $discovery = '/.well-known/openid-configuration';

sub meta { my (%more) = @_; return { body => { issuer => $id, jwks_uri => "$id/jwks", %more } }; }

# The names, and what stands behind the public address.
sub leads
{
	my ($port, %names) = @_;
	my $dir = resolver(names => { 'id.example' => [ [$public] ], 'keys.example' => [ [$other] ], %names },
		places => { $public => [ '127.0.0.1', $port ], $other => [ '127.0.0.1', $port ], '2606:4700::1' => [ '::ffff:127.0.0.1', $port ] });
	$ENV{PYTHONPATH} = $dir;
	return "$dir/log";
}

# Exactly this issuer; without options it is asked where its keys are.
sub one_issuer
{
	my ($name, $uri) = @_;
	as_owner('SELECT authz.drop_issuer(issuer) FROM authz.issuer');
	my $options = defined $uri ? "json_build_object('jwks_uri', \$u\$$uri\$u\$)" : "'{}'";
	as_owner("SELECT authz.add_issuer(\$n\$$name\$n\$, '{api}', options => $options)");
	return;
}

# discovery
one_issuer($id);
my $log = leads($provider->{port});
tells($provider, $discovery => meta(), '/jwks' => { body => set_of($k1) });
says('discovery', 0, qr/^https:\/\/id\.example: keys: 1/, @ca, '-v');
is(slurp_file($log), "$public:443\n$public:443\n", 'two connections to the address that was looked at');
is((asked($provider))[0]{headers}{host}, 'id.example', 'by its name');
for my $case (
	[ wrong_issuer => { issuer => "$id/" }, qr/it is another issuer's, by the slash at its end$/ ], [ wrong_issuer => { issuer => 'https://ID.example' }, qr/another issuer's$/ ],
	[ wrong_issuer => { issuer => undef }, qr/another/ ], [ wrong_issuer => { issuer => [$id] }, qr/another/ ], [ no_jwks_uri => { jwks_uri => undef }, qr/has no member jwks_uri$/ ],
	[ no_jwks_uri => { jwks_uri => [ "$id/jwks" ] }, qr/no member/ ], [ forbidden_host => { jwks_uri => 'https://keys.example/jwks' }, qr/--allow-host keys\.example allows it$/ ],
	[ forbidden_url => { jwks_uri => 'http://id.example/jwks' }, qr/only https/ ], [ forbidden_url => { jwks_uri => "$id:8443/jwks" }, qr/--allow-host id\.example:8443 allows more$/ ],
	[ forbidden_url => { jwks_uri => 'https://user:SECRET@id.example/jwks' }, qr/https:\/\/\.\.\.\@id\.example\/jwks: expected/ ], [ forbidden_url => { jwks_uri => '' }, qr/expected an https URL/ ],
	[ forbidden_url => { jwks_uri => "$id/a b\r\nX: y" }, qr/\\r\\nX: y: expected/ ], [ forbidden_url => { jwks_uri => 'file:///etc/passwd' }, qr/expected/ ],
	[ forbidden_host => { jwks_uri => 'https://127.0.0.1/jwks' }, qr/not that of/ ])
{
	my ($code, $members, $pattern) = @$case;
	tells($provider, $discovery => meta(%$members));
	my $err = says("a discovery document: $code $pattern", 1, qr/"https:\/\/id\.example": $code: .*$pattern/, @ca, '--all');
	unlike($err, qr/SECRET/, 'no password is shown');
	is(status_of($id) . ' ' . key_of($id), "$code k1", "$code: the key stays");
}
for my $body ('{"issuer": "https://evil.example", "issuer": "https://id.example", "jwks_uri": "https://id.example/jwks"}', '<html>', '[]', '7', 'null', '')
{
	tells($provider, $discovery => { body => $body });
	says("as discovery document: $body", 1, qr/not_json/, @ca, '--all');
}
tells($provider, $discovery => { status => 302, headers => { Location => "$id/else" }, body => '' });
says('a redirect of the discovery', 1, qr/redirect: .*openid-configuration/, @ca, '--all');
tells($provider, $discovery => meta(jwks_uri => 'https://keys.example/jwks'));
says('another host that is allowed', 0, qr/keys: 1/, @ca, '-v', '--all', '--allow-host', 'KEYS.example');
one_issuer("$id/");
tells($provider, $discovery => meta(issuer => "$id/"));
says('a name with a slash at its end', 0, qr/keys: 1/, @ca, '-v');
one_issuer("$id/realms/a");
tells($provider, "/realms/a$discovery" => meta(issuer => "$id/realms/a"));
says('a name with a path', 0, qr/keys: 1/, @ca, '-v');
one_issuer("$id/?a=b");
says('a name with a query is not asked', 0, qr/^\z/, @ca, '-v');

# who is not asked
one_issuer($id);
tells($provider, $discovery => meta());
as_owner("SELECT authz.add_secret('$id', decode(repeat('a7', 32), 'hex'), 'mine')");
says('a key that was added by hand', 0, qr/^\z/, @ca, '-v', '--all');
says('and by its name', 1, qr/cannot be asked for its keys: .* added by hand$/, @ca, '--issuer', $id);
is(status_of($id), 'nothing', 'nobody was asked');
as_owner("SELECT authz.alter_issuer('$id', '{\"jwks_uri\": \"$id/jwks\"}')");
says('with jwks_uri it is', 0, qr/keys: 1/, @ca, '-v', '--all');
is(key_of($id), 'k1 mine', 'beside the one of hand');
one_issuer('http://id.example');
says('a name of http', 0, qr/^\z/, @ca, '-v', '--all');
as_owner('SELECT authz.drop_issuer(issuer) FROM authz.issuer');
as_owner(qq(INSERT INTO authz.profile VALUES ('keyed', 'iss', true, '{"algorithms": ["ES256"], "jwks_uri": "$id/jwks"}')));
as_owner("SELECT authz.add_issuer('$id', '{api}', 'keyed')");
says('jwks_uri of the profile', 0, qr/keys: 1/, @ca, '-v');
as_owner("SELECT authz.alter_issuer('$id', '{\"jwks_uri\": \"$id/none\"}')");
says('the issuer overrides it', 1, qr/example\/none: it answers 404/, @ca, '--all');

# an option that was written by hand
one_issuer('fine', "$id/jwks");
for my $uri ('7', '{"a": "b"}', '"\u0000"', '"x\ud800"', '"https://id.example/\u20ac"', '[]', '"https://id.example:99999/"', '"https://id.example:0/"', '""', 'true')
{
	as_owner(qq(DELETE FROM authz.issuer WHERE issuer = 'hand'; INSERT INTO authz.issuer VALUES ('hand', NULL, 'keyed', '{"jwks_uri": $uri}')));
	my ($status, undef, $err) = update_keys(@ca, '--all', '--allow-host', 'id.example');
	is($status, 1, "jwks_uri $uri: exit status");
	unlike($err, qr/Traceback|[\x00-\x09\x0b-\x1f\x7f]/, "jwks_uri $uri: a sentence");
	is(status_of('fine'), 'ok', "jwks_uri $uri: the other is fetched");
}
as_owner(q(UPDATE authz.issuer SET options = '7' WHERE issuer = 'hand'));
says('options that are none', 1, qr/"hand": internal: its options cannot be read$/, @ca, '--all', '--allow-host', 'id.example');

# a host of its own, and others
one_issuer('desk', "$id/jwks");
says('a name without a host', 1, qr/"desk": forbidden_host: .* --allow-host id\.example allows it$/, @ca, '--all');
says('and its twin', 0, qr/keys: 1/, @ca, '-v', '--all', '--allow-host', 'id.example');
one_issuer($id, "https://ID.Example:443/jwks");
says('the same host in other letters', 0, qr/keys: 1/, @ca, '-v', '--all');
for my $case ([ forbidden_url => 'https://id.example:444/jwks' ], [ forbidden_url => 'http://id.example/jwks' ], [ forbidden_host => 'https://id.example.evil.example/jwks' ],
	[ forbidden_host => 'https://evil.id.example/jwks' ], [ forbidden_host => 'https://id.example./jwks' ], [ forbidden_url => 'https://id.example@evil.example/jwks' ],
	[ forbidden_url => 'https://evil.example\\@id.example/jwks' ], [ forbidden_url => 'https://evil.example#@id.example/jwks' ], [ forbidden_host => 'https://evil.example?@id.example/jwks' ],
	[ forbidden_url => "https://id.example\t/jwks" ], [ forbidden_url => 'https://id%2eexample/jwks' ], [ forbidden_url => "https://\xc4\xb1d.example/jwks" ],
	[ forbidden_url => 'https://id.example/#' ], [ forbidden_url => 'https:///jwks' ], [ forbidden_url => 'https://[::1%25lo]/' ], [ forbidden_host => 'https://[::1]/' ])
{
	my ($code, $uri) = @$case;
	one_issuer($id, $uri);
	says("jwks_uri $uri", 1, qr/"https:\/\/id\.example": $code: /, @ca, '--all');
	is(status_of($id), $code, "jwks_uri $uri: its error");
}

# addresses: each as the issuer's own host, by name and by number
sub refused_address
{
	my ($name, $pattern, @options) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $before = () = slurp_file($log) =~ /\n/g;
	says($name, 1, qr/: forbidden_address: .*$pattern/, @ca, '--all', @options);
	is(() = slurp_file($log) =~ /\n/g, $before, "$name: no connection");
	return;
}
one_issuer($id, "$id/jwks");
for my $address (qw(127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255
	::1 :: fe80::1 fc00::1 fd00:ec2::254 ff02::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1:: 2002:a00:1:: 2001:0:1::1 2001:db8::1 ::7f00:1))
{
	$log = leads($provider->{port}, 'id.example' => [ [$address] ]);
	refused_address("a name with address $address", qr/has the address \Q$address\E, which is not public/);
}
$log = leads($provider->{port}, 'id.example' => [ ['2606:4700::1'] ]);
SKIP: {
	skip 'this machine has no IPv6', 3 unless -s '/proc/net/if_inet6';
	says('a public address of IPv6', 0, qr/keys: 1/, @ca, '-v', '--all');
}
$log = leads($provider->{port}, 'id.example' => [ [ '10.0.0.1', $public ] ]);
says('a private address beside a public one', 0, qr/keys: 1/, @ca, '-v', '--all');
is(slurp_file($log), "$public:443\n", 'only the public one is used');
$log = leads($provider->{port}, 'id.example' => [ [$public], ['127.0.0.1'] ]);
says('a name that changes when it is asked again', 0, qr/keys: 1/, @ca, '-v', '--all');
is(slurp_file($log), "$public:443\n", 'is not asked again');
for my $host (qw(127.0.0.1 localhost 127.1 2130706433 0x7f000001 0x7f.1 0177.0.0.1 0 [::1] [::ffff:127.0.0.1] [0:0:0:0:0:0:0:1]))
{
	one_issuer("https://$host", "https://$host/jwks");
	refused_address("the host $host", qr/which is not public/);
	one_issuer("https://$host");
	refused_address("the host $host, asked for its set", qr/which is not public/);
}

# allowed: whatever its address, that port alone, http only with a port
my $local = $providers{local};
tells($local, '/jwks' => { body => set_of($k1) });
tells($plain, '/jwks' => { body => set_of($k2) });
delete $ENV{PYTHONPATH};
one_issuer('desk', "https://localhost:$local->{port}/jwks");
says('an allowed host on loopback', 0, qr/keys: 1/, @ca, '-v', '--all', '--allow-host', "localhost:$local->{port}");
says('on another port', 1, qr/forbidden_url/, @ca, '--all', '--allow-host', 'localhost:1');
says('without its port', 1, qr/forbidden_url/, @ca, '--all', '--allow-host', 'localhost');
one_issuer('desk', "http://127.0.0.1:$plain->{port}/jwks");
says('http to an allowed host and port', 0, qr/keys: 1/, '-v', '--all', '--allow-host', "127.0.0.1:$plain->{port}");
says('http without a port', 1, qr/forbidden_url/, '--all', '--allow-host', '127.0.0.1');
one_issuer('desk', "http://2130706433:$plain->{port}/jwks");
says('the same address written otherwise', 1, qr/forbidden_url/, '--all', '--allow-host', "127.0.0.1:$plain->{port}");

# certificates
one_issuer($id, "$id/jwks");
for my $case ([ self => 'self-signed|self signed' ], [ expired => 'expired' ], [ other => "Hostname mismatch, certificate is not valid for 'id\\.example'" ], [ local => 'Hostname mismatch' ])
{
	my ($name, $reason) = @$case;
	tells($providers{$name}, '/jwks' => { body => set_of($k2) });
	$log = leads($providers{$name}{port});
	my $before = () = asked($providers{$name});
	says("a certificate: $name", 1, qr/certificate: https:\/\/id\.example\/jwks: .*(?:$reason)/, @ca, '--all');
	is(status_of($id), 'certificate', "$name: its error");
	is(scalar(() = asked($providers{$name})), $before, "$name: nothing is asked of it");
}
$log = leads($provider->{port});
says('an authority that the system does not know', 1, qr/certificate: /, '--all');
says('and its twin', 0, qr/keys: 1/, @ca, '-v', '--all');
$log = leads($plain->{port});
says('a server that speaks no TLS', 1, qr/unreachable: https:\/\/id\.example\/jwks: /, @ca, '--all');
says('a file that holds no certificate', 2, qr/could not read certificates from .*good\.key: /, '--ca-file', "$tls/good.key");
says('and one that is not there', 2, qr/could not read certificates from .*none: No such file/, '--ca-file', "$tls/none");

# a proxy
$log = leads(1);
my $proxy = proxy('--to', $provider->{port});
my $is_set = "http://127.0.0.1:$proxy->{port}";
says('a proxy', 0, qr/keys: 1/, @ca, '-v', '--all', '--proxy', $is_set);
like(slurp_file($proxy->{log}), qr/^CONNECT id\.example:443 HTTP\/1\.1\n\z/, 'it is asked for the host by its name');
is(slurp_file($log), "127.0.0.1:$proxy->{port}\n", 'and nobody else is');
{
	local $ENV{https_proxy} = "http://us%20er:pass\@127.0.0.1:$proxy->{port}/";
	says('a proxy of the environment', 0, qr/keys: 1/, @ca, '-v', '--all');
	like(slurp_file($proxy->{log}), qr/Proxy-Authorization: Basic dXMgZXI6cGFzcw==\n\z/, 'with user and password');
	$log = leads($provider->{port});
	says('none by the option', 0, qr/keys: 1/, @ca, '-v', '--all', '--proxy', 'none');
	is(slurp_file($log), "$public:443\n", 'then none is used');
	local $ENV{no_proxy} = 'example.org,.example';
	says('none by no_proxy', 0, qr/keys: 1/, @ca, '-v', '--all');
	is(slurp_file($log), "$public:443\n" x 2, 'then none is used, either');
}
{
	local $ENV{https_proxy} = 'socks5://user:SECRET@127.0.0.1:1080';
	my $err = says('a proxy of another kind', 1, qr/"https:\/\/id\.example": proxy: .*that of the environment cannot be used/, @ca, '--all');
	unlike($err, qr/SECRET/, 'without its password');
}
my $err = says('a proxy that is written wrongly', 2, qr/a proxy is written http:\/\/\[USER:PASSWORD@\]HOST:PORT/, '--proxy', 'https://u:SECRET@x:1');
unlike($err, qr/SECRET/, 'without its password, too');
says('a proxy that is down', 1, qr/: proxy: .*the proxy cannot be reached: Connection refused$/, @ca, '--all', '--proxy', '127.0.0.1:9');
is(status_of($id) . ' ' . key_of($id), 'proxy k1', 'its error; the key stays');
for my $status (403, 407, 502)
{
	my $refuses = proxy('--status', $status);
	says("a proxy that answers $status", 1, qr/: proxy: .*the proxy answers $status$/, @ca, '--all', '--proxy', "127.0.0.1:$refuses->{port}");
}
my $hangs = proxy('--hang');
says('a proxy that hangs', 1, qr/: timeout: /, @ca, '--all', '--timeout', 2, '--proxy', "127.0.0.1:$hangs->{port}");
my $wrong = proxy('--to', $providers{other}{port});
says('a proxy that leads elsewhere', 1, qr/: certificate: /, @ca, '--all', '--proxy', "127.0.0.1:$wrong->{port}");
one_issuer('desk', "http://keys.example:8080/jwks");
my $to_plain = proxy('--to', $plain->{port});
says('http through a proxy', 0, qr/keys: 1/, '-v', '--all', '--proxy', "127.0.0.1:$to_plain->{port}", '--allow-host', 'keys.example:8080');
like(slurp_file($to_plain->{log}), qr/^GET http:\/\/keys\.example:8080\/jwks HTTP/, 'by its URL');
for my $host (qw(127.0.0.1 0x7f.1 [::1]))
{
	one_issuer("https://$host", "https://$host/jwks");
	says("$host through a proxy", 1, qr/: forbidden_address: /, @ca, '--all', '--proxy', $is_set);
}

# URLs and addresses, one by one: the worker is held to the same list
my $out = '';
IPC::Run::run([ '/usr/bin/python3', '-c', <<'PYTHON', "$FindBin::RealBin/../../contrib/update-keys", "$FindBin::RealBin/../provider/urls" ], '>', \$out, '2>&1');
import importlib.machinery, importlib.util, re, sys
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_loader("update_keys", importlib.machinery.SourceFileLoader("update_keys", sys.argv[1]))
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
def word_for(kind, text, allowed):
    if kind in ("public", "reserved"):
        return "public" if module.is_public(text) else "reserved"
    if kind in ("asked", "silent"):
        return "asked" if module.can_be_asked(text, allowed) else "silent"
    try:
        return "listed" if module.Url(text, module.own_host_of("https://a.example/issuer"), allowed).is_allowed else "own"
    except module.Problem as problem:
        return problem.code.partition("_")[2]
number = 0
for line in open(sys.argv[2], "rb"):
    if line.strip() and not line.startswith(b"#"):
        number += 1
        words = [re.sub(rb"\\x(..)", lambda c: bytes([int(c[1], 16)]), word).decode() for word in line.rstrip(b"\n").split(b" ")]
        kind, text, host = (words + ["", ""])[:3]
        if word_for(kind, text, module.allowed_host(host) if host else set()) != kind:
            print("wrong:", line, word_for(kind, text, module.allowed_host(host) if host else set()))
try:
    module.Url("https://a/" + "x" * 1990, "a", set())
    module.Url("https://a/" + "x" * 1991, "a", set())
except module.Problem as problem:
    print(number > 300, problem.code)
PYTHON
is($out, "True forbidden_url\n", 'what may be fetched, what is public, and what is not');

done_testing();
