"""Hearing of committed changes: how a process that remembers things learns that they are no longer true.

Whoever remembers asks `has_news` before every use, which costs microseconds, and reads the change log when there is any. Beside
`dialect` this is the other place that knows which database it talks to.
"""

import select
import sqlite3
import threading
import time
from pathlib import Path
from typing import Protocol

import psycopg
import structlog
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL

from promptuary.model.changes import Change
from promptuary.store import changes
from promptuary.store.database import Database
from promptuary.store.dialect import CHANNEL, CONNECT_TIMEOUT_SECONDS

NEWS_LIMIT = 1000
"""Most changes that are read at once; behind more than that it is cheaper to forget everything."""

TRUST_SECONDS = 2.0
"""How long the listener is trusted without a sign of life from PostgreSQL: the longest that a cut network can go unnoticed."""

_HEARTBEAT_SECONDS = 0.5
_RECONNECT_SECONDS = 0.5

logger = structlog.stdlib.get_logger("promptuary.watch")


class Watch(Protocol):
    """What tells of changes: `note` first and `read_news` after it, so that a commit in between is heard twice, not missed."""

    def is_trustworthy(self) -> bool:
        """Tell whether news would be heard; while they would not, nothing remembered may be used."""

    def has_news(self) -> bool:
        """Tell whether somebody may have committed since the last `read_news`."""

    def note(self) -> None:
        """Take note of all that was heard; call it before `read_news`, on the thread that calls `has_news`."""

    def read_news(self) -> list[Change] | None:
        """Return the changes since the last call, `None` when they cannot be told any more: forget everything.

        May take milliseconds; may run on another thread. Raises `Unavailable`.
        """

    def close(self) -> None:
        """Stop watching."""


def open_watch(database: Database) -> Watch:
    """Start to watch a database from its present state on. Open it after a fork, never before. Raises `Unavailable`."""
    url = database.engine.url
    return _SqliteWatch(database, str(url.database)) if url.drivername == "sqlite" else _PostgresWatch(database, url)


class _LogReader:
    """Reads the change log from where it stopped."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.read() as tx:
            self._sequence = changes.last_sequence(tx)

    def read(self) -> list[Change] | None:
        with self._database.read() as tx:
            news = changes.list_changes(tx, after=self._sequence, limit=NEWS_LIMIT)
            is_lost = len(news) == NEWS_LIMIT or changes.is_trimmed_behind(tx, self._sequence)
            self._sequence = changes.last_sequence(tx) if is_lost else max([self._sequence, *(new.sequence for new in news)])
        return None if is_lost else news


class _SqliteWatch:
    """SQLite tells each connection whether another one, of any process, has committed since it last asked."""

    def __init__(self, database: Database, path: str) -> None:
        self._connection = sqlite3.connect(
            f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        self._cursor = self._connection.cursor()
        self._version = self._data_version()
        self._log = _LogReader(database)

    def is_trustworthy(self) -> bool:
        return True

    def has_news(self) -> bool:
        return self._data_version() != self._version

    def note(self) -> None:
        self._version = self._data_version()

    def read_news(self) -> list[Change] | None:
        return self._log.read()

    def close(self) -> None:
        self._connection.close()

    def _data_version(self) -> int:
        version: int = self._cursor.execute("PRAGMA data_version").fetchone()[0]
        return version


class _PostgresWatch:
    """A thread listens for the notice that comes with every commit. Without its connection nothing is trusted."""

    def __init__(self, database: Database, url: URL) -> None:
        self._log = _LogReader(database)
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._heard = 0
        self._noted = 0
        self._trusted_until = 0.0
        self._is_closed = threading.Event()
        threading.Thread(target=self._listen, name="promptuary-watch", daemon=True).start()

    def is_trustworthy(self) -> bool:
        return time.monotonic() < self._trusted_until

    def has_news(self) -> bool:
        return self._heard != self._noted

    def note(self) -> None:
        self._noted = self._heard

    def read_news(self) -> list[Change] | None:
        return self._log.read()

    def close(self) -> None:
        # The thread sees it within a heartbeat; waiting for it could take a connection's time-out.
        self._is_closed.set()

    def _listen(self) -> None:
        while not self._is_closed.is_set():
            try:
                self._listen_while_connected()
            except psycopg.Error as error:
                self._trusted_until = 0.0
                logger.warning("not listening for changes", reason=str(error).strip())
                self._is_closed.wait(_RECONNECT_SECONDS)

    def _listen_while_connected(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
            connection.add_notify_handler(self._hear)
            connection.execute(SQL("LISTEN {}").format(Identifier(CHANNEL)))
            # What was committed while nobody listened is in the log, so look before trusting again.
            self._heard += 1
            while not self._is_closed.is_set():
                asked_at = time.monotonic()
                # The answer brings the notices that came before it.
                connection.execute("SELECT 1")
                self._trusted_until = asked_at + TRUST_SECONDS
                select.select([connection], [], [], _HEARTBEAT_SECONDS)

    def _hear(self, _notice: psycopg.Notify) -> None:
        self._heard += 1
