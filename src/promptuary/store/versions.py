"""Rows of versions, always read together with what is known of their prompt. Versions are never updated."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, insert, literal, select, type_coerce

from promptuary.model.errors import Damaged
from promptuary.model.outline import StoredOutline
from promptuary.model.prompts import Draft, Prompt, Version
from promptuary.store import labels
from promptuary.store.column_types import MAX_INTEGER
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.engine.id_lists import is_among
from promptuary.store.tables import labels as label_rows
from promptuary.store.tables import prompts, users, versions
from promptuary.store.users import AUTHOR_COLUMNS, author_of, recorded_author_of

_COLUMNS = (
    versions.c.id,
    versions.c.prompt_id,
    prompts.c.name,
    versions.c.version,
    versions.c.config.label("config_json"),
    versions.c.description,
    versions.c.size_bytes,
    # Read when it is asked for: a large one takes longer to read than all else of a version.
    type_coerce(versions.c.outline, Text).label("outline"),
    versions.c.created_at,
    prompts.c.latest_version,
    prompts.c.created_at.label("first_version_created_at"),
    prompts.c.archived_at,
    versions.c.recorded_author,
    versions.c.variables.label("variables_json"),
    *AUTHOR_COLUMNS,
)


def insert_version(tx: Transaction, version: Version) -> None:
    """Insert a version."""
    row = {
        "id": version.id,
        "prompt_id": version.prompt_id,
        "version": version.version,
        "content": version.content,
        "config": version.config_json,
        "description": version.description,
        "size_bytes": version.size_bytes,
        "outline": [[heading.level, heading.text] for heading in version.outline],
        "created_by_id": None if version.created_by is None else version.created_by.id,
        "created_at": version.created_at,
        "recorded_author": None,
        "variables": version.variables_json,
    }
    _INSERT.run(tx.connection, row)


def find_draft(tx: Transaction, prompt: Prompt) -> Draft | None:
    """Find what the author of a prompt's latest version decided, and nothing else."""
    row = _DRAFT.one_or_none(tx.connection, {"prompt_id": prompt.id, "wanted": prompt.latest_version})
    return None if row is None else Draft(row.content, row.config, row.description, row.variables)


def find_version(tx: Transaction, prompt: Prompt, *, version: int) -> Version | None:
    """Find a version of a prompt by its number."""
    return _found(tx, _BY_NUMBER, prompt_id=prompt.id, wanted=version)


def find_version_by_id(tx: Transaction, prompt: Prompt, *, version_id: str) -> Version | None:
    """Find a version of a prompt by its id."""
    return _found(tx, _BY_ID, prompt_id=prompt.id, wanted=version_id)


def find_named_version(
    tx: Transaction, project_id: int, name: str, *, version: int | None, label: str | None, with_labels: bool
) -> Version | None:
    """Find a version of an active prompt by label, by number, or the latest; its prompt's labels are empty unless wanted."""
    of_prompt = {"project_id": project_id, "name": name}
    if label is not None:
        rows = _LABELLED.all(tx.connection, of_prompt | {"wanted": label})
    elif version:
        rows = _NUMBERED.all(tx.connection, of_prompt | {"wanted": version})
    else:
        rows = _LATEST.all(tx.connection, of_prompt)
    return next(iter(_versions(tx, rows, with_labels=with_labels)), None)


def list_history(tx: Transaction, prompt: Prompt, *, limit: int, offset: int, before: int | None) -> list[Version]:
    """List versions of a prompt without their content, newest first, those below ``before`` if it is given."""
    statement = _BARE.where(versions.c.prompt_id == prompt.id)
    if before is not None:
        statement = statement.where(versions.c.version < before)
    statement = statement.order_by(versions.c.version.desc()).limit(limit).offset(min(offset, MAX_INTEGER))
    return _versions(tx, tx.connection.execute(statement).all())


def list_versions(tx: Transaction, ids: Sequence[str], *, with_content: bool) -> list[Version]:
    """Read versions by their ids, in the order of the ids; their content is empty unless it is wanted."""
    if not ids:
        return []
    rows = (_FULL_AMONG if with_content else _BARE_AMONG).all(tx.connection, {"ids": ids})
    found = {version.id: version for version in _versions(tx, rows)}
    if len(found) < len(set(ids)):
        reason = "a list refers to a missing version; promptuary admin db check has details"
        raise Damaged(reason)
    return [found[version_id] for version_id in ids]


def list_contents(tx: Transaction, ids: Sequence[str]) -> dict[str, str]:
    """Return the stored contents of versions by their ids."""
    return {row.id: row.content for row in _CONTENTS_AMONG.all(tx.connection, {"ids": ids})} if ids else {}


def _select(content_column: ColumnElement[str]) -> Select[Any]:
    joined = select(*_COLUMNS, content_column.label("content")).join(prompts, prompts.c.id == versions.c.prompt_id)
    return joined.outerjoin(users, users.c.id == versions.c.created_by_id)


def _select_full() -> Select[Any]:
    return _select(versions.c.content)


def _select_bare() -> Select[Any]:
    return _select(literal(""))


def _wanted(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return column == bindparam("wanted", type_=column.type)


# Built once: to build a statement takes longer than to run it.
_INSERT = Compiled(insert(versions))
_FULL_AMONG = Compiled(_select_full().where(is_among(versions.c.id, "ids")))
_BARE = _select_bare()
_BARE_AMONG = Compiled(_BARE.where(is_among(versions.c.id, "ids")))
_CONTENTS_AMONG = Compiled(select(versions.c.id, versions.c.content).where(is_among(versions.c.id, "ids")))
_OF_PROMPT = bindparam("prompt_id", type_=versions.c.prompt_id.type)
_BY_NUMBER = Compiled(_select_full().where(versions.c.prompt_id == _OF_PROMPT, _wanted(versions.c.version)))
_DRAFT = Compiled(
    select(versions.c.content, versions.c.config, versions.c.description, versions.c.variables).where(
        versions.c.prompt_id == _OF_PROMPT, _wanted(versions.c.version)
    )
)
_BY_ID = Compiled(_select_full().where(versions.c.prompt_id == _OF_PROMPT, _wanted(versions.c.id)))
_SELECT_NAMED = _select_full().where(
    prompts.c.project_id == bindparam("project_id", type_=prompts.c.project_id.type),
    prompts.c.name == bindparam("name", type_=prompts.c.name.type),
    prompts.c.archived_at.is_(None),
)
_LATEST = Compiled(_SELECT_NAMED.where(versions.c.version == prompts.c.latest_version))
_NUMBERED = Compiled(_SELECT_NAMED.where(_wanted(versions.c.version)))
_LABELLED = Compiled(
    _SELECT_NAMED.join(label_rows, label_rows.c.version_id == versions.c.id).where(
        label_rows.c.prompt_id == prompts.c.id, _wanted(label_rows.c.name)
    )
)


def _found(tx: Transaction, statement: Compiled, **values: object) -> Version | None:
    return next(iter(_versions(tx, statement.all(tx.connection, values))), None)


def _versions(tx: Transaction, rows: Sequence[AnyRow], *, with_labels: bool = True) -> list[Version]:
    pointers = labels.list_pointers_of(tx, sorted({row.prompt_id for row in rows})) if with_labels else {}
    # A page has many rows and few authors.
    authors = {author_id: author_of(row) for author_id, row in {row.author_id: row for row in rows}.items()}
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
            outline=StoredOutline(row.outline),
            created_by=authors[row.author_id] or recorded_author_of(row.recorded_author),
            created_at=row.created_at,
            latest_version=row.latest_version,
            first_version_created_at=row.first_version_created_at,
            archived_at=row.archived_at,
            prompt_labels=pointers.get(row.prompt_id, ()),
            variables_json=row.variables_json,
        )
        for row in rows
    ]
