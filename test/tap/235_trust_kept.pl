# What a session keeps of the trust: a change, or lost messages, makes it read
# again what has changed and nothing else; what it keeps is bounded; and a look
# at the tables that was cut short is not believed.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', 'fsync = off', 'autovacuum = off');
local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;
my $tests = "$FindBin::RealBin/..";
$node->safe_psql('postgres', <<"SQL");
CREATE EXTENSION dbmi_authz;
\\i $tests/sql/mint.sql
CREATE FUNCTION mint.at(issuer text, kid text DEFAULT NULL, claims jsonb DEFAULT '{}') RETURNS text LANGUAGE sql RETURN
	mint.token(jsonb_build_object('iss', issuer) || claims, mint.secret(issuer),
			   json_strip_nulls(json_build_object('alg', 'HS256', 'kid', kid)));
CREATE PROCEDURE mint.trust(issuer text) LANGUAGE sql AS \$\$
	SELECT authz.add_issuer(issuer, '{clinic}', options => '{"algorithms": ["HS256"]}');
	SELECT authz.add_secret(issuer, mint.secret(issuer), 'k1', 'HS256');
\$\$;
CALL mint.trust('a');
CALL mint.trust('b');
CREATE TABLE doc AS SELECT * FROM (VALUES ('ann'), ('bob')) d (owner);

-- an immutable function is called while a query is planned
CREATE FUNCTION planned() RETURNS text IMMUTABLE LANGUAGE plpgsql AS \$\$ BEGIN RAISE NOTICE 'planned'; RETURN ''; END \$\$;
-- more messages than the queue holds
CREATE FUNCTION many_messages() RETURNS void LANGUAGE plpgsql AS \$\$
BEGIN
	FOR i IN 1..3 LOOP
		EXECUTE (SELECT format('CREATE TABLE busy (%s)', string_agg(format('c%s int', n), ', ')) FROM generate_series(1, 1500) n);
		DROP TABLE busy;
	END LOOP;
END \$\$;
SQL

sub token { return $node->safe_psql('postgres', "SELECT mint.at($_[0])"); }

# In another session, while this one waits for it.
sub meanwhile { return "\\! psql -XAtq -d postgres -U @{[ $node->safe_psql('postgres', 'SELECT current_user') ]} -c \"$_[0]\" >/dev/null\n"; }

my $user = $node->safe_psql('postgres', 'SELECT current_user');

sub answers { return [ session($node, $_[0], user => $user, @_[ 1 .. $#_ ]) ]; }

my %tokens = (a => token("'a', 'k1'"), b => token("'b', 'k1'"));

# Q27: a change of one issuer ends only that issuer's identities and remembered
# tokens: the same token has the same serial, so a kept plan runs on
my $ask = "SELECT authz.set_token('%{a}');\nEXECUTE mine;\n";
my $kept = "PREPARE mine AS SELECT owner || planned() FROM doc WHERE authz.is_owner(owner);\n$ask";
my @anew = ('NOTICE:  00000: planned', 'ann');
my %changes = (
	'nothing' => [ 'SELECT 1' ],
	'the other issuer' => [ q{SELECT authz.alter_issuer('b', '{}')} ],
	'a key of the other issuer' => [ q{SELECT authz.add_secret('b', mint.secret(), 'k2', 'HS256')} ],
	'another key of the issuer' => [ q{SELECT authz.add_secret('a', mint.secret(), 'k2', 'HS256')} ],
	'its key, written again' => [ q{UPDATE authz.issuer_key SET source = source WHERE issuer = 'a'} ],
	'a new issuer' => [ q{CALL mint.trust('c')} ],
	'an issuer chosen by audience' => [ q{SELECT authz.add_issuer('d', '{elsewhere}', 'dbmi')} ],
	'a revocation' => [ q{SELECT authz.revoke_token('a', 'nobody')} ],
	'its issuer' => [ q{SELECT authz.alter_issuer('a', '{}')}, @anew ],
	'its profile' => [ q{UPDATE authz.profile SET options = options WHERE profile = 'generic'}, @anew ]);
for my $what (sort keys %changes)
{
	my ($sql, @expected) = @{ $changes{$what} };
	@expected = ('ann') unless @expected;
	is_deeply(answers($kept . meanwhile($sql) . $ask, tokens => \%tokens), [ @anew, @expected ],
		"changed: $what; " . (@expected > 1 ? 'verified anew' : 'what was kept serves'));
}

# Q27: a row that is not to be believed is reported when it is read, so the
# warnings say what is read: once for each change of the row
$node->safe_psql('postgres', q{CALL mint.trust('bad'); INSERT INTO authz.issuer_key SELECT issuer, 'k9', alg, '{}', thumbprint, source FROM authz.issuer_key WHERE issuer = 'bad'});
%tokens = (all => token("'bad'"), named => token("'bad', 'k1'"), bad => token("'bad', 'k9'"), a => $tokens{a});
my $warning = 'WARNING:  F0000: ignoring invalid key of issuer "bad"';
my $login = sub { return join '', map { "SELECT authz.try_set_token('%{$_}');\n" } @_; };
is_deeply(answers($login->(qw(named a)), tokens => \%tokens), [ 't', 't' ], 'a bad key that no token needs is not read');
is_deeply(answers($login->(qw(bad bad)), tokens => \%tokens), [ $warning, 'f', 'f' ], 'one that a token names is read once');
is_deeply(answers($login->(qw(all all named all)), tokens => \%tokens), [ $warning, ('t') x 4 ], 'so it is for a token without kid, which may mean any');
%changes = (
	'nothing' => [ 'SELECT 1' ],
	'another issuer' => [ q{SELECT authz.alter_issuer('b', '{}')} ],
	'another key' => [ q{UPDATE authz.issuer_key SET source = source WHERE issuer = 'bad' AND kid = 'k1'} ],
	'lost messages' => [ 'SELECT many_messages()' ],
	'the row' => [ q{UPDATE authz.issuer_key SET source = source WHERE issuer = 'bad' AND kid = 'k9'}, $warning ],
	'its issuer' => [ q{SELECT authz.alter_issuer('bad', '{}')}, $warning ]);
for my $what (sort keys %changes)
{
	my ($sql, @expected) = @{ $changes{$what} };
	is_deeply(answers($login->('all') . meanwhile($sql) . $login->('all'), tokens => \%tokens), [ $warning, 't', @expected, 't' ],
		"changed: $what; " . (@expected ? 'the row is read again' : 'nothing is parsed'));
}

# Q27: what is kept is bounded
$node->safe_psql('postgres', q{DO $$ BEGIN FOR i IN 1..200 LOOP CALL mint.trust('n' || i); END LOOP; END $$});
is_deeply(answers(<<'SQL'), [ '200', '64' ], 'of 200 issuers 64 are kept');
SELECT count(authz.set_token(mint.at('n' || i, 'k1'))) FROM generate_series(1, 200) i;
SELECT authz.try_set_token('') \g /dev/null
SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'dbmi_authz issuer';
SQL

# A key comes, is used, and goes.
my $rotations = $ENV{DBMI_ROTATIONS} // 2000;
my $memory = answers(<<"SQL");
CREATE FUNCTION memory() RETURNS text LANGUAGE sql RETURN (SELECT regexp_replace(pg_read_file('/proc/self/status'), '.*RssAnon:\\s*(\\d+).*', '\\1'));
CREATE PROCEDURE rotate(n int) LANGUAGE plpgsql AS \$\$
BEGIN
	FOR i IN 1..n LOOP
		PERFORM authz.add_secret('a', mint.secret(i::text), 'r' || i, 'HS256');
		PERFORM authz.set_token(mint.token('{"iss": "a"}', mint.secret(i::text), json_build_object('alg', 'HS256', 'kid', 'r' || i)));
		PERFORM authz.drop_key('a', 'r' || i);
		COMMIT;
	END LOOP;
END \$\$;
CALL rotate($rotations / 2);
SELECT memory();
CALL rotate($rotations / 2);
SELECT memory();
SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'dbmi_authz issuer' AND total_bytes > 16384;
SQL
is(@$memory, 3, "$rotations rotations") or diag("@$memory");
cmp_ok($memory->[1] - $memory->[0], '<', 4096, "memory: $memory->[0] kB, $memory->[1] kB") if @$memory == 3;
is($memory->[2], 0, 'a row that is gone leaves nothing');

# A look for revocations that is cut short: that a table of rows nobody needs
# any more has none that counts is not known before its end.
$node->safe_psql('postgres', <<'SQL');
ALTER TABLE authz.revocation DISABLE TRIGGER ALL;
INSERT INTO authz.revocation (issuer, kind, value) SELECT 'a', 'token', i::text FROM generate_series(1, 300000) i;
DELETE FROM authz.revocation;
ALTER TABLE authz.revocation ENABLE ALWAYS TRIGGER guard;
ALTER TABLE authz.revocation ENABLE ALWAYS TRIGGER changed;
SELECT authz.revoke_token('a', 'J1');
SQL
$tokens{revoked} = token(q{'a', 'k1', '{"jti": "J1"}'});
my $attempts = answers(join('', map { "SET statement_timeout = $_;\nSELECT authz.set_token('%{revoked}');\n" } 1 .. 40), tokens => \%tokens);
is(grep({ !/^(57014|28000):/ } @$attempts), 0, 'refused, or cancelled') or diag(join "\n", @$attempts);
cmp_ok(grep({ /^57014:/ } @$attempts), '>', 0, 'cancelled ' . grep({ /^57014:/ } @$attempts) . ' times');
cmp_ok(grep({ /^28000:/ } @$attempts), '>', 0, 'refused in the end');

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|terminated by signal/, 'nothing crashed');
$node->stop;
done_testing();
