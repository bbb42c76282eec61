"""The flag by which a supervisor tells its workers that the server is about to stop: one byte that they share.

It imports nothing of the application, because the supervisor has to stay small.
"""

import mmap
from pathlib import Path

from promptuary.supervisor.runtime_dir import open_memory


class StopFlag:
    """Once set, it stays set. Reading it takes about a tenth of a microsecond, so every request can."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory

    def set(self) -> None:
        """Set it for all processes that share the flag."""
        self._memory[0] = 1

    def is_set(self) -> bool:
        """Return `True` if the server is about to stop."""
        return self._memory[0] != 0


def open_stop_flag(folder: Path | None) -> StopFlag:
    """Open the flag of the processes that share a folder, or a private one if there is none."""
    return StopFlag(open_memory(folder, "stopping", size=1))
