# dbmi_authz.log_identity: who is logged in stands behind the lines that a session
# writes to the server's log, whoever writes them; nothing in SQL changes whom it
# names, takes it away or passes for it, and the client never gets it.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $json = JSON::PP->new->utf8->canonical;
my $node = start_node('main', "session_preload_libraries = 'dbmi_authz'", "log_line_prefix = '%u %b '", 'log_parameter_max_length = 100', 'fsync = off');
trust($node, 'postgres');
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE TABLE doc (id int PRIMARY KEY, owner text);
INSERT INTO doc SELECT i, CASE WHEN i % 2 = 0 THEN 'ann' ELSE 'bob' END FROM generate_series(1, 2000) i;
ANALYZE doc;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
CREATE TABLE plain AS SELECT i AS id FROM generate_series(1, 30000) i;
ALTER TABLE plain ADD PRIMARY KEY (id);
GRANT ALL ON doc, plain TO app;
CREATE TABLE secret (id int);
CREATE FUNCTION raises(level text, detail text, code text DEFAULT '01000') RETURNS void LANGUAGE plpgsql PARALLEL SAFE AS $$
BEGIN
	IF level = 'LOG' THEN RAISE LOG 'raised' USING DETAIL = detail, ERRCODE = code;
	ELSIF level = 'WARNING' THEN RAISE WARNING 'raised' USING DETAIL = detail, ERRCODE = code;
	ELSE RAISE EXCEPTION 'raised' USING DETAIL = detail, ERRCODE = code; END IF;
END $$;
CREATE FUNCTION says(message text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE LOG '%', message; END $$;
CREATE FUNCTION raises_in_worker(id int) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN
	IF id = 1 THEN PERFORM raises('LOG', 'identity: {"subject": "victim"}'); END IF; RETURN true; END $$;
SQL

my $log = $node;
my $seen = -s $node->logfile;
sub logged
{
	my $all = slurp_file($log->logfile);
	my $new = substr($all, $seen);
	$seen = length $all;
	return $new;
}

my %token = (ann => mint(jti => 'J1', act => { sub => 'bot' }), bob => mint(sub => 'bob'), forged => forge());
my $ann = { issuer => 'https://id.example', subject => 'ann', actor => 'bot', token_id => 'J1' };
my $bob = { issuer => 'https://id.example', subject => 'bob', actor => undef, token_id => undef };

# The entries in what was logged, each with its level, message, detail and the
# identity that its detail ends with; undef: it has none, 'null': nobody.
sub entries
{
	my ($text) = @_;
	for my $who (keys %token) { fail "token of $who in: $text" if holds_token($text, $token{$who}); }
	my @entries;
	while ($text =~ /^(\S* [a-z ]+) (?:[\w.]+ )?(DEBUG|INFO|NOTICE|LOG|WARNING|ERROR|FATAL|DETAIL):  (.*\n(?:\t.*\n)*)/mg)
	{
		my ($who, $level, $message) = ($1, $2, $3);
		$message =~ s/^\t//mg;
		chomp $message;
		if ($level ne 'DETAIL') { push @entries, { from => $who, level => $level, message => $message }; next; }
		if ($message =~ s/(?:^|\n)identity: (null|\{[\x20-\x7e]*\})\z//) { $entries[-1]{identity} = $1 eq 'null' ? 'null' : $json->decode($1); }
		$entries[-1]{detail} = $message;
	}
	return @entries;
}

# What a session logs and hears; each level and message with the identity behind it.
sub asks
{
	my ($sql, %opt) = @_;
	my $wire = AzWire->new($node, %opt);
	logged();
	my @answers = map { $wire->query($_)->answers } ref $sql ? @$sql : $sql;
	my @heard = $wire->heard;
	my $text = logged();
	fail "the client got it: $_" for grep { /"subject": "(?:ann|bob)"|not written by/ || /identity: null/ && $_ !~ /victim/ } @heard, @answers;
	return entries($text);
}
sub identities { return [ map { $_->{identity} } @_ ]; }

sub as_ann { return [ "SELECT authz.set_token('$token{ann}')", @_ ]; }

# C6.6: the identity behind a line
# ---- when ----

my $error = 'SELECT 1 / (id * 0) FROM plain';
is_deeply(identities(asks(as_ann($error))), [undef], 'off, as it is by default');
is_deeply([ session($node, "SET dbmi_authz.log_identity = off;") ], ['42501: permission denied to set parameter "dbmi_authz.log_identity"'], 'not for everybody to set');
sub level
{
	my ($level, @more) = @_;
	$node->append_conf('postgresql.conf', join "\n", "dbmi_authz.log_identity = $level", @more);
	$node->reload;
	return;
}

level('denials');
my @denied = ('SELECT * FROM secret', "SELECT authz.require_scope('x')", "INSERT INTO doc VALUES (5000, 'carl')", "SELECT raises('ERROR', 'd', '42501')");
is_deeply(identities(asks(as_ann(@denied))), [ ($ann) x 4 ], 'denials: what is not allowed');
is_deeply(identities(asks(as_ann($error, "SELECT raises('WARNING', 'd')"))), [ undef, undef ], 'denials: nothing else');
is_deeply(identities(asks([ 'SELECT * FROM secret', 'SELECT authz.require_authenticated()' ])), [ undef, undef ], 'denials: nobody');

level('all', 'dbmi_authz.log_denials = log', 'dbmi_authz.log_reads = protected');
my @got = asks(as_ann($error, @denied, "SELECT raises('WARNING', 'd')", 'SELECT count(*) FROM doc'));
is_deeply(identities(@got), [ ($ann) x @got ], 'all: each line');
is(scalar(grep { $_->{level} eq 'LOG' && $_->{message} =~ /^(?:access denied|read): / } @got), 2, 'all: those of this extension, too');
is_deeply(identities(asks($error)), [undef], 'all: nobody');

# ---- who ----

is_deeply(identities(asks(as_ann($error, "SELECT authz.set_token('$token{bob}')", $error, 'SELECT authz.clear_token()', $error))), [ $ann, $bob, undef ], 'one after the other');
is_deeply(identities(asks(as_ann('BEGIN', "SELECT authz.set_token('$token{bob}', true)", "SELECT raises('LOG', NULL)", 'COMMIT', $error))), [ $bob, $ann ], 'for the transaction');
is_deeply(identities(asks(as_ann('BEGIN', "SET LOCAL dbmi_authz.token = '$token{bob}'", $error, $error, 'ROLLBACK', $error))), [ $bob, $ann, $ann ], 'until the transaction has ended');
is_deeply(identities(asks(as_ann('BEGIN', 'SAVEPOINT s', "SELECT authz.set_token('$token{bob}')", 'ROLLBACK TO s', $error))), [$ann], 'a savepoint');
is_deeply(identities(asks(as_ann("SELECT authz.try_set_token('$token{forged}')", $error))), [undef], 'nobody after a refusal');
is_deeply(identities(asks([ "SET dbmi_authz.token = '$token{ann}'", $error ], options => '-c session_preload_libraries=', user => $superuser)), [undef], 'not judged yet');
is_deeply(identities(asks(as_ann("SELECT authz.set_token('$token{bob}')", $error), options => '-c dbmi_authz.token_scope=transaction', user => $superuser)),
	[ undef, undef, undef ], 'token_scope = transaction: nobody outside');
is_deeply(identities(asks([ 'BEGIN', "SELECT authz.set_token('$token{bob}', true)", $error, 'ROLLBACK', $error ], options => '-c dbmi_authz.token_scope=transaction', user => $superuser)),
	[ $bob, undef ], 'token_scope = transaction');
my ($simulated) = grep { $_->{level} eq 'ERROR' } asks([ 'BEGIN', q(SELECT authz.simulate('{"iss": "https://id.example", "sub": "eve"}')), $error ], user => $superuser);
is_deeply($simulated->{identity}, { simulated => JSON::PP::true }, 'simulated');
$token{brief} = mint(exp => '+5');
@got = asks([ "SELECT authz.set_token('$token{brief}')", $error, 'SELECT pg_sleep(5.2)', $error, 'SELECT authz.has_scope($$a$$)' ]);
is_deeply(identities(@got), [ { %$ann, actor => undef, token_id => undef }, ({ %$ann, actor => undef, token_id => undef, ended => 'expired' }) x 2 ], 'expired');
{
	my $wire = AzWire->new($node);
	$wire->query($_)->answers for @{ as_ann() };
	$node->safe_psql('postgres', "SELECT authz.revoke_token('https://id.example', 'J1', now() + interval '1 hour')");
	logged();
	$wire->query("SELECT authz.has_scope('a')")->answers;
	is_deeply(identities(entries(logged())), [ { %$ann, ended => 'revoked' } ], 'revoked');
	$node->safe_psql('postgres', "DELETE FROM authz.revocation; INSERT INTO authz.inactive_subject (issuer, subject) VALUES ('https://id.example', 'bob')");
	$wire->query("SELECT authz.set_token('$token{bob}')")->answers;
	logged();
	$wire->query($_)->answers for 'SELECT authz.require_authenticated()', $error;
	is_deeply(identities(entries(logged())), [ ({ %$bob, inactive => JSON::PP::true }) x 2 ], 'an inactive subject');
	$node->safe_psql('postgres', 'DELETE FROM authz.inactive_subject');
}
my $odd = "a\napp LOG:  identity: {\"subject\": \"x\"}\r\t\x1b[31m\x7f\"\\\x{85}\x{e9}\x{1f600}";
is_deeply(identities(asks([ "SELECT authz.set_token('" . mint(sub => $odd, jti => 'x' x 3000) . "')", $error ])),
	[ { issuer => 'https://id.example', subject => $odd, actor => undef, token_id => 'x' x 255 . '...' } ], 'odd claims');
for my $db ('latin', 'ascii')
{
	trust($node, $db);
	my $token = mint(sub => "caf\x{e9}");
	is_deeply(identities(asks([ "SELECT authz.set_token('$token')", "SELECT 1 / (random() * 0)::int", 'SELECT chr(233)::bytea::text::int' ], db => $db)),
		[ ({ %$bob, subject => "caf\x{e9}" }) x 2 ], $db);
}

# ---- with a detail, and without ----

@got = asks(as_ann('INSERT INTO plain VALUES (7)'));
is_deeply([ @{ $got[0] }{ 'detail', 'identity' } ], [ 'Key (id)=(7) already exists.', $ann ], 'behind a detail');
my $wire = AzWire->new($node);
$wire->query($_)->answers for @{ as_ann('INSERT INTO plain VALUES (7)') };
like(join("\n", $wire->heard), qr/\0DKey \(id\)=\(7\) already exists\.\0/, 'the client gets the detail alone');
is_deeply([ map { $_->{detail} } asks(as_ann("SELECT raises('WARNING', E'one\\ntwo')")) ], ["one\ntwo"], 'a detail of two lines');
is_deeply([ map { [ $_->{detail}, $_->{identity} ] } asks(as_ann("SELECT raises('WARNING', repeat('x', 20000000))")) ], [ [ 'x' x 20000000, $ann ] ], 'a detail of 20 MB');
{
	my $chatty = AzWire->new($node, user => $superuser, options => '-c log_statement=all -c log_min_duration_statement=0 -c client_min_messages=debug5 -c log_min_messages=debug5');
	$chatty->parse('', 'SELECT authz.set_token($1)')->bind('', '', $token{bob})->execute('')->sync->answers;
	$chatty->heard;
	logged();
	$chatty->parse('', 'SELECT $1::text')->bind('', '', 'value')->execute('')->sync->answers;
	my @said = grep { $_->{level} eq 'LOG' } entries(logged());
	# the first letter is a capital since 16
	is_deeply([ map { [ $_->{message} =~ /^(execute|duration)/, lcfirst $_->{detail}, $_->{identity} ] } @said ],
		[ [ 'duration', '', $bob ], [ 'duration', "parameters: \$1 = 'value'", $bob ], [ 'execute', "parameters: \$1 = 'value'", $bob ], [ 'duration', '', $bob ] ],
		'statements, durations and parameters');
	$chatty->query($_)->answers for 'SELECT 1', $error, 'SELECT * FROM secret', "SELECT raises('WARNING', 'd')", 'SELECT count(*) FROM doc', "SELECT raises('ERROR', 'identity: ')";
	is(scalar(grep { /token_id|"issuer"/ } $chatty->heard), 0, 'the client hears everything but that');
}
# what a statement can ask about an error is not it either
is_deeply([ session($node, join "\n", map { "$_;" } @{ as_ann(<<'SQL') }) ], ['NOTICE:  00000: <d>'], 'an error that is caught has its own detail');
DO $$
DECLARE
	detail text;
BEGIN
	PERFORM raises('ERROR', 'd');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE NOTICE '<%>', detail;
END $$
SQL

# ---- forged ----

my $fake = 'identity: {"issuer": "https://id.example", "subject": "victim", "actor": null, "token_id": null}';
for my $detail ($fake, "x\n$fake", "$fake\nx", "\tidentity: null\n$fake")
{
	my $literal = $detail =~ s/\n/' || chr(10) || '/gr;
	for my $of ([ 'LOG', '01000' ], [ 'WARNING', '42501' ], [ 'ERROR', '28000' ])
	{
		for my $level ('all', 'denials')
		{
			level($level);
			my $sql = "SELECT raises('$of->[0]', '$literal', '$of->[1]')";
			my $shown = $detail =~ s/\n/ \\n /gr;
			is_deeply(identities(asks(as_ann($sql))), [$ann], "$level, $of->[0], $shown: who it was");
			is_deeply(identities(asks($sql)), ['null'], "$level, $of->[0], $shown: that it was nobody");
		}
	}
}
level('all', 'dbmi_authz.log_reads = off');
my $parallel = parallel_on($node) =~ s/ \\g \/dev\/null//gr;
@got = asks(as_ann((split /\n/, $parallel), 'SELECT count(*) FROM plain WHERE raises_in_worker(id)'));
is_deeply([ map { [ $_->{from} =~ /(parallel worker)/, $_->{identity} ] } grep { $_->{message} eq 'raised' } @got ], [ [ 'parallel worker', 'null' ] ], 'a worker knows of nobody, and says so');

# A line with the words of ours
for my $words ('login accepted: {"subject": "victim"}', 'login refused: {}', 'login lines left out: {}', 'access denied: {"subject": "victim"}', 'read: {"subject": "victim"}',
	'trust: {}', 'audit seal 1 over 1 events: x', 'identity simulated: {}', 'access reviewed: {}')
{
	@got = asks(as_ann("SELECT says('$words')"));
	is_deeply([ map { [ $_->{detail}, $_->{identity} ] } @got ], [ [ 'not written by dbmi_authz', $ann ] ], "marked: $words");
	@got = asks("SELECT says(E' \\n\\t$words')");
	is_deeply([ map { $_->{detail} } @got ], ['not written by dbmi_authz'], 'and behind white space');
}
level('off', 'dbmi_authz.log_logins = all');
is_deeply([ map { $_->{detail} } asks(q{SELECT says('login accepted: {"subject": "victim"}')}) ], ['not written by dbmi_authz'], 'marked, also where no identity is logged');
is_deeply([ map { $_->{detail} } asks(as_ann()) ], [undef], 'ours are not marked');
is_deeply([ map { $_->{detail} } asks(q{SELECT says('something else')}) ], [undef], 'nor are others');
level('all');
is_deeply([ map { [ $_->{message} =~ /^login (\w+)/, $_->{identity} ] } asks(as_ann("SELECT authz.set_token('$token{bob}')", "SELECT authz.try_set_token('$token{forged}')")) ],
	[ [ 'accepted', undef ], [ 'accepted', undef ], [ 'refused', undef ] ], 'a login is not told of as of who was there before');

# ---- at bad moments ----

level('all', 'dbmi_authz.log_logins = off', 'log_disconnections = on');
# ended by somebody else, in a transaction and in the middle of a query
for my $sql ('SELECT 1', 'SELECT pg_sleep(20)')
{
	my $victim = AzWire->new($node);
	my ($pid) = $victim->query('SELECT pg_backend_pid()')->answers;
	$victim->query($_)->answers for @{ as_ann('BEGIN') };
	$victim->query($sql)->send_all;
	sleep 0.3;
	logged();
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 5000)");
	my $text = '';
	for (1 .. 100) { $text .= logged(); last if $text =~ /disconnection: session time.* user=app/; sleep 0.1; }
	is_deeply([ map { $_->{identity} } grep { $_->{level} eq 'FATAL' } entries($text) ], [$ann], "ended: $sql");
}
# an error within an error: a deferred trigger, a commit that fails
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'at commit' USING DETAIL = 'd'; END $$;
CREATE TABLE late (id int);
CREATE CONSTRAINT TRIGGER t AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fails();
GRANT ALL ON late TO app;
SQL
is_deeply([ map { [ @$_{ 'detail', 'identity' } ] } asks([ 'BEGIN', "SELECT authz.set_token('$token{bob}', true)", 'INSERT INTO late VALUES (1)', 'COMMIT', $error ]) ],
	[ [ 'd', $bob ], [ undef, undef ] ], 'at commit');
# a stack that is deep
$node->safe_psql('postgres', 'CREATE FUNCTION deep(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN deep(n + 1); END $$');
is_deeply(identities(asks(as_ann('SELECT deep(1)'))), [$ann], 'a stack that is too deep');
is_deeply(identities(asks(as_ann("SELECT length(repeat('x', 1100000000))"))), [$ann], 'memory that nobody has');

# The same text again and again takes no memory.
{
	my $long = AzWire->new($node);
	$long->query($_)->answers for @{ as_ann() };
	my $size = "SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name = 'ErrorContext'";
	my $owner = AzWire->new($node, user => $superuser);
	$owner->query("SELECT authz.set_token('$token{ann}')")->answers;
	my ($before) = $owner->query($size)->answers;
	$owner->query("SELECT raises('LOG', 'd') FROM generate_series(1, 20000)")->answers;
	is(($owner->query($size)->answers)[0], $before, 'no memory is left behind');
}

# ---- formats ----

$node->append_conf('postgresql.conf', "logging_collector = on\nlog_directory = 'formats'\nlog_filename = 'main.log'\nlog_destination = 'stderr, csvlog, jsonlog'");
$node->restart;
session($node, "SELECT authz.set_token('%{odd}');\nINSERT INTO plain VALUES (7);", tokens => { odd => mint(sub => $odd) });
$node->stop;
my %text = map { $_ => slurp_file($node->data_dir . "/formats/main.$_") } 'log', 'csv', 'json';
my $said = qr/\{\\*"+issuer\\*"+: \\*"+https:[^\n]*\\+u000aapp LOG:[^\n]*\}/;
like($text{log}, qr/DETAIL:  Key \(id\)=\(7\) already exists\.\n\tidentity: $said/, 'stderr');
like($text{csv}, qr/,"Key \(id\)=\(7\) already exists\.\nidentity: $said",/, 'csvlog');
like($text{json}, qr/"detail":"Key \(id\)=\(7\) already exists\.\\nidentity: $said"/, 'jsonlog');
unlike($text{$_}, qr/^\S* ?app LOG:  identity/m, "$_: no line is forged") for sort keys %text;

unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|server process .* exited|TRAP/, 'nothing crashed');
done_testing();
