"""TokenBackend: functions of django.contrib.auth with tokens.

    AUTHENTICATION_BACKENDS = [
        "dbmi_authz_django.backends.TokenBackend",
        "django.contrib.auth.backends.ModelBackend",
    ]

    user = authenticate(request, token=token)

With it a row that UserMiddleware has found has the token's permissions, beside
those that Django's tables give it.
"""
from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend

from .people.accounts import user_model, user_of
from .errors import AccountRefused, MalformedRequest, Unauthorized
from .identity import identity
from .login import as_token
from .token import one_token
from .people.users import Held


class TokenBackend(BaseBackend):
    def authenticate(self, request: Any, token: str | None = None) -> Any:
        """Who a token is, or None for one that is refused.  Whose queries these are
        stays as it is: that is the business of the middleware and of as_token()."""
        if token is None:
            return None
        try:
            with as_token(one_token(token)) as login:
                me = identity()
                return user_of(me, login) if me else None
        except (AccountRefused, MalformedRequest, Unauthorized):
            return None

    def get_user(self, user_id: Any) -> Any:
        """Of a Django session.  It has no token."""
        row = user_model()._default_manager.filter(pk=user_id).first()
        return row if row is not None and row.is_active else None

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        held = held_by(user_obj)
        return held is not None and held.has_perm(perm, obj)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        held = held_by(user_obj)
        return held is not None and held.has_module_perms(app_label)

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        held = held_by(user_obj)
        return set() if held is None else held.all_permissions(obj)

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return self.get_user_permissions(user_obj, obj)


def held_by(user: Any) -> Held | None:
    """What the token of a request says of this very user object, not of others."""
    return getattr(user, "_authz", None) if user.is_active else None
