"""Browsers: sent to the login, rid of a bad cookie, given pages; others get JSON as ever."""
from __future__ import annotations

from typing import Any
from unittest import mock

from dbmi_authz_django.people.browsers import of_this_site, with_query
from dbmi_authz_django.people.negotiation import prefers_html, wants_page
from django.contrib.auth.models import User
from django.test import AsyncClient, Client, RequestFactory, override_settings

from . import forged, mint, token
from .test_users import MIDDLEWARE, ROWS, TEMPLATES, UserCase, setting

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
BROWSER = {"HTTP_ACCEPT": FIREFOX}
LOGIN = "/accounts/login/?next="


def templates(**more: str) -> Any:
    options = dict(TEMPLATES[0]["OPTIONS"])
    (loader, known), other = options["loaders"]
    files = {**known, **{name.replace("_", "") + ".html": text for name, text in more.items()}}
    return override_settings(TEMPLATES=[{**TEMPLATES[0], "OPTIONS": {
        **options, "loaders": [(loader, files), other]}}])


class BrowserCase(UserCase):
    def visit(self, path: str, cookie: str | None = None, client: Client | None = None,
              method: str = "get", **headers: str) -> Any:
        """By a browser, with a token in its cookie."""
        client = client or Client(raise_request_exception=False)
        if cookie is not None:
            client.cookies["DBMI_JWT"] = cookie
        return getattr(client, method)(path, **{**BROWSER, **headers})

    def assertForgotten(self, response: Any, forgotten: bool = True) -> None:
        there = "DBMI_JWT" in response.cookies
        self.assertEqual(there, forgotten)
        if forgotten:
            self.assertEqual((response.cookies["DBMI_JWT"].value,
                              response.cookies["DBMI_JWT"]["max-age"]), ("", 0))


class Negotiation(BrowserCase):
    def test_accept(self) -> None:
        for accept, html in (
                (FIREFOX, True), ("text/html", True), ("text/*", True), ("TEXT/HTML;Q=0.1", True),
                ("text/html, */*", True), ("text/html;q=0.9, application/json;q=0.8", True),
                ("text/html;level=1;q=0.5", True), ("application/xhtml+xml", True),
                ("", False), ("*/*", False), ("application/json", False), ("text/html;q=0", False),
                ("text/html;q=0.5, application/json", False), ("application/json, text/html", False),
                ("text/html, application/json", True), ("application/json, text/plain, */*", False),
                ("text/html;q=0.1, */*;q=0.9", False), ("text/html;q=nan", False),
                ("text/html;q=2", False), ("text/html;q=-1", False), ("text/html;q=x", False),
                ("text/plain", False), (",,;;,=", False), (", " * 100000, False)):
            self.assertIs(prefers_html(accept), html, accept[:40])

    def test_scripts(self) -> None:
        make = RequestFactory()
        for headers, page in (
                ({}, True), ({"HTTP_SEC_FETCH_MODE": "navigate"}, True),
                ({"HTTP_SEC_FETCH_MODE": "cors"}, False),
                ({"HTTP_SEC_FETCH_MODE": "same-origin"}, False),
                ({"HTTP_SEC_FETCH_MODE": "no-cors"}, False),
                ({"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"}, False),
                ({"HTTP_HX_REQUEST": "true"}, False)):
            self.assertIs(wants_page(make.get("/", **BROWSER, **headers)), page, headers)


class Login(BrowserCase):
    def test_bad_cookie(self) -> None:
        """Q39: to the login, and without the cookie."""
        for bad in (forged("ann"), mint("ann", exp="-10"), "nonsense", "a b"):
            for path in ("/me/", "/readers/", "/inside/", "/open_to_all/", "/database/"):
                with self.subTest(bad=bad[:9], path=path):
                    response = self.visit(path, bad)
                    self.assertEqual(response.status_code, 302, response.content)
                    self.assertEqual(response["Location"], LOGIN + path)
                    self.assertForgotten(response)
                    self.assertIn("no-store", response["Cache-Control"])

    def test_good_cookie(self) -> None:
        response = self.visit("/readers/", token("ann"))
        self.assertEqual(response.content, b"notes: 2")
        self.assertForgotten(response, False)

    def test_no_cookie(self) -> None:
        self.assertEqual(self.visit("/readers/")["Location"], LOGIN + "/readers/")
        self.assertEqual(self.visit("/open_to_all/").content, b"notes: 0")

    def test_one_round(self) -> None:
        """The login page is reached, and after a login the page."""
        client = Client(raise_request_exception=False)
        page = self.visit("/readers/?a=1&b=2", forged("ann"), client)
        self.assertEqual(page["Location"], LOGIN + "/readers/%3Fa%3D1%26b%3D2")
        self.assertEqual(self.visit(page["Location"], None, client).content, b"a form")
        self.assertEqual(self.visit("/readers/", token("ann"), client).status_code, 200)

    def test_login_page_is_never_locked(self) -> None:
        for bad in (forged("ann"), mint("ann", exp="-10"), "a b"):
            for path in ("/accounts/login/", "/admin/login/"):
                for method in ("get", "post"):
                    with self.subTest(path=path, method=method, bad=bad[:9]):
                        response = self.visit(path, bad, method=method)
                        self.assertEqual(response.status_code, 200, response.content)
        self.assertForgotten(self.visit("/admin/login/", forged("ann"),
                                        self.session_of(User.objects.create(username="x"))))

    def test_header_stays_refused(self) -> None:
        """Exempt are cookies, which nobody sends on purpose."""
        User.objects.create(username="ann")
        client = self.session_of(User.objects.get())
        for path in ("/accounts/login/", "/admin/login/", "/public/"):
            with setting(EXEMPT=["/public/"]):
                response = self.get(path, forged("ann"), client=client, **BROWSER)
                self.assertEqual(response.status_code, 401, path)
                self.assertNotIn("Location", response)
                self.assertForgotten(response, False)

    def test_exempt(self) -> None:
        with setting(EXEMPT=["/public/"]):
            self.assertEqual(self.get("/public/", forged("ann")).status_code, 401)
            response = self.visit("/public/", forged("ann"))
            self.assertEqual(response.content, b"notes: 0")
            self.assertForgotten(response)
            # for scripts, too; and only what begins so
            response = self.visit("/public/", forged("ann"), HTTP_ACCEPT="*/*")
            self.assertEqual(response.content, b"notes: 0")
            self.assertForgotten(response, False)
            self.assertEqual(self.visit("/open_to_all/", forged("ann")).status_code, 302)
        self.assertEqual(self.visit("/public/", forged("ann")).status_code, 302)

    def test_admin(self) -> None:
        """To its own login."""
        client = self.session_of(User.objects.create(username="x", is_staff=True))
        response = self.visit("/admin/", forged("ann"), client)
        self.assertEqual(response["Location"], "/admin/login/?next=/admin/")
        self.assertForgotten(response)

    def test_post_is_not_redirected(self) -> None:
        """What was typed would be gone."""
        for method in ("post", "put", "delete", "patch"):
            response = self.visit("/readers/", forged("ann"), method=method,
                                  HTTP_REFERER="http://testserver/form/?a=1")
            self.assertEqual(response.status_code, 401)
            self.assertIn("text/html", response["Content-Type"])
            self.assertIn(b'href="/accounts/login/?next=/form/%3Fa%3D1"', response.content)
            self.assertForgotten(response)
        response = self.visit("/readers/", forged("ann"), method="post",
                              HTTP_REFERER="https://evil.example/form/")
        self.assertNotIn(b"evil", response.content)
        self.assertEqual(self.visit("/readers/", forged("ann"), method="head").status_code, 302)

    def test_programs(self) -> None:
        for headers in ({"HTTP_ACCEPT": "application/json"}, {"HTTP_ACCEPT": "*/*"},
                        {"HTTP_SEC_FETCH_MODE": "cors"},
                        {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"}):
            response = self.visit("/readers/", forged("ann"), **headers)
            self.assertEqual(response.status_code, 401)
            self.assertEqual(response.json(), {"error": "invalid_token",
                                               "error_description": "Invalid token signature"})
            self.assertIn('error="invalid_token"', response["WWW-Authenticate"])
            self.assertForgotten(response, False)
        response = self.visit("/readers/", "a b", HTTP_ACCEPT="*/*")
        self.assertEqual((response.status_code, response.json()["error"]), (400, "invalid_request"))

    def test_htmx(self) -> None:
        htmx = {"HTTP_HX_REQUEST": "true", "HTTP_ACCEPT": "*/*"}
        for current, target in (
                ("http://testserver/list/?page=2", LOGIN + "/list/%3Fpage%3D2"),
                ("https://evil.example/list/", "/accounts/login/"), ("", "/accounts/login/")):
            response = self.visit("/readers/", forged("ann"), HTTP_HX_CURRENT_URL=current, **htmx)
            self.assertEqual(response.status_code, 401)
            self.assertEqual(response["HX-Redirect"], target)
        self.assertNotIn("HX-Redirect", self.visit("/readers/", mint("cleo"), **htmx))
        self.assertNotIn("HX-Redirect", self.get("/readers/", forged("ann"), **htmx))

    def test_no_login_page(self) -> None:
        """Django's default of LOGIN_URL often is no page at all."""
        for url in ("/nowhere/", "no-such-name", ""):
            with override_settings(LOGIN_URL=url):
                response = self.visit("/readers/", forged("ann"))
                self.assertEqual(response.status_code, 401)
                self.assertIn("text/html", response["Content-Type"])
                self.assertNotIn(b"href", response.content)
                self.assertForgotten(response)
        with setting(LOGIN_URL=False):
            self.assertEqual(self.visit("/readers/", forged("ann")).status_code, 401)
        with setting(LOGIN_URL="/public/?kind=token"):
            self.assertEqual(self.visit("/readers/", forged("ann"))["Location"],
                             "/public/?kind=token&next=/readers/")

    def test_login_elsewhere(self) -> None:
        with setting(LOGIN_URL="https://id.example/login?client=1"):
            self.assertEqual(self.visit("/readers/", forged("ann"))["Location"],
                             "https://id.example/login?client=1&next=http%3A//testserver/readers/")
            response = self.visit("/readers/", forged("ann"), method="post",
                                  HTTP_REFERER="http://testserver/form/")
            self.assertIn(b"client=1&amp;next=http%3A//testserver/form/", response.content)

    def test_no_loop(self) -> None:
        """A login page that itself wants a token says 401."""
        with setting(LOGIN_URL="/readers/"):
            response = self.visit("/readers/", forged("ann"))
            self.assertEqual(response.status_code, 401)
            self.assertEqual(self.visit("/readers/").status_code, 401)

    def test_no_open_redirect(self) -> None:
        for path in ("//evil.example/", "///evil.example/", "/\\evil.example/"):
            response = self.visit("/readers/?x=" + path, forged("ann"))
            self.assertTrue(response["Location"].startswith(LOGIN + "/readers/"))
        make = RequestFactory()
        for url in ("//evil.example/", "http://evil.example/", "javascript:alert(1)",
                    "http:///evil.example", "/\\evil.example", "http://testserver@evil.example/"):
            self.assertIsNone(of_this_site(make.get("/"), url), url)
        self.assertEqual(of_this_site(make.get("/"), "http://testserver//evil.example"),
                         "/%2Fevil.example")
        self.assertEqual(with_query("/a/?next=//evil", {"next": "/b/"}), "/a/?next=/b/")

    def test_cookie_as_it_was_set(self) -> None:
        with setting(COOKIE_DOMAIN=".clinic.example", COOKIE_PATH="/app", COOKIE_SAMESITE="Strict"):
            gone = self.visit("/readers/", forged("ann")).cookies["DBMI_JWT"]
            self.assertEqual((gone["domain"], gone["path"], gone["samesite"]),
                             (".clinic.example", "/app", "Strict"))

    def test_a_new_cookie_is_kept(self) -> None:
        with setting(EXEMPT=["/sets_cookie/"]):
            response = self.visit("/sets_cookie/", forged("ann"))
            self.assertEqual(response.cookies["DBMI_JWT"].value, "new")

    def test_optional_views(self) -> None:
        with setting(REFUSE_BAD_TOKENS=False):
            for bad in (forged("ann"), "a b"):
                response = self.visit("/open_to_all/", bad)
                self.assertEqual(response.content, b"notes: 0")
                self.assertForgotten(response)

    def test_two_people(self) -> None:
        """Session and cookie: both go, and one logs in again."""
        client = self.session_of(User.objects.create(username="ann"))
        with setting(USER=ROWS):
            response = self.visit("/me/", token("bob"), client)
            self.assertEqual(response["Location"], LOGIN + "/me/")
            self.assertForgotten(response)
            self.assertEqual(response.cookies["sessionid"].value, "")

    def test_forgery(self) -> None:
        """A cookie is sent for pages of others, too."""
        csrf = "django.middleware.csrf.CsrfViewMiddleware"
        with override_settings(MIDDLEWARE=[*MIDDLEWARE[:2], csrf, *MIDDLEWARE[2:]]):
            for path in ("/log_in/", "/api/by-model/"):
                client = Client(raise_request_exception=False, enforce_csrf_checks=True)
                response = self.visit(path, token("ann"), client, method="post")
                self.assertEqual(response.status_code, 403)
                self.assertIn(b"CSRF", response.content)

    def test_async(self) -> None:
        from asgiref.sync import async_to_sync
        client = AsyncClient(raise_request_exception=False)

        def visit(path: str, cookie: str) -> Any:
            client.cookies["DBMI_JWT"] = cookie

            async def request() -> Any:
                return await client.get(path, ACCEPT=FIREFOX)
            return async_to_sync(request)()

        for path, bad in (("/ame/", forged("ann")), ("/ame/", "a b"), ("/alater/", token("ann"))):
            page = "{{ description }} {{ user }}"
            with templates(_400=page, _401=page):
                response = visit(path, bad)
                self.assertEqual(response.status_code, 302)
                self.assertForgotten(response)
                with setting(LOGIN_URL=False):
                    response = visit(path, bad)
                    self.assertIn(b"AnonymousUser", response.content)


class Pages(BrowserCase):
    def test_built_in(self) -> None:
        with setting(LOGIN_URL=False):
            response = self.visit("/readers/", mint("ann", exp="-10"))
        text = response.content.decode()
        self.assertEqual(response.status_code, 401)
        self.assertIn("<h1>Please log in</h1>\n<p>Token has expired</p>", text)
        self.assertIn('error="invalid_token"', response["WWW-Authenticate"])
        self.assertEqual(response["Cache-Control"], "no-store")

    def test_forbidden_and_missing(self) -> None:
        for path, status in (("/readers/", 403), ("/missing/", 404)):
            response = self.visit(path, token("cleo"))
            self.assertEqual(response.status_code, status)
            self.assertIn("text/html", response["Content-Type"])
            self.assertForgotten(response, False)
            self.assertEqual(self.visit(path, token("cleo"), HTTP_ACCEPT="*/*").json()[
                "error_description"], {403: "Access denied", 404: "Not found"}[status])
        self.assertIn("insufficient_scope",
                      self.visit("/readers/", token("cleo"))["WWW-Authenticate"])

    def test_templates(self) -> None:
        with templates(_401="401 {{ title }}: {{ description }} {{ login_url }} {{ user }}",
                       _403="403 {{ exception }} {{ user }}", _404="404 {{ user }}"):
            response = self.visit("/readers/", forged("ann"), method="post")
            self.assertEqual(response.content.decode(),
                             "401 Please log in: Invalid token signature "
                             "/accounts/login/?next=/readers/ AnonymousUser")
            self.assertEqual(self.visit("/readers/", token("cleo")).content.decode(),
                             "403 Access denied cleo")
            self.assertEqual(self.visit("/missing/", token("cleo")).content.decode(), "404 cleo")

    def test_template_that_fails(self) -> None:
        with templates(_401="{{ user.pk|add:missing.x }}{% include 'nowhere.html' %}"), \
                self.assertLogs("django.request", "ERROR"), setting(LOGIN_URL=False):
            response = self.visit("/readers/", forged("ann"))
            self.assertEqual(response.status_code, 401)
            self.assertIn(b"Invalid token signature", response.content)

    def test_refused_account(self) -> None:
        """Its page shows nobody, and asks no second time."""
        with templates(_403="403 {{ exception }} {{ user }}"), setting(USER=ROWS):
            response = self.visit("/me/", token("ann"))
            self.assertEqual((response.status_code, response.content.decode()),
                             (403, "403 There is no active account for this login AnonymousUser"))

    def test_nothing_of_the_token(self) -> None:
        """Escaped, and no byte of it."""
        with setting(LOGIN_URL=False):
            self.assertIn(b"&lt;b&gt;late&lt;/b&gt;", self.visit("/alater/").content)
            for bad in (forged("ann"), mint("ann", exp="-10"), "<script>x", "aa.bb.cc"):
                response = self.visit("/readers/", bad, method="post")
                text = response.content.decode() + str(response.headers)
                for part in bad.split("."):
                    self.assertNotIn(part, text)

    def test_unavailable(self) -> None:
        from dbmi_authz_django.errors import Unavailable
        with mock.patch("people.views.titles", side_effect=Unavailable()):
            response = self.visit("/open_to_all/")
            self.assertEqual(response.status_code, 503)
            self.assertIn(b"The database is not available", response.content)


class StepUp(BrowserCase):
    def test_function(self) -> None:
        weak = mint("ann", acr="silver")
        response = self.visit("/strong/", weak)
        self.assertEqual(response.status_code, 401)
        self.assertIn('acr_values="gold"', response["WWW-Authenticate"])
        self.assertForgotten(response, False)       # the token is good
        with setting(STEP_UP="people.views.stronger"):
            self.assertEqual(self.visit("/strong/", weak)["Location"],
                             "/stronger/?acr_values=gold&max_age=None")
            self.assertEqual(self.visit("/strong/", weak, method="post").status_code, 401)
            self.assertEqual(self.visit("/strong/", weak, HTTP_ACCEPT="*/*").status_code, 401)
            self.assertEqual(self.visit("/strong/")["Location"], LOGIN + "/strong/")
        with setting(STEP_UP=lambda request, acrs, max_age: None):
            self.assertEqual(self.visit("/strong/", weak).status_code, 401)
