"""What the record of changes costs, against the customary trigger.

A table that is audited, and one whose changes a trigger in PL/pgSQL writes into
a log table, to_jsonb() of the row before and after: rows are written by one
statement.  Then a million events are sealed and verified.
"""
import os

from compare import Row, Variant, interleave, paired_row, time_text
from connection import Connection

ROWS = 20000
SEALED = 1000000
TURNS = 9
LIMIT = 1.3
SEAL_LIMIT = 10

EMPTY = "TRUNCATE {0}, bench.change_log \\; TRUNCATE authz.audit_event"
FILL = EMPTY + " \\; INSERT INTO {0} TABLE bench.audit_source"
STATEMENTS = {
    "INSERT": ("INSERT INTO {0} TABLE bench.audit_source", EMPTY),
    "UPDATE": ("UPDATE {0} SET done = NOT done, amount = amount + 1", FILL),
    "DELETE": ("DELETE FROM {0}", FILL)}


def setup(server):
    server.file("audit.sql", rows=ROWS)


def changes(server):
    variants = [Variant((name, table), statement.format("bench." + table), ROWS,
                        before=before.format("bench." + table))
                for name, (statement, before) in STATEMENTS.items() for table in ("audited", "logged")]
    times = interleave(server, variants, TURNS)
    return [paired_row("{}, {:,} rows, audited against the customary trigger".format(name, ROWS),
                       times[name, "audited"], times[name, "logged"], LIMIT)
            for name in STATEMENTS]


def seconds(statement):
    """The wall's and processor time, of one statement."""
    connection = Connection(os.environ["PGUSER"], True)
    connection.lap()
    connection.run(statement)
    lap = connection.lap()
    connection.close()
    return lap


def whole(what, statement, limit=None):
    wall, processor = seconds(statement)
    return Row("{:,} events {}".format(SEALED, what), time_text(processor), time_text(wall) + " on the wall", "",
               "≤ " + time_text(limit) if limit else "", processor <= limit if limit else None,
               {"processor": processor, "wall": wall, "limit": limit})


def run(server):
    rows = changes(server)
    server.psql("TRUNCATE bench.audited, bench.logged, bench.change_log; TRUNCATE authz.audit_event;\n"
                "INSERT INTO bench.audited SELECT n, owner, title, body, amount, done, due"
                " FROM bench.audit_source, generate_series(id, {0}, {1}) n;\n"
                "VACUUM ANALYZE authz.audit_event;\n".format(SEALED, ROWS))
    return rows + [whole("sealed", "SELECT authz.seal_audit()", SEAL_LIMIT),
                   whole("verified", "SELECT authz.verify_audit()")]
