"""The time between the request to stop and the stop: requests are served as before, and clients are led to other servers.

Not here: what readiness says (`api.operations.health`), and when the time is over (`supervisor.pool`).
"""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from promptuary.supervisor.stop_flag import StopFlag

RETRIES_ELSEWHERE = b"x-retries-elsewhere"
"""The header of proxies that repeat a read at another server when this one answers 503, and then leave this one alone."""

_READS = frozenset({"GET", "HEAD"})


class DrainingMiddleware:
    """Wraps an ASGI application. While the sign is up, every answer ends its connection.

    Reads that their proxy repeats elsewhere are answered by ``error``: open-source nginx asks no readiness, so this is how it
    learns that the server leaves.
    """

    def __init__(self, application: ASGIApp, *, stop_flag: StopFlag, error: ASGIApp) -> None:
        self._application = application
        self._stop_flag = stop_flag
        self._refusal = error

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request. Not a coroutine of its own, so that it costs next to nothing while the sign is down."""
        if self._stop_flag.is_set():
            application = self._refusal if _is_repeated_elsewhere(scope) else self._application
            return application(scope, receive, _ending_connection(send) if scope["http_version"] == "1.1" else send)
        return self._application(scope, receive, send)


def _is_repeated_elsewhere(scope: Scope) -> bool:
    return scope["method"] in _READS and any(name == RETRIES_ELSEWHERE for name, _ in scope["headers"])


def _ending_connection(send: Send) -> Send:
    async def end_and_send(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        await send(message)

    return end_and_send
