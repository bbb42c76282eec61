"""The change log: every write appends to it in its own transaction, in commit order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, or_, select

from promptuary.model.changes import Attribution, Change, ChangeKind, NewChange
from promptuary.model.changes.kinds import OF_REQUESTS
from promptuary.model.changes.payloads import DatabaseRestored, read_payload
from promptuary.store.engine import dialect
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import changes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_APPEND = Compiled(insert(changes).returning(changes.c.sequence))
_APPEND_IN_TURN = Compiled(dialect.insert_in_turn(changes).returning(changes.c.sequence, dialect.ANNOUNCEMENT))
# Built once: every worker reads the log behind every write.
_ANY_BEHIND = select(changes).where(changes.c.sequence > bindparam("after")).order_by(changes.c.sequence).limit(bindparam("most"))
_BEHIND = Compiled(_ANY_BEHIND)
_FIRST = Compiled(select(func.min(changes.c.sequence)))
_LAST = Compiled(select(func.coalesce(func.max(changes.c.sequence), 0).label("last")))
_MARKS = select(changes.c.sequence, changes.c.at)
_LAST_MARK = Compiled(_MARKS.order_by(changes.c.sequence.desc()).limit(1))
_MARK_AT = Compiled(_MARKS.where(changes.c.sequence == bindparam("wanted", type_=changes.c.sequence.type)))


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry by which a reader remembers how far it has read; without a time, the beginning of the log.

    The time tells the entry from another one of the same sequence: a replica that becomes the primary may lack the newest entries
    of the old one, and gives their sequences again.
    """

    sequence: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The entry behind which a program reads on, as the program remembers it; without a check, known by its sequence alone.

    The check is a part of the entry's time, by which it differs from another one of the same sequence.
    """

    sequence: int = 0
    check: int | None = None


MAX_CHECK = 10**8 - 1
"""Maximum check of a cursor."""


def append_change(tx: Transaction, change: NewChange, by: Attribution) -> int:
    """Append an entry and return its sequence. Call it last in a transaction: it holds up other writers until the commit."""
    append = _APPEND if dialect.is_sqlite(tx.connection) else _APPEND_IN_TURN
    sequence: int = append.all(tx.connection, _row(tx, change, by))[0].sequence
    return sequence


def append_changes(tx: Transaction, entries: Sequence[NewChange], by: Attribution) -> None:
    """Append several entries at once. As `append_change`, call it last."""
    lock_log(tx)
    tx.connection.execute(insert(changes), [_row(tx, change, by) for change in entries])
    dialect.announce_changes(tx.connection)


def append_restoration(tx: Transaction, *, known: int) -> None:
    """Append the entry of a restored database, behind all that it holds and behind ``known``, the last that was there before."""
    sequence = max(known, last_sequence(tx)) + 1
    statement = insert(changes).values(sequence=sequence, kind=DatabaseRestored.kind.value, at=tx.clock())
    tx.connection.execute(statement)
    dialect.announce_changes(tx.connection)


def lock_log(tx: Transaction) -> None:
    """Keep all others from appending until the transaction ends; who has to be the only writer takes it first."""
    dialect.lock_change_log(tx.connection)


def list_changes(tx: Transaction, *, after: int = 0, limit: int, project_id: int | None = None) -> list[Change]:
    """List entries behind a sequence, oldest first, of one project or of all."""
    window = {"after": after, "most": limit}
    if project_id is None:
        return [change_of(row) for row in _BEHIND.all(tx.connection, window)]
    return [change_of(row) for row in tx.connection.execute(_ANY_BEHIND.where(changes.c.project_id == project_id), window)]


def find_last_change(tx: Transaction, *, prompt_id: str, kind: ChangeKind) -> Change | None:
    """Find the newest entry of a kind that tells of a prompt; it may have been trimmed."""
    of_kind = select(changes).where(changes.c.prompt_id == prompt_id, changes.c.kind == kind.value)
    row = tx.connection.execute(of_kind.order_by(changes.c.sequence.desc()).limit(1)).one_or_none()
    return None if row is None else change_of(row)


def last_sequence(tx: Transaction) -> int:
    """Return the sequence of the newest entry, 0 when there is none."""
    last: int = _LAST.scalar_one(tx.connection, {})
    return last


def last_mark(tx: Transaction) -> Mark:
    """Return the mark of the newest entry."""
    row = _LAST_MARK.one_or_none(tx.connection, {})
    return Mark() if row is None else Mark(row.sequence, row.at)


def mark_of(change: Change) -> Mark:
    """Return the mark of an entry."""
    return Mark(change.sequence, change.at)


def is_gone(tx: Transaction, mark: Mark) -> bool:
    """Return `True` if the entry of a mark is not there any more: trimmed, or lost with the server that had it."""
    if mark.at is None:
        return is_trimmed_behind(tx, mark.sequence)
    row = _MARK_AT.one_or_none(tx.connection, {"wanted": mark.sequence})
    return row is None or row.at != mark.at


def cursor_of(mark: Mark) -> Cursor:
    """Return the cursor behind an entry."""
    return Cursor(mark.sequence, None if mark.at is None else _check_of(mark.at))


def is_lost_behind(tx: Transaction, cursor: Cursor, *, newest: int) -> bool:
    """Return `True` if changes after a cursor are unavailable, or the cursor belongs to a different change log than this one.

    ``newest`` is the sequence of the log's newest entry. A cursor whose own entry was trimmed, and nothing behind it, is not lost.
    """
    sequence = cursor.sequence
    if sequence > newest or is_trimmed_behind(tx, sequence) or is_restored_behind(tx, sequence):
        return True
    if cursor.check is None:
        return False
    row = _MARK_AT.one_or_none(tx.connection, {"wanted": sequence})
    return _check_of(row.at) != cursor.check if row is not None else not _is_before_all(tx, sequence)


def _check_of(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) % (MAX_CHECK + 1)


def trim_changes(tx: Transaction, *, before: datetime, wanted: int | None = None, wanted_since: datetime | None = None) -> int:
    """Delete entries older than ``before`` and return how many; the newest one stays, so that readers can tell where they are.

    The entry of the sequence ``wanted`` and those behind it stay, too, unless they are older than ``wanted_since``.
    """
    statement = delete(changes).where(changes.c.at < before, changes.c.sequence < last_sequence(tx))
    if wanted is not None and wanted_since is not None:
        statement = statement.where(or_(changes.c.sequence < wanted, changes.c.at < wanted_since))
    return tx.connection.execute(statement).rowcount


def is_trimmed_behind(tx: Transaction, sequence: int) -> bool:
    """Return `True` if entries behind ``sequence`` may be missing because the log was trimmed.

    Rollbacks leave gaps on PostgreSQL, so a gap at the log's very beginning counts as trimmed; gaps elsewhere are none.
    """
    first = _FIRST.scalar_one(tx.connection, {})
    return first is not None and first > sequence + 1


def _is_before_all(tx: Transaction, sequence: int) -> bool:
    first = _FIRST.scalar_one(tx.connection, {})
    return first is not None and first > sequence


def is_restored_behind(tx: Transaction, sequence: int) -> bool:
    """Return `True` if the database was restored behind ``sequence``: then entries before it may tell of another past."""
    # Entries without a project are few, and the index of projects finds them.
    restored = (changes.c.project_id.is_(None), changes.c.kind == ChangeKind.DATABASE_RESTORED.value)
    statement = select(changes.c.sequence).where(changes.c.sequence > sequence, *restored).limit(1)
    return tx.connection.execute(statement).first() is not None


def is_event() -> ColumnElement[bool]:
    """Return the condition of entries that tell of a prompt or of a change request."""
    return or_(changes.c.prompt_id.is_not(None), changes.c.kind.in_(sorted(kind.value for kind in OF_REQUESTS)))


def change_of(row: AnyRow) -> Change:
    """Read an entry from a row that has all columns of the log."""
    kind = ChangeKind(row.kind)
    return Change(
        sequence=row.sequence,
        kind=kind,
        project_id=row.project_id,
        prompt_id=row.prompt_id,
        prompt_name=row.prompt_name,
        payload=read_payload(kind, row.before, row.after),
        by=Attribution(row.actor_user_id, row.actor_key_id, row.request_id),
        at=row.at,
    )


def _row(tx: Transaction, change: NewChange, by: Attribution) -> dict[str, object]:
    before, after = change.payload.to_json()
    return {
        "kind": change.payload.kind.value,
        "project_id": change.project_id,
        "prompt_id": change.prompt_id,
        "prompt_name": change.prompt_name,
        "before": before,
        "after": after,
        "actor_user_id": by.user_id,
        "actor_key_id": by.key_id,
        "at": tx.clock(),
        "request_id": by.request_id,
    }
