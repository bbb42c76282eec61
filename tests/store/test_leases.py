"""Leases: one holder at a time, as far as the clock tells."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from wire import Clock

from promptuary.store import leases
from promptuary.store.engine.database import Database

LENGTH = timedelta(seconds=30)


@pytest.fixture
def database(database_url: str, clock: Clock) -> Iterator[Database]:
    database = Database.open(database_url, clock=clock)
    yield database
    database.close()


def take(database: Database, holder: str, name: str = "work") -> bool:
    with database.write() as tx:
        return leases.take_lease(tx, name, holder=holder, until=tx.clock() + LENGTH)


def is_taken(database: Database, holder: str) -> bool:
    with database.read() as tx:
        return leases.is_taken(tx, "work", by_other_than=holder)


def test_a_lease_has_one_holder_who_can_renew_it(database: Database, clock: Clock) -> None:
    assert not is_taken(database, "a")
    assert take(database, "a")
    clock.now += LENGTH / 2
    assert take(database, "a")
    clock.now += LENGTH / 2
    assert not take(database, "b")
    assert (is_taken(database, "a"), is_taken(database, "b")) == (False, True)
    assert take(database, "b", "other work")


def test_a_lease_that_has_expired_is_free(database: Database, clock: Clock) -> None:
    assert take(database, "a")
    clock.now += LENGTH
    assert not is_taken(database, "b")
    assert take(database, "b")
    assert not take(database, "a")


def test_a_released_lease_is_free_at_once_and_only_its_holder_releases_it(database: Database) -> None:
    assert take(database, "a")
    for holder, is_free in (("b", False), ("a", True)):
        with database.write() as tx:
            leases.release_lease(tx, "work", holder=holder)
        assert is_taken(database, "c") is not is_free
    assert take(database, "b")
