"""The usual policies of a table."""
from __future__ import annotations

from typing import Any, Sequence

from .. import policies
from ..conditions import Condition
from ..policies import Table, follow_parent
from .base import TableOperation

Names = Sequence[str]


class Protect(TableOperation):
    """The usual policies in one line: authz.protect().  Backwards the table is as
    it was: with those of an earlier Protect, or without.

    owner, org and set_column are names of fields, set and write_set those of
    views as in CreateSet; all else is as in authz.protect().
    """

    def __init__(self, model_name: str, owner: str | None = None, mode: str | None = None,
                 org: str | None = None, org_permission: str | None = None,
                 admin: bool | None = None,
                 select_any_scopes: Names | None = None, select_all_scopes: Names | None = None,
                 select_any_roles: Names | None = None, select_all_roles: Names | None = None,
                 select_any_permissions: Names | None = None,
                 select_all_permissions: Names | None = None,
                 select_any_groups: Names | None = None, select_all_groups: Names | None = None,
                 insert_any_scopes: Names | None = None, insert_all_scopes: Names | None = None,
                 insert_any_roles: Names | None = None, insert_all_roles: Names | None = None,
                 insert_any_permissions: Names | None = None,
                 insert_all_permissions: Names | None = None,
                 insert_any_groups: Names | None = None, insert_all_groups: Names | None = None,
                 update_any_scopes: Names | None = None, update_all_scopes: Names | None = None,
                 update_any_roles: Names | None = None, update_all_roles: Names | None = None,
                 update_any_permissions: Names | None = None,
                 update_all_permissions: Names | None = None,
                 update_any_groups: Names | None = None, update_all_groups: Names | None = None,
                 delete_any_scopes: Names | None = None, delete_all_scopes: Names | None = None,
                 delete_any_roles: Names | None = None, delete_all_roles: Names | None = None,
                 delete_any_permissions: Names | None = None,
                 delete_all_permissions: Names | None = None,
                 delete_any_groups: Names | None = None, delete_all_groups: Names | None = None,
                 set: str | None = None, set_column: str | None = None,
                 write_set: str | None = None) -> None:
        # each by its name: squashmigrations writes no others
        arguments = {name: value for name, value in locals().items()
                     if name not in ("self", "model_name", "__class__") and value is not None}
        self.model_name = model_name
        self.protect = policies.Protect(**arguments)

    def after(self, table: Table) -> Table:
        return table.changed(protect=self.protect, enabled=True, forced=True)

    def describe(self) -> str:
        return "Protects %s" % self.model_name


class AlterProtection(TableOperation):
    """The same for what the model declares; makemigrations writes it.  None takes it
    away; row-level security stays, so that nothing is opened."""

    def __init__(self, model_name: str, protect: policies.Protect | None) -> None:
        self.model_name = model_name
        self.protect = protect

    def after(self, table: Table) -> Table:
        if self.protect is None:
            return table.changed(protect=None)
        return table.changed(protect=self.protect, enabled=True, forced=True, declared=True)

    def describe(self) -> str:
        return "%s %s" % ("Protects" if self.protect else "Ends the protection of",
                          self.model_name)


class Unprotect(TableOperation):
    """authz.unprotect(): without what Protect has made.  Row-level security stays,
    so that nothing is opened."""

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def after(self, table: Table) -> Table:
        return table.changed(protect=None)

    def statements(self, model: Any, schema_editor: Any, old: Table, new: Table,
                   backwards: bool) -> Any:
        if not backwards and old.protect is None:
            # what RunSQL has written
            old = old.changed(protect=policies.Protect())
        return super().statements(model, schema_editor, old, new, backwards)

    def describe(self) -> str:
        return "Ends the protection of %s" % self.model_name


class ProtectChild(TableOperation):
    """Rows of a child table, or of a many-to-many table ("Team.members"), are read by
    all who can read the row that their foreign key names, under its own policies.

    parent   the foreign key
    owner    a field of the child: those who read the parent write rows of their own
    write    a condition over the fields of the parent: where it holds, rows are
             written; True: all who read the parent write

    With none of the two nobody writes.
    """

    def __init__(self, model_name: str, parent: str, owner: str | None = None,
                 write: bool | Condition = False) -> None:
        self.model_name = model_name
        self.policies = follow_parent(parent, owner, write)
        self.parent = parent

    def after(self, table: Table) -> Table:
        table = table.changed(enabled=True, forced=True)
        for policy in self.policies:
            table = table.with_policy(policy)
        return table

    def references_model(self, name: str, app_label: str, *args: Any) -> bool:
        return True

    def subjects(self) -> set[str]:
        return {"", *(policy.name for policy in self.policies)}

    def describe(self) -> str:
        return "Protects %s by its %s" % (self.model_name, self.parent)
