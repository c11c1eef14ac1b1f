"""A statement with one parameter that stays apart from it, which psycopg2 cannot do.

psycopg 3 binds by itself, and does not need this file.  It calls the libpq that psycopg2 is
linked with, between two of psycopg2's own statements.
"""
import ctypes

import psycopg2
from psycopg2 import _psycopg

TUPLES_OK = 2
SQLSTATE, PRIMARY, DETAIL = b"C"[0], b"M"[0], b"D"[0]       # PG_DIAG_...

_libpq = ctypes.CDLL(_psycopg.__file__)


def _declare(name, result, *arguments):
    function = getattr(_libpq, name)
    function.restype, function.argtypes = result, arguments
    return function


_strings = ctypes.POINTER(ctypes.c_char_p)
_exec = _declare("PQexecParams", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int,
                 ctypes.c_void_p, _strings, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
_status = _declare("PQresultStatus", ctypes.c_int, ctypes.c_void_p)
_field = _declare("PQresultErrorField", ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int)
_clear = _declare("PQclear", None, ctypes.c_void_p)


class Refused(psycopg2.DatabaseError):
    """As psycopg2 would raise it, with the fields that it would have."""

    def __init__(self, message, sqlstate, detail):
        super().__init__(message)
        self.sqlstate, self.detail = sqlstate, detail


def execute(connection, statement, value):
    """Run the statement, bytes with $1 in it; value is text or None."""
    if value is not None and "\0" in value:
        raise Refused("a parameter holds a zero byte", "22021", None)
    values = (ctypes.c_char_p * 1)(None if value is None else value.encode())
    result = _exec(connection.pgconn_ptr, statement, 1, None, values, None, None, 0)
    try:
        if _status(result) != TUPLES_OK:
            fields = [_field(result, code) for code in (PRIMARY, SQLSTATE, DETAIL)]
            message, sqlstate, detail = (f and f.decode(errors="replace") for f in fields)
            raise Refused(message or "the connection is lost", sqlstate or "08006", detail)
    finally:
        _clear(result)
