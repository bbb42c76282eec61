"""Rows of webhooks: their settings, secrets and cursors."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, delete, exists, func, insert, or_, select, update

from promptuary.model.changes import ChangeKind
from promptuary.model.webhooks import DisabledReason, EventFilter, Secrets, Webhook, WebhookFormat, WebhookSettings
from promptuary.store.changes import Mark, is_event
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import changes, users, webhook_deliveries, webhooks
from promptuary.store.users import AUTHOR_COLUMNS, author_of

_SELECT = select(*webhooks.c, *AUTHOR_COLUMNS).outerjoin(users, users.c.id == webhooks.c.created_by_id)
_QUEUED = and_(
    webhook_deliveries.c.webhook_id == webhooks.c.id,
    webhook_deliveries.c.state == "pending",
    webhook_deliveries.c.is_manual.is_(False),
)
_NEWS = and_(
    changes.c.project_id == webhooks.c.project_id,
    is_event(),
    changes.c.sequence > webhooks.c.cursor_sequence,
)
_RESTORED = and_(
    changes.c.project_id.is_(None),
    changes.c.kind == ChangeKind.DATABASE_RESTORED.value,
    changes.c.sequence > webhooks.c.cursor_sequence,
)


def insert_webhook(tx: Transaction, webhook: Webhook, *, secret: str, cursor: Mark, created_by_id: int | None) -> None:
    """Insert a webhook that gets the events behind a place in the change log."""
    tx.connection.execute(
        insert(webhooks).values(
            id=webhook.id,
            project_id=webhook.project_id,
            **_columns_of(webhook.settings),
            secret=secret,
            is_enabled=webhook.settings.is_enabled,
            disabled_at=webhook.disabled_at,
            cursor_sequence=cursor.sequence,
            cursor_at=cursor.at,
            failures=0,
            created_by_id=created_by_id,
            created_at=webhook.created_at,
            updated_at=webhook.updated_at,
        )
    )


def find_webhook(tx: Transaction, webhook_id: str) -> Webhook | None:
    """Find a webhook by ID."""
    row = tx.connection.execute(_SELECT.where(webhooks.c.id == webhook_id)).one_or_none()
    return None if row is None else _webhook(row)


def lock_webhook(tx: Transaction, webhook_id: str) -> Webhook | None:
    """Find a webhook and keep others from changing it until the transaction ends."""
    tx.connection.execute(select(webhooks.c.id).where(webhooks.c.id == webhook_id).with_for_update())
    return find_webhook(tx, webhook_id)


def list_webhooks(tx: Transaction, project_id: int, *, limit: int) -> list[Webhook]:
    """List the webhooks of a project, oldest first."""
    statement = _SELECT.where(webhooks.c.project_id == project_id).order_by(webhooks.c.created_at, webhooks.c.id).limit(limit)
    return [_webhook(row) for row in tx.connection.execute(statement)]


def count_webhooks(tx: Transaction, project_id: int) -> int:
    """Count the webhooks of a project."""
    statement = select(func.count()).select_from(webhooks).where(webhooks.c.project_id == project_id)
    return tx.connection.execute(statement).scalar_one()


def update_settings(tx: Transaction, webhook_id: str, settings: WebhookSettings) -> None:
    """Replace the settings; whether the webhook is switched on stays as it is."""
    tx.connection.execute(
        update(webhooks).where(webhooks.c.id == webhook_id).values(**_columns_of(settings), updated_at=tx.clock())
    )


def update_state(tx: Transaction, webhook_id: str, *, is_enabled: bool, reason: DisabledReason | None = None) -> None:
    """Switch a webhook on or off."""
    values = {
        "is_enabled": is_enabled,
        "disabled_at": None if is_enabled else tx.clock(),
        "disabled_reason": None if reason is None else reason.value,
    }
    tx.connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values, updated_at=tx.clock()))


def update_failures(
    tx: Transaction, webhook_id: str, *, failures: int, failing_since: datetime | None, next_attempt_at: datetime | None
) -> None:
    """Note the failures in a row, and the time of the next attempt."""
    values = {"failures": failures, "failing_since": failing_since, "next_attempt_at": next_attempt_at}
    tx.connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))


def update_secret(tx: Transaction, webhook_id: str, secret: str, *, former_until: datetime) -> None:
    """Replace the secret, and keep the former one for a while."""
    values = {"secret": secret, "former_secret": webhooks.c.secret, "former_secret_until": former_until, "updated_at": tx.clock()}
    tx.connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))


def get_secrets(tx: Transaction, webhook_id: str) -> Secrets:
    """Return the secrets of a webhook that is there."""
    columns = (webhooks.c.secret, webhooks.c.former_secret, webhooks.c.former_secret_until)
    row = tx.connection.execute(select(*columns).where(webhooks.c.id == webhook_id)).one()
    return Secrets(row.secret, row.former_secret, row.former_secret_until)


def get_cursor(tx: Transaction, webhook_id: str) -> Mark:
    """Return the place in the change log up to which the events of a webhook that is there were queued."""
    columns = (webhooks.c.cursor_sequence, webhooks.c.cursor_at)
    row = tx.connection.execute(select(*columns).where(webhooks.c.id == webhook_id)).one()
    return Mark(row.cursor_sequence, row.cursor_at)


def move_cursor(tx: Transaction, webhook_id: str, cursor: Mark, *, former: Mark) -> None:
    """Move the cursor of a webhook, unless another transaction has."""
    is_there = (webhooks.c.id == webhook_id, webhooks.c.cursor_sequence == former.sequence)
    values = {"cursor_sequence": cursor.sequence, "cursor_at": cursor.at}
    tx.connection.execute(update(webhooks).where(*is_there).values(**values))


def delete_webhook(tx: Transaction, webhook_id: str) -> None:
    """Remove a webhook with its deliveries."""
    tx.connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))


def list_unqueued(tx: Transaction, *, limit: int) -> list[str]:
    """List the IDs of enabled webhooks that have queued nothing, and for which the change log has news or has lost some."""
    first, last = (select(extreme(changes.c.sequence)).scalar_subquery() for extreme in (func.min, func.max))
    is_lost = or_(webhooks.c.cursor_sequence + 1 < first, webhooks.c.cursor_sequence > last, exists().where(_RESTORED))
    has_news = or_(exists().where(_NEWS), is_lost)
    statement = select(webhooks.c.id).where(webhooks.c.is_enabled, ~exists().where(_QUEUED), has_news)
    return [row.id for row in tx.connection.execute(statement.order_by(webhooks.c.id).limit(limit))]


def list_unsent(tx: Transaction) -> Sequence[tuple[str, bool, Mark, int | None]]:
    """List for every webhook its ID, if it is enabled, its cursor, and the sequence of the first change behind that, if any."""
    first = select(func.min(changes.c.sequence)).where(_NEWS).scalar_subquery().label("first_news")
    columns = (webhooks.c.id, webhooks.c.is_enabled, webhooks.c.cursor_sequence, webhooks.c.cursor_at)
    rows = tx.connection.execute(select(*columns, first).order_by(webhooks.c.id))
    return [(row.id, row.is_enabled, Mark(row.cursor_sequence, row.cursor_at), row.first_news) for row in rows]


def list_ids(tx: Transaction) -> list[str]:
    """List the IDs of all webhooks."""
    return [row.id for row in tx.connection.execute(select(webhooks.c.id).order_by(webhooks.c.id))]


def are_there(tx: Transaction) -> bool:
    """Return `True` if there is anything to send, or may be soon: an enabled webhook, or a message that a user asked for."""
    pending = (webhook_deliveries.c.state == "pending", webhook_deliveries.c.is_manual)
    asked = select(webhook_deliveries.c.id).where(*pending).limit(1)
    enabled = select(webhooks.c.id).where(webhooks.c.is_enabled).limit(1)
    return any(tx.connection.execute(statement).first() is not None for statement in (enabled, asked))


def find_next_attempt(tx: Transaction) -> datetime | None:
    """Return the time of the next attempt that is not due yet."""
    later = (webhooks.c.is_enabled, webhooks.c.next_attempt_at > tx.clock(), exists().where(_QUEUED))
    statement = select(webhooks.c.next_attempt_at).where(*later).order_by(webhooks.c.next_attempt_at).limit(1)
    return tx.connection.execute(statement).scalar_one_or_none()


def _columns_of(settings: WebhookSettings) -> dict[str, object]:
    return {
        "name": settings.name,
        "url": settings.url,
        "format": settings.format.value,
        "events": sorted(settings.filter.events),
        "label": settings.filter.label,
        "prompt_name": settings.filter.prompt_name,
    }


def _webhook(row: AnyRow) -> Webhook:
    return Webhook(
        id=row.id,
        project_id=row.project_id,
        settings=WebhookSettings(
            url=row.url,
            name=row.name,
            format=WebhookFormat(row.format),
            filter=EventFilter(frozenset(row.events), row.label, row.prompt_name),
            is_enabled=row.is_enabled,
        ),
        created_by=author_of(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
        disabled_at=row.disabled_at,
        disabled_reason=None if row.disabled_reason is None else DisabledReason(row.disabled_reason),
        failures=row.failures,
        failing_since=row.failing_since,
        next_attempt_at=row.next_attempt_at,
    )
