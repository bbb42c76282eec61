"""Reader of the change log for a program, in a task."""

import asyncio
import contextlib
import weakref
from dataclasses import dataclass, field

import httpx2

from promptuary_client import errors
from promptuary_client.change_log import LogReader
from promptuary_client.changes import Change
from promptuary_client.settings import Settings
from promptuary_client.transport import FAILURES, check_async_stream, error_from, open_async_http, stream_options


@dataclass
class _Slot:
    """Place for one change on its way to the program. A task that is cancelled while it waits for one loses none."""

    change: Change | None = None
    error: Exception | None = None
    filled: asyncio.Event = field(default_factory=asyncio.Event)
    taken: asyncio.Event = field(default_factory=asyncio.Event)

    async def put(self, change: Change) -> None:
        """Offer a change, and wait until it is taken."""
        self.change = change
        self.taken.clear()
        self.filled.set()
        await self.taken.wait()

    def take(self) -> Change | None:
        """Return the change, `None` at the end. Raises the error that has ended it, once."""
        change, error = self.change, self.error
        if change is not None:
            self.change = None
            self.filled.clear()
            self.taken.set()
        elif error is not None:
            self.error = None
            raise error
        return change


class AsyncLogFollower:
    """Iterator over changes, which a task reads over a connection of its own until the iterator is garbage collected."""

    def __init__(self, settings: Settings, reader: LogReader) -> None:
        self._settings = settings
        self._reader = reader
        self._slot = _Slot()
        self._is_stopped = False
        self.task: asyncio.Task[None] | None = None
        """The task, once the program has asked for a change."""

    def stop(self) -> None:
        """End the iteration, from the same event loop, without waiting for the task."""
        self._is_stopped = True
        if self.task is not None:
            self.task.cancel()

    def __aiter__(self) -> "AsyncLogFollower":
        return self

    async def __anext__(self) -> Change:
        """Return the next change. Raises `PromptuaryError` if another attempt to connect would fail, too."""
        if self.task is None and not self._is_stopped:
            self._start()
        if self.task is not None and not self.task.done():
            await self._slot.filled.wait()
        change = self._slot.take()
        if change is None:
            raise StopAsyncIteration
        return change

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self.task = loop.create_task(_read(self._settings, self._reader, self._slot), name="promptuary-changes")
        weakref.finalize(self, _cancel, loop, self.task)


def _cancel(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    # Another thread may collect the iterator, and the loop may be closed.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(task.cancel)


async def _read(settings: Settings, reader: LogReader, slot: _Slot) -> None:
    """Read the stream again and again. It does not hold the iterator."""
    try:
        while True:
            error = await _read_stream(settings, reader, slot)
            await asyncio.sleep(reader.on_end(error))
    except Exception as failure:  # noqa: BLE001 - the program gets it
        slot.error = failure
    finally:
        slot.filled.set()


async def _read_stream(settings: Settings, reader: LogReader, slot: _Slot) -> errors.PromptuaryError | None:
    """Read the stream until it ends; return the error, or `None` if the server ended it."""
    request = reader.request()
    options = stream_options(request, settings.request_timeout)
    try:
        async with (
            open_async_http(settings) as connections,
            connections.stream(request.method, request.path, **options) as response,
        ):
            await check_async_stream(response, settings.request_timeout)
            async for event in httpx2.EventSource(response):
                change = reader.take(event.event, event.id, event.data)
                if change is not None:
                    await slot.put(change)
    except (errors.PromptuaryError, asyncio.TimeoutError, *FAILURES) as failure:
        return error_from(failure)
    return None
