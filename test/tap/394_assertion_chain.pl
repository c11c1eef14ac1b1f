# An assertion that is good for several transactions: each use is told from those before
# by a chain of hashes, is taken once, and counts only while a verification of
# the whole would still say the same.  And who sends goes on with one as long as it may.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzCitus;
use AzCluster;
use AzTest;
use Digest::SHA qw(sha256);
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use Test::More;

my $last = 64;
my $ann = 'ann valid 1';
my $bob = 'bob valid 2';
my $nobody = 'nobody none 0';
my $refused = '28000: the identity that another server handed over was refused';

sub b64url { return encode_base64($_[0], '') =~ tr{+/=}{-_}dr; }

# Whole verifications that sessions of the server have made.
sub verified { return $_[0]->safe_psql('postgres', 'SELECT sum(tokens_verified) FROM authz.stat'); }

# ----------------------------------------------------------------
# The side that takes
# ----------------------------------------------------------------

my $node = start_node('main', "shared_preload_libraries = 'dbmi_authz'", 'max_prepared_transactions = 2', 'autovacuum = off', 'track_activity_query_size = 8192');
trust($node, 'postgres');
take_assertions($node, 'postgres');
my $other = `$FindBin::RealBin/../mint --jwk --key $FindBin::RealBin/../fixtures/ed25519_b.pem --kid c2 --alg EdDSA`;
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE doc (id int, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob'), (3, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
GRANT SELECT ON doc TO node;
CREATE FUNCTION who() RETURNS text LANGUAGE sql
RETURN coalesce(authz.subject(), 'nobody') || ' ' || authz.token_state() || ' ' || (SELECT count(*) FROM doc);
CREATE VIEW verified AS SELECT tokens_verified FROM authz.stat;
GRANT SELECT ON verified TO node;
SQL

my (%tokens, %chains, %numbers);
# what was made in the second in which a server came up is refused
sleep 1;

# chain(NAME, how) makes an assertion NAME0 and its uses NAME1 to NAME64.  sender: a letter.
sub chain
{
	my ($name, %how) = @_;
	my $letter = delete $how{sender} // 's';
	my @values = map { '' } 0 .. $last;
	$values[$last] = pack 'H*', join '', map { sprintf '%02x', int rand 256 } 1 .. 32;
	$values[ $_ - 1 ] = sha256($values[$_]) for reverse 1 .. $last;
	$chains{$name} = \@values;
	my $anchor = delete($how{anchor}) // b64url($values[0]);
	my $jws = assertion(nonce => sender($letter) . '.' . ++$numbers{$letter}, exp => '+60', length $anchor ? (header => qq({"chain": "$anchor"})) : (), %how);
	$tokens{ $name . '0' } = $jws;
	$tokens{ $name . $_ } = "$jws.$_." . b64url($values[$_]) for 1 .. $last;
	return;
}

# A use as nobody has made it: of that assertion, with that number and value.
sub odd { my ($name, $of, $number, $value) = @_; $tokens{$name} = $tokens{ $of . '0' } . ".$number.$value"; return; }

sub script { return join "\n", map { $_ eq '?' ? 'SELECT who();' : $_ eq 'n?' ? 'SELECT * FROM verified;' : /\\g / ? $_ : exists $tokens{$_} ? "SET LOCAL dbmi_authz.token = '%{$_}';" : "$_;" } @_; }

# In each transaction one of them, and the question.
sub each_in_one { return map { ('BEGIN', $_, '?', 'COMMIT') } @_; }

sub gives
{
	my ($what, $script, @expected) = @_;
	my @got = session($node, script(@$script), tokens => \%tokens, user => 'node', details => 1);
	@got = grep { !/^(HINT|DETAIL):/ } @got unless grep { /^DETAIL/ } @expected;
	@got = grep { !/^HINT:/ } @got;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply(\@got, \@expected, $what) or diag("got:\n  ", join("\n  ", @got));
	return;
}

my $session = sub { my $psql = $node->background_psql('postgres', extra_params => [ '-U', 'node' ], on_error_stop => 0); return $psql; };
my $take = sub { my ($psql, $name) = @_; return $psql->query_safe("SET LOCAL dbmi_authz.token = '$tokens{$name}'; SELECT authz.token_state()"); };
# in a transaction of its own
my $once = sub { my ($psql, $name) = @_; $psql->query_safe('BEGIN'); my $state = $take->($psql, $name); $psql->query_safe('COMMIT'); return $state; };

# ---- uses, in order ----

chain('a');
my $before = verified($node);
gives('each use is taken', [ each_in_one(map { "a$_" } 0 .. $last), '?' ], ($ann) x ($last + 1), $nobody);
is(verified($node) - $before, 1, '... with one verification');
chain('a');
gives('some may be left out', [ each_in_one('a3', 'a7', 'a64') ], ($ann) x 3);
chain('a');
gives('none is taken twice', [ each_in_one('a1'), 'BEGIN', 'a1', '?' ], $ann, $refused);
gives('nor one that comes before it', [ 'BEGIN', 'a0', '?', 'ROLLBACK', each_in_one('a5'), map { ('BEGIN', $_, '?', 'ROLLBACK') } 'a4', 'a5', 'a0' ], $refused, $ann, ($refused) x 3);
gives('also not in another session', [ 'BEGIN', 'a5', '?', 'ROLLBACK', each_in_one('a6') ], $refused, $ann);
gives('why', [ 'BEGIN', 'a6', '?' ], $refused, 'DETAIL:  {"error":"invalid_token","error_description":"Assertion was used before"}');
chain('b', claims => { sub => 'bob' });
gives('a later assertion ends the one before', [ each_in_one('a7', 'b1'), 'BEGIN', 'a8', '?' ], $ann, $bob, $refused);
chain('c');
chain('d', sender => 't', claims => { sub => 'bob' });
$before = verified($node);
gives('two senders interleaved', [ each_in_one('c0', 'd0', 'c1', 'd1', 'd2', 'c2') ], $ann, $bob, $ann, $bob, $bob, $ann);
is(verified($node) - $before, 5, '... and what was remembered of the other one is verified again');

# ---- values that are none ----

my @wrong = (
	[ 'of another use', 5, sub { b64url($chains{e}[4]) } ],
	[ 'of the use behind it', 5, sub { b64url($chains{e}[6]) } ],
	[ 'of another assertion', 5, sub { b64url($chains{f}[5]) } ],
	[ 'the anchor', 1, sub { b64url($chains{e}[0]) } ],
	[ 'zeros', 5, sub { b64url("\0" x 32) } ]);
my @malformed = (
	[ 'number 0', 0, sub { b64url($chains{e}[0]) } ],
	[ 'number N + 1', 65, sub { b64url($chains{e}[64]) } ],
	[ 'a zero in front', '05', sub { b64url($chains{e}[5]) } ],
	[ 'no number', '', sub { b64url($chains{e}[5]) } ],
	[ 'a short value', 5, sub { substr b64url($chains{e}[5]), 0, 42 } ],
	[ 'a long one', 5, sub { b64url($chains{e}[5]) . 'A' } ],
	[ 'unused bits', 5, sub { my $text = b64url($chains{e}[5]); (my $c = substr $text, -1) =~ tr/AEIMQUYcgkosw048/BFJNRVZdhlptx159/; substr($text, 0, 42) . $c } ],
	[ 'more behind it', 5, sub { b64url($chains{e}[5]) . '.6.' . b64url($chains{e}[6]) } ]);
chain($_) for qw(e f);
for my $case ((map { [ @$_, 'Invalid assertion signature' ] } @wrong), (map { [ @$_, 'Malformed assertion' ] } @malformed))
{
	my ($what, $number, $value, $why) = @$case;
	my $detail = qq(DETAIL:  {"error":"invalid_token","error_description":"$why"});
	chain($_) for qw(e f);
	odd('wrong', 'e', $number, $value->());
	gives("$what, in a session that knows nothing yet", [ 'BEGIN', 'wrong', '?' ], $refused, $detail);
	gives('... in one that has taken an earlier use, which goes on', [ each_in_one('e2'), 'BEGIN', 'wrong', '?', 'ROLLBACK', each_in_one('e3', 'e5', 'e6') ],
		$ann, $refused, $detail, ($ann) x 3);
	odd('wrong', 'e', $number, $value->());
	gives('... and in one that has taken a later one', [ each_in_one('e7'), 'BEGIN', 'wrong', '?', 'ROLLBACK', each_in_one('e8') ], $ann, $refused, $detail, $ann);
}
chain('g', anchor => '');
gives('one without an anchor is good for one use', [ each_in_one('g0'), 'BEGIN', 'g1', '?' ], $ann, $refused);
for my $anchor ('x', b64url("\0" x 31), b64url("\0" x 33), 'A' x 42 . 'B', 'A' x 42 . '=')
{
	chain('g', anchor => $anchor);
	gives("an anchor that is none: $anchor", [ 'BEGIN', 'g0', '?' ], $refused);
}
chain('g');
$tokens{spliced} = $tokens{g0} =~ s/[^.]+$//r . ($tokens{e0} =~ /([^.]+)$/)[0] . '.1.' . b64url($chains{g}[1]);
gives('a good value behind a bad signature, where the good one is known', [ each_in_one('g0'), 'BEGIN', 'spliced', '?', 'ROLLBACK', each_in_one('g1') ], $ann, $refused, $ann);
chain('g', nonce => sender('u') . '.283796062672455063');
gives('a number that has no room for its uses', [ 'BEGIN', 'g0', '?' ], $refused);
for my $how ('set_token', 'try_set_token', 'verify_token')
{
	my @got = session($node, "SELECT authz.$how('%{a9}');", tokens => \%tokens, user => 'node');
	like("@got", $how eq 'try_set_token' ? qr/^f$/ : qr/^28000: token was refused$/, "$how() takes none");
}
gives('nor does the view', [ 'SELECT count(challenge) FROM authz.hand_over', "UPDATE authz.hand_over SET assertion = '%{a9}'" ], 1, $refused);

# ---- several connections, savepoints, two phases ----

chain('h');
my ($one, $two) = ($session->(), $session->());
is($once->($one, 'h0'), 'valid', 'a session');
$one->query_safe('BEGIN');
is($take->($one, 'h1'), 'valid', 'a use is taken');
is($once->($two, 'h1'), 'valid', '... by another connection while it is held');
is($once->($two, 'h1'), 'valid', '... again');
$one->query_safe('SAVEPOINT s');
is($take->($one, 'h2'), 'valid', 'the next one in the same transaction');
is($once->($two, 'h1'), 'rejected', '... and the one before is stale');
is($once->($two, 'h2'), 'valid', '... but this one is not');
$one->query_safe('ROLLBACK TO s');
is($one->query_safe('SELECT authz.token_state()'), 'valid', 'who was told before goes on');
$one->query_safe('COMMIT');
is($once->($two, 'h2'), 'rejected', 'nobody takes it when that has ended');
is($once->($two, 'h3'), 'valid', 'the next one is taken');
$one->query_safe('BEGIN');
is($take->($one, 'h4'), 'valid', 'here, too');
$one->query_safe("PREPARE TRANSACTION 'p'");
is($once->($two, 'h4'), 'rejected', 'two phases let go of it');
is($once->($two, 'h5'), 'valid', '... and it goes on');
$one->query_safe("ROLLBACK PREPARED 'p'");
$one->query_safe('DISCARD ALL');
is($one->query_safe('SELECT authz.token_state()'), 'none', 'DISCARD ALL leaves nobody');
is($once->($one, 'h5'), 'rejected', '... and brings no use back');
is($once->($one, 'h6'), 'valid', '... and the next one is taken');

# ---- the same moment counts as for a whole verification ----

sub counts_at_once
{
	my ($what, $do, $undo, $how, $state) = @_;
	my $psql = $session->();
	chain('i', @{ $how // [] });
	$once->($psql, 'i0');
	is($once->($psql, 'i1'), 'valid', "$what: before");
	$node->safe_psql('postgres', $do);
	is($once->($psql, 'i2'), $state // 'rejected', '... at once');
	$node->safe_psql('postgres', $undo);
	is($once->($psql, 'i4'), 'valid', '... and when it is undone');
	$psql->quit;
	return;
}

my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
my $add_issuer = "SELECT authz.add_issuer('https://id.example', '{clinic}'), authz.add_pem('https://id.example', '$pem', 'k1', 'ES256')";
$node->safe_psql('postgres', "SELECT authz.add_cluster_key_public('c2', '$other')");
counts_at_once('a key that is dropped', q{SELECT authz.drop_cluster_key('c2')}, "SELECT authz.add_cluster_key_public('c2', '$other')", [ key => 'ed25519_b.pem', kid => 'c2' ]);
my $third = `$FindBin::RealBin/../mint --jwk --key $FindBin::RealBin/../fixtures/ed25519_a.pem --kid c2 --alg EdDSA`;
counts_at_once('a key that is replaced', "SELECT authz.drop_cluster_key('c1'), authz.drop_cluster_key('c2'), authz.add_cluster_key_public('c2', '$third')",
	"SELECT authz.drop_cluster_key('c2'), authz.add_cluster_key_public('c2', '$other'), authz.add_cluster_key_public('c1', '" . ($third =~ s/"c2"/"c1"/r) . "')", [ key => 'ed25519_b.pem', kid => 'c2' ]);
counts_at_once('a subject that is revoked', q{SELECT authz.revoke_subject('https://id.example', 'ann')}, 'DELETE FROM authz.revocation');
counts_at_once('a token that is revoked', q{SELECT authz.revoke_token('https://id.example', 'j1')}, 'DELETE FROM authz.revocation', [ claims => { jti => 'j1' } ]);
counts_at_once('an issuer that is dropped', q{SELECT authz.drop_issuer('https://id.example')}, $add_issuer);
counts_at_once('an option that refuses it', q{SELECT authz.alter_issuer('https://id.example', '{"required_claims": ["email"]}')}, q{SELECT authz.alter_issuer('https://id.example', '{"required_claims": null}')});
chain('j');
my $psql = $session->();
$once->($psql, 'j0');
$node->safe_psql('postgres', q{SELECT authz.alter_issuer('https://id.example', '{"user_id_claim": "jti"}')});
$psql->query_safe('BEGIN');
$take->($psql, 'j1');
is($psql->query_safe('SELECT coalesce(authz.user_id(), $$none$$)'), 'none', 'an option that changes an answer changes it at once');
$psql->query_safe('COMMIT');
$node->safe_psql('postgres', q{SELECT authz.alter_issuer('https://id.example', '{"user_id_claim": null}')});
$psql->query_safe('BEGIN');
$take->($psql, 'j2');
is($psql->query_safe('SELECT authz.user_id()'), 'ann', '... and back');
$psql->query_safe('COMMIT');
$node->safe_psql('postgres', "INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'ann')");
$psql->query_safe('BEGIN');
$take->($psql, 'j3');
is($psql->query_safe('SELECT authz.subject() IS NULL'), 't', 'a subject who is inactive is nobody');
$psql->query_safe('COMMIT');
$node->safe_psql('postgres', 'DELETE FROM authz.inactive_subject');
is($once->($psql, 'j4'), 'valid', '... and back');
$node->safe_psql('postgres', 'REVOKE node FROM member');
my $member = $node->background_psql('postgres', extra_params => [ '-U', 'member' ], on_error_stop => 0);
is($member->query("BEGIN; SET LOCAL dbmi_authz.token = '$tokens{j5}'; SELECT authz.token_state()") // '', '', 'who is no member any more');
$member->query('ROLLBACK');
# or the next query that must not fail takes it for its own
$member->{stderr} = '';
$node->safe_psql('postgres', 'GRANT node TO member');
is($once->($member, 'j5'), 'valid', '... and is again');
$node->safe_psql('postgres', 'REVOKE node FROM member');
like($member->query("BEGIN; SET LOCAL dbmi_authz.token = '$tokens{j6}'; SELECT 'taken'") // '', qr/^$/, '... takes nothing of what the session remembers');
$member->quit;
$node->safe_psql('postgres', 'GRANT node TO member');

# ---- times ----

chain('k', exp => '+3');
is($once->($psql, 'k0'), 'valid', 'one that ends soon');
is($once->($psql, 'k1'), 'valid', '... is good until then');
# of another sender: a later assertion of one ends the one before
chain('l', sender => 'v', claims => { exp => '+3' });
is($once->($two, 'l0'), 'valid', 'one of a token that ends soon');
sleep 3;
is($once->($psql, 'k2'), 'rejected', 'when it has ended no use is taken');
is($once->($two, 'l1'), 'rejected', 'nor when the token has');

# ---- between them ----

chain('m');
$tokens{token} = mint(sub => 'bob');
gives('a login by token in between', [ each_in_one('m0'), "SELECT authz.set_token('%{token}') \\g /dev/null", '?', each_in_one('m1'), '?' ], $ann, $bob, $ann, $bob);
gives('nobody, and a savepoint', [ 'BEGIN', 'm2', 'SAVEPOINT s', 'SET LOCAL dbmi_authz.token TO DEFAULT', '?', 'ROLLBACK TO s', '?', 'm3', '?', 'COMMIT' ], $nobody, $ann, $ann);
gives('a kept plan lives on', [ 'PREPARE q AS SELECT count(*) FROM doc', map({ ('BEGIN', $_, 'EXECUTE q', 'COMMIT') } 'm4', 'm5', 'm6'), 'EXECUTE q' ], 1, 1, 1, 0);

# ---- what shows one ----

$node->append_conf('postgresql.conf', "log_statement = all\nlog_min_messages = debug2\ndbmi_authz.log_logins = all\nlog_min_duration_statement = 0\nlog_min_error_statement = debug5");
$node->reload;
my $size = -s $node->logfile;
chain('n');
odd('wrong', 'n', 9, b64url($chains{n}[8]));
$one->query_safe('BEGIN');
is($take->($one, 'n7'), 'valid', 'while all is logged');
my $activity = $node->safe_psql('postgres', "SELECT string_agg(query, ' ') FROM pg_stat_activity WHERE usename = 'node'");
gives('one that is refused', [ 'BEGIN', 'wrong', '?' ], $refused);
$one->query_safe('COMMIT');
my $log = slurp_file($node->logfile, $size);
like($log, qr/login refused: .*Invalid assertion signature/, 'the log says what was refused');
for my $text ($log, $activity)
{
	ok(!holds_token($text, $tokens{n7}) && index($text, substr b64url($chains{n}[$_]), 0, 12) < 0, "neither it nor value $_ is seen") for 7, 8;
}
$_->quit for $one, $two, $psql;

# ---- a restart ----

chain('o');
gives('before a restart', [ each_in_one('o0', 'o1') ], $ann, $ann);
$node->restart;
gives('what was made before is not taken after it, whichever use', [ map { ('BEGIN', $_, '?', 'ROLLBACK') } 'o1', 'o2', 'o3' ], ($refused) x 3);
$node->stop;

# ----------------------------------------------------------------
# The side that sends
# ----------------------------------------------------------------

my ($coordinator, @nodes) = start_cluster(2);
my $far = $nodes[0];
%tokens = (ann => mint(email => 'ann@id.example', jti => 'j1'), bob => mint(sub => 'bob'));
my $memo = 'SELECT id FROM memo;';
my ($anns, $bobs) = ('1 2 3 4 5', '6 7 8 9 10');
my $tx = "BEGIN;\n$memo\nCOMMIT;\n";
# likewise
sleep 1;

# Answers, and how many verifications the first node has made for them.
sub sends
{
	my ($what, $sql, $verified, @expected) = @_;
	$sql =~ s/^(ann|bob)$/SELECT authz.set_token('%{$1}') \\g \/dev\/null/mg;
	my $start = verified($far);
	my @got = map { /^[\d ]+$/ ? join ' ', sort { $a <=> $b } split : $_ } session($coordinator, "\\pset recordsep ' '\n$sql", tokens => \%tokens);
	my $same = @got == @expected;
	for my $i (0 .. $#expected)
	{
		$same &&= ref $expected[$i] ? $got[$i] =~ $expected[$i] : $got[$i] eq $expected[$i];
	}
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($same, $what) or diag("got:\n  ", join("\n  ", @got), "\nexpected:\n  ", join("\n  ", @expected));
	is(verified($far) - $start, $verified, '... verifications') if defined $verified;
	return;
}

sub sql { my ($server, $sql) = @_; return "\\! psql -XAtqc \"$sql\" -d '" . $server->connstr('postgres') . "' >/dev/null\n"; }

sends('one transaction', "ann\n$tx", 1, $anns);
sends('two', "ann\n$tx$tx", 2, ($anns) x 2);
sends('all that come after them', "ann\n" . $tx x 20, 2, ($anns) x 20);
sends('until the chain is used up', "ann\n" . $tx x ($last + 4), 3, ($anns) x ($last + 4));
sends('a transaction that is rolled back ends nothing', "ann\n" . "BEGIN;\n$memo\nROLLBACK;\n" x 10, 2, ($anns) x 10);
sends('nor does an error of another kind', "ann\n" . "BEGIN;\n$memo\nSELECT 1/0;\nROLLBACK;\n" x 10, 2, ($anns, '22012: division by zero') x 10);
sends('an error while nodes are asked does', "ann\n$tx$tx$tx" . "BEGIN;\nSELECT id / 0 FROM memo;\nROLLBACK;\n$tx$tx$tx", 4, ($anns) x 3, '22012: division by zero', ($anns) x 3);
sends('also in a savepoint', "ann\n$tx$tx$tx" . "BEGIN;\nSAVEPOINT s;\nSELECT id / 0 FROM memo;\nROLLBACK TO s;\n$memo\nCOMMIT;\n$tx$tx", 4,
	($anns) x 3, '22012: division by zero', ($anns) x 3);
sends('a savepoint is a use', "ann\n$tx$tx" . "BEGIN;\n" . "SAVEPOINT s;\n${memo}\nRELEASE s;\n" x 10 . "COMMIT;\n$tx", 2, ($anns) x 13);
sends('one person after the other', "BEGIN;\nSET LOCAL dbmi_authz.token = '%{ann}';\n$memo\nCOMMIT;\nBEGIN;\nSET LOCAL dbmi_authz.token = '%{bob}';\n$memo\nCOMMIT;\n" x 5, 10, ($anns, $bobs) x 5);
sends('the same again and again', ("BEGIN;\nSET LOCAL dbmi_authz.token = '%{ann}';\n$memo\nCOMMIT;\n" x 5) . ("BEGIN;\nSET LOCAL dbmi_authz.token = '%{bob}';\n$memo\nCOMMIT;\n" x 5), 4, ($anns) x 5, ($bobs) x 5);
sends('nobody in between', "ann\n$tx$tx${tx}RESET dbmi_authz.token;\n${tx}ann\n$tx", 2, ($anns) x 4);

sends('a revocation at the sender', "ann\n$tx$tx$tx" . sql($coordinator, "SELECT authz.revoke_token('https://id.example', 'j1')") . "BEGIN;\n$memo\nROLLBACK;", 2, ($anns) x 3, qr/^28000: /);
$coordinator->safe_psql('postgres', 'DELETE FROM authz.revocation');
sends('at a node', "ann\n$tx$tx$tx" . sql($far, "SELECT authz.revoke_token('https://id.example', 'j1')") . "BEGIN;\n$memo\nROLLBACK;", 3, ($anns) x 3, qr/^28000: the identity that another server handed over was refused/);
$far->safe_psql('postgres', 'DELETE FROM authz.revocation');
my $grant = "INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'ann')";
sends('what is stored at a node', "ann\n$tx$tx$tx" . sql($far, $grant) . "BEGIN;\n$memo\nROLLBACK;", undef, ($anns) x 3, qr/^55000: what is stored here/);
$far->safe_psql('postgres', 'DELETE FROM authz.inactive_subject');
sends('who becomes inactive at the sender is nobody', "ann\n$tx$tx$tx" . sql($coordinator, $grant) . "BEGIN;\nSELECT count(*) FROM memo;\nROLLBACK;", undef, ($anns) x 3, qr/^28000: /);
$coordinator->safe_psql('postgres', 'DELETE FROM authz.inactive_subject');

my $item = "INSERT INTO authz.item_permission (email, client, item, permission, granted_by) VALUES ('ann\@id.example', 'clinic', 'clinic.x', 'VIEW', 'test')";
$_->safe_psql('postgres', q{SELECT authz.alter_issuer('https://id.example', '{"client": "clinic"}')}) for $coordinator, @nodes;
sends('what is stored changes everywhere: a new one says so', "ann\n$tx$tx$tx" . join('', map { sql($_, $item) } $coordinator, @nodes) . "$tx$tx", 3, ($anns) x 5);

# keys
sends('a key that the nodes do not know counts at once', "ann\n$tx$tx$tx" . sql($coordinator, "SELECT authz.add_cluster_key('c3')") . "BEGIN;\n$memo\nROLLBACK;", undef, ($anns) x 3, qr/^28000: the identity that another server handed over was refused/);
my $public = $coordinator->safe_psql('postgres', "SELECT jwk FROM authz.cluster_keys() WHERE kid = 'c3'");
$_->safe_psql('postgres', "SELECT authz.add_cluster_key_public('c3', '$public')") for @nodes;
sends('one that they do is taken', "ann\n$tx$tx$tx", 2, ($anns) x 3);
sends('no key', "ann\n$tx$tx$tx" . sql($coordinator, "SELECT authz.drop_cluster_key('c1'), authz.drop_cluster_key('c3')") . "BEGIN;\n$memo\nROLLBACK;", 2, ($anns) x 3, '55000: this database has no cluster key');
$public = $coordinator->safe_psql('postgres', "SELECT authz.add_cluster_key('c4')");
$_->safe_psql('postgres', "SELECT authz.add_cluster_key_public('c4', '$public')") for @nodes;

# a node that was started anew
my $sending = $coordinator->background_psql('postgres', extra_params => [ '-U', 'app' ], on_error_stop => 0);
$sending->query_safe("SELECT authz.set_token('$tokens{ann}')");
my $asks = sub { my ($out) = $sending->query('BEGIN; SELECT count(*) FROM memo; COMMIT'); return $out // ''; };
$sending->query('ROLLBACK');
is($asks->(), "2\n3", 'before a node starts anew') for 1 .. 4;
$far->restart;
sleep 2;
# its connection is found to be broken, but no query was asked
$sending->query("SELECT ask_kept('SELECT 1')");
$sending->query('ROLLBACK');
is($asks->(), '', 'what was made before is refused, once');
$sending->query('ROLLBACK');
is($asks->(), "2\n3", '... and no more') for 1 .. 4;
$sending->quit;

unlike(slurp_file($_->logfile), qr/PANIC|TRAP/, 'nothing crashed') for $coordinator, @nodes;
done_testing();
