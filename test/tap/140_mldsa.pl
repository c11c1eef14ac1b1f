# Tokens signed with ML-DSA (RFC 9964) through SQL: where OpenSSL has the
# algorithm, from 3.5 on, they are as good as any other; where it has not, the
# keys are refused, or skipped in a set, and nothing else happens.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);
use PostgreSQL::Test::Utils;
use Test::More;

my %size = ('ML-DSA-44' => 1312, 'ML-DSA-65' => 1952, 'ML-DSA-87' => 2592);
my $mint = "$FindBin::RealBin/../mint";
my $dir = PostgreSQL::Test::Utils::tempdir_short();

my $node = start_node('main');
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE TABLE doc (id integer, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
GRANT SELECT ON doc TO app;
SELECT authz.add_issuer('https://classic.example', '{clinic}', options => '{"algorithms": ["ES256"]}');
SQL

# The server's OpenSSL is the one that the openssl program uses.
my ($version) = qx(openssl version) =~ /^OpenSSL (\d+\.\d+)/;
my ($major, $minor) = split /\./, $version;
my $offered = $major > 3 || $major == 3 && $minor >= 5;
note("OpenSSL $version: ML-DSA is ", $offered ? 'offered' : 'not offered');

# What the superuser gets: the first line of a result, or of an error with its DETAIL.
sub admin
{
	my ($sql) = @_;
	my ($code, $out, $err) = $node->psql('postgres', $sql, extra_params => [ '-q', '-v', 'VERBOSITY=verbose' ]);
	return $out if $code == 0;
	my ($error, $detail) = $err =~ /ERROR:  (.*)\n(?:DETAIL:  (.*)\n)?/;
	return join ' / ', grep { defined } $error, $detail;
}

sub run_ok
{
	my (@command) = @_;
	my ($out, $err);
	IPC::Run::run(\@command, '>', \$out, '2>', \$err) or die "@command: $err";
	chomp $out;
	return $out;
}

sub sign
{
	my ($file, $alg, $kid, %claims) = @_;
	return run_ok($mint, '--key', $file, '--alg', $alg, '--kid', $kid,
		JSON::PP::encode_json({ iss => 'https://id.example', aud => 'clinic', sub => 'ann', exp => '+3600', %claims }));
}

# Log in and look at the table.
sub outcome
{
	my ($token) = @_;
	return join ' ', session($node, "SELECT authz.set_token('%{t}') \\g /dev/null\nSELECT authz.subject(), id FROM doc;",
		tokens => { t => $token }, details => 1);
}

sub refused { return qr/^28000: token was refused DETAIL:  \{"error":"invalid_token","error_description":"$_[0]"\}/; }

for my $alg (sort keys %size)
{
	my $kid = "kid $alg";
	my $file = "$dir/$alg.pem";
	my $made = IPC::Run::run([ 'openssl', 'genpkey', '-algorithm', $alg, '-out', $file ], '>', \my $out, '2>', \my $err);
	is(!!$made, !!$offered, "$alg: openssl makes a key, from 3.5 on");
	if (!$made)
	{
		my $jwk = sprintf '{"kty":"AKP","alg":"%s","kid":"%s","pub":"%s"}', $alg, $kid, encode_base64url("\x01" x $size{$alg});
		is(admin("SELECT authz.add_key('https://id.example', '$jwk')"),
			'22023: invalid JWK / The algorithm is not offered by the installed OpenSSL.', "$alg: the key is refused");
		my $other = run_ok($mint, '--jwk', '--key', "$FindBin::RealBin/../fixtures/p256_b.pem", '--alg', 'ES256', '--kid', 'other');
		is(admin("SELECT authz.set_jwks('https://id.example', '{\"keys\": [$jwk, $other]}')"), 1, "$alg: skipped in a set");
		like(outcome(mint()), qr/^ann\|1$/, "$alg: other tokens go on");
		next;
	}

	# accept
	my $jwk = run_ok($mint, '--jwk', '--key', $file, '--alg', $alg, '--kid', $kid);
	is(admin("SELECT authz.add_key('https://id.example', '$jwk')"), '', "$alg: a JWK is added");
	my $good = sign($file, $alg, $kid);
	is(outcome($good), 'ann|1', "$alg: a token is accepted, and a policy holds");
	is(outcome(sign($file, $alg, $kid, sub => 'bob')), 'bob|2', "$alg: of somebody else too");
	is(admin("SELECT authz.drop_key('https://id.example', '$kid')"), '', "$alg: the key is dropped");
	like(outcome($good), refused('No matching key'), "$alg: and its tokens are refused");
	is(admin("SELECT authz.set_jwks('https://id.example', '{\"keys\": [$jwk]}')"), 1, "$alg: a set with it");
	is(outcome($good), 'ann|1', "$alg: accepted by a key of a set");
	my $pem = run_ok('openssl', 'pkey', '-in', $file, '-pubout');
	is(admin("SELECT authz.add_pem('https://id.example', '$pem', 'pem $alg')"), '', "$alg: a PEM block is added");
	is(outcome(sign($file, $alg, "pem $alg")), 'ann|1', "$alg: accepted by it");
	is(admin("SELECT count(DISTINCT thumbprint) || ' ' || string_agg(DISTINCT alg, ' ') FROM authz.issuer_key WHERE alg = '$alg'"),
		"1 $alg", "$alg: both are one key");

	# refuse
	my ($head, $payload, $signature) = split /\./, $good;
	my $bytes = MIME::Base64::decode_base64url($signature);
	my %bad = (
		'one bit changed' => $bytes ^ ("\0" x 1000 . "\x04"),
		'one byte short' => substr($bytes, 0, -1),
		'one byte long' => "$bytes\0",
		'empty' => '',
		'zeros' => "\0" x length $bytes);
	for my $what (sort keys %bad)
	{
		like(outcome(join '.', $head, $payload, encode_base64url($bad{$what})), refused('(Invalid token signature|Malformed token: [^"]*)'),
			"$alg: signature with $what");
	}
	run_ok('openssl', 'genpkey', '-algorithm', $alg, '-out', "$dir/other.pem");
	like(outcome(sign("$dir/other.pem", $alg, $kid)), refused('Invalid token signature'), "$alg: signed by another key");
	for my $other (grep { $_ ne $alg } sort(keys %size), 'EdDSA')
	{
		my $swapped = encode_base64url(JSON::PP->new->canonical->encode({ alg => $other, typ => 'JWT', kid => $kid }));
		like(outcome("$swapped.$payload.$signature"), refused('Key is bound to another algorithm'), "$alg: a header that says $other");
	}
	my $classic = $jwk =~ s/"kid":"[^"]*"/"kid":"classic"/r;
	like(admin("SELECT authz.add_key('https://classic.example', '$classic')"), qr/^(22023: .*|)$/, "$alg: an issuer that lists ES256 alone");
	like(outcome(sign($file, $alg, 'classic', iss => 'https://classic.example')), refused('(Algorithm is not allowed|No matching key|[^"]*algorithm[^"]*)'),
		"$alg: and its tokens");
	admin("SELECT authz.drop_key('https://classic.example', 'classic')");
	my $short = $jwk =~ s/"pub":"..../"pub":"/r;
	like(admin("SELECT authz.add_key('https://id.example', '" . ($short =~ s/$kid/short/r) . "')"), qr/^22023: /, "$alg: a key that is too short");
	like(admin("SELECT authz.add_key('https://id.example', '" . ($jwk =~ s/$kid/own/r =~ s/\}$/,"priv":"AAAA"}/r) . "')"), qr/^22023: /, "$alg: a private key");
}

# No token byte in the log, as for the others.
my $log = slurp_file($node->logfile);
unlike($log, qr/eyJ/, 'no token in the log');

$node->stop;
done_testing();
