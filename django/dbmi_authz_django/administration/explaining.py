"""Who may see this?  authz.explain_access() on a page, for a row and for a table.

It is asked as the visitor, on the visitor's own connection: then it says no more
than the visitor's own queries would.  Somebody else's eyes, by claims that
nobody has signed (authz.simulate()), are the owner's to lend: for superusers of
whom authz.is_admin() is true, by way of ADMIN_DATABASE, in a transaction that
only reads, and of rows that the visitor sees as well.
"""
from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Tuple

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connections, router, transaction
from django.http import HttpRequest, HttpResponse
from django.template.loader import select_template
from django.urls import path, reverse
from django.utils.translation import gettext, gettext_lazy as _

from ..conf import conf
from ..errors import AuthzError, Unauthorized, body_of, message_of, sqlstate
from ..sql import table_name
from . import rights
from .base import NotStored, page

EXPLAIN = "SELECT line FROM authz.explain_access(%s::text::regclass, %s, %s) line"

# The same server and the same database; and what queries are like there.
WHERE = ("SELECT pg_catalog.current_database(),"
         " (SELECT system_identifier FROM pg_catalog.pg_control_system())::text,"
         " current_user::text, pg_catalog.current_setting('row_security')")

# The owner's alias is loud (silence.py): policies that bind it raise.  They are what is
# asked about here, until the rollback.
LIKE_VISITORS = ("SELECT pg_catalog.set_config('role', %s, true),"
                 " pg_catalog.set_config('row_security', %s, true)")

HIDDEN = _("There is no row with this key, or none that you may see.")

COMMANDS = [("SELECT", _("see")), ("UPDATE", _("change")), ("DELETE", _("delete"))]

LONGEST = 65536


class ExplainForm(forms.Form):
    command = forms.ChoiceField(label=_("Who may"), choices=COMMANDS, required=False)
    whom = forms.ChoiceField(
        label=_("As whom"), widget=forms.RadioSelect, required=False, initial="me",
        choices=[("me", _("as me, with my token")), ("claims", _("as somebody with these claims"))])
    claims = forms.CharField(
        label=_("Claims"), required=False, max_length=LONGEST, widget=forms.Textarea(
            attrs={"rows": 6, "spellcheck": "false", "class": "vLargeTextField authz-code"}),
        help_text=_('The payload of a token, as JSON: {"sub": "ann", "scope": "read"}. It is not '
                    "stored. Do not paste a token."))
    issuer = forms.CharField(
        label=_("Issuer"), required=False, strip=False, widget=forms.TextInput(
            attrs={"class": "vTextField"}),
        help_text=_("By whose options the claims are read; empty: the one that iss or aud name."))

    def __init__(self, *args: Any, others: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if others:
            self.fields["issuer"].initial = rights.visitor().issuer
        else:
            for name in ("whom", "claims", "issuer"):
                del self.fields[name]

    def clean(self) -> Dict[str, Any]:
        data: Dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("whom") == "claims":
            try:
                if not isinstance(json.loads(data.get("claims") or ""), dict):
                    raise ValueError
            except (ValueError, RecursionError):
                self.add_error("claims", _("This is not a JSON object."))
        return data


class TableForm(ExplainForm):
    model = forms.ChoiceField(label=_("Of which table"))
    pk = forms.CharField(label=_("Row"), required=False, max_length=1000, widget=forms.TextInput(
        attrs={"class": "vTextField"}), help_text=_("Its primary key; empty: the whole table."))
    field_order = ["model", "pk", "command"]

    def __init__(self, *args: Any, models: List[Tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model"].choices = models


# ---- asking ----

def alias_of(model: Any) -> Optional[str]:
    """Where its rows are read by visitors; None where no token goes."""
    alias: str = router.db_for_read(model)
    return alias if alias in conf.databases else None


def as_visitor(model: Any, alias: str, command: str, pk: Optional[str]) -> List[str]:
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(EXPLAIN, [table_name(model._meta.db_table), command, pk])
        return [line for line, in cursor.fetchall()]


def as_somebody(model: Any, alias: str, command: str, pk: Optional[str], claims: str,
                issuer: Optional[str]) -> List[str]:
    """The same with these claims, as the role and with the row_security that visitors
    have."""
    with connections[alias].cursor() as cursor:
        cursor.execute(WHERE)
        *place, role, row_security = cursor.fetchone()
    with rights.owner_apart() as cursor:
        cursor.execute(WHERE)
        if list(cursor.fetchone()[:2]) != place:
            return [gettext("ADMIN_DATABASE is another database than that of this table.")]
        cursor.execute("SELECT authz.simulate(%s::json, %s)", [claims, issuer or None])
        cursor.execute(LIKE_VISITORS, [role, row_security])
        cursor.execute(EXPLAIN, [table_name(model._meta.db_table), command, pk])
        return [line for line, in cursor.fetchall()]


def in_words(error: DatabaseError) -> str:
    """A refusal, for the page.  What concerns the visitor's own token is not."""
    if isinstance(error, Unauthorized):
        raise error
    if isinstance(error, AuthzError) and body_of(error) is not None:
        raise error
    if sqlstate(error) == "42501":
        return str(gettext("The database refuses that: %s.") % (message_of(error) or "42501"))
    return str(message_of(error) or gettext("The database cannot say."))


def explain(model: Any, form: ExplainForm, pk: Optional[str], seen: bool) -> List[str]:
    """seen: the visitor sees that row, or none is asked about."""
    alias = alias_of(model)
    data = form.cleaned_data if form.is_bound else {}
    command = data.get("command") or "SELECT"
    if alias is None:
        return [gettext("Visitors' tokens do not go to the database of this table.")]
    try:
        if data.get("whom") != "claims":
            return as_visitor(model, alias, command, pk)
        if not seen:
            return [str(HIDDEN)]
        return as_somebody(model, alias, command, pk, data["claims"], data["issuer"])
    except DatabaseError as error:
        return [in_words(error)]


def others_too(request: HttpRequest) -> bool:
    return conf.admin_database is not None and rights.administers(request)


def answered(model_admin: Any, request: HttpRequest, form: ExplainForm, lines: List[str],
             title: Any, **context: Any) -> HttpResponse:
    return page(model_admin, request, "explain", title, form=form,
                answer=lines[0] if lines else None, lines=[
                    (min((len(line) - len(line.lstrip(" "))) // 2, 4), line.strip())
                    for line in lines[1:]],
                me=rights.visitor() if rights.login_here() else None, **context)


class ExplainsAccess(admin.ModelAdmin):
    """For ModelAdmins of tables with policies: a button "Who may see this?"::

        class NoteAdmin(ExplainsAccess, admin.ModelAdmin): ...
    """

    def get_urls(self) -> List[Any]:
        return [path("<path:object_id>/who-may-see/", self.admin_site.admin_view(self.explain_view),
                     name=self.explain_name()), *super().get_urls()]

    def explain_name(self) -> str:
        return "%s_%s_who_may_see" % (self.opts.app_label, self.opts.model_name)

    def render_change_form(self, request: HttpRequest, context: Any, add: bool = False,
                           change: bool = False, form_url: str = "", obj: Any = None) -> HttpResponse:
        response = super().render_change_form(request, context, add, change, form_url, obj)
        if obj is not None and not add and alias_of(self.model) is not None:
            names = response.template_name
            response.context_data["authz_parent"] = select_template(
                [names] if isinstance(names, str) else names)
            response.context_data["authz_explain_url"] = reverse(
                "admin:" + self.explain_name(), args=[quote(obj.pk)],
                current_app=self.admin_site.name)
            response.template_name = "dbmi_authz/admin/change_form.html"
        return response

    def explain_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        form = ExplainForm(request.POST if request.method == "POST" else None,
                           others=others_too(request))
        lines = []
        if not form.is_bound or form.is_valid():
            lines = explain(self.model, form, str(obj.pk), True)
        return answered(self, request, form, lines, _("Who may see this?"), original=obj,
                        back=reverse("admin:%s_%s_change" % (
                            self.opts.app_label, self.opts.model_name), args=[quote(obj.pk)],
                            current_app=self.admin_site.name))


class ExplanationAdmin(NotStored):
    """The same for any model of this admin that the visitor may look at."""

    def show(self, request: HttpRequest) -> HttpResponse:
        known = {model._meta.label_lower: found for model, found in self.admin_site._registry.items()
                 if model._meta.managed and alias_of(model) is not None
                 and found.has_view_or_change_permission(request)}
        form = TableForm(request.POST if request.method == "POST" else None,
                         others=others_too(request), models=[
            (label, "%s (%s)" % (found.opts.verbose_name, label))
            for label, found in sorted(known.items())])
        lines: List[str] = []
        if form.is_bound and form.is_valid():
            found = known[form.cleaned_data["model"]]
            pk = form.cleaned_data["pk"] or None
            seen = pk is None or form.cleaned_data.get("whom") != "claims" or \
                found.get_object(request, pk) is not None
            lines = explain(found.model, form, pk, seen)
        return answered(self, request, form, lines, _("Who may see what?"))
