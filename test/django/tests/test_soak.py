"""Live servers: nobody sees another's row, over a handful of connections."""
import os
import subprocess
import sys
import tempfile
import time
import unittest
from contextlib import contextmanager

import django
from django.db import connections

from .crowd import Crowd

HERE = os.path.dirname(os.path.abspath(__file__))
REQUESTS = int(os.environ.get("DJANGO_SOAK", "1500"))
SEED = os.environ.get("DJANGO_SEED") or str(int.from_bytes(os.urandom(3), "big"))
THREADS = 6
CLIENTS = 12
POOL = 3            # connections of PgBouncer's to the server
POOL_PORT = 6432

POOL_INI = """
[databases]
clinic = host={host} port={port} dbname=clinic user=clinic_app pool_mode={mode} pool_size={size}
[pgbouncer]
listen_addr =
listen_port = {pool_port}
unix_socket_dir = {dir}
auth_type = any
logfile = {dir}/log
pidfile = {dir}/pid
server_reset_query = DISCARD ALL
ignore_startup_parameters = extra_float_digits
"""


def root(sql):
    with connections["root"].cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else None


def connected():
    return root("SELECT count(*) FROM pg_stat_activity WHERE usename = 'clinic_app'")[0][0]


def appears(path, process):
    for _ in range(200):
        if os.path.exists(path):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError("no " + path)


@contextmanager
def process(*command, socket, **environ):
    work = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, env={**os.environ, **environ})
    try:
        appears(socket, work)
        yield work
    finally:
        work.terminate()
        work.wait()


@contextmanager
def pool(directory, mode):
    ini = os.path.join(directory, "ini")
    with open(ini, "w") as f:
        f.write(POOL_INI.format(host=os.environ["PGHOST"], port=os.environ["PGPORT"], mode=mode,
                                size=POOL, pool_port=POOL_PORT, dir=directory))
    path = [*os.environ["PATH"].split(":"), "/usr/sbin"]
    program = next(p + "/pgbouncer" for p in path if os.access(p + "/pgbouncer", os.X_OK))
    with process(program, ini, socket=os.path.join(directory, ".s.PGSQL.%d" % POOL_PORT)):
        yield


class Soak(unittest.TestCase):
    def crowd(self, what, requests=REQUESTS, **environ):
        """What was wrong, after so many requests to a server of its own."""
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "web")
            before = connected()    # other tests of this process
            with process(sys.executable, os.path.join(HERE, "..", "server.py"), path,
                         str(THREADS), socket=path, **environ):
                crowd = Crowd(path, SEED, "CLINIC_ATOMIC" in environ)
                rate = crowd.run(CLIENTS, requests)
                used = max(0, connected() - before)
            planted = root("SELECT count(*) FROM clinic_note WHERE title = 'planted'"
                           " OR title NOT LIKE owner || ' note %'")[0][0]
        print("\n%s: %d requests, %d users, %d connections, %.0f a second, %d wrong, seed %s" % (
            what, crowd.done, len(crowd.tokens), used, rate, len(crowd.wrong), SEED), flush=True)
        self.assertEqual(crowd.done, requests // CLIENTS * CLIENTS)
        return crowd.wrong, used, planted

    def sound(self, what, most, **environ):
        wrong, used, planted = self.crowd(what, **environ)
        self.assertEqual((wrong[:5], planted), ([], 0))
        self.assertLessEqual(used, most)

    def test_session(self):
        self.sound("session tokens", THREADS)

    def test_atomic_requests(self):
        self.sound("ATOMIC_REQUESTS", THREADS, CLINIC_ATOMIC="1")

    def test_no_kept_connections(self):
        self.sound("CONN_MAX_AGE 0", THREADS, CLINIC_MAX_AGE="0")

    def through_pool(self, what, mode, check, **environ):
        with tempfile.TemporaryDirectory() as directory, pool(directory, mode):
            return check(what, CLINIC_PORT=str(POOL_PORT), CLINIC_HOST=directory, **environ)

    @contextmanager
    def transaction_scope(self):
        root("ALTER DATABASE clinic SET dbmi_authz.token_scope = 'transaction'")
        try:
            yield
        finally:
            root("ALTER DATABASE clinic RESET dbmi_authz.token_scope")

    def few(self, what, **environ):
        self.sound(what, POOL, **environ)

    def test_pgbouncer_transaction_mode(self):
        with self.transaction_scope():
            self.through_pool("PgBouncer, transaction mode", "transaction", self.few)

    def test_pgbouncer_transaction_mode_atomic(self):
        with self.transaction_scope():
            self.through_pool("PgBouncer, transaction mode, ATOMIC_REQUESTS", "transaction",
                              self.few, CLINIC_ATOMIC="1")

    def test_pgbouncer_session_mode(self):
        """Connections are kept shorter here, so that they change hands."""
        self.through_pool("PgBouncer, session mode", "session", self.few, CLINIC_MAX_AGE="0")

    if django.VERSION >= (5, 1):
        def test_pool_of_psycopg(self):
            """Threads share connections, also those that a view gave back in the middle."""
            self.sound("pool of psycopg", POOL, CLINIC_POOL=str(POOL), CLINIC_MAX_AGE="0")

    def test_that_it_would_be_seen(self):
        """Session tokens through a pool that shares sessions: what check E026 is against."""
        def unsafe(what, **environ):
            wrong, _, _ = self.crowd(what, 600, **environ)
            self.assertGreater(len(wrong), 0)
        self.through_pool("PgBouncer, made unsafe", "transaction", unsafe)
