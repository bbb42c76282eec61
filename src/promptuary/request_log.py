"""The outermost layer of the server: gives each request an id, answers a defect with a 500, and logs what happened.

Pure ASGI, no framework, so that every edge gets the same treatment.
"""

import itertools
import re
import secrets
import time

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from promptuary.access_log import AccessLog

REQUEST_ID = "promptuary.request_id"
"""The scope's key under which the id travels."""

_HEADER = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9._:/+=@~-]{1,128}")

logger = structlog.stdlib.get_logger("promptuary.requests")


class RequestLog:
    """Wraps an ASGI application. A caller's ``X-Request-ID`` is taken over when it is sane, else a new id is made."""

    def __init__(self, application: ASGIApp, *, access_log: AccessLog | None, server_error: ASGIApp) -> None:
        self._application = application
        self._access_log = access_log
        self._server_error = server_error
        # Unique in this process by the count, among processes by the random part.
        self._random_part = secrets.token_hex(10)
        self._count = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        request_id = _sent_id(scope["headers"]) or f"{self._random_part}{next(self._count):012x}"
        scope[REQUEST_ID] = request_id
        answer = _Answer(scope, send, self._access_log, request_id)
        try:
            await self._application(scope, receive, answer.send)
        except ClientDisconnect:
            logger.info("client went away", method=scope["method"], path=scope["path"], request_id=request_id)
        except Exception:
            logger.exception("request failed", method=scope["method"], path=scope["path"], request_id=request_id)
            if not answer.status:
                await self._server_error(scope, receive, answer.send)
        answer.tell()


class _Answer:
    """Passes an answer on with the request's id, and logs the request once."""

    def __init__(self, scope: Scope, send: Send, access_log: AccessLog | None, request_id: str) -> None:
        self.status = 0
        self._scope = scope
        self._send = send
        # Probes come every few seconds and tell nothing.
        self._access_log = None if scope["path"].startswith("/_") else access_log
        self._request_id = request_id
        self._started = time.perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), (_HEADER, self._request_id.encode())]
        elif message["type"] == "http.response.body" and not message.get("more_body"):
            # Whoever has the whole answer finds it in the log. What is left to do behind it does not count.
            self.tell()
        await self._send(message)

    def tell(self) -> None:
        if self._access_log is not None:
            seconds = time.perf_counter() - self._started
            self._access_log.note(self._scope, status=self.status, request_id=self._request_id, seconds=seconds)
            self._access_log = None


class LoggedWithRequestId:
    """Wraps an ASGI application whose own log lines shall carry the request's id."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        with structlog.contextvars.bound_contextvars(request_id=scope[REQUEST_ID]):
            await self._application(scope, receive, send)


def _sent_id(headers: list[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == _HEADER and _SANE.fullmatch(value):
            return value.decode()
    return None
