"""Fixtures of the pages' tests: browsers that open the application's pages."""

import pytest
from browsing import browser_of, open_browser, signed_in_browser
from builders import Api
from fastapi.testclient import TestClient
from request_pages import Person, prepare

from promptuary.model.access import Role


@pytest.fixture
def web(request: pytest.FixtureRequest) -> Api:
    """The module's application, on SQLite, where time stands still, with a project of the test's own.

    Tests whose effects reach beyond a project are marked ``own_application``, and get an application of their own.
    """
    is_own = request.node.get_closest_marker("own_application") is not None
    api: Api = request.getfixturevalue("own_sqlite_api" if is_own else "project_api")
    return api


@pytest.fixture
def stranger(web: Api) -> TestClient:
    """A browser in which nobody is signed in."""
    return open_browser(web)


@pytest.fixture
def browser(web: Api) -> TestClient:
    """A browser in which the registry's editor is signed in."""
    return signed_in_browser(web, web.registry.user)


@pytest.fixture
def admin(web: Api) -> TestClient:
    """A browser in which an admin of the project is signed in."""
    return browser_of(web, Role.ADMIN)


@pytest.fixture
def reviewer(web: Api) -> Person:
    """Another editor with a browser, and a prompt with two versions to decide on."""
    prepare(web)
    return Person(web, Role.EDITOR)


@pytest.fixture
def passer_by(shared_api: Api) -> TestClient:
    """A browser in which nobody is signed in, of an application that other tests use, too: its requests change nothing."""
    return open_browser(shared_api)
