"""What psycopg2 and psycopg 3 do differently.

psycopg2 can only write a parameter into the statement itself, as a literal.
psycopg 3 sends it apart, so the token is in no statement at all.
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


def execute(cursor, sql, args):
    if hasattr(cursor, "pgresult"):
        # a pool may lead the next statement to another backend
        cursor.execute(sql, args, prepare=False)
    else:
        cursor.execute(sql, args)
