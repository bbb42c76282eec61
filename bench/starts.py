"""Time until a server answers after its start, and its memory then."""

import http.client
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from ports import free_port
from serving import environment

from bench.machine import memory_of
from bench.pace import Bench
from bench.peers import PEERS, running_peer
from bench.results import Goal, Topic
from bench.servers import running_promptuary

_MAX_SECONDS = 180
_FETCHES = 100
_MEGABYTE = 1_000_000
_NAME = "fetched"


@dataclass(frozen=True, slots=True)
class _Program:
    """A server that can be started: with a database that has the prompt already."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Start:
    """One start: seconds to the first 200, then megabytes of the process that answers and of all processes."""

    seconds: float
    worker: float
    everything: float


def measure(bench: Bench) -> Topic:
    """Start each server several times on its database and look at the clock and at the memory."""
    programs = [_promptuary(bench), *(_peer(bench, number) for number in range(len(PEERS)))]
    for program in programs:
        # The first start brings the files into the system's memory and does not count.
        _start(program)
    rounds = [[_start(program) for program in programs] for _ in range(bench.pace.rounds)]
    starts = [
        _Start(
            seconds=statistics.median(start.seconds for start in column),
            worker=statistics.median(start.worker for start in column),
            everything=statistics.median(start.everything for start in column),
        )
        for column in zip(*rounds, strict=True)
    ]
    ours = starts[0]
    return Topic(
        name="start",
        heading="Start and idle memory",
        remark=(
            "From the start of the command, on a database that is there, to the first 200 for a fetch. Then memory after "
            f"{_FETCHES} fetches: of the process that answers, and of all that belong to the server, shared pages divided among "
            "who shares them (PSS where the system tells it)."
        ),
        rows={
            program.name: {
                "start, s": start.seconds,
                "times Promptuary": start.seconds / ours.seconds,
                "memory of the worker, MB": start.worker,
                "times Promptuary ": start.worker / ours.worker,
                "memory of all processes, MB": start.everything,
            }
            for program, start in zip(programs, starts, strict=True)
        },
        goals=(
            Goal("start to the first 200", ours.seconds, 1.5, unit=" s", is_minimum=False),
            Goal("idle memory of a worker", ours.worker, 100, unit=" MB", is_minimum=False),
        ),
    )


def _promptuary(bench: Bench) -> _Program:
    folder = bench.subfolder("start")
    with running_promptuary(folder) as promptuary:
        promptuary.create(_NAME)
    port = free_port()
    return _Program(
        name="Promptuary",
        command=[sys.executable, "-m", "promptuary", "serve", f"--port={port}"],
        environment=environment(database_url=f"sqlite:///{folder / 'promptuary.db'}"),
        folder=folder,
        url=promptuary.url_of(_NAME).replace(promptuary.server.url, f"http://127.0.0.1:{port}"),
        headers=promptuary.headers,
    )


def _peer(bench: Bench, number: int) -> _Program:
    peer = PEERS[number]
    with running_peer(peer, bench):
        pass
    port = free_port()
    folder = bench.subfolder(peer.package)
    command, variables = peer.started(bench, folder, port)
    return _Program(f"{peer.name} {peer.version}", command, variables, folder, f"http://127.0.0.1:{port}{peer.fetch}", {})


def _start(program: _Program) -> _Start:
    parts = urlsplit(program.url)
    path = f"{parts.path}?{parts.query}"
    with (program.folder / "output.txt").open("ab") as output:
        started = time.perf_counter()
        process = subprocess.Popen(program.command, cwd=program.folder, env=program.environment, stdout=output, stderr=output)
        try:
            while _status(parts.netloc, path, program.headers) != 200:
                if process.poll() is not None or time.perf_counter() - started > _MAX_SECONDS:
                    message = f"{program.name} did not start."
                    raise RuntimeError(message)
                time.sleep(0.005)
            seconds = time.perf_counter() - started
            for _ in range(_FETCHES):
                _status(parts.netloc, path, program.headers)
            memory = sorted(memory_of(one) / _MEGABYTE for one in _processes(process.pid))
        finally:
            process.terminate()
            process.wait()
    return _Start(seconds, worker=memory[-1], everything=sum(memory))


def _processes(pid: int) -> list[psutil.Process]:
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


def _status(address: str, path: str, headers: Mapping[str, str]) -> int:
    connection = http.client.HTTPConnection(address, timeout=_MAX_SECONDS)
    try:
        connection.request("GET", path, headers=dict(headers))
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
