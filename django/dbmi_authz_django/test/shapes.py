"""Claims as an issuer has them: where scopes, roles and organisations stand, and
what a token of it must have besides."""
from __future__ import annotations

import secrets
import time
from copy import deepcopy
from typing import Any, Dict, Iterable, List, Mapping, Sequence

from .issuer import Issuer

Claims = Dict[str, Any]

# What an issuer has that says nothing else.
DEFAULTS: Dict[str, Any] = {
    "audience_claims": ["aud"], "owner_claim": "sub", "user_id_claim": "sub",
    "email_claim": "email", "scope_claims": ["scope"], "role_claims": ["roles"],
    "permission_claims": ["permissions"], "group_claims": ["groups"],
    "org_claims": ["org_id_to_org_member_info"], "org_shape": "propelauth",
    "org_id_claim": "org_id", "org_name_claim": "org_name", "org_role_claims": ["org_role"],
    "org_permission_claims": ["org_permissions"], "required_claims": [],
}


def option(issuer: Issuer, name: str) -> Any:
    return issuer.options.get(name, DEFAULTS.get(name))


def first(issuer: Issuer, name: str) -> Any:
    """Of the locations that an option names."""
    value = option(issuer, name)
    if name in ("org_id_claim", "org_name_claim"):      # one location, or several of which one is a path
        paths = isinstance(value, list) and any(isinstance(part, list) for part in value)
        return value[0] if paths else value
    return value[0] if name.endswith("_claims") else value


# ---- locations ----

def path_of(location: Any) -> List[str]:
    if isinstance(location, Mapping):
        location = location["path"]
    return [location] if isinstance(location, str) else list(location)


def put(claims: Claims, location: Any, value: Any) -> None:
    *outer, last = path_of(location)
    for name in outer:
        claims = claims.setdefault(name, {})
    if isinstance(location, Mapping) and location.get("keys"):
        value = {name: {} for name in value}
    claims[last] = value


def found(claims: Any, location: Any) -> Any:
    for name in path_of(location):
        if not isinstance(claims, Mapping) or claims.get(name) is None:
            return ()
        claims = claims[name]
    return claims


def has(claims: Any, location: Any) -> bool:
    return bool(found(claims, location) != ())


def put_if_absent(claims: Claims, location: Any, value: Any) -> None:
    if not has(claims, location):
        put(claims, location, value)


# ---- a token's claims ----

def shaped(issuer: Issuer, claims: str | Mapping[str, Any], lists: Mapping[str, Iterable[str]],
           orgs: Mapping[str, Any] | None) -> Claims:
    made: Claims = {"sub": claims} if isinstance(claims, str) else deepcopy(dict(claims))
    for name, values in lists.items():
        values = list(values)
        if values:
            location = first(issuer, name)
            as_words = path_of(location)[-1] in ("scope", "scp")
            put(made, location, " ".join(values) if as_words else values)
    if orgs:
        put_orgs(issuer, made, orgs)
    now = int(time.time())
    put_if_absent(made, "iat", now)
    put_if_absent(made, "exp", now + 3600)
    if not issuer.by_audience and not option(issuer, "unnamed"):
        put_if_absent(made, "iss", issuer.name)
    if issuer.audience and not any(has(made, location)
                                   for location in option(issuer, "audience_claims")):
        put(made, first(issuer, "audience_claims"), issuer.audience[0])
    put_person(issuer, made)
    for name in option(issuer, "required_claims"):
        put_if_absent(made, name, "test" if name != "jti" else secrets.token_hex(8))
    for demand in issuer.options.get("claim_values", ()):
        meet(made, demand)
    return made


def put_person(issuer: Issuer, claims: Claims) -> None:
    """One name wherever the issuer says who it is; what is given, stays."""
    owner, email = option(issuer, "owner_claim"), option(issuer, "email_claim")
    who = str(claims.get("sub") or "test")
    address = who if "@" in who else who + "@example.com"
    if email in option(issuer, "required_claims") or owner == email:
        put_if_absent(claims, email, address)
    for location in ("sub", owner, option(issuer, "user_id_claim")):
        put_if_absent(claims, location, who)


def meet(claims: Claims, demand: Mapping[str, Any]) -> None:
    """What the issuer's option claim_values demands, where the test says nothing."""
    if "any" in demand:
        if not any(is_met(claims, one) for one in demand["any"]):
            meet(claims, demand["any"][0])
    elif "values" in demand:
        put_if_absent(claims, demand["claim"], demand["values"][0])
    elif demand.get("present"):
        put_if_absent(claims, demand["claim"], "test")


def is_met(claims: Claims, demand: Mapping[str, Any]) -> bool:
    return has(claims, demand["claim"]) != bool(demand.get("absent"))


# ---- organisations ----

def put_orgs(issuer: Issuer, claims: Claims, orgs: Mapping[str, Any]) -> None:
    """orgs: id -> a role, or a dict with "role", "roles", "permissions" and "name"."""
    full = {id: {"name": id, "role": None, "roles": (), "permissions": (),
                 **({"role": org} if isinstance(org, str) else org)} for id, org in orgs.items()}
    shape = option(issuer, "org_shape")
    if shape == "propelauth":
        put(claims, first(issuer, "org_claims"),
            {id: propelauth(id, org) for id, org in full.items()})
    elif shape == "map":
        own_id = "org_id_claim" in issuer.options
        put(claims, first(issuer, "org_claims"), {
            org["name"] if own_id else id: flat(issuer, {}, id if own_id else None, org)
            for id, org in full.items()})
    elif shape == "list":
        put(claims, first(issuer, "org_claims"), list(full))
    elif shape == "by_role":
        put(claims, first(issuer, "org_claims"), by_role(full))
    else:
        (id, org), *others = full.items()
        if others:
            raise ValueError("A token of %s is for one organisation." % issuer.name)
        flat(issuer, claims, id, org)


def propelauth(id: str, org: Mapping[str, Any]) -> Claims:
    role = org["role"] or "Member"
    return {"org_id": id, "org_name": org["name"], "user_role": role,
            "inherited_user_roles_plus_current_role": [role, *(r for r in org["roles"] if r != role)],
            "user_permissions": list(org["permissions"])}


def flat(issuer: Issuer, claims: Claims, id: str | None, org: Mapping[str, Any]) -> Claims:
    if id is not None:
        put(claims, first(issuer, "org_id_claim"), id)
    put(claims, first(issuer, "org_name_claim"), org["name"])
    # both may stand where the whole token has its own
    roles: Sequence[str] = [role for role in (org["role"], *org["roles"]) if role]
    for name, values in (("org_role_claims", roles), ("org_permission_claims", org["permissions"])):
        location = first(issuer, name)
        values = [*values, *found(claims, location)]
        if values:
            put(claims, location, values[0] if name == "org_role_claims" and len(values) == 1
                else values)
    return claims


def by_role(orgs: Mapping[str, Any]) -> Claims:
    made: Claims = {}
    for id, org in orgs.items():
        for role in (org["role"] or "member", *org["roles"]):
            made.setdefault(role, {})[id] = org["name"]
    return made
