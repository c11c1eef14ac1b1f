"""A server, a pooler and a program of examples/ that run for one test."""
import os
import re
import shutil
import socket
import subprocess
import threading
import time

import psycopg2

READY = re.compile(r"(http://127\.0\.0\.1:(\d+))$")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Database:
    """One program's own, and the superuser in it."""

    def __init__(self, cluster, name, template):
        self.cluster, self.name = cluster, name
        cluster.execute("CREATE DATABASE %s TEMPLATE %s" % (name, template))
        self.connection = cluster.connect(name)
        self.lock = threading.Lock()

    def ask(self, sql):
        """All rows, or None."""
        with self.lock, self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None

    def close(self):
        self.connection.close()

    def size_of_log(self):
        return os.path.getsize(self.cluster.log)

    def logged_since(self, start):
        """What the server said of this database."""
        with open(self.cluster.log, encoding="utf-8", errors="replace") as f:
            f.seek(start)
            return "".join(line for line in f if line.startswith(self.name + " "))


class Cluster:
    """A server of its own: it listens where Java can reach it, and logs what it can."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.log = os.path.join(folder, "log")
        self.data = os.path.join(folder, "data")

    def start(self):
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-N",
                        "--no-locale", "-E", "UTF8"], **quiet)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-keyout", self.data + "/server.key",
                        "-out", self.data + "/server.crt"], **quiet)
        os.chmod(self.data + "/server.key", 0o600)
        with open(self.data + "/postgresql.conf", "a", encoding="ascii") as f:
            f.write("""
listen_addresses = '127.0.0.1'
port = %d
unix_socket_directories = '%s'
fsync = off
ssl = on
shared_preload_libraries = 'dbmi_authz'
log_statement = all
log_min_messages = debug2
log_error_verbosity = verbose
log_parameter_max_length = 0
log_line_prefix = '%%d '
""" % (self.port, self.folder))
        subprocess.run(["pg_ctl", "-D", self.data, "-l", self.log, "-w", "-s", "start"], **quiet)
        os.environ.update(PGHOST=self.folder, PGPORT=str(self.port))

    def stop(self):
        subprocess.run(["pg_ctl", "-D", self.data, "-w", "-s", "-m", "immediate", "stop"],
                       check=False)

    def connect(self, database):
        connection = psycopg2.connect(host=self.folder, port=self.port, user="postgres", dbname=database)
        connection.autocommit = True
        return connection

    def execute(self, sql, database="postgres"):
        connection = self.connect(database)
        with connection.cursor() as cursor:
            cursor.execute(sql)
        connection.close()


class Pooler:
    """PgBouncer in transaction mode: everybody shares one connection to the server."""

    def __init__(self, cluster):
        self.port = free_port()
        self.folder = os.path.join(cluster.folder, "pooler")
        os.mkdir(self.folder)
        ini = os.path.join(self.folder, "ini")
        with open(ini, "w", encoding="ascii") as f:
            f.write("""[databases]
* = host=127.0.0.1 port=%d user=notes_app
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 1
ignore_startup_parameters = extra_float_digits
logfile = %s/log
pidfile = %s/pid
""" % (cluster.port, self.port, self.folder, self.folder))
        program = shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin")
        self.process = subprocess.Popen([program, ini], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for _ in range(100):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("pgbouncer did not start")

    def stop(self):
        self.process.kill()
        self.process.wait()


class Service:
    """A program that runs; what it prints is kept."""

    def __init__(self, command, folder, **env):
        self.process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PORT": "0", **env}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines, self.port, self.ready = [], None, threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if not self.ready.wait(20) or self.port is None:
            self.stop()
            raise RuntimeError("%s did not start: %s" % (command, self.printed()))

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            found = READY.search(line.strip())
            if found and self.port is None:
                self.port = int(found.group(2))
                self.ready.set()
        self.ready.set()

    def printed(self):
        return "".join(self.lines)

    def runs(self):
        return self.process.poll() is None

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(0.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(2)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
