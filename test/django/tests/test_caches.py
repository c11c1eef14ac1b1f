"""Q35: what was made as somebody never reaches another, nobody, or the same
one after the token's end, through Django's caches."""
import itertools
import time
from unittest import mock

import django
from asgiref.sync import async_to_sync, sync_to_async
from clinic.models import Note
from dbmi_authz_django import authz
from django.conf import settings
from django.core.cache import cache
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.template import Context, Template, engines
from django.template.response import TemplateResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control, cache_page, never_cache
from django.views.decorators.http import condition
from django.views.decorators.vary import vary_on_cookie, vary_on_headers
from rest_framework import viewsets
from rest_framework.response import Response
from rest_framework.views import APIView

from . import atomic_requests, mint, token
from .base import Case

ANN = ["Ann 1", "Ann 2"]
BOB = ["Bob 1"]
PEOPLE = [("ann", ANN), ("bob", BOB), (None, []), ("ann", ANN)]
# a page of nobody may be for whoever does not show where we look who it is
BY_HAND = PEOPLE[:3]

OURS = "dbmi_authz_django.middleware.TokenMiddleware"
UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
BOTH = "django.middleware.cache.CacheMiddleware"
OWN = __name__ + ".OwnMiddleware"
CONDITIONAL = "django.middleware.http.ConditionalGetMiddleware"

calls = itertools.count()


def orders(*paths):
    return list(itertools.permutations(paths))


def titles():
    return list(Note.objects.order_by("title").values_list("title", flat=True))


# ---- views that ask as whoever it is ----

def listing(request):
    next(calls)
    return JsonResponse({"notes": titles()})


class Listing(View):
    def get(self, request):
        return listing(request)

    head = get


@method_decorator(cache_page(60), name="dispatch")
class DecoratedClass(Listing):
    pass


class DecoratedMethod(Listing):
    @method_decorator(cache_page(60))
    def get(self, request):
        return listing(request)


class LaterResponse(TemplateResponse):
    """Asks when it is rendered."""

    @property
    def rendered_content(self):
        return listing(self._request).content.decode()


def lazily(request):
    return LaterResponse(request, "nothing", content_type="application/json")


def asked_before(request):
    """Then the decorator says that the page may be kept."""
    authz.ask("is_authenticated")
    return cache_page(60)(listing)(request)


def known(request):
    """Asked in a decorator or middleware, shown by the page that is kept."""
    before = authz.identity()
    return cache_page(60)(lambda request: JsonResponse(
        {"notes": {"ann": ANN, "bob": BOB, None: []}[before.subject]}))(request)


@cache_page(60)
def by_hand(request):
    """With a token that the request does not carry where we look."""
    with authz.as_token(request.META.get("HTTP_X_TOKEN")):
        return listing(request)


def nested_request(request):
    """A page made of another, by a request of its own."""
    inner = HttpRequest()
    inner.method, inner.META, inner.path = "GET", request.META, "/inner/"
    return cache_page(60)(listing)(inner)


def inner_client(request):
    """The same, through all middleware."""
    headers = {"HTTP_AUTHORIZATION": request.META["HTTP_AUTHORIZATION"]} \
        if "HTTP_AUTHORIZATION" in request.META else {}
    return HttpResponse(Client().get("/plain/", **headers).content,
                        content_type="application/json")


class RestListing(APIView):
    permission_classes = []

    @method_decorator(cache_page(60))
    def get(self, request):
        next(calls)
        return Response({"notes": titles()})


@method_decorator(cache_page(60), name="list")
class RestSet(viewsets.ViewSet):
    permission_classes = []

    def list(self, request):
        next(calls)
        return Response({"notes": titles()})


LEAKY = {
    "function": cache_page(60)(listing),
    "view-of-class": cache_page(60)(Listing.as_view()),
    "class": DecoratedClass.as_view(),
    "method": DecoratedMethod.as_view(),
    "vary": cache_page(60)(vary_on_headers("Authorization")(listing)),
    "vary-outside": vary_on_headers("Authorization")(cache_page(60)(listing)),
    "vary-on-cookie": cache_page(60)(vary_on_cookie(listing)),
    "twice": cache_page(60)(cache_page(30)(listing)),
    "prefix": cache_page(60, key_prefix="x", cache="default")(listing),
    "public": cache_page(60)(cache_control(public=True, max_age=300, s_maxage=300)(listing)),
    "max-age": cache_control(max_age=300)(cache_page(60)(listing)),
    "condition": cache_page(60)(condition(etag_func=lambda request: '"1"')(listing)),
    "lazily": cache_page(60)(lazily),
    "asked-before": asked_before,
    "known": known,
    "nested-request": nested_request,
    "inner-client": cache_page(60)(inner_client),
    "optional": authz.token_optional(cache_page(60)(listing)),
    "rest-method": RestListing.as_view(),
    "rest-view": cache_page(60)(RestListing.as_view()),
    "rest-set": RestSet.as_view({"get": "list"}),
}


# ---- and others ----

@cache_page(60)
def static(request):
    """Asks nothing."""
    return HttpResponse(str(next(calls)))


def streamed(request):
    return StreamingHttpResponse(title for title in titles())


def streamed_later(request):
    return StreamingHttpResponse(title for title in Note.objects.values_list("title", flat=True))


async def aplain(request):
    next(calls)
    return JsonResponse({"notes": await sync_to_async(titles)()})


def for_one(**options):
    return authz.cache_page_per_identity(60, **options)


@method_decorator(authz.cache_page_per_identity(60), name="dispatch")
class ClassForOne(Listing):
    pass


def as_another(request):
    """As the one in the session, says a view of which the cache knows nothing."""
    with authz.as_token(request.META.get("HTTP_X_TOKEN")):
        return listing(request)


OWN_PAGES = {
    "function": for_one()(listing),
    "class": ClassForOne.as_view(),
    "view-of-class": for_one()(Listing.as_view()),
    "prefix": for_one(key_prefix="x", cache="default")(listing),
    "lazily": for_one()(lazily),
    "rest": for_one()(RestListing.as_view()),
    "vary": vary_on_cookie(for_one()(listing)),
    "within": cache_page(60)(for_one()(listing)),
}


def part(request):
    """A part of a template, by Django's tag or ours; rows by the view or the template."""
    tag = "cache_per_identity" if "own" in request.GET else "cache"
    rows = titles() if "before" in request.GET else titles
    return HttpResponse(Template(
        "{%% load cache dbmi_authz %%}{%% %s 60 notes %%}"
        "{%% for title in rows %%}{{ title }};{%% endfor %%}{%% endcache %%}" % tag
    ).render(Context({"rows": rows})))


urlpatterns = [
    path("plain/", listing),
    path("static/", static),
    path("nothing/", lambda request: HttpResponse(str(next(calls)))),
    path("streamed/", streamed),
    path("streamed-later/", streamed_later),
    path("never/", never_cache(listing)),
    path("by-hand/", by_hand),
    path("aplain/", aplain),
    path("one/async/", for_one()(aplain)),
    path("one/as-another/", for_one()(as_another)),
    path("one/forever/", authz.cache_page_per_identity(None)(listing)),
    path("part/", part),
    *(path("leaky/%s/" % name, view) for name, view in LEAKY.items()),
    *(path("one/%s/" % name, view) for name, view in OWN_PAGES.items()),
]


class OwnMiddleware:
    """Of a project that has its tokens elsewhere."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with authz.as_token(request.META.get("HTTP_X_TOKEN")):
            return self.get_response(request)


class Pages(Case):
    def setUp(self):
        super().setUp()
        self.setUpSettings()
        cache.clear()
        self.addCleanup(cache.clear)

    def setUpSettings(self):
        override = override_settings(ROOT_URLCONF=__name__)
        override.enable()
        self.addCleanup(override.disable)

    def own_rows(self, path, people=PEOPLE, **headers):
        for who, notes in people:
            self.assertEqual(self.json(path, who, **headers)["notes"], notes, (path, who))

    def runs(self, work):
        """How often the view ran meanwhile."""
        before = next(calls)
        work()
        return next(calls) - before - 1

    def middleware(self, *paths):
        self.client = Client(raise_request_exception=False)
        return override_settings(MIDDLEWARE=paths)


class Decorators(Pages):
    def test_to_each_its_own(self):
        """Q35"""
        for people in (PEOPLE, PEOPLE[::-1]):
            for name in LEAKY:
                for atomic in (False, True):
                    cache.clear()
                    with self.subTest(name=name, atomic=atomic), atomic_requests(atomic):
                        self.own_rows("/leaky/%s/" % name, people)

    def test_head(self):
        """Q35: a HEAD is answered from the page of a GET, and the other way round."""
        for name in LEAKY:
            cache.clear()
            with self.subTest(name=name):
                self.client.head("/leaky/%s/" % name, HTTP_AUTHORIZATION="Bearer " + token("ann"))
                self.own_rows("/leaky/%s/" % name, PEOPLE[1:])

    def test_cookies(self):
        """Q35: Vary by the header alone says nothing about the cookie."""
        for name in LEAKY:
            if name == "inner-client":
                continue
            cache.clear()
            for who, notes in PEOPLE:
                with self.subTest(name=name, who=who):
                    client = Client()
                    if who:
                        client.cookies["DBMI_JWT"] = token(who)
                    self.assertEqual(
                        client.get("/leaky/%s/" % name).json()["notes"], notes)

    def test_bad_tokens(self):
        """Q35: a page that nobody may see is nobody's, not that of a refused token."""
        self.own_rows("/leaky/function/", [(None, [])])
        self.assertEqual(self.get("/leaky/function/", "a.b.c").status_code, 401)
        self.assertEqual(self.get("/leaky/function/", HTTP_AUTHORIZATION="Bearer").status_code,
                         400)

    def test_optional_token(self):
        """Q35: of a bad token nothing is kept for others, and it gets nobody's rows."""
        self.own_rows("/leaky/optional/", [("a.b.c", []), *PEOPLE, ("a.b.c", [])])

    def test_token_by_hand(self):
        """Q35"""
        for who, notes in BY_HAND:
            headers = {"HTTP_X_TOKEN": token(who)} if who else {}
            self.assertEqual(self.json("/by-hand/", **headers)["notes"], notes)

    def test_token_by_hand_without_middleware(self):
        """Q35"""
        for who, notes in BY_HAND:
            request = RequestFactory().get("/", **{"HTTP_X_TOKEN": token(who)} if who else {})
            self.assertEqual(by_hand(request).content, JsonResponse({"notes": notes}).content)

    def test_in_the_transaction_of_a_test(self):
        """Q35"""
        with transaction.atomic():
            self.own_rows("/leaky/function/")

    def test_tasks_and_threads(self):
        """Q35: what they ask is asked for the same page."""
        import contextvars
        from concurrent.futures import ThreadPoolExecutor

        def close(value):
            connections["default"].close()
            return value

        def threaded(request):
            context = contextvars.copy_context()
            with ThreadPoolExecutor(1) as pool:
                found = pool.submit(context.run, lambda: close(titles())).result()
            return JsonResponse({"notes": found})

        def gathered(request):
            import asyncio

            async def one():
                async with authz.as_token(request.META.get("HTTP_X_TOKEN")):
                    return await sync_to_async(titles)()

            async def both():
                return (await asyncio.gather(one(), one()))[0]

            return JsonResponse({"notes": async_to_sync(both)()})

        patterns = [path("threaded/", cache_page(60)(threaded)),
                    path("gathered/", cache_page(60)(gathered))]
        with override_settings(ROOT_URLCONF=tuple(patterns)):
            self.own_rows("/threaded/")
            for who, notes in BY_HAND:
                headers = {"HTTP_X_TOKEN": token(who)} if who else {}
                self.assertEqual(self.json("/gathered/", **headers)["notes"], notes)

    def test_kept_as_ever(self):
        """Q35: what asks nothing, for everybody; what asks as nobody, for nobody."""
        self.get("/static/")
        self.assertEqual(self.runs(lambda: [self.get("/static/", who) for who in (
            None, "ann", "bob")]), 0)
        cache.clear()
        self.get("/static/", "ann")
        self.assertEqual(self.runs(lambda: self.get("/static/", "ann")), 0)
        for name in LEAKY:
            if name not in ("known", "inner-client"):
                cache.clear()
                self.own_rows("/leaky/%s/" % name, [(None, [])])
                self.assertEqual(self.runs(lambda: self.own_rows("/leaky/%s/" % name, [
                    (None, [])] * 2)), 0, name)
                self.assertEqual(self.runs(lambda: self.own_rows("/leaky/%s/" % name)), 3, name)
                self.assertEqual(self.runs(lambda: self.own_rows("/leaky/%s/" % name, [
                    (None, [])])), 0, name)

    def test_kept_by_a_version_before(self):
        """Q35: whose pages do not say as whom they were made."""
        self.own_rows("/leaky/function/", [(None, [])])
        for key in list(cache._cache):      # of the backend in memory
            key = key.split(":", 2)[2]
            page = cache.get(key)
            if isinstance(page, HttpResponse):
                page.content = JsonResponse({"notes": ANN}).content
                page.__dict__.pop("authz_asked", None)
                cache.set(key, page)
        for people in ([(None, [])], [("bob", BOB)], [(None, [])]):
            self.own_rows("/leaky/function/", people)

    def test_error_pages(self):
        """Q35"""
        def fails(request):
            raise RuntimeError(titles())

        with override_settings(ROOT_URLCONF=(path("fails/", cache_page(60)(fails)),)):
            for who in ("ann", "bob", None):
                self.assertEqual(self.get("/fails/", who).status_code, 500)


class Middleware(Pages):
    """Caches of the whole site."""

    def test_every_order(self):
        """Q35: with the header and with the cookie."""
        for order in orders(OURS, UPDATE, FETCH) + orders(OURS, BOTH):
            cache.clear()
            with self.subTest(order=order), self.middleware(*order):
                for path_ in ("/plain/", "/leaky/function/", "/leaky/lazily/",
                              "/leaky/rest-method/"):
                    self.own_rows(path_)

    def test_kept_in_every_order(self):
        """Q35: nobody's pages, and what asks nothing."""
        for order in orders(OURS, UPDATE, FETCH) + orders(OURS, BOTH):
            if UPDATE in order and order.index(UPDATE) > order.index(FETCH):
                continue        # keeps nothing then
            cache.clear()
            with self.subTest(order=order), self.middleware(*order):
                self.own_rows("/plain/", [(None, [])])
                self.assertEqual(self.runs(lambda: self.own_rows("/plain/", [(None, [])])), 0)
                self.assertEqual(self.runs(lambda: self.own_rows("/plain/")), 3)
                self.get("/nothing/", "ann")
                self.assertEqual(self.runs(lambda: self.get("/nothing/", "ann")), 0)

    def test_token_by_hand(self):
        """Q35: in a middleware of the project's own."""
        for order in orders(OWN, UPDATE, FETCH) + orders(OWN, BOTH):
            cache.clear()
            with self.subTest(order=order), self.middleware(*order):
                for who, notes in BY_HAND:
                    response = self.get("/plain/", **{"HTTP_X_TOKEN": token(who)} if who else {})
                    self.assertEqual(response.json()["notes"], notes)

    def test_conditional(self):
        """Q35: 304 only for what the same person would see again."""
        for order in orders(OURS, UPDATE, FETCH, CONDITIONAL):
            cache.clear()
            with self.subTest(order=order), self.middleware(*order):
                etag = self.get("/plain/", "ann")["ETag"]
                for who, status in (("ann", 304), ("bob", 200), (None, 200), ("ann", 304)):
                    response = self.get("/plain/", who, HTTP_IF_NONE_MATCH=etag)
                    self.assertEqual(response.status_code, status)
                    if who:
                        self.assertIn("private", response["Cache-Control"])
                    self.assertIn("Authorization", response["Vary"])

    def test_stream_made_whole(self):
        """Q35: by a middleware that keeps it in one piece, wherever it stands."""
        whole = __name__ + ".whole"
        for order in orders(OURS, UPDATE, FETCH, whole):
            cache.clear()
            with self.subTest(order=order), self.middleware(*order):
                for who, notes in PEOPLE:
                    self.assertEqual(self.get("/streamed-later/", who).content,
                                     "".join(notes).encode())

    def test_async(self):
        """Q35"""
        @async_to_sync
        async def work(path_):
            for who, notes in PEOPLE * 2:
                headers = {"AUTHORIZATION": "Bearer " + token(who)} if who else {}
                response = await AsyncClient().get(path_, **headers)
                self.assertEqual(response.json()["notes"], notes, (path_, who))

        for order in orders(OURS, UPDATE, FETCH) + orders(OURS, BOTH):
            cache.clear()
            with self.subTest(order=order), self.middleware(*order):
                for path_ in ("/plain/", "/aplain/", "/leaky/function/", "/one/async/",
                              "/one/function/"):
                    work(path_)


def whole(get_response):
    def middleware(request):
        response = get_response(request)
        return HttpResponse(b"".join(response)) if response.streaming else response
    return middleware


class Outside(Pages):
    """Cache-Control, for caches that are not Django's."""

    def control(self, path_, who=None, **headers):
        return self.get(path_, who, **headers).get("Cache-Control", "")

    def test_private(self):
        """Q35"""
        for path_ in ("/plain/", "/leaky/function/", "/leaky/public/", "/leaky/max-age/",
                      "/leaky/lazily/", "/leaky/rest-view/", "/streamed/", "/streamed-later/",
                      "/one/function/", "/one/function/", "/one/lazily/", "/never/"):
            with self.subTest(path=path_):
                control = self.control(path_, "ann")
                self.assertIn("private", control)
                self.assertNotIn("public", control)

    def test_not_private(self):
        """Q35: nobody's, and what asks nothing."""
        for path_, who in (("/plain/", None), ("/leaky/function/", None), ("/static/", None),
                           ("/static/", "ann"), ("/static/", "ann"), ("/nothing/", "ann"),
                           ("/streamed/", None), ("/one/function/", None)):
            with self.subTest(path=path_, who=who):
                self.assertNotIn("private", self.control(path_, who))
        self.assertIn("public", self.control("/leaky/public/"))

    def test_errors(self):
        """Q35"""
        def fails(request):
            raise RuntimeError(titles())

        with override_settings(ROOT_URLCONF=(path("fails/", fails),)):
            self.assertIn("private", self.control("/fails/", "ann"))
        self.assertEqual(self.control("/plain/", "a.b.c"), "no-store")

    def test_token_by_hand(self):
        """Q35"""
        self.assertIn("private", self.control("/by-hand/", HTTP_X_TOKEN=token("ann")))
        self.assertNotIn("private", self.control("/by-hand/"))


class PerIdentity(Pages):
    """cache_page_per_identity()"""

    def test_own_pages(self):
        """Q35"""
        for name in OWN_PAGES:
            for atomic in (False, True):
                cache.clear()
                with self.subTest(name=name, atomic=atomic), atomic_requests(atomic):
                    self.assertEqual(self.runs(
                        lambda: self.own_rows("/one/%s/" % name)), 3)
                    self.assertEqual(self.runs(
                        lambda: self.own_rows("/one/%s/" % name, PEOPLE * 3)), 0)

    def test_between_header_and_cookie(self):
        """Q35: it is the token that counts."""
        self.own_rows("/one/function/")
        self.client.cookies["DBMI_JWT"] = token("ann")
        self.own_rows("/one/function/", [(None, ANN), ("bob", BOB)])
        self.assertEqual(self.runs(
            lambda: self.own_rows("/one/function/", [(None, ANN), ("bob", BOB)])), 0)

    def test_other_claims(self):
        """Q35: the same person with less gets another page."""
        def scopes(request):
            next(calls)
            return JsonResponse({"scopes": sorted(authz.identity().scopes)})

        with override_settings(ROOT_URLCONF=(path("scopes/", for_one()(scopes)),)):
            for scope in ("read write", "read", "", "read write"):
                found = self.json("/scopes/", mint("ann", scope=scope))
                self.assertEqual(found["scopes"], scope.split())

    def test_time_of_the_token(self):
        """Q35: nobody keeps a page for longer."""
        response = self.get("/one/function/", mint("ann", exp="+30"))
        self.assertRegex(response["Cache-Control"], r"max-age=(2\d|30)\b")
        long = self.get("/one/function/", "ann")
        self.assertRegex(long["Cache-Control"], r"max-age=60\b")

    def test_revoked(self):
        """Q35: a token that is not good any more gets no page that is kept."""
        revoked = mint("ann", jti="to be revoked")
        for path_ in ("/one/function/", "/one/class/"):
            self.own_rows(path_, [(revoked, ANN)] * 2)
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT authz.revoke_token('https://id.example', 'to be revoked')")
        for path_ in ("/one/function/", "/one/class/"):
            self.assertEqual(self.get(path_, revoked).status_code, 401)

    def test_bad_tokens(self):
        """Q35"""
        self.own_rows("/one/function/", PEOPLE)
        for bad in ("a.b.c", mint("ann", exp="-10")):
            self.assertEqual(self.get("/one/function/", bad).status_code, 401)

    def test_asked_as_another(self):
        """Q35: then the page is not of the one whose key it has."""
        for who, notes in BY_HAND:
            for outer in (None, "cleo"):
                headers = {"HTTP_X_TOKEN": token(who)} if who else {}
                self.assertEqual(
                    self.json("/one/as-another/", outer, **headers)["notes"], notes)

    def test_database_asked_once(self):
        """Q35: a page that is kept costs no statement but the login's own."""
        self.get("/one/function/", "ann")
        said = self.statements(lambda: self.get("/one/function/", "ann"))
        self.assertEqual(said.count("query"), 0)

    def test_headers(self):
        """Q35: a hit says the same as what was kept."""
        first, second = (self.get("/one/function/", "ann") for _ in range(2))
        for name in ("Cache-Control", "Expires", "Vary", "Content-Type"):
            self.assertEqual(first[name], second[name])

    def test_keys(self):
        """Q35: for caches of one's own."""
        keys = set()
        for who in ("ann", "bob", None, "ann"):
            with authz.as_token(who and token(who)):
                key = authz.identity().cache_key
                self.assertRegex(key, "^[0-9a-f]{64}$")
                keys.add(key)
        self.assertEqual(len(keys), 3)


class Parts(Pages):
    """{% cache %} and {% cache_per_identity %}"""

    def part(self, query, who=None):
        response = self.get("/part/?" + query, who)
        self.assertEqual(response.status_code, 200, response.content)
        return [title for title in response.content.decode().split(";") if title]

    def test_to_each_its_own(self):
        """Q35"""
        for query in ("x", "before", "own", "own&before"):
            cache.clear()
            with self.subTest(query=query):
                for who, notes in PEOPLE * 2:
                    self.assertEqual(self.part(query, who), notes)

    def test_kept(self):
        """Q35: nobody's by Django's tag, everybody's own by ours."""
        def change():
            with connections["root"].cursor() as cursor:
                cursor.execute("UPDATE clinic_note SET title = title || '!'")

        for query, people in (("x", [(None, [])]), ("own", PEOPLE)):
            cache.clear()
            for who, notes in people:
                self.part(query, who)
            with mock.patch.object(Note, "objects", None):      # nobody asks
                for who, notes in people:
                    self.assertEqual(self.part(query, who), notes)

    def test_token_by_hand(self):
        """Q35: in the view before, or in what the part itself does."""
        text = "{% load cache dbmi_authz %}{% TAG 60 notes %}{{ rows|join:';' }}{% endcache %}"

        def before(request):
            with authz.as_token(request.META.get("HTTP_X_TOKEN")):
                rows = titles()
            return HttpResponse(engines["django"].from_string(
                text.replace("TAG", request.GET["tag"])).render({"rows": rows}))

        def within(request):
            def rows():
                with authz.as_token(request.META.get("HTTP_X_TOKEN")):
                    return titles()
            return HttpResponse(engines["django"].from_string(
                text.replace("TAG", request.GET["tag"])).render({"rows": rows}))

        with override_settings(ROOT_URLCONF=(path("before/", before), path("within/", within))):
            for path_ in ("/before/", "/within/"):
                for tag in ("cache", "cache_per_identity"):
                    cache.clear()
                    for who, notes in BY_HAND:
                        response = self.get("%s?tag=%s" % (path_, tag),
                                            **{"HTTP_X_TOKEN": token(who)} if who else {})
                        self.assertEqual(response.content.decode(), ";".join(notes))

    def test_arguments(self):
        """Q35: those of Django's tag, and its errors."""
        from django.template import TemplateSyntaxError

        def render(tag, **values):
            return Template("{% load dbmi_authz %}{% cache_per_identity " + tag
                            + " %}{{ x }}{% endcache %}").render(Context(values))

        for tag in ("60 a", "None a", "time a", '60 a y', '60 a using="default"'):
            cache.clear()
            for x in "12":
                self.assertEqual(render(tag, x=x, time="60", y=1), "1")
        self.assertEqual([render("60 b y", x=x, y=x) for x in "12"], ["1", "2"])
        for tag in ("60", "later a", '60 a using="nowhere"'):
            with self.assertRaises(TemplateSyntaxError):
                render(tag, x=1)


class Ended(Pages):
    """After the end of a token: all at once, for whoever waits for it waits."""

    def places(self):
        """(path, middleware) of pages that are kept, each somewhere else"""
        found = [("/leaky/%s/" % name, None) for name in LEAKY]
        found += [("/one/%s/" % name, None) for name in ("function", "class", "forever")]
        found += [("/part/?own", None)]
        found += [("/plain/?%d" % number, order) for number, order in enumerate(
            orders(OURS, UPDATE, FETCH) + orders(OURS, BOTH))]
        return found

    def answers(self, who):
        for path_, order in self.places():
            with self.middleware(*(order or settings.MIDDLEWARE)):
                response = self.get(path_, who)
                yield path_, response.status_code, response.content.decode()

    def test_end_of_the_token(self):
        """Q35: also by a cache that has forgotten nothing by then."""
        for seconds in (3, 10, 60):     # a machine with much else to do needs longer
            end = int(time.time()) + seconds
            short = mint("ann", exp=end)
            cache.clear()
            before = list(self.answers(short))
            if time.time() < end:
                break
        for path_, status, text in before:
            self.assertEqual((path_, status), (path_, 200))
            self.assertIn("Ann 2", text)
        time.sleep(max(0, end + 0.1 - time.time()))
        with mock.patch("django.core.cache.backends.locmem.time.time",
                        lambda: time.monotonic()):
            for path_, status, text in self.answers(short):
                if path_ == "/leaky/optional/":
                    self.assertEqual((status, text), (200, '{"notes": []}'))
                elif path_ != "/leaky/inner-client/":
                    self.assertEqual((path_, status), (path_, 401))


class Installed(Pages):
    def test_twice(self):
        """Q35: whoever asks for it again changes nothing."""
        from dbmi_authz_django.caching import caches
        caches.install()
        caches.install()
        self.own_rows("/leaky/function/")

    def test_many_requests(self):
        """Q35: however many are in memory, each knows of its own queries."""
        from dbmi_authz_django.caching.asked import begin, note
        from dbmi_authz_django.login import Login
        requests = [HttpRequest() for _ in range(3000)]
        for number, request in enumerate(requests):
            asked = begin(request)
            self.assertFalse(asked.at_all() or asked.as_somebody())
            login = Login("x" if number % 2 else None)
            note(login)
            self.assertTrue(asked.at_all())
            self.assertEqual(asked.as_somebody(), bool(number % 2))
            self.assertFalse(asked.as_somebody(but=login))
        self.assertTrue(requests[0].authz_asked.as_somebody(but=login))
        self.assertLess(len(asked.log.last), 5)

    def test_without_the_middleware(self):
        """Q35: pages of a project that says nothing are kept as ever."""
        with self.middleware(*(m for m in settings.MIDDLEWARE if m != OURS)):
            self.own_rows("/leaky/function/", [(None, [])])
            self.assertEqual(self.runs(lambda: self.own_rows("/leaky/function/", [
                (None, []), ("ann", [])])), 0)

    if django.VERSION >= (5, 2):
        def test_decorator_of_an_async_view(self):
            """Q35"""
            @async_to_sync
            async def work():
                for who, notes in PEOPLE * 2:
                    headers = {"AUTHORIZATION": "Bearer " + token(who)} if who else {}
                    response = await AsyncClient().get("/akept/", **headers)
                    self.assertEqual(response.json()["notes"], notes)

            with override_settings(ROOT_URLCONF=(path("akept/", cache_page(60)(aplain)),)):
                work()
                self.assertEqual(self.runs(
                    lambda: self.own_rows("/akept/", [(None, [])])), 0)
