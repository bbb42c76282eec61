"""Whether what is remembered still holds: compared before every use with what the database says has been committed."""

import asyncio
import time
from collections.abc import Callable

import structlog

from promptuary.delivery.board import Board
from promptuary.model.changes import Change
from promptuary.model.errors import Unavailable
from promptuary.store.watch import Watch

RETRY_SECONDS = 0.5
"""How long nothing is remembered after the change log could not be read, before that is tried again."""

logger = structlog.stdlib.get_logger("promptuary.delivery")


class Freshness:
    """Keeps a cache in step with the change log. Belongs to one event loop.

    ``open_watch`` is called on first use, so that a worker starts even while its database is down. ``apply`` forgets what changes
    name, or everything for `None`.
    """

    def __init__(self, open_watch: Callable[[], Watch], apply: Callable[[list[Change] | None], None], board: Board) -> None:
        self._open_watch = open_watch
        self._apply = apply
        self._board = board
        self._seen = b""
        self._watch: Watch | None = None
        self._retry_at = 0.0
        self._catching_up: asyncio.Task[None] | None = None

    def is_current(self) -> bool:
        """Tell, in microseconds, whether everything that was committed before this call has been applied."""
        return self._catching_up is None and self._is_trustworthy() and not self._has_news()

    def announce(self) -> None:
        """Tell all workers of this server that something was committed; call it before the caller gets to know."""
        self._board.announce()

    async def catch_up(self) -> bool:
        """Apply what was committed before this call; return whether that could be done.

        One run at a time serves all callers, but a run that began before a call may have missed something: then another is made.
        """
        if self._catching_up is not None:
            await asyncio.shield(self._catching_up)
        if self._catching_up is None and self._watch is not None and not self._has_news():
            return self._is_trustworthy()
        if self._catching_up is None:
            if time.monotonic() < self._retry_at:
                return False
            self._catching_up = asyncio.create_task(self._run())
        await asyncio.shield(self._catching_up)
        return self._is_trustworthy()

    def close(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _is_trustworthy(self) -> bool:
        return self._watch is not None and self._watch.is_trustworthy()

    def _has_news(self) -> bool:
        return self._watch is None or self._watch.has_news() or self._board.read() != self._seen

    async def _run(self) -> None:
        try:
            if self._watch is None:
                self._watch = await asyncio.to_thread(self._open_watch)
                self._apply(None)
            self._seen = self._board.read()
            self._watch.note()
            self._apply(await asyncio.to_thread(self._watch.read_news))
        except Unavailable as refusal:
            # News may have been lost on the way, so nothing that is remembered can be trusted any more.
            logger.warning("change log not read", reason=str(refusal))
            self.close()
            self._apply(None)
            self._retry_at = time.monotonic() + RETRY_SECONDS
        finally:
            self._catching_up = None
