"""Whoever is signed in on the pages may use the API in that browser, but other sites may not use it in their name."""

import pytest
from browsing import give_cookie, signed_in_browser
from builders import Api, make_prompt, make_user
from fastapi.testclient import TestClient
from wire import denied, envelope, wire

from promptuary.model.access import Role
from promptuary.registry.operator import members

NOBODY = wire(envelope("authentication_error", "not_authenticated", "Authentication credentials were not provided."))
BODY = {"name": "greeting", "prompt": "Hello!"}


@pytest.fixture
def sqlite_api(own_sqlite_api: Api) -> Api:
    """The application of the test alone: what it does reaches beyond a project."""
    return own_sqlite_api


@pytest.fixture
def browser(sqlite_api: Api) -> TestClient:
    """A browser in which the editor of the project is signed in."""
    return signed_in_browser(sqlite_api, sqlite_api.registry.user)


def test_a_session_acts_as_its_user_in_their_projects(sqlite_api: Api, browser: TestClient) -> None:
    created = browser.post(sqlite_api.path, json=BODY)
    assert (created.status_code, created.json()["created_by"]["email"]) == (201, sqlite_api.registry.user.email)
    assert browser.get(f"{sqlite_api.path}name/greeting/").text == sqlite_api.client.get(f"{sqlite_api.path}name/greeting/").text
    assert browser.get("/api/projects/@current/llm_prompts/").json()["count"] == 1


def test_a_session_may_not_do_more_than_its_user(sqlite_api: Api, browser: TestClient) -> None:
    with sqlite_api.registry.database.write() as tx:
        make_prompt(tx, sqlite_api.registry.actor)
        stranger = make_user(tx)
        members.set_member(tx, project_id=sqlite_api.registry.project.id, email=sqlite_api.registry.user.email, role=Role.VIEWER)
    refused = browser.post(sqlite_api.path, json=BODY)
    assert (refused.status_code, refused.text) == (403, wire(denied("You do not have editor access to this resource.")))
    outside = signed_in_browser(sqlite_api, stranger).get(sqlite_api.path)
    assert (outside.status_code, outside.text) == (403, wire(denied("You don't have access to the project.")))


@pytest.mark.parametrize("value", ["", "wrong", "phx_wrong"])
def test_without_key_and_session_the_answer_is_the_one_of_the_contract(sqlite_api: Api, value: str) -> None:
    client = sqlite_api.client_with({})
    give_cookie(client, value)
    for answer in (client.get(sqlite_api.path), client.post(sqlite_api.path, json=BODY)):
        assert (answer.status_code, answer.text, answer.headers["www-authenticate"]) == (401, NOBODY, "Bearer")


def test_a_key_wins_over_a_session(sqlite_api: Api, browser: TestClient) -> None:
    answer = browser.get(sqlite_api.path, headers={"Authorization": "Bearer phx_wrong"})
    assert answer.status_code == 401
    assert "Personal API key found in request Authorization header is invalid." in answer.text


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", ""), ("PATCH", "name/x/"), ("PUT", "name/x/labels/y/"), ("DELETE", "name/x/labels/y/")]
)
def test_other_sites_cannot_change_anything_with_a_visitors_session(
    sqlite_api: Api, browser: TestClient, method: str, path: str, headers: dict[str, str]
) -> None:
    del browser.headers["Sec-Fetch-Site"]
    answer = browser.request(method, sqlite_api.path + path, json=BODY, headers=headers)
    assert (answer.status_code, answer.text) == (403, wire(denied("Requests from pages of other origins need a key.")))
    assert sqlite_api.client.get(sqlite_api.path).json()["count"] == 0


def test_the_own_pages_and_programs_can(sqlite_api: Api, browser: TestClient) -> None:
    assert browser.post(sqlite_api.path, json=BODY).status_code == 201
    del browser.headers["Sec-Fetch-Site"]
    assert browser.post(sqlite_api.path, json=BODY | {"name": "b"}, headers={"Origin": "http://testserver"}).status_code == 201
    assert browser.post(sqlite_api.path, json=BODY | {"name": "c"}).status_code == 201
    answer = sqlite_api.client.post(sqlite_api.path, json=BODY | {"name": "d"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 201
