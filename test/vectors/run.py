#!/usr/bin/python3
"""Feeds the vectors to test/unit/jose_verify.

  test/vectors/run.py              what the verdicts must be
  test/vectors/run.py --verdicts   what they are, one line a vector

One line an origin says how many verdicts were as expected; each that was not
is named.  Where a standard leaves the verdict open, ours is printed; policy.md
gives the reasons.  What 1.1 decides otherwise than 1.0 is in changed-in-1.1,
and nothing else may have changed.  The last line adds up.
"""
import itertools
import json
import os
import subprocess
import sys
import tempfile

import vectors

PROGRAM = os.environ.get("JOSE_VERIFY") or os.path.join(vectors.HERE, "../unit/jose_verify")

# No vector may find the library at a loss: these are no verdicts.
NO_VERDICTS = {"crypto-failure", "no-memory"}


def answers_to(rows):
    """A row is a request: what jose_verify does not know it ignores."""
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run([PROGRAM], input=lines, text=True, stdout=subprocess.PIPE, check=True)
    answers = done.stdout.splitlines()
    if len(answers) != len(rows):
        sys.exit("%s: %d lines in, %d out" % (rows[0]["origin"], len(rows), len(answers)))
    return answers


def is_as_expected(answer, expected):
    verdict, _, reason = answer.partition(" ")
    return (verdict in ("accept", "reject") and reason not in NO_VERDICTS
            and expected in (verdict, answer))


def judge(origin, rows, changes):
    """Prints one origin's part; returns how many were good and bad."""
    bad = []
    decided = {"accept": [], "reject": []}
    for row, answer in zip(rows, answers_to(rows)):
        expected = changes.verdict(row)
        if not is_as_expected(answer, expected):
            bad.append("%s: expected %s, got %s" % (row["id"], expected, answer))
        elif row.get("open"):
            decided[answer.partition(" ")[0]].append(row["id"])
    print("%s: %d as expected, %d not" % (origin, len(rows) - len(bad), len(bad)))
    for line in bad:
        print("    " + line)
    for verdict, ids in decided.items():
        if ids:
            print("    left open, we %s: %s" % (verdict, " ".join(ids)))
    return len(rows) - len(bad), len(bad)


def origins():
    for name in vectors.FILES:
        for origin, rows in itertools.groupby(vectors.read(name), lambda row: row["origin"]):
            yield origin, list(rows)


def unnoticed(rows):
    """Changes of verdicts that nobody may plant: those that would pass."""
    answers = answers_to(rows)
    for planted in ("attacks#ok-RS256\tQ14\taccept\treject", "attacks#ok-RS256\tQ14\treject\taccept",
                    "attacks#ok-RS256\t\taccept\treject", "attacks#ok-RS256\taccept\treject",
                    "attacks#nothing\tQ14\treject\taccept"):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as f:
            f.write(planted + "\n")
            f.flush()
            changes = vectors.Changes(f.name)
            good = [is_as_expected(answer, changes.verdict(row)) for row, answer in zip(rows, answers)]
        if all(good) and not changes.all_faults():
            yield planted


def main():
    if not os.path.exists(PROGRAM):
        sys.exit("%s is not built: run make test/unit/jose_verify" % PROGRAM)
    if sys.argv[1:] == ["--verdicts"]:
        for _, rows in origins():
            for row, answer in zip(rows, answers_to(rows)):
                print(vectors.name_of(row), answer, sep="\t")
        return 0
    changes = vectors.Changes()
    passed = failed = 0
    for origin, rows in origins():
        good, bad = judge(origin, rows, changes)
        passed += good
        failed += bad
    faults = ["changed-in-1.1: " + fault for fault in changes.all_faults()]
    faults += ["went unnoticed in changed-in-1.1: " + line
               for line in unnoticed(list(vectors.read("attacks")))]
    # Q4: all of them are in the tree, wherever that is
    if passed + failed != vectors.COUNT:
        faults.append("there are %d vectors, not %d" % (passed + failed, vectors.COUNT))
    for fault in faults:
        print(fault)
        failed += 1
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
