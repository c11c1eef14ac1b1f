"""Whose queries these are: one Login for each request or "with as_token()".

The login of now is in a context variable, so threads and tasks have theirs,
and sync_to_async() and async_to_sync() carry it along.  The database hears of
it when the first query is sent: see handover.py.
"""
from contextlib import ContextDecorator
from contextvars import ContextVar
from functools import wraps

from asgiref.sync import sync_to_async

from .compat import iscoroutinefunction
from .concealed import Concealed

_login = ContextVar("dbmi_authz_login", default=None)


class Login:
    """A token and what became of it.

    token      None: nobody, and no connection may say otherwise
    optional   a refused token makes a query nobody's instead of an error
    refused    the Unauthorized with which the database refused it
    finished   it must not reach a connection any more
    """
    __slots__ = ("token", "optional", "refused", "finished", "connections", "identities")

    def __init__(self, token, optional=False):
        self.token = None if token is None else Concealed(token)
        self.optional = optional
        self.refused = None
        self.finished = False
        self.connections = set()    # Handovers that have adopted it
        self.identities = {}        # alias -> Identity

    def finish(self):
        """Take the identity off every connection that has it.  Never raises."""
        self.finished = True
        while self.connections:     # first said, then looked: see Handover.bring()
            self.connections.pop().release(self)

    async def afinish(self):
        """The same from a coroutine, in the thread where Django has its connections."""
        self.finished = True
        if self.connections:
            await sync_to_async(self.finish, thread_sensitive=True)()


def current():
    """The login in force here, or None where nobody has said anything."""
    login = _login.get()
    # a task that outlives its request has nobody's rights
    return NOBODY if login is not None and login.finished else login


def enter(login):
    return _login.set(login)


def leave(mark):
    _login.reset(mark)


NOBODY = Login(None)


class as_token(ContextDecorator):
    """Run queries with a token, in tasks, commands and tests::

        with as_token(token):
            Note.objects.all()

    Also "async with", and as a decorator of both kinds of functions.  May be nested: the
    inner one counts, and afterwards the outer one again.  None is nobody.  A
    token that is refused raises Unauthorized at the first query.
    """

    def __init__(self, token):
        self.token = None if token is None else Concealed(token)
        self.entered = []

    def _recreate_cm(self):
        return type(self)(self.token)

    def __call__(self, function):
        if not iscoroutinefunction(function):
            return super().__call__(function)

        @wraps(function)
        async def inner(*args, **kwargs):
            async with self._recreate_cm():
                return await function(*args, **kwargs)
        return inner

    def __enter__(self):
        login = Login(self.token)
        self.entered.append((login, enter(login)))
        return login

    def __exit__(self, *exc_info):
        login, mark = self.entered.pop()
        try:
            leave(mark)
        finally:
            login.finish()

    async def __aenter__(self):
        return self.__enter__()

    async def __aexit__(self, *exc_info):
        login, mark = self.entered.pop()
        try:
            leave(mark)
        finally:
            await login.afinish()
