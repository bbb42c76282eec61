"""Rate limits (sliding windows): requests of a key, invalid keys of an address, and failed attempts to sign in.

Not here: the answer to a refusal, which each edge gives in its own shape. A limit protects the service, so the loss of its storage
does not take the service down: nothing is refused then.
"""

import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import anyio.to_thread
import structlog
from limits import parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from promptuary.http.addresses import network_of
from promptuary.model.access import Permission
from promptuary.model.device_authorizations import DeviceCodeEnded
from promptuary.model.errors import LinkEnded, SignInRefused
from promptuary.settings import Settings

SIGN_INS = "sign-ins"

NoteRefusal = Callable[[str], None]
"""Called with the purpose of a limit that refuses, in any thread."""

logger = structlog.stdlib.get_logger("promptuary.throttling")


class RateLimited(Exception):
    """A caller is beyond a limit; ``wait`` is the number of seconds until it is not."""

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.wait = wait


class RateLimit:
    """Counts events of one purpose by their source. Without a rate, it counts and refuses nothing."""

    def __init__(self, limiter: MovingWindowRateLimiter, rate: str, purpose: str, note_refusal: NoteRefusal) -> None:
        self._limiter = limiter
        self._rate = parse(rate) if rate else None
        self._purpose = purpose
        self._note_refusal = note_refusal

    @property
    def maximum(self) -> int | None:
        """Maximum events in a window, `None` without a rate."""
        return None if self._rate is None else self._rate.amount

    @property
    def is_in_memory(self) -> bool:
        """Return `True` if the counts are in the memory of this process, so that reading them does not block."""
        return isinstance(self._limiter.storage, MemoryStorage)

    def hit(self, *source: str) -> bool:
        """Count an event and tell if it is within the limit."""
        if self._rate is None:
            return True
        try:
            return self._limiter.hit(self._rate, self._purpose, *source)
        except StorageError as error:
            self._warn(error)
            return True

    def count(self, *source: str) -> None:
        """Count an event. Raises `RateLimited` beyond the limit."""
        if not self.hit(*source):
            raise self.refusal(*source)

    def events(self, *source: str) -> int:
        """Return the number of events in the present window."""
        if self._rate is None:
            return 0
        try:
            return self._rate.amount - self._limiter.get_window_stats(self._rate, self._purpose, *source).remaining
        except StorageError as error:
            self._warn(error)
            return 0

    def is_reached(self, *source: str) -> bool:
        """Return `True` if the next event would be beyond the limit."""
        return self._rate is not None and self.events(*source) >= self._rate.amount

    def forget(self, *source: str) -> None:
        """Forget all events of a source."""
        if self._rate is None:
            return
        try:
            self._limiter.clear(self._rate, self._purpose, *source)
        except StorageError as error:
            self._warn(error)

    def refusal(self, *source: str) -> RateLimited:
        """Record that a source is refused, and return the error to raise."""
        self._note_refusal(self._purpose)
        wait = 0.0
        if self._rate is not None:
            try:
                wait = self._limiter.get_window_stats(self._rate, self._purpose, *source).reset_time - time.time()
            except StorageError as error:
                self._warn(error)
        return RateLimited(wait)

    def _warn(self, error: StorageError) -> None:
        logger.warning("request not counted", purpose=self._purpose, reason=str(error.storage_error))


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Limits of the API and of agents. Their methods raise `RateLimited`."""

    reads: RateLimit
    writes: RateLimit
    bad_keys: RateLimit

    def count_request(self, key_id: str, permission: Permission) -> None:
        """Count a request with a valid key."""
        (self.reads if permission.is_reading else self.writes).count(key_id)

    def count_read(self, key_id: str) -> bool:
        """Count a read and tell if it is allowed. The caller that refuses it counts it again, and records the refusal."""
        return self.reads.hit(key_id)

    def count_bad_key(self, address: str) -> None:
        """Count an invalid key that came from an address."""
        self.bad_keys.count(network_of(address))


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """Limits of failed attempts to sign in: from one address, into one account, and of all together.

    ``together`` holds for addresses with a failure of their own; all others still get in.
    """

    single: RateLimit
    together: RateLimit
    # How many attempts of each address are under way. Belongs to the event loop.
    _under_way: Counter[str] = field(default_factory=Counter)

    @asynccontextmanager
    async def admitted(self, address: str) -> AsyncIterator[int]:
        """Let an address make an attempt during the block, and give the number of its failures and other attempts.

        Attempts count from here on, so many at once are no way around the limit. Raises `RateLimited`.
        """
        network = network_of(address)
        failures = (
            self._failures(network) if self.single.is_in_memory else await anyio.to_thread.run_sync(self._failures, network)
        ) + self._under_way[network]
        if self.single.maximum is not None and failures >= self.single.maximum:
            raise self.single.refusal("address", network)
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
        """Make the attempt that was admitted in the block, unless its account has too many failures. Raises `RateLimited`.

        It is counted against its account before it is made, and forgotten when it succeeds. The limit of the account does not
        hold for the addresses where its user is signed in, so others cannot lock the user out there.
        """
        # An account is any text that was typed, of any length.
        account = None if account is None else hashlib.sha256(account.strip().lower().encode(errors="replace")).hexdigest()
        is_refused = account is not None and not self.single.hit("account", account)
        if account is not None and is_refused and network_of(address) not in {network_of(used) for used in addresses_in_use()}:
            raise self.single.refusal("account", account)
        try:
            yield
        except (SignInRefused, LinkEnded):
            if self.single.maximum is not None:
                self.single.hit("address", network_of(address))
            self.together.hit("all")
            raise
        if account is not None:
            self.single.forget("account", account)

    @contextmanager
    def code_attempt(self, user_id: int) -> Iterator[None]:
        """Let a user try a code in the block, unless too many of theirs were wrong. Raises `RateLimited`."""
        if self.single.is_reached("code", str(user_id)):
            raise self.single.refusal("code", str(user_id))
        try:
            yield
        except DeviceCodeEnded:
            self.single.hit("code", str(user_id))
            raise

    def _failures(self, network: str) -> int:
        """Return the number of failures of a network; the maximum if the failures of all together are too many."""
        failures = self.single.events("address", network)
        return self.single.maximum or 0 if failures and self.together.is_reached("all") else failures


def create_request_limits(settings: Settings, limiter: MovingWindowRateLimiter, note_refusal: NoteRefusal) -> RequestLimits:
    """Build the limits of the API and of agents."""
    return RequestLimits(
        reads=RateLimit(limiter, settings.rate_limit_reads, "reads", note_refusal),
        writes=RateLimit(limiter, settings.rate_limit_writes, "writes", note_refusal),
        bad_keys=RateLimit(limiter, settings.rate_limit_bad_keys, "bad-keys", note_refusal),
    )


def create_sign_in_limits(settings: Settings, limiter: MovingWindowRateLimiter, note_refusal: NoteRefusal) -> SignInLimits:
    """Build the limits of attempts to sign in."""
    return SignInLimits(
        single=RateLimit(limiter, settings.rate_limit_sign_ins, SIGN_INS, note_refusal),
        together=RateLimit(limiter, settings.rate_limit_all_sign_ins, SIGN_INS, note_refusal),
    )


def open_limiter(settings: Settings) -> MovingWindowRateLimiter:
    """Open the storage of all limits of a worker."""
    return MovingWindowRateLimiter(storage_from_string(settings.rate_limit_storage, wrap_exceptions=True))
