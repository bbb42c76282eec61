"""The supervising process: its command line, its log, and what its workers do when it is gone. `worker_pool` has its work.

It lives as long as the server and imports nothing of the application, so that it stays small; see `docs/decisions/`.
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from typing import NoReturn

from promptuary.shared_folder import remove_shared_folder, shared_folder
from promptuary.worker_pool import WorkerPool


class JsonLines(logging.Formatter):
    """Writes messages in the form in which `promptuary.logs` writes the workers' own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line of JSON."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        line = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": "promptuary.supervisor"}
        return json.dumps(line | {"timestamp": moment})


def become_supervisor(*, host: str, port: int, workers: int, address: str, drain_seconds: float, as_json: bool) -> NoReturn:
    """Replace this process by a supervisor. ``address`` is where people reach the server."""
    options = [
        f"--host={host}",
        f"--port={port}",
        f"--workers={workers}",
        f"--address={address}",
        f"--drain-seconds={drain_seconds}",
    ]
    sys.stdout.flush()
    sys.stderr.flush()
    command = [sys.executable, "-m", "promptuary.supervisor", *options, *(["--json-logs"] if as_json else [])]
    os.execv(sys.executable, command)  # noqa: S606 - our own program


def run(*, host: str, port: int, workers: int, address: str, drain_seconds: float, as_json: bool) -> NoReturn:
    """Supervise workers until a signal ends it."""
    _configure_log(as_json=as_json)
    with shared_folder() as folder:
        pool = WorkerPool(host=host, port=port, workers=workers, address=address, folder=folder, drain_seconds=drain_seconds)
        status = pool.serve()
    sys.exit(status)


def follow_supervisor(lifeline: int) -> None:
    """Let this worker stop when its supervisor is gone; else it would go on answering on a port that nobody can stop.

    ``lifeline`` is the descriptor of a pipe to which nobody writes and which ends with the supervisor.
    """
    threading.Thread(target=_stop_after, args=(lifeline,), name="follow-supervisor", daemon=True).start()


def _stop_after(lifeline: int) -> None:
    os.read(lifeline, 1)
    remove_shared_folder()
    while True:
        # Once is not enough: a worker that is still starting may not listen yet.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)


def _configure_log(*, as_json: bool) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if as_json else logging.Formatter("%(asctime)s [%(levelname)s] %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def main() -> None:
    """Run as the command that `become_supervisor` starts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--workers", required=True, type=int)
    parser.add_argument("--address", required=True)
    parser.add_argument("--drain-seconds", required=True, type=float)
    parser.add_argument("--json-logs", action="store_true", dest="as_json")
    run(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
