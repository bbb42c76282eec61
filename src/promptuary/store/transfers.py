"""Rows of whole projects on their way out and in: prompts, versions and labels in bulk, each as a line of an export."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, insert, or_, select, update

from promptuary.model.content import text_of
from promptuary.model.outline import outline_of
from promptuary.model.prompts import Prompt
from promptuary.model.transfer import LabelLine, PromptLine, VersionLine, Writer, show_writer
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.prompts import prompt_of
from promptuary.store.tables import labels, prompts, users, versions
from promptuary.store.users import AUTHOR_COLUMNS, creator_of


@dataclass(frozen=True, slots=True)
class Carried:
    """A prompt of a project, active or archived."""

    prompt: Prompt
    archived_at: datetime | None

    @property
    def line(self) -> PromptLine:
        """The prompt as a line."""
        return PromptLine(self.prompt.name, self.prompt.created_at, self.archived_at)


@dataclass(frozen=True, slots=True)
class Weight:
    """A version that is not read yet, and how many bytes it has."""

    id: str
    prompt_id: str
    version: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A version or a label to insert: its ids, and the member who wrote it, else the writer as recorded elsewhere."""

    id: str
    prompt_id: str
    created_by_id: int | None
    recorded: Writer | None


_CARRIED = select(*prompts.c)
_LINES = select(
    versions.c.id,
    versions.c.prompt_id,
    versions.c.version,
    versions.c.created_at,
    versions.c.description,
    versions.c.content,
    versions.c.config,
    versions.c.variables,
    versions.c.recorded_author,
    *AUTHOR_COLUMNS,
).outerjoin(users, users.c.id == versions.c.created_by_id)
_LABELS = (
    select(
        labels.c.prompt_id,
        labels.c.name,
        versions.c.version,
        labels.c.created_at,
        labels.c.updated_at,
        labels.c.recorded_author,
        *AUTHOR_COLUMNS,
    )
    .select_from(labels)
    .join(versions, versions.c.id == labels.c.version_id)
    .outerjoin(users, users.c.id == labels.c.created_by_id)
    .order_by(labels.c.prompt_id, labels.c.name)
)


def count_carried(tx: Transaction, project_id: int) -> tuple[int, int]:
    """Count the prompts of a project, archived ones too, and their versions."""
    statement = select(func.count(), func.coalesce(func.sum(prompts.c.latest_version), 0)).where(prompts.c.project_id == project_id)
    row = tx.connection.execute(statement).one()
    return row[0], int(row[1])


def list_carried(tx: Transaction, project_id: int, *, start: tuple[str, datetime] | None, limit: int) -> list[Carried]:
    """List prompts by name and first moment, from ``start`` on."""
    statement = _CARRIED.where(prompts.c.project_id == project_id)
    if start is not None:
        name, created_at = start
        same_name = and_(prompts.c.name == name, prompts.c.created_at >= created_at)
        statement = statement.where(or_(prompts.c.name > name, same_name))
    return _carried(tx, statement.order_by(prompts.c.name, prompts.c.created_at, prompts.c.id).limit(limit))


def list_carried_by_name(tx: Transaction, project_id: int, names: Iterable[str]) -> list[Carried]:
    """List all prompts of some names, archived ones too."""
    return _carried(tx, _CARRIED.where(prompts.c.project_id == project_id, prompts.c.name.in_(sorted(set(names)))))


def list_weights(tx: Transaction, prompt_ids: Sequence[str]) -> list[Weight]:
    """Return the amount of data of some prompts."""
    config, variables = (func.coalesce(func.length(column), 0) for column in (versions.c.config, versions.c.variables))
    size = versions.c.size_bytes + config + variables
    statement = select(versions.c.id, versions.c.prompt_id, versions.c.version, size.label("size"))
    rows = tx.connection.execute(statement.where(versions.c.prompt_id.in_(prompt_ids)))
    return [Weight(row.id, row.prompt_id, row.version, row.size) for row in rows]


def read_versions(tx: Transaction, ids: Sequence[str]) -> dict[str, VersionLine]:
    """Read versions by their ids."""
    return {row.id: _version(row) for row in tx.connection.execute(_LINES.where(versions.c.id.in_(ids)))}


def list_versions_between(tx: Transaction, prompt_id: str, first: int, last: int) -> list[VersionLine]:
    """List versions of a prompt by number."""
    statement = _LINES.where(versions.c.prompt_id == prompt_id, versions.c.version.between(first, last))
    return [_version(row) for row in tx.connection.execute(statement.order_by(versions.c.version))]


def list_version_ids(tx: Transaction, wanted: Collection[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Return the ids of versions by prompt and number."""
    if not wanted:
        return {}
    prompt_ids, numbers = ({pair[place] for pair in wanted} for place in (0, 1))
    statement = select(versions.c.prompt_id, versions.c.version, versions.c.id)
    statement = statement.where(versions.c.prompt_id.in_(prompt_ids), versions.c.version.in_(numbers))
    return {(row.prompt_id, row.version): row.id for row in tx.connection.execute(statement)}


def list_labels_of(tx: Transaction, prompt_ids: Sequence[str]) -> dict[str, list[LabelLine]]:
    """List the labels of some prompts, each prompt's by name."""
    found: dict[str, list[LabelLine]] = {prompt_id: [] for prompt_id in prompt_ids}
    for row in tx.connection.execute(_LABELS.where(labels.c.prompt_id.in_(prompt_ids))) if prompt_ids else ():
        found[row.prompt_id].append(LabelLine(row.name, row.version, _writer(row), row.created_at, row.updated_at))
    return found


def insert_carried(tx: Transaction, carried: Sequence[Carried]) -> None:
    """Insert prompts; the caller has locked all and knows that their names are free where they are active."""
    rows = [
        {
            "id": each.prompt.id,
            "project_id": each.prompt.project_id,
            "name": each.prompt.name,
            "latest_version": each.prompt.latest_version,
            "created_at": each.prompt.created_at,
            "archived_at": each.archived_at,
        }
        for each in carried
    ]
    if rows:
        tx.connection.execute(insert(prompts), rows)


def insert_versions(tx: Transaction, arrivals: Sequence[tuple[Arrival, VersionLine]]) -> None:
    """Insert versions as they were elsewhere."""
    rows = [_version_row(arrival, line) for arrival, line in arrivals]
    if rows:
        tx.connection.execute(insert(versions), rows)


def insert_labels(
    tx: Transaction, arrivals: Sequence[tuple[Arrival, LabelLine]], version_ids: Mapping[tuple[str, int], str]
) -> None:
    """Insert labels as they were elsewhere; ``version_ids`` are by prompt and number."""
    rows = [
        {
            "id": arrival.id,
            "prompt_id": arrival.prompt_id,
            "name": line.name,
            "version_id": version_ids[arrival.prompt_id, line.version],
            "created_by_id": arrival.created_by_id,
            "created_at": line.created_at,
            "updated_at": line.updated_at,
            "recorded_author": show_writer(arrival.recorded),
        }
        for arrival, line in arrivals
    ]
    if rows:
        tx.connection.execute(insert(labels), rows)


def replace_label(tx: Transaction, arrival: Arrival, line: LabelLine, *, version_id: str) -> None:
    """Make a label of a prompt what it is elsewhere."""
    statement = update(labels).where(labels.c.prompt_id == arrival.prompt_id, labels.c.name == line.name)
    author = {"created_by_id": arrival.created_by_id, "recorded_author": show_writer(arrival.recorded)}
    moments = {"created_at": line.created_at, "updated_at": line.updated_at}
    tx.connection.execute(statement.values(version_id=version_id, **author, **moments))


def _version_row(arrival: Arrival, line: VersionLine) -> dict[str, Any]:
    return {
        "id": arrival.id,
        "prompt_id": arrival.prompt_id,
        "version": line.version,
        "content": line.content,
        "config": line.config,
        "description": line.description,
        "size_bytes": len(line.content.encode()),
        "outline": [[heading.level, heading.text] for heading in outline_of(text_of(line.content))],
        "created_by_id": arrival.created_by_id,
        "created_at": line.created_at,
        "recorded_author": show_writer(arrival.recorded),
        "variables": line.variables,
    }


def _carried(tx: Transaction, statement: Select[Any]) -> list[Carried]:
    return [
        Carried(
            prompt_of(row),
            archived_at=row.archived_at,
        )
        for row in tx.connection.execute(statement)
    ]


def _version(row: AnyRow) -> VersionLine:
    return VersionLine(row.version, row.created_at, _writer(row), row.description, row.content, row.config, row.variables)


def _writer(row: AnyRow) -> Writer | None:
    author = creator_of(row)
    return None if author is None else Writer(author.email, author.first_name, author.last_name)
