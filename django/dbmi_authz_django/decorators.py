"""For views of plain Django."""
from __future__ import annotations

from functools import wraps
from typing import Any, Callable, TypeVar

from asgiref.sync import sync_to_async
from django.http import HttpRequest

from .compat import iscoroutinefunction
from .errors import Forbidden, Unauthorized
from .requirements import Requirement

F = TypeVar("F", bound=Callable[..., Any])


def requires(requirement: Requirement) -> Callable[[F], F]:
    """The view answers 401 without a good token, and 403 unless the database
    says yes to the requirement (requirements.py)::

        @requires(HasScope("notes:write") & ~HasRole("guest"))
        def view(request): ...

    Rows are the business of policies.  For a class-based view use
    method_decorator(requires(...), name="dispatch").
    """
    def decorate(view: F) -> F:
        if iscoroutinefunction(view):
            @wraps(view)
            async def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                await sync_to_async(insist, thread_sensitive=True)(requirement, request, kwargs)
                return await view(request, *args, **kwargs)
        else:
            @wraps(view)
            def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                insist(requirement, request, kwargs)
                return view(request, *args, **kwargs)
        return wrapped      # type: ignore[return-value]
    return decorate


def insist(requirement: Requirement, request: HttpRequest, kwargs: dict[str, Any]) -> None:
    authenticated, granted = requirement.judge(request, kwargs)
    if not authenticated:
        raise Unauthorized()
    if not granted:
        raise Forbidden()


def token_optional(view: F) -> F:
    """A bad token does not matter to this view: the request is nobody's then.

    Otherwise it is refused with 401, also by views that are open to everybody.
    Put it outermost: other decorators may hide it.
    """
    view.authz_token_optional = True        # type: ignore[attr-defined]
    return view
