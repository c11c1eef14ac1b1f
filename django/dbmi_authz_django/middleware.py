"""From the request to the login, and from errors to responses."""
from __future__ import annotations

import logging
from typing import Any, Callable

from asgiref.sync import sync_to_async
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin

from . import hints
from .caching.asked import begin
from .people.browsers import forget_cookie, from_cookie, is_exempt, respond
from .compat import iscoroutinefunction
from .caching.conditional import put_on, take_off
from .conf import conf
from .errors import AuthzError, MalformedRequest, Unauthorized, conflict_of, unavailable
from .login import Login, enter, leave
from .caching.outside import private
from .streams import keep_while_streaming
from .token import token_of

# a database that is down, or a missing GRANT, must not go unnoticed because the
# response is in order
log = logging.getLogger("django.request")


class TokenMiddleware(MiddlewareMixin):
    """Queries of a request are its token's, from here inwards, and nobody's
    without a token; afterwards no connection has the identity any longer.

    The token is not verified here but by the database, when the first query is
    sent.  A response that streams has the identity until its end (streams.py).
    """

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        if not apps.is_installed("dbmi_authz_django"):
            # no connection would carry a token, and a forged one would be as good as none
            raise ImproperlyConfigured(
                'TokenMiddleware needs "dbmi_authz_django" in INSTALLED_APPS.')
        super().__init__(get_response)
        self.awaits = iscoroutinefunction(get_response)

    def __call__(self, request: HttpRequest) -> Any:
        if self.awaits:
            return self.__acall__(request)
        try:
            login = login_of(request)
        except MalformedRequest as error:
            return malformed(request, error)
        streams = False
        mark = enter(login)
        try:
            response = self.get_response(request)
            streams = keep_while_streaming(login, request, response)
        finally:
            leave(mark)
            if not streams:
                login.finish()
        if is_lost(login, response):
            response = replaced(login, request, response)
        return finished(login, request, response)

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            login = login_of(request)
        except MalformedRequest as error:
            return await sync_to_async(malformed)(request, error)
        streams = False
        mark = enter(login)
        try:
            response = await self.get_response(request)
            streams = keep_while_streaming(login, request, response)
        finally:
            leave(mark)
            if not streams:
                await login.afinish()
        if is_lost(login, response):
            response = await sync_to_async(replaced)(login, request, response)
        return finished(login, request, response)

    def process_view(self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any) -> None:
        if getattr(view_func, "authz_token_optional", False) or (
                from_cookie(request) and is_exempt(request)):
            request.authz_login.optional = True

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        answer = answer_of(exception, of_rest_framework(request))
        return None if answer is None else respond(request, answer)


def of_rest_framework(request: HttpRequest) -> bool:
    """Its views are over when what they wrote is committed, and found in conflict."""
    view = getattr(getattr(request, "resolver_match", None), "func", None)
    return hasattr(getattr(view, "cls", None), "handle_exception")


def answer_of(exception: BaseException, conflicts: bool = False) -> AuthzError | None:
    """The AuthzError that answers it, or None.  Logs what only the operator can mend."""
    if conflicts:
        exception = conflict_of(exception) or exception
    if isinstance(exception, AuthzError):
        if exception.reason is not None:
            log.warning("%s: %s", type(exception).__name__, exception.reason)
        return exception
    gone = unavailable(exception)
    if gone is not None:
        log.error("%s: %s", type(exception).__name__, str(exception).partition("\n")[0])
    return gone


def login_of(request: HttpRequest) -> Login:
    optional = not conf.refuse_bad_tokens
    try:
        token = token_of(request)
    except MalformedRequest:
        if not (optional or is_ignored(request) or from_cookie(request) and is_exempt(request)):
            raise
        token = None
    login = request.authz_login = Login(token, optional)
    begin(request)
    take_off(request, token)
    return login


def malformed(request: HttpRequest, error: MalformedRequest) -> HttpResponse:
    response = respond(request, error)
    if from_cookie(request):
        forget_cookie(request, response, True)
    return vary(response)


def is_lost(login: Login, response: HttpResponseBase) -> bool:
    """A refusal that was raised where only Django could catch it: in another middleware."""
    return login.refused is not None and response.status_code == 500


def replaced(login: Login, request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    response.close()
    return respond(request, Unauthorized(login.refused))


def is_ignored(request: HttpRequest) -> bool:
    """Of a view for which no token matters (health.py)?"""
    try:
        view = resolve(request.path_info, getattr(request, "urlconf", None)).func
    except Http404:
        return False
    return getattr(view, "authz_token_ignored", False)


def finished(login: Login, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if login.token is None and hasattr(request, "_dont_enforce_csrf_checks"):
        hints.look(request)     # of a test client
    put_on(request, response, login.token)
    # what streams has not asked yet
    if request.authz_asked.as_somebody() or response.streaming and login.token is not None:
        private(response, [*request.authz_asked.logins(), login])
    if from_cookie(request):
        forget_cookie(request, response, login.token is None or login.refused is not None
                      or hasattr(request, "authz_bad_token"))
    return vary(response)


def vary(response: HttpResponseBase) -> HttpResponseBase:
    patch_vary_headers(response, conf.vary)
    return response
