"""Tokens for tests, right or wrong."""
from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from typing import Any, Iterable, Mapping, Union

from django.db import DEFAULT_DB_ALIAS

from ..login import Login, as_token
from . import databases
from .issuer import KID, OWN, SECRET, Issuer, issuer_of
from .shapes import option, path_of, put, shaped

Who = Union[str, Mapping[str, Any]]

# Longer than any leeway.
LONG = 86400 + 3600


def mint(claims: Who = "test", *, scopes: Iterable[str] = (), roles: Iterable[str] = (),
         permissions: Iterable[str] = (), groups: Iterable[str] = (),
         orgs: Mapping[str, Any] | None = None, lifetime: int = 3600,
         expired: bool = False, not_yet_valid: bool = False, wrong_audience: bool = False,
         wrong_signature: bool = False, issuer: str | None = None,
         using: str = DEFAULT_DB_ALIAS) -> str:
    """A signed token that the test database believes.

    claims        the claims, or only who it is: "ann"
    scopes, roles, permissions, groups, orgs    stand where the issuer has them;
                  orgs is {"o-1": "Owner"} or {"o-1": {"role": "Owner",
                  "permissions": [...], "name": ..., "roles": [what it includes]}}
    expired, not_yet_valid, wrong_audience, wrong_signature    one that it refuses

    What the issuer wants besides is added.  What claims has, is not changed.
    """
    from_whom = where(claims, issuer, using)
    made = shaped(from_whom, claims, {
        "scope_claims": scopes, "role_claims": roles, "permission_claims": permissions,
        "group_claims": groups}, orgs)
    now = int(time.time())
    if isinstance(claims, str) or "exp" not in claims:
        made["exp"] = now + lifetime
    if expired:
        made["iat"], made["exp"] = now - 2 * LONG, now - LONG
    if not_yet_valid:
        made["nbf"], made["exp"] = now + LONG, now + 2 * LONG
    if wrong_audience:
        for location in option(from_whom, "audience_claims"):
            put(made, location, "somebody else")
    types = from_whom.options.get("token_types") or ["JWT"]
    return signed({"alg": "HS256", "typ": types[0], "kid": KID}, made,
                  secrets.token_bytes(32) if wrong_signature else SECRET)


def where(claims: Who, issuer: str | None, using: str) -> Issuer:
    if not databases.exists(using) and databases.without_any():
        # a SimpleTestCase: a token that no database will be asked about
        return Issuer(issuer or OWN[0], OWN[1], False, {})
    if issuer is None and not isinstance(claims, str):
        issuer = claims.get("iss")
    return issuer_of(issuer, using)


def signed(header: Mapping[str, Any], claims: Mapping[str, Any], secret: bytes) -> str:
    text = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    return text + "." + encoded(hmac.new(secret, text.encode(), "sha256").digest())


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class as_user(as_token):
    """as_token() of a token that is minted when it is entered::

        with as_user("ann", scopes=["notes:write"]):
            ...

    Also as a decorator, of tests too.
    """

    def __init__(self, claims: Who = "test", **options: Any) -> None:
        super().__init__(None)
        self.claims, self.options = claims, options

    def login(self) -> Login:
        return Login(mint(self.claims, **self.options))

    def again(self) -> as_user:
        return type(self)(self.claims, **self.options)
