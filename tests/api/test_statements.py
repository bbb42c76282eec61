"""How many statements a request sends to the database: on PostgreSQL each is a round trip."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from builders import Api, Registry, make_api, make_prompt

from promptuary.registry import labels
from promptuary.store.engine.hooks import watch_statements


@pytest.fixture
def api(own_api: Api) -> Api:
    """The application of the test alone: what it does reaches beyond a project."""
    return own_api


@contextmanager
def counted(api: Api) -> Iterator[list[str]]:
    """Provide the texts of the statements that the application sends, but for those that begin a transaction."""
    texts: list[str] = []

    def note(text: str) -> None:
        if not text.startswith("BEGIN"):
            texts.append(text)

    watch_statements(api.registry.database, note)
    yield texts


@pytest.fixture
def uncached(registry: Registry) -> Iterator[Api]:
    """The application without answers in memory, and a prompt with a label."""
    with registry.database.write() as tx:
        version = make_prompt(tx, registry.actor, versions=2)
        labels.move_label(tx, registry.actor, name="greeting", label="production", version=1)
    with make_api(registry, cache_megabytes=0) as api:
        # The first use of a key is noted.
        assert api.client.get(f"{api.path}name/{version.name}/").is_success
        yield api


@pytest.mark.parametrize("query", ["", "?version=1", "?label=production", "?token={token}", "?label=missing", "?content=none"])
def test_a_fetch_from_the_database_takes_two_statements(uncached: Api, query: str) -> None:
    token = uncached.registry.project.api_token
    with counted(uncached) as texts:
        uncached.client.get(f"{uncached.path}name/greeting/{query.format(token=token)}")
    assert [text.split()[1].split(".")[0] for text in texts] == ["keys", "versions"]


def test_a_fetch_by_the_current_project_takes_two_statements(uncached: Api) -> None:
    with counted(uncached) as texts:
        assert uncached.client.get("/api/projects/@current/llm_prompts/name/greeting/").is_success
    assert len(texts) == 2


def test_a_publish_takes_twelve_statements_on_either_database_and_ends_with_the_change(uncached: Api) -> None:
    with counted(uncached) as texts:
        body = {"base_version": 2, "prompt": "Hello again!"}
        assert uncached.client.patch(f"{uncached.path}name/greeting/", json=body).is_success
    assert len(texts) == 12
    assert texts[-1].startswith("INSERT INTO changes")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_fetch_from_the_database_is_one_transaction(uncached: Api) -> None:
    begun: list[str] = []
    watch_statements(uncached.registry.database, lambda text: begun.append(text) if text.startswith("BEGIN") else None)
    uncached.client.get(f"{uncached.path}name/greeting/")
    assert begun == ["BEGIN DEFERRED"]
