# Login by token (PostgreSQL 18): who gets in by the file of trust, and nobody else
# does; what reaches the client, and the log.

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
my $json = JSON::PP->new->canonical;
my $id = 'https://id.example';
my $other = 'https://other.example';

# ---- the server ----
my $node = start_node('main', 'log_min_messages = debug5', 'log_error_verbosity = verbose', 'log_connections = on',
	"oauth_validator_libraries = 'dbmi_authz_oauth'",
	"dbmi_authz_oauth.issuers = '$id, $other, https://secret.example'", 'wal_level = logical', 'max_wal_senders = 4');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
my $file = $node->data_dir . '/dbmi_authz_login_trust.json';
my @databases = qw(mapped claimed plain second found);
$node->safe_psql('postgres', join "\n", (map { "CREATE DATABASE $_;" } @databases), <<'SQL');
CREATE ROLE ann LOGIN;
CREATE ROLE bob LOGIN;
CREATE ROLE boss LOGIN SUPERUSER;
CREATE ROLE copier LOGIN REPLICATION;
CREATE ROLE seer LOGIN BYPASSRLS;
CREATE ROLE deputy LOGIN;
CREATE ROLE heir LOGIN;
CREATE ROLE middle;
CREATE ROLE sealed LOGIN;
CREATE ROLE nologin NOLOGIN;
GRANT boss TO deputy;
GRANT seer TO middle;
GRANT middle TO heir;
GRANT boss TO sealed WITH SET FALSE;
SQL
trust($node, $_) for @databases;

# What new connections see.
sub reload
{
	my $before = $node->safe_psql('postgres', 'SELECT pg_conf_load_time()');
	$node->reload;
	return $node->poll_query_until('postgres', "SELECT pg_conf_load_time() > '$before'");
}

# The lines of pg_hba.conf; the one for administration comes first.
sub hba
{
	open my $hba, '>', $node->data_dir . '/pg_hba.conf' or die $!;
	print $hba join "\n", "local all $super trust", @_, '';
	close $hba;
	return reload();
}
sub ident
{
	open my $ident, '>', $node->data_dir . '/pg_ident.conf' or die $!;
	print $ident join "\n", @_, '';
	close $ident;
	return reload();
}
sub setting
{
	my ($name, $value) = @_;
	$node->append_conf('postgresql.conf', "$name = '$value'");
	return reload();
}
my $oauth = qq{oauth issuer="$id" scope="db"};
hba("local plain all $oauth", "local mapped,second all $oauth map=people",
	"local claimed all $oauth delegate_ident_mapping=1",
	"local found all oauth issuer=\"$id/.well-known/openid-configuration\" scope=\"db write\" map=people",
	"local replication all $oauth map=people", 'local postgres all trust');
my @people = ('# who is who', qq{people "$id uuid-1" ann},
	qq{people "/^https://id\\.example (.*)\@corp\\.example\$" \\1});
ident(@people);

# A token of the trusted issuer with what the lines ask for.
sub token { return mint(scope => 'openid db', sub => 'ann', @_); }

# The same made by another key or of another kind.
sub made
{
	my ($key, $alg, $kid, $header, %claims) = @_;
	my $out;
	my $claims = $json->encode({ iss => $id, aud => 'clinic', sub => 'ann', exp => '+3600', scope => 'db', %claims });
	IPC::Run::run([ "$FindBin::RealBin/../mint", ($key ? ('--key', "$fixtures/$key") : ()), '--alg', $alg,
			(defined $kid ? ('--kid', $kid) : ()), '--header', $json->encode($header), '-' ], '<', \$claims, '>', \$out) or die 'test/mint';
	chomp $out;
	return $out;
}

my @tokens;
my $at = -s $node->logfile;
sub new_log
{
	return log_since($node, \$at);
}

my $who = q{SELECT current_user, system_user};
sub lets_in
{
	my ($token, $expected, $what, %opt) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	push @tokens, $token;
	is(AzBearer->ask($node, $token, $who, db => 'plain', user => 'ann', %opt), $expected, "accept: $what") or diag(new_log());
	return;
}
# The client is told one thing, the log why.
sub refuses
{
	my ($token, $why, $what, %opt) = @_;
	my $user = $opt{user} // 'ann';
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	push @tokens, $token;
	new_log();
	my $told = AzBearer->ask($node, $token, $who, db => 'plain', %opt, user => $user);
	is($told, qq{28000: OAuth bearer authentication failed for user "$user"}, "refuse: $what");
	my $log = new_log();
	like($log, qr/LOG: [^\n]*login by token was refused for role "\Q$user\E"\n[^\n]*DETAIL:  $why/, "$what: why")
	  or diag($log);
	unlike($AzBearer::told, qr/DETAIL|$why/, "$what: the client is not told");
	return;
}

# C8.6: before there is a file
refuses(token(), 'There is no file "dbmi_authz_login_trust.json" in the data directory', 'no file');
is($node->safe_psql($_, 'SELECT authz.export_login_trust()'), '1', "export from $_") for qw(plain mapped claimed found);
my $mode = sprintf '%04o', (stat $file)[2] & 07777;
is($mode, '0600', 'the file is for the server alone');
ok(!-e "$file.new", 'and the only one');

# C8.2, C8.3: who gets in, to which database
lets_in(token(), 'ann|oauth:ann', 'the role of the subject\'s name, without a map');
refuses(token(), 'File "dbmi_authz_login_trust.json" has no section for the database', 'another database, not exported', db => 'second');
lets_in(token(sub => 'uuid-1'), "ann|oauth:$id uuid-1", 'by a line of the map', db => 'mapped');
lets_in(token(sub => 'bob@corp.example'), "bob|oauth:$id bob\@corp.example", 'by a pattern', db => 'mapped', user => 'bob');
is(AzBearer->ask($node, token(sub => 'uuid-2'), $who, db => 'mapped', user => 'ann'),
	'28000: OAuth bearer authentication failed for user "ann"', 'refuse: nobody of the map');
is(AzBearer->ask($node, token(sub => "$id uuid-1"), $who, db => 'mapped', user => 'ann'),
	'28000: OAuth bearer authentication failed for user "ann"', 'refuse: a subject that looks like issuer and subject');
is(AzBearer->ask($node, token(), $who, db => 'plain', user => 'bob'),
	'28000: OAuth bearer authentication failed for user "bob"', 'refuse: a role of another name');
lets_in(token(sub => 'uuid-1', scope => 'write openid db'), "ann|oauth:$id uuid-1", 'an issuer by its discovery document, all scopes', db => 'found');

# C8.1: the token, scopes, and who acts
new_log();
refuses(forge(scope => 'db'), 'Invalid token signature', 'another key');
refuses(token(exp => '-60'), 'Token has expired', 'expired');
refuses(token(aud => 'shop'), 'Invalid token audience', 'another audience');
refuses(token(nbf => '+600'), 'Token', 'not yet');
refuses(made(undef, 'none', 'k1', {}), 'Malformed token', 'no signature');
refuses(made('p256_a.pem', 'ES256', 'k1', { alg => 'none' }), 'Invalid or unsupported algorithm', 'a signature by none');
refuses(made('p256_a.pub.pem', 'HS256', 'k1', {}), 'Invalid or unsupported algorithm', 'the public key taken for a secret');
refuses(made('p256_a.pem', 'ES256', 'k2', {}), 'No matching key', 'a kid that is not known');
refuses(token(iss => $other), 'Invalid token issuer', 'another issuer, though it is named in the setting');
refuses(token(iss => "$id/"), 'Invalid token issuer', 'the issuer with a slash');
refuses(token(scope => 'openid'), 'The token lacks a scope', 'a scope is missing');
refuses(token(scope => 'openid dbx xdb DB'), 'The token lacks a scope', 'scopes that resemble it');
refuses(token(scope => 'db'), 'The token lacks a scope', 'one of two scopes', db => 'found');
refuses(token(act => { sub => 'robot' }), 'Somebody acts', 'delegated');
refuses(token(cnf => { jkt => 'x' }), 'Token is bound to a key', 'bound to a key');
refuses(token(sub => ''), 'Invalid payload in token', 'an empty subject');
refuses(token(sub => "ann\nLOG:  forged"), 'The token\'s subject', 'a subject of two lines');
refuses(token(sub => "\x{e4}nn"), 'The token\'s subject', 'a subject that is not ASCII');
refuses('abc', 'Malformed token', 'no token');

# C8.1, C8.2: what is exported, and what is not
$node->safe_psql('plain', "SELECT authz.add_pem('$id', '" . slurp_file("$fixtures/p256_b.pub.pem") . "', 'k9', 'ES256')");
refuses(made('p256_b.pem', 'ES256', 'k9', {}), 'No matching key', 'a key that came after the export');
is($node->safe_psql('plain', 'SELECT authz.export_login_trust()'), '1', 'exported again');
lets_in(made('p256_b.pem', 'ES256', 'k9', {}), 'ann|oauth:ann', 'that key');
$node->safe_psql('plain', "SELECT authz.drop_key('$id', 'k9'); ");
$node->safe_psql('plain', 'SELECT authz.export_login_trust()');
refuses(made('p256_b.pem', 'ES256', 'k9', {}), 'No matching key', 'that key, dropped and exported');
lets_in(token(sub => 'uuid-1'), "ann|oauth:$id uuid-1", 'the sections of other databases stay', db => 'mapped');

# C8.4: roles that no token has by accident
my %why = (boss => 'SUPERUSER', copier => 'REPLICATION', seer => 'BYPASSRLS', deputy => 'SUPERUSER', heir => 'BYPASSRLS');
for my $role (sort keys %why)
{
	my $told = "The role has, or may take on, the attribute $why{$role}";
	refuses(token(sub => $role), $told, "$role by its name", user => $role);
	refuses(token(sub => "$role\@corp.example"), $told, "$role by a pattern", user => $role, db => 'mapped');
	setting('dbmi_authz_oauth.role_claim', 'db_roles');
	refuses(token(db_roles => [$role]), $told, "$role by a claim", user => $role, db => 'claimed');
	ident(@people, qq{people "$id chief" all}, qq{people "$id chief" "/^.*\$"}, qq{people "$id chief" +$role}, qq{other "$id chief" $role});
	refuses(token(sub => 'chief'), $told, "$role by a line for all roles, or a group, or of another map", user => $role, db => 'mapped');
	ident(@people, qq{people "$id chief" $role});
	lets_in(token(sub => 'chief'), "$role|oauth:$id chief", "$role by a line that names both", user => $role, db => 'mapped');
	refuses(token(sub => 'chief2'), $told, "$role by a subject that begins so", user => $role, db => 'mapped');
	ident(@people);
}
lets_in(token(sub => 'sealed'), 'sealed|oauth:sealed', 'a member of a superuser\'s role who cannot SET ROLE to it', user => 'sealed');
$node->safe_psql('postgres', 'ALTER ROLE bob BYPASSRLS');
refuses(token(sub => 'bob'), 'The role has, or may take on, the attribute BYPASSRLS', 'a role that has become privileged', user => 'bob');
$node->safe_psql('postgres', 'ALTER ROLE bob NOBYPASSRLS');
lets_in(token(sub => 'bob'), 'bob|oauth:bob', 'and is no more', user => 'bob');
refuses(token(sub => 'nobody'), 'There is no such role', 'a role that is not there', user => 'nobody');
like(AzBearer->ask($node, token(sub => 'nologin'), $who, db => 'plain', user => 'nologin'), qr/^28000: role "nologin" is not permitted to log in/, 'NOLOGIN holds');

# C8.4: replication connections
ident(@people, qq{people "$id chief" copier});
refuses(token(sub => 'chief'), 'The connection is to no database', 'physical replication', user => 'copier', replication => 'true');
is(AzBearer->ask($node, token(sub => 'chief'), 'SHOW server_version_num', db => 'mapped', user => 'copier', replication => 'database'),
	$node->safe_psql('postgres', 'SHOW server_version_num'), 'accept: logical replication, by a line that names both');
refuses(token(sub => 'copier@corp.example'), 'The role has', 'logical replication by a pattern', db => 'mapped', user => 'copier', replication => 'database');
ident(@people);

# C8.3: roles in a claim
lets_in(token(sub => 'x', db_roles => [ 'bob', 'ann' ]), "ann|oauth:$id x", 'a list that has the role', db => 'claimed');
lets_in(token(sub => 'x', db_roles => 'ann'), "ann|oauth:$id x", 'a string that is the role', db => 'claimed');
refuses(token(db_roles => 'bob ann'), 'The token does not name the role', 'a string with the role in it', db => 'claimed');
refuses(token(db_roles => [ 'bob', 'annx', ['ann'] ]), 'The token does not name the role', 'a list without it', db => 'claimed');
refuses(token(db_roles => { ann => 1 }), 'The token does not name the role', 'an object', db => 'claimed');
refuses(token(), 'The token does not name the role', 'no claim', db => 'claimed');
setting('dbmi_authz_oauth.role_claim', '["realm", "roles"]');
lets_in(token(sub => 'x', realm => { roles => ['ann'] }), "ann|oauth:$id x", 'a claim further in', db => 'claimed');
setting('dbmi_authz_oauth.role_claim', '{"path": ["roles"], "keys": true}');
lets_in(token(sub => 'x', roles => { ann => { org => 'x' } }), "ann|oauth:$id x", 'the keys of an object', db => 'claimed');
refuses(token(sub => 'x', roles => ['ann']), 'The token does not name the role', 'a list where keys are meant', db => 'claimed');
setting('dbmi_authz_oauth.role_claim', '');
refuses(token(db_roles => ['ann']), 'Setting "dbmi_authz_oauth.role_claim" is not set', 'no claim is set', db => 'claimed');

# C8.5: the setting
setting('dbmi_authz_oauth.issuers', $other);
refuses(token(), 'Setting "dbmi_authz_oauth.issuers" does not name the issuer', 'an issuer that the setting does not name any more');
like(AzBearer->ask($node, token(), $who, db => 'plain', user => 'ann', options => "-c dbmi_authz_oauth.issuers=$id"), qr/^28000/, 'nor by what the client says');
setting('dbmi_authz_oauth.issuers', "$id, $other");
lets_in(token(), 'ann|oauth:ann', 'named again');

# C8.6: the file
my $good = slurp_file($file);
sub put
{
	my ($content) = @_;
	open my $out, '>', $file or die $!;
	print $out $content;
	close $out;
	return chmod 0600, $file;
}
for my $mode (0640, 0604, 0620, 0602, 0660)
{
	chmod $mode, $file;
	refuses(token(), 'File "dbmi_authz_login_trust.json" is not to be trusted.  Other users', sprintf('mode %04o', $mode));
}
chmod 0600, $file;
lets_in(token(), 'ann|oauth:ann', 'mode 0600');
rename $file, "$file.away";
symlink "$file.away", $file;
refuses(token(), 'File "dbmi_authz_login_trust.json" is not to be trusted.  It could not be opened', 'a symbolic link');
unlink $file;
mkdir $file;
refuses(token(), 'File "dbmi_authz_login_trust.json" is not to be trusted.  It', 'a directory');
rmdir $file;
system_or_bail('mkfifo', '-m', '600', $file);
refuses(token(), 'File "dbmi_authz_login_trust.json" is not to be trusted.  It is not a regular', 'a pipe');
unlink $file;
refuses(token(), 'There is no file', 'no file any more');
for (
	[ '', 'It is not valid JSON', 'an empty file' ],
	[ substr($good, 0, -20), 'It is not valid JSON', 'half a file' ],
	[ $good =~ s/"version": 1/"version": 2/r, 'It is of another version', 'another version' ],
	[ $good =~ s/"version": 1/"version": 1, "version": 1/r, 'It is not valid JSON', 'a member twice' ],
	[ $good =~ s/"kty"/"k": "AAAA", "kty"/gr, 'A key is not a public one', 'a key with a secret' ],
	[ $good =~ s/"added"/"when"/gr, 'A key is malformed', 'a key without its time' ],
	[ $good . ' ' x (16 * 1024 * 1024), 'It is too long', 'a file that is too long' ])
{
	put($_->[0]);
	refuses(token(), "File \"dbmi_authz_login_trust.json\" is not to be trusted.  $_->[1]", $_->[2]);
}
my ($result, $out, $err) = $node->psql('plain', 'SELECT authz.export_login_trust()');
is($out, '1', 'a broken file is written anew');
like($err, qr/WARNING:  file "dbmi_authz_login_trust.json" is written again.*Call export_login_trust\(\) in the other databases/s, 'with a warning');
refuses(token(sub => 'uuid-1'), 'File "dbmi_authz_login_trust.json" has no section', 'what it said of other databases is gone', db => 'mapped');
put($good);
lets_in(token(sub => 'uuid-1'), "ann|oauth:$id uuid-1", 'the file of before', db => 'mapped');

# ---- messages that are none ----
for (
	[ "n,,\x01auth=Bearer \x01\x01", 'no token' ],
	[ "n,,\x01auth=Basic YTpi\x01\x01", 'another scheme' ],
	[ "n,,\x01auth=Bearer " . token() . "\x01host=x\x01auth=Bearer " . token() . "\x01\x01", 'two tokens' ])
{
	like(AzBearer->ask($node, '', $who, db => 'plain', user => 'ann', message => $_->[0]), qr/^(28000|08P01)/, "refuse: $_->[1]");
}

# ---- loaded by the server ----
for my $libraries ('dbmi_authz_oauth', 'dbmi_authz', 'dbmi_authz_oauth, dbmi_authz', 'dbmi_authz, dbmi_authz_oauth')
{
	setting('shared_preload_libraries', $libraries);
	$node->restart;
	lets_in(token(), 'ann|oauth:ann', "shared_preload_libraries = $libraries");
	refuses(token(exp => '-60'), 'Token has expired', "$libraries: expired");
	is($node->safe_psql('plain', 'SHOW dbmi_authz_oauth.issuers'), "$id, $other", "$libraries: the setting") if $libraries ne 'nothing';
}
setting('shared_preload_libraries', '');
setting('session_preload_libraries', 'dbmi_authz');
$node->restart;
lets_in(token(), 'ann|oauth:ann', 'session_preload_libraries = dbmi_authz');

# C8.8: no byte of a token, at debug5, whatever became of it
my $log = slurp_file($node->logfile);
my %said;
for my $run ($log =~ /[A-Za-z0-9_-]{12,}/g)
{
	$said{ substr $run, $_, 12 } = 1 for 0 .. length($run) - 12;
}
my @told;
for my $token (@tokens)
{
	for my $segment (grep { defined } (split /\./, $token)[ 1, 2 ])
	{
		push @told, $token if grep { $said{ substr $segment, $_, 12 } } 0 .. length($segment) - 12;
	}
}
is_deeply(\@told, [], 'no byte of ' . @tokens . ' tokens in the log');
like($log, qr/DEBUG:  /, 'which says a lot otherwise');

done_testing();
