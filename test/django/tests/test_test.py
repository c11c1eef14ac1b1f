"""dbmi_authz_django.test: a team's own tests, by Django's runner and by pytest.

Each run has a database server's database of its own, as a team's would.
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from . import TEST

HERE = os.path.join(TEST, "django")
PYTHON = [sys.executable, "-W", "default"]


def root(sql, *args):
    with connections["root"].cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.fetchall() if cursor.description else None


def setUpModule():
    root("CREATE ROLE team_owner LOGIN CREATEDB")
    root("CREATE ROLE team_app LOGIN")
    root("CREATE DATABASE team OWNER team_owner")


def tearDownModule():
    connections["root"].close()
    for name, in root("SELECT datname FROM pg_database WHERE datname LIKE '%%team%%'"):
        root('DROP DATABASE "%s"' % name)
    root("DROP ROLE team_owner, team_app")


def page():
    """The examples of doc/django/testing.md: a package for Django's runner, in which
    pytest has a module."""
    with open(os.path.join(TEST, "..", "doc", "django", "testing.md"), encoding="utf-8") as f:
        blocks = re.findall(r"^```python\n(.*?)^```", f.read(), re.S | re.M)
    folder = tempfile.TemporaryDirectory()
    os.chmod(folder.name, 0o755)
    os.mkdir(os.path.join(folder.name, "page"))
    for name, wanted in (("__init__.py", ()), ("test_page.py", "TestCase"),
                         ("test_fixtures.py", "import pytest")):
        with open(os.path.join(folder.name, "page", name), "w", encoding="utf-8") as f:
            if name == "test_fixtures.py":
                f.write("from team.models import Note\n")
            f.write("\n".join(block for block in blocks if wanted and wanted in block))
    return folder


def run(*command, **environment):
    """(exit code, what it said)"""
    done = subprocess.run(
        [*PYTHON, *command], cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=300, env={**os.environ, "DJANGO_SETTINGS_MODULE": "team.settings",
                          "PYTHONPATH": os.pathsep.join([HERE, os.path.join(TEST, "..", "django"),
                                                        environment.pop("PAGE", HERE),
                                                        os.environ.get("PYTHONPATH", "")]),
                          **environment})
    return done.returncode, done.stdout


# Since Python 3.14 processes are not forked unless somebody says so.
MANAGE = """
import multiprocessing, sys
from django.core.management import execute_from_command_line
multiprocessing.set_start_method("fork")
execute_from_command_line(sys.argv)
"""


def django(*arguments, **environment):
    return run("-c", MANAGE, *arguments, **environment)


def pytest(*arguments, **environment):
    return run("-m", "pytest", "-q", "-p", "dbmi_authz_django.pytest_plugin", "-p",
               "no:cacheprovider", "team/pytests", *arguments, **environment)


class Runs(unittest.TestCase):
    def passes(self, done, least):
        code, said = done
        self.assertEqual(code, 0, said)
        found = re.search(r"^Ran (\d+) tests?", said, re.M) or re.search(r"(\d+) passed", said)
        self.assertGreaterEqual(int(found[1]), least, said)
        self.assertNotRegex(said, "skipped|AuthzTestWarning")

    def test_one_role(self):
        """That makes the test database, and owns its tables."""
        with page() as folder:
            self.passes(django("test", "team", "page", PAGE=folder), 46)

    def test_two_roles_at_once_and_again(self):
        """Policies bind the application's role; copies of a database that is kept, by
        processes that are forked, and another key the next time."""
        kept = {"TEAM_ROLES": "two", "TEAM_TEST_NAME": "kept_team"}
        self.passes(django("test", "team.tests.test_first", "team.tests.test_more", "--parallel",
                           "2", "--keepdb", **kept), 34)
        self.passes(django("test", "team.tests.test_first", "--keepdb", **kept), 1)
        names = {name for name, in root("SELECT datname FROM pg_database")}
        self.assertLessEqual({"kept_team", "kept_team_1", "kept_team_2"}, names)

    def test_pytest(self):
        with page() as folder:
            self.passes(pytest(os.path.join(folder, "page", "test_fixtures.py"), PAGE=folder,
                               TEAM_TEST_NAME="pytest_team"), 11)

    def test_no_policy_binds(self):
        """A test that would see all rows is an error, also where no check looks."""
        root("CREATE DATABASE super_team OWNER team_owner")      # nothing is asked of its tables
        code, said = pytest("-k", "test_token", "--reuse-db", "--no-migrations", TEAM_ROLES="superuser",
                            TEAM_TEST_NAME="super_team")
        self.assertEqual(code, 1, said)
        self.assertIn("ImproperlyConfigured: Tests use the database \"default\" as the role "
                      "'postgres', which is a superuser", said)


OUTSIDE = """
import sys
import team.urls
from dbmi_authz_django import authz
from dbmi_authz_django.authz import *
print([m for m in sys.modules if m.startswith(("dbmi_authz_django.test", "dbmi_authz_django.py"))])
authz.test
from dbmi_authz_django.test import NotATestDatabase, as_user, issuer_of, mint
from django.db import connection
for setup in (False, True):
    if setup:
        from django.test.utils import setup_test_environment
        setup_test_environment()
    for what in (mint, issuer_of, as_user("ann").__enter__):
        try:
            what()
            print("made", mint())
        except NotATestDatabase as error:
            print("refused:", error)
print("connected", connection.connection is not None)
"""


class Outside(unittest.TestCase):
    """Nothing of it works where the database is no test database."""

    def shell(self, **environment):
        code, said = django("shell", "-c", OUTSIDE, **environment)
        self.assertEqual(code, 0, said)
        return said

    def test_shell(self):
        """Nor if somebody sets up the test environment there, as Django's tutorial does:
        then there is a token, of a key that no database has heard of."""
        said = self.shell()
        self.assertRegex(said, r"(?m)^\[\]$")        # servers do not import it
        self.assertEqual(len(re.findall("^refused: .*works in tests only", said, re.M)), 3, said)
        self.assertIn("'team', is not a test database: no test runner has made it", said)
        self.assertIn("connected False", said)
        self.assertEqual(root(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = 'team'"), [(0,)])

    def test_name_of_a_test_database(self):
        """A database that is called so, and one of which the settings say it of another."""
        with ThreadPoolExecutor(2) as pool:
            told = [pool.submit(self.shell, **environment) for environment in (
                {"TEAM_NAME": "test_team"}, {"TEAM_NAME": "kept_team_1", "TEAM_TEST_NAME": "kept_team"})]
        for each in told:
            self.assertIn("is not a test database: no test runner has made it", each.result())
