"""What a database says about itself, for the checks and authz_status."""
from __future__ import annotations

from collections import namedtuple
from typing import Any, Sequence

SERVER = """
SELECT current_user AS role, r.rolsuper AS superuser, r.rolbypassrls AS bypass,
       pg_has_role(d.datdba, 'USAGE') AS administers, session_user AS session_role,
       (SELECT f.rolname::text FROM pg_roles f WHERE (f.rolsuper OR f.rolbypassrls)
           AND f.rolname <> current_user AND pg_has_role(session_user, f.oid, 'MEMBER')
         ORDER BY f.rolname <> session_user, f.rolname LIMIT 1) AS may_become,
       pg_has_role(session_user, d.datdba, 'MEMBER') AS may_administer,
       (SELECT extversion FROM pg_extension WHERE extname = 'dbmi_authz') AS installed,
       (SELECT default_version FROM pg_available_extensions WHERE name = 'dbmi_authz') AS available,
       coalesce(current_setting('dbmi_authz.token_scope', true), 'session') AS token_scope,
       current_setting('server_version') AS postgresql
  FROM pg_roles r, pg_database d
 WHERE r.rolname = current_user AND d.datname = current_database()"""

# Tables that policies are meant for: with row-level security or with policies.
# "columns" are those that policies name and no valid index begins with.
TABLES = """
SELECT c.oid::regclass::text AS name, c.relname AS plain_name,
       c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
       pg_has_role(c.relowner, 'USAGE') AS owned,
       (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
       ARRAY(SELECT coalesce(pg_get_expr(p.polqual, c.oid), '')
                    || ' ' || coalesce(pg_get_expr(p.polwithcheck, c.oid), '')
               FROM pg_policy p WHERE p.polrelid = c.oid) AS expressions,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0
                AND EXISTS (SELECT FROM pg_policy p JOIN pg_depend d
                                ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
                               AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                               AND d.refobjsubid = a.attnum
                             WHERE p.polrelid = c.oid)
                AND NOT EXISTS (SELECT FROM pg_index i
                                 WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
                                   AND i.indkey[0] = a.attnum)) AS columns
  FROM pg_class c
 WHERE c.relkind IN ('r', 'p')
   AND c.relnamespace NOT IN (SELECT oid FROM pg_namespace
                               WHERE nspname IN ('authz', 'pg_catalog', 'information_schema'))
   AND (c.relrowsecurity OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
 ORDER BY 1"""

# Sets that policies ask, with the tables that they read, by way of other sets
# too, and of which changes are not told.
SETS = """
WITH RECURSIVE reads(set, relation) AS (
    SELECT v.oid, v.oid
      FROM pg_class v
     WHERE v.relkind = 'v'
       AND EXISTS (SELECT FROM pg_depend d JOIN pg_policy p ON p.oid = d.objid
                    WHERE d.classid = 'pg_policy'::regclass
                      AND d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid
                      AND concat(pg_get_expr(p.polqual, p.polrelid),
                                 pg_get_expr(p.polwithcheck, p.polrelid)) ~ 'authz\\.in_set\\(')
    UNION
    SELECT r.set, more.relation
      FROM reads r, LATERAL (
        SELECT d.refobjid FROM pg_rewrite w JOIN pg_depend d
            ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
           AND d.refclassid = 'pg_class'::regclass
         WHERE w.ev_class = r.relation
        UNION ALL
        SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = r.relation) more(relation))
SELECT r.set::regclass::text AS name, array_agg(c.oid::regclass::text ORDER BY c.oid) AS unwatched
  FROM reads r JOIN pg_class c ON c.oid = r.relation
 WHERE c.relkind = 'r'
   AND c.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname = 'authz')
   AND (SELECT count(*) FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
         WHERE t.tgrelid = c.oid AND t.tgenabled = 'A' AND f.proname = 'set_changed') < 2
 GROUP BY r.set ORDER BY 1"""


def rows(connection: Any, sql: str, params: Sequence[Any] | None = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        Row = namedtuple("Row", [column[0] for column in cursor.description])  # type: ignore[misc]
        return [Row(*row) for row in cursor.fetchall()]


def server(connection: Any) -> Any:
    return rows(connection, SERVER)[0]


def tables(connection: Any) -> list[Any]:
    return rows(connection, TABLES)


def sets(connection: Any) -> list[Any]:
    return rows(connection, SETS)
