"""Requests that come through a trusted proxy: the client, scheme and host that the proxy tells of take the place of its own."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send


class Forwarded:
    """Wraps an ASGI application and believes the last value of ``X-Forwarded-For``, ``-Proto`` and ``-Host``."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request as if its client had sent it to this server directly."""
        if scope["type"] == "http":
            scope = _as_sent(scope, Headers(scope=scope))
        await self._application(scope, receive, send)


def _as_sent(scope: Scope, headers: Headers) -> Scope:
    sent = dict(scope)
    # Where each proxy appends what it knows, only the last value comes from the trusted one; the others may be anybody's.
    if client := _last(headers.get("x-forwarded-for", "")):
        sent["client"] = (client, 0)
    scheme = _last(headers.get("x-forwarded-proto", ""))
    if scheme in {"http", "https"}:
        sent["scheme"] = scheme
    if host := _last(headers.get("x-forwarded-host", "")):
        replaced = MutableHeaders(raw=list(scope["headers"]))
        replaced["host"] = host
        sent["headers"] = replaced.raw
    return sent


def _last(value: str) -> str:
    return value.rpartition(",")[2].strip()
