"""Open streams on which agents hear that the project's prompts have changed: bounded in number and time, gone before a stop.

A worker looks for news while it has streams, and not at all while it has none.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass

import structlog

from promptuary.api.streams import LOOK_SECONDS, RETRY_SECONDS
from promptuary.model.changes import ENDS_ACCESS, Change
from promptuary.model.errors import Busy, Unavailable
from promptuary.store.watch import Watch
from promptuary.supervisor.stop_flag import StopFlag

MAX_STREAMS = 100
"""Each holds a connection for as long as it is open."""

MAX_SECONDS = 3600.0
"""After this long a stream ends, and its client opens another one."""

QUIET_SECONDS = 1.0
"""Minimum time between two notifications: agents respond to each by reading the whole list."""

logger = structlog.stdlib.get_logger("promptuary.agents")


@dataclass(eq=False, slots=True)
class Stream:
    """One open stream. ``tell`` is called when the project's prompts have changed, ``end`` when the stream has to end."""

    caller: str
    project_id: int
    tell: Callable[[], None]
    end: Callable[[], None]


class Streams:
    """The streams of one worker. Belongs to one event loop."""

    def __init__(
        self,
        open_watch: Callable[[], Watch],
        stop_flag: StopFlag,
        note_failure: Callable[[str], None] = lambda _step: None,
        *,
        max_streams_of_caller: int,
    ) -> None:
        self._max_streams_of_caller = max_streams_of_caller
        self._open_watch = open_watch
        self._stop_flag = stop_flag
        self._note_failure = note_failure
        self._is_stopping = False
        self._streams: set[Stream] = set()
        # Done when later commits are noticed; there is one while streams are followed.
        self._ready: asyncio.Future[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._is_behind = False

    @asynccontextmanager
    async def opened(self, stream: Stream) -> AsyncIterator[None]:
        """Serve a stream for the length of the block: it is notified of every change that is committed from then on.

        Raises `Unavailable` when there are too many, when the server is about to stop, or when its database is out of reach.
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
            if self._ready is None:
                self._ready = loop.create_future()
                # Whose request happened to be the first one is nothing to its traces and log lines.
                self._following = loop.create_task(self._follow(self._ready), context=Context())
            await asyncio.shield(self._ready)
            yield
        finally:
            ending.cancel()
            self._streams.discard(stream)

    def stop(self) -> None:
        """End all streams, for good: this worker stops, whether its server does or not."""
        self._is_stopping = True
        self._end_all()

    async def _follow(self, ready: asyncio.Future[None]) -> None:
        watch: Watch | None = None
        try:
            watch = await asyncio.to_thread(self._open_watch)
            self._is_behind = False
            ready.set_result(None)
            while self._streams:
                if self._stop_flag.is_set():
                    self._end_all()
                await asyncio.sleep(await self._look(watch))
        except Exception as error:
            if ready.done():
                # Nothing awaits this task; reconnecting clients start a new one.
                self._note_failure("tell_agents")
                logger.exception("change log not followed")
            else:
                ready.set_exception(error)
                # The client may be gone.
                ready.exception()
        finally:
            self._ready = self._following = None
            self._end_all()
            if watch is not None:
                watch.close()

    async def _look(self, watch: Watch) -> float:
        """Tell of news, if there are any; return how many seconds later to look again."""
        try:
            if not (self._is_behind or watch.has_changes()):
                return LOOK_SECONDS
            # News that could not be read is no news the next time.
            self._is_behind = True
            watch.mark()
            changes = await asyncio.to_thread(watch.read_changes)
        except Unavailable as refusal:
            self._note_failure("tell_agents")
            logger.warning("change log not read", reason=refusal.for_log)
            return RETRY_SECONDS
        self._is_behind = False
        return QUIET_SECONDS if self._announce(changes) else LOOK_SECONDS

    def _announce(self, changes: list[Change] | None) -> bool:
        """Tell the streams whose project has changed, and return whether there are any."""
        if changes is None:
            changed = {stream.project_id for stream in self._streams}
        else:
            changed = {change.project_id for change in changes if change.prompt_id is not None and change.project_id is not None}
        concerned = [stream for stream in self._streams if stream.project_id in changed]
        for stream in concerned:
            stream.tell()
        if changes is None or any(change.kind in ENDS_ACCESS for change in changes):
            # Clients with access open another one.
            self._end_all()
        return bool(concerned)

    def _end_all(self) -> None:
        for stream in [*self._streams]:
            stream.end()
