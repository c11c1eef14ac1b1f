"""Permissions on items.  They are granted and taken back as the visitor, on the
visitor's own connection, so the database judges that too."""
from __future__ import annotations

from typing import Any, List, Optional, Tuple

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, DELETION
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connections, transaction
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from ..conf import conf
from ..errors import Forbidden, NotFound
from ..identity import ask
from . import rights
from .base import Shown, confirm, confirmed, no_token, said
from .fields import parts
from .models import ItemPermission
from .revoking import key_of
from .words import moment

# The applications, by the first column of an index: one look for each of them.
CLIENTS = """
WITH RECURSIVE found(client) AS (
    SELECT pg_catalog.min(client) FROM authz.item_permission
    UNION ALL
    SELECT (SELECT pg_catalog.min(client) FROM authz.item_permission WHERE client > found.client)
      FROM found WHERE client IS NOT NULL)
SELECT client FROM found WHERE client IS NOT NULL LIMIT 50"""


def ascii_lower(text: str) -> str:
    """As lower() does under the collation "C"."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


class ClientFilter(admin.SimpleListFilter):
    title = _("application")
    parameter_name = "application"

    def lookups(self, request: HttpRequest, model_admin: Any) -> List[Tuple[str, str]]:
        with connections[conf.admin_database].cursor() as cursor:
            cursor.execute(CLIENTS)
            return [(client, client) for client, in cursor.fetchall()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(client=self.value()) if self.value() else queryset


class GrantForm(forms.Form):
    email = forms.CharField(label=_("E-mail address"), max_length=320, validators=[no_token])
    item = forms.CharField(label=_("Item"), max_length=1000, validators=[no_token],
                           help_text=_("A path of names with dots between them: scans.brain"))
    permission = forms.CharField(label=_("Permission"), initial="VIEW", max_length=200,
                                 validators=[no_token], help_text=_("VIEW, MANAGE, or a name of yours"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "vTextField"


class ItemPermissionAdmin(Shown):
    list_display = ("email", "permission", "item", "client", "by", "granted")
    list_filter = (ClientFilter,)
    search_fields = ("email", "item", "permission")
    ordering = ("client", Lower("email"), Lower("item"), Lower("permission"))
    allowed_lookups = frozenset(["application"])
    actions = ("take_back",)
    about = _("Who may do what on which item. This list names people.")
    empty = _("No permission is granted here.")
    fieldsets = [(None, {"fields": ["email", "permission", "item", "client", "by", "granted"]})]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return rights.administers(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return rights.administers(request)

    def get_actions(self, request: HttpRequest) -> Any:
        found = super().get_actions(request)
        found.pop("delete_selected", None)      # ours confirms, and is noted, in its own way
        return found

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        found = parts(object_id, 4)
        if found is None:
            return None
        client, email, item, permission = found
        return self.get_queryset(request).alias(
            low_email=Lower("email"), low_item=Lower("item"), low_permission=Lower("permission"),
        ).filter(client=client, low_email=ascii_lower(email), low_item=ascii_lower(item),
                 low_permission=ascii_lower(permission)).first()

    def tools(self, request: HttpRequest) -> List[Tuple[str, Any]]:
        return [(self.url("add"), _("Grant a permission"))] if rights.administers(request) else []

    @admin.display(description=_("granted by"))
    def by(self, row: ItemPermission) -> Any:
        return row.granted_by or gettext("the owner of the database")

    @admin.display(description=_("granted"))
    def granted(self, row: ItemPermission) -> Any:
        return moment(row.granted_at)

    def add_view(self, request: HttpRequest, form_url: str = "",
                 extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        client: Optional[str] = ask("item_client", using=rights.visitor_alias())
        form = GrantForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid() and client is not None:
            done = self.grant(request, form, client)
            if done is not None:
                return done
        about = _("Your token's issuer has no application (option \"application\"), so nothing can "
                  "be granted with it.") if client is None else gettext(
            "In the application %s, which is that of your token.") % client
        return self.page(request, "form", _("Grant a permission on an item"), form=form,
                         about=about, button=_("Grant"), cancel=self.url("changelist"),
                         closed=client is None)

    def grant(self, request: HttpRequest, form: forms.Form, client: str) -> Optional[HttpResponse]:
        rights.insist(request)
        data = form.cleaned_data
        row = ItemPermission(client=client, **data)
        alias = rights.visitor_alias()
        try:
            with rights.noted(request, ItemPermission, key_of_row(row), str(row), ADDITION,
                              "Granted"), \
                    transaction.atomic(using=alias), connections[alias].cursor() as cursor:
                cursor.execute("SELECT authz.grant_item_permission(%s, %s, %s)",
                               [row.email, row.item, row.permission])
                new = cursor.fetchone()[0]
        except DatabaseError as error:
            form.add_error(None, denied(error))
            return None
        self.message_user(request, (gettext("Granted: %s.") if new else
                                    gettext("It was granted already: %s.")) % row, messages.SUCCESS)
        return self.back(request)

    def delete_view(self, request: HttpRequest, object_id: str,
                    extra_context: Any = None) -> HttpResponse:
        from django.contrib.admin.utils import unquote
        if not self.has_delete_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self.take_away(request, [row], []) or self.back(request)

    @admin.action(description=_("Take back the selected permissions"), permissions=["delete"])
    def take_back(self, request: HttpRequest, queryset: Any) -> Optional[HttpResponse]:
        rows = list(queryset)
        return self.take_away(request, rows, [
            ("action", "take_back"), *(("_selected_action", row.pk) for row in rows)])

    def take_away(self, request: HttpRequest, rows: List[ItemPermission],
                  fields: List[Tuple[str, str]]) -> Optional[HttpResponse]:
        what = ("take back", *sorted(row.pk for row in rows))
        if not (request.method == "POST" and confirmed(self, request, what)):
            return confirm(self, request, what, _("Take back permissions"), [
                _("Sessions notice at their next query.")], _("Yes, take them back"), fields,
                [(row.email, gettext("%(permission)s on %(item)s, in %(application)s") % {
                    "permission": row.permission, "item": row.item, "application": row.client})
                 for row in rows])
        rights.insist(request)
        alias = rights.visitor_alias()
        client = ask("item_client", using=alias)
        done, foreign = 0, 0
        for row in rows:
            if row.client != client:
                foreign += 1
                continue
            try:
                with rights.noted(request, ItemPermission, key_of_row(row), str(row), DELETION,
                                  "Taken back"), \
                        transaction.atomic(using=alias), connections[alias].cursor() as cursor:
                    cursor.execute("SELECT authz.revoke_item_permission(%s, %s, %s)",
                                   [row.email, row.item, row.permission])
                done += 1
            except NotFound:
                pass        # somebody else was faster
            except DatabaseError as error:
                self.message_user(request, "%s: %s" % (row, denied(error)), messages.ERROR)
        if done:
            self.message_user(request, ngettext("%d permission was taken back.",
                                                "%d permissions were taken back.", done) % done,
                              messages.SUCCESS)
        if foreign:
            self.message_user(request, ngettext(
                "%d permission is of another application than your token's, and stays.",
                "%d permissions are of another application than your token's, and stay.",
                foreign) % foreign, messages.WARNING)
        return None


def denied(error: DatabaseError) -> str:
    if isinstance(error, Forbidden):
        return str(_("The database denies that to your token. Whoever grants is an administrator "
                     "of the application, or manages the item: has it an e-mail address?"))
    return said(error)


def key_of_row(row: ItemPermission) -> str:
    return key_of(row.client, row.email, row.item, row.permission)
