"""Webhooks that are sent to real endpoints on loopback: order, retries, endpoints of all kinds, and the lease."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import make_prompt, make_registry
from hooks import LOOPBACK, Hooks
from receiving import Receiver
from standardwebhooks import Webhook as Verifier
from structlog.testing import capture_logs
from wire import Clock

from promptuary.background.lease import LEASE_SECONDS, Lease
from promptuary.model.changes.payloads import WebhookDisabled
from promptuary.model.webhooks import (
    RETRY_TIME,
    DeliveryState,
    DisabledReason,
    Webhook,
    WebhookFormat,
    WebhookSettings,
)
from promptuary.outbound import OutboundLimits
from promptuary.registry import labels, prompts, webhooks
from promptuary.registry.operator import projects
from promptuary.store import changes
from promptuary.store.engine.database import Database

Until = Callable[[Callable[[], bool]], None]


def states(hooks: Hooks, webhook: Webhook) -> list[DeliveryState]:
    return [delivery.state for delivery in hooks.deliveries(webhook)]


def pass_time(seconds: float) -> None:
    """Let the running event loop take it that so much time has passed."""
    loop = asyncio.get_running_loop()
    time = loop.time
    loop.time = lambda: time() + seconds  # type: ignore[method-assign]


def test_events_arrive_in_order_signed_as_the_specification_says(hooks: Hooks, receiver: Receiver) -> None:
    hooks.create_prompts("before")
    new = hooks.add_with_secret(receiver)
    hooks.create_prompts("one")
    with hooks.database.write() as tx:
        labels.move_label(tx, hooks.registry.actor, name="one", label="production", version=1)
        prompts.publish_version(tx, hooks.registry.actor, name="one", base_version=1, prompt="Secret text")
        labels.move_label(tx, hooks.registry.actor, name="one", label="production", version=2)
        prompts.archive_prompt(tx, hooks.registry.actor, name="one")
    hooks.send()
    assert receiver.types == ["prompt.created", "label.created", "prompt.published", "label.moved", "prompt.archived"]
    assert len(set(receiver.ids)) == 5
    assert states(hooks, new.webhook) == [DeliveryState.DELIVERED] * 5
    moved = receiver.requests[3].event["data"]
    assert moved["project"] == {"id": hooks.registry.project.id, "name": "Test project"}
    assert {key: moved[key] for key in ("prompt_name", "label", "from_version", "to_version", "url")} == {
        "prompt_name": "one",
        "label": "production",
        "from_version": 1,
        "to_version": 2,
        "url": "https://prompts.example/one",
    }
    assert moved["actor"]["email"] == hooks.registry.user.email
    assert b"Secret text" not in b"".join(request.body for request in receiver.requests)


def test_the_verifier_of_the_specification_accepts_messages_and_rejects_changed_ones(database_url: str, receiver: Receiver) -> None:
    # The verifier compares the time of the message with its own clock.
    database = Database.open(database_url)
    hooks = Hooks(make_registry(database))
    new = hooks.add_with_secret(receiver)
    hooks.create_prompts("one")
    hooks.send()
    [request] = receiver.requests
    assert Verifier(new.value).verify(request.body, dict(request.headers)) == request.event
    with pytest.raises(Exception, match="No matching signature"):
        Verifier(new.value).verify(request.body + b" ", dict(request.headers))
    rotated = hooks.do(webhooks.rotate_secret, new.webhook.id)
    hooks.create_prompts("two")
    hooks.send()
    for secret in (new.value, rotated.value):
        Verifier(secret).verify(receiver.requests[1].body, dict(receiver.requests[1].headers))
    database.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_day_after_a_rotation_only_the_new_secret_signs(hooks: Hooks, receiver: Receiver, clock: Clock) -> None:
    webhook = hooks.add(receiver)
    hooks.do(webhooks.rotate_secret, webhook.id)
    hooks.create_prompts("one")
    hooks.send()
    clock.now += timedelta(hours=24)
    hooks.create_prompts("two")
    hooks.send()
    assert [len(request.headers["webhook-signature"].split(" ")) for request in receiver.requests] == [2, 1]


def test_filters_choose_events_by_type_label_and_name(hooks: Hooks, receiver: Receiver) -> None:
    hooks.add(receiver, events=frozenset({"label.moved", "label.created"}), label="production", prompt_name="support-*")
    hooks.create_prompts("support-a", "other")
    with hooks.database.write() as tx:
        for name, label in (("support-a", "staging"), ("support-a", "production"), ("other", "production")):
            labels.move_label(tx, hooks.registry.actor, name=name, label=label, version=1)
    hooks.send()
    assert [(request.event["type"], request.event["data"]["label"]) for request in receiver.requests] == [
        ("label.created", "production")
    ]


def test_prompts_whose_parts_moved_are_events_of_their_own(hooks: Hooks, receiver: Receiver) -> None:
    with hooks.database.write() as tx:
        make_prompt(tx, hooks.registry.actor, name="tone", versions=2)
        labels.move_label(tx, hooks.registry.actor, name="tone", label="production", version=1)
        make_prompt(tx, hooks.registry.actor, name="parent", prompt="@@@prompt:name=tone|label=production@@@")
    hooks.add(receiver, prompt_name="parent")
    with hooks.database.write() as tx:
        labels.move_label(tx, hooks.registry.actor, name="tone", label="production", version=2)
    hooks.send()
    [request] = receiver.requests
    assert (request.event["type"], request.event["data"]["prompt_name"]) == ("prompt.affected", "parent")
    assert request.event["data"]["cause"]["kind"] == "label.moved"


def test_slack_gets_a_text_with_its_characters_escaped(hooks: Hooks, receiver: Receiver) -> None:
    with hooks.database.write() as tx:
        projects.rename_project(tx, hooks.registry.project.id, name="<!channel> & co")
    hooks.add(receiver, form=WebhookFormat.SLACK)
    hooks.create_prompts("one")
    hooks.send()
    assert receiver.requests[0].event == {
        "text": "Test User created <https://prompts.example/one|one>. (&lt;!channel&gt; &amp; co)"
    }


@pytest.mark.parametrize("status", [500, 404, 302, 204])
def test_anything_but_success_is_tried_again_before_later_events(
    hooks: Hooks, receiver: Receiver, clock: Clock, status: int
) -> None:
    receiver.statuses, receiver.body = [status], b"\0" + b"x" * 5000
    receiver.headers = {"Location": "http://169.254.169.254/latest/meta-data/"} if status == 302 else {}
    webhook = hooks.add(receiver)
    hooks.create_prompts("one", "two")
    hooks.send()
    is_success = status == 204
    assert len(receiver.requests) == (2 if is_success else 1)
    first = hooks.deliveries(webhook)[0]
    assert first.outcome is not None
    assert (first.outcome.status, first.state is DeliveryState.DELIVERED) == (status, is_success)
    assert len(first.outcome.answer) <= 2048
    clock.now += timedelta(seconds=10)
    hooks.send()
    assert receiver.names == ["one", "two"]
    assert receiver.types == ["prompt.created"] * (2 if is_success else 3)
    if not is_success:
        assert receiver.requests[0].id == receiver.requests[1].id
        assert receiver.requests[0].body == receiver.requests[1].body
    assert hooks.get(webhook).failures == 0


def test_retries_take_longer_and_longer_until_the_webhook_is_switched_off_after_three_days(
    hooks: Hooks, receiver: Receiver, clock: Clock
) -> None:
    receiver.status = 503
    webhook = hooks.add(receiver)
    hooks.create_prompts("one")
    began_at = clock.now
    delays: list[float] = []
    while True:
        hooks.send()
        found = hooks.get(webhook)
        if found.next_attempt_at is None:
            break
        delays.append((found.next_attempt_at - clock.now).total_seconds())
        clock.now = found.next_attempt_at
    assert delays[:6] == [5, 15, 45, 135, 405, 1215]
    assert max(delays) == timedelta(hours=2).total_seconds()
    assert clock.now == began_at + RETRY_TIME
    assert (found.settings.is_enabled, found.disabled_reason) == (False, DisabledReason.FAILING)
    assert states(hooks, webhook) == [DeliveryState.PENDING]
    with hooks.database.read() as tx:
        [*_, last] = changes.list_changes(tx, limit=100)
    assert isinstance(last.payload, WebhookDisabled)
    assert (last.payload.reason, last.by.user_id) == ("failing", None)
    count = len(receiver.requests)
    clock.now += timedelta(days=1)
    hooks.create_prompts("two")
    hooks.send()
    assert len(receiver.requests) == count


def test_an_outage_of_a_day_loses_nothing(hooks: Hooks, receiver: Receiver, clock: Clock) -> None:
    receiver.status = 503
    webhook = hooks.add(receiver)
    began_at, number = clock.now, 0
    while clock.now < began_at + timedelta(days=1):
        hooks.create_prompts(f"prompt-{number}")
        number += 1
        hooks.send()
        clock.now = hooks.get(webhook).next_attempt_at or clock.now
    receiver.status = 200
    hooks.send()
    assert receiver.names == [f"prompt-{each}" for each in range(number)]
    assert {request.id for request in receiver.requests} == {delivery.message_id for delivery in hooks.deliveries(webhook)}
    assert set(states(hooks, webhook)) == {DeliveryState.DELIVERED}


def test_a_webhook_that_is_switched_on_again_gets_what_it_missed_in_order(hooks: Hooks, receiver: Receiver, clock: Clock) -> None:
    receiver.statuses = [410]
    webhook = hooks.add(receiver)
    hooks.create_prompts("one", "two")
    hooks.send()
    assert hooks.get(webhook).disabled_reason is DisabledReason.GONE
    clock.now += timedelta(days=2)
    hooks.create_prompts("three")
    hooks.send()
    assert len(receiver.requests) == 1
    with hooks.database.write() as tx:
        webhooks.change_webhook(tx, hooks.admin, webhook.id, lambda settings: replace(settings, is_enabled=True))
    hooks.send()
    assert receiver.names == ["one", "two", "three"]
    assert hooks.get(webhook).disabled_reason is None
    assert hooks.attempts == ["failed", "delivered", "delivered", "delivered"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_endpoint_that_breaks_connections_or_does_not_listen_is_tried_again(
    hooks: Hooks, receiver: Receiver, clock: Clock
) -> None:
    receiver.breaks = True
    webhook = hooks.add(receiver)
    silent = hooks.add(Receiver())
    hooks.create_prompts("one")
    hooks.send()
    for each in (webhook, silent):
        [delivery] = hooks.deliveries(each)
        assert delivery.outcome is not None
        assert (delivery.outcome.status, delivery.outcome.error) == (
            None,
            "127.0.0.1 cannot be reached, or its certificate is not valid.",
        )
    receiver.breaks = False
    clock.now += timedelta(seconds=10)
    hooks.send()
    assert states(hooks, webhook) == [DeliveryState.DELIVERED]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_compressed_answer_is_an_answer(hooks: Hooks, receiver: Receiver) -> None:
    receiver.headers = {"Content-Encoding": "gzip"}
    webhook = hooks.add(receiver)
    hooks.create_prompts("one")
    hooks.send()
    assert states(hooks, webhook) == [DeliveryState.DELIVERED]


def test_a_slow_endpoint_is_given_up_on_and_holds_up_no_other(hooks: Hooks, receiver: Receiver, until: Until) -> None:
    with Receiver().running() as slow:
        slow.opened.clear()
        slow_webhook = hooks.add(slow)
        hooks.add(receiver)
        hooks.create_prompts("one", "two")

        async def send() -> None:
            sender = hooks.make_sender(limits=OutboundLimits(total_seconds=300, allowed_networks=(LOOPBACK,)))
            sending = asyncio.create_task(sender.send_due())
            await asyncio.to_thread(until, lambda: len(receiver.requests) == 2 and bool(slow.requests))
            assert not sending.done()
            assert len(slow.requests) == 1
            pass_time(300)
            await sending
            await sender.close()

        asyncio.run(send())
        assert receiver.names == ["one", "two"]
        assert hooks.get(slow_webhook).failures == 1
        assert hooks.deliveries(slow_webhook)[0].outcome.error == "127.0.0.1 did not answer in time."  # type: ignore[union-attr]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["169.254.169.254"], ["8.8.8.8", "10.0.0.1"]])
def test_private_addresses_are_refused_whatever_the_name_says(hooks: Hooks, receiver: Receiver, addresses: list[str]) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return addresses

    webhook = hooks.add(receiver, url=f"http://hooks.example:{receiver.port}/")
    hooks.create_prompts("one")
    hooks.send(limits=OutboundLimits(), resolve=resolve)
    assert receiver.requests == []
    [delivery] = hooks.deliveries(webhook)
    assert delivery.outcome is not None
    assert "is in a network that this server may not reach" in delivery.outcome.error


def test_a_test_and_a_redelivery_are_sent_once_even_while_events_wait(hooks: Hooks, receiver: Receiver) -> None:
    receiver.statuses = [200, 500, 500, 200]
    webhook = hooks.add(receiver)
    hooks.create_prompts("one")
    hooks.send()
    hooks.create_prompts("two", "three")
    hooks.send()
    hooks.do(webhooks.send_test, webhook.id)
    hooks.send()
    assert receiver.types[-1] == "test"
    assert hooks.get(webhook).failures == 1
    first = hooks.deliveries(webhook)[0]
    hooks.do(webhooks.redeliver, webhook.id, first.id)
    hooks.send()
    assert receiver.requests[3].id == receiver.requests[0].id == first.message_id
    # An endpoint that has answered is back, so events that wait follow at once.
    assert receiver.names == ["one", "two", None, "three"]
    assert DeliveryState.FAILED in states(hooks, webhook)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_webhook_that_is_switched_off_gets_tests(hooks: Hooks, receiver: Receiver) -> None:
    settings = WebhookSettings(receiver.url, is_enabled=False)
    webhook = hooks.do(webhooks.create_webhook, settings).webhook
    hooks.create_prompts("one")
    hooks.do(webhooks.send_test, webhook.id)
    hooks.send()
    assert receiver.types == ["test"]


def test_one_worker_sends_and_another_takes_over_when_its_lease_has_expired(hooks: Hooks, receiver: Receiver, clock: Clock) -> None:
    hooks.add(receiver)
    hooks.create_prompts("one")
    dead = Lease(hooks.database, "webhooks")
    assert dead.hold()
    hooks.send()
    assert receiver.requests == []
    clock.now += timedelta(seconds=LEASE_SECONDS)
    hooks.send()
    assert receiver.names == ["one"]


def test_a_worker_without_webhooks_takes_no_lease(hooks: Hooks) -> None:
    hooks.send()
    assert Lease(hooks.database, "webhooks").hold()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_defect_while_a_message_is_sent_is_logged_and_counts_as_a_failure(hooks: Hooks, receiver: Receiver) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        raise ZeroDivisionError

    webhook = hooks.add(receiver)
    hooks.create_prompts("one")
    with capture_logs() as logs:
        hooks.send(resolve=resolve)
    assert [line["event"] for line in logs] == ["webhooks not sent"]
    assert hooks.failures == ["send_webhooks"]
    assert hooks.get(webhook).failures == 1
    [delivery] = hooks.deliveries(webhook)
    assert delivery.outcome is not None
    assert "error in the server" in delivery.outcome.error


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_the_database_refuses_is_logged_and_tried_again(hooks: Hooks, receiver: Receiver, until: Until) -> None:
    hooks.add(receiver)
    hooks.create_prompts("one")

    async def send() -> None:
        sender = hooks.make_sender()
        with hooks.database.write() as tx:
            tx.connection.exec_driver_sql("ALTER TABLE webhook_deliveries RENAME TO elsewhere")
        async with sender.running():
            sender._news.set()  # noqa: SLF001 - a commit in between
            await asyncio.to_thread(until, lambda: bool(hooks.failures))
            with hooks.database.write() as tx:
                tx.connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO webhook_deliveries")
            sender._news.set()  # noqa: SLF001 - the same
            await asyncio.to_thread(until, lambda: bool(receiver.requests))

    with capture_logs() as logs:
        asyncio.run(send())
    assert {line["event"] for line in logs} == {"webhooks not sent"}
    assert set(hooks.failures) == {"send_webhooks"}
    assert receiver.names == ["one"]
