# C6.1, Z4, Z5: where the server logs as much as it can, and whatever happens while a
# token is taken, no piece of it is in what is logged, told to the client or
# shown, but for what the server itself writes about the statement.  Which
# settings have it do so is the list @core below, and doc/explanation/security.md has it.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = start_node('main', "shared_preload_libraries = 'pg_stat_statements, auto_explain'", 'compute_query_id = on',
	'log_error_verbosity = verbose', 'log_lock_waits = on', 'deadlock_timeout = 100ms', 'track_activity_query_size = 32kB',
	'log_parameter_max_length = 0', 'debug_pretty_print = off', "backtrace_functions = 'az_raise,warn_bad_row,ProcessInterrupts'");
my $version = $node->safe_psql('postgres', 'SHOW server_version_num');
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION pg_stat_statements;
CREATE ROLE app LOGIN;
CREATE TABLE t (a int);
GRANT ALL ON t TO app;
CREATE FUNCTION performed(token text) RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM authz.set_token(token); END';
CREATE FUNCTION assigned(token text) RETURNS boolean LANGUAGE plpgsql AS 'DECLARE ok boolean; BEGIN ok := authz.try_set_token(token); RETURN ok; END';
CREATE FUNCTION selected(token text) RETURNS boolean LANGUAGE plpgsql AS 'DECLARE ok boolean; BEGIN SELECT true INTO ok WHERE authz.try_set_token(trim($1)); RETURN ok; END';
CREATE FUNCTION used(token text) RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE 'SELECT authz.set_token($1)' USING token; END$$;
CREATE FUNCTION configured(token text) RETURNS void LANGUAGE plpgsql AS $$BEGIN PERFORM set_config('dbmi_authz.token', token, false); END$$;
CREATE FUNCTION definer(token text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN PERFORM performed(token); END';
CREATE FUNCTION inlined(token text) RETURNS boolean LANGUAGE sql AS 'SELECT authz.try_set_token(token)';
CREATE FUNCTION sql_body(token text) RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT authz.try_set_token(token) WHERE true; END;
CREATE PROCEDURE called(token text) LANGUAGE plpgsql AS 'BEGIN PERFORM authz.set_token(token); END';
-- the token becomes a literal
CREATE FUNCTION formatted(token text) RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE format('SELECT authz.set_token(%L)', token); END$$;
CREATE FUNCTION formatted_set(token text) RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE format('SET dbmi_authz.token = %L', token); END$$;
-- what is made of the error is a new one
CREATE FUNCTION caught(token text) RETURNS void LANGUAGE plpgsql AS $$BEGIN PERFORM performed(token); EXCEPTION WHEN OTHERS THEN RAISE '%', SQLERRM; END$$;
SQL

my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
my $observer = AzWire->new($node, user => $superuser);
my %tokens = (good => mint(jti => 'noise'), forged => forge(), expired => mint(exp => '-60'));
my $seen = 0;

# The text, and beside it the values in what debug_print_... logs: there they
# are lists of bytes.
sub readable
{
	my ($text) = @_;
	my $bytes = '';
	$bytes .= join('', map { chr($_ & 255) } split ' ', $1) . "\n" while $text =~ /\[ ((?:-?\d+\s+)+)\]/g;
	return $text . $bytes;
}

# What was logged since the last call.
sub logged
{
	my $all = slurp_file($node->logfile);
	my $new = substr($all, $seen);
	$seen = length $all;
	return $new;
}

# Where in the server the entries come from that hold a piece of the token.
sub leaks
{
	my ($log, $token) = @_;
	my %from;
	for my $entry (split /^(?=\d[^\n]*? (?:DEBUG|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC):  )/m, $log)
	{
		next unless holds_token(readable($entry), $token);
		$from{ $entry =~ / LOCATION:  (\w+)/ ? $1 : $entry }++;
	}
	return sort keys %from;
}

# A session that logs with these settings, which only a superuser may choose;
# it is the application that runs in it.
sub noisy
{
	my (%settings) = @_;
	my $wire = AzWire->new($node, user => $superuser,
		options => join(' ', map { "-c $_=$settings{$_}" } sort keys %settings));
	$wire->query('SET ROLE app')->answers;
	$wire->heard;
	logged();
	return $wire;
}

sub quiet_about
{
	my ($what, $wire, $token, @core) = @_;
	my $log = logged();
	my %core = map { $_ => 1 } @core;
	is_deeply([ grep { !$core{$_} } leaks($log, $token) ], [], "$what: nothing in the log");
	ok(!holds_token(join("\n", grep { !/\0R(\w+)\0/ || !$core{$1} } $wire->heard), $token), "$what: nothing for the client");
	return $log;
}

# Every message there is.
my %messages = (
	log_min_messages => 'debug5',
	client_min_messages => 'debug5',
	log_min_error_statement => 'debug5',
	log_duration => 'on',
	log_error_verbosity => 'verbose',
	'dbmi_authz.log_logins' => 'all',
	'dbmi_authz.log_rate' => 0,
	'dbmi_authz.log_identity' => 'all',
	'dbmi_authz.log_denials' => 'log',
	'dbmi_authz.log_reads' => 'all');

# And everything that writes about statements, queries and plans.
my %everything = (
	%messages,
	log_statement => 'all',
	log_min_duration_statement => 0,
	log_parser_stats => 'on',
	log_planner_stats => 'on',
	log_executor_stats => 'on',
	log_temp_files => 0,
	trace_notify => 'on',
	debug_print_parse => 'on',
	debug_print_rewritten => 'on',
	debug_print_plan => 'on',
	'auto_explain.log_min_duration' => 0,
	'auto_explain.log_analyze' => 'on',
	'auto_explain.log_verbose' => 'on',
	'auto_explain.log_triggers' => 'on',
	'auto_explain.log_settings' => 'on',
	'auto_explain.log_nested_statements' => 'on',
	($version >= 160000 ? ('auto_explain.log_parameter_max_length' => 0) : ()),
	'pg_stat_statements.track' => 'all',
	'pg_stat_statements.track_planning' => 'on',
	'pg_stat_statements.track_utility' => 'on');

# ---- bound: nothing at all ----

# The same first in a session in which the library is loaded by the call
# itself: the server plans the statement before it loads the library, and what
# is not an argument of ours is then in the plan.
my %bound = (
	set_token => [ 'SELECT authz.set_token($1)', 1 ],
	'set_token, local' => [ 'SELECT authz.set_token($1, true)', 1 ],
	try_set_token => [ 'SELECT authz.try_set_token($1)', 1 ],
	verify_token => [ 'SELECT authz.verify_token($1) IS NOT NULL', 1 ],
	where => [ 'SELECT 1 WHERE authz.try_set_token($1)', 1 ],
	from => [ 'SELECT * FROM authz.try_set_token($1)', 1 ],
	'sub-select' => [ 'SELECT (SELECT authz.try_set_token($1))', 1 ],
	with => [ 'WITH w AS MATERIALIZED (SELECT authz.try_set_token($1) AS ok) SELECT ok FROM w', 1 ],
	values => [ 'VALUES (1, authz.try_set_token($1))', 1 ],
	cast => [ 'SELECT authz.try_set_token($1::varchar)', 1 ],
	inlined => [ 'SELECT inlined($1)', 1 ],
	set_config => [ q{SELECT authz.token_state(), length(set_config('dbmi_authz.token', $1, false))}, 0 ],
	concatenated => [ q{SELECT authz.try_set_token('Bearer ' || $1)}, 0 ],
	trimmed => [ 'SELECT authz.try_set_token(trim($1))', 0 ],
	'from bytes' => [ q{SELECT authz.try_set_token(convert_from($1::bytea, 'UTF8'))}, 0 ],
	'from JSON' => [ q{SELECT authz.try_set_token(($1::jsonb)->>'token')}, 0, '{"token": "%s"}' ],
	'from an array' => [ q{SELECT authz.try_set_token(($1::text[])[1])}, 0, '{%s}' ],
	(map { $_ => [ "SELECT $_(\$1)", 0 ] } qw(performed assigned selected used configured definer sql_body)),
	procedure => [ 'CALL called($1)', 0 ],
	'a table' => [ 'INSERT INTO t SELECT 1 WHERE authz.try_set_token($1)', 1 ],
	'new table' => [ 'CREATE TEMP TABLE made AS SELECT authz.try_set_token($1)', 0 ],
	explain => [ 'EXPLAIN (ANALYZE, VERBOSE) SELECT authz.try_set_token($1)', 0 ]);

for my $kind (sort keys %tokens)
{
	my $token = $tokens{$kind};
	for my $name (sort keys %bound)
	{
		my ($sql, $first, $value) = @{ $bound{$name} };
		$value = defined $value ? sprintf($value, $token) : $token;
		for my $loaded ($first ? (0, 1) : 1)
		{
			my $what = "$kind, bound, $name" . ($loaded ? '' : ', loading');
			my $wire = noisy(%everything);
			$wire->query('SELECT authz.token_state()')->answers if $loaded;
			my @answers = $wire->parse('', $sql)->bind('', '', $value)->execute('')->sync->answers;
			my $log = quiet_about($what, $wire, $token);
			like($log, qr/auto_explain|duration: [^\n]*plan:/, "$what: auto_explain was on") unless $name =~ /explain|procedure/ || "@answers" =~ /^28000/;
			is(join('', map { /^\d{5}: / ? $_ : () } @answers),
				$kind eq 'good' || $sql !~ /set_token\(|verify|performed|used|configured|definer|called|set_config/ || $sql =~ /try_/ ? '' : '28000: token was refused', "$what: what came of it");
			ok(!holds_token(join("\n", @answers), $token), "$what: nothing in what it answers");
		}
	}

	# Statements with a name, planned for each execution and then for all.
	my $wire = noisy(%everything);
	$wire->query('SELECT authz.token_state()')->answers;
	$wire->parse('named', 'SELECT authz.try_set_token($1)')->sync->answers;
	for my $time (1 .. 7)
	{
		$wire->bind('', 'named', $token)->execute('')->sync->answers;
		quiet_about("$kind, bound, execution $time", $wire, $token);
	}
	# A portal that stays open, a cursor.
	$wire->query('BEGIN')->answers;
	$wire->parse('', 'SELECT authz.try_set_token($1) FROM generate_series(1, 3)')->bind('open', '', $token)->execute('open', 1)->sync->answers;
	$wire->execute('open', 2)->sync->answers;
	$wire->parse('', 'DECLARE c CURSOR FOR SELECT authz.try_set_token($1)')->bind('', '', $token)->execute('')->sync->answers;
	is_deeply([ $wire->query('FETCH c')->answers ], [ $kind eq 'good' ? 't' : 'f' ], "$kind, bound, cursor: it was taken");
	quiet_about("$kind, bound, portal and cursor", $wire, $token);
	$wire->query('ROLLBACK')->answers;
}

my $views = <<'SQL';
SELECT string_agg(query, ' ') FROM pg_stat_statements
UNION ALL SELECT string_agg(query, ' ') FROM pg_stat_activity
UNION ALL SELECT string_agg(concat(setting, reset_val, boot_val), ' ') FROM pg_settings
SQL
my $shown = $node->safe_psql('postgres', $views);
like($shown, qr/authz\.set_token\(\$1\)/, 'the statements are in the views');
ok(!holds_token($shown, $_), 'no token is in the views') for values %tokens;

# ---- literals: only what the server says before we are asked ----

# At this level the server tells each begin of a transaction, and the statement
# with it; since 18, where it looks for a library when a function is first called,
# and the context.
my @lookup = $version >= 180000 ? 'find_in_path' : ();
my @before = ('ShowTransactionStateRec', @lookup);

my @literal = (
	"SELECT authz.set_token('%s')", "SELECT authz.set_token('%s', true)", "SELECT authz.try_set_token('%s')",
	"SELECT authz.verify_token('%s') IS NOT NULL", "SELECT 1 WHERE authz.try_set_token('%s')",
	"SET dbmi_authz.token = '%s'", "SET SESSION dbmi_authz.token TO '%s'", "SET LOCAL dbmi_authz.token = '%s'", "BEGIN; SET LOCAL dbmi_authz.token = '%s'; COMMIT",
	"SELECT length(set_config('dbmi_authz.token', '%s', false))", "SELECT length(set_config('dbmi_authz.token', '%s', true))",
	(map { "SELECT $_('%s')" } qw(performed assigned selected used configured definer inlined sql_body formatted formatted_set caught)),
	"CALL called('%s')",
	q{DO $$ BEGIN PERFORM authz.set_token('%s'); END $$}, q{DO $$ BEGIN EXECUTE format('SELECT authz.set_token(%%L)', '%s'); END $$},
	q{DO $$ BEGIN EXECUTE 'SET dbmi_authz.token = ''%s'''; END $$}, q{DO $$ BEGIN SET LOCAL dbmi_authz.token = '%s'; END $$},
	"PREPARE p(text) AS SELECT authz.set_token(\$1); EXECUTE p('%s')",
	"BEGIN; DECLARE c CURSOR FOR SELECT authz.set_token('%s'); FETCH c; COMMIT",
	"COPY (SELECT authz.try_set_token('%s')) TO STDOUT",
	"CREATE TEMP VIEW v AS SELECT authz.try_set_token('%s') AS ok; SELECT ok FROM v",
	"SELECT 1; SELECT authz.set_token('%s'); SELECT 1",
	"ALTER ROLE app SET dbmi_authz.token = '%s'", "ALTER ROLE nobody_of_that_name SET dbmi_authz.token = '%s'",
	"ALTER DATABASE postgres SET dbmi_authz.token = '%s'", "ALTER SYSTEM SET dbmi_authz.token = '%s'");

sub literals
{
	my ($how, @kinds) = @_;
	for my $kind (@kinds)
	{
		for my $sql (@literal)
		{
			my $wire = noisy(%messages);
			# before that the server takes any SET, and asks nobody
			$wire->query('SELECT authz.token_state()')->answers;
			logged();
			my @answers = $wire->query(sprintf($sql, $tokens{$kind}))->answers;
			my $log = quiet_about("$how$kind, $sql", $wire, $tokens{$kind}, @before);
			my @shown = $observer->query('SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()')->answers;
			ok(!holds_token("@shown", $tokens{$kind}), "$how$kind, $sql: pg_stat_activity");
		}
	}
	return;
}
literals('', sort keys %tokens);

# Rows of the trust that nobody can use, each of which is a warning for the token that needs it.
$node->safe_psql('postgres', <<'SQL');
INSERT INTO authz.issuer VALUES ('of no profile', '{x}', 'unheard of', '{}'), ('with odd options', '{x}', 'generic', '[1]'), ('of nobody', '{}', 'generic', '{}'),
	('of an odd profile', '{x}', 'odd', '{}'), ('with an odd key', '{clinic}', 'generic', '{}');
INSERT INTO authz.issuer_key (issuer, kid, alg, jwk, thumbprint, source) VALUES ('with an odd key', 'k1', 'ES256', '{"kty": 1}', 'x', 'add_key');
INSERT INTO authz.profile (profile, chosen_by, audience_required, options) VALUES ('odd', 'iss', true, '"odd"');
SQL
# the odd profile and the issuer that needs it are two rows
my %warnings = ('of no profile' => 1, 'with odd options' => 1, 'of nobody' => 1, 'of an odd profile' => 2, 'with an odd key' => 1);
my %of = map { $_ => mint(iss => $_) } keys %warnings;
for my $sql ("SELECT authz.try_set_token('%s')", q{DO $$ BEGIN EXECUTE format('SELECT authz.set_token(%%L)', '%s'); END $$}, "SET LOCAL dbmi_authz.token = '%s'", "SELECT formatted_set('%s')")
{
	my $wire = noisy(log_min_messages => 'warning', log_min_error_statement => 'warning', client_min_messages => 'debug5');
	for my $issuer (sort keys %warnings)
	{
		$wire->query('BEGIN')->answers;
		$wire->query(q{SELECT set_config('application_name', 'loaded', true)})->answers;
		$wire->query('SELECT authz.last_error()')->answers;
		logged();
		$wire->query(sprintf $sql, $of{$issuer})->answers;
		my $log = quiet_about("bad row, issuer $issuer, $sql", $wire, $of{$issuer}, @lookup);
		is(() = $log =~ /WARNING:  F0000: ignoring invalid/g, $warnings{$issuer}, "bad row, issuer $issuer, $sql: told");
		unlike($log, qr/ (?:STATEMENT|CONTEXT):  /, "bad row, issuer $issuer, $sql: without statement and context");
		$wire->query('ROLLBACK')->answers;
	}
	# and the same where it is a question that reads the trust
	$wire->query('BEGIN')->answers;
	$wire->query(sprintf $sql, $tokens{good})->answers;
	logged();
	$node->safe_psql('postgres', q{UPDATE authz.issuer SET options = '[1]' WHERE issuer = 'https://id.example'});
	$wire->query("SELECT authz.has_scope('a')")->answers;
	like(quiet_about("bad row, $sql, read by a question", $wire, $tokens{good}), qr/ignoring invalid/, "bad row, $sql: told again");
	$wire->query('ROLLBACK')->answers;
	$node->safe_psql('postgres', q{UPDATE authz.issuer SET options = '{}' WHERE issuer = 'https://id.example'});
}
literals('bad rows, ', 'good');
$node->safe_psql('postgres', q{ALTER TABLE authz.issuer ALTER COLUMN options TYPE text});
literals('altered table, ', 'good');
$node->safe_psql('postgres', <<'SQL');
ALTER TABLE authz.issuer ALTER COLUMN options TYPE json USING options::json;
DELETE FROM authz.issuer WHERE issuer <> 'https://id.example';
DELETE FROM authz.issuer_key WHERE issuer <> 'https://id.example';
DELETE FROM authz.profile WHERE profile = 'odd';
SQL

# ---- something happens while a token is taken ----

# Waits until that session waits for a lock, and says what the server shows of it.
sub blocked
{
	my ($pid) = @_;
	for (1 .. 600)
	{
		my ($query) = $observer->query("SELECT query FROM pg_stat_activity WHERE pid = $pid AND wait_event_type = 'Lock'")->answers;
		return $query if defined $query;
		sleep 0.02;
	}
	die "session $pid does not wait";
}

# It waits for the table of issuers while it takes the token.
sub interrupted
{
	my ($what, $sql, $happens, $expected, %settings) = @_;
	my $holder = AzWire->new($node, user => $superuser);
	my $wire = noisy(log_min_messages => 'info', log_min_error_statement => 'info', %settings);
	my ($pid) = $wire->query('SELECT pg_backend_pid()')->answers;
	$wire->query('SELECT authz.token_state()')->answers;
	$wire->query('BEGIN; LOCK TABLE t')->answers;
	$holder->query('BEGIN; LOCK TABLE authz.issuer IN ACCESS EXCLUSIVE MODE')->answers;
	logged();
	my $token = $tokens{good};
	if (ref $sql) { $wire->parse('', $sql->[0])->bind('', '', $token)->execute('')->sync->send_all; }
	else { $wire->query(sprintf $sql, $token)->send_all; }
	ok(!holds_token(blocked($pid), $token), "$what: pg_stat_activity while it waits");
	$happens->($pid, $holder);
	my @answers = eval { $wire->answers };
	my $told = join("\n", @answers, $wire->heard, $holder->heard);
	like($told, $expected, "$what: it happened");
	$holder->query('ROLLBACK')->answers;
	my $log = logged();
	is_deeply([ leaks($log, $token) ], [], "$what: nothing in the log");
	ok(!holds_token($told, $token), "$what: nothing for the client");
	like($log, qr/still waiting/, "$what: the wait was logged") if $expected =~ /timeout/;
	return;
}

for my $sql (
	"SELECT authz.set_token('%s')", "SELECT authz.try_set_token('%s')", "SELECT authz.verify_token('%s')",
	"SET dbmi_authz.token = '%s'", "SELECT set_config('dbmi_authz.token', '%s', true)", "SELECT formatted('%s')", "SELECT formatted_set('%s')",
	q{DO $$ BEGIN EXECUTE format('SELECT authz.set_token(%%L)', '%s'); END $$},
	[ 'SELECT authz.set_token($1)' ], [ 'SELECT formatted($1)' ])
{
	my $what = ref $sql ? "bound, $sql->[0]" : $sql;
	my @more = (log_parameter_max_length_on_error => -1);
	interrupted("lock timeout, $what", $sql, sub { }, qr/due to lock timeout/, lock_timeout => 250, @more);
	interrupted("statement timeout, $what", $sql, sub { }, qr/due to statement timeout/, statement_timeout => 300, @more);
	interrupted("cancel, $what", $sql, sub { $observer->query("SELECT pg_cancel_backend($_[0])")->answers }, qr/due to user request/, @more);
	interrupted("termination, $what", $sql, sub { $observer->query("SELECT pg_terminate_backend($_[0])")->answers },
		qr/due to administrator command/, @more);
	# the log tells what both of them were running
	interrupted("deadlock, $what", $sql, sub { sleep 0.2; $_[1]->query('LOCK TABLE t')->answers }, qr/deadlock detected/, @more);
}

# ---- what the server writes itself, setting by setting ----

my ($literal, $parameter) = ("SELECT authz.set_token('%s')", 'SELECT authz.set_token($1)');
my @core = (
	# settings, a statement, where the token is logged
	[ { debug_print_parse => 'on' }, $literal, 'elog_node_display' ],
	[ { debug_print_rewritten => 'on' }, $literal, 'elog_node_display' ],
	[ { debug_print_plan => 'on' }, $literal, 'elog_node_display' ],
	# and what does not
	[ { log_statement => 'all' }, $literal ],
	[ { log_min_duration_statement => 0 }, $literal ],
	[ { log_parser_stats => 'on', log_planner_stats => 'on' }, $literal ],
	[ { 'auto_explain.log_min_duration' => 0 }, $literal ],
	[ { 'auto_explain.log_min_duration' => 0, 'auto_explain.log_nested_statements' => 'on' }, [ 'SELECT formatted($1)' ] ],
	[ { log_min_messages => 'debug5', log_min_error_statement => 'debug5' }, $literal ],
	# an error before it, whose statement is logged; and in a query that was made of it
	[ {}, "SELECT authz.set_token('%s') FROM (SELECT 1 / (random() * 0)::int OFFSET 0) s" ],
	[ {}, q{DO $$ BEGIN EXECUTE format('SELECT authz.set_token(%%L), 1 / (random() * 0)::int', '%s'); END $$} ],
	[ { log_statement => 'all', log_parameter_max_length => -1 }, [$parameter] ],
	[ { log_min_duration_statement => 0, log_parameter_max_length => -1 }, [$parameter] ],
	[ { log_parameter_max_length_on_error => -1 }, ['SELECT authz.set_token($1), 1 / (random() * 0)::int'] ],
	($version >= 160000 ? [ { 'auto_explain.log_min_duration' => 0, 'auto_explain.log_parameter_max_length' => -1 }, [$parameter] ] : ()),
	[ { log_duration => 'on', log_lock_waits => 'on', log_temp_files => 0 }, $literal ],
	[ { log_executor_stats => 'on' }, $literal ],
	[ {}, "SELECT authz.set_token('%s'), 1 / (random() * 0)::int" ],
	[ { log_statement => 'all', log_min_duration_statement => 0, log_parameter_max_length => 0 }, [$parameter] ]);
for (@core)
{
	my ($settings, $sql, @from) = @$_;
	my $wire = noisy(%$settings);
	$wire->query('SELECT authz.token_state()')->answers;
	logged();
	if (ref $sql) { $wire->parse('', $sql->[0])->bind('', '', $tokens{good})->execute('')->sync->answers; }
	else { $wire->query(sprintf $sql, $tokens{good})->answers; }
	is_deeply([ leaks(logged(), $tokens{good}) ], [ sort @from ],
		join(', ', map { "$_ = $settings->{$_}" } sort keys %$settings) . ': ' . (ref $sql ? $sql->[0] : $sql));
}

# pg_stat_statements keeps commands as they are, and queries without literals.
$node->safe_psql('postgres', 'SELECT pg_stat_statements_reset()');
for my $sql (@literal)
{
	my $wire = noisy('pg_stat_statements.track' => 'all', 'pg_stat_statements.track_utility' => 'off');
	$wire->query(sprintf $sql, $tokens{good})->answers;
}
$shown = $node->safe_psql('postgres', $views);
like($shown, qr/authz\.set_token\(\$1\)/, 'literals: the statements are in the views');
ok(!holds_token($shown, $tokens{good}), 'literals: no token is in the views');

$node->stop;
done_testing();
