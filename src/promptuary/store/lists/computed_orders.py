"""Orders of lists that no index of `list_entries` has: by author, and by recent fetches.

Such a list is made of parts, one behind the other, each of which is found by an index in its own order, newest first: what each
author wrote; and what was fetched, which is little beside all, and what was not.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select

from promptuary.model.accounts import shown_name
from promptuary.model.listing import Listing
from promptuary.store.column_types import MAX_INTEGER
from promptuary.store.engine.database import Transaction
from promptuary.store.lists.matching import matching
from promptuary.store.lists.orders import newest_first
from promptuary.store.recent_fetches import recent_totals
from promptuary.store.tables import list_entries, users
from promptuary.store.users import AUTHOR_COLUMNS, author_of


def find_page(tx: Transaction, project_id: int, listing: Listing) -> list[str]:
    """Return the ids of the versions of a page."""
    parts = (_by_author if listing.order_by == "created_by" else _by_fetches)(tx, project_id, listing)
    return _page_of(tx, parts, limit=listing.limit, offset=min(listing.offset, MAX_INTEGER))


Part = tuple[Select[Any], int | None]
"""A statement of the ids of a part in their order, and how many they are where that is known."""


def _page_of(tx: Transaction, parts: Sequence[Part], *, limit: int, offset: int) -> list[str]:
    found: list[str] = []
    for statement, known in parts:
        if known is not None and offset >= known:
            offset -= known
            continue
        ids = list(tx.connection.execute(statement.limit(limit - len(found)).offset(offset)).scalars())
        found += ids
        if len(found) == limit:
            break
        # An offset beyond the part continues in the next one.
        offset = 0 if ids else offset - _count(tx, statement)
    return found


def _count(tx: Transaction, statement: Select[Any]) -> int:
    count: int = tx.connection.execute(select(func.count()).select_from(statement.order_by(None).subquery())).scalar_one()
    return count


def _by_author(tx: Transaction, project_id: int, listing: Listing) -> list[Part]:
    column = list_entries.c.created_by_id
    counted = tx.connection.execute(
        matching(tx, select(column, func.count().label("number")), project_id, listing).group_by(column)
    )
    counts: dict[int | None, int] = {row.created_by_id: row.number for row in counted}
    known = tx.connection.execute(select(*AUTHOR_COLUMNS).where(users.c.id.in_([number for number in counts if number]))).all()
    names = {author.id: (shown_name(author).casefold(), author.email) for author in map(author_of, known) if author is not None}
    # Authors without an account have no name and come last.
    ordered = sorted(
        counts, key=lambda number: (number not in names, names.get(number or 0, ("", ""))), reverse=listing.is_descending
    )
    listed = matching(tx, select(list_entries.c.version_id), project_id, listing).order_by(*newest_first())
    return [(listed.where(column == number if number else column.is_(None)), counts[number]) for number in ordered]


def _by_fetches(tx: Transaction, project_id: int, listing: Listing) -> list[Part]:
    sums = recent_totals(tx, project_id)
    listed = matching(tx, select(list_entries.c.version_id), project_id, listing)
    total = sums.c.total.desc() if listing.is_descending else sums.c.total.asc()
    fetched = listed.join(sums, sums.c.prompt_id == list_entries.c.prompt_id).order_by(total, *newest_first())
    others = listed.where(list_entries.c.prompt_id.not_in(select(sums.c.prompt_id))).order_by(*newest_first())
    parts: list[Part] = [(fetched, None), (others, None)]
    return parts if listing.is_descending else parts[::-1]
