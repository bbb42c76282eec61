"""A process that cleans up behind a run that was killed: it stops the PostgreSQL servers in a folder and removes the folder.

It is started by `postgres_server` with the reading end of a pipe as its input, and waits until nobody can write to that any more.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path


def main() -> None:
    folder = Path(sys.argv[1])
    sys.stdin.buffer.read()
    for file in folder.glob("*/postmaster.pid"):
        with contextlib.suppress(OSError, ValueError):
            _stop(int(file.read_text().split("\n", 1)[0]), file)
    shutil.rmtree(folder, ignore_errors=True)


def _stop(process_id: int, file: Path) -> None:
    """Stop a server without a checkpoint. It removes its file last."""
    os.kill(process_id, signal.SIGQUIT)
    while file.exists():
        time.sleep(0.02)
        os.kill(process_id, 0)


if __name__ == "__main__":
    main()
