"""Watching a database for changes that any process has committed, so that a cache learns what is out of date.

`base` has the interface and the reading of the change log, `sqlite` and `postgresql` have one implementation each.
"""

from promptuary.store.engine.database import Database
from promptuary.store.watch.base import RETRY_SECONDS, LogCursor, ReadLog, Watch
from promptuary.store.watch.sqlite import open_sqlite_watch

__all__ = ["RETRY_SECONDS", "LogCursor", "ReadLog", "Watch", "open_watch"]


def open_watch(database: Database) -> Watch:
    """Start to watch a database from its present state on. Open it after a fork, never before. Raises `Unavailable`."""
    url = database.engine.url
    if url.drivername == "sqlite":
        return open_sqlite_watch(database, str(url.database))
    # Servers on SQLite do without the driver of PostgreSQL, which takes megabytes and a tenth of a second to load.
    from promptuary.store.watch.postgresql import open_listener  # noqa: PLC0415

    return open_listener(database, url)
