"""Periodic background work of a worker."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog

from promptuary.model.accounts import SessionLimits
from promptuary.model.errors import RegistryError
from promptuary.registry import sessions, webhook_queue
from promptuary.store import fetches, recent_fetches
from promptuary.store.engine.database import Database

INTERVAL_SECONDS = 3600.0

logger = structlog.stdlib.get_logger("promptuary.maintenance")


def trim_change_log(database: Database, *, days: int) -> int:
    """Delete entries of the change log that are older than ``days``; return how many. Raises `Unavailable`.

    What webhooks have not got yet stays for some days more.
    """
    with database.write() as tx:
        return webhook_queue.trim_change_log(tx, before=tx.clock() - timedelta(days=days))


def trim_usage(database: Database, *, days: int) -> int:
    """Delete counts of fetches that are older than ``days``; return how many. Raises `Unavailable`."""
    with database.write() as tx:
        return fetches.trim_fetches(tx, before=(tx.clock() - timedelta(days=days)).date())


def trim_deliveries(database: Database) -> None:
    """Delete old deliveries of webhooks. Raises `Unavailable`."""
    with database.read() as tx:
        if not webhook_queue.has_deliveries(tx):
            return
    with database.write() as tx:
        webhook_queue.trim_deliveries(tx)


def renew_recent_fetches(database: Database) -> bool:
    """Compute the sums of recent fetches again on a new day; return `True` if it was due. Raises `Unavailable`."""
    with database.read() as tx:
        if recent_fetches.are_current(tx):
            return False
    with database.write() as tx:
        recent_fetches.rebuild(tx)
    return True


def delete_expired_sessions(database: Database, *, limits: SessionLimits) -> int:
    """Delete sessions, one-time links and logins of devices that have ended; return how many. Raises `Unavailable`."""
    with database.write() as tx:
        return sessions.delete_expired(tx, limits=limits)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Steps by their names, each of which is tried by itself. ``note_failure`` is called with the name of a step that failed."""

    steps: Mapping[str, Callable[[], object]]
    note_failure: Callable[[str], None]

    def run(self) -> None:
        """Run every step once. A failure is logged and noted, and does not keep the next step from running."""
        for name, step in self.steps.items():
            try:
                step()
            except RegistryError as error:
                logger.warning("maintenance failed", step=name, reason=error.for_log)
                self.note_failure(name)
            except Exception:
                # A defect, or data that is not as it should be. The other steps and the next hour are not to depend on it.
                logger.exception("maintenance failed", step=name)
                self.note_failure(name)


def create_maintenance(
    database: Database,
    *,
    change_log_days: int,
    usage_days: int,
    session_limits: SessionLimits,
    note_failure: Callable[[str], None] = lambda _step: None,
) -> Maintenance:
    """Return what a worker trims and tidies up on a database."""
    steps: dict[str, Callable[[], object]] = {
        "trim_change_log": partial(trim_change_log, database, days=change_log_days),
        "trim_usage": partial(trim_usage, database, days=usage_days),
        "trim_deliveries": partial(trim_deliveries, database),
        "add_up_fetches": partial(renew_recent_fetches, database),
        "delete_sessions": partial(delete_expired_sessions, database, limits=session_limits),
    }
    return Maintenance(steps, note_failure)


def start_maintenance(maintenance: Maintenance) -> None:
    """Trim and tidy up, now and every hour, in a thread that ends with the process. Several workers may do so at once."""

    def maintain() -> None:
        pause = threading.Event()
        while True:
            maintenance.run()
            pause.wait(INTERVAL_SECONDS)

    threading.Thread(target=maintain, name="promptuary-maintenance", daemon=True).start()
