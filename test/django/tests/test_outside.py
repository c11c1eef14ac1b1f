"""Q35: what caches outside and clients are told, conditions, and values that are kept."""
import os
import re
import time
from unittest import mock

from asgiref.sync import async_to_sync, sync_to_async
from dbmi_authz_django import authz
from dbmi_authz_django.caching.conditional import mark_of
from dbmi_authz_django.caching.outside import end_of
from django.conf import settings
from django.core.cache import cache, caches
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpResponse, JsonResponse
from django.test import AsyncClient, override_settings
from django.urls import path
from django.utils.http import http_date, parse_http_date
from django.views.decorators.cache import cache_control, cache_page
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition, etag, last_modified

from . import TEST, mint, token
from .test_caches import (
    ANN, BOB, BOTH, CONDITIONAL, FETCH, Listing, OURS, PEOPLE, UPDATE, Pages, listing, titles,
)

HOUR = {"max_age": 3600}


def headers(**given):
    """A view that says so of what is somebody's."""
    def view(request):
        response = listing(request)
        for name, value in given.items():
            response[name.replace("_", "-")] = value
        return response
    return view


class Control(Pages):
    """Cache-Control and its like."""

    def control(self, view, who="ann"):
        with override_settings(ROOT_URLCONF=(path("view/", view),)):
            response = self.get("/view/", who)
            self.assertEqual(response.status_code, 200)
            return response, {part.strip().split("=")[0]: part.strip().partition("=")[2]
                              for part in response.get("Cache-Control", "").split(",")}

    def test_whatever_the_view_says(self):
        """Q35: nothing of it is for others."""
        for said in ("public", "public, max-age=10", "s-maxage=60", "max-age=5, s-maxage=60",
                     "PUBLIC,S-MaxAge=60", 'public, x="a, b"', "public, immutable",
                     "max-age=9, stale-while-revalidate=60, stale-if-error=60",
                     "max-age=9, proxy-revalidate", "private", "no-cache", "", " , ,"):
            with self.subTest(said=said):
                response, found = self.control(headers(Cache_Control=said))
                self.assertIn("private", found)
                for name in ("public", "s-maxage", "stale-while-revalidate", "stale-if-error",
                             "immutable", "proxy-revalidate"):
                    self.assertNotIn(name, response["Cache-Control"].lower())
        response, found = self.control(headers(Cache_Control="no-cache, x=\"a, b\", max-age=9"))
        self.assertEqual(response["Cache-Control"], 'no-cache, x="a, b", max-age=9, private')
        self.assertEqual(self.control(headers(Cache_Control="no-store"))[1], {"no-store": ""})

    def test_not_after_the_token(self):
        """Q35"""
        short = mint("ann", exp="+100")
        for view in (cache_control(**HOUR)(listing), headers(Cache_Control="max-age=1e9"),
                     headers(Cache_Control='max-age="3600"')):
            _, found = self.control(view, short)
            self.assertLessEqual(int(found["max-age"]), 100)
        _, found = self.control(cache_control(**HOUR)(listing), short)
        self.assertGreater(int(found["max-age"]), 80)
        self.assertEqual(self.control(cache_control(max_age=9)(listing), short)[1]["max-age"], "9")
        later = http_date(time.time() + 3600)
        response, _ = self.control(headers(Expires=later), short)
        self.assertLessEqual(parse_http_date(response["Expires"]), time.time() + 100)
        soon = http_date(time.time() + 9)
        self.assertEqual(self.control(headers(Expires=soon), short)[0]["Expires"], soon)

    def test_of_several(self):
        """Q35: the one that ends first, also where the token is found by hand."""
        def view(request):
            with authz.as_token(mint("bob", exp="+50")):
                titles()
            return listing(request)

        for who in ("ann", None):
            _, found = self.control(cache_control(**HOUR)(view), who)
            self.assertLessEqual(int(found["max-age"]), 50)
            self.assertIn("private", found)

    def test_kept_page(self):
        """Q35: what our own cache gives out again ends with the token too."""
        short = mint("ann", exp="+60")
        view = authz.cache_page_per_identity(60)(listing)
        with override_settings(ROOT_URLCONF=(path("view/", view),)):
            self.get("/view/", short)
            with mock.patch("dbmi_authz_django.caching.outside.time.time", lambda: time.monotonic() * 0
                            + end_of(short) - 7):
                again = self.get("/view/", short)
        self.assertIn("max-age=7", again["Cache-Control"])

    def test_guesses(self):
        """Q35: a cache may not guess how long by the date of the last change."""
        _, found = self.control(headers(Last_Modified=http_date(0)))
        self.assertEqual(found, {"private": "", "max-age": "0"})

    def test_headers_that_count_more(self):
        """Q35"""
        given = {"Surrogate_Control": "max-age=60", "CDN_Cache_Control": "max-age=60",
                 "Cloudflare_CDN_Cache_Control": "max-age=60", "X_Accel_Expires": "60",
                 "Vercel_CDN_Cache_Control": "max-age=60"}
        response, _ = self.control(headers(**given))
        for name in given:
            self.assertFalse(response.has_header(name.replace("_", "-")), name)
        response, _ = self.control(headers(**given), None)      # of nobody's
        self.assertTrue(response.has_header("CDN-Cache-Control"))

    def test_vary(self):
        """Q35: by header and cookie, whoever asks."""
        for who in ("ann", None):
            response, _ = self.control(headers(Vary="Accept"), who)
            self.assertEqual(response["Vary"], "Accept, Authorization, Cookie")

    def test_same_for_everybody(self):
        """Q35: says the view; Django's caches keep it too."""
        def hours(request):
            titles()
            return JsonResponse({"open": 9})

        async def ahours(request):
            await sync_to_async(titles)()
            return JsonResponse({"open": 9})

        for view in (hours, ahours):
            marked = authz.same_for_everybody(cache_control(public=True, max_age=99)(view)
                                              if view is hours else view)
            response, found = self.control(marked)
            self.assertNotIn("private", found)
            if view is hours:
                self.assertEqual(found, {"public": "", "max-age": "99"})
        calls = []

        def kept(request):
            calls.append(request)
            return hours(request)

        with override_settings(ROOT_URLCONF=(
                path("view/", cache_page(60)(authz.same_for_everybody(
                    cache_control(public=True)(kept)))),)):     # public: else Django 5.2.18 varies
            for who in ("ann", "bob", None):
                self.assertEqual(self.json("/view/", who), {"open": 9})
        self.assertEqual(len(calls), 1)

    def test_end_of_anything(self):
        """Q35: what is no token has no end that we know."""
        self.assertGreater(end_of(token("ann")), time.time())
        for odd in ("", "a", "a.b.c", "a.e30.c", "a.W10.c", "a.%s.c" % ("x" * 9999),
                    "a.eyJleHAiOiJ4In0.c", "\ud800.\ud800", "a.%s.c" % ("Wy" * 99999)):
            self.assertIsNone(end_of(odd), odd[:20])


# ---- conditions ----

def constant(request, *args):
    return '"1"'


def long_ago(request, *args):
    from datetime import datetime, timezone
    return datetime(2020, 1, 1, tzinfo=timezone.utc)


class Conditions(Pages):
    def setUpSettings(self):
        self.seen = []

        def changes(request):
            """PUT, if the client has the right one."""
            self.seen.append(request.META.get("HTTP_IF_MATCH"))
            return HttpResponse("changed")

        override = override_settings(ROOT_URLCONF=(
            path("etag/", etag(constant)(listing)),
            path("modified/", last_modified(long_ago)(listing)),
            path("both/", condition(constant, long_ago)(listing)),
            path("changes/", csrf_exempt(etag(constant)(changes))),
            path("plain/", listing),
            path("of-rows/", etag(lambda request: '"%s"' % "".join(titles()))(listing)),
            path("conditions/", lambda request: JsonResponse({
                name: request.META.get(name) for name in (
                    "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_MATCH")}))))
        override.enable()
        self.addCleanup(override.disable)

    def conditions_of(self, response):
        given = {}
        if response.has_header("ETag"):
            given["HTTP_IF_NONE_MATCH"] = response["ETag"]
        if response.has_header("Last-Modified"):
            given["HTTP_IF_MODIFIED_SINCE"] = response["Last-Modified"]
        return given

    ORDERS = [(OURS,), (OURS, CONDITIONAL), (CONDITIONAL, OURS), (UPDATE, OURS, FETCH, CONDITIONAL),
              (CONDITIONAL, UPDATE, FETCH, OURS), (OURS, BOTH), (BOTH, OURS, CONDITIONAL)]

    def test_copy_of_another(self):
        """Q35: gets no 304, whatever the view compares; one's own does."""
        people = ["ann", "bob", None]
        for order in self.ORDERS:
            for view in ("etag", "modified", "both", "of-rows"):
                cache.clear()
                with self.middleware(*order):
                    path_ = "/%s/" % view
                    given = {who: self.conditions_of(self.get(path_, who)) for who in people}
                    for whose in people:
                        self.assertTrue(given[whose])
                        for who in people:
                            with self.subTest(order=order, view=view, whose=whose, who=who):
                                response = self.get(path_, who, **given[whose])
                                if who is whose is None and {UPDATE, BOTH} & {*order}:
                                    # the page that Django keeps, of which it says no 304
                                    self.assertIn(response.status_code, (200, 304))
                                elif who == whose:
                                    self.assertEqual(response.status_code, 304)
                                else:
                                    self.assertEqual(response.status_code, 200)
                                    self.assertEqual(response.json()["notes"], {
                                        "ann": ANN, "bob": BOB, None: []}[who])

    def test_other_token(self):
        """Q35: of the same person: asked again; an expired one is refused."""
        given = self.conditions_of(self.get("/etag/", mint("ann", exp="+500")))
        self.assertEqual(self.get("/etag/", "ann", **given).status_code, 200)

    def test_date_alone(self):
        """Q35: could be of anybody's copy."""
        for path_ in ("/modified/", "/both/"):
            for date in (http_date(0), http_date(time.time())):
                self.assertEqual(self.get(path_, "ann", HTTP_IF_MODIFIED_SINCE=date).status_code,
                                 200)
        self.assertEqual(self.get("/modified/", HTTP_IF_MODIFIED_SINCE=http_date(
            time.time())).status_code, 304)

    def test_what_the_view_sees(self):
        """Q35: its own ETags; what is no condition of this client's is not there."""
        mine, other = mark_of(token("ann")), mark_of(token("bob"))

        def seen(who="ann", **given):
            found = self.json("/conditions/", who, **{
                "HTTP_" + name.upper(): value for name, value in given.items()})
            return [found[name] for name in ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE",
                                             "HTTP_IF_MATCH") if found[name] is not None]

        own, others = '"1.az-%s"' % mine, '"1.az-%s"' % other
        date = http_date(0)
        for given, expected in (
                ({"if_none_match": own}, ['"1"']),
                ({"if_none_match": "W/" + own}, ['W/"1"']),
                ({"if_none_match": others}, []),
                ({"if_none_match": '"1"'}, []),
                ({"if_none_match": 'nonsense'}, []),
                ({"if_none_match": '"a", %s, %s' % (others, own)}, ['"1"']),
                ({"if_none_match": "*"}, ["*"]),
                ({"if_none_match": own, "if_modified_since": date}, ['"1"', date]),
                ({"if_none_match": others, "if_modified_since": date}, []),
                ({"if_none_match": 'W/"date-x.az-%s"' % mine, "if_modified_since": date}, [date]),
                ({"if_match": own}, ['"1"']),
                ({"if_match": others}, [others]),
                ({"if_match": '"v1"'}, ['"v1"']),
                ({"if_match": "*"}, ["*"]),
                ({"if_match": "nonsense"}, ["nonsense"])):
            with self.subTest(given=given):
                self.assertEqual(seen(**given), expected)
        self.assertEqual(seen(None, if_none_match=own), [])
        self.assertEqual(seen(None, if_none_match='"1"'), ['"1"'])
        self.assertEqual(seen(None, if_none_match=own, if_modified_since=date), [])

    def test_changes(self):
        """Q35: If-Match, with what a client was given, of its own only."""
        own = self.get("/changes/", "ann")["ETag"]
        self.seen.clear()
        for who, given, status in (("ann", own, 200), ("bob", own, 412), ("ann", '"1"', 200),
                                   ("ann", '"2"', 412), (None, own, 412), ("ann", "*", 200)):
            response = self.client.put("/changes/", HTTP_IF_MATCH=given, **(
                {"HTTP_AUTHORIZATION": "Bearer " + token(who)} if who else {}))
            self.assertEqual(response.status_code, status, (who, given))
        self.assertEqual(self.seen, ['"1"', '"1"', "*"])

    def test_async(self):
        """Q35"""
        @async_to_sync
        async def work():
            def header(who):
                return {"AUTHORIZATION": "Bearer " + token(who)}
            response = await AsyncClient().get("/etag/", **header("ann"))
            tag = {"IF_NONE_MATCH": response["ETag"]}
            for who, status in (("ann", 304), ("bob", 200)):
                response = await AsyncClient().get("/etag/", **tag, **header(who))
                self.assertEqual(response.status_code, status)
        work()

    def test_without_a_token(self):
        """Q35: nothing is marked."""
        self.assertEqual(self.get("/etag/")["ETag"], '"1"')
        self.assertEqual(self.get("/etag/", HTTP_IF_NONE_MATCH='"1"').status_code, 304)
        self.assertNotIn("ETag", self.get("/modified/"))


# ---- values ----

class Values(Pages):
    """authz.cache_key() and authz.get_or_set()"""

    def test_to_each_its_own(self):
        """Q35"""
        made = []

        def view(request):
            def compute():
                made.append(1)
                return titles()
            return JsonResponse({"notes": authz.get_or_set("notes", compute, 60)})

        with override_settings(ROOT_URLCONF=(path("view/", view),)):
            self.own_rows("/view/", PEOPLE * 2)
        self.assertEqual(len(made), 3)

    def test_arguments(self):
        """Q35: parts, version, cache, values that are no functions, None."""
        def value(name="x", given=None, **more):
            return authz.get_or_set(name, given, **more)

        with authz.as_token(token("ann")):
            self.assertEqual(value(given=1), 1)
            self.assertEqual(value(given=2), 1)
            self.assertEqual(value(given=3, parts=[2026]), 3)
            self.assertEqual(value(given=4, parts=["2026"]), 4)
            self.assertEqual(value(given=5, version=2), 5)
            self.assertEqual(value("y", lambda: None), None)
            self.assertEqual(value("y", lambda: self.fail()), None)
            self.assertEqual(value("z", 6, timeout=0), 6)
            self.assertEqual(value("z", 7, timeout=None), 7)
            self.assertEqual(value("z", 8), 7)
            self.assertRegex(authz.cache_key("report", 1), "^report:[0-9a-f]{64}$")
            self.assertNotEqual(authz.cache_key("r", 1, 2), authz.cache_key("r", (1, 2)))
            self.assertNotEqual(authz.cache_key("r", "1'"), authz.cache_key("r", "1"))
            mine = authz.cache_key("r")
        with authz.as_token(token("bob")):
            self.assertNotEqual(authz.cache_key("r"), mine)

    def test_end(self):
        """Q35: of the token, or the given time, whichever comes first."""
        with mock.patch.object(LocMemCache, "set") as kept:
            for exp, timeout, expected in (("+100", 3600, (90, 100)), ("+100", None, (90, 100)),
                                           ("+3600", 50, (50, 50))):
                with authz.as_token(mint("ann", exp=exp)):
                    authz.get_or_set("x", 1, timeout)
                left = kept.call_args[0][2]
                self.assertTrue(expected[0] <= left <= expected[1], left)
            with authz.as_token(mint("ann", exp="+100")):
                authz.get_or_set("x", 1)
            self.assertLessEqual(kept.call_args[0][2], 100)
        for bad in ("a.b.c", mint("ann", exp="-10")):
            with authz.as_token(bad), self.assertRaises(authz.Unauthorized):
                authz.get_or_set("x", lambda: self.fail())

    def test_asked_as_another(self):
        """Q35: then it is not this one's."""
        def view(request):
            def compute():
                with authz.as_token(request.META.get("HTTP_X_TOKEN")):
                    return titles()
            return JsonResponse({"notes": authz.get_or_set("notes", compute, 60)})

        with override_settings(ROOT_URLCONF=(path("view/", view),)):
            for who, notes in (("ann", ANN), ("bob", BOB)):
                self.assertEqual(self.json("/view/", "cleo", HTTP_X_TOKEN=token(who))["notes"],
                                 notes)


class Broken:
    """A cache of which nobody answers: as memcached's and Redis' clients have it."""

    def __init__(self, *args):
        self.default_timeout = 300
        self.key_prefix = ""

    def get(self, key, default=None, version=None):
        return default

    def set(self, *args, **kwargs):
        return False

    add = set

    def close(self, **kwargs):
        pass


class Raises(Broken):
    def get(self, *args, **kwargs):
        raise ConnectionError("no cache")

    set = add = get


class Down(Pages):
    """A cache that is down."""

    VIEWS = {"page": cache_page(60)(listing), "own": authz.cache_page_per_identity(60)(listing),
             "value": lambda request: JsonResponse({
                 "notes": authz.get_or_set("x", titles, 60)}),
             "plain": listing}

    def setUpSettings(self):
        override = override_settings(ROOT_URLCONF=tuple(
            path(name + "/", view) for name, view in self.VIEWS.items()))
        override.enable()
        self.addCleanup(override.disable)

    def broken(self, kind):
        backend = kind()
        return mock.patch.object(type(caches), "__getitem__", lambda self, alias: backend)

    def test_silent(self):
        """Q35: everything is worked out anew, for each their own."""
        with self.broken(Broken):
            for order in ((OURS,), (UPDATE, OURS, FETCH), (OURS, BOTH), (BOTH, OURS)):
                with self.middleware(*order):
                    for name in self.VIEWS:
                        self.own_rows("/%s/" % name)

    def test_raises(self):
        """Q35: where Django's own raise, and nowhere else."""
        without = [m for m in settings.MIDDLEWARE if m != OURS]
        with self.broken(Raises):
            for order in ([], [UPDATE, FETCH]):
                for name in ("page", "plain"):
                    with self.middleware(*order, *without):
                        django = self.get("/%s/" % name).status_code
                    with self.middleware(*order, OURS, *without):
                        for who in ("ann", None):
                            self.assertEqual(self.get("/%s/" % name, who).status_code, django)


class Sessions(Pages):
    """Django's, wherever they are kept, know nothing of a token's rows by themselves."""

    def test_every_engine(self):
        """Q35: one browser, one session, several people."""
        def view(request):
            seen = request.session.get("seen", 0)
            request.session["seen"] = seen + 1
            return JsonResponse({"notes": titles(), "seen": seen})

        for engine in ("cache", "cached_db", "db", "signed_cookies"):
            with self.subTest(engine=engine), override_settings(
                    SESSION_ENGINE="django.contrib.sessions.backends." + engine,
                    ROOT_URLCONF=(path("view/", view),)), \
                    self.middleware(BOTH, *settings.MIDDLEWARE):
                for n, (who, notes) in enumerate(PEOPLE):
                    self.assertEqual(self.json("/view/", who), {"notes": notes, "seen": n})


class Page(Pages):
    """doc/django/caches.md: its examples run."""

    def test_examples(self):
        """Q35"""
        with open(os.path.join(TEST, "..", "doc", "django", "caches.md"), encoding="utf-8") as f:
            blocks = re.findall(r"^```python\n(.*?)^```", f.read(), re.S | re.M)
        names = {"OtherView": Listing, "compute": lambda year: titles() + [year]}
        exec("\n".join(blocks), names)
        with override_settings(ROOT_URLCONF=(path("x/", lambda request: HttpResponse(
                repr(names["statistics"](request, 2026)))),)):
            for who, notes in PEOPLE * 2:
                self.assertEqual(self.get("/x/", who).content.decode(), repr([*notes, 2026]))
        self.assertEqual(len(names["urlpatterns"]), 2)
