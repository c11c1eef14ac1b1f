"""Parameters apart from the statement, which psycopg2 cannot do.

It writes them into the text, where pg_stat_activity and the server's log show
a token.  So this one statement goes by the libpq that psycopg2 is linked with,
on its connection, between two statements of its own.
"""
from __future__ import annotations

import ctypes
from typing import Any

from psycopg2 import _psycopg, extensions

from ..errors import Failure

TUPLES_OK, PIPELINE_SYNC = 2, 10       # PGRES_...
FIELDS = {"sqlstate": ord("C"), "primary": ord("M"), "detail": ord("D")}
POINTER, TEXT = ctypes.c_void_p, ctypes.c_char_p
STRINGS = ctypes.POINTER(TEXT)


def bind(library: Any) -> Any:
    declare(library, (
        ("PQexecParams", POINTER, (POINTER, TEXT, ctypes.c_int, POINTER, STRINGS, POINTER,
                                   POINTER, ctypes.c_int)),
        ("PQresultStatus", ctypes.c_int, (POINTER,)),
        ("PQresultErrorField", TEXT, (POINTER, ctypes.c_int)),
        ("PQgetvalue", TEXT, (POINTER, ctypes.c_int, ctypes.c_int)),
        ("PQgetisnull", ctypes.c_int, (POINTER, ctypes.c_int, ctypes.c_int)),
        ("PQclear", None, (POINTER,))))
    return library


def bind_pipelines(library: Any) -> None:
    """Since libpq 14."""
    declare(library, (
        ("PQenterPipelineMode", ctypes.c_int, (POINTER,)),
        ("PQsendQueryParams", ctypes.c_int, (POINTER, TEXT, ctypes.c_int, POINTER, STRINGS,
                                             POINTER, POINTER, ctypes.c_int)),
        ("PQpipelineSync", ctypes.c_int, (POINTER,)),
        ("PQgetResult", POINTER, (POINTER,)),
        ("PQexitPipelineMode", ctypes.c_int, (POINTER,))))


def declare(library: Any, functions: Any) -> None:
    for name, result, arguments in functions:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


try:
    # its own, also where it brought one along
    libpq = bind(ctypes.CDLL(_psycopg.__file__))
except (AttributeError, OSError):
    libpq = None

PIPELINES = libpq is not None
try:
    bind_pipelines(libpq)
except AttributeError:
    PIPELINES = False


def available(raw: Any) -> bool:
    # with a wait callback (gevent) nothing may block
    return (libpq is not None and hasattr(raw, "pgconn_ptr")
            and extensions.get_wait_callback() is None)


def values(raw: Any, statements: Any) -> list[str | None]:
    """The only value that each returns, as text.  A statement: its text with $1, $2 ... and
    its parameters.  More than one go in one round trip, where there are PIPELINES.

    The connection belongs to this thread, and a transaction must have begun if
    there is to be one: psycopg2 does not know of these statements.
    """
    calls = [(sql.encode(), len(args), None, encoded(args), None, None, 0) for sql, args in statements]
    if len(calls) == 1:
        results = [libpq.PQexecParams(raw.pgconn_ptr, *calls[0])]
    else:
        results = in_one_go(raw.pgconn_ptr, calls)
    try:
        for result in results:
            if libpq.PQresultStatus(result) != TUPLES_OK:
                raise Failure(*(field(result, FIELDS[name])
                                for name in ("sqlstate", "primary", "detail")))
        if len(results) < len(calls):
            raise Failure(None, None, None)
        return [None if libpq.PQgetisnull(result, 0, 0) else libpq.PQgetvalue(result, 0, 0).decode()
                for result in results]
    finally:
        for result in results:
            libpq.PQclear(result)


def encoded(args: Any) -> Any:
    if any("\0" in arg for arg in args):
        raise ValueError("a parameter cannot contain NUL")
    return (ctypes.c_char_p * len(args))(*(arg.encode("utf-8", "replace") for arg in args))


def in_one_go(pgconn: Any, calls: Any) -> list[Any]:
    results: list[Any] = []
    if not libpq.PQenterPipelineMode(pgconn):
        return results
    try:
        for call in calls:
            libpq.PQsendQueryParams(pgconn, *call)
        libpq.PQpipelineSync(pgconn)
        gaps = 0        # one after each statement; more if the connection is lost
        while gaps <= len(calls):
            result = libpq.PQgetResult(pgconn)
            if result is None:
                gaps += 1
            elif libpq.PQresultStatus(result) == PIPELINE_SYNC:
                libpq.PQclear(result)
                break
            else:
                results.append(result)
        return results
    finally:
        libpq.PQexitPipelineMode(pgconn)


def field(result: Any, code: int) -> str | None:
    """Of an error; None without, as when the connection is lost."""
    found = libpq.PQresultErrorField(result, code)
    return None if found is None else found.decode("utf-8", "replace")
