"""What a project does that nobody has foreseen, and what clients send."""
import base64
import contextvars
import copy
import io
import pickle
import time
from contextlib import suppress
from unittest import mock

from clinic.models import Note
from dbmi_authz_django import authz
from dbmi_authz_django.login import Login
from dbmi_authz_django.reports import starred
from django.core.cache import cache
from django.db import connection, connections, transaction
from django.http import Http404, HttpResponse
from django.template import Context, Engine
from django.test import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from . import left_behind, mint, token
from .base import Case


def by_hand(request):
    """Becomes somebody past the package."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT authz.set_token(%s)", [token("bob")])
    if "atomic" in request.GET:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT AUTHZ.SET_TOKEN(%s)", [token("bob")])
    return HttpResponse("ok")


@csrf_exempt
def raises(request):
    request.POST
    raise RuntimeError


def not_found(request):
    text = str(request.META["HTTP_AUTHORIZATION"])
    raise Http404("%s, %s" % (text, text.rpartition(".")[2]))


def login_page(request):
    return HttpResponse("login of %s" % (authz.identity().subject or "nobody"))


urlpatterns = [path("by_hand/", by_hand), path("raises/", raises), path("not_found/", not_found),
               path("login/", login_page)]


class ByHand(Case):
    @override_settings(ROOT_URLCONF=__name__)
    def test_ends_with_the_request(self):
        for address in ("/by_hand/", "/by_hand/?atomic"):
            for who in (None, "ann"):
                with self.subTest(address, who=who):
                    self.assertEqual(self.get(address, who).status_code, 200)
                    self.assertIsNone(left_behind())
                    self.assertEqual(Note.objects.count(), 0)

    def test_ends_with_the_task(self):
        with authz.in_task():
            by_hand(mock.Mock(GET={}))
            self.assertEqual(left_behind(), "bob")
        self.assertIsNone(left_behind())


def titles_of(who):
    with authz.as_token(token(who)):
        return [note.title for note in Note.objects.order_by("title")]


class WithoutRequest(Case):
    """Values that a task keeps, where no middleware looks on."""

    def setUp(self):
        super().setUp()
        cache.clear()

    def apart(self, work):
        return contextvars.Context().run(work)

    def test_values(self):
        def work():
            with authz.as_token(token("ann")):
                first = authz.get_or_set("titles", lambda: titles_of("bob"), 300)
                return first, authz.get_or_set("titles", lambda: "anew", 300)
        self.assertEqual(self.apart(work), (["Bob 1"], "anew"))

    def test_own_values(self):
        def work():
            with authz.as_token(token("ann")):
                first = authz.get_or_set("titles", Note.objects.count, 300)
                return first, authz.get_or_set("titles", lambda: "anew", 300)
        self.assertEqual(self.apart(work), (2, 2))

    def test_parts(self):
        engine = Engine(libraries={"cache": "django.templatetags.cache",
                                   "dbmi_authz": "dbmi_authz_django.templatetags.dbmi_authz"})
        for tag, library, outer in (("cache", "cache", None),
                                    ("cache_per_identity", "dbmi_authz", token("ann"))):
            template = engine.from_string("{%% load %s %%}{%% %s 300 x %%}{{ found }}{%% endcache %%}"
                                          % (library, tag))

            def work():
                with authz.as_token(outer):
                    return [template.render(Context({"found": found}))
                            for found in (lambda: titles_of("bob")[0], "anew", "kept?")]
            with self.subTest(tag):
                self.assertEqual(self.apart(work), ["Bob 1", "anew", "anew"])


class Copies(Case):
    def test_no_pickle_of_a_token(self):
        for what in (Login(token("ann")), [Login(None)], authz.as_token(token("ann"))):
            with self.subTest(what), self.assertRaises(TypeError):
                pickle.dumps(what)

    def test_copy_is_the_same(self):
        for what in (Login(token("ann")), authz.as_token(token("ann"))):
            self.assertIs(copy.copy(what), what)
            self.assertIs(copy.deepcopy([what])[0], what)


class OwnerEnds(Case):
    """NO FORCE does not outlive as_owner(), whatever ends its transaction."""

    def setUp(self):
        super().setUp()
        self.addCleanup(connections["owner"].close)

    def forced(self):
        with connections["root"].cursor() as cursor:
            cursor.execute("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'clinic_note'")
            return cursor.fetchone()[0]

    def work(self, how, error):
        with suppress(error), authz.as_owner(Note, using="owner"):
            how()
            raise error

    def test_ended_in_the_midst(self):
        def execute(sql):
            return lambda: connections["owner"].cursor().execute(sql)

        for name, how in (("script", execute("SELECT 1; COMMIT")),
                          ("driver", lambda: connections["owner"].connection.commit())):
            for error in (KeyError, KeyboardInterrupt):
                with self.subTest(name, error=error), self.assertLogs("dbmi_authz_django", "ERROR"):
                    self.work(how, error)
                self.assertTrue(self.forced())
            with self.subTest(name, nested=True):
                with transaction.atomic("owner"):
                    self.work(how, KeyError)
                connections["owner"].close()
                self.assertTrue(self.forced())

    def test_connection_that_dies_then(self):
        def how():
            connections["owner"].connection.commit()
            with connections["root"].cursor() as cursor, connections["owner"].cursor() as own:
                own.execute("SELECT pg_backend_pid()")
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", own.fetchone())
        self.work(how, KeyError)
        self.assertTrue(self.forced())

    def test_behind_a_comment(self):
        for sql in ("/* x */ COMMIT", "-- x\nROLLBACK", " /* a */ /* b */\n END"):
            with self.subTest(sql), self.assertRaisesRegex(authz.AsOwnerError, "no COMMIT"), \
                    authz.as_owner(Note, using="owner"):
                connections["owner"].cursor().execute(sql)
        self.assertTrue(self.forced())

    def test_error_costs_no_force(self):
        self.work(lambda: None, KeyError)
        self.assertTrue(self.forced())
        with authz.as_owner(Note, using="owner"):
            self.assertEqual(Note.objects.using("owner").count(), 4)


def looks_like_a_token(number):
    payload = base64.urlsafe_b64encode(b'{"sub":"%08d"}' % number).decode().rstrip("=")
    return "eyJhbGciOiJIUzI1NiJ9.%s.signature-%020d" % (payload, number)


class Pages(Case):
    """Of DEBUG, and of browsers."""

    @override_settings(ROOT_URLCONF=__name__, DEBUG=True)
    def test_page_not_found(self):
        response = self.get("/not_found/", "ann")
        self.assertEqual(response.status_code, 404)
        for part in token("ann").split("."):
            self.assertNotIn(part, response.content.decode())
        self.assertIn("no such", self.get("/no such/").content.decode())

    @override_settings(ROOT_URLCONF=__name__, DEBUG=True)
    def test_many_tokens_in_a_form(self):
        """They cost time once, and not once for each of the page's variables."""
        many = [looks_like_a_token(number) for number in range(20000)]
        parts = {part for one in many for part in one.split(".")}
        began = time.process_time()
        self.assertEqual(starred("word " * 100000, parts), "word " * 100000)
        self.assertLess(time.process_time() - began, 0.5)       # and not two and a half
        with mock.patch("sys.stderr", io.StringIO()):
            response = self.client.post("/raises/", {"x": " ".join(many)},
                                        HTTP_AUTHORIZATION="Bearer " + token("ann"))
        self.assertEqual(response.status_code, 500)
        found = response.content.decode()
        for part in (many[7].split(".")[1:] + many[-1].split(".")[1:] + token("ann").split(".")):
            self.assertNotIn(part, found)

    @override_settings(ROOT_URLCONF=__name__, LOGIN_URL="http://testserver/login/")
    def test_login_with_its_whole_address(self):
        """Not in circles, also where the browser keeps the cookie."""
        self.client.cookies["DBMI_JWT"] = mint("ann", exp="-3600")
        response = self.get("/login/", HTTP_ACCEPT="text/html")
        self.assertEqual((response.status_code, response.content), (200, b"login of nobody"))
        self.client.cookies["DBMI_JWT"] = mint("ann", exp="-3600")
        self.assertEqual(self.get("/login/", HTTP_ACCEPT="text/html",
                                  HTTP_HOST="another").status_code, 302)
