"""Starting the supervisor in place of the current process."""

import os
import sys
from typing import NoReturn


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
