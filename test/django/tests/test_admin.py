"""The admin's pages over schema authz: what they show, to whom, and what they change."""
import io
import json
import os
import re
import subprocess
import sys
import unittest
from contextlib import contextmanager
from unittest import mock

from dbmi_authz_django import authz
from dbmi_authz_django.administration import checks, revoking, rights, sessions, words
from dbmi_authz_django.administration.models import (
    Issuer, IssuerKey, ItemPermission, Revocation, TrustChange,
)
from dbmi_authz_django.conf import conf
from dbmi_authz_django.errors import RowsHidden
from dbmi_authz_django.login import Login, enter, leave
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connections, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from . import KEY, PEOPLE, TEST, mint, token, trust
from .base import Case

ISSUER = "https://id.example"
ROOT = mint("root", email="root@example.com")      # who grants has an address
BASE = "/admin/dbmi_authz/"
# printable, so that it would be seen; secrets are 32 bytes at least
SECRET = "not-to-be-seen-anywhere-at-all-012345"
NASTY = "<script>alert(1)</script>"


def owner(sql, *args):
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.fetchall() if cursor.description else None


def root(sql):
    with connections["root"].cursor() as cursor:
        cursor.execute(sql)


def forget():
    """What a test has changed in schema authz."""
    owner("DELETE FROM authz.revocation")
    owner("DELETE FROM authz.item_permission")
    owner("DELETE FROM authz.inactive_subject")
    owner("DELETE FROM authz.jwks_status WHERE issuer <> %s", ISSUER)
    owner("UPDATE authz.jwks_status SET last_error = NULL, skipped = '[]', next_due = NULL")
    for issuer, in owner("SELECT issuer FROM authz.issuer WHERE issuer <> %s", ISSUER):
        owner("SELECT authz.drop_issuer(%s)", issuer)
    owner("DELETE FROM authz.trust_log")


def people():
    """boss is a superuser, clerk may look at everything of ours, guest at nothing."""
    users = User.objects.using("owner")
    users.filter(username__in=["boss", "clerk", "guest", "other"]).delete()
    made = User.objects.db_manager("owner")
    found = {"boss": made.create_superuser("boss"), "other": made.create_superuser("other"),
             "clerk": made.create_user("clerk", is_staff=True),
             "guest": made.create_user("guest", is_staff=True)}
    found["clerk"].user_permissions.set(Permission.objects.using("owner").filter(
        content_type__app_label="dbmi_authz", codename__startswith="view_"))
    return found


@contextmanager
def member():
    """The owner may take the application's role, as "as somebody" needs."""
    root("GRANT clinic_app TO clinic_owner")
    try:
        yield
    finally:
        root("REVOKE clinic_app FROM clinic_owner")


class Pages(Case):
    def setUp(self):
        super().setUp()
        self.addCleanup(forget)
        forget()
        LogEntry.objects.using("owner").all().delete()
        self.users = people()
        self.clients = {}

    def client_of(self, name):
        """A browser in which this user of Django's is logged in."""
        if name not in self.clients:
            self.clients[name] = Client(raise_request_exception=False)
            self.clients[name].force_login(self.users[name])
        return self.clients[name]

    def open(self, path, who="root", user="boss", status=200):
        response = self.get(path if path.startswith("/") else BASE + path, who,
                            client=self.client_of(user))
        self.assertEqual(response.status_code, status, getattr(response, "exc_info", None)
                         or response.content[:500])
        return response

    def text(self, *args, **kwargs):
        return self.open(*args, **kwargs).content.decode()

    def post(self, path, data, who="root", user="boss", client=None):
        headers = {} if who is None else {
            "HTTP_AUTHORIZATION": "Bearer " + (token(who) if who in ("root", "ann", "bob") else who)}
        return (client or self.client_of(user)).post(
            path if path.startswith("/") else BASE + path, data, **headers)

    def sealed(self, response):
        """The hidden fields of a confirmation page."""
        self.assertEqual(response.status_code, 200, response.content[:2000])
        return {name: value for name, value in response.context["fields"]}

    def end(self, **more):
        """A confirmation page for the end of Bob's sessions."""
        return self.sealed(self.post("revocation/add/", {
            "what": "subject", "issuer": ISSUER, "value": "bob", **more}))

    def revoked(self):
        return owner("SELECT kind, value FROM authz.revocation ORDER BY 1, 2")

    def noted(self):
        return [(entry.action_flag, entry.object_repr, entry.change_message, entry.user.username)
                for entry in LogEntry.objects.using("owner").select_related("user").order_by("pk")]


LISTS = ["issuer/", "issuerkey/", "revocation/", "inactivesubject/", "itempermission/",
         "loginsession/", "trustchange/", "finding/", "explanation/"]


class Looking(Pages):
    def test_index(self):
        page = self.text("/admin/")
        for path in LISTS:
            self.assertIn(BASE + path, page)

    def test_lists(self):
        for path in LISTS:
            with self.subTest(path):
                self.open(path)

    def test_nobody_sees_without_permission(self):
        for path in LISTS:
            with self.subTest(path):
                self.open(path, user="guest", status=403)
                self.open(path, user="clerk")
        self.assertNotIn("dbmi_authz", self.text("/admin/", user="guest"))
        anonymous = Client(raise_request_exception=False)
        for path in [*LISTS, "revocation/add/", "revocation/prune/", "itempermission/add/",
                     "issuer/%s/change/" % quote(ISSUER)]:
            response = self.get(BASE + path, "root", client=anonymous)
            self.assertEqual(response.status_code, 302)
            self.assertIn("/admin/login/", response["Location"])

    def test_application_gains_no_right(self):
        for table in ("issuer", "issuer_key", "revocation", "trust_log", "jwks_status"):
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT has_any_column_privilege('authz.%s', 'SELECT')" % table)
                self.assertFalse(cursor.fetchone()[0])
        self.assertEqual(str(Issuer.objects.all().db), "owner")
        self.assertEqual(str(Issuer._base_manager.all().db), "owner")

    def test_an_issuer(self):
        owner("SELECT authz.alter_issuer(%s, %s::json)", ISSUER, json.dumps(
            {"jwks_uri": "https://user:word@id.example/keys?code=hush"}))
        self.addCleanup(owner, "SELECT authz.alter_issuer(%s, '{\"jwks_uri\": null}')", ISSUER)
        self.addCleanup(trust)
        page = self.text("issuer/%s/change/" % quote(ISSUER))
        self.assertIn("https://id.example/keys?…", page)
        self.assertNotIn("hush", page)
        self.assertNotIn("word@", page)
        self.assertIn("fresh", page)
        self.assertIn("clinic", page)
        self.assertNotIn('name="_save"', page)

    def test_states(self):
        page = self.text("issuer/")
        self.assertIn("authz-good", page)
        self.assertIn("not loaded the background worker", page)
        owner("UPDATE authz.jwks_status SET next_due = now() - interval '3 days'")
        self.assertIn("overdue by 3 days", self.text("issuer/"))
        owner("UPDATE authz.jwks_status SET last_error = 'timeout'")
        self.assertIn("no whole answer in time", self.text("issuer/"))
        self.assertIn(ISSUER, self.text("issuer/?state=failing"))
        owner("UPDATE authz.jwks_status SET last_error = NULL, next_due = NULL,"
              " skipped = '[{\"position\": 1, \"kid\": \"old\", \"reason\": \"short\"}]'")
        self.assertIn("but for 1 entry", self.text("issuer/"))
        owner("SELECT authz.add_issuer('https://empty.example', '{clinic}')")
        page = self.text("issuer/?state=empty")
        self.assertIn("https://empty.example", page)
        self.assertIn("nobody of it can log in", page)
        self.assertNotIn(ISSUER + "<", page)
        owner("SELECT authz.add_secret('https://empty.example', %s)", SECRET.encode())
        self.assertIn("keys added by hand", self.text("issuer/?q=empty"))

    def test_times_beyond_python(self):
        owner("UPDATE authz.jwks_status SET next_due = 'infinity', last_success = '-infinity'")
        page = self.text("issuer/")
        self.assertIn("for good", page)
        self.assertIn("ever since", page)
        self.assertIn("for good", self.text("issuer/%s/change/" % quote(ISSUER)))

    def test_empty(self):
        for path, words_of_it in [("revocation/", "Nothing is revoked."),
                                  ("inactivesubject/", "Nobody is locked out."),
                                  ("itempermission/", "No permission is granted here."),
                                  ("loginsession/", "has to preload the library"),
                                  ("trustchange/?q=nothing", "Nothing fits this search.")]:
            self.assertIn(words_of_it, self.text(path))

    def test_sessions(self):
        rows = ("SELECT * FROM (VALUES (7, %s, 'bob', NULL, now() - interval '3 hours',"
                " timestamptz 'infinity', 'valid'), (8, %s, 'x...', 'bot', now(), now(), 'expired'))"
                " v(a, b, c, d, e, f, g) WHERE c ~ %%s" % (("'%s'" % ISSUER,) * 2))
        rows = rows.replace("timestamptz 'infinity'", "timestamptz '9999-01-01 00:00:00+00'")
        with mock.patch.object(sessions, "SESSIONS", rows):
            page = self.text("loginsession/")
            self.assertIn("3 hours ago", page)
            self.assertIn("value=bob", page)
            self.assertNotIn("value=x", page)       # shortened: it would name somebody else
            self.assertIn("expired", page)
            self.assertNotIn("value=bob", self.text("loginsession/", user="clerk"))
            self.assertNotIn("bob", self.text("loginsession/?q=x"))

    def test_trust_log(self):
        owner("SELECT authz.add_issuer(%s, '{clinic}')", "https://new.example")
        page = self.text("trustchange/")
        self.assertIn("INSERT issuer", page)
        self.assertIn("https://new.example", page)
        change = TrustChange.objects.filter(relation="issuer").first()
        page = self.text("trustchange/%s/change/" % quote(change.pk))
        self.assertIn("&quot;issuer&quot;: &quot;https://new.example&quot;", page)
        self.assertIn("clinic_owner", page)
        self.assertIn("https://new.example", self.text("trustchange/?relation=issuer&days=7&q=new.ex"))
        self.assertNotIn("https://new.example", self.text("trustchange/?relation=profile"))

    def test_keys_of_rows_that_are_none(self):
        for path in ["revocation/x/change/", "revocation/%s/change/" % quote('["a", "b"]'),
                     "itempermission/1/change/", "itempermission/%s/change/" % quote("[1, 2, 3, 4]"),
                     "trustchange/%s/change/" % quote("(0,0)"),
                     "trustchange/%s/change/" % quote("(99999999999,1)"),
                     "trustchange/%s/change/" % quote("(4294967295,1)"),
                     "trustchange/%s/change/" % quote("(1,99999)"),
                     "inactivesubject/x/change/", "issuerkey/x/change/", "issuer/none/change/",
                     "itempermission/x/delete/", "revocation/x/history/"]:
            with self.subTest(path):
                self.assertIn(self.get(BASE + path, "root", client=self.client_of("boss"))
                              .status_code, (302, 404))

    def test_many(self):
        """Ten thousand issuers and more grants, in as many statements as for a few."""
        owner("INSERT INTO authz.issuer SELECT 'https://i' || i || '.example', '{clinic}', 'generic'"
              " FROM generate_series(1, 12000) i")
        owner("INSERT INTO authz.item_permission (email, client, item, permission)"
              " SELECT 'p' || i || '@example.com', 'clinic', 'item.' || i, 'VIEW'"
              " FROM generate_series(1, 12000) i")
        try:
            self.open("/admin/")
            for path, most in [("issuer/", 5), ("itempermission/", 3), ("trustchange/", 2)]:
                with self.subTest(path):
                    with CaptureQueriesContext(connections["owner"]) as asked:
                        page = self.text(path)
                    self.assertLessEqual(len(asked), most)
                    for query in asked.captured_queries:
                        self.assertRegex(query["sql"], r"LIMIT|max_workers|GROUP BY|\bIN \(")
                    self.assertIn("There are more", page) if path != "trustchange/" else None
            self.assertIn("There are more", self.text("issuer/?p=50"))
            page = self.text("issuer/?p=119")
            self.assertNotIn("There are more", page)
            self.assertIn("p11999@example.com", self.text("itempermission/?q=p11999"))
            self.open("issuer/?p=9999999", status=302)      # beyond the end, as Django says it
            self.open("issuer/?p=x")
            self.assertRegex(self.text("revocation/add/"), '<input[^>]* name="issuer"')
        finally:
            with connections["owner"].cursor() as cursor:
                cursor.execute("DELETE FROM authz.issuer WHERE issuer <> %s", [ISSUER])

    def test_statements_do_not_grow(self):
        def count(path):
            with CaptureQueriesContext(connections["owner"]) as owners, \
                    CaptureQueriesContext(connections["default"]) as visitors:
                self.open(path)
            return len(owners), len(visitors)
        self.open("/admin/")
        before = count("issuer/"), count("itempermission/"), count("revocation/")
        for i in range(20):
            owner("SELECT authz.add_issuer(%s, '{clinic}')", "https://n%d.example" % i)
            owner("SELECT authz.revoke_subject(%s, %s)", ISSUER, "p%d" % i)
            owner("INSERT INTO authz.item_permission (email, client, item, permission)"
                  " VALUES (%s, 'clinic', 'a', 'VIEW')", "p%d@x" % i)
        self.assertEqual((count("issuer/"), count("itempermission/"), count("revocation/")), before)


class Secrets(Pages):
    def setUp(self):
        super().setUp()
        owner("SELECT authz.add_issuer('https://hmac.example', '{clinic}',"
              " options => '{\"algorithms\": [\"HS256\"]}')")
        owner("SELECT authz.add_secret('https://hmac.example', %s, 'hmac-1')", SECRET.encode())
        self.jwk, self.thumbprint, self.id = owner(
            "SELECT jwk ->> 'k', thumbprint, id::text FROM authz.issuer_key WHERE kid = 'hmac-1'")[0]

    def test_no_field(self):
        names = {field.name for field in IssuerKey._meta.get_fields()}
        self.assertEqual(names, {"id", "issuer", "kid", "alg", "source", "added_at"})

    def test_never_selected_nor_shown(self):
        pages = [*LISTS, "issuerkey/%s/change/" % self.id, "issuerkey/%s/history/" % self.id,
                 "issuer/%s/change/" % quote("https://hmac.example")]
        pages += ["trustchange/%s/change/" % quote(change.pk) for change in TrustChange.objects.all()]
        with CaptureQueriesContext(connections["owner"]) as asked:
            text = "".join(self.text(path) for path in pages)
        self.assertIn("hmac-1", text)
        self.assertIn("shared secret", text)
        for secret in (self.jwk, SECRET, self.thumbprint):
            self.assertGreater(len(secret), 20)
            self.assertNotIn(secret, text)
        for query in asked.captured_queries:
            self.assertNotRegex(query["sql"], r"\bjwk\b")

    def test_public_thumbprint(self):
        id, thumbprint = owner(
            "SELECT id::text, thumbprint FROM authz.issuer_key WHERE kid = 'k1'")[0]
        self.assertIn(thumbprint, self.text("issuerkey/%s/change/" % id))
        self.assertIn("not shown of a secret", self.text("issuerkey/%s/change/" % self.id))

    def test_lookups(self):
        """What is asked by a list's address, letter by letter."""
        for lookup in ("jwk__startswith=x", "issuer__secret__startswith=x", "thumbprint__startswith=x",
                       "public_thumbprint__startswith=x", "kid__gt=a", "pk=1", "id__startswith=1",
                       "added_at__gt=2001-01-01", "issuer__startswith=h"):
            with self.subTest(lookup):
                self.open("issuerkey/?" + lookup, status=400)
        for path in ("issuer/?options__jwks_uri__startswith=h", "issuer/?options__contains=h",
                     "revocation/?value__startswith=b", "itempermission/?email__startswith=a",
                     "trustchange/?new_row__contains=a", "inactivesubject/?subject__startswith=a"):
            with self.subTest(path):
                self.open(path, status=400)
        self.open("issuerkey/?issuer=https://hmac.example&alg=HS256&source=add_secret")
        self.assertNotIn("hmac-1", self.text("issuerkey/?issuer=https://id.example"))
        self.open("issuerkey/?_to_field=alg", status=400)

    def test_order_and_more(self):
        for more in ("?o=-7.99.x.1", "?o=3", "?all=", "?e=1", "?q=%00", "?q=%s" % ("x" * 5000)):
            for path in ("issuerkey/", "issuer/", "itempermission/", "trustchange/"):
                status = self.get(BASE + path + more, "root", client=self.client_of("boss")).status_code
                self.assertIn(status, (200, 302, 400), path + more)

    def test_no_text(self):
        """What PostgreSQL cannot hold, and what Python cannot parse."""
        deep = "[" * 3000
        for path in ["issuer/%s/change/" % quote("\0"), "issuerkey/?issuer=%00", "revocation/?kind=%00",
                     "loginsession/?q=%00", "itempermission/?application=%00", "issuer/?q=a%00b",
                     "revocation/%s/change/" % quote('["\\u0000", "a", "b"]'),
                     "revocation/%s/change/" % quote('["\\ud800", "a", "b"]'),
                     "revocation/%s/change/" % deep, "revocation/add/?value=%00",
                     "revocation/%s/change/" % quote('{"a": 1}'), "issuer/?q=%ff"]:
            with self.subTest(path[:60]):
                self.assertIn(self.get(BASE + path, "root", client=self.client_of("boss")).status_code,
                              (200, 302, 400, 404))
        for claims in ('{"sub": "\\u0000"}', '{"sub": "\\ud800"}', "[" * 60000, '{"sub": 1, "sub": 2}'):
            response = self.post("/admin/clinic/note/1/who-may-see/", {
                "command": "SELECT", "whom": "claims", "claims": claims, "issuer": ISSUER})
            self.assertEqual(response.status_code, 200)

    def test_dumpdata(self):
        out = io.StringIO()
        call_command("dumpdata", "dbmi_authz", "auth.group", database="default", stdout=out)
        self.assertEqual(json.loads(out.getvalue()), [])

    def test_models_do_not_write(self):
        key = IssuerKey.objects.get(kid="hmac-1")
        for write in (key.save, key.delete):
            self.assertRaises(TypeError, write)

    def test_no_way_to_write(self):
        for path in ("issuer/add/", "issuerkey/add/", "trustchange/add/", "inactivesubject/add/",
                     "issuer/%s/delete/" % quote(ISSUER), "issuerkey/%s/delete/" % self.id):
            with self.subTest(path):
                self.assertEqual(self.post(path, {"post": "yes"}).status_code, 403)
        self.assertEqual(self.post("issuer/%s/change/" % quote(ISSUER), {"profile": "dbmi"})
                         .status_code, 403)
        # pages without rows
        for path in ("finding/add/", "loginsession/1/change/", "explanation/add/"):
            self.open(path, status=404)
        self.post("issuer/", {"action": "delete_selected", "_selected_action": ISSUER, "post": "yes"})
        self.assertEqual(owner("SELECT count(*) FROM authz.issuer")[0][0], 2)


class Scripts(Pages):
    def test_names_are_text(self):
        owner("SELECT authz.add_issuer(%s, '{clinic}')", NASTY)
        owner("SELECT authz.add_pem(%s, %s, %s)", NASTY, public_pem(), NASTY)
        owner("SELECT authz.revoke_subject(%s, %s)", NASTY, NASTY)
        owner("INSERT INTO authz.inactive_subject VALUES (%s, %s)", NASTY, NASTY)
        owner("INSERT INTO authz.item_permission VALUES (%s, %s, %s, %s, %s)", *[NASTY] * 5)
        owner("INSERT INTO authz.jwks_status (issuer, skipped) VALUES (%s, %s::json)", NASTY,
              json.dumps([{"kid": NASTY}]))
        me = mint(NASTY, groups=["staff"])
        pages = list(LISTS)
        for model, name in [(Issuer, "issuer"), (IssuerKey, "issuerkey"), (Revocation, "revocation"),
                            (ItemPermission, "itempermission"), (TrustChange, "trustchange")]:
            pages += ["%s/%s/change/" % (name, quote(str(row.pk))) for row in model.objects.all()]
        shown = 0
        for path in pages + ["loginsession/?q=" + NASTY, "revocation/add/?value=" + NASTY,
                             "itempermission/add/", "issuer/?q=" + NASTY]:
            text = self.text(path, me)
            self.assertNotIn(NASTY, text, path)
            shown += "&lt;script&gt;" in text
        self.assertGreater(shown, 12)
        text = self.post("revocation/add/", {"what": "subject", "issuer": ISSUER, "value": NASTY},
                         me).content.decode()
        self.assertNotIn(NASTY, text)
        self.assertIn("&lt;script&gt;", text)

    def test_claims_are_text(self):
        with member():
            response = self.post("explanation/", {
                "model": "clinic.note", "command": "SELECT", "whom": "claims",
                "issuer": ISSUER, "claims": json.dumps({"sub": NASTY})})
        self.assertIn(NASTY, response.context["answer"])
        text = response.content.decode()
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;", text)
        self.assertNotIn(NASTY, text)


class Ending(Pages):
    """"End this person's sessions", and its like."""

    def test_the_whole_way(self):
        self.assertEqual(self.json("/who/", "bob")["subject"], "bob")
        self.assertIn("End a person", self.text("revocation/"))
        self.assertIn('value="bob"', self.text("revocation/add/?what=subject&value=bob"))
        fields = self.end()
        self.assertEqual(self.revoked(), [])        # asked once more
        with CaptureQueriesContext(connections["owner"]) as owners, \
                CaptureQueriesContext(connections["default"]) as visitors:
            response = self.post("revocation/add/", fields)
        self.assertEqual(response.status_code, 302, response.content[:500])
        self.assertIn("revoke_subject", str(owners.captured_queries))
        self.assertNotIn("eyJ", str(owners.captured_queries + visitors.captured_queries))
        self.assertEqual(self.revoked(), [("subject", "bob")])
        self.assertEqual(self.get("/who/", "bob").status_code, 401)
        self.assertEqual(self.get("/who/", "ann").status_code, 200)
        self.assertIn("Done: person bob.", self.text("revocation/"))
        (flag, name, message, user), = self.noted()
        self.assertEqual((flag, name, user), (1, "person bob", "boss"))
        self.assertEqual(message, "Revoked: subject (as root of https://id.example)")
        self.assertNotIn("eyJ", message)
        # the record of the trust names the visitor, too
        self.assertEqual(owner("SELECT subject, session_role FROM authz.trust_log"),
                         [("root", "clinic_owner")])
        row = Revocation.objects.get()
        self.assertIn("tokens from before", self.text("revocation/%s/change/" % quote(row.pk)))
        self.assertIn("Revoked: subject", self.text("revocation/%s/history/" % quote(row.pk)))
        self.assertEqual(LogEntry.objects.using("owner").get().object_id, row.pk)

    def test_each_kind(self):
        for what, kind in [("forever", "subject"), ("token", "token"), ("session", "session"),
                           ("actor", "actor")]:
            fields = self.end(what=what, value="bob-" + what)
            self.assertEqual(self.post("revocation/add/", fields).status_code, 302)
            self.assertIn((kind, "bob-" + what), self.revoked())
        page = self.text("revocation/")
        self.assertIn("all tokens, for good", page)
        self.assertIn("4 revocations", page)
        self.assertNotIn("bob-actor", self.text("revocation/?kind=token"))
        self.assertIn("bob-actor", self.text("revocation/?q=bob-a"))

    def test_oneself(self):
        fields = {"what": "subject", "issuer": ISSUER, "value": "root"}
        response = self.post("revocation/add/", fields)
        self.assertIn("This is you", response.content.decode())
        self.assertEqual(self.post("revocation/add/", self.sealed(response)).status_code, 302)
        self.assertEqual(self.revoked(), [("subject", "root")])
        self.open("revocation/", status=401)
        self.assertEqual(len(self.noted()), 1)

    def test_prune(self):
        owner("SELECT authz.revoke_token(%s, 'j1', now() - interval '1 day')", ISSUER)
        owner("SELECT authz.revoke_token(%s, 'j2')", ISSUER)
        fields = self.sealed(self.get(BASE + "revocation/prune/", "root", client=self.client_of("boss")))
        self.assertEqual(len(self.revoked()), 2)
        self.assertEqual(self.post("revocation/prune/", {}).status_code, 200)
        self.assertEqual(len(self.revoked()), 2)
        self.assertEqual(self.post("revocation/prune/", fields).status_code, 302)
        self.assertEqual(self.revoked(), [("token", "j2")])
        self.assertIn("1 revocation was removed.", self.text("revocation/"))
        self.assertEqual([entry[2] for entry in self.noted()],
                         ["Pruned (as root of https://id.example)"])

    def test_mistakes(self):
        for fields, words_of_it in [
                ({"issuer": "https://none.example"}, "Select a valid choice"),
                ({"what": "all"}, "Select a valid choice"), ({"value": ""}, "required"),
                ({"value": token("bob")}, "This is a token"),
                ({"value": "x" * 3000}, "at most 2000"), ({"value": "a\0b"}, "Null characters")]:
            text = self.post("revocation/add/", {"what": "token", "issuer": ISSUER, "value": "j",
                                                 **fields}).content.decode()
            self.assertIn(words_of_it, text)
            self.assertNotIn("authz_seal", text)
            self.assertNotIn(token("bob"), text)
        owner("SELECT authz.add_issuer('https://gone.example', '{clinic}')")
        fields = self.end(issuer="https://gone.example")
        with mock.patch.object(revoking.RevokeForm, "clean_issuer",
                               lambda form: form.cleaned_data["issuer"]):
            # gone after the form was looked at
            with mock.patch.dict(revoking.WHAT, subject=(
                    "x", "SELECT authz.revoke_subject(%s || '?', %s)")):
                response = self.post("revocation/add/", fields)
        self.assertIn("does not exist", response.content.decode())
        self.assertEqual(self.noted(), [])      # falls with it


class Attacks(Pages):
    """Nothing is done, and nothing is noted."""

    def nothing_done(self):
        self.assertEqual(self.revoked(), [])
        self.assertEqual(self.noted(), [])
        self.assertEqual(owner("SELECT count(*) FROM authz.item_permission")[0][0], 0)

    def refused(self, who="root", user="boss", status=(401, 403)):
        seal = self.end()
        for path, data in [("revocation/add/", seal), ("revocation/prune/", {"authz_seal": "x"}),
                           ("itempermission/add/", {"email": "a@b", "item": "i", "permission": "VIEW"})]:
            with self.subTest(path, who=who, user=user):
                self.assertIn(self.post(path, data, who, user).status_code, status)
                self.assertIn(self.get(BASE + path, who, client=self.client_of(user)).status_code,
                              status)
        self.nothing_done()

    def test_staff_without_superuser(self):
        self.refused(user="clerk")
        self.refused(user="guest")
        for path in ("revocation/", "itempermission/"):
            page = self.text(path, user="clerk")
            self.assertNotIn("add/", page)
            self.assertNotIn("End a person", page)

    def test_every_permission_but_superuser(self):
        self.users["clerk"].user_permissions.set(Permission.objects.using("owner").all())
        self.refused(user="clerk")

    def test_superuser_without_is_admin(self):
        self.refused(who="ann")
        self.refused(who=None)
        self.assertNotIn("End a person", self.text("revocation/", "ann"))
        self.assertIn("is for administrators", self.text("finding/", "ann"))
        self.assertIn("is for administrators", self.text("finding/", None))

    def test_inactive_superuser(self):
        seal = self.end()
        self.client_of("boss")
        User.objects.using("owner").filter(username="boss").update(is_active=False)
        self.assertEqual(self.post("revocation/add/", seal).status_code, 302)   # to the login
        self.nothing_done()

    def test_forged_expired(self):
        seal = self.end()
        from . import forged
        for bad in (forged("root"), mint("root", exp="-3600"), "x.y.z"):
            self.assertEqual(self.post("revocation/add/", seal, bad).status_code, 401)
        self.nothing_done()

    def test_token_ends_in_the_midst(self):
        """Good when the button was pressed, and revoked before the statement."""
        insist = rights.insist

        def and_then(request):
            insist(request)
            owner("SELECT authz.revoke_session(%s, 's1')", ISSUER)
        who = mint("root", sid="s1")
        seal = self.sealed(self.post("revocation/add/", {
            "what": "subject", "issuer": ISSUER, "value": "bob"}, who))
        with mock.patch.object(rights, "insist", and_then):
            self.assertEqual(self.post("revocation/add/", seal, who).status_code, 401)
        self.assertEqual(self.revoked(), [("session", "s1")])
        self.assertEqual(self.noted(), [])

    def test_no_longer_admin_in_the_midst(self):
        """The transaction that changes something asks again."""
        seal = self.end()
        insist = rights.insist

        def and_then(request):
            insist(request)
            request.authz_login.token = type(request.authz_login.token)(token("ann"))
        with mock.patch.object(rights, "insist", and_then):
            self.assertEqual(self.post("revocation/add/", seal).status_code, 403)
        self.nothing_done()

    def test_confirmation_of_somebody_else(self):
        seal = self.end()
        both = mint("zoe", groups=["staff"])
        for who, user in [(both, "boss"), ("root", "other"), (both, "other")]:
            response = self.post("revocation/add/", seal, who, user)
            self.assertEqual(response.status_code, 200)
            self.assertIn("Nothing was done", response.content.decode())
        self.nothing_done()
        self.assertEqual(self.post("revocation/add/", seal).status_code, 302)

    def test_confirmation_of_something_else(self):
        for change in ({"value": "ann"}, {"what": "forever"}, {"authz_seal": "x"}, {"authz_seal": ""}):
            self.assertEqual(self.post("revocation/add/", {**self.end(), **change}).status_code, 200)
        self.nothing_done()
        seal = self.end()
        with mock.patch.object(rights, "CONFIRM_WITHIN", -1):
            self.assertIn("older than ten minutes",
                          self.post("revocation/add/", seal).content.decode())
        self.nothing_done()

    def test_csrf(self):
        strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
        strict.force_login(self.users["boss"])
        seal = self.end()
        for path, data in [("revocation/add/", seal), ("revocation/prune/", {}), ("explanation/", {}),
                           ("itempermission/add/", {"email": "a@b", "item": "i", "permission": "X"}),
                           ("itempermission/", {"action": "take_back"})]:
            self.assertEqual(self.post(path, data, client=strict).status_code, 403)
        self.nothing_done()

    def test_read_only_actor(self):
        """Somebody who acts for an administrator, under a ceiling that only reads."""
        owner("SELECT authz.set_actor_ceiling(%s, 'bot', admin => true)", ISSUER)
        self.addCleanup(owner, "SELECT authz.drop_actor_ceiling(%s, 'bot')", ISSUER)
        seal = self.end()
        self.assertNotEqual(self.post("revocation/add/", seal, mint(
            "root", act={"sub": "bot"})).status_code, 302)
        self.nothing_done()

    def test_transaction_around(self):
        """Of ATOMIC_REQUESTS, or of a test: nobody is left on the owner's connection."""
        with transaction.atomic(using="owner"):
            self.open("finding/")
            self.assertEqual(owner("SELECT authz.subject()"), [(None,)])
            self.assertEqual(self.post("revocation/add/", self.end()).status_code, 302)
            self.assertEqual(owner("SELECT authz.subject()"), [(None,)])
            transaction.set_rollback(True, using="owner")
        self.assertEqual(self.revoked(), [])

    def test_log_entry_fails(self):
        """What cannot be noted is not done."""
        seal = self.end()
        root("REVOKE INSERT ON django_admin_log FROM clinic_app")
        try:
            self.assertNotEqual(self.post("revocation/add/", seal).status_code, 302)
        finally:
            root("GRANT INSERT ON django_admin_log TO clinic_app")
        self.nothing_done()


class Granting(Pages):
    def grant(self, email="amy@example.com", item="scans.brain", permission="VIEW", **more):
        return self.post("itempermission/add/", {"email": email, "item": item,
                                                 "permission": permission, **more},
                         ROOT)

    def rows(self):
        return owner("SELECT email, item, permission, granted_by FROM authz.item_permission ORDER BY 1")

    def test_grant(self):
        self.assertIn("In the application clinic", self.text("itempermission/add/"))
        self.assertEqual(self.grant().status_code, 302)
        self.assertEqual(self.rows(), [("amy@example.com", "scans.brain", "VIEW", "root@example.com")])
        self.assertIn("Granted: VIEW on scans.brain for amy@example.com.", self.text("itempermission/"))
        self.assertEqual(self.grant().status_code, 302)
        self.assertIn("It was granted already", self.text("itempermission/"))
        self.assertEqual(self.noted()[0][:3], (1, "VIEW on scans.brain for amy@example.com",
                                               "Granted (as root of https://id.example)"))

    def test_mistakes(self):
        for fields, words_of_it in [({"item": "a..b"}, "malformed item path"), ({"email": ""}, "required"),
                                    ({"email": token("ann")}, "This is a token"),
                                    ({"item": "x" * 1001}, "at most 1000")]:
            text = self.grant(**fields).content.decode()
            self.assertIn(words_of_it, text)
        self.assertEqual((self.rows(), self.noted()), ([], []))

    def test_without_application(self):
        owner("SELECT authz.alter_issuer(%s, '{\"client\": null}')", ISSUER)
        try:
            self.assertIn("has no application", self.text("itempermission/add/"))
            self.assertEqual(self.grant().status_code, 200)
            self.assertEqual(self.rows(), [])
        finally:
            owner("SELECT authz.alter_issuer(%s, '{\"client\": \"clinic\"}')", ISSUER)

    def test_take_back_one(self):
        self.grant()
        row = ItemPermission.objects.get()
        path = "itempermission/%s/" % quote(row.pk)
        self.assertIn("root@example.com", self.text(path + "change/"))
        self.assertIn("delete/", self.text(path + "change/"))
        self.assertNotIn("delete/", self.text(path + "change/", user="clerk"))
        fields = self.sealed(self.get(BASE + path + "delete/", ROOT, client=self.client_of("boss")))
        self.assertEqual(self.post(path + "delete/", {"post": "yes"}, ROOT).status_code, 200)
        self.assertEqual(len(self.rows()), 1)
        self.assertEqual(self.post(path + "delete/", fields, user="clerk").status_code, 403)
        self.assertEqual(self.post(path + "delete/", fields, who="ann").status_code, 403)
        self.assertEqual(len(self.rows()), 1)
        self.assertEqual(self.post(path + "delete/", fields, ROOT).status_code, 302)
        self.assertEqual(self.rows(), [])
        self.assertEqual(self.noted()[-1][0], 3)
        # a second time it is gone
        self.assertEqual(self.post(path + "delete/", fields, ROOT).status_code, 302)
        self.assertEqual(len(self.noted()), 2)

    def test_take_back_some(self):
        for name in ("a", "b", "c"):
            self.grant(email=name + "@example.com")
        owner("INSERT INTO authz.item_permission (email, client, item, permission)"
              " VALUES ('d@example.com', 'elsewhere', 'x', 'VIEW')")
        rows = {row.email[0]: row.pk for row in ItemPermission.objects.all()}
        chosen = {"action": "take_back", "_selected_action": [rows["a"], rows["b"], rows["d"]]}
        response = self.post("itempermission/", chosen, ROOT)
        self.assertIn("a@example.com", response.content.decode())
        seal = dict(self.sealed(response))["authz_seal"]
        self.assertEqual(len(self.rows()), 4)
        more = {"action": "take_back", "_selected_action": [rows["c"]], "authz_seal": seal}
        self.assertEqual(self.post("itempermission/", more, ROOT).status_code, 200)
        self.assertEqual(len(self.rows()), 4)
        self.assertEqual(self.post("itempermission/", {**chosen, "authz_seal": seal}, ROOT).status_code, 302)
        self.assertEqual([row[0] for row in self.rows()], ["c@example.com", "d@example.com"])
        page = self.text("itempermission/")
        self.assertIn("2 permissions were taken back.", page)
        self.assertIn("1 permission is of another application", page)
        self.assertIn("elsewhere", self.text("itempermission/?application=elsewhere"))
        self.assertNotIn("c@example.com", self.text("itempermission/?application=elsewhere"))

    def test_denied(self):
        """An administrator without an address grants nothing."""
        text = self.post("itempermission/add/", {
            "email": "amy@example.com", "item": "a", "permission": "VIEW"}).content.decode()
        self.assertIn("has it an e-mail address?", text)
        self.assertEqual((self.rows(), self.noted()), ([], []))
        self.grant()
        row = ItemPermission.objects.get()
        path = "itempermission/%s/delete/" % quote(row.pk)
        fields = self.sealed(self.get(BASE + path, "root", client=self.client_of("boss")))
        self.assertEqual(self.post(path, fields).status_code, 302)
        self.assertIn("has it an e-mail address?", self.text("itempermission/"))
        self.assertEqual((len(self.rows()), len(self.noted())), (1, 1))

    def test_staff_has_no_action(self):
        self.grant()
        self.assertNotIn("take_back", self.text("itempermission/", user="clerk"))
        row = ItemPermission.objects.get()
        self.post("itempermission/", {"action": "take_back", "_selected_action": [row.pk]}, user="clerk")
        self.post("itempermission/", {"action": "delete_selected", "_selected_action": [row.pk],
                                      "post": "yes"})
        self.assertEqual(len(self.rows()), 1)


class Explaining(Pages):
    def ask(self, path="/admin/clinic/note/1/who-may-see/", who="root", user="boss", **data):
        response = self.post(path, {"command": "SELECT", **data}, who, user)
        self.assertEqual(response.status_code, 200, response.content[:500])
        return response.context["answer"], response.content.decode()

    def claims(self, claims, who="root", **more):
        with member():
            return self.ask(whom="claims", claims=json.dumps(claims), who=who,
                            **{"issuer": ISSUER, **more})[0]

    def test_button(self):
        page = self.text("/admin/clinic/note/1/change/", "ann")
        self.assertIn("/admin/clinic/note/1/who-may-see/", page)
        self.assertIn("Who may see this?", page)
        self.assertIn("History", page)
        self.assertNotIn("who-may-see", self.text("/admin/clinic/note/add/", "ann"))

    def test_as_visitor(self):
        response = self.open("/admin/clinic/note/1/who-may-see/", "ann")
        self.assertEqual(response.context["answer"],
                         "ann sees the row: permissive policy own lets it through, owner = 'ann'.")
        self.assertIn("permissive policy own", response.content.decode())
        answer, page = self.ask(who="ann", command="DELETE")
        self.assertIn("ann may delete the row", answer)
        # somebody else's row is not there
        self.open("/admin/clinic/note/2/who-may-see/", "ann", status=302)
        self.open("/admin/clinic/note/1/who-may-see/", None, status=302)

    def test_permission(self):
        self.open("/admin/clinic/note/1/who-may-see/", user="guest", status=403)
        self.users["guest"].user_permissions.set(Permission.objects.using("owner").filter(
            codename="view_note"))
        self.assertIn("root sees the row", self.ask(user="guest")[0])

    def test_as_somebody(self):
        self.assertEqual(self.claims({"sub": "ann"}),
                         "ann sees the row: permissive policy own lets it through, owner = 'ann'.")
        self.assertEqual(self.claims({"sub": "bob"}),
                         "There is no row with this key, or none that you may see.")
        self.assertEqual(self.json("/who/", "root")["subject"], "root")

    def test_who_may_not_be_somebody(self):
        """Superuser without is_admin(), staff with it: claims are not looked at."""
        with member():
            for who, user in (("ann", "boss"), ("ann", "clerk"), ("root", "clerk")):
                self.users["clerk"].user_permissions.set(Permission.objects.using("owner").all())
                answer, page = self.ask(who=who, user=user, whom="claims", claims='{"sub": "bob"}')
                self.assertIn(who + " sees the row", answer)
                self.assertNotIn("id_claims", page)

    def test_only_rows_that_the_visitor_sees(self):
        """An administrator whose policies hide a row is not shown it by Bob's eyes."""
        data = {"model": "clinic.record", "pk": "2", "whom": "claims", "issuer": ISSUER, "claims": json.dumps(
            {"sub": "bob", **{"org_id_to_org_member_info": PEOPLE["bob"][
                "org_id_to_org_member_info"]}})}
        with member():
            hidden = self.ask(BASE + "explanation/", **data)[0]
            seen = self.ask(BASE + "explanation/", who=mint("bob", groups=["staff"]), **data)[0]
        self.assertEqual(hidden, "There is no row with this key, or none that you may see.")
        self.assertIn("bob sees the row", seen)

    def test_not_a_member(self):
        answer, page = self.ask(whom="claims", claims='{"sub": "bob"}', issuer=ISSUER)
        self.assertIn("The database refuses that", answer)
        self.assertIn("clinic_app", answer)

    def test_claims_that_are_none(self):
        for claims, words_of_it in [("", "not a JSON object"), ("[]", "not a JSON object"),
                                    (token("ann"), "not a JSON object"), ('{"sub": 7}', None)]:
            answer, page = self.ask(whom="claims", claims=claims)
            self.assertNotIn(token("ann"), page)
            if words_of_it:
                self.assertIn(words_of_it, page)
                self.assertIsNone(answer)
        self.assertIn("cannot be read", self.claims({"sub": 7}))
        self.assertIn("does not exist", self.claims({"sub": "a"}, issuer="https://none.example"))
        self.assertIn("choose no issuer", self.claims({"sub": "a"}, issuer=""))
        self.assertIn("ann sees", self.claims(
            {"sub": "ann", "iss": ISSUER, "aud": "clinic"}, issuer=""))

    def test_leaves_no_trace(self):
        """The owner's own connection is neither read-only nor somebody afterwards."""
        self.claims({"sub": "bob"})
        owner("UPDATE authz.jwks_status SET next_due = NULL")
        self.assertEqual(owner("SELECT authz.subject(), current_user::text, authz.is_simulated()"),
                         [(None, "clinic_owner", False)])
        self.assertEqual(self.post("revocation/add/", self.end()).status_code, 302)

    def test_only_the_explanation_is_quiet(self):
        """Policies bind whose claims are tried, and raise for all else of the owner's."""
        self.assertIn("ann sees", self.claims({"sub": "ann"}))
        with self.assertRaises(RowsHidden):
            owner("SELECT FROM clinic_note")
        login = Login(token("root"))
        mark = enter(login)
        try:
            for cursor_of in (rights.owner_apart, rights.owner):
                with self.assertRaises(RowsHidden), cursor_of() as cursor:
                    cursor.execute("SELECT FROM clinic_note")
        finally:
            leave(mark)
            login.finish()

    def test_visitors_that_are_loud(self):
        """Whose queries raise, so the explanation says that of somebody's."""
        data = {"model": "clinic.note", "whom": "claims", "issuer": ISSUER, "claims": '{"sub": "ann"}'}
        with member():
            self.assertIn("ann sees rows", self.ask(BASE + "explanation/", **data)[0])
            with connections["default"].cursor() as cursor:
                cursor.execute("SET row_security = off")
            try:
                self.assertIn("row_security is off", self.ask(BASE + "explanation/", **data)[0])
            finally:
                connections["default"].close()

    def test_any_table(self):
        page = self.text("explanation/")
        self.assertIn("clinic.note", page)
        self.assertNotIn("dbmi_authz.issuer", page)
        answer, page = self.ask(BASE + "explanation/", model="clinic.note", command="SELECT")
        self.assertIn("root sees all rows", answer)
        answer, page = self.ask(BASE + "explanation/", who="ann", model="clinic.note", pk="2")
        self.assertEqual(answer, "There is no row with this key, or none that you may see.")
        answer, page = self.ask(BASE + "explanation/", who="ann", model="clinic.note", pk="x")
        self.assertEqual(answer, "There is no row with this key, or none that you may see.")
        answer, page = self.ask(BASE + "explanation/", model="dbmi_authz.issuerkey")
        self.assertIsNone(answer)
        # a table that the visitor may not look at in Django is not explained either
        answer, page = self.ask(BASE + "explanation/", user="clerk", model="clinic.note")
        self.assertIsNone(answer)
        self.assertNotIn("note (clinic.note)", page)

    def test_lint(self):
        page = self.text("finding/")
        self.assertRegex(page, r"all \(\d+\)")
        root("CREATE TABLE open_to_all (id integer, owner text);"
             "CREATE POLICY p ON open_to_all USING (true); GRANT SELECT ON open_to_all TO PUBLIC")
        try:
            page = self.text("finding/?level=error")
            self.assertIn("row_security_off", page)
            self.assertIn("ALTER TABLE public.open_to_all ENABLE ROW LEVEL SECURITY", page)
            self.assertNotIn("row_security_off", self.text("finding/?level=info"))
        finally:
            root("DROP TABLE open_to_all")


class Checks(Case):
    """Each finding provoked once, with its twin that is silent."""

    def settings(self, **values):
        with override_settings(DBMI_AUTHZ=values):
            return ids(checks.check_admin_settings(None))

    def database(self, **values):
        with override_settings(DBMI_AUTHZ=values):
            return ids(checks.check_admin_database(None, list(values.values())))

    def test_settings(self):
        self.assertEqual(self.settings(), [])
        self.assertEqual(self.settings(ADMIN_DATABASE="owner"), [])
        self.assertEqual(self.settings(ADMIN_DATABASE="nowhere"), ["E080"])
        self.assertEqual(self.settings(ADMIN_DATABASE="default"), ["E081"])
        self.assertEqual(self.settings(DATABASES=["default", "owner"], ADMIN_DATABASE="owner"), ["E081"])
        with mock.patch.object(type(connections["owner"]), "vendor", "sqlite"):
            self.assertEqual(self.settings(ADMIN_DATABASE="owner"), ["E082"])
        without = [app for app in settings.INSTALLED_APPS if app != "django.contrib.admin"]
        with override_settings(INSTALLED_APPS=without):
            self.assertEqual(self.settings(ADMIN_DATABASE="owner"), ["W083"])
            self.assertEqual(self.settings(), [])

    def test_databases(self):
        self.assertEqual(self.database(ADMIN_DATABASE="down"), ["E084"])
        self.assertEqual(self.database(ADMIN_DATABASE="bare"), ["E085"])
        self.assertEqual(self.database(ADMIN_DATABASE="root"), ["E086"])
        self.assertEqual(self.database(ADMIN_DATABASE="owner"), ["W089"])
        with member():
            self.assertEqual(self.database(ADMIN_DATABASE="owner"), [])
        with mock.patch.dict(connections["owner"].settings_dict, USER="clinic_app"):
            connections["owner"].close()
            self.addCleanup(connections["owner"].close)
            self.assertEqual(self.database(ADMIN_DATABASE="owner"), ["E087"])
        connections["owner"].close()
        # only what was asked for
        with override_settings(DBMI_AUTHZ={"ADMIN_DATABASE": "down"}):
            self.assertEqual(checks.check_admin_database(None, ["default"]), [])
            self.assertEqual(checks.check_admin_database(None, None), [])

    def test_another_database(self):
        root("CREATE DATABASE clinic_twin TEMPLATE template0 OWNER clinic_owner")
        try:
            with mock.patch.dict(connections["owner"].settings_dict, NAME="clinic_twin"):
                connections["owner"].close()
                owner("CREATE EXTENSION dbmi_authz")
                self.assertEqual(self.database(ADMIN_DATABASE="owner"), ["E088"])
                connections["owner"].close()
        finally:
            root("DROP DATABASE clinic_twin WITH (FORCE)")

    def test_registered(self):
        with override_settings(DBMI_AUTHZ={"ADMIN_DATABASE": "default"}):
            self.assertIn("E081", ids(e for e in run_checks() if e.id.startswith("dbmi_authz")))


class Page(unittest.TestCase):
    """doc/django/admin.md names what there is."""

    def test_page(self):
        with open(os.path.join(TEST, "..", "doc", "django", "admin.md"), encoding="utf-8") as f:
            text = f.read()
        with open(checks.__file__, encoding="utf-8") as f:
            code = f.read()
        known = set(re.findall(r'id="(dbmi_authz\.[EW]\d+)"', code))
        self.assertEqual(len(known), 10)
        self.assertEqual(set(re.findall(r"`(dbmi_authz\.[EW]\d+)`", text)), known)
        blocks = re.findall(r"^```python\n(.*?)^```", text, re.S | re.M)
        self.assertEqual(len(blocks), 3)
        names = {"my_site": admin.AdminSite("mine"), "more": {}}
        for block in blocks:
            exec(re.sub(r"\{\.\.\., ", "{**more, ", block), names)
        self.assertTrue(names["my_site"].is_registered(Issuer))
        self.assertTrue(issubclass(names["NoteAdmin"], admin.ModelAdmin))
        for model in apps.get_app_config("dbmi_authz").get_models():
            if "view" in model._meta.default_permissions:
                self.assertTrue(Permission.objects.using("owner").filter(
                    codename="view_" + model._meta.model_name).exists())
        for name in re.findall(r"`(?:dbmi_authz\.)?(view_\w+)`", text):
            self.assertTrue(Permission.objects.using("owner").filter(codename=name).exists(), name)


class ByToken(Pages):
    """The admin for people with a row, a token and perhaps a session: UserMiddleware,
    TokenBackend and SUPERUSER."""
    HTML = {"HTTP_ACCEPT": "text/html"}
    FIELDS = {"what": "subject", "issuer": ISSUER, "value": "bob"}

    def setUp(self):
        changed = override_settings(
            MIDDLEWARE=["dbmi_authz_django.sessions.UserMiddleware" if "AuthenticationM" in path else path
                        for path in settings.MIDDLEWARE],
            AUTHENTICATION_BACKENDS=["dbmi_authz_django.backends.TokenBackend",
                                     "django.contrib.auth.backends.ModelBackend"],
            DBMI_AUTHZ={**settings.DBMI_AUTHZ, "SUPERUSER": authz.IsAdmin(), "STAFF": authz.HasScope("read"),
                        "USER": {"field": "username", "issuers": [ISSUER], "create": True}})
        changed.enable()
        self.addCleanup(changed.disable)
        super().setUp()
        self.addCleanup(self.nobodys_rows)
        self.nobodys_rows()

    def nobodys_rows(self):
        User.objects.using("owner").filter(username__in=["ann", "bob", "root", "cleo"]).delete()

    def row(self, name):
        return User.objects.using("owner").get(username=name)

    def browser(self, cookie=None, session=None):
        client = Client(raise_request_exception=False, **self.HTML)
        if session is not None:
            user, new = User.objects.get_or_create(username=session, defaults={"is_staff": True})
            client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        if cookie is not None:
            client.cookies["DBMI_JWT"] = cookie
        return client

    def leads_to(self, response, address):
        self.assertEqual((response.status_code, response.get("Location")), (302, address))

    def shows(self, response, text, status=200):
        self.assertEqual(response.status_code, status, response.content[:500])
        self.assertIn(text, response.content.decode())

    def cookie_gone(self, response):
        morsel = response.cookies.get("DBMI_JWT")
        return morsel is not None and morsel["max-age"] == 0

    def test_superuser_by_token(self):
        """Without any session: the row is made, and what it does is noted as its doing."""
        browser = self.browser(ROOT)
        page = browser.get(BASE + "revocation/")
        self.shows(page, "End a person")
        self.assertNotIn("sessionid", browser.cookies)
        self.assertTrue(self.row("root").is_superuser)
        seal = self.sealed(browser.post(BASE + "revocation/add/", self.FIELDS))
        self.assertEqual(browser.post(BASE + "revocation/add/", seal).status_code, 302)
        self.assertEqual(self.revoked(), [("subject", "bob")])
        self.assertEqual(self.noted(), [
            (1, "person bob", "Revoked: subject (as root of https://id.example)", "root")])

    def test_staff_by_token(self):
        """Is let in, and sees what its row may; by SUPERUSER's rule it is none."""
        browser = self.browser(token("ann"))
        self.shows(browser.get("/admin/"), "ann")
        self.assertFalse(self.row("ann").is_superuser)
        self.assertEqual(browser.get(BASE + "revocation/").status_code, 403)
        self.assertEqual(browser.post(BASE + "revocation/add/", self.FIELDS).status_code, 403)
        self.assertEqual(self.revoked(), [])
        # somebody without even that is led to the login
        self.leads_to(self.browser(token("cleo")).get("/admin/"), "/admin/login/?next=/admin/")

    def test_superuser_no_longer(self):
        """The row keeps the flag until its next token, and no token is no administrator."""
        self.browser(ROOT).get("/admin/")
        self.assertTrue(self.row("root").is_superuser)
        browser = self.browser(mint("root", groups=[]))
        self.assertEqual(browser.get(BASE + "revocation/").status_code, 403)
        self.assertFalse(self.row("root").is_superuser)

    def test_login_with_an_expired_cookie(self):
        """The admin leads to its login, which can be reached and takes the cookie away."""
        User.objects.db_manager("owner").create_superuser("ann", "", "correct horse")
        browser = self.browser(mint("ann", exp="-10"))
        response = browser.get(BASE + "issuer/")
        self.leads_to(response, "/admin/login/?next=%sissuer/" % BASE)
        browser = self.browser(mint("ann", exp="-10"))
        page = browser.get("/admin/login/")
        self.shows(page, 'name="password"')
        self.assertTrue(self.cookie_gone(page))
        for _ in range(2):      # with the cookie, and without
            response = browser.post("/admin/login/?next=%sissuer/" % BASE, {
                "username": "ann", "password": "correct horse"})
            self.leads_to(response, BASE + "issuer/")
            self.shows(browser.get(BASE + "issuer/"), ISSUER)
            browser = self.browser(mint("ann", exp="-10"))
        browser = self.browser(mint("ann", exp="-10"))
        self.shows(browser.post("/admin/login/", {"username": "ann", "password": "wrong"}),
                            "Please enter the correct")

    def test_session_of_another(self):
        """Ann's session and Bob's, or an administrator's, token: nobody, and no page."""
        for cookie in (token("bob"), ROOT):
            for path in ("/admin/", BASE + "issuer/", BASE + "revocation/add/"):
                with self.subTest(path):
                    browser = self.browser(cookie, "ann")
                    response = browser.get(path)
                    self.leads_to(response, "/admin/login/?next=" + path)
                    self.assertTrue(self.cookie_gone(response))
                    self.assertNotIn("_auth_user_id", browser.session)
            browser = self.browser(cookie, "ann")
            response = browser.post(BASE + "revocation/add/", self.FIELDS)
            self.assertEqual(response.status_code, 401)
            self.assertIn("text/html", response["Content-Type"])
            self.shows(response, "different people", 401)
            self.assertNotIn("Issuers", response.content.decode())
        self.assertEqual((self.revoked(), self.noted()), ([], []))

    def test_session_of_the_same(self):
        browser = self.browser(ROOT, "root")
        self.shows(browser.get(BASE + "revocation/"), "End a person")

    def test_nobody_after_a_mismatch(self):
        """Where the setting lets the request go on: to the login."""
        with override_settings(DBMI_AUTHZ={**settings.DBMI_AUTHZ, "SESSION_OF_ANOTHER": "nobody"}):
            response = self.browser(ROOT, "ann").get(BASE + "issuer/")
        self.leads_to(response, "/admin/login/?next=%sissuer/" % BASE)

    def test_errors_in_the_midst(self):
        """Of a POST: a page with the way back, and the cookie goes with a token that ended."""
        me = mint("root", sid="s1", email="root@example.com")
        browser = self.browser(me)
        seal = self.sealed(browser.post(BASE + "revocation/add/", self.FIELDS))
        insist = rights.insist

        def ends(request):
            insist(request)
            owner("SELECT authz.revoke_session(%s, 's1')", ISSUER)
        with mock.patch.object(rights, "insist", ends):
            response = browser.post(BASE + "revocation/add/", seal, HTTP_REFERER=(
                "http://testserver" + BASE + "revocation/add/?value=bob"))
        self.assertEqual(response.status_code, 401)
        self.assertIn("text/html", response["Content-Type"])
        self.assertIn("invalid_token", response["WWW-Authenticate"])
        self.shows(response, 'href="/admin/login/?next=%srevocation/add/%%3Fvalue%%3Dbob"' % BASE, 401)
        self.assertTrue(self.cookie_gone(response))
        self.assertNotIn("eyJ", response.content.decode())
        self.assertEqual(self.revoked(), [("session", "s1")])

        owner("DELETE FROM authz.revocation")

        def loses(request):
            insist(request)
            request.authz_login.token = type(request.authz_login.token)(token("ann"))
        browser = self.browser(me)
        with mock.patch.object(rights, "insist", loses):
            response = browser.post(BASE + "revocation/add/", seal)
        self.assertEqual(response.status_code, 403)
        self.assertIn("text/html", response["Content-Type"])
        self.assertFalse(self.cookie_gone(response))
        self.assertEqual((self.revoked(), self.noted()), ([], []))

    def test_logged_out(self):
        """Of the admin: session and token go."""
        browser = self.browser(ROOT, "root")
        response = browser.post("/admin/logout/")
        self.assertTrue(self.cookie_gone(response))
        self.assertNotIn("_auth_user_id", browser.session)


def ids(found):
    return sorted(error.id.partition(".")[2] for error in found)


class Words(Case):
    def test_spans(self):
        from datetime import timedelta
        for seconds, text in [(0, "0 seconds"), (1, "1 second"), (59, "59 seconds"), (60, "1 minute"),
                              (3600, "1 hour"), (7200, "2 hours"), (47 * 3600, "47 hours"),
                              (3 * 86400 + 5, "3 days"), (900 * 86400, "2 years")]:
            self.assertEqual(words.span(timedelta(seconds=seconds)), text)

    def test_addresses(self):
        for url, text in [("https://a.example/x", "https://a.example/x"),
                          ("https://u:p@a.example/x", "https://a.example/x"),
                          ("https://a.example/x?key=1#f", "https://a.example/x?…"),
                          ("http://[bad", "…")]:
            self.assertEqual(words.address(url), text)


class Absent(Case):
    """Without the setting: no models, no pages, no permissions."""

    def test_absent(self):
        code = ("import os, sys; sys.path[:0] = %r; os.environ['DJANGO_SETTINGS_MODULE'] = 'settings';"
                "import settings; settings.DBMI_AUTHZ.pop('ADMIN_DATABASE');"
                "import django; django.setup();"
                "from django.apps import apps; from django.contrib import admin; from django.test import Client;"
                "from dbmi_authz_django.admin import ExplainsAccess;"
                "admin.autodiscover();"
                "print(list(apps.get_app_config('dbmi_authz').get_models()),"
                " [m for m in admin.site._registry if m._meta.app_label == 'dbmi_authz'])" % (sys.path[:3],))
        found = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True,
                               env=os.environ, universal_newlines=True)
        self.assertEqual(found.stdout.split(), ["[]", "[]"])

    def test_present(self):
        self.assertEqual(conf.admin_database, "owner")
        self.assertIn(Issuer, admin.site._registry)

    def test_no_migration(self):
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def public_pem():
    return subprocess.run(["openssl", "pkey", "-in", KEY, "-pubout"], stdout=subprocess.PIPE,
                          check=True, universal_newlines=True).stdout


