"""System checks of policies: as models declare them, and as a database has them."""
from __future__ import annotations

from typing import Any, Iterator

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db import connections
from django.db.models.fields.related import ManyToManyField
from django.db.utils import Error as DatabaseError

from ..conditions import check
from ..policies import Table
from ..schema import drift, pending
from ..schema.declared import class_of, declared


@register(Tags.models)
def check_declarations(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    configs = apps.get_app_configs() if app_configs is None else app_configs
    return [message for config in configs for model in config.get_models()
            for message in of_model(model)]


def of_model(model: Any) -> Iterator[CheckMessage]:
    if class_of(model) is None:
        return
    if model._meta.proxy:
        if "Authz" in vars(model):
            yield Error("%s is a proxy, and has no table to protect." % model._meta.label,
                        hint="Declare class Authz on %s." % model._meta.concrete_model._meta.label,
                        obj=model, id="dbmi_authz.E051")
        return
    try:
        tables = declared(model) or {}
        for name, table in tables.items():
            of_table(model, name, table)
    except (TypeError, ValueError, FieldError, FieldDoesNotExist) as error:
        yield Error("%s.Authz: %s" % (model._meta.label, error), obj=model, id="dbmi_authz.E050")
        return
    if not model._meta.managed:
        yield Warning("%s is unmanaged: its policies are not made by migrations."
                      % model._meta.label, obj=model, id="dbmi_authz.W052")


def of_table(model: Any, name: str, table: Table) -> None:
    """Raises what is wrong with it."""
    if name:
        field = model._meta.get_field(name)
        if not isinstance(field, ManyToManyField) \
                or not field.remote_field.through._meta.auto_created:
            raise FieldError("through names %r, which is not a many-to-many field with a table of "
                             "its own" % name)
        model = field.remote_field.through
    if table.protect is not None:
        for each in table.protect.fields():
            if model._meta.get_field(each) not in model._meta.local_fields:
                raise FieldError("%r is not a column of the table of %s" % (each, model._meta.label))
    for policy in table.policies:
        if len(policy.name.encode()) > 63:
            raise ValueError("the name of policy %r is longer than 63 bytes" % policy.name)
        check(policy.using, model)
        check(policy.check, model)


@register(Tags.database)
def check_drift(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "postgresql":
            continue
        try:
            if any(True for _ in drift.tables(alias)):
                waiting = pending.changes_policies(connection)
                found += [message_of(alias, each) for each in drift.found(connection)
                          if each.model._meta.app_label not in waiting]
        except (TypeError, ValueError, FieldError, FieldDoesNotExist):
            continue            # what check_declarations says
        except DatabaseError:
            continue            # E020 says it
    if databases:
        found += [Error(
            "Migration %s names %s, and depends on no migration of %s." % missing,
            hint="Add one to its dependencies: another order would not find the model.",
            id="dbmi_authz.E057") for missing in pending.missing_dependencies()]
    return found


def message_of(alias: str, each: drift.Drift) -> CheckMessage:
    where = "Database %r, table %s of %s" % (alias, each.table, each.model._meta.label)
    hint = ("If makemigrations finds a change, migrate; if not, somebody has changed the database: "
            "put it back.")
    if each.kind == "open":
        return Error("%s: row-level security is declared, and %s." % (where, each.detail),
                     hint=hint, id="dbmi_authz.E053")
    if each.kind == "missing":
        return Error("%s: policy %r is declared, and not there." % (where, each.name), hint=hint,
                     id="dbmi_authz.E054")
    if each.kind == "different":
        return Error("%s: policy %r is not as declared: %s." % (where, each.name, each.detail),
                     hint=hint, id="dbmi_authz.E055")
    return Warning("%s: policy %r is there, and not declared." % (where, each.name), hint=hint,
                   id="dbmi_authz.W056")
