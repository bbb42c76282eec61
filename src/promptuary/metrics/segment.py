"""The segment of each worker: its metrics as numbers, in memory that outlives the worker and that other workers can read.

Counting costs a worker some tens of nanoseconds, without a lock. A worker holds a lock on its segment as long as it lives, however
it ends. A worker that starts later takes over the segment of one that died and counts on, so that counters never decrease and
segments never accumulate.
"""

import fcntl
import mmap
import os
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from promptuary.metrics.layout import LOCATIONS, METRICS, SIGNATURE, Metric, place_of, places_of

_NUMBER_BYTES = 8
_SIZE = LOCATIONS * _NUMBER_BYTES
_PREFIX = f"metrics-{SIGNATURE}-"

logger = structlog.stdlib.get_logger("promptuary.metrics")


class Numbers(Protocol):
    """Numbers that can be changed in place: a part of a segment, or a list."""

    def __getitem__(self, place: int, /) -> float:
        """Return a number."""

    def __setitem__(self, place: int, number: float, /) -> None:
        """Change a number."""


class Segment:
    """The numbers of one worker. `count` may be called in any thread, everything else only in one."""

    def __init__(self, memory: mmap.mmap, path: Path | None) -> None:
        self.path = path
        self.numbers = memoryview(memory).cast("d")
        for metric in METRICS:
            if metric.kind == "gauge":
                places = places_of(metric)
                self.numbers[places] = memoryview(bytes((places.stop - places.start) * _NUMBER_BYTES)).cast("d")
        counters = [metric for metric in METRICS if metric.kind == "counter"]
        places_of_counters = [place_of(metric, *label_values) for metric in counters for label_values in metric.label_sets]
        self._inherited = {place: self.numbers[place] for place in places_of_counters}
        self._counting = threading.Lock()

    def view(self, metric: Metric) -> Numbers:
        """Return the numbers of a metric, to be changed in place by the counting code."""
        return self.numbers[places_of(metric)]

    def count(self, metric: Metric, *label_values: str) -> None:
        """Add one to a counter."""
        with self._counting:
            self.numbers[place_of(metric, *label_values)] += 1

    def put(self, metric: Metric, value: float, *label_values: str) -> None:
        """Set a gauge, or a counter to what this worker has counted elsewhere since it started."""
        place = place_of(metric, *label_values)
        self.numbers[place] = value + self._inherited.get(place, 0)


@dataclass(frozen=True, slots=True)
class Reading:
    """Contents of a segment, and the state of its worker."""

    numbers: Sequence[float]
    is_alive: bool


def open_segment(folder: Path | None) -> Segment:
    """Open a segment among those of the workers that share a folder, or a private one if there is none."""
    if folder is None:
        return Segment(mmap.mmap(-1, _SIZE), None)
    try:
        return _inherit_segment(folder) or _create_segment(folder)
    except OSError as error:
        # Numbers are not worth a server.
        logger.warning("metrics of this worker are not shared", reason=str(error))
        return Segment(mmap.mmap(-1, _SIZE), None)


def read_segments(folder: Path | None, own: Segment) -> list[Reading]:
    """Read the segments of all workers, dead and alive."""
    readings = [Reading(own.numbers.tolist(), is_alive=True)]
    for path in sorted(folder.glob(f"{_PREFIX}*")) if folder else []:
        if path != own.path:
            with path.open("rb") as file:
                is_alive = not _lock(file.fileno(), fcntl.LOCK_SH)
                readings.append(Reading(memoryview(file.read(_SIZE)).cast("d").tolist(), is_alive))
    return readings


def _inherit_segment(folder: Path) -> Segment | None:
    for path in sorted(folder.glob(f"{_PREFIX}*")):
        with path.open("r+b") as file:
            if _lock(file.fileno(), fcntl.LOCK_EX):
                # The map holds the file open, and so the lock.
                return Segment(mmap.mmap(file.fileno(), _SIZE), path)
    return None


def _create_segment(folder: Path) -> Segment:
    name = f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    with (folder / f"new-{name}").open("x+b") as file:
        _lock(file.fileno(), fcntl.LOCK_EX)
        # Written out, because touching memory for which the disk has no room would end the process.
        file.write(bytes(_SIZE))
        file.flush()
        # Other processes see the segment only after its lock is held.
        path = Path(file.name).rename(folder / name)
        return Segment(mmap.mmap(file.fileno(), _SIZE), path)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
