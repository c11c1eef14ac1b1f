"""Work as the owner of tables, whom policies do not bind meanwhile.

    with authz.as_owner(Note, using="owner") as owner:
        Note.objects.using(owner).update(...)

In one transaction: NO FORCE ROW LEVEL SECURITY, the work, FORCE again.  Others
see nothing of it: until the commit the catalogs are as before for them, and
the lock of ALTER TABLE, ACCESS EXCLUSIVE, keeps everybody from the tables.
Whatever ends the transaction early takes NO FORCE back.  PostgreSQL lets
nobody but the owner do it.
"""
from __future__ import annotations

import inspect
import logging
import re
import sys
import threading
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from datetime import timedelta
from functools import wraps
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.creation import BaseDatabaseCreation
from django.db.utils import ConnectionRouter, Error, OperationalError

from ..conf import conf
from ..connection.handover import text_of
from ..errors import sqlstate
from ..login import current
from ..sql import table_name
from . import silence

log = logging.getLogger("dbmi_authz_django")

LOCK_TIMEOUT = timedelta(seconds=5)
TEST_RUNNER = "the test runner"

Timeout = Union[None, int, float, timedelta]

# All names as PostgreSQL quotes them.
TABLES = """
WITH RECURSIVE named(name, oid) AS (
    SELECT n, pg_catalog.to_regclass(n) FROM pg_catalog.unnest(%(names)s::text[]) n
    UNION
    SELECT NULL, c.oid FROM pg_catalog.pg_class c
     WHERE %(all)s AND c.relforcerowsecurity AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
), tree(oid) AS (
    SELECT oid FROM named UNION
    SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree ON i.inhparent = tree.oid)
SELECT c.oid::bigint AS oid, c.oid::pg_catalog.regclass::text AS name, c.relname::text AS plain_name,
       c.relrowsecurity AND c.relforcerowsecurity AND NOT (r.rolsuper OR r.rolbypassrls) AS forced,
       pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned,
       pg_catalog.pg_get_userbyid(c.relowner)::text AS owner, r.rolname::text AS role
  FROM tree JOIN pg_catalog.pg_class c USING (oid), pg_catalog.pg_roles r
 WHERE c.relkind IN ('r', 'p') AND r.rolname = current_user
UNION ALL
SELECT NULL, name, NULL, false, false, NULL, NULL FROM named WHERE oid IS NULL
 ORDER BY 1"""

COMMENTS = r"(?:\s|--[^\n]*|/\*.*?\*/)*"
ENDS = re.compile(COMMENTS + r"(?:COMMIT|END|ABORT|ROLLBACK(?!\s+(?:WORK\s+|TRANSACTION\s+)?TO\b)"
                  r"|PREPARE\s+TRANSACTION)\b", re.I | re.S)


class AsOwnerError(Exception):
    """as_owner() is refused, or its work was not kept."""


class Table(NamedTuple):
    oid: Optional[int]      # None: there is no such table
    name: str
    plain_name: str
    forced: bool            # and the role is bound by it
    owned: bool
    owner: str
    role: str


class Block(NamedTuple):
    """Where the work is done."""
    alias: str
    thread: int
    tables: Tuple[str, ...]     # plain names


_blocks: ContextVar[Tuple[Block, ...]] = ContextVar("dbmi_authz_as_owner", default=())


class as_owner:
    """A context manager, and a decorator of functions.

    models         classes, or names as "app.Model"; a child's parents belong to it,
                   and the partitions of a table
    using          alias of the owner; else OWNER_DATABASE of DBMI_AUTHZ
    many_to_many   also the tables that Django made for fields of these models
    lock_timeout   seconds to wait for others who use the tables: a timedelta or a
                   number; None: what the server says

    It gives the alias.  Where nobody is logged in, queries inside go there by
    themselves; in a request say so: Note.objects.using(owner).
    """

    def __init__(self, *models: Any, using: Optional[str] = None, many_to_many: bool = False,
                 lock_timeout: Timeout = LOCK_TIMEOUT) -> None:
        if not models or any(callable(model) and not inspect.isclass(model) for model in models):
            raise TypeError("as_owner() wants models: as_owner(Note, ...)")
        self.models = models
        self.using = using
        self.many_to_many = many_to_many
        self.lock_timeout = lock_timeout
        self.entered = threading.local()    # one object may serve several threads

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if (inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function)
                or inspect.isasyncgenfunction(function)):
            raise TypeError("as_owner() decorates functions that have ended when they return; "
                            "%s has not" % function.__qualname__)

        @wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            with self.block("%s.%s" % (function.__module__, function.__qualname__)):
                return function(*args, **kwargs)
        return inner

    def __enter__(self) -> str:
        block = self.block(caller())
        alias: str = block.__enter__()
        self.entered.__dict__.setdefault("blocks", []).append(block)
        return alias

    def __exit__(self, *exc_info: Any) -> Any:
        return self.entered.blocks.pop().__exit__(*exc_info)

    def block(self, who: str) -> Any:
        alias = str(self.using or conf.owner_database or DEFAULT_DB_ALIAS)
        names = sorted({name for model in self.models
                        for name in tables_of(model, self.many_to_many)})
        return set_aside(alias, names, self.lock_timeout, who)


def tables_of(model: Any, many_to_many: bool) -> Iterator[str]:
    if isinstance(model, str):
        model = apps.get_model(model)
    for cls in (model, *model._meta.get_parent_list()):
        yield table_name(cls._meta.db_table)
        for field in cls._meta.local_many_to_many if many_to_many else ():
            through = field.remote_field.through
            if through._meta.auto_created:
                yield table_name(through._meta.db_table)


def caller() -> str:
    """Whose work it is, for the log."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in (
            "dbmi_authz_django", "contextlib"):
        frame = frame.f_back
    return "%s.%s" % (frame.f_globals.get("__name__"), frame.f_code.co_name)


# ---- the block ----

@contextmanager
def set_aside(alias: str, names: Optional[Sequence[str]], lock_timeout: Timeout,
              who: str) -> Iterator[str]:
    """Row security of these tables; None: of all that the role owns."""
    connection = connections[alias]
    refuse_early(connection)
    nested = connection.in_atomic_block
    with ExitStack() as stack:
        forced: List[Table] = []
        kept = False
        # last of all, whatever has ended the block
        stack.callback(lambda: None if kept else restore(connection, forced))
        try:
            stack.enter_context(transaction.atomic(using=alias))
            if nested:
                connection.check_constraints()      # ALTER TABLE refuses if some are to come
            tables = look_up(connection, names)
            refuse(alias, tables)
            forced = [table for table in tables if table.forced]
            lift(connection, forced, lock_timeout)
            began = transaction_id(connection)
        except OperationalError as error:
            if sqlstate(error) != "55P03":
                raise
            raise AsOwnerError(
                "the tables are in use, and as_owner() waited %s for them%s"
                % (lock_timeout, others_of_ours(connection))) from error
        if forced:
            log.log(logging.DEBUG if who == TEST_RUNNER else logging.WARNING,
                    'as_owner: row security of %s is set aside for role "%s" (database "%s") '
                    "by %s", ", ".join(table.name for table in forced), forced[0].role, alias,
                    described(who))
        try:
            with routed(Block(alias, threading.get_ident(),
                              tuple(table.plain_name for table in tables))):
                yield alias
            force(connection, forced, began)
            kept = not connection.needs_rollback
        finally:
            if forced:
                log.info("as_owner: row security of %s %s", ", ".join(t.name for t in forced),
                         "is in force again" if kept else "is in force again, by a rollback")


def described(who: str) -> str:
    command = silence.command()
    return who if command is None else "%s (command %s)" % (who, command)


def refuse_early(connection: Any) -> None:
    alias = connection.alias
    if connection.vendor != "postgresql":
        raise AsOwnerError('database "%s" is not PostgreSQL' % alias)
    if alias in conf.databases and current() is not None:
        raise AsOwnerError(
            'database "%s" carries tokens, and the work of a request or of "with as_token()" is '
            "not its owner's: use an alias of the owner" % alias)


def refuse(alias: str, tables: Sequence[Table]) -> None:
    for table in tables:
        if table.oid is None:
            raise AsOwnerError('database "%s" has no table %s' % (alias, table.name))
        if not table.owned:
            raise AsOwnerError(
                'role "%s" of database "%s" does not have the rights of "%s", who owns %s; name the '
                "owner's alias: as_owner(..., using=...), or OWNER_DATABASE of DBMI_AUTHZ"
                % (table.role, alias, table.owner, table.name))


def rows(connection: Any, sql: str, args: Any = ()) -> List[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        found: List[Any] = cursor.fetchall()
        return found


def look_up(connection: Any, names: Optional[Sequence[str]]) -> List[Table]:
    return [Table(*row) for row in rows(connection, TABLES, {
        "names": list(names or ()), "all": names is None})]


def lift(connection: Any, forced: Sequence[Table], lock_timeout: Timeout) -> None:
    """In the order of their numbers, so that two who do it do not lock each other out."""
    if not forced:
        return
    [[before]] = rows(connection, "SELECT pg_catalog.current_setting('lock_timeout')")
    if lock_timeout is not None:
        limit(connection, "%dms" % milliseconds(lock_timeout))
    for table in forced:
        alter(connection, table.name, "NO FORCE")
    if lock_timeout is not None:
        limit(connection, before)


def limit(connection: Any, value: str) -> None:
    rows(connection, "SELECT pg_catalog.set_config('lock_timeout', %s, true)", [value])


def milliseconds(timeout: Union[int, float, timedelta]) -> int:
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    return max(1, int(seconds * 1000))      # 0 would be for ever


def alter(connection: Any, name: str, force: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE %s %s ROW LEVEL SECURITY" % (name, force))


def transaction_id(connection: Any) -> str:
    [[found]] = rows(connection, "SELECT pg_catalog.pg_current_xact_id()::text")
    return str(found)


def force(connection: Any, forced: Sequence[Table], began: str) -> None:
    if connection.closed_in_transaction or connection.connection is None:
        raise AsOwnerError("the connection was closed within as_owner(): nothing was kept")
    if connection.needs_rollback:
        return      # which takes NO FORCE back
    connection.check_constraints()      # those that wait for the commit
    ended = transaction_id(connection) != began
    for [name] in rows(connection, "SELECT oid::pg_catalog.regclass::text FROM pg_catalog.pg_class"
                       " WHERE oid = ANY (%s::bigint[]::oid[])", [[t.oid for t in forced]]):
        alter(connection, name, "FORCE")
    if ended:
        # before anything can go wrong with it
        connection.connection.commit()
        raise AsOwnerError("a COMMIT or ROLLBACK within as_owner() ended its transaction: what "
                           "came before it cannot be taken back")


def restore(connection: Any, forced: Sequence[Table]) -> None:
    """After a rollback.  If a COMMIT has come before it that stays() did not see, in the
    midst of a script or by the driver, the tables are without FORCE for everybody."""
    if not forced:
        return
    apart = connection.copy() if connection.in_atomic_block else connection
    if apart.connection is not None and not apart.is_usable():
        apart.close()
    try:
        with transaction_of(apart):
            names = [name for [name] in rows(
                apart, "SELECT oid::pg_catalog.regclass::text FROM pg_catalog.pg_class"
                " WHERE oid = ANY (%s::bigint[]::oid[]) AND NOT relforcerowsecurity",
                [[table.oid for table in forced]])]
            for name in names:
                alter(apart, name, "FORCE")
        if names:
            log.error("as_owner: a COMMIT within it had kept row security of %s set aside; it is in "
                      "force again", ", ".join(names))
    except Error:
        log.exception("as_owner: it is not certain that row security of %s is in force again",
                      ", ".join(table.name for table in forced))
    finally:
        if apart is not connection:
            apart.close()


@contextmanager
def transaction_of(connection: Any) -> Iterator[None]:
    """Of a connection that connections[...] need not know."""
    connection.set_autocommit(False)
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.set_autocommit(True)


def others_of_ours(connection: Any) -> str:
    ours = [alias for alias in connections if alias != connection.alias
            and connections[alias].in_atomic_block]
    if not ours:
        return ""
    return ("; perhaps by a transaction of this very thread: on %s (ATOMIC_REQUESTS, atomic(), or "
            "a TestCase)" % ", ".join('"%s"' % alias for alias in ours))


# ---- where queries go meanwhile ----

@contextmanager
def routed(block: Block) -> Iterator[None]:
    connection = connections[block.alias]
    guards: List[Tuple[Any, Any]] = [(connection, stays(connection))]
    guards += [(other, keeps_off(block, other.alias)) for other in map(
        connections.__getitem__, connections)
        if other.alias != block.alias and same_database(other.alias, block.alias)]
    for guarded, wrapper in guards:
        guarded.execute_wrappers.insert(0, wrapper)
    mark = _blocks.set(_blocks.get() + (block,))
    try:
        yield
    finally:
        _blocks.reset(mark)
        for guarded, wrapper in guards:
            guarded.execute_wrappers.remove(wrapper)


def stays(connection: Any) -> Callable[..., Any]:
    """In its transaction, and the owner's."""
    def wrapper(execute: Callable[..., Any], sql: Any, params: Any, many: bool,
                context: Any) -> Any:
        if ENDS.match(text_of(sql, connection.connection)):
            raise AsOwnerError("no COMMIT and no ROLLBACK within as_owner(), but to a savepoint")
        if connection.alias in conf.databases and current() is not None:
            raise AsOwnerError("within as_owner() on an alias that carries tokens nobody can be "
                               "logged in: no policy binds its queries")
        return execute(sql, params, many, context)
    return wrapper


def keeps_off(block: Block, alias: str) -> Callable[..., Any]:
    """A connection of ours that would wait for ever for our own lock."""
    def wrapper(execute: Callable[..., Any], sql: Any, params: Any, many: bool,
                context: Any) -> Any:
        text = sql if isinstance(sql, str) else ""
        if any('"%s"' % name in text for name in block.tables):
            raise AsOwnerError(
                'this query, on database "%s", would wait for the as_owner() within which it is '
                'asked: say .using("%s")' % (alias, block.alias))
        return execute(sql, params, many, context)
    return wrapper


def same_database(alias: str, other: str) -> bool:
    """As far as settings tell: a pool before it has another address."""
    one, two = connections[alias].settings_dict, connections[other].settings_dict
    if connections[alias].vendor != "postgresql" or one["NAME"] != two["NAME"]:
        return False
    return (one["HOST"], one["PORT"]) == (two["HOST"], two["PORT"]) or alias in conf.databases


def block_here() -> Optional[Block]:
    """To which queries go that do not say where.  In a request none: policies bind
    what does not name the owner."""
    blocks = _blocks.get()
    if not blocks or blocks[-1].thread != threading.get_ident() or current() is not None:
        return None
    return blocks[-1]


def route(action: Callable[..., str]) -> Callable[..., str]:
    @wraps(action)
    def routed_action(self: Any, model: Any, **hints: Any) -> str:
        chosen = action(self, model, **hints)
        block = block_here()
        if block is None or chosen == block.alias:
            return chosen
        plain_name = model._meta.db_table.strip('"').rpartition('"')[2]
        if plain_name in block.tables or same_database(chosen, block.alias):
            return block.alias
        return chosen
    return routed_action


def relation(allow: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(allow)
    def allow_relation(self: Any, obj1: Any, obj2: Any, **hints: Any) -> Any:
        block = block_here()
        if block is not None and {obj1._state.db, obj2._state.db} - {None} and all(
                alias in (None, block.alias) or same_database(alias, block.alias)
                for alias in (obj1._state.db, obj2._state.db)):
            return True
        return allow(self, obj1, obj2, **hints)
    return allow_relation


def of_test_database(function: Callable[..., Any]) -> Callable[..., Any]:
    """Django keeps and restores the rows of a test database: all of them."""
    @wraps(function)
    def as_its_owner(self: Any, *args: Any, **kwargs: Any) -> Any:
        connection = self.connection
        if connection.vendor != "postgresql" or current() is not None:
            return function(self, *args, **kwargs)
        with set_aside(connection.alias, None, LOCK_TIMEOUT, TEST_RUNNER):
            return function(self, *args, **kwargs)
    return as_its_owner


def install() -> None:
    patches: Dict[Any, Dict[str, Any]] = {
        ConnectionRouter: {"db_for_read": route, "db_for_write": route,
                           "allow_relation": relation},
        BaseDatabaseCreation: {"serialize_db_to_string": of_test_database,
                               "deserialize_db_from_string": of_test_database}}
    for cls, methods in patches.items():
        for name, wrap in methods.items():
            method = getattr(cls, name)
            if not hasattr(method, "__wrapped__"):
                setattr(cls, name, wrap(method))
