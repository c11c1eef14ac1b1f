"""What a table pays for being watched.

100,000 rows are written by one statement into a watched table and into one
that is not, of the same shape: with a primary key and an index, as tables of
shares have them, or bare.  Then a row at a time, each in a transaction.
"""
import os

from compare import Times, Variant, interleave, paired_row
from connection import Connection

ROWS = 100000
TURNS = 11
LIMIT = 1.35
SINGLE = 500        # transactions a turn

FILL = "TRUNCATE {0} \\; INSERT INTO {0} TABLE bench.source"

# What is done to the table, what stands before it, and whether something is
# promised: a row that is deleted costs next to nothing, watched or not.
STATEMENTS = {
    "INSERT": ("INSERT INTO {0} TABLE bench.source", "TRUNCATE {0}", True),
    "COPY": ("COPY {0} FROM '{1}'", "TRUNCATE {0}", True),
    "UPDATE": ("UPDATE {0} SET folder_id = -folder_id", FILL, True),
    "DELETE": ("DELETE FROM {0}", FILL, False)}

TABLES = (("share", "", True), ("heap", ", without an index", False))


def setup(server):
    server.file("watch.sql", rows=ROWS)


def bulk(server, path):
    """All statements on all tables, in turns."""
    variants = [Variant((name, table, way), statement.format("bench.%s_%s" % (way, table), path), 1,
                        before=before.format("bench.%s_%s" % (way, table)))
                for table, _, _ in TABLES for name, (statement, before, _) in STATEMENTS.items()
                for way in ("watched", "plain")]
    times = interleave(server, variants, TURNS)
    return [paired_row("{}, {:,} rows, watched{}".format(name, ROWS, shown), times[name, table, "watched"],
                       times[name, table, "plain"], LIMIT if promised and like_shares else None)
            for table, shown, like_shares in TABLES for name, (_, _, promised) in STATEMENTS.items()]


def single():
    """A row in a transaction of its own; commit and messages included."""
    connection = Connection(os.environ["PGUSER"], True)
    laps = {"watched": [], "plain": []}
    for turn in range(TURNS + 1):
        for way, seen in laps.items():
            connection.lap()
            for n in range(SINGLE):
                connection.run("UPDATE bench.%s_few SET user_id = user_id WHERE folder_id = $1" % way, str(1 + n))
            lap = connection.lap()
            if turn > 0:
                seen.append(tuple(seconds / SINGLE for seconds in lap))
    connection.close()
    times = {way: Times(*zip(*seen)) for way, seen in laps.items()}
    return paired_row("UPDATE of a row of a watched table, a transaction each", times["watched"], times["plain"])


def run(server):
    path = os.path.join(server.value("SHOW data_directory"), "bench.copy")
    server.psql("COPY bench.source TO '%s';\n" % path)
    return bulk(server, path) + [single()]
