"""UserMiddleware: request.user beside Django's sessions.

    MIDDLEWARE = [
        "dbmi_authz_django.middleware.TokenMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "dbmi_authz_django.sessions.UserMiddleware",    # for AuthenticationMiddleware
    ]

A session that somebody has logged in to, and a token of somebody else, are
nobody: neither Django nor the database takes one of them for both.  Only a
request with both costs anything before its view asks.
"""
from __future__ import annotations

import logging
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from .people.accounts import row_of, user_of
from .people.browsers import from_cookie, is_exempt, is_of_bad_token, respond
from .compat import iscoroutinefunction
from .conf import conf
from .errors import AccountRefused, AuthzError, Unauthorized
from .identity import Identity, identity
from .login import Login
from .people.users import as_login

log = logging.getLogger("django.security.dbmi_authz_django")


class UserMiddleware(AuthenticationMiddleware):
    """request.user and request.auser() are who the token says, or without a token
    whoever Django's session says.  In the database that is nobody."""

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self.awaits = iscoroutinefunction(get_response)

    def __call__(self, request: HttpRequest) -> Any:
        if self.awaits:
            return self.__acall__(request)
        begin(request)
        answer = answer_to_both(request) if has_both(request) else None
        return self.get_response(request) if answer is None else answer

    async def __acall__(self, request: HttpRequest) -> HttpResponse:
        begin(request)
        if has_both(request):
            answer = await sync_to_async(answer_to_both, thread_sensitive=True)(request)
            if answer is not None:
                return answer
        return await self.get_response(request)


def begin(request: HttpRequest) -> None:
    if not hasattr(request, "authz_login"):
        raise ImproperlyConfigured("UserMiddleware stands behind TokenMiddleware in MIDDLEWARE.")

    async def auser() -> Any:
        return await sync_to_async(user_for, thread_sensitive=True)(request)

    request.user = SimpleLazyObject(lambda: user_for(request))
    request.auser = auser
    request.authz_users = True


def user_for(request: HttpRequest) -> Any:
    """Found once.  As the request's login, also within "with as_token()"."""
    found = getattr(request, "_authz_user", None)
    if found is None:
        try:
            with as_login(request.authz_login):
                found = request._authz_user = find(request)
        except AccountRefused:
            request._authz_user = AnonymousUser()       # for who asks again
            raise
    return found


def find(request: HttpRequest) -> Any:
    login = request.authz_login
    if login.token is not None and not login.finished:
        me = identity()
        if me:
            return user_of(me, login)
    if login.token is not None or not hasattr(request, "session"):
        return AnonymousUser()
    return auth.get_user(request)


# ---- a session and a token ----

def has_both(request: HttpRequest) -> bool:
    return (request.authz_login.token is not None
            and getattr(getattr(request, "session", None), "session_key", None) is not None)


def answer_to_both(request: HttpRequest) -> HttpResponse | None:
    """None where they belong together, or the request may go on as nobody's."""
    try:
        if auth.SESSION_KEY not in request.session or is_one_person(request):
            return None
    except AuthzError as error:
        if is_of_bad_token(error) and from_cookie(request) and is_exempt(request):
            drop_token(request)
            return None
        return respond(request, error)
    log.warning("A session and a token belong to different people: %s", request.path)
    cookie = from_cookie(request)
    become_nobody(request)
    request.authz_forget_cookie = cookie
    if conf.session_of_another == "nobody":
        return None
    if cookie:
        auth.logout(request)        # the browser has two people's; neither stays
    return respond(request, Unauthorized({
        "error": "invalid_token",
        "error_description": "Session and token belong to different people"}))


def is_one_person(request: HttpRequest) -> bool:
    me = identity()
    if not me:
        return True     # the token says nobody: there is nobody to be confused
    of_session = auth.get_user(request)
    if not of_session.is_authenticated:
        return True     # a session whose user is gone, or has another password now
    return is_user(of_session, me)


def is_user(user: Any, me: Identity) -> bool:
    """By the rows; where users have none, by the name."""
    if conf.user is None:
        return user.get_username() in (me.subject, me.user_id)
    row = row_of(me)
    return row is not None and row.pk == user.pk


def become_nobody(request: HttpRequest) -> None:
    """Here and in the database, for what is left of the request."""
    drop_token(request)
    request._authz_user = request.user = AnonymousUser()


def drop_token(request: HttpRequest) -> None:
    request.authz_login.finish()
    request.authz_login = Login(None)


# ---- somebody else in the course of a request ----

def is_ours(request: Any) -> bool:
    """With Django's own middleware a session and a token need not be one person's."""
    return getattr(request, "authz_users", False)


def on_logged_in(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    """By a form, with a token of somebody else: from here on nobody in the database."""
    if not is_ours(request):
        return
    login = request.authz_login
    request._authz_user = user
    if login.token is not None and not login.finished:
        try:
            with as_login(login):
                same = is_user(user, identity())
        except AccountRefused:
            same = False
        if not same:
            end_token(request)


def on_logged_out(sender: Any, request: Any, **kwargs: Any) -> None:
    """Of the session: the token goes, too, and its cookie."""
    if is_ours(request):
        end_token(request)
        request._authz_user = AnonymousUser()


def end_token(request: HttpRequest) -> None:
    drop_token(request)
    request.authz_forget_cookie = from_cookie(request)


user_logged_in.connect(on_logged_in, dispatch_uid="dbmi_authz_django.sessions")
user_logged_out.connect(on_logged_out, dispatch_uid="dbmi_authz_django.sessions")
