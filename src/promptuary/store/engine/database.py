"""A database and its two kinds of transaction: `Database.read` sees one snapshot, `Database.write` commits once, at its end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, QueuePool, Row
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from promptuary.model.errors import Damaged, Unavailable
from promptuary.model.references import MAX_DEPTH
from promptuary.store.engine import dialect
from promptuary.store.engine.count_cache import Counts
from promptuary.store.engine.group_commit import SharedCommits

Clock = Callable[[], datetime]
AnyRow = Row[*tuple[Any, ...]]

DEFAULT_POOL_SIZE = 10

_NOT_TEXT = "Could not decode to UTF-8"


class StatementFailed(Exception):
    """A statement that the database refused: a defect.

    Tells the kind of error and the statement's text, and nothing that the driver says, which may show the row and so a prompt.
    """


@dataclass(frozen=True, slots=True)
class Transaction:
    """Transaction in which all functions of `store` and `registry` work. ``clock`` returns the timestamps of writes.

    In a transaction that writes, the clock stands still from its first use on, so that what is done at once has one timestamp, and
    at no moment of the past was it half done. It is used after the locks, so that of two writes the later one has the later time.
    ``counts`` remembers counts from one transaction to the next; writers have none, because they see uncommitted rows.
    ``reference_depth`` is the maximum length of chains of references that writes may make; 0: tags of references are plain text.
    """

    connection: Connection
    clock: Clock
    counts: Counts | None = None
    reference_depth: int = MAX_DEPTH


@contextmanager
def rehearsing(tx: Transaction) -> Iterator[None]:
    """Undo at the end of the block what the block has written."""
    savepoint = tx.connection.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


@contextmanager
def attempting(tx: Transaction) -> Iterator[None]:
    """Undo what the block has written if it raises, and nothing before it, so that the transaction can continue."""
    with tx.connection.begin_nested():
        yield


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Maximum and current number of connections."""

    size: int
    in_use: int
    idle: int


class Database:
    """A SQLite file or a PostgreSQL database. Safe to share between threads; not across a fork, unless closed before."""

    def __init__(self, engine: Engine, *, clock: Clock, reference_depth: int = MAX_DEPTH) -> None:
        self._engine = engine
        self._clock = clock
        self._reference_depth = reference_depth
        self._counts = Counts()
        # SQLite has one writer at a time. Waiting here wakes at once and shares commits; waiting in SQLite polls.
        self._writers = SharedCommits(engine) if engine.dialect.name == "sqlite" else None

    @classmethod
    def open_existing(cls, database_url: str, *, reference_depth: int = MAX_DEPTH) -> Self:
        """Open a database that must be there: no file and no folder is made. Raises `InvalidValue` and `Unavailable`."""
        url = dialect.parse_url(database_url)
        if url.drivername == "sqlite" and not dialect.has_file(url):
            raise no_database(str(url.database))
        return cls.open(database_url, reference_depth=reference_depth)

    @classmethod
    def open(
        cls,
        database_url: str,
        *,
        pool_size: int = DEFAULT_POOL_SIZE,
        clock: Clock = lambda: datetime.now(UTC),
        reference_depth: int = MAX_DEPTH,
    ) -> Self:
        """Open a database by its URL without connecting yet; `InvalidValue` when the URL is not one of ours."""
        engine = dialect.open_engine(dialect.parse_url(database_url), pool_size=pool_size)
        return cls(engine, clock=clock, reference_depth=reference_depth)

    def __repr__(self) -> str:
        return f"<Database {self.address}>"

    @property
    def address(self) -> str:
        """Location of the data for display: a file's path, or a URL without its password."""
        return _show(self._engine.url)

    @property
    def kind(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._engine.dialect.name

    @property
    def engine(self) -> Engine:
        """The engine, for the store's own use."""
        return self._engine

    @property
    def clock(self) -> Clock:
        """Clock of this database's transactions."""
        return self._clock

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Begin a transaction that sees one snapshot and changes nothing. Raises `Unavailable`."""
        with translated_errors(), self._engine.connect() as connection, dialect.reading(connection):
            yield Transaction(connection, self._clock, self._counts, self._reference_depth)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Begin a transaction that commits at the end of the block, or changes nothing when the block raises.

        Raises `Unavailable` when the database cannot be reached, is full, or stays locked.
        """
        with translated_errors(), self._writing() as connection:
            yield Transaction(connection, cache(self._clock), None, self._reference_depth)

    def pool_use(self) -> PoolUse:
        """Return the current use of the connections."""
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)  # noqa: S101 - what `dialect.open_engine` asks for
        return PoolUse(size=pool.size(), in_use=pool.checkedout(), idle=pool.checkedin())

    def close(self) -> None:
        """Close all connections; the next transaction opens new ones."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if self._writers is not None:
            with self._writers.turn() as connection:
                yield connection
        else:
            with self._engine.connect() as connection, dialect.writing(connection):
                yield connection


def address_of(database_url: str) -> str:
    """Return the address of a database for display, as `Database.address` does. Raises `InvalidValue`."""
    return _show(dialect.parse_url(database_url))


def _show(url: URL) -> str:
    if url.drivername == "sqlite":
        return str(url.database)
    shown = url.set(drivername="postgresql").difference_update_query(["password", "sslpassword"])
    return shown.render_as_string(hide_password=True)


def no_database(address: str) -> Unavailable:
    """Return the refusal of a command that finds no data at the address of its settings."""
    message = (
        f"There is no Promptuary database at {address}. Set PROMPTUARY_DATA_DIR or PROMPTUARY_DATABASE_URL to its location; "
        "promptuary serve creates a new one."
    )
    return Unavailable(message)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise `Unavailable` in place of a driver's error that says the database cannot serve now; let defects through."""
    try:
        yield
    except PoolTimeout as error:
        detail = "All database connections are busy. Try again."
        raise Unavailable(detail) from error
    except (OperationalError, InterfaceError) as error:
        if _NOT_TEXT in str(error.orig):
            raise Damaged(_reason(error)) from None
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
    # SQLite shows the text that it cannot decode, which may be a prompt's.
    return str(error.orig).partition(" with text ")[0].partition("\n")[0].rstrip(".")
