"""Who it is, and where one logs in and out: dbmi_client.authn.

Nothing here reads a token that was not verified.  The argument "verify" is
taken and has no effect.
"""
from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from ..errors import Unauthorized
from ..identity import Identity, identity
from ..login import current
from .settings import authn_url, dbmi_settings

DBMI_TEST_COOKIE_NAME = "DBMI_TEST_COOKIE"
TEST_COOKIE_FORMAT = "%d-%m-%Y %H:%M:%S"


# ---- the token ----

def get_jwt(request: Any) -> str | None:
    """The token of a request, for calls of other services."""
    login = getattr(request, "authz_login", None)
    return None if login is None else login.token


def verified() -> Identity | None:
    """Who the token says; None without one, and for one that is refused."""
    login = current()
    if login is not None and login.refused is not None:
        return None     # no second time: a transaction that it has broken answers nothing
    try:
        found = identity()
    except Unauthorized:
        return None
    return found if found else None


def validate_request(request: Any) -> dict[str, Any] | None:
    found = verified()
    return None if found is None else found.claims


def get_jwt_payload(request: Any, verify: bool = True) -> dict[str, Any] | None:
    return validate_request(request)


def get_jwt_value(request: Any, key: str, verify: bool = True) -> Any:
    return (validate_request(request) or {}).get(key)


def get_jwt_username(request: Any, verify: bool = True) -> str | None:
    found = verified()
    return None if found is None else found.subject


def get_jwt_email(request: Any, verify: bool = True) -> str | None:
    found = verified()
    return None if found is None else found.email


def get_jwt_client_id(request: Any, verify: bool = True) -> str | None:
    found = get_jwt_value(request, "aud")
    return found[0] if isinstance(found, list) and found else found or None


def dbmi_http_headers(request: Any, content_type: str = "application/json",
                      **kwargs: str) -> dict[str, str]:
    return {"Authorization": "%s%s" % (dbmi_settings.JWT_HTTP_PREFIX, get_jwt(request)),
            "Content-Type": content_type, **kwargs}


# ---- login and logout ----

def login_redirect_url(request: HttpRequest, next_url: str | None = None) -> str:
    """The login service, with the way back, the client, and the branding of the page."""
    back = back_to(request, next_url, dbmi_settings.LOGIN_REDIRECT_URL)
    query = {dbmi_settings.LOGIN_REDIRECT_KEY: back}
    clients = list(dbmi_settings.AUTH_CLIENTS)
    if clients:
        query["client_id"] = clients[0]
    return "%s/login/auth?%s" % (authn_url(), urlencode({**query, **branding(
        color=dbmi_settings.AUTHN_COLOR, background=dbmi_settings.AUTHN_BACKGROUND)}))


def logout_redirect_url(request: HttpRequest, next_url: str | None = None) -> str:
    back = back_to(request, next_url, dbmi_settings.LOGOUT_REDIRECT_URL)
    query = {dbmi_settings.LOGOUT_REDIRECT_KEY: back}
    client = get_jwt_client_id(request)
    if client:
        query["client_id"] = client
    return "%s/login/logout?%s" % (authn_url(), urlencode({**query, **branding()}))


def back_to(request: HttpRequest, next_url: str | None, configured: str | None) -> str:
    if next_url:
        return next_url
    found: str = request.build_absolute_uri(configured or None)
    return found


def branding(**more: str | None) -> dict[str, str]:
    shown = {name: value for name, value in {
        "title": dbmi_settings.AUTHN_TITLE, "icon_url": dbmi_settings.AUTHN_ICON_URL,
        **more}.items() if value}
    if not shown:
        return {}
    return {"branding": base64.urlsafe_b64encode(json.dumps(shown).encode()).decode()}


def login_redirect(request: HttpRequest, next_url: str | None = None) -> HttpResponse:
    """Out of Django's session, if there is one, and to the login service."""
    url = login_redirect_url(request, next_url)
    log_out(request)
    response = HttpResponseRedirect(url)
    set_login_test_cookie(request, response)
    return response


def logout_redirect(request: HttpRequest, next_url: str | None = None) -> HttpResponse:
    url = logout_redirect_url(request, next_url)    # asks the token, which goes
    log_out(request)
    return HttpResponseRedirect(url)


def log_out(request: HttpRequest) -> None:
    """Of the session, and of the token, good or bad."""
    from ..sessions import end_token        # it needs Django's user table, and REST classes do not
    if hasattr(request, "authz_login"):
        end_token(request)
    if hasattr(request, "session"):
        auth.logout(request)


login = login_redirect
logout = logout_redirect


def set_login_test_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """The login service looks whether the browser takes cookies."""
    until = datetime.now() + timedelta(minutes=10)
    response.set_cookie(DBMI_TEST_COOKIE_NAME, until.strftime(TEST_COOKIE_FORMAT),
                        domain=dbmi_settings.JWT_COOKIE_DOMAIN, secure=True, httponly=True,
                        samesite="Lax")


def verify_login_test_cookie(request: HttpRequest) -> bool:
    try:
        until = datetime.strptime(request.COOKIES.get(DBMI_TEST_COOKIE_NAME, ""),
                                  TEST_COOKIE_FORMAT)
    except ValueError:
        return False
    return datetime.now() < until


# ---- REST framework ----

try:
    import rest_framework  # noqa: F401
except ImportError:
    pass
else:
    from .rest import DBMIModelUser, DBMIUser  # noqa: F401
