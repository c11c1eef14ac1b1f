"""How things are said on the pages."""
from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Optional
from urllib.parse import urlsplit, urlunsplit

from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from .fields import EARLIEST, FOREVER

NOTHING = "–"

# The class of a state, and what it is called for those who do not see colours.
GOOD, WARN, BAD, PLAIN = "good", "warn", "bad", "plain"


def state(kind: str, text: Any) -> Any:
    """A state with its colour and its words."""
    sign = {GOOD: "✓", WARN: "!", BAD: "✗", PLAIN: "·"}[kind]
    return format_html('<span class="authz-state authz-{}"><span aria-hidden="true">{}</span> '
                       "{}</span>", kind, sign, text)


def span(length: timedelta) -> Any:
    """ "3 days": the largest unit that is there, and no more."""
    seconds = int(abs(length.total_seconds()))
    if seconds < 60:
        return ngettext("%d second", "%d seconds", seconds) % seconds
    if seconds < 3600:
        return ngettext("%d minute", "%d minutes", seconds // 60) % (seconds // 60)
    if seconds < 2 * 86400:
        return ngettext("%d hour", "%d hours", seconds // 3600) % (seconds // 3600)
    days = seconds // 86400
    if days < 730:
        return ngettext("%d day", "%d days", days) % days
    return ngettext("%d year", "%d years", days // 365) % (days // 365)


def moment(at: Optional[datetime]) -> Any:
    """ "3 days ago", with the time itself for those who point at it."""
    if at is None:
        return NOTHING
    if at >= FOREVER:
        return gettext("for good")
    if at <= EARLIEST:
        return gettext("ever since")
    length = timezone.now() - at
    text = gettext("%s ago") if length >= timedelta(0) else gettext("in %s")
    local = timezone.localtime(at) if timezone.is_aware(at) else at
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(),
                       formats.date_format(local, "DATETIME_FORMAT"), text % span(length))


def pretty(document: Any) -> Any:
    """JSON for people; the address of a key set without user, password and query."""
    if document is None:
        return NOTHING
    return format_html('<pre class="authz-json">{}</pre>',
                       json.dumps(discreet(document), indent=2, ensure_ascii=False))


def discreet(document: Any) -> Any:
    if isinstance(document, dict):
        return {name: address(value) if name == "jwks_uri" and isinstance(value, str)
                else discreet(value) for name, value in document.items()}
    if isinstance(document, list):
        return [discreet(member) for member in document]
    return document


def address(url: str) -> str:
    try:
        found = urlsplit(url)
        host = found.netloc.rpartition("@")[2]
        if host == found.netloc and not found.query and not found.fragment:
            return url
        return urlunsplit((found.scheme, host, found.path, "", "")) + (
            "?…" if found.query or found.fragment else "")
    except ValueError:
        return "…"


# Of jwks_status.last_error, in a few words; doc/reference/trust.md has more.
FETCH_ERRORS = {
    "timeout": _("no whole answer in time"),
    "unreachable": _("the host cannot be reached"),
    "certificate": _("the certificate is not trusted"),
    "proxy": _("the proxy cannot be reached, or refuses"),
    "http_status": _("another HTTP status than 200"),
    "redirect": _("a redirect, which is not followed"),
    "too_large": _("the answer is too large"),
    "not_json": _("the answer is no JSON"),
    "wrong_issuer": _("the discovery document is another issuer's"),
    "no_jwks_uri": _("the discovery document has no jwks_uri"),
    "forbidden_url": _("the address is not allowed"),
    "forbidden_host": _("the host is not allowed"),
    "forbidden_address": _("the host has an address that is not public"),
    "refused_keys": _("the set was refused"),
    "internal": _("something else: see the log"),
}
