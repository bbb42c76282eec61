"""Starting real server processes and stopping them, politely or not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import MappingProxyType

import psutil
from ports import free_port

START_SECONDS = 200
"""How long tests wait for what comes in a second on an idle machine: shorter than the time that pytest gives a test."""
PROGRAM = (sys.executable, "-m", "promptuary")
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


def environment(**settings: str) -> dict[str, str]:
    """The environment of a Promptuary process that has the given settings and no others; it stops at once unless told otherwise."""
    # Without compiled files, each start would compile everything again.
    dropped = ("PROMPTUARY_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {f"PROMPTUARY_{name.upper()}": value for name, value in ({"drain_seconds": "0"} | settings).items()}


def interruptible(*command: str) -> list[str]:
    """A command that Ctrl+C ends, even if the tests run in the background of a shell, where programs ignore it."""
    restore = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    return [sys.executable, "-c", restore, *command]


def run_command(*arguments: str, database_url: str, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "promptuary", *arguments],
        env=environment(database_url=database_url, **settings),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


@dataclass
class Server:
    """A running server: its address, its process, and the file that has its output."""

    url: str
    process: subprocess.Popen[bytes]
    output_path: Path

    @property
    def output(self) -> str:
        return self.output_path.read_text()

    def is_ready(self) -> bool:
        # It is asked again and again while a server starts, and a client that may need certificates takes 50 milliseconds to make.
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=2)
        try:
            connection.request("GET", "/_readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def processes(self) -> list[psutil.Process]:
        """The supervisor and its workers."""
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def workers(self) -> list[psutil.Process]:
        return self.processes()[1:]

    def kill(self) -> None:
        """Kill supervisor and workers at once, as a power cut would."""
        for process in self.processes():
            process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask the server to stop and wait until it has."""
        self.process.terminate()
        self.process.wait(timeout=START_SECONDS)


def start_server(
    database_url: str,
    output_path: Path,
    *,
    workers: int = 1,
    program: Sequence[str] = PROGRAM,
    port: int | None = None,
    settings: Mapping[str, str] = NO_SETTINGS,
) -> Server:
    """Start a server and wait until it is ready."""
    port = port or free_port()
    command = [*program, "serve", f"--port={port}", f"--workers={workers}"]
    with output_path.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=output_path.parent,
            env=environment(database_url=database_url, **settings),
            stdout=output,
            stderr=output,
        )
    server = Server(f"http://127.0.0.1:{port}", process, output_path)
    try:
        wait_until(lambda: process.poll() is not None or server.is_ready())
    except TimeoutError:
        process.kill()
    if process.poll() is not None:
        message = f"The server did not start:\n{server.output}"
        raise RuntimeError(message)
    return server


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look again and again until something is so; raise `TimeoutError` when it does not come true."""
    deadline = time.monotonic() + START_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            message = "What was waited for did not come true."
            raise TimeoutError(message)
        time.sleep(0.01)


@contextmanager
def running_server(
    database_url: str, output_path: Path, *, workers: int = 1, program: Sequence[str] = PROGRAM, **settings: str
) -> Iterator[Server]:
    """Run a server for the length of the block."""
    server = start_server(database_url, output_path, workers=workers, program=program, settings=settings)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
