"""Changes committed to a SQLite database, noticed by its data version."""

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar

from promptuary.model.changes import Change
from promptuary.model.errors import Unavailable
from promptuary.store.engine.database import Database, Transaction
from promptuary.store.watch.base import WATCH_CONNECTIONS, LogReader, Watch


def open_sqlite_watch(database: Database, path: str) -> Watch:
    """Start to watch. Raises `Unavailable`."""
    return _SqliteWatch(database, path)


class _SqliteWatch:
    """SQLite tells each connection whether another one, of any process, has committed since it last asked."""

    is_quick: ClassVar[bool] = True

    def __init__(self, database: Database, path: str) -> None:
        try:
            self._connection = sqlite3.connect(
                f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise Unavailable(reason=str(error)) from error
        self._cursor = self._connection.cursor()
        # The log is read on an event loop, which must never wait for one of the connections that requests use up.
        self._own = Database.open(database.engine.url.render_as_string(), pool_size=WATCH_CONNECTIONS, clock=database.clock)
        self._version = self._data_version()
        self._log = LogReader(self._own)

    def is_trustworthy(self) -> bool:
        return True

    def has_changes(self) -> bool:
        return self._data_version() != self._version

    def mark(self) -> None:
        self._version = self._data_version()

    def read_changes(self) -> list[Change] | None:
        return self._log.read()

    def read(self) -> AbstractContextManager[Transaction]:
        return self._own.read()

    def close(self) -> None:
        self._connection.close()
        self._own.close()

    def _data_version(self) -> int:
        try:
            version: int = self._cursor.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise Unavailable(reason=str(error)) from error
        return version
