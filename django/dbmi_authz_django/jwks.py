"""Fetching a JWK set: bounded in time, size and where it may come from."""
from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any, Callable
from urllib.parse import urlsplit


class FetchError(Exception):
    """Why there is no JWK set; the message is for people."""


class Redirects(urllib.request.HTTPRedirectHandler):
    """Three at most, and none to another scheme than those allowed."""
    max_redirections = 3
    max_repeats = 2

    def __init__(self, schemes: tuple[str, ...]) -> None:
        self.schemes = schemes

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any,
                         newurl: str) -> urllib.request.Request | None:
        check_scheme(newurl, self.schemes)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def check_scheme(url: str, schemes: tuple[str, ...]) -> None:
    scheme = urlsplit(url).scheme
    if scheme not in schemes:
        raise FetchError("%s is not allowed, only %s" % (
            "scheme %s" % scheme if scheme else "a URL without scheme", " and ".join(schemes)))


def fetch(url: str, timeout: float, max_size: int, insecure_http: bool = False) -> str:
    """The text of the JWK set behind a URL.

    timeout is for the whole of it, in seconds; max_size in bytes.
    """
    schemes: tuple[str, ...] = ("https", "http") if insecure_http else ("https",)
    check_scheme(url, schemes)
    opener = urllib.request.OpenerDirector()        # without file:, ftp: and data:
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.ProxyHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPErrorProcessor(),
        Redirects(schemes)]
    if insecure_http:
        handlers.append(urllib.request.HTTPHandler())
    for handler in handlers:
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers={
        "Accept": "application/jwk-set+json, application/json"})
    return in_time(lambda: download(opener, request, timeout, max_size), timeout)


def in_time(work: Callable[[], str], timeout: float) -> str:
    """Time-outs of sockets begin again with each byte; this one does not."""
    done: list[tuple[str, Exception | None]] = []

    def run() -> None:
        try:
            done.append((work(), None))
        except Exception as error:
            done.append(("", error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout)
    if not done:
        raise FetchError("timed out")
    text, error = done[0]
    if error is not None:
        raise error
    return text


def download(opener: urllib.request.OpenerDirector, request: urllib.request.Request,
             timeout: float, max_size: int) -> str:
    try:
        with opener.open(request, timeout=timeout) as response:
            return checked(read(response, max_size))
    except urllib.error.HTTPError as error:
        error.close()
        raise FetchError("HTTP status %d" % error.code) from None
    except urllib.error.URLError as error:
        raise FetchError(str(error.reason)) from None
    except (OSError, ValueError, HTTPException) as error:
        raise FetchError(str(error) or type(error).__name__) from None


def read(response: Any, max_size: int) -> bytes:
    data = response.read(max_size + 1)
    if len(data) > max_size:
        raise FetchError("more than %d bytes" % max_size)
    return data


def read_file(path: str, max_size: int) -> str:
    try:
        with open(path, "rb") as f:
            data = f.read(max_size + 1)
    except OSError as error:
        raise FetchError(error.strerror) from None
    if len(data) > max_size:
        raise FetchError("more than %d bytes" % max_size)
    return checked(data)


def checked(data: bytes) -> str:
    """Is it a JWK set at all?  What the keys are worth, the database decides."""
    try:
        text = data.decode("utf-8")
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise FetchError("not JSON") from None
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise FetchError('not a JWK set: no list "keys"')
    return text
