"""How long the linter looks at many tables.

In a database of its own, which nobody else's queries slow down.  Each turn is a
session: nothing of what it looks at is in its caches.
"""
import os
import statistics
import time

from compare import HERE, Row

TABLES = 10000
TURNS = 3
LIMIT = 10          # seconds


def setup(server):
    server.psql("CREATE DATABASE bench_lint;\n")
    with open(os.path.join(HERE, "lint.sql"), encoding="utf-8") as f:
        server.psql(f.read(), "-d", "bench_lint", "-v", "tables=%d" % TABLES)


def one_run(server):
    """Seconds, and what was found."""
    begin = time.monotonic()
    lines = server.psql("SELECT code, count(*) FROM authz.lint() GROUP BY code ORDER BY code;\n", "-d", "bench_lint")
    return time.monotonic() - begin, lines


def run(server):
    turns = [one_run(server) for _ in range(TURNS)]
    found = turns[0][1]
    if any(line.startswith("not_checked") for line in found):
        raise RuntimeError("lint: %s" % found)
    seconds = statistics.median(taken for taken, _ in turns)
    return [Row("lint() of %d tables with 2 policies each, and grants to 2 roles" % TABLES, "%.1f s" % seconds, "", "",
                "≤ %d s" % LIMIT, seconds <= LIMIT, {"seconds": [taken for taken, _ in turns], "found": found})]
