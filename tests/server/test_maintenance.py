from datetime import UTC, datetime

from builders import make_registry

from promptuary.maintenance import trim_change_log
from promptuary.store import changes
from promptuary.store.database import Database

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_old_entries_of_the_change_log_go_and_young_ones_stay(database_url: str) -> None:
    moments = [LONG_AGO]
    database = Database.open(database_url, clock=lambda: moments[-1])
    make_registry(database)
    with database.read() as tx:
        old = changes.last_sequence(tx)
    moments.append(NOW)
    make_registry(database)
    assert trim_change_log(database, days=400) == old
    assert trim_change_log(database, days=400) == 0
    with database.read() as tx:
        kept = changes.list_changes(tx, limit=100)
    assert kept
    assert {change.at for change in kept} == {NOW}
    database.close()


def test_the_newest_entry_stays_however_old_it_is(database_url: str) -> None:
    moments = [LONG_AGO]
    database = Database.open(database_url, clock=lambda: moments[-1])
    make_registry(database)
    moments.append(NOW)
    trim_change_log(database, days=400)
    with database.read() as tx:
        assert [change.sequence for change in changes.list_changes(tx, limit=100)] == [changes.last_sequence(tx)]
    database.close()
