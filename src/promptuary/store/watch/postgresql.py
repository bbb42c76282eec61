"""Notification of commits by PostgreSQL: a thread listens for the notification of each commit."""

import select
import threading
import time
from contextlib import AbstractContextManager
from typing import ClassVar

import psycopg
import structlog
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL

from promptuary.model.changes import Change
from promptuary.store.engine.database import Database, Transaction
from promptuary.store.engine.dialect import CHANNEL, CONNECT_TIMEOUT_SECONDS, connection_text
from promptuary.store.watch.base import WATCH_CONNECTIONS, LogReader, Watch

TRUST_SECONDS = 2.0
"""Maximum time without a sign of life from PostgreSQL, after which the connection counts as lost."""

_HEARTBEAT_SECONDS = 0.5
_RECONNECT_SECONDS = 0.5

logger = structlog.stdlib.get_logger("promptuary.watch")


def open_listener(database: Database, url: URL) -> Watch:
    """Start to listen. Raises `Unavailable`."""
    return _Listener(database, url)


class _Listener:
    """A thread listens for the notice that comes with every commit. Without its connection nothing is trusted."""

    is_quick: ClassVar[bool] = False

    def __init__(self, database: Database, url: URL) -> None:
        self._conninfo = connection_text(url)
        # Not one of the connections that requests use up: memory has to serve on while they do.
        self._own = Database.open(url.render_as_string(hide_password=False), pool_size=WATCH_CONNECTIONS, clock=database.clock)
        self._log = LogReader(self._own)
        self._notices = 0
        self._marked = 0
        self._trusted_until = 0.0
        self._is_closed = threading.Event()
        threading.Thread(target=self._listen, name="promptuary-watch", daemon=True).start()

    def is_trustworthy(self) -> bool:
        return time.monotonic() < self._trusted_until

    def has_changes(self) -> bool:
        return self._notices != self._marked

    def mark(self) -> None:
        self._marked = self._notices

    def read_changes(self) -> list[Change] | None:
        return self._log.read()

    def read(self) -> AbstractContextManager[Transaction]:
        return self._own.read()

    def close(self) -> None:
        # The thread sees it within a heartbeat; waiting for it could take a connection's time-out.
        self._is_closed.set()
        self._own.close()

    def _listen(self) -> None:
        while not self._is_closed.is_set():
            try:
                self._listen_while_connected()
            except psycopg.Error as error:
                self._trusted_until = 0.0
                logger.warning("not listening for changes", reason=str(error).strip())
                self._is_closed.wait(_RECONNECT_SECONDS)
            except Exception:
                # Without this thread nothing would be trusted ever again.
                self._trusted_until = 0.0
                logger.exception("not listening for changes")
                self._is_closed.wait(_RECONNECT_SECONDS)

    def _listen_while_connected(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
            connection.add_notify_handler(self._on_notice)
            connection.execute(SQL("LISTEN {}").format(Identifier(CHANNEL)))
            # Commits without a listener are in the log, so read it first.
            self._notices += 1
            socket = select.poll()
            socket.register(connection, select.POLLIN)
            while not self._is_closed.is_set():
                asked_at = time.monotonic()
                # The answer brings the notices that came before it.
                connection.execute("SELECT 1")
                self._trusted_until = asked_at + TRUST_SECONDS
                socket.poll(_HEARTBEAT_SECONDS * 1000)

    def _on_notice(self, _notice: psycopg.Notify) -> None:
        self._notices += 1
