"""Sessions of one user each, over a pool that all users share.

    with as_user(engine, token) as session, session.begin():
        session.add(Note(body="..."))

The token is handed over at the start of each transaction, for this transaction
only, so it comes along after a rollback, and on a new connection too.
"""
import json

from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


class UserSession(Session):
    """Never keep one for the next request, as a scoped_session would."""


def as_user(engine, token):
    # Otherwise each error of a statement quotes its parameters, and echo=True logs them.
    if not engine.hide_parameters:
        raise ValueError("create_engine(..., hide_parameters=True) keeps tokens out of errors")
    return UserSession(engine, info={"token": token})


@event.listens_for(UserSession, "after_begin")
def hand_over(session, transaction, connection):
    if transaction.nested:
        return              # a savepoint: the transaction around it has the token
    raw = connection.connection.dbapi_connection
    if getattr(raw, "autocommit", False):
        raise RuntimeError("a token for the transaction needs one: do not use AUTOCOMMIT")
    if connection.dialect.driver == "psycopg2":
        # It writes parameters into the statement, where the server's log shows them.
        import psycopg2_bound
        # It also sends BEGIN no sooner than before its own first statement.
        connection.exec_driver_sql("SELECT 1")
        psycopg2_bound.execute(raw, b"SELECT authz.set_token($1, is_local => true)",
                               session.info["token"])
    else:
        connection.execute(text("SELECT authz.set_token(CAST(:token AS text), is_local => true)"),
                           {"token": session.info["token"]})


def sqlstate_of(error):
    error = getattr(error, "orig", error)
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or ""


def detail_of(error):
    error = getattr(error, "orig", error)
    return getattr(error, "detail", None) or getattr(
        getattr(error, "diag", None), "message_detail", None)


def status_of(error):
    """The HTTP status that an error means, and for 401 the challenge."""
    state = sqlstate_of(error)
    if state == "28000" and getattr(error, "statement", "") is None and not detail_of(error):
        return 503, None    # the service's own login failed
    if state == "28000":
        return 401, challenge_of(detail_of(error))
    if state == "42501":
        return 403, None
    if state[:2] in ("22", "23"):
        return 400, None
    if state[:2] in ("08", "40", "53", "57") or not state and isinstance(error, DBAPIError):
        return 503, None    # timeouts, restarts, deadlocks, a connection that is lost
    return 500, None


def challenge_of(detail):
    """DETAIL holds the body of RFC 6750, section 3; no "error" where there was no token."""
    try:
        members = dict(json.loads(detail))
    except (TypeError, ValueError):
        members = {}        # none, or somebody else's: a trigger may raise 28000 as well
    challenge = 'Bearer realm="notes"'
    for name in ("error", "error_description") if "error" in members else ():
        value = str(members.get(name, "")).encode("ascii", "replace").decode()
        challenge += ', %s="%s"' % (name, value.replace("\\", "\\\\").replace('"', '\\"'))
    return challenge
