"""A server that answers as providers of models do, and keeps all requests, also those that are meant for any other server."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = "Yes, it is."
_COMPLETION: dict[str, Any] = {
    "id": "completion-1",
    "object": "chat.completion",
    "created": 1,
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
_MESSAGE: dict[str, Any] = {
    "id": "message-1",
    "type": "message",
    "role": "assistant",
    "content": [{"type": "text", "text": ANSWER}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
_ANSWERS = {"/v1/chat/completions": _COMPLETION, "/v1/messages": _MESSAGE}


@dataclass
class Provider:
    """The address of the server, and each request: its method and target, and its body."""

    url: str
    received: list[tuple[str, Any]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """The variables with which libraries call this provider, and ask it for every other address."""
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), self.url) | {"NO_PROXY": "127.0.0.1"}
        addresses = {"OPENAI_BASE_URL": f"{self.url}/v1", "OPENAI_API_BASE": f"{self.url}/v1", "ANTHROPIC_BASE_URL": self.url}
        return proxies | addresses | {"OPENAI_API_KEY": "key-of-a-test", "ANTHROPIC_API_KEY": "key-of-a-test"}


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Run the server for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            provider.received.append((f"POST {self.path}", body))
            answer = json.dumps(_ANSWERS[self.path] | {"model": body["model"]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            provider.received.append((f"{self.command} {self.path}", None))
            self.send_error(502)

        def do_CONNECT(self) -> None:
            self.do_GET()

        def log_message(self, *_arguments: object) -> None:
            """Write nothing: tests read what is kept."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = Provider(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
