"""Ports for the servers that tests start: none that another test, another run or an outgoing connection can take meanwhile."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Final

_PORTS: Final = range(20_000, 30_000)
"""Below those that systems give to outgoing connections and to servers that ask for any port."""

_BLOCK: Final = 200
"""Ports of one process. It uses them in turn, so that one comes back when its server has long stopped."""


def free_port() -> int:
    """Return a port on which nothing listens, and which no other process of tests is given."""
    return next(port for port in _own_ports() if _is_free(port))


@cache
def _own_ports() -> Iterator[int]:
    folder = Path(tempfile.gettempdir()) / f"promptuary-test-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    start = next(start for start in _PORTS[::_BLOCK] if _lock(folder / str(start)))
    return cycle(range(start, start + _BLOCK))


def _lock(path: Path) -> bool:
    """Lock a file for as long as this process lives; return `False` if another process has it."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
