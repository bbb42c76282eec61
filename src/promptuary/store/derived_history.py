"""Deriving the history of labels, and when prompts were active, for a database that has not kept them: from the change log.

The log may have been trimmed. Older moves are not known then, and the history of a label begins with the first that is.
What older servers, which keep no history, have done beside newer ones is completed from what is there.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, delete, exists, func, insert, not_, select, update

from promptuary.model.changes import Change, ChangeKind, payloads
from promptuary.model.label_history import MoveKind
from promptuary.store.changes import change_of
from promptuary.store.engine.database import Transaction
from promptuary.store.label_moves import LATEST
from promptuary.store.tables import changes, label_moves, labels, prompt_periods, prompts, users, versions

_BATCH = 500
_KINDS = [
    kind.value
    for kind in (
        ChangeKind.LABEL_CREATED,
        ChangeKind.LABEL_MOVED,
        ChangeKind.LABEL_REMOVED,
        ChangeKind.PROMPT_ARCHIVED,
        ChangeKind.PROMPT_RESTORED,
        ChangeKind.PROMPT_IMPORTED,
    )
]


def derive_all(tx: Transaction) -> None:
    """Derive all rows again."""
    tx.connection.execute(delete(label_moves))
    tx.connection.execute(delete(prompt_periods))
    moves, periods = _Moves(set(tx.connection.execute(select(users.c.id)).scalars())), _Periods()
    present = set(tx.connection.execute(select(prompts.c.id)).scalars())
    for change in _list_changes(tx):
        if change.prompt_id in present:
            moves.take(change, str(change.prompt_id))
            periods.take(change, str(change.prompt_id))
    moves.complete(tx)
    periods.complete(tx)
    _insert(tx, label_moves, moves.rows)
    _insert(tx, prompt_periods, periods.rows)


def complete(tx: Transaction) -> None:
    """Add the moves and periods that are missing up to where labels and prompts are, and end the periods of archived prompts."""
    moves = _Moves(set())
    moves.go_on(tx)
    moves.complete(tx)
    _insert(tx, label_moves, moves.rows)
    for row in tx.connection.execute(periods_to_end()).all():
        ended = update(prompt_periods).where(prompt_periods.c.prompt_id == row.id, prompt_periods.c.ended_at.is_(None))
        tx.connection.execute(ended.values(ended_at=row.archived_at))
    begun = set(tx.connection.execute(select(prompt_periods.c.prompt_id)).scalars())
    missing = [
        {
            "prompt_id": row.id,
            "project_id": row.project_id,
            "name": row.name,
            # When an older server restored a prompt is not known.
            "started_at": tx.clock() if row.id in begun else row.created_at,
        }
        for row in tx.connection.execute(periods_to_begin()).all()
    ]
    _insert(tx, prompt_periods, missing)


def list_incomplete(tx: Transaction) -> list[tuple[str, str]]:
    """List prompt and label where the history of a label does not end where the label is."""
    moves = _Moves(set())
    moves.go_on(tx)
    moves.complete(tx)
    return [(str(row["prompt_id"]), str(row["label"])) for row in moves.rows]


def periods_to_begin() -> Select[Any]:
    """Select the active prompts that have no period. Archived ones need none: an import may have brought them as such."""
    lasting = exists().where(prompt_periods.c.prompt_id == prompts.c.id, prompt_periods.c.ended_at.is_(None))
    return select(prompts).where(prompts.c.archived_at.is_(None), not_(lasting)).order_by(prompts.c.id)


def periods_to_end() -> Select[Any]:
    """Select the archived prompts that have a period without an end."""
    lasting = exists().where(prompt_periods.c.prompt_id == prompts.c.id, prompt_periods.c.ended_at.is_(None))
    return select(prompts).where(prompts.c.archived_at.is_not(None), lasting).order_by(prompts.c.id)


def _insert(tx: Transaction, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    for start in range(0, len(rows), _BATCH):
        tx.connection.execute(insert(table), rows[start : start + _BATCH])


def _list_changes(tx: Transaction) -> Iterator[Change]:
    statement = select(changes).where(changes.c.kind.in_(_KINDS)).order_by(changes.c.sequence)
    for row in tx.connection.execute(statement.execution_options(yield_per=_BATCH)):
        yield change_of(row)


class _Moves:
    """Moves of labels, and where they have brought each label."""

    def __init__(self, user_ids: set[int]) -> None:
        self.rows: list[dict[str, object]] = []
        self._user_ids = user_ids
        self._positions: dict[tuple[str, str], int | None] = {}

    def take(self, change: Change, prompt_id: str) -> None:
        """Add the moves that a change tells of."""
        match change.payload:
            case payloads.LabelCreated(label=label, version=version):
                self._move(change, (prompt_id, label), None, version)
            case payloads.LabelMoved(label=label, former_version=former, version=version):
                self._move(change, (prompt_id, label), former, version)
            case payloads.LabelRemoved(label=label, former_version=former):
                self._move(change, (prompt_id, label), former, None)
            case payloads.PromptArchived(labels=pointers):
                for pointer in pointers:
                    self._move(change, (prompt_id, pointer.name), pointer.version, None, MoveKind.ARCHIVE)
            case payloads.PromptImported() as imported:
                self._take_import(change, prompt_id, imported)

    def go_on(self, tx: Transaction) -> None:
        """Begin where the stored moves end."""
        newest = select(func.max(label_moves.c.id)).group_by(label_moves.c.prompt_id, label_moves.c.label)
        for row in tx.connection.execute(select(label_moves).where(label_moves.c.id.in_(newest))):
            self._positions[row.prompt_id, row.label] = row.to_version

    def complete(self, tx: Transaction) -> None:
        """Add what is missing between the last known move of each label and where it is."""
        statement = select(labels.c.prompt_id, labels.c.name, labels.c.updated_at, versions.c.version)
        statement = statement.join(versions, versions.c.id == labels.c.version_id)
        for row in tx.connection.execute(statement.order_by(labels.c.prompt_id, labels.c.name)):
            known = self._positions.pop((row.prompt_id, row.name), None)
            if known != row.version:
                self._add((row.prompt_id, row.name), known, row.version, MoveKind.UNRECORDED, row.updated_at)
        for key, known in self._positions.items():
            if known is not None and key[1] != LATEST:
                self._add(key, known, None, MoveKind.UNRECORDED, tx.clock())

    def _take_import(self, change: Change, prompt_id: str, imported: payloads.PromptImported) -> None:
        if imported.former_version not in {None, imported.version}:
            self._move(change, (prompt_id, LATEST), imported.former_version, imported.version, MoveKind.IMPORT)
        for pointer in imported.labels:
            key = prompt_id, pointer.name
            self._move(change, key, self._positions.get(key), pointer.version, MoveKind.IMPORT)

    def _move(
        self, change: Change, key: tuple[str, str], before: int | None, since: int | None, kind: MoveKind = MoveKind.DIRECT
    ) -> None:
        known = self._positions.get(key, before)
        if known != before and key[1] != LATEST:
            self._add(key, known, before, MoveKind.UNRECORDED, change.at)
        if before != since:
            self._add(key, before, since, kind, change.at, change)
        self._positions[key] = since

    def _add(
        self,
        key: tuple[str, str],
        before: int | None,
        since: int | None,
        kind: MoveKind,
        at: datetime,
        change: Change | None = None,
    ) -> None:
        prompt_id, label = key
        self.rows.append(
            {
                "prompt_id": prompt_id,
                "label": label,
                "from_version": before,
                "to_version": since,
                "kind": kind.value,
                "created_by_id": change.by.user_id if change is not None and change.by.user_id in self._user_ids else None,
                "key_id": None if change is None else change.by.key_id,
                "created_at": at,
            }
        )


class _Periods:
    """Times in which prompts were active."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self._started: dict[str, datetime] = {}
        self._known: set[str] = set()

    def take(self, change: Change, prompt_id: str) -> None:
        """Add the period that a change ends, or begin one."""
        match change.payload:
            case payloads.PromptImported(former_version=None) | payloads.PromptRestored():
                self._started[prompt_id] = change.at
                self._known.add(prompt_id)
            case payloads.PromptArchived():
                self._add(prompt_id, change.project_id, change.prompt_name, self._started.pop(prompt_id, None), change.at)
                self._known.add(prompt_id)

    def complete(self, tx: Transaction) -> None:
        """Add the last period of each prompt, and begin with the creation of the prompt what began before the log."""
        for row in tx.connection.execute(select(prompts).order_by(prompts.c.id)):
            started = self._started.get(row.id)
            if started is None and row.id not in self._known:
                started = row.created_at
            if started is not None:
                self._add(row.id, row.project_id, row.name, started, row.archived_at)
        created = {row.id: row.created_at for row in tx.connection.execute(select(prompts.c.id, prompts.c.created_at))}
        for period in self.rows:
            period["started_at"] = period["started_at"] or created[str(period["prompt_id"])]

    def _add(
        self, prompt_id: str, project_id: int | None, name: str | None, started: datetime | None, ended: datetime | None
    ) -> None:
        self.rows.append({"prompt_id": prompt_id, "project_id": project_id, "name": name, "started_at": started, "ended_at": ended})
