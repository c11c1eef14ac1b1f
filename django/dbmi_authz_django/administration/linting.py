"""authz.lint(): what is wrong with policies, rights and trust.

Only the owner may ask it, and what it finds is where the database is weak.  So
it is asked for those alone of whom authz.is_admin() is true, and nobody else's.
"""
from __future__ import annotations

import re
from typing import Any, Dict, List

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from . import rights
from .base import NotStored, said
from .words import BAD, PLAIN, WARN, state

LEVELS = {"error": (BAD, _("error")), "warning": (WARN, _("warning")), "info": (PLAIN, _("worth knowing"))}
WITHIN = "60s"      # a worker of the web server is not for longer
STATEMENT = re.compile(r"(ALTER|CREATE|REVOKE|DROP|GRANT|SELECT|UPDATE|INSERT|DELETE) ")


class FindingAdmin(NotStored):
    about = _("The linter reads policies, rights, issuers and settings of this database, and runs "
              "nothing of them.")

    def show(self, request: HttpRequest) -> HttpResponse:
        level = request.GET.get("level", "")
        if not rights.token_administers(request):
            return self.page(request, "findings", _("What is wrong"), about=self.about, closed=True)
        try:
            found = lint()
        except DatabaseError as error:
            return self.page(request, "findings", _("What is wrong"), about=self.about,
                             failed=said(error))
        counts: Dict[str, int] = {name: 0 for name in LEVELS}
        for finding in found:
            counts[finding["level"]] = counts.get(finding["level"], 0) + 1
        shown = [finding for finding in found if level not in LEVELS or finding["level"] == level]
        for finding in shown:
            finding["state"] = state(*LEVELS.get(finding["level"], (WARN, finding["level"])))
            finding["is_sql"] = bool(STATEMENT.match(finding["hint"] or ""))
        return self.page(
            request, "findings", _("What is wrong"), about=self.about, findings=shown, level=level,
            all=len(found),
            levels=[(name, label, counts[name]) for name, (kind, label) in LEVELS.items()])


def lint() -> List[Dict[str, Any]]:
    with rights.owner() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '%s'" % WITHIN)
        cursor.execute("SELECT code, level, object, detail, hint, fingerprint FROM authz.lint()")
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row)) for row in cursor.fetchall()]
        cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
        return found
