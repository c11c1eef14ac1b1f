"""What hundreds of kept statements take, and what other things pay for them.

Five hundred statements over protected tables, prepared in one backend and
executed by five users in turn, of whom one is an administrator or none: its
memory.  Then a thousand, and what creating and dropping a temporary table takes
beside them: every change of a table is compared with every plan that is kept.

Each way has sessions of its own, which take turns.
"""
import statistics

from compare import Row, Times, ratio_row
from policies import POLICIES

TURNS = 7
STATEMENTS = 500
ROUNDS = 4
ALIKE = range(21, 26)
MIXED = range(18, 23)       # the twentieth is an administrator
NOBODY = 5 * (None,)
TABLES = 50
TEMPORARY = 50              # tables that are created and dropped
LIMIT = 2 * 1024 * 1024

LOOK = ("RESET ROLE;\nSELECT 'memory', bench.resident(), bench.allocated(), sum(total_bytes)"
        " FROM pg_backend_memory_contexts;\nSET ROLE %s;\n")

# The role that executes, what it sets before, and who logs in.
WAYS = {
    "alike": ("bench_statements_ours", "", ALIKE),
    "mixed": ("bench_statements_ours", "", MIXED),
    "plan_folding off": ("bench_statements_ours", "SET dbmi_authz.plan_folding = off;\n", MIXED),
    "literal": ("bench_statements_literal", "", MIXED),
    "no policy": ("bench_statements_none", "", NOBODY)}

OURS = {"alike": "5 users", "mixed": "5 users with an admin"}


def setup(server):
    server.once("logins.sql")
    server.once("statements.sql")
    server.psql("CREATE ROLE bench_statements_ours;\nCREATE ROLE bench_statements_literal;\n"
                "CREATE ROLE bench_statements_none BYPASSRLS;\n")
    literal = "owner = '%s'" % server.value("SELECT bench.uuid('sub', %d)" % MIXED[0])
    for role, condition in (("ours", POLICIES["admin"]["ours"]), ("literal", literal)):
        server.psql("CALL bench.protect_papers('bench_statements_%s', $$%s$$, %d);\n" % (role, condition, TABLES))


def kept(users, first, last):
    """Prepare so many statements, and let the users execute them in turn."""
    execute = "CALL bench.execute_statements(%d, %d);\n" % (first, last)
    script = "CALL bench.prepare_statements(%d, %d);\n" % (first, last)
    for _ in range(ROUNDS):
        for user in users:
            if user:
                script += "SELECT authz.set_token(token) FROM bench.login WHERE id = %d;\n" % user
            script += execute
    return script


def session(server, way):
    """Bytes of a backend with the statements, by three counts; the times of
    one temporary table, beside twice as many statements."""
    role, before, users = WAYS[way]
    # the first one of all creates a schema, and ends all plans
    script = before + "SET ROLE %s;\nCALL bench.make_temporary(1);\n" % role
    script += kept(users, 1, STATEMENTS) + LOOK % role
    script += kept(users, STATEMENTS + 1, 2 * STATEMENTS)
    script += "SELECT bench.clock();\nCALL bench.make_temporary(%d);\nSELECT bench.clock();\n" % TEMPORARY
    lines = server.psql(script)
    memory = next(line for line in lines if line.startswith("memory|"))
    clocks = [[int(n) for n in line.split()[1:]] for line in lines if line.startswith("clock ")]
    return ([int(n) for n in memory.split("|")[1:]],
            [1e-9 * (end - begin) / TEMPORARY for begin, end in zip(*clocks)])


def megabytes(size):
    return "%.2f MB" % (size / 1024 ** 2)


def memory_row(memory, ours, shown, reference):
    """Of the three counts, the one that ours looks worst by."""
    counts, others = ([statistics.median(counts) for counts in zip(*memory[way])] for way in (ours, reference))
    more = [a - b for a, b in zip(counts, others)]
    worst = more.index(max(more))
    return Row("%d prepared statements, %s: memory of a backend, against %s" % (STATEMENTS, shown, reference),
               megabytes(counts[worst]), megabytes(others[worst]),
               "%+.2f MB" % (more[worst] / 1024 ** 2), "≤ 2 MB", more[worst] <= LIMIT,
               {"counts": ["resident", "allocated", "contexts"], "ours": counts, "reference": others})


def temporary_row(times, ours, shown):
    row = ratio_row("a temporary table beside {:,} of them, {}".format(2 * STATEMENTS, shown),
                    times[ours], times["no policy"], 1)
    row.reference += ", no policy"
    row.target, row.reached = "", None      # nothing is promised
    return row


def run(server):
    seen = {way: [] for way in WAYS}
    for _ in range(TURNS):
        for way in WAYS:
            seen[way].append(session(server, way))
    memory = {way: [counts for counts, _ in sessions] for way, sessions in seen.items()}
    times = {way: Times(*zip(*(spans for _, spans in sessions))) for way, sessions in seen.items()}
    rows = [memory_row(memory, ours, shown, reference)
            for ours, shown in OURS.items() for reference in ("literal", "plan_folding off")]
    return rows + [temporary_row(times, ours, shown) for ours, shown in OURS.items()]
