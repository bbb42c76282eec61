"""What a worker does from time to time, beside answering requests."""

import threading
import time
from datetime import timedelta

import structlog

from promptuary.model.accounts import SessionLimits
from promptuary.model.errors import Refusal
from promptuary.registry import sessions
from promptuary.store import changes, fetches, recent_fetches, word_index
from promptuary.store.database import Database

INTERVAL_SECONDS = 3600.0

_PAUSE_SECONDS = 0.02

logger = structlog.stdlib.get_logger("promptuary.maintenance")


def trim_change_log(database: Database, *, days: int) -> int:
    """Delete entries of the change log that are older than ``days``; return how many. Raises `Unavailable`."""
    with database.write() as tx:
        return changes.trim_changes(tx, before=tx.clock() - timedelta(days=days))


def trim_usage(database: Database, *, days: int) -> int:
    """Delete counts of fetches that are older than ``days``; return how many. Raises `Unavailable`."""
    with database.write() as tx:
        return fetches.trim_fetches(tx, before=(tx.clock() - timedelta(days=days)).date())


def renew_recent_fetches(database: Database) -> bool:
    """Add up the fetches of the recent days anew on a new day; return whether that was to be done. Raises `Unavailable`."""
    with database.read() as tx:
        if recent_fetches.are_current(tx):
            return False
    with database.write() as tx:
        recent_fetches.rebuild(tx)
    return True


def delete_expired_sessions(database: Database, *, limits: SessionLimits) -> int:
    """Delete sessions and one-time links that have ended; return how many. Raises `Unavailable`."""
    with database.write() as tx:
        return sessions.delete_expired(tx, limits=limits)


def tidy_search(database: Database) -> bool:
    """Merge what writers have added to the index of words, where that is much; return whether it was. Raises `Unavailable`.

    Other writers have their turns between the steps.
    """
    with database.read() as tx:
        if not word_index.is_scattered(tx.connection):
            return False
    is_first, is_done = True, False
    while not is_done:
        with database.write() as tx:
            is_done = not word_index.merge_some(tx.connection, is_first=is_first)
        is_first = False
        time.sleep(_PAUSE_SECONDS)
    return True


def start_maintenance(database: Database, *, change_log_days: int, usage_days: int, session_limits: SessionLimits) -> None:
    """Trim and tidy up, now and every hour, in a thread that ends with the process. Several workers may do so at once."""

    def maintain() -> None:
        pause = threading.Event()
        while True:
            try:
                trim_change_log(database, days=change_log_days)
                trim_usage(database, days=usage_days)
                renew_recent_fetches(database)
                delete_expired_sessions(database, limits=session_limits)
                tidy_search(database)
            except Refusal as refusal:
                logger.warning("old entries not deleted", reason=refusal.for_log)
            pause.wait(INTERVAL_SECONDS)

    threading.Thread(target=maintain, name="promptuary-maintenance", daemon=True).start()
