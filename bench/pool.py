"""Transactions per second behind a pool: another user in each of them.

pgbench, two clients; a transaction says who the user is, reads what he may
through an index, and commits.  Ours hands over a signed token of 1 kB that the
backend has seen before, the customary way the same claims unsigned, with
set_config(); the third says nothing and has the user's value in its query.

Under "admin or owner" every twentieth user is an administrator, so that two
plans are needed, and in "item permission or owner" as many edit the ward.
Beside "other statements" each backend has a thousand that it keeps, a tenth of
them under the same policy; users have executed them in turn.

Each backend takes the time itself, after it has seen all users and until its
last transaction.  Short runs of the ways take turns.
"""
import os
import statistics
import subprocess

from compare import HERE, Row, time_text
from policies import POLICIES

ROWS = 1000000
TURNS = 7
CLIENTS = 2
TRANSACTIONS = 3000     # of each client in a run
OTHERS = 1000
PROTECTED = 5           # of the 50 tables of the other statements
ROUNDS = 7              # each by the next user


class Workload:
    """A policy and what is read under it; "literal" makes the user's value a
    condition of the query, where that is compared, too."""

    def __init__(self, name, shown, query, rows, literal=None):
        self.name = name
        self.shown = shown
        self.query = query
        self.rows = rows
        self.literal = literal
        self.ways = ("ours", "setting") + (("literal",) if literal else ())

    def role(self, way):
        return "bench_pool_%s_%s" % (self.name, way)

    def query_of(self, way):
        return self.query + (self.literal if way == "literal" else "")

    def file(self, way, others):
        return os.path.join(HERE, "%s_%d.pgbench" % (self.role(way), others))


ALL_HIS = "SELECT count(body) FROM bench.note"
ONE_OF_HIS = ALL_HIS + " WHERE id = :u * 10 + 1"

OWNER = Workload("owner", "owner", ALL_HIS, "10", " WHERE owner = bench.kept(:u)::uuid")
ADMIN = Workload("admin", "admin or owner, 5 % admins", ONE_OF_HIS, "1")
ITEM = Workload("item_or_owner", "item permission or owner, 5 % hold it", ONE_OF_HIS, "1")

# What, how many users, the protocol, how many other statements.
COMPARISONS = (
    [(OWNER, users, protocol, 0) for protocol in ("extended", "prepared") for users in (1, 100, 10000)] +
    [(OWNER, users, "prepared", OTHERS) for users in (1, 100, 10000)] +
    [(workload, users, "prepared", 0) for workload in (ADMIN, ITEM) for users in (100, 10000)])

# How the user is made known, what is kept for that.
WAYS = {
    "ours": ("authz.set_token(bench.kept(:u, :body), true)", "token"),
    "setting": ("set_config('app.claims', bench.kept(:u, :body), true)", "claims"),
    "literal": ("bench.set_token(bench.kept(:u, :body), true)", "sub")}

SCRIPT = """\\if :n = 0
SELECT bench.keep(array_agg({kept} ORDER BY id)) FROM bench.login WHERE id <= :users;
{warm_up}
SELECT bench.lap();
\\endif
\\set n :n + 1
\\set u random(1, :users)
BEGIN;
SELECT {log_in};
{query};
COMMIT;
\\if :n = :last
INSERT INTO bench.lap SELECT bench.lap();
\\endif
"""

OTHER_STATEMENTS = """\\set u 1 + {turn} % :users
BEGIN;
SELECT {log_in};
CALL bench.execute_statements(1, {others});
COMMIT;
"""

SEEN = ("SELECT count(authz.set_token(token)) FROM bench.login WHERE id <= :users;\n"
        "SELECT authz.clear_token();\n")


def write_script(workload, way, others):
    log_in, kept = WAYS[way]
    warm_up = SEEN if way == "ours" else ""
    if others:
        warm_up += "CALL bench.prepare_statements(1, %d);\n" % others
        warm_up += "".join(OTHER_STATEMENTS.format(turn=turn, log_in=log_in, others=others) for turn in range(ROUNDS))
    with open(workload.file(way, others), "w", encoding="utf-8") as f:
        f.write(SCRIPT.format(kept=kept, warm_up=warm_up, log_in=log_in, query=workload.query_of(way)))


def setup(server):
    server.once("notes.sql", rows=ROWS)
    server.once("logins.sql")
    server.once("grants.sql")
    server.once("statements.sql")
    server.psql("CREATE UNLOGGED TABLE bench.lap (lap bigint[]);\n"
                "GRANT INSERT ON bench.lap TO PUBLIC;\n")
    for workload in (OWNER, ADMIN, ITEM):
        for way in workload.ways:
            if way == "literal":
                server.psql("CREATE ROLE %s LOGIN BYPASSRLS;\n" % workload.role(way))
                continue
            condition = POLICIES[workload.name][way]
            server.policy(workload.role(way), condition)
            server.psql("CALL bench.protect_papers('%s', $$%s$$, %d);\n" % (workload.role(way), condition, PROTECTED))
    for workload, _, _, others in COMPARISONS:
        for way in workload.ways:
            write_script(workload, way, others)


def one_run(server, workload, way, users, protocol, others, seed):
    """Transactions per second, and processor time of a backend for each."""
    body = "x" * int(server.value("SELECT length(%s) FROM bench.login WHERE id = 1" % WAYS[way][1]))
    server.psql("TRUNCATE bench.lap;")
    subprocess.run(["pgbench", "-n", "-U", workload.role(way), "-M", protocol,
                    "-c", str(CLIENTS), "-j", "1", "-t", str(TRANSACTIONS),
                    "--random-seed=%d" % seed, "-D", "n=0", "-D", "last=%d" % TRANSACTIONS,
                    "-D", "users=%d" % users, "-D", "body=" + body, "-f", workload.file(way, others)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    laps = [[int(n) for n in line.split("|")] for line in
            server.psql("SELECT lap[1], lap[2] FROM bench.lap;")]
    if len(laps) != CLIENTS:
        raise RuntimeError("a client of pgbench did not finish")
    return (sum(TRANSACTIONS / (1e-9 * wall) for wall, _ in laps),
            sum(1e-9 * cpu for _, cpu in laps) / (CLIENTS * TRANSACTIONS))


def check(server, workload):
    """All ways show a user, and an administrator, as many rows as they should."""
    for way in workload.ways:
        log_in, kept = WAYS[way]
        query = workload.query_of(way)
        for user in (7, 20):
            lines = server.psql(
                "\\set u %d\n\\set body ''\n"
                "SET ROLE %s;\nBEGIN;\n"
                "SELECT bench.keep(array_agg(%s ORDER BY id)) FROM bench.login;\n"
                "SELECT %s;\nEXPLAIN (COSTS OFF) %s;\n%s;\n"
                % (user, workload.role(way), kept, log_in.replace(":body", ":'body'"), query, query))
            if lines[-1] != workload.rows or "Index" not in "".join(lines):
                raise RuntimeError("pool, %s: not his rows by an index: %s" % (workload.role(way), lines))


def compare(server, workload, users, protocol, others):
    runs = {way: [] for way in workload.ways}
    for turn in range(TURNS):
        for way in workload.ways:
            runs[way].append(one_run(server, workload, way, users, protocol, others, turn + 1))
    per_second, cpu = ({way: statistics.median(run[i] for run in runs[way]) for way in workload.ways} for i in (0, 1))

    def reference(figures, text):
        return text(figures["setting"]) + (", literal " + text(figures["literal"]) if workload.literal else "")

    # neighbours in time had the same company
    faster, longer = (statistics.median(ours[i] / setting[i] for ours, setting in zip(runs["ours"], runs["setting"]))
                      for i in (0, 1))
    what = "pool of {:,} {}, {}, {}".format(users, "user" if users == 1 else "users", workload.shown, protocol)
    if others:
        what += ", {:,} other statements".format(others)
    detail = {way: {"per second": [run[0] for run in runs[way]],
                    "processor time": [run[1] for run in runs[way]]} for way in workload.ways}
    promised = protocol == "prepared"
    return [Row(what + "; transactions per second", "{:,.0f}".format(per_second["ours"]),
                reference(per_second, "{:,.0f}".format), "%.2f ×" % faster, "≥ 0.95 ×", faster >= 0.95, detail),
            Row(what + "; server's time for one", time_text(cpu["ours"]), reference(cpu, time_text),
                "%.2f ×" % longer, "≤ 1 ×" if promised else "", longer <= 1 if promised else None, {})]


def run(server):
    for workload in (OWNER, ADMIN, ITEM):
        check(server, workload)
    return [row for comparison in COMPARISONS for row in compare(server, *comparison)]
