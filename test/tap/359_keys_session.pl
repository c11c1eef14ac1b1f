# C11.2: dbmi_authz_keys beside a dbmi_authz that no server has preloaded: sessions
# load it when they need it, and so does the worker.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzKeys;
use AzTest;
use Test::More;

my $provider = provider();
my $node = start_node('main', "shared_preload_libraries = 'dbmi_authz_keys'", "dbmi_authz_keys.databases = 'postgres'",
	"dbmi_authz_keys.allowed_hosts = '$provider->{at}'", 'log_min_messages = log');
$node->safe_psql('postgres', 'CREATE EXTENSION dbmi_authz');
control($provider, '/keys' => { body => key_set(jwk('p256_a.pem', 'a')) });
add_issuer($node, 'https://keys.example', "http://$provider->{at}/keys");
until_true(sub { login($node, token_of('https://keys.example', 'p256_a.pem', 'a')) eq 'ann' }, 'keys come by themselves');
control($provider, '/keys' => { body => key_set(map { jwk('p256_a.pem', $_) } qw(a b)) });
my $new = token_of('https://keys.example', 'p256_a.pem', 'b');
like(login($node, $new), qr/being fetched/, 'an unknown one is wished for');
until_true(sub { login($node, $new) eq 'ann' }, 'and comes');

# The session is not the place for this library.
my ($ret, $out, $err) = $node->psql('postgres', "LOAD 'dbmi_authz_keys'");
is($err, '', 'loaded already: nothing happens');
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
($ret, $out, $err) = $node->psql('postgres', "LOAD 'dbmi_authz_keys'");
like($err, qr/library "dbmi_authz_keys" is loaded by the server only\n.*HINT/s, 'by a session: refused');
like(login($node, token_of('https://keys.example', 'p256_a.pem', 'c')), qr/No matching key.*set_jwks/s, 'without it, as before');

done_testing();
