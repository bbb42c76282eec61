"""Limits on failed attempts to sign in (sliding windows): from one address, into one account, and of all together."""

import hashlib
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import anyio.to_thread
import structlog
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from promptuary.http.addresses import network_of
from promptuary.model.errors import LinkEnded, SignInRefused
from promptuary.model.text import counted
from promptuary.web.errors import WebError

PURPOSE = "sign-ins"

logger = structlog.stdlib.get_logger("promptuary.throttling")


@dataclass(frozen=True, slots=True)
class SignInThrottle:
    """Counts failures. A limit that is `None` never refuses. ``log_failure`` is called with the limit, in any thread.

    ``together`` limits the failures of all addresses. It applies to addresses with a failure; others may still sign in.
    """

    limiter: MovingWindowRateLimiter
    limit: RateLimitItem | None
    together: RateLimitItem | None
    log_failure: Callable[[str], None]
    # How many attempts of each address are under way. Belongs to the event loop.
    _under_way: Counter[str] = field(default_factory=Counter)

    @asynccontextmanager
    async def admitted(self, address: str) -> AsyncIterator[int]:
        """Let an address make an attempt for the length of the block, and give the number of its failures and other attempts.

        Attempts count from here on, so many at once are no way around the limit. Raises `WebError`.
        """
        network = network_of(address)
        local = isinstance(self.limiter.storage, MemoryStorage)
        failures = self._failures(network) if local else await anyio.to_thread.run_sync(self._failures, network)
        failures += self._under_way[network]
        if self.limit is not None and failures >= self.limit.amount:
            raise self._refusal("address", network)
        self._under_way[network] += 1
        try:
            yield failures
        finally:
            self._under_way[network] -= 1
            if not self._under_way[network]:
                del self._under_way[network]

    @contextmanager
    def attempt(
        self, *, address: str, account: str | None = None, addresses_in_use: Callable[[], Iterable[str]] = tuple
    ) -> Iterator[None]:
        """Let a block make the attempt that was admitted, unless there were too many failures for its account. Raises `WebError`.

        It is counted against its account before it is made, and forgotten when it succeeds. The limit of the account does not
        hold for the addresses where its user is signed in, so others cannot lock the user out there.
        """
        # An account is whatever was typed, of any length.
        account = None if account is None else hashlib.sha256(account.strip().lower().encode(errors="replace")).hexdigest()
        is_refused = account is not None and self.limit is not None and not self._hit(self.limit, "account", account)
        if account is not None and is_refused and network_of(address) not in {network_of(used) for used in addresses_in_use()}:
            raise self._refusal("account", account)
        try:
            yield
        except (SignInRefused, LinkEnded):
            if self.limit is not None:
                self._hit(self.limit, "address", network_of(address))
            if self.together is not None:
                self._hit(self.together, "all")
            raise
        if account is not None:
            self._forget("account", account)

    def _failures(self, network: str) -> int:
        """Return how many attempts of a network have failed; the maximum if those of all networks are too many."""
        if self.limit is None:
            return 0
        try:
            failures = self.limit.amount - self.limiter.get_window_stats(self.limit, PURPOSE, "address", network).remaining
            if failures and self.together is not None and not self.limiter.test(self.together, PURPOSE, "all"):
                return self.limit.amount
        except StorageError as error:
            _warn(error)
            return 0
        return failures

    def _hit(self, limit: RateLimitItem, *who: str) -> bool:
        try:
            return self.limiter.hit(limit, PURPOSE, *who)
        except StorageError as error:
            _warn(error)
            return True

    def _forget(self, kind: str, who: str) -> None:
        if self.limit is not None:
            try:
                self.limiter.clear(self.limit, PURPOSE, kind, who)
            except StorageError as error:
                _warn(error)

    def _refusal(self, kind: str, who: str) -> WebError:
        self.log_failure(PURPOSE)
        wait = 0.0
        if self.limit is not None:
            try:
                wait = self.limiter.get_window_stats(self.limit, PURPOSE, kind, who).reset_time - time.time()
            except StorageError as error:
                _warn(error)
        return _too_many(max(1, math.ceil(wait)))


def create_sign_in_throttle(storage: str, rate: str, together: str, log_failure: Callable[[str], None]) -> SignInThrottle:
    """Build the limits from the texts of their settings; an empty rate is none."""
    limiter = MovingWindowRateLimiter(storage_from_string(storage, wrap_exceptions=True))
    return SignInThrottle(limiter, parse(rate) if rate else None, parse(together) if together else None, log_failure)


def _warn(error: StorageError) -> None:
    # A limit protects the service; its loss must not take the service down.
    logger.warning("sign-in attempt not counted", reason=str(error.storage_error))


def _too_many(seconds: int) -> WebError:
    advice = f"Wait {counted(seconds, 'second')}, then try again."
    return WebError(429, "Too many failed sign-ins.", advice=advice, headers={"Retry-After": str(seconds)})
