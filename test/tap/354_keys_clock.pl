# C11.10: dbmi_authz_keys after the clock was set back: what it said before is nothing to wait
# for.  Keys are fetched ahead of time and for tokens, within the limits of now.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzKeys;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

# The server's clock is so many seconds ahead as the file says.
my $dir = PostgreSQL::Test::Utils::tempdir();
append_to_file("$dir/clock.c", <<'C');
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int gettimeofday(struct timeval *now, void *zone)
{
	struct timespec t;
	char ahead[20] = "";
	const char *name = getenv("CLOCK_AHEAD");
	int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;

	if (file >= 0 && read(file, ahead, sizeof(ahead) - 1) < 0)
		abort();
	if (file >= 0)
		close(file);
	clock_gettime(CLOCK_REALTIME, &t);
	now->tv_sec = t.tv_sec + atol(ahead);
	now->tv_usec = t.tv_nsec / 1000;
	return 0;
}
C
system_or_bail('cc', '-w', '-shared', '-fPIC', '-o', "$dir/clock.so", "$dir/clock.c");
sub clock_is { my ($ahead) = @_; append_to_file("$dir/new", $ahead); rename "$dir/new", "$dir/ahead" or die; return; }
clock_is(86400);
my $provider = provider();
my $node;
{
	local @ENV{qw(LD_PRELOAD CLOCK_AHEAD)} = ("$dir/clock.so", "$dir/ahead");
	$node = keys_node('main', $provider->{at}, 'dbmi_authz_keys.attempts_per_issuer = 1');
}
my ($a, $b) = (jwk('p256_a.pem', 'a'), jwk('p256_b.pem', 'b'));
my $issuer = 'https://keys.example';
$node->safe_psql('postgres', 'CREATE EXTENSION dbmi_authz');
control($provider, '/keys' => { body => key_set($a) });
add_issuer($node, $issuer, "http://$provider->{at}/keys");
until_true(sub { status_of($node, $issuer) eq '-' }, 'a set is fetched');
my $next = token_of($issuer, 'p256_b.pem', 'b');
like(login($node, $next), qr/being fetched/, 'a token wishes for a key');
is($node->safe_psql('postgres', "SELECT now() > to_timestamp(${\time}) + interval '1 hour'"), 't', 'tomorrow');
until_true(sub { requests($provider) == 2 }, 'it is looked for');
unlike(login($node, $next), qr/being fetched/, 'which is the limit');

clock_is(0);
is($node->safe_psql('postgres', "SELECT now() > to_timestamp(${\time}) + interval '1 hour'"), 'f', 'and today again');
until_true(sub { requests($provider) >= 3 }, 'the set is fetched, soon and not tomorrow');
control($provider, '/keys' => { body => key_set($a, $b) });
until_true(sub { login($node, $next) =~ /being fetched/ }, 'a token may wish again');
until_true(sub { login($node, $next) eq '' || $node->safe_psql('postgres', "SELECT count(*) FROM authz.issuer_key WHERE kid = 'b'") eq '1' }, 'and the key comes');
like(login($node, token_of($issuer, 'p256_b.pem', 'c')), qr/Load the issuer/, 'the limit is there as before');

done_testing();
