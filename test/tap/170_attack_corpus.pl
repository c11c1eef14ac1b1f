# The attack corpus of test/vectors, as whole tokens through SQL: each
# gets the verdict of its label, and a refusal leaves nobody's identity.  The
# corpus has a clock of its own, so the server gets one that stands still.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir_short();
append_to_file("$dir/clock.c", <<'C');
#include <sys/time.h>
#include <time.h>
int gettimeofday(struct timeval *tv, void *tz) { tv->tv_sec = 1700000000; tv->tv_usec = 0; return 0; }
time_t time(time_t *t) { if (t) *t = 1700000000; return 1700000000; }
C
system_or_bail('cc', '-w', '-shared', '-fPIC', '-o', "$dir/clock.so", "$dir/clock.c");

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'autovacuum = off');
{
	local $ENV{LD_PRELOAD} = "$dir/clock.so";
	$node->start;
}
is($node->safe_psql('postgres', 'SELECT extract(epoch FROM now())::bigint'), '1700000000',
	'the clock stands still');

for my $what ('keys', 'cases')
{
	my ($rows, $errors) =
	  run_command([ '/usr/bin/python3', "$FindBin::RealBin/../vectors/corpus.py", $what ]);
	is($errors, '', "$what of the corpus");
	append_to_file("$dir/$what", "$rows\n");
}

# Somebody is logged in before each case: a refusal must not leave him there.
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION dbmi_authz;
CREATE TABLE keyset (name text, keys json);
CREATE TABLE corpus (name text, id text, verdict text, token text);
CREATE TABLE answer (id text, verdict text, got text);
CREATE FUNCTION ask(hex text, bystander text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	token text;
	taken boolean;
BEGIN
	PERFORM authz.set_token(bystander);
	IF authz.subject() IS DISTINCT FROM 'bystander' THEN
		RETURN 'nobody to begin with';
	END IF;
	BEGIN
		token := convert_from(decode(hex, 'hex'), 'UTF8');
	EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
		RETURN 'reject';		-- no text, so nothing that could be handed over
	END;
	taken := authz.try_set_token(token);
	IF taken <> (authz.subject() IS NOT NULL) THEN
		RETURN 'contradiction';
	ELSIF authz.subject() = 'bystander' THEN
		RETURN 'the identity before it';
	END IF;
	RETURN CASE WHEN taken THEN 'accept' ELSE 'reject' END;
END
$$;
SELECT authz.add_issuer('https://bystander.example', '{clinic}', 'generic', '{"algorithms": ["HS256"]}');
SELECT authz.add_secret('https://bystander.example', decode(repeat('a7', 32), 'hex'), 'b', 'HS256');
SQL
append_to_file("$dir/script", <<"SQL");
\\copy keyset FROM '$dir/keys' WITH (FORMAT csv, DELIMITER E'\\t', QUOTE E'\\x01')
\\copy corpus FROM '$dir/cases' WITH (FORMAT csv, DELIMITER E'\\t', QUOTE E'\\x01')
SQL
$node->safe_psql('postgres', slurp_file("$dir/script"));

my $bystander = mint_for_bystander();
for my $set (split /\n/, $node->safe_psql('postgres', 'SELECT name FROM keyset ORDER BY 1'))
{
	$node->safe_psql('postgres', <<"SQL");
SELECT authz.add_issuer('https://issuer.example', '{dbmi}', 'generic',
	'{"required_claims": ["iss", "sub", "aud", "exp"], "leeway_seconds": 0,
	  "algorithms": ["HS256", "RS256", "PS256", "ES256", "EdDSA"]}');
SELECT authz.add_key('https://issuer.example', key)
FROM keyset, json_array_elements(keys->'keys') key WHERE name = '$set';
INSERT INTO answer SELECT id, verdict, ask(token, '$bystander') FROM corpus WHERE name = '$set';
SELECT authz.drop_issuer('https://issuer.example');
SQL
}

is($node->safe_psql('postgres', <<'SQL'), '', 'every verdict is that of its label');
SELECT id, 'expected', verdict, 'got', got FROM answer WHERE got <> verdict ORDER BY id
SQL
is($node->safe_psql('postgres', 'SELECT count(*) FROM answer'),
	$node->safe_psql('postgres', 'SELECT count(*) FROM corpus'), 'no case was left out');
my $counts = $node->safe_psql('postgres',
	"SELECT count(*) FILTER (WHERE got = 'accept'), count(*) FILTER (WHERE got = 'reject') FROM answer");
like($counts, qr/^(?!0)\d+\|(?!0)\d+$/, 'tokens of both kinds');
note("accepted and refused: $counts");
$node->stop;
done_testing();

sub mint_for_bystander
{
	append_to_file("$dir/secret", "\xa7" x 32);
	my ($token, $errors) = run_command(
		[ "$FindBin::RealBin/../mint", '--key', "$dir/secret", '--alg', 'HS256', '--kid', 'b',
			'{"iss": "https://bystander.example", "aud": "clinic", "sub": "bystander", "exp": 4102444800}' ]);
	die $errors if $errors;
	return $token;
}
