# The owner of a database, who is no superuser, installs the extension,
# administers it, dumps the database and restores it for another such owner,
# and what was trusted is trusted there.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE one LOGIN;
CREATE ROLE two LOGIN;
CREATE ROLE app LOGIN;
CREATE ROLE writer LOGIN;
GRANT pg_write_all_data, pg_read_all_data TO writer;
CREATE DATABASE first OWNER one;
CREATE DATABASE plain OWNER two;
CREATE DATABASE custom OWNER two;
CREATE DATABASE by_super OWNER one;
CREATE DATABASE as_it_was OWNER one;
CREATE DATABASE jobs OWNER two;
CREATE DATABASE many_jobs OWNER two;
CREATE DATABASE pieces OWNER two;
CREATE DATABASE rows_only OWNER two;
CREATE ROLE helper;
SQL

my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
my $rsa = slurp_file("$FindBin::RealBin/../fixtures/rsa_a.pub.pem");
my $jwks = slurp_file("$FindBin::RealBin/../fixtures/jwks.json");
my %tokens = (
	ann => mint(), bob => mint(sub => 'bob', permissions => [ 'ward.see' ]), gone => mint(jti => 'gone'),
	former => mint(sub => 'former', iat => '-100'), left => mint(sid => 'left'), idle => mint(sub => 'idle'));

is_deeply([ session($node, <<"SQL", db => 'first', user => 'one') ], [ '12', '2' ], 'the owner installs and administers');
CREATE EXTENSION dbmi_authz;
SELECT authz.add_issuer('https://id.example', '{clinic}', 'generic', '{"leeway_seconds": 5, "algorithms": ["ES256", "HS256"]}') \\g /dev/null
SELECT authz.add_pem('https://id.example', '$pem', 'k1', 'ES256') \\g /dev/null
SELECT authz.add_issuer('https://other.example/', '{clinic}', 'auth0') \\g /dev/null
SELECT authz.alter_issuer('https://other.example/', '{"algorithms": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA"]}') \\g /dev/null
SELECT authz.set_jwks('https://other.example/', \$jwks\$$jwks\$jwks\$);
SELECT authz.add_secret('https://id.example', '\\x${\ ('ab' x 32)}', 'secret') \\g /dev/null
SELECT authz.revoke_token('https://id.example', 'gone') \\g /dev/null
SELECT authz.revoke_subject('https://id.example', 'former') \\g /dev/null
SELECT authz.revoke_session('https://id.example', 'left') \\g /dev/null
SELECT authz.alter_issuer('https://id.example', '{"client": "clinic", "email_claim": "sub"}') \\g /dev/null
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('bob', 'clinic', 'Ward.3', 'OWN');
INSERT INTO authz.permission_implies VALUES ('clinic', 'own', 'view');
CREATE TABLE ward (id int PRIMARY KEY);
CREATE FUNCTION odd(int) RETURNS boolean LANGUAGE sql RETURN \$1 % 2 = 1;
SELECT authz.register_access('ward.see', 'ward', 'user', 'odd(int)') \\g /dev/null
CREATE TABLE gone (id int PRIMARY KEY);
SELECT authz.register_access('ward.see', 'gone', 'user', 'odd(int)') \\g /dev/null
DROP TABLE gone;
INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'idle');
CREATE TABLE doc (id int, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob'), (3, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
CREATE POLICY org ON doc AS RESTRICTIVE FOR DELETE TO app USING (authz.in_org(owner) OR authz.has_any_scope(VARIADIC '{a,b}'));
CREATE TABLE note (id int, owner text DEFAULT authz.subject(), CHECK (owner IS NOT NULL));
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note USING (authz.is_owner(owner));
CREATE VIEW docs WITH (security_invoker) AS SELECT *, authz.is_owner(owner) AS mine FROM doc;
CREATE FUNCTION is_staff() RETURNS boolean LANGUAGE sql STABLE RETURN authz.has_any_role('staff', 'chief');
GRANT SELECT ON doc, docs TO app;
GRANT SELECT ON authz.issuer TO helper;
SELECT count(*) FROM authz.issuer;
SQL

# Everything that an administrator could see of the trust, and every right.
sub picture
{
	my ($db) = @_;
	return $node->safe_psql($db, <<'SQL');
SELECT * FROM authz.issuer ORDER BY 1;
SELECT issuer, kid, alg, jwk, thumbprint, source FROM authz.issuer_key ORDER BY 1, 2;
SELECT issuer, kind, value FROM authz.revocation ORDER BY 1, 2, 3;
SELECT * FROM authz.inactive_subject ORDER BY 1, 2;
SELECT * FROM authz.item_permission ORDER BY 1, 2, 3, 4;
SELECT * FROM authz.permission_implies ORDER BY 1, 2, 3;
SELECT perm, rel, kind, rule, rule_owner FROM authz.object_access a WHERE EXISTS (SELECT FROM pg_class WHERE oid = a.rel) ORDER BY 1, 2, 3;
SELECT * FROM pg_policies WHERE schemaname = 'authz';
SELECT * FROM authz.profile ORDER BY 1;
SELECT c.relname, x.privilege_type, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee) END
  FROM pg_class c, aclexplode(coalesce(relacl, acldefault('r', relowner))) x
 WHERE relnamespace = 'authz'::regnamespace AND relkind IN ('r', 'v') AND x.grantee <> relowner ORDER BY 1, 2, 3;
SELECT p.oid::regprocedure, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee) END
  FROM pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner))) x
 WHERE pronamespace = 'authz'::regnamespace AND x.grantee <> proowner ORDER BY p.oid::regprocedure::text, 2;
SELECT * FROM pg_policies ORDER BY tablename, policyname;
SELECT relname, relrowsecurity, relforcerowsecurity, reloptions FROM pg_class
 WHERE relnamespace IN ('public'::regnamespace, 'authz'::regnamespace) AND relkind IN ('r', 'v') ORDER BY 1;
SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1::text, 2;
SELECT pg_get_functiondef('is_staff'::regproc), pg_get_viewdef('docs'::regclass);
SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'note'::regclass;
SELECT x.privilege_type, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee) END
  FROM pg_namespace, aclexplode(nspacl) x WHERE nspname = 'authz' AND x.grantee <> nspowner ORDER BY 1, 2;
SQL
}

sub works
{
	my ($db) = @_;
	my @got = session($node, <<'SQL', db => $db, tokens => \%tokens);
SELECT authz.set_token('%{ann}') \g /dev/null
SELECT authz.subject(), count(*) FROM doc;
SELECT authz.set_token('%{bob}') \g /dev/null
SELECT authz.subject(), count(*) FROM doc;
SELECT authz.try_set_token('%{gone}'), authz.try_set_token('%{former}'), authz.try_set_token('%{left}');
SELECT authz.set_token('%{idle}') \g /dev/null
SELECT authz.token_state(), authz.is_authenticated();
SELECT authz.set_token('%{bob}') \g /dev/null
SELECT authz.has_item_permission('ward.3.bed', 'VIEW', true), authz.has_item_permission('ward', 'view');
SELECT authz.has_object_perm('ward.see', 'ward', '1'), authz.has_object_perm('ward.see', 'ward', '2');
SELECT authz.try_set_token('%{ann}');
SELECT authz.issuer();
SQL
	is_deeply(\@got, [ 'ann|1', 'bob|2', 'f|f|f', 'valid|f', 't|f', 't|f', 't', 'https://id.example' ], "$db: the tokens work, the revoked do not");
	return;
}

sub guarded
{
	my ($db) = @_;
	for my $user ('app', 'writer')
	{
		for my $sql (
			'DELETE FROM authz.revocation',
			"UPDATE authz.issuer SET audience = NULL",
			"INSERT INTO authz.issuer (issuer, profile) VALUES ('https://evil.example', 'generic')",
			'TRUNCATE authz.issuer_key',
			"SELECT authz.add_issuer('https://evil.example', '{x}')",
			"SELECT authz.drop_key('https://id.example', 'k1')")
		{
			my ($got) = session($node, "$sql;", db => $db, user => $user);
			like($got, qr/^42501: /, "$db: refused for $user: $sql");
		}
	}
	like((session($node, 'SELECT * FROM authz.issuer_key;', db => $db))[0], qr/^42501: /, "$db: keys cannot be read");
	return;
}

works('first');
guarded('first');
my $before = picture('first');
unlike($before, qr/^$/, 'there is something to compare');

# C5.11: dumps carry the trust, and the secrets of HMAC
# Plain text and the custom format, as the one owner and for the other.
my $dir = PostgreSQL::Test::Utils::tempdir();
my @from = ('-h', $node->host, '-p', $node->port, '-U', 'one');
my @to = ('-h', $node->host, '-p', $node->port, '-U', 'two');
command_ok([ 'pg_dump', @from, '-f', "$dir/dump.sql", 'first' ], 'the owner dumps as text');
command_ok([ 'pg_dump', @from, '-Fc', '-f', "$dir/dump", 'first' ], 'the owner dumps in the custom format');

my $dump = slurp_file("$dir/dump.sql");
like($dump, qr/COPY authz\.issuer /, 'issuers are in the dump');
like($dump, qr/COPY authz\.issuer_key /, 'keys are in the dump');
like($dump, qr/COPY authz\.$_ /, "$_: in the dump") for qw(revocation inactive_subject item_permission permission_implies object_access);
unlike($dump, qr/COPY authz\.profile /, 'presets are not');

command_ok([ 'pg_dump', @from, '--no-owner', '-f', "$dir/free.sql", 'first' ], 'dump without owners');
command_ok([ 'psql', '-Xq', @to, '-v', 'ON_ERROR_STOP=1', '-f', "$dir/free.sql", 'plain' ], 'another owner restores from text');
command_ok([ 'pg_restore', @to, '--no-owner', '--exit-on-error', '-d', 'custom', "$dir/dump" ],
	'another owner restores from the custom format');
$node->command_ok([ 'pg_restore', '--role', 'one', '--no-owner', '--exit-on-error', '-d', $node->connstr('by_super'), "$dir/dump" ],
	'a superuser restores as the owner');

$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/dump.sql", '-d', $node->connstr('as_it_was') ],
	'a superuser restores with owners');

# By several jobs, and in pieces.
command_ok([ 'pg_dump', @from, '-Fd', '-j', 2, '-f', "$dir/dump.dir", 'first' ], 'the owner dumps by two jobs');
command_ok([ 'pg_restore', @to, '--no-owner', '--exit-on-error', '-j', 2, '-d', 'jobs', "$dir/dump" ], 'two jobs restore the custom format');
command_ok([ 'pg_restore', @to, '--no-owner', '--exit-on-error', '-j', 2, '-d', 'many_jobs', "$dir/dump.dir" ], 'and the directory');
for my $section ('pre-data', 'data', 'post-data')
{
	command_ok([ 'pg_dump', @from, '--no-owner', "--section=$section", '-f', "$dir/$section.sql", 'first' ], "the owner dumps $section");
	command_ok([ 'psql', '-Xq', @to, '-v', 'ON_ERROR_STOP=1', '-f', "$dir/$section.sql", 'pieces' ], "and restores $section");
}

# Rows alone, into a database that has the extension and no trust yet.
command_ok([ 'pg_restore', @to, '--no-owner', '--exit-on-error', '--schema-only', '-d', 'rows_only', "$dir/dump" ], 'everything but the rows');
command_ok([ 'pg_restore', @to, '--no-owner', '--exit-on-error', '--data-only', '-d', 'rows_only', "$dir/dump" ], 'then the rows');

# Z8: a rule is a function of the role that restored it, and grants nothing
# until who administers has accepted that.
sub accept_rules
{
	my ($db, $user) = @_;
	my $ask = "SELECT authz.set_token('%{bob}') \\g /dev/null\nSELECT authz.has_object_perm('ward.see', 'ward', '1');";
	is_deeply([ session($node, $ask, db => $db, tokens => \%tokens) ],
		[ 'WARNING:  01000: rule public.odd(integer) on table public.ward has changed hands', 'f' ], "$db: rules are closed");
	is_deeply([ session($node, 'SELECT authz.accept_rules();', db => $db, user => $user) ],
		[ "NOTICE:  00000: rule public.odd(integer) counts as a function of role \"$user\" from now on", '1' ], "$db: and are accepted");
	return;
}

for my $db ('plain', 'custom', 'by_super', 'as_it_was', 'jobs', 'many_jobs', 'pieces', 'rows_only')
{
	is(picture($db), $before, "$db: the same trust and the same rights");
	my $owner = $node->safe_psql($db, "SELECT proowner::regrole FROM pg_proc WHERE proname = 'odd'");
	accept_rules($db, $owner) if $owner ne 'one';
	works($db);
	guarded($db);
}

# Rights on the functions are a superuser's to alter, and to restore.
$node->safe_psql('first', <<'SQL');
GRANT EXECUTE ON FUNCTION authz.revoke_token TO helper;
REVOKE EXECUTE ON FUNCTION authz.verify_token FROM PUBLIC;
CREATE DATABASE rights OWNER one;
SQL
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/rights", $node->connstr('first') ], 'a superuser dumps');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('rights'), "$dir/rights" ], 'and restores');
isnt(picture('first'), $before, 'the rights are others');
is(picture('rights'), picture('first'), 'rights: the same trust and the same rights');

# Who owns the copy administers it.
is_deeply([ session($node, <<'SQL', db => 'plain', user => 'two', tokens => \%tokens) ], [ 't', 'f' ], 'the new owner administers');
SELECT authz.try_set_token('%{ann}');
SELECT authz.drop_key('https://id.example', 'k1') \g /dev/null
SELECT authz.try_set_token('%{ann}');
SQL
like((session($node, "SELECT authz.drop_key('https://id.example', 'secret');", db => 'plain', user => 'one'))[0],
	qr/^42501: /, 'the old owner does not');

# A row that was altered on its way is judged again.
(my $altered = slurp_file("$dir/free.sql")) =~ s/"crv"\s*:\s*"P-256"/"crv":"P-384"/g;
ok($altered ne slurp_file("$dir/free.sql"), 'a key was altered in the dump');
append_to_file("$dir/altered.sql", $altered);
$node->safe_psql('postgres', 'CREATE DATABASE altered OWNER two');
command_ok([ 'psql', '-Xq', @to, '-v', 'ON_ERROR_STOP=1', '-f', "$dir/altered.sql", 'altered' ], 'it can be restored');
my @got = session($node, "SELECT authz.try_set_token('%{ann}');", db => 'altered', tokens => \%tokens);
is($got[-1], 'f', 'and is treated as absent');
like($got[0], qr/^WARNING: /, 'with a warning');

# Policies that protect() wrote: they bind the owner too, so somebody else
# dumps.  The copy is protected, and its owner can unprotect it.
$node->safe_psql('postgres', 'CREATE DATABASE guarded OWNER one; CREATE DATABASE guarded_copy OWNER two');
session($node, <<"SQL", db => 'guarded', user => 'one');
CREATE EXTENSION dbmi_authz;
SELECT authz.add_issuer('https://id.example', '{clinic}') \\g /dev/null
SELECT authz.add_pem('https://id.example', '$pem', 'k1', 'ES256') \\g /dev/null
CREATE TABLE note (id int, owner text);
CREATE INDEX ON note (owner);
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON note FOR EACH ROW EXECUTE FUNCTION authz.stamp_owner('owner');
ALTER TABLE note DISABLE TRIGGER stamp;
INSERT INTO note VALUES (1, 'ann'), (2, 'bob'), (3, 'bob');
ALTER TABLE note ENABLE TRIGGER stamp;
GRANT SELECT, INSERT, UPDATE, DELETE ON note TO app;
SELECT authz.protect('note', owner => 'owner', mode => 'owner_or_read', admin => true, select_any_scopes => '{read,it''s}') \\g /dev/null
CREATE SCHEMA apart;
CREATE TABLE apart.share (person text, folder int);
INSERT INTO apart.share VALUES ('ann', 1), ('bob', 2);
CREATE VIEW apart.my_folders AS SELECT folder FROM apart.share WHERE person = authz.user_id();
SELECT authz.watch('apart.share') \\g /dev/null
CREATE TABLE page (id int, folder int);
CREATE INDEX ON page (folder);
INSERT INTO page VALUES (1, 1), (2, 2), (3, NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON page TO app;
SELECT authz.protect('page', set => 'apart.my_folders', set_column => 'folder', write_set => 'apart.my_folders') \\g /dev/null
SQL

sub policies
{
	my ($db) = @_;
	return $node->safe_psql($db, <<'SQL');
SELECT p.*, obj_description(o.oid, 'pg_policy'), relrowsecurity, relforcerowsecurity
  FROM pg_policies p JOIN pg_policy o ON o.polname = p.policyname JOIN pg_class c ON c.oid = o.polrelid AND c.relname = p.tablename WHERE p.schemaname <> 'authz' ORDER BY p.tablename, p.policyname;
SQL
}

my @protected = ($node->connstr('guarded'));
command_fails_like([ 'pg_dump', @from, 'guarded' ], qr/row-level security/, 'the owner cannot dump what is hidden from him');
$node->command_ok([ 'pg_dump', '--no-owner', '-Fc', '-f', "$dir/guarded", @protected ], 'a superuser dumps protected tables');
command_ok([ 'pg_restore', @to, '--no-owner', '--exit-on-error', '-d', 'guarded_copy', "$dir/guarded" ], 'another owner restores them');
like(policies('guarded'), qr/authz_protect_update.*Written by authz\.protect\(\)\.\|t\|t/, 'there are policies');
is(policies('guarded_copy'), policies('guarded'), 'the copy has the same');
like(policies('guarded_copy'), qr/\|page\|.*authz\.in_set\('apart\.my_folders'::regclass, folder\)/, 'also one by a set of another schema');
my $reader = mint(scope => "it's");
for my $db ('guarded', 'guarded_copy')
{
	is_deeply([ session($node, <<'SQL', db => $db, tokens => { ann => $reader }) ], [ '0', '3', '4|ann', '2', '42501: access denied', '1', '42501: new row violates row-level security policy for table "page"' ], "$db: it is protected");
SELECT count(*) FROM note;
SELECT authz.set_token('%{ann}') \g /dev/null
SELECT count(*) FROM note;
INSERT INTO note VALUES (4) RETURNING *;
WITH d AS (UPDATE note SET id = id RETURNING id) SELECT count(*) FROM d;
INSERT INTO note VALUES (5, 'bob');
SELECT id FROM page;
INSERT INTO page VALUES (4, 2);
SQL
}
is($node->psql('guarded_copy', 'DROP VIEW apart.my_folders'), 3, 'where the policy still keeps the view');
is_deeply([ session($node, 'SELECT authz.unprotect($$note$$); SELECT authz.unprotect($$page$$);', db => 'guarded_copy', user => 'two') ],
	[ map { ("NOTICE:  00000: row-level security of table \"$_\" stays enabled", '4') } 'note', 'page' ], 'and its owner unprotects it');
is(policies('guarded_copy'), '', 'of all its policies');

$node->stop;
done_testing();
