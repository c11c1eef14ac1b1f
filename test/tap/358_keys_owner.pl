# dbmi_authz_keys against the owner of a database, who is no superuser: what they hang
# on tables runs with their rights, for a limited time, and stops nobody else's keys.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzKeys;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $provider = provider();
my $at = "http://$provider->{at}";
my $node = keys_node('main', $provider->{at}, 'log_min_messages = log', 'log_error_verbosity = default');
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
$node->append_conf('postgresql.conf', "dbmi_authz_keys.databases = 'evil, postgres'\n");
$node->safe_psql('postgres', 'CREATE ROLE owner LOGIN');
$node->safe_psql('postgres', 'CREATE DATABASE evil OWNER owner');
$node->safe_psql($_, 'CREATE EXTENSION dbmi_authz') for 'postgres', 'evil';
$node->reload;
my $set = key_set(jwk('p256_a.pem', 'a'));
control($provider, '/keys' => { body => $set });
my $token = token_of('https://keys.example', 'p256_a.pem', 'a');
add_issuer($node, 'https://keys.example', "$at/keys", $_) for 'postgres', 'evil';
until_true(sub { login($node, $token, db => $_) eq 'ann' }, "keys of $_") for 'postgres', 'evil';

my $due = 'UPDATE authz.jwks_status SET next_due = now(), last_error = NULL';

# As a superuser, whatever the owner has set for the database.
sub mend
{
	my ($sql) = @_;
	local $ENV{PGOPTIONS} = '-c default_transaction_read_only=off -c exit_on_error=off -c lock_timeout=0 -c session_replication_role=replica';
	return $node->safe_psql('evil', $sql);
}

# One more thing of the owner's, and the keys are due.
sub evil
{
	my ($sql, $after) = @_;
	my @answer = session($node, $sql, db => 'evil', user => 'owner', options => '-c default_transaction_read_only=off -c exit_on_error=off');
	diag("@answer") if @answer;
	mend($after // $due);
	return;
}
sub logged { my ($pattern) = @_; my @found = log_of($node) =~ /$pattern/g; return scalar @found; }
sub others_are_well
{
	my $n = requests($provider);
	$node->safe_psql('postgres', 'UPDATE authz.jwks_status SET next_due = now()');
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	until_true(sub { $node->safe_psql('postgres', "SELECT next_due > now() + '1 min'::interval AND last_error IS NULL FROM authz.jwks_status") eq 't' }, 'another database is well');
	is(login($node, $token, db => 'evil'), 'ann', 'and the keys stay');
	return;
}

# C11.9: what hangs on a table runs with the least rights
evil(<<'SQL');
CREATE SCHEMA mine;
GRANT ALL ON authz.jwks_status, authz.issuer_key TO pg_database_owner;
CREATE TABLE mine.seen (who text, login text, tried text);
GRANT ALL ON SCHEMA mine TO PUBLIC; GRANT ALL ON mine.seen TO PUBLIC;
CREATE FUNCTION mine.look() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE tried text := '';
BEGIN
	BEGIN EXECUTE 'SET ROLE none'; tried := tried || 'reset '; EXCEPTION WHEN OTHERS THEN NULL; END;
	BEGIN EXECUTE 'SET SESSION AUTHORIZATION DEFAULT'; tried := tried || 'session '; EXCEPTION WHEN OTHERS THEN NULL; END;
	BEGIN EXECUTE 'ALTER ROLE owner SUPERUSER'; tried := tried || 'superuser '; EXCEPTION WHEN OTHERS THEN NULL; END;
	BEGIN EXECUTE 'CREATE TEMP TABLE t ()'; tried := tried || 'temp '; EXCEPTION WHEN OTHERS THEN NULL; END;
	BEGIN PERFORM pg_read_file('postgresql.conf'); tried := tried || 'file '; EXCEPTION WHEN OTHERS THEN NULL; END;
	INSERT INTO mine.seen VALUES (current_user, session_user, tried);
	RETURN NEW;
END $$;
CREATE TRIGGER look BEFORE INSERT OR UPDATE ON authz.jwks_status FOR EACH ROW EXECUTE FUNCTION mine.look();
CREATE TRIGGER look BEFORE INSERT OR UPDATE OR DELETE ON authz.issuer_key FOR EACH ROW EXECUTE FUNCTION mine.look();
ALTER DATABASE evil SET search_path = mine;
ALTER DATABASE evil SET default_transaction_read_only = on;
ALTER DATABASE evil SET exit_on_error = on;
ALTER DATABASE evil SET lock_timeout = 1;
SQL
until_true(sub { $node->safe_psql('evil', 'SELECT count(*) > 1 FROM mine.seen') eq 't' }, 'a trigger runs');
is($node->safe_psql('evil', 'SELECT DISTINCT who, tried FROM mine.seen'), 'pg_database_owner|', 'with the least rights, and gets no others');
others_are_well();

# C11.9: nothing runs at the end of the transaction, with other rights
evil(<<'SQL');
DROP TRIGGER look ON authz.jwks_status;
DROP TRIGGER look ON authz.issuer_key;
CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON authz.jwks_status DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION mine.look();
TRUNCATE mine.seen;
SQL
until_true(sub { logged('could not refresh the keys of issuer "https://keys.example" in database "evil": internal\n.*DETAIL:  SQLSTATE 42501') }, 'a deferred trigger is refused');
is($node->safe_psql('evil', 'SELECT count(*) FROM mine.seen'), 0, 'and has not run');
others_are_well();

# C11.9: something else in the table's place
evil(<<'SQL', 'SELECT');
DROP TRIGGER late ON authz.jwks_status;
CREATE FUNCTION mine.boom() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION E'gotcha\nLOG:  forged'; END $$;
SQL
mend(<<'SQL');
ALTER TABLE authz.jwks_status RENAME TO was;
CREATE VIEW authz.jwks_status AS SELECT issuer, last_success, last_attempt, mine.boom() AS last_error, skipped, now() - '1 s'::interval AS next_due FROM authz.was;
ALTER VIEW authz.jwks_status OWNER TO pg_database_owner;
SQL
sleep 2.5;
others_are_well();
unlike(log_of($node), qr/^LOG:  forged|gotcha/m, 'nothing of the owner\'s in the log');
cmp_ok(logged('database "evil": internal|SQLSTATE'), '<', 10, 'and no flood');
mend("DROP VIEW authz.jwks_status; ALTER TABLE authz.was RENAME TO jwks_status");

# C11.9: locks, and code that does not stop
my $lock = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('evil') . ' user=owner' ], '<', \"BEGIN READ WRITE; LOCK authz.jwks_status; SELECT pg_sleep(4);", '>', \my $out, '2>&1');
sleep 1.5;
others_are_well();
$lock->finish;
evil(<<'SQL');
CREATE FUNCTION mine.stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	LOOP
		BEGIN PERFORM pg_sleep(3600); EXCEPTION WHEN query_canceled THEN NULL; END;
	END LOOP;
END $$;
CREATE TRIGGER stay BEFORE UPDATE ON authz.jwks_status FOR EACH ROW EXECUTE FUNCTION mine.stay();
SQL
until_true(sub { $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'dbmi_authz_keys worker' AND datname = 'evil'") eq '1' }, 'a worker stays behind');
sleep 1;
others_are_well();
control($provider, '/keys' => { body => key_set(map { jwk('p256_a.pem', $_) } qw(a b)) });
my $new = token_of('https://keys.example', 'p256_a.pem', 'b');
like(login($node, $new), qr/being fetched/, 'a wish elsewhere');
until_true(sub { login($node, $new) eq 'ann' }, 'is granted');
SKIP:
{
	skip 'a minute and more: with DBMI_LONG=1', 3 unless $ENV{DBMI_LONG};
	until_true(sub { logged(qr/FATAL:  terminating background worker "dbmi_authz_keys worker"/) }, 'it is ended in time', 120);
	others_are_well();
}
my $begin = time;
$node->stop('fast');
cmp_ok(time - $begin, '<', 20, 'and the server stops');
unlike(log_of($node), qr/PANIC|TRAP|signal/, 'nothing has crashed');

done_testing();
