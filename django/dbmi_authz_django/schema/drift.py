"""What a database has otherwise than the models declare.

What is declared is made on a temporary copy of the table, in a transaction that is
rolled back, and PostgreSQL tells both in its own words.  A role that may not make
one, or a standby, is told of names, commands, roles and the like, and not of conditions.
"""
from __future__ import annotations

from typing import Any, Iterator, NamedTuple

from django.apps import apps
from django.db import DatabaseError, router, transaction

from ..errors import Forbidden
from ..policies import Table
from ..sql import identifier, literal, table_name
from .changes import creation, protection
from .declared import declared

POLICIES = """
SELECT polname, CASE polcmd WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                            WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END, polpermissive,
       ARRAY(SELECT CASE r.oid WHEN 0 THEN 'PUBLIC' ELSE a.rolname::text END
               FROM unnest(polroles) r(oid) LEFT JOIN pg_roles a USING (oid) ORDER BY 1),
       pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
  FROM pg_policy WHERE polrelid = pg_catalog.to_regclass(%s) ORDER BY 1"""

PROTECTED = {"authz_protect_%s" % command for command in ("select", "insert", "update", "delete")}


class Rule(NamedTuple):
    command: str
    permissive: bool
    roles: list[str]
    using: str | None
    check: str | None

    def without_conditions(self) -> Rule:
        return self._replace(using="" if self.using else None, check="" if self.check else None)


class Drift(NamedTuple):
    model: Any
    table: str
    kind: str       # "open", "missing", "different", "more"
    name: str       # of the policy
    detail: str


def rules(cursor: Any, table: str) -> dict[str, Rule]:
    cursor.execute(POLICIES, [table])
    return {name: Rule(*rest) for name, *rest in cursor.fetchall()}


def tables(alias: str) -> Iterator[tuple[Any, Any, Table]]:
    """(model that declares, model of the table, what is declared)."""
    for model in apps.get_models():
        if model._meta.proxy or model._meta.swapped \
                or not router.allow_migrate_model(alias, model):
            continue
        for name, table in (declared(model) or {}).items():
            bound = model._meta.get_field(name).remote_field.through if name else model
            yield model, bound, table


def found(connection: Any) -> Iterator[Drift]:
    for declaring, model, table in tables(connection.alias):
        name = table_name(model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute("SELECT relrowsecurity, relforcerowsecurity FROM pg_class"
                           " WHERE oid = pg_catalog.to_regclass(%s)", [name])
            flags = cursor.fetchone()
            if flags is None:
                continue        # not migrated
            there = rules(cursor, name)
        if not flags[0] or table.forced and not flags[1]:
            yield Drift(declaring, name, "open", "", "it is not %s" % (
                "forced on its owner" if flags[0] else "enabled"))
        yield from compared(connection, declaring, model, table, name, there)


def compared(connection: Any, declaring: Any, model: Any, table: Table, name: str,
             there: dict[str, Rule]) -> Iterator[Drift]:
    try:
        wanted = expected(connection, model, table)
        whole = True
    except DatabaseError as error:
        if not denied(error):
            yield Drift(declaring, name, "different", "",
                        "what is declared cannot be made: %s" % str(error).partition("\n")[0])
            return
        wanted, whole = by_name(table), False
    for each, rule in wanted.items():
        if each not in there:
            yield Drift(declaring, name, "missing", each, "")
            continue
        is_there = there[each]
        if not whole:
            rule, is_there = rule.without_conditions(), is_there.without_conditions()
        for what, one, other in zip(Rule._fields, is_there, rule):
            if one != other and not (what == "roles" and any(
                    role.startswith(("CURRENT_", "SESSION_")) for role in rule.roles)):
                yield Drift(declaring, name, "different", each, "%s is %s, and declared as %s"
                            % (what, one, other))
    protected = PROTECTED & set(wanted)
    for each in there:
        # what protect() writes is known to those only who may call it
        if each not in wanted and (each not in PROTECTED or protected or not table.protect):
            yield Drift(declaring, name, "more", each, "")


def denied(error: Any) -> bool:
    """A privilege is missing, or the server takes no writes."""
    codes = {getattr(each, name, None) for each in (error, error.__cause__)
             for name in ("pgcode", "sqlstate")}
    return isinstance(error, Forbidden) or bool(codes & {"42501", "25006"})


def server_lets_protect(cursor: Any) -> bool:
    cursor.execute("SELECT pg_has_role(datdba, 'USAGE') FROM pg_database"
                   " WHERE datname = current_database()")
    return bool(cursor.fetchone()[0])


def by_name(table: Table) -> dict[str, Rule]:
    def there(condition: Any) -> str | None:
        return None if condition is None else "?"

    return {policy.name: Rule(policy.command, policy.permissive, sorted(
        role if role.upper() != "PUBLIC" else "PUBLIC" for role in policy.roles),
        there(policy.using), there(policy.check)) for policy in table.policies}


def expected(connection: Any, model: Any, table: Table) -> dict[str, Rule]:
    name = table_name(model._meta.db_table)
    copy = "pg_temp.%s" % identifier(name.strip('"').rpartition('"."')[2].replace('""', '"'))
    editor = connection.schema_editor(collect_sql=True)
    with transaction.atomic(connection.alias):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE %s (LIKE %s)" % (copy.partition(".")[2], name))
            for policy in table.policies:
                cursor.execute(creation(policy, model, editor, copy), None)
            if table.protect is not None and server_lets_protect(cursor):
                cursor.execute(dry_protection(table, model, copy), None)
                text, = cursor.fetchone()
                cursor.execute(text, None)
            wanted = rules(cursor, copy)
        transaction.set_rollback(True, connection.alias)
    return wanted


def dry_protection(table: Table, model: Any, copy: str) -> str:
    """What authz.protect() would run on the copy; nothing of it is logged."""
    assert table.protect is not None
    whole = protection(table.protect, model)
    there = literal(table_name(model._meta.db_table)) + "::regclass"
    return whole.replace("rel => %s" % there,
                         "dry_run => true, rel => %s::regclass" % literal(copy), 1)
