"""Django's test clients, as somebody.

A client without a word about it sends the token of the login in force: within
"with as_user()" its requests are that user's.
"""
from __future__ import annotations

import copy
from typing import Any, TypeVar

from django.contrib.auth import authenticate
from django.http import SimpleCookie
from django.test import client as django_client

from ..conf import conf
from ..login import current
from .minting import Who, mint

NOBODY = "Dbmi-Authz-Nobody"     # so that hints.py does not wonder

C = TypeVar("C", bound="ClientMixin")


class ClientMixin:
    """For any class of clients that has the methods of Django's.

    authz_token   what requests carry: a token; None: none; ...: that of the login in force
    authz_cookie  it goes into the cookie of the settings, not into the header
    """
    authz_token: Any = ...
    authz_cookie = False

    def as_user(self: C, claims: Who = "test", *, cookie: bool = False, **options: Any) -> C:
        """Another client, of that user.  The options are those of mint()."""
        return self.with_token(mint(claims, **options), cookie=cookie)

    def as_nobody(self: C) -> C:
        """Another client, without a token."""
        return self.with_token(None)

    def with_token(self: C, token: str | None, *, cookie: bool = False) -> C:
        """Another client that sends this token, whatever it is.  It has no session yet."""
        if cookie and conf.cookie is None:
            raise ValueError("DBMI_AUTHZ names no COOKIE.")
        made: Any = copy.copy(self)
        made.defaults = dict(made.defaults)
        made.cookies = SimpleCookie()
        made.handler = type(made.handler)(made.handler.enforce_csrf_checks)
        made.authz_token, made.authz_cookie = token, cookie
        return made

    def generic(self, *args: Any, **extra: Any) -> Any:
        token = self.authz_token
        if token is ...:
            login = current()
            token = None if login is None else login.token
        if token is not None:
            self.authz_send(str(token), extra)
        elif self.authz_token is None:
            extra[self.authz_key(NOBODY)] = "on purpose"
        return super().generic(*args, **extra)      # type: ignore

    def authz_send(self, token: str, extra: dict[str, Any]) -> None:
        me: Any = self
        if self.authz_cookie:
            me.cookies[conf.cookie] = token
            return
        given = [*extra, *(extra.get("headers") or ()), *me.defaults]
        name = self.authz_key(str(conf.header))
        if name.lower() not in [key.lower() for key in given] + [
                "http_" + key.lower().replace("-", "_") for key in given]:
            extra[name] = header(token)

    def authz_key(self, header: str) -> str:
        """Of a header, in what Django's client takes."""
        return "HTTP_" + header.upper().replace("-", "_")

    # ---- what Django's clients do ----

    def user_claims(self, user: Any) -> Who:
        """The claims for a user of force_login() and login(); yours may need others."""
        return {"sub": user.get_username(), **({"email": user.email} if user.email else {})}

    def force_login(self, user: Any, backend: str | None = None, claims: Who | None = None,
                    **options: Any) -> None:
        """Django's session, and a token of the same person."""
        super().force_login(user, backend)      # type: ignore
        self.authz_token = mint(claims or self.user_claims(user), **options)

    def login(self, **credentials: Any) -> bool:
        user = authenticate(**credentials)
        if not user:
            return False
        self.force_login(user, user.backend)
        return True

    def logout(self) -> None:
        super().logout()        # type: ignore
        self.authz_token = ...


def header(token: str) -> str:
    """What stands in the header of the settings."""
    if not conf.schemes:
        return token
    scheme = "bearer" if "bearer" in conf.schemes else str(min(conf.schemes))
    return "%s %s" % (scheme.capitalize(), token)


class Client(ClientMixin, django_client.Client):
    pass


class AsyncClient(ClientMixin, django_client.AsyncClient):
    def authz_key(self, header: str) -> str:
        return header

    async def aforce_login(self, user: Any, backend: str | None = None,
                           claims: Who | None = None, **options: Any) -> None:
        """Since Django 5.0."""
        await super().aforce_login(user, backend)
        self.authz_token = mint(claims or self.user_claims(user), **options)

    async def alogin(self, **credentials: Any) -> bool:
        done: bool = await super().alogin(**credentials)
        if done:
            from django.contrib.auth import aauthenticate
            self.authz_token = mint(self.user_claims(await aauthenticate(**credentials)))
        return done

    async def alogout(self) -> None:
        await super().alogout()
        self.authz_token = ...
