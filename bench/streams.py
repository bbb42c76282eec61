"""Streams of changes: what an idle one costs a worker in memory, and how long a change takes to reach all of them."""

import asyncio
import http.client
import json
import resource
import statistics
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import cast
from urllib.parse import urlsplit

import uvloop

from bench.machine import memory_of
from bench.pace import PROMPT_BYTES, Bench
from bench.results import CannotMeasure, Goal, Topic
from bench.servers import Promptuary, running_promptuary

_COUNTS = (1000, 3000)
_SPARE_FILES = 200
_NAME = "followed"
_AT_ONCE = 50
_PUBLISHES_A_ROUND = 6
_LONGEST_SECONDS = 60.0
_KILOBYTE = 1000
_END = b"\n\n\r\n"


class _Follower(asyncio.Protocol):
    """One open stream. Notes the moment at which the last byte of a change has arrived."""

    def __init__(self, request: bytes, arrivals: "asyncio.Queue[float]") -> None:
        self._request = request
        self._arrivals = arrivals
        self._rest = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        cast("asyncio.WriteTransport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """Look for whole events."""
        arrived_at = time.perf_counter()
        *events, self._rest = (self._rest + data).split(_END)
        for event in events:
            if b"event: change" in event:
                self._arrivals.put_nowait(arrived_at)
            elif b"event: ready" in event:
                self.opened.set_result(None)

    def connection_lost(self, _reason: Exception | None) -> None:
        """Wake the code that waits for the stream to open, with the error."""
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"A stream was not opened: {self._rest.decode(errors='replace')}"))


def measure(bench: Bench) -> Topic:
    """Open many streams, weigh the worker, and publish again and again while all of them listen."""
    _allow_files(max(_COUNTS) + _SPARE_FILES)
    rows = {f"{count:,} streams": _measure(bench, count) for count in _COUNTS}
    goals = [
        Goal(f"change to all of {name}: p99", figures["p99, ms"], 100, unit=" ms", is_minimum=False)
        for name, figures in rows.items()
    ]
    heaviest = max(figures["memory of a stream, KB"] for figures in rows.values())
    return Topic(
        name="streams",
        heading="Streams of changes",
        remark=(
            "One process follows the changes of a project by so many connections. Memory is what the worker holds more than before "
            "they came, divided by their number. Another process publishes; delays are from the moment at which it has the answer "
            "to the last byte of the event at each stream, over all publishes. Clients and server share the machine's cores."
        ),
        rows=rows,
        goals=(*goals, Goal("memory of an idle stream", heaviest, 20, unit=" KB", is_minimum=False)),
    )


def _allow_files(wanted: int) -> None:
    """Let this process, and the servers that it starts, hold as many connections as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < wanted:
        message = f"The system allows a process {most} open files, and {wanted} are needed."
        raise CannotMeasure(message)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if most == resource.RLIM_INFINITY else most, most))


def _measure(bench: Bench, count: int) -> Mapping[str, float]:
    with (
        running_promptuary(bench.subfolder(f"streams-{count}")) as promptuary,
        # Of its own, so that what it has to do does not delay the clocks of those who listen.
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as publisher,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        promptuary.create(_NAME)
        return runner.run(_follow(promptuary, publisher, count, publishes=bench.pace.rounds * _PUBLISHES_A_ROUND))


async def _follow(promptuary: Promptuary, publisher: ProcessPoolExecutor, count: int, *, publishes: int) -> Mapping[str, float]:
    arrivals: asyncio.Queue[float] = asyncio.Queue()
    [worker] = promptuary.server.workers()
    # The first streams, and a change, bring the worker to a size that is no stream's.
    await _open(promptuary, arrivals, _AT_ONCE)
    await _delays(promptuary, publisher, arrivals, 1, _AT_ONCE)
    before = memory_of(worker)
    for opened in range(_AT_ONCE, count, _AT_ONCE):
        await _open(promptuary, arrivals, min(_AT_ONCE, count - opened))
    held = memory_of(worker) - before
    delays = [await _delays(promptuary, publisher, arrivals, 2 + number, count) for number in range(publishes)]
    percentiles = statistics.quantiles([delay for each in delays for delay in each], n=100, method="inclusive")
    return {
        "memory of a stream, KB": held / (count - _AT_ONCE) / _KILOBYTE,
        "p50, ms": percentiles[49],
        "p99, ms": percentiles[98],
        "longest, ms": max(max(each) for each in delays),
    }


async def _open(promptuary: Promptuary, arrivals: "asyncio.Queue[float]", count: int) -> None:
    parts = urlsplit(f"{promptuary.prompts}changes/")
    host, _, port = parts.netloc.partition(":")
    lines = [f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Accept: text/event-stream"]
    lines += [f"{name}: {value}" for name, value in promptuary.headers.items()]
    request = "\r\n".join([*lines, "", ""]).encode()
    connect = asyncio.get_running_loop().create_connection
    made = await asyncio.gather(
        *(connect(lambda: _Follower(request, arrivals), host, int(port)) for _ in range(count)),
    )
    await asyncio.wait_for(asyncio.gather(*(follower.opened for _, follower in made)), _LONGEST_SECONDS)


async def _delays(
    promptuary: Promptuary, publisher: ProcessPoolExecutor, arrivals: "asyncio.Queue[float]", base: int, count: int
) -> list[float]:
    """Publish once and return the milliseconds from the acknowledgment to each stream."""
    publishing = asyncio.get_running_loop().run_in_executor(publisher, _publish, promptuary.url_of(_NAME), promptuary.headers, base)
    arrived = [await asyncio.wait_for(arrivals.get(), _LONGEST_SECONDS) for _ in range(count)]
    acknowledged_at = await publishing
    # Events may overtake the answer.
    return [max(0.0, moment - acknowledged_at) * 1000 for moment in arrived]


def _publish(url: str, headers: Mapping[str, str], base: int) -> float:
    """Publish a version, in the process of the publisher; return when it was acknowledged, on the clock that all processes have."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    body = json.dumps({"base_version": base, "prompt": "x" * PROMPT_BYTES})
    connection.request("PATCH", parts.path, body, dict(headers) | {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    acknowledged_at = time.perf_counter()
    connection.close()
    if answer.status != http.HTTPStatus.OK:
        message = f"A publish got {answer.status}: {content.decode()}"
        raise RuntimeError(message)
    return acknowledged_at
