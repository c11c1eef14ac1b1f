"""request.user: who the token says, with a row of the user table or without.

A user belongs to the login of its request.  Whatever it is asked later, within
"with as_token()" too, it answers as that login, and as nobody when it is over.
"""
from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from typing import Any, Callable, Iterable, Iterator, NamedTuple

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS, connections

from ..conf import conf
from ..identity import Identity, ask
from ..login import Login, current, enter, leave
from ..requirements import HasObjectPermission, Requirement
from ..sql import table_name
from .rules import imported


@contextmanager
def as_login(login: Login | None) -> Iterator[None]:
    if current() is login:
        yield
        return
    mark = enter(login)
    try:
        yield
    finally:
        leave(mark)


class Held:
    """Who a user is by the token: its login and identity, which are never kept
    with the user in a cache or a session."""
    __slots__ = ("login", "identity", "answers")

    def __init__(self, login: Login | None = None, identity: Identity | None = None) -> None:
        self.login = login
        self.identity = identity
        self.answers: dict[Any, bool] = {}

    def __reduce__(self) -> tuple[type[Held], tuple[()]]:
        return Held, ()

    def __copy__(self) -> Held:
        return self

    def __deepcopy__(self, memo: Any) -> Held:
        return self

    def is_somebody(self) -> bool:
        """No longer when its request is over."""
        return bool(self.identity) and (self.login is None or not self.login.finished)

    def holds(self, rule: Any) -> bool:
        """Of a requirement, or a function of the identity: the settings STAFF and SUPERUSER."""
        if rule is None or not self.is_somebody():
            return False
        found = self.answers.get(("rule", rule))
        if found is None:
            with as_login(self.login):
                found = self.answers["rule", rule] = self.judge(imported(rule))
        return found

    def judge(self, rule: Any) -> bool:
        if isinstance(rule, Requirement):
            return bool(rule.judge(None, {}) == (True, True))
        return rule(self.identity) is True

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Of the model level once, as Django does; of an object each time, as it is now."""
        if not self.is_somebody():
            return False
        if obj is None:
            found = self.answers.get(("perm", perm))
            if found is None:
                with as_login(self.login):
                    found = self.answers["perm", perm] = ask("has_perm", perm) is True
            return found
        if obj.pk is None:
            return False        # no row yet, so no rule can be asked
        with as_login(self.login):
            return HasObjectPermission(perm).judge(None, {}, obj)[1] is True

    def has_module_perms(self, app_label: str) -> bool:
        if not self.is_somebody():
            return False
        return self.is_admin() or any(perm.startswith(app_label + ".")
                                      for perm in self.names())

    def is_admin(self) -> bool:
        found = self.answers.get("is_admin")
        if found is None:
            with as_login(self.login):
                found = self.answers["is_admin"] = ask("is_admin") is True
        return found

    def names(self) -> set[str]:
        """What the token itself names; an administrator has all others, too."""
        return set() if self.identity is None else set(self.identity.permissions)

    def all_permissions(self, obj: Any = None) -> set[str]:
        if not self.is_somebody():
            return set()
        if obj is None:
            return self.names()
        if obj.pk is None:
            return set()
        with as_login(self.login), connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT authz.object_permissions(%s::regclass, %s)",
                           [table_name(obj._meta.db_table), str(obj.pk)])
            return {name for name, in cursor.fetchall()}


class Group(NamedTuple):
    """Of a token: a name."""
    name: str

    def __str__(self) -> str:
        return self.name


class Groups:
    """user.groups of a user without a row: what the token says."""

    def __init__(self, names: Iterable[str]) -> None:
        self.found = [Group(name) for name in sorted(names)]

    def all(self) -> Groups:
        return self

    def filter(self, **wanted: Any) -> Groups:
        found = self.found
        for lookup, value in wanted.items():
            if lookup in ("name", "name__exact"):
                value = (value,)
            elif lookup != "name__in":
                raise TypeError("Groups of a token can be looked for by name and name__in, "
                                "and not by %s." % lookup)
            found = [group for group in found if group.name in value]
        return Groups(group.name for group in found)

    def values_list(self, *fields: str, flat: bool = False) -> list[Any]:
        if fields != ("name",):
            raise TypeError("Groups of a token have a name, and nothing else.")
        return [group.name if flat else (group.name,) for group in self.found]

    def exists(self) -> bool:
        return bool(self.found)

    def count(self) -> int:
        return len(self.found)

    def first(self) -> Group | None:
        return self.found[0] if self.found else None

    __len__ = count

    def __iter__(self) -> Iterator[Group]:
        return iter(self.found)


def in_thread(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for coroutines, with the name that Django 5.2 gives it."""
    @wraps(function)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        return await sync_to_async(function, thread_sensitive=True)(*args, **kwargs)
    return wrapped


class TokenUser:
    """Who the token says, without a row of Django's user table.

    Never staff or a superuser, whatever the token claims, unless the settings
    STAFF and SUPERUSER say of whom.  Permissions are those of authz.has_perm()
    and of the rules for objects.
    """
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, identity: Identity, login: Login | None = None) -> None:
        self.identity = identity
        self._authz = Held(current() if login is None else login, identity)

    @property
    def pk(self) -> str | None:
        found: str | None = self.identity.user_id or self.identity.subject
        return found

    id = pk

    def get_username(self) -> str | None:
        found: str | None = self.identity.username or self.identity.subject
        return found

    username = property(get_username)

    def get_full_name(self) -> str:
        return claimed(self.identity, "name") or str(self)

    def get_short_name(self) -> str:
        return claimed(self.identity, "given_name") or str(self)

    first_name = property(lambda self: claimed(self.identity, "given_name"))
    last_name = property(lambda self: claimed(self.identity, "family_name"))

    @property
    def email(self) -> str | None:
        found: str | None = self.identity.email
        return found

    @property
    def is_staff(self) -> bool:
        return self._authz.holds(conf.staff)

    @property
    def is_superuser(self) -> bool:
        return self._authz.holds(conf.superuser)

    @property
    def groups(self) -> Groups:
        return Groups(self.identity.groups)

    @property
    def user_permissions(self) -> Any:
        from django.contrib.auth.models import Permission
        from django.db.models.manager import EmptyManager
        return EmptyManager(Permission)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_superuser or self._authz.has_perm(perm, obj)

    def has_perms(self, perm_list: Iterable[str], obj: Any = None) -> bool:
        if isinstance(perm_list, str):
            raise ValueError("perm_list must be an iterable of permissions.")
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_superuser or self._authz.has_module_perms(app_label)

    def get_all_permissions(self, obj: Any = None) -> set[str]:
        return self._authz.all_permissions(obj)

    get_user_permissions = get_all_permissions

    def get_group_permissions(self, obj: Any = None) -> set[str]:
        return set()        # a token does not say which are the groups'

    ahas_perm, ahas_perms = in_thread(has_perm), in_thread(has_perms)
    ahas_module_perms = in_thread(has_module_perms)
    aget_all_permissions = in_thread(get_all_permissions)
    aget_user_permissions = in_thread(get_user_permissions)
    aget_group_permissions = in_thread(get_group_permissions)

    def no_row(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            "This user has no row of the user table. The key USER of the setting DBMI_AUTHZ "
            "says how one is found.")

    save = delete = set_password = check_password = no_row
    asave = adelete = acheck_password = no_row

    @property
    def _meta(self) -> Any:
        # asked by login() of django.contrib.auth, which writes the key into the session
        raise AttributeError("A user without a row cannot have a Django session. The key USER of "
                             "the setting DBMI_AUTHZ says how one is found.")

    get_session_auth_hash = _meta       # which login() asks first since Django 6.1

    def __str__(self) -> str:
        return str(self.get_username())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TokenUser) and (
            self.pk, self.identity.issuer) == (other.pk, other.identity.issuer)

    def __hash__(self) -> int:
        return hash((self.pk, self.identity.issuer))


def claimed(identity: Identity, name: str) -> str:
    value = identity.claims.get(name)
    return value if isinstance(value, str) else ""
