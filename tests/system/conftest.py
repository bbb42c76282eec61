"""Fixtures of all tests with real processes."""

import shutil
from pathlib import Path

import pytest
from httpx2._config import DEFAULT_TIMEOUT_CONFIG
from serving import START_SECONDS


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests of the container image: its build takes minutes, in which other workers have to have something to do."""
    items.sort(key=lambda item: "image" not in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session", autouse=True)
def _patient_clients() -> None:
    """Let requests without a time limit of their own wait as long as a start: some take a busy machine more than five seconds."""
    for step in ("connect", "read", "write", "pool"):
        setattr(DEFAULT_TIMEOUT_CONFIG, step, START_SECONDS)


@pytest.fixture(scope="module")
def module_url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a SQLite database with the schema and without rows, one for all tests of a module."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path_factory.mktemp('module') / 'promptuary.db')}"


@pytest.fixture
def prepared_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a SQLite database with the schema and without rows, for tests to which the kind of database is nothing."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'prepared.db')}"
