# Where a token may come from: the session itself, and nothing else.  And what
# becomes of one that was set before the library was there to judge it.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');
trust($node, 'postgres');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
my %tokens = (ann => mint(), bad => forge());
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE ROLE carrier LOGIN;
CREATE TABLE doc (id int, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
GRANT SELECT ON doc TO app, carrier;
GRANT CREATE ON SCHEMA public TO app;
CREATE FUNCTION definer_count() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
AS 'BEGIN RETURN (SELECT count(*) FROM doc) + CASE WHEN authz.is_authenticated() THEN 10 ELSE 0 END; END';
SQL

my $log_seen = 0;

# No token in what was logged since the last call, nor in what came back.
sub no_leak
{
	my ($what, @lines) = @_;
	my $all = slurp_file($node->logfile);
	my $new = substr($all, $log_seen);
	$log_seen = length $all;
	for my $token (values %tokens)
	{
		ok(!holds_token($new, $token), "$what: nothing in the log") or diag $new;
		ok(!holds_token(join("\n", @lines), $token), "$what: nothing for the client") or diag @lines;
	}
	return;
}

sub gives
{
	my ($what, $sql, $expected, %opt) = @_;
	my @got = session($node, $sql, tokens => \%tokens, %opt);
	is_deeply([ grep { !/^WARNING/ } @got ], $expected, $what) or diag(join "\n", @got);
	no_leak($what, @got);
	return @got;
}

# Set before the library is loaded, judged at the first call.
gives('set early', "SET dbmi_authz.token = '%{ann}';\nSELECT authz.subject(), count(*) FROM doc;", ['ann|1']);
my @got = gives('a bad one set early', "SET dbmi_authz.token = '%{bad}';\nSELECT authz.token_state();\nSELECT count(*) FROM doc;",
	[ 'rejected', '0' ]);
like($got[0], qr/^WARNING/, 'a bad one set early: a warning');
gives('nothing set early', 'SELECT authz.token_state();', ['none']);
gives('set early, first used in SECURITY DEFINER', "SET dbmi_authz.token = '%{ann}';\nSELECT definer_count();\nSELECT count(*) FROM doc;", [ '12', '1' ]);
gives('set early, first used for a materialised view',
	"SET dbmi_authz.token = '%{ann}';\nCREATE MATERIALIZED VIEW mv AS SELECT * FROM doc;\nSELECT count(*) FROM doc;\nDROP MATERIALIZED VIEW mv;", ['1']);
# C2.3: set where another's code runs, while nobody can judge it: undone with it
my $bob = mint(sub => 'bob');
$node->safe_psql('postgres', <<"SQL");
CREATE FUNCTION sets(ask text) RETURNS text LANGUAGE plpgsql AS \$\$
DECLARE
	answer text;
BEGIN
	EXECUTE 'SET dbmi_authz.token = ''$bob''';
	EXECUTE 'SELECT ' || ask INTO answer;
	RETURN answer;
END \$\$;
CREATE MATERIALIZED VIEW trap AS SELECT public.sets('1') AS answer WITH NO DATA;
CREATE MATERIALIZED VIEW asks AS SELECT public.sets('authz.subject()') AS answer WITH NO DATA;
ALTER MATERIALIZED VIEW trap OWNER TO carrier;
ALTER MATERIALIZED VIEW asks OWNER TO carrier;
GRANT CREATE ON SCHEMA public TO carrier;
SQL
for my $view ('trap', 'asks')
{
	is_deeply([ session($node, "REFRESH MATERIALIZED VIEW $view;\nSELECT authz.token_state();", user => $super) ], ['none'], "set early in a refresh, $view: nobody is left");
	is_deeply([ session($node, "SET dbmi_authz.token = '%{ann}';\nREFRESH MATERIALIZED VIEW $view;\nSELECT authz.token_state(), authz.subject();", user => $super, tokens => \%tokens) ],
		['valid|ann'], "nor anybody else, $view");
}
$node->safe_psql('postgres', 'DROP MATERIALIZED VIEW trap, asks; DROP FUNCTION sets');
gives('set early, then RESET', "SET dbmi_authz.token = '%{ann}';\nRESET dbmi_authz.token;\nSELECT authz.token_state();", ['none']);
gives('set early, for a transaction', "BEGIN;\nSET LOCAL dbmi_authz.token = '%{ann}';\nSELECT authz.subject();\nCOMMIT;\nSELECT authz.token_state();",
	[ 'ann', 'none' ]);
gives('a label typed early', "SET dbmi_authz.token = 'token of ann';\nSELECT authz.token_state();", ['rejected']);

# Z11: until somebody asks, the setting says neither the token nor that it was accepted
for my $who ('ann', 'bad')
{
	@got = gives("set early, shown before it is judged, $who", "SET dbmi_authz.token = '%{$who}';\nLOAD 'dbmi_authz';\nSHOW dbmi_authz.token;\nSELECT current_setting('dbmi_authz.token');\nSELECT authz.token_state();\nSHOW dbmi_authz.token;",
		[ ('token not verified yet') x 2, $who eq 'ann' ? ('valid', 'token accepted') : 'rejected' ], user => $super);
}
gives('what is shown is no token either', "SET dbmi_authz.token = 'token not verified yet';\nSELECT authz.token_state();", ['rejected']);
gives('read from all settings', "SET dbmi_authz.token = '%{ann}';\nLOAD 'dbmi_authz';\nSELECT count(*) FROM pg_settings WHERE setting ~ '^ey' OR reset_val ~ '^ey' OR boot_val ~ '^ey';", ['0'], user => $super);
gives('a setting of another transaction, and one of this', "SET dbmi_authz.token = '%{bad}';\nBEGIN;\nSET LOCAL dbmi_authz.token = '%{ann}';\nLOAD 'dbmi_authz';\nSHOW dbmi_authz.token;\nCOMMIT;\nSHOW dbmi_authz.token;\nRESET dbmi_authz.token;\nSHOW dbmi_authz.token;\nSELECT authz.token_state();",
	[ ('token not verified yet') x 2, 'none' ], user => $super);

# Where core makes the message, reason and hint are handed to it.
my $warned = slurp_file($node->logfile);
# Q9: a signature that is wrong has a hint, too
like($warned, qr/WARNING:  token was refused\n[^\n]*DETAIL:  \{[^\n]*"Invalid token signature"\}\n[^\n]*HINT:  Compare the issuer's keys/, 'a bad one set early: its reason and a hint');
like($warned, qr/DETAIL:  \{[^\n]*"Malformed token: [^\n]*"\}\n[^\n]*HINT:  Only the compact/, 'a label typed early: its reason and a hint');

# C7.4: loaded by the postmaster it is in each backend what it is in one of its own
# Preloaded, a bad one is an error at once.
for my $how ('session_preload_libraries', 'shared_preload_libraries')
{
	$node->safe_psql('postgres', "ALTER SYSTEM SET $how = 'dbmi_authz'");
	$node->restart;
	@got = gives("$how: a good one", "SET dbmi_authz.token = '%{ann}';\nSELECT authz.subject(), count(*) FROM doc;", ['ann|1']);
	@got = session($node, "SET dbmi_authz.token = '%{bad}';\nSELECT authz.token_state();", tokens => \%tokens);
	like($got[0], qr/^28000: /, "$how: a bad one");
	is($got[1], 'rejected', "$how: and nobody is there");
	$node->safe_psql('postgres', "ALTER SYSTEM RESET $how") if $how =~ /^shared/;
	$node->restart if $how =~ /^shared/;
}

# The label that can be read is not a token, and is not taken for one.
@got = gives('read back', "SET dbmi_authz.token = '%{ann}';\nSHOW dbmi_authz.token;", [ (session($node, "SET dbmi_authz.token = '%{ann}';\nSHOW dbmi_authz.token;", tokens => \%tokens))[0] ]);
unlike($got[0], qr/ann|example|clinic/, 'the label holds no claim');
my $label = $got[0];
for my $road ("SET dbmi_authz.token = '$label';", "SELECT set_config('dbmi_authz.token', '$label', false);", "SELECT authz.set_token('$label');")
{
	like((session($node, $road))[0], qr/^28000: /, "the label is not accepted: $road");
	like((session($node, "SET dbmi_authz.token = '%{ann}';\n$road", tokens => \%tokens))[0], qr/^28000: /, "nor over an identity: $road");
}

# C1.8: no role, database, function, file or option of a connection carries a token
# Nobody but the session sets it.  "carrier" is who would carry it.
for my $sql (
	"ALTER ROLE carrier SET dbmi_authz.token = '%{ann}';",
	"ALTER ROLE ALL SET dbmi_authz.token = '%{ann}';",
	"ALTER DATABASE postgres SET dbmi_authz.token = '%{ann}';",
	"ALTER ROLE carrier IN DATABASE postgres SET dbmi_authz.token = '%{ann}';",
	"SET dbmi_authz.token = '%{ann}'; ALTER ROLE carrier SET dbmi_authz.token FROM CURRENT;",
	"CREATE FUNCTION f() RETURNS int LANGUAGE sql SET dbmi_authz.token = '%{ann}' AS 'SELECT 1';",
	"SET dbmi_authz.token = '%{ann}'; CREATE FUNCTION f() RETURNS int LANGUAGE sql SET dbmi_authz.token FROM CURRENT AS 'SELECT 1';",
	"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f() SET dbmi_authz.token = '%{ann}';",
	"ALTER SYSTEM SET dbmi_authz.token = '%{ann}';")
{
	my $begin = $sql =~ /SYSTEM/ ? '' : 'BEGIN; ';
	@got = session($node, $begin . $sql, user => $super, tokens => \%tokens);
	(my $what = $sql) =~ s/%\{ann\}/.../g;
	like($got[-1], qr/^\w{5}: /, "refused: $what");
	no_leak($what, @got);
}
is($node->safe_psql('postgres', <<'SQL'), '0', 'no catalog holds a token');
SELECT (SELECT count(*) FROM pg_db_role_setting WHERE array_to_string(setconfig, ' ') LIKE '%dbmi_authz.token=%')
	 + (SELECT count(*) FROM pg_proc WHERE array_to_string(proconfig, ' ') LIKE '%dbmi_authz.token=%')
SQL
# Z18: core tries values that it does not assign; whoever is logged in stays so
for my $sql ('ALTER ROLE carrier', 'ALTER ROLE ALL', 'ALTER DATABASE postgres', 'ALTER ROLE carrier IN DATABASE postgres', 'CREATE FUNCTION f() RETURNS int LANGUAGE sql')
{
	for my $token (qw(ann bad))
	{
		my $body = $sql =~ /FUNCTION/ ? " AS 'SELECT 1'" : '';
		@got = gives("tried and not assigned, $token: $sql", "SELECT authz.set_token('%{ann}') \\g /dev/null\n$sql SET dbmi_authz.token = '%{$token}'$body;\nSELECT authz.subject(), authz.token_state(), authz.last_error() IS NULL;",
			[ '22023: parameter "dbmi_authz.token" can only be set within a session', 'ann|valid|t' ], user => $super);
	}
}
# Connection options, with the library preloaded and without.
for my $preloaded (1, 0)
{
	if (!$preloaded)
	{
		$node->safe_psql('postgres', 'ALTER SYSTEM RESET session_preload_libraries');
		$node->reload;
		# Stored while nobody could judge it, as PostgreSQL allows.
		$node->safe_psql('postgres', "ALTER ROLE carrier SET dbmi_authz.token = '$tokens{ann}'");
		$log_seen = length slurp_file($node->logfile);
	}
	my $when = $preloaded ? 'preloaded' : 'not preloaded';
	@got = session($node, "SELECT authz.is_authenticated(), count(*) FROM doc;\nSELECT authz.subject() IS NULL;", options => "-c dbmi_authz.token=$tokens{ann}");
	unlike(join("\n", @got), qr/^t\|/m, "connection options do not log in, $when");
	unlike(join("\n", @got), qr/\|1$/m, "nor show rows, $when");
	no_leak("connection options, $when", @got);
	@got = session($node, 'SELECT authz.token_state();', options => "-c dbmi_authz.token=$tokens{ann}");
	is($got[-1], 'rejected', "but count as an attempt, $when");
	@got = session($node, 'SELECT authz.is_authenticated(), count(*) FROM doc;', user => 'carrier');
	is($got[-1], 'f|0', "a stored setting does not log in, $when");
	no_leak("a stored setting, $when", @got);
}
$node->safe_psql('postgres', 'ALTER ROLE carrier RESET ALL');

# Q9: where the library is loaded and the extension is not installed.
$node->safe_psql('postgres', 'CREATE DATABASE bare');
@got = session($node, "LOAD 'dbmi_authz';\nSET dbmi_authz.token = '%{ann}';", tokens => \%tokens, user => $super, db => 'bare', details => 1);
like("@got", qr/28000: token was refused.*"Invalid token issuer".*HINT:.*CREATE EXTENSION dbmi_authz/, 'without the extension: what to do');
@got = session($node, "CREATE EXTENSION dbmi_authz;\nSET dbmi_authz.token = '%{ann}';", tokens => \%tokens, user => $super, db => 'bare', details => 1);
like("@got", qr/"Invalid token issuer".*HINT:.*add_issuer makes one trusted/, 'without the issuer: what to do');
no_leak('without the extension', @got);

# The file.
$node->append_conf('postgresql.conf', "dbmi_authz.token = '$tokens{ann}'");
$node->reload;
@got = session($node, 'SELECT authz.is_authenticated(), count(*) FROM doc;');
is($got[-1], 'f|0', 'the configuration file does not log in');
$node->append_conf('postgresql.conf', "session_preload_libraries = 'dbmi_authz'");
$node->restart;
@got = session($node, 'SELECT authz.is_authenticated(), count(*) FROM doc;');
is($got[-1], 'f|0', 'nor with the library preloaded');

# Z18: the file is read again, and looked at, while somebody is logged in.
$log_seen = length slurp_file($node->logfile);
gives('the file is looked at', "SELECT authz.set_token('%{ann}') \\g /dev/null\nSELECT count(*) FROM pg_file_settings WHERE name = 'dbmi_authz.token';\nSELECT authz.subject(), authz.token_state(), authz.last_error() IS NULL;",
	[ '1', 'ann|valid|t' ], user => $super);
gives('the file is read again', "SELECT authz.set_token('%{ann}') \\g /dev/null\nSELECT pg_reload_conf() \\g /dev/null\nSELECT pg_sleep(0.5) \\g /dev/null\nSELECT authz.subject(), authz.token_state(), authz.last_error() IS NULL;",
	['ann|valid|t'], user => $super);

# The prefix is ours.
like((session($node, "SET dbmi_authz.nonsense = 1;"))[-1], qr/^42\w{3}: |^F0000: /, 'no other setting of that prefix');

# Settings for superusers stay theirs.
for my $setting ("token_scope = 'transaction'", 'max_token_size = 1000')
{
	like((session($node, "SET dbmi_authz.$setting;"))[-1], qr/^42501: /, "not for the application: $setting");
}

is($node->safe_psql('postgres', 'ALTER SYSTEM RESET ALL'), '', 'ALTER SYSTEM RESET ALL, which names no setting');

# Whoever was there before sees each query begin, run and finish, and each
# command: pg_stat_statements counts them, and not what runs inside of them.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_stat_statements, dbmi_authz'\npg_stat_statements.track = 'top'");
$node->restart;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION pg_stat_statements;
CREATE TABLE hooked (id int);
CREATE TABLE hooked_log (id int);
CREATE FUNCTION hooked_inside() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM hooked); END';
CREATE FUNCTION hooked_after() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO hooked_log VALUES (new.id); RETURN NULL; END';
CREATE TRIGGER after AFTER INSERT ON hooked FOR EACH ROW EXECUTE FUNCTION hooked_after();
SELECT pg_stat_statements_reset();
INSERT INTO hooked VALUES (1);
SELECT hooked_inside();
ALTER TABLE hooked ADD more int;
SQL
is($node->safe_psql('postgres', 'SELECT query FROM pg_stat_statements WHERE query ~ \'hooked\' ORDER BY query COLLATE "C"'),
	join("\n", 'ALTER TABLE hooked ADD more int', 'INSERT INTO hooked VALUES ($1)', 'SELECT hooked_inside()'),
	'other extensions see queries and commands');

$node->stop;
done_testing();
