"""Writes of a row that policies show and do not let write: an error, not nothing.

PostgreSQL reaches with UPDATE and DELETE only rows that the policies for these
commands let through, and says how many they were.  Django does not look:
Model.delete() succeeds having deleted nothing, and Model.save() takes the row
for a new one and inserts it, which fails for another reason.  Here both raise
Forbidden, which is 403.  The user who gets it has seen the row, so it tells nothing;
a hidden row is "not found" before anybody writes.

A row that is no longer there is Django's affair.  A trigger or rule may have
done something else than delete, like marking the row; there the database is
asked whether a policy was in the way.
"""
from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from django.db import connections, router, transaction
from django.db.models import base
from django.db.models.deletion import Collector
from django.db.models.sql import DeleteQuery

from .conf import conf
from .errors import Forbidden
from .login import current
from .sql import table_name

# Django's own
UPDATE: Any = base.Model._do_update
DELETE: Any = DeleteQuery.delete_batch

# Has the deletion in progress to be of every row that it names?
_complete: ContextVar[bool] = ContextVar("dbmi_authz_complete", default=False)

# Is there a rule, or a trigger for each row BEFORE or INSTEAD OF a DELETE (bits of pg_trigger.h)?
ACTS = """SELECT c.relhasrules OR EXISTS (
    SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
       AND t.tgtype::integer & 9 = 9 AND t.tgtype::integer & 66 <> 0)
  FROM pg_catalog.pg_class c WHERE c.oid = %s::pg_catalog.regclass"""
WHY = "SELECT authz.explain_access(%s::pg_catalog.regclass, 'DELETE', %s) LIMIT 1"

def install() -> None:
    base.Model._do_update = do_update
    base.Collector = Complete       # of Model.delete() alone
    DeleteQuery.delete_batch = delete_batch


MESSAGE = {"error_description": "This row may be read, not written"}


def lost() -> Forbidden:
    login = current()
    had_token = login is None or login.token is not None
    return Forbidden({"error": "insufficient_scope", **MESSAGE} if had_token else MESSAGE)


def guarded(using: str) -> bool:
    return (conf.refuse_lost_writes and using in conf.databases
            and connections[using].vendor == "postgresql")


def stopped_by_policy(rows: Any) -> bool:
    """Are they there because nobody may delete them, or because something acted in place of that?"""
    table = table_name(rows.model._meta.db_table)
    with connections[rows.db].cursor() as cursor:
        cursor.execute(ACTS, [table])
        if cursor.fetchone() == (False,):
            return True
        cursor.execute(WHY, [table, str(rows.values_list("pk", flat=True)[0])])
        return " may not delete the row" in str(cursor.fetchone()[0])


def do_update(self: Any, base_qs: Any, using: str, pk_val: Any, *args: Any, **kwargs: Any) -> Any:
    """Model._do_update()"""
    updated = UPDATE(self, base_qs, using, pk_val, *args, **kwargs)
    if not updated and not self._state.adding and guarded(using):
        if base_qs.filter(pk=pk_val).exists():
            raise lost()   # Django would insert it, in vain
    return updated


def delete_batch(self: Any, pk_list: list[Any], using: str) -> int:
    """DeleteQuery.delete_batch()"""
    deleted: int = DELETE(self, pk_list, using)
    if deleted < len(pk_list) and _complete.get():
        left = self.get_meta().model._base_manager.using(using).filter(pk__in=pk_list)
        if left.exists() and stopped_by_policy(left):
            raise lost()
    return deleted


class Complete(Collector):
    """Every row that it names is deleted, or none."""

    def can_fast_delete(self, objs: Any, from_field: Any = None) -> Any:
        # What refers to a deleted row by a foreign key is missed by the database.
        # Other rows, as those of a GenericRelation, are to be named and counted.
        if hasattr(objs, "_raw_delete") and not getattr(from_field, "db_constraint", False) \
                and guarded(self.using):
            return False
        return super().can_fast_delete(objs, from_field)

    def delete(self) -> Any:
        mark = _complete.set(guarded(self.using))
        try:
            return super().delete()
        finally:
            _complete.reset(mark)


def delete_all(queryset: Any) -> Any:
    """Delete every row that the queryset shows, or none: then it raises Forbidden.

    Returns what QuerySet.delete() does, which deletes those that it may.
    """
    using = router.db_for_write(queryset.model) if queryset._db is None else queryset._db
    with transaction.atomic(using=using):
        collector = Complete(using=using)
        collector.collect(list(queryset.using(using)))
        return collector.delete()


def update_all(queryset: Any, **values: Any) -> int:
    """Update every row that the queryset shows, or none: then it raises Forbidden.

    Returns their number, as QuerySet.update() does, which updates those that it may.
    """
    using = router.db_for_write(queryset.model) if queryset._db is None else queryset._db
    with transaction.atomic(using=using):
        keys = list(queryset.using(using).values_list("pk", flat=True))
        updated: int = queryset.model._base_manager.using(using).filter(pk__in=keys).update(**values)
        if updated < len(keys):
            raise lost()
        return updated


