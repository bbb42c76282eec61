"""Rows of deliveries: messages that wait in the order in which they are sent, and those that were sent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select, update

from promptuary.model.webhooks import Delivery, DeliveryPage, DeliveryState, Outcome, WebhookFormat
from promptuary.store.column_types import MAX_INTEGER
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import webhook_deliveries as deliveries
from promptuary.store.tables import webhooks

_PENDING = deliveries.c.state == DeliveryState.PENDING.value
_MAX_ID = 2**63 - 1


def insert_deliveries(
    tx: Transaction,
    webhook_id: str,
    messages: Sequence[tuple[str, str, str]],
    *,
    form: WebhookFormat,
    is_manual: bool = False,
) -> None:
    """Append messages, each an ID, a type and a payload, to those that wait."""
    if messages:
        rows = [
            {
                "webhook_id": webhook_id,
                "message_id": message_id,
                "type": event_type,
                "payload": payload,
                "format": form.value,
                "is_manual": is_manual,
                "state": DeliveryState.PENDING.value,
                "attempts": 0,
                "created_at": tx.clock(),
            }
            for message_id, event_type, payload in messages
        ]
        tx.connection.execute(insert(deliveries), rows)


def has_queued(tx: Transaction, webhook_id: str) -> bool:
    """Return `True` if events wait for a webhook."""
    waiting = (deliveries.c.webhook_id == webhook_id, _PENDING, deliveries.c.is_manual.is_(False))
    return tx.connection.execute(select(deliveries.c.id).where(*waiting).limit(1)).first() is not None


def count_asked(tx: Transaction, webhook_id: str) -> int:
    """Count the messages that users asked for and that wait."""
    waiting = (deliveries.c.webhook_id == webhook_id, _PENDING, deliveries.c.is_manual)
    return tx.connection.execute(select(func.count()).select_from(deliveries).where(*waiting)).scalar_one()


def list_due(tx: Transaction, *, limit: int) -> list[str]:
    """List the IDs of webhooks to which a message is to be sent now."""
    is_due = webhooks.c.is_enabled & or_(webhooks.c.next_attempt_at.is_(None), webhooks.c.next_attempt_at <= tx.clock())
    statement = (
        select(deliveries.c.webhook_id)
        .join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
        .where(_PENDING, or_(deliveries.c.is_manual, is_due))
        .distinct()
        .order_by(deliveries.c.webhook_id)
        .limit(limit)
    )
    return [row.webhook_id for row in tx.connection.execute(statement)]


def find_next(tx: Transaction, webhook_id: str, *, is_manual: bool) -> Delivery | None:
    """Find the oldest message that waits for a webhook: of those that users asked for, or of the events."""
    statement = select(deliveries).where(deliveries.c.webhook_id == webhook_id, _PENDING, deliveries.c.is_manual.is_(is_manual))
    row = tx.connection.execute(statement.order_by(deliveries.c.id).limit(1)).one_or_none()
    return None if row is None else _delivery(row)


def find_delivery(tx: Transaction, webhook_id: str, delivery_id: int) -> Delivery | None:
    """Find a message to a webhook by ID."""
    if delivery_id > _MAX_ID:
        return None
    statement = select(deliveries).where(deliveries.c.id == delivery_id, deliveries.c.webhook_id == webhook_id)
    row = tx.connection.execute(statement).one_or_none()
    return None if row is None else _delivery(row)


def list_deliveries(tx: Transaction, webhook_id: str, *, limit: int, offset: int) -> DeliveryPage:
    """List the messages to a webhook, newest first."""
    own = deliveries.c.webhook_id == webhook_id
    count = tx.connection.execute(select(func.count()).select_from(deliveries).where(own)).scalar_one()
    statement = select(deliveries).where(own).order_by(deliveries.c.id.desc()).limit(limit).offset(min(offset, MAX_INTEGER))
    return DeliveryPage(count, tuple(_delivery(row) for row in tx.connection.execute(statement)))


def update_delivery(tx: Transaction, delivery: Delivery, *, state: DeliveryState, form: WebhookFormat, outcome: Outcome) -> None:
    """Note an attempt."""
    values = {
        "state": state.value,
        "format": form.value,
        "attempts": deliveries.c.attempts + 1,
        "attempted_at": tx.clock(),
        "status": outcome.status,
        "answer": outcome.answer,
        "error": outcome.error,
        "duration_ms": outcome.duration_ms,
    }
    tx.connection.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(**values))


def trim_deliveries(tx: Transaction, webhook_id: str, *, before: datetime, keep: int) -> int:
    """Delete finished messages that were sent before a time, and all but the newest; return how many."""
    finished = (deliveries.c.webhook_id == webhook_id, ~_PENDING)
    newest = select(deliveries.c.id).where(*finished).order_by(deliveries.c.id.desc())
    beyond = tx.connection.execute(newest.offset(keep).limit(1)).scalar_one_or_none() or 0
    statement = delete(deliveries).where(*finished, or_(deliveries.c.id <= beyond, deliveries.c.attempted_at < before))
    return tx.connection.execute(statement).rowcount


def _delivery(row: AnyRow) -> Delivery:
    was_tried = row.attempted_at is not None
    outcome = Outcome(row.status, row.answer or "", row.error or "", row.duration_ms or 0) if was_tried else None
    return Delivery(
        id=row.id,
        webhook_id=row.webhook_id,
        message_id=row.message_id,
        type=row.type,
        payload=row.payload,
        format=WebhookFormat(row.format),
        is_manual=row.is_manual,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        created_at=row.created_at,
        attempted_at=row.attempted_at,
        outcome=outcome,
    )
