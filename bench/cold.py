"""Whole connections: connect, say who the user is, one query, disconnect.

Two clusters that are copies of each other run side by side, since
shared_preload_libraries belongs to the server: one preloads the library, the
other does not.  pgbench opens a connection for each transaction; runs of all
ways take turns.

A backend cannot time its own start and end.  So what is taken is the processor
time of the postmaster and of its children that have ended, which the kernel
counts: fork, start, log-in, query and exit, in steps of ten milliseconds.
"""
import os
import shutil
import statistics
import subprocess
import tempfile
import time

from compare import HERE, Row, time_text

TURNS = 15
CONNECTIONS = 300   # of a run, about a second
TICK = 1.0 / os.sysconf("SC_CLK_TCK")

QUERY = "SELECT count(body) FROM note;\n"

# A role of each way: the cluster that it connects to, and its script.  What it
# says is a parameter, as drivers send it.
WAYS = {
    "bare": ("lazy", "\\set nothing 1\n"),
    "beside": ("eager", "\\set nothing 1\n"),
    "setting": ("lazy", "SELECT set_config('app.claims', :said, false);\n" + QUERY),
    "plain": ("lazy", "SELECT authz.set_token(:said);\n" + QUERY),
    "session": ("lazy", "SELECT authz.set_token(:said);\n" + QUERY),
    "server": ("eager", "SELECT authz.set_token(:said);\n" + QUERY)}

WHAT = {
    "plain": "loaded by the first call",
    "session": "session_preload_libraries",
    "server": "shared_preload_libraries"}


class Cluster:
    """Started on demand of setup(), stopped with this process."""

    def __init__(self, directory, *settings):
        self.directory = directory
        self.settings = ("listen_addresses=", "unix_socket_directories=" + directory, "autovacuum=off",
                         "fsync=off", "jit=off", "max_parallel_workers_per_gather=0", *settings)

    def start(self):
        options = " ".join("-c %s" % setting for setting in self.settings)
        subprocess.run(["pg_ctl", "-D", self.directory, "-w", "-s", "-l", self.directory + ".log",
                        "-o", options, "start"], check=True)
        with open(os.path.join(self.directory, "postmaster.pid"), encoding="ascii") as f:
            self.pid = int(f.readline())

    def stop(self):
        if os.path.exists(os.path.join(self.directory, "postmaster.pid")):
            subprocess.run(["pg_ctl", "-D", self.directory, "-w", "-s", "-m", "fast", "stop"], check=True)

    def children(self):
        done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.pid)], stdout=subprocess.PIPE, text=True)
        return set(done.stdout.split())

    def used(self):
        """Seconds of the postmaster, and of its children that have ended."""
        with open("/proc/%d/stat" % self.pid, encoding="utf-8") as f:
            return TICK * sum(int(n) for n in f.read().rsplit(")", 1)[1].split()[11:15])


class Clusters:
    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="cold.", dir=os.environ.get("HOME"))
        self.lazy = Cluster(os.path.join(self.home, "lazy"))
        self.eager = Cluster(os.path.join(self.home, "eager"), "shared_preload_libraries=dbmi_authz")

    def make(self, server, public_key):
        subprocess.run(["initdb", "-D", self.lazy.directory, "-U", os.environ["PGUSER"], "-A", "trust", "-N",
                        "--no-locale", "-E", "UTF8"], check=True, stdout=subprocess.DEVNULL)
        self.lazy.start()
        with open(os.path.join(HERE, "cold.sql"), encoding="utf-8") as f:
            server.psql(f.read(), "-h", self.lazy.directory, "-v", "public_key=" + public_key)
        self.lazy.stop()
        shutil.copytree(self.lazy.directory, self.eager.directory)
        self.lazy.start()
        self.eager.start()

    def end(self):
        self.lazy.stop()
        self.eager.stop()
        shutil.rmtree(self.home)


CLUSTERS = Clusters()
SAID = {}


def script_of(way):
    return os.path.join(CLUSTERS.home, way + ".pgbench")


def setup(server):
    public_key = "\n".join(server.psql("SELECT public_key FROM bench.key WHERE alg = 'RS256';\n"))
    claims, token = server.psql("SELECT claims FROM bench.claims(7, bench.groups('RS256')) claims;\n"
                                "SELECT token FROM bench.mint('RS256', bench.claims(7, bench.groups('RS256')));\n")
    CLUSTERS.make(server, public_key)
    for way, (_, script) in WAYS.items():
        SAID[way] = claims if way == "setting" else token
        with open(script_of(way), "w", encoding="utf-8") as f:
            f.write(script)


def one_run(way):
    """Seconds of a connection, on the wall and of the processor."""
    cluster = getattr(CLUSTERS, WAYS[way][0])
    others = cluster.children()
    used = cluster.used()
    begin = time.monotonic()
    subprocess.run(["pgbench", "-n", "-C", "-h", cluster.directory, "-U", way, "-M", "extended", "-c", "1",
                    "-t", str(CONNECTIONS), "-D", "said=" + SAID[way], "-f", script_of(way)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wall = time.monotonic() - begin
    while cluster.children() - others:
        time.sleep(0.01)
    return wall / CONNECTIONS, (cluster.used() - used) / CONNECTIONS


def check(server):
    """All ways show a user his ten notes."""
    for way, (cluster, _) in WAYS.items():
        if way in ("bare", "beside"):
            continue
        with open(script_of(way), encoding="utf-8") as f:
            lines = server.psql(f.read().replace(":said", ":'said'"), "-h", getattr(CLUSTERS, cluster).directory,
                                "-U", way, "-v", "said=" + SAID[way])
        if lines[-1] != "10":
            raise RuntimeError("cold, %s: not his ten notes: %s" % (way, lines))


def rows_of(runs):
    """Neighbours in time had the same company: ratios are of one turn."""
    def median(way, i):
        return statistics.median(run[i] for run in runs[way])

    def ratio(way, i, other="setting"):
        return statistics.median(ours[i] / theirs[i] for ours, theirs in zip(runs[way], runs[other]))

    for way, what in WHAT.items():
        target = 1.15 if way == "server" else None
        yield Row("connect, log in, query; " + what, time_text(median(way, 1)),
                  "%s, bare connection %s" % (time_text(median("setting", 1)), time_text(median("bare", 1))),
                  "%.2f ×" % ratio(way, 1), "≤ %g ×" % target if target else "",
                  ratio(way, 1) <= target if target else None,
                  {"ratio": ratio(way, 1), "ratio on the wall": ratio(way, 0), "ours": runs[way],
                   "setting": runs["setting"], "bare": runs["bare"]})
    yield Row("connect and disconnect; shared_preload_libraries", time_text(median("beside", 1)),
              time_text(median("bare", 1)), "%.2f ×" % ratio("beside", 1, "bare"), "", None,
              {"ours": runs["beside"], "bare": runs["bare"]})
    yield Row("connect, log in, query, on the wall: first call / session / server",
              " / ".join(time_text(median(way, 0)) for way in WHAT),
              "%s, bare connection %s" % (time_text(median("setting", 0)), time_text(median("bare", 0))),
              " / ".join("%.2f" % ratio(way, 0) for way in WHAT) + " ×", "", None, {})


def run(server):
    try:
        check(server)
        runs = {way: [] for way in WAYS}
        for turn in range(TURNS + 1):
            for way in WAYS:
                seen = one_run(way)
                if turn > 0:
                    runs[way].append(seen)
        return list(rows_of(runs))
    finally:
        CLUSTERS.end()
