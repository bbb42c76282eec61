"""The databases of tests on one PostgreSQL server: one that is emptied between tests, and new ones."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import postgres_server
import psutil
import psycopg
from psycopg.sql import SQL, Identifier

from promptuary.store import schema
from promptuary.store.engine.database import Database

_TEMPLATE: Final = "promptuary_template"

_NOTE_CHANGES: Final = """
CREATE SCHEMA testing;
CREATE SEQUENCE testing.schema_changes;
CREATE FUNCTION testing.note_change() RETURNS event_trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM nextval('testing.schema_changes'); END $$;
CREATE EVENT TRIGGER note_change ON ddl_command_end EXECUTE FUNCTION testing.note_change();
CREATE EVENT TRIGGER note_removal ON sql_drop EXECUTE FUNCTION testing.note_change();
"""
"""Counts changes of the schema in a sequence, which a rollback does not turn back."""

_IS_OTHER: Final = """
SELECT (SELECT is_called FROM testing.schema_changes)
  OR NOT EXISTS (SELECT FROM alembic_version WHERE version_num = %s)
  OR EXISTS (SELECT FROM pg_statistic JOIN pg_class ON pg_class.oid = starelid WHERE relnamespace = 'public'::regnamespace)
"""
"""Whether emptying all tables would leave something behind: another schema, or statistics, by which plans change."""

_WRITTEN: Final = """
SELECT relname, pg_table_size(oid) > %s FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
"""
"""Tables with pages, and whether these are more than the planner assumes for a table of which it knows nothing."""

_ASSUMED_BYTES: Final = 10 * 8_192

_RESTART_NUMBERING: Final = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences
WHERE schemaname = 'public' AND last_value IS NOT NULL
"""

_END_SESSIONS: Final = """
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()
"""

_END_SECONDS: Final = 10


_SETTINGS: Final = (
    # What runs by itself would change statistics, and so plans, at some time or other.
    "--autovacuum=off",
    # Nothing is kept after a crash, and no other server follows.
    "--fsync=off",
    "--synchronous_commit=off",
    "--full_page_writes=off",
    "--wal_level=minimal",
    "--max_wal_senders=0",
)


class Postgres:
    """A PostgreSQL server and a migrated database in it that new ones are copied from."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._admin = psycopg.connect(uri, autocommit=True)
        self._shared: str | None = None
        url = self.create_database(template="template1", name=_TEMPLATE)
        database = Database.open(url)
        schema.upgrade(database)
        database.close()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_NOTE_CHANGES)

    def close(self) -> None:
        self._admin.close()

    def create_database(self, *, template: str = _TEMPLATE, name: str = "") -> str:
        """Create a database and return its URL; it has the schema unless another template is named."""
        name = name or _new_name()
        self._admin.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
        return self._url(name)

    @contextmanager
    def lend_database(self) -> Iterator[str]:
        """Yield the URL of a database with the schema and without rows, for one test at a time: it is the same, emptied."""
        url = self._emptied_database() or self.create_database()
        yield url
        self._shared = url

    def _emptied_database(self) -> str | None:
        """Return the database of the test before, without its rows, or `None` if there is none that can be emptied."""
        if self._shared is None:
            return None
        before, name = _name(self._shared), _new_name()
        self._shared = None
        self._end_sessions(before)
        # What the test before has left running does not find the database again.
        self._admin.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(before), Identifier(name)))
        url = self._url(name)
        with psycopg.connect(url, autocommit=True) as connection:
            is_reusable = _empty(connection)
        if not is_reusable:
            self._admin.execute(SQL("DROP DATABASE {}").format(Identifier(name)))
        return url if is_reusable else None

    def _end_sessions(self, name: str) -> None:
        """End all sessions of a database. PostgreSQL itself looks for ends, and renames, every 100 milliseconds only."""
        ended = [pid for pid, _ in self._admin.execute(_END_SESSIONS, [name])]
        deadline = time.monotonic() + _END_SECONDS
        while any(map(psutil.pid_exists, ended)) and time.monotonic() < deadline:
            time.sleep(0.001)

    def _url(self, name: str) -> str:
        return self._uri.replace("/postgres?", f"/{name}?")


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server from the programs of the Python package."""
    installed = postgres_server.wheel_programs()
    assert installed is not None
    with postgres_server.runnable(installed) as programs, postgres_server.server_folder() as folder:
        data = folder / "data"
        postgres_server.initialize(programs, data)
        settings = [f"--unix_socket_directories={folder}", "--listen_addresses=", *_SETTINGS]
        with postgres_server.running(programs, data, settings):
            server = Postgres(f"postgresql://postgres:@/postgres?host={folder}")
            yield server
            server.close()


def _empty(connection: psycopg.Connection) -> bool:
    """Delete all rows and begin all numbering again. Return `False` where that is not enough."""
    is_other = connection.execute(_IS_OTHER, [schema.HEAD]).fetchone()
    if is_other is None or is_other[0]:
        return False
    written = [(Identifier(name), is_large) for name, is_large in connection.execute(_WRITTEN, [_ASSUMED_BYTES])]
    if large := [table for table, is_large in written if is_large]:
        connection.execute(SQL("TRUNCATE {} CASCADE").format(SQL(", ").join(large)))
    # To truncate a table replaces its files and those of its indexes, which takes many times as long as deleting a few rows.
    deletions = SQL("; ").join(SQL("DELETE FROM {}").format(table) for table, is_large in written if not is_large)
    connection.execute(SQL("SET session_replication_role = replica; {}").format(deletions))
    connection.execute(_RESTART_NUMBERING)
    return True


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def _new_name() -> str:
    return f"test_{uuid.uuid4().hex}"
