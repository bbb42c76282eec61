"""The client for outgoing HTTP requests of the server, whose addresses users choose.

The name of a host is resolved once, all its addresses are checked, and the connection goes to a checked address, so a name that
changes its address in between reaches nothing else. The `Host` header and the name in the certificate stay those of the URL.
Connections are not shared, and there are no cookies and no redirects: a redirect is an answer like any other.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx2

from promptuary.outbound.addresses import Network, may_reach
from promptuary.outbound.errors import AddressForbidden, AnswerTooLarge, AnswerTooSlow, HostUnreachable, OutboundError

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From the name of a host and a port to its addresses. Raises `OSError` if there are none."""

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class OutboundLimits:
    """Limits of each request, and the networks that it may reach.

    With a ``proxy``, connections go there, and the proxy resolves names and decides which of them may be reached. Variables of the
    environment for proxies are ignored.
    """

    connect_seconds: float = 5.0
    read_seconds: float = 10.0
    """Maximum time between two parts of an answer."""
    total_seconds: float = 30.0
    max_answer_bytes: int = 1_048_576
    max_connections: int = 20
    allowed_networks: tuple[Network, ...] = ()
    """Private networks that may be reached, beside all public addresses."""
    proxy: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """An answer whose body is still to come in ``parts``."""

    status: int
    headers: Mapping[str, str]
    parts: AsyncGenerator[bytes, None]


async def resolve_by_system(host: str, port: int) -> list[str]:
    """Return the addresses of a host as the system has them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class OutboundClient:
    """Sends requests. A context manager; belongs to one event loop.

    All methods raise subclasses of `OutboundError`, whose texts name the host and nothing else of the request.
    """

    def __init__(
        self,
        limits: OutboundLimits | None = None,
        *,
        resolve: Resolve = resolve_by_system,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits or OutboundLimits()
        self._resolve = resolve
        # The transport without its client: that would keep cookies, log URLs and read proxies and passwords from the environment.
        self._transport = httpx2.AsyncHTTPTransport(
            verify=tls or True,
            proxy=self._limits.proxy or None,
            # Two hosts may have one address. A connection that is kept would be used for both, with the certificate of the first.
            limits=httpx2.Limits(max_connections=self._limits.max_connections, max_keepalive_connections=0),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._transport.aclose()

    async def send(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes = b"") -> Answer:
        """Send a request and return its whole answer."""
        async with self.stream(method, url, headers=headers, content=content) as answer:
            return Answer(answer.status, answer.headers, b"".join([part async for part in answer.parts]))

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes = b""
    ) -> AsyncIterator[OpenAnswer]:
        """Send a request and provide its answer during the block, which the limit of the total time includes."""
        request = self._make_request(method, url, headers or {}, content)
        host = request.url.host
        try:
            async with asyncio.timeout(self._limits.total_seconds) as timer:
                response = await self._connect_and_send(request)
                try:
                    yield OpenAnswer(response.status_code, dict(response.headers), self._read(host, response))
                finally:
                    await response.aclose()
        except TimeoutError:
            if not timer.expired():
                raise
            raise _too_slow(host) from None

    def _make_request(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> httpx2.Request:
        try:
            parsed = httpx2.URL(url)
        except httpx2.InvalidURL:
            message = "The URL is not valid."
            raise OutboundError(message) from None
        if parsed.scheme not in _PORTS or not parsed.host or parsed.userinfo:
            message = "A URL begins with http:// or https:// and has a host, and no user and password."
            raise OutboundError(message)
        limits = self._limits
        times = {"connect": limits.connect_seconds, "read": limits.read_seconds, "write": limits.read_seconds}
        return httpx2.Request(
            method,
            parsed,
            headers={**headers, "Accept-Encoding": "identity"},
            content=content,
            extensions={"timeout": {**times, "pool": limits.total_seconds}},
        )

    async def _connect_and_send(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.raw_host.decode("ascii")
        if self._limits.proxy:
            if _is_address(host) and not may_reach(host, self._limits.allowed_networks):
                raise _forbidden(host)
            targets = [request]
        else:
            targets = [_sent_to(address, request) for address in await self._addresses(request.url)]
        for target in targets:
            try:
                return await self._transport.handle_async_request(target)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                # Nothing was sent. Another address may be reachable.
                continue
            except httpx2.TimeoutException:
                raise _too_slow(host) from None
            except httpx2.TransportError:
                raise _unreachable(host) from None
        raise _unreachable(host)

    async def _addresses(self, url: httpx2.URL) -> Sequence[str]:
        host = url.raw_host.decode("ascii")
        try:
            async with asyncio.timeout(self._limits.connect_seconds):
                found = await self._resolve(host, url.port or _PORTS[url.scheme])
        except (OSError, UnicodeError):
            raise _unreachable(host) from None
        if not all(may_reach(address, self._limits.allowed_networks) for address in found):
            raise _forbidden(host)
        return found

    async def _read(self, host: str, response: httpx2.Response) -> AsyncGenerator[bytes, None]:
        size = 0
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - the stream of an asynchronous transport
        if response.headers.get("content-encoding", "identity") != "identity":
            message = f"{host} sent a compressed answer, which is not read."
            raise OutboundError(message)
        try:
            async for part in response.stream:
                size += len(part)
                if size > self._limits.max_answer_bytes:
                    message = f"{host} sent an answer of more than {self._limits.max_answer_bytes} bytes."
                    raise AnswerTooLarge(message)
                yield part
        except httpx2.TimeoutException:
            raise _too_slow(host) from None
        except httpx2.TransportError:
            raise _unreachable(host) from None


def _sent_to(address: str, request: httpx2.Request) -> httpx2.Request:
    """Return a request to a checked address, with the host of its URL in its head and in the check of its certificate."""
    name = {"sni_hostname": request.url.raw_host.decode("ascii")}
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, **name},
    )


def _is_address(host: str) -> bool:
    # Also the short and numeric spellings that systems accept.
    return ":" in host or host.rpartition(".")[2][:1].isdecimal()


def _too_slow(host: str) -> AnswerTooSlow:
    return AnswerTooSlow(f"{host} did not answer in time.")


def _unreachable(host: str) -> HostUnreachable:
    return HostUnreachable(f"{host} cannot be reached, or its certificate is not valid.")


def _forbidden(host: str) -> AddressForbidden:
    return AddressForbidden(f"{host} is in a network that this server may not reach. An operator can allow the network.")
