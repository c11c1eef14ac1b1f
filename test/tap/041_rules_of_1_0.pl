# Z8: in a database that has the objects of 1.0, rules of object permissions go
# on as they did.  The update records whose functions they are, also for
# sessions that go on across it, and from then on that is compared.

use strict;
use warnings;

use File::Copy qw(copy);
use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');
my ($share) = run_command([ $ENV{PG_CONFIG} // 'pg_config', '--sharedir' ]);
my $script = 'dbmi_authz--1.0.sql';
copy("$FindBin::RealBin/../upgrade/$script", "$share/extension/$script") or die "$share/extension: $!";

my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
$node->safe_psql('postgres', <<"SQL");
CREATE ROLE app LOGIN;
CREATE ROLE maker;
CREATE ROLE other;
CREATE EXTENSION dbmi_authz VERSION '1.0';
SELECT authz.add_issuer('https://id.example', '{clinic}');
SELECT authz.add_pem('https://id.example', '$pem', 'k1', 'ES256');
CREATE SCHEMA shop;
GRANT USAGE, CREATE ON SCHEMA shop TO maker, other;
GRANT USAGE ON SCHEMA shop TO app;
CREATE TABLE ward (id int PRIMARY KEY);
CREATE FUNCTION shop.odd(int) RETURNS boolean LANGUAGE sql RETURN \$1 % 2 = 1;
CREATE FUNCTION shop.gone(int) RETURNS boolean LANGUAGE sql RETURN true;
ALTER FUNCTION shop.odd OWNER TO maker;
SELECT authz.register_access('ward.see', 'ward', 'user', 'shop.odd(int)');
SELECT authz.register_access('ward.gone', 'ward', 'user', 'shop.gone(int)');
DROP FUNCTION shop.gone;
SQL

my $token = mint(permissions => [ 'ward.see', 'ward.gone' ]);
my $wire = AzWire->new($node, user => 'app');
my $ask = q{SELECT authz.has_object_perm('ward.see', 'ward', '1'), authz.has_object_perm('ward.see', 'ward', '2')};
$wire->query("SELECT authz.set_token('$token')")->answers;
sub asked { return join ' ', grep { length } $wire->query($ask)->answers; }

# The objects of 1.0
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_attribute WHERE attrelid = 'authz.object_access'::regclass AND attnum > 0}), '4', 'no owner is recorded');
is(asked(), 't|f', 'a session asks');
$node->safe_psql('postgres', 'ALTER FUNCTION shop.odd OWNER TO other');
is(asked(), 't|f', 'whosever function the rule is');
$node->safe_psql('postgres', 'ALTER FUNCTION shop.odd OWNER TO maker');

# The update
my ($ok, $out, $err) = $node->psql('postgres', 'ALTER EXTENSION dbmi_authz UPDATE');
is($ok, 0, 'the update');
is($err, '', 'says nothing');
is($node->safe_psql('postgres', 'SELECT perm, rule, rule_owner FROM authz.object_access ORDER BY perm'),
	"ward.gone|shop.gone(integer)|\nward.see|shop.odd(integer)|maker", 'the owners of now are recorded');
is(asked(), 't|f', 'the session goes on');
$node->safe_psql('postgres', q{SELECT authz.register_access('ward.see', 'ward', 'group', 'shop.odd(int)')});
is($node->safe_psql('postgres', q{SELECT rule_owner FROM authz.object_access WHERE kind = 'group'}), 'maker', 'and those of new ones');
$node->safe_psql('postgres', q{SELECT authz.unregister_access('ward.see', 'ward', 'group')});
$node->safe_psql('postgres', <<'SQL');
DROP FUNCTION shop.odd;
SET ROLE other;
CREATE FUNCTION shop.odd(int) RETURNS boolean LANGUAGE sql RETURN true;
SQL
is(asked(), 'f|f', 'and feels that the rule is somebody else\'s');
$node->safe_psql('postgres', 'SELECT authz.accept_rules()');
is(asked(), 't|t', 'until that is accepted');

$node->stop;
done_testing();
