"""Who may do what on the pages, and as whom the database is asked.

What changes something takes two: a superuser of Django's, and a token of which
authz.is_admin() is true.  That is asked on the visitor's own connection to show
a button, and asked again in the very transaction that changes something, on the
owner's connection with the visitor's token, so that a token that has ended in
between, or that another database believes, changes nothing; and so that
authz.trust_log names the visitor.
"""
from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Optional, Tuple

from django.core import signing
from django.db import DEFAULT_DB_ALIAS, connections, router, transaction
from django.http import HttpRequest

from ..connection import drivers
from ..conf import conf
from ..errors import Forbidden, Unauthorized
from ..connection.handover import Handover
from ..identity import ask, identity
from ..login import Login, current

SALT = "dbmi_authz_django.administration"
CONFIRM_WITHIN = 600        # seconds that a confirmation page is good for


def visitor_alias() -> str:
    """Whose connections know the visitor."""
    alias: str = DEFAULT_DB_ALIAS if DEFAULT_DB_ALIAS in conf.databases else conf.databases[0]
    return alias


def login_here() -> Optional[Login]:
    """The login of the request, if it brought a token."""
    login = current()
    return None if login is None or login.token is None else login


def visitor() -> Any:
    """The Identity of the visitor."""
    return identity(visitor_alias())


def is_superuser(request: HttpRequest) -> bool:
    user = request.user
    return bool(user.is_active and user.is_staff and user.is_superuser)


def administers(request: HttpRequest) -> bool:
    """Whether buttons are shown: asked once for a request."""
    known = getattr(request, "authz_administers", None)
    if known is None:
        known = is_superuser(request) and token_administers(request)
        request.authz_administers = known
    return bool(known)


def token_administers(request: HttpRequest) -> bool:
    known = getattr(request, "authz_token_administers", None)
    if known is None:
        known = login_here() is not None and bool(ask("is_admin", using=visitor_alias()))
        request.authz_token_administers = known
    return bool(known)


def insist(request: HttpRequest) -> None:
    """Before anything is changed: nothing of what was found earlier counts."""
    if not is_superuser(request):
        raise Forbidden()
    if login_here() is None:
        raise Unauthorized()
    if not ask("is_admin", using=visitor_alias()):
        raise Forbidden()


def adopt(connection: Any, login: Login) -> None:
    """Tell a connection of the owner's whose work it does, for its transaction."""
    connection.ensure_connection()
    handover = Handover(connection)
    handover.found(connection.connection, None)
    handover.run(drivers.adopt, "set_token", login.token, True)


@contextmanager
def as_owner_for(cursor_of: Any) -> Iterator[Any]:
    """A cursor of this connection, in a transaction that has the visitor's
    identity, after is_admin() said yes there."""
    login = login_here()
    if login is None:
        raise Unauthorized()
    with cursor_of.cursor() as cursor:
        adopt(cursor_of, login)
        cursor.execute("SELECT authz.is_admin()")
        if not cursor.fetchone()[0]:
            raise Forbidden()
        yield cursor


@contextmanager
def owner() -> Iterator[Any]:
    """To change something, or to ask what only the owner may: a cursor of
    ADMIN_DATABASE in a transaction that ends with the block."""
    connection = connections[conf.admin_database]
    with transaction.atomic(using=conf.admin_database):
        with as_owner_for(connection) as cursor:
            yield cursor
            # in a transaction around ours, of ATOMIC_REQUESTS or a test, it would go on
            cursor.execute("SELECT authz.clear_token()")


@contextmanager
def owner_apart() -> Iterator[Any]:
    """The same on a connection of its own, which is closed afterwards: for what
    leaves its mark on the transaction.  Everything is rolled back."""
    connection = connections[conf.admin_database].copy()
    try:
        connection.set_autocommit(False)
        with as_owner_for(connection) as cursor:
            yield cursor
    finally:
        connection.close()


# ---- confirmations ----

def seal(request: HttpRequest, what: Tuple[Any, ...]) -> str:
    """Of a confirmation page: who was asked, and what.  What is confirmed by
    somebody else, as somebody else, or too late, does not count."""
    return str(signing.dumps([*who(request), *what], salt=SALT))


def sealed(request: HttpRequest, given: str, what: Tuple[Any, ...]) -> bool:
    try:
        found = signing.loads(given, salt=SALT, max_age=CONFIRM_WITHIN)
    except signing.BadSignature:
        return False
    return bool(found == [*who(request), *what])


def who(request: HttpRequest) -> Tuple[str, Optional[str], Optional[str]]:
    me = visitor()
    return str(request.user.pk), me.issuer, me.subject


# ---- Django's history ----

@contextmanager
def noted(request: HttpRequest, model: Any, key: str, name: str, flag: int,
          message: str) -> Iterator[None]:
    """A block in which an entry of Django's history stands or falls with what is
    done.  The entry comes first: nothing is done that could not be noted."""
    from django.contrib.admin.models import LogEntry
    from django.contrib.contenttypes.models import ContentType
    with transaction.atomic(using=router.db_for_write(LogEntry)):
        me = visitor()
        LogEntry.objects.create(
            user_id=request.user.pk,
            content_type_id=ContentType.objects.get_for_model(model).pk,
            object_id=key, object_repr=name[:200], action_flag=flag,
            change_message="%s (as %s of %s)" % (message, me.subject, me.issuer))
        yield
