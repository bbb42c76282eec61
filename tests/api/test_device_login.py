"""Logins of commands with a browser: the codes by the API, and the page on which a user approves or refuses."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from browsing import open_browser, signed_in_browser
from builders import Api, Registry, make_api, make_member, make_registry
from fastapi.testclient import TestClient
from simultaneous import simultaneously
from sqlalchemy import func, select
from wire import Clock, invalid, wire

from promptuary.api.posthog.device_authorizations import DEVICE_CODE_GRANT
from promptuary.model.access import Role, Scope
from promptuary.model.accounts import Key, SessionLimits
from promptuary.model.device_authorizations import (
    ALPHABET,
    LASTS,
    DeviceCodeEnded,
    PollAnswer,
    TooManyLogins,
    clean_device_name,
    read_user_code,
)
from promptuary.registry import device_logins, sessions
from promptuary.registry.access import Caller
from promptuary.registry.operator import keys, members, projects, users
from promptuary.store.engine.database import Database
from promptuary.store.tables import device_authorizations

BEGIN = "/api/oauth/device_authorization/"
TOKEN = "/api/oauth/token/"
PAGE = "/device/"
LIMITS = SessionLimits(idle=timedelta(days=1), longest=timedelta(days=1))


@pytest.fixture
def api(own_api: Api) -> Api:
    """The application of the test alone: what it does reaches beyond a project."""
    return own_api


@pytest.fixture
def sqlite_api(own_sqlite_api: Api) -> Api:
    """The application of the test alone: what it does reaches beyond a project."""
    return own_sqlite_api


@pytest.fixture
def timed_api(database_url: str, clock: Clock) -> Iterator[Api]:
    """The application on a database of each kind, where time stands still."""
    database = Database.open(database_url, clock=clock)
    with make_api(make_registry(database)) as api:
        yield api
    database.close()


def begin(api: Api, name: str = "ada-laptop") -> Any:
    answer = api.client_with({}).post(BEGIN, json={"device_name": name})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    return answer.json()


def poll(api: Api, begun: Any) -> Any:
    body = {"grant_type": DEVICE_CODE_GRANT, "device_code": begun["device_code"]}
    answer = api.client_with({}).post(TOKEN, data=body)
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def answer_page(browser: TestClient, begun: Any, answer: str = "approve", **form: object) -> Any:
    chosen = {"scope": "llm_prompt:write", **form}
    return browser.post(PAGE, data={"user_code": begun["user_code"], "answer": answer, **chosen})


def browser_of(api: Api) -> TestClient:
    return signed_in_browser(api, api.registry.user)


def keys_of(api: Api) -> list[Key]:
    with api.registry.database.read() as tx:
        return [key for key in keys.list_keys(tx, email=api.registry.user.email, limit=100) if key.label.startswith("promptuary")]


def test_a_login_that_its_user_approves_gives_a_key_once(timed_api: Api) -> None:
    begun = begin(timed_api)
    code = begun["user_code"]
    assert begun == begun | {
        "verification_uri": "http://testserver/device/",
        "verification_uri_complete": f"http://testserver/device/?user_code={code}",
        "expires_in": 600,
        "interval": 2,
    }
    assert poll(timed_api, begun)["error"] == "authorization_pending"
    project = timed_api.registry.project.id
    browser = browser_of(timed_api)
    page = browser.get(PAGE, params={"user_code": code.lower().replace("-", " ")})
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    for shown in (code, "ada-laptop", "promptuary login on ada-laptop", "refuse: they would get your access"):
        assert shown in page.text
    assert 'value="llm_prompt:write" checked' in page.text
    assert f'value="{project}" checked' in page.text
    approved = answer_page(browser, begun, project=str(project))
    assert (approved.status_code, approved.headers["location"], keys_of(timed_api)) == (303, "/settings/keys/", [])
    token = poll(timed_api, begun)
    assert token == token | {"token_type": "Bearer", "scope": "llm_prompt:write", "project_ids": [project]}
    [key] = keys_of(timed_api)
    assert (key.label, {*key.scopes}, {*(key.project_ids or ())}) == ("promptuary login on ada-laptop", {Scope.WRITE}, {project})
    assert timed_api.client_with({"Authorization": f"Bearer {token['access_token']}"}).get(timed_api.path).status_code == 200
    assert poll(timed_api, begun)["error"] == "invalid_grant"
    assert answer_page(browser, begun).status_code == 404
    assert len(keys_of(timed_api)) == 1
    assert "promptuary login on ada-laptop" in browser.get("/settings/keys/").text


def test_a_login_that_its_user_refuses_gives_none(timed_api: Api) -> None:
    begun, browser = begin(timed_api), browser_of(timed_api)
    assert answer_page(browser, begun, "refuse").status_code == 303
    assert "The login on ada-laptop was refused." in browser.get("/settings/keys/").text
    for _ in range(2):
        assert poll(timed_api, begun) == {
            "error": "access_denied",
            "error_description": "The login was refused.",
            "detail": "The login was refused.",
        }
    assert answer_page(browser, begun).status_code == 404
    assert keys_of(timed_api) == []


@pytest.mark.parametrize("answered", ["not", "approved"])
def test_a_login_expires_after_ten_minutes_also_when_it_was_approved(timed_api: Api, clock: Clock, answered: str) -> None:
    begun, browser = begin(timed_api), browser_of(timed_api)
    if answered == "approved":
        answer_page(browser, begun)
    clock.now += LASTS
    assert poll(timed_api, begun)["error"] == "expired_token"
    assert answer_page(browser, begun).status_code == 404
    assert browser.get(PAGE, params={"user_code": begun["user_code"]}).status_code == 404
    assert keys_of(timed_api) == []
    with timed_api.registry.database.write() as tx:
        sessions.delete_expired(tx, limits=LIMITS)
        assert tx.connection.execute(select(func.count()).select_from(device_authorizations)).scalar_one() == 0
    assert poll(timed_api, begun)["error"] == "invalid_grant"


def test_of_several_who_answer_or_collect_at_once_one_does(timed_api: Api) -> None:
    begun, database = begin(timed_api), timed_api.registry.database

    def approve() -> bool:
        try:
            with database.write() as tx:
                device_logins.approve_login(
                    tx, Caller(timed_api.registry.user.id), begun["user_code"], scopes=[Scope.READ], project_ids=[]
                )
        except DeviceCodeEnded:
            return False
        return True

    assert sorted(simultaneously([approve] * 4)) == [False, False, False, True]

    def collect() -> object:
        with database.write() as tx:
            return device_logins.collect_key(tx, begun["device_code"])

    collected = simultaneously([collect] * 4)
    assert sum(each is PollAnswer.UNKNOWN for each in collected) == 3
    assert len(keys_of(timed_api)) == 1


def test_a_login_goes_on_at_another_server_of_the_database(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry) as first, make_api(sqlite_registry) as second:
        begun = begin(first)
        assert poll(second, begun)["error"] == "authorization_pending"
        assert answer_page(browser_of(second), begun).status_code == 303
        assert "access_token" in poll(first, begun)
        assert poll(second, begun)["error"] == "invalid_grant"


def test_a_device_that_polls_too_fast_is_told_to_slow_down(sqlite_api: Api, clock: Clock) -> None:
    begun = begin(sqlite_api)
    polled = [poll(sqlite_api, begun)["error"] for _ in range(2)]
    clock.now += timedelta(seconds=6)
    polled.append(poll(sqlite_api, begun)["error"])
    clock.now += timedelta(seconds=7)
    polled.append(poll(sqlite_api, begun)["error"])
    assert polled == ["authorization_pending", "slow_down", "slow_down", "authorization_pending"]
    answer_page(browser_of(sqlite_api), begun)
    assert "access_token" in poll(sqlite_api, begun)


def test_polls_that_change_nothing_hold_up_no_writer(sqlite_api: Api, clock: Clock) -> None:
    begun = begin(sqlite_api)
    with sqlite_api.registry.database.write():
        # Nothing else could be written meanwhile.
        assert poll(sqlite_api, begun | {"device_code": "made-up"})["error"] == "invalid_grant"
    for _ in range(40):
        slower = poll(sqlite_api, begun)
    assert slower["error"] == "slow_down"
    with sqlite_api.registry.database.write():
        assert poll(sqlite_api, begun)["error"] == "slow_down"
    answer_page(browser_of(sqlite_api), begun, answer="deny")
    with sqlite_api.registry.database.write():
        assert poll(sqlite_api, begun)["error"] == "access_denied"
        clock.now += LASTS + timedelta(seconds=1)
        assert poll(sqlite_api, begun)["error"] == "expired_token"


@pytest.mark.parametrize("changed", ["left the project", "was disabled", "has a new password"])
def test_an_approval_counts_only_while_its_user_could_give_it(sqlite_api: Api, changed: str) -> None:
    registry, begun = sqlite_api.registry, begin(sqlite_api)
    answer_page(browser_of(sqlite_api), begun, project=str(registry.project.id))
    with registry.database.write() as tx:
        if changed == "left the project":
            members.remove_member(tx, project_id=registry.project.id, email=registry.user.email)
        elif changed == "was disabled":
            users.disable_user(tx, email=registry.user.email)
        else:
            users.set_password(tx, email=registry.user.email, password="correct horse battery")
    assert poll(sqlite_api, begun)["error"] in {"access_denied", "invalid_grant"}
    assert poll(sqlite_api, begun)["error"] == "invalid_grant"
    assert keys_of(sqlite_api) == []


def test_the_user_narrows_and_widens_what_the_key_may_do(sqlite_api: Api) -> None:
    with sqlite_api.registry.database.write() as tx:
        other = projects.create_project(tx, name="Secret")
    browser, begun = browser_of(sqlite_api), begin(sqlite_api)
    for form, said in (
        ({"scope": []}, "A key needs at least one scope."),
        ({"scope": "everything"}, "Choose what the key may do."),
        ({"project": str(other.id)}, "You are not a member of one of these projects."),
        ({"project": "x"}, "Choose from your projects."),
    ):
        refused = answer_page(browser, begun, **form)
        assert (refused.status_code, said in refused.text, "Secret" in refused.text) == (400, True, False)
    assert answer_page(browser, begun, scope=["llm_prompt:read", "key:write"]).status_code == 303
    assert poll(sqlite_api, begun)["scope"] == "key:write llm_prompt:read"
    [key] = keys_of(sqlite_api)
    assert key.project_ids is None


def test_strangers_sign_in_first_and_other_sites_answer_nothing(sqlite_api: Api) -> None:
    begun, stranger = begin(sqlite_api), open_browser(sqlite_api)
    asked = stranger.get(PAGE, params={"user_code": begun["user_code"]})
    assert asked.headers["location"] == f"/sign-in?next=/device/%3Fuser_code%3D{begun['user_code']}"
    assert answer_page(stranger, begun).headers["location"] == "/sign-in"
    browser = browser_of(sqlite_api)
    browser.headers["Sec-Fetch-Site"] = "cross-site"
    assert answer_page(browser, begun).status_code == 403
    assert poll(sqlite_api, begun)["error"] == "authorization_pending"


def test_wrong_codes_are_refused_and_limited(sqlite_api: Api) -> None:
    begun, browser = begin(sqlite_api), browser_of(sqlite_api)
    assert browser.get(PAGE).status_code == 200
    for code in ("BBBB-BBBB", "x", "\0", "<b>" * 1000, "\N{LATIN SMALL LETTER LONG S}" * 8):
        answer = browser.get(PAGE, params={"user_code": code})
        assert (answer.status_code, "No login waits for an answer with this code." in answer.text) == (404, True)
    for _ in range(5):
        assert browser.post(PAGE, data={"user_code": "BBBB-BBBB", "answer": "approve", "scope": "*"}).status_code == 404
    limited = browser.get(PAGE, params={"user_code": begun["user_code"]})
    assert (limited.status_code, "Too many wrong codes." in limited.text) == (429, True)
    with sqlite_api.registry.database.write() as tx:
        other = make_member(tx, sqlite_api.registry.project, role=Role.VIEWER)
    assert signed_in_browser(sqlite_api, other).get(PAGE, params={"user_code": begun["user_code"]}).status_code == 200


def test_device_codes_that_no_login_has_count_as_wrong_keys(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_bad_keys="2/minute") as api:
        body = {"grant_type": DEVICE_CODE_GRANT, "device_code": "made-up"}
        assert [api.client_with({}).post(TOKEN, json=body).status_code for _ in range(3)] == [400, 400, 429]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, invalid("required", "This field is required.", "grant_type")),
        ({"grant_type": "password"}, invalid("invalid_choice", '"password" is not a valid choice.', "grant_type")),
        ({"grant_type": DEVICE_CODE_GRANT}, invalid("required", "This field is required.", "device_code")),
        (
            {"grant_type": DEVICE_CODE_GRANT, "device_code": "x" * 501},
            invalid("max_length", "Ensure this field has no more than 500 characters.", "device_code"),
        ),
        (
            {"grant_type": DEVICE_CODE_GRANT, "device_code": ["x"]},
            invalid("invalid_input", "Not a valid string.", "device_code"),
        ),
    ],
)
def test_a_poll_that_is_none_is_refused(sqlite_api: Api, body: Any, error: Any) -> None:
    answer = sqlite_api.client_with({}).post(TOKEN, json=body)
    assert (answer.status_code, answer.text) == (400, wire(error))


def test_codes_are_stored_as_hashes_and_names_of_devices_cleaned(sqlite_api: Api) -> None:
    begun = begin(sqlite_api, "a\N{RIGHT-TO-LEFT OVERRIDE}d\0a\n<b>" + "x" * 300)
    with sqlite_api.registry.database.read() as tx:
        row = str(tx.connection.execute(select(device_authorizations)).one())
    assert begun["device_code"] not in row
    assert (read_user_code(begun["user_code"]) or "?") not in row
    page = browser_of(sqlite_api).get(PAGE, params={"user_code": begun["user_code"]}).text
    assert "ada&lt;b&gt;xxx" in page
    answer_page(browser_of(sqlite_api), begun)
    poll(sqlite_api, begun)
    assert len(keys_of(sqlite_api)[0].label) == 100
    assert clean_device_name(" \0 ") == "unknown device"
    assert begin(sqlite_api, "")["user_code"].replace("-", "").strip(ALPHABET) == ""


def test_a_network_begins_few_logins_and_all_together_are_bounded(
    sqlite_api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_logins, "MAX_OF_NETWORK", 2)
    monkeypatch.setattr(device_logins, "MAX_TOGETHER", 3)
    monkeypatch.setattr(device_logins, "MAX_OF_ALL", 4)

    def begin_from(network: str) -> bool:
        try:
            with sqlite_api.registry.database.write() as tx:
                device_logins.begin_login(tx, device_name="x", address=network, network=network)
        except TooManyLogins:
            return False
        return True

    assert [begin_from(network) for network in ("a", "a", "a", "b", "b", "c", "d")] == [True, True, False, True, False, True, False]
    refused = sqlite_api.client_with({}).post(BEGIN, json={})
    assert (refused.status_code, refused.headers["retry-after"], refused.json()["code"]) == (429, "600", "throttled")
    clock.now += LASTS
    assert begin_from("a")


def test_a_request_without_a_body_begins_a_login(sqlite_api: Api) -> None:
    answer = sqlite_api.client_with({}).post(BEGIN)
    assert (answer.status_code, answer.json()["expires_in"]) == (200, 600)
