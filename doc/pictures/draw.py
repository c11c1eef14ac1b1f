#!/usr/bin/python3
"""The pictures of the documentation, from today's sources.

doc/pictures/draw.py             write NAME.svg and NAME-dark.svg of each ("make pictures")
doc/pictures/draw.py --check     are those in the tree the same?  Then plant faults in copies of
                                 the sources, and see that the pictures differ, or say so
"""
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "..", "bench"))
import facts            # noqa: E402
import of_identity      # noqa: E402
import of_plans         # noqa: E402
import of_servers       # noqa: E402
import plots            # noqa: E402
import shapes           # noqa: E402

PICTURES = (of_identity.idea, of_identity.way_of_a_token, of_identity.states, of_identity.savepoints, of_identity.block,
            of_plans.folding, of_plans.life,
            of_servers.rooms, of_servers.trust_change, of_servers.object_permission, of_servers.pools,
            of_servers.hand_over,
            of_servers.nodes_told)

# A file, what is written there, and what stands there instead.
PLANTS = [
    ("src/token/verify.c", "\taz_check_age,\n", "", ),
    ("src/token/verify.c", "\tchoose_keys,\n\tcheck_signature,\n", "\tcheck_signature,\n\tchoose_keys,\n"),
    ("src/token/identity.h", "\tAzSet\t\tamr;\n", ""),
    ("src/token/identity.h", "\tAzSet\t\taudience;\n", "\tAzSet\t\taddressees;\n"),
    ("src/session/fn_token.c", '"revoked"', '"withdrawn"'),
    (plots.PAGE, "| 1 user, owner, prepared |", "| 2 users, owner, prepared |"),
    ("src/policies/policy.c", '#include "policies/policy.h"',
     '#include "policies/policy.h"\n#include "objects/registry.h"'),
]


def drawn(root):
    """name -> text of all files"""
    files = {}
    for draw in PICTURES:
        files.update(draw(root).files())
    for picture in plots.of_page(root):
        files.update(picture.files())
    return files


def kept():
    """The same of those in the tree"""
    files = {}
    for name in os.listdir(HERE):
        if name.endswith(".svg"):
            with open(os.path.join(HERE, name), encoding="utf-8") as f:
                files[name] = f.read()
    return files


def is_noticed(copy, path, old, new):
    """Does another picture come out of that source, or none?"""
    full = os.path.join(copy, path)
    with open(full, encoding="utf-8") as f:
        text = f.read()
    if old not in text:
        raise SystemExit("%s: %r does not stand there" % (path, old))
    with open(full, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new, 1))
    try:
        return drawn(copy) != kept()
    except LookupError:
        return True
    finally:
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)


def check():
    now, tree = drawn(facts.ROOT), kept()
    faults = ["doc/pictures/%s is not what the sources say now: make pictures" % name
              for name in sorted(set(now) | set(tree)) if now.get(name) != tree.get(name)]
    passed = len(set(now) | set(tree)) - len(faults)
    with tempfile.TemporaryDirectory() as copy:
        os.makedirs(os.path.join(copy, os.path.dirname(plots.PAGE)))
        shutil.copy(os.path.join(facts.ROOT, plots.PAGE), os.path.join(copy, plots.PAGE))
        shutil.copytree(os.path.join(facts.ROOT, "src"), os.path.join(copy, "src"),
                        ignore=shutil.ignore_patterns("*.o", "*.bc"))
        for plant in PLANTS:
            if is_noticed(copy, *plant):
                passed += 1
            else:
                faults.append("nothing notices %r in %s" % (plant[2], plant[0]))
    for fault in faults:
        print("not ok: " + fault)
    print("pictures: %d passed, %d failed" % (passed, len(faults)))
    return not faults


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if check() else 1)
    shapes.write(HERE, drawn(facts.ROOT))
