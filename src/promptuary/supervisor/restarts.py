"""Restart policy for workers: backoff and giving up. Only arithmetic; `pool` has the processes."""

from dataclasses import dataclass, field

QUICK_SECONDS = 10.0
"""A worker that dies sooner than this after its start died quickly."""

MAX_PAUSE_SECONDS = 30.0

MAX_FAILED_STARTS = 4
"""Maximum failed starts in a row, unless another worker serves."""


@dataclass
class _Record:
    quick_deaths: int = 0
    failed_starts: int = 0


@dataclass
class RestartPolicy:
    """The first death of a worker is followed by a new one at once. While it keeps dying quickly, the pauses double."""

    _records: dict[int, _Record] = field(default_factory=dict)
    _due: dict[int, float] = field(default_factory=dict)

    def record_exit(self, worker: int, *, lived: float, had_started: bool, now: float) -> float:
        """Note that a worker died ``lived`` seconds after its start; return the seconds after which it is started again."""
        record = self._records.setdefault(worker, _Record())
        record.failed_starts = 0 if had_started else record.failed_starts + 1
        pause = min(2.0 ** (record.quick_deaths - 1), MAX_PAUSE_SECONDS) if record.quick_deaths else 0.0
        if lived < QUICK_SECONDS:
            record.quick_deaths += 1
        else:
            record.quick_deaths, pause = 0, 0.0
        self._due[worker] = now + pause
        return pause

    def take_due(self, now: float) -> list[int]:
        """Return the workers to start now."""
        due = [worker for worker, moment in self._due.items() if moment <= now]
        for worker in due:
            del self._due[worker]
        return due

    def seconds_to_next(self, now: float) -> float | None:
        """Return how long nothing is due, `None` if no restart is pending."""
        return max(0.0, min(self._due.values()) - now) if self._due else None

    def is_exhausted(self) -> bool:
        """Return `True` if a worker has failed to start too often."""
        return any(record.failed_starts >= MAX_FAILED_STARTS for record in self._records.values())
