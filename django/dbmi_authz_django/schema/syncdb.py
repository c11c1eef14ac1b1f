"""Tables of applications without migrations ("migrate --run-syncdb", tests with
MIGRATION_MODULES) get what their models declare as soon as they are made."""
from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.loader import MigrationLoader
from django.db.models.signals import post_migrate
from django.utils.module_loading import module_has_submodule

from ..policies import NOTHING
from ..sql import table_name
from . import drift
from .changes import statements


def has_migrations(config: Any) -> bool:
    module, _ = MigrationLoader.migrations_module(config.label)
    if module is None:
        return False
    return not module.startswith(config.name + ".") or module_has_submodule(
        config.module, module.rpartition(".")[2])


def bind(sender: Any, using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    tables = [(model, table) for declaring, model, table in drift.tables(using)
              if declaring._meta.app_config is sender and declaring._meta.managed]
    if not tables or has_migrations(sender):
        return
    for model, table in tables:
        with connection.cursor() as cursor:
            cursor.execute("SELECT relrowsecurity, EXISTS (SELECT FROM pg_extension WHERE"
                           " extname = 'dbmi_authz') FROM pg_class"
                           " WHERE oid = pg_catalog.to_regclass(%s)",
                           [table_name(model._meta.db_table)])
            found = cursor.fetchone()
        if found is None or found[0]:
            continue        # no table; or bound already, and a check tells whether as declared
        if not found[1]:
            raise ImproperlyConfigured(
                "%s declares policies, and database %r has no extension dbmi_authz."
                % (model._meta.label, using))
        with connection.schema_editor() as editor:
            for line in statements(model, editor, NOTHING, table):
                editor.execute(line, None)


def install() -> None:
    post_migrate.connect(bind, dispatch_uid="dbmi_authz_django.schema.syncdb")
