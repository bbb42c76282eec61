"""Fixtures of all tests: databases of both kinds, the application in process, and real servers.

A test that takes ``database`` (or anything made from it) runs twice: on SQLite and on a real PostgreSQL.
"""

import contextlib
import gc
import shutil
import sqlite3
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from builders import Api, Registry, make_api, make_registry, with_own_project
from certificates import trusting_one_authority
from command_line import CommandLine
from hypothesis import settings as hypothesis_settings
from postgres_databases import Postgres, running_postgres
from shared_dialects import share_dialects
from sqlalchemy import Pool, event
from sqlalchemy.pool import ConnectionPoolEntry
from wire import Clock

from promptuary.registry import passwords
from promptuary.store import schema
from promptuary.store.engine.database import Database

# A database answers in its own time, which says nothing of the code under test.
hypothesis_settings.register_profile("promptuary", deadline=None)
hypothesis_settings.load_profile("promptuary")

share_dialects()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from looking through all modules and collected tests again and again, now and later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
        # Most tests make more objects than the usual number, and hardly any garbage in cycles.
        gc.set_threshold(10_000, 10, 10)


@event.listens_for(Pool, "checkout")
def _write_without_waiting_for_the_disk(connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Let SQLite leave it to the system when a commit reaches the disk: no power fails in a test."""
    if isinstance(connection, sqlite3.Connection) and "is_relaxed" not in record.info:
        connection.execute("PRAGMA synchronous = OFF").close()
        record.info["is_relaxed"] = True


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> None:
    passwords.hasher = PasswordHasher.from_parameters(CHEAPEST)


@pytest.fixture(scope="session", autouse=True)
def _plain_tracebacks() -> None:
    """Write tracebacks in the log as Python does: to write one with colors and the values of variables takes a second."""
    *processors, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*processors, renderer])


@pytest.fixture(scope="session", autouse=True)
def _one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with trusting_one_authority(tmp_path_factory.mktemp("certificates")):
        yield


@pytest.fixture
def costly_passwords() -> Iterator[None]:
    """Hash passwords as servers do."""
    cheap = passwords.hasher
    passwords.hasher = PasswordHasher()
    yield
    passwords.hasher = cheap


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create_database(template="template1")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with the schema and without rows."""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        with server.lend_database() as url:
            yield url
    else:
        template: Path = request.getfixturevalue("sqlite_template")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'promptuary.db')}"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an empty SQLite database, for tests to which the kind of database is nothing."""
    return f"sqlite:///{tmp_path / 'sqlite.db'}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.open(database_url)
    yield database
    database.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with the schema, one for all tests of a module: they change nothing in what the module's fixtures have written."""
    with contextlib.ExitStack() as stack:
        if request.param == "postgresql":
            server: Postgres = request.getfixturevalue("postgres")
            url = stack.enter_context(server.lend_database())
        else:
            template: Path = request.getfixturevalue("sqlite_template")
            url = f"sqlite:///{shutil.copy(template, tmp_path_factory.mktemp('module') / 'promptuary.db')}"
        database = Database.open(url)
        stack.callback(database.close)
        yield database


@pytest.fixture
def registry(database: Database) -> Registry:
    """A database with one project and an editor."""
    return make_registry(database)


@pytest.fixture
def own_api(registry: Registry) -> Iterator[Api]:
    """The application in process, and a client with a key that may do everything an editor may."""
    with make_api(registry) as api:
        yield api


@pytest.fixture
def api(own_api: Api) -> Api:
    """The application of the test; where tests need no more than a project each, it is replaced by `project_apis`."""
    return own_api


@pytest.fixture(scope="module")
def module_api(module_database: Database) -> Iterator[Api]:
    """The application in process: one for all tests of a module, which work in projects of their own."""
    with make_api(make_registry(module_database)) as api:
        yield api


@pytest.fixture
def project_apis(module_api: Api) -> Api:
    """The module's application, on SQLite and PostgreSQL in turn, with a project, an editor and a key of the test's own."""
    return with_own_project(module_api)


@pytest.fixture
def command_line(tmp_path: Path, sqlite_template: Path) -> CommandLine:
    """The command line in a folder with a SQLite database that has the schema and no rows."""
    data = tmp_path / "promptuary-data"
    data.mkdir(mode=0o700)
    shutil.copy(sqlite_template, data / "promptuary.db")
    return CommandLine(tmp_path)


@pytest.fixture
def command_lines(database_url: str, tmp_path: Path) -> CommandLine:
    """The command line on a database with the schema, SQLite and PostgreSQL in turn."""
    return CommandLine(tmp_path, database_url)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait until something becomes true, as long as the test may take."""

    def wait(is_true: Callable[[], bool]) -> None:
        pause = threading.Event()
        while not is_true():
            pause.wait(0.001)

    return wait


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


@pytest.fixture(scope="session")
def sqlite_registry_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A SQLite file with a project and an editor, to be copied: SQLAlchemy compiles every statement again for every database."""
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("registry") / "promptuary.db")
    database = Database.open(f"sqlite:///{path}", clock=Clock())
    registry = make_registry(database)
    database.close()
    return registry


@pytest.fixture
def sqlite_registry(sqlite_registry_template: Registry, tmp_path: Path, clock: Clock) -> Iterator[Registry]:
    """A database with one project and an editor, where time stands still."""
    path = shutil.copy(sqlite_registry_template.database.address, tmp_path / "promptuary.db")
    database = Database.open(f"sqlite:///{path}", clock=clock)
    yield replace(sqlite_registry_template, database=database)
    database.close()


@pytest.fixture
def own_sqlite_api(sqlite_registry: Registry) -> Iterator[Api]:
    """The application in process, on SQLite, where time stands still."""
    with make_api(sqlite_registry) as api:
        yield api


@pytest.fixture
def sqlite_api(own_sqlite_api: Api) -> Api:
    """The application of the test; where tests need no more than a project each, it is replaced by `project_api`."""
    return own_sqlite_api


@pytest.fixture(scope="module")
def shared_registry(sqlite_registry_template: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A SQLite database with one project and an editor, where time stands still: one for all tests of a module."""
    path = shutil.copy(sqlite_registry_template.database.address, tmp_path_factory.mktemp("shared") / "promptuary.db")
    database = Database.open(f"sqlite:///{path}", clock=Clock())
    yield replace(sqlite_registry_template, database=database)
    database.close()


@pytest.fixture(scope="module")
def shared_api(shared_registry: Registry) -> Iterator[Api]:
    """The application in process, on SQLite: one for all tests of a module whose requests change nothing."""
    with make_api(shared_registry) as api:
        yield api


@pytest.fixture
def project_api(shared_api: Api) -> Api:
    """The shared application with a project, an editor and a key of the test's own: no test sees another's project."""
    return with_own_project(shared_api)
