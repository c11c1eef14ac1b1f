"""Plots of what grows, in the language of doc/pictures/shapes.py.

What is drawn are ratios: two things that were measured in turns, in the same run.  bench/run
draws its own figures, beside its bench.json; "make pictures" draws those of the tables of
doc/explanation/performance.md, so that page and plots agree.
"""
import math
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "doc", "pictures"))
from shapes import LINE, Picture, wrap, write     # noqa: E402

PAGE = "doc/explanation/performance.md"
UNITS = {"s": 1, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}
LEFT, RIGHT, TOP, TALL = 58, 312, 78, 250         # of the area where lines are


def short(n):
    for size, unit in ((1000000, "M"), (1000, "k")):
        if n >= size:
            return "%g%s" % (n / size, unit)
    return "%g" % n


class Plot:
    """Lines over a logarithmic axis of counts; up goes a ratio, from 0."""

    def __init__(self, name, title, desc, unit, of_what, about):
        self.picture = Picture(name, title, desc)
        self.title, self.unit, self.of_what, self.about = title, unit, of_what, about
        self.lines = []                 # (label, kind, [(count, ratio)])

    def add(self, label, kind, points):
        self.lines.append((label, kind, points))
        self.picture.desc += " %s: %s." % (label, ", ".join("%.2f at %s" % (y, "{:,}".format(x)) for x, y in points))

    def draw(self):
        p = self.picture
        counts = sorted({x for _, _, points in self.lines for x, _ in points})
        highest = max(y for _, _, points in self.lines for _, y in points)
        step = next(step for step in (0.25, 0.5, 1, 2, 5, 10, 25, 50, 100) if highest / step <= 6)
        top = step * math.ceil(highest * 1.05 / step)
        first, last = math.log10(counts[0]), math.log10(counts[-1])

        def at(x, y):
            return (LEFT + 10 + (RIGHT - LEFT - 20) * (math.log10(x) - first) / (last - first),
                    TOP + TALL * (1 - y / top))

        p.text(16, 10, 448, "**" + self.title)
        p.line(16, 66, "~× " + self.of_what)
        for i in range(int(round(top / step)) + 1):
            y = at(counts[0], i * step)[1]
            p.arrow((LEFT, y), (RIGHT, y), head=False, more="grid" if i and i * step != 1 else "")
            p.line(LEFT - 6, y + 5, "%g" % (i * step), "end")
        for x in counts:
            p.line(at(x, 0)[0], TOP + TALL + 20, short(x), "middle")
            p.arrow(at(x, 0), (at(x, 0)[0], TOP + TALL + 5), head=False)
        p.line((LEFT + RIGHT) / 2, TOP + TALL + 40, "~" + self.unit, "middle")
        self.label(at)
        end = p.text(16, TOP + TALL + 52, 448, self.about)
        p.bottom = end
        return p

    def label(self, at):
        """Each line, and its words at its end; they make way for each other."""
        p = self.picture
        ends = sorted((at(*points[-1])[1], label, kind, points) for label, kind, points in self.lines)
        floor = TOP - 24
        for y, label, kind, points in ends:
            for one, two in zip(points, points[1:]):
                p.arrow(at(*one), at(*two), kind=kind, head=False)
            for point in points:
                x, up = at(*point)
                p.parts.append('<circle class="head %s" cx="%.1f" cy="%.1f" r="4"/>' % (kind, x, up))
            words = wrap(label, 476 - RIGHT - 26)
            begin = max(floor, y - LINE * len(words) / 2)
            x, up = at(*points[-1])
            p.arrow((x + 6, up), (RIGHT + 14, begin + LINE * len(words) / 2), kind=kind, dash=True, head=False)
            floor = p.text(RIGHT + 18, begin, 476 - RIGHT - 20, words, kind=kind) + 6


def seconds(text):
    """Of "5.35 µs", whatever follows"""
    number, unit = re.match(r"([\d.]+) (\w+)", text).groups()
    return float(number) * UNITS[unit]


def count_in(pattern, what):
    """The number in that, or None: "10,000 rows" """
    found = re.fullmatch(pattern, what)
    return int(found.group(1).replace(",", "")) if found else None


def points(rows, pattern, of_row):
    """[(count, ratio)] of the rows whose first cell is like that, in order"""
    counted = [(count_in(pattern, row["what"]), row) for row in rows]
    return sorted((count, of_row(row)) for count, row in counted if count is not None)


def ratio_of(row):
    return float(row["figure"].split(" ")[0])


def growth(rows, about):
    plot = Plot("plot-growth", "Ten rows of an owner, in tables of three sizes",
                "Processor time of a query under admin or owner, through an index.", "rows of the table",
                "the literal's time at the fewest rows", about)
    pattern = r"admin or owner, ([\d,]+) rows; indexed, plan kept"
    literal = points(rows, pattern, lambda row: seconds(row["reference"]))
    plot.add("value written into the policy", "plain", [(size, time / literal[0][1]) for size, time in literal])
    plot.add("dbmi_authz", "who", [(size, time / literal[0][1]) for size, time in
                                   points(rows, pattern, lambda row: seconds(row["ours"]))])
    return plot


# What the row begins with behind "pool of N users, ", the words of the line, its colour.
POOLS = [("owner, extended", "owner, planned each time", "other"),
         ("owner, prepared", "owner, prepared", "who"),
         ("owner, prepared, 1,000 other statements", "the same with 1,000 statements", "good"),
         ("admin or owner, 5 % admins, prepared", "admin or owner", "trust"),
         ("item permission or owner, 5 % hold it, prepared", "item permission or owner", "bad")]


def pool(rows, about):
    plot = Plot("plot-pool", "A transaction behind a pool, another user each time",
                "Processor time of login and query by dbmi_authz, against unsigned claims in a setting."
                " Below 1 dbmi_authz takes less.",
                "users", "the time with claims in a setting", about)
    for what, words, kind in POOLS:
        plot.add(words, kind, points(rows, r"pool of ([\d,]+) users?, " + re.escape(what), ratio_of))
    plot.add("value written into the query", "plain",
             points(rows, r"pool of ([\d,]+) users?, owner, prepared", lambda row: seconds(
                 row["reference"].split("literal ")[1]) / seconds(row["reference"])))
    return plot


ISSUERS = [("first set_token of a session", "first login of a session", "who"),
           ("next query after a change of another issuer", "next query after a change", "other"),
           ("next query after lost messages", "next query after lost messages", "trust")]


def issuers(rows, about):
    plot = Plot("plot-issuers", "What a session pays for issuers that are not its own",
                "Processor time of a session, against a database that trusts one issuer.", "issuers in the database",
                "the time with one issuer", about)
    for what, words, kind in ISSUERS:
        plot.add(words, kind, [(1, 1.0)] + points(rows, re.escape(what) + r", ([\d,]+) issuers against 1", ratio_of))
    return plot


# How to draw a group, and what one of its rows is.
PLOTS = {"growth": (growth, r"admin or owner, [\d,]+ rows; .*"),
         "pool": (pool, r"pool of [\d,]+ users?, owner, prepared"),
         "issuers": (issuers, r"first set_token of a session, [\d,]+ issuers .*")}


def of_run(groups, machine):
    """name -> text of the files, of rows as bench/run has them"""
    about = "~%(date)s, %(processor)s, %(processors)d processors, load %(load).0f, PostgreSQL %(postgresql)s" % {
        **machine, "postgresql": machine["postgresql"].split(" ")[0]}
    files = {}
    for group in set(PLOTS) & set(groups):
        files.update(PLOTS[group][0](groups[group], about).draw().files())
    return files


def tables(text):
    """[(what is said of date and machine, [row])], one for each heading of the page.  The first cell of
    a head may hold "…", which stands for the first cell of its rows."""
    for section in re.split(r"^#", text, flags=re.M):
        rows, before = [], ""
        for line in section.split("\n"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if line.startswith("|") and not before.startswith("|"):
                name = cells[0] if "…" in cells[0] else "…"
            elif line.startswith("|"):
                rows.append(dict(zip(("what", "ours", "reference", "figure"), [name.replace("…", cells[0]), *cells[1:]])))
            before = line
        if rows:
            yield re.sub(r"\n", " ", re.sub(r"^\|.*\n", "", section, flags=re.M)), rows


def of_page(root):
    """The same of the last table of the page that has such rows"""
    with open(os.path.join(root, PAGE), encoding="utf-8") as f:
        all_tables = list(tables(f.read()))
    found = []
    for draw, pattern in PLOTS.values():
        having = [table for table in all_tables if any(re.fullmatch(pattern, row["what"]) for row in table[1])]
        if not having:
            raise LookupError("%s: no table with a row like %s" % (PAGE, pattern))
        said, rows = having[-1]
        facts = [re.search(pattern, said) for pattern in (
            r"20\d\d-\d\d-\d\d", r"(?:AMD|Intel) \w+", r"\d+ processors", r"[Ll]oad [\d.]+\d?(?: to \d+)?",
            r"PostgreSQL [\d.]+\d")]
        found.append(draw(rows, "~" + ", ".join(fact.group(0).lower() if fact.group(0)[1:4] == "oad" else fact.group(0)
                                                for fact in facts if fact)).draw())
    return found
