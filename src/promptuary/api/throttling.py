"""Rate limits (sliding window): reads and writes per key, invalid keys per address."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from promptuary.api.errors import throttled
from promptuary.http.addresses import network_of
from promptuary.model.access import Permission
from promptuary.settings import Settings

logger = structlog.stdlib.get_logger("promptuary.throttling")


@dataclass(frozen=True, slots=True)
class Throttle:
    """Counts requests and raises the 429 of `throttled` for those beyond a limit. A limit that is `None` never does.

    ``log_failure`` is called with the limit, in any thread.
    """

    limiter: MovingWindowRateLimiter
    reads: RateLimitItem | None
    writes: RateLimitItem | None
    bad_keys: RateLimitItem | None
    log_failure: Callable[[str], None]

    def count_request(self, key_id: str, permission: Permission) -> None:
        """Count a request that a key is good for."""
        if permission.is_reading:
            self._count(self.reads, "reads", key_id)
        else:
            self._count(self.writes, "writes", key_id)

    def count_read(self, key_id: str) -> bool:
        """Count a read and return `True` if it is allowed. The caller that rejects it counts it again, and notes the rejection."""
        return self._wait_for(self.reads, "reads", key_id) is None

    def count_bad_key(self, address: str) -> None:
        """Count an invalid key that came from an address."""
        self._count(self.bad_keys, "bad-keys", network_of(address))

    def _count(self, limit: RateLimitItem | None, purpose: str, who: str) -> None:
        wait = self._wait_for(limit, purpose, who)
        if wait is not None:
            self.log_failure(purpose)
            raise throttled(wait)

    def _wait_for(self, limit: RateLimitItem | None, purpose: str, who: str) -> float | None:
        """Count a request; return how many seconds to wait when it is beyond the limit."""
        if limit is None:
            return None
        try:
            return None if self.limiter.hit(limit, purpose, who) else self._wait(limit, purpose, who)
        except StorageError as error:
            # A limit protects the service; its loss must not take the service down.
            logger.warning("request not counted", purpose=purpose, reason=str(error.storage_error))
            return None

    def _wait(self, limit: RateLimitItem, purpose: str, who: str) -> float:
        return self.limiter.get_window_stats(limit, purpose, who).reset_time - time.time()


def create_throttle(settings: Settings, log_failure: Callable[[str], None]) -> Throttle:
    """Build the limits that are set."""
    return Throttle(
        limiter=MovingWindowRateLimiter(storage_from_string(settings.rate_limit_storage, wrap_exceptions=True)),
        reads=_limit(settings.rate_limit_reads),
        writes=_limit(settings.rate_limit_writes),
        bad_keys=_limit(settings.rate_limit_bad_keys),
        log_failure=log_failure,
    )


def _limit(rate: str) -> RateLimitItem | None:
    return parse(rate) if rate else None
