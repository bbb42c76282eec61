"""Writing what was counted: in time, at the end, and again after a failure."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from builders import Registry, make_prompt
from structlog.testing import capture_logs

from promptuary.background.usage_writer import BATCH, UsageWriter
from promptuary.model.usage import FetchKey
from promptuary.registry import usage
from promptuary.registry.fetch_counter import FetchCounter
from promptuary.store import changes
from promptuary.store.engine.database import Database

Until = Callable[[Callable[[], bool]], None]
AN_HOUR = 3600.0


@pytest.fixture
def use(registry: Registry) -> FetchKey:
    with registry.database.write() as tx:
        return FetchKey(make_prompt(tx, registry.actor).id, "", "")


def written(registry: Registry) -> int:
    with registry.database.read() as tx:
        return usage.get_usage(tx, registry.actor, name="greeting", limit=1).fetches


def test_counts_are_written_again_and_again_and_at_the_end(registry: Registry, use: FetchKey, until: Until) -> None:
    counter = FetchCounter()
    writer = UsageWriter(registry.database, counter, seconds=0.01)
    writer.start()
    for number in range(1, 4):
        counter.count(use)
        until(lambda number=number: written(registry) == number)  # type: ignore[misc]
    counter.count(use)
    writer.finish()
    assert written(registry) == 4


def test_what_is_counted_between_two_writes_is_written_at_the_end(registry: Registry, use: FetchKey) -> None:
    counter = FetchCounter()
    writer = UsageWriter(registry.database, counter, seconds=AN_HOUR)
    writer.start()
    counter.count(use)
    assert written(registry) == 0
    writer.finish()
    assert written(registry) == 1


def test_the_change_log_does_not_tell_of_fetches(registry: Registry, use: FetchKey) -> None:
    counter = FetchCounter()
    counter.count(use)
    with registry.database.read() as tx:
        before = changes.last_sequence(tx)
    UsageWriter(registry.database, counter, seconds=AN_HOUR).write()
    with registry.database.read() as tx:
        assert changes.last_sequence(tx) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_is_written_when_nothing_was_counted(registry: Registry, use: FetchKey, database_url: str) -> None:
    counter = FetchCounter()
    writer = UsageWriter(registry.database, counter, seconds=AN_HOUR)
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as watch:

        def commits() -> object:
            return watch.execute("PRAGMA data_version").fetchone()

        before = commits()
        writer.write()
        assert commits() == before
        counter.count(use)
        writer.write()
        assert commits() != before


def test_more_than_a_batch_is_written_in_several(registry: Registry, use: FetchKey) -> None:
    counter = FetchCounter()
    for number in range(2 * BATCH + 1):
        counter.count(use._replace(label=f"label-{number}"))
    UsageWriter(registry.database, counter, seconds=AN_HOUR).write()
    assert written(registry) == 2 * BATCH + 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_written_is_told_in_a_line_and_kept(registry: Registry, use: FetchKey) -> None:
    counter = FetchCounter()
    for number in range(BATCH + 1):
        counter.count(use._replace(label=f"label-{number}"))
    unreachable = Database.open("postgresql://nobody@127.0.0.1:1/nothing")
    with capture_logs() as logs:
        UsageWriter(unreachable, counter, seconds=AN_HOUR).write()
    unreachable.close()
    assert [(line["event"], line["log_level"], line["given_up"]) for line in logs] == [("fetches not written", "warning", 0)]
    assert "connection refused" in logs[0]["reason"].lower()
    counter.count(use)
    UsageWriter(registry.database, counter, seconds=AN_HOUR).write()
    assert written(registry) == BATCH + 2


def test_a_defect_costs_its_batch_and_not_the_writer(registry: Registry, use: FetchKey, until: Until) -> None:
    counter = FetchCounter()
    writer = UsageWriter(registry.database, counter, seconds=0.01)
    counter.count(use._replace(label=None))  # type: ignore[arg-type]
    with capture_logs() as logs:
        writer.start()
        until(lambda: bool(logs))
    counter.count(use)
    writer.finish()
    assert [(line["event"], line["log_level"]) for line in logs] == [("fetches lost", "error")]
    assert written(registry) == 1
