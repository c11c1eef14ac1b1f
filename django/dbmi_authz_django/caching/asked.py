"""As whom the database was asked while a response was made.

What was made as somebody is not for Django's caches (caches.py), and they must
know before a middleware sees the response: a decorator keeps it as soon as the
view returns.  So it is noted with each statement (handover.py).
"""
from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Iterator, Optional

from django.http import HttpRequest

from ..login import Login

_asked: ContextVar[Optional[Asked]] = ContextVar("dbmi_authz_asked", default=None)

ENOUGH = 3      # nobody and two others: more of them say nothing new


class Log:
    """The last logins in whose name something was asked, and when.

    One for a context and all that comes from it: a thread of a server has it
    for its requests, one after another or within another, and tasks and threads
    with a copy of the context share it.  None stands for nobody.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()   # Python may collect what asks on its way out
        self.now = 0
        self.last: dict[Login | None, int] = {}

    def note(self, login: Login | None) -> None:
        with self.lock:
            self.now += 1
            self.last[login] = self.now     # never missing: others read meanwhile
            if len(self.last) > ENOUGH:
                self.last.pop(min(self.last, key=self.last.__getitem__))

    def since(self, moment: int) -> list[Login | None]:
        return [login for login, when in self.last.copy().items() if when > moment]


class Asked:
    """As whom, from now on: for one request."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.moment = log.now

    def at_all(self) -> bool:
        return bool(self.log.since(self.moment))

    def logins(self) -> list[Login | None]:
        return self.log.since(self.moment)

    def as_somebody(self, but: Login | None = None) -> bool:
        """Other than this login."""
        return any(login not in (None, but) for login in self.log.since(self.moment))


def begin(request: HttpRequest) -> Asked:
    """What is asked from here on is asked for this request."""
    asked: Asked | None = getattr(request, "authz_asked", None)
    if asked is None:
        before = _asked.get()
        asked = request.authz_asked = Asked(Log() if before is None else before.log)
    _asked.set(asked)
    return asked


def asked_here() -> Asked | None:
    """The Asked of the request that began last; None where none did."""
    return _asked.get()


@contextmanager
def noted() -> Iterator[Asked]:
    """For a block.  Where no request has begun, in tasks and commands, it is one of its own."""
    asked = _asked.get()
    if asked is not None:
        yield asked
        return
    asked = Asked(Log())
    mark = _asked.set(asked)
    try:
        yield asked
    finally:
        _asked.reset(mark)


def note(login: Login) -> None:
    asked = _asked.get()
    if asked is not None:
        asked.log.note(None if login.token is None else login)
