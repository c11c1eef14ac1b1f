# No issuer's token has the type of an assertion: every road of tokens refuses it, in
# every spelling and for every profile, whatever token_types says.  And the places where
# senders of assertions are remembered are bounded.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzCluster;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', 'autovacuum = off');
trust($node, 'postgres');
take_assertions($node, 'postgres');
my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");

# ---- the type ----

my @types = ('authz-assertion+jwt', 'AUTHZ-Assertion+JWT', 'application/authz-assertion+jwt', 'APPLICATION/AUTHZ-ASSERTION+JWT');
my $options = '{"algorithms": ["ES256"], "token_types": ["authz-assertion+jwt", "application/authz-assertion+jwt", "near+jwt"]}';
$node->safe_psql('postgres', "CREATE ROLE app LOGIN; SELECT authz.alter_issuer('https://id.example', '$options')");
my @roads = ("SELECT authz.set_token('%s')", "SELECT authz.set_token('Bearer %s', true)", "SELECT authz.verify_token('%s')",
	"SET dbmi_authz.token = '%s'", "SET LOCAL dbmi_authz.token = '%s'", "SELECT set_config('dbmi_authz.token', '%s', true)");

# A token of the issuer that says it has that type.
sub typed
{
	my ($type) = @_;
	my $tests = "$FindBin::RealBin/..";
	my $token = `$tests/mint --key $tests/fixtures/p256_a.pem --alg ES256 --kid k1 --header '{"typ": "$type"}' '{"iss": "https://id.example", "aud": "clinic", "sub": "ann", "exp": "+3600"}'`;
	chomp $token;
	return $token;
}

sub refused
{
	my ($what, $token, $user) = @_;
	my @sql = map { ('BEGIN;', sprintf("%s;", s/%s/$token/r), 'ROLLBACK;', "SELECT authz.last_error() ->> 'error_description';") } @roads;
	my @got = session($node, join("\n", @sql, "SELECT authz.try_set_token('$token');", "SELECT authz.last_error() ->> 'error_description', authz.subject() IS NULL;"), user => $user);
	my @each = ('28000: token was refused', 'Assertion is not accepted here');
	is_deeply(\@got, [ (@each) x @roads, 'f', 'Assertion is not accepted here|t' ], $what) or diag(join "\n", @got);
	return;
}

is(join(' ', session($node, "SELECT authz.try_set_token('" . typed('near+jwt') . "');")), 't', 'a type that is allowed');
refused("type $_", typed($_), 'app') for @types;

my $typed = typed($types[0]);
# Alone, so that nobody else could have issued it.
for my $profile (split /\n/, $node->safe_psql('postgres', 'SELECT profile FROM authz.profile ORDER BY 1'))
{
	$node->safe_psql('postgres', <<"SQL");
DELETE FROM authz.issuer;
SELECT authz.add_issuer('https://id.example', '{clinic}', '$profile', '$options'), authz.add_pem('https://id.example', '$pem', 'k1', 'ES256');
SQL
	refused("profile $profile", $typed, 'app');
}

# ---- who sends, where the library is not preloaded ----

$node->safe_psql('postgres', <<"SQL");
DELETE FROM authz.issuer;
SELECT authz.add_issuer('https://id.example', '{clinic}'), authz.add_pem('https://id.example', '$pem', 'k1', 'ES256');
CREATE TABLE doc AS SELECT 'ann' AS owner;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
GRANT SELECT ON doc TO node;
SQL
require MIME::Base64;
sub nonce { return MIME::Base64::encode_base64(pack('Nx12', $_[0]), '') =~ tr{+/=}{-_}dr . ".$_[1]" }
# All of them by one process: they last a minute, or as long as is said behind a comma.
sub assertions
{
	my $tests = "$FindBin::RealBin/..";
	local $ENV{NONCES} = join ' ', @_;
	my @made = split /\n/, `cd $tests && /usr/bin/python3 - <<'PYTHON'
import os
from importlib.machinery import SourceFileLoader
import sys
sys.dont_write_bytecode = True
mint = SourceFileLoader("mint", "mint").load_module()
for nonce in os.environ["NONCES"].split():
    nonce, _, lasts = nonce.partition(",")
    print(mint.mint({"iss": "https://id.example", "aud": "clinic", "sub": "ann", "exp": "+3600"}, "fixtures/ed25519_a.pem", "EdDSA", "c1",
                    mint.assertion_header("citus/postgres", nonce, **({"exp": lasts} if lasts else {}))))
PYTHON`;
	return @made;
}
my $ask = q{SELECT authz.token_state() || CASE authz.token_state() WHEN 'rejected' THEN '|' || (authz.last_error() ->> 'error_description') ELSE '' END;};
my ($late, $again, @first) = assertions(nonce(257, 1), nonce(256, 2), map { nonce($_, 1) } 1 .. 256);
is(scalar @first, 256, 'assertions of so many senders');
my @sql = map { ('BEGIN;', "SET LOCAL dbmi_authz.token = '$_';", $ask, 'COMMIT;') } @first;
my @got = session($node, join("\n", @sql, 'BEGIN;', "SET LOCAL dbmi_authz.token = '$late';", $ask, 'SAVEPOINT s;', 'SELECT * FROM doc;', 'ROLLBACK TO s;',
		"SET LOCAL dbmi_authz.token = '$again';", 'SELECT * FROM doc;'), user => 'node');
is_deeply([ @got[ 0 .. 255 ] ], [ ('valid') x 256 ], 'so many senders are remembered');
is_deeply([ @got[ 256 .. $#got ] ], [ 'rejected|Too many assertions at once', '28000: the identity that another server handed over was refused', 'ann' ],
	'one more is refused, with an error and not with fewer rows; one that is known goes on') or diag(join "\n", @got[ 256 .. $#got ]);

$node->stop;

# ---- and where it is, with four places ----

my $few = PostgreSQL::Test::Utils::tempdir() . '/few_senders.so';
build_library('hooks/few_senders.c', $few);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'dbmi_authz, $few'\nautovacuum = off");
$node->start;
sleep 1;			# what was made in the second in which it began may have been used

# Two of them have the same place in the table by which they are found, as have the rest.
my %id = (short => 1, long => 2, held => 1 << 24, other => 2 << 24, fifth => 3, sixth => 3 << 24, seventh => 4);
my @names = (map({ "$_ 1" } sort keys %id), 'long 2', 'other 2', 'fifth 2');
my %made;
@made{@names} = assertions(map { my ($name, $number) = split; nonce($id{$name}, $number) . ($name =~ /short|held/ ? ',+6' : '') } @names);
my $made = time;
sub state_of
{
	return join ', ', session($node, join("\n", map { ('BEGIN;', "SET LOCAL dbmi_authz.token = '$made{$_}';", $ask, 'COMMIT;') } @_), user => 'node');
}
my ($full, $used) = ('rejected|Too many assertions at once', 'rejected|Assertion was used before');
my $holds = $node->background_psql('postgres', extra_params => [ '-U', 'node' ]);
is($holds->query_safe("BEGIN; SET LOCAL dbmi_authz.token = '$made{'held 1'}'; SELECT authz.subject()"), 'ann', 'one is held');
is(state_of('short 1', 'long 1', 'other 1'), 'valid, valid, valid', 'three are not');
is(join(', ', session($node, "BEGIN; SET LOCAL dbmi_authz.token = '$made{'fifth 1'}'; $ask SELECT * FROM doc;", user => 'node')),
	"$full, 28000: the identity that another server handed over was refused", 'the server: one more is refused');
is(state_of('long 1', 'long 2', 'short 1', 'held 1'), "$used, valid, $used, valid", '... all others go on as they did');
sleep 1 while time < $made + 7;
is(state_of('fifth 1'), 'valid', 'when all that one of them has made has expired, there is a place');
is(state_of('sixth 1', 'long 2', 'other 1', 'fifth 1', 'other 2'), "$full, $used, $used, $used, valid", '... one; the others keep theirs, also who has expired and is held');
is($holds->query_safe('SELECT authz.subject()'), 'ann', '... and counts');
$holds->query_safe('COMMIT');
$holds->quit;
is(state_of('sixth 1'), 'valid', '... until the transaction ends');
is(state_of('seventh 1', 'long 2', 'other 2', 'fifth 1', 'sixth 1', 'fifth 2'), "$full, $used, $used, $used, $used, valid", '... and nothing is forgotten that was used');

$node->stop;
done_testing();
