"""Rows of the history of labels: each move once, kept for ever."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, insert, select

from promptuary.model.access import Actor
from promptuary.model.label_history import LabelMove, MoveCause, MoveKind
from promptuary.store.column_types import MAX_INTEGER
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import label_moves, prompts, users
from promptuary.store.users import AUTHOR_COLUMNS, author_of

LATEST = ""
"""Label of the rows that tell since when an imported version is the latest."""

_SELECT = select(*label_moves.c, *AUTHOR_COLUMNS).outerjoin(users, users.c.id == label_moves.c.created_by_id)

# Built once: to build a statement takes longer than to run it.
_LAST = Compiled(
    _SELECT.where(
        label_moves.c.prompt_id == bindparam("prompt_id", type_=label_moves.c.prompt_id.type),
        label_moves.c.label == bindparam("label", type_=label_moves.c.label.type),
    )
    .order_by(label_moves.c.id.desc())
    .limit(1)
)


def insert_moves(
    tx: Transaction,
    moves: Sequence[tuple[str, str, int | None, int | None]],
    *,
    cause: MoveCause,
    by: Actor | None,
    at: datetime,
) -> None:
    """Insert moves of one cause: the id of the prompt, the label, the versions before and since.

    The caller holds the locks of the prompts. Without ``by``, it is not known who moved them.
    """
    shared = {
        "kind": cause.kind.value,
        "reason": cause.reason,
        "release_id": cause.release_id,
        "change_request_id": cause.change_request_id,
        "created_by_id": None if by is None else by.user_id,
        "key_id": None if by is None else by.key_id,
        "created_at": at,
    }
    rows = [
        {"prompt_id": prompt_id, "label": label, "from_version": before, "to_version": since, **shared}
        for prompt_id, label, before, since in moves
    ]
    if rows:
        tx.connection.execute(insert(label_moves), rows)


def find_last_move(tx: Transaction, prompt_id: str, label: str) -> LabelMove | None:
    """Find the newest move of a label of a prompt."""
    row = _LAST.one_or_none(tx.connection, {"prompt_id": prompt_id, "label": label})
    return None if row is None else _move(row)


def list_last_moves(tx: Transaction, prompt_id: str) -> dict[str, LabelMove]:
    """Return the newest move of each label that a prompt has or had, by label."""
    newest = select(func.max(label_moves.c.id)).where(label_moves.c.prompt_id == prompt_id, label_moves.c.label != LATEST)
    rows = tx.connection.execute(_SELECT.where(label_moves.c.id.in_(newest.group_by(label_moves.c.label))))
    return {row.label: _move(row) for row in rows}


def has_earlier_move(tx: Transaction, move: LabelMove) -> bool:
    """Return `True` if the label was moved before a move, too."""
    earlier = _of_label(move.prompt_id, move.label), label_moves.c.id < move.id
    return tx.connection.execute(select(label_moves.c.id).where(*earlier).limit(1)).first() is not None


def list_moves(tx: Transaction, prompt_id: str, label: str, *, limit: int, offset: int) -> list[LabelMove]:
    """List a page of the moves of a label of a prompt, newest first."""
    statement = _SELECT.where(_of_label(prompt_id, label)).order_by(label_moves.c.id.desc())
    rows = tx.connection.execute(statement.limit(limit).offset(min(offset, MAX_INTEGER)))
    return [_move(row) for row in rows]


def list_newest_moves(tx: Transaction, prompt_id: str, names: Sequence[str], *, per_label: int) -> list[LabelMove]:
    """List the newest moves of some labels of a prompt, of each label a few, newest first."""
    order = func.row_number().over(partition_by=label_moves.c.label, order_by=label_moves.c.id.desc()).label("order")
    wanted = label_moves.c.prompt_id == prompt_id, label_moves.c.label.in_(names)
    numbered = select(label_moves.c.id, order).where(*wanted).subquery()
    newest = select(numbered.c.id).where(numbered.c.order <= per_label)
    rows = tx.connection.execute(_SELECT.where(label_moves.c.id.in_(newest)).order_by(label_moves.c.id.desc()))
    return [_move(row) for row in rows]


def list_moves_until(tx: Transaction, prompt_id: str, *, at: datetime) -> list[LabelMove]:
    """List all moves of all labels of a prompt up to a moment, oldest first."""
    statement = _SELECT.where(label_moves.c.prompt_id == prompt_id, label_moves.c.created_at <= at)
    return [_move(row) for row in tx.connection.execute(statement.order_by(label_moves.c.id))]


def count_moves(tx: Transaction, prompt_id: str, label: str) -> int:
    """Count the moves of a label of a prompt."""
    statement = select(func.count()).select_from(label_moves).where(_of_label(prompt_id, label))
    count: int = tx.connection.execute(statement).scalar_one()
    return count


def list_labels_with_history(tx: Transaction, prompt_id: str, *, limit: int) -> list[str]:
    """List the names of all labels that a prompt has or had, by name."""
    statement = select(label_moves.c.label).distinct().where(label_moves.c.prompt_id == prompt_id, label_moves.c.label != LATEST)
    return list(tx.connection.execute(statement.order_by(label_moves.c.label).limit(limit)).scalars())


def list_release(tx: Transaction, project_id: int, release_id: str) -> list[tuple[str, LabelMove]]:
    """List the moves of a release in a project, each with the name that its prompt has now, oldest first."""
    statement = _SELECT.add_columns(prompts.c.name.label("prompt_name")).join(prompts, prompts.c.id == label_moves.c.prompt_id)
    statement = statement.where(label_moves.c.release_id == release_id, prompts.c.project_id == project_id)
    return [(row.prompt_name, _move(row)) for row in tx.connection.execute(statement.order_by(label_moves.c.id))]


def list_release_ids(tx: Transaction, project_id: int, *, limit: int, offset: int) -> list[str]:
    """List the ids of a project's releases, newest first."""
    newest = func.max(label_moves.c.id)
    statement = select(label_moves.c.release_id).join(prompts, prompts.c.id == label_moves.c.prompt_id)
    statement = statement.where(prompts.c.project_id == project_id, label_moves.c.release_id.is_not(None))
    statement = statement.group_by(label_moves.c.release_id).order_by(newest.desc())
    return list(tx.connection.execute(statement.limit(limit).offset(min(offset, MAX_INTEGER))).scalars())


def count_releases(tx: Transaction, project_id: int) -> int:
    """Count the releases of a project."""
    statement = select(func.count(label_moves.c.release_id.distinct())).join(prompts, prompts.c.id == label_moves.c.prompt_id)
    count: int = tx.connection.execute(statement.where(prompts.c.project_id == project_id)).scalar_one()
    return count


def _of_label(prompt_id: str, label: str) -> ColumnElement[bool]:
    return (label_moves.c.prompt_id == prompt_id) & (label_moves.c.label == label)


def _move(row: AnyRow) -> LabelMove:
    return LabelMove(
        id=row.id,
        prompt_id=row.prompt_id,
        label=row.label,
        from_version=row.from_version,
        to_version=row.to_version,
        cause=MoveCause(MoveKind(row.kind), row.reason, row.release_id, row.change_request_id),
        created_by=author_of(row),
        key_id=row.key_id,
        created_at=row.created_at,
    )
