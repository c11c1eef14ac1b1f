"""For views of plain Django."""
from functools import wraps

from asgiref.sync import sync_to_async

from .compat import iscoroutinefunction
from .errors import Forbidden, Unauthorized


def requires(requirement):
    """The view answers 401 without a good token, and 403 unless the database
    says yes to the requirement (requirements.py)::

        @requires(HasScope("notes:write") & ~HasRole("guest"))
        def view(request): ...

    Rows are the business of policies.  For a class-based view use
    method_decorator(requires(...), name="dispatch").
    """
    def decorate(view):
        if iscoroutinefunction(view):
            @wraps(view)
            async def wrapped(request, *args, **kwargs):
                await sync_to_async(insist, thread_sensitive=True)(requirement, request, kwargs)
                return await view(request, *args, **kwargs)
        else:
            @wraps(view)
            def wrapped(request, *args, **kwargs):
                insist(requirement, request, kwargs)
                return view(request, *args, **kwargs)
        return wrapped
    return decorate


def insist(requirement, request, kwargs):
    authenticated, granted = requirement.judge(request, kwargs)
    if not authenticated:
        raise Unauthorized()
    if not granted:
        raise Forbidden()


def token_optional(view):
    """A bad token does not matter to this view: the request is nobody's then.

    Otherwise it is refused with 401, also by views that are open to everybody.
    Put it outermost: other decorators may hide it.
    """
    view.authz_token_optional = True
    return view
