"""Django REST framework: authentication class, exception handler, and mixing
the requirements (requirements.py) with permission classes of others.

    REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["dbmi_authz_django.rest_framework.TokenAuthentication"],
        "EXCEPTION_HANDLER": "dbmi_authz_django.rest_framework.exception_handler",
    }
"""
from __future__ import annotations

from typing import Any, Callable

from django.db import connections, router, transaction
from django.middleware.csrf import CsrfViewMiddleware
from rest_framework import authentication, exceptions, permissions
from rest_framework.response import Response

from .people.accounts import user_of
from .errors import Forbidden, Unauthorized, challenge
from .identity import Identity, identity
from .login import current
from .middleware import answer_of
from .people.users import TokenUser  # noqa: F401  (where it was before 1.1)


class TokenAuthentication(authentication.BaseAuthentication):
    """request.user is a TokenUser, or with the setting USER a row of the user table,
    and request.auth the Identity, when the database accepts the token; a bad token
    is 401, for open views too.

    Override get_user() to have other users.
    """

    def authenticate(self, request: Any) -> tuple[Any, Identity] | None:
        login = getattr(request._request, "authz_login", None)
        if login is None or login.token is None:
            return None
        if getattr(request._request, "authz_token_from_cookie", False):
            check_csrf(request)
        found = identity()
        if not found:
            return None
        return self.get_user(found), found

    def get_user(self, identity: Identity) -> Any:
        return user_of(identity, current())

    def authenticate_header(self, request: Any) -> str:
        return challenge({})


class CSRFCheck(CsrfViewMiddleware):
    def _reject(self, request: Any, reason: str) -> Any:
        return reason


def check_csrf(request: Any) -> None:
    """REST framework's views are exempt from it, but a browser sends a cookie by
    itself, on any page."""
    check = CSRFCheck(lambda request: None)
    check.process_request(request)
    reason = check.process_view(request, None, (), {})
    if reason:
        raise exceptions.PermissionDenied("CSRF Failed: %s" % reason)


def exception_handler(exc: Any, context: dict[str, Any]) -> Any:
    """Bodies and headers of RFC 6750 for errors of the database, and for what
    REST framework itself raises without or with too weak a login."""
    # it reads the settings, which name classes of this module
    from rest_framework import views
    answer = answer_of(exc, conflicts=True)
    if isinstance(exc, exceptions.NotAuthenticated):
        answer = Unauthorized()
    elif type(exc) is exceptions.PermissionDenied and exc.detail == \
            exceptions.PermissionDenied.default_detail:
        answer = Forbidden()
    if answer is None:
        return views.exception_handler(exc, context)
    headers = {"Cache-Control": "no-store"}
    if answer.challenge is not None:
        headers["WWW-Authenticate"] = answer.challenge
    views.set_rollback()
    return Response(answer.body, status=answer.status, headers=headers)


# ---- requirements beside other permission classes ----

class Somebody(permissions.BasePermission):
    """Logged in by a token."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return bool(identity())


class Mixed(permissions.OperandHolder):
    """& and | with a permission class of others.  ~ of it means "logged in, and
    not" as everywhere here."""

    def __and__(self, other: Any) -> Mixed:
        return joined_with_other("AND", self, other)

    def __or__(self, other: Any) -> Mixed:
        return joined_with_other("OR", self, other)

    def __invert__(self) -> Mixed:
        return Mixed(permissions.AND, Somebody, permissions.SingleOperandHolder(NotAtAll, self))


class NotAtAll(permissions.NOT):
    """REST framework's NOT, asked about the object only where that can differ."""

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return not (self.op1.has_permission(request, view)
                    and self.op1.has_object_permission(request, view, obj))


def joined_with_other(operator: str, one: Any, other: Any) -> Mixed:
    return Mixed(permissions.AND if operator == "AND" else permissions.OR, one, other)


# ---- writes ----

class AuthzMixin:
    """For viewsets and generic views that write: each request writes all or nothing, and
    knows of every conflict before it answers.

    Without it, and without ATOMIC_REQUESTS, a nested write may stop half-way; with
    ATOMIC_REQUESTS a reference to a row that is deleted is found when the view is over.
    """

    def whole(self, write: Callable[..., Any], request: Any, args: Any, kwargs: Any) -> Any:
        using = router.db_for_write(self.get_queryset().model)      # type: ignore[attr-defined]
        with transaction.atomic(using=using):
            response = write(request, *args, **kwargs)
            connections[using].check_constraints()
            return response

    def create(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self.whole(super().create, request, args, kwargs)    # type: ignore[misc]

    def update(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self.whole(super().update, request, args, kwargs)    # type: ignore[misc]

    def destroy(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self.whole(super().destroy, request, args, kwargs)   # type: ignore[misc]
