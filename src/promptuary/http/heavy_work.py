"""Work that grows with its texts, such as comparing them: one piece at a time, so that everything else is served meanwhile.

Waiting work waits in the event loop and holds no thread that others need.
"""

from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio import to_thread

from promptuary.model.errors import Busy

AT_ONCE = 1
"""Maximum pieces of work at once in one worker. Python runs one thread at a time, so two would only make all else wait longer."""

MAX_WAITING = 30
"""Maximum pieces of work that wait for their turn in one worker."""

MAX_SECONDS = 10.0
"""Maximum time that one waits for its turn."""

_BUSY = "The server has reached its limit of concurrent comparisons. Try again later."

Result = TypeVar("Result")


class HeavyWork:
    """Runs functions in threads of its own, one at a time by default."""

    def __init__(self, *, at_once: int = AT_ONCE, max_waiting: int = MAX_WAITING, max_seconds: float = MAX_SECONDS) -> None:
        self._turns = anyio.CapacityLimiter(at_once)
        self._threads = anyio.CapacityLimiter(at_once)
        self._max_waiting = max_waiting
        self._max_seconds = max_seconds

    @property
    def waiting(self) -> int:
        """Number of waiting pieces of work."""
        return self._turns.statistics().tasks_waiting

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run a function when it is its turn. Raises `Busy` if too many wait already, or its turn does not come in time."""
        turn = object()
        await self._take(turn)
        try:
            return await to_thread.run_sync(work, limiter=self._threads)
        finally:
            self._turns.release_on_behalf_of(turn)

    async def _take(self, turn: object) -> None:
        try:
            self._turns.acquire_on_behalf_of_nowait(turn)
        except anyio.WouldBlock:
            if self.waiting >= self._max_waiting:
                raise Busy(_BUSY) from None
            with anyio.move_on_after(self._max_seconds) as waiting:
                await self._turns.acquire_on_behalf_of(turn)
            if waiting.cancelled_caught:
                raise Busy(_BUSY) from None
