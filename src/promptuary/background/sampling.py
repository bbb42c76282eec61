"""Work of each worker once a second: apply the change log, and record gauges."""

import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from promptuary.delivery.cache import Cache
from promptuary.delivery.freshness import Freshness
from promptuary.metrics import layout
from promptuary.metrics.requests import RequestCounts
from promptuary.metrics.segment import Segment
from promptuary.model.changes import Change
from promptuary.store.engine.database import Database

INTERVAL_SECONDS = 1.0

Apply = Callable[[list[Change] | None], None]

_MEMORY = Path("/proc/self/statm")

logger = structlog.stdlib.get_logger("promptuary.sampling")


class InSync:
    """Applies changes in an idle worker, and knows since when that has failed."""

    def __init__(self, freshness: Freshness) -> None:
        self._freshness = freshness
        self._check: asyncio.Task[None] | None = None
        self._was_current_at = time.monotonic()
        self._is_current = True

    @property
    def lag_seconds(self) -> float:
        """Seconds for which this worker has been behind the change log."""
        return 0.0 if self._is_current else time.monotonic() - self._was_current_at

    def check(self) -> None:
        """Begin to catch up, unless an earlier attempt still runs; `lag_seconds` has the result of the last one."""
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._catch_up())
        else:
            self._is_current = False

    def close(self) -> None:
        """Cancel an attempt that still runs."""
        if self._check is not None:
            self._check.cancel()

    async def _catch_up(self) -> None:
        began_at = time.monotonic()
        is_current = False
        try:
            is_current = self._freshness.is_current() or await self._freshness.catch_up()
        except Exception:
            # Nothing awaits this task, so errors are logged here.
            logger.exception("change log not applied")
        finally:
            self._is_current = is_current
        if is_current:
            self._was_current_at = began_at


def counting_changes(apply: Apply, segment: Segment) -> Apply:
    """Return ``apply`` with the changes that it gets counted."""
    applied = segment.view(layout.CHANGES_APPLIED)

    def apply_and_count(changes: list[Change] | None) -> None:
        apply(changes)
        applied[0] += len(changes or ())

    return apply_and_count


class Sampler:
    """Writes gauges to a worker's segment."""

    def __init__(
        self,
        segment: Segment,
        *,
        counts: RequestCounts,
        database: Database,
        cache: Cache,
        in_sync: InSync | None,
        note_failure: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._in_sync = in_sync
        self._note_failure = note_failure
        self._segment = segment
        self._counts = counts
        self._database = database
        self._cache = cache
        self._started_at = time.time()

    def sample(self) -> None:
        """Write everything down."""
        put = self._segment.put
        put(layout.IN_PROGRESS, self._counts.in_progress)
        put(layout.CACHE_ENTRIES, self._cache.entries)
        put(layout.CACHE_BYTES, self._cache.used_bytes)
        put(layout.CACHE_MAX_BYTES, self._cache.max_bytes)
        put(layout.CACHE_EVICTIONS, self._cache.evictions)
        put(layout.CHANGE_LAG, self._in_sync.lag_seconds if self._in_sync else 0)
        pool = self._database.pool_use()
        put(layout.CONNECTIONS, pool.in_use, "in_use")
        put(layout.CONNECTIONS, pool.idle, "idle")
        put(layout.MAX_CONNECTIONS, pool.size)
        put(layout.CPU_SECONDS, time.process_time())
        put(layout.RESIDENT_BYTES, _resident_bytes())
        put(layout.START_TIME, self._started_at)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take samples and check for changes during the block."""
        is_over = asyncio.Event()
        sampling = asyncio.create_task(self._sample_until(is_over))
        try:
            yield
        finally:
            is_over.set()
            await sampling

    async def _sample_until(self, is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            try:
                self.sample()
            except Exception:
                # A defect. What cannot be measured now must not end the check, nor what can be measured later.
                logger.exception("sample not taken")
                self._note_failure("take_sample")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(is_over.wait(), INTERVAL_SECONDS)
            if self._in_sync is not None and not is_over.is_set():
                self._in_sync.check()
        if self._in_sync is not None:
            self._in_sync.close()


def _resident_bytes() -> int:
    # Only Linux tells what is resident now.
    return int(_MEMORY.read_text().split()[1]) * resource.getpagesize() if _MEMORY.exists() else 0
