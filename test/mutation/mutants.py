"""Finds what can be mutated in a C file of this project.

Every condition that decides something: of an "if", of "?:", and every operand
of "&&" and "||" in them, in what is returned and in what is assigned.  Each is
forced to hold and not to hold, with its side effects kept; and every "<" in
them becomes "<=", and so on.  Conditions of loops, and assertions, stay as
they are.  Entries of the table of checks are guards, too: each is left out once.

The parser knows no more of C than the style of this project needs.
"""
import re


class Mutant:
    """One change of one file: text[start:end] becomes new."""

    def __init__(self, source, start, end, kind, new):
        self.path = source.path
        self.start, self.end = start, end
        self.kind = kind
        self.new = new
        self.old = source.text[start:end]
        self.line = source.text.count("\n", 0, start) + 1
        self.function = source.function_at(start)
        self.ordinal = 1

    @property
    def name(self):
        """Stands in the list of the explained ones; holds no line number."""
        text = " ".join(self.old.split())
        where = "" if self.ordinal == 1 else " #%d" % self.ordinal
        return "%s %s: %s%s: %s" % (self.path, self.function, self.kind, where, text)

    def apply(self, text):
        return text[:self.start] + self.new + text[self.end:]


LITERAL = re.compile(r"""/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:.*\\\n)*.*$", re.M)
FUNCTION = re.compile(r"^(?:AZ_SQL\()?(\w+)[()][^;{}]*?\n\{", re.M)


def blank(text):
    """The same text, of the same length, without comments and literals."""
    def spaces(match):
        found = match.group()
        fill = "_" if found[0] in "\"'" else " "
        return "".join(c if c == "\n" else fill for c in found)
    text = LITERAL.sub(spaces, text)
    return DIRECTIVE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def closing(text, at):
    """The place of the bracket that closes the one at that place."""
    depth = 0
    for i in range(at, len(text)):
        if text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            depth -= 1
            if depth == 0:
                return i
    raise ValueError("no closing bracket")


class Source:
    def __init__(self, path, text):
        self.path, self.text = path, text
        self.bare = blank(text)
        self.functions = [(m.start(), m.group(1)) for m in FUNCTION.finditer(self.bare)]
        self.found = []

    def function_at(self, at):
        name = "-"
        for start, function in self.functions:
            if start > at:
                break
            name = function
        return name

    # ---- what to change ----

    def force(self, lo, hi, values):
        # "always" and "never" evaluate what they override
        text = self.text[lo:hi]
        if "always" in values:
            self.found.append(Mutant(self, lo, hi, "always", "((%s) || 1)" % text))
        if "never" in values:
            self.found.append(Mutant(self, lo, hi, "never", "((%s) && 0)" % text))

    def shift_bounds(self, lo, hi):
        for i, depth in self.depths(lo, hi):
            if depth > 0 or self.bare[i] not in "<>":
                continue
            if self.bare[i - 1] in "<>-" or self.bare[i + 1] in "<>":
                continue
            if self.bare[i + 1] == "=":
                self.found.append(Mutant(self, i, i + 2, "bound", self.bare[i]))
            else:
                self.found.append(Mutant(self, i, i + 1, "bound", self.bare[i] + "="))
            # named by its whole comparison
            self.found[-1].old = self.text[lo:hi]

    # ---- expressions ----

    def depths(self, lo, hi):
        depth = 0
        for i in range(lo, hi):
            if self.bare[i] in "([{":
                depth += 1
            yield i, depth
            if self.bare[i] in ")]}":
                depth -= 1

    def strip(self, lo, hi):
        while lo < hi and self.bare[lo].isspace():
            lo += 1
        while lo < hi and self.bare[hi - 1].isspace():
            hi -= 1
        return lo, hi

    def split(self, lo, hi, operator):
        parts, start = [], lo
        skip = -1
        for i, depth in self.depths(lo, hi):
            if depth == 0 and i > skip and self.bare.startswith(operator, i):
                parts.append((start, i))
                start = i + len(operator)
                skip = start - 1
        parts.append((start, hi))
        return [self.strip(*part) for part in parts]

    def expression(self, lo, hi):
        lo, hi = self.strip(lo, hi)
        if lo >= hi:
            return
        commas = self.split(lo, hi, ",")
        if len(commas) > 1:
            for part in commas:
                self.expression(*part)
            return
        question = self.split(lo, hi, "?")
        if len(question) > 1:
            condition = question[0]
            self.force(*condition, ("always", "never"))
            self.expression(*condition)
            for part in self.split(question[1][0], hi, ":"):
                self.expression(*part)
            return
        for operator, value in (("||", "never"), ("&&", "always")):
            parts = self.split(lo, hi, operator)
            if len(parts) > 1:
                for part in parts:
                    self.force(*part, (value,))
                    self.expression(*part)
                return
        self.leaf(lo, hi)

    def leaf(self, lo, hi):
        while lo < hi and self.bare[lo] in "! \t\n":
            lo += 1
        self.shift_bounds(lo, hi)
        i = lo
        while i < hi:
            if self.bare[i] in "([":
                end = closing(self.bare, i)
                self.expression(i + 1, end)
                i = end
            i += 1

    # ---- statements ----

    def statement(self, lo, hi):
        """Up to, and without, its semicolon or brace."""
        while True:
            lo, hi = self.strip(lo, hi)
            word = re.compile(r"(else|do|if|for|while|switch|return|case [^:]*:|default:)(?!\w)"
                              ).match(self.bare, lo, hi)
            if not word:
                break
            name = word.group(1)
            lo = word.end()
            if name in ("if", "for", "while", "switch"):
                start = self.bare.index("(", lo)
                end = closing(self.bare, start)
                if name == "if":
                    self.force(*self.strip(start + 1, end), ("always", "never"))
                    self.expression(start + 1, end)
                lo = end + 1
        if re.compile(r"(Static)?Assert\w*\(").match(self.bare, lo, hi):
            return
        assigned = re.compile(r"[^=<>!]=(?!=)").search(self.bare, lo, hi)
        if assigned and self.bare.count("(", lo, assigned.start()) == \
                self.bare.count(")", lo, assigned.start()):
            lo = assigned.end()
        self.expression(lo, hi)

    def body(self, lo, hi):
        start = lo
        depth = 0
        for i in range(lo, hi):
            c = self.bare[i]
            if c in "([":
                depth += 1
            elif c in ")]":
                depth -= 1
            elif c in ";{}" and depth == 0:
                self.statement(start, i)
                start = i + 1

    def mutants(self):
        for start, _ in self.functions:
            opening = self.bare.index("\n{", start) + 1
            self.body(opening + 1, closing(self.bare, opening))
        for table in re.finditer(r"^static const Check \w+\[\] = \{", self.bare, re.M):
            end = closing(self.bare, table.end() - 1)
            for row in re.finditer(r"\w+,", self.bare[table.end():end]):
                at = table.end() + row.start()
                self.found.append(Mutant(self, at, at + len(row.group()), "left out", ""))
        names = {}
        for mutant in sorted(self.found, key=lambda m: (m.start, m.end)):
            mutant.ordinal = names[mutant.name] = names.get(mutant.name, 0) + 1
        return sorted(self.found, key=lambda m: (m.start, m.end, m.kind))


def mutants_of(root, path):
    with open("%s/%s" % (root, path), encoding="utf-8") as f:
        return Source(path, f.read()).mutants()
