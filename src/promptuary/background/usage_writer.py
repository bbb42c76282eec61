"""Writing what was counted of fetches: every few seconds, and once more when the server stops."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from promptuary.model.errors import RegistryError
from promptuary.registry.fetch_counter import FetchCounter
from promptuary.registry.usage import record_fetches
from promptuary.store.engine.database import Database

BATCH = 1000
"""Rows that are written in one transaction, so that other writers need not wait long."""

logger = structlog.stdlib.get_logger("promptuary.usage")


class UsageWriter:
    """Writes what a counter has counted. Its thread ends with the process; `finish` ends it before."""

    def __init__(
        self,
        database: Database,
        usage: FetchCounter,
        *,
        seconds: float,
        note_failure: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._database = database
        self._usage = usage
        self._seconds = seconds
        self._note_failure = note_failure
        self._is_finished = threading.Event()
        self._thread = threading.Thread(target=self._write_again_and_again, name="promptuary-usage", daemon=True)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write every few seconds during the block, and for the last time at its end."""
        self.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self.finish)

    def start(self) -> None:
        """Write every few seconds from now on."""
        self._thread.start()

    def finish(self) -> None:
        """Write for the last time."""
        self._is_finished.set()
        self._thread.join()
        self.write()

    def write(self) -> None:
        """Write what was counted since the last call. What cannot be written now is kept for the next one."""
        fetch_counts = self._usage.take()
        for start in range(0, len(fetch_counts), BATCH):
            batch = fetch_counts[start : start + BATCH]
            try:
                with self._database.write() as tx:
                    record_fetches(tx, batch)
            except RegistryError as error:
                self._note_failure("write_usage")
                given_up = self._usage.put_back(fetch_counts[start:])
                logger.warning("fetches not written", reason=error.for_log, given_up=given_up)
                return
            except Exception:
                # A defect. What cannot be written today cannot be written tomorrow, and would keep the rest from being written.
                self._note_failure("write_usage")
                logger.exception("fetches lost", count=sum(fetch_count.count for fetch_count in batch))

    def _write_again_and_again(self) -> None:
        while not self._is_finished.wait(self._seconds):
            try:
                self.write()
            except Exception:
                # Not even what can be written later may be lost to a defect.
                self._note_failure("write_usage")
                logger.exception("fetches not written")
