"""SQLSTATE to status and body, in plain Django."""
from dbmi_authz_django import authz
from django.db import connection, connections
from django.db.utils import DatabaseError
from django.test import Client

from . import mint, token
from .base import Case


class Errors(Case):
    def test_require(self):
        for path in ("/denied/", "/insists/"):
            response = self.get(path, "ann")
            self.assertEqual(response.status_code, 403)
            self.assertEqual(response.json()["error"], "insufficient_scope")
            self.assertIn('error="insufficient_scope"', response["WWW-Authenticate"])
            response = self.get(path)
            self.assertEqual(response.status_code, 401)
            self.assertTrue(response["WWW-Authenticate"].startswith('Bearer realm="authz"'))
            self.assertEqual(response["Cache-Control"], "no-store")

    def test_step_up(self):
        """RFC 9470: 401, and which login would do."""
        strong = mint("ann", acr="gold", auth_time="-10")
        response = self.get("/steps_up/", mint("ann", acr="silver"))
        self.assertEqual(response.status_code, 401)
        self.assertEqual(response.json(), {
            "error": "insufficient_user_authentication", "acr_values": "gold",
            "error_description": "A different authentication level is required"})
        self.assertEqual(response["WWW-Authenticate"],
                         'Bearer realm="authz", error="insufficient_user_authentication",'
                         ' error_description="A different authentication level is required",'
                         ' acr_values="gold"')
        self.assertEqual(self.get("/steps_up/", strong).status_code, 200)
        self.assertNotIn("acr_values", self.get("/steps_up/")["WWW-Authenticate"])
        # what another login would not mend is 403 as ever
        self.assertEqual(self.get("/steps_up/", mint("cleo", acr="gold")).status_code, 403)

        response = self.get("/needs/step-up/", mint("ann", acr="gold", auth_time="-600"))
        self.assertEqual(response.status_code, 401)
        self.assertEqual(response.json()["max_age"], 300)
        self.assertIn('acr_values="platinum gold", max_age="300"', response["WWW-Authenticate"])
        self.assertEqual(self.get("/needs/step-up/", strong).status_code, 200)
        self.assertEqual(self.get("/needs/step-up/").json(),
                         {"error_description": "Authentication is required"})

    def test_step_up_is_no_part_of_a_condition(self):
        step_up = authz.StepUp(["gold"])
        for condition in (step_up & authz.HasScope("read"), authz.IsAdmin() | step_up, ~step_up):
            with self.assertRaises(TypeError):
                condition.judge(None, {})
        for wrong in ({}, {"acrs": []}, {"acrs": "gold"}):
            with self.assertRaises(ValueError):
                authz.StepUp(**wrong)

    def test_denial_is_no_lost_connection(self):
        self.get("/notes/", "ann")
        raw = connection.connection
        for who in ("ann", None):
            self.get("/insists/", who)
            self.assertFalse(connection.errors_occurred)
            self.assertIs(connection.connection, raw)

    def test_policy_violated(self):
        post = {"owner": "bob", "title": "of ann"}
        auth = {"HTTP_AUTHORIZATION": "Bearer " + token("ann")}
        response = self.client.post("/add/", post, **auth)
        self.assertEqual(response.status_code, 403)
        self.assertNotIn("clinic_note", response.content.decode())
        response = self.client.post("/add/", {"owner": "ann", "title": "new"}, **auth)
        self.assertEqual(response.status_code, 201)

    def test_policy_violated_by_nobody(self):
        """No "error" for who has sent no token."""
        response = self.client.post("/add/", {"owner": "bob", "title": "of ann"})
        self.assertEqual(response.status_code, 403)
        self.assertEqual(response.json(), {"error_description": "Access denied"})
        self.assertEqual(response["WWW-Authenticate"],
                         'Bearer realm="authz", error_description="Access denied"')

    def test_missing_privilege_is_logged(self):
        """The client need not know what the operator has forgotten; the operator must."""
        with connections["root"].cursor() as cursor:
            cursor.execute("REVOKE SELECT ON clinic_note FROM clinic_app")
        try:
            for path in ("/notes/", "/api/notes/"):
                with self.assertLogs("django.request", "WARNING") as logged:
                    response = self.get(path, "ann")
                self.assertEqual(response.status_code, 403)
                self.assertNotIn("clinic_note", response.content.decode())
                self.assertIn("permission denied for table clinic_note",
                              "\n".join(logged.output))
        finally:
            with connections["root"].cursor() as cursor:
                cursor.execute("GRANT SELECT ON clinic_note TO clinic_app")
        with self.assertLogs("django.request", "WARNING") as logged:
            self.get("/denied/", "ann")
        self.assertEqual(len(logged.output), 1)     # nothing to be mended

    def test_missing_row(self):
        rule = "'clinic.view_note', 'clinic_note', 'user'"
        with connections["owner"].cursor() as cursor:
            cursor.execute("CREATE FUNCTION own(pk bigint) RETURNS boolean LANGUAGE sql STABLE RETURN"
                           " EXISTS (SELECT FROM clinic_note WHERE id = pk AND owner = authz.subject())")
            cursor.execute("SELECT authz.register_access(%s, 'own(bigint)')" % rule)
        try:
            viewer = mint("ann", permissions=["clinic.view_note"])
            self.assertEqual(self.get("/needs_row/1/", viewer).status_code, 200)
            self.assertEqual(self.get("/needs_row/1/", "ann").status_code, 403)
            response = self.get("/needs_row/99/", viewer)
            self.assertEqual(response.status_code, 404, response.content)
            self.assertNotIn("WWW-Authenticate", response)
        finally:
            with connections["owner"].cursor() as cursor:
                cursor.execute("SELECT authz.unregister_access(%s)" % rule)
                cursor.execute("DROP FUNCTION own(bigint)")

    def test_query_of_the_application_that_finds_nothing(self):
        """P0002 and 28000 without our DETAIL are errors like any other."""
        for state in ("P0002", "28000"):
            with self.assertRaises(DatabaseError) as caught, connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '%s'; END $$"
                               % state)
            self.assertNotIsInstance(caught.exception, authz.AuthzError)

    def test_decorator(self):
        self.assertEqual(self.json("/readers/", "ann")["notes"], ["Ann 1", "Ann 2"])
        self.assertEqual(self.get("/readers/", "bob").status_code, 403)     # a guest
        self.assertEqual(self.get("/readers/", "cleo").status_code, 403)    # no scope
        self.assertEqual(self.get("/readers/").status_code, 401)

    def test_in_middleware_for_a_browser(self):
        """What another middleware raises is a page for a browser, too."""
        from unittest import mock
        browser = {"HTTP_ACCEPT": "text/html"}
        for path, status in (("/denied/", 403), ("/insists/", 403)):
            response = self.get(path, "ann", **browser)
            self.assertEqual(response.status_code, status)
            self.assertIn("text/html", response["Content-Type"])
            self.assertIn('error="insufficient_scope"', response["WWW-Authenticate"])
        response = self.get("/denied/", **browser)
        self.assertEqual(response.status_code, 401)     # this project has no page to log in
        self.assertIn("Authentication is required", response.content.decode())
        session = "django.contrib.sessions.middleware.SessionMiddleware.process_request"
        with mock.patch(session, side_effect=lambda request: authz.identity()):
            client = Client(raise_request_exception=False)
            bad = mint("ann", exp="-10")
            response = self.get("/nothing/", bad, client, **browser)
            self.assertEqual(response.status_code, 401)
            self.assertIn("Token has expired", response.content.decode())
            self.assertEqual(self.get("/nothing/", bad, client).json()["error"], "invalid_token")

    def test_refused_account(self):
        error = authz.AccountRefused()
        self.assertEqual((error.status, error.body), (
            403, {"error_description": "There is no active account for this login"}))
        self.assertNotIn("error=", error.challenge)
