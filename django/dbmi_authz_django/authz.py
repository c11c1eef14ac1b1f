"""What views, tasks and tests use::

    from dbmi_authz_django import authz

    authz.identity().subject
    with authz.as_token(token): ...
    @authz.requires(authz.HasScope("notes:write"))
"""
from .caches import cache_page_per_identity
from .decorators import requires, token_optional
from .errors import (
    AccountRefused, AuthzError, Forbidden, MalformedRequest, NotFound, StepUpRequired, Unauthorized,
)
from .identity import ask, identity
from .login import as_token
from .requirements import (
    ClaimIs, Field, HasAcr, HasActor, HasAllAmrs, HasAllOrgPermissions, HasAllPermissions,
    HasAllRoles, HasAllScopes, HasAmr, HasAnyAcr, HasAnyActor, HasAnyAmr, HasAnyGroup,
    HasAnyItemPermission, HasAnyOrgPermission, HasAnyPermission, HasAnyRole, HasAnyScope,
    HasAppPermission, HasClaim, HasGroup, HasItemPermission, HasObjectPermission,
    HasOrgPermission, HasOrgRole, HasPerm, HasPermission, HasRole, HasScope, InOrg, InSet,
    IsAdmin, IsAtLeastOrgRole, IsAuthenticated, IsDelegated, IsOwner, IsOwnerOrAdmin, ManagesItem,
    StepUp, UrlKwarg,
)
from .users import TokenUser
from .writes import delete_all, update_all

__all__ = [
    "AccountRefused", "AuthzError", "ClaimIs", "Field", "Forbidden", "HasAcr", "HasActor", "HasAllAmrs",
    "HasAllOrgPermissions", "HasAllPermissions", "HasAllRoles", "HasAllScopes", "HasAmr",
    "HasAnyAcr", "HasAnyActor", "HasAnyAmr", "HasAnyGroup", "HasAnyItemPermission",
    "HasAnyOrgPermission", "HasAnyPermission", "HasAnyRole", "HasAnyScope",
    "HasAppPermission", "HasClaim", "HasGroup", "HasItemPermission", "HasObjectPermission",
    "HasOrgPermission", "HasOrgRole", "HasPerm", "HasPermission", "HasRole", "HasScope",
    "InOrg", "InSet", "IsAdmin", "IsAtLeastOrgRole", "IsAuthenticated", "IsDelegated",
    "IsOwner", "IsOwnerOrAdmin", "MalformedRequest", "ManagesItem", "NotFound", "StepUp",
    "StepUpRequired", "TokenUser", "Unauthorized", "UrlKwarg", "as_token", "ask",
    "cache_page_per_identity", "delete_all", "identity", "requires", "token_optional",
    "update_all",
]
