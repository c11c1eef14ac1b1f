"""Stars over tokens in what Django reports: debug pages, mails to ADMINS, logs.

A token that the request carries hides itself (concealed.py).  What a view makes
of it is an ordinary string, and so are tokens from elsewhere.  So here
everything that looks like a compact JWS gets stars, and each part of one, and
every part of the token in force, wherever it stands: in variables, messages,
URLs, cookies, fields of forms, settings and lines of source.

Installed by default (apps.py), where the project has Django's own reporter and
filter, and on the handlers that LOGGING has made.
"""
from __future__ import annotations

import logging
import re
from base64 import urlsafe_b64decode
from functools import wraps
from typing import Any, Iterable, Iterator

from django.conf import settings
from django.utils.log import AdminEmailHandler
from django.views import debug

from .conf import conf
from .login import current

STARS = "********************"

# Three parts, or five of an encrypted one; the last may be empty.
COMPACT = re.compile(r"(?<![\w-])([\w-]{8,})(?:\.[\w-]*){2,4}", re.A)
# In a list, as split() makes it
APART = re.compile(
    r"(?<![\w-])([\w-]{8,})\W{1,8}(?:b\W)?([\w-]{2,})\W{1,8}(?:b\W)?([\w-]{16,})", re.A)
# A part alone, if it is a JSON object: '{' and a quote or a white space
PART = re.compile(r"(?<![\w-])e[wy][\w-]{14,}", re.A)
LONG = 16       # characters of a part of the token in force that give it away
WORD = re.compile(r"[\w-]{%d,}" % LONG, re.A)
MANY = 100      # parts that are looked for within words, too: a client may send any number


# White space may stand around its brace, too.
OBJECT = re.compile(rb"\s*\{\s*(?:[\"}]|$)")


def is_header(text: str) -> bool:
    """Base64url of something that begins like a JSON object?"""
    try:
        return OBJECT.match(urlsafe_b64decode(text[:len(text) & ~3][:12])) is not None
    except ValueError:
        return False


def star(value: Any) -> Any:
    """The same, with stars in place of tokens: a str, bytes, or dict, list, tuple or set of
    them, nested.  Anything else comes back as it is.

    For other reporters, as Sentry's: before_send=lambda event, hint: star(event)
    """
    if isinstance(value, str):
        return starred(value)
    if isinstance(value, (bytes, bytearray)):
        text = value.decode("latin-1")
        shown = starred(text)
        return value if shown == text else type(value)(shown.encode("latin-1"))
    if isinstance(value, dict):
        return {star(key): star(item) for key, item in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(star(item) for item in value)
    return value


def starred(text: str, known: Iterable[str] = ()) -> str:
    """known: parts of tokens, wherever they stand"""
    own = parts_in_force()
    parts = parts_in(text).union(known, own)
    shown = COMPACT.sub(lambda found: STARS if is_header(found[1]) else found[0], text)
    shown = PART.sub(lambda found: STARS if is_header(found[0]) else found[0], shown)
    if len(parts) > MANY:
        words, parts = parts, own
        shown = WORD.sub(lambda found: STARS if found[0] in words else found[0], shown)
    for part in sorted(parts, key=len, reverse=True):
        shown = shown.replace(part, STARS)
    return shown if shown != text else text


def parts_in(text: str) -> set[str]:
    """Of the tokens in it: a signature alone looks like nothing."""
    parts: set[str] = set()
    for found in COMPACT.finditer(text):
        if is_header(found[1]):
            parts.update(found[0].split("."))
    for found in APART.finditer(text):
        if is_header(found[1]):
            parts.update(found.groups())
    return {part for part in parts if len(part) >= LONG}


def parts_in_force() -> set[str]:
    login = current()
    return set() if login is None or login.token is None else parts_in(str(login.token))


def parts_of(request: Any) -> set[str]:
    """Of the tokens that it carries, wherever."""
    if not hasattr(request, "META"):    # of the development server it is a socket
        return set()
    parts: set[str] = getattr(request, "authz_parts", None) or set()
    if parts:
        return parts
    for values in (getattr(request, name, {}) for name in ("META", "COOKIES", "GET", "_post")):
        for value in values.values():
            if isinstance(value, str):
                parts |= parts_in(value)
    request.authz_parts = Hidden(parts)
    return parts


def parts_of_errors(error: Any) -> set[str]:
    """Of the tokens that its message has, and those of what it came from."""
    parts: set[str] = set()
    seen: list[Any] = []
    while error is not None and error not in seen:
        seen.append(error)
        try:
            parts |= parts_in(str(error)) | parts_in(repr(getattr(error, "args", ())))
        except Exception:
            pass            # the reporter says so
        error = getattr(error, "__cause__", None) or getattr(error, "__context__", None)
    return parts


class Hidden(set):          # type: ignore[type-arg]
    def __repr__(self) -> str:
        return STARS


class Shown:
    """Shows itself as this text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def safe(value: Any, known: Iterable[str] = ()) -> Any:
    """The same, or something that shows itself as it does, with stars."""
    if type(value) is str:
        return starred(value, known)
    try:
        text = repr(value)
    except Exception:
        return value        # the reporter says so
    shown = starred(text, known)
    return value if shown == text else Shown(shown)


# ---- debug pages and mails ----

class SafeExceptionReporterFilter(debug.SafeExceptionReporterFilter):
    def cleanse_setting(self, key: Any, value: Any) -> Any:
        return safe(super().cleanse_setting(key, value))

    def get_post_parameters(self, request: Any) -> Any:
        found = super().get_post_parameters(request)
        if not found:
            return found
        copy = found.copy()
        for key in found:
            copy.setlist(key, [star(value) for value in found.getlist(key)])
        return copy

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> Any:
        known = parts_of(request)
        return [(name, safe(value, known))
                for name, value in super().get_traceback_frame_variables(request, tb_frame)]


class SafeExceptionReporter(debug.ExceptionReporter):
    """Messages, URLs, lines of source: whatever the page shows."""

    def known(self) -> set[str]:
        return parts_of(self.request) | parts_of_errors(self.exc_value)

    def get_traceback_html(self) -> str:
        return starred(super().get_traceback_html(), self.known())

    def get_traceback_text(self) -> str:
        return starred(super().get_traceback_text(), self.known())


def safe_404(technical: Any) -> Any:
    """Django's page of DEBUG for an Http404, which no reporter makes."""
    @wraps(technical)
    def page(request: Any, exception: Any) -> Any:
        response = technical(request, exception)
        text = response.content.decode(response.charset)
        shown = starred(text, parts_of(request) | parts_of_errors(exception))
        if shown != text:
            response.content = shown
        return response
    return page


# ---- logs ----

USUAL = logging.makeLogRecord({}).__dict__.keys() | {"message", "asctime"}


class TokenFilter(logging.Filter):
    """Of a handler: what it writes has stars, tracebacks too."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        known = parts_of(getattr(record, "request", None)) | parts_of_errors(error)
        try:
            text = record.getMessage()
        except Exception:
            record.args = star(record.args)
            return True     # logging says so, with the arguments
        shown = starred(text, known)
        if shown != text:
            record.msg, record.args = shown, ()
        for name in record.__dict__.keys() - USUAL:     # "extra"
            try:
                record.__dict__[name] = star(record.__dict__[name])
            except Exception:           # as of what contains itself
                record.__dict__[name] = STARS
        if error is not None and not record.exc_text:
            text = logging.Formatter().formatException(record.exc_info)     # type: ignore[arg-type]
            shown = starred(text, known)
            if shown != text:
                record.exc_text = shown     # which formatters take
        return True


def handlers() -> Iterator[logging.Handler]:
    """Of all loggers that there are."""
    manager = logging.root.manager
    for logger in (logging.root, *list(manager.loggerDict.values())):
        for handler in getattr(logger, "handlers", ()):
            if not isinstance(handler, logging.NullHandler):
                yield handler


def has_stars(handler: logging.Handler) -> bool:
    return any(isinstance(found, TokenFilter) for found in handler.filters)


# setting, Django's value of it, ours
REPORTERS: tuple[tuple[str, Any, Any], ...] = (
    ("DEFAULT_EXCEPTION_REPORTER", debug.ExceptionReporter, SafeExceptionReporter),
    ("DEFAULT_EXCEPTION_REPORTER_FILTER", debug.SafeExceptionReporterFilter,
     SafeExceptionReporterFilter))


def install() -> None:
    if not conf.star_tokens:
        return
    for name, djangos, ours in REPORTERS:
        if getattr(settings, name) == "django.views.debug." + djangos.__name__:
            setattr(settings, name, "%s.%s" % (__name__, ours.__name__))
    if not hasattr(debug.technical_404_response, "__wrapped__"):
        debug.technical_404_response = safe_404(debug.technical_404_response)
    for handler in handlers():
        if not has_stars(handler):
            handler.addFilter(TokenFilter())
        if isinstance(handler, AdminEmailHandler) and handler.reporter_class is debug.ExceptionReporter:
            handler.reporter_class = SafeExceptionReporter
