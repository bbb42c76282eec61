"""A PostgreSQL server of the system that has the extension ``pg_trgm``, which the one from the Python package lacks."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import postgres_server
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from promptuary.store import schema
from promptuary.store.engine.database import Database

GUEST = "guest"
"""A role that may make tables in a database, but no extension."""


def find_programs() -> Path | None:
    """The folder of the newest installed server that has the extension."""
    folders = [folder for folder in postgres_server.system_programs() if extension_of(folder.parts[-2]).exists()]
    return folders[-1] if folders else None


def extension_of(version: str) -> Path:
    return Path(f"/usr/share/postgresql/{version}/extension/pg_trgm.control")


@contextmanager
def running_postgres(programs: Path) -> Iterator[str]:
    """Run a server without network; yields the folder of its socket."""
    with postgres_server.server_folder() as folder:
        data = folder / "data"
        postgres_server.initialize(programs, data, locale="C.UTF-8")
        settings = [f"--unix_socket_directories={folder}", "--listen_addresses=", "--fsync=off"]
        with postgres_server.running(programs, data, settings):
            yield str(folder)


@contextmanager
def opened(socket: str, role: str, *, template: str = "template1") -> Iterator[Database]:
    """A database of its own with the schema, set up by a role, or copied from one that nobody has open."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(host=socket, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
    with psycopg.connect(host=socket, user="postgres", dbname=name, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [GUEST]).fetchone() is None:
            connection.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(GUEST)))
        connection.execute(SQL("GRANT ALL ON SCHEMA public TO {}").format(Identifier(GUEST)))
    database = Database.open(f"postgresql://{role}@/{name}?host={socket}")
    schema.upgrade(database)
    yield database
    database.close()


PROGRAMS = find_programs()
NEEDS_TRIGRAMS = pytest.mark.skipif(PROGRAMS is None, reason="No PostgreSQL with pg_trgm is installed (Debian: postgresql).")
