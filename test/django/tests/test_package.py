"""The package itself: built without a network, installed into an empty venv."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from email.parser import Parser

from . import TEST

SOURCE = os.path.join(TEST, "..", "django")
LIBRARY = os.path.join(SOURCE, "dbmi_authz_django")


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        raise AssertionError("%s: %s" % (" ".join(command), done.stdout))
    return done.stdout


class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        source = os.path.join(cls.directory, "source")
        shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
            "--wheel-dir", cls.directory, source, cwd=cls.directory)
        cls.path, = (os.path.join(cls.directory, name) for name in os.listdir(cls.directory) if name.endswith(".whl"))
        with zipfile.ZipFile(cls.path) as wheel:
            cls.names = set(wheel.namelist())
            name, = (name for name in cls.names if name.endswith(".dist-info/METADATA"))
            cls.metadata = Parser().parsestr(wheel.read(name).decode())

    def test_it_has_every_file(self):
        for directory, _, names in os.walk(LIBRARY):
            for name in names:
                path = os.path.relpath(os.path.join(directory, name), SOURCE)
                if "__pycache__" not in path:
                    self.assertIn(path, self.names)
        self.assertIn("dbmi_authz_django/py.typed", self.names)

    def test_and_nothing_else(self):
        self.assertEqual({name.partition("/")[0] for name in self.names if ".dist-info/" not in name},
                         {"dbmi_authz_django"})

    def test_q48_metadata(self):
        for name in ("Summary", "Author", "License", "Requires-Python", "Description-Content-Type", "Keywords"):
            self.assertTrue(self.metadata[name], name)
        self.assertIn("Install without a network", self.metadata.get_payload())
        self.assertEqual(set(self.metadata.get_all("Provides-Extra")),
                         {"psycopg", "pool", "psycopg2", "rest", "celery", "pytest"})

    def test_its_version_is_that_of_the_extension(self):
        import dbmi_authz_django
        with open(os.path.join(SOURCE, "..", "dbmi_authz.control"), encoding="utf-8") as f:
            installed, = (line.split("'")[1] for line in f if line.startswith("default_version"))
        self.assertEqual(self.metadata["Version"], dbmi_authz_django.__version__)
        self.assertEqual(self.metadata["Version"].rpartition(".")[0], installed)

    def test_into_an_empty_venv(self):
        venv = os.path.join(self.directory, "venv")
        run(sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", venv)
        python = os.path.join(venv, "bin", "python3")
        env = {**os.environ, "PYTHONPATH": "", "DJANGO_SETTINGS_MODULE": "fresh"}
        run(python, "-m", "pip", "install", "--quiet", "--no-index", self.path, env=env)
        project = os.path.join(self.directory, "project")
        os.mkdir(project)
        with open(os.path.join(project, "fresh.py"), "w", encoding="utf-8") as f:
            f.write("""SECRET_KEY = "only for tests"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "dbmi_authz_django"]
MIDDLEWARE = ["dbmi_authz_django.middleware.TokenMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "nowhere"}}
""")
        said = run(python, "-c", "import dbmi_authz_django; print(dbmi_authz_django.__file__)", env=env, cwd=project)
        self.assertTrue(said.startswith(venv), said)
        run(python, "-m", "django", "check", "--fail-level", "ERROR", env=env, cwd=project)
