"""Denials: AUTHZ_REPORTER_CLASS, or the log."""
from __future__ import annotations

import logging
from typing import Any

from django.utils.module_loading import import_string

from .settings import dbmi_settings

log = logging.getLogger("dbmi_client")


class AuthorizationReporter:
    """What a class of the application may have."""

    @classmethod
    def failure(cls, request: Any, user: Any, item: str, permissions: list[str]) -> None:
        log.warning("%s: a user failed authorization on %r: %r", dbmi_settings.CLIENT, item,
                    permissions)


def report(request: Any, user: Any, item: str, permission: str) -> None:
    given = dbmi_settings.AUTHZ_REPORTER_CLASS
    reporter = AuthorizationReporter if given is None else import_string(given)
    try:
        reporter.failure(request, user, item, [permission])
    except Exception:
        # who watches has no say in what is answered
        log.exception("the reporter failed")
