"""A response that streams has the login of its request until its end.

Django lets such a response vanish: code that makes another one in its place,
like ConditionalGetMiddleware, drops it without closing it.  So the login ends

* when the content is exhausted, or raises;
* when the response is closed, or whichever was sent in its place: Django
  closes the request then;
* when nothing holds the content any longer.  Then it only counts as finished,
  because Python may collect it in the middle of anything; the next use of the
  connection takes it off (handover.py).
"""
from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from .login import Login, Parts


def keep_while_streaming(login: Login, request: HttpRequest, response: Any) -> bool:
    """True if the login is needed after the response was made."""
    if not response.streaming or getattr(response, "file_to_stream", None) is not None:
        return False
    kind: type[Lasting] = AsyncContent if getattr(response, "is_async", False) else Content
    # Not of Django's streaming_content, which has the response: neither would go
    # before Python's collector comes.
    content = response._iterator if hasattr(response, "_iterator") else response.streaming_content
    response.streaming_content = kind(login, content)       # closed with the response
    close = request.close

    def close_and_finish() -> None:
        try:
            close()
        finally:
            login.finish()

    request.close = close_and_finish
    return True


class Lasting:
    """The login is in force while the next part is made, not in between: the
    server may do other things there."""

    def __init__(self, login: Login, content: Any) -> None:
        self.login = login
        self.parts = Parts(login)
        self.content = content

    def close(self) -> None:
        self.login.finish()

    def __del__(self) -> None:
        self.login.finished = True


class Content(Lasting):
    def __iter__(self) -> Content:
        return self

    def __next__(self) -> Any:
        try:
            with self.parts:
                return next(self.content)
        except BaseException:       # its end too
            self.login.finish()
            raise


class AsyncContent(Lasting):
    def __aiter__(self) -> AsyncContent:
        return self

    async def __anext__(self) -> Any:
        try:
            with self.parts:
                return await self.content.__anext__()
        except BaseException:
            await self.login.afinish()
            raise
