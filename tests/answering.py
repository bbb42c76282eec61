"""A server that answers what a test says, whatever it is asked, for the commands that ask servers."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = tuple[int, dict[str, str], bytes]
Respond = Callable[[str, str, bytes], Answer]
"""From method, path with query, and body to status, headers and body."""


@contextmanager
def answering(respond: Respond) -> Iterator[str]:
    """Serve on a free port of this machine for the length of the block; provide the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def respond(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, body = respond(self.command, self.path, sent)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                # The command had enough.
                self.close_connection = True

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = respond  # noqa: N815 - the names of the base class

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
