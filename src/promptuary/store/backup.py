"""Backups: one SQLite file with all rows of a database, whichever kind it is, taken from one snapshot.

Because the file has the same schema everywhere, a backup of SQLite restores into PostgreSQL and the other way round.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from promptuary.model.errors import Damaged, InvalidBackup, NotEmpty, SchemaMismatch, Unavailable
from promptuary.store import changes, fetches, integrity_checks, recent_fetches, row_rules, schema
from promptuary.store.engine import dialect
from promptuary.store.engine.database import Database, StatementFailed
from promptuary.store.lists import entries, trigrams
from promptuary.store.tables import device_authorizations, leases, metadata, sessions, sign_in_links

Advance = Callable[[int], object]
"""Is called with a number of rows that were copied."""

_BATCH = 200

_DRAFT = "backup.db"
"""The name of a file that is being written or read, in a private folder."""

_START = b"SQLite format 3\0"
_CHUNK_BYTES = 1 << 20

_RANDOM_CHARACTERS = 8
"""Number of characters that `tempfile` adds to a prefix."""

_LEFT_OUT = {*row_rules.DERIVED, sessions, sign_in_links, device_authorizations, leases}
"""Tables that are rebuilt, those of sessions, links and logins, as a restored backup does not grant access, and that of leases."""


def _no_progress(_rows: int) -> None:
    pass


def write_backup(database: Database, target: Path, *, replaces: bool = False, advance: Advance = _no_progress) -> None:
    """Write a backup; others may write to the database meanwhile. The file appears whole or not at all.

    Raises `NotEmpty` when the file exists and ``replaces`` does not say that it may go, `Unavailable` when it cannot be written.
    """
    if target.exists() and not (replaces and target.is_file()):
        message = f"{target} exists already. Choose another name, or add --force to replace it."
        raise NotEmpty(message)
    try:
        with drafted(database, target.parent, advance) as draft:
            draft.rename(target)
            _make_durable(target.parent)
    except OSError as error:
        message = f"Cannot write {target}: {error.strerror}."
        raise Unavailable(message) from error


@contextmanager
def drafted(database: Database, place: Path | None = None, advance: Advance = _no_progress) -> Iterator[Path]:
    """Write a backup into a private folder in ``place``, or among temporary files; what is left of it goes after the block.

    Raises `Unavailable` when the database cannot be read, and `OSError`.
    """
    with private_folder(place or Path(tempfile.gettempdir()), ".backup-") as folder:
        draft = folder / _DRAFT
        with _opened(draft) as backup:
            schema.upgrade(backup)
            with database.read() as source, backup.write() as sink, _refused_rows():
                _copy_rows(source.connection, sink.connection, advance)
                entries.rebuild(sink)
                recent_fetches.rebuild(sink)
        draft.chmod(0o600)
        _make_durable(draft)
        yield draft


@contextmanager
def private_folder(place: Path, prefix: str) -> Iterator[Path]:
    """Make a folder that only its owner can enter, and remove it after the block.

    Such folders that killed processes have left are removed first: each holds a copy of the data. One that is in use is locked.
    """
    _remove_abandoned(place, prefix)
    unlocked = Path(tempfile.mkdtemp(dir=place, prefix=f".new{prefix}"))
    folder = unlocked.with_name(f"{prefix}{unlocked.name[-_RANDOM_CHARACTERS:]}")
    descriptor = os.open(unlocked, os.O_RDONLY)
    try:
        # No other process looks for it under its name before it is locked.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        unlocked.rename(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(unlocked, ignore_errors=True)
        os.close(descriptor)


def _remove_abandoned(place: Path, prefix: str) -> None:
    for folder in place.glob(f"{prefix}{'?' * _RANDOM_CHARACTERS}"):
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # A folder with other contents is not ours.
                if all(path.name.startswith(_DRAFT) for path in folder.iterdir()):
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def restore_backup(database: Database, source: Path, *, replace: bool = False, advance: Advance = _no_progress) -> None:
    """Fill a database from a backup of this or an older version of Promptuary, in one transaction.

    The change log gets one entry more, by which running servers learn that nothing is as it was.

    Raises `InvalidBackup` for anything but a backup, and `NotEmpty` for a database that holds data, unless ``replace`` says that
    it may go.
    """
    place = Path(tempfile.gettempdir())
    with private_folder(place, "promptuary-restore-") as folder, _opened_copy(source, folder) as backup:
        schema.upgrade(database)
        with backup.read() as rows, database.write() as sink:
            entries.lock_prompts(sink)
            changes.lock_log(sink)
            fetches.lock_fetches(sink)
            known = changes.last_sequence(sink)
            # Gone first, so that a damaged index cannot stand in the way.
            trigrams.drop_index(sink.connection)
            _clear(sink.connection, replace=replace)
            _copy_rows(rows.connection, sink.connection, advance)
            entries.rebuild(sink)
            recent_fetches.rebuild(sink)
            changes.append_restoration(sink, known=known)
            for table in metadata.sorted_tables:
                if table.autoincrement_column is not None:
                    dialect.continue_numbering(sink.connection, table)


@contextmanager
def _opened(path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{path}")
    try:
        yield database
    finally:
        # The last connection to close moves everything from the write-ahead log into the file.
        database.close()


@contextmanager
def _opened_copy(source: Path, folder: Path) -> Iterator[Database]:
    not_a_backup = f"{source} is not a Promptuary backup."
    copy = folder / _DRAFT
    try:
        with source.open("rb") as given:
            _copy_file(given, copy, not_a_backup)
    except OSError as error:
        message = f"Cannot read {source}: {error.strerror}."
        raise InvalidBackup(message) from error
    with _opened(copy) as backup:
        try:
            _require_sound(backup, source, not_a_backup)
        except SchemaMismatch as error:
            message = f"{source} was written by a newer Promptuary. Upgrade Promptuary."
            raise InvalidBackup(message) from error
        except Unavailable as error:
            raise InvalidBackup(not_a_backup) from error
        except (ValueError, TypeError, AttributeError, StatementError, StatementFailed):
            # What a column cannot hold stops an older schema from being upgraded. The error might show a prompt.
            message = f"{not_a_backup.removesuffix('.')}, or it is damaged."
            raise InvalidBackup(message) from None
        yield backup


def _copy_file(given: BinaryIO, copy: Path, not_a_backup: str) -> None:
    """Copy what begins as a SQLite file does; the rest of anything else may have no end."""
    start = given.read(len(_START))
    if start != _START:
        raise InvalidBackup(not_a_backup)
    with copy.open("xb", buffering=0) as written:
        chunk = start
        while chunk:
            try:
                left = memoryview(chunk)
                while left:
                    left = left[written.write(left) :]
            except OSError as error:
                message = f"Cannot write to the folder of temporary files, {copy.parents[1]}: {error.strerror}."
                raise Unavailable(message) from error
            chunk = given.read(_CHUNK_BYTES)


def _require_sound(backup: Database, source: Path, not_a_backup: str) -> None:
    with backup.read() as tx:
        if schema.current_revision(tx) is None:
            raise InvalidBackup(not_a_backup)
    schema.upgrade(backup)
    with backup.read() as tx:
        if not schema.has_all_tables(tx):
            raise InvalidBackup(not_a_backup)
        if dialect.file_problems(tx.connection):
            message = f"{not_a_backup.removesuffix('.')}, or it is damaged."
            raise InvalidBackup(message)
        problem = integrity_checks.find_problem(tx)
        if problem is not None:
            message = f"{source} is not sound: {problem}."
            raise InvalidBackup(message)


@contextmanager
def _refused_rows() -> Iterator[None]:
    """Raise `Damaged` in place of an error of Python about a value that is not what its column says; it might show a prompt."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, StatementError) as error:
        if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError):
            raise
        reason = "a row cannot be read or is inconsistent; promptuary admin db check reports which"
        raise Damaged(reason) from None


def _copy_rows(source: Connection, sink: Connection, advance: Advance) -> None:
    for table in metadata.sorted_tables:
        if table in _LEFT_OUT:
            continue
        rows = source.execute(select(table).execution_options(yield_per=_BATCH))
        for batch in rows.mappings().partitions():
            sink.execute(insert(table), [dict(row) for row in batch])
            advance(len(batch))


def _clear(connection: Connection, *, replace: bool) -> None:
    for table in reversed(metadata.sorted_tables):
        if connection.execute(select(table).limit(1)).first() is None:
            continue
        if not replace:
            message = "The database already holds data."
            raise NotEmpty(message)
        connection.execute(table.delete())


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
