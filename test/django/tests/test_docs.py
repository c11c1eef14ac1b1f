"""doc/django/: its Python is Python, its examples run, and the reference names all there is."""
import ast
import glob
import logging.config
import os
import re
import unittest

from asgiref.sync import async_to_sync
from dbmi_authz_django import authz, operations
from dbmi_authz_django.checking import checks, policy_checks, user_checks
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
        pages = os.path.join(TEST, "..", "doc", "django")
        cls.text = "\n".join(read(path) for path in sorted(glob.glob(os.path.join(pages, "*.md"))))
        cls.reference = read(os.path.join(pages, "reference.md"))
        cls.checks = "\n".join(read(module.__file__) for module in (
            checks, policy_checks, user_checks, administration_checks))
        cls.blocks = re.findall(r"^```python\n(.*?)^```", cls.text, re.S | re.M)

    def test_python(self):
        self.assertGreater(len(self.blocks), 6)
        for block in self.blocks:
            # the three dots of "and what else you have"
            compile(re.sub(r"\{\.\.\., ", "{**more, ", block), "doc/django", "exec")

    def test_imports(self):
        found = re.findall(r"^from (dbmi_authz_django\S*) import (\([^)]*\)|.*)$", self.text, re.M)
        self.assertGreater(len(found), 3)
        for module, names in found:
            exec("from %s import %s" % (module, names), {})

    def test_reference(self):
        """It has everything, and settings with their defaults."""
        for name in (*authz.__all__, *operations.__all__):
            self.assertRegex(re.sub(r"\s+", " ", self.reference), r"`[^`\n]*\b%s\b[^`\n]*`" % name)
        for id in re.findall(r'id="(dbmi_authz\.\w+)"', self.checks):
            self.assertIn("`%s`" % id, self.reference)
        folder = os.path.join(os.path.dirname(checks.__file__), "management", "commands")
        for path in glob.glob(os.path.join(folder, "authz_*.py")):
            name = os.path.basename(path)
            self.assertIn("\n* `%s`\n" % name[:-3], self.reference)
            listed = self.reference.partition("\n* `%s`\n" % name[:-3])[2].partition("\n* ")[0]
            for option in re.findall(r'add_argument\("(--[\w-]+)"', read(path)):
                self.assertRegex(listed, r"`%s[ `]" % option)
        rows = dict(re.findall(r"^\* `([A-Z_]+)`\n  \* type: .*\n  \* default: (.*)$", self.reference, re.M))
        self.assertEqual(list(rows), list(DEFAULTS))
        for key, default in DEFAULTS.items():
            if default is None:
                # what stands in its place, of which None is not told apart
                self.assertRegex(rows[key], r"^none$|^Django's `LOGIN_URL`$|^`\"default\"`$")
            elif key == "KEYS_MAX_AGE":
                self.assertEqual((rows[key], default), ("seven days", 7 * 86400))
            else:
                value = ast.literal_eval(rows[key].strip("`"))
                self.assertEqual(tuple(value) if isinstance(value, list) else value, default)

    def test_what_is_named_is_there(self):
        for name in re.findall(r"\b(?:Has|Is|In)[A-Z]\w*\(", self.text):
            name = name[:-1]
            self.assertTrue(hasattr(authz, name) or hasattr(operations, name), name)
        for id in re.findall(r"`(dbmi_authz\.[EW]\d+)`", self.text):
            self.assertIn('id="%s"' % id, self.checks)
        for body in re.findall(r"^DBMI_AUTHZ = \{\n(.*?)^\}", self.text, re.S | re.M):
            self.assertLessEqual(set(re.findall(r"^    \"([A-Z_]+)\":", body, re.M)), set(DEFAULTS))


class Examples(Case):
    """The Python of pages is run; names that a project brings are the clinic's."""

    def run_page(self, name):
        from clinic.api import NoteSerializer
        from clinic.models import Comment, Note
        names = {"Note": Note, "NoteSerializer": NoteSerializer, "Comment": Comment}
        with open(os.path.join(TEST, "..", "doc", "django", name), encoding="utf-8") as f:
            blocks = re.findall(r"^```python\n(.*?)^```", f.read(), re.S | re.M)
        for block in blocks:
            block = block.replace("{..., ", "{")
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

    def test_how_it_works(self):
        names = self.run_page("how-it-works.md")
        request = APIRequestFactory().get("/")
        with authz.as_token(token("ann")):
            answer = async_to_sync(names["renamed"])(request, pk=1)
        self.assertEqual(answer.content, b'{"titles": ["by ann", "Ann 2"]}')
        with self.assertRaises(authz.Unauthorized):
            async_to_sync(names["renamed"])(request, pk=1)
