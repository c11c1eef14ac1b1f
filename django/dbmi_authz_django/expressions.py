"""Requirements (requirements.py) as conditions of querysets.

    Note.objects.filter(InSet("my_folders", "folder") | Q(public=True))
    Note.objects.annotate(mine=IsOwner("owner"))

A requirement gives an expression of Django's when a query takes it in.
"""
from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.expressions import Expression


class Raw(Expression):
    """SQL of ours as it stands."""

    def __init__(self, text: str) -> None:
        super().__init__(output_field=BooleanField())
        self.text = text

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return self.text.replace("%", "%%"), []


def column(path: list[str]) -> Any:
    return F("__".join(path))


def typed(value: Any, type: str) -> Any:
    """A value that says its type: functions that take any type need to be told."""
    return Func(Value(value), template="%(expressions)s::" + type, output_field=BooleanField())


def call(function: str, args: list[Any], variadic: bool = False) -> Any:
    *before, last = args or [None]
    if variadic:
        last = Func(last, template="VARIADIC %(expressions)s", output_field=BooleanField())
    return Func(*(before + [last] if args else []), function="authz." + function,
                output_field=BooleanField())


def joined(operator: str, parts: list[Any]) -> Any:
    return Func(*parts, template="(%(expressions)s)", arg_joiner=" %s " % operator,
                output_field=BooleanField())


def negated(part: Any) -> Any:
    return Func(part, template="(authz.is_authenticated() AND NOT %(expressions)s)",
                output_field=BooleanField())


def joined_with_condition(operator: str, one: Any, other: Any) -> Any:
    """With a Q, or with an expression that is a condition."""
    one, other = (part if isinstance(part, Q) else Q(part) for part in (one, other))
    return one & other if operator == "AND" else one | other
