"""The project's own copy of the vectors, as README.md describes it."""
import base64
import json
import lzma
import os

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "data")
CHANGED = os.path.join(HERE, "changed-in-1.1")

# Those with verdicts, in the order in which they run.
FILES = ["wycheproof", "ed25519-edge", "rfc", "attacks", "sets", "libjwt", "json", "options", "assertions"]
COUNT = 8596
# Keys without a verdict, food for the fuzzers.
KEYS = "keys"


def path_of(name):
    return os.path.join(DATA, name + ".jsonl.xz")


def read(name):
    """Yields the rows of a file, as dictionaries."""
    with lzma.open(path_of(name), "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row.get("token", "").startswith("@"):
                row["token"] = huge_token(row["token"])
            yield row


def name_of(row):
    """What changed-in-1.1 calls it."""
    return row["origin"] + "#" + row["id"]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def huge_token(recipe):
    """Nobody can sign these here: their size must be what is refused."""
    if recipe == "@generate: 64 MiB of A with two dots":
        third = "A" * (64 * 2 ** 20 // 3)
        return third + "." + third + "." + third
    assert recipe == "@generate: RS256 token whose header x has 1048576 A"
    header = json.dumps({"alg": "RS256", "kid": "rs", "x": "A" * 1048576})
    return b64(header.encode()) + ".e30." + b64(bytes(256))


class Changes:
    """The verdicts that are no longer those of 1.0.

    One line each: vector, rule, old verdict, new verdict, between tabulators.
    """

    def __init__(self, path=CHANGED):
        self.rows = {}
        self.faults = []
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("#") or not line.strip():
                    continue
                fields = line.rstrip("\n").split("\t")
                if len(fields) != 4 or not all(fields) or fields[2] == fields[3]:
                    self.faults.append("not a vector, a rule and two verdicts: " + line.strip())
                elif fields[0] in self.rows:
                    self.faults.append("listed twice: " + fields[0])
                else:
                    self.rows[fields[0]] = fields[2:]
        self.unmet = set(self.rows)

    def verdict(self, row):
        """What is expected of a vector today."""
        name = name_of(row)
        if name not in self.rows:
            return row["verdict"]
        self.unmet.discard(name)
        old, new = self.rows[name]
        if old != row["verdict"]:
            self.faults.append("%s was not %s but %s" % (name, old, row["verdict"]))
        return new

    def all_faults(self):
        """When every vector has been asked for."""
        return self.faults + ["there is no vector " + name for name in sorted(self.unmet)]
