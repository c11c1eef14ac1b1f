"""What views, tasks and tests use::

    from dbmi_authz_django import authz

    authz.identity().subject
    with authz.as_token(token): ...
    @authz.requires(authz.HasScope("notes:write"))
"""
from .caches import cache_page_per_identity
from .decorators import requires, token_optional
from .errors import (
    AccountRefused, AuthzError, Forbidden, MalformedRequest, NotFound, RowsHidden, StepUpRequired,
    Unauthorized,
)
from .identity import ask, identity
from .keys import cache_key, get_or_set
from .login import as_token
from .outside import same_for_everybody
from .owner import AsOwnerError, as_owner
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
    "AccountRefused", "AsOwnerError", "AuthzError", "ClaimIs", "Field", "Forbidden", "HasAcr",
    "HasActor", "HasAllAmrs",
    "HasAllOrgPermissions", "HasAllPermissions", "HasAllRoles", "HasAllScopes", "HasAmr",
    "HasAnyAcr", "HasAnyActor", "HasAnyAmr", "HasAnyGroup", "HasAnyItemPermission",
    "HasAnyOrgPermission", "HasAnyPermission", "HasAnyRole", "HasAnyScope",
    "HasAppPermission", "HasClaim", "HasGroup", "HasItemPermission", "HasObjectPermission",
    "HasOrgPermission", "HasOrgRole", "HasPerm", "HasPermission", "HasRole", "HasScope",
    "InOrg", "InSet", "IsAdmin", "IsAtLeastOrgRole", "IsAuthenticated", "IsDelegated",
    "IsOwner", "IsOwnerOrAdmin", "MalformedRequest", "ManagesItem", "NotFound", "RowsHidden", "StepUp",
    "StepUpRequired", "TokenUser", "Unauthorized", "UrlKwarg", "as_owner", "as_token", "ask",
    "cache_key", "cache_page_per_identity", "delete_all", "get_or_set", "identity", "requires",
    "same_for_everybody", "token_optional", "update_all",
]
