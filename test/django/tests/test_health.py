"""The view for load balancers."""
from unittest import mock

from dbmi_authz_django import health
from django.db import connections
from django.test import override_settings
from django.urls import path

from . import atomic_requests, forged, token
from .base import Case

urlpatterns = [path("health/", health.health), path("strict/", health.strict_health)]

OK = {"status": "ok", "database": "ok", "extension": "ok", "keys": "fresh"}


class Health(Case):
    def setUp(self):
        super().setUp()
        urls = override_settings(ROOT_URLCONF=__name__)
        urls.enable()
        self.addCleanup(urls.disable)
        for each in (mock.patch.object(health, "KEPT", 0), mock.patch.object(health, "state", health.State())):
            each.start()
            self.addCleanup(each.stop)

    def of(self, *aliases, path="/health/", **values):
        """(status code, body) with these databases"""
        with override_settings(DBMI_AUTHZ={"COOKIE": "DBMI_JWT", "DATABASES": aliases, **values}):
            response = self.client.get(path)
        return response.status_code, response.json()

    def issuer(self, *statements):
        with connections["root"].cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def test_ok(self):
        self.assertEqual(self.of("owner"), (200, OK))
        self.assertEqual(self.of("owner", path="/strict/"), (200, OK))

    def test_application_does_not_see_the_keys(self):
        for path in ("/health/", "/strict/"):
            self.assertEqual(self.of("default", path=path), (200, {**OK, "keys": "unknown"}))

    def test_down(self):
        down = {"status": "down", "database": "down", "extension": "unknown", "keys": "unknown"}
        self.assertEqual(self.of("down"), (503, down))
        for atomic in (False, True):
            with atomic_requests(atomic):
                connections["default"].close()
                with mock.patch.dict(connections["default"].settings_dict, HOST="/nonexistent"):
                    self.assertEqual(self.of("default"), (503, down))
        self.assertEqual(self.of("default")[0], 200)

    def test_without_extension(self):
        self.assertEqual(self.of("bare"), (503, {"status": "down", "database": "ok", "extension": "missing",
                                                 "keys": "unknown"}))

    def test_worst_of_several(self):
        self.assertEqual(self.of("owner", "bare")[1]["extension"], "missing")
        self.assertEqual(self.of("bare", "owner", "down")[1]["database"], "down")

    def test_older_extension(self):
        with mock.patch.object(health, "OLDEST", (99, 0)):
            self.assertEqual(self.of("owner"), (503, {**OK, "status": "down", "extension": "old"}))

    def test_stale_keys(self):
        self.issuer("UPDATE authz.issuer SET options = options::jsonb || '{\"jwks_uri\": \"https://id.example/k\"}'")
        try:
            self.assertEqual(self.of("owner"), (200, OK))       # set when the tests began
            for statement in ("UPDATE authz.jwks_status SET last_success = '2001-01-01'",
                              "UPDATE authz.jwks_status SET last_success = NULL"):
                self.issuer(statement)
                self.assertEqual(self.of("owner"), (200, {**OK, "status": "degraded", "keys": "stale"}))
                self.assertEqual(self.of("owner", path="/strict/")[0], 503)
        finally:
            self.issuer("UPDATE authz.jwks_status SET last_success = now()",
                        "UPDATE authz.issuer SET options = (options::jsonb - 'jwks_uri')")

    def test_no_token_matters(self):
        """A bad header, a bad cookie: the view answers, and another does not."""
        for headers, cookie in (({"HTTP_AUTHORIZATION": "Bearer two words"}, ""), ({}, "no token!"),
                                ({"HTTP_AUTHORIZATION": "Bearer " + forged("ann")}, ""),
                                ({"HTTP_AUTHORIZATION": "Bearer " + token("ann")}, "no token!")):
            self.client.cookies["DBMI_JWT"] = cookie
            for atomic in (False, True):
                with atomic_requests(atomic):
                    self.assertEqual(self.client.get("/health/", **headers).status_code, 200)
                    self.assertEqual(self.statements(lambda: self.client.get("/health/", **headers)), [])
        with override_settings(ROOT_URLCONF="urls"):
            self.assertEqual(self.client.get("/nothing/", HTTP_AUTHORIZATION="Bearer two words").status_code, 400)
            self.assertEqual(self.client.get("/no/such/", HTTP_AUTHORIZATION="Bearer two words").status_code, 400)

    def test_says_nothing_else(self):
        response = self.client.get("/health/", HTTP_AUTHORIZATION="Bearer " + token("ann"))
        self.assertIn("no-store", response["Cache-Control"])
        for word in ("clinic", "1.1", "id.example", "ann"):
            self.assertNotIn(word, response.content.decode())
        self.assertEqual(self.client.post("/health/").status_code, 405)
        self.assertEqual(self.client.head("/health/").status_code, 200)

    def test_kept_for_a_second(self):
        with mock.patch.object(health, "KEPT", 60), mock.patch.object(health, "look", wraps=health.look) as look:
            for _ in range(3):
                self.of("owner")
        self.assertEqual(look.call_count, 1)

    def test_after_a_restart(self):
        """A connection that the server has ended is made anew, once."""
        connections["default"].ensure_connection()
        pid = connections["default"].connection.info.backend_pid
        self.issuer("SELECT pg_terminate_backend(%d, 5000)" % pid)
        self.assertEqual(self.of("default")[0], 200)
