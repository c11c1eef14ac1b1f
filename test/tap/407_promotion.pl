# A standby is promoted while sessions are in the midst of a transaction: they
# stay who they are, and feel what the new primary changes.  What remote_apply
# promises of a revocation, and what a conflict with recovery leaves.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = init_node('primary', allows_streaming => 1);
$primary->append_conf('postgresql.conf', <<'CONF');
max_connections = 60
max_prepared_transactions = 4
fsync = off
log_min_messages = warning
log_statement = none
CONF
$primary->start;
trust($primary, 'postgres');
$primary->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
SELECT authz.alter_issuer('https://id.example', '{"client": "app"}');
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('ann@example.com', 'app', 'x', 'view');
CREATE TABLE doc (id int, owner text, item text, team int);
INSERT INTO doc SELECT i, CASE i % 10 WHEN 0 THEN 'ann' WHEN 1 THEN 'bob' ELSE 'carl' END, 'y', 0 FROM generate_series(1, 1000) i;
INSERT INTO doc SELECT i, 'carl', 'x', 0 FROM generate_series(1001, 1010) i;
INSERT INTO doc SELECT i, 'carl', 'y', 7 FROM generate_series(1011, 1015) i;
CREATE TABLE member (team int, person text);
INSERT INTO member VALUES (7, 'ann');
CREATE VIEW teams AS SELECT team FROM member WHERE person = authz.subject();
SELECT authz.watch('member');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner) OR authz.has_item_permission(item, 'view') OR authz.in_set('teams', team));
GRANT ALL ON doc TO app;
GRANT SELECT ON teams, member TO app;
ANALYZE;
SQL
$primary->backup('b');
my $standbys = 0;
sub new_standby
{
	my ($node) = @_;
	my $standby = PostgreSQL::Test::Cluster->new('standby' . ++$standbys);
	$standby->init_from_backup($node, 'b', has_streaming => 1);
	$standby->start;
	$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
	return $standby;
}
my $standby = new_standby($primary);
sub replayed { $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert')); return; }

my %tokens = (ann => mint(email => 'ann@example.com', jti => 'A'), bob => mint(sub => 'bob', email => 'bob@example.com', jti => 'B'),
	map { ("carl$_" => mint(sub => "carl$_")) } 1 .. 20);
my $ask = "SELECT coalesce(authz.subject(), 'nobody'), count(*) FROM doc";
my ($ann, $bob, $nobody) = ('ann|115', 'bob|100', 'nobody|0');
sub on { my ($wire, @sql) = @_; return said_on($wire, $ask, \%tokens, @sql); }

sub gives
{
	my ($what, $wire, $sql, @expected) = @_;
	is_deeply([ on($wire, @$sql) ], \@expected, $what);
	return;
}
my $login = "SELECT authz.set_token('%{ann}')";
my $revoked = '28000: token was revoked';

# C5.10: in a block, in each way to hold an identity
my %begin = (
	plain => [ $login, '?' ],
	block => [ 'BEGIN', $login, '?' ],
	local => [ 'BEGIN', "SELECT authz.set_token('%{ann}', true)", '?' ],
	savepoint => [ $login, 'BEGIN', 'SAVEPOINT s', "SELECT authz.set_token('%{bob}')", '?', 'ROLLBACK TO s', '?' ],
	snapshot => [ 'BEGIN ISOLATION LEVEL REPEATABLE READ', $login, '?' ],
	prepared => [ 'SET plan_cache_mode = force_generic_plan', "PREPARE q AS $ask", $login, 'EXECUTE q', 'BEGIN', 'EXECUTE q' ],
	cursor => [ $login, 'BEGIN', 'DECLARE c CURSOR FOR SELECT DISTINCT authz.subject() FROM doc', 'DECLARE d CURSOR FOR SELECT id FROM doc ORDER BY id', 'FETCH c' ]);
my %go_on = (prepared => 'EXECUTE q', cursor => 'FETCH d');
my %in_block = map { $_ => 1 } grep { $_ ne 'plain' } keys %begin;
my (%held, %read);
sub hold
{
	my ($node, $whom) = @_;
	for my $way (sort keys %begin)
	{
		$held{$way} = AzWire->new($node);
		is((on($held{$way}, @{ $begin{$way} }))[-1], $way eq 'cursor' ? 'ann' : $ann, "on the standby: $way");
	}
	return;
}
hold($standby);
# asked all the time, from before until after
my @seen;
my $walker = AzWire->new($standby);
on($walker, 'BEGIN', $login);
my $trigger = AzWire->new($standby, user => $primary->safe_psql('postgres', 'SELECT current_user'));
$trigger->query('SELECT pg_promote(wait => true)')->send_all;
my $is_one;
for (1 .. 400)
{
	push @seen, on($walker, '?');
	last if (on($walker, 'SELECT pg_is_in_recovery()'))[0] eq 'f' && $is_one++ > 20;
}
is((on($walker, 'SELECT pg_is_in_recovery()'))[0], 'f', 'promoted while a session asks');
is_deeply([ grep { $_ ne $ann } @seen ], [], 'each of its ' . @seen . ' answers is right');
my %by = map { $_ => 1 } $trigger->answers;
ok($by{t}, 'the promotion has come to its end');
for my $way (sort keys %begin)
{
	is((on($held{$way}, $go_on{$way} // '?'))[0], $way eq 'cursor' ? 10 : $ann, "after the promotion: $way");
	is((on($held{$way}, 'SELECT authz.token_state()'))[0], 'valid', "and valid: $way");
}
gives('a login in a block that is older than the promotion', $held{block}, [ "SELECT authz.set_token('%{bob}')", '?', $login, '?' ], $bob, $ann);
gives('which stays read-only', $held{block}, [ 'SHOW transaction_read_only' ], 'on');

# What the new primary changes is felt in them.
$standby->safe_psql('postgres', "DELETE FROM authz.item_permission");
my %without = map { $_ => $_ eq 'snapshot' ? [ $ann, '28000: ' ] : ['ann|105'] } keys %begin;
is((on($held{$_}, $go_on{$_} // '?'))[0], 'ann|105', "an item permission taken away: $_") for grep { !/snapshot|cursor/ } sort keys %begin;
is((on($held{snapshot}, '?'))[0], $ann, 'under an old snapshot it still counts, as its rows do');
$standby->safe_psql('postgres', "DELETE FROM member");
is((on($held{$_}, $go_on{$_} // '?'))[0], 'ann|100', "a set changed: $_") for grep { !/snapshot|cursor/ } sort keys %begin;
is((on($held{snapshot}, '?'))[0], $ann, 'the same under an old snapshot');
$standby->safe_psql('postgres', "SELECT authz.revoke_token('https://id.example', 'A')");
is((on($held{$_}, $go_on{$_} // '?'))[0], $revoked, "a revocation: $_") for sort keys %begin;
gives('the block that asked through the promotion', $walker, ['?'], $revoked);
for my $way (grep { $in_block{$_} } sort keys %begin)
{
	gives("the next transaction may write: $way", $held{$way}, [ 'ROLLBACK', "SELECT authz.set_token('%{bob}')", '?', "UPDATE doc SET team = 1 WHERE id = 1 RETURNING id" ], $bob, 1);
}
%held = ();
undef $walker;
undef $trigger;
$standby->stop;

# What was prepared on the old primary and commits on the new one
$standby = new_standby($primary);
$primary->safe_psql('postgres', <<'SQL');
BEGIN;
SELECT authz.revoke_token('https://id.example', 'A');
DELETE FROM member;
PREPARE TRANSACTION 'p';
SQL
replayed();
my %open = map { $_ => AzWire->new($standby) } 'block', 'plain';
gives('prepared, and not committed: block', $open{block}, [ 'BEGIN', $login, '?' ], $ann);
gives('prepared, and not committed: plain', $open{plain}, [ $login, '?' ], $ann);
$standby->promote;
gives("prepared, after the promotion: $_", $open{$_}, [ '?', '?' ], $ann, $ann) for sort keys %open;
gives('a new session then', AzWire->new($standby), [ $login, '?' ], $ann);
$standby->safe_psql('postgres', "COMMIT PREPARED 'p'");
gives("committed on the new primary: $_", $open{$_}, ['?'], $revoked) for sort keys %open;
gives('and for who logs in', AzWire->new($standby), [ $login, '?' ], '28000: token was refused', $nobody);
$primary->safe_psql('postgres', "ROLLBACK PREPARED 'p'");
%open = ();
$standby->stop;

# remote_apply: when the COMMIT returns, the standby knows
$standby = new_standby($primary);
$standby->append_conf('postgresql.conf', "recovery_min_apply_delay = '400ms'\nmax_standby_streaming_delay = 0\n");
$standby->reload;
$primary->append_conf('postgresql.conf', "synchronous_standby_names = '*'");
$primary->reload;
$primary->poll_query_until('postgres', "SELECT sync_state = 'sync' FROM pg_stat_replication") or die;
my $on_standby = AzWire->new($standby);
my $writer = AzWire->new($primary, user => $primary->safe_psql('postgres', 'SELECT current_user'));
sub felt_at_commit
{
	my ($level, $from) = @_;
	my $felt = 0;
	for my $n ($from .. $from + 4)
	{
		on($on_standby, "SELECT authz.set_token('%{carl$n}')", '?');
		on($writer, 'BEGIN', "SET LOCAL synchronous_commit = $level", "SELECT authz.revoke_subject('https://id.example', 'carl$n')", 'COMMIT');
		$felt++ if (on($on_standby, '?'))[0] eq $revoked;
	}
	return $felt;
}
is(felt_at_commit('remote_apply', 1), 5, 'remote_apply: in force on the standby when COMMIT returns');
is(felt_at_commit('on', 6), 0, 'without it: later, here by recovery_min_apply_delay');
$primary->safe_psql('postgres', 'SELECT 1');
ok($standby->poll_query_until('postgres', "SELECT count(*) = 10 FROM authz.revocation WHERE kind = 'subject'"), 'and then it is');
gives('by the session that goes on', $on_standby, ['?'], $revoked);
# a standby that does not answer holds the COMMIT up, which is there all the same
$standby->stop;
my ($pid) = on($writer, 'SET synchronous_commit = remote_apply', 'SELECT pg_backend_pid()');
$writer->query("SELECT authz.revoke_subject('https://id.example', 'carl11')")->send_all;
ok($primary->poll_query_until('postgres', "SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = $pid"), 'no standby answers: the COMMIT waits');
is($primary->safe_psql('postgres', "SELECT count(*) FROM authz.revocation WHERE value = 'carl11'"), 0, 'and nobody sees it');
$primary->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
$writer->answers;
is($primary->safe_psql('postgres', "SELECT count(*) FROM authz.revocation WHERE value = 'carl11'"), 1, 'cancelled, it is in force here');
like(join('', $writer->heard), qr/canceling wait for synchronous replication/, 'as a warning says');
$primary->safe_psql('postgres', "ALTER SYSTEM SET synchronous_standby_names = ''");
$primary->reload;
$standby->append_conf('postgresql.conf', "recovery_min_apply_delay = 0\n");
$standby->start;
replayed();

# A conflict with recovery ends a statement or a session, and leaves nobody else there.
my %conflict = map { $_ => AzWire->new($standby) } 'session', 'local';
gives('before a conflict', $conflict{session}, [ $login, 'BEGIN ISOLATION LEVEL REPEATABLE READ', '?' ], $ann);
gives('before a conflict, for the transaction', $conflict{local}, [ "SELECT authz.set_token('%{bob}')", 'BEGIN ISOLATION LEVEL REPEATABLE READ', "SELECT authz.set_token('%{ann}', true)", '?' ], $ann);
$primary->safe_psql('postgres', "UPDATE doc SET team = team");
$primary->safe_psql('postgres', 'VACUUM doc');
replayed();
for my $way (sort keys %conflict)
{
	like((on($conflict{$way}, '?'))[0], qr/^(40001|25P02|cut)/, "a conflict with recovery: $way");
	my @after = on($conflict{$way}, 'ROLLBACK', '?');
	like($after[-1], $way eq 'session' ? qr/^(\Q$ann\E|cut)$/ : qr/^(\Q$bob\E|cut)$/, "afterwards: who was logged in before, or no session: $way");
}
# one that wants a table of the trust for itself
my $reader = AzWire->new($standby);
gives('in a block', $reader, [ 'BEGIN', $login, '?' ], $ann);
$primary->safe_psql('postgres', 'VACUUM FULL authz.issuer_key, authz.issuer, authz.revocation; ALTER TABLE authz.issuer_key SET (fillfactor = 90)');
replayed();
like((on($reader, '?'))[0], qr/^(\Q$ann\E|40001|25P02|cut)/, 'tables of the trust are rewritten: ann, or an error');
gives('a new session', AzWire->new($standby), [ $login, '?' ], $ann);

for my $node ($primary, $standby)
{
	my $log = slurp_file($node->logfile);
	unlike($log, qr/PANIC|terminated by signal/, $node->name . ': nothing crashed');
	ok(!grep({ holds_token($log, $_) } values %tokens), $node->name . ': no token in the log');
	$node->stop;
}
done_testing();
