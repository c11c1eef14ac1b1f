"""The issuers of a test database, and a key of ours for them.

The migrations have made the project's issuers there, with their options but
without anybody's keys.  Each gets one more secret, made in this process and kept
nowhere else.  So a token of a test has the issuer, the audience and the shape
of a real one.  A database without issuers gets one.
"""
from __future__ import annotations

import json
import secrets
from hashlib import sha256
from typing import Any, Dict, List, NamedTuple, Tuple

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS

from ..conf import conf
from . import databases

KIND = "dbmi_authz-tests-"
SECRET = secrets.token_bytes(32)
KID = KIND + sha256(SECRET).hexdigest()[:16]

OWN = "https://issuer.invalid", ["tests"]

ROLE = """
SELECT rolname, rolsuper, rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user"""
ADMINISTERS = """
SELECT pg_catalog.pg_has_role(datdba, 'USAGE'),
       pg_catalog.to_regprocedure('authz.set_token(text,boolean)') IS NOT NULL
  FROM pg_catalog.pg_database WHERE datname = current_database()"""
ISSUERS = """
SELECT i.issuer, i.audience, p.chosen_by, p.options::text, i.options::text,
       EXISTS (SELECT FROM authz.issuer_key k WHERE k.issuer = i.issuer AND k.kid = %s)
  FROM authz.issuer i JOIN authz.profile p USING (profile) ORDER BY 1"""
# of test runs in the same database, with --keepdb
OLD = """
SELECT authz.drop_key(issuer, kid) FROM authz.issuer_key
 WHERE pg_catalog.starts_with(kid, %s) AND added_at < pg_catalog.now() - interval '1 day'"""


class Issuer(NamedTuple):
    """As the database has it: options are those of the profile with its own."""
    name: str
    audience: List[str]
    by_audience: bool
    options: Dict[str, Any]


_known: Dict[Tuple[Any, ...], Dict[str, Issuer]] = {}


def issuers(using: str = DEFAULT_DB_ALIAS) -> Dict[str, Issuer]:
    """Those of a test database, which believes tokens of mint() from then on."""
    databases.check(using)
    place = databases.place(using)
    if place not in _known:
        databases.apart(check_role, using)
        _known[place] = databases.apart(trusted, using)
    return _known[place]


def issuer_of(name: str | None = None, using: str = DEFAULT_DB_ALIAS) -> Issuer:
    """The one of that name, or the one that the tests are about."""
    found = issuers(using)
    name = name or getattr(conf, "test_issuer")
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if name not in found:
        raise ImproperlyConfigured(
            "%s There are %s." % (
                "Which issuer shall tokens of tests come from?  Give issuer=, or the setting "
                "TEST_ISSUER of DBMI_AUTHZ." if name is None
                else "The test database has no issuer %r." % name,
                ", ".join(sorted(map(repr, found)))))
    return found[name]


def check_role(using: str) -> None:
    """Tests as somebody whom no policy binds would prove nothing."""
    with databases.connected(using) as cursor:
        cursor.execute(ROLE)
        role, superuser, bypass = cursor.fetchone()
    if superuser or bypass:
        raise ImproperlyConfigured(
            "Tests use the database \"%s\" as the role %r, which %s: no policy binds it, and each "
            "test would see all rows.  Let them run as another role, see doc/django/testing.md."
            % (using, role, "is a superuser" if superuser else "has BYPASSRLS"))


def trusted(using: str) -> Dict[str, Issuer]:
    for alias in databases.aliases(using):
        with databases.connected(alias) as cursor:
            cursor.execute(ADMINISTERS)
            administers, installed = cursor.fetchone()
            if not installed:
                raise ImproperlyConfigured(
                    "The test database of \"%s\" does not have the extension dbmi_authz: does a "
                    "migration install it?" % using)
            if administers:
                return trust(cursor)
    raise ImproperlyConfigured(
        "No alias of the test database of \"%s\" has the rights of its owner, who can add a key "
        "for tests.  See doc/django/testing.md." % using)


def trust(cursor: Any) -> Dict[str, Issuer]:
    # one after the other, should two processes share it
    cursor.execute("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext(%s))", [KIND])
    cursor.execute(OLD, [KIND])
    rows = read(cursor)
    if not rows:
        cursor.execute("SELECT authz.add_issuer(%s, %s)", OWN)
        rows = read(cursor)
    for issuer, known in rows:
        if not known:
            algorithms = sorted({*issuer.options.get("algorithms", ()), "HS256"})
            cursor.execute("SELECT authz.alter_issuer(%s, %s::json)",
                           [issuer.name, json.dumps({"algorithms": algorithms})])
            cursor.execute("SELECT authz.add_secret(%s, %s, %s)", [issuer.name, SECRET, KID])
    return {issuer.name: issuer for issuer, _ in rows}


def read(cursor: Any) -> List[Tuple[Issuer, bool]]:
    cursor.execute(ISSUERS, [KID])
    return [(Issuer(name, audience or [], chosen_by == "aud",
                    {**json.loads(presets), **json.loads(own)}), known)
            for name, audience, chosen_by, presets, own, known in cursor.fetchall()]
