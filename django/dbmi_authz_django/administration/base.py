"""What all of the pages have in common."""
from __future__ import annotations

import re
from typing import Any, Dict, FrozenSet, Iterable, List, Optional, Tuple

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property, lazy
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from ..errors import Forbidden, Unauthorized, message_of
from . import rights

AHEAD = 10      # pages that are counted beyond the one that is shown

# What reads as a token must not be stored or logged as the name of something.
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")


def no_token(text: str) -> None:
    if TOKEN.search(text):
        raise ValidationError(_("This is a token. It belongs nowhere but into a request; "
                                "give the value of one of its claims."), code="token")


def no_nul(request: HttpRequest) -> None:
    """PostgreSQL has no such text, and each driver has its own error for it."""
    if any("\0" in value for values in request.GET.lists() for value in values[1]):
        raise SuspiciousOperation("NUL in the address")


def forget_tokens(form: forms.Form) -> None:
    """Whatever was wrong with a form, its page does not repeat a token."""
    if form.is_bound:
        given = form.data.copy()
        for name, value in form.data.items():
            if TOKEN.search(value):
                given[name] = ""
        form.data = given


class Ahead(Paginator):
    """Counts up to some pages beyond the one that is shown, and not a million rows."""
    page_shown = 1

    @cached_property
    def seen(self) -> int:
        end = (self.page_shown + AHEAD) * self.per_page
        return int(self.object_list.order_by()[:end + 1].count())

    @cached_property
    def count(self) -> int:
        return int(min(self.seen, (self.page_shown + AHEAD) * self.per_page))

    @property
    def more(self) -> bool:
        return bool(self.seen > self.count)


class Shown(admin.ModelAdmin):
    """Rows to be looked at."""
    allowed_lookups: FrozenSet[str] = frozenset()
    about: Any = ""
    empty: Any = ""
    actions: Any = None
    sortable_by: Any = ()
    list_per_page = 100
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = getattr(getattr(admin, "ShowFacets", None), "NEVER", None)     # Django 5.0
    view_on_site = False
    change_list_template = "dbmi_authz/admin/change_list.html"

    class Media:
        css = {"all": ["dbmi_authz/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        # Django allows any field of the model, whether it is shown or not
        return lookup in self.allowed_lookups

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return False

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Ahead:
        paginator = Ahead(*args, **kwargs)
        shown = request.GET.get("p", "")
        if re.fullmatch(r"\d{1,7}", shown):
            paginator.page_shown = max(1, int(shown))
        return paginator

    @admin.display(description=lazy(format_html, str)(
        '<input type="checkbox" id="action-toggle" aria-label="{}">', _("Select all")))
    def action_checkbox(self, obj: Any) -> Any:
        """Django's, with a name (which Django 3.2 gives it none)."""
        return forms.CheckboxInput({
            "class": "action-select", "aria-label": str(_("Select %s")) % obj,
        }, lambda value: False).render(helpers.ACTION_CHECKBOX_NAME, str(obj.pk))

    def tools(self, request: HttpRequest) -> List[Tuple[str, Any]]:
        """Buttons above the list: (address, words)."""
        return []

    def notes(self, request: HttpRequest) -> List[Any]:
        """Sentences above the list."""
        return []

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        no_nul(request)
        return super().changelist_view(request, {
            "authz_about": self.about, "authz_empty": self.empty,
            "authz_tools": self.tools(request), "authz_notes": self.notes(request),
            **(extra_context or {})})

    def url(self, name: str, *args: Any) -> str:
        address: str = reverse("admin:%s_%s_%s" % (self.opts.app_label, self.opts.model_name, name),
                               args=args, current_app=self.admin_site.name)
        return address

    def page(self, request: HttpRequest, template: str, title: Any, **context: Any) -> HttpResponse:
        return page(self, request, template, title, **context)

    def back(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(self.url("changelist"))


class NotStored(Shown):
    """A page of its own, and no rows behind it."""

    def get_urls(self) -> List[Any]:
        from django.urls import path
        return [path("", self.admin_site.admin_view(self.changelist_view),
                     name="%s_%s_changelist" % (self.opts.app_label, self.opts.model_name))]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        no_nul(request)
        return self.show(request)

    def show(self, request: HttpRequest) -> HttpResponse:
        raise NotImplementedError


def page(model_admin: Any, request: HttpRequest, template: str, title: Any,
         **context: Any) -> HttpResponse:
    request.current_app = model_admin.admin_site.name
    if "form" in context:
        forget_tokens(context["form"])
    return TemplateResponse(request, "dbmi_authz/admin/%s.html" % template, {
        **model_admin.admin_site.each_context(request), "title": title,
        "opts": model_admin.model._meta, "media": Shown(model_admin.model, model_admin.admin_site).media,
        **context})


def confirmed(model_admin: Shown, request: HttpRequest, what: Tuple[Any, ...]) -> bool:
    """Has this visitor confirmed exactly that?  Tells the visitor if not any longer."""
    given = request.POST.get("authz_seal")
    if given is None:
        return False
    if rights.sealed(request, given, what):
        return True
    model_admin.message_user(request, _(
        "Nothing was done: the confirmation was somebody else's, for something else, or older "
        "than ten minutes. Look at it again."), messages.WARNING)
    return False


def confirm(model_admin: Shown, request: HttpRequest, what: Tuple[Any, ...], title: Any,
            sentences: Iterable[Any], button: Any, fields: Iterable[Tuple[str, str]] = (),
            rows: Iterable[Any] = ()) -> HttpResponse:
    return model_admin.page(
        request, "confirm", title, sentences=list(sentences), rows=list(rows), button=button,
        fields=[*fields, ("authz_seal", rights.seal(request, what))], me=rights.visitor(),
        cancel=model_admin.url("changelist"))


def said(error: DatabaseError) -> str:
    """What the database has against it, in a sentence.  Answers about the login
    itself are for the middleware."""
    if isinstance(error, Unauthorized) or isinstance(error, Forbidden) and error.reason is None:
        raise error
    return message_of(error) or str(_("The database refused it."))


