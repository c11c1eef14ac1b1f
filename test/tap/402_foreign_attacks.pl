# foreign_login(): whoever cannot decide where identities go does not, by what he owns,
# maps, makes or names; nobody becomes somebody by it, or learns an assertion.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzForeign;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main', 'log_min_duration_statement = -1', 'log_min_messages = debug2', 'log_min_error_statement = debug2');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN; CREATE ROLE node LOGIN; CREATE ROLE mallory LOGIN; CREATE ROLE owner LOGIN; CREATE DATABASE near OWNER owner');
my $key = make_near($node, 'near');
make_far($node, $_, $key) for 'far', 'far2';
$node->safe_psql('far', "GRANT ALL ON who, doc, free TO mallory; ALTER TABLE doc OWNER TO $super");
make_server($node, 'near', $_, $node, 'far') for 'f', 'm';
$node->safe_psql('near', <<'SQL');
GRANT ALL ON FOREIGN DATA WRAPPER postgres_fdw TO owner, mallory;
ALTER SERVER f OWNER TO owner;
GRANT USAGE ON FOREIGN SERVER f TO app, mallory;
ALTER SERVER m OWNER TO mallory;
GRANT CREATE ON DATABASE near TO mallory;
GRANT ALL ON SCHEMA public TO mallory;
SQL
my %tokens = (ann => mint(), bob => mint(sub => 'bob'));

sub gives
{
	my ($what, $user, $script, @expected) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @lines = map { exists $tokens{$_} ? "SELECT authz.set_token('%{$_}') \\g /dev/null" : /\\g/ ? $_ : "$_;" } @$script;
	is_deeply([ grep { !/^(NOTICE|DEBUG|handing the identity|drop cascades|and \d+ other)/ } session($node, join("\n", @lines), tokens => \%tokens, db => 'near', user => $user) ], \@expected, $what);
	return;
}
my $login = 'SELECT authz.foreign_login($$f$$) \g /dev/null';
my $who = 'SELECT coalesce(authz.subject(), $$nobody$$), subject, state FROM f.who';
my $told = 'ann|ann|valid';
my $cannot = '55000: foreign server "f" cannot be told who is logged in';

# Who decides: the owner of the database, of servers that are his.
gives('mallory does not', 'mallory', [$login], '42501: permission denied for function foreign_login');
gives('nor does the owner by the server of mallory', 'owner', ['SELECT authz.foreign_login($$m$$)'], '55000: foreign server "m" belongs to a role without the rights of the owner of the database');
gives('mallory stands in the way', 'mallory', ['CREATE SCHEMA authz_foreign', 'CREATE FOREIGN TABLE authz_foreign.m (destination text DEFAULT $$x$$, challenge text, assertion text) SERVER m OPTIONS (schema_name $$authz$$, table_name $$hand_over$$)',
		'CREATE FOREIGN TABLE authz_foreign.f (destination text DEFAULT $$x$$, challenge text, assertion text) SERVER f OPTIONS (schema_name $$authz$$, table_name $$hand_over$$)']);
gives('a schema of his decides nothing', 'app', [ 'ann', 'SELECT subject FROM m.who', $who ], 'nobody', 'ann|nobody|none');
gives('and is not taken for the owner\'s', 'owner', [$login], '42P06: schema "authz_foreign" belongs to a role without the rights of the owner of the database');
$node->safe_psql('near', 'DROP SCHEMA authz_foreign CASCADE');
gives('its twin is', 'owner', [$login]);
gives('and works', 'app', [ 'ann', $who ], $told);
is($node->safe_psql('near', "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'authz_foreign'"), 'owner', 'it belongs to whom the database belongs to');

# By its handler, not by its name.
$node->safe_psql('near', 'CREATE FOREIGN DATA WRAPPER mine HANDLER postgres_fdw_handler VALIDATOR postgres_fdw_validator; CREATE SERVER mine FOREIGN DATA WRAPPER mine OPTIONS (dbname $$far$$)');
$node->safe_psql('near', "ALTER SERVER mine OPTIONS (ADD host '" . $node->host . "', ADD port '" . $node->port . "'); CREATE USER MAPPING FOR PUBLIC SERVER mine OPTIONS (user 'node', password_required 'false')");
gives('a wrapper of another name', $super, ['SELECT authz.foreign_login($$mine$$) \g /dev/null']);
like(join("\n", session($node, 'SELECT authz.foreign_login($$mine$$);', db => 'near', user => 'owner', details => 1)),
	qr/permission denied for foreign server mine\b.*GRANT USAGE ON FOREIGN SERVER mine TO owner\./s, 'the owner of the database needs the use of a server of a superuser, and is told how');
$node->safe_psql('near', 'CREATE FOREIGN DATA WRAPPER postgres_fdw_too; CREATE SERVER none FOREIGN DATA WRAPPER postgres_fdw_too');
gives('one that is none', $super, ['SELECT authz.foreign_login($$none$$)'], '42809: foreign server "none" is not one of postgres_fdw');

# Rights: nobody needs any.
gives('others read no challenge', 'app', [ 'SELECT * FROM authz_foreign.f', 'ann', 'UPDATE authz_foreign.f SET assertion = NULL' ], ('42501: permission denied for schema authz_foreign') x 2);
gives('nor does who is told of', 'mallory', ['ALTER FOREIGN TABLE authz_foreign.f ALTER destination SET DEFAULT $$x$$'], '42501: permission denied for schema authz_foreign');

# What would run with the rights of whoever asks, or changes what is sent.
for my $change ([ 'a trigger', 'CREATE FUNCTION public.spy() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE WARNING $x$SPY %$x$, NEW.assertion; RETURN NEW; END$$; CREATE TRIGGER spy BEFORE UPDATE ON authz_foreign.f FOR EACH ROW EXECUTE FUNCTION public.spy()',
		'DROP FUNCTION public.spy CASCADE' ],
	[ 'a trigger of the statement', 'CREATE FUNCTION public.spy() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE WARNING $x$SPY$x$; RETURN NULL; END$$; CREATE TRIGGER spy AFTER UPDATE ON authz_foreign.f FOR EACH STATEMENT EXECUTE FUNCTION public.spy()',
		'DROP FUNCTION public.spy CASCADE' ],
	[ 'another view', 'ALTER FOREIGN TABLE authz_foreign.f OPTIONS (SET table_name $$who$$)', 'ALTER FOREIGN TABLE authz_foreign.f OPTIONS (SET table_name $$hand_over$$)' ],
	[ 'a generated column', 'ALTER FOREIGN TABLE authz_foreign.f ADD copy text GENERATED ALWAYS AS (assertion) STORED', 'ALTER FOREIGN TABLE authz_foreign.f DROP copy' ],
	[ 'a column less', 'ALTER FOREIGN TABLE authz_foreign.f DROP challenge', undef ],
	[ 'another owner of the table', 'ALTER FOREIGN TABLE authz_foreign.f OWNER TO mallory', undef ],
	[ 'another owner of the server', 'ALTER SERVER f OWNER TO mallory', 'ALTER SERVER f OWNER TO owner' ],
	[ 'no destination', 'ALTER FOREIGN TABLE authz_foreign.f ALTER destination DROP DEFAULT', undef ],
	[ 'a destination that is worked out', 'ALTER FOREIGN TABLE authz_foreign.f ALTER destination SET DEFAULT current_user', undef ])
{
	my ($what, $do, $undo) = @$change;
	$node->safe_psql('near', $do);
	gives("$what: refused", 'app', [ 'ann', $who, 'SELECT count(*) FROM f.doc' ], $cannot, $cannot);
	$node->safe_psql('near', $undo // 'DROP FOREIGN TABLE authz_foreign.f');
	$node->safe_psql('near', 'SELECT authz.foreign_login($$f$$)') if !defined $undo || $what eq 'a generated column';
	$node->safe_psql('near', 'ALTER FOREIGN TABLE authz_foreign.f OWNER TO owner');
	gives("$what: undone", 'app', [ 'ann', $who ], $told);
}
$node->safe_psql('near', 'CREATE TABLE public.child (LIKE authz_foreign.f); INSERT INTO public.child VALUES ($$x$$, $$y$$); ALTER TABLE public.child INHERIT authz_foreign.f');
gives('a child of the table is not asked', 'app', [ 'ann', $who, 'bob', $who ], $told, 'bob|bob|valid');
is($node->safe_psql('near', 'SELECT count(assertion) FROM public.child'), 0, 'and is told nothing');
$node->safe_psql('near', 'DROP TABLE public.child');
is_deeply([ session($node, "SELECT authz.set_token('%{ann}') \\g /dev/null\n$who;\nSET session_replication_role = replica;\n$who;", tokens => \%tokens, db => 'near', user => $super) ], [ $told, $told ], 'a session that fires no triggers');

# In one session, what was known of the login is looked at again.
gives('changes within a session', 'owner', [ 'ann', $who, 'BEGIN', 'ALTER FOREIGN TABLE authz_foreign.f ALTER destination SET DEFAULT $$1/far$$', 'SAVEPOINT a', 'bob', $who, 'ROLLBACK', $who, 'SELECT authz.drop_foreign_login($$f$$) \g /dev/null', $who, $login, $who ],
	$told, '55000: foreign server "f" is not the one that identities are to go to', $told, 'ann|nobody|none', $told);

# The server leads elsewhere: the other one takes assertions of the same key, too.
$node->safe_psql('near', 'ALTER SERVER f OPTIONS (SET dbname $$far2$$)');
my @elsewhere = session($node, "SELECT authz.set_token('%{ann}') \\g /dev/null\n$who;", tokens => \%tokens, db => 'near', details => 1);
is($elsewhere[0], '55000: foreign server "f" is not the one that identities are to go to', 'led elsewhere');
like($elsewhere[1], qr{^DETAIL:  It is "\d+/far2", and should be "\d+/far"\.}, 'says where to');
gives('nobody is not told of', 'app', [$who], 'nobody|nobody|none');
$node->safe_psql('near', 'SELECT authz.foreign_login($$f$$)');
gives('pinned anew', 'app', [ 'ann', $who ], $told);
$node->safe_psql('near', 'ALTER SERVER f OPTIONS (SET dbname $$far$$); SELECT authz.foreign_login($$f$$); ALTER FOREIGN TABLE authz_foreign.f OWNER TO owner');

# A user mapping of one's own: its user there takes no identity.
$node->safe_psql('near', 'CREATE USER MAPPING FOR mallory SERVER f OPTIONS (user $$mallory$$, password_required $$false$$)');
gives('mapped to a role that takes none', 'mallory', [ $who, 'ann', $who, 'SELECT count(*) FROM f.free' ], 'nobody|nobody|none', ('42501: no identity is taken from another server on this connection') x 2);
$node->safe_psql('near', 'DROP USER MAPPING FOR mallory SERVER f; GRANT USAGE ON FOREIGN SERVER f TO mallory');

# A foreign table of one's own over the view: what one may say there is what one has.
gives('mallory\'s own table', 'mallory', [
		'CREATE FOREIGN TABLE public.h (destination text, challenge text, assertion text) SERVER f OPTIONS (schema_name $$authz$$, table_name $$hand_over$$)',
		'SELECT length(challenge), assertion FROM public.h', "UPDATE public.h SET assertion = '$tokens{ann}'", "UPDATE public.h SET assertion = 'x'", $who ],
	'22|', ('28000: the identity that another server handed over was refused') x 2, 'nobody|nobody|none');
gives('tells only of himself', 'mallory', [ 'BEGIN', 'ann', $who, 'UPDATE public.h SET assertion = NULL', 'SELECT subject FROM f.who', 'COMMIT', 'bob', $who ], $told, 'nobody', 'bob|bob|valid');

# A new server of the name is another one.
gives('dropped and made again in a session', $super, [ 'ann', $who, 'BEGIN', 'DROP SERVER f CASCADE', 'CREATE SERVER f FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host $$' . $node->host . '$$, port $$' . $node->port . '$$, dbname $$far$$)',
		'CREATE USER MAPPING FOR PUBLIC SERVER f OPTIONS (user $$node$$, password_required $$false$$)', 'CREATE FOREIGN TABLE f.who (subject text, state text) SERVER f OPTIONS (schema_name $$public$$)', $who, $login, $who, 'ROLLBACK', $who ],
	$told, 'ann|nobody|none', $told, $told);

my $log = slurp_file($node->logfile);
unlike($log, qr/SPY/, 'no trigger ran');
is(scalar(grep { !/STATEMENT|set_token/ } $log =~ /^.*authz-assertion.*$/mg), 0, 'the log knows no assertion');
unlike($log, qr/PANIC|TRAP|terminated by signal/, 'nothing crashed');
$node->stop;
done_testing();
