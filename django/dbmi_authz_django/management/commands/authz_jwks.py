"""Load the public keys of issuers."""
from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.utils import Error

from dbmi_authz_django.jwks import FetchError, fetch, read_file

SET = "SELECT authz.set_jwks(%s, %s::json)"
ALL = "SELECT issuer, options ->> 'jwks_uri' FROM authz.issuer WHERE options ->> 'jwks_uri' IS NOT NULL ORDER BY 1"
ONE = "SELECT options ->> 'jwks_uri' FROM authz.issuer WHERE issuer = %s"


class Command(BaseCommand):
    help = ("Fetch JWK sets and load them with authz.set_jwks().  Made for cron: silent with "
            "--verbosity 0 unless something fails; the exit code is 1 when any issuer failed. "
            "A set that cannot be had or is refused leaves the old keys.")
    # they would ask tables that this has nothing to do with
    requires_system_checks: Any = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("issuer", nargs="?", help="exactly as in \"iss\"")
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--url", help="where its JWK set is; default: its option jwks_uri")
        source.add_argument("--file", help="a file with the JWK set")
        source.add_argument("--all", action="store_true", help="every issuer with a jwks_uri")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS,
                            help="alias whose role owns the database")
        parser.add_argument("--timeout", type=float, default=20,
                            help="seconds for each set (20)")
        parser.add_argument("--max-size", type=int, default=1 << 20,
                            help="bytes of a set (1 MB)")
        parser.add_argument("--insecure-http", action="store_true",
                            help="also http: for tests; anyone who answers there can issue tokens")

    def handle(self, *args: Any, issuer: str | None, all: bool, **options: Any) -> None:
        if (issuer is None) != all:
            raise CommandError("Give an issuer, or --all.")
        self.options = options
        self.connection = connections[options["database"]]
        failed = 0
        for name, uri in self.sources(issuer):
            try:
                keys = self.load(name, uri)
            except (FetchError, Error) as error:
                failed += 1
                self.stderr.write("%s: %s" % (name, reason(error)))
            else:
                if options["verbosity"]:
                    self.stdout.write("%s: %d keys" % (name, keys))
        if failed:
            raise CommandError("%d failed" % failed, returncode=1)

    def sources(self, issuer: str | None) -> list[tuple[str, str | None]]:
        """(issuer, URL or None for the file)"""
        options = self.options
        if issuer is not None and (options["url"] or options["file"]):
            return [(issuer, options["url"])]
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(ALL if issuer is None else ONE, [] if issuer is None else [issuer])
                found = cursor.fetchall()
        except Error as error:
            raise CommandError("Cannot read the issuers: " + reason(error)) from None
        if issuer is None:
            return found
        if not found:
            raise CommandError("There is no issuer %s." % issuer)
        if found[0][0] is None:
            raise CommandError("%s has no jwks_uri: give --url or --file." % issuer)
        return [(issuer, found[0][0])]

    def load(self, issuer: str, uri: str | None) -> int:
        options = self.options
        if uri is None:
            jwks = read_file(options["file"], options["max_size"])
        else:
            jwks = fetch(uri, options["timeout"], options["max_size"], options["insecure_http"])
        with self.connection.cursor() as cursor:
            cursor.execute(SET, [issuer, jwks])
            return cursor.fetchone()[0]


def reason(error: Exception) -> str:
    """In one line, with the detail: which key of a set was refused, and why."""
    cause: BaseException | None = error
    while cause is not None:
        diag = getattr(cause, "diag", None)
        if diag is not None and diag.message_primary:
            return ": ".join(part for part in (diag.message_primary, diag.message_detail) if part)
        cause = cause.__cause__
    return str(error).strip().replace("\n", " ")
