"""Run another command as the owner of tables."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS

from dbmi_authz_django.conf import conf
from dbmi_authz_django.ownership.owner import LOCK_TIMEOUT, AsOwnerError, set_aside, tables_of


class Command(BaseCommand):
    help = ("Run another command in one transaction in which policies do not bind the owner of "
            "these models' tables: authz_as_owner clinic.Note -- dumpdata clinic.Note.  The tables "
            "are locked meanwhile, for readers too.  The other command gets the same --database "
            "if it has the option.")
    requires_system_checks: Any = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("models", nargs="*", metavar="app.Model")
        parser.add_argument("--all", action="store_true",
                            help="all tables that the role owns and policies bind it to")
        parser.add_argument("--many-to-many", action="store_true",
                            help="also the tables of the models' many-to-many fields")
        parser.add_argument("--database", default=conf.owner_database or DEFAULT_DB_ALIAS,
                            help="alias of the owner")
        parser.add_argument("--lock-timeout", type=float, metavar="SECONDS",
                            default=LOCK_TIMEOUT.total_seconds(),
                            help="how long to wait for others who use the tables (5)")

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """argparse would take what follows "--" for models."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parse = parser.parse_args

        def parse_args(args: Any = None, namespace: Any = None) -> Any:
            args = list(args)
            at = args.index("--") if "--" in args else len(args)
            found = parse(args[:at], namespace)
            found.following = args[at + 1:]
            return found

        parser.parse_args = parse_args
        return parser

    def handle(self, *args: Any, models: Any, all: bool, many_to_many: bool, database: str,
               lock_timeout: float, following: Any, **options: Any) -> Any:
        if bool(models) is all:
            raise CommandError("Name models, or --all.")
        if not following:
            raise CommandError("Which command?  authz_as_owner app.Model -- dumpdata app.Model")
        try:
            names = None if all else sorted({
                name for model in models for name in tables_of(model, many_to_many)})
        except (LookupError, ValueError) as error:
            raise CommandError(str(error)) from None
        following = self.on(database, following)
        try:
            with set_aside(database, names, timedelta(seconds=lock_timeout),
                           "authz_as_owner -- %s" % following[0]):
                return call_command(*following, stdout=self.stdout, stderr=self.stderr)
        except AsOwnerError as error:
            raise CommandError(str(error)) from None

    def on(self, database: str, following: Any) -> Any:
        """The command with --database, if it has the option."""
        name, given = following[0], following[1:]
        app = get_commands().get(name)
        if app is None:
            raise CommandError("There is no command %s." % name)
        command = app if isinstance(app, BaseCommand) else load_command_class(app, name)
        parser = command.create_parser("manage.py", name)
        if not any("--database" in action.option_strings for action in parser._actions):
            return following
        if not any(text.split("=")[0] == "--database" for text in given):
            return [name, "--database", database, *given]
        return following
