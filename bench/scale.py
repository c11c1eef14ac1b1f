"""Ten thousand issuers, five hundred sessions, a rotation of keys each second.

A server of its own, which preloads the library, has two databases: one trusts one
issuer, the other ten thousand, and there each session has an issuer of its own.  Both
have the same storms in turns: sessions connect and log in, then so many logins a
second, of tokens that the backend knows and of new ones alternately, while each second
a key of some issuer is replaced.  Then all sessions ask, without and after a rotation;
what that one costs them is the difference.

Logins are put at their time, whatever became of those before: how long they take is
told from then on.  Processor time is that of all the server's processes.
"""
import collections
import os
import random
import selectors
import shutil
import statistics
import subprocess
import tempfile
import time

from cold import Cluster
from compare import HERE, Row, time_text
from connection import Pending
from storm import Line, Processes

ISSUERS = (1, 10000)
SESSIONS = 500
LOGINS = 200        # a second, every other one with a new token
ROTATIONS = 1       # a second
SECONDS = 5
WARM_UP = 1         # seconds of the same that do not count
TURNS = 3
ROLL_CALLS = 4      # a storm
SEED = 17
NEW = 1 + LOGINS * (SECONDS + WARM_UP) // 2 // SESSIONS     # tokens of a session, a storm
CLAIMS = ('{"iss":"https://t%d.example","aud":"t%d","sub":"u%d","jti":"%d","email":"ann@example.com",'
          '"scope":"read write","exp":4102444800}')
LOG_IN = "SELECT authz.set_token($1)"
ASK = "SELECT authz.subject()"
ROTATE = "SELECT authz.drop_key($1, $2), authz.add_key($1, $3::json)"

HOME = tempfile.mkdtemp(prefix="scale.", dir=os.environ.get("HOME"))
CLUSTER = Cluster(os.path.join(HOME, "data"), "shared_preload_libraries=dbmi_authz", "shared_buffers=256MB",
                  "max_connections=%d" % (SESSIONS + 20))


def database(issuers):
    return "scale_%d" % issuers


def place(issuers):
    return ("-h", CLUSTER.directory, "-d", database(issuers))


def setup(server):
    subprocess.run(["initdb", "-D", CLUSTER.directory, "-U", os.environ["PGUSER"], "-A", "trust", "-N",
                    "--no-locale", "-E", "UTF8"], check=True, stdout=subprocess.DEVNULL)
    CLUSTER.start()
    public_key = "\n".join(server.psql("SELECT public_key FROM bench.key WHERE alg = 'RS256';\n"))
    with open(os.path.join(HERE, "issuers.sql"), encoding="utf-8") as f:
        script = f.read()
    for issuers in ISSUERS:
        server.psql("CREATE DATABASE %s;\n" % database(issuers), "-h", CLUSTER.directory)
        server.psql(script, *place(issuers), "-v", "profile=generic", "-v", "count=%d" % issuers,
                    "-v", "public_key=" + public_key, "-v", "probe=" + os.path.join(HERE, "probe.so"))


def issuer_of(session, issuers):
    """They stand anywhere in the table's index."""
    return 1 + session * (issuers // SESSIONS)


class Tokens:
    """Each session's own that it knows, and new ones that are handed out once."""

    def __init__(self, server, issuers):
        many = 1 + TURNS * NEW
        claims = ",".join("(%d, '%s')" % (session, CLAIMS % (2 * (issuer_of(session, issuers),) + (session, n)))
                          for session in range(SESSIONS) for n in range(many))
        lines = server.psql("SELECT session, (bench.mint('RS256', claims)).token FROM (VALUES %s) v (session, claims);\n" % claims)
        self.new = [collections.deque() for _ in range(SESSIONS)]
        for line in lines:
            session, token = line.split("|")
            self.new[int(session)].append(token)
        self.known = [tokens.popleft() for tokens in self.new]


class Keys:
    """Of the three of each issuer the last one is replaced."""

    def __init__(self, server, issuers):
        self.issuers = issuers
        self.pick = random.Random(SEED)
        self.key = server.psql("SELECT jwk FROM authz.issuer_key WHERE issuer = 'https://t1.example' AND kid = 'last';\n",
                               *place(issuers))[0]
        self.last = {}
        self.made = 0

    def rotation(self):
        """Parameters of ROTATE."""
        self.made += 1
        issuer, kid = 1 + self.pick.randrange(self.issuers), "made%d" % self.made
        old, self.last[issuer] = self.last.get(issuer, "last"), kid
        return "https://t%d.example" % issuer, old, self.key.replace('"last"', '"%s"' % kid)


class World:
    """A database, and what the storms over it have shown."""

    def __init__(self, server, issuers):
        self.server, self.issuers = server, issuers
        self.tokens, self.keys = Tokens(server, issuers), Keys(server, issuers)
        self.seen = collections.defaultdict(list)

    def connect(self):
        return Line(Pending(os.environ["PGUSER"], True, "host=%s dbname=%s" % (CLUSTER.directory, database(self.issuers))))

    def storm(self, counts):
        writer = self.connect()
        writer.connection.run(ROTATE, *self.keys.rotation())
        lines = [self.connect() for _ in range(SESSIONS)]
        processes = Processes(CLUSTER.directory)
        seen = self.seen if counts else collections.defaultdict(list)
        seen["empty"].append(memory_of(processes))
        before = processes.used()
        for line, token in zip(lines, self.tokens.known):
            line.connection.run(LOG_IN, token)
        seen["first login"].append((processes.used() - before) / SESSIONS)
        rain(self, lines, writer, WARM_UP)
        before = processes.used()
        delays = rain(self, lines, writer, SECONDS)
        seen["processor"].append((processes.used() - before) / sum(map(len, delays.values())))
        for kind, some in delays.items():
            seen[kind] += some
        seen["rotation"] += self.roll_calls(lines, writer, processes)
        seen["memory"].append(memory_of(processes))
        for line in [*lines, writer]:
            line.connection.close()

    def roll_calls(self, lines, writer, processes):
        """What a rotation costs each session, several times."""
        def all_ask():
            before = processes.used()
            for line in lines:
                line.connection.run(ASK)
            return (processes.used() - before) / SESSIONS

        all_ask()
        for _ in range(ROLL_CALLS):
            quiet = all_ask()
            writer.connection.run(ROTATE, *self.keys.rotation())
            yield all_ask() - quiet


def memory_of(processes):
    """Bytes that a session has for itself, the median."""
    sizes = []
    for pid in processes.pids:
        with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as f:
            sizes += [1024 * int(line.split()[1]) for line in f if line.startswith("Private_Dirty:")]
    return statistics.median(sizes)


def schedule(world, seconds):
    """(second, session or None, kind, statement, values), in order."""
    events = []
    for n in range(LOGINS * seconds):
        session = world.keys.pick.randrange(SESSIONS)
        new = n % 2 == 0 and world.tokens.new[session]
        token = world.tokens.new[session].popleft() if new else world.tokens.known[session]
        events.append((n / LOGINS, session, "new" if new else "known", LOG_IN, (token,)))
    events += [(n / ROTATIONS + 0.001, None, "", ROTATE, world.keys.rotation()) for n in range(ROTATIONS * seconds)]
    return collections.deque(sorted(events, key=lambda event: event[0]))


def rain(world, lines, writer, seconds):
    """How long the logins took, by kind."""
    delays = {"new": [], "known": []}
    kinds = collections.defaultdict(collections.deque)      # of a line: of what waits
    events = schedule(world, seconds)
    with selectors.DefaultSelector() as selector:
        for line in [*lines, writer]:
            selector.register(line.connection, selectors.EVENT_READ, line)
        begin = time.monotonic()
        while events or any(kinds.values()):
            while events and begin + events[0][0] <= time.monotonic():
                due, session, kind, statement, values = events.popleft()
                line = writer if session is None else lines[session]
                kinds[line].append(kind)
                line.put(begin + due, statement, *values)
            until = begin + events[0][0] if events else time.monotonic() + 1
            for key, _ in selector.select(max(until - time.monotonic(), 0)):
                delay = key.data.take()
                if delay is not None:
                    delays.setdefault(kinds[key.data].popleft(), []).append(delay)
    delays.pop("", None)
    return delays


def ratio_row(what, worlds, kind, target, text=time_text):
    few, many = (statistics.median(world.seen[kind]) for world in worlds)
    return Row(what, text(many), "one issuer " + text(few), "%.2f ×" % (many / few),
               "≤ %g ×" % target if target else "", many <= target * few if target else None,
               {"one": list(worlds[0].seen[kind]), "many": list(worlds[1].seen[kind])})


def size_text(size):
    return "%d kB" % (size / 1024)


def latest(world, kind):
    delays = sorted(world.seen[kind])
    return time_text(delays[len(delays) * 99 // 100])


def rows_of(worlds):
    yield ratio_row("a session's first login, processor", worlds, "first login", 1.5)
    for kind in ("new", "known"):
        row = ratio_row("login by a %s token, on the wall" % kind, worlds, kind, 1.2)
        row.ours += ", 99 of 100 in " + latest(worlds[1], kind)
        row.reference += ", 99 of 100 in " + latest(worlds[0], kind)
        yield row
    yield ratio_row("processor of a login, with a rotation a second", worlds, "processor", 1.2)
    yield ratio_row("what a rotation costs each session that asks", worlds, "rotation", 1.5)
    yield ratio_row("memory of a session", worlds, "memory", 1.1, size_text)
    yield ratio_row("memory of a session that has not logged in", worlds, "empty", None, size_text)
    shared = int(worlds[1].server.psql("SELECT coalesce(sum(allocated_size), 0) FROM pg_shmem_allocations"
                                       " WHERE name LIKE 'dbmi_authz%';\n", *place(ISSUERS[1]))[0])
    yield Row("memory that all share", size_text(shared), "", "", "", None, {"bytes": shared})


def run(server):
    try:
        worlds = [World(server, issuers) for issuers in ISSUERS]
        for turn in range(TURNS):
            for world in worlds:
                world.storm(True)
        return list(rows_of(worlds))
    finally:
        CLUSTER.stop()
        shutil.rmtree(HOME)
