"""Show how the database stands, for people or as JSON."""
from __future__ import annotations

import json
from typing import Any, Optional

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.utils import Error, ProgrammingError

from dbmi_authz_django.checking import status, unprotected
from dbmi_authz_django.conf import conf
from dbmi_authz_django.errors import Forbidden

ISSUERS = """
SELECT i.issuer, i.profile, (SELECT count(*) FROM authz.issuer_key k WHERE k.issuer = i.issuer) AS keys,
       i.options ->> 'jwks_uri' AS jwks_uri, s.last_success, s.last_attempt, s.last_error,
       i.options ->> 'jwks_uri' IS NOT NULL
         AND coalesce(s.last_success < now() - make_interval(secs => %s), true) AS stale
  FROM authz.issuer i LEFT JOIN authz.jwks_status s USING (issuer)
 ORDER BY 1"""


class Command(BaseCommand):
    help = ("Show the extension, the role and whether policies bind it, the issuers with the "
            "number and age of their keys, the protected tables, and models without policies.  "
            "The exit code is 1 when the database cannot be reached or has no dbmi_authz.")
    requires_system_checks: Any = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS)
        parser.add_argument("--json", action="store_true",
                            help="one JSON object (doc/django/operations.md), on failure too")

    def handle(self, *args: Any, database: str, **options: Any) -> None:
        try:
            found = self.found(connections[database])
        except CommandError as error:
            if options["json"]:
                self.stdout.write(json.dumps({"database": database, "error": str(error)}))
            raise
        if options["json"]:
            self.stdout.write(json.dumps({"database": database, "error": None, **found}))
        else:
            self.show(found)

    def found(self, connection: Any) -> dict[str, Any]:
        if connection.vendor != "postgresql":
            raise CommandError("Database %r is not PostgreSQL." % connection.alias)
        try:
            server = status.server(connection)
            if server.installed is None:
                raise CommandError("Database %r does not have the extension dbmi_authz." % connection.alias)
            return {
                "extension": {"installed": server.installed, "available": server.available},
                "postgresql": server.postgresql,
                "token_scope": server.token_scope,
                "role": {"name": server.role, "bound": not (server.superuser or server.bypass),
                         "superuser": server.superuser, "bypassrls": server.bypass,
                         "administers": server.administers, "may_become": server.may_become},
                "tables": [{"name": table.name, "policies": table.policies, "enabled": table.enabled,
                            "forced": table.forced, "owned": table.owned,
                            "binds": table.enabled and not (table.owned and not table.forced)}
                           for table in status.tables(connection)],
                "unprotected": [model._meta.label for model in unprotected.unprotected(connection)],
                "issuers": issuers(connection),
            }
        except Error as error:
            raise CommandError(str(error).partition("\n")[0]) from None

    def show(self, found: dict[str, Any]) -> None:
        self.line("extension", "dbmi_authz %s, PostgreSQL %s" % (
            found["extension"]["installed"], found["postgresql"]))
        self.line("token scope", found["token_scope"])
        self.line("role", "%s, %s" % (found["role"]["name"], bound(found["role"])))
        if found["issuers"] is None:
            self.line("issuers", "not shown: only the database's owner reads them")
        for issuer in found["issuers"] or ():
            self.line("issuer", "%s, profile %s, %d keys%s%s" % (
                issuer["issuer"], issuer["profile"], issuer["keys"],
                ", " + issuer["jwks_uri"] if issuer["jwks_uri"] else "", age(issuer)))
        for table in found["tables"]:
            self.line("table", "%s, %d %s%s" % (
                table["name"], table["policies"],
                "policy" if table["policies"] == 1 else "policies", weakness(table)))
        for label in found["unprotected"]:
            self.line("unprotected", label)

    def line(self, what: str, text: str) -> None:
        self.stdout.write("%-12s %s" % (what, text))


def issuers(connection: Any) -> Optional[list[dict[str, Any]]]:
    """None for a role that may not read them."""
    try:
        rows = status.rows(connection, ISSUERS, [conf.keys_max_age])
    except (Forbidden, ProgrammingError):   # the second without our wrapper
        return None
    return [{**row._asdict(), **{name: moment and moment.isoformat() for name, moment in (
        ("last_success", row.last_success), ("last_attempt", row.last_attempt))}} for row in rows]


def age(issuer: dict[str, Any]) -> str:
    text = ""
    if issuer["jwks_uri"]:
        text += ", fetched %s" % (issuer["last_success"] or "never")
        text += " (stale)" if issuer["stale"] else ""
    return text + (", last error %s" % issuer["last_error"] if issuer["last_error"] else "")


def bound(role: dict[str, Any]) -> str:
    if role["superuser"]:
        return "a superuser: no policy binds it"
    if role["bypassrls"]:
        return "BYPASSRLS: no policy binds it"
    if role["may_become"]:
        return "who can become %s: no policy binds that" % role["may_become"]
    if role["administers"]:
        return "with the rights of the database's owner"
    return "bound by policies"


def weakness(table: dict[str, Any]) -> str:
    if not table["enabled"]:
        return ": row-level security is not enabled"
    if not table["binds"]:
        return ": does not bind this role, which owns it"
    return ""
