# A hot standby verifies tokens and holds policies as the primary does, writes
# nothing for it, and feels what the primary changes as soon as it is replayed,
# in sessions that go on, too.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "max_connections = 40\nmax_worker_processes = 16\nmax_parallel_workers = 8\nlog_min_messages = warning\nlog_statement = none\n");
$primary->start;
trust($primary, 'postgres');
my $other = slurp_file("$FindBin::RealBin/../fixtures/p256_b.pub.pem");
$primary->safe_psql('postgres', <<"SQL");
CREATE ROLE app LOGIN;
SELECT authz.add_pem('https://id.example', '$other', 'k2', 'ES256');
CREATE TABLE doc (id int, owner text);
INSERT INTO doc SELECT i, CASE i % 10 WHEN 0 THEN 'ann' WHEN 1 THEN 'bob' ELSE 'carl' END FROM generate_series(1, 1000) i;
CREATE INDEX ON doc (owner);
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
GRANT ALL ON doc TO app;
ANALYZE doc;
SQL
$primary->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'b', has_streaming => 1);
$standby->start;

sub replayed { $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert')); return; }
replayed();

# k2 is the other key: a token "forged" for k1 is one of k2's once it says so.
sub by_k2
{
	my (%claims) = @_;
	my ($out, $in) = ('', JSON::PP->new->encode({ iss => 'https://id.example', aud => 'clinic', exp => '+3600', %claims }));
	IPC::Run::run([ "$FindBin::RealBin/../mint", '--key', "$FindBin::RealBin/../fixtures/p256_b.pem", '--alg', 'ES256', '--kid', 'k2', '-' ],
		'<', \$in, '>', \$out) or die 'test/mint';
	chomp $out;
	return $out;
}
my %tokens = (ann => mint(jti => 'A'), bob => mint(sub => 'bob'), root => mint(sub => 'root', scope => 'admin'),
	late => mint(exp => '+4'), bad => forge(), ann2 => by_k2(sub => 'ann', jti => 'A2'));
my $ask = "SELECT coalesce(authz.subject(), 'nobody'), count(*) FROM doc";

# A session of the standby; answers of each statement.
sub on
{
	my ($wire, @sql) = @_;
	my @got;
	for my $sql (@sql)
	{
		(my $text = $sql) =~ s/^(\w+)$/exists $tokens{$1} ? "SELECT authz.set_token('$tokens{$1}')" : $1/e;
		$text = $ask if $sql eq '?';
		push @got, grep { length } $wire->query($text)->answers;
	}
	return @got;
}

sub gives
{
	my ($what, $wire, $sql, @expected) = @_;
	is_deeply([ on($wire, @$sql) ], \@expected, $what);
	return;
}

# C5.10: on a standby
my $s = AzWire->new($standby);
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'the standby is one');
gives('logging in on the standby', $s, [ '?', 'ann', '?', 'bob', '?' ], 'nobody|0', 'ann|100', 'bob|100');
gives('by SET and for a transaction', $s,
	[ 'RESET ALL', 'BEGIN', "SET LOCAL dbmi_authz.token = '$tokens{ann}'", '?', 'COMMIT', '?' ], 'ann|100', 'nobody|0');
gives('savepoints', $s, [ 'BEGIN', 'ann', 'SAVEPOINT s', 'root', '?', 'ROLLBACK TO s', '?', 'ROLLBACK', '?' ], 'root|1000', 'ann|100', 'nobody|0');
gives('a token that is refused', $s, [ 'ann', 'bad', '?', 'SELECT authz.token_state()', 'ann', '?' ],
	'28000: token was refused', 'nobody|0', 'rejected', 'ann|100');
gives('verify_token and accessors', $s,
	[ "SELECT authz.verify_token('$tokens{ann}')->>'jti'", 'SELECT authz.token_id(), authz.issuer(), authz.expires_at() > now()' ],
	'A', 'A|https://id.example|t');
gives('isolation levels', $s, [ 'BEGIN ISOLATION LEVEL REPEATABLE READ', 'ann', '?', 'COMMIT' ], 'ann|100');
gives('DISCARD ALL', $s, [ 'DISCARD ALL', '?' ], 'nobody|0');
is_deeply([ session($standby, "SELECT authz.set_token('%{ann}') \\g /dev/null\n" . parallel_on($standby) . "$ask;", tokens => \%tokens) ],
	['ann|100'], 'in parallel');

# Nothing is written, here or there: no transaction id, no WAL.
gives('administering is for the primary', $s, [ 'ann', 'UPDATE doc SET id = id' ], '25006: cannot execute UPDATE in a read-only transaction');
for my $call ("revoke_token('https://id.example', 'A')", "drop_key('https://id.example', 'k1')", "add_issuer('x', '{y}')", 'prune_revocations()')
{
	my ($got) = AzWire->new($standby, user => $standby->safe_psql('postgres', 'SELECT current_user'))->query("SELECT authz.$call")->answers;
	like($got, qr/^25006: /, "and is refused here: $call");
}
gives('ann is ann still', $s, ['?'], 'ann|100');
my $p = AzWire->new($primary);
on($p, 'ann', '?');
my $lsn = 'SELECT pg_current_wal_insert_lsn()';
$primary->safe_psql('postgres', 'CHECKPOINT');
gives('no transaction id for it on the primary', $p,
	[ 'BEGIN', 'bob', '?', 'root', '?', 'bad', 'ROLLBACK', 'BEGIN', 'ann2', '?', 'SELECT pg_current_xact_id_if_assigned() IS NULL', 'COMMIT', 'RESET ALL' ],
	'bob|100', 'root|1000', '28000: token was refused', 'ann|100', 't');
# The server's own processes write now and then, so once is enough.
my $silent = 0;
for (1 .. 10)
{
	my ($before) = on($p, $lsn);
	on($p, 'BEGIN', 'bob', '?', 'ROLLBACK', 'ann', '?', 'RESET ALL');
	$silent ||= (on($p, $lsn))[0] eq $before;
}
ok($silent, 'no WAL for it on the primary');
gives('nor where all transactions are read-only', $p, [ 'SET default_transaction_read_only = on', 'ann', '?', 'bob', '?' ], 'ann|100', 'bob|100');

# What changes there counts here, when it has been replayed.  One session for
# each way to hold an identity.
my %held = map { $_ => AzWire->new($standby) } qw(plain transaction snapshot prepared cursor);
sub hold
{
	on($_, 'DISCARD ALL') for $held{plain}, $held{prepared};
	on($_, 'ROLLBACK', 'DISCARD ALL') for @held{qw(transaction snapshot cursor)};
	my $who = shift;
	on($held{plain}, $who, '?');
	on($held{transaction}, 'BEGIN', $who, '?');
	on($held{snapshot}, 'BEGIN ISOLATION LEVEL REPEATABLE READ', $who, '?');
	on($held{prepared}, 'SET plan_cache_mode = force_generic_plan', "PREPARE q AS $ask", $who, 'EXECUTE q');
	on($held{cursor}, 'BEGIN', $who, 'DECLARE c CURSOR FOR SELECT id FROM doc ORDER BY id', 'FETCH c');
	return;
}

sub ended
{
	my ($what, $message) = @_;
	for my $way (sort keys %held)
	{
		my $sql = $way eq 'prepared' ? 'EXECUTE q' : $way eq 'cursor' ? 'FETCH c' : '?';
		is((on($held{$way}, $sql))[0], "28000: $message", "$what: felt by who holds it, $way");
	}
	return;
}

sub goes_on
{
	my ($what, $expected) = @_;
	is((on($held{plain}, '?'))[0], $expected, "$what: before it is replayed");
	return;
}

my @changes = (
	[ 'a revoked token', 'ann', "revoke_token('https://id.example', 'A')", 'token was revoked', 0 ],
	[ 'a revoked subject', 'bob', "revoke_subject('https://id.example', 'bob')", 'token was revoked', 0 ],
	[ 'a key removed', 'ann2', "drop_key('https://id.example', 'k2')", 'token is no longer trusted', 0 ],
	[ 'an issuer altered', 'root', q{alter_issuer('https://id.example', '{"leeway_seconds": 1}')}, 'token is no longer trusted', 1 ],
	[ 'an issuer dropped', 'root', "drop_issuer('https://id.example')", 'token is no longer trusted', 0 ]);
for my $change (@changes)
{
	my ($what, $who, $call, $message, $again) = @$change;
	hold($who);
	$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
	my ($was) = on($held{plain}, '?');
	like($was, qr/^(ann|bob|root)\|/, "$what: held");
	$primary->safe_psql('postgres', "SELECT authz.$call");
	is((on($held{plain}, '?'))[0], $was, "$what: not felt before it is replayed");
	$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
	replayed();
	ended($what, $message);
	is((on($held{plain}, $who))[0] // '', $again ? '' : '28000: token was refused', "$what: the token again");
	is((on(AzWire->new($standby), $who))[0] // '', $again ? '' : '28000: token was refused', "$what: in a new session");
}

# What is added, too.
my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
$primary->safe_psql('postgres', "SELECT authz.add_issuer('https://id.example', '{clinic}'), authz.add_pem('https://id.example', '$pem', 'k1', 'ES256')");
replayed();
gives('an issuer and a key added', $s, [ 'root', '?' ], 'root|1000');
gives('what was revoked stays so', $s, [ 'ann', '?' ], '28000: token was refused', 'nobody|0');

# Time, and the end of being a standby: sessions go on.
$tokens{eve} = mint(sub => 'carl');
$tokens{late} = mint(sub => 'carl', exp => '+4');
my $late = AzWire->new($standby);
gives('before it expires', $late, [ 'late', '?' ], 'carl|800');
gives('before the promotion', $s, [ 'eve', 'PREPARE q AS UPDATE doc SET id = -id WHERE id < 4', '?' ], 'carl|800');
$standby->promote;
gives('after the promotion, the same session', $s, [ '?', 'EXECUTE q', 'SELECT id FROM doc WHERE id < 0 ORDER BY id', 'SELECT authz.token_state()' ],
	'carl|800', '-3', '-2', 'valid');
gives('a login after it', $s, [ 'root', '?', 'eve', '?' ], 'root|1000', 'carl|800');
$standby->safe_psql('postgres', 'SELECT pg_sleep(4.1)');
gives('and it expires', $late, ['?'], '28000: token has expired');
$standby->safe_psql('postgres', "SELECT authz.revoke_subject('https://id.example', 'carl')");
gives('and can be revoked there', $s, ['?'], '28000: token was revoked');

for my $node ($primary, $standby)
{
	my $log = slurp_file($node->logfile);
	unlike($log, qr/PANIC|terminated by signal/, $node->name . ': nothing crashed');
	ok(!holds_token($log, $_), $node->name . ': no token in the log') for values %tokens;
}

$standby->stop;
$primary->stop;
done_testing();
