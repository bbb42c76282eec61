"""Counting of fetches in memory, until the counts are taken to be written. Knows no database."""

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from operator import itemgetter

from promptuary.model.access import Actor
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry.assembling import AssembledVersion

MAX_COUNTS = 200_000
"""Most different uses that are kept while they cannot be written; it takes some 100 MB to keep so many."""

_MAX_NOTED = 1000


@dataclass(frozen=True, slots=True)
class _Day:
    """Counts of one day."""

    counts: Counter[FetchKey] = field(default_factory=Counter)
    lasts: dict[FetchKey, float] = field(default_factory=dict)


class FetchCounter:
    """Counts fetches. Any thread may count at any time; ``clock`` tells the seconds since 1970.

    `count` stands in the way of every fetch, so it only takes a note, without a lock. Notes are added up by the thousand, which
    takes little memory, and in few steps, which takes little time.
    """

    def __init__(self, clock: Callable[[], float] = time.time, *, max_counts: int = MAX_COUNTS) -> None:
        self._clock = clock
        self._max_counts = max_counts
        self._noted: deque[tuple[FetchKey, float]] = deque()
        self._adding = threading.Lock()
        self._days: defaultdict[date, _Day] = defaultdict(_Day)

    def count(self, fetch_key: FetchKey) -> None:
        """Count a fetch."""
        self._noted.append((fetch_key, self._clock()))
        # Counting must not wait for another thread, which may still add notes meanwhile.
        if len(self._noted) >= _MAX_NOTED and self._adding.acquire(blocking=False):
            try:
                self._add_up()
            finally:
                self._adding.release()

    def count_versions(self, actor: Actor, versions: Iterable[AssembledVersion], label: str | None) -> None:
        """Count a fetch of each version, and of its parts, by an actor, who has asked for it by a label, if any."""
        for each in versions:
            self.count(FetchKey(each.version.id, actor.key_id or "", label or "", each.part_ids))

    def take(self) -> list[FetchCount]:
        """Return what was counted since the last call."""
        with self._adding:
            self._add_up()
            days, self._days = self._days, defaultdict(_Day)
        return [
            FetchCount(day, fetch_key, count, datetime.fromtimestamp(counted.lasts[fetch_key], UTC))
            for day, counted in days.items()
            for fetch_key, count in counted.counts.items()
        ]

    def put_back(self, fetch_counts: Iterable[FetchCount]) -> int:
        """Take back what could not be written; return how many fetches were given up because there are too many to keep."""
        given_up = 0
        with self._adding:
            room = self._max_counts - sum(len(day.counts) for day in self._days.values())
            for fetch_count in fetch_counts:
                day = self._days[fetch_count.day]
                if fetch_count.fetch_key not in day.counts:
                    room -= 1
                    if room < 0:
                        given_up += fetch_count.count
                        continue
                day.counts[fetch_count.fetch_key] += fetch_count.count
                day.lasts[fetch_count.fetch_key] = max(
                    fetch_count.last_fetched_at.timestamp(), day.lasts.get(fetch_count.fetch_key, 0.0)
                )
        return given_up

    def _add_up(self) -> None:
        # Other threads continue to add notes; those are taken next time.
        noted = [self._noted.popleft() for _ in range(len(self._noted))]
        while noted:
            day = _day_of(noted[0])
            is_one_day = _day_of(noted[-1]) == day
            of_day = noted if is_one_day else [note for note in noted if _day_of(note) == day]
            noted = [] if is_one_day else [note for note in noted if _day_of(note) != day]
            self._days[day].counts.update(map(_use_of, of_day))
            self._days[day].lasts.update(of_day)


_use_of = itemgetter(0)


def _day_of(note: tuple[FetchKey, float]) -> date:
    return datetime.fromtimestamp(note[1], UTC).date()
