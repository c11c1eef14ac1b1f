"""What psycopg2 and psycopg 3 do differently.

Neither way of theirs to execute a statement will do for the token: psycopg2
writes parameters into it as literals (libpq.py), psycopg 3 takes two round
trips at the beginning of a transaction (pipeline.py).
"""
# Of libpq, the same in both drivers.
IDLE, ACTIVE, INTRANS, INERROR = range(4)


def transaction_status(raw):
    return raw.info.transaction_status


def is_psycopg3(raw):
    return hasattr(raw, "pgconn")


def cursor_of(raw):
    """A cursor that Django's query log and its instruments do not see."""
    if is_psycopg3(raw):
        import psycopg
        return psycopg.Cursor(raw)      # parameters apart, whatever Django uses
    return raw.cursor()


def execute(cursor, sql, args=()):
    if hasattr(cursor, "pgresult"):
        # a pool may lead the next statement to another backend
        cursor.execute(sql, args, prepare=False)
    else:
        cursor.execute(sql, args)


def row(raw, sql, args=()):
    """The first row of a statement with %s."""
    cursor = cursor_of(raw)
    try:
        execute(cursor, sql, args)
        return cursor.fetchone()
    finally:
        cursor.close()


def begin(raw):
    """psycopg2 sends BEGIN before the first statement of a transaction, and must do
    it itself.  A handle of a large object that is not opened sends nothing more."""
    raw.lobject(1, "n")


def adopt(raw, function, token, is_local):
    """What set_token() or try_set_token() returns; the token as a parameter."""
    sql = "SELECT authz.%s($1, $2)" % function
    args = (token, "t" if is_local else "f")
    fresh = not raw.autocommit and transaction_status(raw) == IDLE
    if is_psycopg3(raw):
        from . import pipeline
        if fresh and not pipeline.can_begin(raw):
            fresh = False
            row(raw, "SELECT 1")        # psycopg begins
        return pipeline.value(raw, sql, args, fresh) != b"f"
    from . import libpq
    if libpq.available(raw):
        if fresh:
            begin(raw)
        return libpq.value(raw, sql, args) != "f"
    return row(raw, "SELECT authz.%s(%%s, %%s)" % function, (token, is_local))[0]
