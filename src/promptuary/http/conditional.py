"""Conditional requests (RFC 9110, section 13): who has an answer already, as its entity tag shows, gets 304 and no body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

OK = 200
NOT_MODIFIED = 304

Headers = list[tuple[bytes, bytes]]

_READS = frozenset({"GET", "HEAD"})
_KEPT = frozenset({b"etag", b"cache-control"})


class ConditionalMiddleware:
    """Wraps an ASGI application whose answers may carry an ``ETag``."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._application(scope, receive, conditional(scope, send))


def conditional(scope: Scope, send: Send) -> Send:
    """Return what sends an answer to a request, or 304 in its place. Requests without ``If-None-Match`` get ``send`` itself."""
    if scope["method"] not in _READS:
        return send
    known = [value for name, value in scope["headers"] if name == b"if-none-match"]
    return _Answering(b",".join(known), send).send if known else send


def is_known(known: bytes, tag: bytes | None) -> bool:
    """Return `True` if the value of ``If-None-Match`` names a tag, by weak comparison as its rule is; ``*`` names every one."""
    if known == tag:
        return True
    tags = {candidate.strip().removeprefix(b"W/") for candidate in known.split(b",")}
    return tag is not None and (tag in tags or b"*" in tags)


def tag_of(headers: Headers) -> bytes | None:
    """Return the entity tag that an answer carries."""
    return next((value for name, value in headers if name == b"etag"), None)


def not_modified_headers(headers: Headers) -> Headers:
    """Return those headers of an answer that its 304 carries."""
    return [(name, value) for name, value in headers if name in _KEPT]


class _Answering:
    """Sends an answer, or 304 in its place."""

    def __init__(self, known: bytes, send: Send) -> None:
        self._known = known
        self._send = send
        self._is_known = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == OK:
            self._is_known = is_known(self._known, tag_of(message["headers"]))
            if self._is_known:
                message = {**message, "status": NOT_MODIFIED, "headers": not_modified_headers(message["headers"])}
        elif self._is_known and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)
