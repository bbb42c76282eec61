"""The follower of the change log: one task in each worker that passes news of commits on to subscribers.

A worker has one watch, and `delivery.freshness` owns it: a fetch cannot wait for a task, so it looks by itself, synchronously,
before anything from the cache is used. The follower adds what subscribers need between fetches: while one of them is active, it
lets `Freshness` look every `LOOK_SECONDS`, and when that has applied something, each subscriber reads the log from its own cursor,
on a connection of the watch. So fetches, streams of the API, streams of agents and webhooks share one watch, and another subscriber
costs no connection.

A subscriber's cursor outlives an outage: what was committed meanwhile is read when the database is back. A subscriber with a defect
is dropped, and its streams end; the others continue.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

import structlog

from promptuary.delivery.freshness import Freshness
from promptuary.model.errors import Unavailable
from promptuary.store.engine.database import Transaction
from promptuary.store.watch import RETRY_SECONDS, ReadLog
from promptuary.supervisor.stop_flag import StopFlag

LOOK_SECONDS = 0.02
"""Pause between two looks for commits while there are active subscribers; a look takes microseconds."""

_T = TypeVar("_T")

logger = structlog.stdlib.get_logger("promptuary.follower")


class Subscriber(Protocol):
    """A reader of the change log. Its methods are called on the event loop, one at a time."""

    step: ClassVar[str]
    """Its name in the metric of failed background work."""

    @property
    def is_active(self) -> bool:
        """Return `True` if anything waits for its changes; if not, the subscriber is dropped."""

    def catch_up(self, read: ReadLog, /) -> Awaitable[float]:
        """Read the log from its cursor to the end, and return the seconds until it may be called again. Raises `Unavailable`."""

    def check(self, read: ReadLog, /) -> Awaitable[None]:
        """Do what is due without news. Called at every look. Raises `Unavailable`."""

    def end(self) -> None:
        """End: nothing follows the log for it any more. It may subscribe again later, from a new cursor."""


@dataclass(slots=True)
class _Turn:
    generation: int | None = None
    """The generation of `Freshness` that the subscriber has read; `None` at first."""
    next_at: float = 0.0


class Follower:
    """Lets subscribers follow the change log. One for each worker; belongs to one event loop.

    ``closes_watch`` says that nothing but subscribers uses the watch, so that it is closed when there are none.
    """

    def __init__(
        self,
        freshness: Freshness,
        stop_flag: StopFlag,
        note_failure: Callable[[str], None] = lambda _step: None,
        *,
        closes_watch: bool = False,
    ) -> None:
        self._freshness = freshness
        self._stop_flag = stop_flag
        self._note_failure = note_failure
        self._closes_watch = closes_watch
        self._turns: dict[Subscriber, _Turn] = {}
        self._following: asyncio.Task[None] | None = None

    def subscribe(self, subscriber: Subscriber) -> None:
        """Follow the log for a subscriber until it is not active any more. Subscribing again changes nothing."""
        self._turns.setdefault(subscriber, _Turn())
        if self._following is None:
            # An empty context: the task does not belong to the request that started it.
            self._following = asyncio.create_task(self._follow(), context=Context())

    async def read(self, work: Callable[[Transaction], _T], /) -> _T:
        """Read the log for a subscriber that is about to subscribe. Raises `Unavailable`."""
        if not self._freshness.is_current():
            await self._freshness.catch_up()
        return await self._freshness.read(work)

    async def _follow(self) -> None:
        try:
            while self._turns and not self._stop_flag.is_set():
                if not self._freshness.is_current():
                    await self._freshness.catch_up()
                for subscriber, turn in [*self._turns.items()]:
                    await self._serve(subscriber, turn)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._following = None
            for subscriber in [*self._turns]:
                self._drop(subscriber)
            if self._closes_watch:
                self._freshness.stop_watching()

    async def _serve(self, subscriber: Subscriber, turn: _Turn) -> None:
        if not subscriber.is_active:
            self._drop(subscriber)
            return
        if time.monotonic() < turn.next_at:
            return
        # What is committed while the subscriber reads makes another generation.
        generation = self._freshness.generation
        try:
            if turn.generation != generation:
                pause = await subscriber.catch_up(self._freshness.read)
                turn.generation, turn.next_at = generation, time.monotonic() + pause
            await subscriber.check(self._freshness.read)
        except Unavailable as error:
            self._note_failure(subscriber.step)
            logger.warning("change log not read", reason=error.for_log)
            turn.next_at = time.monotonic() + RETRY_SECONDS
        except Exception:
            self._note_failure(subscriber.step)
            logger.exception("change log not followed")
            self._drop(subscriber)

    def _drop(self, subscriber: Subscriber) -> None:
        self._turns.pop(subscriber, None)
        subscriber.end()
