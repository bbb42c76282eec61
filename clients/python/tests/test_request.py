"""Requests to endpoints that have no method in the client, with both clients, against a real server."""

import uuid
from typing import Any

import pytest
from client_service import EitherMaker, Service
from faults import Fault, Proxy, server_error, status

from promptuary_client import (
    ConfigurationError,
    InvalidRequestError,
    InvalidResponseError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
)


@pytest.fixture
def name() -> str:
    return f"made-{uuid.uuid4().hex}"


def test_an_endpoint_of_the_project_or_of_the_host_answers_with_json(make_either: EitherMaker, service: Service) -> None:
    client = make_either()
    page = client.call("request", "GET", "llm_prompts/", params={"search": "staging-", "limit": 2, "label": None}).json()
    assert (page["count"], len(page["results"])) == (5, 2)
    assert client.call("request", "GET", "").json()["id"] == service.registry.project.id
    assert client.call("request", "GET", "/api/users/@me/").json()["email"] == service.registry.user.email
    filtered = client.call("request", "GET", "llm_prompts/changes/", params={"name": ["staging-0", "staging-1"], "limit": 100})
    assert {change["prompt_name"] for change in filtered.json()["results"]} == {"staging-0", "staging-1"}


def test_a_request_that_changes_something_is_seen_at_once_by_the_next_fetch(make_either: EitherMaker, name: str) -> None:
    client = make_either(ttl=3600)
    created = client.call("request", "POST", "llm_prompts/", body={"name": name, "prompt": "one"})
    assert (created.status, created.json()["version"]) == (201, 1)
    assert client.get(name).text == "one"
    client.call("request", "PATCH", f"llm_prompts/name/{name}/", body={"base_version": 1, "prompt": "two"})
    assert client.get(name).text == "two"
    client.call("move_label", name, "old", version=1)
    removed = client.call("request", "DELETE", f"llm_prompts/name/{name}/labels/old/")
    assert (removed.status, removed.body, removed.json()) == (204, b"", None)


def test_a_body_of_bytes_is_sent_as_it_is_and_one_that_is_not_json_is_returned_as_it_is(
    make_either: EitherMaker, service: Service, name: str
) -> None:
    client = make_either(api_key=service.make_admin_key())
    client.call("create", name, "one")
    exported = client.call("request", "GET", "llm_prompts/export/").body
    lines = {"Content-Type": "application/x-ndjson"}
    result = client.call("request", "POST", "llm_prompts/import/", body=b"\n".join(exported.split(b"\n")[1:]), headers=lines).json()
    assert (result["prompts_created"], result["skipped"]) == (0, [])
    with pytest.raises(InvalidResponseError, match="not JSON"):
        client.call("request", "GET", "llm_prompts/export/").json()


def test_errors_are_those_of_the_other_methods(make_either: EitherMaker, proxy: Proxy) -> None:
    client = make_either(proxy.url)
    with pytest.raises(NotFoundError):
        client.call("request", "GET", "llm_prompts/name/no-such-prompt/")
    faults: list[tuple[Fault, type[Exception]]] = [
        (status(403, b'{"detail": "No."}'), PermissionDeniedError),
        (server_error, ServerError),
        (status(302, b""), InvalidResponseError),
    ]
    for fault, error in faults:
        proxy.fault = fault
        with pytest.raises(error):
            client.call("request", "GET", "llm_prompts/")
    proxy.fault = status(200, b"<html>")
    with pytest.raises(InvalidResponseError):
        client.call("request", "GET", "llm_prompts/").json()


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "/../x", "a/../../b", "a?b=c", "a#b", "a\nb", "/api/\0", "http://other.example/"]
)
def test_what_is_no_path_below_the_host_is_not_sent(make_either: EitherMaker, proxy: Proxy, path: str) -> None:
    client = make_either(proxy.url)
    with pytest.raises(ValueError, match="is not the path of an endpoint"):
        client.call("request", "GET", path)
    assert proxy.requests == []


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("", {}),
        ("GE T", {}),
        ("PÖST", {}),
        (None, {}),
        ("POST", {"body": float("nan")}),
        ("POST", {"body": {"text": "\ud800"}}),
        ("POST", {"body": {1, 2}}),
        ("POST", {"body": b"x", "headers": {"Content-Length": "5"}}),
        ("GET", {"headers": {"Authorization": "Bearer other"}}),
        ("GET", {"headers": {"X-Name": "ü"}}),
        ("GET", {"headers": {"X-Name": "a\r\nb"}}),
        ("GET", {"timeout": float("nan")}),
        ("GET", {"timeout": float("inf")}),
        ("GET", {"timeout": 0}),
    ],
    ids=ascii,
)
def test_what_cannot_be_sent_is_an_error_of_the_program(
    make_either: EitherMaker, proxy: Proxy, method: Any, options: dict[str, Any]
) -> None:
    client = make_either(proxy.url)
    with pytest.raises(ValueError):  # noqa: PT011 - the texts are those of many checks
        client.call("request", method, "llm_prompts/", **options)
    assert proxy.requests == []


def test_all_refusals_with_a_text_are_typed(make_either: EitherMaker, proxy: Proxy) -> None:
    client = make_either(proxy.url)
    with pytest.raises(InvalidRequestError, match="Accept header") as refused:
        client.call("request", "GET", "llm_prompts/", headers={"Accept": "text/html"})
    assert refused.value.status == 406
    proxy.fault = status(418, b"no JSON")
    with pytest.raises(InvalidResponseError, match="is not Promptuary"):
        client.call("request", "GET", "llm_prompts/")


def test_with_the_token_of_a_project_requests_read_only(make_either: EitherMaker, service: Service) -> None:
    client = make_either(project=service.registry.project.api_token)
    assert client.call("request", "GET", "llm_prompts/name/greeting/").json()["version"] == 3
    assert client.call("request", "get", "llm_prompts/name/greeting/").json()["version"] == 3
    body: dict[str, Any] = {"name": "x", "prompt": "y"}
    with pytest.raises(ConfigurationError, match="read-only"):
        client.call("request", "POST", "llm_prompts/", body=body)
