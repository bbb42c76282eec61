"""A registry on a PostgreSQL that has an index of trigrams, and a database with rows in all tables."""

import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from builders import Registry, make_registry
from full_database import fill, fill_what_backups_leave_out
from trigrams import PROGRAMS, opened, running_postgres
from wire import Clock

from promptuary.store.engine.database import Database


@pytest.fixture(scope="session")
def trigram_server() -> Iterator[str]:
    """The socket's folder of a server whose owner may create the extension pg_trgm."""
    assert PROGRAMS is not None
    with running_postgres(PROGRAMS) as socket:
        yield socket


@pytest.fixture(scope="session")
def trigram_template(trigram_server: str) -> str:
    """The name of a database with an index of trigrams and without rows, to be copied."""
    with opened(trigram_server, "postgres") as database:
        return str(database.engine.url.database)


@pytest.fixture
def trigram_registry(trigram_server: str, trigram_template: str) -> Iterator[Registry]:
    """A registry whose search has an index of trigrams on PostgreSQL."""
    with opened(trigram_server, "postgres", template=trigram_template) as database:
        yield make_registry(database)


@pytest.fixture(scope="module")
def full(sqlite_registry_template: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A SQLite database with rows in all tables; the damage that tests do to it is undone."""
    path = shutil.copy(sqlite_registry_template.database.address, tmp_path_factory.mktemp("full") / "promptuary.db")
    database = Database.open(f"sqlite:///{path}", clock=Clock())
    registry = replace(sqlite_registry_template, database=database)
    fill(registry)
    with database.write() as tx:
        fill_what_backups_leave_out(tx, registry)
    yield database
    database.close()
