"""What views, tasks and tests use::

    from dbmi_authz_django import authz

    authz.identity().subject
    with authz.as_token(token): ...
    @authz.requires(authz.HasScope("notes:write"))
"""
from .caches import cache_page_per_identity
from .decorators import requires, token_optional
from .errors import AuthzError, Forbidden, MalformedRequest, NotFound, Unauthorized
from .identity import ask, identity
from .login import as_token
from .requirements import (
    ClaimIs, Field, HasAllOrgPermissions, HasAllPermissions, HasAllRoles, HasAllScopes, HasAnyGroup,
    HasAnyItemPermission, HasAnyOrgPermission, HasAnyPermission, HasAnyRole, HasAnyScope,
    HasAppPermission, HasClaim, HasGroup, HasItemPermission, HasObjectPermission,
    HasOrgPermission, HasOrgRole, HasPerm, HasPermission, HasRole, HasScope, InOrg, IsAdmin,
    IsAtLeastOrgRole, IsAuthenticated, IsOwner, IsOwnerOrAdmin, ManagesItem, UrlKwarg,
)

__all__ = [
    "AuthzError", "ClaimIs", "Field", "Forbidden", "HasAllOrgPermissions", "HasAllPermissions",
    "HasAllRoles", "HasAllScopes", "HasAnyGroup", "HasAnyItemPermission",
    "HasAnyOrgPermission", "HasAnyPermission", "HasAnyRole", "HasAnyScope",
    "HasAppPermission", "HasClaim", "HasGroup", "HasItemPermission", "HasObjectPermission",
    "HasOrgPermission", "HasOrgRole", "HasPerm", "HasPermission", "HasRole", "HasScope",
    "InOrg", "IsAdmin", "IsAtLeastOrgRole", "IsAuthenticated", "IsOwner", "IsOwnerOrAdmin",
    "MalformedRequest", "ManagesItem", "NotFound", "Unauthorized", "UrlKwarg", "as_token",
    "ask", "cache_page_per_identity", "identity", "requires", "token_optional",
]
