"""Why a test sees no rows: what Django's own test clients do not know of.

Asked by the middleware for requests of test clients alone, and said as a
warning, once for each place as Python's warnings are.
"""
from __future__ import annotations

import warnings
from typing import Any

from django.core import mail

from .login import current

SESSION_KEY = "_auth_user_id"       # of django.contrib.auth, which need not be installed


class AuthzTestWarning(UserWarning):
    """A test asks the database as nobody, and seems to mean somebody."""


def look(request: Any) -> None:
    """At a request without a token, when it has been answered."""
    if not hasattr(mail, "outbox") or not request.authz_asked.at_all() \
            or "HTTP_DBMI_AUTHZ_NOBODY" in request.META:
        return
    login = current()
    if login is not None and login.token is not None:
        warn("The test client's request to %s carries no token, although it is made within "
             "as_token(): a request is its own token's." % request.path)
    elif getattr(request, "_force_auth_user", None) is not None:
        warn("force_authenticate() of REST framework's client gives a user to the view of %s, and "
             "no token to the database: policies show nobody's rows." % request.path)
    elif has_session(request):
        warn("The request to %s has a Django session, as of force_login(), and no token: policies "
             "show nobody's rows." % request.path)


def has_session(request: Any) -> bool:
    session = getattr(request, "session", None)
    return session is not None and session.accessed and SESSION_KEY in session


def warn(text: str) -> None:
    warnings.warn(text + "  The clients of dbmi_authz_django.test send one.", AuthzTestWarning,
                  stacklevel=3)
