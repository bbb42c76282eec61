"""The supervising process: listens, starts the workers and restarts one that dies.

It lives as long as the server and imports nothing of the application but the workers' notice board, so that it stays small; see
`docs/decisions/`.
"""

import argparse
import json
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NoReturn

from promptuary.delivery.board import shared_board

GRACE_SECONDS = 30
"""How long a worker may take to finish its requests before it is killed."""


class JsonLines(logging.Formatter):
    """Writes messages in the form in which `promptuary.logs` writes the workers' own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line of JSON."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        line = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": "promptuary.supervisor"}
        return json.dumps(line | {"timestamp": moment})


def become_supervisor(*, host: str, port: int, workers: int, as_json: bool) -> NoReturn:
    """Replace this process by a supervisor."""
    options = [f"--host={host}", f"--port={port}", f"--workers={workers}", *(["--json-logs"] if as_json else [])]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "promptuary.supervisor", *options])  # noqa: S606 - our own program


def run(*, host: str, port: int, workers: int, as_json: bool) -> None:
    """Supervise workers until a signal ends it."""
    from granian import Granian  # noqa: PLC0415 - not needed by who only becomes a supervisor
    from granian.constants import Interfaces  # noqa: PLC0415

    os.register_at_fork(after_in_child=_forget_handlers)
    server = Granian(
        "promptuary.server:application",
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        factory=True,
        websockets=False,
        log_dictconfig=_log_config(as_json=as_json),
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE_SECONDS,
    )
    with shared_board():
        server.serve()


def follow_supervisor() -> None:
    """Let this worker stop when its supervisor is gone; else it would go on answering on a port that nobody can stop."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        threading.Thread(target=_stop_after, args=(supervisor.join,), name="follow-supervisor", daemon=True).start()


def _stop_after(wait: Callable[[], None]) -> None:
    wait()
    while True:
        # Once is not enough: a worker that is still starting may not listen yet.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)


def _forget_handlers() -> None:
    # A worker inherits the supervisor's handlers, under which it would ignore a stop until it has started.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _log_config(*, as_json: bool) -> dict[str, object]:
    text = {"format": "%(asctime)s [%(levelname)s] %(message)s"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JsonLines} if as_json else text},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": {"_granian": {"handlers": ["stderr"], "propagate": False}},
    }


def main() -> None:
    """Run as the command that `become_supervisor` starts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--workers", required=True, type=int)
    parser.add_argument("--json-logs", action="store_true")
    options = parser.parse_args()
    run(host=options.host, port=options.port, workers=options.workers, as_json=options.json_logs)


if __name__ == "__main__":
    main()
