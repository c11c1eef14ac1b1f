"""How the token reaches the database: what is sent, and when."""
import asyncio
import threading
from unittest import mock

import django
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from clinic.models import Note
from dbmi_authz_django import authz
from django.core.asgi import get_asgi_application
from django.db import connection, connections, transaction
from django.db.backends.signals import connection_created
from django.db.utils import DatabaseError
from django.test import AsyncClient, Client

from . import atomic_requests, forged, left_behind, token
from .base import Case

ANN = ["Ann 1", "Ann 2"]
BOB = ["Bob 1"]


def count():
    return Note.objects.count()


class Sent(Case):
    """What goes to the server beside the queries of the application."""
    POOLED = "pool" in connection.settings_dict["OPTIONS"]
    # The first query to a connection asks what the server has, which begins the
    # transaction; and who has had one of a pool is not certain.
    FIRST = ("try_set_token" if POOLED else "set_token"), token("ann"), True
    BACK = [("SELECT authz.clear_token()",)] if POOLED else []

    def sent(self, work):
        from dbmi_authz_django.connection.handover import PROBE, Handover
        calls = []
        run = Handover.run

        def listen(handover, send, *args):
            if args != (PROBE,):
                calls.append(args)
            return run(handover, send, *args)

        with mock.patch.object(Handover, "run", listen):
            work()
        return calls

    def test_a_parameter_for_the_session(self):
        self.assertEqual(self.sent(lambda: self.get("/notes/", "ann")), [
            ("set_token", token("ann"), False), ("SELECT authz.clear_token()",)])

    def test_local_in_a_transaction_and_nothing_afterwards(self):
        with atomic_requests():
            self.assertEqual(self.sent(lambda: self.get("/notes/", "ann")), [
                self.FIRST, *self.BACK])

    def test_again_in_each_transaction(self):
        def work():
            with authz.as_token(token("ann")):
                for fails in (False, True, False):
                    try:
                        with transaction.atomic():
                            self.assertEqual(count(), 2)
                            self.assertEqual(count(), 2)
                            if fails:
                                raise KeyError
                    except KeyError:
                        pass
        local = ("set_token", token("ann"), True)
        self.assertEqual(self.sent(work), [self.FIRST, local, local, *self.BACK])

    def test_transaction_without_queries(self):
        def work():
            with authz.as_token(token("ann")), transaction.atomic():
                pass
        self.assertEqual(self.sent(work), [])

    def test_nobody_on_a_clean_connection(self):
        self.get("/notes/")
        self.assertEqual(self.sent(lambda: count()), [])

    def test_once_for_a_stream(self):
        def work():
            response = self.get("/streams/", "ann")
            b"".join(response.streaming_content)
            response.close()
        self.assertEqual([call[0] for call in self.sent(work)], [
            "set_token", "SELECT authz.clear_token()"])


class Transactions(Case):
    def test_savepoint_rolled_back_before_the_first_query(self):
        """The token of a savepoint goes with it; the next query says it again."""
        with authz.as_token(token("ann")), transaction.atomic():
            try:
                with transaction.atomic():
                    self.assertEqual(count(), 2)
                    raise KeyError
            except KeyError:
                pass
            self.assertEqual(count(), 2)

    def test_savepoint_after_an_error(self):
        with authz.as_token(token("ann")), transaction.atomic():
            with self.assertRaises(DatabaseError), transaction.atomic():
                connection.cursor().execute("SELECT nonsense")
            self.assertEqual(count(), 2)

    def test_other_login_in_a_savepoint(self):
        with authz.as_token(token("ann")), transaction.atomic():
            self.assertEqual(count(), 2)
            for keep in (True, False):
                sid = transaction.savepoint()
                with authz.as_token(token("bob")):
                    self.assertEqual(count(), 1)
                if keep:
                    transaction.savepoint_commit(sid)
                else:
                    transaction.savepoint_rollback(sid)
                self.assertEqual(count(), 2)

    def test_rollback_to_before_the_login(self):
        """The server has the identity of the savepoint again, we do not trust ours."""
        with authz.as_token(token("ann")), transaction.atomic():
            self.assertEqual(count(), 2)
            sid = transaction.savepoint()
            for who, rows in (("bob", 1), (None, 0)):
                with authz.as_token(who and token(who)):
                    self.assertEqual(count(), rows)
                    transaction.savepoint_rollback(sid)
                    self.assertEqual(count(), rows)
            self.assertEqual(count(), 2)

    def test_nested_and_nobody(self):
        with authz.as_token(token("ann")):
            self.assertEqual(count(), 2)
            with authz.as_token(token("bob")):
                self.assertEqual(count(), 1)
                with authz.as_token(None):
                    self.assertEqual(count(), 0)
                self.assertEqual(count(), 1)
            self.assertEqual(count(), 2)
        self.assertEqual(count(), 0)

    def test_broken_transaction_at_the_end(self):
        with self.assertRaises(DatabaseError), transaction.atomic():
            with authz.as_token(token("ann")):
                connection.cursor().execute("SELECT nonsense")
        self.assertEqual(count(), 0)

    def test_without_autocommit(self):
        connection.set_autocommit(False)
        try:
            with authz.as_token(token("ann")):
                self.assertEqual(count(), 2)
                connection.rollback()
                self.assertEqual(count(), 2)
                connection.commit()
            self.assertEqual(count(), 0)
            connection.rollback()
        finally:
            connection.set_autocommit(True)

    def test_isolation_level(self):
        """Who begins the transaction keeps to the settings."""
        try:
            from django.db.backends.postgresql.psycopg_any import IsolationLevel
            level = IsolationLevel.SERIALIZABLE
        except ImportError:
            from psycopg2.extensions import ISOLATION_LEVEL_SERIALIZABLE as level
        with mock.patch.dict(connection.settings_dict, OPTIONS={"isolation_level": level}):
            connection.close()
            with authz.as_token(token("ann")), transaction.atomic():
                self.assertEqual(count(), 2)
                with connection.cursor() as cursor:
                    cursor.execute("SHOW transaction_isolation")
                    self.assertEqual(cursor.fetchone(), ("serializable",))
            connection.close()

    def test_on_commit(self):
        seen = []
        with authz.as_token(token("ann")):
            with transaction.atomic():
                transaction.on_commit(lambda: seen.append(count()))
        self.assertEqual(seen, [2])


class TransactionScope(Case):
    """dbmi_authz.token_scope = transaction: made for pools."""

    def setUp(self):
        super().setUp()
        self.scope("SET dbmi_authz.token_scope = 'transaction'")
        self.addCleanup(self.scope, "RESET dbmi_authz.token_scope")

    def scope(self, what):
        with connections["root"].cursor() as cursor:
            cursor.execute("ALTER DATABASE clinic " + what)
        connection.close()

    def test_requests(self):
        for atomic in (False, True):
            with self.subTest(atomic=atomic), atomic_requests(atomic):
                for who, notes in [("ann", ANN), (None, []), ("bob", BOB), ("ann", ANN)]:
                    self.assertEqual(self.json("/notes/", who)["notes"], notes)
                    self.assertIsNone(left_behind())
                self.assertEqual(self.json("/atomic/", "ann")["seen"], [2] * 7)
                self.assertEqual(self.json("/who/", "bob")["subject"], "bob")
                self.assertEqual(self.get("/notes/", forged("ann")).status_code, 401)
                self.assertEqual(self.json("/optional/", forged("ann"))["notes"], [])

    def test_server_side_cursor(self):
        """In one that outlives its transaction, rows are those of its beginning."""
        self.assertEqual(self.json("/cursors/", "bob")["notes"], BOB)


class Connections(Case):
    def test_kept_between_requests(self):
        self.get("/notes/", "ann")
        pid = connection.connection.info.backend_pid
        self.assertEqual(self.json("/notes/", "bob")["notes"], BOB)
        self.assertEqual(connection.connection.info.backend_pid, pid)
        self.assertIsNone(left_behind())

    def test_cannot_be_cleared(self):
        """Then the connection goes."""
        from dbmi_authz_django.connection.handover import Handover
        run = Handover.run

        def fails(handover, send, what, *args):
            if "clear" in what:
                raise DatabaseError("of the test")
            return run(handover, send, what, *args)

        with mock.patch.object(Handover, "run", fails):
            self.assertEqual(self.json("/notes/", "ann")["notes"], ANN)
            self.assertTrue(connection.connection.closed)

    def test_same_connection_from_a_pool(self):
        """Others have had it in between."""
        with authz.as_token(token("ann")):
            self.assertEqual(count(), 2)
            with connection.connection.cursor() as cursor:
                cursor.execute("SELECT authz.set_token(%s)", [token("bob")])
            connection_created.send(type(connection), connection=connection)
            self.assertEqual(count(), 2)
        self.assertIsNone(left_behind())

    def test_threads(self):
        """Each its own login, and none that it was not given."""
        wrong = []

        def work(who, notes):
            try:
                client = Client(raise_request_exception=False)
                if Note.objects.count() != 0:
                    wrong.append("inherited")
                for _ in range(20):
                    if self.get("/notes/", who, client).json()["notes"] != notes:
                        wrong.append(who)
                    if left_behind() is not None:
                        wrong.append("left")
            except Exception as error:
                wrong.append(error)
            finally:
                connection.close()

        with authz.as_token(token("root")):
            threads = [threading.Thread(target=work, args=args)
                       for args in [("ann", ANN), ("bob", BOB), (None, [])] * 2]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [])

    def test_task_that_outlives_its_login(self):
        """A context copied from a request has nobody's rights after it."""
        import contextvars
        with authz.as_token(token("ann")):
            self.assertEqual(count(), 2)
            self.assertTrue(authz.identity())
            context = contextvars.copy_context()
        self.assertEqual(context.run(count), 0)
        self.assertFalse(context.run(authz.identity))

    def test_thread_that_comes_late(self):
        """It looked who is logged in, and then the request ended elsewhere."""
        from dbmi_authz_django.connection.handover import Handover
        from dbmi_authz_django.login import Login
        connection.ensure_connection()
        handover = next(w for w in connection.execute_wrappers if isinstance(w, Handover))
        for atomic in (False, True):
            login = Login(token("ann"))
            login.finish()
            if atomic:
                with transaction.atomic():
                    handover.prepare(login, "SELECT 1")
                    self.assertIsNone(left_behind())
            else:
                handover.prepare(login, "SELECT 1")
                self.assertIsNone(left_behind())

    def test_celery_like_decorator(self):
        @authz.as_token(token("bob"))
        def task():
            return count()
        self.assertEqual([task(), task(), count()], [1, 1, 0])

    def test_decorator_of_a_coroutine(self):
        @authz.as_token(token("bob"))
        async def task():
            return await sync_to_async(count)()
        self.assertEqual([async_to_sync(task)(), async_to_sync(task)(), count()], [1, 1, 0])


class Async(Case):
    """Async views, through ASGI's handler."""

    def aget(self, path, who=None):
        headers = {} if who is None else {"AUTHORIZATION": "Bearer " + token(who)}
        return AsyncClient().get(path, **headers)

    def test_views(self):
        @async_to_sync
        async def work():
            for who, notes in [("ann", ANN), ("bob", BOB), (None, [])] * 2:
                found = (await self.aget("/amany/", who)).json()
                self.assertEqual(found, {"notes": notes, "same": True})
                self.assertEqual((await self.aget("/awho/", who)).json()["subject"], who)
        work()

    def test_many_at_once(self):
        @async_to_sync
        async def work():
            people = [("ann", ANN), ("bob", BOB), (None, [])] * 5
            responses = await asyncio.gather(*(self.aget("/amany/", who) for who, _ in people))
            self.assertEqual([r.json().get("notes", r.content) for r in responses], [n for _, n in people])
        work()

    if django.VERSION >= (4, 2):
        def test_streams(self):
            """Two at once, part by part, and one that is closed early."""
            @async_to_sync
            async def work():
                found = await asyncio.gather(*(self.stream(who) for who in ("ann", "bob")))
                self.assertEqual(found, ["Ann 1\n2\nAnn 2\n2\n", "Bob 1\n1\n"])
                response = await self.aget("/astreams/", "ann")
                self.assertEqual(await response.streaming_content.__anext__(), b"Ann 1\n")
                self.assertEqual(await sync_to_async(count)(), 0)   # not in force in between
                await sync_to_async(response.close)()
                self.assertIsNone(await sync_to_async(left_behind)())
            work()

        async def stream(self, who):
            response = await self.aget("/astreams/", who)
            parts = []
            async for part in response.streaming_content:
                parts.append(part)
                await asyncio.sleep(0.001)
            await sync_to_async(response.close)()
            return b"".join(parts).decode()

    def test_client_that_goes_away(self):
        """Since Django 5.0 the view is cancelled then, wherever it is."""
        @async_to_sync
        async def work():
            for path, query, after in (("/sleeps/", b"seconds=0.3", 0.1), ("/amany/", b"", 0.002),
                                       ("/amany/", b"", 0.01), ("/astreams/", b"", 0.005)):
                if path == "/astreams/" and django.VERSION < (4, 2):
                    continue
                await self.go_away(path, query, after)
                self.assertIsNone(await sync_to_async(left_behind)())
                self.assertEqual(await sync_to_async(count)(), 0)
        work()

    async def go_away(self, path, query, after):
        request = ApplicationCommunicator(get_asgi_application(), {
            "type": "http", "http_version": "1.1", "method": "GET", "path": path,
            "query_string": query, "asgi": {"version": "3.0"},
            "headers": [(b"authorization", b"Bearer " + token("ann").encode())]})
        await request.send_input({"type": "http.request", "body": b""})
        await asyncio.sleep(after)
        await request.send_input({"type": "http.disconnect"})
        await request.wait(5)

    def test_sync_view(self):
        async_to_sync(self.sync_view)()

    async def sync_view(self):
        self.assertEqual((await self.aget("/notes/", "ann")).json()["notes"], ANN)
        self.assertEqual((await self.aget("/notes/")).json()["notes"], [])

    def test_as_token(self):
        async def one(who, n):
            async with authz.as_token(token(who)):
                for _ in range(3):
                    if await sync_to_async(count)() != n:
                        return False
                    await asyncio.sleep(0.001)
            return True

        @async_to_sync
        async def work():
            self.assertEqual(await asyncio.gather(one("ann", 2), one("bob", 1), one("cleo", 1)),
                             [True] * 3)
        work()

    def test_decorated(self):
        @async_to_sync
        async def work():
            return [(await self.aget("/areaders/", who)).status_code
                    for who in ("ann", "cleo", None)]
        self.assertEqual(work(), [200, 403, 401])
