# An actor that only reads, over the protocol: calls of functions without a query,
# portals that stay open, and statements that follow without waiting.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use Test::More;

my $node = start_node('main');
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app SUPERUSER LOGIN;
CREATE SEQUENCE seq;
CREATE TABLE doc AS SELECT i AS id FROM generate_series(1, 5) i;
CREATE FUNCTION moves() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE n bigint; BEGIN n := nextval('seq'); RETURN n; END $$;
CREATE FUNCTION adds() RETURNS integer LANGUAGE sql AS 'INSERT INTO doc VALUES (6) RETURNING id';
SELECT authz.set_actor_ceiling('https://id.example', 'bot'), authz.set_actor_ceiling('https://id.example', 'writer', read_only => false);
SQL

my %token = (ann => mint(), map { $_ => mint(act => { sub => $_ }) } 'bot', 'writer');
my %oid = map { $_ => $node->safe_psql('postgres', "SELECT '$_'::regproc::oid") } 'nextval', 'moves', 'adds', 'lo_creat', 'authz.clear_token';
my $seq = $node->safe_psql('postgres', "SELECT 'seq'::regclass::oid");
my $large = $node->safe_psql('postgres', 'SHOW server_version_num') >= 160000;

# FunctionCall, with one binary argument or none.
sub call
{
	my ($wire, $function, @argument) = @_;
	my ($type, $body) = $wire->send_message('F', pack('N n n n', $oid{$function}, 1, 1, scalar @argument) .
		join('', map { pack('N N', 4, $_) } @argument) . pack('n', 1))->answer;
	return $type eq 'E' ? ($body =~ /C(\w{5})/)[0] : 'done';
}

sub wire_as
{
	my ($road, $who, %opt) = @_;
	my $wire = AzWire->new($node, %opt);
	if ($road eq 'set_token')
	{
		$wire->query("SELECT authz.set_token('$token{$who}')")->answers;
	}
	else
	{
		$wire->query("SET dbmi_authz.token = '$token{$who}'")->answers;
		$wire->query("LOAD 'dbmi_authz'")->answers;
	}
	return $wire;
}

# ---- functions that the protocol calls ----
# C1.9: no query starts, and who only reads is looked at all the same
for my $road ('set_token', 'SET before the library is loaded')
{
	for my $who ('ann', 'bot', 'writer')
	{
		my $expected = $who eq 'bot' ? '25006' : 'done';
		is(call(wire_as($road, $who), 'nextval', $seq), $expected, "$road, $who: a sequence");
		is(call(wire_as($road, $who), 'moves'), $expected, "$road, $who: a function that moves one");
		is(call(wire_as($road, $who), 'adds'), $expected, "$road, $who: a function that inserts");
		is(call(wire_as($road, $who), 'lo_creat', 0x60000), $large ? $expected : 'done', "$road, $who: a large object, as the release has it");
	}
}
my $wire = wire_as('set_token', 'bot');
$wire->query('BEGIN')->answers;
is(call($wire, 'authz.clear_token'), 'done', 'logged out');
is(call($wire, 'nextval', $seq), '25006', 'and the transaction only reads');
$wire->query('ROLLBACK')->answers;
is(call($wire, 'nextval', $seq), '25006', 'rolled back: the actor is in force again');
is(call($wire, 'authz.clear_token'), 'done', 'logged out in a transaction of its own');
is(call($wire, 'nextval', $seq), 'done', 'and the next one writes');

# ---- portals ----
for my $who ('bot', 'writer')
{
	my $wire = wire_as('set_token', 'ann');
	my $login = "SELECT authz.set_token('$token{$who}')";
	my @refused = $who eq 'bot' ? '25006: cannot execute SELECT FOR UPDATE in a read-only transaction' : ();
	$wire->query('BEGIN')->answers;
	my @got = $wire->parse('locks', 'SELECT id FROM doc ORDER BY id FOR UPDATE')->bind('locks', 'locks')->execute('locks', 2)->sync->answers;
	is_deeply(\@got, [ 1, 2, 'suspended' ], "$who: a portal that locks rows");
	@got = grep { /./ } $wire->run($login)->execute('locks', 1)->sync->answers;
	is_deeply(\@got, @refused ? \@refused : [ 3, 'suspended' ], "$who: it goes on, or not");
	$wire->query('ROLLBACK')->answers;

	# bound before the login, and started then
	$wire = wire_as('set_token', 'ann');
	$wire->query('BEGIN')->answers;
	@got = grep { /./ } $wire->parse('', 'SELECT id FROM doc WHERE id = 1 FOR UPDATE')->bind('late', '')
		->parse('', $login)->bind('', '')->execute('')->execute('late')->sync->answers;
	is_deeply(\@got, @refused ? \@refused : [1], "$who: bound before");
	$wire->query('ROLLBACK')->answers;

	# one transaction of all that comes before a Sync
	$wire = wire_as('set_token', 'ann');
	@got = grep { /./ } $wire->run('INSERT INTO doc VALUES (7) RETURNING id')->run($login)->run('DELETE FROM doc WHERE id = 7 RETURNING id')->sync->answers;
	is_deeply(\@got, $who eq 'bot' ? [ 7, '25006: cannot execute DELETE in a read-only transaction' ] : [ 7, 7 ], "$who: in a row");
	@got = grep { /./ } $wire->query("SELECT count(*) FROM doc WHERE id = 7; $login; SELECT nextval('seq') > 0")->answers;
	is_deeply([ map { /^(\w+)/ } @got ], [ 0, $who eq 'bot' ? '25006' : 't' ], "$who: several statements at once");
}

$node->stop;
done_testing();
