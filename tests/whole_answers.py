"""A client of an application in process that reads every answer whole, in one step of the application's event loop.

`TestClient` lets an answer be read while it is made, for which each request goes back and forth between two threads eight times.
That takes longer than most answers, none of which the tests of the application read in parts.
"""

import asyncio
from collections.abc import Iterable
from concurrent.futures import wait
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import unquote

import anyio
from anyio.from_thread import BlockingPortal
from fastapi.testclient import TestClient
from httpx2 import URL, BaseTransport, ByteStream, Request, Response
from starlette.types import ASGIApp, Message, Scope


@dataclass
class Exchange:
    """One request, and its answer as far as it was sent."""

    request_body: bytes
    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: list[bytes] = field(default_factory=list)
    is_sent: bool = False
    is_begun: bool = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        self.is_complete = anyio.Event()
        await app(scope, self.receive, self.send)

    async def receive(self) -> Message:
        if self.is_sent:
            await self.is_complete.wait()
            return {"type": "http.disconnect"}
        self.is_sent = True
        return {"type": "http.request", "body": self.request_body}

    async def send(self, message: Message) -> None:
        assert not self.is_complete.is_set(), "Something was sent behind the end of an answer."
        if message["type"] == "http.response.start":
            assert not self.is_begun, "An answer began twice."
            self.is_begun, self.status, self.headers = True, message["status"], list(message.get("headers", []))
            return
        assert message["type"] == "http.response.body"
        assert self.is_begun, "A body was sent before the head of its answer."
        self.body.append(bytes(message.get("body", b"")))
        if not message.get("more_body", False):
            self.is_complete.set()


class AppClient(TestClient):
    """A `TestClient` of an application that has begun. Errors that the application raises are answers with status 500."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        super().__init__(app, headers=headers, raise_server_exceptions=False)
        self._transport = _WholeAnswers(self)

    def _merge_url(self, url: URL | str) -> URL:
        # `Client` parses the address, a part of it, and both together, which takes longer than the rest of its work.
        if isinstance(url, str) and url.startswith("/") and not url.startswith("//"):
            return _parsed(str(self.base_url).rstrip("/") + url)
        return super()._merge_url(url)

    def exchange(self, scope: dict[str, Any], body: bytes) -> Exchange:
        """Send a request with this scope, and wait for its whole answer."""
        exchange = Exchange(body)
        answering = exchange.run(self.app, scope | {"state": self.app_state.copy()})
        wait([asyncio.run_coroutine_threadsafe(answering, self._loop)])
        return exchange

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        """The event loop of the application, which the portal enters in two steps."""
        assert isinstance(self.portal, BlockingPortal), "The application has not begun."
        return self.portal.call(asyncio.get_running_loop)


def scope_of(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> dict[str, Any]:
    """Return the scope of a request; ``target`` is its path, in which bytes may be percent-encoded, and its query."""
    raw_path, _, query = target.partition(b"?")
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": unquote(raw_path),
        "raw_path": raw_path,
        "root_path": "",
        "scheme": "http",
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in headers],
        "client": ("testclient", 50_000),
        "server": ["testserver", 80],
        "extensions": {},
    }


@lru_cache(maxsize=1_000)
def _parsed(address: str) -> URL:
    return URL(address)


@dataclass
class _WholeAnswers(BaseTransport):
    client: AppClient

    def handle_request(self, request: Request) -> Response:
        url = request.url
        scope = scope_of(request.method, url.raw_path, request.headers.raw)
        server = [url.raw_host.decode("ascii"), url.port or {"http": 80, "https": 443}[url.scheme]]
        exchange = self.client.exchange(scope | {"scheme": url.scheme, "server": server}, request.read())
        body = b"" if request.method == "HEAD" else b"".join(exchange.body)
        return Response(exchange.status, headers=exchange.headers, stream=ByteStream(body), request=request)
