# contrib/update-keys and the database: a clear sentence and status 3 where it cannot
# be had or written, no rights that somebody else could use, no key in its log, and
# any encoding and environment.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzUpdateKeys;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "log_statement = all\nlog_min_duration_statement = 0\nlog_parameter_max_length = -1\nlog_min_error_statement = debug5\nmax_connections = 40\nmax_prepared_transactions = 2\n");
$node->start;
old_version($node);
my $super = $node->safe_psql('postgres', 'SELECT current_user');
my $files = PostgreSQL::Test::Utils::tempdir();
own_database($node);
my $provider = provider();
my $here = "127.0.0.1:$provider->{port}";
my @allow = ('--allow-host', $here);
my $k1 = jwk('k1');
tells($provider, '/set' => { body => set_of($k1) });

sub as_super { my ($db, $sql) = @_; return $node->safe_psql($db, $sql, extra_params => [ '-U', $super ]); }

sub trust_set
{
	my ($db, $name) = @_;
	as_owner("SELECT authz.add_issuer(\$n\$$name\$n\$, '{api}', options => '{\"jwks_uri\": \"http://$here/set\"}')", $db);
	return;
}
trust_set('shop', 'a');
as_super('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE ROLE keys LOGIN IN ROLE dbo;
CREATE ROLE dba SUPERUSER LOGIN;
CREATE ROLE sneaky SUPERUSER LOGIN;
ALTER ROLE sneaky SET role = 'dbo';
CREATE DATABASE bare OWNER dbo;
CREATE DATABASE older OWNER dbo;
CREATE DATABASE supers;
CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C' OWNER dbo;
CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C' OWNER dbo;
SQL
as_owner("CREATE EXTENSION dbmi_authz VERSION '1.0'", 'older');
as_super('supers', 'CREATE EXTENSION dbmi_authz');

# Q5: it does not report success where there was none
says('no such database', 3, qr/^update-keys: .*database "nosuch" does not exist\n\z/, @allow, 'nosuch');
says('no such server', 3, qr/^update-keys: .*No such file or directory/, @allow, '-h', "$files/none");
says('no such role', 3, qr/^update-keys: .*role "nosuch" does not exist$/, @allow, '-U', 'nosuch');
says('a port that is none', 3, qr/^update-keys: .*port/, @allow, '-p', 'x');
says('a database without the extension', 3, qr/^update-keys: extension dbmi_authz is not installed in this database\n\z/, @allow, '-d', 'bare');
says('an extension that was not updated', 3, qr/^update-keys: extension dbmi_authz has version 1\.0, which does not know when keys are due: run ALTER EXTENSION dbmi_authz UPDATE\n\z/, @allow, 'older');
says('a role that is not the owner', 3, qr/^update-keys: only the owner of the database may update its keys: connect as that role\n\z/, @allow, '-U', 'app');
is(status_of('a'), 'nothing', 'nothing was written');

# the owner's triggers never run as a superuser
as_owner(<<'SQL');
CREATE TABLE ran (who name);
GRANT INSERT ON ran TO PUBLIC;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.ran VALUES (current_user); RETURN NEW; END$$;
GRANT TRIGGER ON authz.jwks_status TO dbo;
CREATE TRIGGER t BEFORE INSERT OR UPDATE ON authz.jwks_status FOR EACH ROW EXECUTE FUNCTION tell();
SQL
my $refused = qr/^update-keys: a superuser would run what the owner of this database has put on its tables: connect as the owner\n\z/;
says('a superuser in the database of another', 3, $refused, @allow, '-U', 'dba');
says('one that plays another role', 3, $refused, @allow, '-U', 'sneaky');
is(as_owner('SELECT count(*) FROM ran'), '0', 'nothing of the owner has run');
says('a superuser in a database of superusers', 0, qr/^\z/, @allow, '-U', 'dba', 'supers');
says('a member of the owner', 0, qr/^a: keys: 1/, @allow, '-v', '-U', 'keys');
is(as_owner('SELECT DISTINCT who FROM ran ORDER BY 1'), "keys\npg_database_owner", 'whose rights those were');
as_owner('DROP TRIGGER t ON authz.jwks_status; REVOKE TRIGGER ON authz.jwks_status FROM dbo; DROP FUNCTION tell; DROP TABLE ran');

# no key in the server's log, nor in an argument: also a private one that was published
my $private = { %{ jwk('leaked', 'p256_b.pem') }, d => 'PRIVATE-PRIVATE' };
tells($provider, '/set' => { body => set_of($k1, $private) });
says('a private key', 1, qr/refused_keys/, @allow, '--all');
tells($provider, '/set' => { body => '{"keys": [' . 'SECRET' x 10 });
says('no JSON', 1, qr/not_json/, @allow, '--all');
tells($provider, '/set' => { body => "{\"keys\": \"SECRET\\u0000\\ud800\"}" });
says('JSON that a database refuses', 1, qr/refused_keys/, @allow, '--all');
tells($provider, '/set' => { body => set_of($k1) });
says('and a good set', 0, qr/keys: 1/, @allow, '-v', '--all');
my $log = slurp_file($node->logfile);
like($log, qr/statement: SELECT authz\.set_jwks\(u\.issuer, u\.keys::json\)/, 'the log has the statements');
unlike($log, qr/PRIVATE-PRIVATE|SECRET|\Q$k1->{x}\E|\Q$private->{x}\E/, 'and nothing of the sets');

# somebody holds a lock
trust_set('shop', 'b');
as_owner("BEGIN; UPDATE authz.jwks_status SET skipped = skipped WHERE issuer = 'a'; PREPARE TRANSACTION 'holder'");
says('a row that is locked holds up no other', 0, qr/^b: keys: 1.*^a: not due, or in another's hands$/ms, @allow, '-v', '--all');
as_owner("ROLLBACK PREPARED 'holder'");
is(status_of('b'), 'ok', 'it was fetched');

# read-only
as_super('postgres', 'ALTER ROLE dbo SET default_transaction_read_only = on');
says('a role that only reads', 3, qr/^update-keys: cannot execute .* in a read-only transaction\n\z/, @allow, '--all');
as_super('postgres', 'ALTER ROLE dbo RESET default_transaction_read_only');
{
	local $ENV{PGUSER} = $super;
	$node->backup('b');
}
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
says('a standby', 3, qr/^update-keys: this server is a standby, which cannot be written: connect to the primary \(PGTARGETSESSIONATTRS=read-write chooses it\)\n\z/,
	@allow, '-h', $standby->host, '-p', $standby->port, '--all');
{
	local $ENV{PGTARGETSESSIONATTRS} = 'read-write';
	says('as it says', 0, qr/^a: keys: 1/m, @allow, '-v', '--all', '-h', join(',', $standby->host, $node->host), '-p', join(',', $standby->port, $node->port));
}
$standby->stop;

# encodings: names and sets go through as they are
for my $case ([ 'latin', "\xc3\xa9t\xc3\xa9" ], [ 'shop', "\xe2\x82\xac \xf0\x9f\x98\x80" ])
{
	my ($db, $name) = @$case;
	as_owner("CREATE EXTENSION IF NOT EXISTS dbmi_authz", $db);
	{
		local $ENV{PGCLIENTENCODING} = 'UTF8';
		trust_set($db, $name);
	}
	tells($provider, '/set' => { body => set_of({ %$k1, note => "\x{20ac}\x{1f600}\x{e9}" }) });
	says("a name in database $db", 0, qr/\Q$name\E: keys: 1/, @allow, '-v', '--all', $db);
	says("the same by its name in database $db", 0, qr/^\Q$name\E: keys: 1, skipped: 0\n\z/, @allow, '-v', '--issuer', $name, $db);
	tells($provider, '/set' => { status => 500, body => '' });
	says("its failure in database $db", 1, qr/issuer "\Q$name\E": http_status/, @allow, '--issuer', $name, $db);
	tells($provider, '/set' => { body => set_of($k1) });
}
as_owner('CREATE EXTENSION dbmi_authz', 'bytes');
{
	local $ENV{PGCLIENTENCODING} = 'SQL_ASCII';
	trust_set('bytes', "\xc3\xa9t\xc3\xa9");
	as_owner("INSERT INTO authz.issuer SELECT 'no \xff\xfe text', audience, profile, options FROM authz.issuer", 'bytes');
}
says('a name in no encoding, by hand', 1, qr/^update-keys: issuer "no \\udcff\\udcfe text": internal: .*\n\z/, @allow, '--metrics', "$files/bytes.prom", 'bytes');
is(as_owner("SELECT count(*) FROM authz.jwks_status WHERE last_success IS NOT NULL", 'bytes'), '1', 'stops no other');
like(slurp_file("$files/bytes.prom"), qr/issuer="no \\\\udcff\\\\udcfe text"\} \d/m, 'in the metrics');

# whatever the machine is like
append_to_file("$files/psqlrc", "\\pset format html\n\\set ON_ERROR_STOP off\n\\echo rc\n");
as_super('shop', <<'SQL');
CREATE SCHEMA evil AUTHORIZATION app;
GRANT ALL ON SCHEMA public TO app;
CREATE FUNCTION evil.lie(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT 1 / 0 > 0';
CREATE OPERATOR evil.= (FUNCTION = evil.lie, LEFTARG = text, RIGHTARG = text);
CREATE TABLE evil.update_keys (issuer text);
ALTER ROLE dbo SET search_path = evil, pg_catalog, public;
SQL
for my $case ([ PSQLRC => "$files/psqlrc" ], [ LC_ALL => 'C' ], [ LANG => 'de_DE.UTF-8' ], [ PGCLIENTENCODING => 'LATIN1' ], [ PGDATESTYLE => 'German' ], [ PGTZ => 'Asia/Tokyo' ],
	[ PGOPTIONS => '-c standard_conforming_strings=off -c default_transaction_isolation=serializable -c datestyle=SQL -c search_path=evil' ], [ PYTHONIOENCODING => 'ascii' ], [ HOME => "$files/none" ])
{
	local $ENV{ $case->[0] } = $case->[1];
	local $ENV{XDG_STATE_HOME} = undef if $case->[0] eq 'HOME';
	tells($provider, '/set' => { body => set_of($k1) });
	says("with $case->[0]=$case->[1]", 0, qr/^a: keys: 1/m, @allow, '-v', '--issuer', 'a');
	tells($provider, '/set' => { body => { keys => [] } });
	says("with $case->[0]=$case->[1], a refusal", 1, qr/refused_keys: .* The set holds no key/, @allow, '--issuer', 'a');
}
tells($provider, '/set' => { body => set_of($k1) });
{
	local $ENV{PATH} = $files;
	my ($out, $err) = ('', '');
	IPC::Run::run([ '/usr/bin/python3', "$FindBin::RealBin/../../contrib/update-keys" ], '<', \undef, '>', \$out, '2>', \$err);
	is($? >> 8, 3, 'no psql: exit status');
	is($err, "update-keys: could not run psql: No such file or directory\n", 'no psql');
}

# the command line, and a file of options
append_to_file("$files/good.conf", "# where keys come from\n\nallow-host = 127.0.0.1:1\nallow-host=$here\n  timeout = 7\ndbname = nosuch\n");
says('a file of options', 0, qr/^a: keys: 1/m, '-v', '--issuer', 'a', '--config', "$files/good.conf", 'shop');
says('what the command line does not say holds', 3, qr/"nosuch" does not exist/, '--config', "$files/good.conf");
for my $case ([ 'an option that is none', 'allow-hosts = x', qr/line 1: expected NAME = VALUE, with a name of: dbname, / ], [ 'a flag', 'all = true', qr/line 1: expected/ ],
	[ 'no value', 'proxy', qr/line 1: expected/ ], [ 'a value that is none', 'timeout = 0', qr/'0' is not a whole number above zero/ ], [ 'no host', 'allow-host = https://x/', qr/is not HOST or HOST:PORT/ ], [ 'no port', 'allow-host = x:65536', qr/is not HOST or HOST:PORT/ ])
{
	my ($name, $text, $pattern) = @$case;
	unlink "$files/bad.conf";
	append_to_file("$files/bad.conf", "$text\n");
	says("a file with $name", 2, $pattern, '--config', "$files/bad.conf");
}
says('a file that is not there', 2, qr/could not read .*none\.conf: No such file/, '--config', "$files/none.conf");
says('a limit that is none', 2, qr/'-1' is not a whole number/, '--timeout=-1');
says('an option cut short', 2, qr/--allow\b/, '--allow', 'x');
says('two databases', 2, qr/^update-keys: the database is given twice: shop and bare\nTry "update-keys --help"\.\n\z/, '-d', 'shop', 'bare');
says('an issuer that does not exist', 1, qr/^update-keys: issuer "none\\n" does not exist\n\z/, @allow, '--issuer', "none\n");
says('help', 0, qr/^NAME\n  update-keys - .*EXIT STATUS.*EXAMPLES/s, '--help');
my ($version) = slurp_file("$FindBin::RealBin/../../dbmi_authz.control") =~ /^default_version = '(.*)'/m;
says('version', 0, qr/^update-keys \(dbmi_authz\) $version$/, '--version');

# What systemd has to say of the units; of others that the machine has it may say more.
sub units_say
{
	my ($broken) = @_;
	my $units = "$FindBin::RealBin/../../contrib/systemd";
	my $service = slurp_file("$units/dbmi_authz-update-keys.service") =~ s{/usr/local/bin/update-keys}{/bin/true}r;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	append_to_file("$dir/dbmi_authz-update-keys.service", $service . $broken);
	append_to_file("$dir/dbmi_authz-update-keys.timer", slurp_file("$units/dbmi_authz-update-keys.timer"));
	my $said = '';
	IPC::Run::run([ 'systemd-analyze', 'verify', map { "$dir/dbmi_authz-update-keys.$_" } 'service', 'timer' ], '>', \$said, '2>&1');
	return join "\n", grep { /dbmi_authz-update-keys/ } split /\n/, $said;
}

# the units of systemd
SKIP: {
	skip 'no systemd-analyze', 2 unless -x '/usr/bin/systemd-analyze';
	is(units_say(''), '', 'the units can be read');
	like(units_say("ProtectSystm=strict\n"), qr/Unknown .*ProtectSystm/, 'and a mistake in them would be told');
}

done_testing();
