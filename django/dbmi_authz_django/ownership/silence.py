"""Policies do not empty the owner's work in silence.

PostgreSQL has the means: with row_security = off a query that a policy would
limit is an error instead; but for what only defines (definitions.py).  It is off

* always, on aliases that carry no tokens and whose role has the rights of the
  database's owner or of a table's;
* in migrate, dumpdata and loaddata, which mean whole tables: on each alias,
  where nobody has said whose queries they are (login.py);
* in other commands of the command line, on aliases whose role is such an owner.

It is said for the session, outside of transactions, so that nothing undoes it;
behind a pool in transaction mode, where the session is others' too, for each
transaction.  In requests aliases that carry tokens have nothing of this.
"""
from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import wraps
from typing import Any, Callable, Dict, Iterator, Optional, Tuple
from weakref import WeakKeyDictionary

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections, transaction
from django.db.backends.signals import connection_created

from ..compat import opened_connections
from ..conf import conf
from ..connection import drivers
from ..connection.drivers import IDLE, INTRANS
from ..connection.handover import CONTROL, Handover, text_of
from ..errors import RowsHidden, sqlstate
from ..login import current
from .definitions import only_defines

OWNERS, EVERYBODY = "owners", "everybody"   # whom a command's queries concern

_mode: ContextVar[Optional[str]] = ContextVar("dbmi_authz_silence", default=None)
_command: ContextVar[Optional[str]] = ContextVar("dbmi_authz_command", default=None)

WHOLE = {"migrate", "dumpdata", "loaddata"}     # however they are called
SERVING = re.compile("test|testserver|runserver.*")     # others' code, or requests

OWNS = """
SELECT NOT (r.rolsuper OR r.rolbypassrls)
       AND (pg_catalog.pg_has_role(d.datdba, 'USAGE')
            OR EXISTS (SELECT FROM pg_catalog.pg_class c
                        WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384
                          AND c.relowner IN (SELECT o.oid FROM pg_catalog.pg_roles o
                                              WHERE pg_catalog.pg_has_role(o.oid, 'USAGE'))))
  FROM pg_catalog.pg_roles r, pg_catalog.pg_database d
 WHERE r.rolname = current_user AND d.datname = pg_catalog.current_database()"""

# What policies may limit, if it comes alone
SUBJECT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|TABLE|VALUES)\b|\s*\(", re.I)
FORGETS = re.compile(r"\b(RESET|DISCARD)\s+ALL\b", re.I)

# (alias, database, role) -> has it the rights of an owner?  Asked once in a process.
_owners: Dict[Tuple[Any, ...], bool] = {}

# The same of connections that a pool of psycopg's hands out again
_off: WeakKeyDictionary[Any, Optional[bool]] = WeakKeyDictionary()


class Loud:
    """The wrapper of one connection, and what it knows of its row_security.

    session    is it off in the session?  None: not certain
    local      the same for the transaction in progress; "" as the session
    hooks      see Handover
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.raw: Any = None
        self.session: Optional[bool] = False
        self.local: Any = ""
        self.hooks: Any = None

    @property
    def carries_tokens(self) -> bool:
        return self.connection.alias in conf.databases

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool,
                 context: Any) -> Any:
        try:
            if not self.prepare(sql):
                self.leave_if_over()
                with self.lets_define(sql):
                    return execute(sql, params, many, context)
            with transaction.atomic(self.connection.alias, savepoint=False):
                self.prepare(sql)
                return execute(sql, params, many, context)
        except DatabaseError as error:
            hidden = hidden_rows(error, self.connection)
            if hidden is None:
                raise
            forget_named_cursor(context["cursor"], self.raw)
            raise hidden from error

    def prepare(self, sql: Any) -> bool:
        """True when the statement needs a transaction around it first."""
        raw = self.connection.connection
        if raw is None:
            return False
        if raw is not self.raw:
            self.raw, self.session, self.local = raw, _off.get(raw, False), ""
        status = drivers.transaction_status(raw)
        if status == IDLE:
            self.local = ""
        elif self.local != "" and self.hooks is not self.connection.run_on_commit:
            self.local = None
        self.hooks = self.connection.run_on_commit
        text = text_of(sql, raw)
        control = CONTROL.fullmatch(text) if text else None
        if control is not None:
            if control[1] and self.local != "":
                self.local = None
            return False
        if status not in (IDLE, INTRANS):
            return False
        needs_transaction = self.bring(raw, status, text)
        if FORGETS.search(text):
            self.session = self.local = _off[raw] = None
        return needs_transaction

    def bring(self, raw: Any, status: int, text: str) -> bool:
        off = self.wanted()
        if (self.session if self.local == "" else self.local) is off:
            return False
        word = "off" if off else "DEFAULT"
        if status == IDLE and not self.shares_session():
            self.session = _off[raw] = None
            with outside_of_transactions(raw):
                self.send("SET row_security TO " + word)
            self.session = _off[raw] = off
        elif status == IDLE and raw.autocommit:
            return off and SUBJECT.match(text) is not None
        else:
            self.local = None
            self.send("SET LOCAL row_security TO " + word)
            self.local = off
        return False

    @contextmanager
    def lets_define(self, sql: Any) -> Iterator[None]:
        """Creating a function in SQL is not a read, although PostgreSQL takes it for one."""
        off = self.session if self.local == "" else self.local
        if not off or not only_defines(text_of(sql, self.raw)):
            yield
        elif drivers.transaction_status(self.raw) == IDLE and self.raw.autocommit:
            with transaction.atomic(self.connection.alias), self.on():
                yield
        else:
            with self.on():
                yield

    @contextmanager
    def on(self) -> Iterator[None]:
        """For one statement, in a transaction.  Not DEFAULT: that of the role may be off."""
        self.local = None
        self.send("SET LOCAL row_security TO on")
        try:
            yield
        finally:
            if drivers.transaction_status(self.raw) == INTRANS:
                self.send("SET LOCAL row_security TO off")
                self.local = True

    def wanted(self) -> bool:
        if self.connection.alias in conf.silent_databases:
            return False
        mode = _mode.get()
        if self.carries_tokens and (mode is None or current() is not None):
            return False
        return mode == EVERYBODY or self.owns()

    def owns(self) -> bool:
        given = self.connection.settings_dict
        key = (self.connection.alias, given["NAME"], given["USER"], given["HOST"], given["PORT"],
               given["OPTIONS"].get("assume_role"))
        found = _owners.get(key)
        if found is None:
            with outside_of_transactions(self.raw), self.connection.wrap_database_errors:
                found = _owners[key] = bool(drivers.row(self.raw, OWNS)[0])
        return found

    def shares_session(self) -> bool:
        """With other clients, by a pool in transaction mode, as Django calls it, or with
        requests, by one of psycopg's."""
        given = self.connection.settings_dict
        return bool(given.get("DISABLE_SERVER_SIDE_CURSORS")
                    or self.carries_tokens and given["OPTIONS"].get("pool"))

    def send(self, sql: str) -> None:
        """Past Django's cursors, like the token."""
        with self.connection.wrap_database_errors:
            cursor = drivers.cursor_of(self.raw)
            try:
                drivers.execute(cursor, sql)
            finally:
                cursor.close()

    def stop(self) -> None:
        """A command is over."""
        try:
            self.prepare("")
        except DatabaseError:
            # others would get errors by it, although no rows
            with suppress(Exception):
                self.raw.close()
            self.connection.errors_occurred = True
        self.leave_if_over()

    def leave_if_over(self) -> None:
        """A command was, and neither session nor transaction has anything of it."""
        if (self.carries_tokens and _mode.get() is None and self.session is False
                and self.local == "" and self in self.connection.execute_wrappers):
            self.connection.execute_wrappers.remove(self)


@contextmanager
def outside_of_transactions(raw: Any) -> Iterator[None]:
    """What is sent begins none, so that no rollback undoes it.  Only where none
    has begun."""
    if raw.autocommit or drivers.transaction_status(raw) != IDLE:
        yield
        return
    raw.autocommit = True
    try:
        yield
    finally:
        raw.autocommit = False


def hidden_rows(error: Any, connection: Any) -> Optional[RowsHidden]:
    """RowsHidden for the error that row_security = off makes; or None."""
    if isinstance(error, RowsHidden) or sqlstate(error) != "42501":
        return None
    cause = error
    while cause is not None and not hasattr(cause, "diag"):
        cause = cause.__cause__
    diag = getattr(cause, "diag", None)
    # the message may be in any language
    if diag is None or getattr(diag, "source_function", None) != "check_enable_rls":
        return None
    primary = diag.message_primary or ""
    models = [model._meta.label for model in apps.get_models(include_auto_created=True)
              if re.search(r"\W%s\W" % re.escape(model._meta.db_table.strip('"')
                                                 .rpartition('"')[2]), primary)]
    return RowsHidden(connection.alias, primary, models, connection.alias in conf.databases)


def forget_named_cursor(wrapper: Any, raw: Any) -> None:
    """That of queryset.iterator().  Django closes it, and psycopg2 then complains that
    there is none, in place of what was wrong."""
    if getattr(getattr(wrapper, "cursor", None), "name", None) and not drivers.is_psycopg3(raw):
        wrapper.cursor = raw.cursor()


def loud_of(connection: Any) -> Optional[Loud]:
    """Of a connection with which a silence could be; else None."""
    if connection.vendor != "postgresql":
        return None
    for wrapper in connection.execute_wrappers:
        if isinstance(wrapper, Loud):
            return wrapper
    if connection.alias in conf.databases and _mode.get() is None:
        return None
    loud = Loud(connection)
    # within the handover, and before those of connection.execute_wrapper(), which
    # takes the last one away
    wrappers = connection.execute_wrappers
    wrappers.insert(bool(wrappers and isinstance(wrappers[0], Handover)), loud)
    return loud


def on_connect(sender: Any, connection: Any, **kwargs: Any) -> None:
    """Receiver of connection_created.  At once, for what does not pass by Django's
    cursors."""
    loud = loud_of(connection)
    if loud is not None:
        loud.prepare("")


# ---- commands ----

@contextmanager
def never_silent(mode: str) -> Iterator[None]:
    """Queries of the command that runs here."""
    before = _mode.get()
    mark = _mode.set(EVERYBODY if EVERYBODY in (mode, before) else mode)
    try:
        for connection in opened_connections():
            if connection.connection is not None:
                loud_of(connection)
        yield
    finally:
        _mode.reset(mark)
        if before is None:
            for connection in opened_connections():
                for wrapper in list(connection.execute_wrappers):
                    if isinstance(wrapper, Loud) and wrapper.carries_tokens:
                        wrapper.stop()


def name_of(command: BaseCommand) -> str:
    """As on the command line; of Django's own also when it is a subclass."""
    names = [cls.__module__.rpartition(".")[2] for cls in type(command).__mro__]
    return next((name for name in names if name in WHOLE), names[0])


def command() -> Optional[str]:
    """Name of the command that runs here."""
    return _command.get()


def install() -> None:
    connection_created.connect(on_connect, dispatch_uid="dbmi_authz_django.ownership.silence")
    for connection in connections.all():
        if connection.connection is not None:
            loud_of(connection)
    if hasattr(BaseCommand.execute, "__wrapped__"):
        return
    execute, run_from_argv = BaseCommand.execute, BaseCommand.run_from_argv

    @wraps(execute)
    def loud_execute(self: Any, *args: Any, **options: Any) -> Any:
        name = name_of(self)
        mark = _command.set(name)
        try:
            if name not in WHOLE:
                return execute(self, *args, **options)
            with never_silent(EVERYBODY):
                return execute(self, *args, **options)
        finally:
            _command.reset(mark)

    @wraps(run_from_argv)
    def loud_run_from_argv(self: Any, argv: Any) -> Any:
        if SERVING.fullmatch(name_of(self)):
            return run_from_argv(self, argv)
        with never_silent(OWNERS):
            return run_from_argv(self, argv)

    BaseCommand.execute = loud_execute
    BaseCommand.run_from_argv = loud_run_from_argv
