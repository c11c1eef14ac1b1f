"""Decorators of views: dbmi_client.auth.

Without a good token a visitor is logged out of Django's session and sent to the
login service; a script (X-Requested-With: XMLHttpRequest) gets 401 and the
address in X-DBMI-LOGIN-URL.  Who is logged in and may not is PermissionDenied.
"""
from __future__ import annotations

from functools import wraps
from typing import Any, Callable

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from ..people.browsers import of_this_site
from ..compat import iscoroutinefunction
from ..conf import conf
from ..decorators import token_optional
from ..requirements import (
    HasAppPermission, HasGroup, HasItemPermission, HasRole, IsAdmin, IsAuthenticated, Requirement,
)
from . import authn
from .reporting import report
from .settings import dbmi_settings

View = Callable[..., Any]


def unauthorized_response(request: HttpRequest) -> HttpResponse:
    if request.META.get("HTTP_X_REQUESTED_WITH") != "XMLHttpRequest":
        return authn.login_redirect(request)
    back = None
    if request.method not in ("GET", "HEAD"):
        # the page with the form, if it is one of this site
        path = of_this_site(request, request.META.get("HTTP_REFERER"))
        back = None if path is None else request.build_absolute_uri(path)
        back = back or request.build_absolute_uri()
    response = HttpResponse("401 Unauthorized", status=401)
    response["X-DBMI-LOGIN-URL"] = authn.login_redirect_url(request, back)
    return response


def dbmi_user(view: View) -> View:
    """The user who is logged in."""
    return guarded(IsAuthenticated())(view)


def dbmi_admin(view: View) -> View:
    """Administrators: by a group or permission of the token, or the item permission
    AUTHZ_ADMIN_PERMISSION on the application."""
    return guarded(IsAdmin())(view)


def dbmi_group(group: str) -> Callable[[View], View]:
    """A group of the token."""
    return guarded(HasGroup(group), group)


def dbmi_role(role: str) -> Callable[[View], View]:
    """A role of the token."""
    return guarded(HasRole(role), role)


def dbmi_app_permission(permission: str) -> Callable[[View], View]:
    """A permission of the token, or an item permission on the application."""
    return guarded(HasAppPermission(permission), permission)


dbmi_permission = dbmi_app_permission       # its name in older versions


def dbmi_item_permission(item: str, permission: str) -> Callable[[View], View]:
    """An item permission on this very item; claims and parents do not count."""
    return guarded(HasItemPermission(item, permission), permission, item)


def guarded(requirement: Requirement, permission: str | None = None,
            item: str | None = None) -> Callable[[View], View]:
    """What is denied is reported with the application and its administrators'
    permission, unless it is another."""
    def decorate(view: View) -> View:
        made: View = token_optional(decorated(view))    # a bad token is none, and no error
        return made

    def decorated(view: View) -> View:
        def answer(request: HttpRequest, kwargs: Any) -> HttpResponse | None:
            if not is_logged_in(request):
                return unauthorized_response(request)
            if requirement.judge(request, kwargs) != (True, True):
                report(request, authn.get_jwt_email(request), item or dbmi_settings.CLIENT,
                       permission or dbmi_settings.AUTHZ_ADMIN_PERMISSION)
                raise PermissionDenied
            return None

        if iscoroutinefunction(view):
            @wraps(view)
            async def awrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                refusal = await sync_to_async(answer, thread_sensitive=True)(request, kwargs)
                return await view(request, *args, **kwargs) if refusal is None else refusal
            return awrapped

        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            refusal = answer(request, kwargs)
            return view(request, *args, **kwargs) if refusal is None else refusal
        return wrapped
    return decorate


def is_logged_in(request: HttpRequest) -> bool:
    """By a good token; and where users have rows, one that is active.  Who has
    none is PermissionDenied, as when django-dbmi-client makes no row."""
    if authn.verified() is None:
        return False
    return conf.user is None or not hasattr(request, "user") or bool(
        request.user.is_authenticated)
