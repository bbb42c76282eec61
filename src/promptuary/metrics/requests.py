"""Counting requests. Everything here runs on each of them, on one event loop."""

from bisect import bisect_left

from promptuary.metrics.layout import ANSWERS, METHODS, NO_ANSWER, SECONDS, STATUSES, place_of
from promptuary.metrics.routes import OTHER, route_of
from promptuary.metrics.segment import Segment

_MAX_KNOWN_PATHS = 10_000
_MAX_KNOWN_LENGTH = 200
_SUM = ANSWERS.width - 1


class RequestCounts:
    """Counts requests in a worker's segment. ``in_progress`` is counted by the caller."""

    def __init__(self, segment: Segment) -> None:
        self.in_progress = 0
        self._numbers = segment.numbers
        self._known: dict[str, dict[str, int]] = {method: {} for method in METHODS}
        self._known_paths = 0
        self._offsets = {status: number * ANSWERS.width for number, status in enumerate((*STATUSES, OTHER))}

    def note(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request that is answered; status 0 means that its client did not wait for the answer."""
        try:
            place = self._known[method][path] + self._offsets[status]
        except KeyError:
            place = self._find_place(method, path, status or NO_ANSWER)
        self._numbers[place + bisect_left(SECONDS, seconds)] += 1
        self._numbers[place + _SUM] += seconds

    def _find_place(self, method: str, path: str, status: int) -> int:
        method = method if method in self._known else OTHER
        start = self._known[method].get(path)
        if start is None:
            start = place_of(ANSWERS, route_of(path), method, str(STATUSES[0]))
            self._remember(method, path, start)
        return start + self._offsets.get(status, self._offsets[OTHER])

    def _remember(self, method: str, path: str, start: int) -> None:
        if len(path) > _MAX_KNOWN_LENGTH:
            return
        if self._known_paths >= _MAX_KNOWN_PATHS:
            for paths in self._known.values():
                paths.clear()
            self._known_paths = 0
        self._known[method][path] = start
        self._known_paths += 1
