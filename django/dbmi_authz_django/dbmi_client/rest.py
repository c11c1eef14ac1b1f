"""REST framework: the classes of dbmi_client.authn and dbmi_client.authz."""
from __future__ import annotations

import logging
from typing import Any

from rest_framework import exceptions, permissions

from ..identity import identity
from ..requirements import HasItemPermission, IsAdmin, IsAuthenticated, Requirement
from ..rest_framework import TokenAuthentication
from ..people.users import TokenUser
from .reporting import report
from .settings import dbmi_settings

log = logging.getLogger("dbmi_client")


class Email(str):
    """request.user is the e-mail address, as with DBMIUser; here it is the user, too."""

    def __new__(cls, user: TokenUser) -> Email:
        made = super().__new__(cls, user.email or "")
        made.user = user        # type: ignore[attr-defined]
        return made

    def __getattr__(self, name: str) -> Any:
        if name == "user":
            raise AttributeError(name)
        return getattr(self.user, name)


class DBMIUser(TokenAuthentication):
    """request.user is the e-mail address.  No token is refused by the class itself."""

    def authenticate(self, request: Any) -> Any:
        found = super().authenticate(request)
        if found is None:
            raise exceptions.NotAuthenticated()
        return found

    def get_user(self, identity: Any) -> Any:
        return Email(TokenUser(identity))


class DBMIModelUser(DBMIUser):
    """request.user is the row that the setting USER finds."""

    def get_user(self, identity: Any) -> Any:
        return TokenAuthentication.get_user(self, identity)


class Denying(permissions.BasePermission):
    """Denials are reported, and raised."""

    def deny(self, request: Any, item: str, permission: str) -> bool:
        report(request, request.user, item, permission)
        raise exceptions.PermissionDenied(getattr(self, "message", None))

    def insist(self, requirement: Requirement, request: Any, view: Any, item: str,
               permission: str) -> bool:
        authenticated, granted = requirement.judge(request, view.kwargs)
        if not authenticated:
            raise exceptions.NotAuthenticated()
        return granted is True or self.deny(request, item, permission)


class DBMIUserPermission(permissions.BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return IsAuthenticated().judge(request, {})[1] is True


class DBMIAdminPermission(Denying):
    def has_permission(self, request: Any, view: Any) -> bool:
        return self.insist(IsAdmin(), request, view, dbmi_settings.CLIENT,
                           dbmi_settings.AUTHZ_ADMIN_PERMISSION)


class DBMIItemPermission(Denying):
    """To be inherited with an item and a permission."""
    item = "dbmi.item.subitem"
    permission = "manage"

    def has_permission(self, request: Any, view: Any) -> bool:
        return self.insist(HasItemPermission(self.item, self.permission), request, view,
                           self.item, self.permission)


class DBMIOwnerPermission(Denying):
    """The attribute that DRF_OBJECT_OWNER_KEY names, or without it "email" or
    "user", is the user or the e-mail address of the token, in the same case."""

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return self.is_owner(request, obj) or self.deny(request, "owner", "owner")

    def is_owner(self, request: Any, obj: Any) -> bool:
        me = identity()
        key = dbmi_settings.DRF_OBJECT_OWNER_KEY
        if not me:
            return False
        if key and not hasattr(obj, key):
            log.error("The owner key %r does not exist on %s", key, type(obj).__name__)
            return False
        names = (key,) if key else ("email", "user")
        return any(is_user(getattr(obj, name, None), request.user, me.email) for name in names)


class DBMIAdminOrOwnerPermission(DBMIOwnerPermission):
    """The owner, or an administrator."""
    message = "User does not have proper permission on item DBMI"

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return self.is_owner(request, obj) or self.insist(
            IsAdmin(), request, view, dbmi_settings.CLIENT, dbmi_settings.AUTHZ_ADMIN_PERMISSION)


DBMIManageOrOwnerPermission = DBMIAdminOrOwnerPermission        # its name in 2018


def is_user(value: Any, user: Any, email: str | None) -> bool:
    if value is None or value == "":
        return False
    return bool(value == user) or isinstance(value, str) and value == email
