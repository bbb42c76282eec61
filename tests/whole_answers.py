"""A client of an application in process that reads every answer whole, in one step of the application's event loop.

`TestClient` lets an answer be read while it is made, for which each request goes back and forth between two threads eight times.
That takes longer than most answers, none of which the tests of the application read in parts.
"""

from concurrent.futures import wait
from dataclasses import dataclass, field
from urllib.parse import unquote

import anyio
from anyio.from_thread import BlockingPortal
from fastapi.testclient import TestClient
from httpx2 import BaseTransport, ByteStream, Request, Response
from starlette.types import ASGIApp, Message, Scope


class AppClient(TestClient):
    """A `TestClient` of an application that has begun. Errors that the application raises are answers with status 500."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        super().__init__(app, headers=headers, raise_server_exceptions=False)
        self._transport = _WholeAnswers(self)


@dataclass
class _WholeAnswers(BaseTransport):
    client: AppClient

    def handle_request(self, request: Request) -> Response:
        portal = self.client.portal
        assert isinstance(portal, BlockingPortal), "The application has not begun."
        exchange = _Exchange(request.read())
        wait([portal.start_task_soon(exchange.run, self.client.app, _scope_of(request, self.client))])
        body = b"" if request.method == "HEAD" else b"".join(exchange.body)
        return Response(exchange.status, headers=exchange.headers, stream=ByteStream(body), request=request)


@dataclass
class _Exchange:
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


def _scope_of(request: Request, client: AppClient) -> Scope:
    url = request.url
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "path": unquote(url.path),
        "raw_path": url.raw_path.split(b"?", 1)[0],
        "root_path": "",
        "scheme": url.scheme,
        "query_string": url.query,
        "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers.multi_items()],
        "client": ("testclient", 50_000),
        "server": [url.raw_host.decode("ascii"), url.port or {"http": 80, "https": 443}[url.scheme]],
        "extensions": {},
        "state": client.app_state.copy(),
    }
