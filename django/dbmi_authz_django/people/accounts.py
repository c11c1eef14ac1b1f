"""The row of the user table that belongs to a token: the setting USER.

    "USER": {
        "field": "username",            # of the row
        "claim": "subject",             # of the token, that it must equal
        "issuers": ["https://id.example"],
        "create": False,                # a row for whom there is none
        "update": {"email": "email"},   # field: claim
        "without_row": "refuse",        # or "token": a TokenUser
        "trusted": False,
    }

or a function of the identity, or its dotted path, that returns a row or None.

A user who can choose the value of the claim can be anybody whose row has it.  So
it is one that the issuer assigns, "subject" or "user_id", of issuers that are
named, because each has subjects of its own; or an e-mail address of which the
token says that it is verified.  "trusted" says that the issuers let nobody
choose another claim.
"""
from __future__ import annotations

import logging
from copy import copy
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import IntegrityError, router, transaction

from ..conf import conf
from ..errors import AccountRefused
from ..identity import Identity
from ..login import Login
from .rules import imported
from .users import Held, TokenUser

log = logging.getLogger("dbmi_authz_django")

ASSIGNED = ("subject", "user_id")       # by the issuer
OF_IDENTITY = (*ASSIGNED, "email", "username")
DEFAULTS: dict[str, Any] = {"field": "username", "claim": "subject", "issuers": None, "create": False,
                            "update": {}, "without_row": "refuse", "trusted": False}

# What says who somebody is or what they may is not copied from a token.
NEVER = {"is_staff", "is_superuser", "is_active", "password", "groups", "user_permissions",
         "last_login"}


class Rule:
    """The setting, looked through."""

    def __init__(self, given: dict[str, Any]) -> None:
        wrong = sorted(set(given) - set(DEFAULTS))
        if wrong:
            raise ImproperlyConfigured("USER of DBMI_AUTHZ has no key %r. There are %s." % (
                wrong[0], ", ".join(sorted(DEFAULTS))))
        values = {**DEFAULTS, **given}
        self.field: str = values["field"]
        self.claim: str = values["claim"]
        self.create: bool = values["create"]
        self.update: dict[str, str] = values["update"]
        self.trusted: bool = values["trusted"]
        self.without_row: str = values["without_row"]
        if not isinstance(values["issuers"], (list, tuple)) or not values["issuers"]:
            raise ImproperlyConfigured("USER of DBMI_AUTHZ needs \"issuers\", a list of names: "
                                       "another issuer's subjects are other people.")
        self.issuers: frozenset[str] = frozenset(values["issuers"])
        if self.claim not in (*ASSIGNED, "email") and not self.trusted:
            raise ImproperlyConfigured(
                "USER of DBMI_AUTHZ goes by the claim %r, which people may be able to choose. "
                'Take "subject", or say "trusted": True.' % self.claim)
        bad = NEVER.union([self.field, "pk", "id"]).intersection(self.update)
        if bad:
            raise ImproperlyConfigured("USER of DBMI_AUTHZ cannot update the field %r from a token."
                                       % sorted(bad)[0])
        if self.without_row not in ("refuse", "token"):
            raise ImproperlyConfigured('"without_row" in USER of DBMI_AUTHZ is "refuse" or "token".')

    def value(self, identity: Identity, claim: str) -> str | None:
        """Of a claim; None where it is missing, or is an address that is not verified."""
        if claim == "email" and not self.trusted and not is_verified(identity):
            return None
        found = (getattr(identity, claim) if claim in OF_IDENTITY
                 else identity.claims.get(claim))
        return found if isinstance(found, str) and found else None

    def find(self, identity: Identity) -> Any:
        """The row, or None.  Raises AccountRefused for what can have no row."""
        value = self.key(identity)
        lookup = self.field + "__iexact" if self.claim == "email" else self.field
        rows = list(user_model()._default_manager.filter(**{lookup: value})[:2])
        if len(rows) > 1 or rows and not self.is_same(getattr(rows[0], self.field), value):
            raise AccountRefused()
        return rows[0] if rows else None

    def key(self, identity: Identity) -> str:
        value = self.value(identity, self.claim)
        if identity.issuer not in self.issuers or value is None:
            raise AccountRefused()
        field = user_model()._meta.get_field(self.field)
        if field.max_length is not None and len(value) > field.max_length:
            raise AccountRefused()
        try:
            field.to_python(value)
        except ValidationError:
            raise AccountRefused() from None
        return value

    def is_same(self, there: Any, value: str) -> bool:
        """The database may find more than what is equal: citext, blanks, collations."""
        if self.claim == "email":
            return str(there).lower() == value.lower()
        return str(there) == str(user_model()._meta.get_field(self.field).to_python(value))

    def made(self, identity: Identity) -> Any:
        """A new row; that of another request which was quicker."""
        model = user_model()
        row = model(**{self.field: self.key(identity)})
        row.set_unusable_password()
        self.copy(identity, row)
        try:
            row.clean_fields(exclude=["password", self.field])
            with transaction.atomic(router.db_for_write(model)):
                row.save(force_insert=True)
        except IntegrityError:
            row = self.find(identity)
            if row is None:
                raise AccountRefused() from None
        except ValidationError as error:
            log.warning("No row can be made of a token; the fields in question: %s",
                        ", ".join(sorted(error.message_dict)))
            raise AccountRefused() from None
        return row

    def copy(self, identity: Identity, row: Any) -> list[str]:
        """Names of the fields that have changed."""
        changed = []
        for field, claim in self.update.items():
            value = self.value(identity, claim)
            if value is not None:
                longest = row._meta.get_field(field).max_length
                value = value[:longest]
                if getattr(row, field) != value:
                    setattr(row, field, value)
                    changed.append(field)
        return changed


def is_verified(identity: Identity) -> bool:
    """The claim speaks of the claim "email", whatever the issuer's e-mail address is.
    Some providers send a word."""
    found = identity.claims.get("email_verified")
    return (found is True or found == "true") and bool(
        identity.claims.get("email") == identity.email)


def user_model() -> Any:
    from django.contrib.auth import get_user_model
    return get_user_model()


class Kept:
    """The rule of the setting as it is now."""
    given: Any = None
    rule: Any = None

    @classmethod
    def now(cls) -> Any:
        if cls.given is not conf.user:
            given: Any = conf.user
            cls.rule = Rule(given) if isinstance(given, dict) else imported(given)
            cls.given = conf.user
        return cls.rule


def row_of(identity: Identity) -> Any:
    """The row that is there, active or not, or None.  Writes nothing."""
    rule = Kept.now()
    if rule is None:
        return None
    # a function may keep rows, and return one of them to several requests
    return rule.find(identity) if isinstance(rule, Rule) else copy(rule(identity))


def user_of(identity: Identity, login: Login | None) -> Any:
    """request.user for a good token.  Raises AccountRefused, and then the login is
    nobody's in the database, too."""
    try:
        return accepted(identity, login)
    except AccountRefused:
        if login is not None:
            login.finish()
        raise


def accepted(identity: Identity, login: Login | None) -> Any:
    rule = Kept.now()
    if rule is None:
        return TokenUser(identity, login)
    row = row_of(identity)
    if isinstance(rule, Rule):
        if row is None and rule.create:
            row = rule.made(identity)
        elif row is None and rule.without_row == "token":
            return TokenUser(identity, login)
    if row is None or not row.is_active:
        raise AccountRefused()
    row._authz = Held(login, identity)
    changed = rule.copy(identity, row) if isinstance(rule, Rule) else []
    changed += flags(row)
    if changed:
        row.save(update_fields=changed)
    return row


def flags(row: Any) -> list[str]:
    """is_staff and is_superuser as STAFF and SUPERUSER say, both given and taken."""
    changed = []
    for field, rule in (("is_staff", conf.staff), ("is_superuser", conf.superuser)):
        if rule is not None and getattr(row, field) != row._authz.holds(rule):
            setattr(row, field, row._authz.holds(rule))
            changed.append(field)
    return changed
