"""Conditions of policies: SQL as it stands, or expressions over the fields of a model.

    Q(public=True) | HasScope("notes:read") & IsOwner("owner") | CanSee("folder")

are Q, F and other expressions of Django's, and requirements (requirements.py).
They are compiled as those of a CheckConstraint are: columns are quoted, values
are literals, and a relation is not followed, except by CanSee.
"""
from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, Union

from django.core.exceptions import FieldError
from django.db.models import BooleanField, F, Func, Q
from django.db.models.expressions import Expression
from django.db.models.sql import Query

from .requirements import Field, Requirement, Written
from .sql import identifier, literal, table_name

Condition = Union[str, Q, Expression, Requirement]

LITERALS = (type(None), bool, int, str, list, tuple)


class CanSee(Requirement):
    """The row that a foreign key names is one that the policies of its table let
    through: CanSee("note").  With a condition over the fields of that row, it
    holds for it too: CanSee("note", IsOwner("owner")).
    """
    of_object = True

    def __init__(self, field: str, condition: Condition | None = None) -> None:
        self.field = field
        self.condition = frozen(condition)

    def written(self) -> tuple[Any, ...]:
        return (self.field,) if self.condition is None else (self.field, self.condition)

    def sql(self, kwargs: Any, obj: Any) -> Any:
        raise TypeError("CanSee is for policies; a view asks for the row itself")

    def expression(self) -> Expression:
        return Parent(self.field, self.condition)

    def __repr__(self) -> str:
        return "<can_see%r>" % (self.written(),)


class Parent(Expression):
    """CanSee in a query: a sub-select, which the policies of the parent's table bind."""

    def __init__(self, field: str, condition: Condition | None, model: Any = None) -> None:
        super().__init__(output_field=BooleanField())
        self.parent = field
        self.condition = condition
        self.model = model

    def resolve_expression(self, query: Any = None, *args: Any, **kwargs: Any) -> Parent:
        if query.alias_cols:
            raise TypeError("CanSee is for policies; a queryset sees what policies let through")
        return Parent(self.parent, self.condition, query.model)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        field = foreign_key(self.model, self.parent)
        parent, child = field.related_model._meta, self.model._meta
        # the child's column needs its table's name: inside, the parent's come first
        text = 'EXISTS (SELECT FROM %s "dbmi_authz_parent" WHERE "dbmi_authz_parent".%s = %s.%s' % (
            table_name(parent.db_table), identifier(field.target_field.column),
            last_part(child.db_table), identifier(field.column))
        text = text.replace("%", "%%")
        params: list[Any] = []
        if self.condition is not None:
            more, params = where(self.condition, field.related_model, connection)
            text += " AND (%s)" % more
        return text + ")", params


def last_part(db_table: str) -> str:
    """Of "schema"."table", what columns are qualified with."""
    return table_name(db_table).rpartition('"."')[2].strip('"').join('""')


def where(condition: Any, model: Any, connection: Any) -> tuple[str, list[Any]]:
    query = Query(model, alias_cols=False)
    node = query.build_where(condition if isinstance(condition, Q) else Q(condition))
    text, params = node.as_sql(query.get_compiler(connection=connection), connection)
    return text, list(params)


def compiled(condition: Condition | None, model: Any, editor: Any) -> str | None:
    """The SQL of a condition for a table; text is taken as it stands."""
    if condition is None or isinstance(condition, str):
        return condition
    text, params = where(condition, model, editor.connection)
    return text % tuple(literal(value) if isinstance(value, LITERALS)
                        else editor.quote_value(value) for value in params)


def frozen(condition: Any) -> Any:
    """As every version of Django can write it into a migration."""
    if isinstance(condition, Q) and len(condition.children) == 1:
        child = condition.children[0]
        if hasattr(child, "resolve_expression") and not isinstance(child, Q):
            if condition.negated:
                raise ValueError(
                    "~Q(...) of a check is true for a request without a token; ~ of the check itself"
                    " means: logged in, and not")
            return child
    if isinstance(condition, Requirement):
        condition.written()         # refuses what cannot be part of a policy
    elif condition is not None and not isinstance(condition, str) \
            and not getattr(condition, "conditional", False):
        raise TypeError("a policy's condition is SQL, a Q, a requirement or another expression "
                        "that is true or false, and not %r" % (condition,))
    return condition


# ---- the fields that it names ----

def same(value: Any) -> Any:
    return value


def paths_changed(value: Any, change: Callable[[str], str],
                  in_parent: Callable[[CanSee], CanSee] = same) -> Any:
    """The same condition with each path of fields changed."""
    if isinstance(value, CanSee):
        value = in_parent(value)
        return CanSee(change(value.field), value.condition)
    if isinstance(value, Field):
        return type(value)(change("__".join(value.path)))
    if isinstance(value, F):
        return type(value)(change(value.name))
    if isinstance(value, Q):
        return rebuilt_q(value, change, in_parent)
    if isinstance(value, (list, tuple)):
        return type(value)(paths_changed(item, change, in_parent) for item in value)
    if isinstance(value, (Written, Expression)):
        _, args, kwargs = value.deconstruct()
        if isinstance(value, Func):     # its texts are names of fields
            args = tuple(change(arg) if isinstance(arg, str) else arg for arg in args)
        return type(value)(*paths_changed(tuple(args), change, in_parent),
                           **{key: paths_changed(arg, change, in_parent)
                              for key, arg in kwargs.items()})
    return value


def rebuilt_q(value: Q, change: Callable[[str], str],
              in_parent: Callable[[CanSee], CanSee]) -> Q:
    children = [(change(child[0]), paths_changed(child[1], change, in_parent))
                if isinstance(child, tuple) else paths_changed(child, change, in_parent)
                for child in value.children]
    return Q(*children, _connector=value.connector, _negated=value.negated)


def fields_of(condition: Condition | None) -> list[str]:
    """The first parts of all paths, sorted; none where it is SQL."""
    found: set[str] = set()

    def note(path: str) -> str:
        found.add(path.partition("__")[0])
        return path

    paths_changed(condition, note)
    return sorted(found)


def renamed(condition: Any, old: str, new: str) -> Any:
    """After a field has got another name."""
    def change(path: str) -> str:
        first, *rest = path.split("__")
        return "__".join([new if first == old else first, *rest])
    return paths_changed(condition, change)


def renamed_in_parents(condition: Any, parents: Iterable[str], old: str, new: str) -> Any:
    """After a field of the rows that these foreign keys name has got another name."""
    def in_parent(value: CanSee) -> CanSee:
        if value.field not in parents or value.condition is None:
            return value
        return CanSee(value.field, renamed(value.condition, old, new))
    return paths_changed(condition, str, in_parent)


def parents_of(condition: Any) -> Iterator[CanSee]:
    """Each CanSee in it."""
    if isinstance(condition, CanSee):
        yield condition
    elif isinstance(condition, (list, tuple)):
        for item in condition:
            yield from parents_of(item)
    elif isinstance(condition, Q):
        yield from parents_of(list(condition.children))
    elif isinstance(condition, Requirement):
        yield from parents_of(list(condition.written()))


def told(value: Any) -> Any:
    """What can be compared: equal for conditions that say the same."""
    if isinstance(value, Q):
        # as written, or as read back from a migration
        children = [told(child) for child in value.children]
        if len(children) == 1 and not value.negated and isinstance(value.children[0], Q):
            return children[0]
        return ("Q", value.connector if len(children) > 1 else "AND", value.negated, children)
    if isinstance(value, (list, tuple)):
        return [told(item) for item in value]
    if isinstance(value, dict):
        return {key: told(item) for key, item in value.items()}
    if hasattr(value, "deconstruct") and not isinstance(value, type):
        path, args, kwargs = value.deconstruct()
        return (path, told(args), told(kwargs))
    return value


def check(condition: Condition | None, model: Any) -> None:
    """Raises FieldDoesNotExist or FieldError where it does not fit the model."""
    if condition is None or isinstance(condition, str):
        return
    for name in fields_of(condition):
        field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        if getattr(field, "column", None) is None or field not in model._meta.local_fields:
            raise FieldError("%r is not a column of the table of %s" % (name, model._meta.label))
    # a relation that is followed
    Query(model, alias_cols=False).build_where(
        condition if isinstance(condition, Q) else Q(condition))
    for parent in parents_of(condition):
        check(parent.condition, foreign_key(model, parent.field).related_model)


def foreign_key(model: Any, name: str) -> Any:
    field = model._meta.get_field(name)
    if not field.concrete or not (field.many_to_one or field.one_to_one):
        raise FieldError("CanSee needs a foreign key, and %s.%s is none"
                         % (model._meta.label, name))
    if field.related_model._meta.concrete_model is model._meta.concrete_model:
        raise FieldError("CanSee(%r) of %s would ask its own policies without end"
                         % (name, model._meta.label))
    return field
