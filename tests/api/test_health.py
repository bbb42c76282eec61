from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from builders import Api, Registry, make_api
from fastapi.testclient import TestClient
from ports import free_port
from wire import envelope, wire

from promptuary.server import create_application
from promptuary.settings import Settings
from promptuary.store import schema
from promptuary.store.engine.database import Database

OK = '{"status":"ok"}'
UNMIGRATED = "The database schema does not match this version. Run: promptuary admin db upgrade"
UNAVAILABLE = "The database is not available. Try again."


@pytest.fixture
def api(own_api: Api) -> Api:
    """The application of the test alone: what it does reaches beyond a project."""
    return own_api


@contextmanager
def _application_on(url: str) -> Iterator[tuple[TestClient, Database]]:
    database = Database.open(url)
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    yield TestClient(create_application(settings, database), raise_server_exceptions=False), database
    database.close()


@pytest.mark.parametrize("path", ["/_livez", "/_livez/", "/_readyz", "/_readyz/"])
def test_a_sound_server_is_alive_and_ready_for_everybody(api: Api, path: str) -> None:
    answer = api.client_with({}).get(path)
    assert (answer.status_code, answer.text) == (200, OK)
    assert answer.headers["content-type"] == "application/json"


def test_a_server_is_not_ready_before_its_database_is_migrated(empty_database_url: str) -> None:
    with _application_on(empty_database_url) as (client, database):
        answer = client.get("/_readyz")
        assert (answer.status_code, answer.text) == (503, wire({"status": "unavailable", "detail": UNMIGRATED}))
        assert client.get("/_livez").text == OK
        schema.upgrade(database)
        assert client.get("/_readyz").text == OK


def test_a_server_stays_ready_while_a_newer_version_upgrades_the_schema_and_others_are_still_to_be_replaced(api: Api) -> None:
    with api.registry.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert api.client.get("/_readyz").text == OK


def test_a_server_is_alive_but_not_ready_when_its_database_cannot_be_reached() -> None:
    with _application_on(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing") as (client, _):
        answer = client.get("/_readyz")
        assert (answer.status_code, answer.text) == (503, wire({"status": "unavailable", "detail": UNAVAILABLE}))
        assert client.get("/_livez").text == OK


def test_requests_are_answered_with_503_when_the_database_cannot_be_reached() -> None:
    with _application_on(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing") as (client, _):
        answer = client.get("/api/projects/1/llm_prompts/", headers={"Authorization": "Bearer phx_x"})
    assert (answer.status_code, answer.text) == (503, wire(envelope("server_error", "unavailable", UNAVAILABLE)))
    assert int(answer.headers["retry-after"]) >= 1


def test_probes_need_no_key_and_are_not_throttled(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_reads="1/hour", rate_limit_bad_keys="1/hour") as api:
        client = api.client_with({"Authorization": "Bearer bad"})
        assert [client.get("/_readyz").status_code for _ in range(3)] == [200, 200, 200]
