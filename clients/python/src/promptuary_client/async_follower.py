"""Reader of the server's stream of changes, in a task."""

import asyncio
import contextlib
import os
import weakref
from collections.abc import Awaitable, Callable, Iterable

import httpx2

from promptuary_client import errors
from promptuary_client.change_stream import ChangeStream, Check
from promptuary_client.prompts import PromptKey
from promptuary_client.reports import report_defect
from promptuary_client.settings import Settings
from promptuary_client.transport import FAILURES, LAG_SECONDS, check_async_stream, error_from, open_async_http, stream_options


class AsyncFollower:
    """Task that reads the stream over a connection of its own, and refreshes the keys that a change concerns.

    It holds the client weakly: a client that is no longer used is garbage collected, and the task ends.
    """

    def __init__(self, settings: Settings, change_stream: ChangeStream, revalidate: Callable[[PromptKey], Awaitable[bool]]) -> None:
        self._settings = settings
        self._change_stream = change_stream
        self._revalidate = weakref.WeakMethod(revalidate)
        self._process = os.getpid()
        self._loop = asyncio.get_running_loop()
        self.task = self._loop.create_task(self._run(), name="promptuary-live")

    def stop(self) -> None:
        """Cancel the task, from any thread, without waiting for it."""
        if os.getpid() == self._process:
            # The loop may be closed, with all its tasks.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self.task.cancel)

    async def _run(self) -> None:
        try:
            while True:
                error = await self._follow()
                await asyncio.sleep(self._change_stream.on_disconnect(error))
        finally:
            self._change_stream.is_followed = False

    async def _follow(self) -> errors.PromptuaryError | None:
        """Read the stream until it ends; return the error, or `None` if the server ended it."""
        request = self._change_stream.request()
        options = stream_options(request, self._settings.request_timeout)
        try:
            async with (
                open_async_http(self._settings) as connections,
                connections.stream(request.method, request.path, **options) as response,
            ):
                await check_async_stream(response, self._settings.request_timeout)
                async for event in httpx2.EventSource(response):
                    await self._apply(self._change_stream.take(event.event, event.id, event.data))
        except (errors.PromptuaryError, asyncio.TimeoutError, *FAILURES) as failure:
            return error_from(failure)
        except Exception as defect:  # noqa: BLE001 - it is logged there
            # Nothing awaits this task, and changes are only received as long as it runs.
            return report_defect(defect, "following changes")
        return None

    async def _apply(self, checks: Iterable[Check]) -> None:
        old = self._change_stream.still_stale(await self._ask(checks))
        if old:
            await asyncio.sleep(LAG_SECONDS)
            self._change_stream.still_stale(await self._ask(old))

    async def _ask(self, checks: Iterable[Check]) -> list[Check]:
        """Refresh keys; return those that the server confirmed."""
        confirmed = []
        for check in checks:
            revalidate = self._revalidate()
            if revalidate is None:
                break
            if await revalidate(check.key):
                confirmed.append(check)
        return confirmed
