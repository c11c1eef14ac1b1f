"""Where a request carries its token.  Nothing here verifies it."""
from __future__ import annotations

import re

from django.http import HttpRequest

from .concealed import Concealed
from .conf import conf
from .errors import MalformedRequest
from .login import current

# b64token of RFC 6750, 2.1.  Anything else is not worth a round trip, and may be what drivers
# cannot send (a NUL, half of a surrogate pair).
B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def token_of(request: HttpRequest) -> Concealed | None:
    """The request's token, or None.

    From then on the request shows header and cookie to nobody who prints them.  Raises MalformedRequest for a header that names our
    scheme and holds anything but one token, and for a cookie that cannot be a
    token.
    """
    header, cookie = in_header(request), in_cookie(request)
    request.__dict__.pop("headers", None)   # made from META when it is next asked for
    if header is not None and not (cookie is not None and conf.cookie_first):
        return one_token(header)
    if cookie is None:
        return None
    request.authz_token_from_cookie = True      # so it needs protection against CSRF
    return one_token(cookie)


def carries_token(request: HttpRequest) -> bool:
    """Will its queries be somebody's, or are they already?"""
    login = current()
    if login is not None:
        return login.token is not None
    return in_header(request) is not None or in_cookie(request) is not None


def in_header(request: HttpRequest) -> str | None:
    """What stands after our scheme, or None; all of it where there are no schemes."""
    value = request.META.get(conf.meta_key)
    if not value:
        return None
    # whatever it is, also a token whose scheme was forgotten
    request.META[conf.meta_key] = Concealed(value)
    if not conf.schemes:
        return value.strip()
    scheme, _, token = value.strip().partition(" ")
    return token.strip() if scheme.lower() in conf.schemes else None


def in_cookie(request: HttpRequest) -> str | None:
    if conf.cookie is None or not request.COOKIES.get(conf.cookie):
        return None
    value = request.COOKIES[conf.cookie]
    request.COOKIES[conf.cookie] = Concealed(value)
    request.META["HTTP_COOKIE"] = Concealed(request.META.get("HTTP_COOKIE", ""))
    return value


def one_token(text: str) -> Concealed:
    if not B64TOKEN.fullmatch(text):
        raise MalformedRequest()
    return Concealed(text)
