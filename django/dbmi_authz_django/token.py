"""Where a request carries its token.  Nothing here verifies it."""
import re

from .concealed import Concealed
from .conf import conf
from .errors import MalformedRequest

# b64token of RFC 6750, 2.1.  What is no such thing is not worth a round trip,
# and may be what drivers cannot send (a NUL, half of a surrogate pair).
B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def token_of(request):
    """The request's token, or None.

    From then on the request shows it to nobody who prints it.  Raises
    MalformedRequest for a header that names our scheme and holds anything but
    one token, and for a cookie that cannot be a token.
    """
    if conf.cookie_first:
        return from_cookie(request) or from_header(request)
    return from_header(request) or from_cookie(request)


def from_header(request):
    value = request.META.get(conf.meta_key)
    if not value:
        return None
    scheme, _, token = value.strip().partition(" ")
    if scheme.lower() not in conf.schemes:
        return None
    request.META[conf.meta_key] = Concealed(value)
    request.__dict__.pop("headers", None)   # made from META when it is next asked for
    return one_token(token.strip())


def from_cookie(request):
    if conf.cookie is None:
        return None
    value = request.COOKIES.get(conf.cookie)
    if not value:
        return None
    request.COOKIES[conf.cookie] = Concealed(value)
    request.META["HTTP_COOKIE"] = Concealed(request.META.get("HTTP_COOKIE", ""))
    request.__dict__.pop("headers", None)
    token = one_token(value)
    request.authz_token_from_cookie = True      # so it needs protection against CSRF
    return token


def one_token(text):
    if not B64TOKEN.fullmatch(text):
        raise MalformedRequest()
    return Concealed(text)
