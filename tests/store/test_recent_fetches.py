"""Sums of the recent days: at any time what a look at all counts finds, whoever counted when."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import Registry, make_prompt, make_registry
from sqlalchemy import select

from promptuary.background.maintenance import renew_recent_fetches, trim_usage
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import usage
from promptuary.store import backup, recent_fetches
from promptuary.store.engine.database import Database
from promptuary.store.tables import recent_fetches as rows

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Days:
    """A clock that tests set, day by day."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def days() -> Days:
    return Days()


@pytest.fixture
def timed(database_url: str, days: Days) -> Iterator[Registry]:
    database = Database.open(database_url, clock=days)
    yield make_registry(database)
    database.close()


def make_prompts(registry: Registry, *names: str) -> dict[str, str]:
    """Make prompts; return the id of the version of each."""
    with registry.database.write() as tx:
        return {name: make_prompt(tx, registry.actor, name=name).id for name in names}


def count(registry: Registry, version_id: str, number: int, *, days_ago: int = 0) -> None:
    with registry.database.write() as tx:
        at = tx.clock() - timedelta(days=days_ago)
        usage.record_fetches(tx, [FetchCount(at.date(), FetchKey(version_id, "", ""), number, at)])


def totals(registry: Registry) -> list[int]:
    with registry.database.read() as tx:
        return sorted(tx.connection.execute(select(recent_fetches.recent_totals(tx, registry.project.id).c.total)).scalars())


def test_fetches_of_all_versions_of_a_prompt_add_up(timed: Registry) -> None:
    with timed.database.write() as tx:
        newest = make_prompt(tx, timed.actor, name="a", versions=2).id
    other = make_prompts(timed, "b")["b"]
    with timed.database.write() as tx:
        at = tx.clock()
        first = FetchKey(newest, "key", "production")
        recorded = [FetchCount(at.date(), first, 2, at), FetchCount(at.date(), FetchKey(newest, "", ""), 3, at)]
        usage.record_fetches(tx, [*recorded, FetchCount(at.date(), FetchKey(other, "", ""), 2**40, at)])
    count(timed, newest, 10, days_ago=6)
    assert totals(timed) == [15, 2**40]


def test_what_is_not_of_the_recent_days_or_of_no_prompt_does_not_count(timed: Registry) -> None:
    version_id = make_prompts(timed, "a")["a"]
    count(timed, version_id, 5, days_ago=7)
    count(timed, "gone", 5)
    assert totals(timed) == []
    count(timed, version_id, 1, days_ago=6)
    assert totals(timed) == [1]


def test_sums_are_right_on_a_new_day_before_anybody_counts_and_after(timed: Registry, days: Days) -> None:
    known = make_prompts(timed, "a", "b", "c")
    count(timed, known["a"], 1, days_ago=6)
    count(timed, known["a"], 20)
    count(timed, known["b"], 300)
    count(timed, known["c"], 4000, days_ago=6)
    assert totals(timed) == [21, 300, 4000]
    days.now += timedelta(days=1)
    assert totals(timed) == [20, 300]
    count(timed, known["a"], 1)
    assert totals(timed) == [21, 300]
    days.now += timedelta(days=6)
    assert totals(timed) == [1]


def test_a_server_whose_clock_is_a_day_behind_leaves_sums_right(timed: Registry, days: Days) -> None:
    version_id = make_prompts(timed, "a")["a"]
    count(timed, version_id, 1, days_ago=6)
    days.now += timedelta(days=1)
    count(timed, version_id, 20)
    days.now -= timedelta(days=1)
    count(timed, version_id, 300)
    assert totals(timed) == [301]
    days.now += timedelta(days=1)
    assert totals(timed) == [320]


def test_all_are_added_up_anew_once_a_day(timed: Registry, days: Days) -> None:
    known = make_prompts(timed, "a", "b")
    count(timed, known["a"], 2)
    count(timed, known["b"], 1, days_ago=6)
    assert renew_recent_fetches(timed.database) is False
    days.now += timedelta(days=1)
    assert renew_recent_fetches(timed.database) is True
    assert renew_recent_fetches(timed.database) is False
    with timed.database.read() as tx:
        assert [row.total for row in tx.connection.execute(select(rows))] == [2]


def test_what_is_trimmed_of_the_recent_days_is_no_part_of_the_sum(timed: Registry) -> None:
    version_id = make_prompts(timed, "a")["a"]
    count(timed, version_id, 1, days_ago=5)
    count(timed, version_id, 20)
    trim_usage(timed.database, days=2)
    assert totals(timed) == [20]


def test_sums_come_back_with_a_backup(timed: Registry, tmp_path: Path) -> None:
    count(timed, make_prompts(timed, "a")["a"], 7)
    backup.write_backup(timed.database, tmp_path / "backup.db")
    backup.restore_backup(timed.database, tmp_path / "backup.db", replace=True)
    # The backup is read by a clock of its own, so the days may be others; whoever lists takes the sum anew.
    assert totals(timed) == [7]
