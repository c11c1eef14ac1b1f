# Q1: a dump is restored whatever the way, by superusers and owners, into
# databases of the same and of another owner, before and after a change of the
# owner, from this version and from 1.0; or PostgreSQL says what to do.
# Q6: who is bound by policies is told so by pg_dump, and two ways out.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', 'max_prepared_transactions = 2', 'fsync = off');
my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
my $token = mint();
my $dir = PostgreSQL::Test::Utils::tempdir();
my $super = $node->safe_psql('postgres', 'SELECT 10::oid::regrole');
old_version();

# "old" has made all there is, and owned the database.  The databases that
# changed hands are owned by "new", and what stands in them still by "old".
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE old LOGIN CREATEDB;
CREATE ROLE new LOGIN CREATEDB;
CREATE ROLE other LOGIN CREATEDB;
CREATE ROLE app LOGIN;
SQL

my @sources;
for my $version ('1.0', '1.1')
{
	(my $name = "shop_${version}_kept") =~ tr/./_/;
	(my $moved = $name) =~ s/kept/moved/;
	my $cluster_key = $version eq '1.0' ? '' : ", authz.add_cluster_key('node')";
	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER old");
	is_deeply([ session($node, <<"SQL", db => $name, user => 'old') ], [], "$version: a database to dump");
SET client_min_messages = error;
CREATE EXTENSION dbmi_authz VERSION '$version';
\\o /dev/null
SELECT authz.add_issuer('https://id.example', '{clinic}'), authz.add_pem('https://id.example', '$pem', 'k1', 'ES256'),
	   authz.add_secret('https://id.example', '\\x${\ ('ab' x 32)}', 'secret'), authz.revoke_token('https://id.example', 'gone')$cluster_key;
\\o
CREATE TABLE doc (id int, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob'), (3, 'bob');
GRANT SELECT ON doc TO app;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON doc USING (authz.is_owner(owner));
SQL
	$node->safe_psql('postgres', "CREATE DATABASE $moved TEMPLATE $name OWNER old; ALTER DATABASE $moved OWNER TO new");
	push @sources, $name, $moved;
}

# What there is of it: one line, the same in every copy.
sub look
{
	my ($db, $what) = @_;
	my @got = session($node, <<'SQL', db => $db, user => $super, tokens => { ann => $token });
SELECT authz.set_token('%{ann}') \g /dev/null
SET ROLE app;
SELECT count(*), authz.subject() FROM doc;
RESET ROLE;
SELECT nspowner::regrole, nspacl FROM pg_namespace WHERE nspname = 'authz';
SELECT count(*) FROM pg_proc WHERE pronamespace = 'authz'::regnamespace AND (proowner <> 10 OR prolang <> 13);
SELECT string_agg(DISTINCT CASE relowner WHEN 10 THEN 'the first superuser' ELSE relowner::regrole::text END || CASE WHEN relkind IN ('v', 'm') THEN ': views' ELSE '' END, ', ')
	FROM pg_class WHERE relnamespace = 'authz'::regnamespace;
SELECT extversion FROM pg_extension WHERE extname = 'dbmi_authz';
SELECT (SELECT count(*) FROM authz.issuer), (SELECT count(*) FROM authz.issuer_key), (SELECT count(*) FROM authz.revocation);
SELECT count(*) FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$|public$|authz$)';
-- no dump has keys of a cluster; whoever owns the copy adds them
SELECT datdba::regrole AS owner FROM pg_database WHERE datname = current_database() \gset
SET ROLE :"owner";
SELECT count(*) FROM authz.cluster_keys();
BEGIN;
SELECT authz.add_cluster_key('copy') \g /dev/null
SELECT kid, signs FROM authz.cluster_keys();
ROLLBACK;
SQL
	is_deeply(\@got, [ '1|ann', 'pg_database_owner|{pg_database_owner=U/pg_database_owner,=U/pg_database_owner}', '0', 'pg_database_owner, the first superuser: views', '1.1', '1|2|1', '0', '0', 'copy|t' ], $what) or diag("in $db");
	return;
}

sub run_quietly
{
	my (@command) = @_;
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run(\@command, '<', \'', '>', \$out, '2>', \$err);
	return ($ok, $out . $err);
}

my @server = ('-h', $node->host, '-p', $node->port);
my %made;

# Dump and restore, and look at the copy; or see the error.
sub copy
{
	my ($source, %how) = @_;
	my $format = $how{format};
	my @free = $how{no_owner} ? '--no-owner' : ();
	my @create = $how{create} ? '--create' : ();
	my $what = join ' ', "$source:", $format, @create, @free, "by $how{by}", $how{create} ? () : "for $how{for}", @{ $how{more} // [] };
	my $file = "$dir/" . join '.', map { s/\W/_/gr } $source, $format, @create, @free;

	if (!-e $file)
	{
		my ($dumped, $message) = run_quietly('pg_dump', @server, '-U', $super, '-F', $format, @create, @free, '-f', $file, $source);
		ok($dumped, "$source: dump as $format") or diag($message);
	}
	my $db = $source;
	if ($how{create})
	{
		$node->safe_psql('postgres', "ALTER DATABASE $source RENAME TO aside");
	}
	else
	{
		$db = "copy_of_$how{for}";
		$node->safe_psql('postgres', "CREATE DATABASE $db OWNER $how{for}") unless $made{$db}++;
		$node->safe_psql($db, <<'SQL') unless $how{over};
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS dbmi_authz CASCADE;
DROP SCHEMA IF EXISTS authz;
DROP TABLE IF EXISTS doc;
SQL
	}
	my @to = ('-d', $how{create} ? 'postgres' : $db);
	my @restore = $format eq 'plain' ? ('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $file) : ('pg_restore', '--exit-on-error', @create, @free, $file);
	my ($ok, $message) = run_quietly(shift @restore, @server, '-U', $how{by}, @to, @{ $how{more} // [] }, @restore);
	if ($how{refused})
	{
		like($message, $how{refused}, "$what: refused");
	}
	else
	{
		ok($ok, $what) or diag($message);
		look($db, "$what: all is there");
	}
	$node->safe_psql('postgres', "DROP DATABASE IF EXISTS $source") if $how{create};
	$node->safe_psql('postgres', "ALTER DATABASE aside RENAME TO $source") if $how{create};
	return;
}

# What PostgreSQL says to a role that gives things to another one.
my $not_yours = qr/must be (owner|member of role|able to SET ROLE)/;

# Each way with each format, by turns over the sources; RESTORES=all: all there are.
my @formats = ('plain', 'custom', 'directory');
my $turn = 0;
for my $source (@sources)
{
	my $owner = $source =~ /moved/ ? 'new' : 'old';
	for my $no_owner (0, 1)
	{
		# what stands in the database is given to "old", unless the dump is free of owners
		my @but = $no_owner || $owner eq 'old' ? () : (refused => $not_yours);
		for my $way (
			[ by => $super, for => $owner ], [ by => $super, for => 'other' ], [ by => $super, create => 1 ],
			[ by => $owner, for => $owner, @but ], [ by => $owner, create => 1, @but ],
			[ by => 'other', for => 'other', $no_owner ? () : (refused => $not_yours) ])
		{
			copy($source, no_owner => $no_owner, format => $_, @$way)
			  for ($ENV{RESTORES} // '') eq 'all' ? @formats : $formats[ $turn++ % 3 ];
		}
	}
	$turn++;
}
copy($sources[1], format => 'custom', by => $super, for => 'other', more => ['--single-transaction']);
copy($sources[1], format => 'directory', no_owner => 1, by => 'other', for => 'other', more => [ '-j', 2 ]);
# over what the last one has left
copy($sources[1], format => 'custom', no_owner => 1, by => 'other', for => 'other', more => [ '--clean', '--if-exists' ], over => 1);
copy($sources[3], format => 'custom', by => $super, for => 'other', more => [ '--clean', '--if-exists' ], over => 1);

# The whole cluster.
my ($ok, $message) = run_quietly('pg_dumpall', @server, '-U', $super, '-f', "$dir/all");
ok($ok, 'pg_dumpall') or diag($message);
$node->safe_psql('postgres', "DROP DATABASE $_") for @sources, keys %made;
($ok, $message) = run_quietly('psql', '-Xq', @server, '-U', $super, '-d', 'postgres', '-f', "$dir/all");
is(join("\n", grep { /ERROR/ && !/role "\w+" already exists/ } split /\n/, $message), '', 'is restored with no other error than that the roles are there');
look($_, "$_: all is there") for @sources;

# Z13: rows that are restored with triggers disabled leave the triggers as
# they must not be: nobody logs in, and what to run is said.
($ok, $message) = run_quietly('pg_dump', @server, '-U', $super, '-Fc', '-f', "$dir/rows", 'shop_1_1_moved');
$node->safe_psql('postgres', 'CREATE DATABASE rows_only OWNER new');
run_quietly('pg_restore', @server, '-U', $super, '--schema-only', '-d', 'rows_only', "$dir/rows");
($ok, $message) = run_quietly('pg_restore', @server, '-U', $super, '--exit-on-error', '--data-only', '--disable-triggers', '-d', 'rows_only', "$dir/rows");
ok($ok, 'rows are restored with triggers disabled') or diag($message);
my @told = session($node, q(SELECT authz.try_set_token('%{ann}');), db => 'rows_only', tokens => { ann => $token }, details => 1);
is($told[-1], 'f', 'nobody logs in');
my @hints = map { /^HINT:  Run (ALTER TABLE authz\.\w+ ENABLE ALWAYS TRIGGER guard, ENABLE ALWAYS TRIGGER changed)\.$/ ? $1 : () } @told;
ok(@hints > 0, 'it says what to run') or diag("@told");
while (@hints)
{
	is_deeply([ session($node, join(';', @hints) . ';', db => 'rows_only', user => 'new') ], [], 'the owner runs that');
	@told = session($node, q(SELECT authz.try_set_token('%{ann}'); SELECT authz.has_item_permission('x', 'y');), db => 'rows_only', tokens => { ann => $token }, details => 1);
	@hints = map { /^HINT:  Run (ALTER TABLE authz\.\w+ ENABLE ALWAYS TRIGGER guard, ENABLE ALWAYS TRIGGER changed)\.$/ ? $1 : () } @told;
}
is_deeply(\@told, [ 't', 'f' ], 'and all is well') or diag("@told");

# Q6: a role that reads all data is bound by the policies of the tables that
# hold keys, item permissions and the record of changes, and the dump says so.  One with BYPASSRLS is
# not; and who needs no keys leaves those rows out.
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE reader LOGIN;
CREATE ROLE saver LOGIN BYPASSRLS;
GRANT pg_read_all_data TO reader, saver;
SQL
my @dump = ('pg_dump', @server, '-d', 'shop_1_1_moved', '-f', "$dir/q6");
for (
	[ 'reader', [], qr/query would be affected by row-level security policy for table "(audit_event|audit_seal|issuer_key|item_permission)"/ ],
	[ 'reader', ['--exclude-table-data=authz.issuer_key', '--exclude-table-data=authz.audit_*'], qr/row-level security policy for table "item_permission"/ ])
{
	my ($user, $options, $error) = @$_;
	my ($done, $said) = run_quietly(@dump, '-U', $user, @$options);
	ok(!$done, "Q6: @$options by $user: refused");
	like($said, $error, 'and says why');
}
my $out = '--exclude-table-data=authz.issuer_key --exclude-table-data=authz.item_permission --exclude-table-data=authz.audit_* --exclude-table-data=doc';
for ([ 'saver', '', 'ann', 3, 2 ], [ 'reader', $out, undef, 0, 0 ])
{
	my ($user, $options, $who, $rows, $keys) = @$_;
	my ($done, $said) = run_quietly(@dump, '-U', $user, split / /, $options);
	ok($done, "Q6: $options by $user") or diag($said);
	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS copy; CREATE DATABASE copy OWNER other');
	($done, $said) = run_quietly('psql', '-Xq', @server, '-U', $super, '-v', 'ON_ERROR_STOP=1', '-d', 'copy', '-f', "$dir/q6");
	ok($done, 'is restored') or diag($said);
	is($node->safe_psql('copy', 'SELECT (SELECT count(*) FROM doc), (SELECT count(*) FROM authz.issuer), (SELECT count(*) FROM authz.issuer_key)'), "$rows|1|$keys", 'with what was in the dump');
	my @got = session($node, q(SELECT authz.try_set_token('%{ann}'); SELECT authz.subject();), db => 'copy', tokens => { ann => $token });
	is_deeply(\@got, $who ? [ 't', $who ] : ['f'], 'and nobody logs in without a key') or diag("@got");
}

$node->stop;
done_testing();
