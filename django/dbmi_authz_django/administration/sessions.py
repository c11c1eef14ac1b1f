"""Who is logged in: authz.sessions(), where the server preloads the library."""
from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db import DatabaseError, connections, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ..conf import conf
from ..errors import sqlstate
from . import rights
from .base import NotStored
from .fields import BOUNDED
from .words import BAD, GOOD, WARN, moment, state

MOST = 500

SESSIONS = """
SELECT s.pid, s.issuer, s.subject, s.actor, s.since,
       CASE WHEN s.expires IS NOT NULL THEN """ + BOUNDED % "s.expires" + """ END, s.state
  FROM authz.sessions() s
 WHERE pg_catalog.strpos(pg_catalog.lower(s.subject), pg_catalog.lower(%s)) > 0
 ORDER BY s.since DESC, s.pid LIMIT """ + str(MOST + 1)

STATES = {
    "valid": (GOOD, _("valid")), "expired": (WARN, _("expired")),
    "revoked": (BAD, _("revoked")), "inactive": (BAD, _("locked out")),
}


class SessionAdmin(NotStored):
    about = _("Connections to this database in which somebody is logged in at this moment. A "
              "session that has been idle since it was revoked is valid here until its next "
              "query, which is refused. This list names people.")

    def show(self, request: HttpRequest) -> HttpResponse:
        wanted = request.GET.get("q", "")
        try:
            with transaction.atomic(using=conf.admin_database), \
                    connections[conf.admin_database].cursor() as cursor:
                cursor.execute(SESSIONS, [wanted])
                found = cursor.fetchall()
        except DatabaseError as error:
            if sqlstate(error) != "55000":
                raise
            return self.page(request, "sessions", _("Who is logged in"), about=self.about,
                             preloaded=False)
        end = rights.administers(request)
        return self.page(
            request, "sessions", _("Who is logged in"), about=self.about, preloaded=True,
            wanted=wanted, rows=[self.row(end, *row) for row in found[:MOST]],
            more=len(found) > MOST)

    def row(self, end: bool, pid: int, issuer: str, subject: str, actor: str, since: Any,
            expires: Any, name: str) -> Any:
        cut = subject is None or subject.endswith("...")    # authz.sessions() shortens
        address = None if cut or not end else "%s?%s" % (
            reverse("admin:dbmi_authz_revocation_add", current_app=self.admin_site.name),
            urlencode({"what": "subject", "issuer": issuer or "", "value": subject}))
        return {"pid": pid, "issuer": issuer, "subject": subject, "actor": actor,
                "since": moment(since), "expires": moment(expires), "end": address,
                "state": state(*STATES.get(name, (WARN, name)))}
