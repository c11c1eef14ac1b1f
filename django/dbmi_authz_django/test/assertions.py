"""Who sees what, and who may do what; with the reasons, where it is otherwise.

The database is asked as the application asks it, with a token, in a savepoint
that is rolled back.
"""
from __future__ import annotations

import copy
from typing import Any, Iterable, List

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models, router, transaction
from django.db.models import Model, QuerySet

from ..errors import Forbidden
from ..sql import table_name
from .minting import Who, as_user

COMMANDS = {"select": "SELECT", "view": "SELECT", "read": "SELECT",
            "insert": "INSERT", "add": "INSERT", "create": "INSERT",
            "update": "UPDATE", "change": "UPDATE", "delete": "DELETE"}


def assert_sees(claims: Who, what: Any, msg: str | None = None, **options: Any) -> None:
    """A user with these claims sees the row, each of these rows, or some row of
    the queryset.  The options are those of mint()."""
    for one in each(what):
        using = alias_of(one)
        with as_user(claims, using=using, **options):
            if not sees(one, using):
                fail("%s does not see %s." % (who(claims), name(one)), one, "SELECT", using, msg)


def assert_cannot_see(claims: Who, what: Any, msg: str | None = None, **options: Any) -> None:
    """The contrary: no row of what is given."""
    for one in each(what):
        using = alias_of(one)
        with as_user(claims, using=using, **options):
            if sees(one, using):
                fail("%s sees %s." % (who(claims), name(one)), one, "SELECT", using, msg)


def assert_may(claims: Who, command: str, obj: Model, msg: str | None = None,
               **options: Any) -> None:
    """A user with these claims may "insert", "update" or "delete" the row, or
    "select" it.  An update is to the values that the object has now."""
    why = denial(claims, command, obj, options)
    if why is not None:
        fail("%s may not %s %s: %s" % (who(claims), command, name(obj), why[0]), obj,
             COMMANDS[command], alias_of(obj), msg, why[1])


def assert_may_not(claims: Who, command: str, obj: Model, msg: str | None = None,
                   **options: Any) -> None:
    if denial(claims, command, obj, options) is None:
        using = alias_of(obj)
        with as_user(claims, using=using, **options):
            fail("%s may %s %s." % (who(claims), command, name(obj)), obj, COMMANDS[command],
                 using, msg)


# ---- what is asked ----

def each(what: Any) -> List[Any]:
    if isinstance(what, (Model, QuerySet)):
        return [what]
    if isinstance(what, models.Manager):
        return [what.all()]
    found = list(what)
    if not found:
        raise ValueError("No row is given: an empty list proves nothing.")
    return found


def alias_of(what: Any) -> str:
    if isinstance(what, QuerySet):
        return str(what.db)
    return str(what._state.db or router.db_for_read(type(what), instance=what)
               or DEFAULT_DB_ALIAS)


def sees(what: Any, using: str) -> bool:
    rows = what.all() if isinstance(what, QuerySet) else row(what, using)
    return bool(rows.exists())


def row(obj: Model, using: str) -> Any:
    if obj.pk is None:
        raise ValueError("%s has no primary key: it is not a row yet." % name(obj))
    return type(obj)._base_manager.using(using).filter(pk=obj.pk)


class Undone(Exception):
    """Rolls back what was tried."""


def denial(claims: Who, command: str, obj: Model, options: Any) -> tuple[str, List[str]] | None:
    """Why not, with what explains it; None: it may."""
    if command not in COMMANDS:
        raise ValueError("%r is none of %s." % (command, ", ".join(COMMANDS)))
    using = alias_of(obj)
    with as_user(claims, using=using, **options):
        try:
            with transaction.atomic(using):
                done = attempt(COMMANDS[command], obj, using)
                raise Undone
        except Undone:
            why = None if done else "no such row is in reach."
        except Forbidden as error:
            why = (error.reason or error.description) + "."
        if why is None:
            return None
        return why, explanation(obj, COMMANDS[command], using)


def attempt(command: str, obj: Model, using: str) -> bool:
    if command == "INSERT":
        made = copy.copy(obj)
        made._state = copy.copy(obj._state)
        type(obj)._base_manager.using(using).bulk_create([made])
        return True
    rows = row(obj, using)
    if command == "UPDATE":
        values = {field.attname: getattr(obj, field.attname) for field in obj._meta.local_fields
                  if not field.primary_key and not is_generated(field)}
        return bool(rows.update(**values))
    if command == "DELETE":
        # past signals and Django's own cascades: this row alone is the question
        connection = connections[using]
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM %s WHERE %s = %%s" % (
                table_name(obj._meta.db_table),
                connection.ops.quote_name(obj._meta.pk.column)),
                [obj._meta.pk.get_db_prep_value(obj.pk, connection)])
            return bool(cursor.rowcount)
    return bool(rows.exists())


def is_generated(field: Any) -> bool:
    return bool(getattr(field, "generated", False))     # since Django 5.0


# ---- what is said ----

def who(claims: Who) -> str:
    return repr(claims if isinstance(claims, str) else claims.get("sub", dict(claims)))


def name(what: Any) -> str:
    if isinstance(what, QuerySet):
        return "any row of this queryset of %s" % what.model._meta.label
    return "%s %s" % (what._meta.label, what.pk)


def fail(text: str, what: Any, command: str, using: str, msg: str | None,
         explained: Iterable[str] | None = None) -> None:
    lines = [text, *(explanation(what, command, using) if explained is None else explained)]
    raise AssertionError("\n  ".join(([msg] if msg else []) + lines))


def explanation(what: Any, command: str, using: str) -> List[str]:
    """What authz.explain_access() says to the user who is logged in now."""
    model = what.model if isinstance(what, QuerySet) else type(what)
    key = None if isinstance(what, QuerySet) or command == "INSERT" else str(what.pk)
    try:
        with transaction.atomic(using), connections[using].cursor() as cursor:
            lines: List[str] = []
            # of a row that is out of sight there is one line; then of the table
            for about in (key, None):
                if len(lines) < 2:
                    cursor.execute("SELECT authz.explain_access(%s::regclass, %s, %s)",
                                   [table_name(model._meta.db_table), command, about])
                    lines += [line for line, in cursor.fetchall()]
            return lines
    except DatabaseError as error:
        return ["authz.explain_access() cannot tell why: %s"
                % str(error).partition("\n")[0]]
