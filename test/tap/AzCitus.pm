package AzCitus;

# A coordinator and its nodes, as Citus has them, without Citus: its part is played by
# hooks/cluster_scan.c.  A row is on the node that its owner's name says.

use strict;
use warnings;

use Exporter qw(import);
use IPC::Run ();
use AzTest;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(start_cluster protect_tables distribute as_node place);

# The same as node_of() in cluster_scan.c.
sub place
{
	my ($value, $n) = @_;
	my $sum = 0;
	$sum += ord for split //, $value;
	return $sum % $n;
}

# Tables, policies and roles, the same on all servers; rows only where they belong.  The
# policy of "doc" says which node has all, once core's planner has simplified it; that
# of "memo" never does.
sub protect_tables
{
	my ($server, $which, $n) = @_;
	$server->safe_psql('postgres', <<'SQL');
CREATE ROLE cluster NOLOGIN;
CREATE ROLE app LOGIN IN ROLE cluster;
CREATE TABLE doc (id int PRIMARY KEY, owner text);
CREATE TABLE memo (id int PRIMARY KEY, owner text);
CREATE TABLE plain (id int PRIMARY KEY, owner text);
CREATE FUNCTION mine(text) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN authz.is_owner($1); END';
CREATE FUNCTION who() RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN coalesce(authz.subject(), 'nobody'); END $$;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE memo ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner => owner));
CREATE POLICY p ON memo USING (mine(owner) OR authz.has_scope('admin'));
CREATE TABLE doc_here (LIKE doc INCLUDING ALL);
CREATE TABLE memo_here (LIKE memo INCLUDING ALL);
ALTER TABLE doc_here ENABLE ROW LEVEL SECURITY;
ALTER TABLE memo_here ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc_here USING (authz.is_owner(owner));
CREATE POLICY p ON memo_here USING (mine(owner) OR authz.has_scope('admin'));
GRANT ALL ON doc, memo, plain, doc_here, memo_here TO app;
SQL
	my %rows;
	my $id = 0;
	for my $owner (qw(ann bob cyd dan))
	{
		for (1 .. 5)
		{
			my $row = '(' . ++$id . ", '$owner')";
			push @{ $rows{$_} }, $row for qw(doc_here memo_here);
			push @{ $rows{$_} }, $row for place($owner, $n) == $which ? qw(doc plain) : ();
			push @{ $rows{memo} }, $row if place($id, $n) == $which;
		}
	}
	$server->safe_psql('postgres', "INSERT INTO $_ VALUES " . join(', ', @{ $rows{$_} })) for keys %rows;
	return;
}

# Say on the coordinator which tables are on the nodes, as Citus's catalog does.
sub distribute
{
	my ($server, @tables) = @_;
	my $values = join ', ', map { "('$_'::regclass, '" . ($_ eq 'memo' ? 'id' : 'owner') . "')" } @tables;
	$server->safe_psql('postgres', <<"SQL");
SET allow_system_table_mods = on;
CREATE TABLE IF NOT EXISTS pg_catalog.pg_dist_partition (logicalrelid regclass PRIMARY KEY, partkey text);
INSERT INTO pg_catalog.pg_dist_partition VALUES $values;
SQL
	return;
}

# A server by itself: coordinator or node.
sub as_node
{
	my ($name, $which, $n, @conf) = @_;
	my $server = start_node($name, "dbmi_authz.cluster_role = 'cluster'",
		$which >= 0 ? "shared_preload_libraries = 'dbmi_authz'" : (), @conf);
	trust($server, 'postgres');
	protect_tables($server, $which, $n);
	return $server;
}

# The coordinator first, then as many nodes; all know the key "c1".
sub start_cluster
{
	my ($n, %opt) = @_;
	my $library = PostgreSQL::Test::Utils::tempdir() . '/cluster_scan.so';
	my $include = server_directory('includedir');
	# a copied pg_config puts a directory of its own in front
	$include =~ s{^/[^/]*}{} while length $include && !-d $include;
	build_library('hooks/cluster_scan.c', $library, "-I$include", '-Wl,--no-as-needed', '-lpq');
	my @nodes = map { as_node("node$_", $_, $n, @{ $opt{node_conf} // [] }) } 0 .. $n - 1;
	my $places = join '|', map { 'host=' . $_->host . ' port=' . $_->port } @nodes;
	my $coordinator = as_node('coordinator', -1, $n,
		"shared_preload_libraries = '" . join(', ', $library, 'dbmi_authz', $opt{after} // ()) . "'", @{ $opt{conf} // [] });
	distribute($coordinator, qw(doc memo plain));
	$coordinator->safe_psql('postgres', <<"SQL");
CREATE FUNCTION ask_kept(text) RETURNS text LANGUAGE c AS '$library', 'cluster_scan_ask_kept';
ALTER DATABASE postgres SET cluster_scan.nodes = '$places';
SQL
	unless ($opt{no_key})
	{
		my $public = $coordinator->safe_psql('postgres', "SELECT authz.add_cluster_key('c1')");
		$_->safe_psql('postgres', "SELECT authz.add_cluster_key_public('c1', '$public')") for @nodes;
	}
	return ($coordinator, @nodes);
}

1;
