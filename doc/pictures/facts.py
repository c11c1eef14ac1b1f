"""What the pictures take from the sources, so that they cannot go stale.

A source that no longer reads as expected is an error here, not an empty picture.
"""
import importlib.machinery
import importlib.util
import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def found(match, path, what):
    if not match:
        raise LookupError("%s: %s is not found any more" % (path, what))
    return match


def checks(root):
    """[(heading, [name of a check])] of verify.c: what is asked of a token, in order"""
    path = "src/token/verify.c"
    body = found(re.search(r"static const Check checks\[\] = \{\n(.*?)\n\};", read(root, path), re.S),
                 path, "the table of checks").group(1)
    groups = []
    for heading, name in re.findall(r"/\* (.+?) \*/|(\w+),", body):
        if heading:
            groups.append((heading.split(": ")[-1], []))
        else:
            groups[-1][1].append(re.sub(r"^(az_)?(check_)?", "", name).replace("_", " "))
    return groups


def states(root):
    """What token_state() may say"""
    path = "src/session/fn_token.c"
    names = re.findall(r'\[AZ_STATE_\w+\] = "(\w+)"', read(root, path))
    return found(names, path, "what token_state() returns")


def identity(root):
    """[[(type, name)]] of the members of AzIdentity, a list for each paragraph"""
    path = "src/token/identity.h"
    body = found(re.search(r"typedef struct AzIdentity\n\{\n(.*?)\n\} AzIdentity;", read(root, path), re.S),
                 path, "struct AzIdentity").group(1)
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    paragraphs = [re.findall(r"^\s*(\w+)\s+(\w+)(?:\[\w+\])?;", part, re.M) for part in re.split(r"\n\s*\n", body)]
    return [members for members in paragraphs if members]


def layers(root):
    """The module test/layers of that tree"""
    loader = importlib.machinery.SourceFileLoader("layers", os.path.join(root, "test", "layers"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("layers", loader))
    loader.exec_module(module)
    return module


def rooms(root):
    """({room: level}, [(room, a room that it includes)]): a level higher than all that it includes"""
    module = layers(os.path.join(ROOT))
    edges = module.edges(root)
    level = {}
    for room, _ in reversed(module.ROOMS):
        level[room] = 1 + max([level[there] for above, there in edges if above == room], default=-1)
    return level, edges
