"""Tasks begin as nobody and end as nobody: Celery's, Django's, and others'."""
import asyncio
import contextlib
import contextvars
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from types import SimpleNamespace
from unittest import mock

from asgiref.sync import async_to_sync, sync_to_async
from celery import Celery, chain, chord, signals
from celery.contrib.testing.worker import start_worker
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded
from clinic.models import Note
from dbmi_authz_django import authz, tasks
from dbmi_authz_django.login import current, entered
from django.db import transaction
from django.dispatch import Signal
from django.http import JsonResponse
from django.test import override_settings
from django.urls import path

from . import TEST, atomic_requests, forged, left_behind, mint, token
from .base import Case

app = Celery("tests", broker="memory://", backend="cache+memory://", set_as_current=False)
app.conf.update(broker_transport_options={"polling_interval": 0.005}, worker_hijack_root_logger=False)
app.set_default()


def said():
    """Who it is, how many notes there are, and what the connection has."""
    return [authz.identity().subject, Note.objects.count(), left_behind()]


NOBODY = [None, 0, None]


@app.task
def asks():
    return said()


@app.task
def leaves(how):
    """Whatever it leaves, the next task must not find."""
    authz.as_token(token("ann")).__enter__()
    with transaction.atomic() if how == "transaction" else contextlib.nullcontext():
        Note.objects.count()
    if how == "generator":
        leaves.kept = parts()
        next(leaves.kept)
    left.append(current().token is not None)
    if how in RAISED:
        raise RAISED[how]()


def parts():
    with authz.as_token(token("ann")):
        yield Note.objects.count()
        yield


RAISED = {error.__name__: error for error in (RuntimeError, Ignore, Reject, SoftTimeLimitExceeded)}
HOWS = ["returns", "transaction", "generator", *RAISED]


@app.task
@authz.task_as(lambda: token("bob"))
def as_bob():
    return said()


@app.task(bind=True, max_retries=2)
def retries(self):
    found = said()
    seen.append(found)
    if len(seen) < 3:
        raise self.retry(countdown=0)
    return found


@app.task(bind=True)
def shows(self):
    authz.identity()
    return repr(self.request) + repr(self.request.headers)


@app.task
def sends():
    """A task that sends others: their messages carry nothing."""
    return [said(), asks.delay().id]


@app.task
def adds(found, *more):
    return [found, said()]


seen = []       # by retries()
left = []       # by leaves()
sent = []       # headers of messages


@signals.after_task_publish.connect(weak=False)
def listen(headers=None, **kwargs):
    sent.append(dict(headers))


class TaskCase(Case):
    def setUp(self):
        super().setUp()
        for found in (seen, left, sent):
            found.clear()

    def nobody_left(self):
        self.assertIsNone(current())
        super().nobody_left()


class Worker(TaskCase):
    """A worker with threads, in this process."""
    pool = "solo"
    concurrency = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # tasks that fail on purpose are not for the test's output
        logging.getLogger("celery").setLevel(logging.CRITICAL + 1)
        root = logging.getLogger()      # which Celery sets
        cls.addClassCleanup(root.setLevel, root.level)
        cls.worker = start_worker(app, pool=cls.pool, concurrency=cls.concurrency,
                                  loglevel="CRITICAL", perform_ping_check=False,
                                  shutdown_timeout=20)
        cls.worker.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.worker.__exit__(None, None, None)
        logging.getLogger("celery").setLevel(logging.NOTSET)
        super().tearDownClass()

    def result(self, task, **options):
        return self.get(task.apply_async(**options), propagate=False)

    def get(self, result, **options):
        return result.get(timeout=20, interval=0.01, **options)

    def test_nobody(self):
        """Also where the one who sends it is somebody."""
        with authz.as_token(token("ann")):
            self.assertEqual(self.result(asks), NOBODY)
        self.assertEqual([tasks.HEADER in headers for headers in sent], [False])

    def test_whatever_is_left(self):
        for how in HOWS:
            with self.subTest(how=how):
                left.clear()
                leaves.delay(how)
                self.assertEqual(self.result(asks), NOBODY)
                while not left:
                    time.sleep(0.01)
                self.assertEqual(left, [True])
                # the threads of a pool, one after the other
                self.assertEqual([self.result(asks) for _ in range(3)], [NOBODY] * 3)

    def test_header(self):
        headers = authz.task_headers(token("ann"))
        self.assertEqual(self.result(asks, headers=headers)[:2], ["ann", 2])
        self.assertEqual(self.result(asks), NOBODY)
        with authz.as_token(token("bob")):
            found = asks.apply_async(headers=authz.task_headers())
        self.assertEqual(self.get(found)[:2], ["bob", 1])
        self.assertEqual(authz.task_headers(), {})

    def test_bad_header(self):
        for bad, why in ((forged("ann"), "signature"), (mint("ann", exp="-10"), "expired"),
                         ("a b", "exactly one token"), (7, "exactly one token"),
                         ([token("ann")], "exactly one token"), ("", "exactly one token")):
            with self.subTest(why=why):
                found = self.result(asks, headers={tasks.HEADER: bad})
                self.assertIsInstance(found, Exception)
                self.assertRegex(str(found), why)
        self.assertEqual(self.result(asks), NOBODY)

    def test_token_does_not_show(self):
        shown = self.result(shows, headers=authz.task_headers(token("ann")))
        self.assertIn(tasks.HEADER, shown)
        self.assertNotIn(token("ann"), shown)

    def test_decorator(self):
        self.assertEqual(self.result(as_bob)[:2], ["bob", 1])
        # what the message carries is put aside
        self.assertEqual(self.result(as_bob, headers=authz.task_headers(token("ann")))[:2],
                         ["bob", 1])
        self.assertEqual(self.result(asks), NOBODY)

    def test_retries(self):
        """The same task, so the same token; nobody's stays nobody's."""
        with authz.as_token(token("bob")):
            self.result(retries)
        self.assertEqual(seen, [NOBODY] * 3)
        seen.clear()
        sent.clear()
        self.result(retries, headers=authz.task_headers(token("ann")))
        self.assertEqual([found[:2] for found in seen], [["ann", 2]] * 3)
        self.assertEqual(len({headers["id"] for headers in sent}), 1)

    def test_others_from_within(self):
        """Sub-tasks, chains and chords carry nothing, unless each says so."""
        found, other = self.result(sends, headers=authz.task_headers(token("ann")))
        self.assertEqual(found[:2], ["ann", 2])
        self.assertEqual([tasks.HEADER in headers for headers in sent], [True, False])
        self.assertEqual(self.get(app.AsyncResult(other)), NOBODY)
        headers = authz.task_headers(token("ann"))
        found = self.get(chain(asks.s().set(headers=headers), adds.s()).apply_async())
        self.assertEqual((found[0][:2], found[1]), (["ann", 2], NOBODY))
        found = self.get(chord([asks.s().set(headers=headers), asks.s()], adds.s()).apply_async())
        self.assertEqual((found[0][0][:2], found[0][1], found[1]), (["ann", 2], NOBODY, NOBODY))

    def test_many(self):
        """Each its own, in whatever order and thread."""
        people = ["ann", "bob", None] * 8
        many = [asks.apply_async(headers=who and authz.task_headers(token(who))) for who in people]
        self.assertEqual([self.get(one)[0] for one in many], people)


class Threads(Worker):
    pool = "threads"
    concurrency = 3
    test_bad_header = test_decorator = test_token_does_not_show = None      # said already


class Eager(TaskCase):
    """Tasks that run where they are called."""

    def setUp(self):
        super().setUp()
        override = override_settings(ROOT_URLCONF=__name__)
        override.enable()
        self.addCleanup(override.disable)

    def test_within_somebody(self):
        """A task inherits no request's identity, and the request keeps its own."""
        with authz.as_token(token("ann")) as login:
            self.assertEqual(asks.apply().get(), NOBODY)
            self.assertIs(current(), login)
            self.assertEqual(said()[:2], ["ann", 2])
            self.assertEqual(asks.apply(headers=authz.task_headers(token("bob"))).get()[:2],
                             ["bob", 1])
            self.assertEqual(said()[:2], ["ann", 2])
            self.assertEqual(as_bob.apply().get()[:2], ["bob", 1])

    def test_request(self):
        app.conf.task_always_eager = True
        self.addCleanup(setattr, app.conf, "task_always_eager", False)
        for atomic in (False, True):
            with self.subTest(atomic=atomic), atomic_requests(atomic):
                found = self.json("/eager/", "ann")
                self.assertEqual(found["task"], NOBODY)
                self.assertEqual((found["before"], found["after"]), (2, 2))

    def test_whatever_is_left(self):
        for how in HOWS:
            for who in (None, "ann"):
                with self.subTest(how=how, who=who), authz.as_token(who and token(who)) as login:
                    leaves.apply(args=[how])
                    self.assertIs(current(), login)
                    self.assertEqual(Note.objects.count(), 2 if who else 0)
            self.assertEqual(said(), NOBODY)

    def test_in_a_transaction(self):
        with transaction.atomic(), authz.as_token(token("ann")):
            self.assertEqual(asks.apply().get(), NOBODY)
            self.assertEqual(said()[:2], ["ann", 2])
            leaves.apply(args=["return"])
            self.assertEqual(said()[:2], ["ann", 2])

    def test_retries(self):
        retries.apply(headers=authz.task_headers(token("ann")))
        self.assertEqual(seen[0][:2], ["ann", 2])

    def test_task_in_a_task(self):
        @app.task
        def outer():
            with authz.as_token(token("bob")):
                return [asks.apply().get(), said()[:2]]
        with authz.as_token(token("ann")):
            self.assertEqual(outer.apply().get(), [NOBODY, ["bob", 1]])
            self.assertEqual(said()[:2], ["ann", 2])

    def test_receiver_that_fails(self):
        """Celery passes over what a receiver raises: then it is nobody's, or refused."""
        with authz.as_token(token("ann")):
            with mock.patch.object(tasks, "take", side_effect=RuntimeError):
                with self.assertRaises(authz.Unauthorized):
                    asks.apply(headers=authz.task_headers(token("ann")), throw=True)
            self.assertEqual(said()[:2], ["ann", 2])


def eager(request):
    before = Note.objects.count()
    found = asks.delay().get()
    return JsonResponse({"before": before, "task": found, "after": Note.objects.count()})


urlpatterns = [path("eager/", eager)]


class Killed(TaskCase):
    """A worker that never said that a task has ended."""

    def test_next_task(self):
        request = SimpleNamespace(is_eager=False, headers=None, authz_token=token("ann"))
        task = SimpleNamespace(request=request)
        context = contextvars.copy_context()
        context.run(tasks.before_run, task=task, task_id="1")
        context.run(lambda: authz.as_token(token("bob")).__enter__())
        self.assertEqual(context.run(said)[:2], ["bob", 1])
        request.authz_token = None
        context.run(tasks.before_run, task=task, task_id="2")
        self.assertEqual(context.run(said), NOBODY)
        context.run(tasks.after_run, task_id="2")
        self.assertIsNone(context.run(entered))
        context.run(tasks.after_run, task_id="1")     # never heard of any more
        self.assertEqual(context.run(said), NOBODY)


try:
    from django.tasks import task as django_task
except ImportError:         # before 6.0
    task_started, task_finished = Signal(), Signal()
    task_started.connect(tasks.started)
    task_finished.connect(tasks.finished)

    class Queued:
        """What runs as in Django's ImmediateBackend, with the same signals."""

        def __init__(self, function):
            self.function = function

        def enqueue(self, *args):
            result = SimpleNamespace(id=str(time.monotonic()), status="RUNNING")
            task_started.send(sender=type(self), task_result=result)
            try:
                function = self.function
                if asyncio.iscoroutinefunction(function):
                    function = async_to_sync(function)
                result.return_value = function(*args)
                result.status = "SUCCESSFUL"
            except Exception:
                result.status = "FAILED"
            finally:
                task_finished.send(sender=type(self), task_result=result)
            return result

    django_task = Queued


@authz.task_as(lambda: token("bob"))
async def bobs_coroutine():
    return await sync_to_async(said)()


async def coroutine():
    return await sync_to_async(said)()


def sends_django():
    with authz.as_token(token("bob")):
        return [django_task(said).enqueue().return_value, said()[:2]]


class Django(TaskCase):
    """Django's tasks: its own framework where it has one."""

    def run_task(self, function, *args):
        result = django_task(function).enqueue(*args)
        return result.return_value if result.status == "SUCCESSFUL" else None

    def test_nobody(self):
        self.assertEqual(self.run_task(said), NOBODY)
        with authz.as_token(token("ann")):
            self.assertEqual(self.run_task(said), NOBODY)
            self.assertEqual(said()[:2], ["ann", 2])
            for how in HOWS:
                self.run_task(leaves.run, how)
                self.assertEqual(said()[:2], ["ann", 2])
        self.assertEqual(left, [True] * len(HOWS))
        self.assertEqual(said(), NOBODY)

    def test_decorated(self):
        work = authz.task_as(lambda: token("bob"))(said)
        self.assertEqual(self.run_task(work)[:2], ["bob", 1])
        self.assertEqual(said(), NOBODY)

    def test_coroutines(self):
        async def both():
            async with authz.as_token(token("ann")):
                found = await asyncio.gather(*(sync_to_async(self.run_task)(task)
                                               for task in (bobs_coroutine, coroutine)))
                return found, (await sync_to_async(said)())[:2]

        found, mine = async_to_sync(both)()
        self.assertEqual((found[0][:2], found[1], mine), (["bob", 1], NOBODY, ["ann", 2]))

    def test_within_each_other(self):
        self.assertEqual(self.run_task(sends_django), [NOBODY, ["bob", 1]])

    def test_on_commit(self):
        found = []
        with authz.as_token(token("ann")), transaction.atomic():
            transaction.on_commit(lambda: found.append(self.run_task(said)))
        self.assertEqual(found, [NOBODY])


class Others(TaskCase):
    """in_task() and task_as(), wherever a task runs."""

    def test_in_task(self):
        with authz.as_token(token("ann")):
            with authz.in_task():
                self.assertEqual(said(), NOBODY)
                authz.as_token(token("bob")).__enter__()
                self.assertEqual(said()[:2], ["bob", 1])
            self.assertEqual(said()[:2], ["ann", 2])
        with self.assertRaises(KeyError), authz.in_task():
            authz.as_token(token("bob")).__enter__()
            raise KeyError
        self.assertEqual(said(), NOBODY)

    def test_context_of_a_task(self):
        """That outlives it, with what the task has not left."""
        with authz.in_task():
            authz.as_token(token("ann")).__enter__()
            context = contextvars.copy_context()
            self.assertEqual(context.run(said)[:2], ["ann", 2])
        self.assertEqual(context.run(said), NOBODY)

    def test_source(self):
        """It is asked each time, and not before."""
        asked = []

        @authz.task_as(lambda: asked.append(1) or token("bob"))
        def work():
            return said()[:2]

        self.assertEqual(asked, [])
        self.assertEqual([work(), work()], [["bob", 1]] * 2)
        self.assertEqual(len(asked), 2)
        for source, found in ((token("ann"), ["ann", 2]), (None, [None, 0])):
            with authz.as_token(token("bob")), authz.task_as(source):
                self.assertEqual(said()[:2], found)

    def test_source_that_fails(self):
        def fails():
            raise KeyError
        with authz.as_token(token("ann")):
            with self.assertRaises(KeyError), authz.task_as(fails):
                self.fail("entered")
            self.assertEqual(said()[:2], ["ann", 2])

    def test_around_a_task(self):
        with self.assertRaisesRegex(TypeError, "above it"):
            authz.task_as(lambda: token("ann"))(asks)


class Page(TaskCase):
    def test_examples(self):
        """doc/django/tasks.md"""
        with open(os.path.join(TEST, "..", "doc", "django", "tasks.md"), encoding="utf-8") as f:
            blocks = re.findall(r"^```python\n(.*?)^```", f.read(), re.S | re.M)
        self.assertGreater(len(blocks), 5)
        provider = SimpleNamespace(token=lambda scope: token("bob"))
        names = {"app": app, "Note": Note, "provider": provider}
        for block in blocks:
            exec(block, names)
        self.assertEqual(names["count"](token("ann")), 2)
        with authz.as_token(token("ann")):
            self.assertEqual(names["report"].apply().get(), 1)
            async_to_sync(names["view"])(None)
            names["run"](lambda: seen.append(said()))
            names["ask_for"](None)
        self.assertEqual(seen, [NOBODY])
        self.assertEqual(sent[-1][tasks.HEADER], token("ann"))
        app.control.purge()
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(token("ann") + "\n")
            file.flush()
            names["handle"](None, token_file=file.name)


PREFORK = """
import os, sys
sys.path[:0] = [{here!r}, {package!r}]
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from celery import Celery
app = Celery("tests", broker="filesystem://", backend="file://{folder}")
app.conf.broker_transport_options = dict(data_folder_in={folder!r}, data_folder_out={folder!r},
                                         polling_interval=0.05)

@app.task
def asks():
    from tests.test_tasks import said
    return [*said(), os.getpid()]

@app.task
def leaves(token, how):
    from clinic.models import Note
    from dbmi_authz_django import authz
    authz.as_token(token).__enter__()
    Note.objects.count()
    if how == "hangs":
        while True:
            Note.objects.count()
    return os.getpid()
"""


class Prefork(TaskCase):
    def test_processes(self):
        """A forked one; also after a limit of time has struck in its task."""
        with tempfile.TemporaryDirectory() as folder:
            code = PREFORK.format(here=os.path.join(TEST, "django"), folder=folder,
                                  package=os.path.join(TEST, "..", "django"))
            with open(os.path.join(folder, "worker.py"), "w") as f:
                f.write(code)
            sys.path.insert(0, folder)
            self.addCleanup(sys.path.remove, folder)
            import worker
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "worker", "worker", "-P", "prefork", "-c", "1",
                 "--without-gossip", "--without-mingle", "--without-heartbeat"], cwd=folder, start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                first = worker.leaves.delay(token("ann"), "returns").get(timeout=60, interval=0.05)
                found = worker.asks.delay().get(timeout=20, interval=0.05)
                self.assertEqual(found, [*NOBODY, first])
                headers = authz.task_headers(token("bob"))
                self.assertEqual(worker.asks.apply_async(headers=headers).get(timeout=20, interval=0.05)[:2],
                                 ["bob", 1])
                with self.assertRaisesRegex(Exception, "SoftTimeLimitExceeded"):
                    worker.leaves.apply_async([token("ann"), "hangs"], soft_time_limit=0.2).get(
                        timeout=20, interval=0.05)
                found = worker.asks.delay().get(timeout=20, interval=0.05)
                self.assertEqual(found, [*NOBODY, first])
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(20)
