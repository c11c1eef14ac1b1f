"""The setting DBMI_CLIENT_CONFIG, as an application has it already.

What says how tokens are verified is not read: that is the issuer in the database.
"""
from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

DEFAULTS: dict[str, Any] = {
    "CLIENT": None,
    "AUTH_CLIENTS": {},
    "AUTHN_URL": None,
    "AUTHN_TITLE": None,
    "AUTHN_ICON_URL": None,
    "AUTHN_COLOR": None,
    "AUTHN_BACKGROUND": None,
    "AUTHZ_ADMIN_PERMISSION": "MANAGE",
    "AUTHZ_REPORTER_CLASS": None,
    "DRF_OBJECT_OWNER_KEY": "user",
    "JWT_AUTHZ_NAMESPACE": None,
    "JWT_COOKIE_DOMAIN": None,
    "JWT_HTTP_PREFIX": "JWT ",
    "LOGIN_REDIRECT_KEY": "next",
    "LOGIN_REDIRECT_URL": None,
    "LOGOUT_REDIRECT_KEY": "next",
    "LOGOUT_REDIRECT_URL": None,
}


class Settings:
    """dbmi_settings.CLIENT and so on, read each time."""

    def __getattr__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise AttributeError("Invalid DBMI setting: %r" % name)
        return getattr(settings, "DBMI_CLIENT_CONFIG", {}).get(name, DEFAULTS[name])


dbmi_settings = Settings()


def authn_url() -> str:
    found: str | None = dbmi_settings.AUTHN_URL
    if not found:
        raise ImproperlyConfigured("DBMI_CLIENT_CONFIG needs AUTHN_URL, the address of the "
                                   "service where people log in.")
    return found.rstrip("/")
