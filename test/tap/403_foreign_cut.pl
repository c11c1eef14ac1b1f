# foreign_login() where the other side is not there, is another one, breaks off in the
# middle or refuses: right rows or a clear error, and nothing is left behind.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzForeign;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('near');
my $far = start_node('other');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN');
$far->safe_psql('postgres', 'CREATE ROLE node LOGIN; CREATE ROLE plain LOGIN; CREATE DATABASE bare; CREATE DATABASE old');
old_version();
$far->safe_psql('old', "CREATE EXTENSION dbmi_authz VERSION '1.0'");
my $key = make_near($node, 'postgres');
make_far($far, 'far', $key);
make_server($node, 'postgres', 'f', $far, 'far');
make_server($node, 'postgres', 'bare', $far, 'bare');
make_server($node, 'postgres', 'old', $far, 'old');
make_server($node, 'postgres', 'gone', $far, 'nowhere');
$far->safe_psql('far', 'CREATE VIEW slow AS SELECT pg_sleep(60) IS NULL AS x; GRANT ALL ON slow TO node');
$node->safe_psql('postgres', 'CREATE FOREIGN TABLE f.slow (x boolean) SERVER f OPTIONS (schema_name $$public$$); GRANT ALL ON f.slow TO app');
my %tokens = (ann => mint(), bob => mint(sub => 'bob'));

sub gives
{
	my ($what, $script, @expected) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @lines = map { exists $tokens{$_} ? "SELECT authz.set_token('%{$_}') \\g /dev/null" : /\\|^WITH_/ ? $_ : "$_;" } @$script;
	is_deeply([ grep { !/^(handing the identity|remote SQL)/ } session($node, join("\n", @lines), tokens => \%tokens) ], \@expected, $what);
	return;
}
my $who = 'SELECT coalesce(authz.subject(), $$nobody$$), subject, state FROM f.who';
my $told = 'ann|ann|valid';

# Who is asked for the destination.
sub login
{
	my ($server) = @_;
	return join "\n", grep { !/^(handing|remote SQL)/ } session($node, "SELECT authz.foreign_login('$server');", user => $super, details => 1);
}
my $cannot = 'cannot be told who is logged in';
like(login('gone'), qr/^08001: could not connect to server "gone"/, 'not there');
like(login('bare'), qr/^55000: foreign server "bare" $cannot\nDETAIL:  .*\nHINT:  Create the extension dbmi_authz in that database, or update it there to version 1\.1 or later/, 'without the extension');
like(login('old'), qr/^55000: foreign server "old" $cannot\nDETAIL:  .*\nHINT:  Create the extension dbmi_authz in that database, or update it there to version 1\.1 or later/, 'an older version');
$node->safe_psql('postgres', "ALTER USER MAPPING FOR PUBLIC SERVER f OPTIONS (SET user 'plain')");
like(login('f'), qr/^55000: foreign server "f" $cannot\nDETAIL:  .*\nHINT:  .*dbmi_authz.cluster_role/, 'a user from whom nothing is taken');
$node->safe_psql('postgres', "ALTER USER MAPPING FOR PUBLIC SERVER f OPTIONS (SET user 'node')");
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_foreign_table WHERE ftrelid::regclass::text LIKE $$authz_foreign%$$'), 0, 'none of them left anything');
is(login('f'), '', 'their twin');
gives('and it works', [ 'ann', $who ], $told);

# The other side believes another key, or none; knows no such issuer; has no extension.
my $refused = '28000: the identity that another server handed over was refused';
for my $change ([ 'without the key', "SELECT authz.drop_cluster_key('near')", "SELECT authz.add_cluster_key_public('near', '$key')" ],
	[ 'another key of that name', "SELECT authz.drop_cluster_key('near'); SELECT authz.add_cluster_key('near')", "SELECT authz.drop_cluster_key('near'); SELECT authz.add_cluster_key_public('near', '$key')" ],
	[ 'who revoked the subject itself', "SELECT authz.revoke_subject('https://id.example', 'ann')", 'DELETE FROM authz.revocation' ])
{
	my ($what, $do, $undo) = @$change;
	$far->safe_psql('far', $do);
	gives($what, [ 'ann', $who, 'SELECT count(*) FROM f.free', 'RESET dbmi_authz.token', 'SELECT subject FROM f.who' ], $refused, $refused, 'nobody');
	gives("$what, in a savepoint", [ 'BEGIN', 'ann', 'SAVEPOINT a', $who, 'ROLLBACK TO a', 'SELECT count(*) FROM f.free', 'ROLLBACK' ], $refused, $refused);
	$far->safe_psql('far', $undo);
	gives("$what: undone", [ 'ann', $who ], $told);
}
$node->safe_psql('postgres', "SELECT authz.drop_cluster_key('near')");
gives('no key of one\'s own', [ 'ann', $who, 'SELECT count(*) FROM f.free' ], ('55000: this database has no cluster key') x 2);
my $new = $node->safe_psql('postgres', q{SELECT authz.add_cluster_key('new')});
gives('a new one that is not known there yet', [ 'ann', $who ], $refused);
$far->safe_psql('far', "SELECT authz.add_cluster_key_public('new', '$new')");
gives('and is', [ 'ann', $who ], $told);
$far->safe_psql('far', 'ALTER VIEW authz.hand_over RENAME TO other');
like((session($node, "SELECT authz.set_token('%{ann}') \\g /dev/null\n$who;", tokens => \%tokens))[0], qr/^42P01: /, 'no view');
$far->safe_psql('far', 'ALTER VIEW authz.other RENAME TO hand_over');
# There the library must be loaded before the first statement.
$far->safe_psql('postgres', "ALTER ROLE node SET default_transaction_read_only = on");
gives('a session there that only reads', [ 'ann', $who ], '25006: cannot execute UPDATE in a read-only transaction');
$far->safe_psql('postgres', "ALTER ROLE node SET session_preload_libraries = 'dbmi_authz'");
gives('its twin, with the library', [ 'ann', $who, 'SELECT count(*) FROM f.doc' ], $told, 10);
$far->safe_psql('postgres', "ALTER ROLE node RESET default_transaction_read_only; ALTER ROLE node RESET session_preload_libraries");

# Broken off in the middle.  \! runs beside the session.
my $far_psql = 'psql -XAtq "' . $far->connstr('far') . " user=$super\"";
my $kill = "\\! $far_psql -c \"SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usename = 'node'\" >/dev/null";
sub asked
{
	my ($what, @script) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @lines = map { exists $tokens{$_} ? "SELECT authz.set_token('%{$_}') \\g /dev/null" : /^\\/ ? $_ : "$_;" } @script;
	return grep { !/^(handing|remote SQL|\s|WARNING|This probably|before or while)/ } session($node, join("\n", @lines), tokens => \%tokens);
}
gives('between transactions it is connected to again', [ 'ann', $who, $kill, $who, "SELECT count(*) FROM f.doc" ], $told, $told, 10);
my @lines = asked('', 'ann', 'BEGIN', $who, $kill, $who, 'ROLLBACK', $who);
is($lines[0], $told, 'in a transaction');
like($lines[1], qr/^(08006|57P01|08003|XX000): /, 'an error');
is($lines[-1], $told, 'the next one is told anew');

# A savepoint saves the transaction, not the connection: whatever is answered is ann's.
my $loop = <<'SQL';
DO $do$
DECLARE s text; i int;
BEGIN
	FOR i IN 1..6 LOOP
		BEGIN
			SELECT subject INTO s FROM f.who;
			RAISE NOTICE 'answer %', s;
		EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'error %', SQLSTATE;
		END;
	END LOOP;
END $do$
SQL
chomp $loop;
for my $try ([ 'at the top', 'ann', $who, 'SAVEPOINT a' ], [ 'within', 'SAVEPOINT a', 'ann', $who ], [ 'deeper', 'ann', $who, 'SAVEPOINT a', 'SAVEPOINT b', $who ])
{
	my ($where, @before) = @$try;
	my @answers = grep { /^NOTICE/ } asked('', 'BEGIN', @before, $kill, $loop, 'COMMIT');
	my @wrong = grep { !/answer ann$|error (08\w\w\w|57P01|XX000)$/ } @answers;
	is_deeply(\@wrong, [], "told $where, cut, and asked again within savepoints: ann's rows or an error") or diag(@answers);
	is(scalar(@answers), 6, 'all of them');
}
my @switched = asked('', 'ann', 'BEGIN', $who, 'SAVEPOINT a', 'bob', $who, $kill, 'SAVEPOINT b', $who, 'ROLLBACK TO a', $who, 'ROLLBACK', $who);
is_deeply([ grep { /\|(valid|none)$/ } @switched ], [ $told, 'bob|bob|valid', $told ], 'a switch, and cut');

# Cancelled while the other side works, or while it is told.
gives('cancelled', [ 'BEGIN', 'ann', 'SAVEPOINT a', 'bob', 'SET LOCAL statement_timeout = 100', 'SELECT * FROM f.slow', 'ROLLBACK TO a', $who, 'COMMIT', 'RESET dbmi_authz.token', $who ],
	'57014: canceling statement due to statement timeout', $told, 'nobody|nobody|none');
my $locked = $far->background_psql('far');
$locked->query_safe('BEGIN; LOCK TABLE authz.issuer IN ACCESS EXCLUSIVE MODE');
@lines = asked('', 'SET statement_timeout = 150', 'ann', $who, 'BEGIN', 'SAVEPOINT a', $who, 'ROLLBACK TO a', 'COMMIT');
$locked->query_safe('COMMIT');
$locked->quit;
ok(!grep({ /nobody/ } @lines), 'cancelled while it is told, or not') or diag(@lines);
gives('then it is told', [ 'ann', $who, 'RESET dbmi_authz.token', $who ], $told, 'nobody|nobody|none');

# Restarted.
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query("SET ROLE app; SELECT authz.set_token('$tokens{ann}')");
is($session->query("$who;"), $told, 'before a restart');
$far->restart;
is($session->query("$who;"), $told, 'and after it');
$far->stop('immediate');
$session->query("$who;");
like($session->{stderr}, qr/could not connect to server "f"/, 'while it is down');
$far->start;
$session->{stderr} = '';
is($session->query("$who;"), $told, 'and up again');
is($session->query('RESET dbmi_authz.token; SELECT subject FROM f.who;'), 'nobody', 'nothing is left on the connection');
$session->quit;

# A savepoint storm.
my $storm = join "\n", map { "SAVEPOINT a$_; SELECT authz.set_token('%{" . ($_ % 2 ? 'ann' : 'bob') . "}') \\g /dev/null\nSELECT subject FROM f.who;" . ($_ % 3 ? 'RELEASE' : 'ROLLBACK TO') . " a$_;" } 1 .. 200;
is_deeply([ session($node, "BEGIN;\n$storm\nCOMMIT;", tokens => \%tokens) ], [ map { $_ % 2 ? 'ann' : 'bob' } 1 .. 200 ], 'a storm of savepoints');

unlike(slurp_file($_->logfile), qr/PANIC|TRAP|terminated by signal/, 'nothing crashed') for $node, $far;
$_->stop for $node, $far;
done_testing();
