"""REST framework's client and test case, as somebody."""
from __future__ import annotations

from typing import Any

from rest_framework import test

from .cases import TestCase
from .clients import ClientMixin
from .minting import Who, mint


class APIClient(ClientMixin, test.APIClient):
    def with_token(self, token: str | None, *, cookie: bool = False) -> APIClient:
        made: APIClient = super().with_token(token, cookie=cookie)
        made._credentials = {}
        return made

    def force_authenticate(self, user: Any = None, token: Any = None,
                           claims: Who | None = None, **options: Any) -> None:
        """request.user is this one without being asked, and a token of the same
        person goes to the database."""
        super().force_authenticate(user, token)
        self.authz_token = ... if user is None else mint(
            claims or self.user_claims(user), **options)


class APITestCase(TestCase):
    client_class = APIClient
