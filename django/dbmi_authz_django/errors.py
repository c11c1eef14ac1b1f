"""SQLSTATE to HTTP: errors of the database that are answers to the client.

28000 is 401, 42501 is 403 (401 where another login would do), P0002 is 404; no database at all is 503.  Drivers put class 28 among the
operational errors, beside lost connections; the exceptions here are none.
"""
from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any, Optional

from django.core.exceptions import PermissionDenied
from django.db import (
    DatabaseError, IntegrityError, InterfaceError, OperationalError, ProgrammingError,
)
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, JsonResponse

from .conf import conf


class AuthzError(DatabaseError):
    """An error with an answer.

    body    the members "error" and "error_description" of RFC 6750, 3.1.
            There is no "error" when the request had no token.  RFC 9470, 3 has
            "acr_values" and "max_age", too.
    reason  what the database said, where that is not for the client; or None
    """
    status: int = None      # type: ignore[assignment]
    default: dict[str, Any] = {}
    reason: str | None = None

    def __init__(self, body: dict[str, Any] | None = None) -> None:
        self.body = self.default if body is None else body
        super().__init__(self.description)

    @property
    def description(self) -> str:
        return self.body.get("error_description", "")

    @property
    def challenge(self) -> str | None:
        """The value of WWW-Authenticate (RFC 6750, 3), or None."""
        return challenge(self.body)


class MalformedRequest(AuthzError):
    """Something else than one token where a token belongs: 400."""
    status = 400
    default = {"error": "invalid_request", "error_description": "Expected exactly one token"}


class Unauthorized(AuthzError):
    """No token where one is needed, or one that is not or no longer good: 401."""
    status = 401
    default = {"error_description": "Authentication is required"}


class StepUpRequired(Unauthorized):
    """Logged in, but not strongly or recently enough (RFC 9470): 401, and what would be."""


class Forbidden(AuthzError, PermissionDenied):
    """Logged in, and denied: 403.  Django answers so by itself too."""
    status = 403
    default = {"error": "insufficient_scope", "error_description": "Access denied"}


class AccountRefused(Forbidden):
    """A good token, and no row of the user table that may be used with it: 403."""
    default = {"error_description": "There is no active account for this login"}


class NotFound(AuthzError, Http404):
    """No such row, or one whose existence is not to be told: 404."""
    status = 404
    default = {"error_description": "Not found"}

    @property
    def challenge(self) -> str | None:
        return None


class Conflict(AuthzError):
    """In the way of another row, seen or hidden: 409, by REST framework's views."""
    status = 409
    default = {"error": "conflict", "error_description": "In conflict with another row"}

    @property
    def challenge(self) -> str | None:
        return None


class Unavailable(AuthzError):
    """The database cannot be reached, or the connection was lost: 503."""
    status = 503
    default = {"error": "temporarily_unavailable",
               "error_description": "The database is not available"}

    @property
    def challenge(self) -> str | None:
        return None


class RowsHidden(ProgrammingError):
    """Policies would hide rows from work that means all of them (silence.py).

    Not an answer to a client: the code has to say whose work it is.
    """

    def __init__(self, alias: str, primary: str, models: list[str], carries_tokens: bool) -> None:
        named = ", ".join(models) or "..."
        alias_of_owner = "..." if carries_tokens else '"%s"' % alias
        ways = ['as_owner(%s, using=%s)' % (named, alias_of_owner),
                "in a migration the operation AsOwner",
                'before a command "authz_as_owner %s --"' % " ".join(models or ["app.Model"])]
        if carries_tokens:
            ways.append("or say whose queries these are: as_token(token), as_token(None) for "
                        "nobody")
        super().__init__(
            '%s (database "%s", where nobody would notice that rows are missing)\n'
            "HINT:  Do it as the owner: %s." % (primary, alias, "; ".join(ways)))


STEP_UP = "insufficient_user_authentication"


class Failure(Exception):
    """What the server said, as the drivers' errors have it.  Its message has seen no token."""

    def __init__(self, state: str | None, primary: str | None, detail: str | None) -> None:
        super().__init__(primary or "the connection was lost")
        self.sqlstate = state
        self.diag = SimpleNamespace(message_primary=primary, message_detail=detail)


def sqlstate(error: BaseException | None) -> str | None:
    """Of a driver's error, or of Django's around it; None without."""
    while error is not None:
        # psycopg2 says pgcode, psycopg 3 sqlstate
        state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
        if state:
            return state
        error = error.__cause__
    return None


def body_of(error: BaseException | None) -> dict[str, Any] | None:
    """DETAIL of an error of dbmi_authz, which is the RFC 6750 body; or None."""
    while error is not None:
        diag = getattr(error, "diag", None)
        if diag is not None:
            try:
                body = json.loads(diag.message_detail or "")
            except ValueError:
                return None
            if isinstance(body, dict) and "error_description" in body:
                return body
            return None
        error = error.__cause__
    return None


def message_of(error: BaseException | None) -> str | None:
    """Of the server, in one line."""
    while error is not None:
        primary = getattr(getattr(error, "diag", None), "message_primary", None)
        if primary:
            return primary
        error = error.__cause__
    return None


def answer_to(error: BaseException, had_token: bool = True) -> AuthzError | None:
    """The AuthzError that a database error means, or None.

    28000 also means that the server let nobody in, and P0002 a query in
    PL/pgSQL that found nothing: these two count with our DETAIL only.  A 42501
    without it comes from a policy (a new row that violates it) or from
    PostgreSQL's own privileges.
    """
    if isinstance(error, RowsHidden):
        return None
    state = sqlstate(error)
    if state == "42501":
        body = body_of(error)
        if body is not None and body.get("error") == STEP_UP:
            return StepUpRequired(body)
        if body is None and not had_token:
            body = {"error_description": Forbidden.default["error_description"]}
        answer = Forbidden(body)
        answer.reason = message_of(error) if body_of(error) is None else None
        return answer
    if state == "28000" or state == "P0002":
        body = body_of(error)
        if body is not None:
            return Unauthorized(body) if state == "28000" else NotFound(body)
    return None


# class 08, and: no room for a connection, the server stops or starts
NO_CONNECTION = re.compile("08...|53300|57P0[1235]")


def unavailable(error: BaseException) -> Unavailable | None:
    """Unavailable for an error that says that there is no database; or None.

    Errors of the connection itself have no SQLSTATE in either driver; what a
    statement does wrong always has one.
    """
    if isinstance(error, InterfaceError) and not sqlstate(error):
        return Unavailable() if "closed" in str(error) else None
    if not isinstance(error, OperationalError):
        return None
    state = sqlstate(error)
    return Unavailable() if state is None or NO_CONNECTION.fullmatch(state) else None


BETWEEN_ROWS = ("23001", "23503", "23505", "23P01")


def conflict_of(error: BaseException) -> Optional[Conflict]:
    """Conflict for a key that is taken, for a reference to no row, and for a row that others
    refer to; or None.  The client is not told which: the other row may be hidden."""
    if not isinstance(error, IntegrityError):
        return None
    if sqlstate(error) not in BETWEEN_ROWS and not isinstance(error, (ProtectedError, RestrictedError)):
        return None
    conflict = Conflict()
    conflict.reason = message_of(error) or type(error).__name__
    return conflict


def challenge(body: dict[str, Any]) -> str:
    parts = ["realm=" + quoted(conf.realm)]
    parts += ["%s=%s" % (name, quoted(str(body[name])))
              for name in ("error", "error_description", "acr_values", "max_age") if body.get(name)]
    return "Bearer " + ", ".join(parts)


def quoted(text: str) -> str:
    """A quoted-string with the characters that RFC 6750, 3 allows."""
    return '"%s"' % "".join(
        c if " " <= c <= "~" and c not in '"\\' else "?" for c in text)


def response_to(error: AuthzError) -> JsonResponse:
    """The response of plain Django to an AuthzError."""
    response = JsonResponse(error.body, status=error.status)
    if error.challenge is not None:
        response["WWW-Authenticate"] = error.challenge
    response["Cache-Control"] = "no-store"
    return response
