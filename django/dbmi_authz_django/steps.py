"""as_token() as a decorator: of whatever runs later than it is called.

A generator's body runs when somebody asks for the next part, a coroutine's when
it is awaited.  They have the login then, and in between nobody has it.
"""
from __future__ import annotations

import inspect
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import partial, wraps
from typing import Any, AsyncGenerator, Callable, Generator, TypeVar, cast

from .compat import iscoroutinefunction
from .login import Login, Parts, as_token

F = TypeVar("F")
Again = Callable[[], as_token]


def decorated(again: Again, function: F) -> F:
    """function, with the login of as_token() in force whenever it runs."""
    if isinstance(function, (classmethod, staticmethod)):
        kind: Any = type(function)
        return kind(decorated(again, function.__func__))
    refuse(function)
    call: Any = function
    if iscoroutinefunction(call):
        @wraps(call)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            return await awaited(again, call(*args, **kwargs))
        return coroutine        # type: ignore
    if inspect.isasyncgenfunction(call):
        return wraps(call)(async_steps(again, call))    # type: ignore
    if inspect.isgeneratorfunction(call):
        @wraps(call)
        def generator(*args: Any, **kwargs: Any) -> Any:
            return (yield from steps(again, call(*args, **kwargs)))
        return generator        # type: ignore

    @wraps(call)
    def inner(*args: Any, **kwargs: Any) -> Any:
        with again():
            made = call(*args, **kwargs)
        return later(again, made)
    return inner        # type: ignore


def refuse(function: Any) -> None:
    if inspect.isclass(function):
        raise TypeError("as_token() decorates functions and methods, not the class %s; for a "
                        "view's class use method_decorator(as_token(...), name=\"dispatch\")"
                        % function.__name__)
    if hasattr(function, "apply_async") or hasattr(function, "enqueue"):
        raise TypeError("as_token() is around a task, which runs elsewhere: write the decorator "
                        "that makes the task above it, not below")
    if not callable(function):
        raise TypeError("as_token() decorates functions and methods, not %s"
                        % type(function).__name__)


def later(again: Again, made: Any) -> Any:
    """What a function returns that has yet to run."""
    if inspect.iscoroutine(made):
        return awaited(again, made)
    if inspect.isasyncgen(made):
        return async_steps(again, lambda: cast("AsyncGenerator[Any, Any]", made))()
    if inspect.isgenerator(made):
        return steps(again, made)
    if isinstance(made, (AbstractContextManager, AbstractAsyncContextManager)) \
            and hasattr(made, "gen"):
        raise TypeError("as_token() around a context manager is over before its block begins: "
                        "write \"with as_token(token), %s(...):\""
                        % getattr(made.gen, "__name__", "manager"))
    return made


async def awaited(again: Again, coroutine: Any) -> Any:
    async with again():
        return await coroutine


def steps(again: Again, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Each part with the login, which the connection has no longer than that."""
    login = again().login()
    parts = Parts(login)
    resume: Callable[[], Any] = partial(next, generator)
    try:
        while True:
            try:
                part = in_force(login, parts, resume)
            except StopIteration as ended:
                return ended.value
            try:
                sent = yield part
            except GeneratorExit:
                in_force(login, parts, generator.close)
                raise
            except BaseException as error:
                resume = partial(generator.throw, error)
            else:
                resume = partial(generator.send, sent)
    finally:
        login.finished = True


def in_force(login: Login, parts: Parts, function: Callable[[], Any]) -> Any:
    try:
        with parts:
            return function()
    finally:
        login.rest()


def async_steps(again: Again, function: Callable[..., AsyncGenerator[Any, Any]]) \
        -> Callable[..., AsyncGenerator[Any, Any]]:
    async def generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        made = function(*args, **kwargs)
        login = again().login()
        parts = Parts(login)
        resume: Callable[[], Any] = made.__anext__
        try:
            while True:
                try:
                    part = await async_in_force(login, parts, resume)
                except StopAsyncIteration:
                    return
                try:
                    sent = yield part
                except GeneratorExit:
                    await async_in_force(login, parts, made.aclose)
                    raise
                except BaseException as error:
                    resume = partial(made.athrow, error)
                else:
                    resume = partial(made.asend, sent)
        finally:
            login.finished = True
    return generator


async def async_in_force(login: Login, parts: Parts, function: Callable[[], Any]) -> Any:
    try:
        with parts:
            return await function()
    finally:
        await login.arest()
