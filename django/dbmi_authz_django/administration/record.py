"""The record of the trust: who changed whom this database believes."""
from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, List, Optional, Tuple

from django.contrib import admin
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy as _

from .base import Shown
from .models import TrustChange
from .words import NOTHING, moment, pretty

RELATIONS = ("issuer", "issuer_key", "revocation", "inactive_subject", "actor_ceiling",
             "object_access", "permission_implies", "profile", "cluster_key")


class RelationFilter(admin.SimpleListFilter):
    title = _("what")
    parameter_name = "relation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> List[Tuple[str, str]]:
        return [(name, name) for name in RELATIONS]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(relation=self.value()) if self.value() else queryset


class AgeFilter(admin.SimpleListFilter):
    title = _("when")
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> List[Tuple[str, Any]]:
        return [("1", _("last 24 hours")), ("7", _("last 7 days")), ("30", _("last 30 days"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in ("1", "7", "30"):
            return queryset
        return queryset.filter(at__gte=timezone.now() - timedelta(days=int(self.value())))


class TrustChangeAdmin(Shown):
    list_display = ("what", "of", "when", "who")
    list_filter = (AgeFilter, RelationFilter)
    search_fields = ("issuer", "subject", "session_role", "new_row", "old_row")
    ordering = ("-at",)
    allowed_lookups = frozenset(["days", "relation"])
    about = _("Who changed issuers, keys, revocations, ceilings, sets and rules, by functions or by "
              "hand. The owner of the database can change this record, too. It names people.")
    empty = _("Nothing is recorded here.")
    fieldsets = [
        (None, {"fields": ["what", "when", "rows"]}),
        (_("By whom"), {"fields": ["who", "actor", "session_role", "role", "whence",
                                   "replicated"]}),
        (_("What"), {"fields": ["before", "after"]}),
    ]

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        numbers = re.fullmatch(r"\(([0-9]{1,10}),([0-9]{1,5})\)", object_id)
        if numbers is None or int(numbers[1]) >= 2 ** 32 or int(numbers[2]) >= 2 ** 16:
            return None
        place: Any = RawSQL("ctid = %s::tid", (object_id,))
        return self.get_queryset(request).annotate(here=place).filter(here=True).first()

    @admin.display(description=_("what"))
    def what(self, row: TrustChange) -> Any:
        return "%s %s" % (row.command, row.relation)

    @admin.display(description=_("of which"))
    def of(self, row: TrustChange) -> Any:
        document = row.new_row or row.old_row
        if not isinstance(document, dict):
            return NOTHING
        names = [document.get(name) for name in ("kid", "value", "subject", "actor", "perm")]
        found = [name for name in names if isinstance(name, str)][:1]
        issuer = document.get("issuer")
        if isinstance(issuer, str):
            found.append(issuer)
        return " · ".join(found) or NOTHING

    @admin.display(description=_("when"))
    def when(self, row: TrustChange) -> Any:
        return moment(row.at)

    @admin.display(description=_("who was logged in"))
    def who(self, row: TrustChange) -> Any:
        if row.subject is None:
            return gettext("nobody; role %s") % row.session_role
        return gettext("%(subject)s of %(issuer)s") % {"subject": row.subject, "issuer": row.issuer}

    @admin.display(description=_("from"))
    def whence(self, row: TrustChange) -> Any:
        found: List[Optional[str]] = [row.client_address, row.application]
        return ", ".join(each for each in found if each) or gettext("the server itself")

    @admin.display(description=_("before"))
    def before(self, row: TrustChange) -> Any:
        return pretty(row.old_row)

    @admin.display(description=_("after"))
    def after(self, row: TrustChange) -> Any:
        return pretty(row.new_row)


