"""The only place that knows which database it talks to.

SQLite and PostgreSQL differ in how a transaction begins, how an insert yields to an existing row, how a substring is found and how
the change log is put in commit order. Everything else in `store` is one text for both.
"""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, ColumnElement, Connection, Engine, Table, create_engine, event, func, literal, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError

from promptuary.model.errors import InvalidValue, Unavailable

BUSY_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 5

CHANNEL = "promptuary_changes"
"""The channel on which PostgreSQL announces that the change log has grown."""

# Keys of PostgreSQL advisory locks; any two constants that nothing else in the database uses.
_MIGRATION_LOCK = 7_116_001
_CHANGE_LOG_LOCK = 7_116_002


def parse_url(database_url: str) -> URL:
    """Read a database URL; `InvalidValue` unless it names a SQLite file or a PostgreSQL database."""
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        url = None
    if url is not None and url.drivername == "sqlite" and _is_file_path(url.database) and not url.query:
        return url
    if url is not None and url.drivername in {"postgresql", "postgres", "postgresql+psycopg"} and _knows_options(url):
        return url.set(drivername="postgresql+psycopg")
    message = "The database URL must be sqlite:///path/to/file.db or postgresql://user:password@host/database."
    raise InvalidValue("invalid_database_url", message, field="database_url")


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
    """Tell whether the connection leads to SQLite."""
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
        event.listen(engine, "begin", _begin_sqlite_transaction)
        return engine
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS, "application_name": "promptuary"},
    )


def _make_private_file(file: Path) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"Cannot use the folder {file.parent}: {error.strerror}."
        raise Unavailable(message) from error
    # Only the owner may read a new database; what is wrong with a file that cannot be made, SQLite tells when it is used.
    with contextlib.suppress(OSError):
        file.touch(mode=0o600)


def read_options(engine: Engine) -> dict[str, Any]:
    """Return execution options under which all statements of a transaction see one snapshot."""
    if engine.dialect.name == "sqlite":
        return {}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def write_options(engine: Engine) -> dict[str, Any]:
    """Return execution options of a transaction that will write."""
    return {"sqlite_begin": "IMMEDIATE"} if engine.dialect.name == "sqlite" else {}


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Start an insert that can yield to an existing row (``on_conflict_do_nothing``, ``on_conflict_do_update``)."""
    return sqlite.insert(table) if is_sqlite(connection) else postgresql.insert(table)


def contains(connection: Connection, text: ColumnElement[str], needle: str) -> ColumnElement[bool]:
    """Match rows whose text has the needle in it, character by character, without wildcards."""
    find = func.instr if is_sqlite(connection) else func.strpos
    return find(text, literal(needle)) > 0


def lock_change_log(connection: Connection) -> None:
    """Make the rest of the transaction the only one that appends changes, so that sequences are in commit order.

    SQLite has one writer at a time anyway. PostgreSQL releases the lock after the commit is visible. Take no row lock after this
    one: every writer takes its rows first, so writers cannot wait for each other in a circle.
    """
    if not is_sqlite(connection):
        connection.execute(func.pg_advisory_xact_lock(_CHANGE_LOG_LOCK).select())


def announce_changes(connection: Connection) -> None:
    """Let the commit wake whoever watches the change log; on SQLite watchers see for themselves."""
    if not is_sqlite(connection):
        connection.execute(func.pg_notify(CHANNEL, "").select())


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """Yield a connection inside the only migrating transaction of the database; commit it at the end.

    SQLite rebuilds tables to alter them, which must not cascade, so foreign keys are off meanwhile and checked before the commit.
    """
    with engine.connect().execution_options(**write_options(engine)) as connection:
        if is_sqlite(connection):
            _set_sqlite_foreign_keys(connection, enabled=False)
        try:
            with connection.begin():
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
    """Let generated ids go on behind the highest one after rows were inserted with ids of their own."""
    if not is_sqlite(connection):
        column = next(iter(table.primary_key.columns))
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        highest = func.coalesce(func.max(column), 0)
        connection.execute(func.setval(sequence, highest + 1, False).select().select_from(table))  # noqa: FBT003 - SQL's


def _prepare_sqlite_connection(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's connection
    # The driver must not begin transactions by itself: `_begin_sqlite_transaction` does, in the right mode.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite_transaction(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


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
