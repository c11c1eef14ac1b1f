# Where the server works by itself there is nobody: autovacuum, the workers of
# logical replication, triggers at login.  And what replication, copies of a
# database and the roles that may make them carry past every policy.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', 'wal_level = logical', 'max_wal_senders = 8', 'max_replication_slots = 8', 'autovacuum_naptime = 1s', 'max_prepared_transactions = 2');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
my $version = $node->safe_psql('postgres', 'SHOW server_version_num');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE ROLE builder LOGIN CREATEDB;
CREATE ROLE sender LOGIN REPLICATION;
CREATE ROLE taker LOGIN SUPERUSER;
CREATE ROLE holder;
GRANT holder TO taker;
CREATE DATABASE target;
CREATE DATABASE mirror;
SQL
trust($node, $_) for 'postgres', 'target';
$node->safe_psql('mirror', 'CREATE EXTENSION dbmi_authz');
my %tokens = (ann => mint(), bob => mint(sub => 'bob'));

# What asks, and what tries to log in, with what came of it.
my $tell = <<"SQL";
CREATE TABLE told (place text, who text, state text, mine boolean, login text);
CREATE FUNCTION tell(place text) RETURNS void VOLATILE LANGUAGE plpgsql AS \$\$
DECLARE
	who text := coalesce(authz.subject(), 'nobody');
	state text := authz.token_state();
	mine boolean := authz.is_owner('ann');
	login text;
BEGIN
	BEGIN
		login := authz.try_set_token('$tokens{bob}', true);
	EXCEPTION WHEN OTHERS THEN
		login := SQLSTATE;
	END;
	INSERT INTO public.told VALUES (place, who, state, mine, login);
END \$\$;
SQL
$node->safe_psql($_, $tell) for 'postgres', 'target';
sub told
{
	my ($db, $place) = @_;
	return $node->safe_psql($db, "SELECT DISTINCT who, state, mine, login FROM told WHERE place = '$place' ORDER BY 1, 2");
}

# C5.12: autovacuum computes the expressions of indexes and statistics
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION telling(id int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	PERFORM public.tell('autovacuum') FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid() AND backend_type = 'autovacuum worker';
	RETURN id;
END $$;
CREATE TABLE busy (id int, owner text) WITH (autovacuum_analyze_threshold = 10, autovacuum_analyze_scale_factor = 0);
CREATE INDEX ON busy (telling(id));
CREATE STATISTICS busy_owner ON (authz.is_owner(owner)), owner FROM busy;
INSERT INTO busy SELECT i, 'ann' FROM generate_series(1, 50) i;
SQL
ok($node->poll_query_until('postgres', "SELECT autoanalyze_count > 0 FROM pg_stat_user_tables WHERE relname = 'busy'"), 'autovacuum has come by');
is(told('postgres', 'autovacuum'), 'nobody|none|f|42501', 'autovacuum: nobody, and no login');

# C5.9: a publication sends all rows, and what applies them is nobody
my $connection = 'host=' . $node->host . ' port=' . $node->port . " dbname=postgres user=$super";
my $table = <<'SQL';
CREATE TABLE doc (id int PRIMARY KEY, owner text);
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (authz.is_owner(owner));
GRANT ALL ON doc TO app;
SQL
$node->safe_psql('postgres', "${table}CREATE PUBLICATION docs FOR TABLE doc; SELECT pg_create_logical_replication_slot('docs', 'pgoutput')");
$node->safe_psql('target', <<"SQL");
$table
ALTER TABLE doc OWNER TO holder;
ALTER TABLE doc FORCE ROW LEVEL SECURITY;
CREATE FUNCTION applied() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN PERFORM public.tell('apply'); RETURN NULL; END \$\$;
CREATE TRIGGER t AFTER INSERT ON doc FOR EACH ROW EXECUTE FUNCTION applied();
ALTER TABLE doc ENABLE ALWAYS TRIGGER t;
GRANT INSERT ON told TO holder, taker;
CREATE SUBSCRIPTION docs CONNECTION '$connection' PUBLICATION docs WITH (create_slot = false, copy_data = false, slot_name = 'docs');
SQL
for my $who ('ann', 'bob')
{
	my @ids = map { $_ + 10 * ($who eq 'bob') } 11 .. 13;
	session($node, "SELECT authz.set_token('%{$who}') \\g /dev/null\n" . join("\n", map { "INSERT INTO doc VALUES ($_, '$who');" } @ids), tokens => \%tokens);
}
$node->safe_psql('postgres', "BEGIN; INSERT INTO doc VALUES (1, 'carl'); PREPARE TRANSACTION 'p'");
$node->safe_psql('postgres', "COMMIT PREPARED 'p'");
my $bound = qr/cannot replicate into relation with row-level security enabled/;
my $hidden = sub { is_deeply([ session($node, 'SELECT count(*) FROM doc;', db => 'target') ], [0], 'and for the application there they are hidden'); };
if ($version < 160000)
{
	# the owner of the subscription applies
	ok($node->poll_query_until('target', 'SELECT count(*) = 7 FROM doc'), 'applied by a superuser: every row');
	is(told('target', 'apply'), 'nobody|none|f|true', 'the worker that applies: nobody, whatever a trigger does for its own transaction');
	$hidden->();
	my $seen = length slurp_file($node->logfile);
	$node->safe_psql('target', 'ALTER SUBSCRIPTION docs OWNER TO taker; ALTER ROLE taker NOSUPERUSER; GRANT INSERT ON doc TO taker');
	$node->safe_psql('postgres', "INSERT INTO doc VALUES (2, 'ann')");
	ok($node->wait_for_log($bound, $seen), 'who is bound by policies applies nothing');
}
else
{
	# the owner of the table applies
	ok($node->wait_for_log($bound), 'who is bound by policies applies nothing');
	$node->safe_psql('target', 'ALTER TABLE doc NO FORCE ROW LEVEL SECURITY');
	ok($node->poll_query_until('target', 'SELECT count(*) = 7 FROM doc'), 'applied by an owner who is not bound: every row');
	is(told('target', 'apply'), 'nobody|none|f|42501', 'the worker that applies: nobody, and no login');
	$hidden->();
}
$node->safe_psql('target', 'ALTER SUBSCRIPTION docs DISABLE; ALTER SUBSCRIPTION docs SET (slot_name = NONE); DROP SUBSCRIPTION docs');
$node->safe_psql('postgres', "SELECT pg_drop_replication_slot('docs')") if $node->poll_query_until('postgres', "SELECT NOT active FROM pg_replication_slots WHERE slot_name = 'docs'");

# A publication of all tables has the trust in it, keys and all.
is($node->safe_psql('postgres', <<'SQL'), 'actor_ceiling audit_event audit_seal inactive_subject issuer issuer_key item_permission jwks_status object_access permission_implies profile revocation trust_log', 'FOR ALL TABLES: the trust as well');
CREATE PUBLICATION everything FOR ALL TABLES;
SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_publication_tables WHERE schemaname = 'authz';
SQL
# C2.8: and who may replicate reads all that changes, secrets too [core]
$node->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('sender', 'pgoutput'); SELECT authz.alter_issuer('https://id.example', '{\"algorithms\": [\"ES256\", \"HS256\"]}'), authz.add_secret('https://id.example', decode(repeat('ab', 32), 'hex'), 's')");
my $peek = "SELECT count(*) > 0 FROM pg_logical_slot_peek_binary_changes('sender', NULL, NULL, 'proto_version', '1', 'publication_names', 'everything') WHERE position(convert_to('q6urq6urq6ur', 'UTF8') IN data) > 0;";
is_deeply([ session($node, $peek, user => 'sender') ], ['t'], 'a role with REPLICATION sees the secret go by');
like((session($node, 'SELECT * FROM authz.issuer_key;', user => 'sender'))[0], qr/^42501: /, 'though it may not read the table');
like((session($node, $peek))[0], qr/^42501: /, 'and the application sees nothing');
$node->safe_psql('postgres', "SELECT pg_drop_replication_slot('sender')");

# Replicated, the trust counts at once, in sessions that go on, too.
$node->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('mirror', 'pgoutput'); CREATE PUBLICATION mirror FOR TABLE authz.issuer, authz.issuer_key, authz.revocation");
$node->safe_psql('mirror', "CREATE SUBSCRIPTION mirror CONNECTION '$connection' PUBLICATION mirror WITH (create_slot = false, slot_name = 'mirror')");
my $wire = AzWire->new($node, db => 'mirror');
my $login = "SELECT authz.try_set_token('$tokens{ann}')";
ok($node->poll_query_until('mirror', $login), 'issuers and keys have been copied');
is_deeply([ $wire->query($login)->answers, $wire->query('SELECT authz.subject()')->answers ], [ 't', 'ann' ], 'they count');
$node->safe_psql('postgres', "SELECT authz.revoke_subject('https://id.example', 'ann')");
ok($node->poll_query_until('mirror', 'SELECT count(*) = 1 FROM authz.revocation'), 'a revocation has been copied');
is_deeply([ $wire->query('SELECT authz.token_state()')->answers, $wire->query('SELECT authz.subject()')->answers, $wire->query($login)->answers ],
	[ 'revoked', '28000: token was revoked', 'f' ], 'and the session that goes on feels it');
# and so does the removal of a key (408_logical_trust.pl has every change of every table)
$node->safe_psql('postgres', "SELECT authz.drop_key('https://id.example', 'k1')");
ok($node->poll_query_until('mirror', 'SELECT count(*) = 1 FROM authz.issuer_key'), 'the removal of a key has been copied');
$node->safe_psql('mirror', 'ALTER SUBSCRIPTION mirror DISABLE; ALTER SUBSCRIPTION mirror SET (slot_name = NONE); DROP SUBSCRIPTION mirror');
$node->safe_psql('postgres', "SELECT pg_drop_replication_slot('mirror')") if $node->poll_query_until('postgres', "SELECT NOT active FROM pg_replication_slots WHERE slot_name = 'mirror'");
undef $wire;

# C2.8: who may create databases copies none, unless it is offered as a template [core]
my $copy = "CREATE DATABASE copied TEMPLATE target;";
like((session($node, $copy, user => 'builder'))[0], qr/^42501: permission denied to copy database "target"/, 'CREATEDB copies no database');
$node->safe_psql('postgres', 'ALTER DATABASE target IS_TEMPLATE true');
is_deeply([ session($node, "$copy", user => 'builder') ], [], 'but a template');
is_deeply([ session($node, 'SELECT count(*) FROM authz.issuer_key;', user => 'builder', db => 'copied') ], [1], 'and owns the copy, with its keys');

# C5.12: a trigger at login, since 17, and one at a command
SKIP:
{
	skip 'no triggers at login', 3 if $version < 170000;
	$node->safe_psql('target', <<'SQL');
CREATE FUNCTION logged() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM public.tell('login'); END $$;
CREATE EVENT TRIGGER l ON login EXECUTE FUNCTION logged();
SQL
	my $who = "SELECT coalesce(authz.subject(), 'nobody'), authz.token_state();";
	is_deeply([ session($node, $who, db => 'target') ], ['nobody|none'], 'a session with a trigger at login begins as nobody');
	is((session($node, $who, db => 'target', options => "-c dbmi_authz.token=$tokens{ann}"))[-1] =~ /^nobody\|/, 1, 'also with a token among its options');
	is(told('target', 'login'), "nobody|none|f|true\nnobody|rejected|f|true", 'nobody at login, whatever the trigger does for its own transaction');
	$node->safe_psql('target', 'DROP EVENT TRIGGER l');
}
$node->safe_psql('target', <<'SQL');
TRUNCATE told;
CREATE FUNCTION done() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN INSERT INTO public.told SELECT 'command', authz.subject(), authz.token_state(), authz.is_owner('ann'); END $$;
CREATE EVENT TRIGGER d ON ddl_command_end EXECUTE FUNCTION done();
SQL
session($node, "SELECT authz.set_token('%{ann}') \\g /dev/null\nCREATE TEMP TABLE x ();", db => 'target', tokens => \%tokens);
is(told('target', 'command'), 'ann|valid|t|', 'a command has its session\'s identity');

unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal/, 'nothing crashed');
$node->stop;
done_testing();
