"""Open streams on which agents hear that the project's prompts have changed: bounded in number and time, gone before a stop.

What tells of changes is a `Feed`. A worker reads it once a second while it has streams, and not at all while it has none.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from promptuary.model.changes import ENDS_ACCESS, Change
from promptuary.model.errors import Unavailable
from promptuary.stop_sign import StopSign

MAX_STREAMS = 100
"""Each holds a connection for as long as it is open."""

MAX_SECONDS = 3600.0
"""After this long a stream ends, and its client opens another one."""

_SECONDS = 1.0

logger = structlog.stdlib.get_logger("promptuary.agents")


class Feed(Protocol):
    """What tells of changes. `store.watch.LogReader` is one."""

    def read(self) -> list[Change] | None:
        """Return the changes since the last call, `None` when they cannot be told any more. Raises `Unavailable`."""


@dataclass(eq=False, slots=True)
class Stream:
    """One open stream. ``tell`` is called when the project's prompts have changed, ``end`` when the stream has to end."""

    project_id: int
    tell: Callable[[], None]
    end: Callable[[], None]


class Streams:
    """The streams of one worker. Belongs to one event loop."""

    def __init__(self, open_feed: Callable[[], Feed], stop_sign: StopSign) -> None:
        self._open_feed = open_feed
        self._stop_sign = stop_sign
        self._is_stopping = False
        self._streams: set[Stream] = set()
        self._following: asyncio.Task[None] | None = None
        self._feed: asyncio.Future[Feed] | None = None

    @asynccontextmanager
    async def opened(self, stream: Stream) -> AsyncIterator[None]:
        """Serve a stream for the length of the block: it hears of every change that is committed from then on."""
        if self._is_stopping or self._stop_sign.is_up():
            message = "This server is about to stop. Try again."
            raise Unavailable(message)
        if len(self._streams) >= MAX_STREAMS:
            message = f"This server has {MAX_STREAMS} open streams. Try again later."
            raise Unavailable(message)
        self._streams.add(stream)
        ending = asyncio.get_running_loop().call_later(MAX_SECONDS, stream.end)
        try:
            await self._follow()
            yield
        finally:
            ending.cancel()
            self._streams.discard(stream)
            if not self._streams:
                await self._stop_following()

    def stop(self) -> None:
        """End all streams, for good: this worker stops, whether its server does or not."""
        self._is_stopping = True
        self._end_all()

    async def _follow(self) -> None:
        if self._feed is None:
            self._feed = asyncio.ensure_future(asyncio.to_thread(self._open_feed))
        try:
            feed = await asyncio.shield(self._feed)
        except Unavailable:
            self._feed = None
            raise
        if self._following is None:
            self._following = asyncio.create_task(self._read_on(feed))

    async def _stop_following(self) -> None:
        following, self._following, self._feed = self._following, None, None
        if following is not None:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following

    async def _read_on(self, feed: Feed) -> None:
        while True:
            await asyncio.sleep(_SECONDS)
            if self._stop_sign.is_up():
                self._end_all()
                continue
            try:
                changes = await asyncio.to_thread(feed.read)
            except Unavailable as refusal:
                logger.warning("change log not read", reason=refusal.for_log)
                continue
            self._tell(changes)

    def _tell(self, changes: list[Change] | None) -> None:
        if changes is None:
            changed = {stream.project_id for stream in self._streams}
        else:
            changed = {change.project_id for change in changes if change.prompt_id is not None and change.project_id is not None}
        for stream in [*self._streams]:
            if stream.project_id in changed:
                stream.tell()
        if changes is None or any(change.kind in ENDS_ACCESS for change in changes):
            # Whoever may still listen opens another one.
            self._end_all()

    def _end_all(self) -> None:
        for stream in [*self._streams]:
            stream.end()
