"""The floor under any server in Python: a protocol on uvloop that sends the same bytes whatever arrives. Arguments: port, bytes."""

import asyncio
import sys
from typing import Any

import uvloop


class SameBytes(asyncio.Protocol):
    """Takes what arrives for one request, and answers it."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as asyncio has it
        """Begin."""
        self._transport = transport

    def data_received(self, _data: bytes) -> None:
        """Answer."""
        self._transport.write(self._answer)


async def serve(port: int, length: int) -> None:
    """Serve until a signal ends the process."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    answer = head.encode() + b"x" * length
    server = await asyncio.get_running_loop().create_server(lambda: SameBytes(answer), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
