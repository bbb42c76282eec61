"""The sender of webhooks: in one worker of all servers, which holds a lease.

Every worker looks from time to time if there are webhooks and if the lease is free. The one that holds it follows the change log,
queues events, and sends to each endpoint by a task of its own, one message after the other, so that a slow endpoint holds up no
other. What a message needs is in the database, so the next holder continues where the last one ended.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, ClassVar, ParamSpec, TypeVar

import anyio.to_thread
import structlog
from anyio import CapacityLimiter

from promptuary.background.lease import RENEW_SECONDS, Lease
from promptuary.background.webhook_requests import REQUEST_SECONDS, send_message
from promptuary.model.errors import RegistryError
from promptuary.model.webhooks import Outcome
from promptuary.registry import webhook_queue
from promptuary.registry.webhook_queue import Message, Presenter, Work
from promptuary.store.engine.database import Database
from promptuary.store.watch import ReadLog

if TYPE_CHECKING:
    from promptuary.outbound import OutboundClient

LOOK_SECONDS = 5.0
"""Pause between two looks of a worker that does not send."""

QUIET_SECONDS = 0.1
"""Minimum time between two looks because of commits."""

RETRY_SECONDS = 5.0
"""Pause after the database did not answer, or a defect."""

STOP_SECONDS = 1.0
"""Maximum time for which a worker that stops waits for answers. Messages without one are sent again."""

MAX_REQUESTS = 20
"""Maximum requests at once."""

_THREADS = 4
_MAX_PASSES = 20

_P = ParamSpec("_P")
_T = TypeVar("_T")

logger = structlog.stdlib.get_logger("promptuary.webhooks")


class WebhookSender:
    """Sends events to webhooks. Belongs to one event loop.

    ``open_client`` is called when there is something to send, ``subscribe`` makes it a subscriber of the follower of the change
    log, ``note_attempt`` is called with `delivered` or `failed`, ``jitter`` returns numbers between 0 and 1.
    """

    step: ClassVar = "send_webhooks"

    def __init__(
        self,
        database: Database,
        presenter: Presenter,
        *,
        open_client: Callable[[], "OutboundClient"],
        subscribe: Callable[["WebhookSender"], None] = lambda _: None,
        note_failure: Callable[[str], None] = lambda _step: None,
        note_attempt: Callable[[str], None] = lambda _outcome: None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._presenter = presenter
        self._open_client = open_client
        self._subscribe = subscribe
        self._note_failure = note_failure
        self._note_attempt = note_attempt
        self._jitter = jitter
        self._lease = Lease(database, "webhooks")
        self._threads = CapacityLimiter(_THREADS)
        self._requests = asyncio.Semaphore(MAX_REQUESTS)
        self._stack = AsyncExitStack()
        self._client: OutboundClient | None = None
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._is_over = asyncio.Event()
        self._news = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send during the block."""
        looking = asyncio.create_task(self._look_again_and_again())
        try:
            yield
        finally:
            self._is_over.set()
            self._news.set()
            await looking
            await self.close()

    @property
    def is_active(self) -> bool:
        """Return `True` if this worker sends."""
        return self._lease.seconds_left > 0 and not self._is_over.is_set()

    async def catch_up(self, _read: ReadLog, /) -> float:
        """Look for events, because something was committed."""
        self._news.set()
        return QUIET_SECONDS

    async def check(self, _read: ReadLog, /) -> None:
        """Do nothing: what is due without news is looked for by the task."""

    def end(self) -> None:
        """Do nothing: the task looks from time to time anyway."""

    async def look(self) -> float:
        """Send what is due if this worker holds the lease, or can take it; return the seconds until the next look.

        Messages are sent by tasks, which may last longer. Raises `Unavailable`.
        """
        if not await self._on_thread(self._hold):
            return LOOK_SECONDS
        self._subscribe(self)
        work = await self._on_thread(self._queue)
        for webhook_id in work.due:
            if webhook_id not in self._sending:
                sending = asyncio.create_task(self._send_to(webhook_id))
                self._sending[webhook_id] = sending
                sending.add_done_callback(partial(self._note_end, webhook_id))
        if work.next_at is None:
            return RENEW_SECONDS
        return min(RENEW_SECONDS, max(0.0, (work.next_at - self._database.clock()).total_seconds()))

    async def send_due(self) -> None:
        """Send all that is due now, and return when it was sent."""
        await self.look()
        while self._sending:
            await asyncio.wait([*self._sending.values()])
            await self.look()

    async def close(self) -> None:
        """End, and let another worker take the lease."""
        if self._sending:
            await asyncio.wait([*self._sending.values()], timeout=STOP_SECONDS)
        for sending in [*self._sending.values()]:
            sending.cancel()
        await asyncio.gather(*self._sending.values(), return_exceptions=True)
        await self._stack.aclose()
        with contextlib.suppress(RegistryError):
            await self._on_thread(self._lease.release)

    async def _look_again_and_again(self) -> None:
        pause = LOOK_SECONDS
        while not self._is_over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), pause)
            self._news.clear()
            if self._is_over.is_set():
                return
            try:
                pause = await self.look()
            except Exception as error:  # noqa: BLE001 - it is logged there
                self._log_failure(error)
                pause = RETRY_SECONDS

    def _hold(self) -> bool:
        with self._database.read() as tx:
            is_there_work = webhook_queue.is_there_work(tx)
        if not is_there_work:
            self._lease.release()
            return False
        return self._lease.hold()

    def _queue(self) -> Work:
        for _ in range(_MAX_PASSES):
            with self._database.read() as tx:
                if not webhook_queue.has_unqueued(tx):
                    return webhook_queue.list_work(tx)
            with self._database.write() as tx:
                webhook_queue.queue_events(tx, self._presenter)
        # There is more; the lease has to be renewed meanwhile.
        with self._database.read() as tx:
            work = webhook_queue.list_work(tx)
        return Work(work.due, self._database.clock())

    async def _send_to(self, webhook_id: str) -> None:
        try:
            while not self._is_over.is_set():
                async with self._requests:
                    # The next holder of the lease must not send before this request has ended.
                    if self._lease.seconds_left < REQUEST_SECONDS + 1:
                        return
                    message = await self._on_thread(self._find, webhook_id)
                    if message is None:
                        return
                    outcome = await self._try_to_send(message)
                self._note_attempt("delivered" if outcome.is_success else "failed")
                await self._on_thread(self._record, message, outcome, self._jitter())
        except Exception as error:  # noqa: BLE001 - it is logged there
            self._log_failure(error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_over.wait(), RETRY_SECONDS)

    async def _try_to_send(self, message: Message) -> Outcome:
        try:
            return await send_message(self._get_client(), message, self._database.clock())
        except Exception as error:  # noqa: BLE001 - it is logged there
            # A defect counts as a failure, so that it has pauses and an end.
            self._log_failure(error)
            return Outcome(None, error="The request could not be sent because of an error in the server. The log has more.")

    def _find(self, webhook_id: str) -> Message | None:
        with self._database.read() as tx:
            return webhook_queue.find_message(tx, webhook_id)

    def _record(self, message: Message, outcome: Outcome, jitter: float) -> None:
        with self._database.write() as tx:
            webhook_queue.record_outcome(tx, message, outcome, jitter=jitter)

    def _note_end(self, webhook_id: str, _sending: asyncio.Task[None]) -> None:
        self._sending.pop(webhook_id, None)
        # More may have to be queued.
        self._news.set()

    def _get_client(self) -> "OutboundClient":
        if self._client is None:
            self._client = self._open_client()
            self._stack.push_async_exit(self._client)
        return self._client

    def _log_failure(self, error: Exception) -> None:
        self._note_failure(self.step)
        if isinstance(error, RegistryError):
            logger.warning("webhooks not sent", reason=error.for_log)
        else:
            logger.error("webhooks not sent", exc_info=error)

    async def _on_thread(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), limiter=self._threads)
