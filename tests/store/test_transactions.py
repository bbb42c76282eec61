"""Transactions of both databases, and what happens when the database cannot serve."""

import contextlib
import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders import Registry, make_prompt, make_user
from sqlalchemy import text

from promptuary.model.changes import OPERATOR, NewChange
from promptuary.model.changes.payloads import UserChanged, UserFacts
from promptuary.model.errors import InvalidValue, Unavailable
from promptuary.store import changes, schema, users
from promptuary.store.engine.database import Database, Transaction

MAX_LISTED = 100


def emails(tx: Transaction) -> list[str]:
    return [user.email for user in users.list_users(tx, limit=MAX_LISTED)]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///prompts.db?mode=ro",
        "sqlite:///\0.db",
        "sqlite+aiosqlite:///prompts.db",
        "mysql://localhost/prompts",
        "postgresql+asyncpg://localhost/prompts",
        "postgresql://localhost:port/prompts",
        "postgresql:///prompts?nonsense=1",
    ],
)
def test_a_url_that_is_not_one_of_ours_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue, match=r"must be sqlite:///path/to/file\.db or postgresql://"):
        Database.open(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://127.0.0.1:1/prompts",
        "postgres://127.0.0.1:1/prompts",
        "postgresql:///prompts?host=/nowhere",
        "sqlite:////proc/prompts.db",
        "sqlite:////",
    ],
)
def test_a_database_that_cannot_be_reached_is_unavailable(url: str) -> None:
    database = Database.open(url)
    with pytest.raises(Unavailable), database.read():
        pass
    with pytest.raises(Unavailable), database.write():
        pass
    with pytest.raises(Unavailable):
        schema.upgrade(database)


def test_a_folder_that_cannot_be_made_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match=f"Cannot use the folder {tmp_path}/file/folder: Not a directory."):
        Database.open(f"sqlite:///{tmp_path}/file/folder/prompts.db")


def test_a_file_that_is_no_database_is_unavailable_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Dear diary, " * 1000)
    database = Database.open(f"sqlite:///{file}")
    with pytest.raises(Unavailable) as error, database.read():
        pass
    assert str(error.value) == "The database is damaged or not a database: file is not a database."
    assert file.read_text() == "Dear diary, " * 1000


def test_whoever_opens_a_file_that_another_process_still_prepares_waits_for_it(tmp_path: Path) -> None:
    """SQLite refuses at once, whatever its time-out, to change a file to the write-ahead log while somebody writes to it."""
    file = tmp_path / "new.db"
    with contextlib.closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.3, other.execute, ["COMMIT"])
        release.start()
        database = Database.open(f"sqlite:///{file}")
        schema.upgrade(database)
        assert schema.is_current(database)
        database.close()
        release.join()


def test_a_read_only_sqlite_database_is_unavailable() -> None:
    with tempfile.TemporaryDirectory(prefix="promptuary-read-only-") as folder:
        file = Path(folder) / "prompts.db"
        database = Database.open(f"sqlite:///{file}")
        schema.upgrade(database)
        database.close()
        file.chmod(0o444)
        Path(folder).chmod(0o555)
        with as_ordinary_user(), pytest.raises(Unavailable), database.write() as tx:
            make_user(tx)
        database.close()


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Be nobody for a while, because no file is read-only to root."""
    user = os.geteuid()
    os.seteuid(user or 65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_write_that_fills_the_disk_is_unavailable_and_changes_nothing(registry: Registry) -> None:
    def fill() -> None:
        with registry.database.write() as tx:
            pages = tx.connection.execute(text("PRAGMA page_count")).scalar_one()
            tx.connection.execute(text(f"PRAGMA max_page_count = {pages + 20}"))
            make_prompt(tx, registry.actor, name="small")
            make_prompt(tx, registry.actor, name="large", prompt="x" * 900_000)

    with pytest.raises(Unavailable):
        fill()
    with registry.database.read() as tx:
        assert tx.connection.execute(text("SELECT count(*) FROM prompts")).scalar_one() == 0


def test_when_all_connections_are_taken_the_next_one_is_unavailable(database_url: str) -> None:
    database = Database.open(database_url, pool_size=1)
    database.engine.pool._timeout = 0.01  # type: ignore[attr-defined]  # noqa: SLF001 - not half a minute
    with database.read(), pytest.raises(Unavailable, match="All database connections are busy"), database.read():
        pass
    with database.read() as tx:
        assert emails(tx) == []
    database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lost_connection_is_unavailable_and_the_next_transaction_has_a_new_one(database: Database, database_url: str) -> None:
    other = Database.open(database_url)

    def write_and_lose_the_connection() -> None:
        with database.write() as tx, other.write() as killer:
            make_user(tx, email="lost@example.com")
            backend = tx.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            killer.connection.execute(text(f"SELECT pg_terminate_backend({backend})"))
            make_user(tx, email="later@example.com")

    with pytest.raises(Unavailable):
        write_and_lose_the_connection()
    other.close()
    with database.write() as tx:
        make_user(tx, email="kept@example.com")
        assert emails(tx) == ["kept@example.com"]


def test_a_write_that_raises_changes_nothing(registry: Registry) -> None:
    with registry.database.read() as tx:
        before = changes.last_sequence(tx)

    def write_and_fail() -> None:
        with registry.database.write() as tx:
            make_prompt(tx, registry.actor)
            make_user(tx, email="never@example.com")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with registry.database.read() as tx:
        assert "never@example.com" not in emails(tx)
        assert changes.last_sequence(tx) == before


def test_a_read_sees_one_snapshot_while_others_write(database: Database, database_url: str) -> None:
    other = Database.open(database_url)
    with database.read() as reader:
        before = emails(reader)
        with other.write() as writer:
            make_user(writer, email="new@example.com")
        assert emails(reader) == before == []
    with database.read() as tx:
        assert emails(tx) == ["new@example.com"]
    other.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_writer_that_waits_to_append_a_change_has_not_taken_its_sequence(
    registry: Registry, until: Callable[[Callable[[], bool]], None]
) -> None:
    def append() -> int:
        with registry.database.write() as tx:
            change = NewChange(UserChanged(UserFacts(1, "a@example.com"), None))
            return changes.append_change(tx, change, OPERATOR)

    first = append()
    with ThreadPoolExecutor(1) as pool, registry.database.write() as tx:
        changes.lock_log(tx)
        second = pool.submit(append)
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        until(lambda: tx.connection.execute(waiting).scalar_one() == 1)
        assert tx.connection.execute(text("SELECT last_value FROM changes_sequence_seq")).scalar_one() == first
        tx.connection.rollback()
        assert second.result() == first + 1


def test_what_is_written_carries_the_time_of_the_clock(database_url: str) -> None:
    moment = datetime(2031, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
    database = Database.open(database_url, clock=lambda: moment)
    with database.write() as tx:
        make_user(tx)
        assert [user.created_at for user in users.list_users(tx, limit=MAX_LISTED)] == [moment]
        assert [change.at for change in changes.list_changes(tx, limit=MAX_LISTED)] == [moment]
    database.close()


def test_the_address_shows_where_the_data_is_but_no_password(tmp_path: Path) -> None:
    assert Database.open(f"sqlite:///{tmp_path}/prompts.db").address == f"{tmp_path}/prompts.db"
    assert "secret" not in repr(Database.open("postgresql://somebody:secret@localhost/prompts"))
