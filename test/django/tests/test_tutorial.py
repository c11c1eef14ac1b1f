"""doc/django/tutorial.md: a reader's steps, in an empty directory, and what they print."""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from django.db import connections

from . import TEST

PAGE = os.path.join(TEST, "..", "doc", "django", "tutorial.md")
SUDO = '#!/bin/sh\n[ "$1 $2" = "-u postgres" ] && shift 2 && exec "$@"\n'
ADMIN = '#!/bin/sh\nexec %s -m django "$@"\n' % sys.executable


def blocks():
    """(language, word, text) of each"""
    with open(PAGE, encoding="utf-8") as file:
        return re.findall(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", file.read(), re.S | re.M)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def pattern(text):
    """What "..." stands for: anything within a line, or, alone on a line, any lines."""
    text = re.escape(text.strip("\n")).replace(re.escape("..."), ".*?")
    return re.compile(re.sub(r"^\.\*\?$", r"(?:.*\\n?)*", text, flags=re.M) + r"\s*\Z")


class Reader:
    """A shell that goes on from block to block, in a directory that was empty."""

    def __init__(self, path):
        self.path = path
        self.port = free_port()
        self.server = None
        tools = os.path.join(path, ".tools")
        os.mkdir(tools)
        for name, text in (("sudo", SUDO), ("django-admin", ADMIN)):
            with open(os.path.join(tools, name), "w") as file:
                file.write(text)
            os.chmod(os.path.join(tools, name), 0o755)
        self.environment = {
            **{name: value for name, value in os.environ.items()
               if name != "DJANGO_SETTINGS_MODULE"},      # PGUSER: "sudo -u postgres"
            "PATH": tools + os.pathsep + os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.path.abspath(os.path.join(TEST, "..", "django")),
        }

    def write(self, text):
        """The file that the first line names; ", at the end": to what is there."""
        name, end = re.match(r"# (\S+?)(, at the end)?\n", text).groups()
        with open(os.path.join(self.path, name), "a" if end else "w", encoding="utf-8") as file:
            file.write(text.partition("\n")[2])
        if end is None and name != "mint.py":
            compile(text, name, "exec")

    def run(self, text):
        """What it printed.  Variables of the shell are kept."""
        shell = "set -e\n[ ! -f .variables ] || . ./.variables\n%s\nset | grep -E '^[A-Z]+=ey' > .variables || :\n"
        done = subprocess.run(
            ["bash", "-c", shell % text.replace("localhost:8000", "localhost:" + self.port)],
            cwd=self.path, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=300)
        if done.returncode:
            raise AssertionError("%s\nfailed:\n%s" % (text, done.stdout))
        return done.stdout

    def serve(self, command):
        with open(os.path.join(self.path, ".log"), "w+", encoding="utf-8") as log:
            self.server = subprocess.Popen(
                command.replace("8000", self.port).split(), cwd=self.path, env=self.environment,
                stdout=log, stderr=log)
            for _ in range(600):
                try:
                    socket.create_connection(("127.0.0.1", int(self.port)), 1).close()
                    return
                except OSError:
                    if self.server.poll() is not None:
                        break
                    time.sleep(0.1)
            log.seek(0)
            raise AssertionError("the server does not answer:\n" + log.read())

    def leave(self):
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait()


class Tutorial(unittest.TestCase):
    def test_tutorial(self):
        with tempfile.TemporaryDirectory() as path:
            reader = Reader(path)
            self.addCleanup(self.drop)
            self.addCleanup(reader.leave)
            said, compared, servers = None, 0, 0
            for language, word, text in blocks():
                if language == "python":
                    reader.write(text)
                elif (language, word) == ("sh", "server"):
                    reader.serve(text)
                    servers += 1
                elif (language, word) == ("sh", "django"):
                    said = reader.run(text)
                elif language == "text":
                    self.assertRegex(said, pattern(text))
                    compared += 1
                else:
                    self.assertEqual((language, word), ("sh", "skip"))
            self.assertEqual((compared, servers), (6, 1))

    def drop(self):
        with connections["root"].cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname IN ('mysite', 'test_mysite')")
            for name, in cursor.fetchall():
                cursor.execute('DROP DATABASE "%s" WITH (FORCE)' % name)
            for role in ("mysite_app", "mysite_owner"):
                cursor.execute("DROP ROLE IF EXISTS " + role)
