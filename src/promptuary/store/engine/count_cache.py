"""Cache of list counts, valid until the change log moves: counting takes longer than reading a page."""

from collections.abc import Callable, Hashable, Mapping

_MAX_COUNTS = 10_000


class Counts:
    """Counts of one database, for transactions that only read. Safe to share between threads.

    What is counted must change with the change log only. A transaction sees the log and the rows of one moment, so where
    the log ends alike, rows are alike.
    """

    def __init__(self) -> None:
        self._known: tuple[Hashable, Mapping[Hashable, int]] = (None, {})

    def of(self, what: Hashable, *, log_end: Hashable, count: Callable[[], int]) -> int:
        """Return the count of ``what`` where the log ends at ``log_end``, counted if it is not known."""
        known_at, counts = self._known
        if known_at == log_end and what in counts:
            return counts[what]
        counted = count()
        known_at, counts = self._known
        # Threads that do this at once may overwrite each other's count, and never mix states: the pair is replaced as one.
        kept = counts if known_at == log_end and len(counts) < _MAX_COUNTS else {}
        self._known = (log_end, {**kept, what: counted})
        return counted
