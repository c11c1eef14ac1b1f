"""What a model declares about its rows, in a class Authz.

protect    a Protect, or None
policies   a list of Policy
force      False: the owner of the table is not bound
through    policies of many-to-many fields with an automatic table, by the field's name

It is inherited from abstract models, as a class Meta is, and not from models with
a table.  Authz = None declares nothing.
"""
from __future__ import annotations

from typing import Any, Iterable

from django.db.models import Model

from ..policies import Policy, Protect, Table

KNOWN = ("protect", "policies", "force", "through")


def class_of(model: Any) -> Any:
    """The class Authz, or None."""
    if "Authz" in vars(model):
        return vars(model)["Authz"]
    for base in model.__bases__:
        if base is not Model and not (issubclass(base, Model) and not base._meta.abstract):
            found = class_of(base)
            if found is not None:
                return found
    return None


def declared(model: Any) -> dict[str, Table] | None:
    """By the name of a many-to-many field, and "" for the model's own table; None where
    nothing is declared."""
    authz = class_of(model)
    if authz is None:
        return None
    unknown = sorted(name for name in dir(authz) if name[0] != "_" and name not in KNOWN)
    if unknown:
        raise TypeError("%s.Authz has no attribute %r; there are %s"
                        % (model._meta.label, unknown[0], ", ".join(KNOWN)))
    protect = getattr(authz, "protect", None)
    if protect is not None and not isinstance(protect, Protect):
        raise TypeError("%s.Authz.protect is a Protect of dbmi_authz_django.policies"
                        % model._meta.label)
    force = bool(getattr(authz, "force", True))
    tables = {"": Table(True, force, protect, named(model, getattr(authz, "policies", ())),
                        declared=True)}
    for name, policies in getattr(authz, "through", {}).items():
        tables[name] = Table(True, force, None, named(model, policies), declared=True)
    return tables


def named(model: Any, policies: Iterable[Any]) -> tuple[Policy, ...]:
    found: dict[str, Policy] = {}
    for policy in policies:
        if not isinstance(policy, Policy):
            raise TypeError("%s.Authz has %r among its policies; they are Policy of "
                            "dbmi_authz_django.policies" % (model._meta.label, policy))
        policy = policy.for_class(model._meta.app_label, model._meta.object_name)
        if policy.name in found:
            raise TypeError("%s.Authz has two policies %r" % (model._meta.label, policy.name))
        found[policy.name] = policy
    return tuple(found.values())
