"""Arguments and errors of httpx2 for both clients."""

import math
import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

import httpx2

from promptuary_client import errors
from promptuary_client.change_log import EVENT_STREAM
from promptuary_client.settings import Settings
from promptuary_client.wire import MAX_BODY, Answer, Request, error_of

T = TypeVar("T")

# Errors of a request on a connection that the server has just closed.
BROKEN = (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError)

# Errors between the first byte sent and the last one received. A client that was closed meanwhile is a `RuntimeError`.
FAILURES = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, RuntimeError, ValueError, ImportError)

SILENCE_SECONDS = 45.0
"""Maximum silence of a stream. The server sends a heartbeat every 15 seconds."""

LAG_SECONDS = 0.25
"""Pause before a second request to a server that did not know a change yet."""


def load_certificates(settings: Settings) -> Settings:
    """Return the settings with the certificates of authorities loaded, for all connections. Loading takes longer than a fetch.

    What cannot be loaded is tried again with each new connection, whose request reports it.
    """
    if isinstance(settings.verify, ssl.SSLContext):
        return settings
    try:
        return replace(settings, verify=httpx2.create_ssl_context(settings.verify))
    except FAILURES:
        return settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Return the arguments of an httpx2 client. Redirects are not followed: the key is for this host only."""
    own = {**settings.headers, "Authorization": f"Bearer {settings.api_key}", "Accept": "application/json"}
    return {
        "base_url": settings.host,
        "headers": own if "user-agent" in map(str.lower, own) else own | {"User-Agent": _user_agent()},
        "verify": settings.verify,
        "follow_redirects": False,
    }


def open_http(settings: Settings) -> httpx2.Client:
    """Return new connections for threads. Raises one of `FAILURES`."""
    return _open(httpx2.Client, settings)


def open_async_http(settings: Settings) -> httpx2.AsyncClient:
    """Return new connections for an event loop. Raises one of `FAILURES`."""
    return _open(httpx2.AsyncClient, settings)


def _open(kind: type[T], settings: Settings) -> T:
    if settings.verify is True:
        # They could not be loaded before.
        settings = replace(settings, verify=_load_default_certificates())
    try:
        made = (settings.http_client_factory or kind)(**client_options(settings))
    except FAILURES:
        raise
    except Exception as failure:
        raise RuntimeError(f"`http_client_factory` failed: {failure!r}") from failure
    if not isinstance(made, kind):
        raise errors.ConfigurationError(f"`http_client_factory` must return an httpx2.{kind.__name__}.")
    return made


def _load_default_certificates() -> ssl.SSLContext:
    try:
        return httpx2.create_ssl_context()
    except OSError as failure:
        named = (f"{name}, {os.environ[name]}," for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name))
        raise OSError(f"the certificates of {next(named, 'the system')} cannot be loaded: {failure}") from failure


def send_options(request: Request, limit: float) -> dict[str, Any]:
    """Return the arguments of a request to httpx2."""
    body = {} if request.body is None else {"content": request.body}
    params = {"params": dict(request.params)} if request.params else {}
    return {"headers": dict(request.headers), "timeout": limit} | body | params


def stream_options(request: Request, limit: float) -> dict[str, Any]:
    """Return the arguments of a request for a stream, which has no end but a maximum silence."""
    return send_options(request, limit) | {"timeout": httpx2.Timeout(limit, read=SILENCE_SECONDS)}


def check_stream(response: httpx2.Response, limit: float) -> None:
    """Raise `PromptuaryError` if a response is not a stream of changes: an older server, a proxy's page, an error.

    ``limit`` is the maximum number of seconds for the body of an error.
    """
    if response.status_code != HTTPStatus.OK:
        body = Body(end=time.monotonic() + limit)
        for piece in response.iter_bytes():
            body.add(piece)
        raise error_of(body.answer(response.status_code, response.headers))
    _check_type(response)


async def check_async_stream(response: httpx2.Response, limit: float) -> None:
    """Do the same as `check_stream` on an event loop."""
    if response.status_code != HTTPStatus.OK:
        # Before Python 3.12, `asyncio.wait_for` may swallow the cancellation of its task.
        body = Body(end=time.monotonic() + limit)
        async for piece in response.aiter_bytes():
            body.add(piece)
        raise error_of(body.answer(response.status_code, response.headers))
    _check_type(response)


def _check_type(response: httpx2.Response) -> None:
    if response.headers.get("content-type", "").partition(";")[0].strip().lower() != EVENT_STREAM:
        raise errors.InvalidResponseError("The server has no stream of changes.")


def error_from(failure: Exception) -> errors.PromptuaryError:
    """Return the error of this package for one of httpx2 or of the system; none of their texts has credentials in it."""
    if isinstance(failure, errors.PromptuaryError):
        return failure
    # Before Python 3.11, asyncio has a `TimeoutError` of its own; only programs with an event loop load it.
    if isinstance(failure, httpx2.TimeoutException) or type(failure).__name__ == "TimeoutError":
        return errors.RequestTimeoutError("The server did not answer in time.")
    if isinstance(failure, httpx2.DecodingError):
        return errors.InvalidResponseError("The answer cannot be decoded.")
    return errors.UnreachableError(f"The server cannot be reached: {str(failure) or type(failure).__name__}")


class Body:
    """A body in pieces, of limited size, until an end on the monotonic clock."""

    def __init__(self, *, end: float = math.inf) -> None:
        self._end = end
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> None:
        """Take in a piece. Raises `InvalidResponseError` and `RequestTimeoutError`."""
        if time.monotonic() > self._end:
            raise errors.RequestTimeoutError("The server did not answer in time.")
        self._size += len(piece)
        if self._size > MAX_BODY:
            raise errors.InvalidResponseError("The answer is too large.")
        self._pieces.append(piece)

    def answer(self, status: int, headers: Mapping[str, str]) -> Answer:
        """Return the whole answer."""
        kept = {name.lower(): value for name, value in headers.items()}
        return Answer(status, kept, b"".join(self._pieces))


def _user_agent() -> str:
    try:
        return f"promptuary-client/{version('promptuary-client')}"
    except PackageNotFoundError:
        return "promptuary-client"
