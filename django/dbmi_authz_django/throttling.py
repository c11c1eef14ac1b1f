"""Throttling of REST framework by who the token says, and not by address.

    "DEFAULT_THROTTLE_CLASSES": ["dbmi_authz_django.throttling.SubjectRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"subject": "1000/hour", "anon": "50/hour"},

A subject is told apart by issuer and subject, so it has one allowance for all of
its tokens and addresses.  The key in the cache is a digest.  A client that has no
token counts by address, at the rate "anon"; without that rate not at all.
"""
from __future__ import annotations

import logging
from hashlib import sha256
from typing import Any, Optional

from rest_framework import throttling

from .errors import AuthzError
from .identity import Identity

log = logging.getLogger("django.request")


def subject_of(request: Any) -> Optional[str]:
    """A digest of issuer and subject; None for a request without a token."""
    if not isinstance(request.auth, Identity):
        return None
    found: Any = request.auth
    who = "%s\0%s" % (found.issuer, found.subject or found.user_id or found.client_id)
    return sha256(who.encode()).hexdigest()


class BySubject:
    """Beside a throttle of REST framework's, whose scope and rates count.

    refuse_without_cache   what happens when the cache is down: it is logged, and
                           the request goes on, for policies are kept elsewhere
    """
    refuse_without_cache = False

    def get_cache_key(self, request: Any, view: Any) -> Optional[str]:
        subject = subject_of(request)
        if subject is None:
            key: Optional[str] = super().get_cache_key(request, view)   # type: ignore[misc]
            return key
        return "throttle_%s_authz_%s" % (self.scope, subject)   # type: ignore[attr-defined]

    def allow_request(self, request: Any, view: Any) -> bool:
        try:
            return bool(super().allow_request(request, view))   # type: ignore[misc]
        except AuthzError:
            raise
        except Exception as error:
            if self.refuse_without_cache:
                raise
            log.error("No throttling: the cache fails: %s", type(error).__name__)
            return True


class Anonymous(BySubject, throttling.AnonRateThrottle):
    def get_rate(self) -> Any:
        return self.THROTTLE_RATES.get(self.scope)


class SubjectRateThrottle(BySubject, throttling.UserRateThrottle):
    """At the rate "subject"."""
    scope = "subject"
    other: Any = None

    def allow_request(self, request: Any, view: Any) -> bool:
        if subject_of(request) is None and not (request.user and request.user.is_authenticated):
            self.other = Anonymous()
            self.other.refuse_without_cache = self.refuse_without_cache
            return bool(self.other.allow_request(request, view))
        return super().allow_request(request, view)

    def wait(self) -> Any:
        return super().wait() if self.other is None else self.other.wait()


class SubjectScopedRateThrottle(BySubject, throttling.ScopedRateThrottle):
    """At the rate of the view's throttle_scope."""
