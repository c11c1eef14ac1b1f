"""What the migrations know of the policies of a table, at each point of their history.

It is kept in the state of the model, among its options, under a name that Django
passes over when it makes a model of them; so it is cloned, renamed and removed
with the model.  Operations change it in state_forwards(), and what is done in
the database, forwards and backwards, is the difference of two such states.

What RunSQL has done is not known here, unless its state_operations tell.
"""
from __future__ import annotations

from functools import wraps
from typing import Any, Callable, NamedTuple

from django.db.migrations import operations
from django.db.models.fields.related import ManyToManyField

from ..policies import NOTHING, Table
from .wrapping import wrap

KEY = "_dbmi_authz"


class Place(NamedTuple):
    """Where the policies of a table are kept: the table of a model, or, with the
    name of a field, the automatic table of a many-to-many field."""
    app_label: str
    model_name: str         # in lower case
    field_name: str = ""


def place_of(app_label: str, name: str, state: Any, operation: str = "An operation") -> Place:
    """Of "Model", "app.Model", "Model.field" or "app.Model.field"."""
    parts = name.split(".")
    candidates: list[Place] = []
    if len(parts) == 1:
        candidates = [Place(app_label, parts[0].lower()), *through_of(app_label, parts[0], state)]
    elif len(parts) == 2:
        candidates = [Place(parts[0], parts[1].lower()),
                      Place(app_label, parts[0].lower(), parts[1]),
                      *through_of(parts[0], parts[1], state)]
    elif len(parts) == 3:
        candidates = [Place(parts[0], parts[1].lower(), parts[2])]
    for place in candidates:
        model_state = state.models.get((place.app_label, place.model_name))
        if model_state is None:
            continue
        if place.field_name and not isinstance(
                model_state.fields.get(place.field_name), ManyToManyField):
            continue
        return place
    labels = {parts[0]} if len(parts) > 1 else {app_label}
    raise LookupError(
        "%s names %r, and the migrations before it have made no such model or many-to-many field."
        " If it is another application's, add one of its migrations to the dependencies: (%r, ...)"
        % (operation, name, sorted(labels)[0]))


def through_of(app_label: str, name: str, state: Any) -> list[Place]:
    """"Team_members", as Django calls the model of an automatic table."""
    return [Place(app_label, model_name, field_name)
            for (label, model_name), model_state in state.models.items()
            for field_name, field in model_state.fields.items()
            if label == app_label and isinstance(field, ManyToManyField)
            and "%s_%s" % (model_name, field_name.lower()) == name.lower()]


def model_of(place: Place, state: Any) -> Any:
    model = state.apps.get_model(place.app_label, place.model_name)
    if place.field_name:
        return model._meta.get_field(place.field_name).remote_field.through
    return model


def known(place: Place, state: Any) -> Table:
    model_state = state.models.get((place.app_label, place.model_name))
    tables: dict[str, Table] = {} if model_state is None else model_state.options.get(KEY, {})
    return tables.get(place.field_name, NOTHING)


def remember(place: Place, state: Any, table: Table) -> None:
    """In a new dictionary: the states before share the old one."""
    options = state.models[place.app_label, place.model_name].options
    options[KEY] = {**options.get(KEY, {}), place.field_name: table}


def places(app_label: str, model_name: str, state: Any) -> list[Place]:
    """All of a model of which anything is known."""
    model_state = state.models.get((app_label, model_name.lower()))
    return [] if model_state is None else [
        Place(app_label, model_name.lower(), field_name)
        for field_name in model_state.options.get(KEY, {})]


# ---- Django's own operations that change names ----

def column(model_state: Any, name: str) -> str | None:
    field = model_state.fields[name].clone()
    field.set_attributes_from_name(name)
    return field.column


def renaming_field(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def state_forwards(self: Any, app_label: str, state: Any) -> Any:
        key = app_label, self.model_name_lower
        before = state.models.get(key)
        old = column(before, self.old_name) if before and self.old_name in before.fields else None
        result = original(self, app_label, state)
        if before and KEY in state.models[key].options:
            new = column(state.models[key], self.new_name)
            rename_field(Place(*key), state, self.old_name, self.new_name, old, new)
        rename_in_children(*key, self.old_name, self.new_name, state)
        return result
    return state_forwards


def rename_in_children(app_label: str, model_name: str, old: str, new: str, state: Any) -> None:
    """In what CanSee says of the rows of this model."""
    for model_state in state.models.values():
        tables = model_state.options.get(KEY)
        if tables:
            keys = [name for name, field in model_state.fields.items()
                    if field.remote_field is not None and not field.many_to_many
                    and points_to(model_state, name, app_label, model_name)]
            through = [prefix + model_name for prefix in ("", "from_", "to_")]
            model_state.options[KEY] = {
                field_name: table.with_parent_field(through if field_name else keys, old, new)
                for field_name, table in tables.items()}


def rename_field(place: Place, state: Any, old: str, new: str, old_column: str | None,
                 new_column: str | None) -> None:
    options = state.models[place.app_label, place.model_name].options
    tables = {}
    for field_name, table in options[KEY].items():
        if not field_name:
            table = table.with_field(old, new)
            if old_column and new_column and old_column != new_column:
                table = table.with_column(old_column, new_column)
        tables[new if field_name == old else field_name] = table
    options[KEY] = tables


def altering_field(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def state_forwards(self: Any, app_label: str, state: Any) -> Any:
        key = app_label, self.model_name_lower
        before = state.models.get(key)
        old = column(before, self.name) if before and self.name in before.fields else None
        result = original(self, app_label, state)
        options = state.models[key].options
        new = column(state.models[key], self.name)
        if old and new and old != new and "" in options.get(KEY, {}):
            options[KEY] = {**options[KEY], "": options[KEY][""].with_column(old, new)}
        return result
    return state_forwards


def removing_field(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def state_forwards(self: Any, app_label: str, state: Any) -> Any:
        result = original(self, app_label, state)
        options = state.models[app_label, self.model_name_lower].options
        if self.name in options.get(KEY, {}):       # its table is gone
            options[KEY] = {name: table for name, table in options[KEY].items()
                            if name != self.name}
        return result
    return state_forwards


def renaming_model(original: Callable[..., Any]) -> Callable[..., Any]:
    """The foreign keys of automatic tables are named after the models."""
    @wraps(original)
    def state_forwards(self: Any, app_label: str, state: Any) -> Any:
        result = original(self, app_label, state)
        old, new = self.old_name_lower, self.new_name_lower
        for (label, name), model_state in state.models.items():
            tables = model_state.options.get(KEY)
            if not tables or not any(tables) or old == new:
                continue
            changed = {}
            for field_name, table in tables.items():
                if field_name and (label, name) == (app_label, new) \
                        or field_name and points_to(model_state, field_name, app_label, new):
                    for prefix in ("", "from_", "to_"):
                        table = table.with_field(prefix + old, prefix + new)
                        table = table.with_column("%s%s_id" % (prefix, old),
                                                  "%s%s_id" % (prefix, new))
                changed[field_name] = table
            model_state.options[KEY] = changed
        return result
    return state_forwards


def points_to(model_state: Any, field_name: str, app_label: str, model_name: str) -> bool:
    to = model_state.fields[field_name].remote_field.model
    label, _, name = str(to).rpartition(".")
    return ((label or model_state.app_label), name.lower()) == (app_label, model_name)


MARK = "dbmi_authz_follows"


def install() -> None:
    """So that what is known goes by the names of now; the database follows by itself."""
    for operation, wrapper in ((operations.RenameField, renaming_field),
                               (operations.AlterField, altering_field),
                               (operations.RemoveField, removing_field),
                               (operations.RenameModel, renaming_model)):
        wrap(operation, "state_forwards", wrapper, MARK)
