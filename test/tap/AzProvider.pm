package AzProvider;

# What the tests of whatever fetches keys share: providers on loopback that answer as
# they are told (test/provider/serve), and the keys that they publish.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use HTTP::Tiny ();
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(wait_for start_program provider control forget requests jwk key_set);

my $tests = dirname(dirname(abs_path(__FILE__)));
my $json = JSON::PP->new->canonical->ascii->allow_nonref;
my $files = PostgreSQL::Test::Utils::tempdir_short();
my @running;

# Ask again until it is so, or for that many seconds: the last answer.
sub wait_for
{
	my ($is_so, $seconds) = @_;
	my $end = time + ($seconds // 60);
	my $answer;
	sleep 0.05 until ($answer = $is_so->()) || time > $end;
	return $answer;
}

# A program in Python that writes its port into the file that is its last argument:
# the port, and the file of what it says.  It goes with the test.
sub start_program
{
	my (@command) = @_;
	my $file = "$files/port" . @running;
	local $ENV{PYTHONPATH} = '';
	push @running, IPC::Run::start([ '/usr/bin/python3', @command, $file ], '<', \undef, '>', "$file.log", '2>&1');
	wait_for(sub { -s $file }) or die "@command: " . slurp_file("$file.log");
	chomp(my $port = slurp_file($file));
	return ($port, "$file.log");
}

END
{
	local $?;
	$_->kill_kill(grace => 2) for @running;
}

# { port, at, scheme, base }; options: '--tls', CERTIFICATE, KEY
sub provider
{
	my (@options) = @_;
	my ($port) = start_program("$tests/provider/serve", @options);
	my $scheme = @options ? 'https' : 'http';
	return { port => $port, at => "127.0.0.1:$port", scheme => $scheme, base => "$scheme://127.0.0.1:$port" };
}

# Perl's own client has no TLS.
sub ask_by_tls
{
	my ($method, $url, $content) = @_;
	my ($out, $err);
	local $ENV{PYTHONPATH} = '';
	IPC::Run::run([ '/usr/bin/python3', '-c', <<'PYTHON', $method, $url ], '<', \($content // ''), '>', \$out, '2>', \$err) or die "$method $url: $err";
import ssl, sys, urllib.request
tls = ssl._create_unverified_context()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls))
request = urllib.request.Request(sys.argv[2], method=sys.argv[1], data=sys.stdin.buffer.read() or None)
sys.stdout.write(opener.open(request, timeout=10).read().decode())
PYTHON
	return $out;
}

sub ask
{
	my ($provider, $method, $path, $content) = @_;
	my $url = $provider->{base} . $path;
	return ask_by_tls($method, $url, $content) if $provider->{scheme} eq 'https';
	my $http = HTTP::Tiny->new(timeout => 10, proxy => undef, http_proxy => undef);
	my $response = $http->request($method, $url, { defined $content ? (content => $content) : () });
	die "$method $path: $response->{status} $response->{content}" unless $response->{success};
	return $response->{content};
}

sub control { my ($provider, %answers) = @_; ask($provider, 'PUT', '/control', $json->encode(\%answers)); return; }
sub forget { my ($provider) = @_; ask($provider, 'DELETE', '/control'); return; }
sub requests { my ($provider, $path) = @_; return grep { !defined $path || $_->{path} eq $path } @{ $json->decode(ask($provider, 'GET', '/requests')) }; }

# A key of test/fixtures, under a kid.
sub jwk
{
	my ($key, $kid, $alg) = @_;
	my $out;
	IPC::Run::run([ '/usr/bin/python3', "$tests/mint", '--jwk', '--key', "$tests/fixtures/$key", '--alg', $alg // 'ES256', '--kid', $kid ],
		'>', \$out) or die 'mint';
	return { %{ $json->decode($out) }, use => 'sig' };
}

sub key_set { return { keys => [@_] }; }

1;
