"""Cache and decisions that both clients share: content to serve, requests to send, effects of answers. No I/O, no waiting.

Thread-safe. No method calls code of the program while it holds the lock.
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
from promptuary_client.changes import Change, ChangeEvent
from promptuary_client.prompts import Content, Prompt, PromptKey, Source
from promptuary_client.settings import Settings

MAX_REFRESHES = 8
"""Maximum number of simultaneous refreshes; later calls start the others."""


OFFLINE = "The client is offline."
CLOSED = "The client is closed."


class Step(Enum):
    """Action of a fetch before it returns."""

    SERVE = auto()
    """Return at once."""

    REFRESH = auto()
    """Send a request, and do not wait for it."""

    WAIT = auto()
    """Send a request, and wait for it until the timeout."""


@dataclass
class Entry:
    """Cache entry of a key. ``error`` is the failure of the last request, if it failed.

    ``substitute`` was served while there was no content, and ``cause`` is the change that the next content follows from.
    """

    content: Content | None = None
    substitute: Content | None = None
    cause: Change | None = None
    source: Source = "cache"
    confirmed: float = 0.0
    fresh_until: float = 0.0
    must_ask: bool = False
    error: errors.PromptuaryError | None = None
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(eq=False)
class PendingFetch:
    """Request in progress for a key. ``done`` is set at its end, ``succeeded`` if content was confirmed since it ``began``."""

    key: PromptKey
    began: float
    limit: float
    stuck_after: float
    done: threading.Event = field(default_factory=threading.Event)
    succeeded: bool = False
    is_abandoned: bool = False


class Core:
    """Cache of a client, its requests in progress, and the backoff for its server."""

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
        self._changes: dict[PromptKey, ChangeEvent] = {}
        self._unused: set[tuple[str, int | None, tuple[str, ...]]] = set()
        self.changes_seen = 0
        """Number of changes that were received."""
        self.lock = threading.Lock()

    def after_fork(self) -> None:
        """Keep the cache and forget requests in progress: their threads are not in this process."""
        self.lock = threading.Lock()
        self.drop_pending()

    def drop_pending(self) -> None:
        """Forget requests in progress, because nothing will finish them."""
        with self.lock:
            self._pending = {}
            self._has_stuck = False

    def plan(self, key: PromptKey, *, has_fallback: bool) -> Step:
        """Return the action of a fetch."""
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
        # A request that failed at once may be sent again at once; not so after a timeout or with ``Retry-After``.
        is_under_way = self._find_pending(key, now) is not None
        is_requested = self._host.is_requested or entry.backoff.is_requested
        return Step.SERVE if is_requested or is_under_way or isinstance(entry.error, errors.RequestTimeoutError) else Step.WAIT

    def join(self, key: PromptKey, timeout: float) -> tuple[PendingFetch, bool]:
        """Return the request in progress for a key, and `True` if it is new and the caller has to send it."""
        with self.lock:
            now = self._clock()
            pending = self._find_pending(key, now)
            if pending is not None:
                return pending, False
            limit = max(timeout, self._settings.request_timeout) if self._settings.threads else timeout
            # A request ends at its limit. Later it is stuck where nothing can interrupt it, such as in a name lookup.
            pending = PendingFetch(key, now, limit, stuck_after=now + 2 * limit + 1)
            self._pending[key] = pending
            return pending, True

    def finish(self, pending: PendingFetch) -> None:
        """Mark a request as done and wake the callers that wait for it. Idempotent."""
        with self.lock:
            if self._pending.get(pending.key) is pending:
                del self._pending[pending.key]
        pending.done.set()

    def take_stuck(self) -> bool:
        """Return `True`, once, if a stuck request was dropped, so that its connection should be closed."""
        has_stuck, self._has_stuck = self._has_stuck, False
        return has_stuck

    def known(self, key: PromptKey) -> Content | None:
        """Return the content in memory."""
        with self.lock:
            return self._known(key)

    def may_send(self, key: PromptKey, *, has_fallback: bool) -> bool:
        """Return `True` if a request may be sent: not during a pause, unless there is nothing else to serve."""
        with self.lock:
            entry = self._entry(key)
            if self._settings.offline:
                entry.error = errors.UnreachableError(OFFLINE)
                return False
            if self._clock() >= self._host.until:
                return True
            is_needed = entry.content is None and not has_fallback
            if is_needed and not self._host.is_requested:
                return True
            entry.error = entry.error or self._host_error
            return False

    def add_from_disk(self, key: PromptKey, content: Content, age: float) -> None:
        """Store the content of the disk, unless memory has newer content."""
        with self.lock:
            entry = self._entry(key)
            if entry.content is None:
                self._note_change(key, entry, content)
                entry.content, entry.source, entry.confirmed = content, "disk", self._clock() - age

    def confirm(self, pending: PendingFetch, content: Content) -> bool:
        """Store the server's content; return `False` if it was discarded.

        The answer to a request that a later one replaced is stored only if no content is known, and is due for a refresh.
        """
        with self.lock:
            entry = self._entry(pending.key)
            is_current = self._pending.get(pending.key) is pending
            if not is_current and entry.content is not None:
                pending.succeeded = entry.confirmed >= pending.began
                return False
            must_ask, cause = entry.must_ask, entry.cause
            self._store(pending.key, content)
            if not is_current:
                entry.fresh_until, entry.must_ask, entry.cause = 0.0, must_ask, cause
            pending.succeeded = True
            return True

    def add(self, key: PromptKey, content: Content, *, changes_seen: int) -> None:
        """Store the content of a list. ``changes_seen`` is the number of changes received before the list was requested."""
        with self.lock:
            self._pending.pop(key, None)
            self._store(key, content)
            if changes_seen != self.changes_seen:
                self._entries[key].fresh_until = 0.0

    def _store(self, key: PromptKey, content: Content) -> None:
        now = self._clock()
        entry = self._entry(key)
        # Jitter: programs that started together do not refresh together.
        lifetime = self._settings.ttl * (0.9 + self._random() / 10)
        self._note_change(key, entry, content)
        entry.content, entry.source, entry.error = content, "cache", None
        entry.confirmed, entry.fresh_until, entry.must_ask = now, now + lifetime, False
        entry.backoff.succeed()
        self._entries.move_to_end(key)
        self._host.succeed()
        self._host_error = None

    def _note_change(self, key: PromptKey, entry: Entry, content: Content) -> None:
        """Record that other content than before is served, for the program's hook."""
        before, cause = entry.content or entry.substitute, entry.cause
        entry.substitute, entry.cause = None, None
        if self._settings.on_change is None or before is None or _is_same(before, content):
            return
        # A slow hook gets one event for all changes of a key that it has missed, so that these do not pile up.
        waiting = self._changes.get(key)
        previous = before.version if waiting is None else waiting.previous_version
        prompt = Prompt(content, content.name, content.version, content.label or key.label, "server", 0.0)
        self._changes[key] = ChangeEvent(key, prompt, previous, cause)

    @property
    def has_changes(self) -> bool:
        """True if there are changes that were not reported."""
        return bool(self._changes)

    def next_change(self) -> ChangeEvent | None:
        """Remove and return the oldest change that was not reported."""
        with self.lock:
            key = next(iter(self._changes), None)
            return None if key is None else self._changes.pop(key)

    def substitute(self, key: PromptKey, content: Content) -> Prompt | None:
        """Record that a fallback or the bundle is served, or return the content that has arrived meanwhile."""
        with self.lock:
            entry = self._entry(key)
            if entry.content is None:
                entry.substitute = content
                return None
        return self.answer(key, is_confirmed=False)

    def reject(self, key: PromptKey, error: errors.NotFoundError) -> bool:
        """Record that a key is invalid. Return `True` if the caller has to report it; reports are repeated after a pause."""
        with self.lock:
            now = self._clock()
            entry = self._entry(key)
            is_due = now >= entry.backoff.until
            if is_due:
                entry.error = error
                entry.backoff.fail(now, self._random)
            return is_due

    def fail(self, key: PromptKey, error: errors.PromptuaryError) -> bool:
        """Record a failure; known content stays. Return `True` if there is any."""
        with self.lock:
            now = self._clock()
            entry = self._entry(key)
            entry.error = error
            if isinstance(error, (errors.UnavailableError, errors.AuthenticationError, errors.PermissionDeniedError)):
                self._host_error = error
                self._host.fail(now, self._random, retry_after=getattr(error, "retry_after", None))
            else:
                self._host.succeed()
                entry.backoff.fail(now, self._random, max_seconds=max(self._settings.ttl, 1.0))
            return entry.content is not None

    def abandon(self, pending: PendingFetch) -> errors.RequestTimeoutError | None:
        """Record that a caller timed out; return the error for the first one of a request."""
        with self.lock:
            is_first, pending.is_abandoned = not pending.is_abandoned, True
        error = errors.RequestTimeoutError(f"No answer for {pending.key} within the timeout.")
        if not is_first or pending.done.is_set():
            return None
        self.fail(pending.key, error)
        return error

    def forget(self, concerns: Callable[[PromptKey, Content | None], bool]) -> None:
        """Require a request before keys are served again, because this program has just changed their content.

        ``concerns`` is asked for each key with its known content.
        """
        with self.lock:
            for key, entry in self._entries.items():
                if concerns(key, entry.content):
                    entry.must_ask, entry.fresh_until = True, 0.0
                    entry.backoff.succeed()
                    # A request in progress may have been answered before the change.
                    self._pending.pop(key, None)

    def mark_reachable(self) -> None:
        """End the pause for the server, unless it asked for one, because it can be reached."""
        with self.lock:
            if not self._host.is_requested:
                self._host.succeed()

    def invalidate(self, concerns: Callable[[PromptKey, Content | None], bool], cause: Change | None = None) -> list[PromptKey]:
        """Record a change; return the keys that it concerns, most recently used first.

        ``concerns`` is asked for each key with its known content; ``cause`` is the change, if it is a single one. The keys are due
        for a refresh. Until then their known content is served, and no caller waits.
        """
        with self.lock:
            self.changes_seen += 1
            keys = [key for key in (*self._pending, *reversed(self._entries)) if concerns(key, self._known(key))]
            for key in keys:
                # A request in progress may have been answered before the change.
                self._pending.pop(key, None)
                entry = self._entries.get(key)
                if entry is not None:
                    entry.fresh_until, entry.cause = 0.0, cause
                    entry.backoff.succeed()
        return list(dict.fromkeys(keys))

    def answer(self, key: PromptKey, *, is_confirmed: bool) -> Prompt | None:
        """Return the known prompt, or `None`."""
        with self.lock:
            entry = self._entries.get(key)
            if entry is None or entry.content is None:
                return None
            content, confirmed = entry.content, entry.confirmed
            source: Source = "server" if is_confirmed else entry.source
        age = max(self._clock() - confirmed, 0.0)
        return Prompt(content, content.name, content.version, content.label or key.label, source, age)

    def is_first_unused(self, prompt: Prompt, names: tuple[str, ...]) -> bool:
        """Return `True` if unused values of a prompt version are to be reported: once each, up to ``max_entries`` in total."""
        fact = (prompt.name, prompt.version, names)
        with self.lock:
            is_first = fact not in self._unused and len(self._unused) < self._settings.max_entries
            if is_first:
                self._unused.add(fact)
            return is_first

    def error(self, key: PromptKey) -> errors.PromptuaryError:
        """Return the reason that there is nothing to serve."""
        with self.lock:
            entry = self._entries.get(key)
        return (entry.error if entry else None) or errors.UnreachableError("The server was not asked.")

    def _known(self, key: PromptKey) -> Content | None:
        entry = self._entries.get(key)
        return entry.content if entry else None

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
        max_stale = self._settings.max_stale
        return max_stale is not None and now - entry.confirmed > self._settings.ttl + max_stale


def _is_same(one: Content, other: Content) -> bool:
    """Return `True` if two contents are the same for a program, whatever their entity tags."""
    if one is other:
        return True
    facts = [(each.version, each.text, each.config, each.contract, each.references, each.messages) for each in (one, other)]
    return facts[0] == facts[1]
