"""The way of events to webhooks: from the change log into the queue of each webhook, and what becomes of the messages there.

The worker that sends calls these functions; they check no permission. A webhook has a cursor in the change log. The events behind
it are queued some at a time, in the transaction that moves the cursor, and sent in the order of the queue. So nothing is lost when
a process ends at any moment, and a message may be sent twice, with the same ID.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from promptuary.model.accounts import Project
from promptuary.model.activity import Activity
from promptuary.model.changes import OPERATOR, NewChange
from promptuary.model.changes.payloads import RequestFacts, WebhookDisabled
from promptuary.model.webhook_messages import make_payload
from promptuary.model.webhooks import (
    AFFECTED,
    DELIVERY_DAYS,
    MAX_DELIVERIES,
    RESET,
    RETRY_TIME,
    Delivery,
    DeliveryState,
    DisabledReason,
    Event,
    Outcome,
    Secrets,
    Webhook,
    events_of,
    id_of_message,
    message_id,
    retry_at,
)
from promptuary.registry.webhooks import facts_of
from promptuary.store import activity, changes, projects, webhook_deliveries, webhooks
from promptuary.store.changes import Mark
from promptuary.store.engine.database import Transaction

SCAN_LIMIT = 200
"""Maximum changes whose events are queued at once for one webhook."""

BATCH = 100
"""Maximum webhooks that are looked after at once."""


@dataclass(frozen=True, slots=True)
class Presenter:
    """The form of events: ``show`` shows a change as the API does, ``page`` that of a page."""

    show: Callable[[Activity], Mapping[str, object]]
    page: Callable[[int, str | None, int | None], str | None]


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is due, with all that sending needs."""

    webhook: Webhook
    delivery: Delivery
    secrets: Secrets


@dataclass(frozen=True, slots=True)
class Work:
    """The webhooks to which a message is due, and the time at which another one is."""

    due: tuple[str, ...]
    next_at: datetime | None


def is_there_work(tx: Transaction) -> bool:
    """Return `True` if there is a webhook to look after."""
    return webhooks.are_there(tx)


def has_unqueued(tx: Transaction) -> bool:
    """Return `True` if `queue_events` has something to do."""
    return bool(webhooks.list_unqueued(tx, limit=1))


def queue_events(tx: Transaction, presenter: Presenter) -> None:
    """Queue the next events of each webhook that has queued none."""
    for webhook_id in webhooks.list_unqueued(tx, limit=BATCH):
        webhook = webhooks.lock_webhook(tx, webhook_id)
        # Another worker may have been here.
        if webhook is not None and webhook.settings.is_enabled and not webhook_deliveries.has_queued(tx, webhook_id):
            _queue_events_of(tx, webhook, presenter)
            _trim(tx, webhook_id)


def list_work(tx: Transaction) -> Work:
    """Return what is to be sent now, and when there is more."""
    return Work(tuple(webhook_deliveries.list_due(tx, limit=BATCH)), webhooks.find_next_attempt(tx))


def find_message(tx: Transaction, webhook_id: str) -> Message | None:
    """Find the message to send to a webhook now: one that a user asked for, else the first event of the queue."""
    webhook = webhooks.find_webhook(tx, webhook_id)
    if webhook is None:
        return None
    delivery = webhook_deliveries.find_next(tx, webhook_id, is_manual=True)
    if delivery is None and webhook.settings.is_enabled and _is_due(webhook, tx.clock()):
        delivery = webhook_deliveries.find_next(tx, webhook_id, is_manual=False)
    return None if delivery is None else Message(webhook, delivery, webhooks.get_secrets(tx, webhook_id))


def record_outcome(tx: Transaction, message: Message, outcome: Outcome, *, jitter: float) -> None:
    """Note the outcome of an attempt: the message is done, or comes again later, or the webhook is switched off."""
    webhook = webhooks.lock_webhook(tx, message.webhook.id)
    delivery = None if webhook is None else webhook_deliveries.find_delivery(tx, webhook.id, message.delivery.id)
    if webhook is None or delivery is None or delivery.state is not DeliveryState.PENDING:
        return
    state = DeliveryState.FAILED if delivery.is_manual else DeliveryState.PENDING
    webhook_deliveries.update_delivery(
        tx,
        delivery,
        state=DeliveryState.DELIVERED if outcome.is_success else state,
        form=message.webhook.settings.format,
        outcome=outcome,
    )
    if outcome.is_success:
        if webhook.failures:
            webhooks.update_failures(tx, webhook.id, failures=0, failing_since=None, next_attempt_at=None)
    elif not delivery.is_manual and webhook.settings.is_enabled:
        _note_failure(tx, webhook, outcome, jitter)


def trim_change_log(tx: Transaction, *, before: datetime) -> int:
    """Delete entries of the change log older than ``before``; return how many.

    Those that an enabled webhook has not got yet, and all behind them, stay until they are `RETRY_TIME` older. What is lost to a
    webhook nevertheless shows by its cursor, and it gets a reset.
    """
    newest = changes.last_mark(tx)
    waiting: list[int] = []
    for webhook_id, is_enabled, cursor, first in webhooks.list_unsent(tx):
        if changes.is_lost_behind(tx, changes.cursor_of(cursor), newest=newest.sequence):
            continue
        # Entries of other projects may go without a reset of this webhook.
        moved = newest if first is None else Mark(first - 1)
        if moved.sequence > cursor.sequence:
            webhooks.move_cursor(tx, webhook_id, moved, former=cursor)
        if is_enabled and first is not None:
            waiting.append(first)
    wanted = min(waiting, default=None)
    return changes.trim_changes(tx, before=before, wanted=wanted, wanted_since=before - RETRY_TIME)


def has_deliveries(tx: Transaction) -> bool:
    """Return `True` if there are webhooks, whose deliveries may have to be trimmed."""
    return bool(webhooks.list_ids(tx))


def trim_deliveries(tx: Transaction) -> None:
    """Delete old deliveries of all webhooks."""
    for webhook_id in webhooks.list_ids(tx):
        _trim(tx, webhook_id)


def _queue_events_of(tx: Transaction, webhook: Webhook, presenter: Presenter) -> None:
    project = projects.find_project(tx, webhook.project_id)
    if project is None:
        return
    cursor = webhooks.get_cursor(tx, webhook.id)
    newest = changes.last_mark(tx)
    if changes.is_lost_behind(tx, changes.cursor_of(cursor), newest=newest.sequence):
        messages = [_reset(tx, webhook, project, presenter, newest)]
        reached = newest
    else:
        scanned = activity.list_behind(
            tx, after=cursor.sequence, limit=SCAN_LIMIT, project_id=webhook.project_id, with_requests=True
        )
        messages = [
            (message_id(webhook.id, event), event.type, _payload_of(event, entry, project, presenter))
            for entry in scanned
            for event in events_of(entry.change)
            if webhook.settings.filter.matches(event)
        ]
        reached = _end_of(scanned, newest)
    webhook_deliveries.insert_deliveries(tx, webhook.id, messages, form=webhook.settings.format)
    webhooks.move_cursor(tx, webhook.id, reached, former=cursor)


def _end_of(scanned: list[Activity], newest: Mark) -> Mark:
    """Return the place up to which all events were seen. An entry that was committed meanwhile may be behind the newest one."""
    last = changes.mark_of(scanned[-1].change) if scanned else newest
    return last if len(scanned) == SCAN_LIMIT or last.sequence > newest.sequence else newest


def _reset(tx: Transaction, webhook: Webhook, project: Project, presenter: Presenter, newest: Mark) -> tuple[str, str, str]:
    data = {"project": _named(project), "url": presenter.page(project.id, None, None)}
    return id_of_message(webhook.id, RESET, newest.sequence), RESET, make_payload(RESET, tx.clock(), data)


def _payload_of(event: Event, entry: Activity, project: Project, presenter: Presenter) -> str:
    shown = presenter.show(entry)
    request = event.request
    if request is not None:
        facts: Mapping[str, object] = {field: shown[field] for field in _OF_REQUESTS} | {"change_request": _show_request(request)}
    else:
        facts = {"prompt_name": event.prompt_name, "cause": shown} if event.type == AFFECTED else shown
    page = presenter.page(project.id, event.prompt_name, None if request is None else request.request_id)
    data = {"project": _named(project), **facts, "url": page}
    return make_payload(event.type, event.change.at, data)


_OF_REQUESTS = ("cursor", "kind", "actor", "created_at")


def _show_request(request: RequestFacts) -> dict[str, object]:
    return {
        "id": request.request_id,
        "title": request.title,
        "revision": request.revision,
        "prompt_names": list(request.prompt_names),
        "labels": list(request.labels),
    }


def _named(project: Project) -> dict[str, object]:
    return {"id": project.id, "name": project.name}


def _is_due(webhook: Webhook, now: datetime) -> bool:
    return webhook.next_attempt_at is None or webhook.next_attempt_at <= now


def _note_failure(tx: Transaction, webhook: Webhook, outcome: Outcome, jitter: float) -> None:
    now = tx.clock()
    since = webhook.failing_since or now
    failures = webhook.failures + 1
    next_at = None if outcome.is_gone else retry_at(since, now, failures=failures, jitter=jitter)
    webhooks.update_failures(tx, webhook.id, failures=failures, failing_since=since, next_attempt_at=next_at)
    if next_at is None:
        reason = DisabledReason.GONE if outcome.is_gone else DisabledReason.FAILING
        webhooks.update_state(tx, webhook.id, is_enabled=False, reason=reason)
        change = NewChange(WebhookDisabled(facts_of(webhook), reason.value), webhook.project_id)
        changes.append_change(tx, change, OPERATOR)


def _trim(tx: Transaction, webhook_id: str) -> None:
    before = tx.clock() - timedelta(days=DELIVERY_DAYS)
    webhook_deliveries.trim_deliveries(tx, webhook_id, before=before, keep=MAX_DELIVERIES)
