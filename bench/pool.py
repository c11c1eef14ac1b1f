"""What a transaction costs behind a pool: another user in each of them.

A transaction says who the user is, reads what he may through an index, and
commits.  Ours hands over a signed token of 1 kB that the backend has seen
before, the customary way the same claims unsigned, with set_config(); the
third says nothing and has the user's value in its query.

Each way has a session of its own; after a few transactions it is the next
one's turn, with the same users.  The backend takes the time itself.

Under "admin or owner" every twentieth user is an administrator, so that two
plans are needed, and under "item permission or owner" as many edit the ward.
"Other statements" are kept by the backend, a tenth of them over tables with
the same policy; users have executed them in turn.
"""
import random

from compare import Row, Times, time_text
from connection import Connection
from policies import INDEXED, POLICIES

ROWS = 1000000
TURNS = 150
TRANSACTIONS = 100       # a turn
WARM_UP = 4             # turns that do not count
OTHERS = 1000
PROTECTED = 5           # of the 50 tables of the other statements
ROUNDS = 7              # of executing them, each by the next user
SEED = 12

# How the user is made known, and by what of bench.login.
WAYS = {
    "ours": ("SELECT authz.set_token($1, true)", "token"),
    "setting": ("SELECT set_config('app.claims', $1, true)", "claims"),
    "literal": ("SELECT bench.set_token($1, true)", "sub")}


class Workload:
    """A policy, what is read under it and how many rows of a user that finds;
    "of_user" makes the query's parameters.  The way "literal" is compared where
    it has a condition."""

    def __init__(self, policy, shown, query, found, of_user=lambda user: (), literal=""):
        self.policy = policy
        self.shown = shown
        self.query = query
        self.found = found
        self.of_user = of_user
        self.literal = literal
        self.ways = [way for way in WAYS if way != "literal" or literal]

    def role(self, way):
        return "bench_pool_%s_%s" % (self.policy, way)


ONE_OF_HIS = INDEXED + " WHERE id = $1"


def first_of(user):
    return (str(10 * int(user["id"]) + 1),)


OWNER = Workload("owner", "owner", INDEXED, "10", literal=" WHERE owner = $1")
ADMIN = Workload("admin", "admin or owner, 5 % admins", ONE_OF_HIS, "1", first_of)
ITEM = Workload("item_or_owner", "item permission or owner, 5 % hold it", ONE_OF_HIS, "1", first_of)
WORKLOADS = (OWNER, ADMIN, ITEM)

# What, how many users, the protocol, how many other statements.
COMPARISONS = (
    [(OWNER, users, protocol, 0) for protocol in ("extended", "prepared") for users in (1, 100, 10000)] +
    [(OWNER, users, "prepared", OTHERS) for users in (1, 100, 10000)] +
    [(workload, users, "prepared", 0) for workload in (ADMIN, ITEM) for users in (100, 10000)])


def setup(server):
    server.once("notes.sql", rows=ROWS)
    server.once("logins.sql")
    server.once("grants.sql")
    server.once("statements.sql")
    for workload in WORKLOADS:
        for way in workload.ways:
            if way == "literal":
                server.psql("CREATE ROLE %s LOGIN BYPASSRLS;\n" % workload.role(way))
                continue
            condition = POLICIES[workload.policy][way]
            server.policy(workload.role(way), condition)
            server.psql("CALL bench.protect_papers('%s', $$%s$$, %d);\n" % (workload.role(way), condition, PROTECTED))


class Session:
    """One way to do a workload, in one backend."""

    def __init__(self, workload, way, protocol):
        self.workload = workload
        self.way = way
        self.connection = Connection(workload.role(way), protocol == "prepared")

    def query_of(self, user):
        """With its parameters."""
        if self.way == "literal":
            return self.workload.query + self.workload.literal, user["sub"]
        return (self.workload.query, *self.workload.of_user(user))

    def transaction(self, user, before=""):
        """As a driver sends it; what the query found."""
        run = self.connection.run
        log_in, by = WAYS[self.way]
        query, *values = self.query_of(user)
        run("BEGIN")
        run(log_in, user[by])
        found = run(before + query, *values)
        run("COMMIT")
        return found

    def warm_up(self, users, others):
        run = self.connection.run
        if self.way == "ours":
            run("SELECT count(authz.set_token(token)) FROM bench.login WHERE id <= $1", str(len(users)))
            run("SELECT authz.clear_token()")
        if others == 0:
            return
        run("CALL bench.prepare_statements(1, %d)" % others)
        for turn in range(ROUNDS):
            log_in, by = WAYS[self.way]
            run("BEGIN")
            run(log_in, users[turn % len(users)][by])
            run("CALL bench.execute_statements(1, %d)" % others)
            run("COMMIT")

    def turn(self, users):
        """(wall, cpu) of the backend for each of the transactions."""
        for user in users:
            self.transaction(user)
        return tuple(seconds / len(users) for seconds in self.connection.lap())


def take_turns(sessions, users):
    """Way -> Times, of the turns that count."""
    pick = random.Random(SEED)
    laps = {session.way: [] for session in sessions}
    for _ in range(WARM_UP + TURNS):
        some = [pick.choice(users) for _ in range(TRANSACTIONS)]
        for session in sessions:
            laps[session.way].append(session.turn(some))
    return {way: Times(*zip(*spans[WARM_UP:])) for way, spans in laps.items()}


def check(sessions, users):
    """All ways find what is a user's own, through an index."""
    for session in sessions:
        for user in users[:20]:
            found = session.transaction(user)
            if found != session.workload.found or "Index" not in session.transaction(user, "EXPLAIN (FORMAT JSON) "):
                raise RuntimeError("pool, %s: %s rows of user %s, or not by an index"
                                   % (session.workload.role(session.way), found, user["id"]))


def compare(server, workload, count, protocol, others):
    users = [dict(zip(("id", "sub", "claims", "token"), line.split("|"))) for line in
             server.psql("SELECT id, sub, claims, token FROM bench.login WHERE id <= %d ORDER BY id;\n" % count)]
    sessions = [Session(workload, way, protocol) for way in workload.ways]
    for session in sessions:
        session.warm_up(users, others)
    check(sessions, users)
    times = take_turns(sessions, users)
    for session in sessions:
        session.connection.close()

    ratio = times["ours"].ratio_to(times["setting"])
    what = "pool of {:,} {}, {}, {}".format(count, "user" if count == 1 else "users", workload.shown, protocol)
    if others:
        what += ", {:,} other statements".format(others)
    reference = time_text(times["setting"].median)
    if workload.literal:
        reference += ", literal " + time_text(times["literal"].median)
    promised = protocol == "prepared"
    return Row(what, time_text(times["ours"].median), reference, "%.2f ×" % ratio, "≤ 1 ×" if promised else "",
               ratio <= 1 if promised else None,
               {"ratio": ratio, **{way: times[way].summary() for way in workload.ways}})


def run(server):
    return [compare(server, *comparison) for comparison in COMPARISONS]
