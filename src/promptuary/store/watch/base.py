"""Notification of committed changes, for processes with caches.

A cache asks `has_changes` before every use, which costs microseconds, and reads the change log if there are any. SQLite is asked,
PostgreSQL is listened to; see `sqlite` and `postgresql`.
"""

from contextlib import AbstractContextManager
from typing import ClassVar, Protocol

from promptuary.model.changes import Change
from promptuary.store import changes
from promptuary.store.changes import Mark
from promptuary.store.engine.database import Database, Transaction

CHANGES_LIMIT = 1000
"""Most changes that are read at once; behind more than that it is cheaper to forget everything."""


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
        """Begin a transaction to read in on the watch's own connection, for one caller at a time. Raises `Unavailable`."""

    def close(self) -> None:
        """Stop watching."""


class LogReader:
    """Reads the change log from where it stopped. Begins at its present end. Raises `Unavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.read() as tx:
            self._mark = changes.last_mark(tx)

    def read(self) -> list[Change] | None:
        """Return the changes since the last call, `None` when they is no longer available. Raises `Unavailable`."""
        with self._database.read() as tx:
            # The last entry that was read comes again. Where it is another one or gone, the log tells of another past.
            is_first_read = self._mark.at is None
            entries = changes.list_changes(tx, after=self._mark.sequence - 1, limit=CHANGES_LIMIT + 1)
            new_entries = entries if is_first_read else entries[1:]
            is_known = not changes.is_gone(tx, self._mark) if is_first_read else _marks(entries[:1]) == [self._mark]
            is_lost = not is_known or len(new_entries) >= CHANGES_LIMIT
            self._mark = changes.last_mark(tx) if is_lost else [self._mark, *_marks(new_entries)][-1]
        return None if is_lost else new_entries


def _marks(entries: list[Change]) -> list[Mark]:
    return [changes.mark_of(entry) for entry in entries]
