# An identity that another server hands over counts on connections of the cluster's
# role alone, for one transaction, once; what was refused is told to whoever asks.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzCluster;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', "shared_preload_libraries = 'dbmi_authz'", 'max_prepared_transactions = 2', 'autovacuum = off');
trust($node, 'postgres');
take_assertions($node, 'postgres');
my $other = `$FindBin::RealBin/../mint --jwk --key $FindBin::RealBin/../fixtures/ed25519_b.pem --kid c2 --alg EdDSA`;
$node->safe_psql('postgres', <<"SQL");
CREATE ROLE app LOGIN;
CREATE ROLE boss LOGIN SUPERUSER;
CREATE ROLE outer_role LOGIN;
GRANT outer_role TO node;
CREATE TABLE doc (id int, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob'), (3, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
CREATE TABLE open_to_all (id int);
INSERT INTO open_to_all VALUES (1), (2);
ALTER TABLE open_to_all ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON open_to_all USING (authz.is_authenticated());
GRANT ALL ON doc, open_to_all TO app, node, outer_role;
CREATE FUNCTION who() RETURNS text LANGUAGE sql
RETURN coalesce(authz.subject(), 'nobody') || ' ' || authz.token_state() || ' ' || (SELECT count(*) FROM doc);
SELECT authz.add_cluster_key_public('c2', '$other');
SQL
# in the second of its start a node takes no assertion
sleep 1;
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');

# Numbers of one sender: %{3} is ann's third, %{b4} bob's fourth.
my $sender = sender('s');
my %tokens = (token => mint(), bobs_token => mint(sub => 'bob'), bad => forge());
my $next = 0;

# made(NAME, ...) makes one, renew(TEXT) makes those in it anew that are old by now: they hold
# for a minute, and a slow machine takes longer for the whole of this.
my (%how, %since);
sub made { my ($name, @how) = @_; $how{$name} = [@how]; $since{$name} = time; $tokens{$name} = assertion(@how); return; }
sub renew
{
	my ($text) = @_;
	for my $name ($text =~ /%\{(\w+)\}/g)
	{
		made($name, @{ $how{$name} }) if $how{$name} && time - $since{$name} > 20;
	}
	return $text;
}

# fresh(NAMES): the next numbers, in that order: "ann" or "bob" with whatever behind.
sub fresh
{
	for my $name (@_)
	{
		my $subject = $name =~ /^bob/ ? 'bob' : 'ann';
		made($name, nonce => "$sender." . ++$next, claims => { sub => $subject });
	}
	return;
}

# One that differs from what is right.
sub odd { my ($name, @differs) = @_; made($name, nonce => "$sender." . ++$next, @differs); return; }

my $ann = 'ann valid 1';
my $bob = 'bob valid 2';
my $nobody = 'nobody none 0';
my $refused = '28000: the identity that another server handed over was refused';
my $token_refused = '28000: token was refused';

sub script
{
	my @lines;
	for (@_)
	{
		push @lines,
			  $_ eq '?' ? 'SELECT who();'
			: $_ eq 'state' ? 'SELECT authz.token_state();'
			: $_ eq 'nobody' ? 'SET LOCAL dbmi_authz.token TO DEFAULT;'
			: /^log in (\w+)$/ ? "SELECT authz.set_token('%{$1}') \\g /dev/null"
			: exists $tokens{$_} ? "SET LOCAL dbmi_authz.token = '%{$_}';"
			: /\\g / ? $_
			: /^for the session (\w+)$/ ? "SET dbmi_authz.token = '%{$1}';"
			: "$_;";
	}
	return renew(join "\n", @lines);
}

sub gives
{
	my ($what, $user, $script, @expected) = @_;
	my @got = session($node, script(@$script), tokens => \%tokens, user => $user);
	is_deeply(\@got, \@expected, $what) or diag("got:\n  ", join("\n  ", @got));
	return;
}

# ---- who takes them ----

fresh(qw(ann1 ann2 ann3 ann4));
gives('a member of the role is told who is there', 'member', [ 'BEGIN', 'ann1', '?', 'COMMIT', '?' ], $ann, $nobody);
gives('nobody else is', 'app', [ 'BEGIN', 'ann2' ], $token_refused);
gives('nor a superuser', 'boss', [ 'BEGIN', 'ann2' ], $token_refused);
gives('SET ROLE makes no member of one', 'boss', [ 'SET ROLE node', 'BEGIN', 'ann2' ], $token_refused);
gives('nor does SET SESSION AUTHORIZATION', 'boss', [ 'SET SESSION AUTHORIZATION node', 'BEGIN', 'ann2' ], $token_refused);
gives('and a member stays one under either', 'node', [ 'SET ROLE outer_role', 'BEGIN', 'ann2', '?' ], $ann);
gives('whom the member belongs to is none', 'outer_role', [ 'BEGIN', 'ann3' ], $token_refused);
gives('who sets the parameter for nobody refuses them', 'boss', [ "SET dbmi_authz.cluster_role = ''", 'BEGIN', 'ann3' ], $token_refused);
gives('only a superuser sets it', 'node', ["SET dbmi_authz.cluster_role = 'app'"], '42501: permission denied to set parameter "dbmi_authz.cluster_role"');
for my $how ('set_token', 'try_set_token', 'verify_token')
{
	my @got = session($node, "SELECT authz.$how('%{ann3}');", tokens => \%tokens, user => 'node');
	like("@got", $how eq 'try_set_token' ? qr/^f$/ : qr/^28000: token was refused$/, "$how() takes none");
}
gives('for the session it counts in that transaction', 'node', [ 'BEGIN', 'for the session ann4', '?', 'COMMIT', '?', 'state' ], $ann, $nobody, 'none');

# ---- what is refused, and how that is told ----

odd('elsewhere', destination => 'citus/elsewhere');
odd('server', destination => '17/postgres');
odd('here', destination => $node->safe_psql('postgres', 'SELECT system_identifier FROM pg_control_system()') . '/postgres');
odd('forged', key => 'ed25519_b.pem');
odd('unknown', key => 'ed25519_b.pem', kid => 'c3');
odd('expired', iat => '-60', exp => '-1');
odd('future', iat => '+30', exp => '+60');
odd('long', exp => '+61');
odd('stranger', claims => { iss => 'https://other.example' });
made('unnumbered', nonce => 'abc');
made('zeros', nonce => "$sender.007");
my %why = (elsewhere => 'Assertion is for another server', server => 'Assertion is for another server', here => 'Assertion is for another server',
	forged => 'Invalid assertion signature', unknown => 'No matching cluster key', expired => 'Assertion has expired',
	future => 'Assertion was made in the future', long => 'Malformed assertion', stranger => 'Invalid token issuer',
	unnumbered => 'Malformed assertion', zeros => 'Malformed assertion');
for my $name (sort keys %why)
{
	my @got = session($node, script('BEGIN', $name, 'state', 'SAVEPOINT s', '?', 'ROLLBACK TO s', 'COMMIT', '?'), tokens => \%tokens, user => 'node', details => 1);
	is(shift @got, 'rejected', "$name: no error when it is set");
	is(shift @got, $refused, '... but for who asks');
	like(shift @got, qr/"error_description":"\Q$why{$name}\E"/, '... and why');
	like(shift @got, qr/^HINT: /, '... and what to do');
	is(shift @got, $nobody, '... until the transaction ends');
}
# Clocks that are not one: that of the sender goes ahead or behind.
for my $clock ([ 'ahead', '+8', '+67', 'valid' ], [ 'far ahead', '+20', '+70', 'rejected' ], [ 'far behind', '-61', '-1', 'rejected' ])
{
	my ($what, $iat, $exp, $state) = @$clock;
	odd('clock', iat => $iat, exp => $exp);
	gives("a clock that is $what", 'node', [ 'BEGIN', 'clock', 'state' ], $state);
}
fresh(qw(ann bob));
gives('every check asks', 'node', [ 'BEGIN', 'expired', 'SAVEPOINT s',
		map { ($_, 'ROLLBACK TO s') } 'SELECT * FROM doc', 'SELECT * FROM open_to_all', 'SELECT authz.is_authenticated()', 'SELECT authz.subject()',
		"INSERT INTO doc VALUES (4, 'ann')", "SELECT authz.has_role('x')" ], ($refused) x 6);
gives('until a good one comes', 'node', [ 'BEGIN', 'expired', 'ann', '?' ], $ann);
gives('or nobody', 'node', [ 'BEGIN', 'expired', 'nobody', '?' ], $nobody);
gives('a token is refused as it always was', 'node', [ 'BEGIN', 'bad' ], $token_refused);

# ---- savepoints ----

fresh(map { ("ann$_", "bob$_") } 1 .. 9);
gives('ROLLBACK TO', 'node', [ 'BEGIN', 'ann1', 'SAVEPOINT s', 'bob1', '?', 'ROLLBACK TO s', '?' ], $bob, $ann);
gives('RELEASE', 'node', [ 'BEGIN', 'ann2', 'SAVEPOINT s', 'bob2', 'RELEASE s', '?' ], $bob);
gives('R8: nobody comes back behind one that was refused', 'node', [ 'BEGIN', 'ann3', 'SAVEPOINT s', 'expired', 'ROLLBACK TO s', '?' ], $refused);
gives('R8: nor behind a savepoint that was released', 'node', [ 'BEGIN', 'ann4', 'SAVEPOINT s', 'expired', 'RELEASE s', '?' ], $refused);
gives('R8: nor behind a good one that was rolled back', 'node', [ 'BEGIN', 'expired', 'SAVEPOINT s', 'bob4', '?', 'ROLLBACK TO s', '?' ], $bob, $refused);
gives('nor behind nobody', 'node', [ 'BEGIN', 'expired', 'SAVEPOINT s', 'nobody', '?', 'ROLLBACK TO s', '?' ], $nobody, $refused);
gives('nobody is rolled back', 'node', [ 'BEGIN', 'bob5', 'SAVEPOINT s', 'nobody', '?', 'ROLLBACK TO s', '?' ], $nobody, $bob);
gives('what was handed over first is rolled back to nobody', 'node', [ 'BEGIN', 'SAVEPOINT s', 'bob6', '?', 'ROLLBACK TO s', '?' ], $bob, $nobody);
gives('an error ends nothing but the transaction', 'node', [ 'BEGIN', 'bob7', 'SELECT 1/0', 'ROLLBACK', '?' ], '22012: division by zero', $nobody);
gives('PREPARE TRANSACTION ends it', 'node', [ 'BEGIN', 'bob8', "PREPARE TRANSACTION 'p'", '?', "ROLLBACK PREPARED 'p'" ], $nobody);

# ---- beside what the session had itself ----

my $own = '28000: an identity of the session itself does not count along with one that another server hands over';
fresh(map { ("ann$_", "bob$_") } 1 .. 9);
gives('a login of the session is back in the next transaction', 'node', [ 'log in token', 'BEGIN', 'bob1', '?', 'COMMIT', '?' ], $bob, $ann);
gives('and does not shine through before', 'node', [ 'log in token', 'BEGIN', 'SAVEPOINT s', 'bob2', 'ROLLBACK TO s', '?' ], $own);
gives('nor where it is said to be nobody', 'node', [ 'log in token', 'BEGIN', 'bob3', 'nobody', '?', 'COMMIT', '?' ], $nobody, $ann);
gives('nor where that is rolled back', 'node', [ 'log in token', 'BEGIN', 'SAVEPOINT s', 'bob9', 'nobody', 'ROLLBACK TO s', '?' ], $own);
gives('a session that was told nothing resets for itself', 'node', [ 'log in token', 'BEGIN', 'SAVEPOINT s', 'nobody', '?', 'ROLLBACK TO s', '?' ], $nobody, $ann);
gives('a refusal ends it for good', 'node', [ 'log in token', 'BEGIN', 'expired', 'COMMIT', '?' ], $nobody);
gives('who logs in afterwards counts', 'node', [ 'BEGIN', 'bob4', "SELECT authz.set_token('%{token}', true) \\g /dev/null", '?' ], $ann);
gives('DISCARD ALL ends all of it', 'node', [ 'log in token', 'BEGIN', 'bob5', 'COMMIT', 'DISCARD ALL', '?' ], $nobody);

# ---- plans ----

fresh(map { ("ann$_", "bob$_") } 1 .. 9);
for my $mode ('force_custom_plan', 'force_generic_plan')
{
	my @prepare = ("SET plan_cache_mode = $mode", 'PREPARE q AS SELECT count(*) FROM doc', 'PREPARE o AS SELECT count(*) FROM open_to_all');
	my @both = ('EXECUTE q', 'EXECUTE o');
	my $n = $mode =~ /custom/ ? 1 : 3;
	my $m = $n + 1;
	gives("kept plans, $mode", 'node', [ @prepare, 'BEGIN', "ann$n", @both, 'COMMIT', @both, 'BEGIN', "bob$n", @both, "ann$m", @both, 'COMMIT',
			'BEGIN', 'expired', 'SAVEPOINT s', 'EXECUTE q', 'ROLLBACK TO s', 'EXECUTE o', 'ROLLBACK TO s', "bob$m", @both, 'COMMIT', @both ],
		1, 2, 0, 0, 2, 2, 1, 2, $refused, $refused, 2, 2, 0, 0);
}
gives('a cursor does not go on for another one', 'node', [ 'BEGIN', 'ann5', 'DECLARE c CURSOR FOR SELECT id FROM doc', 'bob5', 'FETCH ALL FROM c' ],
	'28000: identity has changed since the query was planned');
gives('nor after a refusal', 'node', [ 'BEGIN', 'ann6', 'DECLARE c CURSOR FOR SELECT id FROM doc', 'expired', 'FETCH ALL FROM c' ],
	'28000: identity has changed since the query was planned');
gives('one WITH HOLD has its rows', 'node', [ 'BEGIN', 'bob6', 'DECLARE c CURSOR WITH HOLD FOR SELECT id FROM doc', 'COMMIT', 'FETCH ALL FROM c' ], 2, 3);
gives('one that is opened when nobody is to be believed raises', 'node', [ 'BEGIN', 'expired', 'DECLARE c CURSOR FOR SELECT id FROM doc', 'ROLLBACK', '?' ], $refused, $nobody);
my $parallel = parallel_on($node);
is(join(' ', session($node, $parallel . script('BEGIN', 'bob7', 'SELECT count(*) FROM doc', '?'), tokens => \%tokens, user => 'node')), "2 $bob", 'parallel plans');

# ---- used once ----

fresh(qw(once later last));
my $first = $node->background_psql('postgres', extra_params => [ '-U', 'node' ], on_error_stop => 0);
my $set = sub { my ($psql, $name) = @_; renew("%{$name}"); return $psql->query_safe("SET LOCAL dbmi_authz.token = '$tokens{$name}'; SELECT authz.token_state()") };
$first->query_safe('BEGIN');
is($set->($first, 'once'), 'valid', 'it is taken');
is($set->($first, 'once'), 'valid', 'again in the transaction that holds it');
gives('and by another connection while that does', 'node', [ 'BEGIN', 'once', '?' ], $ann);
gives('and again', 'node', [ 'BEGIN', 'once', '?', 'COMMIT', 'BEGIN', 'once', '?' ], $ann, $ann);
$first->query_safe('SAVEPOINT s');
is($set->($first, 'later'), 'valid', 'a later one');
gives('makes it one that was used', 'node', [ 'BEGIN', 'once', 'state' ], 'rejected');
$first->query_safe('ROLLBACK TO s');
is($first->query_safe('SELECT authz.token_state()'), 'valid', 'the transaction that has it goes on');
$first->query_safe('COMMIT');
gives('nobody takes it again when that has ended', 'node', [ 'BEGIN', 'later', 'state' ], 'rejected');
$first->query_safe('BEGIN');
is($set->($first, 'later'), 'rejected', 'nor does that session');
is($set->($first, 'last'), 'valid', 'but the next one');
my $pid = $first->query_safe('SELECT pg_backend_pid()');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 10000)");
gives('a session that is terminated lets go of it', 'node', [ 'BEGIN', 'last', 'state' ], 'rejected');
eval { $first->quit };

# ---- the view ----

# steps(...): "ask" asks for whom; "sign" signs for that; "sign bob", and with what is odd.
sub view_script
{
	my @lines;
	for (@_)
	{
		my ($what, $subject, %how) = ref $_ ? @$_ : ($_);
		push @lines, $what eq 'ask' ? ("SELECT destination, challenge FROM authz.hand_over \\gset", "\\setenv DESTINATION :destination", "\\setenv CHALLENGE :challenge")
			: $what eq 'sign' ? "\\set assertion `" . (assertion_command(destination => 'DESTINATION', claims => { sub => $subject }, %how) =~ s/'DESTINATION'/"\$DESTINATION"/r) . "`"
			: $what eq 'tell' ? "UPDATE authz.hand_over SET assertion = :'assertion';"
			: $what eq '?' ? 'SELECT who();' : $what =~ /^\\/ ? $what : "$what;";
	}
	return join "\n", @lines;
}
sub view_gives
{
	my ($what, $script, @expected) = @_;
	my @got = session($node, view_script(@$script), user => 'node');
	is_deeply(\@got, \@expected, $what) or diag("got:\n  ", join("\n  ", @got));
	return;
}
my $sign = [ 'sign', 'bob' ];
view_gives('the view takes one, for the transaction', [ 'BEGIN', 'ask', $sign, 'tell', '?', 'COMMIT', '?' ], $bob, $nobody);
view_gives('once', [ 'BEGIN', 'ask', $sign, 'tell', '?', 'SAVEPOINT s', 'tell', 'ROLLBACK TO s', '?' ], $bob, $refused, $refused);
view_gives('in a later transaction, too, once', [ 'BEGIN', 'ask', $sign, 'COMMIT', 'BEGIN', 'tell', '?', 'COMMIT', '?', 'BEGIN', 'tell' ], $bob, $nobody, $refused);
view_gives('not in another session', [ 'BEGIN', 'ask', $sign, 'COMMIT', '\\c', 'BEGIN', 'tell' ], $refused);
view_gives('not once another was taken', [ 'ask', $sign, '\\set first :assertion', 'BEGIN', 'tell', 'COMMIT', 'BEGIN', 'ask', $sign, 'tell', '?', "UPDATE authz.hand_over SET assertion = :'first'" ], $bob, $refused);
view_gives('a failed try spends the challenge', [ 'BEGIN', 'ask', [ 'sign', 'bob', exp => '-1', iat => '-30' ], 'SAVEPOINT s', 'tell', 'ROLLBACK TO s',
		$sign, 'tell', 'ROLLBACK TO s', 'ask', $sign, 'tell', '?' ], $refused, $refused, $bob);
view_gives('for this server', [ 'BEGIN', 'ask', [ 'sign', 'bob', destination => 'citus/postgres' ], 'tell' ], $refused);
view_gives('NULL is nobody', [ 'BEGIN', 'ask', $sign, 'tell', 'UPDATE authz.hand_over SET assertion = NULL', '?' ], $nobody);
view_gives('reading tells no assertion', [ 'BEGIN', 'ask', $sign, 'tell', 'SELECT count(*) FROM authz.hand_over WHERE assertion IS NULL' ], 1);
view_gives('RETURNING tells the next challenge', [ 'BEGIN', 'ask',
		"UPDATE authz.hand_over SET assertion = NULL RETURNING challenge = (:'challenge')::text, assertion IS NULL, destination = :'destination'" ], 't|t|t');
view_gives('in a transaction that only reads', [ 'BEGIN READ ONLY', 'ask', $sign, 'tell', '?', 'DELETE FROM doc' ], $bob,
	'25006: cannot execute DELETE in a read-only transaction');
view_gives('what else is written there is refused', [ 'BEGIN READ ONLY', 'ask', $sign,
		"WITH w AS (DELETE FROM doc) UPDATE authz.hand_over SET assertion = :'assertion'" ], '25006: cannot execute UPDATE in a read-only transaction');
view_gives('nothing but the assertion is set', ["UPDATE authz.hand_over SET challenge = 'x'"], '42501: permission denied for view hand_over');
for my $statement ('SELECT * FROM authz.hand_over', "UPDATE authz.hand_over SET assertion = 'x'", 'UPDATE authz.hand_over SET assertion = NULL', 'SELECT authz.hand_over_offer()')
{
	gives("not on connections of others: $statement", 'app', [$statement], '42501: no identity is taken from another server on this connection');
}
gives('the trigger is for nobody else', 'node', [ 'CREATE TEMP VIEW v AS SELECT 1 AS a', 'CREATE TRIGGER t INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION authz.take_hand_over()' ],
	'42501: permission denied for function authz.take_hand_over');

# ---- the end of what they came by ----

odd('second', key => 'ed25519_b.pem', kid => 'c2');
my $second = $node->background_psql('postgres', extra_params => [ '-U', 'node' ], on_error_stop => 0);
$second->query_safe('BEGIN');
is($set->($second, 'second'), 'valid', 'another key');
$node->safe_psql('postgres', q{SELECT authz.drop_cluster_key('c2')});
is($second->query_safe('SELECT authz.token_state()'), 'revoked', 'is dropped, and who came by it ends');
$second->query_safe('ROLLBACK');
$second->query_safe('BEGIN');
fresh(qw(bob1 bob2));
is($set->($second, 'bob1'), 'valid', 'bob');
$node->safe_psql('postgres', q{SELECT authz.revoke_subject('https://id.example', 'bob')});
is($second->query_safe('SELECT authz.token_state()'), 'revoked', 'a subject is revoked here');
$second->quit;
gives('and refused', 'node', [ 'BEGIN', 'bob2', '?' ], $refused);
$node->safe_psql('postgres', 'DELETE FROM authz.revocation');
odd('short', claims => { sub => 'ann', exp => '+2' });
gives('it ends with the token', 'node', [ 'BEGIN', 'short', '?', 'SELECT pg_sleep(2.1) \g /dev/null', '?' ], $ann, '28000: token has expired');

# ---- connections of Citus ----

fresh(qw(ann1 ann2));
my $of_citus = '22023: a token must be set for the transaction';
for my $options ([ 'citus_internal', 'SELECT 1 \g /dev/null' ], [ 'psql', "SET application_name = 'citus_rebalancer'" ],
	[ 'citus_internal', "SET application_name = 'psql'" ])
{
	local $ENV{PGAPPNAME} = $options->[0];
	my @got = session($node, script($options->[1], 'log in token', 'BEGIN', "SELECT authz.set_token('%{token}', true) \\g /dev/null", '?', 'COMMIT', '?'),
		tokens => \%tokens, user => 'app');
	is_deeply(\@got, [ $of_citus, $ann, $nobody ], "$options->[0] $options->[1]: logins are for the transaction") or diag(join "\n", @got);
}
gives('one of the session stops to count when the name comes later', 'app',
	[ 'log in token', '?', "SELECT set_config('application_name', 'citus_x', false) \\g /dev/null", '?', 'RESET application_name', '?' ], $ann, $nobody, $ann);

# ---- the log, and a crash ----

fresh(qw(crash));
$node->append_conf('postgresql.conf', "restart_after_crash = on\nlog_min_messages = debug5\ndbmi_authz.log_logins = all\nlog_min_duration_statement = -1\nlog_min_error_statement = debug5");
$node->reload;
fresh(qw(logged));
my $logged_before = -s $node->logfile;
my $crashing = $node->background_psql('postgres', extra_params => [ '-U', 'node' ], on_error_stop => 0);
$crashing->query_safe('BEGIN');
is($set->($crashing, 'crash'), 'valid', 'one before a crash');
gives('at the level of everything', 'node', [ 'BEGIN', 'logged', '?', 'expired', 'SAVEPOINT s', '?' ], $ann, $refused);
my $log = slurp_file($node->logfile, $logged_before);
like($log, qr/login accepted: \{.*"subject": "ann".*"handed_over": true\}/, 'the log says who was handed over');
like($log, qr/login refused: \{.*"reason": "Assertion has expired"/, 'and what was refused');
ok(!holds_token($log, $tokens{$_}), "nothing of an assertion is in it ($_)") for qw(logged expired crash);
$pid = $crashing->query_safe('SELECT pg_backend_pid()');
kill 'KILL', $pid;
eval { $crashing->quit };
ok($node->poll_query_until('postgres', 'SELECT true'), 'the server is back');
gives('R: what was used before a crash is not taken after it', 'node', [ 'BEGIN', 'crash', 'state' ], 'rejected');
sleep 1;
fresh(qw(after));
gives('what is made after it is', 'node', [ 'BEGIN', 'after', '?' ], $ann);

unlike(slurp_file($node->logfile), qr/PANIC|TRAP/, 'nothing else crashed');
$node->stop;
done_testing();
