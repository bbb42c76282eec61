"""Making and revoking one's own keys on the pages."""

import html
import re

import pytest
from browsing import signed_in_browser
from builders import Api, bearer, make_key, make_user
from fastapi.testclient import TestClient

from promptuary.model.access import Scope
from promptuary.model.accounts import Key
from promptuary.registry.operator import keys, projects
from promptuary.store import changes
from promptuary.web.account.scopes import describe_scopes

VALUE = re.compile(r"phx_[A-Za-z0-9_-]{43}")
FORM = {"label": "support bot", "scope": "llm_prompt:read"}


def keys_of(web: Api) -> list[Key]:
    with web.registry.database.read() as tx:
        return [key for key in keys.list_keys(tx, email=web.registry.user.email, limit=100) if key.id != web.key.key.id]


def test_a_new_key_is_shown_once_and_works_within_its_scope(web: Api, browser: TestClient) -> None:
    answer = browser.post("/settings/keys/", data=FORM)
    assert answer.status_code == 201
    [value] = set(VALUE.findall(answer.text))
    assert not VALUE.search(browser.get("/settings/keys/").text)
    client = web.client_with({"Authorization": f"Bearer {value}"})
    assert client.get(web.path).status_code == 200
    assert client.post(web.path, json={"name": "a", "prompt": "b"}).status_code == 403
    with web.registry.database.read() as tx:
        [*_, last] = [change for change in changes.list_changes(tx, limit=1000) if change.kind == "key.created"]
    assert last.by.user_id == web.registry.user.id
    assert value not in repr(last)


def test_a_key_can_be_limited_to_ones_own_projects_only(web: Api, browser: TestClient) -> None:
    with web.registry.database.write() as tx:
        other = projects.create_project(tx, name="Secret")
    assert "Secret" not in browser.get("/settings/keys/").text
    assert browser.post("/settings/keys/", data=FORM | {"project": str(web.registry.project.id)}).status_code == 201
    refused = browser.post("/settings/keys/", data=FORM | {"project": [str(web.registry.project.id), str(other.id)]})
    assert (refused.status_code, "You are not a member" in refused.text) == (400, True)
    assert [key.project_ids for key in keys_of(web)] == [frozenset({web.registry.project.id})]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"label": ""}, "This field may not be blank."),
        ({"label": "x" * 101}, "no more than 100 characters"),
        ({"label": "a\0b"}, "Null characters are not allowed."),
        ({"scope": []}, "A key needs at least one scope."),
        ({"scope": "everything"}, "Choose what the key may do."),
        ({"project": "x"}, "Choose from your projects."),
        ({"project": "-1"}, "Choose from your projects."),
        ({"project": "9" * 5000}, "Choose from your projects."),
        ({"project": "999999999"}, "You are not a member"),
        ({"project": "\N{SUPERSCRIPT TWO}"}, "Choose from your projects."),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_the_reason(web: Api, browser: TestClient, fields: dict[str, str], said: str) -> None:
    answer = browser.post("/settings/keys/", data=FORM | fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert keys_of(web) == []


def test_a_revoked_key_is_refused_at_once(web: Api, browser: TestClient) -> None:
    assert web.client.get(web.path).status_code == 200
    answer = browser.post(f"/settings/keys/{web.key.key.id}/revoke")
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/keys/")
    assert web.client.get(web.path).status_code == 401
    page = browser.get("/settings/keys/").text
    assert "The key test is revoked." in page
    assert f"/settings/keys/{web.key.key.id}/revoke" not in page


def test_nobody_sees_or_revokes_the_keys_of_others(web: Api) -> None:
    with web.registry.database.write() as tx:
        other = make_user(tx)
        make_key(tx, other)
    browser = signed_in_browser(web, other)
    assert web.key.key.mask not in browser.get("/settings/keys/").text
    for key_id in (web.key.key.id, "made-up", "%00", "x" * 5000):
        assert browser.post(f"/settings/keys/{key_id}/revoke").status_code == 404
    assert web.client_with(bearer(web.key)).get(web.path).status_code == 200


def test_when_a_key_was_used_is_shown(web: Api, browser: TestClient) -> None:
    browser.post("/settings/keys/", data=FORM)
    assert html.unescape(browser.get("/settings/keys/").text).count("never") == 2
    web.client.get(web.path)
    assert browser.get("/settings/keys/").text.count("never") == 1


def test_a_key_that_writes_and_releases_is_chosen_as_one(web: Api, browser: TestClient) -> None:
    both = "llm_prompt:write llm_prompt:release"
    assert f'value="{both}"' in browser.get("/settings/keys/").text
    refused = browser.post("/settings/keys/", data=FORM | {"label": "", "scope": both})
    assert f'value="{both}" checked' in refused.text
    assert browser.post("/settings/keys/", data=FORM | {"scope": both}).status_code == 201
    assert [key.scopes for key in keys_of(web)] == [{Scope.WRITE, Scope.RELEASE}]


def test_a_key_that_manages_is_chosen_beside_what_it_may_do_with_prompts(web: Api, browser: TestClient) -> None:
    page = browser.get("/settings/keys/").text
    for scope in ("member:write", "project:write", "key:write"):
        assert f'type="checkbox" name="scope" value="{scope}">' in page
    chosen = ["llm_prompt:read", "key:write"]
    refused = browser.post("/settings/keys/", data=FORM | {"label": "", "scope": chosen})
    assert 'value="key:write" checked' in refused.text
    assert 'value="member:write">' in refused.text
    for sent in (chosen, ["", "member:write"]):
        assert browser.post("/settings/keys/", data=FORM | {"scope": sent}).status_code == 201
    assert {key.scopes for key in keys_of(web)} == {frozenset({Scope.READ, Scope.KEYS}), frozenset({Scope.MEMBERS})}


@pytest.mark.parametrize(
    ("scopes", "told"),
    [
        ([Scope.READ], "Read prompts"),
        ([Scope.READ, Scope.WRITE], "Read and write prompts"),
        ([Scope.RELEASE, Scope.READ], "Read prompts, approve and merge change requests"),
        ([Scope.RELEASE, Scope.WRITE], "Read and write prompts, approve and merge change requests"),
        ([Scope.ALL, Scope.READ], "Everything that you may do"),
        ([Scope.READ, Scope.KEYS, Scope.MEMBERS], "Read prompts; Manage members, keys"),
        ([Scope.PROJECTS], "Manage projects"),
        ([], "Nothing"),
    ],
)
def test_what_a_key_may_do_is_told_once(scopes: list[Scope], told: str) -> None:
    assert describe_scopes(scopes) == told
