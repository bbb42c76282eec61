"""Answering a scrape."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from promptuary.metrics.segment import Segment, read_segments


class Scrape:
    """Answers for all workers that share a folder. ``sample`` brings this worker's segment up to date."""

    def __init__(self, folder: Path | None, segment: Segment, *, sample: Callable[[], None], build: Sequence[str]) -> None:
        self._folder = folder
        self._segment = segment
        self._sample = sample
        self._build = build
        # A thread of its own: the others may all be waiting for a database, which is what operators want to see then.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="promptuary-scrape")

    async def answer(self, accept: str) -> tuple[bytes, str]:
        """Return all metrics in the form that the caller accepts, and its content type."""
        self._sample()
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._expose, accept)

    def _expose(self, accept: str) -> tuple[bytes, str]:
        from promptuary.metrics.exposition import expose  # noqa: PLC0415 - megabytes that a worker needs only when it is asked

        return expose(read_segments(self._folder, self._segment), self._build, accept)
