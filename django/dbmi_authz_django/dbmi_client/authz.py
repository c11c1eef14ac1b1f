"""Questions about items and claims: dbmi_client.authz, without its classes for
REST framework, which are in rest.py and come along where that is installed.
"""
from __future__ import annotations

from typing import Any, Iterable

from django.db import DEFAULT_DB_ALIAS, connections

from ..identity import ask
from ..login import as_token
from . import authn
from .reporting import AuthorizationReporter
from .settings import dbmi_settings

try:
    import rest_framework  # noqa: F401
except ImportError:
    pass
else:
    from .rest import (  # noqa: F401
        DBMIAdminOrOwnerPermission, DBMIAdminPermission, DBMIItemPermission,
        DBMIManageOrOwnerPermission, DBMIOwnerPermission, DBMIUserPermission,
    )

__all__ = ["AuthorizationReporter", "auth_has_authz", "get_permissions", "has_a_permission",
           "has_permission", "is_admin", "jwt_has_authz"]

JWT_AUTHZ_GROUPS = "groups"
JWT_AUTHZ_ROLES = "roles"
JWT_AUTHZ_PERMISSIONS = "permissions"


def jwt_has_authz(claims: Any, auth_type: str, item: str) -> bool | None:
    """Of claims that were verified.  None: they do not say."""
    namespace = dbmi_settings.JWT_AUTHZ_NAMESPACE
    if not namespace or not isinstance(claims, dict):
        return None
    return auth_has_authz(claims.get(namespace), auth_type, item)


def auth_has_authz(auth: Any, auth_type: str, item: str) -> bool | None:
    held = auth.get(auth_type) if isinstance(auth, dict) else None
    if isinstance(held, str):
        held = held.split()
    return item in held if isinstance(held, list) else None


def has_permission(request: Any, email: str, item: str, permission: str,
                   check_parents: bool = False) -> bool:
    return has_a_permission(request, email, item, [permission], check_parents)


def has_a_permission(request: Any, email: str, item: str, permissions: Iterable[str],
                     check_parents: bool = False) -> bool:
    """The request's person, or, without parents, one whose grants that person may
    see: the item's managers do.  A token instead of the request is that token's."""
    if isinstance(request, str):
        with as_token(request):
            return has_a_permission(None, email, item, permissions, check_parents)
    wanted = list(permissions)
    if not wanted or authn.verified() is None:
        return False
    if is_own(email):
        return ask("has_any_item_permission", item, wanted, check_parents) is True
    return not check_parents and any(
        str(email).lower() in grantees(item, permission) for permission in wanted)


def is_own(email: Any) -> bool:
    own = authn.get_jwt_email(None)
    return own is not None and str(email).lower() == own.lower()


def grantees(item: str, permission: str) -> set[str]:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT authz.item_grantees(%s, %s)", [item, permission])
        return {email.lower() for email, in cursor.fetchall()}


def get_permissions(request: Any, email: str, item: str | None = None,
                    children: bool = False) -> list[dict[str, str]] | bool:
    """One's own rows.  False without a token, as there; others' are not to be had."""
    if isinstance(request, str):
        with as_token(request):
            return get_permissions(None, email, item, children)
    if authn.verified() is None:
        return False
    if not is_own(email):
        return []
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT email, client, item, permission"
                       " FROM authz.item_permissions(%s, %s)", [item, children])
        return [dict(zip(("user_email", "client", "item", "permission"), row))
                for row in cursor.fetchall()]


def is_admin(request: Any, email: str) -> bool:
    """The request's person, if it is that one."""
    if isinstance(request, str):
        with as_token(request):
            return is_admin(None, email)
    return authn.verified() is not None and is_own(email) and ask("is_admin") is True
