"""What Django's schema editor does, and row-level security stands in the way of.

* PostgreSQL refuses to change the type of a column that a policy names.  Here the
  policies, and the sets (views) that they ask, are set aside and made again as
  they were: in the same transaction, with the tables locked, so that nobody
  finds a table without them.
* RemoveField and DeleteModel say CASCADE, and would silently take along the
  policies that name the column, or the table in a sub-select.  A restrictive
  policy that goes opens rows.  Here that is an error.
* A foreign key of a table with FORCE ROW LEVEL SECURITY, or to one, cannot be made
  by their owner, who does not see the rows.  Nor can Django fill a column with its
  default.  Here FORCE is taken off meanwhile.

Installed as wrappers around methods of Django's editor for PostgreSQL, which those
of PostGIS and others build on.
"""
from __future__ import annotations

import copy
import re
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, Callable, Iterator, NamedTuple, Sequence

from django.db import DatabaseError, NotSupportedError, ProgrammingError, transaction
from django.db.models.fields import AutoFieldMixin

from ..policies import COMMANDS
from ..sql import identifier, literal, table_name
from .wrapping import wrap

COMMAND = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
assert set(COMMAND.values()) == set(COMMANDS)


class Column(NamedTuple):
    table: str              # quoted
    name: str


COLUMN = """
SELECT attrelid::int8, attnum FROM pg_catalog.pg_attribute
 WHERE attrelid = pg_catalog.to_regclass(%s) AND attname = %s AND NOT attisdropped"""

# Views that read them, directly or by other views, the innermost first.  reaches:
# does a policy ask it, or is it read by one that a policy asks?
VIEWS = """
WITH RECURSIVE columns(relid, attnum) AS (
    SELECT * FROM unnest(%s::oid[], %s::int2[])
), reading(view, depth) AS (
    SELECT w.ev_class, 1
      FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d
        ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
       AND d.refclassid = 'pg_catalog.pg_class'::regclass
      JOIN columns c ON c.relid = d.refobjid AND (d.refobjsubid = c.attnum OR c.attnum = 0)
     WHERE w.ev_class <> d.refobjid
    UNION
    SELECT w.ev_class, r.depth + 1
      FROM reading r JOIN pg_catalog.pg_depend d
        ON d.classid = 'pg_catalog.pg_rewrite'::regclass
       AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = r.view
      JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
     WHERE w.ev_class <> r.view AND r.depth < 100)
SELECT v.view::int8, c.relkind::text, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
  FROM (SELECT view, max(depth) AS depth FROM reading GROUP BY view) v
  JOIN pg_catalog.pg_class c ON c.oid = v.view
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 ORDER BY v.depth, 1"""

POLICIES = """
SELECT p.oid::int8, p.polname, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
       p.polcmd::text, p.polpermissive,
       ARRAY(SELECT CASE r.oid WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(a.rolname) END
               FROM unnest(p.polroles) r(oid) LEFT JOIN pg_catalog.pg_roles a USING (oid)),
       pg_catalog.pg_get_expr(p.polqual, p.polrelid),
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
       pg_catalog.obj_description(p.oid, 'pg_policy'), c.oid::int8
  FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE EXISTS (
    SELECT FROM pg_catalog.pg_depend d
     WHERE d.classid = 'pg_catalog.pg_policy'::regclass AND d.objid = p.oid
       AND d.refclassid = 'pg_catalog.pg_class'::regclass
       AND (d.refobjid = ANY (%s::oid[])
            OR EXISTS (SELECT FROM unnest(%s::oid[], %s::int2[]) x(relid, attnum)
                        WHERE x.relid = d.refobjid
                          AND CASE x.attnum WHEN 0 THEN x.relid <> p.polrelid
                                            ELSE x.attnum = d.refobjsubid END)))
 ORDER BY 3, 2"""

VIEW = """
SELECT pg_catalog.pg_get_viewdef(c.oid), c.reloptions, pg_catalog.quote_ident(o.rolname),
       pg_catalog.obj_description(c.oid, 'pg_class'),
       ARRAY(SELECT format('GRANT %%s ON %%s TO %%s%%s', a.privilege_type, c.oid::regclass,
                           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(g.rolname) END,
                           CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
               FROM pg_catalog.aclexplode(c.relacl) a
               LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
              WHERE a.grantee <> c.relowner),
       EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid)
       OR EXISTS (SELECT FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid AND w.rulename <> '_RETURN')
       OR EXISTS (SELECT FROM pg_catalog.pg_attribute t WHERE t.attrelid = c.oid AND t.attacl IS NOT NULL)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
 WHERE c.oid = %s"""

# What default privileges have given to others than the owner.
NO_PRIVILEGES = """DECLARE grantee text;
BEGIN
    FOR grantee IN SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(g.rolname) END
                     FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
                     LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
                    WHERE c.oid = %s::regclass AND a.grantee <> c.relowner LOOP
        EXECUTE 'REVOKE ALL ON ' || %s || ' FROM ' || grantee;
    END LOOP;
END"""


class Policy(NamedTuple):
    oid: int
    name: str
    table: str              # quoted, with its schema
    command: str
    permissive: bool
    roles: Sequence[str]    # quoted
    using: str | None
    check: str | None
    comment: str | None
    relid: int

    def removal(self) -> str:
        return "DROP POLICY %s ON %s" % (identifier(self.name), self.table)

    def creation(self) -> Iterator[str]:
        yield "CREATE POLICY %s ON %s AS %s FOR %s TO %s%s%s" % (
            identifier(self.name), self.table,
            "PERMISSIVE" if self.permissive else "RESTRICTIVE", COMMAND[self.command],
            ", ".join(self.roles), "" if self.using is None else " USING (%s)" % self.using,
            "" if self.check is None else " WITH CHECK (%s)" % self.check)
        if self.comment is not None:
            yield "COMMENT ON POLICY %s ON %s IS %s" % (
                identifier(self.name), self.table, literal(self.comment))

    def __str__(self) -> str:
        return 'policy "%s" of %s' % (self.name, self.table)


class View(NamedTuple):
    oid: int
    name: str               # quoted, with its schema
    definition: str
    options: Sequence[str] | None
    owner: str
    comment: str | None
    grants: Sequence[str]
    has_more: bool

    def creation(self) -> Iterator[str]:
        yield "CREATE VIEW %s%s AS\n%s" % (
            self.name, "" if not self.options else " WITH (%s)" % ", ".join(self.options),
            self.definition.strip().rstrip(";"))
        yield "ALTER VIEW %s OWNER TO %s" % (self.name, self.owner)
        yield "DO %s" % literal(NO_PRIVILEGES % ((literal(self.name),) * 2))
        yield from self.grants
        if self.comment is not None:
            yield "COMMENT ON VIEW %s IS %s" % (self.name, literal(self.comment))


def rows(connection: Any, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


@contextmanager
def names_in_full(editor: Any) -> Iterator[None]:
    """Everything is said with its schema, and read so.  Never for the session, which
    a pool may give to others."""
    connection = editor.connection
    if not connection.in_atomic_block:
        with transaction.atomic(connection.alias), names_in_full(editor):
            yield
        return
    (before,), = rows(connection, "SELECT pg_catalog.current_setting('search_path')", [])
    path = "SELECT pg_catalog.set_config('search_path', %s, true)"
    rows(connection, path, ["pg_catalog, pg_temp"])
    try:
        yield
    except BaseException:
        with suppress(DatabaseError):       # of a transaction that has failed already
            rows(connection, path, [before])
        raise
    rows(connection, path, [before])


def reading(connection: Any, columns: Sequence[tuple[int, int]]) -> tuple[list[Policy], list[View]]:
    """The policies that name the columns, directly or by a view, and those views.
    Column 0 is the whole table; then the table's own policies are not among them."""
    where = [[relid for relid, _ in columns], [attnum for _, attnum in columns]]
    views = rows(connection, VIEWS, where)
    oids = [oid for oid, _, _ in views]
    policies = [Policy(*row) for row in rows(connection, POLICIES, [oids, *where])]
    if not policies or not views:
        return policies, []
    # only what leads to a policy, and what would be in the way of that
    asked = {oid for (oid,) in rows(connection, """
        SELECT DISTINCT d.refobjid::int8 FROM pg_catalog.pg_depend d
         WHERE d.classid = 'pg_catalog.pg_policy'::regclass AND d.objid = ANY (%s::oid[])
           AND d.refclassid = 'pg_catalog.pg_class'::regclass
           AND d.refobjid = ANY (%s::oid[])""", [[p.oid for p in policies], oids])}
    if not asked:
        return policies, []
    kept = []
    for oid, kind, name in views:
        if kind != "v":
            raise NotSupportedError(
                "materialized view %s reads what is to change, and a policy asks a view that "
                "reads it too; drop it before, and make it again afterwards" % name)
        definition, options, owner, comment, grants, more = rows(
            connection, VIEW, [oid])[0]
        kept.append(View(oid, name, definition, options, owner, comment, grants, more))
    return policies, kept


def columns_of(connection: Any, model: Any, field: Any) -> list[tuple[int, int]]:
    """(table, column) of the field, and of all whose types change along."""
    found: set[tuple[int, int]] = set()
    for column in (Column(table_name(model._meta.db_table), field.column),
                   *referencing(model, field)):
        found.update((relid, attnum) for relid, attnum in rows(connection, COLUMN, list(column)))
    return sorted(found)


def referencing(model: Any, field: Any) -> Iterator[Column]:
    for other in fields_on(model, field, set()):
        yield Column(table_name(other.model._meta.db_table), other.column)


def fields_on(model: Any, field: Any, seen: set[Any]) -> Iterator[Any]:
    """Foreign keys that Django alters along, also without a constraint in the database."""
    for relation in model._meta.get_fields(include_hidden=True):
        if not relation.auto_created or relation.concrete or relation.many_to_many:
            continue
        other = relation.field
        if other in seen or not getattr(other, "concrete", False) \
                or other.target_field.name != field.name:
            continue
        seen.add(other)
        yield other
        yield from fields_on(other.model, other, seen)


@contextmanager
def policies_set_aside(editor: Any, model: Any, field: Any) -> Iterator[None]:
    connection = editor.connection
    columns = columns_of(connection, model, field)
    lasting = connection.in_atomic_block or editor.collect_sql
    with names_in_full(editor):
        policies, views = reading(connection, columns)
        if policies and not lasting:
            raise NotSupportedError(
                "The type of %s.%s cannot change in a migration with atomic = False: %s would be "
                "missing meanwhile.  Put this operation into a migration of its own."
                % (model._meta.label, field.name, ", ".join(map(str, policies))))
        if policies:
            editor.execute("LOCK TABLE %s IN ACCESS EXCLUSIVE MODE" % ", ".join(
                sorted({policy.table for policy in policies})), None)
            # as they are now that nobody else can change them
            policies, views = reading(connection, columns)
            policies = [policy for policy in policies if not is_gone(editor, policy)]
            refuse_more(views)
            for policy in policies:
                editor.execute(policy.removal(), None)
            for view in reversed(views):
                editor.execute("DROP VIEW %s" % view.name, None)
    yield
    if policies:
        with names_in_full(editor):
            for view in views:
                for line in view.creation():
                    editor.execute(line, None)
            for policy in policies:
                for line in policy.creation():
                    again(editor, line, policy, model, field)


def is_gone(editor: Any, policy: Policy) -> bool:
    """Has a statement dropped it that sqlmigrate only shows?"""
    drop = "DROP POLICY %s ON " % identifier(policy.name)
    table = policy.table.rpartition(".")[2].strip('"')
    return editor.collect_sql and any(
        line.startswith(drop) and line.rstrip(";").rpartition(".")[2].rpartition(" ")[2].strip('"')
        == table for line in editor.collected_sql)


def again(editor: Any, line: str, policy: Policy, model: Any, field: Any) -> None:
    try:
        editor.execute(line, None)
    except ProgrammingError as error:
        raise ProgrammingError(
            "%s does not fit the new type of %s.%s: %s  Remove it before, by RemovePolicy, and "
            "make it again afterwards, in the same migration."
            % (policy, model._meta.label, field.name, str(error).partition("\n")[0])) from error


def refuse_more(views: Sequence[View]) -> None:
    for view in views:
        if view.has_more:
            raise NotSupportedError(
                "view %s, which policies ask, has triggers, rules or privileges of columns, and "
                "cannot be set aside; drop it before, and make it again afterwards" % view.name)


def refuse_cascade(editor: Any, what: str, columns: Sequence[tuple[int, int]],
                   going: Sequence[int] = ()) -> None:
    """going: tables that are deleted, whose own policies may go along."""
    with names_in_full(editor):
        policies, _ = reading(editor.connection, columns) if columns else ([], [])
    policies = [policy for policy in policies if policy.relid not in going]
    if policies and not editor.collect_sql:     # what is only shown may have seen to it
        raise NotSupportedError(
            "%s would silently take along what names it: %s.  Remove or alter that before, by "
            "RemovePolicy, AlterPolicy or Unprotect." % (what, ", ".join(map(str, policies))))


# ---- what reads all rows of tables that bind their owner ----

FORCED = """
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles r ON r.rolname = current_user
 WHERE c.relforcerowsecurity AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
   AND NOT (r.rolsuper OR r.rolbypassrls)
   AND c.oid IN (SELECT pg_catalog.to_regclass(name) FROM unnest(%s::text[]) u(name))
 ORDER BY 1"""

NAME = r'(?:"(?:[^"]|"")*"|[\w$]+)(?:\.(?:"(?:[^"]|"")*"|[\w$]+))?'

# One statement, and what Django lets follow when it adds a column
ADDS_KEY = re.compile(
    r"\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(%s)\s+(?=[^;]*\bREFERENCES\s)([^;]*)"
    r"(?:;\s*SET\s+CONSTRAINTS\s+%s\s+IMMEDIATE)?\s*;?\s*" % (NAME, NAME), re.I)
REFERENCES = re.compile(r"\bREFERENCES\s+(?:ONLY\s+)?(%s)" % NAME, re.I)

# What sqlmigrate has shown before
SHOWN = re.compile(r"ALTER TABLE (%s) FORCE ROW LEVEL SECURITY;?"
                   r"|SELECT authz\.protect\(rel => '(%s)'.*" % (NAME, NAME), re.S)


@contextmanager
def owner_sees(editor: Any, names: Sequence[str]) -> Iterator[None]:
    """FORCE ROW LEVEL SECURITY of these tables is off meanwhile, so that nothing is
    hidden from their owner.  In one transaction nobody else sees the change.

    names   as PostgreSQL quotes them
    """
    connection = editor.connection
    if not (editor.collect_sql or connection.in_atomic_block):
        with transaction.atomic(connection.alias), owner_sees(editor, names):
            yield
        return
    seen: set[str] = editor.__dict__.setdefault(SEEN, set())
    asked = set(names) - seen
    shown = asked & forced_above(editor)
    tables = sorted(shown) + [table for table, in rows(
        connection, FORCED, [sorted(asked - shown)])] if asked else []
    if tables and not editor.collect_sql:
        connection.check_constraints()      # ALTER TABLE refuses if some are to come
    for table in tables:
        editor.execute("ALTER TABLE %s NO FORCE ROW LEVEL SECURITY" % table, None)
    seen |= asked
    try:
        yield
    finally:
        seen -= asked
    for table in tables:
        editor.execute("ALTER TABLE %s FORCE ROW LEVEL SECURITY" % table, None)


def forced_above(editor: Any) -> set[str]:
    """Tables that statements have forced that sqlmigrate only shows."""
    found = map(SHOWN.fullmatch, editor.collected_sql if editor.collect_sql else ())
    return {match[1] or match[2] for match in found if match}


def tables_of_key(sql: str) -> list[str]:
    """Those of a foreign key that the statement adds.

    PostgreSQL looks for the rows that it names by a query, as the owner of the
    tables, who sees none of a table with FORCE ROW LEVEL SECURITY."""
    match = ADDS_KEY.fullmatch(sql)
    return [] if match is None else [match[1], *REFERENCES.findall(match[2])]


def reads_rows(old_field: Any, new_field: Any) -> bool:
    """Does Django give the column's empty places the default, or look for its maximum?"""
    return old_field.null and not new_field.null or isinstance(new_field, AutoFieldMixin)


# ---- the wrappers ----

def altering(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _alter_field(self: Any, model: Any, old_field: Any, new_field: Any, old_type: str,
                     new_type: str, *args: Any, **kwargs: Any) -> Any:
        def collation(field: Any) -> Any:
            return field.db_parameters(connection=self.connection).get(
                "collation", getattr(field, "db_collation", None))

        def go(old_field: Any) -> Any:
            names = [table_name(model._meta.db_table)] if reads_rows(old_field, new_field) else []
            with owner_sees(self, names):
                return original(self, model, old_field, new_field, old_type, new_type,
                                *args, **kwargs)

        if old_type == new_type and collation(old_field) == collation(new_field):
            return go(old_field)
        if old_field.column != new_field.column:
            # while the policies are there, so that they follow
            old_field = with_column_renamed(self, model, old_field, new_field, new_type)
        with policies_set_aside(self, model, old_field):
            return go(old_field)
    return _alter_field


def with_column_renamed(editor: Any, model: Any, old_field: Any, new_field: Any,
                        new_type: str) -> Any:
    table = model._meta.db_table
    editor.execute(editor._rename_field_sql(table, old_field, new_field, new_type))
    for sql in editor.deferred_sql:
        if hasattr(sql, "rename_column_references"):
            sql.rename_column_references(table, old_field.column, new_field.column)
    renamed = copy.copy(old_field)
    renamed.column = new_field.column
    return renamed


def executing(original: Callable[..., Any]) -> Callable[..., Any]:
    """Foreign keys are added in many places, and at the end of the migration."""
    @wraps(original)
    def execute(self: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
        names = tables_of_key(str(sql))
        if not names:
            return original(self, sql, *args, **kwargs)
        with owner_sees(self, names):
            return original(self, sql, *args, **kwargs)
    return execute


def removing(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def remove_field(self: Any, model: Any, field: Any) -> Any:
        if field.column is not None:
            table = table_name(model._meta.db_table)
            columns = rows(self.connection, COLUMN, [table, field.column])
            refuse_cascade(self, "Column %s of %s" % (field.column, table),
                           [(relid, attnum) for relid, attnum in columns])
        return original(self, model, field)
    return remove_field


def deleting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def delete_model(self: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        table = table_name(model._meta.db_table)
        going = [table] + [
            table_name(field.remote_field.through._meta.db_table)
            for field in model._meta.local_many_to_many
            if field.remote_field.through._meta.auto_created]
        relids = [relid for (relid,) in rows(self.connection, """
            SELECT pg_catalog.to_regclass(name)::oid::int8
              FROM unnest(%s::text[]) WITH ORDINALITY u(name, n) ORDER BY n""", [going])]
        if relids[0] is not None:
            refuse_cascade(self, "Table %s" % table, [(relids[0], 0)], relids)
        return original(self, model, *args, **kwargs)
    return delete_model


WRAPPERS = {"execute": executing, "_alter_field": altering, "remove_field": removing,
            "delete_model": deleting}
MARK = "dbmi_authz_sets_aside"
SEEN = "_dbmi_authz_seen"           # by the owner: the tables


def install() -> None:
    """Once, where there is a driver for PostgreSQL."""
    try:
        from django.db.backends.postgresql.schema import DatabaseSchemaEditor
    except Exception:       # ImproperlyConfigured, ImportError: no driver, no PostgreSQL
        return
    for name, wrapper in WRAPPERS.items():
        wrap(DatabaseSchemaEditor, name, wrapper, MARK)
