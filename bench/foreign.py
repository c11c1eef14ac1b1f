#!/usr/bin/python3
"""What a foreign login costs: a transaction that reads a row of another database by
postgres_fdw, for somebody of whom the other side is told, beside the same one without a login.

test/throwaway bench/foreign.py [TRANSACTIONS]

Both sides are databases of one server.  Runs are paired; printed is the median of the
differences, in milliseconds of a transaction.
"""
import os
import statistics
import subprocess
import sys
import time

import psycopg

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROUNDS = 15


def mint(**claims):
    text = ", ".join('"%s": "%s"' % claim for claim in claims.items())
    return subprocess.run(
        [HERE + "/test/mint", "--key", HERE + "/test/fixtures/p256_a.pem", "--alg", "ES256", "--kid", "k1",
         '{"iss": "https://id.example", "aud": "clinic", "exp": "+3600", %s}' % text],
        capture_output=True, text=True, check=True).stdout.strip()


def trust(db):
    pem = open(HERE + "/test/fixtures/p256_a.pub.pem").read()
    db.execute("CREATE EXTENSION dbmi_authz")
    db.execute("SELECT authz.add_issuer('https://id.example', '{clinic}')")
    db.execute("SELECT authz.add_pem('https://id.example', %s, 'k1', 'ES256')", (pem,))


def setup():
    with psycopg.connect(autocommit=True) as near:
        near.execute("CREATE ROLE node LOGIN")
        near.execute("CREATE DATABASE far")
        trust(near)
        key = near.execute("SELECT authz.add_cluster_key('near')::text").fetchone()[0]
        with psycopg.connect(dbname="far", autocommit=True) as far:
            trust(far)
            far.execute("SELECT authz.add_cluster_key_public('near', %s)", (key,))
            far.execute("ALTER DATABASE far SET dbmi_authz.cluster_role = 'node'")
            far.execute("CREATE TABLE free AS SELECT i AS id FROM generate_series(1, 1000) i")
            far.execute("CREATE INDEX ON free (id)")
            far.execute("GRANT ALL ON free TO node")
        near.execute("CREATE EXTENSION postgres_fdw")
        for server in "told", "plain":
            near.execute("CREATE SERVER %s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '%s', port '%s', dbname 'far')"
                         % (server, os.environ["PGHOST"], os.environ.get("PGPORT", "5432")))
            near.execute("CREATE USER MAPPING FOR PUBLIC SERVER %s OPTIONS (user 'node')" % server)
            near.execute("CREATE FOREIGN TABLE %s (id int) SERVER %s OPTIONS (schema_name 'public', table_name 'free')"
                         % (server, server))
        near.execute("SELECT authz.foreign_login('told')")


def processor(db):
    """What the sessions of both sides have used, in milliseconds."""
    used = 0
    for (pid,) in db.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'").fetchall():
        used += int(open("/proc/%d/schedstat" % pid).read().split()[0]) / 1e6
    return used


def run(db, server, n):
    used = processor(db)
    begin = time.perf_counter()
    for _ in range(n):
        with db.transaction():
            db.execute("SELECT id FROM %s WHERE id = 7" % server, prepare=True)
    clock = (time.perf_counter() - begin) * 1000
    return clock / n, (processor(db) - used) / n


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    setup()
    with psycopg.connect(autocommit=True) as db:
        db.execute("SELECT authz.set_token(%s)", (mint(sub="ann"),))
        for server in "told", "plain":
            run(db, server, 50)
        pairs = [(run(db, "told", n), run(db, "plain", n)) for _ in range(ROUNDS)]
    for what, at in ("by the clock", 0), ("processor time", 1):
        print("%s, with a login     %.3f ms" % (what, statistics.median(told[at] for told, plain in pairs)))
        print("%s, without          %.3f ms" % (what, statistics.median(plain[at] for told, plain in pairs)))
        print("%s, a foreign login  %.3f ms (to reach: 0.5)"
              % (what, statistics.median(told[at] - plain[at] for told, plain in pairs)))


if __name__ == "__main__":
    main()
