"""Costs of one fetch and one write for each worker and the database, from which larger installations can be calculated."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx2
import psutil
import psycopg

from bench import postgres
from bench.installations import ANSWERING, COLD, IDLE, OTHER, PUBLISH, WARM, calculated
from bench.pace import PROMPT_BYTES, Bench
from bench.relay import Relay, relayed
from bench.results import Topic
from bench.servers import Promptuary, running_promptuary

_NAME = "costs"
_SETTLING_SECONDS = 2
_IDLE_SECONDS = 10

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class _Worker:
    """A server with one worker, the relay to its database, and the process of its worker."""

    promptuary: Promptuary
    relay: Relay
    process: psutil.Process

    def count(self) -> dict[str, float]:
        """Return all counts of this moment."""
        traffic, times = self.relay.count(), self.process.cpu_times()
        return {
            "statements": float(traffic.statements),
            "round trips": float(traffic.round_trips),
            "bytes sent": float(traffic.bytes_sent),
            "bytes received": float(traffic.bytes_received),
            "CPU, µs": (times.user + times.system) * 1e6,
            "wake-ups": float(self.process.num_ctx_switches().voluntary),
        }


def measure(bench: Bench) -> Topic:
    """Count what each operation costs the worker that answers, another worker, and the database."""
    server = postgres.without_extensions()
    times = bench.pace.crossings
    with postgres.running_empty(server, bench) as url, psycopg.connect(url, autocommit=True) as database, ExitStack() as stack:
        answering = stack.enter_context(_running(bench, "answering", url, ""))
        other = stack.enter_context(_running(bench, "other", url, answering.promptuary.key))
        client = stack.enter_context(httpx2.Client(headers=answering.promptuary.headers))
        measured = _Measured(answering, other, database)
        measured.measure_idle()
        for what, operation in _operations(client, answering.promptuary, times).items():
            measured.measure(what, operation, times)
    return Topic(
        name="costs",
        heading="What a fetch and a write cost",
        remark=(
            f"Two servers of one worker each share {server.name} ({server.version}); a relay between them and the database counts. "
            f"Each operation is sent {times} times to the first server over one connection, with prompts of {PROMPT_BYTES} bytes. "
            "The first two rows say what the servers do without requests, each second; the others have it subtracted. Wake-ups are "
            "voluntary context switches of a worker; log bytes are what the database adds to its write-ahead log."
        ),
        rows=measured.rows,
        goals=(),
        conclusion=calculated(measured.rows),
    )


def _operations(client: httpx2.Client, promptuary: Promptuary, times: int) -> dict[str, Callable[[int], httpx2.Response]]:
    names = [f"{_NAME}-{number}" for number in range(times)]
    for name in [*names, _NAME]:
        promptuary.create(name)

    def publish(number: int) -> httpx2.Response:
        return client.patch(promptuary.url_of(_NAME), json={"base_version": number + 1, "prompt": "x" * PROMPT_BYTES})

    return {
        COLD: lambda number: client.get(promptuary.url_of(names[number])),
        WARM: lambda _number: client.get(promptuary.url_of(names[0])),
        PUBLISH: publish,
    }


class _Measured:
    """Rows of figures: for each operation one of the worker that answers and one of another worker."""

    def __init__(self, answering: _Worker, other: _Worker, database: Connection) -> None:
        self.rows: dict[str, dict[str, float]] = {}
        self._workers = {ANSWERING: answering, OTHER: other}
        self._database = database
        self._idle: dict[str, dict[str, float]] = {}

    def measure_idle(self) -> None:
        """Measure what is done without any request, in a second."""
        time.sleep(_SETTLING_SECONDS)
        for who, figures in self._changes(lambda: time.sleep(_IDLE_SECONDS)).items():
            self._idle[who] = {name: figure / figures["seconds"] for name, figure in figures.items()}
        self._keep(IDLE, self._idle)

    def measure(self, what: str, operation: Callable[[int], httpx2.Response], times: int) -> None:
        """Measure an operation that is repeated."""

        def repeat() -> None:
            for number in range(times):
                operation(number).raise_for_status()
            # What the other worker does about a write comes a moment after the answer.
            time.sleep(_SETTLING_SECONDS)

        changes = self._changes(repeat)
        each = {
            who: {name: max(0.0, figure - figures["seconds"] * self._idle[who][name]) / times for name, figure in figures.items()}
            for who, figures in changes.items()
        }
        self._keep(what, each)

    def _keep(self, what: str, found: Mapping[str, Mapping[str, float]]) -> None:
        for who, figures in found.items():
            self.rows[f"{what}: {who}"] = {name: figure for name, figure in figures.items() if name != "seconds"}

    def _changes(self, act: Callable[[], None]) -> dict[str, dict[str, float]]:
        before = {who: worker.count() for who, worker in self._workers.items()}
        started, log_bytes = time.perf_counter(), _log_bytes(self._database)
        act()
        seconds, log_bytes = time.perf_counter() - started, _log_bytes(self._database) - log_bytes
        changes = {}
        for who, worker in self._workers.items():
            after = worker.count()
            figures = {name: after[name] - before[who][name] for name in after}
            is_answering = who == ANSWERING
            changes[who] = figures | {"log bytes": log_bytes if is_answering else 0.0, "seconds": seconds}
        return changes


def _log_bytes(database: Connection) -> float:
    row = database.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8").fetchone()
    assert row is not None  # noqa: S101 - a row comes of every such query
    return float(str(row[0]))


@contextmanager
def _running(bench: Bench, name: str, url: str, key: str) -> Iterator[_Worker]:
    with relayed(url) as (through, relay), running_promptuary(bench.subfolder(name), database_url=through, key=key) as promptuary:
        [worker] = promptuary.server.workers()
        yield _Worker(promptuary, relay, worker)
