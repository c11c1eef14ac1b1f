"""The language of our pictures: few shapes, few colours, each with a meaning.

A picture is 480 units wide and as tall as it needs to be, so that it can be read on a
telephone: at 360 pixels the smallest letters have 11 of them.  Text is text.  Which
font shows it is the reader's; lengths are those of DejaVu Sans, the widest of the usual
ones, so what fits here fits everywhere.  What does not fit, or lies on other text, is an
error of the one who drew it: save() raises.

In a line of text, `backticks` make it a piece of code, and a line that begins with
"**" is bold, one with "~" secondary.
"""
import html
import os
import re

WIDTH = 480
SIZE = 15           # of letters
LINE = 20           # from one to the next
PAD = 9
MONO = 0.602        # of the size, a letter

# Of ASCII from the blank on, in thousandths of the size.
REGULAR = [int(n) for n in (
    "317 400 459 837 636 950 779 274 390 390 500 837 317 360 317 336 636 636 636 636 636 636 636 636 636 636 336 336"
    " 837 837 837 530 1000 684 686 698 770 631 575 774 751 294 294 655 557 862 748 787 603 787 694 634 610 731 684"
    " 988 685 610 685 390 336 390 837 500 500 612 634 549 634 615 352 634 633 277 277 579 277 974 633 611 634 634"
    " 411 520 392 633 591 817 591 591 524 636 336 636 837").split()]
BOLD = 1.115        # so much wider, at most

# What a colour means.  Each is (fill, stroke), light and dark.
KINDS = {
    "plain": (("#f6f8fa", "#6e7781"), ("#161b22", "#8b949e")),      # PostgreSQL's, or nobody's in particular
    "who": (("#ddf4ff", "#0969da"), ("#0c2d4d", "#58a6ff")),        # a token, an identity; Ann
    "other": (("#fbefff", "#8250df"), ("#2b1d45", "#bc8cff")),      # another identity; Bob
    "trust": (("#fff8c5", "#9a6700"), ("#352a0b", "#d29922")),      # what the owner of the database says
    "good": (("#dafbe1", "#1a7f37"), ("#0f2f1a", "#3fb950")),       # let through
    "bad": (("#ffebe9", "#cf222e"), ("#3b1519", "#ff7b72")),        # refused; nobody
}
INK = (("#1f2328", "#57606a", "#ffffff"), ("#e6edf3", "#9da7b3", "#0d1117"))   # text, secondary text, ground
FONT = "system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,'DejaVu Sans',sans-serif"
CODE = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"


class Overflow(Exception):
    """Something does not fit."""


def style(dark):
    """The same classes in both twins."""
    text, second, ground = INK[dark]
    rules = ["text{font:%dpx %s;fill:%s}" % (SIZE, FONT, text),
             ".b{font-weight:600}", ".c{font-family:%s}" % CODE, ".s{fill:%s}" % second,
             ".ground{fill:%s}" % ground,
             ".box,.line{stroke-width:1.5}", ".line{fill:none}", ".dash{stroke-dasharray:5 4}",
             ".off{fill:none}", ".grid{opacity:.4}"]
    for kind, twins in KINDS.items():
        fill, stroke = twins[dark]
        rules.append(".box.%s{fill:%s;stroke:%s}" % (kind, fill, stroke))
        rules.append(".line.%s{stroke:%s}" % (kind, stroke))
        rules.append(".head.%s{fill:%s}" % (kind, stroke))
        rules.append("text.%s{fill:%s}" % (kind, stroke if kind != "plain" else text))
    return "".join(rules)


def pieces(text):
    """(text, is code) of a line"""
    return [(part, bool(i % 2)) for i, part in enumerate(text.split("`")) if part]


def length(text, bold=False):
    """In units, with the marks left out."""
    total = 0
    for part, code in pieces(text):
        if code:
            total += len(part) * MONO * SIZE
        else:
            total += sum(REGULAR[ord(c) - 32] if 32 <= ord(c) < 127 else 837 for c in part) * SIZE / 1000.0
    return total * (BOLD if bold else 1)


def plain_of(text):
    """The line without its mark, and its class"""
    for mark, name in (("**", "b"), ("~", "s")):
        if text.startswith(mark):
            return text[len(mark):], name
    return text, ""


def wrap(text, width):
    """Lines that fit; the mark of the line is that of all.  Code may hold blanks and is not cut at them."""
    body, name = plain_of(text)
    mark = {"b": "**", "s": "~", "": ""}[name]
    lines = [""]
    for word in re.findall(r"(?:`[^`]*`|[^`\s])+", body):
        longer = (lines[-1] + " " + word).strip()
        if lines[-1] and length(longer, name == "b") > width:
            lines.append(word)
        else:
            lines[-1] = longer
    for line in lines:
        if length(line, name == "b") > width + 0.5:
            raise Overflow("%r is %d wide, there is room for %d" % (line, length(line, name == "b"), width))
    return [mark + line for line in lines]


class Box:
    """Where something is; arrows begin and end at its sides."""

    def __init__(self, x, y, w, h):
        self.x, self.y, self.w, self.h = x, y, w, h

    @property
    def top(self):
        return self.x + self.w / 2, self.y

    @property
    def bottom(self):
        return self.x + self.w / 2, self.y + self.h

    @property
    def left(self):
        return self.x, self.y + self.h / 2

    @property
    def right(self):
        return self.x + self.w, self.y + self.h / 2

    @property
    def end(self):
        return self.y + self.h


def number(n):
    return ("%.1f" % n).rstrip("0").rstrip(".")


class Picture:
    """title and desc are what a screen reader says."""

    def __init__(self, name, title, desc):
        self.name, self.title, self.desc = name, title, " ".join(desc.split())
        self.parts, self.texts, self.bottom = [], [], 0

    # -- text --

    def line(self, x, y, text, anchor="start", kind=""):
        """One line, whose base is y."""
        body, name = plain_of(text)
        width = length(body, name == "b")
        left = x - {"start": 0, "middle": width / 2, "end": width}[anchor]
        self.texts.append((left, y - 12, width, 15, body))
        self.bottom = max(self.bottom, y + 6)
        spans = "".join('<tspan class="c">%s</tspan>' % html.escape(part) if code else html.escape(part)
                        for part, code in pieces(body))
        names = " ".join(n for n in (name, kind) if n)
        self.parts.append('<text x="%s" y="%s"%s%s xml:space="preserve">%s</text>' % (
            number(x), number(y), ' class="%s"' % names if names else "",
            "" if anchor == "start" else ' text-anchor="%s"' % anchor, spans))

    def text(self, x, y, w, lines, anchor="start", kind=""):
        """Lines that wrap, from y down; where they end."""
        at = {"start": x, "middle": x + w / 2, "end": x + w}[anchor]
        for line in [lines] if isinstance(lines, str) else lines:
            for piece in wrap(line, w):
                self.line(at, y + 15, piece, anchor, kind)
                y += LINE
        return y

    # -- shapes --

    def rect(self, x, y, w, h, kind="plain", more="", round_by=6):
        self.bottom = max(self.bottom, y + h)
        self.parts.append('<rect class="%s" x="%s" y="%s" width="%s" height="%s" rx="%s"/>' % (
            ("box %s %s" % (kind, more)).strip(), number(x), number(y), number(w), number(h), number(round_by)))
        return Box(x, y, w, h)

    def stretch(self, rect, end):
        """Down to there, when it is known what it holds."""
        rect.h = end - rect.y
        self.bottom = max(self.bottom, end)
        old = 'x="%s" y="%s" width="%s" height="0"' % (number(rect.x), number(rect.y), number(rect.w))
        self.parts = [part.replace(old, old[:-2] + '%s"' % number(rect.h)) for part in self.parts]

    def box(self, x, y, w, lines, kind="plain", anchor="middle", h=0, more="", pill=False):
        """A box as high as its text, which stands in its middle."""
        wrapped = [piece for line in ([lines] if isinstance(lines, str) else lines)
                   for piece in wrap(line, w - 2 * PAD)]
        need = LINE * len(wrapped) + 2 * PAD - 2
        if h and need > h:
            raise Overflow("%s: %r needs %d, there are %d" % (self.name, lines, need, h))
        h = h or need
        made = self.rect(x, y, w, h, kind, more, h / 2 if pill else 6)
        at = y + (h - LINE * len(wrapped)) / 2
        for piece in wrapped:
            self.line({"start": x + PAD, "middle": x + w / 2}[anchor], at + 15, piece, anchor)
            at += LINE
        return made

    def arrow(self, *points, kind="plain", dash=False, head=True, more=""):
        """Along these points, the last with a head."""
        points = list(points)
        (x0, y0), (x1, y1) = points[-2:]
        span = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 0.01)
        dx, dy = (x1 - x0) / span, (y1 - y0) / span
        tip = points[-1]
        if head:
            points[-1] = (x1 - 7 * dx, y1 - 7 * dy)
        self.parts.append('<polyline class="line %s%s%s" points="%s"/>' % (
            kind, " dash" if dash else "", " " + more if more else "", " ".join("%s,%s" % (number(x), number(y))
                                                                                for x, y in points)))
        if head:
            back = [(tip[0] - 9 * dx + 4.5 * s * dy, tip[1] - 9 * dy - 4.5 * s * dx) for s in (1, -1)]
            self.parts.append('<polygon class="head %s" points="%s"/>' % (
                kind, " ".join("%s,%s" % (number(x), number(y)) for x, y in [tip] + back)))
        self.bottom = max([self.bottom] + [y for _, y in points])

    def down(self, upper, lower, label="", kind="plain", dash=False, x=None, side="right"):
        """From one box to the one below it, with a word beside."""
        x = upper.bottom[0] if x is None else x
        self.arrow((x, upper.end), (x, lower.y), kind=kind, dash=dash)
        if label:
            middle = (upper.end + lower.y) / 2 + 5
            if side == "right":
                self.line(x + 8, middle, label)
            else:
                self.line(x - 8, middle, label, "end")

    # -- the file --

    def check(self, height):
        """No text over the edge, and none over another."""
        faults = ["%r leaves the picture" % body for left, top, width, tall, body in self.texts
                  if left < 4 or left + width > WIDTH - 4 or top < 0 or top + tall > height]
        for i, (left, top, width, tall, body) in enumerate(self.texts):
            for left2, top2, width2, tall2, body2 in self.texts[:i]:
                if left < left2 + width2 and left2 < left + width and top < top2 + tall2 and top2 < top + tall:
                    faults.append("%r lies over %r" % (body, body2))
        if faults:
            raise Overflow("%s: %s" % (self.name, "; ".join(faults)))

    def svg(self, dark):
        height = int(self.bottom + 14)
        self.check(height)
        head = ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img"'
                ' aria-labelledby="t d">' % (WIDTH, height, WIDTH, height))
        return "\n".join([
            head, '<title id="t">%s</title>' % html.escape(self.title),
            '<desc id="d">%s</desc>' % html.escape(self.desc),
            "<style>%s</style>" % style(dark),
            '<rect class="ground" width="%d" height="%d" rx="6"/>' % (WIDTH, height)] + self.parts + ["</svg>", ""])

    def files(self):
        """name -> text of both twins"""
        return {self.name + ".svg": self.svg(False), self.name + "-dark.svg": self.svg(True)}


def write(folder, files):
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
