"""Servers on one core, and those who ask them on the others, so that neither takes the other's time."""

import os
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Self, TypeVar

_Address = TypeVar("_Address")


class Apart(ExitStack):
    """Starts servers on the first core, and leaves the other cores to this process and the programs that it starts.

    On one core, or where the system does not let programs choose (macOS), everything runs everywhere.
    """

    def __enter__(self) -> Self:
        self._all = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
        self._first = {min(self._all)} if len(self._all) > 1 else self._all
        self._others = self._all - self._first or self._all
        _stay_on(self._others)
        return self

    def start(self, server: AbstractContextManager[_Address]) -> _Address:
        """Start a server; return where it is. It ends with the block."""
        # Processes have the cores of whoever starts them.
        _stay_on(self._first)
        try:
            return self.enter_context(server)
        finally:
            _stay_on(self._others)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        try:
            return super().__exit__(kind, error, traceback)
        finally:
            _stay_on(self._all)


def _stay_on(cores: set[int]) -> None:
    if cores:
        os.sched_setaffinity(0, cores)
