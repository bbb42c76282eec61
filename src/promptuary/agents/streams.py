"""Open streams on which agents hear that the project's prompts have changed: bounded in number and time, gone before a stop.

While there are streams, they are a subscriber of the follower of the change log.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import ClassVar

from promptuary.model.changes import Change
from promptuary.model.errors import Busy, Unavailable
from promptuary.store.engine.database import Transaction
from promptuary.store.watch import LogCursor, ReadLog
from promptuary.supervisor.stop_flag import StopFlag

MAX_STREAMS = 100
"""Each holds a connection for as long as it is open."""

MAX_SECONDS = 3600.0
"""After this long a stream ends, and its client opens another one."""

QUIET_SECONDS = 1.0
"""Minimum time between two notifications: agents respond to each by reading the whole list."""


@dataclass(eq=False, slots=True)
class Stream:
    """One open stream. ``tell`` is called when the project's prompts have changed, ``end`` when the stream has to end.

    ``check_access`` raises a refusal when the caller may not read the project any more.
    """

    caller: str
    project_id: int
    check_access: Callable[[Transaction], object]
    tell: Callable[[], None]
    end: Callable[[], None]


class Streams:
    """The streams of one worker. Belongs to one event loop.

    ``subscribe`` makes it a subscriber of the follower of the change log; ``read`` reads the log before that.
    """

    step: ClassVar = "tell_agents"

    def __init__(
        self,
        subscribe: Callable[["Streams"], None],
        read: ReadLog,
        stop_flag: StopFlag,
        *,
        max_streams_of_caller: int,
    ) -> None:
        self._max_streams_of_caller = max_streams_of_caller
        self._subscribe = subscribe
        self._read = read
        self._stop_flag = stop_flag
        self._is_stopping = False
        self._streams: set[Stream] = set()
        # Done when there is a cursor, so that later commits are noticed.
        self._beginning: asyncio.Task[None] | None = None
        self._cursor: LogCursor | None = None

    @asynccontextmanager
    async def opened(self, stream: Stream) -> AsyncIterator[None]:
        """Serve a stream for the length of the block: it is notified of every change that is committed from then on.

        Raises `Unavailable` when there are too many, when the server is about to stop, or when its database is out of reach, and
        what ``check_access`` raises.
        """
        if self._is_stopping or self._stop_flag.is_set():
            message = "The server is shutting down. Try again."
            raise Unavailable(message)
        if len(self._streams) >= MAX_STREAMS:
            message = f"This server has {MAX_STREAMS} open streams. Try again later."
            raise Busy(message)
        if 0 < self._max_streams_of_caller <= sum(each.caller == stream.caller for each in self._streams):
            message = f"This key has {self._max_streams_of_caller} open streams, the maximum. Close one first."
            raise Busy(message)
        self._streams.add(stream)
        loop = asyncio.get_running_loop()
        ending = loop.call_later(MAX_SECONDS, stream.end)
        try:
            if self._beginning is None:
                # An empty context: the task does not belong to the request that started it.
                self._beginning = loop.create_task(self._begin(), context=Context())
                # The client may be gone when it fails.
                self._beginning.add_done_callback(lambda begun: begun.cancelled() or begun.exception())
            await asyncio.shield(self._beginning)
            # Access that ends from now on is in the log.
            await self._read(stream.check_access)
            yield
        finally:
            ending.cancel()
            self._streams.discard(stream)

    def stop(self) -> None:
        """End all streams, for good: this worker stops, whether its server does or not."""
        self._is_stopping = True
        self._end_all()

    @property
    def is_active(self) -> bool:
        """Return `True` if there are streams."""
        return bool(self._streams)

    async def catch_up(self, read: ReadLog, /) -> float:
        """Tell the streams of the changes since the last call; return the seconds until the next one."""
        if self._cursor is None:
            return 0.0
        return QUIET_SECONDS if self._announce(await read(self._cursor.read)) else 0.0

    async def check(self, _read: ReadLog, /) -> None:
        """Do nothing: each stream ends by itself."""

    def end(self) -> None:
        """End all streams: nothing follows the change log any more."""
        self._beginning = self._cursor = None
        self._end_all()

    async def _begin(self) -> None:
        try:
            self._cursor = await self._read(LogCursor)
        except BaseException:
            self._beginning = None
            raise
        self._subscribe(self)

    def _announce(self, changes: list[Change] | None) -> bool:
        """Tell the streams whose project has changed, and return whether there are any."""
        if changes is None:
            changed = {stream.project_id for stream in self._streams}
        else:
            changed = {change.project_id for change in changes if change.prompt_id is not None and change.project_id is not None}
        concerned = [stream for stream in self._streams if stream.project_id in changed]
        for stream in concerned:
            stream.tell()
        if changes is None or any(change.ends_access for change in changes):
            # Clients with access open another one.
            self._end_all()
        return bool(concerned)

    def _end_all(self) -> None:
        for stream in [*self._streams]:
            stream.end()
