"""Show how the database stands."""
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.utils import Error, ProgrammingError

from dbmi_authz_django import status
from dbmi_authz_django.errors import Forbidden

ISSUERS = """
SELECT i.issuer, i.profile, count(k.*) AS keys, i.options ->> 'jwks_uri' AS jwks_uri
  FROM authz.issuer i LEFT JOIN authz.issuer_key k USING (issuer)
 GROUP BY 1, 2, 4 ORDER BY 1"""


class Command(BaseCommand):
    help = ("Show the extension, the role and whether policies bind it, the issuers with the "
            "number of their keys, and the protected tables.  The exit code is 1 when the "
            "database cannot be reached or has no dbmi_authz.")
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS)

    def handle(self, *args, database, **options):
        connection = connections[database]
        if connection.vendor != "postgresql":
            raise CommandError("Database %r is not PostgreSQL." % database)
        try:
            server, tables = status.server(connection), status.tables(connection)
        except Error as error:
            raise CommandError(str(error).partition("\n")[0]) from None
        if server.installed is None:
            raise CommandError("Database %r does not have the extension dbmi_authz." % database)
        self.line("extension", "dbmi_authz %s, PostgreSQL %s" % (
            server.installed, server.postgresql))
        self.line("token scope", server.token_scope)
        self.line("role", "%s, %s" % (server.role, bound(server)))
        self.issuers(connection)
        for table in tables:
            self.line("table", "%s, %d %s%s" % (
                table.name, table.policies, "policy" if table.policies == 1 else "policies",
                weakness(table)))

    def line(self, what, text):
        self.stdout.write("%-12s %s" % (what, text))

    def issuers(self, connection):
        try:
            found = status.rows(connection, ISSUERS)
        except (Forbidden, ProgrammingError):   # the second without our wrapper
            self.line("issuers", "not shown: only the database's owner reads them")
            return
        for issuer in found:
            self.line("issuer", "%s, profile %s, %d keys%s" % (
                issuer.issuer, issuer.profile, issuer.keys,
                ", " + issuer.jwks_uri if issuer.jwks_uri else ""))


def bound(server):
    if server.superuser:
        return "a superuser: no policy binds it"
    if server.bypass:
        return "BYPASSRLS: no policy binds it"
    if server.administers:
        return "with the rights of the database's owner"
    return "bound by policies"


def weakness(table):
    if not table.enabled:
        return ": row-level security is not enabled"
    if table.owned and not table.forced:
        return ": does not bind this role, which owns it"
    return ""
