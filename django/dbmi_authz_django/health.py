"""A view for load balancers: may this instance be sent requests?

    path("health/", health), path("health/strict/", strict_health),

200 while the database can be reached and has the extension; else 503.  JSON says
what is wrong and nothing else: no name, no version, no message of the server.
It needs no identity, and a header or cookie that is not a token does not matter.

Keys that have not been fetched for long make health() say "degraded" with 200:
they still count, and taking every instance away would end what works.  For
whoever watches, strict_health() makes it 503.
"""
from __future__ import annotations

import threading
import time
from typing import Any, Callable, Optional

from django.conf import settings
from django.db import connections
from django.db.utils import Error
from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .connection import drivers
from .conf import conf

OLDEST = (1, 1)     # version of the extension with which this package works
KEPT = 1.0          # seconds

FOUND = """SELECT (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'dbmi_authz'),
 coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('authz.issuer'), 'SELECT')
      AND pg_catalog.has_table_privilege(pg_catalog.to_regclass('authz.jwks_status'), 'SELECT'), false)"""

STALE = """SELECT EXISTS (
    SELECT FROM authz.issuer i LEFT JOIN authz.jwks_status s USING (issuer)
     WHERE i.options ->> 'jwks_uri' IS NOT NULL
       AND coalesce(s.last_success < pg_catalog.now() - pg_catalog.make_interval(secs => %s), true))"""

# The worst of several databases counts.
ORDER = {"database": ("ok", "down"), "extension": ("ok", "old", "missing", "unknown"),
         "keys": ("fresh", "unknown", "stale")}


def ask(alias: str) -> dict[str, str]:
    """Past Django's cursors, and so past the token: no login reaches this connection here."""
    connection = connections[alias]
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors:
        version, readable = drivers.row(raw, FOUND)
        if version is None:
            return {"database": "ok", "extension": "missing", "keys": "unknown"}
        stale = drivers.row(raw, STALE, (conf.keys_max_age,))[0] if readable else None
    return {"database": "ok", "extension": "ok" if numbers(version) >= OLDEST else "old",
            "keys": {None: "unknown", True: "stale", False: "fresh"}[stale]}


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def look(alias: str) -> dict[str, str]:
    for again in (True, False):
        try:
            return ask(alias)
        except Error:
            # perhaps the connection was from before a restart
            connections[alias].close()
    return {"database": "down", "extension": "unknown", "keys": "unknown"}


class State:
    """What was found, kept for a second: frequent requests ask the database once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: dict[str, str] = {}
        self.until: Optional[float] = None

    def get(self) -> dict[str, str]:
        with self.lock:
            if self.until is None or time.monotonic() >= self.until:
                states = [look(alias) for alias in conf.databases]
                self.found = {name: max((state[name] for state in states), key=order.index)
                              for name, order in ORDER.items()}
                self.until = time.monotonic() + KEPT
            return self.found


state = State()


def answer(strict: bool) -> Any:
    found = state.get()
    usable = found["database"] == "ok" and found["extension"] == "ok"
    fresh = found["keys"] != "stale"
    status = "down" if not usable else "ok" if fresh else "degraded"
    return JsonResponse({"status": status, **found},
                        status=200 if usable and (fresh or not strict) else 503)


def view(function: Callable[[Any], Any]) -> Any:
    wrapped = never_cache(require_safe(function))
    wrapped.authz_token_ignored = True      # see middleware.py
    wrapped._non_atomic_requests = set(settings.DATABASES)  # no BEGIN where nobody answers
    return wrapped


@view
def health(request: Any) -> Any:
    return answer(False)


@view
def strict_health(request: Any) -> Any:
    return answer(True)
