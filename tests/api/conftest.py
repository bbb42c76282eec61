"""Fixtures of the API's tests: one application for a module, in which each test works in a project of its own."""

import pytest
from builders import Api
from reviewing import Reviewer

from promptuary.registry.prompts import create_prompt, publish_version


@pytest.fixture
def api(project_apis: Api) -> Api:
    """The module's application, on SQLite and PostgreSQL in turn; tests that count, stop or move time take `own_api` instead."""
    return project_apis


@pytest.fixture
def sqlite_api(project_api: Api) -> Api:
    """The module's application on SQLite; tests that count, stop or move time take `own_sqlite_api` instead."""
    return project_api


@pytest.fixture
def author(api: Api) -> Reviewer:
    """An editor who proposes moves of prompts that another one has written."""
    with api.registry.database.write() as tx:
        create_prompt(tx, api.registry.actor, name="greeting", prompt="Hi", labelled=["production"])
        publish_version(tx, api.registry.actor, name="greeting", base_version=1, prompt="Hello")
        create_prompt(tx, api.registry.actor, name="other", prompt="Other")
    return Reviewer(api)
