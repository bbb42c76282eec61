"""Backoff after failures: exponential, with jitter, and not shorter than ``Retry-After``."""

from collections.abc import Callable

STEADY_SECONDS = 5.0
"""Duration after which a stream counts as healthy: the next attempt comes soon."""

FIRST_SECONDS = 1.0
MAX_SECONDS = 300.0


class Backoff:
    """Consecutive failures, and the time until which nothing is sent. The caller passes times of a monotonic clock."""

    __slots__ = ("_failures", "is_requested", "until")

    def __init__(self) -> None:
        self._failures = 0
        self.until = 0.0
        self.is_requested = False

    def fail(
        self, now: float, random: Callable[[], float], *, retry_after: float | None = None, max_seconds: float = MAX_SECONDS
    ) -> None:
        """Record a failure. ``retry_after`` is the pause that the server asked for; ``max_seconds`` does not limit it."""
        # The exponent is bounded, because a float is.
        pause = min(FIRST_SECONDS * 2 ** min(self._failures, 16), max_seconds) * (0.5 + random() / 2)
        self._failures += 1
        self.is_requested = retry_after is not None
        self.until = now + max(pause, (retry_after or 0.0) * (1 + random() / 10))

    def succeed(self) -> None:
        """Forget all failures."""
        self._failures = 0
        self.until = 0.0
        self.is_requested = False


class StreamBackoff:
    """Pauses between attempts to read a stream, and the first failure of each outage. Not thread-safe."""

    def __init__(self, clock: Callable[[], float], rng: Callable[[], float]) -> None:
        self._clock = clock
        self._random = rng
        self._backoff = Backoff()
        self._began: float | None = None
        self._is_reported = False

    def begin(self) -> None:
        """Record that the stream is read."""
        self._began, self._is_reported = self._clock(), False

    def is_news(self) -> bool:
        """Return `True` for the first failure since the stream was read: it has to be reported."""
        is_first, self._is_reported = not self._is_reported, True
        return is_first

    def end(self, *, retry_after: float | None, max_seconds: float) -> float:
        """Record the end of an attempt; return the seconds to wait before the next one."""
        now = self._clock()
        if self._began is not None and now - self._began >= STEADY_SECONDS:
            self._backoff.succeed()
        self._began = None
        self._backoff.fail(now, self._random, retry_after=retry_after, max_seconds=max_seconds)
        return self._backoff.until - now
