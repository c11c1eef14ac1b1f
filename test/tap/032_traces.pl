# Z17: what is denied can be traced: the log has the statement and where in it
# the denial happened, and the client is told the latter.  But neither is told
# where a token might be in them.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', 'log_parameter_max_length = 0');
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE TABLE doc (id int PRIMARY KEY, owner text);
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner('owner');
GRANT ALL ON doc TO app;
CREATE FUNCTION outer_one(who text) RETURNS void LANGUAGE plpgsql AS $$BEGIN PERFORM inner_one(who); END$$;
CREATE FUNCTION inner_one(who text) RETURNS void LANGUAGE plpgsql AS $$BEGIN INSERT INTO doc VALUES (1, who); END$$;
CREATE FUNCTION demand(what text) RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE format('SELECT authz.require_scope(%L)', what); END$$;
CREATE FUNCTION login(token text) RETURNS void LANGUAGE plpgsql AS $$BEGIN PERFORM authz.set_token(token); END$$;
CREATE FUNCTION login_hex(token text) RETURNS void LANGUAGE plpgsql AS $$BEGIN PERFORM authz.set_token(convert_from(decode(token, 'hex'), 'UTF8')); END$$;
CREATE FUNCTION act(token text, what text) RETURNS void LANGUAGE plpgsql AS $$BEGIN PERFORM login(token); PERFORM demand(what); END$$;
CREATE FUNCTION act_too_late(what text, token text) RETURNS void LANGUAGE plpgsql AS $$BEGIN PERFORM demand(what); PERFORM login(token); END$$;
CREATE FUNCTION again(what text) RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE format('SELECT act_too_late(%L, %L)', what, current_setting('app.kept')); END$$;
CREATE FUNCTION rule(id int) RETURNS boolean LANGUAGE sql AS 'SELECT false';
SELECT authz.register_access('read', 'doc', 'user', 'rule(int)');
SQL

my $token = mint(jti => 'trace', permissions => ['read']);
my $seen = 0;

sub logged
{
	my $all = slurp_file($node->logfile);
	my $new = substr($all, $seen);
	$seen = length $all;
	return $new;
}

# Somebody who is logged in, or nobody.
sub session_of
{
	my ($who, %opt) = @_;
	my $wire = AzWire->new($node, %opt);
	$wire->query($who ? "SELECT authz.set_token('$who')" : 'SELECT authz.token_state()')->answers;
	logged();
	return $wire;
}

sub told
{
	my ($wire, $sql, @params) = @_;
	if (@params) { $wire->parse('', $sql)->bind('', '', @params)->execute('')->sync; }
	else { $wire->query($sql); }
	my @answers = $wire->answers;
	return (logged(), join("\n", $wire->heard), @answers);
}

# ---- where there is no token, everything is told ----

sub traced
{
	my ($who, $sql, $error, $context, @params) = @_;
	my ($log, $client, @answers) = told(session_of($who), $sql, @params);
	like("@answers", $error, "$sql: denied");
	like($log, qr/ STATEMENT:  \Q$sql\E/, "$sql: the log has the statement");
	like($log, qr/ CONTEXT:  (?:.*\n\t)*.*\Q$context\E/, "$sql: the log has the context") if $context;
	like($client, qr/\Q$context\E/, "$sql: the client has the context") if $context;
	return;
}

traced($token, "SELECT outer_one('bob')", qr/^42501: access denied/, 'PL/pgSQL function outer_one(text) line 1 at PERFORM');
traced($token, "SELECT outer_one('bob')", qr/^42501: access denied/, 'SQL statement "INSERT INTO doc VALUES (1, who)"');
traced($token, 'SELECT outer_one($1)', qr/^42501: access denied/, 'SQL statement "SELECT inner_one(who)"', 'bob');
traced($token, "SELECT demand('urn:example:some-very-long-scope.of-An-Application')", qr/^42501: access denied/, 'SQL statement "SELECT authz.require_scope(');
traced($token, 'DO $$ BEGIN PERFORM authz.require_admin(); END $$', qr/^42501: access denied/, 'inline_code_block line 1 at PERFORM');
traced($token, "SELECT authz.require_role('editor'), '550e8400-e29b-41d4-a716-446655440000'", qr/^42501: access denied/);
traced($token, "SELECT authz.require(id > 1) FROM (VALUES (1)) v(id)", qr/^42501: access denied/);
traced($token, "SELECT authz.require_object_perm('read', 'public.doc', '1')", qr/^P0002: object does not exist/);
traced('', "SELECT outer_one('bob')", qr/^28000: authentication is required/, 'PL/pgSQL function inner_one(text) line 1 at SQL statement');
traced('', "SELECT demand('a')", qr/^28000: authentication is required/, 'PL/pgSQL function demand(text) line 1 at EXECUTE');

# An identity that has ended.
my $wire = session_of($token);
$node->safe_psql('postgres', "SELECT authz.revoke_token('https://id.example', 'trace')");
my ($log, $client, @answers) = told($wire, "SELECT demand('a')");
like("@answers", qr/^28000: token was revoked/, 'revoked');
like($log, qr/ STATEMENT:  SELECT demand/, 'revoked: the log has the statement');
like($client, qr/PL\/pgSQL function demand/, 'revoked: the client has the context');
$node->safe_psql('postgres', "DELETE FROM authz.revocation");

# ---- where there may be one, nothing is ----

sub untraced
{
	my ($what, $sql, %opt) = @_;
	my $wire = session_of($opt{who} // '', options => $opt{options} // '');
	$wire->query($opt{before})->answers if $opt{before};
	logged();
	my ($log, $client, @answers) = told($wire, $sql, @{ $opt{params} // [] });
	like("@answers", qr/42501: access denied|28000: authentication is required/, "$what: denied");
	ok(!holds_token($log, $token), "$what: nothing in the log") or diag $log;
	ok(!holds_token($client, $token), "$what: nothing for the client") or diag $client;
	$opt{covered} ?
		like($log, qr/ STATEMENT:  .*'x+\.x+\.[-x]+'/, "$what: the statement in the log is covered") :
		unlike($log, qr/ (?:STATEMENT|CONTEXT):  /, "$what: neither statement nor context in the log");
	return;
}

my $hex = unpack 'H*', $token;
untraced('a literal in the statement, taken before', "SELECT authz.set_token('$token'), authz.require_scope('x')");
untraced('a literal in the statement, not yet taken', "SELECT authz.require_scope('x'), authz.set_token('$token')");
untraced('the same, through a function', "SELECT demand('x'), login('$token')", who => $token);
untraced('in another statement of the string', "SELECT demand('x'); SELECT login('$token')", who => $token);
untraced('in an earlier statement of the string', "SELECT login('$token'); SELECT outer_one('bob')");
untraced('a setting', "SET dbmi_authz.token = '$token'; SELECT outer_one('bob')");
untraced('in a DO block', "DO \$\$ BEGIN PERFORM demand('x'); PERFORM login('$token'); END \$\$", who => $token, covered => 1);
untraced('in the argument of a function', "SELECT act_too_late('x', '$token')", who => $token);
untraced('in a query that was put together', "SELECT again('x')", who => $token, before => "SET app.kept = '$token'");
untraced('bound', 'SELECT act($1, $2)', params => [ $token, 'x' ], options => '-c log_parameter_max_length_on_error=-1');
untraced('bound, not yet taken', 'SELECT act_too_late($2, $1)', params => [ $token, 'x' ], who => $token, options => '-c log_parameter_max_length_on_error=-1');
untraced('bound, cut off', 'SELECT act_too_late($2, $1)', params => [ $token, 'x' ], who => $token, options => '-c log_parameter_max_length_on_error=' . (index($token, '.') + 13));
untraced('in another spelling, taken before', "SELECT login_hex('$hex'), authz.require_scope('x')");
untraced('not like a token, but said to be one', "SELECT authz.require_scope('x'), authz.Try_Set_Token('not like one')");

# A part of a token that was put together before, in the next message: nothing
# of it is there, so it is told again.
$wire = session_of('');
$wire->query("SELECT login('$token')")->answers;
logged();
($log) = told($wire, "SELECT demand('x')");
like($log, qr/ STATEMENT:  SELECT demand\('x'\)/, 'the next statement is told');

$node->stop;
done_testing();
