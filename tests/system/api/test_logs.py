"""What logs tell, and what they must never tell: shown on the output of a real server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from builders import Registry, bearer, make_key, make_prompt
from serving import Server, running_server
from sqlalchemy import delete, select
from sqlalchemy import text as sql

from promptuary.store.tables import prompts, versions

SECRET_TEXT = "the-secret-text-of-a-prompt"
JSON = {"Content-Type": "application/json"}
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@dataclass(frozen=True)
class Logging:
    """A server that logs everything, and a client with a key."""

    server: Server
    client: httpx2.Client
    key: str

    def lines(self) -> list[Any]:
        """Stop the server and return its log."""
        self.server.stop()
        return [json.loads(line) for line in self.server.output.splitlines() if line.startswith("{")]


@pytest.fixture
def logging_server(registry: Registry, database_url: str, tmp_path: Path) -> Iterator[Logging]:
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
    with (
        running_server(database_url, tmp_path / "server.log", log_level="debug", log_format="json") as server,
        httpx2.Client(base_url=f"{server.url}/api/projects/@current/llm_prompts/", headers=bearer(key)) as client,
    ):
        yield Logging(server, client, key.value)


def _do_everything(client: httpx2.Client, key: str, token: str) -> set[int]:
    """Send keys, tokens and prompts in every place where they can stand, right and wrong; return the statuses."""
    secret = json.dumps({"name": "a", "prompt": SECRET_TEXT, "config": {"key": SECRET_TEXT}, "version_description": SECRET_TEXT})
    other = {"Authorization": ""}
    wrong = {"Authorization": f"Bearer {key}x"}
    edits = [{"old": "the-", "new": "still-the-"}]
    answers = [
        client.post("", content=secret, headers=JSON),
        client.post("", content=secret, headers=JSON),
        client.post("", content=secret[:-1], headers=JSON),
        client.post("", content=secret, headers={"Content-Type": "text/plain"}),
        client.post("", json={"name": SECRET_TEXT + "!", "prompt": SECRET_TEXT}),
        client.post("", json={"personal_api_key": key, "name": "b", "prompt": SECRET_TEXT}, headers=other),
        client.post("", data={"token": token, "name": "c", "prompt": json.dumps(SECRET_TEXT)}),
        client.patch("name/a/", json={"base_version": 1, "edits": edits}),
        client.patch("name/a/", json={"base_version": 1, "prompt": SECRET_TEXT}),
        client.patch("name/a/", json={"base_version": 2, "edits": [{"old": SECRET_TEXT * 2, "new": "x"}]}),
        client.get("", params={"search": SECRET_TEXT, "token": token}),
        client.get("", params={"personal_api_key": key}, headers=other),
        client.get("", params={"personal_api_key": f"{key}x"}, headers=other),
        client.get("", params={"token": f"{token}x"}),
        client.get("", headers=wrong),
        client.get("name/a/"),
        client.get("nothing/"),
    ]
    return {answer.status_code for answer in answers}


@ON_SQLITE
def test_no_key_token_or_text_is_logged(registry: Registry, logging_server: Logging) -> None:
    statuses = _do_everything(logging_server.client, logging_server.key, registry.project.api_token)
    assert statuses == {200, 201, 400, 401, 404, 409, 415}
    lines = logging_server.lines()
    assert len([line for line in lines if line["event"] == "request" and line["path"].startswith("/api/")]) == 17
    for secret in (logging_server.key, registry.project.api_token, SECRET_TEXT):
        assert secret not in logging_server.server.output


@ON_SQLITE
def test_a_defect_is_logged_with_its_traceback_and_without_values(registry: Registry, logging_server: Logging) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        tx.connection.execute(delete(versions))
        assert tx.connection.execute(select(prompts.c.name)).scalar_one() == "greeting"
    body = {"base_version": 1, "prompt": SECRET_TEXT, "config": {"key": SECRET_TEXT}}
    answer = logging_server.client.patch("name/greeting/", json=body, headers={"X-Request-ID": "defect-1"})
    assert (answer.status_code, answer.json()["error_event_id"]) == (500, "defect-1")
    [failure] = [line for line in logging_server.lines() if line["event"] == "request failed"]
    assert (failure["level"], failure["request_id"], failure["path"]) == (
        "error",
        "defect-1",
        "/api/projects/@current/llm_prompts/name/greeting/",
    )
    assert "Traceback" in failure["exception"]
    assert SECRET_TEXT not in logging_server.server.output


@ON_POSTGRESQL
def test_a_refused_statement_is_logged_without_its_values(registry: Registry, logging_server: Logging) -> None:
    with registry.database.write() as tx:
        tx.connection.execute(sql("ALTER TABLE versions DROP COLUMN outline"))
    answer = logging_server.client.post("", json={"name": "a", "prompt": SECRET_TEXT})
    assert answer.status_code == 500
    [failure] = [line for line in logging_server.lines() if line["event"] == "request failed"]
    assert "INSERT INTO versions" in failure["exception"]
    assert SECRET_TEXT not in logging_server.server.output


@ON_SQLITE
def test_each_request_is_a_line_with_its_id(logging_server: Logging) -> None:
    logging_server.client.get("", headers={"X-Request-ID": "seen-1"})
    [line] = [line for line in logging_server.lines() if line.get("request_id") == "seen-1"]
    assert (line["event"], line["level"], line["method"], line["status"], line["client"]) == (
        "request",
        "info",
        "GET",
        200,
        "127.0.0.1",
    )
    assert line["path"] == "/api/projects/@current/llm_prompts/"
    assert line["milliseconds"] >= 0


@ON_SQLITE
def test_probes_and_scrapes_are_no_lines_and_everything_else_is(registry: Registry, logging_server: Logging) -> None:
    probes = ["/_livez", "/_livez/", "/_readyz", "/_readyz/", "/metrics", "/metrics/"]
    others = ["/_anything", "/_livez/x", "/_livezx", "/metricsx", "/metrics/x", f"/api/projects/{registry.project.id}/llm_prompts/"]
    for path in [*probes, *others]:
        httpx2.get(logging_server.server.url + path)
    assert [line["path"] for line in logging_server.lines() if line["event"] == "request"] == others


@ON_SQLITE
def test_refusals_are_no_errors(logging_server: Logging) -> None:
    logging_server.client.get("name/missing/")
    logging_server.client.post("", json={})
    lines = logging_server.lines()
    assert {line["level"] for line in lines} <= {"debug", "info"}
    assert "Traceback" not in logging_server.server.output
