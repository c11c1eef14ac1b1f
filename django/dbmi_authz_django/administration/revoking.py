"""Revocations: "end this person's sessions", and the like for a token, a session
or an actor."""
from __future__ import annotations

import json
from typing import Any, List, Tuple

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from . import rights
from .base import Shown, confirm, confirmed, no_token, said
from .fields import FOREVER, parts
from .models import InactiveSubject, Issuer, Revocation
from .words import BAD, moment, state

FEW = 50    # issuers that a list of choices shows

# What a choice means, and the statement.  Each takes issuer and value.
WHAT = {
    "subject": (_("End a person's sessions: they may log in again"),
                "SELECT authz.revoke_subject(%s, %s)"),
    "forever": (_("Refuse a person's tokens for good, later ones too"),
                "SELECT authz.revoke_subject(%s, %s, 'infinity')"),
    "token": (_("Refuse one token, by its jti"), "SELECT authz.revoke_token(%s, %s)"),
    "session": (_("End one session, by its sid"), "SELECT authz.revoke_session(%s, %s)"),
    "actor": (_("End all in which this actor acts for somebody"),
              "SELECT authz.revoke_actor(%s, %s)"),
}

EFFECT = {
    "subject": _("Every token of this person that was issued until now is refused, from the next "
                 "query of each session on. Whoever can log in at the issuer gets a new one."),
    "forever": _("Every token of this person is refused, also later ones, until the owner of the "
                 "database takes the revocation back in SQL."),
    "token": _("The token with this jti is refused, from the next query on."),
    "session": _("Every token of this session is refused, from the next query on."),
    "actor": _("Every token in which this actor acts for somebody is refused, from the next query "
               "on. Its own tokens are another person's."),
}


class RevokeForm(forms.Form):
    what = forms.ChoiceField(label=_("What"), widget=forms.RadioSelect, initial="subject",
                             choices=[(name, label) for name, (label, sql) in WHAT.items()])
    issuer = forms.CharField(label=_("Issuer"), strip=False)
    value = forms.CharField(
        label=_("Who or which"), strip=False, max_length=2000, validators=[no_token],
        help_text=_("Exactly as the tokens have it: sub of a person, jti of a token, sid of a "
                    "session, the name of an actor."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = list(Issuer.objects.order_by("pk").values_list("pk", flat=True)[:FEW + 1])
        if len(names) <= FEW:
            self.fields["issuer"] = forms.ChoiceField(
                label=_("Issuer"), choices=[(name, name) for name in names])
        else:
            self.fields["issuer"].widget.attrs["class"] = "vTextField"
        self.fields["value"].widget.attrs["class"] = "vTextField"

    def clean_issuer(self) -> str:
        name: str = self.cleaned_data["issuer"]
        if not Issuer.objects.filter(pk=name).exists():
            raise forms.ValidationError(_("There is no such issuer."))
        return name


class KindFilter(admin.SimpleListFilter):
    title = _("what")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> List[Tuple[str, Any]]:
        return list(Revocation.KINDS)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class RevocationAdmin(Shown):
    list_display = ("value", "kind", "effect", "issuer", "revoked")
    list_filter = (KindFilter,)
    search_fields = ("value", "issuer")
    ordering = ("-revoked_at",)
    allowed_lookups = frozenset(["kind"])
    about = _("Tokens that are refused although they verify. This list names people.")
    empty = _("Nothing is revoked.")
    fieldsets = [(None, {"fields": ["value", "kind", "issuer", "effect", "revoked", "prune"]})]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return rights.administers(request)

    def get_urls(self) -> List[Any]:
        return [path("prune/", self.admin_site.admin_view(self.prune_view),
                     name="dbmi_authz_revocation_prune"), *super().get_urls()]

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        found = parts(object_id, 3)
        if found is None:
            return None
        return self.get_queryset(request).filter(
            issuer=found[0], kind=found[1], value=found[2]).first()

    def tools(self, request: HttpRequest) -> List[Tuple[str, Any]]:
        if not rights.administers(request):
            return []
        return [(self.url("prune"), _("Remove what has ended")),
                (self.url("add"), _("End a person's sessions"))]

    @admin.display(description=_("effect"))
    def effect(self, row: Revocation) -> Any:
        if row.kind != "subject":
            return state(BAD, gettext("refused"))
        if row.issued_before >= FOREVER:
            return state(BAD, gettext("all tokens, for good"))
        return format_html("{} {}", state(BAD, gettext("tokens from before")),
                           moment(row.issued_before))

    @admin.display(description=_("revoked"))
    def revoked(self, row: Revocation) -> Any:
        return moment(row.revoked_at)

    @admin.display(description=_("can be removed"))
    def prune(self, row: Revocation) -> Any:
        return moment(row.until)

    def add_view(self, request: HttpRequest, form_url: str = "",
                 extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            form = RevokeForm(initial={name: request.GET[name] for name in ("what", "issuer", "value")
                                       if name in request.GET})
            return self.ask(request, form)
        form = RevokeForm(request.POST)
        if not form.is_valid():
            return self.ask(request, form)
        what, issuer, value = (form.cleaned_data[name] for name in ("what", "issuer", "value"))
        if confirmed(self, request, ("revoke", what, issuer, value)):
            return self.revoke(request, form, what, issuer, value)
        sentences = [EFFECT[what]]
        me = rights.visitor()
        if what in ("subject", "forever") and (issuer, value) == (me.issuer, me.subject):
            sentences.append(_("This is you: you will be logged out."))
        return confirm(self, request, ("revoke", what, issuer, value), WHAT[what][0], sentences,
                       _("Yes, end it"), [("what", what), ("issuer", issuer), ("value", value)],
                       [(_("Issuer"), issuer), (_("Who or which"), value)])

    def ask(self, request: HttpRequest, form: forms.Form) -> HttpResponse:
        return self.page(request, "form", _("End sessions"), form=form, button=_("Go on"),
                         about=_("You will be asked once more before anything happens."),
                         cancel=self.url("changelist"))

    def revoke(self, request: HttpRequest, form: forms.Form, what: str, issuer: str,
               value: str) -> HttpResponse:
        rights.insist(request)
        kind = "subject" if what == "forever" else what
        name = str(Revocation(issuer=issuer, kind=kind, value=value))
        try:
            with rights.noted(request, Revocation, key_of(issuer, kind, value), name, ADDITION,
                              "Revoked: " + what), rights.owner() as cursor:
                cursor.execute(WHAT[what][1], [issuer, value])
        except DatabaseError as error:
            form.add_error(None, said(error))
            return self.ask(request, form)
        self.message_user(request, gettext("Done: %s.") % name, messages.SUCCESS)
        return self.back(request)

    def prune_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if not (request.method == "POST" and confirmed(self, request, ("prune",))):
            return confirm(self, request, ("prune",), _("Remove what has ended"), [
                _("Revocations whose time has passed are removed: of tokens that have expired "
                  "since. All others stay.")], _("Yes, remove them"))
        rights.insist(request)
        with rights.noted(request, Revocation, "", gettext("revocations"), CHANGE, "Pruned"), \
                rights.owner() as cursor:
            cursor.execute("SELECT authz.prune_revocations()")
            number = cursor.fetchone()[0]
        self.message_user(request, ngettext("%d revocation was removed.",
                                            "%d revocations were removed.", number) % number,
                          messages.SUCCESS)
        return self.back(request)


def key_of(*names: str) -> str:
    """As RowKey has it."""
    return json.dumps(names, ensure_ascii=False)


class InactiveAdmin(Shown):
    list_display = ("subject", "issuer", "effect")
    list_display_links = None
    search_fields = ("subject", "issuer")
    ordering = ("issuer", "subject")
    about = _("Whoever is listed is nobody, whatever token they bring. Written by the owner of the "
              "database, in SQL. This list names people.")
    empty = _("Nobody is locked out.")

    @admin.display(description=_("effect"))
    def effect(self, row: InactiveSubject) -> Any:
        return state(BAD, gettext("counts as nobody"))

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        found = parts(object_id, 2)
        return found and self.get_queryset(request).filter(
            issuer=found[0], subject=found[1]).first()


