# Lines about logins and the identity behind lines, stopped at any moment: memory
# runs out at each allocation, the query is cancelled wherever PostgreSQL looks for
# that.  The session lives, is who the rules say, and the next line is right.
#
# test/faults/faults.c, in LD_PRELOAD, makes it fail.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

$SIG{ALRM} = sub { BAIL_OUT('a session does not answer') };

my $faults = PostgreSQL::Test::Utils::tempdir() . '/faults.so';
build_library('faults/faults.c', $faults);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', join "\n", 'fsync = off', 'log_statement = none', 'log_min_messages = warning', 'log_min_error_statement = panic', 'max_connections = 100',
	'dbmi_authz.log_logins = all', 'dbmi_authz.log_rate = 0', 'dbmi_authz.log_identity = all', '');
{
	local $ENV{LD_PRELOAD} = $faults;
	$node->start;
}
trust($node, 'postgres');
my %token = (ann => mint(jti => 'J1'), bob => mint(sub => 'bob'), forged => forge());
$node->safe_psql('postgres', <<"SQL");
CREATE ROLE app LOGIN;
CREATE SCHEMA faults;
GRANT USAGE ON SCHEMA faults TO app;
CREATE FUNCTION faults.fail_allocations(int, boolean) RETURNS void LANGUAGE c AS '$faults';
CREATE FUNCTION faults.cancel_at(int) RETURNS void LANGUAGE c AS '$faults';
CREATE FUNCTION faults.counted_before() RETURNS int LANGUAGE c AS '$faults';
CREATE FUNCTION raises() RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE LOG ''raised'' USING DETAIL = ''identity: null''; END';
SQL

my $seen = 0;
sub logged
{
	my $all = slurp_file($node->logfile);
	my $new = substr($all, $seen);
	$seen = length $all;
	return $new;
}

sub on
{
	my ($wire, @statements) = @_;
	alarm 120;
	return grep { length } map { $wire->query($_)->answers } @statements;
}

my %faults = (
	'memory runs out once' => sub { "faults.fail_allocations($_[0], false)" },
	'memory has run out' => sub { "faults.fail_allocations($_[0], true)" },
	'cancelled' => sub { "faults.cancel_at($_[0])" });
my $who = "SELECT coalesce(authz.subject(), 'nobody'), authz.token_state()";

# a statement, and who it may leave where it has succeeded, and where it was refused
my %statements = (
	'a login' => [ "SELECT authz.set_token('$token{bob}') IS NULL", 'bob|valid' ],
	'a login by SET' => [ "SET dbmi_authz.token = '$token{bob}'", 'bob|valid' ],
	'a login that is refused' => [ "SELECT authz.try_set_token('$token{forged}')", 'nobody|rejected' ],
	'a line' => [ 'SELECT raises() IS NULL', 'ann|valid' ]);

# C6.7: faults while a line is written
for my $fault (sort keys %faults)
{
	for my $what (sort keys %statements)
	{
		my ($sql, $due) = @{ $statements{$what} };
		my $wire = AzWire->new($node);
		my $start = sub { on($wire, "DO 'BEGIN END'", "SELECT authz.set_token('$token{ann}')"); };
		$start->();
		on($wire, $sql);
		$start->();
		on($wire, 'SELECT ' . $faults{$fault}->(0) . "; $sql");
		my $n = (on($wire, 'SELECT faults.counted_before()'))[-1];
		my ($failed, $wrong, $step) = (0, 0, $n > 400 ? int($n / 200) : 1);
		for (my $i = 1; $i <= $n; $i += $step)
		{
			$start->();
			logged();
			my @got = on($wire, 'SELECT ' . $faults{$fault}->($i) . "; $sql");
			my $log = logged();
			my $has_failed = grep { /^(53200|57014|28000)/ } @got;
			$failed++ if $has_failed;
			my ($now) = on($wire, $who);
			on($wire, 'SELECT 1 / 0');
			my ($line) = logged() =~ /ERROR:  division by zero\n[^\n]*DETAIL:  (.*)\n/;
			# whatever was rolled back: a login that was refused leaves nobody
			my $right = $log =~ /login refused: / ? $now eq 'nobody|rejected' : $has_failed ? $now =~ /^(?:ann\|valid|nobody\|rejected)$/ : $now eq $due;
			my ($subject) = $now =~ /^(\w+)/;
			my $named = $subject eq 'nobody' ? !defined $line : defined $line && $line =~ /"subject": "$subject"/;
			next if $right && $named && !(grep { holds_token($log, $_) } values %token) && !grep { /^(?:42P17|XX)/ } @got;
			diag("$fault, $what at $i of $n: @got, then $now, ", $line // 'no identity', "\n$log") if $wrong++ < 3;
		}
		cmp_ok($failed, '>', 0, "$fault, $what: $n moments, $failed raised something") unless $n == 0;
		is($wrong, 0, "$fault, $what: afterwards all is right");
	}
}

unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|server process .* exited|TRAP/, 'nothing crashed');
$node->stop;
done_testing();
