# A random walk over this server and two others: whatever was done before, each query is
# answered there for who is in force here, or is an error.
#
# FOREIGN_WALK is how many answers it asks for, FOREIGN_SEED repeats one.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzForeign;
use AzTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $answers = $ENV{FOREIGN_WALK} // 2000;
my $seed = $ENV{FOREIGN_SEED} // int(rand(1_000_000));
srand($seed);
note("FOREIGN_SEED=$seed");

my $node = start_node('main');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN; CREATE ROLE node LOGIN; CREATE ROLE node2 LOGIN IN ROLE node; CREATE ROLE own LOGIN; GRANT own TO app');
my $key = make_near($node, 'postgres');
for my $db ('far', 'far2')
{
	make_far($node, $db, $key);
	$node->safe_psql($db, 'CREATE VIEW slow AS SELECT pg_sleep(5) IS NULL AS x; CREATE VIEW broken AS SELECT 1 / (SELECT count(*) FROM doc WHERE id < 0) AS x; GRANT ALL ON slow, broken TO node');
}
make_server($node, 'postgres', 'f', $node, 'far');
make_server($node, 'postgres', 'g', $node, 'far2');
my %tokens = (ann => mint(), bob => mint(sub => 'bob'), cat => mint(sub => 'cat'), forged => forge());
for my $server ('f', 'g')
{
	$node->safe_psql('postgres', <<"SQL");
CREATE USER MAPPING FOR own SERVER $server OPTIONS (user 'node2', password_required 'false');
CREATE FOREIGN TABLE $server.slow (x boolean) SERVER $server OPTIONS (schema_name 'public');
CREATE FOREIGN TABLE $server.broken (x bigint) SERVER $server OPTIONS (schema_name 'public');
GRANT ALL ON $server.slow, $server.broken TO app, own;
SELECT authz.foreign_login('$server');
SQL
}
my $psql = 'psql -XAtq -c "%s" "' . $node->connstr('postgres') . " user=$super\" >/dev/null";

# ---- the model ----

# Who is logged in, under a number; what each subject has where; whom each transaction
# keeps.  A failed login sets the floor, which no rollback takes back.
my ($state, @saved, $floor, $number);
my (@script, @expected);

sub who
{
	my $login = $state->{login};
	return $login && $login->{number} > $floor ? $login->{who} : undef;
}

sub copy_of
{
	my ($from) = @_;
	return { login => $from->{login}, role => $from->{role}, rows => { map { $_ => { %{ $from->{rows}{$_} } } } keys %{ $from->{rows} } } };
}

sub pick { return $_[ int(rand(@_)) ]; }
sub does { push @script, @_; return; }

sub is_to_give
{
	my ($sql, $answer) = @_;
	push @script, "$sql;";
	push @expected, { answer => "$answer", at => $#script };
	return;
}

sub login
{
	my $who = pick('ann', 'bob', 'cat');
	does("SELECT authz.set_token('%{$who}') \\g /dev/null");
	$state->{login} = { who => $who, number => ++$number };
	return;
}

sub failed_login
{
	is_to_give("SELECT authz.try_set_token('%{forged}')", 'f');
	$floor = ++$number;
	return;
}

sub logout
{
	does('RESET dbmi_authz.token;');
	$state->{login} = undef;
	return;
}

# Another user mapping is another connection, which does not see what is not committed.
my $writes;

sub switch_role
{
	return ask() if @saved && $writes;
	$state->{role} = pick('app', 'own');
	does("SET ROLE $state->{role};");
	return;
}

sub ask
{
	my $server = pick('f', 'g');
	my $who = who();
	my $rows = $who ? $state->{rows}{$server}{$who} : 0;
	my $table = pick('doc', 'doc', 'memo');
	my $n = $table eq 'doc' ? $rows : $who ? { ann => 10, bob => 20, cat => 0 }->{$who} : 0;
	my @ways = (
		[ "SELECT subject FROM $server.who", $who // 'nobody' ],
		[ "SELECT count(*) FROM $server.$table", $n ],
		[ "SELECT count(*), min(owner), max(owner) FROM $server.$table", $n ? "$n|$who|$who" : '0||' ],
		[ "SELECT count(*) FROM $server.$table WHERE authz.is_owner(owner)", $n ],
		[ 'SELECT f.subject, g.subject, coalesce(authz.subject(), $$nobody$$) FROM f.who f, g.who g', join('|', ($who // 'nobody') x 3) ],
		[ "SELECT count(*) FROM $server.free", 100 ],
		[ "EXECUTE w_$server", $who // 'nobody' ],
		[ "EXECUTE q_$server", $rows ],
		[ "EXECUTE p_$server(0)", $rows ],
		[ "SELECT asks_$server()", $who // 'nobody' ],
		[ "SELECT definer_$server()", $who // 'nobody' ],
	);
	is_to_give(@{ pick(@ways) });
	return;
}

sub write_there
{
	my $server = pick('f', 'g');
	my $who = who();
	return ask() unless $who && @saved && $writes;
	if (rand() < 0.6)
	{
		does("INSERT INTO $server.doc (id, owner) VALUES (1000, '$who');");
		$state->{rows}{$server}{$who}++;
	}
	elsif (rand() < 0.5)
	{
		is_to_give("WITH x AS (UPDATE $server.doc SET note = note || 'x' RETURNING owner) SELECT count(*), count(DISTINCT owner) FROM x", $state->{rows}{$server}{$who} . '|' . ($state->{rows}{$server}{$who} ? 1 : 0));
	}
	else
	{
		does("COPY $server.doc (id, owner) FROM STDIN;\n1000\t$who\n\\.");
		$state->{rows}{$server}{$who}++;
	}
	return;
}

# A statement that fails there, or is cancelled, and what was done before it is undone.
sub fail_there
{
	my $server = pick('f', 'g');
	return ask() unless @saved;
	savepoint();
	login() if rand() < 0.5;
	ask() if rand() < 0.5;
	if (rand() < 0.15)
	{
		is_to_give("SET LOCAL statement_timeout = 60; SELECT * FROM $server.slow", '57014: canceling statement due to statement timeout');
	}
	else
	{
		is_to_give("SELECT * FROM $server.broken", '22012: division by zero');
	}
	roll_back_to();
	return;
}

# What reads on after the identity has changed is an error.
sub cursor
{
	return ask() unless @saved;
	my $server = pick('f', 'g');
	savepoint();
	does("DECLARE c CURSOR FOR SELECT id FROM $server.free ORDER BY id;");
	is_to_give('FETCH c', 1);
	if (rand() < 0.5)
	{
		ask();
		is_to_give('FETCH c', 2);
	}
	else
	{
		my $before = who() // '';
		rand() < 0.7 ? login() : logout();
		if ((who() // '') eq $before)
		{
			is_to_give('FETCH c', 2);
		}
		else
		{
			is_to_give('FETCH c', '28000: identity has changed since the query was planned');
		}
	}
	roll_back_to();
	return;
}

sub savepoint
{
	push @saved, copy_of($state);
	does('SAVEPOINT s' . $#saved . ';');
	return;
}

sub roll_back_to
{
	does("ROLLBACK TO s$#saved;", "RELEASE s$#saved;");
	$state = pop @saved;
	return;
}

# The transaction's own state is the first that is saved.
sub begin
{
	my $how = pick('', '', ' ISOLATION LEVEL REPEATABLE READ', ' ISOLATION LEVEL SERIALIZABLE');
	push @saved, copy_of($state);
	$writes = rand() < 0.5;
	does("BEGIN$how;");
	return;
}

sub release
{
	does("RELEASE s$#saved;");
	pop @saved;
	return;
}

sub finish
{
	if (rand() < 0.5)
	{
		does('COMMIT;');
	}
	else
	{
		does('ROLLBACK;');
		$state = $saved[0];
	}
	@saved = ();
	return;
}

# Whoever is revoked is nobody's business on any server, until somebody logs in.
sub revoke
{
	my $login = $state->{login};
	my $who = who();
	return ask() if !$who || @saved || rand() < 0.8;
	does(sprintf("\\! $psql", "SELECT authz.revoke_subject('https://id.example', '$who')"));
	is_to_give('SELECT subject FROM f.who', '28000: token was revoked');
	is_to_give('SELECT count(*) FROM g.doc', '28000: token was revoked');
	does(sprintf("\\! $psql", 'DELETE FROM authz.revocation'));
	logout();
	return;
}

sub step
{
	my $x = rand();
	return login() if $x < 0.13;
	return failed_login() if $x < 0.16;
	return logout() if $x < 0.20;
	return switch_role() if $x < 0.23;
	return write_there() if $x < 0.28;
	return fail_there() if $x < 0.31;
	return cursor() if $x < 0.34;
	return revoke() if $x < 0.36;
	if ($x < 0.46)
	{
		return begin() unless @saved;
		return @saved < 6 ? savepoint() : ask();
	}
	if ($x < 0.53 && @saved)
	{
		return finish() if @saved == 1;
		return rand() < 0.5 ? release() : roll_back_to();
	}
	return finish() if $x < 0.55 && @saved;
	return ask();
}

for my $server ('f', 'g')
{
	$node->safe_psql('postgres', <<"SQL");
CREATE FUNCTION asks_$server() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT subject FROM $server.who); END';
CREATE FUNCTION definer_$server() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT subject FROM $server.who';
ALTER FUNCTION definer_$server() OWNER TO own;
SQL
}

my $rows = { f => { ann => 10, bob => 20, cat => 0 }, g => { ann => 10, bob => 20, cat => 0 } };
my ($asked, $wrong, $missing) = (0, 0, 0);
while ($asked < $answers)
{
	@script = ("SET plan_cache_mode = " . pick(qw(auto auto force_generic_plan force_custom_plan)) . ';');
	@expected = ();
	$state = { login => undef, role => 'app', rows => $rows };
	@saved = ();
	($floor, $number) = (0, 0);
	for my $server ('f', 'g')
	{
		does("PREPARE w_$server AS SELECT subject FROM $server.who;", "PREPARE q_$server AS SELECT count(*) FROM $server.doc;",
			"PREPARE p_$server(int) AS SELECT count(*) FROM $server.doc WHERE id > \$1;");
	}
	step() for 1 .. 150;
	finish() if @saved;
	$rows = $state->{rows};
	my @lines = session($node, join("\n", @script), tokens => \%tokens);
	for my $i (0 .. $#expected)
	{
		$asked++;
		next if defined $lines[$i] && $lines[$i] eq $expected[$i]{answer};
		defined $lines[$i] ? $wrong++ : $missing++;
		next if $wrong + $missing > 1;
		my $at = $expected[$i]{at};
		diag("seed $seed: answer $i, expected $expected[$i]{answer}, got " . ($lines[$i] // 'nothing'));
		diag(map { s/%\{(\w+)\}/$1/gr . "\n" } @script[ 0 .. $at ]);
		diag(join "\n", map { "# $_" } @lines[ ($i > 5 ? $i - 5 : 0) .. ($i + 3 > $#lines ? $#lines : $i + 3) ]);
	}
	$wrong++ if @lines > @expected;
	diag("lines that nobody asked for: @lines[@expected .. $#lines]") if @lines > @expected;
	last if $wrong + $missing;
}
cmp_ok($asked, '>=', $wrong + $missing ? 0 : $answers, "$asked answers");
is($wrong, 0, 'none is wrong');
is($missing, 0, 'none is missing');

unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal/, 'nothing crashed');
$node->stop;
done_testing();
