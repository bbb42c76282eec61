"""A limit on failed attempts to sign in (sliding window): from one address, and into one account."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from promptuary.model.errors import SignInRefused
from promptuary.model.text import counted
from promptuary.web.errors import WebError

PURPOSE = "sign-ins"

logger = structlog.stdlib.get_logger("promptuary.throttling")


@dataclass(frozen=True, slots=True)
class SignInThrottle:
    """Counts failures. A limit that is `None` never refuses. ``note_refusal`` is told which limit was met, in any thread."""

    limiter: MovingWindowRateLimiter
    limit: RateLimitItem | None
    note_refusal: Callable[[str], None]

    @contextmanager
    def attempt(self, *, address: str, account: str) -> Iterator[None]:
        """Let a block try to sign in, unless there were too many failures. Raises `WebError`.

        An attempt is counted against its account before it is made, so that many at once are no way around, and forgotten when it
        succeeds.
        """
        account = account.strip().lower()
        self._require_room("address", address, counts=False)
        self._require_room("account", account, counts=True)
        try:
            yield
        except SignInRefused:
            self._count("address", address)
            raise
        self._forget("account", account)

    def _require_room(self, kind: str, who: str, *, counts: bool) -> None:
        if self.limit is None:
            return
        try:
            has_room = (self.limiter.hit if counts else self.limiter.test)(self.limit, PURPOSE, kind, who)
            wait = 0.0 if has_room else self.limiter.get_window_stats(self.limit, PURPOSE, kind, who).reset_time - time.time()
        except StorageError as error:
            _warn(error)
            return
        if not has_room:
            self.note_refusal(PURPOSE)
            raise _too_many(max(1, math.ceil(wait)))

    def _count(self, kind: str, who: str) -> None:
        if self.limit is not None:
            try:
                self.limiter.hit(self.limit, PURPOSE, kind, who)
            except StorageError as error:
                _warn(error)

    def _forget(self, kind: str, who: str) -> None:
        if self.limit is not None:
            try:
                self.limiter.clear(self.limit, PURPOSE, kind, who)
            except StorageError as error:
                _warn(error)


def create_sign_in_throttle(storage: str, rate: str, note_refusal: Callable[[str], None]) -> SignInThrottle:
    """Build the limit from the texts of its settings; an empty rate is none."""
    limiter = MovingWindowRateLimiter(storage_from_string(storage, wrap_exceptions=True))
    return SignInThrottle(limiter, parse(rate) if rate else None, note_refusal)


def _warn(error: StorageError) -> None:
    # A limit protects the service; its loss must not take the service down.
    logger.warning("attempt to sign in not counted", reason=str(error.storage_error))


def _too_many(seconds: int) -> WebError:
    advice = f"Wait {counted(seconds, 'second')}, then try again."
    return WebError(429, "Too many attempts to sign in have failed.", advice=advice, headers={"Retry-After": str(seconds)})
