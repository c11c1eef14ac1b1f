"""For the admin's autodiscovery, and ExplainsAccess for ModelAdmins of others."""
from __future__ import annotations

from django.contrib import admin

from .administration.explaining import ExplainsAccess
from .conf import conf

__all__ = ["ExplainsAccess", "register"]


def register(site: admin.AdminSite) -> None:
    """Our pages on a site of yours.  Nothing without the setting ADMIN_DATABASE."""
    if conf.admin_database is not None:
        from .administration import pages
        pages.register(site)


register(admin.site)
