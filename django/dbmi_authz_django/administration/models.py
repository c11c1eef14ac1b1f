"""Tables of schema authz, to be read.

Nothing of what a key is made of is a field: what is no field is in no SELECT,
no lookup and no export.
"""
from __future__ import annotations

from typing import Any, Tuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from ..conf import conf
from .fields import Document, Moment, RowKey, Texts, names_of


class Manager(models.Manager):
    """Reads as the alias ADMIN_DATABASE, whatever DATABASE_ROUTERS say.

    What names an alias wants something else: dumpdata, for one, which would end
    at a table that the application may not read.  It gets no rows.
    """

    def using(self, alias: str) -> Any:
        return self.none()

    def get_queryset(self) -> Any:
        return super().get_queryset().using(self._db or conf.admin_database)


class Pages(models.Manager):
    """For what is not a table: there are pages, and no rows."""

    def get_queryset(self) -> Any:
        return super().get_queryset().none()


class Table(models.Model):
    objects = Manager()

    class Meta:
        abstract = True
        managed = False
        default_permissions: Tuple[str, ...] = ("view",)
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("Tables of schema authz are written by its functions.")

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("Tables of schema authz are written by its functions.")


class Issuer(Table):
    issuer = models.TextField(_("issuer"), primary_key=True)
    audience = Texts(_("audience"), null=True)
    profile = models.TextField(_("profile"))
    options = Document(_("options"))

    class Meta(Table.Meta):
        db_table = '"authz"."issuer"'
        verbose_name = _("issuer")
        verbose_name_plural = _("issuers")

    def __str__(self) -> str:
        return str(self.issuer)


class IssuerKey(Table):
    """Without jwk, which of an HMAC key is the secret, and without thumbprint,
    by which a weak secret is guessed; that of public keys KeyAdmin adds."""
    id = models.UUIDField(primary_key=True)
    issuer = models.TextField(_("issuer"))
    kid = models.TextField(_("key ID"), null=True)
    alg = models.TextField(_("algorithm"))
    source = models.TextField(_("added by"))
    added_at = Moment(_("added"))

    class Meta(Table.Meta):
        db_table = '"authz"."issuer_key"'
        verbose_name = _("key")
        verbose_name_plural = _("keys")

    def __str__(self) -> str:
        return self.kid or str(_("(no key ID)"))


class KeySetStatus(Table):
    """Shown with its issuer; it has no pages of its own."""
    issuer = models.TextField(primary_key=True)
    last_success = Moment(null=True)
    last_attempt = Moment(null=True)
    last_error = models.TextField(null=True)
    skipped = Document()
    next_due = Moment(null=True)

    class Meta(Table.Meta):
        db_table = '"authz"."jwks_status"'
        default_permissions = ()


class Revocation(Table):
    KINDS = [("subject", _("person")), ("token", _("token")), ("session", _("session")),
             ("actor", _("actor"))]

    key = RowKey(expression=names_of("issuer", "kind", "value"))
    issuer = models.TextField(_("issuer"))
    kind = models.TextField(_("what"), choices=KINDS)
    value = models.TextField(_("who or which"))
    issued_before = Moment(_("tokens issued up to"), null=True)
    until = Moment(_("may be pruned after"), null=True)
    revoked_at = Moment(_("revoked"))

    class Meta(Table.Meta):
        db_table = '"authz"."revocation"'
        verbose_name = _("revocation")
        verbose_name_plural = _("revocations")

    def __str__(self) -> str:
        return "%s %s" % (self.get_kind_display(), self.value)


class InactiveSubject(Table):
    key = RowKey(expression=names_of("issuer", "subject"))
    issuer = models.TextField(_("issuer"))
    subject = models.TextField(_("subject"))

    class Meta(Table.Meta):
        db_table = '"authz"."inactive_subject"'
        verbose_name = _("person locked out")
        verbose_name_plural = _("people locked out")

    def __str__(self) -> str:
        return str(self.subject)


class ItemPermission(Table):
    key = RowKey(expression=names_of("client", "email", "item", "permission"))
    client = models.TextField(_("application"))
    email = models.TextField(_("e-mail address"))
    item = models.TextField(_("item"))
    permission = models.TextField(_("permission"))
    granted_by = models.TextField(_("granted by"), null=True)
    granted_at = Moment(_("granted"))

    class Meta(Table.Meta):
        db_table = '"authz"."item_permission"'
        verbose_name = _("permission on an item")
        verbose_name_plural = _("permissions on items")

    def __str__(self) -> str:
        return str(_("%(permission)s on %(item)s for %(email)s")) % {
            "permission": self.permission, "item": self.item, "email": self.email}


class TrustChange(Table):
    """A row is never changed, so its place names it until it is pruned."""
    place = RowKey(expression="{0}.ctid::text")
    at = Moment(_("when"))
    relation = models.TextField(_("what"))
    command = models.TextField(_("command"))
    rows = models.BigIntegerField(_("rows"), null=True)
    old_row = Document(_("before"), null=True)
    new_row = Document(_("after"), null=True)
    session_role = models.TextField(_("role that connected"), null=True)
    role = models.TextField(_("role"), null=True)
    issuer = models.TextField(_("issuer"), null=True)
    subject = models.TextField(_("subject"), null=True)
    actor = models.TextField(_("actor"), null=True)
    client_address = models.GenericIPAddressField(_("address"), null=True)
    application = models.TextField(_("application"), null=True)
    replicated = models.BooleanField(_("replicated"))

    class Meta(Table.Meta):
        db_table = '"authz"."trust_log"'
        verbose_name = _("change of the trust")
        verbose_name_plural = _("changes of the trust")

    def __str__(self) -> str:
        return "%s %s" % (self.command, self.relation)


class Page(models.Model):
    """What has a page and a permission to see it, and no table."""
    objects = Pages()

    class Meta:
        abstract = True
        managed = False
        default_permissions = ("view",)


class LoginSession(Page):
    class Meta(Page.Meta):
        verbose_name = _("session")
        verbose_name_plural = _("sessions: who is logged in")


class Finding(Page):
    class Meta(Page.Meta):
        verbose_name = _("finding of the linter")
        verbose_name_plural = _("linter: what is wrong")


class Explanation(Page):
    class Meta(Page.Meta):
        verbose_name = _("explanation")
        verbose_name_plural = _("explanations: who may see what")
