"""Hearing of committed changes: how a process that remembers things learns that they are no longer true.

Whoever remembers asks `has_news` before every use, which costs microseconds, and reads the change log when there is any. SQLite is
asked here, PostgreSQL is listened to in `listener`.
"""

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar, Protocol

from promptuary.model.changes import Change
from promptuary.model.errors import Unavailable
from promptuary.store import changes
from promptuary.store.changes import Mark
from promptuary.store.database import Database, Transaction

NEWS_LIMIT = 1000
"""Most changes that are read at once; behind more than that it is cheaper to forget everything."""


class Watch(Protocol):
    """What tells of changes: `note` first and `read_news` after it, so that a commit in between is heard twice, not missed.

    ``is_quick`` says that `read_news` does not wait for a network and may be called on an event loop.
    """

    is_quick: ClassVar[bool]

    def is_trustworthy(self) -> bool:
        """Tell whether news would be heard; while they would not, nothing remembered may be used."""

    def has_news(self) -> bool:
        """Tell whether somebody may have committed since the last `read_news`. Raises `Unavailable`."""

    def note(self) -> None:
        """Take note of all that was heard; call it before `read_news`, on the thread that calls `has_news`."""

    def read_news(self) -> list[Change] | None:
        """Return the changes since the last call, `None` when they cannot be told any more: forget everything.

        May run on another thread. Raises `Unavailable`.
        """

    def read(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction to read in on the watch's own connection, for one caller at a time. Raises `Unavailable`."""

    def close(self) -> None:
        """Stop watching."""


def open_watch(database: Database) -> Watch:
    """Start to watch a database from its present state on. Open it after a fork, never before. Raises `Unavailable`."""
    url = database.engine.url
    if url.drivername == "sqlite":
        return _SqliteWatch(database, str(url.database))
    # Servers on SQLite do without the driver of PostgreSQL, which takes megabytes and a tenth of a second to load.
    from promptuary.store.listener import open_listener  # noqa: PLC0415

    return open_listener(database, url)


class LogReader:
    """Reads the change log from where it stopped. Begins at its present end. Raises `Unavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.read() as tx:
            self._mark = changes.last_mark(tx)

    def read(self) -> list[Change] | None:
        """Return the changes since the last call, `None` when they cannot be told any more. Raises `Unavailable`."""
        with self._database.read() as tx:
            # The last entry that was read comes again. Where it is another one or gone, the log tells of another past.
            is_first_read = self._mark.at is None
            read = changes.list_changes(tx, after=self._mark.sequence - 1, limit=NEWS_LIMIT + 1)
            news = read if is_first_read else read[1:]
            is_known = not changes.is_gone(tx, self._mark) if is_first_read else _marks(read[:1]) == [self._mark]
            is_lost = not is_known or len(news) >= NEWS_LIMIT
            self._mark = changes.last_mark(tx) if is_lost else [self._mark, *_marks(news)][-1]
        return None if is_lost else news


def _marks(entries: list[Change]) -> list[Mark]:
    return [changes.mark_of(entry) for entry in entries]


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
        self._own = Database.open(database.engine.url.render_as_string(), pool_size=1, clock=database.clock)
        self._version = self._data_version()
        self._log = LogReader(self._own)

    def is_trustworthy(self) -> bool:
        return True

    def has_news(self) -> bool:
        return self._data_version() != self._version

    def note(self) -> None:
        self._version = self._data_version()

    def read_news(self) -> list[Change] | None:
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
