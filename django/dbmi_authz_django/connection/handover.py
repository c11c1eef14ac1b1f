"""The token's way into the database: one execute_wrapper for each connection.

It stands before every statement of Django's cursors, and brings the connection
to the login of now (login.py) before the first statement of

* each transaction, for that transaction only (set_token(..., true));
* each request, outside of transactions: for the session, until the login is
  finished; or, where dbmi_authz.token_scope is "transaction", for a
  transaction made around that one statement.

What it sends goes past Django's cursors, so no query log, debug page or
instrument of them sees a token.

Not every statement passes here: callproc(), COPY and the driver's own cursors
do not.  They find the identity that the connection has from before, who is never
somebody else: what a login leaves is taken away when it is finished; and
whatever is left, when a request begins or ends in this thread, and, if its
login is finished, before Django makes a cursor.

Our record of a connection must be right even if a timeout interrupts us between
two lines, if a statement undoes what we sent, or if connections are exchanged.
When in doubt it is set to UNKNOWN, and the token is sent again.
"""
from __future__ import annotations

import json
import logging
import re
import threading
from contextlib import suppress
from functools import lru_cache
from typing import Any, Callable
from weakref import WeakKeyDictionary

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_finished, request_started
from django.db import connections, transaction
from django.db.backends.signals import connection_created
from django.db.utils import DatabaseError, Error, InterfaceError, OperationalError

from ..caching.asked import note
from ..compat import opened_connections
from ..conf import conf
from ..errors import AuthzError, Failure, Unauthorized, answer_to
from ..login import Login, current
from . import drivers
from .drivers import ACTIVE, IDLE, INERROR, INTRANS
from .facts import FACTS, has_come, wanted

log = logging.getLogger("dbmi_authz_django")

# Single statements that read and write no rows, and may have to be the first of
# a transaction, or the only ones that a broken one accepts.  A savepoint comes
# before the token, so that a refusal can be rolled back to it.
CONTROL = re.compile(
    r"\s*(?:(COMMIT|END|ROLLBACK|ABORT|PREPARE\s+TRANSACTION)|BEGIN|START|SAVEPOINT|RELEASE"
    r"|SET\s+(?:LOCAL\s+|SESSION\s+CHARACTERISTICS\s+AS\s+)?TRANSACTION)\b[^;]*;?\s*", re.I)

# What may undo, within others or behind a comment, what was said in a transaction.
UNDOES = (";", "ROLLBACK", " CHAIN")

# What tells the connection somebody else, by the project's own hand.
SAYS = ("set_token", "SET_TOKEN")

# What a connection may have, beside the Login of a request.
CLEARED = Login(None)       # nobody, made sure of
UNKNOWN = Login("?")        # perhaps somebody
POOLED = Login("?")         # the same, of the user who had it before a pool gave it to us

CLEAR = "SELECT authz.clear_token()"
LAST_ERROR = "SELECT (authz.last_error() - '{sqlstate,at}'::text[])::text"
PROBE = ("SELECT pg_catalog.current_setting('dbmi_authz.token_scope', true),"
         " pg_catalog.to_regprocedure('authz.set_token(text,boolean)') IS NOT NULL,"
         " rolname, rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user")

# Connections of the drivers that were Django's at some time.  True for those of
# a pool, which hands them to others, if the session may have somebody.
KNOWN: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


class Handover:
    """The wrapper of one connection, and what it knows of that connection.

    pooled     it comes from a pool of psycopg's, and goes back there
    raw        the driver's connection, of which all this is known
    session    the Login that the session has; None: we never gave it any
    local      the same for the transaction in progress; None: as the session.
               A Login without token stands for nobody, made sure of.
    by_hand    UNKNOWN after a statement of the project's own that may have said who it
               is: that counts until others come
    trying     the Login that is on its way to the server, or was when something
               struck: the connection has it or not
    hooks      Django's list of what is to be done on commit, which it makes again
               after a transaction and after a rollback to a savepoint

    A connection belongs to one thread at a time; but a request may be finished
    by another thread than the one whose connection it used, when the next
    request is there already.  The lock makes looking and changing one step.
    """
    raw: Any
    session: Login | None
    local: Login | None
    trying: Login | None
    by_hand: Login | None
    transaction_scope: bool | None

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.lock = threading.Lock()
        self.hooks: Any = None
        self.pooled = False
        self.found(None, UNKNOWN)

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool,
                 context: dict[str, Any]) -> Any:
        connection = self.connection
        if stale(context["cursor"], connection.connection):
            raise InterfaceError("the connection of this cursor is closed")
        before = connection.errors_occurred
        login = current()
        try:
            if not self.prepare(login, sql):
                if has_come(sql):
                    return None
                self.look_for_tokens(sql)
                return execute(sql, params, many, context)
            with transaction.atomic(connection.alias, savepoint=False):
                self.prepare(login, sql)
                if has_come(sql):
                    return None
                self.look_for_tokens(sql)
                return execute(sql, params, many, context)
        except AuthzError:
            connection.errors_occurred = before     # no reason to doubt the connection
            raise
        except DatabaseError as error:
            answer = answer_to(error, login is None or login.token is not None)
            if answer is None:
                raise
            connection.errors_occurred = before
            raise answer from error

    def look_for_tokens(self, sql: Any) -> None:
        text = sql if isinstance(sql, str) else text_of(sql, self.connection.connection)
        if any(word in text for word in SAYS):
            self.by_hand = UNKNOWN
            if self.pooled:
                KNOWN[self.raw] = True

    def prepare(self, login: Login | None, sql: Any) -> bool:
        """Bring the connection to this login.

        True when the statement needs a transaction around it first.
        """
        raw = self.connection.connection
        if raw is None:
            return False        # the driver says it better
        if raw is not self.raw:
            self.found(raw, UNKNOWN)        # somebody put it there
        status = drivers.transaction_status(raw)
        if status == IDLE:
            self.local = None
        elif self.local is not None and self.hooks is not self.connection.run_on_commit:
            self.local = UNKNOWN
        self.hooks = self.connection.run_on_commit
        if login is None and self.local is None and self.session is None:
            return False        # we never said anything here
        text = text_of(sql, raw)
        control = CONTROL.fullmatch(text)
        if control is not None:
            if control[1] and self.local is not None:
                self.local = UNKNOWN    # ROLLBACK TO SAVEPOINT brings back what was
            return False
        if login is not None:
            note(login)
        if status == INERROR:
            return False
        if login is not None and login.refused is not None:
            raise Unauthorized(login.refused)
        if status == IDLE and raw.autocommit:
            return self.prepare_autocommit(login)
        if not same(self.session if self.local is None else self.local, login):
            if status == ACTIVE:
                raise OperationalError("the connection is busy, and cannot be told whose the "
                                       "statement is")
            self.bring(login, True)
        if self.local is not None and any(word in text.upper() for word in UNDOES):
            self.local = UNKNOWN
        return False

    def prepare_autocommit(self, login: Login | None) -> bool:
        if same(self.session, login):
            return False
        if login is not None:
            self.probe(login)
        if self.transaction_scope:
            # an anonymous request needs no transaction: no identity outlives its own
            return login is not None and login.token is not None
        self.bring(login, False)
        return False

    def bring(self, login: Login | None, is_local: bool) -> None:
        """Tell the server, and remember what it has then."""
        with self.lock:
            if not self.probe(login):
                return
            if login is not None and login.token is not None:
                login.connections.add(self)
                # in this order, see Login.finish(): it adds nothing afterwards
                if login.finished:
                    login = CLEARED
            self.trying = login
            self.remember(UNKNOWN, is_local)
            if login is None or login.token is None:
                self.clear(is_local)
                if login is not None:
                    self.remember(login, is_local)
            else:
                self.adopt(login, is_local)
            self.trying = None

    def adopt(self, login: Login, is_local: bool) -> None:
        # no error in a transaction that has begun already, perhaps a test case's
        gently = login.optional or drivers.transaction_status(self.raw) == INTRANS
        try:
            if not gently:
                self.send("set_token", login, is_local)
            elif not self.send("try_set_token", login, is_local):
                if not login.optional:
                    raise Unauthorized(json.loads(self.run(drivers.row, LAST_ERROR)[0]))
                login.token = None
                self.doubt_session()
        except Unauthorized as refused:
            login.refused = refused.body
            self.doubt_session()
            self.remember(CLEARED, is_local)    # a refused token leaves nobody
            self.trying = None
            raise
        self.remember(login, is_local)

    def send(self, function: str, login: Login, is_local: bool) -> Any:
        """Whether it was adopted; and the facts of the identity, where they are wanted."""
        facts = wanted()
        # a log of queries shows what a cursor has executed
        if facts is None or self.connection.queries_logged or not drivers.can_ask_along(self.raw):
            return self.run(drivers.adopt, function, login.token, is_local)
        adopted, facts.text = self.run(drivers.adopt, function, login.token, is_local, FACTS)
        return adopted      # if not, they are nobody's, and so is the login or it raises

    def clear(self, is_local: bool) -> None:
        self.run(drivers.row, CLEAR)
        self.remember(CLEARED, is_local)
        if is_local:
            self.doubt_session()
        else:
            self.by_hand = None

    def remember(self, login: Login, is_local: bool) -> None:
        if is_local:
            self.local = login
        else:
            self.session = login
            if self.pooled:
                KNOWN[self.raw] = login.token is not None

    def doubt_session(self) -> None:
        """Clearing and refusals in a transaction are not local to it."""
        if self.session is not None and self.session.token is not None:
            self.session = UNKNOWN

    def release(self, login: Login) -> None:
        """Take the login off the connection, if it may still have it.  The thread
        may have another one by now, of a pool's, and work with it."""
        with self.lock:
            if any(held is login or held is UNKNOWN for held in self.held()):
                self.take_off()

    def let_go(self) -> None:
        """Log out the identity that the connection may still have: others come now."""
        if self.held():
            with self.lock:
                self.take_off()

    def before_cursor(self) -> None:
        """What a cursor can do past us must not find a login that is finished, or whose
        generator waits."""
        if not all(held.in_force for held in self.held()):
            self.let_go()

    def held(self) -> list[Login]:
        return [held for held in (self.session, self.local, self.trying, self.by_hand)
                if held is not None and held.token is not None]

    def take_off(self) -> None:
        raw = self.raw
        if raw is None or raw.closed or raw is not self.connection.connection and self.pooled:
            self.found(None, UNKNOWN)   # gone, or somebody else's; see connected()
            return
        try:
            self.clear_whatever(raw, drivers.transaction_status(raw))
            self.trying = None
        except Error:
            self.hang_up(raw)

    def clear_whatever(self, raw: Any, status: int) -> None:
        if status == IDLE:
            self.local = None
        if status == ACTIVE:
            self.hang_up(raw)
        elif status == INERROR:
            self.local = UNKNOWN
            self.doubt_session()
        elif self.held() and self.probe(None):
            # Perhaps in a transaction around the request or the "with": a test
            # case.  Then the next statement looks again, since a rollback may
            # bring the login back.
            self.clear(status != IDLE or not raw.autocommit)

    def hang_up(self, raw: Any) -> None:
        """No identity may stay on a connection that others use."""
        with suppress(Exception):
            raw.close()
        self.connection.errors_occurred = True      # so Django makes another one

    def found(self, raw: Any, session: Login | None) -> None:
        """Another connection of the driver's than before."""
        self.raw = raw
        self.session = session
        self.local = self.trying = self.by_hand = self.transaction_scope = None
        if raw is not None:
            KNOWN.setdefault(raw, False)

    def connected(self) -> None:
        """By Django: to the server, or from a pool, where others have had it."""
        raw = self.connection.connection
        with self.lock:
            self.pooled = bool(self.connection.settings_dict["OPTIONS"].get("pool"))
            self.found(raw, POOLED if self.pooled else None)
            if KNOWN[raw]:
                # at once, for what does not pass here
                try:
                    self.run(drivers.row, CLEAR)
                except Error:
                    self.hang_up(raw)
                    raise

    def probe(self, login: Login | None) -> bool:
        """Once for each connection.  False without the extension, where nobody
        is nobody.  Such a server would repeat and log a statement with a token."""
        if self.transaction_scope is not None:
            return True
        scope, installed, role, free = self.run(drivers.row, PROBE)
        if not installed and login is None:
            return False
        if not installed:
            raise ImproperlyConfigured(
                'The database "%s" does not have the extension dbmi_authz; it is among '
                'DATABASES of the setting DBMI_AUTHZ.' % self.connection.alias)
        if free:
            warn_once(self.connection.alias, role)
        self.transaction_scope = scope == "transaction"
        return True

    def run(self, send: Callable[..., Any], *args: Any) -> Any:
        """Past Django's cursors.  What it raises has seen no token: no frame
        of the driver and none of its messages, which quote statements."""
        failure: Exception | None
        try:
            with self.connection.wrap_database_errors:
                return send(self.raw, *args)
        except Error as error:
            failure = without_token(error)
        except Failure as error:
            failure = answer_to(error)
            if failure is None:
                self.connection.errors_occurred = True
                failure = OperationalError(str(error))
        raise failure


def same(held: Login | None, login: Login | None) -> bool:
    """Has the connection that login?  None, nobody's code, wants nobody of ours."""
    if login is None:
        return held is None or held.token is None
    return held is login


def without_token(error: Exception) -> Exception:
    """The same error, without the driver's."""
    answer = answer_to(error)
    if answer is not None:
        return answer
    diag = getattr(error.__cause__, "diag", None)
    message = getattr(diag, "message_primary", None)
    return type(error)(message or str(error).partition("\n")[0])


def text_of(sql: Any, raw: Any) -> str:
    """Of a statement that may be a string, bytes or an object of the driver's."""
    if isinstance(sql, str):
        return sql
    return sql.decode("latin-1") if isinstance(sql, bytes) else sql.as_string(raw)


def stale(cursor: Any, raw: Any) -> bool:
    """Is it of another connection than Django's, which may be somebody else's now?
    One that an instrument has wrapped is equal, or we have never seen it."""
    own = getattr(cursor, "connection", None)
    return own is not raw and own != raw and own in KNOWN


@lru_cache(maxsize=None)
def warn_once(alias: str, role: str) -> None:
    log.warning('Database "%s": no policy binds the role "%s", which is a superuser or has '
                'BYPASSRLS. Every user sees all rows.', alias, role)


def handover_of(connection: Any) -> Handover | None:
    """Of a database that carries tokens; else None."""
    if connection.vendor != "postgresql" or connection.alias not in conf.databases:
        return None
    for wrapper in connection.execute_wrappers:
        if isinstance(wrapper, Handover):
            return wrapper
    handover = Handover(connection)
    # before others: connection.execute_wrapper() takes the last one away
    connection.execute_wrappers.insert(0, handover)
    create = connection.create_cursor

    def create_cursor(*args: Any, **kwargs: Any) -> Any:
        handover.before_cursor()
        return create(*args, **kwargs)

    connection.create_cursor = create_cursor
    return handover


def on_connect(sender: Any, connection: Any, **kwargs: Any) -> None:
    """Receiver of connection_created: also when a pool hands one out."""
    handover = handover_of(connection)
    if handover is not None:
        handover.connected()


def on_request(sender: Any, **kwargs: Any) -> None:
    """Receiver of request_started and request_finished: a response may have
    vanished with its login (streams.py)."""
    for connection in opened_connections():
        handover = handover_of(connection)
        if handover is not None:
            handover.let_go()


def install() -> None:
    connection_created.connect(on_connect, dispatch_uid="dbmi_authz_django.connection.handover")
    for signal in (request_started, request_finished):
        signal.connect(on_request, dispatch_uid="dbmi_authz_django.connection.handover")
    # and what other applications have opened before this one was ready
    for connection in connections.all():
        if connection.connection is not None:
            handover_of(connection)
