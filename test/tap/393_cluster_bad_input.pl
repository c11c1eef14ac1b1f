# What goes wrong between a coordinator and its nodes: right rows or an error, and nothing
# left behind on any connection.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzCitus;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($coordinator, @nodes) = start_cluster(2);
my %tokens = (ann => mint(email => 'ann@id.example'), bob => mint(sub => 'bob'));
my $memo = 'SELECT id FROM memo;';
my ($ann, $bob) = ('1 2 3 4 5', '6 7 8 9 10');
my $left = "SELECT ask_kept('SELECT authz.is_authenticated() OR current_setting(''dbmi_authz.token'', true) <> ''''');\n" .
	"SELECT ask_kept('SELECT count(*) FROM memo');\n";
my @nothing = ('f,f', '0,0');

# As in 390.
sub gives
{
	my ($what, $sql, @expected) = @_;
	$sql =~ s/^(ann|bob)$/SELECT authz.set_token('%{$1}') \\g \/dev\/null/mg;
	my @got = map { /^[\d ]+$/ ? join ' ', sort { $a <=> $b } split : $_ }
		session($coordinator, "\\pset recordsep ' '\n$sql", tokens => \%tokens);
	my $same = @got == @expected;
	for my $i (0 .. $#expected)
	{
		$same &&= ref $expected[$i] ? $got[$i] =~ $expected[$i] : $got[$i] eq $expected[$i];
	}
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($same, $what) or diag("got:\n  ", join("\n  ", @got), "\nexpected:\n  ", join("\n  ", @expected));
	return;
}

my $as_ann = "BEGIN;\nann\n$memo\nROLLBACK;\n";
my $refused = qr/^28000: the identity that another server handed over was refused/;
my $differs = qr/^55000: what is stored here for the identity differs from the server that hands it over/;
gives('all is well', $as_ann . $left, $ann, @nothing);

# keys, and who may hand over
my $node = $nodes[0];
my $public = $node->safe_psql('postgres', "SELECT jwk FROM authz.cluster_keys() WHERE kid = 'c1'");
$node->safe_psql('postgres', "SELECT authz.drop_cluster_key('c1'); SELECT authz.add_cluster_key('other')");
gives('a node that does not know the key', $as_ann, $refused);
$node->safe_psql('postgres', "SELECT authz.drop_cluster_key('other'); SELECT authz.add_cluster_key('c1')");
gives('one that has another of that name', $as_ann, $refused);
$node->safe_psql('postgres', "SELECT authz.drop_cluster_key('c1'); SELECT authz.add_cluster_key_public('c1', '$public')");
gives('the key is back', $as_ann, $ann);
$node->safe_psql('postgres', 'REVOKE cluster FROM app');
gives('a role that is not one of the cluster\'s', $as_ann, qr/^28000: /);
$node->safe_psql('postgres', 'GRANT cluster TO app');
# of a query that writes Citus makes the node's error a warning, and its own is an internal one
$_->safe_psql('postgres', 'CREATE ROLE outsider LOGIN; GRANT ALL ON memo TO outsider') for $coordinator, @nodes;
my $super = getpwuid $<;
my $writes = "UPDATE memo SET owner = 'eve' WHERE mine(owner) OR authz.has_scope('admin')";
my @essential = ('28000: failure on connection marked as essential: node 0', 'DETAIL:  A node has refused the identity; the warning before this says why.',
	'HINT:  Nodes take it on connections of members of dbmi_authz.cluster_role.  Work as a role that is one of these members; a superuser does not count as one.');
for my $who ('outsider', $super)
{
	my @got = session($coordinator, "BEGIN; SELECT authz.set_token('%{ann}') \\g /dev/null\n$writes;", tokens => \%tokens, user => $who, details => 1);
	is_deeply([ shift @got, shift @got ], [ 'WARNING:  28000: token was refused', 'DETAIL:  {"error":"invalid_token","error_description":"Assertion is not accepted here"}' ], "one who writes, $who: a warning, why");
	is_deeply([ @got[ 1 .. $#got ] ], \@essential, '... and an error of that code');
	is_deeply([ session($coordinator, "BEGIN; $writes; ROLLBACK;", user => $who) ], [], '... and for nobody none');
}

# what a node has stored
$node->safe_psql('postgres', "SELECT authz.drop_issuer('https://id.example')");
gives('a node without the issuer', $as_ann, $refused);
trust_again($node, '{"leeway_seconds": 30}');
gives('an option that changes no answer', $as_ann, $ann);
$node->safe_psql('postgres', "SELECT authz.drop_issuer('https://id.example')");
trust_again($node, '{"client": "clinic"}');
gives('one that does', $as_ann, $differs);
$node->safe_psql('postgres', "SELECT authz.drop_issuer('https://id.example')");
trust_again($node, '{}');
$node->safe_psql('postgres', "INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'ann')");
gives('a subject who is inactive there', $as_ann . "BEGIN;\nbob\n$memo\nROLLBACK;\n", $differs, $bob);
$node->safe_psql('postgres', 'DELETE FROM authz.inactive_subject');
$_->safe_psql('postgres', "SELECT authz.drop_issuer('https://id.example')") for $coordinator, @nodes;
trust_again($_, '{"client": "clinic"}') for $coordinator, @nodes;
gives('item permissions that nobody has', $as_ann, $ann);
my $grant = "INSERT INTO authz.item_permission (email, client, item, permission, granted_by) VALUES ('ann\@id.example', 'clinic', 'clinic.x', 'VIEW', 'test')";
$coordinator->safe_psql('postgres', $grant);
gives('one that the nodes have not', $as_ann . "BEGIN;\nbob\n$memo\nROLLBACK;\n", $differs, $bob);
$_->safe_psql('postgres', $grant) for @nodes;
gives('one that they have', $as_ann, $ann);
my $acting = "BEGIN;\nSELECT authz.set_token('" . mint(act => { sub => 'bot' }) . "') \\g /dev/null\n$memo\nROLLBACK;\n";
$_->safe_psql('postgres', "SELECT authz.set_actor_ceiling('https://id.example', 'bot', read_only => true)") for $coordinator, @nodes;
gives('a ceiling', $acting, $ann);
$node->safe_psql('postgres', "SELECT authz.set_actor_ceiling('https://id.example', 'bot', read_only => false)");
gives('one that lets write there', $acting, $differs);
$node->safe_psql('postgres', "SELECT authz.set_actor_ceiling('https://id.example', 'bot', read_only => true, permissions => '{p}')");
gives('one that leaves less there', $acting, $differs);
$node->safe_psql('postgres', "SELECT authz.drop_actor_ceiling('https://id.example', 'bot')");
gives('one that is missing there', $acting, $differs);
$_->safe_psql('postgres', "SELECT authz.drop_actor_ceiling('https://id.example', 'bot')") for $coordinator, @nodes[ 1 .. $#nodes ];
gives('none', $acting, $ann);

# connections
gives('a connection that is cut within a transaction',
	"BEGIN;\nann\n$memo\n\\! psql -XAtqc \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'citus_%'\" -d '" .
	$node->connstr('postgres') . "' >/dev/null\n$memo\nROLLBACK;\n$as_ann$left", $ann, qr/^(57P01|08006): /, $ann, @nothing);
gives('a statement that is cancelled',
	"BEGIN;\nann\nSET LOCAL statement_timeout = 200;\nSELECT id, pg_sleep(10) FROM memo;\nROLLBACK;\n$as_ann$left", qr/^57014: /, $ann, @nothing);
gives('one in a subtransaction',
	"BEGIN;\nann\n$memo\nSAVEPOINT a;\nSET LOCAL statement_timeout = 200;\nSELECT id, pg_sleep(10) FROM memo;\nROLLBACK TO a;\n$memo\nROLLBACK;\n$as_ann$left",
	$ann, qr/^57014: /, qr/./, $ann, @nothing);
$node->stop('immediate');
gives('a node that is down', $as_ann, qr/^08001: /, qr/./);
$node->start;
# it takes nothing that was issued in the second in which it started, or before
sleep 2;
gives('one that is back', $as_ann . $left, $ann, @nothing);

# savepoints without end
my $storm = join '', map { "SAVEPOINT a;\n$memo\n" . ($_ % 3 ? "RELEASE a;\n" : "ROLLBACK TO a;\n") } 1 .. 150;
gives('a storm of savepoints', "BEGIN;\nann\n${storm}COMMIT;\n$left", ($ann) x 150, @nothing);
my $depth = join '', map { "SAVEPOINT a$_;\n" . ($_ % 2 ? "ann\n" : "bob\n") . $memo . "\n" } 1 .. 60;
gives('one within the other', "BEGIN;\n${depth}ROLLBACK TO a30;\nann\n$memo\nRELEASE a1;\n$memo\nCOMMIT;\n$left", ($ann, $bob) x 30, $ann, $ann, @nothing);

# the extension
old_version();
$node->safe_psql('postgres', 'DROP EXTENSION dbmi_authz CASCADE');
gives('a node that has lost the extension', $as_ann, '42883: function authz.version() does not exist');
gives('... one who writes: an error of Citus that comes of something else is as it is', "BEGIN;\nann\n$writes;", 'WARNING:  42883: function authz.version() does not exist', 'XX000: failure on connection marked as essential: node 0');
$node->safe_psql('postgres', "DROP SCHEMA authz; CREATE EXTENSION dbmi_authz VERSION '1.0'; CREATE POLICY p ON memo USING (mine(owner));");
trust_again($node, '{"client": "clinic"}');
gives('one that has an older one', $as_ann, '42883: function authz.version() does not exist');

sub trust_again
{
	my ($server, $options) = @_;
	my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
	$server->safe_psql('postgres', "SELECT authz.add_issuer('https://id.example', '{clinic}', options => '$options'); SELECT authz.add_pem('https://id.example', '$pem', 'k1', 'ES256')");
	return;
}

done_testing;
