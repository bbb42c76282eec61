"""Rows of labels: movable names that point at versions."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update

from promptuary.model.prompts import Label, LabelPointer
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.engine.id_lists import is_among
from promptuary.store.tables import labels, prompts, users, versions
from promptuary.store.users import AUTHOR_COLUMNS, creator_of

_SELECT = (
    select(
        labels.c.id,
        labels.c.name,
        prompts.c.name.label("prompt_name"),
        versions.c.version,
        labels.c.created_at,
        labels.c.updated_at,
        labels.c.recorded_author,
        *AUTHOR_COLUMNS,
    )
    .select_from(labels)
    .join(prompts, prompts.c.id == labels.c.prompt_id)
    .join(versions, versions.c.id == labels.c.version_id)
    .outerjoin(users, users.c.id == labels.c.created_by_id)
)

_POINTERS = (
    select(labels.c.prompt_id, labels.c.name, versions.c.version)
    .join(versions, versions.c.id == labels.c.version_id)
    .order_by(labels.c.name)
)
_OF_PROMPT = labels.c.prompt_id == bindparam("prompt_id", type_=labels.c.prompt_id.type)
_INSERT = Compiled(insert(labels))
_NAMED = Compiled(_SELECT.where(_OF_PROMPT, labels.c.name == bindparam("name", type_=labels.c.name.type)))
_ALL = Compiled(_SELECT.where(_OF_PROMPT).order_by(labels.c.name))
_COUNT = Compiled(select(func.count().label("count")).select_from(labels).where(_OF_PROMPT))
_WANTED = labels.c.id == bindparam("wanted", type_=labels.c.id.type)
_DELETE = Compiled(delete(labels).where(_WANTED))
_UPDATE = Compiled(
    update(labels)
    .where(_WANTED)
    .values(
        version_id=bindparam("moved_to", type_=labels.c.version_id.type), updated_at=bindparam("at", type_=labels.c.updated_at.type)
    )
)
_POINTERS_OF_ONE = Compiled(_POINTERS.where(_OF_PROMPT))
_POINTERS_OF_SEVERAL = Compiled(_POINTERS.where(is_among(labels.c.prompt_id, "prompt_ids")))


def insert_label(
    tx: Transaction, *, label_id: str, prompt_id: str, name: str, version_id: str, created_by_id: int | None, at: datetime
) -> None:
    """Insert a label; the caller holds the prompt's lock and knows that the label is new."""
    values = {
        "id": label_id,
        "prompt_id": prompt_id,
        "name": name,
        "version_id": version_id,
        "created_by_id": created_by_id,
        "created_at": at,
        "updated_at": at,
    }
    _INSERT.run(tx.connection, values)


def update_label(tx: Transaction, label_id: str, *, version_id: str, at: datetime) -> None:
    """Let a label point at another version."""
    _UPDATE.run(tx.connection, {"wanted": label_id, "moved_to": version_id, "at": at})


def delete_label(tx: Transaction, label_id: str) -> None:
    """Remove a label."""
    _DELETE.run(tx.connection, {"wanted": label_id})


def find_label(tx: Transaction, prompt_id: str, name: str) -> Label | None:
    """Find a label of a prompt by name."""
    row = _NAMED.one_or_none(tx.connection, {"prompt_id": prompt_id, "name": name})
    return None if row is None else _label(row)


def list_labels(tx: Transaction, prompt_id: str) -> list[Label]:
    """List all labels of a prompt by name; a prompt has at most `MAX_LABELS`."""
    return [_label(row) for row in _ALL.all(tx.connection, {"prompt_id": prompt_id})]


def list_labels_named(tx: Transaction, prompt_ids: Sequence[str], name: str) -> dict[str, Label]:
    """Return a label of several prompts by their ids; those that do not have it are missing."""
    statement = _SELECT.add_columns(labels.c.prompt_id).where(labels.c.prompt_id.in_(prompt_ids), labels.c.name == name)
    return {row.prompt_id: _label(row) for row in tx.connection.execute(statement)} if prompt_ids else {}


def list_labelled_names(tx: Transaction, project_id: int, label: str, *, limit: int) -> list[str]:
    """List the names of the active prompts of a project that have a label, by name."""
    statement = select(prompts.c.name).join(labels, labels.c.prompt_id == prompts.c.id)
    statement = statement.where(prompts.c.project_id == project_id, prompts.c.archived_at.is_(None), labels.c.name == label)
    return list(tx.connection.execute(statement.order_by(prompts.c.name).limit(limit)).scalars())


def count_labels(tx: Transaction, prompt_id: str) -> int:
    """Count the labels of a prompt."""
    count: int = _COUNT.scalar_one(tx.connection, {"prompt_id": prompt_id})
    return count


def list_pointers(tx: Transaction, prompt_id: str) -> tuple[LabelPointer, ...]:
    """List the labels of a prompt, ordered by name."""
    rows = _POINTERS_OF_ONE.all(tx.connection, {"prompt_id": prompt_id})
    return tuple(LabelPointer(row.name, row.version) for row in rows)


def list_pointers_of(tx: Transaction, prompt_ids: Sequence[str]) -> dict[str, tuple[LabelPointer, ...]]:
    """List the labels of several prompts, each prompt's ordered by name; prompts without labels may be missing."""
    if not prompt_ids:
        return {}
    found: defaultdict[str, list[LabelPointer]] = defaultdict(list)
    for row in _POINTERS_OF_SEVERAL.all(tx.connection, {"prompt_ids": prompt_ids}):
        found[row.prompt_id].append(LabelPointer(row.name, row.version))
    return {prompt_id: tuple(pointers) for prompt_id, pointers in found.items()}


def _label(row: AnyRow) -> Label:
    return Label(
        id=row.id,
        name=row.name,
        prompt_name=row.prompt_name,
        version=row.version,
        created_by=creator_of(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
