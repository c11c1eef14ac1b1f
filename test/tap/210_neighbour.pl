# Beside another extension, to which the settings "authz.*" belong: both work,
# whoever is loaded first, and neither makes anybody of anybody for the other.
# Without it such settings are names without a meaning.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use Test::More;

# The neighbour, into the directories of this throw-away server.
my $source = "$FindBin::RealBin/../neighbour";
my $share = server_directory('sharedir');
my @made = (server_directory('pkglibdir') . '/neighbour.so', map { "$share/extension/$_" } 'neighbour.control', 'neighbour--1.0.sql');
build_library('neighbour/neighbour.c', $made[0]);
copy("$source/neighbour.control", $made[1]) or die $!;
copy("$source/neighbour--1.0.sql", $made[2]) or die $!;
END { my $status = $?; unlink @made; $? = $status; }

my $node = start_node('main');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN; CREATE ROLE carrier LOGIN; CREATE ROLE dbo LOGIN; CREATE DATABASE theirs OWNER dbo');
trust($node, 'postgres');
my %tokens = (ann => mint(), bob => mint(sub => 'bob'));
my @settings = ('authz.user', 'authz.token', 'authz.subject', 'authz.foo', 'authz.claims');

sub gives
{
	my ($what, $sql, @expected) = @_;
	my %opt = ref $expected[-1] eq 'HASH' ? %{ pop @expected } : ();
	$sql =~ s/((?:SET|LOCAL|SHOW) authz\.)user\b/$1"user"/g;	# a word of SQL
	$sql =~ s/^(ann|bob)$/SELECT authz.set_token('%{$1}') \\g \/dev\/null/mg;
	my @got = session($node, $sql, tokens => \%tokens, %opt);
	my $same = @got == @expected;
	for my $i (0 .. $#expected)
	{
		$same &&= ref $expected[$i] ? $got[$i] =~ $expected[$i] : $got[$i] eq $expected[$i];
	}
	ok($same, $what) or diag("got:\n  ", join("\n  ", @got), "\nexpected:\n  ", join("\n  ", @expected));
	return;
}

# Nobody owns the prefix: anybody may set what he likes, and is nobody.
my $who = "SELECT coalesce(authz.subject(), 'nobody'), authz.token_state();";
for my $setting (@settings)
{
	for my $way ("SET $setting = 'ann';", "SELECT set_config('$setting', 'ann', false) \\g /dev/null", "BEGIN; SET LOCAL $setting = 'ann';", "ALTER ROLE carrier SET $setting = 'ann';")
	{
		my $user = $way =~ /^ALTER/ ? $super : 'app';
		gives("no identity by: $way", "$way\n$who", 'nobody|none', { user => $user });
		gives("nor another one by: $way", "ann\n$way\n$who", 'ann|valid', { user => $user });
	}
	gives("no identity by an option of the connection, $setting", $who, 'nobody|none', { options => "-c $setting=ann" });
	gives("no identity by an option of the role, $setting", "SHOW $setting;\n$who", 'ann', 'nobody|none', { user => 'carrier' });
	$node->safe_psql('postgres', 'ALTER ROLE carrier RESET ALL');
}

# The neighbour moves in, and is used in both ways.
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION neighbour;
CREATE TABLE ours AS SELECT i AS id, CASE WHEN i <= 2 THEN 'ann' ELSE 'bob' END AS owner FROM generate_series(1, 5) i;
CREATE TABLE their AS TABLE ours;
CREATE TABLE joint AS TABLE ours;
ALTER TABLE ours ENABLE ROW LEVEL SECURITY;
ALTER TABLE their ENABLE ROW LEVEL SECURITY;
ALTER TABLE joint ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON ours USING (authz.is_owner(owner));
CREATE POLICY p ON their USING (neighbour.is_owner(owner));
CREATE POLICY p ON joint USING (authz.is_owner(owner) AND neighbour.is_owner(owner));
GRANT SELECT ON ours, their, joint TO app;
SQL
my $ask = "SELECT coalesce(authz.subject(), 'nobody'), neighbour.subject(), (SELECT count(*) FROM ours), (SELECT count(*) FROM their), (SELECT count(*) FROM joint);";
my %loading = (
	'as they are called, we first' => [ '', "SELECT authz.token_state() \\g /dev/null\nSELECT neighbour.subject() \\g /dev/null" ],
	'as they are called, the neighbour first' => [ '', "SELECT neighbour.subject() \\g /dev/null\nSELECT authz.token_state() \\g /dev/null" ],
	'with the session, we first' => [ 'session_preload_libraries = dbmi_authz, neighbour', '' ],
	'with the session, the neighbour first' => [ 'session_preload_libraries = neighbour, dbmi_authz', '' ],
	'with the server, we first' => [ 'shared_preload_libraries = dbmi_authz, neighbour', '' ],
	'with the server, the neighbour first' => [ 'shared_preload_libraries = neighbour, dbmi_authz', '' ]);
for my $how (sort keys %loading)
{
	my ($conf, $first) = @{ $loading{$how} };
	my ($name, $value) = split ' = ', $conf;
	if ($conf)
	{
		$node->safe_psql('postgres', "ALTER SYSTEM SET $name = $value");
		$node->restart;
	}
	gives("$how: each has its own", "$first\n$ask\nSET authz.user = 'bob';\n$ask\nann\n$ask\nSELECT neighbour.set_token('ann') \\g /dev/null\n$ask\nbob\n$ask\nSELECT authz.clear_token() \\g /dev/null\n$ask",
		'nobody||0|0|0', 'nobody|bob|0|3|0', 'ann|bob|2|3|0', 'ann|ann|2|2|2', 'bob|ann|3|2|0', 'nobody|ann|0|2|0');
	gives("$how: set early", "SET authz.user = 'bob';\nSET dbmi_authz.token = '%{ann}';\n$first\n$ask", 'ann|bob|2|3|0');
	gives("$how: a transaction, a savepoint, a reset",
		"$first\nBEGIN;\nSET LOCAL authz.user = 'ann';\nSET LOCAL dbmi_authz.token = '%{bob}';\nSAVEPOINT s;\nSET LOCAL authz.user = 'bob';\n$ask\nROLLBACK TO s;\n$ask\nCOMMIT;\n$ask\nann\nSET authz.user = 'ann';\nRESET authz.user;\n$ask\nSET authz.user = 'bob';\nRESET dbmi_authz.token;\n$ask\nann\nDISCARD ALL;\n$ask",
		'bob|bob|3|3|3', 'bob|ann|3|2|0', 'nobody||0|0|0', 'ann||2|0|0', 'nobody|bob|0|3|0', 'nobody||0|0|0');
	gives("$how: a failed login is ours alone", "$first\nSET authz.user = 'bob';\nSELECT authz.set_token('bob');\n$ask", qr/^28000: /, 'nobody|bob|0|3|0');
	gives("$how: to each its prefix", "$first\nSET authz.foo = 1;\nSET dbmi_authz.foo = 1;\nSET authz.strict = on;\nSET dbmi_authz.token_scope = 'transaction';",
		qr/^42602: .*"authz\.foo"/, qr/^42602: .*"dbmi_authz\.foo"/, qr/^42501: .*"authz\.strict"/, qr/^42501: .*"dbmi_authz\.token_scope"/);
	gives("$how: a kept plan", "$first\nSET plan_cache_mode = force_generic_plan;\nPREPARE q AS $ask\nann\nSET authz.user = 'ann';\nEXECUTE q;\nbob\nEXECUTE q;\nSET authz.user = 'bob';\nEXECUTE q;",
		'ann|ann|2|2|2', 'bob|ann|3|2|0', 'bob|bob|3|3|3');
	if ($conf)
	{
		$node->safe_psql('postgres', "ALTER SYSTEM RESET $name");
		$node->restart;
	}
}

# Each comes and goes without the other, and neither may have the other's place.
my $settle = "CREATE EXTENSION %s;\nSELECT string_agg(extname, ' ' ORDER BY extname COLLATE \"C\") FROM pg_extension WHERE extname <> 'plpgsql';";
gives('the owner of a database installs both, the neighbour first', sprintf($settle, 'neighbour') . sprintf($settle, 'dbmi_authz'), 'neighbour', 'dbmi_authz neighbour', { db => 'theirs', user => 'dbo' });
gives('and drops the neighbour', "DROP EXTENSION neighbour;\nSELECT authz.add_issuer('x', '{y}') \\g /dev/null\n$who", 'nobody|none', { db => 'theirs', user => 'dbo' });
gives('and takes it back', sprintf($settle, 'neighbour') . "SET authz.user = 'ann';\nDROP EXTENSION dbmi_authz;\nSELECT neighbour.subject();", 'dbmi_authz neighbour', 'ann', { db => 'theirs', user => 'dbo' });
gives('and us', sprintf($settle, 'dbmi_authz') . $who, 'dbmi_authz neighbour', 'nobody|none', { db => 'theirs', user => 'dbo' });

unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal/, 'nothing crashed');
$node->stop;
done_testing();
