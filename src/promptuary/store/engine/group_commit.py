"""Commits that writers of one process share, so that the disk has to sync once for several of them.

SQLite has one writer at a time. A writer that ends its turn while others wait leaves the commit to those, and
waits for it: no write is acknowledged before it is committed.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from promptuary.model.errors import Unavailable
from promptuary.store.engine import dialect
from promptuary.store.engine.compiled import run_on_sqlite

MAX_TURNS = 16
"""Most turns that end with one commit: the first of them waits for the last."""


class SharedCommits:
    """Gives the writers of a SQLite file their turns, one at a time."""

    def __init__(self, engine: Engine, *, timeout: float = dialect.BUSY_TIMEOUT_SECONDS) -> None:
        self._engine = engine
        self._timeout = timeout
        self._turn_is_free = threading.Condition()
        # All below is touched under the condition's lock only.
        self._is_taken = False
        self._waiting = 0
        # Writes that the previous writer left to be committed together with the next; only while other writers wait.
        self._left: _Shared | None = None

    @property
    def waiting(self) -> int:
        """Number of writers that wait for their turn."""
        return self._waiting

    @contextmanager
    def turn(self) -> Iterator[Connection]:
        """Wait for a turn; what the block does is committed when this ends, or undone when the block raises.

        Raises `Unavailable` where no turn comes in ``timeout`` seconds, or where a commit left to another writer failed.
        """
        left = self._take_turn()
        is_left = False
        try:
            shared = left or _begin(self._engine)
            with shared.turn():
                yield shared.connection
            is_left = self._leave(shared)
            if not is_left:
                shared.end(commit=True)
        finally:
            if not is_left:
                self._end_turn()
        shared.is_over.wait()
        if not shared.is_committed:
            raise Unavailable

    def _take_turn(self) -> "_Shared | None":
        """Wait for a turn; return what the writer before left."""
        with self._turn_is_free:
            self._waiting += 1
            # A writer whose time is over just when the turn becomes free takes it nevertheless: something may be left to it.
            is_mine = self._turn_is_free.wait_for(lambda: not self._is_taken, self._timeout)
            self._waiting -= 1
            if not is_mine:
                raise Unavailable
            self._is_taken = True
            left, self._left = self._left, None
            return left

    def _leave(self, shared: "_Shared") -> bool:
        """End the turn and leave the commit to the next writer, if there is one and they may."""
        with self._turn_is_free:
            is_left = self._waiting > 0 and shared.turns < MAX_TURNS
            if is_left:
                self._left = shared
                self._is_taken = False
                self._turn_is_free.notify()
            return is_left

    def _end_turn(self) -> None:
        with self._turn_is_free:
            self._is_taken = False
            self._turn_is_free.notify()


@dataclass(eq=False, slots=True)
class _Shared:
    """A transaction, and how many turns were taken in it."""

    connection: Connection
    turns: int = 0
    is_committed: bool = False
    is_over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Undo what the block does when it raises, and end the transaction there, for what was done in the turns before counts."""
        try:
            if self.turns:
                run_on_sqlite(self.connection, "SAVEPOINT turn")
            yield
            self._require_transaction()
        except BaseException:
            is_undone = False
            try:
                is_undone = self._undo_turn()
            finally:
                self.end(commit=is_undone)
            raise
        self.turns += 1

    def end(self, *, commit: bool) -> None:
        """Commit what all turns have done, or nothing, and let them know."""
        transaction = self.connection.get_transaction()
        try:
            if commit and transaction is not None:
                transaction.commit()
                self.is_committed = True
        except BaseException:
            # SQLite may still have the transaction; it rolls it back when the connection is closed.
            self.connection.invalidate()
            raise
        finally:
            self.is_over.set()
            # What is not committed by now is rolled back.
            self.connection.close()

    def _require_transaction(self) -> None:
        # A writer that continued after the disk was full may have lost writes of others.
        if not dialect.in_sqlite_transaction(self.connection):
            raise Unavailable

    def _undo_turn(self) -> bool:
        """Undo the last turn alone; return whether that could be done."""
        if not self.turns or not dialect.in_sqlite_transaction(self.connection):
            return False
        try:
            self.connection.exec_driver_sql("ROLLBACK TO turn")
        except DBAPIError:
            return False
        return True


def _begin(engine: Engine) -> _Shared:
    connection = engine.connect()
    try:
        connection.begin()
        dialect.begin_sqlite_write(connection)
    except BaseException:
        connection.close()
        raise
    return _Shared(connection)
