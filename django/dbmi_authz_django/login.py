"""Whose queries these are: one Login for each request or "with as_token()".

The login of now is in a context variable, so threads and tasks have theirs,
and sync_to_async() and async_to_sync() carry it along.  The database hears of
it when the first query is sent: see handover.py.

A generator has no context of its own but that of the code that asks it for the next
part.  So a login remembers the generator in which it was entered, and is in
force only while that runs.
"""
from __future__ import annotations

import sys
from contextvars import ContextVar, Token
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR, CO_ITERABLE_COROUTINE
from threading import get_ident
from types import FrameType
from typing import Any, Dict, Optional, Set, TypeVar

from asgiref.sync import sync_to_async

from .concealed import Concealed

F = TypeVar("F")


class Login:
    """A token and what became of it.

    token      None: nobody, and no connection may say otherwise
    optional   a refused token makes a query nobody's instead of an error
    refused    the Unauthorized with which the database refused it
    finished   it must no longer reach a connection

    and of an as_token():

    by         that object
    before     the login around it
    generator  the frame of the generator in which the "with" stands
    thread     that entered it
    """
    __slots__ = ("token", "optional", "refused", "finished", "connections", "identities",
                 "by", "before", "generator", "thread")

    def __init__(self, token: str | None, optional: bool = False) -> None:
        self.token = None if token is None else Concealed(token)
        self.optional = optional
        self.refused: Any = None
        self.finished = False
        self.connections: Set[Any] = set()      # Handovers that have adopted it
        self.identities: Dict[str, Any] = {}    # alias -> Identity
        self.by: Any = None
        self.before: Login | None = None
        self.generator: FrameType | None = None
        self.thread = 0

    def __reduce__(self) -> Any:
        raise TypeError("a login holds a token, and is not for pickles")

    def __copy__(self) -> Login:
        return self

    def __deepcopy__(self, memo: Any) -> Login:
        return self

    def finish(self) -> None:
        """Take the identity off every connection that has it.  Never raises."""
        self.finished = True
        self.rest()

    async def afinish(self) -> None:
        """The same from a coroutine, in the thread where Django has its connections."""
        self.finished = True
        await self.arest()

    def rest(self) -> None:
        """The same for a while."""
        while self.connections:     # first said, then looked: see Handover.bring()
            self.connections.pop().release(self)

    async def arest(self) -> None:
        if self.connections:
            await sync_to_async(self.rest, thread_sensitive=True)()

    @property
    def in_force(self) -> bool:
        return not self.finished and (self.generator is None or runs(self))


_login: ContextVar[Optional[Login]] = ContextVar("dbmi_authz_login", default=None)


def current() -> Login | None:
    """The login in force here, or None where nobody has said anything."""
    login = _login.get()
    while login is not None and login.generator is not None and not runs(login):
        login = login.before
    # a task that outlives its request has nobody's rights
    return NOBODY if login is not None and login.finished else login


def entered() -> Login | None:
    """What was entered last here, in force or not."""
    return _login.get()


def enter(login: Login | None) -> Token[Optional[Login]]:
    return _login.set(login)


def leave(mark: Token[Optional[Login]]) -> None:
    _login.reset(mark)


class Parts:
    """A login in force for one part of something after the other::

        parts = Parts(login)
        with parts:         # for each of them
            next(generator)

    What a part leaves entered, the next one finds.
    """

    def __init__(self, login: Login) -> None:
        self.within: Login | None = login

    def __enter__(self) -> None:
        self.mark = enter(self.within)

    def __exit__(self, *exc_info: object) -> None:
        self.within = _login.get()
        leave(self.mark)


NOBODY = Login(None)


# ---- generators ----

def runs(login: Login) -> bool:
    """Does the generator work just now?  In the thread that entered, then it is
    on the stack: another thread may have taken it on.  Threads that came later
    have their context from within it."""
    if login.thread != get_ident():
        assert login.generator is not None
        return login.generator.f_back is not None
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not login.generator:
        frame = frame.f_back
    return frame is not None


# What runs a generator on behalf of somebody who wants to be within it.
CONTEXTS = ("contextlib", "_pytest.", "pytest_")


def generator_around(frame: FrameType | None) -> FrameType | None:
    """The generator to which a "with" in this frame belongs, or None.  That of a
    @contextmanager or of a fixture stands for the code that uses it."""
    while frame is not None:
        flags = frame.f_code.co_flags
        if flags & (CO_GENERATOR | CO_ASYNC_GENERATOR) and not flags & CO_ITERABLE_COROUTINE:
            if not is_context(frame.f_back):
                return frame
        elif not is_context(frame):
            return None
        frame = frame.f_back
    return None


def is_context(frame: FrameType | None) -> bool:
    return frame is not None and str(frame.f_globals.get("__name__")).startswith(CONTEXTS)


# ---- with as_token() ----

class as_token:
    """Run queries with a token, in tasks, commands and tests::

        with as_token(token):
            Note.objects.all()

    Also "async with", and as a decorator of functions, coroutines and
    generators (steps.py).  May be nested: the inner one counts, and afterwards
    the outer one again.  None is nobody.  A token that is refused raises
    Unauthorized at the first query.

    One object serves any number of threads, tasks and generators at once.
    """

    def __init__(self, token: str | None) -> None:
        self.token = None if token is None else Concealed(token)
        self.entered: Set[Login] = set()

    def __reduce__(self) -> Any:
        raise TypeError("as_token() holds a token, and is not for pickles")

    def __copy__(self) -> as_token:
        return self

    def __deepcopy__(self, memo: Any) -> as_token:
        return self

    def login(self) -> Login:
        """A new one, for each time that it is entered."""
        return Login(self.token)

    def again(self) -> as_token:
        """The same for one call of a decorated function."""
        return type(self)(self.token)

    def __call__(self, function: F) -> F:
        from .steps import decorated
        return decorated(self.again, function)

    def __enter__(self) -> Login:
        return self.enter(sys._getframe(1))

    def __exit__(self, *exc_info: object) -> None:
        for login in self.leave(sys._getframe(1), exc_info[0]):
            login.finish()

    async def __aenter__(self) -> Login:
        return self.enter(sys._getframe(1))

    async def __aexit__(self, *exc_info: object) -> None:
        for login in self.leave(sys._getframe(1), exc_info[0]):
            await login.afinish()

    def enter(self, frame: FrameType | None) -> Login:
        generator = generator_around(frame)
        if generator is not None and generator.f_code.co_flags & CO_ASYNC_GENERATOR:
            raise RuntimeError(
                "as_token() within an async generator would be in force for the code that asks it for "
                "parts.  Decorate the generator with it, or use it where the parts are asked for.")
        login = self.login()
        before = _login.get()
        while before is not None and before.generator is not None and before.finished:
            before = before.before      # closed in another context
        login.by, login.before = self, before
        login.generator, login.thread = generator, get_ident()
        self.entered.add(login)
        _login.set(login)
        return login

    def leave(self, frame: FrameType | None, why: object) -> Set[Login]:
        """What is then to be taken off the connections."""
        generator = generator_around(frame)
        login = taken_out(self, generator)
        if login is not None:
            self.entered.discard(login)
            left = {login}
        else:
            # Entered in another context.  There it stays, and is nobody.
            left = {each for each in list(self.entered) if each.generator is generator}
            self.entered -= left
        for each in left:
            each.finished = True
        if why is GeneratorExit:
            # Perhaps by Python's collector, in the middle of anything.  The next use
            # of the connection takes it off (handover.py).
            return set()
        if login is None and (len(left) != 1 or generator is not None):
            raise RuntimeError(
                "as_token() is left in a context that did not enter it, such as that of another "
                "thread.  What it was in force for has ended.  A generator that goes from one to "
                "another is decorated with as_token() instead.")
        return left


def taken_out(by: as_token, generator: FrameType | None) -> Login | None:
    """The innermost login of this object and generator, which counts no more here."""
    inner, login = None, _login.get()
    while login is not None and not (login.by is by and login.generator is generator):
        inner, login = login, login.before
    if login is not None:
        if inner is None:
            _login.set(login.before)
        else:
            inner.before = login.before     # not left in the order in which they came
    return login
