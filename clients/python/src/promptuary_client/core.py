"""All that a client knows and decides: what to serve, whom to let ask, what an answer changes. It does no I/O and never waits.

Both clients share it. Every method is safe to call from many threads; none calls foreign code while it holds the lock.
"""

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from promptuary_client import errors
from promptuary_client.backoff import Backoff
from promptuary_client.prompts import Content, Prompt, PromptKey, Source
from promptuary_client.settings import Settings

MAX_REFRESHES = 8
"""How many refreshes may be under way at once. What is due beyond that is refreshed by a later call."""


OFFLINE = "The client is offline."


class Step(Enum):
    """What a fetch does before it is answered."""

    SERVE = auto()
    """Nothing."""

    REFRESH = auto()
    """Have the server asked, and not wait for it."""

    WAIT = auto()
    """Have the server asked, and wait until the deadline."""


@dataclass
class Entry:
    """What is known of one key. ``error`` is why it was not confirmed last time, if it was not."""

    content: Content | None = None
    source: Source = "cache"
    confirmed: float = 0.0
    fresh_until: float = 0.0
    must_ask: bool = False
    error: errors.PromptuaryError | None = None
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(eq=False)
class PendingFetch:
    """One request under way for a key. ``done`` is set when it has landed; ``succeeded`` says how."""

    key: PromptKey
    limit: float
    stuck_after: float
    done: threading.Event = field(default_factory=threading.Event)
    succeeded: bool = False
    is_abandoned: bool = False


class Core:
    """The cache of a client, the requests under way, and the patience with its server."""

    def __init__(
        self, settings: Settings, *, clock: Callable[[], float] = time.monotonic, rng: Callable[[], float] = random.random
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._random = rng
        self._entries: OrderedDict[PromptKey, Entry] = OrderedDict()
        self._pending: dict[PromptKey, PendingFetch] = {}
        self._host = Backoff()
        self._host_error: errors.PromptuaryError | None = None
        self._has_stuck = False
        self._unused: set[tuple[str, int | None, tuple[str, ...]]] = set()
        self.changes_seen = 0
        """How many changes were heard of."""
        self.lock = threading.Lock()

    def after_fork(self) -> None:
        """Keep what is known and forget what is under way: the threads that would finish it are not in this process."""
        self.lock = threading.Lock()
        self.drop_pending()

    def drop_pending(self) -> None:
        """Forget what is under way, because nobody will finish it."""
        with self.lock:
            self._pending = {}
            self._has_stuck = False

    def plan(self, key: PromptKey, *, has_fallback: bool) -> Step:
        """Decide what a fetch does."""
        with self.lock:
            now = self._clock()
            entry = self._entries.get(key)
            if entry is None:
                return Step.WAIT
            self._entries.move_to_end(key)
            if self._settings.offline:
                return Step.SERVE
            if entry.content is None:
                return self._plan_without_content(key, entry, now, has_fallback=has_fallback)
            if now < entry.fresh_until or not self._may_ask(entry, now):
                return Step.SERVE
            if entry.must_ask or self._is_too_stale(entry, now) or not self._settings.threads:
                return Step.WAIT
            is_under_way = self._find_pending(key, now) is not None
            return Step.SERVE if is_under_way or len(self._pending) >= MAX_REFRESHES else Step.REFRESH

    def _plan_without_content(self, key: PromptKey, entry: Entry, now: float, *, has_fallback: bool) -> Step:
        if self._may_ask(entry, now):
            in_background = has_fallback and self._settings.threads
            return Step.REFRESH if in_background else Step.WAIT
        if has_fallback:
            return Step.SERVE
        # What failed at once may be tried at once. What made callers wait, or asked them to, may not.
        is_under_way = self._find_pending(key, now) is not None
        is_told = self._host.is_told or entry.backoff.is_told
        return Step.SERVE if is_told or is_under_way or isinstance(entry.error, errors.RequestTimeoutError) else Step.WAIT

    def join(self, key: PromptKey, timeout: float) -> tuple[PendingFetch, bool]:
        """Return the request under way for a key, and whether it is a new one, which the caller has to make then."""
        with self.lock:
            now = self._clock()
            pending = self._find_pending(key, now)
            if pending is not None:
                return pending, False
            limit = max(timeout, self._settings.request_timeout) if self._settings.threads else timeout
            # It stops itself at its limit. What does not is stuck where nothing can be stopped, such as in a name server.
            pending = PendingFetch(key, limit, stuck_after=now + 2 * limit + 1)
            self._pending[key] = pending
            return pending, True

    def finish(self, pending: PendingFetch) -> None:
        """Note that a request is over, and let go those who wait for it; a second time does no harm."""
        with self.lock:
            if self._pending.get(pending.key) is pending:
                del self._pending[pending.key]
        pending.done.set()

    def take_stuck(self) -> bool:
        """Tell, once, that a request was given up as stuck, so that its connection had better be closed."""
        has_stuck, self._has_stuck = self._has_stuck, False
        return has_stuck

    def known(self, key: PromptKey) -> Content | None:
        """Return the content that memory has."""
        with self.lock:
            entry = self._entries.get(key)
            return entry.content if entry else None

    def may_send(self, key: PromptKey, *, has_fallback: bool) -> bool:
        """Tell whether a request that has boarded may be sent: not during a pause, unless there is nothing else to serve."""
        with self.lock:
            entry = self._entry(key)
            if self._settings.offline:
                entry.error = errors.UnreachableError(OFFLINE)
                return False
            if self._clock() >= self._host.until:
                return True
            is_needed = entry.content is None and not has_fallback
            if is_needed and not self._host.is_told:
                return True
            entry.error = entry.error or self._host_error
            return False

    def add_from_disk(self, key: PromptKey, content: Content, age: float) -> None:
        """Take in what the disk had, unless memory knows better meanwhile."""
        with self.lock:
            entry = self._entry(key)
            if entry.content is None:
                entry.content, entry.source, entry.confirmed = content, "disk", self._clock() - age

    def confirm(self, pending: PendingFetch, content: Content) -> bool:
        """Take in what the server said; return whether it was taken in.

        The answer to a request that was given up for a later one counts only where nothing else is known, and is due for a refresh.
        """
        with self.lock:
            entry = self._entry(pending.key)
            is_current = self._pending.get(pending.key) is pending
            if not is_current and entry.content is not None:
                return False
            must_ask = entry.must_ask and not is_current
            self._store(pending.key, content)
            if not is_current:
                entry.fresh_until, entry.must_ask = 0.0, must_ask
            pending.succeeded = True
            return True

    def add(self, key: PromptKey, content: Content, *, changes_seen: int) -> None:
        """Take in what the server said without having been asked for this key alone, when so many changes had been heard of."""
        with self.lock:
            self._pending.pop(key, None)
            self._store(key, content)
            if changes_seen != self.changes_seen:
                self._entries[key].fresh_until = 0.0

    def _store(self, key: PromptKey, content: Content) -> None:
        now = self._clock()
        entry = self._entry(key)
        # Programs that were started together do not ask together forever.
        lifetime = self._settings.ttl * (0.9 + self._random() / 10)
        entry.content, entry.source, entry.error = content, "cache", None
        entry.confirmed, entry.fresh_until, entry.must_ask = now, now + lifetime, False
        entry.backoff.succeed()
        self._entries.move_to_end(key)
        self._host.succeed()
        self._host_error = None

    def reject(self, key: PromptKey, error: errors.NotFoundError) -> bool:
        """Note that a key cannot be asked for. Returns whether the caller has to report it; a report is repeated after a pause."""
        with self.lock:
            now = self._clock()
            entry = self._entry(key)
            is_due = now >= entry.backoff.until
            if is_due:
                entry.error = error
                entry.backoff.fail(now, self._random)
            return is_due

    def fail(self, key: PromptKey, error: errors.PromptuaryError) -> bool:
        """Note that the server did not confirm; what is known stays. Returns whether anything is."""
        with self.lock:
            now = self._clock()
            entry = self._entry(key)
            entry.error = error
            if isinstance(error, (errors.UnavailableError, errors.AuthenticationError, errors.PermissionDeniedError)):
                self._host_error = error
                self._host.fail(now, self._random, retry_after=getattr(error, "retry_after", None))
            else:
                self._host.succeed()
                entry.backoff.fail(now, self._random, most=max(self._settings.ttl, 1.0))
            return entry.content is not None

    def abandon(self, pending: PendingFetch) -> errors.RequestTimeoutError | None:
        """Note that a caller waits no longer; return the error if it is the first one who gives up on this request."""
        with self.lock:
            is_first, pending.is_abandoned = not pending.is_abandoned, True
        error = errors.RequestTimeoutError(f"No answer for {pending.key} within the timeout.")
        if not is_first or pending.done.is_set():
            return None
        self.fail(pending.key, error)
        return error

    def forget(self, name: str) -> None:
        """Have the server asked before a prompt is served next, because this program has just changed it."""
        with self.lock:
            for key, entry in self._entries.items():
                if key.name == name:
                    entry.must_ask, entry.fresh_until = True, 0.0
                    entry.backoff.succeed()
                    # A request that is under way may have been answered before the change.
                    self._pending.pop(key, None)

    def mark_reachable(self) -> None:
        """Note that the server can be reached, so that nobody waits for the end of a pause that it has not asked for."""
        with self.lock:
            if not self._host.is_told:
                self._host.succeed()

    def invalidate(self, concerns: Callable[[PromptKey], bool]) -> list[PromptKey]:
        """Note that a change has happened; return the keys that it concerns, most recently used first.

        They are due for a refresh. What is known of them is served until then, and nobody has to wait.
        """
        with self.lock:
            self.changes_seen += 1
            keys = [key for key in (*self._pending, *reversed(self._entries)) if concerns(key)]
            for key in keys:
                # A request that is under way may have been answered before the change.
                self._pending.pop(key, None)
                entry = self._entries.get(key)
                if entry is not None:
                    entry.fresh_until = 0.0
                    entry.backoff.succeed()
        return list(dict.fromkeys(keys))

    def answer(self, key: PromptKey, *, is_confirmed: bool) -> Prompt | None:
        """Return what there is to serve; `None` if nothing is known."""
        with self.lock:
            entry = self._entries.get(key)
            if entry is None or entry.content is None:
                return None
            content, confirmed = entry.content, entry.confirmed
            source: Source = "server" if is_confirmed else entry.source
        age = max(self._clock() - confirmed, 0.0)
        return Prompt(content, content.name, content.version, content.label or key.label, source, age)

    def is_first_unused(self, prompt: Prompt, names: tuple[str, ...]) -> bool:
        """Tell whether values that a version of a prompt does not use are to be reported: once, and so many at most."""
        fact = (prompt.name, prompt.version, names)
        with self.lock:
            is_first = fact not in self._unused and len(self._unused) < self._settings.max_entries
            if is_first:
                self._unused.add(fact)
            return is_first

    def error(self, key: PromptKey) -> errors.PromptuaryError:
        """Return why there is nothing to serve."""
        with self.lock:
            entry = self._entries.get(key)
        return (entry.error if entry else None) or errors.UnreachableError("The server was not asked.")

    def _entry(self, key: PromptKey) -> Entry:
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = Entry()
            while len(self._entries) > self._settings.max_entries:
                self._entries.popitem(last=False)
        return entry

    def _find_pending(self, key: PromptKey, now: float) -> PendingFetch | None:
        pending = self._pending.get(key)
        if pending is not None and now > pending.stuck_after:
            del self._pending[key]
            self._has_stuck = True
            return None
        return pending

    def _may_ask(self, entry: Entry, now: float) -> bool:
        return now >= self._host.until and now >= entry.backoff.until

    def _is_too_stale(self, entry: Entry, now: float) -> bool:
        most = self._settings.max_stale
        return most is not None and now - entry.confirmed > self._settings.ttl + most
