"""Backoff after failures: exponential, with jitter, and not shorter than ``Retry-After``."""

from collections.abc import Callable

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
