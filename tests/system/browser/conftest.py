"""A browser and a server on the demo's data, for each module of tests."""

from collections.abc import Iterator

import pytest
from chromium import chromium
from playwright.sync_api import Browser, BrowserContext
from staging import AUTHOR, running_demo, signed_in_context


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_demo(tmp_path_factory.mktemp("demo")) as address:
        yield address


@pytest.fixture
def author(browser: Browser, origin: str) -> Iterator[BrowserContext]:
    """A browser window in which the author is signed in."""
    with signed_in_context(browser, origin, AUTHOR) as context:
        yield context
