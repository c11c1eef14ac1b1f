"""What kind of answer a client wants: a page, or data.

Only a browser that goes to an address wants a page.  What a script of a page
fetches is data, whatever it accepts: it cannot follow a redirect to a login.
"""
from __future__ import annotations

from typing import Iterator

from django.http import HttpRequest

HTML = ("text/html", "application/xhtml+xml")
JSON = "application/json"
LONGEST = 4096      # of an Accept header; browsers send a tenth of it


def wants_page(request: HttpRequest) -> bool:
    """Is it a browser that goes to an address?"""
    if is_script(request):
        return False
    return prefers_html(request.META.get("HTTP_ACCEPT", ""))


def is_script(request: HttpRequest) -> bool:
    """Fetched by a script of a page, which says so: a browser (Fetch Metadata,
    "navigate" is the other mode), jQuery and its like, htmx."""
    meta = request.META
    if meta.get("HTTP_SEC_FETCH_MODE", "navigate") != "navigate":
        return True
    named: str = meta.get("HTTP_X_REQUESTED_WITH", "")
    return named.lower() == "xmlhttprequest" or is_htmx(request)


def is_htmx(request: HttpRequest) -> bool:
    return bool(request.META.get("HTTP_HX_REQUEST") == "true")


def prefers_html(accept: str) -> bool:
    """By the qualities of RFC 9110, 12.5.1.  HTML must be named: "*/*" alone is
    what programs send that do not care, and they got JSON always."""
    found = list(ranges(accept[:LONGEST]))
    html = [(quality, -place) for place, (name, quality) in enumerate(found)
            if name in HTML or name == "text/*"]
    if not html or max(html)[0] <= 0:
        return False
    named = [(quality, -place) for place, (name, quality) in enumerate(found) if name == JSON]
    if named:
        return max(html) > max(named)
    others = [quality for name, quality in found if name in ("application/*", "*/*")]
    return max(html)[0] >= max(others, default=0.0)


def ranges(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                quality = quality_of(parameter[2:])
        yield name, quality


def quality_of(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0.0 <= value <= 1.0 else 0.0
