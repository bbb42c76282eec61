"""Rows of prompts: the name, the number of the latest version, and whether it is archived."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update

from promptuary.model.prompts import Prompt
from promptuary.store import dialect
from promptuary.store.database import AnyRow, Transaction
from promptuary.store.tables import prompts, versions

_SELECT = select(prompts.c.id, prompts.c.project_id, prompts.c.name, prompts.c.latest_version, prompts.c.created_at).where(
    prompts.c.archived_at.is_(None)
)


def insert_prompt(tx: Transaction, prompt: Prompt) -> bool:
    """Insert an active prompt; return `False` when an active prompt of the project has the name."""
    statement = (
        dialect.insert(tx.connection, prompts)
        .values(
            id=prompt.id,
            project_id=prompt.project_id,
            name=prompt.name,
            latest_version=prompt.latest_version,
            created_at=prompt.created_at,
        )
        .on_conflict_do_nothing()
        .returning(prompts.c.id)
    )
    return tx.connection.execute(statement).one_or_none() is not None


def find_prompt(tx: Transaction, *, project_id: int, name: str) -> Prompt | None:
    """Find an active prompt by name."""
    return _one(tx, _named(project_id, name))


def lock_prompt(tx: Transaction, *, project_id: int, name: str) -> Prompt | None:
    """Find an active prompt by name and keep other writers off it until the transaction ends."""
    return _one(tx, _named(project_id, name).with_for_update())


def find_prompt_by_version_id(tx: Transaction, *, project_id: int, version_id: str) -> Prompt | None:
    """Find the active prompt that one of its versions' ids belongs to."""
    joined = _SELECT.join(versions, versions.c.prompt_id == prompts.c.id)
    return _one(tx, joined.where(prompts.c.project_id == project_id, versions.c.id == version_id))


def update_latest_version(tx: Transaction, prompt_id: str, version: int) -> None:
    """Make another version the latest."""
    tx.connection.execute(update(prompts).where(prompts.c.id == prompt_id).values(latest_version=version))


def archive_prompt(tx: Transaction, prompt_id: str, *, at: datetime) -> None:
    """Mark a prompt as archived, which frees its name."""
    tx.connection.execute(update(prompts).where(prompts.c.id == prompt_id).values(archived_at=at))


def _named(project_id: int, name: str) -> Select[Any]:
    return _SELECT.where(prompts.c.project_id == project_id, prompts.c.name == name)


def _one(tx: Transaction, statement: Select[Any]) -> Prompt | None:
    row: AnyRow | None = tx.connection.execute(statement).one_or_none()
    if row is None:
        return None
    return Prompt(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        latest_version=row.latest_version,
        created_at=row.created_at,
    )
