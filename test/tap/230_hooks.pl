# Beside a library that watches and forbids functions, as sepgsql does: what
# folding answers is watched and forbidden as what is called.  And beside one
# that calls checks without the planner knowing.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

# The library, into the directory of this throw-away server.
my $library = server_directory('pkglibdir') . '/hooks.so';
build_library('hooks/hooks.c', $library);
END { my $status = $?; unlink $library; $? = $status; }

my $node = start_node('main', "session_preload_libraries = 'dbmi_authz'");
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE FUNCTION hooks_direct(text, text) RETURNS boolean LANGUAGE c STABLE AS '$libdir/hooks';
CREATE FUNCTION hooks_by_oid(regprocedure, text) RETURNS boolean LANGUAGE c STABLE AS '$libdir/hooks';
CREATE FUNCTION hooks_asked() RETURNS integer LANGUAGE c VOLATILE AS '$libdir/hooks';
CREATE TABLE doc AS SELECT i AS id, CASE WHEN i <= 2 THEN 'ann' ELSE 'bob' END AS owner FROM generate_series(1, 4) i;
GRANT SELECT ON doc TO app;
CREATE FUNCTION become(token text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN PERFORM authz.set_token(token); RETURN true; END $$;
CREATE FUNCTION on_its_own(which regprocedure, token text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before boolean := hooks_by_oid(which, 'k1') OR hooks_direct('authz_has_role', 'x');
BEGIN
	PERFORM authz.set_token(token);
	RETURN before || ' ' || hooks_by_oid(which, 'k1');
END $$;
SQL
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION arrays_on_its_own(token text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before boolean := ARRAY['k1'::word] = ARRAY[token::word];
BEGIN
	PERFORM authz.set_token(token);
	RETURN before || ' ' || (ARRAY['k1'::word] = ARRAY[token::word]);
END $$;
SQL
my %tokens = (ann => mint(scope => 'k1'), bob => mint(sub => 'bob'));

sub gives
{
	my ($what, $sql, @expected) = @_;
	$sql =~ s/^(ann|bob)$/SELECT authz.set_token('%{$1}') \\g \/dev\/null/mg;
	# what is planted in our schema below is told once a session (Z6)
	my @got = grep { !/^WARNING:  01000: schema "authz" holds/ }
		session($node, "SELECT hooks_asked() \\g /dev/null\n$sql", tokens => \%tokens);
	my $same = @got == @expected;
	for my $i (0 .. $#expected)
	{
		$same &&= ref $expected[$i] ? $got[$i] =~ $expected[$i] : $got[$i] eq $expected[$i];
	}
	ok($same, $what) or diag("got:\n  ", join("\n  ", @got), "\nexpected:\n  ", join("\n  ", @expected));
	return;
}

# Z2: the hook for access to objects
my $forbidden = '42501: the hook forbids is_owner';
my $query = 'SELECT count(*) FROM doc WHERE authz.is_owner(owner);';
for my $folding ('on', 'off')
{
	gives("without the hook, folding $folding", "SET dbmi_authz.plan_folding = $folding;\nann\n$query", 2);
	gives("forbidden, folding $folding", "SET dbmi_authz.plan_folding = $folding;\nann\nSET hooks.forbidden = 'is_owner';\n$query\nRESET hooks.forbidden;\n$query", $forbidden, 2);
	gives("forbidden where no row gets to it, folding $folding",
		"SET dbmi_authz.plan_folding = $folding;\nann\nSET hooks.forbidden = 'is_owner';\nSELECT count(*) FROM doc WHERE CASE WHEN id < 0 THEN authz.is_owner(owner) END;", $forbidden);
	gives("forbidden in a plan that is kept, folding $folding",
		"SET dbmi_authz.plan_folding = $folding;\nann\nSET plan_cache_mode = force_generic_plan;\nPREPARE q AS $query\nEXECUTE q;\nSET hooks.forbidden = 'is_owner';\nEXECUTE q;\nRESET hooks.forbidden;\nEXECUTE q;\nSELECT hooks_asked();",
		2, $forbidden, 2, 1);
	gives("another one is forbidden, folding $folding", "SET dbmi_authz.plan_folding = $folding;\nann\nSET hooks.forbidden = 'has_scope';\n$query", 2);
}

# Z2: who wants to see functions entered and left, sees them
gives('folded, when nobody watches', "ann\nEXPLAIN (COSTS OFF) SELECT FROM doc WHERE authz.has_scope('k1');", 'Seq Scan on doc');
gives('called, when somebody does', "ann\nSET hooks.watched = 'has_scope';\nEXPLAIN (COSTS OFF) SELECT FROM doc WHERE authz.has_scope('k1');\nSELECT count(*) FROM doc WHERE id < 2 AND authz.has_scope('k1');",
	'Result', qr/One-Time Filter: authz.has_scope/, qr/Seq Scan/, 'NOTICE:  00000: watched: has_scope', 1);

# Z12: a check that is called without the planner knowing
my $changed = '28000: identity has changed since the query was planned';
my $runs = '55000: cannot change the identity while a query that asked for it is running';
for my $call ("hooks_direct('authz_has_scope', 'k1')", "hooks_by_oid('authz.has_scope(text)', 'k1')")
{
	gives("$call answers", "ann\nSELECT $call FROM doc WHERE id < 3;\nbob\nSELECT $call FROM doc WHERE id < 3;", 't', 't', 'f', 'f');
	gives("$call, and somebody else within the query",
		"ann\nSELECT id, $call FROM doc WHERE CASE WHEN id = 3 THEN become('%{bob}') ELSE true END;\nSELECT authz.subject();", $runs, 'ann');
	gives("$call, and a cursor", "ann\nBEGIN;\nDECLARE c CURSOR FOR SELECT $call FROM doc;\nFETCH c;\nbob\nFETCH c;\nROLLBACK;", 't', $changed);
	gives("$call asked by nobody's query", "ann\nBEGIN;\nDECLARE c CURSOR FOR SELECT id FROM doc;\nFETCH c;\nSELECT $call;\nbob\nFETCH c;\nSELECT $call;\nROLLBACK;", 1, 't', 2, 'f');
}
gives('on its own in a function', "ann\nSELECT on_its_own('authz.has_scope(text)', '%{bob}') FROM doc WHERE id < 3;", 'true false', 'false false');
gives('a value without a type is refused', "ann\nSELECT hooks_direct('authz_is_owner', 'ann');", '42804: could not determine the type of a value to compare with a claim');

# Z16: nor is one taken for ours because its symbol is the same, not even in our schema
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION authz.hooks_has_scope(text) RETURNS boolean LANGUAGE c STABLE AS '$libdir/hooks', 'authz_has_scope' SUPPORT authz.identity_support;
SET check_function_bodies = off;
CREATE FUNCTION authz.hooks_plpgsql(text) RETURNS boolean LANGUAGE plpgsql STABLE SUPPORT authz.identity_support AS 'authz_has_scope';
SQL
gives('of another library', "bob\nSELECT count(*) FROM doc WHERE authz.hooks_has_scope('k1');\nEXPLAIN (COSTS OFF) SELECT FROM doc WHERE authz.hooks_has_scope('k1');",
	4, 'Result', qr/One-Time Filter: authz.hooks_has_scope/, qr/Seq Scan/);
gives('of another language', "bob\nEXPLAIN (COSTS OFF) SELECT FROM doc WHERE authz.hooks_plpgsql('k1');", 'Result', qr/One-Time Filter: authz.hooks_plpgsql/, qr/Seq Scan/);

# Z12: the equality of a type, which is looked up once in a session
$node->safe_psql('postgres', <<'SQL');
CREATE TYPE word;
CREATE FUNCTION word_in(cstring) RETURNS word LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION word_out(word) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE word (INPUT = word_in, OUTPUT = word_out, LIKE = text);
CREATE FUNCTION word_held(word, word) RETURNS boolean LANGUAGE c STABLE AS '$libdir/dbmi_authz', 'authz_has_scope';
CREATE FUNCTION word_hash(word) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'hashtext';
CREATE OPERATOR == (LEFTARG = word, RIGHTARG = word, FUNCTION = word_held);
CREATE OPERATOR CLASS word_ops DEFAULT FOR TYPE word USING hash AS OPERATOR 1 ==, FUNCTION 1 word_hash(word);
SQL
my $arrays = "ARRAY['k1'::word] = ARRAY[id::text::word]";
gives('an equality of arrays answers', "ann\nSELECT $arrays FROM doc WHERE id < 2;\nbob\nSELECT $arrays FROM doc WHERE id < 2;", 't', 'f');
gives('and somebody else within the query', "ann\nSELECT id, $arrays FROM doc WHERE CASE WHEN id = 3 THEN become('%{bob}') ELSE true END;\nSELECT authz.subject();", $runs, 'ann');
gives('and on its own in a function', "ann\nSELECT arrays_on_its_own('%{bob}') FROM doc WHERE id < 3;", 'true false', 'false false');

# The protocol: a portal that a limit suspended, and one that was only bound
sub wire
{
	my ($what, $expected, $messages) = @_;
	my $connection = AzWire->new($node);
	is_deeply([ $messages->($connection)->answers ], $expected, $what);
	return;
}
my %login = map { $_ => "SELECT authz.set_token('$tokens{$_}')" } keys %tokens;
my $rows = "SELECT id FROM doc WHERE hooks_direct('authz_has_scope', 'k1') OR id > 0 ORDER BY id";
wire('a suspended portal goes on as the same', [ '', 1, 2, 'suspended', 3, 4 ],
	sub { $_[0]->run('BEGIN')->run($login{ann})->parse('', $rows)->bind('p', '')->execute('p', 2)->execute('p', 0)->sync });
wire('and not as another', [ '', 1, 'suspended', '', $changed ],
	sub { $_[0]->run('BEGIN')->run($login{ann})->parse('', $rows)->bind('p', '')->execute('p', 1)->run($login{bob})->execute('p', 1)->sync });
wire('nor does one that another one bound', [ '', '', $changed ],
	sub {
		$_[0]->run('BEGIN')->run($login{ann})->parse('a', $login{bob})->parse('b', $rows)->bind('pa', 'a')->bind('pb', 'b')
		  ->execute('pa')->execute('pb')->sync;
	});

$node->stop;
done_testing();
