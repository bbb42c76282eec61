"""Conditional requests (RFC 9110, section 13): who has an answer already, as its entity tag shows, gets 304 and no body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_READS = frozenset({"GET", "HEAD"})
_KEPT = frozenset({b"etag", b"cache-control"})


class Conditional:
    """Wraps an ASGI application whose answers may carry an ``ETag``. Requests without ``If-None-Match`` pass untouched."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        known = _known_tags(scope) if scope["type"] == "http" and scope["method"] in _READS else None
        await self._application(scope, receive, send if known is None else _Answering(known, send).send)


class _Answering:
    """Sends an answer, or 304 in its place."""

    def __init__(self, known: frozenset[bytes], send: Send) -> None:
        self._known = known
        self._send = send
        self._is_known = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:  # noqa: PLR2004 - OK
            tag = next((value for name, value in message["headers"] if name == b"etag"), None)
            self._is_known = tag is not None and (tag in self._known or b"*" in self._known)
            if self._is_known:
                kept = [(name, value) for name, value in message["headers"] if name in _KEPT]
                message = {**message, "status": 304, "headers": kept}
        elif self._is_known and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


def _known_tags(scope: Scope) -> frozenset[bytes] | None:
    sent = [value for name, value in scope["headers"] if name == b"if-none-match"]
    return frozenset(tag.strip().removeprefix(b"W/") for tag in b",".join(sent).split(b",")) if sent else None
