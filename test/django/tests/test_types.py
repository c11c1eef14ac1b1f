"""The package has types, and whoever uses it gets them.  It still is Python 3.8."""
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from . import TEST

SOURCE = os.path.join(TEST, "..", "django")
LIBRARY = "dbmi_authz_django"

GOOD = '''
from __future__ import annotations

import datetime
from typing import Any, Dict, FrozenSet, List, Optional

from typing_extensions import assert_type

from dbmi_authz_django import authz
from dbmi_authz_django.requirements import Requirement

me = authz.identity()
assert_type(me.is_authenticated, bool)
assert_type(me.claims, Dict[str, Any])
assert_type(me.subject, Optional[str])
assert_type(me.scopes, FrozenSet[str])
assert_type(me.organisations, Dict[str, Dict[str, Any]])
assert_type(me.expires_at, Optional[datetime.datetime])
assert_type(me.cache_key, str)


def job(token: str) -> List[str]:
    with authz.as_token(token):     # lets no error vanish, so nothing is missing behind it
        return sorted(authz.identity().roles)


@authz.as_token("a")
def counted(number: int) -> int:
    return number


assert_type(counted(1), int)

may_write = authz.HasScope("notes:write") & ~authz.HasAnyRole("guest", "trial")
assert_type(may_write, Requirement)
assert_type(may_write | authz.InOrg(authz.UrlKwarg("org_id")), Requirement)


@authz.token_optional
@authz.cache_page_per_identity(60)
@authz.same_for_everybody
@authz.requires(may_write)
def view(request: Any, pk: int) -> str:
    return "%d" % pk


assert_type(view(None, pk=1), str)


@authz.requires(authz.StepUp(["gold"], within=datetime.timedelta(minutes=5)))
async def aview(request: Any) -> bytes:
    return b""


async def everything() -> None:
    assert_type(await aview(None), bytes)
    assert_type((await authz.aidentity()).groups, FrozenSet[str])
    async with authz.as_token(None):
        await authz.aask("has_scope", "read")


def answer(error: authz.AuthzError) -> int:
    assert_type(error.body, Dict[str, Any])
    assert_type(error.challenge, Optional[str])
    return error.status
'''

# What is behind a line is what mypy must say there.
BAD = '''
from __future__ import annotations

from typing import Any

from dbmi_authz_django import authz

authz.as_token(1)                                   # arg-type
authz.HasScope(1)                                   # arg-type
authz.HasAnyRole(["editor"])                        # arg-type
authz.HasOrgRole("a")                               # call-arg
authz.requires(authz.IsAuthenticated)               # arg-type
authz.StepUp(within=5)                              # arg-type
authz.identity().scope                              # attr-defined
subject: str = authz.identity().subject             # assignment
authz.ask(1)                                        # arg-type


@authz.requires(authz.IsAuthenticated())
def view(request: Any, pk: int) -> str:
    return "%d" % pk


view(None, "1")                                     # arg-type
number: int = view(None, 1)                         # assignment


async def everything() -> None:
    authz.aidentity().roles                         # attr-defined


def without_types(request):                         # no-untyped-def
    pass
'''


class Types(unittest.TestCase):
    """One run of mypy for all: most of its time goes into the standard library's types."""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        from mypy.defaults import PYTHON3_VERSION_MIN
        directory = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, directory)
        for name, text in (("good.py", GOOD), ("bad.py", BAD)):
            with open(os.path.join(directory, name), "w") as f:
                f.write(text)
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--cache-dir", os.path.join(directory, "cache"), "--config-file",
             "pyproject.toml", "--python-version", "%d.%d" % max((3, 8), PYTHON3_VERSION_MIN), "--show-error-codes",
             "--hide-error-context", "--no-error-summary", LIBRARY,
             os.path.join(directory, "good.py"), os.path.join(directory, "bad.py")],
            cwd=SOURCE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        cls.said = [line for line in done.stdout.splitlines() if ": note: " not in line]

    def test_package(self):
        self.assertEqual([line for line in self.said if "bad.py:" not in line and "good.py:" not in line], [])

    def test_applications(self):
        self.assertEqual([line for line in self.said if "good.py:" in line], [])

    def test_what_is_wrong_is_found(self):
        found = sorted((int(line.split("bad.py:")[1].split(":")[0]), line.rpartition("[")[2].rstrip("]"))
                       for line in self.said if "bad.py:" in line)
        wanted = [(number, line.rpartition("# ")[2]) for number, line in enumerate(BAD.split("\n"), 1)
                  if re.search(r"  # [a-z-]+$", line)]
        self.assertGreater(len(wanted), 10)
        self.assertEqual(found, wanted, self.said)


class Python38(unittest.TestCase):
    def test_syntax(self):
        for path in modules():
            with self.subTest(module=os.path.relpath(path, SOURCE)), open(path, encoding="utf-8") as f:
                ast.parse(f.read(), path, feature_version=(3, 8))

    def test_annotations_are_not_evaluated(self):
        """dict[str, int] and str | None are errors there, unless nobody evaluates them."""
        for path in modules():
            with self.subTest(module=os.path.relpath(path, SOURCE)), open(path, encoding="utf-8") as f:
                tree = ast.parse(f.read())
                has = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
                self.assertTrue(has or not annotations(tree))
                self.assertEqual([ast.unparse(node) for node in evaluated(tree) if is_new(node)], [])


def modules():
    found = [os.path.join(directory, name) for directory, _, names in os.walk(os.path.join(SOURCE, LIBRARY))
             for name in names if name.endswith(".py")]
    assert len(found) > 100
    return found


def annotations(tree):
    found = []
    for node in ast.walk(tree):
        found += [getattr(node, name) for name in ("annotation", "returns") if getattr(node, name, None) is not None]
    return found


def evaluated(tree):
    """All nodes but those of annotations."""
    others = {id(node) for annotation in annotations(tree) for node in ast.walk(annotation)}
    return [node for node in ast.walk(tree) if id(node) not in others]


def is_new(node):
    return (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)
            and node.value.id in ("dict", "frozenset", "list", "set", "tuple", "type"))
