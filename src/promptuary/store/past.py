"""Prompts, versions and labels as they were at a moment of the past.

Versions never change, so all that is to be found is which of them were there, and which the labels pointed at.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, false, func, or_, select

from promptuary.model.assembly import Absence, Part, Target
from promptuary.model.label_history import LabelMove
from promptuary.model.listing import Listing, Page
from promptuary.model.prompts import LabelPointer, Prompt, Version
from promptuary.model.references import Reference
from promptuary.model.text import fold
from promptuary.store import label_moves, versions
from promptuary.store.column_types import MAX_INTEGER
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import Transaction
from promptuary.store.engine.id_lists import is_among
from promptuary.store.lists.orders import is_part_of_name
from promptuary.store.prompts import prompt_of
from promptuary.store.tables import label_moves as move_rows
from promptuary.store.tables import prompt_periods, prompts
from promptuary.store.tables import versions as version_rows


def find_prompt(
    tx: Transaction, *, project_id: int, name: str | None = None, version_id: str | None = None, at: datetime
) -> Prompt | None:
    """Find the prompt that was active at a moment under a name, or that has a version; its name and latest version are of then."""
    moment = {"project_id": project_id, "at": at}
    if version_id is None:
        row = _NAMED.one_or_none(tx.connection, {**moment, "name": name})
    else:
        row = _HAVING_VERSION.one_or_none(tx.connection, {**moment, "version_id": version_id})
    return None if row is None or row.latest_version is None else prompt_of(row)


def find_version(
    tx: Transaction,
    prompt: Prompt,
    *,
    at: datetime,
    label: str | None = None,
    version: int | None = None,
    version_id: str | None = None,
) -> Version | None:
    """Find a version of a prompt of `find_prompt` by one of its selectors: else the latest."""
    pointers = list_pointers_of(tx, [prompt.id], at=at).get(prompt.id, ())
    if version_id is not None:
        found = versions.find_version_by_id(tx, prompt, version_id=version_id)
    else:
        positions = {each.name: each.version for each in pointers}
        wanted = version or prompt.latest_version if label is None else positions.get(label)
        found = None if wanted is None else versions.find_version(tx, prompt, version=wanted)
    if found is None or found.version > prompt.latest_version:
        return None
    return _as_of(found, prompt.name, prompt.latest_version, pointers)


def find_targets(tx: Transaction, project_id: int, references: Iterable[Reference], *, at: datetime) -> dict[Reference, Target]:
    """Find the versions that references meant, with their contents."""
    return {reference: _find_target(tx, project_id, reference, at) for reference in references}


def list_page(tx: Transaction, project_id: int, listing: Listing, *, at: datetime) -> Page:
    """List the prompts that were active, each at its latest or labelled version of then; a search looks in their names only."""
    wanted = _LATEST if listing.label is None else _position(listing.label)
    statement = _active(select(version_rows.c.id, prompt_periods.c.name, _LATEST.label("latest_version")))
    statement = statement.join(version_rows, and_(version_rows.c.prompt_id == prompts.c.id, version_rows.c.version == wanted))
    statement = statement.where(*_conditions(listing))
    moment = {"project_id": project_id, "at": at}
    count: int = tx.connection.execute(select(func.count()).select_from(statement.subquery()), moment).scalar_one()
    key = _order(listing)
    ordered = statement.order_by(key.desc() if listing.is_descending else key.asc(), version_rows.c.id.desc())
    rows = tx.connection.execute(ordered.limit(listing.limit).offset(min(listing.offset, MAX_INTEGER)), moment).all()
    found = versions.list_versions(tx, [row.id for row in rows], with_content=listing.with_content)
    pointers = list_pointers_of(tx, [version.prompt_id for version in found], at=at)
    items = [
        _as_of(version, row.name, row.latest_version, pointers.get(version.prompt_id, ()))
        for version, row in zip(found, rows, strict=True)
    ]
    return Page(items, count)


def list_history(tx: Transaction, prompt: Prompt, *, limit: int, offset: int, before: int | None, at: datetime) -> list[Version]:
    """List the versions that a prompt of `find_prompt` had, without their content, newest first."""
    last = prompt.latest_version + 1
    page = versions.list_history(tx, prompt, limit=limit, offset=offset, before=last if before is None else min(before, last))
    pointers = list_pointers_of(tx, [prompt.id], at=at).get(prompt.id, ())
    return [_as_of(version, prompt.name, prompt.latest_version, pointers) for version in page]


def list_labels(tx: Transaction, prompt: Prompt, *, at: datetime) -> list[tuple[LabelMove, LabelMove]]:
    """List the labels of a prompt at a moment by name: the move that set each, and the last move of then."""
    moves = [move for move in label_moves.list_moves_until(tx, prompt.id, at=at) if move.label != label_moves.LATEST]
    first: dict[str, LabelMove] = {}
    last: dict[str, LabelMove] = {}
    for move in moves:
        if move.from_version is None or move.label not in first:
            first[move.label] = move
        last[move.label] = move
    return [(first[label], last[label]) for label in sorted(last) if last[label].to_version is not None]


def list_pointers_of(tx: Transaction, prompt_ids: Sequence[str], *, at: datetime) -> dict[str, tuple[LabelPointer, ...]]:
    """List the labels of several prompts at a moment, each prompt's ordered by name; prompts without labels are missing."""
    found: defaultdict[str, list[LabelPointer]] = defaultdict(list)
    for row in _POINTERS.all(tx.connection, {"prompt_ids": prompt_ids, "at": at}) if prompt_ids else ():
        found[row.prompt_id].append(LabelPointer(row.label, row.to_version))
    return {prompt_id: tuple(pointers) for prompt_id, pointers in found.items()}


def _active(statement: Select[Any]) -> Select[Any]:
    """Restrict a statement to the prompts of a project that were active; it gets both as ``project_id`` and ``at``."""
    statement = statement.select_from(prompt_periods).join(prompts, prompts.c.id == prompt_periods.c.prompt_id)
    lasted = or_(prompt_periods.c.ended_at.is_(None), prompt_periods.c.ended_at > _AT)
    project_id = bindparam("project_id", type_=prompt_periods.c.project_id.type)
    return statement.where(prompt_periods.c.project_id == project_id, prompt_periods.c.started_at <= _AT, lasted)


def _latest() -> ColumnElement[Any]:
    """Return the latest version of the row's prompt at a moment. Versions that an import brought afterwards were not there."""
    of_prompt = move_rows.c.prompt_id == prompts.c.id, move_rows.c.label == label_moves.LATEST
    imported_after = select(move_rows.c.from_version).where(*of_prompt, move_rows.c.created_at > _AT)
    bound = imported_after.order_by(move_rows.c.id).limit(1).scalar_subquery()
    there = version_rows.alias("there")
    newest = select(func.max(there.c.version)).where(there.c.prompt_id == prompts.c.id, there.c.created_at <= _AT)
    return newest.where(there.c.version <= func.coalesce(bound, MAX_INTEGER)).scalar_subquery()


def _position(label: str) -> ColumnElement[Any]:
    """Return the version that a label of the row's prompt pointed at."""
    of_label = move_rows.c.prompt_id == prompts.c.id, move_rows.c.label == label
    statement = select(move_rows.c.to_version).where(*of_label, move_rows.c.created_at <= _AT)
    return statement.order_by(move_rows.c.id.desc()).limit(1).scalar_subquery()


def _conditions(listing: Listing) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if listing.created_by_id is not None:
        conditions.append(version_rows.c.created_by_id == listing.created_by_id)
    if listing.search:
        needle = fold(listing.search)
        name = func.lower(prompt_periods.c.name)
        conditions.append(name.contains(needle, autoescape=True) if is_part_of_name(needle) else false())
    return conditions


def _order(listing: Listing) -> ColumnElement[Any]:
    columns: dict[str, ColumnElement[Any]] = {
        "name": prompt_periods.c.name,
        "version": version_rows.c.version,
        "latest_version": _LATEST,
        "version_count": _LATEST,
        "first_version_created_at": prompts.c.created_at,
        "prompt_size_bytes": version_rows.c.size_bytes,
    }
    return columns.get(listing.order_by, version_rows.c.created_at)


def _find_target(tx: Transaction, project_id: int, reference: Reference, at: datetime) -> Target:
    prompt = find_prompt(tx, project_id=project_id, name=reference.name, at=at)
    if prompt is None:
        return Absence.PROMPT
    version = find_version(tx, prompt, at=at, label=reference.label, version=reference.version)
    if version is None:
        return Absence.VERSION if reference.label is None else Absence.LABEL
    return Part(prompt.name, version.version, version.id, version.content, version.variables_json)


def _as_of(version: Version, name: str, latest_version: int, pointers: tuple[LabelPointer, ...]) -> Version:
    return replace(version, name=name, latest_version=latest_version, prompt_labels=pointers, archived_at=None)


def _select_prompt(*conditions: ColumnElement[bool]) -> Compiled:
    columns = (prompts.c.id, prompts.c.project_id, prompts.c.created_at, prompt_periods.c.name, _LATEST.label("latest_version"))
    return Compiled(_active(select(*columns)).where(*conditions).order_by(prompt_periods.c.id.desc()).limit(1))


def _select_pointers() -> Compiled:
    newest = select(func.max(move_rows.c.id)).where(is_among(move_rows.c.prompt_id, "prompt_ids"), move_rows.c.created_at <= _AT)
    newest = newest.where(move_rows.c.label != label_moves.LATEST).group_by(move_rows.c.prompt_id, move_rows.c.label)
    statement = select(move_rows.c.prompt_id, move_rows.c.label, move_rows.c.to_version)
    return Compiled(statement.where(move_rows.c.id.in_(newest), move_rows.c.to_version.is_not(None)).order_by(move_rows.c.label))


# Built once: to build a statement takes longer than to run it.
_AT = bindparam("at", type_=prompt_periods.c.started_at.type)
_LATEST = _latest()
_NAMED = _select_prompt(prompt_periods.c.name == bindparam("name", type_=prompt_periods.c.name.type))
_HAVING_VERSION = _select_prompt(
    exists().where(
        version_rows.c.prompt_id == prompts.c.id, version_rows.c.id == bindparam("version_id", type_=version_rows.c.id.type)
    )
)
_POINTERS = _select_pointers()
