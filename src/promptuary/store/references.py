"""Rows of references: which versions refer to which prompts. They are derived from the contents."""

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, String, bindparam, cast, delete, exists, func, insert, or_, select

from promptuary.model.assembly import Absence, Part, Target
from promptuary.model.dependents import Dependent
from promptuary.model.references import Reference, count_references
from promptuary.store import labels
from promptuary.store.column_types import MAX_INTEGER
from promptuary.store.engine import dialect
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.engine.id_lists import is_among
from promptuary.store.tables import labels as label_rows
from promptuary.store.tables import prompts, version_references, versions

_BATCH = 200

References = Mapping[Reference, int]
"""The number of tags of each reference."""


def insert_references(tx: Transaction, project_id: int, references: Mapping[str, References]) -> None:
    """Insert the references of versions, by their ids."""
    rows = [
        {
            "version_id": version_id,
            "name": reference.name,
            "version": reference.version or 0,
            "label": reference.label or "",
            "project_id": project_id,
            "occurrences": occurrences,
        }
        for version_id, found in references.items()
        for reference, occurrences in found.items()
    ]
    if rows:
        tx.connection.execute(insert(version_references), rows)


def derive_all(tx: Transaction) -> None:
    """Derive all rows from the contents again."""
    tx.connection.execute(delete(version_references))
    for project_id, version_id, references in list_derived(tx):
        insert_references(tx, project_id, {version_id: references})


def list_derived(tx: Transaction) -> Iterator[tuple[int, str, References]]:
    """Yield the references that the contents have: the project, the id of the version, its references. Ordered by version.

    A content that is damaged has none.
    """
    statement = select(prompts.c.project_id, versions.c.id, versions.c.content)
    statement = statement.join(prompts, prompts.c.id == versions.c.prompt_id)
    # Only these can have tags; the database need not hand out the others.
    statement = statement.where(versions.c.content.contains("@@@")).order_by(versions.c.id)
    for row in tx.connection.execute(statement.execution_options(yield_per=_BATCH)):
        with contextlib.suppress(ValueError, RecursionError):
            references = count_references(row.content)
            if references:
                yield row.project_id, row.id, references


def list_stored(tx: Transaction) -> Iterator[tuple[int, str, References]]:
    """Yield what `list_derived` does, as it is in the rows."""
    statement = select(version_references).order_by(version_references.c.version_id)
    found: dict[Reference, int] = {}
    before: tuple[int, str] | None = None
    for row in tx.connection.execute(statement.execution_options(yield_per=_BATCH)):
        if before is not None and before != (row.project_id, row.version_id):
            yield *before, found
            found = {}
        before = row.project_id, row.version_id
        found[_reference_of(row)] = row.occurrences
    if before is not None:
        yield *before, found


def list_references(tx: Transaction, version_ids: Sequence[str]) -> dict[str, dict[Reference, int]]:
    """Return the references of versions by their ids; those without any are missing. The order is not that of the content."""
    found: defaultdict[str, dict[Reference, int]] = defaultdict(dict)
    for row in _OF_VERSIONS.all(tx.connection, {"ids": version_ids}) if version_ids else ():
        found[row.version_id][_reference_of(row)] = row.occurrences
    return found


def list_referenced(tx: Transaction, project_id: int) -> list[Reference]:
    """List the different references of a project's versions that are in use by being the latest or labelled, in their order."""
    rows = version_references.c
    statement = select(rows.name, rows.version, rows.label).distinct().select_from(_DEPENDING)
    statement = statement.where(rows.project_id == project_id, prompts.c.archived_at.is_(None), _IS_SERVED)
    found = [_reference_of(row) for row in tx.connection.execute(statement)]
    return sorted(found, key=lambda reference: reference.order)


def find_targets(tx: Transaction, project_id: int, references: Iterable[Reference]) -> dict[Reference, Target]:
    """Find the versions that references mean now, with their contents."""
    wanted = list(references)
    found: dict[Reference, Target] = {}
    for statement, chosen in (
        (_LABELLED, [reference for reference in wanted if reference.label is not None]),
        (_PINNED, [reference for reference in wanted if reference.label is None]),
    ):
        if chosen:
            names, keys = [each.name for each in chosen], [_key_of(each) for each in chosen]
            rows = statement.all(tx.connection, {"project_id": project_id, "names": names, "keys": keys})
            by_key = {row.key: row for row in rows}
            found |= {each: _part_of(by_key[key]) for each, key in zip(chosen, keys, strict=True) if key in by_key}
    missing = [reference for reference in wanted if reference not in found]
    active = _active_among(tx, project_id, [reference.name for reference in missing])
    return found | {reference: _absence_of(reference, active) for reference in missing}


def list_dependents(tx: Transaction, project_id: int, names: Sequence[str]) -> list[Dependent]:
    """List the versions of active prompts that refer to prompts of some names and may be served, one for each reference.

    Versions that are neither the latest nor labelled are listed only if some reference pins them.
    """
    rows = _DEPENDENTS.all(tx.connection, {"project_id": project_id, "names": names}) if names else ()
    return _dependents(tx, rows)


def _dependents(tx: Transaction, rows: Sequence[AnyRow]) -> list[Dependent]:
    pointers = labels.list_pointers_of(tx, sorted({row.prompt_id for row in rows if row.is_labelled}))
    return [
        Dependent(
            prompt_id=row.prompt_id,
            name=row.parent,
            version_id=row.version_id,
            version=row.parent_version,
            is_latest=row.parent_version == row.latest_version,
            labels=tuple(each.name for each in pointers.get(row.prompt_id, ()) if each.version == row.parent_version),
            reference=_reference_of(row),
            occurrences=row.occurrences,
        )
        for row in rows
    ]


def list_all_dependents(
    tx: Transaction, project_id: int, name: str, *, label: str | None, version: int | None, limit: int, offset: int
) -> tuple[list[Dependent], int]:
    """List a page of the versions of active prompts that refer to a prompt, old ones too, by name, newest first, and count all."""
    rows = version_references.c
    wanted = [rows.project_id == project_id, rows.name == name, prompts.c.archived_at.is_(None), prompts.c.name != name]
    wanted += [] if label is None else [rows.label == label]
    wanted += [] if version is None else [rows.version == version]
    order = (prompts.c.name, versions.c.version.desc(), rows.version != 0, rows.label, rows.version)
    page = _SELECT_DEPENDENTS.where(*wanted).order_by(*order).limit(limit).offset(min(offset, MAX_INTEGER))
    counted = select(func.count()).select_from(_DEPENDING).where(*wanted)
    count: int = tx.connection.execute(counted).scalar_one()
    return _dependents(tx, tx.connection.execute(page).all()), count


def list_part_ids(tx: Transaction, project_id: int, prompt_id: str) -> list[str]:
    """List the ids of the active prompts to which any version of a prompt refers, directly or through others."""
    found: dict[str, None] = {}
    pending = [prompt_id]
    while pending:
        named = select(version_references.c.name).join(versions, versions.c.id == version_references.c.version_id)
        named = named.where(versions.c.prompt_id.in_(pending))
        active = select(prompts.c.id).where(prompts.c.project_id == project_id, prompts.c.archived_at.is_(None))
        rows = tx.connection.execute(active.where(prompts.c.name.in_(named)))
        pending = [row.id for row in rows if row.id not in found and row.id != prompt_id]
        found.update(dict.fromkeys(pending))
    return list(found)


def lock_references(tx: Transaction, project_id: int) -> None:
    """Keep others from changing what references of the project mean, until the transaction ends.

    Call it after the prompt that is written to has been locked, and lock no other prompt afterwards.
    """
    dialect.lock_references(tx.connection, project_id)


def _key_of(reference: Reference) -> str:
    return f"{reference.name}|{reference.version if reference.label is None else reference.label}"


def _reference_of(row: AnyRow) -> Reference:
    return Reference(row.name, row.version or None, row.label or None)


def _part_of(row: AnyRow) -> Part:
    return Part(row.name, row.version, row.id, row.content, row.variables)


def _absence_of(reference: Reference, active: set[str]) -> Absence:
    if reference.name not in active:
        return Absence.PROMPT
    return Absence.VERSION if reference.label is None else Absence.LABEL


def _active_among(tx: Transaction, project_id: int, names: list[str]) -> set[str]:
    rows = _ACTIVE.all(tx.connection, {"project_id": project_id, "names": names}) if names else ()
    return {row.name for row in rows}


def _in_project(column: ColumnElement[int]) -> ColumnElement[bool]:
    return column == bindparam("project_id", type_=column.type)


_ACTIVE_NAMED = (_in_project(prompts.c.project_id), prompts.c.archived_at.is_(None), is_among(prompts.c.name, "names"))


def _select_parts(selector: ColumnElement[str]) -> Select[Any]:
    key = (prompts.c.name + "|" + selector).label("key")
    columns = (key, prompts.c.name, versions.c.version, versions.c.id, versions.c.content, versions.c.variables)
    return select(*columns).select_from(prompts).where(*_ACTIVE_NAMED, is_among(key.element, "keys"))


# Built once: to build a statement takes longer than to run it.
_ACTIVE = Compiled(select(prompts.c.name).where(*_ACTIVE_NAMED))
_LABELLED = Compiled(
    _select_parts(label_rows.c.name)
    .join(label_rows, label_rows.c.prompt_id == prompts.c.id)
    .join(versions, versions.c.id == label_rows.c.version_id)
)
_PINNED = Compiled(_select_parts(cast(versions.c.version, String)).join(versions, versions.c.prompt_id == prompts.c.id))
_OF_VERSIONS = Compiled(select(version_references).where(is_among(version_references.c.version_id, "ids")))
_IS_LABELLED = exists().where(label_rows.c.version_id == versions.c.id)
_IS_SERVED = or_(versions.c.version == prompts.c.latest_version, _IS_LABELLED)
_pinning = version_references.alias("pinning")
_IS_PINNED = exists().where(
    _pinning.c.project_id == version_references.c.project_id,
    _pinning.c.name == prompts.c.name,
    _pinning.c.version == versions.c.version,
)
_DEPENDING = version_references.join(versions, versions.c.id == version_references.c.version_id).join(
    prompts, prompts.c.id == versions.c.prompt_id
)
_SELECT_DEPENDENTS = select(
    *version_references.c,
    prompts.c.id.label("prompt_id"),
    prompts.c.name.label("parent"),
    prompts.c.latest_version,
    versions.c.version.label("parent_version"),
    _IS_LABELLED.label("is_labelled"),
).select_from(_DEPENDING)
_DEPENDENTS = Compiled(
    _SELECT_DEPENDENTS.where(
        _in_project(version_references.c.project_id),
        is_among(version_references.c.name, "names"),
        prompts.c.archived_at.is_(None),
        or_(_IS_SERVED, _IS_PINNED),
    )
)
