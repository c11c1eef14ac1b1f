"""Whose queries these are, with threads, generators and coroutines about (Q46)."""
import asyncio
import contextlib
import contextvars
import functools
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import async_to_sync, sync_to_async
from clinic.models import Note
from dbmi_authz_django import authz
from dbmi_authz_django.login import current
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connection, transaction

from . import forged, left_behind, mint, token
from .base import Case

ANN, BOB = 2, 1         # how many notes they have


def count():
    return Note.objects.count()


acount = sync_to_async(count)


def in_thread(work, *args):
    """Its result, with the connection of that thread closed."""
    def run():
        try:
            return work(*args)
        finally:
            connection.close()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def said():
    """What a cursor of Django's finds that goes past everything of ours."""
    with connection.cursor() as cursor:
        cursor.cursor.execute("SELECT authz.subject()")
        return cursor.cursor.fetchone()[0]


class LoginCase(Case):
    def nobody_left(self):
        self.assertIsNone(current())
        super().nobody_left()


class Threads(LoginCase):
    def test_one_object_in_two_threads(self):
        """Q46: each enters it before either leaves, and nobody stays."""
        shared = authz.as_token(token("ann"))
        both, found = threading.Barrier(2), []

        def work():
            try:
                with shared:
                    both.wait(10)
                    found.append(count())
                    both.wait(10)
                found.append((current(), count(), left_behind()))
            except BaseException as error:
                found.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [ANN, ANN, (None, 0, None), (None, 0, None)])
        self.assertEqual(shared.entered, set())

    def test_one_object_nested(self):
        shared = authz.as_token(token("ann"))
        with shared as outer:
            with shared as inner:
                self.assertIs(current(), inner)
            self.assertIs(current(), outer)
            self.assertEqual(count(), ANN)
        self.assertEqual(count(), 0)

    def test_left_in_another_order(self):
        one, other = authz.as_token(token("ann")), authz.as_token(token("bob"))
        one.__enter__()
        other.__enter__()
        one.__exit__(None, None, None)
        self.assertEqual(count(), BOB)
        other.__exit__(None, None, None)
        self.assertEqual(count(), 0)

    def test_left_in_another_thread(self):
        """What it was entered for ends, and the thread's own login stays."""
        shared = authz.as_token(token("ann"))
        shared.__enter__()
        self.assertEqual(count(), ANN)

        def leaves():
            with authz.as_token(token("bob")):
                shared.__exit__(None, None, None)
                return count()

        self.assertEqual(in_thread(leaves), BOB)
        self.assertIsNone(left_behind())
        self.assertEqual(count(), 0)
        with self.assertRaisesRegex(RuntimeError, "did not enter it"):
            in_thread(shared.__exit__, None, None, None)
        shared.__exit__(None, None, None)       # too late, and no harm

    def test_two_left_in_another_thread(self):
        """Which of them was meant is not known: both end."""
        shared = authz.as_token(token("ann"))
        shared.__enter__()
        shared.__enter__()
        with self.assertRaisesRegex(RuntimeError, "did not enter it"):
            in_thread(shared.__exit__, None, None, None)
        self.assertEqual(count(), 0)
        for _ in range(2):
            shared.__exit__(None, None, None)

    def test_never_entered(self):
        with self.assertRaisesRegex(RuntimeError, "did not enter it"):
            authz.as_token(token("ann")).__exit__(None, None, None)

    def test_executors_in_a_request(self):
        """A thread has nobody unless it is given the context, and then until the end."""
        with authz.as_token(token("ann")):
            context = contextvars.copy_context()
            self.assertEqual(in_thread(count), 0)
            self.assertEqual(in_thread(context.run, count), ANN)
            self.assertEqual(in_thread(context.run, lambda: authz.identity().subject), "ann")
        self.assertEqual(in_thread(context.run, count), 0)
        self.assertEqual(context.run(count), 0)

    def test_thread_of_a_copied_context_stays_on(self):
        """Its connection loses the identity when the login ends elsewhere."""
        begun, ended, found = threading.Event(), threading.Event(), []

        def work():
            try:
                found.append(count())
                begun.set()
                ended.wait(10)
                found.append(left_behind())
                found.append(count())
            finally:
                connection.close()

        with authz.as_token(token("ann")):
            thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
            thread.start()
            begun.wait(10)
        ended.set()
        thread.join()
        self.assertEqual(found, [ANN, None, 0])


class Generators(LoginCase):
    """A paused generator gives its identity to nobody."""

    def notes(self, who="ann", seen=None):
        with authz.as_token(token(who)):
            for _ in range(3):
                yield count()

    def test_paused(self):
        """Q46"""
        for atomic in (False, True):
            with self.subTest(atomic=atomic), \
                    transaction.atomic() if atomic else contextlib.nullcontext():
                generator = self.notes()
                self.assertEqual(next(generator), ANN)
                self.assertEqual(count(), 0)
                self.assertEqual(next(generator), ANN)
                self.assertIsNone(said())
                self.assertEqual(list(generator), [ANN])
                self.assertEqual(count(), 0)

    def test_paused_within_another(self):
        with authz.as_token(token("bob")):
            generator = self.notes()
            self.assertEqual([next(generator), count(), next(generator), count()],
                             [ANN, BOB, ANN, BOB])
        # and continued elsewhere
        self.assertEqual([count(), next(generator), count()], [0, ANN, 0])

    def test_two_at_once(self):
        ann, bob = self.notes("ann"), self.notes("bob")
        self.assertEqual([(next(ann), next(bob), count()) for _ in range(3)],
                         [(ANN, BOB, 0)] * 3)
        self.assertEqual([next(ann, None), next(bob, None), count()], [None, None, 0])

    def test_one_object_in_two(self):
        shared = authz.as_token(token("ann"))

        def generator():
            with shared:
                yield count()
                yield count()

        one, other = generator(), generator()
        self.assertEqual([next(one), next(other), next(one)], [ANN] * 3)
        self.assertIsNone(next(one, None))
        self.assertEqual([count(), next(other), count()], [0, ANN, 0])
        other.close()
        self.assertEqual(shared.entered, set())

    def test_dropped(self):
        for end in ("close", "drop", "throw"):
            with self.subTest(end=end):
                generator = self.notes()
                next(generator)
                if end == "close":
                    generator.close()
                elif end == "throw":
                    with self.assertRaises(KeyError):
                        generator.throw(KeyError())
                del generator
                self.assertIsNone(said())
                self.assertEqual(count(), 0)
                self.assertIsNone(current())

    def test_closed_in_the_middle_of_anything(self):
        """As Python's collector does: also while the connection is told something."""
        from dbmi_authz_django.connection.handover import handover_of
        generator = self.notes()
        # of its own: where it was entered, nobody leaves it
        context = contextvars.copy_context()
        context.run(next, generator)
        with handover_of(connection).lock:
            thread = threading.Thread(target=context.run, args=(generator.close,), daemon=True)
            thread.start()
            thread.join(5)
            self.assertFalse(thread.is_alive())
        self.assertIsNone(said())
        self.assertEqual(count(), 0)

    def test_delegated(self):
        def outer():
            yield count()
            yield from self.notes()
            yield count()
        found = [(part, count()) for part in outer()]
        self.assertEqual(found, [(0, 0), (ANN, 0), (ANN, 0), (ANN, 0), (0, 0)])

    def test_with_other_context_managers(self):
        @contextlib.contextmanager
        def as_ann():
            with authz.as_token(token("ann")):
                yield

        def generator(stack):
            with as_ann():
                yield count()
            with contextlib.ExitStack() as own:
                own.enter_context(authz.as_token(token("bob")))
                yield count()
            yield count()

        self.assertEqual([(part, count()) for part in generator(None)],
                         [(ANN, 0), (BOB, 0), (0, 0)])
        with as_ann():
            self.assertEqual(count(), ANN)
        self.assertEqual(count(), 0)
        with contextlib.ExitStack() as stack:
            stack.enter_context(as_ann())
            self.assertEqual(count(), ANN)
        self.assertEqual(count(), 0)

    def test_in_another_thread(self):
        """It is refused at its end; in between the thread's own login holds."""
        generator = self.notes()
        self.assertEqual(next(generator), ANN)
        self.assertEqual(in_thread(next, generator), 0)
        self.assertEqual(count(), 0)

        def ends():
            with authz.as_token(token("bob")):
                with self.assertRaisesRegex(RuntimeError, "decorated with as_token"):
                    list(generator)
                return count()

        self.assertEqual(in_thread(ends), BOB)
        self.assertEqual(count(), 0)

    def test_what_never_ends_here_does_not_pile_up(self):
        """A thread that lives long forgets it."""
        from dbmi_authz_django.login import entered
        context = contextvars.copy_context()
        for _ in range(5):
            generator = self.notes()
            context.run(next, generator)
            generator.close()
        last = context.run(entered)
        self.assertTrue(last.finished)
        self.assertIsNone(last.before)
        self.assertEqual(count(), 0)

    def test_while_another_thread_works_on_it(self):
        """Its first thread does not have its login then."""
        begun, ended = threading.Event(), threading.Event()

        def generator():
            with authz.as_token(token("ann")):
                yield count()
                begun.set()
                ended.wait(10)
                yield

        made = generator()
        next(made)
        thread = threading.Thread(target=in_thread, args=(next, made))
        thread.start()
        begun.wait(10)
        self.assertEqual(count(), 0)
        ended.set()
        thread.join()
        made.close()

    def test_threads_from_within(self):
        """They have its context, while it waits for them."""
        def generator():
            with authz.as_token(token("ann")):
                context = contextvars.copy_context()
                yield in_thread(context.run, count), async_to_sync(acount)()
                yield context
        found = generator()
        self.assertEqual(next(found), (ANN, ANN))
        self.assertEqual(in_thread(next(found).run, count), 0)     # it is paused
        found.close()
        self.assertEqual(count(), 0)        # which takes it off

    def test_stream(self):
        """A generator with a login of its own, in a response that streams."""
        from dbmi_authz_django.login import Login
        from dbmi_authz_django.streams import Content
        content = Content(Login(token("ann")), self.notes("bob"))
        self.assertEqual([(part, count()) for part in content], [(BOB, 0)] * 3)

    def test_async(self):
        async def generator():
            async with authz.as_token(token("ann")):
                yield 1

        async def generator_too():
            with authz.as_token(token("ann")):
                yield 1

        @contextlib.asynccontextmanager
        async def as_ann():
            async with authz.as_token(token("ann")):
                yield

        async def work():
            for made in (generator(), generator_too()):
                with self.assertRaisesRegex(RuntimeError, "Decorate the generator"):
                    await made.__anext__()
            async with as_ann():
                found = await acount()
            return found, await acount()

        self.assertEqual(async_to_sync(work)(), (ANN, 0))


class Decorated(LoginCase):
    def ann(self, function):
        return authz.as_token(token("ann"))(function)

    def test_generator(self):
        """Q46: today nothing would happen."""
        @self.ann
        def notes(n):
            """Doc."""
            try:
                for _ in range(n):
                    yield count()
                return "end"
            finally:
                ended.append(count())

        def outer():
            result.append((yield from notes(2)))

        result, ended = [], []
        self.assertTrue(inspect.isgeneratorfunction(notes))
        self.assertEqual((notes.__name__, notes.__doc__), ("notes", "Doc."))
        found = []
        for part in outer():
            found.append((part, count(), left_behind()))
        self.assertEqual(found, [(ANN, 0, None)] * 2)
        self.assertEqual((result, ended), (["end"], [ANN]))
        with transaction.atomic():
            self.assertEqual([(part, count()) for part in notes(2)], [(ANN, 0)] * 2)

    def test_generator_that_is_talked_to(self):
        @self.ann
        def talks():
            heard = None
            while heard != "stop":
                try:
                    heard = yield heard, count()
                except KeyError:
                    heard = "key"

        made = talks()
        self.assertEqual(next(made), (None, ANN))
        self.assertEqual(made.send("x"), ("x", ANN))
        self.assertEqual(made.throw(KeyError()), ("key", ANN))
        with self.assertRaises(StopIteration):
            made.send("stop")
        made = talks()
        next(made)
        with self.assertRaises(ValueError):
            made.throw(ValueError())
        self.assertEqual(list(made), [])

    def test_generator_goes_from_thread_to_thread(self):
        @self.ann
        def notes():
            for _ in range(3):
                yield count()
        made = notes()
        self.assertEqual([next(made), in_thread(next, made), next(made)], [ANN] * 3)
        self.assertIsNone(left_behind())

    def test_generator_with_another_login_within(self):
        @self.ann
        def notes():
            yield count()
            with authz.as_token(token("bob")):
                yield count()
                yield count()
            yield count()
        self.assertEqual([(part, count()) for part in notes()],
                         [(ANN, 0), (BOB, 0), (BOB, 0), (ANN, 0)])

    def test_async_generator(self):
        @self.ann
        async def notes(seen):
            try:
                while True:
                    seen.append((yield await acount()))
            finally:
                seen.append(await acount())

        async def work():
            seen, found = [], []
            made = notes(seen)
            found.append(await made.__anext__())
            found.append(await acount())
            found.append(await made.asend("x"))
            await made.aclose()
            async for part in notes([]):
                found.append((part, await acount(), await sync_to_async(left_behind)()))
                break
            return found, seen

        self.assertTrue(inspect.isasyncgenfunction(notes))
        self.assertEqual(async_to_sync(work)(),
                         ([ANN, 0, ANN, (ANN, 0, None)], ["x", ANN]))

    def test_what_returns_such(self):
        """A callable object, a partial, a lambda, a function with another decorator."""
        async def coroutine():
            return await acount()

        def generator():
            yield count()

        async def async_generator():
            yield await acount()

        class Object:
            def __init__(self, function):
                self.function = function

            def __call__(self):
                return self.function()

        async def awaits(made):
            return await made

        async def all_of(made):
            return [part async for part in made]

        for wrap in (Object, functools.partial, lambda function: lambda: function()):
            self.assertEqual(self.ann(wrap(count))(), ANN)
            self.assertEqual(list(self.ann(wrap(generator))()), [ANN])
            self.assertEqual(async_to_sync(awaits)(self.ann(wrap(coroutine))()), ANN)
            self.assertEqual(async_to_sync(all_of)(self.ann(wrap(async_generator))()), [ANN])

    def test_methods(self):
        ann = self.ann

        class Report:
            @ann
            def method(self):
                return count()

            @ann
            @classmethod
            def of_class(cls):
                return cls.__name__, count()

            @classmethod
            @ann
            def of_class_too(cls):
                return cls.__name__, count()

            @ann
            @staticmethod
            def of_nothing():
                return count()

        self.assertEqual(Report().method(), ANN)
        self.assertEqual([Report.of_class(), Report().of_class_too()], [("Report", ANN)] * 2)
        self.assertEqual(Report.of_nothing(), ANN)

    def test_context_managers(self):
        @contextlib.contextmanager
        def manager():
            yield count()

        @contextlib.asynccontextmanager
        async def async_manager():
            yield

        for made in (manager, async_manager):
            with self.assertRaisesRegex(TypeError, "write \"with as_token"):
                self.ann(made)()
        # the other way round its own two parts have it, not the block
        with contextlib.contextmanager(self.ann(manager.__wrapped__))() as found:
            self.assertEqual((found, count()), (ANN, 0))

    def test_refused(self):
        class Task:
            def apply_async(self):
                """As Celery's have it."""

            def __call__(self):
                """The work."""

        for what, why in ((Task, "not the class Task"), (Task(), "around a task"),
                          (7, "not int")):
            with self.assertRaisesRegex(TypeError, why):
                self.ann(what)

    def test_recursive_and_at_once(self):
        @self.ann
        def down(n):
            return [count()] + (down(n - 1) if n else [])
        self.assertEqual(down(2), [ANN] * 3)
        self.assertEqual(in_thread(down, 1), [ANN] * 2)

    def test_fails(self):
        @self.ann
        def fails():
            count()
            raise KeyError
        with self.assertRaises(KeyError):
            fails()
        self.assertEqual(count(), 0)


class Async(LoginCase):
    def test_identity(self):
        """Q46: asked in the thread of the connections, and once for both ways."""
        async def work():
            async with authz.as_token(token("ann")):
                found = await asyncio.gather(authz.aidentity(), authz.aidentity())
                with self.assertNumQueries():
                    same = authz.identity()         # known already
                    return [*found, same, await authz.aidentity(),
                            await sync_to_async(authz.identity)()]
        found = async_to_sync(work)()
        self.assertEqual(found[0].subject, "ann")
        self.assertTrue(all(one is found[0] for one in found))

    @contextlib.contextmanager
    def assertNumQueries(self):
        def none(*args):
            raise AssertionError("a query")
        with connection.execute_wrapper(none):
            yield

    def test_ask(self):
        async def work():
            async with authz.as_token(token("ann")):
                yes = await authz.aask("has_scope", "read"), await authz.aask(
                    "subject", using="default")
                with self.assertRaises(authz.Forbidden):
                    await authz.aask("require_scope", "never")
                return yes
        self.assertEqual(async_to_sync(work)(), (True, "ann"))

    def test_errors(self):
        async def work():
            async with authz.as_token(forged("ann")):
                for _ in range(2):
                    with self.assertRaises(authz.Unauthorized):
                        await authz.aidentity()
            self.assertFalse(await authz.aidentity())
            async with authz.as_token(token("ann")):
                with self.assertRaisesRegex(SynchronousOnlyOperation, r"await authz\.aidentity"):
                    authz.identity()
                with self.assertRaisesRegex(SynchronousOnlyOperation, r"await authz\.aask"):
                    authz.ask("subject")
        async_to_sync(work)()

    def test_gather(self):
        """One object, or several, in tasks that run at once."""
        shared = authz.as_token(token("ann"))

        async def one(who, wait):
            own = shared if who == "ann" else authz.as_token(who and token(who))
            async with own:
                before = (await authz.aidentity()).subject
                await asyncio.sleep(wait)
                found = await acount(), (await authz.aidentity()).subject
            return before, found, await acount()

        async def work():
            people = [("ann", 0.02), ("bob", 0.01), ("ann", 0), (None, 0.01), ("ann", 0.01)]
            return await asyncio.gather(*(one(*person) for person in people))

        rows = {"ann": ANN, "bob": BOB, None: 0}
        self.assertEqual(async_to_sync(work)(), [
            (who, (rows[who], who), 0) for who in ("ann", "bob", "ann", None, "ann")])

    def test_threads_of_their_own(self):
        own = sync_to_async(lambda: in_thread(contextvars.copy_context().run, count),
                            thread_sensitive=False)

        async def work():
            async with authz.as_token(token("ann")):
                found = await asyncio.gather(own(), acount(), own())
                late = asyncio.ensure_future(outlives())
            return found, await late

        async def outlives():
            await asyncio.sleep(0.01)
            return await acount()

        self.assertEqual(async_to_sync(work)(), ([ANN] * 3, 0))

    def test_cancelled(self):
        async def work():
            async def waits():
                async with authz.as_token(token("ann")):
                    await acount()
                    await asyncio.sleep(10)
            task = asyncio.ensure_future(waits())
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.wait([task])
            return await sync_to_async(left_behind)()
        self.assertIsNone(async_to_sync(work)())

    def test_expiry_while_it_lasts(self):
        with authz.as_token(mint("ann", exp="-10")), self.assertRaises(authz.Unauthorized):
            async_to_sync(authz.aidentity)()
