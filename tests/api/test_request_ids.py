import re
from typing import Any

import pytest
from builders import Api, make_prompt
from sqlalchemy import delete
from structlog.testing import capture_logs
from wire import wire

from promptuary.store.tables import versions

PATHS = ["", "name/missing/", "?order_by=x", "../../../nothing", "../../../../_livez", "../../../schema/", "../../../docs/"]


@pytest.mark.parametrize(
    "request_id",
    ["1", "a" * 128, "0af7651916cd43dd8448eb211c80319c", "web-1/abc:DEF.2+3=4@x~_", "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"],
)
def test_a_sane_request_id_is_taken_over(sqlite_api: Api, request_id: str) -> None:
    answer = sqlite_api.client.get(sqlite_api.path, headers={"X-Request-ID": request_id})
    assert answer.headers.get_list("x-request-id") == [request_id]


@pytest.mark.parametrize(
    "request_id", ["", "a" * 129, "two words", '"quoted"', "a,b", "<script>", "é", "\x01", "%0A", "phx_secret", "a/phx_b"]
)
def test_any_other_is_replaced(sqlite_api: Api, request_id: str) -> None:
    headers = [(b"X-Request-ID", request_id.encode("latin-1"))]
    answer = sqlite_api.client.get(sqlite_api.path, headers=headers)
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
def test_every_answer_has_one(sqlite_api: Api, method: str, path: str) -> None:
    for client in (sqlite_api.client, sqlite_api.client_with({})):
        answer = client.request(method, sqlite_api.path + path)
        assert len(answer.headers.get_list("x-request-id")) == 1


def test_each_request_has_its_own(sqlite_api: Api) -> None:
    ids = {sqlite_api.client.get(sqlite_api.path).headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


def _lose_versions(api: Api) -> None:
    """Damage the database so that reading the prompt in a write finds what cannot be."""
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor)
        tx.connection.execute(delete(versions))


def _fail(api: Api, request_id: str) -> Any:
    body = {"base_version": 1, "prompt": "x"}
    return api.client.patch(f"{api.path}name/greeting/", json=body, headers={"X-Request-ID": request_id})


def test_a_500_tells_the_id_by_which_the_log_tells_more(api: Api) -> None:
    _lose_versions(api)
    with capture_logs() as logs:
        answer = _fail(api, "failing-1")
    expected = {
        "type": "server_error",
        "code": "error",
        "detail": "A server error occurred.",
        "attr": None,
        "error_event_id": "failing-1",
    }
    assert (answer.status_code, answer.text) == (500, wire(expected))
    assert answer.headers.get_list("x-request-id") == ["failing-1"]
    assert answer.headers["content-type"] == "application/json"
    failures = [entry for entry in logs if entry["event"] == "request failed"]
    assert [(entry["log_level"], entry["exc_info"]) for entry in failures] == [("error", True)]


def test_the_next_request_after_a_500_is_served(api: Api) -> None:
    _lose_versions(api)
    with capture_logs():
        assert _fail(api, "failing-2").status_code == 500
    assert api.client.get(api.path).status_code == 200
    assert api.client.post(api.path, json={"name": "next", "prompt": "x"}).status_code == 201
