"""Q36: an identity ends with its request on every road on which Django lets a
response vanish.  Beside Django's queries there are those that do not pass by
us: COPY by Django's cursor, and statements by the driver's own."""
import asyncio
import contextvars
import gc
import io
import threading
from contextlib import suppress
from unittest import mock

import django
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from clinic.models import Note
from dbmi_authz_django import authz
from dbmi_authz_django.caching.conditional import mark_of
from dbmi_authz_django.connection.handover import Handover
from dbmi_authz_django.middleware import TokenMiddleware
from django.core.asgi import get_asgi_application
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection, connections, transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from . import atomic_requests, left_behind, token
from .base import Case

OURS = "dbmi_authz_django.middleware.TokenMiddleware"
CONDITIONAL = "django.middleware.http.ConditionalGetMiddleware"
PSYCOPG3 = hasattr(connection.Database, "pq")


def copy_of(who):
    """The ETag of a response that somebody has, of streams()."""
    return '"1.az-%s"' % mark_of(token(who))


def count():
    return Note.objects.count()


def copied(alias="default"):
    """Titles by COPY, by a cursor of Django's."""
    sql = "COPY (SELECT title FROM clinic_note ORDER BY title) TO STDOUT"
    with connections[alias].cursor() as cursor:
        if PSYCOPG3:
            with cursor.copy(sql) as copy:
                return b"".join(copy).decode().split("\n")[:-1]
        found = io.StringIO()
        cursor.copy_expert(sql, found)
        return found.getvalue().split("\n")[:-1]


def raw_titles(alias="default"):
    """By a cursor of the driver's."""
    connections[alias].ensure_connection()
    with connections[alias].connection.cursor() as cursor:
        cursor.execute("SELECT title FROM clinic_note ORDER BY title")
        return [title for title, in cursor.fetchall()]


# ---- views ----

def parts(alias="default"):
    for note in Note.objects.using(alias).order_by("title"):
        yield note.title + "\n"
        Note.objects.using(alias).count()


def streams(request):
    """Asks before the stream too, so that there is an identity without a part read."""
    count()
    response = StreamingHttpResponse(parts(request.GET.get("alias", "default")))
    response["ETag"] = '"1"'
    return response


def streams_in_transaction(request):
    count()

    def within():
        with transaction.atomic():
            yield from parts()
            yield from parts()
    return StreamingHttpResponse(within())


def streams_other(request):
    """An iterator that cannot be closed, of a class."""
    count()
    return StreamingHttpResponse(map(str, parts()))


def streams_as_another(request):
    count()

    def within():
        with authz.as_token(token("bob")):
            yield from parts()
            yield from parts()
    return StreamingHttpResponse(within())


def breaks_off(request):
    def broken():
        yield from parts()
        raise RuntimeError("of its own")
    return StreamingHttpResponse(broken())


async def astreams(request):
    await sync_to_async(count)()

    async def aparts():
        for part in await sync_to_async(lambda: list(parts()))():
            yield part
    return StreamingHttpResponse(aparts())


def copies(request):
    return HttpResponse(",".join(copied() + raw_titles()))


def closes_early(request):
    connection.close()
    return streams(request)


urlpatterns = [path(view.__name__ + "/", view) for view in (
    streams, streams_in_transaction, streams_other, streams_as_another, breaks_off, astreams, copies, closes_early)]


# ---- middleware that loses the response of others ----

def replaces(get_response):
    def middleware(request):
        get_response(request)
        return HttpResponse("another")
    return middleware


def fails(get_response):
    def middleware(request):
        get_response(request)
        raise RuntimeError("of the middleware")
    return middleware


def reads_a_part(get_response):
    def middleware(request):
        response = get_response(request)
        if response.streaming:
            next(iter(response))
        return HttpResponse("a part was enough")
    return middleware


class Keeps:
    """A middleware that does not let go of what it replaces."""
    kept = []

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        self.kept.append(self.get_response(request))
        return HttpResponse("another")


def other_request(get_response):
    """What is closed in the end is not the request that we have seen."""
    def middleware(request):
        inner = RequestFactory().get(request.get_full_path(), **{
            name: value for name, value in request.META.items() if name.startswith("HTTP_")})
        get_response(inner)
        return HttpResponse("another")
    return middleware


def passes_on(get_response):
    """A response of its own, with the content of the other."""
    def middleware(request):
        response = get_response(request)
        if not response.streaming:
            return response
        return StreamingHttpResponse(part.upper() for part in response.streaming_content)
    return middleware


LOSE = [CONDITIONAL, *("%s.%s" % (__name__, function.__name__) for function in (
    replaces, fails, reads_a_part, Keeps, other_request))]
STREAMS = ["streams", "streams_in_transaction", "streams_other", "streams_as_another"]


class Vanishing(Case):
    def run(self, result=None):
        """In a context of its own: as_token() in a stream that is dropped leaves it
        with a login, which is over."""
        return contextvars.copy_context().run(super().run, result)

    def setUp(self):
        super().setUp()
        override = override_settings(ROOT_URLCONF=__name__)
        override.enable()
        self.addCleanup(override.disable)
        self.addCleanup(Keeps.kept.clear)
        connection.ensure_connection()

    def middleware(self, *paths):
        self.client = Client(raise_request_exception=False)
        return override_settings(MIDDLEWARE=paths)

    def nobody(self):
        self.assertIsNone(left_behind())
        self.assertEqual(raw_titles(), [])
        self.assertEqual(copied(), [])


class Middleware(Vanishing):
    """By a middleware around ours."""

    def test_response_replaced(self):
        """Q36"""
        for lose in LOSE:
            for view in STREAMS:
                for atomic in (False, True):
                    with self.subTest(lose=lose, view=view, atomic=atomic), \
                            self.middleware(lose, OURS), atomic_requests(atomic):
                        response = self.get("/%s/" % view, "ann", HTTP_IF_NONE_MATCH=copy_of("ann"))
                        if not response.streaming:
                            self.nobody()
                        response.close()
                        self.nobody()

    def test_next_request(self):
        """Q36: its COPY and its raw statement find nobody, whoever it is."""
        for view in STREAMS:
            with self.middleware(CONDITIONAL, OURS):
                for who in (None, "bob"):
                    self.get("/%s/" % view, "ann", HTTP_IF_NONE_MATCH=copy_of("ann")).close()
                    self.assertEqual(self.get("/copies/", who).content, b"")

    def test_login_is_over(self):
        """Q36: what keeps the stream, or a context of the request, is nobody too."""
        with self.middleware(__name__ + ".Keeps", OURS):
            self.get("/streams/", "ann")
            [response] = Keeps.kept
            self.assertEqual(b"".join(response), b"")
            self.nobody()

    def test_context_of_the_request(self):
        """Q36"""
        contexts = []

        def view(request):
            contexts.append(contextvars.copy_context())
            return streams(request)

        for lose in LOSE[1:-1]:
            contexts.clear()
            with self.subTest(lose=lose), self.middleware(lose, OURS), override_settings(
                    ROOT_URLCONF=(path("view/", view),)):
                self.get("/view/", "ann")
                self.assertEqual(contexts[0].run(count), 0)
                self.assertEqual(contexts[0].run(copied), [])

    def test_content_passed_on(self):
        """Q36: which is no reason to end too early."""
        for order in ((__name__ + ".passes_on", OURS), (OURS, __name__ + ".passes_on")):
            with self.subTest(order=order), self.middleware(*order):
                response = self.get("/streams/", "ann")
                self.assertEqual(b"".join(response.streaming_content), b"ANN 1\nANN 2\n")
                self.nobody()

    def test_exception_that_nothing_catches(self):
        """Q36: then nobody closes anything."""
        with self.middleware(__name__ + ".fails", OURS), \
                override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True):
            for view in STREAMS:
                with self.assertRaises(RuntimeError):
                    Client().get("/%s/" % view, HTTP_AUTHORIZATION="Bearer " + token("ann"))
                gc.collect()
                self.assertEqual(copied(), [])
        with self.middleware(OURS):
            self.assertEqual(self.wsgi("/copies/"), b"")

    def wsgi(self, path):
        """A server that does as little as it may."""
        environ = RequestFactory()._base_environ(PATH_INFO=path)
        return b"".join(get_wsgi_application()(environ, lambda *args: None))


class Streams(Vanishing):
    """By whoever reads it, or does not."""

    def test_exhausted(self):
        """Q36: and never closed."""
        for view in STREAMS:
            with self.subTest(view=view):
                response = self.bare(view)
                self.assertIn(b" 1", b"".join(response))
                self.nobody()

    def bare(self, view, who="ann"):
        """Without a handler, which would close it."""
        request = RequestFactory().get("/", HTTP_AUTHORIZATION="Bearer " + token(who))
        return TokenMiddleware(globals()[view])(request)

    def test_content_that_raises(self):
        """Q36"""
        response = self.bare("breaks_off")
        with self.assertRaises(RuntimeError):
            b"".join(response)
        self.nobody()

    def test_dropped(self):
        """Q36: the next cursor of Django's finds nobody, whatever happened."""
        for view in STREAMS:
            for read in (0, 1):
                with self.subTest(view=view, read=read):
                    response = self.bare(view)
                    content = iter(response)
                    if read:
                        next(content)
                    del response, content
                    gc.collect()
                    self.assertEqual(copied(), [])
                    self.nobody()

    def test_dropped_and_used_by_a_request(self):
        """Q36: by what does not pass by us, before any query that does."""
        def view(request):
            return HttpResponse(",".join(raw_titles()))

        with override_settings(ROOT_URLCONF=(path("raw/", view),)):
            for name in STREAMS:
                for read in (0, 1):
                    response = self.bare(name)
                    content = iter(response)
                    if read:
                        next(content)
                    for who in (None, "bob"):
                        self.assertEqual(self.get("/raw/", who).content, b"")
                    del response, content

    def test_other_request_in_between(self):
        """Q36: it finds nobody, and the stream goes on as before."""
        for view in ("streams", "streams_other"):
            response = self.get("/%s/" % view, "ann")
            content = response.streaming_content
            first = next(content)
            for who in (None, "bob"):
                self.assertEqual(self.get("/copies/", who).content, b"")
            self.assertIn(b"Ann 2", first + b"".join(content))
            self.nobody()

    def test_before_the_middleware(self):
        """Q36: what a request asks before it comes to us."""
        seen = []

        def first(get_response):
            def middleware(request):
                seen.append(copied() + raw_titles())
                return get_response(request)
            return middleware

        globals()["first"] = first
        with self.middleware(__name__ + ".first", OURS):
            response = self.get("/streams/", "ann")
            next(response.streaming_content)
            self.get("/copies/", "bob")
            response.close()
        self.assertEqual(seen, [[], []])

    def test_connection_closed_in_between(self):
        """Q36"""
        for view in ("closes_early",):
            response = self.get("/%s/" % view, "ann")
            next(response.streaming_content)
            connection.close()
            self.get("/copies/")
            self.assertIn(b"Ann 2", b"".join(response.streaming_content))
            self.nobody()

    def test_collected_in_the_middle_of_anything(self):
        """Q36: which then says nothing to the server, and waits for no lock."""
        response = self.bare("streams")
        [handover] = [w for w in connection.execute_wrappers if isinstance(w, Handover)]
        with handover.lock:
            del response
            gc.collect()
        self.assertEqual(copied(), [])

    def test_server_keeps_its_thread(self):
        """Q36: one thread of a server, one connection, requests one after another."""
        found = []

        def work():
            try:
                client = Client(raise_request_exception=False)
                for _ in range(3):
                    self.get("/streams/", "ann", client, HTTP_IF_NONE_MATCH=copy_of("ann"))
                    found.append(self.get("/copies/", "bob", client).content)
            finally:
                connection.close()

        with self.middleware(CONDITIONAL, OURS):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        self.assertEqual(found, [b""] * 3)

    def test_threads_of_the_request(self):
        """Q36: their connections lose the identity with it."""
        connected, over = threading.Event(), threading.Event()
        found = []

        def work():
            try:
                found.append(count())
                connected.set()
                over.wait(10)
                found.append(left_behind())
            finally:
                connection.close()

        def view(request):
            thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
            thread.start()
            connected.wait(10)
            found.append(thread)
            return streams(request)

        with self.middleware(__name__ + ".replaces", OURS), override_settings(
                ROOT_URLCONF=(path("view/", view),)):
            self.get("/view/", "ann")
            over.set()
            found.pop(1).join()
        self.assertEqual(found, [2, None])

    def test_two_aliases(self):
        """Q36"""
        with override_settings(DBMI_AUTHZ={"DATABASES": ["default", "owner"]}):
            connections["owner"].close()
            for lose in LOSE:
                with self.middleware(lose, OURS):
                    self.get("/streams/?alias=owner", "ann", HTTP_IF_NONE_MATCH=copy_of("ann")).close()
                    self.assertIsNone(left_behind("owner"))
                    self.nobody()
            connections["owner"].close()
            del connections["owner"]


class Requests(Vanishing):
    """The beginning and the end of a request, as Django tells them."""

    def test_whatever_is_left(self):
        """Q36: goes when a request begins or ends."""
        for signal in (request_started, request_finished):
            for atomic in (False, True):
                with self.subTest(atomic=atomic), authz.as_token(token("ann")):
                    with transaction.atomic() if atomic else suppress():
                        self.assertEqual(count(), 2)
                        self.assertEqual(len(raw_titles()), 2)
                        self.send(signal)
                        self.assertEqual(raw_titles(), [])
                        self.assertIsNone(left_behind())
                        self.assertEqual(count(), 2)

    def send(self, signal):
        """As the test client does, without the end of connections."""
        signal.disconnect(close_old_connections)
        try:
            signal.send(sender=None)
        finally:
            signal.connect(close_old_connections)

    def test_in_doubt(self):
        """Q36: who was put aside in a transaction comes back with its rollback."""
        def view(request):
            count()
            try:
                with transaction.atomic(), authz.as_token(None):
                    count()
                    raise KeyError
            except KeyError:
                return HttpResponse("ok")

        def refused(request):
            count()
            try:
                with transaction.atomic():
                    with authz.as_token("a.b.c"):
                        count()
            except authz.Unauthorized:
                return HttpResponse("ok")

        with override_settings(ROOT_URLCONF=(path("view/", view), path("refused/", refused))):
            for path_ in ("/view/", "/refused/"):
                self.assertEqual(self.get(path_, "ann").content, b"ok")
                self.nobody()

    def test_broken_connection(self):
        """Q36: a request begins all the same."""
        response = self.get("/streams/", "ann")
        next(response.streaming_content)
        with connections["root"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)",
                           [connection.connection.info.backend_pid])
        self.assertEqual(self.get("/nowhere/").status_code, 404)
        connection.close()
        response.close()

    def test_nothing_to_do_costs_nothing(self):
        """Q36: no statement more, but where something was left."""
        def sent(work):
            calls = []
            run = Handover.run
            with mock.patch.object(Handover, "run", lambda handover, send, what, *args: (
                    calls.append(what.partition("(")[0]), run(handover, send, what, *args))[1]):
                work()
            return calls

        for _ in range(2):
            self.get("/copies/")
            self.assertEqual(sent(lambda: self.get("/copies/", "ann")), [])
            self.assertEqual(sent(lambda: b"".join(self.get("/streams/", "ann"))), [
                "set_token", "SELECT authz.clear_token"])

    def test_nested_request(self):
        """Q36: a request within one leaves the outer one what it is."""
        def view(request):
            seen = [count()]
            seen.append(Client().get("/copies/").content)
            seen.append(Client().get("/copies/", HTTP_AUTHORIZATION="Bearer " + token("bob"))
                        .content)
            seen.append(count())
            return HttpResponse(repr(seen))

        with override_settings(ROOT_URLCONF=(path("view/", view), path("copies/", copies))):
            self.assertEqual(self.get("/view/", "ann").content.decode(),
                             repr([2, b"", b"", 2]))
            self.nobody()


class Async(Vanishing):
    def ask(self, path_, who, read=None):
        """By ASGI; the client goes away after so many messages."""
        @async_to_sync
        async def work():
            headers = [(b"authorization", b"Bearer " + token(who).encode())] if who else []
            headers.append((b"if-none-match", copy_of("ann").encode()))
            communicator = ApplicationCommunicator(self.application(), {
                "type": "http", "http_version": "1.1", "method": "GET", "path": path_,
                "query_string": b"", "asgi": {"version": "3.0"}, "headers": headers})
            await communicator.send_input({"type": "http.request", "body": b""})
            if read is None:
                message = await communicator.receive_output(5)
                while message["type"] == "http.response.start" or message.get("more_body"):
                    message = await communicator.receive_output(5)
            else:
                for _ in range(read):
                    await communicator.receive_output(5)
                await communicator.send_input({"type": "http.disconnect"})
            await communicator.wait(5)
            return await sync_to_async(lambda: (left_behind(), raw_titles(), copied()))()
        self.assertEqual(work(), (None, [], []))

    def application(self):
        """That shares the thread and the connection with what looks afterwards."""
        from asgiref.sync import ThreadSensitiveContext

        class Here:
            async def __aenter__(self):
                return self

            async def __aexit__(self, *args):
                pass

        application = get_asgi_application()
        if "ThreadSensitiveContext" not in type(application).__call__.__code__.co_names:
            return application

        async def shared(scope, receive, send):
            with mock.patch("django.core.handlers.asgi.ThreadSensitiveContext", Here):
                await application(scope, receive, send)
        assert ThreadSensitiveContext
        return shared

    def test_response_replaced(self):
        """Q36"""
        for lose in LOSE:
            for view in ("streams", "streams_other"):
                if lose == CONDITIONAL and view != "streams":
                    continue
                with self.subTest(lose=lose, view=view), self.middleware(lose, OURS):
                    self.ask("/%s/" % view, "ann")
                    self.ask("/copies/", None)

    if django.VERSION >= (4, 2):
        def test_async_content(self):
            """Q36"""
            with self.middleware(OURS):
                self.ask("/astreams/", "ann")
            for lose in LOSE[1:]:
                if lose.endswith("reads_a_part"):
                    continue
                with self.subTest(lose=lose), self.middleware(lose, OURS):
                    self.ask("/astreams/", "ann")

        def test_client_goes_away(self):
            """Q36: after the headers, after a part."""
            with self.middleware(OURS):
                for view in ("astreams", "streams"):
                    for read in (0, 1, 2):
                        with self.subTest(view=view, read=read):
                            self.ask("/%s/" % view, "ann", read)

    def test_cancelled(self):
        """Q36: while the identity is taken off."""
        async def view(request):
            await sync_to_async(count)()
            return HttpResponse("ok")

        @async_to_sync
        async def work():
            request = RequestFactory().get("/", HTTP_AUTHORIZATION="Bearer " + token("ann"))
            task = asyncio.ensure_future(TokenMiddleware(view)(request))
            while not request.__dict__.get("authz_login") or \
                    not request.authz_login.connections:
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            self.assertEqual(await sync_to_async(copied)(), [])
            self.assertIsNone(await sync_to_async(left_behind)())
        work()


class Roads(Vanishing):
    """More of those on which Django, a server or a project loses a response."""

    def serve(self, view, who="ann", urls="view/", method="get", **headers):
        with override_settings(ROOT_URLCONF=(path(urls, view),)):
            if who:
                headers["HTTP_AUTHORIZATION"] = "Bearer " + token(who)
            return getattr(self.client, method)("/view/", **headers)

    def next_one(self):
        """Finds nobody, whoever it is, by what does not pass by us; also what comes after."""
        for who in (None, "bob"):
            self.assertEqual(self.serve(copies, who).content, b"")
        self.nobody()

    def test_not_modified(self):
        """Q36: the stream is dropped for a 304, by middleware outside and inside."""
        for order in ((CONDITIONAL, OURS), (OURS, CONDITIONAL)):
            with self.middleware(*order):
                response = self.serve(streams, HTTP_IF_NONE_MATCH=copy_of("ann"))
                self.assertEqual(response.status_code, 304)
                self.nobody()
                self.next_one()

    def test_head(self):
        """Q36: whose content nobody reads."""
        for view in (streams, streams_other, streams_in_transaction):
            response = self.serve(view, method="head")
            self.assertEqual(response.content if not response.streaming
                             else b"".join(response), b"")
            response.close()
            self.next_one()

    def test_files(self):
        """Q36: a file, and what looks like one and asks the database: nobody, and no error."""
        from django.http import FileResponse

        class Rows(io.RawIOBase):
            def __init__(self):
                self.left = 1

            def readable(self):
                return True

            def read(self, size=-1):
                self.left -= 1
                return b"".join(part.encode() for part in parts()) if not self.left else b""

        def of_rows(request):
            count()
            return FileResponse(Rows())

        def of_disk(request):
            count()
            return FileResponse(open(__file__, "rb"))

        for view, expected in ((of_disk, None), (of_rows, b"")):
            for read in (True, False):
                response = self.serve(view)
                if read:
                    content = b"".join(response.streaming_content)
                    if expected is not None:
                        self.assertEqual(content, expected)
                else:
                    self.nobody()
                response.close()
                self.next_one()

    def test_template_responses(self):
        """Q36: that fail where they are rendered, or in what a middleware does to them."""
        from django.template.response import TemplateResponse

        class Fails(TemplateResponse):
            @property
            def rendered_content(self):
                count()
                raise RuntimeError("while rendering")

        class Later(TemplateResponse):
            @property
            def rendered_content(self):
                return str(count())

        def fails(request):
            return Fails(request, "nothing")

        def callback(request):
            response = Later(request, "nothing")
            response.add_post_render_callback(lambda response: 1 / 0)
            return response

        class Spoils:
            def __init__(self, get_response):
                self.get_response = get_response

            def __call__(self, request):
                return self.get_response(request)

            def process_template_response(self, request, response):
                count()
                raise RuntimeError("of the middleware")

        globals()["Spoils"] = Spoils
        for order in ((OURS,), (OURS, __name__ + ".Spoils"), (__name__ + ".Spoils", OURS)):
            for view in (fails, callback):
                with self.middleware(*order):
                    self.assertEqual(self.serve(view).status_code, 500)
                    self.next_one()

    def test_exceptions_that_middleware_swallows(self):
        """Q36: around the view, and around ours."""
        def swallows(get_response):
            def middleware(request):
                try:
                    return get_response(request)
                except Exception:
                    return HttpResponse("swallowed")

            middleware.process_exception = lambda request, error: HttpResponse(str(count()))
            return middleware

        class Odd(BaseException):
            pass

        def fails(request):
            count()
            raise RuntimeError

        def odd(request):
            count()
            raise Odd

        globals()["swallows"] = swallows
        for order in ((OURS, __name__ + ".swallows"), (__name__ + ".swallows", OURS)):
            with self.middleware(*order):
                self.assertEqual(self.serve(fails).status_code, 200)
                self.nobody()
                self.next_one()
        with self.middleware(OURS):
            for atomic in (False, True):
                with atomic_requests(atomic), self.assertRaises(Odd):
                    self.serve(odd)
                self.nobody()
                self.next_one()

    def test_server_that_dies(self):
        """Q36: in the middle of a stream; it closes nothing, and its thread serves others."""
        application = get_wsgi_application()

        def environ(view, who):
            return RequestFactory()._base_environ(PATH_INFO="/%s/" % view, **(
                {"HTTP_AUTHORIZATION": "Bearer " + token(who)} if who else {}))

        for view in STREAMS:
            for read in (0, 1):
                with self.middleware(OURS):
                    content = iter(application(environ(view, "ann"), lambda *args: None))
                    if read:
                        next(content)
                    del content
                    for who in (None, "bob"):
                        found = b"".join(application(environ("copies", who), lambda *args: None))
                        self.assertEqual(found, b"", (view, read, who))
                    self.nobody()

    def test_threads_that_stay(self):
        """Q36: with the context of a request that is over, with and without a connection
        of their own from then, a thread is nobody; a plain one never was somebody."""
        go, found = threading.Event(), []

        def work(early):
            try:
                if early:
                    found.append(count())
                ready.release()
                go.wait(10)
                found.append((count(), copied(), raw_titles()))
            finally:
                connection.close()

        def view(request):
            for with_context in (True, False):
                for early in (True, False):
                    run = contextvars.copy_context() if with_context else contextvars.Context()
                    threads.append(threading.Thread(target=run.run, args=(work, early)))
                    threads[-1].start()
                    ready.acquire(timeout=10)
            return HttpResponse(str(count()))

        ready, threads = threading.Semaphore(0), []
        self.assertEqual(self.serve(view).content, b"2")
        self.assertEqual(sorted(found), [0, 2])
        go.set()
        for thread in threads:
            thread.join()
        self.assertEqual(found[2:], [(0, [], [])] * 4)

    def test_connections_that_close(self):
        """Q36: within the request, also those that Django thinks too old."""
        def closes(request):
            count()
            close_old_connections()
            before = count()
            with mock.patch.object(connection, "close_at", 0):
                close_old_connections()
            return HttpResponse("%d %d" % (before, count()))

        def manual(request):
            transaction.set_autocommit(False)
            try:
                return HttpResponse("%d %d" % (count(), count()))
            finally:
                transaction.rollback()
                transaction.set_autocommit(True)

        for view in (closes, manual):
            self.assertEqual(self.serve(view).content, b"2 2")
            self.nobody()
            self.next_one()

    def test_handlers_within_handlers(self):
        """Q36: however they end."""
        from django.core.handlers.base import BaseHandler

        def inner(request):
            count()
            if "fails" in request.GET:
                raise KeyError
            return streams(request)

        def outer(request):
            handler = BaseHandler()
            handler.load_middleware()
            seen = []
            for who in ("bob", None):
                for query in ({}, {"fails": ""}):
                    asked = RequestFactory().get("/inner/", query, **(
                        {"HTTP_AUTHORIZATION": "Bearer " + token(who)} if who else {}))
                    handler.get_response(asked)     # and nothing closes it
                    seen.append((count(), len(copied())))
            return HttpResponse(repr(seen))

        with override_settings(ROOT_URLCONF=(path("outer/", outer), path("inner/", inner))), \
                self.middleware(OURS):
            content = self.get("/outer/", "ann").content.decode()
        self.assertEqual(content, repr([(2, 2)] * 4))
        self.nobody()
        self.next_one()

    def test_commands(self):
        """Q36: one that a view calls is the view's; one that fails leaves nobody."""
        from django.core.management import call_command
        from django.core.management.base import BaseCommand

        class Command(BaseCommand):
            requires_system_checks = []
            stealth_options = ("who",)

            def handle(self, *args, who=None, **options):
                with authz.as_token(who) if who else suppress():
                    found = count()
                    if who:
                        raise KeyError
                    return str(found)

        def view(request):
            with suppress(KeyError):
                call_command(Command(), who=token("bob"))
            return HttpResponse(call_command(Command(stdout=io.StringIO())))

        self.assertEqual(self.serve(view).content, b"2")
        self.nobody()
        with self.assertRaises(KeyError):
            call_command(Command(), who=token("ann"))
        self.nobody()
        self.next_one()

    def test_on_commit(self):
        """Q36: what waits for the commit is the request's, and leaves nobody if it fails."""
        seen = []

        def view(request):
            with transaction.atomic():
                count()
                transaction.on_commit(lambda: seen.append((count(), 1 / ("x" not in request.GET))))
            return HttpResponse("ok")

        for atomic in (False, True):
            with atomic_requests(atomic):
                self.assertEqual(self.serve(view).status_code, 200)
                with override_settings(ROOT_URLCONF=(path("view/", view),)):
                    self.assertEqual(self.get("/view/?x", "ann").status_code, 500)
            self.nobody()
            self.next_one()
        self.assertEqual(seen, [(2, 1.0)] * 2)

    def test_signals_behind_the_request(self):
        """Q36: what others ask when it is finished is nobody's."""
        seen = []

        def receiver(**kwargs):
            seen.append((count(), copied(), raw_titles()))

        request_finished.connect(receiver)
        try:
            for view in (streams, copies):
                response = self.serve(view)
                if response.streaming:
                    next(response.streaming_content)
                response.close()
        finally:
            request_finished.disconnect(receiver)
        # of the test client, which is finished twice
        self.assertGreater(len(seen), 1)
        self.assertEqual({repr(s) for s in seen}, {repr((0, [], []))})

    def test_nothing_tells_the_end(self):
        """Q36: no signal, no close(): the next request's beginning is enough."""
        with mock.patch.object(request_finished, "send"), \
                mock.patch("django.test.client.request_finished.send"):
            for view in (streams, streams_other):
                response = self.serve(view)
                next(iter(response))
                held = response
                self.assertEqual(self.serve(copies, "bob").content, b"")
                del response, held
                self.next_one()
