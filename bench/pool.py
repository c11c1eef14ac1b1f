"""Transactions per second behind a pool: another user in each of them.

pgbench, two clients; a transaction says who the user is, reads his ten notes
through an index, and commits.  Ours hands over a signed token of 1 kB that the
backend has seen before, the customary way the same claims unsigned, with
set_config(); the third says nothing and has the user's value in its query.

Each backend takes the time itself, after it has seen all users and until its
last transaction.  Short runs of the three take turns.
"""
import os
import statistics
import subprocess

from compare import HERE, Row, time_text

ROWS = 1000000
TURNS = 7
CLIENTS = 2
TRANSACTIONS = 3000     # of each client in a run
USERS = (1, 100, 10000)
PROTOCOLS = ("extended", "prepared")

# How the user is made known, the condition of the query, what is kept.
WAYS = {
    "ours": ("authz.set_token(bench.kept(:u, :body), true)", "", "token"),
    "setting": ("set_config('app.claims', bench.kept(:u, :body), true)", "", "claims"),
    "literal": ("bench.set_token(bench.kept(:u, :body), true)",
                " WHERE owner = bench.kept(:u)::uuid", "sub")}

POLICIES = {
    "ours": "authz.is_owner(owner)",
    "setting": "owner = (current_setting('app.claims')::jsonb ->> 'sub')::uuid"}

SCRIPT = """\\if :n = 0
SELECT bench.keep(array_agg({kept} ORDER BY id)) FROM bench.login WHERE id <= :users;
{warm_up}
SELECT bench.lap();
\\endif
\\set n :n + 1
\\set u random(1, :users)
BEGIN;
SELECT {log_in};
SELECT count(body) FROM bench.note{condition};
COMMIT;
\\if :n = :last
INSERT INTO bench.lap SELECT bench.lap();
\\endif
"""

SEEN = ("SELECT count(authz.set_token(token)) FROM bench.login WHERE id <= :users;\n"
        "SELECT authz.clear_token();")


def script_of(way):
    return os.path.join(HERE, "pool_%s.pgbench" % way)


def setup(server):
    server.once("notes.sql", rows=ROWS)
    server.file("pool.sql", count=max(USERS))
    for way, condition in POLICIES.items():
        server.policy("bench_pool_" + way, condition)
    server.psql("CREATE ROLE bench_pool_literal LOGIN BYPASSRLS;")
    for way, (log_in, condition, kept) in WAYS.items():
        with open(script_of(way), "w", encoding="utf-8") as f:
            f.write(SCRIPT.format(log_in=log_in, condition=condition, kept=kept,
                                  warm_up=SEEN if way == "ours" else ""))


def one_run(server, way, users, protocol, seed):
    """Transactions per second, and processor time of a backend for each."""
    body = "x" * int(server.value("SELECT length(%s) FROM bench.login WHERE id = 1"
                                  % ("sub" if way == "literal" else WAYS[way][2])))
    server.psql("TRUNCATE bench.lap;")
    subprocess.run(["pgbench", "-n", "-U", "bench_pool_" + way, "-M", protocol,
                    "-c", str(CLIENTS), "-j", "1", "-t", str(TRANSACTIONS),
                    "--random-seed=%d" % seed, "-D", "n=0", "-D", "last=%d" % TRANSACTIONS,
                    "-D", "users=%d" % users, "-D", "body=" + body, "-f", script_of(way)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    laps = [[int(n) for n in line.split("|")] for line in
            server.psql("SELECT lap[1], lap[2] FROM bench.lap;")]
    if len(laps) != CLIENTS:
        raise RuntimeError("a client of pgbench did not finish")
    return (sum(TRANSACTIONS / (1e-9 * wall) for wall, _ in laps),
            sum(1e-9 * cpu for _, cpu in laps) / (CLIENTS * TRANSACTIONS))


def check(server):
    """All ways show a user his ten notes."""
    for way, (log_in, condition, kept) in WAYS.items():
        lines = server.psql(
            "\\set u 7\n\\set body ''\n"
            "SET ROLE bench_pool_%s;\nBEGIN;\n"
            "SELECT bench.keep(array_agg(%s ORDER BY id)) FROM bench.login;\n"
            "SELECT %s;\nEXPLAIN (COSTS OFF) SELECT count(body) FROM bench.note%s;\n"
            "SELECT count(body), min(owner_text) FROM bench.note%s;\n"
            % (way, kept, log_in.replace(":body", ":'body'"), condition, condition))
        if lines[-1] != "10|" + server.value("SELECT sub FROM bench.login WHERE id = 7") or \
                "Index" not in "".join(lines):
            raise RuntimeError("pool, %s: not his ten notes by an index: %s" % (way, lines))


def compare(server, users, protocol):
    runs = {way: [] for way in WAYS}
    for turn in range(TURNS):
        for way in WAYS:
            runs[way].append(one_run(server, way, users, protocol, turn + 1))
    per_second = {way: statistics.median(run[0] for run in runs[way]) for way in WAYS}
    cpu = {way: statistics.median(run[1] for run in runs[way]) for way in WAYS}

    # neighbours in time had the same company
    ratio = statistics.median(ours[0] / setting[0] for ours, setting in
                              zip(runs["ours"], runs["setting"]))
    what = "pool of {:,} {}, {} protocol".format(users, "user" if users == 1 else "users",
                                                 protocol)
    detail = {way: {"per second": [run[0] for run in runs[way]],
                    "processor time": [run[1] for run in runs[way]]} for way in WAYS}
    return [Row(what + "; transactions per second",
                "{:,.0f}".format(per_second["ours"]),
                "{:,.0f}, literal {:,.0f}".format(per_second["setting"], per_second["literal"]),
                "%.2f ×" % ratio, "≥ 0.95 ×", ratio >= 0.95, detail),
            Row(what + "; server's time for one", time_text(cpu["ours"]),
                "%s, literal %s" % (time_text(cpu["setting"]), time_text(cpu["literal"])),
                "%.2f ×" % (cpu["ours"] / cpu["setting"]), "", None, {})]


def run(server):
    check(server)
    return [row for protocol in PROTOCOLS for users in USERS
            for row in compare(server, users, protocol)]
