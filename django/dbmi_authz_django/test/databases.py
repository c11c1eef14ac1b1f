"""Which database is a test database, and a connection past the tests' own.

A key that is made here must be believed by no other database.  So three things
must hold: Django's test environment is set up; the database has another name
than when the process began, or the one that the project itself gives for tests
(TEST NAME); and the server says that it is this one.
"""
from __future__ import annotations

import threading
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Callable, Iterator, List, Tuple, TypeVar

from django.apps import apps
from django.core import mail
from django.db import connections
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.db.utils import load_backend


T = TypeVar("T")


class NotATestDatabase(RuntimeError):
    """Refused: what is made here is for test databases alone."""


def check(alias: str) -> None:
    """Raises NotATestDatabase."""
    if not hasattr(mail, "outbox"):     # which Django's runner and pytest-django make
        raise NotATestDatabase(
            "dbmi_authz_django.test works in tests only, under \"manage.py test\" or pytest-django.")
    settings = connections[alias].settings_dict
    if not is_for_tests(alias, str(settings["NAME"]), settings["TEST"].get("NAME")):
        raise NotATestDatabase(
            "Database \"%s\", %r, is not a test database: no test runner has made it.  If it is "
            "meant for tests all the same, say so: \"TEST\": {\"NAME\": %r}."
            % (alias, settings["NAME"], settings["NAME"]))


def is_for_tests(alias: str, name: str, declared: str | None) -> bool:
    if name == declared:
        return True
    # and copies for parallel tests
    prefix = declared + "_" if declared else TEST_DATABASE_PREFIX
    began = apps.get_app_config("dbmi_authz").database_names.get(alias)
    return name != began and name.startswith(prefix)


def exists(alias: str) -> bool:
    """Has the runner made one for these tests?"""
    try:
        check(alias)
    except NotATestDatabase:
        return False
    return True


def place(alias: str) -> Tuple[Any, ...]:
    settings = connections[alias].settings_dict
    return tuple(settings[key] for key in ("HOST", "PORT", "NAME"))


def aliases(alias: str) -> List[str]:
    """This one first, then the others of its database."""
    return [alias] + [other for other in connections if other != alias
                      and connections[other].vendor == "postgresql"
                      and place(other) == place(alias)]


def apart(function: Callable[..., T], *args: Any) -> T:
    """In a thread of its own: no event loop runs there, nobody is logged in, and
    the connections of the tests with their transactions are not seen."""
    done: List[Tuple[bool, Any]] = []

    def run() -> None:
        try:
            done.append((True, function(*args)))
        except BaseException as error:
            done.append((False, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    worked, result = done[0]
    if worked:
        return result
    raise result


@contextmanager
def connected(alias: str) -> Iterator[Any]:
    """A cursor of a connection that is nobody else's, in a transaction."""
    settings = deepcopy(connections[alias].settings_dict)
    settings["OPTIONS"].pop("pool", None)
    connection = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, alias)
    try:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT current_database()")
            if cursor.fetchone()[0] != settings["NAME"]:
                raise NotATestDatabase("Database %r is reached as %r."
                                       % (cursor.fetchone(), settings["NAME"]))
            yield cursor
            cursor.execute("COMMIT")
    finally:
        connection.close()




def without_any() -> bool:
    """In tests for which the runner has made no database: every name is as it was."""
    began = apps.get_app_config("dbmi_authz").database_names
    return hasattr(mail, "outbox") and all(
        connections[alias].settings_dict["NAME"] == name for alias, name in began.items())
