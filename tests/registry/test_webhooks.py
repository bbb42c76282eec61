"""The verbs of webhooks: who may, limits, what the change log tells, and the queue of the sender."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from builders import Registry, as_admin, make_prompt, make_registry, make_webhook, writing_in_turn
from hooks import PRESENTER
from sqlalchemy import select, update
from wire import Clock

from promptuary.model.access import Actor, Role, Scope, operator
from promptuary.model.errors import (
    DeliveryNotFound,
    InvalidValue,
    MissingScope,
    PermissionDenied,
    ProjectNotFound,
    RoleTooLow,
    TooManyWebhooks,
    WebhookExists,
    WebhookNotFound,
)
from promptuary.model.webhooks import (
    DELIVERY_DAYS,
    MAX_DELIVERIES,
    MAX_WEBHOOKS,
    DeliveryState,
    EventFilter,
    Outcome,
    Webhook,
    WebhookFormat,
    WebhookSettings,
)
from promptuary.registry import webhook_queue, webhooks
from promptuary.store import changes, tables, webhook_deliveries
from promptuary.store.engine.database import Database, Transaction

SETTINGS = WebhookSettings("https://hooks.example/in?key=secret")

Verb = Callable[[Transaction, Actor, Webhook], object]
VERBS: dict[str, Verb] = {
    "list": lambda tx, actor, _: webhooks.list_webhooks(tx, actor),
    "get": lambda tx, actor, webhook: webhooks.get_webhook(tx, actor, webhook.id),
    "create": lambda tx, actor, _: webhooks.create_webhook(tx, actor, SETTINGS),
    "change": lambda tx, actor, webhook: webhooks.change_webhook(tx, actor, webhook.id, lambda _: SETTINGS),
    "rotate": lambda tx, actor, webhook: webhooks.rotate_secret(tx, actor, webhook.id),
    "test": lambda tx, actor, webhook: webhooks.send_test(tx, actor, webhook.id),
    "deliveries": lambda tx, actor, webhook: webhooks.list_deliveries(tx, actor, webhook.id, limit=1, offset=0),
    "redeliver": lambda tx, actor, webhook: webhooks.redeliver(tx, actor, webhook.id, 1),
    "remove": lambda tx, actor, webhook: webhooks.remove_webhook(tx, actor, webhook.id),
}
READING = {"list", "get", "deliveries"}


@pytest.fixture
def admin(registry: Registry) -> Actor:
    return as_admin(registry.actor)


@pytest.fixture
def webhook(registry: Registry) -> Webhook:
    with registry.database.write() as tx:
        return make_webhook(tx, registry.actor)


def send_all(registry: Registry, webhook: Webhook, outcome: Outcome) -> list[str]:
    """Send everything that is due, with the same outcome, and return the types of the messages."""
    sent = []
    with registry.database.write() as tx:
        webhook_queue.queue_events(tx, PRESENTER)
        while message := webhook_queue.find_message(tx, webhook.id):
            webhook_queue.record_outcome(tx, message, outcome, jitter=0.5)
            sent.append(message.delivery.type)
    return sent


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("verb", VERBS)
def test_only_admins_with_every_scope_may_and_a_refused_verb_changes_nothing(
    registry: Registry, webhook: Webhook, verb: str
) -> None:
    for role, scope in product(Role, Scope):
        if (role, scope) == (Role.ADMIN, Scope.ALL):
            continue
        actor = replace(registry.actor, role=role, scopes=frozenset({scope}))
        expected: type[PermissionDenied] = RoleTooLow if scope is Scope.ALL else MissingScope
        with registry.database.write() as tx:
            before = changes.last_sequence(tx)
            with pytest.raises(expected):
                VERBS[verb](tx, actor, webhook)
            assert changes.last_sequence(tx) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("verb", sorted(set(VERBS) - {"list", "create"}))
def test_a_webhook_of_another_project_is_not_found(registry: Registry, webhook: Webhook, verb: str) -> None:
    other = make_registry(registry.database)
    with registry.database.write() as tx, pytest.raises(WebhookNotFound):
        VERBS[verb](tx, as_admin(other.actor), webhook)


@pytest.mark.parametrize("verb", sorted(set(VERBS) - READING))
def test_the_change_log_tells_who_did_what_and_no_secret(registry: Registry, admin: Actor, webhook: Webhook, verb: str) -> None:
    with registry.database.write() as tx:
        webhooks.send_test(tx, admin, webhook.id)
    send_all(registry, webhook, Outcome(200))
    for actor in (replace(admin, request_id="request"), operator(registry.project.id)):
        with registry.database.write() as tx:
            before = changes.last_sequence(tx)
            VERBS[verb](tx, actor, webhook)
            [last] = changes.list_changes(tx, after=before, limit=10)
            rows = tx.connection.execute(select(tables.changes.c.before, tables.changes.c.after)).all()
            if verb == "remove":
                webhook = make_webhook(tx, registry.actor)
            elif verb == "change":
                webhooks.change_webhook(tx, actor, webhook.id, lambda _: WebhookSettings("https://hooks.example/in"))
        assert last.kind.value.startswith("webhook.")
        assert (last.project_id, last.by.user_id, last.by.request_id) == (registry.project.id, actor.user_id, actor.request_id)
        log = json.dumps([*map(tuple, rows)])
        assert "whsec_" not in log
        assert "key=secret" not in log


def test_settings_come_back_as_they_were_chosen(registry: Registry, admin: Actor) -> None:
    chosen = EventFilter(frozenset({"label.moved", "prompt.affected"}), "production", "support-*")
    settings = WebhookSettings("https://hooks.example/in", "Ünï", WebhookFormat.SLACK, chosen, is_enabled=False)
    with registry.database.write() as tx:
        new = webhooks.create_webhook(tx, admin, settings)
        found = webhooks.get_webhook(tx, admin, new.webhook.id)
        assert webhooks.list_webhooks(tx, admin) == [found]
    assert found == new.webhook
    assert found.settings == settings
    assert (found.name, found.disabled_reason) == ("Ünï", None)
    assert found.created_by is not None
    assert found.created_by.id == registry.user.id
    assert new.value not in repr(found)


def test_a_change_that_changes_nothing_is_none(registry: Registry, admin: Actor, webhook: Webhook) -> None:
    with registry.database.write() as tx:
        before = changes.last_sequence(tx)
        webhooks.change_webhook(tx, admin, webhook.id, lambda known: known)
        assert changes.last_sequence(tx) == before


@pytest.mark.parametrize(
    "settings",
    [
        replace(SETTINGS, url="ftp://hooks.example"),
        replace(SETTINGS, name="x" * 101),
        replace(SETTINGS, filter=EventFilter(frozenset({"prompt.stolen"}))),
        replace(SETTINGS, filter=EventFilter(label="Production")),
        replace(SETTINGS, filter=EventFilter(prompt_name="a b")),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_settings_that_break_a_rule_are_refused(
    registry: Registry, admin: Actor, webhook: Webhook, settings: WebhookSettings
) -> None:
    with registry.database.write() as tx:
        with pytest.raises(InvalidValue):
            webhooks.create_webhook(tx, admin, settings)
        with pytest.raises(InvalidValue):
            webhooks.change_webhook(tx, admin, webhook.id, lambda _: settings)


def test_a_project_has_a_maximum_of_webhooks_and_an_id_is_given_once(registry: Registry, admin: Actor, webhook: Webhook) -> None:
    with registry.database.write() as tx:
        with pytest.raises(WebhookExists):
            webhooks.create_webhook(tx, admin, SETTINGS, webhook_id=webhook.id)
        for _ in range(MAX_WEBHOOKS - 1):
            webhooks.create_webhook(tx, admin, SETTINGS)
        with pytest.raises(TooManyWebhooks):
            webhooks.create_webhook(tx, admin, SETTINGS)
        with pytest.raises(ProjectNotFound):
            webhooks.create_webhook(tx, replace(admin, project_id=99), SETTINGS)


def test_messages_that_users_ask_for_are_bounded(registry: Registry, admin: Actor, webhook: Webhook) -> None:
    with registry.database.write() as tx:
        for _ in range(webhooks.MAX_ASKED):
            webhooks.send_test(tx, admin, webhook.id)
        with pytest.raises(InvalidValue, match="wait to be sent"):
            webhooks.send_test(tx, admin, webhook.id)
        with pytest.raises(DeliveryNotFound):
            webhooks.redeliver(tx, admin, webhook.id, 2**70)
        waiting = webhooks.list_deliveries(tx, admin, webhook.id, limit=1, offset=0).items[0]
        with pytest.raises(InvalidValue, match="still to be sent"):
            webhooks.redeliver(tx, admin, webhook.id, waiting.id)


def test_events_are_queued_once_however_often_and_in_how_many_batches(
    registry: Registry, admin: Actor, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_queue, "SCAN_LIMIT", 2)
    with registry.database.write() as tx:
        for number in range(5):
            make_prompt(tx, registry.actor, name=f"p{number}")
        assert webhook_queue.has_unqueued(tx)
        webhook_queue.queue_events(tx, PRESENTER)
        webhook_queue.queue_events(tx, PRESENTER)
        assert webhooks.list_deliveries(tx, admin, webhook.id, limit=10, offset=0).count == 2
        assert not webhook_queue.has_unqueued(tx)
    for _ in range(3):
        send_all(registry, webhook, Outcome(200))
    with registry.database.read() as tx:
        page = webhooks.list_deliveries(tx, admin, webhook.id, limit=10, offset=0)
        assert not webhook_queue.has_unqueued(tx)
    names = [json.loads(delivery.payload)["data"]["prompt_name"] for delivery in page.items]
    assert names == ["p4", "p3", "p2", "p1", "p0"]


def test_a_filter_that_matches_nothing_leaves_nothing_to_do(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_webhook(tx, registry.actor, filter=EventFilter(prompt_name="none"))
        make_prompt(tx, registry.actor)
        webhook_queue.queue_events(tx, PRESENTER)
        assert not webhook_queue.has_unqueued(tx)
        assert webhook_queue.list_work(tx) == webhook_queue.Work((), None)


def test_an_outcome_counts_once_and_not_for_a_webhook_that_is_gone(registry: Registry, admin: Actor, webhook: Webhook) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        webhook_queue.queue_events(tx, PRESENTER)
        message = webhook_queue.find_message(tx, webhook.id)
        assert message is not None
        for status in (200, 500):
            webhook_queue.record_outcome(tx, message, Outcome(status), jitter=0.5)
        [delivery] = webhooks.list_deliveries(tx, admin, webhook.id, limit=10, offset=0).items
        assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 1)
        webhooks.remove_webhook(tx, admin, webhook.id)
        webhook_queue.record_outcome(tx, message, Outcome(200), jitter=0.5)
        assert webhook_queue.find_message(tx, webhook.id) is None
        assert tx.connection.execute(select(tables.webhook_deliveries)).all() == []


def test_another_address_is_tried_at_once(registry: Registry, admin: Actor, webhook: Webhook) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
    send_all(registry, webhook, Outcome(500))
    with registry.database.write() as tx:
        assert webhook_queue.list_work(tx).due == ()
        changed = webhooks.change_webhook(tx, admin, webhook.id, lambda _: SETTINGS)
        assert changed.failures == 0
        assert webhook_queue.list_work(tx).due == (webhook.id,)


def test_old_and_superfluous_deliveries_are_deleted_and_those_that_wait_stay(database_url: str, clock: Clock) -> None:
    database = Database.open(database_url, clock=clock)
    registry = make_registry(database)
    with writing_in_turn(database) as tx:
        webhook = make_webhook(tx, registry.actor)
        messages = [(f"msg_{number:032x}", "test", "{}") for number in range(MAX_DELIVERIES + 5)]
        webhook_deliveries.insert_deliveries(tx, webhook.id, messages, form=WebhookFormat.JSON)
        rows = update(tables.webhook_deliveries).values(state="delivered", attempted_at=clock.now)
        tx.connection.execute(rows)
        webhook_deliveries.insert_deliveries(tx, webhook.id, messages[:1], form=WebhookFormat.JSON)
        webhook_queue.trim_deliveries(tx)
        assert webhook_deliveries.list_deliveries(tx, webhook.id, limit=1, offset=0).count == MAX_DELIVERIES + 1
        clock.now += timedelta(days=DELIVERY_DAYS, seconds=1)
        webhook_queue.trim_deliveries(tx)
        [left] = webhook_deliveries.list_deliveries(tx, webhook.id, limit=10, offset=0).items
        assert left.state is DeliveryState.PENDING
    database.close()
