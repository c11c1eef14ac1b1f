"""Errors as browsers want them: a redirect to the login, or a page.

A refused token that came in a cookie comes again with every request until
somebody takes it away; so the answer to a browser does.  What a script fetches
leaves the cookie alone: a page has perhaps got a better one meanwhile.
"""
from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any, Callable
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import resolve_url
from django.template import TemplateDoesNotExist, loader
from django.urls import (
    NoReverseMatch, Resolver404, get_resolver, get_script_prefix, get_urlconf, resolve, reverse,
)
from django.utils.html import escape
from django.utils.http import escape_leading_slashes, url_has_allowed_host_and_scheme
from django.utils.translation import get_language

from ..conf import conf
from ..errors import AccountRefused, AuthzError, StepUpRequired, Unauthorized, response_to
from ..token import in_header
from .negotiation import is_htmx, wants_page
from .rules import imported

log = logging.getLogger("django.request")

TITLES = {400: "Bad request", 401: "Please log in", 403: "Access denied", 404: "Not found",
          503: "Not available"}

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>%(title)s</title></head>
<body>
<h1>%(title)s</h1>
<p>%(description)s</p>
%(more)s</body>
</html>
"""


def respond(request: HttpRequest, error: AuthzError) -> HttpResponse:
    """The response of plain Django to an AuthzError."""
    if is_of_bad_token(error):
        request.authz_bad_token = True
    if not wants_page(request):
        response = response_to(error)
        if is_htmx(request) and isinstance(error, Unauthorized):
            send_htmx_to_login(request, response)
        return response
    response = elsewhere(request, error) or page(request, error)
    if error.challenge is not None and response.status_code == error.status:
        response["WWW-Authenticate"] = error.challenge
    response["Cache-Control"] = "no-store"
    return response


def is_of_bad_token(error: AuthzError) -> bool:
    return isinstance(error, Unauthorized) and bool(error.body.get("error") == "invalid_token")


# ---- redirects ----

def elsewhere(request: HttpRequest, error: AuthzError) -> HttpResponse | None:
    """To the login, if it is one that another login mends.  What was sent by
    POST would be lost."""
    if error.status not in (400, 401) or request.method not in ("GET", "HEAD"):
        return None
    if in_header(request) is not None or error.status == 400 and not from_cookie(request):
        return None     # a program's: a browser that goes to an address sends no header
    if isinstance(error, StepUpRequired):
        return step_up(request, error)
    url = login_with_next(request)
    return None if url is None else HttpResponseRedirect(url)


def step_up(request: HttpRequest, error: StepUpRequired) -> HttpResponse | None:
    """By the function STEP_UP; without one there is nobody who knows how."""
    function = imported(conf.step_up)
    if function is None:
        return None
    acrs = str(error.body.get("acr_values", "")).split()
    found = function(request, acrs, error.body.get("max_age"))
    return HttpResponseRedirect(found) if isinstance(found, str) else found


def login_url(request: HttpRequest) -> str | None:
    """Where people log in; None where they cannot, or are there already."""
    match = match_of(request)
    if match is not None and match.app_name == "admin":
        url = admin_login(match)
    else:
        url = login_of_site()
    return None if url is None or is_here(request, url) else url


def login_of_site() -> str | None:
    given = settings.LOGIN_URL if conf.login_url is None else conf.login_url
    if not given:
        return None
    return resolved(given, get_urlconf() or settings.ROOT_URLCONF, get_script_prefix(), get_language())


def is_here(request: HttpRequest, url: str) -> bool:
    parts = urlsplit(url)
    return parts.path == request.path and (
        not parts.netloc or parts.netloc == request.get_host())


def admin_login(match: Any) -> str | None:
    try:
        found: str = reverse("admin:login", current_app=match.namespace)
    except NoReverseMatch:
        return None
    return found


@lru_cache(maxsize=64)
def resolved(given: Any, *where: Any) -> str | None:
    """An address of this site must be there: Django's default of LOGIN_URL often is not."""
    try:
        url: str = resolve_url(given)
    except NoReverseMatch:
        return None
    if urlsplit(url).netloc or is_there(urlsplit(url).path):
        return url
    return None


def is_there(path: str) -> bool:
    try:
        resolve(without_prefix(path))
    except Resolver404:
        return False
    return True


def without_prefix(path: str) -> str:
    prefix = get_script_prefix()
    return path[len(prefix) - 1:] if path.startswith(prefix) else path


def match_of(request: HttpRequest) -> Any:
    """Also before Django has looked for the view."""
    if request.resolver_match is not None:
        return request.resolver_match
    try:
        return resolve(request.path_info, getattr(request, "urlconf", None))
    except Resolver404:
        return None


def with_next(request: HttpRequest, url: str, back: str | None = None) -> str:
    """The address of the login, which brings people back."""
    if back is None:
        back = request.get_full_path()
    if urlsplit(url).netloc and urlsplit(url).netloc != request.get_host():
        back = request.build_absolute_uri(back)     # elsewhere they need to know of which site
    return with_query(url, {REDIRECT_FIELD_NAME: back})


def login_with_next(request: HttpRequest, back: str | None = None) -> str | None:
    if conf.login is not None:
        found: str | None = imported(conf.login)(request)
        return found
    url = login_url(request)
    return None if url is None else with_next(request, url, back)


def with_query(url: str, more: dict[str, Any]) -> str:
    parts = urlsplit(url)
    query = QueryDict(parts.query, mutable=True)
    for name, value in more.items():
        query[name] = value
    return urlunsplit(parts._replace(query=query.urlencode(safe="/")))


def send_htmx_to_login(request: HttpRequest, response: HttpResponse) -> None:
    """htmx goes where HX-Redirect says: the whole page, and back to that page."""
    if in_header(request) is not None:
        return
    back = of_this_site(request, request.META.get("HTTP_HX_CURRENT_URL"))
    alone = back is None and conf.login is None
    url = login_url(request) if alone else login_with_next(request, back)
    if url is not None:
        response["HX-Redirect"] = url


def of_this_site(request: HttpRequest, url: str | None) -> str | None:
    """The path of an address that a client names, if it is one of ours."""
    if not url or not url_has_allowed_host_and_scheme(url, {request.get_host()}):
        return None
    parts = urlsplit(url)
    return urlunsplit(("", "", escape_leading_slashes(parts.path or "/"), parts.query, ""))


# ---- pages ----

def page(request: HttpRequest, error: AuthzError) -> HttpResponse:
    if is_of_bad_token(error) or isinstance(error, AccountRefused):
        become_nobody(request)      # templates show the user, and may ask the database
    try:
        if error.status in (403, 404):
            return by_handler(request, error)
        template = loader.get_template("%d.html" % error.status)
    except TemplateDoesNotExist:
        return HttpResponse(built_in(request, error), status=error.status)
    try:
        return HttpResponse(template.render(context_of(request, error), request),
                            status=error.status)
    except Exception:
        log.exception("the template %d.html failed", error.status)
        return HttpResponse(built_in(request, error), status=error.status)


def by_handler(request: HttpRequest, error: AuthzError) -> HttpResponse:
    """handler403 and handler404 of the project; Django's take 403.html and 404.html."""
    resolver = get_resolver(getattr(request, "urlconf", None) or get_urlconf())
    handler: Callable[..., HttpResponse] = resolver.resolve_error_handler(error.status)
    return handler(request, exception=error)


def become_nobody(request: HttpRequest) -> None:
    """For what is left of the request."""
    login = getattr(request, "authz_login", None)
    if login is not None:
        login.finish()
    if hasattr(request, "user"):
        from django.contrib.auth.models import AnonymousUser
        request.user = AnonymousUser()


def context_of(request: HttpRequest, error: AuthzError) -> dict[str, Any]:
    return {"status": error.status, "title": TITLES[error.status],
            "description": error.description, "login_url": way_back(request, error)}


def way_back(request: HttpRequest, error: AuthzError) -> str | None:
    """The login, and from there to the page with the form."""
    if error.status not in (400, 401) or isinstance(error, StepUpRequired):
        return None
    back = None
    if request.method not in ("GET", "HEAD"):
        back = of_this_site(request, request.META.get("HTTP_REFERER"))
    return login_with_next(request, back)


def built_in(request: HttpRequest, error: AuthzError) -> str:
    context = context_of(request, error)
    more = ""
    if context["login_url"]:
        more = '<p><a href="%s">Log in</a></p>\n' % escape(context["login_url"])
    return PAGE % {"title": context["title"], "description": escape(context["description"]),
                   "more": more}


# ---- the cookie ----

def from_cookie(request: HttpRequest) -> bool:
    return getattr(request, "authz_token_from_cookie", False)


def forget_cookie(request: HttpRequest, response: HttpResponse, bad: bool) -> None:
    """Take a bad token away from a browser; of who has logged out always."""
    if getattr(request, "authz_forget_cookie", False) or bad and wants_page(request):
        if conf.cookie not in response.cookies:     # else the view knows better
            response.delete_cookie(conf.cookie, path=conf.cookie_path, domain=conf.cookie_domain,
                                   samesite=conf.cookie_samesite)


def is_exempt(request: HttpRequest) -> bool:
    """Pages that must be reachable with a bad cookie, because there one gets a
    better one, or because they are everybody's.  Of a header this is no matter."""
    if conf.exempt and request.path_info.startswith(conf.exempt) or is_file(request.path):
        return True
    url = login_of_site()
    return url is not None and is_here(request, url) or is_admin_login(match_of(request))


def is_admin_login(match: Any) -> bool:
    return match is not None and match.app_name == "admin" and match.url_name in (
        "login", "logout", "jsi18n")


def is_file(path: str) -> bool:
    return any(place and len(place) > 1 and path.startswith(place)
               for place in (settings.STATIC_URL, settings.MEDIA_URL))
