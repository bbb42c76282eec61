"""Requests that come through a trusted proxy: the client, scheme and host that the proxy tells of take the place of its own."""

import ipaddress
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

_MAX_ADDRESS = 64
# Some proxies add the client's port: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
_IPV4_WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}", re.ASCII)
_IN_BRACKETS = re.compile(r"\[([^\[\]]+)\](?::[0-9]{1,5})?", re.ASCII)
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)


class ForwardedMiddleware:
    """Wraps an ASGI application and believes the last value of ``X-Forwarded-For``, ``-Proto`` and ``-Host``.

    A header may come in several lines, which count as one list. A value that is no address, scheme or host is not believed.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request as if its client had sent it to this server directly."""
        await self._application(_as_sent(scope, Headers(scope=scope)), receive, send)


def read_address(value: str) -> str | None:
    """Return the IP address in a value of ``X-Forwarded-For`` in its one spelling, without port, brackets and zone."""
    if len(value) > _MAX_ADDRESS:
        return None
    found = _IPV4_WITH_PORT.fullmatch(value) or _IN_BRACKETS.fullmatch(value)
    # A zone names an interface of the proxy and may be any text.
    text = (found[1] if found else value).partition("%")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _as_sent(scope: Scope, headers: Headers) -> Scope:
    sent = dict(scope)
    # Each proxy appends a value: only the last one comes from the trusted proxy, the others may be forged.
    if client := read_address(_last(headers, "x-forwarded-for")):
        sent["client"] = (client, 0)
    scheme = _last(headers, "x-forwarded-proto").lower()
    if scheme in {"http", "https"}:
        sent["scheme"] = scheme
    if host := _last(headers, "x-forwarded-host"):
        replaced = MutableHeaders(raw=list(scope["headers"]))
        if _HOST.fullmatch(host):
            replaced["host"] = host
        else:
            # The client asked for no host that there can be; the one in its place may be the proxy's own name for this server.
            del replaced["host"]
        sent["headers"] = replaced.raw
    return sent


def _last(headers: Headers, name: str) -> str:
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip(" \t")
