"""A browser and a server on the demo's data, for each module of tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import chromium
from playwright.sync_api import Browser, BrowserContext
from staging import AUTHOR, make_demo, running_demo, signed_in_context


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def demo(_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the demo's data for a module of tests."""
    return Path(shutil.copy(_demo, tmp_path_factory.mktemp("copy") / "demo.db"))


@pytest.fixture(scope="module")
def origin(demo: Path) -> Iterator[str]:
    with running_demo(demo) as address:
        yield address


@pytest.fixture
def author(browser: Browser, origin: str) -> Iterator[BrowserContext]:
    """A browser window in which the author is signed in."""
    with signed_in_context(browser, origin, AUTHOR) as context:
        yield context
