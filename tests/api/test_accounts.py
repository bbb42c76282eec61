"""Keys, members and projects by the API, with a key that may manage them."""

from typing import Any

import pytest
from browsing import signed_in_browser
from builders import Api, Registry, bearer, make_key, make_member, make_user
from fastapi.testclient import TestClient
from wire import NOON, NULL, REQUIRED, denied, envelope, invalid, not_found, user_basic, wire

from promptuary.model.access import Role, Scope
from promptuary.model.accounts import Key, User
from promptuary.registry.operator import keys, members, projects, users
from promptuary.store import changes

KEYS = "/api/personal_api_keys/"
PROJECTS = "/api/projects/"


@pytest.fixture
def api(own_api: Api) -> Api:
    """The application of the test alone: what it does reaches beyond a project."""
    return own_api


@pytest.fixture
def sqlite_api(own_sqlite_api: Api) -> Api:
    """The application of the test alone: what it does reaches beyond a project."""
    return own_sqlite_api


def members_path(api: Api) -> str:
    return f"{PROJECTS}{api.registry.project.id}/members/"


def client_of(api: Api, user: User, *scopes: Scope, project_ids: list[int] | None = None) -> TestClient:
    with api.registry.database.write() as tx:
        return api.client_with(bearer(make_key(tx, user, *scopes, project_ids=project_ids)))


def add(registry: Registry, role: Role) -> User:
    with registry.database.write() as tx:
        return make_member(tx, registry.project, role=role)


def last_change(registry: Registry) -> Any:
    with registry.database.read() as tx:
        return changes.list_changes(tx, limit=1000)[-1]


@pytest.fixture
def admin(sqlite_api: Api) -> TestClient:
    return client_of(sqlite_api, add(sqlite_api.registry, Role.ADMIN))


def test_a_key_is_created_shown_once_listed_used_and_revoked(api: Api) -> None:
    registry = api.registry
    manager = client_of(api, registry.user, Scope.KEYS, Scope.WRITE, project_ids=[registry.project.id])
    created = manager.post(KEYS, json={"label": "Shop", "scopes": ["llm_prompt:read"]})
    assert (created.status_code, created.headers["cache-control"]) == (201, "no-store")
    shown = created.json()
    with registry.database.read() as tx:
        stored = keys.get_key(tx, shown["id"])
        assert changes.list_changes(tx, limit=1000)[-1].by.key_id not in {None, stored.id}
    assert stored.project_ids == frozenset({registry.project.id})
    value = shown.pop("value")
    listed = manager.get(KEYS)
    assert (listed.json()[0], value in listed.text) == (shown | {"value": None}, False)
    reader = api.client_with({"Authorization": f"Bearer {value}"})
    assert reader.get(api.path).status_code == 200
    assert reader.post(api.path, json={"name": "a", "prompt": "b"}).status_code == 403
    assert reader.get(f"{KEYS}@current/").json()["label"] == "Shop"
    gone = manager.delete(f"{KEYS}{shown['id']}/")
    assert (gone.status_code, gone.content) == (204, b"")
    assert reader.get(api.path).status_code == 401
    assert manager.get(f"{KEYS}{shown['id']}/").json()["revoked_at"] is not None


def test_the_form_of_a_key_is_that_of_posthog(sqlite_api: Api) -> None:
    key: Key = sqlite_api.key.key
    shown = {
        "id": key.id,
        "label": "test",
        "value": None,
        "mask_value": key.mask,
        "created_at": NOON,
        "last_used_at": None,
        "last_rolled_at": None,
        "revoked_at": None,
        "user_id": sqlite_api.registry.user.id,
        "scopes": ["*"],
        "scoped_teams": None,
        "scoped_organizations": [],
    }
    assert sqlite_api.client.get(KEYS).text == wire([shown])
    me = sqlite_api.client.get("/api/users/@me/")
    assert me.text == wire(user_basic(sqlite_api.registry.user))


@pytest.mark.parametrize(
    ("body", "code", "detail", "attr"),
    [
        ({}, "required", REQUIRED, "label"),
        ({"label": "", "scopes": ["*"]}, "blank", "This field may not be blank.", "label"),
        ({"label": "x" * 101, "scopes": ["*"]}, "max_length", "Ensure this field has no more than 100 characters.", "label"),
        ({"label": "a\0b", "scopes": ["*"]}, "null_characters_not_allowed", "Null characters are not allowed.", "label"),
        ({"label": "x"}, "required", REQUIRED, "scopes"),
        ({"label": "x", "scopes": None}, "null", NULL, "scopes"),
        ({"label": "x", "scopes": []}, "required", "A key needs at least one scope.", "scopes"),
        ({"label": "x", "scopes": ["everything"]}, "invalid_choice", '"everything" is not a valid choice.', "scopes"),
        ({"label": "x", "scopes": [1]}, "invalid_choice", '"1" is not a valid choice.', "scopes"),
        ({"label": "x", "scopes": [["*"]]}, "invalid_choice", "\"['*']\" is not a valid choice.", "scopes"),
        (
            {"label": "x", "scopes": ["*"], "scoped_teams": ["a"]},
            "invalid_input",
            "A valid integer is required.",
            "scoped_teams__0",
        ),
        (
            {"label": "x", "scopes": ["*"], "scoped_teams": [10**30]},
            "max_value",
            "Ensure this value is less than or equal to 2147483647.",
            "scoped_teams__0",
        ),
        (
            {"label": "x", "scopes": ["*"], "scoped_teams": [999]},
            "invalid_choice",
            "You are not a member of one of these projects.",
            "scoped_teams",
        ),
    ],
)
def test_a_key_that_cannot_be_is_refused(sqlite_api: Api, body: Any, code: str, detail: str, attr: str) -> None:
    answer = sqlite_api.client.post(KEYS, json=body)
    assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, attr)))
    assert len(sqlite_api.client.get(KEYS).json()) == 1


def test_a_key_cannot_climb(sqlite_api: Api) -> None:
    registry = sqlite_api.registry
    with registry.database.write() as tx:
        other = projects.create_project(tx, name="Other")
        members.set_member(tx, project_id=other.id, email=registry.user.email, role=Role.ADMIN)
        stranger = make_key(tx, make_user(tx))
    thief = client_of(sqlite_api, registry.user, Scope.KEYS, Scope.READ, project_ids=[registry.project.id])
    for scope in ("*", "llm_prompt:write", "llm_prompt:release", "member:write", "project:write"):
        answer = thief.post(KEYS, json={"label": "x", "scopes": ["llm_prompt:read", scope]})
        assert answer.status_code == 403
        assert answer.json()["detail"].startswith("API key may not do this, because it lacks the scope: ")
    answer = thief.post(KEYS, json={"label": "x", "scopes": ["llm_prompt:read"], "scoped_teams": [other.id]})
    assert (answer.status_code, answer.text) == (
        403,
        wire(denied(f"API key may not do this, because it lacks the project: {other.id}.")),
    )
    refused = thief.delete(f"{KEYS}{sqlite_api.key.key.id}/")
    assert (refused.status_code, sqlite_api.client.get(sqlite_api.path).status_code) == (403, 200)
    assert thief.post(PROJECTS, json={"name": "Mine"}).status_code == 403
    assert [each["id"] for each in thief.get(PROJECTS).json()["results"]] == [registry.project.id]
    for method in ("GET", "DELETE"):
        answer = thief.request(method, f"{KEYS}{stranger.key.id}/")
        assert (answer.status_code, answer.text) == (404, wire(not_found(f"No personal API key has the id '{stranger.key.id}'.")))


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", KEYS, "key:write"),
        ("POST", KEYS, "key:write"),
        ("GET", "{project}members/", "member:write"),
        ("POST", "{project}members/", "member:write"),
        ("POST", "{project}members/invite/", "member:write"),
        ("POST", "{project}members/1/renew_invitation/", "member:write"),
        ("GET", "{project}members/1/", "member:write"),
        ("PATCH", "{project}members/1/", "member:write"),
        ("DELETE", "{project}members/1/", "member:write"),
        ("POST", PROJECTS, "project:write"),
        ("PATCH", "{project}", "project:write"),
        ("PATCH", "{project}reset_token/", "project:write"),
    ],
)
def test_managing_takes_its_scope_and_nobody_does_it_without_credentials(
    sqlite_api: Api, method: str, path: str, scope: str
) -> None:
    path = path.format(project=f"{PROJECTS}{sqlite_api.registry.project.id}/")
    others = [each for each in Scope if each not in {scope, Scope.ALL}]
    before = last_change(sqlite_api.registry).sequence
    answer = client_of(sqlite_api, sqlite_api.registry.user, *others).request(method, path, json={})
    assert (answer.status_code, answer.text) == (403, wire(denied(f"API key missing required scope '{scope}'")))
    assert sqlite_api.client_with({}).request(method, path).status_code == 401
    assert sqlite_api.client_with({"Authorization": "Bearer phx_wrong"}).request(method, path).status_code == 401
    with sqlite_api.registry.database.read() as tx:
        made = [change.kind for change in changes.list_changes(tx, after=before, limit=100)]
    assert made == ["key.created"]


def test_members_are_set_listed_changed_and_removed_by_admins(api: Api) -> None:
    registry, path = api.registry, members_path(api)
    admin = client_of(api, add(registry, Role.ADMIN), Scope.MEMBERS, project_ids=[registry.project.id])
    with registry.database.write() as tx:
        new = make_user(tx)
    added = admin.post(path, json={"email": new.email.upper(), "role": "viewer"})
    assert (added.status_code, added.json()["email"], added.json()["role"]) == (200, new.email, "viewer")
    assert admin.get(path).json()["count"] == 3
    page = admin.get(path, params={"limit": 1, "offset": 2}).json()
    assert (page["results"][0]["user_id"], page["next"]) == (new.id, None)
    changed = admin.patch(f"{path}{new.id}/", json={"role": "editor"})
    assert (changed.status_code, changed.json()["role"]) == (200, "editor")
    assert admin.get(f"{path}{new.id}/").json() == changed.json()
    assert last_change(registry).by.key_id is not None
    assert admin.delete(f"{path}{new.id}/").status_code == 204
    gone = admin.delete(f"{path}{new.id}/")
    assert (gone.status_code, gone.text) == (404, wire(not_found(f"No member of this project has the ID {new.id}.")))


def test_the_last_admin_stays(api: Api) -> None:
    user = add(api.registry, Role.ADMIN)
    admin, path = client_of(api, user, Scope.MEMBERS), f"{members_path(api)}{user.id}/"
    for answer in (admin.delete(path), admin.patch(path, json={"role": "viewer"})):
        said = f"'{user.email}' is the only admin of project {api.registry.project.id}. Give the project another admin first."
        assert (answer.status_code, answer.text) == (409, wire(envelope("invalid_request", "conflict", said)))
    assert admin.get(path).json()["role"] == "admin"


def test_who_is_no_admin_sees_members_and_changes_none(sqlite_api: Api) -> None:
    path, user = members_path(sqlite_api), sqlite_api.registry.user
    assert sqlite_api.client.get(path).json()["results"][0] == {
        "user_id": user.id,
        "email": user.email,
        "name": "Test User",
        "role": "editor",
        "has_password": False,
        "is_invited": False,
        "created_at": NOON,
    }
    body = {"email": user.email, "role": "admin"}
    for answer in (
        sqlite_api.client.post(path, json=body),
        sqlite_api.client.post(f"{path}invite/", json=body),
        sqlite_api.client.patch(f"{path}{user.id}/", json=body),
        sqlite_api.client.delete(f"{path}{user.id}/"),
        sqlite_api.client.patch(f"{PROJECTS}{sqlite_api.registry.project.id}/", json={"name": "x"}),
        sqlite_api.client.patch(f"{PROJECTS}{sqlite_api.registry.project.id}/reset_token/"),
        sqlite_api.client.post(PROJECTS, json={"name": "x"}),
    ):
        assert (answer.status_code, answer.text) == (403, wire(denied("You do not have admin access to this resource.")))


def test_a_project_is_closed_to_admins_of_others(sqlite_api: Api) -> None:
    with sqlite_api.registry.database.write() as tx:
        other = projects.create_project(tx, name="Other")
        stranger = make_user(tx)
        members.set_member(tx, project_id=other.id, email=stranger.email, role=Role.ADMIN)
    client = client_of(sqlite_api, stranger)
    for path in (members_path(sqlite_api), f"{members_path(sqlite_api)}{sqlite_api.registry.user.id}/"):
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (403, wire(denied("You don't have access to the project.")))
    inside = client.get(f"{PROJECTS}{other.id}/members/{sqlite_api.registry.user.id}/")
    assert inside.status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code", "detail", "attr"),
    [
        ({}, 400, "required", REQUIRED, "email"),
        ({"email": "x@example.com"}, 400, "required", REQUIRED, "role"),
        ({"email": "x@example.com", "role": "owner"}, 400, "invalid_choice", '"owner" is not a valid choice.', "role"),
        ({"email": "x@example.com", "role": ["admin"]}, 400, "invalid_choice", "\"['admin']\" is not a valid choice.", "role"),
        ({"email": ["x"], "role": "admin"}, 400, "invalid_input", "Not a valid string.", "email"),
        ({"email": "x" * 300, "role": "admin"}, 400, "max_length", "Ensure this field has no more than 254 characters.", "email"),
    ],
)
def test_a_member_that_cannot_be_is_refused(
    sqlite_api: Api, admin: TestClient, body: Any, status: int, code: str, detail: str, attr: str
) -> None:
    for path in ("", "invite/"):
        answer = admin.post(f"{members_path(sqlite_api)}{path}", json=body)
        assert (answer.status_code, answer.text) == (status, wire(invalid(code, detail, attr)))


def test_a_new_user_is_invited_by_a_link_that_opens_the_account(sqlite_api: Api, admin: TestClient) -> None:
    path = members_path(sqlite_api)
    body = {"email": "guest@example.com", "role": "viewer"}
    unknown = admin.post(path, json=body)
    assert (unknown.status_code, unknown.text) == (404, wire(not_found("No user has the e-mail address 'guest@example.com'.")))
    invited = admin.post(f"{path}invite/", json=body)
    assert (invited.status_code, invited.headers["cache-control"], invited.json()["is_invited"]) == (201, "no-store", True)
    again = admin.post(f"{path}{invited.json()['user_id']}/renew_invitation/")
    assert (again.status_code, again.headers["cache-control"]) == (200, "no-store")
    browser = sqlite_api.client_with({})
    first, second = (answer.json()["invitation_link"].removeprefix("http://testserver") for answer in (invited, again))
    assert (browser.get(first).status_code, browser.get(second).status_code) == (404, 200)
    taken = admin.post(f"{path}invite/", json=body)
    assert (taken.status_code, taken.json()["attr"]) == (400, "email")


def test_an_account_with_an_unverified_address_needs_a_confirmation(sqlite_api: Api, admin: TestClient) -> None:
    path = members_path(sqlite_api)
    with sqlite_api.registry.database.write() as tx:
        other = projects.create_project(tx, name="Other")
        guest = users.create_user(tx, email="guest@example.com", password="correct horse battery", invited_to_id=other.id)
    body = {"email": guest.email, "role": "viewer"}
    refused = admin.post(path, json=body)
    assert (refused.status_code, refused.json()["code"]) == (400, "address_not_verified")
    assert admin.post(path, json=body | {"confirmed": True}).status_code == 200
    assert admin.patch(f"{path}{guest.id}/", json={"role": "admin"}).json()["code"] == "address_not_verified"
    assert admin.patch(f"{path}{guest.id}/", json={"role": "admin", "confirmed": "yes"}).json()["role"] == "admin"


def test_projects_are_created_listed_renamed_and_get_new_tokens(api: Api) -> None:
    manager = client_of(api, add(api.registry, Role.ADMIN), Scope.PROJECTS)
    created = manager.post(PROJECTS, json={"name": " Shop "})
    project = created.json()
    assert (created.status_code, project["name"], project["role"]) == (201, "Shop", "admin")
    path = f"{PROJECTS}{project['id']}/"
    assert manager.get(path).json() == project
    assert [each["name"] for each in manager.get(PROJECTS).json()["results"]] == ["Shop", "Test project"]
    renamed = manager.patch(path, json={"name": "Store"})
    assert (renamed.status_code, renamed.json()) == (200, project | {"name": "Store"})
    assert manager.patch(path, json={}).json() == renamed.json()
    rotated = manager.patch(f"{path}reset_token/").json()
    assert rotated == renamed.json() | {"api_token": rotated["api_token"]}
    assert rotated["api_token"] != project["api_token"]
    assert last_change(api.registry).by.key_id is not None
    page = manager.get(PROJECTS, params={"limit": 1}).json()
    assert (page["count"], len(page["results"]), page["next"] is None) == (2, 1, False)


@pytest.mark.parametrize(
    ("name", "code", "detail"),
    [
        ("", "blank", "This field may not be blank."),
        (None, "null", NULL),
        ("x" * 151, "max_length", "Ensure this field has no more than 150 characters."),
        ("a\0b", "null_characters_not_allowed", "Null characters are not allowed."),
        (True, "invalid_input", "Not a valid string."),
    ],
)
def test_a_name_that_no_project_has_is_refused(sqlite_api: Api, admin: TestClient, name: object, code: str, detail: str) -> None:
    for method, path in (("POST", PROJECTS), ("PATCH", f"{PROJECTS}{sqlite_api.registry.project.id}/")):
        answer = admin.request(method, path, json={"name": name})
        assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, "name")))


def test_half_of_a_surrogate_pair_is_no_text(sqlite_api: Api, admin: TestClient) -> None:
    body = b'{"name": "\\ud800", "label": "\\ud800", "email": "\\ud800", "role": "admin", "scopes": ["*"]}'
    for path in (PROJECTS, KEYS, members_path(sqlite_api)):
        answer = admin.post(path, content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


def test_any_key_sees_its_user_itself_and_the_projects_that_it_may_enter(sqlite_api: Api) -> None:
    registry = sqlite_api.registry
    with registry.database.write() as tx:
        other = projects.create_project(tx, name="Other")
        members.set_member(tx, project_id=other.id, email=registry.user.email, role=Role.ADMIN)
    client = client_of(sqlite_api, registry.user, Scope.RELEASE, project_ids=[registry.project.id])
    assert client.get("/api/users/@me/").json()["email"] == registry.user.email
    assert client.get(f"{KEYS}@current/").json()["scopes"] == ["llm_prompt:release"]
    assert [each["role"] for each in client.get(PROJECTS).json()["results"]] == ["editor"]
    assert client.delete(f"{KEYS}@current/").status_code == 204
    assert client.get("/api/users/@me/").status_code == 401


def test_the_use_of_a_key_is_noted(sqlite_api: Api) -> None:
    assert sqlite_api.client.get("/api/users/@me/").status_code == 200
    assert sqlite_api.client.get(f"{KEYS}@current/").json()["last_used_at"] == NOON


def test_a_session_manages_the_keys_of_its_user_from_own_pages_only(sqlite_api: Api) -> None:
    browser = signed_in_browser(sqlite_api, sqlite_api.registry.user)
    assert browser.post(KEYS, json={"label": "x", "scopes": ["*"]}).status_code == 201
    assert browser.get(f"{KEYS}@current/").status_code == 404
    browser.headers["Sec-Fetch-Site"] = "cross-site"
    for method, path in (("POST", KEYS), ("DELETE", f"{KEYS}{sqlite_api.key.key.id}/"), ("POST", PROJECTS)):
        answer = browser.request(method, path, json={"label": "y", "scopes": ["*"], "name": "y"})
        assert (answer.status_code, answer.text) == (403, wire(denied("Requests from pages of other origins need a key.")))
    assert len(browser.get(KEYS).json()) == 2
