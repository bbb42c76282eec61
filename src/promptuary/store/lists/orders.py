"""Orders of lists: by columns of `list_entries`, and by how well names fit a search. `matching` says which rows are ordered."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, case, false, func, or_

from promptuary.model.listing import RELEVANCE, Listing
from promptuary.store.tables import list_entries

# Orders are of columns of `list_entries`, or of a subquery that has the same columns.
_COLUMNS = {
    "name": "name",
    "created_at": "created_at",
    # A version never changes, so it was last updated when it was created.
    "updated_at": "created_at",
    "version": "version",
    "latest_version": "latest_version",
    "version_count": "latest_version",
    "first_version_created_at": "first_version_created_at",
    "prompt_size_bytes": "size_bytes",
}

_PART_OF_NAME = re.compile(r"[a-z0-9_-]{1,255}")


def newest_first(entries: FromClause = list_entries) -> tuple[ColumnElement[Any], ...]:
    """Return the keys that order entries by the time of their versions, the newest first."""
    return entries.c.created_at.desc(), entries.c.version_id.desc()


def columns_of_order(listing: Listing) -> list[ColumnElement[Any]]:
    """Return the columns that a subquery needs for `order_of`, and the ids of the versions."""
    names = {"version_id", "created_at", "name"}
    if listing.order_by != RELEVANCE:
        names.add(_COLUMNS[listing.order_by])
    return [list_entries.c[name] for name in sorted(names)]


def order_of(listing: Listing, entries: FromClause = list_entries) -> tuple[ColumnElement[Any], ...]:
    """Return the keys by which a listing orders its entries."""
    if listing.order_by == RELEVANCE:
        return (_rank(listing.words, entries.c.name), *newest_first(entries)) if listing.search else newest_first(entries)
    column = entries.c[_COLUMNS[listing.order_by]]
    return _without_ties(listing, column.desc() if listing.is_descending else column.asc(), entries.c.version_id.desc())


def order_from_end(listing: Listing) -> tuple[ColumnElement[Any], ...]:
    """Return the keys that order the entries the other way round."""
    if listing.order_by == RELEVANCE:
        return list_entries.c.created_at.asc(), list_entries.c.version_id.asc()
    column = list_entries.c[_COLUMNS[listing.order_by]]
    return _without_ties(listing, column.asc() if listing.is_descending else column.desc(), list_entries.c.version_id.asc())


def _without_ties(listing: Listing, key: ColumnElement[Any], tie: ColumnElement[Any]) -> tuple[ColumnElement[Any], ...]:
    # Active prompts of a project differ in their names. Where nothing is left to be sorted, an offset only walks along the index.
    return (key,) if listing.order_by == "name" else (key, tie)


def is_part_of_name(text: str) -> bool:
    """Return `True` if a folded text may be in a name. Databases limit the length of a pattern, and differ in NUL and in case."""
    return _PART_OF_NAME.fullmatch(text) is not None


def _rank(words: Sequence[str], name: ColumnElement[str]) -> ColumnElement[int]:
    """Order entries: the name itself, names that begin with it, names that have all words, others."""
    lowered = func.lower(name)
    names = sorted({"-".join(words), "_".join(words)})
    has_all_words = (
        and_(*(lowered.contains(word, autoescape=True) for word in words)) if all(map(is_part_of_name, words)) else false()
    )
    begins_with_it = or_(*(lowered.startswith(start, autoescape=True) for start in names))
    return case((~has_all_words, 3), (lowered.in_(names), 0), (begins_with_it, 1), else_=2)
