"""Whether what is remembered still holds: compared before every use with what the database says has been committed."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
        self._is_closed = False
        self._is_looked_at = False

    def is_current(self) -> bool:
        """Tell, in microseconds, whether everything that was committed before the caller was put on the event loop is applied.

        Callers that wait for the loop together share one look. It is taken after they were put there, because the loop runs what
        waits for it in order, and what ends the sharing is put behind them before the look. News that can be read at once is
        applied on the way.
        """
        if self._is_looked_at:
            return True
        asyncio.get_running_loop().call_soon(self._end_sharing)
        self._is_looked_at = self._look()
        return self._is_looked_at

    def _look(self) -> bool:
        if self._watch is None or self._catching_up is not None or not self._watch.is_trustworthy():
            return False
        return not self._has_news() or (self._watch.is_quick and self._apply_news(self._watch))

    def _end_sharing(self) -> None:
        self._is_looked_at = False

    def announce(self) -> None:
        """Tell all workers of this server that something was committed; call it before the caller gets to know."""
        self._board.announce()

    async def catch_up(self) -> bool:
        """Apply what was committed before this call; return whether that could be done.

        One run at a time serves all callers, but a run that began before a call may have missed something: then another is made.
        """
        if self._catching_up is not None:
            await asyncio.shield(self._catching_up)
        if self.is_current():
            return True
        if self._catching_up is None and self._watch is not None and not self._has_news():
            return self._is_trustworthy()
        if self._catching_up is None:
            if self._is_closed or time.monotonic() < self._retry_at:
                return False
            self._catching_up = asyncio.create_task(self._run())
        await asyncio.shield(self._catching_up)
        return self._is_trustworthy()

    async def close(self) -> None:
        """Stop watching, for good. A run that is going on is waited for: its thread uses the database."""
        self._is_closed = True
        if self._catching_up is not None:
            await asyncio.wait([self._catching_up])
        self._stop_watching()

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _is_trustworthy(self) -> bool:
        return self._watch is not None and self._watch.is_trustworthy()

    def _has_news(self) -> bool:
        return self._watch is None or self._watch.has_news() or self._board.read() != self._seen

    async def _run(self) -> None:
        try:
            with self._losing_trust():
                if self._watch is None:
                    self._watch = await asyncio.to_thread(self._open_watch)
                    self._apply(None)
                self._note(self._watch)
                self._apply(await asyncio.to_thread(self._watch.read_news))
        finally:
            self._catching_up = None
            if self._is_closed:
                self._stop_watching()

    def _apply_news(self, watch: Watch) -> bool:
        with self._losing_trust():
            self._note(watch)
            self._apply(watch.read_news())
        return self._watch is not None

    def _note(self, watch: Watch) -> None:
        self._seen = self._board.read()
        watch.note()

    @contextmanager
    def _losing_trust(self) -> Iterator[None]:
        """Forget everything when the block fails: news may be lost, and nothing that is remembered can be trusted any more."""
        try:
            yield
        except BaseException as error:
            self._stop_watching()
            self._apply(None)
            self._retry_at = time.monotonic() + RETRY_SECONDS
            if not isinstance(error, Unavailable):
                raise
            logger.warning("change log not read", reason=error.for_log)
