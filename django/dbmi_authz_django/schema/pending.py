"""What the migrations say before they run."""
from __future__ import annotations

from typing import Any, Iterator

from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from ..operations import CreateSet, InstallExtension
from ..operations.base import ModelOperation, TableOperation


def unapplied(connection: Any) -> Iterator[Any]:
    """Migrations that this database does not have yet."""
    loader = MigrationLoader(connection)
    for key in sorted(loader.graph.nodes):
        migration = loader.graph.nodes[key]
        if migration is not None and key not in loader.applied_migrations:
            yield migration


def installs_extension(connection: Any) -> str | None:
    """The name of the migration that will, if this role may."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_database_privilege(current_database(), 'CREATE')")
        if not cursor.fetchone()[0]:
            return None
    for migration in unapplied(connection):
        if any(isinstance(operation, InstallExtension)
               or getattr(operation, "name", None) == "dbmi_authz"
               and "CreateExtension" in [cls.__name__ for cls in type(operation).__mro__]
               for operation in migration.operations):
            return "%s.%s" % (migration.app_label, migration.name)
    return None


def changes_policies(connection: Any) -> set[str]:
    """The applications whose pending migrations do."""
    return {migration.app_label for migration in unapplied(connection)
            if any(isinstance(operation, TableOperation) for operation in migration.operations)}


def missing_dependencies() -> Iterator[tuple[str, str, str]]:
    """(migration, what it names, the application that it should depend on)."""
    loader = MigrationLoader(None)
    for key in sorted(loader.graph.nodes):
        migration = loader.graph.nodes[key]
        if migration is None:
            continue
        for name in names_of(migration.operations):
            label = label_of(name, migration.app_label)
            if label is not None and not any(
                    before[0] == label for before in loader.graph.forwards_plan(key)):
                yield "%s.%s" % key, name, label


def names_of(operations: Any) -> Iterator[str]:
    for operation in operations:
        if isinstance(operation, ModelOperation):
            yield operation.model_name
        if isinstance(operation, CreateSet):
            yield from getattr(operation, "watch", ())


def label_of(name: str, app_label: str) -> str | None:
    """The other application that is meant, if one is."""
    label, _, rest = name.partition(".")
    if rest and label != app_label and rest.partition(".")[0].lower() in \
            apps.all_models.get(label, {}):
        return label
    return None
