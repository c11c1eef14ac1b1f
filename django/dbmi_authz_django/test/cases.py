"""Django's test cases, with users."""
from __future__ import annotations

from typing import Any, Set

from django import test
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.functional import classproperty

from ..conf import conf

from . import assertions
from .clients import AsyncClient, Client
from .issuer import issuers
from .minting import Who, as_user, mint


class AuthzMixin:
    """For any test case of Django's: put it before that class."""
    client_class = Client
    async_client_class = AsyncClient

    mint = staticmethod(mint)
    as_user = as_user

    @classmethod
    def setUpClass(cls) -> None:
        for alias in conf.databases:
            if alias in getattr(cls, "databases", ()):
                issuers(alias)      # before an event loop runs and tokens are needed
        super().setUpClass()        # type: ignore

    def assertSees(self, claims: Who, what: Any, msg: str | None = None, **options: Any) -> None:
        """A user with these claims sees the row, each of these rows, or some row
        of the queryset."""
        assertions.assert_sees(claims, what, msg, **options)

    def assertCannotSee(self, claims: Who, what: Any, msg: str | None = None,
                        **options: Any) -> None:
        assertions.assert_cannot_see(claims, what, msg, **options)

    def assertMay(self, claims: Who, command: str, obj: Any, msg: str | None = None,
                  **options: Any) -> None:
        """assertMay("ann", "update", note): also "insert", "delete", "select"."""
        assertions.assert_may(claims, command, obj, msg, **options)

    def assertMayNot(self, claims: Who, command: str, obj: Any, msg: str | None = None,
                     **options: Any) -> None:
        assertions.assert_may_not(claims, command, obj, msg, **options)


def with_primaries(cls: type) -> Set[str]:
    """Of Django's "default", with that of which it is the mirror in tests.  Without
    the other one Django makes no test database, and tests what is in use."""
    mirror = connections[DEFAULT_DB_ALIAS].settings_dict["TEST"].get("MIRROR")
    return {DEFAULT_DB_ALIAS} | ({mirror} if mirror else set())


class SimpleTestCase(AuthzMixin, test.SimpleTestCase):
    pass


class TransactionTestCase(AuthzMixin, test.TransactionTestCase):
    databases = classproperty(with_primaries)


class TestCase(AuthzMixin, test.TestCase):
    databases = classproperty(with_primaries)


class LiveServerTestCase(AuthzMixin, test.LiveServerTestCase):
    databases = classproperty(with_primaries)
