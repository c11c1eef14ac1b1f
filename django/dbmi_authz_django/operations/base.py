"""What the operations have in common."""
from __future__ import annotations

from typing import Any, Iterable, Iterator

from django.db import router, transaction
from django.db.migrations.operations import DeleteModel
from django.db.migrations.operations.base import Operation

from ..schema.changes import statements
from ..policies import Table
from ..schema.state import Place, known, model_of, place_of, remember


class AuthzOperation(Operation):
    """Statements forwards and backwards, for one database at a time."""
    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def allowed(self, app_label: str, schema_editor: Any, state: Any) -> bool:
        connection = schema_editor.connection
        return (connection.vendor == "postgresql"
                and self.allow_migrate(connection.alias, app_label, state))

    def allow_migrate(self, alias: str, app_label: str, state: Any) -> bool:
        return bool(router.allow_migrate(alias, app_label))

    def forwards(self, app_label: str, state: Any) -> Iterable[str]:
        raise NotImplementedError

    def backwards(self, app_label: str, state: Any) -> Iterable[str]:
        raise NotImplementedError

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any,
                          to_state: Any) -> None:
        if self.allowed(app_label, schema_editor, to_state):
            run(schema_editor, self.forwards(app_label, to_state))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any,
                           to_state: Any) -> None:
        # the state in which the model exists is in both
        if self.allowed(app_label, schema_editor, from_state):
            run(schema_editor, self.backwards(app_label, from_state))


def run(schema_editor: Any, lines: Iterable[str]) -> None:
    """All or none of them, also in a migration that is not atomic."""
    connection = schema_editor.connection
    if schema_editor.collect_sql or connection.in_atomic_block:
        for line in lines:
            schema_editor.execute(line, None)
    else:
        with transaction.atomic(connection.alias):
            for line in lines:
                schema_editor.execute(line, None)


class ModelOperation(AuthzOperation):
    """One about the table of a model, "Model" or "app.Model", or about that of a
    many-to-many field, "Model.field"."""
    model_name: str

    def place(self, app_label: str, state: Any) -> Place:
        place = place_of(app_label, self.model_name, state, type(self).__name__)
        if state.models[place.app_label, place.model_name].options.get("proxy"):
            raise ValueError("%s names %r, which is a proxy; name the model that has the table"
                             % (type(self).__name__, self.model_name))
        return place

    def state_forwards(self, app_label: str, state: Any) -> None:
        self.place(app_label, state)

    def model(self, app_label: str, state: Any) -> Any:
        return model_of(self.place(app_label, state), state)

    def allow_migrate(self, alias: str, app_label: str, state: Any) -> bool:
        return bool(self.allow_migrate_model(alias, self.model(app_label, state)))

    def references_model(self, name: str, app_label: str, *args: Any) -> bool:
        """An operation that names a field of another application names its model, too."""
        named = [part.lower() for part in self.model_name.split(".")]
        return name.lower() in named or any(
            part.startswith(name.lower() + "_") for part in named)

    def reduce(self, operation: Any, app_label: str) -> Any:
        if isinstance(operation, DeleteModel) and operation.name_lower == self.model_name.lower():
            return [operation]
        return super().reduce(operation, app_label) or not operation.references_model(
            self.model_name.rpartition(".")[2], app_label)

    @property
    def migration_name_fragment(self) -> str:
        return "%s_%s" % (type(self).__name__.lower(),
                          self.model_name.lower().replace(".", "_"))


class TableOperation(ModelOperation):
    """One that changes what binds a table.  Both ways are the difference between
    what the migrations know of it before and after."""

    def after(self, table: Table) -> Table:
        raise NotImplementedError

    def subjects(self) -> set[str]:
        """What of the table it is about: names of policies, or "" for all else."""
        return {""}

    def reduce(self, operation: Any, app_label: str) -> Any:
        if isinstance(operation, TableOperation) \
                and operation.model_name.lower() == self.model_name.lower() \
                and not self.subjects() & operation.subjects():
            return True         # the two may change places
        return super().reduce(operation, app_label)

    def state_forwards(self, app_label: str, state: Any) -> None:
        place = self.place(app_label, state)
        remember(place, state, self.after(known(place, state)))

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any,
                          to_state: Any) -> None:
        self.change(app_label, schema_editor, from_state, to_state, backwards=False)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any,
                           to_state: Any) -> None:
        self.change(app_label, schema_editor, to_state, to_state, backwards=True)

    def change(self, app_label: str, schema_editor: Any, state_before: Any, state: Any,
               backwards: bool) -> None:
        if self.allowed(app_label, schema_editor, state):
            place = self.place(app_label, state)
            old = known(place, state_before)
            new = self.after(old)
            if backwards:
                old, new = new, old
            run(schema_editor, self.statements(model_of(place, state), schema_editor, old, new,
                                               backwards))

    def statements(self, model: Any, schema_editor: Any, old: Table, new: Table,
                   backwards: bool) -> Iterator[str]:
        return statements(model, schema_editor, old, new)
