"""One real server a module of tests."""

from collections.abc import Iterator

import pytest
from agent import Agent, connected
from agent_server import Served, serving


@pytest.fixture(scope="module")
def served(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on SQLite; tests keep to prompts of their own."""
    with serving(module_url, tmp_path_factory.mktemp("agents")) as served:
        yield served


@pytest.fixture
def agent(served: Served) -> Iterator[Agent]:
    """A client with the editor's key."""
    with connected(served.url, served.editor_key) as agent:
        yield agent
