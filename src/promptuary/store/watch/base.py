"""Notification of committed changes, for processes with caches.

A cache asks `has_changes` before every use, which costs microseconds, and reads the change log if there are any. SQLite is asked,
PostgreSQL is listened to; see `sqlite` and `postgresql`.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import ClassVar, Protocol, TypeVar

from promptuary.model.changes import Change
from promptuary.store import changes
from promptuary.store.changes import Mark
from promptuary.store.engine.database import Database, Transaction

CHANGES_LIMIT = 1000
"""Most changes that are read at once; behind more than that it is cheaper to forget everything."""

RETRY_SECONDS = 0.5
"""Pause after the change log could not be read, before that is tried again."""

WATCH_CONNECTIONS = 2
"""Connections of a watch, opened when they are used: one to read what has changed, one for `Watch.read`."""

_T = TypeVar("_T")


class ReadLog(Protocol):
    """A way to read the change log from an event loop."""

    def __call__(self, work: Callable[[Transaction], _T], /) -> Awaitable[_T]:
        """Do work on a thread, in a transaction to read in, for one caller at a time. Raises `Unavailable`."""


class Watch(Protocol):
    """Source of change notifications: call `mark` first, then `read_changes`.

    A commit in between is reported twice, not missed.

    ``is_quick`` says that `read_changes` does not wait for a network and may be called on an event loop.
    """

    is_quick: ClassVar[bool]

    def is_trustworthy(self) -> bool:
        """Return `True` if commits would be noticed; otherwise no cached value may be used."""

    def has_changes(self) -> bool:
        """Return `True` if there may have been a commit since the last `read_changes`. Raises `Unavailable`."""

    def mark(self) -> None:
        """Mark all notifications as seen; call it before `read_changes`, on the thread that calls `has_changes`."""

    def read_changes(self) -> list[Change] | None:
        """Return the changes since the last call; `None` if they are no longer available: clear the cache.

        May run on another thread. Raises `Unavailable`.
        """

    def read(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction to read in on a connection of the watch, for one caller at a time. Raises `Unavailable`."""

    def close(self) -> None:
        """Stop watching."""


class LogCursor:
    """A place in the change log: its end at first, and from then on the last entry that was read."""

    def __init__(self, tx: Transaction) -> None:
        self._mark = changes.last_mark(tx)

    def read(self, tx: Transaction) -> list[Change] | None:
        """Return the changes since the last call, `None` if they are not available any more: clear what depends on them."""
        # The last entry that was read comes again. Where it is another one or gone, the log tells of another past.
        is_first_read = self._mark.at is None
        entries = changes.list_changes(tx, after=self._mark.sequence - 1, limit=CHANGES_LIMIT + 1)
        new_entries = entries if is_first_read else entries[1:]
        is_known = not changes.is_gone(tx, self._mark) if is_first_read else _marks(entries[:1]) == [self._mark]
        is_lost = not is_known or len(new_entries) >= CHANGES_LIMIT
        self._mark = changes.last_mark(tx) if is_lost else [self._mark, *_marks(new_entries)][-1]
        return None if is_lost else new_entries


class LogReader:
    """Reads the change log of a database from its present end on. Raises `Unavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.read() as tx:
            self._cursor = LogCursor(tx)

    def read(self) -> list[Change] | None:
        """Return the changes since the last call, `None` when they are no longer available. Raises `Unavailable`."""
        with self._database.read() as tx:
            return self._cursor.read(tx)


def _marks(entries: list[Change]) -> list[Mark]:
    return [changes.mark_of(entry) for entry in entries]
