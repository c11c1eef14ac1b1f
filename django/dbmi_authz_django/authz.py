"""What views, tasks and tests use::

    from dbmi_authz_django import authz

    authz.identity().subject
    with authz.as_token(token): ...
    @authz.requires(authz.HasScope("notes:write"))

and authz.test is what tests use alone.
"""
from __future__ import annotations

from importlib import import_module
from typing import Any

from .caching.caches import cache_page_per_identity
from .decorators import requires, token_optional
from .errors import (
    AccountRefused, AuthzError, Forbidden, MalformedRequest, NotFound, RowsHidden, StepUpRequired,
    Unauthorized,
)
from .identity import aask, aidentity, ask, identity
from .caching.keys import cache_key, get_or_set
from .login import as_token
from .caching.outside import same_for_everybody
from .ownership.owner import AsOwnerError, as_owner
from .requirements import (
    ClaimIs, Field, HasAcr, HasActor, HasAllAmrs, HasAllOrgPermissions, HasAllPermissions,
    HasAllRoles, HasAllScopes, HasAmr, HasAnyAcr, HasAnyActor, HasAnyAmr, HasAnyGroup,
    HasAnyItemPermission, HasAnyOrgPermission, HasAnyPermission, HasAnyRole, HasAnyScope,
    HasAppPermission, HasClaim, HasGroup, HasItemPermission, HasObjectPermission,
    HasOrgPermission, HasOrgRole, HasPerm, HasPermission, HasRole, HasScope, InOrg, InSet,
    IsAdmin, IsAtLeastOrgRole, IsAuthenticated, IsDelegated, IsOwner, IsOwnerOrAdmin, ManagesItem,
    StepUp, UrlKwarg,
)
from .tasks import in_task, task_as, task_headers
from .people.users import TokenUser
from .writes import delete_all, update_all

__all__ = [
    "AccountRefused", "AsOwnerError", "AuthzError", "ClaimIs", "Field", "Forbidden", "HasAcr",
    "HasActor", "HasAllAmrs",
    "HasAllOrgPermissions", "HasAllPermissions", "HasAllRoles", "HasAllScopes", "HasAmr",
    "HasAnyAcr", "HasAnyActor", "HasAnyAmr", "HasAnyGroup", "HasAnyItemPermission",
    "HasAnyOrgPermission", "HasAnyPermission", "HasAnyRole", "HasAnyScope",
    "HasAppPermission", "HasClaim", "HasGroup", "HasItemPermission", "HasObjectPermission",
    "HasOrgPermission", "HasOrgRole", "HasPerm", "HasPermission", "HasRole", "HasScope",
    "InOrg", "InSet", "IsAdmin", "IsAtLeastOrgRole", "IsAuthenticated", "IsDelegated",
    "IsOwner", "IsOwnerOrAdmin", "MalformedRequest", "ManagesItem", "NotFound", "RowsHidden", "StepUp",
    "StepUpRequired", "TokenUser", "Unauthorized", "UrlKwarg", "aask", "aidentity", "as_owner",
    "as_token", "ask", "cache_key", "cache_page_per_identity", "delete_all", "get_or_set", "identity",
    "in_task", "requires", "same_for_everybody", "task_as", "task_headers", "token_optional",
    "update_all",
]


def __getattr__(name: str) -> Any:
    # imported when it is asked for: no part of a server
    if name == "test":
        return import_module("dbmi_authz_django.test")
    raise AttributeError("module %r has no attribute %r" % (__name__, name))
