# pg_upgrade carries the extension, the trust, the rights and the policies to
# the new cluster, and what was trusted is trusted there.
#
# From and to the server that is tested, or between the programs in OLD_BINDIR
# and NEW_BINDIR, both with the extension installed ("make check-upgrade").

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $here = `pg_config --bindir`;
chomp $here;
my %bin = (old => $ENV{OLD_BINDIR} || $here, new => $ENV{NEW_BINDIR} || $here);
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my %running;

sub run_ok
{
	my ($what, @command) = @_;
	my $out = '';
	my $ok = IPC::Run::run(\@command, '<', '/dev/null', '>', \$out, '2>&1');
	ok($ok, $what) or diag($out);
	return $out;
}

sub start
{
	my ($name) = @_;
	run_ok("the $name server starts", "$bin{$name}/pg_ctl", '-D', "$dir/$name", '-l', "$dir/$name.log", '-w',
		'-o', "-c listen_addresses= -c unix_socket_directories=$dir -p 6543", 'start');
	$running{$name} = 1;
	return;
}

sub stop
{
	my ($name) = @_;
	run_ok("the $name server stops", "$bin{$name}/pg_ctl", '-D', "$dir/$name", '-w', '-m', 'fast', 'stop') if delete $running{$name};
	return;
}
END { my $status = $?; stop($_) for keys %running; $? = $status; }

sub psql
{
	my ($db, $user, $sql) = @_;
	my $out = '';
	IPC::Run::run([ 'psql', '-XAtq', '-h', $dir, '-p', 6543, '-U', $user, '-d', $db ], '<', \$sql, '>', \$out, '2>&1');
	$out =~ s/^(psql:\S* )?ERROR:  /ERROR: /mg;
	chomp $out;
	return $out;
}

for my $name ('old', 'new')
{
	run_ok("initdb of the $name server", "$bin{$name}/initdb", '-D', "$dir/$name", '-U', 'super', '-A', 'trust', '-N', '--no-locale', '-E', 'UTF8');
	append_to_file("$dir/$name/postgresql.conf", slurp_file($ENV{TEMP_CONFIG})) if $ENV{TEMP_CONFIG};
}
diag('from ' . `$bin{old}/postgres --version` . 'to ' . `$bin{new}/postgres --version`);

# C5.11: what is carried over
my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
my $jwks = slurp_file("$FindBin::RealBin/../fixtures/jwks.json");
my %tokens = (ann => mint(), root => mint(sub => 'root', scope => 'admin'), gone => mint(jti => 'gone'));
start('old');
is(psql('postgres', 'super', <<'SQL'), '', 'roles and a database');
CREATE ROLE app LOGIN;
CREATE ROLE owner LOGIN;
CREATE ROLE helper LOGIN;
CREATE DATABASE clinic OWNER owner;
ALTER DATABASE clinic SET session_preload_libraries = 'dbmi_authz';
ALTER DATABASE clinic SET dbmi_authz.token_scope = 'transaction';
SQL
is(psql('clinic', 'owner', <<"SQL"), '12', 'the owner installs and administers');
CREATE EXTENSION dbmi_authz;
\\o /dev/null
SELECT authz.add_issuer('https://id.example', '{clinic}'), authz.add_pem('https://id.example', '$pem', 'k1', 'ES256');
SELECT authz.add_issuer('https://other.example/', '{clinic}', 'auth0', '{"algorithms": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA"]}');
SELECT authz.revoke_token('https://id.example', 'gone');
SELECT authz.set_actor_ceiling('https://id.example', 'bot', scopes => '{read}');
\\o
SELECT authz.set_jwks('https://other.example/', \$jwks\$$jwks\$jwks\$);
CREATE TABLE doc (id int, owner text DEFAULT authz.subject());
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob'), (3, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
CREATE VIEW docs WITH (security_invoker) AS SELECT *, authz.is_owner(owner) AS mine FROM doc;
GRANT ALL ON doc, docs TO app;
GRANT SELECT ON authz.issuer TO helper;
SQL
is(psql('clinic', 'super', <<'SQL'), '', 'a superuser alters rights on the functions');
GRANT EXECUTE ON FUNCTION authz.revoke_token TO helper;
REVOKE EXECUTE ON FUNCTION authz.verify_token FROM PUBLIC;
SQL

# What there is, without the numbers that it has, and without types: since 17
# those of tables are members, too.
sub picture
{
	return psql('clinic', 'super', <<'SQL');
SELECT * FROM authz.issuer ORDER BY 1;
SELECT * FROM authz.issuer_key ORDER BY 1, 2;
SELECT * FROM authz.revocation ORDER BY 1, 2, 3;
SELECT * FROM authz.profile ORDER BY 1;
SELECT * FROM authz.actor_ceiling ORDER BY 1, 2;
SELECT * FROM pg_policies ORDER BY 1, 2, 3;
SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text, tgname;
SELECT extname, extversion, extnamespace::regnamespace, extconfig::regclass[] FROM pg_extension;
SELECT replace((pg_identify_object(classid, objid, objsubid)).identity, 'pg_catalog.', '') FROM pg_depend
 WHERE deptype = 'e' AND classid <> 'pg_type'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'dbmi_authz') ORDER BY 1;
SELECT relname, relowner::regrole, relrowsecurity, array(SELECT unnest(coalesce(relacl, acldefault('r', relowner)))::text ORDER BY 1) FROM pg_class
 WHERE relnamespace = 'authz'::regnamespace ORDER BY 1;
SELECT oid::regprocedure, proowner::regrole, provolatile, proparallel, proleakproof, prosecdef, prosupport, array(SELECT unnest(coalesce(proacl, acldefault('f', proowner)))::text ORDER BY 1)
  FROM pg_proc WHERE pronamespace = 'authz'::regnamespace ORDER BY oid::regprocedure::text;
SELECT nspowner::regrole, nspacl FROM pg_namespace WHERE nspname = 'authz';
SELECT setconfig FROM pg_db_role_setting;
SQL
}

sub works
{
	my ($name) = @_;
	is(psql('clinic', 'app', <<"SQL"), "|0\nann|1|t\nroot|3|\nf\nf\nann", "$name: tokens, policies, views, defaults");
SELECT authz.subject(), count(*) FROM doc;
BEGIN;
\\o /dev/null
SELECT authz.set_token('$tokens{ann}', true);
\\o
SELECT authz.subject(), count(*), bool_and(mine) FROM docs;
\\o /dev/null
SELECT authz.set_token('$tokens{root}', true);
\\o
SELECT authz.subject(), count(*), NULL FROM docs;
SELECT authz.try_set_token('$tokens{gone}', true);
COMMIT;
SELECT authz.is_authenticated();
BEGIN;
\\o /dev/null
SELECT authz.set_token('$tokens{ann}', true);
\\o
INSERT INTO doc (id) VALUES (4) RETURNING owner;
ROLLBACK;
SQL
	like(psql('clinic', 'app', "SELECT authz.set_token('$tokens{ann}');"), qr/^ERROR: a token must be set for the transaction/, "$name: token_scope");
	like(psql('clinic', 'app', "SELECT authz.verify_token('x');"), qr/^ERROR: permission denied/, "$name: what was revoked from PUBLIC");
	like(psql('clinic', 'app', 'SELECT * FROM authz.issuer_key'), qr/^ERROR: permission denied/, "$name: keys cannot be read");
	return;
}

works('old');
my $before = picture();
unlike($before, qr/ERROR/, 'there is something to compare');
stop('old');

# In a directory of its own, where it puts its files and its socket.
mkdir "$dir/work" or die $!;
my @upgrade = ("$bin{new}/pg_upgrade", '-b', $bin{old}, '-B', $bin{new}, '-d', "$dir/old", '-D', "$dir/new", '-U', 'super', '-s', $dir, '-j', 2);
chdir "$dir/work" or die $!;
run_ok('pg_upgrade --check', @upgrade, '--check');
my $out = run_ok('pg_upgrade', @upgrade);
like($out, qr/Upgrade Complete/, 'it is complete');
chdir '/';

start('new');
if ((`$bin{old}/postgres --version` =~ /(\d+)/)[0] eq (`$bin{new}/postgres --version` =~ /(\d+)/)[0])
{
	is(picture(), $before, 'the same extension, trust, rights and policies');
}
else
{
	# a new major version may give new rights to owners (MAINTAIN in 17)
	(my $after = picture()) =~ s{(=[a-zA-Z*]*)m(?=[a-zA-Z*]*/)}{$1}g;
	is($after, $before, 'the same extension, trust, rights and policies');
}
works('new');
is(psql('clinic', 'owner', "SELECT authz.drop_key('https://id.example', 'k1');"), '', 'the owner administers');
like(psql('clinic', 'app', "BEGIN; SELECT authz.set_token('$tokens{ann}', true);"), qr/^ERROR: token was refused/, 'and it counts');
# [core] Who owns an extension is in no dump: it is whoever restores it.
my $owner = "SELECT extowner::regrole FROM pg_extension WHERE extname = 'dbmi_authz'";
is(psql('clinic', 'super', $owner), 'super', 'the extension belongs to who upgraded');
like(psql('clinic', 'owner', 'DROP EXTENSION dbmi_authz CASCADE'), qr/^ERROR: must be owner/, 'who alone can drop it');
is(psql('clinic', 'super', "SET client_min_messages = warning; DROP EXTENSION dbmi_authz CASCADE; $owner"), '', 'and does');
is(psql('clinic', 'owner', "CREATE EXTENSION dbmi_authz; $owner; SELECT count(*) FROM authz.issuer"), "owner\n0", 'the owner of the database makes it anew');
stop('new');
unlike(slurp_file("$dir/new.log"), qr/PANIC|terminated by signal|eyJ/, 'nothing crashed, no token in the log');
done_testing();
