"""doc/django.md and the pages below: their Python is Python, and they name what there is."""
import glob
import logging.config
import os
import re
import unittest

from dbmi_authz_django import authz, checks, operations, policy_checks, user_checks
from dbmi_authz_django.administration import checks as administration_checks
from dbmi_authz_django.conf import DEFAULTS
from rest_framework.test import APIRequestFactory

from . import TEST, token
from .base import Case


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Docs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = "\n".join(read(path) for path in [
            os.path.join(TEST, "..", "doc", "django.md"),
            *sorted(glob.glob(os.path.join(TEST, "..", "doc", "django", "*.md")))])
        cls.checks = "\n".join(read(module.__file__) for module in (
            checks, policy_checks, user_checks, administration_checks))
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


class Examples(Case):
    """The Python of pages is run; names that a project brings are the clinic's."""

    def run_page(self, name):
        from clinic.api import NoteSerializer
        from clinic.models import Comment, Note
        names = {"Note": Note, "NoteSerializer": NoteSerializer, "Comment": Comment}
        with open(os.path.join(TEST, "..", "doc", "django", name), encoding="utf-8") as f:
            blocks = re.findall(r"^```python\n(.*?)^```", f.read(), re.S | re.M)
        for block in blocks:
            exec(compile(block, name, "exec"), names)
        return names

    def test_rest_framework(self):
        names = self.run_page("rest-framework.md")
        view = names["CommentViewSet"].as_view({"get": "list"})
        request = APIRequestFactory().get("/")
        with authz.as_token(token("ann")):
            data = view(request).data
        self.assertEqual([comment["note"] and comment["note"]["id"] for comment in data], [1, None, 1])
        request = APIRequestFactory().get("/", {"ordering": "-title", "search": "Ann"})
        with authz.as_token(token("ann")):
            data = names["NoteViewSet"].as_view({"get": "list"})(request).data
        self.assertEqual([note["title"] for note in data], ["Ann 2", "Ann 1"])

    def test_operations(self):
        names = self.run_page("operations.md")
        self.assertEqual(names["before_send"]({"user": {"id": token("ann")}}, {}), {"user": {"id": "*" * 20}})
        self.assertEqual(names["urlpatterns"][0].callback(APIRequestFactory().get("/")).status_code, 200)
        for name, value in {"disable_existing_loggers": False, "root": {}}.items():
            names["LOGGING"][name] = value
        logging.config.dictConfig(names["LOGGING"])
