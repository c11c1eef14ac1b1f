"""A connection that sends statements as drivers do, by libpq.

psql and pgbench do not switch between two sessions in the middle of a
script; what is compared in turns of milliseconds has to.
"""
import ctypes

LIBPQ = ctypes.CDLL("libpq.so.5")
for function in (LIBPQ.PQconnectdb, LIBPQ.PQprepare, LIBPQ.PQexecPrepared, LIBPQ.PQexecParams):
    function.restype = ctypes.c_void_p
for function in (LIBPQ.PQerrorMessage, LIBPQ.PQgetvalue):
    function.restype = ctypes.c_char_p

CONNECTION_OK = 0
GOOD = (1, 2)       # PGRES_COMMAND_OK, PGRES_TUPLES_OK


class Connection:
    """One session of a role.  The server is that of the environment."""

    def __init__(self, role, prepared):
        self.handle = ctypes.c_void_p(LIBPQ.PQconnectdb(b"user=" + role.encode()))
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

    def run(self, statement, *values):
        """A statement with its parameters, which are text; its first value."""
        count = len(values)
        values = (ctypes.c_char_p * count)(*(value.encode() for value in values))
        if self.prepared is not None:
            result = LIBPQ.PQexecPrepared(self.handle, self.name_of(statement), count, values, None, None, 0)
        else:
            result = LIBPQ.PQexecParams(self.handle, statement.encode(), count, None, values, None, None, 0)
        return self.first_value(result)
