"""The outermost layer of the server: gives each request an id, answers a defect with a 500, and logs what happened.

Pure ASGI, no framework, so that every edge gets the same treatment.
"""

import re
import time
import uuid

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = "promptuary.request_id"
"""The scope's key under which the id travels."""

_HEADER = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9._:/+=@~-]{1,128}")

logger = structlog.stdlib.get_logger("promptuary.requests")


class RequestLog:
    """Wraps an ASGI application. A caller's ``X-Request-ID`` is taken over when it is sane, else a new id is made."""

    def __init__(self, application: ASGIApp, *, log_requests: bool, server_error: ASGIApp) -> None:
        self._application = application
        self._log_requests = log_requests
        self._server_error = server_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        request_id = _request_id(scope["headers"])
        scope[REQUEST_ID] = request_id
        started = time.perf_counter()
        status, is_told = 0, False

        def tell() -> None:
            nonlocal is_told
            is_told = True
            if self._log_requests:
                _log_request(scope, status, milliseconds=round((time.perf_counter() - started) * 1000, 2))

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (_HEADER, request_id.encode())]
            elif message["type"] == "http.response.body" and not message.get("more_body"):
                # Whoever has the whole answer finds it in the log. What is left to do behind it does not count.
                tell()
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._application(scope, receive, send_with_id)
            except Exception:
                logger.exception("request failed", method=scope["method"], path=scope["path"])
                if not status:
                    await self._server_error(scope, receive, send_with_id)
            if not is_told:
                tell()


def _log_request(scope: Scope, status: int, *, milliseconds: float) -> None:
    # Probes come every few seconds and tell nothing.
    log = logger.debug if scope["path"].startswith("/_") else logger.info
    log(
        "request",
        method=scope["method"],
        path=scope["path"],
        status=status,
        milliseconds=milliseconds,
        client=(scope.get("client") or ("",))[0],
    )


def _request_id(headers: list[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name.lower() == _HEADER and _SANE.fullmatch(value):
            return value.decode()
    return uuid.uuid4().hex
