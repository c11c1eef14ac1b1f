# An identity follows PostgreSQL's rules for settings (R9), and a failed login
# leaves nobody, whatever is rolled back (R8).  One connection, as a pool
# hands it on.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use Test::More;

my $node = start_node('main', 'max_prepared_transactions = 2');
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE ROLE other LOGIN;
GRANT other TO app;
CREATE TABLE doc (id int, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob'), (3, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
GRANT SELECT ON doc TO app, other;
CREATE FUNCTION who() RETURNS text LANGUAGE sql
RETURN coalesce(authz.subject(), 'nobody') || ' ' || authz.token_state() || ' ' || (SELECT count(*) FROM doc);
CREATE FUNCTION who_definer() RETURNS text LANGUAGE plpgsql SECURITY DEFINER
AS 'BEGIN RETURN coalesce(authz.subject(), ''nobody''); END';
CREATE PROCEDURE in_blocks(good text, bad text) LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		BEGIN
			PERFORM authz.set_token(good);
			BEGIN
				PERFORM authz.set_token(bad);
			EXCEPTION WHEN invalid_authorization_specification THEN
				RAISE NOTICE '1 %', authz.token_state();
			END;
			RAISE division_by_zero;
		EXCEPTION WHEN division_by_zero THEN
			RAISE NOTICE '2 %', authz.token_state();
		END;
		RAISE division_by_zero;
	EXCEPTION WHEN division_by_zero THEN
		RAISE NOTICE '3 %', authz.token_state();
	END;
END $$;
SQL

my %tokens = (ann => mint(), bob => mint(sub => 'bob'), bad => forge());
my $ann = 'ann valid 1';
my $bob = 'bob valid 2';
my $nobody = 'nobody none 0';
my $rejected = 'nobody rejected 0';
my $gone = qr/^nobody (none|rejected) 0$/;
my $refused = qr/^28000: /;

# A line of a script: ann, bob and bad log in, the same with "local" end with
# the transaction; "?" asks who is there; all else is SQL.
sub script
{
	my %short = ('?' => 'SELECT who();');
	for my $who (qw(ann bob bad))
	{
		$short{$who} = "SELECT authz.set_token('%{$who}') \\g /dev/null";
		$short{"local $who"} = "SELECT authz.set_token('%{$who}', true) \\g /dev/null";
		$short{"set $who"} = "SET dbmi_authz.token = '%{$who}';";
		$short{"set local $who"} = "SET LOCAL dbmi_authz.token = '%{$who}';";
		$short{"try $who"} = "SELECT authz.try_set_token('%{$who}');";
	}
	$short{clear} = 'SELECT authz.clear_token() \\g /dev/null';
	return join "\n", map { $short{$_} // "$_;" } @_;
}

sub gives
{
	my ($what, $script, @expected) = @_;
	my @got = session($node, script(@$script), tokens => \%tokens);
	my $same = @got == @expected;
	for my $i (0 .. $#expected)
	{
		$same &&= ref $expected[$i] ? $got[$i] =~ $expected[$i] : $got[$i] eq $expected[$i];
	}
	ok($same, $what) or diag("got:\n  ", join("\n  ", @got), "\nexpected:\n  ", join("\n  ", @expected));
	return;
}

# C1.1: RESET and DISCARD end an identity
# Two users, one connection.
gives('one after the other', [qw(? ann ? bob ?)], $nobody, $ann, $bob);
gives('logging out', [qw(ann clear ?)], $nobody);
gives('DISCARD ALL', [ 'ann', 'DISCARD ALL', '?', 'bob', '?' ], $nobody, $bob);
gives('RESET ALL', [ 'ann', 'RESET ALL', '?' ], $nobody);
gives('RESET', [ 'ann', 'RESET dbmi_authz.token', '?' ], $nobody);
gives('SET TO DEFAULT', [ 'ann', 'SET dbmi_authz.token TO DEFAULT', '?' ], $nobody);
gives('by SET', [ 'set ann', '?', 'set bob', '?' ], $ann, $bob);
gives('DISCARD PLANS and TEMP keep the identity', [ 'ann', 'DISCARD PLANS', 'DISCARD TEMP', '?' ], $ann);

# C1.2: what is for the transaction ends with it
# For the transaction only.
for my $how ('local', 'set local')
{
	gives("$how: ends at COMMIT", [ 'BEGIN', "$how ann", '?', 'COMMIT', '?' ], $ann, $nobody);
	gives("$how: ends at ROLLBACK", [ 'BEGIN', "$how ann", '?', 'ROLLBACK', '?' ], $ann, $nobody);
	gives("$how: what was before is back", [ 'bob', 'BEGIN', "$how ann", '?', 'COMMIT', '?' ], $ann, $bob);
	gives("$how: ends at PREPARE TRANSACTION",
		[ 'BEGIN', "$how ann", "PREPARE TRANSACTION 'p'", '?', "COMMIT PREPARED 'p'", '?' ], $nobody, $nobody);
}
# C1.7: what is prepared takes nobody along, to the session that commits it
gives('PREPARE TRANSACTION keeps the identity of the session', [ 'BEGIN', 'ann', "PREPARE TRANSACTION 'p'", '?' ], $ann);
gives('and whoever commits is who he was', [ '?', "COMMIT PREPARED 'p'", '?' ], $nobody, $nobody);
gives('or rolls back', [ 'bob', 'BEGIN', 'ann', '?', "PREPARE TRANSACTION 'q'", '?', "ROLLBACK PREPARED 'q'", '?' ], $ann, $ann, $ann);
gives('local without a transaction is over at once', [ 'local ann', '?' ], $nobody);

# C1.4: an identity goes with its transaction and savepoint
# Rollback and savepoints.
gives('ROLLBACK of a login', [ 'BEGIN', 'ann', '?', 'ROLLBACK', '?' ], $ann, $nobody);
gives('ROLLBACK of a second login', [ 'ann', 'BEGIN', 'bob', '?', 'ROLLBACK', '?' ], $bob, $ann);
gives('ROLLBACK of a logout', [ 'ann', 'BEGIN', 'clear', '?', 'ROLLBACK', '?' ], $nobody, $ann);
gives('ROLLBACK TO', [ 'BEGIN', 'ann', 'SAVEPOINT s', 'bob', '?', 'ROLLBACK TO s', '?', 'COMMIT', '?' ], $bob, $ann, $ann);
gives('RELEASE', [ 'BEGIN', 'ann', 'SAVEPOINT s', 'bob', 'RELEASE s', '?', 'COMMIT', '?' ], $bob, $bob);
gives('RELEASE, then ROLLBACK', [ 'ann', 'BEGIN', 'SAVEPOINT s', 'bob', 'RELEASE s', 'ROLLBACK', '?' ], $ann);
gives('local in a savepoint', [ 'BEGIN', 'ann', 'SAVEPOINT s', 'local bob', '?', 'ROLLBACK TO s', '?', 'local bob', 'COMMIT', '?' ],
	$bob, $ann, $ann);
gives('nested savepoints',
	[ 'BEGIN', 'ann', 'SAVEPOINT a', 'bob', 'SAVEPOINT b', 'clear', '?', 'ROLLBACK TO b', '?', 'ROLLBACK TO a', '?', 'COMMIT', '?' ],
	$nobody, $bob, $ann, $ann);
gives('an error in the transaction', [ 'ann', 'BEGIN', 'bob', 'SELECT 1/0', 'ROLLBACK', '?' ], qr/^22012/, $ann);

# C1.3: and never leaves the one before
# R8: a failed login leaves nobody.
gives('refused', [qw(ann bad ?)], $refused, $rejected);
gives('refused by SET', [ 'ann', 'set bad', '?' ], $refused, $rejected);
gives('refused, told by false', [ 'ann', 'try bad', '?', 'try ann', '?' ], 'f', $rejected, 't', $ann);
gives('NULL', [ 'ann', 'SELECT authz.set_token(NULL)', '?' ], $refused, $rejected);
gives('the empty string', [ 'ann', "SELECT authz.set_token('')", '?' ], $refused, $rejected);
gives('the empty string by SET', [ 'ann', "SET dbmi_authz.token = ''", '?' ], $refused, $rejected);
gives('NULL, told by false', [ 'ann', 'SELECT authz.try_set_token(NULL)', '?' ], 'f', $rejected);
gives('refused in a transaction that rolls back', [ 'ann', 'BEGIN', 'bad', 'ROLLBACK', '?' ], $refused, $rejected);
gives('refused after a savepoint', [ 'BEGIN', 'ann', 'SAVEPOINT s', 'bad', 'ROLLBACK TO s', '?', 'COMMIT', '?' ],
	$refused, $rejected, $rejected);
gives('a later rollback brings nobody back', [ 'ann', 'try bad', 'BEGIN', 'bob', '?', 'ROLLBACK', '?' ], 'f', $bob, $gone);
gives('nor does the end of a local login', [ 'ann', 'try bad', 'BEGIN', 'local bob', '?', 'COMMIT', '?' ], 'f', $bob, $gone);
gives('nor the rollback of a logout', [ 'ann', 'try bad', 'BEGIN', 'clear', 'ROLLBACK', '?' ], 'f', $gone);
gives('told by false, then rolled back', [ 'BEGIN', 'ann', 'SAVEPOINT s', 'try bad', 'ROLLBACK TO s', '?', 'ROLLBACK', '?' ],
	'f', $rejected, $rejected);
for my $way ('clear', 'RESET dbmi_authz.token', 'RESET ALL', 'DISCARD ALL')
{
	gives("$way ends \"rejected\"", [ 'bad', '?', $way, '?' ], $refused, $rejected, $nobody);
	gives("$way forgets the error", [ 'bad', $way, 'SELECT authz.last_error() IS NULL' ], $refused, 't');
}
gives('a good login ends "rejected"', [ 'bad', 'ann', '?', 'SELECT authz.last_error() IS NULL' ], $refused, $ann, 't');
gives('the last error', [ 'bad', q{SELECT authz.last_error()->>'error', authz.last_error()->>'sqlstate'} ], $refused, 'invalid_token|28000');

is_deeply([ session($node, "SET client_min_messages = notice; CALL in_blocks('%{ann}', '%{bad}'); SELECT who();", tokens => \%tokens) ],
	[ 'NOTICE:  00000: 1 rejected', 'NOTICE:  00000: 2 rejected', 'NOTICE:  00000: 3 rejected', $rejected ],
	'exception blocks three deep');

# Z11: a token that was set before the library was loaded is judged when somebody asks
gives('early, then another for the transaction', [ 'set ann', 'BEGIN', 'set local bob', '?', 'COMMIT', '?' ], $bob, $ann);
gives('early, the one below is bad', [ 'set bad', 'BEGIN', 'set local bob', '?', 'COMMIT', '?' ], $bob, qr/^WARNING/, $rejected);
gives('early, the one above is bad', [ 'set ann', 'BEGIN', 'set local bad', '?', 'COMMIT', '?' ], qr/^WARNING/, $rejected, $gone);
gives('early, SET and SET LOCAL in one transaction', [ 'BEGIN', 'set ann', 'set local bob', '?', 'COMMIT', '?' ], $bob, $ann);
gives('early, in savepoints', [ 'BEGIN', 'set ann', 'SAVEPOINT a', 'set bob', 'SAVEPOINT b', 'set ann', '?', 'ROLLBACK TO b', '?', 'ROLLBACK TO a', '?', 'ROLLBACK', '?' ],
	$ann, $bob, $ann, $nobody);
# what was reset does not come back, be it by a rollback
for my $reset ('RESET dbmi_authz.token', 'RESET ALL', 'SET dbmi_authz.token TO DEFAULT', 'SET LOCAL dbmi_authz.token TO DEFAULT')
{
	gives("early, then $reset", [ 'set ann', $reset, '?' ], $reset =~ /LOCAL/ ? (qr/^WARNING/, $ann) : $nobody);
	gives("early, then $reset in a transaction", [ 'set ann', 'BEGIN', $reset, '?', 'COMMIT', '?' ], $nobody, $nobody);
	gives("early, then $reset in the transaction that set it", [ 'BEGIN', 'set ann', $reset, '?', 'COMMIT', '?' ], $nobody, $nobody);
	gives("early, then $reset, rolled back", [ 'set ann', 'BEGIN', $reset, '?', 'ROLLBACK', '?' ], $nobody, $nobody);
	gives("early, then $reset in a savepoint, and another", [ 'BEGIN', 'set ann', 'SAVEPOINT a', $reset, 'SAVEPOINT b', 'set bob', '?', 'ROLLBACK TO b', '?', 'COMMIT', '?' ],
		$bob, $nobody, $nobody);
}
gives('early, the transaction that asked is rolled back', [ 'set ann', 'BEGIN', '?', 'ROLLBACK', '?' ], $ann, $ann);
gives('early, the one that set it is', [ 'BEGIN', 'set ann', '?', 'ROLLBACK', '?' ], $ann, $nobody);
gives('early and bad, the same', [ 'BEGIN', 'set bad', '?', 'ROLLBACK', '?' ], qr/^WARNING/, $rejected, $rejected);
gives('early, nobody asks before the next login', [ 'set bad', 'ann', '?', 'SELECT authz.last_error() IS NULL' ], $ann, 't');
gives('early, nobody asks before a login that fails', [ 'set ann', 'bad', '?' ], $refused, $rejected);
gives('early, nobody asks before a login that is rolled back', [ 'set ann', 'BEGIN', 'bob', '?', 'ROLLBACK', '?' ], $bob, $ann);
gives('early, nobody asks before the end', [ 'set ann', 'SELECT authz.verify_token(NULL)', 'RESET ALL', '?' ], $refused, $nobody);
gives('early and bad, the first question is why', [ 'set bad', q{SELECT authz.last_error()->>'error'}, q{SELECT authz.www_authenticate() ~ 'invalid_token'}, '?' ],
	qr/^WARNING/, 'invalid_token', 't', $rejected);
gives('early and empty', [ "SET dbmi_authz.token = ''", '?', q{SELECT authz.last_error()->>'error_description'} ], qr/^WARNING/, $rejected, 'Missing token');
gives('early, with a prefix and spaces', [ "SET dbmi_authz.token = '  bearer  %{ann} '", '?' ], $ann);
gives('early, ended and rolled back to', [ 'set ann', '?', 'BEGIN', 'bob', '?', 'ROLLBACK', '?' ], $ann, $bob, $ann);

# Z18: an identity that comes back is no login
gives('what comes back ends no error', [ 'ann', 'BEGIN', 'clear', q{SELECT authz.require_scope('x')}, 'ROLLBACK', '?', 'SELECT authz.last_error() IS NULL' ],
	qr/^28000: authentication is required/, $ann, 'f');

# C2.1: no switch of roles changes it
# It belongs to the session, not to a role.
gives('SET ROLE', [ 'ann', 'SET ROLE other', '?', 'RESET ROLE', '?' ], $ann, $ann);
gives('SECURITY DEFINER', [ 'ann', 'SELECT who_definer()' ], 'ann');
is_deeply(
	[ session($node, "SELECT authz.set_token('%{ann}') \\g /dev/null\nSET SESSION AUTHORIZATION app; SELECT who(); RESET SESSION AUTHORIZATION; SELECT authz.subject();",
			tokens => \%tokens, user => $node->safe_psql('postgres', 'SELECT current_user')) ],
	[ $ann, 'ann' ], 'SET SESSION AUTHORIZATION');

# A session of its own for everybody: nothing crosses.
gives('a new connection knows nobody', ['?'], $nobody);

# token_scope = transaction: a login counts in its own transaction only.
$node->append_conf('postgresql.conf', "dbmi_authz.token_scope = 'transaction'");
$node->reload;
gives('scope "transaction": set_token without is_local', [ 'BEGIN', 'ann', 'ROLLBACK', '?' ], qr/^22023: /, $gone);
gives('scope "transaction": with is_local', [ 'BEGIN', 'local ann', '?', 'COMMIT', '?' ], $ann, $nobody);
gives('scope "transaction": SET counts in this transaction only', [ 'BEGIN', 'set ann', '?', 'COMMIT', '?' ], $ann, $nobody);
my $change = "SET dbmi_authz.token_scope = 'session'";
gives('scope "transaction": not for the application to change', [ 'SELECT authz.token_state()', $change ], 'none', qr/^42501: /);
gives('scope "transaction": nor before the library is loaded', [ $change, 'BEGIN', 'set ann', '?', 'COMMIT', '?' ],
	qr/^WARNING/, $ann, $nobody);
# Z11: what was set before the library was loaded is of the transaction that set it, whoever asks first
gives('scope "transaction": an early login of an earlier transaction is over', [ 'set ann', '?', '?' ], $nobody, $nobody);
gives('scope "transaction": also within another', [ 'set ann', 'BEGIN', '?', 'set local bob', '?', 'COMMIT', '?' ], $nobody, $bob, $nobody);
gives('scope "transaction": early, in savepoints', [ 'set ann', 'BEGIN', 'set bob', 'SAVEPOINT s', 'set ann', '?', 'ROLLBACK TO s', '?', 'COMMIT', '?' ],
	$ann, $bob, $nobody);

$node->stop;
done_testing();
