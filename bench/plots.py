#!/usr/bin/python3
"""Plots of what grows, in the language of doc/pictures/shapes.py.

  bench/plots.py [bench.json [DIR]]

bench/run writes them beside its bench.json; this program writes those of a run that is
over into doc/pictures/, from tmp_check/bench.json unless told otherwise.  What is drawn
are ratios: two things that were measured in turns, in the same run.
"""
import json
import math
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PICTURES = os.path.join(HERE, "..", "doc", "pictures")
sys.path.insert(0, PICTURES)
from shapes import LINE, Picture, wrap, write     # noqa: E402

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
            return (LEFT + 10 + (RIGHT - LEFT - 20) * (math.log10(x) - first) / (last - first), TOP + TALL * (1 - y / top))

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


def about(machine):
    return "~%(date)s, %(processor)s, %(processors)d processors, load %(load).0f, PostgreSQL %(postgresql)s" % {
        **machine, "postgresql": machine["postgresql"].split(" ")[0]}


def growth(rows, machine):
    plot = Plot("plot-growth", "Ten rows of an owner, in tables of three sizes",
                "Processor time of a query under admin or owner, through an index.", "rows of the table",
                "the literal's time at the fewest rows", about(machine))
    sizes = [(int(row["what"].split(",", 1)[1].split(" rows")[0].replace(",", "")), row["detail"])
             for row in rows if "ours" in row["detail"]]
    unit = sizes[0][1]["reference"]["median"]
    plot.add("value written into the policy", "plain", [(size, detail["reference"]["median"] / unit) for size, detail in sizes])
    plot.add("dbmi_authz", "who", [(size, detail["ours"]["median"] / unit) for size, detail in sizes])
    return plot


# What the row begins with behind "pool of N users, ", the words of the line, its colour.
POOLS = [("owner, extended", "owner, planned each time", "other"),
         ("owner, prepared", "owner, prepared", "who"),
         ("owner, prepared, 1,000 other statements", "the same with 1,000 statements", "good"),
         ("admin or owner, 5 % admins, prepared", "admin or owner", "trust"),
         ("item permission or owner, 5 % hold it, prepared", "item permission or owner", "bad")]


def pool(rows, machine):
    plot = Plot("plot-pool", "A transaction behind a pool, another user each time",
                "Processor time of login and query by dbmi_authz, against unsigned claims in a setting. Below 1 dbmi_authz takes less.",
                "users", "the time with claims in a setting", about(machine))
    for what, words, kind in POOLS:
        points = [(int(row["what"].split(" ")[2].replace(",", "")), row["detail"]["ratio"]) for row in rows
                  if row["what"].split(", ", 1)[1] == what]
        plot.add(words, kind, sorted(points))
    return plot


ISSUERS = [("login", "first login of a session", "who"), ("change", "next query after a change", "other"),
           ("lost", "next query after lost messages", "trust")]


def issuers(rows, machine):
    plot = Plot("plot-issuers", "What a session pays for issuers that are not its own",
                "Processor time of a session, against a database that trusts one issuer.", "issuers in the database",
                "the time with one issuer", about(machine))
    for step, words, kind in ISSUERS:
        by_count = rows[0]["detail"]["growth"][step]
        unit = by_count["1"]["median"]
        plot.add(words, kind, sorted((int(count), summary["median"] / unit) for count, summary in by_count.items()))
    return plot


PLOTS = {"growth": growth, "pool": pool, "issuers": issuers}


def plots(results):
    """name -> text of the files, for the groups that were measured"""
    files = {}
    for group, draw in PLOTS.items():
        if group in results["groups"]:
            files.update(draw(results["groups"][group], results["machine"]).draw().files())
    return files


if __name__ == "__main__":
    with open(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "tmp_check", "bench.json"), encoding="utf-8") as f:
        RESULTS = json.load(f)
    write(sys.argv[2] if len(sys.argv) > 2 else PICTURES, plots(RESULTS))
