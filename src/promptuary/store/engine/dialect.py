"""The place that knows which database it talks to.

SQLite and PostgreSQL differ in how a transaction begins, how an insert yields to an existing row and how the change log is put in
commit order. What differs in search is in `lists.trigrams`, in notification of commits in `watch`. The rest of
`store` is one text for both.
"""

import contextlib
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError

from promptuary.model.errors import InvalidValue, Unavailable
from promptuary.store.engine.compiled import run_on_sqlite

BUSY_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 5

Insert = sqlite.Insert | postgresql.Insert
"""An insert that can yield to an existing row."""

CHANNEL = "promptuary_changes"
"""The channel on which PostgreSQL announces that the change log has grown."""

# Keys of PostgreSQL advisory locks; any two constants that nothing else in the database uses.
_MIGRATION_LOCK = 7_116_001
_REFERENCES_LOCK = 7_116_003
_CHANGE_LOG_LOCK = 7_116_002
"""PostgreSQL lock that appending to the change log takes, see `lock_change_log`."""


def parse_url(database_url: str) -> URL:
    """Read a database URL; `InvalidValue` unless it names a SQLite file or a PostgreSQL database."""
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        url = None
    if url is not None and url.drivername == "sqlite" and _is_file_path(url.database) and not url.query:
        return url
    if url is not None and _is_postgresql(url.drivername) and not _ONLY_LIBPQ.search(url.host or "") and _knows_options(url):
        return _with_plain_hosts(url.set(drivername="postgresql+psycopg"))
    if found := _libpq_url(database_url):
        return found
    message = "The database URL must be sqlite:///path/to/file.db or postgresql://user:password@host/database."
    raise InvalidValue("invalid_database_url", message, field="database_url")


def connection_text(url: URL) -> str:
    """Return libpq's connection string of a database, with its password, for connections outside the engine."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - see below

    _, options = url.get_dialect()().create_connect_args(url)
    return make_conninfo("", **{name: value for name, value in options.items() if name != "context"})


_ONLY_LIBPQ = re.compile(r"[%,\[\]]")
"""Pattern of hosts that SQLAlchemy reads differently from libpq: an escaped folder of a socket, or several hosts."""


def _is_postgresql(scheme: str) -> bool:
    return scheme in {"postgresql", "postgres", "postgresql+psycopg"}


def _with_plain_hosts(url: URL) -> URL:
    """Write several hosts, each with its port, as libpq reads them: all hosts, and all ports."""
    hosts = url.query.get("host")
    if not isinstance(hosts, tuple):
        return url
    pairs = [host.rpartition(":") if ":" in host else (host, "", "") for host in hosts]
    query = {"host": ",".join(host for host, _, _ in pairs), "port": ",".join(port for _, _, port in pairs)}
    return url.update_query_dict(query)


def _libpq_url(database_url: str) -> URL | None:
    """Read what only libpq reads: several hosts with their ports, and a socket's folder in the place of a host."""
    scheme, separator, rest = database_url.partition("://")
    if not separator or not _is_postgresql(scheme):
        return None
    from psycopg import ProgrammingError  # noqa: PLC0415 - see above
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        options = {name: str(value) for name, value in conninfo_to_dict(f"postgresql://{rest}").items()}
    except (ProgrammingError, UnicodeError):
        return None
    if not re.fullmatch(r"[0-9,]*", options.get("port", "")):
        return None
    user, password, database = (options.pop(name, None) for name in ("user", "password", "dbname"))
    return URL.create("postgresql+psycopg", username=user, password=password, database=database, query=options)


def _is_file_path(database: str | None) -> bool:
    return database not in {None, "", ":memory:"} and "\0" not in str(database)


def _knows_options(url: URL) -> bool:
    # Servers on SQLite do without the driver of PostgreSQL.
    from psycopg import ProgrammingError  # noqa: PLC0415
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    try:
        make_conninfo("", **{name: str(value) for name, value in url.query.items()})
    except ProgrammingError:
        return False
    return True


def is_sqlite(connection: Connection) -> bool:
    """Return `True` if the connection leads to SQLite."""
    return connection.dialect.name == "sqlite"


def open_engine(url: URL, *, pool_size: int) -> Engine:
    """Make an engine with at most ``pool_size`` connections; nothing is connected yet, but a SQLite file is there.

    Errors never show the values of a statement: logs must not hold prompts. Raises `Unavailable` when the folder cannot be made.
    """
    if url.drivername == "sqlite":
        _make_private_file(Path(str(url.database)))
        engine = create_engine(
            url, pool_size=pool_size, max_overflow=0, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_SECONDS}
        )
        event.listen(engine, "connect", _prepare_sqlite_connection)
        return engine
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS, "application_name": "promptuary"},
    )


def has_file(url: URL) -> bool:
    """Return `True` if the file of a SQLite database is there. Raises `Unavailable` for a path that no file can have."""
    file = Path(str(url.database))
    try:
        return file.exists()
    except OSError as error:
        message = f"Cannot use {file}: {error.strerror}."
        raise Unavailable(message) from error


def _make_private_file(file: Path) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"Cannot use the folder {file.parent}: {error.strerror}."
        raise Unavailable(message) from error
    # Only the owner may read a new database; what is wrong with a file that cannot be made, SQLite tells when it is used.
    with contextlib.suppress(OSError):
        file.touch(mode=0o600)


@contextmanager
def reading(connection: Connection) -> Iterator[None]:
    """Begin a transaction all of whose statements see one snapshot."""
    if not is_sqlite(connection):
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with connection.begin():
        if is_sqlite(connection):
            run_on_sqlite(connection, "BEGIN DEFERRED")
        yield


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """Begin a transaction that will write; it commits at the end of the block, or changes nothing when the block raises."""
    with connection.begin():
        if is_sqlite(connection):
            begin_sqlite_write(connection)
        yield


def begin_sqlite_write(connection: Connection) -> None:
    """Become SQLite's only writer, in a transaction that SQLAlchemy takes for begun."""
    # The driver begins none by itself, see `_prepare_sqlite_connection`. An event of SQLAlchemy could do the same, but an engine
    # that has one looks for others around every statement.
    run_on_sqlite(connection, "BEGIN IMMEDIATE")


def in_sqlite_transaction(connection: Connection) -> bool:
    """Return `True` if SQLite still has the transaction; it gives up one by itself when the disk is full or fails."""
    return bool(getattr(connection.connection.driver_connection, "in_transaction", False))


def insert(connection: Connection, table: Table) -> Insert:
    """Start an insert that can yield to an existing row (``on_conflict_do_nothing``, ``on_conflict_do_update``)."""
    return sqlite.insert(table) if is_sqlite(connection) else postgresql.insert(table)


def inserts(table: Table) -> dict[str, Insert]:
    """Start such inserts for all kinds of databases, by kind, for statements that are built once."""
    return {"sqlite": sqlite.insert(table), "postgresql": postgresql.insert(table)}


def without_index(connection: Connection, column: ColumnElement[int]) -> ColumnElement[int]:
    """Return a number's column in a form for which SQLite uses no index. It keeps no statistics and would take the wrong one."""
    return column + 0 if is_sqlite(connection) else column


def planned_for_all_rows(connection: Connection, statement: Select[Any]) -> Select[Any]:
    """Return a statement that PostgreSQL plans for all its rows, even inside a statement with a limit.

    For some of them it would walk along an order and look at each row, although all have to be counted.
    """
    return statement if is_sqlite(connection) else statement.offset(0)


def lock_writes(connection: Connection, *tables: Table) -> None:
    """Keep other writers off tables until the transaction ends; SQLite has only one writer anyway."""
    if not is_sqlite(connection):
        for table in tables:
            connection.exec_driver_sql(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE")


def lock_references(connection: Connection, project_id: int) -> None:
    """Make the rest of the transaction the only one of a project that changes what references mean.

    SQLite has one writer at a time anyway. It comes after the locks of rows and before that of the change log.
    """
    if not is_sqlite(connection):
        connection.execute(func.pg_advisory_xact_lock(_REFERENCES_LOCK, project_id).select())


def lock_change_log(connection: Connection) -> None:
    """Make the rest of the transaction the only one that appends changes, so that sequences are in commit order.

    SQLite has one writer at a time anyway. PostgreSQL releases the lock after the commit is visible. Lock no row after
    that which another writer may hold: every writer takes such rows first, so they cannot wait for each other in a circle.
    """
    if not is_sqlite(connection):
        connection.execute(func.pg_advisory_xact_lock(_CHANGE_LOG_LOCK).select())


def insert_in_turn(table: Table) -> postgresql.Insert:
    """Start an insert of a change that first does what `lock_change_log` does, for PostgreSQL: one statement instead of two.

    The sequence of the row is taken when the function in the FROM clause, the lock, has returned.
    """
    columns = [column for column in table.columns if not column.primary_key]
    locked = func.pg_advisory_xact_lock(_CHANGE_LOG_LOCK).alias("locked")
    row = select(*(bindparam(column.name, type_=column.type) for column in columns)).select_from(locked)
    return postgresql.insert(table).from_select([column.name for column in columns], row)


ANNOUNCEMENT = func.pg_notify(CHANNEL, "").label("announced")
"""Announcement of changes, as `announce_changes` sends it, as a part of another statement, for PostgreSQL."""


def announce_changes(connection: Connection) -> None:
    """Notify watchers of the change log on commit; on SQLite they poll the file."""
    if not is_sqlite(connection):
        connection.execute(select(ANNOUNCEMENT))


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """Yield a connection inside the only migrating transaction of the database; commit it at the end.

    SQLite rebuilds tables to alter them, which must not cascade, so foreign keys are off meanwhile and checked before the commit.
    """
    with engine.connect() as connection:
        if is_sqlite(connection):
            _set_sqlite_foreign_keys(connection, enabled=False)
        try:
            with writing(connection):
                if is_sqlite(connection):
                    yield connection
                    _require_sqlite_foreign_keys(connection)
                else:
                    connection.execute(func.pg_advisory_xact_lock(_MIGRATION_LOCK).select())
                    yield connection
        finally:
            if is_sqlite(connection):
                _set_sqlite_foreign_keys(connection, enabled=True)


def file_problems(connection: Connection) -> list[str]:
    """List what the database itself finds wrong with its file; PostgreSQL checks its own pages and finds nothing here."""
    if not is_sqlite(connection):
        return []
    findings = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
    broken = [f"{row[0]}: row {row[1]} refers to a missing row of {row[2]}" for row in _foreign_key_check(connection)]
    return [finding for finding in findings if finding != "ok"] + broken


def continue_numbering(connection: Connection, table: Table) -> None:
    """Continue generated ids after the highest one, after rows were inserted with explicit ids."""
    if not is_sqlite(connection):
        column = next(iter(table.primary_key.columns))
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        highest = func.coalesce(func.max(column), 0)
        connection.execute(func.setval(sequence, highest + 1, False).select().select_from(table))  # noqa: FBT003 - SQL's


def _prepare_sqlite_connection(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's connection
    # The driver must not begin transactions by itself: `reading` and `writing` do, in the right mode.
    connection.isolation_level = None
    _use_write_ahead_log(connection)
    for pragma in ("synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _use_write_ahead_log(connection: Any) -> None:  # noqa: ANN401 - the driver's connection
    # A file changes to the write-ahead log once. SQLite does not wait for a writer of a file before that, so this does.
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _set_sqlite_foreign_keys(connection: Connection, *, enabled: bool) -> None:
    driver = connection.connection.dbapi_connection
    if driver is not None:
        driver.execute(f"PRAGMA foreign_keys = {'ON' if enabled else 'OFF'}").close()


def _foreign_key_check(connection: Connection) -> list[Any]:
    return list(connection.exec_driver_sql("PRAGMA foreign_key_check"))


def _require_sqlite_foreign_keys(connection: Connection) -> None:
    if broken := _foreign_key_check(connection):
        message = f"The migration would break {len(broken)} references between rows."
        raise RuntimeError(message)
