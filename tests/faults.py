"""A proxy in front of a server that does to its answers what networks and broken servers do, for tests and benchmarks."""

import asyncio
import contextlib
import itertools
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

DRIP_SECONDS = 0.05
FOREVER = 3600.0


@dataclass
class Exchange:
    """One request on its way: its bytes, where the answer goes, and how to get the real one."""

    request: bytes
    writer: asyncio.StreamWriter
    upstream: Callable[[bytes], Awaitable[bytes]]
    stopping: asyncio.Event

    async def answer(self) -> bytes:
        """The server's answer."""
        return await self.upstream(self.request)

    async def full_answer(self) -> tuple[bytes, bytes]:
        """Head and body of the server's answer to one who knows nothing yet."""
        lines = self.request.split(b"\r\n")
        request = b"\r\n".join(line for line in lines if not line.lower().startswith(b"if-none-match"))
        head, _, body = (await self.upstream(request)).partition(b"\r\n\r\n")
        return head, body

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def pause(self, seconds: float) -> None:
        """Wait, and no longer than the proxy runs."""
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return
        raise ConnectionAbortedError


Fault = Callable[[Exchange], Awaitable[None]]


async def no_fault(exchange: Exchange) -> None:
    await exchange.send((await exchange.answer()).replace(b"\r\n", b"\r\nconnection: close\r\n", 1))


async def close_silently(exchange: Exchange) -> None:
    """Answer, and close the connection without having said so, as servers do with idle ones."""
    await exchange.send(await exchange.answer())


def after_answer(number: int, act: Callable[[], None]) -> Fault:
    """Do something behind the back of the client as soon as a number of answers are made, before the last of them is sent."""
    answers = itertools.count(1)

    async def fault(exchange: Exchange) -> None:
        answer = await exchange.answer()
        if next(answers) == number:
            await asyncio.to_thread(act)
        await exchange.send(answer.replace(b"\r\n", b"\r\nconnection: close\r\n", 1))

    return fault


async def hang(exchange: Exchange) -> None:
    """Accept the request and say nothing."""
    await exchange.pause(FOREVER)


def slow(seconds: float) -> Fault:
    """Answer after a while."""

    async def fault(exchange: Exchange) -> None:
        await exchange.pause(seconds)
        await exchange.send(await exchange.answer())

    return fault


async def drip(exchange: Exchange) -> None:
    """Send the head, then the body a byte at a time: always something, never in time."""
    head, _ = await exchange.full_answer()
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    await exchange.send(b"\r\n".join([*lines, b"content-length: 1000000", b"", b""]))
    for _ in range(int(FOREVER / DRIP_SECONDS)):
        await exchange.send(b" ")
        await exchange.pause(DRIP_SECONDS)


async def drip_head(exchange: Exchange) -> None:
    """Send the head a byte at a time."""
    await exchange.send(b"HTTP/1.1 200 OK\r\nx-padding: ")
    for _ in range(int(FOREVER / DRIP_SECONDS)):
        await exchange.send(b"x")
        await exchange.pause(DRIP_SECONDS)


async def truncate(exchange: Exchange) -> None:
    """Send the head and half of the body."""
    head, body = await exchange.full_answer()
    await exchange.send(head + b"\r\n\r\n" + body[: len(body) // 2])


async def cut(_exchange: Exchange) -> None:
    """Close the connection without an answer."""


async def garbage(exchange: Exchange) -> None:
    """Send what is no HTTP."""
    await exchange.send(bytes(range(256)) * 8)


def status(code: int, body: bytes, *headers: str, kind: str = "application/json") -> Fault:
    """Answer with a status and body of its own."""
    lines = [f"HTTP/1.1 {code} Fault", f"content-type: {kind}", f"content-length: {len(body)}", *headers, "connection: close"]
    answer = "\r\n".join([*lines, "", ""]).encode() + body

    async def fault(exchange: Exchange) -> None:
        await exchange.send(answer)

    return fault


def too_many(retry_after: str) -> Fault:
    return status(429, json.dumps({"detail": "Request was throttled."}).encode(), f"retry-after: {retry_after}")


server_error = status(500, json.dumps({"detail": "A server error occurred."}).encode())
not_found = status(404, json.dumps({"detail": "No prompt matching this in this project."}).encode())
login_page = status(200, b"<html>Please log in</html>", kind="text/html")


def on_changes(fault: Fault, *, others: Fault = no_fault) -> Fault:
    """Do something to requests for the stream of changes, and nothing, or something else, to others."""

    async def chosen(exchange: Exchange) -> None:
        await (fault if b"/changes/" in exchange.request.partition(b"\r\n")[0] else others)(exchange)

    return chosen


@dataclass
class Script:
    """A fault: a stream of server-sent events, as it is told to be. `None` ends it; the next stream goes on behind that."""

    pieces: list[bytes | None] = field(default_factory=list)
    sent: int = 0

    def tell(self, kind: str, cursor: int, /, **data: object) -> None:
        self.pieces.append(f"id: {cursor}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode())

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n")
        while True:
            while self.sent < len(self.pieces):
                piece = self.pieces[self.sent]
                self.sent += 1
                if piece is None:
                    return
                await exchange.send(piece)
            await exchange.pause(0.002)


@dataclass
class Proxy:
    """A running proxy. What ``fault`` is when a request arrives is done to it; ``requests`` has their first lines and heads."""

    upstream_url: str
    fault: Fault = no_fault
    requests: list[str] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def hold(self, exchange: Exchange) -> None:
        """A fault: answer when `released` is set, and not before."""
        await asyncio.to_thread(self.released.wait)
        await exchange.send(await exchange.answer())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                request = await _read_request(reader)
                self.requests.append(request.partition(b"\r\n\r\n")[0].decode("latin-1"))
                await self.fault(Exchange(request, writer, self._ask, self.stopping))
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _ask(self, request: bytes) -> bytes:
        address = urlsplit(self.upstream_url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            writer.write(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            answer = await reader.read(-1)
        finally:
            writer.close()
        self.answers.append(answer)
        return answer


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join(kept) + await reader.readexactly(length)


async def _serve(proxy: Proxy, listener: socket.socket) -> None:
    """Accept connections until the proxy stops, and see all of them closed.

    `asyncio.Server` leaks those that come while it closes.
    """
    exchanges: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
    while True:
        connection, _ = await asyncio.get_running_loop().sock_accept(listener)
        # A connection that waits is accepted at once: what was scheduled before it, such as the stop, comes first.
        await asyncio.sleep(0)
        if proxy.stopping.is_set():
            connection.close()
            break
        reader, writer = await asyncio.open_connection(sock=connection)
        exchanges[asyncio.create_task(proxy.serve(reader, writer))] = writer
    for writer in exchanges.values():
        writer.transport.abort()
    await asyncio.gather(*exchanges)
    for _ in range(10):
        # It takes asyncio some turns to close connections.
        await asyncio.sleep(0)
    await asyncio.get_running_loop().shutdown_default_executor()


@contextmanager
def faulty_proxy(upstream_url: str) -> Iterator[Proxy]:
    """Run a proxy for the length of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)  # noqa: FBT003 - the name of the method says what is false.
        address = listener.getsockname()
        proxy = Proxy(upstream_url, url=f"http://127.0.0.1:{address[1]}")
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=lambda: loop.run_until_complete(_serve(proxy, listener)), name="faulty-proxy")
        thread.start()
        try:
            yield proxy
        finally:
            proxy.released.set()
            loop.call_soon_threadsafe(proxy.stopping.set)
            # One more connection wakes the proxy, unless another has done so.
            with contextlib.suppress(OSError):
                socket.create_connection(address).close()
            thread.join()
            loop.close()
