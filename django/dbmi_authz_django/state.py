"""What the migrations know of the policies of a table, at each point of their history.

It is kept in the state of the model, among its options, under a name that Django
passes over when it makes a model of them; so it is cloned, renamed and removed
with the model.  Operations change it in state_forwards(), and what is done in
the database, forwards and backwards, is the difference of two such states.

What RunSQL has done is not known here, unless its state_operations tell.
"""
from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models.fields.related import ManyToManyField

from .policies import NOTHING, Table

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


def rename_field(app_label: str, model_name: str, old: str, new: str, state: Any) -> None:
    """What names the field names it by its new name."""
    model_state = state.models.get((app_label, model_name.lower()))
    tables: dict[str, Table] = {} if model_state is None else model_state.options.get(KEY, {})
    if tables:
        model_state.options[KEY] = {
            (new if field_name == old else field_name):
            (table if field_name else table.with_field(old, new))
            for field_name, table in tables.items()}
