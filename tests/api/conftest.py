"""Fixtures of the API's tests: the application on SQLite, where the kind of the database cannot matter."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import Api, Registry, make_api, make_registry
from wire import Clock

from promptuary.store import schema
from promptuary.store.database import Database


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema and without rows, to be copied."""
    path = tmp_path_factory.mktemp("template") / "promptuary.db"
    database = Database.open(f"sqlite:///{path}")
    schema.upgrade(database)
    database.close()
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sqlite_registry(sqlite_template: Path, tmp_path: Path, clock: Clock) -> Iterator[Registry]:
    """A database with one project and an editor, where time stands still."""
    path = tmp_path / "promptuary.db"
    shutil.copy(sqlite_template, path)
    database = Database.open(f"sqlite:///{path}", clock=clock)
    yield make_registry(database)
    database.close()


@pytest.fixture
def sqlite_api(sqlite_registry: Registry) -> Iterator[Api]:
    """The application in process, on SQLite, where time stands still."""
    with make_api(sqlite_registry) as api:
        yield api
