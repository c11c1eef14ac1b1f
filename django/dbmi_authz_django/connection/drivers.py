"""What psycopg2 and psycopg 3 do differently.

Neither of their ways to execute a statement will do for the token: psycopg2
writes parameters into it as literals (libpq.py), psycopg 3 takes two round
trips at the beginning of a transaction (pipeline.py).
"""
from __future__ import annotations

from typing import Any, Sequence

# Of libpq, the same in both drivers.
IDLE, ACTIVE, INTRANS, INERROR = range(4)


def transaction_status(raw: Any) -> int:
    return raw.info.transaction_status


def is_psycopg3(raw: Any) -> bool:
    return hasattr(raw, "pgconn")


def cursor_of(raw: Any) -> Any:
    """A cursor that Django's query log and its instruments do not see."""
    if is_psycopg3(raw):
        import psycopg
        return psycopg.Cursor(raw)      # parameters apart, whatever Django uses
    return raw.cursor()


def execute(cursor: Any, sql: str, args: Sequence[Any] = ()) -> None:
    if hasattr(cursor, "pgresult"):
        # a pool may lead the next statement to another backend
        cursor.execute(sql, args, prepare=False)
    else:
        cursor.execute(sql, args)


def row(raw: Any, sql: str, args: Sequence[Any] = ()) -> Any:
    """The first row of a statement with %s."""
    cursor = cursor_of(raw)
    try:
        execute(cursor, sql, args)
        return cursor.fetchone()
    finally:
        cursor.close()


def begin(raw: Any) -> None:
    """psycopg2 sends BEGIN before the first statement of a transaction, and must do
    it itself.  A handle of a large object that is not opened sends nothing more."""
    raw.lobject(1, "n")


def can_ask_along(raw: Any) -> bool:
    """Can a statement travel with the one that adopts a token?"""
    if is_psycopg3(raw):
        from . import pipeline
        return pipeline.PIPELINES and not raw.pgconn.pipeline_status    # the project's own
    from . import libpq
    return libpq.PIPELINES and libpq.available(raw)


def adopt(raw: Any, function: str, token: str, is_local: bool, also: str | None = None) -> Any:
    """What set_token() or try_set_token() returns; the token as a parameter.

    also    a statement without parameters that goes in the same round trip: then
            that and its value, where can_ask_along()
    """
    statements: list[tuple[str, tuple[str, ...]]] = [
        ("SELECT authz.%s($1, $2)" % function, (token, "t" if is_local else "f"))]
    if also is not None:
        statements.append((also, ()))
    fresh = not raw.autocommit and transaction_status(raw) == IDLE
    if is_psycopg3(raw):
        from . import pipeline
        if fresh and not pipeline.can_begin(raw):
            fresh = False
            row(raw, "SELECT 1")        # psycopg begins
        adopted, *more = pipeline.values(raw, statements, fresh)
    else:
        from . import libpq
        if not libpq.available(raw):
            return row(raw, "SELECT authz.%s(%%s, %%s)" % function, (token, is_local))[0]
        if fresh:
            begin(raw)
        adopted, *more = libpq.values(raw, statements)
    return (adopted != "f", *more) if more else adopted != "f"
