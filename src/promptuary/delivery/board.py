"""A notice board that the workers of one server share, so that a write which one has acknowledged is known to all at once.

SQLite tells by itself. PostgreSQL's notices take a moment to arrive, longer than the next request of the same client may take.
"""

import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "PROMPTUARY_BOARD"
"""The environment variable in which the supervisor tells its workers where the board is."""

SIZE = 512
_NOTICE = 8


class Board:
    """Some shared bytes. Each process writes random ones to a place of its own: any difference is news, no lock is needed."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        self._place = os.getpid() % (SIZE // _NOTICE) * _NOTICE

    def announce(self) -> None:
        """Tell all workers, this one too, that something was committed."""
        self._memory[self._place : self._place + _NOTICE] = os.urandom(_NOTICE)

    def read(self) -> bytes:
        """Return the present state, to compare with another one."""
        return self._memory[:]


@contextmanager
def shared_board() -> Iterator[None]:
    """Provide a board for the processes that are started inside the block."""
    with tempfile.NamedTemporaryFile(prefix="promptuary-board-") as file:
        file.write(bytes(SIZE))
        file.flush()
        os.environ[VARIABLE] = file.name
        yield


def open_board() -> Board:
    """Open the supervisor's board, or one of its own where there is no supervisor."""
    path = os.environ.get(VARIABLE)
    if path is None:
        return Board(mmap.mmap(-1, SIZE))
    with Path(path).open("r+b") as file:
        return Board(mmap.mmap(file.fileno(), SIZE))
