"""I/O of the client for asyncio."""

import asyncio
import time
import weakref
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from typing import Any, TypeVar

import httpx2

from promptuary_client import errors, process_hooks, wire
from promptuary_client.assembly import announce, answer, has_substitute
from promptuary_client.async_follower import AsyncFollower
from promptuary_client.async_log_follower import AsyncLogFollower
from promptuary_client.change_log import LogReader
from promptuary_client.change_stream import ChangeStream
from promptuary_client.changes import Change
from promptuary_client.core import CLOSED, OFFLINE, Core, PendingFetch, Step
from promptuary_client.disk import Disk
from promptuary_client.prefetch import Pages, PrefetchResult, add_page, report_unresolved
from promptuary_client.prompts import Content, Fallback, Prompt, PromptKey
from promptuary_client.reports import report_defect, report_disk, report_error, report_prefetch
from promptuary_client.settings import Settings
from promptuary_client.transport import BROKEN, FAILURES, Body, error_from, load_certificates, open_async_http, send_options
from promptuary_client.wire import Operation

T = TypeVar("T")


class AsyncFetcher:
    """Fetches, caches and refreshes prompts. Not thread-safe: use from one event loop; in another it opens new connections."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings if settings.offline else load_certificates(settings)
        self.core = Core(self.settings)
        self._disk = Disk(self.settings)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._http = None if settings.offline else self._make_http()
        self._left_behind: list[httpx2.AsyncClient | None] = []
        self._tasks: dict[PendingFetch, asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._log_followers: weakref.WeakSet[AsyncLogFollower] = weakref.WeakSet()
        self._is_announcing = False
        self._is_closed = False
        self._change_stream = ChangeStream(settings, self.core) if settings.live and not settings.offline else None
        self._follower: AsyncFollower | None = None
        self._end: weakref.finalize[..., AsyncFetcher] | None = None
        process_hooks.register(self)

    async def get(
        self, key: PromptKey, *, fallback: Fallback | None, config: Mapping[str, Any] | None, timeout: float | None
    ) -> Prompt:
        """Return the prompt of a key; ask the server before if necessary. Raises the reason if there is none."""
        is_confirmed, refusal = False, wire.impossible_key(key)
        if refusal is not None:
            self._reject(key, refusal)
        else:
            self._adopt_loop()
            self._follow()
            has_other = has_substitute(self.settings, key, fallback)
            step = self.core.plan(key, has_fallback=has_other)
            if step is not Step.SERVE:
                wait = None if step is Step.REFRESH else self.settings.timeout if timeout is None else timeout
                is_confirmed = await self._ask(key, wait, has_fallback=has_other)
        return answer(self.settings, self.core, key, is_confirmed=is_confirmed, fallback=fallback, config=config)

    async def prefetch(self, label: str | None, timeout: float | None) -> PrefetchResult:
        """Load all prompts into memory, page by page. Raises nothing for failures of the server or the network."""
        self._adopt_loop()
        self._follow()
        end = time.monotonic() + (self.settings.request_timeout if timeout is None else timeout)
        count, pages = 0, Pages(self.settings, label)
        try:
            while (operation := pages.next_operation()) is not None:
                changes_seen = self.core.changes_seen
                page = pages.receive(operation.read(await self._send(operation.request, end - time.monotonic())))
                taken = add_page(self.core, page, label, changes_seen=changes_seen)
                self._announce()
                report_unresolved(self.settings, self.core, page, label)
                count += len(taken)
                await self._keep_all(taken)
        except (errors.PromptuaryError, asyncio.TimeoutError, *FAILURES) as failure:
            error = error_from(failure)
            report_prefetch(error)
            return PrefetchResult(count, error)
        return PrefetchResult(count)

    def _reject(self, key: PromptKey, refusal: errors.NotFoundError) -> None:
        if self.core.reject(key, refusal):
            report_error(self.settings, key, refusal, has_content=False)

    async def revalidate(self, key: PromptKey) -> bool:
        """Refresh a key after a change; return `True` if the server confirmed the content."""
        pending, is_new = self.core.join(key, self.settings.request_timeout)
        if is_new:
            self._tasks[pending] = asyncio.create_task(self._fetch(pending, has_fallback=True))
            await asyncio.wait({self._tasks[pending]})
        return pending.succeeded

    @property
    def is_live(self) -> bool:
        """State of ``live``: `True` while the stream of changes is read."""
        return self._change_stream is not None and self._change_stream.is_followed

    async def close(self) -> None:
        """Close the connections and end all tasks. Known content is still served; nothing more is sent."""
        self._is_closed = True
        self._adopt_loop()
        followers: list[AsyncLogFollower | AsyncFollower] = [*self._log_followers]
        followers += [] if self._follower is None else [self._follower]
        for each in followers:
            each.stop()
        under_way = [*self._tasks.values(), *self._background, *(each.task for each in followers if each.task is not None)]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._reset()

    def after_fork(self) -> None:
        """Start over in a child process. The parent's connections are kept, because closing them would disturb the parent."""
        self.core.after_fork()
        self._leave_loop()

    def at_exit(self) -> None:
        """Send nothing more, because the interpreter ends."""
        self._is_closed = True

    def _adopt_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            if self._loop is not None:
                self.core.drop_pending()
                self._leave_loop()
            self._loop = loop

    def _leave_loop(self) -> None:
        self._left_behind[:] = [self._http]
        self._http, self._loop = None, None
        self._follower = None
        if self._end is not None:
            self._end()
        self._tasks, self._background, self._is_announcing = {}, set(), False
        self._log_followers = weakref.WeakSet()

    def _follow(self) -> None:
        """Start the follower if ``live`` is set and none runs."""
        if self._change_stream is not None and self._follower is None and not self._is_closed:
            self._follower = AsyncFollower(self.settings, self._change_stream, self.revalidate)
            # A client that is garbage collected without `close` ends its task, too.
            self._end = weakref.finalize(self, self._follower.stop)

    async def _ask(self, key: PromptKey, wait: float | None, *, has_fallback: bool) -> bool:
        """Send a request unless one is pending, and wait for it if ``wait`` is given; return `True` if the server confirmed."""
        pending, is_new = self.core.join(key, wait or 0.0)
        if is_new:
            self._tasks[pending] = asyncio.create_task(self._fetch(pending, has_fallback=has_fallback))
        task = self._tasks.get(pending)
        if wait is not None and task is not None:
            await asyncio.wait({task}, timeout=wait)
            if not pending.done.is_set():
                self._abandon(pending)
        return wait is not None and pending.succeeded

    async def _fetch(self, pending: PendingFetch, *, has_fallback: bool) -> None:
        """Fetch a key from disk, then from the server, and store it on disk."""
        try:
            await self._load_from_disk(pending.key)
            if self.core.may_send(pending.key, has_fallback=has_fallback) and not self._is_closed:
                await self._confirm(pending)
        except Exception as defect:  # noqa: BLE001 - it is logged there
            self.core.fail(pending.key, report_defect(defect, "fetching"))
        finally:
            self._tasks.pop(pending, None)
            self.core.finish(pending)

    async def _load_from_disk(self, key: PromptKey) -> None:
        if self.core.known(key) is not None:
            return
        try:
            record = await asyncio.to_thread(self._disk.load, key)
        except OSError as error:
            report_disk(error)
            return
        if record is not None:
            self.core.add_from_disk(key, record.content, record.age)
            self._announce()

    async def _confirm(self, pending: PendingFetch) -> None:
        key, known = pending.key, self.core.known(pending.key)
        try:
            content = wire.read_fetch(await self._send(wire.fetch_request(self.settings, key, known), pending.limit), known)
        except (errors.PromptuaryError, asyncio.TimeoutError, *FAILURES) as failure:
            error = error_from(failure)
            has_content = self.core.fail(key, error)
            if not self._is_closed:
                report_error(self.settings, key, error, has_content=has_content)
            return
        # Callers that wait for the server wait neither for the disk nor for a hook.
        if self.core.confirm(pending, content):
            self._run_in_background(self._keep(key, content, is_new=content is not known))
            self._announce()

    def _announce(self) -> None:
        """Report changes in a task, if there are any that nothing reports."""
        if self.core.has_changes and not self._is_announcing and not self._is_closed:
            self._is_announcing = True
            self._run_in_background(self._announce_all())

    async def _announce_all(self) -> None:
        try:
            while (event := self.core.next_change()) is not None:
                announce(self.settings, self.core, event)
                # Fetches get their turn between calls of the hook.
                await asyncio.sleep(0)
        finally:
            self._is_announcing = False

    def _run_in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def perform(self, operation: Operation[T], timeout: float | None = None) -> T:
        """Perform an operation that is not a fetch of the present. Raises `PromptuaryError`."""
        self._adopt_loop()
        limit = self.settings.request_timeout if timeout is None else timeout
        try:
            answer = await asyncio.wait_for(self._exchange(operation.request, limit), limit)
        except (asyncio.TimeoutError, *FAILURES) as failure:
            raise error_from(failure) from failure
        finally:
            if operation.concerns is not None:
                self.core.forget(operation.concerns)
        return operation.read(answer)

    def follow(self, reader: LogReader) -> AsyncIterator[Change]:
        """Return an iterator over changes, which reads them over a connection of its own. Raises `UnreachableError`."""
        if self.settings.offline:
            raise errors.UnreachableError(OFFLINE)
        if self._is_closed:
            raise errors.UnreachableError(CLOSED)
        self._adopt_loop()
        follower = AsyncLogFollower(self.settings, reader)
        self._log_followers.add(follower)
        return follower

    async def _keep_all(self, contents: Iterable[tuple[PromptKey, Content]]) -> None:
        try:
            await asyncio.to_thread(self._disk.store_all, contents)
        except OSError as error:
            report_disk(error)

    async def _keep(self, key: PromptKey, content: Content, *, is_new: bool) -> None:
        try:
            if is_new:
                await asyncio.to_thread(self._disk.store, key, content)
            else:
                await asyncio.to_thread(self._disk.confirm, key)
        except OSError as error:
            report_disk(error)
        except Exception as defect:  # noqa: BLE001 - it is logged there, and nothing awaits this task
            report_defect(defect, "writing to disk")

    def _abandon(self, pending: PendingFetch) -> None:
        error = self.core.abandon(pending)
        if error is not None:
            report_error(self.settings, pending.key, error, has_content=self.core.known(pending.key) is not None)

    async def _send(self, request: wire.Request, limit: float) -> wire.Answer:
        """Send a read request, and again if its connection breaks, within the limit. Raises one of `FAILURES`."""

        async def exchange() -> wire.Answer:
            try:
                return await self._exchange(request, limit)
            except BROKEN:
                return await self._exchange(request, limit)

        return await asyncio.wait_for(exchange(), limit)

    def _make_http(self) -> httpx2.AsyncClient | None:
        """Return new connections, or `None` if that fails; the first request reports it."""
        try:
            return open_async_http(self.settings)
        except errors.ConfigurationError:
            raise
        except FAILURES:
            return None

    async def _exchange(self, request: wire.Request, limit: float) -> wire.Answer:
        if self.settings.offline:
            raise errors.UnreachableError(OFFLINE)
        body = Body()
        if self._is_closed:
            raise RuntimeError(CLOSED)
        if self._http is None:
            self._http = open_async_http(self.settings)
        async with self._http.stream(request.method, request.path, **send_options(request, limit)) as response:
            async for piece in response.aiter_bytes():
                body.add(piece)
            return body.answer(response.status_code, response.headers)

    async def _reset(self) -> None:
        connections, self._http = self._http, None
        if connections is not None:
            await connections.aclose()
