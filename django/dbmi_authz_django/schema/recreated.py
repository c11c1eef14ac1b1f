"""Tables that Django's operations make again, backwards, are bound as they were.

DeleteModel, and RemoveField of a many-to-many field, undone make the table again;
without this nothing would bind who uses it.
"""
from __future__ import annotations

from functools import wraps
from typing import Any, Callable, Iterable

from django.db.migrations import operations

from ..policies import NOTHING
from .changes import statements
from .state import Place, known, model_of, places
from .wrapping import wrap


def bind(operation: Any, schema_editor: Any, state: Any, found: Iterable[Place]) -> None:
    connection = schema_editor.connection
    for place in found:
        model = model_of(place, state)
        if connection.vendor == "postgresql" \
                and operation.allow_migrate_model(connection.alias, model):
            for line in statements(model, schema_editor, NOTHING, known(place, state)):
                schema_editor.execute(line, None)


def deleted(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def database_backwards(self: Any, app_label: str, schema_editor: Any, from_state: Any,
                           to_state: Any) -> Any:
        result = original(self, app_label, schema_editor, from_state, to_state)
        bind(self, schema_editor, to_state, places(app_label, self.name_lower, to_state))
        return result
    return database_backwards


def removed(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def database_backwards(self: Any, app_label: str, schema_editor: Any, from_state: Any,
                           to_state: Any) -> Any:
        result = original(self, app_label, schema_editor, from_state, to_state)
        bind(self, schema_editor, to_state,
             [place for place in places(app_label, self.model_name_lower, to_state)
              if place.field_name == self.name])
        return result
    return database_backwards


MARK = "dbmi_authz_binds"


def install() -> None:
    for operation, wrapper in ((operations.DeleteModel, deleted),
                               (operations.RemoveField, removed)):
        wrap(operation, "database_backwards", wrapper, MARK)
