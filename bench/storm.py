"""A hundred sessions ask while shares change.

Each asker reaches 279 folders and reads the newest 50 documents in them;
together they ask 500 times a second.  A hundred times a second a share is
granted or taken, one time of fifty to or from somebody who asks.  Questions and
changes are put at their time, whatever became of those before.

What is counted is the processor time of the whole server for eight seconds, and
how many questions it answered in them.  The ways take turns, with the same
questions and changes.
"""
import collections
import os
import random
import selectors
import statistics
import subprocess
import time

from compare import Row, time_text
from connection import Pending

SESSIONS = 100
ASKED = 500         # a second
CHANGED = 100
SECONDS = 8
WARM_UP = 1         # seconds of the same that do not count
TURNS = 3
SEED = 14
CONCERNED = 50      # every so many-th change
KEPT_UP = 0.99

QUESTION = "SELECT id, created FROM bench.document ORDER BY created DESC LIMIT 50"
CHANGES = ("INSERT INTO bench.folder_share VALUES (bench.uuid('sub', $1)::uuid, bench.folder($2))"
           " ON CONFLICT DO NOTHING",
           "DELETE FROM bench.folder_share"
           " WHERE user_id = bench.uuid('sub', $1)::uuid AND folder_id = bench.folder($2)")

# How it is shown, the policy, and whether it must keep up.
WAYS = {
    "pairs": ("a table of pairs", "authz.in_set('bench.my_closure', folder_id)", True),
    "nested": ("recursion from a set", "authz.in_set('bench.my_nested', folder_id)", True),
    "lateral": ("recursion by LATERAL", "authz.in_set('bench.my_lateral', folder_id)", False),
    "recursive": ("recursion", "authz.in_set('bench.my_recursive', folder_id)", False),
    "select": ("sub-select over a table of pairs", "folder_id IN (SELECT folder_id FROM bench.my_closure)", False)}


def role(way):
    return "bench_storm_" + way


def setup(server):
    server.once("sets.sql", documents=server.documents)


class Processes:
    """All of the server that run now, and the time they have had."""

    def __init__(self, directory):
        with open(os.path.join(directory, "postmaster.pid"), encoding="ascii") as f:
            postmaster = f.readline().strip()
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", postmaster], stdout=subprocess.PIPE, text=True)
        self.pids = [int(pid) for pid in [postmaster, *children.stdout.split()]]

    def used(self):
        """Seconds.  The kernel's clock of a process, clock_getcpuclockid()."""
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in self.pids)


class Line:
    """What waits for one session, in its order."""

    def __init__(self, connection):
        self.connection = connection
        self.waiting = collections.deque()
        self.asked = None       # when the question that is under way was due

    def put(self, due, statement, *values):
        self.waiting.append((due, statement, values))
        self.go_on()

    def go_on(self):
        if self.asked is None and self.waiting:
            self.asked, statement, values = self.waiting.popleft()
            self.connection.ask(statement, *values)

    def take(self):
        """How long after its time it was answered, None while it is not."""
        if not self.connection.is_answered():
            return None
        delay, self.asked = time.monotonic() - self.asked, None
        self.go_on()
        return delay


def schedule(seconds):
    """(second, asker or None, values) of all questions and changes."""
    pick = random.Random(SEED)
    events = [(n / ASKED, pick.randrange(SESSIONS), (QUESTION,)) for n in range(ASKED * seconds)]
    change = None
    for n in range(CHANGED * seconds):
        if n % 2 == 0:      # granted, then taken
            concerns = n // 2 % CONCERNED == 0
            change = (str(1 + pick.randrange(SESSIONS) if concerns else 1001 + pick.randrange(5000)),
                      str(99877 + pick.randrange(124)))
        events.append((n / CHANGED, None, (CHANGES[n % 2], *change)))
    return sorted(events, key=lambda event: event[0])


def rain(askers, writer, seconds):
    """How long the answers took that came within this time."""
    delays = []
    with selectors.DefaultSelector() as selector:
        for line in [*askers, writer]:
            selector.register(line.connection, selectors.EVENT_READ, line)
        begin = time.monotonic()
        events = collections.deque(schedule(seconds))
        while time.monotonic() < begin + seconds:
            while events and begin + events[0][0] <= time.monotonic():
                due, asker, question = events.popleft()
                (writer if asker is None else askers[asker]).put(begin + due, *question)
            until = begin + (events[0][0] if events else seconds)
            for key, _ in selector.select(max(until - time.monotonic(), 0)):
                delay = key.data.take()
                if delay is not None and key.data is not writer:
                    delays.append(delay)
        for line in [*askers, writer]:
            line.waiting.clear()
        while any(line.asked for line in [*askers, writer]):
            for key, _ in selector.select():
                key.data.take()
    return delays


def one_storm(server, way, tokens):
    """Seconds of the processor, and the delays."""
    askers = [Line(Pending(role(way), True)) for _ in tokens]
    writer = Line(Pending(os.environ["PGUSER"], True))
    for line, token in zip(askers, tokens):
        line.connection.log_in(token)
        line.connection.run(QUESTION)
    for change in CHANGES:
        writer.connection.run(change, "1001", "99877")
    rain(askers, writer, WARM_UP)
    processes = Processes(server.value("SHOW data_directory"))
    before = processes.used()
    delays = rain(askers, writer, SECONDS)
    used = processes.used() - before
    for line in [*askers, writer]:
        line.connection.close()
    return used, delays


def rate(storm):
    return len(storm[1]) / SECONDS


def row(way, storms):
    """Of the storms of each way: processor time, rate, delays."""
    shown, _, promised = WAYS[way]
    used, other = (statistics.median(storm[0] for storm in storms[some]) for some in (way, "select"))
    rates = [rate(storm) for storm in storms[way]]
    delays = sorted(delay for storm in storms[way] for delay in storm[1])
    least = KEPT_UP * ASKED
    return Row("storm, %s" % shown, time_text(used), "sub-select %s" % time_text(other),
               "%.2f ×, %.0f a second" % (
                   statistics.median(a[0] / b[0] for a, b in zip(storms[way], storms["select"])),
                   statistics.median(rates)),
               "≥ %g a second" % least if promised else "",
               statistics.median(rates) >= least if promised else None,
               {"seconds": [storm[0] for storm in storms[way]], "rates": rates,
                "delay, median": statistics.median(delays), "delay, 99 of 100": delays[len(delays) * 99 // 100]})


def run(server):
    tokens = server.psql("SELECT token FROM generate_series(1, %d) n,"
                         " LATERAL bench.mint('ES256', bench.claims(n, 14));\n" % SESSIONS)
    for way, (_, condition, _) in WAYS.items():
        server.policy(role(way), condition, "bench.document")
    storms = {way: [] for way in WAYS}
    for _ in range(TURNS):
        for way in WAYS:
            storms[way].append(one_storm(server, way, tokens))
    return [row(way, storms) for way in WAYS]
