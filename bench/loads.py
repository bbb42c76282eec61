"""Loads: what `wrk` sends, and what it tells of the answers."""

import json
import shutil
import socket
import statistics
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from bench.pace import CONNECTIONS
from bench.results import CannotMeasure

_SCRIPT = Path(__file__).with_name("wrk.lua")
_LONGEST_ANSWER_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Load:
    """A load: what it is called, where to, with which headers, on how many connections, and what `wrk.lua` does for it.

    All answers of a load that has a ``status`` must have it; they are equally long then, which is how that is seen.
    """

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    connections: int = CONNECTIONS
    threads: int = 1
    script: tuple[str, ...] = ("same",)
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Results of `wrk` for a round, or medians of several. Percentiles in milliseconds."""

    requests: float
    seconds: float
    bytes: float
    failures: float
    p50: float
    p95: float
    p99: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    def latencies(self) -> dict[str, float]:
        """Return the figures of a load that is about latency, by their names in tables."""
        return {"requests/s": self.rate, "p50, ms": self.p50, "p95, ms": self.p95, "p99, ms": self.p99}


def in_turns(loads: Sequence[Load], rounds: int, seconds: int) -> list[Outcome]:
    """Run all loads in turns, so that what else the machine does falls on all alike; return medians of the rounds."""
    runs = [[run(load, seconds) for load in loads] for _ in range(rounds)]
    return [median(outcomes) for outcomes in zip(*runs, strict=True)]


def run(load: Load, seconds: int, *, warm_up_seconds: int = 1) -> Outcome:
    """Run a load once after a warm-up. Raises `RuntimeError` when an answer is not what it should be."""
    if warm_up_seconds:
        _run_wrk(load, warm_up_seconds)
    answer_bytes = _answer_bytes(load) if load.status is not None else None
    outcome = _run_wrk(load, seconds)
    while not outcome.requests and seconds < _LONGEST_ANSWER_SECONDS:
        # Not one answer came in time, so wait longer for it.
        seconds *= 5
        outcome = _run_wrk(load, seconds)
    if not outcome.requests:
        message = f"No answer to '{load.name}' in {seconds} seconds."
        raise RuntimeError(message)
    if answer_bytes is not None and abs(outcome.bytes - outcome.requests * answer_bytes) > load.connections * answer_bytes:
        message = f"Not all answers to '{load.name}' were {load.status}: {outcome}, where one has {answer_bytes} bytes."
        raise RuntimeError(message)
    return outcome


def median(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the medians of rounds, of each figure by itself; the rate is that of a second."""
    known = list(outcomes)

    def middle(name: str) -> float:
        figure: float = statistics.median(getattr(outcome, name) for outcome in known)
        return figure

    return Outcome(
        requests=middle("rate"),
        seconds=1,
        bytes=middle("bytes"),
        failures=middle("failures"),
        p50=middle("p50"),
        p95=middle("p95"),
        p99=middle("p99"),
    )


ALONE = ", 1 connection"
"""Suffix of the names of loads on one connection, to which the goals of latencies apply."""


def with_connections(load: Load, connections: int) -> Load:
    """Return the load on another number of connections, and say so in its name."""
    return replace(load, name=on_connections(load.name, connections), connections=connections)


def on_connections(name: str, connections: int) -> str:
    """Say on how many connections something is done."""
    return f"{name}, {connections} connection{'' if connections == 1 else 's'}"


def require_tools(*tools: str) -> None:
    """Raise `CannotMeasure` when a program is not there, and say how to get it."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        packages = " ".join({"nginx": "nginx-light"}.get(tool, tool) for tool in missing)
        message = f"{' and '.join(missing)} not found. On Debian: apt-get install {packages}"
        raise CannotMeasure(message)


def _run_wrk(load: Load, seconds: int) -> Outcome:
    options = [f"-t{load.threads}", f"-c{load.connections}", f"-d{seconds}s", f"--timeout={_LONGEST_ANSWER_SECONDS}s"]
    headers = [part for name, value in load.headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", *options, *headers, "-s", str(_SCRIPT), load.url, "--", *load.script]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    outcome = Outcome(**json.loads(output.splitlines()[-1]))
    if outcome.failures:
        message = f"The load '{load.name}' failed:\n{output}"
        raise RuntimeError(message)
    return outcome


def _answer_bytes(load: Load) -> int:
    """Count the bytes of one answer, head and body, as they come over the wire."""
    parts = urlsplit(load.url)
    lines = [f"GET {parts.path}{'?' if parts.query else ''}{parts.query} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in load.headers.items()]
    with socket.create_connection((str(parts.hostname), parts.port)) as connection, connection.makefile("rb") as answer:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        head = [answer.readline()]
        while head[-1] != b"\r\n":
            head.append(answer.readline())
    status = int(head[0].split()[1])
    if status != load.status:
        message = f"The load '{load.name}' gets {status}."
        raise RuntimeError(message)
    lengths = [int(line.partition(b":")[2]) for line in head if line.lower().startswith(b"content-length:")]
    return sum(map(len, head)) + (sum(lengths) if status == 200 else 0)
