"""Operations that work as the tables' owner, whom policies do not bind."""
from __future__ import annotations

import sys
from typing import Any, Iterator, List, Sequence, Tuple, Union

from django.db.migrations.operations.base import Operation

from ..ownership.owner import LOCK_TIMEOUT, Timeout, look_up, set_aside, tables_of


class AsOwner(Operation):
    """These operations, of which no policy hides a row::

        AsOwner(["Note"], [migrations.RunPython(fill, migrations.RunPython.noop)])
        AsOwner(["Note", "other.Page"], [migrations.RunSQL("UPDATE ...")])

    For data, and for what checks all rows, like a foreign key of rows that are
    there.  It takes the lock ACCESS EXCLUSIVE of the tables and does not let go
    of it before the end of the migration.  What the operations leave for the end
    of the migration, like those foreign keys, is done at the end of this one.

    models         "Note" of this app, or "app.Note"
    operations     RunPython, RunSQL and so on
    many_to_many, lock_timeout     see as_owner()
    """
    atomic = True

    def __init__(self, models: Union[str, Sequence[str]], operations: Sequence[Operation],
                 many_to_many: bool = False, lock_timeout: Timeout = LOCK_TIMEOUT) -> None:
        self.models = [models] if isinstance(models, str) else list(models)
        self.operations = list(operations)
        self.many_to_many = many_to_many
        self.lock_timeout = lock_timeout

    @property
    def reversible(self) -> bool:
        return all(operation.reversible for operation in self.operations)

    @property
    def reduces_to_sql(self) -> bool:
        return all(operation.reduces_to_sql for operation in self.operations)

    def state_forwards(self, app_label: str, state: Any) -> None:
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any,
                          to_state: Any) -> None:
        with Aside(self, app_label, schema_editor, from_state, to_state):
            for operation in self.operations:
                to_state = from_state.clone()
                operation.state_forwards(app_label, to_state)
                operation.database_forwards(app_label, schema_editor, from_state, to_state)
                from_state = to_state

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any,
                           to_state: Any) -> None:
        states: List[Tuple[Operation, Any]] = []
        end_state = to_state
        for operation in self.operations:
            states.append((operation, to_state))
            to_state = to_state.clone()
            operation.state_forwards(app_label, to_state)
        with Aside(self, app_label, schema_editor, from_state, end_state):
            for operation, before in reversed(states):
                operation.database_backwards(app_label, schema_editor, to_state, before)
                to_state = before

    def tables(self, app_label: str, state: Any, end_state: Any) -> Iterator[str]:
        for name in self.models:
            label, _, model = name.rpartition(".")
            key = (label or app_label, model.lower())
            if key in state.models or key not in end_state.models:
                yield from tables_of(state.apps.get_model(*key), self.many_to_many)

    def describe(self) -> str:
        return "As the owner of %s: %s" % (
            ", ".join(self.models),
            "; ".join(operation.describe() for operation in self.operations))

    @property
    def migration_name_fragment(self) -> str:
        return "as_owner_of_%s" % "_".join(
            name.rpartition(".")[2].lower() for name in self.models)


class Aside:
    """Row security of the operation's tables, also where SQL is only shown."""

    def __init__(self, operation: AsOwner, app_label: str, schema_editor: Any,
                 state: Any, end_state: Any) -> None:
        self.schema_editor = schema_editor
        self.connection = schema_editor.connection
        names = sorted(set(operation.tables(app_label, state, end_state)))
        self.block: Any = None
        self.shown: List[str] = []
        if self.connection.vendor == "postgresql":
            if schema_editor.collect_sql:
                # those that the migration itself forces before are not known
                self.shown = [table.name for table in look_up(self.connection, names)
                              if table.forced]
            else:
                self.block = set_aside(self.connection.alias, names, operation.lock_timeout,
                                       "a migration of %s" % app_label)

    def __enter__(self) -> None:
        self.left = len(self.schema_editor.deferred_sql)
        if self.block is not None:
            self.block.__enter__()
        for name in self.shown:
            self.schema_editor.execute("ALTER TABLE %s NO FORCE ROW LEVEL SECURITY" % name, None)

    def __exit__(self, *exc_info: Any) -> Any:
        try:
            if exc_info[0] is None:
                deferred = self.schema_editor.deferred_sql
                while len(deferred) > self.left:
                    self.schema_editor.execute(deferred.pop(self.left), None)
                for name in self.shown:
                    self.schema_editor.execute(
                        "ALTER TABLE %s FORCE ROW LEVEL SECURITY" % name, None)
        except BaseException:
            if self.block is not None:
                self.block.__exit__(*sys.exc_info())
            raise
        return self.block.__exit__(*exc_info) if self.block is not None else None
