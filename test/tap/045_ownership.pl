# Z6: whoever installs, and whoever the database is given to, schema and tables
# belong to pg_database_owner, functions to the bootstrap superuser, and nobody
# puts a function of theirs beside ours.
# Q1: a schema that somebody has prepared is taken from them, or refused.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', 'max_prepared_transactions = 2');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE second SUPERUSER LOGIN;
CREATE ROLE owner LOGIN;
CREATE ROLE heir LOGIN;
CREATE ROLE maker LOGIN;
CREATE ROLE app LOGIN;
SQL
my $first = $node->safe_psql('postgres', 'SELECT 10::oid::regrole');

# What anybody could see of owners and rights.
sub picture
{
	my ($db) = @_;
	return $node->safe_psql($db, <<'SQL');
SELECT nspowner::regrole, nspacl FROM pg_namespace WHERE nspname = 'authz';
SELECT relkind, relname, relowner::regrole, relacl FROM pg_class WHERE relnamespace = 'authz'::regnamespace ORDER BY relname;
SELECT oid::regprocedure, proowner::regrole, proacl FROM pg_proc WHERE pronamespace = 'authz'::regnamespace ORDER BY oid::regprocedure::text;
SELECT typname, typowner::regrole, typacl FROM pg_type WHERE typnamespace = 'authz'::regnamespace ORDER BY typname;
SELECT pg_describe_object(classoid, objoid, objsubid), initprivs FROM pg_init_privs WHERE privtype = 'e' ORDER BY 1;
SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'dbmi_authz';
SELECT pg_describe_object(refclassid, refobjid, refobjsubid), deptype FROM pg_depend
 WHERE classid = 'pg_extension'::regclass AND objid = (SELECT oid FROM pg_extension WHERE extname = 'dbmi_authz');
SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend
 WHERE deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'dbmi_authz') ORDER BY 1;
SQL
}

# Who can put a function there?
sub nobody_creates
{
	my ($db) = @_;
	for my $user ('owner', 'heir', 'maker', 'app')
	{
		my @got = session($node, 'CREATE FUNCTION authz.is_owner(text) RETURNS boolean LANGUAGE sql RETURN true;', db => $db, user => $user);
		is_deeply(\@got, ['42501: permission denied for schema authz'], "$db: $user creates nothing there");
	}
	return;
}

# Who administers?
sub administers
{
	my ($db, %may) = @_;
	for my $user (sort keys %may)
	{
		my ($got) = session($node, "BEGIN; SELECT authz.add_issuer('x', '{y}'); ROLLBACK;", db => $db, user => $user);
		my $said = $got // '';
		$may{$user} ? unlike($said, qr/^42501/, "$db: $user administers") : like($said, qr/^42501/, "$db: $user does not");
	}
	return;
}

sub database
{
	my ($db) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $db OWNER owner; GRANT CREATE ON DATABASE $db TO maker");
	return;
}

my %picture;
for ([ $first, 'by_first' ], [ 'second', 'by_second' ], [ 'owner', 'by_owner' ], [ 'maker', 'by_maker' ])
{
	my ($installer, $db) = @$_;
	database($db);
	is_deeply([ session($node, 'CREATE EXTENSION dbmi_authz;', db => $db, user => $installer) ], [], "$installer installs");
	$picture{$db} = picture($db);
	like($picture{$db}, qr/^pg_database_owner\|\{pg_database_owner=U\/pg_database_owner,=U\/pg_database_owner\}\n/, 'and the schema belongs to the owner of the database, who may create nothing');
	unlike($picture{$db}, qr/^authz\.\w+\(.*\)\|(?!$first\|)/m, 'and the functions to the bootstrap superuser');
	is($picture{$db}, $picture{by_first}, 'all as if the bootstrap superuser had installed');
	nobody_creates($db);
	administers($db, owner => 1, second => 1, heir => 0, maker => 0, app => 0);
	$node->safe_psql('postgres', "ALTER DATABASE $db OWNER TO heir");
	is(picture($db), $picture{by_first}, 'nor does that change when the database changes hands');
	nobody_creates($db);
	administers($db, heir => 1, second => 1, owner => 0, maker => 0, app => 0);
}

# The extension itself goes on to another role by REASSIGN OWNED alone.
is_deeply([ session($node, 'DROP EXTENSION dbmi_authz;', db => 'by_maker', user => 'heir') ], ['42501: must be owner of extension dbmi_authz'], 'the extension still belongs to who installed it');
$node->safe_psql('by_maker', 'REASSIGN OWNED BY maker TO heir');
is(picture('by_maker'), $picture{by_first}, 'given away by its owner, with nothing else of it');
is_deeply([ session($node, "DROP EXTENSION dbmi_authz;\nDROP SCHEMA authz;\nCREATE EXTENSION dbmi_authz;", db => 'by_maker', user => 'heir') ], [], 'and dropped and made anew by the new owner');
is(picture('by_maker'), $picture{by_first}, 'with the same rights as ever');

# A function that came there all the same, as the heir allows himself: it is
# told of, and protect() does not ask it.
my $shadow = 'CREATE FUNCTION authz.is_owner(text) RETURNS boolean LANGUAGE sql RETURN true;';
session($node, "GRANT CREATE ON SCHEMA authz TO heir; $shadow REVOKE CREATE ON SCHEMA authz FROM heir; CREATE TABLE doc (owner text); ", db => 'by_owner', user => 'heir');
is_deeply([ grep { !/^f/ } session($node, "SELECT authz.try_set_token('a.b.c'); SELECT authz.try_set_token('a.b.c'); SELECT authz.protect('doc', owner => 'owner');", db => 'by_owner', user => 'heir') ],
	[ 'WARNING:  01000: schema "authz" holds objects that are not part of extension "dbmi_authz"', q(55000: policies for table "doc" would not ask the extension's own functions) ],
	'a shadow is told of, and not asked');

# What was prepared, by whom, and what comes of it for a superuser who installs.
my $n = 0;
my $refused = qr/^55000: schema "authz" is not empty$/;
for (
	[ 'empty', 'maker', '' ],
	[ 'empty, open to all', 'maker', 'GRANT ALL ON SCHEMA authz TO PUBLIC; GRANT ALL ON SCHEMA authz TO app WITH GRANT OPTION' ],
	[ 'empty', 'owner', '' ],
	[ 'empty', 'second', '' ],
	[ 'a function', 'maker', $shadow, $refused ],
	[ 'a table', 'maker', 'CREATE TABLE authz.issuer (issuer text)', $refused ],
	[ 'an aggregate', 'maker', 'CREATE AGGREGATE authz.has_any_scope(text) (SFUNC = textcat, STYPE = text)', $refused ],
	[ 'a domain', 'maker', 'CREATE DOMAIN authz.is_owner AS boolean', $refused ],
	[ 'default privileges', 'maker', 'ALTER DEFAULT PRIVILEGES IN SCHEMA authz GRANT ALL ON TABLES TO app', $refused ],
	[ 'a function', 'owner', $shadow, $refused ],
	[ 'default privileges', 'owner', 'ALTER DEFAULT PRIVILEGES IN SCHEMA authz GRANT EXECUTE ON FUNCTIONS TO app', $refused ],
	[ 'default privileges of its own', 'maker', 'ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app; ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO app' ],
	[ 'a prepared transaction', 'maker', "BEGIN; $shadow PREPARE TRANSACTION 'later'",
		qr/^55006: schema "authz" belongs to role maker, and other transactions of this database are open$/ ])
{
	my ($what, $whose, $sql, $error) = @$_;
	my $db = 'prepared_' . ++$n;
	database($db);
	is_deeply([ session($node, "CREATE SCHEMA authz; $sql;", db => $db, user => $whose) ], [], "$what in a schema of $whose");
	my @got = session($node, 'CREATE EXTENSION dbmi_authz;', db => $db, user => $first);
	if ($error)
	{
		like($got[0] // 'it was taken', $error, 'is refused');
		session($node, "ROLLBACK PREPARED 'later';", db => $db, user => $whose) if $sql =~ /PREPARE TRANSACTION/;
		session($node, 'DROP SCHEMA authz CASCADE;', db => $db, user => $first);
		is_deeply([ session($node, 'CREATE EXTENSION dbmi_authz;', db => $db, user => $first) ], [], 'and installed when it is gone');
	}
	else
	{
		is_deeply(\@got, [], 'is taken over');
	}
	is(picture($db), $picture{by_first}, 'and all is as elsewhere');
	nobody_creates($db);
}

# The HINT says what to do.
database('hinted');
session($node, 'CREATE SCHEMA authz;', db => 'hinted', user => 'maker');
session($node, "BEGIN; SELECT 1 \\g /dev/null\nPREPARE TRANSACTION 'open';", db => 'hinted');
my @hinted = session($node, 'CREATE EXTENSION dbmi_authz;', db => 'hinted', user => 'owner', details => 1);
like("@hinted", qr/55006: .*HINT:  Try again when they have ended \(see pg_stat_activity and pg_prepared_xacts\), or drop the schema/, 'Q1: it says what to do');
session($node, "ROLLBACK PREPARED 'open';", db => 'hinted');
is_deeply([ session($node, 'CREATE EXTENSION dbmi_authz;', db => 'hinted', user => 'owner') ], [], 'and that helps');

$node->stop;
done_testing();
