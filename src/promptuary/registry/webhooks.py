"""The verbs of webhooks, for the admins of a project. Sending is in `webhook_queue`."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from promptuary.model.access import Actor, Permission
from promptuary.model.changes import Attribution
from promptuary.model.changes.payloads import (
    Payload,
    WebhookChanged,
    WebhookCreated,
    WebhookDisabled,
    WebhookEnabled,
    WebhookFacts,
    WebhookRedelivered,
    WebhookRemoved,
    WebhookSecretRotated,
    WebhookTested,
)
from promptuary.model.errors import DeliveryNotFound, InvalidValue, ProjectNotFound, TooManyWebhooks, WebhookExists, WebhookNotFound
from promptuary.model.webhook_messages import make_payload
from promptuary.model.webhooks import (
    MAX_WEBHOOKS,
    OVERLAP,
    TEST,
    Delivery,
    DeliveryPage,
    DeliveryState,
    Webhook,
    WebhookSettings,
    check_settings,
    id_of_message,
    make_secret,
)
from promptuary.registry.changes import record_administration
from promptuary.store import changes, projects, webhook_deliveries, webhooks
from promptuary.store.engine.database import Transaction

MAX_ASKED = 20
"""Maximum messages of a webhook that users asked for and that wait."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook with its new secret, which is shown only now."""

    webhook: Webhook
    value: str = field(repr=False)


def list_webhooks(tx: Transaction, actor: Actor) -> list[Webhook]:
    """List the webhooks of the project, oldest first. Raises `PermissionDenied`."""
    actor.require(Permission.MANAGE)
    return webhooks.list_webhooks(tx, actor.project_id, limit=MAX_WEBHOOKS)


def get_webhook(tx: Transaction, actor: Actor, webhook_id: str) -> Webhook:
    """Return a webhook of the project. Raises `PermissionDenied`, `WebhookNotFound`."""
    actor.require(Permission.MANAGE)
    return _of_project(actor, webhook_id, webhooks.find_webhook(tx, webhook_id))


def create_webhook(tx: Transaction, actor: Actor, settings: WebhookSettings, *, webhook_id: str | None = None) -> NewSecret:
    """Create a webhook that gets the events from now on.

    ``webhook_id`` names it before it is there, so that a form that comes twice makes one webhook. Raises `PermissionDenied`,
    `InvalidValue`, `TooManyWebhooks`, `WebhookExists`.
    """
    actor.require(Permission.MANAGE)
    check_settings(settings)
    projects.lock_project(tx, actor.project_id)
    if projects.find_project(tx, actor.project_id) is None:
        raise ProjectNotFound
    if webhook_id is not None and webhooks.find_webhook(tx, webhook_id) is not None:
        raise WebhookExists
    if webhooks.count_webhooks(tx, actor.project_id) >= MAX_WEBHOOKS:
        raise TooManyWebhooks(MAX_WEBHOOKS)
    now, secret = tx.clock(), make_secret()
    settings = _trimmed(settings)
    webhook = Webhook(
        id=webhook_id or str(uuid.uuid4()),
        project_id=actor.project_id,
        settings=settings,
        created_by=None,
        created_at=now,
        updated_at=now,
        disabled_at=None if settings.is_enabled else now,
    )
    webhooks.insert_webhook(tx, webhook, secret=secret, cursor=changes.last_mark(tx), created_by_id=actor.user_id)
    _record(tx, actor, WebhookCreated(facts_of(webhook)))
    return NewSecret(get_webhook(tx, actor, webhook.id), secret)


def change_webhook(
    tx: Transaction,
    actor: Actor,
    webhook_id: str,
    edit: Callable[[WebhookSettings], WebhookSettings],
    *,
    expected: WebhookSettings | None = None,
) -> Webhook:
    """Give a webhook the settings that ``edit`` makes from its present ones.

    One that is switched on again gets the events since it was switched off. Raises `PermissionDenied`, `WebhookNotFound`, and
    `InvalidValue`, also if the present settings are not those ``expected``, on or off.
    """
    actor.require(Permission.MANAGE)
    before = _of_project(actor, webhook_id, webhooks.lock_webhook(tx, webhook_id))
    settings = _trimmed(edit(before.settings))
    check_settings(settings)
    if settings == before.settings:
        return before
    _require_settings(before, expected)
    is_other = settings != replace(before.settings, is_enabled=settings.is_enabled)
    is_switched = settings.is_enabled != before.settings.is_enabled
    if is_other:
        webhooks.update_settings(tx, webhook_id, settings)
    if is_switched:
        webhooks.update_state(tx, webhook_id, is_enabled=settings.is_enabled)
    if is_switched or settings.url != before.settings.url:
        webhooks.update_failures(tx, webhook_id, failures=0, failing_since=None, next_attempt_at=None)
    after = get_webhook(tx, actor, webhook_id)
    if is_other:
        _record(tx, actor, WebhookChanged(facts_of(before), facts_of(after)))
    if is_switched:
        _record(tx, actor, WebhookEnabled(facts_of(after)) if settings.is_enabled else WebhookDisabled(facts_of(after)))
    return after


def remove_webhook(tx: Transaction, actor: Actor, webhook_id: str, *, expected: WebhookSettings | None = None) -> Webhook:
    """Remove a webhook with its deliveries; return what it was.

    Raises `PermissionDenied`, `WebhookNotFound`, and `InvalidValue` if its settings are not those ``expected``, on or off.
    """
    actor.require(Permission.MANAGE)
    webhook = _of_project(actor, webhook_id, webhooks.lock_webhook(tx, webhook_id))
    _require_settings(webhook, expected)
    webhooks.delete_webhook(tx, webhook_id)
    _record(tx, actor, WebhookRemoved(facts_of(webhook)))
    return webhook


def rotate_secret(tx: Transaction, actor: Actor, webhook_id: str, *, expected_update: datetime | None = None) -> NewSecret:
    """Give a webhook a new secret. For a day, messages are also signed with the former one.

    Raises `PermissionDenied`, `WebhookNotFound`, and `InvalidValue` if the webhook was changed since ``expected_update``.
    """
    actor.require(Permission.MANAGE)
    webhook = _of_project(actor, webhook_id, webhooks.lock_webhook(tx, webhook_id))
    if expected_update not in {None, webhook.updated_at}:
        detail = "The webhook was changed in the meantime. Its secret stays as it is. Rotate it again if that is still needed."
        raise InvalidValue("changed", detail, field="secret")
    secret = make_secret()
    webhooks.update_secret(tx, webhook_id, secret, former_until=tx.clock() + OVERLAP)
    _record(tx, actor, WebhookSecretRotated(facts_of(webhook)))
    return NewSecret(get_webhook(tx, actor, webhook_id), secret)


def send_test(tx: Transaction, actor: Actor, webhook_id: str) -> Delivery:
    """Let a webhook get a test, also one that is switched off. Raises `PermissionDenied`, `WebhookNotFound`, `InvalidValue`."""
    actor.require(Permission.MANAGE)
    webhook = _of_project(actor, webhook_id, webhooks.lock_webhook(tx, webhook_id))
    project = projects.find_project(tx, actor.project_id)
    named = {"id": actor.project_id, "name": "" if project is None else project.name}
    payload = make_payload(TEST, tx.clock(), {"project": named})
    delivery = _ask(tx, webhook, id_of_message(webhook_id, TEST, uuid.uuid4()), TEST, payload)
    _record(tx, actor, WebhookTested(facts_of(webhook)))
    return delivery


def redeliver(tx: Transaction, actor: Actor, webhook_id: str, delivery_id: int) -> Delivery:
    """Send a message again, with the same ID, also to a webhook that is switched off.

    Raises `PermissionDenied`, `WebhookNotFound`, `DeliveryNotFound`, and `InvalidValue` for one that still waits.
    """
    actor.require(Permission.MANAGE)
    webhook = _of_project(actor, webhook_id, webhooks.lock_webhook(tx, webhook_id))
    former = webhook_deliveries.find_delivery(tx, webhook_id, delivery_id)
    if former is None:
        raise DeliveryNotFound(delivery_id)
    if former.state is DeliveryState.PENDING:
        detail = "This message is still to be sent. Wait until it was, or switch the webhook on."
        raise InvalidValue("pending", detail)
    delivery = _ask(tx, webhook, former.message_id, former.type, former.payload)
    _record(tx, actor, WebhookRedelivered(facts_of(webhook), former.message_id))
    return delivery


def list_deliveries(tx: Transaction, actor: Actor, webhook_id: str, *, limit: int, offset: int) -> DeliveryPage:
    """List the messages to a webhook, newest first. Raises `PermissionDenied`, `WebhookNotFound`."""
    get_webhook(tx, actor, webhook_id)
    return webhook_deliveries.list_deliveries(tx, webhook_id, limit=limit, offset=offset)


def facts_of(webhook: Webhook) -> WebhookFacts:
    """Return the facts of a webhook for the change log."""
    settings = webhook.settings
    chosen = settings.filter
    events = tuple(sorted(chosen.events))
    return WebhookFacts(webhook.id, webhook.name, settings.host, settings.format.value, events, chosen.label, chosen.prompt_name)


def _ask(tx: Transaction, webhook: Webhook, message_id: str, event_type: str, payload: str) -> Delivery:
    if webhook_deliveries.count_asked(tx, webhook.id) >= MAX_ASKED:
        detail = f"{MAX_ASKED} messages wait to be sent. Wait until they are."
        raise InvalidValue("too_many", detail)
    messages = [(message_id, event_type, payload)]
    webhook_deliveries.insert_deliveries(tx, webhook.id, messages, form=webhook.settings.format, is_manual=True)
    return webhook_deliveries.list_deliveries(tx, webhook.id, limit=1, offset=0).items[0]


def _of_project(actor: Actor, webhook_id: str, found: Webhook | None) -> Webhook:
    if found is None or found.project_id != actor.project_id:
        raise WebhookNotFound(webhook_id)
    return found


def _require_settings(webhook: Webhook, expected: WebhookSettings | None) -> None:
    if expected is not None and webhook.settings != replace(expected, is_enabled=webhook.settings.is_enabled):
        raise InvalidValue("changed", "The webhook was changed in the meantime. Nothing was changed.", field="")


def _trimmed(settings: WebhookSettings) -> WebhookSettings:
    return replace(settings, url=settings.url.strip(), name=settings.name.strip())


def _record(tx: Transaction, actor: Actor, payload: Payload) -> None:
    record_administration(tx, payload, project_id=actor.project_id, by=Attribution.to(actor))
