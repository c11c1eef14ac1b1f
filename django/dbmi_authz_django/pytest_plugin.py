"""Fixtures for pytest-django.  Imports nothing of Django before they are used.

authz_issuer        the issuer of the test database
mint                mint("ann", scopes=[...]) -> a token
as_user             with as_user("ann"): ...
authz_client, authz_async_client, authz_api_client      clients with as_user()
assert_sees, assert_cannot_see, assert_may, assert_may_not
"""
from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="session")
def authz_issuers(django_db_setup: Any, django_db_blocker: Any) -> Any:
    """All of them, by name; whose tokens the test database believes from now on."""
    from .test.issuer import issuers
    with django_db_blocker.unblock():
        return issuers()


@pytest.fixture
def authz_issuer(authz_issuers: Any) -> Any:
    from .test import issuer_of
    return issuer_of()


def of_tests(name: str, doc: str) -> Any:
    """A fixture for what dbmi_authz_django.test has by this name."""
    def fixture(authz_issuers: Any) -> Any:
        from . import test
        return getattr(test, name)
    fixture.__doc__ = doc
    return pytest.fixture(fixture)


mint = of_tests("mint", 'mint("ann", scopes=["notes:write"]): a token')
as_user = of_tests("as_user", 'with as_user("ann"): queries are hers')
assert_sees = of_tests("assert_sees", 'assert_sees("ann", note)')
assert_cannot_see = of_tests("assert_cannot_see", 'assert_cannot_see("bob", note)')
assert_may = of_tests("assert_may", 'assert_may("ann", "update", note)')
assert_may_not = of_tests("assert_may_not", 'assert_may_not("bob", "update", note)')


@pytest.fixture
def authz_client(authz_issuers: Any) -> Any:
    """Django's client: authz_client.as_user("ann").get(...)"""
    from .test import Client
    return Client()


@pytest.fixture
def authz_async_client(authz_issuers: Any) -> Any:
    from .test import AsyncClient
    return AsyncClient()


@pytest.fixture
def authz_api_client(authz_issuers: Any) -> Any:
    """REST framework's client."""
    from .test import APIClient
    return APIClient()
