"""Tasks of queues: each begins as nobody and ends as nobody.

A worker's thread runs one task after the other in one context, and an eager task
runs within a request.  So a task gets a login of its own, which is nobody's unless
its message carries a token, and whatever it has entered and not left ends with it.

Celery and Django's tasks (since 6.0) say when one begins and ends, by their public
signals.  For other queues there is in_task().
"""
from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any, Callable, Dict, Iterator, Optional, Union

from django.apps import apps

from .compat import opened_connections
from .concealed import Concealed
from .errors import MalformedRequest
from .connection.handover import handover_of
from .login import Login, as_token, current, enter, entered
from .token import B64TOKEN

Source = Union[None, str, Callable[[], Optional[str]]]

# The header of a message of Celery's in which task_headers() puts a token.
HEADER = "authz_token"


class task_as(as_token):
    """as_token() whose token is fetched when the task runs::

        @app.task
        @authz.task_as(fetch_token)         # a function without arguments
        def report(): ...

    Also with "with".  A token that is there when the code is loaded has expired
    when the task runs, so what it takes is what can get one.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(None)
        self.source = source

    def login(self) -> Login:
        return Login(self.source() if callable(self.source) else self.source)

    def again(self) -> task_as:
        return type(self)(self.source)


# ---- begin and end ----

class Begun:
    """A task that runs.

    key     by which it is known
    login   as whom it began
    before  what was in force, for a task within a request or another task
    outer   that task
    """

    def __init__(self, key: object, login: Login, before: Login | None,
                 outer: Begun | None) -> None:
        self.key, self.login, self.before, self.outer = key, login, before, outer


_begun: ContextVar[Optional[Begun]] = ContextVar("dbmi_authz_task", default=None)


def begin(key: object, login: Login, alone: bool = False) -> None:
    """alone: in a worker, where what the context has is left from others."""
    before, outer = entered(), _begun.get()
    enter(login)        # first of all: signals of Celery pass over what fails
    if alone:
        end_all(before, None)
        before = outer = None
        let_go()
    _begun.set(Begun(key, login, before, outer))


def end(key: object) -> None:
    begun = _begun.get()
    while begun is not None and begun.key != key:
        begun = begun.outer
    if begun is None:
        return
    login = entered()
    enter(begun.before)
    _begun.set(begun.outer)
    end_all(login, begun.login)
    begun.login.finish()
    if begun.before is None:
        let_go()


def end_all(login: Login | None, until: Login | None) -> None:
    """What was entered and not left."""
    while login is not None and login is not until:
        login.finish()
        login = login.before


def let_go() -> None:
    for connection in opened_connections():
        handover = handover_of(connection)
        if handover is not None:
            handover.let_go()


@contextmanager
def in_task() -> Iterator[None]:
    """For queues without signals that we know: around the run of each task::

        with authz.in_task():
            run()
    """
    key = object()
    begin(key, Login(None))
    try:
        yield
    finally:
        end(key)


# ---- Celery ----

def task_headers(token: str | None = None) -> Dict[str, str]:
    """For one message: the task runs with this token, or with that of now::

        report.apply_async(args, headers=authz.task_headers())

    Anyone who reads the queue can use it.
    """
    if token is None:
        login = current()
        token = None if login is None else login.token
    return {} if token is None else {HEADER: str(token)}


def before_run(task: Any = None, task_id: Any = None, **kwargs: Any) -> None:
    """Receiver of task_prerun."""
    login = Login(None)
    request = task.request
    begin(task_id, login, alone=not request.is_eager)
    refuse(login)       # until the token is known to be one
    take(login, request)


def take(login: Login, request: Any) -> None:
    token = getattr(request, HEADER, None)
    headers = request.headers
    if token is None and isinstance(headers, dict):
        token = headers.get(HEADER)
    if token is None:
        login.refused = None
    elif isinstance(token, str) and re.fullmatch(B64TOKEN, token):
        login.token = Concealed(token)
        login.refused = None
        # so that it does not show when the request is printed
        setattr(request, HEADER, login.token)
        if isinstance(headers, dict) and HEADER in headers:
            request.headers = {**headers, HEADER: login.token}


def refuse(login: Login) -> None:
    login.refused = MalformedRequest.default


def after_run(task_id: Any = None, **kwargs: Any) -> None:
    """Receiver of task_postrun."""
    end(task_id)


def before_publish(headers: Any = None, **kwargs: Any) -> None:
    """Receiver of before_task_publish: a task that is tried again keeps what its
    message had.  No other message gets a token here."""
    begun = _begun.get()
    if begun is not None and begun.login.token is not None and isinstance(headers, dict) \
            and headers.get("id") == begun.key and headers.get("retries"):
        headers.setdefault(HEADER, str(begun.login.token))


# ---- Django's tasks ----

def started(task_result: Any = None, **kwargs: Any) -> None:
    begin(("django", task_result.id), Login(None))


def finished(task_result: Any = None, **kwargs: Any) -> None:
    end(("django", task_result.id))


# ---- signals ----

def install() -> None:
    celery = imported("celery.signals")
    if celery is not None:
        connect(celery.task_prerun, before_run)
        connect(celery.task_postrun, after_run)
        connect(celery.before_task_publish, before_publish)
    for name in ("django.tasks.signals",
                 *(["django_tasks.signals"] if apps.is_installed("django_tasks") else [])):
        tasks = imported(name)
        if hasattr(tasks, "task_started"):
            connect(tasks.task_started, started)
            connect(tasks.task_finished, finished)


def imported(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


def connect(signal: Any, receiver: Callable[..., None]) -> None:
    signal.connect(receiver, weak=False, dispatch_uid="dbmi_authz_django.tasks")
