"""The outermost layer of the server: gives each request an id, answers a defect with a 500, and logs and counts what happened.

Pure ASGI, no framework, so that every edge gets the same treatment.
"""

import time
from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from promptuary.http.body import CLIENT_GONE
from promptuary.http.path_redaction import logged_path
from promptuary.http.request_recorder import REQUEST_ID_HEADER, RequestRecorder, sent_id
from promptuary.http.scope import REFUSED, REQUEST_ID, STAYS_OPEN
from promptuary.model.errors import Damaged, RegistryError, Unavailable

_PROBES = frozenset({"/_livez", "/_livez/", "/_readyz", "/_readyz/", "/metrics", "/metrics/"})
_STREAM = b"text/event-stream; charset=utf-8"

logger = structlog.stdlib.get_logger("promptuary.requests")


def log_outage(refusal: RegistryError) -> None:
    """Log why the database cannot be used. Other refusals need no line of their own; these need the operator."""
    if isinstance(refusal, Damaged):
        logger.error("database damaged", reason=refusal.for_log)
    elif isinstance(refusal, Unavailable) and refusal.reason:
        logger.warning("database not available", reason=refusal.reason)


class RequestLogMiddleware:
    """Wraps an ASGI application. A caller's ``X-Request-ID`` is taken over when it is sane, else a new id is made.

    Probes and scrapes go straight to ``probed``.
    """

    def __init__(
        self,
        application: ASGIApp,
        *,
        probed: ASGIApp,
        recorder: RequestRecorder,
        server_error: ASGIApp,
        bad_request: ASGIApp,
    ) -> None:
        self._bad_request = bad_request
        self._application = application
        self._probed = probed
        self._recorder = recorder
        self._server_error = server_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = sent_id(scope["headers"]) or self._recorder.new_id()
        scope[REQUEST_ID] = request_id
        # Probes come every few seconds and tell the log nothing, and must not wait for what else may be in the way.
        is_probe = scope["path"] in _PROBES
        application = self._probed if is_probe else self._application
        if REFUSED in scope:
            application = self._bad_request
        answer = _Answer(scope, send, self._recorder, request_id, is_logged=not is_probe)
        counts = self._recorder.counts
        counts.in_progress += 1
        try:
            await application(scope, receive, answer.send)
            if answer.rest is not None:
                _forget_request(scope)
                await answer.rest(receive, send)
        except ClientDisconnect:
            logger.info("client went away", method=scope["method"], path=logged_path(scope["path"]), request_id=request_id)
        except Exception:
            logger.exception("request failed", method=scope["method"], path=logged_path(scope["path"]), request_id=request_id)
            if not answer.status:
                await self._server_error(scope, receive, answer.send)
        finally:
            counts.in_progress -= not answer.is_stream
            answer.log()


def _forget_request(scope: Scope) -> None:
    """Remove from the scope what layers have put there, because it lives as long as the answer."""
    kept = {name: scope[name] for name in ("type", "method", "path")}
    scope.clear()
    scope.update(kept)


class _Answer:
    """Passes an answer on with the request's id, and logs and counts the request once."""

    __slots__ = (
        "_has_logged",
        "_is_logged",
        "_recorder",
        "_request_id",
        "_scope",
        "_send",
        "_started",
        "is_stream",
        "rest",
        "status",
    )

    def __init__(self, scope: Scope, send: Send, recorder: RequestRecorder, request_id: str, *, is_logged: bool) -> None:
        self.status = 0
        self.is_stream = False
        self.rest: Callable[[Receive, Send], Awaitable[None]] | None = None
        self._scope = scope
        self._send = send
        self._recorder = recorder
        self._request_id = request_id
        self._is_logged = is_logged
        self._has_logged = False
        self._started = time.perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if (b"content-type", _STREAM) in message.get("headers", ()):
                # It may stay open for days: only its start counts as duration, and it is not a request in progress.
                self.is_stream = True
                self._recorder.counts.in_progress -= 1
                self.log()
            message["headers"] = [*message.get("headers", ()), (REQUEST_ID_HEADER, self._request_id.encode())]
        elif message["type"] == "http.response.body" and not message.get("more_body"):
            # Counted before the client has the whole response; the log line is written at the next turn of the event loop. Work
            # after the response does not count.
            self.log()
        elif message["type"] == STAYS_OPEN:
            self.rest = message["rest"]
            return
        await self._send(message)

    def log(self) -> None:
        if self._has_logged:
            return
        self._has_logged = True
        seconds = time.perf_counter() - self._started
        status = self.status or CLIENT_GONE
        self._recorder.note(self._scope, status=status, request_id=self._request_id, seconds=seconds, is_logged=self._is_logged)


class LogContextMiddleware:
    """Wraps an ASGI application whose own log lines shall carry the request's id."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with structlog.contextvars.bound_contextvars(request_id=scope[REQUEST_ID]):
            await self._application(scope, receive, send)
