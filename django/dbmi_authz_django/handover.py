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
do not.  They find whoever the connection has from before, who is never
somebody else: what a login leaves is taken away when it is finished.
"""
import re
import threading
from contextlib import suppress

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.utils import DatabaseError, Error, OperationalError

from . import drivers
from .conf import conf
from .drivers import ACTIVE, IDLE, INERROR, INTRANS
from .errors import AuthzError, Failure, Unauthorized, answer_to
from .login import Login, current

# Statements that read and write no rows, and may have to be the first of a
# transaction, or the only ones that a broken one accepts.
CONTROL = re.compile(
    r"\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT|RELEASE|PREPARE\s+TRANSACTION"
    r"|SET\s+(?:LOCAL\s+|SESSION\s+CHARACTERISTICS\s+AS\s+)?TRANSACTION)\b", re.I)

# What a connection may have, beside the Login of a request.
CLEARED = Login(None)       # nobody, made sure of
UNKNOWN = Login("?")        # perhaps somebody

CLEAR = "SELECT authz.clear_token()"
PROBE = ("SELECT pg_catalog.current_setting('dbmi_authz.token_scope', true),"
         " pg_catalog.to_regprocedure('authz.set_token(text,boolean)') IS NOT NULL")


class Handover:
    """The wrapper of one connection, and what it knows of that connection.

    session    the Login that the session has; None: we never gave it any
    local      the same for the transaction in progress; None: as the session.
               A Login without token stands for nobody, made sure of.

    A connection belongs to one thread at a time; but a request may be finished
    by another thread than the one whose connection it used, when the next
    request is there already.  The lock makes looking and changing one step.
    """

    def __init__(self, connection):
        self.connection = connection
        self.lock = threading.Lock()
        self.raw = None
        self.session = self.local = None
        self.transaction_scope = None

    def __call__(self, execute, sql, params, many, context):
        connection = self.connection
        before = connection.errors_occurred
        try:
            if not self.prepare(current(), sql):
                return execute(sql, params, many, context)
            with transaction.atomic(connection.alias, savepoint=False):
                self.prepare(current(), sql)
                return execute(sql, params, many, context)
        except AuthzError:
            connection.errors_occurred = before     # no reason to doubt the connection
            raise
        except DatabaseError as error:
            answer = answer_to(error)
            if answer is None:
                raise
            connection.errors_occurred = before
            raise answer from error

    def prepare(self, login, sql):
        """Bring the connection to this login.

        True when the statement needs a transaction around it first.
        """
        raw = self.connection.connection
        if raw is not self.raw:
            self.opened(raw)
        status = drivers.transaction_status(raw)
        if status == IDLE:
            self.local = None
        if login is None and self.local is None and self.session is None:
            return False        # we never said anything here
        if isinstance(sql, str) and CONTROL.match(sql):
            if self.local is not None:
                self.local = UNKNOWN    # ROLLBACK TO SAVEPOINT brings back what was
            return False
        if status == INERROR or status == ACTIVE:
            return False
        if login is not None and login.refused is not None:
            raise Unauthorized(login.refused)
        if status == INTRANS or not raw.autocommit:
            if not same(self.session if self.local is None else self.local, login):
                self.bring(login, True)
            return False
        return self.prepare_autocommit(login)

    def prepare_autocommit(self, login):
        if same(self.session, login):
            return False
        if login is not None and self.transaction_scope is None:
            self.probe()
        if self.transaction_scope and self.session is None:
            # nobody needs nothing here: no identity outlives its transaction
            return login.token is not None
        self.bring(login, False)
        return False

    def bring(self, login, is_local):
        """Tell the server, and remember what it has then."""
        with self.lock:
            if login is not None and login.token is not None:
                login.connections.add(self)
                # in this order, see Login.finish(): it adds nothing afterwards
                if login.finished:
                    login = CLEARED
            if login is None or login.token is None:
                self.run(drivers.row, CLEAR)
                self.remember(CLEARED if login is None else login, is_local)
                return
            if self.transaction_scope is None:
                self.probe()
            try:
                if not login.optional:
                    self.run(drivers.adopt, "set_token", login.token, is_local)
                elif not self.run(drivers.adopt, "try_set_token", login.token, is_local):
                    login.token = None
            except Unauthorized as refused:
                login.refused = refused.body
                self.remember(CLEARED, is_local)    # a refused token leaves nobody
                raise
            self.remember(login, is_local)

    def remember(self, login, is_local):
        if is_local:
            self.local = login
        else:
            self.session = login

    def release(self, login):
        """Take the login off the connection, if it still has it."""
        with self.lock:
            if self.session is not login and self.local is not login:
                return
            raw = self.raw
            if raw is not self.connection.connection or raw.closed:
                self.session = self.local = None    # it is gone
                return
            try:
                self.take_off(raw, login)
            except Error:
                self.hang_up(raw)

    def take_off(self, raw, login):
        status = drivers.transaction_status(raw)
        if status == IDLE:
            self.local = None
            if self.session is login:
                self.run(drivers.row, CLEAR)
                self.session = CLEARED
        elif status == ACTIVE:
            self.hang_up(raw)
        else:
            # A transaction around the request or the "with": a test case.  The
            # next statement looks again, since a rollback may bring it back.
            if status == INTRANS:
                self.run(drivers.row, CLEAR)
            self.local = CLEARED if status == INTRANS else UNKNOWN
            if self.session is login:
                self.session = UNKNOWN

    def hang_up(self, raw):
        """No identity may stay on a connection that others use."""
        with suppress(Exception):
            raw.close()
        self.connection.errors_occurred = True      # so Django makes another one

    def opened(self, raw):
        """Another connection to the server than last time."""
        self.raw = raw
        self.local = None
        self.transaction_scope = None
        # a pool hands out what another thread has used
        self.session = UNKNOWN if "pool" in self.connection.settings_dict["OPTIONS"] else None

    def reconnected(self):
        with self.lock:
            self.raw = None     # nothing is known of it, even if it is the same
            self.session = self.local = None

    def probe(self):
        """Once for each connection.  A server without the extension would
        repeat and log the statement with the token."""
        scope, installed = self.run(drivers.row, PROBE)
        if not installed:
            raise ImproperlyConfigured(
                'The database "%s" does not have the extension dbmi_authz; it is among '
                'DATABASES of the setting DBMI_AUTHZ.' % self.connection.alias)
        self.transaction_scope = scope == "transaction"

    def run(self, send, *args):
        """Past Django's cursors.  What it raises has seen no token: no frame
        of the driver and none of its messages, which quote statements."""
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


def same(held, login):
    """Has the connection that login?  None, nobody's code, wants nobody of ours."""
    if login is None:
        return held is None or held.token is None
    return held is login


def without_token(error):
    """The same error, without the driver's."""
    answer = answer_to(error)
    if answer is not None:
        return answer
    diag = getattr(error.__cause__, "diag", None)
    message = getattr(diag, "message_primary", None)
    return type(error)(message or str(error).partition("\n")[0])


def install(sender, connection, **kwargs):
    """Receiver of connection_created: also when a pool hands out what this
    connection has had before, and others in between."""
    if connection.vendor != "postgresql" or connection.alias not in conf.databases:
        return
    for wrapper in connection.execute_wrappers:
        if isinstance(wrapper, Handover):
            wrapper.reconnected()
            return
    # before others: connection.execute_wrapper() takes the last one away
    connection.execute_wrappers.insert(0, Handover(connection))
