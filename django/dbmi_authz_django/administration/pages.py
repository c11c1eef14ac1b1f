"""Which page is whose."""
from __future__ import annotations

from django.contrib.admin import AdminSite

from . import models
from .explaining import ExplanationAdmin
from .granting import ItemPermissionAdmin
from .linting import FindingAdmin
from .record import TrustChangeAdmin
from .revoking import InactiveAdmin, RevocationAdmin
from .sessions import SessionAdmin
from .trust import IssuerAdmin, KeyAdmin

PAGES = [
    (models.Issuer, IssuerAdmin), (models.IssuerKey, KeyAdmin),
    (models.Revocation, RevocationAdmin), (models.InactiveSubject, InactiveAdmin),
    (models.ItemPermission, ItemPermissionAdmin), (models.LoginSession, SessionAdmin),
    (models.TrustChange, TrustChangeAdmin), (models.Finding, FindingAdmin),
    (models.Explanation, ExplanationAdmin),
]


def register(site: AdminSite) -> None:
    for model, page in PAGES:
        if not site.is_registered(model):
            site.register(model, page)
