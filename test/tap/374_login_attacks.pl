# Login by token, attacked: roles that lead to privileges by detours, subjects and claims
# that imitate, sections of other databases, the file at bad moments, owners of
# databases who would have a superuser's export do their work.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzBearer;
use AzTest;
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

my ($major) = `pg_config --version` =~ /(\d+)/;
plan skip_all => "PostgreSQL $major has no login by token: 18 has" if $major < 18;
plan skip_all => 'dbmi_authz_oauth was not built' unless -e server_directory('pkglibdir') . '/dbmi_authz_oauth.so';

my $fixtures = "$FindBin::RealBin/../fixtures";
my $json = JSON::PP->new->canonical->ascii;
my $id = 'https://id.example';
my $tenant = 'https://id.example.evil';
my $node = start_node('main', 'log_min_messages = debug5', 'max_connections = 60', 'wal_level = logical', 'max_wal_senders = 4',
	"oauth_validator_libraries = 'dbmi_authz_oauth'", "dbmi_authz_oauth.issuers = '$id, $tenant'");
my $super = $node->safe_psql('postgres', 'SELECT current_user');
my $path = $node->data_dir . '/dbmi_authz_login_trust.json';
my $export = 'SELECT authz.export_login_trust()';
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE ROLE landlord LOGIN CREATEDB;
CREATE DATABASE one;
CREATE DATABASE two OWNER landlord;
SQL
trust($node, $_) for qw(one two);
my $evil = slurp_file("$fixtures/p256_b.pub.pem");
$node->safe_psql('two', "SELECT authz.drop_issuer('$id')");
$node->safe_psql('two', "SELECT authz.add_issuer('$_', '{clinic}'); SELECT authz.add_pem('$_', '$evil', 'k1', 'ES256')") for $id, $tenant;

# ---- the server's files ----

sub reload
{
	my $before = $node->safe_psql('postgres', 'SELECT pg_conf_load_time()');
	$node->reload;
	return $node->poll_query_until('postgres', "SELECT pg_conf_load_time() > '$before'");
}
sub conf
{
	my ($name, @lines) = @_;
	open my $file, '>', $node->data_dir . "/$name" or die $!;
	print $file join "\n", @lines, '';
	close $file;
	return reload();
}
sub hba { return conf('pg_hba.conf', "local all $super trust", 'local one landlord trust', 'local two landlord trust', @_); }
sub ident { return conf('pg_ident.conf', @_); }

# ---- tokens and logins ----

sub token { return mint(scope => 'db', @_); }
# With a payload as it is, and a header of one's own.
sub made
{
	my ($payload, %header) = @_;
	my ($out, $key) = ('', delete $header{key} // 'p256_a.pem');
	$payload =~ s/"(exp|nbf)": "([+-]\d+)"/"\"$1\": " . (time + $2)/ge;
	IPC::Run::run([ "$FindBin::RealBin/../mint", '--raw', '--key', "$fixtures/$key", '--alg', 'ES256', '--kid', 'k1', '--header', $json->encode(\%header), '-' ],
		'<', \$payload, '>', \$out) or die 'test/mint';
	chomp $out;
	return $out;
}
my @tokens;
my $at = 0;
sub new_log
{
	return log_since($node, \$at);
}
sub enters
{
	my ($token, $expected, $what, %opt) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	push @tokens, $token;
	new_log();
	is(AzBearer->ask($node, $token, 'SELECT current_user, system_user', db => 'one', user => 'app', %opt), $expected, "accept: $what")
	  or diag(join "\n", grep { /login by token|DETAIL|HINT|FATAL/ } split /\n/, new_log());
	return;
}
# The client is told one thing, whatever the reason is.
sub stays_out
{
	my ($token, $why, $what, %opt) = @_;
	my $user = $opt{user} // 'app';
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	push @tokens, $token;
	new_log();
	is(AzBearer->ask($node, $token, 'SELECT 1', db => 'one', %opt, user => $user), qq{28000: OAuth bearer authentication failed for user "$user"}, "refuse: $what");
	my $log = new_log();
	ok($log =~ $why, "$what: why") or diag(join "\n", grep { /login by token|DETAIL|HINT|FATAL/ } split /\n/, $log);
	return;
}
my $no_match = qr/no match in usermap|usermap/;

hba("local one all oauth issuer=\"$id\" scope=\"db\" map=people", "local two all oauth issuer=\"$tenant\" scope=\"db\" map=people");
my @any = (qq{people "/^https://id\\.example (.*)\$" \\1});
ident(@any);
is($node->safe_psql($_, $export), $_ eq 'one' ? 1 : 2, "export from $_") for qw(one two);

# ---- C8.4: detours to privileges ----
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE seer BYPASSRLS;
CREATE ROLE granter;
GRANT seer TO granter WITH ADMIN TRUE, SET FALSE, INHERIT FALSE;
CREATE ROLE inherits LOGIN;
GRANT granter TO inherits WITH SET FALSE, INHERIT TRUE;
CREATE ROLE "far" LOGIN;
GRANT inherits TO "far" WITH SET FALSE, INHERIT TRUE;
CREATE ROLE administers LOGIN;
GRANT granter TO administers WITH ADMIN TRUE, SET FALSE, INHERIT FALSE;
CREATE ROLE neither LOGIN;
GRANT granter TO neither WITH SET FALSE, INHERIT FALSE;
CREATE ROLE only_rights LOGIN;
GRANT seer TO only_rights WITH SET FALSE, INHERIT TRUE;
CREATE ROLE middle;
GRANT seer TO middle WITH SET TRUE;
CREATE ROLE no_detour LOGIN;
GRANT middle TO no_detour WITH SET FALSE, INHERIT TRUE;
CREATE ROLE writer LOGIN;
GRANT pg_write_server_files TO writer;
CREATE ROLE runner LOGIN;
GRANT pg_execute_server_program TO runner WITH SET FALSE, INHERIT TRUE;
CREATE ROLE reader LOGIN;
GRANT pg_read_server_files TO reader WITH SET TRUE, INHERIT FALSE;
CREATE ROLE loader LOGIN;
GRANT writer TO loader WITH SET FALSE, INHERIT TRUE;
CREATE ROLE no_loader LOGIN;
GRANT writer TO no_loader WITH SET FALSE, INHERIT FALSE;
CREATE ROLE watcher LOGIN CREATEROLE CREATEDB;
GRANT pg_monitor, pg_signal_backend TO watcher;
SQL
is($node->safe_psql('postgres', "SET SESSION AUTHORIZATION inherits; GRANT seer TO inherits; SET ROLE seer; SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user; RESET ROLE; REVOKE seer FROM inherits"), 't', 'a detour that is one');
my %privileged = (inherits => 'attribute BYPASSRLS', far => 'attribute BYPASSRLS', administers => 'attribute BYPASSRLS',
	writer => 'rights of pg_write_server_files', runner => 'rights of pg_execute_server_program',
	reader => 'rights of pg_read_server_files', loader => 'rights of pg_write_server_files');
for my $role (sort keys %privileged)
{
	stays_out(token(sub => $role), qr/The role has, or may take on, the $privileged{$role}/, "$role by a pattern", user => $role);
	ident(@any, qq{people "$id chief" $role});
	enters(token(sub => 'chief'), "$role|oauth:$id chief", "$role by a line that names both", user => $role);
	ident(@any);
}
enters(token(sub => $_), "$_|oauth:$id $_", "$_, which leads nowhere", user => $_) for qw(neither only_rights no_detour no_loader watcher);

# ---- C8.4: lines that look as if they named somebody ----
$node->safe_psql('postgres', 'CREATE ROLE boss LOGIN SUPERUSER; CREATE ROLE "+boss" LOGIN SUPERUSER; CREATE ROLE "all" LOGIN SUPERUSER; CREATE ROLE "Boss" LOGIN; CREATE ROLE "/boss" LOGIN SUPERUSER');
my $privileges = qr/The role has, or may take on, the attribute SUPERUSER/;
for my $line (
	[ qq{people "/^$id chief\$" boss}, 'a pattern without a wildcard' ], [ qq{people "$id chief" "/boss"}, 'a role by a pattern' ],
	[ qq{people "$id chief" "/^boss\$"}, 'an anchored pattern' ], [ qq{people "$id Chief" boss}, 'another case' ],
	[ qq{people "$id chief" Boss}, 'a role of another case' ], [ qq{people "$id chief " boss}, 'a space behind' ],
	[ qq{people "$id  chief" boss}, 'two spaces' ], [ qq{People "$id chief" boss}, 'a map of another case' ],
	[ qq{people "/^https://id\\.example (chief)\$" boss}, 'a group in a pattern' ], [ qq{people $id chief}, 'without quotes' ],
	[ qq{people "/^$id (.*)\$" "\\1"}, 'a substitution' ], [ qq{# people "$id chief" boss}, 'a comment' ],
	[ qq{people "$id chief" +boss}, 'a group' ], [ qq{people "$id chief" all}, 'a keyword' ])
{
	ident(@any, $line->[0]);
	stays_out(token(sub => 'chief'), $privileges, $line->[1], user => 'boss');
}
ident(qq{people "$id chief" "+boss"}, qq{people "$id chief" "all"}, qq{people "$id chief" "boss"});
enters(token(sub => 'chief'), "$_|oauth:$id chief", "a quoted name: $_", user => $_) for '+boss', 'all', 'boss';
stays_out(token(sub => 'chief'), $privileges, 'a name with a slash is a pattern', user => '/boss');
conf('more.conf', qq{people "$id chief" boss});
ident('include more.conf');
enters(token(sub => 'chief'), "boss|oauth:$id chief", 'a line of an included file', user => 'boss');
ident('include_if_exists nowhere.conf', @any);
stays_out(token(sub => 'chief'), $privileges, 'an included file that is not there', user => 'boss');
ident(@any);

# ---- C8.3: subjects ----
my %strange = (
	'a number' => '7', 'true' => 'true', 'null' => 'null', 'a list' => '["app"]', 'an object' => '{"app": 1}', 'nothing' => '""',
	'NUL' => '"app\u0000"', 'NUL within' => '"app\u0000x"', 'a tab' => '"app\t"', 'DEL' => '"app\u007f"', 'a no-break space' => '"app\u00a0"',
	'a look-alike' => '"\u0430pp"', 'half a surrogate' => '"app\ud800"', '256 characters' => '"' . 'a' x 256 . '"', 'a newline' => '"app\nhost all all trust"');
for my $what (sort keys %strange)
{
	stays_out(made(qq({"iss": "$id", "aud": "clinic", "exp": "+3600", "scope": "db", "sub": $strange{$what}})), qr/Invalid payload|Malformed|The token's subject|Invalid/, "a subject that is $what");
}
stays_out(token(sub => $_), $no_match, "a subject \"$_\"") for ' app', 'app ', 'App', "$id app", 'app app', '\1', '+app', '"app"', 'all';
enters(token(sub => 'app'), "app|oauth:$id app", 'the plain one');
my $longest = 'a' x 63;
$node->safe_psql('postgres', "CREATE ROLE $longest LOGIN");
enters(token(sub => $longest), "$longest|oauth:$id $longest", 'a name of 63 bytes', user => $longest);
ident(qq{people "$id app" app});
is(AzBearer->ask($node, made(qq({"iss": "$tenant", "aud": "clinic", "exp": "+3600", "scope": "db", "sub": "app"}), key => 'p256_b.pem'), 'SELECT 1', db => 'two', user => 'app'),
	'28000: OAuth bearer authentication failed for user "app"', 'refuse: an issuer whose name begins as the other\'s');
ident(@any, qq{people "$tenant app" app});

# ---- C8.2: sections ----
enters(made(qq({"iss": "$tenant", "aud": "clinic", "exp": "+3600", "scope": "db", "sub": "app"}), key => 'p256_b.pem'), "app|oauth:$tenant app", 'the tenant in his database', db => 'two');
stays_out(made(qq({"iss": "$id", "aud": "clinic", "exp": "+3600", "scope": "db", "sub": "app"}), key => 'p256_b.pem'), qr/Invalid token signature/, 'a key that another database trusts for the same issuer');
stays_out(token(sub => 'app'), qr/Invalid token issuer/, 'a token of another issuer than the line\'s', db => 'two');
$node->safe_psql('postgres', 'ALTER DATABASE one RENAME TO was_one; ALTER DATABASE two RENAME TO one');
stays_out(token(sub => 'app'), qr/Invalid token signature/, 'a database that has taken the name of another: its own section');
$node->safe_psql('postgres', 'ALTER DATABASE one RENAME TO two; ALTER DATABASE was_one RENAME TO one; CREATE DATABASE copy TEMPLATE one');
hba("local one,copy,gone all oauth issuer=\"$id\" scope=\"db\" map=people", "local two all oauth issuer=\"$tenant\" scope=\"db\" map=people");
stays_out(token(sub => 'app'), qr/has no section for the database/, 'a copy of a database', db => 'copy');
stays_out(token(sub => 'app'), qr/There is no such database/, 'no database', db => 'gone');
enters(token(sub => 'app'), "app|oauth:$id app", 'under its old name again');

# ---- C8.1: headers, scopes, times ----
my $claims = qq("iss": "$id", "aud": "clinic", "sub": "app");
my $jwk = '{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}';
for my $header ({ jku => 'https://evil.example/jwks' }, { x5u => 'https://evil.example/c' }, { jwk => { kty => 'EC' } }, { crit => ['exp'] }, { crit => [] }, { b64 => JSON::PP::false, crit => ['b64'] }, { kid => '../../k1' }, { kid => ['k1'] }, { alg => 'es256' }, { alg => 'none' }, { alg => 'RS256' }, { zip => 'DEF' })
{
	my $forged = made(qq({$claims, "exp": "+3600", "scope": "db"}), %$header, key => 'p256_b.pem');
	my $name = (sort keys %$header)[-1];
	stays_out($forged, qr/Malformed|Invalid|No matching key|another algorithm|Unsupported header/, "a header with $name, by another key");
}
stays_out(made(qq({$claims, "exp": "$_", "scope": "db"})), qr/expired/, "expired $_") for '-1', '-31';
stays_out(made(qq({$claims, "exp": "+3600", "nbf": "+3000", "scope": "db"})), qr/Token/, 'not yet');
stays_out(made(qq({$claims, "scope": "db"})), qr/Missing expiration/, 'without an end');
stays_out(made(qq({$claims, "exp": "+3600"})), qr/lacks a scope/, 'without scopes');
stays_out(made(qq({$claims, "exp": "+3600", "scope": {"db": true}})), qr/lacks a scope|Invalid/, 'scopes in an object');
stays_out(made(qq({$claims, "exp": "+3600", "scope": "db", "act": $_})), qr/Somebody acts|Invalid|actor/, "act is $_") for '{"sub": "app"}', '{}', 'null', '"app"', '[]', "{\"sub\": \"app\", \"iss\": \"$id\"}";
enters(made(qq({$claims, "exp": "+3600", "scope": "a db b"})), "app|oauth:$id app", 'one among other scopes');

# ---- messages ----
my $good = token(sub => 'app');
for my $message (
	"n,,\x01auth=Bearer $good\x01", "n,,auth=Bearer $good\x01\x01", "y,,\x01auth=Bearer $good", "p=tls-server-end-point,,\x01auth=Bearer $good\x01\x01", "n,a=boss,\x01auth=Bearer $good\x01\x01",
	"n,,\x01auth=Bearer $good\x01auth=Bearer $good\x01\x01", "n,,\x01auth=Bearer $good\x00\x01\x01", "n,,\x01auth=Bearer $good $good\x01\x01", "n,,\x01auth=Bearer " . 'a' x 60000 . "\x01\x01", "n,,\x01auth=Bearer ..\x01\x01", "n,,\x01\x01", '')
{
	like(eval { AzBearer->ask($node, '', 'SELECT 1', db => 'one', user => 'app', message => $message) } // 'closed', qr/^(28000|08P01|0A000|closed)/, 'refuse: a message of ' . length($message) . ' bytes');
}
push @tokens, $good;

# ---- C8.3: roles in a claim ----
hba("local one all oauth issuer=\"$id\" scope=\"db\" delegate_ident_mapping=1");
$node->append_conf('postgresql.conf', "dbmi_authz_oauth.role_claim = 'roles'");
reload();
stays_out(made(qq({$claims, "exp": "+3600", "scope": "db", "roles": $_})), qr/does not name the role|Invalid|Malformed/, "roles are $_")
  for '["App"]', '["app "]', '[["app"]]', '[{"app": 1}]', '[1, true, null]', '{"app": true}', '"all"', '"+app"', '"/.*"', '["app\u0000"]', '[]', '"APP"', '"app,boss"';
stays_out(made(qq({$claims, "exp": "+3600", "scope": "db", "roles": ["$longest$_"]})), qr/does not name the role/, 'a role of ' . length($longest . $_) . ' bytes', user => $longest) for 'a', 'aaaa';
enters(made(qq({$claims, "exp": "+3600", "scope": "db", "roles": ["$longest"]})), "$longest|oauth:$id app", 'a role of 63 bytes', user => $longest);
stays_out(made(qq({$claims, "exp": "+3600", "scope": "db", "roles": ["$_"]})), qr/The role has, or may take on/, "$_ by a claim", user => $_) for 'boss', 'all', '+boss', 'loader', 'far';
hba("local one all oauth issuer=\"$id\" scope=\"db\" map=people", "local two all oauth issuer=\"$tenant\" scope=\"db\" map=people");

# ---- C8.5: who sets the issuers ----
my $other = 'https://other.example';
$node->safe_psql('two', "SELECT authz.add_issuer('$other', '{clinic}'); SELECT authz.add_pem('$other', '$evil', 'k1', 'ES256')");
is_deeply([ session($node, "ALTER DATABASE two SET dbmi_authz_oauth.issuers = '$other';\nALTER ROLE landlord SET dbmi_authz_oauth.issuers = '$other';\nSELECT 1;", db => 'two', user => 'landlord') ]->[-1], '1', 'an owner says whom he would like');
$node->psql('two', $export);
unlike(slurp_file($path), qr/other\.example/, 'nobody hears it');
session($node, $export . ';', db => 'two', user => $super, options => "-c dbmi_authz_oauth.issuers=$other");
unlike(slurp_file($path), qr/other\.example/, 'nor the option of a connection');
session($node, "CREATE FUNCTION pg_temp.says() RETURNS int LANGUAGE plpgsql SET dbmi_authz_oauth.issuers = '$other' AS 'BEGIN RETURN authz.export_login_trust(); END';\nSELECT pg_temp.says();", db => 'two', user => $super);
unlike(slurp_file($path), qr/other\.example/, 'nor a function\'s clause');
$node->safe_psql('postgres', 'ALTER DATABASE two RESET ALL; ALTER ROLE landlord RESET ALL');

# ---- C8.2: a name that changes hands in the midst of a login ----
{
	my $renamer = AzWire->new($node, user => $super);
	$renamer->query('BEGIN; ALTER DATABASE one RENAME TO was_one; ALTER DATABASE two RENAME TO one')->answers;
	hba("local all $super trust", "local one all oauth issuer=\"$id\" scope=\"db\" map=people");
	new_log();
	my $child = fork // die;
	if ($child == 0)
	{
		my $told = eval { AzBearer->ask($node, $good, 'SELECT 1', db => 'one', user => 'app') } // 'closed';
		require POSIX;
		POSIX::_exit($told =~ /^28000/ ? 0 : 1);
	}
	ok($node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND classid = 'pg_database'::regclass"), 'a login waits for who renames the database');
	$renamer->query('COMMIT')->answers;
	waitpid $child, 0;
	is($?, 0, 'refuse: another database has got the name');
	like(new_log(), qr/The database was renamed or dropped meanwhile/, 'and not by core');
	$node->safe_psql('postgres', 'ALTER DATABASE one RENAME TO two; ALTER DATABASE was_one RENAME TO one');
	hba("local one all oauth issuer=\"$id\" scope=\"db\" map=people", "local two all oauth issuer=\"$tenant\" scope=\"db\" map=people");
	enters($good, "app|oauth:$id app", 'it is back');
}

# ---- C8.7: logins while others export ----
{
	my @run = map { my $sql = "$export;" x 150; my $db = $_; my $out = ''; { sql => $sql, process => IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr($db) ], '<', \$sql, '>', \$out, '2>&1') } } qw(one two copy);
	new_log();
	my @told = grep { $_ ne '1' } map { AzBearer->ask($node, $good, 'SELECT 1', db => 'one', user => 'app') } 1 .. 40;
	is_deeply(\@told, [], 'each login sees a whole file') or diag(join "\n", grep { /DETAIL/ } split /\n/, new_log());
	$_->{process}->finish for @run;
}

# ---- C8.7: the owner of a database, and a superuser who exports ----
sub as_landlord { return join '|', session($node, $_[0], db => 'two', user => 'landlord'); }
my $before = slurp_file($path);
as_landlord("UPDATE authz.issuer SET audience = (SELECT array_agg('a' || n) FROM generate_series(1, 60000) n) WHERE issuer = '$id';");
my ($result, $out, $err) = $node->psql('two', $export);
like($err, qr/ERROR:  cannot write file.*The section of this database is too long/s, 'refuse: a section that would slow down all logins');
is(slurp_file($path), $before, 'the file stays');
as_landlord("UPDATE authz.issuer SET audience = '{clinic}' WHERE issuer = '$id';");

is(as_landlord(<<'SQL'), '', 'an owner sets his traps');
GRANT CREATE ON SCHEMA authz TO landlord;
GRANT ALL ON authz.issuer TO landlord;
CREATE SCHEMA trap;
CREATE TABLE trap.caught (who text);
GRANT ALL ON SCHEMA trap TO PUBLIC;
GRANT ALL ON trap.caught TO PUBLIC;
CREATE FUNCTION trap.spring(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN IF current_user <> 'landlord' THEN RAISE LOG 'caught %', current_user; END IF; RETURN true; END$$;
CREATE FUNCTION trap.spring() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM trap.spring(''); RETURN NEW; END$$;
CREATE INDEX sprung ON authz.issuer (issuer COLLATE "C", trap.spring(issuer));
CREATE INDEX sprung_key ON authz.issuer_key (issuer COLLATE "C", kid COLLATE "C", trap.spring(kid)) WHERE trap.spring(kid);
ALTER TABLE authz.issuer ENABLE ROW LEVEL SECURITY;
ALTER TABLE authz.issuer FORCE ROW LEVEL SECURITY;
CREATE POLICY sprung ON authz.issuer USING (trap.spring(issuer));
CREATE TRIGGER sprung BEFORE INSERT OR UPDATE OR DELETE ON authz.issuer FOR EACH ROW EXECUTE FUNCTION trap.spring();
ALTER DATABASE two SET search_path = trap, authz, pg_catalog;
CREATE FUNCTION trap.int4eq(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT trap.spring('''')';
CREATE OPERATOR trap.= (LEFTARG = int, RIGHTARG = int, FUNCTION = trap.int4eq);
SQL
new_log();
$node->psql('two', "SET log_min_messages = log; $export");
$node->psql('two', "SELECT pg_catalog.count(*) FROM authz.lint()");
unlike(new_log(), qr/caught/, 'nothing of the owner\'s is called by an export');
as_landlord('DROP SCHEMA trap CASCADE; ALTER DATABASE two RESET search_path; ALTER TABLE authz.issuer NO FORCE ROW LEVEL SECURITY; ALTER TABLE authz.issuer DISABLE ROW LEVEL SECURITY;');

# by a name of the database its owner is asked what it means; by a function of the session's own he is not
my $own = q{CREATE FUNCTION pg_temp.export_login_trust() RETURNS integer LANGUAGE c AS '$libdir/dbmi_authz', 'authz_export_login_trust'};
is($node->safe_psql('two', "$own;\nSELECT pg_temp.export_login_trust()"), 2, 'a function of the session\'s own exports');
is(as_landlord('ALTER SCHEMA authz RENAME TO away; CREATE SCHEMA authz; CREATE FUNCTION authz.export_login_trust() RETURNS int LANGUAGE plpgsql AS $$BEGIN ALTER ROLE landlord SUPERUSER; RETURN 1; END$$;'), '', 'and puts a function of that name in its place');
($result, $out, $err) = $node->psql('two', "$own;\nSELECT pg_temp.export_login_trust()");
isnt($result, 0, 'or says that it cannot');
is($node->safe_psql('postgres', "SELECT rolsuper FROM pg_roles WHERE rolname = 'landlord'"), 'f', 'and calls nothing of the owner\'s');
as_landlord('DROP SCHEMA authz CASCADE; ALTER SCHEMA away RENAME TO authz;');

# ---- C8.2: a database that is gone ----
my $oid = $node->safe_psql('postgres', "SELECT oid FROM pg_database WHERE datname = 'two'");
session($node, 'DROP DATABASE two;', db => 'one', user => 'landlord');
is($node->safe_psql('one', $export), 1, 'the next export');
unlike(slurp_file($path), qr/"database": $oid,/, 'leaves it out, before anybody takes its OID again');

# C8.8: no byte of a token in the log, at debug5
my $log = slurp_file($node->logfile);
is_deeply([ grep { holds_token($log, $_) } grep { tr/.// == 2 } @tokens ], [], 'no byte of ' . @tokens . ' tokens in the log');
unlike($log, qr/PANIC|terminated by signal|TRAP/, 'nothing crashed');
$node->stop;
done_testing();
