"""Does "an administrator or the owner" grow with the table?

Tables of three sizes, ten rows of each owner.  The largest takes a gigabyte
of disk while it is measured.
"""
import shutil

from compare import Row, Variant, interleave, ratio_row

SIZES = (10000, 1000000, 10000000)
TURNS = 15
CALLS = 1000
NEEDED = 10 * 1024 ** 3     # bytes free, for the largest

POLICIES = {
    "ours": "authz.has_scope('records:admin') OR authz.is_owner(owner)",
    "literal": "owner = '%s'"}

LOG_IN = "SELECT authz.set_token(token) FROM bench.grower;\n"


def setup(server):
    server.file("growth.sql")
    sub = server.value("SELECT bench.uuid('sub', 0)")
    for way, condition in POLICIES.items():
        server.psql("CREATE ROLE bench_growth_%s;" % way)
        POLICIES[way] = condition.replace("%s", sub)


def make(server, size):
    server.psql("CALL bench.grow(%d);\nVACUUM ANALYZE bench.grown_%d;\n" % (size, size) +
                "".join("CREATE POLICY {0} ON bench.grown_{1} TO bench_growth_{0} USING ({2});\n"
                        .format(way, size, condition) for way, condition in POLICIES.items()))


def check(server, size):
    """Both see their ten rows, through the index.  The plans."""
    query = "SELECT count(id) FROM bench.grown_%d" % size
    plans = {}
    for way in POLICIES:
        lines = server.psql(LOG_IN + "SET ROLE bench_growth_%s;\n"
                            "EXPLAIN (COSTS OFF) %s;\n%s;\n" % (way, query, query))
        if lines[-1] != "10" or "Index" not in "".join(lines):
            raise RuntimeError("growth, %s: not ten rows by an index: %s" % (way, lines))
        plans[way] = lines[1:-1]
    return plans


def run(server):
    sizes = list(SIZES)
    rows = []
    if shutil.disk_usage(server.value("SHOW data_directory")).free < NEEDED:
        rows.append(Row("admin or owner, %s rows" % "{:,}".format(sizes.pop()), "", "",
                        "not measured: less than 10 GB of disk are free", "", None, {}))
    plans = {}
    for size in sizes:
        make(server, size)
        plans[size] = check(server, size)

    times = interleave(server, [
        Variant((way, size), "SELECT bench.repeat('SELECT count(id) FROM bench.grown_%d', %d, true)"
                % (size, CALLS), CALLS, "bench_growth_" + way)
        for size in sizes for way in POLICIES], TURNS, LOG_IN)
    for size in sizes:
        rows.append(ratio_row("admin or owner, %s rows; indexed, plan kept" % "{:,}".format(size),
                              times["ours", size], times["literal", size], 1.1))
        rows[-1].detail["plans"] = plans[size]
        server.psql("DROP TABLE bench.grown_%d;" % size)

    grown = {way: times[way, sizes[-1]].median / times[way, sizes[0]].median
             for way in POLICIES}
    ratio = grown["ours"] / grown["literal"]
    rows.append(Row("admin or owner, from {:,} to {:,} rows".format(sizes[0], sizes[-1]),
                    "%.2f ×" % grown["ours"], "%.2f ×" % grown["literal"],
                    "%.2f ×" % ratio, "≤ 1.1 ×", ratio <= 1.1, {"growth": grown}))
    return rows
