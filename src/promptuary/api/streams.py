"""Streams of changes: one broadcaster in each worker follows the change log and wakes those who wait for what it finds.

A stream holds a cursor and nothing else. It sends what the broadcaster remembers behind its cursor, and reads the log where that
is not enough: when it resumes, or when its client is slow. What is not here: how a request becomes a stream (`changes`).
"""

import asyncio
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from promptuary.model.activity import Activity
from promptuary.model.changes import Change, ChangeFilter, ChangeKind
from promptuary.model.errors import Busy, RegistryError, Unavailable
from promptuary.store import activity, changes
from promptuary.store.changes import Mark
from promptuary.store.engine.database import Transaction
from promptuary.store.watch import ReadLog
from promptuary.supervisor.stop_flag import StopFlag

SESSION_CHECK_SECONDS = 15.0
"""Maximum time for which a signed-out user may still have a stream; other ends of access are in the change log."""

REMEMBERED = 256
"""Most entries that are remembered for the streams of one project."""

LOST = -1
"""The cursor of a stream that is to be reset: of what is behind it, something is always missing."""

_READ_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """A change as streams send it."""

    change: Change
    message: bytes


@dataclass(eq=False, slots=True)
class Stream:
    """One open stream. ``check`` raises a refusal when its caller, a key or a user, may not read the project any more.

    It sends nothing of the log before it ``is_admitted``: its caller was let in before the broadcaster knew of it, and what has
    ended in between is not announced to it.
    """

    caller: str
    project_id: int
    change_filter: ChangeFilter
    cursor: int
    is_of_session: bool
    check: Callable[[Transaction], object]
    is_admitted: bool = False
    is_over: bool = False
    is_sending: bool = False
    abort: Callable[[], None] | None = None
    waiting: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """Let the stream look for what there is to send."""
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(None)

    def end(self) -> None:
        """End the stream, without waiting for a client that does not read."""
        self.is_over = True
        self.wake()
        if self.is_sending and self.abort is not None:
            self.abort()


class _Memory:
    """The newest events of one project: all that are behind ``begin``."""

    __slots__ = ("begin", "events", "streams")

    def __init__(self) -> None:
        self.begin: int | None = None
        self.events: list[Event] = []
        self.streams: set[Stream] = set()

    def add(self, event: Event) -> None:
        self.events.append(event)
        if len(self.events) > REMEMBERED:
            # Half at once, so that a full memory does not move with every event.
            self.begin = self.events[REMEMBERED // 2].change.sequence
            del self.events[: REMEMBERED // 2 + 1]

    def forget(self, begin: int | None) -> None:
        self.begin = begin
        self.events.clear()


class Broadcaster:
    """Passes changes on to streams. Belongs to one event loop; all its methods are called there.

    While there are streams, it is a subscriber of the follower of the change log (see `background.follower`), by ``subscribe``.
    ``show`` makes the message of a change, ``note_open`` is called with the number of open streams.
    """

    step: ClassVar = "stream_changes"

    def __init__(
        self,
        subscribe: Callable[["Broadcaster"], None],
        *,
        stop_flag: StopFlag,
        max_streams: int,
        max_streams_of_caller: int,
        show: Callable[[Activity], bytes],
        note_open: Callable[[int], None],
    ) -> None:
        self._max_streams = max_streams
        self._max_streams_of_caller = max_streams_of_caller
        self._open_of: Counter[str] = Counter()
        self._stop_flag = stop_flag
        self._is_stopping = False
        self._subscribe = subscribe
        self._show = show
        self._note_open = note_open
        self._memories: defaultdict[int, _Memory] = defaultdict(_Memory)
        self._streams: set[Stream] = set()
        # Those that are not admitted yet.
        self._entering: set[Stream] = set()
        self._mark: Mark | None = None
        self._checked_at = 0.0

    def open(self, stream: Stream) -> None:
        """Add a stream. Raises `Unavailable` when there are too many, or when the server is about to stop."""
        if self._is_stopping or self._stop_flag.is_set():
            detail = "The server is shutting down. Try again."
            raise Unavailable(detail)
        if len(self._streams) >= self._max_streams:
            detail = f"This server has {self._max_streams} open streams, the maximum. Try again later."
            raise Busy(detail)
        if 0 < self._max_streams_of_caller <= self._open_of[stream.caller]:
            detail = f"This key or user has {self._max_streams_of_caller} open streams, the maximum. Close one first."
            raise Busy(detail)
        memory = self._memories[stream.project_id]
        if not memory.streams:
            memory.forget(None if self._mark is None else self._mark.sequence)
        memory.streams.add(stream)
        self._streams.add(stream)
        self._entering.add(stream)
        self._open_of[stream.caller] += 1
        self._note_open(len(self._streams))
        if len(self._streams) == 1:
            self._checked_at = time.monotonic()
        self._subscribe(self)

    def close(self, stream: Stream) -> None:
        """Remove a stream."""
        stream.is_over = True
        if stream in self._streams:
            self._open_of[stream.caller] -= 1
            if not self._open_of[stream.caller]:
                del self._open_of[stream.caller]
        memory = self._memories[stream.project_id]
        memory.streams.discard(stream)
        if not memory.streams:
            del self._memories[stream.project_id]
        self._streams.discard(stream)
        self._entering.discard(stream)
        self._note_open(len(self._streams))

    def stop(self) -> None:
        """End all streams, for good: this worker stops, whether its server does or not."""
        self._is_stopping = True
        for stream in self._streams:
            stream.end()

    def events_behind(self, stream: Stream) -> list[Event] | None:
        """Return what is remembered behind a stream's cursor, `None` when the log has to be read for it."""
        memory = self._memories[stream.project_id]
        if memory.begin is None or stream.cursor < memory.begin:
            return None
        first = bisect_right(memory.events, stream.cursor, key=lambda event: event.change.sequence)
        return memory.events[first:]

    @property
    def is_active(self) -> bool:
        """Return `True` if there are streams."""
        return bool(self._streams) and not self._is_stopping

    async def catch_up(self, read: ReadLog, /) -> float:
        """Read on from where it stopped; at first, only find out where the log ends."""
        if self._mark is None:
            self._begin_at(await read(changes.last_mark))
            return 0.0
        is_read = False
        while not is_read:
            entries, end, is_lost = await read(partial(_read_behind, self._mark))
            if is_lost:
                # A user may have lost access by a change that is no longer available.
                await self._check(read, [*self._streams])
                for stream in self._streams:
                    # Changes that a stream has sent may be gone, and its cursor may be that of another entry.
                    stream.cursor = LOST
                self._begin_at(end)
                return 0.0
            is_read = len(entries) < _READ_LIMIT
            await self._announce(read, entries)
            self._mark = end if is_read else changes.mark_of(entries[-1].change)
        return 0.0

    async def check(self, read: ReadLog, /) -> None:
        """End new streams whose access ended while they were opened, and from time to time those of sessions that have ended."""
        await self._admit(read)
        if time.monotonic() > self._checked_at + SESSION_CHECK_SECONDS:
            await self._check(read, [stream for stream in self._streams if stream.is_of_session])
            self._checked_at = time.monotonic()

    def end(self) -> None:
        """End all streams: nothing follows the change log any more."""
        self._mark = None
        for stream in self._streams:
            stream.end()

    def _begin_at(self, mark: Mark) -> None:
        """Clear the buffer of changes, so that streams that are behind read the log themselves."""
        self._mark = mark
        for memory in self._memories.values():
            memory.forget(mark.sequence)
        self._wake(self._streams)

    async def _announce(self, read: ReadLog, entries: list[Activity]) -> None:
        ending = [entry.change for entry in entries if entry.change.ends_access]
        # Before anything is sent that a caller may not read any more.
        if ending:
            await self._check(read, [s for s in self._streams if any(c.project_id in {None, s.project_id} for c in ending)])
        notified: set[int] = set()
        for entry in entries:
            change = entry.change
            if change.kind is ChangeKind.DATABASE_RESTORED:
                for project_id, memory in self._memories.items():
                    memory.forget(change.sequence)
                    notified.add(project_id)
            elif change.prompt_id is not None and change.project_id is not None and change.project_id in self._memories:
                self._memories[change.project_id].add(Event(change, self._show(entry)))
                notified.add(change.project_id)
        for project_id in notified & self._memories.keys():
            self._wake(self._memories[project_id].streams)

    async def _admit(self, read: ReadLog) -> None:
        entering = [*self._entering]
        await self._check(read, entering)
        for stream in entering:
            self._entering.discard(stream)
            stream.is_admitted = True
            stream.wake()

    async def _check(self, read: ReadLog, streams: list[Stream]) -> None:
        if streams:
            for stream in await read(partial(_without_access, streams)):
                stream.end()

    def _wake(self, streams: set[Stream]) -> None:
        for stream in streams:
            stream.wake()


def _read_behind(after: Mark, tx: Transaction) -> tuple[list[Activity], Mark, bool]:
    entries = activity.list_behind(tx, after=after.sequence, limit=_READ_LIMIT)
    return entries, changes.last_mark(tx), changes.is_gone(tx, after)


def _without_access(streams: list[Stream], tx: Transaction) -> list[Stream]:
    refused = []
    for stream in streams:
        try:
            stream.check(tx)
        except Unavailable:
            raise
        except RegistryError:
            refused.append(stream)
    return refused
