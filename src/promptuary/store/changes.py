"""The change log: every write appends to it in its own transaction, in commit order."""

from datetime import datetime

from sqlalchemy import delete, func, insert, select

from promptuary.model.changes import Change, ChangeKind
from promptuary.store import dialect
from promptuary.store.database import AnyRow, Transaction
from promptuary.store.tables import changes


def append_change(  # noqa: PLR0913 - one argument a column
    tx: Transaction,
    kind: ChangeKind,
    *,
    project_id: int | None,
    prompt_id: str | None,
    prompt_name: str | None,
    before: dict[str, object] | None,
    after: dict[str, object] | None,
    actor_user_id: int | None,
    actor_key_id: str | None,
    request_id: str | None,
) -> int:
    """Append an entry and return its sequence. Call it last in a transaction: it holds up other writers until the commit."""
    lock_log(tx)
    statement = (
        insert(changes)
        .values(
            kind=kind.value,
            project_id=project_id,
            prompt_id=prompt_id,
            prompt_name=prompt_name,
            before=before,
            after=after,
            actor_user_id=actor_user_id,
            actor_key_id=actor_key_id,
            at=tx.clock(),
            request_id=request_id,
        )
        .returning(changes.c.sequence)
    )
    sequence: int = tx.connection.execute(statement).scalar_one()
    dialect.announce_changes(tx.connection)
    return sequence


def append_restoration(tx: Transaction, *, known: int) -> None:
    """Append the entry of a restored database, behind all that it holds and behind ``known``, the last that was there before."""
    sequence = max(known, last_sequence(tx)) + 1
    statement = insert(changes).values(sequence=sequence, kind=ChangeKind.DATABASE_RESTORED.value, at=tx.clock())
    tx.connection.execute(statement)
    dialect.announce_changes(tx.connection)


def lock_log(tx: Transaction) -> None:
    """Keep all others from appending until the transaction ends; who has to be the only writer takes it first."""
    dialect.lock_change_log(tx.connection)


def list_changes(tx: Transaction, *, after: int = 0, limit: int, project_id: int | None = None) -> list[Change]:
    """List entries behind a sequence, oldest first, of one project or of all."""
    statement = select(changes).where(changes.c.sequence > after).order_by(changes.c.sequence).limit(limit)
    if project_id is not None:
        statement = statement.where(changes.c.project_id == project_id)
    return [_change(row) for row in tx.connection.execute(statement)]


def last_sequence(tx: Transaction) -> int:
    """Return the sequence of the newest entry, 0 when there is none."""
    last: int = tx.connection.execute(select(func.coalesce(func.max(changes.c.sequence), 0))).scalar_one()
    return last


def trim_changes(tx: Transaction, *, before: datetime) -> int:
    """Delete entries older than ``before`` and return how many; the newest one stays, so that readers can tell where they are."""
    statement = delete(changes).where(changes.c.at < before, changes.c.sequence < last_sequence(tx))
    return tx.connection.execute(statement).rowcount


def is_trimmed_behind(tx: Transaction, sequence: int) -> bool:
    """Tell whether entries behind ``sequence`` may be missing because the log was trimmed.

    Rollbacks leave gaps on PostgreSQL, so a gap at the log's very beginning counts as trimmed; gaps elsewhere are none.
    """
    first = tx.connection.execute(select(func.min(changes.c.sequence))).scalar_one()
    return first is not None and first > sequence + 1


def _change(row: AnyRow) -> Change:
    return Change(
        sequence=row.sequence,
        kind=ChangeKind(row.kind),
        project_id=row.project_id,
        prompt_id=row.prompt_id,
        prompt_name=row.prompt_name,
        before=row.before,
        after=row.after,
        actor_user_id=row.actor_user_id,
        actor_key_id=row.actor_key_id,
        at=row.at,
        request_id=row.request_id,
    )
