"""Connections that send statements as drivers do, by libpq.

psql and pgbench do not switch between two sessions in the middle of a
script; what is compared in turns of milliseconds has to.
"""
import contextlib
import ctypes
import os

LIBPQ = ctypes.CDLL("libpq.so.5")
for function in (LIBPQ.PQconnectdb, LIBPQ.PQprepare, LIBPQ.PQexecPrepared, LIBPQ.PQexecParams, LIBPQ.PQgetResult):
    function.restype = ctypes.c_void_p
for function in (LIBPQ.PQerrorMessage, LIBPQ.PQgetvalue):
    function.restype = ctypes.c_char_p

CONNECTION_OK = 0
GOOD = (1, 2)       # PGRES_COMMAND_OK, PGRES_TUPLES_OK


class Connection:
    """One session of a role.  The server is that of the environment, but for what
    "where" says otherwise."""

    SETTINGS = ("SET jit = off", "SET max_parallel_workers_per_gather = 0")

    def __init__(self, role, prepared, where=""):
        self.handle = ctypes.c_void_p(LIBPQ.PQconnectdb(("user=%s %s" % (role, where)).encode()))
        self.prepared = {} if prepared else None
        if LIBPQ.PQstatus(self.handle) != CONNECTION_OK:
            self.fail()

    def close(self):
        LIBPQ.PQfinish(self.handle)

    def fail(self):
        raise RuntimeError(LIBPQ.PQerrorMessage(self.handle).decode())

    def first_value(self, result):
        """Of the first row, None where there is no row; ends the result."""
        result = ctypes.c_void_p(result)
        if LIBPQ.PQresultStatus(result) not in GOOD:
            self.fail()
        value = LIBPQ.PQgetvalue(result, 0, 0).decode() if LIBPQ.PQntuples(result) > 0 else None
        LIBPQ.PQclear(result)
        return value

    def name_of(self, statement):
        """Prepared when it is asked for the first time."""
        if statement not in self.prepared:
            name = b"s%d" % len(self.prepared)
            self.first_value(LIBPQ.PQprepare(self.handle, name, statement.encode(), 0, None))
            self.prepared[statement] = name
        return self.prepared[statement]

    @staticmethod
    def array(values):
        return (ctypes.c_char_p * len(values))(*(value.encode() for value in values))

    def run(self, statement, *values):
        """A statement with its parameters, which are text; its first value."""
        if self.prepared is not None:
            result = LIBPQ.PQexecPrepared(self.handle, self.name_of(statement), len(values), self.array(values),
                                          None, None, 0)
        else:
            result = LIBPQ.PQexecParams(self.handle, statement.encode(), len(values), None, self.array(values),
                                        None, None, 0)
        return self.first_value(result)

    def log_in(self, token):
        """Under the settings of psql's sessions, too."""
        for setting in self.SETTINGS:
            self.run(setting)
        self.run("SELECT authz.set_token($1)", token)

    def lap(self):
        """(wall, cpu) of the backend since the last lap, in seconds."""
        return [1e-9 * int(n) for n in self.run("SELECT bench.lap()").strip("{}").split(",")]


class Pending(Connection):
    """Asks prepared statements and does not wait."""

    def fileno(self):
        return LIBPQ.PQsocket(self.handle)

    def ask(self, statement, *values):
        if not LIBPQ.PQsendQueryPrepared(self.handle, self.name_of(statement), len(values), self.array(values),
                                         None, None, 0):
            self.fail()

    def is_answered(self):
        """Takes the answer when it is there."""
        if not LIBPQ.PQconsumeInput(self.handle):
            self.fail()
        if LIBPQ.PQisBusy(self.handle):
            return False
        self.first_value(LIBPQ.PQgetResult(self.handle))
        return LIBPQ.PQgetResult(self.handle) is None


class Asking:
    """A statement that one session sends over and over, as text or prepared;
    the backend takes the time.  "share" is the part of the work that it does,
    where the whole would last too long."""

    ENOUGH = 0.02       # seconds, a turn
    MOST = 200          # calls, a turn
    SLOW = 0.3          # seconds a call: a few turns will do
    KEPT = 6            # plans are kept from this time on

    def __init__(self, role, token, statement, prepared, values=((),), share=1):
        self.connection = Connection(role, prepared)
        self.connection.log_in(token)
        self.process = int(self.connection.run("SELECT pg_backend_pid()"))
        self.statement = statement
        self.values = values
        self.share = share
        self.once = self.turn(1)[1] * share
        if not self.slow:
            self.once = min(self.turn(self.KEPT)[1] * share for _ in range(3))

    @property
    def slow(self):
        return self.once > self.SLOW

    def turn(self, calls):
        """(wall, cpu) for each call, in seconds.  One before does not count:
        others were here, and what they read is in the processor's memory."""
        first = 0 if calls == 1 else -1
        for call in range(first, calls):
            if call == 0:
                self.connection.lap()
            self.connection.run(self.statement, *self.values[call % len(self.values)])
        return tuple(seconds / calls / self.share for seconds in self.connection.lap())


def calls_of(sessions):
    """So many for each of them, whichever is the slowest."""
    slowest = max(session.once for session in sessions)
    return int(min(max(Asking.ENOUGH / slowest, 1), Asking.MOST))


@contextlib.contextmanager
def on_one_processor(sessions):
    """Them and us.  To wake a process on another one takes the backend longer
    than a short query does, above all on a virtual machine."""
    ours = os.sched_getaffinity(0)
    for process in (0, *(session.process for session in sessions)):
        os.sched_setaffinity(process, {min(ours)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)
