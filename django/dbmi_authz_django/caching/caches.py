"""What Django's caches may keep, and for whom.

A page that was made as somebody is that person's, and good as long as the
token is.  Vary cannot say so: the decorator cache_page() keeps a page before
any middleware sees it, and a header that was good is there after its token's
end.  So the one place through which Django keeps pages, for decorators and
middleware in any order, refuses what was asked for as somebody; and {% cache %}
does.  cache_page_per_identity() and {% cache_per_identity %} keep them apart.
"""
from __future__ import annotations

from copy import copy
from datetime import datetime, timezone
from functools import wraps
from typing import Any, Callable, TypeVar

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest
from django.middleware.cache import (
    CacheMiddleware, FetchFromCacheMiddleware, UpdateCacheMiddleware,
)
from django.templatetags.cache import CacheNode

from ..compat import iscoroutinefunction
from ..identity import Identity, identity
from ..login import Login, current
from ..token import carries_token
from .asked import asked_here, begin, noted
from .outside import private

F = TypeVar("F", bound=Callable[..., Any])

# Django's own
FETCH = FetchFromCacheMiddleware.process_request
KEEP = UpdateCacheMiddleware.process_response
RENDER = CacheNode.render


def install() -> None:
    FetchFromCacheMiddleware.process_request = fetch
    UpdateCacheMiddleware.process_response = keep
    CacheNode.render = render


# ---- pages ----

def once_rendered(function: Callable[..., Any]) -> Callable[..., Any]:
    """A template asks the database when it is rendered, which may be later."""
    @wraps(function)
    def wrapped(self: Any, request: HttpRequest, response: Any) -> Any:
        if getattr(response, "is_rendered", True):
            return function(self, request, response)
        response.add_post_render_callback(
            lambda rendered: function(self, request, rendered))
        return response
    return wrapped


def fetch(self: Any, request: HttpRequest) -> Any:
    """FetchFromCacheMiddleware.process_request().

    A page for which the database was asked as nobody is not what somebody would
    see.  One of which that is not known was kept without us, for anybody.
    """
    begin(request)
    response = FETCH(self, request)
    if response is None:
        return None
    asked = getattr(response, "authz_asked", None)
    if asked is None:
        request._cache_update_cache = True
        return None
    return None if asked and carries_token(request) else response


@once_rendered
def keep(self: Any, request: HttpRequest, response: Any) -> Any:
    """UpdateCacheMiddleware.process_response()."""
    asked = getattr(request, "authz_asked", None)
    if asked is None:
        return response     # no cache was asked for it
    for_all = getattr(response, "authz_same_for_everybody", False)
    if asked.as_somebody() and not for_all:
        return private_if_alone(request, response)
    response.authz_asked = asked.at_all() and not for_all
    return KEEP(self, request, response)


def private_if_alone(request: HttpRequest, response: Any) -> Any:
    """TokenMiddleware says it later, if it is there.  Caches of Django's further out
    do not keep what is private, and cache_page_per_identity() may be one."""
    return response if hasattr(request, "authz_login") else private(
        response, request.authz_asked.logins())


class PageCache(CacheMiddleware):
    """Of one identity.  Not for what was asked for as another, by as_token()."""

    def __init__(self, view: Callable[..., Any], me: Identity, timeout: float | None,
                 cache: str | None, key_prefix: str | None) -> None:
        self.me = me
        self.login = current()
        super().__init__(view, page_timeout=seconds(timeout, me), cache_alias=cache,
                         key_prefix=(key_prefix or "") + me.cache_key)

    def process_request(self, request: HttpRequest) -> Any:
        begin(request)
        response = FETCH(self, request)
        return response and self.marked(request, response)

    @once_rendered
    def process_response(self, request: HttpRequest, response: Any) -> Any:
        if request.authz_asked.as_somebody(but=self.login):
            return private_if_alone(request, response)
        return self.marked(request, KEEP(self, request, response))

    def marked(self, request: HttpRequest, response: Any) -> Any:
        return private_if_alone(request, response) if self.me else response


def seconds(timeout: float | None, me: Identity) -> float | None:
    """That something may be kept: not longer than the token is good."""
    if me.expires_at is None:
        return timeout
    left = max(0, int((me.expires_at - datetime.now(timezone.utc)).total_seconds()))
    return left if timeout is None else min(timeout, left)


def cache_page_per_identity(timeout: float | None, *, cache: str | None = None,
                            key_prefix: str | None = None,
                            using: str = DEFAULT_DB_ALIAS) -> Callable[[F], F]:
    """Django's cache_page(), with pages that belong to one identity and end with
    its token::

        @cache_page_per_identity(300)
        def view(request): ...

    The database is asked each time who it is: a token that has expired or was
    revoked gets no page.  The same person with other claims gets another one.
    """
    def page_cache(view: Callable[..., Any]) -> PageCache:
        return PageCache(view, identity(using), timeout, cache, key_prefix)

    def decorate(view: F) -> F:
        if iscoroutinefunction(view):
            @wraps(view)
            async def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                mine = await sync_to_async(page_cache, thread_sensitive=True)(view)
                kept = await sync_to_async(mine.process_request)(request)
                if kept is not None:
                    return kept
                response = await view(request, *args, **kwargs)
                return await sync_to_async(mine.process_response)(request, response)
        else:
            @wraps(view)
            def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                mine = page_cache(view)
                return mine.process_request(request) or mine.process_response(
                    request, view(request, *args, **kwargs))
        return wrapped      # type: ignore[return-value]
    return decorate


# ---- parts of templates ----

class NotKept(Exception):
    """Carries the text of a part past the cache."""


class Watched:
    """The nodes of a part."""

    def __init__(self, nodelist: Any, login: Login | None = None) -> None:
        self.nodelist = nodelist
        self.login = login

    def render(self, context: Any) -> Any:
        text = self.nodelist.render(context)
        if is_of_others(self.login):
            raise NotKept(text)
        return text


def is_of_others(login: Login | None) -> bool:
    asked = asked_here()
    return asked is not None and asked.as_somebody(but=login)


def render(self: Any, context: Any) -> Any:
    """CacheNode.render(), of {% cache %}."""
    login = current()
    if login is not None and login.token is not None:
        return self.nodelist.render(context)
    return render_watched(self, context, None)


def render_watched(node: Any, context: Any, login: Login | None) -> Any:
    """By Django's cache, unless it was asked for as somebody but this login."""
    with noted():
        if is_of_others(login):
            return node.nodelist.render(context)
        node = copy(node)
        node.nodelist = Watched(node.nodelist, login)
        try:
            return RENDER(node, context)
        except NotKept as made:
            return made.args[0]
