"""Sets: views of the keys that the identity in force reaches."""
from __future__ import annotations

from typing import Any, Iterator, Sequence

from ..sql import identifier, regclass, relation_name, table_name
from ..schema.state import model_of, place_of
from .base import AuthzOperation, ModelOperation


class Watch(ModelOperation):
    """Sets that read the table are kept until it changes: authz.watch()."""

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def forwards(self, app_label: str, state: Any) -> Iterator[str]:
        yield "SELECT authz.watch(%s)" % table_of(self.model(app_label, state))

    def backwards(self, app_label: str, state: Any) -> Iterator[str]:
        yield "SELECT authz.unwatch(%s)" % table_of(self.model(app_label, state))

    def describe(self) -> str:
        return "Watches %s for sets" % self.model_name


def table_of(model: Any) -> str:
    return regclass(table_name(model._meta.db_table))


class CreateSet(AuthzOperation):
    """CREATE VIEW of the keys that the identity reaches, and authz.watch() for
    the tables that it reads.

    name    of the view, "my_folders" or "schema.my_folders"
    query   SQL: SELECT of the keys, or of the keys and valid_until
    watch   models, "Share" of this app or "app.Share", or many-to-many fields,
            "Team.members".  Backwards those are not watched any more that no
            other view reads.
    """

    def __init__(self, name: str, query: str, watch: Sequence[str] = ()) -> None:
        self.name = name
        self.query = query
        self.watch = watch

    def state_forwards(self, app_label: str, state: Any) -> None:
        for name in self.watch:
            place_of(app_label, name, state, type(self).__name__)

    def tables(self, app_label: str, state: Any) -> Iterator[str]:
        for name in self.watch:
            place = place_of(app_label, name, state, type(self).__name__)
            yield table_of(model_of(place, state))

    def select(self, app_label: str, state: Any) -> str:
        return self.query.strip().rstrip(";")

    def forwards(self, app_label: str, state: Any) -> Iterator[str]:
        yield "CREATE VIEW %s AS\n%s" % (relation_name(self.name), self.select(app_label, state))
        for table in self.tables(app_label, state):
            yield "SELECT authz.watch(%s)" % table

    def backwards(self, app_label: str, state: Any) -> Iterator[str]:
        yield "DROP VIEW %s" % relation_name(self.name)
        for table in self.tables(app_label, state):
            yield ("SELECT authz.unwatch(%s) WHERE NOT EXISTS (SELECT FROM pg_depend"
                   " WHERE classid = 'pg_rewrite'::regclass AND refobjid = %s)" % (table, table))

    def describe(self) -> str:
        return "Creates the set %s" % self.name

    @property
    def migration_name_fragment(self) -> str:
        return "set_%s" % "_".join(part.strip('"') for part in self.name.lower().split("."))


class CreateSetOf(CreateSet, ModelOperation):
    """The set of the rows of a model that another set reaches, for child tables:

        CreateSetOf("my_notes", "Note", set="my_folders", set_column="folder")
        Protect("Comment", owner="author", set="my_notes", set_column="note")

    name         of the view
    set          the other set, whose keys the field set_column holds
    owner        a field: rows of one's own as well
    """

    def __init__(self, name: str, model_name: str, set: str, set_column: str,
                 owner: str | None = None) -> None:
        self.name = name
        self.model_name = model_name
        self.set = set
        self.set_column = set_column
        self.owner = owner

    def state_forwards(self, app_label: str, state: Any) -> None:
        self.place(app_label, state)

    def tables(self, app_label: str, state: Any) -> Iterator[str]:
        yield table_of(self.model(app_label, state))

    def select(self, app_label: str, state: Any) -> str:
        model = self.model(app_label, state)

        def column(name: str) -> str:
            return identifier(model._meta.get_field(name).column)

        reached = "authz.in_set(%s, %s)" % (regclass(relation_name(self.set)),
                                            column(self.set_column))
        if self.owner is not None:
            reached = "authz.is_owner(%s) OR %s" % (column(self.owner), reached)
        return "SELECT %s FROM %s WHERE %s" % (
            identifier(model._meta.pk.column), table_name(model._meta.db_table), reached)
