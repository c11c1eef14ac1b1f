"""What a view requires, asked from the database in one query.

    HasScope("notes:write") & (HasRole("editor") | IsOwner("author"))

serves as a permission class of REST framework, in @requires (decorators.py), and
as a condition of querysets (expressions.py).
&, | and ~ make SQL of it.  ~ means "logged in, and not": the bare negation of
a check is true for a request without a token.

Arguments are values, or a Field of the object that a view found, or a UrlKwarg.
As long as there is no object, what depends on one is unknown, and unknown does
not deny yet: SQL's logic of three values works that out.
"""
from __future__ import annotations

from datetime import timedelta
from typing import Any, Callable, Iterable, Protocol, Sequence, Union, overload
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist
from django.db import DEFAULT_DB_ALIAS, connections, models

from . import expressions
from .sql import regclass, relation_name, table_name


class Written:
    """What a migration can hold: makemigrations writes it as the call that made it."""

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        cls = type(self)
        return ("%s.%s" % (cls.__module__, cls.__name__), self.written(), {})

    def written(self) -> tuple[Any, ...]:
        """The arguments."""
        raise NotImplementedError


class Field(Written):
    """An attribute of the object, by its name: Field("owner"), Field("project__org_id")."""

    def __init__(self, path: str) -> None:
        self.path = path.split("__")

    def written(self) -> tuple[Any, ...]:
        return ("__".join(self.path),)

    def value(self, kwargs: dict[str, Any], obj: Any) -> Any:
        for name in self.path:
            obj = getattr(obj, name)
        return obj.pk if isinstance(obj, models.Model) else obj


class KeyField(Field):
    """The same, of a foreign key what its column holds: a user who may not see the
    row it names can have it judged all the same."""

    def value(self, kwargs: dict[str, Any], obj: Any) -> Any:
        for name in self.path[:-1]:
            obj = getattr(obj, name)
        return getattr(obj, attribute_of(obj, self.path[-1]), None)


def attribute_of(obj: Any, name: str) -> str:
    try:
        return obj._meta.get_field(name).attname
    except (AttributeError, FieldDoesNotExist):
        return name


class UrlKwarg:
    """An argument of the view from the URL: UrlKwarg("org_id")."""

    def __init__(self, name: str) -> None:
        self.name = name

    def value(self, kwargs: dict[str, Any], obj: Any) -> Any:
        return kwargs[self.name]


Text = Union[str, Field, UrlKwarg]
Key = Union[str, int, UUID, Field, UrlKwarg]


class Requirement(Written):
    """A condition in SQL.  Stateless, so REST framework gets it for a class and
    for an instance of it alike."""
    of_object = False

    def written(self) -> tuple[Any, ...]:
        raise TypeError("%r cannot be part of a policy" % self)

    def sql(self, kwargs: dict[str, Any], obj: Any) -> tuple[str, list[Any]]:
        """(text, parameters); NULL for what an object must be known for."""
        raise NotImplementedError

    def expression(self) -> Any:
        """The same for a queryset, over its columns."""
        raise TypeError("%r cannot be a condition of a queryset" % self)

    conditional = True      # what Django asks of what stands in filter()

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Any:
        return self.expression().resolve_expression(*args, **kwargs)

    def judge(self, request: Any, kwargs: dict[str, Any], obj: Any = None,
              using: str = DEFAULT_DB_ALIAS) -> tuple[bool, bool]:
        """(is anybody logged in, is it granted), from the database."""
        text, params = self.sql(kwargs, obj)
        with connections[using].cursor() as cursor:
            # without an object only somebody may be granted what depends on one
            cursor.execute("SELECT authz.is_authenticated(), coalesce(%s, %s)" % (
                text, "authz.is_authenticated()" if obj is None else "false"), params)
            return cursor.fetchone()

    # ---- REST framework ----

    def __call__(self) -> Requirement:
        return self

    def has_permission(self, request: Any, view: Any) -> bool:
        return self.judge(request, view.kwargs)[1]

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return not self.of_object or self.judge(request, view.kwargs, obj)[1]

    # ---- composition ----

    @overload
    def __and__(self, other: Requirement) -> Requirement: ...

    @overload
    def __and__(self, other: Any) -> Any: ...

    def __and__(self, other: Any) -> Any:
        return joined("AND", self, other)

    def __rand__(self, other: Any) -> Any:
        return joined("AND", other, self)

    @overload
    def __or__(self, other: Requirement) -> Requirement: ...

    @overload
    def __or__(self, other: Any) -> Any: ...

    def __or__(self, other: Any) -> Any:
        return joined("OR", self, other)

    def __ror__(self, other: Any) -> Any:
        return joined("OR", other, self)

    def __invert__(self) -> Not:
        return Not(self)


class Joined(Requirement):
    def __init__(self, operator: str, *parts: Requirement) -> None:
        self.operator = operator
        self.parts = parts
        self.of_object = any(part.of_object for part in parts)

    def written(self) -> tuple[Any, ...]:
        return (self.operator, *self.parts)

    def sql(self, kwargs: dict[str, Any], obj: Any) -> tuple[str, list[Any]]:
        texts: list[str] = []
        params: list[Any] = []
        for part in self.parts:
            text, more = part.sql(kwargs, obj)
            texts.append(text)
            params += more
        return "(%s)" % (" %s " % self.operator).join(texts), params

    def expression(self) -> Any:
        return expressions.joined(self.operator, [part.expression() for part in self.parts])


class Not(Requirement):
    def __init__(self, part: Requirement) -> None:
        self.part = part
        self.of_object = part.of_object

    def written(self) -> tuple[Any, ...]:
        return (self.part,)

    def sql(self, kwargs: dict[str, Any], obj: Any) -> tuple[str, list[Any]]:
        text, params = self.part.sql(kwargs, obj)
        return "(authz.is_authenticated() AND NOT %s)" % text, params

    def expression(self) -> Any:
        return expressions.negated(self.part.expression())


class Check(Requirement):
    """One function of schema authz that returns a boolean."""

    def __init__(self, function: str, *args: Any) -> None:
        self.function = function
        self.args = args
        self.of_object = any(isinstance(arg, Field) for arg in args)

    def written(self) -> tuple[Any, ...]:
        return (self.function, *self.args)

    def sql(self, kwargs: dict[str, Any], obj: Any) -> tuple[str, list[Any]]:
        if self.of_object and obj is None:
            return "NULL::boolean", []
        texts: list[str] = []
        params: list[Any] = []
        for arg in self.args:
            if isinstance(arg, (Field, UrlKwarg)):
                arg = arg.value(kwargs, obj)
            texts.append("%s::" + type_of(arg))
            params.append(list(arg) if isinstance(arg, tuple) else arg)
        return "authz.%s(%s)" % (self.function, ", ".join(texts)), params

    def expression(self) -> Any:
        return expressions.call(self.function, [expression_of(arg) for arg in self.args])

    def __repr__(self) -> str:
        return "<%s%r>" % (self.function, self.args)


def type_of(value: Any) -> str:
    """The type of a parameter: functions that take any type need to be told."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "bigint"
    if isinstance(value, UUID):
        return "uuid"
    return "text[]" if isinstance(value, (list, tuple)) else "text"


def expression_of(arg: Any) -> Any:
    if isinstance(arg, UrlKwarg):
        raise TypeError("a UrlKwarg cannot be part of a queryset; give the value")
    if isinstance(arg, Field):
        return expressions.column(arg.path)
    return expressions.typed(list(arg) if isinstance(arg, tuple) else arg, type_of(arg))


def joined(operator: str, one: Any, other: Any) -> Any:
    if isinstance(one, Requirement) and isinstance(other, Requirement):
        return Joined(operator, one, other)
    if any(isinstance(part, (models.Q, models.Expression)) for part in (one, other)):
        return expressions.joined_with_condition(operator, one, other)
    from .rest_framework import joined_with_other
    return joined_with_other(operator, one, other)


def check(function: str, doc: str) -> Callable[..., Check]:
    """A requirement whose arguments are those of the SQL function."""
    def make(*args: Any) -> Check:
        return Check(function, *args)
    make.__doc__ = doc
    return make


class OfNames(Protocol):
    def __call__(self, *names: str) -> Check: ...


def check_list(function: str, doc: str) -> OfNames:
    """The same for one that takes any number of names."""
    def make(*names: str) -> Check:
        return Variadic(function, names)
    make.__doc__ = doc
    return make


class Variadic(Check):
    """The names are the last argument, a list."""

    def __init__(self, function: str, names: Sequence[str], *before: Any) -> None:
        if not names:
            raise ValueError("authz.%s() needs at least one name" % function)
        super().__init__(function, *before, tuple(names))

    def written(self) -> tuple[Any, ...]:
        *before, names = self.args
        return (self.function, names, *before)

    def sql(self, kwargs: dict[str, Any], obj: Any) -> tuple[str, list[Any]]:
        text, params = super().sql(kwargs, obj)
        return text.replace("%s::text[]", "VARIADIC %s::text[]"), params

    def expression(self) -> Any:
        return expressions.call(self.function, [expression_of(arg) for arg in self.args],
                                variadic=True)


class StepUp(Requirement):
    """StepUp(["gold"]), StepUp(within=timedelta(minutes=5)): a login as strong as
    one of these, not longer ago than that.  Otherwise 401 with what is wanted
    (RFC 9470), not 403: the client shall log in again.

    It stands beside other requirements, not in a condition with them: then it
    would not be clear whether another login would help.
    """

    def __init__(self, acrs: Iterable[str] | None = None, within: timedelta | None = None) -> None:
        if isinstance(acrs, str) or not (acrs or within) or acrs is not None and not acrs:
            raise ValueError("StepUp takes a list of acrs, or within=timedelta(...), or both")
        self.acrs = acrs if acrs is None else list(acrs)
        self.within = within

    def judge(self, request: Any, kwargs: dict[str, Any], obj: Any = None,
              using: str = DEFAULT_DB_ALIAS) -> tuple[bool, bool]:
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT authz.require_step_up(%s::text[], %s::interval)",
                           [self.acrs, self.within])
        return True, True

    def sql(self, kwargs: dict[str, Any], obj: Any) -> tuple[str, list[Any]]:
        raise TypeError("StepUp cannot be part of &, | or ~; name it beside the others")


IsAuthenticated: Callable[[], Check] = check(
    "is_authenticated", "IsAuthenticated(): there is a good token")
IsAdmin: Callable[[], Check] = check(
    "is_admin", "IsAdmin(): by the issuer's admin_groups, admin_permissions or an item")

HasScope: Callable[[Text], Check] = check("has_scope", "HasScope(scope)")
HasAnyScope = check_list("has_any_scope", "HasAnyScope(scope, ...)")
HasAllScopes = check_list("has_all_scopes", "HasAllScopes(scope, ...)")
HasRole: Callable[[Text], Check] = check("has_role", "HasRole(role)")
HasAnyRole = check_list("has_any_role", "HasAnyRole(role, ...)")
HasAllRoles = check_list("has_all_roles", "HasAllRoles(role, ...)")
HasPermission: Callable[[Text], Check] = check("has_permission", "HasPermission(permission)")
HasAnyPermission = check_list("has_any_permission", "HasAnyPermission(permission, ...)")
HasAllPermissions = check_list("has_all_permissions", "HasAllPermissions(permission, ...)")
HasGroup: Callable[[Text], Check] = check("has_group", "HasGroup(group)")
HasAnyGroup = check_list("has_any_group", "HasAnyGroup(group, ...)")
IsDelegated: Callable[[], Check] = check(
    "is_delegated", "IsDelegated(): somebody acts for the user")
HasActor: Callable[[Text], Check] = check("has_actor", "HasActor(actor): this one does")
HasAnyActor = check_list("has_any_actor", "HasAnyActor(actor, ...)")
HasAcr: Callable[[Text], Check] = check("has_acr", "HasAcr(acr): how strong the login was")
HasAnyAcr = check_list("has_any_acr", "HasAnyAcr(acr, ...)")
HasAmr: Callable[[Text], Check] = check(
    "has_amr", "HasAmr(method): one of the methods of the login")
HasAnyAmr = check_list("has_any_amr", "HasAnyAmr(method, ...)")
HasAllAmrs = check_list("has_all_amrs", "HasAllAmrs(method, ...)")


def HasClaim(path: str | Sequence[str], value: Any) -> Check:
    """HasClaim(["email_verified"], "true"): a path of keys, a value, member or word"""
    return Check("has_claim", [path] if isinstance(path, str) else list(path), value)


def ClaimIs(path: str | Sequence[str], value: Any) -> Check:
    """ClaimIs("department", "Sales"): a path of keys, the whole value"""
    return Check("claim_is", [path] if isinstance(path, str) else list(path), value)


def IsOwner(field: str, claim: str | None = None) -> Check:
    """IsOwner("owner"): a field of the object is the issuer's owner claim, or the one named"""
    return Check("is_owner", Field(field), *([] if claim is None else [claim]))


def IsOwnerOrAdmin(field: str) -> Check:
    """IsOwnerOrAdmin("owner")"""
    return Check("is_owner_or_admin", Field(field))


class InSet(Check):
    """InSet("my_folders", "folder"): a field of the object, a UrlKwarg or a value
    that is not a string is a key of the set.  Of a foreign key its column counts.
    """

    def __init__(self, set: str, key: Any) -> None:
        self.name = set
        self.set = relation_name(set)
        super().__init__("in_set", KeyField(key) if isinstance(key, str) else key)

    def written(self) -> tuple[Any, ...]:
        return (self.name, *self.args)

    def sql(self, kwargs: dict[str, Any], obj: Any) -> tuple[str, list[Any]]:
        if self.of_object and obj is None:
            return "NULL::boolean", []
        key, = self.args
        if isinstance(key, (Field, UrlKwarg)):
            key = key.value(kwargs, obj)
        if key is None:
            return "false", []
        return "authz.in_set(%%s::regclass, %%s::%s)" % type_of(key), [self.set, key]

    def expression(self) -> Any:
        key, = self.args
        return expressions.call(self.function, [expressions.Raw(regclass(self.set)),
                                                expression_of(key)])

    def __repr__(self) -> str:
        return "<in_set%r>" % ((self.set, *self.args),)


InOrg: Callable[[Key], Check] = check(
    "in_org", 'InOrg(org): a value, Field("org_id") or UrlKwarg("org_id")')
HasOrgRole: Callable[[Key, Text], Check] = check(
    "has_org_role", "HasOrgRole(org, role): exactly this role")
IsAtLeastOrgRole: Callable[[Key, Text], Check] = check(
    "is_at_least_org_role", "IsAtLeastOrgRole(org, role)")
HasOrgPermission: Callable[[Key, Text], Check] = check(
    "has_org_permission", "HasOrgPermission(org, permission)")


def HasAnyOrgPermission(org: Key, *permissions: str) -> Check:
    """HasAnyOrgPermission(org, permission, ...)"""
    return Variadic("has_any_org_permission", permissions, org)


def HasAllOrgPermissions(org: Key, *permissions: str) -> Check:
    """HasAllOrgPermissions(org, permission, ...)"""
    return Variadic("has_all_org_permissions", permissions, org)


def HasItemPermission(item: Text, permission: Text, check_parents: bool = False) -> Check:
    """HasItemPermission("profile.image", "view"): item may be a Field or a UrlKwarg"""
    return Check("has_item_permission", item, permission, check_parents)


def HasAnyItemPermission(item: Text, permissions: Iterable[str],
                         check_parents: bool = False) -> Check:
    """HasAnyItemPermission("profile.image", ["view", "manage"])"""
    return Check("has_any_item_permission", item, list(permissions), check_parents)


HasAppPermission: Callable[[Text], Check] = check(
    "has_app_permission", "HasAppPermission(permission)")
ManagesItem: Callable[..., Check] = check("manages_item", "ManagesItem(item)")
HasPerm: Callable[[Text], Check] = check(
    "has_perm", 'HasPerm("polls.vote"): what the model level of djem asks')


class HasObjectPermission(Check):
    """HasObjectPermission("polls.vote"): of the object, by the registered rules"""

    def __init__(self, perm: str) -> None:
        super().__init__("has_object_perm", perm)
        self.of_object = True

    written = Requirement.written

    expression = Requirement.expression

    def sql(self, kwargs: dict[str, Any], obj: Any) -> tuple[str, list[Any]]:
        if obj is None:
            return "NULL::boolean", []
        return "authz.has_object_perm(%s::text, %s::regclass, %s::text)", [
            self.args[0], table_name(obj._meta.db_table), str(obj.pk)]
