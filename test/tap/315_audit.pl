# The record of changes: what writers with savepoints have committed is recorded,
# and nothing else, beside somebody who seals, over a crash, a prepared
# transaction, a dump and logical replication; random tampering is found.
#
# DBMI_SEED repeats a run, DBMI_STEPS makes a longer one.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{DBMI_SEED} // int(rand(1e9));
my $steps = $ENV{DBMI_STEPS} // 300;
my $writers = 4;
srand($seed);
note "DBMI_SEED=$seed";

my $node = start_node('main', 'wal_level = logical', 'max_wal_senders = 5', 'max_replication_slots = 5', 'max_prepared_transactions = 5', 'autovacuum = off', 'fsync = off');
trust($node, 'postgres');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE plain (id int PRIMARY KEY, v text);
CREATE TABLE part (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE part_low PARTITION OF part FOR VALUES FROM (0) TO (100);
CREATE TABLE part_high PARTITION OF part FOR VALUES FROM (100) TO (200);
SELECT authz.audit('plain'), authz.audit('part');
SQL

#
# A walk: each writer has the rows whose id leaves its number modulo $writers, so
# what it commits is known beforehand.
#

# One statement on the rows as they are, which it changes; the events that it has.
sub statement
{
	my ($writer, $rows) = @_;
	my $table = int(rand 2) ? 'plain' : 'part';
	my $id = $writer + $writers * int(rand(200 / $writers));
	my $other = $writer + $writers * int(rand(200 / $writers));
	my $v = 'v' . int(rand 1000);
	my $mine = $rows->{$table};
	my $kind = int(rand 7);

	if ($kind == 0 || $kind == 1)
	{
		my $old = $mine->{$id};
		$mine->{$id} = $v;
		my @events = defined $old ? [ 'UPDATE', $id, $old, $v ] : [ 'INSERT', $id, '', $v ];
		return ("INSERT INTO $table VALUES ($id, '$v') ON CONFLICT (id) DO UPDATE SET v = excluded.v", @events) if $kind == 0;
		return ("MERGE INTO $table t USING (VALUES ($id, '$v')) s(id, v) ON t.id = s.id"
			. " WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v)", @events);
	}
	if ($kind == 2)
	{
		my $old = delete $mine->{$id};
		return ("DELETE FROM $table WHERE id = $id", defined $old ? [ 'DELETE', $id, $old, '' ] : ());
	}
	if ($kind == 3 && defined $mine->{$id} && !defined $mine->{$other})
	{
		# to another key, and perhaps to another partition
		my $old = delete $mine->{$id};
		$mine->{$other} = $old;
		my $moves = $table eq 'part' && ($id < 100) != ($other < 100);
		return ("UPDATE $table SET id = $other WHERE id = $id",
			$moves ? ([ 'DELETE', $id, $old, '' ], [ 'INSERT', $other, '', $old ]) : [ 'UPDATE', $id, $old, $old ]);
	}
	if ($kind == 4)
	{
		my @all = grep { $_ % $writers == $writer } sort { $a <=> $b } keys %$mine;
		my @events = map { my $old = $mine->{$_}; $mine->{$_} = "$old+"; [ 'UPDATE', $_, $old, "$old+" ] } grep { $_ < 40 } @all;
		return ("UPDATE $table SET v = v || '+' WHERE id < 40 AND id % $writers = $writer", @events);
	}
	if ($kind == 5 && !defined $mine->{$id})
	{
		$mine->{$id} = $v;
		return ("COPY $table FROM stdin;\n$id\t$v\n\\.\n", [ 'INSERT', $id, '', $v ]);
	}
	return ("DO \$\$ BEGIN DELETE FROM $table WHERE id % $writers = $writer; RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END \$\$");
}

sub copy_of { my ($rows) = @_; return { map { $_ => { %{ $rows->{$_} } } } keys %$rows }; }

# Events of one statement come in the order in which it meets the rows.
sub sorted { return join "\n", sort map { join ' ', @$_ } @_; }

# The script of a writer, and its committed events, those of one statement together.
sub walk
{
	my ($writer, $rows) = @_;
	my (@script, @committed);

	for (1 .. $steps)
	{
		my $open = int(rand 3);
		my @saved;
		my $now = copy_of($rows);
		my @events;
		push @script, $open ? 'BEGIN;' : ();
		for (1 .. $open ? 1 + int(rand 5) : 1)
		{
			my $what = $open ? int(rand 5) : 4;
			if ($what == 0)
			{
				push @saved, [ copy_of($now), scalar @events ];
				push @script, 'SAVEPOINT s' . @saved . ';';
			}
			elsif ($what == 1 && @saved)
			{
				my $back = pop @saved;
				$now = $back->[0];
				$#events = $back->[1] - 1;
				push @script, 'ROLLBACK TO s' . (@saved + 1) . '; RELEASE s' . (@saved + 1) . ';';
			}
			else
			{
				my ($sql, @new) = statement($writer, $now);
				push @script, $sql =~ /^COPY/ ? $sql : "$sql;";
				push @events, sorted(@new) if @new;
			}
		}
		if ($open && int(rand 4) == 0)
		{
			push @script, 'ROLLBACK;';
			next;
		}
		push @script, $open ? 'COMMIT;' : ();
		%$rows = %$now;
		push @committed, @events;
	}
	return (join("\n", @script), \@committed);
}

# What was recorded of a writer's rows, those of one statement together, as far as
# its order is not known.
sub compare
{
	my ($writer, $committed, $name) = @_;
	my $due = join "\n", @$committed;
	my $got = $node->safe_psql('postgres', <<"SQL");
SELECT concat_ws(' ', command, key ->> 'id', coalesce(old_values ->> 'v', ''), coalesce(new_values ->> 'v', ''))
  FROM authz.audit_event WHERE (key ->> 'id')::int % $writers = $writer ORDER BY xid, number
SQL
	# statements in order, their rows in any
	my @lines = split /\n/, $got, -1;
	my @again;
	for my $events (@$committed)
	{
		my $n = () = $events =~ /^/mg;
		push @again, join "\n", sort splice @lines, 0, $n;
	}
	is(join("\n", @again, @lines), $due, $name);
	return;
}

my @runs;
for my $writer (0 .. $writers - 1)
{
	my $rows = { plain => {}, part => {} };
	my ($script, $committed) = walk($writer, $rows);
	my $run = { committed => $committed };
	my $file = $node->basedir . "/writer$writer.sql";
	append_to_file($file, "SET client_min_messages = warning;\n$script\n");
	$run->{handle} = IPC::Run::start([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres') ],
		'<', $file, '>', \$run->{out}, '2>', \$run->{err});
	push @runs, $run;
}
my $seals = 0;
for (1 .. 20)
{
	$seals += $node->safe_psql('postgres', 'SELECT count(*) FROM authz.seal_audit()');
}
for my $writer (0 .. $writers - 1)
{
	ok($runs[$writer]{handle}->finish, "writer $writer: every statement went well") or diag $runs[$writer]{err};
	compare($writer, $runs[$writer]{committed}, "writer $writer: what it committed is recorded, and nothing else");
}
cmp_ok($seals, '>', 0, 'somebody sealed meanwhile');
my ($last, $sum) = split /\|/, $node->safe_psql('postgres', 'SELECT seal, sum FROM authz.seal_audit() UNION ALL SELECT seal, sum FROM authz.audit_seal ORDER BY 1 DESC LIMIT 1');
is($node->safe_psql('postgres', "SELECT * FROM authz.verify_audit($last, '$sum')"), '', 'all of it verifies');
is($node->safe_psql('postgres', 'SELECT sum(events) = (SELECT count(*) FROM authz.audit_event) FROM authz.audit_seal'), 't', 'and all of it is sealed');
$sum =~ s/^\\x//;
like(slurp_file($node->logfile), qr/audit seal $last over \d+ events: $sum/, 'the log has the sum');

#
# Random tampering is found
#
my $found = $node->safe_psql('postgres', <<"SQL");
SELECT setseed(${\ ($seed / 1e9)}) \\g /dev/null
CREATE FUNCTION tamper(way int) RETURNS boolean LANGUAGE plpgsql AS \$\$
DECLARE
	e authz.audit_event;
	found boolean;
	fields jsonb;
	field text;
	value text;
	at int;
BEGIN
	SELECT * INTO e FROM authz.audit_event ORDER BY random() LIMIT 1;
	BEGIN
		DELETE FROM authz.audit_event x WHERE x.origin = e.origin AND x.xid = e.xid AND x.number = e.number;
		IF way > 0 THEN
			-- a byte of the text of a column
			fields := to_jsonb(e);
			SELECT k, v INTO field, value FROM jsonb_each_text(fields) f(k, v) WHERE v <> '' AND k IN ('issuer', 'role', 'session_role', 'relation', 'command', 'number', 'xid') ORDER BY random() LIMIT 1;
			at := 1 + floor(random() * length(value));
			value := overlay(value PLACING (CASE WHEN substr(value, at, 1) = '7' THEN '8' ELSE '7' END) FROM at FOR 1);
			INSERT INTO authz.audit_event SELECT (jsonb_populate_record(e, jsonb_build_object(field, value))).*;
		END IF;
		SELECT count(*) > 0 INTO found FROM authz.verify_audit();
		RAISE 'undo' USING ERRCODE = 'ZZZZZ';
	EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN RETURN found;
		WHEN unique_violation THEN RETURN true;
	END;
END \$\$;
SELECT count(*) FILTER (WHERE NOT tamper(n % 4)) FROM generate_series(1, 40) n;
SQL
is($found, '0', 'a row that is gone, a byte that is another: found each time');

#
# A prepared transaction is running
#
# What json holds by the codes of its characters, where the database's encoding has
# them (sql/audit.sql is run in all encodings).
is($node->safe_psql('postgres', <<'SQL'), qq("\\\\u0041A\\\\\\\\"\n["\xf0\x9f\x98\x80"]), 'json by codes of characters');
CREATE TABLE coded (j json);
SELECT FROM authz.audit('coded');
INSERT INTO coded VALUES ('"\\u0041\u0041\\\\"'), ('["\ud83d\ude00"]');
SELECT new_values -> 'j' FROM authz.audit_event WHERE relation = 'public.coded' ORDER BY xid, number;
SELECT FROM authz.seal_audit();
SQL

$node->safe_psql('postgres', "BEGIN; INSERT INTO plain VALUES (1000, 'p'); PREPARE TRANSACTION 'audit'");
$node->safe_psql('postgres', "INSERT INTO plain VALUES (1001, 'after')");
is($node->safe_psql('postgres', 'SELECT events FROM authz.seal_audit()'), '', 'prepared: nothing newer is sealed');
$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', 'SELECT events FROM authz.seal_audit()'), '', 'nor after a crash');
$node->safe_psql('postgres', "COMMIT PREPARED 'audit'");
is($node->safe_psql('postgres', 'SELECT events FROM authz.seal_audit()'), '2', 'then both are');

#
# A crash: what was not committed is not there, what was is, sealed or not
#
my $open = $node->background_psql('postgres');
$open->query_safe("BEGIN; INSERT INTO plain VALUES (1002, 'lost')");
$node->safe_psql('postgres', "INSERT INTO plain VALUES (1003, 'kept')");
$node->stop('immediate');
eval { $open->{run}->kill_kill; };
$node->start;
is($node->safe_psql('postgres', "SELECT new_values ->> 'v' FROM authz.audit_event WHERE (key ->> 'id')::int > 1001"), 'kept', 'after a crash: what was committed');
is($node->safe_psql('postgres', "SELECT events FROM authz.seal_audit(); SELECT * FROM authz.verify_audit($last, '\\x$sum')"), '1', 'sealed, and it verifies');

#
# A dump, restored elsewhere, has its chain, and goes on
#
$node->safe_psql('postgres', "INSERT INTO plain VALUES (1004, 'unsealed')");
my $file = $node->basedir . '/dump';
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->command_ok([ 'pg_dump', '-Fc', '-f', $file, $node->connstr('postgres') ], 'dumped');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('other'), $file ], 'restored');
is($node->safe_psql('other', "SELECT * FROM authz.verify_audit($last, '\\x$sum')"), '', 'it verifies');
is($node->safe_psql('other', 'SELECT (SELECT count(*) FROM authz.audit_event) = sum(events) + 1 FROM authz.audit_seal'), 't', 'what was restored is not recorded anew');
is($node->safe_psql('other', "INSERT INTO plain VALUES (1005, 'new'); SELECT events FROM authz.seal_audit() ORDER BY seal"), "1\n1", 'new events are sealed, and those that came unsealed');
is($node->safe_psql('other', "SELECT * FROM authz.verify_audit($last, '\\x$sum')"), '', 'and it verifies');
is($node->safe_psql('other', "DELETE FROM authz.audit_event WHERE new_values ->> 'v' = 'unsealed'; SELECT fault FROM authz.verify_audit()"), 'event removed', 'or does not');

#
# The sums do not depend on the encoding, and no value keeps others from being sealed
#
$node->safe_psql('postgres', "CREATE DATABASE latin ENCODING 'LATIN3' LOCALE 'C' TEMPLATE template0");
trust($node, 'latin');
is($node->safe_psql('latin', <<'SQL'), '2', 'characters that UTF-8 has, and one that it has not');
CREATE TABLE plain (id int PRIMARY KEY, v text);
SELECT authz.audit('plain') \g /dev/null
INSERT INTO plain VALUES (1, E'caf\xe9');
SET client_encoding = LATIN3;
INSERT INTO plain VALUES (2, E'x\xa5y');
SELECT events FROM authz.seal_audit();
SELECT * FROM authz.verify_audit();
SQL
$node->safe_psql('latin', 'DELETE FROM authz.audit_event; DELETE FROM authz.audit_seal; INSERT INTO plain VALUES (3, E\'caf\xe9\'); SELECT authz.seal_audit()');
$node->safe_psql('postgres', "CREATE DATABASE unicode ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0");
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$file.latin", '-T', 'plain', $node->connstr('latin') ], 'dumped');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('unicode'), "$file.latin" ], 'restored in UTF-8');
is($node->safe_psql('unicode', 'SELECT count(*) FROM authz.audit_event; SELECT * FROM authz.verify_audit()'), '1', 'and it verifies');

#
# What another server's changes become here is recorded here
#
my $subscriber = start_node('subscriber');
trust($subscriber, 'postgres');
$subscriber->safe_psql('postgres', <<'SQL');
CREATE TABLE plain (id int PRIMARY KEY, v text);
SELECT authz.audit('plain');
SQL
$node->safe_psql('postgres', 'TRUNCATE plain; INSERT INTO plain VALUES (1, \'copied\'); CREATE PUBLICATION p FOR TABLE plain');
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION s CONNECTION \$\$" . $node->connstr('postgres') . "\$\$ PUBLICATION p");
$subscriber->wait_for_subscription_sync($node, 's');
$node->safe_psql('postgres', "BEGIN; INSERT INTO plain VALUES (2, 'a'); UPDATE plain SET v = 'b' WHERE id = 2; SAVEPOINT a; DELETE FROM plain; ROLLBACK TO a; COMMIT; DELETE FROM plain WHERE id = 1; TRUNCATE plain");
$node->wait_for_catchup('s');
is($subscriber->safe_psql('postgres', "SELECT concat_ws(' ', command, key ->> 'id', new_values ->> 'v') FROM authz.audit_event ORDER BY xid, number"),
	"INSERT 1 copied\nINSERT 2 a\nUPDATE 2 b\nDELETE 1\nTRUNCATE", 'logical replication: all of it');
is($subscriber->safe_psql('postgres', 'SELECT sum(events) FROM authz.seal_audit(); SELECT * FROM authz.verify_audit()'), '5', 'sealed there');

$subscriber->stop;
$node->stop;
done_testing();
