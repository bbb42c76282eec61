"""When to ask again after failures: later each time, never all programs at once, and not before the server said."""

from collections.abc import Callable

FIRST_SECONDS = 1.0
MAX_SECONDS = 300.0


class Backoff:
    """Failures in a row, and the time until which nothing is asked. Times are the caller's, of a clock that never goes back."""

    __slots__ = ("_failures", "is_told", "until")

    def __init__(self) -> None:
        self._failures = 0
        self.until = 0.0
        self.is_told = False

    def fail(self, now: float, random: Callable[[], float], *, retry_after: float | None = None, most: float = MAX_SECONDS) -> None:
        """Note a failure. ``retry_after`` is what the server asked for: it is waited out, whatever ``most`` says."""
        # The exponent is bounded, because a float is.
        pause = min(FIRST_SECONDS * 2 ** min(self._failures, 16), most) * (0.5 + random() / 2)
        self._failures += 1
        self.is_told = retry_after is not None
        self.until = now + max(pause, (retry_after or 0.0) * (1 + random() / 10))

    def succeed(self) -> None:
        """Forget all failures."""
        self._failures = 0
        self.until = 0.0
        self.is_told = False
