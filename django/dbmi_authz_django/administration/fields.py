"""Columns of schema authz as both drivers read them alike."""
from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Sequence, Tuple

from django.db import models
from django.db.models.expressions import Col

# What PostgreSQL has and Python has not: infinity, and years before the first.
FOREVER = datetime(9999, 1, 1, tzinfo=timezone.utc)
EARLIEST = datetime(2, 1, 1, tzinfo=timezone.utc)
BOUNDED = "GREATEST(LEAST(%s, '9999-01-01 00:00:00+00'), '0002-01-01 00:00:00+00')"


class Moment(models.DateTimeField):
    """timestamptz; infinity comes as FOREVER."""

    def select_format(self, compiler: Any, sql: str, params: Any) -> Tuple[str, Any]:
        # both arguments are not NULL: of NULL they would make a time
        return "CASE WHEN %s IS NOT NULL THEN %s END" % (sql, BOUNDED % sql), (*params, *params)


class Document(models.TextField):
    """json, not jsonb, whatever the driver would make of it; None, a dict or a list.

    It is no JSONField, so there are no lookups into it.
    """

    def select_format(self, compiler: Any, sql: str, params: Any) -> Tuple[str, Any]:
        return "(%s)::text" % sql, params

    def from_db_value(self, value: Optional[str], expression: Any, connection: Any) -> Any:
        return None if value is None else json.loads(value)


class Texts(models.TextField):
    """text[], as a list."""

    def select_format(self, compiler: Any, sql: str, params: Any) -> Tuple[str, Any]:
        return "pg_catalog.array_to_json(%s)::text" % sql, params

    def from_db_value(self, value: Optional[str], expression: Any, connection: Any) -> Any:
        return None if value is None else json.loads(value)


class RowKey(models.TextField):
    """A primary key for a table that has none of one column: an expression over
    the columns, in which {0} is the table.  ChangeLists need one."""

    def __init__(self, *args: Any, expression: str = "", **kwargs: Any) -> None:
        self.expression = expression
        kwargs.update(primary_key=True, editable=False)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Tuple[str, str, Sequence[Any], Dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "expression": self.expression}

    def get_col(self, alias: str, output_field: Optional[models.Field] = None) -> RowKeyCol:
        return RowKeyCol(alias, self, output_field)

    @property
    def cached_col(self) -> RowKeyCol:
        return RowKeyCol(self.model._meta.db_table, self)


class RowKeyCol(Col):
    def as_sql(self, compiler: Any, connection: Any) -> Tuple[str, List[Any]]:
        table = compiler.quote_name_unless_alias(self.alias)
        return self.target.expression.replace("{0}", table), []


def names_of(*columns: str) -> str:
    """The expression of a RowKey that parts() takes apart again."""
    return "pg_catalog.jsonb_build_array(%s)::text" % ", ".join("{0}.%s" % c for c in columns)


def parts(key: str, number: int) -> Optional[List[str]]:
    """What a RowKey was made of; None for a text that is not such a key."""
    try:
        found = json.loads(key)
        "".join(found).encode()     # half a surrogate pair is not a text
    except (ValueError, TypeError, RecursionError):
        return None
    if any("\0" in each for each in found):
        return None
    if isinstance(found, list) and len(found) == number and all(isinstance(f, str) for f in found):
        return found
    return None
