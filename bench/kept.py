"""A kept plan that serves one user, and one that serves many.

Users take turns in one backend: each logs in and runs a query whose plan the
backend keeps.  The literal has a kept statement for each user, with his value
written in and without a policy.  The login is the same for both, and subtracted.
"""
from compare import Variant, interleave, ratio_row
from policies import INDEXED, ONE_ROW, POLICIES

ROWS = 1000000
TURNS = 25
CALLS = 2000

ONE = range(1, 2)
TEN = range(1, 11)
MIXED = range(11, 21)       # the twentieth is an administrator and edits a ward

# How it is shown, the policy, the query, who takes turns, the limit.
CASES = (
    ("owner; kept for 1 user", "owner", INDEXED, ONE, 1.03),
    ("owner; kept for 10 users", "owner", INDEXED, TEN, 1.1),
    ("admin or owner; kept for 1 user", "admin", INDEXED, ONE, 1.03),
    ("admin or owner; kept for 10 users", "admin", INDEXED, TEN, 1.1),
    ("admin or owner, one row; kept for 10 users with an admin", "admin", ONE_ROW, MIXED, 1.1),
    ("item permission or owner; kept for 1 user", "item_or_owner", INDEXED, ONE, 1.03),
    ("item permission or owner; kept for 10 users", "item_or_owner", INDEXED, TEN, 1.1),
    ("item permission or owner, one row; kept for 10 users, one holds it", "item_or_owner", ONE_ROW, MIXED, 1.1),
)


def role(policy):
    return "bench_kept_" + policy


def setup(server):
    server.once("notes.sql", rows=ROWS)
    server.once("logins.sql")
    server.once("grants.sql")
    for policy in dict.fromkeys(case[1] for case in CASES):
        server.policy(role(policy), POLICIES[policy]["ours"])


def literals(server, policy, query, users):
    """The query as each of them would write it."""
    queries = []
    for user in users:
        sub = server.value("SELECT sub FROM bench.login WHERE id = %d" % user)
        sees_all = policy != "owner" and user % 20 == 0
        both = " AND " if " WHERE " in query else " WHERE "
        queries.append(query if sees_all else "%s%sowner = '%s'" % (query, both, sub))
    return queries


def check(server, variants):
    """Ours finds what the literals find; nobody finds nothing at all."""
    found = [server.psql("SET ROLE %s;\n%s;\n" % (variant.role, variant.sql))[-1] for variant in variants]
    if len(set(found)) != 1 or found[0] == "0":
        raise RuntimeError("kept: not the same rows: %s" % found)


def compare(server, shown, policy, query, users, limit):
    def turns(queries):
        return ("SELECT bench.take_turns((SELECT array_agg(token ORDER BY id) FROM bench.login"
                " WHERE id BETWEEN %d AND %d), ARRAY[%s]::text[], %d)"
                % (users[0], users[-1], ", ".join("$q$%s$q$" % q for q in queries), CALLS))

    ours = Variant("ours", turns([query]), CALLS, role(policy))
    literal = Variant("literal", turns(literals(server, policy, query, users)), CALLS, "bench_none")
    login = Variant("login", turns([]), CALLS, "bench_none")
    check(server, (ours, literal))
    times = interleave(server, [ours, literal, login], TURNS)
    return ratio_row(shown, times["ours"].minus(times["login"]), times["literal"].minus(times["login"]), limit)


def run(server):
    return [compare(server, *case) for case in CASES]
