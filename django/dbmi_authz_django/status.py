"""What a database says about itself, for the checks and authz_status."""
from collections import namedtuple

SERVER = """
SELECT current_user AS role, r.rolsuper AS superuser, r.rolbypassrls AS bypass,
       pg_has_role(d.datdba, 'USAGE') AS administers,
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


def rows(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        Row = namedtuple("Row", [column[0] for column in cursor.description])
        return [Row(*row) for row in cursor.fetchall()]


def server(connection):
    return rows(connection, SERVER)[0]


def tables(connection):
    return rows(connection, TABLES)
