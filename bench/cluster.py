"""A transaction that reads from the nodes of a cluster, by Citus's road.

Three servers of its own, a coordinator and two nodes, preload the library;
test/hooks/cluster_scan.c plays Citus's part, and does nothing that is not needed, so
that what is added to it is a larger part than it is of Citus.  Ours is logged in, and
all nodes are told in each transaction; the other role's policy names the same value,
and the nodes are told nothing.  One query is for one node, the other asks four shards
on each of the two, over one connection to each, one after the other.

Processor time is that of all three servers.
"""
import os
import shutil
import subprocess
import tempfile
import time

from cold import Cluster
from compare import HERE, Times, paired_row
from connection import Connection
from storm import Processes

TURNS = 60
TRANSACTIONS = 50       # a turn
WARM_UP = 4             # turns that do not count
SHARDS = 4              # on a node
USER = 7

HOME = tempfile.mkdtemp(prefix="cluster.", dir=os.environ.get("HOME"))
LIBRARY = os.path.join(HOME, "cluster_scan.so")
OURS = "shared_preload_libraries=%s", "dbmi_authz.cluster_role=cluster", "shared_buffers=64MB"
NODES = [Cluster(os.path.join(HOME, "node%d" % n), OURS[0] % "dbmi_authz", *OURS[1:]) for n in range(2)]
COORDINATOR = Cluster(os.path.join(HOME, "coordinator"), OURS[0] % (LIBRARY + ",dbmi_authz"), *OURS[1:],
                      "cluster_scan.shards=%d" % SHARDS,
                      "cluster_scan.nodes='%s'" % "|".join("host=" + node.directory for node in NODES))
SERVERS = [COORDINATOR, *NODES]

QUERIES = {"one node": ("SELECT body FROM doc", 10, 1.4),
           "%d shards on two nodes" % (2 * SHARDS): ("SELECT body FROM memo", 20 * SHARDS, 1.25)}

DISTRIBUTE = """
SET allow_system_table_mods = on;
CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass PRIMARY KEY, partkey text);
INSERT INTO pg_catalog.pg_dist_partition VALUES ('doc'::regclass, 'owner'), ('memo'::regclass, 'id');
"""


def directory(which):
    """One of the server's, of files to include."""
    done = subprocess.run(["pg_config", which], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    while done and not os.path.isdir(done):
        # a copied pg_config puts a directory of its own in front
        done = done[done.find("/", 1):] if "/" in done[1:] else ""
    return done


def build():
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-fPIC", "-shared",
                    *("-I" + directory(which) for which in ("--includedir-server", "--pkgincludedir", "--includedir")),
                    os.path.join(HERE, "..", "test", "hooks", "cluster_scan.c"), "-lpq", "-o", LIBRARY], check=True)


def setup(server):
    build()
    public_key = "\n".join(server.psql("SELECT public_key FROM bench.key WHERE alg = 'RS256';\n"))
    sub = server.value("SELECT bench.uuid('sub', %d)" % USER)
    server.token = server.value("SELECT token FROM bench.mint('RS256', bench.claims(%d, bench.groups('RS256')))" % USER)
    with open(os.path.join(HERE, "cluster.sql"), encoding="utf-8") as f:
        script = f.read()
    for one in SERVERS:
        subprocess.run(["initdb", "-D", one.directory, "-U", os.environ["PGUSER"], "-A", "trust", "-N",
                        "--no-locale", "-E", "UTF8"], check=True, stdout=subprocess.DEVNULL)
        one.start()
        server.psql(script, "-h", one.directory, "-v", "public_key=" + public_key, "-v", "sub=" + sub)
    server.psql(DISTRIBUTE, "-h", COORDINATOR.directory)
    key = server.psql("SELECT authz.add_cluster_key('c1');\n", "-h", COORDINATOR.directory)[0]
    for node in NODES:
        server.psql("SELECT authz.add_cluster_key_public('c1', '%s');\n" % key, "-h", node.directory)


class Asking:
    """One role's session, with its connections to the nodes."""

    def __init__(self, server, role, prepared, query):
        self.connection = Connection(role, prepared, "dbname=postgres host=" + COORDINATOR.directory)
        for setting in Connection.SETTINGS:
            self.connection.run(setting)
        if role == "ours":
            self.connection.run("SELECT authz.set_token($1)", server.token)
        self.query = query
        self.times = Times([], [])

    def transaction(self):
        for statement in ("BEGIN", self.query, "COMMIT"):
            self.connection.run(statement)

    def turn(self, processes):
        self.transaction()
        used, begin = processes.used(), time.perf_counter()
        for _ in range(TRANSACTIONS):
            self.transaction()
        return ((time.perf_counter() - begin) / TRANSACTIONS, (processes.used() - used) / TRANSACTIONS)


class All:
    """The processes of all servers, as of now."""

    def __init__(self):
        self.each = [Processes(one.directory) for one in SERVERS]

    def used(self):
        return sum(one.used() for one in self.each)


def check(server, query, found):
    """Both see the same rows, and all of them."""
    for role in ("ours", "literal"):
        log_in = "SELECT authz.set_token('%s') \\g /dev/null\n" % server.token if role == "ours" else ""
        lines = server.psql(log_in + "BEGIN;\n%s;\nCOMMIT;\n" % query, "-h", COORDINATOR.directory, "-U", role)
        if lines != ["A note."] * found:
            raise RuntimeError("cluster, %s: not the rows of this user: %d" % (role, len(lines)))


def compare(server, query, prepared):
    """(wall, cpu) of both, in turns."""
    ways = [Asking(server, role, prepared, query) for role in ("ours", "literal")]
    for _ in range(WARM_UP):
        for way in ways:
            way.transaction()
    processes = All()
    for turn in range(TURNS):
        for way in ways:
            wall, cpu = way.turn(processes)
            if turn >= WARM_UP:
                way.times.wall.append(wall)
                way.times.cpu.append(cpu)
    for way in ways:
        way.connection.close()
    return [way.times for way in ways]


def wall_row(what, ours, literal):
    row = paired_row(what, Times(ours.wall, ours.wall), Times(literal.wall, literal.wall))
    row.what += ", on the wall"
    return row


def run(server):
    time.sleep(2)       # in the second of its start a node takes no assertion
    try:
        for what, (query, found, factor) in QUERIES.items():
            check(server, query, found)
            for protocol in ("extended", "prepared"):
                ours, literal = compare(server, query, protocol == "prepared")
                name = "cluster, %s, %s" % (what, protocol)
                yield paired_row(name, ours, literal, factor)
                yield wall_row(name, ours, literal)
    finally:
        for one in SERVERS:
            one.stop()
        shutil.rmtree(HOME)
