"""Issuers and their keys: how old they are, and how it stands with them."""
from __future__ import annotations

from datetime import timedelta
from typing import Any, Dict, List, Tuple
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import connections
from django.db.models import Count, Exists, Min, OuterRef
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from ..conf import conf
from . import rights
from .base import Shown
from .models import Issuer, IssuerKey, KeySetStatus
from .words import BAD, FETCH_ERRORS, GOOD, NOTHING, PLAIN, WARN, moment, pretty, span, state

LATE = timedelta(minutes=15)    # after it was due, nobody seems to fetch

SECRET_ALGORITHMS = ("HS256", "HS384", "HS512")


def attach(issuers: List[Issuer]) -> None:
    """Their keys and key sets, in two queries for all of them."""
    names = [issuer.pk for issuer in issuers]
    statuses = {status.pk: status for status in KeySetStatus.objects.filter(pk__in=names)}
    keys: Dict[str, Tuple[int, Any]] = {
        issuer: (number, oldest) for issuer, number, oldest in
        IssuerKey.objects.filter(issuer__in=names).order_by().values_list("issuer")
        .annotate(Count("pk"), Min("added_at"))}
    for issuer in issuers:
        issuer.status = statuses.get(issuer.pk)
        issuer.keys, issuer.oldest = keys.get(issuer.pk, (0, None))


class IssuerList(ChangeList):
    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        found: List[Issuer] = list(self.result_list)
        attach(found)
        self.result_list = found


class KeySetFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> List[Tuple[str, Any]]:
        return [("failing", _("fetching fails")), ("late", _("overdue")),
                ("empty", _("no key"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        status = KeySetStatus.objects.filter(pk=OuterRef("pk"))
        if self.value() == "failing":
            return queryset.filter(Exists(status.filter(last_error__isnull=False)))
        if self.value() == "late":
            return queryset.filter(Exists(status.filter(next_due__lt=timezone.now() - LATE)))
        if self.value() == "empty":
            return queryset.filter(~Exists(IssuerKey.objects.filter(issuer=OuterRef("pk"))))
        return queryset


def how(issuer: Issuer) -> Any:
    """The state of its keys, the worst that is true."""
    status = issuer.status
    if not issuer.keys:
        return state(BAD, gettext("no key: nobody of it can log in"))
    if status is not None and status.last_error is not None:
        words = FETCH_ERRORS.get(status.last_error, status.last_error)
        return state(BAD, gettext("fetching fails: %s") % words)
    if status is not None and status.next_due is not None and status.next_due < timezone.now() - LATE:
        return state(WARN, gettext("overdue by %s: does anything fetch?")
                     % span(timezone.now() - status.next_due))
    if status is None or status.last_success is None:
        return state(PLAIN, gettext("keys added by hand"))
    if status.skipped:
        return state(WARN, ngettext("taken, but for %d entry", "taken, but for %d entries",
                                    len(status.skipped)) % len(status.skipped))
    return state(GOOD, gettext("fresh"))


class IssuerAdmin(Shown):
    list_display = ("issuer", "state", "keys", "taken", "due", "profile")
    list_filter = (KeySetFilter,)
    search_fields = ("issuer",)
    ordering = ("issuer",)
    allowed_lookups = frozenset(["state"])
    about = _("Whose tokens this database believes. Issuers and keys are changed by migrations or "
              "in SQL, not here.")
    empty = _("No issuer yet: every token is refused. Add one with the migration operation "
              "AddIssuer or authz.add_issuer().")
    fieldsets = [
        (None, {"fields": ["issuer", "state", "profile", "audience_list"]}),
        (_("Keys"), {"fields": ["key_links", "oldest_key", "taken", "tried", "error", "due",
                                "left_out"]}),
        (_("Options"), {"fields": ["option_list"],
                        "description": _("What overrides the profile.")}),
    ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return IssuerList

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            attach([found])
        return found

    def notes(self, request: HttpRequest) -> List[Any]:
        with connections[conf.admin_database].cursor() as cursor:
            cursor.execute("SELECT pg_catalog.current_setting('dbmi_authz_keys.max_workers', true)"
                           " IS NOT NULL")
            loaded = cursor.fetchone()[0]
        if loaded:
            return [_("The server has loaded the background worker, which fetches key sets for the "
                      "databases that dbmi_authz_keys.databases names.")]
        return [_("The server has not loaded the background worker: key sets are as fresh as a "
                  "timer with update-keys or authz_jwks keeps them.")]

    @admin.display(description=_("keys"))
    def keys(self, issuer: Issuer) -> int:
        return int(issuer.keys)

    @admin.display(description=_("state of the keys"))
    def state(self, issuer: Issuer) -> Any:
        return how(issuer)

    @admin.display(description=_("last set"))
    def taken(self, issuer: Issuer) -> Any:
        return moment(issuer.status and issuer.status.last_success)

    @admin.display(description=_("last attempt"))
    def tried(self, issuer: Issuer) -> Any:
        return moment(issuer.status and issuer.status.last_attempt)

    @admin.display(description=_("next fetch"))
    def due(self, issuer: Issuer) -> Any:
        return moment(issuer.status and issuer.status.next_due)

    @admin.display(description=_("last error"))
    def error(self, issuer: Issuer) -> Any:
        error = issuer.status and issuer.status.last_error
        return "%s (%s)" % (FETCH_ERRORS.get(error, error), error) if error else NOTHING

    @admin.display(description=_("entries left out"))
    def left_out(self, issuer: Issuer) -> Any:
        skipped = issuer.status.skipped if issuer.status else None
        return pretty(skipped) if skipped else NOTHING

    @admin.display(description=_("oldest key"))
    def oldest_key(self, issuer: Issuer) -> Any:
        return moment(issuer.oldest)

    @admin.display(description=_("audience"))
    def audience_list(self, issuer: Issuer) -> Any:
        if issuer.audience is None:
            return gettext("not looked at")
        return format_html_join(", ", "{}", ((name,) for name in issuer.audience))

    @admin.display(description=_("keys"))
    def key_links(self, issuer: Issuer) -> Any:
        address = reverse("admin:dbmi_authz_issuerkey_changelist",
                          current_app=self.admin_site.name)
        return format_html('<a href="{}?{}">{}</a>', address, urlencode({"issuer": issuer.pk}),
                           ngettext("%d key", "%d keys", issuer.keys) % issuer.keys)

    @admin.display(description=_("options"))
    def option_list(self, issuer: Issuer) -> Any:
        return pretty(issuer.options) if issuer.options else gettext("none: as the profile says")

    def tools(self, request: HttpRequest) -> List[Tuple[str, Any]]:
        if not rights.administers(request):
            return []
        return [(reverse("admin:dbmi_authz_revocation_add", current_app=self.admin_site.name),
                 _("End a person's sessions"))]


class KeyAdmin(Shown):
    list_display = ("name", "issuer", "alg", "kind", "added")
    list_filter = ("alg", "source")
    search_fields = ("issuer", "kid")
    ordering = ("issuer", "kid", "alg")
    allowed_lookups = frozenset(["issuer", "alg", "alg__isnull", "source", "source__isnull"])
    about = _("What tokens are verified with. A key shows its names and its age, never what it is "
              "made of.")
    empty = _("No key yet: every token is refused. Fetch a key set with authz_jwks or update-keys.")
    fieldsets = [(None, {
        "fields": ["name", "issuer", "alg", "kind", "source", "added", "thumbprint"],
        "description": _("Who has a shared secret can make tokens; a public key only verifies them."),
    })]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(public_thumbprint=RawSQL(
            "CASE WHEN alg IN ('HS256', 'HS384', 'HS512') THEN NULL ELSE thumbprint END", ()))

    @admin.display(description=_("key ID"))
    def name(self, key: IssuerKey) -> Any:
        return str(key)

    @admin.display(description=_("kind"))
    def kind(self, key: IssuerKey) -> Any:
        if key.alg in SECRET_ALGORITHMS:
            return state(WARN, gettext("shared secret"))
        return state(GOOD, gettext("public key"))

    @admin.display(description=_("added"))
    def added(self, key: IssuerKey) -> Any:
        return moment(key.added_at)

    @admin.display(description=_("thumbprint"))
    def thumbprint(self, key: IssuerKey) -> Any:
        return key.public_thumbprint or gettext("not shown of a secret")
