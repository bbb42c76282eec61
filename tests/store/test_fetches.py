"""Counted fetches: they add up, whoever writes them in whatever order."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from builders import Registry, make_key, make_prompt
from sqlalchemy import select, text

from promptuary.model.prompts import Prompt
from promptuary.model.usage import MAX_SHOWN, DayUsage, FetchCount, FetchKey, LabelUsage
from promptuary.registry.operator import keys
from promptuary.registry.prompts import fetch_prompt
from promptuary.store import backup, fetches, prompts
from promptuary.store.engine.database import Database, Transaction
from promptuary.store.tables import fetches as rows

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = NOON.date()
DAYS = (date(2026, 1, 1), date(2026, 12, 31))


def fetched(version_id: str, *, count: int = 1, label: str = "", key_id: str = "", at: datetime = NOON) -> FetchCount:
    return FetchCount(at.date(), FetchKey(version_id, key_id, label), count, at)


def prompt_of(tx: Transaction, registry: Registry) -> Prompt:
    prompt = prompts.find_prompt(tx, project_id=registry.project.id, name="greeting")
    assert prompt
    return prompt


def test_fetches_of_one_use_and_day_add_up_and_the_latest_moment_stays(registry: Registry) -> None:
    with registry.database.write() as tx:
        version_id = make_prompt(tx, registry.actor).id
        fetches.add_fetch_counts(tx, [fetched(version_id, count=2, at=NOON)])
        fetches.add_fetch_counts(tx, [fetched(version_id, count=3, at=NOON + timedelta(hours=1))])
        fetches.add_fetch_counts(tx, [fetched(version_id, count=2**40, at=NOON - timedelta(hours=1))])
    with registry.database.read() as tx:
        [usage] = fetches.list_usage(tx, prompt_of(tx, registry), DAYS, version=None, limit=10, offset=0)
        assert fetches.list_last_fetches(tx, [version_id, "other"]) == {version_id: NOON + timedelta(hours=1)}
    assert (usage.fetches, usage.last_fetched_at) == (5 + 2**40, NOON + timedelta(hours=1))
    assert usage.days == (DayUsage(DAY, 5 + 2**40),)


def test_no_fetches_are_no_statement(database: Database) -> None:
    with database.write() as tx:
        fetches.add_fetch_counts(tx, [])
        assert tx.connection.execute(select(rows)).all() == []


def test_usage_is_told_by_label_key_and_day(registry: Registry) -> None:
    with registry.database.write() as tx:
        third = make_prompt(tx, registry.actor, versions=3).id
        first = fetch_prompt(tx, registry.actor, "greeting", version=1).id
        known = make_key(tx, registry.user).key
        keys.revoke_key(tx, known.id)
        tomorrow = NOON + timedelta(days=1)
        fetches.add_fetch_counts(
            tx,
            [
                fetched(third, label="production", key_id=known.id, count=5),
                fetched(third, label="production", key_id="gone", count=7, at=tomorrow),
                fetched(third, count=7),
                fetched(first, count=1, at=tomorrow),
            ],
        )
    with registry.database.read() as tx:
        prompt = prompt_of(tx, registry)
        page = fetches.list_usage(tx, prompt, DAYS, version=None, limit=10, offset=0)
        assert fetches.count_fetches(tx, prompt, DAYS, version=None) == 20
        assert fetches.count_fetches(tx, prompt, (DAY, DAY), version=3) == 12
        assert fetches.count_fetches(tx, prompt, (date(2025, 1, 1), date(2025, 12, 31)), version=None) == 0
    assert [(usage.version, usage.fetches) for usage in page] == [(3, 19), (1, 1)]
    newest = page[0]
    assert newest.labels == (LabelUsage("production", 12), LabelUsage(None, 7))
    assert newest.days == (DayUsage(DAY, 12), DayUsage(tomorrow.date(), 7))
    assert [(key.key_id, key.label, key.mask, key.fetches) for key in newest.keys] == [
        (None, None, None, 7),
        ("gone", None, None, 7),
        (known.id, "test", known.mask, 5),
    ]
    assert newest.keys[2].revoked_at is not None
    assert newest.keys[2].user is not None
    assert newest.keys[2].user.email == registry.user.email
    assert (newest.label_count, newest.key_count) == (2, 3)


def test_only_the_most_used_labels_and_keys_are_listed_and_all_are_counted(registry: Registry) -> None:
    with registry.database.write() as tx:
        version_id = make_prompt(tx, registry.actor).id
        used = [fetched(version_id, label=f"label-{number:03}", key_id=f"key-{number:03}", count=2) for number in range(MAX_SHOWN)]
        used += [fetched(version_id, label="z", key_id="z", count=3), fetched(version_id, label="a", key_id="a", count=1)]
        fetches.add_fetch_counts(tx, used)
    with registry.database.read() as tx:
        [usage] = fetches.list_usage(tx, prompt_of(tx, registry), DAYS, version=None, limit=10, offset=0)
    numbers = range(MAX_SHOWN - 1)
    assert [label.label for label in usage.labels] == ["z", *(f"label-{number:03}" for number in numbers)]
    assert [key.key_id for key in usage.keys] == ["z", *(f"key-{number:03}" for number in numbers)]
    assert (usage.label_count, usage.key_count) == (MAX_SHOWN + 2, MAX_SHOWN + 2)


def test_writers_that_count_the_same_uses_in_another_order_do_not_lock_each_other_out(
    registry: Registry, database_url: str
) -> None:
    with registry.database.write() as tx:
        version_id = make_prompt(tx, registry.actor).id
    fetch_counts = [fetched(f"other-{number % 7}", label=f"label-{number}") for number in range(200)] + [fetched(version_id)]

    def write(number: int) -> None:
        database = Database.open(database_url)
        for _ in range(10):
            with database.write() as tx:
                fetches.add_fetch_counts(tx, fetch_counts if number % 2 else fetch_counts[::-1])
        database.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(4))) == [None] * 4
    with registry.database.read() as tx:
        assert fetches.count_fetches(tx, prompt_of(tx, registry), DAYS, version=None) == 40


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whoever_has_locked_the_counts_meets_no_row_that_others_count_meanwhile(
    database: Database, until: Callable[[Callable[[], bool]], None]
) -> None:
    def count() -> None:
        with database.write() as tx:
            fetches.add_fetch_counts(tx, [fetched("one")])

    with ThreadPoolExecutor(1) as pool:
        with database.write() as tx:
            fetches.lock_fetches(tx)
            counting = pool.submit(count)
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            until(lambda: counting.done() or tx.connection.execute(waiting).scalar_one() > 0)
            counted = {"version_id": "one", "day": DAY, "key_id": "", "label": "", "count": 1, "last_fetched_at": NOON}
            tx.connection.execute(rows.insert(), counted)
        counting.result()
    with database.read() as tx:
        assert tx.connection.execute(select(rows.c["count"])).scalar_one() == 2


def test_old_days_are_trimmed_and_when_a_version_was_used_last_stays(registry: Registry) -> None:
    with registry.database.write() as tx:
        version_id = make_prompt(tx, registry.actor).id
        for days in (0, 1, 2):
            fetches.add_fetch_counts(tx, [fetched(version_id, at=NOON - timedelta(days=days))])
        assert fetches.trim_fetches(tx, before=DAY) == 2
        assert fetches.trim_fetches(tx, before=DAY) == 0
        assert fetches.trim_fetches(tx, before=DAY + timedelta(days=1)) == 1
        assert fetches.list_last_fetches(tx, [version_id]) == {version_id: NOON}


def test_fetches_of_a_version_that_a_restore_took_away_are_counted_without_complaint(registry: Registry, tmp_path: Path) -> None:
    backup.write_backup(registry.database, tmp_path / "backup.db")
    with registry.database.write() as tx:
        version_id = make_prompt(tx, registry.actor).id
        fetches.add_fetch_counts(tx, [fetched(version_id)])
    backup.restore_backup(registry.database, tmp_path / "backup.db", replace=True)
    with registry.database.write() as tx:
        assert tx.connection.execute(select(rows)).all() == []
        make_prompt(tx, registry.actor)
        fetches.add_fetch_counts(tx, [fetched(version_id)])
        assert fetches.count_fetches(tx, prompt_of(tx, registry), DAYS, version=None) == 0
