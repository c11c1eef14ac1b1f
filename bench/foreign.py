"""What a foreign login costs: a transaction that reads a row of another database by
postgres_fdw, for somebody of whom the other side is told, beside one by a server without a
login.

Both databases are of one server; the processor time is that of the sessions on both sides.
"""
import os
import subprocess
import time

from compare import HERE, Times, difference_row
from connection import Connection

TURNS = 15
CALLS = 200
SERVERS = ("told", "plain")
ISSUER = "https://foreign.example"
FIXTURES = os.path.join(HERE, "..", "test", "fixtures")


def mint():
    return subprocess.run(
        [os.path.join(HERE, "..", "test", "mint"), "--key", os.path.join(FIXTURES, "p256_a.pem"), "--alg", "ES256",
         "--kid", "k1", '{"iss": "%s", "aud": "bench", "exp": "+3600", "sub": "ann"}' % ISSUER],
        stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def trust():
    with open(os.path.join(FIXTURES, "p256_a.pub.pem"), encoding="utf-8") as pem:
        return ("SELECT authz.add_issuer('%s', '{bench}');\nSELECT authz.add_pem('%s', '%s', 'k1', 'ES256');\n"
                % (ISSUER, ISSUER, pem.read()))


def setup(server):
    server.psql("CREATE ROLE bench_node LOGIN;\n" + trust())
    server.psql("CREATE DATABASE bench_far;\n")
    key = server.value("SELECT authz.add_cluster_key('near')")
    server.psql("CREATE EXTENSION dbmi_authz;\n" + trust() +
                "SELECT authz.add_cluster_key_public('near', '%s');\n" % key +
                "ALTER DATABASE bench_far SET dbmi_authz.cluster_role = 'bench_node';\n"
                "CREATE TABLE free AS SELECT i AS id FROM generate_series(1, 1000) i;\n"
                "CREATE INDEX ON free (id); ANALYZE free; GRANT SELECT ON free TO bench_node;\n",
                "-d", "bench_far")
    server.psql("CREATE EXTENSION postgres_fdw;\n")
    for name in SERVERS:
        server.psql("CREATE SERVER {0} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{1}', port '{2}', dbname 'bench_far');\n"
                    "CREATE USER MAPPING FOR PUBLIC SERVER {0} OPTIONS (user 'bench_node');\n"
                    "CREATE FOREIGN TABLE bench.far_{0} (id int) SERVER {0} OPTIONS (schema_name 'public', table_name 'free');\n"
                    .format(name, os.environ["PGHOST"], os.environ.get("PGPORT", "5432")))
    server.psql("SELECT authz.foreign_login('told');\n")


def processor(session):
    """What all sessions have used, in seconds."""
    pids = session.run("SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE backend_type = 'client backend'")
    used = 0
    for pid in pids.split():
        with open("/proc/%s/schedstat" % pid, encoding="ascii") as f:
            used += int(f.read().split()[0]) * 1e-9
    return used


def turn(session, name, times):
    used = processor(session)
    begin = time.perf_counter()
    for _ in range(CALLS):
        session.run("SELECT id FROM bench.far_%s WHERE id = 7" % name)
    wall = time.perf_counter() - begin
    times.wall.append(wall / CALLS)
    times.cpu.append((processor(session) - used) / CALLS)


def run(server):
    session = Connection(os.environ["PGUSER"], True)
    session.log_in(mint())
    times = {}
    for number in range(TURNS + 1):
        for name in SERVERS:
            if number <= 1:
                times[name] = Times([], [])         # the first turn is forgotten
            turn(session, name, times[name])
    session.close()
    return [difference_row("a row of another server, with a foreign login, both sides", times["told"], times["plain"], 0.5e-3)]
