# On Citus, trust that is spread to the nodes, and what else stands on distributed tables:
# item permissions, sets, organisations, protect(), audits, records of reads, reviews,
# views; savepoints in masses, and statements that are cancelled or lose their nodes.
#
# Runs where the server has Citus (make check-citus).

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256);
use File::Copy qw(copy);
use FindBin;
use MIME::Base64 qw(encode_base64url);
use lib $FindBin::RealBin, "$FindBin::RealBin/../tap";

use AzCitus;
use AzTest;
use AzWire;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'this server has no Citus' unless has_citus();

my @nodes = start_cluster();
my ($coordinator, $one, $two) = @nodes;
my $secret = slurp_file("$FindBin::RealBin/../fixtures/hs32.bin");
my $seen = 'SELECT (SELECT count(*) FROM doc), (SELECT count(*) FROM memo)';

sub token_of
{
	my ($claims) = @_;
	my $text = encode_base64url('{"alg":"HS256","kid":"pool"}') . '.' .
	  encode_base64url(qq({"iss":"pool","aud":"clinic","exp":) . (time + 3600) . ',"iat":' . time . ",$claims}");
	return "$text." . encode_base64url(hmac_sha256($text, $secret));
}
my $org = '"org_id_to_org_member_info":{"o1":{"org_id":"o1","org_name":"north","user_role":"Member","inherited_user_roles_plus_current_role":["Member"],"user_permissions":["read"]}}';
my %tokens = (ann => token_of('"sub":"u4","user_id":"u4","email":"ann@example.com","scope":"paper:read"'),
	bob => token_of('"sub":"u6","user_id":"u6","email":"bob@example.com"'), carl => token_of('"sub":"u7","user_id":"u7","scope":"admin"'),
	olga => token_of(qq{"sub":"u8","user_id":"u8",$org}));

sub on { my ($node, $sql, %opt) = @_; return join ' ', session($node, $sql, db => 'clinic', tokens => \%tokens, %opt); }
sub says { my ($node, $name, $sql, $wanted, %opt) = @_; my $got = on($node, $sql, %opt); return ref $wanted ? like($got, $wanted, $name) : is($got, $wanted, $name); }
sub as { my ($who, @sql) = @_; return "BEGIN; SELECT authz.set_token('%{$who}', true); " . join('; ', @sql) . '; COMMIT;'; }
sub alone { my ($node, $sql) = @_; return $node->safe_psql('clinic', "SET client_min_messages = error; SET citus.enable_ddl_propagation = off; SET citus.enable_metadata_sync = off; $sql"); }
sub quietly { my ($sql) = @_; return $coordinator->safe_psql('clinic', "SET client_min_messages = error; $sql"); }
my $super = getpwuid $<;
sub owner { my ($sql, %opt) = @_; return on($coordinator, $sql, user => $super, %opt); }

# ---- trust, from the coordinator to all nodes ----

my $hex = unpack 'H*', $secret;
$coordinator->safe_psql('clinic', qq{SELECT authz.add_issuer('pool', '{clinic}', 'propelauth', options => '{"algorithms": ["HS256"], "client": "images"}'); SELECT authz.add_secret('pool', '\\x$hex', 'pool')});
make_tables($coordinator);
$coordinator->safe_psql('clinic', q{SELECT authz.add_cluster_key('2026')});
says($coordinator, 'before it is spread: an error', as('ann', $seen), qr/^28000: /);
my $spread = 'SELECT result FROM authz.spread_trust()';
like(owner($spread), qr/^(\{.*"issuers".*"cluster_keys".*\} ?){2}$/, 'spread_trust() reaches both workers');
says($coordinator, 'after it: right', as('ann', $seen), '5|5');
is(owner($spread), '{} {}', 'again: nothing to do');
is(join(' ', on_all(\@nodes, q{SELECT count(*), count(*) FILTER (WHERE signs) FROM authz.cluster_keys()})), '1|1 1|0 1|0', 'nodes have the public half alone');
is(join(' ', on_all([ $one, $two ], q{SELECT count(*) FROM authz.issuer_key})), '0 0', 'and no secret');
like(on($one, $spread, user => $super), qr/^55000: this node is not the coordinator/, 'on a worker: an error');
says($coordinator, 'by somebody else: an error', 'SELECT * FROM authz.spread_trust()', qr/^42501: /);

my $jwks = slurp_file("$FindBin::RealBin/../fixtures/jwks.json");
owner("SELECT authz.add_issuer('https://id.example', '{api}', 'generic', options => '{\"algorithms\": [\"RS256\"]}'); SELECT authz.set_jwks('https://id.example', \$j\$$jwks\$j\$)");
owner($spread);
is(join(' ', on_all(\@nodes, q{SELECT count(*) > 0 FROM authz.issuer_key WHERE issuer = 'https://id.example'})), 't t t', 'public keys of issuers are spread');

# what answers depend on
owner(q{SELECT authz.alter_issuer('pool', '{"leeway_seconds": 9}')});
says($coordinator, 'an option that changes nothing about the identity: right', as('ann', $seen), '5|5');
owner(q{SELECT authz.alter_issuer('pool', '{"scope_claims": [["other"]]}')});
says($coordinator, 'one that does: an error, which says so', as('ann', $seen), qr/^55000: .*DETAIL: .*options.*HINT: .*spread_trust/, details => 1);
like(owner($spread), qr/^(\{"issuers": ?\{[^}]*\}\} ?){2}$/, 'spread');
says($coordinator, 'and right', as('ann', $seen), '5|5');
owner(q{SELECT authz.alter_issuer('pool', '{"scope_claims": [["scope"]]}')});
owner($spread);

quietly(<<'SQL');
CREATE TABLE paper (id int, item text);
INSERT INTO paper SELECT n, 'p.' || n % 10 || '.x' FROM generate_series(1, 100) n;
SELECT create_distributed_table('paper', 'id');
ALTER TABLE paper ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON paper USING (authz.has_item_permission(item, 'view', true));
GRANT ALL ON paper TO app;
SQL
my $papers = 'SELECT count(*) FROM paper';
says($coordinator, 'item permissions: none', as('ann', $papers), '0');
owner(q{INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('ann@example.com', 'images', 'p.3', 'VIEW'), ('ann@example.com', 'images', 'p.4', 'MANAGE')});
says($coordinator, 'granted here alone: an error', as('ann', $papers), qr/^55000: /);
owner($spread);
says($coordinator, 'spread: its rows', as('ann', $papers) . as('bob', $papers), '10 0');
owner(q{INSERT INTO authz.permission_implies (client, permission, implies) VALUES ('images', 'MANAGE', 'VIEW')});
says($coordinator, 'implied here alone: an error', as('ann', $papers), qr/^55000: /);
owner($spread);
says($coordinator, 'spread: its rows, and those of what is implied', as('ann', $papers), '20');
says($coordinator, 'a grant by an identity', as('ann', q{SELECT authz.grant_item_permission('bob@example.com', 'p.4')}), 't');
says($coordinator, 'is not at the nodes: an error', as('bob', $papers), qr/^55000: /);
owner($spread);
says($coordinator, 'until it is spread', as('bob', $papers) . as('ann', $papers), '10 20');
says($coordinator, 'revoked in this very transaction: an error, or right', as('ann', $papers, q{SELECT authz.revoke_item_permission('bob@example.com', 'p.4') IS NULL}, q{SELECT authz.set_token('%{bob}', true)}, $papers) =~ s/COMMIT;$/ROLLBACK;/r, qr/^20 f (0|55000: .*)$/);
says($coordinator, 'prepared, over a change of grants', "PREPARE a AS $papers; " . as('ann', 'EXECUTE a') x 7 . as('bob', 'EXECUTE a'), '20 20 20 20 20 20 20 10');
owner(q{INSERT INTO authz.inactive_subject VALUES ('pool', 'u6')});
says($coordinator, 'inactive here: nobody', as('bob', $seen), qr/^(0\|0|28000: .*)$/);
owner($spread);
owner(q{DELETE FROM authz.inactive_subject});
says($coordinator, 'active again here alone: an error', as('bob', $seen), qr/^55000: /);
owner($spread);
says($coordinator, 'spread: right', as('bob', $seen), '2|2');

# ---- rotation ----

like(owner("BEGIN; SELECT authz.add_cluster_key('2027') IS NULL; $spread; COMMIT;"), qr/^f \{"cluster_keys.*\} \{"cluster_keys.*\}$/, 'a new key, known to all before it signs');
says($coordinator, 'signs', as('ann', $seen), '5|5');
like(owner("BEGIN; SELECT authz.drop_cluster_key('2026'); $spread; COMMIT;"), qr/\{"cluster_keys.*\} \{"cluster_keys.*\}$/, 'the old one goes');
says($coordinator, 'still right', as('ann', $seen), '5|5');
is(join(' ', on_all(\@nodes, q{SELECT string_agg(kid, ' ') FROM authz.cluster_keys()})), '2027 2027 2027', 'everywhere');
owner("BEGIN; SELECT authz.add_cluster_key('2028') IS NULL; $spread; ROLLBACK;");
says($coordinator, 'a rotation that is rolled back: the old one signs', as('ann', $seen), '5|5');
like(owner($spread), qr/^\{"cluster_keys.*\} \{"cluster_keys.*\}$/, 'and spreading again takes the new one from the nodes');
{
	my $wire = AzWire->new($coordinator, db => 'clinic');
	my $ask = sub { return join ' ', map { grep { length } $wire->query($_)->answers } @_ };
	$ask->('BEGIN', "SELECT authz.set_token('$tokens{ann}', true)");
	like($ask->('SELECT count(*) FROM memo'), qr/\b5\b/, 'a transaction that began with the old key');
	owner("BEGIN; SELECT authz.add_cluster_key('2029') IS NULL; $spread; SELECT authz.drop_cluster_key('2027'); COMMIT; $spread;");
	unlike($ask->('SELECT count(*) FROM memo'), qr/\b[0-4]\b/, 'goes on, or is an error');
	$ask->('ROLLBACK', 'BEGIN', "SELECT authz.set_token('$tokens{ann}', true)");
	like($ask->('SELECT count(*) FROM memo'), qr/\b5\b/, 'the next one is right');
}

# ---- nodes that are behind ----

my $old;
{
	my ($share) = server_directory('sharedir');
	copy("$FindBin::RealBin/../upgrade/dbmi_authz--1.0.sql", "$share/extension/dbmi_authz--1.0.sql") or die "$share: $!";
	$old = AzCitus::start_server('old');
	$old->safe_psql('clinic', q{CREATE EXTENSION dbmi_authz VERSION '1.0'});
	add_worker($coordinator, $old);
	quietly('CREATE TABLE late (LIKE memo); SELECT create_distributed_table(\'late\', \'id\', colocate_with => \'none\'); INSERT INTO late SELECT * FROM memo; ALTER TABLE late ENABLE ROW LEVEL SECURITY;'
		. q{CREATE POLICY p ON late USING (authz.is_owner(owner || '')); GRANT ALL ON late TO app});
	like(owner("SET client_min_messages = warning; $spread"), qr/trust did not reach 1 of 3 nodes.*extension dbmi_authz has version 1\.0 there, and 1\.1 here/, 'spread_trust() names a node with an older version');
	says($coordinator, 'of which a query is an error', as('ann', 'SELECT count(*) FROM late'), qr/^(WARNING: .* )?[0-9A-Z]{5}: /);
	$old->safe_psql('clinic', 'SET citus.enable_ddl_propagation = off; ALTER EXTENSION dbmi_authz UPDATE');
	unlike(owner("SET client_min_messages = error; $spread"), qr/version/, 'updated, it is reached');
	says($coordinator, 'and right', as('ann', 'SELECT count(*) FROM late'), '5');
}
$two->stop;
unlike(owner("SET client_min_messages = error; $spread"), qr/^\{.*\} \{.*\} \{/, 'a node that is away is named');
$two->start;
sleep 2;

# ---- organisations, scopes, what protect() writes ----

quietly(<<'SQL');
CREATE TABLE record (id int, owner text, org text);
INSERT INTO record SELECT n, 'u' || n % 10, 'o' || n % 5 FROM generate_series(1, 100) n;
SELECT create_distributed_table('record', 'id');
GRANT ALL ON record TO app;
CREATE TABLE ledger (org text, id int);
INSERT INTO ledger SELECT 'o' || n % 5, n FROM generate_series(1, 100) n;
SELECT create_distributed_table('ledger', 'org');
GRANT ALL ON ledger TO app;
SQL
for my $case ([ 'an owner', "owner => 'owner'", '10 10', '0' ], [ 'an organisation', "org => 'org'", '0 20', '0' ], [ 'a permission there', "org => 'org', org_permission => 'read'", '0 20', '0' ],
	[ 'scopes', q{select_any_scopes => '{paper:read}'}, '100 0', '0' ], [ 'read only', q{mode => 'read_only'}, '100 100', '0' ])
{
	my ($name, $how, $wanted, $nobody) = @$case;
	my $got = owner("SET client_min_messages = error; SELECT 1 WHERE authz.protect('record', $how) IS NULL");
	is($got, '', "protect() with $name");
	says($coordinator, "protect() with $name: rows", as('ann', 'SELECT count(*) FROM record') . as('olga', 'SELECT count(*) FROM record') . 'SELECT count(*) FROM record;', "$wanted $nobody");
	says($coordinator, "protect() with $name: a row of others", as('ann', q{INSERT INTO record VALUES (1000, 'u6', 'o3')}), qr/^42501: new row violates/);
}
owner("SET client_min_messages = error; SELECT 1 WHERE authz.protect('record', owner => 'owner') IS NULL");
says($coordinator, 'protect(): writes', as('ann', q{INSERT INTO record VALUES (1000, 'u4', 'o3')}, q{UPDATE record SET org = 'o9' WHERE id = 1000}, q{DELETE FROM record WHERE id IN (1000, 1)}, 'SELECT count(*) FROM record'), '10');
is(join(' ', on_all(\@nodes, q{SELECT count(*) FROM pg_policy WHERE polname ~ '^authz_protect' AND polrelid = 'record'::regclass})), '4 4 4', 'the nodes have its policies');
owner("SET client_min_messages = error; SELECT authz.unprotect('record')");
is(join(' ', on_all(\@nodes, q{SELECT count(*) FROM pg_policy WHERE polname ~ '^authz_protect' AND polrelid = 'record'::regclass})), '0 0 0', 'unprotect() reaches them');
owner("SET client_min_messages = error; SELECT 1 WHERE authz.protect('ledger', org => 'org') IS NULL");
says($coordinator, 'distributed by organisation', as('olga', 'SELECT count(*) FROM ledger') . as('ann', 'SELECT count(*) FROM ledger'), '20 0');
like(on($coordinator, as('olga', 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM ledger')), qr/Task Count: 1 /, 'one node is asked');

# ---- sets ----

quietly(<<'SQL');
CREATE TABLE member (who text, doc int);
INSERT INTO member SELECT 'u4', n FROM generate_series(1, 7) n;
SELECT create_reference_table('member');
GRANT SELECT ON member TO app;
CREATE VIEW mine AS SELECT doc FROM member WHERE who = authz.subject();
GRANT SELECT ON mine TO app;
CREATE TABLE entry (id int);
INSERT INTO entry SELECT n FROM generate_series(1, 100) n;
SELECT create_distributed_table('entry', 'id');
ALTER TABLE entry ENABLE ROW LEVEL SECURITY;
GRANT ALL ON entry TO app;
SQL
# Citus has no query of its tables within a query of a shard
is(owner("SET client_min_messages = error; CREATE POLICY p ON entry USING (authz.in_set('mine', id))"), '', 'a policy with in_set');
says($coordinator, 'in_set over a reference table: an error', as('ann', 'SELECT count(*) FROM entry'), qr/^55000: this database has no cluster key/);
for my $n (0, 1)
{
	my $jwk = alone($nodes[$n + 1], "SELECT authz.add_cluster_key('of$n')");
	owner("SELECT authz.add_cluster_key_public('of$n', \$j\$$jwk\$j\$)");
}
like(owner($spread), qr/^(\{"cluster_keys.*\} ?){3}$/, 'keys of nodes are spread');
says($coordinator, 'coordinator with public keys of others: right', as('ann', $seen), '5|5');
says($one, 'entry at a node with its own key', as('ann', $seen), qr/^28000: token was refused/);
says($coordinator, 'in_set over a reference table, where nodes have keys: an error', as('ann', 'SELECT count(*) FROM entry'), qr/^XX000: cannot execute a distributed query from a query on a shard/);
says($coordinator, 'of nobody: no rows, or an error', 'SELECT count(*) FROM entry', qr/^(0|[0-9A-Z]{5}: .*)$/);
owner('SET client_min_messages = error; DROP POLICY p ON entry');
quietly(q{CREATE VIEW of_memo AS SELECT id FROM memo WHERE owner = authz.subject(); GRANT SELECT ON of_memo TO app});
owner("SET client_min_messages = error; CREATE POLICY p ON entry USING (authz.in_set('of_memo', id))");
says($coordinator, 'in_set over a distributed table: an error', as('ann', 'SELECT count(*) FROM entry'), qr/^[0-9A-Z]{5}: /);
says($coordinator, 'in_set in a query of shards: an error', as('ann', q{SELECT count(*) FROM open_doc WHERE authz.in_set('mine', id)}), qr/^XX000: cannot execute a distributed query from a query on a shard/);
# tables that Citus does not know are read where the shard is
$_->safe_psql('clinic', q{SET citus.enable_ddl_propagation = off; CREATE TABLE here (who text, doc int); INSERT INTO here SELECT 'u4', n FROM generate_series(1, 7) n; GRANT SELECT ON here TO app;
	CREATE VIEW mine_here AS SELECT doc FROM here WHERE who = authz.subject(); GRANT SELECT ON mine_here TO app}) for @nodes, $old;
owner("SET client_min_messages = error; DROP POLICY p ON entry; CREATE POLICY p ON entry USING (authz.in_set('mine_here', id))");
says($coordinator, 'in_set over a table that each node has: its rows', as('ann', 'SELECT count(*) FROM entry') . as('bob', 'SELECT count(*) FROM entry'), '7 0');

# ---- audit, the record of reads ----

like(owner("SELECT authz.audit('memo')"), qr/^XX000: triggers are not supported on distributed tables/, 'audit() of a distributed table: an error of Citus');
is(owner("SET citus.enable_unsafe_triggers = on; SELECT authz.audit('memo')"), '', 'unless its setting allows triggers');
says($coordinator, 'a change', as('ann', 'UPDATE memo SET hits = hits + 1'), '');
my ($here, @there) = on_all(\@nodes, q{SELECT count(*), string_agg(DISTINCT concat_ws(' ', subject, regexp_replace(relation, '\d+$', ''), session_role), ',') FROM authz.audit_event});
is($here, '0|', 'nothing is recorded here');
is(join(',', map { (split /\|/)[1] } @there), 'u4 public.memo_ app,u4 public.memo_ app', 'but on the nodes, of shards, with the person');
my $events = 0;
$events += (split /\|/)[0] for @there;
is($events, 5, 'each row once');
is(owner("SET citus.enable_unsafe_triggers = on; SELECT authz.unaudit('memo')"), '', 'unaudit()');
like(owner("SELECT authz.watch('memo')"), qr/^XX000: triggers are not supported on distributed tables/, 'watch(): an error of Citus');
on_all(\@nodes, q{ALTER SYSTEM SET dbmi_authz.log_reads = 'protected'}); on_all(\@nodes, q{SELECT pg_reload_conf()});
sleep 1;
{
	my @at = log_size(@nodes);
	says($coordinator, 'a read', as('ann', $seen), '5|5');
	my @logs = map { logs_since([ $nodes[$_] ], $at[$_]) } 0 .. 2;
	like($logs[0], qr/read: \{.*"subject": "u4".*"tables": \["public.doc", "public.memo"\]/, 'is recorded here');
	like($logs[$_], qr/citus_internal.*read: \{.*"subject": "u4".*"tables": \["public.memo_\d+"\]/, 'and on each node, of its shards') for 1, 2;
}
on_all(\@nodes, q{ALTER SYSTEM RESET dbmi_authz.log_reads}); on_all(\@nodes, q{SELECT pg_reload_conf()});

# ---- reviews, views ----

like(owner(q{BEGIN; SELECT authz.simulate('{"sub": "u4", "user_id": "u4"}', 'pool'); SET LOCAL ROLE app; SELECT count(*) FROM memo; ROLLBACK}), qr/^55000: a simulated identity cannot be handed to other servers/, 'a simulated identity: an error');
like(owner(q{SELECT * FROM authz.access_review('memo', array['{"sub": "u4", "user_id": "u4"}', '{"sub": "u6", "user_id": "u6"}']::json[], 'app', 'pool')}), qr/^u4\|\|error 55000: .* u6\|\|error 55000: /, 'a review says that it cannot');
like(owner(q{SELECT count(*) FROM authz.lint()}), qr/^\d+$/, 'lint() runs');
like(on($coordinator, as('ann', q{SELECT * FROM authz.explain_access('memo')})), qr/^u4 sees rows of public.memo where/, 'explain_access() runs');
quietly('CREATE VIEW all_memo AS SELECT * FROM memo; CREATE VIEW own_memo WITH (security_invoker) AS SELECT * FROM memo; GRANT SELECT ON all_memo, own_memo TO app');
# on the nodes it is the role in force that reads
says($coordinator, "view $_", as('ann', "SELECT count(*) FROM $_") . "SELECT count(*) FROM $_; SELECT authz.set_token('%{ann}'); SELECT count(*) FROM $_;", qr/^5 0 25P01: /) for 'all_memo', 'own_memo';
says($coordinator, 'row_security off', 'SET row_security = off; ' . as('ann', 'SELECT count(*) FROM memo'), qr/^42501: /);
says($coordinator, 'a superuser is no member: an error', as('ann', 'SELECT DISTINCT authz.subject() FROM open_doc'), qr/^28000: token was refused/, user => $super);
my $essential = '28000: failure on connection marked as essential: ';
says($coordinator, '... also on connections that are in use', as('ann', 'SELECT count(*) FROM memo', 'SELECT DISTINCT authz.subject() FROM open_doc'), qr/^600 WARNING:  28000: token was refused $essential/, user => $super);
says($coordinator, '... also of one who writes', as('ann', 'INSERT INTO open_doc SELECT 1, authz.subject()'), qr/^WARNING:  28000: token was refused $essential/, user => $super);
says($coordinator, '... who may write for nobody', 'BEGIN; INSERT INTO open_doc SELECT -1, $$x$$; SELECT count(*) FROM open_doc; ROLLBACK;', 601, user => $super);

# ---- MERGE ----

my @merges = (
	[ q{MERGE INTO note n USING doc d ON n.owner = d.owner AND n.doc = d.id WHEN MATCHED THEN UPDATE SET body = 'x'; SELECT count(*) FROM note WHERE body = 'x'}, qr/^5$/ ],
	[ q{MERGE INTO note n USING doc d ON n.owner = d.owner AND n.doc = d.id + 100 WHEN NOT MATCHED THEN INSERT VALUES (d.owner, d.id, 'y'); SELECT count(*) FROM note}, qr/^10$/ ],
	[ q{MERGE INTO note n USING open_doc d ON n.owner = d.owner AND n.doc = d.id + 100 WHEN NOT MATCHED THEN INSERT VALUES (d.owner, d.id, 'y')}, qr/^(42501|XX000|0A000): / ],
	[ q{MERGE INTO doc d USING (SELECT id, owner FROM memo) m ON d.owner = m.owner AND d.id = m.id WHEN MATCHED THEN UPDATE SET hits = 1 WHEN NOT MATCHED THEN INSERT VALUES (m.id, m.owner)}, qr/^XX000: non-IMMUTABLE functions/ ],
	[ q{MERGE INTO kind k USING (SELECT 'kind1' AS name) s ON k.name = s.name WHEN MATCHED THEN DELETE}, qr/^0A000: Reference table as target/ ]);
like(on($coordinator, as('ann', $_->[0]) =~ s/COMMIT;$/ROLLBACK;/r), $_->[1], $_->[0]) for @merges;
is($coordinator->safe_psql('clinic', 'SELECT count(*) FROM note'), 600, 'nothing of that stayed');

# ---- savepoints in masses ----

my ($storm, @wanted) = ('');
for my $n (1 .. 60)
{
	my $who = $n % 3 ? 'ann' : 'bob';
	$storm .= "SAVEPOINT s$n; SELECT authz.set_token('%{$who}', true); " . ($n % 4 ? "$seen; " : '');
	push @wanted, $who eq 'ann' ? '5|5' : '2|2' if $n % 4;
}
for my $n (reverse 1 .. 60)
{
	my $who = ($n - 1) % 3 ? 'ann' : 'bob';
	$storm .= $n % 2 ? "ROLLBACK TO s$n; RELEASE s$n; " : "ROLLBACK TO s$n; $seen; RELEASE s$n; ";
	push @wanted, ($n % 2 ? () : $who eq 'ann' ? '5|5' : '2|2');
}
says($coordinator, '60 savepoints, one in the other', "BEGIN; SELECT authz.set_token('%{carl}', true); $storm $seen; COMMIT;", join ' ', @wanted, '600|600');
quietly(<<'SQL');
CREATE FUNCTION storm(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE seen bigint; wrong int := 0;
BEGIN
	FOR i IN 1 .. n LOOP
		BEGIN
			SELECT count(*) INTO seen FROM memo;
			IF seen <> 5 THEN wrong := wrong + 1; END IF;
			IF i % 3 = 0 THEN PERFORM 1 / 0; END IF;
			INSERT INTO memo VALUES (900000 + i, 'u4');
			DELETE FROM memo WHERE id = 900000 + i;
		EXCEPTION WHEN division_by_zero THEN NULL;
		END;
	END LOOP;
	RETURN wrong || ' wrong';
END $$
SQL
says($coordinator, '200 blocks with EXCEPTION', as('ann', 'SELECT storm(200)', $seen), '0 wrong 5|5');

# ---- cancelled, and cut ----

my $slow = 'SELECT count(*) FROM memo WHERE pg_sleep(0.02) IS NOT NULL';
says($coordinator, 'cancelled in a savepoint', as('ann', 'SAVEPOINT s', q{SET LOCAL statement_timeout = '30ms'}, $slow, 'ROLLBACK TO s', $seen), qr/^57014: .* 5\|5$/);
{
	my @wrong;
	my $cut = 0;
	for my $ms (map { $_ * 8 } 1 .. 40)
	{
		my $got = on($coordinator, as('ann', 'SAVEPOINT s', "SET LOCAL statement_timeout = '${ms}ms'", 'SELECT count(*) FROM memo', 'ROLLBACK TO s', 'SET LOCAL statement_timeout = 0', q{SELECT authz.set_token('%{bob}', true)}, $seen) . as('ann', $seen));
		$cut++ if $got =~ /57014/;
		push @wrong, "$ms: $got" unless $got =~ /^(5|57014: [^0-9]*|[0-9A-Z]{5}: .*) 2\|2 5\|5$/;
	}
	is_deeply(\@wrong, [], 'statements that are cancelled at any time leave nothing');
	cmp_ok($cut, '>', 0, 'some were');
}
{
	my $wire = AzWire->new($coordinator, db => 'clinic');
	my $ask = sub { return join ' ', map { grep { length } $wire->query($_)->answers } @_ };
	my (@wrong, $right);
	for my $n (1 .. 12)
	{
		$ask->('BEGIN', "SELECT authz.set_token('$tokens{ann}', true)");
		$ask->('SELECT count(*) FROM memo') if $n % 2;
		$ask->('SAVEPOINT s') if $n % 3 == 0;
		$_->safe_psql('clinic', q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name ~ '^citus_internal' AND usename = 'app'}) for ($n % 4 ? $one : $two);
		for my $again (1 .. 2)
		{
			my $got = $ask->('SELECT count(*) FROM memo');
			push @wrong, "$n: $got" if $got =~ /\b[0-4]\b/;
		}
		$ask->('ROLLBACK', 'BEGIN', "SELECT authz.set_token('$tokens{ann}', true)");
		my $got = $ask->('SELECT count(*) FROM memo');
		$right++ if $got =~ /\b5\b/;
		push @wrong, "$n, then: $got" if $got =~ /\b[0-4]\b/;
		$ask->('ROLLBACK');
	}
	is_deeply(\@wrong, [], 'connections to nodes that are cut: an error, or all rows');
	cmp_ok($right, '>=', 11, 'and right again');
}

# ---- a node that has lost the extension ----

alone($two, 'DROP EXTENSION dbmi_authz CASCADE');
owner(q{SELECT authz.alter_issuer('pool', '{"leeway_seconds": 12}')});
like(owner("SET client_min_messages = warning; $spread"), qr/trust did not reach 1 of 3 nodes.*extension dbmi_authz is not installed there/, 'spread_trust() names a node without the extension');
says($coordinator, 'of which a query is an error', as('ann', 'SELECT count(*) FROM memo'), qr/^[0-9A-Z]{5}: /);

my $all = logs_since(\@nodes, map { 0 } @nodes);
unlike($all, qr/PANIC|TRAP|terminated by signal/, 'nothing crashed');
unlike($all, qr/eyJ/, 'no token in the log of any node');
$_->stop for @nodes, $old;
done_testing();
