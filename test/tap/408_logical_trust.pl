# Logical replication of the trust: every change of a table of the trust reaches
# a subscriber and takes effect there, in sessions that go on, too; who applies
# it; what the record of the trust says; and what is never to be replicated.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

my @conf = ('wal_level = logical', 'max_wal_senders = 10', 'max_replication_slots = 10', 'max_logical_replication_workers = 10', 'fsync = off');
my $here = start_node('publisher', @conf);
my $there = start_node('subscriber', @conf);
my $version = $here->safe_psql('postgres', 'SHOW server_version_num');
my $super = $here->safe_psql('postgres', 'SELECT current_user');

for my $node ($here, $there)
{
	$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE ROLE owner LOGIN;
CREATE ROLE other LOGIN;
SQL
	# numbers of tables and functions are not the same
	$node->safe_psql('postgres', "CREATE TABLE odd$_ ()") for 1 .. ($node == $there ? 3 : 0);
	$node->safe_psql('postgres', 'CREATE DATABASE clinic OWNER owner');
	$node->safe_psql('clinic', <<'SQL');
CREATE EXTENSION dbmi_authz;
CREATE SCHEMA extra;
-- who applies reads the names of tables there: since 16 as the owner of authz.object_access
GRANT USAGE ON SCHEMA extra TO app, pg_database_owner;
CREATE TABLE extra.doc (id int PRIMARY KEY, owner text, item text);
INSERT INTO extra.doc VALUES (1, 'ann', 'a.x'), (2, 'bob', 'a.y'), (3, 'bob', 'b');
GRANT SELECT ON extra.doc TO app;
CREATE FUNCTION extra.may_close(integer) RETURNS boolean STABLE LANGUAGE sql RETURN EXISTS (SELECT FROM extra.doc WHERE id = $1 AND owner = authz.subject());
CREATE FUNCTION extra.may_never(integer) RETURNS boolean STABLE LANGUAGE sql RETURN false;
ALTER TABLE extra.doc OWNER TO owner;
ALTER FUNCTION extra.may_close OWNER TO owner;
ALTER FUNCTION extra.may_never OWNER TO owner;
SQL
}
my @tables = qw(issuer issuer_key revocation inactive_subject actor_ceiling item_permission permission_implies object_access);
$there->safe_psql('clinic', "SELECT authz.add_issuer('https://stale.example', '{clinic}')");
my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
my $again = "SELECT authz.add_pem('https://id.example', '$pem', 'k1', 'ES256')";
sub admin { return $here->safe_psql('clinic', join "\n", map { "$_;" } @_); }
admin(q{SELECT authz.add_issuer('https://id.example', '{clinic}', 'generic', '{"client": "app"}')}, $again,
	q{SELECT authz.revoke_token('https://id.example', 'copied')},
	q{SELECT authz.register_access('extra.close', 'extra.doc', 'user', 'extra.may_close(integer)')});

# The recipe of doc/how-to/clusters/logical-replication.md, as the owner of the database
my $list = join ', ', map { "authz.$_" } @tables;
is_deeply([ session($here, "CREATE PUBLICATION trust FOR TABLE $list;", db => 'clinic', user => 'owner') ], [], 'the owner of the database publishes it');
my $connection = $here->connstr('clinic') . " user=$super";
$there->safe_psql('clinic', "TRUNCATE $list");
$there->safe_psql('clinic', "CREATE SUBSCRIPTION trust CONNECTION \$c\$$connection\$c\$ PUBLICATION trust");
$there->wait_for_subscription_sync($here, 'trust', 'clinic');
sub applied { $here->wait_for_catchup('trust'); return; }

my $compare = join ' UNION ALL ', map { "(SELECT '$_', to_json(t)::text FROM authz.$_ t)" } @tables;
sub alike
{
	my ($what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	applied();
	is($there->safe_psql('clinic', "$compare ORDER BY 1, 2"), $here->safe_psql('clinic', "$compare ORDER BY 1, 2"), "the same on both sides: $what");
	return;
}
alike('what was copied');

is($there->safe_psql('clinic', "SELECT DISTINCT relation, command, replicated FROM authz.trust_log WHERE command <> 'TRUNCATE' AND at > (SELECT max(at) FROM authz.trust_log WHERE command = 'TRUNCATE') ORDER BY relation"),
	join("\n", map { "$_|INSERT|t" } qw(issuer issuer_key object_access revocation)), 'the record of the trust there says so');

sub on
{
	my ($wire, @sql) = @_;
	return map { grep { length } $wire->query($_)->answers } @sql;
}
my %claims = (ann => { email => 'ann@example.com', jti => 'A' }, bob => { sub => 'bob', jti => 'B' },
	agent => { act => { sub => 'bot' }, jti => 'C', scope => 'admin' });
my %tokens = map { $_ => mint(permissions => ['extra.close'], %{ $claims{$_} }) } keys %claims;
my $ask = 'SELECT authz.subject(), authz.is_authenticated(), authz.has_scope(\'admin\'), authz.has_item_permission(\'a.x\', \'view\'), authz.has_object_perm(\'extra.close\', \'extra.doc\', \'1\')';

# One session of the subscriber for each, which goes on.
my %session = map { $_ => AzWire->new($there, db => 'clinic') } keys %tokens;
sub logs_in { on($session{$_}, "SELECT authz.try_set_token('$tokens{$_}')") for @_; return; }
sub is_felt
{
	my ($what, $who, $statement, $before, $after) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	applied();
	is((on($session{$who}, $ask))[0], $before, "before: $what");
	admin($statement);
	applied();
	# an identity that has ended stays so
	logs_in($who) if $before =~ /^28000/ && $after !~ /^28000/;
	is((on($session{$who}, $ask))[0], $after, "felt: $what");
	return;
}
logs_in(keys %tokens);
my ($ann, $anna, $bob, $bot) = ('ann|t|f|f|t', 'ann|t|f|t|t', 'bob|t|f|f|f', 'ann|t|t|f|t');
my $revoked = '28000: token was revoked';
my $untrusted = '28000: token is no longer trusted';

# C5.9: INSERT, UPDATE, DELETE and TRUNCATE of each table
my $item = 'INSERT INTO authz.item_permission (email, client, item, permission) VALUES';
is_felt('a revocation', 'bob', q{SELECT authz.revoke_token('https://id.example', 'B')}, $bob, $revoked);
is_felt('another value of it', 'bob', q{UPDATE authz.revocation SET value = 'Z' WHERE value = 'B'}, $revoked, $bob);
is_felt('back', 'bob', q{UPDATE authz.revocation SET value = 'B' WHERE value = 'Z'}, $bob, $revoked);
is_felt('removed', 'bob', q{DELETE FROM authz.revocation WHERE value = 'B'}, $revoked, $bob);
is_felt('a subject', 'bob', q{SELECT authz.revoke_subject('https://id.example', 'bob')}, $bob, $revoked);
is_felt('TRUNCATE', 'bob', 'TRUNCATE authz.revocation', $revoked, $bob);
is_felt('an inactive subject', 'bob', q{INSERT INTO authz.inactive_subject VALUES ('https://id.example', 'bob')}, $bob, '|f|f|f|f');
is_felt('another one', 'bob', q{UPDATE authz.inactive_subject SET subject = 'carl'}, '|f|f|f|f', $bob);
is_felt('he again', 'bob', q{UPDATE authz.inactive_subject SET subject = 'bob'}, $bob, '|f|f|f|f');
is_felt('TRUNCATE', 'bob', 'TRUNCATE authz.inactive_subject', '|f|f|f|f', $bob);
is_felt('an item permission', 'ann', "$item ('ann\@example.com', 'app', 'a.x', 'view')", $ann, $anna);
is_felt('of somebody else', 'ann', q{UPDATE authz.item_permission SET email = 'bob@example.com'}, $anna, $ann);
is_felt('of hers', 'ann', q{UPDATE authz.item_permission SET email = 'Ann@Example.com', granted_by = NULL}, $ann, $anna);
is_felt('removed', 'ann', 'DELETE FROM authz.item_permission', $anna, $ann);
admin("$item ('ann\@example.com', 'app', 'a.x', 'edit'), ('bob\@example.com', 'app', 'a.x', 'edit')");
is_felt('what implies another', 'ann', q{INSERT INTO authz.permission_implies VALUES ('app', 'edit', 'view')}, $ann, $anna);
is_felt('changed', 'ann', q{UPDATE authz.permission_implies SET client = 'b'}, $anna, $ann);
is_felt('and again', 'ann', q{UPDATE authz.permission_implies SET client = 'app'}, $ann, $anna);
is_felt('removed', 'ann', 'DELETE FROM authz.permission_implies', $anna, $ann);
is_felt('in one transaction', 'ann', q{BEGIN; INSERT INTO authz.permission_implies VALUES ('app', 'edit', 'view'); TRUNCATE authz.item_permission; } . "$item ('ann\@example.com', 'app', 'a', 'edit'), ('ann\@example.com', 'app', 'a.x', 'edit'); COMMIT", $ann, $anna);
is_felt('TRUNCATE', 'ann', 'TRUNCATE authz.item_permission, authz.permission_implies', $anna, $ann);
is_felt('a ceiling', 'agent', q{SELECT authz.set_actor_ceiling('https://id.example', 'bot', scopes => '{read}')}, $bot, 'ann|t|f|f|t');
is_felt('raised', 'agent', q{UPDATE authz.actor_ceiling SET scopes = NULL}, 'ann|t|f|f|t', $bot);
is_felt('and lowered', 'agent', q{UPDATE authz.actor_ceiling SET scopes = '{}'}, $bot, 'ann|t|f|f|t');
is_felt('taken away', 'agent', q{SELECT authz.drop_actor_ceiling('https://id.example', 'bot')}, 'ann|t|f|f|t', $bot);
is_felt('a rule changed', 'ann', q{UPDATE authz.object_access SET rule = 'extra.may_never(integer)'}, $ann, 'ann|t|f|f|f');
is_felt('unregistered', 'ann', q{SELECT authz.unregister_access('extra.close', 'extra.doc', 'user')}, 'ann|t|f|f|f', $ann);
is_felt('registered', 'ann', q{SELECT authz.register_access('extra.close', 'extra.doc', 'user', 'extra.may_never(integer)')}, $ann, 'ann|t|f|f|f');
alike('after that');

# The keys
is_felt('a key removed', 'ann', q{SELECT authz.drop_key('https://id.example', 'k1')}, 'ann|t|f|f|f', $untrusted);
admin($again);
applied();
logs_in('ann', 'bob', 'agent');
is_felt('a key without name', 'ann', "SELECT authz.add_pem('https://id.example', '$pem', NULL, 'ES256')", 'ann|t|f|f|f', 'ann|t|f|f|f');
is_felt('and removed', 'bob', q{DELETE FROM authz.issuer_key WHERE kid IS NULL}, $bob, $bob);
is_felt('a key changed by hand', 'bob', q{UPDATE authz.issuer_key SET kid = 'k9', added_at = now()}, $bob, $untrusted);
admin(q{UPDATE authz.issuer_key SET kid = 'k1'});
applied();
logs_in('ann', 'bob', 'agent');
my $jwks = sub { my ($kid) = @_; return "SELECT authz.set_jwks('https://id.example', (SELECT json_build_object('keys', json_agg((jwk::jsonb || '{\"kid\": \"$kid\"}')::json)) FROM authz.issuer_key))"; };
admin(q{DELETE FROM authz.issuer_key WHERE source <> 'add_pem'});
alike('keys');
admin($jwks->('s1'), $jwks->('s2'), q{SELECT authz.drop_key('https://id.example', 's2')});
alike('a set of keys that is replaced');
is_felt('an issuer altered', 'bob', q{SELECT authz.alter_issuer('https://id.example', '{"leeway_seconds": 1}')}, $bob, $untrusted);
logs_in('ann', 'bob', 'agent');
is_felt('an issuer renamed takes its keys along', 'bob', q{UPDATE authz.issuer SET issuer = 'https://renamed.example'}, $bob, $untrusted);
alike('renamed');
admin(q{UPDATE authz.issuer SET issuer = 'https://id.example'}, $again);
applied();
logs_in('ann', 'bob', 'agent');
is_felt('an issuer dropped', 'bob', q{SELECT authz.drop_issuer('https://id.example')}, $bob, $untrusted);
alike('an issuer is dropped');
is($there->safe_psql('clinic', 'SELECT count(*) FROM authz.issuer_key'), 0, 'with its keys');
admin(q{SELECT authz.add_issuer('https://id.example', '{clinic}', 'generic', '{"client": "app"}')}, $again);
applied();
logs_in('ann', 'bob', 'agent');
is_felt('TRUNCATE of issuers', 'bob', 'TRUNCATE authz.issuer', $bob, $untrusted);
alike('at the end');
is($there->safe_psql('clinic', "SELECT string_agg(DISTINCT command, ' ' ORDER BY command) FROM authz.trust_log WHERE replicated"), 'DELETE INSERT TRUNCATE UPDATE', 'the record has all of it');

# What is not of the list stays here.
admin(q{SELECT authz.add_issuer('https://id.example', '{clinic}')}, $again,
	q{INSERT INTO authz.jwks_status (issuer) VALUES ('https://id.example') ON CONFLICT DO NOTHING}, q{UPDATE authz.profile SET options = options});
applied();
is($there->safe_psql('clinic', 'SELECT count(*) FROM authz.jwks_status'), 0, 'the state of fetching is of each server');
is($there->safe_psql('clinic', "SELECT count(*) FROM authz.trust_log WHERE relation = 'profile'"), 0, 'and so are the profiles');

# A row that is there already stops the subscription, and what is known stays known.
logs_in('bob');
$there->safe_psql('clinic', "SELECT authz.revoke_token('https://id.example', 'twice')");
my $seen = -s $there->logfile;
admin(q{SELECT authz.revoke_token('https://id.example', 'twice')}, q{SELECT authz.revoke_token('https://id.example', 'B')});
ok($there->wait_for_log(qr/duplicate key value violates unique constraint "revocation_pkey"|conflict detected on relation "authz.revocation": conflict=insert_exists/, $seen), 'a row that was made on both sides stops it');
is((on($session{bob}, $ask))[0], $bob, 'so what comes after is not felt');
cmp_ok($there->safe_psql('clinic', 'SELECT apply_error_count FROM pg_stat_subscription_stats'), '>', 0, 'pg_stat_subscription_stats tells');
$there->safe_psql('clinic', q{DELETE FROM authz.revocation WHERE value = 'twice'});
applied();
is((on($session{bob}, $ask))[0], $revoked, 'without that row it goes on');
alike('again');
# a removal of what is not there does not
$there->safe_psql('clinic', 'DELETE FROM authz.revocation');
admin('DELETE FROM authz.revocation');
alike('what was removed on both sides');

# Tables go by name, but not in binary.
$there->safe_psql('clinic', 'ALTER SUBSCRIPTION trust SET (binary = true)');
admin(q{SELECT authz.register_access('extra.binary', 'extra.doc', 'user', 'extra.may_close(integer)')});
applied();
is($there->safe_psql('clinic', q{SELECT perm FROM authz.object_access WHERE rel = 'extra.doc'::regclass}), 'extra.close', 'binary: a rule of another table, or of none');
$there->safe_psql('clinic', 'ALTER SUBSCRIPTION trust SET (binary = false)');
admin(q{SELECT authz.unregister_access('extra.binary', 'extra.doc', 'user')});
applied();
$there->safe_psql('clinic', q{DELETE FROM authz.object_access WHERE perm = 'extra.binary'});
alike('in text');

# Who may apply it
SKIP:
{
	skip 'subscriptions belong to superusers', 5 if $version < 160000;
	my $apply = sub {
		my ($owner, $as) = @_;
		$there->safe_psql('clinic', "ALTER SUBSCRIPTION trust SET (run_as_owner = $as, password_required = false); ALTER SUBSCRIPTION trust OWNER TO $owner");
	};
	$there->safe_psql('clinic', 'GRANT pg_create_subscription TO owner, other; GRANT CREATE ON DATABASE clinic TO other; GRANT INSERT, DELETE, SELECT, UPDATE ON authz.revocation TO other');
	for my $as ('off', 'on')
	{
		$apply->('owner', $as);
		admin("SELECT authz.revoke_token('https://id.example', 'by owner $as')");
		alike("the owner of the database applies, run_as_owner $as");
	}
	for my $as ('off', 'on')
	{
		$apply->('other', $as);
		$seen = -s $there->logfile;
		admin("SELECT authz.revoke_token('https://id.example', 'by other $as')");
		ok($there->wait_for_log($as eq 'on' ? qr/permission denied for table revocation/ : qr/role "other" cannot SET ROLE to "pg_database_owner"/, $seen), "somebody else does not, run_as_owner $as");
		$apply->($super, 'off');
		applied();
	}
	alike('and nothing is lost');
}

unlike(slurp_file($_->logfile), qr/PANIC|terminated by signal|equality operator/, $_->name . ': nothing crashed') for $here, $there;
$_->stop for $there, $here;
done_testing();
