"""Rows of prompts: the name, the number of the latest version, and whether it is archived."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError

from promptuary.model.prompts import Prompt
from promptuary.store import prompt_periods
from promptuary.store.engine import dialect
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import prompts, versions

_SELECT_ANY = select(prompts.c.id, prompts.c.project_id, prompts.c.name, prompts.c.latest_version, prompts.c.created_at)
_SELECT = _SELECT_ANY.where(prompts.c.archived_at.is_(None))
# Built once: to build a statement takes longer than to run it.
_IN_PROJECT = prompts.c.project_id == bindparam("project_id", type_=prompts.c.project_id.type)
_SELECT_NAMED = _SELECT.where(_IN_PROJECT, prompts.c.name == bindparam("wanted", type_=prompts.c.name.type))
_NAMED = Compiled(_SELECT_NAMED)
_NAMED_AND_LOCKED = Compiled(_SELECT_NAMED.with_for_update())
_INSERTS = {
    kind: Compiled(start.on_conflict_do_nothing().returning(prompts.c.id)) for kind, start in dialect.inserts(prompts).items()
}
_MOVE_LATEST = Compiled(
    update(prompts)
    .where(prompts.c.id == bindparam("wanted", type_=prompts.c.id.type))
    .values(latest_version=bindparam("moved_to", type_=prompts.c.latest_version.type))
)
_ARCHIVE = Compiled(
    update(prompts)
    .where(prompts.c.id == bindparam("wanted", type_=prompts.c.id.type))
    .values(archived_at=bindparam("at", type_=prompts.c.archived_at.type))
)
_OF_VERSION = Compiled(
    _SELECT.join(versions, versions.c.prompt_id == prompts.c.id).where(
        _IN_PROJECT, versions.c.id == bindparam("wanted", type_=versions.c.id.type)
    )
)


def insert_prompt(tx: Transaction, prompt: Prompt) -> bool:
    """Insert an active prompt; return `False` when an active prompt of the project has the name."""
    values = {
        "id": prompt.id,
        "project_id": prompt.project_id,
        "name": prompt.name,
        "latest_version": prompt.latest_version,
        "created_at": prompt.created_at,
    }
    is_new = _INSERTS[tx.connection.dialect.name].one_or_none(tx.connection, values) is not None
    if is_new:
        prompt_periods.begin_periods(tx, [prompt], at=prompt.created_at)
    return is_new


def find_prompt(tx: Transaction, *, project_id: int, name: str) -> Prompt | None:
    """Find an active prompt by name."""
    return _found(tx, _NAMED, project_id=project_id, wanted=name)


def lock_prompt(tx: Transaction, *, project_id: int, name: str) -> Prompt | None:
    """Find an active prompt by name and keep other writers off it until the transaction ends."""
    return _found(tx, _NAMED_AND_LOCKED, project_id=project_id, wanted=name)


def lock_prompts(tx: Transaction, *, project_id: int, names: Iterable[str]) -> list[Prompt]:
    """Find active prompts by name and keep other writers off them, in one order for all writers. Missing ones are left out."""
    wanted = prompts.c.project_id == project_id, prompts.c.name.in_(sorted(set(names)))
    return [prompt_of(row) for row in tx.connection.execute(_SELECT.where(*wanted).order_by(prompts.c.id).with_for_update())]


def find_prompt_by_version_id(tx: Transaction, *, project_id: int, version_id: str) -> Prompt | None:
    """Find the active prompt that one of its versions' ids belongs to."""
    return _found(tx, _OF_VERSION, project_id=project_id, wanted=version_id)


def update_latest_version(tx: Transaction, prompt_id: str, version: int) -> None:
    """Make another version the latest."""
    _MOVE_LATEST.run(tx.connection, {"wanted": prompt_id, "moved_to": version})


def archive_prompt(tx: Transaction, prompt_id: str, *, at: datetime) -> None:
    """Mark a prompt as archived, which frees its name."""
    _ARCHIVE.run(tx.connection, {"wanted": prompt_id, "at": at})
    prompt_periods.end_period(tx, prompt_id, at=at)


def find_archived_prompt(tx: Transaction, *, project_id: int, name: str | None, version_id: str | None) -> Prompt | None:
    """Find the archived prompt that has a version of this id, or the one that was archived last; of a name, unless it is `None`."""
    statement = _SELECT_ANY.where(prompts.c.project_id == project_id, prompts.c.archived_at.is_not(None))
    if name is not None:
        statement = statement.where(prompts.c.name == name)
    if version_id is not None:
        statement = statement.join(versions, versions.c.prompt_id == prompts.c.id).where(versions.c.id == version_id)
    # In the order of `lists.pages`, so that it is the one that the list of archived prompts shows first.
    row = tx.connection.execute(statement.order_by(prompts.c.archived_at.desc(), prompts.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else prompt_of(row)


def restore_prompt(tx: Transaction, prompt: Prompt, *, at: datetime) -> bool:
    """Make an archived prompt active under its name and keep other writers off it; `False` if that is not possible."""
    statement = (
        update(prompts)
        .where(prompts.c.id == prompt.id, prompts.c.archived_at.is_not(None))
        .values(archived_at=None, name=prompt.name)
        .returning(prompts.c.id)
    )
    try:
        # An update has no ON CONFLICT; the savepoint keeps the transaction usable.
        with tx.connection.begin_nested():
            is_restored = tx.connection.execute(statement).one_or_none() is not None
    except IntegrityError:
        return False
    if is_restored:
        prompt_periods.begin_periods(tx, [prompt], at=at)
    return is_restored


def prompt_of(row: AnyRow) -> Prompt:
    """Read a prompt from a row that has its columns."""
    return Prompt(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        latest_version=row.latest_version,
        created_at=row.created_at,
    )


def _found(tx: Transaction, statement: Compiled, **values: object) -> Prompt | None:
    row = statement.one_or_none(tx.connection, values)
    return None if row is None else prompt_of(row)
