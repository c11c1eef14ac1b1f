"""authz_jwks against a server of our own, and authz_status."""
import http.server
import io
import json
import os
import tempfile
import threading
import time

from django.core.management import CommandError, call_command
from django.db import connections

from . import ORG1, OTHER_KEY, forged, jwks, minting, token
from .base import Case

ISSUER = "https://id.example"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer = self.server.answers.get(self.path)
        if answer is None:
            self.send_error(404)
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for part in (body if isinstance(body, list) else [body]):
                if isinstance(part, float):
                    time.sleep(part)
                else:
                    self.wfile.write(part.encode())
                    self.wfile.flush()
        except OSError:
            pass        # the client had enough

    def log_message(self, *args):
        pass


def other_jwks():
    return json.dumps({"keys": [{**minting.public_jwk(OTHER_KEY, "RS256"), "kid": "k1",
                                 "alg": "RS256"}]})


class Commands(Case):
    def run_command(self, name, *args, **options):
        """(exit code, standard output, standard error)"""
        out, err = io.StringIO(), io.StringIO()
        options.setdefault("database", "owner")
        try:
            call_command(name, *args, stdout=out, stderr=err, **options)
        except CommandError as error:
            return error.returncode, out.getvalue(), err.getvalue() + str(error)
        return 0, out.getvalue(), err.getvalue()


class Jwks(Commands):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        cls.server.daemon_threads = True
        threading.Thread(target=cls.server.serve_forever, args=(0.05,), daemon=True).start()
        cls.base = "http://127.0.0.1:%d" % cls.server.server_port
        cls.server.answers = {
            "/good": (200, {}, jwks()),
            "/other": (200, {}, other_jwks()),
            "/there": (302, {"Location": "/good"}, ""),
            "/loop": (302, {"Location": "/loop"}, ""),
            "/file": (302, {"Location": "file:///etc/passwd"}, ""),
            "/html": (200, {}, "<html>"),
            "/list": (200, {}, "[]"),
            "/deep": (200, {}, "[" * 100000),
            "/weak": (200, {}, json.dumps({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB",
                                                     "kid": "k1"}]})),
            "/large": (200, {}, '{"keys": [], "x": "%s"}' % ("x" * 2000)),
            "/slow": (200, {}, ["{", *[0.2, " "] * 50]),
            "/error": (500, {}, jwks()),
        }

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def tearDown(self):
        self.jwks(ISSUER, file=self.file(jwks()))

    def file(self, text):
        f = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)
        self.addCleanup(os.unlink, f.name)
        with f:
            f.write(text)
        return f.name

    def jwks(self, *args, **options):
        return self.run_command("authz_jwks", *args, **options)

    def works(self, good=True):
        self.assertEqual(self.get("/notes/", "ann").status_code, 200 if good else 401)

    def test_role_that_may_not(self):
        """The application's alias, which is the default one."""
        code, _, err = self.run_command("authz_jwks", ISSUER, url=self.base + "/good",
                                        insecure_http=True, database="default")
        self.assertEqual(code, 1)
        self.assertIn("permission denied", err)

    def test_url(self):
        for path in ("/other", "/good", "/other", "/there"):
            code, out, err = self.jwks(ISSUER, url=self.base + path, insecure_http=True)
            self.assertEqual((code, out, err), (0, ISSUER + ": 1 keys\n", ""))
            self.works(path != "/other")

    def test_file(self):
        self.assertEqual(self.jwks(ISSUER, file=self.file(other_jwks()))[0], 0)
        self.works(False)
        self.assertEqual(self.get("/notes/", forged("ann")).status_code, 200)

    def test_silent(self):
        self.assertEqual(self.jwks(ISSUER, url=self.base + "/good", insecure_http=True,
                                   verbosity=0), (0, "", ""))

    def test_what_fails_leaves_the_keys(self):
        for path, reason in [("/html", "not JSON"), ("/list", "not a JWK set"),
                             ("/deep", "not JSON"), ("/missing", "HTTP status 404"),
                             ("/error", "HTTP status 500"), ("/loop", "HTTP"),
                             ("/file", "HTTP status 302"), ("/weak", "")]:
            with self.subTest(path=path):
                code, out, err = self.jwks(ISSUER, url=self.base + path, insecure_http=True)
                self.assertEqual((code, out), (1, ""))
                self.assertIn(reason, err)
                self.assertIn("1 failed", err)
                self.works()

    def test_limits(self):
        code, _, err = self.jwks(ISSUER, url=self.base + "/large", insecure_http=True,
                                 max_size=1000)
        self.assertEqual(code, 1)
        self.assertIn("more than 1000 bytes", err)
        began = time.monotonic()
        code, _, err = self.jwks(ISSUER, url=self.base + "/slow", insecure_http=True, timeout=1)
        self.assertEqual(code, 1)
        self.assertIn("timed out", err)
        self.assertLess(time.monotonic() - began, 3)
        code, _, err = self.jwks(ISSUER, file=self.file(jwks()), max_size=10)
        self.assertIn("more than 10 bytes", err)

    def test_https_only(self):
        for url in (self.base + "/good", "file:///etc/passwd", "ftp://x.example/", "jwks.json"):
            code, _, err = self.jwks(ISSUER, url=url)
            self.assertEqual(code, 1)
            self.assertIn("allowed", err)

    def test_nobody_there(self):
        self.assertEqual(self.jwks(ISSUER, url="https://127.0.0.1:1/", timeout=5)[0], 1)

    def test_all(self):
        with connections["owner"].cursor() as cursor:
            for name, path in (("a", "/good"), ("b", "/html"), ("c", "/other")):
                cursor.execute("SELECT authz.add_issuer(%s, ARRAY['x'], 'generic', %s::json)", [
                    "https://%s.example" % name, json.dumps({"jwks_uri": "https://x.example"})])
        try:
            # the database takes https only, so the way to our server is a substitute
            from unittest import mock
            from dbmi_authz_django.management.commands import authz_jwks
            paths = iter(("/good", "/html", "/other"))
            fetch = authz_jwks.fetch
            with mock.patch.object(authz_jwks, "fetch", lambda uri, timeout, size, http: fetch(
                    self.base + next(paths), timeout, size, True)):
                code, out, err = self.jwks(all=True)
            self.assertEqual(code, 1)
            self.assertEqual(out, "https://a.example: 1 keys\nhttps://c.example: 1 keys\n")
            self.assertIn("https://b.example: not JSON", err)
        finally:
            with connections["owner"].cursor() as cursor:
                for name in "abc":
                    cursor.execute("SELECT authz.drop_issuer(%s)", ["https://%s.example" % name])
        self.assertEqual(self.jwks(all=True), (0, "", ""))

    def test_wrong_arguments(self):
        for args, options in [((), {}), ((ISSUER,), {"all": True}), ((ISSUER,), {}),
                              (("https://unknown.example",), {}),
                              ((ISSUER,), {"file": "/nonexistent"})]:
            self.assertEqual(self.jwks(*args, **options)[0], 1)
        code, _, err = self.jwks("https://unknown.example", file=self.file(jwks()))
        self.assertEqual(code, 1)
        self.assertEqual(self.jwks(all=True, database="default")[0], 1)    # not the owner


class Status(Commands):
    def test_owner(self):
        code, out, _ = self.run_command("authz_status")
        self.assertEqual(code, 0)
        for line in ("extension    dbmi_authz 1.1, PostgreSQL ", "token scope  session",
                     "clinic_owner, with the rights of the database's owner",
                     "issuer       https://id.example, profile generic, 1 keys",
                     "table        clinic_note, 1 policy\n",
                     "table        clinic_comment, 4 policies\n"):
            self.assertIn(line, out)
        for secret in (token("ann"), ORG1):
            self.assertNotIn(secret, out)

    def test_others(self):
        self.assertIn("clinic_app, bound by policies",
                      self.run_command("authz_status", database="default")[1])
        self.assertIn("issuers      not shown",
                      self.run_command("authz_status", database="default")[1])
        self.assertIn("no policy binds it", self.run_command("authz_status", database="root")[1])
        self.assertEqual(self.run_command("authz_status", database="bare")[0], 1)
        self.assertEqual(self.run_command("authz_status", database="down")[0], 1)

    def json(self, database):
        code, out, _ = self.run_command("authz_status", database=database, json=True)
        return code, json.loads(out)

    def test_json(self):
        code, found = self.json("owner")
        self.assertEqual((code, found["database"], found["error"]), (0, "owner", None))
        self.assertEqual(set(found), {"database", "error", "extension", "postgresql", "token_scope", "role",
                                      "tables", "unprotected", "issuers"})
        self.assertEqual(found["extension"], {"installed": "1.1", "available": "1.1"})
        self.assertEqual(found["role"], {"name": "clinic_owner", "bound": True, "superuser": False,
                                         "bypassrls": False, "administers": True, "may_become": None})
        note = next(table for table in found["tables"] if table["name"] == "clinic_note")
        self.assertEqual(note, {"name": "clinic_note", "policies": 1, "enabled": True, "forced": True,
                                "owned": True, "binds": True})
        issuer = next(issuer for issuer in found["issuers"] if issuer["issuer"] == ISSUER)
        self.assertEqual((issuer["profile"], issuer["keys"], issuer["jwks_uri"], issuer["stale"],
                          issuer["last_error"]), ("generic", 1, None, False, None))
        self.assertRegex(issuer["last_success"], r"^20\d\d-\d\d-\d\dT")

    def test_json_of_others(self):
        code, found = self.json("default")
        self.assertEqual((code, found["issuers"], found["role"]["bound"]), (0, None, True))
        self.assertFalse(self.json("root")[1]["role"]["bound"])
        for database in ("bare", "down"):
            code, found = self.json(database)
            self.assertEqual((code, set(found), found["database"]), (1, {"database", "error"}, database))

    def test_stale_keys(self):
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT authz.add_issuer('https://a.example', ARRAY['x'], 'generic',"
                           " '{\"jwks_uri\": \"https://a.example/k\"}')")
            try:
                self.assertIn("https://a.example/k, fetched never (stale)", self.run_command("authz_status")[1])
                stale = {issuer["issuer"]: issuer["stale"] for issuer in self.json("owner")[1]["issuers"]}
                self.assertEqual(stale, {ISSUER: False, "https://a.example": True})
            finally:
                cursor.execute("SELECT authz.drop_issuer('https://a.example')")

    def test_unprotected(self):
        from django.test import override_settings
        with override_settings(DBMI_AUTHZ={}):
            self.assertIn("unprotected  clinic.Folder\n", self.run_command("authz_status")[1])
            self.assertIn("clinic.Share", self.json("owner")[1]["unprotected"])
        self.assertNotIn("clinic.Folder", self.run_command("authz_status")[1])

    def test_weakness(self):
        with connections["root"].cursor() as cursor:
            cursor.execute("ALTER TABLE clinic_note NO FORCE ROW LEVEL SECURITY")
            cursor.execute("ALTER TABLE clinic_comment DISABLE ROW LEVEL SECURITY")
            try:
                out = self.run_command("authz_status")[1]
            finally:
                cursor.execute("ALTER TABLE clinic_note FORCE ROW LEVEL SECURITY")
                cursor.execute("ALTER TABLE clinic_comment ENABLE ROW LEVEL SECURITY")
        self.assertIn("does not bind this role, which owns it", out)
        self.assertIn("row-level security is not enabled", out)
