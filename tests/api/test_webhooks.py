"""Webhooks by the API: all of it is for admins."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from builders import Api, Registry, bearer, make_api, make_key, make_member, make_prompt
from fastapi.testclient import TestClient
from hooks import PRESENTER
from wire import NOON, Clock, denied, invalid, not_found, user_basic, wire

from promptuary.model.access import Role, Scope
from promptuary.model.accounts import User
from promptuary.model.webhooks import MAX_WEBHOOKS, Outcome, is_secret
from promptuary.registry import prompts, webhook_queue

URL = "https://hooks.example/in"
FIELDS = ["id", "name", "url", "format", "events", "label", "prompt_name", "enabled", "disabled_at", "disabled_reason"]
FIELDS += ["failures", "failing_since", "next_attempt_at", "created_by", "created_at", "updated_at"]


@pytest.fixture
def api(own_api: Api) -> Api:
    """The application of the test alone: what it does reaches beyond a project."""
    return own_api


@pytest.fixture
def sqlite_api(own_sqlite_api: Api) -> Api:
    """The application of the test alone: what it does reaches beyond a project."""
    return own_sqlite_api


@pytest.fixture
def admin_user(sqlite_registry: Registry) -> User:
    with sqlite_registry.database.write() as tx:
        return make_member(tx, sqlite_registry.project, role=Role.ADMIN)


@pytest.fixture
def admin(sqlite_api: Api, admin_user: User) -> TestClient:
    with sqlite_api.registry.database.write() as tx:
        return sqlite_api.client_with(bearer(make_key(tx, admin_user)))


@pytest.fixture
def path(sqlite_api: Api) -> str:
    return f"{sqlite_api.path}webhooks/"


@pytest.fixture
def webhook(admin: TestClient, path: str) -> Any:
    return admin.post(path, json={"url": URL}).json()


def send_next(api: Api, webhook: Any, outcome: Outcome) -> None:
    with api.registry.database.write() as tx:
        webhook_queue.queue_events(tx, PRESENTER)
        message = webhook_queue.find_message(tx, webhook["id"])
        assert message is not None
        webhook_queue.record_outcome(tx, message, outcome, jitter=0.5)


def test_a_webhook_is_created_and_its_secret_shown_once(admin: TestClient, path: str, admin_user: User) -> None:
    created = admin.post(path, json={"url": URL})
    assert created.status_code == 201
    shown = created.json()
    assert is_secret(shown.pop("secret"))
    assert list(shown) == FIELDS
    expected = dict.fromkeys(FIELDS) | {"id": shown["id"], "name": "hooks.example", "url": URL, "format": "json", "events": []}
    expected |= {"enabled": True, "failures": 0, "created_by": user_basic(admin_user), "created_at": NOON, "updated_at": NOON}
    assert shown == expected
    assert admin.get(f"{path}{shown['id']}/").text == wire(shown)
    assert admin.get(path).text == wire([shown])


def test_all_settings_can_be_chosen_and_changed_one_by_one(admin: TestClient, path: str) -> None:
    chosen = {"url": URL, "name": "Deploys", "format": "slack", "events": ["label.moved", "label.created"], "enabled": False}
    chosen |= {"label": "production", "prompt_name": "support-*"}
    created = admin.post(path, json=chosen).json()
    assert {name: created[name] for name in chosen} == chosen | {"events": ["label.created", "label.moved"]}
    assert (created["disabled_at"], created["disabled_reason"]) == (NOON, None)
    address = f"{path}{created['id']}/"
    changes: tuple[dict[str, Any], ...] = (
        {"url": "https://other.example/"},
        {"name": ""},
        {"format": "json"},
        {"events": []},
        {"label": None},
        {"prompt_name": None},
        {"enabled": True},
    )
    for change in changes:
        before = admin.get(address).json()
        after = admin.patch(address, json=change)
        assert after.status_code == 200
        named = {"name": "other.example"} if change.get("name") == "" else {}
        switched = {"disabled_at": None} if "enabled" in change else {}
        assert after.json() == before | change | named | switched
    assert admin.patch(address, json={}).json() == admin.get(address).json()


def test_a_form_is_read_too(admin: TestClient, path: str) -> None:
    created = admin.post(path, data={"url": URL, "events": "label.moved, label.created", "enabled": "false"}).json()
    assert (created["events"], created["enabled"]) == (["label.created", "label.moved"], False)


@pytest.mark.parametrize(
    ("body", "code", "detail", "attr"),
    [
        ({}, "required", "This field is required.", "url"),
        ({"url": None}, "null", "This field may not be null.", "url"),
        (
            {"url": "hooks.example"},
            "invalid_url",
            "Enter an address that begins with https:// or http:// and has a host, and no user and password.",
            "url",
        ),
        ({"url": URL, "format": "xml"}, "invalid_choice", '"xml" is not a valid choice.', "format"),
        ({"url": URL, "events": ["prompt.stolen"]}, "invalid_choice", '"prompt.stolen" is not a valid choice.', "events"),
        ({"url": URL, "events": [["x"]]}, "invalid_choice", "\"['x']\" is not a valid choice.", "events"),
        ({"url": URL, "events": 1}, "not_a_list", 'Expected a list of items but got type "int".', "events__non_field_errors"),
        (
            {"url": URL, "prompt_name": "a b"},
            "invalid_pattern",
            "Only letters, numbers, hyphens (-), underscores (_) and * for any characters are allowed.",
            "prompt_name",
        ),
        ({"url": URL, "name": "x" * 101}, "max_length", "Ensure this field has no more than 100 characters.", "name"),
        ({"url": URL, "enabled": "maybe"}, "invalid_input", "Must be a valid boolean.", "enabled"),
    ],
)
def test_what_breaks_a_rule_is_refused(
    admin: TestClient, path: str, webhook: Any, body: Any, code: str, detail: str, attr: str
) -> None:
    refused = admin.post(path, json=body)
    assert (refused.status_code, refused.json()) == (400, invalid(code, detail, attr))
    if body:
        again = admin.patch(f"{path}{webhook['id']}/", json=body)
        assert (again.status_code, again.json()) == (400, invalid(code, detail, attr))


def test_a_project_has_a_maximum_of_webhooks(admin: TestClient, path: str) -> None:
    for _ in range(MAX_WEBHOOKS):
        assert admin.post(path, json={"url": URL}).status_code == 201
    refused = admin.post(path, json={"url": URL})
    assert refused.status_code == 400
    assert refused.json() == {"detail": "This project has reached the maximum of 20 webhooks. Remove a webhook to add a new one."}


def test_a_secret_is_rotated(admin: TestClient, path: str, webhook: Any) -> None:
    rotated = admin.post(f"{path}{webhook['id']}/rotate_secret/")
    assert rotated.status_code == 200
    assert is_secret(rotated.json()["secret"])
    assert rotated.json()["secret"] != webhook["secret"]
    assert "secret" not in admin.get(f"{path}{webhook['id']}/").json()


def test_deliveries_are_listed_in_pages_with_request_and_answer(
    sqlite_api: Api, admin: TestClient, path: str, webhook: Any
) -> None:
    registry = sqlite_api.registry
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, prompt="Secret text")
        prompts.publish_version(tx, registry.actor, name="greeting", base_version=1, prompt="Secret text, too")
    send_next(sqlite_api, webhook, Outcome(200, "thanks", "", 12))
    send_next(sqlite_api, webhook, Outcome(None, "", "hooks.example did not answer in time.", 15000))
    address = f"{path}{webhook['id']}/deliveries/"
    page = admin.get(f"{address}?limit=1").json()
    assert (page["count"], page["previous"]) == (2, None)
    assert page["next"].endswith(f"{address}?limit=1&offset=1")
    [failed] = page["results"]
    assert {key: failed[key] for key in ("type", "state", "attempts", "response_status", "response_body", "error")} == {
        "type": "prompt.published",
        "state": "pending",
        "attempts": 1,
        "response_status": None,
        "response_body": None,
        "error": "hooks.example did not answer in time.",
    }
    [delivered] = admin.get(page["next"]).json()["results"]
    assert list(delivered) == [
        *("id", "message_id", "type", "state", "manual", "attempts", "request_body", "response_status", "response_body"),
        *("error", "duration_ms", "created_at", "attempted_at"),
    ]
    assert (delivered["state"], delivered["response_status"], delivered["response_body"]) == ("delivered", 200, "thanks")
    assert '"type":"prompt.created"' in delivered["request_body"]
    assert "Secret text" not in str(page) + str(delivered)
    shown = admin.get(f"{path}{webhook['id']}/").json()
    assert (shown["failures"], shown["failing_since"], shown["next_attempt_at"]) == (1, NOON, "2026-03-01T12:30:05.000120Z")


def test_tests_and_redeliveries_are_accepted_and_sent_later(sqlite_api: Api, admin: TestClient, path: str, webhook: Any) -> None:
    tested = admin.post(f"{path}{webhook['id']}/test/")
    assert (tested.status_code, tested.json()["type"], tested.json()["state"]) == (202, "test", "pending")
    send_next(sqlite_api, webhook, Outcome(200))
    address = f"{path}{webhook['id']}/deliveries/{tested.json()['id']}/redeliver/"
    again = admin.post(address)
    assert again.status_code == 202
    assert again.json()["message_id"] == tested.json()["message_id"]
    assert again.json()["manual"] is True
    waiting = admin.post(f"{path}{webhook['id']}/deliveries/{again.json()['id']}/redeliver/")
    assert waiting.status_code == 400
    assert waiting.json()["code"] == "pending"


def test_a_webhook_that_was_switched_off_tells_why(
    sqlite_api: Api, admin: TestClient, path: str, webhook: Any, clock: Clock
) -> None:
    with sqlite_api.registry.database.write() as tx:
        make_prompt(tx, sqlite_api.registry.actor)
    clock.now += timedelta(seconds=1)
    send_next(sqlite_api, webhook, Outcome(410))
    shown = admin.get(f"{path}{webhook['id']}/").json()
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "gone")
    assert admin.patch(f"{path}{webhook['id']}/", json={"enabled": True}).json()["disabled_reason"] is None


def test_a_removed_webhook_is_gone(admin: TestClient, path: str, webhook: Any) -> None:
    address = f"{path}{webhook['id']}/"
    assert admin.delete(address).status_code == 204
    gone = admin.get(address)
    assert (gone.status_code, gone.json()) == (404, not_found(f"No webhook has the ID '{webhook['id']}' in this project."))


@pytest.mark.parametrize("delivery", ["0", "99", "9" * 30, "x", "-1", "²"])
def test_a_delivery_that_is_not_there_is_not_found(admin: TestClient, path: str, webhook: Any, delivery: str) -> None:
    assert admin.post(f"{path}{webhook['id']}/deliveries/{delivery}/redeliver/").status_code == 404


ENDPOINTS = [("GET", ""), ("POST", ""), ("GET", "{id}/"), ("PATCH", "{id}/"), ("DELETE", "{id}/"), ("POST", "{id}/rotate_secret/")]
ENDPOINTS += [("POST", "{id}/test/"), ("GET", "{id}/deliveries/"), ("POST", "{id}/deliveries/1/redeliver/")]


@pytest.mark.parametrize(("method", "rest"), ENDPOINTS)
def test_only_admins_with_every_scope_may(
    sqlite_api: Api, admin_user: User, path: str, webhook: Any, method: str, rest: str
) -> None:
    with sqlite_api.registry.database.write() as tx:
        limited = bearer(make_key(tx, admin_user, Scope.READ, Scope.WRITE))
    address = f"{path}{rest.format(id=webhook['id'])}"
    editor = sqlite_api.client.request(method, address, json={"url": "bad"} if method in {"POST", "PATCH"} else None)
    assert (editor.status_code, editor.json()) == (403, denied("You do not have admin access to this resource."))
    scoped = sqlite_api.client_with(limited).request(method, address)
    assert (scoped.status_code, scoped.json()) == (403, denied("API key missing required scope '*'"))
    assert sqlite_api.client_with({}).request(method, address).status_code == 401


def test_webhooks_stand_in_the_way_of_no_prompt(sqlite_api: Api, admin: TestClient, path: str) -> None:
    with sqlite_api.registry.database.write() as tx:
        make_prompt(tx, sqlite_api.registry.actor, name="webhooks")
    assert admin.get(f"{sqlite_api.path}name/webhooks/").json()["name"] == "webhooks"
    assert admin.get(path).json() == []
    assert admin.get(path.removesuffix("/")).json() == []
    assert admin.put(path).status_code == 405
    assert [row["name"] for row in admin.get(sqlite_api.path).json()["results"]] == ["webhooks"]


@pytest.fixture
def on_both(registry: Registry) -> Iterator[Api]:
    with make_api(registry) as api:
        yield api


def test_a_webhook_lives_on_either_database(on_both: Api) -> None:
    with on_both.registry.database.write() as tx:
        admin = on_both.client_with(bearer(make_key(tx, make_member(tx, on_both.registry.project, role=Role.ADMIN))))
    path = f"{on_both.path}webhooks/"
    created = admin.post(path, json={"url": URL, "label": "production"}).json()
    assert admin.patch(f"{path}{created['id']}/", json={"label": None}).json()["label"] is None
    assert admin.post(f"{path}{created['id']}/test/").status_code == 202
    assert admin.delete(f"{path}{created['id']}/").status_code == 204
