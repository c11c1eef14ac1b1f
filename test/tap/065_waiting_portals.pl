# A plan for all users belongs to the portal or statement that keeps it: what
# becomes of its source meanwhile, or of the plan that displaced it, is nothing
# to it (src/planner/kept.c).

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE TABLE doc (id int PRIMARY KEY, owner text, n int);
INSERT INTO doc SELECT i, CASE WHEN i <= 3 THEN 'ann' ELSE 'bob' END, 0 FROM generate_series(1, 8) i;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
GRANT ALL ON doc TO app;

-- a rule's statement is planned beside the one that it belongs to
CREATE TABLE made (id int, owner text);
CREATE TABLE noted (id int, what text);
CREATE FUNCTION make() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'EXECUTE make'; END $$;
CREATE FUNCTION again(what text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('app.again', true) = 'on' THEN
		PERFORM set_config('app.again', 'off', false);
		PERFORM make();
	END IF;
	RETURN what;
END $$;
CREATE RULE note AS ON INSERT TO made DO ALSO INSERT INTO noted VALUES (new.id, again('x'));
GRANT ALL ON made, noted TO app;
SQL

my %tokens = (ann => mint(), bob => mint(sub => 'bob'), root => mint(sub => 'root', scope => 'admin'));
my $update = 'UPDATE doc SET n = n + 1 WHERE id < 100 RETURNING id';

# A session in which plans are shared at once, and who it is.
sub session_of
{
	my ($who) = @_;
	my $wire = AzWire->new($node, options => '-c plan_cache_mode=force_generic_plan');
	$wire->query("SELECT authz.set_token('$tokens{$who}')")->answers;
	return $wire;
}

sub is_answered
{
	my ($wire, $rows, $what) = @_;
	is_deeply([ grep { /\d/ } $wire->sync->answers ], $rows, $what);
}

# ---- the statement goes before the portal starts ----

my @anns = (1, 2, 3);
my $wire = session_of('ann');
for my $turn (1, 2)
{
	$wire->parse('s', $update)->bind('p', 's')->send_message('C', "Ss\0")->execute('p');
	is_answered($wire, \@anns, "turn $turn: the statement is closed before its portal is executed");
	$wire->parse('', $update)->bind('p1', '')->parse('', "$update, n")->bind('p2', '')->execute('p1')->execute('p2');
	my @both = grep { /\d/ } $wire->sync->answers;
	is(scalar @both, 6, "turn $turn: two of no name, bound before either is executed");
}

# ---- the plan is made anew before the portal starts ----

for my $change ('DISCARD PLANS', 'SET search_path = pg_catalog, public', 'SET dbmi_authz.plan_folding = off')
{
	for my $turn (1, 2)
	{
		$wire = session_of('ann');
		$wire->parse('s', $update)->bind('p1', 's')->parse('c', $change)->bind('', 'c')->execute('')
			->bind('p2', 's')->execute('p1')->execute('p2');
		is_answered($wire, [ @anns, @anns ], "$change, turn $turn: both portals are executed");
		$wire->query($update);
		is_answered($wire, \@anns, "$change, turn $turn: and the next query");
	}
}

# ---- somebody else comes before the portal starts: that one is answered ----

$wire = session_of('ann');
$wire->parse('l', "SELECT authz.set_token('$tokens{bob}') IS NULL")->parse('s', $update)->bind('p', 's')
	->bind('', 'l')->execute('')->execute('p');
is_answered($wire, [ 4 .. 8 ], 'bound by one, executed by another: the rows of the other');
$wire = session_of('ann');
$wire->parse('l', "SELECT authz.set_token('$tokens{root}') IS NULL")->parse('s', $update)->bind('p', 's')
	->bind('', 'l')->execute('')->execute('p');
is_answered($wire, [ 1 .. 8 ], 'and so with another shape');

# ---- many are displaced in one transaction ----

$wire = session_of('ann');
$wire->query('BEGIN')->answers;
$wire->parse('s', $update)->bind('first', 's');
$wire->parse('d', 'DISCARD PLANS');
$wire->bind('', 'd')->execute('')->bind("p$_", 's')->execute("p$_") for 1 .. 40;
$wire->execute('first')->parse('e', 'ROLLBACK')->bind('', 'e')->execute('');
is_answered($wire, [ map { @anns } 1 .. 41 ], 'forty plans later the first portal is executed');

# ---- planning a rule's statement runs the statement that it belongs to ----

$node->safe_psql('postgres', 'GRANT SELECT ON doc TO app');
$wire = session_of('ann');
$wire->query('PREPARE make AS INSERT INTO made SELECT id, owner FROM doc')->answers;
for my $turn (1 .. 3)
{
	$wire->query("SET app.again = 'on'")->answers;
	is_deeply([ grep { /:/ } $wire->query('EXECUTE make')->answers ], [], "turn $turn: no error");
	$wire->query('DISCARD PLANS')->answers;
}
$wire->query('SELECT count(*), count(DISTINCT owner) FROM made');
is_deeply([ $wire->answers ], [ '18|1' ], 'and the rows are there, those of the nested ones too');

unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|leak/, 'nothing crashed, nothing leaked');
$node->stop;
done_testing();
