"""What caches outside are told of a response that was made as somebody.

It is private, and not good for longer than the token.  That holds whatever the
view says of Cache-Control, and for the headers that count more than it in some
caches: those of RFC 9213, and of servers in front.
"""
from __future__ import annotations

import base64
import json
import re
import time
from functools import wraps
from typing import Any, Callable, Dict, Iterable, List, Optional, TypeVar

from django.utils.http import http_date, parse_http_date_safe

from ..compat import iscoroutinefunction

F = TypeVar("F", bound=Callable[..., Any])

# CDN-Cache-Control and those of single providers; Surrogate-Control; of nginx
TARGETED = re.compile(r"(?:.*-)?(?:cdn-cache-control|surrogate-control)|x-accel-expires", re.I)

# For all, or past the end.
FOR_OTHERS = {"public", "s-maxage", "proxy-revalidate"}
PAST_THE_END = {"stale-while-revalidate", "stale-if-error", "immutable"}

DIRECTIVE = re.compile(r'\s*([^\s=,]+)\s*(?:=\s*("[^"]*"|[^,]*))?\s*(?:,|$)')


def private(response: Any, logins: Iterable[Any] = ()) -> Any:
    """logins: as whom the database was asked for it."""
    if getattr(response, "authz_same_for_everybody", False):
        return response
    for name in [name for name, _ in response.items() if TARGETED.fullmatch(name)]:
        del response[name]
    given = response.get("Cache-Control", "")
    if not given and not response.has_header("Expires") and not response.has_header(
            "Last-Modified"):
        response["Cache-Control"] = "private"
        return response
    said = {name.lower(): value for name, value in DIRECTIVE.findall(given)}
    if "no-store" not in said:
        response["Cache-Control"] = ", ".join(
            name if not value else "%s=%s" % (name, value)
            for name, value in until_the_end(response, said, logins).items())
    return response


def until_the_end(response: Any, said: Dict[str, str], logins: Iterable[Any]) -> Dict[str, str]:
    said = {name: value for name, value in said.items()
            if name not in FOR_OTHERS and name not in PAST_THE_END}
    said["private"] = ""
    if "max-age" in said or response.has_header("Expires"):
        left = seconds_left(logins)
        if "max-age" in said:
            said["max-age"] = str(min(number(said["max-age"]), left))
        if response.has_header("Expires"):
            latest = int(time.time()) + left
            if (parse_http_date_safe(response["Expires"]) or 0) > latest:
                response["Expires"] = http_date(latest)
    elif response.has_header("Last-Modified") and "no-cache" not in said:
        said["max-age"] = "0"       # else a cache may guess
    return said


def number(text: str) -> int:
    text = text.strip('" ')
    return int(text) if text.isdigit() else 0


def seconds_left(logins: Iterable[Any]) -> int:
    """Of the tokens, which the database has accepted.  0 if it cannot be known."""
    ends: List[Optional[float]] = [end_of(login.token) for login in logins
                                   if login is not None and login.token is not None]
    if not ends or None in ends:
        return 0
    return max(0, int(min(end for end in ends if end is not None) - time.time()))


def end_of(token: str) -> Optional[float]:
    """What it says itself.  Only for what is said to caches."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"])
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError):
        return None


def same_for_everybody(view: F) -> F:
    """The view asks the database as somebody, and its response is not theirs all
    the same::

        @cache_page(60)
        @same_for_everybody
        def opening_hours(request): ...

    Then caches may keep it as if nothing had been asked: Django's too, which
    answer without the view.  What it demands of a user stands outside of them.
    """
    def mark(response: Any) -> Any:
        response.authz_same_for_everybody = True
        return response

    if iscoroutinefunction(view):
        @wraps(view)
        async def awrapped(request: Any, *args: Any, **kwargs: Any) -> Any:
            return mark(await view(request, *args, **kwargs))
        return awrapped     # type: ignore[return-value]

    @wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> Any:
        return mark(view(request, *args, **kwargs))
    return wrapped      # type: ignore[return-value]
