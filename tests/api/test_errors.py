from collections.abc import Iterator

import pytest
from builders import Api, make_prompt
from wire import envelope, not_found, wire

from promptuary.api.errors import STATUSES
from promptuary.api.posthog.errors import SHAPES
from promptuary.model import errors
from promptuary.model.errors import RegistryError


def _all_below(kind: type[RegistryError]) -> Iterator[type[RegistryError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _all_below(child)


ROOTS_OF_NOTHING = {errors.NotFound, errors.PermissionDenied}
"""Refusals that are never raised themselves; they answer for those below them."""


@pytest.mark.parametrize("kind", list(_all_below(RegistryError)), ids=lambda kind: kind.__name__)
def test_every_refusal_has_an_answer(kind: type[RegistryError]) -> None:
    answering = next((ancestor for ancestor in kind.__mro__ if ancestor in STATUSES), None)
    assert answering not in {None, RegistryError}
    assert answering is not None
    assert issubclass(kind, answering)
    assert answering in {kind, *ROOTS_OF_NOTHING}
    assert 400 <= STATUSES[answering] < 600
    assert answering in SHAPES


def test_the_root_of_all_refusals_has_no_answer_that_would_hide_a_missing_one() -> None:
    assert RegistryError not in {*STATUSES, *SHAPES}


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/nothing/",
        "/api/projects/1/nothing/",
        "/api/projects/1/prompts/",
        "/api",
        "/api/Schema/",
        "/api/projects//llm_prompts/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "PURGE"])
def test_an_unknown_path_is_a_404_for_everybody(shared_api: Api, method: str, path: str) -> None:
    for client in (shared_api.client, shared_api.client_with({})):
        answer = client.request(method, path)
        assert (answer.status_code, answer.text) == (404, wire(not_found("Endpoint not found.")))


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("", 200),
        ("*/*", 200),
        ("application/json", 200),
        ("APPLICATION/JSON; charset=utf-8", 200),
        ("text/html, application/*;q=0.5", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("text/html", 406),
        ("application/xml", 406),
    ],
)
def test_a_caller_has_to_accept_json(shared_api: Api, accept: str, status: int) -> None:
    assert shared_api.client.get(shared_api.path, headers={"Accept": accept}).status_code == status


def test_the_whole_answer_to_a_caller_who_does_not_accept_json(shared_api: Api) -> None:
    answer = shared_api.client.get(shared_api.path, headers={"Accept": "text/html"})
    expected = envelope("invalid_request", "not_acceptable", "Could not satisfy the request Accept header.")
    assert (answer.status_code, answer.text) == (406, wire(expected))


def test_errors_are_json_like_all_answers(shared_api: Api) -> None:
    paths = ["/api/nothing/", f"{shared_api.path}name/missing/", f"{shared_api.path}?order_by=x", f"{shared_api.path}?token=x"]
    types = {shared_api.client.get(path).headers["content-type"] for path in paths}
    assert types == {"application/json"}


def test_what_the_view_finds_out_has_a_detail_and_no_type_code_or_attr(sqlite_api: Api) -> None:
    with sqlite_api.registry.database.write() as tx:
        make_prompt(tx, sqlite_api.registry.actor)
    path = f"{sqlite_api.path}name/greeting/"
    client = sqlite_api.client
    assert list(client.get(f"{sqlite_api.path}name/x/").json()) == ["detail"]
    assert list(client.patch(path, json={"base_version": 2, "prompt": "x"}).json()) == ["detail", "current_version"]
    edits = [{"old": "x", "new": "y"}]
    assert list(client.patch(path, json={"base_version": 1, "edits": edits}).json()) == ["detail", "edit_index"]
    assert list(client.post(f"{path}duplicate/", json={"new_name": "greeting"}).json()) == ["attr", "detail"]
    assert list(client.put(f"{path}labels/a/", json={"version": 2}).json()) == ["detail"]
    assert list(client.delete(f"{path}labels/a/").json()) == ["detail"]
