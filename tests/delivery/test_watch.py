"""Watching the change log: what was committed is heard, also over a connection that was cut."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest
from builders import Registry, make_prompt
from sqlalchemy import delete, insert

from promptuary.model.errors import NameTaken
from promptuary.store import changes
from promptuary.store.engine.database import Database, Transaction
from promptuary.store.tables import changes as log
from promptuary.store.watch import Watch, open_watch
from promptuary.store.watch.base import CHANGES_LIMIT

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def watch(registry: Registry, until: Until) -> Iterator[Watch]:
    opened = open_watch(registry.database)
    until(opened.is_trustworthy)
    opened.mark()
    opened.read_changes()
    yield opened
    opened.close()


def read(watch: Watch) -> list[str] | None:
    watch.mark()
    news = watch.read_changes()
    return None if news is None else [change.kind.value for change in news]


def test_nothing_is_heard_while_nothing_is_written(watch: Watch) -> None:
    assert not watch.has_changes()


def test_what_another_process_commits_is_heard_and_read(watch: Watch, registry: Registry, database_url: str, until: Until) -> None:
    other = Database.open(database_url)
    with other.write() as tx:
        make_prompt(tx, registry.actor, versions=2)
    until(watch.has_changes)
    assert read(watch) == ["prompt.created", "prompt.published"]
    assert not watch.has_changes()
    other.close()


def make_twins(tx: Transaction, registry: Registry) -> None:
    make_prompt(tx, registry.actor)
    make_prompt(tx, registry.actor)


def test_what_is_rolled_back_is_not_read(watch: Watch, registry: Registry) -> None:
    with pytest.raises(NameTaken), registry.database.write() as tx:
        make_twins(tx, registry)
    assert read(watch) == []


def test_a_reader_that_fell_behind_a_trimmed_log_is_told_to_forget_everything(watch: Watch, registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, versions=3)
        changes.trim_changes(tx, before=tx.clock() + timedelta(days=1))
    assert read(watch) is None
    assert read(watch) == []


def test_a_reader_that_is_far_behind_is_told_to_forget_everything(watch: Watch, registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        more = {"kind": "database.restored", "at": tx.clock()}
        tx.connection.execute(insert(log), [more] * (CHANGES_LIMIT - 1))
    assert read(watch) is None


@pytest.mark.parametrize("other_entries", [0, 1, 2, 3])
def test_a_reader_of_entries_that_were_lost_in_a_failover_is_told_to_forget_everything(
    watch: Watch, registry: Registry, other_entries: int
) -> None:
    """The server that takes over lacks them, and gives their sequences again."""
    with registry.database.write() as tx:
        before = changes.last_sequence(tx)
        make_prompt(tx, registry.actor, versions=2)
        lost = changes.list_changes(tx, after=before, limit=2)
    assert read(watch) == ["prompt.created", "prompt.published"]
    with registry.database.write() as tx:
        tx.connection.execute(delete(log).where(log.c.sequence > before))
        moment = tx.clock()
        for number in range(other_entries):
            other = insert(log).values(sequence=lost[0].sequence + number, kind="database.restored", at=moment)
            tx.connection.execute(other)
    assert read(watch) is None
    assert read(watch) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_cut_connection_is_not_trusted_until_it_is_back_and_the_log_is_read(
    watch: Watch, registry: Registry, database_url: str, until: Until
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query = 'SELECT 1' AND pid <> pg_backend_pid()"
        )
    until(lambda: not watch.is_trustworthy())
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
    until(watch.is_trustworthy)
    assert watch.has_changes()
    assert read(watch) == ["prompt.created"]
