# contrib/authz-lint, as a stranger uses it: what it prints, its exit status, and a
# clear sentence for whatever goes wrong, on any machine.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

my $lint = "$FindBin::RealBin/../../contrib/authz-lint";
my $node = start_node('main');
my $files = PostgreSQL::Test::Utils::tempdir();
my $super = $node->safe_psql('postgres', 'SELECT current_user');
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGUSER} = $super;
delete $ENV{PGDATABASE};

$node->safe_psql('postgres', <<'SQL');
CREATE ROLE dbo LOGIN;
CREATE ROLE app LOGIN;
CREATE DATABASE shop OWNER dbo;
CREATE DATABASE bare;
CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C';
SQL
$node->safe_psql('shop', <<"SQL", extra_params => [ '-U', 'dbo' ]);
CREATE EXTENSION dbmi_authz;
CREATE SCHEMA fine;
CREATE SCHEMA "bad ""one";
CREATE TABLE fine.notes (id integer, owner text);
CREATE TABLE "bad ""one"."a\n\e[31mtable" (id integer);
CREATE POLICY p ON "bad ""one"."a\n\e[31mtable" USING (false);
SQL
$node->safe_psql('latin', "SET client_encoding = 'UTF8'; CREATE EXTENSION dbmi_authz; CREATE TABLE \"\xc3\xa9t\xc3\xa9\" (id integer); CREATE POLICY p ON \"\xc3\xa9t\xc3\xa9\" USING (false)");

# run_lint(ARGUMENT...): (status, standard output, standard error)
sub run_lint
{
	my ($out, $err) = ('', '');
	IPC::Run::run([ $lint, @_ ], '<', \undef, '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

# says(NAME, STATUS, PATTERN, ARGUMENT...): the pattern is of the output, or of the
# error where the status is 2, and the other one is empty.
sub says
{
	my ($name, $status, $pattern, @arguments) = @_;
	my ($got, $out, $err) = run_lint(@arguments);
	is($got, $status, "$name: exit status") or diag("$out$err");
	like($status == 2 ? $err : $out, $pattern, $name);
	is($status == 2 ? $out : $err, '', "$name: and nothing else");
	return $out;
}

# what it finds
says('a schema that is fine', 0, qr/^nothing found/, '--schema', 'fine', '--ignore', 'known_hole', 'shop');
my $text = says('one that is not', 1, qr/^error    row_security_off  table "bad ""one"\."a\\n\\x1b\[31mtable"\n         The table/m, '-d', 'shop', '--schema', 'bad "one');
like($text, qr/ALTER TABLE "bad ""one"\."a\\n.* ENABLE ROW LEVEL SECURITY;\n         fingerprint [0-9a-f]{16}\n/, 'it says what to do');
unlike($text, qr/[^\x20-\x7e\n]/, 'nothing that a terminal obeys is printed');
says('the other one beside it', 1, qr/row_security_off/, '--schema', 'fine', '--schema', 'bad "one', 'dbname=shop user=dbo');
$text = says('all of it, by an owner who is no superuser', 1, qr/not_preloaded/, '-U', 'dbo', '--level', 'info', 'shop');
unlike($text, qr/not_checked/, 'there is nothing that the owner may not look at');
says('left out by its code', 0, qr/^nothing found/, '--ignore', 'known_hole', '--ignore', 'row_security_off', 'shop');
my ($fingerprint) = $text =~ /fingerprint ([0-9a-f]{16})/;
says('left out by its fingerprint', 0, qr/^nothing found/, '--ignore', 'known_hole', '--ignore', $fingerprint, 'shop');
says('information on request', 1, qr/^info     not_preloaded/m, '--level', 'info', '--schema', 'fine', 'shop');
says('errors alone', 0, qr/^nothing found/, '--level', 'error', '--schema', 'fine', 'shop');

# preloading: another library of a name like ours is not it.  Here and not in
# sql/, which is run on servers that preload the library, too.
sub preloading
{
	my ($alter) = @_;

	return $node->safe_psql('shop', "$alter; SELECT object, hint FROM authz.lint(ARRAY['fine']) WHERE code = 'not_preloaded';"
		. ' ALTER ROLE dbo RESET ALL; ALTER DATABASE shop RESET session_preload_libraries');
}
my $setting = 'setting session_preload_libraries';
is(preloading(q(ALTER DATABASE shop SET session_preload_libraries = dbmi_authz_keys, "/x/xdbmi_authz")),
	qq($setting|ALTER DATABASE shop SET session_preload_libraries = dbmi_authz_keys, "/x/xdbmi_authz", dbmi_authz;  -- as a superuser), 'other libraries are kept');
my $by_path = q(ALTER DATABASE shop SET session_preload_libraries = auto_explain, "$libdir/dbmi_authz");
is(preloading($by_path), '', 'the library by its path');
like(preloading(qq($by_path; ALTER ROLE dbo SET session_preload_libraries = '')), qr/^$setting of role dbo\|/, 'a role that takes it back');

# as JSON
my (undef, $json) = run_lint('--json', '--level', 'error', 'shop');
my $parsed = JSON::PP::decode_json($json);
my ($found) = grep { $_->{code} eq 'row_security_off' } @{ $parsed->{findings} };
is_deeply([ sort keys %$found ], [qw(accepted code detail fingerprint hint level object)], 'JSON has all fields');
is($found->{object}, "table \"bad \"\"one\".\"a\n\e[31mtable\"", 'and the name as it is');
is($found->{accepted}, undef, 'not accepted');
is((run_lint('--json', '--schema', 'fine', '--ignore', 'known_hole', 'shop'))[0], 0, 'JSON: exit status 0');
is((run_lint('--json', 'shop'))[0], 1, 'JSON: exit status 1');

# a baseline
my $baseline = "$files/lint.json";
says('no baseline yet', 2, qr/^authz-lint: could not read .*lint\.json: No such file or directory; --write-baseline makes it$/, '--baseline', $baseline, 'shop');
says('it is made', 0, qr/lint\.json: \d accepted; write the reasons into it$/, '--baseline', $baseline, '--write-baseline', 'shop');
says('what it names is accepted', 0, qr/^nothing found, \d accepted/, '--baseline', $baseline, 'shop');
my $written = slurp_file($baseline);
like($written, qr/"fingerprint": "$fingerprint",\n\s+"code": "row_security_off"/, 'it can be read');
$written =~ s/("fingerprint": "$fingerprint".*?"reason": )""/$1"meant"/s;
append_to_file("$files/new", $written);
rename("$files/new", $baseline);
$node->safe_psql('shop', 'CREATE TABLE fine.more (); CREATE POLICY p ON fine.more USING (false)');
$text = says('something new', 1, qr/table fine\.more/, '--baseline', $baseline, 'shop');
unlike($text, qr/bad/, 'and what is accepted is not printed');
says('is written to it', 0, qr/accepted/, '--baseline', $baseline, '--write-baseline', 'shop');
like(slurp_file($baseline), qr/"reason": "meant"/, 'reasons stay');
(undef, $json) = run_lint('--json', '--baseline', $baseline, 'shop');
is_deeply([ map { $_->{accepted} } grep { $_->{fingerprint} eq $fingerprint } @{ JSON::PP::decode_json($json)->{findings} } ], ['meant'], 'JSON has them');
$node->safe_psql('shop', 'DROP TABLE fine.more');
says('what is gone is told', 0, qr/^gone     row_security_off  table fine\.more$/m, '--baseline', $baseline, 'shop');
for my $case ([ 'no JSON', 'not so' ], [ 'a list', '[]' ], [ 'another object', '{"ignored": []}' ], [ 'entries of another kind', '{"accepted": ["x"]}' ], [ 'a number', '{"accepted": 7}' ])
{
	my ($name, $content) = @$case;
	unlink "$files/broken";
	append_to_file("$files/broken", $content);
	says("a baseline that is $name", 2, qr/^authz-lint: .*broken is not a baseline: expected \{"accepted"/, '--baseline', "$files/broken", 'shop');
}
says('a directory that is not there', 2, qr/^authz-lint: could not write .*: No such file or directory$/, '--baseline', "$files/no/x", '--write-baseline', 'shop');
says('a directory as a baseline', 2, qr/^authz-lint: could not read .*: Is a directory$/, '--baseline', $files, 'shop');

# what can go wrong
says('no such database', 2, qr/^authz-lint: .*database "nosuch" does not exist$/, 'nosuch');
says('no such server', 2, qr/^authz-lint: .*No such file or directory/, '-h', "$files/none", 'shop');
says('no such role', 2, qr/^authz-lint: .*role "nosuch" does not exist$/, '-U', 'nosuch', 'shop');
says('a port that is none', 2, qr/^authz-lint: .*port/, '-p', 'x', 'shop');
says('no extension', 2, qr/^authz-lint: extension dbmi_authz is not installed in this database$/, 'bare');
says('not the owner', 2, qr/^authz-lint: only the owner of the database and superusers may lint it: connect as one of them$/, '-U', 'app', 'shop');
says('no such schema', 2, qr/^authz-lint: schema "no';x" does not exist$/, '--schema', "no';x", 'shop');
says('a schema without a name', 2, qr/^authz-lint: schema "" does not exist$/, '--schema', '', 'shop');
says('several codes in one', 2, qr/^authz-lint: .*repeat the option for several/, '--ignore', 'a,b', 'shop');
says('no such level', 2, qr/^authz-lint: .*'fatal'.*\nTry "authz-lint --help"\.$/, '--level', 'fatal', 'shop');
says('an option cut short', 2, qr/^authz-lint: .*--base/, '--base', 'x', 'shop');
says('a baseline to be written, and none', 2, qr/^authz-lint: --write-baseline needs --baseline FILE$/m, '--write-baseline', 'shop');
says('two databases', 2, qr/^authz-lint: the database is given twice: shop and bare$/m, '-d', 'shop', 'bare');
says('help', 0, qr/^NAME\n  authz-lint - .*EXIT STATUS.*EXAMPLES/s, '--help');
my ($version) = slurp_file("$FindBin::RealBin/../../dbmi_authz.control") =~ /^default_version = '(.*)'/m;
says('version', 0, qr/^authz-lint \(dbmi_authz\) $version$/, '--version');
{
	local $ENV{PATH} = $files;
	my ($out, $err) = ('', '');
	IPC::Run::run([ '/usr/bin/python3', $lint, 'shop' ], '<', \undef, '>', \$out, '2>', \$err);
	is($? >> 8, 2, 'no psql: exit status');
	is($err, "authz-lint: could not run psql: No such file or directory\n", 'no psql');
}
$node->safe_psql('shop', "UPDATE pg_extension SET extversion = '1.0'; ALTER FUNCTION authz.lint RENAME TO lynt");
says('an older version', 2, qr/^authz-lint: extension dbmi_authz has version 1\.0, which has no lint\(\): run ALTER EXTENSION dbmi_authz UPDATE$/, 'shop');
$node->safe_psql('shop', "UPDATE pg_extension SET extversion = '1.1'; ALTER FUNCTION authz.lynt RENAME TO lint");

# whatever the machine is like
append_to_file("$files/psqlrc", "\\pset format html\n\\set ON_ERROR_STOP off\n\\echo rc\n");
append_to_file("$files/pager", "#!/bin/sh\necho paged\n");
chmod 0755, "$files/pager";
for my $case ([ PSQLRC => "$files/psqlrc" ], [ PAGER => "$files/pager" ], [ PSQL_PAGER => "$files/pager" ], [ LC_ALL => 'C' ], [ LC_ALL => 'C.UTF-8' ],
	[ LANG => 'de_DE.UTF-8' ], [ PGCLIENTENCODING => 'LATIN1' ], [ PGOPTIONS => '-c standard_conforming_strings=off -c search_path=fine -c quote_all_identifiers=off' ],
	[ PGDATESTYLE => 'German' ], [ PYTHONIOENCODING => 'ascii' ], [ PGTZ => 'UTC' ])
{
	local $ENV{ $case->[0] } = $case->[1];
	is((run_lint('--schema', 'bad "one', 'shop'))[1] =~ /row_security_off/ ? 1 : 0, 1, "with $case->[0]=$case->[1]");
	says("with $case->[0]=$case->[1], an error", 2, qr/^authz-lint: schema "none" does not exist$/, '--schema', 'none', 'shop');
}
says('another encoding', 1, qr/row_security_off  table public\."\xc3\xa9t\xc3\xa9"/, 'latin');
{
	local $ENV{PGDATABASE} = 'shop';
	says('the database of the environment', 1, qr/row_security_off/);
}
my ($out, $err) = ('', '');
IPC::Run::run([ $lint, 'shop' ], '<', \undef, '|', [ 'true' ], '>', \$out);
pass('a reader that goes away');

done_testing();
