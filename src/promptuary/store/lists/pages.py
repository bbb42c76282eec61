"""Pages of a project's active prompts: rows that match, in their order, then read as versions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, func, select

from promptuary.model.listing import COMPUTED_ORDERS, Listing, Page
from promptuary.store import changes, versions
from promptuary.store.column_types import MAX_INTEGER
from promptuary.store.engine import dialect
from promptuary.store.engine.database import Transaction
from promptuary.store.lists import computed_orders
from promptuary.store.lists.matching import matching
from promptuary.store.lists.orders import columns_of_order, order_from_end, order_of
from promptuary.store.tables import list_entries


def list_page(tx: Transaction, project_id: int, listing: Listing) -> Page:
    """List the active prompts of a project, each at its latest or labelled version."""
    if listing.order_by in COMPUTED_ORDERS:
        ids: Sequence[str] = computed_orders.find_page(tx, project_id, listing)
        count = _count(tx, project_id, listing)
    elif listing.search:
        ids, count = _find_hits(tx, project_id, listing)
    else:
        count = _count(tx, project_id, listing)
        ids = _find_all(tx, project_id, listing, count=count)
    return Page(versions.list_versions(tx, ids, with_content=listing.with_content), count)


def _find_hits(tx: Transaction, project_id: int, listing: Listing) -> tuple[Sequence[str], int]:
    """Find a page of a search; to count while searching spares a second search."""
    found = matching(tx, select(*columns_of_order(listing)), project_id, listing)
    hits = dialect.planned_for_all_rows(tx.connection, found).subquery()
    statement = select(hits.c.version_id, func.count().over().label("total")).order_by(*order_of(listing, hits))
    rows = tx.connection.execute(_bounded(statement, listing)).all()
    if rows:
        return [row.version_id for row in rows], rows[0].total
    return [], _count(tx, project_id, listing)


def _find_all(tx: Transaction, project_id: int, listing: Listing, *, count: int) -> Sequence[str]:
    """Find a page without a search, from the nearer end of the list."""
    size = min(listing.limit, count - listing.offset)
    if size <= 0:
        return []
    statement = matching(tx, select(list_entries.c.version_id), project_id, listing)
    behind = count - listing.offset - size
    if behind >= listing.offset:
        return tx.connection.execute(_bounded(statement.order_by(*order_of(listing)), listing)).scalars().all()
    from_end = _bounded(statement.order_by(*order_from_end(listing)), replace(listing, offset=behind, limit=size))
    return tx.connection.execute(from_end).scalars().all()[::-1]


def _count(tx: Transaction, project_id: int, listing: Listing) -> int:
    """Count all items. Entries change with the change log only, so the count of a list without a search is cached."""
    counted = matching(tx, select(func.count()), project_id, listing)

    def count() -> int:
        found: int = tx.connection.execute(counted).scalar_one()
        return found

    if listing.search or listing.after_name is not None or tx.counts is None:
        return count()
    what = (project_id, listing.label, listing.created_by_id)
    return tx.counts.of(what, log_end=changes.last_mark(tx), count=count)


def _bounded(statement: Select[Any], listing: Listing) -> Select[Any]:
    return statement.limit(listing.limit).offset(min(listing.offset, MAX_INTEGER))
