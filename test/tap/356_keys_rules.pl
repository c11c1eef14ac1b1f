# dbmi_authz_keys asks nobody whom it may not: hosts, ports, addresses, redirects,
# certificates, proxies, and who an issuer says that it is.  Beside each refusal the
# twin that is fetched.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzKeys;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

# A certificate for 127.0.0.1 and localhost that nobody vouches for.
my $dir = PostgreSQL::Test::Utils::tempdir();
sub certificate
{
	my ($name, $alternatives) = @_;
	system_or_bail('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
		'-subj', '/CN=provider', '-addext', "subjectAltName=$alternatives", '-keyout', "$dir/$name.key", '-out', "$dir/$name.crt");
	return ("$dir/$name.crt", "$dir/$name.key");
}
my $tls = provider('--tls', certificate('good', 'IP:127.0.0.1,DNS:localhost'));
my $bad = provider('--tls', certificate('other', 'DNS:other.example'));
my $plain = provider();
my $unlisted = provider();
my $node = keys_node('main', "$tls->{at}, localhost:$tls->{port} $plain->{at}, $bad->{at}", 'log_min_messages = log',
	"dbmi_authz_keys.ca_file = '$dir/good.crt'", "dbmi_authz_keys.timeout = '3s'");
$node->safe_psql('postgres', 'CREATE EXTENSION dbmi_authz');
my $set = key_set(jwk('p256_a.pem', 'a'));
my %set = (body => $set);

# What becomes of an issuer, "-" when its keys came: settle() waits for all of them.
my $n = 0;
my @waiting;
sub becomes
{
	my ($expected, $what, $uri, $issuer) = @_;
	$issuer //= 'https://issuer' . ++$n . '.example';
	add_issuer($node, $issuer, $uri);
	push @waiting, [ $expected, $what, $issuer ];
	return;
}
sub settle
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	for (@waiting)
	{
		my ($expected, $what, $issuer) = @$_;
		until_true(sub { status_of($node, $issuer) ne '' });
		is(status_of($node, $issuer), $expected, $what);
	}
	@waiting = ();
	return;
}

control($_, '/keys' => \%set) for $tls, $bad, $plain, $unlisted;
control($plain, '/away' => { status => 301, headers => { Location => "http://$plain->{at}/keys" } });

# C11.5: URLs, hosts and ports
becomes('-', 'a listed host and port, https', "https://$tls->{at}/keys");
becomes('-', 'and http', "http://$plain->{at}/keys");
becomes('forbidden_url', 'another port', "http://$unlisted->{at}/keys");
becomes('forbidden_url', 'a password', "http://user:word\@$plain->{at}/keys");
becomes('forbidden_url', 'a fragment', "http://$plain->{at}/keys#x");
becomes('forbidden_host', 'another host', 'https://elsewhere.example/keys');
becomes('forbidden_host', 'its own host, while others are listed', 'https://own.example/keys', 'https://own.example');
becomes('redirect', 'a redirect, also to where we may ask', "http://$plain->{at}/away");
settle();
is(scalar requests($unlisted), 0, 'nobody else was asked');

# C11.5: certificates
becomes('-', 'a name that the certificate has', "https://localhost:$tls->{port}/keys");
becomes('certificate', 'one that it has not', "https://$bad->{at}/keys");
becomes('certificate', 'no TLS at all', "https://$plain->{at}/keys");

# C11.6: an issuer says where its keys are, or somebody else does
sub document
{
	my ($provider, $path, %members) = @_;
	control($provider, "$path/.well-known/openid-configuration" => { body => \%members });
	return "$provider->{scheme}://$provider->{at}$path";
}
my $base = "https://$tls->{at}";
my $name = document($tls, '/one', issuer => "$base/one", jwks_uri => "$base/keys");
becomes('-', 'the issuer says where its keys are', undef, $name);
settle();
is(login($node, token_of($name, 'p256_a.pem', 'a')), 'ann', 'and they are loaded');
$name = document($plain, '/one', issuer => "http://$plain->{at}/one", jwks_uri => "http://$plain->{at}/keys");
becomes('-', 'over http where that host and port are listed', undef, $name);
document($tls, '/slash', issuer => "$base/slash/", jwks_uri => "$base/keys");
becomes('-', 'a slash at the end', undef, "$base/slash/");
document($tls, '/lie', issuer => "$base/one", jwks_uri => "$base/keys");
becomes('wrong_issuer', 'somebody else', undef, "$base/lie");
document($tls, '/lie2', issuer => "$base/lie2/", jwks_uri => "$base/keys");
becomes('wrong_issuer', 'not quite the same', undef, "$base/lie2");
document($tls, '/lie3', jwks_uri => "$base/keys");
becomes('wrong_issuer', 'nobody', undef, "$base/lie3");
document($tls, '/nowhere', issuer => "$base/nowhere");
becomes('no_jwks_uri', 'no address', undef, "$base/nowhere");
document($tls, '/number', issuer => "$base/number", jwks_uri => 7);
becomes('no_jwks_uri', 'an address that is none', undef, "$base/number");
document($tls, '/other', issuer => "$base/other", jwks_uri => 'https://elsewhere.example/keys');
becomes('forbidden_host', 'an address elsewhere', undef, "$base/other");
document($tls, '/down', issuer => "$base/down", jwks_uri => "http://$unlisted->{at}/keys");
becomes('forbidden_url', 'an address with another port', undef, "$base/down");
control($tls, '/html/.well-known/openid-configuration' => { body => '<html>' });
becomes('not_json', 'a page', undef, "$base/html");
becomes('http_status', 'nothing there', undef, "$base/nothing");
settle();
is(scalar requests($unlisted), 0, 'nobody else was asked');
# Keys by hand: nobody is asked.
$node->safe_psql('postgres', "BEGIN; SELECT authz.add_issuer('$base/hand', '{clinic}', options => '{\"algorithms\": [\"ES256\"]}');
	SELECT authz.add_pem('$base/hand', '" . slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem") . "', 'a', 'ES256'); COMMIT");
login($node, token_of("$base/hand", 'p256_b.pem', 'b'));
becomes('-', 'one more', "$base/keys");
settle();
is(scalar(grep { $_->{path} =~ /hand/ } requests($tls)), 0, 'an issuer whose keys were added by hand');
is(status_of($node, "$base/hand"), '', 'and nothing is said of it');

# C11.5: without a list an issuer's own host, at a public address
settle();
$node->append_conf('postgresql.conf', "dbmi_authz_keys.allowed_hosts = ''\n");
$node->reload;
forget($_) for $tls, $plain;
becomes('forbidden_host', 'a host that is not its own', 'https://b.example/keys');
becomes('forbidden_address', 'its own, this machine', 'https://localhost/keys', 'https://localhost');
becomes('forbidden_address', 'a private address', 'https://10.0.0.1/keys', 'https://10.0.0.1');
becomes('forbidden_address', 'the metadata of a cloud', 'https://169.254.169.254/keys', 'https://169.254.169.254');
becomes('forbidden_address', 'this machine, of IPv6', 'https://[::1]/keys', 'https://[::1]');
becomes('forbidden_address', 'mapped', 'https://[::ffff:127.0.0.1]/keys', 'https://[::ffff:127.0.0.1]');
becomes('forbidden_address', 'written otherwise', 'https://2130706433/keys', 'https://2130706433');
becomes('forbidden_address', 'and shorter', 'https://127.1/keys', 'https://127.1');
becomes('forbidden_url', 'http', 'http://localhost/keys', 'https://localhost/2');
settle();
is(scalar(map { requests($_) } $tls, $plain, $unlisted), 0, 'nobody was asked');

# C11.5: a proxy, and not the environment's
settle();
$node->append_conf('postgresql.conf', "dbmi_authz_keys.proxy = 'http://$unlisted->{at}'\n");
$node->reload;
becomes('forbidden_host', 'with a proxy its own host is not enough', 'https://proxied.example/keys', 'https://proxied.example');
settle();
$node->append_conf('postgresql.conf', "dbmi_authz_keys.allowed_hosts = 'proxied.example:80 proxied.example'\n");
$node->reload;
control($unlisted, 'http://proxied.example/keys' => \%set);
becomes('-', 'a listed host is asked through it', 'http://proxied.example/keys');
becomes('proxy', 'where it refuses', 'https://proxied.example/keys');
settle();
$node->append_conf('postgresql.conf', "dbmi_authz_keys.proxy = 'http://127.0.0.1:1'\n");
$node->reload;
becomes('proxy', 'where it is not there', 'https://proxied.example/keys');
settle();
$node->append_conf('postgresql.conf', "dbmi_authz_keys.proxy = ''\ndbmi_authz_keys.allowed_hosts = '127.0.0.1:1'\n");
$node->reload;
becomes('unreachable', 'nobody listens', 'http://127.0.0.1:1/keys');

# ---- settings ----
settle();
is(join("\n", session($node, q{SELECT authz.token_state() \g /dev/null
SET dbmi_authz_keys.allowed_hosts = 'a';}, user => $node->{superuser})), q{55P02: parameter "dbmi_authz_keys.allowed_hosts" cannot be changed now}, 'no session says what is allowed');
my ($ret, $out, $err) = $node->psql('postgres', "ALTER SYSTEM SET dbmi_authz_keys.allowed_hosts = 'https://a'");
like($err, qr/invalid value.*HOST or HOST:PORT/s, 'a list of hosts is looked at');
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN');
settle();
is(join("\n", session($node, 'SELECT current_setting(\'dbmi_authz_keys.proxy\');')), '42501: must be superuser or have privileges of pg_read_all_settings to examine "dbmi_authz_keys.proxy"', 'not everybody reads them')
  if $node->safe_psql('postgres', 'SHOW server_version_num') < 160000;
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal/, 'nothing has crashed');

done_testing();
