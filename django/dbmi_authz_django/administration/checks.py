"""Checks of ADMIN_DATABASE: before anything is asked, and of the database itself."""
from __future__ import annotations

from typing import Any, Iterator, List

from django.apps import apps
from django.conf import settings
from django.core.checks import Error, Tags, Warning, register
from django.db import connections
from django.db.utils import Error as DatabaseError

from ..conf import conf
from ..checking import status

# of the extension's tables, and of the server
SERVER = """
SELECT current_user::text AS role,
       (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS superuser,
       pg_catalog.to_regclass('authz.issuer') IS NOT NULL AS installed,
       coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('authz.issuer'), 'SELECT'), false)
       AND pg_catalog.pg_has_role('pg_database_owner', 'USAGE') AS reads"""

SAME = """
SELECT current_user::text AS role, d.oid::text AS database, s.system_identifier::text AS server
  FROM pg_catalog.pg_database d, pg_catalog.pg_control_system() s
 WHERE d.datname = pg_catalog.current_database()"""


@register(Tags.security)
def check_admin_settings(app_configs: Any, **kwargs: Any) -> List[Any]:
    alias = conf.admin_database
    if alias is None:
        return []
    found: List[Any] = []
    if alias not in settings.DATABASES:
        return [Error("ADMIN_DATABASE of DBMI_AUTHZ names %r, which is not in DATABASES." % (alias,),
                      id="dbmi_authz.E080")]
    if alias in conf.databases:
        found.append(Error(
            "ADMIN_DATABASE of DBMI_AUTHZ is %r, which carries visitors' tokens." % alias,
            hint="Give the admin's pages an alias of their own, with the owner of the database as "
                 "USER; the application's role needs no right of it.", id="dbmi_authz.E081"))
    if connections[alias].vendor != "postgresql":
        found.append(Error("ADMIN_DATABASE %r is not PostgreSQL." % alias, id="dbmi_authz.E082"))
    if not apps.is_installed("django.contrib.admin"):
        found.append(Warning(
            "ADMIN_DATABASE of DBMI_AUTHZ is set, and there is no admin.",
            hint='Put "django.contrib.admin" into INSTALLED_APPS, or leave ADMIN_DATABASE out: a '
                 "process without it cannot use the owner's rights.", id="dbmi_authz.W083"))
    return found


@register(Tags.database)
def check_admin_database(app_configs: Any, databases: Any, **kwargs: Any) -> List[Any]:
    alias: Any = conf.admin_database
    if alias not in (databases or ()) or connections[alias].vendor != "postgresql":
        return []
    try:
        return list(of_admin(alias))
    except DatabaseError as error:
        return [Error("ADMIN_DATABASE %r cannot be checked: %s" % (
            alias, str(error).partition("\n")[0]), id="dbmi_authz.E084")]


def of_admin(alias: str) -> Iterator[Any]:
    server = status.rows(connections[alias], SERVER)[0]
    if not server.installed:
        yield Error("ADMIN_DATABASE %r does not have the extension dbmi_authz." % alias,
                    id="dbmi_authz.E085")
        return
    if server.superuser:
        yield Error(
            "ADMIN_DATABASE %r: role %r is a superuser, and anyone who finds a hole in the admin has "
            "the server." % (alias, server.role),
            hint="The owner of the database can do all that the pages need.", id="dbmi_authz.E086")
    elif not server.reads:
        yield Error(
            "ADMIN_DATABASE %r: role %r cannot read schema authz." % (alias, server.role),
            hint="It must be the owner of the database, or a member of that role.",
            id="dbmi_authz.E087")
    yield from of_visitors(alias)


def of_visitors(alias: str) -> Iterator[Any]:
    from .rights import visitor_alias
    theirs = visitor_alias()
    if theirs == alias or connections[theirs].vendor != "postgresql":
        return
    try:
        visitors = status.rows(connections[theirs], SAME)[0]
    except DatabaseError:
        return      # dbmi_authz.E020
    ours = status.rows(connections[alias], SAME)[0]
    if (ours.database, ours.server) != (visitors.database, visitors.server):
        yield Error(
            "ADMIN_DATABASE %r is another database than %r, of which is_admin() is asked."
            % (alias, theirs), id="dbmi_authz.E088")
        return
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_catalog.pg_has_role(%s, 'MEMBER')", [visitors.role])
        member = cursor.fetchone()[0]
    if not member:
        yield Warning(
            "ADMIN_DATABASE %r: role %r cannot take the role %r, so the admin cannot explain what "
            "somebody else may see." % (alias, ours.role, visitors.role),
            hint="GRANT %s TO %s" % (visitors.role, ours.role), id="dbmi_authz.W089")
