"""Parameters apart from the statement, which psycopg2 cannot do.

It writes them into the text, where pg_stat_activity and the server's log show
a token.  So this one statement goes by the libpq that psycopg2 is linked with,
on its connection, between two statements of its own.
"""
import ctypes

from psycopg2 import _psycopg, extensions

from .errors import Failure

TUPLES_OK = 2       # PGRES_TUPLES_OK
FIELDS = {"sqlstate": ord("C"), "primary": ord("M"), "detail": ord("D")}


def bind(library):
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    strings = ctypes.POINTER(text)
    for name, result, arguments in (
            ("PQexecParams", pointer, (pointer, text, ctypes.c_int, pointer, strings, pointer,
                                       pointer, ctypes.c_int)),
            ("PQresultStatus", ctypes.c_int, (pointer,)),
            ("PQresultErrorField", text, (pointer, ctypes.c_int)),
            ("PQgetvalue", text, (pointer, ctypes.c_int, ctypes.c_int)),
            ("PQgetisnull", ctypes.c_int, (pointer, ctypes.c_int, ctypes.c_int)),
            ("PQclear", None, (pointer,))):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


try:
    # its own, also where it brought one along
    libpq = bind(ctypes.CDLL(_psycopg.__file__))
except (AttributeError, OSError):
    libpq = None


def available(raw):
    # with a wait callback (gevent) nothing may block
    return (libpq is not None and hasattr(raw, "pgconn_ptr")
            and extensions.get_wait_callback() is None)


def value(raw, sql, args):
    """The only value that a statement with $1, $2 ... returns, as text.

    The connection belongs to this thread, and a transaction must have begun if
    there is to be one: psycopg2 does not know of this statement.
    """
    if any("\0" in arg for arg in args):
        raise ValueError("a parameter cannot contain NUL")
    result = libpq.PQexecParams(
        raw.pgconn_ptr, sql.encode(), len(args), None,
        (ctypes.c_char_p * len(args))(*(arg.encode("utf-8", "replace") for arg in args)),
        None, None, 0)
    try:
        if libpq.PQresultStatus(result) != TUPLES_OK:
            raise Failure(*(field(result, FIELDS[name])
                            for name in ("sqlstate", "primary", "detail")))
        if libpq.PQgetisnull(result, 0, 0):
            return None
        return libpq.PQgetvalue(result, 0, 0).decode()
    finally:
        libpq.PQclear(result)


def field(result, code):
    """Of an error; None without, as when the connection is lost."""
    found = libpq.PQresultErrorField(result, code)
    return None if found is None else found.decode("utf-8", "replace")
