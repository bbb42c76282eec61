"""A database and its two kinds of transaction: `Database.read` sees one snapshot, `Database.write` commits once, at its end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import Connection, Engine, Row
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from promptuary.model.errors import Damaged, Unavailable
from promptuary.store import dialect

Clock = Callable[[], datetime]
AnyRow = Row[*tuple[Any, ...]]

DEFAULT_POOL_SIZE = 10


class StatementFailed(Exception):
    """A statement that the database refused: a defect.

    Tells the kind of error and the statement's text, and nothing that the driver says, which may show the row and so a prompt.
    """


@dataclass(frozen=True, slots=True)
class Transaction:
    """What every function of `store` and `registry` works in. ``clock`` tells the time of what is written."""

    connection: Connection
    clock: Clock


class Database:
    """A SQLite file or a PostgreSQL database. Safe to share between threads; not across a fork, unless closed before."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        # SQLite has one writer at a time. Waiting here is fair and wakes at once; waiting in SQLite polls.
        self._writers = threading.Lock()

    @classmethod
    def open(cls, database_url: str, *, pool_size: int = DEFAULT_POOL_SIZE, clock: Clock = lambda: datetime.now(UTC)) -> Self:
        """Open a database by its URL without connecting yet; `InvalidValue` when the URL is not one of ours."""
        return cls(dialect.open_engine(dialect.parse_url(database_url), pool_size=pool_size), clock=clock)

    def __repr__(self) -> str:
        return f"<Database {self.address}>"

    @property
    def address(self) -> str:
        """Where the data is, for people: a file's path, or a URL without its password."""
        url = self._engine.url
        if url.drivername == "sqlite":
            return str(url.database)
        return url.set(drivername="postgresql").difference_update_query(["password"]).render_as_string(hide_password=True)

    @property
    def engine(self) -> Engine:
        """The engine, for the store's own use."""
        return self._engine

    @property
    def clock(self) -> Clock:
        """What tells the time in transactions of this database."""
        return self._clock

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Begin a transaction that sees one snapshot and changes nothing. Raises `Unavailable`."""
        with self._begun(**dialect.read_options(self._engine)) as connection:
            yield Transaction(connection, self._clock)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Begin a transaction that commits at the end of the block, or changes nothing when the block raises.

        Raises `Unavailable` when the database cannot be reached, is full, or stays locked.
        """
        if self._engine.dialect.name == "sqlite":
            with self._writers, self._begun(**dialect.write_options(self._engine)) as connection:
                yield Transaction(connection, self._clock)
        else:
            with self._begun() as connection:
                yield Transaction(connection, self._clock)

    def close(self) -> None:
        """Close all connections; the next transaction opens new ones."""
        self._engine.dispose()

    @contextmanager
    def _begun(self, **options: object) -> Iterator[Connection]:
        with translated_errors(), self._engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise `Unavailable` in place of a driver's error that says the database cannot serve now; let defects through."""
    try:
        yield
    except PoolTimeout as error:
        detail = "All database connections are busy. Try again."
        raise Unavailable(detail) from error
    except (OperationalError, InterfaceError) as error:
        raise Unavailable(reason=_reason(error)) from error
    except DBAPIError as error:
        # SQLite's plain DatabaseError says that the file is damaged or no database; all other errors are of a narrower kind.
        if type(error) is DatabaseError:
            raise Damaged(_reason(error)) from error
        # Without a statement it was the connection that failed.
        if error.connection_invalidated or error.statement is None:
            raise Unavailable(reason=_reason(error)) from error
        raise StatementFailed(_name(error)).with_traceback(error.__traceback__) from None


def _name(error: DBAPIError) -> str:
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return " ".join(filter(None, [type(error.orig).__name__, constraint, f"in: {error.statement}"]))


def _reason(error: DBAPIError) -> str:
    """Return the first line of what the driver said."""
    return str(error.orig).partition("\n")[0].rstrip(".")
