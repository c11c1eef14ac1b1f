"""Policies one by one."""
from __future__ import annotations

from typing import Any, Iterable, Iterator

from django.db.migrations.exceptions import IrreversibleError

from .. import policies
from ..schema import changes
from ..conditions import Condition
from ..policies import Table
from .base import TableOperation


class PolicyOperation(TableOperation):
    """One that creates or alters one."""
    policy: policies.Policy
    verb = "Creates"

    def describe(self) -> str:
        return "%s policy %s on %s" % (self.verb, self.policy.name, self.model_name)

    def subjects(self) -> set[str]:
        return {self.policy.name}

    def references_model(self, name: str, app_label: str, *args: Any) -> bool:
        return self.policy.asks_others() or super().references_model(name, app_label, *args)

    @property
    def migration_name_fragment(self) -> str:
        return "policy_%s" % self.policy.name.lower()

    def after(self, table: Table) -> Table:
        if table.policy(self.policy.name) is not None:
            raise ValueError("policy %r of %s exists already; use AlterPolicy"
                             % (self.policy.name, self.model_name))
        return table.with_policy(self.policy)

    def follows(self, operation: Any) -> bool:
        """Is it about the policy that this operation has made?"""
        return (isinstance(operation, TableOperation)
                and operation.model_name.lower() == self.model_name.lower())

    def reduce(self, operation: Any, app_label: str) -> Any:
        if self.follows(operation):
            if isinstance(operation, AlterPolicy) and operation.policy.name == self.policy.name:
                return [type(self).of(self.model_name, operation.policy)]
            if isinstance(operation, RemovePolicy) and operation.name == self.policy.name:
                return [] if self.creates else [operation]
            if isinstance(operation, RenamePolicy) and self.creates \
                    and operation.old_name == self.policy.name:
                return [type(self).of(self.model_name,
                                      self.policy.replaced(name=operation.new_name))]
        return super().reduce(operation, app_label)

    creates = True

    @classmethod
    def of(cls, model_name: str, policy: policies.Policy) -> PolicyOperation:
        raise NotImplementedError


class Policy(PolicyOperation):
    """CREATE POLICY.

    command      ALL, SELECT, INSERT, UPDATE or DELETE
    using        which rows are seen; None where the command has no such
    check        which rows may be written; None: as using
    roles        PUBLIC or names of roles
    permissive   False: one of the conditions that all must hold

    using and check are SQL, which names columns, or Q, requirements and other
    expressions over fields.
    """

    def __init__(self, model_name: str, name: str, command: str = "ALL",
                 using: Condition | None = None, check: Condition | None = None,
                 roles: Iterable[str] = ("PUBLIC",), permissive: bool = True) -> None:
        self.model_name = model_name
        self.policy = policies.Policy(name, command, using, check, roles, permissive)

    @classmethod
    def of(cls, model_name: str, policy: policies.Policy) -> PolicyOperation:
        return cls(model_name, policy.name, policy.command, policy.using, policy.check,
                   policy.roles, policy.permissive)


class AddPolicy(PolicyOperation):
    """The same for a policy that the model declares; makemigrations writes it."""

    def __init__(self, model_name: str, policy: policies.Policy) -> None:
        self.model_name = model_name
        self.policy = policy

    def after(self, table: Table) -> Table:
        return super().after(table).changed(declared=True)

    @classmethod
    def of(cls, model_name: str, policy: policies.Policy) -> PolicyOperation:
        return cls(model_name, policy)


class AlterPolicy(PolicyOperation):
    """A policy of that name becomes this one.  Backwards it becomes what the operations
    before have made of it; if they do not know it, because RunSQL made it,
    this cannot be undone, unless state_operations of that RunSQL tell."""
    verb = "Alters"
    creates = False

    def __init__(self, model_name: str, policy: policies.Policy) -> None:
        self.model_name = model_name
        self.policy = policy

    @classmethod
    def of(cls, model_name: str, policy: policies.Policy) -> PolicyOperation:
        return cls(model_name, policy)

    def after(self, table: Table) -> Table:
        return table.with_policy(self.policy)

    def statements(self, model: Any, schema_editor: Any, old: Table, new: Table,
                   backwards: bool) -> Iterator[str]:
        name = self.policy.name
        if backwards and new.policy(name) is None:
            raise IrreversibleError(unknown(self, name))
        if not backwards and old.policy(name) is None:
            yield changes.removal(name, model)
        yield from super().statements(model, schema_editor, old, new, backwards)

    @property
    def migration_name_fragment(self) -> str:
        return "alter_policy_%s" % self.policy.name.lower()


class RemovePolicy(TableOperation):
    """DROP POLICY.  Backwards it is made again, under the same condition as in AlterPolicy."""

    def __init__(self, model_name: str, name: str) -> None:
        self.model_name = model_name
        self.name = name

    def after(self, table: Table) -> Table:
        return table.without_policy(self.name)

    def statements(self, model: Any, schema_editor: Any, old: Table, new: Table,
                   backwards: bool) -> Iterator[str]:
        if backwards and new.policy(self.name) is None:
            raise IrreversibleError(unknown(self, self.name))
        if not backwards and old.policy(self.name) is None:
            yield changes.removal(self.name, model)
        yield from super().statements(model, schema_editor, old, new, backwards)

    def subjects(self) -> set[str]:
        return {self.name}

    def describe(self) -> str:
        return "Removes policy %s from %s" % (self.name, self.model_name)

    @property
    def migration_name_fragment(self) -> str:
        return "remove_policy_%s" % self.name.lower()


class RenamePolicy(TableOperation):
    """ALTER POLICY ... RENAME.  It binds all the time."""

    def __init__(self, model_name: str, old_name: str, new_name: str) -> None:
        self.model_name = model_name
        self.old_name = old_name
        self.new_name = new_name

    def after(self, table: Table) -> Table:
        policy = table.policy(self.old_name)
        if policy is None:
            return table        # RunSQL made it; its name is all that changes
        return table.with_policy(policy.replaced(name=self.new_name), instead_of=self.old_name)

    def statements(self, model: Any, schema_editor: Any, old: Table, new: Table,
                   backwards: bool) -> Iterator[str]:
        names = (self.new_name, self.old_name) if backwards else (self.old_name, self.new_name)
        yield changes.renaming(*names, model)

    def subjects(self) -> set[str]:
        return {self.old_name, self.new_name}

    def describe(self) -> str:
        return "Renames policy %s on %s to %s" % (self.old_name, self.model_name, self.new_name)

    @property
    def migration_name_fragment(self) -> str:
        return "rename_policy_%s_%s" % (self.old_name.lower(), self.new_name.lower())


def unknown(operation: TableOperation, name: str) -> str:
    return ("%s cannot be undone: no operation before it has made policy %r of %s, so that the "
            "migrations do not know what it was.  If RunSQL made it, tell by its "
            "state_operations=[Policy(...)]." % (type(operation).__name__, name,
                                                 operation.model_name))
