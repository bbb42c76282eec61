"""Profile of a fetch from memory inside Promptuary: a process of its own that plays the sockets.

Connections get the head of a fetch again and again, as many at once as wait for a worker under load, and every millisecond it is
looked at which function is running. The function counts that is on top, or that called what is on top from outside Promptuary.
Prints JSON.
"""

import asyncio
import hashlib
import json
import signal
import sys
import time
import timeit
from collections import Counter
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from uvicorn.server import ServerState

from promptuary.logs import configure_logs
from promptuary.server import Server, assemble
from promptuary.settings import Settings
from promptuary.store.engine.database import Database
from promptuary.worker.connection import Connection

_WARM_UP_ROUNDS = 100
_SAMPLE_SECONDS = 0.001
_PACKAGE = "promptuary."
_CONNECTIONS = 32


class Sink:
    """Plays the transport of a connection: swallows what is sent, which has to be 200."""

    def write(self, data: bytes) -> None:
        """Swallow a part of an answer."""
        if data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 200"):
            sys.exit(f"The fetch got {data[:40]!r}.")

    def get_extra_info(self, name: str) -> Any:  # noqa: ANN401 - as asyncio has it
        """Tell the addresses of both ends."""
        return {"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 8000)}.get(name)

    def is_closing(self) -> bool:
        """Tell that it is open."""
        return False

    def abort(self) -> None:
        """Do nothing."""

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""


def main() -> None:
    """Profile fetches of the prompt at a path with a key, for some seconds."""
    path, key, seconds = sys.argv[1:]
    settings = Settings()
    configure_logs(settings)
    server = assemble(settings, Database.open(settings.resolved_database_url))
    head = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: bench\r\nAccept: */*\r\nAuthorization: Bearer {key}\r\n\r\n"
    ).encode()
    profile = uvloop.run(_profile(server, head, float(seconds)))
    digest = timeit.timeit(lambda: hashlib.sha256(head).digest(), number=100_000) / 100_000
    print(json.dumps(profile | {"digest": digest * 1e6}))


async def _profile(server: Server, head: bytes, seconds: float) -> dict[str, object]:
    if server.shortcut is None:
        sys.exit("Nothing answers from memory with these settings.")
    config = uvicorn.Config(server.application, log_config=None)
    config.load()
    connections = [Connection(server.shortcut, None, config, ServerState(), {}) for _ in range(_CONNECTIONS)]
    for connection in connections:
        connection.connection_made(Sink())
    receive = [connection.data_received for connection in connections]
    for _ in range(_WARM_UP_ROUNDS):
        # The first rounds go through the application, which takes its time.
        await asyncio.sleep(_SAMPLE_SECONDS)
        receive[0](head)
    await asyncio.sleep(1)
    calls, spent = await _receive_for(receive, head, seconds)
    empty_calls, empty_spent = await _receive_for([_ignore] * _CONNECTIONS, head, seconds / 4)
    samples: Counter[str] = Counter()
    signal.signal(signal.SIGALRM, lambda _number, frame: samples.update([_place(frame)]))
    signal.setitimer(signal.ITIMER_REAL, _SAMPLE_SECONDS, _SAMPLE_SECONDS)
    await _receive_for(receive, head, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    microseconds = (spent / calls - empty_spent / empty_calls) * 1e6
    return {"microseconds": microseconds, "samples": samples}


async def _receive_for(receive: Sequence[Callable[[bytes], None]], head: bytes, seconds: float) -> tuple[int, float]:
    calls = 0
    started = time.perf_counter()
    while (spent := time.perf_counter() - started) < seconds:
        for each in receive:
            each(head)
        await asyncio.sleep(0)
        calls += len(receive)
    return calls, spent


def _ignore(_data: bytes) -> None:
    pass


def _place(frame: FrameType | None) -> str:
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(_PACKAGE):
            return f"{module}.{frame.f_code.co_qualname}"
        frame = frame.f_back
    return ""


if __name__ == "__main__":
    main()
