"""Bars that show on a terminal how far a command is; on standard error, and nowhere else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from promptuary.cli.output import is_terminal
from promptuary.cli.terminal import has_color, has_progress


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. Without a terminal there is none, and nothing is drawn."""

    _place: Any = None
    _task: Any = None

    def advance(self, number: int = 1) -> None:
        """Move the bar on."""
        if self._place is not None:
            self._place.advance(self._task, number)

    def set(self, completed: int, total: int | None) -> None:
        """Move the bar to a number of a total."""
        if self._place is not None:
            self._place.update(self._task, completed=completed, total=total)


@dataclass(frozen=True, slots=True)
class Progress:
    """A place for bars, below each other."""

    _place: Any = None

    def add(self, title: str, *, total: int | None = None) -> Bar:
        """Draw another bar. Without a total it shows the number only."""
        return Bar() if self._place is None else Bar(self._place, self._place.add_task(title, total=total))


@contextmanager
def progress() -> Iterator[Progress]:
    """Provide a place for bars. Where standard error is no terminal, and with ``--quiet``, nothing is drawn."""
    if not has_progress(sys.stderr):
        yield Progress()
        return
    # The library of bars takes longer to load than most commands take.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Drawn  # noqa: PLC0415

    console = Console(stderr=True, no_color=not has_color(sys.stderr), force_terminal=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Lines that are printed meanwhile go above the bars, unless standard output is read by a program.
    with Drawn(*columns, console=console, transient=True, redirect_stdout=is_terminal()) as drawn:
        yield Progress(drawn)
