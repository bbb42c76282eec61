"""Shared memory that tells the other workers of one server of a commit before it is acknowledged.

SQLite shows commits by itself. Notifications of PostgreSQL take a moment to arrive, longer than the next request of the same client
may take.
"""

import mmap
import os
from pathlib import Path

from promptuary.supervisor.runtime_dir import open_memory

SIZE = 512
_SLOT_BYTES = 8


class CommitSignal:
    """Some shared bytes. Each process writes random ones to a slot of its own: any difference is news, and no lock is needed."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        self._slot = os.getpid() % (SIZE // _SLOT_BYTES) * _SLOT_BYTES

    def announce(self) -> None:
        """Tell all workers, this one too, that something was committed."""
        self._memory[self._slot : self._slot + _SLOT_BYTES] = os.urandom(_SLOT_BYTES)

    def read(self) -> bytes:
        """Return the present state, to compare with another one."""
        return self._memory[:]


def open_commit_signal(folder: Path | None) -> CommitSignal:
    """Open the signal of the workers that share a folder, or a private one if there is none."""
    return CommitSignal(open_memory(folder, "commit-signal", size=SIZE))
