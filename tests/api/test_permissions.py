"""Who may call which endpoint: every endpoint times every kind of caller."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from builders import Api, Registry, bearer, make_key, make_member, make_prompt, make_user
from wire import Json, bad_credentials, denied, envelope, wire

from promptuary.model.access import Role, Scope
from promptuary.registry import labels, prompts
from promptuary.registry.operator import keys, members, projects, users
from promptuary.store.engine.database import Transaction

Headers = dict[str, str]


@dataclass(frozen=True)
class Endpoint:
    """An endpoint, a request that it accepts, and the status of its answer then."""

    method: str
    path: str
    status: int
    json: Json | None = None
    lines: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


READS = [
    Endpoint("GET", "", 200),
    Endpoint("GET", "?archived=true", 200),
    Endpoint("GET", "name/greeting/", 200),
    Endpoint("GET", "resolve/name/greeting/", 200),
    Endpoint("GET", "name/greeting/usage/", 200),
    Endpoint("GET", "changes/", 200),
]
WRITES = [
    Endpoint("POST", "", 201, {"name": "created", "prompt": "x"}),
    Endpoint("PATCH", "name/greeting/", 200, {"base_version": 1, "prompt": "x"}),
    Endpoint("POST", "name/greeting/archive/", 204),
    Endpoint("POST", "name/old/restore/", 200),
    Endpoint("POST", "name/greeting/duplicate/", 201, {"new_name": "copy"}),
    Endpoint("PUT", "name/greeting/labels/new-label/", 201, {"version": 1}),
    Endpoint("DELETE", "name/greeting/labels/production/", 204),
]
_TIMESTAMP = "2026-01-01T00:00:00.000000Z"
LINES = (
    f'{{"type": "prompt", "name": "imported", "created_at": "{_TIMESTAMP}", "archived_at": null}}\n'
    f'{{"type": "version", "version": 1, "prompt": "x", "config": null, "description": null, "created_at": "{_TIMESTAMP}",'
    ' "created_by": null}\n'
)
EXPORTS = [Endpoint("GET", "export/", 200)]
IMPORTS = [Endpoint("POST", "import/", 200, lines=LINES)]


def _member(role: Role, *scopes: Scope) -> Callable[[Transaction, Registry], Headers]:
    return lambda tx, registry: bearer(make_key(tx, make_member(tx, registry.project, role=role), *scopes))


def _no_credentials(_tx: Transaction, _registry: Registry) -> Headers:
    return {}


def _broken_key(tx: Transaction, registry: Registry) -> Headers:
    key = make_key(tx, registry.user)
    return {"Authorization": f"Bearer {key.value[:-1]}"}


def _revoked_key(tx: Transaction, registry: Registry) -> Headers:
    key = make_key(tx, registry.user)
    keys.revoke_key(tx, key.key.id)
    return bearer(key)


def _key_of_disabled_user(tx: Transaction, registry: Registry) -> Headers:
    user = make_member(tx, registry.project)
    key = make_key(tx, user)
    users.disable_user(tx, email=user.email)
    return bearer(key)


def _key_of_stranger(tx: Transaction, registry: Registry) -> Headers:
    stranger = make_member(tx, projects.create_project(tx, name="Strangers"), role=Role.ADMIN)
    assert stranger.id != registry.user.id
    return bearer(make_key(tx, stranger))


def _key_of_former_member(tx: Transaction, registry: Registry) -> Headers:
    user = make_member(tx, registry.project)
    key = make_key(tx, user)
    members.remove_member(tx, project_id=registry.project.id, email=user.email)
    return bearer(key)


def _key_limited_elsewhere(tx: Transaction, registry: Registry) -> Headers:
    other = projects.create_project(tx, name="Elsewhere")
    return bearer(make_key(tx, registry.user, project_ids=[other.id]))


def _key_limited_to_the_project(tx: Transaction, registry: Registry) -> Headers:
    return bearer(make_key(tx, registry.user, project_ids=[registry.project.id]))


NOT_AUTHENTICATED = (
    401,
    envelope("authentication_error", "not_authenticated", "Authentication credentials were not provided."),
)
INVALID_KEY = (401, bad_credentials("Personal API key found in request Authorization header is invalid."))
NO_WRITE_SCOPE = (403, denied("API key missing required scope 'llm_prompt:write'"))
OTHER_PROJECT = (403, denied("API key does not have access to the requested project: ID 1."))
NO_MEMBER = (403, denied("You don't have access to the project."))
NO_EDITOR = (403, denied("You do not have editor access to this resource."))
NO_ADMIN = (403, denied("You do not have admin access to this resource."))

CALLERS: dict[str, tuple[Callable[[Transaction, Registry], Headers], Any, Any]] = {
    "no credentials": (_no_credentials, NOT_AUTHENTICATED, NOT_AUTHENTICATED),
    "broken key": (_broken_key, INVALID_KEY, INVALID_KEY),
    "revoked key": (_revoked_key, INVALID_KEY, INVALID_KEY),
    "disabled user": (_key_of_disabled_user, INVALID_KEY, INVALID_KEY),
    "read key": (_member(Role.EDITOR, Scope.READ), None, NO_WRITE_SCOPE),
    "write key": (_member(Role.EDITOR, Scope.WRITE), None, None),
    "read and write key": (_member(Role.EDITOR, Scope.READ, Scope.WRITE), None, None),
    "* key": (_member(Role.EDITOR, Scope.ALL), None, None),
    "key limited to the project": (_key_limited_to_the_project, None, None),
    "key limited to another project": (_key_limited_elsewhere, OTHER_PROJECT, OTHER_PROJECT),
    "no member": (_key_of_stranger, NO_MEMBER, NO_MEMBER),
    "former member": (_key_of_former_member, NO_MEMBER, NO_MEMBER),
    "viewer": (_member(Role.VIEWER), None, NO_EDITOR),
    "viewer with a read key": (_member(Role.VIEWER, Scope.READ), None, NO_WRITE_SCOPE),
    "editor": (_member(Role.EDITOR), None, None),
    "admin": (_member(Role.ADMIN), None, None),
}


def _call(api: Api, caller: str, endpoint: Endpoint) -> tuple[int, str]:
    make_headers = CALLERS[caller][0]
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor)
        labels.move_label(tx, api.registry.actor, name="greeting", label="production", version=1)
        make_prompt(tx, api.registry.actor, name="old")
        prompts.archive_prompt(tx, api.registry.actor, name="old")
        headers = make_headers(tx, api.registry)
    sent = {"content": endpoint.lines} if endpoint.lines else {"json": endpoint.json}
    if endpoint.lines:
        headers |= {"Content-Type": "application/x-ndjson"}
    answer = api.client_with(headers).request(endpoint.method, api.path + endpoint.path, **sent)
    assert answer.headers.get("www-authenticate") == ("Bearer" if answer.status_code == 401 else None)
    return answer.status_code, answer.text


# What admins alone may: whoever may read or write otherwise is refused by the role.
ADMINS = {"admin"}
EXPECTED = [
    *((caller, endpoint, error) for caller, (_, error, _) in CALLERS.items() for endpoint in READS),
    *((caller, endpoint, error) for caller, (_, _, error) in CALLERS.items() for endpoint in WRITES),
    *(
        (caller, endpoint, error or (None if caller in ADMINS else NO_ADMIN))
        for caller, (_, error, _) in CALLERS.items()
        for endpoint in EXPORTS
    ),
    *(
        (caller, endpoint, NO_ADMIN if error is NO_EDITOR else error or (None if caller in ADMINS else NO_ADMIN))
        for caller, (_, _, error) in CALLERS.items()
        for endpoint in IMPORTS
    ),
]
ALLOWED = [(caller, endpoint) for caller, endpoint, error in EXPECTED if not error]
REFUSED = [(caller, endpoint, error) for caller, endpoint, error in EXPECTED if error]


@pytest.mark.parametrize(("caller", "endpoint"), ALLOWED, ids=str)
def test_who_may(project_api: Api, caller: str, endpoint: Endpoint) -> None:
    assert _call(project_api, caller, endpoint)[0] == endpoint.status


@pytest.mark.parametrize(("caller", "endpoint", "error"), REFUSED, ids=str)
def test_who_may_not(project_api: Api, caller: str, endpoint: Endpoint, error: tuple[int, Json]) -> None:
    text = wire(error[1]).replace("ID 1.", f"ID {project_api.registry.project.id}.")
    assert _call(project_api, caller, endpoint) == (error[0], text)


@pytest.mark.parametrize("endpoint", [*WRITES, *IMPORTS], ids=str)
def test_a_refused_write_changes_nothing(project_api: Api, endpoint: Endpoint) -> None:
    _call(project_api, "viewer", endpoint)
    rows = project_api.client.get(project_api.path).json()["results"]
    assert [(row["name"], row["version"], row["labels"]) for row in rows] == [("greeting", 1, ["production"])]


@pytest.mark.parametrize("caller", ["editor", "viewer", "no member", "read key", "broken key"])
def test_permissions_are_alike_on_every_database(api: Api, caller: str) -> None:
    _, read_refusal, write_refusal = CALLERS[caller]
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor)
        client = api.client_with(CALLERS[caller][0](tx, api.registry))
    statuses = client.get(api.path).status_code, client.patch(f"{api.path}name/greeting/", json=WRITES[1].json).status_code
    assert statuses == ((read_refusal or (200,))[0], (write_refusal or (200,))[0])


def test_a_role_counts_from_the_moment_it_is_given(api: Api) -> None:
    with api.registry.database.write() as tx:
        user = make_member(tx, api.registry.project, role=Role.VIEWER)
        client = api.client_with(bearer(make_key(tx, user)))
    body = {"name": "a", "prompt": "x"}
    assert client.post(api.path, json=body).status_code == 403
    with api.registry.database.write() as tx:
        members.set_member(tx, project_id=api.registry.project.id, email=user.email, role=Role.EDITOR)
    assert client.post(api.path, json=body).status_code == 201
    with api.registry.database.write() as tx:
        users.disable_user(tx, email=user.email)
    assert client.get(api.path).status_code == 401


def test_a_key_of_a_user_without_any_project_finds_no_current_one(sqlite_api: Api) -> None:
    with sqlite_api.registry.database.write() as tx:
        client = sqlite_api.client_with(bearer(make_key(tx, make_user(tx))))
    answer = client.get("/api/projects/@current/llm_prompts/")
    expected = envelope("invalid_request", "not_found", "Project not found.")
    assert (answer.status_code, answer.text) == (404, wire(expected))
