# The token that opened the connection is the base identity: in force while no token
# is set, whenever the library was loaded; never after a failed login or a logout until
# a reset or a success, and never once it has ended.  A library of the test plays the
# validator, so this holds on each version.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

my $library = server_directory('pkglibdir') . '/login_token.so';
build_library('hooks/login_token.c', $library);
END { my $status = $?; unlink $library; $? = $status; }

my $node = start_node('main', "shared_preload_libraries = ''", "session_preload_libraries = ''", 'max_prepared_transactions = 2', 'log_min_messages = log', "wal_level = replica", 'hot_standby = on', 'max_wal_senders = 4');
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE ROLE other LOGIN;
CREATE ROLE boss LOGIN SUPERUSER;
GRANT other TO app;
CREATE TABLE doc (id int, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob'), (3, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
GRANT ALL ON doc TO app, other;
CREATE TABLE plain (id int);
GRANT ALL ON plain TO app;
GRANT CREATE, USAGE ON SCHEMA public TO app;
CREATE FUNCTION who() RETURNS text LANGUAGE sql
RETURN coalesce(authz.subject(), 'nobody') || ' ' || authz.token_state() || ' ' || (SELECT count(*) FROM doc);
CREATE FUNCTION definer() RETURNS text LANGUAGE plpgsql SECURITY DEFINER
AS 'BEGIN RETURN coalesce(authz.subject(), ''nobody''); END';
CREATE FUNCTION tries(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.set_token(token);
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || authz.token_state();
END $$;
CREATE FUNCTION undone(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.set_token(token);
	RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN
	RETURN coalesce(authz.subject(), 'nobody');
END $$;
CREATE FUNCTION resets() RETURNS int LANGUAGE plpgsql AS 'BEGIN RESET dbmi_authz.token; RETURN 1; END';
CREATE FUNCTION puts_back() RETURNS text LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('dbmi_authz.token', NULL, false); RETURN coalesce(authz.subject(), 'nobody'); END $$;
SELECT authz.set_actor_ceiling('https://id.example', 'reader', read_only => true);
SELECT authz.set_actor_ceiling('https://id.example', 'writer', scopes => '{}', read_only => false);
SQL

my $next = 0;
my %tokens;
my %files;
my $dir = PostgreSQL::Test::Utils::tempdir();

# A token under a name, and the file that a connection names to be opened by it.
sub token
{
	my ($name, $token) = @_;
	$tokens{$name} = $token;
	$files{$name} = "$dir/$name";
	open my $file, '>', $files{$name} or die $!;
	print $file $token;
	close $file;
	chmod 0644, $files{$name};
	return;
}
chmod 0755, $dir;
token(ann => mint(jti => 'a1', scope => 'read'));
token(newer => mint(jti => 'a2', scope => 'read write', exp => '+7200'));
token(bob => mint(sub => 'bob'));
token(bad => forge());
token(over => mint(exp => '-5'));
token(reader => mint(act => { sub => 'reader' }));
token(writer => mint(scope => 'read', act => { sub => 'writer' }));
token(away => forge(iss => 'https://elsewhere.example'));

my @opened;    # options of each connection, for the ways of loading

# One session that was opened by that token, or by none; "?" asks who is there.
sub gives
{
	my ($what, $login, $sql, @expected) = @_;
	my %opt = ref $expected[0] eq 'HASH' ? %{ shift @expected } : ();
	$sql =~ s/^\?$/SELECT who();/mg;
	$sql =~ s/^(ann|newer|bob|bad|reader|writer|over)( local)?$/"SELECT authz.set_token('%{$1}', " . ($2 ? 'true' : 'false') . ") \\g \/dev\/null"/mge;
	my @options = grep { length } $opt{options} // '', (defined $login ? "-c login_token.file=$files{$login}" : ());
	my @got = session($node, $sql, tokens => \%tokens, user => $opt{user} // 'app', db => $opt{db} // 'postgres',
		details => $opt{details} // 0, options => join(' ', @options));
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $same = @got == @expected;
	for my $i (0 .. $#expected)
	{
		my $got = $got[$i] // '';
		$same &&= ref $expected[$i] ? $got =~ $expected[$i] : $got eq $expected[$i];
	}
	ok($same, $what) or diag("got:\n  ", join("\n  ", @got), "\nexpected:\n  ", join("\n  ", @expected));
	return;
}

my $ann = 'ann valid 1';
my $bob = 'bob valid 2';
my $nobody = 'nobody none 0';
my $rejected = 'nobody rejected 0';
my $refused = '28000: token was refused';
my $expired = '28000: token has expired';
my $revoked = '28000: token was revoked';
my $distrusted = '28000: token is no longer trusted';
my $other = '42501: cannot log in another subject than the one who opened the connection';
my $changed = '28000: identity has changed since the query was planned';
my $read_only = qr/^25006: cannot execute/;

# ---- preloading in each way ----

sub preload
{
	my ($way, $server, $session) = @_;
	$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "'$server'");
	$node->adjust_conf('postgresql.conf', 'session_preload_libraries', "'$session'");
	$node->restart;
	gives("$way: in force", 'ann', "?\nSELECT count(*) FROM doc;\nSHOW dbmi_authz.token;", $ann, 1, 'token accepted');
	gives("$way: a query of a table first", 'ann', "SELECT id FROM doc;", 1);
	gives("$way: and no login, nobody", undef, "SELECT count(*) FROM doc;\n?", 0, $nobody);
	gives("$way: a token that this database refuses is nobody, told once", 'bad', "?\n?\nSELECT count(*) FROM doc;\nSELECT authz.last_error()->>'error_description';",
		'WARNING:  28000: token was refused', $rejected, $rejected, 0, 'Invalid token signature');
	gives("$way: one that is over is", 'over', "SELECT authz.token_state();\nSELECT authz.www_authenticate();", 'WARNING:  28000: token was refused', 'rejected',
		'Bearer realm="authz", error="invalid_token", error_description="Token has expired"');
	gives("$way: and another can be set", 'bad', "bob\n?\nRESET dbmi_authz.token;\n?\nRESET dbmi_authz.token;\n?",
		$bob, 'WARNING:  28000: token was refused', $rejected, $nobody);
	return;
}
preload('loaded by the first call', '', 'login_token');
preload('before the validator', '', 'dbmi_authz, login_token');
preload('after the validator', '', 'login_token, dbmi_authz');
preload('by the server', 'dbmi_authz', 'login_token');

# ---- below the setting ----

sub below
{
	my ($way) = @_;
	gives("$way: set_token and back by $_", 'ann', "bob\n?\n$_;\n?", $bob, $ann)
	  for 'RESET dbmi_authz.token', 'RESET ALL', 'SET dbmi_authz.token TO DEFAULT', 'DISCARD ALL';
	gives("$way: SET", 'ann', "SET dbmi_authz.token = '%{bob}';\n?\nRESET dbmi_authz.token;\n?", $bob, $ann);
	gives("$way: for the transaction", 'ann', "BEGIN;\n?\nbob local\n?\nCOMMIT;\n?", $ann, $bob, $ann);
	gives("$way: rolled back", 'ann', "BEGIN;\nbob\n?\nROLLBACK;\n?\nBEGIN;\nbob local\nROLLBACK;\n?", $bob, $ann, $ann);
	gives("$way: before it was judged", 'ann', "BEGIN;\nbob\n?\nROLLBACK;\n?", $bob, $ann);
	gives("$way: savepoints", 'ann', "BEGIN;\nSAVEPOINT s;\nbob\n?\nROLLBACK TO s;\n?\nbob\nRELEASE s;\n?\nROLLBACK;\n?", $bob, $ann, $bob, $ann);
	gives("$way: an exception block", 'ann', "SELECT undone('%{bob}');\n?", 'ann', $ann);
	gives("$way: a reset that is rolled back", 'ann', "bob\nBEGIN;\nRESET dbmi_authz.token;\n?\nROLLBACK;\n?", $ann, $bob);
	gives("$way: SET LOCAL to the default", 'ann', "bob\nBEGIN;\nSET LOCAL dbmi_authz.token TO DEFAULT;\n?\nCOMMIT;\n?", $ann, $bob);
	gives("$way: with tokens of one transaction", 'ann', "?\nBEGIN;\nbob local\n?\nCOMMIT;\n?\nbob\n?", { options => '-c dbmi_authz.token_scope=transaction', user => 'boss' },
		'ann valid 3', 'bob valid 3', 'ann valid 3', '22023: a token must be set for the transaction', 'nobody rejected 3');
	gives("$way: SET with tokens of one transaction", 'ann', "BEGIN;\nSET dbmi_authz.token = '%{bob}';\nSELECT authz.subject();\nCOMMIT;\nSELECT authz.subject();", { options => '-c dbmi_authz.token_scope=transaction', user => 'boss' }, 'bob', 'ann');
	return;
}

# ---- a failed login, and a logout ----
# S26: the login comes back by a reset or a success alone

sub gone
{
	my ($way) = @_;
	gives("$way: a failed login leaves nobody, $_ brings it back", 'ann', "?\nbad\n?\n?\n$_;\n?", $ann, $refused, $rejected, $rejected, $ann)
	  for 'RESET dbmi_authz.token', 'RESET ALL', 'DISCARD ALL';
	gives("$way: before it was judged", 'ann', "bad\n?\nRESET ALL;\n?", $refused, $rejected, $ann);
	gives("$way: try_set_token", 'ann', "SELECT authz.try_set_token('%{bad}');\n?", 'f', $rejected);
	gives("$way: a failure and a success", 'ann', "bad\nbob\n?\nRESET dbmi_authz.token;\n?", $refused, $bob, $ann);
	gives("$way: a success for the transaction", 'ann', "bad\nBEGIN;\nbob local\nCOMMIT;\n?", $refused, $ann);
	gives("$way: a success that is rolled back is none", 'ann', "bad\nBEGIN;\nbob\nROLLBACK;\n?\nBEGIN;\nSAVEPOINT s;\nbob local\nROLLBACK TO s;\nCOMMIT;\n?", $refused, $nobody, $nobody);
	gives("$way: a failure that is rolled back", 'ann', "BEGIN;\n?\nbad\nROLLBACK;\n?\nBEGIN;\nSELECT tries('%{bad}');\nROLLBACK;\n?", $ann, $refused, $rejected, '28000 rejected', $rejected);
	gives("$way: a failure over somebody", 'ann', "bob\nBEGIN;\nbad\nROLLBACK;\n?\nRESET dbmi_authz.token;\n?", $refused, $rejected, $ann);
	gives("$way: a reset that is rolled back is none", 'ann', "bad\nBEGIN;\nRESET dbmi_authz.token;\n?\nROLLBACK;\n?\nBEGIN;\nSAVEPOINT s;\nRESET dbmi_authz.token;\n?\nROLLBACK TO s;\n?\nCOMMIT;\n?",
		$refused, $ann, $nobody, $ann, $nobody, $nobody);
	gives("$way: one that is committed is", 'ann', "bad\nBEGIN;\nSAVEPOINT s;\nRESET dbmi_authz.token;\nRELEASE s;\n?\nCOMMIT;\n?", $refused, $ann, $ann);
	gives("$way: a reset, and another failure", 'ann', "bad\nRESET ALL;\n?\nBEGIN;\nRESET ALL;\nSELECT tries('%{bad}');\n?\nCOMMIT;\n?", $refused, $ann, '28000 rejected', $rejected, $rejected);
	gives("$way: the default of a transaction is no reset", 'ann', "bad\nBEGIN;\nSET LOCAL dbmi_authz.token TO DEFAULT;\n?\nCOMMIT;\n?", $refused, $nobody, $nobody);
	gives("$way: set_config() with NULL is none after a failure", 'ann', "bad\nSELECT set_config('dbmi_authz.token', NULL, false) IS NULL;\n?", $refused, qr/^[ft]$/, $rejected);
	gives("$way: a failure by a timeout", 'ann', "SET statement_timeout = 50;\nSELECT pg_sleep(2), authz.set_token('%{bob}');\nRESET statement_timeout;\n?", '57014: canceling statement due to statement timeout', $ann);

	gives("$way: a logout leaves nobody, $_ ends that", 'ann', "SELECT authz.clear_token();\n?\nSHOW dbmi_authz.token;\n?\n$_;\n?", $nobody, $nobody, $ann)
	  for 'RESET dbmi_authz.token', 'RESET ALL', 'DISCARD ALL';
	gives("$way: a logout before it was judged", 'ann', "SELECT authz.clear_token();\n?\nRESET ALL;\n?", $nobody, $ann);
	gives("$way: a logout and a login", 'ann', "SELECT authz.clear_token();\nbob\n?\nRESET ALL;\n?", $bob, $ann);
	gives("$way: a logout, and a login for the transaction", 'ann', "SELECT authz.clear_token();\nBEGIN;\nbob local\n?\nCOMMIT;\n?", $bob, $nobody);
	gives("$way: a logout that is rolled back", 'ann', "BEGIN;\nSELECT authz.clear_token();\n?\nROLLBACK;\n?\nBEGIN;\nSAVEPOINT s;\nSELECT authz.clear_token();\nROLLBACK TO s;\n?\nCOMMIT;\n?", $nobody, $ann, $ann, $ann);
	gives("$way: a logout of somebody", 'ann', "bob\nSELECT authz.clear_token();\n?\nSELECT authz.last_error();\nRESET dbmi_authz.token;\n?", $nobody, $ann);
	gives("$way: a logout with tokens of one transaction", 'ann', "SELECT authz.clear_token();\nSELECT authz.subject();\nSELECT authz.subject();", { options => '-c dbmi_authz.token_scope=transaction', user => 'boss' });
	gives("$way: a failure, and a logout", 'ann', "bad\nSELECT authz.clear_token();\n?\nBEGIN;\nRESET dbmi_authz.token;\nROLLBACK;\n?\nRESET dbmi_authz.token;\n?", $refused, $nobody, $nobody, $ann);
	gives("$way: without such a login all is as it was", undef, "bob\n?\nSELECT authz.clear_token();\n?\nbad\n?\nRESET ALL;\n?", $bob, $nobody, $refused, $rejected, $nobody);
	return;
}

# ---- login_identity ----
# S27: nobody else by any road

sub identities
{
	my ($way) = @_;
	my $only = '-c dbmi_authz.login_identity=only';
	$node->safe_psql('postgres', 'ALTER ROLE app SET dbmi_authz.login_identity = \'only\'');
	gives("$way: only, another subject changes nothing", 'ann', "?\nbob\n?\nSELECT authz.last_error();\nSELECT authz.try_set_token('%{bob}');\nSET dbmi_authz.token = '%{bob}';\nSELECT set_config('dbmi_authz.token', '%{bob}', true);\n?", $ann, $other, $ann, $other, $other, $other, $ann);
	gives("$way: only, as the first question", 'ann', "bob\n?", $other, $ann);
	gives("$way: only, the same with a newer token", 'ann', "newer\nSELECT authz.has_scope('write');\nbob\nSELECT authz.has_scope('write');\nRESET dbmi_authz.token;\nSELECT authz.has_scope('write'), authz.subject();", 't', $other, 't', 'f|ann');
	gives("$way: only, after a logout and a failure", 'ann', "SELECT authz.clear_token();\nbob\n?\nbad\nbob\n?\nRESET dbmi_authz.token;\nbob\n?", $other, $nobody, $refused, $other, $rejected, $other, $ann);
	gives("$way: only, in a block", 'ann', "SELECT tries('%{bob}');\nSELECT undone('%{newer}');\n?", '42501 valid', 'ann', $ann);
	gives("$way: only, refused here: nobody at all", 'bad', "ann\n?\nbob", 'WARNING:  28000: token was refused', $other, qr/^nobody (none|rejected) 0$/, $other);
	gives("$way: only, without a login by token", undef, "bob\n?", $bob);
	gives("$way: only, and not by the user", 'ann', "SET dbmi_authz.login_identity = base;\nRESET dbmi_authz.login_identity;\nbob\n?",
		('42501: permission denied to set parameter "dbmi_authz.login_identity"') x 2, $other, $ann) if $way ne 'late';
	$node->safe_psql('postgres', 'ALTER ROLE app SET dbmi_authz.login_identity = off');
	gives("$way: off", 'ann', "?\nbob\n?\nRESET ALL;\n?", $nobody, $bob, $nobody);
	$node->safe_psql('postgres', 'ALTER ROLE app RESET dbmi_authz.login_identity');
	gives("$way: changed by a superuser", 'ann', "PREPARE q AS SELECT authz.subject();\nEXECUTE q;\nSET dbmi_authz.login_identity = off;\nEXECUTE q;\nSELECT authz.token_state();\nSET dbmi_authz.login_identity = 'only';\nEXECUTE q;\nbob\nBEGIN;\nSET LOCAL dbmi_authz.login_identity = base;\nbob local\nEXECUTE q;\nCOMMIT;\nEXECUTE q;", { user => 'boss' },
		'ann', 'none', 'ann', $other, 'bob', 'ann');
	return;
}

# ---- what ends ----

sub ends
{
	my ($way) = @_;
	my $hint = 'HINT:  It is the token that the connection was opened with: connect again with a new one, or set one.';
	my $trusts = sub {
		my ($sql, $db) = @_;
		my $file = "$dir/sql" . $next++;
		append_to_file($file, $sql);
		return "\\! PGOPTIONS= psql -XAtq -d " . ($db // 'postgres') . " -f $file > /dev/null\n";
	};
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	local $ENV{PGUSER} = 'boss';

	token(short => mint(exp => '+5', jti => 's'));
	gives("$way: expired during the session", 'short', "?\nSELECT pg_sleep(5.2);\nSELECT authz.subject();\nSELECT count(*) FROM doc;\nSELECT authz.is_authenticated(), authz.token_state();\nRESET ALL;\nSELECT authz.subject();\nSELECT authz.clear_token();\n?\nRESET ALL;\nSELECT authz.token_state();\nnewer\n?", { details => 1 },
		$ann, $expired, qr/^DETAIL/, $hint, $expired, qr/^DETAIL/, $hint, 'f|expired', $expired, qr/^DETAIL/, $hint, $nobody, 'expired', $ann);
	token(revocable => mint(jti => 'r' . $next++));
	gives("$way: revoked", 'revocable', "?\n" . $trusts->("SELECT authz.revoke_token('https://id.example', 'r" . ($next - 1) . "', 'infinity')") . "SELECT authz.subject();\nSELECT authz.token_state();\nRESET ALL;\nSELECT authz.subject();\nbob\n?", $ann, $revoked, 'revoked', $revoked, $bob);
	gives("$way: subject inactive, and active again", 'ann', "?\n" . $trusts->("INSERT INTO authz.inactive_subject (issuer, subject) VALUES ('https://id.example', 'ann')") . "?\nSELECT authz.require_authenticated();\n" . $trusts->("DELETE FROM authz.inactive_subject") . "?",
		$ann, 'nobody valid 0', '28000: subject is inactive', $ann);
	gives("$way: issuer altered", 'ann', "?\n" . $trusts->("SELECT authz.alter_issuer('https://id.example', options => '{\"leeway_seconds\": " . ++$next . "}')") . "SELECT authz.subject();\nRESET ALL;\nSELECT authz.subject();", $ann, $distrusted, $distrusted);
	$node->safe_psql('postgres', q(SELECT authz.alter_issuer('https://id.example', options => '{"leeway_seconds": 0}')));
	my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
	my $key = "SELECT authz.add_pem('https://id.example', '$pem', 'k1', 'ES256')";
	gives("$way: key removed, and put back", 'ann', "?\n" . $trusts->("SELECT authz.drop_key('https://id.example', 'k1')") . "SELECT authz.subject();\n", $ann, $distrusted);
	$node->safe_psql('postgres', $key);
	$node->safe_psql('postgres', 'CREATE DATABASE doomed');
	trust($node, 'doomed');
	gives("$way: issuer dropped", 'ann', "SELECT authz.subject();\nSELECT authz.drop_issuer('https://id.example');\nSELECT authz.subject();", { db => 'doomed', user => 'boss' }, 'ann', $distrusted);
	gives("$way: and then it is trusted no more", 'ann', "SELECT authz.subject();\nSELECT authz.token_state();", { db => 'doomed' }, 'WARNING:  28000: token was refused', 'rejected');
	my $trust = "SELECT authz.add_issuer('https://id.example', '{clinic}');\n" . "SELECT authz.add_pem('https://id.example', '$pem', 'k1', 'ES256');\n";
	$node->safe_psql('doomed', $trust);
	gives("$way: the extension dropped", 'ann', "SELECT authz.subject();\nCREATE TABLE t ();\nDROP EXTENSION dbmi_authz;\nINSERT INTO t DEFAULT VALUES;\nCREATE EXTENSION dbmi_authz;\nSELECT authz.subject();\nRESET ALL;\nSELECT authz.token_state();", { db => 'doomed', user => 'boss' },
		'ann', $distrusted, 'revoked');
	$node->safe_psql('postgres', 'DROP DATABASE doomed');
	$node->safe_psql('postgres', 'CREATE DATABASE bare');
	gives("$way: no extension, nothing", 'ann', "CREATE TABLE t AS SELECT 1 AS n;\nINSERT INTO t VALUES (2);\nSELECT count(*) FROM t;", { db => 'bare', user => 'boss' }, 2);
	gives("$way: one that is created in the session trusts nobody yet", 'ann', "INSERT INTO t VALUES (2);\nCREATE EXTENSION dbmi_authz;\nDROP EXTENSION dbmi_authz;\nCREATE EXTENSION dbmi_authz;\n$trust;\nSELECT authz.token_state();", { db => 'bare', user => 'boss' }, 'WARNING:  28000: token was refused', 'rejected');
	$node->safe_psql('bare', 'DROP EXTENSION dbmi_authz');
	gives("$way: one that another session creates, and trusts the issuer", 'ann', "INSERT INTO t VALUES (2);\n" . $trusts->("CREATE EXTENSION dbmi_authz;\n$trust", 'bare') . "SELECT authz.subject();\nINSERT INTO t VALUES (3);", { db => 'bare', user => 'boss' }, 'ann');
	$node->safe_psql('postgres', 'DROP DATABASE bare');
	return;
}

# ---- queries ----

sub queries
{
	my ($way) = @_;
	for my $mode (qw(force_generic_plan force_custom_plan))
	{
		gives("$way: prepared, $mode", 'ann', "SET plan_cache_mode = $mode;\nPREPARE q AS SELECT id FROM doc ORDER BY id;\nEXECUTE q;\nbob\nEXECUTE q;\nSELECT authz.clear_token();\nEXECUTE q;\nRESET dbmi_authz.token;\nEXECUTE q;\nbad\nEXECUTE q;\nRESET ALL;\nEXECUTE q;\nBEGIN;\nSAVEPOINT s;\nSELECT tries('%{bad}');\nEXECUTE q;\nRESET dbmi_authz.token;\nEXECUTE q;\nROLLBACK TO s;\nEXECUTE q;\nROLLBACK;",
			1, 2, 3, 1, $refused, 1, '28000 rejected', 1);
	}
	gives("$way: a cursor", 'ann', "BEGIN;\nDECLARE c CURSOR FOR SELECT id FROM doc;\nbob\nFETCH c;\nROLLBACK;\nBEGIN;\nDECLARE c CURSOR FOR SELECT id FROM doc;\nbob\nRESET dbmi_authz.token;\nFETCH c;\nSELECT authz.clear_token();\nFETCH c;\nROLLBACK;\nbob\nBEGIN;\nDECLARE c CURSOR FOR SELECT id FROM doc ORDER BY id;\nFETCH c;\nRESET dbmi_authz.token;\nFETCH c;\nROLLBACK;", $changed, 1, $changed, 2, $changed);
	gives("$way: and not from within a query", 'ann', "bob\nSELECT resets() FROM doc WHERE authz.has_scope('x') IS NOT NULL;\nSELECT puts_back() FROM doc;\n?", '55000: cannot change the identity while a query that asked for it is running', '28000: identity has changed since the query was planned', $bob);
	gives("$way: parallel plans", 'ann', parallel_on($node) . "SELECT count(*) FROM doc;\nSELECT authz.subject() FROM doc;\n?", 1, 'ann', $ann);
	gives("$way: roles", 'ann', "SET ROLE other;\n?\nRESET ROLE;\nSELECT definer();\nbad\nSELECT definer();", $ann, 'ann', $refused, 'nobody');
	gives("$way: session authorization", 'ann', "SET SESSION AUTHORIZATION app;\n?", { user => 'boss' }, $ann);
	gives("$way: what there is to know", 'ann', "SELECT authz.is_authenticated(), authz.expires_at() > now(), authz.has_scope('read'), authz.www_authenticate() IS NULL;\nSELECT authz.require_scope('read');\nSELECT authz.require_scope('write');\nSELECT authz.last_error()->>'error';", 't|t|t|t', '42501: access denied', 'insufficient_scope');
	gives("$way: read-only", 'ann', "BEGIN READ ONLY;\n?\nROLLBACK;\nSET default_transaction_read_only = on;\n?", $ann, $ann);
	gives("$way: two-phase commit", 'ann', "BEGIN;\nbob local\nPREPARE TRANSACTION 'x$$';\n?\nROLLBACK PREPARED 'x$$';\nBEGIN;\nbad\nROLLBACK;\nBEGIN;\nRESET ALL;\nPREPARE TRANSACTION 'y$$';\n?\nROLLBACK PREPARED 'y$$';", $ann, $refused, $ann);
	gives("$way: simulated over it", 'ann', "BEGIN;\nSELECT authz.simulate('{\"iss\": \"https://id.example\", \"sub\": \"eve\"}');\nSELECT authz.subject(), authz.is_simulated();\nCOMMIT;\nSELECT authz.subject(), authz.is_simulated();", { user => 'boss' }, 'eve|t', 'ann|f');

	return;
}

# ---- actors ----

sub actors
{
	my ($way) = @_;
	gives("$way: an actor that only reads", 'reader', "SELECT authz.subject(), authz.actor();\nINSERT INTO plain VALUES (1);\nCREATE TABLE x ();\nSELECT count(*) FROM plain;", 'ann|reader', $read_only, $read_only, 0);
	gives("$way: also where nobody has asked yet", 'reader', "INSERT INTO plain VALUES (1);\nSELECT count(*) FROM plain;", $read_only, 0) if $way ne 'late';
	gives("$way: within its ceiling", 'writer', "SELECT authz.has_scope('read'), authz.actor();\nINSERT INTO plain VALUES (1);\nDELETE FROM plain;\nann\nSELECT authz.has_scope('read');", 'f|writer', 't');
	gives("$way: it binds a transaction in which it was in force", 'reader', "SELECT authz.subject();\nBEGIN;\nbob local\nINSERT INTO plain VALUES (1);\nROLLBACK;\nbob\nINSERT INTO plain VALUES (1);\nDELETE FROM plain;\nBEGIN;\nRESET dbmi_authz.token;\nINSERT INTO plain VALUES (1);\nROLLBACK;\nBEGIN;\nRESET dbmi_authz.token;\nbob local\nINSERT INTO plain VALUES (1);\nROLLBACK;",
		'ann', $read_only, $read_only, $read_only);
	for my $judged ('SELECT authz.subject() \g /dev/null', 'SELECT 1 \g /dev/null')
	{
		gives("$way: and does not come into a query that writes", 'reader', "$judged\nbob\nINSERT INTO plain SELECT resets();\nINSERT INTO plain SELECT 1 WHERE puts_back() <> 'x';\nSELECT authz.subject();\nRESET dbmi_authz.token;\nSELECT count(*), authz.actor() FROM plain;\nbob\nDELETE FROM plain;",
			'25006: cannot reset the identity to an actor that only reads while a query that writes is running', 'ann', '1|reader');
	}
	return;
}

# ---- operations with another's rights ----
# S28: a reset does not bring the login in

sub restricted
{
	my ($way) = @_;
	$node->safe_psql('postgres', <<'SQL');
DROP MATERIALIZED VIEW IF EXISTS trap;
CREATE MATERIALIZED VIEW trap AS SELECT puts_back() AS who WITH NO DATA;
GRANT CREATE ON SCHEMA public TO app;
ALTER MATERIALIZED VIEW trap OWNER TO app;
SQL
	gives("$way: a refresh does not bring it in", 'ann', "bob\nREFRESH MATERIALIZED VIEW trap;\nSELECT who FROM trap;\n?\nRESET dbmi_authz.token;\n?\nREFRESH MATERIALIZED VIEW trap;\nSELECT who FROM trap;\n?", 'nobody', $bob, $ann, 'ann', $ann);
	return;
}

# ---- attacks, and bad moments ----

sub attacks
{
	my ($way) = @_;
	$node->safe_psql('postgres', "ALTER ROLE app SET dbmi_authz.login_identity = 'only'");
	if ($way eq 'late')
	{
		# what is set before the library is loaded goes through no check
		gives("$way: only, and a token that nobody looked at", 'ann', "SET dbmi_authz.token = '%{bob}';\n?\nRESET dbmi_authz.token;\n?", "WARNING:  $other", $rejected, $ann);
		gives("$way: only, and the same subject's", 'ann', "SET dbmi_authz.token = '%{newer}';\n?\nSELECT authz.has_scope('write');", $ann, 't');
		gives("$way: only, by an option of the connection", 'ann', "?\nbob\n?", { options => '-c dbmi_authz.login_identity=off' }, 'WARNING:  42501: permission denied to set parameter "dbmi_authz.login_identity"', $ann, $other, $ann);
	}
	gives("$way: only, by a function", 'ann', "CREATE FUNCTION slips(text) RETURNS text LANGUAGE plpgsql SET dbmi_authz.login_identity = 'off' AS 'BEGIN PERFORM authz.set_token(\$1); RETURN authz.subject(); END';\nSELECT slips('%{bob}');\n?", $way eq 'late' ? qr/42501/ : '42501: permission denied to set parameter "dbmi_authz.login_identity"', qr/42501|42883/, $ann);
	gives("$way: only, by pg_settings", 'ann', "SELECT authz.subject();\nUPDATE pg_settings SET setting = 'off' WHERE name = 'dbmi_authz.login_identity';\nbob", 'ann', '42501: permission denied to set parameter "dbmi_authz.login_identity"', $other);
	$node->safe_psql('postgres', 'ALTER ROLE app RESET dbmi_authz.login_identity');
	gives("$way: its label is no token", 'ann', "?\nSELECT set_config('dbmi_authz.token', current_setting('dbmi_authz.token'), false);\n?", $ann, $refused, $rejected);

	# while it is judged, somebody holds the tables: neither nobody for ever, nor somebody
	my $holder = AzWire->new($node, user => 'boss');
	my $session = AzWire->new($node, options => "-c login_token.file=$files{ann} -c statement_timeout=250");
	my $asks = sub { return join '|', $_[0]->query($_[1])->answers };
	$asks->($holder, 'BEGIN; LOCK TABLE authz.issuer IN ACCESS EXCLUSIVE MODE');
	my $timeout = '57014: canceling statement due to statement timeout';
	is($asks->($session, $_), $timeout, "$way: a timeout while it is judged: $_") for 'SELECT authz.subject()', 'SELECT count(*) FROM doc', 'SELECT authz.token_state()';
	$asks->($holder, 'ROLLBACK');
	$asks->($session, 'SET statement_timeout = 0');
	is($asks->($session, 'SELECT who()'), $ann, "$way: and it is judged again");

	# R8: a login that waits for that has failed
	$node->safe_psql('postgres', "ALTER ROLE app SET dbmi_authz.login_identity = 'only'");
	$session = AzWire->new($node, options => "-c login_token.file=$files{ann} -c statement_timeout=250");
	$asks->($holder, 'BEGIN; LOCK TABLE authz.issuer IN ACCESS EXCLUSIVE MODE');
	is($asks->($session, "SELECT authz.set_token('$tokens{newer}')"), $timeout, "$way: a timeout while it is judged for a login");
	$asks->($holder, 'ROLLBACK');
	$asks->($session, 'SET statement_timeout = 0');
	is($asks->($session, 'SELECT who()'), $rejected, "$way: which leaves nobody");
	is($asks->($session, 'RESET dbmi_authz.token; SELECT who()'), $ann, "$way: until a reset");
	$node->safe_psql('postgres', 'ALTER ROLE app RESET dbmi_authz.login_identity');

	# a client that may not sets what it likes: nobody forgets what holds for the role
	gives("$way: an option of the connection that is refused binds", 'ann', "?\nbob\n?\nSHOW dbmi_authz.login_identity;\nRESET ALL;\nbob", { options => '-c dbmi_authz.login_identity=base' }, 'WARNING:  42501: permission denied to set parameter "dbmi_authz.login_identity"', $ann, $other, $ann, 'only', $other)
	  if $way eq 'late';

	# a walsender of a database runs queries, too
	is($node->safe_psql('postgres', 'SELECT authz.subject()', replication => 'database', extra_params => [ '-U', 'boss' ]), '', "$way: a walsender without a login");
	local $ENV{PGOPTIONS} = "-c login_token.file=$files{ann}";
	# core preloads nothing there
	is($node->safe_psql('postgres', "LOAD 'login_token';\nSELECT authz.subject();", replication => 'database', extra_params => [ '-U', 'boss' ]), 'ann', "$way: and with one");
	like($node->safe_psql('postgres', 'IDENTIFY_SYSTEM', replication => 'true', extra_params => [ '-U', 'boss' ]), qr/\|/, "$way: one of no database");
	return;
}

# ---- records ----

sub records
{
	my ($way) = @_;
	$node->safe_psql('postgres', "DELETE FROM authz.trust_log; GRANT INSERT ON plain TO other");
	my $seen = -s $node->logfile;
	gives("$way: the log of the trust", 'ann', "SELECT authz.revoke_token('https://id.example', 'nobody' || random(), 'infinity');\nSELECT DISTINCT subject FROM authz.trust_log WHERE relation = 'revocation';", { user => 'boss' }, 'ann');
	gives("$way: reads and denials", 'ann', "SELECT authz.is_authenticated() \\g /dev/null\nSET dbmi_authz.log_reads = 'all';\nSET dbmi_authz.log_denials = on;\nSELECT count(*) FROM doc;\nSELECT authz.require_scope('write');", { user => 'boss' }, 3, '42501: access denied');
	my $log = log_since($node, \$seen);
	like($log, qr/access denied: .*"subject": "ann"/, "$way: a denial names it");
	like($log, qr/"subject": "ann".*"tables"|"tables".*"subject": "ann"/, "$way: so does a read");
	return;
}

for my $way ('late', 'by the server')
{
	$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', $way eq 'late' ? "''" : "'dbmi_authz'");
	$node->adjust_conf('postgresql.conf', 'session_preload_libraries', "'login_token'");
	$node->restart;
	below($way);
	gone($way);
	identities($way);
	ends($way);
	queries($way);
	actors($way);
	restricted($way);
	attacks($way);
	records($way);
}

# a hot standby; nothing is written there
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
my $primary = $node;
$node = $standby;
gives('on a standby', 'ann', "?\nbob\n?\nbad\n?\nRESET ALL;\n?\nSELECT pg_is_in_recovery();", $ann, $bob, $refused, $rejected, $ann, 't');
gives('on a standby, refused', 'bad', "?\n?", 'WARNING:  28000: token was refused', $rejected, $rejected);
$node = $primary;
$standby->stop;

# R10: no byte of any token is in the log
my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|terminated by signal|TRAP/, 'nothing crashed');
ok(!holds_token($log, $tokens{$_}), "nothing of $_ in the log") for qw(ann bob bad over away);
$node->stop;
done_testing();
