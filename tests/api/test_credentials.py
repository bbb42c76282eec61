"""Where a key may be sent, which project a request means, and in which order a request is checked."""

import pytest
from builders import Api, Registry, bearer, make_actor, make_api, make_key, make_member, make_prompt
from wire import bad_credentials, envelope, not_found, wire

from promptuary.model.access import Role, Scope
from promptuary.model.accounts import Project
from promptuary.registry.operator import members, projects

NOT_AUTHENTICATED = envelope("authentication_error", "not_authenticated", "Authentication credentials were not provided.")
INVALID = "Personal API key found in request {} is invalid."
NO_PROJECT = not_found("Project not found.")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER  {}", "  Bearer {}  "])
def test_a_key_in_the_authorization_header(sqlite_api: Api, header: str) -> None:
    client = sqlite_api.client_with({"Authorization": header.format(sqlite_api.key.value)})
    assert client.get(sqlite_api.path).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eDp5", "{}", "Token {}"])
def test_any_other_authorization_is_none(sqlite_api: Api, header: str) -> None:
    client = sqlite_api.client_with({"Authorization": header.format(sqlite_api.key.value)})
    answer = client.get(sqlite_api.path)
    assert (answer.status_code, answer.text) == (401, wire(NOT_AUTHENTICATED))
    assert client.get(sqlite_api.path, params={"personal_api_key": sqlite_api.key.value}).status_code == 200


@pytest.mark.parametrize(
    "value", ["nonsense", "phs_secret", "pha_oauth", "a.b.c", "phx_ two words", "phx_\u00e9".encode().decode("latin-1")]
)
def test_a_wrong_key_in_the_header(sqlite_api: Api, value: str) -> None:
    answer = sqlite_api.client_with({}).get(sqlite_api.path, headers=[(b"Authorization", f"Bearer {value}".encode("latin-1"))])
    assert (answer.status_code, answer.text) == (401, wire(bad_credentials(INVALID.format("Authorization header"))))


def test_a_key_in_the_query(sqlite_api: Api) -> None:
    client = sqlite_api.client_with({})
    assert client.get(sqlite_api.path, params={"personal_api_key": sqlite_api.key.value}).status_code == 200
    body = {"name": "a", "prompt": "x"}
    assert client.post(sqlite_api.path, params={"personal_api_key": sqlite_api.key.value}, json=body).status_code == 201
    wrong = client.get(sqlite_api.path, params={"personal_api_key": "x"})
    assert (wrong.status_code, wrong.text) == (401, wire(bad_credentials(INVALID.format("query string"))))


def test_a_key_in_the_body(sqlite_api: Api) -> None:
    client = sqlite_api.client_with({})
    key = {"personal_api_key": sqlite_api.key.value}
    assert client.post(sqlite_api.path, json={"name": "a", "prompt": "x", **key}).status_code == 201
    assert client.post(sqlite_api.path, data={"name": "b", "prompt": '"x"', **key}).status_code == 201
    assert client.post(f"{sqlite_api.path}name/a/archive/", json=key).status_code == 204


@pytest.mark.parametrize("value", ["x", 1, True, ["x"], {"x": "y"}, "\u00e9\0"])
def test_a_wrong_key_in_the_body(sqlite_api: Api, value: object) -> None:
    answer = sqlite_api.client_with({}).post(sqlite_api.path, json={"personal_api_key": value})
    assert (answer.status_code, answer.text) == (401, wire(bad_credentials(INVALID.format("body"))))


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_key_in_the_body_is_none(sqlite_api: Api, value: object) -> None:
    answer = sqlite_api.client_with({}).post(sqlite_api.path, json={"personal_api_key": value})
    assert (answer.status_code, answer.text) == (401, wire(NOT_AUTHENTICATED))


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'{"a": "\\ud800"}', b'"x"'])
def test_a_body_that_cannot_be_read_is_reported_to_known_callers_only(sqlite_api: Api, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    stranger = sqlite_api.client_with({}).post(sqlite_api.path, content=content, headers=headers)
    assert (stranger.status_code, stranger.text) == (401, wire(NOT_AUTHENTICATED))
    assert sqlite_api.client.post(sqlite_api.path, content=content, headers=headers).status_code == 400


def test_only_the_first_key_that_is_found_is_tried(sqlite_api: Api) -> None:
    good, query = sqlite_api.key.value, {"personal_api_key": sqlite_api.key.value}
    in_header = sqlite_api.client_with({"Authorization": "Bearer bad"}).post(
        sqlite_api.path, params=query, json={"personal_api_key": good}
    )
    in_body = sqlite_api.client_with({}).post(sqlite_api.path, params=query, json={"personal_api_key": "bad"})
    assert in_header.text == wire(bad_credentials(INVALID.format("Authorization header")))
    assert in_body.text == wire(bad_credentials(INVALID.format("body")))


def test_a_good_key_in_the_header_makes_other_places_irrelevant(sqlite_api: Api) -> None:
    body = {"name": "a", "prompt": "x", "personal_api_key": "bad"}
    assert sqlite_api.client.post(sqlite_api.path, params={"personal_api_key": "bad"}, json=body).status_code == 201


def _make_second_project(registry: Registry) -> Project:
    """Another project of the same user, with a prompt "elsewhere"; the first project stays the current one."""
    with registry.database.write() as tx:
        other = projects.create_project(tx, name="Other")
        members.set_member(tx, project_id=other.id, email=registry.user.email, role=Role.EDITOR)
        make_prompt(tx, make_actor(other, registry.user), name="elsewhere")
        make_prompt(tx, registry.actor, name="here")
    return other


@pytest.mark.parametrize("reference", ["1", "@current", "01"])
def test_a_project_is_named_by_its_id_or_as_the_current_one(own_sqlite_api: Api, reference: str) -> None:
    _make_second_project(own_sqlite_api.registry)
    rows = own_sqlite_api.client.get(f"/api/projects/{reference}/llm_prompts/").json()["results"]
    assert [row["name"] for row in rows] == ["here"]


@pytest.mark.parametrize(
    "reference", ["0", "999", "-1", "abc", "1.0", "1a", "@other", "current", "%201", "%00", "%C2%B2", "%D9%A1", "9" * 10, "9" * 400]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_project_is_a_404_before_anything_in_the_request_is_validated(api: Api, method: str, reference: str) -> None:
    answer = api.client.request(method, f"/api/projects/{reference}/llm_prompts/?order_by=x")
    assert (answer.status_code, answer.text) == (404, wire(NO_PROJECT))


@pytest.mark.parametrize("parameter", ["token", "api_key"])
@pytest.mark.parametrize("reference", ["1", "@current", "999", "abc"])
def test_a_token_wins_over_the_path_on_reads(sqlite_api: Api, reference: str, parameter: str) -> None:
    other = _make_second_project(sqlite_api.registry)
    path = f"/api/environments/{reference}/llm_prompts/"
    rows = sqlite_api.client.get(path, params={parameter: other.api_token}).json()["results"]
    assert [row["name"] for row in rows] == ["elsewhere"]
    assert sqlite_api.client.get(f"{path}name/elsewhere/", params={parameter: other.api_token}).status_code == 200
    assert sqlite_api.client.head(f"{path}name/elsewhere/", params={parameter: other.api_token}).status_code == 200
    resolved = sqlite_api.client.get(f"{path}resolve/name/elsewhere/", params={parameter: other.api_token})
    assert resolved.status_code == 200


@pytest.mark.parametrize("token", ["phc_unknown", "x", "%00", "%FF"])
def test_an_unknown_token_is_a_401_on_reads(api: Api, token: str) -> None:
    answer = api.client.get(f"{api.path}?token={token}")
    assert (answer.status_code, answer.text) == (401, wire(bad_credentials("Incorrect authentication credentials.")))
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_rotated_token_is_unknown(sqlite_api: Api) -> None:
    old = sqlite_api.registry.project.api_token
    with sqlite_api.registry.database.write() as tx:
        new = projects.rotate_token(tx, sqlite_api.registry.project.id).api_token
    assert sqlite_api.client.get(f"{sqlite_api.path}?token={old}").status_code == 401
    assert sqlite_api.client.get(f"{sqlite_api.path}?token={new}").status_code == 200


def test_an_empty_token_is_none(sqlite_api: Api) -> None:
    assert sqlite_api.client.get(f"{sqlite_api.path}?token=").status_code == 200


def test_a_token_gives_no_access_by_itself(sqlite_api: Api) -> None:
    other = _make_second_project(sqlite_api.registry)
    with sqlite_api.registry.database.write() as tx:
        user = make_member(tx, sqlite_api.registry.project)
        member_of_one = sqlite_api.client_with(bearer(make_key(tx, user)))
        limited_to_one = sqlite_api.client_with(
            bearer(make_key(tx, sqlite_api.registry.user, project_ids=[sqlite_api.registry.project.id]))
        )
    query = {"token": other.api_token}
    assert member_of_one.get(sqlite_api.path, params=query).json()["detail"] == "You don't have access to the project."
    limited = limited_to_one.get(sqlite_api.path, params=query).json()["detail"]
    assert limited == f"API key does not have access to the requested project: ID {other.id}."
    assert sqlite_api.client_with({}).get(sqlite_api.path, params=query).text == wire(NOT_AUTHENTICATED)


@pytest.mark.parametrize("token", ["{other}", "unknown"])
def test_a_token_in_the_query_or_a_json_body_is_ignored_on_writes(sqlite_api: Api, token: str) -> None:
    token = token.format(other=_make_second_project(sqlite_api.registry).api_token)
    answer = sqlite_api.client.post(
        "/api/projects/@current/llm_prompts/", params={"token": token}, json={"name": "new-one", "prompt": "x", "token": token}
    )
    assert answer.status_code == 201
    assert sqlite_api.client.get(f"{sqlite_api.path}name/new-one/").status_code == 200
    assert (
        sqlite_api.client.patch(f"{sqlite_api.path}name/here/?token={token}", json={"base_version": 1, "config": {}}).status_code
        == 200
    )
    assert sqlite_api.client.put(f"{sqlite_api.path}name/here/labels/a/?token={token}", json={"version": 1}).status_code == 201
    assert sqlite_api.client.delete(f"{sqlite_api.path}name/here/labels/a/?token={token}").status_code == 204


@pytest.mark.parametrize("parameter", ["token", "api_key"])
def test_a_token_in_a_form_picks_the_project_on_writes(sqlite_api: Api, parameter: str) -> None:
    other = _make_second_project(sqlite_api.registry)
    form = {"name": "by-form", "prompt": '"x"', parameter: other.api_token}
    assert sqlite_api.client.post(sqlite_api.path, data=form).status_code == 201
    assert sqlite_api.client.get(f"{sqlite_api.path}name/by-form/?token={other.api_token}").status_code == 200
    assert sqlite_api.client.get(f"{sqlite_api.path}name/by-form/").status_code == 404
    unknown = sqlite_api.client.post(sqlite_api.path, data={**form, parameter: "unknown"})
    assert (unknown.status_code, unknown.json()["detail"]) == (401, "Incorrect authentication credentials.")


def test_checks_come_in_the_order_of_the_contract(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_writes="1/minute") as api:
        with sqlite_registry.database.write() as tx:
            reader = api.client_with(bearer(make_key(tx, sqlite_registry.user, Scope.READ)))
            stranger = api.client_with(bearer(make_key(tx, make_member(tx, projects.create_project(tx, name="Other")))))
        nowhere, missing = "/api/projects/999/llm_prompts/", f"{api.path}name/missing/"
        xml = {"Content-Type": "application/xml"}
        statuses = [
            api.client_with({"Authorization": "Bearer bad"})
            .patch(f"{nowhere}name/missing/", content=b"<", headers=xml)
            .status_code,
            reader.patch(f"{nowhere}name/missing/", content=b"<", headers=xml).status_code,
            stranger.patch(f"{nowhere}name/missing/", content=b"<", headers=xml).status_code,
            stranger.patch(missing, content=b"<", headers=xml).status_code,
            api.client.patch(missing, content=b"<", headers=xml).status_code,
            api.client.patch(missing, content=b"<", headers=xml).status_code,
        ]
    assert statuses == [401, 403, 404, 403, 415, 429]


def test_reading_comes_before_validating_and_validating_before_looking_up(sqlite_api: Api) -> None:
    path = f"{sqlite_api.path}name/missing/duplicate/"
    json = {"Content-Type": "application/json"}
    details = [
        sqlite_api.client.post(path, content=content, headers=json).json()["detail"]
        for content in (b"{", b"[]", b"{}", b'{"new_name": "copy"}')
    ]
    assert details == [
        "JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        "Invalid data. Expected a dictionary, but got list.",
        "This field is required.",
        "No prompt matching 'missing' in this project. List the project's prompts to see which names exist.",
    ]
