package AzKeys;

# What the tests of the worker that fetches keys share: providers on loopback, a
# server that has the library and may ask them, and tokens of theirs.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use HTTP::Tiny ();
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More ();
use Time::HiRes qw(sleep time);

use AzTest;

our @EXPORT = qw(provider control requests forget jwk key_set keys_node add_issuer token_of login until_true status_of log_of);

my $tests = dirname(dirname(abs_path(__FILE__)));
my $json = JSON::PP->new->canonical->ascii;
my @providers;

# A provider that answers as it is told: { port, run }.  It goes with the test.
sub provider
{
	my (@options) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir_short() . '/port';
	my $run = IPC::Run::start([ '/usr/bin/python3', "$tests/provider/serve", @options, $file ],
		'<', '/dev/null', '>', '/dev/null');
	my $provider = { run => $run };
	push @providers, $provider;
	until_true(sub { -s $file }, 'the provider listens');
	chomp($provider->{port} = slurp_file($file));
	$provider->{at} = "127.0.0.1:$provider->{port}";
	$provider->{scheme} = @options ? 'https' : 'http';
	return $provider;
}

END
{
	local $?;
	$_->{run}->kill_kill(grace => 2) for @providers;
}

# Perl's own client has no TLS.
sub ask_by_tls
{
	my ($url, $method, $content) = @_;
	my ($out, $err);
	IPC::Run::run([ '/usr/bin/python3', '-c', <<'PYTHON', $url, $method ], '<', \($content // ''), '>', \$out, '2>', \$err) or die "$method $url: $err";
import ssl, sys, urllib.request
request = urllib.request.Request(sys.argv[1], method=sys.argv[2], data=sys.stdin.buffer.read() or None)
sys.stdout.write(urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=10).read().decode())
PYTHON
	return $out;
}

sub ask
{
	my ($provider, $method, $path, $content) = @_;
	return ask_by_tls("https://$provider->{at}$path", $method, $content) if $provider->{scheme} eq 'https';
	my $http = HTTP::Tiny->new(verify_SSL => 0, timeout => 10);
	my $response = $http->request($method, "$provider->{scheme}://$provider->{at}$path",
		{ defined $content ? (content => $content) : () });
	die "$method $path: $response->{status} $response->{content}" unless $response->{success};
	return $response->{content};
}

sub control { my ($provider, %answers) = @_; ask($provider, 'PUT', '/control', $json->encode(\%answers)); return; }
sub forget { my ($provider) = @_; ask($provider, 'DELETE', '/control'); return; }
sub requests { my ($provider, $path) = @_; return grep { !defined $path || $_->{path} eq $path } @{ $json->decode(ask($provider, 'GET', '/requests')) }; }

# The public key of a fixture under a kid.
sub jwk
{
	my ($key, $kid) = @_;
	my $out;
	IPC::Run::run([ "$tests/mint", '--key', "$tests/fixtures/$key", '--jwk' ], '>', \$out) or die;
	return { %{ $json->decode($out) }, kid => $kid, alg => 'ES256', use => 'sig' };
}

sub key_set { return { keys => [@_] }; }

# A server with the library, that may ask these hosts for database "postgres".
sub keys_node
{
	my ($name, $hosts, @conf) = @_;
	return start_node($name, "shared_preload_libraries = 'dbmi_authz, dbmi_authz_keys'",
		"dbmi_authz_keys.databases = 'postgres'", "dbmi_authz_keys.allowed_hosts = '$hosts'",
		'dbmi_authz_keys.naptime = 1', @conf);
}

sub add_issuer
{
	my ($node, $issuer, $uri, $db) = @_;
	my $options = $json->encode({ algorithms => ['ES256'], defined $uri ? (jwks_uri => $uri) : () });
	$node->safe_psql($db // 'postgres', "SELECT authz.add_issuer('$issuer', '{clinic}', options => '$options')");
	return;
}

# A token of ann's, of that issuer.
sub token_of
{
	my ($issuer, $key, $kid) = @_;
	my $out;
	IPC::Run::run([ "$tests/mint", '--key', "$tests/fixtures/$key", '--alg', 'ES256', '--kid', $kid,
			$json->encode({ iss => $issuer, aud => 'clinic', sub => 'ann', exp => '+3600' }) ], '>', \$out) or die;
	chomp $out;
	return $out;
}

# "ann" where the token is taken; else the error, with its hint.
sub login
{
	my ($node, $token, %opt) = @_;
	my $out = join "\n", session($node, "SELECT authz.set_token('$token');\nSELECT authz.subject();",
		user => $node->{superuser} //= $node->safe_psql('postgres', 'SELECT current_user'), details => 1, %opt);
	$out =~ s/^\n//;
	return $out;
}

# Ask again for so many seconds; true when it was.
sub until_true
{
	my ($code, $what, $seconds) = @_;
	my $end = time + ($seconds // 40);
	my $answer;
	sleep 0.05 until ($answer = $code->()) || time > $end;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Test::More::ok($answer, $what) if defined $what && Test::More->builder->can('ok');
	return $answer;
}

# last_error of an issuer, "-" for none.
sub status_of
{
	my ($node, $issuer) = @_;
	return $node->safe_psql('postgres', "SELECT COALESCE(last_error, '-') FROM authz.jwks_status WHERE issuer = '$issuer' AND (last_error IS NOT NULL OR last_success IS NOT NULL)");
}

sub log_of { my ($node) = @_; return slurp_file($node->logfile); }

1;
