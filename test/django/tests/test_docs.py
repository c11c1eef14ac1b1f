"""doc/django.md and doc/django/: their Python is Python, and they name what there is."""
import glob
import os
import re
import unittest

from dbmi_authz_django import authz, checks, operations, policy_checks
from dbmi_authz_django.conf import DEFAULTS

from . import TEST


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Docs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = "\n".join(read(path) for path in [
            os.path.join(TEST, "..", "doc", "django.md"),
            *sorted(glob.glob(os.path.join(TEST, "..", "doc", "django", "*.md")))])
        cls.checks = "\n".join(read(module.__file__) for module in (checks, policy_checks))
        cls.blocks = re.findall(r"^```python\n(.*?)^```", cls.text, re.S | re.M)

    def test_python(self):
        self.assertGreater(len(self.blocks), 6)
        for block in self.blocks:
            # the three dots of "and what else you have"
            compile(re.sub(r"\{\.\.\., ", "{**more, ", block), "django.md", "exec")

    def test_imports(self):
        found = re.findall(r"^from (dbmi_authz_django\S*) import (\([^)]*\)|.*)$", self.text, re.M)
        self.assertGreater(len(found), 3)
        for module, names in found:
            exec("from %s import %s" % (module, names), {})

    def test_everything_is_named(self):
        for name in (*DEFAULTS, *authz.__all__, *operations.__all__):
            if name not in ("AuthzError",):
                self.assertRegex(self.text, r"\b%s\b" % name)
        for id in re.findall(r'id="(dbmi_authz\.\w+)"', self.checks):
            self.assertIn("`%s`" % id, self.text)

    def test_what_is_named_is_there(self):
        for name in re.findall(r"\b(?:Has|Is|In)[A-Z]\w*\(", self.text):
            name = name[:-1]
            self.assertTrue(hasattr(authz, name) or hasattr(operations, name), name)
        for id in re.findall(r"`(dbmi_authz\.[EW]\d+)`", self.text):
            self.assertIn('id="%s"' % id, self.checks)
        for key in re.findall(r"^    \"([A-Z_]+)\":", self.text, re.M):
            self.assertTrue(key in DEFAULTS or key.startswith(("DEFAULT_", "EXCEPTION_")), key)
