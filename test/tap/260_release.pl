# Q3, C2.7: a minor release whose row-level security has a known hole is named,
# once, to whom it concerns, and nobody's log is filled with it.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

$ENV{DBMI_LOUD} = 1;

# The first minor releases with the mend of CVE-2026-14666, by their notes.
my %mended = (15 => 19, 16 => 15, 17 => 11, 18 => 6);
my $warning = qr/^(?:psql:\S* )?WARNING:  (?:\w{5}: )?PostgreSQL .* lacks fixes that row-level security depends on$/m;

# A library that makes the server older than it is.
my @made;
END { my $status = $?; unlink @made; $? = $status; }

sub older
{
	my ($release) = @_;
	push @made, server_directory('pkglibdir') . "/older_$release.so";
	build_library('neighbour/older.c', $made[-1], "-DRELEASE=$release");
	return "older_$release";
}

my $node = start_node('main');
my $number = $node->safe_psql('postgres', 'SHOW server_version_num');
my $major = int($number / 10000);
my $super = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN; CREATE ROLE dbo LOGIN; CREATE DATABASE theirs OWNER dbo');
trust($node, 'postgres');
$node->safe_psql('theirs', 'SET ROLE dbo; CREATE EXTENSION dbmi_authz');

# warned(NAME, TIMES, SQL, %how): that often in this session
sub warned
{
	my ($name, $times, $sql, %how) = @_;
	my @lines = session($node, $sql, user => $super, %how);
	is(scalar(grep { /$warning/ } @lines), $times, $name) or diag(join "\n", @lines);
	return;
}

my $asks = 'SELECT authz.token_state(); SELECT authz.has_scope(\'x\');';
my $administers = 'SELECT authz.add_issuer(\'x\', \'{y}\'); SELECT authz.drop_issuer(\'x\');';

# as it is
my $due = $number < $major * 10000 + ($mended{$major} // 0) ? 1 : 0;
warned("this release, $number", $due, "$asks$administers");

SKIP:
{
	skip 'no minor release of this version is known to lack them', 1 if !$mended{$major};

	for my $case ([ $mended{$major}, 0 ], [ $mended{$major} - 1, 1 ], [ 0, 1 ], [ 99, 0 ])
	{
		my ($minor, $times) = @$case;
		my $release = $major * 10000 + $minor;
		$node->append_conf('postgresql.conf', "shared_preload_libraries = '" . older($release) . "'");
		$node->restart;
		is($node->safe_psql('postgres', 'SHOW server_version_num'), $release, "a server that says $release");

		# who can have it updated is told once a session
		warned('a superuser who asks', $times, "$asks$asks");
		warned('a superuser who loads it', $times, "LOAD 'dbmi_authz'; $asks$administers");
		warned('a superuser who administers', $times, "$administers$asks");
		warned('the owner who administers', $times, "$administers$administers", user => 'dbo', db => 'theirs');
		# an application is not, and neither is who just asks
		warned('an application', 0, "SELECT authz.set_token('%{ann}'); $asks", user => 'app', tokens => { ann => mint() });
		warned('the owner who asks', 0, $asks, user => 'dbo', db => 'theirs');

		# loaded with each session: nothing at the start
		$node->safe_psql('postgres', "ALTER ROLE ALL SET session_preload_libraries = 'dbmi_authz'");
		warned('a superuser who does something else', 0, 'SELECT 1;');
		warned('and one who administers then', $times, "SELECT 1; $administers");
		warned('an application, preloaded', 0, $asks, user => 'app');
		$node->safe_psql('postgres', 'ALTER ROLE ALL RESET session_preload_libraries');
	}

	# what it says
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'older_${major}0000'");
	$node->restart;
	my @lines = session($node, $asks, user => $super, details => 1);
	my ($at) = grep { $lines[$_] =~ /$warning/ } 0 .. $#lines;
	like($lines[ $at + 1 ], qr/^DETAIL:  .*\(CVE-2026-14666\)\.$/, 'which hole');
	is($lines[ $at + 2 ], "HINT:  Update the server to PostgreSQL $major.$mended{$major} or later.", 'what to do');

	# and what it does not: the statement that loaded the library holds a token
	my $token = mint();
	my $from = -s $node->logfile;
	session($node, "DO \$\$ BEGIN EXECUTE format('SELECT authz.set_token(%L)', '$token'); END \$\$; SELECT 1;", user => $super);
	my $log = log_since($node, \$from);
	like($log, qr/WARNING:  PostgreSQL .* lacks fixes/, 'it is in the log');
	ok(!holds_token($log, $token), 'and no token beside it');

	# loaded with the server: once in the log, at the start
	$from = -s $node->logfile;
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'older_${major}0000, dbmi_authz'");
	$node->restart;
	session($node, $asks, user => 'app') for 1 .. 3;
	my @found = log_since($node, \$from) =~ /WARNING:  PostgreSQL .* lacks fixes/g;
	is(scalar @found, 1, 'loaded with the server, the log has it once');
	warned('and who administers is told', 1, $administers);
}

$node->stop;
done_testing();
