"""Fixtures of the API's tests: one application for a module, in which each test works in a project of its own."""

import pytest
from builders import Api


@pytest.fixture
def api(project_apis: Api) -> Api:
    """The module's application, on SQLite and PostgreSQL in turn; tests that count, stop or move time take `own_api` instead."""
    return project_apis


@pytest.fixture
def sqlite_api(project_api: Api) -> Api:
    """The module's application on SQLite; tests that count, stop or move time take `own_sqlite_api` instead."""
    return project_api
