"""What is done once a second goes on, whatever happens to it."""

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from promptuary.background import sampling
from promptuary.background.sampling import InSync, Sampler
from promptuary.delivery.cache import Cache
from promptuary.delivery.commit_signal import open_commit_signal
from promptuary.delivery.freshness import Freshness
from promptuary.metrics.requests import RequestCounts
from promptuary.metrics.segment import open_segment
from promptuary.store.engine.database import Database
from promptuary.store.watch import Watch

Until = Callable[[Callable[[], bool]], None]


def no_watch() -> Watch:
    raise ZeroDivisionError


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_defect_is_logged_and_ends_neither_samples_nor_checks(
    database: Database, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "INTERVAL_SECONDS", 0.01)
    segment = open_segment(None)
    cache = Cache(max_bytes=0)
    in_sync = InSync(Freshness(no_watch, cache.apply, open_commit_signal(None)))
    sampler = Sampler(segment, counts=RequestCounts(segment), database=database, cache=cache, in_sync=in_sync)
    # Nothing can be written to the segment any more.
    segment.numbers.release()
    with capture_logs() as logs:

        def times(event: str) -> int:
            return [(line["event"], line["log_level"]) for line in logs].count((event, "error"))

        async def live() -> None:
            async with sampler.running():
                await asyncio.to_thread(until, lambda: times("sample not taken") > 1 and times("change log not applied") > 1)

        asyncio.run(live())
    assert in_sync.lag_seconds > 0
