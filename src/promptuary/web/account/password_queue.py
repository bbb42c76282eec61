"""A queue for everything that hashes passwords: on threads of its own, few at a time, and bounded in number and time.

Hashing is slow on purpose, and any client may request it. Waiting requests are in a list and hold no thread.
"""

import asyncio
import os
import random
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from promptuary.model.errors import Busy

THREADS = 2
"""While one hashes, another can read and write what belongs to it."""

MAX_WAITING = 256
MAX_SECONDS = 8.0
"""Maximum waiting time of an attempt. Users who wait longer try again anyway."""

REFUSALS_AT_ONCE = 20
"""Maximum rejections a second that are sent immediately. Others are sent about `REFUSAL_SECONDS` later, to slow down retries."""

REFUSAL_SECONDS = 1.0
MAX_DELAYED = 1000

_NICENESS = 5

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """An attempt that waits. Attempts are taken in the order of ``rank``, the lowest first."""

    rank: tuple[int, int]
    turn: "asyncio.Future[None]"


class PasswordQueue:
    """Runs functions that hash passwords. One for each worker; belongs to one event loop."""

    def __init__(self, *, threads: int = THREADS, max_waiting: int = MAX_WAITING, max_seconds: float = MAX_SECONDS) -> None:
        self._max_waiting = max_waiting
        self._max_seconds = max_seconds
        self._executor = ThreadPoolExecutor(threads, "promptuary-passwords", initializer=_yield_to_others)
        self._free = threads
        self._waiting: list[_Waiting] = []
        self._numbers = count()
        self._stopping: asyncio.Event | None = None
        self._is_stopping = False
        self._refusals = _Refusals()

    async def run(self, work: Callable[[], Result], *, failures: int) -> Result:
        """Run a function in a thread of the queue. Raises `Busy` when its turn does not come.

        Callers with the fewest ``failures`` come first, of these the latest: under an attack, who has just come is the most likely
        to be still there, and has not failed yet.
        """
        await self._take_turn((failures, -next(self._numbers)))
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, copy_context().run, work)
        finally:
            self._pass_turn()

    async def delay_refusal(self) -> None:
        """Wait before a refusal is sent, if there are too many. This takes neither a thread nor a place in the queue."""
        if self._is_stopping or not self._refusals.begin():
            return
        if self._stopping is None:
            self._stopping = asyncio.Event()
        try:
            # Not all at once, else they would also come back all at once.
            await asyncio.wait_for(self._stopping.wait(), REFUSAL_SECONDS * (0.5 + random.random()))  # noqa: S311 - no secret
        except TimeoutError:
            pass
        finally:
            self._refusals.end()

    def stop(self) -> None:
        """Refuse all that wait, and everything that comes later."""
        self._is_stopping = True
        for waiting in self._waiting:
            _refuse(waiting, "The server is shutting down. Try again.")
        self._waiting.clear()
        if self._stopping is not None:
            self._stopping.set()

    async def _take_turn(self, rank: tuple[int, int]) -> None:
        if self._is_stopping:
            message = "The server is shutting down. Try again."
            raise Busy(message)
        if self._free:
            self._free -= 1
            return
        waiting = _Waiting(rank, asyncio.get_running_loop().create_future())
        self._make_room_for(waiting)
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(self._max_seconds):
                await waiting.turn
        except BaseException as error:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            elif waiting.turn.done() and not waiting.turn.cancelled() and waiting.turn.exception() is None:
                # The turn came while the wait for it ended.
                self._pass_turn()
            if isinstance(error, TimeoutError):
                raise Busy from None
            raise

    def _make_room_for(self, newcomer: _Waiting) -> None:
        if len(self._waiting) < self._max_waiting:
            return
        last = max(self._waiting, key=_rank)
        if last.rank < newcomer.rank:
            raise Busy
        self._waiting.remove(last)
        _refuse(last)

    def _pass_turn(self) -> None:
        if not self._waiting:
            self._free += 1
            return
        first = min(self._waiting, key=_rank)
        self._waiting.remove(first)
        if first.turn.done():
            self._pass_turn()
        else:
            first.turn.set_result(None)


class _Refusals:
    """Counts the refusals of the present second and those that are delayed."""

    def __init__(self) -> None:
        self._second = 0
        self._count = 0
        self._delayed = 0

    def begin(self) -> bool:
        """Count a refusal, and return whether it is to be delayed; then call `end` afterwards."""
        second = int(asyncio.get_running_loop().time())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        if self._count <= REFUSALS_AT_ONCE or self._delayed >= MAX_DELAYED:
            return False
        self._delayed += 1
        return True

    def end(self) -> None:
        self._delayed -= 1


def _rank(waiting: _Waiting) -> tuple[int, int]:
    return waiting.rank


def _refuse(waiting: _Waiting, *sentence: str) -> None:
    if not waiting.turn.done():
        waiting.turn.set_exception(Busy(*sentence))


def _yield_to_others() -> None:
    """Let other threads go first. Only Linux gives each thread a priority, which the threads that it starts inherit."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
