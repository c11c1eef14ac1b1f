"""As whom the database was asked while a response was made.

What was made as somebody is not for Django's caches (caches.py), and they must
know before a middleware sees the response: a decorator keeps it as soon as the
view returns.  So it is noted with each statement (handover.py).
"""
from contextvars import ContextVar
from weakref import ref

_asked = ContextVar("dbmi_authz_asked", default=None)

ENOUGH = 3      # nobody and two others: more of them say nothing new


class Asked:
    """Of one request.  It is in the context, so threads and tasks that have a
    copy of that note here too.

    logins   the Logins with a token; None among them stands for nobody
    outer    the Asked of a request within which this one is made.  Weak: a
             context keeps the last one, and the next has that for its outer one
    """
    __slots__ = ("logins", "outer", "__weakref__")

    def __init__(self, outer):
        self.logins = set()
        self.outer = None if outer is None else ref(outer)

    def note(self, login):
        if login in self.logins:
            return
        if len(self.logins) < ENOUGH:
            self.logins.add(login)
        outer = self.outer and self.outer()
        if outer is not None:
            outer.note(login)

    def by_others(self, login):
        """As somebody else than this one?  None: as anybody?"""
        return bool(self.logins - {None, login})


def begin(request):
    """What is asked from here on is asked for this request."""
    asked = getattr(request, "authz_asked", None)
    if asked is None:
        asked = request.authz_asked = Asked(_asked.get())
    _asked.set(asked)
    return asked


def asked_here():
    """The Asked of now; None outside of requests."""
    return _asked.get()


def note(login):
    asked = _asked.get()
    if asked is not None:
        asked.note(None if login.token is None else login)
