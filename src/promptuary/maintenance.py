"""What a worker does from time to time, beside answering requests."""

import threading
from datetime import timedelta

import structlog

from promptuary.model.errors import Refusal
from promptuary.store import changes
from promptuary.store.database import Database

INTERVAL_SECONDS = 3600.0

logger = structlog.stdlib.get_logger("promptuary.maintenance")


def trim_change_log(database: Database, *, days: int) -> int:
    """Delete entries of the change log that are older than ``days``; return how many. Raises `Unavailable`."""
    with database.write() as tx:
        return changes.trim_changes(tx, before=tx.clock() - timedelta(days=days))


def start_maintenance(database: Database, *, change_log_days: int) -> None:
    """Trim the change log now and every hour, in a thread that ends with the process. Several workers may do so at once."""

    def maintain() -> None:
        pause = threading.Event()
        while True:
            try:
                trim_change_log(database, days=change_log_days)
            except Refusal as refusal:
                logger.warning("change log not trimmed", reason=str(refusal))
            pause.wait(INTERVAL_SECONDS)

    threading.Thread(target=maintain, name="promptuary-maintenance", daemon=True).start()
