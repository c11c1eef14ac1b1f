"""Memory: does a backend grow, and how large is an identity?"""
import statistics

from compare import Row

CALLS = 100000
STEP = CALLS // 5
WARM_UP = 2 * STEP

# Pages come and go; the smallest block that is forgotten once a call makes 3 MB.
LIMIT = 100 * 1024

LOOK = "SELECT 'look', bench.resident(), bench.allocated();\n"

def setup(server):
    server.file("memory.sql", many=WARM_UP + CALLS)


def kilobytes(size):
    return "{:,} kB".format(size // 1024)


def distinct(first, last):
    return ("SELECT count(authz.set_token(token)) FROM bench.many"
            " WHERE id BETWEEN %d AND %d;\n" % (first, last))


def same(first, last):
    return ("SELECT count(authz.set_token(token)) FROM bench.many, generate_series(%d, %d)"
            " WHERE id = 1;\n" % (first, last))


def refused(first, last):
    return ("SELECT count(authz.try_set_token(token)) FROM bench.bad,"
            " generate_series(1, %d / (SELECT count(*) FROM bench.bad)::integer + 1);\n"
            % (last - first + 1))


def raising(first, last):
    return "CALL bench.fail(%d);\n" % (last - first + 1)


def one_by_one(first, last):
    return "CALL bench.log_in(%d);\n" % (last - first + 1)


def changed_trust(first, last):
    return "CALL bench.change_trust(%d, %d);\n" % (first, last)


def growth(server, what, calls, total=CALLS):
    """Memory before and after, in one backend that is warm: that has done the
    same, looking at its memory included, twice a fifth of the calls."""
    step = total // 5
    script = ""
    for first in range(1, 7 * step, step):
        script += calls(first, first + step - 1) + LOOK
    looks = [[int(n) for n in line.split("|")[1:]]
             for line in server.psql(script) if line.startswith("look|")][1:]
    resident, allocated = ([look[i] for look in looks] for i in (0, 1))
    grown = max(series[-1] - series[0] for series in (resident, allocated))
    return Row("growth over %s: %s" % ("{:,}".format(total), what),
               kilobytes(resident[-1]), kilobytes(resident[0]),
               "%+.1f kB" % (grown / 1024), "none, ± 100 kB", grown < LIMIT,
               {"resident": resident, "allocated": allocated})


# What malloc has given out, less what memory contexts keep in reserve; of the
# others' contents nothing.
HELD = """
SELECT 'held', bench.allocated() - sum(total_bytes) +
	coalesce(sum(used_bytes) FILTER (WHERE name LIKE 'dbmi_authz%'), 0)
  FROM pg_backend_memory_contexts;
"""


def identity_size(server, what, claims):
    """Of the identity in force, and of those that the backend remembers."""
    count = 50
    server.psql("DROP TABLE IF EXISTS bench.sized;\n"
                "CREATE TABLE bench.sized AS SELECT id, c AS claims, (bench.mint('ES256', c)).token"
                " FROM generate_series(1, %d) id, LATERAL (SELECT %s AS c) x;\n" % (count, claims))
    somebody = "SELECT authz.set_token(token) FROM bench.many WHERE id = 1;\n"
    script = (somebody + 3 * HELD +
              "SELECT count(authz.set_token(token)) FROM bench.sized;\n" + somebody + HELD)
    for i in range(1, count + 1):
        script += ("SELECT authz.clear_token();\nSELECT 'out', bench.allocated();\n"
                   "SELECT authz.set_token(token) FROM bench.sized WHERE id = %d;\n"
                   "SELECT 'in', bench.allocated();\n" % i)
    lines = [line.split("|") for line in server.psql(script) if "|" in line]
    figures = {name: [int(line[1]) for line in lines if line[0] == name]
               for name in ("held", "out", "in")}
    sizes = [("remembered", (figures["held"][-1] - figures["held"][-2]) / count)]
    in_force = statistics.median(b - a for a, b in zip(figures["out"], figures["in"]))
    if in_force > 0:
        # malloc does not count what it hands out of its list of small blocks
        sizes.append(("in force", in_force))
    payload = float(server.value("SELECT avg(octet_length(claims)) FROM bench.sized"))
    return [Row("memory of an identity, %s: %s" % (what, where), "%d bytes" % size,
                "payload of %d bytes" % payload, "%.2f ×" % (size / payload),
                "≤ 4 ×", size <= 4 * payload,
                {"bytes": size, "payload": payload})
            for where, size in sizes]


def run(server):
    rows = [growth(server, what, calls) for what, calls in (
        ("new tokens", distinct),
        ("the same token", same),
        ("bad tokens, try_set_token", refused),
        ("bad tokens, errors caught", raising),
        ("two users in turn, a transaction each", one_by_one))]
    rows.append(growth(server, "new keys, revocations", changed_trust, 5000))
    rows += identity_size(server, "least claims", "bench.least_claims(id)")
    rows += identity_size(server, "1 kB token", "bench.claims(id, 5)")
    rows += identity_size(server, "20 organisations", "bench.org_claims(id, 20)")
    return rows + identity_size(server, "500 groups", "bench.claims(id, 500)")
