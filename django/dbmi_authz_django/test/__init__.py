"""For tests: an issuer of the test database alone, its tokens, and who sees what.

    from dbmi_authz_django.test import TestCase

    class NoteTests(TestCase):
        def test_list(self):
            with self.as_user("ann"):
                note = Note.objects.create(owner="ann")
            self.assertSees("ann", note)
            self.assertCannotSee("bob", note)
            self.client.as_user("ann").get("/notes/")

Nothing here works outside of a test database: see databases.py.
"""
from __future__ import annotations

from typing import Any

from ..hints import AuthzTestWarning
from .assertions import assert_cannot_see, assert_may, assert_may_not, assert_sees
from .cases import (
    AuthzMixin, LiveServerTestCase, SimpleTestCase, TestCase, TransactionTestCase,
)
from .clients import AsyncClient, Client, ClientMixin
from .databases import NotATestDatabase
from .issuer import Issuer, issuer_of
from .minting import as_user, mint

__all__ = [
    "APIClient", "APITestCase", "AsyncClient", "AuthzMixin", "AuthzTestWarning", "Client", "ClientMixin", "Issuer",
    "LiveServerTestCase", "NotATestDatabase", "SimpleTestCase", "TestCase",
    "TransactionTestCase", "as_user", "assert_cannot_see", "assert_may", "assert_may_not",
    "assert_sees", "issuer_of", "mint",
]


def __getattr__(name: str) -> Any:
    if name in ("APIClient", "APITestCase"):
        from . import rest_framework
        return getattr(rest_framework, name)
    raise AttributeError("module %r has no attribute %r" % (__name__, name))
