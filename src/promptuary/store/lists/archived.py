"""Pages of a project's archived prompts, found among the prompts themselves: `list_entries` has active ones only."""

from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, Select, and_, false, func, select

from promptuary.model.listing import Listing, Page
from promptuary.model.text import fold
from promptuary.store import versions
from promptuary.store.column_types import MAX_INTEGER
from promptuary.store.engine.database import Transaction
from promptuary.store.lists.orders import is_part_of_name
from promptuary.store.tables import prompts
from promptuary.store.tables import versions as version_rows

_COLUMNS: dict[str, Column[Any]] = {
    "name": prompts.c.name,
    "created_at": version_rows.c.created_at,
    "updated_at": version_rows.c.created_at,
    "version": prompts.c.latest_version,
    "latest_version": prompts.c.latest_version,
    "version_count": prompts.c.latest_version,
    "first_version_created_at": prompts.c.created_at,
    "prompt_size_bytes": version_rows.c.size_bytes,
    "archived_at": prompts.c.archived_at,
}


def list_archived_page(tx: Transaction, project_id: int, listing: Listing) -> Page:
    """List the archived prompts of a project, each at its latest version; a search looks in their names only."""
    column = _COLUMNS[listing.order_by]
    page = _archived(select(*prompts.c, column.label("key")), project_id, listing)
    page = page.order_by(*_directed(listing, column, prompts.c.id)).limit(listing.limit).offset(min(listing.offset, MAX_INTEGER))
    # Versions are many and big, so those of other pages are left alone where the order allows it.
    found = page.subquery()
    latest = select(version_rows.c.id).join(found, _is_latest(found)).order_by(*_directed(listing, found.c.key, found.c.id))
    ids = tx.connection.execute(latest).scalars().all()
    count: int = tx.connection.execute(_archived(select(func.count()), project_id, listing)).scalar_one()
    return Page(versions.list_versions(tx, ids, with_content=listing.with_content), count)


def _archived(statement: Select[Any], project_id: int, listing: Listing) -> Select[Any]:
    statement = statement.select_from(prompts).where(prompts.c.project_id == project_id, prompts.c.archived_at.is_not(None))
    if listing.created_by_id is not None or _COLUMNS[listing.order_by].table is version_rows:
        statement = statement.join(version_rows, _is_latest(prompts))
    if listing.created_by_id is not None:
        statement = statement.where(version_rows.c.created_by_id == listing.created_by_id)
    if not listing.search:
        return statement
    needle = fold(listing.search)
    return statement.where(func.lower(prompts.c.name).contains(needle, autoescape=True) if is_part_of_name(needle) else false())


def _is_latest(prompt_rows: FromClause) -> ColumnElement[bool]:
    return and_(version_rows.c.prompt_id == prompt_rows.c.id, version_rows.c.version == prompt_rows.c.latest_version)


def _directed(listing: Listing, key: ColumnElement[Any], tie: ColumnElement[Any]) -> tuple[ColumnElement[Any], ...]:
    return key.desc() if listing.is_descending else key.asc(), tie.desc()
