"""The statements that make what binds a table into something else, of which no step
is more open than both."""
from __future__ import annotations

from typing import Any, Iterator

from ..conditions import compiled
from ..policies import FIELDS, ROLE_WORDS, VIEWS, Policy, Protect, Table
from ..sql import identifier, literal, regclass, relation_name, table_name


def statements(model: Any, editor: Any, old: Table, new: Table) -> Iterator[str]:
    table = table_name(model._meta.db_table)
    protects = new.protect is not None and new.protect != old.protect
    if not protects:        # which does it by itself
        if new.enabled and not old.enabled:
            yield "ALTER TABLE %s ENABLE ROW LEVEL SECURITY" % table
        if new.forced and not old.forced:
            yield "ALTER TABLE %s FORCE ROW LEVEL SECURITY" % table
    if new.protect is not None and protects:
        yield protection(new.protect, model)
    elif new.protect is None and old.protect is not None:
        yield "SELECT authz.unprotect(%s)" % regclass(table)
    # what narrows comes first
    for policy in sorted(new.policies, key=lambda policy: policy.permissive):
        before = old.policy(policy.name)
        if before == policy:
            continue
        there, back = columns_of_then(policy, new, table)
        yield from there
        if before is None:
            yield creation(policy, model, editor)
        else:
            yield from alteration(before, policy, model, editor)
        yield from back
    for policy in sorted(old.policies, key=lambda policy: not policy.permissive):
        if new.policy(policy.name) is None:
            yield removal(policy.name, model)
    if old.forced and not new.forced:
        yield "ALTER TABLE %s NO FORCE ROW LEVEL SECURITY" % table
    if old.enabled and not new.enabled:
        yield disabling(table, careful=old.protect is not None)


def columns_of_then(policy: Policy, table: Table, name: str) -> tuple[list[str], list[str]]:
    """The columns get the names that they had when the policy's SQL was written,
    so that it is read as it was, and back.  PostgreSQL follows."""
    renamed = [(old, new) for of, old, new in table.columns if of == policy.name]
    line = "ALTER TABLE %s RENAME COLUMN %s TO %s"
    return ([line % (name, identifier(new), identifier(old)) for old, new in reversed(renamed)],
            [line % (name, identifier(old), identifier(new)) for old, new in renamed])


def disabling(table: str, careful: bool) -> str:
    """careful: not while there are policies that no operation has made."""
    disable = "ALTER TABLE %s DISABLE ROW LEVEL SECURITY" % table
    if not careful:
        return disable
    return ("DO %s" % literal(
        "BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_policy WHERE polrelid = %s) THEN %s;"
        " END IF; END" % (regclass(table), disable)))


def protection(protect: Protect, model: Any) -> str:
    arguments = ["rel => %s" % regclass(table_name(model._meta.db_table))]
    for name, value in protect.arguments.items():
        if name in FIELDS:
            value = model._meta.get_field(value).column
        arguments.append("%s => %s" % (name, regclass(relation_name(value)) if name in VIEWS
                                       else literal(value)))
    return "SELECT authz.protect(%s)" % ", ".join(arguments)


def roles(policy: Policy) -> str:
    return ", ".join(role.upper() if role.upper() in ROLE_WORDS else identifier(role)
                     for role in policy.roles)


def conditions(policy: Policy, model: Any, editor: Any) -> str:
    using, check = (compiled(condition, model, editor)
                    for condition in (policy.using, policy.check))
    return (("" if using is None else " USING (%s)" % using)
            + ("" if check is None else " WITH CHECK (%s)" % check))


def creation(policy: Policy, model: Any, editor: Any, table: str | None = None) -> str:
    return "CREATE POLICY %s ON %s AS %s FOR %s TO %s%s" % (
        identifier(policy.name), table or table_name(model._meta.db_table),
        "PERMISSIVE" if policy.permissive else "RESTRICTIVE", policy.command, roles(policy),
        conditions(policy, model, editor))


def removal(name: str, model: Any) -> str:
    return "DROP POLICY %s ON %s" % (identifier(name), table_name(model._meta.db_table))


def renaming(old: str, new: str, model: Any) -> str:
    return "ALTER POLICY %s ON %s RENAME TO %s" % (
        identifier(old), table_name(model._meta.db_table), identifier(new))


def alteration(old: Policy, new: Policy, model: Any, editor: Any) -> Iterator[str]:
    def shape(policy: Policy) -> tuple[Any, ...]:
        return (policy.command, policy.permissive, policy.using is None, policy.check is None)

    if shape(old) == shape(new):
        yield "ALTER POLICY %s ON %s TO %s%s" % (
            identifier(new.name), table_name(model._meta.db_table), roles(new),
            conditions(new, model, editor))
    else:
        yield removal(old.name, model)
        yield creation(new, model, editor)
