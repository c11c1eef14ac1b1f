"""What is asked of an identity, and whether it is asked in one go with the token.

identity() asks first of all in many requests.  Its question then travels behind
the token, in the token's own round trip (drivers.py), and is not sent again.
"""
from __future__ import annotations

from contextvars import ContextVar
from typing import Optional

FACTS = """SELECT pg_catalog.jsonb_build_object(
 'is_authenticated', authz.is_authenticated(), 'claims', authz.claims(),
 'subject', authz.subject(), 'user_id', authz.user_id(), 'email', authz.email(),
 'username', authz.username(), 'issuer', authz.issuer(), 'client_id', authz.client_id(),
 'token_id', authz.token_id(), 'audience', authz.audience(), 'scopes', authz.scopes(),
 'roles', authz.roles(), 'permissions', authz.permissions(), 'groups', authz.groups(),
 'active_org_id', authz.active_org_id(), 'expires_at', authz.expires_at(),
 'organisations', (SELECT pg_catalog.jsonb_object_agg(o.org_id, pg_catalog.to_jsonb(o))
                     FROM authz.orgs() o))::text"""


class Wanted:
    """While it lasts, the facts are the next statement."""

    def __init__(self) -> None:
        self.text: Optional[str] = None     # the answer that came with the token

    def __enter__(self) -> Wanted:
        self.mark = _wanted.set(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        _wanted.reset(self.mark)


_wanted: ContextVar[Optional[Wanted]] = ContextVar("dbmi_authz_wanted", default=None)


def wanted() -> Optional[Wanted]:
    return _wanted.get()


def has_come(sql: object) -> bool:
    """Is this the question, and has the answer come already?"""
    found = _wanted.get()
    return found is not None and found.text is not None and sql == FACTS
