"""The token by psycopg 3's libpq: without the work of a cursor, and in one go
with the BEGIN before it.

psycopg asks libpq whether a transaction has begun, so it may be begun here.
"""
from psycopg.pq import DiagnosticField, ExecStatus, version

from .errors import Failure

PIPELINES = version() >= 140000     # of libpq


def can_begin(raw):
    """Is it a plain BEGIN that psycopg would send?"""
    return (raw.isolation_level is None and raw.read_only is None and raw.deferrable is None
            and PIPELINES)


def value(raw, sql, args, begin):
    """The only value that a statement with $1, $2 ... returns, as bytes."""
    if any("\0" in arg for arg in args):
        raise ValueError("a parameter cannot contain NUL")
    params = [arg.encode("utf-8", "replace") for arg in args]
    if not begin:
        return value_of(raw.pgconn.exec_params(sql.encode(), params))
    results = in_one_go(raw.pgconn, sql.encode(), params)
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise failure(result)
    return value_of(results[-1])


def in_one_go(pgconn, command, params):
    pgconn.enter_pipeline_mode()
    try:
        pgconn.send_query_params(b"BEGIN", None)
        pgconn.send_query_params(command, params)
        pgconn.pipeline_sync()
        results = []
        gaps = 0        # one after each statement; more if the connection is lost
        while gaps < 3:
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


def value_of(result):
    if result.status != ExecStatus.TUPLES_OK:
        raise failure(result)
    return result.get_value(0, 0)


def failure(result):
    return Failure(*(None if found is None else found.decode("utf-8", "replace") for found in (
        result.error_field(DiagnosticField.SQLSTATE),
        result.error_field(DiagnosticField.MESSAGE_PRIMARY),
        result.error_field(DiagnosticField.MESSAGE_DETAIL))))
