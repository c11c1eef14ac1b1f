"""System checks of users, sessions and browsers.  They ask no database."""
from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from ..conf import conf
from ..people.accounts import Rule

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
TOKENS = "dbmi_authz_django.middleware.TokenMiddleware"
USERS = "dbmi_authz_django.sessions.UserMiddleware"

NAMED = ("USER", "STAFF", "SUPERUSER", "STEP_UP", "LOGIN")      # may be dotted paths


@register(Tags.security)
def check_users(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*of_settings(getattr(settings, "DBMI_AUTHZ", {})), *of_order(list(settings.MIDDLEWARE)),
            *of_admin()]


def of_settings(given: dict[str, Any]) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for name in NAMED:
        if isinstance(given.get(name), str):
            try:
                import_string(given[name])
            except ImportError as error:
                found.append(Error("%s of DBMI_AUTHZ: %s" % (name, error), id="dbmi_authz.E060"))
    if isinstance(given.get("USER"), dict):
        try:
            Rule(given["USER"])
        except ImproperlyConfigured as error:
            found.append(Error(str(error), id="dbmi_authz.E061"))
    if conf.session_of_another not in ("refuse", "nobody"):
        found.append(Error('SESSION_OF_ANOTHER of DBMI_AUTHZ is "refuse" or "nobody".',
                           id="dbmi_authz.E062"))
    if not all(isinstance(start, str) and start.startswith("/") and start != "/"
               for start in conf.exempt):
        found.append(Error("EXEMPT of DBMI_AUTHZ is a list of beginnings of paths, like "
                           '"/public/"; "/" would be every page.', id="dbmi_authz.E063"))
    return found


def of_order(paths: list[str]) -> list[CheckMessage]:
    if USERS not in paths:
        return []
    at = paths.index(USERS)
    found: list[CheckMessage] = []
    if TOKENS in paths and paths.index(TOKENS) > at:
        found.append(Error("UserMiddleware stands before TokenMiddleware.",
                           hint="Put it after TokenMiddleware and SessionMiddleware.",
                           id="dbmi_authz.E064"))
    if SESSIONS in paths and paths.index(SESSIONS) > at:
        found.append(Error("UserMiddleware stands before SessionMiddleware: a session and a token "
                           "of different people are not noticed.", id="dbmi_authz.E065"))
    if AUTHENTICATION in paths and paths.index(AUTHENTICATION) > at:
        found.append(Error("AuthenticationMiddleware stands after UserMiddleware, and replaces "
                           "request.user by one that knows of no token.",
                           hint="Take it out: UserMiddleware does its work.",
                           id="dbmi_authz.E066"))
    return found


def of_admin() -> list[CheckMessage]:
    if conf.user is None and (conf.staff or conf.superuser) and apps.is_installed(
            "django.contrib.admin"):
        return [Warning("STAFF and SUPERUSER of DBMI_AUTHZ let users without a row into the admin, "
                        "whose pages need one.",
                        hint="Say in USER how rows are found.", id="dbmi_authz.W067")]
    return []
