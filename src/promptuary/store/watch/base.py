"""Hearing of committed changes: how a process that remembers things learns that they are no longer true.

Whoever remembers asks `has_news` before every use, which costs microseconds, and reads the change log when there is any. SQLite is
asked here, PostgreSQL is listened to in `postgresql`.
"""

from contextlib import AbstractContextManager
from typing import ClassVar, Protocol

from promptuary.model.changes import Change
from promptuary.store import changes
from promptuary.store.changes import Mark
from promptuary.store.engine.database import Database, Transaction

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
