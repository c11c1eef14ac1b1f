# A database that was dumped and restored decides the same: policy_state() of
# every relation is the same text there, whatever the first one went through.

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
CREATE ROLE app LOGIN;
CREATE ROLE staff;
CREATE ROLE "odd ""role""";
GRANT staff TO app;
CREATE DATABASE first OWNER one;
CREATE DATABASE second OWNER one;
CREATE DATABASE third OWNER one;
SQL

my $pem = slurp_file("$FindBin::RealBin/../fixtures/p256_a.pub.pem");
$node->safe_psql('first', <<"SQL", extra_params => [ '-U', 'one' ]);
CREATE EXTENSION dbmi_authz;
SELECT authz.add_issuer('https://id.example', '{b,a}', 'generic', '{"leeway_seconds": 5, "application": "notes"}') \\g /dev/null
SELECT authz.add_pem('https://id.example', '$pem', 'k1', 'ES256') \\g /dev/null
SELECT authz.set_actor_ceiling('https://id.example', 'bot', scopes => '{b,a}', read_only => false) \\g /dev/null
INSERT INTO authz.permission_implies VALUES ('notes', 'own', 'view');
CREATE SCHEMA "od'd";
CREATE TYPE "od'd".mood AS ENUM ('sad', 'glad');
ALTER TYPE "od'd".mood ADD VALUE 'mad' BEFORE 'glad';
CREATE DOMAIN "od'd".short AS varchar(10) DEFAULT 'x' CHECK (value IN ('x', 'y') AND length(value) BETWEEN 1 AND 3);
CREATE COLLATION "od'd".nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE member (gone integer, who text, team integer);
ALTER TABLE member DROP gone;
CREATE FUNCTION is_near(a integer, b integer DEFAULT 3, c boolean DEFAULT 'x'::varchar IN ('a', 'b') AND 1 BETWEEN 1 AND 2 AND true) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN a BETWEEN b - 1 AND b + 1 AND a IN (1, 2, 3);
CREATE FUNCTION near(a integer, b integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN is_near(a, b);
CREATE OPERATOR ~~~ (FUNCTION = near, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = ~~~);
CREATE AGGREGATE every_near(boolean) (SFUNC = booland_statefunc, STYPE = boolean, INITCOND = 'true');
CREATE FUNCTION teams() RETURNS SETOF integer LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
	BEGIN ATOMIC SELECT team FROM member WHERE who = authz.user_id() AND team BETWEEN 1 AND 9 AND who <> ''; SELECT team FROM member WHERE who IN ('a', 'b'); END;
CREATE FUNCTION by_name(text) RETURNS boolean LANGUAGE plpgsql STABLE AS \$f\$ BEGIN RETURN EXISTS (SELECT FROM member WHERE who = \$1) AND authz.has_scope('x'); END \$f\$;
CREATE TABLE note (id integer PRIMARY KEY, gone integer, owner text DEFAULT authz.user_id(), team integer, kind varchar(5), mood "od'd".mood,
	short "od'd".short, title text COLLATE "od'd".nocase, size integer GENERATED ALWAYS AS (id * 2) STORED, at timestamptz,
	CHECK (kind IN ('a', 'b') OR id BETWEEN 1 AND 5 AND team > 0), price float8) PARTITION BY RANGE (id);
ALTER TABLE note DROP gone;
ALTER TABLE note RENAME COLUMN price TO cost;
CREATE TABLE note_1 PARTITION OF note FOR VALUES FROM (0) TO (10);
CREATE TABLE note_2 (LIKE note INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS);
ALTER TABLE note ATTACH PARTITION note_2 FOR VALUES FROM (10) TO (20);
ALTER TABLE note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE note_2 ENABLE ROW LEVEL SECURITY;
CREATE VIEW my_teams AS SELECT teams() AS team;
CREATE POLICY a ON note TO staff, app, "odd ""role""" USING (kind IN ('a', 'b') OR kind NOT IN ('c', 'd') OR team IN (SELECT teams()) OR authz.in_set('my_teams', team));
CREATE POLICY b ON note AS RESTRICTIVE FOR UPDATE USING (id BETWEEN 1 AND 3 AND id ~~~ 2 AND NOT (mood > 'sad' OR mood IS NULL))
	WITH CHECK (by_name(owner) AND at > '2001-02-03 04:05:06+07' AND cost <> 0.1 AND short = 'x' AND title IN ('A', 'B')
		AND (id, team) IN (SELECT id, m.team FROM member m WHERE m.who = owner) AND CASE kind WHEN 'a' THEN team BETWEEN 1 AND 2 ELSE true END);
CREATE POLICY c ON note_2 FOR INSERT TO PUBLIC WITH CHECK ((SELECT every_near(m.team = 1) FROM member m) AND owner = ANY ('{a,b}'::varchar[]) AND at - interval '1 day 2 hours' > '2001-01-01');
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS \$f\$ BEGIN NEW.owner := authz.user_id(); RETURN NEW; END \$f\$;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON note_1 FOR EACH ROW WHEN (NEW.owner IS NULL AND NEW.id BETWEEN 1 AND 3 AND NEW.kind IN ('a', 'b')) EXECUTE FUNCTION stamp();
CREATE TRIGGER again BEFORE UPDATE OF owner, id ON note_1 FOR EACH ROW WHEN (OLD.owner IS DISTINCT FROM NEW.owner) EXECUTE FUNCTION stamp();
CREATE FUNCTION shown_instead() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE VIEW shown AS SELECT id, owner, kind FROM note WHERE kind IN ('x', 'y') AND id BETWEEN 1 AND 3 AND owner <> 'z';
ALTER VIEW shown RENAME kind TO "Kind";
CREATE VIEW doubled WITH (security_invoker, security_barrier) AS SELECT id AS n FROM shown UNION ALL SELECT s.id FROM note s JOIN member m USING (team) EXCEPT SELECT 1;
ALTER VIEW doubled RENAME n TO number;
CREATE TABLE thing (id integer PRIMARY KEY);
CREATE RULE nothing AS ON DELETE TO shown DO INSTEAD NOTHING;
CREATE RULE other AS ON UPDATE TO thing WHERE (OLD.id BETWEEN 1 AND 3 AND NEW.id IN (1, 2)) DO ALSO (INSERT INTO member (who, team) SELECT 'x', OLD.id WHERE NEW.id BETWEEN 1 AND 2 AND true; DELETE FROM member WHERE who IN ('q', 'r') AND team = OLD.id);
CREATE TRIGGER instead INSTEAD OF INSERT ON shown FOR EACH ROW EXECUTE FUNCTION shown_instead('a', 'b''c');
CREATE MATERIALIZED VIEW kept AS SELECT team, count(*) FROM member GROUP BY team;
CREATE FUNCTION of_note(integer) RETURNS boolean LANGUAGE sql RETURN \$1 IN (1, 2);
SELECT authz.register_access('thing.see', 'thing', 'user', 'of_note(integer)') \\g /dev/null
CREATE POLICY p ON thing USING (authz.has_object_perm('thing.see', 'thing', id::text));
GRANT SELECT (owner, id), UPDATE (kind) ON note TO app;
GRANT SELECT, INSERT ON note, shown TO staff WITH GRANT OPTION;
GRANT SELECT ON note_1 TO PUBLIC;
GRANT DELETE ON note TO app;
REVOKE DELETE ON note FROM app;
REVOKE EXECUTE ON FUNCTION by_name FROM PUBLIC;
GRANT EXECUTE ON FUNCTION by_name TO app;
GRANT USAGE ON SCHEMA "od'd" TO app;
SQL

my @relations = split /\n/, $node->safe_psql('first',
	"SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') ORDER BY 1");
cmp_ok(scalar @relations, '>', 8, 'with relations of all kinds');

sub states
{
	my ($db) = @_;
	return join "\n", session($node, join('', map { "SELECT authz.policy_state('$_');\n" } @relations), db => $db, user => 'one');
}

my $dir = PostgreSQL::Test::Utils::tempdir();
my $states = states('first');
unlike($states, qr/^[0-9A-Z]{5}: /m, 'every relation has a state');
like($states, qr/"thumbprint"/, 'the state knows the key');
unlike($states, qr/BEGIN PUBLIC|"x":|"crv"/, 'and not its material');
unlike($states, qr/\b1[6-9]\d{3}\b/, 'no OID stands in it');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/dump", '-d', $node->connstr('first') ], 'dump');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('second'), "$dir/dump" ], 'restore');
is(states('second'), $states, 'the restored database decides the same');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/again", '-d', $node->connstr('second') ], 'dump of the restored database');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('third'), "$dir/again" ], 'restore');
is(states('third'), $states, 'and what is restored from that');

# the other way round: what is not the same shows
$node->safe_psql('second', 'ALTER POLICY a ON note TO staff');
isnt(states('second'), $states, 'a difference shows');

# others ask for nothing
like((session($node, "SELECT authz.policy_state('note')", db => 'first', user => 'app'))[0], qr/^42501: permission denied for function policy_state/, 'only the owner of the database');
$node->safe_psql('first', 'GRANT EXECUTE ON FUNCTION authz.policy_state TO app');
like((session($node, "SELECT authz.policy_state('note')", db => 'first', user => 'app'))[0], qr/^42501: permission denied for function policy_state/, 'also where EXECUTE was granted');

done_testing();
