"""Who the database says that this is."""
from __future__ import annotations

import json
import re
from datetime import datetime
from hashlib import sha256
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.dateparse import parse_datetime

from .connection import facts
from .caching.asked import note
from .login import current

LISTS = ("audience", "scopes", "roles", "permissions", "groups")


class Identity:
    """What the token says, as verified.  False in a condition when nobody is
    logged in.

    claims          dict; {} for nobody
    subject, user_id, email, username, issuer, client_id, token_id,
    active_org_id   str or None
    audience, scopes, roles, permissions, groups    frozenset of str
    organisations   dict: id -> dict with the columns of authz.orgs()
    expires_at      aware datetime or None
    cache_key       a digest of it all, for the keys of caches: of a token with
                    other claims it is another
    """
    is_authenticated: bool
    claims: dict[str, Any]
    subject: str | None
    user_id: str | None
    email: str | None
    username: str | None
    issuer: str | None
    client_id: str | None
    token_id: str | None
    active_org_id: str | None
    audience: frozenset[str]
    scopes: frozenset[str]
    roles: frozenset[str]
    permissions: frozenset[str]
    groups: frozenset[str]
    organisations: dict[str, dict[str, Any]]
    expires_at: datetime | None
    cache_key: str

    def __init__(self, text: str) -> None:
        found = json.loads(text)
        self.__dict__.update(found)
        self.cache_key = sha256(text.encode()).hexdigest()
        for name in LISTS:
            setattr(self, name, frozenset(found[name] or ()))
        self.claims = found["claims"] or {}
        self.organisations = found["organisations"] or {}
        self.expires_at = parse_datetime(found["expires_at"]) if found["expires_at"] else None

    def __bool__(self) -> bool:
        return self.is_authenticated

    def __repr__(self) -> str:
        # claims are personal data: not for tracebacks
        return "<Identity: %s>" % ("somebody" if self.is_authenticated else "nobody")


def identity(using: str = DEFAULT_DB_ALIAS) -> Identity:
    """The Identity of this request or "with as_token()", asked from the database
    once.  Raises Unauthorized for a token that is refused or has expired."""
    login = current()
    if login is None:
        return ask_facts(using)
    note(login)
    found: Identity | None = login.identities.get(using)
    if found is None:
        found = login.identities[using] = ask_facts(using)
    return found


async def aidentity(using: str = DEFAULT_DB_ALIAS) -> Identity:
    """The same in a coroutine.  What identity() has found is found here, and the
    other way round."""
    login = current()
    if login is not None and using in login.identities:
        return identity(using)
    return await sync_to_async(identity, thread_sensitive=True)(using)


def ask_facts(using: str) -> Identity:
    with cursor_for("identity", using) as cursor:
        with facts.Wanted() as wanted:
            cursor.execute(facts.FACTS)
        return Identity(cursor.fetchone()[0] if wanted.text is None else wanted.text)


def ask(function: str, *args: Any, using: str = DEFAULT_DB_ALIAS) -> Any:
    """A question to the database: ask("has_scope", "notes:write").

    function is the name of one in schema authz that returns one value.  The
    answer is of this moment and is not kept.
    """
    if not re.fullmatch(r"[a-z_]+", function):
        raise ValueError("no name of a function: %r" % (function,))
    sql = "SELECT authz.%s(%s)" % (function, ", ".join(["%s"] * len(args)))
    with cursor_for("ask", using) as cursor:
        cursor.execute(sql, args)
        return cursor.fetchone()[0]


async def aask(function: str, *args: Any, using: str = DEFAULT_DB_ALIAS) -> Any:
    """The same in a coroutine."""
    return await sync_to_async(ask, thread_sensitive=True)(function, *args, using=using)


def cursor_for(name: str, using: str) -> Any:
    try:
        return connections[using].cursor()
    except SynchronousOnlyOperation:
        raise SynchronousOnlyOperation(
            "authz.%s() asks the database, which a coroutine does by \"await authz.a%s()\"."
            % (name, name)) from None
