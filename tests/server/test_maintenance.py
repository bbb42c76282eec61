from datetime import UTC, datetime, timedelta
from functools import partial

from browsing import LIMITS
from builders import make_registry
from sqlalchemy import text
from structlog.testing import capture_logs

from promptuary.background.maintenance import create_maintenance, delete_expired_sessions, trim_change_log, trim_usage
from promptuary.metrics import layout
from promptuary.metrics.segment import open_segment
from promptuary.model.accounts import Browser
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry.sessions import begin_session
from promptuary.registry.usage import record_fetches
from promptuary.store import changes
from promptuary.store.engine.database import Database

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


def test_old_counts_of_fetches_go_and_those_of_the_last_days_stay(database_url: str) -> None:
    database = Database.open(database_url, clock=lambda: NOW)
    use = FetchKey("version", "key", "production")
    with database.write() as tx:
        for days in (0, 399, 400, 401, 2000):
            moment = NOW - timedelta(days=days)
            record_fetches(tx, [FetchCount(moment.date(), use, 1, moment)])
    assert trim_usage(database, days=400) == 2
    assert trim_usage(database, days=400) == 0
    database.close()


def test_sessions_that_have_ended_go(database_url: str) -> None:
    moments = [LONG_AGO]
    database = Database.open(database_url, clock=lambda: moments[-1])
    registry = make_registry(database)
    with database.write() as tx:
        begin_session(tx, registry.user.id, limits=LIMITS, browser=Browser())
    assert delete_expired_sessions(database, limits=LIMITS) == 0
    moments.append(NOW)
    assert delete_expired_sessions(database, limits=LIMITS) == 1
    database.close()


def test_a_step_that_fails_is_logged_and_counted_and_the_others_are_done_and_so_it_is_an_hour_later(database_url: str) -> None:
    moments = [LONG_AGO]
    database = Database.open(database_url, clock=lambda: moments[-1])
    registry = make_registry(database)
    with database.write() as tx:
        begin_session(tx, registry.user.id, limits=LIMITS, browser=Browser())
    moments.append(NOW)
    failed: list[str] = []
    maintenance = create_maintenance(
        database, change_log_days=400, usage_days=400, session_limits=LIMITS, note_failure=failed.append
    )
    with database.write() as tx:
        tx.connection.execute(text("ALTER TABLE fetches RENAME TO elsewhere"))
    with capture_logs() as logs:
        maintenance.run()
    assert [(line["event"], line["step"]) for line in logs] == [("maintenance failed", step) for step in failed]
    assert "trim_usage" in failed
    assert delete_expired_sessions(database, limits=LIMITS) == 0
    assert trim_change_log(database, days=400) == 0
    with database.write() as tx:
        tx.connection.execute(text("ALTER TABLE elsewhere RENAME TO fetches"))
    failed.clear()
    maintenance.run()
    assert failed == []
    database.close()


def test_every_step_of_maintenance_has_a_place_among_the_metrics(database: Database) -> None:
    page = open_segment(None)
    note_failure = partial(page.count, layout.BACKGROUND_FAILURES)
    maintenance = create_maintenance(
        database, change_log_days=400, usage_days=400, session_limits=LIMITS, note_failure=note_failure
    )
    assert set(maintenance.steps) <= set(layout.STEPS)
    for step in maintenance.steps:
        maintenance.note_failure(step)
    assert [page.numbers[layout.place_of(layout.BACKGROUND_FAILURES, step)] for step in maintenance.steps] == [1.0] * 5
