"""Values in Django's caches for one identity."""
from __future__ import annotations

from hashlib import sha256
from typing import Any, Optional

from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.db import DEFAULT_DB_ALIAS

from ..identity import identity
from ..login import current
from .asked import noted
from .caches import seconds

MISSING = object()


def cache_key(name: str, *parts: Any, using: str = DEFAULT_DB_ALIAS) -> str:
    """A key for the identity in force, with these claims: cache_key("report", year).

    The parts are compared by their repr().  What is kept by it should not outlive
    the token: see get_or_set().
    """
    text = "\0".join([identity(using).cache_key, *map(repr, parts)])
    return "%s:%s" % (name, sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


def get_or_set(name: str, default: Any, timeout: Any = DEFAULT_TIMEOUT, *,
               parts: Any = (), version: Optional[int] = None, cache: str = "default",
               using: str = DEFAULT_DB_ALIAS) -> Any:
    """Django's cache.get_or_set(), for the identity in force, and not for longer than
    the token::

        authz.get_or_set("report", lambda: expensive(year), 300, parts=[year])

    default is a value or a function.  What it asks as somebody else, by as_token(),
    is not kept.  The database is asked who this is, once for each request, so a
    token that is refused gets nothing.
    """
    me = identity(using)
    backend = caches[cache]
    key = cache_key(name, *parts, using=using)
    found = backend.get(key, MISSING, version=version)
    if found is not MISSING:
        return found
    with noted() as asked:
        before = asked.log.now
        value = default() if callable(default) else default
    if not others(asked, before, current()):
        if timeout is DEFAULT_TIMEOUT:
            timeout = backend.default_timeout
        left = seconds(timeout, me)
        if left is None or left > 0:
            backend.set(key, value, left, version=version)
    return value


def others(asked: Any, moment: int, login: Any) -> bool:
    return any(other not in (None, login) for other in asked.log.since(moment))
