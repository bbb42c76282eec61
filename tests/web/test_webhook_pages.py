"""The pages of webhooks: for admins only, usable without scripts, and careful with secrets."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from browsing import browser_of
from builders import Api, as_admin, make_prompt, make_webhook
from fastapi.testclient import TestClient
from hooks import PRESENTER
from httpx2 import Response
from prompt_pages import follow, path, text_of
from web_forms import edited, form_of

from promptuary.model.access import Actor, Role
from promptuary.model.webhooks import (
    EVENT_TYPES,
    MAX_WEBHOOKS,
    DeliveryState,
    EventFilter,
    Outcome,
    Webhook,
    WebhookFormat,
    is_secret,
)
from promptuary.registry import webhook_queue, webhooks
from promptuary.registry.operator import projects
from promptuary.store import changes
from promptuary.store import webhooks as stored
from promptuary.web.projects.webhooks import EVENTS

pytestmark = pytest.mark.own_application


@pytest.fixture
def actor(web: Api) -> Actor:
    return as_admin(web.registry.actor)


@pytest.fixture
def webhook(web: Api) -> Webhook:
    with web.registry.database.write() as tx:
        return make_webhook(tx, web.registry.actor, name="Deploys")


@pytest.fixture
def webhook_path(web: Api, webhook: Webhook) -> str:
    return path(web, f"settings/webhooks/{webhook.id}/")


@pytest.fixture
def get(web: Api, actor: Actor, webhook: Webhook) -> Callable[[], Webhook]:
    def read() -> Webhook:
        with web.registry.database.read() as tx:
            return webhooks.get_webhook(tx, actor, webhook.id)

    return read


def secret_on(page: Response) -> str:
    found = re.search(r'<code id="new-secret">([^<]+)</code>', page.text)
    assert found is not None
    return found[1]


def send_next(web: Api, webhook: Webhook, outcome: Outcome) -> None:
    with web.registry.database.write() as tx:
        webhook_queue.queue_events(tx, PRESENTER)
        message = webhook_queue.find_message(tx, webhook.id)
        assert message is not None
        webhook_queue.record_outcome(tx, message, outcome, jitter=0.5)


def test_an_admin_finds_the_webhooks_in_the_settings_and_adds_one_whose_secret_is_shown_once(
    web: Api, admin: TestClient, actor: Actor
) -> None:
    address = path(web, "settings/webhooks/")
    assert f'href="{address}"' in admin.get(path(web, "settings/")).text
    form = form_of(admin.get(address), address)
    filled = edited(form, url="https://hooks.example/in?key=1", name="Deploys", label="production", prompt_name="support-*")
    added = admin.post(address, data=filled | {"format": "slack", "event": ["label.moved", "label.created"]})
    assert added.status_code == 201
    assert is_secret(secret_on(added))
    with web.registry.database.read() as tx:
        [webhook] = webhooks.list_webhooks(tx, actor)
    assert webhook.settings.filter == EventFilter(frozenset({"label.moved", "label.created"}), "production", "support-*")
    assert (webhook.name, webhook.settings.format) == ("Deploys", WebhookFormat.SLACK)
    shown = admin.get(f"{address}{webhook.id}/")
    assert "new-secret" not in shown.text
    assert secret_on(added) not in shown.text
    listed = admin.get(address)
    assert "Deploys hooks.example 2 of 16, label production, support-* enabled" in text_of(listed)
    assert "key=1" not in listed.text


def test_a_form_that_comes_twice_adds_one_webhook(web: Api, admin: TestClient, actor: Actor) -> None:
    address = path(web, "settings/webhooks/")
    filled = edited(form_of(admin.get(address), address), url="https://hooks.example/in")
    assert admin.post(address, data=filled).status_code == 201
    again = admin.post(address, data=filled)
    assert follow(admin, again) == "This webhook already exists. Its secret is not shown again."
    with web.registry.database.read() as tx:
        assert len(webhooks.list_webhooks(tx, actor)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "ftp://hooks.example/"),
        ("url", ""),
        ("name", "x" * 101),
        ("label", "Production"),
        ("prompt_name", "a b"),
        ("event", "x"),
    ],
)
def test_what_is_refused_stays_in_the_form_with_the_reason_beside_it(
    web: Api, admin: TestClient, webhook_path: str, get: Callable[[], Webhook], field: str, value: str
) -> None:
    before = get()
    for address in (path(web, "settings/webhooks/"), webhook_path):
        sent = {"url": "https://hooks.example/typed", "name": "Typed"} | {field: value}
        refused = admin.post(address, data=sent)
        assert refused.status_code == 400
        assert 'class="problem"' in refused.text
        assert f'value="{sent["name"]}"' in refused.text
    assert get() == before


def test_settings_are_saved_and_a_webhook_that_is_disabled_stays_so(
    web: Api, admin: TestClient, webhook_path: str, get: Callable[[], Webhook]
) -> None:
    switched = admin.post(f"{webhook_path}switch/", data={})
    assert follow(admin, switched) == "The webhook is disabled."
    form = form_of(admin.get(webhook_path), webhook_path)
    saved = admin.post(webhook_path, data=edited(form, url="https://other.example/") | {"event": [*EVENT_TYPES], "format": "json"})
    assert follow(admin, saved) == "The webhook is saved."
    assert (get().settings.host, get().settings.is_enabled, get().settings.filter) == ("other.example", False, EventFilter())
    assert "The webhook is disabled." in text_of(admin.get(webhook_path))
    form = form_of(admin.get(webhook_path), f"{webhook_path}switch/")
    assert "It gets the events that it has missed." in follow(admin, admin.post(f"{webhook_path}switch/", data=form))
    assert get().settings.is_enabled
    with web.registry.database.read() as tx:
        told = [change.kind.value for change in changes.list_changes(tx, limit=100) if change.kind.value.startswith("webhook.")]
    assert told == ["webhook.created", "webhook.disabled", "webhook.changed", "webhook.enabled"]


def test_a_secret_is_rotated_once_even_if_the_form_comes_twice(
    web: Api, admin: TestClient, webhook: Webhook, webhook_path: str
) -> None:
    web.registry.database.clock.now += timedelta(seconds=1)  # type: ignore[attr-defined]
    address = f"{webhook_path}rotate/"
    form = form_of(admin.get(webhook_path), address)
    rotated = admin.post(address, data=form)
    assert rotated.status_code == 201
    assert "signed with the former one" in rotated.text
    again = admin.post(address, data=form)
    assert again.status_code == 409
    assert "was changed in the meantime" in text_of(again)
    with web.registry.database.read() as tx:
        secrets = stored.get_secrets(tx, webhook.id)
    assert secrets.current == secret_on(rotated)


def test_settings_that_were_changed_meanwhile_are_not_replaced_unseen(
    web: Api, admin: TestClient, actor: Actor, webhook: Webhook, webhook_path: str, get: Callable[[], Webhook]
) -> None:
    former = webhook.settings.url
    form = edited(form_of(admin.get(webhook_path), webhook_path), name="Mine") | {"event": "label.moved", "format": "json"}
    with web.registry.database.write() as tx:
        theirs = replace(webhook.settings, url="https://new.example/<in>", filter=EventFilter(frozenset({"prompt.created"})))
        webhooks.change_webhook(tx, actor, webhook.id, lambda _: theirs)
    refused = admin.post(webhook_path, data=form)
    assert (refused.status_code, get().settings) == (409, theirs)
    told = text_of(refused)
    assert "The webhook was changed in the meantime. Nothing was changed. What you chose is still in the form." in told
    assert f"address: {former} before, https://new.example/<in> now events: all before, prompt.created now" in told
    again = form_of(refused, webhook_path)
    assert (again["name"], again["url"]) == ("Mine", former)
    assert re.findall(r'name="event" value="([^"]+)" checked', refused.text) == ["label.moved"]
    assert follow(admin, admin.post(webhook_path, data=again | {"event": "label.moved"})) == "The webhook is saved."
    assert (get().name, get().settings.url) == ("Mine", former)


@pytest.mark.parametrize("action", ["remove", "switch"])
def test_a_webhook_that_was_changed_meanwhile_is_neither_removed_nor_enabled(
    web: Api, admin: TestClient, actor: Actor, webhook: Webhook, webhook_path: str, get: Callable[[], Webhook], action: str
) -> None:
    admin.post(f"{webhook_path}switch/", data={})
    address = f"{webhook_path}{action}/"
    form = form_of(admin.get(webhook_path), address)
    with web.registry.database.write() as tx:
        theirs = replace(webhook.settings, url="https://new.example/", is_enabled=False)
        webhooks.change_webhook(tx, actor, webhook.id, lambda _: theirs)
    refused = admin.post(address, data=form)
    assert (refused.status_code, get().settings) == (409, theirs)
    assert "https://new.example/ now" in text_of(refused)
    assert admin.post(address, data=form_of(refused, address)).status_code == 303


def test_what_is_not_among_the_settings_may_change_while_they_are_edited(
    web: Api, admin: TestClient, actor: Actor, webhook: Webhook, webhook_path: str, get: Callable[[], Webhook]
) -> None:
    with web.registry.database.write() as tx:
        webhooks.change_webhook(tx, actor, webhook.id, lambda known: replace(known, name="two\r\nlines \r here"))
    form = form_of(admin.get(webhook_path), webhook_path)
    with web.registry.database.write() as tx:
        webhooks.change_webhook(tx, actor, webhook.id, lambda known: replace(known, is_enabled=False))
        webhooks.rotate_secret(tx, actor, webhook.id)
    saved = admin.post(webhook_path, data=edited(form, name="Mine"))
    assert follow(admin, saved) == "The webhook is saved."
    assert (get().name, get().settings.is_enabled) == ("Mine", False)


@pytest.mark.parametrize("seen", ["", "{", "[]", '["u", "n", "xml", [], null, null]', '["u", "n", "json", 1, null, null]'])
def test_a_form_that_tells_nonsense_of_its_webhook_changes_nothing(
    admin: TestClient, webhook_path: str, get: Callable[[], Webhook], seen: str
) -> None:
    before = get()
    for rest in ("", "switch/", "remove/"):
        assert admin.post(f"{webhook_path}{rest}", data={"url": "https://mine.example/", "seen": seen}).status_code == 400
    assert get() == before


def test_a_test_and_a_redelivery_are_shown_with_request_and_answer(
    web: Api, admin: TestClient, webhook: Webhook, webhook_path: str
) -> None:
    tested = admin.post(f"{webhook_path}test/")
    assert follow(admin, tested).startswith("A test is sent.")
    assert "test waits none yet not yet" in re.sub(r"Request and answer .*? waits", "waits", text_of(admin.get(webhook_path)))
    send_next(web, webhook, Outcome(500, "<b>boom</b>\u202e", "", 12))
    shown = admin.get(webhook_path)
    assert "&lt;b&gt;boom" in shown.text
    assert "RIGHT-TO-LEFT OVERRIDE" in shown.text
    assert "500 12 ms" in text_of(shown)
    again = admin.post(f"{webhook_path}redeliver/", data=form_of(shown, f"{webhook_path}redeliver/"))
    assert follow(admin, again).startswith("The message is sent again.")
    send_next(web, webhook, Outcome(None, "", "hooks.example did not answer in time.", 15000))
    assert "hooks.example did not answer in time." in text_of(admin.get(webhook_path))
    assert admin.post(f"{webhook_path}redeliver/", data={"delivery_id": "99"}).status_code == 404
    with web.registry.database.write() as tx:
        make_prompt(tx, web.registry.actor)
        webhook_queue.queue_events(tx, PRESENTER)
        [waiting] = [
            each
            for each in webhooks.list_deliveries(tx, as_admin(web.registry.actor), webhook.id, limit=9, offset=0).items
            if each.state is DeliveryState.PENDING
        ]
    assert admin.post(f"{webhook_path}redeliver/", data={"delivery_id": str(waiting.id)}).status_code == 409


def test_failures_and_a_webhook_that_was_switched_off_are_pointed_out(
    web: Api, admin: TestClient, webhook: Webhook, webhook_path: str
) -> None:
    with web.registry.database.write() as tx:
        make_prompt(tx, web.registry.actor)
    send_next(web, webhook, Outcome(500))
    assert "The last 1 attempt failed" in text_of(admin.get(webhook_path))
    assert "failing since" in text_of(admin.get(path(web, "settings/webhooks/")))
    web.registry.database.clock.now += timedelta(days=3)  # type: ignore[attr-defined]
    send_next(web, webhook, Outcome(500))
    for address in (webhook_path, path(web, "settings/webhooks/")):
        shown = admin.get(address)
        assert 'role="alert"' in shown.text
        assert "switched off: no success in three days" in text_of(shown)
    assert "the server disabled the webhook Deploys (hooks.example), because it failed for three days" in text_of(
        admin.get(path(web, "activity/"))
    )


def test_deliveries_have_pages(web: Api, admin: TestClient, webhook: Webhook, webhook_path: str) -> None:
    with web.registry.database.write() as tx:
        for number in range(45):
            make_prompt(tx, web.registry.actor, name=f"prompt-{number}")
        webhook_queue.queue_events(tx, PRESENTER)
    assert webhook.id
    assert "Page 1 of 3" in text_of(admin.get(webhook_path))
    assert "Page 3 of 3" in text_of(admin.get(f"{webhook_path}?page=3"))
    assert "Nothing was sent yet." in text_of(admin.get(f"{webhook_path}?page=9"))


def test_a_removed_webhook_is_gone(admin: TestClient, webhook_path: str) -> None:
    removed = admin.post(f"{webhook_path}remove/")
    assert follow(admin, removed) == "The webhook Deploys is removed."
    assert admin.get(webhook_path).status_code == 404


def test_a_project_with_all_the_webhooks_that_it_may_have_gets_no_more(web: Api, admin: TestClient) -> None:
    with web.registry.database.write() as tx:
        for _ in range(MAX_WEBHOOKS):
            make_webhook(tx, web.registry.actor)
    address = path(web, "settings/webhooks/")
    assert "Add a webhook" not in text_of(admin.get(address))
    refused = admin.post(address, data={"url": "https://hooks.example/"})
    assert (refused.status_code, "maximum of 20 webhooks" in text_of(refused)) == (400, True)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_nobody_but_admins_sees_or_changes_webhooks(web: Api, webhook_path: str, get: Callable[[], Webhook], role: Role) -> None:
    browser, before = browser_of(web, role), get()
    assert "settings/webhooks/" not in browser.get(path(web, "settings/")).text
    for address in (path(web, "settings/webhooks/"), webhook_path):
        assert browser.get(address).status_code == 403
        assert browser.post(address, data={"url": "https://evil.example/"}).status_code == 403
    for action in ("test", "switch", "rotate", "remove", "redeliver"):
        assert browser.post(f"{webhook_path}{action}/", data={"delivery_id": "1"}).status_code == 403
    assert get() == before


def test_the_webhooks_of_another_project_are_not_there(web: Api, admin: TestClient, webhook: Webhook) -> None:
    with web.registry.database.write() as tx:
        elsewhere = replace(web.registry.actor, project_id=projects.create_project(tx, name="Other").id)
        other = make_webhook(tx, elsewhere)
    assert admin.get(path(web, f"settings/webhooks/{other.id}/")).status_code == 404
    assert admin.get(path(web, f"settings/webhooks/{webhook.id}/")).status_code == 200


def test_every_event_has_words() -> None:
    assert tuple(EVENTS) == EVENT_TYPES


def test_the_activity_tells_what_was_done_with_a_webhook(web: Api, admin: TestClient, actor: Actor, webhook: Webhook) -> None:
    with web.registry.database.write() as tx:
        webhooks.rotate_secret(tx, actor, webhook.id)
        webhooks.change_webhook(tx, actor, webhook.id, lambda known: replace(known, url="https://other.example/"))
        webhooks.change_webhook(tx, actor, webhook.id, lambda known: replace(known, is_enabled=False))
        webhooks.change_webhook(tx, actor, webhook.id, lambda known: replace(known, is_enabled=True))
        webhooks.send_test(tx, actor, webhook.id)
    send_next(web, webhook, Outcome(200))
    with web.registry.database.write() as tx:
        [sent] = webhooks.list_deliveries(tx, actor, webhook.id, limit=1, offset=0).items
        webhooks.redeliver(tx, actor, webhook.id, sent.id)
        webhooks.remove_webhook(tx, actor, webhook.id)
    told = text_of(admin.get(path(web, "activity/")))
    for words in (
        "added the webhook Deploys (hooks.example)",
        "rotated the secret of the webhook Deploys",
        "changed the webhook Deploys (other.example), before on hooks.example",
        "disabled the webhook Deploys (other.example)",
        "enabled the webhook Deploys",
        "sent a test to the webhook Deploys",
        "sent a message again to the webhook Deploys",
        "removed the webhook Deploys",
    ):
        assert words in told
    assert " did " not in told
