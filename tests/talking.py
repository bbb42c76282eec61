"""A server in a thread, and connections to it, byte by byte."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from builders import Registry, make_key, make_prompt
from serving import START_SECONDS, wait_until
from starlette.types import ASGIApp, Receive, Scope, Send

from promptuary.server import Server, assemble
from promptuary.settings import Settings
from promptuary.worker.serving import configure


@dataclass
class Counted:
    """An application whose requests are counted."""

    application: ASGIApp
    paths: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.paths.append(scope["path"])
        await self.application(scope, receive, send)


@dataclass
class Wire:
    """A server in a thread, and what a program needs to talk to it without a client library."""

    registry: Registry
    application: Counted
    port: int
    key: str
    key_id: str

    def head(self, *lines: str, name: str = "greeting/", method: str = "GET", version: str = "1.1") -> bytes:
        path = f"/api/projects/{self.registry.project.id}/llm_prompts/name/{name}"
        sent = [f"{method} {path} HTTP/{version}", "Host: localhost", f"Authorization: Bearer {self.key}", *lines]
        return "\r\n".join([*sent, "", ""]).encode()

    @contextmanager
    def connect(self) -> Iterator["Talk"]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=START_SECONDS) as talking:
            yield Talk(talking)


@dataclass
class Talk:
    """One connection."""

    socket: socket.socket
    arrived: bytes = b""

    def ask(self, request: bytes) -> bytes:
        self.socket.sendall(request)
        return self.read(has_body=not request.startswith(b"HEAD"))

    def read(self, *, has_body: bool = True) -> bytes:
        """Read one answer; what comes behind it is kept for the next."""
        while b"\r\n\r\n" not in self.arrived:
            self._more()
        length = re.search(rb"content-length: (\d+)", self.arrived.partition(b"\r\n\r\n")[0])
        end = self.arrived.index(b"\r\n\r\n") + 4 + (int(length[1]) if length and has_body else 0)
        while len(self.arrived) < end:
            self._more()
        answer, self.arrived = self.arrived[:end], self.arrived[end:]
        return answer

    def is_closed(self) -> bool:
        return self.socket.recv(1000) == b""

    def _more(self) -> None:
        data = self.socket.recv(65_536)
        assert data
        self.arrived += data


@contextmanager
def serving(server: Server) -> Iterator[tuple[Counted, int]]:
    counted = Counted(server.application)
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    runner = uvicorn.Server(configure(Server(counted, server.shortcut, recorder=server.recorder)))
    thread = threading.Thread(target=runner.run, args=([listener],))
    thread.start()
    try:
        wait_until(lambda: runner.started)
        yield counted, port
    finally:
        runner.should_exit = True
        thread.join()


@contextmanager
def wire_of(registry: Registry, **settings: object) -> Iterator[Wire]:
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
        make_prompt(tx, registry.actor)
    server = assemble(Settings(_env_file=None, **settings), registry.database)  # type: ignore[call-arg, arg-type]
    with serving(server) as (counted, port):
        yield Wire(registry, counted, port, key.value, key.key.id)
