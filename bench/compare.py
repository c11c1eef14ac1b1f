"""Interleaved timing: the common part of all comparisons.

A group of comparisons is a module with

    def setup(server)        make its tables
    def run(server)          measure; returns a list of Row

Both talk to the server through Server.  What is to be compared runs in one
backend, in turns: A B C A B C ..., first a turn that does not count.  For
each the median of all turns is taken.

Times are processor time of the backend, as long as nothing waits: whoever
else is at work on the machine then disturbs less than on the wall's clock.
Both are kept.
"""
import dataclasses
import os
import statistics
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class Server:
    """psql, with the settings that all comparisons run under; and what the
    comparisons of policies share (notes.sql, readers.sql)."""

    PRELUDE = ("SET max_parallel_workers_per_gather = 0;\n"
               "SET jit = off;\n"
               "SET client_min_messages = warning;\n")

    def __init__(self, documents):
        self.documents = documents      # of the groups that read some
        self.ran = set()
        self.roles = []                 # of policies

    def psql(self, script, *options):
        """Run a script in a session of its own; the lines that it prints."""
        done = subprocess.run(
            ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", *options],
            input=self.PRELUDE + script, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RuntimeError("psql failed in:\n" + script[:2000])
        return done.stdout.splitlines()

    def file(self, name, **variables):
        """Run a script of this directory, with variables of psql."""
        options = []
        for variable, value in variables.items():
            options += ["-v", "%s=%s" % (variable, value)]
        with open(os.path.join(HERE, name), encoding="utf-8") as f:
            return self.psql(f.read(), *options)

    def value(self, query):
        return self.psql(query + ";\n")[-1]

    def is_first(self, name):
        """Of what several groups need: has nobody asked before?"""
        first = name not in self.ran
        self.ran.add(name)
        return first

    def once(self, name, **variables):
        """Run a script that several groups need, the first time."""
        if self.is_first(name):
            self.file(name, **variables)

    def policy(self, role, condition, table="bench.note"):
        """A role of its own for a policy on a table."""
        self.roles.append(role)
        self.psql("CREATE ROLE {0} LOGIN;\n"
                  "CREATE POLICY {0} ON {2} TO {0} USING ({1});\n"
                  .format(role, condition, table))

    def drop_policies(self):
        """The rewriter looks at each policy of a table, whoever reads."""
        self.psql("".join("DROP OWNED BY {0};\nDROP ROLE {0};\n".format(role) for role in self.roles))
        self.roles = []

    @staticmethod
    def log_in(reader):
        """Opens a session: signed for us, unsigned for the others."""
        return ("SET dbmi_authz.max_token_size = '1MB';\n"
                "SELECT authz.set_token(token), set_config('app.claims', claims, false) <> ''"
                " FROM bench.reader WHERE name = '%s';\n" % reader)


@dataclasses.dataclass
class Variant:
    """One way to do it.  sql is a statement, or a function that makes it
    from the number of the turn; it does what is measured "calls" times.  With
    a role, that role runs it.  "before" is a transaction before it that does
    not count."""
    name: str
    sql: object
    calls: float
    role: str = ""
    before: str = ""

    def statement(self, turn):
        return self.sql(turn) if callable(self.sql) else self.sql


@dataclasses.dataclass
class Times:
    """Seconds for one call, one figure a turn."""
    wall: list
    cpu: list

    @property
    def median(self):
        return statistics.median(self.cpu)

    def minus(self, other):
        """What the call costs above another one of the same turn."""
        return Times([a - b for a, b in zip(self.wall, other.wall)],
                     [a - b for a, b in zip(self.cpu, other.cpu)])

    def ratio_to(self, other):
        """By the median of the ratios of neighbouring turns, which had the same
        company."""
        return statistics.median(a / b for a, b in zip(self.cpu, other.cpu))

    def summary(self):
        return {"median": self.median,
                "quartiles": statistics.quantiles(self.cpu, n=4),
                "median_on_the_wall": statistics.median(self.wall),
                "turns": len(self.cpu)}


def interleave(server, variants, turns, before=""):
    """Each variant once a turn; name -> Times.  "before" opens the session."""
    script = [before]
    for turn in range(turns + 1):
        for variant in variants:
            if variant.role:
                script.append("SET ROLE %s;" % variant.role)
            if variant.before:
                script.append(variant.before + ";")
            # one message to the server, so that no client is in between
            script.append("SELECT bench.clock() \\; %s \\; SELECT bench.clock();"
                          % variant.statement(turn))
    lines = server.psql("\n".join(script) + "\n")
    clocks = [[int(n) for n in line.split()[1:]]
              for line in lines if line.startswith("clock ")]
    if len(clocks) != 2 * (turns + 1) * len(variants):
        raise RuntimeError("a clock is missing")

    times = {variant.name: Times([], []) for variant in variants}
    steps = zip(clocks[0::2], clocks[1::2])
    for i, (begin, end) in enumerate(steps):
        variant = variants[i % len(variants)]
        if i >= len(variants):
            wall, cpu = (1e-9 * (b - a) / variant.calls
                         for a, b in zip(begin, end))
            times[variant.name].wall.append(wall)
            times[variant.name].cpu.append(cpu)
    return times


@dataclasses.dataclass
class Row:
    """A line of the table.  Figures are text with their unit; reached is
    None where nothing is promised."""
    what: str
    ours: str
    reference: str
    figure: str
    target: str
    reached: object
    detail: dict

    HEAD = ("what", "ours", "reference", "ratio or difference", "target", "reached")

    def cells(self):
        reached = {True: "yes", False: "NO", None: ""}[self.reached]
        return (self.what, self.ours, self.reference, self.figure, self.target,
                reached)


def time_text(seconds):
    if abs(seconds) >= 100:
        return "{:,.0f} s".format(seconds)
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if abs(seconds) >= size:
            return "%.3g %s" % (seconds / size, unit)
    return "%.0f ns" % (seconds / 1e-9)


def ratio_row(what, ours, reference, factor, constant=0.0):
    """Promised: ours <= factor * reference + constant."""
    limit = factor * reference.median + constant
    ratio = ours.median / reference.median
    target = "≤ %g ×" % factor
    if constant:
        target += " + %s = %s" % (time_text(constant), time_text(limit))
    return Row(what, time_text(ours.median), time_text(reference.median),
               "%.2f ×" % ratio, target, ours.median <= limit,
               {"ours": ours.summary(), "reference": reference.summary(),
                "ratio": ratio, "factor": factor, "constant": constant})


def paired_row(what, ours, reference, factor=None):
    """Promised: ours <= factor * reference, turn by turn."""
    ratio = ours.ratio_to(reference)
    return Row(what, time_text(ours.median), time_text(reference.median),
               "%.2f ×" % ratio, "≤ %g ×" % factor if factor else "",
               ratio <= factor if factor else None,
               {"ours": ours.summary(), "reference": reference.summary(),
                "ratio": ratio, "factor": factor})


def difference_row(what, ours, reference, limit):
    """Promised: ours - reference <= limit."""
    difference = ours.minus(reference).median
    return Row(what, time_text(ours.median), time_text(reference.median),
               "+ " + time_text(difference), "≤ " + time_text(limit),
               difference <= limit,
               {"ours": ours.summary(), "reference": reference.summary(),
                "difference": difference, "limit": limit})


def table(rows):
    """As Markdown."""
    lines = [Row.HEAD] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(Row.HEAD))]
    text = ["| " + " | ".join(cell.ljust(width)
                              for cell, width in zip(line, widths)) + " |"
            for line in lines]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)
