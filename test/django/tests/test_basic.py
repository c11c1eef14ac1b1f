"""Requests: whose rows they see, and what is left behind."""
from unittest import mock

from django.conf import settings
from django.db import close_old_connections, connection, connections, transaction
from django.test import override_settings

from . import atomic_requests, forged, left_behind, mint, token
from .base import Case

ANN = ["Ann 1", "Ann 2"]
BOB = ["Bob 1"]


class Requests(Case):
    def test_own_rows(self):
        self.assertEqual(self.json("/notes/", "ann")["notes"], ANN)
        self.assertEqual(self.json("/notes/", "bob")["notes"], BOB)
        self.assertEqual(len(self.json("/notes/", "root")["notes"]), 4)
        self.assertEqual(self.json("/notes/")["notes"], [])

    def test_one_after_another(self):
        for who, notes in [("ann", ANN), (None, []), ("bob", BOB), ("ann", ANN), (None, [])] * 3:
            self.assertEqual(self.json("/notes/", who)["notes"], notes)
            self.assertIsNone(left_behind())

    def test_by_key_of_another(self):
        self.assertEqual(self.get("/notes/1/", "ann").json(), {"title": "Ann 1"})
        self.assertEqual(self.get("/notes/1/", "bob").status_code, 500)     # DoesNotExist

    def test_jwt_scheme(self):
        self.assertEqual(self.json("/notes/", HTTP_AUTHORIZATION="jwt  " + token("ann"))["notes"],
                         ANN)

    def test_other_scheme(self):
        self.assertEqual(self.json("/notes/", HTTP_AUTHORIZATION="Basic YTpi")["notes"], [])

    def test_nothing_asked_nothing_said(self):
        said = self.statements(lambda: self.get("/nothing/", "ann"))
        self.assertEqual(said, [])
        self.assertEqual(self.get("/nothing/", forged("ann")).status_code, 200)

    def test_said_once_and_taken_back(self):
        self.get("/who/", "ann")
        said = self.statements(lambda: self.get("/atomic/", "ann"))
        self.assertEqual([s for s in said if s != "query"], ["set_token", "clear_token"])

    def test_transaction(self):
        with override_settings(), mock.patch.dict(
                connections["default"].settings_dict, ATOMIC_REQUESTS=True):
            said = self.statements(lambda: self.assertEqual(
                self.json("/notes/", "ann")["notes"], ANN))
            self.assertEqual([s for s in said if s != "query"], ["set_token"])
            self.assertEqual(self.json("/notes/")["notes"], [])
            self.assertEqual(self.get("/fails/", "ann").status_code, 500)
            self.assertEqual(self.json("/notes/", "bob")["notes"], BOB)

    def test_transactions_and_savepoints(self):
        for atomic in (False, True):
            with self.subTest(atomic=atomic), mock.patch.dict(
                    connections["default"].settings_dict, ATOMIC_REQUESTS=atomic):
                self.assertEqual(self.json("/atomic/", "ann")["seen"], [2] * 7)
                self.assertEqual(self.json("/atomic/")["seen"], [0] * 7)

    def test_exception(self):
        self.assertEqual(self.get("/fails/", "ann").status_code, 500)
        self.assertIsNone(left_behind())
        self.assertEqual(self.json("/notes/")["notes"], [])

    def test_query_that_is_wrong(self):
        self.assertEqual(self.get("/breaks/", "ann").status_code, 500)
        self.assertIsNone(left_behind())

    def test_connection_closed_in_between(self):
        self.assertEqual(self.json("/closes/", "ann")["seen"], [ANN, ANN])

    def test_server_side_cursor(self):
        self.assertEqual(self.json("/cursors/", "ann")["notes"], ANN)
        with mock.patch.dict(connections["default"].settings_dict, ATOMIC_REQUESTS=True):
            self.assertEqual(self.json("/cursors/", "ann")["notes"], ANN)

    def test_identity_asked_once(self):
        queries = []
        said = self.statements(lambda: queries.append(self.json("/who/", "ann")))
        self.assertEqual(queries[0], {"subject": "ann", "scopes": ["comments", "read"],
                                      "again": True})
        self.assertEqual(said.count("query"), 0)     # it came with the token
        self.assertEqual(self.json("/who/"), {"subject": None, "scopes": [], "again": True})


class Streams(Case):
    LINES = b"Ann 1\n2\nAnn 2\n2\n"

    def test_whole(self):
        self.assertEqual(b"".join(self.get("/streams/", "ann").streaming_content), self.LINES)
        self.assertIsNone(left_behind())

    def test_other_request_in_between(self):
        response = self.get("/streams/", "ann")
        parts = response.streaming_content
        first = next(parts)
        self.assertEqual(self.json("/notes/", "bob")["notes"], BOB)
        self.assertEqual(first + b"".join(parts), self.LINES)
        self.assertIsNone(left_behind())

    def test_nothing_in_force_between_parts(self):
        from clinic.models import Note
        response = self.get("/streams/", "ann")
        next(response.streaming_content)
        self.assertEqual(Note.objects.count(), 0)
        response.close()
        self.assertIsNone(left_behind())

    def test_closed_early_and_never_started(self):
        for read in (1, 0):
            response = self.get("/streams/", "ann")
            if read:
                next(response.streaming_content)
            response.close()
            self.assertIsNone(left_behind())
            self.assertEqual(self.json("/notes/")["notes"], [])


class Cookies(Case):
    def test_cookie(self):
        self.client.cookies["DBMI_JWT"] = token("ann")
        self.assertEqual(self.json("/notes/")["notes"], ANN)

    def test_header_first(self):
        self.client.cookies["DBMI_JWT"] = token("ann")
        self.assertEqual(self.json("/notes/", "bob")["notes"], BOB)

    def test_cookie_first(self):
        self.client.cookies["DBMI_JWT"] = token("ann")
        with override_settings(DBMI_AUTHZ={**settings.DBMI_AUTHZ, "COOKIE_FIRST": True}):
            self.assertEqual(self.json("/notes/", "bob")["notes"], ANN)

    def test_no_cookie_unless_configured(self):
        self.client.cookies["DBMI_JWT"] = token("ann")
        with override_settings(DBMI_AUTHZ={}):
            self.assertEqual(self.json("/notes/")["notes"], [])

    def test_other_header(self):
        with override_settings(DBMI_AUTHZ={"HEADER": "X-Token"}):
            self.assertEqual(self.json("/notes/", HTTP_X_TOKEN="Bearer " + token("ann"))["notes"],
                             ANN)
            self.assertEqual(self.json("/notes/", "ann")["notes"], [])

    def test_responses_vary(self):
        for path in ("/notes/", "/nothing/", "/fails/"):
            vary = self.get(path, "ann")["Vary"]
            self.assertIn("Authorization", vary)
            self.assertIn("Cookie", vary)


class BadTokens(Case):
    """The right answer, and nobody left."""

    def refused(self, response, description, status=401, error="invalid_token"):
        self.assertEqual(response.status_code, status, response.content)
        self.assertEqual(response.json(), {"error": error, "error_description": description})
        self.assertEqual(response["WWW-Authenticate"],
                         'Bearer realm="authz", error="%s", error_description="%s"' % (
                             error, description))
        self.assertIsNone(left_behind())

    def test_forged(self):
        self.refused(self.get("/notes/", forged("ann")), "Invalid token signature")

    def test_forged_after_good(self):
        self.get("/notes/", "ann")
        self.refused(self.get("/notes/", forged("ann")), "Invalid token signature")
        self.assertEqual(self.json("/notes/", "bob")["notes"], BOB)

    def test_expired(self):
        self.refused(self.get("/notes/", mint("ann", exp="-10")), "Token has expired")

    def test_expires_during_the_request(self):
        short = mint("ann", exp="+2")
        for atomic in (False, True):
            with mock.patch.dict(connections["default"].settings_dict, ATOMIC_REQUESTS=atomic):
                self.refused(self.get("/sleeps/?seconds=3", short), "Token has expired")
            short = mint("ann", exp="+2")

    def test_malformed_tokens(self):
        for bad in ("a.b.c", "abcdefghijk", "a" * 20, "....................."):
            response = self.get("/notes/", bad)
            self.assertEqual(response.status_code, 401)
            self.assertEqual(response.json()["error"], "invalid_token")

    def test_malformed_headers(self):
        ann = token("ann")
        for bad in ("Bearer", "Bearer ", "Bearer %s %s" % (ann, ann), "Bearer " + ann + ",",
                    "Bearer %s, Bearer %s" % (ann, token("bob")), "Bearer \x00", "Bearer é",
                    "Bearer " + ann + "\x00", "Bearer \udc80", 'Bearer "%s"' % ann):
            with self.subTest(header=bad[:10]):
                self.refused(self.get("/notes/", HTTP_AUTHORIZATION=bad),
                             "Expected exactly one token", 400, "invalid_request")

    def test_malformed_cookie(self):
        for bad in ("a b", "a\x00", "é"):
            response = self.get("/notes/", HTTP_COOKIE="DBMI_JWT=" + bad)
            self.assertEqual(response.status_code, 400)

    def test_large(self):
        self.refused(self.get("/notes/", "a" * (1 << 20)), "Token is too large")

    def test_ignored_by_the_view(self):
        found = self.get("/swallows/", forged("ann")).json()["found"]
        self.assertEqual(found, ["Invalid token signature"] * 2)
        said = self.statements(lambda: self.get("/swallows/", forged("ann")))
        self.assertEqual(said.count("set_token"), 1)    # and not asked again

    def test_optional_view(self):
        self.assertEqual(self.json("/optional/", forged("ann")), {"notes": [], "subject": None})
        self.assertEqual(self.json("/optional/", "ann"), {"notes": ANN, "subject": "ann"})

    def test_optional_everywhere(self):
        with override_settings(DBMI_AUTHZ={"REFUSE_BAD_TOKENS": False}):
            self.get("/notes/", "ann")
            self.assertEqual(self.json("/notes/", forged("ann"))["notes"], [])
            self.assertEqual(self.json("/notes/", HTTP_AUTHORIZATION="Bearer")["notes"], [])
            self.assertEqual(self.json("/notes/", "ann")["notes"], ANN)

    def test_refusal_is_no_lost_connection(self):
        self.get("/notes/", "ann")
        raw = connection.connection
        self.get("/notes/", forged("ann"))
        self.assertFalse(connection.errors_occurred)
        self.assertIs(connection.connection, raw)

    def test_in_the_transaction_of_a_test_case(self):
        """Which goes on afterwards."""
        from clinic.models import Note
        for begun in (False, True):
            for atomic in (False, True):
                with self.subTest(begun=begun, atomic=atomic), transaction.atomic(), \
                        transaction.atomic(), atomic_requests(atomic):
                    if begun:
                        self.assertEqual(Note.objects.count(), 0)
                    for bad in (forged("ann"), mint("ann", exp="-10"), "a.b.c"):
                        self.assertEqual(self.get("/notes/", bad).status_code, 401)
                        self.assertEqual(self.json("/notes/", "ann")["notes"], ANN)
                    self.refused(self.get("/notes/", forged("ann")), "Invalid token signature")
                    self.assertEqual(self.json("/optional/", forged("ann"))["notes"], [])
                    self.assertEqual(Note.objects.count(), 0)


class Settings(Case):
    def test_middleware_without_the_app(self):
        from dbmi_authz_django.middleware import TokenMiddleware
        from django.core.exceptions import ImproperlyConfigured
        from django.test import modify_settings
        with modify_settings(INSTALLED_APPS={"remove": "dbmi_authz_django"}):
            with self.assertRaisesRegex(ImproperlyConfigured, "INSTALLED_APPS"):
                TokenMiddleware(lambda request: None)


class Databases(Case):
    def test_without_extension(self):
        with override_settings(DBMI_AUTHZ={"DATABASES": ["default", "bare"]}):
            connections["bare"].close()
            for who in ("ann", None):
                response = self.get("/other/bare/", who)
                self.assertEqual(response.status_code, 500)
            from dbmi_authz_django import authz
            from django.core.exceptions import ImproperlyConfigured
            for bad in ("x", None):
                with self.assertRaisesRegex(ImproperlyConfigured, "bare"), authz.as_token(bad):
                    connections["bare"].cursor().execute("SELECT 1")
                with self.assertRaisesRegex(ImproperlyConfigured, "bare"), authz.as_token(bad), \
                        transaction.atomic("bare"):
                    connections["bare"].cursor().execute("SELECT 1")
            # what no request is, for example the migration that installs it, may pass
            connections["bare"].cursor().execute("SELECT 1")
            connections["bare"].close()
            del connections["bare"]

    def test_not_configured(self):
        self.assertEqual(self.get("/other/bare/", forged("ann")).content, b"1")

    def test_down(self):
        for who in ("ann", None):
            self.unavailable(self.get("/other/down/", who))

    def unavailable(self, response):
        self.assertEqual(response.status_code, 503, response.content)
        self.assertEqual(response.json(), {
            "error": "temporarily_unavailable",
            "error_description": "The database is not available"})
        self.assertNotIn("WWW-Authenticate", response)

    def test_server_ends_the_connection(self):
        for atomic in (False, True):
            with atomic_requests(atomic):
                self.get("/notes/", "ann")
                pid = connection.connection.info.backend_pid
                with connections["root"].cursor() as cursor:
                    cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
                self.unavailable(self.get("/notes/", "ann"))
                close_old_connections()
                self.assertEqual(self.json("/notes/", "ann")["notes"], ANN)

    def test_two_aliases(self):
        with override_settings(DBMI_AUTHZ={"DATABASES": ["default", "owner"]}):
            from clinic.models import Note
            from dbmi_authz_django import authz
            connections["owner"].close()
            with authz.as_token(token("ann")):
                self.assertEqual(Note.objects.using("owner").count(), 2)
                self.assertEqual(Note.objects.count(), 2)
            self.assertIsNone(left_behind("owner"))
            connections["owner"].close()
            del connections["owner"]

    def test_role_that_no_policy_binds(self):
        """Said once for each process, where it would otherwise go unnoticed."""
        with override_settings(DBMI_AUTHZ={"DATABASES": ["default", "root"]}):
            from clinic.models import Note
            from dbmi_authz_django import authz
            connections["root"].close()
            with self.assertLogs("dbmi_authz_django", "WARNING") as logged:
                for _ in range(2):
                    with authz.as_token(token("ann")):
                        Note.objects.using("root").count()
                    connections["root"].close()
            self.assertEqual(len(logged.output), 1)
            self.assertIn('"root": no policy binds the role "postgres"', logged.output[0])
            del connections["root"]

    def test_inherited_identity(self):
        """Whatever somebody left on the connection, the next request has its own."""
        for who, notes in ((None, []), ("bob", BOB)):
            for atomic in (False, True):
                with connection.connection.cursor() as cursor:
                    cursor.execute("SELECT authz.set_token(%s)", [token("ann")])
                with mock.patch.dict(connections["default"].settings_dict,
                                     ATOMIC_REQUESTS=atomic):
                    self.assertEqual(self.json("/notes/", who)["notes"], notes)
                with connection.connection.cursor() as cursor:
                    cursor.execute("SELECT authz.clear_token()")

    def test_transaction_in_progress_at_the_end(self):
        with transaction.atomic():
            self.assertEqual(self.json("/notes/", "ann")["notes"], ANN)
            self.assertIsNone(left_behind())
            self.assertEqual(self.json("/notes/")["notes"], [])
            sid = transaction.savepoint()
            self.assertEqual(self.json("/notes/", "bob")["notes"], BOB)
            transaction.savepoint_rollback(sid)
            self.assertEqual(self.json("/notes/", "ann")["notes"], ANN)
