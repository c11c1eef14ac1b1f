"""REST framework: authentication, permission classes, answers."""
import json
import sys
import unittest
from types import ModuleType, SimpleNamespace
from unittest import mock

from dbmi_authz_django import authz
from dbmi_authz_django.rest_framework import TokenAuthentication, TokenUser
from dbmi_authz_django.throttling import SubjectRateThrottle, SubjectScopedRateThrottle
from django.conf import settings
from django.core.cache import cache
from django.db import connections, reset_queries, transaction
from django.test import Client, override_settings
from django.urls import path
from django.utils.module_loading import import_string
from rest_framework import permissions, throttling
from rest_framework.response import Response
from rest_framework.views import APIView

from . import ORG1, ORG2, atomic_requests, forged, mint, token
from .base import Case

# what they need -> who may
NEEDS = {
    "open": ("ann", "bob", "cleo", "root", None),
    "scope": ("ann", "bob", "root"),
    "both": ("ann",),
    "either": ("ann", "bob", "root"),
    "not": ("ann", "cleo", "root"),
    "not-either": ("ann", "cleo", "root"),
    "mixed": ("ann", "bob", "root"),
    "mixed-not": ("ann", "cleo", "root"),
    "org/" + ORG1: ("ann",),
    "org/" + ORG2: (),
}


class Permissions(Case):
    def test_table(self):
        for need, may in NEEDS.items():
            for who in ("ann", "bob", "cleo", "root", None):
                with self.subTest(need=need, who=who):
                    response = self.get("/needs/%s/" % need, who)
                    status = 200 if who in may else 401 if who is None else 403
                    self.assertEqual(response.status_code, status, response.content)

    def test_strength_of_the_login(self):
        for claims, status in (({"acr": "gold"}, 200), ({"acr": "gold", "amr": ["pwd"]}, 200),
                               ({"acr": "gold", "amr": ["pwd", "sms"]}, 403),
                               ({"acr": "silver"}, 403), ({}, 403)):
            self.assertEqual(self.get("/needs/acr/", mint("ann", **claims)).status_code, status)

    def test_actors(self):
        for claims, status in (({}, 200), ({"act": {"sub": "bot"}}, 200),
                               ({"act": {"sub": "other"}}, 403), ({"act": "bot"}, 401)):
            self.assertEqual(self.get("/needs/actor/", mint("ann", **claims)).status_code, status)

    def test_bodies(self):
        response = self.get("/needs/scope/", "cleo")
        self.assertEqual(response.json(), {"error": "insufficient_scope",
                                           "error_description": "Access denied"})
        self.assertEqual(response["WWW-Authenticate"],
                         'Bearer realm="authz", error="insufficient_scope",'
                         ' error_description="Access denied"')
        response = self.get("/needs/scope/")
        self.assertEqual(response.json(), {"error_description": "Authentication is required"})
        self.assertNotIn("error=", response["WWW-Authenticate"])
        self.assertEqual(response["Cache-Control"], "no-store")

    def test_refused_tokens(self):
        for bad, description in [(forged("ann"), "Invalid token signature"),
                                 (mint("ann", exp="-10"), "Token has expired")]:
            for path in ("/needs/scope/", "/needs/open/", "/api/notes/"):
                response = self.get(path, bad)
                self.assertEqual(response.status_code, 401)
                self.assertEqual(response.json(), {"error": "invalid_token",
                                                   "error_description": description})
                self.assertIn('error="invalid_token"', response["WWW-Authenticate"])

    def test_one_query_for_a_composition(self):
        said = self.statements(lambda: self.get("/needs/both/", "ann"))
        # the identity for request.user came with the token
        self.assertEqual(said.count("query"), 1)

    def test_statements_of_a_list(self):
        """The token with the identity, the requirement of the view, and the list."""
        for atomic in (True, False):
            with atomic_requests(atomic):
                self.get("/api/notes/", "ann")
                said = self.statements(lambda: self.get("/api/notes/", "ann"))
            self.assertEqual(said[:3], ["set_token", "query", "query"])
            self.assertEqual(said[3:], [] if atomic else ["clear_token"])

    def test_judge_of_an_object(self):
        requirement = (authz.HasScope("nothing") | authz.IsOwner("owner")) & ~authz.HasRole("x")
        from clinic.models import Note
        with authz.as_token(token("ann")):
            mine, foreign = Note(owner="ann"), Note(owner="bob")
            self.assertEqual(requirement.judge(None, {}), (True, True))     # not known yet
            self.assertEqual(requirement.judge(None, {}, mine), (True, True))
            self.assertEqual(requirement.judge(None, {}, foreign), (True, False))
            self.assertEqual((~authz.IsOwner("owner")).judge(None, {}, mine), (True, False))
            self.assertEqual((~authz.IsOwner("owner")).judge(None, {}, foreign), (True, True))
        for obj in (None, mine):
            self.assertEqual(requirement.judge(None, {}, obj), (False, False))
            self.assertEqual((~authz.IsOwner("owner")).judge(None, {}, obj), (False, False))

    def test_every_requirement_is_a_function_there(self):
        """Each is granted to whom it should be, and to nobody else."""
        claims = {"scope": "a b", "roles": ["r", "s"], "permissions": ["p", "q", "clinic.view"],
                  "groups": ["g", "staff"], "email_verified": True, "department": "Sales Support"}
        rich, poor = mint("ann", **claims), mint("cleo", roles=["other"])
        for requirement in (
                authz.IsAuthenticated(), authz.HasScope("a"), authz.HasAnyScope("x", "a"),
                authz.HasAllScopes("a", "b"), authz.HasRole("r"), authz.HasAnyRole("x", "r"),
                authz.HasAllRoles("r", "s"), authz.HasPermission("p"), authz.IsAdmin(),
                authz.HasAnyPermission("x", "p"), authz.HasAllPermissions("p", "q"),
                authz.HasGroup("g"), authz.HasAnyGroup("x", "g"), authz.InOrg(ORG1),
                authz.HasClaim("email_verified", "true"), authz.HasClaim("department", "Sales"),
                authz.ClaimIs("department", "Sales Support"), authz.HasOrgRole(ORG1, "Member"),
                authz.IsAtLeastOrgRole(ORG1, "Member"), authz.HasAppPermission("p"),
                authz.HasOrgPermission(ORG1, "records:write"), authz.HasPerm("clinic.view"),
                authz.HasAnyOrgPermission(ORG1, "x", "records:write"),
                authz.HasAllOrgPermissions(ORG1, "records:write")):
            with self.subTest(requirement=requirement):
                with authz.as_token(rich):
                    self.assertEqual(requirement.judge(None, {}), (True, True))
                with authz.as_token(poor):
                    self.assertEqual(requirement.judge(None, {}),
                                     (True, requirement.function == "is_authenticated"))
                self.assertEqual(requirement.judge(None, {}), (False, False))

    def test_claim_is_compares_the_whole_value(self):
        """Z15"""
        with authz.as_token(mint("ann", department="Sales Support")):
            self.assertEqual(authz.ClaimIs("department", "Sales").judge(None, {}), (True, False))
        with authz.as_token(mint("ann", department="Sales")):
            self.assertEqual(authz.ClaimIs("department", "Sales").judge(None, {}), (True, True))

    def test_items(self):
        from django.db import connections
        with connections["root"].cursor() as cursor:
            cursor.execute("INSERT INTO authz.item_permission (email, client, item, permission)"
                           " VALUES ('ann@example.com', 'clinic', 'a.b', 'VIEW')")
        try:
            for requirement, granted in (
                    (authz.HasItemPermission("a.b", "view"), True),
                    (authz.HasItemPermission("a.b.c", "view"), False),
                    (authz.HasItemPermission("a.b.c", "view", True), True),
                    (authz.HasAnyItemPermission("a.b", ["x", "view"]), True),
                    (authz.ManagesItem("a.b"), False),
                    (authz.HasItemPermission(authz.UrlKwarg("item"), "view"), True)):
                with authz.as_token(token("ann")):
                    self.assertEqual(requirement.judge(None, {"item": "a.b"}), (True, granted))
                with authz.as_token(token("bob")):
                    self.assertEqual(requirement.judge(None, {"item": "a.b"}), (True, False))
        finally:
            with connections["root"].cursor() as cursor:
                cursor.execute("DELETE FROM authz.item_permission")

    def test_names_needed(self):
        with self.assertRaises(ValueError):
            authz.HasAnyScope()


class Viewsets(Case):
    def send(self, method, path, who, data=None):
        headers = {"HTTP_AUTHORIZATION": "Bearer " + token(who)} if who else {}
        return getattr(self.client, method)(path, data, content_type="application/json", **headers)

    def test_list_and_retrieve(self):
        for who, owners in [("ann", {"ann"}), ("bob", {"bob"}), ("root", {"ann", "bob", "cleo"})]:
            self.assertEqual({n["owner"] for n in self.json("/api/notes/", who)}, owners)
        self.assertEqual(self.get("/api/notes/").status_code, 401)
        self.assertEqual(self.get("/api/notes/1/", "ann").status_code, 200)
        self.assertEqual(self.get("/api/notes/1/", "bob").status_code, 404)

    def test_write(self):
        new = {"owner": "bob", "title": "new", "words": 1}
        self.assertEqual(self.send("post", "/api/notes/", "bob", new).status_code, 201)
        new["title"] = "of another"
        response = self.send("post", "/api/notes/", "ann", new)
        self.assertEqual(response.status_code, 403, response.content)
        self.assertEqual(response.json()["error"], "insufficient_scope")
        change = {"words": 99}
        self.assertEqual(self.send("patch", "/api/notes/1/", "ann", change).status_code, 200)
        self.assertEqual(self.send("patch", "/api/notes/1/", "bob", change).status_code, 404)
        # gives it away, which the policy does not allow
        self.assertEqual(self.send("patch", "/api/notes/1/", "ann", {"owner": "bob"}).status_code,
                         403)
        self.assertEqual(self.send("delete", "/api/notes/1/", "bob").status_code, 404)
        self.assertEqual(self.send("delete", "/api/notes/4/", "cleo").status_code, 204)

    def test_objects(self):
        """Scope or owner: whoever has neither sees it, by the policy, and is denied."""
        only_admin = mint("zoe", groups=["staff"])
        self.assertEqual(self.get("/api/own/1/", "root").status_code, 200)
        self.assertEqual(self.get("/api/own/1/", only_admin).status_code, 403)
        self.assertEqual(self.get("/api/own/4/", "cleo").status_code, 200)

    def test_organisations(self):
        self.assertEqual(len(self.json("/api/records/", "ann")), 1)
        self.assertEqual(len(self.json("/api/records/", "bob")), 2)
        new = {"org": ORG1, "text": "new"}
        self.assertEqual(self.send("post", "/api/records/", "ann", new).status_code, 201)
        self.assertEqual(self.send("post", "/api/records/", "bob", new).status_code, 403)

    def test_unique_error_is_no_permission_error(self):
        again = {"owner": "ann", "title": "Ann 1"}
        self.assertIn(self.send("post", "/api/notes/", "ann", again).status_code, (400, 409))


class Authentication(Case):
    def test_user(self):
        self.assertEqual(self.json("/needs/scope/", "ann"), {"user": "ann"})
        self.assertEqual(self.json("/needs/open/"), {"user": "AnonymousUser"})
        with authz.as_token(token("ann")):
            user = TokenUser(authz.identity())
        self.assertEqual((user.pk, user.email, user.is_staff, user.is_superuser),
                         ("ann", "ann@example.com", False, False))
        with authz.as_token(token("bob")):
            self.assertNotEqual(user, TokenUser(authz.identity()))

    def test_cookie_needs_csrf_token(self):
        client = Client(raise_request_exception=False, enforce_csrf_checks=True)
        client.cookies["DBMI_JWT"] = token("ann")
        new = {"owner": "ann", "title": "by another page"}
        response = client.post("/api/notes/", new, content_type="application/json")
        self.assertEqual(response.status_code, 403)
        self.assertIn("CSRF", response.content.decode())
        self.assertEqual(client.get("/api/notes/").status_code, 200)
        self.assertEqual(client.post("/api/notes/", new, content_type="application/json",
                                     HTTP_AUTHORIZATION="Bearer " + token("ann")).status_code, 201)

    def test_database_down(self):
        from django.db import connection
        connection.close()
        with override_settings(DBMI_AUTHZ=settings.DBMI_AUTHZ):
            old = dict(connection.settings_dict)
            connection.settings_dict["HOST"] = "/nonexistent"
            try:
                response = self.get("/api/notes/", "ann")
            finally:
                connection.settings_dict.update(old)
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response.json()["error"], "temporarily_unavailable")


class RawHeader(Case):
    """Q47: a header that holds nothing but the token."""

    def test_values(self):
        good = token("ann")
        with override_settings(DBMI_AUTHZ={"HEADER": "X-Token", "SCHEMES": []}):
            for value, status in ((good, 200), (" %s " % good, 200), (forged("ann"), 401), ("Bearer " + good, 400),
                                  ("%s, %s" % (good, good), 400), ("%s %s" % (good, good), 400), ('"x"', 400)):
                response = self.client.get("/needs/mixed/", HTTP_X_TOKEN=value)
                self.assertEqual(response.status_code, status, value)
                self.assertIn("X-Token", response["Vary"])
            self.assertEqual(self.client.get("/needs/open/", HTTP_X_TOKEN="").json(), {"user": "AnonymousUser"})
            # nobody's, as it is not the header
            self.assertEqual(self.get("/needs/open/", "ann").json(), {"user": "AnonymousUser"})


class Broken:
    """A cache that is down."""
    def get(self, *args):
        raise ConnectionError("no cache")


class Throttling(Case):
    """By subject, whatever token or address; nobody by address."""
    RATES = {"subject": "2/hour", "anon": "1/hour", "reports": "1/hour"}

    def setUp(self):
        super().setUp()
        cache.clear()
        self.addCleanup(cache.clear)

    def statuses(self, view, *senders):
        found = []
        for who, address in senders:
            headers = {"HTTP_AUTHORIZATION": "Bearer " + who} if who else {}
            with mock.patch.object(throttling.SimpleRateThrottle, "THROTTLE_RATES", self.RATES):
                response = self.client.get("/", REMOTE_ADDR=address, **headers)
            found.append(response.status_code)
        return found

    def view(self, throttle, **attributes):
        class View(APIView):
            throttle_classes = [throttle]

            def get(self, request):
                return Response()

        for name, value in attributes.items():
            setattr(View, name, value)
        module = ModuleType("urls_of_a_test")
        module.urlpatterns = [path("", View.as_view())]
        urls = override_settings(ROOT_URLCONF=module)
        urls.enable()
        self.addCleanup(urls.disable)
        return View

    def test_by_subject(self):
        view = self.view(SubjectRateThrottle)
        self.assertEqual(self.statuses(
            view, (token("ann"), "10.0.0.1"), (mint("ann", jti="other"), "10.0.0.2"), (token("ann"), "10.0.0.3"),
            (token("bob"), "10.0.0.1"), (None, "10.0.0.1"), (None, "10.0.0.1"), (None, "10.0.0.2")),
            [200, 200, 429, 200, 200, 429, 200])

    def test_keys_are_digests(self):
        view = self.view(SubjectRateThrottle)
        self.statuses(view, (token("ann"), "10.0.0.1"))
        key, = cache._cache
        self.assertRegex(key, r"throttle_subject_authz_[0-9a-f]{64}$")

    def test_another_issuer_is_another_subject(self):
        from dbmi_authz_django.identity import Identity
        from dbmi_authz_django.throttling import subject_of
        with authz.as_token(token("ann")):
            one = authz.identity()
        other = object.__new__(Identity)
        other.__dict__.update({**one.__dict__, "issuer": "https://other.example"})
        digests = {subject_of(SimpleNamespace(auth=auth)) for auth in (one, other, None)}
        self.assertEqual(len(digests), 3)

    def test_scoped(self):
        view = self.view(SubjectScopedRateThrottle, throttle_scope="reports")
        self.assertEqual(self.statuses(view, (token("ann"), "10.0.0.1"), (token("ann"), "10.0.0.2"),
                                       (token("bob"), "10.0.0.2"), (None, "10.0.0.2"), (None, "10.0.0.2")),
                         [200, 429, 200, 200, 429])

    def test_cache_that_is_down(self):
        for refuse, status in ((False, 200), (True, 500)):
            class Throttle(SubjectRateThrottle):
                refuse_without_cache = refuse
            view = self.view(Throttle)
            with mock.patch.object(throttling.SimpleRateThrottle, "cache", Broken()), \
                    self.assertLogs("django.request", "ERROR"):
                self.assertEqual(self.statuses(view, (token("ann"), "10.0.0.1"), (None, "10.0.0.1")), [status] * 2)

    def test_cache_in_the_database(self):
        """What it raises about the token is no failure of the cache."""
        class Refusing:
            def get(self, *args):
                raise authz.Unauthorized()
        view = self.view(SubjectRateThrottle)
        with mock.patch.object(throttling.SimpleRateThrottle, "cache", Refusing()):
            self.assertEqual(self.statuses(view, (token("ann"), "10.0.0.1")), [401])

    def test_without_a_rate_for_nobody(self):
        view = self.view(SubjectRateThrottle)
        with mock.patch.object(self, "RATES", {"subject": "1/hour"}):
            self.assertEqual(self.statuses(view, *[(None, "10.0.0.1")] * 3), [200] * 3)


class OpenApi(unittest.TestCase):
    HEADER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    COOKIE = {"type": "apiKey", "in": "cookie", "name": "DBMI_JWT"}

    def test_places(self):
        from dbmi_authz_django.openapi import requirements, schemes
        self.assertEqual(schemes(), {"authzToken": self.HEADER, "authzCookie": self.COOKIE})
        self.assertEqual(requirements(), [{"authzToken": []}, {"authzCookie": []}])
        with override_settings(DBMI_AUTHZ={"HEADER": "X-Token", "SCHEMES": []}):
            self.assertEqual(schemes(), {"authzToken": {"type": "apiKey", "in": "header", "name": "X-Token"}})
        with override_settings(DBMI_AUTHZ={"SCHEMES": ["JWT"]}):
            self.assertEqual(schemes()["authzToken"]["description"], 'The token behind the word "jwt"')

    def test_generator(self):
        from dbmi_authz_django.openapi import AutoSchema, SchemaGenerator
        from clinic.api import NoteViewSet

        class Notes(NoteViewSet):
            schema = AutoSchema()

        class Open(Notes):
            schema = AutoSchema(operation_id_base="Open")
            permission_classes = [permissions.AllowAny]

        class Others(Notes):
            schema = AutoSchema(operation_id_base="Other")
            authentication_classes = []

        generator = SchemaGenerator(title="Notes", patterns=[
            path(name, view.as_view({"get": "list"})) for name, view in
            (("notes/", Notes), ("open/", Open), ("others/", Others))])
        # of packages that only this generator needs
        with mock.patch.multiple("rest_framework.schemas.openapi", create=True,
                                 uritemplate=SimpleNamespace(variables=lambda path: []),
                                 inflection=SimpleNamespace(pluralize=lambda name: name + "s")):
            schema = generator.get_schema(public=True)
        self.assertEqual(schema["components"]["securitySchemes"]["authzToken"], self.HEADER)
        both = [{"authzToken": []}, {"authzCookie": []}]
        self.assertEqual({name: operations["get"].get("security")
                          for name, operations in schema["paths"].items()},
                         {"/notes/": both, "/open/": [*both, {}], "/others/": None})

    def test_spectacular(self):
        """drf-spectacular is in no Debian: by a stand-in of its base class."""
        class Extension:
            def __init__(self, target):
                self.target = target

        stand_in = ModuleType("drf_spectacular.extensions")
        stand_in.OpenApiAuthenticationExtension = Extension
        with mock.patch.dict(sys.modules, {"drf_spectacular": ModuleType("drf_spectacular"),
                                           "drf_spectacular.extensions": stand_in}):
            from dbmi_authz_django import spectacular
        scheme = spectacular.TokenScheme(TokenAuthentication)
        self.assertEqual(import_string(scheme.target_class), TokenAuthentication)
        self.assertEqual(dict(zip(scheme.name, scheme.get_security_definition(None))),
                         {"authzToken": self.HEADER, "authzCookie": self.COOKIE})
        self.assertEqual(scheme.get_security_requirement(None), [{"authzToken": []}, {"authzCookie": []}])


class Identities(Case):
    def test_of_a_token(self):
        with authz.as_token(mint("bob", jti="j1")):
            found = authz.identity()
        self.assertTrue(found)
        self.assertEqual((found.subject, found.email, found.issuer, found.token_id),
                         ("bob", "bob@example.com", "https://id.example", "j1"))
        self.assertEqual((found.scopes, found.roles), ({"read"}, {"guest"}))
        self.assertEqual(set(found.organisations), {ORG1, ORG2})
        self.assertEqual(found.claims["sub"], "bob")
        self.assertIsNotNone(found.expires_at.tzinfo)
        self.assertNotIn("bob", repr(found))

    def test_of_nobody(self):
        found = authz.identity()
        self.assertFalse(found)
        self.assertEqual((found.subject, found.claims, found.organisations), (None, {}, {}))

    def test_with_the_token_or_after_it(self):
        """The same, whether the facts travel with the token, or the token was there already."""
        from clinic.models import Note
        from dbmi_authz_django.connection import drivers
        for along in (True, False):
            with mock.patch.object(drivers, "can_ask_along", lambda raw: along):
                with authz.as_token(token("ann")):
                    said = self.statements(authz.identity)
                    first = authz.identity()
                self.assertEqual(said, ["set_token"] + ([] if along else ["query"]))
            with authz.as_token(token("ann")):
                Note.objects.count()
                self.assertEqual(self.statements(authz.identity), ["query"])
                self.assertEqual(authz.identity().__dict__, first.__dict__)
        with override_settings(DEBUG=True):
            reset_queries()
            with authz.as_token(token("ann")):
                authz.identity()
            self.assertIn("authz.claims()", connections["default"].queries[-1]["sql"])
        for bad in (forged("ann"), mint("ann", exp="-10")):
            for atomic in (False, True):
                with authz.as_token(bad), self.assertRaises(authz.Unauthorized):
                    if atomic:
                        with transaction.atomic():
                            authz.identity()
                    else:
                        authz.identity()
        with transaction.atomic():
            Note.objects.count()        # it has begun, so the token is tried gently
            with authz.as_token(token("bob")):
                self.assertEqual(self.statements(authz.identity), ["try_set_token"])
                self.assertEqual(authz.identity().subject, "bob")
            with authz.as_token(forged("bob")), self.assertRaises(authz.Unauthorized):
                authz.identity()
            self.assertFalse(authz.identity())

    def test_psycopg_3(self):
        """The same by the other driver, on a connection of its own."""
        import psycopg
        from dbmi_authz_django.connection import drivers
        from dbmi_authz_django.errors import Failure
        from dbmi_authz_django.connection.facts import FACTS
        settings = connections["default"].settings_dict
        for autocommit in (True, False):
            with psycopg.connect(host=settings["HOST"], port=settings["PORT"], user=settings["USER"],
                                 dbname=settings["NAME"], autocommit=autocommit) as raw:
                self.assertTrue(drivers.can_ask_along(raw))
                adopted, text = drivers.adopt(raw, "set_token", token("ann"), not autocommit, FACTS)
                self.assertEqual((adopted, json.loads(text)["subject"]), (True, "ann"))
                self.assertEqual(drivers.transaction_status(raw), drivers.IDLE if autocommit else drivers.INTRANS)
                self.assertIs(drivers.adopt(raw, "set_token", token("bob"), not autocommit), True)
                self.assertEqual(drivers.row(raw, "SELECT authz.subject()"), ("bob",))
                self.assertIs(drivers.adopt(raw, "try_set_token", forged("ann"), not autocommit, FACTS)[0], False)
                with self.assertRaises(Failure) as caught:
                    drivers.adopt(raw, "set_token", forged("ann"), not autocommit, FACTS)
                self.assertEqual(caught.exception.sqlstate, "28000")
                raw.rollback()
                self.assertEqual(drivers.row(raw, "SELECT 1"), (1,))

    def test_ask(self):
        with authz.as_token(token("ann")):
            self.assertEqual(authz.ask("has_scope", "read"), True)
            self.assertEqual(authz.ask("subject"), "ann")
            with self.assertRaises(authz.Forbidden):
                authz.ask("require_scope", "never")
        with self.assertRaises(ValueError):
            authz.ask("subject() --")
        with self.assertRaises(authz.Unauthorized):
            authz.ask("require_scope", "read")
