"""A notice board that the workers of one server share, so that a write which one has acknowledged is known to all at once.

SQLite tells by itself. PostgreSQL's notices take a moment to arrive, longer than the next request of the same client may take.
"""

import mmap
import os
from pathlib import Path

from promptuary.supervisor.runtime_dir import open_memory

SIZE = 512
_NOTICE = 8


class CommitSignal:
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


def open_commit_signal(folder: Path | None) -> CommitSignal:
    """Open the board of the workers that share a folder, or a private one if there is none."""
    return CommitSignal(open_memory(folder, "board", size=SIZE))
