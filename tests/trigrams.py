"""A PostgreSQL server of the system that has the extension ``pg_trgm``, which the one from the Python package lacks."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from promptuary.store import schema
from promptuary.store.database import Database

GUEST = "guest"
"""A role that may make tables in a database, but no extension."""


def find_programs() -> Path | None:
    """The folder of the newest installed server that has the extension."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    folders = [path.parent for path in found if extension_of(path.parts[-3]).exists()]
    return folders[-1] if folders else None


def extension_of(version: str) -> Path:
    return Path(f"/usr/share/postgresql/{version}/extension/pg_trgm.control")


@contextmanager
def running_postgres(programs: Path, folder: Path) -> Iterator[str]:
    """Run a server without network, as a user without privileges; yields the folder of its socket."""
    # It refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else None
    data = folder / "data"
    data.mkdir(mode=0o700)
    if user:
        shutil.chown(folder, user)
        shutil.chown(data, user)
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run([str(programs / "initdb"), f"--pgdata={data}", *options], user=user, cwd=folder, check=True, capture_output=True)
    settings = [f"--unix_socket_directories={folder}", "--listen_addresses=", "--fsync=off"]
    server = [str(programs / "pg_ctl"), f"--pgdata={data}", f"--log={data / 'log'}", "--wait"]
    subprocess.run([*server, f"--options={' '.join(settings)}", "start"], user=user, cwd=folder, check=True, capture_output=True)
    try:
        yield str(folder)
    finally:
        subprocess.run([*server, "--mode=immediate", "stop"], user=user, cwd=folder, check=True, capture_output=True)


@contextmanager
def opened(socket: str, role: str) -> Iterator[Database]:
    """A database of its own with the schema, set up by a role."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(host=socket, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
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
