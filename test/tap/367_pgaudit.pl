# dbmi_authz.log_identity: pgaudit's lines carry who is logged in, in whatever
# order the two libraries are loaded, and no byte of a token of ours.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'pgaudit is not installed' unless glob server_directory('sharedir') . '/extension/pgaudit.control';

my %token = (ann => mint(jti => 'J1', act => { sub => 'bot' }), bob => mint(sub => 'bob'));
my %who = (ann => { issuer => 'https://id.example', subject => 'ann', actor => 'bot', token_id => 'J1' },
	bob => { issuer => 'https://id.example', subject => 'bob', actor => undef, token_id => undef });

for my $libraries ('pgaudit, dbmi_authz', 'dbmi_authz, pgaudit')
{
	my $node = start_node($libraries =~ s/\W+/_/gr, "shared_preload_libraries = '$libraries'", "pgaudit.log = 'read, write, ddl'", 'pgaudit.log_catalog = off',
		'dbmi_authz.log_identity = all', "log_line_prefix = '%u '");
	trust($node, 'postgres');
	$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION pgaudit;
CREATE ROLE app LOGIN;
CREATE ROLE auditor;
ALTER SYSTEM SET pgaudit.role = 'auditor';
SELECT pg_reload_conf();
CREATE TABLE doc (id int, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
GRANT ALL ON doc TO app;
GRANT SELECT (owner) ON doc TO auditor;
CREATE FUNCTION reads() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM doc); END';
SQL
	my $wire = AzWire->new($node);
	my $seen = -s $node->logfile;

	# The audit lines of statements, and who stands behind each; undef: nobody.
	my $audited = sub {
		my ($who, @sql) = @_;
		$wire->parse('', 'SELECT authz.set_token($1)')->bind('', '', $token{$who})->execute('')->sync->answers if $who;
		$wire->query('SELECT authz.clear_token()')->answers unless $who;
		$wire->heard;
		$seen = -s $node->logfile;
		$wire->query($_)->answers for @sql;
		my $text = log_since($node, \$seen);
		for my $secret (values %token) { fail "a token in: $text" if holds_token($text, $secret); }
		fail "the client got it: $_" for grep { /token_id/ } $wire->heard;
		my @lines;
		while ($text =~ /^app LOG:  AUDIT: (\w+),\d+,\d+,(\w+),.*\n(?:app DETAIL:  identity: (.*)\n)?/mg)
		{
			push @lines, [ $1, $2, defined $3 ? JSON::PP->new->decode($3) : undef ];
		}
		return \@lines;
	};
	my @sql = ('SELECT count(*) FROM doc', "UPDATE doc SET id = 3 WHERE owner = 'ann'", 'CREATE TEMP TABLE t (a int)');
	for my $name ('ann', 'bob')
	{
		my $lines = $audited->($name, @sql, 'DROP TABLE t');
		cmp_ok(scalar @$lines, '>=', 4, "$libraries: $name: there are lines");
		is_deeply([ map { $_->[2] } @$lines ], [ ($who{$name}) x @$lines ], "$libraries: $name: behind each line");
	}
	my $lines = $audited->('ann', 'SELECT reads()');
	cmp_ok(scalar @$lines, '>=', 1, "$libraries: a function: there are lines");
	is_deeply([ map { $_->[2] } @$lines ], [ ($who{ann}) x @$lines ], "$libraries: a function");
	$lines = $audited->(undef, 'SELECT count(*) FROM doc');
	cmp_ok(scalar @$lines, '>=', 1, "$libraries: nobody: there are lines");
	is_deeply([ map { $_->[2] } @$lines ], [ (undef) x @$lines ], "$libraries: nobody");
	$node->stop;
	unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|server process .* exited|TRAP/, "$libraries: nothing crashed");
}
done_testing();
