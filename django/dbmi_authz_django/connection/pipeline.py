"""The token by psycopg 3's libpq: without the work of a cursor, and in one go
with the BEGIN before it.

psycopg asks libpq whether a transaction has begun, so it may be begun here.
"""
from __future__ import annotations

from typing import Any

from psycopg.pq import DiagnosticField, ExecStatus, version

from ..errors import Failure

PIPELINES = version() >= 140000     # of libpq


def can_begin(raw: Any) -> bool:
    """Is it a plain BEGIN that psycopg would send?"""
    return (raw.isolation_level is None and raw.read_only is None and raw.deferrable is None
            and PIPELINES)


def values(raw: Any, statements: Any, begin: bool) -> list[str | None]:
    """The only value that each returns, as text.  A statement: its text with $1, $2 ... and
    its parameters.  More than one, or a BEGIN before, go in one round trip."""
    commands = [(sql.encode(), encoded(args)) for sql, args in statements]
    if begin:
        commands.insert(0, (b"BEGIN", None))
    if len(commands) == 1:
        results = [raw.pgconn.exec_params(*commands[0])]
    else:
        results = in_one_go(raw.pgconn, commands)
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise failure(result)
    return [value_of(result) for result in results[-len(statements):]]


def encoded(args: Any) -> Any:
    if any("\0" in arg for arg in args):
        raise ValueError("a parameter cannot contain NUL")
    return [arg.encode("utf-8", "replace") for arg in args]


def in_one_go(pgconn: Any, commands: Any) -> list[Any]:
    pgconn.enter_pipeline_mode()
    try:
        for command, params in commands:
            pgconn.send_query_params(command, params)
        pgconn.pipeline_sync()
        results = []
        gaps = 0        # one after each statement; more if the connection is lost
        while gaps <= len(commands):
            result = pgconn.get_result()
            if result is None:
                gaps += 1
            elif result.status == ExecStatus.PIPELINE_SYNC:
                break
            else:
                results.append(result)
        return results
    finally:
        pgconn.exit_pipeline_mode()


def value_of(result: Any) -> str | None:
    if result.status != ExecStatus.TUPLES_OK:
        raise failure(result)
    found = result.get_value(0, 0)
    return None if found is None else found.decode()


def failure(result: Any) -> Failure:
    return Failure(*(None if found is None else found.decode("utf-8", "replace") for found in (
        result.error_field(DiagnosticField.SQLSTATE),
        result.error_field(DiagnosticField.MESSAGE_PRIMARY),
        result.error_field(DiagnosticField.MESSAGE_DETAIL))))
