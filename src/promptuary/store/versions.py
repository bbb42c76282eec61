"""Rows of versions, always read together with what is known of their prompt. Versions are never updated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, insert, literal, or_, select

from promptuary.model import content
from promptuary.model.outline import Heading, outline_of
from promptuary.model.prompts import Draft, Prompt, Version
from promptuary.model.text import fold
from promptuary.store import dialect, labels
from promptuary.store.database import AnyRow, Transaction
from promptuary.store.tables import MAX_INTEGER, prompts, users, versions
from promptuary.store.tables import labels as label_rows
from promptuary.store.users import AUTHOR_COLUMNS, author_of

_COLUMNS = (
    versions.c.id,
    versions.c.prompt_id,
    prompts.c.name,
    versions.c.version,
    versions.c.config.label("config_json"),
    versions.c.description,
    versions.c.size_bytes,
    versions.c.outline,
    versions.c.created_at,
    prompts.c.latest_version,
    prompts.c.created_at.label("first_version_created_at"),
    *AUTHOR_COLUMNS,
)

ORDERS: dict[str, ColumnElement[Any]] = {
    "name": prompts.c.name,
    "created_at": versions.c.created_at,
    # A version never changes, so it was last updated when it was created.
    "updated_at": versions.c.created_at,
    "version": versions.c.version,
    "latest_version": prompts.c.latest_version,
    "version_count": prompts.c.latest_version,
    "first_version_created_at": prompts.c.created_at,
    "prompt_size_bytes": versions.c.size_bytes,
}
"""What a list can be ordered by; ties are broken by id, descending."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Which active prompts to list, at which version, in which order."""

    limit: int
    offset: int = 0
    label: str | None = None
    search: str = ""
    created_by_id: int | None = None
    order_by: str = "created_at"
    is_descending: bool = True
    with_content: bool = True


def insert_version(
    tx: Transaction, *, version_id: str, prompt_id: str, version: int, draft: Draft, created_by_id: int | None, at: datetime
) -> None:
    """Insert a version together with everything that is derived from its content."""
    text = content.text_of(draft.content)
    tx.connection.execute(
        insert(versions).values(
            id=version_id,
            prompt_id=prompt_id,
            version=version,
            content=draft.content,
            config=draft.config,
            description=draft.description,
            size_bytes=len(draft.content.encode()),
            folded_text=content.search_key(draft.content),
            outline=[[heading.level, heading.text] for heading in outline_of(text)],
            created_by_id=created_by_id,
            created_at=at,
        )
    )


def find_version(tx: Transaction, prompt: Prompt, *, version: int) -> Version | None:
    """Find a version of a prompt by its number."""
    return _one(tx, _select_full().where(versions.c.prompt_id == prompt.id, versions.c.version == version))


def find_version_by_id(tx: Transaction, prompt: Prompt, *, version_id: str) -> Version | None:
    """Find a version of a prompt by its id."""
    return _one(tx, _select_full().where(versions.c.prompt_id == prompt.id, versions.c.id == version_id))


def find_labelled_version(tx: Transaction, prompt: Prompt, *, label: str) -> Version | None:
    """Find the version of a prompt that a label points at."""
    pointing = _select_full().join(label_rows, label_rows.c.version_id == versions.c.id)
    return _one(tx, pointing.where(label_rows.c.prompt_id == prompt.id, label_rows.c.name == label))


def list_history(tx: Transaction, prompt: Prompt, *, limit: int, offset: int, before: int | None) -> list[Version]:
    """List versions of a prompt without their content, newest first, those below ``before`` if it is given."""
    statement = _select(literal("")).where(versions.c.prompt_id == prompt.id)
    if before is not None:
        statement = statement.where(versions.c.version < before)
    statement = statement.order_by(versions.c.version.desc()).limit(limit).offset(min(offset, MAX_INTEGER))
    return _all(tx, statement)


def count_listed(tx: Transaction, project_id: int, listing: Listing) -> int:
    """Count what `list_listed` would list without limit and offset."""
    statement = _listed(tx, select(func.count()).select_from(versions), project_id, listing)
    count: int = tx.connection.execute(statement).scalar_one()
    return count


def list_listed(tx: Transaction, project_id: int, listing: Listing) -> list[Version]:
    """List the active prompts of a project, each at its latest or labelled version."""
    column = ORDERS[listing.order_by]
    statement = _listed(tx, _columns(versions.c.content if listing.with_content else literal("")), project_id, listing)
    statement = statement.outerjoin(users, users.c.id == versions.c.created_by_id)
    statement = statement.order_by(column.desc() if listing.is_descending else column.asc(), versions.c.id.desc())
    return _all(tx, statement.limit(listing.limit).offset(min(listing.offset, MAX_INTEGER)))


def _listed(tx: Transaction, statement: Select[Any], project_id: int, listing: Listing) -> Select[Any]:
    is_listed = and_(versions.c.prompt_id == prompts.c.id, versions.c.version == prompts.c.latest_version)
    if listing.label is None:
        statement = statement.join(prompts, is_listed)
    else:
        statement = statement.join(prompts, versions.c.prompt_id == prompts.c.id)
        statement = statement.join(label_rows, label_rows.c.version_id == versions.c.id)
        statement = statement.where(label_rows.c.name == listing.label)
    statement = statement.where(prompts.c.project_id == project_id, prompts.c.archived_at.is_(None))
    if listing.search:
        needle = fold(listing.search)
        in_name = dialect.contains(tx.connection, func.lower(prompts.c.name), needle)
        in_text = dialect.contains(tx.connection, versions.c.folded_text, needle)
        statement = statement.where(or_(in_name, in_text))
    if listing.created_by_id is not None:
        statement = statement.where(versions.c.created_by_id == listing.created_by_id)
    return statement


def _columns(content_column: ColumnElement[str]) -> Select[Any]:
    return select(*_COLUMNS, content_column.label("content")).select_from(versions)


def _select(content_column: ColumnElement[str]) -> Select[Any]:
    joined = _columns(content_column).join(prompts, prompts.c.id == versions.c.prompt_id)
    return joined.outerjoin(users, users.c.id == versions.c.created_by_id)


def _select_full() -> Select[Any]:
    return _select(versions.c.content)


def _one(tx: Transaction, statement: Select[Any]) -> Version | None:
    return next(iter(_all(tx, statement)), None)


def _all(tx: Transaction, statement: Select[Any]) -> list[Version]:
    rows: Sequence[AnyRow] = tx.connection.execute(statement).all()
    pointers = labels.list_pointers(tx, sorted({row.prompt_id for row in rows}))
    return [
        Version(
            id=row.id,
            prompt_id=row.prompt_id,
            name=row.name,
            version=row.version,
            content=row.content,
            config_json=row.config_json,
            description=row.description,
            size_bytes=row.size_bytes,
            outline=tuple(Heading(level, text) for level, text in row.outline),
            created_by=author_of(row),
            created_at=row.created_at,
            latest_version=row.latest_version,
            first_version_created_at=row.first_version_created_at,
            prompt_labels=pointers.get(row.prompt_id, ()),
        )
        for row in rows
    ]
