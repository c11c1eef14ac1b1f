"""Policies as they are declared, on a model and in migrations.

    class Note(models.Model):
        owner = models.TextField(db_index=True)

        class Authz:
            protect = Protect(owner="owner")
            policies = [Policy("readers", "SELECT", using=HasScope("notes:read"))]

makemigrations finds what has changed (autodetector.py), and "check --database"
what a database has otherwise (drift.py).
"""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Iterable

from .conditions import (
    CanSee, Condition, fields_of, frozen, parents_of, renamed, renamed_in_parents, told,
)
from .requirements import IsOwner

COMMANDS = ("ALL", "SELECT", "INSERT", "UPDATE", "DELETE")
ROLE_WORDS = {"PUBLIC", "CURRENT_ROLE", "CURRENT_USER", "SESSION_USER"}

# The parameters of authz.protect(); those of the second line are names of fields or views.
LISTS = tuple("%s_%s_%s" % (command, how, what)
              for command in ("select", "insert", "update", "delete")
              for what in ("scopes", "roles", "permissions", "groups") for how in ("any", "all"))
FIELDS = ("owner", "org", "set_column")
VIEWS = ("set", "write_set")
PARAMETERS = (*FIELDS, *VIEWS, "mode", "org_permission", "admin", *LISTS)


class Declared:
    """Equal to another that says the same; never changed once made."""

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and told(self) == told(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        path, args, kwargs = self.deconstruct()
        return "%s(%s)" % (path.rpartition(".")[2], ", ".join(
            [repr(arg) for arg in args] + ["%s=%r" % item for item in kwargs.items()]))


class Policy(Declared):
    """One policy.

    name         in an abstract model with %(app_label)s and %(class)s
    command      ALL, SELECT, INSERT, UPDATE or DELETE
    using        which rows are seen; None where the command has no such
    check        which rows may be written; None: as using
    roles        PUBLIC or names of roles
    permissive   False: one of the conditions that all must hold

    Conditions are Q, requirements and other expressions over fields, or SQL,
    which names columns.
    """

    def __init__(self, name: str, command: str = "ALL", using: Condition | None = None,
                 check: Condition | None = None, roles: Iterable[str] = ("PUBLIC",),
                 permissive: bool = True) -> None:
        self.name = name
        self.command = command.upper()
        self.using = frozen(using)
        self.check = frozen(check)
        self.roles = (roles,) if isinstance(roles, str) else tuple(roles)
        self.permissive = permissive
        if self.command not in COMMANDS:
            raise ValueError("unrecognized command: %r" % command)
        if using is None and check is None:
            raise ValueError("a policy needs using or check")
        if self.command == "INSERT" and using is not None:
            raise ValueError("a policy for INSERT has no using, only check")
        if self.command in ("SELECT", "DELETE") and check is not None:
            raise ValueError("a policy for %s has no check, only using" % self.command)
        if not self.roles:
            raise ValueError("a policy needs a role, or PUBLIC")

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        kwargs: dict[str, Any] = {}
        if self.command != "ALL":
            kwargs["command"] = self.command
        if self.using is not None:
            kwargs["using"] = self.using
        if self.check is not None:
            kwargs["check"] = self.check
        if self.roles != ("PUBLIC",):
            kwargs["roles"] = self.roles
        if not self.permissive:
            kwargs["permissive"] = False
        return ("%s.Policy" % __name__, (self.name,), kwargs)

    def replaced(self, **values: Any) -> Policy:
        return Policy(**{"name": self.name, "command": self.command, "using": self.using,
                         "check": self.check, "roles": self.roles,
                         "permissive": self.permissive, **values})

    def with_field(self, old: str, new: str) -> Policy:
        return self.replaced(using=renamed(self.using, old, new),
                             check=renamed(self.check, old, new))

    def fields(self) -> list[str]:
        return sorted({*fields_of(self.using), *fields_of(self.check)})

    def asks_others(self) -> bool:
        """May it read other tables?"""
        return any("select" in condition.lower() if isinstance(condition, str)
                   else any(parents_of(condition)) for condition in (self.using, self.check)
                   if condition is not None)

    def with_parent_field(self, parents: Iterable[str], old: str, new: str) -> Policy:
        return self.replaced(using=renamed_in_parents(self.using, parents, old, new),
                             check=renamed_in_parents(self.check, parents, old, new))

    def for_class(self, app_label: str, model_name: str) -> Policy:
        if "%(" not in self.name:
            return self
        return self.replaced(name=self.name % {"app_label": app_label.lower(),
                                               "class": model_name.lower()})


class Protect(Declared):
    """The usual policies in one line, as authz.protect() writes them; owner, org
    and set_column are names of fields, all else is as there."""

    def __init__(self, **arguments: Any) -> None:
        for name in arguments:
            if name not in PARAMETERS:
                raise TypeError("Protect has no argument %r" % name)
        self.arguments: dict[str, Any] = {
            name: list(value) if isinstance(value, (list, tuple)) else value
            for name, value in sorted(arguments.items()) if value is not None}

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        return ("%s.Protect" % __name__, (), dict(self.arguments))

    def with_field(self, old: str, new: str) -> Protect:
        return Protect(**{name: new if name in FIELDS and value == old else value
                          for name, value in self.arguments.items()})

    def fields(self) -> list[str]:
        return sorted({value for name, value in self.arguments.items() if name in FIELDS})


def follow_parent(parent: str, owner: str | None = None,
                  write: bool | Condition = False) -> list[Policy]:
    """The policies of a child table or a many-to-many table: a row is read by
    all who can read the row that its foreign key names.

    parent   the foreign key
    owner    a field of the child: those who read the parent write rows of their own
    write    a condition over the fields of the parent: where it holds, rows are
             written; True: all who read the parent write

    With none of the two nobody writes.
    """
    if owner is not None and write is not False:
        raise ValueError("follow_parent() takes owner or write, not both")
    name = "by_%s" % parent
    reads: Condition = CanSee(parent)
    if write is True:
        return [Policy(name, using=reads)]
    policies = [Policy(name, "SELECT", using=reads)]
    if owner is not None:
        writes: Any = CanSee(parent) & IsOwner(owner)
    elif write is not False:
        writes = CanSee(parent, write)
    else:
        return policies
    return policies + [Policy("%s_insert" % name, "INSERT", check=writes),
                       Policy("%s_update" % name, "UPDATE", using=writes),
                       Policy("%s_delete" % name, "DELETE", using=writes)]


@dataclass(frozen=True)
class Table:
    """What binds those who use a table.  As declared, or as the migrations that
    ran have left it."""
    enabled: bool = False
    forced: bool = False
    protect: Protect | None = None
    policies: tuple[Policy, ...] = ()
    # made by operations that makemigrations writes
    declared: bool = field(default=False, compare=False)
    # (policy, old, new): columns that have got another name since its SQL was written
    columns: tuple[tuple[str, str, str], ...] = field(default=(), compare=False)

    def policy(self, name: str) -> Policy | None:
        for policy in self.policies:
            if policy.name == name:
                return policy
        return None

    def with_policy(self, policy: Policy, instead_of: str | None = None) -> Table:
        """In the place of the one of that name, or last."""
        name = instead_of or policy.name
        if self.policy(name) is None:
            return self.changed(policies=(*self.policies, policy))
        if instead_of is not None:
            columns = tuple((policy.name if of == name else of, old, new)
                            for of, old, new in self.columns)
        else:
            columns = tuple(renamed for renamed in self.columns if renamed[0] != name)
        return self.changed(columns=columns, policies=tuple(
            policy if each.name == name else each for each in self.policies))

    def without_policy(self, name: str) -> Table:
        return self.changed(policies=tuple(p for p in self.policies if p.name != name),
                            columns=tuple(c for c in self.columns if c[0] != name))

    def with_field(self, old: str, new: str) -> Table:
        return self.changed(
            protect=self.protect and self.protect.with_field(old, new),
            policies=tuple(policy.with_field(old, new) for policy in self.policies))

    def with_parent_field(self, parents: Iterable[str], old: str, new: str) -> Table:
        return self.changed(policies=tuple(policy.with_parent_field(parents, old, new)
                                           for policy in self.policies))

    def with_column(self, old: str, new: str) -> Table:
        return self.changed(columns=self.columns + tuple(
            (policy.name, old, new) for policy in self.policies
            if all(isinstance(c, (str, type(None))) for c in (policy.using, policy.check))))

    def changed(self, **values: Any) -> Table:
        return replace(self, **values)

    def fields(self) -> list[str]:
        names = set(self.protect.fields()) if self.protect else set()
        return sorted(names.union(*(policy.fields() for policy in self.policies)))


NOTHING = Table()
