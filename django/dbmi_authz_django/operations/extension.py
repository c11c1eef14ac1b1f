"""The extension, and whom it trusts."""
from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence

from ..sql import literal
from .base import AuthzOperation


class InstallExtension(AuthzOperation):
    """Install dbmi_authz.  Needs the CREATE privilege on the database, no superuser.

    Backwards it drops the extension, which fails while policies need it, and
    with it all issuers, keys and grants.
    """

    def forwards(self, app_label: str, state: Any) -> Iterator[str]:
        yield "CREATE EXTENSION IF NOT EXISTS dbmi_authz"

    def backwards(self, app_label: str, state: Any) -> Iterator[str]:
        yield "DROP EXTENSION IF EXISTS dbmi_authz"

    def describe(self) -> str:
        return "Installs the extension dbmi_authz"

    migration_name_fragment = "dbmi_authz"


class AddIssuer(AuthzOperation):
    """Trust an issuer: authz.add_issuer().  Keys come from the command authz_jwks.

    issuer     str, exactly as "iss" of its tokens
    audience   list of str; None only where the profile allows it
    profile    generic, auth0, axioms, propelauth, dbmi
    options    dict
    """

    def __init__(self, issuer: str, audience: Sequence[str] | None, profile: str = "generic",
                 options: Mapping[str, Any] | None = None) -> None:
        self.issuer = issuer
        self.audience = audience
        self.profile = profile
        self.options = options

    def forwards(self, app_label: str, state: Any) -> Iterator[str]:
        yield "SELECT authz.add_issuer(%s, %s, %s, %s)" % (
            literal(self.issuer), literal(self.audience), literal(self.profile),
            literal(self.options or {}))

    def backwards(self, app_label: str, state: Any) -> Iterator[str]:
        yield "SELECT authz.drop_issuer(%s)" % literal(self.issuer)

    def describe(self) -> str:
        return "Trusts the issuer %s" % self.issuer

    migration_name_fragment = "add_issuer"
