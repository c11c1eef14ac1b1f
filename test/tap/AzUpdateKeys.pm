package AzUpdateKeys;

# What the tests of contrib/update-keys share: a database with an owner, providers
# that do what they are told, their keys and certificates, and names that lead
# where a test wants them to.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More ();

use AzProvider qw(wait_for start_program control forget requests key_set);
use AzTest;

our @EXPORT = qw(own_database provider proxy tells asked forgets jwk set_of key_of update_keys says as_owner status_of make_certificates resolver wait_for);

my $tests = dirname(dirname(abs_path(__FILE__)));
my $program = "$tests/../contrib/update-keys";
my $json = JSON::PP->new->canonical->ascii->allow_nonref;
my $files = PostgreSQL::Test::Utils::tempdir();
my $node;
my $number = 0;

# Database "shop" of role "dbo", and libpq's environment leads to it.
sub own_database
{
	($node) = @_;
	$node->safe_psql('postgres', 'CREATE ROLE dbo LOGIN');
	$node->safe_psql('postgres', 'CREATE DATABASE shop OWNER dbo');
	@ENV{qw(PGHOST PGPORT PGUSER PGDATABASE)} = ($node->host, $node->port, 'dbo', 'shop');
	delete @ENV{qw(http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY NO_PROXY STATE_DIRECTORY)};
	$ENV{XDG_STATE_HOME} = "$files/state";
	as_owner('CREATE EXTENSION dbmi_authz');
	return;
}

sub as_owner
{
	my ($sql, $db) = @_;
	return $node->safe_psql($db // 'shop', $sql, extra_params => [ '-U', 'dbo' ]);
}

# tls => [ CERTIFICATE, KEY ]
sub provider { my (%opt) = @_; return AzProvider::provider($opt{tls} ? ('--tls', @{ $opt{tls} }) : ()); }

# {port, log} of a proxy, with these options.
sub proxy
{
	my (@options) = @_;
	my ($port, $log) = start_program("$tests/provider/proxy", @options);
	return { port => $port, log => $log };
}

sub tells { return control(@_); }
sub forgets { return forget(@_); }
sub asked { return requests(@_); }

# A key of test/fixtures as a JWK, by its kid.
sub jwk { my ($kid, $file, $alg) = @_; return AzProvider::jwk($file // 'p256_a.pem', $kid, $alg); }

sub set_of { return key_set(@_); }

# The kids that the issuer has.
sub key_of { my ($issuer) = @_; return as_owner("SELECT string_agg(kid, ' ' ORDER BY kid) FROM authz.issuer_key WHERE issuer = \$i\$$issuer\$i\$"); }

# last_error, or "ok"; "nothing" without a row
sub status_of
{
	my ($issuer) = @_;
	return as_owner("SELECT COALESCE((SELECT COALESCE(last_error, 'ok') FROM authz.jwks_status WHERE issuer = \$i\$$issuer\$i\$), 'nothing')");
}

# update_keys(ARGUMENT...): (status, standard output, standard error)
sub update_keys
{
	my ($out, $err) = ('', '');
	IPC::Run::run([ $program, @_ ], '<', \undef, '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

# says(NAME, STATUS, PATTERN, ARGUMENT...): the pattern is of standard error where
# the status is not 0; nothing is said elsewhere.
sub says
{
	my ($name, $status, $pattern, @arguments) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($got, $out, $err) = update_keys(@arguments);
	Test::More::is($got, $status, "$name: exit status") or Test::More::diag("$out$err");
	Test::More::like($status == 0 ? $out : $err, $pattern, $name);
	Test::More::is($status == 0 ? $err : $out, '', "$name: and nothing else");
	return $err;
}

# An authority, and certificates: NAME.pem and NAME.key in the directory.
sub make_certificates
{
	my $dir = "$files/tls";
	mkdir $dir;
	my @quiet = ('>', \my $out, '2>&1');
	append_to_file("$dir/ca.conf", <<"CONF");
[ca]
default_ca = own
[own]
database = $dir/index
serial = $dir/serial
new_certs_dir = $dir
certificate = $dir/ca.pem
private_key = $dir/ca.key
default_md = sha256
policy = any
[any]
commonName = supplied
CONF
	append_to_file("$dir/index", '');
	append_to_file("$dir/index.attr", "unique_subject = no\n");
	append_to_file("$dir/serial", "1000\n");
	my @new = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes');
	IPC::Run::run([ qw(openssl req -x509 -days 3000 -subj /CN=Authority -addext), 'basicConstraints=critical,CA:TRUE', @new, '-keyout', "$dir/ca.key", '-out', "$dir/ca.pem" ], @quiet) or die $out;
	for my $case ([ 'good', 'DNS:id.example,DNS:keys.example', 1 ], [ 'local', 'DNS:localhost', 1 ], [ 'other', 'DNS:other.example', 1 ], [ 'expired', 'DNS:id.example', 0 ])
	{
		my ($name, $names, $valid) = @$case;
		append_to_file("$dir/$name.ext", "subjectAltName = $names\n");
		IPC::Run::run([ qw(openssl req -subj), "/CN=$name", @new, '-keyout', "$dir/$name.key", '-out', "$dir/$name.csr" ], @quiet) or die $out;
		IPC::Run::run([ qw(openssl ca -batch -notext -config), "$dir/ca.conf", '-in', "$dir/$name.csr", '-out', "$dir/$name.pem", '-extfile', "$dir/$name.ext",
				'-startdate', '20010101000000Z', '-enddate', $valid ? '20490101000000Z' : '20020101000000Z' ], @quiet) or die $out;
	}
	IPC::Run::run([ qw(openssl req -x509 -days 3000 -subj /CN=id.example -addext subjectAltName=DNS:id.example), @new, '-keyout', "$dir/self.key", '-out', "$dir/self.pem" ], @quiet) or die $out;
	return $dir;
}

# Environment in which Python resolves names as told, and connects elsewhere: names
# {NAME => [ [ADDRESS, ...], of the second time ... ]}, places {ADDRESS => [HOST, PORT]}.
# The file "log" in the directory that it returns has each connect.
sub resolver
{
	my (%opt) = @_;
	my $dir = "$files/resolver" . ++$number;
	mkdir $dir;
	append_to_file("$dir/told.json", $json->encode(\%opt));
	append_to_file("$dir/log", '');
	append_to_file("$dir/sitecustomize.py", <<'PYTHON');
import json, os, socket
HERE = os.path.dirname(os.path.abspath(__file__))
told = json.load(open(os.path.join(HERE, "told.json")))
resolve, connect = socket.getaddrinfo, socket.socket.connect
turn = {}
def getaddrinfo(host, port, *args, **more):
    if host not in told["names"]:
        if not more.get("flags") and host.endswith(".example"):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return resolve(host, port, *args, **more)
    if more.get("flags"):
        raise socket.gaierror(socket.EAI_NONAME, "a name")
    answers = told["names"][host]
    turn[host] = turn.get(host, -1) + 1
    return [(socket.AF_INET6 if ":" in text else socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port))
            for text in answers[min(turn[host], len(answers) - 1)]]
def elsewhere(self, address):
    host, port = told["places"].get(address[0], address[:2])
    with open(os.path.join(HERE, "log"), "a") as f:
        f.write("%s:%d\n" % (address[0], address[1]))
    return connect(self, (host, int(port)))
socket.getaddrinfo, socket.socket.connect = getaddrinfo, elsewhere
PYTHON
	return $dir;
}

1;
