"""Updates of the tables of lists and search after changes of prompts, versions and labels, in the same transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Select,
    Subquery,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    literal,
    select,
    true,
    union_all,
    update,
)

from promptuary.model.content import search_key
from promptuary.model.prompts import Version
from promptuary.model.text import fold
from promptuary.store.engine import dialect
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.lists import trigrams
from promptuary.store.tables import labels, list_entries, prompts, search_texts, versions

LATEST = ""
"""The label under which a prompt is listed at its latest version; no label has this name."""

_BATCH = 500

_FACTS = (
    prompts.c.id.label("prompt_id"),
    prompts.c.project_id,
    versions.c.id.label("version_id"),
    prompts.c.name,
    versions.c.version,
    prompts.c.latest_version,
    versions.c.size_bytes,
    versions.c.created_by_id,
    versions.c.created_at,
    prompts.c.created_at.label("first_version_created_at"),
)
_MOVING = ("version_id", "search_text_id", "version", "latest_version", "size_bytes", "created_by_id", "created_at")
_AT_LATEST = and_(versions.c.prompt_id == prompts.c.id, versions.c.version == prompts.c.latest_version)


def refresh_entries(tx: Transaction, prompt_id: str) -> None:
    """Update the entries of a changed prompt in lists and search; the caller holds the prompt's lock."""
    of_prompt = {"wanted": prompt_id}
    tx.connection.execute(_DELETE_ENTRIES, of_prompt)
    _insert_texts(tx, tx.connection.execute(_SELECT_MISSING_TEXTS, of_prompt).all())
    tx.connection.execute(_INSERT_ENTRIES, of_prompt)
    _DELETE_UNLISTED_TEXTS.run(tx.connection, of_prompt)


def refresh_entries_of(tx: Transaction, prompt_ids: Sequence[str]) -> None:
    """Do what `refresh_entries` does for many prompts at once; the caller holds the locks of all."""
    is_wanted = prompts.c.id.in_(prompt_ids)
    tx.connection.execute(delete(list_entries).where(list_entries.c.prompt_id.in_(prompt_ids)))
    missing = _select_texts(is_wanted).where(~exists().where(search_texts.c.version_id == versions.c.id))
    with tx.connection.execute(missing) as rows:
        for batch in rows.partitions(_BATCH):
            _insert_texts(tx, batch)
    tx.connection.execute(_insert_entries(is_wanted))
    listed = select(list_entries.c.version_id).where(list_entries.c.prompt_id.in_(prompt_ids))
    tx.connection.execute(
        delete(search_texts).where(search_texts.c.prompt_id.in_(prompt_ids), search_texts.c.version_id.not_in(listed))
    )


def list_published(tx: Transaction, version: Version) -> None:
    """Do what `refresh_entries` does after a version was published and nothing else has changed; it has less to find out."""
    of_prompt = {"wanted": version.prompt_id}
    text = _search_text(version.prompt_id, version.id, name=version.name, content=version.content)
    text_id = _INSERT_TEXT.scalar_one(tx.connection, text)
    moved = of_prompt | {
        "version_id": version.id,
        "search_text_id": text_id,
        "version": version.version,
        "latest_version": version.latest_version,
        "size_bytes": version.size_bytes,
        "created_by_id": None if version.created_by is None else version.created_by.id,
        "created_at": version.created_at,
    }
    if _MOVE_LATEST_ENTRY.run(tx.connection, moved) == 0:
        # It was removed outside of Promptuary, and others may have been, too.
        refresh_entries(tx, version.prompt_id)
        return
    if version.prompt_labels:
        _COUNT_LATEST.run(tx.connection, of_prompt | {"latest_version": version.latest_version})
    _DELETE_UNLISTED_TEXTS.run(tx.connection, of_prompt)


def lock_prompts(tx: Transaction) -> None:
    """Keep all who write to prompts waiting until the transaction ends; call it before anything else is locked.

    Every one of them comes by its prompt's row first.
    """
    dialect.lock_writes(tx.connection, prompts)


def rebuild(tx: Transaction) -> bool:
    """Rebuild everything; return `True` if search has an index, see `search_index.create_index`.

    Writers wait until the transaction ends, on PostgreSQL search does, too.
    """
    lock_prompts(tx)
    trigrams.drop_index(tx.connection)
    tx.connection.execute(delete(list_entries))
    tx.connection.execute(delete(search_texts))
    with tx.connection.execute(_select_texts(true()).execution_options(yield_per=_BATCH)) as rows:
        for batch in rows.partitions():
            _insert_texts(tx, batch)
    tx.connection.execute(_insert_entries(true()))
    return trigrams.create_index(tx.connection)


def list_entry_problems(tx: Transaction) -> list[str]:
    """List what is wrong with what lists and search read: rows that should be there and are not, and the other way round."""
    present = select(*list_entries.c)
    expected = _select_entries(true())
    unlisted = select(search_texts.c.version_id).except_(_select_listed(true()))
    differences = (present.except_(expected), expected.except_(present), unlisted)
    if all(tx.connection.execute(difference.limit(1)).first() is None for difference in differences):
        return []
    return ["lists do not match the prompts; run promptuary admin db reindex"]


def _insert_texts(tx: Transaction, rows: Iterable[AnyRow]) -> None:
    texts = [_search_text(row.prompt_id, row.version_id, name=row.name, content=row.content) for row in rows]
    if texts:
        # An insert that returns something is one statement for many rows. At each statement the trigrams of SQLite write down what
        # they have gathered, so that a statement a row takes more than twice as long.
        tx.connection.execute(_INSERT_TEXTS, texts).all()


def _search_text(prompt_id: str, version_id: str, *, name: str, content: str) -> dict[str, str]:
    return {"prompt_id": prompt_id, "version_id": version_id, "name": fold(name), "text": search_key(content)}


def _select_ways(is_wanted: ColumnElement[bool]) -> Subquery:
    """Select the ways in which active prompts can be listed: each at its latest version, and at the version of each label."""
    latest = select(*_FACTS, literal(LATEST).label("label")).select_from(prompts).join(versions, _AT_LATEST)
    labelled = select(*_FACTS, labels.c.name.label("label")).select_from(prompts)
    labelled = labelled.join(labels, labels.c.prompt_id == prompts.c.id).join(versions, versions.c.id == labels.c.version_id)
    return union_all(*(statement.where(prompts.c.archived_at.is_(None), is_wanted) for statement in (latest, labelled))).subquery()


def _select_entries(is_wanted: ColumnElement[bool]) -> Select[Any]:
    """Select what the entries have to be, column by column."""
    ways = _select_ways(is_wanted)
    known = {**ways.c, "search_text_id": search_texts.c.id}
    statement = select(*(known[column.name] for column in list_entries.c))
    return statement.select_from(ways.outerjoin(search_texts, search_texts.c.version_id == ways.c.version_id))


def _insert_entries(is_wanted: ColumnElement[bool]) -> Insert:
    return insert(list_entries).from_select([column.name for column in list_entries.c], _select_entries(is_wanted))


def _select_listed(is_wanted: ColumnElement[bool]) -> Select[tuple[str]]:
    """Select the ids of the versions that lists can show; each once."""
    return select(_select_ways(is_wanted).c.version_id).distinct()


def _select_texts(is_wanted: ColumnElement[bool]) -> Select[Any]:
    ways = _select_ways(is_wanted)
    # Each version once, before its content is read.
    listed = select(ways.c.prompt_id, ways.c.name, ways.c.version_id).distinct().subquery()
    return select(*listed.c, versions.c.content).join(versions, versions.c.id == listed.c.version_id)


# Built once: to build such statements takes longer than to run them, and every write of a prompt needs them.
_WANTED = bindparam("wanted", type_=prompts.c.id.type)
_DELETE_ENTRIES = delete(list_entries).where(list_entries.c.prompt_id == _WANTED)
_IS_OF_WANTED = prompts.c.id == _WANTED
_DELETE_UNLISTED_TEXTS = Compiled(
    delete(search_texts).where(
        search_texts.c.prompt_id == _WANTED,
        search_texts.c.version_id.not_in(select(list_entries.c.version_id).where(list_entries.c.prompt_id == _WANTED)),
    )
)
_INSERT_TEXTS = insert(search_texts).returning(search_texts.c.id)
_INSERT_TEXT = Compiled(_INSERT_TEXTS)
_MOVE_LATEST_ENTRY = Compiled(
    update(list_entries)
    .where(list_entries.c.prompt_id == _WANTED, list_entries.c.label == LATEST)
    .values({name: bindparam(name, type_=list_entries.c[name].type) for name in _MOVING})
)
_COUNT_LATEST = Compiled(
    update(list_entries)
    .where(list_entries.c.prompt_id == _WANTED, list_entries.c.label != LATEST)
    .values(latest_version=bindparam("latest_version", type_=list_entries.c.latest_version.type))
)
_SELECT_MISSING_TEXTS = _select_texts(_IS_OF_WANTED).where(~exists().where(search_texts.c.version_id == versions.c.id))
_INSERT_ENTRIES = _insert_entries(_IS_OF_WANTED)
