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
from promptuary_client.prompts import Content, Key, Prompt, Source
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
class Flight:
    """One request under way for a key. ``done`` is set when it has landed; ``succeeded`` says how."""

    key: Key
    limit: float
    abandon_at: float
    done: threading.Event = field(default_factory=threading.Event)
    succeeded: bool = False
    is_given_up: bool = False


class Core:
    """The cache of a client, the requests under way, and the patience with its server."""

    def __init__(
        self, settings: Settings, *, clock: Callable[[], float] = time.monotonic, rng: Callable[[], float] = random.random
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._random = rng
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._flights: dict[Key, Flight] = {}
        self._host = Backoff()
        self._host_error: errors.PromptuaryError | None = None
        self._has_stuck = False
        self._unused: set[tuple[str, int | None, tuple[str, ...]]] = set()
        self.heard = 0
        """How many changes were heard of."""
        self.lock = threading.Lock()

    def after_fork(self) -> None:
        """Keep what is known and forget what is under way: the threads that would finish it are not in this process."""
        self.lock = threading.Lock()
        self.drop_flights()

    def drop_flights(self) -> None:
        """Forget what is under way, because nobody will finish it."""
        with self.lock:
            self._flights = {}
            self._has_stuck = False

    def plan(self, key: Key, *, has_fallback: bool) -> Step:
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
            is_under_way = self._flight(key, now) is not None
            return Step.SERVE if is_under_way or len(self._flights) >= MAX_REFRESHES else Step.REFRESH

    def _plan_without_content(self, key: Key, entry: Entry, now: float, *, has_fallback: bool) -> Step:
        if self._may_ask(entry, now):
            in_background = has_fallback and self._settings.threads
            return Step.REFRESH if in_background else Step.WAIT
        if has_fallback:
            return Step.SERVE
        # What failed at once may be tried at once. What made callers wait, or asked them to, may not.
        is_under_way = self._flight(key, now) is not None
        is_told = self._host.is_told or entry.backoff.is_told
        return Step.SERVE if is_told or is_under_way or isinstance(entry.error, errors.TimedOut) else Step.WAIT

    def board(self, key: Key, deadline: float) -> tuple[Flight, bool]:
        """Return the request under way for a key, and whether it is a new one, which the caller has to make then."""
        with self.lock:
            now = self._clock()
            flight = self._flight(key, now)
            if flight is not None:
                return flight, False
            limit = max(deadline, self._settings.request_limit) if self._settings.threads else deadline
            # It stops itself at its limit. What does not is stuck where nothing can be stopped, such as in a name server.
            flight = Flight(key, limit, abandon_at=now + 2 * limit + 1)
            self._flights[key] = flight
            return flight, True

    def land(self, flight: Flight) -> None:
        """Note that a request is over, and let go those who wait for it; a second time does no harm."""
        with self.lock:
            if self._flights.get(flight.key) is flight:
                del self._flights[flight.key]
        flight.done.set()

    def take_stuck(self) -> bool:
        """Tell, once, that a request was given up as stuck, so that its connection had better be closed."""
        has_stuck, self._has_stuck = self._has_stuck, False
        return has_stuck

    def known(self, key: Key) -> Content | None:
        """Return the content that memory has."""
        with self.lock:
            entry = self._entries.get(key)
            return entry.content if entry else None

    def may_send(self, key: Key, *, has_fallback: bool) -> bool:
        """Tell whether a request that has boarded may be sent: not during a pause, unless there is nothing else to serve."""
        with self.lock:
            entry = self._entry(key)
            if self._settings.offline:
                entry.error = errors.Unreachable(OFFLINE)
                return False
            if self._clock() >= self._host.until:
                return True
            is_needed = entry.content is None and not has_fallback
            if is_needed and not self._host.is_told:
                return True
            entry.error = entry.error or self._host_error
            return False

    def recall(self, key: Key, content: Content, age: float) -> None:
        """Take in what the disk had, unless memory knows better meanwhile."""
        with self.lock:
            entry = self._entry(key)
            if entry.content is None:
                entry.content, entry.source, entry.confirmed = content, "disk", self._clock() - age

    def confirm(self, flight: Flight, content: Content) -> bool:
        """Take in what the server said; return whether it was taken in.

        The answer to a request that was given up for a later one counts only where nothing else is known, and is due for a refresh.
        """
        with self.lock:
            entry = self._entry(flight.key)
            is_current = self._flights.get(flight.key) is flight
            if not is_current and entry.content is not None:
                return False
            must_ask = entry.must_ask and not is_current
            self._take_in(flight.key, content)
            if not is_current:
                entry.fresh_until, entry.must_ask = 0.0, must_ask
            flight.succeeded = True
            return True

    def fill(self, key: Key, content: Content, *, heard: int) -> None:
        """Take in what the server said without having been asked for this key alone, when so many changes had been heard of."""
        with self.lock:
            self._flights.pop(key, None)
            self._take_in(key, content)
            if heard != self.heard:
                self._entries[key].fresh_until = 0.0

    def _take_in(self, key: Key, content: Content) -> None:
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

    def refuse(self, key: Key, error: errors.NotFound) -> bool:
        """Note that a key cannot be asked for. Returns whether the caller has to report it; a report is repeated after a pause."""
        with self.lock:
            now = self._clock()
            entry = self._entry(key)
            is_due = now >= entry.backoff.until
            if is_due:
                entry.error = error
                entry.backoff.fail(now, self._random)
            return is_due

    def fail(self, key: Key, error: errors.PromptuaryError) -> bool:
        """Note that the server did not confirm; what is known stays. Returns whether anything is."""
        with self.lock:
            now = self._clock()
            entry = self._entry(key)
            entry.error = error
            if isinstance(error, (errors.Unavailable, errors.NotAuthenticated, errors.Forbidden)):
                self._host_error = error
                self._host.fail(now, self._random, retry_after=getattr(error, "retry_after", None))
            else:
                self._host.succeed()
                entry.backoff.fail(now, self._random, most=max(self._settings.ttl, 1.0))
            return entry.content is not None

    def give_up(self, flight: Flight) -> errors.TimedOut | None:
        """Note that a caller waits no longer; return the error if it is the first one who gives up on this request."""
        with self.lock:
            is_first, flight.is_given_up = not flight.is_given_up, True
        error = errors.TimedOut(f"No answer for {flight.key} within the deadline.")
        if not is_first or flight.done.is_set():
            return None
        self.fail(flight.key, error)
        return error

    def forget(self, name: str) -> None:
        """Have the server asked before a prompt is served next, because this program has just changed it."""
        with self.lock:
            for key, entry in self._entries.items():
                if key.name == name:
                    entry.must_ask, entry.fresh_until = True, 0.0
                    entry.backoff.succeed()
                    # A request that is under way may have been answered before the change.
                    self._flights.pop(key, None)

    def greet(self) -> None:
        """Note that the server can be reached, so that nobody waits for the end of a pause that it has not asked for."""
        with self.lock:
            if not self._host.is_told:
                self._host.succeed()

    def outdate(self, concerns: Callable[[Key], bool]) -> list[Key]:
        """Note that a change has happened; return the keys that it concerns, most recently used first.

        They are due for a refresh. What is known of them is served until then, and nobody has to wait.
        """
        with self.lock:
            self.heard += 1
            keys = [key for key in (*self._flights, *reversed(self._entries)) if concerns(key)]
            for key in keys:
                # A request that is under way may have been answered before the change.
                self._flights.pop(key, None)
                entry = self._entries.get(key)
                if entry is not None:
                    entry.fresh_until = 0.0
                    entry.backoff.succeed()
        return list(dict.fromkeys(keys))

    def answer(self, key: Key, *, is_confirmed: bool) -> Prompt | None:
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

    def error(self, key: Key) -> errors.PromptuaryError:
        """Return why there is nothing to serve."""
        with self.lock:
            entry = self._entries.get(key)
        return (entry.error if entry else None) or errors.Unreachable("The server was not asked.")

    def _entry(self, key: Key) -> Entry:
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = Entry()
            while len(self._entries) > self._settings.max_entries:
                self._entries.popitem(last=False)
        return entry

    def _flight(self, key: Key, now: float) -> Flight | None:
        flight = self._flights.get(key)
        if flight is not None and now > flight.abandon_at:
            del self._flights[key]
            self._has_stuck = True
            return None
        return flight

    def _may_ask(self, entry: Entry, now: float) -> bool:
        return now >= self._host.until and now >= entry.backoff.until

    def _is_too_stale(self, entry: Entry, now: float) -> bool:
        most = self._settings.max_stale
        return most is not None and now - entry.confirmed > self._settings.ttl + most
