"""Endpoints of webhooks: real HTTP servers on loopback that note what they get, and answer as a test wants."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ports import free_port


@dataclass(frozen=True)
class Request:
    """A request that an endpoint got; names of headers are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """An endpoint. ``statuses`` are those of its next answers, each once; then it answers with ``status``."""

    status: int = 200
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    breaks: bool = False
    """Close connections without an answer."""
    port: int = field(default_factory=free_port)
    requests: list[Request] = field(default_factory=list)
    opened: threading.Event = field(default_factory=threading.Event)
    """Answers wait until it is set."""

    def __post_init__(self) -> None:
        self.opened.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def types(self) -> list[str]:
        return [request.event["type"] for request in self.requests]

    @property
    def ids(self) -> list[str]:
        return [request.id for request in self.requests]

    @property
    def names(self) -> list[str]:
        """The names of the prompts, in the order of the requests, without those that came again."""
        # Others may come meanwhile.
        by_id = {request.id: request.event["data"].get("prompt_name") for request in [*self.requests]}
        return [*by_id.values()]

    @contextmanager
    def running(self) -> Iterator["Receiver"]:
        server = _Server(("127.0.0.1", self.port), _handler_of(self))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.opened.set()
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self) -> int:
        return self.statuses.pop(0) if self.statuses else self.status


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_arguments: object) -> None:
        """Say nothing of senders that did not wait."""


def _handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append(Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            receiver.opened.wait()
            if receiver.breaks:
                return
            self.send_response(receiver.answer())
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.body)))
            self.end_headers()
            self.wfile.write(receiver.body)

        def log_message(self, *_arguments: object) -> None:
            pass

    return Handler
