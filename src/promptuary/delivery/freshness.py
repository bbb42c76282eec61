"""Freshness of the cache: compared with the commits of the database before every use."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, TypeVar

import structlog

from promptuary.delivery.commit_signal import CommitSignal
from promptuary.model.changes import Change
from promptuary.model.errors import Unavailable
from promptuary.store.engine.database import Transaction
from promptuary.store.watch import RETRY_SECONDS, Watch

_T = TypeVar("_T")

logger = structlog.stdlib.get_logger("promptuary.delivery")


class Freshness:
    """Keeps a cache up to date with the change log. Not thread-safe: use from one event loop.

    ``open_watch`` is called on first use, so that a worker starts even while its database is down. ``apply`` forgets what changes
    name, or everything for `None`. ``note_failure`` is called with the name of this step of background work when it fails.

    Neither `is_current` nor `catch_up` raises: when the watch fails, for whatever reason, nothing remembered is used, and another
    watch is opened later.
    """

    def __init__(
        self,
        open_watch: Callable[[], Watch],
        apply: Callable[[list[Change] | None], None],
        signal: CommitSignal,
        note_failure: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._open_watch = open_watch
        self._apply = apply
        self._signal = signal
        self._note_failure = note_failure
        self._seen = b""
        self._watch: Watch | None = None
        self._retry_at = 0.0
        self._catching_up: asyncio.Task[None] | None = None
        self._is_closed = False
        self._is_looked_at = False
        # A look of a fetch must not wait for a connection, so readers use one of them at most.
        self._one_reader = asyncio.Lock()
        self._readings: set[asyncio.Future[Any]] = set()
        self.generation = 0
        """Grows whenever something was applied: the change log has, or may have, entries that were not read before."""

    def is_current(self) -> bool:
        """Return `True` if everything committed before the caller was put on the event loop is applied. Takes microseconds.

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
        try:
            if not self._has_changes():
                return True
            if self._watch.is_quick:
                self._note(self._watch)
                self._pass_on(self._watch.read_changes())
                return True
        except Exception as error:  # noqa: BLE001 - it is logged there
            self._lose_trust(error)
        return False

    def _end_sharing(self) -> None:
        self._is_looked_at = False

    def announce(self) -> None:
        """Tell all workers of this server that something was committed; call it before the caller gets to know."""
        self._signal.announce()

    async def catch_up(self) -> bool:
        """Apply what was committed before this call; return whether that could be done.

        One run at a time serves all callers, but a run that began before a call may have missed something: then another is made.
        """
        if self._catching_up is not None:
            await asyncio.shield(self._catching_up)
        if self.is_current():
            return True
        if self._catching_up is None and self._watch is not None and self._is_quiet():
            return self._is_trustworthy()
        if self._catching_up is None:
            if self._is_closed or time.monotonic() < self._retry_at:
                return False
            self._catching_up = asyncio.create_task(self._run())
        await asyncio.shield(self._catching_up)
        return self._is_trustworthy()

    async def close(self) -> None:
        """Stop watching, for good. A current run is awaited: its thread uses the database."""
        self._is_closed = True
        if self._catching_up is not None:
            await asyncio.wait([self._catching_up])
        if self._readings:
            await asyncio.wait(self._readings)
        self.stop_watching()

    async def read(self, work: Callable[[Transaction], _T], /) -> _T:
        """Do work on a thread, in a transaction on the watch's connection for readers; callers take turns. Raises `Unavailable`."""
        async with self._one_reader:
            if self._watch is None:
                raise Unavailable(reason="the change log is not watched")
            reading = asyncio.ensure_future(asyncio.to_thread(_read, self._watch, work))
            self._readings.add(reading)
            reading.add_done_callback(self._readings.discard)
            return await asyncio.shield(reading)

    def stop_watching(self) -> None:
        """Stop watching until something is asked again. Not during a run or a reading."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    def _is_trustworthy(self) -> bool:
        return self._watch is not None and self._watch.is_trustworthy()

    def _has_changes(self) -> bool:
        return self._watch is None or self._watch.has_changes() or self._signal.read() != self._seen

    async def _run(self) -> None:
        try:
            if self._watch is None:
                self._watch = await asyncio.to_thread(self._open_watch)
                self._pass_on(None)
            self._note(self._watch)
            self._pass_on(await asyncio.to_thread(self._watch.read_changes))
        except asyncio.CancelledError:
            self._forget()
            raise
        except Exception as error:  # noqa: BLE001 - it is logged there
            self._lose_trust(error)
        finally:
            self._catching_up = None
            if self._is_closed:
                self.stop_watching()

    def _is_quiet(self) -> bool:
        try:
            return not self._has_changes()
        except Exception as error:  # noqa: BLE001 - it is logged there
            self._lose_trust(error)
        return False

    def _note(self, watch: Watch) -> None:
        self._seen = self._signal.read()
        watch.mark()

    def _pass_on(self, changes: list[Change] | None) -> None:
        if changes is None or changes:
            self.generation += 1
        self._apply(changes)

    def _lose_trust(self, error: Exception) -> None:
        """Forget everything after a failure: news may be lost, and nothing that is remembered can be trusted any more."""
        self._note_failure("follow_changes")
        if isinstance(error, Unavailable):
            logger.warning("change log not read", reason=error.for_log)
        else:
            # A defect. Answers come from the database meanwhile, and the next attempt may have better luck.
            logger.error("change log not applied", exc_info=error)
        self._forget()

    def _forget(self) -> None:
        self._retry_at = time.monotonic() + RETRY_SECONDS
        try:
            self.stop_watching()
        except Exception:
            # Whatever is left of it: it is not asked any more.
            logger.exception("watch not closed")
        self._pass_on(None)


def _read(watch: Watch, work: Callable[[Transaction], _T]) -> _T:
    with watch.read() as tx:
        return work(tx)
