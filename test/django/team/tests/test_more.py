"""Everything of dbmi_authz_django.test, as a team would use it."""
import unittest
import warnings
from urllib.request import Request, urlopen

import django
from dbmi_authz_django import authz
from dbmi_authz_django import test as helpers
from dbmi_authz_django.test import (
    APIClient, APITestCase, AsyncClient, AuthzTestWarning, Client, LiveServerTestCase,
    SimpleTestCase, TestCase, TransactionTestCase, as_user, mint,
)
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction
from django.test import Client as DjangoClient
from django.test import RequestFactory
from rest_framework.test import APIClient as RestClient
from team import urls
from team.models import Folder, Note


class Data:
    """Rows of setUpTestData by somebody, which every test finds."""

    @classmethod
    def setUpTestData(cls):
        with cls.as_user("ann"):
            cls.ann = Note.objects.create(owner="ann", text="Ann")
        with cls.as_user({"sub": "bob"}):
            cls.bob = Note.objects.create(owner="bob", text="Bob")


class Asserted(Data, TestCase):
    def test_reachable(self):
        self.assertIs(authz.test, helpers)

    def test_sees(self):
        self.assertSees("ann", self.ann)
        self.assertSees("ann", [self.ann])
        self.assertSees("ann", Note.objects.filter(text="Ann"))
        self.assertSees("ann", Note.objects)
        self.assertSees("carl", [self.ann, self.bob], roles=["auditor"])
        self.assertCannotSee("ann", self.bob)
        self.assertCannotSee("ann", [self.bob])
        self.assertCannotSee("ann", Note.objects.filter(text="Bob"))
        self.assertCannotSee("carl", Note.objects.all())

    def test_sees_or_says_why(self):
        with self.assertRaisesRegex(
                AssertionError, r"'ann' does not see team\.Note \d+\.\n  There is no row with this "
                r"key, or none that you may see\.\n  ann sees rows of public\.team_note where owner = 'ann'"):
            self.assertSees("ann", [self.ann, self.bob])
        with self.assertRaisesRegex(AssertionError, r"(?s)^why\n  .*any row of this queryset.*owner = 'carl'"):
            self.assertSees("carl", Note.objects.all(), "why")
        with self.assertRaisesRegex(
                AssertionError, r"(?s)'ann' sees team\.Note \d+\..*permissive policy own"):
            self.assertCannotSee("ann", self.ann)
        with self.assertRaisesRegex(AssertionError, "'carl' sees any row"):
            self.assertCannotSee({"sub": "carl"}, Note.objects.all(), roles=["auditor"])

    def test_proves_something(self):
        for bad in ([], Note(owner="ann")):
            for method in (self.assertSees, self.assertCannotSee):
                with self.assertRaises(ValueError):
                    method("ann", bad)
        with self.assertRaisesRegex(ValueError, "is none of"):
            self.assertMay("ann", "see", self.ann)
        with self.assertRaises(authz.Unauthorized):
            self.assertCannotSee("ann", self.bob, expired=True)

    def test_may(self):
        for command in ("select", "view", "update", "change", "delete"):
            self.assertMay("ann", command, self.ann)
            self.assertMayNot("bob", command, self.ann)
        self.assertMay("ann", "insert", Note(owner="ann"))
        self.assertMayNot("ann", "add", Note(owner="bob"))
        self.assertMayNot("carl", "delete", self.ann, roles=["auditor"])
        self.assertMay("carl", "read", self.ann, roles=["auditor"])
        # to the values that it has now
        self.ann.owner = "bob"
        self.assertMayNot("ann", "update", self.ann)
        # and nothing has happened
        self.assertSees("ann", self.ann)
        with self.as_user("ann"):
            self.assertEqual(Note.objects.get().owner, "ann")

    def test_may_or_says_why(self):
        with self.assertRaisesRegex(
                AssertionError, r"(?s)'bob' may not update team\.Note \d+: no such row.*where owner = 'bob'"):
            self.assertMay("bob", "update", self.ann)
        with self.assertRaisesRegex(AssertionError, "(?s)new row violates.*Policies for INSERT"):
            self.assertMay("ann", "insert", Note(owner="bob"))
        with self.assertRaisesRegex(AssertionError, "'ann' may delete"):
            self.assertMayNot("ann", "delete", self.ann, "why")

    def test_other_errors_stay(self):
        with self.assertRaises(IntegrityError):
            self.assertMay("ann", "insert", Note(id=self.ann.id, owner="ann"))

    def test_nobody_between(self):
        self.assertEqual(Note.objects.count(), 0)
        with self.as_user("ann"):
            with self.assertRaises(KeyError), transaction.atomic():
                self.assertEqual(Note.objects.count(), 1)
                raise KeyError
            with self.as_user("bob"):
                self.assertEqual([n.text for n in Note.objects.all()], ["Bob"])
            self.assertEqual([n.text for n in Note.objects.all()], ["Ann"])
        self.assertEqual(Note.objects.count(), 0)

    @as_user("carl", roles=["auditor"])
    def test_decorated(self):
        self.assertEqual(Note.objects.count(), 2)
        self.assertEqual(authz.identity().roles, {"auditor"})

    @as_user("ann")
    async def test_decorated_coroutine(self):
        found = await authz.aidentity()
        self.assertEqual(found.subject, "ann")

    def test_claims(self):
        with self.as_user({"sub": "ann", "email": "a@b.c", "realm": {"more": 1}},
                          scopes=["a", "b"], roles=["r s"], permissions=["p"], groups=["staff"],
                          orgs={"o-1": "Owner", "o-2": {"permissions": ["p"], "name": "Two"}}):
            me = authz.identity()
            self.assertEqual((me.subject, me.email, me.scopes, me.roles, me.permissions,
                              me.groups), ("ann", "a@b.c", {"a", "b"}, {"r s"}, {"p"}, {"staff"}))
            self.assertEqual((me.issuer, me.audience), ("https://id.example", {"team"}))
            self.assertTrue(authz.ask("is_admin"))
            self.assertTrue(authz.ask("has_org_role", "o-1", "Owner"))
            self.assertTrue(authz.ask("has_org_permission", "o-2", "p"))
            self.assertFalse(authz.ask("has_org_permission", "o-1", "p"))
            self.assertEqual(me.organisations["o-2"]["org_name"], "Two")
            self.assertEqual(me.claims["realm"]["more"], 1)

    def test_refused(self):
        for what, why in (("expired", "expired"), ("not_yet_valid", "not (valid )?yet"),
                          ("wrong_audience", "audience"), ("wrong_signature", "signature")):
            with self.subTest(what), self.assertRaisesRegex(authz.Unauthorized, why), \
                    self.as_user("ann", **{what: True}):
                Note.objects.count()
            response = self.client.as_user("ann", **{what: True}).get("/notes/")
            self.assertEqual(response.status_code, 401)
        self.assertSees("ann", self.ann)

    def test_short(self):
        with self.as_user("ann", lifetime=60):
            left = authz.identity().expires_at.timestamp() - authz.identity().claims["iat"]
            self.assertEqual(left, 60)


class Clients(Data, TestCase):
    def notes(self, client, path="/notes/", **extra):
        response = client.get(path, **extra)
        self.assertEqual(response.status_code, 200, response.content)
        return response.json()["notes"]

    def test_as_user(self):
        ann = self.client.as_user("ann")
        self.assertEqual(self.notes(ann), ["Ann"])
        self.assertEqual(self.notes(self.client.as_user("bob")), ["Bob"])
        self.assertEqual(self.notes(self.client), [])
        self.assertEqual(self.notes(ann), ["Ann"])
        self.assertEqual(self.notes(ann, "/redirect/", follow=True), ["Ann"])
        self.assertEqual(self.notes(ann.as_nobody()), [])
        self.assertEqual(self.notes(ann.with_token(mint("bob"))), ["Bob"])

    def test_login_in_force(self):
        """Q43: the client inside of as_token()."""
        with as_user("ann"):
            self.assertEqual(self.notes(self.client), ["Ann"])
            self.assertEqual(self.notes(self.client.as_user("bob")), ["Bob"])
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                self.assertEqual(self.notes(self.client.as_nobody()), [])
            self.assertEqual(self.notes(self.client), ["Ann"])
        self.assertEqual(self.notes(self.client), [])

    def test_own_header_wins(self):
        for extra in [{"HTTP_AUTHORIZATION": "Bearer " + mint("bob")}] + [
                {"headers": {"authorization": "Bearer " + mint("bob")}}] * (django.VERSION >= (4, 2)):
            self.assertEqual(self.notes(self.client.as_user("ann"), **extra), ["Bob"])
        bob = Client(HTTP_AUTHORIZATION="Bearer " + mint("bob"))
        with as_user("ann"):
            self.assertEqual(self.notes(bob), ["Bob"])

    def test_settings(self):
        for conf, sent in (({"HEADER": "X-Token", "SCHEMES": ["token"]}, "Token "),
                           ({"SCHEMES": ["JWT"]}, "Jwt ")):
            with self.settings(DBMI_AUTHZ=conf):
                response = self.client.as_user("ann").get("/notes/")
                self.assertEqual(response.json()["notes"], ["Ann"])
                name = "HTTP_" + conf.get("HEADER", "Authorization").upper().replace("-", "_")
                self.assertTrue(str(response.wsgi_request.META[name]).startswith(sent))
        with self.settings(DBMI_AUTHZ={}), self.assertRaisesRegex(ValueError, "COOKIE"):
            self.client.as_user("ann", cookie=True)

    def test_cookie(self):
        ann = self.client.as_user("ann", cookie=True)
        self.assertEqual(self.notes(ann), ["Ann"])
        self.assertNotIn("HTTP_AUTHORIZATION", ann.get("/notes/").wsgi_request.META)

    async def test_async(self):
        ann = self.async_client.as_user("ann")
        self.assertEqual((await ann.get("/anotes/")).json()["notes"], ["Ann"])
        self.assertEqual((await ann.as_nobody().get("/anotes/")).json()["notes"], [])
        self.assertEqual((await AsyncClient().get("/anotes/")).json()["notes"], [])
        async with as_user("bob"):
            self.assertEqual((await AsyncClient().get("/anotes/")).json()["notes"], ["Bob"])
        with self.settings(DBMI_AUTHZ={"HEADER": "X-Token"}):
            self.assertEqual((await ann.get("/anotes/")).json()["notes"], ["Ann"])

    def test_request_factory(self):
        """A view that is called itself has the login in force."""
        request = RequestFactory().get("/notes/")
        request.user = "-"
        with as_user("ann"):
            self.assertIn(b'["Ann"]', urls.notes(request).content)


class Forced(TestCase):
    """Q43: force_login() and force_authenticate() work, or say why not."""

    @classmethod
    def setUpTestData(cls):
        cls.user = get_user_model().objects.create_user("ann", "a@b.c", "secret")
        with cls.as_user("ann"):
            Note.objects.create(owner="ann", text="Ann")

    def found(self, client, path="/notes/"):
        return client.get(path).json()

    def test_force_login(self):
        self.client.force_login(self.user)
        self.assertEqual(self.found(self.client),
                         {"notes": ["Ann"], "subject": "ann", "user": "ann"})
        self.client.logout()
        self.assertEqual(self.found(self.client),
                         {"notes": [], "subject": None, "user": "AnonymousUser"})

    def test_claims_of_it(self):
        self.client.force_login(self.user, claims="bob", roles=["auditor"])
        self.assertEqual(self.found(self.client),
                         {"notes": ["Ann"], "subject": "bob", "user": "ann"})

        class Own(Client):
            def user_claims(self, user):
                return "u-%s" % user.username

        own = Own()
        own.force_login(self.user)
        self.assertEqual(self.found(own)["subject"], "u-ann")

    def test_login(self):
        self.assertFalse(self.client.login(username="ann", password="wrong"))
        self.assertEqual(self.found(self.client)["notes"], [])
        self.assertTrue(self.client.login(username="ann", password="secret"))
        self.assertEqual(self.found(self.client)["notes"], ["Ann"])

    def test_as_user_has_no_session(self):
        self.client.force_login(self.user)
        self.assertEqual(self.found(self.client.as_user("bob")),
                         {"notes": [], "subject": "bob", "user": "AnonymousUser"})

    def test_force_authenticate(self):
        client = APIClient()
        client.force_authenticate(self.user)
        self.assertEqual(self.found(client, "/api/"), {"notes": 1, "user": "ann"})
        client.force_authenticate()
        self.assertEqual(self.found(client, "/api/"), {"notes": 0, "user": "AnonymousUser"})

    def test_django_s_own_say_so(self):
        def session(client):
            client.force_login(self.user)
            return client

        def forced(client):
            client.force_authenticate(self.user)
            return client

        for client, path, why in ((session(DjangoClient()), "/notes/", r"force_login\(\)"),
                                  (forced(RestClient()), "/api/", r"force_authenticate\(\)")):
            with self.assertWarnsRegex(AuthzTestWarning, why):
                self.assertIn(self.found(client, path)["notes"], (0, []))
        with as_user("ann"), self.assertWarnsRegex(AuthzTestWarning, r"within as_token\(\)"):
            self.assertEqual(self.found(DjangoClient())["notes"], [])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.found(DjangoClient())
            self.found(session(DjangoClient()), "/nothing/")
            self.found(self.client.as_user("ann"))

    if django.VERSION >= (5, 0):
        async def test_async_login(self):
            await self.async_client.aforce_login(self.user)
            found = (await self.async_client.get("/anotes/")).json()
            self.assertEqual((found["notes"], found["subject"]), (["Ann"], "ann"))
            await self.async_client.alogout()
            self.assertEqual((await self.async_client.get("/anotes/")).json()["notes"], [])
            self.assertTrue(await self.async_client.alogin(username="ann", password="secret"))
            self.assertEqual((await self.async_client.get("/anotes/")).json()["notes"], ["Ann"])


class Rest(APITestCase):
    def test_api(self):
        ann = self.client.as_user("ann")
        self.assertEqual(ann.post("/api/", {"owner": "ann"}).json(), {"notes": 1, "user": "ann"})
        self.assertEqual(ann.post("/api/", {"owner": "bob"}).status_code, 403)
        self.assertEqual(self.client.as_user("bob").get("/api/").json()["notes"], 0)
        self.client.credentials(HTTP_AUTHORIZATION="Bearer " + mint("ann"))
        self.assertEqual(self.client.get("/api/").json()["notes"], 1)
        self.assertEqual(self.client.as_nobody().get("/api/").json()["notes"], 0)


class Committed(TransactionTestCase):
    # Django restores by the alias "default", in a transaction of the mirrored one
    serialized_rollback = settings.ROLES == "one"

    def test_one(self):
        with self.as_user("ann"):
            note = Note.objects.create(owner="ann", text="Ann")
        self.assertSees("ann", note)
        self.assertMay("ann", "delete", note)
        self.assertSees("ann", note)
        self.assertCannotSee("bob", note)
        self.assertEqual(self.client.as_user("ann").get("/notes/").json()["notes"], ["Ann"])

    test_again = test_one       # after a flush


class Live(LiveServerTestCase):
    def test_server(self):
        with self.as_user("ann"):
            Note.objects.create(owner="ann", text="Ann")
        for who, rows in (("ann", b'["Ann"]'), ("bob", b"[]")):
            with urlopen(Request(self.live_server_url + "/notes/", headers={
                    "Authorization": "Bearer " + self.mint(who)})) as response:
                self.assertIn(rows, response.read())


class Simple(SimpleTestCase):
    def test_token(self):
        self.assertEqual(self.mint("ann").count("."), 2)
        self.assertEqual(self.client.as_user("ann").get("/nothing/").status_code, 200)


class Plain(unittest.TestCase):
    def test_assertion(self):
        """The functions, without our test cases."""
        self.addCleanup(connection.close)       # which Django's test cases do
        with transaction.atomic(), as_user("ann"):
            note = Note.objects.create(owner="ann")
            helpers.assert_sees("ann", note)
            helpers.assert_may_not("bob", "update", note)
            transaction.set_rollback(True)


class Role(TestCase):
    def test_role(self):
        """Policies bind it; the owner of the table, because of FORCE."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_has_role(relowner, 'USAGE'), relforcerowsecurity"
                           "  FROM pg_class WHERE relname = 'team_note'")
            self.assertEqual(cursor.fetchone(), (settings.ROLES == "one", True))
        with self.assertRaises(authz.Forbidden), transaction.atomic():
            Note.objects.create(owner="ann")
        Folder.objects.create(name="open")
