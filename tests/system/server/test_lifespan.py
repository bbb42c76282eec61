"""What the program relies on in uvicorn: what is written at the end of the lifespan misses no request that was answered."""

import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

from ports import free_port
from serving import START_SECONDS, wait_until

PROGRAM = """
    import socket

    from promptuary.server import Server
    from promptuary.worker.serving import serve

    def tell(text):
        print(text, flush=True)

    async def application(scope, receive, send):
        while (message := await receive())["type"] != "lifespan.shutdown":
            if scope["type"] == "lifespan":
                await send({"type": "lifespan.startup.complete"})
                tell("started")
            elif not message["more_body"]:
                await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
                await send({"type": "http.response.body", "body": b""})
                tell("answered")
                return
        tell("lifespan ends")
        await send({"type": "lifespan.shutdown.complete"})

    if __name__ == "__main__":
        serve(Server(application, None), socket.create_server(("127.0.0.1", PORT)))
"""


def test_the_lifespan_ends_after_the_last_running_request_was_answered(tmp_path: Path) -> None:
    port, output = free_port(), tmp_path / "output.txt"
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM).replace("PORT", str(port)))
    with output.open("wb") as file:
        process = subprocess.Popen([sys.executable, "program.py"], cwd=tmp_path, stdout=file, stderr=file)
    wait_until(lambda: "started" in output.read_text() or process.poll() is not None)
    with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: "Stopping worker" in output.read_text())
        connection.sendall(b"ab")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")
    assert process.wait(timeout=START_SECONDS) == 0
    told = [line for line in output.read_text().splitlines() if line in {"answered", "lifespan ends"}]
    assert told == ["answered", "lifespan ends"]
