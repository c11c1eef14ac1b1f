# ALTER EXTENSION dbmi_authz UPDATE, in a database with issuers, keys,
# policies, grants and open sessions, gives the catalog of a fresh install; and
# until then the library works with the objects of 1.0.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');
old_version();
my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
my %tokens = (ann => mint(), bob => mint(sub => 'bob'), gone => mint(jti => 'gone'), eve => forge(sub => 'ann'),
	# Q22, Q20, Q23: what an issuer that is added to 1.1 treats otherwise
	bound => mint(cnf => { jkt => 'x' }), overage => mint(hasgroups => JSON::PP::true()), ahead => mint(iat => '+600'), odd_act => mint(act => 'bot'));
# the same of another issuer, which is there from 1.0 on, or comes later
for my $name (qw(bare spaced later))
{
	my $iss = "https://$name.example";
	$tokens{"${name}_$_->[0]"} = mint(iss => $iss, @{ $_->[1] }) for [ bound => [ cnf => { jkt => 'x' } ] ], [ overage => [ hasgroups => JSON::PP::true() ] ], [ ahead => [ iat => '+600' ] ], [ plain => [] ];
}
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE second SUPERUSER LOGIN;
CREATE ROLE owner LOGIN;
CREATE ROLE maker LOGIN;
CREATE ROLE helper LOGIN;
CREATE ROLE app LOGIN;
CREATE ROLE "odd role";
SQL
my $first = $node->safe_psql('postgres', 'SELECT 10::oid::regrole');

# ---------------------------------------------------------------- catalogs --

# What there is of the extension in each catalog, by names and not by numbers,
# and of privileges whatever their order.
my @catalogs = (
	extension => q(
		SELECT extname, extversion, extnamespace::regnamespace, extrelocatable,
			   ARRAY(SELECT concat(c::regclass, ' ', w) FROM unnest(extconfig, extcondition) u(c, w) ORDER BY 1)
		  FROM pg_extension WHERE extname = 'dbmi_authz'),
	members => q(
		SELECT pg_describe_object(d.classid, d.objid, d.objsubid), d.deptype FROM pg_depend d
		 WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'dbmi_authz')),
	dependencies => q(
		SELECT pg_describe_object(d.classid, d.objid, d.objsubid), pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid), d.deptype
		  FROM pg_depend d, pg_identify_object(d.classid, d.objid, d.objsubid) o
		 WHERE o.schema = 'authz' OR o.identity ~ '\mauthz\.' OR o.type = 'extension' AND o.name = 'dbmi_authz'),
	schema => q(SELECT nspname, nspowner::regrole, ARRAY(SELECT unnest(nspacl)::text ORDER BY 1), obj_description(oid) FROM pg_namespace WHERE nspname = 'authz'),
	functions => q(
		SELECT pg_get_functiondef(oid), prokind, proowner::regrole, ARRAY(SELECT unnest(proacl)::text ORDER BY 1), obj_description(oid, 'pg_proc'), pg_get_function_arguments(oid), prosupport, procost, prorows
		  FROM pg_proc WHERE pronamespace = 'authz'::regnamespace),
	relations => q(
		SELECT relname, relkind, relowner::regrole, ARRAY(SELECT unnest(relacl)::text ORDER BY 1), relpersistence, relrowsecurity, relforcerowsecurity, relreplident, relispartition, relhassubclass,
			   reloptions, (SELECT amname FROM pg_am WHERE oid = relam), relnatts, relchecks, relhasrules, relhastriggers, reltoastrelid <> 0, obj_description(oid, 'pg_class')
		  FROM pg_class WHERE relnamespace = 'authz'::regnamespace),
	columns => q(
		SELECT c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation, a.attnotnull, a.atthasdef, pg_get_expr(d.adbin, d.adrelid),
			   a.attidentity, a.attgenerated, a.attstorage, a.attcompression, a.attisdropped, a.attislocal, ARRAY(SELECT unnest(a.attacl)::text ORDER BY 1),
			   ARRAY(SELECT o FROM unnest(a.attoptions) o WHERE o !~ '^pg_attver=') /* of PostgreSQL's own */, col_description(c.oid, a.attnum)
		  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		 WHERE c.relnamespace = 'authz'::regnamespace AND a.attnum > 0),
	constraints => q(
		SELECT conrelid::regclass, conname, contype, pg_get_constraintdef(oid), condeferrable, condeferred, convalidated, obj_description(oid, 'pg_constraint')
		  FROM pg_constraint WHERE connamespace = 'authz'::regnamespace),
	indexes => q(
		SELECT pg_get_indexdef(i.indexrelid), i.indisunique, i.indisprimary, i.indimmediate, i.indisvalid, i.indisready, i.indisclustered, i.indisreplident
		  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'authz'::regnamespace),
	triggers => q(
		SELECT tgrelid::regclass, pg_get_triggerdef(t.oid), tgenabled, tgisinternal, tgdeferrable, obj_description(t.oid, 'pg_trigger')
		  FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE c.relnamespace = 'authz'::regnamespace),
	policies => q(
		SELECT p.*, obj_description(o.oid, 'pg_policy') FROM pg_policies p
		  JOIN pg_policy o ON o.polname = p.policyname AND o.polrelid = format('%I.%I', p.schemaname, p.tablename)::regclass WHERE p.schemaname = 'authz'),
	rules => q(SELECT pg_get_ruledef(r.oid), ev_enabled FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class WHERE c.relnamespace = 'authz'::regnamespace),
	types => q(
		SELECT typname, typtype, typcategory, typowner::regrole, ARRAY(SELECT unnest(typacl)::text ORDER BY 1), typrelid::regclass, obj_description(oid, 'pg_type')
		  FROM pg_type WHERE typnamespace = 'authz'::regnamespace),
	privileges_at_first => q(
		SELECT pg_describe_object(classoid, objoid, objsubid), privtype, ARRAY(SELECT unnest(initprivs)::text ORDER BY 1) FROM pg_init_privs WHERE privtype = 'e'),
	shared_dependencies => q(
		SELECT pg_describe_object(classid, objid, objsubid), refobjid::regrole, deptype FROM pg_shdepend
		 WHERE refclassid = 'pg_authid'::regclass AND classid <> 'pg_extension'::regclass AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())),
	profiles => q(SELECT * FROM authz.profile),
);

# One line of psql for each row, whatever is in it, after that was done to a
# database and before it is undone.
sub rows_of
{
	my ($db, $query, $fault) = @_;
	my $done = $fault // 'SELECT';
	return sort split /\n/, $node->safe_psql($db, "SET search_path = ''; SET client_min_messages = error; BEGIN; $done; "
		  . "SELECT replace(t::text, E'\\n', ' / ') FROM ($query) t; ROLLBACK");
}

# The same rows in each catalog; else each difference is a line.
sub same_catalog
{
	my ($got, $expected, $what) = @_;
	my @differences;
	for (my $i = 0; $i < @catalogs; $i += 2)
	{
		my ($name, $query) = @catalogs[ $i, $i + 1 ];
		my (%got, %expected);
		$got{$_}++ for rows_of($got, $query);
		$expected{$_}++ for rows_of($expected, $query);
		push @differences, map { "$name, only after the update:   $_" } grep { !$expected{$_} } sort keys %got;
		push @differences, map { "$name, only in a fresh install: $_" } grep { !$got{$_} } sort keys %expected;
		BAIL_OUT("nothing in $name") if !%expected && $name !~ /^(rules|shared_dependencies)$/;
	}
	ok(!@differences, $what) or diag(join "\n", @differences);
	return;
}

# ---------------------------------------------------------------- in use --

# A database as somebody uses it, with objects of 1.0.
sub old_database
{
	my ($db, $installer) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $db OWNER owner; GRANT CREATE ON DATABASE $db TO maker");
	is_deeply([ session($node, "CREATE EXTENSION dbmi_authz VERSION '1.0';", db => $db, user => $installer) ], [], "$db: $installer installs 1.0");
	is_deeply([ session($node, <<"SQL", db => $db, user => 'owner') ], [], 'and the owner of the database uses it');
SET client_min_messages = error;
\\o /dev/null
SELECT authz.add_issuer('https://bare.example', '{clinic}'), authz.add_pem('https://bare.example', '$pem', 'k1', 'ES256');
SELECT authz.add_issuer('https://spaced.example', '{clinic}'), authz.add_pem('https://spaced.example', '$pem', 'k1', 'ES256');
UPDATE authz.issuer SET options = E' \n{ "client" : "a}b" }\t\n' WHERE issuer = 'https://spaced.example';
SELECT authz.add_issuer('https://id.example', '{clinic}', options => '{"client": "clinic", "email_claim": "sub"}'), authz.add_pem('https://id.example', '$pem', 'k1', 'ES256'), authz.revoke_token('https://id.example', 'gone');
\\o
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('bob', 'clinic', 'Ward.3', 'VIEW');
CREATE TABLE ward (id int PRIMARY KEY);
INSERT INTO ward VALUES (1), (2);
CREATE FUNCTION odd(int) RETURNS boolean LANGUAGE sql RETURN \$1 % 2 = 1;
\\o /dev/null
SELECT authz.register_access('ward.see', 'ward', 'user', 'odd(int)');
\\o
CREATE TABLE doc (id int, owner text DEFAULT authz.subject());
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob'), (3, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
CREATE TABLE memo (id int, owner text);
CREATE INDEX ON memo (owner);
INSERT INTO memo SELECT * FROM doc;
\\o /dev/null
SELECT authz.protect('memo', owner => 'owner');
\\o
CREATE VIEW docs WITH (security_invoker) AS SELECT *, authz.is_owner(owner) AS mine FROM doc;
CREATE FUNCTION mine(text) RETURNS boolean LANGUAGE sql STABLE RETURN authz.is_owner(\$1);
GRANT ALL ON doc, docs, memo, ward TO app;
GRANT SELECT ON authz.issuer TO helper;
SQL
	$node->safe_psql($db, 'GRANT EXECUTE ON FUNCTION authz.revoke_token TO helper WITH GRANT OPTION; REVOKE EXECUTE ON FUNCTION authz.verify_token FROM PUBLIC;
		GRANT EXECUTE ON FUNCTION authz.set_jwks, authz.drop_key, authz.protect TO helper; GRANT EXECUTE ON FUNCTION authz.drop_key TO "odd role" WITH GRANT OPTION;
		REVOKE EXECUTE ON FUNCTION authz.drop_key FROM pg_database_owner');
	return;
}

# What the application finds.
sub works
{
	my ($db, $what) = @_;
	my @got = grep { !/^WARNING/ } session($node, <<'SQL', db => $db, tokens => \%tokens);
SELECT count(*) FROM doc;
SELECT authz.try_set_token('%{gone}'), authz.try_set_token('%{eve}');
SELECT authz.set_token('%{ann}') \g /dev/null
SELECT authz.subject(), (SELECT count(*) FROM doc), (SELECT count(*) FROM memo), (SELECT bool_and(mine) FROM docs), mine('ann'), mine('bob');
SELECT authz.set_token('%{bob}') \g /dev/null
SELECT authz.subject(), (SELECT count(*) FROM doc), authz.has_item_permission('ward.3', 'view'), authz.verify_token('x');
SELECT authz.subject(), (SELECT count(*) FROM doc), authz.has_item_permission('ward.3', 'view');
INSERT INTO doc (id) VALUES (4) RETURNING owner;
DELETE FROM doc WHERE id = 4;
SQL
	is_deeply(\@got, [ '0', 'f|f', 'ann|1|1|t|t|f', '42501: permission denied for function verify_token', 'bob|2|t', 'bob' ], $what);
	return;
}

# What is taken of an issuer that 1.0 had: as 1.0 did.
sub as_before
{
	my ($db, $what) = @_;
	my @kinds = map { my $issuer = $_; map { "$issuer$_" } qw(bound overage ahead) } '', 'bare_', 'spaced_';
	my @got = session($node, join("\n", map { "SELECT authz.try_set_token('%{$_}'), authz.last_error() ->> 'error_description';" } @kinds), db => $db, tokens => \%tokens);
	is_deeply([ grep { !/^WARNING/ } @got ], [ ('t|', 't|', 'f|Token was issued in the future') x 3 ], $what);
	return;
}

# Rights that somebody gave or took, which a dump must show.
sub dumped_rights
{
	my ($db) = @_;
	my $out = '';
	IPC::Run::run([ 'pg_dump', '-h', $node->host, '-p', $node->port, '-U', $first, $db ], '>', \$out);
	# of a function by its name: 1.1 gave some of them more arguments
	return [ sort map { s/( authz\.\w+)\([^()]*\)/$1/r } grep { /^(GRANT|REVOKE).*(FUNCTION|TABLE|SCHEMA) authz/ } split /\n/, $out ];
}

# ------------------------------------------------------------------ update --
# C3.3: from every released version, whoever installed it

$node->safe_psql('postgres', 'CREATE DATABASE fresh OWNER owner');
$node->safe_psql('fresh', 'CREATE EXTENSION dbmi_authz');
my $control = slurp_file("$FindBin::RealBin/../../dbmi_authz.control");
my ($version) = $control =~ /^default_version = '(.+)'$/m;
like($node->safe_psql('fresh', 'SELECT authz.version()'), qr/^dbmi_authz \Q$version\E \(PostgreSQL \d+\.\d+, OpenSSL 3[.\d]+, jansson 2[.\d]+\)$/,
	'the library says its version, which is that of the control file, and with what it runs');

# The extension alone, whoever installed it.
for my $installer ($first, 'second', 'owner', 'maker')
{
	my $db = "by_$installer";
	$node->safe_psql('postgres', "CREATE DATABASE $db OWNER owner; GRANT CREATE ON DATABASE $db TO maker");
	is_deeply([ session($node, "CREATE EXTENSION dbmi_authz VERSION '1.0'; ALTER EXTENSION dbmi_authz UPDATE;", db => $db, user => $installer) ], [], "$installer installs 1.0 and updates");
	same_catalog($db, 'fresh', "$db: the catalog of a fresh install");
}
$node->safe_psql('by_second', "DROP EXTENSION dbmi_authz; DROP SCHEMA authz; CREATE EXTENSION dbmi_authz VERSION '1.0'");
is_deeply([ session($node, <<'SQL', db => 'by_second', user => $first) ], [], 'the same where default privileges say otherwise');
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO helper;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO helper WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER EXTENSION dbmi_authz UPDATE;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM helper;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM helper;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
SQL
same_catalog('by_second', 'fresh', 'nor do they count');

# The comparison sees what it is to see.
my %plants = (
	columns => [ 'ALTER TABLE authz.revocation ADD more int', 'COMMENT ON COLUMN authz.revocation.kind IS NULL' ],
	functions => [ 'COMMENT ON FUNCTION authz.claims() IS NULL', 'ALTER FUNCTION authz.claims() COST 7', 'GRANT EXECUTE ON FUNCTION authz.drop_issuer TO app', 'ALTER FUNCTION authz.claims() OWNER TO second' ],
	triggers => ['ALTER TABLE authz.issuer ENABLE TRIGGER guard'],
	relations => [ 'ALTER TABLE authz.issuer_key DISABLE ROW LEVEL SECURITY', 'ALTER TABLE authz.issuer OWNER TO second', 'ALTER TABLE authz.issuer SET (fillfactor = 50)' ],
	members => ['ALTER EXTENSION dbmi_authz DROP FUNCTION authz.claims()'],
	profiles => ["UPDATE authz.profile SET options = '{}' WHERE profile = 'auth0'"],
	indexes => ['DROP INDEX authz.item_permission_item'],
	policies => ['DROP POLICY visible ON authz.item_permission'],
	constraints => ['ALTER TABLE authz.issuer ADD CHECK (true)'],
	types => ['CREATE DOMAIN authz.d AS text'],
	schema => ['GRANT CREATE ON SCHEMA authz TO app'],
	extension => ["UPDATE pg_extension SET extcondition[7] = '' WHERE extname = 'dbmi_authz'"]);
my %query = @catalogs;
for my $name (sort keys %plants)
{
	for my $fault (@{ $plants{$name} })
	{
		isnt(join("\n", rows_of('fresh', $query{$name}, $fault)), join("\n", rows_of('fresh', $query{$name})), "a difference in $name is seen: $fault");
	}
}

# What stands in the way stops the update, is named, and may stay.
$node->safe_psql('postgres', 'CREATE DATABASE stopped OWNER owner');
my ($stopped) = session($node, "CREATE EXTENSION dbmi_authz VERSION '1.0'; CREATE FUNCTION authz.version() RETURNS text LANGUAGE sql RETURN 'mine'; ALTER EXTENSION dbmi_authz UPDATE;", db => 'stopped', user => 'owner');
is($stopped, '42723: function "version" already exists with same argument types', 'a function of the owner stands in the way');
is($node->safe_psql('stopped', "SELECT extversion, authz.version(), authz.token_state() FROM pg_extension WHERE extname = 'dbmi_authz'"), '1.0|mine|none', 'and nothing has changed');
# One with other arguments does not, though it has the name of one of ours.
is_deeply([ session($node, 'DROP FUNCTION authz.version(); CREATE FUNCTION authz.protect(int) RETURNS int LANGUAGE sql RETURN 1; ALTER EXTENSION dbmi_authz UPDATE; SELECT authz.protect(1);', db => 'stopped', user => 'owner') ],
	['1'], 'one with other arguments does not');

# So does what depends on a function that has other arguments now.
$node->safe_psql('postgres', 'CREATE DATABASE depends OWNER owner');
my @depends = session($node, "CREATE EXTENSION dbmi_authz VERSION '1.0'; CREATE VIEW dropping AS SELECT authz.drop_key('a', 'b') IS NULL; ALTER EXTENSION dbmi_authz UPDATE;", db => 'depends', user => 'owner', details => 1);
is($depends[0], '2BP01: cannot drop function drop_key(text,text) because other objects depend on it', 'a view over a function that changes stops the update');
like($depends[1], qr/^DETAIL:  view public\.dropping depends on function drop_key\(text,text\)/, 'and is named');
is_deeply([ session($node, 'DROP VIEW dropping; ALTER EXTENSION dbmi_authz UPDATE;', db => 'depends', user => 'owner') ], [], 'without it the update comes through');
same_catalog('depends', 'fresh', 'as ever');

# The update runs as a superuser, so it calls nothing that others could have
# put beside what it means.
$node->safe_psql('postgres', 'CREATE DATABASE beside OWNER owner');
my ($beside) = session($node, "CREATE EXTENSION dbmi_authz VERSION '1.0'; CREATE FUNCTION authz.accept_rules() RETURNS integer LANGUAGE sql RETURN 1 / 0; CREATE FUNCTION authz.accept_rules(text) RETURNS integer LANGUAGE sql RETURN 1 / 0; ALTER EXTENSION dbmi_authz UPDATE; SELECT extversion FROM pg_extension WHERE extname = 'dbmi_authz';", db => 'beside', user => 'owner');
is($beside, '1.1', 'functions of the owner beside one that the update calls are not called');

# Profiles that somebody made under the name of one of ours are replaced, and
# told; others stay, and issuers keep their own options.
$node->safe_psql('postgres', 'CREATE DATABASE profiles OWNER owner');
is_deeply([ session($node, <<"SQL", db => 'profiles', user => 'owner') ], [], 'profiles of somebody');
CREATE EXTENSION dbmi_authz VERSION '1.0';
INSERT INTO authz.profile VALUES ('okta', 'iss', false, '{"algorithms": ["ES256"], "owner_claim": "uid"}'), ('clerk', 'iss', true, '{"algorithms": ["ES256"]}'),
	('mine', 'iss', true, '{"algorithms": ["ES256"], "owner_claim": "uid"}');
\\o /dev/null
SELECT authz.add_issuer('https://id.example', '{clinic}', 'mine'), authz.add_pem('https://id.example', '$pem', 'k1', 'ES256');
SELECT authz.add_issuer('https://spaced.example', NULL, 'okta', '{"algorithms": ["ES256"]}'), authz.add_pem('https://spaced.example', '$pem', 'k1', 'ES256');
SQL
my $okta = mint(iss => 'https://spaced.example', uid => 'u');
my $scoped = mint(iss => 'https://spaced.example', uid => 'u', scp => ['read']);
is_deeply([ session($node, 'ALTER EXTENSION dbmi_authz UPDATE;', db => 'profiles', user => 'owner', details => 1) ], [
	map { ("NOTICE:  00000: replacing profile \"$_\"", 'DETAIL:  This version brings a profile of that name.',
		'HINT:  Issuers of it keep their own options; look at what the new profile says, and set what differs with alter_issuer.') } qw(clerk okta) ], 'the update tells which it replaces');
is($node->safe_psql('profiles', "SELECT * FROM authz.profile WHERE profile <> 'mine' ORDER BY 1"), $node->safe_psql('fresh', 'SELECT * FROM authz.profile ORDER BY 1'), 'they are those of a fresh install');
is($node->safe_psql('profiles', "SELECT options FROM authz.profile WHERE profile = 'mine'"), '{"algorithms": ["ES256"], "owner_claim": "uid"}', 'another one stays');
is_deeply([ session($node, q(SELECT authz.try_set_token('%{ann}'); SELECT authz.try_set_token('%{okta}'), authz.last_error() ->> 'error_description';), db => 'profiles', tokens => { %tokens, okta => $okta }) ],
	[ 't', 'WARNING:  F0000: ignoring invalid issuer "https://spaced.example"', 'f|Invalid token issuer' ], 'an issuer of the new profile wants an audience');
is_deeply([ session($node, q(SELECT authz.alter_issuer('https://spaced.example', audience => '{clinic}') \g /dev/null
SELECT authz.try_set_token('%{okta}'); SELECT authz.try_set_token('%{scoped}'); SELECT authz.user_id(), authz.is_owner('ann'::text);), db => 'profiles', user => 'owner', tokens => { okta => $okta, scoped => $scoped }) ],
	[ 'f', 't', 'u|t' ], 'and goes by the new one, with its own options');

# ------------------------------------------------------------ open sessions --

# A session that stays, and answers by lines.
sub open_session
{
	my ($db, $user) = @_;
	my ($in, $out) = ('', '');
	my $harness = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr($db) . " user=$user" ],
		'<', \$in, '>', \$out, '2>&1', IPC::Run::timeout(180));
	return { harness => $harness, in => \$in, out => \$out };
}

sub ask
{
	my ($session, $sql) = @_;
	$sql =~ s/%\{(\w+)\}/$tokens{$1}/g;
	${ $session->{out} } = '';
	${ $session->{in} } .= "$sql\n\\echo DONE\n";
	$session->{harness}->pump until ${ $session->{out} } =~ /^DONE$/m;
	return join "\n", grep { !/^(DONE|LOCATION|DETAIL|HINT|WARNING)/ } map { s/^(ERROR):  //r } split /\n/, ${ $session->{out} };
}

for my $installer ($first, 'second', 'owner', 'maker')
{
	my $db = "used_by_$installer";
	old_database($db, $installer);

	# C3.5: the library of 1.1 with the objects of 1.0
	works($db, "$db: works with the objects of 1.0");
	as_before($db, 'and takes what 1.0 took');
	like((session($node, q(SELECT authz.try_set_token('%{odd_act}');), db => $db, tokens => \%tokens))[-1], qr/^t$/, 'also an act that names nobody');
	# an option that 1.0 has not got: written by hand, since the library of 1.0 would refuse it
	$node->safe_psql($db, q(INSERT INTO authz.issuer VALUES ('https://later.example', '{clinic}', 'generic', '{"skew_seconds": 5}'); INSERT INTO authz.issuer_key SELECT 'https://later.example', kid, alg, jwk, thumbprint, source FROM authz.issuer_key WHERE issuer = 'https://id.example'));
	is_deeply([ (session($node, q(SELECT authz.try_set_token('%{later_plain}');), db => $db, tokens => \%tokens, details => 1))[-4 .. -1] ],
		[ 'WARNING:  F0000: ignoring invalid issuer "https://later.example"', 'DETAIL:  Its option "skew_seconds" needs the objects of the new version.',
			'HINT:  Correct its row in table authz.issuer, or remove it with drop_issuer.', 'f' ], 'an issuer with a new option counts as absent');
	like((session($node, q(SELECT authz.alter_issuer('https://id.example', '{"session_claim": "s"}');), db => $db, user => 'owner'))[-1], qr/^22023: .*session_claim/, 'and none can be made');
	$node->safe_psql($db, q(DELETE FROM authz.issuer WHERE issuer = 'https://later.example'));
	my @told = session($node, q(SELECT authz.try_set_token('%{ann}'); SELECT authz.try_set_token('%{bob}'); SELECT count(*) FROM doc;), db => $db, tokens => \%tokens, details => 1);
	is_deeply(\@told, [ qq(WARNING:  01000: extension "dbmi_authz" has version 1.0, its library has version $version), 'DETAIL:  What only the later one has does not work.',
		'HINT:  Run ALTER EXTENSION dbmi_authz UPDATE in this database; if the library is the older one, install the other.', 't', 't', '2' ], 'and a session is told once that the update is due');

	# Q14, Q17: key sets have the rule of 1.0, and nothing is written that is not there
	my $good = '{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}';
	my @keys = session($node, <<"SQL", db => $db, user => $first);
SET client_min_messages = error;
SELECT authz.add_issuer('https://sets.example', '{clinic}') \\g /dev/null
SELECT authz.set_jwks('https://sets.example', '{"keys": [$good, null]}');
SELECT authz.set_jwks('https://sets.example', '{"keys": [$good]}');
SELECT authz.drop_key('https://sets.example', 'k') \\g /dev/null
SELECT authz.add_key('https://sets.example', '$good') \\g /dev/null
SELECT authz.set_jwks('https://sets.example', '{"keys": [$good]}');
SELECT authz.drop_issuer('https://sets.example') \\g /dev/null
SQL
	is_deeply(\@keys, [ '22023: invalid JWK set', '1', '42710: key "k" of issuer "https://sets.example" already exists' ], 'key sets are taken as 1.0 took them');

	my $rights = dumped_rights($db);
	cmp_ok(scalar(grep { /helper/ } @$rights), '>=', 2, 'there are rights to keep');

	# sessions that hold an identity, plans of all kinds, a cursor, and a transaction
	my $reader = open_session($db, 'app');
	is(ask($reader, <<'SQL'), "1\n1\nann", 'a session logs in and prepares');
SELECT authz.set_token('%{ann}') \g /dev/null
PREPARE rows AS SELECT count(*) FROM doc;
PREPARE who AS SELECT authz.subject();
EXECUTE rows;
SET plan_cache_mode = force_generic_plan;
EXECUTE rows;
EXECUTE who;
SQL
	my $worker = open_session($db, 'app');
	is(ask($worker, <<'SQL'), "bob\n2", 'another one is in a transaction');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT authz.set_token('%{bob}', true) \g /dev/null
SELECT authz.subject();
DECLARE c CURSOR FOR SELECT id FROM doc;
FETCH c;
SQL
	my $nobody = open_session($db, 'app');
	is(ask($nobody, 'PREPARE rows AS SELECT count(*) FROM doc; EXECUTE rows;'), '0', 'and one is nobody');

	is_deeply([ session($node, 'ALTER EXTENSION dbmi_authz UPDATE;', db => $db, user => $installer) ], [], 'the update comes through');

	is(ask($worker, "FETCH c;\nSELECT authz.subject(), (SELECT count(*) FROM doc);\nCOMMIT;\nSELECT authz.subject();"), "3\nbob|2\n", 'the transaction goes on');
	is(ask($reader, "EXECUTE rows;\nEXECUTE who;\nSELECT authz.subject(), (SELECT count(*) FROM memo);\nSELECT authz.set_token('%{bob}') \\g /dev/null\nEXECUTE rows;\nEXECUTE who;"),
		"1\nann\nann|1\n2\nbob", 'so does the session that holds an identity');
	is(ask($nobody, "EXECUTE rows;\nSELECT authz.set_token('%{ann}') \\g /dev/null\nEXECUTE rows;\nSELECT authz.version() LIKE 'dbmi_authz $version %';"), "0\n1\nt", 'and nobody logs in');
	$_->{harness}->finish for map { ${ $_->{in} } .= "\\q\n"; $_ } $reader, $worker, $nobody;

	works($db, 'all works as before');
	as_before($db, 'issuers that were there take what they took');
	is($node->safe_psql($db, q(SELECT issuer, options FROM authz.issuer ORDER BY issuer)), join("\n",
		'https://bare.example|{"bound_tokens": "ignore", "groups_overage": "ignore", "skew_seconds": 0}',
		'https://id.example|{"client": "clinic", "email_claim": "sub", "bound_tokens": "ignore", "groups_overage": "ignore", "skew_seconds": 0}',
		qq(https://spaced.example| \n{ "client" : "a}b" , "bound_tokens": "ignore", "groups_overage": "ignore", "skew_seconds": 0})), 'it is written into their options');
	$node->safe_psql($db, "SELECT authz.add_issuer('https://later.example', '{clinic}'), authz.add_pem('https://later.example', '$pem', 'k1', 'ES256')");
	is_deeply([ session($node, join("\n", map { "SELECT authz.try_set_token('%{later_$_}');" } qw(plain bound overage ahead)), db => $db, tokens => \%tokens) ],
		[qw(t f f f)], 'one that comes later is one of 1.1');
	is_deeply([ session($node, q(SELECT authz.try_set_token('%{ann}');), db => $db, tokens => \%tokens) ], ['t'], 'and nothing is due');
	is_deeply(dumped_rights($db), $rights, 'the rights that were given and taken are still told by a dump');
	is($node->safe_psql($db, q(SELECT array_agg(DISTINCT concat(a.grantee::regrole, a.is_grantable)) FROM pg_proc, aclexplode(proacl) a WHERE proname = 'revoke_token' AND a.grantee = 'helper'::regrole)), '{helpert}', 'and hold');
	my $protect = 'authz.protect(regclass,name,text,name,text,boolean,' . 'text[],' x 32 . 'boolean,regclass,name,regclass)';
	is($node->safe_psql($db, q(SELECT string_agg(concat_ws(' ', p.oid::regprocedure, a.grantee::regrole, a.is_grantable), ', ' ORDER BY p.proname, a.grantee::regrole::text)
		FROM pg_proc p, aclexplode(proacl) a WHERE proname IN ('set_jwks', 'drop_key', 'protect') AND a.grantee <> p.proowner)),
		'authz.drop_key(text,text,text) "odd role" t, authz.drop_key(text,text,text) helper f, ' . join(', ', map { "$protect $_ f" } qw(helper pg_database_owner)) . ', authz.set_jwks(text,json,boolean) helper f, authz.set_jwks(text,json,boolean) pg_database_owner f',
		'also on functions that have more arguments now');

	# what users have is left out: without it the catalog is a fresh one
	$node->safe_psql($db, <<'SQL');
REVOKE ALL ON FUNCTION authz.revoke_token, authz.set_jwks, authz.drop_key, authz.protect FROM helper, "odd role";
GRANT EXECUTE ON FUNCTION authz.drop_key TO pg_database_owner;
GRANT EXECUTE ON FUNCTION authz.verify_token TO PUBLIC;
REVOKE ALL ON authz.issuer FROM helper;
DROP TABLE doc, memo, ward CASCADE;
DROP FUNCTION odd, mine;
SQL
	same_catalog($db, 'fresh', 'the catalog is that of a fresh install');
}

# Z7: what the owner of the database has hung on the tables runs as the owner,
# whoever runs the update; and a profile that somebody changed stays.
my $super = $node->safe_psql('postgres', 'SELECT current_user');
for my $updater ('owner', $super)
{
	my $db = $updater eq 'owner' ? 'hung_owner' : 'hung_super';
	$node->safe_psql('postgres', "CREATE DATABASE $db OWNER owner");
	my $hang = join "\n", map { <<"SQL" } qw(issuer issuer_key profile revocation object_access item_permission permission_implies inactive_subject);
GRANT TRIGGER ON authz.$_ TO owner;
CREATE TRIGGER spy BEFORE INSERT OR UPDATE OR DELETE ON authz.$_ FOR EACH ROW EXECUTE FUNCTION spy();
CREATE TRIGGER spy_after AFTER INSERT OR UPDATE OR DELETE ON authz.$_ FOR EACH STATEMENT EXECUTE FUNCTION spy();
ALTER TABLE authz.$_ ADD CONSTRAINT spy CHECK (public.spy('check')) NOT VALID;
CREATE RULE spy AS ON UPDATE TO authz.$_ DO ALSO SELECT public.spy('rule');
SQL
	is_deeply([ session($node, <<"SQL", db => $db, user => 'owner') ], [], "$db: somebody hangs something on the tables");
SET client_min_messages = error;
CREATE EXTENSION dbmi_authz VERSION '1.0';
\\o /dev/null
SELECT authz.add_issuer('https://id.example', '{clinic}');
\\o
UPDATE authz.profile SET options = '{"algorithms": ["RS256"], "required_claims": ["iss", "aud", "exp", "jti"], "token_types": ["at+jwt"]}' WHERE profile = 'generic';
CREATE TABLE seen (who name, place text);
GRANT ALL ON seen TO PUBLIC;
CREATE FUNCTION spy(place text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.seen VALUES (current_user, place); RETURN true; END';
CREATE FUNCTION spy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.spy(concat_ws('' '', TG_TABLE_NAME, TG_WHEN, TG_OP)); RETURN coalesce(new, old); END';
$hang
SQL
	session($node, 'ALTER EXTENSION dbmi_authz UPDATE;', db => $db, user => $updater);
	is($node->safe_psql($db, 'SELECT extversion FROM pg_extension WHERE extname = \'dbmi_authz\''), $version, "$updater updates");
	is($node->safe_psql($db, q(SELECT string_agg(DISTINCT who, ' ') FROM seen)), 'pg_database_owner', 'and all of that runs as the owner');
	is($node->safe_psql($db, q(SELECT string_agg(DISTINCT place, ', ' ORDER BY place) FROM seen WHERE place ~ 'UPDATE|check|rule')),
		'check, issuer AFTER UPDATE, issuer BEFORE UPDATE, profile AFTER UPDATE, rule', 'each of them');
	is($node->safe_psql($db, q(SELECT options ->> 'token_types' FROM authz.profile WHERE profile = 'generic')), '["at+jwt"]', 'a profile that was changed stays');
	is($node->safe_psql($db, q(SELECT count(*) FROM pg_proc WHERE pronamespace = 'authz'::regnamespace AND proname = 'update_as_owner')), '0', 'what wrote that is gone');
}

# The same with operators and types: who installed 1.0 may create in the schema,
# and changes the type of a column of which the update looks at the rows.
for my $updater ('owner', $super)
{
	my $db = $updater eq 'owner' ? 'typed_owner' : 'typed_super';
	$node->safe_psql('postgres', "CREATE DATABASE $db OWNER owner");
	is_deeply([ session($node, <<"SQL", db => $db, user => 'owner') ], [], "$db: somebody gives a column another type");
SET client_min_messages = error;
CREATE EXTENSION dbmi_authz VERSION '1.0';
\\o /dev/null
SELECT authz.add_issuer('https://id.example', '{clinic}'), authz.revoke_token('https://id.example', 'x');
\\o
CREATE TABLE seen (who name);
GRANT ALL ON seen TO PUBLIC;
CREATE DOMAIN public.d AS text COLLATE "C";
CREATE FUNCTION public.spy(public.d, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.seen VALUES (current_user); RETURN true; END';
CREATE OPERATOR authz.= (LEFTARG = public.d, RIGHTARG = text, FUNCTION = public.spy);
ALTER TABLE authz.revocation ALTER COLUMN kind TYPE public.d;
SQL
	session($node, 'ALTER EXTENSION dbmi_authz UPDATE;', db => $db, user => $updater);
	is($node->safe_psql($db, 'SELECT extversion FROM pg_extension WHERE extname = \'dbmi_authz\''), $version, "$updater updates");
	is($node->safe_psql($db, q(SELECT count(*) FROM seen)), '0', 'nothing of it runs');
}

# A superuser of then owns functions, and is none any more.
$node->safe_psql('postgres', 'CREATE ROLE demoted SUPERUSER LOGIN; CREATE DATABASE demoted OWNER demoted');
session($node, "CREATE EXTENSION dbmi_authz VERSION '1.0';", db => 'demoted', user => 'demoted');
$node->safe_psql('postgres', 'ALTER ROLE demoted NOSUPERUSER');
session($node, <<'SQL', db => 'demoted', user => 'demoted');
ALTER FUNCTION authz.subject() SECURITY DEFINER SET search_path = public;
ALTER EXTENSION dbmi_authz UPDATE;
SQL
is($node->safe_psql('demoted', q(SELECT count(*) FILTER (WHERE proowner <> 10 OR prosecdef OR proconfig IS NOT NULL), count(*) > 100 FROM pg_proc WHERE pronamespace = 'authz'::regnamespace)), '0|t',
	'no function of a superuser runs as one');

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|eyJ/, 'nothing crashed, no token in the log');
done_testing();
