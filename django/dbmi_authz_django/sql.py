"""Names and literals in statements that cannot have parameters."""
from __future__ import annotations

import json
from typing import Any


def identifier(name: str) -> str:
    return '"%s"' % name.replace('"', '""')


def table_name(db_table: str) -> str:
    """Django's own way: '"schema"."table"' is taken as it stands."""
    if db_table.startswith('"') and db_table.endswith('"'):
        return db_table
    return identifier(db_table)


def relation_name(name: str) -> str:
    """Of a view: "view", "schema.view", or in quotes as above."""
    if '"' in name:
        return table_name(name)
    return ".".join(identifier(part) for part in name.split("."))


def regclass(quoted: str) -> str:
    """A table or view in a statement, for the server to look up there."""
    return "%s::regclass" % literal(quoted)


def literal(value: Any) -> str:
    """Of None, bool, int, str, a list of str, or a dict (as json)."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return literal(json.dumps(value)) + "::json"
    if isinstance(value, (list, tuple)):
        return "ARRAY[%s]::text[]" % ", ".join(literal(item) for item in value)
    quoted = "'%s'" % value.replace("'", "''")
    # the same whatever standard_conforming_strings says
    return "E" + quoted.replace("\\", "\\\\") if "\\" in value else quoted
