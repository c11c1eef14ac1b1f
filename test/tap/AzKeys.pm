package AzKeys;

# What the tests of the worker that fetches keys share: providers on loopback, a
# server that has the library and may ask them, and tokens of theirs.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More ();

use AzProvider qw(wait_for provider control forget requests jwk key_set);
use AzTest;

our @EXPORT = qw(provider control requests forget jwk key_set keys_node add_issuer token_of login until_true status_of log_of);

my $tests = dirname(dirname(abs_path(__FILE__)));
my $json = JSON::PP->new->canonical->ascii;

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
	my $answer = wait_for($code, $seconds // 40);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Test::More::ok($answer, $what) if defined $what;
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
