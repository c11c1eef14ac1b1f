"""The counterpart of django-dbmi-client: the same names, the same answers."""
from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.contrib.auth.models import User
from django.db import connections
from django.test import Client, override_settings
from people import dbmi

from . import forged, mint, token
from .test_users import ROWS, UserCase, setting

CONFIG = {"CLIENT": "clinic", "AUTHN_URL": "https://login.example/", "AUTH_CLIENTS": {"abc": {}},
          "AUTHN_TITLE": "Clinic", "AUTHN_ICON_URL": "https://login.example/icon.png",
          "JWT_COOKIE_DOMAIN": ".clinic.example", "JWT_AUTHZ_NAMESPACE": "https://ns.example",
          "AUTHZ_REPORTER_CLASS": "people.dbmi.Reporter"}
AJAX = {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"}


class DbmiClient(UserCase):
    settings = {**UserCase.settings, "ROOT_URLCONF": "people.dbmi", "DBMI_CLIENT_CONFIG": CONFIG}

    def setUp(self) -> None:
        super().setUp()
        dbmi.told.clear()
        with connections["root"].cursor() as cursor:
            cursor.execute("DELETE FROM authz.item_permission")
        self.addCleanup(self.take_back)

    def take_back(self) -> None:
        with connections["root"].cursor() as cursor:
            cursor.execute("DELETE FROM authz.item_permission")

    def grant(self, email: str, item: str, permission: str) -> None:
        with connections["root"].cursor() as cursor:
            cursor.execute("INSERT INTO authz.item_permission (email, client, item, permission)"
                           " VALUES (%s, 'clinic', %s, %s)", [email, item, permission])

    def test_who_is_not_logged_in(self) -> None:
        """To the login service, with the way back, the client, and the branding."""
        for who in (None, forged("ann"), mint("ann", exp="-10")):
            for path in ("/user/", "/admin/", "/group/", "/role/", "/app/", "/item/"):
                response = self.get(path + "?a=1", who)
                self.assertEqual(response.status_code, 302)
                url = urlsplit(response["Location"])
                query = parse_qs(url.query)
                self.assertEqual(url.scheme + "://" + url.netloc + url.path,
                                 "https://login.example/login/auth")
                self.assertEqual(query["next"], ["http://testserver%s?a=1" % path])
                self.assertEqual(query["client_id"], ["abc"])
                self.assertEqual(json.loads(base64.urlsafe_b64decode(query["branding"][0])),
                                 {"title": "Clinic", "icon_url": "https://login.example/icon.png"})
                test = response.cookies["DBMI_TEST_COOKIE"]
                self.assertEqual((test["domain"], test["secure"], test["httponly"],
                                  test["samesite"]), (".clinic.example", True, True, "Lax"))
                self.assertEqual(dbmi.told, [])

    def test_scripts(self) -> None:
        for who in (None, forged("ann")):
            response = self.get("/user/", who, **AJAX)
            self.assertEqual((response.status_code, response.content), (401, b"401 Unauthorized"))
            self.assertIn("next=http%3A%2F%2Ftestserver%2Fuser%2F&", response["X-DBMI-LOGIN-URL"])
        for referer, back in (("http://testserver/form/?a=1", "form%2F%3Fa%3D1&"),
                              ("https://evil.example/", "user%2F&")):
            response = self.client.post("/user/", HTTP_REFERER=referer, **AJAX)
            self.assertIn("next=http%%3A%%2F%%2Ftestserver%%2F%s" % back,
                          response["X-DBMI-LOGIN-URL"])

    def test_logged_out_of_the_session(self) -> None:
        client = self.session_of(User.objects.create(username="ann"))
        self.assertEqual(client.get("/user/").cookies["sessionid"].value, "")

    def test_cookie(self) -> None:
        client = Client(raise_request_exception=False)
        client.cookies["DBMI_JWT"] = token("ann")
        self.assertEqual(client.get("/user/").content, b"ann@example.com")
        client.cookies["DBMI_JWT"] = forged("ann")
        self.assertEqual(client.get("/user/", HTTP_ACCEPT="text/html").cookies["DBMI_JWT"].value,
                         "")

    def test_who_may(self) -> None:
        for path, may, not_this in (
                ("/user/", {}, None), ("/group/", {"groups": ["g"]}, {"groups": ["G"]}),
                ("/role/", {"roles": ["r"]}, {"roles": ["R"]}),
                ("/app/", {"permissions": ["Curate"]}, {"permissions": ["curate"]}),
                ("/admin/", {"groups": ["staff"]}, {"roles": ["staff"]})):
            response = self.get(path, mint("ann", **may))
            self.assertEqual((response.status_code, response.content), (200, b"ann@example.com"))
            if not_this is not None:
                with self.assertLogs("dbmi_client", "ERROR"):   # the reporter fails
                    self.assertEqual(self.get(path, mint("ann", **not_this)).status_code, 403)
        self.assertEqual(dbmi.told[0], ("ann@example.com", "clinic", ["g"]))
        self.assertEqual(len(dbmi.told), 4)

    def test_items(self) -> None:
        self.grant("ANN@example.com", "Profile.Image", "VIEW")
        self.grant("bob@example.com", "profile", "view")
        self.grant("cleo@example.com", "clinic", "manage")
        self.assertEqual(self.get("/item/", "ann").status_code, 200)
        self.assertEqual(self.get("/item/", "bob").status_code, 403)      # a parent is not enough
        self.assertEqual(self.get("/item/", mint("ann", email="x@example.com", permissions=[
            "view", "profile.image"])).status_code, 403)                    # nor are claims
        self.grant("bob@example.com", "clinic", "CURATE")
        self.assertEqual(self.get("/app/", "bob").status_code, 200)
        self.assertEqual(self.get("/admin/", mint("bob", groups=["x"])).status_code, 403)

    def test_questions(self) -> None:
        self.grant("ann@example.com", "profile", "VIEW")
        found = self.json("/items/profile.image/", "ann")
        self.assertEqual([found[name] for name in ("exact", "parents", "any", "none", "admin")],
                         [False, True, False, False, False])
        self.assertEqual(found["rows"], [{"user_email": "ann@example.com", "client": "clinic",
                                          "item": "profile", "permission": "VIEW"}])
        found = self.json("/items/profile/", "ann")
        self.assertEqual((found["exact"], found["any"]), (True, True))
        # of others: what the person who asks may see
        found = self.json("/items/profile/?email=ann@example.com", "bob")
        self.assertEqual((found["exact"], found["parents"], found["rows"]), (False, False, []))
        self.grant("bob@example.com", "profile", "MANAGE")
        found = self.json("/items/profile/?email=ANN@example.com", "bob")
        self.assertEqual((found["exact"], found["parents"], found["admin"]), (True, False, False))
        found = self.json("/items/profile/?email=ann@example.com")
        self.assertEqual((found["exact"], found["rows"], found["admin"]), (False, False, False))

    def test_a_token_for_the_request(self) -> None:
        from dbmi_authz_django.dbmi_client import authz
        self.grant("ann@example.com", "profile", "VIEW")
        for who, found in (("ann", True), ("bob", False)):
            self.assertIs(authz.has_permission(token(who), "ann@example.com", "profile", "view"),
                          found)
        self.assertIs(authz.has_permission(forged("ann"), "ann@example.com", "profile", "view"),
                      False)
        self.assertIs(authz.get_permissions(forged("ann"), "ann@example.com"), False)

    def test_claims(self) -> None:
        found = self.json("/claims/", mint("ann", acr="gold", **{"https://ns.example":
                                                                 {"groups": ["g"]}}))
        self.assertEqual(found, {"email": "ann@example.com", "sub": "ann", "aud": "clinic",
                                 "acr": "gold", "payload": True, "groups": True})
        for who in (None, forged("ann")):       # "verify=False" reads nothing that is forged
            self.assertEqual(self.json("/claims/", who), {
                "email": None, "sub": None, "aud": None, "acr": None, "payload": False,
                "groups": None})

    def test_async(self) -> None:
        self.assertEqual(self.get("/aview/", "ann").content, b"here")
        self.assertEqual(self.get("/aview/").status_code, 302)

    def test_logout(self) -> None:
        client = self.session_of(User.objects.create(username="ann"))
        client.cookies["DBMI_JWT"] = token("ann")
        response = client.get("/logout/")
        url = urlsplit(response["Location"])
        self.assertEqual((url.path, parse_qs(url.query)["client_id"]), ("/login/logout", ["clinic"]))
        for name in ("DBMI_JWT", "sessionid"):
            self.assertEqual(response.cookies[name].value, "")

    def test_rows(self) -> None:
        """Who has no row, or an inactive one, is denied."""
        row = User.objects.create(username="ann")
        with setting(USER=ROWS):
            self.assertEqual(self.get("/user/", "ann").status_code, 200)
            self.assertEqual(self.get("/user/", "bob").status_code, 403)
            self.assertEqual(self.get("/api/model/", "ann").json()["user"], "ann")
            row.is_active = False
            row.save()
            self.assertEqual(self.get("/user/", "ann").status_code, 403)

    def test_rest_framework(self) -> None:
        found = self.json("/api/user/", "ann")
        self.assertEqual(found, {"user": "ann@example.com", "is_email": True, "subject": "ann"})
        for path in ("/api/user/", "/api/admin/", "/api/item/", "/api/owner/1/"):
            for who in (None, forged("ann")):
                self.assertEqual(self.get(path, who).status_code, 401)
        self.grant("ann@example.com", "profile.image", "VIEW")
        self.assertEqual(self.get("/api/item/", "ann").status_code, 200)
        self.assertEqual(self.get("/api/admin/", "root").status_code, 200)
        for path, who, told in (("/api/item/", "bob", ("profile.image", ["view"])),
                                ("/api/admin/", "ann", ("clinic", ["MANAGE"]))):
            with self.assertLogs("dbmi_client", "ERROR"):
                self.assertEqual(self.get(path, who).status_code, 403)
            self.assertEqual(dbmi.told[-1], (who + "@example.com", *told))

    def test_owners(self) -> None:
        with connections["root"].cursor() as cursor:
            cursor.execute("UPDATE clinic_note SET title = 'Of ann@example.com' WHERE id = 1")
            cursor.execute("UPDATE clinic_note SET title = 'Of Ann@example.com' WHERE id = 3")
        quiet: Any = override_settings(DBMI_CLIENT_CONFIG={**CONFIG, "AUTHZ_REPORTER_CLASS": None})
        with quiet, self.assertLogs("dbmi_client", "WARNING"):
            for path, who, status in (("owner/1", "ann", 200), ("owner/3", "ann", 403),
                                      ("owner/1", "root", 403), ("either/1", "ann", 200),
                                      ("either/3", "ann", 403), ("either/1", "root", 200)):
                self.assertEqual(self.get("/api/%s/" % path, who).status_code, status, path)
        for key, status in ((None, 200), ("email", 403), ("owner", 403)):
            with override_settings(DBMI_CLIENT_CONFIG={
                    **CONFIG, "AUTHZ_REPORTER_CLASS": None, "DRF_OBJECT_OWNER_KEY": key}):
                self.assertEqual(self.get("/api/owner/1/", "ann").status_code, status)
